//! Series of samples as CSV (RFC 4180), a file each.
//!
//! Columns: the host's clock and the board's in seconds, then those of the series, each with its unit. Pure.
//! Invariant: no two files have one name, and none leads out of the folder.

use crate::bench::report::{Report, Series};
use std::fmt::Write as _;

/// The names of the files, and what they hold.
pub fn files(reports: &[Report]) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
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
            let numbered = (2..).map(|number| format!("{name}-{number}.csv"));
            let free = |name: &String| !files.iter().any(|(other, _)| other == name);
            let name = std::iter::once(format!("{name}.csv")).chain(numbered).find(free).unwrap_or_default();
            files.push((name, text(series)));
        }
    }
    files
}

/// A name as part of that of a file.
fn plain(name: &str) -> String {
    let letters = name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' });
    let name: String = letters.take(60).collect();
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
}
