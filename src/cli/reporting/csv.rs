//! Series of samples as CSV (RFC 4180), a file each.
//!
//! Columns: the host's clock and the board's in seconds, then those of the series, each with its unit. Pure.
//! Invariant: no two files have one name, and none leads out of the folder.

use crate::bench::report::{Report, Series};
use crate::cli::files::local;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

/// The names of the files, and what they hold.
pub fn files(reports: &[Report]) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    let mut names = Names::default();
    for report in reports {
        let loose = report.series.iter().map(|series| (String::new(), series));
        let tests = report.tests.iter().flat_map(|test| test.series.iter().map(|series| (test.path(), series)));
        for (test, series) in loose.chain(tests) {
            let mut parts = vec![test.as_str(), series.name.as_str()];
            let script = report.script.rsplit(['/', '\\']).next().unwrap_or_default();
            if reports.len() > 1 {
                parts.insert(0, script.strip_suffix(".rhai").unwrap_or(script));
            }
            let name =
                parts.iter().map(|part| plain(part)).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
            let name = if name.is_empty() { "series".to_owned() } else { name };
            // Windows takes no file by the name of a device, whatever its ending.
            let name = if local::is_name(&name, true) { name } else { format!("series-{name}") };
            files.push((names.take(&name), text(series)));
        }
    }
    files
}

/// The names that are taken, as the least exact file system compares them: of two that differ by case, or by the way in which
/// Unicode composes a letter, it keeps one.
#[derive(Default)]
struct Names {
    taken: HashSet<String>,
    /// The number that the next file of this name gets.
    next: HashMap<String, u32>,
}

impl Names {
    fn take(&mut self, name: &str) -> String {
        let key = folded(name);
        loop {
            let number = self.next.entry(key.clone()).or_insert(1);
            let (file, folded) = match *number {
                1 => (name.to_owned(), key.clone()),
                number => (format!("{name}-{number}"), format!("{key}-{number}")),
            };
            *number += 1;
            if self.taken.insert(folded) {
                return format!("{file}.csv");
            }
        }
    }
}

/// One text for all names that some file system takes for the same. Upper case first: `ß` and `SS` are one name to it.
fn folded(name: &str) -> String {
    name.to_uppercase().to_lowercase()
}

/// A name as part of that of a file: ASCII letters and digits as they are. Others have several forms in Unicode, which file
/// systems compare each in their own way, so they are written by their number: `é` is `u00e9`.
fn plain(name: &str) -> String {
    let mut letters = String::new();
    for letter in name.chars() {
        match letter {
            _ if letter.is_ascii_alphanumeric() => letters.push(letter),
            _ if letter.is_ascii() || letter.is_whitespace() => letters.push('_'),
            _ => letters.push_str(&format!("u{:04x}", u32::from(letter))),
        }
    }
    let name: String = letters.chars().take(60).collect();
    name.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}

fn text(series: &Series) -> String {
    let unit = if series.unit.is_empty() { String::new() } else { format!(" [{}]", series.unit) };
    let columns = series.columns.iter().map(|column| quote(&format!("{column}{unit}")));
    let head: Vec<String> = ["host [s]".to_owned(), "board [s]".to_owned()].into_iter().chain(columns).collect();
    let mut text = head.join(",") + "\n";
    for sample in &series.samples {
        let board = sample.board.map(|board| format!("{board:.6}")).unwrap_or_default();
        let _ = write!(text, "{:.6},{board}", sample.host);
        for value in &sample.values {
            let _ = write!(text, ",{value}");
        }
        text.push('\n');
    }
    text
}

fn quote(cell: &str) -> String {
    if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::report::{Sample, Test};

    #[test]
    fn every_series_has_a_file() {
        let sample = Sample { host: 1.5, board: Some(0.25), values: vec![1.0, f64::NAN] };
        let series = |name: &str| Series {
            name: name.to_owned(),
            unit: "A".to_owned(),
            columns: vec!["a, b".to_owned(), "c".to_owned()],
            samples: vec![sample.clone()],
            ..Series::default()
        };
        let test = Test { name: "../on".to_owned(), series: vec![series("x"), series("x")], ..Test::default() };
        let report = Report { series: vec![series("/")], tests: vec![test], ..Report::default() };
        let files = files(&[report]);
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["series.csv", "on-x.csv", "on-x-2.csv"]);
        assert_eq!(files[0].1, "host [s],board [s],\"a, b [A]\",c [A]\n1.500000,0.250000,1,NaN\n");
    }

    #[test]
    fn no_two_names_are_one_on_any_file_system() {
        let series = |name: &str| Series { name: name.to_owned(), ..Series::default() };
        let names = ["x", "X", "CON", "con", "x-2", "x.", "e\u{301}", "\u{e9}", "LPT1", "\u{fb01}", "fi"];
        let report = Report { series: names.map(series).to_vec(), ..Report::default() };
        let files = files(&[report]);
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        let wanted = [
            "x.csv",
            "X-2.csv",
            "series-CON.csv",
            "series-con-2.csv",
            "x_2.csv",
            "x-3.csv",
            "eu0301.csv",
            "u00e9.csv",
            "series-LPT1.csv",
            "ufb01.csv",
            "fi.csv",
        ];
        assert_eq!(names, wanted);
        assert!(names.iter().all(|name| name.is_ascii() && local::is_name(name, true)));
        // A million series of one name take no square of the time.
        let mut taken = Names::default();
        let count = (0..100_000).map(|_| taken.take("x")).collect::<HashSet<String>>().len();
        assert_eq!(count, 100_000);
    }
}
