//! A script that exceeds its memory limit ends with an error, and its teardowns run.

use crate::bounds::measure;
use crate::support::command::Program;
use crate::support::extent;

const BENCH: &str = "device Bench { teardown off() `print('off')` }\nlet bench = Bench.open();\n";

#[test]
fn memory_that_doubles_ends_the_script_and_teardowns_run() {
    let folder = tempfile::tempdir().unwrap();
    for (name, grow) in [
        ("string", "let s = \"abcdefgh\"; loop { s += s; }"),
        ("array", "let a = [1, 2, 3, 4]; loop { a += a; }"),
        ("items", "let a = []; let big = blob(1000000); loop { a.push(big); }"),
        ("padding", "let a = []; let big = blob(1000000); a.pad(100000, big);"),
        ("caught", "loop { try { let s = \"abcdefgh\"; loop { s += s; } } catch { } }"),
    ] {
        let script = format!("{name}.rhai");
        std::fs::write(folder.path().join(&script), format!("{BENCH}{grow}")).unwrap();
        let run = measure(folder.path(), &["run", &script, "-p", "sim", "--max-memory", "64m", "--jsonl", "log.jsonl"]);
        run.refused(1, "error: the script uses more than 64 MiB of memory");
        let log = std::fs::read_to_string(folder.path().join("log.jsonl")).unwrap();
        assert!(log.contains("off"), "{name}: the teardown did not run: {log}");
    }
}

/// All reports of a run with tests, samples, measurements and attachments, and all reports of its log.
#[test]
fn reports_take_no_more_memory_for_more_tests_and_samples() {
    const SCRIPT: &str = "let s = record(\"s\", \"V\"); let big = blob(20000);
        for i in 0..COUNT {
            test `the test ${i}` { print(\"x\"); measure(\"v\", i, #{ min: 0, unit: \"V\" }); attach(\"a\", big); }
            measure(\"loose\", i);
            for j in 0..10 { s.add(j); }
        }";
    let folder = tempfile::tempdir().unwrap();
    let peaks = |count: usize| {
        std::fs::write(folder.path().join("a.rhai"), SCRIPT.replace("COUNT", &count.to_string())).unwrap();
        let reports = ["--json", "a.json", "--junit", "a.xml", "--html", "a.html", "--csv", "csv"];
        let run = measure(folder.path(), &[["run", "a.rhai", "--jsonl", "log"].as_slice(), &reports].concat());
        assert_eq!(run.status, Some(0), "{}", run.stderr);
        let page = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
        let first = ["a.json", "a.xml", "a.html", "csv/s.csv"].map(page);
        let again = measure(folder.path(), &[["report", "log"].as_slice(), &reports].concat());
        assert_eq!(again.status, Some(0), "{}", again.stderr);
        assert!(first == ["a.json", "a.xml", "a.html", "csv/s.csv"].map(page), "the reports differ");
        [run.peak, again.peak]
    };
    let share = extent::one_of("reports");
    let count = 800 / share;
    // The attachments alone are twice as large.
    let bound = 8 / share as u64;
    let (few, many) = (peaks(10), peaks(count));
    for (few, many) in few.into_iter().zip(many) {
        assert!(many < few + bound, "{few} MiB for 10, {many} for {count}");
    }
}

#[test]
fn one_call_cannot_exceed_the_size_limit() {
    let calls = "for make in [
            || blob(9223372036854775807),
            || blob(99999999999, 1),
            || { let a = []; a.pad(9223372036854775807, 1); },
            || { let b = blob(); b.pad(99999999999, 1); },
            || { let s = \"\"; s.pad(99999999999, 'é'); },
            || { let s = \"\"; s.pad(99999999999, \"ab\"); },
            || { let s = \"\"; s.pad(1000000, 'a'); s.replace(\"a\", s); },
            || { let s = \"\"; s.pad(1000000, 'a'); s.replace('a', s); },
        ] {
            try { make.call(); print(\"made\"); } catch (error) { print(error.kind); }
        }";
    let program = Program::new().script("calls.rhai", calls).args(["run", "calls.rhai"]);
    program.stdout(&"ArgumentError\n".repeat(8)).status(0);
}

#[test]
fn bounded_functions_match_those_of_rhai() {
    let calls = "let a = [1]; a.pad(3, 2); a.pad(-1, 9); a.pad(2, 9); print(a);
        print(blob(3, 0x1ff)); print(blob(-1)); let b = blob(1); b.pad(3, 7); b.pad(2, 1); print(b);
        let s = \"é\"; s.pad(3, 'x'); s.pad(6, \"(!)\"); s.pad(2, 'z'); s.pad(9, \"\"); print(s);
        let t = \"banana\"; t.replace(\"an\", \"AN\"); t.replace('b', \"BB\"); t.replace(\"a\", '-'); t.replace('B', 'c'); print(t);";
    let program = Program::new().script("calls.rhai", calls).args(["run", "calls.rhai"]);
    program.stdout("[1, 2, 2]\n[ffffff]\n[]\n[000707]\néxx(!)\nccANAN-\n").status(0);
}
