//! Writes each series of samples as a CSV file (RFC 4180).
//!
//! Columns: the host's clock and the board's in seconds, then those of the series, each with its unit. In a run with simulated
//! boards, a last column `simulated` names them in every row, so that it stays with the rows wherever they are copied.
//! Invariant: file names are unique and stay inside the folder.

use crate::bench::archive::{Archive, Rows};
use crate::bench::simulated;
use crate::disk;
use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

/// Calls `write` for each series, with the name of its file and the simulated boards of its run.
///
/// # Errors
/// Of reading the archive.
pub fn files(archive: &Archive, write: &mut dyn FnMut(&str, Rows<'_>, Option<&str>)) -> io::Result<()> {
    let mut names = Names::default();
    let several = archive.runs().count() > 1;
    for run in archive.runs() {
        let script = run.head().script.rsplit(['/', '\\']).next().unwrap_or_default();
        let script = script.strip_suffix(".rhai").unwrap_or(script);
        let boards = simulated::shown(&run.head().not_hardware());
        let mut put = |test: &str, rows: Rows<'_>| {
            let parts = [if several { script } else { "" }, test, &rows.series.name];
            let parts: Vec<String> = parts.map(plain).into_iter().filter(|part| !part.is_empty()).collect();
            let name = if parts.is_empty() { "series".to_owned() } else { parts.join("-") };
            // Windows rejects device names as file names, whatever the extension.
            let name = if disk::is_name(&name, true) { name } else { format!("series-{name}") };
            write(&names.take(&name), rows, boards.as_deref());
        };
        run.series(None).for_each(|rows| put("", rows));
        for saved in run.tests() {
            let saved = saved?;
            let path = saved.test.path();
            run.series(Some(&saved)).for_each(|rows| put(&path, rows));
        }
    }
    Ok(())
}

/// The names that are taken, as the least exact file system compares them: of two that differ by case, or by the way in which
/// Unicode composes a letter, it keeps one.
#[derive(Default)]
struct Names {
    taken: HashSet<String>,
    /// The number of the next file with this name.
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

/// Writes one series to a file; `simulated` names the simulated boards of its run.
///
/// # Errors
/// Of writing, and of reading the samples.
pub fn write(rows: Rows<'_>, simulated: Option<&str>, to: &mut dyn Write) -> io::Result<()> {
    let series = rows.series;
    let unit = if series.unit.is_empty() { String::new() } else { format!(" [{}]", series.unit) };
    let columns = series.columns.iter().map(|column| format!("{column}{unit}"));
    // A sample may have fewer values than the series has columns.
    let mut table = csv::WriterBuilder::new().flexible(true).from_writer(to);
    let clocks = ["host [s]".to_owned(), "board [s]".to_owned()];
    table.write_record(clocks.into_iter().chain(columns).chain(simulated.map(|_| "simulated".to_owned())))?;
    for sample in rows.samples() {
        let sample = sample?;
        table.write_field(format!("{:.6}", sample.host))?;
        table.write_field(sample.board.map(|board| format!("{board:.6}")).unwrap_or_default())?;
        let values = sample.values.iter().map(f64::to_string);
        match simulated {
            None => table.write_record(values)?,
            Some(boards) => {
                let missing = series.columns.len().saturating_sub(sample.values.len());
                let values = values.chain(std::iter::repeat_n(String::new(), missing));
                table.write_record(values.chain([boards.to_owned()]))?;
            }
        }
    }
    table.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::event::Board;
    use crate::bench::report::{Report, Sample, Series, Test};

    /// File names and contents.
    fn made(report: Report) -> Vec<(String, String)> {
        let mut made = Vec::new();
        let mut write = |name: &str, rows: Rows<'_>, simulated: Option<&str>| {
            let mut text = Vec::new();
            super::write(rows, simulated, &mut text).unwrap();
            made.push((name.to_owned(), String::from_utf8(text).unwrap()));
        };
        files(&Archive::of(&[report]), &mut write).unwrap();
        made
    }

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
        let files = made(report);
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["series.csv", "on-x.csv", "on-x-2.csv"]);
        assert_eq!(files[0].1, "host [s],board [s],\"a, b [A]\",c [A]\n1.500000,0.250000,1,NaN\n");
    }

    #[test]
    fn rows_name_the_simulated_boards() {
        let sample = Sample { host: 1.5, board: None, values: vec![1.0] };
        let columns = vec!["a".to_owned(), "b".to_owned()];
        let series = Series { name: "x".to_owned(), columns, samples: vec![sample], ..Series::default() };
        let mut report = Report { series: vec![series], ..Report::default() };
        report.add_board(Board { name: "dut".to_owned(), port: "sim".to_owned(), ..Board::default() });
        report.add_board(Board { name: "load".to_owned(), port: "replay:a".to_owned(), ..Board::default() });
        let files = made(report);
        let text = "host [s],board [s],a,b,simulated\n1.500000,,1,,\"dut, load (recording)\"\n";
        assert_eq!(files, [("x.csv".to_owned(), text.to_owned())]);
    }

    #[test]
    fn no_two_names_are_one_on_any_file_system() {
        let series = |name: &str| Series { name: name.to_owned(), ..Series::default() };
        let names = ["x", "X", "CON", "con", "x-2", "x.", "e\u{301}", "\u{e9}", "LPT1", "\u{fb01}", "fi"];
        let report = Report { series: names.map(series).to_vec(), ..Report::default() };
        let files = made(report);
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
        assert!(names.iter().all(|name| name.is_ascii() && disk::is_name(name, true)));
        // No system accepts names above 255 bytes.
        let long = "é".repeat(5000);
        let test = Test { name: long.clone(), series: vec![series(&long), series(&long)], ..Test::default() };
        for (name, _) in made(Report { tests: vec![test], ..Report::default() }) {
            assert!(name.len() < 200, "{name}");
        }
        // A million series with the same name take linear time.
        let mut taken = Names::default();
        let count = (0..100_000).map(|_| taken.take("x")).collect::<HashSet<String>>().len();
        assert_eq!(count, 100_000);
    }
}
