//! Completion: what may be written at the cursor, with signatures and documentation.
//!
//! Invariant: every candidate begins with what is written before the cursor, and replaces exactly the word there.

mod options;
mod python;
mod strings;

use super::catalog;
use super::describe::{self, About};
use super::resolve::{self, Value};
use super::syntax::{Form, Receiver, What};
use super::world::{File, Place, World};
use crate::bench::station::Station;
use crate::script::reference::Entry;
use crate::script::{GROUP_OPTIONS, KEYWORDS, TEST_OPTIONS, TokenKind};
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionTextEdit, Documentation, MarkupContent, MarkupKind, TextEdit,
};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// Words that begin an item in a `device` block.
const ITEMS: &[&str] = &["setup", "task", "thread", "teardown", "method"];

/// Words that begin an item in an `instrument` block, and options of those items.
const INSTRUMENT_ITEMS: &[&str] = &["command", "query", "setup", "teardown", "method"];
const INSTRUMENT_OPTIONS: &[&str] =
    &["autoinit", "byte_order", "check_errors", "for", "format", "ignore_errors", "timeout"];

/// Words that begin an item or a setting in a `console` block, and options of those items.
const CONSOLE_ITEMS: &[&str] =
    &["command", "query", "setup", "teardown", "method", "prompt", "error", "newline", "echo", "timeout"];
const CONSOLE_OPTIONS: &[&str] = &["autoinit", "expect", "ignore_errors", "pattern", "timeout", "wait"];

/// Options of items.
const OPTIONS: &[&str] = &[
    "autoinit",
    "emitter",
    "for",
    "ignore_errors",
    "implementation",
    "minify",
    "prefetch",
    "record",
    "register",
    "retry",
    "return_time",
    "stream",
    "timeout",
    "trusted",
];

/// What a completion is about.
pub struct Asked<'a> {
    /// All scripts.
    pub world: &'a World,
    /// The script.
    pub file: &'a Arc<File>,
    /// The cursor.
    pub byte: usize,
    /// The word before the cursor, which is replaced.
    pub word: Range<usize>,
}

/// The candidates at a byte. `station`: finds the station of the script.
pub fn complete(
    world: &World,
    file: &Arc<File>,
    byte: usize,
    station: &dyn Fn() -> Option<Arc<Station>>,
) -> Vec<CompletionItem> {
    let before = file.text.get(..byte).unwrap_or_default();
    let is_other = |c: char| !(c.is_alphanumeric() || c == '_');
    let start = before.rfind(is_other).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let asked = Asked { world, file, byte, word: start..byte };
    if let Some(body) = file.syntax.body_at(byte) {
        return asked.finish(python::candidates(&asked, body));
    }
    if file.syntax.is_comment(byte) {
        return Vec::new();
    }
    if let Some(found) = strings::candidates(&asked, station) {
        return found;
    }
    let found = options::candidates(&asked).unwrap_or_else(|| asked.names(station));
    asked.finish(found)
}

/// A candidate.
pub fn item(label: &str, kind: CompletionItemKind, about: &About) -> CompletionItem {
    let mut doc = about.doc.clone();
    if about.heads.len() > 1 {
        let language = if about.is_python { "python" } else { "rhai" };
        doc = format!("```{language}\n{}\n```\n\n{doc}", about.heads.join("\n"));
    }
    let value = Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value: doc.clone() });
    CompletionItem {
        label: label.to_owned(),
        kind: Some(kind),
        detail: about.heads.first().cloned(),
        documentation: (!doc.is_empty()).then_some(value),
        ..CompletionItem::default()
    }
}

fn keyword(word: &str) -> CompletionItem {
    CompletionItem { label: word.to_owned(), kind: Some(CompletionItemKind::KEYWORD), ..CompletionItem::default() }
}

fn of_entry(entry: &Entry) -> CompletionItem {
    let kind = if catalog::is_called(entry) { CompletionItemKind::FUNCTION } else { CompletionItemKind::PROPERTY };
    item(&entry.name, kind, &About::of_entry(entry))
}

fn kind_of(what: What) -> CompletionItemKind {
    match what {
        What::Variable => CompletionItemKind::VARIABLE,
        What::Parameter => CompletionItemKind::VARIABLE,
        What::Constant => CompletionItemKind::CONSTANT,
        What::Class => CompletionItemKind::CLASS,
        What::Alias => CompletionItemKind::MODULE,
        What::Function => CompletionItemKind::FUNCTION,
        _ => CompletionItemKind::METHOD,
    }
}

impl Asked<'_> {
    /// A candidate for a declaration, if it begins with the word.
    pub fn declared(&self, place: &Place) -> Option<CompletionItem> {
        let symbol = resolve::symbol(place).filter(|symbol| symbol.name.starts_with(self.file.at(&self.word)))?;
        Some(item(&symbol.name, kind_of(symbol.what), &describe::about(self.world, place)))
    }

    /// Keeps the candidates that begin with the word, each once, and says what they replace.
    fn finish(&self, found: Vec<CompletionItem>) -> Vec<CompletionItem> {
        let word = self.file.at(&self.word);
        let range = self.file.range(&self.word);
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut kept = Vec::new();
        for mut candidate in found {
            if !candidate.label.starts_with(word) || !seen.insert(candidate.label.clone()) {
                continue;
            }
            let new_text = candidate.label.clone();
            candidate.text_edit = Some(CompletionTextEdit::Edit(TextEdit { range, new_text }));
            kept.push(candidate);
        }
        kept
    }

    /// Names of the script.
    fn names(&self, station: &dyn Fn() -> Option<Arc<Station>>) -> Vec<CompletionItem> {
        let (file, syntax) = (self.file, &self.file.syntax);
        let before = file.text.get(..self.word.start).unwrap_or_default();
        if let Some(before) = before.strip_suffix("::") {
            let alias = last_name(before);
            let module = syntax.import(alias).and_then(|import| self.world.imported(file, &import.path));
            return module.map(|module| self.exported(&module)).unwrap_or_default();
        }
        if before.ends_with('.') && !before.ends_with("..") {
            return self.members(before.len() - 1, station);
        }
        let scope = syntax.scope_at(self.byte);
        if let Some(class) = self.class_around() {
            let words = match (self.head_around(class), syntax.symbols[class].written) {
                (true, "console") => CONSOLE_OPTIONS,
                (false, "console") => CONSOLE_ITEMS,
                (true, "instrument") => INSTRUMENT_OPTIONS,
                (false, "instrument") => INSTRUMENT_ITEMS,
                (true, _) => OPTIONS,
                (false, _) => ITEMS,
            };
            return words.iter().map(|word| keyword(word)).collect();
        }
        if let Some(options) = options_of_test(before) {
            return options.iter().map(|word| keyword(word)).collect();
        }
        let mut found: Vec<CompletionItem> = Vec::new();
        for number in syntax.seen(scope, self.word.start) {
            let symbol = &syntax.symbols[number];
            // The one that is being written.
            if symbol.at == self.word || symbol.at.end == self.byte && symbol.at.start == self.word.start {
                continue;
            }
            let place = Place { file: file.clone(), at: symbol.at.clone(), symbol: Some(number) };
            found.extend(self.declared(&place));
        }
        found.extend(catalog::functions().map(of_entry));
        found.extend(KEYWORDS.iter().filter(|word| !ITEMS.contains(word)).map(|word| keyword(word)));
        let is_written = !self.file.at(&self.word).is_empty();
        found.extend(catalog::of_rhai().iter().filter(|_| is_written).map(of_entry));
        found
    }

    /// What a module shows to others.
    fn exported(&self, module: &Arc<File>) -> Vec<CompletionItem> {
        let symbols = module.syntax.symbols.iter().filter(|symbol| symbol.scope == 0 && !symbol.is_hidden);
        let mut names: Vec<&str> = symbols.map(|symbol| symbol.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let places = names.into_iter().filter_map(|name| resolve::exported(module, name).into_iter().next());
        places.filter_map(|place| self.declared(&place)).collect()
    }

    /// What follows the dot at a byte.
    fn members(&self, dot: usize, station: &dyn Fn() -> Option<Arc<Station>>) -> Vec<CompletionItem> {
        let (file, syntax) = (self.file, &self.file.syntax);
        let scope = syntax.scope_at(dot);
        // The name after the dot, if one is written, knows what is before it.
        let name = syntax.names.iter().find(|name| name.at.start == self.word.start);
        let before = match name.map(|name| &name.form) {
            Some(Form::Member(before)) => before.clone(),
            _ => self.receiver(dot),
        };
        let value = resolve::receiver(self.world, file, &before, (scope, dot));
        let mut found: Vec<CompletionItem> = Vec::new();
        match &value {
            Some(Value::Device(Some(class)) | Value::Instrument(Some(class)) | Value::Console(Some(class))) => {
                let members = resolve::members(self.world, class);
                let shown = members.iter().filter(|member| resolve::symbol(member).is_some_and(|one| !one.is_hidden));
                found.extend(shown.filter_map(|member| self.declared(member)));
            }
            Some(Value::Station(Some(table))) => {
                let station = station();
                let values = station.iter().flat_map(|station| match table.as_str() {
                    "constants" => &station.constants,
                    _ => &station.limits,
                });
                found.extend(values.map(|(name, value)| {
                    let about = About { heads: vec![format!("{name} = {value:?}")], ..About::default() };
                    item(name, CompletionItemKind::CONSTANT, &about)
                }));
            }
            None => {
                for other in self.world.reach(file) {
                    let members = other
                        .syntax
                        .symbols
                        .iter()
                        .enumerate()
                        .filter(|(_, symbol)| symbol.what.is_member() && !symbol.is_hidden);
                    found.extend(members.filter_map(|(number, symbol)| {
                        let place = Place { file: other.clone(), at: symbol.at.clone(), symbol: Some(number) };
                        self.declared(&place)
                    }));
                }
            }
            _ => {}
        }
        found.extend(describe::built_in(value.as_ref()).map(of_entry));
        found
    }

    /// What is before a dot that no name follows.
    fn receiver(&self, dot: usize) -> Receiver {
        // With a name after the dot, the syntax knows it.
        let mut text = self.file.text.get(..=dot).unwrap_or_default().to_owned();
        // The last statements are enough, and a script may be long.
        let from = text.rmatch_indices(['\n', ';']).nth(3).map_or(0, |(at, _)| at + 1);
        text = text.split_off(from) + "x";
        let syntax = super::syntax::Syntax::new(&text);
        match syntax.names.last().map(|name| name.form.clone()) {
            Some(Form::Member(before)) => before,
            _ => Receiver::Unknown,
        }
    }

    /// The class whose block is directly around the cursor.
    fn class_around(&self) -> Option<usize> {
        let syntax = &self.file.syntax;
        let scope = syntax.scope_at(self.word.start);
        let range = &syntax.scopes.get(scope)?.range;
        let is_around = |symbol: &super::syntax::Symbol| {
            symbol.what == What::Class && symbol.whole.end == range.end && symbol.whole.start < range.start
        };
        syntax.symbols.iter().position(is_around)
    }

    /// Whether the cursor is in the head of an item: after its parameters.
    fn head_around(&self, _class: usize) -> bool {
        let tokens = &self.file.syntax.tokens;
        let before = tokens.partition_point(|token| token.range.end <= self.word.start);
        let is_code = |index: &usize| tokens[*index].kind != TokenKind::Comment;
        let Some(last) = (0..before).rev().find(is_code) else { return false };
        let text = self.file.at(&tokens[last].range);
        let is_body = matches!(self.file.syntax.roles[last], super::syntax::Role::Body(_));
        !is_body && !matches!(text, "{" | "}" | ";")
    }
}

/// The options of the test or group whose name, or an option with its value, is directly before the cursor.
fn options_of_test(before: &str) -> Option<&'static [&'static str]> {
    let line = before.rsplit('\n').next()?.trim_start();
    let (word, rest) = line.split_once(' ')?;
    let known = match word {
        "test" => TEST_OPTIONS,
        "group" | "subtest" => GROUP_OPTIONS,
        _ => return None,
    };
    // After an equals sign, or in a bracket, a value is written.
    let is_open = rest.replace("${", "").contains('{') || rest.trim_end().ends_with(['=', ',', '(', '[']);
    (rest.starts_with(['"', '`']) && rest.trim_end().len() > 1 && rest.ends_with(' ') && !is_open).then_some(known)
}

/// The name that a text ends with.
pub fn last_name(text: &str) -> &str {
    let is_other = |c: char| !(c.is_alphanumeric() || c == '_');
    let start = text.rfind(is_other).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    &text[start..]
}
