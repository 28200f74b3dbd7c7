//! Reads `[consoles.NAME]`.

use super::{Read, Source};
use crate::bench::station::StationConsole;
use crate::name::nearest;
use crate::phrase::{any_of, did_you_mean};
use crate::port::options::{Flow, Parity};
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
                "timeout" => match crate::device::class::seconds(&self.value(item)?) {
                    Some(timeout) => console.timeout = Some(timeout),
                    None => return self.wrong(item, key, "a positive number of seconds"),
                },
                "newline" => console.newline = Some(self.text_of(item, key)?),
                "prompt" => console.prompt = Some(self.text_of(item, key)?).filter(|prompt| !prompt.is_empty()),
                "echo" => console.echo = Some(self.flag(item, key)?),
                "baudrate" => match u32::try_from(self.whole(item, key)?) {
                    Ok(rate) if rate > 0 => console.line.baud_rate = Some(rate),
                    _ => return self.wrong(item, key, "a positive number of bits per second"),
                },
                "data_bits" => match u8::try_from(self.whole(item, key)?) {
                    Ok(bits @ 5..=8) => console.line.data_bits = Some(bits),
                    _ => return self.wrong(item, key, "5, 6, 7 or 8"),
                },
                "stop_bits" => match u8::try_from(self.whole(item, key)?) {
                    Ok(bits @ 1..=2) => console.line.stop_bits = Some(bits),
                    _ => return self.wrong(item, key, "1 or 2"),
                },
                "parity" => console.line.parity = Some(self.named(item, key, &Parity::NAMES)?),
                "flow" => console.line.flow = Some(self.named(item, key, &Flow::NAMES)?),
                "dtr" => console.line.dtr = Some(self.flag(item, key)?),
                _ => console.line.rts = Some(self.flag(item, key)?),
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

    fn named<T: Copy>(&self, item: &Item, key: &str, names: &[(&str, T)]) -> Read<T> {
        let text = self.text_of(item, key)?;
        if let Some((_, value)) = names.iter().find(|(known, _)| *known == text) {
            return Ok(*value);
        }
        let near = nearest(&text, names.iter().map(|(known, _)| *known));
        let quoted: Vec<String> = names.iter().map(|(known, _)| format!("\"{known}\"")).collect();
        let help = near.map_or_else(|| format!("use {}", any_of(&quoted)), did_you_mean);
        Err(self.problem(item.span(), format!("unknown {key} \"{text}\""), Some(help)))
    }
}
