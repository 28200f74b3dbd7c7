//! Device blocks: whatever a script holds, it is declarations or errors, in bounded time, and nothing of it is executed.
//! A panic would come back as an InternalError.
#![no_main]

use belay_script::bench::event::{Event, TimedEvent};
use belay_script::device::{Host, HostOptions};
use belay_script::error::Kind;
use belay_script::script::{Observer, RunOptions, Runner, Sources};
use libfuzzer_sys::fuzz_target;
use std::cell::RefCell;
use std::sync::Arc;

/// Nobody prints: nothing is executed.
struct Nobody;

impl Observer for Nobody {
    fn event(&self, line: &TimedEvent, _sources: &Sources) {
        if let Event::Output(chunk) = &line.event {
            panic!("something was printed: {chunk:?}");
        }
    }
}

thread_local! {
    static RUNNER: RefCell<Runner> = RefCell::new(runner());
}

fn runner() -> Runner {
    Runner::new(Host::new(HostOptions::default()), Arc::new(Nobody), RunOptions::default())
}

fuzz_target!(|text: &str| {
    let Err(errors) = RUNNER.with_borrow_mut(|runner| runner.check_text("fuzz.rhai", text)) else { return };
    for error in errors {
        assert_ne!(error.kind, Kind::InternalError, "{text:?}: {error:?}");
    }
});
