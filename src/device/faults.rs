//! What to say when a board or its link fails.
//!
//! Uses [`crate::error`]. Pure: plain data in, an error with its help out.

use crate::bound;
use crate::error::{Error, Kind};
use crate::python::traceback::Traceback;
use crate::repl::Failure;
use std::time::Duration;

/// The error of a command without reply. `timeout`: the call's own; `None` if the run's deadline passed.
pub fn error(failure: Failure, timeout: Option<Duration>) -> Error {
    match failure {
        Failure::Timeout => match timeout {
            Some(timeout) => Error::new(Kind::TimeoutError, format!("no answer within {} s", timeout.as_secs_f64()))
                .with_help("the board was interrupted and can be used again; allow more with `timeout = seconds`"),
            None => Error::new(Kind::TimeoutError, "the run took longer than `--timeout` allows")
                .with_help("the board was interrupted; allow more with `--timeout SECONDS`"),
        },
        Failure::Interrupted => Error::new(Kind::Interrupted, "interrupted"),
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
        Failure::Lost(how) if how.contains("simulated") => {
            Error::new(Kind::ConnectionLost, format!("the connection was lost: {how}"))
                .with_help("the interpreter's process was ended from outside, or by the code that ran")
        }
        Failure::Lost(how) => Error::new(Kind::ConnectionLost, format!("the connection was lost: {how}"))
            .with_help("check the cable and the supply of the board; whether the call has run is not known"),
        Failure::Stuck => Error::new(Kind::ConnectionLost, "the board no longer answers")
            .with_help("press its reset button or unplug it; a program that switches interrupts off can do that"),
    }
}

/// The error of a board that could not be connected.
pub fn connect_error(failure: Failure, port: &str) -> Error {
    match failure {
        Failure::Stuck if port.starts_with("exec:") => {
            Error::new(Kind::ConnectionFailedError, format!("`{port}` is no MicroPython: it has no raw REPL"))
                .with_help("give a command that starts MicroPython 1.27 or newer with a prompt; or use `--port sim`")
        }
        Failure::Stuck | Failure::Torn(_) | Failure::TooLong(_) => {
            Error::new(Kind::ConnectionFailedError, format!("nothing at `{port}` answers as a MicroPython board does"))
                .with_help("is MicroPython or CircuitPython on the board, and the baud rate right? press its reset button and try again")
        }
        Failure::Lost(how) if port.starts_with("exec:") => {
            let what = if how.ends_with("status 127") { "there is no such command" } else { how.as_str() };
            Error::new(Kind::ConnectionFailedError, format!("`{port}` is no MicroPython: {what}"))
                .with_help("give a command that starts MicroPython 1.27 or newer with a prompt; or use `--port sim`")
        }
        Failure::Lost(how) => {
            Error::new(Kind::ConnectionFailedError, format!("the connection to `{port}` was lost while opening it: {how}"))
                .with_help("check the cable and the supply of the board")
        }
        Failure::Restarted => {
            Error::new(Kind::ConnectionFailedError, format!("the board at `{port}` keeps restarting"))
                .with_help("a program in its boot.py or main.py, or a weak supply, can do that")
        }
        Failure::Timeout => Error::new(Kind::TimeoutError, format!("the board at `{port}` did not get ready in time")),
        Failure::Interrupted => Error::new(Kind::Interrupted, "interrupted"),
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
