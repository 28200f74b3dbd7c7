//! What the language brings along: its functions and members, those of Rhai, MicroPython's modules.
//!
//! Invariant: it is read once, from the reference and `micropython.txt`.

use crate::script::reference::natives;
use crate::script::reference::{Entry, language};
use std::sync::OnceLock;

/// The group of an entry.
pub struct Group {
    /// As the reference calls it.
    pub title: String,
    /// What is in it.
    pub entries: Vec<Entry>,
}

/// What belay-script adds to Rhai.
pub fn groups() -> &'static [Group] {
    static GROUPS: OnceLock<Vec<Group>> = OnceLock::new();
    GROUPS.get_or_init(|| {
        let sections = language().sections.into_iter();
        sections.map(|section| Group { title: section.title, entries: section.entries }).collect()
    })
}

/// The entries of a group.
pub fn group(title: &str) -> &'static [Entry] {
    groups().iter().find(|group| group.title == title).map_or(&[], |group| group.entries.as_slice())
}

/// The entries of a group that are written after this receiver: `dut.`.
pub fn of_receiver(title: &str, receiver: &'static str) -> impl Iterator<Item = &'static Entry> {
    group(title).iter().filter(move |entry| entry.heads.iter().all(|head| head.starts_with(receiver)))
}

/// Whether an entry is written after a dot.
pub fn is_member(entry: &Entry) -> bool {
    entry.heads.iter().all(|head| head.split('(').next().is_some_and(|before| before.contains('.')))
}

/// Whether an entry is called.
pub fn is_called(entry: &Entry) -> bool {
    entry.heads.iter().any(|head| head.contains('('))
}

/// Whether an entry is a constant or a variable.
pub fn is_value(entry: &Entry) -> bool {
    entry.heads.iter().any(|head| head.starts_with(&format!("{}: ", entry.name)))
}

/// Functions and constants of the language that are written by their names alone.
pub fn functions() -> impl Iterator<Item = &'static Entry> {
    let entries = groups().iter().flat_map(|group| &group.entries);
    entries.filter(|entry| !is_member(entry) && (is_called(entry) || is_value(entry)))
}

/// Members of anything but devices and classes.
pub fn members_of_values() -> impl Iterator<Item = &'static Entry> {
    let others = groups().iter().filter(|group| !matches!(group.title.as_str(), "Devices" | "Device classes"));
    others.flat_map(|group| &group.entries).filter(|entry| is_member(entry))
}

/// Functions of Rhai.
pub fn of_rhai() -> &'static [Entry] {
    natives::functions()
}

/// Something of MicroPython.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnBoard {
    /// Its name: `machine`, `machine.Pin`, `machine.Pin.value`; `.print` for what needs no import.
    pub path: String,
    /// How it is called, without its path: `Pin(id, mode=-1)`; only the name, if it is not.
    pub head: String,
    /// What it is, in one sentence.
    pub doc: String,
}

/// MicroPython's modules and what is in them.
pub fn on_board() -> &'static [OnBoard] {
    static FOUND: OnceLock<Vec<OnBoard>> = OnceLock::new();
    FOUND.get_or_init(|| include_str!("micropython.txt").lines().filter_map(read).collect())
}

/// Reads a line of the table: what is called and how, two blanks, what it is.
fn read(line: &str) -> Option<OnBoard> {
    if line.starts_with('#') {
        return None;
    }
    let (written, doc) = line.split_once("  ").unwrap_or((line, ""));
    let path = written.split('(').next()?.to_owned();
    let name = path.rsplit('.').next()?;
    let head = format!("{name}{}", &written[path.len()..]);
    Some(OnBoard { head, doc: doc.trim().to_owned(), path }).filter(|found| !found.path.is_empty())
}

/// What is directly inside a module or a class of MicroPython: `""` for what needs no import.
pub fn inside(path: &str) -> impl Iterator<Item = &'static OnBoard> {
    let prefix = format!("{path}.");
    on_board().iter().filter(move |entry| {
        entry.path.strip_prefix(prefix.as_str()).is_some_and(|rest| !rest.is_empty() && !rest.contains('.'))
    })
}

/// MicroPython's modules.
pub fn modules() -> impl Iterator<Item = &'static OnBoard> {
    on_board().iter().filter(|entry| !entry.path.contains('.'))
}

/// The entry at a path.
pub fn at(path: &str) -> Option<&'static OnBoard> {
    on_board().iter().find(|entry| entry.path == path)
}

/// What the convenience imports bind, and what it is.
pub const IMPORTED: &[(&str, &str)] = &[
    ("os", "os"),
    ("sys", "sys"),
    ("time", "time"),
    ("sleep", "time.sleep"),
    ("machine", "machine"),
    ("const", "micropython.const"),
    ("Pin", "machine.Pin"),
    ("Timer", "machine.Timer"),
    ("PWM", "machine.PWM"),
    ("I2C", "machine.I2C"),
    ("SPI", "machine.SPI"),
    ("ADC", "machine.ADC"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_micropython_is_whole() {
        for entry in on_board() {
            assert!(!entry.doc.is_empty(), "{} has no description", entry.path);
            if let Some((module, _)) = entry.path.rsplit_once('.') {
                assert!(module.is_empty() || at(module).is_some(), "{} is in nothing", entry.path);
            }
        }
        let mut paths: Vec<&str> = on_board().iter().map(|entry| entry.path.as_str()).collect();
        let count = paths.len();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), count, "something is listed twice");
        assert_eq!(at("machine.Pin.value").map(|entry| entry.head.as_str()), Some("value([x])"));
        for (_, path) in IMPORTED {
            assert!(at(path).is_some(), "{path}");
        }
        assert!(inside("machine").any(|entry| entry.path == "machine.ADC"));
        assert!(inside("").any(|entry| entry.path == ".print"));
    }

    #[test]
    fn groups_of_the_reference_are_known() {
        for title in ["Devices", "Device classes", "Simulated boards", "Stations"] {
            assert!(!group(title).is_empty(), "{title}");
        }
        assert!(functions().any(|entry| entry.name == "measure"));
    }
}
