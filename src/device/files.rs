//! The files of a device's board: list, hash, read, write, remove.
//!
//! Uses [`crate::board::files`] and [`crate::board::transfer`]. Invariant: a written file replaces the old one only when it is
//! on the board completely and reads back correctly.

mod errors;
mod survey;

use crate::board::Helper;
use crate::board::command::{Command, Payload};
use crate::board::content::{Reading, Upload};
use crate::board::files::{self, Change, Channel, Facts, FileEntry, Status, TEMPORARY};
use crate::board::identity::Identity;
use crate::board::transfer::{self, Pace, Stream};
use crate::device::handle::Device;
use crate::device::limits::Limit;
use crate::device::state;
use crate::device::state::{Run, State};
use crate::error::{Error, Kind, Result};
use crate::value::Value;
use errors::{common, is_memory_error, may_be_loss, nonsense, not_written, os_error, unsuitable};
use std::sync::MutexGuard;
use std::time::{Duration, Instant};

/// How long a board may be silent during file operations: erasing a sector takes a tenth of a second, hashing a megabyte in
/// Python a minute.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a board may take to request the next piece of a file.
const STALL: Duration = Duration::from_secs(20);
/// The same for a stream that may have lost bytes, and is then resent.
const BOLD_STALL: Duration = Duration::from_secs(3);
/// Bytes that the first exchange hashes, and how long one should take, so that progress is visible.
const FIRST_HASHED: u64 = 256 * 1024;
const HASH_TIME: Duration = Duration::from_millis(500);
/// Bytes of a literal with a piece of a file, for a board that cannot receive a stream: fewer bytes need less memory to
/// compile.
const LITERAL: usize = 128;

/// Space on a board's flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes of a block: the size of the smallest file.
    pub block: u64,
    /// Total bytes.
    pub total: u64,
    /// Free bytes.
    pub free: u64,
}

/// Called with a count of bytes while files are hashed or written.
pub type Count<'a> = &'a mut dyn FnMut(u64);

/// The files of a device's board. Holds the device for as long as it lives.
pub struct Files<'a> {
    device: &'a Device,
    state: MutexGuard<'a, State>,
    facts: Facts,
    /// Whether the board is used without the receiver, because it did not fit.
    cramped: bool,
}

impl Device {
    /// Its board's files. Other calls on the device wait until the result is dropped.
    ///
    /// # Errors
    /// ClosedError, ConnectionLost; FeatureUnavailableError if the board has no file system that belay-script can use.
    pub fn files(&self) -> Result<Files<'_>> {
        self.open_files().map_err(|error| error.with_device(self.name()))
    }

    fn open_files(&self) -> Result<Files<'_>> {
        let mut state = self.lock();
        if self.is_closed() {
            return Err(state::closed(self.name()));
        }
        if state.is_lost() && self.0.attempts != 0 {
            self.restore(&mut state, self.0.attempts)?;
        }
        let run = run(self, PATIENCE);
        let answer = state.run_with(self.host(), &run, Helper::Files, &Facts::command());
        let mut facts = value(answer.map_err(unsuitable)?)?;
        if files::lacks_hash(&facts) {
            state.need(self.host(), &run, Helper::Hash).map_err(unsuitable)?;
            facts = value(state.run(self.host(), &run, &Facts::command()).map_err(unsuitable)?)?;
        }
        let mut facts = Facts::from_value(&facts).ok_or_else(nonsense)?;
        if self.0.implementation.reads_no_input() {
            facts.channel = Channel::Literals;
        }
        Ok(Files { device: self, state, facts, cramped: false })
    }

    /// Its board's identity, for `mpy-cross`. `None` while the connection is lost.
    pub fn identity(&self) -> Option<Identity> {
        self.lock_as_it_is().board.as_ref().map(|board| board.identity().clone())
    }
}

fn run(device: &Device, limit: Duration) -> Run<'_> {
    Run { device: device.name(), item: None, piece: None, limit: Limit { timeout: Some(limit), interruptible: true } }
}

impl Files<'_> {
    /// What the board's file system can do.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The device.
    pub fn device(&self) -> &Device {
        self.device
    }

    /// Whether the board's file system is this computer's own, so that changes of `/` would change its root. Only asks a board
    /// that reports to be a computer, unless its port knows better; if it cannot tell, it counts as one.
    ///
    /// # Errors
    /// Errors of the connection.
    pub fn are_this_computers(&mut self) -> Result<bool> {
        let own_flash = self.state.board.as_ref().is_some_and(|board| board.abilities().own_flash);
        let platform = self.device.0.implementation.platform.as_str();
        if own_flash || !matches!(platform, "linux" | "darwin" | "win32") {
            return Ok(false);
        }
        for command in files::roots() {
            match self.ask(&command) {
                Ok(answer) => return files::is_host_root(&answer).ok_or_else(nonsense),
                Err(error) if error.kind() == Kind::DeviceException => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn ask(&mut self, command: &Command) -> Result<Value> {
        let run = run(self.device, PATIENCE);
        value(self.state.run(self.device.host(), &run, command)?)
    }

    /// Like [`Files::ask`]; an OSError starts with `what` could not be done.
    fn ask_for(&mut self, what: &str, command: &Command) -> Result<Value> {
        let platform = &self.device.0.implementation.platform;
        self.ask(command).map_err(|error| match error.errno() {
            Some(number) => os_error(common(platform, number), what),
            None => error,
        })
    }

    /// Linux's number for the board's error number.
    fn common(&self, number: i64) -> i64 {
        common(&self.device.0.implementation.platform, number)
    }

    /// Parses the reply to a change: how many paths were changed, and the number of the error that ended it, 0 for none.
    fn changed(&self, answer: &Value) -> Result<(usize, i64)> {
        files::changed(answer).map(|(done, number)| (done, self.common(number))).ok_or_else(nonsense)
    }

    /// Whether `error` is a lack of memory and a retry with less may help: then the next commands use half of it.
    fn makes_do(&mut self, error: &Error) -> bool {
        let smaller = self.facts.smaller().filter(|_| is_memory_error(error));
        self.facts = smaller.unwrap_or(self.facts);
        smaller.is_some()
    }

    /// The kind of `path`: bytes of a file, `Some(None)` for a directory, `None` if it does not exist.
    ///
    /// # Errors
    /// Errors of the connection, or DeviceException.
    pub fn stat(&mut self, path: &str) -> Result<Option<Option<u64>>> {
        let status = files::status(&self.ask(&files::stat(path))?).ok_or_else(nonsense)?;
        let status = if let Status::Error(number) = status { Status::Error(self.common(number)) } else { status };
        match status {
            Status::File(size) => Ok(Some(Some(size))),
            Status::Directory => Ok(Some(None)),
            // ENOENT, and ENOTDIR: part of the path is a file.
            Status::Error(2 | 20) => Ok(None),
            Status::Error(number) => Err(os_error(number, &format!("`{path}` cannot be accessed"))),
        }
    }

    /// The entries of the directory `path`.
    ///
    /// # Errors
    /// As [`Files::tree`].
    pub fn directory(&mut self, path: &str) -> Result<Vec<FileEntry>> {
        let answer = self.ask_for(&format!("`{path}` cannot be listed"), &files::directory(path))?;
        files::entries(&answer).ok_or_else(nonsense)
    }

    /// Digests of files in order; `size` of each determines the pace of the exchanges. Calls `progress` with the hashed
    /// bytes.
    ///
    /// # Errors
    /// Errors of the connection, or DeviceException if one of them does not exist.
    pub fn hash(&mut self, paths: &[(&str, u64)], progress: Count<'_>) -> Result<Vec<Vec<u8>>> {
        let mut digests = Vec::with_capacity(paths.len());
        let mut most = FIRST_HASHED;
        let mut rest = paths;
        while !rest.is_empty() {
            let (mut source, mut bytes) = (0, 0);
            let fits = |&&(path, size): &&(&str, u64)| {
                source += path.len() + 4;
                bytes += size;
                source <= self.facts.source() && bytes <= most
            };
            let count = rest.iter().take_while(fits).count().max(1);
            let (batch, more) = rest.split_at(count);
            let begun = Instant::now();
            let command = files::hashes(batch.iter().map(|(path, _)| *path), &self.facts);
            let what = match batch {
                [(path, _)] => format!("`{path}` cannot be read"),
                _ => format!("a file cannot be read, `{}` or one of the {} after it", batch[0].0, batch.len() - 1),
            };
            let answer = match self.ask_for(&what, &command) {
                Ok(Value::Bytes(answer)) => answer,
                Ok(_) => return Err(nonsense()),
                Err(error) if self.makes_do(&error) => continue,
                Err(error) => return Err(error),
            };
            let length = self.facts.hash.length();
            if answer.len() != length * batch.len() {
                return Err(nonsense());
            }
            digests.extend(answer.chunks(length).map(<[u8]>::to_vec));
            let hashed: u64 = batch.iter().map(|(_, size)| size).sum();
            progress(hashed);
            let pace = hashed as f64 / begun.elapsed().as_secs_f64().max(1e-4) * HASH_TIME.as_secs_f64();
            most = (pace as u64).max(4096);
            rest = more;
        }
        Ok(digests)
    }

    /// Applies a change to each path in turn, until one fails. A directory that already exists is not a failure.
    ///
    /// # Errors
    /// Errors of the connection, or DeviceException with the path.
    pub fn change(&mut self, change: Change, paths: &[&str]) -> Result<()> {
        let mut rest = paths;
        while !rest.is_empty() {
            let mut source = 0;
            let fits = |path: &&&str| {
                source += path.len() + 6;
                source <= self.facts.source()
            };
            let count = rest.iter().take_while(fits).count().max(1);
            let answer = match self.ask(&files::change(change, rest[..count].iter().copied())) {
                Err(error) if self.makes_do(&error) => continue,
                other => other?,
            };
            let (done, error) = self.changed(&answer)?;
            let done = done.min(count);
            rest = match (error, change) {
                (0, _) => &rest[count..],
                // EEXIST
                (17, Change::MakeDirectory) if done < rest.len() => &rest[done + 1..],
                (number, _) => {
                    let path = rest.get(done).copied().unwrap_or_default();
                    return Err(os_error(
                        number,
                        &match change {
                            Change::MakeDirectory => format!("the directory `{path}` cannot be created"),
                            Change::Remove => format!("`{path}` cannot be removed"),
                            Change::RemoveDirectory => format!("the directory `{path}` cannot be removed"),
                        },
                    ));
                }
            };
        }
        Ok(())
    }

    /// Renames a file or directory.
    ///
    /// # Errors
    /// Errors of the connection, or DeviceException.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        let answer = self.ask(&files::rename(from, to))?;
        match self.changed(&answer)? {
            (_, 0) => Ok(()),
            (_, number) => Err(os_error(number, &format!("`{from}` cannot be renamed to `{to}`"))),
        }
    }

    /// Reads a file in pieces; passes each to `take`.
    ///
    /// # Errors
    /// Errors of the connection or of `take`, or DeviceException.
    pub fn read(&mut self, path: &str, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let what = format!("`{path}` cannot be read");
        let piece = self.facts.piece();
        let mut next = Command::simple(format!(
            "__belay_fq=open({},'rb');__belay(__belay_fq.read({piece}))",
            files::literal(path)
        ));
        loop {
            let Value::Bytes(bytes) = self.ask_for(&what, &next)? else { return Err(nonsense()) };
            if bytes.len() > piece {
                return Err(nonsense());
            }
            if !bytes.is_empty() {
                take(&bytes)?;
            }
            if bytes.len() < piece {
                self.ask(&Command::statements("__belay_fq.close()\ndel __belay_fq"))?;
                return Ok(());
            }
            next = Command::expression(&format!("__belay_fq.read({piece})"));
        }
    }

    /// Writes files, each under a temporary name first; renames it once it reads back with its digest. Calls `progress` with
    /// the number of bytes sent of all files. The directories must exist.
    ///
    /// # Errors
    /// Errors of the connection or of reading a content, or DeviceException with the file. The files before it are written.
    pub fn write(&mut self, uploads: &[Upload<'_>], progress: Count<'_>) -> Result<()> {
        if uploads.is_empty() {
            return Ok(());
        }
        while let Some(pace) = self.pace() {
            match self.write_stream(pace, uploads, progress) {
                Err(error) if is_memory_error(&error) => {
                    self.cramped = !self.state.has(Helper::Receiver) || !self.makes_do(&error);
                }
                Err(error) if pace.bold && may_be_loss(&error) => self.state.cautious = true,
                other => return other,
            }
        }
        self.write_literals(uploads, progress)
    }

    /// The pace of a stream; `None` if the board cannot receive one.
    fn pace(&self) -> Option<Pace> {
        let board = self.state.board.as_ref().filter(|_| !self.cramped)?;
        Pace::new(&self.facts, board.abilities(), board.room(), self.state.cautious)
    }

    fn write_stream(&mut self, pace: Pace, uploads: &[Upload<'_>], progress: Count<'_>) -> Result<()> {
        let mut stream = Stream::new(pace, self.facts.hash, uploads);
        let mut answer = |question: &str| {
            let answer = stream.answer(question);
            progress(stream.taken());
            answer
        };
        let host = self.device.host();
        if pace.bold {
            // Its patience is too short to load a helper as well.
            self.state.need(host, &run(self.device, PATIENCE), Helper::Receiver)?;
        }
        let command = Command::expression(&transfer::call(&pace));
        let run = run(self.device, if pace.bold { BOLD_STALL } else { STALL });
        let answer = self.state.run_answering_with(host, &run, (Helper::Receiver, &command), None, &mut answer);
        let has_ended = answer.as_ref().map_or_else(|error| error.kind() == Kind::DeviceException, |_| true);
        let outcome = match (stream.failure(), answer) {
            (Some(error), _) | (None, Err(error)) => Err(error),
            (None, Ok(answer)) => match self.changed(&value(answer)?)? {
                (_, 0) => return Ok(()),
                (done, number) => Err(not_written(number, uploads.get(done).map_or("", |upload| upload.path))),
            },
        };
        if has_ended {
            // What was sent before the board stopped reading is at its prompt now. If that fails, the first error says more.
            let _ = self.state.clear_line(host, &run);
        }
        outcome
    }

    /// Writes with plain code, piece by piece.
    fn write_literals(&mut self, uploads: &[Upload<'_>], progress: Count<'_>) -> Result<()> {
        let mut sent = 0;
        for upload in uploads {
            let temporary = temporary(upload.path);
            let before = sent;
            let outcome = self.write_literal(upload, &temporary, &mut |bytes| progress(before + bytes));
            if let Err(error) = outcome {
                // Its remains are not a file.
                let _ = self.ask(&Command::statements("__belay_fq.close()\ndel __belay_fq"));
                let gone = files::change(Change::Remove, [temporary.as_str()]);
                let _ = self.ask(&gone);
                return Err(error);
            }
            sent += upload.content.size();
        }
        Ok(())
    }

    fn write_literal(&mut self, upload: &Upload<'_>, temporary: &str, progress: Count<'_>) -> Result<()> {
        let platform = &self.device.0.implementation.platform;
        let failed = |error: Error| match error.errno() {
            Some(number) => not_written(common(platform, number), upload.path),
            None => error,
        };
        let mut reading = Reading::begin(upload, self.facts.hash)?;
        let open = format!("__belay_fq=open({},'wb')", files::literal(temporary));
        self.ask(&Command::statements(&open)).map_err(failed)?;
        let mut piece = Vec::new();
        while reading.left() > 0 {
            piece.clear();
            reading.read(&mut piece, LITERAL)?;
            let mut code = String::from("__belay_fq.write(");
            crate::value::write::bytes_to(&mut code, &piece);
            code.push(')');
            self.ask(&Command::statements(&code)).map_err(failed)?;
            progress(upload.content.size() - reading.left());
        }
        let expected = reading.finish()?;
        self.ask(&Command::statements("__belay_fq.close()\ndel __belay_fq")).map_err(failed)?;
        let digest = self.ask(&files::hashes([temporary], &self.facts)).map_err(failed)?;
        if digest != Value::Bytes(expected) {
            return Err(not_written(-1, upload.path));
        }
        let renamed = self.ask(&files::rename(temporary, upload.path))?;
        match self.changed(&renamed)? {
            (_, 0) => Ok(()),
            (_, 17) => {
                self.change(Change::Remove, &[upload.path])?;
                self.rename(temporary, upload.path)
            }
            (_, number) => Err(not_written(number, upload.path)),
        }
    }
}

/// The temporary name next to `path` under which it is written first.
fn temporary(path: &str) -> String {
    let folder = path.rfind('/').map_or(0, |at| at + 1);
    format!("{}{TEMPORARY}", &path[..folder])
}

fn value(payload: Payload) -> Result<Value> {
    payload.value().map_err(|_| nonsense())
}
