//! Boards whose programs ignore Ctrl-C: calls still end in time, and connecting still works.

use crate::support::command::{Outcome, Program};
use std::time::{Duration, Instant};

/// A program that catches Ctrl-C.
const KEEPS: &str = "
import time
print('main begins')
while True:
    try:
        time.sleep(0.2)
    except KeyboardInterrupt:
        print('nope')
";

/// One of those in `at_limits.rs`.
pub fn a_call_that_catches_ctrl_c_ends_in_time_and_the_next_one_runs() {
    let script = "
        device H {
            task swallow() timeout = 1 `
                import time
                while True:
                    try: time.sleep(0.2)
                    except KeyboardInterrupt: print('ignored')
            `
            task ok() `return 5`
        }
        let h = H.open();
        let begun = timestamp();
        try { h.swallow() } catch (e) { print(e.kind); print(e.help); }
        print(begun.elapsed < 1.6);
        print(h.ok());
    ";
    let Outcome { stdout, stderr, status } =
        Program::new().script("a.rhai", script).args(["run", "a.rhai", "-p", "sim"]).outcome();
    assert_eq!(status, Some(0), "{stdout} {stderr}");
    // The last print may have been interrupted before the end of its line.
    let said = |line: &str| line.trim().trim_start_matches("ignored").to_owned();
    let lines: Vec<String> = stdout.lines().map(said).filter(|line| !line.is_empty()).collect();
    let [kind, help, in_time, value] = lines.as_slice() else { panic!("{stdout}") };
    assert_eq!([kind, in_time, value], ["TimeoutError", "true", "5"], "{stdout} {stderr}");
    assert!(help.starts_with("the program on the board catches Ctrl-C: it printed `ignored`; "), "{help}");
    assert!(stderr.contains("-- `H`: interrupting the last program\n"), "{stderr}");
}

/// One of those in `at_limits.rs`.
pub fn a_main_py_that_catches_ctrl_c_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("main.py"), KEEPS).unwrap();
    let run = |args: &[&str]| {
        let all = args.iter().copied().chain(["-p", "sim:?flash=flash.img"]);
        let begun = Instant::now();
        let outcome = Program::new().args(all).limit(Duration::from_secs(60)).outcome_in(folder.path());
        assert_eq!(outcome.status, Some(0), "{args:?}: {outcome:?}");
        assert!(begun.elapsed() < Duration::from_secs(30), "{args:?}: {:?}", begun.elapsed());
        outcome
    };
    run(&["cp", "main.py", ":/"]);
    let evaluated = run(&["eval", "6 * 7"]);
    assert!(evaluated.stdout.ends_with("42\n"), "{evaluated:?}");
    // The first Ctrl-C may come before the program has begun; else what it printed is on standard error alone.
    assert!(evaluated.stderr.is_empty() || evaluated.stderr.contains("nope"), "{evaluated:?}");
    assert!(run(&["ls", ":/"]).stdout.contains("main.py"));
    run(&["rm", ":/main.py"]);
    let quiet = run(&["eval", "6 * 7"]);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("42\n", ""));
}

#[test]
fn every_byte_of_a_thread_arrives_whatever_it_looks_like() {
    let script = "
        device T {
            thread noise() `
                import time
                for i in range(50):
                    print('<%d|raw REPL; CTRL-B to exit\\n>' % i, end='')
                    time.sleep_ms(20)
            `
            task five() `return 5`
            task slow() `
                time.sleep(0.4)
                return 6
            `
        }
        let t = T.open();
        t.noise();
        let begun = timestamp();
        for i in 0..5 { if t.five() != 5 { throw `five` } sleep(0.02); }
        if begun.elapsed > 1.0 { throw `slow calls` }
        if t.slow() != 6 { throw `slow` }
        sleep(1.2);
    ";
    let outcome = Program::new().script("a.rhai", script).args(["run", "a.rhai", "-p", "sim"]).outcome();
    let texts: String = (0..50).map(|number| format!("<{number}|raw REPL; CTRL-B to exit\n>")).collect();
    assert_eq!(outcome.stdout.replace('\r', ""), texts, "{}", outcome.stderr);
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
}

#[test]
fn the_windows_of_a_raw_paste_are_never_output() {
    let source = format!("x = (\n#{}\n", "a".repeat(300));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.py"), source).unwrap();
    for _ in 0..5 {
        let outcome = Program::new().args(["run", "a.py", "-p", "sim"]).outcome_in(folder.path());
        assert_eq!((outcome.stdout.as_str(), outcome.status), ("", Some(1)), "{}", outcome.stderr);
    }
}

#[test]
fn a_restart_restores_a_replaced_import() {
    let server = Program::new().args(["sim", "serve", "--link", "board"]).start();
    server.said("press Ctrl-C to stop\n");
    let code = "import builtins\ndef f(*a): raise ImportError('no imports')\nbuiltins.__import__ = f";
    let run = |args: &[&str]| {
        let args = args.iter().copied().chain(["-p", "./board"]);
        Program::new().args(args).outcome_in(server.folder())
    };
    assert_eq!(run(&["exec", code]).status, Some(0));
    let refused = run(&["exec", "--no-reset", "print(1)"]);
    assert_eq!(refused.status, Some(3), "{refused:?}");
    assert!(refused.stderr.contains("ImportError: no imports\n"), "{refused:?}");
    assert!(refused.stderr.contains("may have replaced a built-in, such as `builtins.__import__`"), "{refused:?}");
    assert_eq!(run(&["exec", "print(1)"]).stdout, "1\r\n");
    server.interrupt();
    assert_eq!(server.finish().1.status, Some(0));
}

#[test]
fn a_copy_that_does_not_fit_on_a_board_is_refused_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("big.bin"), vec![7; 300 * 1024]).unwrap();
    // Longer than any file that is read at once; it takes no room here.
    std::fs::create_dir_all(folder.path().join("src/lib")).unwrap();
    std::fs::File::create(folder.path().join("src/lib/huge.bin")).unwrap().set_len(3 << 30).unwrap();
    for (from, path, size) in [("big.bin", "/big.bin", "307200"), ("src", "/src/lib/huge.bin", "3221225472")] {
        let begun = Instant::now();
        let args = ["cp", "-r", from, ":/", "-p", "sim:?flash_size=256k"];
        let outcome = Program::new().args(args).outcome_in(folder.path());
        assert_eq!(outcome.status, Some(1), "{outcome:?}");
        assert!(outcome.stderr.contains(&format!("`{path}` needs {size} bytes, ")), "{outcome:?}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }
}
