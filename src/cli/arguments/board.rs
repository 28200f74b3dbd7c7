//! The options of the commands that use one board: `exec`, `eval`, `info`, `reset`, `terminal` and others.

use super::{Connection, Limit};
use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;
use std::time::Duration;

/// The help below `exec`.
pub const EXEC_HELP: &str = "\
Examples:
  belay-script exec -p sim 'for i in range(3): print(i)'
  belay-script exec -p /dev/ttyACM0 - < setup.py";

/// The help below `eval`.
pub const EVAL_HELP: &str = "\
Examples:
  belay-script eval -p sim '1 + 1'
  belay-script eval -p /dev/ttyACM0 --no-reset 'machine.freq()'";

/// The help below `reset`.
pub const RESET_HELP: &str = "\
Examples:
  belay-script reset -p /dev/ttyACM0
  belay-script reset -p /dev/ttyACM0 --bootloader";

/// The help below `terminal`.
pub const TERMINAL_HELP: &str = "\
Examples:
  belay-script terminal -p /dev/ttyACM0
  belay-script terminal -p sim --log session.txt --timestamps
  belay-script terminal -p /dev/ttyACM0 --mount . --inject try.py
  echo 'import machine; machine.freq()' | belay-script terminal -p /dev/ttyACM0";

/// The help below `mount`.
pub const MOUNT_HELP: &str = "\
Examples:
  belay-script mount . run main.py
  belay-script -p a0 mount firmware + exec 'import app; app.test()' + reset

The folder is at /remote as long as the connection lasts, which is to the end of the chain. `run`, `exec`, `eval` and \
`terminal` have --mount for a single command.";

/// The folder of this computer that a board sees.
#[derive(Debug, Default, Args)]
pub struct Mounting {
    /// Show the board this folder at /remote, as its current directory
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub mount: Option<PathBuf>,
    /// Let the board write to the mounted folder
    #[arg(long, requires = "mount")]
    pub write: bool,
}

/// `exec`.
#[derive(Debug, Args)]
pub struct Exec {
    /// Python statements; `-` reads them from standard input
    #[arg(value_name = "CODE", allow_hyphen_values = true)]
    pub code: String,
    /// What it sees of this computer.
    #[command(flatten)]
    pub mounting: Mounting,
    /// What `exec` and `eval` share.
    #[command(flatten)]
    pub session: Session,
}

/// `eval`.
#[derive(Debug, Args)]
pub struct Eval {
    /// A Python expression
    #[arg(value_name = "EXPR", allow_hyphen_values = true)]
    pub expression: String,
    /// What it sees of this computer.
    #[command(flatten)]
    pub mounting: Mounting,
    /// What `exec` and `eval` share.
    #[command(flatten)]
    pub session: Session,
}

/// What `exec`, `eval` and the commands for files share.
#[derive(Debug, Args)]
pub struct Session {
    /// Do not restart the board first; its memory stays
    #[arg(long)]
    pub no_reset: bool,
    /// Which board.
    #[command(flatten)]
    pub connection: Connection,
    /// How long it may take.
    #[command(flatten)]
    pub limit: Limit,
}

/// `info`.
#[derive(Debug, Args)]
pub struct Info {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Which board.
    #[command(flatten)]
    pub connection: Connection,
}

/// `reset`.
#[derive(Debug, Args)]
pub struct Reset {
    /// Reset the board as its reset button does
    #[arg(long, conflicts_with = "bootloader")]
    pub hard: bool,
    /// Start the boot loader, for new firmware
    #[arg(long)]
    pub bootloader: bool,
    /// Which board.
    #[command(flatten)]
    pub connection: Connection,
}

/// `mount`.
#[derive(Debug, Args)]
pub struct Mount {
    /// The folder of this computer
    #[arg(value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,
    /// Let the board write to the folder
    #[arg(long)]
    pub write: bool,
    /// Board and limits.
    #[command(flatten)]
    pub session: Session,
}

/// `soft-reset`, and others that only use a board.
#[derive(Debug, Args)]
pub struct OnBoard {
    /// Which board.
    #[command(flatten)]
    pub connection: Connection,
}

/// `sleep`.
#[derive(Debug, Args)]
pub struct Sleep {
    /// Seconds
    #[arg(value_name = "SECONDS", value_parser = super::seconds)]
    pub time: Duration,
}

/// The help below `rtc`.
pub const RTC_HELP: &str = "\
Examples:
  belay-script rtc -p a0                          prints 2026-11-30 10:21:09
  belay-script rtc -p a0 --set
  belay-script rtc -p a0 --set --zone UTC
  belay-script rtc -p a0 --set --zone Europe/Berlin";

/// The help below `latency`.
pub const LATENCY_HELP: &str = "\
Example:
  belay-script latency -p a0";

/// `rtc`.
#[derive(Debug, Args)]
pub struct Rtc {
    /// Set it to the time of this computer
    #[arg(long)]
    pub set: bool,
    /// Time zone: UTC, an offset such as +02:00, or a name such as Europe/Berlin [default: this computer's]
    #[arg(long, value_name = "ZONE", requires = "set", allow_hyphen_values = true)]
    pub zone: Option<String>,
    /// Board and limits.
    #[command(flatten)]
    pub session: Session,
}

/// `latency`.
#[derive(Debug, Args)]
pub struct Latency {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Board and limits.
    #[command(flatten)]
    pub session: Session,
}

/// `connect`.
#[derive(Debug, Args)]
pub struct Connect {
    /// A port; `list`, `auto`, `id:SERIAL` and `port:PATH` as for mpremote
    #[arg(value_name = "PORT", value_hint = ValueHint::AnyPath)]
    pub device: String,
}

impl Connect {
    /// The port; `None`: the default one.
    pub fn port(&self) -> Option<String> {
        match (self.device.as_str(), self.device.strip_prefix("id:"), self.device.strip_prefix("port:")) {
            ("auto", ..) => None,
            (_, Some(serial), _) => Some(serde_json::json!({ "serial_number": serial }).to_string()),
            (_, _, Some(path)) => Some(path.to_owned()),
            (port, ..) => Some(port.to_owned()),
        }
    }
}

/// `terminal`.
#[derive(Debug, Default, Args)]
pub struct Terminal {
    /// Append what the board prints to this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub log: Option<PathBuf>,
    /// Start each line of that file with a timestamp, in UTC
    #[arg(long, requires = "log")]
    pub timestamps: bool,
    /// Ctrl-K types this file at the prompt, in paste mode
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub inject: Option<PathBuf>,
    /// What the board sees of this computer.
    #[command(flatten)]
    pub mounting: Mounting,
    /// Which board.
    #[command(flatten)]
    pub connection: Connection,
}

/// `devices`.
#[derive(Debug, Default, Args)]
pub struct Devices {
    /// Print JSON; with --watch a line for each change
    #[arg(long)]
    pub json: bool,
    /// Then print every board that is plugged in (+) or unplugged (-), until Ctrl-C
    #[arg(long)]
    pub watch: bool,
}

/// `sim`.
#[derive(Debug, Subcommand)]
pub enum Sim {
    /// Offer a simulated board, instrument or Modbus unit to other tools
    ///
    /// Serves a board as a serial port, an instrument or a Modbus unit as a TCP port or a serial port, until Ctrl-C; tools may open and close it
    /// repeatedly.
    #[command(after_help = SERVE_HELP)]
    Serve(Serve),
}

const SERVE_HELP: &str = "\
Examples, each in two terminals:
  belay-script sim serve --link /tmp/board
  mpremote connect /tmp/board exec 'print(1 + 1)'

  belay-script sim serve --instrument std/psu --listen 127.0.0.1:5025
  belay-script run voltage.rhai -- tcp://127.0.0.1:5025

  belay-script sim serve --modbus chamber.toml --link /tmp/chamber
  belay-script run chamber.rhai -- /tmp/chamber

  belay-script sim serve --instrument std/psu --hislip
  belay-script run voltage.rhai -- hislip://127.0.0.1

where voltage.rhai is: print(Instrument.open(args[0]).query(\"VOLT?\"));";

/// `sim serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Path of the serial port: a symlink that is removed at the end
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath, required_unless_present_any = ["instrument", "modbus"])]
    pub link: Option<PathBuf>,
    /// Serve the simulated instrument of this file, or `std/psu`, `std/dmm`, `std/load`, `std/scope`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["name", "board", "heap", "flash", "flash_size", "crlf"])]
    pub instrument: Option<String>,
    /// Serve the simulated Modbus unit of this file: by TCP, with --link by RTU
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["instrument", "hislip", "name", "board", "heap", "flash", "flash_size", "crlf"])]
    pub modbus: Option<String>,
    /// Serve it at this address [default: 127.0.0.1:5025, with --hislip 127.0.0.1:4880, with --modbus 127.0.0.1:5020]
    #[arg(long, value_name = "HOST:PORT", conflicts_with_all = ["link", "name", "board", "heap", "flash", "flash_size", "crlf"])]
    pub listen: Option<String>,
    /// Serve the instrument by HiSLIP instead of as a SCPI socket
    #[arg(long, requires = "instrument", conflicts_with = "link")]
    pub hislip: bool,
    /// The board's name
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Kind of the board: generic, pico, pico-w, esp32, esp8266 or pyboard
    #[arg(long, value_name = "KIND")]
    pub board: Option<String>,
    /// Heap size of the board, such as `200k`
    #[arg(long, value_name = "BYTES")]
    pub heap: Option<String>,
    /// Keep the board's flash in this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub flash: Option<String>,
    /// Size of the board's flash, such as `1400k`
    #[arg(long, value_name = "BYTES")]
    pub flash_size: Option<String>,
    /// End printed lines with CR LF, as boards do (`on`), or with LF (`off`)
    #[arg(long, value_name = "on|off", value_parser = ["on", "off"], hide_possible_values = true)]
    pub crlf: Option<String>,
}
