//! The grammar of `instrument` and `console` blocks: a parse callback that requests one segment after the other from Rhai, as
//! [`super::syntax`] does for `device` blocks.
//!
//! A `console` block has settings besides, such as its prompt, and its setups may be closures; only items of an `instrument` block
//! are for models.
//!
//! Invariant: the state holds only strings and numbers (Rhai hashes it, and panics on anything else).

use crate::phrase::did_you_mean;
use crate::script::language::syntax::{phases, words, wrong};
use crate::script::language::text;
use crate::script::names;
use rhai::{Array, Dynamic, ImmutableString, ParseError};

/// The segments that reach evaluation. Those that [`super::syntax::op`] has, too, have its letters.
pub(crate) mod op {
    pub(crate) use crate::script::language::syntax::op::*;
    /// The type of a parameter.
    pub const TYPE: char = 'T';
    /// The unit of a parameter.
    pub const UNIT: char = 'U';
    /// Which values a parameter takes.
    pub const LIMITS: char = 'L';
    /// `for "MODEL"`.
    pub const MODEL: char = 'I';
    /// What a class of consoles sets: `prompt`.
    pub const SETTING: char = 'S';
    /// Its value.
    pub const SET: char = 'W';
}

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
    Colon,
    Type,
    Unit,
    In,
    Limits,
    Default,
    AfterDefault,
    Options,
    OptionName,
    OptionValue,
    Model,
    Arrow,
    Body,
    LateArrow,
    Setting,
    Done,
    End,
}

use Phase::{
    AfterDefault, Arrow, Body, Colon, Default, Done, End, In, ItemName, Kind, LateArrow, Limits, Member, Mixin,
    MixinName, MixinPart, Model, Name, OptionName, OptionValue, Options, ParamName, Params, Setting, Start, Type, Unit,
};

/// The words that begin members.
const MEMBERS: [&str; 5] = ["command", "query", "setup", "teardown", "method"];

/// What a class of consoles can set for its consoles.
pub(crate) const SETTINGS: [&str; 13] = [
    "prompt",
    "error",
    "newline",
    "echo",
    "timeout",
    "frame",
    "baudrate",
    "data_bits",
    "parity",
    "stop_bits",
    "flow",
    "dtr",
    "rts",
];

/// Which block it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    Instrument,
    Console,
}

impl Block {
    fn word(self) -> &'static str {
        match self {
            Block::Instrument => "instrument",
            Block::Console => "console",
        }
    }
}

struct State {
    phase: Phase,
    ops: String,
    kind: String,
}

impl State {
    fn read(value: &Dynamic) -> State {
        let fields = value.read_lock::<Array>();
        let fields = fields.as_deref().map(Vec::as_slice).unwrap_or_default();
        let string =
            |index: usize| fields.get(index).and_then(|field| field.clone().into_string().ok()).unwrap_or_default();
        let phase = fields.first().and_then(|field| field.as_int().ok()).and_then(|index| usize::try_from(index).ok());
        let phase = phase.and_then(|index| PHASES.get(index)).copied().unwrap_or(Start);
        State { phase, ops: string(1), kind: string(2) }
    }

    fn write(self) -> Dynamic {
        Dynamic::from_array(vec![
            Dynamic::from_int(self.phase as i64),
            Dynamic::from(self.ops),
            Dynamic::from(self.kind),
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

/// Rhai's parse callback: returns the next segment, or `None` at the end of the block.
pub(crate) fn parse(
    segments: &[ImmutableString],
    next: &str,
    state: &mut Dynamic,
) -> Result<Option<ImmutableString>, ParseError> {
    let mut now = State::read(state);
    let is_console = segments.first().is_some_and(|key| key == names::CONSOLE);
    let block = if is_console { Block::Console } else { Block::Instrument };
    match now.phase {
        Start => text::note_block(true),
        Done => text::note_block(false),
        _ => {}
    }
    let last = segments.last().map_or("", ImmutableString::as_str);
    let segment = match now.phase {
        End => None,
        Start | Name | Mixin | MixinName | MixinPart => Some(head(&mut now, next)?),
        Member | Kind | LateArrow => Some(member(&mut now, block, next, last)?),
        Setting if next == "=" => {
            return wrong(
                format!("expected the value of `{last}`, found `=`"),
                &format!("write `{last} …`, without `=`"),
            );
        }
        Setting => Some(now.ask("$expr$", Some(op::SET), Member)),
        Body if next == "->" && now.kind == "query" => Some(now.ask("$token$", Some(op::ARROW), LateArrow)),
        Body => Some(member(&mut now, block, next, last)?),
        ItemName | Params | ParamName | Colon | Type | Unit | In | Limits | Default | AfterDefault => {
            Some(parameters(&mut now, block, next, last)?)
        }
        Options | OptionName | OptionValue | Model | Arrow => Some(options(&mut now, block, next)?),
        Done if block == Block::Console => Some(now.ask("$$console", None, End)),
        Done => Some(now.ask("$$instrument", None, End)),
    };
    *state = now.write();
    Ok(segment.map(Into::into))
}

fn head(now: &mut State, next: &str) -> Result<&'static str, ParseError> {
    Ok(match (now.phase, next) {
        (Start, _) => now.ask("$ident$", Some(op::CLASS), Name),
        (Name, ":") => now.ask(":", None, Mixin),
        (Name | MixinName | MixinPart, "{") => now.ask("{", None, Member),
        (Name, _) => return wrong(format!("expected `{{` or `:` after the class's name, found {}", words(next)), ""),
        (Mixin, _) => now.ask("$ident$", Some(op::MIXIN), MixinName),
        (MixinName, "::") => {
            // The previous name was a module alias, not the class.
            now.ops.pop();
            now.ops.push(op::MIXIN_ALIAS);
            now.ask("::", None, MixinPart)
        }
        (MixinName, ",") => now.ask(",", None, Mixin),
        (MixinPart, _) => now.ask("$ident$", Some(op::MIXIN), MixinName),
        _ => return wrong(format!("expected `{{` or `,` after the inherited class, found {}", words(next)), ""),
    })
}

fn is_end(next: &str) -> bool {
    next == "{EOF}" || next.is_empty()
}

fn is_name(word: &str) -> bool {
    word.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

fn member(now: &mut State, block: Block, next: &str, last: &str) -> Result<&'static str, ParseError> {
    if now.phase == Kind {
        last.clone_into(&mut now.kind);
        if !is_name(next) {
            let form = if last == "method" { "|args| { … }" } else { "() \"…\"" };
            let help = format!("every {last} has a name: write `{last} name{form}`");
            return wrong(format!("expected the name of the {last}, found {}", words(next)), &help);
        }
        text::note_name(next);
        return Ok(now.ask("$token$", Some(op::NAME), ItemName));
    }
    if now.phase == LateArrow && is_name(next) && !now.ops.ends_with(op::RETURNS) {
        return Ok(now.ask("$token$", Some(op::RETURNS), LateArrow));
    }
    Ok(match next {
        "}" => now.ask("}", None, Done),
        kind if MEMBERS.contains(&kind) => now.ask("$token$", Some(op::KIND), Kind),
        doc if doc.starts_with("//") || doc.starts_with("/*") => now.ask("$token$", Some(op::DOC), Member),
        setting if block == Block::Console && SETTINGS.contains(&setting) => {
            now.ask("$token$", Some(op::SETTING), Setting)
        }
        end if is_end(end) => {
            return wrong(format!("the `{}` block is not closed", block.word()), "add a `}` at its end");
        }
        other => {
            let settings = if block == Block::Console { &SETTINGS[..] } else { &[] };
            let also = if block == Block::Console { "`prompt`, " } else { "" };
            let found =
                format!("expected {also}`command`, `query`, `setup`, `teardown` or `method`, found {}", words(other));
            let near = crate::name::nearest(other, MEMBERS.iter().chain(settings).copied()).map(did_you_mean);
            return wrong(found, near.as_deref().unwrap_or_default());
        }
    })
}

fn parameters(now: &mut State, block: Block, next: &str, last: &str) -> Result<&'static str, ParseError> {
    if now.phase == ItemName && now.kind == "method" {
        return match next {
            "|" | "||" => Ok(now.ask("$func$", Some(op::FUNCTION), Member)),
            _ => wrong(
                format!("expected `|` after `method {last}`, found {}", words(next)),
                &format!("write a method as `method name |args| {{ … }}`; inside, `this` is the {}", block.word()),
            ),
        };
    }
    Ok(match (now.phase, next) {
        (ItemName, "()") => now.ask("()", None, Options),
        (ItemName, "(") => now.ask("(", None, Params),
        (ItemName, _) => {
            let message = format!("expected `(` after `{} {last}`, found {}", now.kind, words(next));
            return wrong(message, "write the parameters in parentheses, even if there are none");
        }
        (Params | ParamName | Type | Unit | Limits | AfterDefault, ")") => now.ask(")", None, Options),
        (Params, name) if is_name(name) => now.ask("$token$", Some(op::PARAM), ParamName),
        (ParamName | Type | Unit | Limits | AfterDefault, ",") => now.ask(",", None, Params),
        (ParamName, ":") => now.ask(":", None, Colon),
        (Colon | Type, unit) if unit.starts_with('"') => now.ask("$string$", Some(op::UNIT), Unit),
        (Colon, name) if is_name(name) => now.ask("$token$", Some(op::TYPE), Type),
        (ParamName | Type | Unit, "in") => now.ask("in", None, In),
        (In, _) => now.ask("$expr$", Some(op::LIMITS), Limits),
        (ParamName | Type | Unit | Limits, "=") => now.ask("=", None, Default),
        (Default, _) => now.ask("$expr$", Some(op::DEFAULT), AfterDefault),
        _ => {
            let message = format!("expected `,` or `)` in the parameters, found {}", words(next));
            return wrong(message, "write parameters as `name`, `name: float \"V\" in 0..=30` or `name = default`");
        }
    })
}

fn options(now: &mut State, block: Block, next: &str) -> Result<&'static str, ParseError> {
    match now.phase {
        Model => return Ok(now.ask("$string$", Some(op::MODEL), Options)),
        OptionValue => return Ok(now.ask("$expr$", Some(op::VALUE), Options)),
        OptionName if next == "=" => return Ok(now.ask("=", None, OptionValue)),
        Arrow if is_name(next) => return Ok(now.ask("$token$", Some(op::RETURNS), Options)),
        Arrow => {
            let message = format!("expected what the {} returns after `->`, found {}", now.kind, words(next));
            return wrong(message, "write its type: `-> float`");
        }
        _ => {}
    }
    Ok(match next {
        "->" if !now.ops.ends_with([op::RETURNS, op::OPTION, op::VALUE, op::MODEL]) => {
            now.ask("$token$", Some(op::ARROW), Arrow)
        }
        "for" if block == Block::Console => {
            return wrong(
                "a console has no model, so its items have no `for`",
                "write one item, or a class for each unit",
            );
        }
        "for" => now.ask("for", None, Model),
        "|" | "||" if block == Block::Console && now.kind == "setup" => now.ask("$func$", Some(op::FUNCTION), Member),
        "|" | "||" if block == Block::Console => {
            let help =
                format!("write its text in quotes, or a method: `method name |args| {{ … }}`, not a {}", now.kind);
            return wrong(format!("a {} cannot be a closure", now.kind), &help);
        }
        // An interpolated string appears as this word.
        "string" => {
            return wrong(
                "the message contains `${…}`, which Rhai would replace",
                "write `\"…{name}…\"` for an argument",
            );
        }
        // Rhai reports this one itself, at the right position.
        open if open.starts_with("Open string") => now.ask("$token$", None, Options),
        body if body.starts_with('"') => now.ask("$string$", Some(op::BODY), Body),
        word if is_name(word) => now.ask("$token$", Some(op::OPTION), OptionName),
        other => return wrong(format!("expected an option or the message in quotes, found {}", words(other)), ""),
    })
}
