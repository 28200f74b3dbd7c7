//! Shows figures: on the terminal, and as tables in the documents.

use super::places::Link;
use super::results::{Results, Row, load};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- cargo bench --bench link -- --write-docs: begin -->";
const END: &str = "<!-- cargo bench --bench link -- --write-docs: end -->";
const PEERS_BEGIN: &str = "<!-- cargo bench --bench link -- --peers --write-docs: begin -->";
const PEERS_END: &str = "<!-- cargo bench --bench link -- --peers --write-docs: end -->";

fn of_project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A time with three digits, from microseconds to seconds.
pub fn time(seconds: f64) -> String {
    let (value, unit) = match seconds {
        seconds if seconds < 1e-3 => (seconds * 1e6, "µs"),
        seconds if seconds < 1.0 => (seconds * 1e3, "ms"),
        seconds => (seconds, "s"),
    };
    let places = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.places$} {unit}")
}

/// The title of a link, which begins a line.
pub fn heading(link: Link) -> String {
    let title = link.title();
    let (first, rest) = title.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

fn ratio(row: &Row) -> String {
    row.ratio().map(|ratio| format!("{ratio:.2}")).unwrap_or_default()
}

fn optional(seconds: Option<f64>) -> String {
    seconds.map(time).unwrap_or_default()
}

fn own(row: &Row) -> String {
    match (row.memory, row.instructions) {
        (Some(bytes), _) => format!("{:.1} MB", bytes as f64 / 1e6),
        (None, Some(count)) => format!("{} k", count.div_ceil(1000)),
        (None, None) => time(row.ours),
    }
}

/// A table for the terminal.
pub fn plain(link: Link, rows: &[Row]) -> String {
    let mut text = format!(
        "{:<44} {:>10} {:>10} {:>10} {:>7} {:>7} {:>8} {:>5}\n",
        link.title(),
        "ours",
        "raw REPL",
        "resident",
        "ratio",
        "sent",
        "received",
        "turns"
    );
    for row in rows {
        let _ = writeln!(
            text,
            "  {:<42} {:>10} {:>10} {:>10} {:>7} {:>7} {:>8} {:>5}",
            row.what,
            own(row),
            optional(row.raw),
            optional(row.resident),
            ratio(row),
            row.sent,
            row.received,
            row.turns
        );
        if let Some(least) = row.least_instructions {
            let _ = writeln!(text, "  {:<42} {:>10} {:>10}", "", time(row.ours), format!("least {} k", least / 1000));
        }
    }
    text.push('\n');
    text
}

/// The tables of the documents, with the figures before if there are any.
fn tables(results: &Results) -> String {
    let before = load(&of_project("benches/before.json"));
    let mut text = String::new();
    for (link, rows) in results {
        let old = before.iter().find(|(other, _)| other == link).map(|(_, rows)| rows.as_slice()).unwrap_or_default();
        let counts = rows.iter().any(|row| row.instructions.is_some());
        let unit = if counts { ", thousand instructions of the board" } else { "" };
        let _ = writeln!(text, "\n### {}{unit}\n", heading(*link));
        text.push_str("| what | before | now | floor | now / floor | bytes out, in | turnarounds |\n|---|---|---|---|---|---|---|\n");
        for row in rows {
            let old = old.iter().find(|other| other.what == row.what).map(own).unwrap_or_default();
            let floor = match row.least_instructions {
                Some(least) => format!("{} k", least.div_ceil(1000)),
                None => optional(row.floor()),
            };
            let wire = if row.turns == 0.0 { String::new() } else { format!("{}, {}", row.sent, row.received) };
            let turns = if row.turns == 0.0 { String::new() } else { row.turns.to_string() };
            let _ =
                writeln!(text, "| {} | {old} | {} | {floor} | {} | {wire} | {turns} |", row.what, own(row), ratio(row));
        }
    }
    text
}

/// Writes the tables of the peers into their marked part of `docs/src/speed.md`.
///
/// # Errors
/// If the page cannot be read or written, or has no such part.
pub fn write_peers(tables: &str) -> std::io::Result<()> {
    replace(&of_project("docs/src/speed.md"), PEERS_BEGIN, PEERS_END, tables)
}

/// Writes the tables into the marked part of `docs/src/speed.md`.
///
/// # Errors
/// If the page cannot be read or written, or has no such part.
pub fn write(results: &Results) -> std::io::Result<()> {
    replace(&of_project("docs/src/speed.md"), BEGIN, END, &tables(results))
}

/// Replaces what is between two lines of a file.
///
/// # Errors
/// If it cannot be read or written, or has no such lines.
pub fn replace(path: &Path, begin: &str, end: &str, content: &str) -> std::io::Result<()> {
    let page = std::fs::read_to_string(path)?;
    let parts = page.split_once(begin).and_then(|(head, rest)| Some((head, rest.split_once(end)?.1)));
    let (head, tail) = parts.ok_or_else(|| std::io::Error::other(format!("{}: no part `{begin}`", path.display())))?;
    std::fs::write(path, format!("{head}{begin}\n{content}\n{end}{tail}"))
}
