//! The library by its own interface: in memory, and on real simulated boards.
//!
//! One target, because most of these tests wait for boards: so the waits of all of them overlap, and the crate is linked
//! once.

#[cfg(unix)]
mod compile;
mod conformance;
mod device;
mod documents;
mod embedding;
mod errors;
mod faults;
mod files;
mod firmware;
#[cfg(target_os = "linux")]
mod firmware_forms;
mod large;
mod layers;
#[cfg(all(target_os = "linux", feature = "cli"))]
mod link_bench;
mod lossy_uploads;
#[cfg(unix)]
mod minify;
#[cfg(unix)]
mod mount;
mod old_firmware;
mod openhtf;
mod proxy;
mod rooms;
mod session;
mod soak;
mod streams;
#[cfg(target_os = "linux")]
mod sync;
#[cfg(unix)]
mod values;

// What they share.
#[path = "../support/alone.rs"]
mod alone;
#[path = "../support/board.rs"]
mod board;
#[path = "../support/extent.rs"]
mod extent;
#[path = "../support/fake_board.rs"]
mod fake_board;
#[path = "../support/fault_cases.rs"]
mod fault_cases;
#[path = "../support/faulty_port.rs"]
mod faulty_port;
#[path = "../support/interpreter.rs"]
mod interpreter;
#[path = "../support/items.rs"]
mod items;
#[path = "../support/line_ends.rs"]
mod line_ends;
#[cfg(unix)]
#[path = "../support/modules.rs"]
mod modules;
#[cfg(unix)]
#[path = "../support/mpy_cross.rs"]
mod mpy_cross;
#[cfg(all(target_os = "linux", feature = "cli"))]
#[path = "../support/node.rs"]
mod node;
#[path = "../support/noise.rs"]
mod noise;
#[cfg(all(target_os = "linux", feature = "cli"))]
#[path = "../support/programs.rs"]
#[expect(dead_code, reason = "the tests of the program need more of it")]
mod programs;
#[cfg(target_os = "linux")]
#[path = "../support/reduced_board.rs"]
mod reduced_board;
