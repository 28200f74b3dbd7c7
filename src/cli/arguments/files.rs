//! What can be written on the command line of the commands for files, with its help.
//!
//! Uses clap. Invariant: nothing here does anything; parsing gives data.

use super::Session;
use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

/// Help on paths, which all commands for files share.
macro_rules! paths {
    ($examples:literal) => {
        concat!(
            $examples,
            "\n\nPaths:
  :/lib/a.py, board:/lib/a.py    a path on the board of --port; `:a.py` is `:/a.py`
  a.py, ./:a.py                  a path on this computer, in `cp` and `hash`
  ':/lib/*.py', ':/**/*.mpy'     patterns; quote those of the board for the shell

The board is restarted first, which frees its memory and ends its program; --no-reset leaves it as it is."
        )
    };
}

/// After the help of `ls`.
const LS_HELP: &str = paths!(
    "\
Examples:
  belay-script ls -p sim
  belay-script ls -p /dev/ttyACM0 -l :/lib
  belay-script ls -p /dev/ttyACM0 -r --json"
);

/// After the help of `tree`.
const TREE_HELP: &str = paths!(
    "\
Examples:
  belay-script tree -p /dev/ttyACM0
  belay-script tree -p /dev/ttyACM0 :/lib"
);

/// After the help of `cat`.
const CAT_HELP: &str = paths!(
    "\
Examples:
  belay-script cat -p /dev/ttyACM0 :/boot.py
  belay-script cat -p /dev/ttyACM0 :/log.bin -o log.bin"
);

/// After the help of `cp`.
const CP_HELP: &str = paths!(
    "\
Examples:
  belay-script cp -p /dev/ttyACM0 main.py lib.py :/
  belay-script cp -p /dev/ttyACM0 -r firmware/ :/          what is in the folder
  belay-script cp -p /dev/ttyACM0 -r --delete --exclude '*.md' utils/ :/utils/
  belay-script cp -p /dev/ttyACM0 ':/*.csv' results/
  belay-script cp -p /dev/ttyACM0 -r :/ backup
  date | belay-script cp -p /dev/ttyACM0 - :/date.txt"
);

/// After the help of `rm`.
const RM_HELP: &str = paths!(
    "\
Examples:
  belay-script rm -p /dev/ttyACM0 :/old.py ':/*.tmp'
  belay-script rm -p /dev/ttyACM0 -r :/lib
  belay-script rm -p /dev/ttyACM0 -r :/         clears the flash"
);

/// After the help of `mkdir`.
const MKDIR_HELP: &str = paths!(
    "\
Example:
  belay-script mkdir -p /dev/ttyACM0 --parents :/lib/drivers"
);

/// After the help of `rmdir`.
const RMDIR_HELP: &str = paths!(
    "\
Example:
  belay-script rmdir -p /dev/ttyACM0 :/lib/drivers :/lib"
);

/// After the help of `touch`.
const TOUCH_HELP: &str = paths!(
    "\
Example:
  belay-script touch -p /dev/ttyACM0 :/lib/__init__.py"
);

/// After the help of `mv`.
const MV_HELP: &str = paths!(
    "\
Examples:
  belay-script mv -p /dev/ttyACM0 :/main.py :/main_old.py
  belay-script mv -p /dev/ttyACM0 ':/*.csv' :/data/"
);

/// After the help of `df`.
const DF_HELP: &str = paths!(
    "\
Examples:
  belay-script df -p /dev/ttyACM0
  belay-script df -p /dev/ttyACM0 :/ :/sd --json"
);

/// After the help of `hash`.
const HASH_HELP: &str = paths!(
    "\
Example:
  belay-script hash -p /dev/ttyACM0 :/main.py main.py"
);

/// After the help of `edit`.
const EDIT_HELP: &str = paths!(
    "\
Examples:
  belay-script edit -p /dev/ttyACM0 :/main.py
  EDITOR='code --wait' belay-script edit -p /dev/ttyACM0 :/main.py"
);

/// The commands for files.
#[derive(Debug, Subcommand)]
pub enum FileCommand {
    /// List files of a board
    ///
    /// Directories end with a slash. The default path is the board's `/`.
    #[command(after_help = LS_HELP)]
    Ls(Ls),
    /// Draw the directories of a board
    ///
    /// Shows the sizes of files. The default path is the board's `/`.
    #[command(after_help = TREE_HELP)]
    Tree(Paths),
    /// Print files of a board, byte for byte
    #[command(after_help = CAT_HELP)]
    Cat(Cat),
    /// Copy files to a board, from it, or on it
    ///
    /// Into an existing directory, or a destination that ends with a slash, files keep their names. A file appears under
    /// its name only when it is complete. Identical files are not sent again. A slash at the end of a source copies what is in
    /// the directory. `-` as the source is standard input.
    #[command(after_help = CP_HELP)]
    Cp(Cp),
    /// Remove files of a board
    ///
    /// It does not ask.
    #[command(after_help = RM_HELP)]
    Rm(Rm),
    /// Make directories on a board
    #[command(after_help = MKDIR_HELP)]
    Mkdir(Mkdir),
    /// Remove empty directories of a board
    #[command(after_help = RMDIR_HELP)]
    Rmdir(OnlyPaths),
    /// Create empty files on a board
    ///
    /// Existing files stay as they are.
    #[command(after_help = TOUCH_HELP)]
    Touch(OnlyPaths),
    /// Rename or move files and directories on a board
    #[command(after_help = MV_HELP)]
    Mv(Mv),
    /// Show free space on a board
    ///
    /// Without a path: of every file system that is mounted.
    #[command(after_help = DF_HELP)]
    Df(Paths),
    /// Print the SHA-256 of files
    ///
    /// The board computes it, so files are not transferred. On a board without hashlib it is another hash, with its name
    /// as a prefix.
    #[command(after_help = HASH_HELP)]
    Hash(HashFiles),
    /// Edit a file of a board
    ///
    /// Uses the editor in VISUAL or EDITOR. The file is sent back if it changed. If sending fails, the new text is kept on
    /// this computer.
    #[command(after_help = EDIT_HELP)]
    Edit(Edit),
}

impl FileCommand {
    /// The board and the limits of the command.
    pub fn session_mut(&mut self) -> &mut Session {
        match self {
            FileCommand::Ls(options) => &mut options.session,
            FileCommand::Tree(options) | FileCommand::Df(options) => &mut options.session,
            FileCommand::Cat(options) => &mut options.session,
            FileCommand::Rmdir(options) | FileCommand::Touch(options) => &mut options.session,
            FileCommand::Cp(options) => &mut options.session,
            FileCommand::Rm(options) => &mut options.session,
            FileCommand::Mkdir(options) => &mut options.session,
            FileCommand::Mv(options) => &mut options.session,
            FileCommand::Hash(options) => &mut options.session,
            FileCommand::Edit(options) => &mut options.session,
        }
    }
}

/// `ls`.
#[derive(Debug, Args)]
pub struct Ls {
    /// Files and directories [default: `:/`]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<String>,
    /// Show sizes in bytes
    #[arg(short, long)]
    pub long: bool,
    /// List directories recursively
    #[arg(short, long)]
    pub recursive: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Board and limits.
    #[command(flatten)]
    pub session: Session,
}

/// `rmdir` and `touch`: paths alone.
#[derive(Debug, Args)]
pub struct OnlyPaths {
    /// Paths on the board
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub paths: Vec<String>,
    /// Board and limits.
    #[command(flatten)]
    pub session: Session,
}

/// `tree` and `df`: paths, and JSON if wanted.
#[derive(Debug, Args)]
pub struct Paths {
    /// Directories [default: all]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Board and limits.
    #[command(flatten)]
    pub session: Session,
}

/// `hash`.
#[derive(Debug, Args)]
pub struct HashFiles {
    /// Files of the board, and of this computer for comparison
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub paths: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Board and limits.
    #[command(flatten)]
    pub session: Session,
}

/// `cat`.
#[derive(Debug, Args)]
pub struct Cat {
    /// Files of the board
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub paths: Vec<String>,
    /// Write to this file of this computer; it appears when it is complete
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Board and limits.
    #[command(flatten)]
    pub session: Session,
}

/// `cp`.
#[derive(Debug, Args)]
pub struct Cp {
    /// Sources and destination; at least one is on the board
    #[arg(value_names = ["SOURCE", "DESTINATION"], num_args = 2.., required = true, value_hint = ValueHint::AnyPath)]
    pub paths: Vec<String>,
    /// Copy directories recursively; `folder/` copies what is in it
    #[arg(short, long)]
    pub recursive: bool,
    /// Do not copy what matches this pattern of a .gitignore (repeatable)
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Then remove files at the destination that the directory does not have
    #[arg(long, requires = "recursive")]
    pub delete: bool,
    /// Copy identical files too
    #[arg(short, long)]
    pub force: bool,
    /// Hide the progress bar
    #[arg(short, long)]
    pub quiet: bool,
    /// Board and limits.
    #[command(flatten)]
    pub session: Session,
}

/// `rm`.
#[derive(Debug, Args)]
pub struct Rm {
    /// Files and directories of the board
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub paths: Vec<String>,
    /// Remove directories recursively
    #[arg(short, long)]
    pub recursive: bool,
    /// Ignore files that do not exist
    #[arg(short, long)]
    pub force: bool,
    /// Board and limits.
    #[command(flatten)]
    pub session: Session,
}

/// `mkdir`.
#[derive(Debug, Args)]
pub struct Mkdir {
    /// Directories of the board
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub paths: Vec<String>,
    /// Make parent directories too; existing ones are not an error
    #[arg(long)]
    pub parents: bool,
    /// Board and limits.
    #[command(flatten)]
    pub session: Session,
}

/// `mv`.
#[derive(Debug, Args)]
pub struct Mv {
    /// Files and directories of the board, then the new name or the target directory
    #[arg(value_names = ["SOURCE", "DESTINATION"], num_args = 2.., required = true, value_hint = ValueHint::AnyPath)]
    pub paths: Vec<String>,
    /// Board and limits.
    #[command(flatten)]
    pub session: Session,
}

/// `edit`.
#[derive(Debug, Args)]
pub struct Edit {
    /// A file of the board; it is created if missing
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub path: String,
    /// Hide the progress bar
    #[arg(short, long)]
    pub quiet: bool,
    /// Board and limits.
    #[command(flatten)]
    pub session: Session,
}
