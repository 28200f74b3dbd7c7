//! The raw-REPL session against a fake board: what a real one cannot be made to do on demand.

use crate::fake_board::{FakeBoard, Fault, Handle, Place, RawPaste, Run, Settings, Then};
use belay_script::port::{Abilities, Port, PortError, Wait};
use belay_script::repl::{Failure, FrameKind, Means, Session};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const TOKEN: &str = "T0ken4test";

/// A program's reply as the helpers of the board send it.
fn frame(text: &str) -> String {
    format!("\x1e{TOKEN}R{}:{text}\x1e{TOKEN};", text.chars().count())
}

/// A board whose programs mean: `v…` sends the frame `…`, `p…` prints `…` and sends None, `!` raises, `hang` hangs.
fn script(code: &str) -> Run {
    let code = code.trim_end_matches('\n');
    match code.split_at_checked(1) {
        Some(("v", text)) => Run::prints(frame(text)),
        Some(("p", text)) => Run::prints(format!("{text}{}", frame("None"))),
        Some(("!", _)) => Run::raises("ValueError: boom"),
        _ if code == "stubborn" => Run::prints("begun\r\n").then(Then::Keep),
        _ if code == "hang" => Run::prints("hanging\r\n").then(Then::Hang),
        _ if code == "go away" => Run::prints("").then(Then::Vanish),
        _ if code == "reboot" => Run::prints("").then(Then::Reboot),
        _ => Run::prints(frame(&code.len().to_string())),
    }
}

fn session(settings: Settings) -> (Session, Handle) {
    let (board, handle) = FakeBoard::with(settings, script);
    let mut session = Session::new(Box::new(board) as Box<dyn Port>, TOKEN.to_owned());
    session.enter(true, soon(), &mut |_| {}).unwrap();
    (session, handle)
}

fn soon() -> Wait {
    Wait::for_at_most(Duration::from_secs(2))
}

/// Runs `code`; gives the frame's text or the exception, and the output.
fn run(session: &mut Session, code: &str) -> (Result<String, Failure>, String) {
    let mut output = Vec::new();
    let outcome = session.execute(code, true, soon(), &mut |bytes| output.extend_from_slice(bytes));
    let outcome = outcome.map(|reply| match reply.frame {
        Some(frame) if frame.kind == FrameKind::Repr => frame.text,
        _ => String::from_utf8_lossy(&reply.error).into_owned(),
    });
    (outcome, String::from_utf8_lossy(&output).into_owned())
}

#[test]
fn a_short_command_is_one_write() {
    let (mut session, handle) = session(Settings::default());
    let before = handle.log().writes.len();
    assert_eq!(run(&mut session, "v41231"), (Ok("41231".to_owned()), String::new()));
    let log = handle.log();
    assert_eq!(log.writes[before..], [b"v41231\x04".to_vec()]);
    assert_eq!(log.violations, Vec::<String>::new());
}

#[test]
fn long_code_is_pasted_within_the_window() {
    for window in [16, 32, 128, 300] {
        let (mut session, handle) = session(Settings { window, ..Settings::default() });
        for length in [251, 255, 256, 257, 511, 512, 513, 5000] {
            let code = "x".repeat(length);
            assert_eq!(run(&mut session, &code).0, Ok(length.to_string()), "window {window}");
        }
        let log = handle.log();
        assert_eq!((log.lost, log.violations.len()), (0, 0), "window {window}: {:?}", log.violations);
    }
}

#[test]
fn long_code_reaches_boards_without_raw_paste() {
    for raw_paste in [RawPaste::Refused, RawPaste::Unknown] {
        let (mut session, handle) = session(Settings { raw_paste, ring: Some(256), ..Settings::default() });
        for length in [251, 600, 3000] {
            assert_eq!(run(&mut session, &"x".repeat(length)).0, Ok(length.to_string()), "{raw_paste:?}");
        }
        let log = handle.log();
        assert_eq!(log.lost, 0);
        let requests = log.writes.iter().filter(|bytes| bytes.starts_with(b"\x05")).count();
        assert_eq!(requests, 1, "raw paste is asked for once");
    }
}

#[test]
fn a_syntax_error_found_while_pasting_leaves_the_session_usable() {
    let settings = Settings { refused: vec!["x=)"], ..Settings::default() };
    let (mut session, handle) = session(settings);
    let code = format!("x=)\n{}", "y".repeat(2000));
    let (outcome, _) = run(&mut session, &code);
    assert!(outcome.clone().unwrap().contains("SyntaxError"), "{outcome:?}");
    assert_eq!(run(&mut session, "v1").0, Ok("1".to_owned()));
    assert_eq!(handle.log().resets, 1, "a second Ctrl-D would have restarted the board");
}

#[test]
fn output_and_exceptions_come_through() {
    let (mut session, _handle) = session(Settings::default());
    assert_eq!(run(&mut session, "phello"), (Ok("None".to_owned()), "hello".to_owned()));
    assert!(run(&mut session, "!").0.unwrap().ends_with("ValueError: boom\r\n"));
}

#[test]
fn a_hanging_program_is_interrupted_at_its_deadline() {
    let (mut session, handle) = session(Settings::default());
    let (outcome, output) = run(&mut session, "hang");
    assert_eq!(outcome, Err(Failure::Timeout));
    assert_eq!(output, "hanging\r\n");
    assert_eq!(run(&mut session, "v1").0, Ok("1".to_owned()));
    assert_eq!(handle.log().resets, 1);
}

#[test]
fn a_board_that_goes_away_closes_the_session() {
    let (mut first, _handle) = session(Settings::default());
    assert!(matches!(run(&mut first, "go away").0, Err(Failure::Lost(_))));
    assert!(matches!(run(&mut first, "v1").0, Err(Failure::Lost(_))));
}

#[test]
fn a_board_that_restarts_has_no_reply() {
    let (mut session, _handle) = session(Settings::default());
    let Err(Failure::Torn(Some(left))) = run(&mut session, "reboot").0 else { panic!("no reply, and what is left") };
    assert!(String::from_utf8_lossy(&left).contains("soft reboot"), "{}", left.escape_ascii());
    assert_eq!(run(&mut session, "v1").0, Ok("1".to_owned()));
}

#[test]
fn unasked_output_is_passed_on_and_harms_nothing() {
    for noise in ["OK", "\x04\x04>", ">", "R\x01", "raw", "\x1eT0ken4tes", "half a line"] {
        for place in [Place::Before, Place::Inside, Place::BeforePrompt, Place::After] {
            let (mut session, handle) = session(Settings::default());
            handle.inject(Fault::Noise { place, bytes: noise.as_bytes().to_vec() });
            let (outcome, output) = run(&mut session, "v7");
            assert_eq!(outcome, Ok("7".to_owned()), "{noise:?} {place:?}");
            assert!(output.contains(noise) || noise == "OK", "{noise:?} {place:?}: {output:?}");
            assert_eq!(run(&mut session, "v8").0, Ok("8".to_owned()), "{noise:?} {place:?}");
        }
    }
}

#[test]
fn one_byte_at_a_time_is_as_good() {
    let (mut session, handle) = session(Settings::default());
    handle.inject(Fault::SplitEveryByte);
    assert_eq!(run(&mut session, "v12345").0, Ok("12345".to_owned()));
    assert_eq!(run(&mut session, &"x".repeat(900)).0, Ok("900".to_owned()));
}

#[test]
fn a_call_ends_in_time_and_the_next_one_brings_the_board_back() {
    for means in [Some(Means::Storm), Some(Means::SoftReset), Some(Means::HardReset)] {
        let (mut session, handle) = session(Settings {
            abilities: Abilities { hard_reset: true, ..Settings::default().abilities },
            keeps: match means {
                Some(Means::Storm) => 40,
                Some(Means::SoftReset) => 250,
                _ => usize::MAX,
            },
            ..Settings::default()
        });
        let (outcome, output) = run(&mut session, "stubborn");
        assert_eq!(outcome, Err(Failure::Timeout));
        assert_eq!(output, "begun\r\nnope\r\n");
        assert_eq!(session.unsettled(), Some(b"nope\r\n".as_slice()));
        let mut output = Vec::new();
        let got = session.get_back(soon(), &mut |bytes| output.extend_from_slice(bytes));
        assert_eq!(got, Ok(means), "{:?}", handle.log().resets);
        assert_eq!(session.unsettled(), None);
        assert_eq!(run(&mut session, "v1"), (Ok("1".to_owned()), String::new()));
        // What it printed is output, and nothing else is.
        let output = String::from_utf8_lossy(&output).replace("nope\r\n", "");
        assert!(output.is_empty(), "{output:?}");
    }
}

#[test]
fn a_board_that_never_lets_go_is_told_from_a_silent_one() {
    let keeps = |program: &str| {
        let settings = Settings { keeps: usize::MAX, busy_with: program.as_bytes().to_vec(), ..Settings::default() };
        let (board, _handle) = FakeBoard::with(Settings { busy: true, ..settings }, script);
        let mut session = Session::new(Box::new(board) as Box<dyn Port>, TOKEN.to_owned());
        let Err(Failure::Stuck(seen)) = session.enter(true, soon(), &mut |_| {}) else { panic!("it keeps Ctrl-C") };
        (String::from_utf8_lossy(&seen.printed).into_owned(), seen.tried)
    };
    let (printed, tried) = keeps("nope\r\n");
    assert!(printed.ends_with("nope\r\n"), "{printed:?}");
    assert_eq!(tried, [Means::Interrupt, Means::Storm, Means::SoftReset, Means::Storm]);
    assert_eq!(keeps("").0, "");
}

#[test]
fn what_a_program_printed_before_the_first_entry_is_output() {
    let settings = Settings { busy: true, boot: b"booted\r\n".to_vec(), ..Settings::default() };
    let (board, handle) = FakeBoard::with(settings, script);
    handle.prints(b"running 1\r\nrunning 2\r\n");
    let mut session = Session::new(Box::new(board) as Box<dyn Port>, TOKEN.to_owned());
    let mut output = Vec::new();
    session.enter(true, soon(), &mut |bytes| output.extend_from_slice(bytes)).unwrap();
    assert_eq!(String::from_utf8_lossy(&output), "running 1\r\nrunning 2\r\nbooted\r\n");
}

#[test]
fn text_like_the_raw_repl_s_own_between_calls_is_output_in_order() {
    let texts = ["raw REPL; CTRL-B to exit\r\n>", "\r\n>>> ", "\x04\x04>", "OK", "MPY: soft reboot\r\n", "\x04"];
    for text in texts {
        let (mut session, handle) = session(Settings::default());
        // From now on the size of its input buffer is known, and nothing is sent in pieces.
        run(&mut session, &"x".repeat(300)).0.unwrap();
        let timeouts = handle.log().timeouts;
        let mut output = String::new();
        let mut expected = String::new();
        for number in 0..20 {
            let printed = format!("<{number}|{text}");
            handle.prints(printed.as_bytes());
            expected.push_str(&printed);
            let mut bytes = Vec::new();
            session.regain(soon(), &mut |come| bytes.extend_from_slice(come)).unwrap();
            output.push_str(&String::from_utf8_lossy(&bytes));
            let (outcome, come) = run(&mut session, &format!("v{number}"));
            assert_eq!(outcome, Ok(number.to_string()));
            output.push_str(&come);
        }
        assert_eq!(output, expected);
        assert_eq!(handle.log().timeouts, timeouts, "{text:?}: nothing is waited for");
    }
}

#[test]
fn no_upload_waits_without_end() {
    for length in [20, 5000] {
        let (session, handle) = session(Settings::default());
        let mut session = session.unheard_within(Duration::from_millis(20));
        handle.inject(Fault::StallAfter(0));
        let wait = Wait { deadline: None, interruptible: false };
        let outcome = session.execute(&"x".repeat(length), true, wait, &mut |_| {});
        assert!(matches!(outcome, Err(Failure::Unheard | Failure::Stuck(_))), "{outcome:?}");
    }
}

/// A board that prints without a pause for a while, from the time at which it is told to.
struct Flooding {
    board: FakeBoard,
    /// Bytes that it still prints, once it has begun.
    left: Arc<AtomicUsize>,
    /// The most that its reader kept when it asked for more.
    most_kept: Arc<AtomicUsize>,
}

impl Port for Flooding {
    fn name(&self) -> &str {
        self.board.name()
    }
    fn abilities(&self) -> Abilities {
        self.board.abilities()
    }
    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        self.board.write(bytes, wait)
    }
    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        const PIECE: usize = 16 << 10;
        self.most_kept.fetch_max(buffer.len(), Ordering::Relaxed);
        if self.left.load(Ordering::Relaxed) >= PIECE {
            self.left.fetch_sub(PIECE, Ordering::Relaxed);
            buffer.extend_from_slice(&[b'f'; PIECE]);
            return Ok(PIECE);
        }
        self.board.read(buffer, wait)
    }
}

/// Code goes in blocks to boards without raw paste; what comes between them is passed on, not kept.
#[test]
fn a_flood_while_code_is_sent_is_not_kept() {
    const FLOOD: usize = 32 << 20;
    let (left, most_kept) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let settings = Settings { raw_paste: RawPaste::Unknown, ..Settings::default() };
    let (board, _handle) = FakeBoard::with(settings, script);
    let port = Flooding { board, left: left.clone(), most_kept: most_kept.clone() };
    let mut session = Session::new(Box::new(port) as Box<dyn Port>, TOKEN.to_owned());
    session.enter(true, soon(), &mut |_| {}).unwrap();
    // Whether there is raw paste is known from now on.
    assert_eq!(run(&mut session, &"x".repeat(600)).0, Ok("600".to_owned()));
    left.store(FLOOD, Ordering::Relaxed);
    let mut printed = 0;
    let wait = Wait::for_at_most(Duration::from_secs(30));
    let reply = session.execute(&"x".repeat(900), true, wait, &mut |bytes| printed += bytes.len()).unwrap();
    assert_eq!(reply.frame.map(|frame| frame.text), Some("900".to_owned()));
    assert_eq!((printed, left.load(Ordering::Relaxed)), (FLOOD, 0));
    let most = most_kept.load(Ordering::Relaxed);
    assert!(most < 256 << 10, "{most} bytes were kept");
}
