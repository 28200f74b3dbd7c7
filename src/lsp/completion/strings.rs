//! Completion in strings: modules of an import, ports and boards of `open`.
//!
//! Reads folders for modules, the list of ports, and the station. Invariant: no port is opened.

use super::{Asked, item};
use crate::bench::station::Station;
use crate::lsp::describe::About;
use crate::port::{kind, usb};
use crate::script::reference::module_names;
use crate::script::{TokenKind, library_text, strip_comment};
use lsp_types::{CompletionItem, CompletionItemKind, CompletionTextEdit, TextEdit};
use std::path::Path;
use std::sync::Arc;

/// The candidates, if the cursor is in a string.
pub fn candidates(asked: &Asked<'_>, station: &dyn Fn() -> Option<Arc<Station>>) -> Option<Vec<CompletionItem>> {
    let (file, tokens) = (asked.file, &asked.file.syntax.tokens);
    let number = tokens.iter().position(|token| token.range.start < asked.byte && asked.byte <= token.range.end)?;
    let token = &tokens[number];
    if token.kind != TokenKind::Text {
        return None;
    }
    let text = file.at(&token.range);
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '`'))?;
    let is_closed = text.len() > 1 && text.ends_with(quote);
    let end = if is_closed { token.range.end - 1 } else { token.range.end };
    if asked.byte > end {
        return None;
    }
    let inner = token.range.start + 1..end;
    let written = file.text.get(inner.start..asked.byte)?;
    let code = tokens[..number].iter().rev().filter(|token| token.kind != TokenKind::Comment);
    let before: Vec<&str> = code.take(3).map(|token| file.at(&token.range)).collect();
    let mut found = match before.as_slice() {
        ["import", ..] => modules(asked, written),
        ["(", "open" | "session", "."] => boards(station),
        _ => Vec::new(),
    };
    // A string that is not closed yet may reach far.
    let line = file.text[inner.start..].find(['\n', '\r']).map_or(file.text.len(), |at| inner.start + at);
    let range = file.range(&(inner.start..inner.end.min(line).max(asked.byte)));
    found.retain(|candidate| candidate.label.starts_with(written));
    for candidate in &mut found {
        let new_text = candidate.label.clone();
        candidate.text_edit = Some(CompletionTextEdit::Edit(TextEdit { range, new_text }));
    }
    Some(found)
}

/// Modules of the standard library, and scripts near this one.
fn modules(asked: &Asked<'_>, written: &str) -> Vec<CompletionItem> {
    let standard = module_names().into_iter().map(|name| {
        let text = library_text(&name).unwrap_or_default();
        let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        let doc = strip_comment(&head.join("\n"));
        let about = About { heads: vec![format!("import \"{name}\"")], doc, ..About::default() };
        item(&name, CompletionItemKind::MODULE, &about)
    });
    let mut found: Vec<CompletionItem> = standard.collect();
    let Some(own) = Path::new(&asked.file.name).parent().filter(|folder| folder.is_absolute()) else { return found };
    let prefix = written.rsplit_once('/').map_or("", |(folder, _)| folder);
    let entries = std::fs::read_dir(own.join(prefix)).into_iter().flatten().flatten().take(1000);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let label = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && !name.starts_with('.') {
            found.push(item(&format!("{}/", label(&name)), CompletionItemKind::FOLDER, &About::default()));
        } else if let Some(stem) = name.strip_suffix(".rhai")
            && entry.path() != Path::new(&asked.file.name)
        {
            found.push(item(&label(stem), CompletionItemKind::FILE, &About::default()));
        }
    }
    found
}

/// Boards of the station, ports of this computer, and how other ports begin.
fn boards(station: &dyn Fn() -> Option<Arc<Station>>) -> Vec<CompletionItem> {
    let mut found = Vec::new();
    if let Some(station) = station() {
        for (name, _) in &station.boards {
            let about = About { heads: vec![format!("board of {}", station.file)], ..About::default() };
            found.push(item(name, CompletionItemKind::VALUE, &about));
        }
    }
    for port in usb::list().unwrap_or_default() {
        let about = About { heads: vec!["serial port".to_owned()], ..About::default() };
        found.push(item(&port.device, CompletionItemKind::VALUE, &about));
    }
    found.extend(kind::beginnings().into_iter().map(|begin| item(begin, CompletionItemKind::VALUE, &About::default())));
    found
}
