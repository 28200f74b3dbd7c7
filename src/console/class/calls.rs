//! Runs items: each line waits for the prompt, or for what the item expects.
//!
//! Invariant: nothing is sent before every argument is accepted.

use super::{Item, ItemKind};
use crate::console::dialogue::{self, Settings};
use crate::console::failure::Failure;
use crate::console::pattern::{Expression, Pattern};
use crate::console::{Console, Stop};
use crate::error::{Error, Kind};
use crate::message::{self, Convert};
use crate::value::Value;
use std::time::Duration;

/// How units ask for a user, at the end of what they sent.
pub const ASKS_USER: &str = r"(?i)(?:login|user ?name|user)(?: as)? ?: ?";

impl Item {
    /// One value for each parameter.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`].
    pub fn bind(&self, positional: &[Value], named: &[(String, Value)], convert: Convert) -> crate::Result<Vec<Value>> {
        message::bind(&self.name, &self.params, &self.signature(), (positional, named), convert)
    }

    /// The error of this item.
    pub fn named(&self, console: &Console, failure: Failure) -> Failure {
        match failure {
            Failure::Error(error) => error.with_device(console.name()).with_item(self.label()).into(),
            Failure::Stopped => Failure::Stopped,
        }
    }

    /// Sends its lines with these values, and gives the value of a query. `limit`: how long each answer may take.
    ///
    /// # Errors
    /// [`Kind::TimeoutError`] with the last lines; [`Kind::InstrumentError`] if the unit refuses a line; [`Kind::ProtocolError`] for an
    /// answer that is not as declared; a closed or lost console.
    pub fn run(
        &self,
        console: &Console,
        settings: &Settings,
        values: &[Value],
        limit: Duration,
        stop: Stop<'_>,
    ) -> Result<Value, Failure> {
        let lines: Vec<String> =
            self.lines.iter().map(|line| line.render(&self.params, values)).collect::<crate::Result<_>>()?;
        let Some((last, before)) = lines.split_last() else { return Ok(Value::None) };
        if !settings.echo && settings.prompt.is_some() {
            // Without an echo, nothing else tells an earlier prompt from that of the answer.
            console.take_all();
        }
        for line in before {
            match &settings.prompt {
                Some(prompt) => self.judged(console.command(settings, prompt, line, limit, stop).map(drop))?,
                None => console.write(format!("{line}{}", settings.newline).as_bytes(), stop)?,
            }
        }
        let ends = self.ends(settings)?;
        if ends.is_empty() {
            console.write(format!("{last}{}", settings.newline).as_bytes(), stop)?;
            return Ok(Value::None);
        }
        let found = match console.exchange(settings, last, &ends, limit, stop) {
            // A unit that ends the session.
            Err(Failure::Error(error)) if self.may_end(&error) => return Ok(Value::None),
            found => found?,
        };
        let answer = dialogue::answer(&found.before, settings.echo);
        self.judged(console.judge(settings, last, &answer))?;
        if self.kind != ItemKind::Query {
            return Ok(Value::None);
        }
        Ok(self.returns.value(last, &answer, self.options.pattern.as_ref())?)
    }

    fn judged(&self, outcome: Result<(), Failure>) -> Result<(), Failure> {
        match outcome {
            Err(Failure::Error(error)) if self.options.ignore_errors && error.kind() == Kind::InstrumentError => Ok(()),
            other => other,
        }
    }

    /// What ends the answer to the last line; nothing if it is not waited for.
    fn ends(&self, settings: &Settings) -> Result<Vec<Pattern>, Failure> {
        if !self.options.wait {
            return Ok(Vec::new());
        }
        if let Some(expect) = &self.options.expect {
            return Ok(vec![expect.clone()]);
        }
        match (&settings.prompt, self.kind) {
            // What ends a session leads to the next login.
            (Some(prompt), ItemKind::Teardown) => Ok(vec![prompt.clone(), Pattern::Regex(Expression::new(ASKS_USER)?)]),
            (Some(prompt), _) => Ok(vec![prompt.clone()]),
            (None, ItemKind::Query) => {
                let error = Error::new(Kind::ArgumentError, "the console has no prompt, which ends the answer");
                Err(error.with_help("add `prompt \"…\"` to its class, or `expect = \"…\"` to the query").into())
            }
            (None, _) => Ok(Vec::new()),
        }
    }

    fn may_end(&self, error: &Error) -> bool {
        self.kind == ItemKind::Teardown && error.kind() == Kind::ConnectionLost
    }
}
