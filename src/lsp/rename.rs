//! Renames what scripts declare: tasks and other items, methods, classes, functions, variables, aliases.
//!
//! Invariant: a rename changes every place that means the same, or is refused.

use super::navigate::used;
use super::resolve::{self, symbol};
use super::syntax::What;
use super::world::{File, World};
use crate::name::Name;
use crate::script::{KEYWORDS, RHAI_NAMES, check_word};
use lsp_types::{PrepareRenameResponse, TextEdit, Uri, WorkspaceEdit};
use std::collections::HashMap;
use std::sync::Arc;

/// The range of the name that would be renamed.
///
/// # Errors
/// Why it cannot be renamed.
pub fn prepare(world: &World, file: &Arc<File>, byte: usize) -> Result<PrepareRenameResponse, String> {
    let (at, _) = target(world, file, byte)?;
    Ok(PrepareRenameResponse::RangeWithPlaceholder { range: file.range(&at), placeholder: file.at(&at).to_owned() })
}

/// What is renamed: the range of the name at a byte, and what it is.
fn target(world: &World, file: &Arc<File>, byte: usize) -> Result<(std::ops::Range<usize>, What), String> {
    let in_body = file.syntax.body_at(byte).and_then(|body| {
        body.names.iter().find(|name| name.at.start <= byte && byte <= name.at.end).map(|name| name.at.clone())
    });
    let at = in_body.or_else(|| file.syntax.name_at(byte).map(|name| name.at.clone()));
    let at = at.ok_or("there is no name here")?;
    let found = resolve::declarations(world, file, byte);
    let Some(first) = found.first() else { return Err(format!("`{}` is not declared in a script", file.at(&at))) };
    let Some(declared) = symbol(first) else {
        return Err("names in bodies are not renamed, except those of items".to_owned());
    };
    let of_item = declared.parent.and_then(|parent| first.file.syntax.symbols.get(parent));
    if declared.what == What::Parameter && of_item.is_some_and(|parent| parent.what.is_item()) {
        return Err("parameters of items are not renamed: calls may name them".to_owned());
    }
    Ok((at, declared.what))
}

/// The changes that give what is at a byte another name.
///
/// # Errors
/// Why it cannot be renamed.
#[expect(clippy::mutable_key_type, reason = "the protocol's type; a URI hashes by its text")]
pub fn rename(world: &World, file: &Arc<File>, byte: usize, new: &str) -> Result<WorkspaceEdit, String> {
    let (_, what) = target(world, file, byte)?;
    check(what, new)?;
    let (targets, found) = used(world, file, byte, false);
    let (_, doubtful) = used(world, file, byte, true);
    if let Some(place) = targets.iter().chain(&found).find(|place| place.file.name.starts_with("std/")) {
        return Err(format!("`{}` is a standard module", place.file.name));
    }
    if let Some(place) = doubtful.iter().find(|place| !found.contains(place)) {
        let line = place.file.lines.line_of(place.at.start) + 1;
        return Err(format!("{}:{line} may mean something else of the same name", place.file.name));
    }
    for target in &targets {
        let Some(own) = symbol(target) else { continue };
        let is_taken = |other: &super::syntax::Symbol| {
            other.name == new
                && match what.is_member() {
                    true => other.parent == own.parent && other.what.is_member(),
                    false => other.scope == own.scope && !matches!(other.what, What::Test | What::Group),
                }
        };
        if let Some(other) = target.file.syntax.symbols.iter().find(|other| is_taken(other)) {
            return Err(format!("`{}` is declared already", other.head()));
        }
    }
    let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
    for place in &found {
        let Some(uri) = world.uri(&place.file) else { continue };
        let edit = TextEdit { range: place.file.range(&place.at), new_text: new.to_owned() };
        changes.entry(uri).or_default().push(edit);
    }
    Ok(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() })
}

/// Whether something may have a name.
fn check(what: What, new: &str) -> Result<(), String> {
    let is_plain = new.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && new.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && new.chars().any(|c| c != '_');
    if !is_plain {
        return Err(format!("`{new}` is not a valid name"));
    }
    let is_word = RHAI_NAMES.contains(&new) || KEYWORDS.contains(&new) && !what.is_item();
    if is_word {
        return Err(format!("`{new}` is a word of the language"));
    }
    if what.is_member() {
        check_word(new).map_err(|error| error.message().to_owned())?;
        Name::function(new).map_err(|error| error.message().to_owned())?;
    }
    Ok(())
}
