//! Restarts a board and leaves it.
//!
//! Uses [`crate::board`]. Invariant: afterwards the device has no connection, and the restarted board is not disturbed.

use crate::board::command::Command;
use crate::device::handle::Device;
use crate::device::limits::{CONNECT_LIMIT, Limit, MAIN_LIMIT};
use crate::device::state::{self, State};
use crate::device::{link_errors, source};
use crate::error::{Error, Kind, Result};

/// How a board is restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// A fresh interpreter, like Ctrl-D at the prompt: boot.py and main.py run, the peripherals are unchanged.
    Soft,
    /// Like the board's reset button.
    Hard,
    /// Into the boot loader, which takes new firmware.
    Bootloader,
}

/// Code that raises ImportError or AttributeError if there is no such reset, and code that performs it.
struct Way {
    prepare: &'static str,
    reset: &'static str,
}

impl Way {
    fn of(how: Reset, implementation: &str) -> Way {
        match (how, implementation) {
            // `UF2` is refused by boards whose boot loader has no drive.
            (Reset::Bootloader, "circuitpython") => Way {
                prepare: "import microcontroller\ntry:\n    microcontroller.on_next_reset(microcontroller.RunMode.UF2)\n\
                          except ValueError:\n    microcontroller.on_next_reset(microcontroller.RunMode.BOOTLOADER)",
                reset: "microcontroller.reset()",
            },
            (_, "circuitpython") => {
                Way { prepare: "import microcontroller\nmicrocontroller.reset", reset: "microcontroller.reset()" }
            }
            (Reset::Bootloader, _) => {
                Way { prepare: "import machine\nmachine.bootloader", reset: "machine.bootloader()" }
            }
            (_, _) => Way { prepare: "import machine\nmachine.reset", reset: "machine.reset()" },
        }
    }
}

impl Device {
    /// Restarts the board and leaves it: it runs its main.py, or waits at its friendly prompt, or is in its boot loader. Its
    /// output meanwhile, for at most two seconds, goes to the output. The device has no connection afterwards;
    /// [`Device::reconnect`] makes a new one.
    ///
    /// # Errors
    /// FeatureUnavailableError if the port or the firmware cannot; else as [`Device::call`].
    pub fn leave_with_reset(&self, how: Reset) -> Result<()> {
        self.reset_and_leave(how).map_err(|error| error.with_device(self.name()))
    }

    fn reset_and_leave(&self, how: Reset) -> Result<()> {
        let implementation = &self.0.implementation.name;
        let mut state = self.lock();
        let flushed = state.flush_mount(self.host(), &self.quiet_run());
        if how != Reset::Soft {
            self.prepare_reset(&mut state, how)?;
        }
        let limit = Limit { timeout: Some(CONNECT_LIMIT), interruptible: true };
        let (wait, _) = state::wait(self.host(), limit);
        let State { board, lines, filter, .. } = &mut *state;
        let Some(board) = board.as_mut() else { return Err(state::closed(self.name())) };
        let mut sink = |bytes: &[u8]| filter.feed(bytes, lines).show(self.host().output(), self.name());
        let outcome = if how == Reset::Soft {
            if !board.abilities().soft_reset {
                return Err(no_soft_reset());
            }
            board.leave_restarting(MAIN_LIMIT, wait, &mut sink).map(|()| None)
        } else {
            board.leave_resetting(Way::of(how, implementation).reset, MAIN_LIMIT, wait, &mut sink)
        };
        let rest = filter.flush();
        rest.show(self.host().output(), self.name());
        state.board = None;
        match outcome {
            Ok(None) => flushed,
            Ok(Some(text)) => {
                let last = text.trim().lines().last().unwrap_or_default();
                Err(Error::new(Kind::FeatureUnavailableError, format!("the board refused to reset: {last}"))
                    .with_help("press its reset button, or unplug it and plug it in again"))
            }
            Err(failure) => Err(link_errors::error(failure, self.abilities(), None, None)),
        }
    }

    /// Checks that the firmware supports it, before sending anything without a reply.
    fn prepare_reset(&self, state: &mut State, how: Reset) -> Result<()> {
        let prepared = source::exec(Way::of(how, &self.0.implementation.name).prepare)?;
        let run = state::Run { device: self.name(), item: None, piece: None, limit: self.default_limit() };
        match state.run(self.host(), &run, &Command::statements(&prepared.source)) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == Kind::DeviceException => Err(unavailable(how)),
            Err(error) => Err(error),
        }
    }
}

fn unavailable(how: Reset) -> Error {
    let (message, help) = match how {
        Reset::Bootloader => (
            "the firmware cannot start a boot loader",
            "hold the board's boot button while you plug it in or press its reset button",
        ),
        _ => ("the firmware cannot reset the board", "press its reset button, or unplug it and plug it in again"),
    };
    Error::new(Kind::FeatureUnavailableError, message).with_help(help)
}

/// The error of ports whose program would not restart.
pub(super) fn no_soft_reset() -> Error {
    Error::new(Kind::FeatureUnavailableError, "a soft reset ends the program on this port")
        .with_help("close the device and open it again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_firmware_has_its_own_reset() {
        let case = |how, implementation: &str, module: &str, reset: &str| {
            let way = Way::of(how, implementation);
            assert!(way.prepare.starts_with(&format!("import {module}\n")), "{}", way.prepare);
            assert_eq!(way.reset, reset);
        };
        case(Reset::Hard, "micropython", "machine", "machine.reset()");
        case(Reset::Hard, "circuitpython", "microcontroller", "microcontroller.reset()");
        case(Reset::Bootloader, "micropython", "machine", "machine.bootloader()");
        case(Reset::Bootloader, "circuitpython", "microcontroller", "microcontroller.reset()");
    }
}
