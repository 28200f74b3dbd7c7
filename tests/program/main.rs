//! The real program, run as a user runs it.

#[path = "../support/mod.rs"]
mod support;

#[cfg(target_os = "linux")]
mod all_firmware;
#[cfg(target_os = "linux")]
mod at_limits;
#[cfg(unix)]
mod bad_declarations;
#[cfg(unix)]
mod bad_input;
#[cfg(target_os = "linux")]
mod batch;
mod belay;
#[cfg(unix)]
mod boards;
#[cfg(target_os = "linux")]
mod bounds;
#[cfg(unix)]
mod chains;
mod checked;
#[cfg(target_os = "linux")]
mod clock_jumps;
mod commands;
mod completions;
#[cfg(target_os = "linux")]
mod consoles;
mod convert;
#[cfg(target_os = "linux")]
mod divisions;
mod documents;
#[cfg(target_os = "linux")]
mod door;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod flash;
mod goldens;
mod harness;
#[cfg(target_os = "linux")]
mod helpers;
#[cfg(target_os = "linux")]
mod html;
#[cfg(target_os = "linux")]
mod instruments;
#[cfg(target_os = "linux")]
mod interrupts;
#[cfg(target_os = "linux")]
mod jobs;
#[cfg(target_os = "linux")]
mod killed;
#[cfg(all(feature = "lsp", target_os = "linux"))]
mod lsp;
#[cfg(target_os = "linux")]
mod measurements;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod microbit;
mod mounts;
#[cfg(target_os = "linux")]
mod natives;
#[cfg(target_os = "linux")]
mod network;
#[cfg(target_os = "linux")]
mod openhtf;
mod operator;
#[cfg(target_os = "linux")]
mod outputs;
#[cfg(all(feature = "packages", target_os = "linux"))]
mod packages;
#[cfg(target_os = "linux")]
mod prefetch;
#[cfg(all(feature = "packages", target_os = "linux"))]
mod project_packages;
mod prompt;
#[cfg(target_os = "linux")]
mod prompt_commands;
#[cfg(target_os = "linux")]
mod prompt_screen;
#[cfg(unix)]
mod python_files;
mod reach;
#[cfg(target_os = "linux")]
mod record;
mod recordings;
#[cfg(target_os = "linux")]
mod romfs;
#[cfg(target_os = "linux")]
mod safe_terminal;
#[cfg(unix)]
mod scripts;
#[cfg(target_os = "linux")]
mod selftest;
#[cfg(target_os = "linux")]
mod serve;
#[cfg(target_os = "linux")]
mod shell_tests;
#[cfg(target_os = "linux")]
mod signing;
mod stations;
#[cfg(target_os = "linux")]
mod stdlib;
#[cfg(target_os = "linux")]
mod stubborn;
#[cfg(target_os = "linux")]
mod sync;
#[cfg(target_os = "linux")]
mod terminal;
#[cfg(target_os = "linux")]
mod testing;
#[cfg(unix)]
mod tools;
#[cfg(target_os = "linux")]
mod typed;
#[cfg(target_os = "linux")]
mod watch;
#[cfg(target_os = "linux")]
mod writers;
#[cfg(target_os = "linux")]
mod wrong_units;
