//! `devices`: lists connected boards.
//!
//! Uses [`crate::port::usb`]. Invariant: no port is opened, because opening restarts some boards.

use super::arguments::Devices;
use super::console::Console;
use super::signals;
use crate::diagnostic::Diagnostic;
use crate::port::usb::{FoundPort, list};
use crate::port::{PortError, Wait};
use serde_json::json;
use std::time::Duration;

const NONE: &str = "\
no board is plugged in
  help: connect one by USB, or use a simulated one: `--port sim`
";

/// Prints the list; returns the exit status.
///
/// # Errors
/// If the operating system reports an error.
pub fn devices(devices: &Devices, console: &Console) -> Result<u8, Diagnostic> {
    let found = list().map_err(|error| Diagnostic::from_error(&error))?;
    if devices.watch {
        return watch(devices.json, found, console);
    }
    console.text(&if devices.json { as_json(&found) } else { as_table(&found) });
    Ok(0)
}

/// Time between two listings.
const LOOK: Duration = Duration::from_millis(250);

/// Prints the boards, and then what changes, until Ctrl-C.
fn watch(is_json: bool, mut before: Vec<FoundPort>, console: &Console) -> Result<u8, Diagnostic> {
    signals::watch()?;
    console.text(&changes(&[], &before, is_json));
    while console.flush() {
        let pause = Wait::for_at_most(LOOK);
        loop {
            match pause.slice() {
                Ok(slice) => std::thread::park_timeout(slice),
                Err(PortError::Interrupted) => {
                    crate::interrupt::take();
                    return Ok(0);
                }
                Err(_) => break,
            }
        }
        let now = list().map_err(|error| Diagnostic::from_error(&error))?;
        console.text(&changes(&before, &now, is_json));
        before = now;
    }
    Ok(0)
}

/// A line for each board that is new or gone.
fn changes(before: &[FoundPort], now: &[FoundPort], is_json: bool) -> String {
    let lacks = |list: &[FoundPort], port: &FoundPort| !list.iter().any(|other| other == port);
    let gone = before.iter().filter(|port| lacks(now, port)).map(|port| ('-', port));
    let new = now.iter().filter(|port| lacks(before, port)).map(|port| ('+', port));
    let line = |(sign, port): (char, &FoundPort)| match is_json {
        true => {
            let mut entry = entry(port);
            entry["change"] = if sign == '+' { "plugged in" } else { "unplugged" }.into();
            format!("{entry}\n")
        }
        false => format!("{sign} {}\n", row(port).join("  ")),
    };
    gone.chain(new).map(line).collect()
}

/// The fields of a USB specifier, by its names, so that an entry can be given to `--port`.
fn entry(port: &FoundPort) -> serde_json::Value {
    json!({
        "port": port.device,
        "vid": port.vid,
        "pid": port.pid,
        "serial_number": port.serial_number,
        "manufacturer": port.manufacturer,
        "product": port.product,
        "location": port.location,
        "accessible": port.accessible,
    })
}

fn as_json(found: &[FoundPort]) -> String {
    format!("{:#}\n", serde_json::Value::Array(found.iter().map(entry).collect()))
}

fn as_table(found: &[FoundPort]) -> String {
    if found.is_empty() {
        return NONE.to_owned();
    }
    let heads = ["PORT", "VID:PID", "SERIAL", "MANUFACTURER", "PRODUCT", "ACCESSIBLE"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(heads).chain(found.iter().map(row)).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).min(100);
            line.push_str(&format!("{cell:width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn row(port: &FoundPort) -> [String; 6] {
    // Descriptors are the device's own text: no line end or escape sequence of theirs may reach a terminal.
    let tame = |text: &Option<String>| {
        let text: String = text.iter().flat_map(|text| text.chars()).filter(|c| !c.is_control()).collect();
        if text.is_empty() { "-".to_owned() } else { text }
    };
    let numbers = match (port.vid, port.pid) {
        (Some(vid), Some(pid)) => format!("{vid:04x}:{pid:04x}"),
        _ => "-".to_owned(),
    };
    let accessible = if port.accessible { "yes" } else { "no (permissions)" };
    [
        port.device.clone(),
        numbers,
        tame(&port.serial_number),
        tame(&port.manufacturer),
        tame(&port.product),
        accessible.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pico() -> FoundPort {
        FoundPort {
            device: "/dev/ttyACM0".into(),
            vid: Some(0x2e8a),
            pid: Some(5),
            serial_number: Some("E66\n1".into()),
            manufacturer: Some("MicroPython".into()),
            accessible: false,
            ..FoundPort::default()
        }
    }

    #[test]
    fn the_table() {
        assert_eq!(
            as_table(&[pico()]),
            "PORT          VID:PID    SERIAL  MANUFACTURER  PRODUCT  ACCESSIBLE\n\
             /dev/ttyACM0  2e8a:0005  E661    MicroPython   -        no (permissions)\n"
        );
        assert!(as_table(&[]).contains("--port sim"));
    }

    #[test]
    fn changes_are_lines() {
        let moved = FoundPort { device: "/dev/ttyACM1".into(), ..pico() };
        assert_eq!(
            changes(&[pico()], std::slice::from_ref(&moved), false),
            "- /dev/ttyACM0  2e8a:0005  E661  MicroPython  -  no (permissions)\n\
             + /dev/ttyACM1  2e8a:0005  E661  MicroPython  -  no (permissions)\n"
        );
        assert_eq!(changes(&[pico()], &[pico()], true), "");
        assert!(changes(&[], &[moved], true).contains("\"change\":\"plugged in\""));
    }

    #[test]
    fn json_has_belays_numbers() {
        let parsed: serde_json::Value = serde_json::from_str(&as_json(&[pico()])).unwrap();
        assert_eq!(parsed[0]["vid"], 11914);
        assert_eq!(parsed[0]["product"], serde_json::Value::Null);
        assert_eq!(as_json(&[]), "[]\n");
    }
}
