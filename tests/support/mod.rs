//! What the tests of the program share.

pub mod command;
pub mod golden;
#[cfg(unix)]
pub mod interpreter;
pub mod running;
#[cfg(target_os = "linux")]
pub mod terminal;
