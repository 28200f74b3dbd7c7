//! The only code that knows Rhai: the language of device classes on top of it, and what a run of a script is.
//!
//! [`Runner`] runs or checks one script, a [`Session`] takes one input after the other; an [`Observer`] is told what it prints and tests. Uses [`crate::device`],
//! [`crate::bench`] and Rhai. Invariant: whatever a script does, every device that it opened is closed when a run has ended,
//! and no panic leaves [`Runner`].
//!
//! The reference of the language is a page of the book, `docs/src/language.md`.

mod analysis;
mod compile;
mod diagnostics;
mod engine;
mod errors;
mod findings;
mod handles;
mod inputs;
mod language;
mod library;
mod lock;
mod members;
mod modules;
mod names;
mod natives;
mod objects;
mod observer;
mod reading;
pub mod reference;
mod run;
mod runner;
mod sandbox;
mod session;
mod sources;
mod stack;
mod testing;
mod variables;

pub use analysis::{Finding, Fix, Severity, fixed};
pub use inputs::{Inputs, Stale};
pub use names::KEYWORDS;
pub use observer::Observer;
pub use reference::definitions::definitions;
pub use reference::help::Words;
pub use run::memory::Memory;
pub use run::options::{RunOptions, Subject};
pub use run::warnings::ShownWarnings;
pub use runner::{Finished, Runner};
pub use session::Session;
pub use session::repeat::Timed;
pub use session::shown::duration;
pub use sources::Sources;

#[cfg(test)]
mod tests;
