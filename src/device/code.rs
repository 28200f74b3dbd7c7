//! Runs code that is not an item of a class: that of `exec` and `eval`, and whole programs.
//!
//! Uses [`crate::device::source`]. Invariant: code ends the same way for every caller: SystemExit ends the code, but does not restart
//! the board.

use crate::board::Helper;
use crate::board::command::{Command, Payload};
use crate::device::calls::literal;
use crate::device::emitters;
use crate::device::handle::Device;
use crate::device::source::{self, Exec};
use crate::device::state::{self, Run, State};
use crate::error::{Error, Kind, Result};
use crate::origin::Origin;
use crate::repl::session::Sink;
use crate::repl::{Keyboard, Typist};
use crate::value::Value;
use std::time::Duration;

/// How code runs: the options of Belay's `device(cmd)`, and a timeout.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecOptions {
    /// Send minified code.
    pub minify: bool,
    /// Whether a reconnect runs it again. `None`: only if it returns `None`, which suggests that it has an effect.
    pub record: Option<bool>,
    /// A value without a literal is returned as its `repr`.
    pub trusted: bool,
    /// Return a list of the value and its timestamp, in seconds since the Unix epoch.
    pub return_time: bool,
    /// The timeout. `None`: that of `open`.
    pub timeout: Option<Duration>,
}

impl Default for ExecOptions {
    fn default() -> ExecOptions {
        ExecOptions { minify: true, record: None, trusted: false, return_time: false, timeout: None }
    }
}

impl Device {
    /// Belay's `device(cmd)`: an expression returns its value, statements return `Value::None`.
    ///
    /// # Errors
    /// As [`Device::call`]. ScriptError if the code ends itself by `sys.exit` with anything but 0 or None.
    pub fn exec(&self, code: &str, at: Option<&Origin>) -> Result<Value> {
        self.exec_with(code, &ExecOptions::default(), None, at)
    }

    /// Like [`Device::exec`], with options. The code's output goes to `sink`, if given, as it arrives.
    ///
    /// # Errors
    /// As [`Device::exec`]; ArgumentError for statements with `return_time`.
    pub fn exec_with(
        &self,
        code: &str,
        options: &ExecOptions,
        sink: Option<Sink<'_>>,
        at: Option<&Origin>,
    ) -> Result<Value> {
        self.exec_code(code, options, sink).map_err(|error| state::called_at(error.with_device(self.name()), at))
    }

    fn exec_code(&self, code: &str, options: &ExecOptions, sink: Option<Sink<'_>>) -> Result<Value> {
        let prepared = source::exec_as(code, options.minify)?;
        let mut limit = self.default_limit();
        limit.timeout = options.timeout.or(limit.timeout);
        let mut state = self.opened()?;
        // Otherwise a function with this name and line would be mapped to a line of the script.
        let piece = prepared.piece(None, "`exec`");
        state.lines.insert(&prepared.defined, &piece);
        let run = Run { device: self.name(), item: None, piece: Some(&piece), limit };
        let arch = state.arch().to_owned();
        let pointed = |error| {
            let error = emitters::refused_in_code(error, code, None, &arch);
            source::waits_for_input(source::point_into(error, code, &prepared), prepared.reads_input)
        };
        let (payload, time) = if options.return_time {
            if !prepared.is_expression {
                return Err(Error::new(Kind::ArgumentError, "statements have no value to timestamp")
                    .with_help("use an expression with `return_time`, for example a call"));
            }
            // The line end ends a comment.
            let call = format!("({}\n)", prepared.source);
            let (payload, time) = self.run_timed(&mut state, &run, (&call, &[]), false).map_err(pointed)?;
            (payload, Some(time))
        } else {
            let command = prepared.guarded_command();
            let payload = match sink {
                None => self.run_restoring(&mut state, &run, &command, false),
                Some(sink) => self.run_raw_restoring(&mut state, &run, &command, sink),
            };
            (payload.map_err(pointed)?, None)
        };
        if let Payload::Stop(arguments) = payload {
            return ended(&arguments).map(|()| Value::None);
        }
        // An expression with a value is a query; one without, such as `led.on()`, has an effect.
        let has_done = !prepared.is_expression || matches!(payload.value(), Ok(Value::None));
        if options.record.unwrap_or(has_done) {
            state.journal.ran(&prepared.command());
        }
        drop(state);
        let value = match (payload.value(), payload) {
            (Err(_), Payload::Repr(text)) if options.trusted => Value::Opaque(text),
            (_, payload) => literal(payload)?,
        };
        Ok(match time {
            Some(time) => Value::List(vec![value, Value::Float(time)]),
            None => value,
        })
    }

    /// Runs a command whose output goes to `sink`. Restores a lost connection first.
    fn run_raw_restoring(
        &self,
        state: &mut State,
        run: &Run<'_>,
        command: &Command,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Payload> {
        if state.is_lost() && self.attempts() != 0 {
            self.restore(state, self.attempts())?;
        }
        state.free(self.host(), run);
        state.run_raw(self.host(), run, command, None, sink)
    }

    /// The `str` of an expression's value; `None` if it ends itself by SystemExit without a number.
    /// `origin`: the position of its first character.
    ///
    /// # Errors
    /// As [`Device::exec`]; the frames of a DeviceException name lines of `origin`'s file.
    pub fn evaluate(&self, expression: &str, origin: &Origin) -> Result<Option<String>> {
        let prepared = source::text_of(expression, origin)?;
        match self.run_code(&prepared, origin)? {
            Payload::Stop(arguments) => ended(&arguments).map(|()| None),
            payload => Ok(Some(match payload.value() {
                Ok(Value::Str(text)) => text,
                Ok(other) => crate::value::write::literal(&other).unwrap_or_else(|error| error.to_string()),
                Err(error) => error.to_string(),
            })),
        }
    }

    /// Runs a whole program in the board's globals (a `.py` file of `run`, the code of `exec`). Its output goes to `sink`
    /// byte for byte, as it comes, instead of to the [`Output`](crate::device::output::Output); what `keyboard` gives goes to its `input()` and
    /// `sys.stdin`, while it runs. `origin`: where its first character stands.
    ///
    /// # Errors
    /// As [`Device::call`]; the frames of a DeviceException name lines of `origin`'s file. ScriptError if the program
    /// ends itself by `sys.exit` with anything but 0 or None.
    pub fn run_program(
        &self,
        source: &str,
        origin: &Origin,
        keyboard: Option<&mut dyn Keyboard>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<()> {
        let mut state = self.opened()?;
        let token = state.board.as_ref().filter(|_| keyboard.is_some()).map(|board| board.token().to_owned());
        let prepared = match token {
            Some(token) => source::program_typed_to(source, origin, &token)?,
            None => source::program(source, origin)?,
        };
        let piece = prepared.piece(Some(origin), "");
        state.lines.insert(&prepared.defined, &piece);
        let run = Run { device: self.name(), item: None, piece: Some(&piece), limit: self.default_limit() };
        let (is_guarded, reads) = (prepared.is_guarded(), prepared.reads_input);
        let typist = keyboard.map(|keyboard| Typist { keyboard, is_guarded, reads });
        let is_typed_to = typist.is_some();
        if is_typed_to && is_guarded {
            let quiet = Run { piece: None, ..run };
            state.need(self.host(), &quiet, Helper::Typed)?;
        }
        let command = prepared.guarded_command();
        let payload = state
            .run_raw(self.host(), &run, &command, typist, sink)
            .map_err(|error| emitters::refused_in_code(error, source, Some(origin), state.arch()))
            .map_err(|error| if is_typed_to { source::asks_for_more(error) } else { error })?;
        match payload {
            Payload::Stop(arguments) => ended(&arguments),
            _ => Ok(()),
        }
    }

    fn run_code(&self, prepared: &Exec, origin: &Origin) -> Result<Payload> {
        let mut state = self.opened()?;
        let piece = prepared.piece(Some(origin), "");
        state.lines.insert(&prepared.defined, &piece);
        let run = Run { device: self.name(), item: None, piece: Some(&piece), limit: self.default_limit() };
        state.run(self.host(), &run, &prepared.guarded_command())
    }

    fn opened(&self) -> Result<std::sync::MutexGuard<'_, State>> {
        let state = self.lock();
        if self.is_closed() { Err(state::closed(self.name())) } else { Ok(state) }
    }
}

/// The end of code by SystemExit with these arguments, as Python writes a tuple.
fn ended(arguments: &str) -> Result<()> {
    let with_status =
        |status: &str| Err(Error::new(Kind::ScriptError, format!("the program ended with status {status}")));
    match Payload::Repr(arguments.to_owned()).value() {
        Ok(Value::Tuple(arguments)) => match arguments.first() {
            None | Some(Value::None | Value::Int(0) | Value::Bool(false)) => Ok(()),
            Some(Value::Str(message)) => Err(Error::new(Kind::ScriptError, message)),
            Some(status) => with_status(&crate::value::write::literal(status).unwrap_or_default()),
        },
        _ => with_status(arguments.trim_start_matches('(').trim_end_matches([',', ')'])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_exit_is_a_success_or_an_error_with_its_status() {
        let message = |arguments: &str| ended(arguments).err().map(|error| error.message().to_owned());
        for arguments in ["()", "(None,)", "(0,)", "(False,)"] {
            assert_eq!(message(arguments), None, "{arguments}");
        }
        assert_eq!(message("(3,)").as_deref(), Some("the program ended with status 3"));
        assert_eq!(message("('no probe',)").as_deref(), Some("no probe"));
        assert_eq!(message("(<Pin 1>,)").as_deref(), Some("the program ended with status <Pin 1>"));
    }
}
