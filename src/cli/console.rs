//! What a run prints: the script's lines, the boards' output, tests as they end.
//!
//! Uses [`render`]. Invariant: whoever prints holds the one lock, so lines of several threads and boards
//! never mix; standard output is flushed before anything goes to standard error.

use super::render::{self, Colour};
use super::report;
use crate::bench::record::{Measurement, Record, Test};
use crate::device::Output;
use crate::diagnostic::Diagnostic;
use crate::origin::Origin;
use crate::script::{Observer, Sources};
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One of the two streams: where it goes and how it may look.
pub struct Stream {
    /// Where it goes.
    pub to: Box<dyn Write + Send>,
    /// How it may look.
    pub colour: Colour,
    /// Whether a person watches: then times are told.
    pub terminal: bool,
}

impl Stream {
    /// Standard output.
    pub fn stdout() -> Stream {
        Stream::new(Box::new(io::stdout()), io::stdout().is_terminal())
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

/// The two streams of the program, and what is known about their lines.
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
    /// Lines that boards have begun while prefixing, by device, in the order in which they were begun.
    begun: Vec<(String, String)>,
    /// The reader of standard output has gone.
    broken: bool,
}

impl Console {
    /// A console on these streams.
    pub fn new(out: Stream, err: Stream) -> Console {
        let inner = Inner { out, err, at_line_start: true, prefixing: false, begun: Vec::new(), broken: false };
        Console { inner: Mutex::new(inner) }
    }

    /// A console on the streams of this process.
    pub fn of_process() -> Console {
        Console::new(Stream::stdout(), Stream::stderr())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints text of the program itself on standard output, on lines of its own.
    pub fn text(&self, text: &str) {
        self.lock().own_lines(text);
    }

    /// Passes bytes on as they are.
    pub fn bytes(&self, bytes: &[u8]) {
        self.lock().write(bytes);
    }

    /// Prints a diagnostic on standard error.
    pub fn diagnostic(&self, diagnostic: &Diagnostic, sources: &Sources) {
        let mut inner = self.lock();
        let text = render::render(diagnostic, &|name| sources.get(name), inner.err.colour);
        inner.complain(&text);
    }

    /// Prints a remark on standard error as it is: its line ends may be those of a raw terminal.
    pub fn remark(&self, text: &str) {
        self.lock().complain(text);
    }

    /// Ends the lines that boards have begun, because no more will come.
    pub fn end_lines(&self) {
        self.lock().end_begun_lines();
    }

    /// Ends lines that boards have begun, and sums up the tests. Gives whether the reader of the output was there to the end.
    pub fn finish(&self, record: &Record) -> bool {
        let mut inner = self.lock();
        inner.end_begun_lines();
        let summary = report::summary(record, inner.out.colour);
        if !summary.is_empty() {
            inner.own_lines(&summary);
        }
        inner.flush();
        !inner.broken
    }

    /// Whether the reader of standard output has gone, as `head` does.
    pub fn broken(&self) -> bool {
        self.lock().broken
    }
}

impl Inner {
    fn write(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        self.at_line_start = *last == b'\n';
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

    /// Nobody reads any more: the script is stopped as by Ctrl-C, so that its teardowns run.
    fn gone(&mut self, error: &io::Error) {
        self.broken = true;
        crate::interrupt::raise();
        if error.kind() != io::ErrorKind::BrokenPipe {
            let _ = writeln!(self.err.to, "error: standard output cannot be written: {error}");
        }
    }

    fn own_lines(&mut self, text: &str) {
        if !self.at_line_start {
            self.write(b"\n");
        }
        self.write(text.as_bytes());
    }

    fn complain(&mut self, text: &str) {
        if self.out.terminal && !self.at_line_start {
            self.write(b"\n");
        }
        self.flush();
        let _ = self.err.to.write_all(text.as_bytes()).and_then(|()| self.err.to.flush());
    }

    fn board(&mut self, device: &str, text: &str) {
        if !self.prefixing {
            self.write(text.as_bytes());
            return;
        }
        for piece in text.split_inclusive('\n') {
            let index = self.begun.iter().position(|(name, _)| name == device);
            match (piece.strip_suffix('\n'), index) {
                (None, Some(index)) => self.begun[index].1.push_str(piece),
                (None, None) => self.begun.push((device.to_owned(), piece.to_owned())),
                (Some(end), Some(index)) => {
                    let (_, begun) = self.begun.remove(index);
                    self.own_lines(&format!("[{device}] {begun}{end}\n"));
                }
                (Some(line), None) => self.own_lines(&format!("[{device}] {line}\n")),
            }
        }
        self.bound(device);
    }

    /// A board that never ends its line does not fill the memory.
    fn bound(&mut self, device: &str) {
        const LONGEST_LINE: usize = 64 * 1024;
        let long = |(name, begun): &(String, String)| name == device && begun.len() > LONGEST_LINE;
        if let Some(index) = self.begun.iter().position(long) {
            let (name, begun) = self.begun.remove(index);
            self.own_lines(&format!("[{name}] {begun}\n"));
        }
    }

    fn end_begun_lines(&mut self) {
        for (device, begun) in std::mem::take(&mut self.begun) {
            self.own_lines(&format!("[{device}] {begun}\n"));
        }
    }
}

impl Output for Console {
    fn board(&self, device: &str, text: &str) {
        self.lock().board(device, text);
    }

    fn notice(&self, text: &str) {
        self.lock().complain(&format!("{}\n", text.trim_end()));
    }

    fn open_devices(&self, count: usize) {
        let mut inner = self.lock();
        inner.prefixing = count > 1;
        if !inner.prefixing {
            inner.end_begun_lines();
        }
    }
}

impl Observer for Console {
    fn print(&self, text: &str) {
        self.lock().write(format!("{text}\n").as_bytes());
    }

    fn debug(&self, text: &str, place: Option<&Origin>) {
        let line = match place {
            Some(place) => format!("{place}: {text}\n"),
            None => format!("{text}\n"),
        };
        self.lock().complain(&line);
    }

    fn test_begins(&self, _name: &str) {}

    fn measured(&self, measurement: &Measurement, in_test: bool) {
        if !in_test {
            let mut inner = self.lock();
            let lines = report::measurements(std::slice::from_ref(measurement), "", inner.out.colour);
            inner.own_lines(&lines);
        }
    }

    fn test_ended(&self, test: &Test, sources: &Sources) {
        let mut inner = self.lock();
        let lines = report::test(test, inner.out.colour, inner.out.terminal);
        inner.own_lines(&lines);
        if let Some(failure) = &test.failure {
            let text = render::render(failure, &|name| sources.get(name), inner.err.colour);
            inner.complain(&text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::record::Outcome;
    use crate::error::Kind;
    use std::sync::Arc;

    /// Both streams into one text, what goes to standard error in `<…>`.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<String>>);

    struct Pen {
        paper: Paper,
        error: bool,
    }

    impl Write for Pen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(bytes);
            let mut paper = self.paper.0.lock().unwrap();
            if self.error {
                paper.push_str(&format!("<{text}>"))
            } else {
                paper.push_str(&text)
            }
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn console() -> (Console, Paper) {
        let paper = Paper::default();
        let stream = |error: bool| Stream {
            to: Box::new(Pen { paper: paper.clone(), error }),
            colour: Colour::Never,
            terminal: false,
        };
        (Console::new(stream(false), stream(true)), paper)
    }

    impl Paper {
        #[track_caller]
        fn expect(&self, expected: &str) {
            assert_eq!(std::mem::take(&mut *self.0.lock().unwrap()), expected);
        }
    }

    #[test]
    fn one_boards_output_passes_as_it_comes() {
        let (console, paper) = console();
        console.open_devices(1);
        console.board("Bench", "a");
        paper.expect("a");
        console.board("Bench", "b\nc");
        console.print("d");
        paper.expect("b\ncd\n");
    }

    #[test]
    fn lines_of_several_boards_carry_their_names_and_do_not_mix() {
        let (console, paper) = console();
        console.open_devices(2);
        console.board("A", "on");
        console.board("B", "two\nthr");
        console.print("script");
        paper.expect("[B] two\nscript\n");
        console.board("A", "e\n\n");
        console.board("B", "ee");
        paper.expect("[A] one\n[A] \n");
        console.open_devices(1);
        console.board("B", "x");
        paper.expect("[B] three\nx");
    }

    #[test]
    fn a_line_that_never_ends_is_bounded() {
        let (console, paper) = console();
        console.open_devices(2);
        for _ in 0..70 {
            console.board("A", &"x".repeat(1024));
        }
        assert!(paper.0.lock().unwrap().len() > 64 * 1024);
    }

    #[test]
    fn tests_are_reported_with_measurements_and_excerpts() {
        let (console, paper) = console();
        let sources = Sources::default();
        let mut record = Record::new();
        record.begin("the divider");
        record.measure(Measurement::new("divider", "1.65".into(), Some(1.65), "V", Some(1.6), Some(1.7)));
        record.measure(Measurement::new("gain", "x".into(), None, "", None, Some(2.0)));
        console.board("Bench", "half");
        console.test_ended(record.end(Outcome::Pass, None).unwrap(), &sources);
        paper.expect(
            "half\ntest the divider ... fail\n    divider  1.65 V  [1.6 … 1.7]  pass\n    gain     x       [≤ 2]        fail\n",
        );
        record.begin("no board");
        let failure = Diagnostic::new(Kind::ScriptError, "boom");
        console.test_ended(record.end(Outcome::Error, Some(failure)).unwrap(), &sources);
        paper.expect("test no board ... error\n<error: boom\n>");
        console.measured(&Measurement::new("loose", "3".into(), Some(3.0), "", None, None), false);
        paper.expect("loose  3\n");
        assert!(console.finish(&record));
        paper.expect("2 tests: 1 failed, 1 error\n");
    }

    #[test]
    fn notices_go_to_standard_error() {
        let (console, paper) = console();
        console.notice("installing\n");
        console.debug("x", Some(&Origin::new("a.rhai", 1, 2)));
        paper.expect("<installing\n><a.rhai:1:2: x\n>");
    }
}
