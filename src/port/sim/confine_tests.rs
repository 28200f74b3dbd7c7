//! Attempts of code on a simulated board, and of a program in its place, that must fail.

use super::confine::{Confinement, measures};
use super::interpreter::Interpreter;
use super::tests::Board;
use crate::port::Wait;
use crate::port::pty::{Child, Ending, Incoming};
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

/// Runs a line of shell in place of an interpreter. Only builtins work: no process can be created.
fn confined(line: &str, keep: Vec<OwnedFd>) -> (Ending, String) {
    let interpreter = Interpreter::new(PathBuf::from("/bin/bash"), Vec::new());
    let mut confinement = Confinement::new(&interpreter, 0, 0).unwrap();
    let mut command = interpreter.command();
    command.arg("-c").arg(line).env_clear().envs(confinement.variables());
    let mut child = Child::spawn_confined(command, true, keep, Some(Box::new(move || confinement.apply()))).unwrap();
    let wait = Wait::for_at_most(Duration::from_secs(20));
    let mut seen = Vec::new();
    loop {
        let (readable, _) = child.poll(true, false, wait.slice().expect("the program ends"));
        if readable && child.read(&mut seen) == Incoming::Closed {
            return (child.finish(), String::from_utf8_lossy(&seen).into_owned());
        }
    }
}

/// Code that evaluates an expression and prints its value or its exception.
fn tries(setup: &str, expressions: &[String]) -> String {
    let tries = expressions.iter().map(|expression| {
        format!("try:\n print('got', {expression})\nexcept Exception as e:\n print(type(e).__name__, e.args[0])\n")
    });
    format!("{setup}\n{}", tries.collect::<String>())
}

#[test]
fn a_board_cannot_start_a_shell() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made");
    let mut board = Board::raw("shell");
    let output = board.exec(&format!("import os\nprint(os.system('echo > {}') != 0)", made.display()));
    assert_eq!((output.trim(), made.exists()), ("True", false));
}

#[test]
fn a_board_cannot_reach_files_of_this_computer() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret"), "secret").unwrap();
    let at = |name: &str| format!("/host{}/{name}", folder.path().display());
    let (secret, new) = (at("secret"), at("new"));
    let code = tries(
        "import os, vfs\nvfs.mount(vfs.VfsPosix('/'), '/host')",
        &[
            format!("open('{secret}').read()"),
            format!("open('{secret}', 'w')"),
            format!("open('{new}', 'w')"),
            format!("os.remove('{secret}')"),
            format!("os.mkdir('{new}')"),
            format!("os.rmdir('/host{}')", folder.path().display()),
            format!("list(os.ilistdir('/host{}'))", folder.path().display()),
            "open('/host/etc/passwd').read()".to_owned(),
        ],
    );
    let mut board = Board::raw("files");
    let output = board.exec(&code);
    let lines: Vec<&str> = output.lines().map(str::trim).collect();
    // 13: EACCES.
    assert_eq!(lines, ["OSError 13"; 8]);
    assert_eq!(fs::read_to_string(folder.path().join("secret")).unwrap(), "secret");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_board_cannot_use_this_computers_network() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let mut board = Board::raw("network");
    let code = tries(
        &format!("import socket\na=socket.getaddrinfo('127.0.0.1',{port})[0][-1]"),
        &["socket.socket().connect(a)".to_owned(), "socket.socket(socket.AF_INET,socket.SOCK_DGRAM)".to_owned()],
    );
    let output = board.exec(&code);
    // 1: EPERM.
    assert_eq!(output.lines().map(str::trim).collect::<Vec<_>>(), ["OSError 1", "OSError 1"], "{output}");
}

#[test]
fn hides_the_users_environment() {
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let mut board = Board::raw("environment");
    let output = board.exec("import os\nfor n in 'CARGO_MANIFEST_DIR','HOME','USER','PATH':\n print(os.getenv(n))");
    assert_eq!(output.lines().map(str::trim).collect::<Vec<_>>(), ["None"; 4]);
}

#[test]
fn a_fork_bomb_creates_no_process() {
    let (ending, said) = confined("echo before; b() { b | b & }; b; echo after", Vec::new());
    assert!(said.starts_with("before"), "{said}");
    assert!(said.contains("fork") && !said.contains("after"), "{said}");
    assert_ne!(ending, Ending::Exited(0));
}

#[test]
fn limits_the_size_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("endless");
    let file = OwnedFd::from(fs::File::create(&path).unwrap());
    let line = format!("x={}; while :; do printf %s $x >&{}; done", "x".repeat(8192), file.as_raw_fd());
    let (ending, _) = confined(&line, vec![file]);
    assert_eq!(ending, Ending::Signalled(rustix::process::Signal::XFSZ.as_raw()));
    assert_eq!(fs::metadata(&path).unwrap().len(), 1 << 20);
}

#[test]
fn limits_memory_processor_time_and_descriptors() {
    let leaked = fs::File::open("/dev/null").unwrap();
    rustix::io::fcntl_setfd(&leaked, rustix::io::FdFlags::empty()).unwrap();
    let line = format!("ulimit -v; ulimit -t; ulimit -n; ulimit -c; : <&{} || echo closed", leaked.as_raw_fd());
    let (ending, said) = confined(&line, Vec::new());
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[..4], ["1048576", "86400", "64", "0"], "{said}");
    assert_eq!((lines.last(), ending), (Some(&"closed"), Ending::Exited(0)), "{said}");
}

#[test]
fn a_board_cannot_signal_other_processes() {
    if !measures().signals {
        return;
    }
    let (_, said) = confined("kill -0 $PPID && echo allowed || echo refused", Vec::new());
    assert!(said.ends_with("refused\n"), "{said}");
}
