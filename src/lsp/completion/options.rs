//! Completion of keys in `#{ … }`: the options of the function around it.
//!
//! Invariant: only the place of a key offers keys.

use super::Asked;
use crate::script::TokenKind;
use crate::script::reference::options;
use lsp_types::{CompletionItem, CompletionItemKind};

/// The candidates, if the cursor is where a key is written in the argument of a function with options.
pub fn candidates(asked: &Asked<'_>) -> Option<Vec<CompletionItem>> {
    let (file, tokens) = (asked.file, &asked.file.syntax.tokens);
    let end = tokens.partition_point(|token| token.range.end <= asked.word.start);
    let code: Vec<&str> = tokens[..end]
        .iter()
        .filter(|token| token.kind != TokenKind::Comment)
        .map(|token| file.at(&token.range))
        .collect();
    if !matches!(code.last(), Some(&"{" | &",")) {
        return None;
    }
    let map = open_bracket(&code)?;
    if code[map] != "{" || map.checked_sub(1).and_then(|mark| code.get(mark)) != Some(&"#") {
        return None;
    }
    let call = open_bracket(&code[..map - 1])?;
    let function = code[call].starts_with('(').then(|| code.get(call.checked_sub(1)?)).flatten()?;
    let known = options::of(function);
    let item = |name: &&str| CompletionItem {
        label: (*name).to_owned(),
        kind: Some(CompletionItemKind::PROPERTY),
        detail: Some(format!("option of `{function}`")),
        ..CompletionItem::default()
    };
    (!known.is_empty()).then(|| known.iter().map(item).collect())
}

/// The index of the innermost bracket that is open at the end.
fn open_bracket(code: &[&str]) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, text) in code.iter().enumerate().rev() {
        match *text {
            ")" | "]" | "}" => depth += 1,
            "(" | "[" | "{" if depth == 0 => return Some(index),
            "(" | "[" | "{" => depth -= 1,
            ";" if depth == 0 => return None,
            _ => {}
        }
    }
    None
}
