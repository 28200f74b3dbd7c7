//! The jobs of `docs/src/jobs.md` by whole processes: this program and other tools, each with boards of its own.
//!
//! Invariant: a job that a tool cannot do in one command is done for it by this program, without being timed: later ones build on it.

#[path = "../../tests/support/jobs.rs"]
#[expect(dead_code, reason = "a test checks what comes of the jobs")]
mod commands;

use super::median;
use super::tools::{Server, program, pypi};
use commands::{FILES, JOBS, TOOLS, Tool};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const ROUNDS: usize = 5;

/// The process of a command for the board at `board` in the folder. `installed`: where the packages of the tool are.
fn process(tool: &Tool, installed: &Path, command: &str, folder: &Path) -> Command {
    let mut process = match tool.package {
        None => program(),
        Some(_) => {
            let mut python = Command::new("python3");
            python.args(["-c", tool.start]).env("PYTHONPATH", installed).env("TERM", "dumb");
            python
        }
    };
    process.args(tool.line(command, "./board")).current_dir(folder).stdin(Stdio::null());
    process.env("HOME", folder).env("XDG_CONFIG_HOME", folder);
    process
}

/// Seconds of a command.
fn seconds(tool: &Tool, installed: &Path, command: &str, folder: &Path) -> f64 {
    let mut process = process(tool, installed, command, folder);
    let begun = Instant::now();
    let output = process.output().expect("the tool starts");
    let seconds = begun.elapsed().as_secs_f64();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: `{command}`: {said}", tool.name);
    seconds
}

/// The table of times, in milliseconds.
pub fn table() {
    let installed: Vec<Option<PathBuf>> = TOOLS
        .iter()
        .map(|tool| match tool.package {
            None => Some(PathBuf::new()),
            Some((package, version)) => pypi::installed(package, version).map_err(|why| println!("{why}")).ok(),
        })
        .collect();
    let mut times = vec![vec![Vec::new(); TOOLS.len()]; JOBS.len()];
    for round in 0..=ROUNDS {
        for (index, tool) in TOOLS.iter().enumerate() {
            let Some(installed) = &installed[index] else { continue };
            let scratch = tempfile::tempdir().expect("a scratch folder");
            for (path, text) in FILES {
                let path = scratch.path().join(path);
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                std::fs::write(path, text).expect("a file");
            }
            let _server = Server::start(&scratch.path().join("board"));
            for (job, times) in JOBS.iter().zip(&mut times) {
                let command = job.commands[index];
                if command.is_empty() {
                    seconds(&TOOLS[0], Path::new(""), job.commands[0], scratch.path());
                    continue;
                }
                let seconds = seconds(tool, installed, command, scratch.path());
                // The first round fills the caches of the operating system.
                if round > 0 {
                    times[index].push(seconds);
                }
            }
        }
    }
    let names: Vec<&str> = TOOLS.iter().map(|tool| tool.name).collect();
    println!("| job, ms | {} |\n|---|{}", names.join(" | "), "---|".repeat(names.len()));
    for (job, times) in JOBS.iter().zip(times) {
        let cell = |times: Vec<f64>| match times.is_empty() {
            true => "–".to_owned(),
            false => format!("{:.0}", 1000.0 * median(times)),
        };
        let cells: Vec<String> = times.into_iter().map(cell).collect();
        println!("| {} | {} |", job.name, cells.join(" | "));
    }
}
