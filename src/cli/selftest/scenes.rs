//! Runs the conformance scenes on the board under test.
//!
//! Uses [`crate::repl::conformance`]. Invariant: afterwards the session is back in the raw REPL, or its loss is an error.

use super::bench::Bench;
use super::outcome::{Checked, Outcome};
use crate::device::{Conversation, Terminal};
use crate::error::Result;
use crate::port::{Port, PortError, Wait};
use crate::repl::conformance::{Conditions, Finding, LineEnd, Scene, hold as hold_scene};
use std::sync::{Arc, Mutex, PoisonError};

/// ASCII's end of transmission block: a key that people do not press.
const NO_KEY: u8 = 0x17;

/// The reason for skipping raw paste on a port without it, when the board accepts the request and then answers wrongly.
const NO_PASTE: &str = "its firmware accepts raw paste requests but does not support them; belay-script does not use raw paste on this port";

/// Simulates a user at the board's prompt.
#[derive(Clone)]
struct Examiner {
    scene: &'static Scene,
    line_end: LineEnd,
    interrupts: bool,
    crashes: bool,
    finding: Arc<Mutex<Option<Finding>>>,
}

impl Terminal for Examiner {
    fn open(&self, _device: &str, _port: &str, _leave: u8) -> Result<Box<dyn Conversation>> {
        Ok(Box::new(self.clone()))
    }
}

impl Conversation for Examiner {
    fn hold(self: Box<Self>, board: &mut dyn Port, wait: Wait) -> std::result::Result<(), PortError> {
        // The prompt to which the session has just returned.
        let mut banner = Vec::new();
        while !banner.ends_with(b">>> ") {
            board.read(&mut banner, wait)?;
        }
        let conditions = Conditions {
            interrupt: self.interrupts,
            paste_cancel: !self.crashes,
            ..Conditions::of(board.abilities(), self.line_end)
        };
        let finding = hold_scene(board, self.scene, &conditions, wait)?;
        *self.finding.lock().unwrap_or_else(PoisonError::into_inner) = Some(finding);
        Ok(())
    }
}

/// Runs a scene.
///
/// # Errors
/// Of the link.
pub fn hold(bench: &mut Bench, scene: &'static Scene) -> Checked {
    let finding = Arc::new(Mutex::new(None));
    let examiner = Examiner {
        scene,
        line_end: bench.facts.line_end.unwrap_or(LineEnd::Lf),
        interrupts: bench.facts.interrupts,
        // Its abort of a raw paste writes through a pointer into a constant object.
        crashes: bench.facts.implementation.name == "circuitpython",
        finding: finding.clone(),
    };
    if let Some(reason) = bench.facts.no_paste.filter(|_| scene.is_of_paste()) {
        return Ok(Outcome::Absent(reason.to_owned()));
    }
    let visit = bench.device.terminal_at(&examiner, NO_KEY);
    let finding = finding.lock().unwrap_or_else(PoisonError::into_inner).take();
    let is_used = bench.plug.abilities().raw_paste;
    if scene.is_of_paste() && !is_used && matches!(finding, Some(Finding::Differs(_))) {
        bench.facts.no_paste = Some(NO_PASTE);
        return Ok(Outcome::Absent(NO_PASTE.to_owned()));
    }
    // If the board is lost afterwards, the deviating answer is the more useful report.
    if !matches!(finding, Some(Finding::Differs(_))) {
        visit?;
    }
    Ok(match finding {
        Some(Finding::Conforms) => Outcome::ok(),
        Some(Finding::Absent(reason)) => Outcome::Absent(reason.to_owned()),
        Some(Finding::Differs(deviation)) => Outcome::wrong(
            format!("{}: `{}` is answered by `{}`", deviation.what, deviation.sent, deviation.expected),
            format!("`{}`, then: {}", deviation.got, deviation.why),
        ),
        None => Outcome::wrong("the board's prompt", "none"),
    })
}
