//! What a script asks of the station's file: names of boards, constants, limits.
//!
//! Invariant: a script that asks what the file has is believed.

use crate::bench::station::{Station, is_board_name};
use crate::instrument::InstrumentAddress;
use crate::name::nearest;
use crate::port::address::Address;
use crate::script::analysis::asking::STATION;
use crate::script::analysis::instruments::near_or;
use crate::script::analysis::tree::literal;
use crate::script::analysis::types::Type;
use crate::script::analysis::walker::Walker;
use crate::script::natives::station::others;
use rhai::{Expr, Position};

/// The properties of `station`.
const PROPERTIES: &[&str] = &["name", "file", "reports", "boards", "consoles", "instruments", "constants", "limits"];

impl<'w> Walker<'w, '_> {
    /// A property of `station`.
    pub fn property_of_station(&mut self, name: &str, position: Position) -> Type {
        match name {
            "constants" => Type::StationTable { are_limits: false },
            "limits" => Type::StationTable { are_limits: true },
            "boards" | "consoles" | "instruments" => Type::array_of(Type::Text),
            "file" => Type::Text,
            known if PROPERTIES.contains(&known) => Type::Any,
            _ => {
                let message = format!("`{STATION}` has no property `{name}`");
                let otherwise = format!("it has {}", PROPERTIES.join(", "));
                self.misspelt(position, message, (name, PROPERTIES.iter().copied()), &otherwise);
                Type::Wrong
            }
        }
    }

    /// A constant or a limit of the station.
    pub fn entry_of_station(&mut self, are_limits: bool, name: &str, position: Position) {
        let Some(station) = self.station() else { return };
        let entries = if are_limits { &station.limits } else { &station.constants };
        let names: Vec<&str> = entries.iter().map(|(known, _)| known.as_str()).collect();
        if !names.contains(&name) {
            let what = if are_limits { "limit" } else { "constant" };
            let message = format!("`{}` has no {what} `{name}`", station.file);
            let otherwise = others(what, entries);
            self.misspelt(position, message, (name, names), &otherwise);
        }
    }

    /// The index of a constant or a limit.
    pub fn index_of_station(&mut self, are_limits: bool, index: &'w Expr) {
        if let Some(name) = literal(index) {
            self.entry_of_station(are_limits, name, index.position());
        }
    }

    /// The name of a board where a port is meant.
    pub fn check_port(&mut self, port: Option<&'w Expr>) {
        let (Some(station), Some(port)) = (self.station(), port) else { return };
        let Some(name) = literal(port).filter(|name| is_board_name(name)) else { return };
        if station.board(name).is_some() || name.parse::<Address>().is_ok() {
            return;
        }
        let names: Vec<&str> = station.boards.iter().map(|(known, _)| known.as_str()).collect();
        let near = nearest(name, names).map(crate::phrase::did_you_mean);
        let help = near.unwrap_or_else(|| format!("add it with `belay-script select {name}`"));
        self.error(port.position(), format!("`{}` has no board `{name}`", station.file), help);
    }

    /// The name of an instrument where its address is meant.
    pub fn check_port_of_instrument(&mut self, port: Option<&'w Expr>) {
        let (Some(station), Some(port)) = (self.station(), port) else { return };
        let Some(name) = literal(port).filter(|name| is_board_name(name)) else { return };
        let names: Vec<&str> = station.instruments.iter().map(|(known, _)| known.as_str()).collect();
        if !names.contains(&name) && name.parse::<InstrumentAddress>().is_err() {
            let help = near_or(name, &names, format!("add `[instruments.{name}]` to that file"));
            self.error(port.position(), format!("`{}` has no instrument `{name}`", station.file), help);
        }
    }

    /// The name of a console where its port is meant.
    pub fn check_port_of_console(&mut self, port: Option<&'w Expr>) {
        let (Some(station), Some(port)) = (self.station(), port) else { return };
        let Some(name) = literal(port).filter(|name| is_board_name(name)) else { return };
        if station.console(name).is_some() || name.parse::<Address>().is_ok() {
            return;
        }
        let names: Vec<&str> = station.consoles.iter().map(|(known, _)| known.as_str()).collect();
        let near = nearest(name, names).map(crate::phrase::did_you_mean);
        let help = near.unwrap_or_else(|| format!("add `[consoles.{name}]` to that file"));
        self.error(port.position(), format!("`{}` has no console `{name}`", station.file), help);
    }

    /// The station, unless scripts ask what it has.
    fn station(&self) -> Option<&'w Station> {
        self.program.station.filter(|_| !self.program.asks_station)
    }
}
