//! `edit`: opens a file of the board in the user's editor.
//!
//! Invariant: changed text that could not be sent is kept, and its path is printed.

use super::path::{BoardPath, Place, name, parent};
use super::plan::no_folder;
use super::{Work, local, on_board, refused, run};
use crate::board::content::Upload;
use crate::bound;
use crate::cli::arguments::files::Edit;
use crate::cli::console::Console;
use crate::cli::progress::Bar;
use crate::diagnostic::Diagnostic;
use crate::disk::{self, reason};
use crate::error::{Error, Kind, Result};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
#[cfg(unix)]
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(unix)]
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Editors to try if neither VISUAL nor EDITOR is set.
const EDITORS: &[&str] = if cfg!(windows) { &["notepad"] } else { &["sensible-editor", "nano", "vi"] };

/// Interval of checking the editor.
#[cfg(unix)]
const SLICE: Duration = Duration::from_millis(25);

/// How long the editor may take to end after it was asked to.
#[cfg(unix)]
const GRACE: Duration = Duration::from_millis(500);

/// Edits a file; returns the exit status.
///
/// # Errors
/// Of wrong arguments, or if Ctrl-C cannot be watched.
pub fn edit(options: &Edit, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    let paths = on_board("edit", std::slice::from_ref(&options.path))?;
    let Some(path) = paths.into_iter().next() else { return Ok(0) };
    run(console, &options.session, &[Place::Board(path.clone())], |work| {
        let original = original(work, &path)?;
        let draft = Draft::new(&path.path, original.as_deref().unwrap_or_default())?;
        let edited = draft.edit();
        // Keys pressed in the editor belong to the editor.
        crate::interrupt::take();
        let before = original.as_deref().unwrap_or_default();
        let text = match edited.and_then(|()| local::read_all(&draft.file)) {
            Ok(text) => text,
            Err(error) => {
                let changed = disk::read(&draft.file, bound::FILE).is_ok_and(|text| text != before);
                return Err(if changed { draft.keep(error) } else { error });
            }
        };
        if text == before {
            console.remark(&format!("`{}` is unchanged\n", path.path));
            return Ok(());
        }
        let files = work.files()?;
        let upload = Upload { path: &path.path, content: &text, digest: None };
        let bar = if options.quiet { Bar::none(console) } else { Bar::new(console, "sending", text.len() as u64) };
        let sent = files.write(&[upload], &mut |bytes| bar.set(bytes));
        bar.finish();
        sent.map_err(|error| draft.keep(error))
    })
}

/// The content of the file; `None` if it does not exist yet, but can be created.
fn original(work: &mut Work<'_>, path: &BoardPath) -> Result<Option<Vec<u8>>> {
    work.guard(&path.path)?;
    let files = work.files()?;
    match files.stat(&path.path)? {
        Some(None) => Err(refused(format!("`{}` is a directory", path.path), "name a file in it")),
        Some(Some(_)) => {
            let mut content = Vec::new();
            files.read(&path.path, &mut |piece| {
                content.extend_from_slice(piece);
                Ok(())
            })?;
            Ok(Some(content))
        }
        None if path.folder => {
            Err(refused(format!("`{}/` is not the name of a file", path.path), "omit the trailing slash"))
        }
        None if files.stat(parent(&path.path))? != Some(None) => Err(no_folder(parent(&path.path))),
        None => Ok(None),
    }
}

/// The text on this computer, in a separate folder, which is removed on drop.
struct Draft {
    folder: TempDir,
    file: PathBuf,
}

impl Draft {
    fn new(path: &str, text: &[u8]) -> Result<Draft> {
        let failed = |error: std::io::Error| {
            let message = format!("a temporary file cannot be created: {}", reason(&error));
            Error::new(Kind::ScriptError, message).with_help("set TMPDIR to a writable folder")
        };
        let folder = disk::scratch_folder().map_err(failed)?;
        // The name tells the editor the language, and the user the file.
        let own = name(path);
        let own = match own.rsplit_once('.') {
            _ if disk::is_name(own, cfg!(windows)) && own.len() < 200 && !own.starts_with('-') => own.to_owned(),
            Some((_, extension)) if disk::is_name(extension, cfg!(windows)) && extension.len() < 100 => {
                format!("edited.{extension}")
            }
            _ => "edited".to_owned(),
        };
        let draft = Draft { file: folder.path().join(own), folder };
        disk::create(&draft.file, text).map_err(failed)?;
        Ok(draft)
    }

    /// Lets the user edit.
    fn edit(&self) -> Result<()> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        if let Some(editor) = variable("VISUAL").or_else(|| variable("EDITOR")) {
            return ended(&editor, supervised(by_shell(&editor, &self.file)));
        }
        for editor in EDITORS {
            let mut command = Command::new(editor);
            command.arg(&self.file);
            match supervised(command) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                status => return ended(editor, status),
            }
        }
        Err(Error::new(Kind::FeatureUnavailableError, "no editor found")
            .with_help("set EDITOR, for example `EDITOR=nano`"))
    }

    /// Keeps the text, and adds its path to the error.
    fn keep(self, error: Error) -> Error {
        let _ = self.folder.keep();
        let help = error.help().map(|help| format!("{help}\n")).unwrap_or_default();
        error.with_help(format!("{help}your text is kept in `{}`", self.file.display()))
    }
}

/// The variables hold a command with its arguments, as for git.
#[cfg(unix)]
fn by_shell(editor: &str, file: &Path) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{editor} \"$@\"")).arg(editor).arg(file);
    command
}

#[cfg(not(unix))]
fn by_shell(editor: &str, file: &Path) -> Command {
    let mut words = editor.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).arg(file);
    command
}

/// Runs the editor to its end. Ctrl-C belongs to the editor, but SIGTERM and SIGHUP end it.
#[cfg(unix)]
fn supervised(mut command: Command) -> std::io::Result<std::process::ExitStatus> {
    use rustix::process::{Pid, Signal, kill_process};
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        signal_hook::flag::register(signal, asked.clone())?;
    }
    let mut child = command.spawn()?;
    let mut killed_at = None;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if asked.load(Ordering::SeqCst) {
            match killed_at {
                None => {
                    killed_at = Some(Instant::now() + GRACE);
                    let _ = kill_process(Pid::from_child(&child), Signal::TERM);
                }
                Some(end) if Instant::now() >= end => child.kill()?,
                Some(_) => {}
            }
        }
        // No portable event announces the end of a process.
        std::thread::park_timeout(SLICE);
    }
}

#[cfg(not(unix))]
fn supervised(mut command: Command) -> std::io::Result<std::process::ExitStatus> {
    command.status()
}

fn ended(editor: &str, status: std::io::Result<std::process::ExitStatus>) -> Result<()> {
    let help = "nothing was changed on the board";
    let failed =
        |how: String| Err(Error::new(Kind::ScriptError, format!("the editor `{editor}` {how}")).with_help(help));
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => match status.code() {
            Some(code) => failed(format!("ended with status {code}")),
            None => failed("was killed".to_owned()),
        },
        Err(error) => failed(format!("does not start: {}", reason(&error))),
    }
}
