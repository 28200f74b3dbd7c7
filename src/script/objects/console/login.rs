//! `dut.login(user, password)`: answers the questions of a unit that asks who is there.
//!
//! Invariant: no password is in an error or in a log.

use super::calls::{ended, found, limit, send};
use crate::console::class::calls::ASKS_USER;
use crate::console::pattern::{Expression, Pattern};
use crate::error::{Error, Kind};
use crate::script::errors::{Fallible, argument, located, placed, raise};
use crate::script::run::Run;
use crate::script::run::console::ConsoleHandle;
use rhai::{Dynamic, Engine, ImmutableString, NativeCallContext as Context};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How units ask for a password, at the end of what they sent.
const PASSWORD: &str = r"(?i)pass(?:word|code)?[^\r\n:]*: ?";

/// Registers the function.
pub(super) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let (usual, given) = (run.clone(), run.clone());
    engine
        .register_fn(
            "login",
            move |context: Context<'_>,
                  console: &mut ConsoleHandle,
                  user: ImmutableString,
                  password: ImmutableString| {
                let limit = console.0.settings.timeout;
                placed(&context, login(&usual, &context, console, limit, &user, &password))
            },
        )
        .register_fn(
            "login",
            move |context: Context<'_>,
                  console: &mut ConsoleHandle,
                  user: ImmutableString,
                  password: ImmutableString,
                  seconds: Dynamic| {
                let limit = limit("login", &seconds);
                placed(&context, limit.and_then(|limit| login(&given, &context, console, limit, &user, &password)))
            },
        );
}

/// Answers questions until the unit sends its prompt.
fn login(
    run: &Run,
    context: &Context<'_>,
    console: &ConsoleHandle,
    limit: Duration,
    user: &str,
    password: &str,
) -> Fallible<()> {
    let (name, settings) = (console.0.console.name(), &console.0.settings);
    let Some(prompt) = settings.prompt.clone() else {
        return argument(
            format!("the console `{name}` has no prompt"),
            "pass what the unit sends after the login: `Console.open(port, #{ prompt: \"# \" })`",
        );
    };
    let question = |source: &str| Expression::new(source).map(Pattern::Regex).map_err(raise);
    let patterns = [prompt, question(ASKS_USER)?, question(PASSWORD)?];
    let end = Instant::now().checked_add(limit);
    let (mut named, mut proved) = (false, false);
    // A unit that waits for somebody asks again.
    send(run, context, console, settings.newline.as_bytes())?;
    loop {
        let left = end.map_or(limit, |end| end.saturating_duration_since(Instant::now()));
        let asked = found(run, context, console, left, &patterns)?;
        match asked.index {
            0 => return Ok(()),
            // `Last login: Tue Jan 13`
            1 if asked.before.to_ascii_lowercase().ends_with(b"last ") => {}
            _ if proved => {
                let error = Error::new(Kind::AuthenticationError, "the unit rejected this user and password");
                return Err(raise(located(error.with_device(name).with_help("check both"), context)));
            }
            1 if !named => {
                named = true;
                send(run, context, console, format!("{user}{}", settings.newline).as_bytes())?;
            }
            // The answer to the line that woke it up.
            1 => {}
            _ => {
                (named, proved) = (true, true);
                let line = format!("{password}{}", settings.newline);
                let stop = || run.clock.progress().is_some();
                let sent = console.0.console.write_hidden(line.as_bytes(), &stop);
                sent.map_err(|failure| ended(run, context, failure))?;
            }
        }
    }
}
