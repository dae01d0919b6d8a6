//! What licences allow and demand, in short, for the report that a student hands in. It is no legal advice; the licence's own
//! text is what holds.

/// A licence in short.
#[derive(Debug, PartialEq, Eq)]
pub struct Licence {
    /// Its identifier in the SPDX list, such as `MIT`.
    pub spdx: &'static str,
    /// Its full name.
    pub name: &'static str,
    /// What sets it apart: what is allowed, and whether credit is required.
    pub description: &'static [&'static str],
    /// What one can not do, or can not expect.
    pub restrictions: &'static [&'static str],
    /// Other ways in which packages write it, in lower case.
    aliases: &'static [&'static str],
}

impl Licence {
    /// Where its text is.
    pub fn link(&self) -> String {
        format!("https://spdx.org/licenses/{}.html", self.spdx)
    }

    /// The licence that a package's metadata means, where it means one alone.
    pub fn of(metadata: &str) -> Option<&'static Licence> {
        let text = metadata.trim().to_lowercase();
        let text = text.trim_start_matches("license :: osi approved :: ").trim_start_matches("the ");
        LICENCES.iter().find(|licence| licence.spdx.to_lowercase() == text || licence.aliases.contains(&text))
    }
}

const ALLOWED: &str = "Commercial and private use, modification and distribution are allowed.";
const NO_LIABILITY: &str = "The authors are not liable for any damage.";
const NO_WARRANTY: &str = "There is no warranty: it comes as it is.";
const KEEP_NOTICE: &str = "Copies must keep the copyright notice and the licence's text.";
const SAME_LICENCE: &str = "What is made of it and distributed must be under the same licence.";
const SOURCE: &str = "Whoever distributes it must offer its source code, changes included.";

static LICENCES: &[Licence] = &[
    Licence {
        spdx: "MIT",
        name: "MIT License",
        description: &[
            "Short and permissive: nearly everything is allowed.",
            ALLOWED,
            "Credit is required: the copyright notice goes along with copies.",
        ],
        restrictions: &[KEEP_NOTICE, NO_LIABILITY, NO_WARRANTY],
        aliases: &["mit license", "mit licence", "expat", "mit license (mit)"],
    },
    Licence {
        spdx: "BSD-3-Clause",
        name: "BSD 3-Clause License",
        description: &[
            "Short and permissive, and guards the authors' names.",
            ALLOWED,
            "Credit is required, in source and in binary form.",
        ],
        restrictions: &[
            KEEP_NOTICE,
            "The names of the authors must not be used to promote what is made of it.",
            NO_LIABILITY,
            NO_WARRANTY,
        ],
        aliases: &[
            "bsd 3-clause",
            "bsd-3",
            "new bsd license",
            "modified bsd license",
            "3-clause bsd license",
        ],
    },
    Licence {
        spdx: "BSD-2-Clause",
        name: "BSD 2-Clause License",
        description: &["Short and permissive.", ALLOWED, "Credit is required, in source and in binary form."],
        restrictions: &[KEEP_NOTICE, NO_LIABILITY, NO_WARRANTY],
        aliases: &["bsd 2-clause", "simplified bsd license"],
    },
    Licence {
        spdx: "ISC",
        name: "ISC License",
        description: &["Permissive, and shorter than MIT.", ALLOWED, "Credit is required."],
        restrictions: &[KEEP_NOTICE, NO_LIABILITY, NO_WARRANTY],
        aliases: &["isc license", "isc license (iscl)"],
    },
    Licence {
        spdx: "Apache-2.0",
        name: "Apache License 2.0",
        description: &[
            "Permissive, and grants the use of the contributors' patents.",
            ALLOWED,
            "Credit is required, with the NOTICE file where there is one.",
        ],
        restrictions: &[
            KEEP_NOTICE,
            "Changed files must say that they were changed.",
            "Trademarks may not be used.",
            "Whoever sues over patents in it loses those that it grants.",
            NO_LIABILITY,
            NO_WARRANTY,
        ],
        aliases: &[
            "apache 2.0",
            "apache license 2.0",
            "apache software license",
            "apache license, version 2.0",
            "apache 2",
        ],
    },
    Licence {
        spdx: "MPL-2.0",
        name: "Mozilla Public License 2.0",
        description: &[
            "Weak copyleft, file by file: it may be combined with code under any licence.",
            ALLOWED,
            "It grants the use of the contributors' patents.",
        ],
        restrictions: &[
            "Changed files stay under this licence, and their source must be offered to whoever gets them.",
            KEEP_NOTICE,
            "Trademarks may not be used.",
            NO_LIABILITY,
            NO_WARRANTY,
        ],
        aliases: &["mozilla public license 2.0 (mpl 2.0)", "mpl 2.0"],
    },
    Licence {
        spdx: "LGPL-3.0-only",
        name: "GNU Lesser General Public License v3.0",
        description: &[
            "Weak copyleft, made for libraries: other programs may use it under any licence.",
            ALLOWED,
        ],
        restrictions: &[
            SOURCE,
            "Changes of the library itself must be under the same licence.",
            "Users must be able to replace the library by a changed one.",
            NO_LIABILITY,
            NO_WARRANTY,
        ],
        aliases: &[
            "lgpl-3.0",
            "lgplv3",
            "lgpl-3.0-or-later",
            "gnu lesser general public license v3 (lgplv3)",
        ],
    },
    Licence {
        spdx: "GPL-3.0-only",
        name: "GNU General Public License v3.0",
        description: &["Strong copyleft: what is made of it stays free software.", ALLOWED],
        restrictions: &[SOURCE, SAME_LICENCE, KEEP_NOTICE, NO_LIABILITY, NO_WARRANTY],
        aliases: &["gpl-3.0", "gplv3", "gpl-3.0-or-later", "gnu general public license v3 (gplv3)"],
    },
    Licence {
        spdx: "GPL-2.0-only",
        name: "GNU General Public License v2.0",
        description: &["Strong copyleft: what is made of it stays free software.", ALLOWED],
        restrictions: &[SOURCE, SAME_LICENCE, KEEP_NOTICE, NO_LIABILITY, NO_WARRANTY],
        aliases: &["gpl-2.0", "gplv2", "gpl-2.0-or-later", "gnu general public license v2 (gplv2)"],
    },
    Licence {
        spdx: "AGPL-3.0-only",
        name: "GNU Affero General Public License v3.0",
        description: &[
            "The strongest copyleft: offering it over a network counts as distributing it.",
            ALLOWED,
        ],
        restrictions: &[
            SOURCE,
            "Who uses it over a network must be offered the source code too.",
            SAME_LICENCE,
            NO_LIABILITY,
            NO_WARRANTY,
        ],
        aliases: &["agpl-3.0", "agplv3", "agpl-3.0-or-later", "gnu affero general public license v3"],
    },
    Licence {
        spdx: "PSF-2.0",
        name: "Python Software Foundation License 2.0",
        description: &["Permissive, as Python itself.", ALLOWED, "Credit is required."],
        restrictions: &[KEEP_NOTICE, "Changes must be summarised.", NO_LIABILITY, NO_WARRANTY],
        aliases: &["python software foundation license", "psf", "psf license"],
    },
    Licence {
        spdx: "0BSD",
        name: "BSD Zero Clause License",
        description: &["Everything is allowed.", ALLOWED, "No credit is required."],
        restrictions: &[NO_LIABILITY, NO_WARRANTY],
        aliases: &["bsd zero clause license"],
    },
    Licence {
        spdx: "Unlicense",
        name: "The Unlicense",
        description: &["Given to the public domain.", ALLOWED, "No credit is required."],
        restrictions: &[NO_LIABILITY, NO_WARRANTY],
        aliases: &["unlicense (unlicense)", "public domain"],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_known_by_what_metadata_says() {
        for (metadata, spdx) in [
            ("MIT", "MIT"),
            ("The MIT License", "MIT"),
            ("License :: OSI Approved :: MIT License", "MIT"),
            ("BSD-3-Clause", "BSD-3-Clause"),
            ("Apache-2.0", "Apache-2.0"),
            (" isc ", "ISC"),
        ] {
            assert_eq!(Licence::of(metadata).map(|licence| licence.spdx), Some(spdx), "{metadata}");
        }
        // Which of the BSD licences it is cannot be known, and of two neither is meant alone.
        for metadata in ["BSD", "BSD License", "MIT OR Apache-2.0", "", "Proprietary"] {
            assert_eq!(Licence::of(metadata), None, "{metadata}");
        }
    }

    #[test]
    fn each_licence_is_written_once_and_says_what_it_is() {
        let mut names = std::collections::HashSet::new();
        for licence in LICENCES {
            assert!(names.insert(licence.spdx.to_lowercase()));
            for alias in licence.aliases {
                assert!(names.insert((*alias).to_owned()), "{alias}");
                assert_eq!(alias.to_lowercase(), *alias);
            }
            assert!(!licence.description.is_empty() && !licence.restrictions.is_empty());
        }
    }
}
