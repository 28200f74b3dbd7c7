//! Semantic tokens: what each word of a script, and of the Python in it, is.
//!
//! Invariant: tokens follow each other, do not overlap, and lie on one line each.

use super::syntax::python::Use;
use super::syntax::{Body, Form, Role, Syntax, What};
use super::world::File;
use crate::name::PYTHON_KEYWORDS;
use crate::python::token::{TokenKind as PythonKind, tokenize};
use crate::script::TokenKind;
use lsp_types::{SemanticToken, SemanticTokenModifier, SemanticTokenType, SemanticTokens, SemanticTokensLegend};
use std::ops::Range;

/// What a token can be. The order is the one of the legend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum Kind {
    Keyword,
    Comment,
    String,
    Number,
    Function,
    Method,
    Class,
    Namespace,
    Variable,
    Parameter,
    Property,
    Type,
}

/// Bits of the modifiers, in the order of the legend.
const DECLARATION: u32 = 1;
const READONLY: u32 = 2;
const DEFAULT: u32 = 4;

/// The names of kinds and modifiers.
pub fn legend() -> SemanticTokensLegend {
    SemanticTokensLegend {
        token_types: vec![
            SemanticTokenType::KEYWORD,
            SemanticTokenType::COMMENT,
            SemanticTokenType::STRING,
            SemanticTokenType::NUMBER,
            SemanticTokenType::FUNCTION,
            SemanticTokenType::METHOD,
            SemanticTokenType::CLASS,
            SemanticTokenType::NAMESPACE,
            SemanticTokenType::VARIABLE,
            SemanticTokenType::PARAMETER,
            SemanticTokenType::PROPERTY,
            SemanticTokenType::TYPE,
        ],
        token_modifiers: vec![
            SemanticTokenModifier::DECLARATION,
            SemanticTokenModifier::READONLY,
            SemanticTokenModifier::DEFAULT_LIBRARY,
        ],
    }
}

/// The tokens of a document; with `within`, of these bytes.
pub fn tokens(file: &File, within: Option<Range<usize>>) -> SemanticTokens {
    let mut writer = Writer { file, data: Vec::new(), line: 0, column: 0 };
    let is_wanted = |range: &Range<usize>| {
        within.as_ref().is_none_or(|within| range.start < within.end && within.start < range.end)
    };
    for (index, token) in file.syntax.tokens.iter().enumerate().filter(|(_, token)| is_wanted(&token.range)) {
        let text = file.at(&token.range);
        match (token.kind, file.syntax.roles[index]) {
            (_, Role::Body(number)) => {
                let Some(body) = file.syntax.bodies.get(number) else { continue };
                writer.add(&(token.range.start..body.range.start), Kind::String, 0);
                python(&mut writer, body);
                writer.add(&(body.range.end..token.range.end), Kind::String, 0);
            }
            (TokenKind::Comment, _) => writer.add(&token.range, Kind::Comment, 0),
            (TokenKind::Text | TokenKind::Raw, _) => writer.add(&token.range, Kind::String, 0),
            (_, Role::Keyword) => writer.add(&token.range, Kind::Keyword, 0),
            (_, Role::Option) => writer.add(&token.range, Kind::Property, 0),
            (_, Role::Annotation) => writer.add(&token.range, Kind::Type, 0),
            (TokenKind::Word, Role::Name(number)) => {
                let (kind, modifiers) = name(&file.syntax, file, number);
                writer.add(&token.range, kind, modifiers);
            }
            (TokenKind::Word, Role::Other) if text.starts_with(|c: char| c.is_ascii_digit()) => {
                writer.add(&token.range, Kind::Number, 0);
            }
            _ => {}
        }
    }
    SemanticTokens { result_id: None, data: writer.data }
}

/// What a name of the script is.
fn name(syntax: &Syntax, file: &File, number: usize) -> (Kind, u32) {
    let name = &syntax.names[number];
    let of = |symbol: usize| {
        let symbol = &syntax.symbols[symbol];
        match symbol.what {
            What::Variable => (Kind::Variable, 0),
            What::Constant => (Kind::Variable, READONLY),
            What::Parameter => (Kind::Parameter, 0),
            What::Function => (Kind::Function, 0),
            What::Class => (Kind::Class, 0),
            What::Alias => (Kind::Namespace, 0),
            _ => (Kind::Method, 0),
        }
    };
    match &name.form {
        Form::Declared(symbol) => {
            let (kind, modifiers) = of(*symbol);
            (kind, modifiers | DECLARATION)
        }
        Form::Plain => match syntax.lookup(file.at(&name.at), name.scope, name.at.start) {
            Some(symbol) => of(symbol),
            None if name.is_called => (Kind::Function, DEFAULT),
            None if matches!(file.at(&name.at), "Console" | "Device") => (Kind::Class, DEFAULT),
            None => (Kind::Variable, 0),
        },
        Form::Member(_) if name.is_called => (Kind::Method, 0),
        Form::Member(_) | Form::Key => (Kind::Property, 0),
        Form::Of(_) if name.is_called => (Kind::Function, 0),
        Form::Of(_) if file.at(&name.at).starts_with(char::is_uppercase) => (Kind::Class, 0),
        Form::Of(_) => (Kind::Variable, 0),
    }
}

/// The tokens of a body.
fn python(writer: &mut Writer<'_>, body: &Body) {
    let (file, start) = (writer.file, body.range.start);
    let source = file.at(&body.range);
    let mut names = body.names.iter().peekable();
    let tokens = tokenize(source);
    for (index, token) in tokens.iter().enumerate() {
        let range = start + token.start..start + token.end;
        let text = token.text(source);
        match token.kind {
            PythonKind::Name if PYTHON_KEYWORDS.contains(&text) => writer.add(&range, Kind::Keyword, 0),
            PythonKind::Name => {
                while names.peek().is_some_and(|name| name.at.start < range.start) {
                    names.next();
                }
                let Some(name) = names.peek().filter(|name| name.at == range) else { continue };
                let next = tokens[index + 1..].iter().find(|next| next.is_significant());
                let is_called = next.is_some_and(|next| next.text(source) == "(");
                let is_parameter = || {
                    let is_one = |symbol: &super::syntax::Symbol| {
                        symbol.what == What::Parameter
                            && symbol.parent.is_some()
                            && symbol.parent == body.item
                            && symbol.name == text
                    };
                    file.syntax
                        .by_name
                        .get(text)
                        .into_iter()
                        .flatten()
                        .any(|index| is_one(&file.syntax.symbols[*index]))
                };
                let (kind, modifiers) = match &name.how {
                    Use::Bound if name.is_definition => (Kind::Function, DECLARATION),
                    Use::Imported { name: None, .. } => (Kind::Namespace, DECLARATION),
                    Use::Attribute(_) if is_called => (Kind::Method, 0),
                    Use::Attribute(_) => (Kind::Property, 0),
                    Use::Argument => (Kind::Parameter, 0),
                    _ if is_parameter() => (Kind::Parameter, 0),
                    _ if is_called && text.starts_with(char::is_uppercase) => (Kind::Class, 0),
                    _ if is_called => (Kind::Function, 0),
                    _ => (Kind::Variable, 0),
                };
                writer.add(&range, kind, modifiers);
            }
            PythonKind::Number => writer.add(&range, Kind::Number, 0),
            PythonKind::String(_) => writer.add(&range, Kind::String, 0),
            PythonKind::Comment => writer.add(&range, Kind::Comment, 0),
            _ => {}
        }
    }
}

/// Writes tokens as differences.
struct Writer<'f> {
    file: &'f File,
    data: Vec<SemanticToken>,
    line: u32,
    column: u32,
}

impl Writer<'_> {
    /// Adds a token, one for each of its lines.
    fn add(&mut self, range: &Range<usize>, kind: Kind, modifiers: u32) {
        let (file, mut start) = (self.file, range.start);
        while start < range.end {
            let line = file.lines.line_of(start);
            let end = file.lines.line(&file.text, line).end.min(range.end);
            if end > start {
                let position = file.lines.position(&file.text, start);
                let length = file.lines.encoding().columns(file.at(&(start..end)));
                let delta_line = position.line.saturating_sub(self.line);
                let column = if delta_line == 0 { self.column } else { 0 };
                self.data.push(SemanticToken {
                    delta_line,
                    delta_start: position.character.saturating_sub(column),
                    length: super::lines::number(length),
                    token_type: kind as u32,
                    token_modifiers_bitset: modifiers,
                });
                (self.line, self.column) = (position.line, position.character);
            }
            match file.lines.start(line + 1) {
                Some(next) if next > start => start = next,
                _ => break,
            }
        }
    }
}
