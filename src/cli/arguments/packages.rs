//! What can be written on the command line of the commands for packages, with its help.
//!
//! Uses clap. Invariant: nothing here does anything; parsing gives data.

use super::Session;
use clap::{Args, Subcommand, ValueHint};

/// The help below `install`.
pub const INSTALL_HELP: &str = "\
Examples:
  belay-script install                            the packages of belay.toml, into lib/
  belay-script install --locked                   the same; a stale lock file is an error
  belay-script install -p a0                      the packages of belay.toml, onto a board too
  belay-script install -p a0 aioble umqtt.simple@1.4.0
  belay-script install -p a0 github:USER/REPOSITORY@v2
  belay-script install -p a0 https://example.com/driver.py --target :/drivers
  belay-script install -p a0 ./my-driver

A package is a name of the index, a repository (github:, gitlab:, codeberg:) or an address with a package.json, a .py or .mpy \
file, a library of CircuitPython's bundle (circup:NAME; on a CircuitPython board NAME alone), or a folder of this computer. Proxies are those of https_proxy, http_proxy, all_proxy and no_proxy.

With --port, packages are installed on the board. Without it, in a folder with a belay.toml (or a station.toml with [packages]), \
`install NAME` is `add NAME`; elsewhere the board is the only one that is plugged in. `mip NAME` always installs on a board.";

/// The help below `mip`.
pub const MIP_HELP: &str = "\
Examples:
  belay-script mip aioble
  belay-script -p a0 mip install github:USER/REPOSITORY@v2";

/// The help below `add`.
pub const ADD_HELP: &str = "\
Examples:
  belay-script add aioble
  belay-script add aioble@0.6.0 led=github:USER/REPOSITORY@v2
  belay-script add unittest --group dev
  belay-script add ./drivers/imu";

/// The help below `update`.
pub const UPDATE_HELP: &str = "\
Examples:
  belay-script update
  belay-script update aioble";

/// The help below `remove`.
pub const REMOVE_HELP: &str = "\
Example:
  belay-script remove aioble";

/// The help below `clean`.
pub const CLEAN_HELP: &str = "\
Example:
  belay-script clean";

/// How packages are installed on a board.
#[derive(Debug, Args)]
pub struct Onto {
    /// Directory of the board [default: the first `lib` of its sys.path]
    #[arg(long, value_name = "PATH")]
    pub target: Option<String>,
    /// Install source in place of compiled files
    #[arg(long)]
    pub no_mpy: bool,
    /// Address of the index [default: MicroPython's]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub index: Option<String>,
    /// Address of a bundle for CircuitPython [default: Adafruit's]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, hide_short_help = true)]
    pub bundle: Option<String>,
    /// What is printed.
    #[command(flatten)]
    pub printed: Printed,
    /// Board and limits.
    #[command(flatten)]
    pub session: Session,
}

/// What is printed.
#[derive(Clone, Copy, Debug, Args)]
pub struct Printed {
    /// Print the outcome as JSON
    #[arg(long)]
    pub json: bool,
    /// Print only errors, no progress
    #[arg(short, long)]
    pub quiet: bool,
}

/// `install`.
#[derive(Debug, Args)]
pub struct Install {
    /// Packages, with `@VERSION` if another one than the latest is wanted
    #[arg(value_name = "PACKAGE", value_hint = ValueHint::AnyPath)]
    pub packages: Vec<String>,
    /// Of a project: also this optional group (repeatable); of `install NAME`: the group to add to
    #[arg(long, value_name = "NAME")]
    pub group: Vec<String>,
    /// Of a project: fail if the lock file is not up to date
    #[arg(long)]
    pub locked: bool,
    /// Of a project: overwrite files that were changed
    #[arg(short, long)]
    pub force: bool,
    /// On a board.
    #[command(flatten)]
    pub onto: Onto,
}

/// `mip`.
#[derive(Debug, Args)]
pub struct Mip {
    /// Packages, with `@VERSION` if another one than the latest is wanted
    #[arg(value_name = "PACKAGE", required = true, value_hint = ValueHint::AnyPath)]
    pub packages: Vec<String>,
    /// On a board.
    #[command(flatten)]
    pub onto: Onto,
}

/// `add`.
#[derive(Debug, Args)]
pub struct Add {
    /// Packages: `NAME`, `NAME@VERSION`, an address, a path, or `NAME=ADDRESS`
    #[arg(value_name = "PACKAGE", required = true, value_hint = ValueHint::AnyPath)]
    pub packages: Vec<String>,
    /// The group [default: main]
    #[arg(long, value_name = "NAME", default_value = "main", hide_default_value = true)]
    pub group: String,
    /// Overwrite files that were changed
    #[arg(short, long)]
    pub force: bool,
    /// What is printed.
    #[command(flatten)]
    pub printed: Printed,
}

/// `update`.
#[derive(Debug, Args)]
pub struct Update {
    /// Packages of the project [default: all]
    #[arg(value_name = "NAME")]
    pub packages: Vec<String>,
    /// Overwrite files that were changed
    #[arg(short, long)]
    pub force: bool,
    /// What is printed.
    #[command(flatten)]
    pub printed: Printed,
}

/// `remove`.
#[derive(Debug, Args)]
pub struct Remove {
    /// Packages of the project
    #[arg(value_name = "NAME", required = true)]
    pub packages: Vec<String>,
    /// What is printed.
    #[command(flatten)]
    pub printed: Printed,
}

/// `clean`.
#[derive(Debug, Args)]
pub struct Clean {
    /// What is printed.
    #[command(flatten)]
    pub printed: Printed,
}

/// `cache`.
#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// Print the folder
    #[command(after_help = "Example:\n  belay-script cache path")]
    Path,
    /// List the files that were fetched, with their sizes and hashes
    #[command(after_help = "Example:\n  belay-script cache list")]
    List(CacheList),
    /// Remove them; they are fetched again when they are needed
    #[command(after_help = "Example:\n  belay-script cache clear")]
    Clear,
}

/// `cache list`.
#[derive(Debug, Args)]
pub struct CacheList {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
