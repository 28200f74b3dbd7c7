//! Device blocks: whatever a script holds, it is declarations or errors, in bounded time, and nothing of it is executed.
//! A panic would come back as an InternalError.
#![no_main]

use belay_script::bench::event::TimedEvent;
use belay_script::device::{Host, Output};
use belay_script::error::Kind;
use belay_script::origin::Origin;
use belay_script::script::{Observer, RunOptions, Runner, Sources};
use libfuzzer_sys::fuzz_target;
use std::cell::RefCell;
use std::sync::Arc;

/// Nobody prints: nothing is executed.
struct Nobody;

impl Output for Nobody {
    fn board(&self, device: &str, text: &str) {
        panic!("{device} printed {text:?}");
    }
    fn notice(&self, _text: &str) {}
}

impl Observer for Nobody {
    fn print(&self, text: &str) {
        panic!("the script printed {text:?}");
    }
    fn debug(&self, text: &str, _place: Option<&Origin>) {
        panic!("the script printed {text:?}");
    }
    fn event(&self, _line: &TimedEvent, _sources: &Sources) {}
}

thread_local! {
    static RUNNER: RefCell<Runner> = RefCell::new(runner());
}

fn runner() -> Runner {
    let nobody = Arc::new(Nobody);
    Runner::new(Host::new(nobody.clone(), None), nobody, RunOptions::default())
}

fuzz_target!(|text: &str| {
    let Err(errors) = RUNNER.with_borrow_mut(|runner| runner.check_text("fuzz.rhai", text)) else { return };
    for error in errors {
        assert_ne!(error.kind, Kind::InternalError, "{text:?}: {error:?}");
    }
});
