//! Access of scripts to this computer and its network: about two seconds of processor time in total.

use crate::support::command::{Outcome, Program, executable};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// A folder with the script's own, `inner`, and a file beside that: `secret.txt`.
fn place() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("inner")).expect("a folder");
    fs::write(folder.path().join("secret.txt"), "secret").expect("a file");
    folder
}

/// Runs a script in `inner`, with further arguments.
fn run(place: &TempDir, script: &str, args: &[&str]) -> Outcome {
    let program = Program::new().script("a.rhai", script).args(["run", "a.rhai"]).args(args.iter().copied());
    program.outcome_in(&place.path().join("inner"))
}

/// Refused with a PermissionError whose help names `option`.
#[track_caller]
fn refused(outcome: &Outcome, option: &str) {
    assert_eq!(outcome.status, Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains(option), "`{option}` is not in {}", outcome.stderr);
    assert!(!outcome.stderr.contains("secret\""), "{}", outcome.stderr);
}

/// A program that leaves a mark: its path, and that of the mark.
fn trap(place: &TempDir) -> (String, PathBuf) {
    let (program, mark) = (place.path().join("inner/trap"), place.path().join("mark"));
    executable(&program, &format!("#!/bin/sh\ntouch '{}'\n", mark.display()));
    (program.to_str().expect("a path").to_owned(), mark)
}

#[test]
fn files_elsewhere_are_refused() {
    let place = place();
    symlink("..", place.path().join("inner/out")).expect("a link");
    symlink("../new.txt", place.path().join("inner/new")).expect("a link");
    for script in [
        r#"read_file("../secret.txt");"#,
        r#"read_file_bytes("out/secret.txt");"#,
        r#"write_file("../b.txt", "x");"#,
        r#"append_file("out/secret.txt", "x");"#,
        r#"write_file("new", "x");"#,
        r#"file_exists("../secret.txt");"#,
        r#"list_files("..");"#,
        r#"attach("a", "../secret.txt");"#,
        r#"import "std/csv" as csv; csv::write("../b.csv", [[1]]);"#,
        r#"import "std/json" as json; json::write("../b.json", 1);"#,
    ] {
        let outcome = run(&place, script, &[]);
        refused(&outcome, if script.contains("\"new\"") { "broken symlink" } else { "--allow files=" });
        let caught = format!("try {{ {script} }} catch (error) {{ print(error.kind); }}");
        assert_eq!(run(&place, &caught, &[]).stdout, "PermissionError\n", "{script}");
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2, "something was written");
    assert_eq!(fs::read_to_string(place.path().join("secret.txt")).unwrap(), "secret");
    let allowed = format!("files={}", place.path().display());
    let outcome = run(&place, r#"print(read_file("../secret.txt")); write_file("../b", "");"#, &["--allow", &allowed]);
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("secret\n", Some(0)), "{outcome:?}");
}

#[test]
fn git_folders_are_closed() {
    let place = place();
    fs::create_dir_all(place.path().join("inner/.git/hooks")).expect("a folder");
    for script in [
        r#"write_file(".git/hooks/post-checkout", "x");"#,
        r#"read_file(".git/config");"#,
        r#"write_file("new/.git/config", "x");"#,
    ] {
        refused(&run(&place, script, &[]), "inside a `.git` folder");
    }
    // A board that sees the folder does not see that either.
    let script = r#"
        device D {
            task names() `
                import os
                return sorted(os.listdir("/remote"))
            `
            task open_it() `
                try:
                    open("/remote/.git/config", "w")
                except OSError as e:
                    return e.errno
            `
        }
        let d = D.open();
        d.mount(".", #{ write: true });
        print(`${d.names()} ${d.open_it()}`);
    "#;
    let outcome = run(&place, script, &["-p", "sim"]);
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("[\"a.rhai\"] 13\n", Some(0)), "{outcome:?}");
    assert!(!place.path().join("inner/.git/config").exists());
}

#[test]
fn modules_elsewhere_are_refused() {
    let place = place();
    fs::write(place.path().join("m.rhai"), "print(\"ran\");").expect("a module");
    symlink("../m.rhai", place.path().join("inner/link.rhai")).expect("a link");
    let absolute = place.path().join("m");
    for path in ["../m", "link", absolute.to_str().unwrap()] {
        let script = format!("import \"{path}\" as m;");
        for command in ["run", "check", "doc"] {
            let program = Program::new().script("a.rhai", &script).args([command, "a.rhai"]);
            let outcome = program.outcome_in(&place.path().join("inner"));
            assert_ne!(outcome.status, Some(0), "{command} {path}");
            assert!(outcome.stderr.contains("--allow files="), "{command} {path}: {outcome:?}");
            assert_eq!(outcome.stdout, "", "{command} {path}");
        }
        // One whose name is known at run time only.
        let script = format!("let path = \"{path}\"; import path as m;");
        refused(&run(&place, &script, &[]), "--allow files=");
    }
    let outcome = run(&place, "import \"../m\" as m;", &["--allow", &format!("files={}", place.path().display())]);
    assert_eq!(outcome.stdout, "ran\n", "{outcome:?}");
}

#[test]
fn a_synced_folder_does_not_lead_out() {
    let place = place();
    let app = place.path().join("inner/app");
    fs::create_dir_all(app.join("deps")).expect("a folder");
    fs::write(app.join("main.py"), "").expect("a file");
    let sync = |call: &str, args: &[&str]| {
        run(&place, &format!("let d = Device.open(); print(d.{call}.sent);"), &[&["-p", "sim"], args].concat())
    };
    assert_eq!(sync(r#"sync("app")"#, &[]).status, Some(0));
    refused(&sync(r#"sync("..")"#, &[]), "--allow files=");
    refused(&sync(r#"sync("../secret.txt")"#, &[]), "--allow files=");
    refused(&sync(r#"sync_dependencies("..", ["inner"])"#, &[]), "--allow files=");
    symlink("../../secret.txt", app.join("link.txt")).expect("a link");
    refused(&sync(r#"sync("app")"#, &[]), "link.txt");
    assert_eq!(sync(r#"sync("app", #{ ignore: ["link.txt"] })"#, &[]).status, Some(0));
    let allowed = format!("files={}", place.path().display());
    assert_eq!(sync(r#"sync("app")"#, &["--allow", &allowed]).status, Some(0));
    fs::remove_file(app.join("link.txt")).expect("a link");
    symlink("../../..", app.join("deps/up")).expect("a link");
    refused(&sync(r#"sync_dependencies("app", ["deps"])"#, &[]), "deps/up");
    fs::remove_file(app.join("deps/up")).expect("a link");
    symlink("../../secret.txt", app.join(".belayignore")).expect("a link");
    refused(&sync(r#"sync("app")"#, &[]), ".belayignore");
}

#[test]
fn programs_are_refused_before_they_start() {
    let place = place();
    let (program, mark) = trap(&place);
    fs::write(place.path().join("inner/main.py"), "x = 1\n").expect("a file");
    let scripts = [
        format!(r#"process_run(["{program}"], #{{}});"#),
        format!(r#"Device.open("exec:{program}");"#),
        format!(r#"Device.open("sim").sync("main.py", #{{ mpy_cross_binary: "{program}" }});"#),
        format!(r#"Device.open("sim").sync("main.py", #{{ mpy_cross_binary: "{program}", no_such_option: 1 }});"#),
    ];
    for script in &scripts {
        // The check before a run knows the options, too.
        refused(&run(&place, script, &["--no-check"]), "--allow process");
        assert!(!mark.exists(), "{script}");
    }
    // Named on the command line, or allowed, it starts.
    for args in [["--allow", "process"], ["--allow", &format!("process={program}")], ["-p", &format!("exec:{program}")]]
    {
        run(&place, &scripts[1], &args);
        assert!(mark.exists(), "{args:?}");
        fs::remove_file(&mark).expect("a mark");
    }
    for (script, args) in [("Device.open();", "-p"), ("Device.open(args[0]);", "--")] {
        run(&place, script, &[args, &format!("exec:{program}")]);
        assert!(mark.exists(), "{script}");
        fs::remove_file(&mark).expect("a mark");
    }
}

#[test]
fn variables_are_refused() {
    let script = "print(env(\"SECRET\"));";
    let program = |args: &[&str]| {
        let program = Program::new().script("a.rhai", script).args(["run", "a.rhai"]).args(args.iter().copied());
        program.env("SECRET", "value").outcome()
    };
    refused(&program(&[]), "--allow env=SECRET");
    refused(&program(&["--allow", "env=OTHER,files"]), "--allow env=SECRET");
    for allowed in ["env", "env=SECRET", "files,env=SECRET"] {
        assert_eq!(program(&["--allow", allowed]).stdout, "value\n", "{allowed}");
    }
}

#[test]
fn hosts_are_refused_before_a_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    listener.set_nonblocking(true).expect("a listener that does not wait");
    let port = listener.local_addr().expect("an address").port();
    let place = place();
    for scheme in ["tcp", "rfc2217", "telnet", "ws"] {
        let address = format!("{scheme}://127.0.0.1:{port}");
        refused(&run(&place, &format!("Device.open(\"{address}\");"), &[]), &format!("--allow net=127.0.0.1:{port}"));
        assert!(listener.accept().is_err(), "{scheme}: something connected");
    }
    refused(&run(&place, "Device.open(\"127.0.0.1\");", &["--allow", "net=127.0.0.1:1"]), "--allow net=127.0.0.1:23");
}

#[test]
fn files_of_ports_are_refused() {
    let place = place();
    refused(&run(&place, r#"Device.open("sim:?flash=../flash.img");"#, &[]), "--allow files=");
    refused(&run(&place, r#"Device.open("replay:../secret.txt");"#, &[]), "--allow files=");
    assert!(!place.path().join("flash.img").exists());
    let outcome = run(&place, r#"print(Device.open("sim:?flash=flash.img").exec("1 + 1"));"#, &[]);
    assert_eq!(outcome.stdout, "2\n", "{outcome:?}");
    assert!(place.path().join("inner/flash.img").exists());
    for (path, what) in [("/dev/zero", "a character device, not a terminal"), ("./a.rhai", "a regular file")] {
        let outcome = run(&place, &format!("Device.open(\"{path}\");"), &[]);
        assert_eq!(outcome.status, Some(3));
        let message = format!("`{path}` is not a serial port: it is {what}");
        assert!(outcome.stderr.contains(&message), "{outcome:?}");
    }
}

#[test]
fn a_folder_elsewhere_is_not_mounted() {
    let place = place();
    refused(&run(&place, r#"Device.open().mount("..");"#, &["-p", "sim"]), "--allow files=");
    let outcome = run(
        &place,
        r#"print(Device.open().exec("__import__('os').listdir('/remote')"));"#,
        &["-p", "sim", "--mount", ".."],
    );
    assert!(outcome.stdout.contains("secret.txt"), "{outcome:?}");
}

/// A program whose person has the folders `config` and `data` in `place`.
fn with_places(place: &TempDir) -> Program {
    let path = |name: &str| place.path().join(name).to_str().expect("a path").to_owned();
    Program::new().env("XDG_CONFIG_HOME", &path("config")).env("XDG_DATA_HOME", &path("data"))
}

#[test]
fn an_untrusted_station_has_the_limits_of_a_script() {
    let place = place();
    let inner = place.path().join("inner");
    let (program, mark) = trap(&place);
    let station = |text: &str| fs::write(inner.join("station.toml"), text).expect("a station");
    let outcome = |args: &[&str]| with_places(&place).args(args.iter().copied()).outcome_in(&inner);
    fs::write(inner.join("a.rhai"), "Device.open(\"dut\");").expect("a script");
    let runs: [&[&str]; 3] = [&["run", "a.rhai"], &["info", "-p", "dut"], &["run", "a.rhai", "-p", "dut"]];
    for port in [format!("exec:{program}"), "tcp://127.0.0.1:1".to_owned(), "replay:../secret.txt".to_owned()] {
        station(&format!("[boards.dut]\nport = \"{port}\"\n"));
        for args in runs {
            let refusal = outcome(args);
            refused(&refusal, "belay-script trust .");
            let shown = port.replace(inner.to_str().unwrap(), "[DIR]");
            let message = format!("`station.toml`, which you have not trusted, opens the port `{shown}`");
            assert!(refusal.stderr.contains(&message), "{refusal:?}");
            assert!(!mark.exists());
        }
    }
    station("[boards.dut]\nsim = \"sim:?flash=../flash.img\"\n");
    refused(&outcome(runs[0]), "belay-script trust .");
    assert!(!place.path().join("flash.img").exists());
    station("[boards.dut]\nsimulate = true\n");
    assert_eq!(outcome(runs[0]).status, Some(0));

    // A file that the user names, or trusts as it is, has no limits.
    let text = format!("[boards.dut]\nport = \"exec:{program}\"\n");
    station(&text);
    let opens = |args: &[&str]| {
        outcome(args);
        std::mem::replace(&mut mark.exists(), false) && fs::remove_file(&mark).is_ok()
    };
    assert!(opens(&["run", "a.rhai", "--station", "station.toml"]));
    assert!(opens(&["run", "a.rhai", "--allow", "process"]));
    assert!(!opens(&["run", "a.rhai", "--allow", "files"]));
    let trusted = outcome(&["trust", "."]);
    let full = "[DIR]/station.toml";
    assert_eq!(trusted.stdout, format!("trusted: {full}\n  board dut: exec:[DIR]/trap\n"), "{trusted:?}");
    for args in runs {
        assert!(opens(args), "{args:?}");
    }
    assert_eq!(outcome(&["trust", "--list"]).stdout, format!("trusted  {full}\n"));
    // A change ends the trust, and says so.
    station(&format!("{text}# changed\n"));
    let changed = outcome(runs[0]);
    refused(&changed, "belay-script trust .");
    assert!(changed.stderr.contains("`station.toml` has changed since you trusted it"), "{changed:?}");
    assert!(!mark.exists());
    assert_eq!(outcome(&["trust", "--list"]).stdout, format!("changed  {full}\n"));
    station(&text);
    assert!(opens(runs[0]));
    assert_eq!(outcome(&["trust", ".", "--remove"]).status, Some(0));
    assert!(!opens(runs[0]));
    assert_eq!(outcome(&["trust", ".", "--remove"]).status, Some(2));
    assert_eq!(outcome(&["trust", ".."]).status, Some(2));
}

#[test]
fn an_untrusted_station_writes_reports_only_where_scripts_may() {
    let place = place();
    let inner = place.path().join("inner");
    fs::write(inner.join("test_a.rhai"), "test \"a\" { }").expect("a script");
    let outcome = |args: &[&str]| with_places(&place).args(args.iter().copied()).outcome_in(&inner);
    let elsewhere = place.path().join("reports");
    let reports = |folder: &str| {
        fs::write(inner.join("station.toml"), format!("reports = \"{folder}\"\n")).expect("a station");
    };
    for folder in ["../reports", elsewhere.to_str().unwrap(), ".git/reports"] {
        reports(folder);
        for args in [&["run", "test_a.rhai"][..], &["test"]] {
            refused(&outcome(args), "belay-script trust .");
            assert!(!elsewhere.exists(), "{args:?} {folder}");
        }
        assert_eq!(outcome(&["run", "test_a.rhai", "--no-reports"]).status, Some(0));
    }
    reports("../reports");
    assert_eq!(outcome(&["trust", "."]).status, Some(0));
    assert_eq!(outcome(&["run", "test_a.rhai"]).status, Some(0));
    assert_eq!(fs::read_dir(&elsewhere).expect("the reports").count(), 2);
    reports("here");
    assert_eq!(outcome(&["run", "test_a.rhai"]).status, Some(0));
    assert_eq!(fs::read_dir(inner.join("here")).expect("the reports").count(), 2);
}

#[test]
fn a_configuration_allows_and_is_out_of_reach() {
    let place = place();
    let (inner, config) = (place.path().join("inner"), place.path().join("config/belay-script"));
    fs::create_dir_all(&config).expect("a folder");
    let write = |text: &str| fs::write(config.join("config.toml"), text).expect("a configuration");
    let run = |script: &str, args: &[&str]| {
        let program = with_places(&place).script("a.rhai", script).args(["run", "a.rhai"]).args(args.iter().copied());
        program.env("SECRET", "value").outcome_in(&inner)
    };
    let script = "print(read_file(\"../secret.txt\")); print(env(\"SECRET\"));";
    refused(&run(script, &[]), "--allow files=");
    write(&format!("[allow]\nfiles = [\"{}\"]\nenv = \"SECRET\"\n", place.path().display()));
    assert_eq!(run(script, &[]).stdout, "secret\nvalue\n");
    // A script cannot allow itself more, not even where it may use files.
    let more = "write_file(\"../config/belay-script/config.toml\", \"\");";
    refused(&run(more, &[]), "the configuration of belay-script");
    refused(&run("write_file(\"../data/belay-script/trusted.toml\", \"\");", &[]), "the configuration of belay-script");
    // A configuration next to the script is ignored.
    fs::write(inner.join("config.toml"), "[allow]\nprocess = true\n").expect("a file");
    refused(&run("process_run([\"true\"], #{});", &[]), "--allow process");
    write("[allow]\nfile = true\n");
    let wrong = run("", &[]);
    assert_eq!(wrong.status, Some(2));
    assert!(wrong.stderr.contains("unknown permission `file`") && wrong.stderr.contains("config.toml:2"), "{wrong:?}");
}

#[test]
fn reading_a_script_executes_nothing_of_it() {
    let place = place();
    let inner = place.path().join("inner");
    let bodies = "write_file(\"made\", \"x\"); print(\"ran\");";
    fs::write(
        inner.join("m.rhai"),
        format!("{bodies} export const C = write_file(\"made\", \"x\"); export const D = 2; export const E = {{ loop {{}} }};"),
    )
    .expect("a module");
    let script = r#"
        import "m" as m;
        import "std/file" as file;
        const N = 2 * 3;
        const W = write_file("made", "x");
        const L = { loop {} };
        let slow = { let all = [1]; loop { all += all; } };
        let text = { let t = "x"; loop { t += t; } };
        let huge = blob(9223372036854775807);
        let wide = "a".pad(9223372036854775807, "b");
        let long = { sleep(1000000); 1 };
        let tuples = { let d = 1; for i in 0..99 { d = tuple([d, d]); } d };
        let pointers = { let f = Fn("made"); for i in 0..99 { f = f.curry(f).curry(f); } f };
        fn curried() { let f = Fn("made"); for i in 0..99 { f = f.curry(f).curry(f); } 1 }
        fn twice(n) { n * 2 }
        fn made(n) { write_file("made", "x"); n }
        fn deep(n) { if n == 0 { 0 } else { deep(n - 1) + deep(n - 1) } }
        /// A board.
        device A {
            task a(x = write_file("made", "x"), y = N + 1) `pass`
            task b(x = { loop {} }) `pass`
            task c(x = W, y = L, z = [W, 1]) `pass`
            task d(x = twice(4), y = made(1), z = deep(60)) `pass`
            task e(x = m::C, y = m::D, z = m::E) `pass`
            task f(x = file::write("made", "x")) `pass`
            task g(x = env("HOME"), y = args[0]) timeout = made(1) `pass`
            task h(x = slow, y = text, z = huge, w = wide) `pass`
            task i(x = long) `pass`
            task k(x = tuples, y = pointers, z = curried(), v = tuple([1, 2])) `pass`
            task j(x = Device.open("sim").exec("1")) `pass`
        }
        write_file("made", "x");
        test "one" { write_file("made", "x"); }
        for i in 0..3 { test `in a loop ${i}` { } }
        loop { }
    "#;
    for (args, wanted) in [
        (["check", "a.rhai", ""], "a.rhai: ok (1 class, 11 items)\n"),
        (["test", "--list", "a.rhai"], "a.rhai:32  one\na.rhai:33  in a loop …  (name computed at run time)\n"),
        (["doc", "a.rhai", ""], "task d(x = 8, y = made(1), z = deep(60))"),
    ] {
        let args = args.into_iter().filter(|arg| !arg.is_empty());
        let program = Program::new().script("a.rhai", script).args(args).limit(Duration::from_secs(30));
        let outcome = program.outcome_in(&inner);
        assert_eq!((outcome.stderr.as_str(), outcome.status), ("", Some(0)), "{outcome:?}");
        assert!(outcome.stdout.contains(wanted), "{outcome:?}");
        assert!(!inner.join("made").exists() && !outcome.stdout.contains("ran"), "{outcome:?}");
        if !wanted.contains("task d") {
            continue;
        }
        for head in [
            "task a(x = write_file(\"made\", \"x\"), y = 7)",
            "task b(x = { loop {} })",
            "task c(x = W, y = L, z = [W, 1])",
            "task e(x = m::C, y = 2, z = m::E)",
            "task f(x = file::write(\"made\", \"x\"))",
        ] {
            assert!(outcome.stdout.contains(head), "{head} is not in {}", outcome.stdout);
        }
    }
    // Certain errors are still found.
    for (default, message) in [("1 / 0", "division by zero"), ("nonsense(1)", "nonsense"), ("nobody", "nobody")] {
        let script = format!("device A {{ task a(x = {default}) `pass` }}");
        let outcome = Program::new().script("a.rhai", &script).args(["check", "a.rhai"]).outcome();
        assert_eq!(outcome.status, Some(2), "{outcome:?}");
        assert!(outcome.stderr.to_lowercase().contains(message), "{outcome:?}");
    }
}
