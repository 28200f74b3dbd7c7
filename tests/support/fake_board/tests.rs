//! The fake board's faults and its accounts. They run in every test program that includes the board, which also
//! keeps each of its parts in use there.

use super::*;
use std::time::Duration;

fn wait() -> Wait {
    Wait { interruptible: false, ..Wait::for_at_most(Duration::from_secs(1)) }
}

fn send(board: &mut FakeBoard, bytes: &[u8]) {
    board.write(bytes, wait()).unwrap();
}

/// All that comes until nothing comes any more, and why.
fn receive(board: &mut FakeBoard) -> (Vec<u8>, PortError) {
    let mut got = Vec::new();
    loop {
        if let Err(error) = board.read(&mut got, wait()) {
            return (got, error);
        }
    }
}

fn answer(board: &mut FakeBoard, bytes: &[u8]) -> Vec<u8> {
    send(board, bytes);
    let (got, error) = receive(board);
    assert_eq!(error, PortError::Timeout);
    got
}

/// A board in raw mode whose programs print `1`.
fn raw_board(settings: Settings) -> (FakeBoard, Handle) {
    let (mut board, handle) = FakeBoard::with(settings, |code| match code {
        "hang" => Run::prints("1").then(Then::Hang),
        "vanish" => Run::prints("1").then(Then::Vanish),
        "reboot" => Run::prints("1").then(Then::Reboot),
        "raise" => Run::raises("ValueError: no"),
        _ => Run::prints("1\r\n"),
    });
    answer(&mut board, b"\x03\x01");
    (board, handle)
}

#[test]
fn faults_strike_at_their_byte() {
    fn case(fault: Fault, expected: &[u8]) {
        let (mut board, handle) = raw_board(Settings::default());
        handle.inject(fault.clone());
        let got = answer(&mut board, b"x\x04");
        assert_eq!(got.escape_ascii().to_string(), expected.escape_ascii().to_string(), "{fault:?}");
    }
    case(Fault::SplitEveryByte, b"OK1\r\n\x04\x04>");
    case(Fault::DropByte(2), b"OK\r\n\x04\x04>");
    case(Fault::GarbleByte(2), b"OKd\r\n\x04\x04>");
    case(Fault::StallAfter(3), b"OK1");
    let noise = |place| Fault::Noise { place, bytes: b"~".to_vec() };
    case(noise(Place::Before), b"~OK1\r\n\x04\x04>");
    case(noise(Place::Inside), b"OK~1\r\n\x04\x04>");
    case(noise(Place::BeforePrompt), b"OK1\r\n\x04\x04~>");
    case(noise(Place::After), b"OK1\r\n\x04\x04>~");
}

#[test]
fn late_bytes_come_after_a_timeout() {
    let (mut board, handle) = raw_board(Settings::default());
    let timeouts = handle.log().timeouts;
    handle.inject(Fault::LateAfter(3));
    assert_eq!(answer(&mut board, b"x\x04"), b"OK1");
    assert_eq!(receive(&mut board), (b"\r\n\x04\x04>".to_vec(), PortError::Timeout));
    assert_eq!(answer(&mut board, b"x\x04"), b"OK1\r\n\x04\x04>");
    assert_eq!(handle.log().timeouts, timeouts + 3);
}

#[test]
fn an_unplugged_board_delivers_its_last_output() {
    let (mut board, handle) = raw_board(Settings::default());
    handle.inject(Fault::GoneAfter(3));
    send(&mut board, b"x\x04");
    assert_eq!(receive(&mut board), (b"OK1".to_vec(), gone()));
    assert_eq!(board.write(b"x", wait()), Err(gone()));
    let (mut board, _) = raw_board(Settings::default());
    send(&mut board, b"vanish\x04");
    assert_eq!(receive(&mut board), (b"OK1".to_vec(), gone()));
    let (mut board, handle) = raw_board(Settings::default());
    handle.prints(b"thread");
    handle.unplug();
    assert_eq!(receive(&mut board), (b"thread".to_vec(), gone()));
}

#[test]
fn a_rebooting_board_forgets_its_state() {
    let (mut board, handle) = raw_board(Settings { boot: b"boot\r\n".to_vec(), ..Settings::default() });
    handle.inject(Fault::RebootAfter(3));
    let got = answer(&mut board, b"x\x04y\x04");
    assert!(got.starts_with(b"OK1boot\r\nMicroPython ") && got.ends_with(b"\r\n>>> "), "{}", got.escape_ascii());
    assert_eq!((handle.log().resets, handle.log().programs), (1, vec!["x".to_owned()]));
    answer(&mut board, b"\x01");
    assert_eq!(
        answer(&mut board, b"reboot\x04"),
        b"OK1\x04\x04MPY: soft reboot\r\nboot\r\nraw REPL; CTRL-B to exit\r\n>"
    );
}

#[test]
fn a_running_program_keeps_its_input_until_ctrl_c() {
    let (mut board, handle) = raw_board(Settings::default());
    assert_eq!(answer(&mut board, b"hang\x04x\x04"), b"OK1");
    let endless = Wait { deadline: None, interruptible: false };
    assert!(matches!(board.read(&mut Vec::new(), endless), Err(PortError::Gone(_))));
    let got = answer(&mut board, b"\x03");
    assert!(got.starts_with(b"\x04Traceback ") && got.ends_with(b"KeyboardInterrupt: \r\n\x04>OK1\r\n\x04\x04>"));
    assert_eq!(handle.log().programs, ["hang", "x"]);
    assert!(answer(&mut board, b"raise\x04").ends_with(b"ValueError: no\r\n\x04>"));
}

#[test]
fn a_full_ring_loses_bytes_until_the_host_reads() {
    let (mut board, handle) = raw_board(Settings { ring: Some(8), ..Settings::default() });
    send(&mut board, b"123456789");
    assert_eq!(handle.log().lost, 1);
    send(&mut board, b"0\x04");
    assert_eq!(answer(&mut board, b""), b"OK1\r\n\x04\x04>");
    assert_eq!(handle.log().programs, ["123456780"]);
}

#[test]
fn a_host_that_overruns_its_windows_is_detected() {
    let settings = || Settings { window: 4, ..Settings::default() };
    let (mut board, handle) = raw_board(settings());
    send(&mut board, b"\x05A\x0112345678");
    assert!(handle.log().violations.is_empty());
    send(&mut board, b"9\x04");
    assert_eq!(handle.log().violations, ["byte 9 came before its window was free"]);
    let (mut board, handle) = raw_board(settings());
    assert_eq!(answer(&mut board, b"\x05A\x011234"), b"R\x01\x04\x00\x01\x01");
    assert_eq!(answer(&mut board, b"567890\x04"), b"\x01\x041\r\n\x04\x04>");
    assert!(handle.log().violations.is_empty());
    let log = handle.log();
    assert_eq!(log.written(), b"\x03\x01\x05A\x011234567890\x04");
    assert_eq!(log.writes.len(), 3);
    assert!(log.delivered.ends_with(b"R\x01\x04\x00\x01\x01\x01\x041\r\n\x04\x04>"));
}

#[test]
fn boards_differ() {
    let (mut board, _) = raw_board(Settings { raw_paste: RawPaste::Unknown, ..Settings::default() });
    assert_eq!(answer(&mut board, b"\x05A\x01"), b"raw REPL; CTRL-B to exit\r\n>");
    let (mut board, _) = raw_board(Settings { raw_paste: RawPaste::Refused, ..Settings::default() });
    assert_eq!(answer(&mut board, b"\x05A\x01"), b"R\x00>");
    let (mut board, _) = FakeBoard::with(Settings { busy: true, ..Settings::default() }, |_| Run::default());
    assert_eq!(answer(&mut board, b"\x01"), b"");
    assert!(answer(&mut board, b"\x03").ends_with(b"KeyboardInterrupt: \r\n>>> \r\nraw REPL; CTRL-B to exit\r\n>"));
    let (board, _) = FakeBoard::new(|_| Run::default());
    assert_eq!((board.name(), board.abilities()), ("fake", Settings::default().abilities));
}

#[test]
fn circuitpython_runs_code_py_at_every_reload_and_waits_for_a_key() {
    for endless in [false, true] {
        let firmware = Firmware::CircuitPython { endless, press_any_key: "a key, please" };
        let (mut board, handle) = raw_board(Settings { firmware, main: b"hello\r\n".to_vec(), ..Settings::default() });
        let mut got = answer(&mut board, b"\x04");
        if endless {
            assert!(got.ends_with(b"code.py output:\r\nhello\r\n"), "{}", got.escape_ascii());
            got = answer(&mut board, b"\x03");
        }
        assert!(got.ends_with(b"a key, please"), "{}", got.escape_ascii());
        assert_eq!(answer(&mut board, b"\x01"), b"raw REPL; CTRL-B to exit\r\n>");
        assert!(answer(&mut board, b"\x02").ends_with(b"with RP2040\r\n>>> "));
        assert_eq!(handle.log().resets, 1);
    }
}
