//! How texts are written.
//!
//! `{sender}` and `{websocket.opcode}` stand for values of the unit ([`super::context`]). A part in brackets is left out where
//! one of its values is missing: `Packets travel in frames.[ It took {after}.]`

/// What is said of a kind of unit or packet.
pub(super) struct Text {
    /// A name for tests.
    #[cfg(test)]
    pub key: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Why it is there.
    pub why: &'static str,
    /// What to expect next.
    pub next: &'static str,
    /// The section to read.
    pub spec: &'static str,
}

/// Declares texts as statics, and `UNITS`, the list of them all. Each is a key, a title, and then: what, why, next, section.
macro_rules! texts {
    ($($name:ident = $key:literal, $title:literal, $what:literal, $why:literal, $next:literal, $spec:literal;)+) => {
        $(static $name: $crate::explain::template::Text = $crate::explain::template::Text {
            #[cfg(test)]
            key: $key,
            title: $title,
            what: $what,
            why: $why,
            next: $next,
            spec: $spec,
        };)+
        #[cfg(test)]
        static UNITS: &[&$crate::explain::template::Text] = &[$(&$name),+];
    };
}

/// Declares a list of texts, each behind the key that it belongs to.
macro_rules! by_key {
    ($name:ident $($key:literal $text:literal)*) => {
        pub(super) static $name: &[(&str, &str)] = &[$(($key, $text)),*];
    };
}

pub(super) use {by_key, texts};

/// The text with its values in their places.
pub(super) fn fill(text: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    for (number, part) in text.split(['[', ']']).enumerate() {
        let is_optional = number % 2 == 1;
        let mut is_whole = true;
        let mut filled = String::new();
        for (number, piece) in part.split(['{', '}']).enumerate() {
            match number % 2 {
                0 => filled.push_str(piece),
                _ => match value(piece).filter(|value| !value.is_empty()) {
                    Some(value) => filled.push_str(&value),
                    None => {
                        is_whole = false;
                        filled.push('…');
                    }
                },
            }
        }
        if is_whole || !is_optional {
            out.push_str(&filled);
        }
    }
    out
}

/// The names of the values that a text uses.
#[cfg(test)]
pub(super) fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(['{', '}']).skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_without_its_value_is_left_out() {
        let value = |name: &str| match name {
            "a" => Some("[{x}]".to_owned()),
            "b" => Some("2".to_owned()),
            "empty" => Some(String::new()),
            _ => None,
        };
        for (text, expected) in [
            ("plain", "plain"),
            ("{a}, {b}.", "[{x}], 2."),
            ("One.[ Two: {b}.] Three.", "One. Two: 2. Three."),
            ("One.[ Two: {b} and {none}.] Three.", "One. Three."),
            ("One.[ {empty}]", "One."),
            ("{none}.", "…."),
        ] {
            assert_eq!(fill(text, &value), expected);
        }
        assert_eq!(names("{a} b [{c.d}]").collect::<Vec<_>>(), ["a", "c.d"]);
    }
}
