//! The errors of file operations on a board.
//!
//! Uses [`crate::error`]. Pure. MicroPython's error numbers are Linux's on every board except its WebAssembly port, which
//! has those of WASI: [`common`] translates them.

use crate::error::{Error, Kind, PyException};

/// The number of an OSError of our own: a file was written and has another hash. No board has negative numbers.
const READS_BACK: i64 = -1;

/// The reply is not from the helper.
pub(super) fn nonsense() -> Error {
    Error::new(Kind::ProtocolError, "the board sent an invalid reply about its files")
        .with_help("a program on the board may have changed `os` or `open`; restart the board and try again")
}

/// The error of a board without directories, or without memory for the helper.
pub(super) fn unsuitable(error: Error) -> Error {
    if error.kind() != Kind::DeviceException {
        return error;
    }
    let short = is_memory_error(&error);
    let why = if short { "not enough memory" } else { "its firmware has no file system with directories" };
    Error::new(Kind::FeatureUnavailableError, format!("cannot access the board's files: {why}")).with_help(if short {
        "restart the board, or free memory with `import gc; gc.collect()`".to_owned()
    } else {
        format!("the board says: {}", error.message())
    })
}

pub(super) fn is_memory_error(error: &Error) -> bool {
    error.is_raised("MemoryError")
}

/// Whether bytes lost on the way to the board may have caused `error`: it waits for them, rejects the rest, or has written
/// something else.
pub(super) fn may_be_loss(error: &Error) -> bool {
    match error.kind() {
        Kind::TimeoutError => true,
        Kind::DeviceException => !error.is_raised("OSError") || error.errno() == Some(READS_BACK),
        _ => false,
    }
}

/// WASI's error numbers, as MicroPython's WebAssembly port passes them on, and Linux's (`errno.h` of wasi-libc).
const WASI: &[(i64, i64)] = &[
    (2, 13),
    (8, 9),
    (10, 16),
    (20, 17),
    (28, 22),
    (29, 5),
    (31, 21),
    (37, 36),
    (43, 19),
    (44, 2),
    (48, 12),
    (51, 28),
    (54, 20),
    (55, 39),
    (63, 1),
    (69, 30),
];

/// Linux's number for an error number of a board with this `sys.platform`.
pub(super) fn common(platform: &str, number: i64) -> i64 {
    let wasi = || WASI.iter().find(|(theirs, _)| *theirs == number).map(|(_, linux)| *linux);
    if platform == "webassembly" { wasi().unwrap_or(number) } else { number }
}

pub(super) fn not_written(number: i64, path: &str) -> Error {
    os_error(number, &format!("`{path}` cannot be written"))
}

/// The error of a file operation: MicroPython's numbers are Linux's, or [`READS_BACK`].
pub(super) fn os_error(number: i64, what: &str) -> Error {
    let (why, help) = match number {
        READS_BACK => {
            ("it reads back differently", "try again: the flash may be worn out, or the connection loses bytes")
        }
        1 | 13 => ("permission denied", "check whether it is read-only, or a non-empty directory"),
        2 => ("no such file or directory", "list the files with `belay-script ls :/`"),
        5 => ("the flash does not respond", "check whether an SD card was removed"),
        12 => ("the board's memory is full", "restart the board and try again"),
        17 => ("file exists", "choose another name"),
        19 => ("no such drive", "list the files with `belay-script ls :/`"),
        20 => ("part of the path is a file", "choose another path"),
        21 => ("it is a directory", "remove the directory first, or choose another name"),
        22 => ("the board does not accept this name", "choose a shorter one, without special characters"),
        28 => ("the board's flash is full", "run `belay-script df`, and remove files that are not needed"),
        30 => (
            "the board's file system is read-only",
            "CircuitPython keeps it so while its drive is mounted over USB: eject the drive on the computer, or call \
             `storage.remount(\"/\", False)` in the board's boot.py; or copy the files to the drive itself",
        ),
        36 | 63 | 78 => ("the path is too long for the board", "choose shorter names"),
        39 | 66 => ("the directory is not empty", "remove what is in it first"),
        _ => return raised(number, format!("{what}: error {number}")),
    };
    raised(number, format!("{what}: {why}")).with_help(help)
}

fn raised(number: i64, text: String) -> Error {
    let message = format!("OSError: {text}");
    let exception = PyException { class: "OSError".to_owned(), text, errno: Some(number) };
    Error::new(Kind::DeviceException, message).with_exception(exception)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn translates_error_numbers_of_wasi() {
        for (theirs, linux) in [(44, 2), (20, 17), (51, 28), (999, 999), (-1, -1), (0, 0)] {
            assert_eq!(common("webassembly", theirs), linux);
            assert_eq!(common("rp2", theirs), theirs);
        }
    }
}
