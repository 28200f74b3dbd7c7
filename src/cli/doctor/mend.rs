//! `doctor --fix`: carries out what the findings name.
//!
//! Invariant: each command is printed before it runs.

use super::finding::{Finding, Mend};
use crate::cli::console::Console;
use crate::device::Output as _;
use crate::disk;
use std::path::Path;
use std::process::Command;

/// The udev rules, which are written to a file before the administrator installs them.
pub const RULES: &[u8] = include_bytes!("../../../packaging/60-belay-script.rules");

/// Mends what can be mended; returns what failed, one line each.
pub fn all(findings: &[Finding], rules: &Path, console: &Console) -> Vec<String> {
    let mut done: Vec<&Mend> = Vec::new();
    let mut failed = Vec::new();
    for mend in findings.iter().filter_map(|finding| finding.mend.as_ref()) {
        // Two boards may need the same.
        if !done.contains(&mend) {
            done.push(mend);
            failed.extend(carry_out(mend, rules, console).err());
        }
    }
    failed
}

fn carry_out(mend: &Mend, rules: &Path, console: &Console) -> Result<(), String> {
    match mend {
        Mend::Person => Ok(()),
        Mend::Write { path, content } => {
            console.text(&format!("writing {}\n", path.display()));
            disk::make_folder(path)
                .and_then(|()| disk::replace(path, content))
                .map_err(|error| format!("`{}` cannot be written: {error}", path.display()))
        }
        Mend::InstallInterpreter => install(console),
        Mend::Administrator(commands) => {
            if commands.iter().flatten().any(|word| Path::new(word) == rules) {
                disk::replace(rules, RULES)
                    .map_err(|error| format!("`{}` cannot be written: {error}", rules.display()))?;
            }
            commands.iter().try_for_each(|words| as_administrator(words, console))
        }
    }
}

#[cfg(unix)]
fn install(console: &Console) -> Result<(), String> {
    let found = crate::port::sim::interpreter::find(&|text| console.notice(text));
    found.map(drop).map_err(|error| error.message().to_owned())
}

#[cfg(not(unix))]
fn install(_console: &Console) -> Result<(), String> {
    Ok(())
}

/// Runs a command as the administrator; `sudo` asks for the password at the terminal.
fn as_administrator(words: &[String], console: &Console) -> Result<(), String> {
    let sudo = (!is_administrator()).then(|| "sudo".to_owned());
    let words: Vec<String> = sudo.into_iter().chain(words.iter().cloned()).collect();
    let shown = words.join(" ");
    console.text(&format!("$ {shown}\n"));
    let mut parts = words.iter();
    let program = parts.next().map(String::as_str).unwrap_or_default();
    match Command::new(program).args(parts).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{shown}` failed: {status}")),
        Err(error) => Err(format!("`{program}` cannot be started: {error}")),
    }
}

#[cfg(unix)]
fn is_administrator() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_administrator() -> bool {
    false
}
