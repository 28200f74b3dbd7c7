//! The links, and boards on them that can be opened again and again.

use super::microbit::Microbit;
use super::relay::{self, Pace};
use crate::node;
use belay_script::cli::terminal::link::Terminal;
use belay_script::port::options::PortOptions;
use belay_script::port::sim::{SimOptions, SimPort};
use belay_script::port::{self, Port};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const WEBASSEMBLY: (&str, &str) = ("@micropython/micropython-webassembly-pyscript", "1.27.0");

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// `--port sim`.
    Sim,
    /// A simulated board behind 1 ms in each direction.
    Latency,
    /// A simulated board behind a line of 115200 baud.
    Line,
    /// MicroPython 1.9.2 on an emulated micro:bit.
    Microbit,
    /// MicroPython 1.27 in Node.
    WebAssembly,
    /// The program itself.
    Program,
    /// A simulated board behind a pseudo-terminal, for peers: they have no `sim`.
    Terminal,
}

impl Link {
    /// All that are measured beside their floor.
    pub const ALL: [Link; 6] = [Link::Sim, Link::Latency, Link::Line, Link::Microbit, Link::WebAssembly, Link::Program];

    /// Its name as an argument and in the baseline.
    pub fn name(self) -> &'static str {
        match self {
            Link::Sim => "sim",
            Link::Latency => "latency",
            Link::Line => "line",
            Link::Microbit => "microbit",
            Link::WebAssembly => "webassembly",
            Link::Program => "program",
            Link::Terminal => "terminal",
        }
    }

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Link::Sim => "`sim`",
            Link::Latency => "behind 1 ms in each direction",
            Link::Line => "behind a line of 115200 baud",
            Link::Microbit => "an emulated micro:bit with MicroPython 1.9.2",
            Link::WebAssembly => "MicroPython's WebAssembly port in Node",
            Link::Program => "the program",
            Link::Terminal => "a simulated board behind a pseudo-terminal",
        }
    }

    /// How its relay passes bytes.
    pub fn pace(self) -> Option<Pace> {
        match self {
            Link::Latency => Some(Pace::Late(Duration::from_millis(1))),
            Link::Terminal => Some(Pace::Late(Duration::ZERO)),
            // Ten bits.
            Link::Line => Some(Pace::EachTakes(Duration::from_secs(10) / 115_200)),
            _ => None,
        }
    }
}

/// A board on a link.
#[derive(Clone)]
pub struct Place(Arc<Inner>);

enum Inner {
    /// A new board each time.
    Sim,
    Relayed(Served, Pace),
    Microbit(Microbit),
    /// A new board each time, from this command.
    Command(String),
    /// Another one, through a terminal.
    Terminal(Place),
}

/// A simulated board on a pseudo-terminal, until this process ends.
pub struct Served {
    /// Its path.
    pub path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Served {
    /// Starts a board.
    pub fn start() -> belay_script::Result<Served> {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let path = folder.path().join("board");
        let mut board = SimPort::open(&SimOptions::default(), &|_| {})?;
        let mut terminal = Terminal::open()?;
        let link = terminal.link(&path)?;
        std::thread::spawn(move || {
            let _link = link;
            let _ = terminal.pump(&mut board);
        });
        Ok(Served { path, _folder: folder })
    }
}

impl Place {
    /// A board on `link`.
    ///
    /// # Errors
    /// What this machine lacks for it.
    pub fn new(link: Link) -> Result<Place, String> {
        let failed = |error: belay_script::Error| error.to_string();
        Ok(Place(Arc::new(match (link, link.pace()) {
            (_, Some(pace)) => Inner::Relayed(Served::start().map_err(failed)?, pace),
            (Link::Microbit, _) => Inner::Microbit(Microbit::start()?),
            (Link::WebAssembly, _) => {
                let modules = node::installed(WEBASSEMBLY.0, WEBASSEMBLY.1)?;
                let file = modules.join(WEBASSEMBLY.0).join("micropython.mjs");
                let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/webassembly.mjs");
                Inner::Command(format!("exec:node '{program}' '{}'", file.display()))
            }
            _ => Inner::Sim,
        })))
    }

    /// Opens it.
    ///
    /// # Errors
    /// As opening a port.
    pub fn open(&self) -> belay_script::Result<Box<dyn Port>> {
        let address = match &*self.0 {
            Inner::Sim => return Ok(Box::new(SimPort::open(&SimOptions::default(), &|_| {})?)),
            Inner::Relayed(..) | Inner::Terminal(_) => self.terminal(),
            Inner::Microbit(board) => board.address(),
            Inner::Command(command) => command.clone(),
        };
        port::open::open(&address.parse()?, &PortOptions::default(), &|_| {})
    }

    /// The path of a terminal through which one client reaches it, with its link's pace; a micro:bit's is 115200 baud.
    pub fn terminal(&self) -> String {
        let path = match &*self.0 {
            Inner::Relayed(board, pace) => relay::terminal(&board.path).and_then(|board| relay::start(board, *pace)),
            Inner::Microbit(board) => {
                board.connect().and_then(|stream| relay::start(stream.into(), Link::Line.pace().expect("a pace")))
            }
            Inner::Terminal(place) => return place.terminal(),
            Inner::Sim | Inner::Command(_) => panic!("no terminal leads to it"),
        };
        path.expect("a relay").to_string_lossy().into_owned()
    }

    /// The same board, opened through a terminal: as peers reach it.
    #[must_use]
    pub fn by_terminal(self) -> Place {
        match &*self.0 {
            Inner::Microbit(_) => Place(Arc::new(Inner::Terminal(self))),
            _ => self,
        }
    }

    /// Whether the program on it starts when it is opened, and must not be interrupted before its first prompt.
    pub fn greets(&self) -> bool {
        matches!(&*self.0, Inner::Command(_))
    }

    /// Whether it takes code by raw paste.
    pub fn pastes(&self) -> bool {
        matches!(&*self.0, Inner::Sim | Inner::Relayed(..))
    }

    /// Whether a program on the board can read its input: `sys.stdin`.
    pub fn reads_input(&self) -> bool {
        matches!(&*self.0, Inner::Sim | Inner::Relayed(..))
    }

    /// Instructions that its processor has executed, where they are counted.
    pub fn instructions(&self) -> Option<u64> {
        match &*self.0 {
            Inner::Microbit(board) => Some(board.instructions()),
            Inner::Terminal(place) => place.instructions(),
            _ => None,
        }
    }
}
