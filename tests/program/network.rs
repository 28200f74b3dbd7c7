//! Ports over the network: a real serial server in front of a simulated board, and WebREPL in front of a board.

use crate::support::command::{Outcome, Program};
use crate::support::programs;
use crate::support::running::Running;
use crate::support::webrepl;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);

/// The script for every port: values of all kinds, long code, a generator, an exception of the board.
const SCRIPT: &str = "
    device Bench {
        task same(value) `return value`
        task numbers(n) `
            for number in range(n):
                yield number
        `
        teardown off() `print('off')`
    }
    let bench = Bench.open();
    let long = ``;
    for number in 0..300 { long += number + \" é\\n\"; }
    let bytes = blob();
    for number in 0..700 { bytes.push(number % 256); }
    for value in [(), true, 42, 1.5, \"text 😀\", [1, [2]], #{ a: 1 }, long, bytes] {
        if bench.same(value) != value { throw `${value} came back as another`; }
    }
    let sum = 0;
    for number in bench.numbers(20) { sum += number; }
    print(sum);
    try { bench.exec(`1/0`) } catch (error) { print(error.message); }
";
const SAID: &str = "190\nZeroDivisionError: divide by zero\noff\r\n";

#[track_caller]
fn runs_the_script(port: &str, more: &[&str], folder: &Path) {
    let program =
        Program::new().script("a.rhai", SCRIPT).args(["run", "a.rhai", "-p", port]).args(more.iter().copied());
    let outcome = program.outcome_in(folder);
    assert_eq!((outcome.stderr.as_str(), outcome.stdout.as_str(), outcome.status), ("", SAID, Some(0)), "{port}");
}

/// A port number that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener").local_addr().expect("an address").port()
}

/// ser2net in front of the board of `board`'s folder, and its port number.
pub fn ser2net(program: &Path, accepter: &str, board: &Running) -> (Running, u16) {
    let (port, ready) = (free_port(), free_port());
    let folder = board.folder();
    // The echo is there to tell when all of them listen.
    let configuration = format!(
        "connection: &board\n  accepter: {accepter},tcp,127.0.0.1,{port}\n  \
         connector: serialdev,{}/board,115200n81,local\n  options:\n    chardelay: false\n\
         connection: &ready\n  accepter: tcp,127.0.0.1,{ready}\n  connector: echo\n",
        folder.display()
    );
    let file = format!("{port}.yaml");
    std::fs::write(folder.join(&file), configuration.replace(": ,tcp", ": tcp")).expect("a file");
    let mut command = Command::new(program);
    // In the foreground, without lock files, which need rights.
    command.args(["-n", "-u", "-c", &file]);
    let server = Running::start(command, folder, None, LIMIT);
    let deadline = Instant::now() + LIMIT;
    let mut stream = loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, ready)) {
            Ok(stream) => break stream,
            Err(error) if Instant::now() > deadline => panic!("ser2net does not listen: {error}"),
            Err(_) => std::thread::yield_now(),
        }
    };
    stream.set_read_timeout(Some(LIMIT)).expect("a limit");
    stream.write_all(b"?").expect("ser2net is there");
    stream.read_exact(&mut [0]).expect("ser2net answers");
    (server, port)
}

#[test]
fn serial_servers_of_every_kind() {
    let Some([program]) = programs::find(["ser2net"]) else { return };
    let board = Program::new().args(["sim", "serve", "--link", "board"]).limit(LIMIT).start();
    board.said("press Ctrl-C to stop\n");
    for (accepter, scheme) in [("telnet(rfc2217)", "rfc2217"), ("telnet", "telnet"), ("", "tcp")] {
        // Each has its own server, because a server may keep the line for a while after its client has disconnected.
        let (_server, port) = ser2net(&program, accepter, &board);
        runs_the_script(&format!("{scheme}://127.0.0.1:{port}"), &[], board.folder());
        if scheme == "telnet" {
            let outcome = eval(&format!("rfc2217://127.0.0.1:{port}"), &[], board.folder());
            let expected = format!("error: `rfc2217://127.0.0.1:{port}` does not support RFC 2217\n");
            assert!(outcome.stderr.starts_with(&expected), "{outcome:?}");
            assert_eq!(outcome.status, Some(3));
        }
    }
}

fn eval(port: &str, more: &[&str], folder: &Path) -> Outcome {
    Program::new().args(["eval", "-p", port, "6 * 7"]).args(more.iter().copied()).outcome_in(folder)
}

#[test]
fn a_board_by_webrepl() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("right"), "sesame\n").expect("a file");
    std::fs::write(folder.path().join("wrong"), "hush hush\n").expect("a file");
    let server = webrepl::Server::start("sesame");
    let port = format!("ws://127.0.0.1:{}", server.port);
    runs_the_script(&port, &["--password-file", "right"], folder.path());
    // An example that opens whatever port is named.
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/belay/webrepl.rhai");
    let example = Program::new().args(["run", example, "-p", &port, "--password-file", "right"]);
    let said = example.outcome_in(folder.path());
    assert!(said.stdout.ends_with("LED off, counter: 4\n"), "{said:?}");
    // State of an earlier client is kept: such a board is not restarted.
    let set = Program::new().args(["exec", "-p", &port, "kept = 42", "--password-file", "right"]);
    assert_eq!(set.outcome_in(folder.path()).status, Some(0));
    let get = Program::new().args(["eval", "-p", &port, "kept", "--password-file", "right"]);
    assert_eq!(get.outcome_in(folder.path()).stdout, "42\n");

    let refused = eval(&port, &["--password-file", "wrong"], folder.path());
    assert!(refused.stderr.starts_with(&format!("error: `{port}` rejected the password\n")), "{refused:?}");
    assert!(!refused.stderr.contains("hush"), "{refused:?}");
    assert_eq!(refused.status, Some(3));
    // A script can distinguish it from a missing board.
    let script = "try { Device.open(#{ password: `hush` }) } catch (e) { print(e.kind); }";
    let caught = Program::new().script("b.rhai", script).args(["run", "b.rhai", "-p", &port]).outcome_in(folder.path());
    assert_eq!((caught.stdout.as_str(), caught.status), ("AuthenticationError\n", Some(0)), "{caught:?}");
    let asked = eval(&port, &[], folder.path());
    assert!(asked.stderr.starts_with(&format!("error: `{port}` asks for a password\n")), "{asked:?}");
    server.stop();
}

#[test]
fn nobody_there() {
    let port = free_port();
    let folder = tempfile::tempdir().expect("a folder");
    for scheme in ["tcp", "telnet", "rfc2217", "ws"] {
        let outcome = eval(&format!("{scheme}://127.0.0.1:{port}"), &[], folder.path());
        let expected = format!("error: connection refused: nothing listens on `127.0.0.1:{port}`\n");
        assert!(outcome.stderr.starts_with(&expected), "{outcome:?}");
        assert_eq!(outcome.status, Some(3));
    }
}

#[test]
fn a_password_file_that_is_missing_is_misuse() {
    Program::new()
        .args(["eval", "-p", "ws://127.0.0.1", "--password-file", "gone", "1"])
        .stderr(
            "
            error: file not found: `gone`
              help: check the path and the current folder
            ",
        )
        .status(2);
}
