//! The lines of a function, found by how they are indented.

/// So many lines of a function are read at most.
const MAX_LINES: usize = 200;

/// The lines of the function that is defined on `line` (from 1) of a file, with its decorators, without the indentation that all
/// share. Empty where the file has no such line.
pub fn function_body(file: &str, line: u32) -> Vec<String> {
    let lines: Vec<&str> = file.lines().collect();
    let Some(at) = (line as usize).checked_sub(1).filter(|at| *at < lines.len()) else { return Vec::new() };
    let indent = |line: &str| line.len() - line.trim_start().len();
    let line_at = |at: usize| lines.get(at).copied().unwrap_or_default();
    let depth = indent(line_at(at));
    let is_decorator =
        |at: &usize| line_at(*at).trim_start().starts_with('@') && indent(line_at(*at)) == depth;
    let begin = (0..at).rev().take_while(is_decorator).last().unwrap_or(at);
    let mut end = at + 1;
    for next in at + 1..lines.len().min(begin + MAX_LINES) {
        let text = line_at(next);
        if text.trim().is_empty() {
            continue;
        }
        // What closes the function or its arguments stands where the definition does.
        let closes = indent(text) == depth && text.trim_start().starts_with(['}', ')', ']']);
        if indent(text) <= depth && !closes {
            break;
        }
        end = next + 1;
        if closes && text.trim_start().starts_with('}') {
            break;
        }
    }
    let own = lines.get(begin..end).unwrap_or_default();
    own.iter().map(|line| line.get(depth..).unwrap_or(line.trim_start()).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_ends_where_the_indentation_does() {
        let python = "import a\n\n@on('x')\n@b\ndef f(\n    c,\n):\n    if c:\n\n        return 1\n    return 2\n\n\ndef g():\n    pass\n";
        assert_eq!(
            function_body(python, 5).join("\n"),
            "@on('x')\n@b\ndef f(\n    c,\n):\n    if c:\n\n        return 1\n    return 2"
        );
        assert_eq!(function_body(python, 14), ["def g():", "    pass"]);
        let script = "io.on('x', (s) => {\n  s.on('y', (d) => {\n    s.emit(d);\n  });\n  z();\n});\nq();\n";
        assert_eq!(function_body(script, 2), ["s.on('y', (d) => {", "  s.emit(d);", "});"]);
        assert_eq!(function_body(script, 1).len(), 6);
        assert_eq!(function_body(script, 99), Vec::<String>::new());
        assert_eq!(function_body("", 1), Vec::<String>::new());
    }
}
