//! A serial port tested against the other end of a pseudo-terminal.

use super::*;
use crate::port::loss::Loss;
use rustix::fd::OwnedFd;
use rustix::pty::OpenptFlags;
use std::time::Instant;

/// The board's end, and the name of the port.
fn pair() -> (OwnedFd, String) {
    let board = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    rustix::pty::grantpt(&board).unwrap();
    rustix::pty::unlockpt(&board).unwrap();
    let path = rustix::pty::ptsname(&board, Vec::new()).unwrap().into_string().unwrap();
    (board, path)
}

fn open(path: &str) -> SerialPort {
    SerialPort::open(path, &PortOptions::default()).unwrap()
}

/// Long enough for everything that must happen.
fn soon() -> Wait {
    Wait { interruptible: false, ..Wait::for_at_most(Duration::from_secs(20)) }
}

fn shortly() -> Wait {
    Wait { interruptible: false, ..Wait::for_at_most(Duration::from_millis(60)) }
}

fn send(board: &OwnedFd, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let count = rustix::io::write(board, bytes).unwrap();
        bytes = &bytes[count..];
    }
}

fn receive(board: &OwnedFd, count: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut piece = [0; 61];
    while bytes.len() < count {
        let got = rustix::io::read(board, &mut piece).unwrap();
        bytes.extend_from_slice(&piece[..got]);
    }
    bytes
}

#[test]
fn every_byte_passes_both_ways_unchanged() {
    let (board, path) = pair();
    let mut port = open(&path);
    assert_eq!(port.name(), path);
    assert!(port.abilities().queues);
    let all: Vec<u8> = (0..=255).collect();
    port.write(&all, soon()).unwrap();
    assert_eq!(receive(&board, 256), all);
    send(&board, &all);
    let mut got = Vec::new();
    while got.len() < 256 {
        let before = got.len();
        let count = port.read(&mut got, soon()).unwrap();
        assert_eq!(got.len(), before + count);
    }
    assert_eq!(got, all);
}

#[test]
fn keeps_output_from_before_opening() {
    let (board, path) = pair();
    // Hold the line open in raw mode, or the terminal itself would edit and echo the bytes.
    let shared = PortOptions { exclusive: false, ..PortOptions::default() };
    let _first = SerialPort::open(&path, &shared).unwrap();
    send(&board, b"booted\r\n>>> ");
    let mut port = SerialPort::open(&path, &shared).unwrap();
    let mut got = Vec::new();
    while got.len() < 12 {
        port.read(&mut got, soon()).unwrap();
    }
    assert_eq!(got, b"booted\r\n>>> ");
}

#[test]
fn silence_times_out_at_the_deadline() {
    let (_board, path) = pair();
    let mut port = open(&path);
    let mut got = Vec::new();
    let start = Instant::now();
    assert_eq!(port.read(&mut got, shortly()), Err(PortError::Timeout));
    assert!(start.elapsed() >= Duration::from_millis(60), "{:?}", start.elapsed());
    assert!(got.is_empty());
}

#[test]
fn a_read_past_the_deadline_returns_available_bytes_and_times_out() {
    let (board, path) = pair();
    let mut port = open(&path);
    send(&board, b"endless.");
    // Until the bytes have passed the terminal's queue.
    let arrived = |port: &SerialPort| rustix::io::ioctl_fionread(&port.link.fd).unwrap();
    while arrived(&port) < 8 {
        std::thread::yield_now();
    }
    let mut got = Vec::new();
    let past = Wait { deadline: Some(Instant::now()), interruptible: false };
    assert_eq!(port.read(&mut got, past), Err(PortError::Timeout));
    assert_eq!(got, b"endless.");
}

#[test]
fn a_large_write_waits_for_a_slow_reader() {
    let (board, path) = pair();
    let mut port = open(&path);
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
    let count = bytes.len();
    // The reader takes 61 bytes at a time.
    let reader = std::thread::spawn(move || receive(&board, count));
    port.write(&bytes, soon()).unwrap();
    assert!(reader.join().unwrap() == bytes);
}

#[test]
fn a_write_without_reader_ends_at_the_deadline() {
    let (_board, path) = pair();
    let mut port = open(&path);
    let start = Instant::now();
    assert_eq!(port.write(&vec![b'x'; 1_000_000], shortly()), Err(PortError::Timeout));
    drop(port);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[test]
fn a_write_without_reader_ends_without_a_deadline_too() {
    let (_board, path) = pair();
    let mut port = SerialPort { patience: Duration::from_millis(80), ..open(&path) };
    let wait = Wait { deadline: None, interruptible: false };
    let error = port.write(&vec![b'x'; 1_000_000], wait).unwrap_err();
    assert_eq!(error.to_string(), "the board accepted no data for 80ms: the board or its connection hangs");
}

#[test]
fn rejects_a_port_in_use() {
    let (_board, path) = pair();
    let first = open(&path);
    let error = SerialPort::open(&path, &PortOptions::default()).err().unwrap();
    assert_eq!(error.kind(), Kind::ConnectionFailedError);
    assert_eq!(error.message(), format!("`{path}` is in use by another program"));
    assert!(error.help().is_some_and(|help| help.contains("close the other program")));
    drop(first);
    open(&path);
}

#[test]
fn a_port_can_be_shared_on_request() {
    let (_board, path) = pair();
    let shared = PortOptions { exclusive: false, ..PortOptions::default() };
    let _first = SerialPort::open(&path, &shared).unwrap();
    let _second = SerialPort::open(&path, &shared).unwrap();
    assert!(SerialPort::open(&path, &PortOptions::default()).is_err());
}

#[test]
fn an_unplugged_board_is_gone() {
    let (board, path) = pair();
    let mut port = open(&path);
    send(&board, b"last words");
    let mut got = Vec::new();
    while got.len() < 10 {
        port.read(&mut got, soon()).unwrap();
    }
    drop(board);
    let gone = PortError::Gone(Loss::Unplugged(path.clone()));
    assert_eq!(port.read(&mut got, Wait { deadline: None, interruptible: false }), Err(gone.clone()));
    assert_eq!(port.write(b"x", soon()), Err(gone));
    assert_eq!(got, b"last words");
}

#[test]
fn rejects_paths_that_are_not_serial_ports() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "kept").unwrap();
    let device = "a character device, not a terminal";
    for (path, what) in [("/dev/null", device), ("/", "a folder"), (file.to_str().unwrap(), "a regular file")] {
        let error = SerialPort::open(path, &PortOptions::default()).err().unwrap();
        assert_eq!(
            (error.kind(), error.message()),
            (Kind::ConnectionFailedError, &*format!("`{path}` is not a serial port: it is {what}"))
        );
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
    for path in ["/dev/ttyNoSuchPort", "COM3", "/dev/null/x", "a\0b", ""] {
        let error = SerialPort::open(path, &PortOptions::default()).err().unwrap();
        assert!(matches!(error.kind(), Kind::DeviceNotFoundError | Kind::ConnectionFailedError), "{path}: {error}");
    }
    let error = SerialPort::open("/dev/ttyNoSuchPort", &PortOptions::default()).err().unwrap();
    assert_eq!(
        (error.kind(), error.message()),
        (Kind::DeviceNotFoundError, "unknown serial port `/dev/ttyNoSuchPort`")
    );
}

#[test]
fn an_unknown_port_lists_the_existing_ones() {
    let board = usb::FoundPort { device: "/dev/ttyACM0".to_owned(), accessible: true, ..usb::FoundPort::default() };
    let error = missing("/dev/ttyACM1", std::slice::from_ref(&board), &["/dev/ttyS0".to_owned()]);
    let help = "did you mean `/dev/ttyACM0`? these boards are plugged in:\n  /dev/ttyACM0";
    assert_eq!(error.help(), Some(help));
    let error = missing("com33", &[], &["COM3".to_owned()]);
    assert!(error.help().is_some_and(|help| help.starts_with("did you mean `COM3`? no board was found on USB")));
    assert!(missing("/dev/board", &[board], &[]).help().is_some_and(|help| help.starts_with("these boards")));
}

fn at_baud_rate(baud_rate: u32) -> PortOptions {
    let line = LineOptions { baud_rate: Some(baud_rate), ..LineOptions::default() };
    PortOptions { line, ..PortOptions::default() }
}

#[test]
fn open_errors_have_help() {
    let options = at_baud_rate(7);
    let explained = |failure| explain("p", &options, failure);
    assert_eq!(explained(Failure::Forbidden).message(), "permission denied for `p`");
    assert_eq!(explained(Failure::BaudRate).message(), "`p` does not support 7 baud");
    assert_eq!(explained(Failure::Other("why".to_owned())).message(), "cannot open `p`: why");
    let error = SerialPort::open("p", &at_baud_rate(0)).err().unwrap();
    assert_eq!((error.kind(), error.message()), (Kind::ArgumentError, "baud rate must not be 0"));
}

#[test]
fn lines_never_pass_through_reset() {
    let lines = |dtr, rts| LineOptions { dtr, rts, ..LineOptions::default() }.lines();
    assert_eq!(lines(None, None), [(ControlLine::Dtr, true), (ControlLine::Rts, true)]);
    assert_eq!(lines(Some(false), None), [(ControlLine::Rts, false), (ControlLine::Dtr, false)]);
    assert_eq!(lines(None, Some(false)), [(ControlLine::Rts, false), (ControlLine::Dtr, true)]);
    assert_eq!(lines(Some(false), Some(true)), [(ControlLine::Dtr, false), (ControlLine::Rts, true)]);
}

/// The automatic reset circuit of ESP boards: EN is low while RTS is on and DTR off, GPIO0 while DTR is on and RTS off. What
/// GPIO0 is when EN rises decides between the program and the boot loader.
#[test]
fn the_reset_pulse_restarts_an_esp_into_its_program() {
    for (dtr, rts) in [(true, true), (false, false), (true, false)] {
        let options = LineOptions { dtr: Some(dtr), rts: Some(rts), ..LineOptions::default() };
        let (mut dtr_on, mut rts_on) = (dtr, rts);
        let (mut in_reset, mut restarts) = (false, 0);
        for (lines, pause) in reset_pulse(options.lines()) {
            for (line, on) in lines {
                *(if line == ControlLine::Dtr { &mut dtr_on } else { &mut rts_on }) = on;
                let is_low = rts_on && !dtr_on;
                if in_reset && !is_low {
                    let boots_the_loader = dtr_on && !rts_on;
                    assert!(!boots_the_loader, "{dtr} {rts}");
                    restarts += 1;
                }
                in_reset = is_low;
            }
            // An ESP needs some 10 ms; esptool holds the line for 100 ms.
            assert!(!in_reset || pause >= Duration::from_millis(50), "{dtr} {rts}: {pause:?}");
        }
        assert_eq!((restarts, in_reset, dtr_on, rts_on), (1, false, dtr, rts));
    }
}
