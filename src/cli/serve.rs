//! `sim serve`: a simulated board as a serial port, a simulated instrument or Modbus unit, for other tools.
//!
//! Uses [`crate::port`] and, for the pseudo-terminal, [`link`](super::terminal::link). Invariant: the link is gone when the command ends.

use super::arguments::Serve;
use super::console::Console;
#[cfg(unix)]
use crate::device::Output as _;
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Kind};
use crate::instrument::simulated::server::{Protocol, Server};
use crate::instrument::simulated::{SimInstrument, built_in};
use crate::modbus::simulated::SimUnit;
#[cfg(unix)]
use crate::modbus::simulated::port::SimPort;
#[cfg(unix)]
use crate::port::address::Address;
#[cfg(unix)]
use crate::port::open::open;
use crate::port::options::PortOptions;
use std::path::Path;
use std::sync::Arc;

/// Serves a board until Ctrl-C; returns the exit status.
///
/// # Errors
/// If no interpreter is found, the link cannot be created, or the board ends.
#[cfg(unix)]
pub fn serve(options: &Serve, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let diagnose = |error: Error| Diagnostic::from_error(&error);
    super::signals::watch()?;
    if let Some(file) = &options.instrument
        && options.link.is_none()
    {
        return serve_instrument(file, options, console);
    }
    if let Some(file) = options.modbus.as_ref().filter(|_| options.link.is_none()) {
        return serve_modbus(file, options, console);
    }
    let mut terminal = super::terminal::link::Terminal::open().map_err(diagnose)?;
    let link = terminal.link(options.link.as_deref().unwrap_or(Path::new(""))).map_err(diagnose)?;
    if let Some(file) = &options.instrument {
        let mut port = simulated(file)?.port(file);
        console.text(&format!("serving a simulated instrument at {}; press Ctrl-C to stop\n", link.path().display()));
        terminal.pump(&mut port).map_err(diagnose)?;
        return Ok(0);
    }
    if let Some(file) = &options.modbus {
        let mut port = SimPort::new(unit(file)?, file, false);
        console.text(&format!("serving a simulated Modbus unit at {}; press Ctrl-C to stop\n", link.path().display()));
        terminal.pump(&mut port).map_err(diagnose)?;
        return Ok(0);
    }
    let address = Address::simulated(&specifier(options));
    let mut board = open(&address, &PortOptions::default(), &|text| console.notice(text)).map_err(diagnose)?;
    console.text(&format!("serving a simulated board at {}; press Ctrl-C to stop\n", link.path().display()));
    terminal.pump(board.as_mut()).map_err(diagnose)?;
    Ok(0)
}

/// The simulated instrument of a file, or one that this program has.
fn simulated(file: &str) -> Result<SimInstrument, Diagnostic> {
    let text = match built_in(file) {
        Some(text) => text.to_owned(),
        None => crate::disk::read_text_named(Path::new(file), crate::bound::SETTINGS).map_err(|error| {
            super::unread(&format!("`{file}`"), &error, "name a file that describes an instrument, or `std/psu`")
        })?,
    };
    SimInstrument::parse(file, &text).map_err(|error| Diagnostic::from_error(&error))
}

/// The simulated Modbus unit of a file.
fn unit(file: &str) -> Result<SimUnit, Diagnostic> {
    let text = crate::disk::read_text_named(Path::new(file), crate::bound::SETTINGS)
        .map_err(|error| super::unread(&format!("`{file}`"), &error, "name a file that describes a unit"))?;
    SimUnit::parse(file, &text).map_err(|error| Diagnostic::from_error(&error))
}

fn unheard(listen: &str, error: &std::io::Error) -> Diagnostic {
    let message = format!("cannot listen at `{listen}`: {}", crate::disk::reason(error));
    let error =
        Error::new(Kind::ConnectionFailedError, message).with_help("choose another port: `--listen 127.0.0.1:0`");
    Diagnostic::from_error(&error)
}

/// Serves a Modbus unit on a TCP port until Ctrl-C.
fn serve_modbus(file: &str, options: &Serve, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let listen = options.listen.as_deref().unwrap_or("127.0.0.1:5020");
    let failed = |error: std::io::Error| unheard(listen, &error);
    let (unit, listener) = (unit(file)?, crate::port::listen::listen(listen).map_err(failed)?);
    let address = listener.local_addr().map_err(failed)?;
    console.text(&format!("serving a simulated Modbus unit at tcp://{address}; press Ctrl-C to stop\n"));
    crate::modbus::simulated::server::serve(&listener, &unit, &|| crate::interrupt::pending()).map_err(failed)?;
    Ok(0)
}

/// Serves an instrument on a TCP port until Ctrl-C.
fn serve_instrument(file: &str, options: &Serve, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let (protocol, scheme, usual) = match options.hislip {
        true => (Protocol::Hislip, "hislip", "127.0.0.1:4880"),
        false => (Protocol::Socket, "tcp", "127.0.0.1:5025"),
    };
    let listen = options.listen.as_deref().unwrap_or(usual);
    let failed = |error: std::io::Error| unheard(listen, &error);
    let server = Server::listen(simulated(file)?, protocol, listen).map_err(failed)?;
    let address = server.address().map_err(failed)?;
    console.text(&format!("serving a simulated instrument at {scheme}://{address}; press Ctrl-C to stop\n"));
    server.serve(&|| crate::interrupt::pending()).map_err(failed)?;
    Ok(0)
}

/// Serves an instrument on a TCP port until Ctrl-C; returns the exit status.
///
/// # Errors
/// [`crate::Kind::FeatureUnavailableError`] for a board: this system has no pseudo-terminals.
#[cfg(not(unix))]
pub fn serve(options: &Serve, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    if let Some(file) = options.instrument.as_ref().filter(|_| options.link.is_none()) {
        super::signals::watch()?;
        return serve_instrument(file, options, console);
    }
    if let Some(file) = options.modbus.as_ref().filter(|_| options.link.is_none()) {
        super::signals::watch()?;
        return serve_modbus(file, options, console);
    }
    let error =
        Error::new(Kind::FeatureUnavailableError, "`sim serve` needs pseudo-terminals, which this system lacks");
    Err(Diagnostic::from_error(&error.with_help("use the simulated board from a script: `--port sim`")))
}

/// The board's address after `sim:`, as `--port` would have it: `NAME?heap=200k&flash=FILE`.
#[cfg_attr(not(any(unix, test)), expect(dead_code, reason = "boards are served where there are pseudo-terminals"))]
fn specifier(options: &Serve) -> String {
    let pairs = [
        ("board", &options.board),
        ("heap", &options.heap),
        ("flash", &options.flash),
        ("flash_size", &options.flash_size),
        ("crlf", &options.crlf),
    ];
    let pairs: Vec<String> =
        pairs.iter().filter_map(|(key, value)| value.as_ref().map(|value| format!("{key}={value}"))).collect();
    let name = options.name.as_deref().unwrap_or_default();
    if pairs.is_empty() { name.to_owned() } else { format!("{name}?{}", pairs.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_become_the_address_of_a_port() {
        let mut options = Serve {
            link: Some("board".into()),
            instrument: None,
            modbus: None,
            listen: None,
            hislip: false,
            name: None,
            board: None,
            heap: None,
            flash: None,
            flash_size: None,
            crlf: None,
        };
        assert_eq!(specifier(&options), "");
        options.heap = Some("200k".into());
        options.flash_size = Some("1400k".into());
        assert_eq!(specifier(&options), "?heap=200k&flash_size=1400k");
        options.name = Some("left".into());
        options.board = Some("pico".into());
        options.flash = Some("a b.img".into());
        options.crlf = Some("off".into());
        assert_eq!(specifier(&options), "left?board=pico&heap=200k&flash=a b.img&flash_size=1400k&crlf=off");
    }
}
