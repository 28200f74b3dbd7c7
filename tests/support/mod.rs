//! What the tests of the program share.

pub mod command;
#[cfg(target_os = "linux")]
pub mod extent;
pub mod golden;
#[cfg(all(feature = "packages", target_os = "linux"))]
pub mod http;
#[cfg(target_os = "linux")]
pub mod interpreter;
#[cfg(target_os = "linux")]
pub mod jobs;
#[cfg(target_os = "linux")]
pub mod mpremote;
#[cfg(target_os = "linux")]
pub mod node;
#[cfg(target_os = "linux")]
pub mod programs;
pub mod python;
pub mod running;
#[cfg(target_os = "linux")]
pub mod screen;
#[cfg(target_os = "linux")]
pub mod terminal;
#[cfg(target_os = "linux")]
pub mod webrepl;
