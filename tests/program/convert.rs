//! `convert`: Python for Belay becomes a script that runs.

use crate::support::command::Program;
use std::fs;

const BENCH: &str = "import belay

LED = 25

class Bench(belay.Device):
    \"\"\"A bench.\"\"\"

    @belay.Device.setup(autoinit=True)
    def init(pin=LED):
        from machine import Pin
        led = Pin(pin, Pin.OUT)

    @belay.Device.task
    def on(state: bool) -> int:
        # Lights it.
        led.value(state)
        return led.value()

    def blink(self):
        self.on(True)

bench = Bench(\"sim\")
bench.on(True)
print(bench.on(False))
";

/// A program in a folder with the file.
fn program() -> Program {
    Program::new().file("bench.py", BENCH.as_bytes())
}

#[test]
fn a_class_becomes_a_script_that_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let outcome = program().args(["convert", "bench.py"]).outcome_in(folder.path());
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
    assert_eq!(
        outcome.stdout,
        "wrote `bench.rhai`: 1 class, 2 items; 4 lines of host code are comments\nbench.rhai: ok (1 class, 2 items)\n"
    );
    let script = fs::read_to_string(folder.path().join("bench.rhai")).expect("a script");
    assert_eq!(
        script,
        "// Converted from bench.py by `belay-script convert`.
// Comments with a line number are its host code: write them in Rhai, or remove them.

const LED = 25;

// 1: import belay

/// A bench.
device Bench {
    setup init(pin = LED) autoinit `
        from machine import Pin
        led = Pin(pin, Pin.OUT)
    `

    task on(state: bool) -> int `
        # Lights it.
        led.value(state)
        return led.value()
    `

    // 19:     def blink(self):
    // 20:         self.on(True)
}

let bench = Bench.open(\"sim\");
bench.on(true);

// 24: print(bench.on(False))
"
    );
    let mut completed = script.replace("// 24: print(bench.on(False))", "print(bench.on(false));");
    fs::write(folder.path().join("bench.rhai"), &completed).expect("a script");
    let run = Program::new().args(["run", "bench.rhai"]).outcome_in(folder.path());
    assert_eq!((run.status, run.stdout.as_str(), run.stderr.as_str()), (Some(0), "0\n", ""));
    completed.push_str("// mine\n");
    fs::write(folder.path().join("bench.rhai"), &completed).expect("a script");
    let again = Program::new().args(["convert", "bench.py"]).outcome_in(folder.path());
    assert_eq!(again.status, Some(2));
    assert_eq!(
        again.stderr,
        "error: `bench.rhai` already exists\n  help: use `--force` to overwrite it, or name another file with `-o`\n"
    );
    assert_eq!(fs::read_to_string(folder.path().join("bench.rhai")).expect("a script"), completed);
    let forced = Program::new().args(["convert", "bench.py", "--force"]).outcome_in(folder.path());
    assert_eq!(forced.status, Some(0), "{}", forced.stderr);
    assert_eq!(fs::read_to_string(folder.path().join("bench.rhai")).expect("a script"), script);
}

#[test]
fn standard_input_becomes_standard_output() {
    Program::new()
        .args(["convert", "-"])
        .stdin("from belay import Device\nclass B(Device):\n    @Device.task\n    def f():\n        return y\n")
        .stdout(
            "
            // Converted from <stdin> by `belay-script convert`.
            // Comments with a line number are its host code: write them in Rhai, or remove them.

            // 1: from belay import Device

            device B {
                task f() `return y`
            }
            ",
        )
        .stderr(
            "
            warning: unknown name `y` in task `f`
              --> <stdout>:7:22
               |
             7 |     task f() `return y`
               |                      ^
              help: import it, define it in a setup, or pass it as an argument
            ",
        )
        .status(0);
}

#[test]
fn invalid_python_is_an_error_at_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let bad = Program::new().file("bad.py", b"import belay\nx = (1,\n").args(["convert", "bad.py"]);
    let running = bad.start_in(folder.path());
    bad.stderr(
        "
        error: unclosed `(`
          --> bad.py:2:1
           |
         2 | x = (1,
           | ^^^^^^^
          help: close the bracket
        ",
    )
    .ends(running, 2);
    assert!(!folder.path().join("bad.rhai").exists());
    Program::new()
        .args(["convert", "gone.py"])
        .stderr(
            "
            error: `gone.py` cannot be read: no such file or directory
              help: check the path
            ",
        )
        .status(2);
}

#[test]
fn what_an_item_cannot_have_is_a_warning() {
    let source = "from belay import Device\nclass B(Device):\n    @Device.task\n    def f(*a):\n        pass\n";
    let outcome = Program::new().file("b.py", source.as_bytes()).args(["convert", "b.py", "-o", "-"]).outcome();
    assert_eq!(outcome.status, Some(0));
    assert!(outcome.stdout.contains("\n    // 5:         pass\n}\n"), "{}", outcome.stdout);
    assert!(
        outcome.stderr.starts_with(
            "warning: `f` is not converted: `*a` is not available in items\n  --> b.py:4:5\n   |\n 4 |     def f(*a):\n"
        ),
        "{}",
        outcome.stderr
    );
}

#[test]
fn modules_beside_the_file_are_named() {
    let main = "from bench import Bench\nbench = Bench('sim')\nbench.on(True)\n";
    let both = || program().file("main.py", main.as_bytes());
    let folder = tempfile::tempdir().expect("a folder");
    let first = both().args(["convert", "main.py"]).outcome_in(folder.path());
    assert_eq!(first.status, Some(2));
    assert!(first.stdout.ends_with("\nit imports `bench.rhai`: convert `bench.py`, too\n"), "{}", first.stdout);
    assert!(first.stderr.starts_with("error: "), "{}", first.stderr);
    let second = both().args(["convert", "bench.py"]).outcome_in(folder.path());
    assert_eq!(second.status, Some(0), "{}", second.stderr);
    let third = both().args(["convert", "main.py", "-f"]).outcome_in(folder.path());
    assert_eq!((third.status, third.stderr.as_str()), (Some(0), ""));
    assert!(third.stdout.ends_with("\nmain.rhai: ok (1 class, 2 items)\n"), "{}", third.stdout);
}
