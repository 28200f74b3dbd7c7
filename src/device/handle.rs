//! The handle of a device.
//!
//! Its operations are in the other files of this folder. Invariant: clones are the same device.

use crate::device::class::{Class, Item};
use crate::device::connector::Connector;
use crate::device::first::FirstItems;
use crate::device::host::Host;
use crate::device::limits::Limit;
use crate::device::lock::lock;
use crate::device::options::Implementation;
use crate::device::release;
use crate::device::state::State;
use crate::port::Abilities;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::time::Duration;

/// One open (or closed) device. Cheap to clone; calls from several threads wait for each other.
#[derive(Clone)]
pub struct Device(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) name: String,
    pub(super) class: Arc<Class>,
    pub(super) connector: Connector,
    /// What its port can do.
    pub(super) abilities: Abilities,
    pub(super) host: Host,
    pub(super) attempts: i64,
    pub(super) auto_sync_time: bool,
    pub(super) timeout: Option<Duration>,
    pub(super) open: AtomicBool,
    pub(super) garbage: Arc<Mutex<Vec<u64>>>,
    pub(super) released: release::Released,
    /// Without its emitters.
    pub(super) implementation: Implementation,
    pub(super) emitters: Mutex<Option<Vec<String>>>,
    /// Whether its strings support non-ASCII characters, once asked.
    pub(super) unicode: Mutex<Option<bool>>,
    /// Bits of its floats, once asked.
    pub(super) float_bits: Mutex<Option<u32>>,
    /// What its board gets first.
    pub(super) first: FirstItems,
    pub(super) state: Mutex<State>,
}

impl Device {
    /// The name in output and errors: `Bench`, `Bench#2`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The class it was opened as.
    pub fn class(&self) -> &Arc<Class> {
        &self.0.class
    }

    /// The port as the user wrote it.
    pub fn port(&self) -> &str {
        self.0.connector.written()
    }

    /// Whether it is usable: not closed, and its connection not lost.
    pub fn is_open(&self) -> bool {
        !self.is_closed() && self.try_lock().is_none_or(|state| !state.is_lost())
    }

    pub(super) fn is_closed(&self) -> bool {
        !self.0.open.load(Ordering::SeqCst)
    }

    /// Whether both are the same device.
    pub fn is(&self, other: &Device) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether it is a board simulated by belay-script.
    pub fn is_simulated(&self) -> bool {
        self.0.abilities.simulated
    }

    /// Whether its answers come from a recording.
    pub fn is_replayed(&self) -> bool {
        self.0.abilities.replayed
    }

    /// What its port can do.
    pub(super) fn abilities(&self) -> Abilities {
        self.0.abilities
    }

    /// What the board reported when it was connected, without its emitters.
    pub fn firmware(&self) -> &Implementation {
        &self.0.implementation
    }

    pub(super) fn limit(&self, item: &Item) -> Limit {
        Limit { timeout: item.options.timeout.or(self.0.timeout), interruptible: true }
    }

    pub(super) fn default_limit(&self) -> Limit {
        Limit { timeout: self.0.timeout, interruptible: true }
    }

    /// The reconnect attempts: the option of `open`.
    pub fn attempts(&self) -> i64 {
        self.0.attempts
    }

    pub(super) fn host(&self) -> &Host {
        &self.0.host
    }

    /// The state, for any use of the board: an open stream is stopped first.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock_as_it_is();
        state.pause_stream(self.host(), self.name(), self.is_closed());
        state
    }

    /// The state, which may have an open stream: then nothing may be sent to the board.
    pub(super) fn lock_as_it_is(&self) -> MutexGuard<'_, State> {
        lock(&self.0.state)
    }

    pub(super) fn try_lock(&self) -> Option<MutexGuard<'_, State>> {
        match self.0.state.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    pub(super) fn garbage(&self) -> Arc<Mutex<Vec<u64>>> {
        self.0.garbage.clone()
    }

    pub(super) fn released(&self) -> &release::Released {
        &self.0.released
    }
}
