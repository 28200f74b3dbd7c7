//! An observer that shows nothing: standard output belongs to the protocol.

use crate::bench::event::TimedEvent;
use crate::device::Output;
use crate::script::{Observer, Sources};

/// Drops everything that a run would show.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Output for Silent {
    fn board(&self, _device: &str, _text: &str) {}

    fn notice(&self, _text: &str) {}
}

impl Observer for Silent {
    fn event(&self, _line: &TimedEvent, _sources: &Sources) {}
}
