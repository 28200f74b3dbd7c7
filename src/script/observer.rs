//! Who watches a run.
//!
//! Uses [`crate::bench`]. Invariant: everything that a run shows goes this way.

use crate::bench::event::TimedEvent;
use crate::bench::operator::{Answer, Question, Source};
use crate::device::Output;
use crate::origin::Origin;
use crate::script::sources::Sources;

/// Who watches a run: where `print` goes, and what happened in tests.
pub trait Observer: Output {
    /// One `print` of the script: a line without its end.
    fn print(&self, text: &str);
    /// One `print` of a closure that runs for one of several boards.
    fn print_for(&self, board: &str, text: &str) {
        self.board(board, &format!("{text}\n"));
    }
    /// One `debug` of the script: a line without its end, and where it stands.
    fn debug(&self, text: &str, place: Option<&Origin>);
    /// Several closures begin to run at once, or have ended: only between these two do boards print at the same time.
    fn parallel(&self, _running: bool) {}
    /// A question was answered.
    fn answered(&self, question: &Question, answer: &Answer, source: Source) {
        if source != Source::Person {
            self.notice(&format!("? {} {}", question.text, question.shown(answer)));
        }
    }
    /// Something happened: a test began or ended, something was measured. What is printed, and remarks, come by the other
    /// functions alone.
    fn event(&self, line: &TimedEvent, sources: &Sources);
}
