//! The `belay-script` program: everything is in the library.

use cap::Cap;
use std::alloc::System;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

/// The system's allocator, counted: scripts have a limit (`--max-memory`).
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Whether standard output could not be written when the program started.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// Checks standard output before std replaces a closed one with the null device.
#[cfg(unix)]
extern "C" fn look_at_output() {
    use rustix::fs::{OFlags, fcntl_getfl};
    let is_open = fcntl_getfl(rustix::stdio::stdout()).is_ok_and(|flags| flags & OFlags::RWMODE != OFlags::RDONLY);
    CLOSED.store(!is_open, Ordering::Relaxed);
}

#[cfg(unix)]
#[expect(unsafe_code, reason = "only code called by the loader runs before std checks; it makes one system call")]
#[used]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
static LOOK: extern "C" fn() = look_at_output;

fn main() -> ExitCode {
    belay_script::cli::main(|| MEMORY.allocated(), CLOSED.load(Ordering::Relaxed))
}
