//! A lossless tokenizer for Python, like MicroPython's lexer.
//!
//! Uses the rules for string literals (`literal.rs`) only. Invariant: the tokens of a text are contiguous
//! and cover it completely, so that joining their texts gives the text again.
//!
//! Where MicroPython and CPython differ, it follows MicroPython: a number includes every letter, digit and point that
//! follows it (`1if` is one token), and non-ASCII bytes are parts of names. String prefixes are accepted in either case,
//! although MicroPython supports only lower case.

use super::literal;

/// The kind of a [`Token`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// An identifier or a keyword.
    Name,
    /// A number.
    Number,
    /// A complete string or bytes literal; an f-string with everything nested in it is one token.
    String(Literal),
    /// An operator, bracket or other punctuation.
    Operator,
    /// From `#` to the end of its line, without the line end.
    Comment,
    /// A line end that ends a statement.
    Newline,
    /// A line end within brackets, of a blank line, or of a line with nothing but a comment.
    NonLogicalNewline,
    /// White space before the first token of a logical line, or at the start of a blank or comment line.
    Indent,
    /// Any other white space.
    Blank,
    /// A backslash with its line end.
    Continuation,
    /// Invalid Python: see [`Fault`].
    Error(Fault),
}

/// The form of a string literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Literal {
    /// Number of prefix letters.
    pub prefix: usize,
    /// Whether it is delimited by three quotes.
    pub triple: bool,
    /// `r`: backslashes are literal.
    pub raw: bool,
    /// `f` (or `t`): contains replacement fields.
    pub format: bool,
}

/// Why a token is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An unterminated string. The token extends to where the end is missing.
    OpenString,
    /// A backslash outside a string without a line end after it.
    StrayBackslash,
    /// A character that is not valid Python, including control characters.
    Character,
}

/// A piece of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its kind.
    pub kind: TokenKind,
    /// First byte.
    pub start: usize,
    /// The index after the last byte.
    pub end: usize,
    /// The line in which the token starts, from 0.
    pub line: u32,
}

impl Token {
    /// The token's text within the source it came from.
    pub fn text<'a>(&self, source: &'a str) -> &'a str {
        source.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether it is not white space, a comment or a line end.
    pub fn is_significant(&self) -> bool {
        matches!(
            self.kind,
            TokenKind::Name | TokenKind::Number | TokenKind::String(_) | TokenKind::Operator | TokenKind::Error(_)
        )
    }

    /// Whether it is a string literal of any kind.
    pub fn is_string(&self) -> bool {
        matches!(self.kind, TokenKind::String(_))
    }

    /// Whether it is the operator or name `text`.
    pub fn is(&self, source: &str, text: &str) -> bool {
        matches!(self.kind, TokenKind::Name | TokenKind::Operator) && self.text(source) == text
    }

    /// Number of line ends within the token.
    pub fn line_ends(&self, source: &str) -> u32 {
        line_ends(self.text(source))
    }
}

/// Splits `source` into tokens.
pub fn tokenize(source: &str) -> Vec<Token> {
    let mut lexer = Lexer { bytes: source.as_bytes(), pos: 0, line: 0, depth: 0, fresh: true };
    let mut tokens = Vec::with_capacity(source.len() / 3);
    while lexer.pos < lexer.bytes.len() {
        let (start, line) = (lexer.pos, lexer.line);
        let kind = lexer.next_kind();
        // Every branch consumes something; this prevents an endless loop even if one does not.
        lexer.pos = lexer.pos.max(start + 1).min(lexer.bytes.len());
        let token = Token { kind, start, end: lexer.pos, line };
        if !matches!(kind, TokenKind::Name | TokenKind::Number | TokenKind::Operator) {
            lexer.line = lexer.line.saturating_add(token.line_ends(source));
        }
        if token.is_significant() {
            lexer.fresh = false;
        } else if kind == TokenKind::Newline {
            lexer.fresh = true;
        }
        tokens.push(token);
    }
    tokens
}

/// Number of line ends in `text`: LF, CR LF and a lone CR each count once, as on the board.
pub fn line_ends(text: &str) -> u32 {
    let mut count = 0u32;
    let mut previous = 0;
    for &byte in text.as_bytes() {
        if byte == b'\r' || (byte == b'\n' && previous != b'\r') {
            count = count.saturating_add(1);
        }
        previous = byte;
    }
    count
}

/// White space within a line.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0b | 0x0c)
}

/// Whether `byte` can be part of a name.
pub(crate) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

struct Lexer<'a> {
    bytes: &'a [u8],
    pos: usize,
    line: u32,
    /// Open brackets.
    depth: usize,
    /// Whether the logical line has no significant token so far.
    fresh: bool,
}

impl Lexer<'_> {
    fn at(&self, offset: usize) -> u8 {
        self.bytes.get(self.pos + offset).copied().unwrap_or(0)
    }

    fn skip_while(&mut self, accept: impl Fn(u8) -> bool) {
        while self.bytes.get(self.pos).is_some_and(|&byte| accept(byte)) {
            self.pos += 1;
        }
    }

    /// Length of the line end at `offset` from here; 0 if there is none.
    fn line_end(&self, offset: usize) -> usize {
        match (self.at(offset), self.at(offset + 1)) {
            (b'\r', b'\n') => 2,
            (b'\r' | b'\n', _) => 1,
            _ => 0,
        }
    }

    fn next_kind(&mut self) -> TokenKind {
        let first = self.at(0);
        match first {
            b'\r' | b'\n' => {
                self.pos += self.line_end(0);
                if self.depth == 0 && !self.fresh { TokenKind::Newline } else { TokenKind::NonLogicalNewline }
            }
            _ if is_blank(first) => {
                self.skip_while(is_blank);
                if self.depth == 0 && self.fresh { TokenKind::Indent } else { TokenKind::Blank }
            }
            b'#' => {
                self.skip_while(|byte| byte != b'\r' && byte != b'\n');
                TokenKind::Comment
            }
            b'\\' => match self.line_end(1) {
                0 => {
                    self.pos += 1;
                    TokenKind::Error(Fault::StrayBackslash)
                }
                length => {
                    self.pos += 1 + length;
                    TokenKind::Continuation
                }
            },
            b'0'..=b'9' => self.number(),
            b'.' if self.at(1).is_ascii_digit() => self.number(),
            b'"' | b'\'' => self.string(0),
            _ if is_name_byte(first) => match literal::prefix_length(&self.bytes[self.pos..]) {
                Some(length) => self.string(length),
                None => {
                    self.skip_while(is_name_byte);
                    TokenKind::Name
                }
            },
            _ => self.operator(),
        }
    }

    fn number(&mut self) -> TokenKind {
        let based = self.at(0) == b'0' && matches!(self.at(1), b'x' | b'X' | b'o' | b'O' | b'b' | b'B');
        loop {
            let byte = self.at(0);
            if !based && matches!(byte, b'e' | b'E') && matches!(self.at(1), b'+' | b'-') {
                self.pos += 2;
            } else if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.' {
                self.pos += 1;
            } else {
                return TokenKind::Number;
            }
        }
    }

    fn string(&mut self, prefix: usize) -> TokenKind {
        match literal::scan(&self.bytes[self.pos..], prefix) {
            Ok((literal, length)) => {
                self.pos += length;
                TokenKind::String(literal)
            }
            Err(length) => {
                self.pos += length;
                TokenKind::Error(Fault::OpenString)
            }
        }
    }

    fn operator(&mut self) -> TokenKind {
        let three = [self.at(0), self.at(1), self.at(2)];
        let length = match &three {
            b"**=" | b"//=" | b">>=" | b"<<=" | b"..." => 3,
            _ if joins(three[0], three[1]) => 2,
            _ => 1,
        };
        self.pos += length;
        match three[0] {
            b'(' | b'[' | b'{' => self.depth += 1,
            b')' | b']' | b'}' => self.depth = self.depth.saturating_sub(1),
            _ if length > 1 || b"+-*/%@&|^~<>,:.;=".contains(&three[0]) => {}
            _ => return TokenKind::Error(Fault::Character),
        }
        TokenKind::Operator
    }
}

/// Whether the two adjacent characters form one operator.
pub(crate) fn joins(left: u8, right: u8) -> bool {
    matches!(
        &[left, right],
        b"**"
            | b"//"
            | b"<<"
            | b">>"
            | b"<="
            | b">="
            | b"=="
            | b"!="
            | b"->"
            | b"+="
            | b"-="
            | b"*="
            | b"/="
            | b"%="
            | b"&="
            | b"|="
            | b"^="
            | b"@="
            | b":="
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::samples::soup;
    use proptest::prelude::*;

    /// One letter per token, with the text.
    fn shown(source: &str) -> String {
        let show = |token: &Token| {
            let letter = match token.kind {
                TokenKind::Name => "n",
                TokenKind::Number => "#",
                TokenKind::String(_) => "s",
                TokenKind::Operator => "o",
                TokenKind::Comment => "c",
                TokenKind::Newline => return "NL".to_owned(),
                TokenKind::NonLogicalNewline => return "nl".to_owned(),
                TokenKind::Indent => return "I".to_owned(),
                TokenKind::Blank => return "_".to_owned(),
                TokenKind::Continuation => return "\\".to_owned(),
                TokenKind::Error(_) => "!",
            };
            format!("{letter}:{}", token.text(source))
        };
        tokenize(source).iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    fn case(source: &str, expected: &str) {
        assert_eq!(shown(source), expected, "{source:?}");
    }

    #[test]
    fn splits_statements_into_tokens() {
        case("x = 1\n", "n:x _ o:= _ #:1 NL");
        case("  x\r\n\ty\rz", "I n:x NL I n:y NL n:z");
        case("\n # a\n\x0cx # b\n", "nl I c:# a nl I n:x _ c:# b NL");
        case("f(1,\n  2)\n", "n:f o:( #:1 o:, nl _ #:2 o:) NL");
        case("a \\\n  b", "n:a _ \\ _ n:b");
        case(" \\\n  b", "I \\ I n:b");
        case("été=ß", "n:été o:= n:ß");
        case("1if x", "#:1if _ n:x");
        case("0xe+1 1e+5 1 .real .5 1_0 x.y", "#:0xe o:+ #:1 _ #:1e+5 _ #:1 _ o:. n:real _ #:.5 _ #:1_0 _ n:x o:. n:y");
        case("a**=b//c->d:=...", "n:a o:**= n:b o:// n:c o:-> n:d o::= o:...");
        case("$x ? \\ !", "!:$ n:x _ !:? _ !:\\ _ !:!");
        case(")x\ny", "o:) n:x NL n:y");
    }

    #[test]
    fn strings_are_one_token() {
        for text in [
            "''",
            "'a'",
            "\"a'b\"",
            "'a\\'b'",
            "'a\\\nb'",
            "'''a'b''c\n'''",
            "\"\"\"\"a\"\"\"",
            "rb'\\'",
            "Br\"a\"",
            "u'a'",
            "r'\\''",
            "f''",
            "f'{a}'",
            "f'{{a}}'",
            "f'{a:{b}}'",
            "f\"{\"a\"}\"",
            "f'{f'{f'{1}'}'}'",
            "f'{x!r:>{w}}'",
            "f'''{a['b']}\n'''",
            "f'{ {1:2}[1] }'",
            "rf'\\{a}'",
            "f'{a:\\'}'",
            "f\"{'}'}\"",
            "t'{a}'",
            "f'{(\n1)}'",
            "f'''{a # it's }\n}'''",
            "f\"{a # \"\n}\"",
            "f'{a:#x}'",
            "f'{a}}}'",
            "f'{x:%H:%M}'",
            "f\"{d[\"k\"]:{f\"{w}\"}}\"",
        ] {
            // `rb'\\'` keeps its quote, so it needs one more to be complete.
            let text = if text == "rb'\\'" { "rb'\\''" } else { text };
            case(text, &format!("s:{text}"));
            let after = format!("x={text};y");
            case(&after, &format!("n:x o:= s:{text} o:; n:y"));
        }
        case("ur'a'", "n:ur s:'a'");
        case("abr'a'", "n:abr s:'a'");
        case("'a''b'", "s:'a' s:'b'");
    }

    #[test]
    fn unterminated_strings_are_errors() {
        case("'a\nb", "!:'a NL n:b");
        case("x='''a\nb", "n:x o:= !:'''a\nb");
        case("f'{'", "!:f'{'");
        case("'a\\", "!:'a\\");
        case("r'\\'", "!:r'\\'");
    }

    #[test]
    fn counts_lines_like_the_board() {
        let source = "a\r\nb\rc\n'''\r\n\r'''d \\\r\n e";
        let lines: Vec<_> = tokenize(source)
            .iter()
            .filter(|token| token.kind == TokenKind::Name)
            .map(|token| (token.text(source), token.line))
            .collect();
        assert_eq!(lines, [("a", 0), ("b", 1), ("c", 2), ("d", 5), ("e", 6)]);
    }

    #[test]
    fn hostile_nesting_takes_linear_time() {
        let started = std::time::Instant::now();
        for source in
            ["f'{".repeat(100_000), "f\"{x:{".repeat(100_000), "'\n".repeat(100_000), "f'''{\n".repeat(100_000)]
        {
            let tokens = tokenize(&source);
            assert_eq!(tokens.last().map(|token| token.end), Some(source.len()));
        }
        assert!(started.elapsed().as_secs() < 10);
    }

    proptest! {
        #[test]
        fn tokens_cover_any_text(source in prop_oneof![any::<String>(), soup()]) {
            let tokens = tokenize(&source);
            let joined: String = tokens.iter().map(|token| token.text(&source)).collect();
            prop_assert_eq!(&joined, &source);
            let mut line = 0;
            for token in &tokens {
                prop_assert!(token.end > token.start);
                prop_assert_eq!(token.line, line);
                line += token.line_ends(&source);
            }
        }
    }
}
