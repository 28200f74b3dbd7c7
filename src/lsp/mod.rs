//! The language server: what editors ask about scripts, over standard input and output.
//!
//! Pure functions from an open document and a position to an answer, one file per capability; `server` is the loop. Uses
//! [`crate::script`] and [`crate::python`]. Invariants: no board is opened, no script is run, and no file is changed besides
//! copies of standard modules in this program's cache; an answer belongs to the text that the editor has sent last before its
//! request; no text of a document ends the server.

mod actions;
mod answers;
mod bodies;
mod capabilities;
mod catalog;
mod check;
mod completion;
mod describe;
mod diagnostics;
mod documents;
mod folding;
mod hover;
mod lenses;
mod lines;
mod navigate;
mod rename;
mod resolve;
mod server;
mod signature;
mod silent;
mod symbols;
mod syntax;
mod tokens;
mod uri;
mod world;

use crate::bench::station::Station;
use crate::diagnostic::Diagnostic;
use crate::script::{OpenTexts, Runner};
use std::path::Path;
use std::sync::Arc;

/// What surrounds a script, found as for a run: its station and its permissions.
pub struct Settled {
    /// Reads declarations and analyses.
    pub runner: Runner,
    /// The station of the script.
    pub station: Option<Arc<Station>>,
}

/// Finds what surrounds the script at a path. Modules among the open texts are read from these.
pub type Settle = dyn Fn(&Path, OpenTexts) -> Result<Settled, Diagnostic> + Send + Sync;

#[cfg(test)]
mod tests;

pub use server::serve;
pub use silent::Silent;
