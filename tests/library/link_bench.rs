//! The bench of the link works: everything once. Nothing is judged by time.

use crate::extent::is_ci;

#[path = "../../benches/link/bench.rs"]
#[expect(dead_code, reason = "the bench also compares and writes tables")]
mod bench;

use bench::{Extent, Link, measured};

#[test]
fn everything_is_measured_with_what_passes() {
    let links = if is_ci() { Link::ALL.to_vec() } else { vec![Link::Sim, Link::Line] };
    for link in links {
        let rows = measured(link, Extent::Quick).expect("what the link needs");
        assert!(rows.len() > 4, "{rows:?}");
        for row in rows.iter().filter(|row| row.memory.is_none()) {
            assert!(row.ours > 0.0 && row.ratio().is_some_and(f64::is_finite), "{row:?}");
            let passes = link != Link::Program && !row.what.contains("boards");
            assert_eq!(row.sent > 0 && row.received > 0 && row.turns > 0.0, passes, "{row:?}");
        }
    }
}
