//! What a run has measured and attached, for later tests of the script.
//!
//! Uses [`crate::bench`]. Made from the run's own events. Invariants: of a retried test only the last attempt is found; the
//! results themselves are in an unnamed file, so that memory does not grow with them.

use crate::bench::archive::store::{Piece, Store};
use crate::bench::event::{Attachment, Event};
use crate::bench::measurement::Measurement;
use std::collections::{HashMap, HashSet, VecDeque};
use std::io;

/// How many results are found: the latest ones.
pub(crate) const MOST: usize = 10_000;

/// The kind of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Measurement,
    Attachment,
}

/// A result, and where it is stored.
struct Found {
    kind: Kind,
    /// The test, if any.
    test: Option<u64>,
    /// Its name after those of its groups, its test, and the board for which it was measured.
    path: Vec<String>,
    piece: Piece,
}

/// A running test.
#[derive(Default)]
struct Running {
    path: Vec<String>,
    /// What it has measured in this attempt, and for which board.
    measured: HashSet<(Option<String>, String)>,
}

/// The results of a run.
#[derive(Default)]
pub(crate) struct Results {
    running: HashMap<u64, Running>,
    found: VecDeque<Found>,
    store: Option<Store>,
    /// The variant of the unit under test.
    variant: Option<String>,
}

impl Results {
    /// The variant of the unit under test.
    pub fn variant(&self) -> Option<String> {
        self.variant.clone()
    }

    /// Whether a running test has a measurement of this name for this board. Outside of tests names may repeat.
    pub fn has_measured(&self, test: Option<u64>, board: Option<String>, name: &str) -> bool {
        let running = test.and_then(|test| self.running.get(&test));
        running.is_some_and(|running| running.measured.contains(&(board, name.to_owned())))
    }

    /// Whether this attempt of a test has measured something of this name, for any board.
    pub fn measured(&self, test: u64, name: &str) -> bool {
        self.running.get(&test).is_some_and(|running| running.measured.iter().any(|(_, known)| known == name))
    }

    /// The board that a measurement of this test names: none if the test itself is that of one board.
    pub fn board(&self, test: Option<u64>, board: Option<String>) -> Option<String> {
        let running = test.and_then(|test| self.running.get(&test));
        board.filter(|board| running.is_none_or(|running| !running.path.contains(board)))
    }

    /// Adds the next event of the run.
    pub fn add(&mut self, event: &Event) {
        match event {
            Event::RunBegun(_) => *self = Results::default(),
            Event::UnitNamed { variant, .. } => self.variant.clone_from(variant),
            Event::TestBegun(begun) => {
                let mut path = begun.group.clone();
                path.push(begun.name.clone());
                self.running.insert(begun.test, Running { path, measured: HashSet::new() });
            }
            Event::TestAttempt { test, .. } => {
                self.found.retain(|found| found.kind != Kind::Measurement || found.test != Some(*test));
                if let Some(running) = self.running.get_mut(test) {
                    running.measured.clear();
                }
            }
            Event::TestEnded { test, .. } => {
                self.running.remove(test);
            }
            Event::Measured { test, measurement } => {
                if let Some(running) = test.and_then(|test| self.running.get_mut(&test)) {
                    running.measured.insert((measurement.board.clone(), measurement.name.clone()));
                }
                if let Ok(bytes) = serde_json::to_vec(measurement) {
                    let names = measurement.board.iter().chain([&measurement.name]);
                    self.keep(Kind::Measurement, *test, names, &bytes);
                }
            }
            Event::Attached { test, attachment } => {
                if let Ok(bytes) = serde_json::to_vec(attachment) {
                    self.keep(Kind::Attachment, *test, [&attachment.name], &bytes);
                }
            }
            _ => {}
        }
    }

    fn keep<'n>(&mut self, kind: Kind, test: Option<u64>, names: impl IntoIterator<Item = &'n String>, bytes: &[u8]) {
        if self.store.is_none() {
            self.store = Store::scratch().ok();
        }
        let Some(piece) = self.store.as_mut().and_then(|store| store.put(bytes).ok()) else { return };
        let mut path = test.and_then(|test| self.running.get(&test)).map_or_else(Vec::new, |test| test.path.clone());
        path.extend(names.into_iter().cloned());
        if self.found.len() == MOST {
            self.found.pop_front();
        }
        self.found.push_back(Found { kind, test, path, piece });
    }

    /// The paths of the latest results of a kind, joined by `/`.
    pub fn paths(&self, kind: Kind) -> Vec<String> {
        let mut paths: Vec<String> = Vec::new();
        let mut seen = HashSet::new();
        for found in self.found.iter().filter(|found| found.kind == kind) {
            let path = found.path.join("/");
            if seen.insert(path.clone()) {
                paths.push(path);
            }
        }
        paths
    }

    /// Looks for a result by its name, or by its path: the end of a path, in whole names. Those of the running test `near` take
    /// precedence; of results with one path the latest is meant.
    ///
    /// # Errors
    /// The paths that fit, if several do; none if nothing fits.
    fn find(&self, kind: Kind, name: &str, near: Option<u64>) -> Result<&Found, Vec<String>> {
        let fits = |found: &&Found| {
            let path = found.path.join("/");
            let end = path.strip_suffix(name);
            found.kind == kind && end.is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        let all: Vec<&Found> = self.found.iter().rev().filter(fits).collect();
        let own = all.iter().find(|found| near.is_some() && found.test == near);
        if let Some(own) = own {
            return Ok(own);
        }
        let exact = all.iter().find(|found| found.path.join("/") == name);
        let first = exact.or(all.first());
        let Some(first) = first else { return Err(Vec::new()) };
        let mut paths: Vec<String> = all.iter().map(|found| found.path.join("/")).collect();
        paths.sort();
        paths.dedup();
        if paths.len() > 1 && exact.is_none() { Err(paths) } else { Ok(first) }
    }

    /// A measurement with its path.
    ///
    /// # Errors
    /// As `find`; and if it could not be read back.
    pub fn measurement(&self, name: &str, near: Option<u64>) -> Result<(String, Measurement), Vec<String>> {
        let found = self.find(Kind::Measurement, name, near)?;
        let item = self.bytes(found).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        item.map(|item| (found.path.join("/"), item)).ok_or_else(Vec::new)
    }

    /// An attachment with its path.
    ///
    /// # Errors
    /// As [`Results::measurement`].
    pub fn attachment(&self, name: &str, near: Option<u64>) -> Result<(String, Attachment), Vec<String>> {
        let found = self.find(Kind::Attachment, name, near)?;
        let item = self.bytes(found).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        item.map(|item| (found.path.join("/"), item)).ok_or_else(Vec::new)
    }

    fn bytes(&self, found: &Found) -> io::Result<Vec<u8>> {
        self.store.as_ref().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?.get(found.piece)
    }
}
