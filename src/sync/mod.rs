//! What a sync wants: the tree of a folder on this machine, what of it is left out, and what its files hash to.
//!
//! [`options`] says what was asked for, [`ignore`] what is left out, [`local`] reads the folder, and [`digest`] computes
//! what a board computes over its own files.
//!
//! May use [`crate::python`] and layer 0. Invariant: nothing here writes a file of this machine or talks to a board, and
//! whatever is refused is refused before a board is asked for anything.

pub mod digest;
pub mod ignore;
pub mod local;
pub mod options;
mod parallel;
mod pattern;
mod walk;

pub use digest::{DigestKind, digest};
pub use ignore::Ignore;
pub use local::{Content, Local, LocalFile, Remark, merge};
pub use options::{Keep, Kept, SyncOptions};
