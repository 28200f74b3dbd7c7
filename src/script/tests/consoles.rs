//! Consoles in scripts, with units in this process.

use super::*;
use crate::bench::station::{Station, Trust};
use crate::gate::Permissions;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::thread::JoinHandle;

/// Starts a unit; gives the port of its console.
pub(super) fn unit(work: impl FnOnce(TcpStream) + Send + 'static) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = format!("tcp://127.0.0.1:{}", listener.local_addr().unwrap().port());
    (port, std::thread::spawn(move || work(listener.accept().unwrap().0)))
}

/// A unit with a shell: echoes each line, answers it, and prompts, until its console is closed.
pub(super) fn shell(answer: impl Fn(&str) -> String + Send + 'static) -> (String, JoinHandle<()>) {
    unit(move |mut stream| {
        stream.write_all(b"boot v1.2\r\n# ").unwrap();
        let (mut line, mut byte) = (String::new(), [0; 1]);
        while let Ok(1) = stream.read(&mut byte) {
            match byte[0] {
                b'\n' => {
                    let answer = answer(&std::mem::take(&mut line));
                    if stream.write_all(format!("\r\n{answer}# ").as_bytes()).is_err() {
                        return;
                    }
                }
                other => {
                    line.push(char::from(other));
                    stream.write_all(&byte).unwrap();
                }
            }
        }
    })
}

/// Runs a script that may use the network, with this port as its only argument.
pub(super) fn run_at(port: &str, text: &str) -> (Finished, Vec<String>) {
    let watcher = Arc::new(Watcher::default());
    let options = RunOptions { args: vec![port.to_owned()], ..RunOptions::default() };
    let mut runner = Runner::new(Host::new(HostOptions::default()), watcher.clone(), options);
    let finished = runner.run_text("t.rhai", text);
    let lines = lock(&watcher.lines).clone();
    (finished, lines)
}

fn printed_at(port: &str, text: &str) -> Vec<String> {
    let (finished, lines) = run_at(port, text);
    assert!(finished.failure.is_none(), "{text}\n{:?}", finished.failure);
    lines
}

#[test]
fn a_script_talks_to_a_console() {
    let (port, thread) = shell(|line| match line {
        "version" => "unit 7\r\nrevision B\r\n".to_owned(),
        other => format!("unknown command: {other}\r\n"),
    });
    let lines = printed_at(
        &port,
        r##"
        let dut = Console.open(args[0], #{ name: "dut", prompt: "# ", timeout: 5 });
        let booted = dut.expect(regex("v(?<major>\\d+)\\.(\\d+)"));
        print(`${booted.before}|${booted.text}|${booted.groups}|${booted.named.major}`);
        print(dut.expect_any(["login:", "# "]).index);
        print(dut.command("version"));
        dut.send_line("x");
        print(dut.read_until("command: "));
        print(dut.read_line(5));
        print(dut.read(2).len());
        dut.write("y\n".to_blob());
        print(dut.expect("# ").before.contains("command: y"));
        print([dut.name, dut.is_open, dut.last_lines.len() > 3, dut.read_available()]);
        let both = parallel([|| dut.command("version", 5), || dut.is_open]);
        print(both[1]);
        dut.close();
        print(`${dut}`.ends_with("(closed)"));
        "##,
    );
    let wanted = [
        "boot |v1.2|[\"1\", \"2\"]|1",
        "1",
        "unit 7\nrevision B",
        "x\r\nunknown ",
        "x",
        "2",
        "true",
        "[\"dut\", true, true, \"\"]",
        "true",
        "true",
    ];
    assert_eq!(lines, wanted);
    thread.join().unwrap();
}

#[test]
fn errors_of_consoles_say_what_came_and_what_to_do() {
    let (port, thread) = shell(|_| String::new());
    let script = format!("let dut = Console.open(\"{port}\", #{{ name: \"dut\" }}); ");
    let message = |text: &str| {
        let (port, thread) = shell(|_| String::new());
        let (finished, _) = run_at(
            &port,
            &format!("let dut = Console.open(args[0], #{{ name: \"dut\" }}); dut.expect(\"# \"); {text}"),
        );
        thread.join().unwrap();
        let failure = finished.failure.unwrap_or_else(|| panic!("no failure: {text}"));
        format!("{} | {}", failure.title, failure.help.unwrap_or_default())
    };
    assert_eq!(
        message("dut.expect(\"login:\", 0.05)"),
        "`dut`: \"login:\" did not come within 0.05 s | the last lines were:\n  boot v1.2\n  #"
    );
    assert_eq!(
        message("dut.expect(1)"),
        "a console cannot wait for an integer | use a string, a blob, or `regex(\"…\")`"
    );
    assert!(message("dut.command(\"x\")").starts_with("the console `dut` has no prompt | pass it to `open`"));
    assert!(message("dut.set_dtr(true)").contains("has no control lines | use a serial port, or `rfc2217://`"));
    assert!(message("dut.send_break()").contains("cannot send a break"));
    assert!(message("dut.close(); dut.send(\"x\")").starts_with("`dut` is closed"));
    assert!(message("regex(\"(\")").starts_with("invalid regular expression `(`: unclosed group"));
    // The script itself names the port: it needs a permission.
    let (finished, _) = run_at("other", &script);
    let refused = finished.failure.unwrap();
    assert_eq!(refused.kind, Kind::PermissionError, "{refused:?}");
    assert!(refused.help.unwrap().contains("--allow net="));
    drop(TcpStream::connect(port.trim_start_matches("tcp://")).unwrap());
    thread.join().unwrap();
}

#[test]
fn options_of_consoles_are_checked() {
    let case = |options: &str, wanted: &str| {
        let failure = failure(&format!("Console.open(\"sim\", #{{ {options} }})"));
        assert!(failure.contains(wanted), "{options}: {failure}");
    };
    case("baudrat: 1", "a console has no option `baudrat`");
    case("baudrat: 1", "did you mean `baudrate`?");
    case("parity: \"mark\"", "unknown parity \"mark\"");
    case("parity: 1", "the option `parity` takes a string");
    case("stop_bits: 3", "the option `stop_bits` takes 1 or 2");
    case("timeout: -1", "the option `timeout` takes a positive number of seconds");
    case("prompt: \"\"", "the option `prompt` is empty");
    assert!(failure("Console.open(1)").contains("the port of a console is an int"));
}

#[test]
fn a_log_is_attached_to_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dut.log");
    let (port, thread) = shell(|_| "pong\r\n".to_owned());
    let watcher = Arc::new(Watcher::default());
    let mut permissions = Permissions::default();
    permissions.files.add(Some(folder.path().to_owned()));
    let options =
        RunOptions { args: vec![port, path.to_string_lossy().into_owned()], permissions, ..RunOptions::default() };
    let mut runner = Runner::new(Host::new(HostOptions::default()), watcher, options);
    let text = "let dut = Console.open(args[0], #{ prompt: \"# \" }); dut.log(args[1]); dut.expect(\"# \"); dut.command(\"ping\"); throw \"end\";";
    let finished = runner.run_text("t.rhai", text);
    // The end of the run closes the console, whatever happened.
    thread.join().unwrap();
    assert_eq!(finished.failure.unwrap().title, "end");
    let attached = &finished.report.attachments[0];
    assert_eq!((attached.name.as_str(), attached.media.as_str()), ("dut.log", "text/plain"));
    let log = std::fs::read_to_string(Path::new(&path)).unwrap();
    assert_eq!(attached.size, log.len() as u64);
    let lines: Vec<&str> = log.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    let expected = ["< # ", "> ping", "< ping", "< pong", "< # "];
    assert!(lines.ends_with(&expected) || lines.contains(&"> ping") && lines.contains(&"< pong"), "{log}");
}

#[test]
fn time_limits_end_a_wait() {
    let (port, thread) = shell(|_| String::new());
    let (finished, _) = run_at(&port, "let dut = Console.open(args[0]); timeout(0.05, || dut.expect(\"never\", 60));");
    assert_eq!(finished.failure.unwrap().kind, Kind::TimeoutError);
    thread.join().unwrap();
}

#[test]
fn calls_of_consoles_are_checked_before_a_run() {
    let found = |text: &str| {
        let (mut runner, _) = runner();
        let _ = runner.check_text("t.rhai", text);
        runner.findings().iter().map(|finding| finding.message.clone()).collect::<Vec<_>>()
    };
    let open = "let dut = Console.open(\"sim\"); ";
    let case = |text: &str, wanted: &[&str]| assert_eq!(found(&format!("{open}{text}")), wanted, "{text}");
    case("print(dut.expect(regex(\"a\"), 5).text); dut.send_line(); dut.close(); print(dut.port);", &[]);
    case("dut.expct(\"a\");", &["a Console has no function `expct`"]);
    case("dut.expect();", &["`expect` of a Console takes 1 or 2 arguments, not none"]);
    case("print(dut.prt);", &["a Console has no property `prt`"]);
    assert_eq!(
        found("let d = Console.open(\"sim\", #{ baudrat: 9600 }); d.close();"),
        ["`Console` has no option `baudrat`"]
    );
    assert_eq!(found("Console.session(\"sim\", |d| d.expct(\"\"));"), ["a Console has no function `expct`"]);
}

#[test]
fn frames_go_both_ways() {
    for frame in ["\"cobs\"", "\"slip\"", "#{ length: 2, order: \"little\" }", "#{ end: \"\\r\\n\" }"] {
        let (port, thread) = unit(|mut stream| {
            let mut piece = [0; 1];
            while let Ok(1) = stream.read(&mut piece) {
                let _ = stream.write_all(&piece);
            }
        });
        let text = format!(
            "let dut = Console.open(args[0], #{{ frame: {frame} }}); let one = blob(3, 7); one[1] = 0;
             dut.write_frame(one); dut.write_frame(\"two\".to_blob());
             print(dut.read_frame() == one); print(dut.read_frame(5).as_string());
             try {{ dut.read_frame(0.01) }} catch (e) {{ print(e.message) }}"
        );
        assert_eq!(printed_at(&port, &text), ["true", "two", "no whole frame came within 0.01 s"], "{frame}");
        thread.join().unwrap();
    }
    let refused = |frame: &str| failure(&format!("Console.open(\"sim\", #{{ frame: {frame} }})"));
    assert!(refused("\"hdlc\"").contains("unknown frame \"hdlc\""));
    assert!(refused("#{ end: \"a\", length: 1 }").contains("either an `end` or a `length`"));
    assert!(refused("#{ length: 3 }").contains("`length` of a frame takes 1, 2 or 4 bytes"));
    let (port, thread) = shell(|_| String::new());
    let (finished, _) = run_at(&port, "Console.open(args[0]).read_frame()");
    assert_eq!(finished.failure.unwrap().title, "the console `Console` has no frames");
    thread.join().unwrap();
}

/// A Modbus TCP device with registers that hold their own addresses, and no others than 0 to 99.
fn device() -> (String, JoinHandle<()>) {
    unit(|mut stream| {
        let mut header = [0; 7];
        while stream.read_exact(&mut header).is_ok() {
            let mut pdu = vec![0; usize::from(header[5]) - 1];
            stream.read_exact(&mut pdu).unwrap();
            let (address, count) = (u16::from(pdu[2]), u16::from(pdu[4]));
            let answer = match pdu[0] {
                3 if address + count > 100 => vec![0x83, 2],
                3 => {
                    let values = (address..address + count).flat_map(u16::to_be_bytes);
                    [3, 2 * pdu[4]].into_iter().chain(values).collect()
                }
                1 => vec![1, 1, 0b101],
                _ => pdu[..5].to_vec(),
            };
            let length = u8::try_from(answer.len() + 1).unwrap();
            let frame = [&header[..5], &[length, header[6]], &answer].concat();
            stream.write_all(&frame).unwrap();
        }
    })
}

#[test]
fn a_script_reads_and_writes_registers() {
    let (port, thread) = device();
    let text = r#"
        import "std/modbus" as modbus;
        let line = modbus::tcp(args[0], #{ unit: 3, name: "chamber" });
        print(line.read_holding_registers(5, 3));
        print(line.read_holding(1, "u32"));
        print(line.at_unit(9).unit);
        print(line.read_coils(0, 3));
        line.write_register(7, 1);
        line.write_holding(7, "f32", 1.5);
        line.write_coils(0, [true, false]);
        try { line.read_holding_registers(99, 2) } catch (e) { print(e.message); }
        try { line.write_register(0, 70000) } catch (e) { print(e.message); }
        try { line.write_holding(0, "i16", 40000) } catch (e) { print(e.message); }
        try { modbus::tcp(args[0], #{ units: 3 }) } catch (e) { print(e.help); }
        print(`${line}`.starts_with("chamber on tcp://"));
        line.close();
    "#;
    let wanted = [
        "[5, 6, 7]",
        "65538",
        "9",
        "[true, false, true]",
        "unit 3 answered `illegal data address` (exception 2) to reading 2 holding registers from 99",
        "the value is 70000",
        "40000 does not fit into 16 bits: it takes -32768 to 32767",
        "did you mean `unit`?",
        "true",
    ];
    assert_eq!(printed_at(&port, text), wanted);
    thread.join().unwrap();
}

fn station(text: &str) -> Result<Station, Box<Diagnostic>> {
    Station::parse(Path::new("lab/station.toml"), text)
}

#[test]
fn a_console_of_the_station_is_opened_by_its_name() {
    let run = |trust: Trust, script: &str| {
        let (port, thread) = shell(|_| "unit 7\r\n".to_owned());
        let text = format!("[consoles.dut]\nport = \"{port}\"\nprompt = \"# \"\ntimeout = 5\nnewline = \"\\n\"\n");
        let station = Some(Arc::new(Station { trust, ..station(&text).expect("a station") }));
        let watcher = Arc::new(Watcher::default());
        let options = RunOptions { station, ..RunOptions::default() };
        let mut runner = Runner::new(Host::new(HostOptions::default()), watcher.clone(), options);
        let finished = runner.run_text("t.rhai", script);
        drop(TcpStream::connect(port.trim_start_matches("tcp://")));
        thread.join().unwrap();
        let lines = lock(&watcher.lines).clone();
        (finished, lines)
    };
    let script = "let dut = Console.open(station.consoles[0]); dut.expect(\"# \"); print(dut.name + \" \" + dut.command(\"v\"));";
    let (finished, lines) = run(Trust::Trusted, script);
    assert!(finished.failure.is_none(), "{:?}", finished.failure);
    assert_eq!(lines, ["dut unit 7"]);
    let (finished, _) = run(Trust::Unknown, script);
    let refused = finished.failure.unwrap();
    assert!(
        refused.kind == Kind::PermissionError && refused.title.contains("which you have not trusted"),
        "{refused:?}"
    );
}

#[test]
fn consoles_of_stations_are_checked() {
    let problem = |text: &str| {
        let problem = station(&format!("[consoles.dut]\n{text}")).unwrap_err();
        format!("{} | {}", problem.title, problem.help.unwrap_or_default())
    };
    assert!(problem("").starts_with("missing port of the console `dut` | add `port"));
    assert!(problem("port = \"sim\"\nsimulate = true").starts_with("`dut` has nothing to simulate it"));
    assert_eq!(problem("port = \"sim\"\nparity = \"evn\""), "unknown parity \"evn\" | did you mean `even`?");
    assert_eq!(problem("port = \"sim\"\nbaud = 1").split(" | ").next(), Some("unknown key `baud` in a console"));
    assert!(station("[boards.dut]\nport = \"sim\"\n[consoles.dut]\nport = \"sim\"").is_err());
    let known = station("[consoles.dut]\nport = \"/dev/ttyUSB0\"\nsim = \"exec:cat\"\n").unwrap();
    let console = known.console("dut").unwrap();
    assert_eq!((console.address(false).as_str(), console.address(true).as_str()), ("/dev/ttyUSB0", "exec:cat"));
    let (mut runner, _) = runner_with(RunOptions { station: Some(Arc::new(known)), ..RunOptions::default() });
    let _ = runner.check_text("t.rhai", "let d = Console.open(\"dutt\"); d.close();");
    let found: Vec<&str> = runner.findings().iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(found, ["`lab/station.toml` has no console `dutt`"]);
}

/// A unit that asks who is there, and repeats its question for an empty name.
fn login_unit() -> (String, JoinHandle<()>) {
    unit(|mut stream| {
        let read = |stream: &mut TcpStream| {
            let (mut line, mut byte) = (Vec::new(), [0; 1]);
            while stream.read(&mut byte).unwrap_or(0) == 1 {
                match byte[0] {
                    b'\n' => return Some(String::from_utf8(line).unwrap()),
                    other => line.push(other),
                }
            }
            None
        };
        loop {
            stream.write_all(b"\r\nboard login: ").unwrap();
            match read(&mut stream) {
                None => return,
                Some(name) if name.is_empty() => continue,
                Some(name) => {
                    stream.write_all(b"Password: ").unwrap();
                    let Some(password) = read(&mut stream) else { return };
                    if (name.as_str(), password.as_str()) == ("root", "hush") {
                        stream.write_all(b"\r\nLast login: Tue\r\n# ").unwrap();
                        let _ = read(&mut stream);
                        return;
                    }
                    stream.write_all(b"Login incorrect\r\n").unwrap();
                }
            }
        }
    })
}

#[test]
fn a_login_answers_questions_and_hides_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dut.log");
    let run = |password: &str| {
        let (port, thread) = login_unit();
        let mut permissions = Permissions::default();
        permissions.files.add(Some(folder.path().to_owned()));
        let args = vec![port, path.to_string_lossy().into_owned()];
        let options = RunOptions { args, permissions, ..RunOptions::default() };
        let mut runner = Runner::new(Host::new(HostOptions::default()), Arc::new(Watcher::default()), options);
        let text = format!(
            "let dut = Console.open(args[0], #{{ name: \"dut\", prompt: \"# \" }}); dut.log(args[1]); dut.login(\"root\", \"{password}\");"
        );
        let finished = runner.run_text("t.rhai", &text);
        thread.join().unwrap();
        finished.failure
    };
    assert!(run("hush").is_none());
    let refused = run("wrong one").unwrap();
    assert_eq!(
        (refused.kind, refused.title.as_str()),
        (Kind::AuthenticationError, "`dut`: the unit rejected this user and password")
    );
    let log = std::fs::read_to_string(&path).unwrap();
    assert!(
        log.contains("> root") && log.contains("> ********") && !log.contains("hush") && !log.contains("wrong one"),
        "{log}"
    );
}
