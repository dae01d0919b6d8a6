//! Where each value of a JSON text stands, found in one pass over a text that is known to be valid.
//!
//! serde_json says whether a text is valid but not where its values stand, and asking it level by level reads
//! the innermost value once for each level. This pass reads every byte once, whatever the nesting.

use std::ops::Range;

/// What kind of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Members in braces.
    Object,
    /// Elements in brackets.
    Array,
    /// Text in quotation marks.
    String,
    /// A number.
    Number,
    /// `true`.
    True,
    /// `false`.
    False,
    /// `null`.
    Null,
}

/// A value, and where it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// What kind.
    pub(crate) kind: Kind,
    /// In how many objects and arrays it stands.
    pub(crate) depth: usize,
    /// For a member of an object: its name, quotation marks included.
    pub(crate) key: Option<Range<usize>>,
    /// The value itself, in bytes.
    pub(crate) range: Range<usize>,
}

/// At most so many values of a text are told apart.
pub(crate) const MAX_ITEMS: usize = 10_000;

/// The values of `text`, each before those inside it, down to `max_depth` and at most [`MAX_ITEMS`] of them.
/// `text` is valid JSON; of any other text the outline is only known to lie inside it.
pub(crate) fn outline(text: &str, max_depth: usize) -> Vec<Item> {
    let bytes = text.as_bytes();
    let mut outline = Outline { max_depth, items: Vec::new(), open: Vec::new(), depth: 0, key: None };
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at = match byte {
            b'{' => outline.begin(Kind::Object, at),
            b'[' => outline.begin(Kind::Array, at),
            b'}' | b']' => outline.end(at),
            b'"' => outline.string(bytes, at),
            b't' => outline.literal(Kind::True, bytes, at),
            b'f' => outline.literal(Kind::False, bytes, at),
            b'n' => outline.literal(Kind::Null, bytes, at),
            b'-' | b'0'..=b'9' => outline.literal(Kind::Number, bytes, at),
            _ => at + 1,
        };
    }
    outline.items
}

struct Outline {
    max_depth: usize,
    items: Vec<Item>,
    /// The open objects and arrays down to `max_depth`, each with its place in `items` if it has one.
    open: Vec<Option<usize>>,
    /// How many objects and arrays are open, those below `max_depth` included.
    depth: usize,
    key: Option<Range<usize>>,
}

impl Outline {
    fn add(&mut self, kind: Kind, range: Range<usize>) -> Option<usize> {
        let key = self.key.take();
        if self.depth > self.max_depth || self.items.len() >= MAX_ITEMS {
            return None;
        }
        self.items.push(Item { kind, depth: self.depth, key, range });
        Some(self.items.len() - 1)
    }

    /// Each of these takes the token at `at` and returns where the next begins.
    fn begin(&mut self, kind: Kind, at: usize) -> usize {
        let item = self.add(kind, at..at + 1);
        if self.depth <= self.max_depth {
            self.open.push(item);
        }
        self.depth += 1;
        at + 1
    }

    fn end(&mut self, at: usize) -> usize {
        self.depth = self.depth.saturating_sub(1);
        if self.depth <= self.max_depth
            && let Some(Some(item)) = self.open.pop()
            && let Some(item) = self.items.get_mut(item)
        {
            item.range.end = at + 1;
        }
        at + 1
    }

    fn string(&mut self, bytes: &[u8], at: usize) -> usize {
        let mut end = at + 1;
        loop {
            let rest = bytes.get(end..).unwrap_or_default();
            match memchr::memchr2(b'"', b'\\', rest) {
                Some(n) if rest.get(n) == Some(&b'"') => break end += n + 1,
                Some(n) => end = bytes.len().min(end + n + 2),
                None => break end = bytes.len(),
            }
        }
        let next = bytes.iter().skip(end).find(|b| !b.is_ascii_whitespace());
        if next == Some(&b':') {
            self.key = Some(at..end);
        } else {
            self.add(Kind::String, at..end);
        }
        end
    }

    fn literal(&mut self, kind: Kind, bytes: &[u8], at: usize) -> usize {
        let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b',' | b']' | b'}');
        let len = bytes.iter().skip(at).position(ends).unwrap_or(bytes.len() - at);
        self.add(kind, at..at + len);
        at + len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The outline as `depth key=value`, a value a line.
    fn listed(text: &str, max_depth: usize) -> Vec<String> {
        let part = |range: &Range<usize>| text.get(range.clone()).unwrap();
        outline(text, max_depth)
            .iter()
            .map(|item| {
                let key = item.key.as_ref().map(|k| format!("{}=", part(k))).unwrap_or_default();
                format!("{} {key}{}", item.depth, part(&item.range))
            })
            .collect()
    }

    #[test]
    fn every_value_stands_where_it_was_written() {
        let cases: &[(&str, &[&str])] = &[
            ("1", &["0 1"]),
            (" \"a\\\"b\" ", &["0 \"a\\\"b\""]),
            ("[true, false,null ]", &["0 [true, false,null ]", "1 true", "1 false", "1 null"]),
            (
                "{\"a\" : -1.5e3, \"b\":[{}]}",
                &["0 {\"a\" : -1.5e3, \"b\":[{}]}", "1 \"a\"=-1.5e3", "1 \"b\"=[{}]", "2 {}"],
            ),
            ("{\"a\":1,\"a\":\"x:y\"}", &["0 {\"a\":1,\"a\":\"x:y\"}", "1 \"a\"=1", "1 \"a\"=\"x:y\""]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(listed(text, 64), *expected, "{text}");
        }
    }

    #[test]
    fn values_below_the_depth_are_not_told_apart() {
        assert_eq!(listed("[[1,[2]],3]", 1), ["0 [[1,[2]],3]", "1 [1,[2]]", "1 3"]);
    }

    #[test]
    fn nesting_and_number_are_bounded() {
        let deep = "[".repeat(1 << 20) + &"]".repeat(1 << 20);
        let items = outline(&deep, 64);
        assert_eq!(items.len(), 65);
        assert_eq!(items.last().unwrap().range, 64..deep.len() - 64);

        let wide = format!("[{}[]]", "[],".repeat(100_000));
        let items = outline(&wide, 64);
        assert_eq!(items.len(), MAX_ITEMS);
        assert_eq!(items.first().unwrap().range, 0..wide.len());
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_an_outline_inside_it(text in r#"[\[\]{}",:\\ truefalsn0-9é]{0,64}"#, depth in 0usize..4) {
            for item in outline(&text, depth) {
                assert!(item.range.start <= item.range.end && item.range.end <= text.len());
                assert!(item.key.is_none_or(|key| key.start < key.end && key.end <= text.len()));
            }
        }
    }
}
