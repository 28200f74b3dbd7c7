//! Instruments of the bench: power supplies, multimeters, loads, oscilloscopes, and whatever else speaks SCPI.
//!
//! [`Instrument`] is one open instrument. [`address`] parses where it is, VISA resource strings included; [`reply`] and [`block`]
//! know the forms of IEEE 488.2 data as pure functions, [`wiring`] wires between simulated instruments and boards; [`link`](self) does the exchange over a
//! [`Stream`](crate::port::stream::Stream). [`class`] holds declared instrument classes, [`simulated`] simulated instruments.
//!
//! Uses [`crate::port`], [`crate::value`] and [`crate::error`]. Invariants: one command at a time, whichever thread asks; a reply
//! that comes too late is never taken for that of another query.

pub mod address;
pub mod block;
mod calls;
pub mod class;
mod handle;
mod link;
pub mod options;
pub mod reply;
pub mod simulated;
mod turn;
pub mod wiring;

pub use crate::message::Convert;
pub use address::InstrumentAddress;
pub use handle::{CallOptions, Carrier, Instrument, Moment, NumberOptions};
pub use options::InstrumentOptions;
pub use reply::Identity;

#[cfg(test)]
pub(crate) mod tests;
