//! The last of the tests: says which checks did not run on this machine, what to install for them, and which run in part.
//!
//! Cargo runs test targets in the order of their names, and hides what passing tests print; so this target has no harness, and a
//! name that comes last. Each line of `support/programs.txt` is a test of its own, ignored if its program is missing; with
//! `CI` set it fails.

#[path = "support/extent.rs"]
#[expect(dead_code, reason = "it asks only for what runs in part")]
mod extent;
#[path = "support/programs.rs"]
#[expect(dead_code, reason = "it looks the programs up and uses none")]
mod programs;

use programs::Needed;
use std::process::ExitCode;

/// What Cargo and test runners ask of a test target.
struct Arguments {
    list: bool,
    only_ignored: bool,
    exact: bool,
    filters: Vec<String>,
    skipped: Vec<String>,
}

impl Arguments {
    fn read(arguments: impl Iterator<Item = String>) -> Arguments {
        let mut read =
            Arguments { list: false, only_ignored: false, exact: false, filters: Vec::new(), skipped: Vec::new() };
        let mut arguments = arguments.peekable();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--list" => read.list = true,
                "--ignored" => read.only_ignored = true,
                "--exact" => read.exact = true,
                "--skip" => read.skipped.extend(arguments.next()),
                "--format" | "--test-threads" | "--color" | "--logfile" | "-Z" => drop(arguments.next()),
                option if option.starts_with('-') => {}
                _ => read.filters.push(argument),
            }
        }
        read
    }

    fn choose(&self, name: &str) -> bool {
        let fits = |filter: &String| if self.exact { name == filter } else { name.contains(filter.as_str()) };
        (self.filters.is_empty() || self.filters.iter().any(fits)) && !self.skipped.iter().any(fits)
    }
}

/// The name of the check as a test.
fn name(needed: &Needed) -> String {
    let name = needed.name.rsplit('/').next().unwrap_or_default();
    format!("needs::{}", name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_"))
}

fn main() -> ExitCode {
    let arguments = Arguments::read(std::env::args().skip(1));
    let all: Vec<Needed> = programs::table().collect();
    if arguments.list {
        let listed = all.iter().filter(|_| !arguments.only_ignored).map(name).filter(|name| arguments.choose(name));
        listed.for_each(|name| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let chosen: Vec<&Needed> =
        all.iter().filter(|needed| !arguments.only_ignored && arguments.choose(&name(needed))).collect();
    let count = chosen.len();
    println!("\nrunning {count} test{}", if count == 1 { "" } else { "s" });
    let missing: Vec<&Needed> = chosen.iter().copied().filter(|needed| needed.find().is_none()).collect();
    for needed in &chosen {
        let outcome = match (missing.contains(needed), extent::is_ci()) {
            (false, _) => "ok",
            (true, false) => "ignored, it is missing",
            (true, true) => "FAILED",
        };
        println!("test {} ... {outcome}", name(needed));
    }
    if !missing.is_empty() {
        tell(&missing);
    }
    if !extent::is_ci() {
        println!("\nchecked in part, and wholly with CI=true:");
        extent::TABLE.iter().for_each(|(_, cases, share)| println!("    {cases}: one of {share}"));
    }
    let (failed, ignored) = if extent::is_ci() { (missing.len(), 0) } else { (0, missing.len()) };
    println!(
        "\ntest result: {}. {} passed; {failed} failed; {ignored} ignored; 0 measured; {} filtered out; finished in 0.00s\n",
        if failed == 0 { "ok" } else { "FAILED" },
        count - missing.len(),
        all.len() - count,
    );
    // The harness's own status.
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(101) }
}

/// What was not checked, and what to install.
fn tell(missing: &[&Needed]) {
    println!("\nnot checked on this machine:");
    let mut checks: Vec<&str> = missing.iter().map(|needed| needed.checks).collect();
    checks.dedup();
    for check in checks {
        let names: Vec<&str> =
            missing.iter().filter(|needed| needed.checks == check).map(|needed| needed.name).collect();
        println!("    {check}: {} missing", names.join(" and "));
    }
    let packages: Vec<&str> = missing.iter().map(|needed| needed.package).collect();
    println!("to check everything: apt-get install --no-install-recommends {}", packages.join(" "));
}
