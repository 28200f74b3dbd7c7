//! Consoles over TCP, with a unit in this process.

use super::*;
use crate::port::endpoint::Endpoint;
use crate::port::socket::SocketPort;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Mutex;
use std::thread::JoinHandle;

const SOON: Duration = Duration::from_secs(10);

fn never() -> bool {
    false
}

/// A unit that does `work` with its console.
struct Unit {
    console: Console,
    thread: JoinHandle<()>,
}

impl Unit {
    fn start(work: impl FnOnce(TcpStream) + Send + 'static) -> Unit {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let endpoint = Endpoint { host: "127.0.0.1".to_owned(), port: listener.local_addr().unwrap().port() };
        let thread = std::thread::spawn(move || work(listener.accept().unwrap().0));
        let console = Console::over("dut", Box::new(SocketPort::open(&endpoint).unwrap())).unwrap();
        Unit { console, thread }
    }

    fn end(self) {
        self.console.close();
        self.thread.join().unwrap();
    }
}

fn texts(patterns: &[&str]) -> Vec<Pattern> {
    patterns.iter().map(|text| Pattern::text(text)).collect()
}

fn error(failure: Failure) -> Error {
    match failure {
        Failure::Error(error) => error,
        Failure::Stopped => panic!("stopped"),
    }
}

#[test]
fn a_conversation() {
    let unit = Unit::start(|mut stream| {
        stream.write_all(b"U-Boot 2024\r\nHit any key: ").unwrap();
        let mut key = [0; 1];
        stream.read_exact(&mut key).unwrap();
        assert_eq!(key, *b" ");
        // A character of two bytes in two pieces.
        stream.write_all(b"\r\n=> \xc3").unwrap();
        stream.write_all(b"\xa9 => ").unwrap();
        let _ = stream.read(&mut key);
    });
    let console = &unit.console;
    let found = console.expect(&texts(&["login:", "Hit any key"]), SOON, &never).unwrap();
    assert_eq!((found.index, found.before.as_slice()), (1, &b"U-Boot 2024\r\n"[..]));
    console.write(b" ", &never).unwrap();
    console.expect(&texts(&["=> "]), SOON, &never).unwrap();
    let found = console.expect(&texts(&["=> "]), SOON, &never).unwrap();
    assert_eq!(found.before, "é ".as_bytes());
    unit.end();
}

#[test]
fn a_timeout_shows_the_last_lines_and_takes_nothing() {
    let unit = Unit::start(|mut stream| {
        stream.write_all(b"panic: no init\r\nrebooting").unwrap();
        let _ = stream.read(&mut [0; 1]);
    });
    let console = &unit.console;
    console.wait(SOON, &never, |incoming| (incoming.unread() == 25).then_some(()), |_| unreachable!()).unwrap();
    let short = Duration::from_millis(20);
    let missing = error(console.expect(&texts(&["login:", "$ "]), short, &never).unwrap_err());
    assert_eq!(missing.kind(), Kind::TimeoutError);
    assert_eq!(missing.headline(), "`dut`: none of \"login:\" and \"$ \" came within 0.02 s");
    assert_eq!(missing.help(), Some("the last lines were:\n  panic: no init\n  rebooting"));
    let few = error(console.read_exactly(30, short, &never).unwrap_err());
    assert_eq!(few.message(), "only 25 of 30 bytes came within 0.02 s");
    assert_eq!(console.read_exactly(5, SOON, &never).unwrap(), b"panic");
    assert_eq!(console.take_all(), b": no init\r\nrebooting");
    let refused = error(console.expect(&texts(&[""]), short, &never).unwrap_err());
    assert_eq!(refused.message(), "the text to wait for is empty");
    unit.end();
}

#[test]
fn a_lost_port_ends_a_wait_and_says_so() {
    let unit = Unit::start(|mut stream| stream.write_all(b"bye\r\n").unwrap());
    let console = &unit.console;
    let lost = error(console.expect(&texts(&["never"]), SOON, &never).unwrap_err());
    assert_eq!(lost.kind(), Kind::ConnectionLost);
    assert_eq!(
        (lost.message(), lost.help()),
        (format!("`{}` closed the connection", console.port()).as_str(), Some("the last line was: bye"))
    );
    assert!(!console.is_open());
    // What came before the loss can still be read.
    assert_eq!(console.expect(&texts(&["bye"]), SOON, &never).unwrap().bytes, b"bye");
    assert_eq!(error(console.write(b"x", &never).unwrap_err()).kind(), Kind::ConnectionLost);
    unit.end();
}

#[test]
fn closing_and_stopping_end_a_wait() {
    let unit = Unit::start(|mut stream| drop(stream.read(&mut [0; 1])));
    let console = unit.console.clone();
    let waiting = std::thread::spawn(move || console.expect(&texts(&["x"]), SOON, &never));
    let asked = std::cell::Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        asked.get() > 2
    };
    assert!(matches!(unit.console.expect(&texts(&["y"]), SOON, &stop), Err(Failure::Stopped)));
    unit.console.close();
    assert_eq!(error(waiting.join().unwrap().unwrap_err()).kind(), Kind::ClosedError);
    assert_eq!(error(unit.console.write(b"x", &never).unwrap_err()).message(), "`dut` is closed");
    unit.end();
}

#[test]
fn large_echoes_do_not_block_a_write() {
    let size = 3 << 20;
    let unit = Unit::start(move |mut stream| {
        let (mut left, mut piece) = (size, vec![0; 65536]);
        while left > 0 {
            let count = stream.read(&mut piece).unwrap();
            stream.write_all(&piece[..count]).unwrap();
            left -= count;
        }
        let _ = stream.read(&mut [0; 1]);
    });
    let heard: Arc<Mutex<(usize, usize)>> = Arc::default();
    let counts = heard.clone();
    unit.console.listen(Some(Box::new(move |direction, bytes| {
        let mut counts = counts.lock().unwrap();
        match direction {
            Direction::Sent => counts.0 += bytes.len(),
            Direction::Received => counts.1 += bytes.len(),
        }
    })));
    let sent: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
    unit.console.write(&sent, &never).unwrap();
    assert!(unit.console.read_exactly(size, SOON, &never).unwrap() == sent);
    assert_eq!(*heard.lock().unwrap(), (size, size));
    unit.end();
}

fn settings(echo: bool) -> dialogue::Settings {
    let choice = dialogue::Choice { echo: Some(echo), newline: Some("\n".to_owned()), ..dialogue::Choice::default() };
    choice.complete(&"tcp://127.0.0.1:1".parse().unwrap())
}

/// Reads a line, without an echo.
fn line(stream: &mut TcpStream) -> String {
    let (mut line, mut byte) = (Vec::new(), [0; 1]);
    while stream.read_exact(&mut byte).is_ok() && byte[0] != b'\n' {
        line.push(byte[0]);
    }
    String::from_utf8(line).unwrap()
}

fn ask(unit: &Unit, echo: bool, text: &str, limit: Duration) -> Result<String, Error> {
    unit.console.command(&settings(echo), &Pattern::text("# "), text, limit, &never).map_err(error)
}

#[test]
fn an_earlier_prompt_is_not_taken_for_the_end_of_an_answer() {
    let unit = Unit::start(|mut stream| {
        stream.write_all(b"boot\r\n# ").unwrap();
        assert_eq!(line(&mut stream), "version");
        stream.write_all(b"\r\n# ver").unwrap();
        stream.write_all(b"sion \r\n1.2\r\n# ").unwrap();
        assert_eq!(line(&mut stream), "echo # 1");
        stream.write_all(b"echo # 1\r\n# 1\r\n").unwrap();
        let _ = stream.read(&mut [0; 1]);
    });
    unit.console.wait(SOON, &never, |incoming| (incoming.unread() == 8).then_some(()), |_| unreachable!()).unwrap();
    assert_eq!(ask(&unit, true, "version", SOON).unwrap(), "1.2");
    // The prompt's text in the echo does not end the answer, the one in the answer does.
    assert_eq!(ask(&unit, true, "echo # 1", SOON).unwrap(), "");
    unit.end();
}

#[test]
fn units_without_an_echo_are_answered_too() {
    for echo in [true, false] {
        let unit = Unit::start(|mut stream| {
            for _ in 0..2 {
                line(&mut stream);
                stream.write_all(b"1.2\r\n# ").unwrap();
            }
            let _ = stream.read(&mut [0; 1]);
        });
        assert_eq!(ask(&unit, echo, "version", SOON).unwrap(), "1.2");
        assert_eq!(ask(&unit, echo, "version", SOON).unwrap(), "1.2");
        unit.end();
    }
}

#[test]
fn faults_of_a_unit_end_a_command_with_what_came() {
    let soon = Duration::from_millis(300);
    let case = |limit: Duration, work: fn(TcpStream)| {
        let unit = Unit::start(work);
        let failure = ask(&unit, true, "version", limit).unwrap_err();
        unit.end();
        (failure.kind(), failure.message().to_owned(), failure.help().unwrap_or_default().to_owned())
    };
    // It never prompts.
    let silent = case(soon, |mut stream| {
        line(&mut stream);
        stream.write_all(b"version\r\nkernel panic\r\n").unwrap();
        let _ = stream.read(&mut [0; 1]);
    });
    let wanted =
        ("\"# \" did not come within 0.3 s".to_owned(), "the last lines were:\n  version\n  kernel panic".to_owned());
    assert_eq!(silent, (Kind::TimeoutError, wanted.0, wanted.1));
    // It closes before it prompts, in the middle of a character.
    let (kind, _, help) = case(SOON, |mut stream| {
        line(&mut stream);
        stream.write_all(b"version\r\n21 \xc2").unwrap();
    });
    assert_eq!((kind, help.as_str()), (Kind::ConnectionLost, "the last lines were:\n  version\n  21 \u{fffd}"));
    // It closes at once.
    assert_eq!(case(SOON, drop).0, Kind::ConnectionLost);
}

#[test]
fn half_a_character_before_the_prompt_is_shown_as_one() {
    let unit = Unit::start(|mut stream| {
        line(&mut stream);
        stream.write_all(b"temp\r\n21 \xc2\r\n# ").unwrap();
        let _ = stream.read(&mut [0; 1]);
    });
    assert_eq!(ask(&unit, true, "temp", SOON).unwrap(), "21 \u{fffd}");
    unit.end();
}

#[test]
fn a_unit_that_floods_is_bounded_and_its_prompt_is_still_found() {
    let unit = Unit::start(|mut stream| {
        line(&mut stream);
        let piece = vec![b'x'; 1 << 16];
        for _ in 0..96 {
            stream.write_all(&piece).unwrap();
        }
        stream.write_all(b"\r\n# ").unwrap();
        let _ = stream.read(&mut [0; 1]);
    });
    let answer = ask(&unit, false, "dump", SOON).unwrap();
    assert!(answer.len() <= incoming::UNREAD, "{} bytes", answer.len());
    assert!(unit.console.dropped() >= 2 << 20, "{} bytes", unit.console.dropped());
    unit.end();
}
