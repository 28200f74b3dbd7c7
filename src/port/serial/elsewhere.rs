//! A serial port without `poll`, that is on Windows: reads and writes with short timeouts.

use super::{Failure, PathKind, set_lines};
use crate::port::loss::Loss;
use crate::port::options::PortOptions;
use crate::port::{ControlLine, PortError, Wait, usb};
use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

/// As [`super::kind_of`]: ports are named `COM3` or `\\\\.\\COM10`; any other path can be a file or lead to another computer.
pub(super) fn kind_of(path: &str) -> PathKind {
    let name = path.strip_prefix(r"\\.\").unwrap_or(path).to_ascii_uppercase();
    let number = name.strip_prefix("COM").unwrap_or_default();
    let is_port = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if is_port || usb::names().iter().any(|known| known.eq_ignore_ascii_case(path)) {
        PathKind::Serial
    } else {
        PathKind::Other("not the name of a port, such as `COM3`")
    }
}

pub(super) struct Link {
    line: Box<dyn serialport::SerialPort>,
}

impl Link {
    pub(super) fn open(path: &str, options: &PortOptions) -> Result<Link, Failure> {
        let opened = super::framed(path, options.line.baud_rate(), &options.line).timeout(Wait::SLICE).open();
        let mut line = opened.map_err(|error| match Failure::from(error) {
            // Windows reports the same error for a port in use and for a missing one.
            Failure::Busy if !usb::names().iter().any(|name| name.eq_ignore_ascii_case(path)) => Failure::Missing,
            failure => failure,
        })?;
        set_lines(line.as_mut(), &options.line.lines());
        Ok(Link { line })
    }

    /// Whether it is a pseudo-terminal. Windows has none.
    pub(super) fn queues(&self) -> bool {
        false
    }

    pub(super) fn set_lines(&mut self, lines: &[(ControlLine, bool)]) {
        set_lines(self.line.as_mut(), lines);
    }

    /// Returns whether the port can.
    pub(super) fn hold_break(&mut self, on: bool) -> bool {
        let held = if on { self.line.set_break() } else { self.line.clear_break() };
        held.is_ok()
    }

    pub(super) fn read_available(&mut self, buffer: &mut Vec<u8>, gone: &Loss) -> Result<usize, PortError> {
        match self.line.bytes_to_read() {
            Ok(0) => Ok(0),
            Ok(_) => self.read(buffer, Wait::for_at_most(Duration::from_millis(1)).undisturbed(), gone),
            Err(_) => Err(PortError::Gone(gone.clone())),
        }
    }

    pub(super) fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait, gone: &Loss) -> Result<usize, PortError> {
        let mut chunk = vec![0; 64 * 1024];
        loop {
            let slice = match wait.slice() {
                Err(PortError::Timeout) => None,
                slice => Some(slice?),
            };
            // The driver counts in milliseconds; 0 means either no wait or an endless one, depending on the driver.
            let limit = slice.unwrap_or_default().max(Duration::from_millis(1));
            self.line.set_timeout(limit).map_err(|_| PortError::Gone(gone.clone()))?;
            let count = match self.line.read(&mut chunk) {
                Ok(count) => count,
                Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Interrupted) => 0,
                Err(_) => return Err(PortError::Gone(gone.clone())),
            };
            buffer.extend_from_slice(&chunk[..count]);
            if slice.is_none() {
                return Err(PortError::Timeout);
            }
            if count > 0 {
                return Ok(count);
            }
        }
    }

    pub(super) fn write(
        &mut self,
        mut bytes: &[u8],
        wait: Wait,
        patience: Duration,
        gone: &Loss,
    ) -> Result<(), PortError> {
        let mut progress = Instant::now();
        while !bytes.is_empty() {
            let limit = wait.slice()?.max(Duration::from_millis(1));
            self.line.set_timeout(limit).map_err(|_| PortError::Gone(gone.clone()))?;
            match self.line.write(bytes) {
                Ok(count) if count > 0 => {
                    bytes = bytes.get(count..).unwrap_or_default();
                    progress = Instant::now();
                }
                Err(error) if !matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                    return Err(PortError::Gone(gone.clone()));
                }
                _ if progress.elapsed() >= patience => return Err(PortError::stuck(patience)),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Windows drops DTR before RTS on closing, which resets an ESP32 at every disconnect.
        if cfg!(windows) {
            set_lines(self.line.as_mut(), &[(ControlLine::Rts, false), (ControlLine::Dtr, false)]);
        }
    }
}
