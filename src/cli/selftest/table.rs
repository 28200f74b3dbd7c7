//! Every check, in the order in which they run.
//!
//! Invariant: names are unique.

use super::bench::Bench;
use super::outcome::Checked;
use super::{files, items, mounting, output, scenes, speed, stops, values};
use crate::repl::conformance::{SCENES, Scene};

/// A group of checks. Each group starts with a freshly opened board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Answers of the raw REPL.
    Conformance,
    /// Values both ways.
    Values,
    /// Values of one size both ways.
    Sizes,
    /// Output of the board, and line ends.
    Output,
    /// Time limits and Ctrl-C.
    Stops,
    /// Restarts and reconnections.
    Resets,
    /// Files of the board.
    Files,
    /// A folder of this computer.
    Mount,
    /// Threads, generators, objects, the clock.
    Items,
    /// Measurements.
    Speed,
}

impl Group {
    /// As it is written in the report.
    pub fn name(self) -> &'static str {
        match self {
            Group::Conformance => "conformance",
            Group::Values => "values",
            Group::Sizes => "sizes",
            Group::Output => "output",
            Group::Stops => "stops",
            Group::Resets => "resets",
            Group::Files => "files",
            Group::Mount => "mount",
            Group::Items => "items",
            Group::Speed => "speed",
        }
    }
}

/// A requirement of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Ctrl-C interrupts a running program.
    Interrupt,
    /// The port survives a soft reset.
    SoftReset,
}

impl Need {
    /// Why the board lacks it; `None`: it does not.
    fn lack(self, bench: &Bench) -> Option<&'static str> {
        match self {
            Need::Interrupt if !bench.facts.interrupts => Some("Ctrl-C does not interrupt a running program here"),
            Need::SoftReset if !bench.plug.abilities().soft_reset => Some("a soft reset ends the process on this port"),
            Need::Interrupt | Need::SoftReset => None,
        }
    }
}

/// The action.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// A scene of the conformance list.
    Scene(&'static Scene),
    /// Values of this many bytes.
    Size(usize),
    /// A function.
    Function(fn(&mut Bench) -> Checked),
}

/// One check.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name: `--only` takes it.
    pub name: &'static str,
    /// Its group: `--only` takes that too.
    pub group: Group,
    /// Its description.
    pub about: &'static str,
    /// Its requirements.
    pub needs: &'static [Need],
    /// The action.
    pub check: Check,
}

impl Row {
    /// Why the board lacks what the check needs; `None`: it does not.
    pub fn lack(&self, bench: &Bench) -> Option<&'static str> {
        self.needs.iter().find_map(|need| need.lack(bench))
    }

    /// Runs the check.
    ///
    /// # Errors
    /// Unexpected errors of the board or the link.
    pub fn run(&self, bench: &mut Bench) -> Checked {
        match self.check {
            Check::Scene(scene) => scenes::hold(bench, scene),
            Check::Size(size) => values::size(bench, size),
            Check::Function(function) => function(bench),
        }
    }
}

const fn row(group: Group, name: &'static str, about: &'static str, check: fn(&mut Bench) -> Checked) -> Row {
    Row { name, group, about, needs: &[], check: Check::Function(check) }
}

const fn needy(needs: &'static [Need], row: Row) -> Row {
    Row { needs, ..row }
}

const fn size(name: &'static str, about: &'static str, bytes: usize) -> Row {
    Row { name, group: Group::Sizes, about, needs: &[], check: Check::Size(bytes) }
}

use Group::{Files, Items, Mount, Output, Resets, Speed, Stops, Values};
use Need::{Interrupt, SoftReset};

/// The checks besides the conformance list.
const ROWS: &[Row] = &[
    row(Values, "kinds", "every kind of value comes back as it was sent", values::kinds),
    row(Values, "integers", "integers around the limits of 30, 32 and 64 bits, and beyond", values::integers),
    row(Values, "floats", "floats, to the precision of the board", values::floats),
    row(Values, "text", "quotes, control characters, line ends, code points", values::text),
    row(Values, "bytes", "every byte, and lengths around 64 and 128", values::bytes),
    row(Values, "nesting", "lists, tuples and dicts in one another", values::nesting),
    row(Values, "random", "random values with a fixed seed", values::random),
    size("size-1", "1 byte, both ways", 1),
    size("size-65", "65 bytes, both ways", 65),
    size("size-1k", "1000 bytes, both ways", 1000),
    size("size-10k", "10 000 bytes, both ways", 10_000),
    size("size-100k", "100 000 bytes, both ways", 100_000),
    row(Output, "line-ends", "printed lines end in CR LF, or in LF", output::line_ends),
    row(Output, "raw-bytes", "every byte of `sys.stdout.buffer` passes as it is", output::raw_bytes),
    row(Output, "lookalikes", "text that looks like the protocol harms no value", output::lookalikes),
    row(Output, "order", "many lines arrive whole and in order", output::order),
    row(Output, "exception", "an exception comes with its class and message", output::exception),
    needy(&[Interrupt], row(Stops, "timeout-loop", "a loop is over in time", stops::busy_loop)),
    needy(&[Interrupt], row(Stops, "timeout-sleep", "a sleep is over in time", stops::sleep)),
    needy(&[Interrupt], row(Stops, "timeout-print", "a loop that prints is over in time", stops::printing)),
    needy(&[Interrupt], row(Stops, "ctrl-c", "Ctrl-C on this computer ends a call", stops::ctrl_c)),
    // The terminal of a process drops at Ctrl-C what is under way, the spoilt line too: the Ctrl-D after it may end the process.
    needy(&[SoftReset], row(Stops, "upload", "a long program is stopped while it is sent", stops::upload)),
    needy(&[SoftReset], row(Resets, "soft-reset", "a soft reset; declared tasks work afterwards", stops::soft_reset)),
    row(Resets, "hard-reset", "a hard reset, as by the board's button", stops::hard_reset),
    row(Resets, "reconnect", "the connection is closed and opened again", stops::reconnect),
    row(Files, "files", "files are written, read, hashed, renamed, replaced, removed", files::round),
    row(Files, "sync", "a folder is synced, twice, and after changes", files::sync_twice),
    row(Files, "imports", "an import after a sync gives the new module", files::imports),
    row(Files, "sync-cut", "a sync that is cut off leaves whole files", files::sync_cut),
    row(Files, "file-speed", "how fast a file is written and read", files::speed),
    row(Mount, "mount", "the board reads, imports and writes files of this computer", mounting::mount),
    row(Items, "threads", "a thread runs beside calls", items::threads),
    row(Items, "generators", "a generator gives items and takes values", items::generators),
    row(Items, "proxies", "objects that stay on the board", items::proxies),
    row(Items, "clock", "the board's clock against this computer's", items::clock),
    row(Speed, "calls", "calls a second, median and 99th percentile", speed::calls),
    row(Speed, "throughput", "bytes a second of values, both ways", speed::throughput),
    row(Speed, "memory", "many calls take no memory for good", speed::memory),
];

/// Every check.
pub fn rows() -> Vec<Row> {
    let scene = |scene: &'static Scene| Row {
        name: scene.name,
        group: Group::Conformance,
        about: scene.about,
        needs: &[],
        check: Check::Scene(scene),
    };
    SCENES.iter().map(scene).chain(ROWS.iter().copied()).collect()
}

/// The checks that have one of these names, or whose group has. Without names: all.
///
/// # Errors
/// The first unknown name.
pub fn chosen(only: &[String], skipped: &[String]) -> Result<Vec<Row>, String> {
    let all = rows();
    let fits = |row: &Row, name: &String| row.name == *name || row.group.name() == *name;
    if let Some(unknown) = only.iter().chain(skipped).find(|name| !all.iter().any(|row| fits(row, name))) {
        return Err(unknown.clone());
    }
    let is_among = |row: &Row, names: &[String]| names.iter().any(|name| fits(row, name));
    Ok(all.into_iter().filter(|row| (only.is_empty() || is_among(row, only)) && !is_among(row, skipped)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> = rows().iter().map(|row| row.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn checks_are_selected_by_name_and_by_group() {
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let without = |wanted: &[&str], skipped: &[&str]| {
            chosen(&texts(wanted), &texts(skipped)).map(|rows| rows.iter().map(|row| row.name).collect::<Vec<_>>())
        };
        let names = |wanted: &[&str]| without(wanted, &[]);
        assert_eq!(without(&["resets", "clock"], &["resets"]).unwrap(), ["clock"]);
        assert_eq!(without(&[], &["nothing"]), Err("nothing".to_owned()));
        assert_eq!(without(&[], &["mount"]).unwrap().len(), rows().len() - 1);
        assert_eq!(names(&["mount", "clock"]).unwrap(), ["mount", "clock"]);
        assert_eq!(names(&["resets"]).unwrap(), ["soft-reset", "hard-reset", "reconnect"]);
        assert_eq!(names(&["clock", "nothing"]), Err("nothing".to_owned()));
        assert_eq!(names(&[]).unwrap().len(), rows().len());
    }
}
