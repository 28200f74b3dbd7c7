//! What a script can call its own names on.
//!
//! Invariant: each type is here once.

use crate::script::handles::{BatchHandle, ClassHandle, DeviceHandle, InstrumentHandle, ProxyHandle, SimHandle};
use crate::script::run::console::ConsoleHandle;
use std::any::TypeId;

/// The types for which every method name in a script is registered.
pub(crate) fn receivers() -> [TypeId; 7] {
    [
        TypeId::of::<DeviceHandle>(),
        TypeId::of::<ClassHandle>(),
        TypeId::of::<SimHandle>(),
        TypeId::of::<ProxyHandle>(),
        TypeId::of::<BatchHandle>(),
        TypeId::of::<InstrumentHandle>(),
        TypeId::of::<ConsoleHandle>(),
    ]
}
