//! Reads `[[wiring]]`: what simulated instruments and boards are wired to.

use super::{Read, Source, key_span};
use crate::bench::station::Station;
use crate::instrument::wiring::{End, REFERENCE, Wire};
use crate::name::nearest;
use crate::phrase::did_you_mean;
use toml_edit::{Item, Table};

const WIRE: &[&str] = &["from", "to", "gain", "offset", "min", "max", "reference"];

impl Source<'_> {
    /// The wires of a station whose boards and instruments are known.
    pub(super) fn wiring(&self, table: &Table, station: &Station) -> Read<Vec<Wire>> {
        let Some(item) = table.get("wiring") else { return Ok(Vec::new()) };
        let Some(wires) = item.as_array_of_tables() else { return self.wrong(item, "wiring", "an array of tables") };
        wires.iter().map(|wire| self.wire(wire, station)).collect()
    }

    fn wire(&self, table: &Table, station: &Station) -> Read<Wire> {
        self.known_keys(table, WIRE, "a wire")?;
        let missing = |key: &str| {
            let help = "write for example `from = \"psu.voltage\"` and `to = \"dut.adc26\"`".to_owned();
            self.problem(table.span(), format!("a wire has no `{key}`"), Some(help))
        };
        let (Some(from), Some(to)) = (table.get("from"), table.get("to")) else {
            return Err(missing(if table.contains_key("from") { "to" } else { "from" }));
        };
        let (begin, end) = (self.end(from, "from", station)?, self.end(to, "to", station)?);
        if matches!(begin, End::Adc { .. }) {
            let help = "an ADC measures: write it after `to`; a wire begins at a property or at a pin".to_owned();
            return Err(self.problem(from.span(), format!("`{begin}` is an input"), Some(help)));
        }
        if !matches!(begin, End::Property { .. }) && !matches!(end, End::Property { .. }) {
            let help = "a script connects pins of one board with `board.sim.wire(2, 3)`".to_owned();
            return Err(self.problem(to.span(), "a wire joins no instrument".to_owned(), Some(help)));
        }
        let number = |key: &str| self.number(table, key);
        let reference = number("reference")?.unwrap_or(REFERENCE);
        if reference <= 0.0 {
            return self.wrong(table.get("reference").unwrap_or(from), "reference", "a voltage above 0");
        }
        Ok(Wire {
            from: begin,
            to: end,
            gain: number("gain")?.unwrap_or(1.0),
            offset: number("offset")?.unwrap_or(0.0),
            min: number("min")?,
            max: number("max")?,
            reference,
            line: self.place(key_span(table, "from")).0,
        })
    }

    fn number(&self, table: &Table, key: &str) -> Read<Option<f64>> {
        let Some(item) = table.get(key) else { return Ok(None) };
        #[expect(clippy::cast_precision_loss, reason = "factors and voltages")]
        let number = item.as_float().or_else(|| item.as_integer().map(|whole| whole as f64));
        match number.filter(|number| number.is_finite()) {
            Some(number) => Ok(Some(number)),
            None => self.wrong(item, key, "a number"),
        }
    }

    /// `psu.voltage`, `dut.adc26`, `dut.pin15`.
    fn end(&self, item: &Item, key: &str, station: &Station) -> Read<End> {
        let text = self.text_of(item, key)?;
        let Some((owner, what)) = text.split_once('.') else {
            let help = "write a property of an instrument, `psu.voltage`, or an ADC or a pin of a board: `dut.adc26`, `dut.pin15`";
            return Err(self.problem(item.span(), format!("`{text}` has no dot"), Some(help.to_owned())));
        };
        if station.board(owner).is_some() {
            return End::of_board(owner, what).ok_or_else(|| {
                let help = format!("write an ADC or a pin by its number: `{owner}.adc26`, `{owner}.pin15`");
                self.problem(item.span(), format!("the board `{owner}` has no `{what}`"), Some(help))
            });
        }
        if station.instruments.iter().any(|(known, _)| known == owner) {
            return Ok(End::Property { of: owner.to_owned(), name: what.to_owned() });
        }
        let names = || {
            let boards = station.boards.iter().map(|(name, _)| name.as_str());
            boards.chain(station.instruments.iter().map(|(name, _)| name.as_str()))
        };
        let help = nearest(owner, names())
            .map_or_else(|| format!("this file has {}", names().collect::<Vec<_>>().join(", ")), did_you_mean);
        Err(self.problem(item.span(), format!("unknown board or instrument `{owner}`"), Some(help)))
    }
}
