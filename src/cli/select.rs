//! `select`: finds a board by plugging it in, blinks it, and gives it a name in the station's file.
//!
//! Uses [`crate::port::usb`] for the lists of ports and [`crate::bench::station`] for the file. Invariant: no port is opened
//! but that of the board that was found, and of the file nothing changes but that board's entry.

use super::arguments::station::Select;
use super::console::Console;
use super::operator::Desk;
use super::session::Aside;
use super::{misuse, reason, signals, station};
use crate::bench::operator::{Answer, Form, NoAnswer, Operator as _, Question};
use crate::bench::station::{Entry, Station, is_board_name, lasting, with_board};
use crate::device::class::Class;
use crate::device::{Host, OpenOptions};
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::error::{Error, Kind};
use crate::port::usb::{self, FoundPort, UsbSpecifier};
use crate::port::{PortError, Wait};
use crate::value::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time between two lists of ports: a person does not notice, and the machine neither.
const LOOK: Duration = Duration::from_millis(200);

/// Blinks the LED that the firmware knows by name, five times in a second; gives whether there is one. A pin that is no LED
/// may be wired to anything, so none is guessed.
const BLINK: &str = include_str!("select/blink.py");

/// The list of ports, and the pause before the next one.
type Lists<'a> = dyn FnMut(bool) -> Result<Vec<FoundPort>, Error> + 'a;

/// Finds the board, blinks it and writes its entry; gives the exit status.
///
/// # Errors
/// If the file is wrong or cannot be written, the name is none, no board came, or it does not answer.
pub fn command(options: &Select, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    signals::watch()?;
    let wait = Wait {
        deadline: options.limit.timeout.and_then(|limit| Instant::now().checked_add(limit)),
        interruptible: true,
    };
    // What is wrong with the file is told before anybody plugs anything.
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
        Entry::Usb(specifier) => specifier.to_string(),
        Entry::Port(port) => port.clone(),
    };
    console
        .text(&format!("{port}: {}\n", greet(console, &port, wait).map_err(|error| Diagnostic::from_error(&error))?));
    let name = match &options.name {
        Some(name) => name.clone(),
        None => ask_name(&Desk::new(console, &options.answers.given), &known, wait)?,
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

/// Waits as long as lies between two lists of ports.
fn rest(wait: Wait) -> Result<(), Error> {
    let pause = Wait::for_at_most(LOOK);
    loop {
        match wait.slice() {
            Err(PortError::Interrupted) => {
                crate::interrupt::take();
                return Err(Error::new(Kind::Interrupted, "interrupted"));
            }
            Err(_) => {
                return Err(Error::new(Kind::TimeoutError, "no board was plugged in within `--timeout`").with_help(
                    "some cables carry power only; `belay-script devices` lists the connected boards",
                ));
            }
            Ok(_) => {}
        }
        match pause.slice() {
            Ok(slice) => std::thread::park_timeout(slice),
            Err(_) => return Ok(()),
        }
    }
}

/// The board that is plugged in while this waits, or unplugged and plugged in again.
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

/// The port when this user may open it: the system sets permissions a moment after it is there.
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
    // If it never may, opening it says what to do.
    Ok(found)
}

/// Whether two entries are one board in one socket. Permissions may change while it settles.
fn same(one: &FoundPort, other: &FoundPort) -> bool {
    one.specifier() == other.specifier()
}

/// What singles the board of a port out; the port itself if nothing does, as with a board that has two.
fn entry_of(port: &FoundPort, ports: &[FoundPort]) -> Entry {
    let lasts = lasting(&port.specifier());
    let anything = UsbSpecifier { vid: lasts.vid, pid: lasts.pid, ..UsbSpecifier::default() };
    let several = ports.iter().filter(|other| lasts.fits(other)).count() > 1;
    if lasts == anything || several { Entry::Port(port.device.clone()) } else { Entry::Usb(lasts) }
}

/// A port that was named: what singles its board out, if it is one of USB.
fn entry_of_port(port: &str, ports: &[FoundPort]) -> Entry {
    let found = ports.iter().find(|found| found.device == port);
    found.map_or_else(|| Entry::Port(port.to_owned()), |found| entry_of(found, ports))
}

/// Connects the board and blinks it; gives what it is.
fn greet(console: &Arc<Console>, port: &str, wait: Wait) -> Result<String, Error> {
    let host = Host::new(Arc::new(Aside(console.clone())), None);
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

fn ask_name(desk: &Desk, known: &Station, wait: Wait) -> Result<String, Diagnostic> {
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

/// Puts the text in the place of the file in one step.
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

    /// Plays the lists, one after the other; gives what was found and what was said.
    fn play(lists: Vec<Vec<FoundPort>>) -> (Result<FoundPort, Error>, Vec<String>) {
        let said = RefCell::new(Vec::new());
        let mut lists = lists.into_iter();
        let mut next = |_: bool| lists.next().ok_or_else(|| Error::new(Kind::TimeoutError, "the end"));
        let found = plugged(&mut next, &|text| said.borrow_mut().push(text.to_owned()));
        (found, said.into_inner())
    }

    #[test]
    fn a_board_that_comes_is_the_one() {
        let (a, b) = (port("/dev/ttyACM0", Some("A")), port("/dev/ttyACM1", Some("B")));
        let (found, said) = play(vec![vec![a.clone()], vec![a.clone()], vec![a.clone(), b.clone()]]);
        assert_eq!((found.unwrap(), said.len()), (b, 1));
        let settles = FoundPort { accessible: false, ..a.clone() };
        assert!(play(vec![vec![settles], vec![a]]).0.is_err());
    }

    #[test]
    fn a_board_that_goes_is_waited_for() {
        let (a, b) = (port("/dev/ttyACM0", Some("A")), port("/dev/ttyACM1", Some("B")));
        let both = vec![a.clone(), b.clone()];
        let back = FoundPort { device: "/dev/ttyACM5".to_owned(), ..a.clone() };
        let (found, said) = play(vec![both.clone(), both, vec![b.clone()], vec![b.clone()], vec![b, back.clone()]]);
        assert_eq!(found.unwrap(), back);
        assert_eq!(said[1], "unplugged: /dev/ttyACM0  2e8a:0005  A\nplug it in again");
    }

    #[test]
    fn two_that_come_at_once_are_not_guessed_between() {
        let error = play(vec![vec![], vec![port("/dev/ttyACM0", None), port("/dev/ttyACM10", None)]]).0.unwrap_err();
        assert_eq!(error.kind(), Kind::InsufficientSpecifierError);
        assert_eq!(error.message(), "2 ports appeared at once:\n  /dev/ttyACM0  2e8a:0005\n  /dev/ttyACM10  2e8a:0005");
    }

    #[test]
    fn the_entry_singles_the_board_out() {
        let specifier = |serial: Option<&str>, location: Option<&str>| {
            Entry::Usb(UsbSpecifier {
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
        assert_eq!(entry_of(&bare, &[]), Entry::Port("COM3".to_owned()));
        let two = [port("/dev/ttyACM0", Some("A")), port("/dev/ttyACM1", Some("A"))];
        assert_eq!(entry_of(&two[1], &two), Entry::Port("/dev/ttyACM1".to_owned()));
        let known = [port("/dev/ttyACM0", Some("A"))];
        assert_eq!(entry_of_port("/dev/ttyACM0", &known), specifier(Some("A"), None));
        assert_eq!(entry_of_port("sim", &known), Entry::Port("sim".to_owned()));
    }

    #[test]
    fn permissions_come_a_moment_later() {
        let ready = port("/dev/ttyACM0", Some("A"));
        let locked = FoundPort { accessible: false, ..ready.clone() };
        let mut lists = vec![vec![locked.clone()], vec![], vec![ready.clone()]].into_iter();
        let found = settled(&mut |_| Ok(lists.next().unwrap_or_default()), locked.clone());
        assert_eq!(found.unwrap(), ready);
        assert_eq!(settled(&mut |_| Ok(vec![locked.clone()]), locked.clone()).unwrap(), locked);
    }

    #[test]
    fn waiting_ends_with_its_limit() {
        let past = Wait { deadline: Some(Instant::now()), interruptible: false };
        assert_eq!(rest(past).unwrap_err().kind(), Kind::TimeoutError);
        let far = Wait { deadline: Some(Instant::now() + Duration::from_secs(30)), interruptible: false };
        assert!(rest(far).is_ok());
    }
}
