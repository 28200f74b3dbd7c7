//! The example of a program that embeds the library: the part up to the line below is what `docs/src/embedding.md` shows
//! (`tests/program/documents.rs` compares them).

use belay_script::bench::event::{Event, TimedEvent};
use belay_script::device::{Host, Output};
use belay_script::origin::Origin;
use belay_script::script::{Observer, RunOptions, Runner, Sources};
use std::sync::Arc;

/// Prints what a script and its boards print.
struct Console;

impl Output for Console {
    fn board(&self, device: &str, text: &str) {
        print!("{device}: {text}");
    }
    fn notice(&self, text: &str) {
        eprintln!("{text}");
    }
}

impl Observer for Console {
    fn print(&self, text: &str) {
        println!("{text}");
    }
    fn debug(&self, text: &str, _place: Option<&Origin>) {
        eprintln!("{text}");
    }
    fn event(&self, line: &TimedEvent, _sources: &Sources) {
        if let Event::TestEnded { outcome, duration_s, .. } = &line.event {
            println!("{} after {duration_s} s", outcome.word());
        }
    }
}

fn main() {
    let console = Arc::new(Console);
    let host = Host::new(console.clone(), Some("sim".to_owned()));
    let mut runner = Runner::new(host, console, RunOptions::default());
    let finished = runner.run_text("sum.rhai", r#"test "sum" { if 1 + 1 != 2 { throw "no"; } }"#);
    assert!(finished.failure.is_none() && finished.report.passed());
}

// The book shows what is above.

#[test]
fn the_example_of_the_book_runs() {
    main();
}
