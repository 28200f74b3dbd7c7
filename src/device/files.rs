//! The files of a device's board: look, hash, read, write, remove.
//!
//! Uses [`crate::board::files`] and [`crate::board::transfer`]. Invariant: a file that is written appears under its name
//! only when all of it is on the board and reads back as it should; until then the old one is there.

mod errors;
mod survey;

use crate::board::Helper;
use crate::board::command::{Command, Payload};
use crate::board::content::{Reading, Upload};
use crate::board::files::{self, Change, Channel, Entry, Facts, Status, TEMPORARY};
use crate::board::identity::Identity;
use crate::board::transfer::{Pace, Stream};
use crate::device::handle::Device;
use crate::device::limits::Limit;
use crate::device::state;
use crate::device::state::{Run, State};
use crate::error::{Error, Kind, Result};
use crate::value::Value;
use errors::{common, is_memory_error, may_be_loss, nonsense, not_written, os_error, unsuitable};
use std::sync::MutexGuard;
use std::time::{Duration, Instant};

/// How long a board may be silent over its files: an erased sector takes a tenth of a second, hashing a megabyte in Python
/// a minute.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a board may take to ask for the next piece of a file.
const STALL: Duration = Duration::from_secs(20);
/// The same for a stream that may have lost bytes on its way, and is sent again then.
const BOLD_STALL: Duration = Duration::from_secs(3);
/// Bytes that the first exchange hashes, and how long one should take, so that there is progress to be seen.
const FIRST_HASHED: u64 = 256 * 1024;
const HASH_TIME: Duration = Duration::from_millis(500);
/// Bytes of a literal that carries a piece of a file to a board that can receive no stream: the fewer, the less memory
/// its compiler needs.
const LITERAL: usize = 128;

/// Room on a board's flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes of a block: what the smallest file takes.
    pub block: u64,
    /// Bytes in all.
    pub total: u64,
    /// Bytes that are free.
    pub free: u64,
}

/// Is told a count of bytes while files are hashed or written.
pub type Count<'a> = &'a mut dyn FnMut(u64);

/// The files of a device's board. Holds the device for as long as it lives.
pub struct Files<'a> {
    device: &'a Device,
    state: MutexGuard<'a, State>,
    facts: Facts,
    /// Without the receiver: it did not fit.
    cramped: bool,
}

impl Device {
    /// Its board's files. Other calls on the device wait until the answer is dropped.
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

    /// What its board says it is, as `mpy-cross` wants to know it. `None` while the connection is lost.
    pub fn identity(&self) -> Option<Identity> {
        self.lock().board.as_ref().map(|board| board.identity().clone())
    }
}

fn run(device: &Device, limit: Duration) -> Run<'_> {
    Run { device: device.name(), item: "", piece: None, limit: Limit { timeout: Some(limit), interruptible: true } }
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

    /// Whether the board's file system is this computer's own, so that changes of `/` would be changes of its root. Only a
    /// board that says it is a computer, and whose port does not know better, is asked; if it cannot tell, it counts as one.
    ///
    /// # Errors
    /// Of the link.
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

    /// As [`Files::ask`]; an OSError says what could not be done: `what`.
    fn ask_for(&mut self, what: &str, command: &Command) -> Result<Value> {
        let platform = &self.device.0.implementation.platform;
        self.ask(command).map_err(|error| match error.errno() {
            Some(number) => os_error(common(platform, number), what),
            None => error,
        })
    }

    /// Linux's number of an error that the board numbers so.
    fn common(&self, number: i64) -> i64 {
        common(&self.device.0.implementation.platform, number)
    }

    /// Reads the answer to a change: how many paths were done, and the number of the error that ended it, 0 for none.
    fn changed(&self, answer: &Value) -> Result<(usize, i64)> {
        files::changed(answer).map(|(done, number)| (done, self.common(number))).ok_or_else(nonsense)
    }

    /// Whether `error` is a want of memory, and less may do: then what comes needs half of it.
    fn makes_do(&mut self, error: &Error) -> bool {
        let smaller = self.facts.smaller().filter(|_| is_memory_error(error));
        self.facts = smaller.unwrap_or(self.facts);
        smaller.is_some()
    }

    /// What `path` is: bytes of a file, `Some(None)` for a directory, `None` if there is nothing.
    ///
    /// # Errors
    /// Of the link, or DeviceException.
    pub fn stat(&mut self, path: &str) -> Result<Option<Option<u64>>> {
        let status = files::status(&self.ask(&files::stat(path))?).ok_or_else(nonsense)?;
        let status = if let Status::Error(number) = status { Status::Error(self.common(number)) } else { status };
        match status {
            Status::File(size) => Ok(Some(Some(size))),
            Status::Directory => Ok(Some(None)),
            // ENOENT, and ENOTDIR: a part of the path is a file.
            Status::Error(2 | 20) => Ok(None),
            Status::Error(number) => Err(os_error(number, &format!("`{path}` cannot be looked at"))),
        }
    }

    /// What is in the directory `path`.
    ///
    /// # Errors
    /// As [`Files::tree`].
    pub fn directory(&mut self, path: &str) -> Result<Vec<Entry>> {
        let answer = self.ask_for(&format!("`{path}` cannot be listed"), &files::directory(path))?;
        files::entries(&answer).ok_or_else(nonsense)
    }

    /// Digests of files in their order; `size` of each is for the pace of the exchanges. `progress` is told the bytes
    /// that were hashed.
    ///
    /// # Errors
    /// Of the link, or DeviceException if one of them is not there.
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

    /// Applies a change to each path in turn; the first that fails ends it. A directory that is there already is no
    /// failure.
    ///
    /// # Errors
    /// Of the link, or DeviceException naming the path.
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
                            Change::MakeDirectory => format!("the directory `{path}` cannot be made"),
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
    /// Of the link, or DeviceException.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        let answer = self.ask(&files::rename(from, to))?;
        match self.changed(&answer)? {
            (_, 0) => Ok(()),
            (_, number) => Err(os_error(number, &format!("`{from}` cannot be renamed to `{to}`"))),
        }
    }

    /// Reads a file in pieces; each is given to `take`.
    ///
    /// # Errors
    /// Of the link, of `take`, or DeviceException.
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

    /// Writes files, each under a temporary name first; it takes its own name once it reads back with its digest.
    /// `progress` is told how many bytes of them all have been sent. The directories must be there.
    ///
    /// # Errors
    /// Of the link, of a content that cannot be read, or DeviceException naming the file. The files before it are written.
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

    /// The pace of a stream; `None` if the board can receive none.
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
            // Its patience is too short to load something besides.
            self.state.need(host, &run(self.device, PATIENCE), Helper::Receiver)?;
        }
        let command = Command::expression(&pace.call());
        let run = run(self.device, if pace.bold { BOLD_STALL } else { STALL });
        let answer = self.state.run_answering_with(host, &run, Helper::Receiver, &command, &mut answer);
        if let Some(error) = stream.failure() {
            return Err(error);
        }
        let answer = answer?;
        match self.changed(&value(answer)?)? {
            (_, 0) => Ok(()),
            (done, number) => Err(not_written(number, uploads.get(done).map_or("", |upload| upload.path))),
        }
    }

    /// Writes by code alone, piece by piece.
    fn write_literals(&mut self, uploads: &[Upload<'_>], progress: Count<'_>) -> Result<()> {
        let mut sent = 0;
        for upload in uploads {
            let temporary = temporary(upload.path);
            let before = sent;
            let outcome = self.write_literal(upload, &temporary, &mut |bytes| progress(before + bytes));
            if let Err(error) = outcome {
                // What is left of it is no file.
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

/// The name beside `path` under which it is written at first.
fn temporary(path: &str) -> String {
    let folder = path.rfind('/').map_or(0, |at| at + 1);
    format!("{}{TEMPORARY}", &path[..folder])
}

fn value(payload: Payload) -> Result<Value> {
    payload.value().map_err(|_| nonsense())
}
