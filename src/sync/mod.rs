//! Makes the files of a board equal to a folder on this computer.
//!
//! [`options`] holds the options, [`ignore`] the ignored files, [`local`] reads the folder, [`mod@digest`] computes the
//! digests that a board computes over its files, [`compile`] runs `mpy-cross`, [`plan`] makes the plan, and [`apply`]
//! performs it. [`romfs`] builds images for the read-only file system of a firmware.
//!
//! Uses [`crate::device`] and the layers below. Invariant: nothing here writes a file on this computer; errors in the
//! folder or the options are reported before anything on the board changes.

pub mod apply;
pub mod compile;
pub mod ignore;
pub mod local;
pub mod options;
mod parallel;
mod pattern;
pub mod plan;
pub mod romfs;
mod walk;

pub use crate::board::digest::{self, DigestKind, digest};
pub use apply::{Outcome, Step, sync};
pub use compile::Compiler;
pub use ignore::Ignore;
pub use local::{Content, Local, LocalFile, Remark, merge};
pub use options::{Keep, Kept, SyncOptions};
