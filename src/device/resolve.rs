//! Resolves a port's text for a host.
//!
//! Invariant: options of a script or the command line take precedence over those of a named board.

use crate::device::host::Host;
use crate::device::lock::lock;
use crate::device::named::{By, NamedBoard, Resolved};
use crate::device::options::OpenOptions;
use crate::error::Result;
use crate::port::open::DEVICE_VARIABLE;

impl Host {
    /// Adds named boards, which can be opened in place of a port.
    pub fn set_boards(&self, boards: Vec<(String, NamedBoard)>) {
        lock(self.known()).boards = boards;
    }

    /// From now on every board is simulated, whatever its port, except recordings and processes (`--simulate`).
    pub fn set_simulated(&self, simulated: bool) {
        lock(self.known()).simulated = simulated;
    }

    /// Whether this is the name of a board.
    pub(super) fn is_of_station(&self, port: &str) -> bool {
        lock(self.known()).boards.iter().any(|(name, _)| name == port.trim())
    }

    /// Resolves `port`, which a script names; `None`: the port of the command line, else that of `BELAY_DEVICE`.
    pub(super) fn resolve(&self, port: Option<&str>, options: OpenOptions) -> Result<Resolved> {
        let known = lock(self.known());
        let own = || {
            let variable = || std::env::var(DEVICE_VARIABLE).ok().filter(|text| !text.trim().is_empty());
            self.default_port().map(str::to_owned).or_else(variable)
        };
        let by = match port {
            Some(port) if !self.is_named(port) => By::Script,
            _ => By::Person,
        };
        if known.boards.is_empty() && !known.simulated {
            return Ok(Resolved { port: port.map(str::to_owned), options, by });
        }
        known.resolve(port.map(str::to_owned).or_else(own), by, options)
    }
}
