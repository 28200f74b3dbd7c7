//! Writes a board's entry into a station file.
//!
//! Invariant: the rest of the file is unchanged, including comments and order.

use crate::diagnostic::Diagnostic;
use crate::port::usb::UsbSpecifier;
use std::path::Path;
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value};

/// The port of a board's entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoardEntry {
    /// A USB board.
    Usb(UsbSpecifier),
    /// A port in any form.
    Port(String),
}

/// Returns the file's text with this port for the board `name`; its other keys stay. `text` is the current content, which
/// may be empty.
///
/// # Errors
/// What is wrong with the file.
pub fn with_board(file: &Path, text: &str, name: &str, entry: &BoardEntry) -> Result<String, Box<Diagnostic>> {
    super::Station::parse(file, text)?;
    let mut document: DocumentMut = match text.parse() {
        Ok(document) => document,
        // The file has just been parsed.
        Err(_) => DocumentMut::new(),
    };
    let boards = document.entry("boards").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let Some(boards) = boards.as_table_like_mut() else { return Ok(text.to_owned()) };
    match boards.get_mut(name).and_then(Item::as_table_like_mut) {
        Some(board) => set(board, entry),
        None => {
            let mut board = Table::new();
            set(&mut board, entry);
            boards.insert(name, Item::Table(board));
        }
    }
    Ok(document.to_string())
}

fn set(board: &mut dyn TableLike, entry: &BoardEntry) {
    let (key, other, value) = match entry {
        BoardEntry::Usb(specifier) => ("usb", "port", Value::InlineTable(inline(specifier))),
        BoardEntry::Port(port) => ("port", "usb", Value::from(port.as_str())),
    };
    board.remove(other);
    match board.get_mut(key).and_then(Item::as_value_mut) {
        // Keep the comment after it.
        Some(known) => {
            let decor = known.decor().clone();
            *known = value;
            *known.decor_mut() = decor;
        }
        None => {
            board.insert(key, Item::Value(value));
        }
    }
}

fn inline(specifier: &UsbSpecifier) -> InlineTable {
    let mut table = InlineTable::new();
    // In the form that lsusb prints.
    for (key, number) in [("vid", specifier.vid), ("pid", specifier.pid)] {
        if let Some(value) = number.and_then(|number| format!("0x{number:04x}").parse::<Value>().ok()) {
            table.insert(key, value);
        }
    }
    let texts = [
        ("serial_number", &specifier.serial_number),
        ("manufacturer", &specifier.manufacturer),
        ("product", &specifier.product),
        ("location", &specifier.location),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            table.insert(key, Value::from(text.as_str()));
        }
    }
    table
}
