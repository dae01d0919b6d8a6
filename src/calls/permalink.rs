//! The link to a line of a package's source, at the tag of the version that is installed.
//!
//! How a project names its tags and where it keeps its files cannot be known from its metadata, so there is a table of
//! those that wirewalk knows. For others there is no link: one that leads nowhere, or to another line, is worse.

use crate::wire::trace::Package;

/// Where a package is kept.
struct Home {
    /// The package, in lower case.
    package: &'static str,
    /// Its repository on GitHub.
    repository: &'static str,
    /// What stands before the version in its tags.
    tag: &'static str,
    /// The folder of the repository that the installed files are from.
    folder: &'static str,
    /// Whether the installed files are built from others, so that their lines are other ones.
    is_built: bool,
}

const fn home(
    package: &'static str,
    repository: &'static str,
    tag: &'static str,
    folder: &'static str,
) -> Home {
    Home { package, repository, tag, folder, is_built: false }
}

const fn built(package: &'static str, tag: &'static str, folder: &'static str) -> Home {
    Home { package, repository: "socketio/socket.io", tag, folder, is_built: true }
}

static HOMES: &[Home] = &[
    home("flask-socketio", "miguelgrinberg/Flask-SocketIO", "v", "src/"),
    home("python-socketio", "miguelgrinberg/python-socketio", "v", "src/"),
    home("python-engineio", "miguelgrinberg/python-engineio", "v", "src/"),
    home("simple-websocket", "miguelgrinberg/simple-websocket", "v", "src/"),
    home("wsproto", "python-hyper/wsproto", "", "src/"),
    home("h11", "python-hyper/h11", "v", ""),
    home("werkzeug", "pallets/werkzeug", "", "src/"),
    home("flask", "pallets/flask", "", "src/"),
    home("websockets", "python-websockets/websockets", "", "src/"),
    home("uvicorn", "Kludex/uvicorn", "", ""),
    home("gevent", "gevent/gevent", "", "src/"),
    home("gunicorn", "benoitc/gunicorn", "", ""),
    home("ws", "websockets/ws", "", ""),
    built("socket.io", "socket.io@", "packages/socket.io/"),
    built("socket.io-client", "socket.io-client@", "packages/socket.io-client/"),
    built("socket.io-parser", "socket.io-parser@", "packages/socket.io-parser/"),
    built("socket.io-adapter", "socket.io-adapter@", "packages/socket.io-adapter/"),
    built("engine.io", "engine.io@", "packages/engine.io/"),
    built("engine.io-client", "engine.io-client@", "packages/engine.io-client/"),
    built("engine.io-parser", "engine.io-parser@", "packages/engine.io-parser/"),
];

/// The link to a line of an installed file of a package. Of files that were built it is the link to the file that they were
/// built from, which has other lines. `None` where it is not known.
pub fn of(package: &Package, file: &str, line: u32) -> Option<String> {
    let name = package.name.to_lowercase();
    let home = HOMES.iter().find(|home| home.package == name)?;
    let version = package.version.as_deref().filter(|version| is_version(version))?;
    let path = file.strip_prefix(package.root.as_deref()?)?.replace('\\', "/");
    let path = path.trim_start_matches('/');
    let (repository, tag, folder) = (home.repository, home.tag, home.folder);
    let at = format!("https://github.com/{repository}/blob/{tag}{version}/{folder}");
    match home.is_built {
        false => Some(format!("{at}{path}#L{line}")),
        true => Some(format!("{at}{}", source_of(path)?)),
    }
}

/// The TypeScript that a file of the Socket.IO project was built from.
fn source_of(path: &str) -> Option<String> {
    let folders = ["build/esm-debug/", "build/esm/", "build/cjs/", "build/", "dist/"];
    let rest = folders.iter().find_map(|folder| path.strip_prefix(folder))?;
    Some(format!("lib/{}.ts", rest.strip_suffix(".js")?))
}

/// Whether a text is a released version, and nothing that would lead a link elsewhere.
fn is_version(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, root: &str) -> Package {
        let (version, root) = (Some(version.to_owned()), Some(root.to_owned()));
        Package { name: name.to_owned(), version, root, ..Package::default() }
    }

    #[test]
    fn a_line_is_linked_at_the_installed_versions_tag() {
        let site = "/venv/lib/python3.11/site-packages";
        for (name, version, path, expected) in [
            (
                "python-engineio",
                "4.15.1",
                "engineio/socket.py",
                "https://github.com/miguelgrinberg/python-engineio/blob/v4.15.1/src/engineio/socket.py#L144",
            ),
            (
                "wsproto",
                "1.3.2",
                "wsproto/handshake.py",
                "https://github.com/python-hyper/wsproto/blob/1.3.2/src/wsproto/handshake.py#L144",
            ),
            (
                "Werkzeug",
                "3.1.9",
                "werkzeug/serving.py",
                "https://github.com/pallets/werkzeug/blob/3.1.9/src/werkzeug/serving.py#L144",
            ),
        ] {
            let link = of(&package(name, version, site), &format!("{site}/{path}"), 144);
            assert_eq!(link.as_deref(), Some(expected));
        }
        let ws = of(&package("ws", "8.21.3", "/x/node_modules/ws"), "/x/node_modules/ws/lib/receiver.js", 7);
        assert_eq!(ws.as_deref(), Some("https://github.com/websockets/ws/blob/8.21.3/lib/receiver.js#L7"));
    }

    #[test]
    fn what_was_built_is_linked_to_what_it_was_built_from_without_a_line() {
        let root = "/x/node_modules/engine.io";
        let link = of(&package("engine.io", "6.6.12", root), "/x/node_modules/engine.io/build/server.js", 7);
        let expected =
            "https://github.com/socketio/socket.io/blob/engine.io@6.6.12/packages/engine.io/lib/server.ts";
        assert_eq!(link.as_deref(), Some(expected));
    }

    #[test]
    fn where_nothing_is_known_there_is_no_link() {
        assert_eq!(of(&package("other", "1.0", "/a"), "/a/b.py", 1), None);
        assert_eq!(of(&package("wsproto", "1.0", "/a"), "/b/c.py", 1), None, "not of this package");
        assert_eq!(of(&package("wsproto", "../..", "/a"), "/a/c.py", 1), None);
        assert_eq!(of(&Package { name: "wsproto".to_owned(), ..Package::default() }, "/a/c.py", 1), None);
    }
}
