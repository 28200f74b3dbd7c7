//! A folder of this computer that a board sees at `/remote` while commands run.
//!
//! Uses [`crate::board::mount`]. Invariant: the board sees the folder from its opening, or from [`Device::mount`], to its
//! closing or [`Device::unmount`], through resets and reconnections; nothing outside of it can be reached, and nothing
//! changed unless that was allowed.

#[cfg_attr(not(unix), path = "mount/beneath_elsewhere.rs")]
mod beneath;
mod folder;
mod handles;

use super::state::{self, Limit, Run, State, TEARDOWN_LIMIT};
use super::{Device, Host};
use crate::board::Helper;
use crate::board::command::Command;
use crate::board::mount::{self as protocol, Desk, PLACE, Wish};
use crate::error::{Error, Kind, Result};
use crate::gate::Confines;
use crate::python::traceback::Traceback;
use crate::value::Value;
use crate::value::write::{literal, string_to};
use folder::{Folder, Mode, Outcome, changed, number};
use handles::Handles;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Has the board write what it has not written yet of its open files.
pub(super) const FLUSH: &str = "__belay_mw()";
/// Seconds from 1970 to 2000, where the clocks of some boards begin.
const FROM_1970_TO_2000: i64 = 946_684_800;
/// What `stat` says of the kind of an entry.
const DIRECTORY: u32 = 0x4000;
const FILE: u32 = 0x8000;

/// A mounted folder.
pub struct Mount {
    /// As the user wrote it.
    written: PathBuf,
    folder: Folder,
    handles: Handles,
    /// `None` while the board does not see it.
    desk: Option<Desk>,
    /// Seconds from 1970 to the beginning of the board's clock.
    epoch: i64,
}

impl Mount {
    /// A folder that no board sees yet, of which nothing is reached that is outside of `confines`.
    ///
    /// # Errors
    /// ArgumentError if there is no such folder.
    pub fn new(path: &Path, writable: bool, confines: Option<Confines>) -> Result<Mount> {
        let folder = Folder::new(path, writable, confines).map_err(|error| {
            let why = match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such folder".to_owned(),
                std::io::ErrorKind::NotADirectory => "it is no folder".to_owned(),
                _ => error.to_string(),
            };
            Error::new(Kind::ArgumentError, format!("`{}` cannot be mounted: {why}", path.display()))
                .with_help("name a folder of this computer, for example `.`")
        })?;
        Ok(Mount { written: path.to_owned(), folder, handles: Handles::default(), desk: None, epoch: 0 })
    }

    /// Whether a file is open that the board may have written to without this folder knowing of it.
    pub fn may_be_written(&self) -> bool {
        self.desk.is_some() && self.handles.may_be_written()
    }

    /// The board has started anew and sees nothing.
    pub fn forget(&mut self) {
        self.desk = None;
        self.handles.close_all();
    }

    /// The bytes to send for a question of the board's.
    pub fn answer(&mut self, question: &str) -> Vec<u8> {
        let Mount { folder, handles, desk, epoch, .. } = self;
        let Some(desk) = desk else { return Vec::new() };
        desk.answer(question, &mut |closed, wish| {
            closed.iter().for_each(|&file| handles.close(file));
            fulfil(folder, handles, *epoch, wish)
        })
    }

    /// The file that a frame of a traceback names, as the user knows it.
    pub fn file_of(&self, frame: &str) -> Option<String> {
        let inner = frame.strip_prefix(PLACE).and_then(|rest| rest.strip_prefix('/')).unwrap_or(frame);
        if inner.starts_with(['/', '<']) || !self.folder.status(inner).is_ok_and(|about| about.is_file()) {
            return None;
        }
        let inner = inner.trim_start_matches("./");
        Some(match self.written.as_os_str() == "." {
            true => inner.to_owned(),
            false => self.written.join(inner).display().to_string(),
        })
    }

    /// What to do about an exception that comes of the mount.
    pub fn help(&self, traceback: &Traceback) -> Option<&'static str> {
        let detail = traceback.detail();
        if traceback.class() != "OSError" {
            return None;
        }
        let has = |number: u32| detail.contains(&format!("[Errno {number}]")) || detail == number.to_string();
        if detail.contains("/remote is for the main thread") {
            Some("threads cannot reach the mounted folder: read what they need before they start")
        } else if has(30) && !self.folder.is_writable() {
            Some(
                "`/remote` is read-only; `--write`, or `#{ write: true }` of `mount`, lets the board change the folder",
            )
        } else if has(13) {
            Some("nothing outside of the mounted folder can be reached from `/remote`")
        } else if has(110) {
            Some("`/remote` answers only while a call runs: an interrupt or a timer cannot reach it between calls")
        } else {
            None
        }
    }
}

fn fulfil(folder: &Folder, handles: &mut Handles, epoch: i64, wish: Wish) -> Outcome<Vec<u8>> {
    Ok(match wish {
        Wish::Open(path, mode) => {
            let mode = Mode::parse(&mode)?;
            let file = handles.open(folder, &path, mode)?;
            format!("{file},{}", u8::from(mode.write) + u8::from(mode.append)).into_bytes()
        }
        Wish::Read(file, at, count) => handles.read(folder, file, at, count)?,
        Wish::Write(file, write, at, bytes) => handles.write(folder, file, write, at, &bytes)?.to_string().into_bytes(),
        Wish::Close => Vec::new(),
        Wish::Size(file) => handles.size(folder, file)?.to_string().into_bytes(),
        Wish::Status(path) => status(folder, epoch, &path)?,
        Wish::Space => {
            let (block, total, free, available) = folder.space();
            let read_only = u8::from(!folder.is_writable());
            format!("({block},{block},{total},{free},{available},0,0,0,{read_only},255)").into_bytes()
        }
        Wish::Enter(path) => {
            let mut name = String::new();
            string_to(&mut name, &folder.enter(&path)?);
            name.into_bytes()
        }
        Wish::List(path, after, size) => {
            let mut text = String::from("([");
            let mut more = 0;
            for entry in folder.entries(&path, &after)? {
                if text.len() >= size {
                    more = 1;
                    break;
                }
                text.push('(');
                string_to(&mut text, &entry.name);
                let kind = if entry.size.is_some() { FILE } else { DIRECTORY };
                let _ = write!(text, ",{kind},0,{}),", entry.size.unwrap_or(0));
            }
            let _ = write!(text, "],{more})");
            text.into_bytes()
        }
        Wish::MakeDirectory(path) => folder.make_directory(&path).map(|()| Vec::new())?,
        Wish::RemoveDirectory(path) => folder.remove_directory(&path).map(|()| Vec::new())?,
        Wish::Remove(path) => folder.remove(&path).map(|()| Vec::new())?,
        Wish::Rename(from, to) => folder.rename(&from, &to).map(|()| Vec::new())?,
    })
}

/// The board's `stat`. Where there is nothing it is `0`; `None` if there is no module of this name either, so that an
/// import need not ask for each of its forms.
fn status(folder: &Folder, epoch: i64, path: &str) -> Outcome<Vec<u8>> {
    match folder.status(path) {
        Ok(about) => {
            let (kind, size) = if about.is_dir() { (DIRECTORY, 0) } else { (FILE, about.len()) };
            let time = changed(&about) - epoch;
            Ok(format!("({kind},0,0,0,0,0,{size},{time},{time},{time})").into_bytes())
        }
        Err(number::NONE_SUCH) => {
            let no_module =
                [".py", ".mpy"].iter().all(|end| folder.existing(&format!("{path}{end}")) == Err(number::NONE_SUCH));
            Ok(if no_module { b"None".to_vec() } else { b"0".to_vec() })
        }
        Err(number) => Err(number),
    }
}

impl Host {
    /// Devices that are opened from now on see this folder at `/remote` (`--mount`). `writable`: they may change it.
    ///
    /// # Errors
    /// ArgumentError if there is no such folder.
    pub fn set_mount(&self, folder: &Path, writable: bool) -> Result<()> {
        Mount::new(folder, writable, None)?;
        *super::host::lock(self.mount_of_run()) = Some((folder.to_owned(), writable));
        Ok(())
    }
}

impl Device {
    /// Shows the board a folder of this computer, at `/remote`, and makes that its current directory; modules in it and
    /// in its `lib` can be imported. It takes the place of one that was mounted before. `writable`: the board may change
    /// what is in it. Only while a command runs, and only from the main thread, can it be reached. Nothing of it is reached
    /// that the host's [`Gate`](crate::gate::Gate) does not let pass.
    ///
    /// # Errors
    /// ArgumentError if there is no such folder; FeatureUnavailableError if the board cannot; else as [`Device::call`].
    pub fn mount(&self, folder: &Path, writable: bool) -> Result<()> {
        let mut state = self.lock();
        if self.is_closed() {
            return Err(state::closed(self.name()));
        }
        let confines = self.host().gate().confines();
        let mut mount = Mount::new(folder, writable, confines).map_err(|error| error.with_device(self.name()))?;
        state.flush_mount(self.host(), &self.quiet_run())?;
        let before = state.mount.take();
        // The board goes on counting its questions.
        mount.desk = before.and_then(|before| before.desk);
        state.mount = Some(mount);
        self.show_mount(&mut state).map_err(|error| error.with_device(self.name()))
    }

    /// Takes the folder away again. Nothing happens if none is mounted.
    ///
    /// # Errors
    /// As [`Device::call`].
    pub fn unmount(&self) -> Result<()> {
        let mut state = self.lock();
        if self.is_closed() {
            return Err(state::closed(self.name()));
        }
        self.hide_mount(&mut state, self.default_limit())
    }

    /// What the run mounts on every device.
    pub(super) fn mount_at_first(&self, state: &mut State) -> Result<()> {
        let of_run = super::host::lock(self.host().mount_of_run()).clone();
        if let Some((folder, writable)) = of_run {
            state.mount = Some(Mount::new(&folder, writable, None)?);
        }
        Ok(())
    }

    /// Has the board see the folder, if there is one. The device has none if that fails.
    pub(super) fn show_mount(&self, state: &mut State) -> Result<()> {
        let shown = self.show(state);
        if shown.as_ref().is_err_and(|error| error.kind() != Kind::ConnectionLost) {
            state.mount = None;
        }
        shown
    }

    fn show(&self, state: &mut State) -> Result<()> {
        if state.mount.is_none() {
            return Ok(());
        }
        if self.0.implementation.name == "circuitpython" {
            return Err(Error::new(
                Kind::FeatureUnavailableError,
                "CircuitPython cannot mount a folder of this computer",
            )
            .with_help("its firmware takes no file system written in Python; copy the files to the board instead"));
        }
        if self.0.implementation.reads_no_input() {
            let message = "the board cannot see a folder of this computer: it reads no input while a program runs";
            return Err(
                Error::new(Kind::FeatureUnavailableError, message).with_help("copy the files to the board instead")
            );
        }
        let run = self.quiet_run();
        if !state.has(Helper::Mount) {
            // The helper is long, and what cannot use it need not be sent it.
            let answer = state.run(self.host(), &run, &protocol::probe()).map_err(unsuitable)?.value();
            let free = state.board.as_ref().and_then(|board| board.identity().free);
            if let Some(missing) = answer.ok().and_then(|answer| protocol::missing(&answer, free)) {
                return Err(Error::new(
                    Kind::FeatureUnavailableError,
                    format!("the board cannot see a folder of this computer: {missing}"),
                )
                .with_help("run it without the mounted folder, or on a board whose firmware has what is missing"));
            }
        }
        state.need(self.host(), &run, Helper::Mount).map_err(unsuitable)?;
        let Some(board) = state.board.as_ref() else { return Ok(()) };
        let (abilities, room) = (board.abilities(), board.room());
        let bytes = u8::from(!abilities.text_only);
        let answer = state.run(self.host(), &run, &Command::expression(&format!("__belay_mt({bytes})")));
        let answer = answer.map_err(unsuitable)?.value();
        let (year, binary) = match answer.as_ref() {
            Ok(Value::Tuple(fields)) => match fields.as_slice() {
                [Value::Int(year), Value::Bool(binary)] => (*year, *binary),
                [Value::Int(year), Value::Int(binary)] => (*year, *binary != 0),
                _ => (1970, false),
            },
            _ => (1970, false),
        };
        if let Some(mount) = state.mount.as_mut() {
            mount.epoch = if year == 2000 { FROM_1970_TO_2000 } else { 0 };
            mount.desk.get_or_insert_with(|| Desk::new(binary, abilities, room));
        }
        let enter = Command::statements(&format!("__belay_mo.chdir({})", quoted(PLACE)));
        state.run(self.host(), &run, &enter).map(|_| ())
    }

    /// Leaves nothing of the mount on the board.
    pub(super) fn hide_mount(&self, state: &mut State, limit: Limit) -> Result<()> {
        if state.mount.as_ref().is_some_and(|mount| mount.desk.is_some()) && !state.is_lost() {
            let run = Run { device: self.name(), item: "", piece: None, limit };
            state.run(self.host(), &run, &Command::statements("__belay_mr()"))?;
        }
        state.mount = None;
        Ok(())
    }

    /// As [`Device::hide_mount`], at closing. Fails only if something was not written: another failure leaves a folder on the
    /// board that nobody answers for, until the next reset.
    pub(super) fn hide_mount_at_last(&self, state: &mut State) -> Result<()> {
        let flushed = state.flush_mount(self.host(), &self.quiet_run());
        let _ = self.hide_mount(state, Limit { timeout: Some(TEARDOWN_LIMIT), interruptible: true });
        flushed
    }

    pub(super) fn quiet_run(&self) -> Run<'_> {
        Run { device: self.name(), item: "", piece: None, limit: self.default_limit() }
    }
}

/// The error of a board whose last bytes for the mounted folder did not arrive there.
pub(super) fn unwritten(error: &Error, run: &Run<'_>) -> Error {
    let message = format!("what was written to `{PLACE}` last is lost: {}", error.message());
    let help = error.help().unwrap_or("close files, or call `flush()`, to learn of such errors where they happen");
    Error::new(error.kind(), message).with_device(run.device).with_item_if(run.item).with_help(help)
}

fn quoted(text: &str) -> String {
    literal(&Value::Str(text.to_owned())).unwrap_or_default()
}

/// A firmware that cannot mount what is written in Python.
fn unsuitable(error: Error) -> Error {
    if error.kind() != Kind::DeviceException {
        return error;
    }
    let short = error.message().starts_with("MemoryError");
    let why = if short { "its memory is too full" } else { "its firmware refuses the code for it" };
    Error::new(Kind::FeatureUnavailableError, format!("the board cannot see a folder of this computer: {why}"))
        .with_help(if short {
            "restart the board, or free memory with `import gc; gc.collect()`".to_owned()
        } else {
            format!("the board says: {}", error.message())
        })
}
