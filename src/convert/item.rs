//! One decorated function as an item of a `device` block.
//!
//! Uses [`crate::python`] and the options of [`crate::device::class`]. Invariant: body and defaults are those of the
//! function; what an item cannot have is reported.

use super::literal::{Constants, content, expression, string};
use super::outline::{Source, Statement, Word, arguments, keyword};
use super::quote::{dedent, indent, quote};
use super::scope::Decoration;
use crate::device::class::{ItemKind, ItemOptions};
use crate::name::Name;
use crate::python::SourceError;
use crate::python::body::Body;
use crate::python::lines::Code;
use crate::python::signature::{Definition, ParamText, parse_def};
use crate::python::token::{TokenKind, tokenize};
use crate::value::Value;

/// The lines of an item, without indentation of their own except in bodies.
pub(super) struct Item {
    /// Lines before it: comments, and its documentation.
    pub above: Vec<String>,
    /// The item.
    pub text: String,
}

/// The width of a line that holds an item with its body.
const WIDE: usize = 110;

/// The item for a function and the decorator that declares it; `reports` get what an item cannot have.
///
/// # Errors
/// Invalid Python, with its line; `Ok(None)` if the function cannot be an item, which is reported.
pub(super) fn item(
    source: &Source<'_>,
    statement: &Statement,
    decoration: &Decoration<'_>,
    constants: &mut Constants,
    reports: &mut Vec<SourceError>,
) -> Result<Option<Item>, SourceError> {
    let start = source.code.lines[statement.head].first_line;
    let text = source.lines[start as usize..statement.lines.end].join("\n");
    let report = |message: String, help: &str| SourceError::new(start, message, help);
    let name = source.texts(statement.head).into_iter().skip_while(|word| *word != "def").nth(1).unwrap_or_default();
    let refuse = |why: String, help: &str| report(format!("`{name}` is not converted: {why}"), help);
    if let Some(collects) = collecting(&source.words(statement.head)) {
        let help = "name each parameter, or pass a list or a dict";
        reports.push(refuse(format!("`{collects}` is not available in items"), help));
        return Ok(None);
    }
    let definition = parse_def(&text).map_err(|error| SourceError { line: error.line + start, ..error })?;
    if definition.is_async {
        reports.push(refuse("an item cannot be `async def`".to_owned(), "run the coroutine inside a task"));
        return Ok(None);
    }
    if let Err(error) = Name::function(name) {
        reports.push(refuse(error.message().to_owned(), error.help().unwrap_or_default()));
        return Ok(None);
    }
    let mut above: Vec<String> = Vec::new();
    let mut params = Vec::new();
    for param in &definition.params {
        let Some(text) = parameter(param, constants, &mut above) else {
            let default = param.default.as_deref().unwrap_or_default();
            let help = "write the default as a literal, or compute it in the body";
            reports.push(refuse(format!("the default `{default}` of `{}` is not a literal", param.name), help));
            return Ok(None);
        };
        params.push(text);
    }
    let mut header = format!("{} {name}({})", decoration.kind, params.join(", "));
    match &definition.returns {
        Some(returns) if is_plain(returns, true) => header.push_str(&format!(" -> {returns}")),
        Some(returns) => above.push(format!("// left out: the annotation `-> {returns}`")),
        None => {}
    }
    header.push_str(&options(source, statement, decoration, constants, reports));
    let (docs, comment, body) = body(&definition, start)?;
    above.extend(comment);
    above.extend(docs);
    Ok(Some(Item { above, text: with_body(&header, &body) }))
}

/// The first parameter that an item cannot have: `*args`, `**kwargs`, `*` or `/`.
fn collecting(head: &[Word<'_>]) -> Option<String> {
    let open = head.iter().position(|word| word.text == "(")?;
    let close = head.iter().scan(0i32, |depth, word| {
        *depth += match word.text {
            "(" | "[" | "{" => 1,
            ")" | "]" | "}" => -1,
            _ => 0,
        };
        Some((*depth, word.text))
    });
    let close = close.skip(open).position(|(depth, text)| depth == 0 && text == ")")? + open;
    let wrong = |part: &&[Word<'_>]| part.first().is_some_and(|first| matches!(first.text, "*" | "**" | "/"));
    arguments(&head[open + 1..close]).into_iter().find(wrong).map(|part| part.iter().map(|word| word.text).collect())
}

/// A parameter with its annotation and default. `None` if the default is not a literal.
fn parameter(param: &ParamText, constants: &mut Constants, above: &mut Vec<String>) -> Option<String> {
    let mut text = param.name.clone();
    match &param.annotation {
        Some(annotation) if is_plain(annotation, false) => text.push_str(&format!(": {annotation}")),
        Some(annotation) => above.push(format!("// left out: the annotation `{}: {annotation}`", param.name)),
        None => {}
    }
    if let Some(default) = &param.default {
        let tokens = tokenize(default);
        let word = |token: &crate::python::token::Token| Word { text: token.text(default), kind: token.kind };
        let words: Vec<Word<'_>> = tokens.iter().filter(|token| token.is_significant()).map(word).collect();
        text.push_str(&format!(" = {}", expression(&words, constants)?));
    }
    Some(text)
}

/// Whether an annotation is one that an item takes: a dotted name, which may have brackets.
fn is_plain(annotation: &str, commas: bool) -> bool {
    tokenize(annotation).iter().all(|token| match token.kind {
        TokenKind::Name => true,
        TokenKind::Operator => {
            matches!(token.text(annotation), "." | "[" | "]") || commas && token.text(annotation) == ","
        }
        _ => token.kind == TokenKind::Blank && commas,
    })
}

/// The options that differ from the defaults.
fn options(
    source: &Source<'_>,
    statement: &Statement,
    decoration: &Decoration<'_>,
    constants: &mut Constants,
    reports: &mut Vec<SourceError>,
) -> String {
    let kind = decoration.kind;
    let line = source.code.lines[decoration.line].first_line;
    let mut text = String::new();
    for argument in arguments(&decoration.arguments) {
        let written: String = argument.iter().map(|word| word.text).collect();
        let mut refuse = |why: &str, help: &str| {
            reports.push(SourceError::new(line, format!("the option `{written}` is left out: {why}"), help));
        };
        let Some((name, value)) = keyword(argument) else {
            refuse("options are named", "write it as `name=value`");
            continue;
        };
        if name == "implementation" {
            match string(value) {
                Some(value) if value.is_empty() => {}
                Some(value) => text.insert_str(0, &format!(" for {}", super::literal::quoted(&value))),
                None => refuse("its value is not a literal", "write `for \"NAME\"` before the body"),
            }
            continue;
        }
        let Some(value) = expression(value, constants) else {
            refuse("its value is not a literal", "write the option before the body");
            continue;
        };
        let known = match value.as_str() {
            "true" | "false" => Value::Bool(value == "true"),
            _ => Value::None,
        };
        let defaults = ItemOptions::defaults(kind);
        let mut set = defaults.clone();
        match set.set(kind, name, &known) {
            Ok(()) if set == defaults => {}
            Ok(()) if value == "true" => text.push_str(&format!(" {name}")),
            Ok(()) => text.push_str(&format!(" {name} = {value}")),
            // A constant, which `check` looks at.
            Err(_) if constants.known.contains(&value) => text.push_str(&format!(" {name} = {value}")),
            Err(error) => refuse(error.message(), error.help().unwrap_or_default()),
        }
    }
    for line in statement.decorators.clone() {
        match source.texts(line).as_slice() {
            ["@", "micropython", ".", emitter @ ("native" | "viper")]
                if matches!(kind, ItemKind::Task | ItemKind::Thread) =>
            {
                text.push_str(&format!(" emitter = \"{emitter}\""));
            }
            _ => {}
        }
    }
    text
}

/// Documentation, the comment after the colon, and the dedented body.
type Parts = (Vec<String>, Option<String>, String);

/// The parts of a function whose `def` is in line `start`.
fn body(definition: &Definition, start: u32) -> Result<Parts, SourceError> {
    let text = definition.body.as_str();
    let line = definition.body_line + start;
    Body::parse(text).map_err(|error| SourceError { line: error.line + line, ..error })?;
    let code = Code::new(text);
    if code.starts_on_quote_line() || code.lines.is_empty() {
        return Ok((Vec::new(), None, text.trim().to_owned()));
    }
    let (after, rest) = text.split_once('\n').unwrap_or((text, ""));
    let comment = after.trim().strip_prefix('#').map(super::comment);
    let mut lines: Vec<&str> = rest.split('\n').collect();
    let mut docs = Vec::new();
    if let Some(doc) = docstring(&code) {
        let (first, last) = (code.lines[0].first_line as usize - 1, code.lines[0].last_line as usize - 1);
        let token = code.tokens[code.lines[0].first];
        let before = &text[..token.start];
        let alone = before.rsplit('\n').next().is_some_and(|margin| margin.trim().is_empty())
            && text[token.end..].lines().next().is_none_or(|after| after.trim().is_empty());
        if alone {
            docs = doc;
            lines.drain(first..=last);
        }
    }
    while lines.first().is_some_and(|line| line.trim().is_empty()) {
        lines.remove(0);
    }
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    let body = lines.join("\n");
    // Tabs keep their places.
    Ok((docs, comment, dedent(&body).unwrap_or(body)))
}

/// The lines of a docstring as comments.
pub(super) fn docstring(code: &Code<'_>) -> Option<Vec<String>> {
    let line = code.lines.first()?;
    let token = &code.tokens[line.first];
    let TokenKind::String(literal) = token.kind else { return None };
    if line.end != line.first + 1 {
        return None;
    }
    let text = content(token.text(code.source), literal)?;
    Some(documentation(&text).iter().map(|line| super::mark("///", line)).collect())
}

/// A docstring's lines without common indentation, as by Python's `inspect.cleandoc`.
fn documentation(text: &str) -> Vec<String> {
    let margin = |line: &&str| line.len() - line.trim_start().len();
    let common = text.split('\n').skip(1).filter(|line| !line.trim().is_empty()).map(|line| margin(&line)).min();
    let mut lines: Vec<String> = text
        .split('\n')
        .enumerate()
        .map(|(index, line)| match index {
            0 => line.trim().to_owned(),
            _ => line.get(common.unwrap_or(0)..).unwrap_or_default().trim_end().to_owned(),
        })
        .collect();
    while lines.first().is_some_and(String::is_empty) {
        lines.remove(0);
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// The item on one line, or its body on lines of its own.
fn with_body(header: &str, body: &str) -> String {
    let inline = format!("{header} {}", quote(body));
    if !body.contains('\n') && inline.chars().count() < WIDE {
        return inline;
    }
    let body = if dedent(body).is_some() { indent(body, 8) } else { body.to_owned() };
    format!("{header} {}", quote(&format!("\n{body}\n    ")))
}
