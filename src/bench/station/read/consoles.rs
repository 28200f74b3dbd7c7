//! Reads `[consoles.NAME]`.

use super::{Read, Source};
use crate::bench::station::StationConsole;
use std::ops::Range;
use toml_edit::Item;

/// The keys of a console.
const CONSOLE: &[&str] = &[
    "port",
    "usb",
    "sim",
    "simulate",
    "timeout",
    "newline",
    "prompt",
    "echo",
    "baudrate",
    "data_bits",
    "parity",
    "stop_bits",
    "flow",
    "dtr",
    "rts",
];

impl Source<'_> {
    pub(super) fn console(&self, name: &str, item: &Item, place: Option<Range<usize>>) -> Read<StationConsole> {
        let Some(table) = item.as_table_like() else { return self.wrong(item, name, "a table of a console") };
        self.known_keys(table, CONSOLE, "a console")?;
        let mut console = StationConsole::default();
        for (key, item) in table.iter() {
            match key {
                "port" => console.port = Some(self.port(item)?),
                "usb" => console.port = Some(self.usb(item)?),
                "sim" => console.sim = Some(self.port(item)?),
                "simulate" => console.simulate = self.flag(item, key)?,
                "timeout" => console.timeout = Some(self.seconds(item, key)?),
                "newline" => console.newline = Some(self.text_of(item, key)?),
                "prompt" => console.prompt = Some(self.text_of(item, key)?).filter(|prompt| !prompt.is_empty()),
                "echo" => console.echo = Some(self.flag(item, key)?),
                key => self.line(&mut console.line, item, key)?,
            }
        }
        if console.port.is_none() && console.sim.is_none() {
            let help = "add `port = \"/dev/ttyUSB0\"`, or `usb = { vid = …, serial_number = \"…\" }`".to_owned();
            return Err(self.problem(place, format!("missing port of the console `{name}`"), Some(help)));
        }
        if console.simulate && console.sim.is_none() {
            let help = "add `sim = \"exec:COMMAND\"`, or another port to use in its place".to_owned();
            return Err(self.problem(place, format!("`{name}` has nothing to simulate it"), Some(help)));
        }
        Ok(console)
    }
}
