//! The kinds of ports in one table: the help, the list of the documents, the errors of addresses and the completion of ports
//! come from it.
//!
//! Uses [`super::address`] and [`crate::error`]. Invariant: no layer above asks which kind an address is; what matters there is a field of [`PortKind`].

use super::address::Address;
use super::endpoint::Endpoint;
use super::{telnet, webrepl};
use crate::error::{Error, Kind, Result};
use serde::{Deserialize, Serialize};

/// What answers at a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A board, as far as anybody can know from here.
    #[default]
    Board,
    /// The simulator of belay-script.
    Simulator,
    /// A recording of an earlier session.
    Recording,
    /// Another program on this computer: it may reach a board, or be one only in name.
    Program,
}

/// One kind of port.
#[derive(Debug)]
pub struct PortKind {
    /// What its addresses begin with, in upper or lower case; empty: they are known by their form.
    pub prefix: &'static str,
    /// What it is, for reports that leave the computer.
    pub name: &'static str,
    /// How its addresses are written.
    pub forms: &'static [Form],
    /// Examples, for the help of errors.
    pub examples: &'static [&'static str],
    /// The TCP port where an address names none.
    pub default_port: Option<u16>,
    /// Reads what follows the prefix; for a kind without one, the whole address.
    pub(super) read: fn(&PortKind, &str) -> Result<Address>,
    /// What answers there.
    pub source: Source,
    /// Whether every opening starts a board of its own, so that one address is enough for any number of boards.
    pub starts_boards: bool,
}

/// One way to write addresses of a kind.
#[derive(Debug)]
pub struct Form {
    /// The ways to write it.
    pub written: &'static [&'static str],
    /// What it means: Markdown, with links as in `docs/src/boards.md`.
    pub about: &'static str,
}

impl Form {
    /// What it means, without the links.
    pub fn plain(&self) -> String {
        let mut text = String::new();
        let mut rest = self.about;
        while let Some((before, link)) = rest.split_once('[') {
            let (words, target) = link.split_once("](").unwrap_or((link, ""));
            text.push_str(before);
            text.push_str(words);
            rest = target.split_once(')').map_or("", |(_, rest)| rest);
        }
        text + rest
    }
}

impl PortKind {
    /// Whether it is a board simulated by belay-script.
    pub fn is_simulated(&self) -> bool {
        self.source == Source::Simulator
    }

    /// Whether it takes no hardware: `--simulate` replaces all others.
    pub fn is_virtual(&self) -> bool {
        self.source != Source::Board
    }

    fn server(&self, text: &str) -> Result<Endpoint> {
        Endpoint::parse(self.prefix, text, self.default_port)
    }

    fn word(&self, text: &str, what: &str, help: &str) -> Result<String> {
        match text.trim() {
            "" => Err(Error::new(Kind::ArgumentError, format!("`{}` needs {what}", self.prefix)).with_help(help)),
            word => Ok(word.to_owned()),
        }
    }
}

/// What most kinds have in common.
const KIND: PortKind = PortKind {
    prefix: "",
    name: "",
    forms: &[],
    examples: &[],
    default_port: None,
    read: |_, text| Ok(Address::Serial(text.to_owned())),
    source: Source::Board,
    starts_boards: false,
};

/// A serial port by its path or name.
pub static SERIAL: PortKind = PortKind {
    name: "serial port",
    forms: &[
        Form { written: &["/dev/ttyACM0", "COM3"], about: "a serial port, by its path or name" },
        Form { written: &["a0", "u0", "c3"], about: "`/dev/ttyACM0`, `/dev/ttyUSB0`, `COM3`" },
    ],
    examples: &["a path such as `/dev/ttyACM0`", "a name such as `COM3`"],
    ..KIND
};

/// The only USB board with some properties.
pub static USB: PortKind = PortKind {
    prefix: "usb:",
    name: "USB serial port",
    forms: &[
        Form {
            written: &["usb:2e8a:0005[:SERIAL]"],
            about: "the only USB board with this vendor and product ID, in hexadecimal",
        },
        Form {
            written: &["{\"serial_number\": \"E66…\"}"],
            about: "the only USB board with these properties, in Belay's form; `belay-script devices` lists them",
        },
    ],
    examples: &["`usb:2e8a:0005`", "`{\"vid\": 11914}`"],
    read: |kind, text| format!("{}{text}", kind.prefix).parse().map(Address::Usb),
    ..KIND
};

/// A serial server.
pub static TCP: PortKind = PortKind {
    prefix: "tcp://",
    name: "serial server (tcp://)",
    forms: &[Form { written: &["tcp://HOST:PORT"], about: "a serial server that passes bytes unchanged" }],
    examples: &["`tcp://host:4000`"],
    read: |kind, text| kind.server(text).map(Address::Tcp),
    ..KIND
};

/// A serial server whose line can be set.
pub static RFC2217: PortKind = PortKind {
    prefix: "rfc2217://",
    name: "serial server (rfc2217://)",
    forms: &[Form { written: &["rfc2217://HOST:PORT"], about: "a serial server whose line can be set" }],
    examples: &["`rfc2217://host:4000`"],
    read: |kind, text| kind.server(text).map(Address::Rfc2217),
    ..KIND
};

/// A board's telnet.
pub static TELNET: PortKind = PortKind {
    prefix: "telnet://",
    name: "telnet",
    forms: &[
        Form { written: &["telnet://HOST[:PORT]"], about: "a board's telnet, or a serial server that speaks it" },
        Form { written: &["192.168.1.5"], about: "`telnet://192.168.1.5`" },
    ],
    examples: &["`192.168.1.5`"],
    default_port: Some(telnet::login::USUAL_PORT),
    read: |kind, text| kind.server(text).map(Address::Telnet),
    ..KIND
};

/// A board's WebREPL.
pub static WEBREPL: PortKind = PortKind {
    prefix: "ws://",
    name: "WebREPL",
    forms: &[Form { written: &["ws://HOST[:PORT]"], about: "WebREPL" }],
    examples: &["`ws://host`"],
    default_port: Some(webrepl::USUAL_PORT),
    read: |kind, text| kind.server(text).map(Address::WebRepl),
    ..KIND
};

/// A recorded session.
pub static REPLAY: PortKind = PortKind {
    prefix: "replay:",
    name: "recording",
    forms: &[Form { written: &["replay:FILE"], about: "a session that `--record FILE` [recorded](#recordings)" }],
    examples: &["`replay:FILE`"],
    read: |kind, text| {
        let help = "write for example `replay:run.log`; `--record run.log` makes one";
        kind.word(text, "a file", help).map(Address::Replay)
    },
    source: Source::Recording,
    ..KIND
};

/// A process on a pseudo-terminal.
pub static EXEC: PortKind = PortKind {
    prefix: "exec:",
    name: "process (exec:)",
    forms: &[Form {
        written: &["exec:COMMAND"],
        about: "a MicroPython started by this command on a pseudo-terminal; not on Windows",
    }],
    examples: &["`exec:COMMAND`"],
    read: |kind, text| kind.word(text, "a command", "write for example `exec:micropython`").map(Address::Exec),
    source: Source::Program,
    starts_boards: true,
    ..KIND
};

/// A simulated board. `sim` alone is one, too.
pub static SIM: PortKind = PortKind {
    prefix: "sim:",
    name: "sim",
    forms: &[Form {
        written: &["sim", "sim:NAME?heap=200k"],
        about: "a [simulated board](simulator.md): a real MicroPython on this computer; not on Windows",
    }],
    examples: &["`sim`"],
    read: |_, text| Ok(Address::simulated(text)),
    source: Source::Simulator,
    starts_boards: true,
    ..KIND
};

/// All kinds, in the order in which they are listed.
pub static KINDS: [&PortKind; 9] = [&SERIAL, &USB, &TCP, &RFC2217, &TELNET, &WEBREPL, &REPLAY, &EXEC, &SIM];

/// The name that opens a simulated board without options.
pub const SIMULATED: &str = "sim";

/// The help of errors of addresses.
pub(super) fn help() -> String {
    let mut examples: Vec<&str> = KINDS.iter().flat_map(|kind| kind.examples).copied().collect();
    let last = examples.pop().unwrap_or_default();
    format!("a port is {}, or {last}; `belay-script devices` lists the boards that are plugged in", examples.join(", "))
}

/// What an address can begin with, for completion.
pub fn beginnings() -> Vec<&'static str> {
    KINDS
        .iter()
        .map(|kind| if kind.is_simulated() { SIMULATED } else { kind.prefix })
        .filter(|text| !text.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_list_every_form() {
        let mut table = String::from("| port | is |\n|---|---|\n");
        for form in KINDS.iter().flat_map(|kind| kind.forms) {
            let written: Vec<String> = form.written.iter().map(|text| format!("`{text}`")).collect();
            table.push_str(&format!("| {} | {} |\n", written.join(", "), form.about));
        }
        let page = include_str!("../../docs/src/boards.md");
        assert!(page.contains(&table), "docs/src/boards.md lacks:\n{table}");
    }

    #[test]
    fn forms_are_shown_without_links() {
        let form = Form { written: &[], about: "a [b](c.md) and [d e](#f)." };
        assert_eq!(form.plain(), "a b and d e.");
        assert_eq!(Form { written: &[], about: "plain" }.plain(), "plain");
    }

    #[test]
    fn what_is_offered_begins_an_address() {
        assert_eq!(beginnings(), ["usb:", "tcp://", "rfc2217://", "telnet://", "ws://", "replay:", "exec:", "sim"]);
    }
}
