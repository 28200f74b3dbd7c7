//! The options of `romfs`.

use super::{Connection, Session};
use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

/// `romfs`.
#[derive(Debug, Subcommand)]
pub enum Romfs {
    /// Show the partitions of a board, and what is in them
    #[command(after_help = "Example:\n  belay-script romfs query -p a0")]
    Query(Query),
    /// Build an image of a folder
    ///
    /// Compiles .py files if mpy-cross is installed. Leaves out what `sync` ignores.
    #[command(after_help = BUILD_HELP)]
    Build(Build),
    /// Write a folder or an image to a board
    ///
    /// The board then shows the files at /rom, and imports modules from there without copying them to memory.
    #[command(after_help = DEPLOY_HELP)]
    Deploy(Deploy),
}

const BUILD_HELP: &str = "\
Examples:
  belay-script romfs build lib                        writes lib.romfs
  belay-script romfs build lib -o rom.img --no-mpy";

const DEPLOY_HELP: &str = "\
Examples:
  belay-script romfs deploy lib -p a0
  belay-script romfs deploy lib.romfs -p a0";

impl Romfs {
    /// The connection of those that use a board.
    pub fn connection_mut(&mut self) -> Option<&mut Connection> {
        match self {
            Romfs::Query(query) => Some(&mut query.session.connection),
            Romfs::Deploy(deploy) => Some(&mut deploy.session.connection),
            Romfs::Build(_) => None,
        }
    }
}

/// `romfs query`.
#[derive(Debug, Args)]
pub struct Query {
    /// Board and limits.
    #[command(flatten)]
    pub session: Session,
}

/// What `romfs build` and `romfs deploy` share.
#[derive(Debug, Args)]
pub struct Compiling {
    /// Do not compile .py files
    #[arg(short = 'm', long)]
    pub no_mpy: bool,
    /// Compile .py files with this mpy-cross [default: the one of PATH, if there is one]
    #[arg(long, value_name = "PROGRAM", value_hint = ValueHint::ExecutablePath)]
    pub mpy_cross_binary: Option<PathBuf>,
}

/// `romfs build`.
#[derive(Debug, Args)]
pub struct Build {
    /// The folder
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,
    /// Write the image to this file [default: DIR.romfs]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// How.
    #[command(flatten)]
    pub compiling: Compiling,
}

/// `romfs deploy`.
#[derive(Debug, Args)]
pub struct Deploy {
    /// The folder, or an image of `romfs build`
    #[arg(value_name = "DIR|FILE", value_hint = ValueHint::AnyPath)]
    pub source: PathBuf,
    /// Number of the partition
    #[arg(long, value_name = "NUMBER", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    pub partition: i64,
    /// How.
    #[command(flatten)]
    pub compiling: Compiling,
    /// Board and limits.
    #[command(flatten)]
    pub session: Session,
}
