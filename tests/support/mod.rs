//! What the tests of the program share.

pub mod command;
pub mod golden;
pub mod running;
