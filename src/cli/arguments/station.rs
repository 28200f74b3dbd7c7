//! The options about a station's file, and those of `select`.

use clap::{Args, ValueHint};
use std::path::PathBuf;

/// The boards' names.
#[derive(Clone, Debug, Default, Args)]
pub struct Station {
    /// Use this station file [default: station.toml of the script, or here]
    #[arg(long = "station", hide_short_help = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// Replace every board with a simulated one
    #[arg(long)]
    pub simulate: bool,
}

impl Station {
    /// These options, and those of `before` that they leave out.
    pub fn or(self, before: &Station) -> Station {
        Station { file: self.file.or_else(|| before.file.clone()), simulate: self.simulate || before.simulate }
    }
}

/// The help below the options of `select`.
pub const SELECT_HELP: &str = "\
Examples:
  belay-script select                       asks for the name
  belay-script select dut
  belay-script select load --station lab/station.toml
  belay-script select dut -p /dev/ttyACM0   the board is known already";

/// `select`.
#[derive(Debug, Args)]
pub struct Select {
    /// The board's name in scripts
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// The station file
    #[arg(long, value_name = "FILE", default_value = "station.toml", value_hint = ValueHint::FilePath)]
    pub station: PathBuf,
    /// The board's port; without it, plug the board in
    #[arg(short, long, value_name = "PORT", value_hint = ValueHint::AnyPath)]
    pub port: Option<String>,
    /// How long it may take.
    #[command(flatten)]
    pub limit: super::Limit,
    /// What questions are answered.
    #[command(flatten)]
    pub answers: super::operator::Answers,
}
