//! The tokens of a script with positions: the neighbours of a word, and strings whose lines Rhai
//! miscounts.
//!
//! Knows comments, literals and words of Rhai's grammar. Invariant: scanning takes linear time and never fails;
//! an unclosed token ends with the text.

use rhai::Position;
use std::ops::Range;

/// Kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name, a keyword, a number.
    Word,
    /// One character of an operator, or a bracket.
    Sign,
    /// A string, a character, or back-tick text up to its end or the next `${`.
    Text,
    /// `#"…"#`, with any number of marks.
    Raw,
    /// A comment, or the line `#!…` at the beginning.
    Comment,
}

/// A token and its place.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub kind: Kind,
    /// Its byte range.
    pub range: Range<usize>,
    line: usize,
    column: usize,
}

impl Token {
    /// Where it starts, as Rhai counts.
    pub fn position(&self) -> Position {
        let count = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        Position::new(count(self.line).max(1), count(self.column))
    }
}

/// The tokens of a text.
pub(crate) struct Tokens {
    text: String,
    list: Vec<Token>,
}

impl Tokens {
    /// Splits `text`.
    pub fn new(text: &str) -> Tokens {
        let mut scanner = Scanner { text, at: 0, list: Vec::new() };
        scanner.shebang();
        scanner.code();
        let mut list = scanner.list;
        number(text, &mut list);
        Tokens { text: text.to_owned(), list }
    }

    /// The tokens, comments included.
    pub fn list(&self) -> &[Token] {
        &self.list
    }

    /// The text of a token.
    pub fn text(&self, token: &Token) -> &str {
        &self.text[token.range.clone()]
    }

    /// The index of the first token at or after `position`.
    fn first_at(&self, position: Position) -> usize {
        let wanted = (position.line().unwrap_or(0), position.position().unwrap_or(0));
        self.list.partition_point(|token| (token.line, token.column) < wanted)
    }

    /// The index of the token at `position`, if its text is `text`.
    pub fn index_of(&self, position: Position, text: char) -> Option<usize> {
        let index = self.first_at(position);
        let token = self.list.get(index)?;
        let is_here = position.line() == Some(token.line) && position.position() == Some(token.column);
        (is_here && self.text(token).starts_with(text)).then_some(index)
    }

    /// The tokens before and after the `word` at `position`, without comments. Rhai counts too few columns after `\${`, so
    /// the nearest such word at or after the column is used.
    pub fn around(&self, position: Position, word: &str) -> (Option<&Token>, Option<&Token>) {
        let start = self.first_at(position);
        let mut here = (start..self.list.len()).take_while(|index| Some(self.list[*index].line) == position.line());
        let is_word = |index: &usize| self.list[*index].kind == Kind::Word && self.text(&self.list[*index]) == word;
        let Some(index) = here.find(is_word) else { return (None, None) };
        let is_code = |token: &&Token| token.kind != Kind::Comment;
        (self.list[..index].iter().rev().find(is_code), self.list[index + 1..].iter().find(is_code))
    }
}

/// Sets lines and columns, counted from 1 in characters, as in Rhai.
fn number(text: &str, list: &mut [Token]) {
    let (mut at, mut line, mut column) = (0, 1, 1);
    for token in list {
        for c in text[at..token.range.start].chars() {
            (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        at = token.range.start;
        (token.line, token.column) = (line, column);
    }
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    list: Vec<Token>,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: Kind, length: usize) {
        self.list.push(Token { kind, range: self.at..self.at + length, line: 0, column: 0 });
        self.at += length;
    }

    fn shebang(&mut self) {
        if self.text.starts_with("#!") {
            self.push(Kind::Comment, self.text.find('\n').unwrap_or(self.text.len()));
        }
    }

    fn code(&mut self) {
        // The open braces in the `${…}` of each open back-tick string, innermost last.
        let mut depths: Vec<usize> = Vec::new();
        while let Some(first) = self.rest().chars().next() {
            match first {
                '{' => {
                    if let Some(depth) = depths.last_mut() {
                        *depth += 1;
                    }
                    self.push(Kind::Sign, 1);
                }
                '}' if depths.last() == Some(&0) => {
                    self.push(Kind::Sign, 1);
                    depths.pop();
                    if self.back_ticks() {
                        depths.push(0);
                    }
                }
                '}' => {
                    if let Some(depth) = depths.last_mut() {
                        *depth -= 1;
                    }
                    self.push(Kind::Sign, 1);
                }
                '`' => {
                    if self.back_ticks() {
                        depths.push(0);
                    }
                }
                _ => self.plain(first),
            }
        }
    }

    /// A token without code.
    fn plain(&mut self, first: char) {
        let rest = self.rest();
        let end = |length: Option<usize>| length.unwrap_or(rest.len());
        match first {
            _ if first.is_whitespace() => self.at += first.len_utf8(),
            '/' if rest.starts_with("//") => self.push(Kind::Comment, end(rest.find('\n'))),
            '/' if rest.starts_with("/*") => self.push(Kind::Comment, end(block_comment(rest))),
            '"' | '\'' => self.push(Kind::Text, string(rest, first)),
            '#' => match raw(rest) {
                Some(length) => self.push(Kind::Raw, length),
                None => self.push(Kind::Sign, 1),
            },
            _ if is_word(first) => self.push(Kind::Word, end(rest.find(|c| !is_word(c)))),
            _ => self.push(Kind::Sign, first.len_utf8()),
        }
    }

    /// Back-tick text, from the opening back-tick or the end of a `${…}` up to the next `${` or the end; returns whether
    /// code follows.
    fn back_ticks(&mut self) -> bool {
        let rest = self.rest().as_bytes();
        let mut index = usize::from(rest.first() == Some(&b'`') && !self.is_inside());
        loop {
            match rest.get(index..).unwrap_or_default() {
                [] => {
                    self.push(Kind::Text, rest.len());
                    return false;
                }
                [b'`', b'`', ..] => index += 2,
                [b'`', ..] => {
                    self.push(Kind::Text, index + 1);
                    return false;
                }
                [b'\\', b'$', b'{', ..] => index += 3,
                [b'$', b'{', ..] => {
                    self.push(Kind::Text, index + 2);
                    return true;
                }
                _ => index += 1,
            }
        }
    }

    /// Whether the previous token was the brace that ends a `${…}`.
    fn is_inside(&self) -> bool {
        self.list.last().is_some_and(|last| last.range.end == self.at && self.text[last.range.clone()] == *"}")
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of a block comment, which may be nested.
pub(crate) fn block_comment(rest: &str) -> Option<usize> {
    let (mut depth, mut at) = (0, 0);
    loop {
        match rest.as_bytes().get(at..)? {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            [_, ..] => at += 1,
            [] => return None,
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

/// The length of a quoted string; it continues on the next line only after a backslash.
fn string(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, c) in rest.char_indices().skip(1) {
        match c {
            '\r' if escaped => {}
            '\n' if !escaped => return index,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return index + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a raw string.
fn raw(rest: &str) -> Option<usize> {
    let marks = rest.bytes().take_while(|byte| *byte == b'#').count();
    if rest.as_bytes().get(marks) != Some(&b'"') {
        return None;
    }
    let end = format!("\"{}", "#".repeat(marks));
    Some(rest[marks + 1..].find(&end).map_or(rest.len(), |index| marks + 1 + index + end.len()))
}

/// Rewrites raw strings so that Rhai counts their lines: it misses a line end that follows a `"` in
/// them. Positions and values do not change.
pub(crate) fn with_countable_lines(text: &str) -> String {
    let tokens = Tokens::new(text);
    let mut out = String::new();
    let mut at = 0;
    for token in tokens.list().iter().filter(|token| token.kind == Kind::Raw) {
        if let Some(written) = countable(tokens.text(token)) {
            out.push_str(&text[at..token.range.start]);
            out.push_str(&written);
            at = token.range.end;
        }
    }
    out.push_str(&text[at..]);
    out
}

/// Rewrites a raw string whose lines Rhai miscounts as a quoted string: its value on the first line, then continuation
/// lines, and blanks up to its end. `None` if Rhai counts its lines correctly.
fn countable(raw: &str) -> Option<String> {
    let marks = raw.bytes().take_while(|byte| *byte == b'#').count();
    let end = format!("\"{}", "#".repeat(marks));
    let value = raw[marks + 1..].strip_suffix(&end)?;
    let lines: Vec<&str> = value.split('\n').collect();
    let miscounted = |line: &&str| line.trim_end_matches('#').ends_with('"');
    let (last, before) = lines.split_last()?;
    if !before.iter().any(miscounted) {
        return None;
    }
    let mut written = "\"".to_owned();
    for c in value.chars() {
        match c {
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '"' | '\\' => written.extend(['\\', c]),
            c => written.push(c),
        }
    }
    written.push_str(&"\\\n".repeat(before.len()));
    written.push('"');
    written.push_str(&" ".repeat(last.chars().count() + marks));
    Some(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_tokens_and_their_neighbours() {
        let text = "#!/usr/bin\nlet /* a /* b */ */ x = `é ${ f(`{${1}}`) } `` \\${`; // c\nfor x in \"x\\\"\" { }";
        let tokens = Tokens::new(text);
        let shown: Vec<(Kind, &str)> = tokens.list().iter().map(|token| (token.kind, tokens.text(token))).collect();
        use Kind::{Comment, Sign, Text, Word};
        let wanted = [
            (Comment, "#!/usr/bin"),
            (Word, "let"),
            (Comment, "/* a /* b */ */"),
            (Word, "x"),
            (Sign, "="),
            (Text, "`é ${"),
            (Word, "f"),
            (Sign, "("),
            (Text, "`{${"),
            (Word, "1"),
            (Sign, "}"),
            (Text, "}`"),
            (Sign, ")"),
            (Sign, "}"),
            (Text, " `` \\${`"),
            (Sign, ";"),
            (Comment, "// c"),
            (Word, "for"),
            (Word, "x"),
            (Word, "in"),
            (Text, "\"x\\\"\""),
            (Sign, "{"),
            (Sign, "}"),
        ];
        assert_eq!(shown, wanted);
        let neighbours = |line, column| {
            let (before, after) = tokens.around(Position::new(line, column), "x");
            (before.map(|token| tokens.text(token)), after.map(|token| tokens.text(token)))
        };
        assert_eq!(neighbours(2, 21), (Some("let"), Some("=")));
        assert_eq!(neighbours(3, 5), (Some("for"), Some("in")));
        assert_eq!(neighbours(3, 6), (None, None));
    }

    #[test]
    fn raw_strings_are_rewritten_only_where_lines_are_miscounted() {
        for kept in
            ["#\"a\nb\"#", "#\"\"#", "##\"a \"# b\nc\"##", "#\"open\"\n", "\"a\\\"\"", "`\"\n`", "// #\"\"\n\"#"]
        {
            assert_eq!(with_countable_lines(kept), kept);
        }
        assert_eq!(with_countable_lines("f(#\"x = \"\n  ü\"#) + 1"), "f(\"x = \\\"\\n  ü\\\n\"    ) + 1");
        assert_eq!(with_countable_lines("##\"\"#\r\n\"\n\"##;"), "\"\\\"#\\r\\n\\\"\\n\\\n\\\n\"  ;");
    }
}
