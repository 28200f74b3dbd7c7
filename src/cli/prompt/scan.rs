//! Splits an input into parts for colouring, and tells whether it continues on the next line.
//!
//! Knows of Rhai's grammar what strings, comments and brackets are. Invariant: the parts follow each other without gaps.

use crate::script::{KEYWORDS, block_comment};
use std::ops::Range;

/// The kind of a part of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Names, operators, white space.
    Plain,
    /// A word of the language.
    Keyword,
    /// A number.
    Number,
    /// A string or character; text between back-ticks.
    Text,
    /// Text between back-ticks inside a device block: code for a board.
    Body,
    /// A comment.
    Comment,
}

/// An input in parts.
#[derive(Debug, Default)]
pub struct Scanned {
    /// The parts, with their bytes.
    pub parts: Vec<(Part, Range<usize>)>,
    /// Open brackets. Below zero: too many closing ones.
    depth: i32,
    /// A comment or literal is unclosed at the end.
    open: bool,
    /// Start of the unclosed string or body; a string ends with its line.
    unfinished: Option<usize>,
}

/// An input continues after these at the end of a line.
const OPERATORS: &[&str] = &["=", "+", "-", "*", "/", "%", ".", ",", "&&", "||", "<", ">", "=>", "::"];

/// Takes `text` apart.
pub fn scan(text: &str) -> Scanned {
    let mut scanned = Scanned::default();
    let mut at = 0;
    // The depth of brackets within the device block, and whether one has been announced.
    let (mut device, mut announced) = (None, false);
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (mut part, length, closed) = literal(rest, first).unwrap_or_else(|| {
            match first {
                '(' | '[' | '{' => scanned.depth += 1,
                ')' | ']' | '}' => scanned.depth -= 1,
                _ => {}
            }
            if first == '{' && std::mem::take(&mut announced) {
                device = Some(scanned.depth);
            } else if device.is_some_and(|depth| depth > scanned.depth) {
                device = None;
            }
            let (part, length) = word(rest, first);
            (part, length, true)
        });
        announced |= part == Part::Keyword && &rest[..length] == "device";
        if part == Part::Body && device != Some(scanned.depth) && !takes_code(&text[..at]) {
            part = Part::Text;
        }
        scanned.open |= !closed;
        let ends = closed && (first != '"' || has_end(&rest[..length]));
        if matches!(part, Part::Text | Part::Body) && !ends {
            scanned.unfinished = Some(at);
        }
        match scanned.parts.last_mut() {
            Some((last, range)) if *last == part && part == Part::Plain => range.end = at + length,
            _ => scanned.parts.push((part, at..at + length)),
        }
        at += length;
    }
    scanned
}

/// Start and kind of the unclosed string or body at the end of `text`.
pub fn unfinished(text: &str) -> Option<(Part, usize)> {
    let scanned = scan(text);
    let start = scanned.unfinished?;
    scanned.parts.last().filter(|(_, range)| range.start == start).map(|(part, _)| (*part, start))
}

/// Whether the string in `before` that ends it is code for a board.
fn takes_code(before: &str) -> bool {
    before.trim_end().strip_suffix('(').is_some_and(|head| head.trim_end().ends_with(".exec"))
}

/// Whether a string in quotes has its end.
fn has_end(string: &str) -> bool {
    let inner = string.strip_prefix('"').unwrap_or_default();
    let escapes = inner.strip_suffix('"').map(|inner| inner.len() - inner.trim_end_matches('\\').len());
    escapes.is_some_and(|count| count % 2 == 0)
}

/// The literal or comment at the beginning of `rest`: what it is, its length, and whether it ends.
fn literal(rest: &str, first: char) -> Option<(Part, usize, bool)> {
    let until = |end: &str, from: usize| rest[from..].find(end).map(|index| from + index + end.len());
    let ended = |part: Part, end: Option<usize>| (part, end.unwrap_or(rest.len()), end.is_some());
    Some(match first {
        '/' if rest.starts_with("//") => (Part::Comment, rest.find('\n').unwrap_or(rest.len()), true),
        '/' if rest.starts_with("/*") => ended(Part::Comment, block_comment(rest)),
        '`' => ended(Part::Body, back_ticks(rest)),
        '"' => {
            let (length, goes_on) = string(rest);
            (Part::Text, length, !goes_on)
        }
        '\'' => (Part::Text, character(rest)?, true),
        '#' => {
            let marks = rest.bytes().take_while(|byte| *byte == b'#').count();
            if rest.as_bytes().get(marks) != Some(&b'"') {
                return None;
            }
            ended(Part::Text, until(&format!("\"{}", "#".repeat(marks)), marks + 1))
        }
        _ => return None,
    })
}

/// The length of a text in back-ticks; a double back-tick is an escaped one.
fn back_ticks(rest: &str) -> Option<usize> {
    let mut at = 1;
    loop {
        at += rest[at..].find('`')? + 1;
        if !rest[at..].starts_with('`') {
            return Some(at);
        }
        at += 1;
    }
}

/// The length of a string, and whether it continues on the next line after a backslash.
fn string(rest: &str) -> (usize, bool) {
    let mut escaped = false;
    for (index, c) in rest.char_indices().skip(1) {
        match c {
            '\n' if !escaped => return (index, false),
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return (index + 1, false),
            _ => {}
        }
    }
    (rest.len(), escaped || rest.contains('\n'))
}

/// The length of a character in quotes, if it is one.
fn character(rest: &str) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    let (_, first) = chars.next()?;
    let (index, _) = match first {
        '\\' => chars.skip(1).find(|(_, c)| *c == '\'')?,
        '\n' => return None,
        _ => chars.next().filter(|(_, c)| *c == '\'')?,
    };
    Some(index + 1)
}

/// The word or sign at the beginning of `rest`.
fn word(rest: &str, first: char) -> (Part, usize) {
    let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    match &rest[..length] {
        "" => (Part::Plain, first.len_utf8()),
        _ if first.is_ascii_digit() => (Part::Number, number(rest, length)),
        word if KEYWORDS.contains(&word) => (Part::Keyword, length),
        _ => (Part::Plain, length),
    }
}

/// The length of a number whose digits before the point are `length` long.
fn number(rest: &str, length: usize) -> usize {
    let Some(fraction) = rest[length..].strip_prefix('.') else { return length };
    let digits = fraction.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(fraction.len());
    if fraction.starts_with(|c: char| c.is_ascii_digit()) { length + 1 + digits } else { length }
}

/// Whether an input continues on the next line.
pub fn goes_on(text: &str) -> bool {
    if text.trim_start().starts_with(':') {
        return false;
    }
    let scanned = scan(text);
    if scanned.open || scanned.depth > 0 {
        return true;
    }
    if scanned.depth < 0 {
        return false;
    }
    let code: String =
        scanned.parts.iter().filter(|part| part.0 != Part::Comment).map(|part| &text[part.1.clone()]).collect();
    let code = code.trim_end();
    let begins_block = code.rsplit(['\n', ';', '}']).next().is_some_and(|last| {
        let last = last.trim();
        last.strip_prefix("device ").is_some_and(|name| !name.contains('{'))
            || last.starts_with("test \"")
            || last.starts_with("group \"")
            || last.starts_with("fn ")
    });
    begins_block && !code.ends_with('}') || OPERATORS.iter().any(|operator| code.ends_with(operator))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_continue_until_they_are_closed() {
        for text in [
            "let a = [1,",
            "foo(",
            "if x {",
            "device Bench",
            "device Bench { task a() `\n\nreturn 1\n",
            "device Bench {\n task a() `)`",
            "let x = `a ``",
            "/* a /* b */",
            "#\"raw \" text",
            "\"goes \\",
            "let a =",
            "a.foo() // c\n .",
            "fn f(a)",
            "test \"it\"",
            "x +",
        ] {
            assert!(goes_on(text), "{text:?}");
        }
        for text in [
            "",
            "1 + 1",
            "device Bench { task a() `return (` }",
            "let x = `a `` b`",
            "/* a /* b */ */",
            "\"open",
            "\"a \\\" (\"",
            "'('",
            "'\\''",
            "x // (",
            ":open (",
            ")",
            "} {",
            "fn f(a) { a }",
            "let s = #\"(\"#",
        ] {
            assert!(!goes_on(text), "{text:?}");
        }
    }

    #[test]
    fn parts() {
        let text = "let x = 1.5e3 + `tx` // é\n\"s\" 'c' 1..2";
        let shown: Vec<(Part, &str)> = scan(text).parts.into_iter().map(|(part, at)| (part, &text[at])).collect();
        let wanted = [
            (Part::Keyword, "let"),
            (Part::Plain, " x = "),
            (Part::Number, "1.5e3"),
            (Part::Plain, " + "),
            (Part::Text, "`tx`"),
            (Part::Plain, " "),
            (Part::Comment, "// é"),
            (Part::Plain, "\n"),
            (Part::Text, "\"s\""),
            (Part::Plain, " "),
            (Part::Text, "'c'"),
            (Part::Plain, " "),
            (Part::Number, "1"),
            (Part::Plain, ".."),
            (Part::Number, "2"),
        ];
        assert_eq!(shown, wanted);
    }

    #[test]
    fn bodies_are_distinguished_from_strings() {
        let bodies = |text: &str| -> Vec<String> {
            let parts = scan(text).parts.into_iter();
            parts.filter(|(part, _)| *part == Part::Body).map(|(_, range)| text[range].to_owned()).collect()
        };
        let block = "device Bench { task a(x = [1]) `a` method m() { print(`no`) } setup `b` }; `no`";
        assert_eq!(bodies(block), ["`a`", "`b`"]);
        assert_eq!(bodies("d.exec( `1 + 1`); `text`"), ["`1 + 1`"]);
        assert_eq!(bodies("device B\n{ task a() `never"), ["`never"]);
        for (text, wanted) in [
            ("open(\"sim", Some((Part::Text, 5))),
            ("open(\"", Some((Part::Text, 5))),
            ("\"a\" + \"b\\\"", Some((Part::Text, 6))),
            ("\"a\"", None),
            ("\"a\\\\\"", None),
            ("d.exec(`mach", Some((Part::Body, 7))),
            ("\"a\nx", None),
            ("'\"' + x", None),
        ] {
            assert_eq!(unfinished(text), wanted, "{text:?}");
        }
    }
}
