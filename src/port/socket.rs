//! Byte streams over TCP, and `tcp://HOST:PORT`: a serial server that passes bytes unchanged.
//!
//! Uses [`crate::error`], [`super::endpoint`] and [`super::descriptor`]. Invariant: connecting, reading and
//! writing check the deadline and Ctrl-C after each [`Wait::slice`].

use super::endpoint::Endpoint;
use super::{Abilities, Port, PortError, Wait};
use crate::error::{Error, Kind, Result};
use crate::port::loss::Loss;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

#[cfg(unix)]
#[path = "socket/unix.rs"]
mod stream;
#[cfg(not(unix))]
#[path = "socket/elsewhere.rs"]
mod stream;

/// How long a server may take to be resolved and to respond.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How long a write may make no progress.
const PATIENCE: Duration = Duration::from_secs(5);

/// A stream to a server. Dropping it closes it.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    gone: Loss,
}

impl Connection {
    /// Connects; `name` is the port's, for messages.
    ///
    /// # Errors
    /// [`Kind::ConnectionFailedError`] if nothing responds within [`CONNECT_LIMIT`], [`Kind::Interrupted`].
    pub(super) fn open(endpoint: &Endpoint, name: &str) -> Result<Connection> {
        Connection::open_within(endpoint, name, CONNECT_LIMIT)
    }

    fn open_within(endpoint: &Endpoint, name: &str, limit: Duration) -> Result<Connection> {
        let stream = connect(endpoint.clone(), limit).map_err(|failure| explain(endpoint, limit, failure))?;
        stream::prepare(&stream).map_err(|error| explain(endpoint, limit, Failure::System(error)))?;
        Ok(Connection { stream, gone: Loss::Closed(name.to_owned()) })
    }

    #[cfg(unix)]
    pub(super) fn descriptor(&self) -> std::os::fd::BorrowedFd<'_> {
        std::os::fd::AsFd::as_fd(&self.stream)
    }

    pub(super) fn read_available(&mut self, buffer: &mut Vec<u8>) -> Result<usize, PortError> {
        stream::read_available(&self.stream, buffer, &self.gone)
    }

    pub(super) fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        stream::read(&self.stream, buffer, wait, &self.gone)
    }

    pub(super) fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        stream::write(&self.stream, bytes, wait, PATIENCE, &self.gone)
    }

    /// Writes data that must not be split, regardless of the deadline: replies of a protocol.
    pub(super) fn write_whole(&mut self, bytes: &[u8]) -> Result<(), PortError> {
        if bytes.is_empty() { Ok(()) } else { self.write(bytes, Wait { deadline: None, interruptible: false }) }
    }
}

/// Why connecting failed.
#[derive(Debug)]
enum Failure {
    /// Unknown host name; holds the system's message.
    Unknown(io::Error),
    /// No response.
    Silent,
    /// The system reported an error.
    System(io::Error),
    Interrupted,
}

/// Neither resolving a name nor connecting can be interrupted: both run on a thread, which is abandoned if it does not end
/// in time. The system's own limits end it later.
fn connect(endpoint: Endpoint, limit: Duration) -> Result<TcpStream, Failure> {
    let wait = Wait::for_at_most(limit);
    let (result, connected) = mpsc::channel();
    let thread = std::thread::Builder::new()
        .name("connect".to_owned())
        .spawn(move || drop(result.send(connect_blocking(&endpoint, Instant::now() + limit))))
        .map_err(Failure::System)?;
    loop {
        let slice = wait.slice().map_err(|error| match error {
            PortError::Interrupted => Failure::Interrupted,
            _ => Failure::Silent,
        })?;
        match connected.recv_timeout(slice) {
            Ok(outcome) => {
                let _ = thread.join();
                return outcome;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(Failure::Silent),
        }
    }
}

fn connect_blocking(endpoint: &Endpoint, end: Instant) -> Result<TcpStream, Failure> {
    let found = (endpoint.host.as_str(), endpoint.port).to_socket_addrs().map_err(Failure::Unknown)?;
    let found: Vec<SocketAddr> = found.collect();
    let mut failure = Failure::Unknown(io::Error::other("it has no address"));
    for (index, address) in found.iter().enumerate() {
        // An address that does not respond leaves the others their share of the time.
        let share = u32::try_from(found.len() - index).unwrap_or(u32::MAX);
        let limit = end.saturating_duration_since(Instant::now()) / share;
        if limit.is_zero() {
            return Err(Failure::Silent);
        }
        match TcpStream::connect_timeout(address, limit) {
            Ok(stream) => return Ok(stream),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => failure = Failure::Silent,
            Err(error) => failure = Failure::System(error),
        }
    }
    Err(failure)
}

/// The error for the user.
fn explain(endpoint: &Endpoint, limit: Duration, failure: Failure) -> Error {
    let failed = |message: String, help: &str| Error::new(Kind::ConnectionFailedError, message).with_help(help);
    match failure {
        Failure::Unknown(reason) => failed(
            format!("host `{}` not found: {}", endpoint.host, phrase(&reason)),
            "check the spelling, or write its IP address",
        ),
        Failure::Silent => failed(
            format!("`{endpoint}` did not respond within {limit:?}"),
            "check that it is switched on, on this network, and that no firewall blocks it",
        ),
        Failure::System(reason) if reason.kind() == io::ErrorKind::ConnectionRefused => failed(
            format!("connection refused: nothing listens on `{endpoint}`"),
            "check the port number, and that the server is running; a board may accept only one client",
        ),
        Failure::System(reason) => {
            failed(format!("cannot reach `{endpoint}`: {}", phrase(&reason)), "check the address and the network")
        }
        Failure::Interrupted => Error::new(Kind::Interrupted, format!("interrupted while connecting to `{endpoint}`")),
    }
}

/// The system's message, without its number.
fn phrase(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(text);
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// A serial server that passes bytes unchanged.
#[derive(Debug)]
pub struct SocketPort {
    name: String,
    connection: Connection,
}

impl SocketPort {
    /// Connects to the server.
    ///
    /// # Errors
    /// [`Kind::ConnectionFailedError`] if nothing responds within [`CONNECT_LIMIT`], [`Kind::Interrupted`].
    pub fn open(endpoint: &Endpoint) -> Result<SocketPort> {
        let name = format!("tcp://{endpoint}");
        Ok(SocketPort { connection: Connection::open(endpoint, &name)?, name })
    }
}

impl Port for SocketPort {
    fn name(&self) -> &str {
        &self.name
    }

    fn abilities(&self) -> Abilities {
        Abilities { soft_reset: true, raw_paste: true, ..Abilities::default() }
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        self.connection.write(bytes, wait)
    }

    #[cfg(unix)]
    fn descriptors(&self) -> Vec<std::os::fd::BorrowedFd<'_>> {
        vec![self.connection.descriptor()]
    }

    fn read_available(&mut self, buffer: &mut Vec<u8>) -> Result<usize, PortError> {
        self.connection.read_available(buffer)
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        self.connection.read(buffer, wait)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::{Ipv4Addr, TcpListener};
    use std::thread::JoinHandle;

    /// A server on loopback that does `work` with its one client. Joined when dropped.
    pub(in crate::port) struct Server {
        pub(in crate::port) endpoint: Endpoint,
        thread: Option<JoinHandle<()>>,
    }

    impl Server {
        pub(in crate::port) fn start(work: impl FnOnce(TcpStream) + Send + 'static) -> Server {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let endpoint = Endpoint { host: "127.0.0.1".to_owned(), port: listener.local_addr().unwrap().port() };
            let thread = std::thread::spawn(move || {
                let (stream, _) = listener.accept().unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                work(stream);
            });
            Server { endpoint, thread: Some(thread) }
        }

        /// Waits for it to end; fails if it failed.
        pub(in crate::port) fn join(mut self) {
            self.thread.take().unwrap().join().unwrap();
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            if let Some(thread) = self.thread.take() {
                // Do not wait for a client that never connected.
                let _ = TcpStream::connect((self.endpoint.host.as_str(), self.endpoint.port));
                let _ = thread.join();
            }
        }
    }

    pub(in crate::port) fn soon() -> Wait {
        Wait::for_at_most(Duration::from_secs(10))
    }

    #[test]
    fn bytes_pass_unchanged() {
        let every: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        let expected = every.clone();
        let server = Server::start(move |mut stream| {
            let mut heard = vec![0; expected.len()];
            stream.read_exact(&mut heard).unwrap();
            stream.write_all(&heard).unwrap();
        });
        let mut port = SocketPort::open(&server.endpoint).unwrap();
        assert_eq!(port.name(), format!("tcp://{}", server.endpoint));
        let mut heard = Vec::new();
        assert_eq!(port.read_available(&mut heard), Ok(0));
        port.write(&every, soon()).unwrap();
        while heard.len() < every.len() {
            port.read(&mut heard, soon()).unwrap();
        }
        assert!(heard == every);
        server.join();
        let gone = PortError::Gone(Loss::Closed(port.name().to_owned()));
        assert_eq!(port.read(&mut heard, soon()), Err(gone.clone()));
        assert_eq!(port.read_available(&mut heard), Err(gone));
    }

    #[test]
    fn a_deadline_ends_a_wait() {
        let (done, wait) = mpsc::channel::<()>();
        let server = Server::start(move |_stream| assert!(wait.recv().is_err()));
        let mut port = SocketPort::open(&server.endpoint).unwrap();
        let short = Wait::for_at_most(Duration::from_millis(20));
        assert_eq!(port.read(&mut Vec::new(), short), Err(PortError::Timeout));
        drop(done);
        server.join();
    }

    #[test]
    fn a_write_to_a_server_that_reads_nothing_ends() {
        let (done, wait) = mpsc::channel::<()>();
        let server = Server::start(move |_stream| assert!(wait.recv().is_err()));
        let mut connection = Connection::open(&server.endpoint, "x").unwrap();
        let much = vec![0; 64 << 20];
        assert_eq!(connection.write(&much, Wait::for_at_most(Duration::from_millis(50))), Err(PortError::Timeout));
        let patience = Duration::from_millis(50);
        let stuck = stream::write(&connection.stream, &much, soon(), patience, &Loss::SessionClosed);
        assert_eq!(stuck, Err(PortError::stuck(patience)));
        drop(done);
        server.join();
    }

    #[test]
    fn connect_errors_have_help() {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let refused = SocketPort::open(&Endpoint { host: "127.0.0.1".to_owned(), port: free }).unwrap_err();
        assert_eq!(refused.message(), format!("connection refused: nothing listens on `127.0.0.1:{free}`"));
        let endpoint = Endpoint { host: "lab".to_owned(), port: 1 };
        let case = |failure: Failure, kind: Kind, message: &str| {
            let error = explain(&endpoint, CONNECT_LIMIT, failure);
            assert_eq!((error.kind(), error.message()), (kind, message));
        };
        case(Failure::Silent, Kind::ConnectionFailedError, "`lab:1` did not respond within 10s");
        case(Failure::Interrupted, Kind::Interrupted, "interrupted while connecting to `lab:1`");
        let unknown = io::Error::other("failed to lookup address information: Name or service not known");
        let message = "host `lab` not found: name or service not known";
        case(Failure::Unknown(unknown), Kind::ConnectionFailedError, message);
        let unreachable = io::Error::other("Network is unreachable (os error 101)");
        let message = "cannot reach `lab:1`: network is unreachable";
        case(Failure::System(unreachable), Kind::ConnectionFailedError, message);
    }
}
