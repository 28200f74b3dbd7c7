//! `telnet://HOST`: a serial server that speaks telnet, or a board's own telnet server, which asks for a user and a
//! password (Pycom's and other older firmware: `Login as:`, `Password:`).
//!
//! Uses [`crate::error`], [`super::super::socket`] and the protocol. Invariant: no password is ever in a message.

use super::{Decoder, Link};
use crate::bound;
use crate::error::{Error, Kind, Result};
use crate::port::endpoint::Endpoint;
use crate::port::socket::Connection;
use crate::port::{Abilities, Port, PortError, Wait};
use std::time::{Duration, Instant};

/// Telnet's default port number.
pub const USUAL_PORT: u16 = 23;

/// The factory login of the firmware that asks for one.
const USUAL_USER: &str = "micro";
const USUAL_PASSWORD: &str = "python";

/// How long a server may take to ask for a login, if it is known to ask.
const LOGIN_LIMIT: Duration = Duration::from_secs(10);
/// The same if unknown: boards ask at once, serial servers never do.
const GREETING_LIMIT: Duration = Duration::from_millis(1000);
/// Pycom's server loses a password sent sooner after its prompt.
const BEFORE_PASSWORD: Duration = Duration::from_millis(200);

/// A telnet connection, logged in.
#[derive(Debug)]
pub struct TelnetPort {
    name: String,
    link: Link,
    /// Data received after the login.
    early: Vec<u8>,
    /// Whether the server runs on the board, so that a restart ends it.
    board: bool,
}

/// A message of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    User,
    Password,
    Prompt,
    Welcome,
    Refused,
}

impl Said {
    /// The last message in `text`.
    fn last(text: &[u8]) -> Option<Said> {
        let text = String::from_utf8_lossy(text).to_lowercase();
        let known: [(&str, Said); 9] = [
            ("login as:", Said::User),
            ("login:", Said::User),
            ("username:", Said::User),
            ("password:", Said::Password),
            (">>> ", Said::Prompt),
            ("for more information.", Said::Welcome),
            ("login succeeded", Said::Welcome),
            ("invalid credentials", Said::Refused),
            ("login incorrect", Said::Refused),
        ];
        known
            .into_iter()
            .filter_map(|(words, said)| Some((text.rfind(words)?, said)))
            .max_by_key(|(at, _)| *at)
            .map(|(_, said)| said)
    }
}

impl TelnetPort {
    /// Connects, and logs in if the server asks for a login: by default as `micro` with the password `python`.
    ///
    /// # Errors
    /// [`Kind::ConnectionFailedError`] if the server does not exist, or does not ask for the given user or password;
    /// [`Kind::AuthenticationError`] if it rejects them; [`Kind::Interrupted`].
    pub fn open(endpoint: &Endpoint, user: Option<&str>, password: Option<&str>) -> Result<TelnetPort> {
        let mut port = TelnetPort::plain(endpoint)?;
        port.login(user, password)?;
        Ok(port)
    }

    /// Connects, and leaves a login to the caller.
    ///
    /// # Errors
    /// [`Kind::ConnectionFailedError`] if the server does not exist; [`Kind::Interrupted`].
    pub fn plain(endpoint: &Endpoint) -> Result<TelnetPort> {
        let name = format!("telnet://{}", endpoint.shown(Some(USUAL_PORT)));
        let link = Link::new(Connection::open(endpoint, &name)?, Decoder::new(false));
        Ok(TelnetPort { name, link, early: Vec::new(), board: false })
    }

    fn login(&mut self, user: Option<&str>, password: Option<&str>) -> Result<()> {
        let sure = user.is_some() || password.is_some();
        let first =
            self.hear(if sure { LOGIN_LIMIT } else { GREETING_LIMIT }, &[Said::User, Said::Password, Said::Prompt])?;
        let mut asks = match first {
            Some(asks @ (Said::User | Said::Password)) => asks,
            None if sure => {
                return Err(self
                    .failed("does not ask for a login")
                    .with_help("omit the options `user` and `password`"));
            }
            // A serial server: the session reads the board's output.
            _ => return Ok(()),
        };
        self.board = true;
        if asks == Said::User {
            self.say(user.unwrap_or(USUAL_USER))?;
            asks = match self.hear(LOGIN_LIMIT, &[Said::Password, Said::Welcome, Said::Prompt, Said::Refused])? {
                Some(said) => said,
                None => return Err(self.failed("did not complete the login")),
            };
        }
        if asks == Said::Password {
            let pause = Instant::now() + BEFORE_PASSWORD;
            while Instant::now() < pause && self.hear_more(pause)? {
                self.early.clear();
            }
            self.early.clear();
            self.say(password.unwrap_or(USUAL_PASSWORD))?;
            asks = match self
                .hear(LOGIN_LIMIT, &[Said::Welcome, Said::Prompt, Said::Refused, Said::User, Said::Password])?
            {
                Some(said) => said,
                None => return Err(self.failed("did not complete the login")),
            };
        }
        match asks {
            Said::Welcome | Said::Prompt => Ok(()),
            _ => Err(self.refused(sure)),
        }
    }

    fn refused(&self, given: bool) -> Error {
        let help = if given {
            "check the options `user` and `password`"
        } else {
            "pass them: `open(port, #{ user: \"…\", password: \"…\" })`, or `--user` and `--password-file`"
        };
        let who = if given { "this user and password" } else { "the usual user and password" };
        Error::new(Kind::AuthenticationError, format!("`{}` rejected {who}", self.name)).with_help(help)
    }

    fn failed(&self, how: &str) -> Error {
        Error::new(Kind::ConnectionFailedError, format!("`{}` {how}", self.name))
            .with_help("check that it is a board's telnet server, and close other clients")
    }

    fn say(&mut self, text: &str) -> Result<()> {
        self.early.clear();
        let line = format!("{text}\r\n");
        // Without the encoder: like from a terminal program, the line ends with CR LF.
        let mut bytes = Vec::new();
        super::encode(line.trim_end().as_bytes(), true, &mut bytes);
        bytes.extend_from_slice(b"\r\n");
        self.link.connection.write(&bytes, Wait::for_at_most(LOGIN_LIMIT)).map_err(|error| self.lost(error))
    }

    fn lost(&self, error: PortError) -> Error {
        match error {
            PortError::Interrupted => Error::new(Kind::Interrupted, "interrupted while logging in"),
            PortError::Timeout => self.failed("did not accept the login"),
            PortError::Gone(how) => Error::new(Kind::ConnectionFailedError, format!("{how} during the login"))
                .with_help("close other clients: a board accepts one at a time"),
        }
    }

    /// Reads until the last message is one of `wanted`.
    fn hear(&mut self, limit: Duration, wanted: &[Said]) -> Result<Option<Said>> {
        let end = Instant::now() + limit;
        loop {
            if let Some(said) = Said::last(&self.early).filter(|said| wanted.contains(said)) {
                return Ok(Some(said));
            }
            if self.early.len() > bound::NEGOTIATION || !self.hear_more(end)? {
                return Ok(None);
            }
        }
    }

    /// Reads once; false past `end`.
    fn hear_more(&mut self, end: Instant) -> Result<bool> {
        match self.link.read_some(&mut self.early, Wait { deadline: Some(end), interruptible: true }) {
            Ok(_) => Ok(true),
            Err(PortError::Timeout) => Ok(false),
            Err(error) => Err(self.lost(error)),
        }
    }
}

impl Port for TelnetPort {
    fn name(&self) -> &str {
        &self.name
    }

    fn abilities(&self) -> Abilities {
        Abilities { soft_reset: !self.board, raw_paste: true, ..Abilities::default() }
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        self.link.write(bytes, wait)
    }

    #[cfg(unix)]
    fn descriptors(&self) -> Vec<std::os::fd::BorrowedFd<'_>> {
        if self.early.is_empty() { vec![self.link.descriptor()] } else { Vec::new() }
    }

    fn read_available(&mut self, buffer: &mut Vec<u8>) -> Result<usize, PortError> {
        let early = self.early.len();
        buffer.append(&mut self.early);
        if early > 0 { Ok(early) } else { self.link.read_available(buffer) }
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        if !self.early.is_empty() {
            return self.read_available(buffer);
        }
        self.link.read(buffer, wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::socket::tests::{Server, soon};
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    fn hear(stream: &mut TcpStream, expected: &[u8]) {
        let mut heard = vec![0; expected.len()];
        stream.read_exact(&mut heard).unwrap();
        assert_eq!(heard, expected);
    }

    fn pycom(user: &'static str, password: &'static str, accepts: bool) -> Server {
        Server::start(move |mut stream| {
            stream.write_all(b"\xff\xfb\x01\xff\xfb\x03MicroPython v1.8.6 on WiPy\r\nLogin as: ").unwrap();
            hear(&mut stream, b"\xff\xfe\x01\xff\xfd\x03");
            hear(&mut stream, format!("{user}\r\n").as_bytes());
            stream.write_all(b"\r\nPassword: ").unwrap();
            hear(&mut stream, format!("{password}\r\n").as_bytes());
            if accepts {
                stream.write_all(b"\r\nLogin succeeded!\r\nType \"help()\" for more information.\r\n>>> ").unwrap();
                hear(&mut stream, b"\x03\r\0\xff\xff");
                stream.write_all(b"\x04\xff\xff\r\0\r\n").unwrap();
            } else {
                stream.write_all(b"\r\nInvalid credentials, try again.\r\nLogin as: ").unwrap();
            }
        })
    }

    #[test]
    fn drops_a_flood_before_the_login() {
        for asks in [false, true] {
            let server = Server::start(move |mut stream| {
                if asks {
                    stream.write_all(b"Login as: ").unwrap();
                    hear(&mut stream, b"micro\r\n");
                    stream.write_all(b"Password: ").unwrap();
                }
                let piece = vec![b'x'; 1 << 20];
                // Until the client leaves.
                while stream.write_all(&piece).is_ok() {}
            });
            let port = TelnetPort::open(&server.endpoint, asks.then_some("micro"), None);
            match port {
                // The session reads the output of a serial server.
                Ok(port) => assert!(!asks && port.early.capacity() < 4 * bound::NEGOTIATION),
                Err(error) => assert!(asks && error.message().ends_with("did not complete the login"), "{error}"),
            }
        }
    }

    #[test]
    fn logs_in_to_a_board() {
        for (user, password) in [(None, None), (Some("micro"), Some("python"))] {
            let server = pycom("micro", "python", true);
            let mut port = TelnetPort::open(&server.endpoint, user, password).unwrap();
            assert_eq!(port.abilities(), Abilities { raw_paste: true, ..Abilities::default() });
            port.write(b"\x03\r\xff", soon()).unwrap();
            let mut seen = Vec::new();
            while !seen.ends_with(b"\x04\xff\r\r\n") {
                port.read(&mut seen, soon()).unwrap();
            }
            server.join();
        }
    }

    #[test]
    fn does_not_repeat_a_rejected_password() {
        let server = pycom("me", "hush hush", false);
        let error = TelnetPort::open(&server.endpoint, Some("me"), Some("hush hush")).unwrap_err();
        let message = format!("`telnet://{}` rejected this user and password", server.endpoint);
        assert_eq!((error.kind(), error.message()), (Kind::AuthenticationError, message.as_str()));
        assert!(!format!("{error:?}").contains("hush"));
        server.join();
    }

    #[test]
    fn a_server_without_login_is_a_serial_line() {
        let server = Server::start(|mut stream| {
            stream.write_all(b"hello\r\n>>> ").unwrap();
            hear(&mut stream, b"x");
        });
        let mut port = TelnetPort::open(&server.endpoint, None, None).unwrap();
        assert!(port.abilities().soft_reset);
        let mut seen = Vec::new();
        port.read(&mut seen, soon()).unwrap();
        assert_eq!(seen, b"hello\r\n>>> ");
        port.write(b"x", soon()).unwrap();
        server.join();
    }

    #[test]
    fn reports_a_server_that_hangs_up() {
        let server = Server::start(drop);
        let error = TelnetPort::open(&server.endpoint, Some("a"), None).unwrap_err();
        let message = format!("`telnet://{}` closed the connection during the login", server.endpoint);
        assert_eq!((error.kind(), error.message()), (Kind::ConnectionFailedError, message.as_str()));
        server.join();
    }

    #[test]
    fn the_last_message_counts() {
        let case = |text: &str, said| assert_eq!(Said::last(text.as_bytes()), said, "{text}");
        case("", None);
        case("Login as: ", Some(Said::User));
        case("Login as: micro\r\nPassword: ", Some(Said::Password));
        case("Invalid credentials, try again.\r\nLogin as: ", Some(Said::User));
        case("\u{fffd}>>> ", Some(Said::Prompt));
    }
}
