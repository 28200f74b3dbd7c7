//! Runs the real program in a separate folder and compares its whole output.
//!
//! Invariants: standard output and standard error are compared exactly, and must be empty by default; nothing runs longer
//! than its limit. The folder's path becomes `[DIR]`.

use super::running::Running;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The default time limit of a run.
const LIMIT: Duration = Duration::from_secs(60);

/// Environment variables that would change the program's output.
const UNWANTED: &[&str] = &["BELAY_DEVICE", "BELAY_SCRIPT_MICROPYTHON", "NO_COLOR", "RUST_BACKTRACE", "COLUMNS"];

/// One run of the program, and its expected output.
pub struct Program {
    args: Vec<String>,
    files: BTreeMap<String, Vec<u8>>,
    env: Vec<(String, String)>,
    stdin: Vec<u8>,
    executable: PathBuf,
    limit: Duration,
    expected: Outcome,
}

/// Runs a script, unchecked, on a board at `port`: it prints these lines, and nothing is wrong.
#[track_caller]
pub fn prints(port: &str, script: &str, expected: &str) {
    let program = Program::new().script("a.rhai", script).args(["run", "a.rhai", "--no-check", "-p", port]);
    program.stdout(&format!("{expected}\n")).status(0);
}

/// Compares what a run printed, and its status.
#[track_caller]
pub fn said(outcome: &Outcome, stdout: &str, status: i32) {
    assert_eq!((outcome.stdout.as_str(), outcome.status), (stdout, Some(status)), "{}", outcome.stderr);
}

/// The outcome of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    /// Its exit status; `None` if a signal or the limit ended it.
    pub status: Option<i32>,
}

impl Program {
    /// A run without arguments that must succeed without output.
    pub fn new() -> Program {
        let expected = Outcome { status: Some(0), ..Outcome::default() };
        let (args, files, env, stdin) = (Vec::new(), BTreeMap::new(), Vec::new(), Vec::new());
        let executable = PathBuf::from(env!("CARGO_BIN_EXE_belay-script"));
        Program { args, files, env, stdin, executable, limit: LIMIT, expected }
    }

    /// A file of the folder, dedented.
    pub fn script(self, name: &str, text: &str) -> Program {
        self.file(name, unindent(text).as_bytes())
    }

    /// A file of the folder, unchanged.
    pub fn file(mut self, name: &str, bytes: &[u8]) -> Program {
        self.files.insert(name.to_owned(), bytes.to_owned());
        self
    }

    /// Runs this copy of the program.
    pub fn executable(mut self, path: &Path) -> Program {
        path.clone_into(&mut self.executable);
        self
    }

    /// The arguments.
    pub fn args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Program {
        self.args.extend(args.into_iter().map(str::to_owned));
        self
    }

    /// An environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Program {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Its standard input.
    pub fn stdin(mut self, text: &str) -> Program {
        self.stdin = text.as_bytes().to_owned();
        self
    }

    /// Like [`Program::stdin`], for any bytes.
    pub fn stdin_bytes(mut self, bytes: &[u8]) -> Program {
        self.stdin = bytes.to_owned();
        self
    }

    /// Its time limit.
    pub fn limit(mut self, limit: Duration) -> Program {
        self.limit = limit;
        self
    }

    /// The expected standard output; dedented.
    pub fn stdout(mut self, text: &str) -> Program {
        self.expected.stdout = unindent(text);
        self
    }

    /// The expected standard error; dedented.
    pub fn stderr(mut self, text: &str) -> Program {
        self.expected.stderr = unindent(text);
        self
    }

    /// The expected exit status. Runs it and compares: the last call of a test.
    #[track_caller]
    pub fn status(mut self, status: i32) {
        self.expected.status = Some(status);
        self.compare(&self.outcome());
    }

    /// Runs it and returns the result.
    #[track_caller]
    pub fn outcome(&self) -> Outcome {
        self.start().finish().1
    }

    /// Runs it in an existing folder.
    #[track_caller]
    pub fn outcome_in(&self, folder: &Path) -> Outcome {
        self.start_in(folder).finish().1
    }

    /// Starts it in a new folder with its files.
    #[track_caller]
    pub fn start(&self) -> Running {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().to_owned();
        self.begin(&path, Some(folder))
    }

    /// Starts it in an existing folder, after adding its files.
    #[track_caller]
    pub fn start_in(&self, folder: &Path) -> Running {
        self.begin(folder, None)
    }

    #[track_caller]
    fn begin(&self, folder: &Path, owned: Option<tempfile::TempDir>) -> Running {
        for (name, bytes) in &self.files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().expect("a file in the folder")).expect("a folder");
            std::fs::write(path, bytes).expect("a file in the folder");
        }
        let mut command = Command::new(&self.executable);
        command.args(&self.args);
        for name in UNWANTED {
            command.env_remove(name);
        }
        // The test must not use the permissions and trust of this computer's user.
        command.env("XDG_CONFIG_HOME", "/nowhere").env("XDG_DATA_HOME", "/nowhere");
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        let mut running = Running::start(command, folder, owned, self.limit);
        running.feed(self.stdin.clone());
        running
    }

    /// Waits for the end of a run, and compares: the last call of a test.
    #[track_caller]
    pub fn ends(mut self, running: Running, status: i32) {
        self.expected.status = Some(status);
        self.compare(&running.finish().1);
    }

    #[track_caller]
    fn compare(&self, actual: &Outcome) {
        if let Some(difference) = difference(&self.expected, actual) {
            panic!("{}\n`belay-script {}`\n{difference}", Location::caller(), self.args.join(" "));
        }
    }
}

/// The differences, line by line; `None` if there are none. Boards end lines with CR LF: what is expected without a CR may
/// come with it.
pub fn difference(expected: &Outcome, actual: &Outcome) -> Option<String> {
    let mut text = String::new();
    let actual = &match expected.stdout.contains('\r') {
        true => actual.clone(),
        false => Outcome { stdout: actual.stdout.replace("\r\n", "\n"), ..actual.clone() },
    };
    for (name, expected, actual) in
        [("stdout", &expected.stdout, &actual.stdout), ("stderr", &expected.stderr, &actual.stderr)]
    {
        if expected != actual {
            let _ = writeln!(text, "--- expected {name}\n{expected}--- actual {name}\n{actual}---");
            let lines = expected.split('\n').zip(actual.split('\n'));
            if let Some((number, (expected, actual))) = (1..).zip(lines).find(|(_, (a, b))| a != b) {
                let _ = writeln!(text, "first difference in line {number}:\n  {expected:?}\n  {actual:?}");
            }
        }
    }
    if expected.status != actual.status {
        let _ = writeln!(text, "expected status {:?}, actual {:?}", expected.status, actual.status);
    }
    (!text.is_empty()).then_some(text)
}

/// Removes the first line if it is blank, the common indentation, and white space on the last line if
/// that is blank: so that expectations can be indented like the code around them.
pub fn unindent(text: &str) -> String {
    let Some(text) = text.strip_prefix('\n') else { return text.to_owned() };
    let blank = |line: &&str| line.trim_matches(' ').is_empty();
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let common = text.lines().filter(|line| !blank(line)).map(indent).min().unwrap_or(0);
    let mut lines: Vec<&str> = text.split('\n').map(|line| line.get(common..).unwrap_or("")).collect();
    if let Some(last) = lines.last_mut().filter(|last| blank(last)) {
        *last = "";
    }
    lines.join("\n")
}

/// Writes a program. Another process does: what this one has open for writing, a child that another test starts has open too,
/// and then nobody can run it ("Text file busy").
#[cfg(unix)]
pub fn executable(path: &Path, text: &str) {
    let source = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(source.path(), text).expect("a file");
    let install = Command::new("install").args(["-m", "755"]).args([source.path(), path]).status();
    assert!(install.expect("install runs").success(), "{}", path.display());
}
