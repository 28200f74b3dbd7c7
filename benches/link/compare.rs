//! Compares a run with the baseline: ratios to the floor, which carry over between machines, and what passed on the wire.

use super::places::Link;
use super::results::{Results, Row};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// By how much a ratio may exceed its baseline. Times vary: the floor's and ours.
const TOLERANCE: f64 = 1.3;
/// The same for what takes many times its floor, and for turnarounds that depend on when a board reads.
const LOOSE: f64 = 2.0;
/// From here on a ratio varies that much.
const MANY: f64 = 5.0;
/// From here on turnarounds do: code goes to the board in windows, as it takes them.
const WINDOWS: f64 = 3.5;
/// Differences of ratios that are never worth a word.
const SMALL: f64 = 0.15;
/// By how much bytes may exceed their baseline: tokens and numbers differ from run to run.
const BYTES: f64 = 1.03;
/// Instructions are counted, and vary little.
const INSTRUCTIONS: f64 = 1.05;

/// Where the baseline is.
pub fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/baseline.json")
}

type Baseline = Map<String, Value>;

fn load(path: &Path) -> Baseline {
    let Ok(text) = std::fs::read_to_string(path) else { return Map::new() };
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What of a row is compared.
fn compared(row: &Row) -> Value {
    let ratio = row.ratio().map(|ratio| (ratio * 100.0).round() / 100.0);
    let megabytes = row.memory.map(|bytes| (bytes as f64 / 1e5).round() / 10.0);
    match megabytes {
        Some(megabytes) => json!({ "MB": megabytes }),
        None => json!({ "ratio": ratio, "sent": row.sent, "received": row.received, "turns": row.turns }),
    }
}

/// Replaces the baseline of the measured links.
pub fn bless(results: &Results, path: &Path) -> std::io::Result<()> {
    let mut baseline = load(path);
    for (link, rows) in results {
        let rows: Map<String, Value> = rows.iter().map(|row| (row.what.clone(), compared(row))).collect();
        baseline.insert(link.name().to_owned(), Value::Object(rows));
    }
    let lines = |rows: &Value| {
        let rows = rows.as_object().into_iter().flatten();
        rows.map(|(what, row)| format!("    {}: {row}", Value::from(what.as_str()))).collect::<Vec<_>>().join(",\n")
    };
    let links: Vec<String> = baseline
        .iter()
        .map(|(link, rows)| format!("  {}: {{\n{}\n  }}", Value::from(link.as_str()), lines(rows)))
        .collect();
    std::fs::write(path, format!("{{\n{}\n}}\n", links.join(",\n")))
}

/// A line for everything that is worse than the baseline.
pub fn worse(results: &Results, path: &Path) -> Vec<String> {
    let baseline = load(path);
    let mut found = Vec::new();
    for (link, rows) in results {
        let Some(before) = baseline.get(link.name()).and_then(Value::as_object) else { continue };
        for row in rows {
            found.extend(before.get(&row.what).into_iter().flat_map(|before| worse_row(*link, row, before)));
        }
        for what in before.keys().filter(|what| !rows.iter().any(|row| row.what == **what)) {
            found.push(format!("{}, {what}: not measured any more", link.name()));
        }
    }
    found
}

fn worse_row(link: Link, row: &Row, before: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |name: &str, now: f64, most: f64, many: f64| {
        if let Some(then) = before[name].as_f64()
            && now > then * if then > many { most.max(LOOSE) } else { most }
            && now - then > SMALL
        {
            found.push(format!("{}, {}: {name} {now:.2}, was {then:.2}", link.name(), row.what));
        }
    };
    let tolerance = if row.instructions.is_some() { INSTRUCTIONS } else { TOLERANCE };
    row.ratio().into_iter().for_each(|ratio| check("ratio", ratio, tolerance, MANY));
    row.memory.into_iter().for_each(|bytes| check("MB", bytes as f64 / 1e6, TOLERANCE, f64::INFINITY));
    check("turns", row.turns, 1.0, WINDOWS);
    for (name, now) in [("sent", row.sent), ("received", row.received)] {
        let then = before[name].as_f64().unwrap_or(f64::INFINITY);
        // A board acknowledges each window of code with a byte.
        let most = if row.turns > WINDOWS && name == "received" { LOOSE } else { BYTES };
        if now as f64 > then * most + 2.0 {
            found.push(format!("{}, {}: {name} {now}, was {then}", link.name(), row.what));
        }
    }
    found
}
