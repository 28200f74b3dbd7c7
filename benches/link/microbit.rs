//! A real old firmware on an emulated micro:bit whose instructions are counted: what a call costs a small processor.

use crate::programs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

const EMULATOR: &str = "qemu-system-arm";
const FIRMWARE: &str = "/usr/share/firmware-microbit-micropython/firmware.hex";
/// How long the emulator may take to listen.
const LIMIT: Duration = Duration::from_secs(20);

/// An emulated board, switched off on drop.
pub struct Microbit {
    emulator: Child,
    number: u16,
    /// Its monitor.
    monitor: Mutex<BufReader<UnixStream>>,
    _folder: tempfile::TempDir,
}

impl Microbit {
    /// A board that boots.
    ///
    /// # Errors
    /// What is missing.
    pub fn start() -> Result<Microbit, String> {
        for name in [EMULATOR, FIRMWARE] {
            let needed = programs::table().find(|needed| needed.name == name).expect("a line of the table");
            needed.find().ok_or_else(|| format!("`{name}` is missing: `apt-get install {}`", needed.package))?;
        }
        let folder = tempfile::tempdir().expect("a scratch folder");
        let socket = folder.path().join("monitor");
        // Free until another program takes it in between: then the emulator does not start.
        let number = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
        let number = number.expect("a free port").port();
        let mut command = Command::new(EMULATOR);
        command.args(["-M", "microbit", "-display", "none", "-monitor", "none", "-icount", "shift=6"]);
        command.arg("-device").arg(format!("loader,file={FIRMWARE}"));
        command.arg("-serial").arg(format!("tcp:127.0.0.1:{number},server=on,wait=off,nodelay=on"));
        command.arg("-qmp").arg(format!("unix:{},server=on,wait=off", socket.display()));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut emulator = command.spawn().map_err(|error| format!("`{EMULATOR}` does not start: {error}"))?;
        let deadline = Instant::now() + LIMIT;
        let monitor = loop {
            let listens = TcpStream::connect((Ipv4Addr::LOCALHOST, number));
            match listens.and_then(|_| UnixStream::connect(&socket)) {
                Ok(monitor) => break monitor,
                Err(error) if Instant::now() > deadline => {
                    let _ = emulator.kill();
                    return Err(format!("`{EMULATOR}` does not listen: {error}"));
                }
                Err(_) => std::thread::yield_now(),
            }
        };
        let board = Microbit { emulator, number, monitor: Mutex::new(BufReader::new(monitor)), _folder: folder };
        board.ask("qmp_capabilities");
        Ok(board)
    }

    /// Its port's address.
    pub fn address(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.number)
    }

    /// A connection to its port.
    ///
    /// # Errors
    /// Of the operating system.
    pub fn connect(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.number))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Instructions since it was switched on.
    pub fn instructions(&self) -> u64 {
        self.ask("query-replay")["icount"].as_u64().expect("a count")
    }

    /// What the monitor returns.
    fn ask(&self, command: &str) -> serde_json::Value {
        let mut monitor = self.monitor.lock().expect("no panic before");
        writeln!(monitor.get_mut(), "{{\"execute\": \"{command}\"}}").expect("a monitor that listens");
        loop {
            let mut line = String::new();
            monitor.read_line(&mut line).expect("a monitor that answers");
            let mut answer: serde_json::Value = serde_json::from_str(&line).expect("JSON");
            if let Some(value) = answer.get_mut("return") {
                return value.take();
            }
            assert!(answer.get("error").is_none(), "{line}");
        }
    }
}

impl Drop for Microbit {
    fn drop(&mut self) {
        let _ = self.emulator.kill();
        let _ = self.emulator.wait();
    }
}
