//! Parses a whole `def`: name, parameters, body.
//!
//! Uses [`super::lines`], [`super::minify`] and [`super::token`]. Invariant: an accepted definition has only parameters that
//! the host can count and name.

use super::SourceError;
use super::lines::{Code, LogicalLine};
use super::minify::one_line;
use super::token::{Token, TokenKind};

/// A function definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The function's name.
    pub name: String,
    /// Its parameters in order.
    pub params: Vec<ParamText>,
    /// The return annotation, as text on one line.
    pub returns: Option<String>,
    /// The text after the colon, for [`super::body::Body::parse`].
    pub body: String,
    /// The line of the source in which `body` starts, from 0.
    pub body_line: u32,
    /// Whether it is an `async def`.
    pub is_async: bool,
}

/// A parameter, as text on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamText {
    /// The name.
    pub name: String,
    /// The annotation, without its colon.
    pub annotation: Option<String>,
    /// The default, without its equals sign.
    pub default: Option<String>,
}

/// Parses `source`, a single `def`, which may be indented as a whole.
///
/// # Errors
/// Anything except a single `def`; decorators; `*args`, `**kwargs`, `*` and `/`, because the host checks the arity of every
/// call; duplicate names; a parameter without default after one with a default.
pub fn parse_def(source: &str) -> Result<Definition, SourceError> {
    let code = Code::new(source);
    let Some(line) = code.lines.first() else {
        return Err(no_definition(0));
    };
    if let Some(error) = code.first_error().filter(|error| error.line <= line.last_line) {
        let text = error.text(source).lines().next().unwrap_or_default();
        return Err(SourceError::new(error.line, format!("`{text}` is not valid Python"), "correct the definition"));
    }
    let header = Header::read(&code, line)?;
    let colon = &code.tokens[header.colon];
    for later in &code.lines[1..] {
        if later.column <= line.column {
            return Err(SourceError::new(
                later.first_line,
                format!("only the definition of `{}` was expected here", header.name),
                "declare each function on its own, and put other code into a setup",
            ));
        }
    }
    Ok(Definition {
        name: header.name,
        params: header.params,
        returns: header.returns,
        body: source.get(colon.end..).unwrap_or_default().to_owned(),
        body_line: colon.line,
        is_async: header.is_async,
    })
}

struct Header {
    name: String,
    params: Vec<ParamText>,
    returns: Option<String>,
    is_async: bool,
    /// Index of the colon that ends the header.
    colon: usize,
}

impl Header {
    fn read(code: &Code<'_>, line: &LogicalLine) -> Result<Header, SourceError> {
        let indices: Vec<usize> = (line.first..line.end).filter(|&index| code.tokens[index].is_significant()).collect();
        let text = |at: usize| indices.get(at).map_or("", |&index| code.tokens[index].text(code.source));
        if text(0) == "@" {
            return Err(SourceError::new(
                line.first_line,
                "decorators are not allowed here",
                "remove the decorator; use `emitter = \"native\"` or `\"viper\"` for those of MicroPython",
            ));
        }
        let is_async = text(0) == "async";
        let def = usize::from(is_async);
        let is_name = indices.get(def + 1).is_some_and(|&index| code.tokens[index].kind == TokenKind::Name);
        if text(def) != "def" || !is_name || text(def + 2) != "(" {
            return Err(no_definition(line.first_line));
        }
        let close = closing(code, &indices, def + 2).ok_or_else(|| open_header(line.first_line))?;
        let colon = outer(code, &indices[close..], ":").ok_or_else(|| open_header(line.first_line))?;
        let returns = match &indices[close + 1..close + colon] {
            [] => None,
            [arrow, first, .., last] | [arrow, first @ last] if code.is(&code.tokens[*arrow], "->") => {
                Some(one_line(code.source, &code.tokens[*first..=*last]))
            }
            _ => return Err(open_header(line.first_line)),
        };
        Ok(Header {
            name: text(def + 1).to_owned(),
            params: params(code, indices[def + 2] + 1, indices[close])?,
            returns,
            is_async,
            colon: indices[close + colon],
        })
    }
}

fn no_definition(line: u32) -> SourceError {
    SourceError::new(line, "the source is not a function definition", "write it as `def name(parameters):` and a body")
}

fn open_header(line: u32) -> SourceError {
    SourceError::new(line, "unterminated definition", "close its parentheses, and end the line with a colon")
}

/// The position in `indices` of the bracket that closes the one at `open`.
fn closing(code: &Code<'_>, indices: &[usize], open: usize) -> Option<usize> {
    let mut depth = 0u32;
    for (at, &index) in indices.iter().enumerate().skip(open) {
        match bracket(code, &code.tokens[index]) {
            Some(true) => depth += 1,
            Some(false) => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
            None => {}
        }
    }
    None
}

/// `true` for an opening bracket, `false` for a closing one.
fn bracket(code: &Code<'_>, token: &Token) -> Option<bool> {
    match token.text(code.source) {
        "(" | "[" | "{" => Some(true),
        ")" | "]" | "}" => Some(false),
        _ => None,
    }
}

/// The position in `indices` of the first `wanted` outside brackets and lambdas; closing brackets of outer ones are
/// ignored.
fn outer(code: &Code<'_>, indices: &[usize], wanted: &str) -> Option<usize> {
    let mut depth = 0u32;
    let mut lambdas = 0u32;
    for (at, &index) in indices.iter().enumerate() {
        let token = &code.tokens[index];
        match bracket(code, token) {
            Some(true) => depth += 1,
            Some(false) => depth = depth.saturating_sub(1),
            None if depth > 0 => {}
            None if code.is(token, "lambda") => lambdas += 1,
            None if lambdas > 0 && wanted != "," && code.is(token, ":") => lambdas -= 1,
            None if lambdas == 0 && code.is(token, wanted) => return Some(at),
            // A comma ends a lambda after its colon; do not split at commas between a lambda's parameters.
            None if lambdas > 0 && wanted == "," && code.is(token, ":") => lambdas -= 1,
            None => {}
        }
    }
    None
}

/// The parameters between the tokens `start` and `end`.
fn params(code: &Code<'_>, start: usize, end: usize) -> Result<Vec<ParamText>, SourceError> {
    let indices: Vec<usize> = (start..end).filter(|&index| code.tokens[index].is_significant()).collect();
    let mut rest = indices.as_slice();
    let mut params: Vec<ParamText> = Vec::new();
    while !rest.is_empty() {
        let comma = outer(code, rest, ",").unwrap_or(rest.len());
        let param = param(code, &rest[..comma], code.tokens[rest[0]].line)?;
        let line = code.tokens[rest[0]].line;
        if params.iter().any(|other| other.name == param.name) {
            return Err(SourceError::new(line, format!("duplicate parameter `{}`", param.name), "rename one of them"));
        }
        if param.default.is_none() && params.last().is_some_and(|other| other.default.is_some()) {
            return Err(SourceError::new(
                line,
                format!("the parameter `{}` has no default but follows one with a default", param.name),
                "put parameters with defaults last",
            ));
        }
        params.push(param);
        rest = rest.get(comma + 1..).unwrap_or_default();
    }
    Ok(params)
}

fn param(code: &Code<'_>, indices: &[usize], line: u32) -> Result<ParamText, SourceError> {
    let name = indices.first().map(|&index| &code.tokens[index]);
    let name_text = name.map_or("", |token| token.text(code.source));
    if matches!(name_text, "*" | "**" | "/") {
        let all = one_line(code.source, &code.tokens[indices[0]..=indices[indices.len() - 1]]);
        return Err(SourceError::new(
            line,
            format!("the parameter `{all}` is not supported: the host checks the number and names of arguments"),
            "name each parameter, or pass a list or a dict",
        ));
    }
    let equals = outer(code, indices, "=").unwrap_or(indices.len());
    let before = &indices[..equals];
    let colon = outer(code, before, ":").unwrap_or(before.len());
    let is_name = name.is_some_and(|token| token.kind == TokenKind::Name);
    let part = |range: &[usize]| match (range.first(), range.last()) {
        (Some(&first), Some(&last)) => Ok(one_line(code.source, &code.tokens[first..=last])),
        _ => Err(malformed(line)),
    };
    if !is_name || colon != 1 {
        return Err(malformed(line));
    }
    let annotation = before.get(colon + 1..).map(part).transpose()?;
    let default = indices.get(equals + 1..).map(part).transpose()?;
    Ok(ParamText { name: name_text.to_owned(), annotation, default })
}

fn malformed(line: u32) -> SourceError {
    SourceError::new(
        line,
        "a parameter is malformed",
        "write parameters as `name`, `name = default` or `name: annotation`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::body::Body;
    use crate::python::samples::soup;
    use proptest::prelude::*;

    /// `name(param:annotation=default,…) @line body`.
    fn shown(source: &str) -> String {
        let definition = match parse_def(source) {
            Ok(definition) => definition,
            Err(error) => return error.to_string(),
        };
        let param = |param: &ParamText| {
            let annotation = param.annotation.as_ref().map(|text| format!(":{text}")).unwrap_or_default();
            let default = param.default.as_ref().map(|text| format!("={text}")).unwrap_or_default();
            format!("{}{annotation}{default}", param.name)
        };
        let params: Vec<_> = definition.params.iter().map(param).collect();
        let word = if definition.is_async { "async " } else { "" };
        let returns = definition.returns.as_ref().map(|text| format!("->{text}")).unwrap_or_default();
        let (name, line) = (&definition.name, definition.body_line);
        format!("{word}{name}({}){returns} @{line} {:?}", params.join("; "), definition.body)
    }

    #[track_caller]
    fn case(source: &str, expected: &str) {
        assert_eq!(shown(source), expected, "{source:?}");
    }

    #[test]
    fn splits_definitions_into_parts() {
        case("def f(): return 1", "f() @0 \" return 1\"");
        case("def f(x):\n    return x\n", "f(x) @0 \"\\n    return x\\n\"");
        case("\n\n  def f ( a , b = 2 , ) : # c\n    return x\n", "f(a; b=2) @2 \" # c\\n    return x\\n\"");
        case(
            "async def f(a: int, b: \"x\" = (1, 2)) -> list[int]:\n  0",
            "async f(a:int; b:\"x\"=(1,2))->list[int] @0 \"\\n  0\"",
        );
        case("def f(a, # first\n   b=[1,\n 2]\n ):\n  0", "f(a; b=[1,2]) @3 \"\\n  0\"");
        case("def f(a=lambda x, y=1: x, b={1: 2}): 0", "f(a=lambda x,y=1:x; b={1:2}) @0 \" 0\"");
        case("def f(a: ptr8 = b'' if x else 1): 0", "f(a:ptr8=b''if x else 1) @0 \" 0\"");
        case("def f() -> (lambda: 1): 0\n# end\n", "f()->(lambda:1) @0 \" 0\\n# end\\n\"");
        case("def f(): a; b", "f() @0 \" a; b\"");
    }

    #[test]
    fn rejects_other_sources() {
        for (source, part) in [
            ("", "line 1: the source is not a function definition"),
            ("\nx = 1", "line 2: the source is not a function definition"),
            ("lambda x: x", "not a function definition"),
            ("class A: pass", "not a function definition"),
            ("@property\ndef f(): 0", "decorators are not allowed"),
            ("def f(*args): 0", "`*args` is not supported"),
            ("def f(a, **kw): 0", "`**kw` is not supported"),
            ("def f(a, *, b): 0", "`*` is not supported"),
            ("def f(a, /): 0", "`/` is not supported"),
            ("def f(a, a): 0", "duplicate parameter `a`"),
            ("def f(a=1,\n b): 0", "line 2: the parameter `b` has no default"),
            ("def f(a b): 0", "malformed"),
            ("def f(,): 0", "malformed"),
            ("def f(a=): 0", "malformed"),
            ("def f(a:): 0", "malformed"),
            ("def f((a, b)): 0", "malformed"),
            ("def f(a", "unterminated definition"),
            ("def f()", "unterminated definition"),
            ("def f('a): 0", "is not valid Python"),
            ("def f():\n  0\ndef g(): 0", "line 3: only the definition of `f`"),
            ("  def f():\n    0\n  x = 1", "line 3: only the definition of `f`"),
        ] {
            let error = shown(source);
            assert!(error.contains(part), "{source:?}: {error}");
        }
    }

    #[test]
    fn a_parsed_body_can_be_wrapped() {
        let source = "  def f(a):\n      b = '''\n  '''\n      return b\n";
        let definition = parse_def(source).unwrap();
        let wrapped = Body::parse(&definition.body).unwrap().as_function("def f(a):", false);
        assert_eq!(wrapped.source, "def f(a):\n\n b = '''\n  '''\n return b\n");
        assert_eq!(wrapped.script_line(definition.body_line, 3), Some(1));
    }

    fn definition() -> impl Strategy<Value = String> {
        soup().prop_map(|text| format!("def f({text}): {text}"))
    }

    proptest! {
        #[test]
        fn accepts_any_text(source in prop_oneof![any::<String>(), soup(), definition()]) {
            if let Ok(definition) = parse_def(&source) {
                prop_assert!(source.ends_with(&definition.body));
            }
        }
    }
}
