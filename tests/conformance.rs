//! One list of exchanges with a board's REPL, for the fake board and for a real interpreter alike: it keeps the fake
//! true. Invariant: [`conformance`] takes any port, and what it expects is what MicroPython answers; a port whose
//! programs end lines with LF is compared without its carriage returns.

#[path = "support/fake_board.rs"]
mod fake_board;
#[path = "support/interpreter.rs"]
mod interpreter;

use belay_script::port::address::Address;
use belay_script::port::open::{OpenOptions, open};
use belay_script::port::{Abilities, Port, Wait};
use fake_board::{FakeBoard, Fault, RawPaste, Run, Settings, Then};
use std::time::Duration;

/// What a port must be able to do for an exchange to make sense.
type Needs = fn(Abilities) -> bool;

/// Any port will do.
const ANY: Needs = |_| true;
const SOFT_RESET: Needs = |abilities| abilities.soft_reset;
const RAW_PASTE: Needs = |abilities| abilities.raw_paste;

/// How programs end their lines.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// As boards do: answers are compared byte for byte.
    CrLf,
    /// As processes do: answers are compared without carriage returns.
    Lf,
}

const BOTH: [Ends; 2] = [Ends::CrLf, Ends::Lf];

/// What is tried, what it needs, the bytes to send, and the answer: its parts in this order, the first at the start,
/// the last at the end, anything between them. A single part is the whole answer.
type Exchange = (&'static str, Needs, &'static [u8], &'static [&'static [u8]]);

const EXCHANGES: &[Exchange] = &[
    ("entering raw mode", ANY, b"\x03\x03\x01", &[b"", b"raw REPL; CTRL-B to exit\r\n>"]),
    // Plain raw mode.
    ("Ctrl-A in raw mode is always answered", ANY, b"\x01", &[b"raw REPL; CTRL-B to exit\r\n>"]),
    ("Ctrl-C in raw mode is not", ANY, b"\x03\x01", &[b"raw REPL; CTRL-B to exit\r\n>"]),
    ("a program", ANY, b"print(1)\x04", &[b"OK1\r\n\x04\x04>"]),
    ("a program that prints nothing", ANY, b"pass\x04", &[b"OK\x04\x04>"]),
    ("a syntax error", ANY, b"x=)\x04", &[b"OK\x04Traceback ", b"SyntaxError: invalid syntax\r\n\x04>"]),
    ("an exception", ANY, b"1/0\x04", &[b"OK\x04Traceback ", b"ZeroDivisionError: ", b"\r\n\x04>"]),
    ("output is not escaped", ANY, br"print('a\x04>OK')".as_slice(), &[]),
    ("its end", ANY, b"\x04", &[b"OKa\x04>OK\r\n\x04\x04>"]),
    ("Ctrl-A clears half a line", ANY, b"print(2\x01", &[b"raw REPL; CTRL-B to exit\r\n>"]),
    ("as the next program shows", ANY, b"print(1)\x04", &[b"OK1\r\n\x04\x04>"]),
    ("so does Ctrl-C", ANY, b"print(2\x03print(1)\x04", &[b"OK1\r\n\x04\x04>"]),
    ("a program that does not end", ANY, b"print(1)\nwhile True: pass\n\x04", &[b"OK1\r\n"]),
    ("is interrupted", ANY, b"\x03", &[b"\x04Traceback ", b"KeyboardInterrupt: \r\n\x04>"]),
    // Raw paste.
    ("raw paste is offered", ANY, b"\x05A\x01", &[b"R\x01", b"\x01"]),
    ("and runs", ANY, b"print(1)\x04", &[b"\x041\r\n\x04\x04>"]),
    ("in one write", ANY, b"\x05A\x01print(1)\x04", &[b"R\x01", b"\x01\x041\r\n\x04\x04>"]),
    ("an empty program does nothing", ANY, b"\x05A\x01\x04", &[b"R\x01", b"\x01\x04\x04\x04>"]),
    ("an error is told before the end", ANY, b"\x05A\x01x=)\nyyyy", &[b"R\x01", b"\x01\x04"]),
    ("which must still be sent", ANY, b"\x04", &[b"\x04Traceback ", b"SyntaxError: invalid syntax\r\n\x04>"]),
    ("an error on the last line", ANY, b"\x05A\x01x=)\x04", &[b"R\x01", b"\x04\x04Traceback ", b"\r\n\x04>"]),
    ("Ctrl-C takes a paste back", ANY, b"\x05A\x01print(1", &[b"R\x01", b"\x01"]),
    ("with this answer", ANY, b"\x03", &[b"\x04\x04KeyboardInterrupt: \r\n\x04>"]),
    ("so does a spoilt line", ANY, b"\x05A\x01print(1)\n?\x04", &[b"R\x01", b"\x04\x04Traceback ", b"\r\n\x04>"]),
    ("Ctrl-A is data in a paste", ANY, b"\x05A\x01print(1) #\x01\n\x04", &[b"R\x01", b"\x01\x041\r\n\x04\x04>"]),
    ("other letters are refused", ANY, b"\x05B\x01", &[b"R\x00>"]),
    (
        "a paste that does not end",
        RAW_PASTE,
        b"\x05A\x01print(1)\nwhile True: pass\n\x04",
        &[b"R\x01", b"\x01\x041\r\n"],
    ),
    ("is interrupted too", RAW_PASTE, b"\x03", &[b"\x04Traceback ", b"KeyboardInterrupt: \r\n\x04>"]),
    // Soft resets of raw mode.
    (
        "an empty line is a soft reset",
        SOFT_RESET,
        b"\x04",
        &[b"OK\r\n", b"MPY: soft reboot\r\n", b"raw REPL; CTRL-B to exit\r\n>"],
    ),
    (
        "so is SystemExit",
        SOFT_RESET,
        b"raise SystemExit\x04",
        &[b"OK\x04\x04", b"MPY: soft reboot\r\n", b"raw REPL; CTRL-B to exit\r\n>"],
    ),
    // The friendly REPL.
    ("leaving raw mode", ANY, b"\x02", &[b"\r\nMicroPython ", b"\r\n>>> "]),
    ("Ctrl-C at the prompt", ANY, b"\x03", &[b"\r\n>>> "]),
    ("a line is echoed and run", ANY, b"print(1)\r", &[b"print(1)\r\n1\r\n>>> "]),
    ("a line that raises", ANY, b"1/0\r", &[b"1/0\r\nTraceback ", b"ZeroDivisionError: ", b"\r\n>>> "]),
    ("paste mode", ANY, b"\x05", &[b"\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== "]),
    ("in which Ctrl-A is text", ANY, b"A\x01", &[b"A\x01"]),
    ("is left by Ctrl-C", ANY, b"\x03", &[b"\r\n>>> "]),
    ("a soft reset", SOFT_RESET, b"\x04", &[b"\r\nMPY: soft reboot\r\n", b"MicroPython ", b"\r\n>>> "]),
    ("half a line", ANY, b"prin", &[b"prin"]),
    ("does not keep raw mode away", ANY, b"\x03\x03\x01", &[b"\r\n>>> \r\n>>> \r\nraw REPL; CTRL-B to exit\r\n>"]),
];

/// Holds a whole list of exchanges with the board behind `port`, whatever state it is in, and leaves it in raw mode.
fn conformance(port: &mut dyn Port, ends: Ends) {
    for (what, needs, send, answer) in EXCHANGES {
        if needs(port.abilities()) {
            exchange(port, ends, what, send, answer);
        }
    }
    windows(port, ends);
}

/// Two windows of a paste may go out at once; each one that was consumed gives another.
fn windows(port: &mut dyn Port, ends: Ends) {
    let header = exchange(port, ends, "raw paste", b"\x05A\x01", &[b"R\x01", b"\x01"]);
    let window = usize::from(u16::from_le_bytes([header[2], header[3]]));
    let mut comment = vec![b'#'; 2 * window];
    comment[2 * window - 1] = b'\n';
    exchange(port, ends, "two windows", &comment, &[b"\x01\x01"]);
    comment.drain(..window);
    exchange(port, ends, "the next one", &comment, &[b"\x01"]);
    exchange(port, ends, "the end", b"print(1)\x04", &[b"\x041\r\n\x04\x04>"]);
}

/// Sends, and reads until the answer is complete. What comes too much spoils the next answer.
fn exchange(port: &mut dyn Port, ends: Ends, what: &str, send: &[u8], answer: &[&[u8]]) -> Vec<u8> {
    let wait = Wait::for_at_most(Duration::from_secs(10));
    port.write(send, wait).unwrap_or_else(|error| panic!("{what}: {error}"));
    let mut got = Vec::new();
    while !answers(&got, ends, answer) {
        if let Err(error) = port.read(&mut got, wait) {
            let (send, got) = (send.escape_ascii(), got.escape_ascii());
            panic!("{what}: `{send}` was answered by `{got}`, then: {error}");
        }
    }
    got
}

fn answers(got: &[u8], ends: Ends, answer: &[&[u8]]) -> bool {
    let plain = |bytes: &[u8]| -> Vec<u8> {
        bytes.iter().copied().filter(|byte| ends == Ends::CrLf || *byte != b'\r').collect()
    };
    let got = plain(got);
    let (Some((first, rest)), Some(last)) = (answer.split_first(), answer.last()) else { return got.is_empty() };
    let (first, last) = (plain(first), plain(last));
    if rest.is_empty() {
        return got == first;
    }
    let Some(mut middle) = got.strip_prefix(&first[..]).and_then(|got| got.strip_suffix(&last[..])) else {
        return false;
    };
    for part in &rest[..rest.len() - 1] {
        let part = plain(part);
        match middle.windows(part.len()).position(|window| window == part) {
            Some(at) => middle = &middle[at + part.len()..],
            None => return false,
        }
    }
    true
}

/// What the programs of the list do, for a board that cannot run them.
fn programs(code: &str) -> Run {
    match code {
        r"print('a\x04>OK')" => Run::prints("a\x04>OK\r\n"),
        "1/0" => Run::raises("ZeroDivisionError: divide by zero"),
        "raise SystemExit" => Run::default().then(Then::Reboot),
        code if code.contains("while True") => Run::prints("1\r\n").then(Then::Hang),
        code if code.contains("print(1)") => Run::prints("1\r\n"),
        _ => Run::default(),
    }
}

fn settings() -> Settings {
    Settings { refused: vec!["x=)", "\n?"], ..Settings::default() }
}

#[test]
fn the_fake_board_conforms() {
    let boards = [(128, None, false), (32, None, true), (128, Some(256), false), (16, Some(40), true)];
    for ((window, ring, busy), ends) in boards.iter().flat_map(|&board| BOTH.map(|ends| (board, ends))) {
        let (boot, main) = (b"boot\n".to_vec(), b"main\n".to_vec());
        let settings = Settings { window, ring, busy, boot, main, crlf: ends == Ends::CrLf, ..settings() };
        let (mut board, handle) = FakeBoard::with(settings, programs);
        conformance(&mut board, ends);
        let log = handle.log();
        assert_eq!((log.lost, log.timeouts, log.resets), (0, 0, 3), "{window} {ring:?}");
        // Small windows are overrun by the programs that the list sends in one write.
        assert!(window < 128 || log.violations.is_empty(), "{:?}", log.violations);
    }
}

#[test]
fn the_fake_board_conforms_byte_by_byte() {
    let (mut board, handle) = FakeBoard::with(settings(), programs);
    handle.inject(Fault::SplitEveryByte);
    conformance(&mut board, Ends::CrLf);
}

#[test]
fn boards_without_raw_paste_answer_their_way() {
    for (raw_paste, answer) in
        [(RawPaste::Refused, b"R\x00>".as_slice()), (RawPaste::Unknown, b"raw REPL; CTRL-B to exit\r\n>")]
    {
        let (mut board, _) = FakeBoard::with(Settings { raw_paste, ..settings() }, programs);
        exchange(&mut board, Ends::CrLf, "entering", b"\x03\x03\x01", &[b"", b"raw REPL; CTRL-B to exit\r\n>"]);
        exchange(&mut board, Ends::CrLf, "asking", b"\x05A\x01", &[answer]);
        exchange(&mut board, Ends::CrLf, "plain", b"print(1)\x04", &[b"OK1\r\n\x04\x04>"]);
    }
}

/// A real MicroPython behind `address`.
fn real(address: &str) -> Box<dyn Port> {
    let address: Address = address.parse().unwrap();
    open(&address, &OpenOptions::default(), &|_| ()).unwrap()
}

#[test]
fn a_simulated_board_conforms() {
    for (address, ends) in [("sim", Ends::CrLf), ("sim:?crlf=off", Ends::Lf)] {
        let mut board = real(address);
        let abilities = board.abilities();
        assert!(abilities.soft_reset && abilities.raw_paste, "{abilities:?}: exchanges would be left out");
        conformance(board.as_mut(), ends);
    }
}

#[test]
fn a_simulated_board_conforms_after_a_soft_reset_and_on_a_small_heap() {
    let mut board = real("sim:small?heap=100k");
    conformance(board.as_mut(), Ends::CrLf);
    exchange(
        board.as_mut(),
        Ends::CrLf,
        "a reset",
        b"\x04",
        &[b"OK\r\n", b"MPY: soft reboot\r\n", b"CTRL-B to exit\r\n>"],
    );
    conformance(board.as_mut(), Ends::CrLf);
}

/// The interpreter of the simulated boards, without what makes a board of it.
#[test]
fn a_process_conforms() {
    let mut board = real(&format!("exec:{} -i", interpreter::command()));
    // A Ctrl-C before the first prompt would end it.
    exchange(board.as_mut(), Ends::Lf, "its prompt", b"", &[b"", b">>> "]);
    conformance(board.as_mut(), Ends::Lf);
}
