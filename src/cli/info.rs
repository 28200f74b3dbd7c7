//! `info`: identifies a board.
//!
//! Uses [`crate::device`]. Invariant: nothing on the board is restarted or changed.

use super::arguments::{Info, Limit};
use super::console::Console;
use super::session;
use crate::device::{Implementation, OpenOptions};
use crate::diagnostic::Diagnostic;
use crate::script::Sources;
use serde_json::json;
use std::sync::Arc;

/// Prints what the board reports about itself; returns the exit status.
///
/// # Errors
/// If Ctrl-C cannot be watched.
pub fn info(info: &Info, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let options = OpenOptions {
        startup: Some(String::new()),
        soft_reset: Some(false),
        auto_sync_time: false,
        ..OpenOptions::default()
    };
    session::with_board(console, &info.connection, &Limit { timeout: None }, options, &Sources::default(), |device| {
        let firmware = device.implementation();
        let text = if info.json { as_json(device.port(), &firmware) } else { as_text(device.port(), &firmware) };
        console.text(&text);
        Ok(())
    })
}

fn version(firmware: &Implementation) -> String {
    let (major, minor, patch) = firmware.version;
    format!("{major}.{minor}.{patch}")
}

fn as_text(port: &str, firmware: &Implementation) -> String {
    let or_unknown = |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
    let emitters = if firmware.emitters.is_empty() { "none".to_owned() } else { firmware.emitters.join(", ") };
    format!(
        "implementation  {} {}\nplatform        {}\narch            {}\nemitters        {emitters}\nport            {port}\n",
        firmware.name,
        version(firmware),
        or_unknown(&firmware.platform),
        or_unknown(&firmware.arch),
    )
}

fn as_json(port: &str, firmware: &Implementation) -> String {
    let value = json!({
        "implementation": firmware.name,
        "version": version(firmware),
        "platform": firmware.platform,
        "arch": firmware.arch,
        "emitters": firmware.emitters,
        "port": port,
    });
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_json_agree() {
        let firmware = Implementation {
            name: "micropython".into(),
            version: (1, 27, 0),
            platform: "rp2".into(),
            arch: String::new(),
            emitters: vec!["native".into(), "viper".into()],
            float_bits: 64,
        };
        assert_eq!(
            as_text("sim", &firmware),
            "implementation  micropython 1.27.0\nplatform        rp2\narch            unknown\nemitters        native, viper\nport            sim\n"
        );
        let parsed: serde_json::Value = serde_json::from_str(&as_json("sim", &firmware)).unwrap();
        assert_eq!(parsed["version"], "1.27.0");
        assert_eq!(parsed["emitters"][1], "viper");
    }
}
