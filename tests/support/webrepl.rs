//! A WebREPL server in front of a simulated board, stricter than a board's.
//!
//! It fails if a client's frame is not masked, not text or longer than a board's ring. One client at a time, one
//! board for all of them.

use belay_script::port::open::open;
use belay_script::port::options::PortOptions;
use belay_script::port::{Port, PortError, Wait, websocket};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Longest time for anything.
const LIMIT: Duration = Duration::from_secs(30);
/// Most bytes of a frame that a board's ring holds.
const RING: usize = 255;

/// The server; it ends with [`Server::stop`].
pub struct Server {
    /// Its port number.
    pub port: u16,
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Server {
    /// Starts a board and a server that wants `password`.
    pub fn start(password: &'static str) -> Server {
        let mut board = open(&"sim".parse().expect("a port"), &PortOptions::default(), &|_| ()).expect("a board");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
        let port = listener.local_addr().expect("an address").port();
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = stopping.clone();
        let thread = std::thread::spawn(move || {
            loop {
                let (stream, _) = listener.accept().expect("a client");
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                Client::new(stream).serve(board.as_mut(), password);
            }
        });
        Server { port, stopping, thread }
    }

    /// Ends it; fails if it failed.
    pub fn stop(self) {
        self.stopping.store(true, Ordering::SeqCst);
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        self.thread.join().expect("no client broke a rule");
    }
}

struct Client {
    stream: TcpStream,
    /// Bytes of frames that are not whole.
    bytes: Vec<u8>,
}

impl Client {
    fn new(stream: TcpStream) -> Client {
        stream.set_nodelay(true).expect("an option");
        stream.set_read_timeout(Some(LIMIT)).expect("an option");
        Client { stream, bytes: Vec::new() }
    }

    fn serve(mut self, board: &mut dyn Port, password: &str) {
        self.shake_hands();
        self.say(b"Password: ");
        let Some(given) = self.frame() else { return };
        if given != format!("{password}\r").as_bytes() {
            self.say(b"\r\nAccess denied\r\n");
            return;
        }
        self.say(b"\r\nWebREPL connected\r\n>>> ");
        self.stream.set_read_timeout(Some(Duration::from_millis(1))).expect("an option");
        self.pass(board);
    }

    /// Passes bytes between the client and the board until the client leaves.
    fn pass(&mut self, board: &mut dyn Port) {
        loop {
            let Some(sent) = self.frame() else { return };
            board.write(&sent, Wait::for_at_most(LIMIT)).expect("the board takes it");
            let mut output = Vec::new();
            match board.read(&mut output, Wait::for_at_most(Duration::from_millis(1))) {
                Ok(_) | Err(PortError::Timeout) => {}
                Err(error) => panic!("the board is gone: {error}"),
            }
            if !output.is_empty() {
                self.say(&output);
            }
        }
    }

    fn shake_hands(&mut self) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).expect("a request");
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).expect("text");
        assert!(head.starts_with("GET / HTTP/1.1\r\n"), "{head}");
        let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).expect("a key");
        let accept = websocket::accept_key(key);
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        self.stream.write_all(answer.as_bytes()).expect("the client is there");
    }

    /// The payload of the next frame; empty if none comes in time, `None` if the client leaves.
    fn frame(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some((first, payload)) = self.whole() {
                assert!(matches!(first, 0x81 | 0x88), "a frame begins with {first:#x}");
                if first == 0x88 {
                    return None;
                }
                assert!(payload.len() <= RING && !payload.is_empty(), "a frame of {} bytes", payload.len());
                return Some(payload);
            }
            let mut piece = [0; 4096];
            match self.stream.read(&mut piece) {
                Ok(0) => return None,
                Ok(count) => self.bytes.extend_from_slice(&piece[..count]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Some(Vec::new());
                }
                Err(_) => return None,
            }
        }
    }

    /// Takes a whole frame from the front: its first byte, and its payload.
    fn whole(&mut self) -> Option<(u8, Vec<u8>)> {
        let &[first, second, ..] = self.bytes.as_slice() else { return None };
        assert!(second & 0x80 != 0, "a client masks");
        let (length, at) = match second & 0x7f {
            126 => (usize::from(u16::from_be_bytes([*self.bytes.get(2)?, *self.bytes.get(3)?])), 4),
            127 => panic!("a frame for no board"),
            short => (usize::from(short), 2),
        };
        let mask = self.bytes.get(at..at + 4)?.to_vec();
        let payload = self.bytes.get(at + 4..at + 4 + length)?;
        let payload = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        self.bytes.drain(..at + 4 + length);
        Some((first, payload))
    }

    fn say(&mut self, text: &[u8]) {
        for piece in text.chunks(1000) {
            let mut frame = vec![0x81];
            match u8::try_from(piece.len()) {
                Ok(length) if length < 126 => frame.push(length),
                _ => {
                    frame.push(126);
                    frame.extend(u16::try_from(piece.len()).expect("short").to_be_bytes());
                }
            }
            frame.extend_from_slice(piece);
            // A client that has left shows at the next read.
            let _ = self.stream.write_all(&frame);
        }
    }
}
