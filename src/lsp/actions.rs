//! Quick fixes: the changes that the analysis knows to be the only ones.
//!
//! Invariant: a fix is offered only for the text in which its problem was found.

use super::diagnostics::Problem;
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CodeActionResponse, Range, WorkspaceEdit,
};
use std::collections::HashMap;

/// The fixes of the problems in the range that was asked for.
#[expect(clippy::mutable_key_type, reason = "the protocol's type; a URI hashes by its text")]
pub fn fixes(asked: &CodeActionParams, problems: &[Problem]) -> CodeActionResponse {
    let wanted = asked.context.only.as_ref();
    if wanted.is_some_and(|kinds| !kinds.contains(&CodeActionKind::QUICKFIX)) {
        return Vec::new();
    }
    let touched = problems.iter().filter(|problem| touches(&problem.shown.range, &asked.range));
    let fixes = touched.filter_map(|problem| {
        let (title, edit) = problem.fix.clone()?;
        let changes = HashMap::from([(asked.text_document.uri.clone(), vec![edit])]);
        Some(CodeActionOrCommand::CodeAction(CodeAction {
            title,
            kind: Some(CodeActionKind::QUICKFIX),
            diagnostics: Some(vec![problem.shown.clone()]),
            edit: Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }),
            is_preferred: Some(true),
            ..CodeAction::default()
        }))
    });
    fixes.collect()
}

fn touches(one: &Range, two: &Range) -> bool {
    one.start <= two.end && two.start <= one.end
}
