//! Instruments beside tools that nobody here wrote: PyVISA-py as a client of a simulated instrument that is served, and a simulator of
//! sinstruments (the pressure controller of gepace) as an instrument of a script.

use crate::support::command::Program;
use crate::support::mpremote::pypi;
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
    let mut command = Command::new("python3");
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

[[replies]]
query = "CURV?"
reply = "HASH18@P`pp`P@"
"#;

const CLIENT: &str = r#"
import sys, pyvisa
instrument = pyvisa.ResourceManager("@py").open_resource(sys.argv[1], read_termination="\n", write_termination="\n")
instrument.timeout = 5000
print(instrument.query("*IDN?"))
instrument.write("VOLT 5.5;OUTP ON")
print(instrument.query_ascii_values("SOURCE:VOLTAGE:LEVEL?;:OUTP?", separator=";"))
print(instrument.query_binary_values("CURV?", datatype="B"))
instrument.write("VOLT 31")
print(instrument.query("SYST:ERR?"), instrument.query("SYST:ERR?"))
instrument.timeout = 50
try:
    print(instrument.query("SLOW?"))
except pyvisa.VisaIOError as error:
    print(error.abbreviation)
"#;

fn serve(listen: &str) -> Running {
    let text = INSTRUMENT.replace("HASH", "#");
    let args = ["sim", "serve", "--instrument", "psu.toml", "--listen", listen];
    let server = Program::new().file("psu.toml", text.as_bytes()).args(args).start();
    server.said("press Ctrl-C to stop\n");
    server
}

#[test]
fn pyvisa_talks_to_a_served_instrument() {
    let listen = format!("127.0.0.1:{}", free_port());
    let server = serve(&listen);
    let resource = format!("TCPIP0::{}::SOCKET", listen.replace(':', "::"));
    let output = python("PyVISA-py", "0.8.1", CLIENT).arg(&resource).output().expect("python3");
    let expected = "ACME,PSU-1,SN7,1.0\n[5.5, 1.0]\n[64, 80, 96, 112, 112, 96, 80, 64]\n\
                    -222,\"Data out of range\" +0,\"No error\"\nVI_ERROR_TMO\n";
    assert_eq!(said(&output), expected);
    // This program on the same one, by the same resource string; PyVISA's late reply is not ours.
    let script = r#"
        let psu = Instrument.open(args[0]);
        print(psu.query("VOLT?") + " " + psu.query_numbers("CURV?", #{ format: "u8" }));
        try { psu.query("SLOW?", #{ timeout: 0.05 }) } catch (e) { print(e.kind) }
        print(psu.query("VOLT?"));
    "#;
    Program::new()
        .file("a.rhai", script.as_bytes())
        .args(["run", "a.rhai", "--", &resource])
        .stdout("5.5 [64, 80, 96, 112, 112, 96, 80, 64]\nTimeoutError\n5.5\n")
        .status(0);
    server.interrupt();
    assert_eq!(server.finish().1.status, Some(0));
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
device = {"class": "Pace", "package": "gepace.simulator", "name": "pace", "transports": [{"type": "tcp", "url": "127.0.0.1:" + sys.argv[1]}]}
create_server_from_config({"devices": [device]}).serve_forever()
"#;

#[test]
fn scripts_talk_to_a_simulator_of_sinstruments() {
    let port = free_port().to_string();
    let peer = Peer(python("gepace[simulator]", "1.1.3", SIMULATOR).arg(&port).spawn().expect("python3"));
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
        let pace = Pace.open(args[0], #{ name: "pace" });
        print(pace.identity.model + " " + pace.identity.firmware);
        print(parse_float(pace.pressure().split(" ")[1]) > 34.0);
        pace.set_slew(2.5);
        print(pace.slew());
        print(pace.query_text("SOUR1:PRES:SLEW?;SENS1:PRES?").split(";").len());
    "#;
    let address = format!("tcp://127.0.0.1:{port}");
    Program::new()
        .file("a.rhai", script.as_bytes())
        .args(["run", "a.rhai", "--", &address])
        .stdout("PACE5000 DK0367  v02.02.14\ntrue\nSOUR1:PRES:SLEW 2.5\n2\n")
        .status(0);
    drop(peer);
}
