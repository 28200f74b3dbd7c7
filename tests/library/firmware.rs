//! Firmware of every age and kind, as the fake board imitates it: boards are connected and their programs run, whatever
//! their REPL says, and however little their input buffer holds. Which firmware is imitated where, and what for:
//! `tests/library/firmware_forms`.

use crate::fake_board::{FakeBoard, Fault, Firmware, Handle, RawPaste, Run, Settings, Then};
use belay_script::board::command::{Command, Outcome, Payload};
use belay_script::board::{Board, ConnectFailure};
use belay_script::port::{Port, Wait};
use belay_script::repl::Session;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const TOKEN: &str = "T0ken4test";

fn frame(kind: char, text: &str) -> String {
    format!("\x1e{TOKEN}{kind}{}:{text}\x1e{TOKEN};", text.chars().count())
}

/// What a board does that answers as the helpers do. `identity`: what it says it is; `empty`: its memory is.
fn helpers(identity: &'static str, empty: Arc<AtomicBool>) -> impl FnMut(&str) -> Run + Send {
    let mut replies = 0;
    move |code| {
        let value = |text: &str| Run::prints(frame('R', text));
        if code.contains("def __belay(") {
            replies = 1;
            empty.store(false, Ordering::Relaxed);
            return value(identity);
        }
        if empty.load(Ordering::Relaxed) {
            return Run::raises("NameError: name '__belay' isn't defined");
        }
        if code.contains("'%d%s'") {
            return Run::prints(frame('N', &format!("{replies}R")));
        }
        replies += 1;
        if let Some(text) = code.strip_prefix("__belay(len('").and_then(|rest| rest.strip_suffix("'))")) {
            return value(&text.len().to_string());
        }
        match code {
            "__belay(hang)" => Run::prints("hanging").then(Then::Hang),
            "__belay(seven)" => value("7"),
            _ => Run::prints(format!("ran {}\r\n{}", code.len(), frame('R', "None"))),
        }
    }
}

const PICO: &str = "('micropython', (1, 24, 1), 'rp2', 4870)";
const CIRCUITPYTHON: &str = "('circuitpython', (10, 3, 0), 'RP2040', 518)";

fn connect(settings: Settings, identity: &'static str) -> (Result<Board, ConnectFailure>, Handle) {
    connect_empty(settings, identity, &Arc::new(AtomicBool::new(true)))
}

fn connect_empty(
    settings: Settings,
    identity: &'static str,
    empty: &Arc<AtomicBool>,
) -> (Result<Board, ConnectFailure>, Handle) {
    let (port, handle) = FakeBoard::with(settings, helpers(identity, empty.clone()));
    let session = Session::new(Box::new(port) as Box<dyn Port>, TOKEN.to_owned());
    (Board::connect(session, true, wait(), &mut |_| {}), handle)
}

fn wait() -> Wait {
    Wait::for_at_most(Duration::from_secs(30))
}

/// Connects, runs programs of every length, and checks that no byte was lost on the way.
#[track_caller]
fn works(settings: Settings, identity: &'static str) -> (Board, Handle) {
    let what = format!("{settings:?}");
    let (board, handle) = connect(settings, identity);
    let mut board = board.unwrap_or_else(|failure| panic!("{what}: {failure:?}\n{:?}", handle.log()));
    for length in [10, 30, 50, 100, 119, 125, 130, 200, 249, 260, 500, 600, 3000] {
        let code = format!("#{}\n__belay(None)", "x".repeat(length));
        let mut output = Vec::new();
        let outcome = board.run(&Command::new(code.clone()), wait(), &mut |bytes| output.extend_from_slice(bytes));
        assert_eq!(outcome, Ok(Outcome::Value(Payload::Repr("None".to_owned()))), "{what}, {length}");
        assert_eq!(String::from_utf8_lossy(&output), format!("ran {}\r\n", code.len()), "{what}, {length}");
    }
    let log = handle.log();
    assert_eq!((log.lost, log.violations.as_slice()), (0, [].as_slice()), "{what}");
    (board, handle)
}

#[test]
fn small_input_rings_never_overflow() {
    // Two windows are what a ring holds.
    for (window, ring) in [(16, 32), (32, 64), (64, 128), (128, 256)] {
        works(Settings { window, ring: Some(ring), ..Settings::default() }, PICO);
    }
}

#[test]
fn boards_without_raw_paste_get_what_their_ring_holds() {
    for raw_paste in [RawPaste::Refused, RawPaste::Unknown] {
        for ring in [32, 64, 128, 256, 512] {
            let settings = Settings { raw_paste, ring: Some(ring), ..Settings::default() };
            let (board, handle) = connect(settings.clone(), PICO);
            let mut board = board.unwrap_or_else(|failure| panic!("{settings:?}: {failure:?}"));
            // Finding out how much a ring holds may overflow it, once.
            let lost = handle.log().lost;
            for length in [10, 50, 120, 200, 255, 1000] {
                let code = Command::new(format!("#{}\n__belay(None)", "x".repeat(length)));
                let outcome = board.run(&code, wait(), &mut |_| {});
                assert!(matches!(outcome, Ok(Outcome::Value(_))), "{settings:?}, {length}: {outcome:?}");
            }
            assert_eq!(handle.log().lost, lost, "{settings:?}");
        }
    }
}

#[test]
fn small_boards_get_short_blocks_and_collect_their_garbage() {
    for raw_paste in [RawPaste::Refused, RawPaste::Unknown] {
        let settings = Settings { raw_paste, ring: Some(63), ..Settings::default() };
        let (board, handle) = connect(settings.clone(), "('micropython', (1, 9, 2), 'microbit', 0, 8240)");
        let mut board = board.unwrap_or_else(|failure| panic!("{settings:?}: {failure:?}"));
        let call = Command::expression("7");
        for command in [&call, &Command::statements("def f(): 0"), &call, &Command::new("#".repeat(500)), &call] {
            let outcome = board.run(command, wait(), &mut |_| {});
            assert!(matches!(outcome, Ok(Outcome::Value(_))), "{settings:?}: {outcome:?}");
        }
        let log = handle.log();
        assert_eq!(log.lost, 0, "{settings:?}");
        assert!(log.writes.iter().all(|written| written.len() <= 32), "{settings:?}");
        let collects = |program: &String| program.contains("gc').collect()");
        let large = |program: &String| program.starts_with("def f") || program.starts_with("##");
        let programs: Vec<&String> =
            log.programs.iter().skip_while(|program| program.contains("def __belay")).collect();
        assert_eq!(programs.iter().filter(|program| collects(program)).count(), 2, "{programs:?}");
        assert!(programs.windows(2).all(|pair| collects(pair[0]) == large(pair[1])), "{programs:?}");
    }
}

#[test]
fn circuitpython_is_connected_whatever_it_shows() {
    for press_any_key in [
        "\r\nPress any key to enter the REPL. Use CTRL-D to reload.\r\n",
        "\r\nDrücke eine beliebige Taste um REPL aufzurufen. Drücke STRG-D zum neuladen.\r\n",
        "\r\n按任意键进入REPL。使用CTRL-D重新加载。\r\n",
    ] {
        for endless in [false, true] {
            let firmware = Firmware::CircuitPython { endless, press_any_key };
            let main = "bonjour >>> \r\n".into();
            let (board, _) = works(Settings { firmware, main, ..Settings::default() }, CIRCUITPYTHON);
            assert_eq!(board.identity().name, "circuitpython");
            assert_eq!(board.identity().platform, "RP2040");
        }
    }
}

#[test]
fn busy_boards_and_talkative_ones_are_connected() {
    let boot = b"boot\r\n\x04>OK half a line".to_vec();
    works(Settings { busy: true, boot: boot.clone(), main: b"main\r\n".to_vec(), ..Settings::default() }, PICO);
    works(Settings { boot, ..Settings::default() }, PICO);
}

#[test]
fn unknown_implementations_are_accepted() {
    #[track_caller]
    fn case(identity: &'static str, name: &str, version: (u32, u32, u32), platform: &str, arch: &str) {
        let (board, _) = connect(Settings::default(), identity);
        let board = board.unwrap_or_else(|failure| panic!("{identity}: {failure:?}"));
        let known = board.identity();
        assert_eq!(
            (known.name.as_str(), known.version, known.platform.as_str(), known.arch.as_str()),
            (name, version, platform, arch)
        );
    }
    case(PICO, "micropython", (1, 24, 1), "rp2", "armv6m");
    // 1.13: a version of three, `mpy` without underscore. 1.9: no such field.
    case("('micropython', (1, 13, 0), 'pyboard', 517)", "micropython", (1, 13, 0), "pyboard", "");
    case("('micropython', (1, 9, 2), 'microbit', 0)", "micropython", (1, 9, 2), "microbit", "");
    case("('circuitpython', (8, 2, 10), 'nRF52840', 0)", "circuitpython", (8, 2, 10), "nRF52840", "");
    case("('pycopy', (3, 6), 'linux', 2054)", "pycopy", (3, 6, 0), "linux", "x64");
    case("('something new', (), '', 15360)", "something new", (0, 0, 0), "", "");
    let (board, _) = connect(Settings::default(), "'no tuple'");
    assert!(matches!(board, Err(ConnectFailure::Unusable(_))));
}

#[test]
fn a_board_that_restarts_by_itself_is_lost() {
    for firmware in [Firmware::MicroPython, Firmware::CircuitPython { endless: false, press_any_key: "Press any key" }]
    {
        let settings = Settings { firmware, ..Settings::default() };
        let empty = Arc::new(AtomicBool::new(true));
        let (board, handle) = connect_empty(settings.clone(), PICO, &empty);
        let mut board = board.unwrap_or_else(|failure| panic!("{settings:?}: {failure:?}"));
        handle.inject(Fault::RebootAfter(4));
        empty.store(true, Ordering::Relaxed);
        let outcome = board.run(&Command::expression("seven"), wait(), &mut |_| {});
        assert!(outcome.is_err(), "{settings:?}: {outcome:?}");
        let outcome = board.run(&Command::expression("seven"), wait(), &mut |_| {});
        assert!(outcome.is_err() && board.is_lost(), "{settings:?}: {outcome:?}");
    }
}

#[test]
fn programs_are_stopped_on_every_firmware() {
    for firmware in [Firmware::MicroPython, Firmware::CircuitPython { endless: true, press_any_key: "Press any key" }] {
        let (mut board, _) = works(Settings { firmware, ..Settings::default() }, PICO);
        let soon = Wait::for_at_most(Duration::from_millis(50));
        let outcome = board.run(&Command::expression("hang"), soon, &mut |_| {});
        assert_eq!(outcome, Err(belay_script::repl::Failure::Timeout));
        let outcome = board.run(&Command::expression("seven"), wait(), &mut |_| {});
        assert_eq!(outcome, Ok(Outcome::Value(Payload::Repr("7".to_owned()))));
    }
}
