//! Makes the files of a board equal to a folder on this machine.
//!
//! [`options`] says what was asked for, [`ignore`] what is left out, [`local`] reads the folder, [`mod@digest`] computes what
//! a board computes over its own files, [`compile`] runs `mpy-cross`, [`plan`] says what is to be done, and [`apply`] does it.
//!
//! Uses [`crate::device`] and the layers below. Invariant: nothing here writes a file of this machine; whatever is refused
//! is refused before anything on the board changes.

pub mod apply;
pub mod compile;
pub mod ignore;
pub mod local;
pub mod options;
mod parallel;
mod pattern;
pub mod plan;
mod walk;

pub use crate::board::digest::{self, DigestKind, digest};
pub use apply::{Outcome, Step, sync};
pub use compile::Compiler;
pub use ignore::Ignore;
pub use local::{Content, Local, LocalFile, Remark, merge};
pub use options::{Keep, Kept, SyncOptions};
