//! What a script may reach of this computer and its network: about two seconds of processor time in all.

use crate::support::command::{Outcome, Program};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
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
    fs::write(&program, format!("#!/bin/sh\ntouch '{}'\n", mark.display())).expect("a file");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
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
        refused(&run(&place, script, &[]), "--allow process");
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
