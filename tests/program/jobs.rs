//! The jobs of `docs/src/jobs.md`, by this program and by other tools, each on a served board of its own.
//!
//! Without `CI` only this program does them.

use crate::support::command::{Outcome, Program};
use crate::support::extent;
use crate::support::jobs::{FILES, JOBS, Job, TOOLS, Tool, words};
use crate::support::mpremote::pypi;
use crate::support::running::Running;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The longest time for all jobs of a tool.
const LIMIT: Duration = Duration::from_secs(300);

/// A command of a tool in a folder, on the board that is served there.
fn run(tool: &Tool, command: &str, folder: &Path) -> Outcome {
    let line = tool.line(command, "./board");
    let Some((package, version)) = tool.package else {
        return Program::new().args(line.iter().map(String::as_str)).outcome_in(folder);
    };
    let installed = pypi::installed(package, version).unwrap_or_else(|error| panic!("{error}"));
    let mut python = Command::new("python3");
    python.args(["-c", tool.start]).args(line).env("PYTHONPATH", installed).env("PYTHONDONTWRITEBYTECODE", "1");
    python.env("HOME", folder).env("XDG_CONFIG_HOME", folder).env("NO_COLOR", "1").env("TERM", "dumb");
    Running::start(python, folder, None, Duration::from_secs(60)).finish().1
}

fn check(tool: &Tool, job: &Job, command: &str, folder: &Path) {
    let Outcome { stdout, stderr, status } = run(tool, command, folder);
    let what = format!("{}, {}: `{command}`: {stdout}{stderr}", tool.name, job.name);
    assert_eq!(status, Some(0), "{what}");
    assert!(stdout.contains(job.says), "{what}");
    if !job.leaves.is_empty() {
        let asked = format!("__import__('builtins').eval({:?}, {{'os': __import__('os')}})", job.leaves);
        let outcome = Program::new().args(["eval", "--no-reset", "-p", "./board", &asked]).outcome_in(folder);
        assert_eq!((outcome.stdout.trim(), outcome.status), ("True", Some(0)), "{what}\n{}", outcome.stderr);
    }
}

/// All jobs by one tool. What it cannot do, this program does for it: the jobs build on one another.
fn do_all(index: usize, tool: &Tool) {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in FILES {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let server = Program::new().args(["sim", "serve", "--link", "board"]).limit(LIMIT).start_in(folder.path());
    server.said("press Ctrl-C to stop\n");
    for job in JOBS {
        match job.commands[index] {
            "" if job.leaves.is_empty() => {}
            "" => check(&TOOLS[0], job, job.commands[0], folder.path()),
            command => check(tool, job, command, folder.path()),
        }
    }
    let back = fs::read_to_string(folder.path().join("back.py")).unwrap_or_default();
    let copies = !JOBS.iter().any(|job| job.name.contains("from the board") && job.commands[index].is_empty());
    assert!(!copies || back.replace('\r', "").trim() == FILES[0].1.trim(), "{}: {back}", tool.name);
}

#[test]
fn tools_do_the_same_jobs() {
    std::thread::scope(|scope| {
        for (index, tool) in TOOLS.iter().enumerate().step_by(extent::one_of("jobs")) {
            scope.spawn(move || do_all(index, tool));
        }
    });
}

#[test]
fn no_job_takes_more_words_than_with_mpremote() {
    for Job { name, commands: [ours, mpremote, ..], .. } in JOBS {
        assert!(mpremote.is_empty() || words(ours).len() <= words(mpremote).len(), "{name}");
        assert!(!ours.is_empty(), "{name}");
    }
}

/// The commands of the page are those that the test runs.
#[test]
fn the_page_shows_these_jobs() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/src/jobs.md")).expect("the page");
    let cell = |command: &&str| match words(command).len() {
        0 => "–".to_owned(),
        count => format!("`{command}` ({count})"),
    };
    for job in JOBS {
        let row = format!("| {} | {} |", job.name, job.commands.iter().map(cell).collect::<Vec<_>>().join(" | "));
        assert!(page.contains(&row), "the page lacks\n{row}");
    }
    for (package, version) in TOOLS.iter().filter_map(|tool| tool.package) {
        assert!(page.contains(&format!("{package} {version}")), "{package} {version}");
    }
}
