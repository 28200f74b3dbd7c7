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

-k searches the path of a test, `group / name`, case-insensitively; `!TEXT` excludes tests. Tests that a selected one \
needs also run.";

/// The help below those of `report`.
pub const REPORT_HELP: &str = "\
Examples:
  belay-script report run.jsonl
  belay-script report run.jsonl --html report.html --junit report.xml --csv samples/";

/// `test`.
#[derive(Debug, Args)]
pub struct Test {
    /// Scripts, or folders with files named test_*.rhai and *_test.rhai [default: .]
    #[arg(value_name = "FILE|FOLDER", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// Which tests.
    #[command(flatten)]
    pub choice: Choice,
    /// List the tests without running them; with --jsonl as lines of JSON
    #[arg(long)]
    pub list: bool,
    /// Accept scripts that run no test and measure nothing
    #[arg(long)]
    pub allow_empty: bool,
    /// Repeat the run N times
    #[arg(long, value_name = "N", conflicts_with = "until_fail", value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: Option<u32>,
    /// Repeat the run until a test fails
    #[arg(long)]
    pub until_fail: bool,
    /// Shuffle files and adjacent tests using this seed
    #[arg(long, value_name = "SEED")]
    pub shuffle: Option<u64>,
    /// Run N files at once, each on its own board
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// Ports of the boards for -j, separated by commas
    #[arg(long, value_name = "PORTS", value_delimiter = ',', conflicts_with = "port")]
    pub ports: Vec<String>,
    /// Run without checking first
    #[arg(long)]
    pub no_check: bool,
    /// Arguments of the scripts, their variable `args`
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
    /// Run only tests whose path has TEXT (repeatable; `!TEXT` excludes)
    #[arg(short = 'k', long = "filter", value_name = "TEXT")]
    pub patterns: Vec<String>,
    /// Run only tests with this tag (repeatable; `!TAG` excludes)
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// Stop after the first test that does not pass
    #[arg(long, hide_short_help = true)]
    pub fail_fast: bool,
}

/// Reports of `run`, `test` and `report`.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Reports")]
pub struct Reporting {
    /// Write the report as JSON; `-` for stdout
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub json: Option<PathBuf>,
    /// Write the report as JUnit XML; `-` for stdout
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub junit: Option<PathBuf>,
    /// Write the report as one HTML page; `-` for stdout
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub html: Option<PathBuf>,
    /// Write each series of samples as CSV to this folder
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub csv: Option<PathBuf>,
}

/// What `run` and `test` note besides.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Reports")]
pub struct Noting {
    /// Write each event as a line of JSON as it happens; `-` for stdout
    #[arg(long, hide_short_help = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub jsonl: Option<PathBuf>,
    /// Name of the operator, for reports
    #[arg(long, hide_short_help = true, value_name = "NAME")]
    pub operator: Option<String>,
    /// Sign every written report with this secret key of minisign: FILE.minisig
    #[arg(long, hide_short_help = true, value_name = "KEY", value_hint = ValueHint::FilePath)]
    pub sign: Option<PathBuf>,
    /// Write no report to the station's folder
    #[arg(long, hide_short_help = true)]
    pub no_reports: bool,
    /// Serial number of the unit under test, for reports
    #[arg(long, hide_short_help = true, alias = "unit", value_name = "NUMBER")]
    pub serial: Option<String>,
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
    /// The log that --jsonl wrote, complete or cut off
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Sign every written report with this secret key of minisign: FILE.minisig
    #[arg(long, value_name = "KEY", value_hint = ValueHint::FilePath, help_heading = "Reports")]
    pub sign: Option<PathBuf>,
    /// What is written.
    #[command(flatten)]
    pub reporting: Reporting,
}
