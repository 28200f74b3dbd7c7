//! Where the time of a run goes: for each device and item, what passed on the link, and how long that took.
//!
//! Uses [`crate::port::meter`]. Invariant: every exchange with a board counts for exactly one row.

use crate::device::lock::lock;
use crate::port::meter::Traffic;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The rows of a run; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Profile(Arc<Mutex<Rows>>);

#[derive(Debug, Default)]
struct Rows {
    rows: BTreeMap<(String, String), Row>,
    /// By device, the shortest time in which a board answered one exchange: about what the link takes.
    shortest: BTreeMap<String, Duration>,
}

/// What an item of a device has taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The device.
    pub device: String,
    /// The item, such as ``task `read` ``, or what else was done.
    pub item: String,
    /// What passed.
    pub traffic: Traffic,
    /// The whole time.
    pub total: Duration,
    /// The part of it that the link took, estimated: for each exchange as long as the shortest one of this device.
    pub link: Duration,
}

impl Row {
    /// The time that the board took: the rest of the waiting.
    pub fn board(&self) -> Duration {
        self.traffic.waited.saturating_sub(self.link)
    }

    /// The time that this computer took.
    pub fn host(&self) -> Duration {
        self.total.saturating_sub(self.traffic.waited)
    }
}

impl Profile {
    /// Adds what an operation took.
    pub(super) fn add(&self, device: &str, item: &str, traffic: Traffic, total: Duration) {
        let mut rows = lock(&self.0);
        if traffic.exchanges == 1 && traffic.read > 0 {
            let shortest = rows.shortest.entry(device.to_owned()).or_insert(traffic.waited);
            *shortest = traffic.waited.min(*shortest);
        }
        let key = (device.to_owned(), item.to_owned());
        let row = rows.rows.entry(key).or_insert_with(|| Row {
            device: device.to_owned(),
            item: item.to_owned(),
            traffic: Traffic::default(),
            total: Duration::ZERO,
            link: Duration::ZERO,
        });
        row.traffic.written += traffic.written;
        row.traffic.read += traffic.read;
        row.traffic.exchanges += traffic.exchanges;
        row.traffic.waited += traffic.waited;
        row.total += total;
    }

    /// All rows, the longest first.
    pub fn rows(&self) -> Vec<Row> {
        let rows = lock(&self.0);
        let with_link = rows.rows.values().map(|row| {
            let shortest = rows.shortest.get(&row.device).copied().unwrap_or_default();
            let exchanges = u32::try_from(row.traffic.exchanges).unwrap_or(u32::MAX);
            Row { link: shortest.saturating_mul(exchanges).min(row.traffic.waited), ..row.clone() }
        });
        let mut all: Vec<Row> = with_link.collect();
        all.sort_by_key(|row| std::cmp::Reverse(row.total));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_divided_into_link_board_and_host() {
        let profile = Profile::default();
        let ms = Duration::from_millis;
        let traffic = |exchanges, waited| Traffic { written: 10, read: 20, exchanges, waited: ms(waited) };
        profile.add("d", "task `f`", traffic(1, 2), ms(3));
        profile.add("d", "task `f`", traffic(1, 8), ms(9));
        profile.add("d", "task `g`", traffic(0, 5), ms(40));
        let rows = profile.rows();
        let times = |row: &Row| [row.total, row.link, row.board(), row.host()].map(|time| time.as_millis());
        assert_eq!((rows[0].item.as_str(), times(&rows[0])), ("task `g`", [40, 0, 5, 35]));
        assert_eq!((rows[1].item.as_str(), times(&rows[1])), ("task `f`", [12, 4, 6, 2]));
        assert_eq!((rows[1].traffic.written, rows[1].traffic.read, rows[1].traffic.exchanges), (20, 40, 2));
    }

    #[test]
    fn a_new_connection_counts_from_zero() {
        let before = Traffic { written: 100, read: 100, exchanges: 9, waited: Duration::from_secs(1) };
        let after = Traffic { written: 5, read: 7, exchanges: 1, waited: Duration::from_millis(2) };
        assert_eq!(after.since(before), after);
        assert_eq!(before.since(after).written, 95);
    }
}
