use super::*;

pub(crate) const SUPPLY: &str = r#"
identity = "ACME,PSU-1,SN7,1.0"

[properties.voltage]
command = "[SOURce]:VOLTage[:LEVel]"
value = 0.0
min = 0.0
max = 30.0

[properties.output]
command = "OUTPut[:STATe]"
value = false

[properties.measured]
query = "MEASure:VOLTage[:DC]?"
follows = "voltage"
when = "output"
digits = 4

[properties.mode]
command = "MODE"
value = "CV"
choices = ["CV", "CC"]

[properties.broken]
command = "FAN"
value = 1
fails = "-240,\"Hardware error\""

[[replies]]
query = "CURV?"
reply = "1,2,3"
"#;

fn supply() -> SimInstrument {
    SimInstrument::parse("psu.toml", SUPPLY).unwrap()
}

fn said(instrument: &SimInstrument, message: &str) -> String {
    let replies = instrument.take(message);
    replies.into_iter().map(|(reply, _)| String::from_utf8(reply).unwrap()).collect()
}

#[test]
fn properties_are_set_asked_for_and_followed() {
    let psu = supply();
    for (message, reply) in [
        ("*IDN?", "ACME,PSU-1,SN7,1.0\n"),
        ("VOLT 5", ""),
        ("sour:volt?", "5\n"),
        ("MEAS:VOLT?", "+0.0000E0\n"),
        ("OUTP ON;VOLT 5.5;:MEAS:VOLT?;VOLT?", "+5.5000E0;+5.5000E0\n"),
        ("OUTP?;MODE?", "1;CV\n"),
        ("mode cc", ""),
        ("MODE?", "CC\n"),
        ("CURV?", "1,2,3\n"),
        ("VOLT MAX;VOLT?", "30\n"),
        ("SYST:ERR?", "+0,\"No error\"\n"),
        ("VOLT 31", ""),
        ("VOLT abc", ""),
        ("VOLT", ""),
        ("MODE CX", ""),
        ("FAN 1", ""),
        ("WHAT?", ""),
        ("SYST:ERR?", "-222,\"Data out of range\"\n"),
        ("system:error:next?", "-104,\"Data type error\"\n"),
        ("SYST:ERR?", "-109,\"Missing parameter\"\n"),
        ("SYST:ERR?", "-224,\"Illegal parameter value\"\n"),
        ("SYST:ERR?", "-240,\"Hardware error\"\n"),
        ("SYST:ERR?", "-113,\"Undefined header\"\n"),
        ("*RST;VOLT?", "0\n"),
    ] {
        assert_eq!(said(&psu, message), reply, "{message}");
    }
    psu.set("voltage", Value::Float(99.0)).unwrap();
    assert_eq!(psu.get("voltage").unwrap(), Value::Float(99.0));
    assert!(psu.get("volt").unwrap_err().help().unwrap().contains("voltage"));
    psu.be_silent(1);
    assert_eq!([said(&psu, "VOLT?"), said(&psu, "VOLT?")].concat(), "99\n");
    (0..30).for_each(|_| psu.fail(-100, "x"));
    assert_eq!((0..QUEUE).fold(String::new(), |_, _| said(&psu, "SYST:ERR?")), "-350,\"Queue overflow\"\n");
}

#[test]
fn noise_has_its_deviation_and_repeats() {
    let noisy = || SimInstrument::parse("n", "[properties.v]\nquery = \"V?\"\nvalue = 5.0\nnoise = 0.1").unwrap();
    let values = |instrument: SimInstrument| -> Vec<f64> {
        (0..500).map(|_| said(&instrument, "V?").trim().parse().unwrap()).collect()
    };
    let first = values(noisy());
    assert_eq!(first, values(noisy()));
    let mean = first.iter().sum::<f64>() / 500.0;
    let deviation = (first.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 500.0).sqrt();
    assert!((mean - 5.0).abs() < 0.02 && (deviation - 0.1).abs() < 0.02, "{mean} {deviation}");
}

#[test]
fn a_port_keeps_messages_and_delays_apart() {
    use crate::port::{Port as _, Wait};
    let text =
        "[properties.v]\nquery = \"V?\"\nvalue = 5\ndelay = 0.05\n[properties.arb]\ncommand = \"ARB\"\nvalue = \"\"";
    let mut port = SimInstrument::parse("n", text).unwrap().port("sim-instrument:n");
    let wait = Wait::for_at_most(Duration::from_secs(10));
    let begun = std::time::Instant::now();
    port.write(b"ARB #12\n\n\r\nV", wait).unwrap();
    assert_eq!(port.read_available(&mut Vec::new()), Ok(0));
    port.write(b"?\nSYST:ERR?\n", wait).unwrap();
    let mut seen = Vec::new();
    while seen.iter().filter(|byte| **byte == b'\n').count() < 2 {
        port.read(&mut seen, wait).unwrap();
    }
    assert_eq!(String::from_utf8(seen).unwrap(), "5\n+0,\"No error\"\n");
    assert!(begun.elapsed() >= Duration::from_millis(50));
    let short = Wait::for_at_most(Duration::from_millis(5));
    assert_eq!(port.read(&mut Vec::new(), short), Err(crate::port::PortError::Timeout));
}

#[test]
fn wrong_definitions_name_the_place() {
    let case = |text: &str, message: &str| {
        let error = SimInstrument::parse("f", text).err().unwrap();
        assert!(error.message().starts_with(message), "{text}: {error:?}");
    };
    case("x = ", "invalid TOML in line 1 of `f`: string values must be quoted");
    case("idn = 1", "in `f`: unknown key `idn` in a simulated instrument");
    case("[properties.v]\ncomand = \"V\"", "in `f`: unknown key `comand` in the property `v`");
    case("[properties.v]\nquery = \"V\"", "in `f`: `query` of `v` has no question mark");
    case("[properties.v]\nquery = \"V?\"\nfollows = \"w\"", "in `f`: `v` follows the unknown property `w`");
    case("[properties.v]\nquery = \"V?\"\nfollows = \"v\"", "in `f`: `v` follows itself");
    case("[properties.v]\ncommand = \"V\"\ndelay = -1", "in `f`: `delay` of `v` is not a number of seconds up to 3600");
    case("[[replies]]\nquery = \"V?\"", "in `f`: a reply has no `query` or no `reply`");
}
