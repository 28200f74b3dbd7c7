//! Mounts a folder of this computer on a board, at `/remote`, while commands run.
//!
//! Uses [`crate::board::mount`]; for how a device gets one see [`crate::device::mounting`]. Invariant: nothing outside of the folder
//! can be reached, and nothing changed unless that was allowed.

#[cfg_attr(not(unix), path = "mount/beneath_elsewhere.rs")]
mod beneath;
mod folder;
mod handles;

use crate::board::mount::{PLACE, RemoteFs, Wish};
use crate::error::{Error, Kind, Result};
use crate::gate::Confines;
use crate::python::traceback::Traceback;
use crate::value::write::string_to;
use folder::{Folder, Mode, Outcome, changed, number};
use handles::Handles;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Makes the board flush its open files.
pub(super) const FLUSH: &str = "__belay_mw()";
/// Seconds from 1970 to 2000, the epoch of some boards.
pub(super) const FROM_1970_TO_2000: i64 = 946_684_800;
/// The kinds of entries in `stat`.
const DIRECTORY: u32 = 0x4000;
const FILE: u32 = 0x8000;

/// A mounted folder.
pub struct Mount {
    /// As the user wrote it.
    pub(super) written: PathBuf,
    pub(super) folder: Folder,
    pub(super) handles: Handles,
    /// `None` while it is not mounted.
    pub(super) remote_fs: Option<RemoteFs>,
    /// Seconds from 1970 to the board's epoch.
    pub(super) epoch: i64,
}

impl Mount {
    /// A folder that is not mounted yet; nothing outside `confines` can be reached.
    ///
    /// # Errors
    /// ArgumentError if the folder does not exist.
    pub fn new(path: &Path, writable: bool, confines: Option<Confines>) -> Result<Mount> {
        let folder = Folder::new(path, writable, confines).map_err(|error| {
            let why = match error.kind() {
                std::io::ErrorKind::NotFound => "no such folder".to_owned(),
                std::io::ErrorKind::NotADirectory => "not a folder".to_owned(),
                _ => error.to_string(),
            };
            Error::new(Kind::ArgumentError, format!("`{}` cannot be mounted: {why}", path.display()))
                .with_help("use a folder of this computer, for example `.`")
        })?;
        Ok(Mount { written: path.to_owned(), folder, handles: Handles::default(), remote_fs: None, epoch: 0 })
    }

    /// Whether a file is open to which the board may have unflushed writes.
    pub fn may_be_written(&self) -> bool {
        self.remote_fs.is_some() && self.handles.may_be_written()
    }

    /// The board has restarted without the mount.
    pub fn forget(&mut self) {
        self.remote_fs = None;
        self.handles.close_all();
    }

    /// The bytes to send for a request of the board.
    pub fn answer(&mut self, question: &str) -> Vec<u8> {
        let Mount { folder, handles, remote_fs, epoch, .. } = self;
        let Some(remote_fs) = remote_fs else { return Vec::new() };
        remote_fs.answer(question, &mut |closed, wish| {
            closed.iter().for_each(|&file| handles.close(file));
            fulfil(folder, handles, *epoch, wish)
        })
    }

    /// The user's path of the file in a traceback frame.
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

    /// The help for an exception of the mount.
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
                "use `--write`, or `#{ write: true }` of `mount`, to let the board change the folder: `/remote` is read-only",
            )
        } else if has(13) {
            Some("nothing outside of the mounted folder can be reached from `/remote`")
        } else if has(110) {
            Some("`/remote` works only while a call runs: an interrupt or a timer cannot use it between calls")
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

/// The board's `stat`. It is `0` if the path does not exist; `None` if there is no module of this name either, so that an
/// import need not try each of its forms.
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
