//! The only code that knows Rhai: the language of device classes on top of it, and what a run of a script is.
//!
//! [`Runner`] runs or checks one script, a [`Session`] takes one input after the other; an [`Observer`] is told what it prints and tests. Uses [`crate::device`],
//! [`crate::bench`] and Rhai. Invariant: whatever a script does, every device that it opened is closed when a run has ended,
//! and no panic leaves [`Runner`].
//!
#![doc = include_str!("language.md")]

mod built_in;
mod check;
mod collect;
mod comparing;
mod convert;
mod counting;
mod csv;
mod declare;
mod definitions;
mod device_type;
mod dispatch;
mod engine;
mod equality;
mod errors;
mod events;
mod exec;
mod explain;
mod files;
mod functions;
mod generator;
mod help;
mod json;
mod limits;
mod measure;
mod methods;
mod modules;
mod observer;
mod opening;
mod operator;
mod parallel;
mod permissions;
mod process;
mod proxy;
mod random;
pub mod reference;
mod reload;
mod repeat;
mod run;
mod runner;
mod sandbox;
mod series;
mod session;
mod shown;
mod sources;
mod stack;
mod station;
mod sync;
mod syntax;
mod testing;
mod text;
mod timing;
mod tokens;
mod types;
mod wording;

pub use definitions::definitions;
pub use events::Subject;
pub use help::{KEYWORDS, Words};
pub use limits::Memory;
pub use observer::Observer;
pub use reload::{Inputs, Stale};
pub use repeat::Timed;
pub use runner::{Finished, Runner};
pub use session::Session;
pub use shown::duration;
pub use sources::Sources;

#[cfg(test)]
mod tests;
