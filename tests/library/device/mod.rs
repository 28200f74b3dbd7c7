//! Devices by the library's own interface, on real simulated boards: what lasts beyond a lost link, and what time it is.

mod clocks;
mod connect;
mod known;
mod lines;
mod output;
mod reconnect;
mod resident;

use crate::board::Printed;
use crate::items;
use belay_script::device::class::{Class, Item, ItemKind};
use belay_script::device::{Called, Device, Generator, Host, HostOptions, OpenOptions, PortOpener};
use belay_script::port::Port;
use belay_script::port::sim::{SimOptions, SimPort};
use belay_script::value::Value;
use belay_script::{Error, Kind, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Where a board is plugged in.
struct Socket {
    /// For the flash of the board.
    folder: tempfile::TempDir,
    /// What kind of board it is, but for its flash.
    options: SimOptions,
    /// How many openings fail from now on.
    down: AtomicUsize,
    /// How often it was tried.
    tries: AtomicUsize,
    /// Whether the last one was opened again.
    again: AtomicBool,
}

impl Socket {
    fn open(&self, again: bool) -> Result<Box<dyn Port>> {
        self.tries.fetch_add(1, Ordering::SeqCst);
        self.again.store(again, Ordering::SeqCst);
        let down = self.down.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |down| down.checked_sub(1));
        if down.is_ok() {
            return Err(Error::new(Kind::ConnectionFailedError, "it is unplugged"));
        }
        let flash = Some(self.folder.path().join("flash"));
        Ok(Box::new(SimPort::open(&SimOptions { flash, ..self.options.clone() }, &|_| {})?))
    }
}

fn item(kind: ItemKind, name: &str, options: &[&str], body: &str) -> Item {
    let (name, params) = name.split_once(' ').unwrap_or((name, ""));
    let params: Vec<&str> = params.split_whitespace().collect();
    let mut item = items::item(kind, name, &params, body);
    for option in options {
        let (name, value) = option.strip_prefix('!').map_or((*option, true), |name| (name, false));
        item.options.set(kind, name, &Value::Bool(value)).expect("an option");
    }
    item
}

/// A device on a board that can be unplugged, and what it has printed.
struct Bench {
    device: Device,
    socket: Arc<Socket>,
    printed: Arc<Printed>,
}

impl Bench {
    fn open(items: Vec<Item>, options: OpenOptions) -> Bench {
        Bench::with(SimOptions::default(), items, options)
    }

    fn with(board: SimOptions, items: Vec<Item>, options: OpenOptions) -> Bench {
        let printed = Arc::new(Printed::default());
        let host = Host::new(HostOptions::new(printed.clone()));
        let class = Arc::new(Class::build("Bench", "", None, items, &[]).expect("a class"));
        let socket = Arc::new(Socket {
            folder: tempfile::tempdir().expect("a folder"),
            options: board,
            down: AtomicUsize::new(0),
            tries: AtomicUsize::new(0),
            again: AtomicBool::new(false),
        });
        let plug = socket.clone();
        let connector: Box<PortOpener> = Box::new(move |again| plug.open(again));
        let device = host.open_over(&class, "socket", connector, options, &mut |_, _| Ok(())).expect("a board");
        Bench { device, socket, printed }
    }

    fn exec(&self, code: &str) -> Result<Value> {
        self.device.exec(code, None)
    }

    fn call(&self, name: &str, args: &[Value]) -> Result<Value> {
        match self.device.call(name, args, &[], None)? {
            Called::Value(value) => Ok(value),
            Called::Generator(_) => panic!("`{name}` is a generator"),
        }
    }

    fn generator(&self, name: &str) -> Generator {
        self.generator_of(name, &[])
    }

    fn generator_of(&self, name: &str, args: &[Value]) -> Generator {
        match self.device.call(name, args, &[], None).expect("a generator") {
            Called::Generator(generator) => generator,
            Called::Value(value) => panic!("`{name}` gave {value:?}"),
        }
    }

    /// The board restarts in the middle of a call.
    fn crash(&self) -> Error {
        self.exec("import machine; machine.reset()").expect_err("a lost link")
    }
}
