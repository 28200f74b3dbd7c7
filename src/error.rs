//! The error type of the crate: a kind, a message, and its place in the script.
//!
//! Uses [`crate::origin`] only. Invariant: an [`Error`] is data; the command line decides how it looks on a
//! terminal, and the script layer what a script sees of it.

use crate::item::ItemLabel;
use crate::origin::Origin;
use std::fmt;

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kind of an [`Error`].
///
/// The first group has Belay's names; the second is specific to this project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A password or other credential was rejected.
    AuthenticationError,
    /// Connecting to the device failed.
    ConnectionFailedError,
    /// The connection to the device was lost. A special case of [`Kind::ConnectionFailedError`].
    ConnectionLost,
    /// No device matches the specifier.
    DeviceNotFoundError,
    /// The board, or this version of belay-script, cannot do what was asked.
    FeatureUnavailableError,
    /// More than one device matches the specifier.
    InsufficientSpecifierError,
    /// A bug in belay-script.
    InternalError,
    /// The command history is full.
    MaxHistoryLengthError,
    /// No overload of a name matches the board's implementation.
    NoMatchingExecuterError,
    /// The board's reply was not one of belay-script's.
    NotBelayResponseError,
    /// A reserved name was declared.
    SpecialFunctionNameError,

    /// An argument is missing, unknown, or cannot be sent.
    ArgumentError,
    /// The device is closed.
    ClosedError,
    /// A declaration is invalid.
    DeclarationError,
    /// Code on the board raised an exception.
    DeviceException,
    /// An instrument refused a command: an entry of its error queue.
    InstrumentError,
    /// The user interrupted the script.
    Interrupted,
    /// The board returned something that is not a literal.
    NotLiteralError,
    /// A script ran under `test`, but none of its tests, and it measured nothing.
    NothingTestedError,
    /// Standard output, or a report, cannot be written: its disk is full, or its reader is gone.
    OutputError,
    /// At least one closure of `parallel` failed.
    ParallelError,
    /// A script may not reach a file, a program, a variable of the environment, or the network.
    PermissionError,
    /// The data on the connection was invalid. The session is closed.
    ProtocolError,
    /// The script itself failed: a Rhai error, a `throw`, or a failed assertion.
    ScriptError,
    /// A script does not parse, or is surely wrong before it runs.
    ParseError,
    /// A deadline passed.
    TimeoutError,
    /// No task, method or property of that name.
    UnknownTaskError,
}

impl Kind {
    /// Every kind, in declaration order.
    pub const ALL: &'static [Kind] = &[
        Kind::AuthenticationError,
        Kind::ConnectionFailedError,
        Kind::ConnectionLost,
        Kind::DeviceNotFoundError,
        Kind::FeatureUnavailableError,
        Kind::InsufficientSpecifierError,
        Kind::InternalError,
        Kind::MaxHistoryLengthError,
        Kind::NoMatchingExecuterError,
        Kind::NotBelayResponseError,
        Kind::SpecialFunctionNameError,
        Kind::ArgumentError,
        Kind::ClosedError,
        Kind::DeclarationError,
        Kind::DeviceException,
        Kind::InstrumentError,
        Kind::Interrupted,
        Kind::NotLiteralError,
        Kind::NothingTestedError,
        Kind::OutputError,
        Kind::ParallelError,
        Kind::PermissionError,
        Kind::ProtocolError,
        Kind::ScriptError,
        Kind::ParseError,
        Kind::TimeoutError,
        Kind::UnknownTaskError,
    ];

    /// The kind's name as scripts see it, for example `ConnectionLost`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::AuthenticationError => "AuthenticationError",
            Kind::ConnectionFailedError => "ConnectionFailedError",
            Kind::ConnectionLost => "ConnectionLost",
            Kind::DeviceNotFoundError => "DeviceNotFoundError",
            Kind::FeatureUnavailableError => "FeatureUnavailableError",
            Kind::InsufficientSpecifierError => "InsufficientSpecifierError",
            Kind::InternalError => "InternalError",
            Kind::MaxHistoryLengthError => "MaxHistoryLengthError",
            Kind::NoMatchingExecuterError => "NoMatchingExecuterError",
            Kind::NotBelayResponseError => "NotBelayResponseError",
            Kind::SpecialFunctionNameError => "SpecialFunctionNameError",
            Kind::ArgumentError => "ArgumentError",
            Kind::ClosedError => "ClosedError",
            Kind::DeclarationError => "DeclarationError",
            Kind::DeviceException => "DeviceException",
            Kind::InstrumentError => "InstrumentError",
            Kind::Interrupted => "Interrupted",
            Kind::NotLiteralError => "NotLiteralError",
            Kind::NothingTestedError => "NothingTestedError",
            Kind::OutputError => "OutputError",
            Kind::ParallelError => "ParallelError",
            Kind::PermissionError => "PermissionError",
            Kind::ProtocolError => "ProtocolError",
            Kind::ScriptError => "ScriptError",
            Kind::ParseError => "ParseError",
            Kind::TimeoutError => "TimeoutError",
            Kind::UnknownTaskError => "UnknownTaskError",
        }
    }

    /// The kind with this name, if there is one.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// The more general kind, if there is one: Belay's `ConnectionLost` is a `ConnectionFailedError`.
    pub fn parent(self) -> Option<Kind> {
        match self {
            Kind::ConnectionLost => Some(Kind::ConnectionFailedError),
            _ => None,
        }
    }

    /// Whether this kind is `other` or one of its special cases.
    pub fn is_a(self, other: Kind) -> bool {
        let mut kind = Some(self);
        while let Some(this) = kind {
            if this == other {
                return true;
            }
            kind = this.parent();
        }
        false
    }

    /// The exit status of a run that ends with this kind of error (`docs/src/commands.md`, "Exit status").
    pub fn exit_status(self) -> u8 {
        match self {
            Kind::ArgumentError
            | Kind::ClosedError
            | Kind::DeviceException
            | Kind::InstrumentError
            | Kind::MaxHistoryLengthError
            | Kind::NotLiteralError
            | Kind::ParallelError
            | Kind::PermissionError
            | Kind::ScriptError
            | Kind::TimeoutError
            | Kind::UnknownTaskError => 1,
            Kind::DeclarationError | Kind::ParseError | Kind::SpecialFunctionNameError => 2,
            Kind::AuthenticationError
            | Kind::ConnectionFailedError
            | Kind::ConnectionLost
            | Kind::DeviceNotFoundError
            | Kind::InsufficientSpecifierError
            | Kind::NotBelayResponseError
            | Kind::ProtocolError => 3,
            Kind::FeatureUnavailableError | Kind::NoMatchingExecuterError => 4,
            // The status of pytest for it.
            Kind::NothingTestedError => 5,
            Kind::InternalError => 70,
            // EX_IOERR of sysexits.h.
            Kind::OutputError => 74,
            Kind::Interrupted => 130,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What code on a board raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PyException {
    /// Its class, for example `OSError`. Of a class in a module CircuitPython gives the module too.
    pub class: String,
    /// Its text; may be empty.
    pub text: String,
    /// The number of an OSError, in the numbering of the board's `errno`.
    pub errno: Option<i64>,
}

impl PyException {
    /// Parses the last line of a traceback, `OSError: [Errno 28] ENOSPC`. The number is alone where error messages are terse,
    /// and in parentheses if the exception has more arguments (MicroPython, `py/objexcept.c`).
    pub fn parse(line: &str) -> PyException {
        let (class, text) = line.split_once(':').unwrap_or((line, ""));
        let (class, text) = (class.trim(), text.trim());
        let bracket = text.strip_prefix("[Errno ").or(text.strip_prefix('('));
        let digits = bracket.and_then(|rest| rest.split([']', ',']).next()).unwrap_or(text);
        let errno = if class == "OSError" { digits.parse().ok() } else { None };
        PyException { class: class.to_owned(), text: text.to_owned(), errno }
    }
}

/// An error. One word wide, so results stay small.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    message: String,
    exception: Option<PyException>,
    fault: Option<(i64, String)>,
    help: Option<String>,
    device: Option<String>,
    item: Option<ItemLabel>,
    traceback: Option<String>,
    /// The places of the failure, innermost first: lines of bodies, then lines of the script.
    origins: Vec<Origin>,
    /// Other errors of the same operation, in order.
    others: Vec<Error>,
}

impl Error {
    /// An error of `kind`; `message` is one lowercase phrase without a full stop.
    pub fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            exception: None,
            fault: None,
            help: None,
            device: None,
            item: None,
            traceback: None,
            origins: Vec::new(),
            others: Vec::new(),
        }))
    }

    /// An exception of the board, by the last line of its traceback.
    pub fn raised(line: &str) -> Error {
        Error::new(Kind::DeviceException, line).with_exception(PyException::parse(line))
    }

    /// Adds what the board raised.
    pub fn with_exception(mut self, exception: PyException) -> Error {
        self.0.exception = Some(exception);
        self
    }

    /// Adds the entry of an instrument's error queue: its code and its text.
    pub fn with_fault(mut self, code: i64, text: &str) -> Error {
        self.0.fault = Some((code, text.to_owned()));
        self
    }

    /// Adds what the user should do next.
    pub fn with_help(mut self, help: impl Into<String>) -> Error {
        self.0.help = Some(help.into());
        self
    }

    /// Adds the device's name, unless there is one already.
    pub fn with_device(mut self, device: &str) -> Error {
        self.0.device.get_or_insert_with(|| device.to_owned());
        self
    }

    /// Removes the device's name: for users who never named it.
    #[must_use]
    pub fn without_device(mut self) -> Error {
        self.0.device = None;
        self
    }

    /// Adds the item that ran, unless there is one already.
    pub fn with_item(mut self, item: ItemLabel) -> Error {
        self.0.item.get_or_insert(item);
        self
    }

    /// Like [`Error::with_item`]; `None` adds nothing.
    pub fn with_item_if(self, item: Option<&ItemLabel>) -> Error {
        match item {
            Some(item) => self.with_item(item.clone()),
            None => self,
        }
    }

    /// Adds the board's traceback, its frames already mapped to script lines.
    pub fn with_traceback(mut self, traceback: impl Into<String>) -> Error {
        self.0.traceback = Some(traceback.into());
        self
    }

    /// Adds a place, outside the known ones.
    pub fn with_origin(mut self, origin: Origin) -> Error {
        if !self.0.origins.contains(&origin) {
            self.0.origins.push(origin);
        }
        self
    }

    /// Adds another error of the same operation, with its own others.
    pub fn with_other(mut self, mut other: Error) -> Error {
        let nested = std::mem::take(&mut other.0.others);
        self.0.others.push(other);
        self.0.others.extend(nested);
        self
    }

    /// Adds a place if none is known.
    pub fn with_origin_if_none(self, origin: &Origin) -> Error {
        if self.0.origins.is_empty() { self.with_origin(origin.clone()) } else { self }
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The plain message. For [`Kind::DeviceException`]: the exception's last line, `ValueError: …`.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What the board raised, if that is the failure.
    pub fn exception(&self) -> Option<&PyException> {
        self.0.exception.as_ref()
    }

    /// Whether the board raised an exception of this class.
    pub fn is_raised(&self, class: &str) -> bool {
        self.exception().is_some_and(|exception| exception.class == class)
    }

    /// The number of the OSError that the board raised.
    pub fn errno(&self) -> Option<i64> {
        self.exception().and_then(|exception| exception.errno)
    }

    /// What to do next.
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The device's name.
    pub fn device(&self) -> Option<&str> {
        self.0.device.as_deref()
    }

    /// The item that ran.
    pub fn item(&self) -> Option<&ItemLabel> {
        self.0.item.as_ref()
    }

    /// The board's traceback with frames mapped to script lines.
    pub fn traceback(&self) -> Option<&str> {
        self.0.traceback.as_deref()
    }

    /// The entry of an instrument's error queue: its code and its text.
    pub fn fault(&self) -> Option<(i64, &str)> {
        self.0.fault.as_ref().map(|(code, text)| (*code, text.as_str()))
    }

    /// The places of the failure, innermost first.
    pub fn origins(&self) -> &[Origin] {
        &self.0.origins
    }

    /// Other errors of the same operation, in order, such as those of other teardowns.
    pub fn others(&self) -> &[Error] {
        &self.0.others
    }

    /// The headline: for an exception of the board `` `Bench` raised ZeroDivisionError in task `f`: … ``.
    pub fn headline(&self) -> String {
        let device = self.device().map(|name| format!("`{name}`"));
        if let Some(PyException { class, text, .. }) = self.exception() {
            let who = device.unwrap_or_else(|| "the board".to_owned());
            let place = self.item().map(|item| format!(" in {item}")).unwrap_or_default();
            return match text.is_empty() {
                false => format!("{who} raised {class}{place}: {text}"),
                true => format!("{who} raised {class}{place}"),
            };
        }
        // A message that starts with the name of the device or the item needs no such prefix.
        let named = |name: &str| self.message().starts_with(name);
        let device = device.filter(|device| !named(device)).map(|device| format!("{device}: ")).unwrap_or_default();
        let item = self.item().filter(|item| !named(&format!("`{}`", item.name())));
        let item = item.map(|item| format!("{item}: ")).unwrap_or_default();
        format!("{device}{item}{}", self.message())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind(), self.headline())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("message", &self.message())
            .field("help", &self.help())
            .field("device", &self.device())
            .field("item", &self.item())
            .field("origins", &self.origins())
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::ItemKind;

    #[test]
    fn names_and_kinds_round_trip() {
        for &kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(Kind::from_name("NoSuchError"), None);
    }

    #[test]
    fn exceptions_are_parsed() {
        fn case(line: &str, class: &str, text: &str, errno: Option<i64>) {
            let expected = PyException { class: class.to_owned(), text: text.to_owned(), errno };
            assert_eq!(PyException::parse(line), expected, "{line}");
        }
        case("OSError: [Errno 28] ENOSPC", "OSError", "[Errno 28] ENOSPC", Some(28));
        case("OSError: 28", "OSError", "28", Some(28));
        case("OSError: (2, 'a.txt')", "OSError", "(2, 'a.txt')", Some(2));
        case("OSError: no wire 3", "OSError", "no wire 3", None);
        case("OSError", "OSError", "", None);
        case("ValueError: [Errno 5] EIO", "ValueError", "[Errno 5] EIO", None);
        case("KeyboardInterrupt: ", "KeyboardInterrupt", "", None);
        case("Mine: a: b", "Mine", "a: b", None);
    }

    #[test]
    fn a_lost_connection_is_a_failed_connection() {
        assert!(Kind::ConnectionLost.is_a(Kind::ConnectionFailedError));
        assert!(!Kind::ConnectionFailedError.is_a(Kind::ConnectionLost));
    }

    fn task(name: &str) -> ItemLabel {
        ItemLabel::Declared { kind: ItemKind::Task, name: name.to_owned() }
    }

    #[test]
    fn a_board_exception_names_device_class_and_item() {
        let error = Error::raised("ZeroDivisionError: divide by zero").with_device("Bench").with_item(task("read_adc"));
        assert_eq!(error.headline(), "`Bench` raised ZeroDivisionError in task `read_adc`: divide by zero");
        let wrong =
            Error::new(Kind::ArgumentError, "`f` needs a value for `a`").with_device("Bench").with_item(task("f"));
        assert_eq!(wrong.headline(), "`Bench`: `f` needs a value for `a`");
        let unknown = Error::new(Kind::UnknownTaskError, "`Bench` has no task `f`").with_device("Bench");
        assert_eq!(unknown.headline(), "`Bench` has no task `f`");
        let refusal = Error::new(Kind::DeviceException, "`/a b` cannot be read: it is a directory");
        assert_eq!(refusal.headline(), "`/a b` cannot be read: it is a directory");
        let bare = Error::raised("KeyboardInterrupt: ");
        assert_eq!(bare.headline(), "the board raised KeyboardInterrupt");
    }
}
