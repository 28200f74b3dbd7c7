//! Looking at the text of a script where Rhai's parser does not: which `device` begins a declaration, where a body
//! begins, which comment belongs to a class.
//!
//! Invariant: every compilation goes through [`with_text`], on the thread that compiles.

use crate::origin::Origin;
use rhai::{Position, Token};
use std::cell::RefCell;
use std::sync::Arc;

/// What the parse of a script leaves behind besides its tree.
#[derive(Default)]
pub(super) struct Noted {
    /// Names of items and methods that its `device` blocks declare.
    pub names: Vec<String>,
}

struct Current {
    lines: Vec<Arc<str>>,
    noted: Noted,
}

thread_local! {
    static CURRENT: RefCell<Vec<Current>> = const { RefCell::new(Vec::new()) };
}

/// The keyword under which Rhai knows a `device` block; nobody can type it.
pub(super) const DEVICE: &str = "device block";
/// The keyword under which Rhai knows a `test` block.
pub(super) const TEST: &str = "test block";
/// The keyword under which Rhai knows a `group` block.
pub(super) const GROUP: &str = "group block";
/// The keywords under which Rhai knows what runs before and after tests, and how they are written.
pub(super) const HOOKS: [(&str, &str); 4] = [
    ("setup_all block", "setup_all"),
    ("setup_each block", "setup_each"),
    ("teardown_each block", "teardown_each"),
    ("teardown_all block", "teardown_all"),
];
/// The method under which Rhai knows `x.call(…)`, which it would keep for function pointers.
pub(super) const CALL: &str = "call item";

/// Words that Rhai reserves without using them.
const FREED: &[&str] = &[
    "async", "await", "case", "default", "go", "is", "match", "module", "new", "nil", "null", "shared", "spawn",
    "static", "sync", "thread", "use", "with", "yield",
];

/// Compiles with `text` in view; gives the result and what was noted.
pub(super) fn with_text<T>(text: &str, compile: impl FnOnce() -> T) -> (T, Noted) {
    let lines = text.split('\n').map(Arc::from).collect();
    CURRENT.with_borrow_mut(|stack| stack.push(Current { lines, noted: Noted::default() }));
    let result = compile();
    let noted = CURRENT.with_borrow_mut(Vec::pop).map(|current| current.noted).unwrap_or_default();
    (result, noted)
}

/// Notes the name of an item while its block is parsed.
pub(super) fn note_name(name: &str) {
    CURRENT.with_borrow_mut(|stack| {
        if let Some(current) = stack.last_mut() {
            current.noted.names.push(name.to_owned());
        }
    });
}

/// Rhai's token hook: frees reserved words, and finds the words that begin a block by what follows them.
pub(super) fn token(token: Token, position: Position) -> Token {
    match token {
        Token::Reserved(word) if FREED.contains(&word.as_str()) => Token::Identifier(word),
        Token::Reserved(word) if word.as_str() == "call" && preceded_by_dot(position) => {
            Token::Identifier(Box::new(CALL.into()))
        }
        Token::Identifier(word) if word.as_str() == "device" => {
            let begins = follows(position, "device", |next, spaced| spaced && (next.is_alphabetic() || next == '_'));
            Token::Identifier(if begins { Box::new(DEVICE.into()) } else { word })
        }
        Token::Identifier(word) if word.as_str() == "test" => {
            let begins = follows(position, "test", |next, _| matches!(next, '"' | '`' | '#'));
            Token::Identifier(if begins { Box::new(TEST.into()) } else { word })
        }
        Token::Identifier(word) if word.as_str() == "group" => {
            let begins = follows(position, "group", |next, _| matches!(next, '"' | '`' | '#'));
            Token::Identifier(if begins { Box::new(GROUP.into()) } else { word })
        }
        Token::Identifier(word) if word.as_str().ends_with("_all") || word.as_str().ends_with("_each") => {
            let hook = HOOKS.iter().find(|(_, written)| *written == word.as_str());
            let hook = hook.filter(|(_, written)| {
                let begins = |next: char, _| next == '{' || next.is_alphabetic();
                begins_statement(position) && follows(position, written, begins)
            });
            Token::Identifier(hook.map_or(word, |(key, _)| Box::new((*key).into())))
        }
        other => other,
    }
}

/// Whether a statement can begin at a position: a line, or what follows a semicolon or a brace.
fn begins_statement(position: Position) -> bool {
    let (Some(line), Some(column)) = (position.line(), position.position()) else { return false };
    CURRENT.with_borrow(|stack| {
        let Some(text) = stack.last().and_then(|current| current.lines.get(line - 1)) else { return false };
        let before: String = text.chars().take(column.saturating_sub(1)).collect();
        let before = before.trim_end();
        before.is_empty() || before.ends_with([';', '{', '}']) || before.ends_with("*/")
    })
}

/// Whether the `word` at `position` is followed by a character that `fits`, which is told whether white space is between.
fn follows(position: Position, word: &str, fits: impl Fn(char, bool) -> bool) -> bool {
    let (Some(line), Some(column)) = (position.line(), position.position()) else { return false };
    CURRENT.with_borrow(|stack| {
        let Some(current) = stack.last() else { return false };
        let Some(text) = current.lines.get(line - 1) else { return false };
        let rest: String = text.chars().skip(column.saturating_sub(1)).collect();
        let Some(rest) = rest.strip_prefix(word) else { return false };
        let trimmed = rest.trim_start();
        if let Some(next) = trimmed.chars().next() {
            return fits(next, trimmed.len() < rest.len());
        }
        let mut below = current.lines[line..].iter().map(|line| line.trim_start()).filter(|line| !line.is_empty());
        below.next().and_then(|line| line.chars().next()).is_some_and(|next| fits(next, true))
    })
}

fn preceded_by_dot(position: Position) -> bool {
    let (Some(line), Some(column)) = (position.line(), position.position()) else { return false };
    CURRENT.with_borrow(|stack| {
        let Some(current) = stack.last() else { return false };
        let Some(text) = current.lines.get(line - 1) else { return false };
        let before: String = text.chars().take(column.saturating_sub(1)).collect();
        if let Some(last) = before.trim_end().chars().last() {
            return last == '.';
        }
        // A chain of calls that is broken before the name: `x.` on a line above.
        let above = current.lines[..line - 1].iter().rev().map(|line| line.trim_end());
        above.into_iter().find(|line| !line.is_empty()).is_some_and(|line| line.ends_with('.'))
    })
}

/// Puts a statement without effect into the empty blocks whose opening braces stand at `braces`. No line moves, and no
/// column but those behind a block without any white space before or in it.
pub(super) fn fill_blocks(text: &str, mut braces: Vec<Position>) -> String {
    // From the end, so that what is put in does not move the others; a function is seen for each closure in it.
    braces.sort_by_key(|brace| (brace.line(), brace.position()));
    braces.dedup();
    let mut lines: Vec<Vec<char>> = text.split('\n').map(|line| line.chars().collect()).collect();
    for brace in braces.into_iter().rev() {
        let (Some(line), Some(column)) = (brace.line(), brace.position()) else { continue };
        let (Some(line), Some(at)) = (lines.get_mut(line - 1), column.checked_sub(1)) else { continue };
        if line.get(at) != Some(&'{') {
            continue;
        }
        let is_space = |c: Option<&char>| matches!(c, Some(' ' | '\t'));
        if is_space(line.get(at + 1)) {
            line[at + 1] = '0';
        } else if at > 0 && is_space(line.get(at - 1)) {
            line[at - 1] = '{';
            line[at] = '0';
        } else {
            line.insert(at + 1, '0');
        }
    }
    let lines: Vec<String> = lines.into_iter().map(String::from_iter).collect();
    lines.join("\n")
}

/// The names of `catch (name)` in a text.
pub(super) fn caught_names(text: &str) -> Vec<String> {
    let after = text.match_indices("catch").filter_map(|(at, word)| text.get(at + word.len()..));
    let names = after.filter_map(|rest| {
        let inside = rest.trim_start().strip_prefix('(')?.trim_start();
        let end = inside.find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
        inside[end..].trim_start().starts_with(')').then(|| inside[..end].to_owned())
    });
    names.filter(|name| !name.is_empty()).collect()
}

/// Where the first character of the string literal at `quote` stands. Rhai drops the line end that directly follows an
/// opening back-tick.
pub(super) fn literal_origin(text: &str, source: &str, line: usize, column: usize) -> Origin {
    let rest: Vec<char> =
        text.split('\n').nth(line.saturating_sub(1)).unwrap_or("").chars().skip(column.saturating_sub(1)).collect();
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    match rest.first() {
        Some('`') if rest[1..].iter().all(|c| *c == '\r') => Origin::new(source, number(line + 1), 1),
        Some('#') => {
            let marks = rest.iter().take_while(|c| **c == '#').count();
            Origin::new(source, number(line), number(column + marks + 1))
        }
        _ => Origin::new(source, number(line), number(column + 1)),
    }
}

/// The comment directly above a line, without its marks: the documentation of a class.
pub(super) fn comment_above(text: &str, line: usize) -> String {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut doc: Vec<&str> = Vec::new();
    let mut index = line.saturating_sub(1).min(lines.len());
    let mut in_block = false;
    while index > 0 {
        let above = lines[index - 1].trim();
        if in_block || above.ends_with("*/") {
            in_block = !above.starts_with("/*");
        } else if !above.starts_with("//") {
            break;
        }
        doc.push(above);
        index -= 1;
    }
    doc.reverse();
    strip_comment(&doc.join("\n"))
}

/// The text of a comment without its marks.
pub(super) fn strip_comment(comment: &str) -> String {
    let mut lines = Vec::new();
    for line in comment.split('\n') {
        let line = line.trim();
        let line = line.strip_prefix("/**").or_else(|| line.strip_prefix("/*")).unwrap_or(line);
        let line = line.strip_suffix("*/").unwrap_or(line);
        let line = line.trim_start_matches('/');
        let line = if line == "!" { "" } else { line.strip_prefix("! ").unwrap_or(line) };
        let line = line.strip_prefix("* ").or_else(|| line.strip_prefix('*')).unwrap_or(line);
        lines.push(line.strip_prefix(' ').unwrap_or(line).trim_end());
    }
    lines.join("\n").trim().to_owned()
}

/// Makes documentation comments above a `device` block plain comments, as Rhai takes the former only above functions.
/// Nothing moves: one character is replaced by a blank.
pub(super) fn soften_comments(text: &str) -> String {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let mut belongs = false;
    for index in (0..lines.len()).rev() {
        let line = lines[index].trim();
        let plain = line.starts_with("//") || line.starts_with("/*") || line.starts_with('*') || line.ends_with("*/");
        let begins = ["device ", "test \"", "group \""].iter().any(|word| line.starts_with(word));
        if begins || HOOKS.iter().any(|(_, word)| line.starts_with(word)) {
            belongs = true;
        } else if belongs && line.starts_with("///") {
            lines[index] = lines[index].replacen("///", "// ", 1);
        } else if belongs && line.starts_with("/**") && !line.starts_with("/***") {
            lines[index] = lines[index].replacen("/**", "/* ", 1);
        } else if !plain {
            belongs = false;
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_begins_after_its_quote_or_on_the_next_line() {
        fn case(text: &str, line: usize, column: usize, wanted: (u32, u32)) {
            let origin = literal_origin(text, "a", line, column);
            assert_eq!((origin.line, origin.column), wanted, "{text:?}");
        }
        case("task a() `\n  x\n`", 1, 10, (2, 1));
        case("task a() `\r\n  x\r\n`", 1, 10, (2, 1));
        case("task a() `x`", 1, 10, (1, 11));
        case("task a() ` \n x`", 1, 10, (1, 11));
        case("task a() \"x\"", 1, 10, (1, 11));
        case("task a() ##\"\nx\"##", 1, 10, (1, 13));
    }

    #[test]
    fn empty_blocks_are_filled_without_moving_what_follows() {
        fn case(text: &str, columns: &[u16], wanted: &str) {
            let braces = columns.iter().map(|column| Position::new(1, *column)).collect();
            assert_eq!(fill_blocks(text, braces), wanted);
        }
        case("for x in g { } f()", &[12], "for x in g {0} f()");
        case("for x in g {} f()", &[12], "for x in g{0} f()");
        case("for x in g(){}", &[13], "for x in g(){0}");
        case("for x in g {\n}", &[12], "for x in g{0\n}");
        case("for x in ä {} for y in g { // c", &[12, 26, 12], "for x in ä{0} for y in g {0// c");
    }

    #[test]
    fn comments_above_a_class_are_its_documentation() {
        let text = "let a = 1;\n\n/// One board:\n// its inside.\ndevice A {}\n";
        assert_eq!(comment_above(text, 5), "One board:\nits inside.");
        assert_eq!(comment_above("/** One\n * two\n */\ndevice A {}", 4), "One\ntwo");
        assert_eq!(comment_above("let a = 1;\ndevice A {}", 2), "");
        assert_eq!(strip_comment("//! One.\n//!\n//! Two!"), "One.\n\nTwo!");
        assert_eq!(
            soften_comments("/// A\n// b\ndevice A {}\n/// f\nfn f() {}"),
            "//  A\n// b\ndevice A {}\n/// f\nfn f() {}"
        );
    }
}
