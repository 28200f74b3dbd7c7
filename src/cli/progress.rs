//! A progress bar on standard error, for bytes that go to or come from a board.
//!
//! Uses indicatif and [`Console`]. Invariant: without a terminal no bar is written; output of
//! boards goes through the console, which hides the bar meanwhile.

use super::console::Console;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How the bar looks: title, bar, bytes, rate, time left, the file under way.
const TEMPLATE: &str = "{prefix} [{bar:25}] {bytes}/{total_bytes} {bytes_per_sec} {eta} {wide_msg}";
/// How often it is drawn, a second.
const RATE: u8 = 10;

/// A bar on standard error, not drawn yet.
pub fn bar(title: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(RATE));
    if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(title.to_owned());
    bar
}

/// Style of an activity of unknown length.
const WAITING: &str = "{spinner} {wide_msg} {elapsed}";

/// Delay before an activity is shown.
const PATIENCE: Duration = Duration::from_millis(400);
/// Most threads that wait to show something; beyond this, nothing is shown.
const MOST_WAITING: usize = 4;
static AT_WORK: AtomicUsize = AtomicUsize::new(0);

/// Shows an activity on standard error, unless it ends soon.
pub fn waiting(title: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()).with_message(harmless(title));
    let bar = match ProgressStyle::with_template(WAITING) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    };
    let weak = bar.downgrade();
    if AT_WORK.fetch_add(1, Ordering::SeqCst) >= MOST_WAITING {
        AT_WORK.fetch_sub(1, Ordering::SeqCst);
        return bar;
    }
    let show = move || {
        std::thread::park_timeout(PATIENCE);
        if let Some(bar) = weak.upgrade().filter(|bar| !bar.is_finished()) {
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(RATE));
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        AT_WORK.fetch_sub(1, Ordering::SeqCst);
    };
    if std::thread::Builder::new().spawn(show).is_err() {
        AT_WORK.fetch_sub(1, Ordering::SeqCst);
    }
    bar
}

/// A name without control characters.
pub fn harmless(text: &str) -> String {
    text.chars().map(|letter| if crate::visible::is_hidden(letter) { '\u{fffd}' } else { letter }).collect()
}

/// A bar, removed on drop.
pub struct Bar {
    console: Arc<Console>,
    bar: Option<ProgressBar>,
}

impl Bar {
    /// A bar of `total` bytes on the console's standard error; no bar unless that is a terminal.
    pub fn new(console: &Arc<Console>, title: &str, total: u64) -> Bar {
        let bar = console.is_watched().then(|| bar(title, total));
        console.show(bar.clone());
        Bar { console: console.clone(), bar }
    }

    /// No bar at all (`--quiet`).
    pub fn none(console: &Arc<Console>) -> Bar {
        Bar { console: console.clone(), bar: None }
    }

    /// Sets the number of finished bytes.
    pub fn set(&self, bytes: u64) {
        self.draw(|bar| bar.set_position(bytes));
    }

    /// Sets the current item, such as a file.
    pub fn message(&self, text: &str) {
        self.draw(|bar| bar.set_message(harmless(text)));
    }

    /// Removes the bar.
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
