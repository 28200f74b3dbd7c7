//! The figures of a run, as data.

use super::places::Link;
use serde_json::{Map, Value, json};
use std::path::Path;

/// One figure. All times are in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// What is done once.
    pub what: String,
    /// By this library.
    pub ours: f64,
    /// By a raw REPL with nothing around it.
    pub raw: Option<f64>,
    /// By a loop on the board that does nothing else.
    pub resident: Option<f64>,
    /// Bytes to the board, with this library.
    pub sent: u64,
    /// Bytes from it.
    pub received: u64,
    /// Turnarounds.
    pub turns: f64,
    /// Instructions of the board's processor, where they are counted.
    pub instructions: Option<u64>,
    /// The fewest with which a client gets the same.
    pub least_instructions: Option<u64>,
    /// Bytes of memory, in place of a time.
    pub memory: Option<u64>,
}

impl Row {
    /// The least time that any client needs for it.
    pub fn floor(&self) -> Option<f64> {
        self.raw.into_iter().chain(self.resident).min_by(f64::total_cmp)
    }

    /// How many times the floor it takes: in instructions where they are counted, since they are the same on every machine.
    pub fn ratio(&self) -> Option<f64> {
        match (self.instructions, self.least_instructions) {
            (Some(ours), Some(least)) if least > 0 => Some(ours as f64 / least as f64),
            _ => self.floor().map(|floor| self.ours / floor),
        }
    }

    /// The better of both for everything, of the same figure: whatever else the computer does makes it only worse.
    #[must_use]
    pub fn best(&self, other: &Row) -> Row {
        let least = |one: Option<f64>, other: Option<f64>| one.into_iter().chain(other).min_by(f64::total_cmp);
        let fewest = |one: Option<u64>, other: Option<u64>| one.into_iter().chain(other).min();
        Row {
            what: self.what.clone(),
            ours: self.ours.min(other.ours),
            raw: least(self.raw, other.raw),
            resident: least(self.resident, other.resident),
            sent: self.sent.min(other.sent),
            received: self.received.min(other.received),
            turns: self.turns.min(other.turns),
            instructions: fewest(self.instructions, other.instructions),
            least_instructions: fewest(self.least_instructions, other.least_instructions),
            memory: fewest(self.memory, other.memory),
        }
    }

    fn as_json(&self) -> Value {
        json!({
            "what": self.what, "ours": self.ours, "raw": self.raw, "resident": self.resident, "sent": self.sent,
            "received": self.received, "turns": self.turns, "instructions": self.instructions,
            "least_instructions": self.least_instructions, "memory": self.memory,
        })
    }

    fn of_json(value: &Value) -> Row {
        let whole = |name: &str| value[name].as_u64();
        Row {
            what: value["what"].as_str().unwrap_or_default().to_owned(),
            ours: value["ours"].as_f64().unwrap_or(f64::NAN),
            raw: value["raw"].as_f64(),
            resident: value["resident"].as_f64(),
            sent: whole("sent").unwrap_or_default(),
            received: whole("received").unwrap_or_default(),
            turns: value["turns"].as_f64().unwrap_or_default(),
            instructions: whole("instructions"),
            least_instructions: whole("least_instructions"),
            memory: whole("memory"),
        }
    }
}

/// The rows of each link.
pub type Results = Vec<(Link, Vec<Row>)>;

/// Writes results, a line for each row.
pub fn save(results: &Results, path: &Path) -> std::io::Result<()> {
    let lines = |rows: &[Row]| rows.iter().map(|row| format!("    {}", row.as_json())).collect::<Vec<_>>().join(",\n");
    let links = results.iter().map(|(link, rows)| format!("  \"{}\": [\n{}\n  ]", link.name(), lines(rows)));
    std::fs::write(path, format!("{{\n{}\n}}\n", links.collect::<Vec<_>>().join(",\n")))
}

/// Reads what [`save`] has written; nothing if the file is missing.
///
/// # Panics
/// If it holds something else.
pub fn load(path: &Path) -> Results {
    let Ok(text) = std::fs::read_to_string(path) else { return Vec::new() };
    let links: Map<String, Value> =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let rows = |link: Link| links.get(link.name())?.as_array().map(|rows| rows.iter().map(Row::of_json).collect());
    Link::ALL.into_iter().filter_map(|link| rows(link).map(|rows| (link, rows))).collect()
}
