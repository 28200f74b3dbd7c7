//! Failing or interrupted writes to files of this computer or a board: the old file stays complete.

use crate::support::extent;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, Signal, kill_process, pidfd_open};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

const PORT: &str = "sim:?flash=board.img&flash_size=1m";

fn bs(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_belay-script"));
    command.args(args).current_dir(folder).stdin(std::process::Stdio::null()).env("NO_COLOR", "1");
    command.env("XDG_CONFIG_HOME", "/nowhere").env("XDG_DATA_HOME", "/nowhere").env("EDITOR", "cp new.bin");
    command
}

fn output(folder: &Path, args: &[&str]) -> Output {
    bs(folder, args).output().expect("the program runs")
}

/// Runs a command, and kills it by SIGKILL at moments over the time that it takes. `whole` says after each whether what it
/// writes is there as it was or as it was to be; `again` restores the beginning.
#[track_caller]
fn killed_at_any_time(folder: &Path, args: &[&str], again: &dyn Fn(), whole: &dyn Fn(&str)) {
    const MOMENTS: u32 = 6;
    again();
    let begun = Instant::now();
    let ended = output(folder, args);
    let took = begun.elapsed();
    assert!(ended.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ended.stderr));
    whole("not killed");
    // Begins with the latest.
    for moment in (0..MOMENTS).rev().step_by(extent::one_of("killed")) {
        again();
        let mut command = bs(folder, args);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = command.spawn().expect("the program starts");
        let id = rustix::process::Pid::from_child(&child);
        // The second half of the run is where it writes.
        let at = took * (MOMENTS + moment) / (2 * MOMENTS);
        let end = pidfd_open(id, PidfdFlags::empty()).expect("a handle");
        let limit = Timespec::try_from(at).expect("a short time");
        poll(&mut [PollFd::new(&end, PollFlags::IN)], Some(&limit)).expect("poll");
        // It may have ended.
        let _ = kill_process(id, Signal::KILL);
        child.wait().expect("its end");
        whole(&format!("{args:?} killed after {at:?}"));
    }
}

#[test]
fn a_killed_copy_leaves_the_old_file_or_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let (old, new) = (vec![b'o'; 3_000], vec![b'n'; 150_000]);
    fs::write(root.join("new.bin"), &new).unwrap();
    fs::write(root.join("old.bin"), &old).unwrap();
    let on_board = |file: &str| assert!(output(root, &["cp", file, ":/f.bin", "-p", PORT]).status.success());
    // From the board.
    on_board("new.bin");
    let here = |how: &str| {
        let is = fs::read(root.join("out.bin")).unwrap();
        assert!(is == old || is == new, "{how}: {} bytes", is.len());
    };
    let again = || fs::write(root.join("out.bin"), &old).unwrap();
    killed_at_any_time(root, &["cp", ":/f.bin", "out.bin", "-p", PORT], &again, &here);
    // To the board, by `cp` and by `edit`.
    let there = |how: &str| {
        let is = output(root, &["cat", ":/f.bin", "-p", PORT]);
        assert!(is.status.success(), "{how}: {}", String::from_utf8_lossy(&is.stderr));
        assert!(is.stdout == old || is.stdout == new, "{how}: {} bytes", is.stdout.len());
    };
    killed_at_any_time(root, &["cp", "new.bin", ":/f.bin", "-p", PORT], &|| on_board("old.bin"), &there);
    killed_at_any_time(root, &["edit", ":/f.bin", "-p", PORT], &|| on_board("old.bin"), &there);
}

#[test]
fn killed_reports_and_station_files_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let tests: String = (0..300).map(|number| format!("test \"number {number}\" {{ measure(\"v\", 1); }}\n")).collect();
    fs::write(root.join("t.rhai"), tests).unwrap();
    let old = "old";
    const REPORTS: [(&str, &str); 3] = [("r.html", "</html>"), ("r.json", "}"), ("r.xml", "</testsuites>")];
    let again = || REPORTS.iter().for_each(|(name, _)| fs::write(root.join(name), old).unwrap());
    let whole = |how: &str| {
        for (name, end) in REPORTS {
            let is = fs::read_to_string(root.join(name)).unwrap();
            assert!(is == old || is.trim_end().ends_with(end), "{how}: {name} is torn: {} bytes", is.len());
        }
    };
    let args = ["run", "t.rhai", "--html", "r.html", "--json", "r.json", "--junit", "r.xml"];
    killed_at_any_time(root, &args, &again, &whole);
    let station = "# mine\n[boards.dut]\nport = \"/dev/ttyGONE\"\n";
    let again = || fs::write(root.join("station.toml"), station).unwrap();
    let whole = |how: &str| {
        let is = fs::read_to_string(root.join("station.toml")).unwrap();
        assert!(is == station || is == station.replace("/dev/ttyGONE", "sim"), "{how}: {is}");
    };
    killed_at_any_time(root, &["select", "dut", "-p", "sim"], &again, &whole);
}

/// What each writer does on a file system that is full, or may not be written: its arguments, the file that was there.
const WRITERS: &[(&[&str], Option<&str>)] = &[
    (&["run", "../write.rhai"], Some("a.txt")),
    (&["run", "../csv.rhai"], Some("a.csv")),
    (&["run", "../json.rhai"], Some("a.json")),
    (&["run", "../append.rhai"], Some("kept.txt")),
    (&["run", "../t.rhai", "--html", "r.html"], Some("r.html")),
    (&["run", "../t.rhai", "--json", "r.json"], Some("r.json")),
    (&["run", "../t.rhai", "--junit", "r.xml"], Some("r.xml")),
    (&["run", "../t.rhai", "--jsonl", "log.jsonl"], None),
    (&["run", "../t.rhai", "--csv", "csv"], None),
    (&["report", "../log.jsonl", "--html", "r.html"], Some("r.html")),
    (&["cp", ":/f.bin", "out", "-p", "sim:?flash=../board.img&flash_size=1m"], Some("out")),
    (&["select", "dut", "-p", "sim"], Some("station.toml")),
    (&["definitions", "definitions"], None),
    (&["new", "project"], None),
    (&["convert", "../b.py", "-o", "b.rhai", "--force"], Some("b.rhai")),
    (&["exec", "-p", "sim", "print(1)", "--record", "recording"], None),
    (&["trust", "."], None),
];

#[test]
fn full_and_read_only_disks_keep_the_old_files() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for (name, call) in [
        ("write", "import \"std/file\" as f; f::write(\"a.txt\", text)"),
        ("csv", "import \"std/csv\" as c; c::write(\"a.csv\", [[text]])"),
        ("json", "import \"std/json\" as j; j::write(\"a.json\", [text])"),
        ("append", "append_file(\"kept.txt\", text)"),
    ] {
        fs::write(root.join(format!("{name}.rhai")), format!("let text = \"\"; text.pad(200000, 'x'); {call};"))
            .unwrap();
    }
    let tests: String =
        (0..300).map(|number| format!("test \"number {number}\" {{ let s = record(\"s\"); s.add(1); }}\n")).collect();
    fs::write(root.join("t.rhai"), tests).unwrap();
    fs::write(root.join("big"), vec![b'a'; 150_000]).unwrap();
    fs::write(root.join("b.py"), "import belay\n").unwrap();
    let to_board = output(root, &["cp", "big", ":/f.bin", "-p", PORT]);
    assert!(to_board.status.success(), "{}", String::from_utf8_lossy(&to_board.stderr));
    assert!(output(root, &["run", "t.rhai", "--jsonl", "log.jsonl"]).status.success());
    // A file system of its own in a mount namespace: it ends with the shell.
    let commands: Vec<String> = WRITERS.iter().map(|(args, _)| format!("'{}'", args.join("' '"))).collect();
    let script = |state: &str| {
        let mut script = "set -e; mkdir -p disk; mount -t tmpfs -o size=128k none disk; cd disk\n".to_owned();
        for name in WRITERS.iter().filter_map(|(_, file)| *file) {
            script.push_str(&format!("printf '[boards.dut]\\nport = \"/dev/ttyGONE\"\\n' > {name}\n"));
        }
        script.push_str(&format!("cp * ..; {state}; set +e\n"));
        for (number, command) in commands.iter().enumerate() {
            script.push_str(&format!("\"$BS\" {command} </dev/null >../said 2>&1; echo \"{number} $? $(tail -c 3000 ../said | tr '\\n' ' ')\"\n"));
        }
        for name in WRITERS.iter().filter_map(|(_, file)| *file) {
            script.push_str(&format!("cmp {name} ../{name} && echo kept {name}\n"));
        }
        script + "ls -A | grep '^[.]' | sed 's/^/debris /'\n"
    };
    let shell = |state: &str| {
        Command::new("unshare")
            .args(["-Urm", "bash", "-c", &script(state)])
            .current_dir(root)
            .env("BS", env!("CARGO_BIN_EXE_belay-script"))
            .env("NO_COLOR", "1")
            .env("XDG_CONFIG_HOME", root.join("disk"))
            .env("XDG_DATA_HOME", root.join("disk"))
            .output()
    };
    let allowed = Command::new("unshare").args(["-Urm", "true"]).status().is_ok_and(|status| status.success());
    if !allowed {
        // Containers may refuse it; `outputs::a_full_disk_keeps_the_old_files` has a limit in its place.
        eprintln!("not checked: full and read-only disks (this system has no user namespaces)");
        return;
    }
    for (state, words) in [
        ("cat /dev/zero > fill 2>/dev/null || true", ["no space left on device", "are free"]),
        ("mount -o remount,ro .; cd ../disk", ["read-only file system", "are free"]),
    ]
    .into_iter()
    .step_by(extent::one_of("full"))
    {
        let output = shell(state).expect("a shell");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let everything = format!("{state}\n{said}{}", String::from_utf8_lossy(&output.stderr));
        for (number, (args, file)) in WRITERS.iter().enumerate() {
            let line = said.lines().find_map(|line| line.strip_prefix(&format!("{number} "))).unwrap_or_default();
            let (status, said) = line.split_once(' ').unwrap_or_default();
            // `--csv` writes series alone, after the tests.
            let known = ["1", "2", "74"].contains(&status) && words.iter().any(|word| said.contains(word));
            assert!(known, "{args:?}: status {status}: {said}\n{everything}");
            if let Some(file) = file {
                assert!(everything.contains(&format!("kept {file}\n")), "{file}: {everything}");
            }
        }
        assert!(!said.contains("debris"), "{everything}");
    }
}

/// The prompt is killed when it has just shown what an input came to, before it, and while it shortens a long history.
#[test]
fn a_killed_prompt_leaves_its_history_whole() {
    use crate::support::terminal::Person;
    const OLD: usize = 21_000;
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().display().to_string();
    let variables = [("XDG_STATE_HOME", state.as_str()), ("TERM", "xterm")];
    let begin = || Person::start_session(folder.path(), &["repl"], &variables);
    let mut first = begin();
    first.sees("1> ");
    first.types(b"40 + 2\r");
    first.sees("2> ");
    first.types(b"\x04");
    assert_eq!(first.ends(), Some(0));
    let histories = folder.path().join("belay-script/histories");
    let file = fs::read_dir(&histories).expect("a folder").next().expect("a history").expect("a history").path();
    assert_eq!(fs::read_to_string(&file).expect("a text"), "#V2\n40 + 2\n");
    let old: String = (0..OLD).map(|number| format!("let value_{number} = {number}\n")).collect();
    for inputs in 0..6 {
        fs::write(&file, format!("#V2\n{old}")).expect("a file");
        let mut person = begin();
        if inputs > 0 {
            person.sees("1> ");
        }
        for number in 1..inputs {
            person.types(format!("{number} + 0\r").as_bytes());
            person.sees(&format!("{}> ", number + 1));
        }
        // The last one is being saved, or not yet.
        person.types(b"77 + 0\r");
        kill_process(person.id(), Signal::KILL).expect("a prompt");
        person.ends();
        let text = fs::read_to_string(&file).expect("a text");
        assert!(text.starts_with("#V2\nlet value_") && text.ends_with('\n'), "{inputs}: {:?}", &text[..40]);
        let lines: Vec<&str> = text.lines().skip(1).collect();
        let kept = lines.iter().filter(|line| line.starts_with("let value_")).count();
        assert!(kept == OLD || kept == 10_000, "{inputs}: {kept}");
        assert_eq!(lines[kept - 1], format!("let value_{} = {}", OLD - 1, OLD - 1));
        let saved: Vec<String> = (1..inputs).map(|number| format!("{number} + 0")).collect();
        let new: Vec<&str> = lines[kept..].iter().copied().filter(|line| *line != "77 + 0").collect();
        assert_eq!(new, saved, "{inputs}");
    }
}
