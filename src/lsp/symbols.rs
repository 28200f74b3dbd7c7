//! The outline of a document.

use super::syntax::{Symbol, What};
use super::world::File;
use lsp_types::{DocumentSymbol, DocumentSymbolResponse, Location, SymbolInformation, SymbolKind, Uri};

/// What a document declares: classes with their items, groups with their tests, functions, variables of the script.
pub fn outline(file: &File) -> DocumentSymbolResponse {
    DocumentSymbolResponse::Nested(inside(file, None, &mut 0))
}

/// The same as a list, for editors that show no tree.
#[expect(deprecated, reason = "a field of the protocol that has to be there")]
pub fn list(file: &File, uri: &Uri) -> DocumentSymbolResponse {
    let symbols = file.syntax.symbols.iter().filter(|symbol| is_shown(symbol));
    let shown = symbols.map(|symbol| SymbolInformation {
        name: symbol.name.clone(),
        kind: kind(symbol.what),
        tags: None,
        deprecated: None,
        location: Location { uri: uri.clone(), range: file.range(&symbol.whole) },
        container_name: symbol.parent.map(|parent| file.syntax.symbols[parent].name.clone()),
    });
    DocumentSymbolResponse::Flat(shown.collect())
}

fn is_shown(symbol: &Symbol) -> bool {
    match symbol.what {
        What::Parameter => false,
        What::Variable | What::Constant => symbol.scope == 0,
        _ => !symbol.name.is_empty(),
    }
}

/// The symbols in a class or a group. `depth`: how many are around; more than a few levels are not shown.
#[expect(deprecated, reason = "a field of the protocol that has to be there")]
fn inside(file: &File, parent: Option<usize>, depth: &mut usize) -> Vec<DocumentSymbol> {
    if *depth > 16 {
        return Vec::new();
    }
    *depth += 1;
    let own = file.syntax.symbols.iter().enumerate();
    let own = own.filter(|(index, symbol)| symbol.parent == parent && is_shown(symbol) && Some(*index) != parent);
    let found = own.map(|(index, symbol)| {
        let holds = matches!(symbol.what, What::Class | What::Group);
        let children = if holds { Some(inside(file, Some(index), depth)) } else { None };
        let whole = symbol.whole.start.min(symbol.at.start)..symbol.whole.end.max(symbol.at.end);
        DocumentSymbol {
            name: symbol.name.clone(),
            detail: Some(detail(symbol)).filter(|detail| !detail.is_empty()),
            kind: kind(symbol.what),
            tags: None,
            deprecated: None,
            range: file.range(&whole),
            selection_range: file.range(&symbol.at),
            children: children.filter(|children| !children.is_empty()),
        }
    });
    let found = found.collect();
    *depth -= 1;
    found
}

/// What is shown beside a name.
fn detail(symbol: &Symbol) -> String {
    match symbol.what {
        What::Test | What::Group | What::Hook | What::Alias | What::Variable | What::Constant => {
            if symbol.what == What::Alias { symbol.rest.clone() } else { symbol.what.word().to_owned() }
        }
        _ => symbol.head(),
    }
}

fn kind(what: What) -> SymbolKind {
    match what {
        What::Class => SymbolKind::CLASS,
        What::Setup | What::Teardown => SymbolKind::CONSTRUCTOR,
        What::Task | What::Thread | What::Method | What::Test => SymbolKind::METHOD,
        What::Function => SymbolKind::FUNCTION,
        What::Constant => SymbolKind::CONSTANT,
        What::Variable | What::Parameter => SymbolKind::VARIABLE,
        What::Alias => SymbolKind::MODULE,
        What::Group => SymbolKind::NAMESPACE,
        What::Hook => SymbolKind::EVENT,
    }
}
