//! What is wrong in an input while it is typed.
//!
//! Has an engine of its own, which only parses. Invariant: nothing is evaluated, and the session does not change.

use crate::bench::event::TimedEvent;
use crate::device::{Host, HostOptions, Output};
use crate::script::analysis::known::{Known, KnownModule};
use crate::script::analysis::source::Source;
use crate::script::analysis::types::Type;
use crate::script::compile;
use crate::script::findings::natives;
use crate::script::handles::{ClassHandle, DeviceHandle};
use crate::script::observer::Observer;
use crate::script::run::Run;
use crate::script::run::options::RunOptions;
use crate::script::session::Session;
use crate::script::sources::Sources;
use crate::script::{analysis, engine};
use rhai::{Dynamic, Engine, LexError, ParseErrorType, Position};
use std::ops::Range;
use std::sync::Arc;

/// Longer inputs, and more deeply nested ones, are not looked at: each key is to be answered at once.
const LONGEST: usize = 20_000;
const DEEPEST: usize = 30;

/// Looks at inputs while they are typed.
#[derive(Default)]
pub struct TypedCheck {
    known: Known,
    engine: std::cell::OnceCell<(Arc<Run>, Engine)>,
}

/// Shows nothing.
struct Silent;

impl Output for Silent {
    fn board(&self, _device: &str, _text: &str) {}
    fn notice(&self, _text: &str) {}
}

impl Observer for Silent {
    fn event(&self, _event: &TimedEvent, _sources: &Sources) {}
}

impl TypedCheck {
    /// The bytes of the words that are surely wrong in `input`, in order. `cursor`: what is typed there is not finished.
    pub fn wrong(&self, input: &str, cursor: usize) -> Vec<Range<usize>> {
        if input.len() > LONGEST || deepest(input) > DEEPEST {
            return Vec::new();
        }
        let (run, engine) = self.engine.get_or_init(|| {
            let host = Host::new(HostOptions::new(Arc::new(Silent)));
            let run = Arc::new(Run::new(host, Arc::new(Silent), RunOptions::default()));
            let engine = engine::engine(&run);
            (run, engine)
        });
        let tree = match compile::typed(engine, input) {
            Ok(tree) => tree,
            Err(error) => return wrong_token(input, cursor, &error.0, error.1).into_iter().collect(),
        };
        let source = Source { name: "<typed>".to_owned(), text: input.into(), tree };
        let found = analysis::findings_of_input(&source, &self.known, natives(run, engine));
        let calls = calls_around(input, cursor);
        let words = found.iter().filter_map(|finding| word(input, finding.origin.line, finding.origin.column));
        let is_done = |word: &Range<usize>| !touches(word, cursor) && !calls.contains(&word.end);
        let mut words: Vec<_> = words.filter(is_done).collect();
        words.sort_by_key(|word| word.start);
        words.dedup();
        words
    }

    /// What the check knows is now this session's.
    pub fn learn(&mut self, session: &Session) {
        self.known = session.known();
    }
}

/// How deep brackets are nested, at most.
fn deepest(input: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for letter in input.bytes() {
        match letter {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Whether the cursor is at a word.
fn touches(word: &Range<usize>, cursor: usize) -> bool {
    word.start <= cursor && cursor <= word.end
}

/// The token at which Rhai stops, unless more input could make it right.
fn wrong_token(input: &str, cursor: usize, kind: &ParseErrorType, at: Position) -> Option<Range<usize>> {
    let may_go_on = matches!(
        kind,
        ParseErrorType::UnexpectedEOF
            | ParseErrorType::BadInput(
                LexError::UnterminatedString | LexError::Runtime(_) | LexError::MalformedEscapeSequence(_)
            )
    );
    let number = |of: Option<usize>| of.and_then(|of| u32::try_from(of).ok());
    let word = word(input, number(at.line())?, number(at.position())?)?;
    let is_last = input[word.end..].trim().is_empty();
    (!may_go_on && !is_last && !touches(&word, cursor)).then_some(word)
}

/// The bytes of the word at a place: a name, a string, or one sign.
fn word(input: &str, line: u32, column: u32) -> Option<Range<usize>> {
    let (line, column) = (usize::try_from(line).ok()?, usize::try_from(column).ok()?.checked_sub(1)?);
    let before = input.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum::<usize>();
    let (offset, first) = input.get(before..)?.split('\n').next()?.char_indices().nth(column)?;
    let start = before + offset;
    let rest = &input[start..];
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let length = match first {
        '"' => rest[1..].find('"').map_or(rest.len(), |end| end + 2),
        first if is_part(first) => rest.find(|c| !is_part(c)).unwrap_or(rest.len()),
        first => first.len_utf8(),
    };
    Some(start..start + length)
}

/// Where the names end of the calls whose arguments the cursor is in.
fn calls_around(input: &str, cursor: usize) -> Vec<usize> {
    let mut open: Vec<usize> = Vec::new();
    for (at, letter) in input.char_indices().take_while(|(at, _)| *at < cursor) {
        match letter {
            '(' => open.push(at),
            ')' => drop(open.pop()),
            _ => {}
        }
    }
    open
}

impl Session {
    /// What an input finds in the session.
    fn known(&self) -> Known {
        let mut known = Known { station: self.run.station(), ..Known::default() };
        for (name, value) in self.variables() {
            let of = type_of(&mut known, name, &value);
            known.variables.push((name.to_owned(), of));
        }
        // The newest of a name counts, which is the first.
        known.variables.reverse();
        known.functions = self.functions().into_iter().map(|(name, params, _)| (name, params.len())).collect();
        for (alias, members) in self.imports() {
            let count = |shown: &str| {
                let inside = shown.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
                inside.split(',').filter(|param| !param.trim().is_empty()).count()
            };
            let functions = members.iter().filter(|(word, _)| word.ends_with('('));
            let functions =
                functions.map(|(word, shown)| (word.trim_end_matches('(').to_owned(), count(shown))).collect();
            known.modules.push(KnownModule::new(&alias, functions));
        }
        known
    }
}

/// The type of a variable, as far as it cannot change what an input may do with it.
fn type_of(known: &mut Known, name: &str, value: &Dynamic) -> Type {
    if let Some(device) = value.read_lock::<DeviceHandle>() {
        // Its own, because it may have items that its class does not have. No name is like this one.
        let number = known.class(&format!("{name} "), &device.class);
        let own = &known.classes[number - 1];
        let has = |task: &str| own.items.iter().any(|item| item.name == task);
        let has_more = device.device.tasks().iter().any(|(_, task, _)| !has(task));
        known.classes[number - 1].is_open = has_more;
        return Type::Device(number);
    }
    if let Some(class) = value.read_lock::<ClassHandle>() {
        return Type::Class(known.class(name, &class));
    }
    match () {
        () if value.is_int() => Type::Int,
        () if value.is_float() => Type::Float,
        () if value.is_bool() => Type::Bool,
        () if value.is_string() => Type::Text,
        () if value.is_array() => Type::array_of(Type::Any),
        () => Type::Wrong,
    }
}
