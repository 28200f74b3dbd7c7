//! The options of the commands that write files for people and editors: `doc`, `definitions`, `editor`, `new`.

use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;

/// The help below `doc`.
pub const DOC_HELP: &str = "\
Examples:
  belay-script doc                        the language's own functions and the standard modules
  belay-script doc bench.rhai             what a script declares, from its comments
  belay-script doc std/assert
  belay-script doc bench.rhai --html site open site/index.html in a browser";

/// The help below `definitions`.
pub const DEFINITIONS_HELP: &str = "\
Examples:
  belay-script definitions
  belay-script definitions .rhai/definitions

Run it in the folder of your scripts, so that the standard modules are found. The language server does not know device \
and test blocks, and marks them as errors.";

/// The help below `editor`.
pub const EDITOR_HELP: &str = "\
Examples:
  belay-script editor vscode ~/.vscode/extensions/belay-script-rhai
  belay-script editor vim ~/.vim/pack/belay-script/start/rhai
  belay-script editor neovim ~/.local/share/nvim/site/pack/belay-script/start/rhai
  belay-script editor helix ~/.config/helix
  belay-script editor zed ~/zed-belay-script";

/// The help below `doctor`.
pub const DOCTOR_HELP: &str = "\
Examples:
  belay-script doctor
  belay-script doctor -p /dev/ttyACM0     also asks this board, which stops its program
  belay-script doctor --fix               runs the commands that it names; sudo may ask for your password";

/// `doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Which board is asked.
    #[command(flatten)]
    pub connection: super::Connection,
    /// Mend what can be mended
    #[arg(long)]
    pub fix: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The help below `new`.
pub const NEW_HELP: &str = "\
Examples:
  belay-script new my-bench
  belay-script new my-logger --template logger
  cd my-bench
  belay-script run bench.rhai --port sim";

/// The help below `convert`.
pub const CONVERT_HELP: &str = "\
Examples:
  belay-script convert bench.py           writes bench.rhai
  belay-script convert bench.py -o -      prints the script
  belay-script convert - -o bench.rhai < bench.py";

/// `convert`.
#[derive(Debug, Args)]
pub struct Convert {
    /// The Python file; `-` reads standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Write the script to this file; `-` prints it [default: FILE with the ending .rhai]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Overwrite an existing file
    #[arg(short, long)]
    pub force: bool,
}

/// `doc`.
#[derive(Debug, Args)]
pub struct Doc {
    /// A script, or a standard module such as `std/assert`; without it, the language itself
    #[arg(value_name = "SCRIPT|std/NAME", value_hint = ValueHint::FilePath)]
    pub subject: Option<PathBuf>,
    /// Write pages for a browser to this folder: the script, its modules, the language, the standard modules
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub html: Option<PathBuf>,
    /// Which modules it may import.
    #[command(flatten)]
    pub allowed: super::Allowed,
}

/// `definitions`.
#[derive(Debug, Args)]
pub struct Definitions {
    /// Folder for the files
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath, default_value = ".rhai/definitions")]
    pub folder: PathBuf,
}

/// `man`.
#[derive(Debug, Args)]
pub struct Man {
    /// Folder for the pages
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,
}

/// `editor`.
#[derive(Debug, Args)]
pub struct Editor {
    /// The editor
    #[arg(value_name = "EDITOR")]
    pub kind: EditorKind,
    /// Folder for the extension
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,
    /// Overwrite files that differ
    #[arg(short, long)]
    pub force: bool,
}

/// An editor that this program has files for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EditorKind {
    /// Visual Studio Code, and editors that take its extensions
    Vscode,
    /// Vim: colours and indentation
    Vim,
    /// Neovim: as Vim, and the language server
    Neovim,
    /// Helix: the language server
    Helix,
    /// Zed: the language server and the brackets
    Zed,
}

/// The help below `lsp`.
#[cfg(feature = "lsp")]
pub const LSP_HELP: &str = "\
Examples, as an editor's command:
  Neovim   cmd = { \"belay-script\", \"lsp\" }
  Helix    command = \"belay-script\", args = [\"lsp\"]

The page \"Watch mode and editors\" of the book shows the whole settings.";

/// `lsp`.
#[cfg(feature = "lsp")]
#[derive(Debug, Args)]
pub struct Lsp {
    /// Talk over standard input and output, as always
    #[arg(long, hide = true)]
    pub stdio: bool,
    /// Which modules scripts may import.
    #[command(flatten)]
    pub allowed: super::Allowed,
}

/// `new`.
#[derive(Debug, Args)]
pub struct New {
    /// Folder for the project, which is created
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,
    /// Start from this template
    #[arg(short, long, value_name = "TEMPLATE", default_value = "bench")]
    pub template: Template,
    /// Accept a non-empty folder; existing files are kept
    #[arg(short, long)]
    pub force: bool,
}

/// What a new project starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Template {
    /// A script, a device class, firmware for the board, a test, a station
    Bench,
    /// The last test of a product, with limits, a serial number and a report
    ProductionTest,
    /// A script that logs readings to a CSV file
    Logger,
    /// Modules for the board, and tests of them on the board
    Firmware,
    /// A Python script for Belay, and the same as a script for belay-script
    BelayPort,
}

impl Template {
    /// The name of its folder.
    pub fn folder(self) -> &'static str {
        match self {
            Template::Bench => "bench",
            Template::ProductionTest => "production-test",
            Template::Logger => "logger",
            Template::Firmware => "firmware",
            Template::BelayPort => "belay-port",
        }
    }
}
