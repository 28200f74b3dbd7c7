//! Connects a device to its board: the first time, and after each loss.
//!
//! Uses [`crate::port`], [`crate::repl`] and [`crate::board`]. Invariant: every connection of a device uses
//! the options that it was opened with.

use crate::board::command::{Command, Outcome};
use crate::board::{Board, Entry, First, Helper};
use crate::device::changes::{FileChanges, forget};
use crate::device::deadline::Deadline;
use crate::device::host_options::HostOptions;
use crate::device::known::Known;
use crate::device::limits::{CONNECT_LIMIT, MAIN_LIMIT};
use crate::device::lines::LineMap;
use crate::device::link_errors::{self, refused_unless};
use crate::device::named::Resolved;
use crate::device::options::OpenOptions;
use crate::device::output::Filter;
use crate::device::pool::{IdleBoard, Key, Left, Pool, Sent};
use crate::device::turns::Turns;
use crate::error::{Error, Kind, Result};
use crate::phrase::count;
use crate::port::address::Address;
use crate::port::meter::MeteredPort;
use crate::port::options::PortOptions;
use crate::port::usb::{self, FoundPort, UsbSpecifier};
use crate::port::{self, Abilities, Port, PortError, Wait};
use crate::repl::session::Sink;
use crate::repl::{Failure, Means, Session};
use crate::value::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time between two attempts; Belay's.
const PAUSE: Duration = Duration::from_secs(1);

/// Opens the port of a board. The argument says whether it is opened again after a loss.
pub type PortOpener = dyn Fn(bool) -> Result<Box<dyn Port>> + Send + Sync;

/// Opens the port of one device, and connects its board.
pub struct Connector {
    written: String,
    opener: Box<PortOpener>,
    soft_reset: Option<bool>,
    startup: Option<String>,
    /// `None`: the connection is never kept for another device.
    key: Option<Key>,
    /// Whether the board is remembered between runs.
    known: Option<Known>,
    host: Arc<HostOptions>,
    deadline: Arc<Deadline>,
}

impl Connector {
    /// Connects to a port, or to the host's default. Counts the opening of recordings in `turns`.
    ///
    /// # Errors
    /// Of an invalid address, or of a missing default; PermissionError if the host's gate does not allow it.
    pub(super) fn new(
        host: &Arc<HostOptions>,
        deadline: &Arc<Deadline>,
        turns: &Arc<Turns>,
        known: &Resolved,
    ) -> Result<Connector> {
        let options = &known.options;
        let (written, address) = address_of(host, known.port.as_deref())?;
        host.gate.port(&address, known.asker())?;
        let line = options.line.clone().or(&host.line);
        let options_of_port = PortOptions { line, exclusive: options.exclusive, ..PortOptions::default() };
        let key = Key { written: written.clone(), options: options_of_port.clone() };
        // A USB board may reappear under another name.
        let usb = address.serial_path().and_then(|path| identify(path, &usb::list().ok()?)).map(Address::from);
        let known = host.cache.as_ref().filter(|_| host.resident).map(|folder| {
            let board = usb.as_ref().map_or_else(|| address.to_string(), ToString::to_string);
            Known::new(folder, &board)
        });
        let (output, turns) = (host.output.clone(), turns.clone());
        let opener = move |again: bool| {
            let open = |address: &Address| {
                let options = PortOptions { turn: turns.next(address), ..options_of_port.clone() };
                port::open::open(address, &options, &|text| output.notice(text))
            };
            match usb.as_ref().filter(|_| again).map(open) {
                Some(Err(error)) if error.kind() == Kind::DeviceNotFoundError => open(&address),
                Some(found) => found,
                None => open(&address),
            }
        };
        Ok(Connector { key: Some(key), known, ..Connector::over(host, deadline, &written, Box::new(opener), options) })
    }

    /// Connects over ports that `opener` opens; `written` is their name in messages.
    pub(super) fn over(
        host: &Arc<HostOptions>,
        deadline: &Arc<Deadline>,
        written: &str,
        opener: Box<PortOpener>,
        options: &OpenOptions,
    ) -> Connector {
        let (written, host, deadline) = (written.to_owned(), host.clone(), deadline.clone());
        let (soft_reset, startup) = (options.soft_reset, options.startup.clone());
        Connector { written, opener, soft_reset, startup, key: None, known: None, host, deadline }
    }

    /// The port as the user wrote it.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// Opens the port, recorded if the host records. `again`: as in [`Connector::connect`].
    ///
    /// # Errors
    /// Of the port.
    pub fn open_port(&self, again: bool) -> Result<Box<dyn Port>> {
        let port = (self.opener)(again)?;
        let port = match &self.host.recorder {
            Some(recorder) => recorder.record(port),
            None => port,
        };
        Ok(if self.host.profile.is_some() { Box::new(MeteredPort::new(port)) } else { port })
    }

    fn wait(&self) -> Wait {
        Wait::for_at_most(CONNECT_LIMIT).until(self.deadline.get())
    }

    /// Opens the port and connects the board. `again`: after a loss; then finds the same USB board under any name, and restarts
    /// its interpreter if the port supports that. `first`: what the board gets with its helpers.
    ///
    /// # Errors
    /// Of the port, or ConnectionFailedError if no board responds there.
    pub fn connect(&self, device: &str, first: &First, again: bool) -> Result<Board> {
        let mut port = self.open_port(again)?;
        let token = port.agree_on_token(token()?);
        let abilities = port.abilities();
        let reset = self.soft_reset.unwrap_or(!abilities.fresh) && abilities.soft_reset;
        let wait = self.wait();
        let mut filter = Filter::default();
        let lines = LineMap::default();
        let shown = |text: String| {
            if !text.is_empty() {
                self.host.output.boot(device, &text);
            }
        };
        let mut sink = |bytes: &[u8]| shown(filter.feed(bytes, &lines).text);
        let (output, name) = (self.host.output.clone(), device.to_owned());
        let session = Session::new(port, token).announcing(move |means| output.notice(&announcement(&name, means)));
        // What the board of a recording has is in it.
        let known =
            self.known.as_ref().filter(|_| !abilities.fresh && !abilities.replayed && self.host.recorder.is_none());
        let may_be_known = again || !reset && known.is_some_and(|known| known.has(&first.digest()));
        let entry = Entry { reset, is_fresh: abilities.fresh, first: Some(first), may_be_known };
        let connected = Board::connect_with(session, &entry, wait, &mut sink);
        shown(filter.flush().text);
        let mut board = connected.map_err(|failure| refused_unless(failure, &self.written, abilities, reset))?;
        if let Some(known) = known {
            known.set(board.is_marked().then(|| first.digest()).as_deref());
        }
        if !self.host.resident {
            board.calls_by_code();
        }
        Ok(board)
    }

    /// As [`Connector::connect`] after a loss. `attempts`: how often to try, one second apart; negative: unlimited.
    ///
    /// # Errors
    /// ConnectionLost if no attempt succeeds; at once, an error that another attempt cannot change.
    pub fn connect_again(&self, device: &str, first: &First, abilities: Abilities, attempts: i64) -> Result<Board> {
        let mut left = attempts;
        loop {
            let error = match self.connect(device, first, true) {
                Ok(board) => return Ok(board),
                Err(error) if can_change(error.kind()) => error,
                Err(error) => return Err(error),
            };
            left = if left > 0 { left - 1 } else { left };
            if left == 0 {
                let times = count(attempts, "attempt");
                return Err(Error::new(
                    Kind::ConnectionLost,
                    format!("the connection was not restored after {times}: {}", error.message()),
                )
                .with_help("check the board's cable and power supply; allow more `attempts`, or call `reconnect(n)`"));
            }
            self.pause(abilities)?;
        }
    }

    /// Waits before the next attempt; Ctrl-C and the run's deadline end the wait.
    fn pause(&self, abilities: Abilities) -> Result<()> {
        let end = Instant::now() + PAUSE;
        let wait = Wait { deadline: Some(end), interruptible: true }.until(self.deadline.get());
        loop {
            match wait.slice() {
                Ok(slice) => std::thread::park_timeout(slice),
                Err(PortError::Timeout) if Instant::now() >= end => return Ok(()),
                Err(error) => return Err(link_errors::error(error.into(), abilities, None, None)),
            }
        }
    }

    /// A connected board from the pool, and the functions on it. `None`: there is none, or it is unusable.
    ///
    /// # Errors
    /// Interrupted.
    pub(super) fn take_over(&self, pool: &Pool, name: &str) -> Result<Option<(Board, Vec<Sent>)>> {
        let Some(mut idle) = self.key.as_ref().and_then(|key| pool.take(key, name)) else { return Ok(None) };
        match self.revive(&mut idle, name) {
            Ok(true) => Ok(Some((idle.board, idle.left.sent))),
            Ok(false) => {
                idle.board.leave();
                Ok(None)
            }
            Err(failure @ Failure::Interrupted) => {
                idle.board.leave();
                Err(link_errors::error(failure, Abilities::default(), None, None))
            }
            // Connecting again will report the problem.
            Err(_) => {
                idle.board.leave();
                Ok(None)
            }
        }
    }

    /// Makes a board ready for its next device. `false`: it must be connected again.
    fn revive(&self, idle: &mut IdleBoard, name: &str) -> std::result::Result<bool, Failure> {
        let wait = self.wait();
        let lines = LineMap::default();
        let mut filter = Filter::default();
        let mut sink = |bytes: &[u8]| self.host.output.boot(name, &filter.feed(bytes, &lines).text);
        let IdleBoard { board, left, .. } = idle;
        let is_clear = self.soft_reset != Some(true) && !left.is_busy && forgets(board, left, wait, &mut sink)?;
        if !is_clear {
            if !board.abilities().soft_reset || board.soft_reset(MAIN_LIMIT, wait, &mut sink).is_err() {
                return Ok(false);
            }
            left.sent.clear();
            return Ok(true);
        }
        match board.run(&look_for(board, &left.sent), wait, &mut sink)? {
            Outcome::Value(payload) => match payload.value() {
                Ok(Value::List(gone)) => {
                    let is_gone =
                        |sent: &Sent| gone.iter().any(|name| matches!(name, Value::Str(text) if *text == *sent.name));
                    left.sent.retain(|sent| !is_gone(sent));
                    Ok(true)
                }
                _ => Ok(false),
            },
            Outcome::Raised(_) => Ok(false),
        }
    }

    /// Leaves the board of a device that closes to the pool, if it keeps boards; else closes the connection.
    pub(super) fn give_back(&self, pool: &Pool, name: &str, mut board: Board, left: Left) {
        match &self.key {
            Some(key) if pool.is_keeping() && !board.is_lost() => {
                pool.put(IdleBoard { key: key.clone(), name: name.to_owned(), board, left });
            }
            _ => board.leave(),
        }
    }

    /// Whether the user's startup code runs before anything else, or a mounted folder is to be there before.
    pub(super) fn begins_otherwise(&self) -> bool {
        self.host.mount.is_some() || self.startup.as_ref().is_some_and(|code| !code.trim().is_empty())
    }

    /// The user's startup code, which may be empty. `None`: the convenience imports take its place.
    pub fn startup(&self) -> Option<&str> {
        self.startup.as_deref()
    }
}

/// Whether another attempt may succeed where this one failed.
fn can_change(kind: Kind) -> bool {
    kind.is_a(Kind::ConnectionFailedError) || kind == Kind::DeviceNotFoundError || kind == Kind::TimeoutError
}

/// The address of `port`; by default that of `--port`, of `BELAY_DEVICE`, or of the only board; and the port as it was written.
fn address_of(host: &HostOptions, port: Option<&str>) -> Result<(String, Address)> {
    match port.or(host.port.as_deref()) {
        Some(text) => Ok((text.to_owned(), text.parse()?)),
        None => {
            let address = port::open::default_address()?;
            Ok((address.to_string(), address))
        }
    }
}

/// The USB board at the serial port `path`, identified independently of its name: by its serial number, or else by where
/// it is plugged in.
fn identify(path: &str, ports: &[FoundPort]) -> Option<UsbSpecifier> {
    let specifier = ports.iter().find(|found| found.device == path)?.specifier();
    let location = specifier.location.clone().filter(|_| specifier.serial_number.is_none());
    let specifier = UsbSpecifier { device: None, location, ..specifier };
    (specifier.serial_number.is_some() || specifier.location.is_some()).then_some(specifier)
}

/// Frees the last run's objects on the board, and asks which functions are missing.
fn look_for(board: &Board, sent: &[Sent]) -> Command {
    let names: String = sent.iter().map(|sent| format!("'{}',", sent.name)).collect();
    let mut code = String::new();
    if board.has(Helper::Proxies) {
        code.push_str("__belay_o.clear()\n");
    }
    if board.has(Helper::Generators) {
        code.push_str("__belay_d.clear()\n");
    }
    code.push_str(&format!("__belay([n for n in ({names})if not callable(globals().get(n))])"));
    Command::new(code)
}

/// Makes the board forget modules whose files may have changed. `false`: it cannot.
fn forgets(board: &mut Board, left: &Left, wait: Wait, sink: Sink<'_>) -> std::result::Result<bool, Failure> {
    if left.file_changes == FileChanges::None {
        return Ok(true);
    }
    let command = forget(left.file_changes == FileChanges::Mounted);
    let outcome = board.run_with(Helper::Forget, &command, None, wait, sink)?;
    Ok(matches!(outcome, Outcome::Value(payload) if payload.value() == Ok(Value::Bool(true))))
}

/// Ten random letters and digits.
fn token() -> Result<String> {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut bytes = [0; 10];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::new(Kind::InternalError, format!("the operating system provides no random bytes: {error}"))
    })?;
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).collect())
}

/// The notice before strong means are used.
fn announcement(device: &str, means: Means) -> String {
    // Its default name.
    let name = if device == "Device" { "the board".to_owned() } else { format!("`{device}`") };
    match means {
        Means::Interrupt => format!("-- {name}: interrupting the last program"),
        Means::Storm => format!("-- {name} does not respond: trying repeated Ctrl-C"),
        Means::SoftReset => format!("-- {name} does not respond: trying a soft reset"),
        Means::HardReset => {
            format!("-- {name} does not respond: trying a reset by its port, with Ctrl-C while it boots")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_usb_board_under_another_name() {
        let port = |device: &str, serial: Option<&str>, location: &str| FoundPort {
            device: device.to_owned(),
            vid: Some(0x2e8a),
            pid: Some(5),
            serial_number: serial.map(str::to_owned),
            location: Some(location.to_owned()),
            ..FoundPort::default()
        };
        let before = [port("ttyACM0", Some("one"), "1-1"), port("ttyACM1", Some("two"), "1-2")];
        // A different socket and name, and another board has the old name.
        let after = [port("ttyACM0", Some("two"), "1-2"), port("ttyACM2", Some("one"), "1-3")];
        let specifier = identify("ttyACM0", &before).unwrap();
        assert_eq!(usb::find(&specifier, &after).unwrap().device, "ttyACM2");
        assert_eq!(identify("ttyACM9", &before), None);

        let before = [port("ttyUSB0", None, "1-1"), port("ttyUSB1", None, "1-2")];
        let after = [port("ttyUSB2", None, "1-1"), port("ttyUSB1", None, "1-2")];
        let specifier = identify("ttyUSB0", &before).unwrap();
        assert_eq!(usb::find(&specifier, &after).unwrap().device, "ttyUSB2");
    }
}
