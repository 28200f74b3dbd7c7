//! The options of every command that uses a board: which one, and how long it may take.

use crate::cli::shared::SharedBoard;
use clap::{Args, ValueHint};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Which board.
#[derive(Clone, Debug, Default, Args)]
pub struct Connection {
    /// Port of the board: a path, `usb:VID:PID`, `sim`, a station name …
    #[arg(short, long, value_name = "PORT", value_hint = ValueHint::AnyPath)]
    pub port: Option<String>,
    /// Bits per second of a serial port [default: 115200]
    #[arg(long, hide_short_help = true, value_name = "BITS", value_parser = clap::value_parser!(u32).range(1..))]
    pub baudrate: Option<u32>,
    /// Record what passes on all ports, for `--port replay:FILE`
    #[arg(long, hide_short_help = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub record: Option<PathBuf>,
    /// User for a port with a login (telnet) [default: micro]
    #[arg(long, hide_short_help = true, value_name = "NAME")]
    pub user: Option<String>,
    /// File whose first line is the password of a port (WebREPL, telnet)
    #[arg(long, hide_short_help = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub password_file: Option<PathBuf>,
    /// The boards' names.
    #[command(flatten)]
    pub station: super::station::Station,
    /// The board that the commands of a chain share.
    #[arg(skip)]
    pub shared: Option<Arc<SharedBoard>>,
}

/// How long a command may take.
#[derive(Debug, Args)]
pub struct Limit {
    /// End with a TimeoutError after this many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
}

impl Connection {
    /// These options, and those of `before` that they leave out.
    pub fn or(self, before: &Connection) -> Connection {
        Connection {
            port: self.port.or_else(|| before.port.clone()),
            baudrate: self.baudrate.or(before.baudrate),
            record: self.record.or_else(|| before.record.clone()),
            user: self.user.or_else(|| before.user.clone()),
            password_file: self.password_file.or_else(|| before.password_file.clone()),
            station: self.station.or(&before.station),
            shared: self.shared.or_else(|| before.shared.clone()),
        }
    }

    /// Whether none of the options is given.
    pub fn is_empty(&self) -> bool {
        let Connection { port, baudrate, record, user, password_file, station, shared: _ } = self;
        let given = [port.is_some(), baudrate.is_some(), record.is_some(), user.is_some(), password_file.is_some()];
        !given.contains(&true) && station.file.is_none() && !station.simulate
    }
}

/// A positive number of seconds, at most ten years.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse().map(crate::value::Value::Float);
    number
        .ok()
        .and_then(|number| crate::device::class::seconds(&number))
        .ok_or_else(|| "not a positive number of seconds".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_positive_numbers() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for text in ["0", "-1", "nan", "inf", "1e300", "x", ""] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
