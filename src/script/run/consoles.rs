//! The consoles of a run.
//!
//! Invariant: every console that a script opened is closed when its run ends, and its log is then in the report.

use crate::bench::event::{Attachment, Event};
use crate::bench::station::{StationConsole, Trust};
use crate::bound;
use crate::error::{Error, Kind};
use crate::gate::Asker;
use crate::port::address::Address;
use crate::script::lock::lock;
use crate::script::run::Run;
use crate::script::run::console::{Log, OpenConsole};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::path::Path;
use std::sync::Arc;

impl Run {
    /// The console of the station with this name, and its port.
    pub fn console_of_station(&self, name: &str) -> Option<(StationConsole, String)> {
        let console = self.station()?.console(name)?.clone();
        let port = console.address(self.host.options().simulated);
        Some((console, port))
    }

    /// Checks that the script may open a port. `written`: as it named the port, or as the station does.
    ///
    /// # Errors
    /// PermissionError.
    pub fn may_open(&self, written: &str, address: &Address, of_station: bool) -> Result<(), Error> {
        if let Some(station) = self.station().filter(|_| of_station) {
            let file = Path::new(&station.file);
            let is_trusted = station.trust == Trust::Trusted;
            return self.gate().port(address, if is_trusted { Asker::Person } else { Asker::Station(file) });
        }
        let is_named =
            self.host.options().port.as_deref() == Some(written) || self.options.args.iter().any(|arg| arg == written);
        self.gate().port(address, if is_named { Asker::Person } else { Asker::Script })
    }

    /// A name that no open console has: the given one, `NAME#2` …
    pub fn name_of_console(&self, wanted: &str) -> String {
        let consoles = lock(&self.consoles);
        let taken = |name: &str| consoles.iter().any(|open| open.console.name() == name);
        if !taken(wanted) {
            return wanted.to_owned();
        }
        (2_u32..).map(|number| format!("{wanted}#{number}")).find(|name| !taken(name)).unwrap_or_default()
    }

    /// Closes a console at the end of the run, too.
    pub fn keep_console(&self, open: &Arc<OpenConsole>) {
        lock(&self.consoles).push(open.clone());
    }

    /// Runs the teardowns of a console, closes it, and attaches its log to the report. Closing twice is fine.
    ///
    /// # Errors
    /// Of the teardowns.
    pub fn close_console(&self, open: &OpenConsole) -> Result<(), Error> {
        if !self.forget_console(open) {
            return Ok(());
        }
        let done = open.tear_down();
        self.end_console(open);
        done
    }

    /// Closes a console without its teardowns.
    pub fn drop_console(&self, open: &OpenConsole) {
        self.forget_console(open);
        self.end_console(open);
    }

    /// Returns whether it was open.
    fn forget_console(&self, open: &OpenConsole) -> bool {
        let mut consoles = lock(&self.consoles);
        let before = consoles.len();
        consoles.retain(|other| !std::ptr::eq(&**other, open));
        consoles.len() < before
    }

    fn end_console(&self, open: &OpenConsole) {
        open.console.close();
        let Some(log) = lock(&open.log).take() else { return };
        self.attach_log(&log);
    }

    fn attach_log(&self, log: &Log) {
        if !log.end() {
            self.notice(&format!("the log \"{}\" is incomplete: it could not be written, or is too long", log.path));
        }
        let Ok(bytes) = self
            .gate()
            .read(&log.path)
            .and_then(|file| file.bytes(bound::FILE).map_err(|error| Error::new(Kind::ScriptError, error.to_string())))
        else {
            return;
        };
        let test = lock(&self.recorder.record).test();
        let name = log.path.rsplit(['/', '\\']).next().unwrap_or(&log.path).to_owned();
        let (media, size) = ("text/plain".to_owned(), bytes.len() as u64);
        self.emit(Event::Attached {
            test,
            attachment: Attachment { name, media, size, content: STANDARD.encode(bytes) },
        });
    }

    /// Closes every console, the latest first, with its teardowns, whatever other ones did. Returns the errors.
    pub fn close_consoles(&self) -> Vec<Error> {
        let mut errors = Vec::new();
        loop {
            let Some(open) = lock(&self.consoles).last().cloned() else { return errors };
            errors.extend(self.close_console(&open).err());
        }
    }
}
