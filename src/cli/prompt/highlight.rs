//! The colours of what is typed.
//!
//! Invariant: colours change nothing of the text.

use super::helper::PromptHelper;
use super::scan::{self, Part};
use rustyline::highlight::{CmdKind, Highlighter};
use std::borrow::Cow;

impl Highlighter for PromptHelper {
    fn highlight<'l>(&self, line: &'l str, _pos: usize) -> Cow<'l, str> {
        if line.starts_with(':') {
            return Cow::Borrowed(line);
        }
        let mut out = String::with_capacity(line.len() * 2);
        for (part, range) in scan::scan(line).parts {
            let code = match part {
                Part::Plain => "",
                Part::Keyword => "1;35",
                Part::Number => "33",
                Part::Text => "32",
                Part::Body => "36",
                Part::Comment => "90",
            };
            match code {
                "" => out.push_str(&line[range]),
                code => out.push_str(&format!("\x1b[{code}m{}\x1b[0m", &line[range])),
            }
        }
        Cow::Owned(out)
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _default: bool) -> Cow<'b, str> {
        Cow::Owned(format!("\x1b[1;34m{prompt}\x1b[0m"))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("\x1b[90m{hint}\x1b[0m"))
    }

    fn highlight_char(&self, _line: &str, _pos: usize, kind: CmdKind) -> bool {
        kind != CmdKind::MoveCursor
    }
}
