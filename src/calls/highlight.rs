//! What the parts of a line of source are, so that it can be shown in colours.

use std::sync::LazyLock;

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxSet};

/// Longer lines are shown plain: they were written by a machine.
const MAX_LINE: usize = 2_000;

/// So many lines are read; what is behind them is plain.
const MAX_LINES: usize = 20_000;

/// What a piece of source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Names, operators and white space.
    Plain,
    /// A word of the language.
    Keyword,
    /// Text.
    String,
    /// A number or another constant.
    Constant,
    /// A remark.
    Comment,
    /// The name of a function or a type where it is defined.
    Definition,
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub kind: Kind,
    /// Its text.
    pub text: String,
}

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(SyntaxSet::load_defaults_newlines);

/// The lines of a file in pieces; `ending` is how its name ends.
pub fn lines(text: &str, ending: &str) -> Vec<Vec<Piece>> {
    // TypeScript is not among the syntaxes, and near enough.
    let ending = match ending {
        "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" => "js",
        "pyw" => "py",
        other => other,
    };
    let syntax =
        SYNTAXES.find_syntax_by_extension(ending).unwrap_or_else(|| SYNTAXES.find_syntax_plain_text());
    let mut state = ParseState::new(syntax);
    let mut stack = ScopeStack::new();
    let pieces = |(number, line): (usize, &str)| {
        let plain =
            || vec![Piece { kind: Kind::Plain, text: line.trim_end_matches(['\n', '\r']).to_owned() }];
        if number >= MAX_LINES || line.len() > MAX_LINE {
            return plain();
        }
        // A syntax that cannot go on here is no reason to show nothing.
        state
            .parse_line(line, &SYNTAXES)
            .map_or_else(|_| plain(), |changes| split(line, &changes, &mut stack))
    };
    text.split_inclusive('\n').enumerate().map(pieces).collect()
}

/// Cuts a line where its scopes change.
fn split(
    line: &str,
    changes: &[(usize, syntect::parsing::ScopeStackOp)],
    stack: &mut ScopeStack,
) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut begin = 0;
    let mut put = |text: &str, kind: Kind| {
        let text = text.trim_end_matches(['\n', '\r']);
        match pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(last) if last.kind == kind => last.text.push_str(text),
            _ => pieces.push(Piece { kind, text: text.to_owned() }),
        }
    };
    for (at, change) in changes {
        put(line.get(begin..*at).unwrap_or_default(), kind(stack));
        begin = *at;
        // A stack that does not fit is left as it is: the colours are wrong then, and nothing else.
        let _ = stack.apply(change);
    }
    put(line.get(begin..).unwrap_or_default(), kind(stack));
    pieces
}

/// What the innermost scope that says something says.
fn kind(stack: &ScopeStack) -> Kind {
    static SCOPES: LazyLock<Vec<(Scope, Kind)>> = LazyLock::new(|| {
        let known = [
            ("comment", Kind::Comment),
            ("string", Kind::String),
            ("constant", Kind::Constant),
            ("entity.name", Kind::Definition),
            ("keyword.operator", Kind::Plain),
            ("keyword", Kind::Keyword),
            ("storage", Kind::Keyword),
            ("variable.language", Kind::Keyword),
        ];
        known.into_iter().filter_map(|(scope, kind)| Some((Scope::new(scope).ok()?, kind))).collect()
    });
    let of =
        |scope: &Scope| SCOPES.iter().find(|(known, _)| known.is_prefix_of(*scope)).map(|(_, kind)| *kind);
    let all: Vec<Kind> = stack.as_slice().iter().filter_map(of).collect();
    // Whatever stands in a remark is one.
    match all.contains(&Kind::Comment) {
        true => Kind::Comment,
        false => all.last().copied().unwrap_or(Kind::Plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, ending: &str) -> Vec<String> {
        let piece = |piece: &Piece| format!("{:?} {}", piece.kind, piece.text.trim());
        lines(text, ending).iter().flatten().filter(|piece| piece.kind != Kind::Plain).map(piece).collect()
    }

    #[test]
    fn python_and_javascript_have_their_colours() {
        let python = said("def f(a):\n    return 'x' + 1  # why\n", "py");
        for expected in ["Keyword def", "Definition f", "Keyword return", "Constant 1", "Comment # why"] {
            assert!(python.iter().any(|said| said == expected), "{expected}: {python:?}");
        }
        assert!(python.iter().any(|said| said.starts_with("String ") && said.contains('x')), "{python:?}");
        let script = said("function f() { return \"x\"; } // why\n", "cjs");
        for expected in ["Keyword function", "Definition f", "Keyword return", "Comment // why"] {
            assert!(script.iter().any(|said| said == expected), "{expected}: {script:?}");
        }
    }

    #[test]
    fn nothing_of_a_line_is_lost() {
        for text in ["a = '''\n  b\n''' # ü\n\n\tc\r\n", "", "x", "\"never ends\nstill"] {
            let shown: Vec<String> = lines(text, "py")
                .iter()
                .map(|line| line.iter().map(|piece| piece.text.as_str()).collect())
                .collect();
            let expected: Vec<&str> = text.lines().collect();
            assert_eq!(shown, expected);
        }
    }
}
