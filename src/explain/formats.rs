//! What is said of data: JSON, text, and bytes. All units stand with JSON.

use super::Table;
use super::template::{by_key, texts};

pub(super) static JSON: Table = Table {
    protocol: "json",
    #[cfg(test)]
    units: UNITS,
    pick: |_| &WRITTEN,
    fields: JSON_FIELDS,
    values: &[],
    rules: &[],
};

pub(super) static TEXT: Table = Table {
    protocol: "text",
    #[cfg(test)]
    units: &[],
    pick: |_| &PLAIN,
    fields: TEXT_FIELDS,
    values: &[],
    rules: &[],
};

pub(super) static DATA: Table = Table {
    protocol: "data",
    #[cfg(test)]
    units: &[],
    pick: |_| &BYTES,
    fields: DATA_FIELDS,
    values: &[],
    rules: &[],
};

texts! {
    WRITTEN = "json.text", "Data as JSON",
        "The content is a text in JSON, in a form of the application's own: `{summary}`.",
        "JSON writes numbers, texts, lists and named values as readable text, and nearly every language can read it. What the values mean is agreed between the two programs, not laid down in a protocol.",
        "The receiver parses it and works with the values. A text that is not valid JSON makes its parser fail.",
        "RFC 8259 §2";
    PLAIN = "text.text", "Plain text",
        "The content is UTF-8 text of no format that wirewalk knows: {summary}.",
        "Applications may send any text. UTF-8 writes each character in one to four bytes, and plain ASCII letters in one.",
        "What the receiver does with it is the application's business.",
        "RFC 3629 §3";
    BYTES = "data.bytes", "Bytes",
        "The content is {summary} that belong to no format which wirewalk knows.",
        "Pictures, archives and sound are sent in this way, and formats such as MessagePack or Protocol Buffers, whose structure cannot be told from the bytes alone.",
        "The receiver must know the format: from a Content-Type, from the message before, or from its own program.",
        "RFC 9110 §8.3";
}

by_key! { JSON_FIELDS
    "json.object" "Most languages read it as a dictionary or map. Programs should not rely on the order of its members, though most writers keep it."
    "json.array" "Its elements may be of different types. An empty one is valid, and so is one inside another."
    "json.member" "The name is always a string in double quotes, unlike in JavaScript's own notation. A colon stands before the value."
    "json.key" "Receivers find a value by it, letter for letter: `Text` and `text` are two names."
    "json.value.string" "On the wire it stands in double quotes, with a backslash before quotes and control characters. Characters outside ASCII may be written as they are or as \\u and four digits."
    "json.value.number" "There is no limit to its digits in JSON, but JavaScript reads whole numbers exactly only up to 9,007,199,254,740,991. Larger ids should be sent as strings."
    "json.value.true" "It is written in lower case and without quotes. In quotes it would be a string, which many languages also take for true."
    "json.value.false" "It is one of the three words that JSON knows. Python writes it False, and its json module translates."
    "json.value.null" "It differs from a member that is missing: a receiver may treat \"known to be empty\" and \"not said\" in different ways."
    "json.raw" "Parsers limit how deep values may be nested, as each level costs memory on the stack. Honest programs seldom nest more than ten."
}

by_key! { TEXT_FIELDS
    "text.content" "Control characters are shown escaped here, since a terminal could act on them. On the wire they are as they were sent."
}

by_key! { DATA_FIELDS
    "data.data" "The first bytes often give the format away: 89 50 4e 47 begins a PNG picture, 1f 8b a gzip file, 50 4b 03 04 a ZIP archive."
    "data.len" "It counts the content alone, with all masks and codings removed, so it can differ from what was on the wire."
}
