//! A progress bar on standard error, for bytes that go to or come from a board.
//!
//! Uses indicatif and [`Console`]. Invariant: without a terminal there is no bar, and nothing of it is ever written; what a
//! board prints goes through the console, which takes the bar away meanwhile.

use super::console::Console;
use crate::device::{Stage, Transfer};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::Arc;

/// How the bar looks: title, bar, bytes, rate, time left, the file under way.
const TEMPLATE: &str = "{prefix} [{bar:25}] {bytes}/{total_bytes} {bytes_per_sec} {eta} {wide_msg}";
/// How often it is drawn, a second.
const RATE: u8 = 10;

/// A bar on a terminal, not drawn yet.
fn drawn(title: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(RATE));
    if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(title.to_owned());
    bar
}

/// The text without what moves a terminal's cursor.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Shows how far a sync is; `bar` is what the console shows now. Gives what it is to show.
pub fn transfer(bar: Option<ProgressBar>, transfer: Option<&Transfer<'_>>) -> Option<ProgressBar> {
    let Some(transfer) = transfer else {
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        return None;
    };
    let title = match transfer.stage {
        Stage::Hashing => "compare",
        Stage::Sending => "send",
    };
    let bar = match bar {
        Some(bar) if bar.prefix() == title => bar,
        other => {
            if let Some(other) = other {
                other.finish_and_clear();
            }
            drawn(title, transfer.total)
        }
    };
    bar.set_position(transfer.done);
    bar.set_message(plain(transfer.file));
    Some(bar)
}

/// A bar. It goes when it is dropped.
pub struct Bar {
    console: Arc<Console>,
    bar: Option<ProgressBar>,
}

impl Bar {
    /// A bar of `total` bytes on the console's standard error; none if that is no terminal.
    pub fn new(console: &Arc<Console>, title: &str, total: u64) -> Bar {
        let bar = console.is_watched().then(|| drawn(title, total));
        console.show(bar.clone());
        Bar { console: console.clone(), bar }
    }

    /// No bar at all (`--quiet`).
    pub fn none(console: &Arc<Console>) -> Bar {
        Bar { console: console.clone(), bar: None }
    }

    /// How many bytes are done.
    pub fn set(&self, bytes: u64) {
        self.draw(|bar| bar.set_position(bytes));
    }

    /// What is under way, a file for example.
    pub fn message(&self, text: &str) {
        self.draw(|bar| bar.set_message(plain(text)));
    }

    /// Takes the bar away.
    pub fn finish(self) {}

    /// Nothing else is printed while it is drawn.
    fn draw(&self, change: impl FnOnce(&ProgressBar)) {
        if let Some(bar) = &self.bar {
            self.console.alone(|| change(bar));
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.draw(ProgressBar::finish_and_clear);
        if self.bar.is_some() {
            self.console.show(None);
        }
    }
}
