//! The options of `sync`.

use super::{Connection, Limit};
use clap::{Args, Parser, ValueHint};
use std::path::PathBuf;

/// The help below them.
pub const HELP: &str = "\
Examples:
  belay-script sync firmware -p /dev/ttyACM0
  belay-script sync firmware -p /dev/ttyACM0 --dry-run
  belay-script sync firmware -p sim --dst /app --keep settings.json --ignore '*.log'

Files that the folder does not have are removed from the board, except boot.py, webrepl_cfg.py and lib if --dst is /. \
--keep replaces this list; --no-delete removes nothing. Patterns are those of a .gitignore, relative to the folder; a file \
.belayignore in the folder adds more. The default of --ignore is *.pyc, __pycache__, .DS_Store and .pytest_cache.";

/// `sync`.
#[derive(Debug, Args)]
pub struct Sync {
    /// The folder, or one file
    #[arg(value_name = "FOLDER", value_hint = ValueHint::AnyPath)]
    pub folder: PathBuf,
    /// How.
    #[command(flatten)]
    pub choice: SyncChoice,
    /// Which board.
    #[command(flatten)]
    pub connection: Connection,
    /// How long it may take.
    #[command(flatten)]
    pub limit: Limit,
}

/// What `sync` and the `:sync` of the prompt share.
#[derive(Debug, Args)]
pub struct SyncChoice {
    /// Destination on the board
    #[arg(long, value_name = "PATH", default_value = "/")]
    pub dst: String,
    /// Keep this file or folder on the board (repeatable)
    #[arg(long, value_name = "PATH")]
    pub keep: Vec<String>,
    /// Keep nothing: remove boot.py and lib too
    #[arg(long, conflicts_with = "keep")]
    pub empty_keep: bool,
    /// Ignore files that match this pattern (repeatable)
    #[arg(long, value_name = "PATTERN")]
    pub ignore: Vec<String>,
    /// Ignore only what .belayignore lists
    #[arg(long, conflicts_with = "ignore")]
    pub empty_ignore: bool,
    /// Remove nothing from the board
    #[arg(long)]
    pub no_delete: bool,
    /// Send .py files unchanged, with their comments
    #[arg(long)]
    pub no_minify: bool,
    /// Compile .py files with this mpy-cross
    #[arg(long, value_name = "PROGRAM", value_hint = ValueHint::ExecutablePath)]
    pub mpy_cross_binary: Option<PathBuf>,
    /// Print the plan and change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    pub json: bool,
    /// Print only errors, no progress
    #[arg(short, long)]
    pub quiet: bool,
}

/// `:sync` at the prompt.
#[derive(Debug, Parser)]
#[command(name = ":sync", no_binary_name = true, disable_version_flag = true)]
#[command(about = "Make the files of an open board equal to a folder", long_about = None)]
pub struct SyncLine {
    /// The folder, or one file; with several boards, the name of one of them first
    #[arg(value_name = "FOLDER", num_args = 1..=2)]
    pub places: Vec<String>,
    /// How.
    #[command(flatten)]
    pub choice: SyncChoice,
}
