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
