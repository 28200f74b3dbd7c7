//! Mistakes in bodies that can be seen without an interpreter.
//!
//! Pure. Invariant: what MicroPython accepts is no mistake.

use super::syntax::Body;
use crate::python::body::Body as Parsed;
use crate::python::lines::Code;
use std::ops::Range;

/// A mistake in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where it is in the script.
    pub at: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// Statements that a block follows.
const OPENING: &[&str] = &["if", "elif", "else", "for", "while", "def", "class", "with", "try", "except", "finally"];

/// The first mistake of a body.
pub fn mistake(text: &str, body: &Body) -> Option<Mistake> {
    let source = text.get(body.range.clone())?;
    let quote = text[..body.range.start].chars().next_back();
    // In quotes, Rhai reads escapes; in back-ticks, two are one.
    if quote == Some('"') && source.contains('\\') || source.contains("${") {
        return None;
    }
    let plain = source.replace("``", "  ");
    if let Err(error) = Parsed::parse(&plain) {
        return Some(Mistake { at: line(body, source, error.line), message: error.message, help: error.help });
    }
    let code = Code::new(&plain);
    let place = |start: usize, end: usize| body.range.start + start..body.range.start + end;
    let mut open: Vec<(&str, Range<usize>)> = Vec::new();
    for token in code.tokens.iter().filter(|token| token.is_significant() && !token.is_string()) {
        match token.text(&plain) {
            text @ ("(" | "[" | "{") => open.push((text, token.start..token.end)),
            text @ (")" | "]" | "}") => match (open.pop(), text) {
                (Some(("(", _)), ")") | (Some(("[", _)), "]") | (Some(("{", _)), "}") => {}
                (Some((other, at)), _) => {
                    let message = format!("`{other}` is not closed before `{text}`");
                    return Some(Mistake { at: place(at.start, at.end), message, help: String::new() });
                }
                (None, _) => {
                    let message = format!("`{text}` closes nothing");
                    return Some(Mistake { at: place(token.start, token.end), message, help: String::new() });
                }
            },
            _ => {}
        }
    }
    if let Some((text, at)) = open.pop() {
        let message = format!("`{text}` is never closed");
        return Some(Mistake { at: place(at.start, at.end), message, help: String::new() });
    }
    for statement in &code.lines {
        let tokens: Vec<_> = code.significant(statement).collect();
        let Some((first, last)) = tokens.first().zip(tokens.last()) else { continue };
        let word = first.text(&plain);
        if OPENING.contains(&word) && !tokens.iter().any(|token| token.text(&plain) == ":") {
            let message = format!("expected `:` at the end of `{word}`");
            return Some(Mistake { at: place(first.start, last.end), message, help: "add `:`".to_owned() });
        }
    }
    None
}

/// The text of a line of a body, from 0.
fn line(body: &Body, source: &str, number: u32) -> Range<usize> {
    let mut start = 0;
    for _ in 0..number {
        match source[start..].find('\n') {
            Some(end) => start += end + 1,
            None => break,
        }
    }
    let content = source[start..].split(['\n', '\r']).next().unwrap_or_default();
    let indented = start + content.len() - content.trim_start().len();
    body.range.start + indented..body.range.start + (start + content.trim_end().len()).max(indented)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lsp::syntax::Syntax;

    fn case(body: &str) -> Option<(String, String)> {
        let text = format!("device A {{ task t() {body} }}");
        let syntax = Syntax::new(&text);
        let found = mistake(&text, &syntax.bodies[0])?;
        Some((text[found.at].to_owned(), found.message))
    }

    #[test]
    fn mistakes_have_their_place() {
        assert_eq!(case("`\n  a = (1,\n  2\n`"), Some(("(".into(), "`(` is never closed".into())));
        assert_eq!(case("`a = [1)`"), Some(("[".into(), "`[` is not closed before `)`".into())));
        assert_eq!(case("`a)`"), Some((")".into(), "`)` closes nothing".into())));
        assert_eq!(case("`\n  if x\n    y\n`").map(|(at, _)| at), Some("if x".into()));
        assert_eq!(case("`\n    a\n  b\n`").map(|(at, _)| at), Some("b".into()));
        assert_eq!(case("`a = 'x`").map(|(at, _)| at), Some("a = 'x".into()));
    }

    #[test]
    fn correct_bodies_have_none() {
        for body in [
            "``",
            "`return {'a': [1, (2)]}`",
            "`x = '(' # )`",
            "\"a\\nif\"",
            "`if x: y`",
            "`a = \"``\"`",
            "#\"print(\"`\")\"#",
        ] {
            assert_eq!(case(body), None, "{body}");
        }
    }
}
