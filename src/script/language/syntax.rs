//! The grammar of a `device` block: a parse callback that requests one segment after the other from Rhai.
//!
//! The accepted segments are recorded as a string, one letter for each segment that Rhai hands over at evaluation.
//! Invariant: the state holds only strings and numbers (Rhai hashes it, and panics on anything else).

use crate::phrase::did_you_mean;
use crate::script::language::text;
use crate::script::names::HELP_MARK;
use rhai::{Array, Dynamic, ImmutableString, LexError, ParseError, Position};

/// The segments that reach evaluation.
pub(crate) mod op {
    pub const CLASS: char = 'N';
    pub const MIXIN: char = 'X';
    pub const MIXIN_ALIAS: char = 'A';
    pub const DOC: char = 'D';
    pub const KIND: char = 'K';
    pub const NAME: char = 'F';
    pub const FUNCTION: char = 'H';
    pub const PARAM: char = 'P';
    pub const ANNOTATION: char = 'T';
    pub const DEFAULT: char = 'E';
    pub const ARROW: char = '>';
    pub const RETURNS: char = 'R';
    pub const OPTION: char = 'O';
    pub const VALUE: char = 'V';
    pub const IMPLEMENTATION: char = 'I';
    pub const BODY: char = 'B';
}

/// Defines `Phase`, the last accepted segment, and `PHASES`, all of them: Rhai keeps the state as numbers.
macro_rules! phases {
    ($($phase:ident),* $(,)?) => {
        #[derive(Clone, Copy, PartialEq, Eq)]
        #[repr(i64)]
        enum Phase {
            $($phase),*
        }

        const PHASES: &[Phase] = &[$(Phase::$phase),*];
    };
}
pub(super) use phases;

phases! {
    Start,
    Name,
    Mixin,
    MixinName,
    MixinPart,
    Member,
    Kind,
    ItemName,
    Params,
    ParamName,
    Annotation,
    DefaultValue,
    AfterDefault,
    Arrow,
    Returns,
    Options,
    OptionName,
    OptionValue,
    Implementation,
    Done,
    End,
}

struct State {
    phase: Phase,
    ops: String,
    kind: String,
    /// Brackets open in an annotation.
    depth: i64,
}

impl State {
    fn read(value: &Dynamic) -> State {
        let fields = value.read_lock::<Array>();
        let fields = fields.as_deref().map(Vec::as_slice).unwrap_or_default();
        let string =
            |index: usize| fields.get(index).and_then(|field| field.clone().into_string().ok()).unwrap_or_default();
        let phase = fields.first().and_then(|field| field.as_int().ok()).and_then(|index| usize::try_from(index).ok());
        let phase = phase.and_then(|index| PHASES.get(index)).copied().unwrap_or(Phase::Start);
        let depth = fields.get(3).and_then(|field| field.as_int().ok()).unwrap_or(0);
        State { phase, ops: string(1), kind: string(2), depth }
    }

    fn write(self) -> Dynamic {
        Dynamic::from_array(vec![
            Dynamic::from_int(self.phase as i64),
            Dynamic::from(self.ops),
            Dynamic::from(self.kind),
            Dynamic::from_int(self.depth),
        ])
    }

    /// Requests `segment`; `op` if it reaches evaluation.
    fn ask(&mut self, segment: &'static str, op: Option<char>, next: Phase) -> &'static str {
        self.ops.extend(op);
        self.phase = next;
        segment
    }
}

/// The letters of a block, from the stored state.
pub(crate) fn ops(state: &Dynamic) -> String {
    State::read(state).ops
}

/// A grammar error. Rhai places it at the current token.
pub(crate) fn wrong<T>(message: impl Into<String>, help: &str) -> Result<T, ParseError> {
    let message = message.into();
    let text = if help.is_empty() { message } else { format!("{message}{HELP_MARK}{help}") };
    Err(LexError::Runtime(text).into_err(Position::NONE))
}

/// Rhai's parse callback: returns the next segment, or `None` at the end of the block.
pub(crate) fn parse(
    segments: &[ImmutableString],
    next: &str,
    state: &mut Dynamic,
) -> Result<Option<ImmutableString>, ParseError> {
    let mut now = State::read(state);
    match now.phase {
        Phase::Start => text::note_block(true),
        Phase::Done => text::note_block(false),
        _ => {}
    }
    let last = segments.last().map_or("", ImmutableString::as_str);
    let segment = match now.phase {
        Phase::End => None,
        Phase::Start | Phase::Name | Phase::Mixin | Phase::MixinName | Phase::MixinPart => Some(head(&mut now, next)?),
        Phase::Member | Phase::Kind => Some(member(&mut now, next, last)?),
        Phase::ItemName
        | Phase::Params
        | Phase::ParamName
        | Phase::Annotation
        | Phase::DefaultValue
        | Phase::AfterDefault => Some(parameters(&mut now, next, last)?),
        Phase::Arrow | Phase::Returns => Some(returns(&mut now, next, last)?),
        Phase::Options | Phase::OptionName | Phase::OptionValue | Phase::Implementation => {
            Some(options(&mut now, next)?)
        }
        Phase::Done => Some(now.ask("$$device", None, Phase::End)),
    };
    *state = now.write();
    Ok(segment.map(Into::into))
}

fn head(now: &mut State, next: &str) -> Result<&'static str, ParseError> {
    Ok(match (now.phase, next) {
        (Phase::Start, _) => now.ask("$ident$", Some(op::CLASS), Phase::Name),
        (Phase::Name, ":") => now.ask(":", None, Phase::Mixin),
        (Phase::Name | Phase::MixinName | Phase::MixinPart, "{") => now.ask("{", None, Phase::Member),
        (Phase::Name, _) => {
            return wrong(format!("expected `{{` or `:` after the class's name, found {}", words(next)), "");
        }
        (Phase::Mixin, _) => now.ask("$ident$", Some(op::MIXIN), Phase::MixinName),
        (Phase::MixinName, "::") => {
            // The previous name was a module alias, not the class.
            now.ops.pop();
            now.ops.push(op::MIXIN_ALIAS);
            now.ask("::", None, Phase::MixinPart)
        }
        (Phase::MixinName, ",") => now.ask(",", None, Phase::Mixin),
        (Phase::MixinPart, _) => now.ask("$ident$", Some(op::MIXIN), Phase::MixinName),
        _ => return wrong(format!("expected `{{` or `,` after the inherited class, found {}", words(next)), ""),
    })
}

fn member(now: &mut State, next: &str, last: &str) -> Result<&'static str, ParseError> {
    if now.phase == Phase::Kind {
        last.clone_into(&mut now.kind);
        // A quote of a string, or of a body.
        let is_text = next.starts_with(['"', '`', '\'']) || next == "string";
        if is_end(next) || is_text || matches!(next, "(" | "()" | "{" | "}" | "|" | "||") {
            let form = if last == "method" { "|args| { … }" } else { "() `…`" };
            let help = format!("every {last} has a name: write ``{last} name{form}``");
            return wrong(format!("expected the name of the {last}, found {}", words(next)), &help);
        }
        text::note_name(next);
        return Ok(now.ask("$token$", Some(op::NAME), Phase::ItemName));
    }
    Ok(match next {
        "}" => now.ask("}", None, Phase::Done),
        "setup" | "task" | "thread" | "teardown" | "method" => now.ask("$token$", Some(op::KIND), Phase::Kind),
        doc if doc.starts_with("//") || doc.starts_with("/*") => now.ask("$token$", Some(op::DOC), Phase::Member),
        end if is_end(end) => return wrong("the `device` block is not closed", "add a `}` at its end"),
        "fn" => {
            return wrong(
                "expected `setup`, `task`, `thread`, `teardown` or `method`, found `fn`",
                "write host-side helpers as `method name |args| { … }`",
            );
        }
        other => {
            let found = format!("expected `setup`, `task`, `thread`, `teardown` or `method`, found {}", words(other));
            let kinds = ["setup", "task", "thread", "teardown", "method"];
            let near = crate::name::nearest(other, kinds).map(did_you_mean);
            return wrong(found, near.as_deref().unwrap_or_default());
        }
    })
}

fn parameters(now: &mut State, next: &str, last: &str) -> Result<&'static str, ParseError> {
    if now.phase == Phase::ItemName && now.kind == "method" {
        return match next {
            "|" | "||" => Ok(now.ask("$func$", Some(op::FUNCTION), Phase::Member)),
            _ => wrong(
                format!("expected `|` after `method {last}`, found {}", words(next)),
                "write a method as `method name |args| { … }`; inside, `this` is the device",
            ),
        };
    }
    Ok(match (now.phase, next) {
        (Phase::ItemName, "()") => now.ask("()", None, Phase::Options),
        (Phase::ItemName, "(") => now.ask("(", None, Phase::Params),
        // Rhai takes `(*` for a Pascal comment.
        (Phase::ItemName, next) if next.contains("Pascal") => return collecting(),
        (Phase::ItemName, _) => {
            let message = format!("expected `(` after `{} {last}`, found {}", now.kind, words(next));
            return wrong(message, "write the parameters in parentheses, even if there are none");
        }
        (Phase::Params | Phase::ParamName | Phase::Annotation | Phase::AfterDefault, ")") => {
            now.ask(")", None, Phase::Options)
        }
        (Phase::Params, "*" | "**") => {
            return collecting();
        }
        // Also Rhai keywords, which are ordinary names on the board.
        (Phase::Params, name) if is_name(name) => now.ask("$token$", Some(op::PARAM), Phase::ParamName),
        (Phase::ParamName | Phase::Annotation | Phase::AfterDefault, ",") => now.ask(",", None, Phase::Params),
        (Phase::ParamName, ":") => now.ask(":", None, Phase::Annotation),
        (Phase::ParamName | Phase::Annotation, "=") => now.ask("=", None, Phase::DefaultValue),
        (Phase::Annotation, other) if !is_end(other) && !matches!(other, "{" | "}" | "(" | ";") => {
            now.ask("$token$", Some(op::ANNOTATION), Phase::Annotation)
        }
        (Phase::DefaultValue, _) => now.ask("$expr$", Some(op::DEFAULT), Phase::AfterDefault),
        _ => {
            let message = format!("expected `,` or `)` in the parameters, found {}", words(next));
            return wrong(message, "write parameters as `name`, `name = default` or `name: annotation`");
        }
    })
}

fn options(now: &mut State, next: &str) -> Result<&'static str, ParseError> {
    match now.phase {
        Phase::Implementation => return Ok(now.ask("$string$", Some(op::IMPLEMENTATION), Phase::Options)),
        Phase::OptionValue => return Ok(now.ask("$expr$", Some(op::VALUE), Phase::Options)),
        Phase::OptionName if next == "=" => return Ok(now.ask("=", None, Phase::OptionValue)),
        _ => {}
    }
    Ok(match next {
        "->" if now.phase == Phase::Options
            && !now.ops.ends_with([op::RETURNS, op::OPTION, op::VALUE, op::IMPLEMENTATION]) =>
        {
            now.ask("$token$", Some(op::ARROW), Phase::Arrow)
        }
        "->" => {
            return wrong("`->` does not directly follow the parameters", "write it directly after the parenthesis");
        }
        "for" => now.ask("for", None, Phase::Implementation),
        // An interpolated string appears as this word.
        "string" => {
            return wrong(
                "the body contains `${…}`, which Rhai would replace",
                "write `\\${` in the body, or use the quotes `#\"…\"#`, which replace nothing",
            );
        }
        // Rhai reports this one itself, at the right position.
        open if open.starts_with("Open string") => now.ask("$token$", None, Phase::Options),
        body if body.starts_with('"') => now.ask("$string$", Some(op::BODY), Phase::Member),
        "{" => {
            return wrong(
                format!("expected the body of the {} in back-ticks, found `{{`", now.kind),
                "a body is MicroPython between back-ticks; host-side code is `method name |args| { … }`",
            );
        }
        word if word.starts_with(|first: char| first.is_alphabetic() || first == '_') => {
            now.ask("$token$", Some(op::OPTION), Phase::OptionName)
        }
        other => return wrong(format!("expected an option or the body in back-ticks, found {}", words(other)), ""),
    })
}

/// The annotation after `->`: a name, optionally dotted, optionally with brackets.
fn returns(now: &mut State, next: &str, last: &str) -> Result<&'static str, ParseError> {
    let wants_name = now.phase == Phase::Arrow || last == "." && now.depth == 0;
    let ends = is_end(next) || matches!(next, "{" | "}" | ";");
    match next {
        "[" if !wants_name => Ok(bracket(now, 1)),
        "]" if now.depth > 0 => Ok(bracket(now, -1)),
        _ if now.depth > 0 && !ends => Ok(bracket(now, 0)),
        "." if !wants_name => Ok(bracket(now, 0)),
        name if wants_name && is_name(name) => Ok(bracket(now, 0)),
        _ if wants_name || now.depth > 0 => {
            let message = format!("expected what the {} returns after `->`, found {}", now.kind, words(next));
            wrong(message, "write its type: `-> int`")
        }
        _ => options(now, next),
    }
}

/// Requests a token of an annotation; `opens` is the change in bracket depth.
fn bracket(now: &mut State, opens: i64) -> &'static str {
    now.depth += opens;
    now.ask("$token$", Some(op::RETURNS), Phase::Returns)
}

fn is_name(word: &str) -> bool {
    word.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

fn collecting<T>() -> Result<T, ParseError> {
    wrong("a parameter cannot collect arguments", "pass an array, or a map, as one argument")
}

fn is_end(next: &str) -> bool {
    next == "{EOF}" || next.is_empty()
}

/// Describes a token in words.
pub(crate) fn words(token: &str) -> String {
    if is_end(token) {
        "the end of the file".to_owned()
    } else if token.starts_with('"') {
        "a string".to_owned()
    } else {
        format!("`{token}`")
    }
}
