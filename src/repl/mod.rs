//! A raw-REPL session over a port: code in, reply out, regardless of other output of the board.
//!
//! [`reply`] is pure framing; [`session`] does the input and output; [`restart`] recognises the texts of a restart;
//! [`conformance`] lists the replies that a board must give. Facts: MicroPython's `shared/runtime/pyexec.c` and
//! `docs/reference/repl.rst`.
//!
//! Uses [`crate::port`]. The invariants are those of its files.

pub mod conformance;
pub mod reply;
pub mod restart;
pub mod session;

pub use reply::last_line;
pub use reply::{FrameKind, Reply, ReplyFrame};
pub use session::{Failure, Keyboard, Keys, Means, Responder, Seen, Session, Typist};
