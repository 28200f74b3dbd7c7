//! `run --mount FOLDER`: programs and scripts whose boards see a folder of this computer.

use crate::support::command::Program;

fn program() -> Program {
    Program::new()
        .file("code/helper.py", b"def twice(x):\n    return 2 * x\n\ndef fail(x):\n    return 1 // x\n")
        .file("code/data.txt", b"one\ntwo\n")
}

#[test]
fn a_python_program_imports_from_the_folder() {
    program()
        .file("main.py", b"import helper\nprint(helper.twice(21), open('data.txt').read().split())\nhelper.fail(0)\n")
        .args(["run", "main.py", "-p", "sim", "--mount", "code"])
        .stdout("42 ['one', 'two']\r\n")
        .stderr(
            "
            error: the board raised ZeroDivisionError: divide by zero
              --> code/helper.py:5:1
              called from main.py:3:1
               |
             3 | helper.fail(0)
               | ^^^^^^^^^^^^^^
            ",
        )
        .status(1);
}

#[test]
fn a_script_imports_from_the_folder() {
    program()
        .script(
            "a.rhai",
            "
            device Bench {
                setup prepare() autoinit `import helper`
                task twice(x) `return helper.twice(x)`
                task write(text) `
                    with open('out.txt', 'w') as f:
                        f.write(text)
                `
            }
            let bench = Bench.open(`sim`);
            print(bench.twice(21));
            bench.write(`text`);
            bench.soft_reset();
            bench.prepare();
            print(bench.twice(1));
            bench.unmount();
            bench.mount(`code`);
            print(bench.exec(`open('out.txt').read()`));
            try { bench.write(`x`) } catch (e) { print(e.message) }
            try { bench.mount(`..`) } catch (e) { print(e.message) }
            try { bench.mount(`code`, #{ wrong: true }) } catch (e) { print(e.message) }
            ",
        )
        .args(["run", "a.rhai", "--mount", "code", "--write"])
        .stdout("42\n2\ntext\nOSError: 30\nthe path \"..\" is outside the script's folders\n`mount` has no option `wrong`\n")
        .status(0);
}

/// Unclosed files are written to the folder, however the program ends.
#[test]
fn unclosed_files_are_written_at_the_end() {
    let log = "f = open('log.csv', 'w')\nfor i in range(100): n = f.write('%d,a value of a logger\\n' % i)\n";
    let wanted: String = (0..100).map(|number| format!("{number},a value of a logger\n")).collect();
    for (end, status) in [("", 0), ("1 / 0\n", 1), ("import sys\nsys.exit()\n", 0)] {
        let folder = tempfile::tempdir().expect("a folder");
        let outcome = program()
            .file("main.py", format!("{log}{end}").as_bytes())
            .args(["run", "main.py", "-p", "sim", "--mount", "code", "--write"])
            .outcome_in(folder.path());
        let written = std::fs::read_to_string(folder.path().join("code/log.csv")).expect("a file");
        assert!(written == wanted, "{end}: {} bytes, {outcome:?}", written.len());
        assert_eq!(outcome.status, Some(status), "{end}: {outcome:?}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let forever = format!("{log}print('writing')\nwhile True: pass\n");
    let program = program().file("main.py", forever.as_bytes());
    let running = program.args(["run", "main.py", "-p", "sim", "--mount", "code", "--write"]).start_in(folder.path());
    running.said("writing\r\n");
    running.interrupt();
    let outcome = running.finish().1;
    let written = std::fs::read_to_string(folder.path().join("code/log.csv")).expect("a file");
    assert!(written == wanted && outcome.status == Some(130), "{} bytes, {outcome:?}", written.len());
}

#[test]
fn mount_errors_are_reported_before_the_run() {
    program()
        .script("a.rhai", "print(1)")
        .args(["run", "a.rhai", "--mount", "nowhere"])
        .stderr(
            "
            error: `nowhere` cannot be mounted: no such folder
              help: use a folder of this computer, for example `.`
            ",
        )
        .status(2);
}

#[test]
fn ctrl_c_ends_a_program_that_reads() {
    let program = program()
        .file("main.py", b"print('reading')\nwhile True:\n    open('data.txt').read()\n")
        .args(["run", "main.py", "-p", "sim", "--mount", "code"]);
    let running = program.start();
    running.said("reading\r\n");
    running.interrupt();
    let (_, outcome) = running.finish();
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("reading\r\n", Some(130)), "{}", outcome.stderr);
}
