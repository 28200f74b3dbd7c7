//! Completion by Tab.
//!
//! Uses the words of the session, [`crate::device`] for names that live on a board, [`crate::port`] for the list of ports, and
//! rustyline for paths. Invariant: each candidate matches the text before the cursor, and replaces a part of it.

use super::commands::{Argument, argument};
use super::helper::PromptHelper;
use super::scan::{self, Part};
use crate::port::{kind, usb};
use rustyline::Context;
use rustyline::completion::{Completer, Pair};
use std::time::Duration;

/// Longest time that a board may take to say which names it has.
const BOARD_LIMIT: Duration = Duration::from_millis(500);

/// The start of the word to replace, and the candidates.
type Offer = (usize, Vec<Pair>);

fn pair(text: &str, shown: &str) -> Pair {
    Pair { display: shown.to_owned(), replacement: text.to_owned() }
}

/// Those of `words` that begin with `word`.
fn fitting<'a>(words: impl IntoIterator<Item = &'a str>, word: &str) -> Vec<Pair> {
    words.into_iter().filter(|text| text.starts_with(word)).map(|text| pair(text, text)).collect()
}

/// The same of words that are shown in another way.
fn fitting_shown(words: Option<&Vec<(String, String)>>, word: &str) -> Vec<Pair> {
    let fitting = words.into_iter().flatten().filter(|(text, _)| text.starts_with(word));
    fitting.map(|(text, shown)| pair(text, shown)).collect()
}

/// Where the name begins that `text` ends with.
fn start_of_name(text: &str) -> usize {
    let is_other = |c: char| !(c.is_alphanumeric() || c == '_');
    text.rfind(is_other).map_or(0, |index| index + text[index..].chars().next().map_or(1, char::len_utf8))
}

/// The name that `text` ends with.
fn last_name(text: &str) -> &str {
    &text[start_of_name(text)..]
}

/// The ports of this computer that begin with `word`.
fn ports(word: &str) -> Vec<Pair> {
    let found = usb::list().unwrap_or_default();
    fitting(found.iter().map(|port| port.device.as_str()).chain(kind::beginnings()), word)
}

impl PromptHelper {
    /// Candidates at the end of `before`.
    fn candidates(&self, before: &str) -> Offer {
        if let Some(command) = before.strip_prefix(':') {
            return match argument(before) {
                Some((kind, start)) => self.argument(kind, &before[start..], start),
                None if command.contains(char::is_whitespace) => (before.len(), Vec::new()),
                None => (1, self.command_names(command)),
            };
        }
        match scan::unfinished(before) {
            Some((part, start)) => self.in_literal(part, &before[..start], &before[start..]),
            None => self.names(before),
        }
    }

    fn command_names(&self, begun: &str) -> Vec<Pair> {
        let names = self.commands.iter().filter(|name| name.starts_with(begun));
        names.map(|name| pair(name, &format!(":{name}"))).collect()
    }

    /// The argument of a command, which begins at `start`.
    fn argument(&self, kind: Argument, argument: &str, start: usize) -> Offer {
        let (at, found) = match kind {
            Argument::Port => (0, ports(argument)),
            Argument::Path => self.paths.complete_path(argument, argument.len()).unwrap_or_default(),
            Argument::Device => (0, fitting(self.words.devices.iter().map(String::as_str), argument)),
            // Here a module name has no quotes.
            Argument::Name if argument.starts_with("std") => {
                let modules = self.words.names.iter().filter_map(|name| name.strip_prefix('"')?.strip_suffix('"'));
                (0, fitting(modules, argument))
            }
            Argument::Name | Argument::Expression => self.names(argument),
        };
        (start + at, found)
    }

    /// Names of Rhai.
    fn names(&self, before: &str) -> Offer {
        let start = start_of_name(before);
        let word = &before[start..];
        if let Some(module) = before[..start].strip_suffix("::") {
            return (start, fitting_shown(self.words.modules.get(last_name(module)), word));
        }
        if let Some(object) = before[..start].strip_suffix('.') {
            return (start, fitting_shown(self.words.members.get(last_name(object)), word));
        }
        if word.is_empty() {
            return (start, Vec::new());
        }
        (start, fitting(self.words.names.iter().map(String::as_str), word))
    }

    /// Candidates inside the unclosed literal that follows `before`.
    fn in_literal(&self, part: Part, before: &str, literal: &str) -> Offer {
        let inner = literal.get(1..).unwrap_or_default();
        let start = before.len() + literal.len() - inner.len();
        let head = before.trim_end();
        if let Some(head) = head.strip_suffix('(') {
            let head = head.trim_end();
            if let Some(receiver) = head.strip_suffix(".exec") {
                return self.on_board(last_name(receiver), inner, start);
            }
            if head.ends_with(".open") || head.ends_with(".session") {
                return (start, ports(inner));
            }
        }
        if part == Part::Body {
            return (start, Vec::new());
        }
        if last_name(head) == "import" && (inner.is_empty() || "std/".starts_with(inner) || inner.starts_with("std/")) {
            // Their names are strings.
            return (before.len(), fitting(self.words.names.iter().map(String::as_str), literal));
        }
        if inner.is_empty() || !literal.starts_with('"') {
            return (start, Vec::new());
        }
        let (at, found) = self.paths.complete_path(literal, literal.len()).unwrap_or_default();
        (before.len() + at, found)
    }

    /// Names that live on the board of the device in the variable `name`.
    fn on_board(&self, name: &str, code: &str, start: usize) -> Offer {
        let word = &code[start_of_name(code)..];
        let at = start + code.len() - word.len();
        let chain = &code[..code.len() - word.len()];
        let from = chain.rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).map_or(0, |at| at + 1);
        let chain = chain.get(from..).unwrap_or_default();
        let object = chain.strip_suffix('.');
        // A number, the result of a call, or nothing that could be looked for.
        let is_known = object.map_or(!word.is_empty(), |object| {
            object.split('.').all(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
        });
        match self.devices.get(name).filter(|device| is_known && device.is_open()) {
            Some(device) => {
                let found = device.names(object.unwrap_or_default(), word, BOARD_LIMIT);
                (at, fitting(found.iter().map(String::as_str), word))
            }
            None => (at, Vec::new()),
        }
    }
}

impl Completer for PromptHelper {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _context: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        Ok(self.candidates(line.get(..pos).unwrap_or(line)))
    }
}

#[cfg(test)]
#[path = "complete_tests.rs"]
mod tests;
