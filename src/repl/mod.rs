//! A raw-REPL session over a port: code in, reply out, whatever else the board prints on the way.
//!
//! [`reply`] is pure framing; [`session`] does the talking; [`restart`] knows the texts of a restart; [`conformance`] lists
//! what a board must answer. Facts: MicroPython's `shared/runtime/pyexec.c` and
//! `docs/reference/repl.rst`.
//!
//! Uses [`crate::port`]. The invariants are those of its files.

pub mod conformance;
pub mod reply;
pub mod restart;
pub mod session;

pub use reply::last_line;
pub use reply::{Frame, FrameKind, Reply};
pub use session::{Answers, Failure, Keyboard, Keys, Means, Seen, Session, Typist};
