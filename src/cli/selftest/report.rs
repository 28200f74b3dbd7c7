//! The report of a self test, as text to paste into a bug report and as JSON.
//!
//! Invariant: it contains no name of the user's port, folders, account or computer ([`Discreet`]).

use super::facts::Facts;
use super::outcome::Outcome;
use super::table::Group;
use crate::port::address::Address;
use crate::repl::conformance::LineEnd;
use serde_json::{Map, Value as Json, json};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// Version of the JSON format; it changes when a field is removed or changes its meaning.
const FORMAT: u32 = 1;
/// Columns of a name.
const NAME_WIDTH: usize = 16;

/// Measurements by name; the name ends with the unit.
#[derive(Clone, Debug, Default)]
pub struct Measured(Vec<(&'static str, f64)>);

impl Measured {
    /// Records a number, replacing an earlier one.
    pub fn note(&mut self, name: &'static str, number: f64) {
        self.0.retain(|(other, _)| *other != name);
        self.0.push((name, number));
    }

    /// Records bytes per second.
    pub fn rate(&mut self, name: &'static str, bytes: usize, time: Duration) {
        self.note(name, bytes as f64 / time.as_secs_f64().max(1e-9));
    }
}

/// The result of one check.
#[derive(Clone, Debug)]
pub struct CheckResult {
    /// Its name.
    pub name: &'static str,
    /// Its group.
    pub group: Group,
    /// Its outcome.
    pub outcome: Outcome,
    /// Its duration.
    pub time: Duration,
}

/// Numbers of checks by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Passed checks.
    pub ok: usize,
    /// Checks that the board does not support.
    pub absent: usize,
    /// Failed checks.
    pub wrong: usize,
}

impl Totals {
    /// Counts.
    pub fn of(lines: &[CheckResult]) -> Totals {
        let count = |word: &str| lines.iter().filter(|line| line.outcome.word() == word).count();
        Totals { ok: count("ok"), absent: count("not on this board"), wrong: count("wrong") }
    }
}

/// Private names, and their placeholders.
pub struct Discreet(Vec<(String, &'static str)>);

impl Discreet {
    /// For a port as the user wrote it, and this computer.
    pub fn new(port: &str) -> Discreet {
        let mut hidden = Vec::new();
        if !port.parse::<Address>().is_ok_and(|address| address.kind().is_simulated()) || port.contains('/') {
            hidden.push((port.to_owned(), "PORT"));
        }
        let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).map(PathBuf::from);
        let folders = [(Some(std::env::temp_dir()), "TEMP"), (std::env::current_dir().ok(), "FOLDER"), (home, "HOME")];
        for (folder, word) in folders {
            // `/` alone identifies nobody and occurs in every path.
            if let Some(folder) = folder.map(|folder| folder.display().to_string()).filter(|folder| folder.len() > 1) {
                hidden.push((folder, word));
            }
        }
        Discreet(hidden)
    }

    /// The text with these names replaced.
    pub fn text(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, word)| text.replace(name, word))
    }

    /// The outcome with these names replaced.
    pub fn outcome(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Ok(detail) => Outcome::Ok(self.text(&detail)),
            Outcome::Absent(reason) => Outcome::Absent(self.text(&reason)),
            Outcome::Wrong { expected, actual } => {
                Outcome::Wrong { expected: self.text(&expected), actual: self.text(&actual) }
            }
        }
    }
}

/// The kind of port; for a simulated board also its options.
pub fn kind_of_port(port: &str) -> String {
    port.parse().map_or_else(|_| "unknown".to_owned(), |address: Address| address.public_name())
}

/// The first lines of the text: the program, the board, the link.
pub fn head(facts: &Facts, port: &str, quick: bool) -> String {
    let firmware = &facts.implementation;
    let (major, minor, patch) = firmware.version;
    let arch = if firmware.arch.is_empty() { String::new() } else { format!(", {}", firmware.arch) };
    let emitters = if firmware.emitters.is_empty() { "none".to_owned() } else { firmware.emitters.join(", ") };
    let memory = facts.memory.map_or_else(|| "unknown".to_owned(), |bytes| format!("{} KB free", bytes / 1024));
    let line_end = facts.line_end.map_or("unknown", LineEnd::name);
    let yes = |flag: bool, yes: &'static str, no: &'static str| if flag { yes } else { no };
    let floats = match facts.float_bits {
        0 => "no floats".to_owned(),
        bits => format!("{bits}-bit floats"),
    };
    format!(
        "belay-script {} selftest{}\n\
         board   {} {major}.{minor}.{patch}, {}{arch}; emitters: {emitters}\n\
         link    {}; line ends: {line_end}; Ctrl-C {}\n\
         memory  {memory}; {floats}, {}, {}\n",
        env!("CARGO_PKG_VERSION"),
        yes(quick, " --quick", ""),
        firmware.name,
        firmware.platform,
        kind_of_port(port),
        yes(facts.interrupts, "interrupts programs", "does not interrupt programs"),
        yes(facts.big_integers, "integers of any size", "integers of 31 bits or less"),
        yes(facts.unicode, "Unicode strings", "ASCII strings"),
    )
}

/// The text of one check.
pub fn line(line: &CheckResult) -> String {
    let name = format!("{:NAME_WIDTH$}", line.name);
    let text = match &line.outcome {
        Outcome::Ok(detail) => format!("ok     {name} {detail}"),
        Outcome::Absent(reason) => format!("-      {name} not on this board: {reason}"),
        Outcome::Wrong { expected, actual } => {
            let gap = " ".repeat(NAME_WIDTH + 8);
            format!("WRONG  {name} expected: {}\n{gap}actual:   {}", indented(expected, &gap), indented(actual, &gap))
        }
    };
    format!("{}\n", text.trim_end())
}

fn indented(text: &str, gap: &str) -> String {
    text.trim_end().replace('\n', &format!("\n{gap}          "))
}

/// The last lines of the text: measurements and totals.
pub fn tail(lines: &[CheckResult], measured: &Measured, time: Duration) -> String {
    let mut text = String::new();
    if !measured.0.is_empty() {
        text.push_str("\nmeasured\n");
        for (name, number) in &measured.0 {
            let places = if *number < 100.0 { 2 } else { 0 };
            let _ = writeln!(text, "       {name:30} {number:>12.places$}");
        }
    }
    let Totals { ok, absent, wrong } = Totals::of(lines);
    let _ = writeln!(text, "\n{ok} ok, {absent} not on this board, {wrong} wrong, in {:.1} s", time.as_secs_f64());
    text
}

/// The whole report as JSON.
pub fn json(
    facts: &Facts,
    port: &str,
    quick: bool,
    lines: &[CheckResult],
    measured: &Measured,
    time: Duration,
    stopped: bool,
) -> Json {
    let firmware = &facts.implementation;
    let (major, minor, patch) = firmware.version;
    let Totals { ok, absent, wrong } = Totals::of(lines);
    json!({
        "format": FORMAT,
        "belay_script": env!("CARGO_PKG_VERSION"),
        "quick": quick,
        "stopped": stopped,
        "seconds": rounded(time.as_secs_f64()),
        "board": {
            "implementation": firmware.name,
            "version": format!("{major}.{minor}.{patch}"),
            "platform": firmware.platform,
            "arch": firmware.arch,
            "emitters": firmware.emitters,
            "free_memory": facts.memory,
            "float_bits": facts.float_bits,
            "big_integers": facts.big_integers,
            "unicode": facts.unicode,
        },
        "link": {
            "port": kind_of_port(port),
            "line_ends": facts.line_end.map(LineEnd::name),
            "interrupts": facts.interrupts,
        },
        "checks": lines.iter().map(check).collect::<Vec<_>>(),
        "measured": measured.0.iter().map(|(name, number)| ((*name).to_owned(), rounded(*number))).collect::<Map<_, _>>(),
        "totals": { "ok": ok, "not_on_this_board": absent, "wrong": wrong },
    })
}

fn check(line: &CheckResult) -> Json {
    let mut fields = json!({
        "name": line.name,
        "group": line.group.name(),
        "result": line.outcome.word(),
        "seconds": rounded(line.time.as_secs_f64()),
    });
    let more: &[(&str, &String)] = match &line.outcome {
        Outcome::Ok(detail) => &[("detail", detail)],
        Outcome::Absent(reason) => &[("reason", reason)],
        Outcome::Wrong { expected, actual } => &[("expected", expected), ("actual", actual)],
    };
    for (name, text) in more {
        fields[*name] = Json::from(text.as_str());
    }
    fields
}

fn rounded(number: f64) -> Json {
    Json::from((number * 1000.0).round() / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Vec<CheckResult> {
        let line =
            |name, outcome| CheckResult { name, group: Group::Values, outcome, time: Duration::from_millis(1500) };
        vec![
            line("kinds", Outcome::Ok("12 values".to_owned())),
            line("threads", Outcome::Absent("the board has no threads".to_owned())),
            line("text", Outcome::wrong("'a'", "two\nlines")),
        ]
    }

    #[test]
    fn text_has_a_line_for_each_check() {
        let text: String = lines().iter().map(line).collect();
        assert_eq!(
            text,
            "ok     kinds            12 values\n\
             -      threads          not on this board: the board has no threads\n\
             WRONG  text             expected: 'a'\n                        actual:   two\n                                  lines\n"
        );
        let end = tail(&lines(), &Measured::default(), Duration::from_secs(3));
        assert_eq!(end, "\n1 ok, 1 not on this board, 1 wrong, in 3.0 s\n");
    }

    #[test]
    fn json_says_the_same() {
        let mut measured = Measured::default();
        measured.note("calls_per_second", 12.34567);
        let report =
            json(&Facts::default(), "sim:a?heap=1m&flash=/home/me/f", true, &lines(), &measured, Duration::ZERO, false);
        assert_eq!(report["totals"], json!({ "ok": 1, "not_on_this_board": 1, "wrong": 1 }));
        assert_eq!(report["checks"][2]["actual"], "two\nlines");
        assert_eq!(report["checks"][1]["reason"], "the board has no threads");
        assert_eq!(report["link"]["port"], "sim?heap=1m");
        assert_eq!(report["measured"]["calls_per_second"], 12.346);
    }

    #[test]
    fn private_names_are_replaced() {
        let discreet = Discreet::new("exec:/opt/secret/micropython -i");
        let folder = std::env::current_dir().unwrap();
        let message = format!("`exec:/opt/secret/micropython -i` in {}/x failed", folder.display());
        let text = discreet.text(&message);
        assert!(!text.contains("secret") && !text.contains(&folder.display().to_string()), "{text}");
        assert_eq!(kind_of_port("exec:/opt/secret/x"), "process (exec:)");
        assert_eq!(Discreet::new("sim").text("a similar board"), "a similar board");
    }
}
