//! Lists USB serial ports, and finds one by its USB descriptors.
//!
//! Uses [`crate::error`] and the crates `serialport` and `serde_json`. Invariant: [`find`], a pure function over a list,
//! resolves specifiers; only [`list`] asks the operating system, and nothing here opens a port.

use crate::error::{Error, Kind, Result};
use crate::phrase::did_you_mean;
use serde_json::{Map, Value};
use serialport::{SerialPortInfo, SerialPortType};
use std::fmt;
use std::str::FromStr;

/// The properties of a board's USB port, with Belay's fields. An absent field matches every port.
///
/// Written as JSON, `{"vid": 11914, "serial_number": "E66…"}`, or as `usb:2e8a:0005[:E66…]` with the
/// hexadecimal numbers that `lsusb` prints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsbSpecifier {
    /// Vendor id, for example 0x2e8a.
    pub vid: Option<u16>,
    /// Product id of that vendor.
    pub pid: Option<u16>,
    /// Serial number of the board.
    pub serial_number: Option<String>,
    /// The manufacturer's name.
    pub manufacturer: Option<String>,
    /// The product's name.
    pub product: Option<String>,
    /// Where it is plugged in: bus and chain of hub ports, `1-1.4`.
    pub location: Option<String>,
    /// The port's own name, `/dev/ttyACM0` or `COM3`. Belay has the field, but does not read it from JSON.
    pub device: Option<String>,
}

/// The keys of the JSON form.
const KEYS: [&str; 7] = ["vid", "pid", "serial_number", "manufacturer", "product", "location", "device"];

impl UsbSpecifier {
    /// Parses the JSON form. `null` means absent. Unknown keys are ignored, as in Belay, because other programs add keys to a
    /// specifier; but a likely misspelling of a known key is an error, because it would silently widen the match.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] unless it is a JSON object, for a value of the wrong type, and for a misspelled key.
    pub fn from_json(text: &str) -> Result<UsbSpecifier> {
        let refuse = |message: String| Error::new(Kind::ArgumentError, message).with_help(JSON_HELP);
        let value: Value = serde_json::from_str(text)
            .map_err(|error| refuse(format!("the USB specifier `{text}` is not valid JSON: {error}")))?;
        let Value::Object(object) = value else {
            return Err(refuse(format!("the USB specifier `{text}` is not a JSON object")));
        };
        for key in object.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            if let Some(known) = KEYS.into_iter().find(|known| looks_like(key, known)) {
                return Err(refuse(format!("a USB specifier has no key named `{key}`")).with_help(did_you_mean(known)));
            }
        }
        Ok(UsbSpecifier {
            vid: number(&object, "vid")?,
            pid: number(&object, "pid")?,
            serial_number: string(&object, "serial_number")?,
            manufacturer: string(&object, "manufacturer")?,
            product: string(&object, "product")?,
            location: string(&object, "location")?,
            device: string(&object, "device")?,
        })
    }

    /// Parses what follows `usb:` in the short form: `VID:PID`, or `VID:PID:SERIAL`. The serial number may contain colons,
    /// like that of an ESP32-S3.
    fn from_short(text: &str) -> Result<UsbSpecifier> {
        let refuse = || {
            Error::new(Kind::ArgumentError, format!("invalid USB specifier `usb:{text}`")).with_help(
                "write `usb:VID:PID` or `usb:VID:PID:SERIAL`, the numbers as `lsusb` prints them: `usb:2e8a:0005`",
            )
        };
        let hexadecimal = |part: &str| {
            let fits = (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit());
            fits.then(|| u16::from_str_radix(part, 16).ok()).flatten()
        };
        let mut parts = text.splitn(3, ':');
        let vid = parts.next().and_then(hexadecimal).ok_or_else(refuse)?;
        let pid = parts.next().and_then(hexadecimal).ok_or_else(refuse)?;
        let serial_number = parts.next();
        if serial_number == Some("") {
            return Err(refuse());
        }
        let serial_number = serial_number.map(str::to_owned);
        Ok(UsbSpecifier { vid: Some(vid), pid: Some(pid), serial_number, ..UsbSpecifier::default() })
    }

    /// Whether every given field equals the port's; text is compared without case.
    pub fn fits(&self, port: &FoundPort) -> bool {
        let number = |wanted: Option<u16>, is: Option<u16>| wanted.is_none() || wanted == is;
        let text = |wanted: &Option<String>, is: Option<&str>| match wanted {
            None => true,
            Some(wanted) => is.is_some_and(|is| is.to_lowercase() == wanted.to_lowercase()),
        };
        number(self.vid, port.vid)
            && number(self.pid, port.pid)
            && text(&self.serial_number, port.serial_number.as_deref())
            && text(&self.manufacturer, port.manufacturer.as_deref())
            && text(&self.product, port.product.as_deref())
            && text(&self.location, port.location.as_deref())
            && text(&self.device, Some(&port.device))
    }

    /// The given fields, as JSON.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        let numbers = [("vid", self.vid), ("pid", self.pid)];
        object.extend(numbers.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Value::from(value?)))));
        let texts = [
            ("serial_number", &self.serial_number),
            ("manufacturer", &self.manufacturer),
            ("product", &self.product),
            ("location", &self.location),
            ("device", &self.device),
        ];
        let given = texts.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Value::from(value.clone()?))));
        object.extend(given);
        Value::Object(object)
    }
}

const JSON_HELP: &str = "write for example `{\"vid\": 11914, \"serial_number\": \"E66…\"}`, or `usb:2e8a:0005`";

/// Whether an unknown key is a known one except for case, underscores or a missing end (`serial` for `serial_number`).
fn looks_like(key: &str, known: &str) -> bool {
    let plain =
        |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect() };
    let (key, known) = (plain(key), plain(known));
    key == known || (key.len() >= 4 && known.starts_with(&key))
}

fn number(object: &Map<String, Value>, key: &str) -> Result<Option<u16>> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64().and_then(|value| u16::try_from(value).ok()) {
            Some(value) => Ok(Some(value)),
            None => Err(Error::new(
                Kind::ArgumentError,
                format!("`{key}` of a USB specifier is {value}, not a number from 0 to 65535"),
            )
            .with_help(
                "use decimal numbers in JSON: `2e8a` of `lsusb` is 11914; or use `usb:2e8a:0005` with hexadecimal numbers",
            )),
        },
    }
}

fn string(object: &Map<String, Value>, key: &str) -> Result<Option<String>> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(value) => {
            let message = format!("`{key}` of a USB specifier is {value}, not a string");
            Err(Error::new(Kind::ArgumentError, message).with_help("put it in quotation marks"))
        }
    }
}

impl FromStr for UsbSpecifier {
    type Err = Error;

    /// Parses either form.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] for text in neither form.
    fn from_str(text: &str) -> Result<UsbSpecifier> {
        match text.get(..4) {
            Some(prefix) if prefix.eq_ignore_ascii_case("usb:") => UsbSpecifier::from_short(&text[4..]),
            _ => UsbSpecifier::from_json(text),
        }
    }
}

impl fmt::Display for UsbSpecifier {
    /// The short form if it is complete, else JSON. Parses as the same specifier.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = [&self.manufacturer, &self.product, &self.location, &self.device];
        let plain = |serial: &str| !serial.is_empty() && serial.bytes().all(|byte| byte.is_ascii_graphic());
        let short = more.iter().all(|field| field.is_none()) && self.serial_number.as_deref().is_none_or(plain);
        match (self.vid, self.pid, self.serial_number.as_deref()) {
            (Some(vid), Some(pid), serial) if short => {
                write!(f, "usb:{vid:04x}:{pid:04x}")?;
                serial.map_or(Ok(()), |serial| write!(f, ":{serial}"))
            }
            _ => write!(f, "{}", self.to_json()),
        }
    }
}

/// A listed port that may belong to a board.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundPort {
    /// What to open: `/dev/ttyACM0`, `COM3`.
    pub device: String,
    /// See [`UsbSpecifier::vid`].
    pub vid: Option<u16>,
    /// See [`UsbSpecifier::pid`].
    pub pid: Option<u16>,
    /// See [`UsbSpecifier::serial_number`].
    pub serial_number: Option<String>,
    /// See [`UsbSpecifier::manufacturer`].
    pub manufacturer: Option<String>,
    /// See [`UsbSpecifier::product`].
    pub product: Option<String>,
    /// See [`UsbSpecifier::location`].
    pub location: Option<String>,
    /// Whether this user may read and write it, as far as is known without opening it.
    pub accessible: bool,
}

impl FoundPort {
    /// The specifier with all known fields of this port.
    pub fn specifier(&self) -> UsbSpecifier {
        UsbSpecifier {
            vid: self.vid,
            pid: self.pid,
            serial_number: self.serial_number.clone(),
            manufacturer: self.manufacturer.clone(),
            product: self.product.clone(),
            location: self.location.clone(),
            device: Some(self.device.clone()),
        }
    }
}

impl fmt::Display for FoundPort {
    /// One line: device, numbers, serial number, product and manufacturer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Descriptors are the device's own text: their line ends and escape sequences must not reach a terminal.
        let tame = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
        f.write_str(&self.device)?;
        if let (Some(vid), Some(pid)) = (self.vid, self.pid) {
            write!(f, "  {vid:04x}:{pid:04x}")?;
        }
        let names = [&self.serial_number, &self.product, &self.manufacturer];
        for name in names.into_iter().flatten().filter(|name| !name.is_empty()) {
            write!(f, "  {}", tame(name))?;
        }
        if self.accessible { Ok(()) } else { f.write_str("  (no permission)") }
    }
}

/// Lists the ports that may be boards: those with USB properties, as in Belay. Built-in serial ports (`/dev/ttyS0`) and
/// Bluetooth ports are left out; they can be opened by name. Sorted by name.
///
/// # Errors
/// [`Kind::ConnectionFailedError`] if the operating system does not list them.
pub fn list() -> Result<Vec<FoundPort>> {
    let mut found: Vec<FoundPort> = available()?.into_iter().filter_map(plausible).collect();
    found.sort_by(|a, b| a.device.len().cmp(&b.device.len()).then_with(|| a.device.cmp(&b.device)));
    Ok(found)
}

/// The names of all ports that the operating system lists, plausible or not. Empty on failure.
pub(crate) fn names() -> Vec<String> {
    available().unwrap_or_default().into_iter().map(|port| port.port_name).collect()
}

fn available() -> Result<Vec<SerialPortInfo>> {
    // The crate panics if this folder is missing, as in some containers: no folder, no ports.
    #[cfg(target_os = "linux")]
    if !std::path::Path::new("/sys/class/tty").is_dir() {
        return Ok(Vec::new());
    }
    serialport::available_ports().map_err(|error| {
        Error::new(Kind::ConnectionFailedError, format!("cannot list the serial ports: {error}"))
            .with_help("name the port: `--port /dev/ttyACM0` or `--port COM3`")
    })
}

fn plausible(port: SerialPortInfo) -> Option<FoundPort> {
    let SerialPortType::UsbPort(usb) = port.port_type else { return None };
    // macOS lists each port twice; opening the `tty.` one would wait for a carrier signal.
    if port.port_name.starts_with("/dev/tty.") {
        return None;
    }
    Some(FoundPort {
        accessible: accessible(&port.port_name),
        device: port.port_name,
        vid: Some(usb.vid),
        pid: Some(usb.pid),
        serial_number: usb.serial_number,
        manufacturer: usb.manufacturer,
        product: usb.product,
        location: usb.location.map(|location| location.to_string()),
    })
}

#[cfg(unix)]
fn accessible(device: &str) -> bool {
    rustix::fs::access(device, rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK).is_ok()
}

#[cfg(not(unix))]
fn accessible(_device: &str) -> bool {
    true
}

/// The one port in `ports` that matches `specifier`.
///
/// # Errors
/// [`Kind::DeviceNotFoundError`] if there is none, [`Kind::InsufficientSpecifierError`] if there are several. Both list
/// the ports, one per line.
pub fn find<'a>(specifier: &UsbSpecifier, ports: &'a [FoundPort]) -> Result<&'a FoundPort> {
    let anything = *specifier == UsbSpecifier::default();
    let fitting: Vec<&FoundPort> = ports.iter().filter(|port| specifier.fits(port)).collect();
    match fitting[..] {
        [only] => Ok(only),
        [] if ports.is_empty() => {
            let message = match anything {
                true => "no board was found on USB".to_owned(),
                false => format!("no board matches `{specifier}`: none was found on USB"),
            };
            Err(Error::new(Kind::DeviceNotFoundError, message).with_help(
                "plug in a board (some cables carry power only), name a port with `--port`, or try `--port sim`",
            ))
        }
        [] => Err(Error::new(
            Kind::DeviceNotFoundError,
            format!("no board matches `{specifier}`; found:{}", lines(ports)),
        )
        .with_help("omit the fields that may differ: every given field must be equal")),
        _ => {
            let count = fitting.len();
            let message = match anything {
                true => format!("{count} boards were found:{}", lines(fitting)),
                false => format!("`{specifier}` matches {count} boards:{}", lines(fitting)),
            };
            let help = "choose one with `--port`: its device, or a USB specifier with its `serial_number`";
            Err(Error::new(Kind::InsufficientSpecifierError, message).with_help(help))
        }
    }
}

fn lines<'a>(ports: impl IntoIterator<Item = &'a FoundPort>) -> String {
    ports.into_iter().map(|port| format!("\n  {port}")).collect()
}

#[cfg(test)]
mod tests;
