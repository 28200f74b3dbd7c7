//! `repl`: a prompt over the engine of `run`, and scripts from standard input.
//!
//! Uses rustyline for keys and history, and [`crate::script::Session`] for what is typed. Invariant: the devices of the
//! session are closed, and their teardowns run, however the prompt is left; only `:quit`, Ctrl-D and signals end it.

#[cfg(unix)]
mod above;
mod command;
mod commands;
mod complete;
mod helper;
mod highlight;
mod history;
#[cfg(unix)]
mod listen;
mod pretty;
mod scan;

use super::arguments::{Choice, Repl};
use super::console::Console;
use super::launch::Launch;
use super::run::status;
use super::signals::{self, Calls};
use super::station::StationFile;
#[cfg(unix)]
use super::terminal::modes::{self, ModeGuard};
use super::{readable, report_failures, session, unread};
use crate::bench::empty::EmptyRun;
use crate::bound;
use crate::device::Host;
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::error::Kind;
use crate::script::{Finished, Session, Subject};
use command::Next;
use commands::Kept;
pub use commands::words;
use helper::PromptHelper;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{ColorMode, CompletionType, Config, Editor};
use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

/// Size of the history, in inputs.
const HISTORY: usize = 10_000;

/// An interactive session: the inputs so far, and the console.
struct Prompt {
    session: Session,
    host: Host,
    console: Arc<Console>,
    calls: Arc<Calls>,
    /// Inputs that were evaluated so far.
    inputs: u32,
    /// The successful inputs.
    kept: Vec<Kept>,
    /// The station file.
    station: StationFile,
}

/// Shows the prompt until the user leaves it, or runs standard input if that is not a terminal. Returns the exit status.
///
/// # Errors
/// If the script of `--load` or standard input cannot be read, or the terminal cannot be used.
pub fn prompt(options: &Repl, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    if let Some(script) = &options.load {
        readable(script)?;
    }
    let choice = Choice::default();
    let launch = Launch {
        console,
        script: options.load.as_deref(),
        args: &options.args,
        connection: &options.connection,
        limit: &options.limit,
        allowed: &options.allowed,
        answers: &options.answers,
        choice: &choice,
        empty: EmptyRun::Ordinary,
        shuffle: None,
        mount: None,
        checks: false,
        shown: None,
        profile: None,
        lends_terminal: true,
    };
    let station = StationFile::new(&options.connection.station, options.load.as_deref());
    let bench = launch.bench(None, session::recorder(&options.connection)?.as_ref())?;
    let host = &bench.host;
    let session = launch.runner(&bench, console.clone(), Subject::default()).session();
    let load = options.load.as_deref();
    let sources = session.sources();
    let finished = if std::io::stdin().is_terminal() {
        typed(session, host, console, load, station)?
    } else {
        piped(session, host, load)?
    };
    bench.report(&finished, &sources, console);
    console.finish(&finished.tally);
    Ok(status(&finished, console.broken()))
}

/// Evaluates standard input as a script.
fn piped(mut session: Session, host: &Host, load: Option<&Path>) -> Result<Finished, Diagnostic> {
    signals::watch()?;
    let text = disk::input(bound::INPUT).map_err(|error| unread("standard input", &error, "pipe a script in UTF-8"))?;
    let failure = session::guarded(host, || {
        let loaded = load.map_or(Ok(()), |script| session.eval_file(script));
        match loaded {
            Ok(()) if session.exit().is_none() => session.eval("<stdin>", &text).err(),
            loaded => loaded.err(),
        }
    });
    let mut finished = session.finish();
    finished.failure = failure.map(|failure| *failure);
    Ok(finished)
}

/// Runs the interactive prompt.
fn typed(
    session: Session,
    host: &Host,
    console: &Arc<Console>,
    load: Option<&Path>,
    station: StationFile,
) -> Result<Finished, Diagnostic> {
    let calls = Arc::new(Calls::default());
    let leave = leave(host, console);
    #[cfg(unix)]
    let _ahead = ModeGuard::typed_ahead();
    signals::watch_calls(&calls, leave)?;
    let mut prompt =
        Prompt { session, host: host.clone(), console: console.clone(), calls, inputs: 0, kept: Vec::new(), station };
    let failure = session::guarded(host, || {
        if let Some(script) = load {
            prompt.run_file(script);
        }
        match prompt.next() {
            Next::Stay => prompt.read(),
            Next::Leave => Ok(()),
        }
    });
    failure?;
    prompt.calls.close();
    // Teardowns may be interrupted, too.
    prompt.calls.begin();
    let mut finished = prompt.session.finish();
    // Failed tests were already reported, so leaving the prompt succeeds.
    finished.tally = crate::bench::tally::Tally::default();
    if prompt.calls.is_leaving() {
        finished.exit.get_or_insert(Kind::Interrupted.exit_status());
    }
    Ok(finished)
}

/// Handles a signal while no input runs.
fn leave(host: &Host, console: &Arc<Console>) -> impl Fn() + Send + Sync + 'static {
    let (host, console) = (host.clone(), console.clone());
    move || {
        #[cfg(unix)]
        modes::restore();
        let closing: Vec<Diagnostic> = host.close_all().iter().map(Diagnostic::from_error).collect();
        report_failures(&console, &closing, &crate::script::Sources::default());
        std::process::exit(i32::from(Kind::Interrupted.exit_status()));
    }
}

fn unusable(error: &ReadlineError) -> Diagnostic {
    Diagnostic {
        help: Some("give the script as a file: `belay-script run SCRIPT`".to_owned()),
        ..Diagnostic::new(Kind::ParseError, format!("the terminal cannot be used: {error}"))
    }
}

impl Prompt {
    /// Reads and evaluates inputs until the person leaves.
    fn read(&mut self) -> Result<(), Diagnostic> {
        let colour = if self.console.is_coloured() { ColorMode::Enabled } else { ColorMode::Disabled };
        let config = Config::builder().max_history_size(HISTORY).map(|config| {
            let config = config.color_mode(colour).completion_type(CompletionType::List);
            config.completion_show_all_if_ambiguous(true).history_ignore_space(true).build()
        });
        let editor = config.and_then(Editor::<PromptHelper, FileHistory>::with_config);
        let mut editor = editor.map_err(|error| unusable(&error))?;
        editor.set_helper(Some(PromptHelper::new(command::NAMES)));
        let history = history::file();
        if let Some(path) = &history {
            // Without one the history is empty.
            let _ = history::shorten(path, HISTORY);
            let _ = editor.load_history(path);
        }
        let version = env!("CARGO_PKG_VERSION");
        self.console.text(&format!("belay-script {version}; type `:help` for help, Ctrl-D to leave\n"));
        #[cfg(unix)]
        let above = editor.create_external_printer().map(above::Above::over).ok();
        loop {
            if let Some(helper) = editor.helper_mut() {
                helper.learn(&self.session);
            }
            let text = self.text();
            #[cfg(unix)]
            let line = listen::listening(self.host.devices(), &self.console, above.as_ref(), || editor.readline(&text));
            #[cfg(not(unix))]
            let line = editor.readline(&text);
            match line {
                Ok(input) if input.trim().is_empty() => {}
                Ok(input) => {
                    // What begins with a space is not kept.
                    let is_kept = editor.add_history_entry(input.as_str()).unwrap_or(false);
                    if let Some(path) = history.as_deref().filter(|_| is_kept) {
                        let _ = history::append(&input, path);
                    }
                    if self.take(&input) == Next::Leave {
                        return Ok(());
                    }
                }
                // The line is cleared.
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => return Ok(()),
                Err(error) => return Err(unusable(&error)),
            }
        }
    }

    /// The prompt's text: the open boards, and the number of the next input.
    fn text(&self) -> String {
        let name = |device: &crate::device::Device| match device.is_open() {
            true => device.name().to_owned(),
            false => format!("{} (gone)", device.name()),
        };
        let names: Vec<String> = self.host.devices().iter().map(name).collect();
        let space = if names.is_empty() { "" } else { " " };
        format!("{}{space}{}> ", names.join(", "), self.inputs + 1)
    }

    /// Runs one input.
    fn take(&mut self, input: &str) -> Next {
        let next = match input.trim_start().strip_prefix(':') {
            Some(command) => self.command(command.trim()),
            None => match self.command_of(input) {
                Some(command) => self.command(command),
                None => self.evaluate(input),
            },
        };
        self.console.start_line();
        if self.calls.is_leaving() { Next::Leave } else { next }
    }

    /// Updates the prompt after an evaluation.
    fn next(&self) -> Next {
        if self.session.exit().is_some() || self.calls.is_leaving() { Next::Leave } else { Next::Stay }
    }

    /// Evaluates an input, and shows its value.
    fn evaluate(&mut self, input: &str) -> Next {
        self.inputs += 1;
        let name = format!("<{}>", self.inputs);
        let result = self.calling(|session| session.eval(&name, input));
        self.console.end_lines();
        match result {
            Ok(value) => {
                self.kept.push(Kept { name, text: input.to_owned() });
                value.iter().for_each(|value| self.show(value));
            }
            Err(failure) => self.complain(&failure),
        }
        self.next()
    }

    /// Evaluates a script in the scope of the prompt.
    fn run_file(&mut self, path: &Path) -> Next {
        match self.calling(|session| session.eval_file(path)) {
            Ok(()) => {
                let name = path.to_string_lossy().into_owned();
                let text = self.session.sources().get(&name).map(|text| text.to_string()).unwrap_or_default();
                self.kept.push(Kept { name, text });
            }
            Err(failure) => self.complain(&failure),
        }
        self.console.start_line();
        self.next()
    }

    /// Runs `work`, which Ctrl-C interrupts.
    fn calling<T>(&mut self, work: impl FnOnce(&mut Session) -> T) -> T {
        self.calls.begin();
        let done = work(&mut self.session);
        self.calls.end();
        done
    }

    fn complain(&self, failure: &Diagnostic) {
        self.console.diagnostic(failure, &self.session.sources());
    }
}
