//! What the editor shows of the name under the pointer.

use super::describe;
use super::world::{File, World};
use lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind};
use std::sync::Arc;

/// What is known of the name at a byte.
pub fn hover(world: &World, file: &Arc<File>, byte: usize) -> Option<Hover> {
    if file.syntax.is_comment(byte) {
        return None;
    }
    let (at, about) = describe::at(world, file, byte)?;
    // Several classes may have a member of this name.
    let shown: Vec<String> = about.iter().take(4).map(describe::About::markdown).collect();
    let contents = MarkupContent { kind: MarkupKind::Markdown, value: shown.join("\n---\n") };
    Some(Hover { contents: HoverContents::Markup(contents), range: Some(file.range(&at)) })
}
