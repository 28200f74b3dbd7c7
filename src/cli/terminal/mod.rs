//! Everything about terminals: the command `terminal`, keys for programs and questions, and the pseudo-terminal of `sim serve`.
//!
//! Uses rustix. Invariant: only [`modes`] changes the modes of a terminal, and they are restored on every way out.

#[cfg(unix)]
pub mod command;
#[cfg(unix)]
mod input;
#[cfg(unix)]
pub mod line;
#[cfg(not(unix))]
#[path = "line_elsewhere.rs"]
pub mod line;
#[cfg(unix)]
pub mod link;
#[cfg(unix)]
pub mod modes;
#[cfg(unix)]
mod pump;
#[cfg(unix)]
pub mod screen;
#[cfg(unix)]
pub mod standard_input;
#[cfg(unix)]
mod transcript;
