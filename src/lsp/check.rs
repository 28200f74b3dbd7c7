//! The thread that checks documents, so that answers never wait for a check.
//!
//! Invariant: what has been superseded while it waited is not checked.

use super::Settle;
use super::diagnostics::{Problem, problems};
use super::documents::Documents;
use crate::script::OpenTexts;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

/// What is to be checked.
pub struct Job {
    /// All open documents.
    pub documents: Documents,
    /// The names of those to check, the most urgent first.
    pub wanted: Vec<String>,
}

/// What was found in one document.
pub struct Checked {
    /// Its name.
    pub name: String,
    /// Its version at the time.
    pub version: i32,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// The thread, which ends when it is dropped.
pub struct Checker {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Checker {
    /// Starts the thread; `report` gets what it finds.
    pub fn start(settle: Arc<Settle>, report: impl Fn(Checked) + Send + 'static) -> Checker {
        let (jobs, waiting) = channel();
        let thread =
            std::thread::Builder::new().name("check".to_owned()).spawn(move || work(&waiting, &*settle, &report));
        Checker { jobs: Some(jobs), thread: thread.ok() }
    }

    /// Asks for a check.
    pub fn ask(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            // A thread that ended has reported its defect.
            let _ = jobs.send(job);
        }
    }
}

impl Drop for Checker {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn work(waiting: &Receiver<Job>, settle: &Settle, report: &dyn Fn(Checked)) {
    let mut rest: Vec<String> = Vec::new();
    let mut documents = Documents::default();
    loop {
        let mut fresh: Vec<Job> = Vec::new();
        if rest.is_empty() {
            match waiting.recv() {
                Ok(job) => fresh.push(job),
                Err(_) => return,
            }
        }
        fresh.extend(waiting.try_iter());
        for job in fresh {
            rest.retain(|name| !job.wanted.contains(name));
            rest.splice(0..0, job.wanted);
            documents = job.documents;
        }
        if rest.is_empty() {
            continue;
        }
        let name = rest.remove(0);
        let Some(document) = documents.named(&name) else { continue };
        let others = documents.iter().filter(|other| other.file.name != name);
        let texts = others.map(|other| (other.file.name.clone(), other.file.text.clone()));
        let open: OpenTexts = Arc::new(texts.collect());
        // A defect in a check must not end the next ones.
        let problems = catch_unwind(AssertUnwindSafe(|| problems(document, open, settle))).unwrap_or_default();
        report(Checked { name, version: document.version, problems });
    }
}
