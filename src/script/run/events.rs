//! Events of a run on their way to the observer: stamped, and kept as the run's own report.
//!
//! Uses [`crate::bench`]. Invariant: every event is told once, in order.

use crate::bench::date;
use crate::bench::event::{Board, Event, Failure, Line, Outcome, RunBegun, SCHEMA};
use crate::bench::report::Report;
use crate::bench::tally::Tally;
use crate::device::Device;
use crate::diagnostic::Diagnostic;
use crate::error::Kind;
use crate::port::address::Address;
use crate::port::usb;
use crate::script::lock::lock;
use crate::script::run::Run;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// What the one who runs a script knows of the run, for its record.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// Number of the run within the stream of events; 0 counts as 1.
    pub run: u32,
    /// Who runs it.
    pub operator: Option<String>,
    /// Serial number of the unit under test.
    pub unit: Option<String>,
    /// Revision of the repository in which the script lies.
    pub revision: Option<String>,
    /// Whether boards are asked for what only reports tell. It costs an exchange for each that is opened.
    pub asks_boards: bool,
}

/// The text of a script as SHA-256, in hexadecimal.
fn fingerprint(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hexadecimal, byte| {
        let _ = write!(hexadecimal, "{byte:02x}");
        hexadecimal
    })
}

/// Name and system of this computer: `bench-3, linux x86_64`.
fn computer() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    if name.is_empty() { system } else { format!("{name}, {system}") }
}

impl Run {
    /// Tells the observer what happened just now.
    pub fn emit(&self, event: Event) {
        let line = Line { at: date::now(), run: lock(&self.subject).run.max(1), event };
        lock(&self.tally).add(&line.event);
        if self.keeps_report.load(Ordering::Relaxed) {
            lock(&self.fold).add(&line);
        }
        self.observer.event(&line, &self.sources);
    }

    /// The run of a script begins.
    pub fn emit_begin(&self, script: &str, text: Option<&str>) {
        *lock(&self.begun) = Instant::now();
        let subject = lock(&self.subject).clone();
        self.emit(Event::RunBegun(RunBegun {
            schema: SCHEMA,
            script: script.to_owned(),
            sha256: text.map(fingerprint).unwrap_or_default(),
            revision: subject.revision,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            host: computer(),
            args: self.args.clone(),
            operator: subject.operator,
            unit: subject.unit,
        }));
    }

    /// The run has ended, with these failures; `exit` is what the script says of it.
    pub fn emit_end(&self, failure: Option<&Diagnostic>, closing: &[Diagnostic], exit: Option<u8>) {
        let of_failure = match failure.map(|failure| failure.kind) {
            None => Outcome::Skip,
            Some(Kind::TimeoutError) => Outcome::Timeout,
            Some(_) => Outcome::Error,
        };
        let of_closing = if closing.is_empty() { Outcome::Skip } else { Outcome::Error };
        let said = if exit.unwrap_or(0) == 0 { Outcome::Skip } else { Outcome::Fail };
        let worst = lock(&self.tally).worst();
        self.emit(Event::RunEnded {
            outcome: worst.max(of_failure).max(of_closing).max(said),
            duration_s: lock(&self.begun).elapsed().as_secs_f64(),
            error: failure.map(|failure| self.failure(failure)),
            closing: closing.iter().map(|failure| self.failure(failure)).collect(),
        });
    }

    /// A diagnostic as data, with the lines that it points at.
    pub fn failure(&self, diagnostic: &Diagnostic) -> Failure {
        Failure::of(diagnostic, |name| self.sources.get(name))
    }

    /// The report of what has happened, and its verdicts; the next run begins with none.
    pub fn take_report(&self) -> (Report, Tally) {
        let mut fold = std::mem::take(&mut *lock(&self.fold));
        if fold.is_complete() {
            fold.cut_off();
        }
        (fold.into_report(), std::mem::take(&mut *lock(&self.tally)))
    }

    /// A device was opened.
    pub fn emit_open(&self, device: &Device) {
        let board = device.firmware();
        let (major, minor, patch) = board.version;
        // Recordings hold the same exchanges, whatever reports are wanted.
        let recorded = self.host.recorder().is_some() || device.port().starts_with("replay:");
        let asked = lock(&self.subject).asks_boards && !recorded;
        let about = if asked { device.about() } else { Default::default() };
        self.emit(Event::BoardOpened(Board {
            name: device.name().to_owned(),
            class: device.class().name.clone(),
            port: device.port().to_owned(),
            implementation: board.name.clone(),
            firmware: format!("{major}.{minor}.{patch}"),
            platform: board.platform.clone(),
            id: usb_serial_number(device.port()),
            machine: about.machine,
            unique_id: about.unique_id,
        }));
    }
}

/// The serial number of the USB board at a port, as the system knows it.
fn usb_serial_number(port: &str) -> Option<String> {
    let found = match port.parse().ok()? {
        Address::Serial(path) => {
            let real = std::fs::canonicalize(&path).map_or(path, |real| real.to_string_lossy().into_owned());
            usb::list().ok()?.into_iter().find(|port| port.device == real)?
        }
        Address::Usb(specifier) => usb::find(&specifier, &usb::list().ok()?).ok()?.clone(),
        _ => return None,
    };
    found.serial_number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_those_of_sha256sum() {
        assert_eq!(fingerprint("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
