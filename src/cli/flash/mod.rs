//! `flash`: writes firmware to a board.
//!
//! Uses [`crate::device`] before and after, and in between the drive of a boot loader, or a tool of the vendor. Invariant: success is only
//! said after a board has answered with the new firmware.

mod board;
mod drive;
mod image;
mod uf2;
mod vendor;

use super::arguments::flash::Flash;
use super::console::Console;
use super::progress::Bar;
use super::{misuse, signals, unread};
use crate::bound;
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::error::{Error, Kind, Result};
use crate::phrase::{all_of, any_of};
use crate::port::{PortError, Wait};
use board::Flashed;
use drive::Drive;
use image::Image;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uf2::Uf2;

/// Time between two looks for a drive, or for a board.
const LOOK: Duration = Duration::from_millis(200);
/// How long a boot loader may take from the last byte until it restarts the board.
const RESTART: Duration = Duration::from_secs(15);

/// Writes the firmware; returns the exit status.
///
/// # Errors
/// If the file is not firmware, or does not fit the board; if a tool is missing or fails; if no boot loader or no board appears in
/// time; if Ctrl-C was pressed.
pub fn command(options: &Flash, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    signals::watch()?;
    let shown = options.firmware.display();
    let firmware = disk::read_named(&options.firmware, bound::FILE)
        .map_err(|error| unread(&format!("`{shown}`"), &error, "check the path and the current folder"))?;
    let is_bin = options.firmware.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("bin"));
    let image = Image::recognise(&firmware, is_bin).map_err(|why| {
        misuse(format!("`{shown}` {why}"), "download it again: a .uf2, .bin or .dfu file for your board")
    })?;
    let mut board = Flashed::new(&options.connection, console)?;
    let flashed = match &image {
        Image::Uf2(uf2) => by_drive(options, uf2, &firmware, &mut board, console),
        Image::Esp(chip) => board.serial_port().and_then(|port| vendor::esptool(options, *chip, &port, console)),
        Image::Dfu => by_dfu(options, &mut board, console),
    };
    let found = flashed.and_then(|()| {
        console.remark("-- waiting for the board\n");
        board.wait(Instant::now() + options.timeout)
    });
    let found = found.map_err(super::session::plain)?;
    let before = board.firmware.map(|before| format!("; before: {before}")).unwrap_or_default();
    console.text(&format!("{found}{before}\n"));
    Ok(0)
}

/// Copies the firmware to the drive of a boot loader.
fn by_drive(options: &Flash, uf2: &Uf2, firmware: &[u8], board: &mut Flashed, console: &Arc<Console>) -> Result<()> {
    let there = drives(options);
    let starts = there.is_empty() || board.is_named();
    let has_started = starts && start_boot_loader(board, !there.is_empty(), console)?;
    // A drive that was there before is that of another board, unless it is named.
    let others = if has_started && options.drive.is_none() { there } else { Vec::new() };
    let drive = wait_for_drive(options, &others, console)?;
    check(uf2, &drive, options.force)?;
    let shown = drive.folder.display();
    let bar = Bar::new(console, "copying", firmware.len() as u64);
    drive.write(firmware, &|bytes| bar.set(bytes))?;
    bar.finish();
    console.remark(&format!("-- copied {} bytes to `{shown}`\n", firmware.len()));
    let end = Instant::now() + RESTART;
    while drive.is_there() {
        if Instant::now() >= end {
            let message = format!("the boot loader did not take the firmware: its drive `{shown}` is still there");
            return Err(Error::new(Kind::TimeoutError, message)
                .with_help("check that the firmware is for this board; unplug the board and try again"));
        }
        pause(LOOK)?;
    }
    Ok(())
}

/// Starts the boot loader of a board that answers; whether it has. `is_optional`: a boot loader is there already, perhaps that of the
/// same board.
fn start_boot_loader(board: &mut Flashed, is_optional: bool, console: &Console) -> Result<bool> {
    if !board.is_expected() {
        return Ok(false);
    }
    match board.enter_boot_loader() {
        Ok(()) => {
            let firmware = board.firmware.as_deref().unwrap_or_default();
            console.remark(&format!("-- {firmware}: its boot loader starts\n"));
            Ok(true)
        }
        Err(error) if is_optional && error.kind().is_a(Kind::ConnectionFailedError) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The drives that the command may use now.
fn drives(options: &Flash) -> Vec<Drive> {
    match &options.drive {
        Some(folder) => Drive::at(folder).into_iter().collect(),
        None => drive::mounted(),
    }
}

/// The drive to use, if it is there. `others`: those of other boards.
fn choose(now: Vec<Drive>, others: &[Drive]) -> Result<Option<Drive>> {
    let mut found: Vec<Drive> = now.into_iter().filter(|drive| !others.contains(drive)).collect();
    if found.len() > 1 {
        let places: Vec<String> = found.iter().map(|drive| format!("`{}`", drive.folder.display())).collect();
        let message = format!("several boot drives are mounted: {}", all_of(&places));
        return Err(Error::new(Kind::InsufficientSpecifierError, message).with_help("name one with `--drive`"));
    }
    Ok(found.pop())
}

/// Waits for a boot drive.
fn wait_for_drive(options: &Flash, others: &[Drive], console: &Console) -> Result<Drive> {
    let end = Instant::now() + options.timeout;
    let mut is_said = false;
    loop {
        if let Some(drive) = choose(drives(options), others)? {
            return Ok(drive);
        }
        if Instant::now() >= end {
            let message = format!("no boot drive appeared within {} s", options.timeout.as_secs_f64());
            let help = drive::how_to_mount().unwrap_or_else(|| {
                "hold the board's boot button while you plug it in; `--drive DIR` names a drive that was not found"
                    .to_owned()
            });
            return Err(Error::new(Kind::TimeoutError, message).with_help(help));
        }
        if !is_said {
            console.remark("-- waiting for the boot drive\n");
            is_said = true;
        }
        pause(LOOK)?;
    }
}

/// Refuses firmware for another kind of board.
fn check(uf2: &Uf2, drive: &Drive, force: bool) -> Result<()> {
    match uf2.misfit(&drive.board_id) {
        Some(takes) if !force => {
            let families = all_of(&uf2.families());
            let message =
                format!("the firmware is for {families}, the board `{}` takes {}", drive.board_id, any_of(takes));
            Err(Error::new(Kind::FeatureUnavailableError, message)
                .with_help("use firmware for this board; `--force` copies it all the same"))
        }
        _ => Ok(()),
    }
}

/// Flashes a board in DFU mode; the board of `--port`, or the only one, is set into it first.
fn by_dfu(options: &Flash, board: &mut Flashed, console: &Arc<Console>) -> Result<()> {
    let program = vendor::find_dfu_util()?;
    let is_there = vendor::has_dfu_board(&program)?;
    if !is_there || board.is_named() {
        start_boot_loader(board, is_there, console)?;
        vendor::wait_for_dfu_board(&program, Instant::now() + options.timeout)?;
    }
    vendor::dfu_util(&program, &options.firmware, console)
}

/// Waits; Ctrl-C ends it.
fn pause(time: Duration) -> Result<()> {
    let wait = Wait::for_at_most(time);
    loop {
        match wait.slice() {
            Ok(slice) => std::thread::park_timeout(slice),
            Err(PortError::Interrupted) => {
                crate::interrupt::take();
                return Err(interrupted());
            }
            Err(_) => return Ok(()),
        }
    }
}

fn interrupted() -> Error {
    Error::new(Kind::Interrupted, "interrupted: the board may be in its boot loader, or without working firmware")
        .with_help("run the command again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drives_of_other_boards_are_left_alone() {
        let drive = |folder: &str| Drive { folder: folder.into(), board_id: "RPI-RP2".to_owned() };
        let (old, new) = (drive("/media/old"), drive("/media/new"));
        assert_eq!(choose(vec![old.clone()], std::slice::from_ref(&old)).unwrap(), None);
        assert_eq!(choose(vec![old.clone(), new.clone()], std::slice::from_ref(&old)).unwrap(), Some(new.clone()));
        assert_eq!(choose(vec![old.clone()], &[]).unwrap(), Some(old.clone()));
        let error = choose(vec![old, new], &[]).unwrap_err();
        assert_eq!(error.message(), "several boot drives are mounted: `/media/old` and `/media/new`");
    }
}
