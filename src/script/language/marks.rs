//! Divisions in the text of a script: which `/` cannot drop a remainder, and how `/=` is rewritten for Rhai.
//!
//! Rhai divides two integers itself, and an assignment cannot be a custom operator. So `/=` is replaced by two characters
//! that cannot be typed, one column each: the first is Rhai's `/=`, the second the keyword of a syntax whose value Rhai cannot
//! divide by itself. Invariant: no position changes.

use crate::script::language::tokens::{self, Kind, Tokens};
use rhai::{LexError, Token};

/// Replacement of `/=`.
const ASSIGN: char = '\u{E000}';
const DIVISOR: char = '\u{E001}';

/// The keyword for the right-hand side of `/=`; it cannot be typed.
pub(crate) const DIVISOR_KEY: &str = "divisor of";

/// Replaces each `/=` by the two characters that [`token`] knows.
pub(crate) fn marked(text: &str) -> String {
    let tokens = Tokens::new(text);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for pair in tokens.list().windows(2) {
        let is_sign = |index: usize, sign| pair[index].kind == Kind::Sign && tokens.text(&pair[index]) == sign;
        if is_sign(0, "/") && is_sign(1, "=") && pair[0].range.end == pair[1].range.start {
            out.push_str(&text[at..pair[0].range.start]);
            out.extend([ASSIGN, DIVISOR]);
            at = pair[1].range.end;
        }
    }
    out.push_str(&text[at..]);
    out
}

/// The token for one of the characters of [`marked`].
pub(crate) fn token(error: &LexError) -> Option<Token> {
    let LexError::UnexpectedInput(found) = error else { return None };
    let mut letters = found.chars();
    match (letters.next()?, letters.next()) {
        (ASSIGN, None) => Some(Token::DivideAssign),
        (DIVISOR, None) => Some(Token::Identifier(Box::new(DIVISOR_KEY.into()))),
        _ => None,
    }
}

/// Rhai's own operator, if `sign` is the custom division operator.
pub(crate) fn division(sign: &str) -> Option<Token> {
    (sign == "/").then_some(Token::Divide)
}

/// Whether a float literal is next to the `/` at token `at`, so that no remainder can be lost.
pub(crate) fn has_float(tokens: &Tokens, at: usize) -> bool {
    let code = |token: &&tokens::Token| token.kind != Kind::Comment;
    let (before, after) = tokens.list().split_at(at);
    let text = |token: &tokens::Token| tokens.text(token).to_owned();
    let after: Vec<String> = after.iter().skip(1).filter(code).take(4).map(text).collect();
    let before: Vec<String> = before.iter().rev().filter(code).take(4).map(text).collect();
    let at = |list: &[String], index: usize| list.get(index).cloned().unwrap_or_default();
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    // A literal is three tokens, `3`, `.` and `3`. A method call or power on it may return an integer.
    let follows = at(&after, 3);
    let right = number(&at(&after, 0)) && at(&after, 1) == "." && number(&at(&after, 2));
    let left = number(&at(&before, 0)) && at(&before, 1) == "." && number(&at(&before, 2));
    right && !matches!(follows.as_str(), "." | "[" | "?") || left && at(&before, 3) != "."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_are_marked_in_place() {
        let case = |text: &str, wanted: &str| assert_eq!(marked(text), wanted, "{text}");
        case("ä /= 2; a/=b", "ä \u{E000}\u{E001} 2; a\u{E000}\u{E001}b");
        case("`${x /= 2}` \"/=\" // /=\n/* /= */ `/=`", "`${x \u{E000}\u{E001} 2}` \"/=\" // /=\n/* /= */ `/=`");
        case("a / = b; a == b", "a / = b; a == b");
    }

    #[test]
    fn float_literals_are_seen() {
        let case = |text: &str, wanted: bool| {
            let tokens = Tokens::new(text);
            let at = tokens.list().iter().position(|token| tokens.text(token) == "/" && token.kind == Kind::Sign);
            assert_eq!(has_float(&tokens, at.expect("a division")), wanted, "{text}");
        };
        for text in ["x / 2.0", "x / /* c */ 2.5;", "1_000.0 / x", "(1.5 / x)", "x / 2.0 + 1"] {
            case(text, true);
        }
        for text in ["x / 2", "7 / x", "x / 2.0.to_int()", "x / a.b", "a.0 / x", "x.1.5 / y", "x / 2 .to_int()", "x /"]
        {
            case(text, false);
        }
    }
}
