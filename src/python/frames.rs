//! Finds the functions, classes, lambdas and comprehensions within a body, with their names in tracebacks.
//!
//! Uses [`super::lines`], [`super::scan`] and [`super::token`]. Invariant: the lines of a frame include every
//! line on which it can fail; they may include more.

use super::lines::{Code, LogicalLine};
use super::literal;
use super::scan::{NESTED_STRINGS, columns, definition};
use super::token::TokenKind;

/// A frame in which code of a body can run, other than the body's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NestedFrame {
    /// The name in tracebacks: the function's or class's name, or `<lambda>`, `<listcomp>`, `<genexpr>`, `<dictcomp>`,
    /// `<setcomp>`.
    pub name: String,
    /// First line within the body, from 0.
    pub first_line: u32,
    /// Last line within the body, from 0.
    pub last_line: u32,
}

/// The functions, classes, lambdas and comprehensions of `body`, in order of lines, outer ones first.
///
/// Lambdas and comprehensions have the lines of their whole logical line.
pub fn nested_names(body: &str) -> Vec<NestedFrame> {
    let code = Code::new(body);
    let columns = columns(&code);
    let mut frames: Vec<NestedFrame> = Vec::new();
    // Definitions whose blocks are open: their column, and their index in `frames`.
    let mut open: Vec<(u32, usize)> = Vec::new();
    let mut last_line = 0;
    for (line, &column) in code.lines.iter().zip(&columns) {
        while let Some(&(_, index)) = open.last().filter(|(outer, _)| *outer >= column) {
            close(&mut frames, index, last_line);
            open.pop();
        }
        last_line = line.last_line;
        if let Some(name) = definition(&code, line) {
            open.push((column, frames.len()));
            frames.push(NestedFrame { name, first_line: line.first_line, last_line });
        }
        let mut inline = Vec::new();
        inline_frames(&code, line, NESTED_STRINGS, &mut inline);
        for name in inline {
            frames.push(NestedFrame { name: name.to_owned(), first_line: line.first_line, last_line });
        }
    }
    for (_, index) in open {
        close(&mut frames, index, last_line);
    }
    frames
}

fn close(frames: &mut [NestedFrame], index: usize, last_line: u32) {
    if let Some(frame) = frames.get_mut(index) {
        frame.last_line = frame.last_line.max(last_line);
    }
}

/// Adds the pseudo names of the lambdas and comprehensions of a line, each once.
fn inline_frames(code: &Code<'_>, line: &LogicalLine, nesting: usize, names: &mut Vec<&'static str>) {
    // For each open bracket: its text, and whether it had its own colon.
    let mut open: Vec<(&str, bool)> = Vec::new();
    for token in code.significant(line) {
        let name = match (token.kind, token.text(code.source)) {
            (TokenKind::Operator, bracket @ ("(" | "[" | "{")) => {
                open.push((bracket, false));
                continue;
            }
            (TokenKind::Operator, ")" | "]" | "}") => {
                open.pop();
                continue;
            }
            (TokenKind::Operator, ":") => {
                if let Some(bracket) = open.last_mut() {
                    bracket.1 = true;
                }
                continue;
            }
            (TokenKind::String(literal), text) if nesting > 0 => {
                for field in literal::fields(text, literal) {
                    let field = Code::new(field);
                    field.lines.iter().for_each(|line| inline_frames(&field, line, nesting - 1, names));
                }
                continue;
            }
            (TokenKind::Name, "lambda") => "<lambda>",
            (TokenKind::Name, "for") => match open.last() {
                Some(("[", _)) => "<listcomp>",
                Some(("{", true)) => "<dictcomp>",
                Some(("{", false)) => "<setcomp>",
                Some(_) => "<genexpr>",
                None => continue,
            },
            _ => continue,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::samples::soup;
    use proptest::prelude::*;

    #[test]
    fn finds_frames_with_their_lines() {
        let body = "\n    def g(x):\n        return [\n            1 // x for y in z]\n\n    \
                    class A:\n        def m(self): return {\n  a: b for a in c}\n    \
                    k = lambda: (x for x in y)\n    s = {x for x in y}\n";
        let found: Vec<_> =
            nested_names(body).into_iter().map(|frame| (frame.name, frame.first_line, frame.last_line)).collect();
        let expected = [
            ("g", 1, 3),
            ("<listcomp>", 2, 3),
            ("A", 5, 7),
            ("m", 6, 7),
            ("<dictcomp>", 6, 7),
            ("<lambda>", 8, 8),
            ("<genexpr>", 8, 8),
            ("<setcomp>", 9, 9),
        ];
        assert_eq!(found, expected.map(|(name, first, last)| (name.to_owned(), first, last)));
        assert_eq!(nested_names("for x in y:\n        z\n"), []);
        assert_eq!(nested_names("f'for {[x for x in y]}'").len(), 1);
    }

    proptest! {
        #[test]
        fn accepts_any_text(code in prop_oneof![any::<String>(), soup()]) {
            for frame in nested_names(&code) {
                prop_assert!(frame.first_line <= frame.last_line);
            }
        }
    }
}
