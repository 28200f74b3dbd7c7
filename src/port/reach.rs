//! What the opening of a port reaches on this computer and its network, besides boards that are plugged in.
//!
//! Invariant: nothing is opened by asking.

use super::address::Address;
use super::endpoint::Endpoint;
use super::serial::{self, PathKind};
use super::sim::SimOptions;
use crate::error::Result;
use std::path::PathBuf;

/// What a script needs a permission for, if it is to open a port.
#[derive(Debug, PartialEq, Eq)]
pub enum Reach<'a> {
    /// Nothing.
    Nothing,
    /// A pseudo-terminal, with a program at its other end.
    Terminal(&'a str),
    /// A line for the shell.
    Command(&'a str),
    /// Files that are written, or created.
    Writes(Vec<PathBuf>),
    /// A file that is read.
    Reads(&'a str),
    /// A server.
    Host(&'a Endpoint),
}

impl Address {
    /// What opening the port reaches.
    ///
    /// # Errors
    /// [`crate::Kind::ConnectionFailedError`] for a path that is not a serial port, [`crate::Kind::ArgumentError`] for wrong
    /// options of a simulated board.
    pub fn reach(&self) -> Result<Reach<'_>> {
        Ok(match self {
            Address::Usb(_) => Reach::Nothing,
            Address::Serial(path) => match serial::kind_of(path) {
                // What is missing is reported when it is opened.
                PathKind::Serial | PathKind::Missing => Reach::Nothing,
                PathKind::PseudoTerminal => Reach::Terminal(path),
                PathKind::Other(what) => return Err(serial::not_serial(path, what)),
            },
            Address::Exec(command) => Reach::Command(command),
            Address::Sim(text) => {
                Reach::Writes(SimOptions::parse(text)?.files().into_iter().map(PathBuf::from).collect())
            }
            Address::Replay(file) => Reach::Reads(file),
            Address::Tcp(endpoint)
            | Address::Rfc2217(endpoint)
            | Address::Telnet(endpoint)
            | Address::WebRepl(endpoint) => Reach::Host(endpoint),
        })
    }
}
