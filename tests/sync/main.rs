//! Syncs to a real MicroPython's flash: what they do, what they refuse, and what is left after the board was unplugged
//! in the middle.
#![cfg(target_os = "linux")]

mod compiled;
#[path = "../support/faulty_port.rs"]
#[expect(dead_code, reason = "some faults are other tests' affair")]
mod faulty_port;
mod forms;
#[path = "../support/interpreter.rs"]
mod interpreter;
#[path = "../support/line_ends.rs"]
mod line_ends;
#[path = "../support/mpy_cross.rs"]
mod mpy_cross;
#[path = "../support/reduced_board.rs"]
#[expect(dead_code, unused_imports, reason = "some forms are other tests' affair")]
mod reduced_board;
mod refused;
mod support;
mod tree;
mod unplugged;
