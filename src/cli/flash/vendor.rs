//! The tools of vendors: esptool for chips of Espressif, dfu-util for boards in DFU mode.
//!
//! They are run, not linked. The crate espflash 4.7 adds 35 crates, and its work, a dialogue with the loader in a chip's ROM, can only be
//! tested with a chip. People who flash such boards have esptool. Invariant: the command line is shown before it runs, and its
//! failure is that of the command.

use super::image::{Chip, chip, chip_names};
use super::{LOOK, interrupted, pause};
use crate::cli::arguments::flash::Flash;
use crate::cli::console::Console;
use crate::cli::programs;
use crate::error::{Error, Kind, Result};
use crate::phrase::any_of;
use crate::port::Wait;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The longest time that a tool may take: 16 MB at 115200 baud.
const LIMIT: Duration = Duration::from_secs(30 * 60);
/// How long a tool may take to end after Ctrl-C, which it gets too.
const GRACE: Duration = Duration::from_secs(2);
/// Baud rate of esptool: all usual USB bridges can.
const BAUD: u32 = 460_800;

/// The words after `esptool`.
///
/// # Errors
/// If the chip or the offset is not known.
fn esptool_words(options: &Flash, found: Option<&'static Chip>, port: &str) -> Result<Vec<String>> {
    let named = options.chip.as_deref();
    let chip = match named {
        None => found,
        Some(name) => Some(chip(name).ok_or_else(|| {
            Error::new(Kind::ParseError, format!("unknown chip `{name}`"))
                .with_help(format!("use {}", any_of(&chip_names())))
        })?),
    };
    if let (Some(chip), Some(found)) = (chip, found)
        && chip != found
        && !options.force
    {
        return Err(Error::new(Kind::ParseError, format!("the firmware is for {}, not for {}", found.name, chip.name))
            .with_help("use other firmware; `--force` writes it all the same"));
    }
    let offset = options.offset.as_deref().or(chip.map(|chip| chip.offset)).ok_or_else(|| {
        Error::new(Kind::ParseError, "the file does not say which chip it is for")
            .with_help("add `--chip NAME`, or `--offset ADDRESS` if it is a part of the firmware")
    })?;
    let baud = options.connection.baudrate.unwrap_or(BAUD).to_string();
    let file = options.firmware.display().to_string();
    // With an underscore: versions before 5 know only that, later ones too.
    let mut words =
        vec!["--chip", chip.map_or("auto", |chip| chip.name), "--port", port, "--baud", &baud, "write_flash"];
    words.extend(options.erase.then_some("--erase-all"));
    words.extend([offset, &file]);
    Ok(words.into_iter().map(str::to_owned).collect())
}

/// Flashes by esptool.
///
/// # Errors
/// FeatureUnavailableError if it is not installed; of wrong options; ScriptError if it fails; Interrupted.
pub fn esptool(options: &Flash, chip: Option<&'static Chip>, port: &str, console: &Console) -> Result<()> {
    let words = esptool_words(options, chip, port)?;
    let program = ["esptool", "esptool.py"].iter().find_map(|name| programs::find(name)).ok_or_else(|| {
        Error::new(Kind::FeatureUnavailableError, "`esptool` not found: it writes the firmware of ESP boards")
            .with_help("install it: `pip install esptool`")
    })?;
    run(&program, &words, console)
}

/// Whether a board is in DFU mode.
///
/// # Errors
/// FeatureUnavailableError if dfu-util cannot be started.
pub fn has_dfu_board(program: &Path) -> Result<bool> {
    let listed = Command::new(program).arg("--list").stdin(Stdio::null()).output();
    let listed = listed.map_err(|error| not_started(program, &error))?;
    Ok(String::from_utf8_lossy(&listed.stdout).contains("Found DFU"))
}

/// Waits for a board in DFU mode.
///
/// # Errors
/// TimeoutError if there is none until `deadline`; Interrupted.
pub fn wait_for_dfu_board(program: &Path, deadline: Instant) -> Result<()> {
    while !has_dfu_board(program)? {
        if Instant::now() >= deadline {
            return Err(Error::new(Kind::TimeoutError, "no board in DFU mode found")
                .with_help("hold the board's boot button while you plug it in, or connect BOOT0 to 3.3 V"));
        }
        pause(LOOK)?;
    }
    Ok(())
}

/// Flashes by dfu-util.
///
/// # Errors
/// ScriptError if it fails; Interrupted.
pub fn dfu_util(program: &Path, file: &Path, console: &Console) -> Result<()> {
    let file = file.display().to_string();
    // `leave`: then the board runs the firmware.
    let words = ["--alt", "0", "--dfuse-address", ":leave", "--download", &file].map(str::to_owned);
    run(program, &words, console)
}

/// The file of dfu-util.
///
/// # Errors
/// FeatureUnavailableError if it is not installed.
pub fn find_dfu_util() -> Result<PathBuf> {
    programs::find("dfu-util").ok_or_else(|| {
        Error::new(Kind::FeatureUnavailableError, "`dfu-util` not found: it writes firmware in DFU files")
            .with_help("install it: `apt install dfu-util`, `brew install dfu-util`, or from its page for Windows")
    })
}

/// Shows the command line, and runs it; its output goes to standard error.
fn run(program: &Path, words: &[String], console: &Console) -> Result<()> {
    let name = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let line: Vec<String> = std::iter::once(&name).chain(words).map(|word| quoted(word)).collect();
    console.remark(&format!("$ {}\n", line.join(" ")));
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null()).stdout(std::io::stderr());
    let mut child = command.spawn().map_err(|error| not_started(program, &error))?;
    let mut end = Instant::now() + LIMIT;
    let mut stopped = false;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| not_started(program, &error))? {
            break status;
        }
        if !stopped && crate::interrupt::take() {
            stopped = true;
            end = Instant::now() + GRACE;
        }
        if Instant::now() >= end {
            let _ = child.kill();
        }
        // No portable event announces the end of a process.
        std::thread::park_timeout(Wait::SLICE);
    };
    match () {
        () if stopped || crate::interrupt::take() => Err(interrupted()),
        () if status.success() => Ok(()),
        () => Err(Error::new(Kind::ScriptError, format!("`{name}` failed: {status}"))
            .with_help("its own output says why; the board may have no working firmware now")),
    }
}

fn not_started(program: &Path, error: &std::io::Error) -> Error {
    let message = format!("`{}` cannot be started: {}", program.display(), crate::disk::reason(error));
    Error::new(Kind::FeatureUnavailableError, message).with_help("install it again")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "_-./:=@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::arguments::{Arguments, Command as Chosen};
    use clap::Parser as _;

    fn words(line: &str, found: Option<&'static str>) -> std::result::Result<String, String> {
        let parsed = Arguments::try_parse_from(format!("belay-script flash a.bin {line}").split_whitespace()).unwrap();
        let Some(Chosen::Flash(options)) = parsed.command else { panic!("no flash") };
        let words = esptool_words(&options, found.and_then(chip), "/dev/ttyUSB0");
        words.map(|words| words.join(" ")).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn the_chip_decides_the_offset() {
        let common = "--port /dev/ttyUSB0 --baud 460800 write_flash";
        assert_eq!(words("", Some("esp32")), Ok(format!("--chip esp32 {common} 0x1000 a.bin")));
        assert_eq!(words("--erase", Some("esp32s3")), Ok(format!("--chip esp32s3 {common} --erase-all 0x0 a.bin")));
        assert_eq!(words("--chip esp32c3", None), Ok(format!("--chip esp32c3 {common} 0x0 a.bin")));
        assert_eq!(words("--offset 0x10000", None), Ok(format!("--chip auto {common} 0x10000 a.bin")));
        assert!(words("--baudrate 9600", Some("esp32")).unwrap().contains("--baud 9600 "));
        assert_eq!(words("", None).unwrap_err(), "the file does not say which chip it is for");
        assert_eq!(words("--chip esp99", None).unwrap_err(), "unknown chip `esp99`");
        assert_eq!(words("--chip esp32", Some("esp32s3")).unwrap_err(), "the firmware is for esp32s3, not for esp32");
        assert!(words("--chip esp32 --force", Some("esp32s3")).is_ok());
    }

    #[test]
    fn words_are_shown_as_a_shell_takes_them() {
        assert_eq!(["a.bin", "my file", "it's", ""].map(quoted), ["a.bin", "'my file'", "'it'\\''s'", "''"]);
    }
}
