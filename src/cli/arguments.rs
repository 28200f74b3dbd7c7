//! What can be written on the command line, with its help.
//!
//! Uses clap. Invariant: nothing here does anything; parsing gives data.

mod allow;
mod board;
mod connection;
pub mod files;
pub mod flash;
pub mod operator;
mod packages;
pub mod romfs;
mod selftest;
pub mod station;
mod sync;
mod testing;
mod tools;
mod trust;
mod verify;

pub use allow::Allowed;
pub use board::{
    Connect, Devices, Eval, Exec, Info, Latency, Mount, Mounting, OnBoard, Reset, Rtc, Serve, Session, Sim, Sleep,
    Terminal,
};
use connection::seconds;
pub use connection::{Connection, Limit};
use files::FileCommand;
pub use packages::{Add, CacheCommand, Clean, Install, Mip, Onto, Printed, Remove, Update};
pub use selftest::Selftest;
pub use sync::{Sync, SyncChoice, SyncLine};
pub use testing::{Choice, Noting, ReportOf, Reporting, Test};
#[cfg(feature = "lsp")]
pub use tools::Lsp;
pub use tools::{Convert, Definitions, Doc, Doctor, Editor, EditorKind, Man, New, Template};
pub use trust::Trust;
pub use verify::{Keygen, Verify};

use crate::port::kind::KINDS;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueHint};
use clap_complete::Shell;
use std::path::PathBuf;

/// The name under which the program is installed.
pub const PROGRAM: &str = "belay-script";

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const AFTER_HELP: &str = "\
Exit status:
    0  success
    1  the script, a test, or code on the board failed
    2  wrong usage, or an invalid script or declaration
    3  no connection to the board, or it was lost
    4  the board cannot do what was asked
    5  `test` ran no test
   70  a bug in belay-script
   74  output or a report could not be written
  130  interrupted

Examples:
  belay-script run test_bench.rhai --port sim
  belay-script run test_bench.rhai -p /dev/ttyACM0 -- fast 3
  belay-script repl -p sim
  belay-script eval -p usb:2e8a:0005 'machine.freq()'
  belay-script -p a0 cp main.py :/ + reset        two commands over one connection
  belay-script check *.rhai";

/// The ways to write a port, for the help of commands.
fn ports() -> String {
    use std::fmt::Write as _;
    let mut text = String::from("Ports:\n");
    let row = |text: &mut String, written: &str, about: &str| {
        let _ = writeln!(text, "  {written:<27}{about}");
    };
    for form in KINDS.iter().flat_map(|kind| kind.forms) {
        row(&mut text, &form.written.join(", "), &form.plain());
    }
    row(&mut text, "NAME", "a board of station.toml");
    text + "\nWithout --port, BELAY_DEVICE is used, otherwise the only board that is plugged in."
}

/// Run bench scripts against MicroPython and CircuitPython boards.
///
/// A script (.rhai) declares device classes whose tasks are written in MicroPython. belay-script sends them to a board
/// and calls them like local functions. Values come back exactly, errors with the line of your own file.
#[derive(Debug, Parser)]
#[command(name = PROGRAM, version, styles = STYLES, after_help = AFTER_HELP, max_term_width = 110)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
#[command(override_usage = "belay-script [OPTIONS] <COMMAND> [+ <COMMAND>]...")]
pub struct Arguments {
    /// Which board, as for each command.
    #[command(flatten)]
    pub connection: Connection,
    /// List the recipes of this folder's station and of your configuration
    #[arg(long)]
    pub list: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a bench script, or a .py file on the board
    ///
    /// A .rhai script runs on this computer and opens its devices itself. A .py file runs on the board; its output is
    /// printed as it arrives.
    #[command(after_help = RUN_HELP, after_long_help = format!("{RUN_HELP}\n\n{}", ports()))]
    Run(Run),
    /// Run the tests of many scripts
    ///
    /// Runs each script as `run` does, with -j on its own board. In folders it runs files named test_*.rhai and
    /// *_test.rhai.
    #[command(after_help = testing::HELP)]
    Test(Test),
    /// Generate reports from a --jsonl log
    #[command(after_help = testing::REPORT_HELP)]
    Report(ReportOf),
    /// Say what differs today from what a report says
    ///
    /// Hashes again the log itself, the script, its modules, the files that it read, the station file, the folders that boards
    /// got, and the program. With --key it also checks the signature. Opens no board.
    #[command(after_help = verify::HELP)]
    Verify(Verify),
    /// Make a pair of keys to sign reports
    ///
    /// Keep NAME.key on the bench that signs, and give NAME.pub to those who verify. Existing files are never overwritten.
    #[command(after_help = verify::KEYGEN_HELP)]
    Keygen(Keygen),
    /// Evaluate scripts line by line at a prompt
    ///
    /// Rhai with device blocks, as in a script: variables, functions, classes and open devices stay from input to input.
    /// `belay-script` alone does the same on a terminal. If stdin is not a terminal, it is run as a script.
    #[command(after_help = REPL_HELP)]
    Repl(Repl),
    /// Check scripts without a board
    ///
    /// Analyses every script and its modules, and compiles the Python of every item with the interpreter of
    /// simulated boards. Executes nothing.
    #[command(after_help = "Example:\n  belay-script check scripts/*.rhai")]
    Check(Check),
    /// Run Python code on a board
    ///
    /// Its output is printed as it arrives.
    #[command(after_help = board::EXEC_HELP)]
    Exec(Exec),
    /// Evaluate a Python expression on a board and print its value
    ///
    /// A string is printed without quotes, everything else as its `repr`.
    #[command(after_help = board::EVAL_HELP)]
    Eval(Eval),
    /// Make a board's files equal to a folder
    ///
    /// Identical files are not sent. The plan is complete before anything changes; a file is replaced only once the new
    /// one is on the board and verified; files that the folder does not have are removed last.
    #[command(after_help = sync::HELP)]
    Sync(Sync),
    /// Identify a board: firmware, version, platform
    #[command(after_help = "Example:\n  belay-script info -p /dev/ttyACM0 --json", after_long_help = format!("Example:\n  belay-script info -p /dev/ttyACM0 --json\n\n{}", ports()))]
    Info(Info),
    /// Restart a board and let its main.py run
    ///
    /// Prints its output of the first two seconds. Without an option this is a soft reset: a fresh interpreter that runs
    /// boot.py and main.py.
    #[command(after_help = board::RESET_HELP)]
    Reset(Reset),
    /// Write firmware to a board
    ///
    /// Starts the board's boot loader, checks the file, copies it to the boot loader's drive (.uf2), or calls esptool (.bin) or
    /// dfu-util (.dfu), waits for the board, and prints its new version. Files on the board stay, unless --erase is given.
    #[command(after_help = flash::HELP)]
    Flash(flash::Flash),
    /// Restart a board's interpreter without its main.py
    ///
    /// boot.py runs. In a chain, the commands after it use the fresh interpreter.
    #[command(after_help = "Example:\n  belay-script -p a0 exec 'import app' + soft-reset + exec 'print(dir())'")]
    SoftReset(OnBoard),
    /// Show or set the clock of a board
    #[command(after_help = board::RTC_HELP)]
    Rtc(Rtc),
    /// Measure how long a board takes to answer, and how many bytes pass
    #[command(after_help = board::LATENCY_HELP)]
    Latency(Latency),
    /// Mount a folder of this computer for the commands after it
    #[command(after_help = board::MOUNT_HELP)]
    Mount(Mount),
    /// Unmount the folder again
    #[command(after_help = "Example:\n  belay-script mount . + exec 'import app' + umount + ls")]
    Umount(OnBoard),
    /// Wait between the commands of a chain
    #[command(after_help = "Example:\n  belay-script -p a0 reset + sleep 2 + exec 'print(1)'")]
    Sleep(Sleep),
    /// Open a board's own prompt
    ///
    /// Every key goes to the board, Ctrl-C and Ctrl-D too; Ctrl-] leaves. If the board is unplugged, the terminal waits
    /// for it. If stdin is not a terminal, it is typed line by line, and the command ends when the board has been quiet
    /// for a second after the last line.
    #[command(after_help = board::TERMINAL_HELP)]
    Terminal(Terminal),
    /// The commands for files.
    #[command(flatten)]
    Files(FileCommand),
    /// Install packages: those of a project, or on a board
    ///
    /// Without a name it brings the packages of belay.toml to lib/, as belay.lock says. Follows dependencies and checks hashes.
    /// Nothing changes before everything has been fetched and checked.
    #[command(after_help = packages::INSTALL_HELP)]
    Install(Install),
    /// Install packages on a board, as mpremote does
    ///
    /// Follows dependencies, takes compiled files that the board can load, and skips files that are there. Nothing on the board changes
    /// before everything has been fetched and checked.
    #[command(after_help = packages::MIP_HELP)]
    Mip(Mip),
    /// Add packages to a project
    ///
    /// Writes them to belay.toml (or to a station.toml that has packages), locks them in belay.lock, and downloads them to lib/.
    #[command(after_help = packages::ADD_HELP)]
    Add(Add),
    /// Update packages of a project to what is there now
    ///
    /// Versions in belay.toml are kept; `latest` and addresses are looked up again.
    #[command(after_help = packages::UPDATE_HELP)]
    Update(Update),
    /// Remove packages from a project
    ///
    /// Their files are removed, unless they were changed.
    #[command(after_help = packages::REMOVE_HELP)]
    Remove(Remove),
    /// Remove files that no package of the project has
    ///
    /// Removes only what belay-script has written. Files that were changed are kept and reported.
    #[command(after_help = packages::CLEAN_HELP)]
    Clean(Clean),
    /// Show or clear the files of packages that were fetched
    #[command(subcommand)]
    Cache(CacheCommand),
    /// Query, build and write the read-only file system of a board
    ///
    /// ROMFS holds modules in the flash, where they run without being copied to memory. The firmware must have it (MicroPython
    /// 1.25 or newer, by board).
    #[command(subcommand)]
    Romfs(romfs::Romfs),
    /// Test whether belay-script works with a board
    ///
    /// Runs checks on the board and prints a report to paste into a bug report. Each check is `ok`, `not on this board`, or
    /// `wrong`. The board is restarted; its files stay unchanged, checks use a scratch folder and remove it. The report
    /// contains no port, folder, user or host name.
    #[command(after_help = selftest::HELP)]
    Selftest(Selftest),
    /// Find a board by plugging it in, and name it in the station file
    ///
    /// Blinks the board's LED, if it is known, and writes its serial number to the file, or without one its USB location.
    /// The rest of the file stays unchanged.
    #[command(after_help = station::SELECT_HELP)]
    Select(station::Select),
    /// Trust a station.toml next to scripts
    ///
    /// A station.toml that is found, and not named with --station, may start processes, connect to hosts, read recordings
    /// elsewhere and write reports elsewhere only if you trust it. Read it first. A changed file is not trusted.
    #[command(after_help = trust::HELP)]
    Trust(Trust),
    /// Find what keeps belay-script from working on this computer, and how to mend it
    ///
    /// Checks ports and permissions, programs that hold them, the MicroPython of simulated boards, the terminal and shell
    /// completions. Opens only the port of --port. Changes nothing without --fix.
    #[command(after_help = tools::DOCTOR_HELP)]
    Doctor(Doctor),
    /// List the boards that are plugged in
    #[command(after_help = "Example:\n  belay-script devices --json")]
    Devices(Devices),
    /// Serve simulated boards
    #[command(subcommand)]
    Sim(Sim),
    /// Create a project from a template
    ///
    /// It runs on a simulated board at once. Refuses a non-empty folder.
    #[command(after_help = tools::NEW_HELP)]
    New(New),
    /// Translate Python for Belay into a script
    ///
    /// Decorated methods and functions become items with the same bodies, defaults and options. Host code stays as comments
    /// with its line. The result is checked.
    #[command(after_help = tools::CONVERT_HELP)]
    Convert(Convert),
    /// Show the reference of a script, of a standard module, or of the language
    ///
    /// Shows device classes with their items, methods, functions and constants, from the comments above them. Executes
    /// nothing and needs no board. Errors in a script are reported as by `check`.
    #[command(after_help = tools::DOC_HELP)]
    Doc(Doc),
    /// Write definition files for the Rhai language server
    ///
    /// Covers Rhai's own functions, those of belay-script and the standard modules, with their documentation. Overwrites
    /// files of an earlier run, and no others.
    #[command(after_help = tools::DEFINITIONS_HELP)]
    Definitions(Definitions),
    /// Write an extension for an editor: colours for scripts and the MicroPython in them
    ///
    /// Existing files that differ are overwritten only with --force.
    #[command(after_help = tools::EDITOR_HELP)]
    Editor(Editor),
    /// Run the language server: what editors ask about scripts
    ///
    /// Editors start it and talk to it over standard input and output. Opens no board, and executes nothing.
    #[cfg(feature = "lsp")]
    #[command(after_help = tools::LSP_HELP)]
    Lsp(Lsp),
    /// Print a completion script for a shell
    ///
    /// The first example loads it once, the second installs it for bash.
    #[command(after_help = COMPLETIONS_HELP)]
    Completions(Completions),
    /// List the recipes: `--list`
    #[command(skip)]
    Recipes,
    /// Print the version
    #[command(hide = true)]
    Version,
    /// Use this port for the commands after it, as mpremote's word
    #[command(hide = true)]
    Connect(Connect),
    /// Close the connection, as mpremote's word
    #[command(hide = true)]
    Disconnect,
    /// Do not restart the board, as mpremote's word
    #[command(hide = true)]
    Resume,
    /// Start the boot loader, as mpremote's word for `reset --bootloader`
    #[command(hide = true)]
    Bootloader(OnBoard),
    /// The commands for files, as mpremote's word
    #[command(hide = true, subcommand)]
    Fs(FileCommand),
    /// Write the manual pages, one for each command
    ///
    /// For those who package belay-script. Overwrites existing pages.
    #[command(hide = true)]
    Man(Man),
}

impl Command {
    /// The connection of a command that opens a board by itself.
    pub fn connection_mut(&mut self) -> Option<&mut Connection> {
        Some(match self {
            Command::Run(run) => &mut run.connection,
            Command::Test(test) => &mut test.connection,
            Command::Repl(repl) => &mut repl.connection,
            Command::Exec(exec) => &mut exec.session.connection,
            Command::Eval(eval) => &mut eval.session.connection,
            Command::Sync(sync) => &mut sync.connection,
            Command::Info(info) => &mut info.connection,
            Command::Reset(reset) => &mut reset.connection,
            Command::Flash(flash) => &mut flash.connection,
            Command::SoftReset(on) | Command::Umount(on) | Command::Bootloader(on) => &mut on.connection,
            Command::Mount(mount) => &mut mount.session.connection,
            Command::Rtc(rtc) => &mut rtc.session.connection,
            Command::Install(install) => &mut install.onto.session.connection,
            Command::Mip(mip) => &mut mip.onto.session.connection,
            Command::Romfs(romfs) => return romfs.connection_mut(),
            Command::Latency(latency) => &mut latency.session.connection,
            Command::Terminal(terminal) => &mut terminal.connection,
            Command::Files(files) | Command::Fs(files) => &mut files.session_mut().connection,
            Command::Selftest(selftest) => &mut selftest.connection,
            Command::Doctor(doctor) => &mut doctor.connection,
            _ => return None,
        })
    }

    /// Whether the options of a connection may stand before it.
    pub fn takes_connection(&mut self) -> bool {
        matches!(self, Command::Connect(_)) || self.connection_mut().is_some()
    }

    /// Whether it can use a board that is open already: the others open their own.
    pub fn shares_board(&self) -> bool {
        match self {
            Command::Run(run) => crate::cli::is_python(&run.script),
            Command::Exec(_) | Command::Eval(_) | Command::Sync(_) | Command::Info(_) | Command::Reset(_) => true,
            Command::SoftReset(_) | Command::Mount(_) | Command::Umount(_) | Command::Bootloader(_) => true,
            Command::Rtc(_) | Command::Latency(_) | Command::Terminal(_) => true,
            Command::Install(_) | Command::Mip(_) | Command::Romfs(_) => true,
            Command::Files(_) | Command::Fs(_) | Command::Sleep(_) | Command::Version | Command::Devices(_) => true,
            _ => false,
        }
    }
}

const RUN_HELP: &str = "\
Examples:
  belay-script run test_bench.rhai --port sim
  belay-script run test_bench.rhai -p /dev/ttyACM0 --timeout 60
  belay-script run logger.rhai -- 100 out.csv      the script sees args == [\"100\", \"out.csv\"]
  belay-script run test_bench.rhai --watch         runs again on every save, until Ctrl-C
  belay-script run main.py -p /dev/ttyACM0
  belay-script run main.py --mount .               its modules are imported from this folder";

const REPL_HELP: &str = "\
Examples:
  belay-script repl -p sim
  belay-script repl --load bench.rhai -p /dev/ttyACM0
  echo 'print(Device.open().exec(\"1 + 1\"))' | belay-script repl -p sim

At the prompt `:help` lists its commands. Ctrl-C stops what runs, Ctrl-D closes all devices and leaves.";

const COMPLETIONS_HELP: &str = "\
Examples:
  source <(belay-script completions bash)
  belay-script completions bash > ~/.local/share/bash-completion/completions/belay-script
  belay-script completions fish > ~/.config/fish/completions/belay-script.fish";

/// `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The script (.rhai), or a .py file
    #[arg(value_name = "SCRIPT", value_hint = ValueHint::FilePath)]
    pub script: PathBuf,
    /// Show boards this folder at /remote, as their current directory
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub mount: Option<PathBuf>,
    /// Let boards write to the mounted folder
    #[arg(long, requires = "mount")]
    pub write: bool,
    /// Run again when the script, a module or a synced folder changes
    #[arg(long)]
    pub watch: bool,
    /// Run without checking first
    #[arg(long, hide_short_help = true)]
    pub no_check: bool,
    /// Print where the time goes; FILE gets it as folded stacks, for flame graphs
    #[arg(long, hide_short_help = true, value_name = "FILE", num_args = 0..=1, require_equals = true, value_hint = ValueHint::FilePath)]
    pub profile: Option<Option<PathBuf>>,
    /// Arguments of the script, its variable `args`
    #[arg(value_name = "ARGS", last = true)]
    pub args: Vec<String>,
    /// Which tests.
    #[command(flatten)]
    pub choice: Choice,
    /// What is written down.
    #[command(flatten)]
    pub noting: Noting,
    /// What it may do.
    #[command(flatten)]
    pub allowed: Allowed,
    /// What its questions are answered.
    #[command(flatten)]
    pub answers: operator::Answers,
    /// Which board.
    #[command(flatten)]
    pub connection: Connection,
    /// How long it may take.
    #[command(flatten)]
    pub limit: Limit,
}

/// `repl`.
#[derive(Debug, Args)]
pub struct Repl {
    /// Evaluate this script first; its variables and devices stay
    #[arg(long, value_name = "SCRIPT", value_hint = ValueHint::FilePath)]
    pub load: Option<PathBuf>,
    /// Arguments, the variable `args`
    #[arg(value_name = "ARGS", last = true)]
    pub args: Vec<String>,
    /// What it may do.
    #[command(flatten)]
    pub allowed: Allowed,
    /// What questions are answered.
    #[command(flatten)]
    pub answers: operator::Answers,
    /// Which board.
    #[command(flatten)]
    pub connection: Connection,
    /// How long each input may take.
    #[command(flatten)]
    pub limit: Limit,
}

/// `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The scripts
    #[arg(value_name = "SCRIPT", required = true, value_hint = ValueHint::FilePath)]
    pub scripts: Vec<PathBuf>,
    /// Print what was found as JSON
    #[arg(long)]
    pub json: bool,
    /// Correct what has one clear remedy
    #[arg(long)]
    pub fix: bool,
    /// Use this station file [default: station.toml of the script, or here]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub station: Option<PathBuf>,
    /// Which modules they may import.
    #[command(flatten)]
    pub allowed: Allowed,
}

impl Check {
    /// A check of one script, without options.
    pub fn of(script: &std::path::Path) -> Check {
        let allowed = Allowed { allow: Vec::new(), max_memory: allow::MEMORY };
        Check { scripts: vec![script.to_owned()], json: false, fix: false, station: None, allowed }
    }
}

/// `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn arguments_after_two_dashes_are_the_scripts() {
        let parsed = Arguments::try_parse_from([PROGRAM, "run", "a.rhai", "-p", "sim", "--", "--timeout", "x"]);
        let Some(Command::Run(run)) = parsed.unwrap().command else { panic!("no run") };
        assert_eq!(run.args, ["--timeout", "x"]);
        assert_eq!(run.connection.port.as_deref(), Some("sim"));
        assert_eq!(run.limit.timeout, None);
    }

    #[test]
    fn code_may_begin_with_a_minus_sign() {
        let parsed = Arguments::try_parse_from([PROGRAM, "eval", "-5 + 3"]).unwrap();
        let Some(Command::Eval(eval)) = parsed.command else { panic!("no eval") };
        assert_eq!(eval.expression, "-5 + 3");
    }
}
