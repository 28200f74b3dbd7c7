//! The signature of the call around the cursor.
//!
//! Pure. Invariant: the parameter that is shown exists in the signature.

use super::describe::{self, About};
use super::lines::number;
use super::world::{File, World};
use crate::python::token::{TokenKind as PythonKind, tokenize};
use crate::script::TokenKind;
use lsp_types::{
    Documentation, MarkupContent, MarkupKind, ParameterInformation, ParameterLabel, SignatureHelp, SignatureInformation,
};
use std::sync::Arc;

/// The call around a byte.
pub fn help(world: &World, file: &Arc<File>, byte: usize) -> Option<SignatureHelp> {
    let (name, argument) = match file.syntax.body_at(byte) {
        Some(body) => {
            let source = file.text.get(body.range.start..byte)?;
            let tokens: Vec<(usize, &str)> = tokenize(source)
                .iter()
                .filter(|token| token.is_significant() && token.kind != PythonKind::Comment)
                .map(|token| (body.range.start + token.start, token.text(source)))
                .collect();
            open_call(&tokens)?
        }
        None => {
            let tokens = file.syntax.tokens.iter().take_while(|token| token.range.end <= byte);
            let code = tokens.filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Sign));
            let code: Vec<(usize, &str)> = code.map(|token| (token.range.start, file.at(&token.range))).collect();
            open_call(&code)?
        }
    };
    let (_, about) = describe::at(world, file, name)?;
    let signatures: Vec<SignatureInformation> = about.iter().flat_map(signatures).collect();
    if signatures.is_empty() {
        return None;
    }
    let fits = |signature: &SignatureInformation| {
        signature.parameters.as_ref().is_some_and(|parameters| parameters.len() > argument)
    };
    let active = signatures.iter().position(fits).unwrap_or(0);
    Some(SignatureHelp { signatures, active_signature: Some(number(active)), active_parameter: Some(number(argument)) })
}

/// Where the name of the innermost call begins that is open at the end, and how many arguments are before.
fn open_call(tokens: &[(usize, &str)]) -> Option<(usize, usize)> {
    let mut depth = 0_usize;
    let mut commas = 0;
    for (index, (_, text)) in tokens.iter().enumerate().rev() {
        match *text {
            ")" | "]" | "}" => depth += 1,
            "(" if depth == 0 => {
                let (at, name) = tokens.get(index.checked_sub(1)?)?;
                return name.starts_with(|c: char| c.is_alphabetic() || c == '_').then_some((*at, commas));
            }
            // A closure or a map in the call: its own commas do not count, and another statement ends the search.
            "[" | "{" if depth == 0 => commas = 0,
            ";" if depth == 0 => return None,
            "(" | "[" | "{" => depth -= 1,
            "," if depth == 0 => commas += 1,
            _ => {}
        }
    }
    None
}

/// The signatures in what is known of a function.
fn signatures(about: &About) -> Vec<SignatureInformation> {
    let heads = about.heads.iter().filter_map(|head| {
        let label = head.trim_end_matches([';', '{', ' ']).to_owned();
        let parameters = parameters(&label)?;
        let documentation = (!about.doc.is_empty()).then(|| {
            Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value: about.doc.clone() })
        });
        Some(SignatureInformation { label, documentation, parameters: Some(parameters), active_parameter: None })
    });
    heads.collect()
}

/// The parameters in a head: those between `(` and `)`, or between the bars of a method.
fn parameters(head: &str) -> Option<Vec<ParameterInformation>> {
    let inner = match head.find('(') {
        Some(open) => {
            let mut depth = 0_i32;
            let close = head[open..].find(|c: char| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                depth == 0
            })?;
            &head[open + 1..open + close]
        }
        None => head.split('|').nth(1)?,
    };
    let mut found = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    for (index, c) in inner.char_indices().chain([(inner.len(), ',')]) {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 || index == inner.len() => {
                let text = inner[start..index].trim();
                if !text.is_empty() {
                    let label = ParameterLabel::Simple(text.to_owned());
                    found.push(ParameterInformation { label, documentation: None });
                }
                start = index + 1;
            }
            _ => {}
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_from_heads() {
        let names = |head: &str| -> Option<Vec<String>> {
            let label = |info: ParameterInformation| match info.label {
                ParameterLabel::Simple(text) => text,
                ParameterLabel::LabelOffsets(_) => String::new(),
            };
            Some(parameters(head)?.into_iter().map(label).collect())
        };
        assert_eq!(names("task read(ch, n = f(1, 2)) for \"x\""), Some(vec!["ch".into(), "n = f(1, 2)".into()]));
        assert_eq!(names("method volts |ch|"), Some(vec!["ch".into()]));
        assert_eq!(names("f()"), Some(vec![]));
        assert_eq!(names("d.port -> String"), None);
        assert_eq!(names("f(a"), None);
    }

    #[test]
    fn the_innermost_open_call_is_found() {
        let call = |words: &[&'static str]| {
            let tokens: Vec<(usize, &str)> = words.iter().copied().enumerate().collect();
            open_call(&tokens)
        };
        assert_eq!(call(&["f", "(", "a", ",", "g", "(", "b", ")", ","]), Some((0, 2)));
        assert_eq!(call(&["f", "(", "a", ",", "g", "("]), Some((4, 0)));
        assert_eq!(call(&["f", "(", "a", ")", ";"]), None);
        assert_eq!(call(&["f", "(", "a", ",", "{", "b", ",", "c"]), Some((0, 1)));
        assert_eq!(call(&["(", "a"]), None);
    }
}
