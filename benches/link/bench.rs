//! The parts of the bench. A test runs it as well (`tests/library/link_bench.rs`): what both need of
//! `tests/support` is at the root of either crate.

pub mod command;
mod compare;
mod figures;
mod floor;
mod many;
mod measure;
mod microbit;
mod page;
#[path = "../peers/peers.rs"]
mod peers;
mod places;
mod program;
mod relay;
mod results;
mod transfers;

pub use measure::Extent;
pub use places::Link;
pub use results::Row;

/// The figures of one link; those that this machine lacks something for say so.
pub fn measured(link: Link, extent: Extent) -> Result<Vec<Row>, String> {
    match link {
        Link::Program => program::rows(extent),
        _ => figures::rows(link, extent),
    }
}
