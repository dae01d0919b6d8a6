//! permessage-deflate (RFC 7692): what its two sides agree on.

use super::extensions::Extension;
use crate::wire::Direction;

/// The extension's name in `Sec-WebSocket-Extensions` (RFC 7692 §7).
pub const NAME: &str = "permessage-deflate";

/// What the server's answer agreed to (RFC 7692 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Each message of the server is compressed on its own.
    pub server_no_context_takeover: bool,
    /// Each message of the client is compressed on its own.
    pub client_no_context_takeover: bool,
    /// Base-2 logarithm of the server's LZ77 window: 8 to 15.
    pub server_max_window_bits: u8,
    /// Base-2 logarithm of the client's LZ77 window: 8 to 15.
    pub client_max_window_bits: u8,
}

/// What holds where no parameter says otherwise.
const DEFAULTS: Parameters = Parameters {
    server_no_context_takeover: false,
    client_no_context_takeover: false,
    server_max_window_bits: 15,
    client_max_window_bits: 15,
};

impl Parameters {
    /// The parameters in the server's answer, if it chose permessage-deflate. A parameter that is not allowed
    /// there is passed over: [`check`] names it.
    pub fn agreed(extensions: &[Extension]) -> Option<Parameters> {
        extensions.iter().find(|e| e.name == NAME).map(|extension| read(extension, true).0)
    }

    /// Whether the window of one message is still used for the next one in this direction.
    pub fn takes_context_over(&self, dir: Direction) -> bool {
        match dir {
            Direction::ToServer => !self.client_no_context_takeover,
            Direction::ToClient => !self.server_no_context_takeover,
        }
    }
}

/// Checks the parameters of one permessage-deflate extension, in an offer or in the server's answer (RFC 7692
/// §7.1). The error says which parameter is wrong and why: unknown, given twice, or with a value that is
/// missing or not allowed. A peer must decline such an offer, and fail the connection over such an answer.
///
/// In an offer, `client_max_window_bits` without a value counts as 15. Whether an answer fits the offer, it
/// cannot tell.
pub fn check(extension: &Extension, answer: bool) -> Result<Parameters, String> {
    if extension.name != NAME {
        return Err(format!("{} is not {NAME}", extension.name));
    }
    match read(extension, answer) {
        (_, Some(error)) => Err(error),
        (parameters, None) => Ok(parameters),
    }
}

/// The parameters as far as they are valid, and the first that is not.
fn read(extension: &Extension, answer: bool) -> (Parameters, Option<String>) {
    let mut parameters = DEFAULTS;
    let mut wrong = None;
    let mut seen: [bool; 4] = [false; 4];
    for (name, value) in &extension.parameters {
        let value = value.as_deref();
        let (index, result) = match name.as_str() {
            "server_no_context_takeover" => (0, flag(&mut parameters.server_no_context_takeover, value)),
            "client_no_context_takeover" => (1, flag(&mut parameters.client_no_context_takeover, value)),
            "server_max_window_bits" => (2, bits(&mut parameters.server_max_window_bits, value)),
            "client_max_window_bits" if value.is_none() && !answer => (3, Ok(())),
            "client_max_window_bits" => (3, bits(&mut parameters.client_max_window_bits, value)),
            _ => {
                wrong.get_or_insert_with(|| format!("{name} is no parameter of {NAME}"));
                continue;
            }
        };
        if let Err(why) = result {
            wrong.get_or_insert_with(|| format!("{name} {why}"));
        }
        if seen.get_mut(index).is_some_and(|seen| std::mem::replace(seen, true)) {
            wrong.get_or_insert_with(|| format!("{name} is given twice"));
        }
    }
    (parameters, wrong)
}

fn flag(flag: &mut bool, value: Option<&str>) -> Result<(), String> {
    match value {
        None => {
            *flag = true;
            Ok(())
        }
        Some(value) => Err(format!("takes no value, but has {value}")),
    }
}

fn bits(bits: &mut u8, value: Option<&str>) -> Result<(), String> {
    let value = value.ok_or("needs a value from 8 to 15")?;
    // RFC 7692 §7.1.2 allows neither a sign nor leading zeros, which parsing alone would.
    match value.parse() {
        Ok(number @ 8..=15) if !value.starts_with(['+', '0']) => {
            *bits = number;
            Ok(())
        }
        _ => Err(format!("needs a value from 8 to 15, but has {value}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::extensions::parse;
    use super::*;

    fn checked(value: &str, answer: bool) -> Result<Parameters, String> {
        check(&parse(value).unwrap()[0], answer)
    }

    #[test]
    fn reads_all_four_parameters() {
        let value = "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
                     server_max_window_bits=8; client_max_window_bits=\"10\"";
        let expected = Parameters {
            server_no_context_takeover: true,
            client_no_context_takeover: true,
            server_max_window_bits: 8,
            client_max_window_bits: 10,
        };
        assert_eq!(checked(value, true), Ok(expected));
        assert_eq!(Parameters::agreed(&parse(&format!("x, {value}")).unwrap()), Some(expected));
        assert!(!expected.takes_context_over(Direction::ToServer));
    }

    #[test]
    fn each_parameter_belongs_to_its_own_direction() {
        let client = checked("permessage-deflate; client_no_context_takeover", true).unwrap();
        assert!(!client.takes_context_over(Direction::ToServer));
        assert!(client.takes_context_over(Direction::ToClient));
        let server = checked("permessage-deflate; server_no_context_takeover", true).unwrap();
        assert!(server.takes_context_over(Direction::ToServer));
        assert!(!server.takes_context_over(Direction::ToClient));
    }

    #[test]
    fn without_parameters_the_defaults_hold() {
        assert_eq!(checked("permessage-deflate", true), Ok(DEFAULTS));
        assert_eq!(Parameters::agreed(&parse("x-webkit-deflate-frame").unwrap()), None);
    }

    #[test]
    fn only_an_offer_may_leave_out_the_value_of_client_max_window_bits() {
        assert_eq!(checked("permessage-deflate; client_max_window_bits", false), Ok(DEFAULTS));
        let expected = Err("client_max_window_bits needs a value from 8 to 15".to_string());
        assert_eq!(checked("permessage-deflate; client_max_window_bits", true), expected);
    }

    #[test]
    fn names_the_parameter_that_is_wrong() {
        let cases = [
            ("server_max_window_bits", "server_max_window_bits needs a value from 8 to 15"),
            ("server_max_window_bits=7", "server_max_window_bits needs a value from 8 to 15, but has 7"),
            ("server_max_window_bits=16", "server_max_window_bits needs a value from 8 to 15, but has 16"),
            ("server_max_window_bits=08", "server_max_window_bits needs a value from 8 to 15, but has 08"),
            ("client_max_window_bits=+9", "client_max_window_bits needs a value from 8 to 15, but has +9"),
            ("client_max_window_bits=x", "client_max_window_bits needs a value from 8 to 15, but has x"),
            ("server_no_context_takeover=1", "server_no_context_takeover takes no value, but has 1"),
            (
                "client_no_context_takeover; client_no_context_takeover",
                "client_no_context_takeover is given twice",
            ),
            ("level=9", "level is no parameter of permessage-deflate"),
        ];
        for (parameter, expected) in cases {
            let value = format!("permessage-deflate; {parameter}");
            for answer in [false, true] {
                assert_eq!(checked(&value, answer), Err(expected.to_string()), "{value}");
            }
        }
        assert_eq!(checked("foo", true), Err("foo is not permessage-deflate".to_string()));
    }

    #[test]
    fn an_answer_with_a_wrong_parameter_still_agrees_on_the_others() {
        let answer = "permessage-deflate; level=9; client_no_context_takeover; server_max_window_bits=99";
        let expected = Parameters { client_no_context_takeover: true, ..DEFAULTS };
        assert_eq!(Parameters::agreed(&parse(answer).unwrap()), Some(expected));
    }
}
