//! Board objects in scripts: classes, devices, proxies, generators, and the values sent and received.
//!
//! Invariant: one script call is one device call.

pub(crate) mod batch;
pub(crate) mod block;
pub(crate) mod console;
pub(crate) mod convert;
pub(crate) mod declare;
pub(crate) mod device;
pub(crate) mod dispatch;
pub(crate) mod equality;
pub(crate) mod exec;
pub(crate) mod generator;
pub(crate) mod instrument;
pub(crate) mod line;
pub(crate) mod methods;
pub(crate) mod opening;
pub(crate) mod packages;
pub(crate) mod proxy;
pub(crate) mod sim;
pub(crate) mod sync;
pub(crate) mod types;
pub(crate) mod values;
