//! What the tests of the program share.

pub mod command;
#[cfg(unix)]
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

/// Whether a test is left to runs with `CI`. Its share says how many such tests there are for each that runs.
///
/// # Panics
/// If the test is not in the table.
#[cfg(target_os = "linux")]
pub fn is_left_to_ci(test: &str) -> bool {
    extent::one_of(test) > 1
}
