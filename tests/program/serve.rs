//! `sim serve`: a simulated board as a serial port, for MicroPython's own tool and for this program.

use crate::support::command::{Outcome, Program};
use crate::support::running::Running;
use crate::support::{is_left_to_ci, mpremote};

/// A server of a board, at `board` in its folder.
fn server() -> Running {
    let running = Program::new().args(["sim", "serve", "--link", "board"]).start();
    running.said("press Ctrl-C to stop\n");
    running
}

/// A run without a restart loads nothing that the board still has from the one before.
#[test]
fn a_board_is_known_to_the_next_run() {
    let server = server();
    let run = |body: &str, resident: &str| {
        let script = format!(
            "device Bench {{ task f() `return {body}` }}\nprint(Bench.open((), #{{ soft_reset: false }}).f());\n"
        );
        let program = Program::new().script("a.rhai", &script).env("BELAY_SCRIPT_RESIDENT", resident);
        let program =
            program.env("BELAY_SCRIPT_CACHE", "cache").args(["run", "a.rhai", "--port", "board", "--profile"]);
        let Outcome { stdout, stderr, status } = program.outcome_in(server.folder());
        assert_eq!((stdout.as_str(), status), (format!("{body}\n").as_str(), Some(0)), "{stderr}");
        let row = stderr.lines().find(|line| line.ends_with("connecting")).unwrap_or_else(|| panic!("{stderr}"));
        let sent = row.split_whitespace().zip(row.split_whitespace().skip(1)).find(|(_, unit)| *unit == "B");
        sent.expect("bytes").0.parse::<u32>().expect("a number")
    };
    let cache = server.folder().join("cache/boards");
    assert!(run("7", "on") > 600);
    assert_eq!(std::fs::read_to_string(&cache).unwrap().lines().count(), 1);
    assert!(run("7", "on") < 350);
    // Another script, and the first again.
    assert!(run("8", "on") > 600);
    assert!(run("8", "on") < 350);
    assert!(run("7", "on") > 600);
    assert!(run("7", "off") > 600);
    // What is remembered and not true costs an exchange, and anything else in the file is ignored.
    remote(&server, &["exec", "f = 5"]);
    assert!(run("7", "on") > 600);
    std::fs::write(&cache, b"\xff anything").unwrap();
    assert!(run("7", "on") > 600);
    assert!(run("7", "on") < 350);
}

/// Runs mpremote on the board of `server`; gives what it said.
#[track_caller]
fn remote(server: &Running, args: &[&str]) -> String {
    let args: Vec<&str> = ["connect", "board"].iter().chain(args).copied().collect();
    let Outcome { stdout, stderr, status } = mpremote::run(server.folder(), &args);
    assert_eq!((stderr.as_str(), status), ("", Some(0)), "mpremote {args:?}: {stdout}");
    stdout.replace('\r', "")
}

#[test]
fn mpremote_runs_code() {
    let server = server();
    assert_eq!(remote(&server, &["exec", "print(1 + 1)"]), "2\n");
    assert_eq!(remote(&server, &["eval", "3 * 4"]), "12\n");
    assert_eq!(remote(&server, &["exec", "x = 5", "exec", "print(x)"]), "5\n");
    std::fs::write(server.folder().join("program.py"), "print('from', __name__)\n").unwrap();
    assert_eq!(remote(&server, &["run", "program.py"]), "from __main__\n");
    let failed = mpremote::run(server.folder(), &["connect", "board", "exec", "1/0"]);
    assert!(failed.stdout.contains("ZeroDivisionError"), "{failed:?}");
    assert_eq!(failed.status, Some(1));
}

#[test]
fn mpremote_meets_the_profile_that_is_served() {
    if is_left_to_ci("served") {
        return;
    }
    let running = Program::new().args(["sim", "serve", "--link", "board", "--board", "pico"]).start();
    running.said("press Ctrl-C to stop\n");
    assert_eq!(remote(&running, &["exec", "import sys; print(sys.platform)"]), "rp2\n");
    assert_eq!(remote(&running, &["eval", "__import__('os').uname().machine"]), "Raspberry Pi Pico with RP2040\n");
    let failed = mpremote::run(running.folder(), &["connect", "board", "exec", "import machine; machine.Pin(99)"]);
    assert!(failed.stdout.contains("ValueError: invalid pin"), "{failed:?}");
    std::fs::write(running.folder().join("a.txt"), "one\ntwo\n").unwrap();
    remote(&running, &["fs", "cp", "a.txt", ":a.txt"]);
    assert_eq!(remote(&running, &["fs", "cat", ":a.txt"]), "one\ntwo\n");
}

#[test]
fn mpremote_copies_files_both_ways() {
    let server = server();
    let bytes: Vec<u8> = (0..=255).cycle().take(5000).collect();
    std::fs::write(server.folder().join("data.bin"), &bytes).unwrap();
    remote(&server, &["fs", "cp", "data.bin", ":data.bin"]);
    remote(&server, &["fs", "mkdir", "lib"]);
    remote(&server, &["fs", "cp", "data.bin", ":lib/more.bin"]);
    let list = remote(&server, &["fs", "ls"]);
    let lines: Vec<&str> = list.lines().map(str::trim).collect();
    assert_eq!(lines, ["ls :", "5000 data.bin", "0 lib/"]);
    remote(&server, &["fs", "cp", ":lib/more.bin", "back.bin"]);
    assert_eq!(std::fs::read(server.folder().join("back.bin")).unwrap(), bytes);
    remote(&server, &["fs", "rm", "data.bin"]);
    assert_eq!(remote(&server, &["fs", "ls"]).lines().count(), 2);
}

#[test]
fn a_soft_reset_clears_the_memory_and_keeps_the_files() {
    if is_left_to_ci("served") {
        return;
    }
    let server = server();
    let code = "x = 5\nwith open('kept.txt', 'w') as f: f.write('kept')";
    remote(&server, &["exec", code]);
    assert_eq!(remote(&server, &["resume", "exec", "print('x' in dir())"]), "True\n");
    remote(&server, &["soft-reset"]);
    assert_eq!(remote(&server, &["resume", "exec", "print('x' in dir())"]), "False\n");
    assert_eq!(remote(&server, &["resume", "exec", "print(open('kept.txt').read())"]), "kept\n");
}

/// The flash of a served board is its own, though its port is a serial port and its `sys.platform` a computer's.
#[test]
fn file_commands_change_the_flash_of_the_board() {
    if is_left_to_ci("served") {
        return;
    }
    let server = server();
    let folder = server.folder();
    std::fs::create_dir(folder.join("src")).unwrap();
    std::fs::write(folder.join("src/main.py"), "print('main')  # runs\n").unwrap();
    std::fs::write(folder.join("src/data.bin"), [13, 10].repeat(5000)).unwrap();
    let says = |args: &[&str], stdout: &str| {
        let outcome = Program::new().args(args.iter().chain(&["-p", "./board"]).copied()).outcome_in(folder);
        assert_eq!((outcome.stdout.as_str(), outcome.status), (stdout, Some(0)), "{args:?}: {}", outcome.stderr);
    };
    says(
        &["sync", "src"],
        "+ /main.py (14 bytes)\n+ /data.bin (10000 bytes)\nsent 2 files (10014 bytes), removed 0 files; 0 unchanged\n",
    );
    says(&["sync", "src"], "nothing to do: 2 files up to date\n");
    says(&["cp", "src/main.py", ":/"], "");
    says(&["mkdir", ":/app"], "");
    says(&["cp", "-r", "src", ":/app"], "");
    says(&["ls", ":/app/src"], "data.bin\nmain.py\n");
    says(&["cat", ":/main.py"], "print('main')  # runs\n");
    says(&["cp", ":/app/src/data.bin", "back.bin"], "");
    assert!(std::fs::read(folder.join("back.bin")).unwrap() == [13, 10].repeat(5000));
    says(&["mv", ":/main.py", ":/other.py"], "");
    says(&["rm", "-r", ":/app"], "");
    says(&["ls"], "data.bin\nother.py\n");
    assert_eq!(remote(&server, &["fs", "ls"]).lines().count(), 3);
}

/// Through the code for serial ports, with values of all sizes.
#[test]
fn scripts_run_on_the_serial_port() {
    let server = server();
    let script = "
        device Bench {
            setup init() autoinit `
                count = 0
            `
            task same(value) `return value`
            task next() `
                global count
                count += 1
                print('call', count)
                return count
            `
            task numbers(n) `
                for number in range(n):
                    yield number
            `
            teardown off() `print('off')`
        }
        let bench = Bench.open();
        print(bench.is_simulated);
        let long = ``;
        for number in 0..2000 { long += number + \" é\\n\"; }
        let bytes = blob();
        for number in 0..5000 { bytes.push(number % 256); }
        for value in [(), true, 42, 1.5, \"text 😀\", [1, [2]], #{ a: 1 }, long, bytes] {
            if bench.same(value) != value { throw `${value} came back as another`; }
        }
        let sum = 0;
        for number in bench.numbers(50) { sum += number; }
        measure(\"sum\", sum);
        bench.next();
        print(bench.next());
        try { bench.exec(`1/0`) } catch (error) { print(error.message); }
    ";
    // Twice: each opening restarts the board.
    for _ in 0..2 {
        let program = Program::new().script("a.rhai", script).args(["run", "a.rhai", "-p", "./board"]);
        let outcome = program.outcome_in(server.folder());
        // The other end of the terminal is a program.
        let expected = "false\nsum  1225\ncall 1\r\ncall 2\r\n2\nZeroDivisionError: divide by zero\noff\r\n\
            simulated: Bench (program) – not a verdict on hardware\n";
        assert_eq!((outcome.stderr.as_str(), outcome.stdout.as_str(), outcome.status), ("", expected, Some(0)));
    }
    // The port is usable afterwards.
    assert_eq!(remote(&server, &["exec", "print(1 + 1)"]), "2\n");
}

#[test]
fn a_port_that_is_in_use_is_refused() {
    let server = server();
    let script = "
        let board = Device.open();
        print(`holding`);
        loop { }
    ";
    let holder = Program::new().script("hold.rhai", script).args(["run", "hold.rhai", "-p", "./board"]);
    let holder = holder.start_in(server.folder());
    holder.said("holding\n");

    let second = Program::new().args(["eval", "-p", "./board", "1 + 1"]).outcome_in(server.folder());
    let help = "close the other program (a serial monitor, an editor's REPL, another run of belay-script) and try again; \
         on Linux `belay-script doctor` names it";
    let expected = format!("error: `./board` is in use by another program\n  help: {help}\n");
    assert_eq!((second.stdout.as_str(), second.stderr, second.status), ("", expected, Some(3)));
    let other = mpremote::run(server.folder(), &["connect", "board", "exec", "print(1)"]);
    assert_eq!(other.status, Some(1), "{other:?}");

    // Neither disturbed the first program, and the port is free once that has ended.
    holder.interrupt();
    let (_, outcome) = holder.finish();
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("holding\n", Some(130)), "{}", outcome.stderr);
    let free = Program::new().args(["eval", "-p", "./board", "1 + 1"]).outcome_in(server.folder());
    assert_eq!((free.stdout.as_str(), free.stderr.as_str()), ("2\n", ""));
}

#[test]
fn a_server_that_is_killed_is_an_unplugged_board() {
    let server = server();
    let script = "
        let board = Device.open();
        board.exec(\"print('spinning')\\nwhile True: pass\");
    ";
    let program = Program::new().script("a.rhai", script).args(["run", "a.rhai", "-p", "./board"]);
    let running = program.start_in(server.folder());
    running.said("spinning\r\n");
    rustix::process::kill_process(server.id(), rustix::process::Signal::KILL).unwrap();
    let (_, outcome) = running.finish();
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("spinning\r\n", Some(3)));
    let expected = "error: `Device`: the connection was lost: `./board` is gone: the board was unplugged, or it \
                    restarted its USB\n  --> a.rhai:2:7\n";
    assert!(outcome.stderr.starts_with(expected), "{}", outcome.stderr);
}

#[test]
fn ctrl_c_ends_the_server_and_removes_its_link() {
    let folder = tempfile::tempdir().unwrap();
    let running = Program::new().args(["sim", "serve", "--link", "board"]).start_in(folder.path());
    running.said("press Ctrl-C to stop\n");
    assert_eq!(remote(&running, &["exec", "print(1)"]), "1\n");
    running.interrupt();
    let (_, outcome) = running.finish();
    let said = "serving a simulated board at board; press Ctrl-C to stop\n";
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str(), outcome.status), (said, "", Some(0)));
    assert!(std::fs::symlink_metadata(folder.path().join("board")).is_err(), "the link is still there");
}
