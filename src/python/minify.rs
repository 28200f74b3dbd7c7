//! Minifies source, line by line.
//!
//! Uses [`super::lines`] and [`super::token`]. Invariant: apart from statements without effect, which become `0`, the
//! significant tokens and their line numbers do not change.

use super::lines::{Code, LogicalLine, levels};
use super::literal;
use super::token::{Token, TokenKind, joins};
use std::borrow::Cow;

/// Removes what `code` does not need: comments, spaces, and all but one space of each level of indentation.
///
/// Statements that are only `pass` or only strings become `0`; a string that is the last statement at the outermost level
/// stays, because it may be the value of an expression. Names and line numbers stay. Code with an invalid token, or whose
/// indentation matches no outer level, is returned unchanged.
pub fn minify(code: &str) -> String {
    let code = Code::new(code);
    if code.first_error().is_some() {
        return code.source.to_owned();
    }
    match levels(code.lines.iter().map(|line| line.column)) {
        Ok(levels) => write(&code, &levels),
        Err(_) => code.source.to_owned(),
    }
}

fn write(code: &Code<'_>, levels: &[usize]) -> String {
    let mut out = String::with_capacity(code.source.len());
    let mut next_line = 0usize;
    let mut previous: Option<&Token> = None;
    let mut gap = false;
    let mut index = 0;
    while let Some(token) = code.tokens.get(index) {
        let current = next_line.checked_sub(1).and_then(|line| code.lines.get(line));
        let within = current.is_some_and(|line| index < line.end);
        match token.kind {
            TokenKind::Newline | TokenKind::NonLogicalNewline => {
                out.push('\n');
                previous = None;
            }
            TokenKind::Continuation => {
                // Before the first or after the last token of a line, a plain line end has the same effect.
                out.push_str(if within { "\\\n" } else { "\n" });
                previous = None;
            }
            TokenKind::Blank | TokenKind::Indent | TokenKind::Comment => gap = true,
            _ => {
                if let Some(line) = code.lines.get(next_line).filter(|line| line.first == index) {
                    let level = levels.get(next_line).copied().unwrap_or(0);
                    out.extend(std::iter::repeat_n(' ', level));
                    let is_last = next_line + 1 == code.lines.len();
                    next_line += 1;
                    if is_without_effect(code, line, is_last && level == 0) {
                        out.push('0');
                        out.extend(std::iter::repeat_n('\n', (line.last_line - line.first_line) as usize));
                        index = line.end;
                        // The rest of the line is white space or a comment.
                        previous = None;
                        continue;
                    }
                }
                if gap && previous.is_some_and(|left| needs_blank(code.source, left, token)) {
                    out.push(' ');
                }
                out.push_str(&normal_line_ends(token.text(code.source)));
                previous = Some(token);
            }
        }
        gap &= !token.is_significant();
        index += 1;
    }
    out
}

/// Whether the line is only `pass`, or only strings. `keep_string`: its value may be needed.
fn is_without_effect(code: &Code<'_>, line: &LogicalLine, keep_string: bool) -> bool {
    let mut tokens = code.significant(line);
    if line.end == line.first + 1 && tokens.clone().all(|token| code.is(token, "pass")) {
        return true;
    }
    // An f-string runs code.
    !keep_string && tokens.all(|token| matches!(token.kind, TokenKind::String(literal) if !literal.format))
}

/// Whether two tokens separated by white space would change without it.
fn needs_blank(source: &str, left: &Token, right: &Token) -> bool {
    use TokenKind::{Name, Number, Operator, String};
    let (left_text, right_text) = (left.text(source), right.text(source));
    match (left.kind, right.kind) {
        (Name, String(_)) => {
            right_text.starts_with(|c: char| c.is_ascii_alphabetic()) || literal::is_prefix(left_text.as_bytes())
        }
        (Name | Number, Name | Number | String(_)) => true,
        // Old firmware may read the sign as part of the exponent, and any firmware the point as part of the number.
        (Number, Operator) => {
            right_text.starts_with('.') || (left_text.ends_with(['e', 'E']) && right_text.starts_with(['+', '-']))
        }
        (String(_), String(_) | Number) => true,
        (Operator, Operator | Number) => match (left_text.bytes().last(), right_text.bytes().next()) {
            (Some(b'.'), Some(b'.' | b'0'..=b'9')) => true,
            (Some(left), Some(right)) => joins(left, right),
            _ => false,
        },
        _ => false,
    }
}

/// `tokens` on one line, with a space wherever two of them could merge; line ends within strings stay.
pub(crate) fn one_line(source: &str, tokens: &[Token]) -> String {
    let mut out = String::new();
    let mut previous: Option<(&Token, usize)> = None;
    for (index, token) in tokens.iter().enumerate().filter(|(_, token)| token.is_significant()) {
        if previous.is_some_and(|(left, at)| at + 1 < index && needs_blank(source, left, token)) {
            out.push(' ');
        }
        out.push_str(&normal_line_ends(token.text(source)));
        previous = Some((token, index));
    }
    out
}

/// The text with LF for every line end, as read by MicroPython's lexer.
pub(crate) fn normal_line_ends(text: &str) -> Cow<'_, str> {
    if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::samples::soup;
    use crate::python::token::line_ends;
    use proptest::prelude::*;

    #[track_caller]
    fn case(code: &str, expected: &str) {
        assert_eq!(minify(code), expected, "{code:?}");
    }

    #[test]
    fn removes_spaces_and_comments() {
        case("", "");
        case("x = 1  # one\n", "x=1\n");
        case("# only\n\n  # indented\nx\n", "\n\n\nx\n");
        case("def f( a , b = 2 ) -> int :\n        return a + b  \n", "def f(a,b=2)->int:\n return a+b\n");
        case("if a :\n\tb\n\tif c :\n\t\td\ne\n", "if a:\n b\n if c:\n  d\ne\n");
        case("print (1)\nnot (x)\nlambda : 0\n", "print(1)\nnot(x)\nlambda:0\n");
        case("@ a . b\ndef f ( ) : pass\n", "@a.b\ndef f():pass\n");
        case("x = [ 1 ,  # a\n\n     2 ]\n", "x=[1,\n\n2]\n");
        case("x = 1 + \\\n    2\n", "x=1+\\\n2\n");
        case("\x0cx\x0c=\x0b1\r\ny\r", "x=1\ny\n");
    }

    #[test]
    fn tokens_never_merge() {
        case("1 .real", "1 .real");
        case("1 if x else 2", "1 if x else 2");
        case("0x1 for", "0x1 for");
        case("return 'a'", "return'a'");
        case("return b'a' in c", "return b'a'in c");
        case("'' 'a'", "'' 'a'");
        case("f (r 'a')", "f(r 'a')");
        case("a < - b", "a<-b");
        case("from . . import x", "from. .import x");
        case("x[: : 2]", "x[::2]");
        case("0xe + 1", "0xe +1");
        case("x: int = 3", "x:int=3");
        case("a if b else- c", "a if b else-c");
    }

    #[test]
    fn statements_without_effect_become_zero() {
        case("def f():\n    '''a\n    b'''\n    pass\n", "def f():\n 0\n\n 0\n");
        case("'doc'\nx = 1\n", "0\nx=1\n");
        case("x = 1\n'last'\n", "x=1\n'last'\n");
        case("'a' 'b' \\\n 'c' # d\nx", "0\n\nx");
        case("class A:\n    'doc'", "class A:\n 0");
        case("pass", "0");
        case("def f():\n f'{g()}'\n (\n)", "def f():\n f'{g()}'\n (\n)");
    }

    #[test]
    fn keeps_strings_within_expressions() {
        for code in ["'a'.upper()", "'%d'%3", "'a'+'b'", "f\"{{a}}\"", "x='''  a\n #b'''", "f'{ a }'", "'a';x"] {
            case(&format!("def f():\n {code}\n"), &format!("def f():\n {code}\n"));
        }
    }

    #[test]
    fn keeps_fstrings_unchanged() {
        for code in [
            "f'{{ a }}  {{{ b }}}'",
            "f'{f\"{ a }  {f'{ b }'}\"}  '",
            "f'{d['k  k']}  {f'{f'{ a }'}  '}'",
            "f\"{ x !r:>{ w }}  #\"",
            "f'''{ a\n +  b }  # text\n'''",
            "f'''{ a # it's }\n }  '''",
            "rf'\\{ a }  '",
        ] {
            case(&format!("x  =  {code}  # end\ny"), &format!("x={code}\ny"));
        }
    }

    #[test]
    fn keeps_doubtful_code_unchanged() {
        for code in ["x =  'a", "x =  $", "if a:\n    b\n  c  # d\n"] {
            case(code, code);
        }
    }

    /// Texts and lines of the significant tokens, without the lines that may become `0`.
    fn essence(code: &str) -> Vec<(String, u32)> {
        let code = Code::new(code);
        let counts = |line: &&LogicalLine| {
            let zero = code.significant(line).all(|token| token.text(code.source) == "0");
            !zero && !is_without_effect(&code, line, false)
        };
        let texts = |line: &LogicalLine| {
            let text = |token: &Token| (normal_line_ends(token.text(code.source)).into_owned(), token.line);
            code.significant(line).map(text).collect::<Vec<_>>()
        };
        code.lines.iter().filter(counts).flat_map(texts).collect()
    }

    #[test]
    fn the_corpus_keeps_its_tokens_and_lines() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/minify");
        let mut count = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let code = std::fs::read_to_string(&path).unwrap();
            for code in [code.clone(), code.replace('\n', "\r\n"), code.replace('\n', "\r")] {
                let short = minify(&code);
                assert_eq!(essence(&code), essence(&short), "{}", path.display());
                assert_eq!(line_ends(&code), line_ends(&short), "{}", path.display());
                assert_eq!(minify(&short), short, "{}", path.display());
                assert!(short.len() <= code.len(), "{}", path.display());
            }
            count += 1;
        }
        assert!(count >= 60, "{count} snippets");
    }

    proptest! {
        #[test]
        fn keeps_tokens_and_lines(code in prop_oneof![any::<String>(), soup()]) {
            let short = minify(&code);
            prop_assert_eq!(line_ends(&code), line_ends(&short));
            prop_assert_eq!(&minify(&short), &short);
            if Code::new(&code).first_error().is_none() {
                prop_assert_eq!(essence(&code), essence(&short));
            }
        }
    }
}
