//! `select`: finds a board by plugging it in, blinks its LED, and names it in the station file.
//!
//! Uses [`crate::port::usb`] for the lists of ports and [`crate::bench::station`] for the file. Invariant: only the
//! port of the found board is opened, and only that board's entry of the file changes.

use super::arguments::station::Select;
use super::console::Console;
use super::operator::OperatorConsole;
use super::session::Aside;
use super::{misuse, reason, signals, station};
use crate::bench::operator::{Answer, Form, NoAnswer, Operator as _, Question};
use crate::bench::station::{BoardEntry, Station, is_board_name, lasting, with_board};
use crate::device::class::Class;
use crate::device::{Host, HostOptions, OpenOptions};
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::error::{Error, Kind};
use crate::port::usb::{self, FoundPort, UsbSpecifier};
use crate::port::{PortError, Wait};
use crate::value::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Interval of listing the ports: short for the user, and cheap for the computer.
const LOOK: Duration = Duration::from_millis(200);

/// Blinks the LED that the firmware knows by name five times within a second; returns whether there is one. Any
/// other pin may be wired to anything, so no pin is guessed.
const BLINK: &str = include_str!("select/blink.py");

/// The list of ports, and the pause before the next one.
type Lists<'a> = dyn FnMut(bool) -> Result<Vec<FoundPort>, Error> + 'a;

/// Finds the board, blinks it and writes its entry; returns the exit status.
///
/// # Errors
/// If the file is invalid or cannot be written, the name is invalid, no board appeared, or it does not respond.
pub fn command(options: &Select, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    signals::watch()?;
    let wait = Wait {
        deadline: options.limit.timeout.and_then(|limit| Instant::now().checked_add(limit)),
        interruptible: true,
    };
    // Report mistakes in the file before the user plugs in a board.
    let file = &options.station;
    let text = if file.exists() { station::read(file)? } else { String::new() };
    let known = Station::parse(file, &text).map_err(|problem| *problem)?;
    if let Some(name) = &options.name {
        check_name(name)?;
    }
    let entry = match &options.port {
        Some(port) => {
            port.parse::<crate::port::address::Address>().map_err(|error| Diagnostic::from_error(&error))?;
            entry_of_port(port, &usb::list().unwrap_or_default())
        }
        None => {
            let mut lists = |pause: bool| {
                if pause {
                    rest(wait)?;
                }
                usb::list()
            };
            let say = |text: &str| console.remark(&format!("{text}\n"));
            let found = plugged(&mut lists, &say).and_then(|found| settled(&mut lists, found));
            let found = found.map_err(|error| Diagnostic::from_error(&error))?;
            entry_of(&found, &usb::list().unwrap_or_default())
        }
    };
    let port = match &entry {
        BoardEntry::Usb(specifier) => specifier.to_string(),
        BoardEntry::Port(port) => port.clone(),
    };
    console
        .text(&format!("{port}: {}\n", greet(console, &port, wait).map_err(|error| Diagnostic::from_error(&error))?));
    let name = match &options.name {
        Some(name) => name.clone(),
        None => ask_name(&OperatorConsole::new(console, &options.answers.given), &known, wait)?,
    };
    let changed = known.board(&name).is_some();
    let new = with_board(file, &text, &name, &entry).map_err(|problem| *problem)?;
    write(file, &new)?;
    super::trust::renew(file, &text, &new);
    let what = if changed { "has a new port" } else { "is" };
    console.text(&format!(
        "`{name}` {what} in {}: use it as `--port {name}`, or `Bench.open(\"{name}\")`\n",
        file.display()
    ));
    Ok(0)
}

fn check_name(name: &str) -> Result<(), Diagnostic> {
    match is_board_name(name) {
        true => Ok(()),
        false => Err(misuse(
            format!("invalid board name `{name}`"),
            "use letters, digits, `_` and `-`, but no port such as `sim` or `COM3`",
        )),
    }
}

/// Waits until the next listing of ports.
fn rest(wait: Wait) -> Result<(), Error> {
    let pause = Wait::for_at_most(LOOK);
    loop {
        match wait.slice() {
            Err(PortError::Interrupted) => {
                crate::interrupt::take();
                return Err(Error::new(Kind::Interrupted, "interrupted"));
            }
            Err(_) => {
                return Err(Error::new(Kind::TimeoutError, "no board was plugged in within `--timeout`")
                    .with_help("some cables carry power only; `belay-script devices` lists the connected boards"));
            }
            Ok(_) => {}
        }
        match pause.slice() {
            Ok(slice) => std::thread::park_timeout(slice),
            Err(_) => return Ok(()),
        }
    }
}

/// Waits until a board is plugged in, or unplugged and plugged in again, and returns it.
fn plugged(lists: &mut Lists<'_>, say: &dyn Fn(&str)) -> Result<FoundPort, Error> {
    let mut before = lists(false)?;
    say("plug in the board; if it is already plugged in, unplug it first");
    loop {
        let now = lists(true)?;
        let came: Vec<&FoundPort> = now.iter().filter(|port| !before.iter().any(|other| same(port, other))).collect();
        match came[..] {
            [only] => return Ok(only.clone()),
            [] => {}
            _ => {
                let lines: String = came.iter().map(|port| format!("\n  {port}")).collect();
                return Err(Error::new(
                    Kind::InsufficientSpecifierError,
                    format!("{} ports appeared at once:{lines}", came.len()),
                )
                .with_help("if the board has two ports, choose one with `--port`"));
            }
        }
        for gone in before.iter().filter(|port| !now.iter().any(|other| same(port, other))) {
            say(&format!("unplugged: {gone}\nplug it in again"));
        }
        before = now;
    }
}

/// Waits until the user may open the port: the system sets permissions a moment after it appears.
fn settled(lists: &mut Lists<'_>, mut found: FoundPort) -> Result<FoundPort, Error> {
    const LOOKS: usize = 15;
    for _ in 0..LOOKS {
        if found.accessible {
            break;
        }
        if let Some(now) = lists(true)?.into_iter().find(|port| same(port, &found)) {
            found = now;
        }
    }
    // If the user never may, the error of opening says what to do.
    Ok(found)
}

/// Whether two entries are the same board in the same socket. Permissions may change while it settles.
fn same(one: &FoundPort, other: &FoundPort) -> bool {
    one.specifier() == other.specifier()
}

/// The specifier that identifies the board of a port; the port itself if none does, as for a board with two ports.
fn entry_of(port: &FoundPort, ports: &[FoundPort]) -> BoardEntry {
    let lasts = lasting(&port.specifier());
    let anything = UsbSpecifier { vid: lasts.vid, pid: lasts.pid, ..UsbSpecifier::default() };
    let several = ports.iter().filter(|other| lasts.fits(other)).count() > 1;
    if lasts == anything || several { BoardEntry::Port(port.device.clone()) } else { BoardEntry::Usb(lasts) }
}

/// The specifier for a port given by name: that of its board, if it is a USB port.
fn entry_of_port(port: &str, ports: &[FoundPort]) -> BoardEntry {
    let found = ports.iter().find(|found| found.device == port);
    found.map_or_else(|| BoardEntry::Port(port.to_owned()), |found| entry_of(found, ports))
}

/// Connects to the board and blinks it; returns a description of it.
fn greet(console: &Arc<Console>, port: &str, wait: Wait) -> Result<String, Error> {
    let host = Host::new(HostOptions::new(Arc::new(Aside(console.clone()))));
    host.set_deadline(wait.deadline);
    let options = OpenOptions { startup: Some(String::new()), auto_sync_time: false, ..OpenOptions::default() };
    let device = host.open(&Arc::new(Class::device()), Some(port), options, &mut |_, _| Ok(()))?;
    let board = device.implementation();
    let (major, minor, patch) = board.version;
    let is = format!("{} {major}.{minor}.{patch} on {}", board.name, board.platform);
    let blinked = device.exec(BLINK, None).and_then(|_| device.exec("__belay_blink()", None));
    host.set_deadline(None);
    let closed = device.close();
    match blinked {
        Ok(Value::Bool(true)) => closed.map(|()| format!("{is}; its LED has blinked")),
        Err(error) if matches!(error.kind(), Kind::Interrupted | Kind::TimeoutError) => Err(error),
        _ => Ok(format!("{is}; its LED is not known")),
    }
}

fn ask_name(desk: &OperatorConsole, known: &Station, wait: Wait) -> Result<String, Diagnostic> {
    let numbered = (2..).map(|number| format!("dut{number}"));
    let free = std::iter::once("dut".to_owned()).chain(numbered).find(|name| known.board(name).is_none());
    let question = Question {
        text: "What is this board called in scripts?".to_owned(),
        name: Some("name".to_owned()),
        form: Form::Text(None),
        default: free.map(Answer::Text),
        image: None,
        board: None,
    };
    loop {
        match desk.answer(&question, wait) {
            Ok((Answer::Text(name), _)) if is_board_name(&name) => return Ok(name),
            Ok((answer, source)) => {
                let refused = check_name(&question.shown(&answer));
                if source != crate::bench::operator::Source::Person {
                    return refused.map(|()| String::new());
                }
            }
            Err(NoAnswer::Over) => {
                let interrupted = crate::interrupt::take();
                let (kind, text) = match interrupted {
                    true => (Kind::Interrupted, "interrupted"),
                    false => (Kind::TimeoutError, "no board name was entered within `--timeout`"),
                };
                return Err(Diagnostic::new(kind, text));
            }
            Err(NoAnswer::Error(error)) => {
                return Err(Diagnostic {
                    help: Some("run `belay-script select NAME`".to_owned()),
                    ..Diagnostic::from_error(&error)
                });
            }
        }
    }
}

/// Atomically replaces the file with the text.
fn write(file: &Path, text: &str) -> Result<(), Diagnostic> {
    let failed = |error: std::io::Error| {
        misuse(
            format!("`{}` cannot be written: {}", file.display(), reason(&error)),
            "name another file with `--station`",
        )
    };
    disk::replace(file, text.as_bytes()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    fn port(device: &str, serial: Option<&str>) -> FoundPort {
        FoundPort {
            device: device.to_owned(),
            vid: Some(0x2e8a),
            pid: Some(5),
            serial_number: serial.map(str::to_owned),
            location: Some(format!("1-{}", device.len())),
            accessible: true,
            ..FoundPort::default()
        }
    }

    /// Plays the lists in order; returns the found port and the messages.
    fn play(lists: Vec<Vec<FoundPort>>) -> (Result<FoundPort, Error>, Vec<String>) {
        let said = RefCell::new(Vec::new());
        let mut lists = lists.into_iter();
        let mut next = |_: bool| lists.next().ok_or_else(|| Error::new(Kind::TimeoutError, "the end"));
        let found = plugged(&mut next, &|text| said.borrow_mut().push(text.to_owned()));
        (found, said.into_inner())
    }

    #[test]
    fn a_board_that_appears_is_selected() {
        let (a, b) = (port("/dev/ttyACM0", Some("A")), port("/dev/ttyACM1", Some("B")));
        let (found, said) = play(vec![vec![a.clone()], vec![a.clone()], vec![a.clone(), b.clone()]]);
        assert_eq!((found.unwrap(), said.len()), (b, 1));
        let settles = FoundPort { accessible: false, ..a.clone() };
        assert!(play(vec![vec![settles], vec![a]]).0.is_err());
    }

    #[test]
    fn an_unplugged_board_is_awaited() {
        let (a, b) = (port("/dev/ttyACM0", Some("A")), port("/dev/ttyACM1", Some("B")));
        let both = vec![a.clone(), b.clone()];
        let back = FoundPort { device: "/dev/ttyACM5".to_owned(), ..a.clone() };
        let (found, said) = play(vec![both.clone(), both, vec![b.clone()], vec![b.clone()], vec![b, back.clone()]]);
        assert_eq!(found.unwrap(), back);
        assert_eq!(said[1], "unplugged: /dev/ttyACM0  2e8a:0005  A\nplug it in again");
    }

    #[test]
    fn two_new_boards_are_ambiguous() {
        let error = play(vec![vec![], vec![port("/dev/ttyACM0", None), port("/dev/ttyACM10", None)]]).0.unwrap_err();
        assert_eq!(error.kind(), Kind::InsufficientSpecifierError);
        assert_eq!(error.message(), "2 ports appeared at once:\n  /dev/ttyACM0  2e8a:0005\n  /dev/ttyACM10  2e8a:0005");
    }

    #[test]
    fn the_entry_identifies_the_board() {
        let specifier = |serial: Option<&str>, location: Option<&str>| {
            BoardEntry::Usb(UsbSpecifier {
                vid: Some(0x2e8a),
                pid: Some(5),
                serial_number: serial.map(str::to_owned),
                location: location.map(str::to_owned),
                ..UsbSpecifier::default()
            })
        };
        assert_eq!(entry_of(&port("/dev/ttyACM0", Some("A")), &[]), specifier(Some("A"), None));
        assert_eq!(entry_of(&port("/dev/ttyACM0", None), &[]), specifier(None, Some("1-12")));
        let bare = FoundPort { location: None, ..port("COM3", None) };
        assert_eq!(entry_of(&bare, &[]), BoardEntry::Port("COM3".to_owned()));
        let two = [port("/dev/ttyACM0", Some("A")), port("/dev/ttyACM1", Some("A"))];
        assert_eq!(entry_of(&two[1], &two), BoardEntry::Port("/dev/ttyACM1".to_owned()));
        let known = [port("/dev/ttyACM0", Some("A"))];
        assert_eq!(entry_of_port("/dev/ttyACM0", &known), specifier(Some("A"), None));
        assert_eq!(entry_of_port("sim", &known), BoardEntry::Port("sim".to_owned()));
    }

    #[test]
    fn permissions_may_be_set_late() {
        let ready = port("/dev/ttyACM0", Some("A"));
        let locked = FoundPort { accessible: false, ..ready.clone() };
        let mut lists = vec![vec![locked.clone()], vec![], vec![ready.clone()]].into_iter();
        let found = settled(&mut |_| Ok(lists.next().unwrap_or_default()), locked.clone());
        assert_eq!(found.unwrap(), ready);
        assert_eq!(settled(&mut |_| Ok(vec![locked.clone()]), locked.clone()).unwrap(), locked);
    }

    #[test]
    fn waiting_ends_at_its_time_limit() {
        let past = Wait { deadline: Some(Instant::now()), interruptible: false };
        assert_eq!(rest(past).unwrap_err().kind(), Kind::TimeoutError);
        let far = Wait { deadline: Some(Instant::now() + Duration::from_secs(30)), interruptible: false };
        assert!(rest(far).is_ok());
    }
}
