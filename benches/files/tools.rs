//! A sync by whole processes: this program, mpremote and Belay, each with boards of its own.
//!
//! Invariant: each first sync is to an empty flash, each unchanged one to what the first has left.

#[path = "../../tests/support/pypi.rs"]
pub mod pypi;

use super::noise::noise;
use super::{Tree, median, module};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

const ROUNDS: usize = 3;
const FILES: usize = 50;
const SIZE: usize = 4096;
const MPREMOTE: &str = "1.29.0";
const BELAY: &str = "0.30.1";
/// Opens the link, syncs, and prints how long the sync alone has taken.
const BELAY_SCRIPT: &str = "\
import sys, time
from belay import Device
device = Device(sys.argv[1])
begun = time.perf_counter()
device.sync(sys.argv[2], '/files')
print(time.perf_counter() - begun)
device.close()
";

/// A board behind a pseudo-terminal.
pub struct Server(Child);

impl Server {
    /// Serves one at `link`.
    pub fn start(link: &Path) -> Server {
        let mut command = program();
        command.args(["sim", "serve", "--link"]).arg(link).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut server = Server(command.spawn().expect("the program starts"));
        let said = BufReader::new(server.0.stdout.take().expect("a pipe"));
        let ready = |line: std::io::Result<String>| line.is_ok_and(|line| line.ends_with("press Ctrl-C to stop"));
        assert!(said.lines().any(ready), "a board is served");
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let id = rustix::process::Pid::from_child(&self.0);
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        let _ = self.0.wait();
    }
}

/// This program.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_belay-script"));
    for name in ["BELAY_DEVICE", "BELAY_SCRIPT_MICROPYTHON"] {
        command.env_remove(name);
    }
    command
}

/// Who syncs.
enum Tool {
    Ours,
    Mpremote(PathBuf),
    Belay(PathBuf),
}

impl Tool {
    fn name(&self) -> String {
        match self {
            Tool::Ours => "belay-script".to_owned(),
            Tool::Mpremote(_) => format!("mpremote {MPREMOTE}"),
            Tool::Belay(_) => format!("Belay {BELAY}"),
        }
    }

    /// The process that makes `/files` of the board on `link` equal to `folder`, which has this name, with `home` as its
    /// user's. Not `/`: this program takes the board behind the pseudo-terminal for a process of this computer.
    fn command(&self, folder: &Path, link: &Path, home: &Path) -> Command {
        let mut command = match self {
            Tool::Ours => {
                let mut command = program();
                command.arg("sync").arg(folder).args(["--dst", "/files", "-p"]).arg(link);
                command
            }
            Tool::Mpremote(installed) => {
                let mut command = Command::new("python3");
                command.args(["-m", "mpremote", "connect"]).arg(link).args(["cp", "-r"]).arg(folder);
                command.arg(":/").env("PYTHONPATH", installed);
                command
            }
            Tool::Belay(installed) => {
                let mut command = Command::new("python3");
                command.args(["-c", BELAY_SCRIPT]).arg(link).arg(folder).env("PYTHONPATH", installed);
                command
            }
        };
        command.stdin(Stdio::null()).env("HOME", home).env("XDG_CONFIG_HOME", home);
        command
    }

    /// Seconds of the whole process, and those that it says.
    fn run(&self, folder: &Path, link: &Path, home: &Path) -> (f64, Option<f64>) {
        let begun = Instant::now();
        let output = self.command(folder, link, home).output().expect("the tool starts");
        let whole = begun.elapsed().as_secs_f64();
        let said = String::from_utf8_lossy(&output.stdout);
        let name = self.name();
        assert!(output.status.success(), "{name}: {said}{}", String::from_utf8_lossy(&output.stderr));
        (whole, said.trim().parse().ok())
    }
}

/// Seconds of the first sync and of the unchanged one: of whole processes, and what the tool says of it.
#[derive(Default)]
struct Times {
    whole: [Vec<f64>; 2],
    said: [Vec<f64>; 2],
}

/// Folders of random bytes and of Python source, by all tools that can be installed.
pub fn table() {
    let installed = |name, version, tool: fn(PathBuf) -> Tool| pypi::installed(name, version).map(tool);
    let tools =
        [Ok(Tool::Ours), installed("mpremote", MPREMOTE, Tool::Mpremote), installed("belay", BELAY, Tool::Belay)];
    println!("{:<40} {:>12} {:>12} {:>17}", "sync of 50 files, whole process", "first", "unchanged", "times ours");
    println!("{:<40} {:>12} {:>12} {:>8} {:>8}", "", "", "", "aim 10", "aim 5");
    rows("random bytes", &tools, |number| ("bin", noise(SIZE, number as u64 + 1)));
    rows("Python source", &tools, |number| ("py", module(SIZE - 500, number)));
}

fn rows(kind: &str, tools: &[Result<Tool, String>], content: impl Fn(usize) -> (&'static str, Vec<u8>)) {
    let file = |number: usize| {
        let (extension, content) = content(number);
        (format!("folder{}/file{number}.{extension}", number % 5), content)
    };
    let tree: Tree = (0..FILES).map(file).collect();
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let folder = scratch.path().join("files");
    for (path, content) in &tree {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }
    let mut times: Vec<Times> = tools.iter().map(|_| Times::default()).collect();
    for round in 0..=ROUNDS {
        for (tool, times) in tools.iter().zip(&mut times) {
            let Ok(tool) = tool else { continue };
            let link = scratch.path().join("board");
            let _server = Server::start(&link);
            for which in 0..2 {
                let (whole, said) = tool.run(&folder, &link, scratch.path());
                // The first round fills the caches of the operating system.
                if round > 0 {
                    times.whole[which].push(whole);
                    times.said[which].extend(said);
                }
            }
        }
    }
    let bytes: usize = tree.iter().map(|(_, content)| content.len()).sum();
    println!("{kind}, {} KB", bytes / 1000);
    let mut ours = None;
    for (tool, Times { whole, said }) in tools.iter().zip(times) {
        let tool = match tool {
            Ok(tool) => tool.name(),
            Err(why) => {
                println!("  {why}");
                continue;
            }
        };
        let whole = whole.map(median);
        let ours = *ours.get_or_insert(whole);
        row(&tool, whole, ours);
        if said.iter().all(|said| !said.is_empty()) {
            row(&format!("{tool}, `device.sync` alone"), said.map(median), ours);
        }
    }
}

fn row(name: &str, [first, unchanged]: [f64; 2], ours: [f64; 2]) {
    let times = |value: f64, ours: f64| format!("{:.1} ×", value / ours);
    println!(
        "  {name:<38} {:>9.0} ms {:>9.0} ms {:>8} {:>8}",
        1000.0 * first,
        1000.0 * unchanged,
        times(first, ours[0]),
        times(unchanged, ours[1])
    );
}
