//! The packages of a project: `add`, `install`, `update`, `remove`, `clean` and `cache`, from an index on the loopback interface.

use crate::support::command::{Outcome, Program, said};
use crate::support::http::{Files, Server};
use belay_script::port::sim::interpreter;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// SHA-256, shortened as an index has it.
fn hash(bytes: &[u8]) -> String {
    use belay_script::board::digest::{DigestKind, digest};
    digest(DigestKind::Sha256, bytes)[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An index, and packages beside it, that can change.
#[derive(Default)]
struct Index(Files);

impl Index {
    fn package(mut self, name: &str, version: &str, latest: bool, files: &[(&str, &str)], needs: &[&str]) -> Index {
        let mut hashes = Vec::new();
        for (path, content) in files {
            let hash = hash(content.as_bytes());
            self.0.insert(format!("/pi/file/{}/{hash}", &hash[..2]), content.as_bytes().to_vec());
            hashes.push(format!("[\"{path}\",\"{hash}\"]"));
        }
        let needs: Vec<String> = needs.iter().map(|name| format!("[\"{name}\",\"latest\"]")).collect();
        let (hashes, needs) = (hashes.join(","), needs.join(","));
        let text = format!("{{\"v\":1,\"version\":\"{version}\",\"hashes\":[{hashes}],\"deps\":[{needs}]}}");
        for version in [version].into_iter().chain(latest.then_some("latest")) {
            self.0.insert(format!("/pi/package/py/{name}/{version}.json"), text.clone().into_bytes());
        }
        self
    }

    fn file(mut self, path: &str, content: &str) -> Index {
        self.0.insert(path.to_owned(), content.as_bytes().to_vec());
        self
    }
}

/// `a` needs `b`; `led` is at an address.
fn index() -> Index {
    Index::default()
        .package("a", "1.0", true, &[("a/__init__.py", "import b\nn = 1\n"), ("a/old.py", "")], &["b"])
        .package("b", "2.0", true, &[("b.py", "m = 2\n")], &[])
        .package("bad", "1.0", true, &[("a/__init__.py", "other\n")], &[])
        .package("wrong", "1.0", true, &[("w.py", "w\n")], &["gone"])
        .package("t", "0.1", true, &[("t.py", "t = 1\n")], &[])
        .file("/led/package.json", r#"{"urls": [["led.py", "src/led.py"]], "version": "3"}"#)
        .file("/led/src/led.py", "on = 1\n")
}

/// A release of a bundle, as circup reads it: `sensor` is a folder and needs `bus`, a file. `evil` has no file that is below `lib/`.
fn bundle(mut index: Index) -> Index {
    let base = "/ada/My_Bundle/releases";
    let json = r#"{"sensor": {"package": true, "version": "2.1", "path": "lib/sensor", "dependencies": ["bus"]},
        "bus": {"package": false, "version": "1.4", "path": "lib/bus", "dependencies": []}, "evil": {"version": "1"}}"#;
    index.0.insert(format!("{base}/latest"), format!("-> {base}/tag/20250131").into_bytes());
    index.0.insert(format!("{base}/download/20250131/my-bundle-20250131.json"), json.as_bytes().to_vec());
    for (platform, ending, content) in [("py", "py", "import bus\n"), ("9.x-mpy", "mpy", "C\u{6}\0\u{1f}")] {
        let mut bytes = Vec::new();
        let mut archive = rawzip::ZipArchiveWriter::new(&mut bytes);
        let top = format!("my-bundle-{platform}-20250131");
        for (path, content) in [
            (format!("{top}/README.txt"), "x"),
            (format!("{top}/examples/sensor_test.py"), "x"),
            (format!("{top}/lib/sensor/__init__.{ending}"), content),
            (format!("{top}/lib/sensor/fast.{ending}"), content),
            (format!("{top}/lib/sensor_other.{ending}"), content),
            (format!("{top}/lib/bus.{ending}"), "n = 7\n"),
            (format!("{top}/lib/../evil.{ending}"), "x"),
        ] {
            let path = rawzip::path::EntryPath::verbatim(path.into_bytes());
            let file = archive.new_file(path).compression_method(rawzip::CompressionMethod::STORE);
            let (mut entry, config) = file.start().expect("an entry");
            let mut writer = config.wrap(&mut entry);
            std::io::Write::write_all(&mut writer, content.as_bytes()).expect("a content");
            let (_, descriptor) = writer.finish().expect("an end");
            entry.finish(descriptor).expect("an entry");
        }
        archive.finish().expect("an archive");
        index.0.insert(format!("{base}/download/20250131/my-bundle-{platform}-20250131.zip"), bytes);
    }
    index
}

/// A project in a folder, and a cache beside it.
struct Bench {
    server: Server,
    folder: TempDir,
    cache: TempDir,
}

impl Bench {
    fn new(index: Index) -> Bench {
        let bench = Bench {
            server: Server::start(index.0),
            folder: tempfile::tempdir().expect("a folder"),
            cache: tempfile::tempdir().expect("a folder"),
        };
        bench.write("belay.toml", &format!("# Ours.\n[packages]\nindex = \"{}/pi\"\n", bench.server.url));
        bench
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).expect("a file");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap_or_default()
    }

    fn run(&self, line: &[&str]) -> Outcome {
        self.run_with(line, &[])
    }

    /// Runs a command with these variables of the environment.
    fn run_with(&self, line: &[&str], variables: &[(&str, &str)]) -> Outcome {
        let cache = self.cache.path().to_string_lossy().into_owned();
        let program = Program::new().args(line.iter().copied()).env("BELAY_SCRIPT_CACHE", &cache);
        let set = |program: Program, (name, value): &(&str, &str)| program.env(name, value);
        variables.iter().fold(without_proxies(program), set).outcome_in(self.path())
    }

    /// Runs a command that succeeds; its output.
    #[track_caller]
    fn says(&self, line: &[&str]) -> String {
        let outcome = self.run(line);
        assert_eq!((outcome.stderr.as_str(), outcome.status), ("", Some(0)), "{line:?} {}", outcome.stdout);
        outcome.stdout
    }

    /// Runs a command that fails, and changes nothing.
    #[track_caller]
    fn fails(&self, line: &[&str], status: i32, message: &str) {
        let before = files(self.path());
        let outcome = self.run(line);
        assert!(outcome.stderr.contains(message), "{line:?}: {}", outcome.stderr);
        said(&outcome, "", status);
        assert_eq!(files(self.path()), before, "{line:?}");
    }
}

/// A proxy of the developer is not for the loopback interface.
fn without_proxies(program: Program) -> Program {
    ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"]
        .into_iter()
        .fold(program, |program, name| program.env(name, ""))
}

/// Lets the program use the MicroPython of the user's cache with another cache.
fn borrow_interpreter(cache: &Path) {
    interpreter::find(&|_| ()).expect("a MicroPython");
    let own = interpreter::cache_folder().ok().and_then(|own| fs::read_dir(own).ok());
    for entry in own.into_iter().flatten().map(|entry| entry.expect("an entry")) {
        if entry.file_name().to_string_lossy().starts_with("micropython-") {
            std::os::unix::fs::symlink(entry.path(), cache.join(entry.file_name())).expect("a symlink");
        }
    }
}

/// All files below a folder with their texts, without the list of written files.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.expect("a file");
        let name = entry.path().strip_prefix(folder).expect("below").to_string_lossy().replace('\\', "/");
        if entry.file_type().is_file() && !name.starts_with(".belay/") {
            found.push((name, fs::read_to_string(entry.path()).expect("a text")));
        }
    }
    found
}

fn names(folder: &Path) -> Vec<String> {
    files(folder).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn packages_are_added_locked_and_installed_elsewhere_from_the_lock() {
    let bench = Bench::new(index());
    let led = format!("led={}/led", bench.server.url);
    let added = bench.says(&["add", "a", &led]);
    assert_eq!(added, "+ a 1.0\n+ b 2.0\n+ led 3\nwrote 4 files (28 bytes), removed 0 files; 0 unchanged\n");
    let wanted = ["belay.lock", "belay.toml", "lib/a/__init__.py", "lib/a/old.py", "lib/b.py", "lib/led.py"];
    assert_eq!(names(bench.path()), wanted);
    let toml = bench.read("belay.toml");
    let url = &bench.server.url;
    let expected =
        format!("# Ours.\n[packages]\nindex = \"{url}/pi\"\n\n[packages.main]\na = \"latest\"\nled = \"{url}/led\"\n");
    assert_eq!(toml, expected);
    // A group has a folder of its own.
    assert!(bench.says(&["add", "t", "--group", "dev", "-q"]).is_empty());
    assert_eq!(bench.read("lib-dev/t.py"), "t = 1\n");
    let lock = bench.read("belay.lock");
    let lines: Vec<&str> =
        lock.lines().filter(|line| line.starts_with("name = ") || line.starts_with("needs")).collect();
    assert_eq!(lines, ["name = \"t\"", "name = \"a\"", "needs = [\"b\"]", "name = \"b\"", "name = \"led\""]);
    // Elsewhere, with the same two files, everything comes from the cache.
    let other = Bench { folder: tempfile::tempdir().expect("a folder"), ..bench };
    other.write("belay.toml", &(toml + "\n[packages.dev]\nt = \"latest\"\n"));
    other.fails(&["install", "--locked"], 1, "`belay.lock` is not up to date with `belay.toml`: it is missing");
    other.write("belay.lock", &lock);
    other.server.asked();
    let installed = other.says(&["install", "--locked"]);
    assert_eq!(installed, "wrote 5 files (34 bytes), removed 0 files; 0 unchanged\n");
    assert_eq!(other.server.asked(), [""; 0]);
    assert_eq!(other.says(&["install"]), "wrote 0 files (0 bytes), removed 0 files; 5 unchanged\n");
    let listed = other.says(&["cache", "list"]);
    assert!(listed.contains(" led.py\n") && listed.ends_with("\n5 files (34 bytes)\n"), "{listed}");
    assert_eq!(other.says(&["cache", "clear"]), "removed 5 files (34 bytes)\n");
    // A lock that names what is not there any more is an error, and nothing changes.
    fs::remove_dir_all(other.path().join("lib")).expect("a folder");
    other.write("belay.lock", &lock.replace("/led/src/", "/led/gone/"));
    other.fails(&["install"], 1, "`led.py` is gone");
    let sha256 =
        lock.lines().find(|line| line.contains("led.py")).and_then(|line| line.split('"').nth(3)).expect("a hash");
    other.write("belay.lock", &lock.replace(sha256, &"0".repeat(64)));
    other.fails(&["install"], 1, "`led.py` has changed since it was locked");
    other.write("belay.lock", &lock);
    assert!(other.says(&["install"]).starts_with("wrote 4 files"));
    // The board gets what the lock says, without the network.
    drop(other.server);
    let program = without_proxies(Program::new().args([
        "install",
        "-p",
        "sim",
        "+",
        "exec",
        "import a; print(a.b.m + a.n)",
        "+",
        "ls",
        "-r",
    ]));
    let outcome = program.outcome_in(other.folder.path());
    let listed = "t 0.1\na 1.0\nb 2.0\nled 3\ninstalled 5 files (34 bytes) in :/lib; 0 unchanged\n3\r\n\
        lib/\nlib/a/\nlib/a/__init__.py\nlib/a/old.py\nlib/b.py\nlib/led.py\nlib/t.py\n";
    said(&outcome, listed, 0);
}

#[test]
fn files_of_packages_change_with_them_and_files_of_the_user_stay() {
    let bench = Bench::new(index().package(
        "a",
        "1.1",
        true,
        &[("a/__init__.py", "import b\nn = 2\n"), ("a/new.py", "new\n")],
        &["b"],
    ));
    fs::create_dir(bench.path().join("lib")).expect("a folder");
    bench.write("lib/own.py", "mine\n");
    bench.says(&["add", "a@1.0"]);
    // What fails leaves everything as it was.
    bench.fails(&["add", "gone"], 1, "package not found: `gone`");
    bench.fails(&["add", "wrong"], 1, "package not found: `gone`");
    bench.fails(&["add", "bad"], 1, "are both `a/__init__.py`");
    bench.fails(&["add", "a@^2"], 2, "range of versions");
    bench.fails(&["add", "a", "--group", "dev"], 2, "`a` is in the group `main` already");
    bench.fails(&["remove", "c"], 2, "`belay.toml` has no package `c`");
    bench.fails(&["update", "aa"], 2, "has no package `aa`");
    // A pinned version does not move; the latest does, and what it has no longer goes.
    assert!(bench.says(&["update"]).ends_with("removed 0 files; 3 unchanged\n"));
    let moved = bench.says(&["install", "a"]);
    assert_eq!(moved, "- a 1.0\n+ a 1.1\nwrote 2 files (19 bytes), removed 1 file; 1 unchanged\n");
    assert_eq!(names(bench.path())[2..], ["lib/a/__init__.py", "lib/a/new.py", "lib/b.py", "lib/own.py"]);
    // Changed files are neither replaced nor removed.
    bench.write("lib/b.py", "changed\n");
    bench.fails(&["install"], 1, "`lib/b.py` was not written by belay-script, or has been changed");
    bench.write("lib/a/new.py", "changed too\n");
    let outcome = bench.run(&["remove", "a"]);
    said(&outcome, "- a 1.1\n- b 2.0\nremoved 1 file\n", 0);
    let kept = |name: &str| outcome.stderr.contains(&format!("kept `{name}`, which was changed"));
    assert!(kept("lib/b.py") && kept("lib/a/new.py"), "{}", outcome.stderr);
    assert_eq!(names(bench.path())[2..], ["lib/a/new.py", "lib/b.py", "lib/own.py"]);
    bench.fails(&["add", "b"], 1, "`lib/b.py` was not written by belay-script");
    assert!(bench.says(&["add", "b", "--force"]).starts_with("+ b 2.0\nwrote 1 file (6 bytes)"));
    // What is taken out of the file by hand, `clean` removes; another file in the folder of a package stays.
    bench.write("belay.toml", &bench.read("belay.toml").replace("b = \"latest\"\n", ""));
    bench.fails(&["install", "--locked"], 1, "`b` is locked, and not in the file");
    let outcome = bench.run(&["clean", "--json"]);
    assert_eq!((outcome.stdout.matches("\"lib/b.py\"").count(), outcome.status), (1, Some(0)), "{}", outcome.stdout);
    assert_eq!(outcome.stderr, "kept `lib/a/new.py`, which was changed and belongs to no package\n");
    assert_eq!(names(bench.path())[2..], ["lib/a/new.py", "lib/own.py"]);
    fs::remove_file(bench.path().join("lib/a/new.py")).expect("a file");
    assert_eq!(bench.says(&["clean"]), "removed 0 files\n");
    assert_eq!(bench.read("belay.lock").matches("[[package]]").count(), 0);
}

#[test]
fn a_port_decides_between_a_board_and_a_project() {
    let bench = Bench::new(index());
    let toml = bench.read("belay.toml");
    fs::remove_file(bench.path().join("belay.toml")).expect("a file");
    // Without a project, names are for a board.
    bench.fails(&["install"], 2, "this folder has no `belay.toml`");
    bench.fails(&["update"], 2, "this folder has no `belay.toml`");
    bench.fails(&["install", "a", "--locked"], 2, "are for packages of a project");
    // A station may have them, and keeps the rest.
    bench.write("station.toml", &format!("name = \"x\"  # bench\n{}", toml.replace("# Ours.\n", "")));
    bench.says(&["add", "t", "-q"]);
    assert!(bench.read("station.toml").starts_with("name = \"x\"  # bench\n[packages]\n"));
    assert!(!bench.path().join("belay.toml").exists() && bench.path().join("lib/t.py").exists());
    bench.fails(&["install", "a", "--target", ":/x"], 2, "are for packages that are named for a board");
    bench.fails(&["install", "a", "--locked"], 2, "`--locked` changes no packages");
    fs::remove_file(bench.path().join("station.toml")).expect("a file");
    fs::remove_file(bench.path().join("belay.lock")).expect("a file");
    // A new project needs no file.
    bench.write("own.py", "x = 1\n");
    let added = bench.says(&["add", "./own.py"]);
    assert!(added.starts_with("created `belay.toml`\n+ own\n"), "{added}");
    assert_eq!(bench.read("belay.toml"), "[packages.main]\nown = \"./own.py\"\n");
    assert!(bench.read("belay.lock").contains("source = \"./own.py\""));
    bench.write("own.py", "x = 2\n");
    assert_eq!(bench.says(&["update", "own"]), "- own\n+ own\nwrote 1 file (6 bytes), removed 0 files; 0 unchanged\n");
}

#[test]
fn nothing_is_written_through_a_symlink() {
    let bench = Bench::new(index());
    let outside = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink(outside.path(), bench.path().join("lib")).expect("a symlink");
    bench.fails(&["add", "b"], 1, "is a symlink: packages are not written through it");
    assert!(names(outside.path()).is_empty());
}

#[test]
fn proxies_are_those_of_the_environment() {
    let bench = Bench::new(index().file("http://far.test/x.py", "x = 1\n").file("/y.py", "y = 1\n"));
    let (proxy, near) = (bench.server.url.clone(), format!("y={}/y.py", bench.server.url));
    let dead = "http://127.0.0.1:1";
    let succeeds = |line: &[&str], variables: &[(&str, &str)]| {
        let outcome = bench.run_with(line, variables);
        assert_eq!((outcome.stderr.as_str(), outcome.status), ("", Some(0)), "{variables:?}");
    };
    // A proxy is asked for the whole address.
    succeeds(&["add", "http://far.test/x.py"], &[("http_proxy", &proxy.replace("://", "://user:pw@"))]);
    assert_eq!(bench.server.asked(), ["http://far.test/x.py"]);
    // For HTTPS it makes a tunnel. This one ends before the handshake does.
    for variable in [("HTTPS_PROXY", proxy.as_str()), ("all_proxy", proxy.trim_start_matches("http://"))] {
        let outcome = bench.run_with(&["add", "https://far.test/z.py"], &[variable]);
        assert!(outcome.stderr.contains("`https://far.test/z.py` cannot be fetched"), "{}", outcome.stderr);
        assert_eq!((outcome.status, bench.server.asked()), (Some(3), vec!["far.test:443".into(), "TLS".into()]));
    }
    // What is near is fetched directly, if it is excluded or the variable does not count.
    for variables in [
        [("http_proxy", dead), ("no_proxy", "localhost, 127.0.0.0/8")],
        [("http_proxy", dead), ("NO_PROXY", "127.0.0.1")],
        [("HTTP_PROXY", dead), ("https_proxy", dead)],
    ] {
        succeeds(&["add", &near], &variables);
        assert_eq!(bench.server.asked(), ["/y.py"]);
    }
    for (variable, status, message) in [
        (("http_proxy", dead), 3, "/y.py` cannot be fetched"),
        (("ALL_PROXY", "socks5://127.0.0.1:1"), 4, "the proxy `127.0.0.1` cannot be used: it speaks SOCKS"),
    ] {
        let outcome = bench.run_with(&["add", &near], &[variable]);
        assert!(outcome.stderr.contains(message), "{}", outcome.stderr);
        assert_eq!((outcome.status, bench.server.asked().len()), (Some(status), 0));
    }
}

#[test]
fn scripts_put_packages_on_boards_as_far_as_they_may() {
    let bench = Bench::new(index().file("/c.py", "-> /led/src/led.py"));
    bench.says(&["add", "a", "-q"]);
    bench.says(&["add", "t", "--group", "dev", "-q"]);
    let (url, host) = (&bench.server.url, bench.server.url.trim_start_matches("http://"));
    let script = format!(
        r#"
let d = Device.open();
print(d.sync_dependencies(#{{ minify: false }}).steps.len());
print(d.exec("__import__('a').b.m"));
print(d.sync_dependencies(#{{ groups: "dev", dst: "/dev", minify: false }}).steps);
try {{ d.sync_dependencies(#{{ groups: ["dex"] }}) }} catch (e) {{ print(`${{e.kind}} ${{e.message}}; ${{e.help}}`) }}
let done = d.install("b", #{{ index: "{url}/pi", target: "/x", version: "2.0" }});
print(`${{done.packages}} ${{done.written}} ${{done.bytes}}`);
print(d.install(["b@2.0", "{url}/c.py"], #{{ index: "{url}/pi", target: "/x", mpy: false }}).unchanged);
for wrong in [
    || d.install("b", #{{ indx: 1 }}), || d.install(["a", "b"], #{{ version: "1" }}), || d.install(1),
    || d.install("https://far.test/x.py"), || d.install("../x.py"), || d.install("c.py@1", #{{ mpy: 1 }}),
] {{
    try {{ wrong.call(); print("done") }} catch (e) {{ print(`${{e.kind}} ${{e.message}}`) }}
}}
"#
    );
    bench.write("a.rhai", &script);
    bench.write("lib/own.py", "o = 1\n");
    let run = |bench: &Bench, allowed: &str| {
        let program = Program::new().args(["run", "a.rhai", "--no-check", "-p", "sim", "--allow", allowed]);
        without_proxies(program).outcome_in(bench.path())
    };
    let expected = "7\n2\n[\"+ /dev/\", \"+ /dev/t.py (6 bytes)\"]\n\
        ArgumentError unknown group `dex`; did you mean `dev`?\n\
        [#{\"name\": \"b\", \"version\": \"2.0\"}] [\"/x/b.py\"] 6\n1\n\
        ArgumentError `install` has no option `indx`\nArgumentError `version` is for one package\n\
        ArgumentError an integer is not a package\n\
        PermissionError scripts may not fetch `https://far.test/x.py`\nPermissionError ";
    let outcome = run(&bench, &format!("net={host}"));
    assert!(
        outcome.stdout.starts_with(expected),
        "{}
{}",
        outcome.stdout,
        outcome.stderr
    );
    assert!(outcome.stdout.ends_with("ArgumentError the option `mpy` is an integer\n"), "{}", outcome.stdout);
    assert_eq!(outcome.status, Some(0));
    // Without the permission nothing is fetched, and a file that is not as the lock says is not sent.
    bench.server.asked();
    bench.write("lib/b.py", "m = 3\n");
    let outcome = run(&bench, "net=far.test");
    assert!(outcome.stderr.contains("`lib/b.py` is not as `belay.lock` says"), "{}", outcome.stderr);
    bench.write("a.rhai", &format!("Device.open().install(\"b\", #{{ index: \"{url}/pi\" }});"));
    let outcome = run(&bench, "net=far.test");
    assert!(outcome.stderr.contains("allow it with `--allow net=127.0.0.1`"), "{}", outcome.stderr);
    assert_eq!((outcome.status, bench.server.asked().len()), (Some(1), 0));
}

#[test]
fn libraries_come_from_bundles_of_circuitpython() {
    let bench = Bench::new(bundle(index()));
    let bundle = format!("{}/ada/My_Bundle", bench.server.url);
    let toml = |version: u8| {
        bench.write("belay.toml", &format!("[packages]\nbundle = \"{bundle}\"\ncircuitpython = {version}\n"));
    };
    toml(9);
    let added = bench.says(&["add", "circup:sensor"]);
    assert_eq!(added, "+ circup:bus 1.4\n+ sensor 2.1\nwrote 3 files (14 bytes), removed 0 files; 0 unchanged\n");
    let asked = bench.server.asked();
    let base = "/ada/My_Bundle/releases";
    let release = format!("{base}/download/20250131/my-bundle");
    assert_eq!(
        asked,
        [format!("{base}/latest"), format!("{release}-20250131.json"), format!("{release}-9.x-mpy-20250131.zip")]
    );
    let lock = bench.read("belay.lock");
    assert!(lock.contains("-9.x-mpy-20250131.zip#my-bundle-9.x-mpy-20250131/lib/sensor/__init__.mpy\""), "{lock}");
    assert_eq!(names(bench.path())[2..], ["lib/bus.mpy", "lib/sensor/__init__.mpy", "lib/sensor/fast.mpy"]);
    // Without archives for a version it is the source, of the release that is named.
    toml(10);
    bench.says(&["install"]);
    bench.says(&["add", "circup:sensor@20250131", "-q"]);
    assert_eq!(names(bench.path())[2..], ["lib/bus.py", "lib/sensor/__init__.py", "lib/sensor/fast.py"]);
    assert!(!bench.server.asked().contains(&format!("{base}/latest")));
    bench.fails(&["add", "circup:sensr"], 1, "did you mean `sensor`?");
    bench.fails(&["add", "circup:evil"], 1, "has no library `evil` that can be used");
    bench.fails(&["add", "x=circup:bus@20240101"], 1, "bundle not found: `");
    assert!(bench.says(&["cache", "list"]).contains(" my-bundle-py-20250131.zip\n"));
    // Another bundle, on a board with MicroPython.
    let line =
        ["-p", "sim", "mip", "circup:sensor", "--bundle", &bundle, "+", "exec", "import sensor; print(sensor.bus.n)"];
    borrow_interpreter(bench.cache.path());
    let outcome = bench.run(&line);
    let expected = "circup:sensor 2.1\ncircup:bus 1.4\ninstalled 3 files (28 bytes) in :/lib; 0 unchanged\n7\r\n";
    said(&outcome, expected, 0);
}
