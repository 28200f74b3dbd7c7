//! Facts about code that the host needs before sending it.
//!
//! Uses [`super::lines`] and [`super::token`]. Invariant: these are correct for well-formed code; for other code they
//! are guesses, and the board decides.

use super::lines::{Code, LogicalLine};
use super::literal;
use super::token::{Token, TokenKind};

/// Names that start a statement, or cannot start an expression.
const STATEMENTS: &[&str] = &[
    "and", "as", "assert", "async", "break", "class", "continue", "def", "del", "elif", "else", "except", "finally",
    "for", "from", "global", "if", "import", "in", "is", "nonlocal", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// Names of operators.
const JOINTS: &[&str] = &["and", "async", "await", "else", "for", "if", "in", "is", "lambda", "not", "or", "yield"];

/// How deep to look into nested f-strings.
pub(crate) const NESTED_STRINGS: usize = 4;

/// Whether `code` is one expression, so that it has a value; `false` if it is empty or has statements.
///
/// Blank lines and comments around it are ignored; it may span lines within brackets or with backslashes.
pub fn is_expression(code: &str) -> bool {
    let code = Code::new(code);
    let [line] = code.lines.as_slice() else { return false };
    if code.first_error().is_some() {
        return false;
    }
    let mut open: Vec<&str> = Vec::new();
    // Lambdas whose colon is still missing.
    let mut lambdas = 0u32;
    let mut previous: Option<&Token> = None;
    for token in code.significant(line) {
        let text = token.text(code.source);
        if previous.is_none() && STATEMENTS.contains(&text) {
            return false;
        }
        if previous.is_some_and(|left| is_operand_end(&code, left) && is_operand_start(&code, token)) {
            let strings = token.is_string() && previous.is_some_and(Token::is_string);
            if !strings {
                return false;
            }
        }
        let starred = matches!(text, "*" | "**") && previous.is_none_or(|left| code.is(left, ","));
        match (token.kind, text) {
            (TokenKind::Operator, "(" | "[" | "{") => open.push(text),
            (TokenKind::Operator, ")" | "]" | "}") => match (open.pop(), text) {
                (Some("("), ")") | (Some("["), "]") | (Some("{"), "}") => {}
                _ => return false,
            },
            (TokenKind::Name, "lambda") if open.is_empty() => lambdas += 1,
            (TokenKind::Operator, ":") if open.is_empty() && lambdas > 0 => lambdas -= 1,
            (TokenKind::Operator, "=") if open.is_empty() && lambdas > 0 => {}
            (TokenKind::Operator, _) if open.is_empty() && lambdas == 0 && (ends_expression(text) || starred) => {
                return false;
            }
            _ => {}
        }
        previous = Some(token);
    }
    open.is_empty() && lambdas == 0
}

/// Whether the code seems to read input: it calls `input`, or names `stdin`.
pub fn reads_input(code: &str) -> bool {
    let code = Code::new(code);
    let mut tokens = code.tokens.iter().filter(|token| token.is_significant()).peekable();
    let mut found = false;
    while let Some(token) = tokens.next() {
        let is_called = tokens.peek().is_some_and(|next| code.is(next, "("));
        found |= code.is(token, "stdin") || (code.is(token, "input") && is_called);
    }
    found
}

/// Whether the brackets of `code` are balanced.
pub fn is_closed(code: &str) -> bool {
    let code = Code::new(code);
    let mut open: Vec<&str> = Vec::new();
    for token in code.tokens.iter().filter(|token| token.kind == TokenKind::Operator) {
        match token.text(code.source) {
            bracket @ ("(" | "[" | "{") => open.push(bracket),
            bracket @ (")" | "]" | "}") => match (open.pop(), bracket) {
                (Some("("), ")") | (Some("["), "]") | (Some("{"), "}") => {}
                _ => return false,
            },
            _ => {}
        }
    }
    open.is_empty()
}

/// Operators that cannot be in an expression outside brackets.
fn ends_expression(operator: &str) -> bool {
    matches!(operator, "=" | ":" | ";" | ":=" | "->" | "@=" | "+=" | "-=" | "*=" | "/=" | "%=" | "&=" | "|=" | "^=")
        || matches!(operator, "**=" | "//=" | ">>=" | "<<=")
}

fn is_operand_end(code: &Code<'_>, token: &Token) -> bool {
    match token.kind {
        TokenKind::Name => !JOINTS.contains(&token.text(code.source)),
        TokenKind::Operator => matches!(token.text(code.source), ")" | "]" | "}" | "..."),
        _ => true,
    }
}

fn is_operand_start(code: &Code<'_>, token: &Token) -> bool {
    match token.kind {
        TokenKind::Name => !JOINTS.contains(&token.text(code.source)) || code.is(token, "lambda"),
        TokenKind::Operator => matches!(token.text(code.source), "{" | "~" | "..."),
        _ => true,
    }
}

/// Whether a function with this body is a generator: it has its own `yield`, not in a nested function, class or lambda.
pub fn has_yield(body: &str) -> bool {
    has_own(body, |text, _| text == "yield")
}

/// Whether a function with this body must be `async`: it has its own `await`, `async for` or `async with`.
pub fn is_async(body: &str) -> bool {
    has_own(body, |text, next| text == "await" || (text == "async" && next != Some("def")))
}

/// Whether the body itself contains a name for which `wanted(name, next token)` is true.
fn has_own(body: &str, wanted: impl Fn(&str, Option<&str>) -> bool) -> bool {
    let code = Code::new(body);
    let columns = columns(&code);
    let mut nested: Option<u32> = None;
    for (line, &column) in code.lines.iter().zip(&columns) {
        if nested.is_some_and(|outer| column > outer) {
            continue;
        }
        nested = definition(&code, line).map(|_| column);
        if nested.is_none() && has_outside_lambdas(&code, line, &wanted, NESTED_STRINGS) {
            return true;
        }
    }
    false
}

fn has_outside_lambdas(
    code: &Code<'_>,
    line: &LogicalLine,
    wanted: &impl Fn(&str, Option<&str>) -> bool,
    nesting: usize,
) -> bool {
    let mut depth = 0u32;
    // For each lambda around the token: its bracket depth, and whether its colon has passed.
    let mut lambdas: Vec<(u32, bool)> = Vec::new();
    let mut tokens = code.significant(line).peekable();
    while let Some(token) = tokens.next() {
        let text = token.text(code.source);
        match (token.kind, text) {
            (TokenKind::Operator, "(" | "[" | "{") => depth += 1,
            (TokenKind::Operator, ")" | "]" | "}") => {
                depth = depth.saturating_sub(1);
                while lambdas.last().is_some_and(|&(at, _)| at > depth) {
                    lambdas.pop();
                }
            }
            (TokenKind::Operator, ":") => {
                // It belongs to the innermost lambda without a colon; complete lambdas end at a second colon.
                while lambdas.last().is_some_and(|&(at, passed)| at == depth && passed) {
                    lambdas.pop();
                }
                if let Some(lambda) = lambdas.last_mut().filter(|lambda| lambda.0 == depth) {
                    lambda.1 = true;
                }
            }
            (TokenKind::Operator, "," | ";") => {
                while lambdas.last().is_some_and(|&(at, passed)| at == depth && passed) {
                    lambdas.pop();
                }
            }
            (TokenKind::Name, "lambda") => lambdas.push((depth, false)),
            (TokenKind::Name, name)
                if lambdas.is_empty() && wanted(name, tokens.peek().map(|next| next.text(code.source))) =>
            {
                return true;
            }
            (TokenKind::String(literal), text) if lambdas.is_empty() && nesting > 0 => {
                for field in literal::fields(text, literal) {
                    let field = Code::new(field);
                    if field.lines.iter().any(|line| has_outside_lambdas(&field, line, wanted, nesting - 1)) {
                        return true;
                    }
                }
            }
            _ => {}
        }
    }
    false
}

/// The name that a `def`, `async def` or `class` line defines.
pub(crate) fn definition(code: &Code<'_>, line: &LogicalLine) -> Option<String> {
    let mut tokens = code.significant(line).map(|token| token.text(code.source)).peekable();
    tokens.next_if_eq(&"async");
    let word = tokens.next()?;
    let name = tokens.next()?;
    matches!(word, "def" | "class").then(|| name.to_owned())
}

/// Columns relative to the body; absolute columns if the text is not a valid body.
pub(crate) fn columns(code: &Code<'_>) -> Vec<u32> {
    code.relative_columns().unwrap_or_else(|_| code.lines.iter().map(|line| line.column).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::samples::soup;
    use proptest::prelude::*;

    #[test]
    fn expressions_have_a_value() {
        for code in [
            "1",
            "1 + 1",
            "x",
            "f(x)",
            "'a'",
            "'a' 'b'",
            "not x",
            "lambda: 0",
            "lambda x=1, *a: x",
            "lambda a=lambda b=1: b: a",
            "[x for x in y]",
            "{1: 2}",
            "{1: 2}[1]",
            "a[1:2]",
            "a if b else c",
            "x == 1",
            "x != 1",
            "x <= 1",
            "f(a=1)",
            "f(*a, **b)",
            "(x := 1)",
            "\n# c\n1 # d\n\n",
            "(1,\n2)",
            "1 + \\\n 2",
            "-x",
            "~x",
            "...",
            "a, b",
            "x.y",
            "await x",
            "print(1)",
            "(*a, b)",
            "f'{a=}'",
            "a * b",
            "[lambda: 0, 1]",
            "passed",
            "importer.x",
            "x is not None",
            "  1",
            "a not in b",
            "None",
        ] {
            assert!(is_expression(code), "{code:?}");
        }
    }

    #[test]
    fn statements_have_none() {
        for code in [
            "",
            " \n# c\n",
            "x = 1",
            "x += 1",
            "x **= 2",
            "x: int",
            "x: int = 1",
            "del x",
            "import x",
            "from a import b",
            "return 1",
            "raise x",
            "pass",
            "assert x",
            "global x",
            "print x",
            "a; b",
            "1;",
            "a\nb",
            "if x: y",
            "for x in y: z",
            "while 1:\n a",
            "def f(): pass",
            "class A: pass",
            "@a\ndef f(): pass",
            "try:\n a\nexcept:\n b",
            "with a: b",
            "yield 1",
            "x := 1",
            "(1",
            "1)",
            "(1]",
            "*a, b",
            "a, *b",
            "'a",
            "$",
            "lambda",
            "lambda: x = 1",
            "x = lambda: 0",
            "break",
            "1 2",
            "async def f(): 0",
        ] {
            assert!(!is_expression(code), "{code:?}");
        }
    }

    #[test]
    fn a_yield_counts_only_for_its_own_function() {
        for body in [
            "yield",
            "yield 1",
            "x = yield",
            "\n    for i in x:\n        yield i\n",
            "yield from x",
            "x = (yield)",
            "f(lambda: 0, (yield))",
            "\n  def g():\n    pass\n  yield 1",
            "if a: yield 1",
            "{1: lambda: 0, 2: (yield)}",
            "def g(): 0\n    yield 1",
            "\n  def g():\n    def h():\n      0\n    return 1\n  return (yield)",
            "f((lambda: 0), (yield 1))",
        ] {
            assert!(has_yield(body), "{body:?}");
        }
        for body in [
            "",
            "'yield'",
            "# yield",
            "yields = 1",
            "\n  def g():\n    yield 1\n  return g",
            "def g(): yield 1",
            "lambda: (yield)",
            "\n  class A:\n    def g(self):\n      if a:\n        yield 1\n  A()",
            "x = [lambda a, b: (yield a)]",
            "f'{yield_}'",
            "\n  async def g():\n    yield 1\n",
        ] {
            assert!(!has_yield(body), "{body:?}");
        }
    }

    #[test]
    fn an_await_makes_a_body_async() {
        for body in [
            "await x",
            "f'{await x}'",
            "f'{{}}{a:{f\"{await x}\"}}'",
            "\n  async for a in b:\n    c",
            "\n  async with a:\n    b",
        ] {
            assert!(is_async(body), "{body:?}");
        }
        for body in [
            "\n  async def g():\n    await x\n  run(g())",
            "f'await {x}'",
            "f'{{await x}}'",
            "f'{\"await x\"}'",
            "'await'",
            "",
            "awaited = 1",
        ] {
            assert!(!is_async(body), "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn accepts_any_text(code in prop_oneof![any::<String>(), soup()]) {
            is_expression(&code);
            has_yield(&code);
            is_async(&code);
        }
    }
}
