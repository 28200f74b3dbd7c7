//! Tests of paths, programs, hosts and ports at the gate.

use super::*;

fn gate(words: &[&str]) -> Gate {
    let mut permissions = Permissions::default();
    for word in words {
        permissions.allow(word).unwrap();
    }
    Gate::of_scripts(permissions)
}

/// The help of a refusal; empty if allowed.
fn refusal<T>(result: Result<T>) -> String {
    match result {
        Ok(_) => String::new(),
        Err(error) => {
            assert_eq!(error.kind(), Kind::PermissionError, "{error:?}");
            error.help().expect("a help").to_owned()
        }
    }
}

fn port(words: &[&str], address: &str) -> String {
    refusal(gate(words).port(&address.parse().unwrap(), Asker::Script))
}

#[test]
fn paths_stay_inside() {
    let gate = gate(&[]);
    for path in ["/etc/passwd", "../x", "a/../../x", "/", ".git/config", "a/.GIT/x", ".git"] {
        assert!(!refusal(gate.read(path)).is_empty() && !refusal(gate.write(path)).is_empty(), "{path}");
    }
    for path in ["x.csv", "./x", "new/folder/x.csv", ".", "src/../x", ".gitignore", "git/x"] {
        assert!(gate.read(path).is_ok() && gate.write(path).is_ok(), "{path}");
    }
    for path in ["", "a\0b"] {
        assert_eq!(gate.read(path).unwrap_err().kind(), Kind::ArgumentError, "{path:?}");
    }
    assert!(refusal(gate.read("/etc/passwd")).starts_with("allow it with `--allow files=/etc`"));
}

#[test]
fn allowed_folders_are_inside() {
    let folder = tempfile::tempdir().unwrap();
    let (script, report) = (folder.path().join("script"), folder.path().join("report"));
    std::fs::create_dir(&script).unwrap();
    let shown = |path: &Path| path.to_str().unwrap().to_owned();
    let mut permissions = Permissions::default();
    let of_script =
        |permissions: &Permissions| Gate::of_scripts(permissions.clone()).for_script(&script.join("bench.rhai"));
    assert!(of_script(&permissions).write(&shown(&script.join("new/x"))).is_ok());
    assert!(of_script(&permissions).write(&shown(&report.join("x"))).is_err());
    permissions.folders.push(report.clone());
    for is_new in [true, false] {
        assert!(of_script(&permissions).write(&shown(&report.join("new/x"))).is_ok());
        assert!(of_script(&permissions).write(&shown(&folder.path().join("x"))).is_err());
        if is_new {
            std::fs::create_dir(&report).unwrap();
        }
    }
    permissions.allow(&format!("files={}", shown(folder.path()))).unwrap();
    assert!(of_script(&permissions).write(&shown(&folder.path().join("x"))).is_ok());
    assert!(of_script(&permissions).write(&shown(&folder.path().join("a/.git/x"))).is_err());
    assert!(of_script(&permissions).write("../x").is_err());
    permissions.allow("files").unwrap();
    assert!(of_script(&permissions).write("../x").is_ok() && of_script(&permissions).write(".git/x").is_ok());
}

#[test]
fn the_configuration_can_be_read_but_never_written() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("belay-script");
    let permissions = Permissions {
        files: Grant::Only(vec![folder.path().to_owned()]),
        protected: vec![own.clone()],
        ..Permissions::default()
    };
    let gate = Gate::of_scripts(permissions);
    let file = own.join("config.toml").to_str().unwrap().to_owned();
    assert!(gate.read(&file).is_ok());
    assert_eq!(gate.write(&file).unwrap_err().kind(), Kind::PermissionError);
}

#[cfg(unix)]
#[test]
fn rejects_symlinks_to_the_outside() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    let gate = gate(&[]).for_script(&inner.join("bench.rhai"));
    // The target of the second one does not exist: writing to it would create it outside.
    for (name, target) in [("out", ".."), ("new", "../new.txt"), ("in", "x.txt"), ("loop", "loop")] {
        std::os::unix::fs::symlink(target, inner.join(name)).unwrap();
        assert!(gate.write(inner.join(name).to_str().unwrap()).is_err(), "{name}");
    }
    assert!(gate.read(inner.join("out/x").to_str().unwrap()).is_err());
    assert!(gate.read(inner.join("out/inner/../x").to_str().unwrap()).is_err());
    std::fs::write(inner.join("x.txt"), "").unwrap();
    assert!(gate.read(inner.join("in").to_str().unwrap()).is_ok());
    assert!(gate.read(inner.join("out/inner/x.txt").to_str().unwrap()).is_ok());
}

#[test]
fn refusals_name_programs_and_variables() {
    assert_eq!(
        refusal(gate(&[]).program("git")),
        "allow it with `--allow process=git`, or all programs with `--allow process`"
    );
    assert!(gate(&["process"]).program("anything").is_ok());
    assert!(gate(&["process=git"]).program("git").is_ok());
    for other in ["./git", "git2", "/tmp/git", "sh"] {
        assert!(gate(&["process=git"]).program(other).is_err(), "{other}");
    }
    assert!(refusal(gate(&["env=CI"]).variable("HOME")).contains("--allow env=HOME"));
    assert_eq!(gate(&["env=BELAY_NO_SUCH"]).variable("BELAY_NO_SUCH").unwrap(), None);
    assert!(gate(&["env"]).variable("PATH").unwrap().is_some());
}

#[cfg(unix)]
#[test]
fn a_program_can_be_named_by_its_path() {
    assert!(gate(&["process=/bin/sh"]).program("sh").is_ok());
    assert!(gate(&["process=sh"]).program("/bin/sh").is_ok());
}

#[test]
fn boards_ports_are_allowed_and_others_need_permission() {
    for free in ["sim", "sim:a?heap=200k", "sim?flash=x.img", "sim:?flash=new/x.img", "usb:2e8a:0005", "replay:x.log"] {
        if let Ok(address) = free.parse() {
            assert_eq!(refusal(gate(&[]).port(&address, Asker::Script)), "", "{free}");
        }
    }
    for (address, help) in [
        ("sim:?flash=/tmp/x.img", "--allow files=/tmp"),
        ("replay:/etc/passwd", "--allow files=/etc"),
        ("exec:micropython", "`--allow process`"),
        ("tcp://lab:4000", "`--allow net=lab:4000`"),
        ("rfc2217://lab:4000", "`--allow net=lab:4000`"),
        ("192.168.1.5", "`--allow net=192.168.1.5:23`"),
        ("ws://board", "`--allow net=board:8266`"),
    ] {
        assert!(port(&[], address).contains(help), "{address}: {}", port(&[], address));
        assert!(gate(&[]).port(&address.parse().unwrap(), Asker::Person).is_ok(), "{address}");
        assert!(Gate::of_person().port(&address.parse().unwrap(), Asker::Script).is_ok(), "{address}");
    }
}

#[test]
fn hosts_can_be_named_with_or_without_a_port() {
    for (allowed, address, is_allowed) in [
        ("net", "tcp://lab:1", true),
        ("net=lab", "tcp://lab:1", true),
        ("net=LAB:1", "tcp://lab:1", true),
        ("net=lab:1", "tcp://lab:2", false),
        ("net=lab:1", "tcp://lab.example:1", false),
        ("net=::1", "tcp://[::1]:5", true),
        ("net=[::1]:5", "tcp://[::1]:5", true),
        ("net=[::1]:6", "tcp://[::1]:5", false),
        ("net=10.0.0.1", "10.0.0.1:99", true),
    ] {
        assert_eq!(port(&[allowed], address).is_empty(), is_allowed, "{allowed} {address}");
    }
}

#[test]
fn a_shell_line_needs_permission_for_more_than_its_first_program() {
    for (line, is_allowed) in [
        ("exec:micropython", true),
        ("exec:micropython -X heapsize=1m", true),
        ("exec:micropython; rm x", false),
        ("exec:micropython $(rm x)", false),
        ("exec:micropython `rm x`", false),
        ("exec:micropython > x", false),
        ("exec:A=1 micropython", false),
        ("exec:other", false),
    ] {
        assert_eq!(port(&["process=micropython"], line).is_empty(), is_allowed, "{line}");
        assert_eq!(port(&["process"], line), "", "{line}");
    }
}

#[test]
fn a_refusal_names_the_station() {
    let address = "exec:micropython".parse().unwrap();
    for gate in [gate(&[]), Gate::of_person()] {
        let error = gate.port(&address, Asker::Station(Path::new("lab/station.toml"))).unwrap_err();
        assert_eq!(
            error.message(),
            "`lab/station.toml`, which you have not trusted, opens the port `exec:micropython`"
        );
        assert_eq!(
            error.help(),
            Some(
                "read the file; then trust it with `belay-script trust lab`, or name it with `--station lab/station.toml`"
            )
        );
    }
    assert!(gate(&["process"]).port(&address, Asker::Station(Path::new("x"))).is_ok());
}

#[cfg(unix)]
#[test]
fn rejects_paths_that_are_not_serial_ports_with_their_kind() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    std::fs::write(&file, "x").unwrap();
    let refused = |path: &str| gate(&[]).port(&Address::Serial(path.to_owned()), Asker::Script).unwrap_err();
    let case = |path: &str, what: &str| {
        let error = refused(path);
        assert_eq!(error.kind(), Kind::ConnectionFailedError);
        assert_eq!(error.message(), format!("`{path}` is not a serial port: it is {what}"));
    };
    case(file.to_str().unwrap(), "a regular file");
    case(folder.path().to_str().unwrap(), "a folder");
    case("/dev/null", "a character device, not a terminal");
    #[cfg(target_os = "linux")]
    {
        case("/dev/tty", "a terminal of this computer");
        let fifo = folder.path().join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
        case(fifo.to_str().unwrap(), "a FIFO");
    }
}

#[test]
fn checks_words_after_allow() {
    let wrong = |word: &str| Permissions::default().allow(word).unwrap_err();
    assert_eq!(wrong("files="), "`files=` is empty; without `=` it allows all");
    assert!(wrong("proces").starts_with("unknown permission `proces`; use `files[=DIR]`"));
    let mut permissions = Permissions::default();
    for word in ["env=A", "env=B", "process", "process=git"] {
        permissions.allow(word).unwrap();
    }
    assert_eq!(permissions.env, Grant::Only(vec!["A".to_owned(), "B".to_owned()]));
    assert_eq!(permissions.process, Grant::All);
}
