//! Rewords Rhai's messages in plain English, with suggestions for misspelt names.
//!
//! Pure. Invariant: every message of Rhai gets a title, known here or not.

use crate::error::Kind;
use crate::phrase::{all_of, did_you_mean};
use crate::script::diagnostics::habits;
use crate::script::members;
use crate::script::names;
use crate::script::names::HELP_MARK;
use crate::script::run::Run;
use crate::script::run::receivers::receivers;
use rhai::{Engine, EvalAltResult, LexError, ParseErrorType, Position};
use std::any::TypeId;
use std::collections::BTreeSet;

/// Title and help.
type Words = (String, Option<String>);

/// Rewords a parser error.
pub(crate) fn parse_error(kind: &ParseErrorType, position: Position, source: &str) -> Words {
    let plain_words = |title: &str| (title.to_owned(), None);
    match kind {
        ParseErrorType::BadInput(LexError::Runtime(message)) => match message.split_once(HELP_MARK) {
            Some((title, help)) => (title.to_owned(), Some(help.to_owned())),
            None => (message.clone(), None),
        },
        ParseErrorType::BadInput(LexError::UnterminatedString) => (
            "this string is not closed".to_owned(),
            Some("a body ends with a back-tick, a string with a quote".to_owned()),
        ),
        ParseErrorType::BadInput(error) => (plain(&error.to_string()), None),
        ParseErrorType::UnexpectedEOF => plain_words("the script ends too early"),
        ParseErrorType::MissingToken(token, context) => missing_token(token, context, position, source),
        ParseErrorType::Reserved(word) => (format!("`{word}` is a reserved word"), reserved_help(word)),
        ParseErrorType::WrongDocComment => (
            "a `///` comment before something that cannot be documented".to_owned(),
            Some("write `//`; functions, classes and their items can be documented".to_owned()),
        ),
        ParseErrorType::LoopBreak => plain_words("`break` or `continue` outside of a loop"),
        ParseErrorType::ExprTooDeep => {
            ("the expression is nested too deeply".to_owned(), Some("split it with `let`".to_owned()))
        }
        ParseErrorType::FnDuplicatedDefinition(name, count) => {
            (format!("function `{name}` with {} is defined twice", crate::phrase::arguments(*count)), None)
        }
        ParseErrorType::AssignmentToConstant(name) if !name.is_empty() => {
            (format!("`{name}` is a constant"), Some("declare it with `let` to change it".to_owned()))
        }
        ParseErrorType::FnMissingName => (
            "expected a function name".to_owned(),
            Some("a word that Rhai reserves, such as `go` or `new`, cannot be one".to_owned()),
        ),
        ParseErrorType::VariableExpected => plain_words("expected a name"),
        other => (plain(&other.to_string()), None),
    }
}

fn missing_token(token: &str, context: &str, position: Position, source: &str) -> Words {
    let context = context
        .replace(&format!("for '{}' expression", names::DEVICE), "in the `device` block")
        .replace(&format!("for '{}' expression", names::TEST), "in the `test` block")
        .replace(&format!("for '{}' expression", names::ROWS), "in the `test` block")
        .replace(&format!("for '{}' expression", names::SUBTEST), "in the `subtest` block")
        .replace(&format!("for '{}' expression", names::GROUP), "in the `group` block");
    let context = names::HOOKS.iter().fold(context, |context, (key, word)| {
        context.replace(&format!("for '{key}' expression"), &format!("in the `{word}` block"))
    });
    if let Some(words) = nameless(token, position, source).or_else(|| goes_on(token, position, source)) {
        return words;
    }
    let title = format!("expected `{token}` {}", plain(&context));
    let help = (token == ";").then(|| {
        let line = position.line().unwrap_or(1);
        let ends = source.split('\n').take(line.saturating_sub(1)).filter(|line| !line.trim().is_empty()).last();
        let column = position.position().unwrap_or(1);
        let begins =
            source.split('\n').nth(line.saturating_sub(1)).unwrap_or("").chars().take(column.saturating_sub(1));
        match ends {
            Some(line) if begins.collect::<String>().trim().is_empty() => {
                format!("add `;` at the end of the previous statement: `{}`", line.trim())
            }
            _ => "separate statements with `;`".to_owned(),
        }
    });
    (title.trim_end().to_owned(), help)
}

/// Rewords the error of a block without a name; Rhai takes its keyword for a variable.
fn nameless(token: &str, position: Position, source: &str) -> Option<Words> {
    let line = source.split('\n').nth(position.line()?.checked_sub(1)?)?;
    let at = line.char_indices().nth(position.position()?.checked_sub(1)?)?.0;
    if token != ";" || !line[at..].starts_with('{') {
        return None;
    }
    match line[..at].trim() {
        "device" => Some(("a device class needs a name".to_owned(), Some("write `device Bench { … }`".to_owned()))),
        "group" => Some(("a group needs a name".to_owned(), Some("write `group \"name\" { … }`".to_owned()))),
        "subtest" => Some(("a subtest needs a name".to_owned(), Some("write `subtest \"name\" { … }`".to_owned()))),
        "test" => Some(("a test needs a name".to_owned(), Some("write `test \"name\" { … }`".to_owned()))),
        _ => None,
    }
}

/// Rewords the error of a line that starts with a bracket after a block; Rhai reads it as an index of the block.
fn goes_on(token: &str, position: Position, source: &str) -> Option<Words> {
    let number = position.line()?;
    let above = source.split('\n').take(number.checked_sub(1)?).filter(|line| !line.trim().is_empty());
    let begins = source.split('\n').nth(number - 1)?.trim_start().starts_with('[');
    let behind_block = above.last().is_some_and(|line| line.trim_end().ends_with('}'));
    (token == "]" && begins && behind_block).then(|| {
        let title = "this `[` indexes the block above".to_owned();
        (title, Some("end the block with `;`".to_owned()))
    })
}

fn reserved_help(word: &str) -> Option<String> {
    let help = match word {
        "var" => "declare a variable with `let`",
        "null" | "nil" | "void" => "write `()` for no value",
        "public" | "protected" => "remove it: functions are public unless marked `private`",
        "goto" => "use a loop, or a function",
        block if block.ends_with(" block") => "move the block to the start of a statement",
        "eval" => "on a device the call is `d.exec(\"code\")`",
        _ => "choose another name",
    };
    Some(help.to_owned())
}

/// Rewords a run-time error of Rhai.
pub(crate) fn runtime_error(engine: &Engine, run: &Run, error: &EvalAltResult, source: &str) -> Words {
    match error {
        EvalAltResult::ErrorVariableNotFound(name, _) => {
            let names = declared_names(source);
            let classes: Vec<String> = run.declarations.classes().into_iter().map(|(_, class)| class.0.class.name.clone()).collect();
            let candidates = names.iter().map(String::as_str).chain(classes.iter().map(String::as_str));
            let near = crate::name::nearest(name, candidates.chain(["args", "Console", "Device", "Instrument"]));
            let of_python = habits::variable(name).map(str::to_owned);
            let help = match near {
                _ if is_import(error.position(), source) => Some(habits::import(name)),
                _ if of_python.is_some() => of_python,
                Some(near) => Some(did_you_mean(near)),
                None if names.contains(name) => Some(format!(
                    "functions do not see the script's variables: pass it as an argument, or write `global::{name}` for a constant"
                )),
                None if name.starts_with(char::is_uppercase) => Some(format!(
                    "declare a device class with `device {name} {{ … }}`, or imported: `alias::{name}`"
                )),
                None if is_assigned(error.position(), name, source) => {
                    Some(format!("declare it with `let {name} = …;`"))
                }
                None => None,
            };
            (format!("unknown variable `{name}`"), help)
        }
        EvalAltResult::ErrorFunctionNotFound(signature, _) => function_not_found(engine, run, signature),
        EvalAltResult::ErrorModuleNotFound(name, _) => {
            let known = crate::script::library::library();
            let near = crate::name::nearest(name, known.iter().map(String::as_str));
            let is_standard = known.iter().any(|known| known.strip_prefix("std/") == Some(name.as_str()));
            let help = match near {
                _ if is_standard => habits::add_import(name),
                Some(near) => did_you_mean(near),
                None if name.starts_with("std/") => format!("there are {}", known.join(", ")),
                None => "a module is a file below the script's folder, without `.rhai`, or one of `std/…`".to_owned(),
            };
            (format!("module `{name}` not found"), Some(help))
        }
        EvalAltResult::ErrorPropertyNotFound(name, _) => (format!("unknown property `{}`", first_word(name)), None),
        EvalAltResult::ErrorDotExpr(message, _) => (dot_expression(message), None),
        EvalAltResult::ErrorAssignmentToConstant(name, _) => {
            (format!("`{name}` is a constant"), Some("declare it with `let` to change it".to_owned()))
        }
        EvalAltResult::ErrorMismatchDataType(wanted, found, _)
        | EvalAltResult::ErrorMismatchOutputType(wanted, found, _) => {
            (format!("expected {}, found {}", type_words(wanted), type_words(found)), None)
        }
        EvalAltResult::ErrorStackOverflow(_) => {
            ("calls are nested too deeply".to_owned(), Some("a script can nest 64 calls".to_owned()))
        }
        EvalAltResult::ErrorFor(_) => (
            "cannot loop over this value".to_owned(),
            Some("`for` takes arrays, ranges, maps' keys, generators".to_owned()),
        ),
        EvalAltResult::ErrorUnboundThis(_) => ("`this` outside of a method".to_owned(), None),
        EvalAltResult::ErrorDataRace(..) => (
            "a value is changed while it is in use".to_owned(),
            Some(
                "a closure uses the device that it is given to: write `let same = device;`, and use `same` in the closure"
                    .to_owned(),
            ),
        ),
        EvalAltResult::ErrorIndexingType(signature, _) => {
            let kind = type_words(signature.split(' ').next().unwrap_or_default());
            let block = kind == "DeviceClass";
            let help = block.then(|| "end the block above with `;` if a statement starts with `[`".to_owned());
            (format!("{kind} cannot be indexed that way"), help)
        }
        other => (plain(&without_position(other)), None),
    }
}

/// A Rhai error that a script caught.
pub(crate) struct Caught {
    pub kind: Kind,
    pub title: String,
    pub help: Option<String>,
    /// Where in a function it was raised.
    pub line: Option<i64>,
}

/// Rewords a caught error as if it were uncaught; Rhai keeps only its text. `source` is the
/// script that caught it.
pub(crate) fn caught_error(engine: &Engine, run: &Run, text: &str, source: &str) -> Caught {
    let first = text.lines().next().unwrap_or_default();
    let (_, place) = first.rsplit_once(" (line ").unwrap_or_default();
    let line = place.split(|c: char| !c.is_ascii_digit()).next().and_then(|line| line.parse().ok());
    let message = first_line(text);
    // An error raised in a function names the function's script if that is another one.
    let named = first.split_once(" @ '").and_then(|(_, rest)| rest.split_once('\''));
    let script = run.sources.get(named.map_or(source, |(name, _)| name)).unwrap_or_default();
    let Some(error) = from_text(&message) else {
        return Caught { kind: Kind::ScriptError, title: plain(&message), help: None, line };
    };
    let (title, help) = runtime_error(engine, run, &error, &script);
    Caught { kind: crate::script::errors::kind_of(&error), title, help, line }
}

/// Parses Rhai's text of an error, if this file rewords that kind.
fn from_text(message: &str) -> Option<EvalAltResult> {
    let at = Position::NONE;
    let after = |start: &str| message.strip_prefix(start).map(str::to_owned);
    let types = |start: &str| {
        let (found, wanted) = message.strip_prefix(start)?.strip_suffix(')')?.rsplit_once(" (expecting ")?;
        Some(EvalAltResult::ErrorMismatchDataType(wanted.to_owned(), found.to_owned(), at))
    };
    match message {
        "For loop expects iterable type" => return Some(EvalAltResult::ErrorFor(at)),
        "'this' not bound" => return Some(EvalAltResult::ErrorUnboundThis(at)),
        "Stack overflow" => return Some(EvalAltResult::ErrorStackOverflow(at)),
        _ => {}
    }
    after("Variable not found: ")
        .map(|name| EvalAltResult::ErrorVariableNotFound(name, at))
        .or_else(|| after("Function not found: ").map(|name| EvalAltResult::ErrorFunctionNotFound(name, at)))
        .or_else(|| after("Module not found: ").map(|name| EvalAltResult::ErrorModuleNotFound(name, at)))
        .or_else(|| after("Property not found: ").map(|name| EvalAltResult::ErrorPropertyNotFound(name, at)))
        .or_else(|| after("Cannot modify constant ").map(|name| EvalAltResult::ErrorAssignmentToConstant(name, at)))
        .or_else(|| after("Indexer unavailable: ").map(|name| EvalAltResult::ErrorIndexingType(name, at)))
        .or_else(|| after("Data race detected").map(|name| EvalAltResult::ErrorDataRace(name, at)))
        .or_else(|| after("Unknown property").map(|_| EvalAltResult::ErrorDotExpr(message.to_owned(), at)))
        .or_else(|| types("Data type incorrect: "))
        .or_else(|| types("Output type incorrect: "))
}

/// Rhai's text of an error, without the position at its end.
fn without_position(error: &EvalAltResult) -> String {
    first_line(&error.to_string())
}

/// The first line of a Rhai text, without the position at its end.
pub(crate) fn first_line(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    let first = first.rfind(" (line ").map_or(first, |cut| &first[..cut]);
    first.rfind(" @ '").map_or(first, |cut| &first[..cut]).to_owned()
}

fn first_word(text: &str) -> &str {
    text.split(' ').next().unwrap_or(text).trim_matches(|c| matches!(c, '\'' | '"' | '`'))
}

/// Rewords `Unknown property 'x' - a getter is not registered for type 'y'`.
fn dot_expression(message: &str) -> String {
    let quoted: Vec<&str> = message.split('\'').skip(1).step_by(2).collect();
    match quoted.as_slice() {
        [property, kind, ..] if message.starts_with("Unknown property") => {
            format!("{} has no property `{property}`", type_words(kind))
        }
        _ => plain(message),
    }
}

fn function_not_found(engine: &Engine, run: &Run, signature: &str) -> Words {
    let (name, arguments) = signature.split_once(" (").unwrap_or((signature, ""));
    let name = if name == names::CALL { "call" } else { name };
    let arguments = arguments.trim_end_matches(')');
    let kinds: Vec<String> =
        arguments.split(", ").filter(|kind| !kind.is_empty()).map(|kind| type_words(kind).to_owned()).collect();
    if !rhai::is_valid_identifier(name) {
        let short = name.rsplit("::").next().unwrap_or(name);
        if rhai::is_valid_identifier(short) {
            let functions = run.declarations.loader.all_functions();
            let near = crate::name::nearest(short, functions.iter().map(String::as_str));
            let help = near.map(did_you_mean);
            return (format!("unknown function `{name}` for ({})", kinds.join(", ")), help);
        }
        return (format!("`{name}` cannot be used on {}", all_of(&kinds)), None);
    }
    let own = run.declarations.loader.functions();
    let native = native_names(engine);
    let same: Vec<usize> = own.iter().filter(|(known, _)| known == name).map(|(_, count)| *count).collect();
    if let Some(count) = same.first() {
        let title = format!("`{name}` was called with {}", crate::phrase::arguments(kinds.len()));
        return (title, Some(format!("it takes {}", crate::phrase::arguments(*count))));
    }
    if native.contains(name) {
        let has_int = kinds.iter().any(|kind| kind == "int");
        let takes_floats = has_int && takes_floats(engine, name, &kinds);
        let help = habits::arguments(name, kinds.len()).or_else(|| takes_floats.then(|| habits::float(name, None)));
        return (format!("`{name}` does not take ({})", kinds.join(", ")), help);
    }
    let names = own.iter().map(|(name, _)| name.as_str()).chain(native.iter().map(String::as_str));
    let items = run.declarations.loader.items();
    let of_devices = members::of_device(name).is_some();
    let help = if let Some(help) = habits::function(name) {
        Some(help)
    } else if items.iter().any(|item| item == name) || of_devices {
        Some(format!("`{name}` is called on a device"))
    } else {
        let near = crate::name::nearest(name, names.chain(items.iter().map(String::as_str)));
        near.map(did_you_mean)
    };
    let title = if kinds.is_empty() {
        format!("unknown function `{name}`")
    } else {
        format!("unknown function `{name}` for ({})", kinds.join(", "))
    };
    (title, help)
}

/// Whether a native function takes floats but got integers.
fn takes_floats(engine: &Engine, name: &str, kinds: &[String]) -> bool {
    let wanted = |kind: &str, id: TypeId| match kind {
        "int" | "float" => id == TypeId::of::<f64>(),
        _ => true,
    };
    let fits = |function: rhai::FuncInfo<'_>| {
        let params = &function.metadata.param_types;
        let fits = function.metadata.name == name && params.len() == kinds.len();
        (fits && kinds.iter().zip(params).all(|(kind, id)| wanted(kind, *id))).then_some(())
    };
    !engine.collect_fn_metadata(None, fits, true).is_empty()
}

/// The line at a position.
fn line_of(position: Position, source: &str) -> &str {
    position.line().and_then(|line| source.split('\n').nth(line - 1)).unwrap_or_default()
}

/// Whether an unknown variable follows `import`.
fn is_import(position: Position, source: &str) -> bool {
    line_of(position, source).trim_start().starts_with("import ")
}

/// Whether an unknown variable is assigned.
fn is_assigned(position: Position, name: &str, source: &str) -> bool {
    let rest = line_of(position, source).trim_start().strip_prefix(name).unwrap_or_default().trim_start();
    rest.starts_with('=') && !rest.starts_with("==")
}

/// Names of the native functions that people can write, except those of devices, classes and proxies: every name that
/// a script calls is registered for these.
pub(crate) fn native_names(engine: &Engine) -> BTreeSet<String> {
    let ours = receivers();
    let name = |function: rhai::FuncInfo<'_>| {
        let native = function.script.is_none() && rhai::is_valid_identifier(&function.metadata.name);
        let for_all = function.metadata.param_types.first().is_none_or(|first| !ours.contains(first));
        (native && for_all).then(|| function.metadata.name.to_string())
    };
    engine.collect_fn_metadata(None, name, true).into_iter().collect()
}

/// Names that a script declares, found in its text: the tree does not keep scopes.
fn declared_names(source: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut words =
        source.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        if matches!(word, "let" | "const" | "as" | "device" | "for" | "fn")
            && let Some(name) = words.peek()
        {
            names.insert((*name).to_owned());
        }
    }
    names
}

/// A Rhai type by the name that the language reference uses.
fn type_words(name: &str) -> &str {
    let name = name.trim();
    if name.contains("ImmutableString") || name == "&str" {
        return "string";
    }
    match name {
        "i64" => "int",
        "f64" => "float",
        "()" => "`()`",
        "Fn" => "function",
        "DeferredHandle" => "the result of a call in a batch",
        other => other.rsplit("::").next().unwrap_or(other),
    }
}

/// Formats a Rhai message as a lower-case phrase with code in back-ticks.
pub(crate) fn plain(message: &str) -> String {
    let message = message.replace('\'', "`").replace("Expecting", "expected").replace("expecting", "expected");
    let mut letters = message.chars();
    match letters.next() {
        Some(first) if !message.chars().take(2).all(char::is_uppercase) => {
            first.to_lowercase().chain(letters).collect::<String>().trim_end_matches('.').to_owned()
        }
        _ => message,
    }
}
