//! What Tab offers.
//!
//! Invariant: what is offered fits what stands before the cursor, and replaces a part of it.

use super::helper::PromptHelper;
use rustyline::Context;
use rustyline::completion::{Completer, Pair};

impl PromptHelper {
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

impl Completer for PromptHelper {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, context: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = line.get(..pos).unwrap_or(line);
        if before.starts_with(":run ") {
            return self.paths.complete(line, pos, context);
        }
        let before_name = before.strip_prefix(":help ");
        match before_name {
            Some(name) => {
                let (start, candidates) = self.candidates(name);
                Ok((start + ":help ".len(), candidates))
            }
            None => Ok(self.candidates(before)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Words;

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
