//! Resolves a port's text for this host: boards with a name, and boards that are all simulated.
//!
//! Uses [`crate::port::address`]. Invariant: options of a script or the command line take precedence over those of a
//! named board.

use crate::device::options::OpenOptions;
use crate::error::{Error, Kind, Result};
use crate::gate::Asker;
use crate::phrase::suggestion;
use crate::port::address::Address;
use crate::port::kind::SIMULATED;
use crate::port::options::LineOptions;
use std::path::PathBuf;
use std::time::Duration;

/// How to open a named board.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NamedBoard {
    /// The port in any form.
    pub port: String,
    /// See [`OpenOptions::line`].
    pub line: LineOptions,
    /// See [`OpenOptions::attempts`].
    pub attempts: i64,
    /// See [`OpenOptions::timeout`].
    pub timeout: Option<Duration>,
    /// The station's file that names it, if it was found automatically and is not trusted: its port is opened only if the host's
    /// [`Gate`](crate::gate::Gate) allows it.
    pub untrusted: Option<PathBuf>,
}

/// A resolved port.
pub(super) struct Resolved {
    /// The port, which is not a board's name; `None`: the only board that is plugged in.
    pub port: Option<String>,
    /// The options, completed by those of the named board.
    pub options: OpenOptions,
    /// The named board.
    pub board: Option<String>,
    pub(super) by: By,
}

/// Who names the port.
#[derive(Debug, PartialEq)]
pub(super) enum By {
    Person,
    Script,
    Station(PathBuf),
}

impl Resolved {
    /// Who names the port.
    pub fn asker(&self) -> Asker<'_> {
        match &self.by {
            By::Person => Asker::Person,
            By::Script => Asker::Script,
            By::Station(file) => Asker::Station(file),
        }
    }
}

/// A host's named boards.
pub(super) struct Known<'a> {
    pub(super) boards: &'a [(String, NamedBoard)],
    pub(super) simulated: bool,
}

impl Known<'_> {
    pub(super) fn resolve(&self, written: Option<String>, by: By, options: OpenOptions) -> Result<Resolved> {
        let Some(written) = written else {
            return Ok(Resolved { port: self.simulated.then(|| SIMULATED.to_owned()), options, board: None, by });
        };
        if let Some((name, board)) = self.boards.iter().find(|(name, _)| *name == written.trim()) {
            let by = board.untrusted.clone().map_or(By::Person, By::Station);
            let (port, options) = (Some(board.port.clone()), board.complete(name, options));
            return Ok(Resolved { port, options, board: Some(name.clone()), by });
        }
        let address = written.parse::<Address>().map_err(|error| match self.near(&written) {
            Some(near) if error.kind() == Kind::DeviceNotFoundError => {
                Error::new(error.kind(), error.message()).with_help(suggestion(format_args!("`{near}` of the station")))
            }
            _ => error,
        })?;
        let replaced = self.simulated && !address.kind().is_virtual();
        let port = Some(if replaced { SIMULATED.to_owned() } else { written });
        Ok(Resolved { port, options, board: None, by })
    }

    fn near(&self, written: &str) -> Option<&str> {
        crate::name::nearest(written, self.boards.iter().map(|(name, _)| name.as_str()))
    }
}

impl NamedBoard {
    fn complete(&self, name: &str, options: OpenOptions) -> OpenOptions {
        OpenOptions {
            name: options.name.or_else(|| Some(name.to_owned())),
            line: options.line.or(&self.line),
            attempts: if options.attempts == 0 { self.attempts } else { options.attempts },
            timeout: options.timeout.or(self.timeout),
            ..options
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(baud_rate: u32, dtr: bool) -> LineOptions {
        LineOptions { baud_rate: Some(baud_rate), dtr: Some(dtr), ..LineOptions::default() }
    }

    fn boards() -> Vec<(String, NamedBoard)> {
        let board = NamedBoard {
            port: "/dev/ttyACM7".to_owned(),
            line: line(9600, false),
            attempts: 3,
            ..NamedBoard::default()
        };
        vec![("dut".to_owned(), board)]
    }

    #[test]
    fn a_name_resolves_to_its_port_and_options() {
        let of = |port: &str, options| {
            let known = Known { boards: &boards(), simulated: false };
            known.resolve(Some(port.to_owned()), By::Script, options).map(|known| (known.port, known.options))
        };
        let (port, options) = of("dut", OpenOptions::default()).unwrap();
        assert_eq!(port.as_deref(), Some("/dev/ttyACM7"));
        assert_eq!((options.name.as_deref(), options.line.baud_rate, options.attempts), (Some("dut"), Some(9600), 3));
        let said =
            OpenOptions { name: Some("left".to_owned()), line: line(50, true), attempts: 1, ..OpenOptions::default() };
        let (_, options) = of("dut", said).unwrap();
        assert_eq!((options.name.as_deref(), options.line.baud_rate, options.attempts), (Some("left"), Some(50), 1));
        assert_eq!(options.line.dtr, Some(true));
    }

    #[test]
    fn a_board_of_a_station_needs_permission_for_its_file() {
        let by = |untrusted: Option<&str>, text: &str| {
            let mut boards = boards();
            boards[0].1.untrusted = untrusted.map(PathBuf::from);
            let known = Known { boards: &boards, simulated: false };
            known.resolve(Some(text.to_owned()), By::Person, OpenOptions::default()).unwrap().by
        };
        assert_eq!(by(Some("station.toml"), "dut"), By::Station("station.toml".into()));
        assert_eq!(by(None, "dut"), By::Person);
        assert_eq!(by(Some("station.toml"), "sim"), By::Person);
    }

    #[test]
    fn other_ports_are_unchanged_unless_simulated() {
        let port = |simulated: bool, text: Option<&str>| {
            let known = Known { boards: &boards(), simulated };
            known.resolve(text.map(str::to_owned), By::Script, OpenOptions::default()).map(|known| known.port)
        };
        assert_eq!(port(false, None).unwrap(), None);
        assert_eq!(port(true, None).unwrap().as_deref(), Some("sim"));
        for text in ["/dev/ttyACM0", "sim:a", "exec:python", "replay:x"] {
            assert_eq!(port(false, Some(text)).unwrap().as_deref(), Some(text));
        }
        assert_eq!(port(true, Some("/dev/ttyACM0")).unwrap().as_deref(), Some("sim"));
        assert_eq!(port(true, Some("sim:a")).unwrap().as_deref(), Some("sim:a"));
        let error = port(false, Some("dutt")).unwrap_err();
        assert_eq!(
            (error.message(), error.help()),
            ("unknown port `dutt`", Some("did you mean `dut` of the station?"))
        );
    }
}
