//! Where an instrument is: the text of `Instrument.open`, and VISA resource strings.
//!
//! Uses [`crate::port::stream`]. Invariant: parsing opens nothing.

use crate::error::{Error, Kind, Result};
use crate::port::address::Address;
use crate::port::stream::StreamAddress;
use crate::port::stream::hislip::HISLIP;
use std::fmt;
use std::str::FromStr;

/// What addresses of simulated instruments begin with.
pub const SIMULATED: &str = "sim-instrument:";

/// Where an instrument is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstrumentAddress {
    /// A stream of bytes.
    Stream(StreamAddress),
    /// `sim-instrument:FILE`: a simulated instrument. Holds the file's path.
    Simulated(String),
}

/// The forms, for the help of errors.
const HELP: &str = "use `tcp://HOST:5025`, `hislip://HOST`, a serial port such as `/dev/ttyUSB1` or `usb:VID:PID`, `usbtmc:/dev/usbtmc0`, \
                    `sim-instrument:FILE`, or a VISA resource such as `TCPIP0::HOST::5025::SOCKET`";

impl FromStr for InstrumentAddress {
    type Err = Error;

    /// Parses an address. Surrounding whitespace is ignored.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`], [`Kind::DeviceNotFoundError`] for a word that is not a port of this computer,
    /// [`Kind::FeatureUnavailableError`] for VISA resources that have no equivalent here.
    fn from_str(text: &str) -> Result<InstrumentAddress> {
        let text = text.trim();
        if let Some(file) = text.strip_prefix(SIMULATED) {
            return match file.trim() {
                "" => Err(Error::new(Kind::ArgumentError, format!("`{SIMULATED}` needs a file"))
                    .with_help(format!("write for example `{SIMULATED}psu.toml`"))),
                file => Ok(InstrumentAddress::Simulated(file.to_owned())),
            };
        }
        if text.contains("::") && !text.contains("://") {
            return visa(text);
        }
        let address: StreamAddress = text.parse().map_err(|error: Error| match error.kind() {
            // The help of ports lists boards.
            Kind::ArgumentError | Kind::DeviceNotFoundError => {
                let message = error.message().replace("unknown port", "unknown instrument");
                Error::new(error.kind(), message).with_help(HELP)
            }
            _ => error,
        })?;
        if let StreamAddress::Port(Address::Telnet(endpoint)) = &address
            && !text.starts_with("telnet://")
        {
            return Err(Error::new(Kind::ArgumentError, format!("`{text}` has no scheme"))
                .with_help(format!("write `tcp://{}:5025`, with the port of the instrument's manual", endpoint.host)));
        }
        Ok(InstrumentAddress::Stream(address))
    }
}

impl fmt::Display for InstrumentAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InstrumentAddress::Stream(address) => address.fmt(f),
            InstrumentAddress::Simulated(file) => write!(f, "{SIMULATED}{file}"),
        }
    }
}

impl InstrumentAddress {
    /// What kind of connection it is, without names of this computer: for reports.
    pub fn public_name(&self) -> String {
        match self {
            InstrumentAddress::Stream(StreamAddress::Port(Address::Tcp(_))) => "network (tcp://)".to_owned(),
            InstrumentAddress::Stream(StreamAddress::Port(address)) => address.public_name(),
            InstrumentAddress::Stream(StreamAddress::Hislip(_)) => "network (hislip://)".to_owned(),
            InstrumentAddress::Stream(StreamAddress::UsbTmc(_)) => "USB (usbtmc)".to_owned(),
            InstrumentAddress::Simulated(_) => "simulated".to_owned(),
        }
    }
}

/// Maps a VISA resource string (VPP-4.3, section 4.3.1).
fn visa(text: &str) -> Result<InstrumentAddress> {
    let invalid = |why: &str| {
        Err(Error::new(Kind::ArgumentError, format!("invalid VISA resource `{text}`: {why}")).with_help(HELP))
    };
    let unsupported = |what: &str, help: String| {
        Err(Error::new(Kind::FeatureUnavailableError, format!("{what} is not supported: `{text}`")).with_help(help))
    };
    let parts: Vec<&str> = text.split("::").collect();
    let upper: Vec<String> = parts.iter().map(|part| part.to_ascii_uppercase()).collect();
    let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
    let interface = upper[0].trim_end_matches(|c: char| c.is_ascii_digit());
    match (interface, &upper[1..]) {
        ("TCPIP", [_, _, "SOCKET"]) => format!("tcp://{}:{}", parts[1], parts[2]).parse(),
        // `hislip0`, or `hislip0,4880` with the port number (VPP-4.3, rule 4.3.1 f).
        ("TCPIP", [_, device] | [_, device, "INSTR"]) if device.starts_with("HISLIP") => {
            match parts[2].split_once(',') {
                Some((device, port)) => format!("{HISLIP}{}:{port}/{device}", parts[1]).parse(),
                None => format!("{HISLIP}{}/{}", parts[1], parts[2]).parse(),
            }
        }
        ("TCPIP", [_] | [_, "INSTR"] | [_, _, "INSTR"]) => unsupported(
            "VXI-11 (`INSTR`)",
            format!(
                "use HiSLIP, `hislip://{0}`, if the instrument has it, or its SCPI socket: `tcp://{0}:5025`, with the port of its manual",
                parts[1]
            ),
        ),
        // NI's and others' numbers of serial ports are from 1 on; PyVISA-py takes the path itself.
        ("ASRL", [] | ["INSTR"]) => {
            let port = parts[0].get(4..).unwrap_or_default();
            match port.parse::<u32>() {
                Ok(number) if cfg!(windows) => format!("COM{number}").parse(),
                Ok(number) if number > 0 => format!("/dev/ttyS{}", number - 1).parse(),
                _ => invalid("it has no serial port"),
            }
        }
        (asrl, [] | ["INSTR"]) if asrl.starts_with("ASRL/") || asrl.starts_with("ASRLCOM") => {
            parts[0].get(4..).unwrap_or_default().parse()
        }
        ("USB", [vid, pid, ..]) => match (hexadecimal(vid), hexadecimal(pid)) {
            (Some(vid), Some(pid)) => usb(vid, pid, parts.get(3).copied().filter(|serial| *serial != "INSTR")),
            _ => invalid("vendor and product ID are not numbers"),
        },
        ("GPIB" | "VXI" | "PXI", _) => {
            unsupported(interface, "use the network, USB or serial port of the instrument".to_owned())
        }
        ("TCPIP", _) => invalid("write `TCPIP0::HOST::PORT::SOCKET`"),
        _ => invalid("its interface is unknown"),
    }
}

/// `0x1AB1`, or a decimal number.
fn hexadecimal(text: &str) -> Option<u16> {
    match text.strip_prefix("0X") {
        Some(digits) => u16::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The USBTMC device with these numbers, by the names that Linux gives it in `/sys`.
fn usb(vid: u16, pid: u16, serial: Option<&str>) -> Result<InstrumentAddress> {
    match crate::port::stream::find_usbtmc(vid, pid, serial) {
        Some(path) => Ok(InstrumentAddress::Stream(StreamAddress::UsbTmc(path))),
        None => Err(Error::new(Kind::DeviceNotFoundError, format!("no USB instrument {vid:04x}:{pid:04x} was found"))
            .with_help("plug it in and switch it on; Linux lists it as `/dev/usbtmc0`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_visa_resources_are_parsed() {
        let case = |text: &str, shown: &str| {
            let address: InstrumentAddress = text.parse().unwrap_or_else(|error| panic!("{text}: {error:?}"));
            assert_eq!(address.to_string(), shown, "{text}");
            assert_eq!(shown.parse::<InstrumentAddress>().unwrap(), address);
        };
        case("tcp://lab:5025", "tcp://lab:5025");
        case("TCPIP0::192.168.1.20::5025::SOCKET", "tcp://192.168.1.20:5025");
        case("tcpip::lab::5555::socket", "tcp://lab:5555");
        case("hislip://lab", "hislip://lab");
        case("hislip://lab:4881/hislip1", "hislip://lab:4881/hislip1");
        case("TCPIP0::lab::hislip0::INSTR", "hislip://lab");
        case("TCPIP::192.168.1.20::hislip2,4881::INSTR", "hislip://192.168.1.20:4881/hislip2");
        case("/dev/ttyUSB1", "/dev/ttyUSB1");
        case("usbtmc:/dev/usbtmc0", "usbtmc:/dev/usbtmc0");
        case("sim-instrument:psu.toml", "sim-instrument:psu.toml");
        case("ASRL/dev/ttyUSB0::INSTR", "/dev/ttyUSB0");
        if cfg!(not(windows)) {
            case("ASRL1::INSTR", "/dev/ttyS0");
        }
    }

    #[test]
    fn wrong_addresses_have_help() {
        let case = |text: &str, kind: Kind, message: &str| {
            let error = text.parse::<InstrumentAddress>().unwrap_err();
            assert_eq!((error.kind(), error.message()), (kind, message));
            assert!(error.help().is_some(), "{error:?}");
        };
        case("psu", Kind::DeviceNotFoundError, "unknown instrument `psu`");
        case("192.168.1.20", Kind::ArgumentError, "`192.168.1.20` has no scheme");
        case("tcp://lab", Kind::ArgumentError, "`tcp://lab` is missing a port number");
        case("hislip://", Kind::ArgumentError, "`hislip://` is missing a host");
        case("hislip://lab/a b", Kind::ArgumentError, "invalid sub-address in `hislip://lab/a b`");
        case("sim-instrument: ", Kind::ArgumentError, "`sim-instrument:` needs a file");
        case("sim", Kind::ArgumentError, "`sim` leads to a board only");
        case("GPIB0::5::INSTR", Kind::FeatureUnavailableError, "GPIB is not supported: `GPIB0::5::INSTR`");
        let vxi = "VXI-11 (`INSTR`) is not supported: `TCPIP::lab::INSTR`";
        case("TCPIP::lab::INSTR", Kind::FeatureUnavailableError, vxi);
        let unknown = "invalid VISA resource `X::1`: its interface is unknown";
        case("X::1", Kind::ArgumentError, unknown);
        let missing = "no USB instrument ffff:fffe was found";
        case("USB0::0xFFFF::0xFFFE::X::INSTR", Kind::DeviceNotFoundError, missing);
    }
}
