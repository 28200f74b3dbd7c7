//! The commands that generate files: `doc`, `definitions`, `editor`, `new`.

use crate::support::command::Program;
use crate::support::extent;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Runs a command in a folder; it must succeed with empty standard error.
#[track_caller]
fn succeeds(folder: &Path, args: &[&str]) -> String {
    let outcome = Program::new().args(args.iter().copied()).outcome_in(folder);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{args:?}");
    outcome.stdout
}

/// All files below a folder with their texts.
fn texts(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(inner).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                let name = entry.strip_prefix(folder).expect("a path below").to_string_lossy().replace('\\', "/");
                found.insert(name, fs::read_to_string(&entry).expect("a text"));
            }
        }
    }
    found
}

const BENCH: &str = r#"
    //! Reads a divider.

    import "led" as led;

    /// The <bench>.
    device Bench : led::Led {
        /// Reads.
        task read(ch, n = 8) for "micropython" timeout = 2 `return ch`
        // Plain.
        method volts |ch| { this.read(ch) * 3.3 }
    }
    /// Twice as much.
    fn twice(x) { x * 2 }
    throw "nothing of this runs";
    "#;
const LED: &str = "
    //! What blinks.
    /// One LED.
    device Led {
        /// Lights it.
        task on() `pass`
    }
    ";

#[test]
fn a_script_is_described() {
    Program::new()
        .script("bench.rhai", BENCH)
        .script("led.rhai", LED)
        .args(["doc", "bench.rhai"])
        .stdout(
            r#"
            # bench.rhai

            Reads a divider.

            Imports led.rhai.

            ## device Bench : Led

            The <bench>.

            task read(ch, n = 8) for "micropython" timeout = 2
                Reads.
            method volts |ch|

            Inherited from Led (led.rhai): on

            ## Functions

            twice(x)
                Twice as much.
            "#,
        )
        .status(0);
}

#[test]
fn modules_and_the_language_are_described() {
    let folder = tempfile::tempdir().expect("a folder");
    let module = succeeds(folder.path(), &["doc", "std/assert"]);
    assert!(
        module.contains("\nthrows(kind, action)\n    Passes if calling `action` raises an error of this kind"),
        "{module}"
    );
    let all = succeeds(folder.path(), &["doc"]);
    for part in [
        "\n## Devices\n",
        "\nd.exec(code: String)\nd.exec(code: String, options: Map)\n    Runs Python",
        "\n## std/csv\n\nTables",
        "\nmean(values)\n",
    ] {
        assert!(all.contains(part), "{part:?} is not in\n{all}");
    }
}

#[test]
fn doc_reports_errors_like_check() {
    for (text, status) in [("device Bench {\n    task f(x, x) `pass`\n}\n", 2), ("let x = ;\n", 2)] {
        let run = |command| Program::new().file("bad.rhai", text.as_bytes()).args([command, "bad.rhai"]).outcome();
        let (doc, check) = (run("doc"), run("check"));
        assert_eq!(doc, check);
        assert_eq!(doc.status, Some(status));
        assert!(doc.stderr.contains("bad.rhai:"), "{}", doc.stderr);
    }
    Program::new()
        .args(["doc", "std/stat"])
        .stderr(
            "
            error: unknown standard module `std/stat`
              help: did you mean `std/stats`?
            ",
        )
        .status(2);
    Program::new()
        .args(["doc", "gone.rhai"])
        .stderr(
            "
            error: file not found: `gone.rhai`
              help: check the path and the current folder
            ",
        )
        .status(2);
}

#[test]
fn only_generated_pages_are_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = Program::new().script("bench.rhai", BENCH).script("led.rhai", LED);
    let outcome = start.args(["doc", "bench.rhai", "--html", "site"]).outcome_in(folder.path());
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
    let pages = texts(&folder.path().join("site"));
    let names: Vec<&str> = pages.keys().map(String::as_str).collect();
    for name in ["bench.html", "index.html", "led.html", "std-assert.html", "the-language.html"] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(outcome.stdout.starts_with(&format!("wrote {} files to `site`", pages.len())), "{}", outcome.stdout);
    assert!(pages["bench.html"].contains("<p>The &lt;bench&gt;.</p>"), "{}", pages["bench.html"]);
    assert!(pages["bench.html"].contains("<a href=\"led.html#Led\">Led</a>"), "{}", pages["bench.html"]);
    assert!(pages["index.html"].contains("<a href=\"bench.html\">bench.rhai</a>"), "{}", pages["index.html"]);

    fs::write(folder.path().join("led.rhai"), "//! What glows.\ndevice Led {}\n").expect("a script");
    let again = succeeds(folder.path(), &["doc", "bench.rhai", "--html", "site"]);
    assert!(again.starts_with("wrote 3 files to `site`; "), "{again}");
    assert!(texts(&folder.path().join("site"))["led.html"].contains("What glows."));

    fs::write(folder.path().join("site/bench.html"), "mine").expect("a page");
    fs::remove_file(folder.path().join("site/led.html")).expect("a page");
    let again = Program::new().args(["doc", "bench.rhai", "--html", "site"]);
    let running = again.start_in(folder.path());
    again
        .stderr(
            "
            error: `site/bench.html` already exists with different content
              help: it was not created by this command: choose another folder
            ",
        )
        .ends(running, 2);
    let left = texts(&folder.path().join("site"));
    assert!(left["bench.html"] == "mine" && !left.contains_key("led.html"));
}

#[test]
fn definitions_are_those_of_rhai_the_language_and_the_modules() {
    let folder = tempfile::tempdir().expect("a folder");
    succeeds(folder.path(), &["definitions"]);
    let files = texts(&folder.path().join(".rhai/definitions"));
    for (name, part) in [
        ("__builtin__.d.rhai", "\nmodule static;\n"),
        ("__static__.d.rhai", "\nfn push("),
        (
            "__belay-script__.d.rhai",
            "\n/// Calls an item or a method by a computed name.\nfn call(d: Device, name: String) -> ?;\n",
        ),
        ("std/assert.d.rhai", "\nmodule \"../../../std/assert\";\n"),
        ("std/assert.d.rhai", "\n/// Passes if the values differ.\nfn not_equal(actual: ?, unexpected: ?) -> ?;\n"),
    ] {
        assert!(files[name].contains(part), "{part:?} is not in {name}");
    }
    assert!(!files["std/assert.d.rhai"].contains("shown"), "a private function");
    assert!(succeeds(folder.path(), &["definitions"]).starts_with("nothing to do"));
}

#[test]
fn editor_files_are_overwritten_only_by_force() {
    let folder = tempfile::tempdir().expect("a folder");
    for (kind, files) in [
        ("vscode", &["language-configuration.json", "package.json", "syntaxes/rhai.tmLanguage.json"][..]),
        ("vim", &["ftdetect/rhai.vim", "ftplugin/rhai.vim", "indent/rhai.vim", "syntax/rhai.vim"]),
        ("neovim", &["plugin/belay_script.lua", "syntax/rhai.vim"]),
        ("helix", &["languages.toml"]),
        ("zed", &["extension.toml", "Cargo.toml", "src/lib.rs", "languages/rhai/config.toml"]),
    ] {
        let target = format!("new/{kind} of mine");
        succeeds(folder.path(), &["editor", kind, &target]);
        let path = folder.path().join(&target);
        let written = texts(&path);
        for file in files {
            assert!(written.contains_key(*file), "{file} is not in {:?}", written.keys());
        }
        fs::write(path.join(files[0]), "mine").expect("a file");
        let outcome = Program::new().args(["editor", kind, &target]).outcome_in(folder.path());
        assert_eq!(outcome.status, Some(2));
        assert!(outcome.stderr.contains("already exists") && outcome.stderr.contains("--force"), "{}", outcome.stderr);
        assert_eq!(texts(&path)[files[0]], "mine");
        succeeds(folder.path(), &["editor", kind, &target, "--force"]);
        assert_eq!(texts(&path), written);
    }
}

#[test]
fn a_new_project_runs_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = succeeds(folder.path(), &["new", "bänch of mine"]);
    assert!(said.contains("\n  cd 'bänch of mine'\n  belay-script run bench.rhai --simulate\n"), "{said}");
    let project = folder.path().join("bänch of mine");
    let read = fs::read_to_string(project.join("README.md")).expect("a README");
    assert!(read.starts_with("# bänch of mine\n"), "{read}");
    let commands: Vec<&str> = read.lines().filter_map(|line| line.strip_prefix("$ belay-script ")).collect();
    assert_eq!(commands.len(), 3);
    let said: Vec<String> = commands
        .iter()
        .map(|command| {
            let outcome = Program::new().args(command.split(' ')).outcome_in(&project);
            assert_eq!(outcome.status, Some(0), "{command}: {}", outcome.stderr);
            assert!(outcome.stderr.is_empty() || outcome.stderr.starts_with("report: reports/"), "{}", outcome.stderr);
            outcome.stdout
        })
        .collect();
    let judged = said[0].contains("mean of five  1.65")
        && said[0].ends_with("[1.6 … 1.7]  pass\nsimulated: bench – not a verdict on hardware\n");
    assert!(said[0].starts_with("bench is micropython on ") && judged, "{}", said[0]);
    assert!(said[1].contains("2 tests: 2 passed\nsimulated: "), "{}", said[1]);
    assert!(said[2].contains("bench.rhai: ok"), "{}", said[2]);
    assert!(succeeds(&project, &["doc", "board.rhai"]).contains("reference = 3.3"));
    let mut reports: Vec<String> = texts(&project.join("reports")).into_keys().collect();
    reports.iter_mut().for_each(|name| name.retain(|letter| !letter.is_ascii_digit()));
    assert_eq!(
        reports,
        [
            "bench-TZ-simulated.html",
            "bench-TZ-simulated.jsonl",
            "test_divider-TZ-simulated.html",
            "test_divider-TZ-simulated.jsonl"
        ]
    );
    let text = fs::read_to_string(project.join(".gitignore")).expect("a .gitignore");
    assert!(text.contains("/site/\n"), "{text}");
}

/// Every command of a template's README, on simulated boards in both ways.
#[test]
fn every_template_runs_on_simulated_boards() {
    for (template, scripts, said) in [
        ("bench", &["bench.rhai", "board.rhai", "tests/test_divider.rhai"][..], "mean of five  1.65"),
        ("production-test", &["production.rhai", "board.rhai"], "4 tests: 4 passed\n"),
        ("logger", &["logger.rhai"], "5 readings in readings.csv\n"),
        ("firmware", &["tests/test_counter.rhai", "firmware/counter.py", "firmware/main.py"], "2 tests: 2 passed\n"),
        ("belay-port", &["bench.rhai"], "0: 1.65 V\n1: 1.65 V\n2: 1.65 V\n"),
    ]
    .into_iter()
    .step_by(extent::one_of("templates"))
    {
        let folder = tempfile::tempdir().expect("a folder");
        let project = folder.path().join("mine");
        let made = succeeds(folder.path(), &["new", "mine", "--template", template]);
        let readme = fs::read_to_string(project.join("README.md")).expect("a README");
        let commands: Vec<&str> = readme.lines().filter_map(|line| line.strip_prefix("$ belay-script ")).collect();
        for command in &commands[..2] {
            assert!(made.contains(&format!("\n  belay-script {command}\n")), "{made}");
        }
        let run = |command: &str| {
            let outcome = Program::new().args(command.split(' ')).outcome_in(&project);
            assert_eq!(outcome.status, Some(0), "{template}: {command}: {}", outcome.stderr);
            let is_quiet = outcome.stderr.lines().all(|line| line.starts_with("report: "));
            assert!(is_quiet, "{template}: {command}: {}", outcome.stderr);
            outcome.stdout
        };
        let printed: Vec<String> = commands.iter().map(|command| run(command)).collect();
        assert!(printed[0].contains(said), "{template}: {}", printed[0]);
        let on_port = run(&commands[0].replace("--simulate", "--port sim"));
        assert!(on_port.contains(said), "{template}: {on_port}");
        let checked = run(&format!("check {}", scripts.join(" ")));
        assert!(!checked.contains("warning"), "{template}: {checked}");
        let all = texts(&project);
        let found = all.keys().filter(|name| name.ends_with(".rhai")).count();
        assert_eq!(found, scripts.iter().filter(|name| name.ends_with(".rhai")).count(), "{template}");
    }
}

#[test]
fn the_port_of_a_belay_script_is_what_convert_makes() {
    let folder = tempfile::tempdir().expect("a folder");
    succeeds(folder.path(), &["new", ".", "--template", "belay-port"]);
    let block = |text: &str| {
        let (_, block) = text.split_once("/// A board with").expect("a class");
        // Methods are host code, which is a comment in one of them.
        let (items, _) = block.rsplit_once("off() ignore_errors `led.value(0)`\n").expect("a teardown");
        items.to_owned()
    };
    let made = succeeds(folder.path(), &["convert", "bench.py", "-o", "-"]);
    assert_eq!(block(&made), block(&texts(folder.path())["bench.rhai"]));
}

#[test]
fn new_lists_its_templates() {
    let help = succeeds(Path::new("."), &["new", "--help"]);
    for name in ["- bench:", "- production-test:", "- logger:", "- firmware:", "- belay-port:"] {
        assert!(help.contains(name), "{name} is not in\n{help}");
    }
}

#[test]
fn new_keeps_existing_files() {
    let mine = || Program::new().file("here/README.md", b"mine").file("here/notes", b"mine too");
    let refused = mine().args(["new", "here"]);
    refused
        .stderr(
            "
            error: the folder `here` is not empty
              help: name a new folder, or add `--force`, which keeps existing files
            ",
        )
        .status(2);
    let folder = tempfile::tempdir().expect("a folder");
    let outcome = mine().args(["new", "here", "--force"]).outcome_in(folder.path());
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
    assert!(outcome.stdout.contains("kept `here/README.md` unchanged\n"), "{}", outcome.stdout);
    let files = texts(&folder.path().join("here"));
    assert_eq!((files["README.md"].as_str(), files["notes"].as_str()), ("mine", "mine too"));
    assert!(files.contains_key("bench.rhai") && files.contains_key("firmware/divider.py"));
    Program::new()
        .file("file", b"")
        .args(["new", "file"])
        .stderr(
            "
            error: `file` is a file
              help: name a new folder
            ",
        )
        .status(2);
}

#[test]
fn doctor_asks_only_a_named_board_and_changes_nothing() {
    let home = tempfile::tempdir().expect("a folder");
    let run = |args: &[&str]| {
        let path = home.path().to_string_lossy().into_owned();
        let program = Program::new().args(["doctor"].iter().chain(args).copied());
        program.env("XDG_DATA_HOME", &path).env("SHELL", "/bin/bash").outcome_in(home.path())
    };
    let plain = run(&[]);
    assert_eq!(plain.status, Some(0), "{}", plain.stderr);
    assert!(!plain.stdout.contains("\nok       board"), "{}", plain.stdout);
    assert!(plain.stdout.contains("warning  completion   no completions for bash\n"), "{}", plain.stdout);
    assert!(texts(home.path()).is_empty(), "{:?}", texts(home.path()).keys());
    let asked: serde_json::Value = serde_json::from_str(&run(&["-p", "sim", "--json"]).stdout).expect("JSON");
    let checks = asked["checks"].as_array().expect("checks");
    let board = checks.iter().find(|check| check["check"] == "board").expect("a board");
    assert!(
        board["state"] == "ok" && board["text"].as_str().is_some_and(|text| text.starts_with("sim: micropython 1."))
    );
    let missing = run(&["-p", "/dev/no-such-port"]);
    assert_eq!(missing.status, Some(1));
    assert!(
        missing.stdout.contains("\nerror    board        unknown serial port `/dev/no-such-port`\n"),
        "{}",
        missing.stdout
    );
    std::fs::write(home.path().join("station.toml"), "[devices\n").expect("a file");
    assert!(run(&[]).stdout.contains("\nerror    station      station.toml:1: "));
}

#[test]
fn doctor_mends_what_needs_no_administrator() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().to_string_lossy().into_owned();
    let mended = Program::new().args(["doctor", "--fix"]).env("XDG_DATA_HOME", &path).env("SHELL", "/bin/bash");
    let outcome = mended.outcome_in(home.path());
    assert!(outcome.stdout.contains("\nok       completion   "), "{}", outcome.stdout);
    let written = texts(home.path());
    let script = &written["bash-completion/completions/belay-script"];
    assert!(script.contains("COMPREPLY"), "{script}");
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = succeeds(folder.path(), &["man", "pages"]);
    let pages = texts(&folder.path().join("pages"));
    assert_eq!(said, format!("wrote {} files to `pages`\n", pages.len()));
    let help = succeeds(folder.path(), &["--help"]);
    // In groups: each has a heading, and its commands are indented.
    let listed =
        help.lines().skip_while(|line| !line.starts_with("Usage:")).skip(1).take_while(|line| *line != "Options:");
    let commands: Vec<&str> =
        listed.filter(|line| line.starts_with("  ")).filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.contains(&"run") && !commands.contains(&"man"), "{commands:?}");
    for command in commands.iter().filter(|command| **command != "help") {
        let page = &pages[&format!("belay-script-{command}.1")];
        assert!(
            page.contains(".SH SYNOPSIS") && page.contains(&format!("belay\\-script {}", command.replace('-', "\\-"))),
            "{page}"
        );
    }
    assert!(pages["belay-script-sim-serve.1"].contains("\\-\\-flash\\-size"));
    assert!(pages["belay-script.1"].contains("belay\\-script\\-sim(1)"), "{}", pages["belay-script.1"]);
    assert!(!pages.contains_key("belay-script-man.1"));
}
