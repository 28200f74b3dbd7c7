//! Whatever hangs, SIGTERM ends belay-script within two seconds: programs that it has started, ports that are being opened,
//! boards, teardowns, its own output.

use crate::support::command::{Outcome, Program, executable};
use crate::support::running::Running;
use crate::support::terminal::{Terminal, readable};
use rustix::process::{Pid, Signal, kill_process};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

/// A helper that reports its start, and ignores signals.
const HUNG: &str =
    "#!/bin/sh\ntrap '' TERM INT HUP\necho $$ > begun\nwhile :; do sleep 30 >/dev/null 2>&1 & wait; done\n";

fn helper(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    executable(path, HUNG);
}

/// Starts `program` in `folder`, waits until its helper hangs, and asks it to end.
#[track_caller]
fn ends(folder: &Path, program: &Program) {
    let running = program.start_in(folder);
    let deadline = Instant::now() + Duration::from_secs(30);
    let begun = folder.join("begun");
    while std::fs::read(&begun).map_or(true, |text| text.is_empty()) {
        assert!(Instant::now() < deadline, "the helper did not begin");
        std::thread::park_timeout(Duration::from_millis(10));
    }
    let outcome = asked_to_end(running);
    assert!(matches!(outcome.status, Some(130 | 1)), "{outcome:?}");
    // The helper has been ended with the program.
    let helper: i32 = std::fs::read_to_string(&begun).unwrap().trim().parse().unwrap();
    assert!(!Path::new(&format!("/proc/{helper}/cwd")).exists(), "the helper runs on");
    std::fs::remove_file(begun).unwrap();
}

/// Sends SIGTERM to a program, which must end in time.
#[track_caller]
fn asked_to_end(running: Running) -> Outcome {
    let asked = Instant::now();
    kill_process(running.id(), Signal::TERM).unwrap();
    let (_, outcome) = running.finish();
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}: {outcome:?}");
    outcome
}

#[test]
fn a_hung_helper_does_not_outlive_a_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    helper(&root.join("bin/hung"));
    helper(&root.join("git/git"));
    std::fs::create_dir(root.join("app")).unwrap();
    std::fs::write(root.join("app/a.py"), "x = 1\n").unwrap();
    let hung = root.join("bin/hung").display().to_string();
    let program = |text: &str| Program::new().script("a.rhai", text);
    let run = format!("import \"std/process\" as p; p::run([\"{hung}\"]);");
    ends(root, &program(&run).args(["run", "a.rhai", "--allow", "process"]));
    let path = format!("{}:{}", root.join("git").display(), std::env::var("PATH").unwrap());
    ends(root, &program("loop { }").args(["run", "a.rhai", "--jsonl", "log"]).env("PATH", &path));
    ends(
        root,
        &Program::new().args(["edit", ":/a.py", "-p", "sim:?flash_size=1m"]).env("EDITOR", &format!("exec {hung}")),
    );
    ends(root, &Program::new().args(["sync", "app", "-p", "sim:?flash_size=1m", "--mpy-cross-binary", &hung]));
}

#[test]
fn a_port_that_never_answers_does_not_outlive_a_sigterm() {
    let open = |port: &str| Program::new().script("a.rhai", "Device.open();").args(["run", "a.rhai", "-p", port]);
    let interrupted = |running: Running| {
        let outcome = asked_to_end(running);
        assert_eq!(outcome.status, Some(130), "{outcome:?}");
    };
    let terminal = Terminal::open();
    let running = open(terminal.port()).start();
    terminal.wait();
    interrupted(running);
    // A server that accepts the connection, and sends nothing.
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    for scheme in ["tcp", "rfc2217", "telnet", "ws"] {
        let running = open(&format!("{scheme}://{address}")).start();
        let _accepted = server.accept().unwrap();
        interrupted(running);
    }
    let folder = tempfile::tempdir().unwrap();
    helper(&folder.path().join("hung"));
    ends(folder.path(), &open("exec:./hung"));
    // One closure hangs, the other waits for its time.
    let both = "parallel([|| Device.open(\"exec:./hung\"), || sleep(1000)]);";
    ends(folder.path(), &Program::new().script("b.rhai", both).args(["run", "b.rhai", "--allow", "process"]));
}

#[test]
fn a_board_that_hangs_does_not_outlive_a_sigterm() {
    const KEEPS_CTRL_C: &str = "
        import time
        print('hanging')
        while True:
            try: time.sleep(1)
            except KeyboardInterrupt: pass";
    let hangs = |item: &str, body: &str, then: &str| {
        let script = format!("device Bench {{ {item} `{body}` }}\nlet bench = Bench.open();\n{then}");
        let program = Program::new().file("a.rhai", script.as_bytes());
        let running = program.args(["run", "a.rhai", "-p", "sim"]).start();
        running.said(if then.contains("print") { "ready" } else { "hanging" });
        running
    };
    let interrupted = |running: Running| {
        let outcome = asked_to_end(running);
        assert_eq!(outcome.status, Some(130), "{outcome:?}");
        outcome
    };
    const WAITS: &str = "print(`ready`); sleep(1000);";
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let outcome = interrupted(hangs("teardown off()", "\n    while True: pass", WAITS));
            assert!(outcome.stderr.contains("teardown `off`: no reply within 0."), "{outcome:?}");
        });
        scope.spawn(|| interrupted(hangs("teardown off()", KEEPS_CTRL_C, WAITS)));
        scope.spawn(|| interrupted(hangs("task spin()", KEEPS_CTRL_C, "bench.spin();")));
        // This teardown has enough time, because it declares a timeout.
        scope.spawn(|| {
            let body = "\n    import time\n    time.sleep(2.2)\n    print('off')";
            let running = hangs("teardown off() timeout = 5", body, WAITS);
            kill_process(running.id(), Signal::TERM).unwrap();
            let (_, outcome) = running.finish();
            assert_eq!((&*outcome.stdout, outcome.status), ("ready\noff\r\n", Some(130)), "{outcome:?}");
        });
    });
}

/// No code checks the signal while the program's own output is blocked.
#[test]
fn an_output_that_nobody_reads_does_not_outlive_a_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.rhai"), "let s = \"\"; s.pad(1000000, 'x'); print(s);").unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_belay-script"))
        .args(["run", "a.rhai"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The pipe is full of the first part.
    readable(child.stdout.as_ref().unwrap());
    let asked = Instant::now();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let status = child.wait().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    assert_eq!(status.code(), Some(130));
}
