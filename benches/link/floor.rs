//! The least that a link needs: a client of a few lines, with the raw REPL or with a loop on the board that answers requests.
//!
//! Invariant: it checks nothing but the end of each answer.

use super::places::Place;
use belay_script::port::meter::{MeteredPort, Traffic};
use belay_script::port::{Port, Wait};
use belay_script::repl::reply::find;
use std::time::Duration;

const PROMPT: &[u8] = b"raw REPL; CTRL-B to exit\r\n>";

/// Functions of the loops: lines and bytes from the host, and bytes to it.
const LOOP: &str = "import sys\nr=sys.stdin.readline\nb=sys.stdin.buffer.read\nw=sys.stdout.buffer.write\n";
/// The same for boards without `sys.stdin`, which also repeat what they read.
const SMALL_LOOP: &str = "r=input\n";

/// Bytes that a board with an input buffer of 63 takes at once, and how long it takes to read them: a line of 115200 baud leaves it that
/// time, an emulator does not.
const SMALL_BUFFER: usize = 48;
const SMALL_BUFFER_TIME: Duration = Duration::from_millis(4);

/// How often such a board gets code that does not compile.
const ATTEMPTS: usize = 3;

/// What a loop answers.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// A line.
    Line,
    /// This number of bytes.
    Bytes(usize),
}

/// A connection to a board.
pub struct Floor {
    port: MeteredPort,
    reads_input: bool,
    pastes: bool,
    is_small: bool,
    buffer: Vec<u8>,
}

impl Floor {
    /// Opens the port and enters the raw REPL.
    pub fn open(place: &Place) -> Floor {
        let mut floor = Floor {
            port: MeteredPort::new(place.open().expect("a port")),
            reads_input: place.reads_input(),
            pastes: place.pastes(),
            is_small: place.instructions().is_some(),
            buffer: Vec::new(),
        };
        if place.greets() {
            floor.exchange(b"", |answer| answer.ends_with(b">>> "));
        }
        floor.exchange(b"\r\x03\x03\x01", ends_with_prompt);
        floor
    }

    /// What has passed.
    pub fn traffic(&self) -> Traffic {
        self.port.traffic()
    }

    fn wait() -> Wait {
        Wait::for_at_most(Duration::from_secs(60))
    }

    fn exchange(&mut self, bytes: &[u8], is_end: impl Fn(&[u8]) -> bool) {
        self.buffer.clear();
        let pieces = if self.is_small { SMALL_BUFFER } else { bytes.len().max(1) };
        for (number, piece) in bytes.chunks(pieces).enumerate() {
            if number > 0 {
                std::thread::sleep(SMALL_BUFFER_TIME);
            }
            self.port.write(piece, Floor::wait()).expect("a write");
        }
        while !is_end(&self.buffer) {
            let read = self.port.read(&mut self.buffer, Floor::wait());
            read.unwrap_or_else(|error| panic!("{error} after {:?}", String::from_utf8_lossy(&self.buffer)));
        }
    }

    /// Runs code in the raw REPL, which must succeed. An emulator that gets no processor time for a while loses bytes: then the code does
    /// not compile, and comes again.
    pub fn run(&mut self, code: &str) {
        for _ in 0..if self.is_small { ATTEMPTS } else { 1 } {
            self.exchange(format!("{code}\x04").as_bytes(), |answer| answer.ends_with(b"\x04>"));
            if find(&self.buffer, b"SyntaxError:").is_none() {
                break;
            }
        }
        self.succeeded();
    }

    fn succeeded(&self) {
        let answer = String::from_utf8_lossy(&self.buffer);
        assert!(answer.ends_with("\x04\x04>"), "the code failed: {answer}");
    }

    /// The same for code above a board's buffers: raw paste, as the board dictates it.
    pub fn paste(&mut self, code: &[u8]) {
        if !self.pastes {
            return self.run(std::str::from_utf8(code).expect("text"));
        }
        self.exchange(b"\x05A\x01", |answer| answer.len() >= 5);
        let window = usize::from(self.buffer[2]) + 256 * usize::from(self.buffer[3]);
        let (mut budget, mut sent) = (2 * window, 0);
        while sent < code.len() {
            let count = budget.min(code.len() - sent);
            self.port.write(&code[sent..sent + count], Floor::wait()).expect("a write");
            sent += count;
            budget -= count;
            while budget == 0 {
                self.buffer.clear();
                self.port.read(&mut self.buffer, Floor::wait()).expect("a read");
                budget += window * self.buffer.len();
            }
        }
        self.exchange(b"\x04", |answer| answer.ends_with(b"\x04>"));
        self.succeeded();
    }

    /// Starts a loop on the board; `body` answers each request.
    pub fn enter(&mut self, body: &str) {
        let start = if self.reads_input { LOOP } else { SMALL_LOOP };
        let code = format!("{start}while 1:\n {body}\n\x04");
        self.exchange(code.as_bytes(), |answer| answer.ends_with(b"OK"));
    }

    /// Ends the loop by Ctrl-C.
    pub fn leave(&mut self) {
        // A board that waits in `input` sees Ctrl-C when the line ends.
        let stop: &[u8] = if self.reads_input { b"\x03" } else { b"\x03\r" };
        self.exchange(stop, |answer| answer.ends_with(b"\x04>"));
    }

    /// A request to the loop, and its answer.
    pub fn ask(&mut self, request: &[u8], answer: Answer) {
        let lines = if self.reads_input { 1 } else { 2 };
        match answer {
            Answer::Line => self.exchange(request, |said| {
                said.ends_with(b"\n") && said.iter().filter(|byte| **byte == b'\n').count() == lines
            }),
            Answer::Bytes(count) => self.exchange(request, |said| said.len() >= count),
        }
    }
}

fn ends_with_prompt(answer: &[u8]) -> bool {
    answer.ends_with(PROMPT)
}
