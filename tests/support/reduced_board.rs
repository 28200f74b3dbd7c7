//! A real MicroPython that imitates other firmware: a simulated board with a filter.
//!
//! Inside, a boot.py takes modules, names and memory away (`reduced_board/*.py`); outside, the filter refuses raw paste,
//! loses what an input ring cannot hold, and says what other firmware says ([`screen`]). What runs is real Python.
//!
//! Uses the public port seam only. Invariant: what the interpreter computes reaches the host as it is, but for what the
//! form of the board says.

#[path = "reduced_board/ring.rs"]
mod ring;
#[path = "reduced_board/screen.rs"]
mod screen;

use belay_script::Result;
use belay_script::port::sim::{SimOptions, SimPort};
use belay_script::port::{Abilities, Port, PortError, Wait};
pub use ring::Ring;
use screen::Screen;
pub use screen::{Shown, Words};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const REDUCED: &str = include_str!("reduced_board/reduced.py");
const CIRCUITPYTHON: &str = include_str!("reduced_board/circuitpython.py");
const END: &str = "_reduce(GONE, HIDDEN, GIVEN)\n\
    for _name in ('GONE', 'HIDDEN', 'GIVEN', '_reduce', '_Fields', '_Text', '_read_only', '_time', '_refuse'):\n \
    globals().pop(_name, None)\n";
/// Leaves this many bytes of memory.
const BALLAST: &str =
    "import gc\n_ballast = []\nwhile gc.mem_free() > FREE + 300:\n _ballast.append(bytearray(200))\n gc.collect()\n";

/// A board's support of raw paste.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RawPaste {
    #[default]
    Supported,
    /// It answers `R\x00` and its prompt.
    Refused,
    /// Before version 1.14: Ctrl-A clears the line and prints the prompt.
    Unknown,
}

/// What a board is.
#[derive(Clone, Debug, Default)]
pub struct Form {
    pub raw_paste: RawPaste,
    /// What its REPL says.
    pub shown: Shown,
    /// Python that sets `GONE`, `HIDDEN` and `GIVEN`, as it needs them; nothing: nothing is taken away.
    pub python: String,
    /// Bytes of its heap.
    pub heap: Option<u64>,
    /// Bytes of it that are free when the host connects.
    pub free: Option<usize>,
    /// Whether its compiler has none of the code emitters.
    pub no_emitters: bool,
    /// Its input ring; `None`: nothing is ever lost.
    pub ring: Option<Ring>,
}

impl Form {
    /// Without these modules.
    pub fn without(modules: &[&str]) -> Form {
        let gone: Vec<String> = modules.iter().map(|name| format!("'{name}'")).collect();
        Form { python: format!("GONE = ({},)\n", gone.join(", ")), ..Form::default() }
    }

    /// CircuitPython of this version.
    pub fn circuitpython(version: &str, shown: Shown) -> Form {
        Form { python: format!("VERSION = {version}\n{CIRCUITPYTHON}"), shown, no_emitters: true, ..Form::default() }
    }

    fn boot(&self) -> String {
        let free = self.free.map_or_else(String::new, |free| BALLAST.replace("FREE", &free.to_string()));
        match self.python.as_str() {
            "" => free,
            python => format!("{REDUCED}\nGONE = ()\nHIDDEN = {{}}\nGIVEN = {{}}\n{python}{END}{free}"),
        }
    }
}

#[derive(Default)]
struct Shared {
    lost: usize,
    written: Vec<u8>,
    reload: bool,
    opened: usize,
}

/// The handle of a test to a board.
#[derive(Clone)]
pub struct Bench {
    form: Form,
    flash: Arc<tempfile::TempDir>,
    shared: Arc<Mutex<Shared>>,
}

impl Bench {
    pub fn new(form: Form) -> Bench {
        let flash = Arc::new(tempfile::tempdir().expect("a folder"));
        Bench { form, flash, shared: Arc::default() }
    }

    /// Opens the board, with the same flash every time.
    pub fn connector(&self) -> Box<belay_script::device::PortOpener> {
        let bench = self.clone();
        Box::new(move |_| bench.open())
    }

    /// The board restarts by itself, as after a write to a file on its drive.
    pub fn reload(&self) {
        self.shared().reload = true;
    }

    /// How many bytes the input ring has lost.
    pub fn lost(&self) -> usize {
        self.shared().lost
    }

    /// All that the host has sent.
    pub fn written(&self) -> Vec<u8> {
        self.shared().written.clone()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<Box<dyn Port>> {
        let flash = Some(self.flash.path().join("flash"));
        let mut board = SimPort::open(&SimOptions { heap: self.form.heap, flash, ..SimOptions::default() }, &|_| {})?;
        let first = std::mem::replace(&mut self.shared().opened, 1) == 0;
        if first {
            install(&mut board, &self.form.boot());
        }
        let screen = Screen::new(self.form.shown.clone());
        let ring = self.form.ring.clone();
        Ok(Box::new(ReducedBoard { bench: self.clone(), board, screen, ring, early: Vec::new() }))
    }
}

fn soon() -> Wait {
    Wait { deadline: Some(Instant::now() + Duration::from_secs(20)), interruptible: false }
}

fn exchange(board: &mut SimPort, send: &[u8], end: &[u8]) {
    board.write(send, soon()).expect("a board that listens");
    let mut got = Vec::new();
    while !got.ends_with(end) {
        if let Err(error) = board.read(&mut got, soon()) {
            panic!("{error} after {}", got.escape_ascii());
        }
    }
    assert!(!got.windows(10).any(|bytes| bytes == b"Traceback "), "{}", String::from_utf8_lossy(&got));
}

/// Writes boot.py, piece by piece: a small heap does not hold it.
fn install(board: &mut SimPort, boot: &str) {
    exchange(board, b"", b">>> ");
    exchange(board, b"\x03\x03\x01", b"raw REPL; CTRL-B to exit\r\n>");
    exchange(board, b"f=open('boot.py','w')\x04", b"\x04\x04>");
    for piece in boot.as_bytes().chunks(1000) {
        let hex: String = piece.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        exchange(board, format!("f.write('{hex}')and 0\x04").as_bytes(), b"\x04\x04>");
    }
    exchange(board, b"f.close()\x04", b"\x04\x04>");
    exchange(board, b"\x04", b"raw REPL; CTRL-B to exit\r\n>");
    board.write(b"\x02", soon()).expect("a board that listens");
}

struct ReducedBoard {
    bench: Bench,
    board: SimPort,
    screen: Screen,
    ring: Option<Ring>,
    /// Came, and was not read.
    early: Vec<u8>,
}

/// `bytes` with each `old` replaced.
fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(old.len()).position(|window| window == old) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(new);
        rest = &rest[at + old.len()..];
    }
    result.extend_from_slice(rest);
    result
}

impl ReducedBoard {
    /// Commands to the board since the last call.
    fn obey(&mut self) {
        if std::mem::take(&mut self.bench.shared().reload) {
            self.screen.reload();
            // What a user would do at the prompt; nobody sees that.
            self.board.write(b"\x02\x04", soon()).expect("a simulated board at its prompt");
        }
    }
}

impl Port for ReducedBoard {
    fn name(&self) -> &str {
        "reduced"
    }

    fn abilities(&self) -> Abilities {
        let all = self.board.abilities();
        // Its ring loses what it cannot hold.
        Abilities { fresh: false, holds_back: all.holds_back && self.ring.is_none(), queues: false, ..all }
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> std::result::Result<(), PortError> {
        self.obey();
        self.bench.shared().written.extend_from_slice(bytes);
        let (heard, lost) = match &mut self.ring {
            Some(ring) => ring.take(bytes),
            None => (bytes.to_vec(), 0),
        };
        self.bench.shared().lost += lost;
        // The interpreter refuses other letters so.
        let asked = match self.bench.form.raw_paste {
            RawPaste::Supported => heard,
            RawPaste::Refused => replaced(&heard, b"\x05A\x01", b"\x05B\x01"),
            RawPaste::Unknown => replaced(&heard, b"\x05A\x01", b"\x01"),
        };
        let asked = match self.bench.form.no_emitters {
            true => {
                replaced(&replaced(&asked, b"@micropython.native", b"@micropython.nativ_"), b".viper\n", b".vipe_\n")
            }
            false => asked,
        };
        let passed = self.screen.typed(&asked, &mut self.early);
        if passed.is_empty() { Ok(()) } else { self.board.write(&passed, wait) }
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> std::result::Result<usize, PortError> {
        loop {
            self.obey();
            if !self.early.is_empty() {
                let count = self.early.len();
                buffer.append(&mut self.early);
                return Ok(count);
            }
            let mut bytes = Vec::new();
            self.board.read(&mut bytes, wait)?;
            if let Some(ring) = &mut self.ring {
                ring.is_answered();
            }
            self.early = self.screen.feed(&bytes);
        }
    }
}
