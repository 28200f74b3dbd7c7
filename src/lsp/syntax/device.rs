//! Reads the heads of items and methods in a `device` block.
//!
//! Invariant: an unfinished head ends where the next item begins, or the block ends.

use super::build::Builder;
use super::{Body, ClassPath, Form, Parameter, Role, What};
use crate::script::TokenKind;

/// Reads the base classes from `at` on; gives the index of the `{`, or of what is there in its place.
pub(super) fn bases(builder: &mut Builder<'_>, class: usize, mut at: usize) -> usize {
    while let Some(first) = builder.word(at) {
        let path = if builder.is(at + 1, ":") && builder.is(at + 2, ":") && builder.word(at + 3).is_some() {
            builder.name(at, Form::Plain);
            builder.name(at + 3, Form::Of(first.to_owned()));
            at += 3;
            ClassPath { alias: Some(first.to_owned()), name: builder.token(at).1.to_owned() }
        } else {
            builder.name(at, Form::Plain);
            ClassPath { alias: None, name: first.to_owned() }
        };
        at += 1;
        let shown = match &path.alias {
            Some(alias) => format!("{alias}::{}", path.name),
            None => path.name.clone(),
        };
        let symbol = &mut builder.syntax.symbols[class];
        let gap = if symbol.rest.is_empty() { "" } else { ", " };
        symbol.rest = format!("{}{gap}{shown}", symbol.rest);
        symbol.bases.push(path);
        if builder.is(at, ",") {
            at += 1;
        }
    }
    at
}

/// Reads an item or a method; gives the index after it.
pub(super) fn item(builder: &mut Builder<'_>, what: What, at: usize, class: usize) -> usize {
    let scope = builder.scope();
    let symbol = builder.declare(what, at + 1, at, scope);
    builder.syntax.symbols[symbol].parent = Some(class);
    let next = at + 2;
    if what == What::Method {
        if !builder.is(next, "|") {
            return next;
        }
        let after = builder.closure(next, Some(symbol));
        return after;
    }
    if !builder.is(next, "(") {
        return next;
    }
    let next = parameters(builder, symbol, next);
    options(builder, symbol, class, next)
}

/// Reads the parameters in the bracket at `at`; gives the index after it.
fn parameters(builder: &mut Builder<'_>, item: usize, at: usize) -> usize {
    let after = parameters_end(builder, at);
    let end = if builder.before(after).1 == ")" { after - 1 } else { after };
    let mut next = at + 1;
    while next < end {
        if builder.word(next).is_none() || item_begins(builder, next) {
            break;
        }
        let name = next;
        let stop = parameter_end(builder, name, end);
        let mut value = None;
        let mut inside = name + 1;
        while inside < stop {
            if value.is_none() && builder.is(inside, "=") {
                value = Some(inside);
            } else if builder.word(inside).is_some() {
                match value {
                    None => builder.set_role(inside, Role::Annotation),
                    Some(_)
                        if builder.before(inside).1 != "." && !matches!(builder.token(inside).1, "true" | "false") =>
                    {
                        builder.name(inside, Form::Plain);
                    }
                    Some(_) => {}
                }
            }
            inside += 1;
        }
        let (from, to) = (builder.range(name).start, builder.range(stop.saturating_sub(1).max(name)).end);
        let shown = builder.text.get(from..to).unwrap_or_default();
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        let scope = builder.syntax.symbols[item].scope;
        let parameter = builder.declare(What::Parameter, name, name, scope);
        // Only the body sees it.
        builder.syntax.symbols[parameter].scope = usize::MAX;
        builder.syntax.symbols[parameter].parent = Some(item);
        let name = builder.syntax.symbols[parameter].name.clone();
        builder.syntax.symbols[item].params.push(Parameter { name, shown });
        next = stop + usize::from(builder.is(stop, ","));
    }
    builder.syntax.symbols[item].whole.end = builder.range(after.saturating_sub(1)).end;
    after
}

/// The index after the bracket that closes the one at `at`; of an unfinished head, where the next item begins.
fn parameters_end(builder: &Builder<'_>, at: usize) -> usize {
    let after = builder.after_bracket(at).max(at + 1);
    (at + 1..after).find(|next| item_begins(builder, *next)).unwrap_or(after)
}

/// Where the parameter at `at` ends: at a comma of its own level, or at `end`.
fn parameter_end(builder: &Builder<'_>, at: usize, end: usize) -> usize {
    let mut depth = 0_usize;
    for next in at..end {
        match builder.token(next) {
            (TokenKind::Sign, "(" | "[" | "{") => depth += 1,
            (TokenKind::Sign, ")" | "]" | "}") => depth = depth.saturating_sub(1),
            (TokenKind::Sign, ",") if depth == 0 => return next,
            _ => {}
        }
    }
    end
}

/// Whether an item begins at `at`.
fn item_begins(builder: &Builder<'_>, at: usize) -> bool {
    match builder.word(at) {
        Some("setup" | "task" | "thread" | "teardown" | "command" | "query") => {
            builder.word(at + 1).is_some() && builder.is(at + 2, "(")
        }
        Some("method") => builder.word(at + 1).is_some() && builder.is(at + 2, "|"),
        _ => false,
    }
}

/// Reads the options and the body; gives the index after them.
fn options(builder: &mut Builder<'_>, item: usize, class: usize, at: usize) -> usize {
    let mut next = at;
    loop {
        let (kind, text) = builder.token(next);
        if text.is_empty() || kind == TokenKind::Sign && matches!(text, "}" | ";") || item_begins(builder, next) {
            return next;
        }
        let before = builder.before(next).1;
        // A setup that is a closure.
        if builder.is(next, "|") {
            return builder.closure(next, Some(item));
        }
        if builder.is_string(next) && !matches!(before, "=" | "for") {
            let (from, to) = (builder.range(at).start, builder.range(next).start);
            let rest = builder.text.get(from..to).unwrap_or_default();
            let symbol = &mut builder.syntax.symbols[item];
            symbol.rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
            symbol.is_hidden = symbol.rest.replace(' ', "").contains("register=false");
            if builder.syntax.symbols[class].is_instrument {
                builder.syntax.symbols[item].whole.end = builder.range(next).end;
                // `-> float` may follow the message.
                let returns =
                    builder.is(next + 1, "-") && builder.is(next + 2, ">") && builder.word(next + 3).is_some();
                if returns {
                    builder.set_role(next + 3, Role::Annotation);
                }
                let after = if returns { next + 4 } else { next + 1 };
                // The message is as much of the head as a signature is.
                let rest = from..builder.range(after - 1).end;
                let rest = builder.text.get(rest).unwrap_or_default();
                builder.syntax.symbols[item].rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
                return after;
            }
            return body(builder, next, Some(item), Some(class));
        }
        if builder.word(next).is_some() {
            let is_value = before == "=";
            let role = match text {
                "for" => Role::Keyword,
                "true" | "false" => Role::Keyword,
                _ if before == ">" || before == "[" => Role::Annotation,
                _ => Role::Option,
            };
            if is_value && role == Role::Option {
                builder.name(next, Form::Plain);
            } else {
                builder.set_role(next, role);
            }
        }
        next += 1;
    }
}

/// Notes the string at `at` as Python; gives the index after it.
pub(super) fn body(builder: &mut Builder<'_>, at: usize, item: Option<usize>, class: Option<usize>) -> usize {
    let (range, (kind, written)) = (builder.range(at), builder.token(at));
    let marks = if kind == TokenKind::Raw { written.bytes().take_while(|byte| *byte == b'#').count() } else { 0 };
    let quote = written[marks..].chars().next().unwrap_or('"');
    let open = marks + quote.len_utf8();
    let close = format!("{quote}{}", "#".repeat(marks));
    let is_closed = written.len() >= open + close.len() && written.ends_with(&close);
    let end = if is_closed { range.end - close.len() } else { range.end };
    if let Some(item) = item {
        builder.syntax.symbols[item].whole.end = range.end;
    }
    let number = builder.syntax.bodies.len();
    builder.syntax.bodies.push(Body {
        range: range.start + open..end.max(range.start + open),
        item,
        class,
        names: Vec::new(),
    });
    builder.set_role(at, Role::Body(number));
    at + 1
}
