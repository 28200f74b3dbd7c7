//! Errors for firmware that lacks something or behaves like older versions.

use crate::fake_board::{FakeBoard, Run, Settings};
use crate::items::item;
use belay_script::device::class::{Class, ItemKind};
use belay_script::device::{Called, Device, Host, HostOptions, OpenOptions, PortOpener, Silent};
use belay_script::value::Value;
use belay_script::{Error, Kind, Result};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A board that answers as the helpers do; `special` says what some programs do instead.
fn board(special: fn(&str) -> Option<Run>) -> FakeBoard {
    let (mut token, mut replies) = (String::new(), 0);
    let settings = Settings { refused: Vec::new(), ..Settings::default() };
    let (board, _handle) = FakeBoard::with(settings, move |code: &str| {
        if let Some(at) = code.find("'\\x1e") {
            token = code[at + 5..].split('\'').next().unwrap_or_default().to_owned();
            replies = 0;
        }
        if let Some(run) = special(code) {
            return run;
        }
        let frame = |kind: char, text: &str| {
            Run::prints(format!("\x1e{token}{kind}{}:{text}\x1e{token};", text.chars().count()))
        };
        if code.starts_with("__belay_a('N','%d%s'") {
            return frame('N', &format!("{replies}R"));
        }
        if code.starts_with("__belay_a('N'") || code.starts_with("__belay_l[2]") {
            return frame('N', "");
        }
        replies += 1;
        match code.contains(".implementation") {
            true => frame('R', "('micropython', (1, 13, 0), 'old', 0, 100000)"),
            false => frame('R', "None"),
        }
    });
    board
}

fn open(special: fn(&str) -> Option<Run>) -> Device {
    let items =
        vec![item(ItemKind::Task, "send", &["text"], "return text"), item(ItemKind::Thread, "spin", &[], "pass")];
    let class = Arc::new(Class::build("Old", "", None, items, &[]).expect("a class"));
    let host = Host::new(HostOptions::new(Arc::new(Silent)));
    let connector: Box<PortOpener> = Box::new(move |_| Ok(Box::new(board(special))));
    let options = OpenOptions { startup: Some(String::new()), auto_sync_time: false, ..OpenOptions::default() };
    host.open_over(&class, "old", connector, options, &mut |_, _| Ok(())).expect("a board")
}

fn call(device: &Device, name: &str, args: &[Value]) -> Result<Value, Error> {
    match device.call(name, args, &[], None)? {
        Called::Value(value) => Ok(value),
        Called::Generator(_) => panic!("`{name}` is a generator"),
    }
}

#[test]
fn system_exit_that_restarts_nothing_is_an_exception() {
    let device = open(|code| code.contains("sys.exit").then(Run::default));
    let begun = Instant::now();
    let error = device.exec("sys.exit(3)", None).unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::DeviceException, "SystemExit"), "{error:?}");
    assert!(begun.elapsed() < Duration::from_millis(500));
    assert_eq!(device.exec("1", None).unwrap(), Value::None);
}

/// As firmware without source lines prints it.
fn without_lines(last: &str) -> Run {
    let text = format!("Traceback (most recent call last):\r\n  File \"<stdin>\", in <module>\r\n{last}\r\n");
    Run { error: Some(text.into_bytes()), ..Run::default() }
}

#[test]
fn a_traceback_without_lines_gives_the_exception_alone() {
    let device = open(|code| match code {
        code if code.contains("start_new_thread") => Some(without_lines("ImportError: ")),
        code if code.contains("1/0") => Some(without_lines("ZeroDivisionError: divide by zero")),
        _ => None,
    });
    let error = device.exec("1/0", None).unwrap_err();
    assert_eq!(error.message(), "ZeroDivisionError: divide by zero");
    let error = call(&device, "spin", &[]).unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::FeatureUnavailableError, "the board has no threads"));
}

#[test]
fn text_that_the_firmware_cannot_hold_is_refused_by_the_argument_s_name() {
    for (has_unicode, text, refused) in [(false, "\u{2028}", true), (false, "plain", false), (true, "\u{e9}", false)] {
        let device = match has_unicode {
            true => open(|_| None),
            false => open(|code| code.contains("[1:]").then(|| Run::raises("SyntaxError: invalid syntax"))),
        };
        let outcome = call(&device, "send", &[Value::Str(text.to_owned())]);
        match outcome {
            Err(error) if refused => {
                assert_eq!(error.kind(), Kind::ArgumentError, "{error:?}");
                assert!(
                    error.message().starts_with("argument `text` of `send` contains non-ASCII characters"),
                    "{error:?}"
                );
            }
            outcome => assert!(!refused && outcome.is_ok(), "{text:?}: {outcome:?}"),
        }
    }
}
