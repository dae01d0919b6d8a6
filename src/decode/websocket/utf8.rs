//! Whether text that comes in pieces is UTF-8 (RFC 3629), and if not, at which byte it ceased to be.

/// A validator of UTF-8. A character may be cut anywhere between two pieces.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Utf8 {
    /// So many bytes of the last character are still to come: 0 to 3.
    missing: u8,
    /// The lowest and the highest value that the next of them may have.
    next: (u8, u8),
}

/// Any byte behind the first two of a character.
const CONTINUATION: (u8, u8) = (0x80, 0xBF);

impl Utf8 {
    /// Reads on. The error is the index of the first byte behind which no bytes could make the text valid;
    /// then the validator is of no further use.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), usize> {
        let mut rest = piece;
        while self.missing > 0 {
            let Some((byte, behind)) = rest.split_first() else { return Ok(()) };
            if !(self.next.0..=self.next.1).contains(byte) {
                return Err(piece.len() - rest.len());
            }
            *self = Utf8 { missing: self.missing - 1, next: CONTINUATION };
            rest = behind;
        }
        let Err(error) = std::str::from_utf8(rest) else { return Ok(()) };
        // The beginning of a character, and behind it, where there is more, the byte that breaks it.
        let begun = piece.len() - rest.len() + error.valid_up_to();
        for (index, byte) in piece.iter().enumerate().skip(begun) {
            match self.missing {
                0 => *self = Utf8::behind(*byte).ok_or(index)?,
                _ if !(self.next.0..=self.next.1).contains(byte) => return Err(index),
                _ => *self = Utf8 { missing: self.missing - 1, next: CONTINUATION },
            }
        }
        Ok(())
    }

    /// Whether the text may end here: no character is cut.
    pub(super) fn may_end(&self) -> bool {
        self.missing == 0
    }

    /// What may follow the first byte of a character of several bytes (RFC 3629 §4); `None` where `first` is none.
    fn behind(first: u8) -> Option<Utf8> {
        let (missing, next) = match first {
            0xC2..=0xDF => (1, CONTINUATION),
            0xE0 => (2, (0xA0, 0xBF)),
            0xE1..=0xEC | 0xEE..=0xEF => (2, CONTINUATION),
            0xED => (2, (0x80, 0x9F)),
            0xF0 => (3, (0x90, 0xBF)),
            0xF1..=0xF3 => (3, CONTINUATION),
            0xF4 => (3, (0x80, 0x8F)),
            _ => return None,
        };
        Some(Utf8 { missing, next })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The first byte behind which nothing could make it valid, by the standard library's word.
    fn expected(text: &[u8]) -> Option<usize> {
        (0..text.len()).find(|&i| std::str::from_utf8(&text[..=i]).is_err_and(|e| e.error_len().is_some()))
    }

    fn found(text: &[u8], mut cuts: Vec<usize>) -> (Option<usize>, Utf8) {
        cuts.iter_mut().for_each(|c| *c = (*c).min(text.len()));
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let mut utf8 = Utf8::default();
        for pair in cuts.windows(2) {
            if let Err(at) = utf8.push(&text[pair[0]..pair[1]]) {
                return (Some(pair[0] + at), utf8);
            }
        }
        (None, utf8)
    }

    #[test]
    fn finds_the_byte_that_breaks_it_wherever_it_is_cut() {
        let cases: [&[u8]; 12] = [
            b"plain",
            "caf\u{e9} \u{20ac} \u{1f600}".as_bytes(),
            b"\xff",
            b"a\x80",
            b"\xc0\xaf",
            b"\xe0\x80\x80",
            b"\xed\xa0\x80",
            b"\xf4\x90\x80\x80",
            b"\xf0\x9f\x98(",
            b"\xe2\x82",
            b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80edited",
            b"",
        ];
        for text in cases {
            for cut in 0..=text.len() {
                assert_eq!(found(text, vec![cut]).0, expected(text), "{text:02x?} cut at {cut}");
            }
        }
    }

    #[test]
    fn a_cut_character_may_not_end_the_text() {
        assert!(!found(b"\xe2\x82", vec![]).1.may_end());
        assert!(found("\u{20ac}".as_bytes(), vec![1, 2]).1.may_end());
    }

    /// Bytes that UTF-8 treats differently, so that random text comes close to being valid.
    fn byte() -> impl Strategy<Value = u8> {
        prop::sample::select(vec![
            0x41, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xE0, 0xE2, 0xED, 0xF0, 0xF3, 0xF4, 0xF5,
        ])
    }

    proptest! {
        #[test]
        fn agrees_with_the_standard_library(
            text in prop::collection::vec(byte(), 0..12),
            cuts in prop::collection::vec(0usize..12, 0..4),
        ) {
            let (at, utf8) = found(&text, cuts);
            prop_assert_eq!(at, expected(&text));
            if at.is_none() {
                prop_assert_eq!(utf8.may_end(), std::str::from_utf8(&text).is_ok());
            }
        }
    }
}
