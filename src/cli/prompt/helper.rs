//! What rustyline asks while a person types: completion, hints, colours, and whether an input is whole.
//!
//! Invariant: nothing here waits for a board: the words are those from before the input.

use super::commands::{Argument, argument};
use super::scan::{self, Part};
use crate::script::Words;
use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hinter, HistoryHinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};
use std::borrow::Cow;

/// What rustyline asks.
pub struct PromptHelper {
    words: Words,
    commands: &'static [&'static str],
    paths: FilenameCompleter,
    hints: HistoryHinter,
}

impl PromptHelper {
    /// Answers with these words and commands.
    pub fn new(words: Words, commands: &'static [&'static str]) -> PromptHelper {
        PromptHelper { words, commands, paths: FilenameCompleter::new(), hints: HistoryHinter::new() }
    }

    /// The words that can stand where `before` ends, and where the word begins that they replace.
    fn candidates(&self, before: &str) -> (usize, Vec<Pair>) {
        let pair = |text: &str, shown: &str| Pair { display: shown.to_owned(), replacement: text.to_owned() };
        if let Some(command) = before.strip_prefix(':') {
            let fitting = self.commands.iter().filter(|name| name.starts_with(command));
            return (1, fitting.map(|name| pair(name, &format!(":{name}"))).collect());
        }
        let start = before
            .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
            .map_or(0, |index| index + before[index..].chars().next().map_or(1, char::len_utf8));
        let word = &before[start..];
        if let Some(chain) = before[..start].strip_suffix('.') {
            let name = chain.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
            let members = self.words.members.get(name).into_iter().flatten();
            let fitting = members.filter(|(text, _)| text.starts_with(word));
            return (start, fitting.map(|(text, shown)| pair(text, shown)).collect());
        }
        // The name of a module is a string.
        let quote = before.rfind('"').filter(|quote| before[*quote..].starts_with("\"std"));
        let (start, word) = quote.map_or((start, word), |quote| (quote, &before[quote..]));
        if word.is_empty() {
            return (start, Vec::new());
        }
        let fitting = self.words.names.iter().filter(|name| name.starts_with(word));
        (start, fitting.map(|name| pair(name, name)).collect())
    }
}

impl Helper for PromptHelper {}

impl Completer for PromptHelper {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, context: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = line.get(..pos).unwrap_or(line);
        match argument(before) {
            Some((Argument::Path, _)) => self.paths.complete(line, pos, context),
            Some((Argument::Device, at)) => {
                let fitting = self.words.devices.iter().filter(|name| name.starts_with(&before[at..]));
                Ok((at, fitting.map(|name| Pair { display: name.clone(), replacement: name.clone() }).collect()))
            }
            Some((Argument::Name, at)) => {
                let (start, candidates) = self.candidates(&before[at..]);
                Ok((start + at, candidates))
            }
            None => Ok(self.candidates(before)),
        }
    }
}

impl Hinter for PromptHelper {
    type Hint = String;

    fn hint(&self, line: &str, pos: usize, context: &Context<'_>) -> Option<String> {
        let hint = self.hints.hint(line, pos, context)?;
        hint.lines().next().filter(|first| !first.is_empty()).map(str::to_owned)
    }
}

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

impl Validator for PromptHelper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(match scan::goes_on(context.input()) {
            true => ValidationResult::Incomplete,
            false => ValidationResult::Valid(None),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_offered() {
        let mut words =
            Words { names: ["bench", "beta(", "let", "\"std/stats\""].map(str::to_owned).to_vec(), ..Words::default() };
        let tasks = vec![("read(".to_owned(), "read(ch)".to_owned()), ("name".to_owned(), "name".to_owned())];
        words.members.insert("bench".to_owned(), tasks);
        let helper = PromptHelper::new(words, &["run", "quit"]);
        let case = |before: &str, wanted: (usize, &[&str])| {
            let (start, found) = helper.candidates(before);
            let found: Vec<&str> = found.iter().map(|pair| pair.replacement.as_str()).collect();
            assert_eq!((start, found.as_slice()), wanted, "{before}");
        };
        case("x + be", (4, &["bench", "beta("]));
        case("bench.", (6, &["read(", "name"]));
        case("é(bench.re", (9, &["read("]));
        case("other.re", (6, &[]));
        case(":q", (1, &["quit"]));
        case("import \"std/s", (7, &["\"std/stats\""]));
        case("", (0, &[]));
    }
}
