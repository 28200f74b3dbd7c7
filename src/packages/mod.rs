//! Packages for boards, in the forms of MicroPython's `mip`: an index, repositories, addresses, local folders.
//!
//! [`source`] says where something is, [`manifest`] what a package consists of, [`fetch`] brings it through proxies of the
//! environment, [`resolve`] follows
//! dependencies, and [`mod@install`] writes to a board. Of a project, [`project`] reads the packages, [`edit`] changes them, [`lock`] pins
//! them, [`renew`] brings the lock up to date, [`written`] knows which files are the program's own, [`change`] does all of it, and
//! [`cache`] keeps what was fetched. Uses [`crate::device`] and [`crate::disk`]. Invariants: nothing on a board or in a
//! project changes before everything is here and has the hash that its package announces; no file of a package leaves its target
//! folder; what a peer sends is bounded.

#[cfg(feature = "packages")]
mod archive;
#[cfg(feature = "packages")]
pub mod bundle;
pub mod cache;
pub mod change;
pub mod edit;
pub mod fetch;
pub mod install;
pub mod lock;
pub mod manifest;
#[cfg(feature = "packages")]
mod plain;
pub mod project;
#[cfg(feature = "packages")]
pub mod proxy;
pub mod renew;
pub mod resolve;
pub mod source;
pub mod written;

pub use install::{InstallOptions, Installed, Progress, install};

/// MicroPython's own index.
pub const INDEX: &str = "https://micropython.org/pi/v2";

/// The bundle of CircuitPython's makers.
pub const BUNDLE: &str = "https://github.com/adafruit/Adafruit_CircuitPython_Bundle";

/// Bytes in hexadecimal.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The SHA-256 of a content in hexadecimal.
fn sha256(bytes: &[u8]) -> String {
    use crate::board::digest::digest;
    hexadecimal(&digest(crate::board::files::Hash::Sha256, bytes))
}
