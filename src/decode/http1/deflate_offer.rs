//! What the parameters of permessage-deflate must be, in an offer and in the answer to it (RFC 7692 §7.1).

use crate::decode::websocket::extensions::Extension;

/// The name of the extension.
pub(super) const NAME: &str = "permessage-deflate";

const SERVER_NO_CONTEXT: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT: &str = "client_no_context_takeover";
const SERVER_BITS: &str = "server_max_window_bits";
const CLIENT_BITS: &str = "client_max_window_bits";

/// What is wrong with an offer taken by itself, for which the server must decline it.
pub(super) fn offer_problem(offer: &Extension) -> Option<String> {
    parameters_problem(offer, true)
}

/// What is wrong with the server's answer, for which the client must fail the connection. `offers` are all offers of
/// permessage-deflate; the answer must fit one of them.
pub(super) fn answer_problem(offers: &[&Extension], answer: &Extension) -> Option<String> {
    parameters_problem(answer, false).or_else(|| {
        let problems = offers.iter().map(|offer| mismatch(offer, answer)).collect::<Option<Vec<_>>>()?;
        problems.into_iter().next()
    })
}

/// Parameters that are unknown, repeated or without the value that they need.
fn parameters_problem(extension: &Extension, is_offer: bool) -> Option<String> {
    extension.parameters.iter().enumerate().find_map(|(at, (name, value))| {
        if extension.parameters.iter().take(at).any(|(earlier, _)| earlier == name) {
            return Some(format!("{name} is given twice"));
        }
        let valid = match (name.as_str(), value.as_deref()) {
            (SERVER_NO_CONTEXT | CLIENT_NO_CONTEXT, value) => value.is_none(),
            (CLIENT_BITS, None) => is_offer,
            (SERVER_BITS | CLIENT_BITS, value) => value.and_then(bits).is_some(),
            _ => return Some(format!("{name} is no parameter of {NAME}")),
        };
        let written = value.as_deref().map_or_else(|| "without a value".to_owned(), |v| format!("= {v}"));
        (!valid).then(|| format!("{name} {written}"))
    })
}

/// Why `answer` is none to `offer`.
fn mismatch(offer: &Extension, answer: &Extension) -> Option<String> {
    if has(offer, SERVER_NO_CONTEXT) && !has(answer, SERVER_NO_CONTEXT) {
        return Some(format!("{SERVER_NO_CONTEXT} was asked for and is missing"));
    }
    if has(answer, CLIENT_BITS) && !has(offer, CLIENT_BITS) {
        return Some(format!("{CLIENT_BITS} was not offered"));
    }
    let asked = value(offer, SERVER_BITS).and_then(bits)?;
    match value(answer, SERVER_BITS).and_then(bits) {
        Some(given) if given <= asked => None,
        Some(given) => Some(format!("{SERVER_BITS} is {given}, at most {asked} was asked for")),
        None => Some(format!("{SERVER_BITS} of at most {asked} was asked for and is missing")),
    }
}

fn has(extension: &Extension, name: &str) -> bool {
    extension.parameters.iter().any(|(given, _)| given == name)
}

fn value<'a>(extension: &'a Extension, name: &str) -> Option<&'a str> {
    extension.parameters.iter().find(|(given, _)| given == name)?.1.as_deref()
}

/// A window size: 8 to 15, without leading zeros.
fn bits(value: &str) -> Option<u8> {
    value.parse().ok().filter(|n| (8..=15).contains(n) && !value.starts_with(['0', '+']))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a; b=1` as an extension called permessage-deflate.
    fn deflate(parameters: &str) -> Extension {
        let pair = |p: &str| match p.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (p.to_owned(), None),
        };
        let parameters = parameters.split("; ").filter(|p| !p.is_empty()).map(pair).collect();
        Extension { name: NAME.to_owned(), parameters }
    }

    #[test]
    fn offers() {
        let all = "server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits";
        for good in ["", all, "client_max_window_bits=8", "server_max_window_bits=15"] {
            assert_eq!(offer_problem(&deflate(good)), None, "{good}");
        }
        for bad in [
            "server_max_window_bits",
            "server_max_window_bits=7",
            "server_max_window_bits=16",
            "client_max_window_bits=08",
            "client_no_context_takeover=1",
            "client_max_window_bits; client_max_window_bits",
            "window=9",
        ] {
            assert!(offer_problem(&deflate(bad)).is_some(), "{bad}");
        }
    }

    /// RFC 7692 §7.1.3 offers both forms, so that the server may take either.
    #[test]
    fn an_answer_fits_one_of_several_offers() {
        let narrow = deflate("client_max_window_bits; server_max_window_bits=10");
        let wide = deflate("client_max_window_bits");
        let offers = [&narrow, &wide];
        for good in
            ["server_max_window_bits=10", "", "client_max_window_bits=12", "server_max_window_bits=12"]
        {
            assert_eq!(answer_problem(&offers, &deflate(good)), None, "{good}");
        }
        assert!(answer_problem(&offers, &deflate("client_max_window_bits")).is_some());
    }

    #[test]
    fn answers_that_fit_no_offer() {
        for (offer, answer) in [
            ("server_no_context_takeover", ""),
            ("", "client_max_window_bits=12"),
            ("server_max_window_bits=10", "server_max_window_bits=11"),
            ("server_max_window_bits=10", ""),
        ] {
            assert!(answer_problem(&[&deflate(offer)], &deflate(answer)).is_some(), "{offer} | {answer}");
        }
        let unasked = answer_problem(
            &[&deflate("")],
            &deflate("server_no_context_takeover; client_no_context_takeover"),
        );
        assert_eq!(unasked, None);
    }
}
