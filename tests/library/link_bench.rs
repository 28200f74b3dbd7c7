//! The bench of the link works: everything once, on a simulated board and over a slow line. Nothing is judged by time.

#[path = "../../benches/link/bench.rs"]
#[expect(dead_code, reason = "the bench also compares and writes tables")]
mod bench;

use bench::{Extent, Link, measured};

#[test]
fn everything_is_measured_with_what_passes() {
    for link in [Link::Sim, Link::Line] {
        let rows = measured(link, Extent::Quick).expect("simulated boards");
        assert!(rows.len() > 15, "{rows:?}");
        for row in rows {
            assert!(row.ours > 0.0 && row.ratio().is_some_and(f64::is_finite), "{row:?}");
            let is_of_one_board = !row.what.contains("boards");
            assert_eq!(row.sent > 0 && row.received > 0 && row.turns > 0.0, is_of_one_board, "{row:?}");
        }
    }
}
