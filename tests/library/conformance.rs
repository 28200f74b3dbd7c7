//! The list of exchanges in `src/repl/conformance.rs`, held with the fake board and with a real interpreter alike: it keeps
//! the fake true.

use crate::fake_board::{FakeBoard, Fault, RawPaste, Run, Settings, Then};
use crate::interpreter;
use belay_script::port::address::Address;
use belay_script::port::open::open;
use belay_script::port::options::PortOptions;
use belay_script::port::{Port, Wait};
use belay_script::repl::conformance::{self, Conditions, Finding, LineEnd, SCENES, hold};
use std::time::Duration;

const BOTH: [LineEnd; 2] = [LineEnd::CrLf, LineEnd::Lf];

/// Runs every scene on the board at `port`, in any state. Returns the skipped ones.
fn conformance(port: &mut dyn Port, end: LineEnd) -> Vec<&'static str> {
    let conditions = Conditions::of(port.abilities(), end);
    let mut absent = Vec::new();
    for scene in SCENES {
        match hold(port, scene, &conditions, wait()).unwrap_or_else(|error| panic!("{}: {error}", scene.name)) {
            Finding::Conforms => {}
            Finding::Absent(_) => absent.push(scene.name),
            Finding::Differs(deviation) => panic!("{}: {deviation}", scene.name),
        }
    }
    absent
}

fn wait() -> Wait {
    Wait::for_at_most(Duration::from_secs(60))
}

fn exchange(port: &mut dyn Port, end: LineEnd, what: &str, send: &[u8], answer: &[&[u8]]) {
    conformance::exchange(port, end, what, send, answer, &[], wait()).unwrap_or_else(|deviation| panic!("{deviation}"));
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
        let settings = Settings { window, ring, busy, boot, main, crlf: ends == LineEnd::CrLf, ..settings() };
        let (mut board, handle) = FakeBoard::with(settings, programs);
        assert_eq!(conformance(&mut board, ends), [""; 0]);
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
    assert_eq!(conformance(&mut board, LineEnd::CrLf), [""; 0]);
}

#[test]
fn boards_without_raw_paste_answer_their_way() {
    for (raw_paste, answer) in
        [(RawPaste::Refused, b"R\x00>".as_slice()), (RawPaste::Unknown, b"raw REPL; CTRL-B to exit\r\n>")]
    {
        let (mut board, _) = FakeBoard::with(Settings { raw_paste, ..settings() }, programs);
        exchange(&mut board, LineEnd::CrLf, "entering", b"\x03\x03\x01", &[b"", b"raw REPL; CTRL-B to exit\r\n>"]);
        exchange(&mut board, LineEnd::CrLf, "asking", b"\x05A\x01", &[answer]);
        exchange(&mut board, LineEnd::CrLf, "plain", b"print(1)\x04", &[b"OK1\r\n\x04\x04>"]);
        let absent = ["raw-paste", "paste-cancel", "paste-interrupt", "paste-windows"];
        assert_eq!(conformance(&mut board, LineEnd::CrLf), absent);
    }
}

/// A real MicroPython at `address`.
fn real(address: &str) -> Box<dyn Port> {
    let address: Address = address.parse().unwrap();
    open(&address, &PortOptions::default(), &|_| ()).unwrap()
}

#[test]
fn a_simulated_board_conforms() {
    for (address, ends) in [("sim", LineEnd::CrLf), ("sim:?crlf=off", LineEnd::Lf)] {
        let mut board = real(address);
        let abilities = board.abilities();
        assert!(abilities.soft_reset && abilities.raw_paste, "{abilities:?}: exchanges would be left out");
        assert_eq!(conformance(board.as_mut(), ends), [""; 0]);
    }
}

#[test]
fn a_simulated_board_conforms_after_a_soft_reset_and_on_a_small_heap() {
    let mut board = real("sim:small?heap=100k");
    conformance(board.as_mut(), LineEnd::CrLf);
    exchange(board.as_mut(), LineEnd::CrLf, "entering", b"\x03\x03\x01", &[b"", b"raw REPL; CTRL-B to exit\r\n>"]);
    exchange(
        board.as_mut(),
        LineEnd::CrLf,
        "a reset",
        b"\x04",
        &[b"OK\r\n", b"MPY: soft reboot\r\n", b"CTRL-B to exit\r\n>"],
    );
    conformance(board.as_mut(), LineEnd::CrLf);
}

/// The interpreter of the simulated boards, without what makes a board of it.
#[test]
fn a_process_conforms() {
    let mut board = real(&format!("exec:{} -i", interpreter::command()));
    // A Ctrl-C before the first prompt would end it.
    exchange(board.as_mut(), LineEnd::Lf, "its prompt", b"", &[b"", b">>> "]);
    let absent = ["paste-interrupt", "raw-reset", "exit-reset", "friendly-reset"];
    assert_eq!(conformance(board.as_mut(), LineEnd::Lf), absent);
}
