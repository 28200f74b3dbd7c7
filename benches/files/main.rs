//! How fast files travel: beside other tools, and beside the rate of a serial line.
//!
//! `cargo bench --bench files` prints the tables, or those named behind `--`: `tools`, `line`, `one_way`,
//! `jobs`. What is compared takes turns, round after round, on boards of the same
//! kind, and the medians are shown; so a machine that is busy for a while slows all of it.
#![cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "the boards and the tools are Linux programs"))]

#[cfg(target_os = "linux")]
mod jobs;
#[cfg(target_os = "linux")]
mod line;
#[path = "../../tests/support/noise.rs"]
mod noise;
#[cfg(target_os = "linux")]
mod tools;

/// Files by their paths in a folder.
type Tree = Vec<(String, Vec<u8>)>;

/// The Python source of simulated boards: what people write, with comments and names of their length.
const SOURCES: [&str; 8] = [
    include_str!("../../src/port/sim/board/_sim.py"),
    include_str!("../../src/port/sim/board/_sim_i2c.py"),
    include_str!("../../src/port/sim/board/_sim_pwm.py"),
    include_str!("../../src/port/sim/board/_sim_spi.py"),
    include_str!("../../src/port/sim/board/_sim_time.py"),
    include_str!("../../src/port/sim/board/_sim_uart.py"),
    include_str!("../../src/port/sim/board/boot.py"),
    include_str!("../../src/port/sim/board/machine.py"),
];

/// A module of at least `count` bytes: whole functions and classes, from another one on for each `seed`.
fn module(count: usize, seed: usize) -> Vec<u8> {
    let parts: Vec<&str> = SOURCES.iter().flat_map(|source| source.trim().split("\n\n\n")).collect();
    let mut text = String::new();
    for part in parts.iter().cycle().skip(7 * seed % parts.len()) {
        if text.len() >= count {
            break;
        }
        text.push_str(part);
        text.push_str("\n\n\n");
    }
    text.into_bytes()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(target_os = "linux")]
fn main() {
    // Cargo adds `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for (name, part) in
        [("tools", tools::table as fn()), ("line", line::table), ("one_way", line::one_way), ("jobs", jobs::table)]
    {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            part();
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("files are measured on Linux: the boards and the tools are Linux programs");
}
