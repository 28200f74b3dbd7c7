//! Where something is declared, and where it is used.

use super::resolve;
use super::world::{File, Place, World};
use lsp_types::{DocumentHighlight, GotoDefinitionResponse, Location};
use std::sync::Arc;

/// The declarations of what is at a byte. Of an import, the module.
pub fn definition(world: &World, file: &Arc<File>, byte: usize) -> Option<GotoDefinitionResponse> {
    let import = file.syntax.imports.iter().find(|import| import.at.start <= byte && byte <= import.at.end);
    let path = import.map(|import| import.path.clone()).or_else(|| {
        // Before `::`, the module is meant, and not the line that imports it.
        let name = file.syntax.name_at(byte)?;
        let is_alias = file.text.get(name.at.end..).is_some_and(|rest| rest.starts_with("::"));
        Some(file.syntax.import(file.at(&name.at)).filter(|_| is_alias)?.path.clone())
    });
    let found = match path.and_then(|path| world.imported(file, &path)) {
        Some(module) => vec![Place { file: module, at: 0..0, symbol: None }],
        None => resolve::declarations(world, file, byte),
    };
    let locations: Vec<Location> = found.iter().filter_map(|place| world.location(place)).collect();
    (!locations.is_empty()).then_some(GotoDefinitionResponse::Array(locations))
}

/// Where something is used, in every script that can reach it.
pub fn references(world: &World, file: &Arc<File>, byte: usize, with_declaration: bool) -> Vec<Location> {
    let (targets, mut found) = used(world, file, byte, true);
    if !with_declaration {
        found.retain(|place| !targets.contains(place));
    }
    found.iter().filter_map(|place| world.location(place)).collect()
}

/// The declarations of what is at a byte, and every place that means one of them.
pub fn used(world: &World, file: &Arc<File>, byte: usize, doubtful: bool) -> (Vec<Place>, Vec<Place>) {
    let targets = resolve::declarations(world, file, byte);
    let mut files: Vec<Arc<File>> = Vec::new();
    for target in &targets {
        for other in world.around(&target.file) {
            if !files.iter().any(|known| known.name == other.name) {
                files.push(other);
            }
        }
    }
    let targets = resolve::family(world, &files, &targets);
    let found = resolve::references(world, &files, &targets, doubtful);
    (targets, found)
}

/// Where something is used in the document.
pub fn highlights(world: &World, file: &Arc<File>, byte: usize) -> Vec<DocumentHighlight> {
    let targets = resolve::declarations(world, file, byte);
    let found = resolve::references(world, std::slice::from_ref(file), &targets, true);
    found.iter().map(|place| DocumentHighlight { range: file.range(&place.at), kind: None }).collect()
}
