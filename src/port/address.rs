//! Addresses of ports: parses the text of `--port`, `BELAY_DEVICE` and `Bench.open(…)`.
//!
//! Uses [`crate::error`] and [`super::usb`]. Invariant: parsing an address opens nothing; it only checks whether a
//! file of that name exists. `Display` and `FromStr` of an [`Address`] round-trip.

use super::endpoint::Endpoint;
use super::kind::{self, KINDS, PortKind, SIMULATED};
use super::usb::{self, UsbSpecifier};
use crate::error::{Error, Kind, Result};
use crate::name::edits;
use crate::phrase::did_you_mean;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// Which board to talk to, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// A serial port by name: `/dev/ttyACM0`, `COM3`, any path.
    Serial(String),
    /// The one USB port that matches.
    Usb(UsbSpecifier),
    /// `exec:COMMAND`: a process on a pseudo-terminal of its own.
    Exec(String),
    /// `sim` or `sim:TEXT`: a simulated board. Holds the text, empty for `sim`.
    Sim(String),
    /// `tcp://host:port`: a serial server that passes bytes unchanged.
    Tcp(Endpoint),
    /// `rfc2217://host:port`: a serial server with line control.
    Rfc2217(Endpoint),
    /// `telnet://host[:port]`, or a dotted IPv4 address: a board's telnet, or a serial server.
    Telnet(Endpoint),
    /// `ws://host[:port]`: a board's WebREPL.
    WebRepl(Endpoint),
    /// `replay:FILE`: a recorded session. Holds the file's path.
    Replay(String),
}

impl FromStr for Address {
    type Err = Error;

    /// Parses an address. Surrounding whitespace is ignored.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] for empty or malformed text, [`Kind::DeviceNotFoundError`] for a bare word that is
    /// neither a port name on this system nor an existing file.
    fn from_str(text: &str) -> Result<Address> {
        parse(text.trim(), &|path| Path::new(path).exists())
    }
}

/// The text after `prefix`, compared without case.
fn after<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

fn parse(text: &str, exists: &dyn Fn(&str) -> bool) -> Result<Address> {
    if text.is_empty() {
        return Err(Error::new(Kind::ArgumentError, "port must not be empty").with_help(kind::help()));
    }
    if text.starts_with('{') {
        return text.parse().map(Address::Usb);
    }
    if text.eq_ignore_ascii_case(SIMULATED) {
        return Ok(Address::Sim(String::new()));
    }
    for kind in KINDS.into_iter().filter(|kind| !kind.prefix.is_empty()) {
        if let Some(rest) = after(text, kind.prefix) {
            return (kind.read)(kind, rest);
        }
    }
    if after(text, "wss://").is_some() {
        let error = Error::new(Kind::FeatureUnavailableError, "`wss://` is not supported: WebREPL has no encryption");
        return Err(error.with_help("use `ws://`, on a network that you trust"));
    }
    if text.split(':').next().is_some_and(|host| host.parse::<std::net::Ipv4Addr>().is_ok()) {
        return (kind::TELNET.read)(&kind::TELNET, text);
    }
    if let Some((scheme, _)) = text.split_once("://") {
        let message = format!("unknown port scheme `{scheme}://`");
        return Err(Error::new(Kind::ArgumentError, message).with_help(kind::help()));
    }
    if text.contains(['/', '\\']) || is_com(text) || exists(text) {
        return Ok(Address::Serial(text.to_owned()));
    }
    if let Some(path) = shortcut(text) {
        return Ok(Address::Serial(path));
    }
    Err(Error::new(Kind::DeviceNotFoundError, format!("unknown port `{text}`")).with_help(hint(text, exists)))
}

/// `COM` and a number, as Windows names its ports.
fn is_com(text: &str) -> bool {
    after(text, "COM").is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The serial port that mpremote's short names mean: `a0`, `u1`, `c3`.
pub fn shortcut(text: &str) -> Option<String> {
    let (letter, number) = text.split_at_checked(1)?;
    if number.is_empty() || number.len() > 3 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let beginning = match letter {
        "a" => "/dev/ttyACM",
        "u" => "/dev/ttyUSB",
        "c" => "COM",
        _ => return None,
    };
    Some(format!("{beginning}{number}"))
}

/// Help for a bare word that is not a port.
fn hint(text: &str, exists: &dyn Fn(&str) -> bool) -> String {
    let device = format!("/dev/{text}");
    if !text.starts_with('.') && exists(&device) {
        return did_you_mean(&device);
    }
    let word = text.split([':', '?']).next().unwrap_or(text);
    if edits(&word.to_lowercase(), "sim") <= 1 || ["simulator", "simulated", "simulation"].contains(&word) {
        return did_you_mean("sim");
    }
    kind::help()
}

impl Address {
    /// A simulated board. `text`: its name and options, `NAME?heap=200k`; may be empty.
    pub fn simulated(text: &str) -> Address {
        Address::Sim(text.to_owned())
    }

    /// Its row of the table.
    pub fn kind(&self) -> &'static PortKind {
        match self {
            Address::Serial(_) => &kind::SERIAL,
            Address::Usb(_) => &kind::USB,
            Address::Exec(_) => &kind::EXEC,
            Address::Sim(_) => &kind::SIM,
            Address::Tcp(_) => &kind::TCP,
            Address::Rfc2217(_) => &kind::RFC2217,
            Address::Telnet(_) => &kind::TELNET,
            Address::WebRepl(_) => &kind::WEBREPL,
            Address::Replay(_) => &kind::REPLAY,
        }
    }

    /// Whether the serial port is a pseudo-terminal at this moment, so that another program answers there, for example
    /// `sim serve`.
    pub fn is_pseudo_terminal(&self) -> bool {
        let path = self.serial_path().and_then(|path| std::fs::canonicalize(path).ok());
        cfg!(unix) && path.is_some_and(|path| path.starts_with("/dev/pts"))
    }

    /// The path of a serial port that is named by it.
    pub fn serial_path(&self) -> Option<&str> {
        match self {
            Address::Serial(path) => Some(path),
            _ => None,
        }
    }

    /// The file of a recording.
    pub fn recording(&self) -> Option<&str> {
        match self {
            Address::Replay(file) => Some(file),
            _ => None,
        }
    }

    /// What kind of port it is, without names of this computer; of a simulated board also how it was made.
    pub fn public_name(&self) -> String {
        let Address::Sim(text) = self else { return self.kind().name.to_owned() };
        let options = text.split_once('?').map_or("", |(_, options)| options);
        let public = options.split('&').filter(|option| !option.starts_with("flash=") && !option.is_empty());
        let public: Vec<&str> = public.collect();
        if public.is_empty() { SIMULATED.to_owned() } else { format!("{SIMULATED}?{}", public.join("&")) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PortKind { prefix, default_port, .. } = self.kind();
        match self {
            Address::Serial(path) => f.write_str(path),
            Address::Usb(specifier) => specifier.fmt(f),
            Address::Sim(text) if text.is_empty() => f.write_str(SIMULATED),
            Address::Exec(text) | Address::Sim(text) | Address::Replay(text) => write!(f, "{prefix}{text}"),
            Address::Tcp(server) | Address::Rfc2217(server) | Address::Telnet(server) | Address::WebRepl(server) => {
                write!(f, "{prefix}{}", server.shown(*default_port))
            }
        }
    }
}

impl From<UsbSpecifier> for Address {
    fn from(specifier: UsbSpecifier) -> Address {
        Address::Usb(specifier)
    }
}

impl From<&usb::FoundPort> for Address {
    fn from(port: &usb::FoundPort) -> Address {
        Address::Serial(port.device.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_serial_ports() {
        let case = |text: &str, expected: Option<&str>| assert_eq!(shortcut(text).as_deref(), expected, "{text}");
        case("a0", Some("/dev/ttyACM0"));
        case("u12", Some("/dev/ttyUSB12"));
        case("c3", Some("COM3"));
        for text in ["", "a", "a0x", "b0", "\u{e9}1", "a1234"] {
            case(text, None);
        }
        assert_eq!(parse("u1", &|_| false).unwrap(), Address::Serial("/dev/ttyUSB1".to_owned()));
        // A file of that name is meant before.
        assert_eq!(parse("u1", &|_| true).unwrap(), Address::Serial("u1".to_owned()));
    }
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Address> {
        parse(text.trim(), &|path| ["/dev/ttyACM7", "board.link"].contains(&path))
    }

    #[test]
    fn parses_every_form() {
        fn case(text: &str, address: Address) {
            assert_eq!(read(text).unwrap(), address, "{text}");
            assert_eq!(read(&address.to_string()).unwrap(), address, "{text}");
        }
        let serial = |text: &str| Address::Serial(text.to_owned());
        let at = |host: &str, port| Endpoint { host: host.to_owned(), port };
        for path in ["/dev/ttyACM0", "COM3", "com12", "./board", "../x", "/tmp/a b", r"\\.\COM10", "board.link"] {
            case(path, serial(path));
        }
        case(" /dev/ttyACM0\n", serial("/dev/ttyACM0"));
        case(r#"{"vid": 11914}"#, Address::Usb(UsbSpecifier { vid: Some(11914), ..UsbSpecifier::default() }));
        case("usb:2e8a:0005", Address::Usb("usb:2e8a:0005".parse().unwrap()));
        case("exec:micropython -X heapsize=1m", Address::Exec("micropython -X heapsize=1m".to_owned()));
        case("sim", Address::Sim(String::new()));
        case("SIM", Address::Sim(String::new()));
        case("sim:a?heap=200k&flash=/tmp/f", Address::Sim("a?heap=200k&flash=/tmp/f".to_owned()));
        case("tcp://lab:4000", Address::Tcp(at("lab", 4000)));
        case("TCP://[::1]:4000/", Address::Tcp(at("::1", 4000)));
        case("rfc2217://lab:4000", Address::Rfc2217(at("lab", 4000)));
        case("telnet://lab", Address::Telnet(at("lab", 23)));
        case("192.168.1.5", Address::Telnet(at("192.168.1.5", 23)));
        case("192.168.1.5:2323", Address::Telnet(at("192.168.1.5", 2323)));
        case("ws://192.168.4.1:8266", Address::WebRepl(at("192.168.4.1", 8266)));
        case("ws://board.local:80/", Address::WebRepl(at("board.local", 80)));
        case("replay:run.log", Address::Replay("run.log".to_owned()));
    }

    #[test]
    fn rejects_invalid_addresses_with_help() {
        fn case(text: &str, kind: Kind, message: &str, help: &str) {
            let error = read(text).unwrap_err();
            assert_eq!((error.kind(), error.message()), (kind, message), "{text}");
            assert!(error.help().is_some_and(|given| given.contains(help)), "{text}: {error:?}");
        }
        case("  ", Kind::ArgumentError, "port must not be empty", "/dev/ttyACM0");
        case("exec: ", Kind::ArgumentError, "`exec:` needs a command", "exec:micropython");
        case("replay:", Kind::ArgumentError, "`replay:` needs a file", "replay:run.log");
        case("tcp://lab", Kind::ArgumentError, "`tcp://lab` is missing a port number", "tcp://host:4000");
        case(
            "192.168.1.5:0",
            Kind::ArgumentError,
            "invalid port number `0`: must be 1 to 65535",
            "telnet://192.168.1.5",
        );
        case("ws://me:x@h", Kind::ArgumentError, "a `ws://` port cannot contain a user or password", "--password-file");
        case(
            "wss://h",
            Kind::FeatureUnavailableError,
            "`wss://` is not supported: WebREPL has no encryption",
            "`ws://`",
        );
        case("http://x/y", Kind::ArgumentError, "unknown port scheme `http://`", "`sim`");
        for word in ["smi", "si", "sin", "Sm", "simulator", "sims:a"] {
            case(word, Kind::DeviceNotFoundError, &format!("unknown port `{word}`"), "did you mean `sim`?");
        }
        case("ttyACM7", Kind::DeviceNotFoundError, "unknown port `ttyACM7`", "did you mean `/dev/ttyACM7`?");
        for word in ["dut", "COM", "COMx", "192.168.1", "é", "board:7"] {
            case(word, Kind::DeviceNotFoundError, &format!("unknown port `{word}`"), "`exec:COMMAND`");
        }
        assert_eq!(read("usb:x").unwrap_err().kind(), Kind::ArgumentError);
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_round_trips(text in ".{0,40}") {
            if let Ok(address) = read(&text) {
                prop_assert_eq!(read(&address.to_string()).unwrap(), address);
            }
            for prefix in ["usb:", "{", "exec:", "sim:", "COM", "tcp://", "telnet://", "ws://", "replay:", "1.2.3.4:"] {
                let _ = read(&format!("{prefix}{text}"));
            }
        }
    }
}
