//! The open devices of a host, and their names.
//!
//! Invariant: a device is in the registry from opening to closing, and names in it are unique.

use crate::device::handle::Device;
use crate::device::lock::lock;
use crate::instrument::simulated::SimInstrument;
use crate::value::Value;
use std::collections::HashMap;
use std::sync::Mutex;

/// The devices that are open, and their names.
#[derive(Default)]
pub(super) struct Registry(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    /// In the order in which they were opened.
    open: Vec<Device>,
    /// Names given to devices, also to those that are being opened.
    reserved: Vec<String>,
}

/// What the wires of the station join, as far as it is open.
#[derive(Default)]
pub(super) struct Wiring(pub Mutex<Joined>);

#[derive(Default)]
pub(super) struct Joined {
    /// The simulated instruments, by their names in the station.
    pub instruments: HashMap<String, SimInstrument>,
    /// The simulated boards, by their names in the station.
    pub boards: HashMap<String, Device>,
    /// What each wire to a board carried last, by its number.
    pub last: HashMap<usize, Value>,
}

impl Registry {
    /// The open devices, in the order of opening.
    pub fn devices(&self) -> Vec<Device> {
        lock(&self.0).open.clone()
    }

    /// The device that was opened last.
    pub fn last(&self) -> Option<Device> {
        lock(&self.0).open.last().cloned()
    }

    /// Adds an open device; `report` gets the number of devices.
    pub fn add(&self, device: &Device, report: impl FnOnce(usize)) {
        let open = &mut lock(&self.0).open;
        open.push(device.clone());
        report(open.len());
    }

    /// Removes a device, if it is there; `report` gets the number of devices.
    pub fn remove(&self, device: &Device, report: impl FnOnce(usize)) {
        let open = &mut lock(&self.0).open;
        open.retain(|other| !other.is(device));
        report(open.len());
    }

    /// A unique name, reserved until [`Registry::release_name`]: `wanted`, or `wanted#2` and so on.
    pub fn reserve_name(&self, wanted: &str) -> String {
        let reserved = &mut lock(&self.0).reserved;
        let free = |name: &String| !reserved.contains(name);
        let numbered = (2..).map(|number| format!("{wanted}#{number}"));
        let name = std::iter::once(wanted.to_owned()).chain(numbered).find(free).unwrap_or_default();
        reserved.push(name.clone());
        name
    }

    /// Makes a name available again.
    pub fn release_name(&self, name: &str) {
        lock(&self.0).reserved.retain(|other| other != name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_until_they_are_released() {
        let registry = Registry::default();
        assert_eq!(registry.reserve_name("Bench"), "Bench");
        assert_eq!(registry.reserve_name("Bench"), "Bench#2");
        assert_eq!(registry.reserve_name("Bench"), "Bench#3");
        registry.release_name("Bench#2");
        assert_eq!(registry.reserve_name("Bench"), "Bench#2");
        registry.release_name("Bench");
        assert_eq!(registry.reserve_name("Bench"), "Bench");
    }
}
