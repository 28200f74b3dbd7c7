//! What can be folded: brackets and bodies of several lines, comments, imports.

use super::world::File;
use crate::script::TokenKind;
use lsp_types::{FoldingRange, FoldingRangeKind};
use std::ops::Range;

/// The ranges of a document.
pub fn ranges(file: &File) -> Vec<FoldingRange> {
    let mut found = Vec::new();
    let line = |byte: usize| file.lines.line_of(byte);
    let mut add = |range: Range<usize>, kind: Option<FoldingRangeKind>, keeps_last: bool| {
        let (start, end) = (range.start, range.end.saturating_sub(usize::from(keeps_last)));
        if end > start {
            found.push(FoldingRange {
                start_line: super::lines::number(start),
                end_line: super::lines::number(end),
                kind,
                ..FoldingRange::default()
            });
        }
    };
    for bracket in &file.syntax.brackets {
        add(line(bracket.start)..line(bracket.end.saturating_sub(1)), None, true);
    }
    for body in &file.syntax.bodies {
        add(line(body.range.start)..line(body.range.end), None, true);
    }
    // Comments on lines that follow each other.
    let mut comment: Option<Range<usize>> = None;
    for token in file.syntax.tokens.iter().filter(|token| token.kind == TokenKind::Comment) {
        let (first, last) = (line(token.range.start), line(token.range.end.saturating_sub(1).max(token.range.start)));
        let own = file.at(&(file.lines.line(&file.text, first).start..token.range.start)).trim().is_empty();
        match comment.as_mut().filter(|comment| own && comment.end + 1 == first) {
            Some(comment) => comment.end = last,
            None => {
                if let Some(comment) = comment.replace(first..last) {
                    add(comment, Some(FoldingRangeKind::Comment), false);
                }
            }
        }
    }
    if let Some(comment) = comment {
        add(comment, Some(FoldingRangeKind::Comment), false);
    }
    let imports = &file.syntax.imports;
    if let (Some(first), Some(last)) = (imports.first(), imports.last()) {
        let lines = line(first.at.start)..line(last.at.start);
        // Only a block of nothing else.
        if lines.end - lines.start < 2 * imports.len() {
            add(lines, Some(FoldingRangeKind::Imports), false);
        }
    }
    found
}
