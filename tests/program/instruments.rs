//! Instruments beside tools that nobody here wrote: PyVISA-py as a client of a simulated instrument that is served over a socket, a
//! serial port and HiSLIP, and a simulator of sinstruments (the pressure controller of gepace) as an instrument of a script, over a
//! socket and a serial port.

use crate::support::command::Program;
use crate::support::mpremote::pypi;
use crate::support::python;
use crate::support::running::Running;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

/// A TCP port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port").local_addr().expect("its address").port()
}

fn python(package: &str, version: &str, code: &str) -> Command {
    let installed = pypi::installed(package, version).unwrap_or_else(|error| panic!("{error}"));
    let mut command = python::command();
    command.args(["-c", code]).env("PYTHONPATH", installed).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Everything that Python said; it must have ended well.
fn said(output: &Output) -> String {
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}{stderr}");
    stdout.into_owned()
}

const INSTRUMENT: &str = r#"
identity = "ACME,PSU-1,SN7,1.0"

[properties.voltage]
command = "[SOURce]:VOLTage[:LEVel]"
value = 0.0
max = 30.0

[properties.output]
command = "OUTPut[:STATe]"
value = false

[properties.slow]
query = "SLOW?"
value = 7
delay = 0.3

[properties.data]
command = "ARB"
value = ""

[[replies]]
query = "CURV?"
reply = "HASH18@P`pp`P@"

[[replies]]
query = "LONG?"
reply = "HASH6300000MANY"
"#;

const CLIENT: &str = r#"
import sys, pyvisa
manager = pyvisa.ResourceManager("@py")
for name in sys.argv[1:]:
    instrument = manager.open_resource(name, read_termination="\n", write_termination="\n")
    instrument.timeout = 5000
    print(instrument.query("*IDN?"))
    instrument.write("VOLT 5.5;OUTP ON")
    print(instrument.query_ascii_values("SOURCE:VOLTAGE:LEVEL?;:OUTP?", separator=";"))
    print(instrument.query_binary_values("CURV?", datatype="B"))
    instrument.write("VOLT 31")
    if "hislip" in name:
        print(len(instrument.query_binary_values("LONG?", datatype="B", container=bytes)))
        instrument.write_binary_values("ARB ", range(250) , datatype="B")
        print(len(instrument.query_binary_values("ARB?", datatype="B")), instrument.read_stb())
    print(instrument.query("SYST:ERR?"), instrument.query("SYST:ERR?"))
    instrument.timeout = 50
    try:
        print(instrument.query("SLOW?"))
    except pyvisa.VisaIOError as error:
        print(error.abbreviation)
    if "hislip" in name:
        instrument.clear()
        instrument.timeout = 5000
        print(instrument.query("VOLT?"), instrument.read_stb())
    instrument.close()
"#;

/// Serves the instrument with these options.
fn serve(options: &[&str]) -> Running {
    let text = INSTRUMENT.replace("HASH", "#").replace("MANY", &"x".repeat(300_000));
    let args = ["sim", "serve", "--instrument", "psu.toml"].into_iter().chain(options.iter().copied());
    let server = Program::new().file("psu.toml", text.as_bytes()).args(args).start();
    server.said("press Ctrl-C to stop\n");
    server
}

#[test]
fn pyvisa_talks_to_a_served_instrument() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let link = folder.path().join("psu").display().to_string();
    let (socket, hislip) = (free_port().to_string(), free_port().to_string());
    let address = |port: &str| format!("127.0.0.1:{port}");
    let servers = [
        serve(&["--listen", &address(&socket)]),
        serve(&["--link", &link]),
        serve(&["--hislip", "--listen", &address(&hislip)]),
    ];
    let resources = [
        format!("TCPIP0::127.0.0.1::{socket}::SOCKET"),
        format!("ASRL{link}::INSTR"),
        format!("TCPIP0::127.0.0.1::hislip0,{hislip}::INSTR"),
    ];
    let output = python("PyVISA-py[serial]", "0.8.1", CLIENT).args(&resources).output().expect("python3");
    let begin = "ACME,PSU-1,SN7,1.0\n[5.5, 1.0]\n[64, 80, 96, 112, 112, 96, 80, 64]\n";
    let end = "-222,\"Data out of range\" +0,\"No error\"\nVI_ERROR_TMO\n";
    // The error is in the queue, which the status byte tells, until it is read.
    assert_eq!(said(&output), format!("{begin}{end}{begin}{end}{begin}300000\n250 4\n{end}5.5 0\n"));
    // This program on the same ones, by the same resource strings; PyVISA's late replies are not ours.
    let script = r#"
        for arg in args {
            let psu = Instrument.open(arg);
            print(psu.query("VOLT?") + " " + psu.query_numbers("CURV?", #{ format: "u8" }));
            try { psu.query("SLOW?", #{ timeout: 0.05 }) } catch (e) { print(e.kind) }
            print(psu.query("VOLT?") + " " + psu.status_byte());
        }
    "#;
    Program::new()
        .file("a.rhai", script.as_bytes())
        .args(["run", "a.rhai", "--"])
        .args(resources.iter().map(String::as_str))
        .stdout(&"5.5 [64, 80, 96, 112, 112, 96, 80, 64]\nTimeoutError\n5.5 0\n".repeat(3))
        .status(0);
    for server in servers {
        server.interrupt();
        assert_eq!(server.finish().1.status, Some(0));
    }
}

/// A process that ends with its test.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const SIMULATOR: &str = r#"
import sys
from sinstruments.simulator import create_server_from_config
device = {"class": "Pace", "package": "gepace.simulator", "name": "pace", "transports": [{"type": "tcp", "url": "127.0.0.1:" + sys.argv[1]}, {"type": "serial", "url": sys.argv[2]}]}
create_server_from_config({"devices": [device]}).serve_forever()
"#;

#[test]
fn scripts_talk_to_a_simulator_of_sinstruments() {
    let port = free_port().to_string();
    let folder = tempfile::tempdir().expect("a scratch folder");
    let serial = folder.path().join("pace").display().to_string();
    let peer = Peer(python("gepace[simulator]", "1.1.3", SIMULATOR).args([&port, &serial]).spawn().expect("python3"));
    let end = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        assert!(Instant::now() < end, "the simulator does not listen");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    // The controller repeats the header before each value.
    let script = r#"
        instrument Pace {
            query pressure() -> str "SENS1:PRES?"
            query slew() -> str "SOUR1:PRES:SLEW?"
            command set_slew(rate: float in 0..=100) "SOUR1:PRES:SLEW {rate:.1}"
        }
        for arg in args {
            let pace = Pace.open(arg, #{ name: "pace" });
            print(pace.identity.model + " " + pace.identity.firmware);
            print(parse_float(pace.pressure().split(" ")[1]) > 34.0);
            pace.set_slew(2.5);
            print(pace.slew());
            print(pace.query_text("SOUR1:PRES:SLEW?;SENS1:PRES?").split(";").len());
        }
    "#;
    let address = format!("tcp://127.0.0.1:{port}");
    Program::new()
        .file("a.rhai", script.as_bytes())
        .args(["run", "a.rhai", "--", &address, &serial])
        .stdout(&"PACE5000 DK0367  v02.02.14\ntrue\nSOUR1:PRES:SLEW 2.5\n2\n".repeat(2))
        .status(0);
    drop(peer);
}

const STATION: &str = r#"
[boards.dut]
port = "/dev/ttyACM99"
sim = "sim"

[instruments.psu]
port = "tcp://192.0.2.1:5025"
sim = "sim-instrument:std/psu"

[instruments.dmm]
sim = "sim-instrument:std/dmm"

[[wiring]]
from = "psu.out"
to = "dut.adc26"
gain = 0.5

[[wiring]]
from = "psu.out"
to = "dmm.voltage"
max = 3.302

[[wiring]]
from = "psu.output"
to = "dut.pin4"

[[wiring]]
from = "dut.pin5"
to = "dmm.resistance"
gain = 100
"#;

#[test]
fn a_station_wires_simulated_instruments_and_boards() {
    let script = r##"
        import "std/psu" as psu;
        import "std/dmm" as dmm;
        device Unit {
            setup init() autoinit `
                from machine import ADC, Pin
                at_start = ADC(26).read_u16()
                out = Pin(5, Pin.OUT)
            `
            task start() `return at_start`
            task adc() `return ADC(26).read_u16()`
            task enabled() `return Pin(4, Pin.IN).value()`
            task drive(on) `out.value(on)`
        }
        print(station.instruments);
        let supply = psu::Psu.open("psu");
        supply.power(3.3, 0.1);
        let unit = Unit.open("dut");
        let meter = dmm::Dmm.open("dmm");
        print(`${unit.start()} ${unit.adc()} ${unit.enabled()} ${(meter.voltage() - 3.3).abs() < 0.01}`);
        supply.set_voltage(5);
        print(`${unit.adc()} ${(meter.voltage() - 3.302).abs() < 0.01}`);
        unit.drive(1);
        print((meter.resistance() - 330).abs() < 1);
        supply.set_output(false);
        print(`${unit.adc()} ${unit.enabled()} ${meter.voltage().abs() < 0.01}`);
    "##;
    let program = Program::new().file("station.toml", STATION.as_bytes()).file("a.rhai", script.as_bytes());
    program
        .args(["run", "a.rhai", "--simulate"])
        .stdout("[\"psu\", \"dmm\"]\n32768 32768 1 true\n49648 true\ntrue\n0 0 true\n")
        .status(0);
    let wrong = STATION.replace("psu.output", "psu.outptu");
    let outcome = Program::new()
        .file("station.toml", wrong.as_bytes())
        .file("a.rhai", b"print(1);")
        .args(["check", "a.rhai", "--station", "station.toml"])
        .outcome();
    let message = "the simulated instrument `psu` has no property `outptu`, which a wire names";
    assert!(outcome.stderr.contains(message) && outcome.stderr.contains("station.toml:24"), "{}", outcome.stderr);
}
