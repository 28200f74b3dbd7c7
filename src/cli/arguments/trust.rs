//! The options of `trust`.

use clap::{Args, ValueHint};
use std::path::PathBuf;

/// The help below the options.
pub const HELP: &str = "\
Examples:
  belay-script trust lab                  trust lab/station.toml as it is now
  belay-script trust --list
  belay-script trust lab --remove";

/// `trust`.
#[derive(Debug, Args)]
pub struct Trust {
    /// The folder of the station.toml
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath, required_unless_present = "list")]
    pub folder: Option<PathBuf>,
    /// List trusted files, and whether they have changed
    #[arg(long, conflicts_with_all = ["folder", "remove"])]
    pub list: bool,
    /// Stop trusting the file
    #[arg(long)]
    pub remove: bool,
}
