//! Clocks of devices: synchronisation, and values with timestamps.

use crate::board::command::{Command, Payload};
use crate::board::large::Large;
use crate::device::clock::{Clock, Reading, Ticks, whole};
use crate::device::handle::Device;
use crate::device::state;
use crate::device::state::{Run, State};
use crate::error::{Error, Kind, Result};
use crate::value::Value;
use std::time::Instant;

/// Most requests for the board's time; Belay's.
const SAMPLES: u32 = 10;

impl Device {
    /// Measures the offset of the board's clock again; returns it in seconds, board minus host.
    ///
    /// # Errors
    /// As [`Device::call`]; ArgumentError if `samples` is 0.
    pub fn sync_time(&self, samples: Option<u32>) -> Result<f64> {
        if self.is_closed() {
            return Err(state::closed(self.name()));
        }
        if samples == Some(0) {
            return Err(Error::new(Kind::ArgumentError, "measuring the clock needs at least one sample")
                .with_device(self.name()));
        }
        let mut state = self.lock();
        state.clock = None;
        self.measure(&mut state, samples.unwrap_or(SAMPLES))?;
        state.clock.as_ref().and_then(Clock::offset).ok_or_else(|| unsynchronised(self.name()))
    }

    /// The offset of the board's clock in seconds, board minus host. Measured on first use, unless the device was opened with
    /// `auto_sync_time: false`.
    ///
    /// # Errors
    /// As [`Device::sync_time`]; FeatureUnavailableError if it was never measured.
    pub fn time_offset(&self) -> Result<f64> {
        let mut state = self.lock();
        self.need_clock(&mut state)?;
        state.clock.as_ref().and_then(Clock::offset).ok_or_else(|| unsynchronised(self.name()))
    }

    /// Runs `call` on the board and returns its value and timestamp, in seconds since the Unix epoch: the middle of its run.
    pub(super) fn run_timed(
        &self,
        state: &mut State,
        run: &Run<'_>,
        (call, large): (&str, &[Large]),
        safe: bool,
    ) -> Result<(Payload, f64)> {
        let command = Command::new(format!("__belay_w(lambda:{call})"));
        for attempt in 0..2 {
            if state.is_lost() && self.attempts() != 0 {
                self.restore(state, self.attempts())?;
            }
            self.need_clock(state)?;
            state.free(self.host(), run);
            // Its way must not count as time.
            state.bring(self.host(), run, large)?;
            let sent = Instant::now();
            match self.run_restoring(state, run, &command, false) {
                Ok(payload) => return self.stamp(state, &payload, sent),
                // Restored: load the tick reader before the call runs again.
                Err(error) if safe && attempt == 0 && error.kind() == Kind::ConnectionLost && !state.is_lost() => {}
                Err(error) => return Err(error),
            }
        }
        Err(unsynchronised(self.name()))
    }

    /// The value and the timestamp of a timed reply that has just arrived. `sent`: before its command was sent.
    pub(super) fn stamp(&self, state: &mut State, payload: &Payload, sent: Instant) -> Result<(Payload, f64)> {
        let (reading, text) = read(payload, sent)?;
        if let Some(clock) = state.clock.as_mut()
            && clock.add(reading)
            && let Some(time) = clock.middle(reading)
        {
            return Ok((Payload::Repr(text), time));
        }
        // The board was restarted unnoticed. The value is right, but its time is unknown.
        self.measure(state, SAMPLES)?;
        let time = state.clock.as_ref().and_then(|clock| clock.middle(reading));
        time.map(|time| (Payload::Repr(text), time)).ok_or_else(|| unsynchronised(self.name()))
    }

    pub(super) fn need_clock(&self, state: &mut State) -> Result<()> {
        match &state.clock {
            Some(_) => Ok(()),
            None if self.0.auto_sync_time => self.measure(state, SAMPLES),
            None => Err(unsynchronised(self.name())),
        }
    }

    fn measure(&self, state: &mut State, samples: u32) -> Result<()> {
        let run = Run { device: self.name(), item: None, piece: None, limit: self.default_limit() };
        if !state.has_clock {
            let payload = self.run_restoring(state, &run, &Command::new(crate::board::CLOCK), true)?;
            let ticks = payload.value().ok().and_then(|value| Ticks::from_value(&value));
            state.ticks = Some(ticks.ok_or_else(|| unsynchronised(self.name()))?);
            state.has_clock = true;
        }
        let ticks = state.ticks.ok_or_else(|| unsynchronised(self.name()))?;
        let mut clock = Clock::new(ticks);
        state.free(self.host(), &run);
        for _ in 0..samples {
            let sent = Instant::now();
            let payload = state.run(self.host(), &run, &Command::new("__belay_w(int)"))?;
            clock.add(read(&payload, sent)?.0);
            if clock.is_good() {
                break;
            }
        }
        state.clock = Some(clock);
        Ok(())
    }
}

/// The counts and the value's `repr` of a timed reply that has just arrived.
fn read(payload: &Payload, sent: Instant) -> Result<(Reading, String)> {
    let received = Instant::now();
    let garbled = || Error::new(Kind::NotBelayResponseError, "the reply of a timed call has no timestamps");
    let Ok(Value::Tuple(fields)) = payload.value() else { return Err(garbled()) };
    let [begun, ended, Value::Str(text)] = fields.as_slice() else { return Err(garbled()) };
    match (whole(begun), whole(ended)) {
        (Some(begun), Some(ended)) => Ok((Reading { sent, received, begun, ended }, text.clone())),
        _ => Err(garbled()),
    }
}

fn unsynchronised(device: &str) -> Error {
    Error::new(Kind::FeatureUnavailableError, "the board's clock was not synchronised")
        .with_device(device)
        .with_help("call `sync_time()`, or open the device without `auto_sync_time: false`")
}
