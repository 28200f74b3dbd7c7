//! The only code that uses Rhai: the language of device classes on top of it, and script runs.
//!
//! [`Runner`] runs or checks one script; a [`Session`] evaluates inputs one by one; an [`Observer`] gets their events. Uses [`crate::device`],
//! [`crate::bench`] and Rhai. Invariant: every device that a script opened is closed when its run ends, whatever it does,
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
mod manifests;
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
#[cfg(feature = "lsp")]
pub(crate) use language::instrument::SETTINGS as CONSOLE_SETTINGS;
#[cfg(feature = "cli")]
pub(crate) use language::tokens::block_comment;
#[cfg(feature = "lsp")]
pub(crate) use language::{
    text::strip_comment,
    tokens::{Kind as TokenKind, Token as ScriptToken, Tokens},
};
pub use library::library as standard_modules;
#[cfg(feature = "cli")]
pub(crate) use library::library_text;
#[cfg(feature = "cli")]
pub(crate) use manifests::again as manifest_again;
#[cfg(feature = "lsp")]
pub(crate) use modules::resolve;
pub(crate) use names::BLOCK_KEYWORDS;
pub use names::KEYWORDS;
#[cfg(feature = "lsp")]
pub(crate) use names::{RHAI_NAMES, check_word};
pub use observer::{Activity, Observer};
pub use reference::definitions::definitions;
pub use reference::help::Words;
pub use run::memory::Memory;
pub use run::options::{OpenTexts, RunOptions, Subject};
pub use run::warnings::ShownWarnings;
pub use runner::{Finished, Runner};
pub use session::Session;
pub use session::repeat::Timed;
pub use session::shown::duration;
pub use session::typed::TypedCheck;
pub use sources::Sources;
#[cfg(feature = "lsp")]
pub(crate) use testing::{GROUP_OPTIONS, OPTIONS as TEST_OPTIONS};

#[cfg(test)]
mod tests;
