//! Drive MicroPython and CircuitPython boards from Rhai scripts.
//!
//! A script declares device classes whose `setup`, `task`, `thread` and `teardown` items hold inline
//! MicroPython bodies. The host sends them over a raw REPL, calls them like local functions, and brings
//! values and errors back exactly. The book in `docs/` describes the program and the language, and shows how to
//! embed this library.
//!
//! The layers, lowest first; a file uses only lower layers than its own (`tests/library/layers.rs` checks this):
//!
//! | layer | modules | knows |
//! |---|---|---|
//! | 0 | [`error`], [`diagnostic`], [`origin`], [`item`], [`name`], [`value`], [`phrase`], [`visible`], [`interrupt`], [`bound`] | plain data |
//! | 0 | [`disk`] | files of this computer: bounded reads, whole writes |
//! | 1 | [`python`], [`port`], [`message`] | Python as text; byte pipes; texts with places for arguments |
//! | 2 | [`repl`], [`console`], [`gate`] | the raw REPL over a port; consoles of units under test; what a script may access on this computer |
//! | 3 | [`board`], [`instrument`], [`modbus`] | one connected board; instruments of the bench; Modbus over a console's port |
//! | 4 | [`device`], [`mod@bench`], [`sync`], [`packages`] | declared items bound to a board; tests and measurements; syncing files to a board; packages for boards |
//! | 5 | [`script`] | Rhai |
//! | 5 | [`convert`] | Python for Belay, as a script |
//! | 6 | `lsp` | what editors ask |
//! | 7 | `cli` | clap, printing, exit status |

pub mod bench;
pub mod board;
pub mod bound;
#[cfg(feature = "cli")]
pub mod cli;
pub mod console;
pub mod convert;
pub mod device;
pub mod diagnostic;
pub mod disk;
pub mod error;
#[cfg(test)]
#[path = "../tests/support/extent.rs"]
mod extent;
pub mod gate;
pub mod instrument;
pub mod interrupt;
pub mod item;
#[cfg(feature = "lsp")]
pub mod lsp;
pub mod message;
pub mod modbus;
pub mod name;
pub mod origin;
pub mod packages;
pub mod phrase;
pub mod port;
pub mod python;
pub mod repl;
pub mod script;
pub mod sync;
pub mod value;
pub mod visible;

pub use error::{Error, Kind, Result};
