//! A console of a script: its class, what the script said of it, and its log.
//!
//! Invariants: teardowns are not disturbed by Ctrl-C; a log has one timestamp and one direction per line, however the bytes come.

use crate::bench::date;
use crate::bound;
use crate::console::class::{Item, ItemKind};
use crate::console::dialogue::Settings;
use crate::console::failure::Failure;
use crate::console::{Console, Direction};
use crate::error::Error;
use crate::gate::Writable;
use crate::interrupt;
use crate::script::handles::ConsolesHandle;
use crate::script::lock::lock;
use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

/// A console as a script sees it.
#[derive(Clone)]
pub(crate) struct ConsoleHandle(pub Arc<OpenConsole>);

/// A console with what the script said of it.
pub(crate) struct OpenConsole {
    pub console: Console,
    pub class: ConsolesHandle,
    pub settings: Settings,
    pub log: Mutex<Option<Log>>,
    /// An item of its class has sent something.
    pub used: AtomicBool,
}

/// The log of a console.
pub(crate) struct Log {
    /// As the script wrote it.
    pub path: String,
    lines: Arc<Mutex<Lines>>,
}

impl OpenConsole {
    pub fn new(console: Console, class: &ConsolesHandle, settings: Settings) -> OpenConsole {
        OpenConsole { console, class: class.clone(), settings, log: Mutex::default(), used: AtomicBool::new(false) }
    }

    /// Runs the teardowns of its class, each even if another one fails.
    ///
    /// # Errors
    /// Of the first teardown that failed, with the others.
    pub fn tear_down(&self) -> Result<(), Error> {
        let mut failed: Option<Error> = None;
        let items = self.class.0.class.items().iter().filter(|item| item.kind == ItemKind::Teardown);
        for item in items {
            if let Err(Failure::Error(error)) =
                self.run_teardown(item).map_err(|failure| item.named(&self.console, failure))
            {
                failed = Some(match failed {
                    Some(first) => first.with_other(error),
                    None => error,
                });
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn run_teardown(&self, item: &Item) -> Result<(), Failure> {
        // What it leaves on must be known, even if nobody has noticed the loss so far.
        self.console.check()?;
        let limit = interrupt::teardown_limit(item.options.timeout, self.settings.timeout);
        let values = item.bind(&[], &[], |_, _| None)?;
        item.run(&self.console, &self.settings, &values, limit, &|| false).map(drop)
    }

    /// Writes all further traffic to a file. Returns the path of an earlier log.
    pub fn start_log(&self, path: &str, file: Writable) -> io::Result<Option<String>> {
        file.write(b"", true)?;
        let lines = Arc::new(Mutex::new(Lines { file: Some(file), ..Lines::default() }));
        let shared = lines.clone();
        self.console.listen(Some(Box::new(move |direction, bytes| {
            let now = date::utc_of(date::now());
            lock(&shared).add(direction, bytes, &now);
        })));
        Ok(lock(&self.log).replace(Log { path: path.to_owned(), lines }).map(|log| log.path))
    }
}

impl Log {
    /// Ends it. Returns whether it is whole.
    pub fn end(&self) -> bool {
        lock(&self.lines).file.take().is_some()
    }
}

/// Traffic as lines: `2026-11-30T08:23:41.123Z < login: `. The direction is `<` for what came, `>` for what was sent.
#[derive(Default)]
struct Lines {
    /// `None` after a failure.
    file: Option<Writable>,
    written: u64,
    /// The direction of the unfinished line.
    open: Option<Direction>,
    /// The last byte was a CR, which ended a line; an LF after it belongs to it.
    returned: bool,
}

impl Lines {
    fn add(&mut self, direction: Direction, bytes: &[u8], now: &str) {
        let text = self.text(direction, bytes, now);
        self.written += text.len() as u64;
        if self.written > bound::FILE {
            self.file = None;
        }
        if self.file.as_ref().is_some_and(|file| file.write(&text, true).is_err()) {
            self.file = None;
        }
    }

    fn text(&mut self, direction: Direction, bytes: &[u8], now: &str) -> Vec<u8> {
        let mut text = Vec::with_capacity(bytes.len() + 64);
        if self.open.is_some_and(|open| open != direction) {
            text.push(b'\n');
            self.open = None;
            self.returned = false;
        }
        let sign = if direction == Direction::Sent { '>' } else { '<' };
        for &byte in bytes {
            let (ends, belongs) = (matches!(byte, b'\r' | b'\n'), byte == b'\n' && self.returned);
            self.returned = byte == b'\r';
            if belongs {
                continue;
            }
            if self.open.is_none() {
                text.extend_from_slice(format!("{now} {sign} ").as_bytes());
                self.open = Some(direction);
            }
            if ends {
                text.push(b'\n');
                self.open = None;
            } else {
                text.push(byte);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_a_log_has_one_timestamp_and_direction_however_it_arrives() {
        let traffic = [
            (Direction::Received, &b"boot\r\n\r\n=> "[..]),
            (Direction::Sent, b"version\r"),
            (Direction::Received, b"version\r\n1.2\n50%\r100%\r\n\xff"),
        ];
        for size in 1..20 {
            let mut lines = Lines::default();
            let mut text = Vec::new();
            for (direction, bytes) in traffic {
                for piece in bytes.chunks(size) {
                    text.extend(lines.text(direction, piece, "T"));
                }
            }
            let wanted = b"T < boot\nT < \nT < => \nT > version\nT < version\nT < 1.2\nT < 50%\nT < 100%\nT < \xff";
            assert_eq!(String::from_utf8_lossy(&text), String::from_utf8_lossy(wanted), "{size}");
        }
    }
}
