//! A stub for systems without pseudo-terminals, where there is no simulated board.
//!
//! Invariant: a [`SimPort`] cannot exist here.

use super::SimOptions;
use crate::error::{Error, Kind, Result};
use crate::port::{Abilities, Port, PortError, Wait};

/// A simulated board. Not available on this system.
#[derive(Debug)]
pub enum SimPort {}

impl SimPort {
    /// Fails: there is no simulated board on this system.
    ///
    /// # Errors
    /// Always [`Kind::FeatureUnavailableError`].
    pub fn open(_options: &SimOptions, _notify: &dyn Fn(&str)) -> Result<SimPort> {
        Err(Error::new(Kind::FeatureUnavailableError, "`sim` is not available on this system")
            .with_help("run it on Linux or macOS (on Windows: in WSL), or connect a real board"))
    }
}

impl Port for SimPort {
    fn name(&self) -> &str {
        match *self {}
    }

    fn abilities(&self) -> Abilities {
        match *self {}
    }

    fn write(&mut self, _bytes: &[u8], _wait: Wait) -> Result<(), PortError> {
        match *self {}
    }

    fn read(&mut self, _buffer: &mut Vec<u8>, _wait: Wait) -> Result<usize, PortError> {
        match *self {}
    }
}
