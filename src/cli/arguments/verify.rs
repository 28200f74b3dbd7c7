//! The options of `verify`.

use clap::{Args, ValueHint};
use std::path::PathBuf;

/// The help below the options.
pub const HELP: &str = "\
Examples:
  belay-script verify run.jsonl
  belay-script verify report.json --json

Exit status 0: everything is as it was. 1: something differs or is missing.";

/// `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// A log that --jsonl wrote, or a report that --json wrote
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Look for files from this folder [default: that of the run, else the current one]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
