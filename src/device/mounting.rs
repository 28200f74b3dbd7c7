//! Mounting a folder on an open device.
//!
//! Invariant: the folder is mounted from opening, or [`Device::mount`], to closing, or [`Device::unmount`], across resets and
//! reconnects.

use crate::board::Helper;
use crate::board::command::Command;
use crate::board::mount::{self as protocol, PLACE, RemoteFs};
use crate::device::changes::FileChanges;
use crate::device::handle::Device;
use crate::device::limits::{Limit, TEARDOWN_LIMIT};
use crate::device::mount::{FROM_1970_TO_2000, Mount};
use crate::device::state::{self, Run, State};
use crate::error::{Error, Kind, Result};
use crate::gate::Confines;
use crate::value::Value;
use crate::value::write::literal;
use std::path::Path;

impl Device {
    /// Mounts a folder of this computer at `/remote`, and makes that the current directory; modules in it and in its `lib`
    /// can be imported. Replaces an earlier mount. `writable`: the board may change the folder. The board can use it only
    /// while a command runs, and only from the main thread. The host's [`Gate`](crate::gate::Gate) limits what can be
    /// reached.
    ///
    /// # Errors
    /// ArgumentError if the folder does not exist; FeatureUnavailableError if the board cannot; else as [`Device::call`].
    pub fn mount(&self, folder: &Path, writable: bool) -> Result<()> {
        self.mount_within(folder, writable, self.host().options.gate.confines())
    }

    /// As [`Device::mount`], with other limits than those of the host. `None`: no limits.
    ///
    /// # Errors
    /// As [`Device::mount`].
    pub fn mount_within(&self, folder: &Path, writable: bool, confines: Option<Confines>) -> Result<()> {
        let mut state = self.lock();
        if self.is_closed() {
            return Err(state::closed(self.name()));
        }
        let mut mount = Mount::new(folder, writable, confines).map_err(|error| error.with_device(self.name()))?;
        state.flush_mount(self.host(), &self.quiet_run())?;
        let before = state.mount.take();
        // The board continues to count its requests.
        mount.remote_fs = before.and_then(|before| before.remote_fs);
        state.mount = Some(mount);
        self.show_mount(&mut state).map_err(|error| error.with_device(self.name()))
    }

    /// Unmounts the folder. Does nothing if none is mounted.
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

    /// The folder that the run mounts on every device.
    pub(super) fn mount_at_first(&self, state: &mut State) -> Result<()> {
        if let Some(of_run) = &self.host().options.mount {
            state.mount = Some(of_run.mount()?);
        }
        Ok(())
    }

    /// Mounts the folder on the board, if there is one. If that fails, the device has none.
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
            .with_help(
                "copy the files to the board instead: its firmware does not support file systems written in Python",
            ));
        }
        if self.0.implementation.reads_no_input() {
            let message =
                "the board cannot mount a folder of this computer: it does not read input while a program runs";
            return Err(
                Error::new(Kind::FeatureUnavailableError, message).with_help("copy the files to the board instead")
            );
        }
        let run = self.quiet_run();
        state.file_changes = FileChanges::Mounted;
        if !state.has(Helper::Mount) {
            // The helper is long: do not send it to a board that cannot use it.
            let answer = state.run(self.host(), &run, &protocol::probe()).map_err(unsuitable)?.value();
            let free = state.board.as_ref().and_then(|board| board.identity().free);
            if let Some(missing) = answer.ok().and_then(|answer| protocol::missing(&answer, free)) {
                return Err(Error::new(
                    Kind::FeatureUnavailableError,
                    format!("the board cannot mount a folder of this computer: {missing}"),
                )
                .with_help("run it without the mounted folder, or on a board whose firmware has the missing feature"));
            }
        }
        state.need(self.host(), &run, Helper::Mount).map_err(unsuitable)?;
        // Later imports search the folder too.
        state.import_all(self.host(), &run)?;
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
            mount.remote_fs.get_or_insert_with(|| RemoteFs::new(binary, abilities, room));
        }
        let enter = Command::statements(&format!("__belay_mo.chdir({})", quoted(PLACE)));
        state.run(self.host(), &run, &enter).map(|_| ())
    }

    /// Removes the mount from the board.
    pub(super) fn hide_mount(&self, state: &mut State, limit: Limit) -> Result<()> {
        if state.mount.as_ref().is_some_and(|mount| mount.remote_fs.is_some()) && !state.is_lost() {
            let run = Run { device: self.name(), item: None, piece: None, limit };
            state.run(self.host(), &run, &Command::statements("__belay_mr()"))?;
        }
        state.mount = None;
        Ok(())
    }

    /// Like [`Device::hide_mount`], on closing. Fails only if something was not written: another failure leaves a dead mount on
    /// the board until the next reset.
    pub(super) fn hide_mount_at_last(&self, state: &mut State) -> Result<()> {
        let flushed = state.flush_mount(self.host(), &self.quiet_run());
        let _ = self.hide_mount(state, Limit { timeout: Some(TEARDOWN_LIMIT), interruptible: true });
        flushed
    }

    pub(super) fn quiet_run(&self) -> Run<'_> {
        Run { device: self.name(), item: None, piece: None, limit: self.default_limit() }
    }
}

pub(super) fn quoted(text: &str) -> String {
    literal(&Value::Str(text.to_owned())).unwrap_or_default()
}

/// The error of firmware that cannot mount a file system written in Python.
pub(super) fn unsuitable(error: Error) -> Error {
    if error.kind() != Kind::DeviceException {
        return error;
    }
    let short = error.is_raised("MemoryError");
    let why = if short { "not enough memory" } else { "its firmware rejects the helper" };
    Error::new(Kind::FeatureUnavailableError, format!("the board cannot mount a folder of this computer: {why}"))
        .with_help(if short {
            "restart the board, or free memory with `import gc; gc.collect()`".to_owned()
        } else {
            format!("the board says: {}", error.message())
        })
}
