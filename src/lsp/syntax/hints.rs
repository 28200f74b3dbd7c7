//! What is known of a value from the way in which it is written.
//!
//! Invariant: in doubt, nothing.

use super::build::Builder;
use super::{ClassPath, Hint};

/// What the expression that begins at `at` gives.
pub(super) fn hint(builder: &Builder<'_>, at: usize) -> Hint {
    if builder.is(at, "[") {
        return match hint(builder, at + 1) {
            Hint::Device(class) => Hint::Devices(class),
            _ => Hint::Unknown,
        };
    }
    let Some((class, next)) = class_at(builder, at) else { return Hint::Unknown };
    if builder.is(next, ".") && builder.is(next + 1, "open") && builder.is(next + 2, "(") {
        let after = builder.after_bracket(next + 2);
        return if ends(builder, after) { Hint::Device(class) } else { Hint::Unknown };
    }
    if class.alias.is_none() && builder.is(next, "[") && ends(builder, builder.after_bracket(next)) {
        return Hint::Element(class.name);
    }
    if class.alias.is_none() && ends(builder, next) { Hint::Same(class.name) } else { Hint::Unknown }
}

/// Whether an expression ends before the token at `at`.
fn ends(builder: &Builder<'_>, at: usize) -> bool {
    let (_, text) = builder.token(at);
    matches!(text, "" | ";" | "," | ")" | "]" | "}" | "{")
}

/// The name at `at`, with or without an alias, and the index after it.
fn class_at(builder: &Builder<'_>, at: usize) -> Option<(ClassPath, usize)> {
    let first = builder.word(at)?.to_owned();
    if builder.is(at + 1, ":") && builder.is(at + 2, ":") {
        let name = builder.word(at + 3)?.to_owned();
        return Some((ClassPath { alias: Some(first), name }, at + 4));
    }
    Some((ClassPath { alias: None, name: first }, at + 1))
}

/// The class in `Class.function`, where `function` is at `at`.
pub(super) fn class_before(builder: &Builder<'_>, at: usize) -> Option<ClassPath> {
    let name = at.checked_sub(2).filter(|_| builder.before(at).1 == ".")?;
    let alias = name.checked_sub(3).filter(|_| builder.is(name - 1, ":") && builder.is(name - 2, ":"));
    let alias = alias.and_then(|alias| builder.word(alias)).map(str::to_owned);
    Some(ClassPath { alias, name: builder.word(name)?.to_owned() })
}
