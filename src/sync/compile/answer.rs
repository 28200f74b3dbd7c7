//! Parses the output of `mpy-cross`.
//!
//! Uses [`crate::board::identity`]. Invariant: pure; any text gives a result or none.

use crate::board::identity::Identity;
use crate::error::{Error, Kind};
use crate::item::ItemLabel;
use crate::origin::Origin;
use std::fmt;

/// The release of an `mpy-cross`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Release {
    /// `micropython` or `circuitpython`.
    pub name: String,
    /// Such as `v1.28.0`.
    pub release: String,
    /// The version of its bytecode.
    pub version: u8,
    /// The sub-version of its native code.
    pub minor: Option<u8>,
}

impl Release {
    /// Parses `MicroPython v1.28.0 on 2026-08-11; mpy-cross emitting mpy v6.3`; compilers up to 1.19 write `mpy v6`.
    pub fn parse(text: &str) -> Option<Release> {
        let read = |line: &str| {
            let (program, emits) = line.split_once("; mpy-cross emitting mpy v")?;
            let mut words = program.split_whitespace();
            let (name, release) = (words.next()?.to_ascii_lowercase(), words.next()?.to_owned());
            let mut numbers = emits.trim().split('.');
            let version = numbers.next()?.parse().ok()?;
            let minor = numbers.next().map(str::parse).transpose().ok()?;
            Some(Release { name, release, version, minor })
        };
        text.lines().find_map(read)
    }

    /// `mpy v6.3`.
    pub fn emits(&self) -> String {
        match self.minor {
            Some(minor) => format!("mpy v{}.{minor}", self.version),
            None => format!("mpy v{}", self.version),
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mpy-cross {}", self.release)
    }
}

/// An exception that the compiler reports.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Such as `SyntaxError: invalid syntax`.
    pub message: String,
    /// From 1; 0 if unknown.
    pub line: u32,
}

/// The exception in a traceback; its innermost frame has the line.
pub(super) fn refusal(text: &str) -> Option<Refusal> {
    let classes = ["SyntaxError", "IndentationError", "ViperTypeError", "OverflowError", "ValueError", "NameError"];
    let is_exception = |line: &&str| classes.iter().any(|class| line.starts_with(class));
    let message = text.lines().map(str::trim_end).rfind(is_exception)?.to_owned();
    let number = |line: &str| {
        let (_, rest) = line.strip_prefix("  File \"")?.rsplit_once("\", line ")?;
        rest.split(',').next()?.trim().parse().ok()
    };
    Some(Refusal { message, line: text.lines().rev().find_map(number).unwrap_or(0) })
}

impl Refusal {
    /// The error with the line of the user's file.
    pub fn into_error(self, file: &str, text: &[u8], release: &Release, board: &Identity) -> Error {
        let native = ["invalid arch", "invalid micropython decorator"].iter().any(|said| self.message.contains(said));
        let error = if native {
            let arch = if board.arch.is_empty() { "which does not support it" } else { &board.arch };
            Error::new(
                Kind::FeatureUnavailableError,
                format!("`{release}` cannot make such native code for the board, {arch}"),
            )
            .with_help("remove the decorator, or keep this file as source")
        } else {
            Error::new(Kind::DeclarationError, self.message)
        };
        let source = String::from_utf8_lossy(text);
        let lines = crate::python::token::line_ends(&source).saturating_add(1);
        // A missing end is reported on the line after the file's last one.
        match self.line.min(lines) {
            0 => error.with_item(ItemLabel::File(file.to_owned())),
            line => error.with_origin(Origin::new(file, line, 0)),
        }
    }
}

/// Describes how a compiler without an exception ended.
pub(super) fn last_words(text: &str) -> String {
    match text.lines().map(str::trim).rfind(|line| !line.is_empty()) {
        _ if text.trim_start().starts_with("usage:") => {
            "does not support the board's architecture or features".to_owned()
        }
        Some(line) => format!("says `{}`", line.chars().take(200).collect::<String>()),
        None => "failed without a message".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        let release =
            |text: &str| Release::parse(text).map(|found| (found.to_string(), found.name.clone(), found.emits()));
        let found = |of: &str, name: &str, emits: &str| Some((of.to_owned(), name.to_owned(), emits.to_owned()));
        assert_eq!(
            release("MicroPython v1.28.0 on 2026-08-11; mpy-cross emitting mpy v6.3\n"),
            found("mpy-cross v1.28.0", "micropython", "mpy v6.3")
        );
        assert_eq!(
            release("warning\r\nMicroPython v1.19.1 on 2022-06-18; mpy-cross emitting mpy v6\r\n"),
            found("mpy-cross v1.19.1", "micropython", "mpy v6")
        );
        assert_eq!(
            release("CircuitPython 9.2.1 on 2024-11-20; mpy-cross emitting mpy v6.3"),
            found("mpy-cross 9.2.1", "circuitpython", "mpy v6.3")
        );
        for text in ["", "MicroPython v1.28.0", "; mpy-cross emitting mpy v", "a b; mpy-cross emitting mpy v999"] {
            assert_eq!(release(text), None, "{text:?}");
        }
    }

    #[test]
    fn tracebacks_are_read() {
        let refusal = |text: &str| refusal(text).map(|refusal| (refusal.message, refusal.line));
        let text =
            "Traceback (most recent call last):\n  File \"a\", line 9\n  File \"a\", line 2, in f\nSyntaxError: no\r\n";
        assert_eq!(refusal(text), Some(("SyntaxError: no".to_owned(), 2)));
        assert_eq!(refusal("SyntaxError: no"), Some(("SyntaxError: no".to_owned(), 0)));
        assert_eq!(refusal("OSError: (2, \"can't open x\")\n"), None);
        assert_eq!(last_words("OSError: x\n\n"), "says `OSError: x`");
        assert_eq!(last_words(""), "failed without a message");
        assert!(last_words("usage: mpy-cross\nOptions:\n").contains("architecture"));
    }
}
