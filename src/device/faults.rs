//! What to say when a board or its link fails.
//!
//! Uses [`crate::error`]. Pure: plain data in, an error with its help out.

use crate::bound;
use crate::error::{Error, Kind};
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
                Some(timeout) => (format!("no answer within {} s", timeout.as_secs_f64()), "timeout = seconds"),
                None => ("the run took longer than `--timeout` allows".to_owned(), "--timeout SECONDS"),
            };
            let state = match (running, timeout) {
                (Some(printed), _) => still_running(printed),
                (None, Some(_)) => "the board was interrupted and can be used again".to_owned(),
                (None, None) => "the board was interrupted".to_owned(),
            };
            Error::new(Kind::TimeoutError, message).with_help(format!("{state}; allow more with `{more}`"))
        }
        Failure::Unheard => {
            Error::new(Kind::TimeoutError, "the board did not take the code within 30 s").with_help(match running {
                Some(_) => "the code may be too large for its memory; the next call restarts the board if need be",
                None => "the code may be too large for its memory; the board was interrupted and can be used again",
            })
        }
        Failure::Interrupted => match running {
            Some(printed) => Error::new(Kind::Interrupted, "interrupted").with_help(still_running(printed)),
            None => Error::new(Kind::Interrupted, "interrupted"),
        },
        Failure::Torn(_) => Error::new(Kind::ProtocolError, "the reply was torn, and could not be had again")
            .with_help(
                "a thread that prints without pause can do that, or a link that loses bytes; the call may have run",
            ),
        Failure::TooLong(length) => Error::new(
            Kind::ProtocolError,
            format!("the reply has {length} characters, and at most {} are taken", bound::shown(bound::REPLY as u64)),
        )
        .with_help("return less at once, for example in parts by a generator task; the call has run"),
        Failure::Restarted => Error::new(Kind::ConnectionLost, "the board restarted during the call").with_help(
            "`machine.reset()`, `sys.exit()`, a watchdog or a brown-out can do that; what was declared on it is gone",
        ),
        Failure::Lost(how) if abilities.simulated => {
            Error::new(Kind::ConnectionLost, format!("the connection was lost: {how}"))
                .with_help("the interpreter's process was ended from outside, or by the code that ran")
        }
        Failure::Lost(how) => Error::new(Kind::ConnectionLost, format!("the connection was lost: {how}"))
            .with_help("check the cable and the supply of the board; whether the call has run is not known"),
        Failure::Stuck(seen) => match last_line(&seen.printed) {
            line if line.is_empty() => Error::new(Kind::ConnectionLost, "the board no longer answers")
                .with_help(format!("{}; press its reset button or unplug it", tried(&seen))),
            line => {
                Error::new(Kind::ConnectionLost, format!("the program on the board keeps Ctrl-C: it printed `{line}`"))
                    .with_help(format!("{}; {KEEPS_CTRL_C}", tried(&seen)))
            }
        },
    }
}

/// The error of a board that could not be connected.
pub fn connect_error(failure: Failure, port: &str, abilities: Abilities) -> Error {
    match failure {
        Failure::Stuck(_) if abilities.starts_on_open => {
            Error::new(Kind::ConnectionFailedError, format!("`{port}` is no MicroPython: it has no raw REPL"))
                .with_help("give a command that starts MicroPython 1.27 or newer with a prompt; or use `--port sim`")
        }
        Failure::Stuck(seen) => silent(port, &seen),
        Failure::Torn(_) | Failure::TooLong(_) => silent(port, &Seen::default()),
        Failure::Lost(how) if abilities.starts_on_open => {
            let what = if how.ends_with("status 127") { "there is no such command" } else { how.as_str() };
            Error::new(Kind::ConnectionFailedError, format!("`{port}` is no MicroPython: {what}"))
                .with_help("give a command that starts MicroPython 1.27 or newer with a prompt; or use `--port sim`")
        }
        Failure::Lost(how) => Error::new(
            Kind::ConnectionFailedError,
            format!("the connection to `{port}` was lost while opening it: {how}"),
        )
        .with_help("check the cable and the supply of the board"),
        Failure::Restarted => {
            Error::new(Kind::ConnectionFailedError, format!("the board at `{port}` keeps restarting"))
                .with_help("a program in its boot.py or main.py, or a weak supply, can do that")
        }
        Failure::Timeout | Failure::Unheard => {
            Error::new(Kind::TimeoutError, format!("the board at `{port}` did not get ready in time"))
        }
        Failure::Interrupted => Error::new(Kind::Interrupted, "interrupted"),
    }
}

/// What to do about a program that lets nobody in.
const KEEPS_CTRL_C: &str = "press the reset button while the command is repeated, or erase the board's main.py with its \
                            firmware tool, and let programs end on KeyboardInterrupt";

/// What is known of a program that has not ended.
fn still_running(printed: &[u8]) -> String {
    match last_line(printed) {
        line if line.is_empty() => {
            "the program on the board has not ended on Ctrl-C yet; the next call interrupts it again, and restarts the \
             board if that does not help"
                .to_owned()
        }
        line => format!(
            "the program on the board keeps Ctrl-C: it printed `{line}`; the next call restarts the board if Ctrl-C in quick \
             succession does not help; let the program end on KeyboardInterrupt"
        ),
    }
}

/// The error of a port at which no raw REPL could be entered.
fn silent(port: &str, seen: &Seen) -> Error {
    let failed = |message: String| Error::new(Kind::ConnectionFailedError, message);
    let nothing = || failed(format!("no MicroPython board responded on `{port}`"));
    let text = String::from_utf8_lossy(&seen.printed);
    let garbled = text.chars().filter(|&letter| letter == char::REPLACEMENT_CHARACTER).count();
    let line = last_line(&seen.printed);
    if line.is_empty() {
        return nothing().with_help(format!(
            "{}, and nothing came back: check that MicroPython or CircuitPython is on the board, that it has power, and that \
             this is its port; press its reset button and try again",
            tried(seen)
        ));
    }
    if garbled * 4 > text.chars().count() {
        return nothing().with_help("what comes from it is no text: check the baud rate (`--baudrate`)");
    }
    failed(format!("the program on the board at `{port}` keeps Ctrl-C: it printed `{line}`"))
        .with_help(format!("{}; {KEEPS_CTRL_C}", tried(seen)))
}

/// What was tried, in words.
fn tried(seen: &Seen) -> String {
    let word = |means: &Means| match means {
        Means::Interrupt => "Ctrl-C",
        Means::Storm => "Ctrl-C in quick succession",
        Means::SoftReset => "a soft reset",
        Means::HardReset => "a reset by the port",
    };
    let mut words: Vec<&str> = Vec::new();
    for means in &seen.tried {
        if !words.contains(&word(means)) {
            words.push(word(means));
        }
    }
    match words.split_last() {
        None => "Ctrl-C did not help".to_owned(),
        Some((last, [])) => format!("{last} did not help"),
        Some((last, rest)) => format!("{} and {last} did not help", rest.join(", ")),
    }
}

/// What to do about an exception that every bench meets.
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

/// The number of an `OSError`: `[Errno 30] …`, whose words depend on the firmware and its language; `30` alone where the
/// firmware has no word for it; `(30, …)` where it was raised with a text.
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
    fn errors_of_the_system_are_told_by_their_number() {
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
