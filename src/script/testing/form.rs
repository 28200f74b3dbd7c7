//! The grammar of tests, groups and hooks: blocks, `test "name" { … }`, and calls, `test(name, || …)`.
//!
//! Works on the segments that Rhai's parser hands over, one letter for each. Invariant: the state holds only a string (Rhai
//! hashes it, and panics on anything else).

use crate::script::language::syntax::{words, wrong};
use crate::script::names::{self, GROUP, GROUP_CALL, HOOKS, ROWS, SUBTEST, SUBTEST_CALL, TEST, TEST_CALL};
use rhai::{Array, CustomExpr, Dynamic, Expr, ImmutableString, ParseError};

/// The segments that reach evaluation.
pub(crate) mod op {
    /// The name.
    pub const NAME: char = 'N';
    /// The name of an option.
    pub const OPTION: char = 'O';
    /// The value of the option before it.
    pub const VALUE: char = 'V';
    /// The variable that holds the row.
    pub const ROW: char = 'R';
    /// The rows.
    pub const TABLE: char = 'T';
    /// The block.
    pub const BLOCK: char = 'B';
    /// An argument of a call: the options or the closure.
    pub const ARGUMENT: char = 'E';
}

/// The letters of a block, from the stored state.
pub(crate) fn letters(state: &Dynamic) -> String {
    state.read_lock::<Array>().and_then(|array| array.first().cloned()?.into_string().ok()).unwrap_or_default()
}

/// The keyword of a block as a script writes it.
pub(crate) fn word(key: &str) -> &'static str {
    match key {
        TEST | ROWS | TEST_CALL => "test",
        GROUP | GROUP_CALL => "group",
        SUBTEST | SUBTEST_CALL => "subtest",
        key => HOOKS.iter().find(|(known, _)| *known == key).map_or("", |(_, word)| word),
    }
}

/// The block or call of tests in an expression, with its keyword.
pub(crate) fn key_of(custom: &CustomExpr) -> &str {
    custom.tokens.first().map_or("", |key| key.as_str())
}

/// Whether it is a test.
pub(crate) fn is_test(custom: &CustomExpr) -> bool {
    matches!(key_of(custom), TEST | ROWS | TEST_CALL)
}

/// Whether it is a group or a subtest.
pub(crate) fn is_group(custom: &CustomExpr) -> bool {
    matches!(key_of(custom), GROUP | GROUP_CALL | SUBTEST | SUBTEST_CALL)
}

/// The segments with their letters.
pub(crate) fn segments(custom: &CustomExpr) -> Vec<(char, &Expr)> {
    letters(&custom.state).chars().zip(&custom.inputs).collect()
}

/// The parse callback of a block. Further letters: `=` after an equals sign, `F` after `for`, `I` after `in`, `Z` at the end.
pub(crate) fn block(
    next: &str,
    state: &mut Dynamic,
    word: &'static str,
    has_rows: bool,
) -> Result<Option<ImmutableString>, ParseError> {
    let named = matches!(word, "test" | "group" | "subtest");
    let mut ops = letters(state);
    let segment = match ops.chars().last() {
        // An interpolated string appears as this word.
        None if named && next == "string" => ask(&mut ops, op::NAME, "$expr$"),
        None if named => ask(&mut ops, op::NAME, "$string$"),
        Some(op::BLOCK) => ask(&mut ops, 'Z', "$$test"),
        Some('Z') => None,
        Some('=') => answer(&mut ops, op::VALUE, "$expr$"),
        Some('F') => answer(&mut ops, op::ROW, "$ident$"),
        Some(op::ROW) if next == "in" => ask(&mut ops, 'I', "in"),
        Some(op::ROW) => return wrong(format!("expected `in` after the variable, found {}", words(next)), ROWS_HELP),
        Some('I') => answer(&mut ops, op::TABLE, "$expr$"),
        Some(op::OPTION) if next == "=" => ask(&mut ops, '=', "="),
        Some(op::OPTION) if next.starts_with('"') => ask(&mut ops, op::VALUE, "$string$"),
        _ if next == "{" => ask(&mut ops, op::BLOCK, "$block$"),
        _ if next == "for" && word != "test" => {
            return wrong(format!("a {word} takes no rows"), "write a `for` loop around it, and a name with `${…}`");
        }
        // Its keyword was not recognised as that of a table.
        _ if next == "for" && !has_rows => return wrong("expected an option or `{`, found `for`", ROWS_HELP),
        _ if next == "for" && ops.contains(op::TABLE) => return wrong("a test takes one table of rows", ROWS_HELP),
        _ if next == "for" => ask(&mut ops, 'F', "for"),
        _ if next.starts_with(|first: char| first.is_alphabetic()) => ask(&mut ops, op::OPTION, "$token$"),
        _ if named => {
            let message = format!("expected an option or `{{` after the {word}'s name, found {}", words(next));
            return wrong(message, "");
        }
        _ => return wrong(format!("expected an option or `{{` after `{word}`, found {}", words(next)), ""),
    };
    *state = Dynamic::from_array(vec![Dynamic::from(ops)]);
    Ok(segment.map(Into::into))
}

const ROWS_HELP: &str = "write `test \"name\" for row in [#{ volts: 1 }, #{ volts: 2 }] { … }`";

/// The parse callback of a call. Further letters: `(` after the parenthesis, `,` after a comma, `)` at the end.
pub(crate) fn call(next: &str, state: &mut Dynamic, word: &'static str) -> Result<Option<ImmutableString>, ParseError> {
    let mut ops = letters(state);
    let usage = format!("write `{word}(name, || …)` or `{word}(name, #{{ tags: \"slow\" }}, || …)`");
    let count = ops.chars().filter(|op| matches!(*op, op::NAME | op::ARGUMENT)).count();
    let segment = match ops.chars().last() {
        None => ask(&mut ops, '(', "("),
        Some('(') if next == ")" => return wrong(format!("`{word}` has no name"), &usage),
        Some('(') => answer(&mut ops, op::NAME, "$expr$"),
        Some(')') => None,
        Some(',') if next != ")" => answer(&mut ops, op::ARGUMENT, "$expr$"),
        Some(op::NAME | op::ARGUMENT) if next == "," && count < 3 => ask(&mut ops, ',', ","),
        Some(op::NAME) => return wrong(format!("`{word}` has no closure"), &usage),
        _ if next == ")" => ask(&mut ops, ')', ")"),
        _ => return wrong(format!("expected `)` after the arguments of `{word}`, found {}", words(next)), &usage),
    };
    if segment == Some(")") {
        ops.retain(|op| op != ',');
    }
    *state = Dynamic::from_array(vec![Dynamic::from(ops)]);
    Ok(segment.map(Into::into))
}

fn ask(ops: &mut String, op: char, segment: &'static str) -> Option<&'static str> {
    ops.push(op);
    Some(segment)
}

/// As [`ask`], in place of the last letter, which stood for a sign or a word.
fn answer(ops: &mut String, op: char, segment: &'static str) -> Option<&'static str> {
    ops.pop();
    ask(ops, op, segment)
}

/// The text of a name in the source, `…` for each computed part, and whether there is one.
pub(crate) fn written_name(name: Option<&Expr>) -> (String, bool) {
    match name {
        Some(Expr::StringConstant(name, _)) => (name.to_string(), false),
        Some(Expr::InterpolatedString(parts, _)) => {
            let part = |part: &Expr| match part {
                Expr::StringConstant(text, _) => text.to_string(),
                _ => names::COMPUTED.to_owned(),
            };
            (parts.iter().map(part).collect(), true)
        }
        _ => (names::COMPUTED.to_owned(), true),
    }
}
