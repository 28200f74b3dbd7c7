//! Opens a port of any kind by its address.
//!
//! Uses [`crate::error`] and the other files of this folder. Invariant: no layer above knows which kind of port an
//! address means.

use super::Port;
use super::address::Address;
use super::options::PortOptions;
use super::rfc2217::Rfc2217Port;
use super::serial::SerialPort;
use super::sim::{SimOptions, SimPort};
use super::socket::SocketPort;
use super::telnet::TelnetPort;
use super::trace::ReplayPort;
use super::usb::{self, FoundPort, UsbSpecifier};
use super::webrepl::WebReplPort;
#[cfg(any(doc, not(unix)))]
use crate::error::Kind;
use crate::error::{Error, Result};

/// Opens the port at `address`. Calls `notify` with one line for each slow step.
///
/// # Errors
/// [`Kind::DeviceNotFoundError`] or [`Kind::InsufficientSpecifierError`] unless exactly one port matches,
/// [`Kind::ConnectionFailedError`] if the port does not open, [`Kind::AuthenticationError`] if a password is missing or
/// rejected, [`Kind::FeatureUnavailableError`] for kinds of port that this system does not support.
pub fn open(address: &Address, options: &PortOptions, notify: &dyn Fn(&str)) -> Result<Box<dyn Port>> {
    match address {
        Address::Serial(path) => Ok(Box::new(SerialPort::open(path, options)?)),
        Address::Usb(specifier) => {
            let ports = usb::list()?;
            let found = usb::find(specifier, &ports)?;
            Ok(Box::new(SerialPort::open(&found.device, options)?.named(specifier.to_string())))
        }
        Address::Exec(command) => open_process(command),
        Address::Sim(text) => open_simulated(text, notify),
        Address::Tcp(endpoint) => Ok(Box::new(SocketPort::open(endpoint)?)),
        Address::Rfc2217(endpoint) => Ok(Box::new(Rfc2217Port::open(endpoint, &options.line)?)),
        Address::Telnet(endpoint) if !options.logs_in => Ok(Box::new(TelnetPort::plain(endpoint)?)),
        Address::Telnet(endpoint) => {
            Ok(Box::new(TelnetPort::open(endpoint, options.line.user.as_deref(), options.line.password.as_deref())?))
        }
        Address::WebRepl(endpoint) => Ok(Box::new(WebReplPort::open(endpoint, options.line.password.as_deref())?)),
        Address::Replay(file) => Ok(Box::new(ReplayPort::open(file, options.turn)?)),
    }
}

#[cfg(unix)]
fn open_process(command: &str) -> Result<Box<dyn Port>> {
    Ok(Box::new(super::process::ProcessPort::open(command)?))
}

#[cfg(not(unix))]
fn open_process(_command: &str) -> Result<Box<dyn Port>> {
    Err(Error::new(Kind::FeatureUnavailableError, "`exec:` is not available on this system")
        .with_help("connect the board to a serial port of this machine"))
}

fn open_simulated(text: &str, notify: &dyn Fn(&str)) -> Result<Box<dyn Port>> {
    Ok(Box::new(SimPort::open(&SimOptions::parse(text)?, notify)?))
}

impl Address {
    /// The USB board at this address, as the system knows it.
    pub fn usb_board(&self) -> Option<FoundPort> {
        match self {
            Address::Serial(path) => {
                let real = std::fs::canonicalize(path).map_or(path.clone(), |real| real.to_string_lossy().into_owned());
                usb::list().ok()?.into_iter().find(|port| port.device == real)
            }
            Address::Usb(specifier) => usb::find(specifier, &usb::list().ok()?).ok().cloned(),
            _ => None,
        }
    }
}

/// The environment variable with the default port. It is Belay's, but accepts any address.
pub const DEVICE_VARIABLE: &str = "BELAY_DEVICE";

/// The port to use when none was given: `BELAY_DEVICE`, else the only board that is plugged in.
///
/// # Errors
/// As reading an address, and as [`usb::find`].
pub fn default_address() -> Result<Address> {
    default_from(std::env::var_os(DEVICE_VARIABLE).map(|value| value.to_string_lossy().into_owned()), usb::list)
}

fn default_from(variable: Option<String>, list: impl FnOnce() -> Result<Vec<FoundPort>>) -> Result<Address> {
    match variable.as_deref().map(str::trim) {
        None | Some("") => {}
        Some(text) => {
            return text.parse().map_err(|error: Error| {
                let message = format!("in the environment variable `{DEVICE_VARIABLE}`: {}", error.message());
                Error::new(error.kind(), message).with_help(error.help().unwrap_or("unset it, or name a port"))
            });
        }
    }
    let ports = list()?;
    usb::find(&UsbSpecifier::default(), &ports).map(Address::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn board(device: &str) -> FoundPort {
        FoundPort { device: device.to_owned(), accessible: true, ..FoundPort::default() }
    }

    #[test]
    fn the_default_port_is_the_variable_else_the_only_board() {
        let none = || Ok(Vec::new());
        let one = || Ok(vec![board("/dev/ttyACM0")]);
        let two = || Ok(vec![board("/dev/ttyACM0"), board("/dev/ttyACM1")]);
        let serial = |path: &str| Address::Serial(path.to_owned());
        assert_eq!(default_from(Some("/dev/x".to_owned()), two).unwrap(), serial("/dev/x"));
        assert_eq!(default_from(Some("sim".to_owned()), none).unwrap(), Address::Sim(String::new()));
        assert_eq!(default_from(Some(" ".to_owned()), one).unwrap(), serial("/dev/ttyACM0"));
        assert_eq!(default_from(None, one).unwrap(), serial("/dev/ttyACM0"));
        let error = default_from(None, none).unwrap_err();
        assert_eq!(error.kind(), Kind::DeviceNotFoundError);
        assert!(error.help().is_some_and(|help| help.contains("`--port sim`")));
        let error = default_from(None, two).unwrap_err();
        assert_eq!(error.kind(), Kind::InsufficientSpecifierError);
        assert_eq!(error.message(), "2 boards were found:\n  /dev/ttyACM0\n  /dev/ttyACM1");
        let error = default_from(Some("smi".to_owned()), one).unwrap_err();
        assert_eq!(error.message(), "in the environment variable `BELAY_DEVICE`: unknown port `smi`");
        assert_eq!(error.help(), Some("did you mean `sim`?"));
    }

    #[test]
    fn a_specifier_without_match_opens_nothing() {
        let address = "usb:ffff:ffff:no such board".parse().unwrap();
        let error = open(&address, &PortOptions::default(), &|_| ()).err().unwrap();
        assert_eq!(error.kind(), Kind::DeviceNotFoundError);
    }
}
