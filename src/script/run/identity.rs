//! Finds two devices that are one board: two names in a station file that lead to one port, or a board that can be reached in two ways.
//!
//! A board is identified by the unique id that its firmware reports. USB serial numbers are not compared: cheap adapters share one, and
//! one adapter may serve two boards. Simulated boards have no identity. Invariant: a board that reports no id is nobody's double.

use crate::device::{About, Device};
use crate::error::{Error, Kind};
use crate::script::lock::lock;
use crate::script::run::Run;

impl Run {
    /// What an opened device reports about itself, if it is asked: for a report, and if another board is open. With
    /// ConnectionFailedError if another open device is the same board.
    pub(crate) fn identify(&self, device: &Device) -> (About, Option<Error>) {
        // The exchanges in recordings must not depend on the selected reports.
        if self.host.options().recorder.is_some() || device.is_replayed() {
            return (About::default(), None);
        }
        let others = if device.is_simulated() { Vec::new() } else { self.others(device) };
        if others.is_empty() && !self.options.subject.is_recorded {
            return (About::default(), None);
        }
        let about = device.about();
        let Some(id) = about.unique_id.clone().filter(|id| is_unique(id)) else { return (about, None) };
        lock(&self.recorder.identities).insert(device.name().to_owned(), id.clone());
        let double = others.iter().find(|other| self.id_of(other).as_deref() == Some(&id));
        (about, double.map(|other| same(device, other, &id)))
    }

    /// The other open devices that are boards.
    fn others(&self, device: &Device) -> Vec<Device> {
        let is_board =
            |other: &Device| !other.is(device) && !other.is_simulated() && !other.is_replayed() && other.is_open();
        self.host.devices().into_iter().filter(is_board).collect()
    }

    /// The unique id of an open device. A busy one that was not asked before is not waited for.
    fn id_of(&self, device: &Device) -> Option<String> {
        let known = lock(&self.recorder.identities).get(device.name()).cloned();
        known.or_else(|| device.about_if_idle()?.unique_id)
    }
}

/// Whether an id may be that of one board: unprogrammed memory has only equal bits.
fn is_unique(id: &str) -> bool {
    !id.chars().all(|digit| digit == '0') && !id.chars().all(|digit| digit == 'f')
}

fn same(device: &Device, other: &Device, id: &str) -> Error {
    let message = format!("the board is already open as `{}`: both report the unique id {id}", other.name());
    let help = format!("open each board once, or correct the ports: `{}` and `{}`", device.port(), other.port());
    Error::new(Kind::ConnectionFailedError, message).with_help(help).with_device(device.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unprogrammed_ids_are_not_unique() {
        for (id, unique) in
            [("e6614c311b7a5a2b", true), ("01", true), ("0000", false), ("ffffffff", false), ("", false)]
        {
            assert_eq!(is_unique(id), unique, "{id}");
        }
    }
}
