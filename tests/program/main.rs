//! The real program, run as a user runs it.

#[path = "../support/mod.rs"]
mod support;

mod commands;
mod goldens;
mod harness;
#[cfg(unix)]
mod scripts;
