//! Scripts run in-process, without a board.

use super::lock::lock;
use super::{Finished, Observer, RunOptions, Runner, Sources};
use crate::bench::event::{Event, Outcome, OutputChunk, OutputKind, TimedEvent};
use crate::device::class::Class;
use crate::device::{Host, HostOptions};
use crate::diagnostic::Diagnostic;
use crate::error::Kind;
use crate::origin::Origin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Keeps what a script printed.
#[derive(Default)]
struct Watcher {
    lines: Mutex<Vec<String>>,
}

impl Observer for Watcher {
    fn event(&self, line: &TimedEvent, _: &Sources) {
        let said = match &line.event {
            Event::Output(OutputChunk { board: Some(device), text, .. }) => format!("[{device}] {text}"),
            Event::Output(chunk) => {
                let line = chunk.text.strip_suffix('\n').unwrap_or(&chunk.text);
                if chunk.kind == OutputKind::Debug {
                    format!("{}: {line}", chunk.place.as_deref().unwrap_or_default())
                } else {
                    line.to_owned()
                }
            }
            Event::Notice { text, .. } => format!("notice: {text}"),
            Event::TestBegun(begun) => format!("begin {}", begun.name),
            Event::Measured { test, measurement } => {
                format!("measured {} {} {}", measurement.name, measurement.value, test.is_some())
            }
            Event::TestEnded { outcome, .. } => format!("end {}", outcome.word()),
            _ => return,
        };
        lock(&self.lines).push(said);
    }
}

fn runner() -> (Runner, Arc<Watcher>) {
    runner_with(RunOptions::default())
}

fn runner_with(options: RunOptions) -> (Runner, Arc<Watcher>) {
    let watcher = Arc::new(Watcher::default());
    let host = Host::new(HostOptions::default());
    let options = RunOptions { args: vec!["one".to_owned()], ..options };
    (Runner::new(host, watcher.clone(), options), watcher)
}

fn run(text: &str) -> (Finished, Vec<String>) {
    let (mut runner, watcher) = runner();
    let finished = runner.run_text("t.rhai", text);
    let lines = lock(&watcher.lines).clone();
    (finished, lines)
}

/// What a script prints; it must not fail.
fn printed(text: &str) -> Vec<String> {
    let (finished, lines) = run(text);
    assert!(finished.failure.is_none(), "{text}\n{:?}", finished.failure);
    lines
}

/// Kind, title, places and help of a failure on one line.
fn failure(text: &str) -> String {
    let (finished, _) = run(text);
    shown(&finished.failure.unwrap_or_else(|| panic!("no failure: {text}")))
}

fn shown(failure: &Diagnostic) -> String {
    let places = failure.places.iter().map(|place| match place.label.as_str() {
        "" => format!("{}", place.origin),
        label => format!("{label} {}", place.origin),
    });
    let places: Vec<String> = places.collect();
    let help = failure.help.as_ref().map(|help| format!(" | {help}")).unwrap_or_default();
    format!("{}: {} @ {}{help}", failure.kind, failure.title, places.join(", "))
}

fn classes(text: &str) -> Vec<Arc<Class>> {
    let (mut runner, _) = runner();
    runner.check_text("t.rhai", text).unwrap_or_else(|failures| panic!("{text}\n{}", shown(&failures[0])))
}

#[path = "tests/analysis.rs"]
mod analysis;
#[path = "tests/blocks.rs"]
mod blocks;
#[path = "tests/console_classes.rs"]
mod console_classes;
#[path = "tests/consoles.rs"]
mod consoles;
#[path = "tests/division.rs"]
mod division;
#[path = "tests/failures.rs"]
mod failures;
#[path = "tests/habits.rs"]
mod habits;
#[path = "tests/instruments.rs"]
mod instruments;
#[path = "tests/language.rs"]
mod language;
#[path = "tests/mutants.rs"]
mod mutants;
#[path = "tests/numbers.rs"]
mod numbers;
#[path = "tests/python_names.rs"]
mod python_names;
#[path = "tests/reference.rs"]
mod reference;
#[path = "tests/stations.rs"]
mod stations;
mod structure;
#[path = "tests/testing.rs"]
mod testing;
#[path = "tests/timing.rs"]
mod timing;
#[path = "tests/typed.rs"]
mod typed;
