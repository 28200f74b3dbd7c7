//! The command line: one file per command, and shared code.
//!
//! The only code that knows clap, prints, or ends the process. Invariant: every exit uses one of the statuses of
//! `--help`, after everything open is closed.

pub mod arguments;
pub mod chain;
pub mod check;
pub mod completions;
pub mod configuration;
pub mod console;
pub mod convert;
pub mod definitions;
pub mod devices;
pub mod doc;
mod doctor;
pub mod editor;
pub mod evaluate;
pub mod files;
pub mod flash;
pub mod generated;
pub mod groups;
pub mod info;
pub mod install;
pub mod latency;
pub mod launch;
mod listed;
#[cfg(feature = "lsp")]
pub mod lsp;
pub mod manual;
pub mod memory;
pub mod mount;
pub mod operator;
pub mod output;
pub mod packages;
mod picture;
pub mod profile;
mod programs;
pub mod progress;
pub mod project;
pub mod prompt;
pub mod python_file;
pub mod recipes;
pub mod render;
pub mod report;
pub mod reporting;
pub mod reset;
pub mod romfs;
pub mod rtc;
pub mod run;
pub mod select;
pub mod selftest;
pub mod serve;
pub mod session;
pub mod shared;
pub mod signals;
mod signing;
pub mod station;
pub mod sync;
pub mod terminal;
pub mod test;
pub mod trust;
pub mod verify;
pub mod watch;

use crate::diagnostic::Diagnostic;
use crate::disk::{self, reason};
use crate::error::Kind;
use crate::script::Sources;
use arguments::{Command, OnBoard, PROGRAM, Reset, Sim};
use console::Console;
use std::io::IsTerminal as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Exit status of an internal error.
const DEFECT: u8 = 70;

/// Runs the program with the arguments of this process. `memory` tells how many bytes it has allocated; `closed`: standard
/// output could not be written when the program started.
pub fn main(memory: fn() -> usize, closed: bool) -> ExitCode {
    memory::count_by(memory);
    if closed {
        output::say_closed();
    }
    if let Some(answered) = completions::answer() {
        return answered;
    }
    let alone = std::env::args_os().len() == 1 && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let words: Vec<_> = if alone { vec!["repl".into()] } else { std::env::args_os().skip(1).collect() };
    let parsed = match chain::parse(&words) {
        Ok(parsed) => parsed,
        Err(chain::Refused::Misuse(failure)) => {
            let console = Console::of_process();
            return ExitCode::from(report_failures(&console, &[*failure], &Sources::default()));
        }
        Err(chain::Refused::Answer(answer)) => {
            // Help and version count as output too.
            let mut status = u8::try_from(answer.exit_code()).unwrap_or(2);
            let lost = output::is_closed() && !answer.use_stderr();
            let printed = if lost { Err(output::closed()) } else { answer.print() };
            if let Err(error) = printed
                && !answer.use_stderr()
            {
                Console::of_process().lose_output(&error);
                status = Kind::OutputError.exit_status();
            }
            return ExitCode::from(status);
        }
    };
    let defect = watch_for_defects();
    let console = Arc::new(Console::of_process());
    let status = catch_unwind(AssertUnwindSafe(|| chain::run(parsed, &console)));
    let status = match status {
        _ if defect.load(Ordering::SeqCst) => DEFECT,
        Ok(Ok(status)) => status,
        Ok(Err(failure)) => {
            let sources = Sources::default();
            sources.insert_files(&failure);
            report_failures(&console, &[failure], &sources)
        }
        Err(_) => DEFECT,
    };
    let lost = status != DEFECT && !console.delivered();
    ExitCode::from(if lost { Kind::OutputError.exit_status() } else { status })
}

/// Runs one command. Returns the exit status, or a failure that is still to be printed.
fn dispatch(command: Command, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    match command {
        Command::Run(run) => run::run(run, console),
        Command::Verify(options) => verify::verify(&options, console),
        Command::Keygen(options) => verify::keygen(&options, console),
        Command::Repl(options) => prompt::prompt(&options, console),
        Command::Test(options) => test::test(&options, console),
        Command::Report(options) => reporting::command::report_of(&options, console),
        Command::Check(check) => check::check(&check, console),
        Command::Exec(exec) => evaluate::exec(&exec, console),
        Command::Eval(eval) => evaluate::eval(&eval, console),
        Command::Sync(options) => sync::command(&options, console),
        Command::Info(info) => info::info(&info, console),
        Command::Reset(options) => reset::reset(&options, console),
        #[cfg(unix)]
        Command::Terminal(options) => terminal::command::terminal(&options, console),
        #[cfg(not(unix))]
        Command::Terminal(_) => Err(Diagnostic {
            help: Some("use a terminal program of this system".to_owned()),
            ..Diagnostic::new(Kind::FeatureUnavailableError, "`terminal` is not available on this system")
        }),
        Command::Flash(options) => flash::command(&options, console),
        Command::SoftReset(options) => reset::soft_reset(&options, console),
        Command::Install(options) => install::command(&options, console),
        Command::Mip(options) => install::on_board_named(&options.packages, &options.onto, console),
        Command::Add(options) => packages::add(&options, console),
        Command::Update(options) => packages::update(&options, console),
        Command::Remove(options) => packages::remove(&options, console),
        Command::Clean(options) => packages::clean(&options, console),
        Command::Cache(options) => packages::cache(&options, console),
        Command::Romfs(options) => romfs::command(&options, console),
        Command::Rtc(options) => rtc::rtc(&options, console),
        Command::Latency(options) => latency::latency(&options, console),
        Command::Mount(options) => mount::mount(&options, console),
        Command::Umount(options) => mount::unmount(&options, console),
        Command::Sleep(options) => chain::sleep(options.time),
        Command::Bootloader(OnBoard { connection }) => {
            reset::reset(&Reset { hard: false, bootloader: true, connection }, console)
        }
        Command::Files(command) | Command::Fs(command) => files::dispatch(&command, console),
        Command::Select(options) => select::command(&options, console),
        Command::Selftest(options) => selftest::selftest(&options, console),
        Command::Trust(options) => trust::command(&options, console),
        Command::Doctor(options) => doctor::doctor(&options, console),
        Command::Devices(devices) => devices::devices(&devices, console),
        Command::Sim(Sim::Serve(options)) => serve::serve(&options, console),
        Command::New(options) => project::new(&options, console),
        Command::Convert(options) => convert::convert_file(&options, console),
        Command::Doc(options) => doc::doc(&options, console),
        Command::Definitions(options) => definitions::definitions(&options, console),
        Command::Editor(options) => editor::editor(&options, console),
        #[cfg(feature = "lsp")]
        Command::Lsp(options) => Ok(lsp::lsp(&options)),
        Command::Completions(completions) => completions::completions(&completions, console),
        Command::Man(options) => manual::manual(&options, console),
        Command::Recipes => recipes::list(console),
        Command::Version => {
            console.text(&format!("{PROGRAM} {}\n", env!("CARGO_PKG_VERSION")));
            Ok(0)
        }
        // What they do to a chain, it has done.
        Command::Connect(_) | Command::Disconnect | Command::Resume => Ok(0),
    }
}

/// Prints failures with excerpts from `sources`. Returns the exit status of the first one, which led to the others; 0 if
/// there is none.
fn report_failures(console: &Console, failures: &[Diagnostic], sources: &Sources) -> u8 {
    for failure in failures {
        // The process that closed the pipe knows why the command stopped.
        if !(console.broken() && failure.kind == Kind::Interrupted) {
            console.diagnostic(failure, sources);
        }
    }
    failures.first().map_or(0, |failure| failure.kind.exit_status())
}

/// Prints a bug report request on a panic of any thread. The returned flag is set if there was one.
fn watch_for_defects() -> Arc<AtomicBool> {
    let seen = Arc::new(AtomicBool::new(false));
    let flag = seen.clone();
    std::panic::set_hook(Box::new(move |panic| {
        flag.store(true, Ordering::SeqCst);
        let payload = panic.payload();
        let message = payload.downcast_ref::<&str>().copied();
        let message = message.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("panic");
        let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
        let version = env!("CARGO_PKG_VERSION");
        let text = format!(
            "error: internal error in belay-script {version}{place}: {message}\n  help: please report it, with this message and the script\n"
        );
        // Not by a macro: those panic themselves if standard error is gone.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
    }));
    seen
}

/// The user's own mistake on the command line: exit status 2.
fn misuse(message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
    Diagnostic { help: Some(help.into()), ..Diagnostic::new(Kind::ParseError, message) }
}

/// A named file, or standard input, cannot be read: a misuse, unless a signal ended the wait for it.
fn unread(what: &str, error: &std::io::Error, help: &str) -> Diagnostic {
    if disk::was_interrupted(error) {
        return Diagnostic::new(Kind::Interrupted, "interrupted");
    }
    misuse(format!("{what} cannot be read: {}", reason(error)), help)
}

/// Checks early that a script can be read, with a clear error.
fn readable(path: &Path) -> Result<(), Diagnostic> {
    let shown = path.display();
    match std::fs::metadata(path) {
        Ok(data) if data.is_dir() => Err(misuse(format!("`{shown}` is a folder"), "name a script")),
        // Opening a pipe twice would lose what comes through it.
        Ok(data) if !data.is_file() => Ok(()),
        Ok(_) => disk::open(path)
            .map(drop)
            .map_err(|error| misuse(format!("`{shown}` cannot be read: {}", reason(&error)), "check its permissions")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(misuse(format!("file not found: `{shown}`"), "check the path and the current folder"))
        }
        Err(error) => Err(misuse(format!("`{shown}` cannot be read: {}", reason(&error)), "check the path")),
    }
}

/// Whether a file is a Python program for the board, and no script.
fn is_python(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("py"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_becomes_a_phrase() {
        assert_eq!(reason(&std::io::Error::from_raw_os_error(13)), "permission denied");
        assert_eq!(reason(&std::io::Error::other("Odd thing")), "odd thing");
    }

    #[test]
    fn a_script_that_cannot_be_read_is_a_misuse() {
        let folder = tempfile::tempdir().unwrap();
        let gone = readable(&folder.path().join("gone.rhai")).unwrap_err();
        assert_eq!(gone.kind.exit_status(), 2);
        assert!(gone.title.starts_with("file not found: `"), "{}", gone.title);
        assert!(readable(folder.path()).unwrap_err().title.ends_with("` is a folder"));
        let file = folder.path().join("a.rhai");
        std::fs::write(&file, "").unwrap();
        assert_eq!(readable(&file), Ok(()));
    }
}
