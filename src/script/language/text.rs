//! Inspects script text beyond Rhai's parser: which `device` starts a declaration, where a body
//! starts, which comment documents a class.
//!
//! Invariant: every compilation goes through [`with_text`], on the thread that compiles.

use crate::origin::Origin;
use crate::script::language::comparing;
use crate::script::language::counting::Counting;
use crate::script::language::marks;
use crate::script::language::tokens::{Kind, Tokens};
use crate::script::names::{
    CALL, CONSOLE, DEVICE, FREED, GROUP, GROUP_CALL, HELP_MARK, HOOKS, INSTRUMENT, ROWS, SUBTEST, SUBTEST_CALL, TEST,
    TEST_CALL,
};
use rhai::{LexError, Position, Token};
use std::cell::RefCell;

/// What parsing a script yields besides its tree.
#[derive(Default)]
pub(crate) struct Noted {
    /// Names of items and methods declared in its `device` blocks.
    pub names: Vec<String>,
}

struct Current {
    tokens: Tokens,
    counting: Counting,
    is_standard: bool,
    /// Whether a `device` block is being parsed.
    in_block: bool,
    noted: Noted,
}

thread_local! {
    static CURRENT: RefCell<Vec<Current>> = const { RefCell::new(Vec::new()) };
}

/// A text being compiled.
pub(crate) struct View<'t> {
    pub text: &'t str,
    /// No variables come from outside the text.
    pub is_whole: bool,
    /// Whether it is a standard module.
    pub is_standard: bool,
}

/// Compiles with `view` as the current text; returns the result and the notes.
pub(crate) fn with_text<T>(view: &View<'_>, compile: impl FnOnce() -> T) -> (T, Noted) {
    let tokens = Tokens::new(view.text);
    let counting = if view.is_whole { Counting::of(&tokens) } else { Counting::default() };
    let is_standard = view.is_standard;
    let current = Current { tokens, counting, is_standard, in_block: false, noted: Noted::default() };
    CURRENT.with_borrow_mut(|stack| stack.push(current));
    let result = compile();
    let noted = CURRENT.with_borrow_mut(Vec::pop).map(|current| current.noted).unwrap_or_default();
    (result, noted)
}

/// Records the start or end of a `device` block.
pub(crate) fn note_block(begins: bool) {
    CURRENT.with_borrow_mut(|stack| {
        if let Some(current) = stack.last_mut() {
            current.in_block = begins;
        }
    });
}

/// Records an item name while its block is parsed.
pub(crate) fn note_name(name: &str) {
    CURRENT.with_borrow_mut(|stack| {
        if let Some(current) = stack.last_mut() {
            current.noted.names.push(name.to_owned());
        }
    });
}

/// Rhai's token hook: frees reserved words, and recognises block keywords from the tokens around them. Elsewhere
/// these words are ordinary names.
pub(crate) fn token(token: Token, position: Position) -> Token {
    match token {
        Token::Reserved(word) if FREED.contains(&word.as_str()) => Token::Identifier(word),
        Token::Custom(sign) => match (comparing::built_in(&sign), marks::division(&sign)) {
            (Some(faster), _) if is_free_of_floats(position, &sign) => faster,
            (_, Some(faster)) if divides_exactly(position) => faster,
            _ => Token::Custom(sign),
        },
        Token::Reserved(word) if word.as_str() == "eval" && is_called(position, "eval") => {
            let message =
                format!("`eval` is not part of the language{HELP_MARK}on a device the call is `d.exec(\"code\")`");
            Token::LexError(Box::new(LexError::Runtime(message)))
        }
        Token::Reserved(word) if word.as_str() == "call" && after_dot(position) => {
            Token::Identifier(Box::new(CALL.into()))
        }
        Token::Identifier(word) => {
            let key = match word.as_str() {
                "device" => begins(position, "device", DEVICE, |_, next| next.is_name),
                "instrument" => begins(position, "instrument", INSTRUMENT, |_, next| next.is_name),
                "console" => begins(position, "console", CONSOLE, |_, next| next.is_name),
                "test" if has_rows(position) => begins(position, "test", ROWS, |_, next| next.is_text),
                "test" => test_word(position, "test", TEST, TEST_CALL),
                "group" => test_word(position, "group", GROUP, GROUP_CALL),
                "subtest" => test_word(position, "subtest", SUBTEST, SUBTEST_CALL),
                _ => HOOKS.iter().find(|(_, written)| *written == word.as_str()).and_then(|(key, written)| {
                    begins(position, written, key, |before, next| before && (next.is_name || next.is_brace))
                }),
            };
            Token::Identifier(key.map_or(word, |key| Box::new(key.into())))
        }
        // Rhai rejects this sign as soon as it reads it.
        Token::LexError(_) if is_arrow(position) => Token::Identifier(Box::new("->".into())),
        Token::LexError(error) => marks::token(&error).unwrap_or(Token::LexError(error)),
        Token::Reserved(word) if is_key(position, &word) => Token::Identifier(word),
        word if word.is_standard_keyword() && is_key(position, word.literal_syntax()) => {
            Token::Identifier(Box::new(word.literal_syntax().into()))
        }
        other => other,
    }
}

/// Whether the `word` at `position` is a map key, `#{ fn: 1 }`, or an annotated parameter.
fn is_key(position: Position, word: &str) -> bool {
    let fits = |before: Option<(Kind, &str)>, after: Option<(Kind, &str)>| {
        let begins = before.is_some_and(|(_, text)| matches!(text, "{" | "," | "("));
        (begins && after.is_some_and(|(_, text)| text == ":")).then_some(())
    };
    around(position, word, fits).is_some()
}

/// Whether the `word` at `position` is called as a function.
fn is_called(position: Position, word: &str) -> bool {
    let is = |token: Option<(Kind, &str)>, wanted: &str| token.is_some_and(|(_, text)| text == wanted);
    around(position, word, |before, after| (!is(before, ".") && is(after, "(")).then_some(())).is_some()
}

/// Whether `position` is the `->` of an item.
fn is_arrow(position: Position) -> bool {
    CURRENT.with_borrow(|stack| {
        let Some(Current { tokens, in_block: true, .. }) = stack.last() else { return false };
        let next = tokens.index_of(position, '-').and_then(|index| tokens.list().get(index + 1));
        next.is_some_and(|next| tokens.text(next) == ">")
    })
}

/// Whether the comparison `sign` at `position` has no float operand.
fn is_free_of_floats(position: Position, sign: &str) -> bool {
    CURRENT.with_borrow(|stack| {
        let Some(Current { tokens, counting, .. }) = stack.last() else { return false };
        let found = sign.chars().next().and_then(|first| tokens.index_of(position, first));
        found.is_some_and(|index| counting.is_free_of_floats(tokens, index, sign.len()))
    })
}

/// Whether the division at `position` cannot lose a remainder, or must not report it.
fn divides_exactly(position: Position) -> bool {
    CURRENT.with_borrow(|stack| {
        let Some(Current { tokens, is_standard, .. }) = stack.last() else { return false };
        *is_standard || tokens.index_of(position, '/').is_some_and(|index| marks::has_float(tokens, index))
    })
}

/// The token after a word.
#[derive(Default)]
struct Next {
    /// A name, or a Rhai word that is not an operator.
    is_name: bool,
    is_text: bool,
    is_brace: bool,
}

/// `key` if the `word` at `position` starts a block: `fits` gets whether a statement can start there, and the
/// next token.
fn begins(
    position: Position,
    word: &str,
    key: &'static str,
    fits: impl Fn(bool, Next) -> bool,
) -> Option<&'static str> {
    around(position, word, |before, after| {
        let (next, text) = after?;
        let starts = |first: fn(char) -> bool| text.starts_with(first);
        // Two adjacent names occur only with these two operators.
        let is_name = next == Kind::Word && !matches!(text, "in" | "as") && starts(|c| c.is_alphabetic() || c == '_');
        let is_text = next == Kind::Raw || next == Kind::Text && starts(|c| c != '\'');
        let next = Next { is_name, is_text, is_brace: text == "{" };
        let begins_statement = before.is_none_or(|(_, text)| matches!(text, ";" | "{" | "}"));
        (before.is_none_or(|(_, text)| text != ".") && fits(begins_statement, next)).then_some(key)
    })
}

/// The key of a block of tests, `test "name" {`, or of a call, `test(name, || …)`.
fn test_word(position: Position, word: &str, block: &'static str, call: &'static str) -> Option<&'static str> {
    begins(position, word, block, |_, next| next.is_text).or_else(|| is_call_of_tests(position, word).then_some(call))
}

/// Whether the `word` at `position` is called, and is not a function of the script itself, a method or a function of a module.
fn is_call_of_tests(position: Position, word: &str) -> bool {
    let fits = |before: Option<(Kind, &str)>, after: Option<(Kind, &str)>| {
        let is_own = before.is_some_and(|(_, text)| matches!(text, "." | ":" | "fn"));
        (!is_own && after.is_some_and(|(_, text)| text == "(")).then_some(())
    };
    around(position, word, fits).is_some() && !defines(word)
}

/// Whether the text has a function of this name.
fn defines(word: &str) -> bool {
    CURRENT.with_borrow(|stack| {
        let Some(Current { tokens, .. }) = stack.last() else { return false };
        let is =
            |index: usize, wanted: &str| tokens.list().get(index).is_some_and(|token| tokens.text(token) == wanted);
        (0..tokens.list().len()).any(|index| is(index, "fn") && is(index + 1, word))
    })
}

/// Whether `for` follows the name of the `test` at `position`, before its block.
fn has_rows(position: Position) -> bool {
    CURRENT.with_borrow(|stack| {
        let Some(Current { tokens, .. }) = stack.last() else { return false };
        let Some(start) = tokens.index_of(position, 't') else { return false };
        let mut depth = 0_usize;
        let mut before = "";
        for token in &tokens.list()[start + 1..] {
            let text = tokens.text(token);
            match token.kind {
                Kind::Text if text.ends_with("${") => depth += 1,
                Kind::Word if depth == 0 && text == "for" => return true,
                Kind::Sign => match text {
                    "{" if depth == 0 && before != "#" => return false,
                    ";" if depth == 0 => return false,
                    "(" | "[" | "{" => depth += 1,
                    ")" | "]" | "}" => match depth.checked_sub(1) {
                        Some(less) => depth = less,
                        None => return false,
                    },
                    _ => {}
                },
                _ => {}
            }
            before = text;
        }
        false
    })
}

/// Whether the word `call` at `position` belongs to `x.call(…)`.
fn after_dot(position: Position) -> bool {
    let is = |token: Option<(Kind, &str)>, wanted: &str| token.is_some_and(|(_, text)| text == wanted);
    around(position, "call", |before, after| (is(before, ".") && is(after, "(")).then_some(())).is_some()
}

/// Inspects the tokens before and after the `word` at `position`.
fn around<T>(
    position: Position,
    word: &str,
    look: impl FnOnce(Option<(Kind, &str)>, Option<(Kind, &str)>) -> Option<T>,
) -> Option<T> {
    CURRENT.with_borrow(|stack| {
        let tokens = &stack.last()?.tokens;
        let (before, after) = tokens.around(position, word);
        let shown = |token: &crate::script::language::tokens::Token| (token.kind, tokens.text(token));
        look(before.map(shown), after.map(shown))
    })
}

/// Puts a statement without effect into the empty blocks that open at `braces`. Lines do not move; columns move only
/// after a block that contains no white space and follows none.
pub(crate) fn fill_blocks(text: &str, mut braces: Vec<Position>) -> String {
    // Backwards, so that insertions do not move the rest; a function is visited once per closure in it.
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
pub(crate) fn caught_names(text: &str) -> Vec<String> {
    let after = text.match_indices("catch").filter_map(|(at, word)| text.get(at + word.len()..));
    let names = after.filter_map(|rest| {
        let inside = rest.trim_start().strip_prefix('(')?.trim_start();
        let end = inside.find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
        inside[end..].trim_start().starts_with(')').then(|| inside[..end].to_owned())
    });
    names.filter(|name| !name.is_empty()).collect()
}

/// The place of the first character of the string literal at `quote`. Rhai drops a line end directly after an
/// opening back-tick.
pub(crate) fn literal_origin(text: &str, source: &str, line: usize, column: usize) -> Origin {
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
pub(crate) fn comment_above(text: &str, line: usize) -> String {
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
pub(crate) fn strip_comment(comment: &str) -> String {
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

/// Prepares text for Rhai: documentation comments above blocks become plain comments, because Rhai allows the former only
/// above functions, as does a `#!…` line at the beginning; strings keep countable lines. No position changes.
pub(crate) fn readable(text: &str) -> String {
    let text = crate::script::language::tokens::with_countable_lines(text);
    let tokens = Tokens::new(&text);
    let mut out = text.clone().into_bytes();
    let mut belongs = false;
    let mut next = "";
    for token in tokens.list().iter().rev() {
        let written = tokens.text(token);
        let start = token.range.start;
        if token.kind != Kind::Comment {
            let block = matches!((written, next), ("test" | "group" | "subtest", next) if next.starts_with(['"', '`', '#']))
                || matches!(written, "device" | "instrument" | "console")
                    && next.starts_with(|c: char| c.is_alphabetic() || c == '_')
                || HOOKS.iter().any(|(_, word)| *word == written);
            belongs = token.kind == Kind::Word && block;
            next = written;
        } else if written.starts_with("#!") {
            // With a third slash, `#!/` would become a documentation comment.
            out.splice(start..start + 2, *b"//");
            if written.as_bytes().get(2).is_some_and(|third| matches!(third, b'/' | b'!')) {
                out[start + 2] = b' ';
            }
        } else if belongs && (written.starts_with("///") || written.starts_with("/**") && !written.starts_with("/***"))
        {
            out[start + 2] = b' ';
        }
    }
    String::from_utf8(out).unwrap_or(text)
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
            readable("/// A\n// b\ndevice A {}\n/// f\nfn f() {}"),
            "//  A\n// b\ndevice A {}\n/// f\nfn f() {}"
        );
    }
}
