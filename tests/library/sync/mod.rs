//! Syncs to a real MicroPython's flash: what they do, what they refuse, and what is left after the board was unplugged
//! in the middle.

mod compiled;
mod forms;
mod lies;
mod refused;
mod support;
mod tree;
mod unplugged;
