//! Calls without compiling: plain calls go as short lines to a loop on the board (`snippets/resident.py`).
//!
//! The loop is loaded after `FIRST` plain calls, and entered when they come one after another; then a call is compiled by nobody.
//! Arguments are plain if they are `None`, booleans, numbers, and short `str` and `bytes`; so are results, and everything else comes
//! in the form of any other command. Whatever else the board is to do ends the loop first. A board without `binascii.crc32`, or
//! without `sys.stdin`, has no loop; one with less than 64 KB of free memory has a smaller one (`snippets/resident_small.py`), for
//! integers alone, unless that leaves it less than `LEAST`.
//! Invariant: a call that the loop has begun never runs again in another form.

use super::command::{Command, Outcome, Payload, PlainCall};
use super::{Board, Helper, LETTER_OF_A_CALL};
use crate::port::Wait;
use crate::repl::reply::brief;
use crate::repl::session::Sink;
use crate::repl::{Failure, Reply, Responder};
use crate::value::Value;
use base64::Engine as _;
use std::fmt::Write as _;

/// How many plain calls come before the loop is loaded: it takes as long as some of them.
const FIRST: u32 = 8;
/// How many plain calls must follow one another before the loop is entered, at first and at most.
const ROW: (u32, u32) = (2, 32);
/// A stay of fewer calls was not worth entering.
const WORTH: u32 = 8;
/// How often the loop may fail a call before the connection goes on without it.
const STRIKES: u32 = 3;
/// How much memory, in bytes, the loop of a small board must leave: what the other helpers and the compiling of usual commands take.
const LEAST: i64 = 4000;
/// Longest `str` or `bytes` that is an argument, in bytes.
const LONGEST: usize = 120;

/// The arguments of a call as the loop reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainArguments {
    /// `|5|6`.
    text: String,
    /// Whether all of them are integers, which have no letter.
    integers: bool,
}

impl PlainArguments {
    /// The arguments, if all of them are plain.
    pub fn of<'a>(values: impl Iterator<Item = &'a Value> + Clone) -> Option<PlainArguments> {
        let integers = values.clone().all(|value| matches!(value, Value::Int(_)));
        let mut text = String::new();
        for value in values {
            text.push('|');
            if integers && let Value::Int(number) = value {
                let _ = write!(text, "{number}");
            } else {
                argument(&mut text, value)?;
            }
        }
        Some(PlainArguments { text, integers })
    }
}

/// Adds an argument with its letter. `None`: it is not plain.
fn argument(text: &mut String, value: &Value) -> Option<()> {
    let packed = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let is_safe = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'|';
    let written = match value {
        Value::None => write!(text, "cN"),
        Value::Bool(true) => write!(text, "cT"),
        Value::Bool(false) => write!(text, "cF"),
        Value::Int(number) => write!(text, "i{number}"),
        // The board reads it as its compiler does.
        Value::Float(number) => write!(text, "n{number:?}"),
        Value::Str(word) if word.len() > LONGEST => return None,
        Value::Str(word) if word.bytes().all(is_safe) => write!(text, "s{word}"),
        Value::Str(word) => write!(text, "u{}", packed(word.as_bytes())),
        Value::Bytes(bytes) if bytes.len() <= LONGEST => write!(text, "b{}", packed(bytes)),
        _ => return None,
    };
    written.ok()
}

/// Whether and how the loop is used.
#[derive(Debug, Default)]
pub(super) struct Resident {
    /// The board cannot have it, or it is not wanted.
    off: bool,
    /// It is that of a small board.
    is_small: bool,
    /// The functions that the loop knows, in the order of their numbers.
    names: Vec<String>,
    /// Plain calls in all, and since the last other command.
    calls: u32,
    row: u32,
    /// How many must follow one another; 0: [`ROW`].
    wanted: u32,
    /// Calls since it was entered.
    stayed: u32,
    strikes: u32,
}

impl Resident {
    /// A board that has just started.
    pub fn new(off: bool, is_small: bool) -> Resident {
        Resident { off, is_small, ..Resident::default() }
    }

    /// Whether it has calls like this one.
    fn takes(&self, call: &PlainCall) -> bool {
        !self.is_small || call.arguments.integers
    }

    /// Whether it is not used.
    pub fn is_off(&self) -> bool {
        self.off
    }

    /// A command comes that is not a plain call.
    pub fn interrupt(&mut self) {
        if self.stayed > 0 && self.stayed < WORTH {
            self.wanted = (2 * self.wanted.max(ROW.0)).min(ROW.1);
        } else if self.stayed > 0 {
            self.wanted = ROW.0;
        }
        (self.row, self.stayed) = (0, 0);
    }

    /// Counts a plain call; returns whether the loop is to be entered with it, or to be loaded and entered.
    fn count(&mut self, is_loaded: bool) -> bool {
        (self.calls, self.row) = (self.calls.saturating_add(1), self.row.saturating_add(1));
        !self.off && self.row >= self.wanted.max(ROW.0) && (is_loaded || self.calls >= FIRST)
    }

    fn strike(&mut self) {
        self.strikes += 1;
        self.off |= self.strikes >= STRIKES;
    }

    /// The line for a call after `count` replies. `None`: the function is new.
    fn line(&self, call: &PlainCall, count: u32) -> Option<String> {
        let number = self.names.iter().position(|name| *name == call.name)?;
        let text = &call.arguments.text;
        if self.is_small {
            return brief::small_line(number, text, count).map(|line| line + "\r");
        }
        let kind = if call.arguments.integers { '$' } else { '?' };
        Some(brief::line(&format!("{kind}{number}{text}"), count))
    }

    /// The code that enters it, of which the board learns the name of a function that is new.
    fn entry(&self, name: &str) -> String {
        let known = self.names.iter().any(|known| known == name);
        if self.is_small {
            // It has no memory of its own.
            let names = self.names.iter().map(String::as_str).chain((!known).then_some(name));
            let names: Vec<String> = names.map(|name| format!("'{name}'")).collect();
            return format!("__belay_r({})", names.join(","));
        }
        let new = if known { String::new() } else { format!("{{'${}':'{name}'}}", self.names.len()) };
        format!("__belay_r({new})")
    }
}

impl Board {
    /// Goes on without the loop.
    pub fn calls_by_code(&mut self) {
        self.resident.off = true;
    }

    /// Runs a plain call by the loop, or enters it. `None`: it has not run, and must run as any other command.
    pub(super) fn run_resident(
        &mut self,
        command: &Command,
        call: &PlainCall,
        mut answers: Option<&mut Responder<'_>>,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Option<Outcome>, Failure> {
        if self.wants_results {
            // The next ordinary command loads the helper for large results.
            return Ok(None);
        }
        if !self.resident.takes(call) {
            return Ok(None);
        }
        let is_loaded = self.has(Helper::Resident);
        if !self.resident.count(is_loaded) {
            return Ok(None);
        }
        if !is_loaded {
            // Loading it is another command.
            let row = self.resident.row;
            if !self.load_loop(answers.as_deref_mut(), wait, sink)? {
                self.resident.off = true;
                return Ok(None);
            }
            self.resident.row = row;
        }
        let Some(before) = self.replies else { return Ok(None) };
        // The loop starts its sums from it.
        let Ok(count) = u32::try_from(before) else { return Ok(None) };
        if let Some(line) = self.resident.line(call, count).filter(|_| self.session.is_in_loop()) {
            if line.len() <= self.session.line_limit() {
                return self.run_line(&line, before, answers, wait, sink);
            }
            return Ok(None);
        }
        self.enter(command, call, before, answers, wait, sink)
    }

    fn run_line(
        &mut self,
        line: &str,
        before: u64,
        answers: Option<&mut Responder<'_>>,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Option<Outcome>, Failure> {
        self.replies = None;
        let mut reply = match self.session.call_in_loop(line, before as u32, answers, wait, sink) {
            Err(Failure::Torn(left)) => match self.recover(left, before, true, wait, sink) {
                // Nothing has run.
                Err(Failure::Torn(_)) if self.missed => {
                    self.resident.strike();
                    self.replies = Some(before);
                    return Ok(None);
                }
                other => other?,
            },
            other => self.unless_restarted(other?)?,
        };
        if reply.frame.is_none() && is_of_loop(&reply) {
            // Perhaps the loop could not read the line.
            let (count, letter) = self.count(wait, sink)?;
            if (count, letter == Some(LETTER_OF_A_CALL)) == (before, false) {
                self.resident.strike();
                self.replies = Some(before);
                return Ok(None);
            }
            if count == before + 1 {
                // The call has ended: it was the next line that the loop could not read.
                reply = self.recover(None, before, true, wait, sink)?;
            }
        }
        self.resident.strikes = 0;
        self.resident.stayed += 1;
        self.ended(reply, before, wait, sink).map(Some)
    }

    /// Runs the call as code that enters the loop.
    fn enter(
        &mut self,
        command: &Command,
        call: &PlainCall,
        before: u64,
        answers: Option<&mut Responder<'_>>,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Option<Outcome>, Failure> {
        let known = self.resident.names.contains(&call.name);
        let code = format!("{};{}", command.code(), self.resident.entry(&call.name));
        self.replies = None;
        let reply = match self.session.enter_loop(&code, before as u32, answers, wait, sink) {
            Err(Failure::Torn(left)) => self.recover(left, before, false, wait, sink)?,
            other => self.unless_restarted(other?)?,
        };
        if !known && reply.frame.is_some() && self.session.is_in_loop() {
            self.resident.names.push(call.name.clone());
        }
        self.ended(reply, before, wait, sink).map(Some)
    }

    /// Loads the loop. Returns whether the board has it.
    fn load_loop(&mut self, answers: Option<&mut Responder<'_>>, wait: Wait, sink: Sink<'_>) -> Result<bool, Failure> {
        if !self.resident.is_small {
            let outcome = self.need(Helper::Resident, answers, wait, sink)?;
            return Ok(matches!(outcome, Outcome::Value(Payload::Repr(_))));
        }
        self.session.loops_by_input(true);
        let mut answers = answers;
        let code = self.small_loop();
        let outcome = self.run_answering(&Command::new(code), answers.as_deref_mut(), wait, sink)?;
        if matches!(&outcome, Outcome::Value(payload) if matches!(payload.value(), Ok(Value::Int(free)) if free >= LEAST))
        {
            self.loaded.push(Helper::Resident);
            return Ok(true);
        }
        if matches!(outcome, Outcome::Value(_)) {
            self.run_answering(&Command::statements("del __belay_r"), answers, wait, sink)?;
        }
        Ok(false)
    }
}

/// Whether an exception comes from the loop itself, or from the call in it.
fn is_of_loop(reply: &Reply) -> bool {
    let text = String::from_utf8_lossy(&reply.error);
    let frame = text.lines().rev().find(|line| line.starts_with("  File "));
    frame.is_some_and(|frame| frame.trim_end().ends_with("__belay_r"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(values: &[Value]) -> Option<String> {
        PlainArguments::of(values.iter()).map(|arguments| arguments.text)
    }

    #[test]
    fn plain_arguments_have_a_short_form() {
        let case = |values: &[Value], wanted: &str| assert_eq!(text(values).as_deref(), Some(wanted));
        case(&[], "");
        case(&[Value::Int(5), Value::Int(-70_000_000_000)], "|5|-70000000000");
        case(&[Value::Int(5), Value::None, Value::Bool(true)], "|i5|cN|cT");
        case(&[Value::Float(0.1), Value::Float(1e100), Value::Float(f64::NEG_INFINITY)], "|n0.1|n1e100|n-inf");
        case(
            &[Value::Str("a b'".to_owned()), Value::Str("a|b".to_owned()), Value::Str(String::new())],
            "|sa b'|uYXxi|s",
        );
        case(&[Value::Bytes(vec![3, 10]), Value::Bool(false)], "|bAwo=|cF");
        for other in [Value::List(Vec::new()), Value::Str("x".repeat(LONGEST + 1)), Value::Ellipsis] {
            assert_eq!(text(&[Value::Int(1), other]), None);
        }
    }

    #[test]
    fn the_loop_is_entered_if_that_is_worth_it() {
        let mut resident = Resident::default();
        let entered = (0..10).position(|_| resident.count(false));
        assert_eq!(entered, Some(FIRST as usize - 1));
        // Every second command is another one.
        for _ in 0..10 {
            resident.interrupt();
            assert!(!resident.count(true));
        }
        // Short stays make it dearer, a long one cheap again.
        let row = |resident: &mut Resident| (1..100).find(|_| resident.count(true));
        for wanted in [2, 4, 8, 16, 32, 32] {
            resident.interrupt();
            assert_eq!(row(&mut resident), Some(wanted));
            resident.stayed = 1;
        }
        resident.stayed = WORTH;
        resident.interrupt();
        assert_eq!(row(&mut resident), Some(2));
        (0..STRIKES).for_each(|_| resident.strike());
        assert!(!resident.count(true));
    }
}
