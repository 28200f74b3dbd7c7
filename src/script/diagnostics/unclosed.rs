//! Finds unclosed back-ticks, braces, parentheses and brackets, and reports where they were opened.
//!
//! Pure. Invariant: it never guesses if another cause is known.

use crate::script::diagnostics::habits::Habit;
use crate::script::language::tokens::{Kind, Token, Tokens};
use rhai::{LexError, ParseErrorType, Position};

/// The unclosed delimiter of a script that does not parse; `None` if there is none or it is unknown.
pub(crate) fn unclosed(kind: &ParseErrorType, position: Position, source: &str) -> Option<Habit> {
    let tokens = Tokens::new(source);
    let code: Vec<&Token> = tokens.list().iter().filter(|token| token.kind != Kind::Comment).collect();
    back_tick(&tokens, &code, kind).or_else(|| bracket(&tokens, &code, kind, position))
}

fn habit(what: &str, token: &Token, help: impl Into<String>) -> Option<Habit> {
    let at = token.position();
    let line = at.line()?;
    Some(Habit { title: format!("{what} opened at line {line} is not closed"), help: help.into(), at })
}

/// A body whose last line is the head of another item: the body swallowed that item up to its opening back-tick.
fn back_tick(tokens: &Tokens, code: &[&Token], kind: &ParseErrorType) -> Option<Habit> {
    let is_body = |token: &&&Token| token.kind == Kind::Text && tokens.text(token).starts_with('`');
    let swallows = code.iter().filter(is_body).find(|token| {
        let text = tokens.text(token);
        let inner = text.strip_suffix('`').unwrap_or(text);
        inner.contains('\n') && inner.lines().last().is_some_and(is_head)
    });
    let open = swallows.or_else(|| {
        let last = code.last().filter(|token| is_body(token))?;
        let text = tokens.text(last);
        (matches!(kind, ParseErrorType::BadInput(LexError::UnterminatedString))
            && (text.len() == 1 || !text.ends_with('`')))
        .then_some(last)
    })?;
    habit("the back-tick", open, "add a back-tick at the end of the body or string")
}

/// Whether a line is the head of an item, up to its body.
fn is_head(line: &str) -> bool {
    let line = line.trim();
    let kinds = ["setup ", "task ", "thread ", "teardown "];
    let Some(rest) = kinds.iter().find_map(|kind| line.strip_prefix(kind)) else { return false };
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    end > 0 && rest[end..].trim_start().starts_with('(')
}

/// Words that start a statement and therefore cannot occur within brackets.
const BEGINS: &[&str] = &["let", "const", "fn", "import", "export", "for", "while", "return", "throw", "private", "}"];

fn bracket(tokens: &Tokens, code: &[&Token], kind: &ParseErrorType, position: Position) -> Option<Habit> {
    let here = code.partition_point(|token| {
        let at = token.position();
        (at.line(), at.position()) < (position.line(), position.position())
    });
    let text = code.get(here).map_or("", |token| tokens.text(token));
    let is_end = here >= code.len();
    let open = open_at(tokens, code, here);
    let (last, sign) = open.last().map(|token| (*token, tokens.text(token)))?;
    let is_earlier = last.position().line() < position.line();
    let in_block = match kind {
        ParseErrorType::BadInput(LexError::Runtime(message)) => message.starts_with("expected `setup`"),
        _ => false,
    };
    match sign {
        "(" | "[" if is_earlier && (is_end || BEGINS.contains(&text)) => {
            let (what, closing) = if sign == "(" { ("the parenthesis", ")") } else { ("the bracket", "]") };
            habit(what, last, format!("add a `{closing}`"))
        }
        "{" if in_block
            && is_earlier
            && (BEGINS.contains(&text) || matches!(text, "test" | "group" | "subtest" | "device")) =>
        {
            habit("the block", last, "add a `}` at its end")
        }
        "{" if is_end => habit("the block", astray(tokens, code).unwrap_or(last), "add a `}` at its end"),
        _ => None,
    }
}

/// The brackets still open before the token at `end`.
fn open_at<'t>(tokens: &Tokens, code: &[&'t Token], end: usize) -> Vec<&'t Token> {
    let mut open: Vec<&Token> = Vec::new();
    for token in &code[..end.min(code.len())] {
        let text = tokens.text(token);
        match text {
            "(" | "[" | "{" => open.push(token),
            ")" | "]" | "}" => drop(open.pop()),
            // The brace after `${` is closed with it.
            text if token.kind == Kind::Text && text.ends_with("${") => open.push(token),
            _ => {}
        }
    }
    open
}

/// A brace whose partner is indented less than the line that opens it: its own closing brace is missing.
fn astray<'t>(tokens: &Tokens, code: &[&'t Token]) -> Option<&'t Token> {
    let indent = |token: &Token| {
        let line = token.position().line();
        let first = code.partition_point(|other| other.position().line() < line);
        code.get(first).and_then(|first| first.position().position())
    };
    let mut open: Vec<&Token> = Vec::new();
    for (index, token) in code.iter().enumerate() {
        match tokens.text(token) {
            "{" => open.push(token),
            "}" => {
                let opener = open.pop()?;
                let begins_line = index == 0 || code[index - 1].position().line() < token.position().line();
                let apart = opener.position().line() < token.position().line();
                if begins_line && apart && token.position().position() < indent(opener) {
                    return Some(opener);
                }
            }
            _ => {}
        }
    }
    None
}
