//! The options of `test` and `report`, and those of reports.

use super::{Allowed, Connection, Limit, operator};
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// The help below those of `test`.
pub const HELP: &str = "\
Examples:
  belay-script test                                   test_*.rhai and *_test.rhai below this folder
  belay-script test bench/ -p sim -k adc --fail-fast
  belay-script test bench/ -p sim -j 4 --junit report.xml
  belay-script test bench/ -j 2 --ports /dev/ttyACM0,/dev/ttyACM1
  belay-script test flaky_test.rhai --until-fail --shuffle 7

A pattern of -k is looked for in the path of a test, `group / name`, without regard to case; with a `!` before it, what \
contains it is left out. Tests that a chosen one needs are run, too.";

/// The help below those of `report`.
pub const REPORT_HELP: &str = "\
Examples:
  belay-script report run.jsonl
  belay-script report run.jsonl --html report.html --junit report.xml --csv samples/";

/// `test`.
#[derive(Debug, Args)]
pub struct Test {
    /// Scripts, or folders in which files named test_*.rhai and *_test.rhai are run [default: .]
    #[arg(value_name = "FILE|FOLDER", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// Which tests.
    #[command(flatten)]
    pub choice: Choice,
    /// Print the tests that would be run, and run none
    #[arg(long)]
    pub list: bool,
    /// Run everything so many times
    #[arg(long, value_name = "N", conflicts_with = "until_fail", value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: Option<u32>,
    /// Run everything again and again until something fails
    #[arg(long)]
    pub until_fail: bool,
    /// Run files, and tests that stand one after the other, in an order that follows from this number
    #[arg(long, value_name = "SEED")]
    pub shuffle: Option<u64>,
    /// Run so many files at once, each on a board of its own
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// The boards of -j, one port each, divided by commas
    #[arg(long, value_name = "PORTS", value_delimiter = ',', conflicts_with = "port")]
    pub ports: Vec<String>,
    /// What the scripts see as `args`
    #[arg(value_name = "ARGS", last = true)]
    pub args: Vec<String>,
    /// What they may do.
    #[command(flatten)]
    pub allowed: Allowed,
    /// What their questions are answered.
    #[command(flatten)]
    pub answers: operator::Answers,
    /// Which board.
    #[command(flatten)]
    pub connection: Connection,
    /// How long each script may take.
    #[command(flatten)]
    pub limit: Limit,
    /// What is written down.
    #[command(flatten)]
    pub noting: Noting,
}

/// Which tests `run` and `test` run.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct Choice {
    /// Run only tests whose path contains this (may be repeated; `!TEXT` leaves out)
    #[arg(short = 'k', long = "filter", value_name = "TEXT")]
    pub patterns: Vec<String>,
    /// Run only tests with this tag (may be repeated; `!TAG` leaves out)
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// End after the first test that does not pass
    #[arg(long)]
    pub fail_fast: bool,
}

/// Reports of `run`, `test` and `report`.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Reports")]
pub struct Reporting {
    /// Write the report as JSON; `-`: to standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub json: Option<PathBuf>,
    /// Write the report as JUnit XML; `-`: to standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub junit: Option<PathBuf>,
    /// Write the report as one page of HTML; `-`: to standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub html: Option<PathBuf>,
    /// Write each series of samples as CSV into this folder
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub csv: Option<PathBuf>,
}

/// What `run` and `test` note besides.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Reports")]
pub struct Noting {
    /// Write each event as a line of JSON as it happens; `-`: to standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub jsonl: Option<PathBuf>,
    /// Who runs this, for reports
    #[arg(long, value_name = "NAME")]
    pub operator: Option<String>,
    /// Keep no report in the folder of the station
    #[arg(long)]
    pub no_reports: bool,
    /// Serial number of the unit under test, for reports
    #[arg(long, value_name = "NUMBER")]
    pub unit: Option<String>,
    /// What is written at the end.
    #[command(flatten)]
    pub reporting: Reporting,
}

impl Noting {
    /// Whether reports are kept in the folder of the station, if it names one: no others are asked for.
    pub fn keeps(&self) -> bool {
        !self.no_reports && self.jsonl.is_none() && self.reporting == Reporting::default()
    }
}

/// `report`.
#[derive(Debug, Args)]
pub struct ReportOf {
    /// What --jsonl wrote, whole or cut off
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// What is written.
    #[command(flatten)]
    pub reporting: Reporting,
}
