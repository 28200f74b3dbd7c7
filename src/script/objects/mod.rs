//! What scripts hold of boards: classes, devices, objects, generators, and the values that go to and fro.
//!
//! Uses [`crate::device`]. Invariant: one call of a script is one call of the device.

pub(crate) mod convert;
pub(crate) mod declare;
pub(crate) mod device;
pub(crate) mod dispatch;
pub(crate) mod equality;
pub(crate) mod exec;
pub(crate) mod generator;
pub(crate) mod methods;
pub(crate) mod opening;
pub(crate) mod proxy;
pub(crate) mod sim;
pub(crate) mod sync;
pub(crate) mod types;
pub(crate) mod values;
