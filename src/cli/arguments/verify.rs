//! The options of `verify`, `keygen` and `--sign`.

use clap::{Args, ValueHint};
use std::path::PathBuf;

/// The help below `verify`.
pub const HELP: &str = "\
Examples:
  belay-script verify run.jsonl
  belay-script verify run.jsonl --key bench.pub       also checks the signature run.jsonl.minisig
  belay-script verify report.html --key bench.pub     checks the signature only
  belay-script verify report.json --json

Exit status 0: everything is as it was. 1: something differs or is missing.";

/// The help below `keygen`.
pub const KEYGEN_HELP: &str = "\
Examples:
  belay-script keygen bench                           asks for a password
  belay-script run bench.rhai --html report.html --sign bench.key
  belay-script verify report.html --key bench.pub

minisign reads and writes the same keys and signatures.";

/// `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// A log that --jsonl wrote, or a report that --json wrote; with --key any report
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Check the signature FILE.minisig with this public key: a file, or its text
    #[arg(long, value_name = "KEY", value_hint = ValueHint::FilePath)]
    pub key: Option<String>,
    /// Look for files from this folder [default: that of the run, else the current one]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `keygen`.
#[derive(Debug, Args)]
pub struct Keygen {
    /// Name of the key: writes NAME.key, which is secret, and NAME.pub
    #[arg(value_name = "NAME", value_hint = ValueHint::AnyPath)]
    pub name: PathBuf,
    /// Make a key without a password, for a bench where nobody can type one
    #[arg(long)]
    pub no_password: bool,
}
