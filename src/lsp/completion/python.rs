//! Completion in bodies: names of the board, of the class, and MicroPython's modules.

use super::{Asked, item, last_name};
use crate::lsp::catalog::{self, OnBoard};
use crate::lsp::describe::{self, About};
use crate::lsp::resolve;
use crate::lsp::syntax::{Body, What};
use crate::lsp::world::Place;
use crate::name::PYTHON_KEYWORDS;
use crate::python::token::{TokenKind, tokenize};
use lsp_types::{CompletionItem, CompletionItemKind};

fn on_board(entry: &OnBoard) -> CompletionItem {
    let name = entry.path.rsplit('.').next().unwrap_or_default();
    let kind = match () {
        () if !entry.path.contains('.') => CompletionItemKind::MODULE,
        () if name.starts_with(char::is_uppercase) && entry.head.contains('(') => CompletionItemKind::CLASS,
        () if entry.head.contains('(') => CompletionItemKind::FUNCTION,
        () => CompletionItemKind::CONSTANT,
    };
    item(name, kind, &About::on_board(entry))
}

/// The candidates in a body.
pub fn candidates(asked: &Asked<'_>, body: &Body) -> Vec<CompletionItem> {
    let (world, file) = (asked.world, asked.file);
    let before = file.text.get(body.range.start..asked.word.start).unwrap_or_default();
    let is_in_text = tokenize(file.text.get(body.range.start..asked.byte).unwrap_or_default())
        .last()
        .is_some_and(|last| matches!(last.kind, TokenKind::Comment | TokenKind::Error(_)));
    if is_in_text {
        return Vec::new();
    }
    if let Some(before) = before.strip_suffix('.') {
        let name = last_name(before);
        let chain = before[..before.len() - name.len()].strip_suffix('.').map(last_name);
        let path = match chain {
            Some(first) => describe::path_of(world, file, body, first).map(|first| format!("{first}.{name}")),
            None => describe::path_of(world, file, body, name),
        };
        return path.map(|path| catalog::inside(&path).map(on_board).collect()).unwrap_or_default();
    }
    let line = before.rsplit(['\n', ';']).next().unwrap_or_default().trim_start();
    if let Some(from) = line.strip_prefix("from ") {
        return match from.split_once(" import") {
            Some((module, _)) => catalog::inside(module.trim()).map(on_board).collect(),
            None => catalog::modules().map(on_board).collect(),
        };
    }
    if line.starts_with("import ") {
        return catalog::modules().map(on_board).collect();
    }
    let mut found = Vec::new();
    let own = body.names.iter().filter(|name| name.is_bound() && name.at != asked.word);
    for name in own {
        let place = Place { file: file.clone(), at: name.at.clone(), symbol: None };
        found.push(item(file.at(&name.at), CompletionItemKind::VARIABLE, &describe::about(world, &place)));
    }
    let params =
        file.syntax.symbols.iter().enumerate().filter(|(_, symbol)| {
            symbol.what == What::Parameter && symbol.parent.is_some() && symbol.parent == body.item
        });
    for (number, symbol) in params {
        let place = Place { file: file.clone(), at: symbol.at.clone(), symbol: Some(number) };
        found.extend(asked.declared(&place));
    }
    found.extend(of_class(asked, body));
    for (name, path) in catalog::IMPORTED {
        if let Some(entry) = catalog::at(path) {
            found.push(item(name, CompletionItemKind::MODULE, &About::on_board(entry)));
        }
    }
    found.extend(catalog::inside("").map(on_board));
    found.extend(PYTHON_KEYWORDS.iter().map(|word| super::keyword(word)));
    found
}

/// What the setups of the class bind, and its tasks and threads.
fn of_class(asked: &Asked<'_>, body: &Body) -> Vec<CompletionItem> {
    let (world, file) = (asked.world, asked.file);
    let Some(class) = body.class else { return Vec::new() };
    let at = file.syntax.symbols[class].at.clone();
    let class = Place { file: file.clone(), at, symbol: Some(class) };
    let mut found = Vec::new();
    for home in resolve::lineage(world, &class) {
        for other in home.file.syntax.bodies.iter().filter(|other| other.class == home.symbol) {
            let item_of = other.item.and_then(|item| home.file.syntax.symbols.get(item));
            if item_of.is_none_or(|item| item.what != What::Setup) {
                continue;
            }
            for name in other.names.iter().filter(|name| name.is_bound() && name.is_top) {
                let place = Place { file: home.file.clone(), at: name.at.clone(), symbol: None };
                let about = describe::about(world, &place);
                found.push(item(home.file.at(&name.at), CompletionItemKind::VARIABLE, &about));
            }
            let params = home.file.syntax.symbols.iter().enumerate();
            for (number, symbol) in
                params.filter(|(_, symbol)| symbol.what == What::Parameter && symbol.parent == other.item)
            {
                let place = Place { file: home.file.clone(), at: symbol.at.clone(), symbol: Some(number) };
                found.extend(asked.declared(&place));
            }
        }
    }
    let items = resolve::members(world, &class).into_iter().filter(|member| {
        resolve::symbol(member).is_some_and(|symbol| matches!(symbol.what, What::Task | What::Thread))
    });
    found.extend(items.filter_map(|member| asked.declared(&member)));
    found
}
