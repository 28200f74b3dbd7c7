//! Packages for boards, in the forms of MicroPython's `mip`: an index, repositories, addresses, local folders.
//!
//! [`source`] says where something is, [`manifest`] what a package consists of, [`fetch`] brings it, [`resolve`] follows
//! dependencies, and [`mod@install`] writes to a board. Uses [`crate::device`] and [`crate::disk`]. Invariants: nothing on a board
//! changes before everything is here and has the hash that its package announces; no file of a package leaves its target folder; what
//! a peer sends is bounded.

pub mod fetch;
pub mod install;
pub mod manifest;
pub mod resolve;
pub mod source;

pub use install::{InstallOptions, Installed, install};

/// MicroPython's own index.
pub const INDEX: &str = "https://micropython.org/pi/v2";
