//! Observers of a run.
//!
//! Uses [`crate::bench`]. Invariant: everything that a run shows goes through an observer.

use crate::bench::event::TimedEvent;
use crate::bench::operator::{Answer, Question, Source};
use crate::device::Output;
use crate::origin::Origin;
use crate::script::sources::Sources;

/// Observes a run: gets output and test events.
pub trait Observer: Output {
    /// A `print` of the script: a line without its end.
    fn print(&self, text: &str);
    /// A `print` of a closure that runs for one of several boards.
    fn print_for(&self, board: &str, text: &str) {
        self.board(board, &format!("{text}\n"));
    }
    /// A `debug` of the script: a line without its end, and its place.
    fn debug(&self, text: &str, place: Option<&Origin>);
    /// Parallel closures start, or have ended: only in between can boards print at the same time.
    fn parallel(&self, _running: bool) {}
    /// A question was answered.
    fn answered(&self, question: &Question, answer: &Answer, source: Source) {
        if source != Source::Person {
            self.notice(&format!("? {} {}", question.text, question.shown(answer)));
        }
    }
    /// An event: a test started or ended, something was measured. Output and notices arrive through the other functions
    /// only.
    fn event(&self, line: &TimedEvent, sources: &Sources);
}
