//! Consoles in scripts, with units in this process.

use super::*;
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
