//! A finished command, and its outcome.
//!
//! Uses [`crate::value`]. Invariant: a command that runs to its end sends exactly one reply.

use super::large::Large;
use super::resident::PlainArguments;
use crate::value::Value;
use crate::value::parse::{ParseError, parse};

/// Length, in bytes, of a line that is large for a small board.
const LARGE: usize = 200;

/// The prefix of a command with a handler.
const TRY: &str = "try:";

/// Python source ready to send, which ends with a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    code: String,
    /// Whether it starts with a simple statement, so that another can precede it on the same line.
    simple: bool,
    /// The call of a function with plain arguments, if it is nothing else.
    call: Option<PlainCall>,
    /// The values that it uses and that travel before it.
    large: Vec<Large>,
}

/// A call of a function with arguments that a board reads without compiling ([`crate::board::resident`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainCall {
    /// The name of the function.
    pub name: String,
    /// Its arguments by position.
    pub arguments: PlainArguments,
}

impl Command {
    /// Source that sends its own reply.
    pub fn new(code: impl Into<String>) -> Command {
        Command { code: code.into(), simple: false, call: None, large: Vec::new() }
    }

    /// Source that sends its own reply and starts with a simple statement.
    pub fn simple(code: impl Into<String>) -> Command {
        Command { code: code.into(), simple: true, call: None, large: Vec::new() }
    }

    /// Statements; the reply is `None`.
    pub fn statements(code: &str) -> Command {
        let end = if code.is_empty() || code.ends_with('\n') { "" } else { "\n" };
        Command::new(format!("{code}{end}__belay(None)"))
    }

    /// An expression on one line, or on several in brackets; the reply is its value.
    pub fn expression(code: &str) -> Command {
        // A comment at its end must not swallow the bracket.
        let end = if code.contains('#') { "\n" } else { "" };
        Command::simple(format!("__belay({code}{end})"))
    }

    /// Like [`Command::expression`], for an expression that may be a tuple without parentheses.
    pub fn expression_or_tuple(code: &str) -> Command {
        if !code.contains(',') {
            return Command::expression(code);
        }
        let end = if code.contains('#') { "\n" } else { "" };
        Command::simple(format!("__belay(({code}{end}))"))
    }

    /// The same command, which is the call of a function with plain arguments and nothing else.
    pub fn with_call(self, call: PlainCall) -> Command {
        Command { call: Some(call), ..self }
    }

    /// The call, if it is one.
    pub fn call(&self) -> Option<&PlainCall> {
        self.call.as_ref()
    }

    /// The command, whose source uses these values.
    pub fn with_large(self, large: Vec<Large>) -> Command {
        Command { large, ..self }
    }

    /// The values that must be on the board before it runs.
    pub fn large(&self) -> &[Large] {
        &self.large
    }

    /// The source.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Whether the board needs a large block of memory to compile it, or keeps some of it: several lines may define something
    /// that stays.
    pub(super) fn is_large(&self) -> bool {
        self.code.len() > LARGE || self.code.contains('\n')
    }

    /// The command with a simple statement before it, on its first line, so that line numbers of tracebacks stay; `None` if it
    /// starts with something that no statement can precede.
    pub fn after(&self, statement: &str) -> Option<Command> {
        let code = || match self.code.strip_prefix(TRY) {
            Some(rest) => format!("{TRY}{statement};{rest}"),
            None => format!("{statement};{}", self.code),
        };
        self.simple.then(|| Command::simple(code()).with_large(self.large.clone()))
    }

    /// The command, which is a single simple statement, after a `try:` on its first line; `handler`: the lines from `except`
    /// on.
    pub fn in_try(&self, handler: &str) -> Command {
        Command { code: format!("{TRY}{}\n{}", self.code, handler.trim_end()), call: None, ..self.clone() }
    }
}

/// The outcome of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It ran to its end.
    Value(Payload),
    /// It raised: the board's text, usually a traceback.
    Raised(String),
}

/// A value as received.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// Its `repr`.
    Repr(String),
    /// Its bytes.
    Bytes(Vec<u8>),
    /// The value itself.
    Value(Value),
    /// A generator has ended; the `repr` of its return value.
    Stop(String),
}

impl Payload {
    /// The value.
    ///
    /// # Errors
    /// [`ParseError`] if it has no literal.
    pub fn value(&self) -> Result<Value, ParseError> {
        match self {
            Payload::Bytes(bytes) => Ok(Value::Bytes(bytes.clone())),
            Payload::Value(value) => Ok(value.clone()),
            Payload::Repr(text) | Payload::Stop(text) => parse(text),
        }
    }
}
