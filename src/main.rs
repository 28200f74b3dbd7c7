//! The `belay-script` program: everything is in the library.

use cap::Cap;
use std::alloc::System;
use std::process::ExitCode;

/// The system's allocator, counted: scripts have a limit (`--max-memory`).
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

fn main() -> ExitCode {
    belay_script::cli::main(|| MEMORY.allocated())
}
