//! Recognises Python syntax and suggests the Rhai equivalent.
//!
//! Pure. Invariant: only text that Rhai rejects is treated as a habit.

use crate::script::language::tokens::{Kind, Token, Tokens};
use rhai::{LexError, ParseErrorType, Position};

/// A syntax mistake: message, help, position.
pub(crate) struct Habit {
    pub title: String,
    pub help: String,
    pub at: Position,
}

/// Help for an unknown variable.
pub(crate) fn variable(name: &str) -> Option<&'static str> {
    Some(match name {
        "True" => "write `true`",
        "False" => "write `false`",
        "None" | "nil" | "null" | "undefined" | "void" => "write `()` for no value",
        "self" => "use `this` for the device in a method",
        "inf" | "nan" | "NaN" | "Infinity" => "write `1.0 / 0.0` for infinity, `0.0 / 0.0` for nan",
        "pi" => "write `PI()`",
        "math" => "mathematical functions are built in: `sqrt(2.0)`, `x.sin()`, `PI()`",
        "pass" => "write an empty block as `{ }`",
        "help" => "at the prompt, write `:help`",
        "exit" | "quit" => "at the prompt, write `:quit`; a script ends with `exit()`",
        _ => return None,
    })
}

/// Help for an unknown function.
pub(crate) fn function(name: &str) -> Option<String> {
    let help = match name {
        "assert" => {
            return Some(format!("{}, and write `assert::is_true(…)`", add_import("assert")));
        }
        "str" | "repr" => "write `x.to_string()`, or `` `${x}` ``",
        "int" => "write `x.to_int()` for a number, `parse_int(text)` for a string",
        "float" => "write `x.to_float()` for a number, `parse_float(text)` for a string",
        "input" => "write `ask(\"question\")`",
        "list" => "write an array as `[1, 2]`",
        "type" => "write `type_of(x)`",
        "isinstance" => "write `type_of(x) == \"string\"`",
        "enumerate" => "write `for (item, index) in items { … }`",
        "zip" => "write `a.zip(b, |x, y| …)`",
        "sum" | "mean" | "median" => {
            return Some(format!("{}, and write `stats::{name}(…)`", add_import("stats")));
        }
        "sorted" => "write `items.order()`",
        "open" => "open a device with `Device.open()`; read a file with `read_file(path)`",
        "quit" => "at the prompt, write `:quit`; a script ends with `exit()`",
        "help" => "at the prompt, write `:help`",
        "lambda" => "write a closure as `|x| x + 1`",
        _ => return None,
    };
    Some(help.to_owned())
}

/// Help for a known function called with another number of arguments.
pub(crate) fn arguments(name: &str, count: usize) -> Option<String> {
    match (name, count) {
        ("print" | "debug", 2..) => Some(format!("write one text: {name}(`a ${{b}}`)")),
        ("range", 1) => Some("write `range(0, n)`, or `0..n`".to_owned()),
        _ => None,
    }
}

/// Help for a function that needs floats but got integers. `written` is the integer, if it is the only argument.
pub(crate) fn float(name: &str, written: Option<String>) -> String {
    match written {
        Some(number) => format!("it takes floats: write `{name}({number}.0)`"),
        None => "it takes floats: write `2.0` for `2`, or `x.to_float()`".to_owned(),
    }
}

/// Help for Python's `import name`.
pub(crate) fn import(name: &str) -> String {
    let known = crate::script::library::library_text(&format!("std/{name}")).is_some();
    let module = if known { name } else { "…" };
    let built_in = if name == "time" { "; `sleep(seconds)` and `time()` are built in" } else { "" };
    format!("import a module by its path: `import \"std/{module}\" as {module};`{built_in}")
}

/// The line that imports a standard module.
pub(crate) fn add_import(module: &str) -> String {
    format!("add `import \"std/{module}\" as {module};`")
}

/// The probable mistake in a script that does not parse; `None` if unknown.
pub(crate) fn parse(kind: &ParseErrorType, position: Position, source: &str) -> Option<Habit> {
    let tokens = Tokens::new(source);
    let code: Vec<&Token> = tokens.list().iter().filter(|token| token.kind != Kind::Comment).collect();
    let here = code.partition_point(|token| before(token.position(), position));
    // An error within a literal concerns the literal.
    let inside = here.checked_sub(1).and_then(|index| code.get(index)).copied();
    let view = View { tokens: &tokens, code: &code, here };
    if source.trim() == "?" {
        return Some(Habit {
            title: "expected a statement, found `?`".into(),
            help: "write `:help`".into(),
            at: position,
        });
    }
    literals(kind, &view, inside)
        .or_else(|| words(&view))
        .or_else(|| colon(&view, source))
        .or_else(|| arguments_by_name(kind, &view))
}

fn before(one: Position, two: Position) -> bool {
    (one.line(), one.position()) < (two.line(), two.position())
}

/// The tokens around an error.
struct View<'t> {
    tokens: &'t Tokens,
    code: &'t [&'t Token],
    here: usize,
}

impl<'t> View<'t> {
    fn token(&self, offset: isize) -> Option<&'t Token> {
        self.code.get(self.here.checked_add_signed(offset)?).copied()
    }

    fn text(&self, offset: isize) -> &'t str {
        self.token(offset).map_or("", |token| self.tokens.text(token))
    }

    fn habit(&self, offset: isize, title: impl Into<String>, help: impl Into<String>) -> Option<Habit> {
        let at = self.token(offset)?.position();
        Some(Habit { title: title.into(), help: help.into(), at })
    }

    /// Whether the token directly follows the previous one.
    fn is_joined(&self, offset: isize) -> bool {
        match (self.token(offset - 1), self.token(offset)) {
            (Some(one), Some(two)) => one.range.end == two.range.start,
            _ => false,
        }
    }

    fn is_text(&self, offset: isize) -> bool {
        self.token(offset).is_some_and(|token| token.kind == Kind::Text)
    }

    /// Whether the token is a name, a number or the end of a value.
    fn is_value(&self, offset: isize) -> bool {
        self.token(offset).is_some_and(|token| matches!(token.kind, Kind::Word | Kind::Text | Kind::Raw))
            || matches!(self.text(offset), ")" | "]")
    }

    /// Whether the token is the first on its line.
    fn begins_line(&self, offset: isize) -> bool {
        let line = |offset: isize| self.token(offset).and_then(|token| token.position().line());
        line(offset - 1) != line(offset)
    }
}

/// Comments, characters, strings.
fn literals(kind: &ParseErrorType, view: &View<'_>, inside: Option<&Token>) -> Option<Habit> {
    if view.text(0) == "#" && !matches!(view.text(1), "{") {
        return view.habit(0, "`#` does not begin a comment", "begin comments with `//`");
    }
    if let ParseErrorType::BadInput(LexError::MalformedChar(_)) = kind {
        let near =
            [view.token(0), inside].into_iter().flatten().find(|token| view.tokens.text(token).starts_with('\''))?;
        let text = view.tokens.text(near).trim_matches('\'');
        return Some(Habit {
            title: format!("`'{text}'` is not a character"),
            help: format!("write strings in double quotes: `\"{text}\"`"),
            at: near.position(),
        });
    }
    for token in [view.token(0), inside].into_iter().flatten() {
        let text = view.tokens.text(token);
        if text.starts_with('"')
            && let Some(sequence) = invalid_escape(text)
        {
            return Some(Habit {
                title: format!("invalid escape sequence `{sequence}`"),
                help: "valid are `\\n`, `\\r`, `\\t`, `\\\\`, `\\\"`, `\\'`, `` \\` ``, `\\x1b`, `\\u001b` and `\\U0000001b`".to_owned(),
                at: token.position(),
            });
        }
    }
    if view.is_text(0) && view.is_joined(0) {
        let (prefix, text) = (view.text(-1), view.text(0));
        if matches!(prefix, "f" | "F" | "fr" | "rf") {
            let inner = text.trim_matches(['"', '\'']).replace('{', "${");
            return view.habit(-1, "an f-string is not a string of Rhai", format!("write `` `{inner}` ``"));
        }
        if matches!(prefix, "r" | "b" | "u" | "R" | "B" | "rb" | "br") {
            return view.habit(-1, format!("`{prefix}` before a string"), "write a raw string as `#\"…\"#`");
        }
    }
    None
}

/// The first escape sequence in a quoted string that Rhai does not support.
fn invalid_escape(text: &str) -> Option<String> {
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            continue;
        }
        let next = letters.next()?;
        let digits = match next {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            '\\' | '"' | '\'' | '`' | 't' | 'n' | 'r' | '\n' | '\r' => 0,
            other => return Some(format!("\\{other}")),
        };
        for _ in 0..digits {
            match letters.peek() {
                Some(digit) if digit.is_ascii_hexdigit() => drop(letters.next()),
                Some(other) => return Some(format!("\\{next}{other}")),
                None => return None,
            }
        }
    }
    None
}

/// Python keywords where Rhai expects something else.
fn words(view: &View<'_>) -> Option<Habit> {
    let (last, here) = (view.text(-1), view.text(0));
    if here == "print" && view.is_value(1) {
        return view.habit(0, "`print` is a function", "write `print(x)`");
    }
    let operator = match here {
        "and" => Some("write `a && b`"),
        "or" => Some("write `a || b`"),
        "is" => Some("write `a == b`"),
        "not" => Some("write `!(a in b)`"),
        "if" if view.is_value(-1) && !view.begins_line(0) => Some("write `if condition { a } else { b }`"),
        _ => None,
    };
    if let Some(help) = operator.filter(|_| view.is_value(-1) && !view.begins_line(0)) {
        return view.habit(0, format!("`{here}` is not an operator"), help);
    }
    let help = match last {
        "not" => "write `!a`".to_owned(),
        "and" => "write `a && b`".to_owned(),
        "or" => "write `a || b`".to_owned(),
        "is" => "write `a == b`".to_owned(),
        "elif" => "write `else if condition { … }`".to_owned(),
        "def" => format!("write `fn {here}(…) {{ … }}`"),
        "lambda" => format!("write `|{}| …`", if view.is_value(0) { here } else { "" }),
        "class" => "declare a device class with `device Bench { … }`; other values are maps: `#{ a: 1 }`".to_owned(),
        "from" => import(here),
        "raise" => "write `throw \"text\"`".to_owned(),
        "except" => "write `try { … } catch (e) { … }`".to_owned(),
        "del" => "remove an item of a map with `map.remove(\"key\")`".to_owned(),
        "global" | "nonlocal" => "functions do not change the variables of the script: return the value".to_owned(),
        "async" | "await" | "yield" | "with" => {
            return view.habit(
                -1,
                format!("`{last}` is not part of the language"),
                "in the body of a task it is Python",
            );
        }
        _ => return None,
    };
    if here.is_empty() || here == ";" || view.begins_line(0) {
        return None;
    }
    view.habit(-1, format!("`{last}` is not part of the language"), help)
}

/// A colon at the head of a block.
fn colon(view: &View<'_>, source: &str) -> Option<Habit> {
    if view.text(0) != ":" {
        return None;
    }
    let line = view.token(0)?.position().line()?;
    let text = source.split('\n').nth(line - 1)?.trim_start().trim_start_matches('}').trim_start();
    let first = text.split(|c: char| !(c.is_alphanumeric() || c == '_')).next()?;
    let help = match first {
        "for" => "write blocks in braces: `for i in 0..3 { … }`",
        "while" => "write blocks in braces: `while condition { … }`",
        "if" | "elif" => "write blocks in braces: `if condition { … } else if other { … } else { … }`",
        "else" => "write blocks in braces: `else { … }`",
        "try" | "except" | "finally" => "write blocks in braces: `try { … } catch (e) { … }`",
        "def" => "write `fn f(x) { … }`",
        "with" => "write blocks in braces; `Bench.session(|b| { … })` closes the device whatever happens",
        "class" => "declare a device class with `device Bench { … }`",
        "lambda" => "write `|x| …`",
        _ if view.tokens.text(view.token(-1)?).starts_with('"') => "write a map as `#{ \"key\": 1 }`",
        _ => return None,
    };
    view.habit(0, "expected `{`, found `:`", help)
}

/// `f(26, samples=4)`.
fn arguments_by_name(kind: &ParseErrorType, view: &View<'_>) -> Option<Habit> {
    let ParseErrorType::MissingToken(_, context) = kind else { return None };
    let is_argument = context.contains("arguments to function call") && view.text(0) == "=";
    let name = view.token(-1).filter(|token| is_argument && token.kind == Kind::Word)?;
    let name = view.tokens.text(name);
    let value = if view.is_value(1) { view.text(1) } else { "…" };
    view.habit(
        -1,
        format!("`{name}=` does not name an argument"),
        format!("write named arguments as `kw(#{{ {name}: {value} }})`"),
    )
}
