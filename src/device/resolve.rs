//! Resolves a port's text for a host.
//!
//! Invariant: options of a script or the command line take precedence over those of a named board.

use crate::device::host_options::HostOptions;
use crate::device::named::{By, Known, Resolved};
use crate::device::options::OpenOptions;
use crate::error::Result;
use crate::port::open::DEVICE_VARIABLE;

impl HostOptions {
    /// Resolves `port`, which a script names; `None`: the port of the command line, else that of `BELAY_DEVICE`.
    pub(super) fn resolve(&self, port: Option<&str>, options: OpenOptions) -> Result<Resolved> {
        let own = || {
            let variable = || std::env::var(DEVICE_VARIABLE).ok().filter(|text| !text.trim().is_empty());
            self.port.clone().or_else(variable)
        };
        let by = match port {
            Some(port) if !self.is_named(port) => By::Script,
            _ => By::Person,
        };
        if self.boards.is_empty() && !self.simulated {
            return Ok(Resolved { port: port.map(str::to_owned), options, board: None, by });
        }
        let known = Known { boards: &self.boards, simulated: self.simulated };
        known.resolve(port.map(str::to_owned).or_else(own), by, options)
    }
}
