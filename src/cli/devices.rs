//! `devices`: lists connected boards.
//!
//! Uses [`crate::port::usb`]. Invariant: no port is opened, because opening restarts some boards.

use super::arguments::Devices;
use super::console::Console;
use crate::diagnostic::Diagnostic;
use crate::port::usb::{FoundPort, list};
use serde_json::json;

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
    console.text(&if devices.json { as_json(&found) } else { as_table(&found) });
    Ok(0)
}

fn as_json(found: &[FoundPort]) -> String {
    // The fields of a USB specifier, by its names, so that an entry can be given to `--port`.
    let entry = |port: &FoundPort| {
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
    };
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
    fn json_has_belays_numbers() {
        let parsed: serde_json::Value = serde_json::from_str(&as_json(&[pico()])).unwrap();
        assert_eq!(parsed[0]["vid"], 11914);
        assert_eq!(parsed[0]["product"], serde_json::Value::Null);
        assert_eq!(as_json(&[]), "[]\n");
    }
}
