//! The options of `selftest`.

use super::{Connection, seconds};
use clap::Args;
use std::time::Duration;

/// The help below `selftest`.
pub const HELP: &str = "\
Exit status: 0 nothing is wrong, 1 a check is wrong, 3 no connection to the board.

Examples:
  belay-script selftest -p /dev/ttyACM0
  belay-script selftest -p sim --quick
  belay-script selftest -p /dev/ttyACM0 --only values sync-cut
  belay-script selftest -p /dev/ttyACM0 --skip files     writes less to the flash
  belay-script selftest -p /dev/ttyACM0 --json > report.json";

/// `selftest`.
#[derive(Debug, Args)]
pub struct Selftest {
    /// Run only these checks or groups
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub only: Vec<String>,
    /// Run all but these checks or groups
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub skip: Vec<String>,
    /// List the checks without running them
    #[arg(long)]
    pub list: bool,
    /// Run shorter checks: fewer values, smaller files, comparison by size
    #[arg(long)]
    pub quick: bool,
    /// End each check after this many seconds [default: 120]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Which board.
    #[command(flatten)]
    pub connection: Connection,
}
