//! The errors for a board or connection that fails.
//!
//! Uses [`crate::error`]. Pure: plain data in, an error with its help out.

use crate::board::ConnectFailure;
use crate::bound;
use crate::error::{Error, Kind};
use crate::phrase::all_of;
use crate::port::Abilities;
use crate::python::traceback::Traceback;
use crate::repl::{Failure, Means, Seen, last_line};
use std::time::Duration;

/// The error of a command without reply. `abilities`: of the port; `timeout`: the call's own; `None` if the run's deadline passed. `running`: what the
/// program has printed since it was interrupted, if it has not ended.
pub fn error(failure: Failure, abilities: Abilities, timeout: Option<Duration>, running: Option<&[u8]>) -> Error {
    match failure {
        Failure::Timeout => {
            let (message, more) = match timeout {
                Some(timeout) => (format!("no reply within {} s", timeout.as_secs_f64()), "timeout = seconds"),
                None => ("the run took longer than `--timeout` allows".to_owned(), "--timeout SECONDS"),
            };
            let state = match (running, timeout) {
                (Some(printed), _) => still_running(printed),
                (None, Some(_)) => "the board was interrupted and can be used again".to_owned(),
                (None, None) => "the board was interrupted".to_owned(),
            };
            Error::new(Kind::TimeoutError, message).with_help(format!("{state}; allow more with `{more}`"))
        }
        Failure::Paused => Error::new(Kind::InternalError, "a program runs on that was to end"),
        Failure::Unheard => {
            Error::new(Kind::TimeoutError, "the board did not accept the code within 30 s").with_help(match running {
                Some(_) => "the code may be too large for its memory; the next call restarts the board if necessary",
                None => "the code may be too large for its memory; the board was interrupted and can be used again",
            })
        }
        Failure::Interrupted => match running {
            Some(printed) => Error::new(Kind::Interrupted, "interrupted").with_help(still_running(printed)),
            None => Error::new(Kind::Interrupted, "interrupted"),
        },
        Failure::Torn(_) => Error::new(Kind::ProtocolError, "the reply was corrupted and could not be recovered")
            .with_help(
                "a thread that prints without pause, or a connection that loses bytes, can cause this; the call may have run",
            ),
        Failure::TooLong(length) => Error::new(
            Kind::ProtocolError,
            format!("the reply has {length} characters, but the limit is {}", bound::shown(bound::REPLY as u64)),
        )
        .with_help("return less at once, for example in parts by a generator task; the call has run"),
        Failure::Restarted => Error::new(Kind::ConnectionLost, "the board restarted during the call").with_help(
            "`machine.reset()`, `sys.exit()`, a watchdog or a brown-out can cause this; the board's declarations are gone",
        ),
        Failure::Lost(how) if abilities.simulated => {
            Error::new(Kind::ConnectionLost, format!("the connection was lost: {how}"))
                .with_help("another program, or the code that ran, ended the interpreter's process")
        }
        Failure::Lost(how) => Error::new(Kind::ConnectionLost, format!("the connection was lost: {how}"))
            .with_help("check the board's cable and power supply; the call may have run"),
        Failure::Stuck(seen) => match last_line(&seen.printed) {
            line if line.is_empty() => Error::new(Kind::ConnectionLost, "the board no longer responds")
                .with_help(format!("{}; press its reset button or unplug it", tried(&seen))),
            line => {
                Error::new(Kind::ConnectionLost, format!("the program on the board catches Ctrl-C: it printed `{line}`"))
                    .with_help(format!("{}; {KEEPS_CTRL_C}", tried(&seen)))
            }
        },
    }
}

/// The error of a board that could not be connected.
fn connect_error(failure: Failure, port: &str, abilities: Abilities) -> Error {
    match failure {
        Failure::Stuck(_) if abilities.starts_on_open => {
            Error::new(Kind::ConnectionFailedError, format!("`{port}` is not a MicroPython: it has no raw REPL"))
                .with_help("use a command that starts MicroPython 1.27 or newer with a prompt, or use `--port sim`")
        }
        Failure::Stuck(seen) => silent(port, &seen),
        Failure::Torn(_) | Failure::TooLong(_) => silent(port, &Seen::default()),
        Failure::Lost(how) if abilities.starts_on_open => {
            Error::new(Kind::ConnectionFailedError, format!("`{port}` is not a MicroPython: {how}"))
                .with_help("use a command that starts MicroPython 1.27 or newer with a prompt, or use `--port sim`")
        }
        Failure::Lost(how) => Error::new(
            Kind::ConnectionFailedError,
            format!("the connection to `{port}` was lost while opening it: {how}"),
        )
        .with_help("check the board's cable and power supply"),
        Failure::Restarted => {
            Error::new(Kind::ConnectionFailedError, format!("the board at `{port}` keeps restarting"))
                .with_help("check its boot.py and main.py, and its power supply")
        }
        Failure::Timeout | Failure::Unheard | Failure::Paused => {
            Error::new(Kind::TimeoutError, format!("the board at `{port}` was not ready in time"))
        }
        Failure::Interrupted => Error::new(Kind::Interrupted, "interrupted"),
    }
}

/// The error of a board that did not connect.
pub fn refused(failure: ConnectFailure, port: &str, abilities: Abilities) -> Error {
    refused_unless(failure, port, abilities, true)
}

/// As [`refused`]. `fresh`: the board was restarted before, so no earlier code can be the reason.
pub fn refused_unless(failure: ConnectFailure, port: &str, abilities: Abilities, fresh: bool) -> Error {
    match failure {
        ConnectFailure::Link(failure) => connect_error(failure, port, abilities),
        ConnectFailure::Unusable(text) => {
            let last = text.trim().lines().last().unwrap_or_default().to_owned();
            if last.starts_with("MemoryError") {
                return Error::new(
                    Kind::ConnectionFailedError,
                    format!("the board at `{port}` has not enough free memory: {}", last.trim_end_matches([':', ' '])),
                )
                .with_help("restart the board to free the memory of earlier programs: open it without `soft_reset: false`, or run `belay-script exec pass`");
            }
            if !fresh {
                return Error::new(
                    Kind::ConnectionFailedError,
                    format!("the board at `{port}` cannot run belay-script's helpers: {last}"),
                )
                .with_help(
                    "restart the board (`belay-script reset`, or open it without `soft_reset: false`): an earlier program may \
                     have replaced a built-in, such as `builtins.__import__`",
                );
            }
            Error::new(
                Kind::ConnectionFailedError,
                format!("the device at `{port}` is not a usable MicroPython: {last}"),
            )
            .with_help("install MicroPython 1.9 or newer, or CircuitPython, on the board")
        }
    }
}

/// The help for a program that catches Ctrl-C.
const KEEPS_CTRL_C: &str = "press the reset button while you repeat the command, or erase the board's main.py with its \
                            firmware tool, and let programs end on KeyboardInterrupt";

/// The help for a program that has not ended.
fn still_running(printed: &[u8]) -> String {
    match last_line(printed) {
        line if line.is_empty() => {
            "the program on the board has not ended after Ctrl-C; the next call interrupts it again, and restarts the \
             board if that does not help"
                .to_owned()
        }
        line => format!(
            "the program on the board catches Ctrl-C: it printed `{line}`; the next call restarts the board if repeated \
                          Ctrl-C does not help; let the program end on KeyboardInterrupt"
        ),
    }
}

/// The error of a port without a raw REPL.
fn silent(port: &str, seen: &Seen) -> Error {
    let failed = |message: String| Error::new(Kind::ConnectionFailedError, message);
    let nothing = || failed(format!("no MicroPython board responded on `{port}`"));
    let text = String::from_utf8_lossy(&seen.printed);
    let garbled = text.chars().filter(|&letter| letter == char::REPLACEMENT_CHARACTER).count();
    let line = last_line(&seen.printed);
    if line.is_empty() {
        return nothing().with_help(format!(
            "{}, and nothing responded: check that MicroPython or CircuitPython is on the board, that it has power, and that \
             this is its port; press its reset button and try again",
            tried(seen)
        ));
    }
    if garbled * 4 > text.chars().count() {
        return nothing().with_help("check the baud rate (`--baudrate`): the port's output is not text");
    }
    failed(format!("the program on the board at `{port}` catches Ctrl-C: it printed `{line}`"))
        .with_help(format!("{}; {KEEPS_CTRL_C}", tried(seen)))
}

/// Describes what was tried.
fn tried(seen: &Seen) -> String {
    let word = |means: &Means| match means {
        Means::Interrupt => "Ctrl-C",
        Means::Storm => "repeated Ctrl-C",
        Means::SoftReset => "a soft reset",
        Means::HardReset => "a reset by the port",
    };
    let mut words: Vec<&str> = Vec::new();
    for means in &seen.tried {
        if !words.contains(&word(means)) {
            words.push(word(means));
        }
    }
    if words.is_empty() {
        words.push("Ctrl-C");
    }
    format!("{} did not help", all_of(&words))
}

/// The help for a common exception.
pub fn help(traceback: &Traceback) -> Option<&'static str> {
    let (class, detail) = (traceback.class(), traceback.detail());
    match class {
        "MemoryError" => Some("the board has no memory left: send less at once, or `import gc; gc.collect()` first"),
        "OSError" => match error_number(detail)? {
            30 => Some(
                "the board's file system is read-only; a CircuitPython drive must be ejected on the computer first",
            ),
            28 => Some("the board's flash is full"),
            19 | 5 => Some("no answer on the bus: check wiring, pull-ups and the address"),
            _ => None,
        },
        _ => None,
    }
}

/// The number of an `OSError`: `[Errno 30] …`, whose text depends on the firmware and its language; just `30` if the
/// firmware has no text for it; `(30, …)` if it was raised with a text.
fn error_number(detail: &str) -> Option<u32> {
    let rest = detail.strip_prefix("[Errno ").or(detail.strip_prefix('(')).unwrap_or(detail);
    let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    let alone = digits == rest.len() || rest[digits..].starts_with([']', ',']);
    rest[..digits].parse().ok().filter(|_| alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_number_of_a_system_error() {
        for (detail, number) in [
            ("[Errno 30] Schreibgeschütztes Dateisystem", Some(30)),
            ("28", Some(28)),
            ("(30, 'Read-only filesystem')", Some(30)),
            ("[Errno 5] EIO", Some(5)),
            ("30 seconds are over", None),
            ("", None),
            ("-2", None),
            ("99999999999", None),
        ] {
            assert_eq!(error_number(detail), number, "{detail}");
        }
    }
}
