//! Scripts with certain errors are refused before anything runs; warnings are printed once.

use crate::support::command::Program;

/// A script with an error in a branch that is never taken, and a variable that nothing uses.
const WRONG: &str = "
    device Bench {
        task on() `return 1`
    }
    let bench = Bench.open();
    let spare = 2;
    print(bench.on());
    if false {
        bench.onn();
        v = 5;
    }
";

#[test]
fn check_reports_all_errors_and_warnings() {
    Program::new()
        .script("a.rhai", WRONG)
        .script("b.rhai", "let spare = 2;\nprint(7 / 2);\n")
        .args(["check", "a.rhai", "b.rhai"])
        .stdout("b.rhai: ok (0 classes, 0 items, 2 warnings)\n")
        .stderr(
            "
            warning: unused variable `spare`
              --> a.rhai:5:5
               |
             5 | let spare = 2;
               |     ^^^^^
              help: use it, or name it `_spare`
            error: `Bench` has no task or method `onn`
              --> a.rhai:8:11
               |
             8 |     bench.onn();
               |           ^^^
              help: did you mean `on`?
            error: `v` is assigned, but not declared
              --> a.rhai:9:5
               |
             9 |     v = 5;
               |     ^
              help: declare it with `let v = …;`
            warning: unused variable `spare`
              --> b.rhai:1:5
               |
             1 | let spare = 2;
               |     ^^^^^
              help: use it, or name it `_spare`
            warning: dividing two integers may drop a remainder
              --> b.rhai:2:9
               |
             2 | print(7 / 2);
               |         ^
              help: for a fraction, write `2.0`; for the whole part, write `floor_div(a, 2)`
            ",
        )
        .status(2);
}

#[test]
fn check_prints_findings_as_json() {
    let program = Program::new().script("a.rhai", WRONG).args(["check", "--json", "a.rhai"]);
    let outcome = program.outcome();
    assert_eq!((outcome.stderr.as_str(), outcome.status), ("", Some(2)));
    let found: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(found.as_array().map(Vec::len), Some(3), "{found}");
    assert_eq!(
        found[1],
        serde_json::json!({
            "file": "a.rhai",
            "line": 8,
            "column": 11,
            "severity": "error",
            "kind": "ParseError",
            "message": "`Bench` has no task or method `onn`",
            "help": "did you mean `on`?",
        })
    );
}

#[test]
fn run_and_test_refuse_certain_errors_before_opening_a_board() {
    for command in ["run", "test"] {
        // No port of this name could be opened.
        let program = Program::new().script("a.rhai", WRONG).args([command, "a.rhai", "-p", "/dev/nothing"]);
        let outcome = program.outcome();
        assert_eq!((outcome.stdout.as_str(), outcome.status), ("", Some(2)), "{command}");
        let warning = "a.rhai:5:5: warning: unused variable `spare`\n  help: use it, or name it `_spare`\n";
        let rest = outcome.stderr.strip_prefix(warning).unwrap_or_else(|| panic!("{}", outcome.stderr));
        assert!(rest.starts_with("error: `Bench` has no task or method `onn`\n  --> a.rhai:8:11\n"), "{rest}");
        assert!(rest.contains("error: `v` is assigned, but not declared\n  --> a.rhai:9:5\n"), "{rest}");
    }
}

#[test]
fn no_check_runs_a_script_with_errors() {
    Program::new()
        .script("a.rhai", WRONG)
        .args(["run", "--no-check", "a.rhai", "-p", "sim"])
        .stdout("1\n")
        .stderr("")
        .status(0);
}

#[test]
fn warnings_are_printed_once_for_repeated_runs() {
    let script = "let spare = 2;\ntest \"t\" { }\n";
    let outcome = Program::new().script("a.rhai", script).args(["test", "a.rhai", "--repeat", "3"]).outcome();
    assert_eq!(outcome.stderr, "a.rhai:1:5: warning: unused variable `spare`\n  help: use it, or name it `_spare`\n");
    assert_eq!(outcome.status, Some(0));
}

#[test]
fn check_corrects_what_has_one_clear_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "// Notes.\ndevice Bench {\n    task on() `return 1`\n}\nlet bench = Bench.open();\nbenhc.onn();\nassert::equal(1, 1);\nassert::close(1, 1, 0);\n";
    let program = Program::new().file("a.rhai", text.as_bytes()).args(["check", "--fix", "a.rhai"]);
    let outcome = program.outcome_in(folder.path());
    assert_eq!(outcome.stdout, "a.rhai: ok (1 class, 1 item)\n", "{}", outcome.stderr);
    assert_eq!((outcome.stderr.as_str(), outcome.status), ("a.rhai: 3 corrected\n", Some(0)));
    assert_eq!(
        std::fs::read_to_string(folder.path().join("a.rhai")).expect("the script"),
        "// Notes.\nimport \"std/assert\" as assert;\ndevice Bench {\n    task on() `return 1`\n}\nlet bench = Bench.open();\nbench.on();\nassert::equal(1, 1);\nassert::close(1, 1, 0);\n"
    );
}

/// A script whose body uses a name that no board has.
const MISSPELT: &str = "
    device Bench {
        setup init() autoinit `level = 20`
        task twice(n) `
            if n:
                return 2 * levle
            return level
        `
    }
    print(Bench.open().twice(0));
";

#[test]
fn misspelt_names_in_bodies_are_warnings() {
    let shown = "
        warning: unknown name `levle` in task `twice`
          --> a.rhai:5:24
           |
         5 |             return 2 * levle
           |                        ^^^^^
          help: did you mean `level`?
        ";
    let check = || Program::new().script("a.rhai", MISSPELT).args(["check", "a.rhai"]);
    check().stdout("a.rhai: ok (1 class, 2 items, 1 warning)\n").stderr(shown).status(0);
    let folder = tempfile::tempdir().expect("a folder");
    let outcome = check().args(["--fix"]).outcome_in(folder.path());
    assert_eq!((outcome.stderr.as_str(), outcome.status), ("a.rhai: 1 corrected\n", Some(0)));
    // A run is not kept from running.
    Program::new()
        .script("a.rhai", MISSPELT)
        .args(["run", "a.rhai", "-p", "sim"])
        .stdout("20\n")
        .stderr("a.rhai:5:24: warning: unknown name `levle` in task `twice`\n  help: did you mean `level`?\n")
        .status(0);
}

#[test]
fn every_built_in_of_the_interpreter_is_known() {
    let names = Program::new().args(["eval", "-p", "sim", "', '.join(dir(__import__('builtins')))"]).outcome();
    let names = names.stdout.trim().trim_matches(['\'', '"']);
    assert!(names.contains("ZeroDivisionError"), "{names}");
    let script =
        format!("device D {{ task f() `return {names}` }}\n").replace("exec, execfile, ", "").replace("globals, ", "");
    let script = script.replace("locals, ", "").replace("__import__, ", "");
    Program::new()
        .file("a.rhai", script.as_bytes())
        .args(["check", "a.rhai"])
        .stdout("a.rhai: ok (1 class, 1 item)\n")
        .status(0);
}
