//! What a console waits for: a text or a regular expression, found in bytes.
//!
//! Pure. Invariant: what is found does not depend on how the bytes were split, except that a regular expression matches as soon as
//! it can: `\d+` matches the first digit that comes alone.

use crate::error::{Error, Kind, Result};
use regex_automata::Input;
use regex_automata::meta::{Config, Regex};
use regex_automata::util::syntax;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Bytes that the automaton of one pattern may take.
const LARGEST: usize = 1 << 20;

/// A text, bytes, or a regular expression.
#[derive(Clone)]
pub enum Pattern {
    /// These bytes.
    Exact(Arc<[u8]>),
    /// A regular expression.
    Regex(Expression),
}

/// A regular expression with its source. It may match bytes that are not UTF-8 only where it turns Unicode off: `(?-u:\xff)`.
#[derive(Clone, Debug)]
pub struct Expression {
    source: Arc<str>,
    regex: Arc<Regex>,
}

/// Where a pattern was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The bytes that match.
    pub range: Range<usize>,
    /// The groups of a regular expression, from 1, with their names; `None`: the group took no part.
    pub groups: Vec<(Option<String>, Option<Range<usize>>)>,
}

impl Expression {
    /// Compiles an expression in the syntax of Rust's `regex`.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] if it is invalid, too large, or matches the empty text, which is always there.
    pub fn new(source: &str) -> Result<Expression> {
        let wrong = |why: String| {
            Error::new(Kind::ArgumentError, format!("invalid regular expression `{source}`: {why}"))
                .with_help("escape the characters `\\.+*?()|[]{}^$` to match them literally")
        };
        let regex = Regex::builder()
            .configure(Config::new().utf8_empty(false).nfa_size_limit(Some(LARGEST)))
            .syntax(syntax::Config::new().utf8(false))
            .build(source)
            .map_err(|error| wrong(reason(&error)))?;
        if regex.is_match(Input::new("")) {
            return Err(wrong("it matches the empty text".to_owned()));
        }
        Ok(Expression { source: source.into(), regex: Arc::new(regex) })
    }

    /// The expression as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}

/// Why an expression is invalid, on one line.
fn reason(error: &regex_automata::meta::BuildError) -> String {
    match error.syntax_error() {
        // Its text draws the expression with a mark below the mistake; the last line says what is wrong.
        Some(syntax) => {
            let text = syntax.to_string();
            text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
        None => error.to_string(),
    }
}

impl Pattern {
    /// The bytes of a text.
    pub fn text(text: &str) -> Pattern {
        Pattern::Exact(text.as_bytes().into())
    }

    /// Finds the first place in `bytes`. Nothing ends before `scanned`: the pattern was not in those bytes alone.
    pub fn find(&self, bytes: &[u8], scanned: usize) -> Option<Place> {
        match self {
            Pattern::Exact(wanted) => {
                let from = scanned.min(bytes.len()).saturating_sub(wanted.len().saturating_sub(1));
                let at = position(&bytes[from..], wanted)? + from;
                Some(Place { range: at..at + wanted.len(), groups: Vec::new() })
            }
            Pattern::Regex(Expression { regex, .. }) => {
                let mut found = regex.create_captures();
                regex.captures(Input::new(bytes), &mut found);
                let whole = found.get_match()?.range();
                let info = regex.group_info();
                let groups = info.all_names().skip(1).zip(1..).map(|((_, _, name), index)| {
                    (name.map(str::to_owned), found.get_group(index).map(|span| span.range()))
                });
                Some(Place { range: whole, groups: groups.collect() })
            }
        }
    }

    /// Whether it can never be found.
    pub fn is_empty(&self) -> bool {
        matches!(self, Pattern::Exact(bytes) if bytes.is_empty())
    }
}

/// Where `wanted` is in `bytes`.
pub(super) fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|&byte| byte == first) {
        let start = from + at;
        if bytes[start..].starts_with(wanted) {
            return Some(start);
        }
        from = start + 1;
    }
    None
}

impl fmt::Display for Pattern {
    /// For messages: `"login:"`, `regex("v\d+")`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::Exact(bytes) => write!(f, "\"{}\"", escaped(bytes)),
            Pattern::Regex(expression) => write!(f, "regex({:?})", expression.source()),
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Bytes as the content of a string of the script language.
pub fn escaped(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                hidden if hidden.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(hidden))),
                plain => out.push(plain),
            }
        }
        out.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn regex(source: &str) -> Pattern {
        Pattern::Regex(Expression::new(source).unwrap())
    }

    #[test]
    fn finds_texts_and_groups() {
        assert_eq!(Pattern::text("gin").find(b"login:", 0).unwrap().range, 2..5);
        assert_eq!(Pattern::text("aab").find(b"aaab", 3).unwrap().range, 1..4);
        assert_eq!(Pattern::text("ab").find(b"abxx", 4), None, "an earlier wait would have found it");
        let found = regex(r"v(\d+)\.(?<minor>\d+)(-rc)?\n").find(b"boot v3.14\n$ ", 0).unwrap();
        assert_eq!(found.range, 5..11);
        let minor = (Some("minor".to_owned()), Some(8..10));
        assert_eq!(found.groups, [(None, Some(6..7)), minor, (None, None)]);
        assert_eq!(regex("é+").find("xéé".as_bytes(), 0).unwrap().range, 1..5);
        assert_eq!(regex(r"(?-u:\xff)").find(b"a\xff", 0).unwrap().range, 1..2);
        assert_eq!(regex(".b").find(b"\xffb ab", 0).unwrap().range, 3..5, "`.` is a character");
    }

    #[test]
    fn refuses_what_matches_nothing_or_everything() {
        for (source, why) in
            [("(", "unclosed group"), ("a*", "it matches the empty text"), (r"\q", "unrecognized escape")]
        {
            let error = Expression::new(source).unwrap_err();
            assert_eq!(error.kind(), Kind::ArgumentError);
            assert!(error.message().contains(why), "{}", error.message());
        }
        assert!(Expression::new(r"(\w{1000}){1000}").is_err());
        assert!(Pattern::text("").is_empty() && !Pattern::text("a").is_empty());
    }

    #[test]
    fn patterns_are_shown_as_scripts_write_them() {
        assert_eq!(Pattern::text("a\"\r\n\x07é").to_string(), r#""a\"\r\n\x07é""#);
        assert_eq!(Pattern::Exact(vec![0xff, b'a'].into()).to_string(), r#""\xffa""#);
        assert_eq!(regex(r"v\d").to_string(), r#"regex("v\\d")"#);
    }

    proptest! {
        #[test]
        fn bytes_may_come_in_any_pieces(bytes in "[ab]{0,12}", wanted in "[ab]{1,3}", cut in 0_usize..12) {
            let pattern = Pattern::text(&wanted);
            let whole = pattern.find(bytes.as_bytes(), 0);
            let cut = cut.min(bytes.len());
            let in_pieces = pattern.find(&bytes.as_bytes()[..cut], 0).or_else(|| pattern.find(bytes.as_bytes(), cut));
            prop_assert_eq!(whole, in_pieces);
        }
    }
}
