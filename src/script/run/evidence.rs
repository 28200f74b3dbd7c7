//! Records what decides the result of a run: modules, data files, folders sent to boards, and tests that were not reached.
//!
//! Uses [`crate::bench`]. Invariant: nothing is recorded outside of a run; a file that the script wrote itself is not an input.

use crate::bench::digests;
use crate::bench::event::{Event, Input, InputKind, Manifest, SentBy, StationFile, TestBegun, Unreached};
use crate::bench::select::Declared;
use crate::board::mount::PLACE;
use crate::device::Device;
use crate::diagnostic::Diagnostic;
use crate::script::lock::lock;
use crate::script::manifests;
use crate::script::run::Run;
use crate::script::run::noted::{Evidence, Mark};
use std::path::Path;

/// Most data files that are remembered.
const MOST_FILES: usize = 10_000;

impl Run {
    /// Begins recording.
    pub(crate) fn begin_evidence(&self) {
        *lock(&self.recorder.evidence) = Evidence { is_running: true, ..Evidence::default() };
    }

    /// The station file that applies.
    pub(crate) fn station_file(&self) -> Option<StationFile> {
        let station = self.station()?;
        let (path, name, sha256) = (station.file.clone(), station.name.clone(), station.sha256.clone());
        Some(StationFile { path, name, sha256 })
    }

    /// Records a module that was loaded.
    pub(crate) fn note_module(&self, name: &str, text: &str) {
        if !lock(&self.recorder.evidence).is_running {
            return;
        }
        let kind = if name.starts_with("std/") { InputKind::Library } else { InputKind::Module };
        self.emit(Event::InputRead(Input { kind, path: name.to_owned(), sha256: digests::of_bytes(text.as_bytes()) }));
    }

    /// Remembers a file that the script read as data: the first content counts.
    pub(crate) fn note_read(&self, path: &str, content: &[u8]) {
        let mut evidence = lock(&self.recorder.evidence);
        let is_new = !evidence.read.contains_key(path) && evidence.read.len() < MOST_FILES;
        if evidence.is_running && self.options.subject.is_recorded && is_new {
            evidence.read.insert(path.to_owned(), digests::of_bytes(content));
        }
    }

    /// Remembers a file that the script wrote.
    pub(crate) fn note_written(&self, path: &str) {
        let mut evidence = lock(&self.recorder.evidence);
        if evidence.is_running && evidence.written.len() < MOST_FILES {
            evidence.written.insert(path.to_owned());
        }
    }

    /// Records a folder that a board got. `manifest` is computed only if a report or log is written.
    pub(crate) fn note_folder(&self, manifest: impl FnOnce() -> Manifest) {
        if lock(&self.recorder.evidence).is_running && self.options.subject.is_recorded {
            self.emit(Event::FolderSent(manifest()));
        }
    }

    /// Records a folder that a board mounted.
    pub(crate) fn note_mount(&self, device: &Device, folder: &Path, writable: bool) {
        self.note_folder(|| {
            let (board, target) = (device.name().to_owned(), PLACE.to_owned());
            let written = folder.to_string_lossy().into_owned();
            let about = Manifest { board, by: SentBy::Mount, folder: written, target, writable, ..Manifest::default() };
            manifests::of_mount(about, folder)
        });
    }

    /// Remembers the tests of the script that runs.
    pub(crate) fn note_declared(&self, tests: Vec<Declared>) {
        lock(&self.recorder.evidence).declared = tests;
    }

    /// Remembers a test that began or was skipped.
    pub(crate) fn note_begun(&self, test: &TestBegun) {
        let mut evidence = lock(&self.recorder.evidence);
        if evidence.is_running {
            let path = test.group.iter().chain([&test.name]).cloned().collect();
            evidence.begun.insert((test.file.clone(), Mark::Line(test.line)));
            evidence.begun.insert((test.file.clone(), Mark::Path(path)));
        }
    }

    /// Ends recording: sends the data files that the script read, and the tests of `script` that were not reached.
    /// `reason`: why the run ended early, if it did. Returns how many of these tests would have run in any case.
    pub(crate) fn end_evidence(&self, script: &str, reason: Option<String>) -> usize {
        let evidence = std::mem::take(&mut *lock(&self.recorder.evidence));
        for (path, sha256) in evidence.read.iter().filter(|(path, _)| !evidence.written.contains(*path)) {
            let (kind, path, sha256) = (InputKind::Data, path.clone(), sha256.clone());
            self.emit(Event::InputRead(Input { kind, path, sha256 }));
        }
        let selection = self.recorder.selection();
        let has_begun = |mark: Mark| evidence.begun.contains(&(script.to_owned(), mark));
        let missed = |test: &&Declared| {
            let has_begun = has_begun(Mark::Line(test.line)) || has_begun(Mark::Path(test.path()));
            !has_begun && selection.wants(&test.path(), &test.tags)
        };
        let mut certain = 0;
        for test in evidence.declared.iter().filter(missed) {
            certain += usize::from(!test.depends);
            let reason = match (&reason, test.depends) {
                (Some(reason), _) => reason.clone(),
                (None, true) => "its branch, loop or function did not run".to_owned(),
                (None, false) => "the script ended before".to_owned(),
            };
            let (name, group, file) = (test.name.clone(), test.group.clone(), script.to_owned());
            let unreached = Unreached { name, group, file, line: test.line, reason, conditional: test.depends };
            self.emit(Event::TestNotReached(unreached));
        }
        certain
    }

    /// Why the run ended early, if it did.
    pub(crate) fn why_not_reached(&self, failure: Option<&Diagnostic>, exit: Option<u8>) -> Option<String> {
        if let Some(failure) = failure {
            let title = failure.title.lines().next().unwrap_or_default();
            return Some(format!("the run ended early: {title}"));
        }
        if exit.is_some() {
            return Some("the script called `exit`".to_owned());
        }
        let stopped = self.recorder.selection().fail_fast && !self.events.worst().is_good();
        stopped.then(|| "a test did not pass, with --fail-fast".to_owned())
    }
}
