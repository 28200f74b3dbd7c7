//! The options of `flash`.

use super::Connection;
use clap::{Args, ValueHint};
use std::path::PathBuf;
use std::time::Duration;

/// The help below `flash`.
pub const HELP: &str = "\
Examples:
  belay-script flash firmware.uf2 -p a0             a Pico, or another board whose boot loader has a drive
  belay-script flash firmware.uf2                   the drive of a board that is in its boot loader already
  belay-script flash firmware.bin -p u0 --erase     an ESP board, by esptool
  belay-script flash firmware.dfu                   a board in DFU mode, by dfu-util
  belay-script -p a0 flash firmware.uf2 + sync src + reset";

/// `flash`.
#[derive(Debug, Args)]
pub struct Flash {
    /// The firmware: .uf2, .bin for ESP boards, or .dfu
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub firmware: PathBuf,
    /// Use the boot drive that is mounted here
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub drive: Option<PathBuf>,
    /// Write firmware that is for another kind of board
    #[arg(short, long)]
    pub force: bool,
    /// Chip of an ESP board [default: the one that the firmware names]
    #[arg(long, value_name = "NAME")]
    pub chip: Option<String>,
    /// Where in the flash of an ESP board the file begins [default: by the chip]
    #[arg(long, value_name = "ADDRESS")]
    pub offset: Option<String>,
    /// Erase the whole flash of an ESP board first, with its files
    #[arg(long)]
    pub erase: bool,
    /// Wait this long for the boot loader, and after it for the board
    #[arg(long, value_name = "SECONDS", value_parser = super::seconds, default_value = "60")]
    pub timeout: Duration,
    /// Which board.
    #[command(flatten)]
    pub connection: Connection,
}
