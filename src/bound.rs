//! Limits on data from outside: from a board, a network peer, a file, a program.
//!
//! Plain numbers. Invariant: each is checked before a byte above it is kept, and the error names it.

/// Bytes of the text of one reply, a value as printed by a board: in memory a value takes up to about 20 times as much.
pub const REPLY: usize = 16 << 20;

/// Bytes of one question of a program on a board: a request to a mounted folder with the bytes that it writes.
pub const QUESTION: usize = 256 << 10;

/// Entries of a listing of a board's files, of one directory or of a tree.
pub const ENTRIES: usize = 100_000;

/// Bytes that a network peer may send before the end of a negotiation or a login.
pub const NEGOTIATION: usize = 64 << 10;

/// Bytes of a board's output buffered while the host writes.
pub const UNREAD: usize = 1 << 20;

/// Bytes of one read of a mounted file, and of one listing of a mounted folder.
pub const MOUNT_READ: usize = 64 << 10;

/// Bytes of a script, a module, or a Python file for a board.
pub const SCRIPT: u64 = 16 << 20;

/// Bytes of a file with settings: `station.toml`, `.belayignore`, a password.
pub const SETTINGS: u64 = 1 << 20;

/// Bytes of a file that a script reads or attaches, that is edited, or that is compiled.
pub const FILE: u64 = 64 << 20;

/// Bytes of a recording for `replay:`.
pub const RECORDING: u64 = 256 << 20;

/// Bytes of one line of a `--jsonl` log: an attachment of [`FILE`] in base64, and its frame.
pub const LOG_LINE: usize = 96 << 20;

/// Bytes of standard input that contains a script or code for a board.
pub const INPUT: u64 = 16 << 20;

/// Bytes of one line of an instrument's reply, such as a curve as text. Binary blocks have a limit of their own.
pub const INSTRUMENT_LINE: usize = 64 << 20;

/// `bytes` for display: `64 MiB`, `1000 bytes`.
pub fn shown(bytes: u64) -> String {
    match bytes {
        1.. if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        1.. if bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}
