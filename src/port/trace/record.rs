//! Writes recordings.

use super::{ABILITIES, Event, HEADER, quote};
use crate::disk;
use crate::error::{Error, Kind, Result};
use crate::port::{Abilities, Port, PortError, Wait};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The recording of a run. Cheap to clone; all clones write to the same file.
#[derive(Clone, Debug)]
pub struct Recorder(Arc<Mutex<Output>>);

#[derive(Debug)]
struct Output {
    path: PathBuf,
    file: File,
    sessions: usize,
    /// Why writing failed.
    failure: Option<String>,
}

impl Recorder {
    /// Creates the file, overwriting an existing one.
    ///
    /// # Errors
    /// The system's error, if it cannot be written.
    pub fn create(path: &Path) -> io::Result<Recorder> {
        let mut file = disk::begin_log(path)?;
        let version = env!("CARGO_PKG_VERSION");
        file.write_all(format!("{HEADER}\n# by belay-script {version}\n").as_bytes())?;
        Ok(Recorder(Arc::new(Mutex::new(Output { path: path.to_owned(), file, sessions: 0, failure: None }))))
    }

    /// The same port, recorded from now on.
    pub fn record(&self, port: Box<dyn Port>) -> Box<dyn Port> {
        let session = self.with(|output| {
            output.sessions += 1;
            output.sessions
        });
        let mut line = format!("port {}", quote(port.name().as_bytes()));
        let mut abilities = port.abilities();
        for (name, ability) in ABILITIES {
            if *ability(&mut abilities) {
                line.push(' ');
                line.push_str(name);
            }
        }
        self.line(session, &line);
        Box::new(RecordingPort { port, recorder: self.clone(), session, opened: Instant::now() })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Output) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn line(&self, session: usize, text: &str) {
        self.with(|output| {
            if output.failure.is_none()
                && let Err(error) = output.file.write_all(format!("{session} {text}\n").as_bytes())
            {
                output.failure = Some(error.to_string());
            }
        });
    }

    /// The error of writing, if any: the recording is incomplete. It does not end the run.
    pub fn failure(&self) -> Option<Error> {
        self.with(|output| {
            let reason = output.failure.as_ref()?;
            let message = format!("the recording `{}` is incomplete: {reason}", output.path.display());
            Some(Error::new(Kind::ScriptError, message).with_help("check that the disk is not full"))
        })
    }
}

/// A port that passes everything on and records it.
struct RecordingPort {
    port: Box<dyn Port>,
    recorder: Recorder,
    session: usize,
    opened: Instant,
}

impl RecordingPort {
    fn note(&self, event: &Event) {
        let text = format!("{} {}", self.opened.elapsed().as_micros(), event.to_text());
        self.recorder.line(self.session, &text);
    }

    fn note_came(&self, came: &[u8], outcome: &Result<usize, PortError>, event: fn(Vec<u8>) -> Event) {
        if !came.is_empty() {
            self.note(&event(came.to_vec()));
        }
        if let Err(error) = outcome {
            self.note(&Event::Failed(error.clone()));
        }
    }
}

impl Port for RecordingPort {
    fn name(&self) -> &str {
        self.port.name()
    }

    fn abilities(&self) -> Abilities {
        self.port.abilities()
    }

    fn agree_on_token(&mut self, proposed: String) -> String {
        let token = self.port.agree_on_token(proposed);
        self.recorder.line(self.session, &format!("token {}", quote(token.as_bytes())));
        token
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        self.note(&Event::Written(bytes.to_vec()));
        let outcome = self.port.write(bytes, wait);
        if let Err(error) = &outcome {
            self.note(&Event::Refused(error.clone()));
        }
        outcome
    }

    fn hard_reset(&mut self, wait: Wait) -> Result<(), PortError> {
        self.port.hard_reset(wait)
    }

    #[cfg(unix)]
    fn descriptors(&self) -> Vec<std::os::fd::BorrowedFd<'_>> {
        self.port.descriptors()
    }

    fn read_available(&mut self, buffer: &mut Vec<u8>) -> Result<usize, PortError> {
        let before = buffer.len();
        let outcome = self.port.read_available(buffer);
        self.note_came(&buffer[before..], &outcome, Event::Found);
        outcome
    }

    fn takes_now(&self) -> bool {
        self.port.takes_now()
    }

    fn glance(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        let before = buffer.len();
        let outcome = self.port.glance(buffer, wait);
        self.note_came(&buffer[before..], &outcome, Event::Read);
        outcome
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        let before = buffer.len();
        let outcome = self.port.read(buffer, wait);
        self.note_came(&buffer[before..], &outcome, Event::Read);
        outcome
    }
}
