//! Prints the output of a run: the script's lines, the boards' output, tests as they end.
//!
//! Uses [`render`]. Invariant: printing holds one lock, so lines of several threads and boards
//! never mix; standard output is flushed before anything goes to standard error.

mod observer;
mod question;

pub use question::Asking;

use super::output::output;
use super::progress;
use super::render::{self, Colour};
use super::report;
use crate::bench::report::ReportBuilder;
use crate::bench::tally::Tally;
use crate::device::{Output, Stage, Transfer};
use crate::diagnostic::Diagnostic;
use crate::disk::reason;
use crate::script::Sources;
use crate::visible;
use indicatif::ProgressBar;
use std::collections::HashMap;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One of the two streams: its destination and colours.
pub struct Stream {
    /// Destination.
    pub to: Box<dyn Write + Send>,
    /// Whether it is coloured.
    pub colour: Colour,
    /// Whether it is an interactive terminal; if so, durations are shown.
    pub terminal: bool,
}

impl Stream {
    /// Standard output.
    pub fn stdout() -> Stream {
        Stream::new(output(), io::stdout().is_terminal())
    }

    /// Standard error.
    pub fn stderr() -> Stream {
        Stream::new(Box::new(io::stderr()), io::stderr().is_terminal())
    }

    /// Coloured if it is a terminal and `NO_COLOR` is unset or empty.
    fn new(to: Box<dyn Write + Send>, terminal: bool) -> Stream {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colour = if terminal && !refused { Colour::Always } else { Colour::Never };
        Stream { to, colour, terminal }
    }
}

/// The two streams of the program, and the state of their lines.
pub struct Console {
    inner: Mutex<Inner>,
}

struct Inner {
    out: Stream,
    err: Stream,
    /// The last byte on standard output ended a line.
    at_line_start: bool,
    /// Several devices are open.
    prefixing: bool,
    /// Several boards work at once. If not, an unfinished line of a board ends when anything else is printed.
    parallel: bool,
    /// Both streams have the same destination, where output of one must not continue a line of the other.
    together: bool,
    /// The boards that printed with a prefix, in the order of their first lines, which selects their colours.
    seen: Vec<String>,
    /// Unfinished lines of boards with a prefix, by device, oldest first.
    begun: Vec<(String, String)>,
    /// Escapes the output of each board for a terminal.
    streams: HashMap<String, visible::Stream>,
    /// The reader of standard output has closed it.
    broken: bool,
    /// The progress bar on standard error, which is a terminal.
    bar: Option<ProgressBar>,
    /// Receives all output instead of the two streams.
    above: Option<Above>,
    /// Summary of the tests so far.
    fold: ReportBuilder,
    /// The line that the user is typing on standard error, which is a terminal.
    question: Option<String>,
    /// Output printed meanwhile that is not a whole line yet.
    held: Vec<u8>,
    /// Whether the user is being asked: no progress is drawn.
    asks: bool,
    /// The running test.
    testing: Option<String>,
}

/// Receives output while the user types. It must not block.
pub type Above = Box<dyn Fn(&[u8]) + Send>;

impl Console {
    /// A console on these streams.
    pub fn new(out: Stream, err: Stream) -> Console {
        let together = out.terminal && err.terminal;
        let inner = Inner {
            out,
            err,
            at_line_start: true,
            prefixing: false,
            parallel: false,
            together,
            seen: Vec::new(),
            begun: Vec::new(),
            streams: HashMap::new(),
            broken: false,
            bar: None,
            above: None,
            fold: ReportBuilder::new(),
            question: None,
            held: Vec::new(),
            asks: false,
            testing: None,
        };
        Console { inner: Mutex::new(inner) }
    }

    /// A console on the streams of this process.
    pub fn of_process() -> Console {
        let console = Console::new(Stream::stdout(), Stream::stderr());
        console.lock().together |= is_same_file().unwrap_or(false);
        console
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints text of belay-script itself on standard output, on separate lines.
    pub fn text(&self, text: &str) {
        self.lock().own_lines(text);
    }

    /// Writes bytes unchanged.
    pub fn bytes(&self, bytes: &[u8]) {
        self.lock().write(bytes);
    }

    /// Prints a diagnostic on standard error.
    pub fn diagnostic(&self, diagnostic: &Diagnostic, sources: &Sources) {
        let mut inner = self.lock();
        let text = render::render(diagnostic, &|name| sources.get(name), inner.err.colour);
        inner.complain(&text);
    }

    /// Prints a remark on standard error unchanged: its line ends may be those of a raw terminal.
    pub fn remark(&self, text: &str) {
        self.lock().complain(text);
    }

    /// Ends unfinished lines of boards.
    pub fn end_lines(&self) {
        self.lock().end_begun_lines();
    }

    /// Ends any unfinished line, so that a prompt starts on its own line.
    pub fn start_line(&self) {
        let mut inner = self.lock();
        inner.end_begun_lines();
        if !inner.at_line_start {
            inner.write(b"\n");
        }
    }

    /// Sends all further output to standard error: standard output is for a report.
    pub fn free_output(&self) {
        let mut inner = self.lock();
        inner.out = Stream::stderr();
        inner.together = inner.out.terminal;
    }

    /// Prints a line and then pieces for standard output, or, if marked, standard error, without other output in between.
    pub fn pieces(&self, line: &str, pieces: &[(bool, Vec<u8>)]) {
        let mut inner = self.lock();
        inner.own_lines(line);
        for (to_error, bytes) in pieces {
            match to_error {
                false => inner.write(bytes),
                true => inner.complain(&String::from_utf8_lossy(bytes)),
            }
        }
    }

    /// Colour setting of standard output.
    pub fn colour(&self) -> Colour {
        self.lock().out.colour
    }

    /// Whether standard output is coloured.
    pub fn is_coloured(&self) -> bool {
        self.lock().out.colour == Colour::Always
    }

    /// Ends unfinished lines of boards, and prints the summary of tests. Returns whether the output was read to the end.
    pub fn finish(&self, tally: &Tally) -> bool {
        let mut inner = self.lock();
        inner.end_begun_lines();
        let summary = report::summary(tally, inner.out.colour, inner.out.terminal);
        if !summary.is_empty() {
            inner.own_lines(&summary);
        }
        inner.flush();
        !inner.broken
    }

    /// Flushes standard output; whether its reader is still there.
    pub fn flush(&self) -> bool {
        let mut inner = self.lock();
        inner.flush();
        !inner.broken
    }

    /// Whether standard error is an interactive terminal.
    pub fn is_watched(&self) -> bool {
        self.lock().err.terminal
    }

    /// Sets the progress bar, which is hidden while something is printed; `None`: no bar.
    pub fn show(&self, bar: Option<ProgressBar>) {
        self.lock().bar = bar;
    }

    /// Sends all further output to `above`; `None`: to the streams again.
    pub fn divert(&self, above: Option<Above>) {
        self.lock().above = above;
    }

    /// Colour setting of remarks.
    pub fn colour_of_remarks(&self) -> Colour {
        self.lock().err.colour
    }

    /// Runs `work` while nothing else is printed.
    pub fn alone(&self, work: impl FnOnce()) {
        let _inner = self.lock();
        work();
    }

    /// Prints a report on standard output, whatever [`Console::free_output`] has said.
    pub fn report(&self, content: &dyn Fn(&mut dyn Write) -> io::Result<()>) {
        let mut out = io::BufWriter::new(output());
        if let Err(error) = content(&mut out).and_then(|()| out.flush()) {
            self.lose_output(&error);
        }
    }

    /// Writing to standard output failed. Reports this, unless its reader has closed it.
    pub fn lose_output(&self, error: &io::Error) {
        self.lock().gone(error);
    }

    /// Ends the output. Returns whether standard output accepted all of it.
    pub fn delivered(&self) -> bool {
        let mut inner = self.lock();
        inner.flush();
        !inner.broken
    }

    /// Whether the reader of standard output has closed it, as `head` does.
    pub fn broken(&self) -> bool {
        self.lock().broken
    }
}

/// Whether both streams of this process have the same file or pipe as destination.
#[cfg(unix)]
fn is_same_file() -> io::Result<bool> {
    use std::os::fd::{AsFd, BorrowedFd};
    use std::os::unix::fs::MetadataExt;
    let about = |stream: BorrowedFd<'_>| std::fs::File::from(stream.try_clone_to_owned()?).metadata();
    let (out, err) = (about(io::stdout().as_fd())?, about(io::stderr().as_fd())?);
    Ok((out.dev(), out.ino()) == (err.dev(), err.ino()))
}

/// On other systems, only terminals are known to be the same destination.
#[cfg(not(unix))]
fn is_same_file() -> io::Result<bool> {
    Ok(false)
}

impl Inner {
    fn write(&mut self, bytes: &[u8]) {
        if self.question.is_some() && self.together {
            return self.write_above(bytes);
        }
        match self.bar.clone() {
            None => self.write_bytes(bytes),
            Some(bar) => bar.suspend(|| {
                self.write_bytes(bytes);
                if self.together && !self.at_line_start {
                    // The bar has its own line.
                    self.write_bytes(b"\n");
                }
            }),
        }
    }

    fn write_bytes(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        self.at_line_start = *last == b'\n';
        if let Some(above) = &self.above {
            return above(bytes);
        }
        if self.broken {
            return;
        }
        if let Err(error) = self.out.to.write_all(bytes).and_then(|()| self.out.to.flush()) {
            self.gone(&error);
        }
    }

    fn flush(&mut self) {
        if !self.broken
            && let Err(error) = self.out.to.flush()
        {
            self.gone(&error);
        }
    }

    /// The reader has closed the output: stop the script as by Ctrl-C, so that its teardowns run.
    fn gone(&mut self, error: &io::Error) {
        if std::mem::replace(&mut self.broken, true) {
            return;
        }
        crate::interrupt::raise();
        if error.kind() != io::ErrorKind::BrokenPipe {
            let _ = writeln!(self.err.to, "error: standard output cannot be written: {}", reason(error));
        }
    }

    fn own_lines(&mut self, text: &str) {
        if !self.at_line_start || !self.held.is_empty() {
            self.write(b"\n");
        }
        self.write(text.as_bytes());
    }

    fn complain(&mut self, text: &str) {
        self.end_lines_of_others("");
        if self.together && !self.at_line_start {
            self.write(b"\n");
        }
        if let Some(above) = &self.above {
            return above(text.as_bytes());
        }
        self.flush();
        if self.question.is_some() {
            self.clear_question();
            let end = if text.ends_with('\n') { "" } else { "\n" };
            let _ = self.err.to.write_all(format!("{text}{end}").as_bytes());
            return self.draw_question();
        }
        let bar = self.bar.clone();
        let mut write = || {
            let _ = self.err.to.write_all(text.as_bytes()).and_then(|()| self.err.to.flush());
        };
        match bar {
            None => write(),
            Some(bar) => bar.suspend(write),
        }
    }

    /// Whether standard output is a terminal, or the user is typing a line.
    fn is_seen(&self) -> bool {
        self.out.terminal || self.above.is_some()
    }

    /// Output of a script, escaped for a terminal; colours pass.
    fn safe(&self, text: &str) -> String {
        if !self.is_seen() {
            return text.to_owned();
        }
        let mut stream = visible::Stream::new(self.out.colour == Colour::Always);
        let shown = stream.feed(text.as_bytes());
        format!("{shown}{}", stream.flush())
    }

    fn board(&mut self, device: &str, text: &str) {
        let colours = self.out.colour == Colour::Always;
        let safe = if self.is_seen() {
            let stream = self.streams.entry(device.to_owned()).or_insert_with(|| visible::Stream::new(colours));
            &stream.feed(text.as_bytes())
        } else {
            text
        };
        let text = safe;
        if !self.prefixing {
            self.write(text.as_bytes());
            return;
        }
        self.end_lines_of_others(device);
        for piece in text.split_inclusive('\n') {
            let index = self.begun.iter().position(|(name, _)| name == device);
            match (piece.strip_suffix('\n'), index) {
                (None, Some(index)) => self.begun[index].1.push_str(piece),
                (None, None) => self.begun.push((device.to_owned(), piece.to_owned())),
                (Some(end), Some(index)) => {
                    let (_, begun) = self.begun.remove(index);
                    self.line_of(device, &format!("{begun}{end}"));
                }
                (Some(line), None) => self.line_of(device, line),
            }
        }
        self.bound(device);
    }

    /// An endless line of a board must not fill the memory.
    fn bound(&mut self, device: &str) {
        const LONGEST_LINE: usize = 64 * 1024;
        let long = |(name, begun): &(String, String)| name == device && begun.len() > LONGEST_LINE;
        if let Some(index) = self.begun.iter().position(long) {
            let (name, begun) = self.begun.remove(index);
            self.line_of(&name, &begun);
        }
    }

    /// Ends lines that will not continue: if one board works at a time, those of all boards but `device`.
    fn end_lines_of_others(&mut self, device: &str) {
        if !self.parallel && self.begun.iter().any(|(name, _)| name != device) {
            let (own, others) = std::mem::take(&mut self.begun).into_iter().partition(|(name, _)| name == device);
            self.begun = others;
            self.end_begun_lines();
            self.begun = own;
        }
    }

    fn end_begun_lines(&mut self) {
        for (device, begun) in std::mem::take(&mut self.begun) {
            self.line_of(&device, &begun);
        }
    }

    /// Prints a whole line of one of several boards.
    fn line_of(&mut self, device: &str, line: &str) {
        if self.out.colour == Colour::Never {
            return self.own_lines(&format!("[{device}] {line}\n"));
        }
        let known = self.seen.iter().position(|name| name == device);
        let number = known.unwrap_or_else(|| {
            self.seen.push(device.to_owned());
            self.seen.len() - 1
        });
        let label = render::board(number, &format!("[{device}]"));
        self.own_lines(&format!("{label} {line}\n"));
    }
}

impl Output for Console {
    fn board(&self, device: &str, text: &str) {
        self.lock().board(device, text);
    }

    fn printed(&self, device: &str, bytes: &[u8], text: &str) {
        let mut inner = self.lock();
        // Several boards share the output line by line, and a terminal gets text only.
        if inner.prefixing || inner.is_seen() {
            inner.board(device, text);
        } else {
            inner.write(bytes);
        }
    }

    fn boot(&self, _device: &str, text: &str) {
        let text = visible::text(text);
        self.lock().complain(&text);
    }

    fn notice(&self, text: &str) {
        self.lock().complain(&format!("{}\n", text.trim_end()));
    }

    fn transfer(&self, device: &str, transfer: Option<&Transfer<'_>>) {
        let mut inner = self.lock();
        if !inner.err.terminal {
            return;
        }
        let Some(Transfer { stage, done, total, file }) = transfer else {
            inner.remove_bar();
            return inner.show_test();
        };
        if inner.asks {
            return;
        }
        let what = match stage {
            Stage::Hashing => "comparing",
            Stage::Sending => "sending",
        };
        let title = if inner.prefixing { format!("[{device}] {what}") } else { what.to_owned() };
        if inner.bar.as_ref().is_some_and(|bar| bar.prefix() != title) {
            // The rate and the remaining time differ between runs.
            inner.bar.take().inspect(indicatif::ProgressBar::finish_and_clear);
        }
        let bar = inner.bar.get_or_insert_with(|| progress::bar(&title, *total));
        bar.set_length(*total);
        bar.set_message(progress::harmless(file));
        bar.set_position(*done);
    }

    fn open_devices(&self, count: usize) {
        let mut inner = self.lock();
        inner.prefixing = count > 1;
        if !inner.prefixing {
            inner.end_begun_lines();
        }
    }
}

#[cfg(test)]
#[path = "console_tests.rs"]
mod tests;
