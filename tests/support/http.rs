//! An HTTP server on the loopback interface, which can be a proxy too: paths may be whole addresses.
//!
//! Invariant: it answers from the given files alone, and ends with its value.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Paths and what is there.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A running server.
pub struct Server {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Serves these files.
    pub fn start(files: Files) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let _ = answer(client, &files, &log);
            }
        });
        Server { url, asked }
    }

    /// The paths that were asked for since the last call.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("no panic"))
    }
}

/// Answers one request, and closes the connection.
fn answer(client: TcpStream, files: &Files, log: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let is_tunnel = line.starts_with("CONNECT ");
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    while reader.read_line(&mut line)? > 2 {}
    let mut client = client;
    if is_tunnel {
        log.lock().expect("no panic").push(path);
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        // What begins a handshake of TLS.
        if reader.fill_buf()?.first() == Some(&0x16) {
            log.lock().expect("no panic").push("TLS".to_owned());
        }
        return Ok(());
    }
    let close = "Connection: close\r\n";
    let found = files.get(&path);
    log.lock().expect("no panic").push(path);
    match found {
        Some(bytes) if bytes.starts_with(b"-> ") => {
            let to = String::from_utf8_lossy(&bytes[3..]);
            write!(client, "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n{close}\r\n")
        }
        Some(bytes) => {
            write!(client, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{close}\r\n", bytes.len())?;
            client.write_all(bytes)
        }
        None => write!(client, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n{close}\r\n"),
    }
}
