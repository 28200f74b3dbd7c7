//! `doctor`: finds what keeps belay-script from working on this computer, and says how to mend it.
//!
//! Facts are read in `system.rs` and `machine.rs`, judged as data in `ports.rs` and `machine.rs`, and mended in `mend.rs`.
//! Invariant: without `--fix` nothing is changed, and only a port that the user names is opened.

mod finding;
mod machine;
mod mend;
mod ports;
mod system;

use super::arguments::Doctor;
use super::console::Console;
use super::render::Look;
use super::{session, signals};
use crate::device::OpenOptions;
use crate::device::class::Class;
use crate::diagnostic::Diagnostic;
use crate::error::Kind;
use crate::port::usb;
use finding::{Finding, State};
use std::path::Path;
use std::sync::Arc;
use system::System;

/// Columns of a state and of a check's name.
const WIDTHS: (usize, usize) = (9, 13);

/// Runs the checks; returns the exit status: 1 if something does not work.
///
/// # Errors
/// If Ctrl-C cannot be watched.
pub fn doctor(options: &Doctor, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let rules = std::env::temp_dir().join("60-belay-script.rules");
    let mut findings = findings(options, &rules, console)?;
    if options.fix {
        let failed = mend::all(&findings, &rules, console);
        let failures: Vec<Diagnostic> =
            failed.into_iter().map(|text| Diagnostic::new(Kind::ScriptError, text)).collect();
        super::report_failures(console, &failures, &crate::script::Sources::default());
        findings = self::findings(options, &rules, console)?;
    }
    console.text(&if options.json { as_json(&findings) } else { as_text(&findings, options.fix, console) });
    Ok(u8::from(findings.iter().any(|finding| finding.state == State::Error)))
}

fn findings(options: &Doctor, rules: &Path, console: &Arc<Console>) -> Result<Vec<Finding>, Diagnostic> {
    let mut findings = vec![machine::program()];
    match usb::list() {
        Ok(found) => findings.extend(ports::check(&found, &System::at("/"), &user(), group_of, rules)),
        Err(error) => findings.push(Finding::problem(
            "port",
            State::Error,
            error.message(),
            error.help().unwrap_or_default(),
            finding::Mend::Person,
        )),
    }
    if options.connection.port.is_some() {
        findings.push(board(options, console)?);
    }
    findings.push(machine::interpreter());
    findings.extend(machine::confinement());
    findings.push(machine::terminal());
    findings.extend(machine::completion());
    findings.extend(machine::station());
    findings.extend(machine::environment());
    Ok(findings)
}

/// Asks the board of `--port` what it is.
fn board(options: &Doctor, console: &Arc<Console>) -> Result<Finding, Diagnostic> {
    let port = options.connection.port.as_deref().unwrap_or_default();
    let open = OpenOptions {
        startup: Some(String::new()),
        soft_reset: Some(false),
        auto_sync_time: false,
        ..OpenOptions::default()
    };
    signals::watch()?;
    let host = session::host(console, &options.connection)?;
    let asked = host.open(&Arc::new(Class::device()), None, open, &mut |_, _| Ok(())).map(|device| {
        let firmware = device.implementation();
        let (major, minor, patch) = firmware.version;
        format!("{} {major}.{minor}.{patch} on {}", firmware.name, firmware.platform)
    });
    let closed = host.close_all().into_iter().next().map_or(Ok(()), Err);
    Ok(machine::board(port, closed.and(asked)))
}

#[cfg(unix)]
fn user() -> ports::User {
    let groups = rustix::process::getgroups().unwrap_or_default();
    ports::User {
        name: std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "$USER".to_owned()),
        groups: groups.iter().chain([&rustix::process::getegid()]).map(|group| group.as_raw()).collect(),
    }
}

#[cfg(not(unix))]
fn user() -> ports::User {
    ports::User { name: String::new(), groups: Vec::new() }
}

/// The group of a port's file.
#[cfg(unix)]
fn group_of(path: &Path) -> Option<u32> {
    std::fs::metadata(path).ok().map(|metadata| std::os::unix::fs::MetadataExt::gid(&metadata))
}

#[cfg(not(unix))]
fn group_of(_path: &Path) -> Option<u32> {
    None
}

fn as_json(findings: &[Finding]) -> String {
    let value = serde_json::json!({ "version": env!("CARGO_PKG_VERSION"), "checks": findings });
    format!("{value:#}\n")
}

fn problem(count: usize) -> String {
    crate::phrase::count(count, "problem")
}

fn as_text(findings: &[Finding], is_mended: bool, console: &Console) -> String {
    let colour = console.colour();
    let mut text = String::new();
    for Finding { check, state, text: found, help, .. } in findings {
        let look = match state {
            State::Ok => Look::Good,
            State::Note => Look::Note,
            State::Warning | State::Error => Look::Bad,
        };
        let word = format!("{:width$}", state.word(), width = WIDTHS.0);
        text.push_str(&format!("{}{check:width$}{found}\n", colour.paint(look, &word), width = WIDTHS.1));
        if !help.is_empty() {
            text.push_str(&format!("{:width$}{help}\n", "", width = WIDTHS.0 + WIDTHS.1));
        }
    }
    let problems: Vec<&Finding> = findings.iter().filter(|finding| finding.is_problem()).collect();
    let can_mend = problems.iter().any(|finding| !matches!(finding.mend, None | Some(finding::Mend::Person)));
    text.push_str(&match (problems.len(), can_mend && !is_mended) {
        (0, _) => "no problems\n".to_owned(),
        (count, true) => format!("{}; `belay-script doctor --fix` mends what it can\n", problem(count)),
        (count, false) => format!("{}\n", problem(count)),
    });
    text
}
