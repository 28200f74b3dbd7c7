//! `sim`: a simulated board: a real MicroPython with its own flash and a simulated `machine`.
//!
//! The interpreter is MicroPython's unix port in its own process ([`interpreter`]). Two sides make it a board: inside,
//! `boot.py` mounts a littlefs in place of the host's files and replaces the port's `machine` with a simulated one;
//! outside, [`SimPort`] restarts the process when a board would reset, and interrupts it when a board would be
//! interrupted. The host's input is held back until the flash is mounted.
//!
//! **Profiles** ([`profile`]) limit a board to the pins, buses, memory and modules of a real board.
//!
//! **Line ends** are a board's: printed text has CR LF for each LF; bytes written to `sys.stdout.buffer` pass unchanged
//! (`raw.rs`). The interpreter does not distinguish the two, so the board has its own `sys` (`board/_sim_sys.py`), and
//! `screen.rs` adds the CR. `crlf=off` leaves lines as the interpreter prints them.
//!
//! **Confined on Linux.** A simulated board runs a script's code, so its process can reach its flash, its terminal and the
//! interpreter's own files, and nothing else: no other file, no program, no process, no socket ([`confine`]).
//! On other systems `open`, `os` and `import` see only the board's flash, but code can deliberately reach the computer:
//! `os.system`, `os.getenv`, `open(0)` (a number is a file descriptor), `vfs.VfsPosix`, `socket`, and `ffi` where the
//! interpreter has it.
//!
//! **Threads of a board** run in parallel without a lock around the virtual machine (`sys.implementation._thread` is
//! `'unsafe'`): they may share only simple assignments.
//!
//! This is tested on Linux. On other unixes the terminal handles Ctrl-C: code sent by raw paste cannot be interrupted
//! there, and [`Abilities::raw_paste`](super::Abilities::raw_paste) is not set.

#[cfg(unix)]
mod board;
#[cfg(target_os = "linux")]
pub mod confine;
#[cfg(all(test, target_os = "linux"))]
mod confine_tests;
#[cfg(unix)]
mod flash;
#[cfg(unix)]
mod install;
#[cfg(unix)]
pub mod interpreter;
#[cfg(unix)]
mod interrupt;
#[cfg(unix)]
mod life;
#[cfg(all(test, unix))]
mod machine_tests;
pub mod profile;
#[cfg(all(test, unix))]
mod profile_tests;
#[cfg(unix)]
mod raw;
#[cfg(unix)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "what the interpreter does is seen on Linux"))]
mod receive;
#[cfg(target_os = "linux")]
mod safety;
#[cfg(unix)]
mod screen;
#[cfg(target_os = "linux")]
mod symbols;
#[cfg(all(test, unix))]
mod tests;
#[cfg(not(unix))]
mod unavailable;

#[cfg(unix)]
pub use board::SimPort;
#[cfg(not(unix))]
pub use unavailable::SimPort;

use crate::error::{Error, Kind, Result};
use profile::{GENERIC, PROFILES, Profile};
use std::path::{Path, PathBuf};

/// Bytes of a block of the flash.
pub const BLOCK: u64 = 4096;

/// Options of a simulated board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimOptions {
    /// The board's name, which determines `machine.unique_id()`. Empty: `sim`.
    pub name: String,
    /// The profile of the board.
    pub board: &'static Profile,
    /// Bytes of its heap. `None`: the profile's.
    pub heap: Option<u64>,
    /// The file of its flash, for a persistent board. `None`: the flash is lost when the port closes.
    pub flash: Option<PathBuf>,
    /// Bytes of its flash, a multiple of [`BLOCK`].
    pub flash_size: u64,
    /// Whether it ends lines with CR LF, as boards do: each LF of text becomes CR LF, while `sys.stdout.buffer` sends bytes
    /// unchanged. Otherwise only the friendly REPL does.
    pub crlf: bool,
}

impl Default for SimOptions {
    fn default() -> SimOptions {
        let board = &PROFILES[0];
        SimOptions { name: String::new(), board, heap: None, flash: None, flash_size: GENERIC.flash, crlf: true }
    }
}

impl SimOptions {
    /// Parses what follows `sim:`: `NAME?board=pico&heap=200k&flash=FILE&flash_size=1400k&crlf=off`, where every part is
    /// optional.
    ///
    /// Sizes are in bytes, or with suffix `k` (1024 bytes) or `m` (1024 `k`). The heap is 32k to 1024m, the flash 16k to
    /// 1024m and a multiple of 4k.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] for an unknown key or a value out of range.
    pub fn parse(text: &str) -> Result<SimOptions> {
        let (name, settings) = text.split_once('?').unwrap_or((text, ""));
        let mut options = SimOptions { name: name.to_owned(), ..SimOptions::default() };
        let mut sized = false;
        for setting in settings.split('&').filter(|setting| !setting.is_empty()) {
            let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
            match key {
                "heap" => options.heap = Some(size(key, value, 32 * 1024, 1)?),
                "flash_size" => {
                    options.flash_size = size(key, value, 4 * BLOCK, BLOCK)?;
                    sized = true;
                }
                "board" => {
                    let unknown = || refused(format!("unknown kind of board `{value}`")).with_help(kinds());
                    options.board = Profile::named(value).ok_or_else(unknown)?;
                }
                "crlf" => options.crlf = switch(key, value)?,
                "flash" if value.is_empty() => return Err(refused("`flash` needs a file name".to_owned())),
                "flash" => options.flash = Some(PathBuf::from(value)),
                _ => return Err(refused(format!("a simulated board has no option named `{key}`"))),
            }
        }
        if !sized {
            options.flash_size = options.board.flash;
        }
        Ok(options)
    }

    /// The files on this computer that the board reads and writes.
    pub fn files(&self) -> Vec<&Path> {
        // Name every option here, so that a new one with a path is not overlooked.
        let SimOptions { name: _, board: _, heap: _, flash, flash_size: _, crlf: _ } = self;
        flash.as_deref().into_iter().collect()
    }

    /// The address of this board, as [`SimOptions::parse`] reads it after `sim:`.
    pub fn address(&self) -> String {
        let mut settings = Vec::new();
        if self.board.name != GENERIC.name {
            settings.push(format!("board={}", self.board.name));
        }
        settings.extend(self.heap.map(|heap| format!("heap={heap}")));
        settings.extend(self.flash.as_ref().map(|flash| format!("flash={}", flash.display())));
        if self.flash_size != self.board.flash {
            settings.push(format!("flash_size={}", self.flash_size));
        }
        if !self.crlf {
            settings.push("crlf=off".to_owned());
        }
        match (self.name.as_str(), settings.is_empty()) {
            ("", true) => "sim".to_owned(),
            (name, true) => format!("sim:{name}"),
            (name, false) => format!("sim:{name}?{}", settings.join("&")),
        }
    }
}

/// The names of all profiles, as help.
fn kinds() -> String {
    let names: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
    format!("use one of {}", names.join(", "))
}

fn refused(message: String) -> Error {
    Error::new(Kind::ArgumentError, message)
        .with_help("use `sim`, `sim:NAME` or `sim:NAME?heap=200k&flash=FILE&flash_size=1400k&crlf=off`")
}

fn switch(key: &str, text: &str) -> Result<bool> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(refused(format!("`{key}={text}` must be `on` or `off`"))),
    }
}

/// A size of at least `least`, a multiple of `unit`.
fn size(key: &str, text: &str, least: u64, unit: u64) -> Result<u64> {
    let (digits, factor) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (&text[..text.len() - 1], 1024),
        Some(b'm' | b'M') => (&text[..text.len() - 1], 1024 * 1024),
        _ => (text, 1),
    };
    let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| plain).and_then(|number: u64| number.checked_mul(factor));
    let most = 1024 * 1024 * 1024;
    match number {
        Some(number) if (least..=most).contains(&number) && number % unit == 0 => Ok(number),
        Some(number) if (least..=most).contains(&number) => {
            Err(refused(format!("`{key}={text}` is not a multiple of {unit} bytes")))
        }
        Some(_) => Err(refused(format!("`{key}={text}` is not between {}k and 1024m", least / 1024))),
        None => Err(refused(format!("`{key}={text}` is not a valid size"))),
    }
}

#[cfg(test)]
mod option_tests {
    use super::*;

    #[test]
    fn options_are_read_and_written() {
        fn case(text: &str, address: &str, expected: SimOptions) {
            let options = SimOptions::parse(text).unwrap();
            assert_eq!(options, expected, "{text}");
            assert_eq!(options.address(), address);
        }
        let plain = SimOptions::default();
        let named = SimOptions { name: "bench".to_owned(), ..SimOptions::default() };
        case("", "sim", plain.clone());
        case("?", "sim", plain.clone());
        case("bench", "sim:bench", named.clone());
        case("?heap=200k", "sim:?heap=204800", SimOptions { heap: Some(200 * 1024), ..plain.clone() });
        case(
            "bench?heap=1m&flash=/tmp/a=b.img&flash_size=64K",
            "sim:bench?heap=1048576&flash=/tmp/a=b.img&flash_size=65536",
            SimOptions { heap: Some(1 << 20), flash: Some("/tmp/a=b.img".into()), flash_size: 65536, ..named },
        );
        let pico = Profile::named("pico").unwrap();
        let board = SimOptions { board: pico, flash_size: pico.flash, ..plain.clone() };
        case("?board=pico", "sim:?board=pico", board.clone());
        case(
            "?flash_size=1400k&board=pico&heap=64k",
            "sim:?board=pico&heap=65536&flash_size=1433600",
            SimOptions { flash_size: 1400 * 1024, heap: Some(65536), ..board },
        );
        case("?board=generic", "sim", plain.clone());
        case("?crlf=off", "sim:?crlf=off", SimOptions { crlf: false, ..plain.clone() });
        case("?flash_size=1400k&crlf=on", "sim", plain);
    }

    #[test]
    fn rejects_invalid_options() {
        fn case(text: &str, message: &str) {
            let error = SimOptions::parse(text).unwrap_err();
            assert_eq!(error.message(), message);
            assert_eq!(error.kind(), Kind::ArgumentError);
            assert!(error.help().is_some());
        }
        case("?ram=1k", "a simulated board has no option named `ram`");
        case("?heap=much", "`heap=much` is not a valid size");
        case("?heap=k", "`heap=k` is not a valid size");
        case("?heap=+64k", "`heap=+64k` is not a valid size");
        case("?heap=99999999999999999999", "`heap=99999999999999999999` is not a valid size");
        case("?heap=18446744073709551615m", "`heap=18446744073709551615m` is not a valid size");
        case("?heap=1k", "`heap=1k` is not between 32k and 1024m");
        case("?flash_size=2048m", "`flash_size=2048m` is not between 16k and 1024m");
        case("?flash_size=17k", "`flash_size=17k` is not a multiple of 4096 bytes");
        case("?board=nano", "unknown kind of board `nano`");
        case("?crlf=no", "`crlf=no` must be `on` or `off`");
        case("?flash=", "`flash` needs a file name");
    }
}
