//! Profiles of simulated boards: how one kind of board differs from another.
//!
//! Pure data, from MicroPython 1.28's ports (`ports/rp2`, `esp32`, `esp8266`, `stm32`: pin tables, messages, manifests) and
//! the values that boards with that firmware report. Invariant: a profile only narrows what [`GENERIC`] allows.
//!
//! The processor is this computer's: `sys.implementation._mpy`, and native and viper code, match it.

use std::fmt::Write as _;

/// A kind of board.
#[derive(Debug, PartialEq, Eq)]
pub struct Profile {
    /// As in `sim:?board=NAME`.
    pub name: &'static str,
    /// `sys.platform`; empty: the interpreter's own.
    pub platform: &'static str,
    /// `sys.implementation._machine` and `os.uname().machine`.
    pub machine: &'static str,
    /// `sys.implementation._build`.
    pub build: &'static str,
    /// Bytes of the heap, without the simulator's own modules; `None`: the interpreter's default, 2 MB.
    pub heap: Option<u64>,
    /// Bytes of the flash for files.
    pub flash: u64,
    /// Size of its input buffer in bytes.
    pub buffer: usize,
    /// Whether input that finds the buffer full while code runs is lost, as on a UART without flow control; else the host
    /// waits, as on USB.
    pub loses_input: bool,
    /// `machine.freq()`, in hertz.
    pub frequency: u32,
    /// Bytes of `machine.unique_id()`.
    pub id: u8,
    /// Numbers of its pins, as ranges: first, and the first after it.
    pub pins: &'static [(u16, u16)],
    /// Numbers of input-only pins.
    pub inputs: &'static [(u16, u16)],
    /// The prefix of numbered pin names, such as `GP` of `GP25`; `None`: any of `G`, `GP`, `GPIO`, `IO`, `D`.
    pub prefix: Option<&'static str>,
    /// Names of pins, as a Python dict of name to number or name.
    pub names: &'static str,
    /// Its error messages for an unknown pin number and an unknown pin name. `{}` is the argument.
    pub messages: (&'static str, &'static str),
    /// ADC channels and pins, as a Python dict of the argument to the bench's name for it; empty: any.
    pub adc: &'static str,
    /// Ids of buses, as Python tuples; empty: any.
    pub i2c: &'static str,
    /// See [`Profile::i2c`].
    pub spi: &'static str,
    /// See [`Profile::i2c`].
    pub uart: &'static str,
    /// Modules that it lacks.
    pub lacks: &'static [&'static str],
    /// Frozen modules of its firmware, in addition to those of the interpreter.
    pub frozen: &'static [&'static str],
}

const RP2_ADC: &str = "{0:26,1:27,2:28,3:29,4:4,26:26,27:27,28:28,29:29}";
const DRIVERS: &[&str] = &["neopixel", "dht", "onewire", "ds18x20"];

/// The default, which allows everything.
pub const GENERIC: Profile = Profile {
    name: "generic",
    platform: "",
    machine: "",
    build: "",
    heap: None,
    flash: 1400 * 1024,
    buffer: 512,
    loses_input: false,
    frequency: 133_000_000,
    id: 8,
    pins: &[(0, 256)],
    inputs: &[],
    prefix: None,
    names: "{'LED':'LED'}",
    messages: ("invalid pin", "unknown named pin \"{}\""),
    adc: "",
    i2c: "",
    spi: "",
    uart: "",
    lacks: &[],
    frozen: DRIVERS,
};

const PICO: Profile = Profile {
    name: "pico",
    platform: "rp2",
    machine: "Raspberry Pi Pico with RP2040",
    build: "RPI_PICO",
    heap: Some(232 * 1024),
    flash: 1408 * 1024,
    buffer: 512,
    frequency: 125_000_000,
    pins: &[(0, 30)],
    prefix: Some("GP"),
    names: "{'LED':25}",
    adc: RP2_ADC,
    i2c: "(0,1)",
    spi: "(0,1)",
    uart: "(0,1)",
    lacks: &["network", "termios", "ssl", "tls", "socket"],
    ..GENERIC
};

/// All of them.
pub const PROFILES: &[Profile] = &[
    GENERIC,
    PICO,
    Profile {
        name: "pico-w",
        machine: "Raspberry Pi Pico W with RP2040",
        build: "RPI_PICO_W",
        heap: Some(192 * 1024),
        flash: 848 * 1024,
        names: "{'LED':'LED','WL_GPIO0':'LED','WL_GPIO1':'WL_GPIO1','WL_GPIO2':'WL_GPIO2'}",
        lacks: &["termios"],
        ..PICO
    },
    Profile {
        name: "esp32",
        platform: "esp32",
        machine: "Generic ESP32 module with ESP32",
        build: "ESP32_GENERIC",
        heap: Some(160 * 1024),
        flash: 2048 * 1024,
        // `stdin_ringbuf` has 260 bytes, one of which stays free.
        buffer: 259,
        loses_input: true,
        frequency: 160_000_000,
        id: 6,
        pins: &[(0, 6), (9, 11), (12, 20), (21, 24), (25, 28), (32, 40)],
        inputs: &[(34, 40)],
        prefix: Some("-"),
        names: "{}",
        messages: ("invalid pin", "invalid pin"),
        adc: "{n:n for n in(0,2,4,12,13,14,15,25,26,27,32,33,34,35,36,37,38,39)}",
        i2c: "(0,1)",
        spi: "(1,2)",
        uart: "(0,1,2)",
        lacks: &["termios"],
        ..GENERIC
    },
    Profile {
        name: "esp8266",
        platform: "esp8266",
        machine: "ESP module with ESP8266",
        build: "ESP8266_GENERIC",
        heap: Some(36 * 1024),
        flash: 3072 * 1024,
        // `stdin_ringbuf` has 256 bytes, one of which stays free.
        buffer: 255,
        loses_input: true,
        frequency: 80_000_000,
        id: 4,
        pins: &[(0, 6), (12, 17)],
        inputs: &[],
        prefix: Some("-"),
        names: "{}",
        messages: ("invalid pin", "invalid pin"),
        adc: "{0:0}",
        spi: "(1,)",
        uart: "(0,1)",
        lacks: &["_thread", "termios", "cmath"],
        ..GENERIC
    },
    Profile {
        name: "pyboard",
        platform: "pyboard",
        machine: "PYBv1.1 with STM32F405RG",
        build: "PYBV11",
        heap: Some(100 * 1024),
        flash: 96 * 1024,
        buffer: 1024,
        frequency: 168_000_000,
        id: 12,
        pins: &[],
        prefix: Some("-"),
        names: "dict([(n,n)for n in['X%d'%i for i in range(1,23)if not 12<i<17]+['Y%d'%i for i in range(1,13)]\
            +['LED_RED','LED_GREEN','LED_YELLOW','LED_BLUE','SW']])",
        messages: ("Pin({}) doesn't exist", "Pin({}) doesn't exist"),
        adc: "{n:n for n in list(range(19))+['X1','X2','X3','X4','X5','X6','X7','X8','X11','X12','X19','X20','X21','X22','Y11','Y12']}",
        i2c: "(1,2,'X','Y')",
        spi: "(1,2,'X','Y')",
        uart: "(1,2,3,4,6,'XA','XB','YA','YB')",
        lacks: &["_thread", "network", "termios", "ssl", "tls", "socket"],
        frozen: &["dht", "onewire"],
        ..GENERIC
    },
];

impl Profile {
    /// The profile of this name.
    pub fn named(name: &str) -> Option<&'static Profile> {
        PROFILES.iter().find(|profile| profile.name == name)
    }

    /// The board's module `_sim_board`, which its `machine` uses.
    pub(super) fn module(&self) -> String {
        let ranges = |ranges: &[(u16, u16)]| -> String {
            ranges.iter().map(|(first, end)| format!("({first},{end}),")).collect()
        };
        let any = |text: &str| if text.is_empty() { "None".to_owned() } else { text.to_owned() };
        let mut text = String::new();
        let _ = write!(
            text,
            "PINS=({pins})\nINPUTS=({inputs})\nPREFIX={prefix}\nNAMES={names}\nNUMBER={number:?}\nNAME={name:?}\n\
             ADC={adc}\nI2C={i2c}\nSPI={spi}\nUART={uart}\nFREQUENCY={frequency}\nID={id}\n",
            pins = ranges(self.pins),
            inputs = ranges(self.inputs),
            prefix = self.prefix.map_or_else(|| "None".to_owned(), |prefix| format!("{prefix:?}")),
            names = self.names,
            number = self.messages.0,
            name = self.messages.1,
            adc = any(self.adc),
            i2c = any(self.i2c),
            spi = any(self.spi),
            uart = any(self.uart),
            frequency = self.frequency,
            id = self.id,
        );
        text
    }

    /// What boot.py needs, as a Python tuple: platform, machine, build, missing modules, frozen modules.
    pub(super) fn facts(&self) -> String {
        let list = |names: &[&str]| -> String { names.iter().map(|name| format!("'{name}',")).collect() };
        let (platform, machine, build) = (self.platform, self.machine, self.build);
        format!("('{platform}','{machine}','{build}',({}),({}))", list(self.lacks), list(self.frozen))
    }
}
