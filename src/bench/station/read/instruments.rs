//! Reads `[instruments.NAME]`.

use super::{Read, Source};
use crate::bench::station::StationInstrument;
use crate::error::Kind;
use crate::instrument::InstrumentAddress;
use crate::port::options::LineOptions;
use std::ops::Range;
use std::path::Path;
use toml_edit::Item;

const INSTRUMENT: &[&str] = &[
    "port",
    "sim",
    "simulate",
    "calibrated",
    "timeout",
    "retries",
    "check_errors",
    "error_query",
    "identify",
    "terminator",
    "read_terminator",
    "baudrate",
    "data_bits",
    "parity",
    "stop_bits",
    "flow",
    "dtr",
    "rts",
    "user",
];

impl Source<'_> {
    pub(super) fn instrument(&self, name: &str, item: &Item, place: Option<Range<usize>>) -> Read<StationInstrument> {
        let Some(table) = item.as_table_like() else { return self.wrong(item, name, "a table of an instrument") };
        self.known_keys(table, INSTRUMENT, "an instrument")?;
        let mut instrument = StationInstrument::default();
        let options = &mut instrument.options;
        for (key, item) in table.iter() {
            match key {
                "port" => instrument.address = Some(self.address(item, false)?),
                "sim" => instrument.sim = Some(self.address(item, true)?),
                "simulate" => instrument.simulate = self.flag(item, key)?,
                "calibrated" => match item.as_datetime() {
                    Some(date) => options.calibrated = Some(date.to_string()),
                    None => options.calibrated = Some(self.text_of(item, key)?),
                },
                "timeout" => options.timeout = Some(self.seconds(item, key)?),
                "retries" => match u32::try_from(self.whole(item, key)?) {
                    Ok(retries) if retries <= 100 => options.retries = Some(retries),
                    _ => return self.wrong(item, key, "a whole number up to 100"),
                },
                "check_errors" => options.check_errors = Some(self.flag(item, key)?),
                "error_query" => options.error_query = Some(self.text_of(item, key)?),
                "identify" => options.identify = Some(self.flag(item, key)?),
                "terminator" => options.terminator = Some(self.text_of(item, key)?),
                "read_terminator" => options.read_terminator = Some(self.text_of(item, key)?),
                key if LineOptions::NAMES.contains(&key) => self.line(&mut options.line, item, key)?,
                _ => options.line.user = Some(self.text_of(item, key)?),
            }
        }
        if instrument.address.is_none() && instrument.sim.is_none() {
            let help = "add `port = \"tcp://…\"`, or `sim = \"sim-instrument:FILE\"`".to_owned();
            return Err(self.problem(place, format!("missing port of the instrument `{name}`"), Some(help)));
        }
        if instrument.simulate && instrument.sim.is_none() {
            let help = "add `sim = \"sim-instrument:FILE\"`".to_owned();
            return Err(self.problem(place, format!("`{name}` has nothing to simulate it"), Some(help)));
        }
        Ok(instrument)
    }

    /// The address of an instrument. Paths of simulated ones are relative to the folder of the station file.
    fn address(&self, item: &Item, simulated: bool) -> Read<String> {
        let text = self.text_of(item, "port")?;
        match text.parse::<InstrumentAddress>() {
            Ok(InstrumentAddress::Simulated(path)) if crate::instrument::simulated::built_in(&path).is_none() => {
                let path = self.file.parent().unwrap_or(Path::new("")).join(path);
                Ok(InstrumentAddress::Simulated(path.to_string_lossy().into_owned()).to_string())
            }
            Ok(InstrumentAddress::Stream(_)) if simulated => {
                let help = "use `sim-instrument:FILE`, or for example `sim-instrument:std/psu`".to_owned();
                Err(self.problem(item.span(), format!("`{text}` is not a simulated instrument"), Some(help)))
            }
            Ok(_) => Ok(text),
            // It may be plugged in later.
            Err(error) if error.kind() == Kind::DeviceNotFoundError && text.contains("::") => Ok(text),
            Err(error) => Err(self.problem(item.span(), error.message().to_owned(), error.help().map(str::to_owned))),
        }
    }
}
