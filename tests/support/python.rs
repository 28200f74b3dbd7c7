//! Python, for the tools that judge what the program does.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// Python itself. The `python3` of a version manager is a script, which takes eight times as long to start.
pub fn command() -> Command {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        let output =
            Command::new("python3").args(["-I", "-S", "-c", "import sys; print(sys.executable, end='')"]).output();
        let said = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        PathBuf::from(if said.is_empty() { "python3".to_owned() } else { said })
    });
    Command::new(program)
}
