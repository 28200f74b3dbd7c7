//! Every form of `measure`, with the reason of each failure: in the terminal, in the reports, and in reports made from the log.

use crate::support::command::Program;
use std::fs;

const SCRIPT: &str = r##"
unit("SN-1", #{ variant: "B" });
test "types" {
    measure("a text", "7", #{ min: 3 });
    measure("a bool", true, #{ equals: 1 });
    measure("a number", 12, #{ matches: "12" });
    measure("not a number", 0.0 / 0.0, #{ max: 3 });
    measure("over range", 1.0 / 0.0, #{ unit: "Ω", min: 3 });
    measure("nothing", (), #{ min: 3 });
    measure("an array", [1, 2], #{ max: 3 });
    measure("no samples", [], #{ mean: #{ max: 3 } });
    measure("too high", 3.5, #{ unit: "V", min: 3.2, max: 3.4 });
}
test "lists" {
    measure("ripple", [1.0, -2.0, 30.0, 25.0], #{ unit: "mV", all: #{ min: -20, max: 20 }, stdev: #{ max: 20 } });
    let ramp = record("ramp", "V");
    for n in 0..4 { ramp.add(n * n * 0.5, 1000 + n); }
    measure("ramp", ramp, #{ slope: #{ max: 1 }, monotonic: "falling", envelope: [[0, -1, 1], [3, 3, 5]] });
    measure("gain", [[10, -0.1], [1000, -3.4]], #{ columns: [#{ name: "frequency", unit: "Hz" },
        #{ name: "amplitude", unit: "dB", all: #{ min: -3 } }] });
    measure("settles", [9, 1, 8], #{ stays: #{ max: 3 } });
    measure("lines", ["ok", "bad"], #{ all: #{ matches: "^ok$" } });
}
test "of the script" {
    measure("code", 7, #{ check: #{ "is even": |v| v % 2 == 0, "is known": |v| throw `no code ${v}` } });
    let half = measure("half", 3.14159, #{ transform: |v| v / 2, precision: 2 });
    let supply = measure("supply", 3300, #{ unit: "V", min: 3.2, max: 3.4, marginal_percent: 45 }, #{ unit: "mV" });
    print(`${half} ${supply}`);
}
test "variant" { measure("rail", 5.0, #{ unit: "V", variants: #{ "A": #{ max: 3.4 }, "B": #{ max: 5.1 } } }); }
test "retried" retry = 1 {
    attach("note.txt", "hi".to_blob());
    measure("x", 1, #{ max: if "x" == get_attachment("note.txt").name { 2 } else { 0 } });
}
for code in [
    || { measure("x", 1, #{ max: 3 }); measure("x", 2, #{ max: 3 }); },
    || measure("x", 1, #{ variants: #{ "A": #{ max: 2 } } }),
    || measure("x", 1, #{ max: 2 }, #{ max: 3 }),
    || measure("x", 1, #{ unit: "V", max: 2 }, #{ unit: "A" }),
    || measure("x", 1, #{ check: #{ "is one": |v| v } }),
    || measure("x", [1], #{ all: #{ mni: 1 } }),
    || unit("SN-2", #{ varaint: "B" }),
    || get_measurement("of the script/supplyy"),
    || get_attachment("none.txt"),
] {
    test "refused" { try { code.call(); } catch (e) { print(`${e.message} | ${e.help}`); } }
}
test "found" {
    let supply = get_measurement("of the script/supply");
    print(`${supply.path} ${supply.value} ${supply.unit} ${supply.raw} ${supply.outcome}`);
    print(`${get_measurement("ripple").parts[0].violation} ${get_attachment("note.txt").data.as_string()}`);
    get_measurement("x");
}
"##;

const SHOWN: &str = "
test types ... fail
    a text        7        [≥ 3]        fail
      `min` needs a number, the value is a string
    a bool        true     = 1          fail
      `equals` is an integer, the value is a bool
    a number      12       ~ 12         fail
      `matches` needs a string, the value is an integer
    not a number  nan      [≤ 3]        fail
      the value is nan
    over range    inf Ω    [≥ 3]        fail
      the value is infinite, and there is no `max`
    nothing       ()       [≥ 3]        fail
      there is no value: it is `()`
    an array      [1,2]    [≤ 3]        fail
      `max` needs a number, the value is an array; `all` limits each of its values
    no samples    []                    fail
      mean        ()       [≤ 3]        fail
        the array is empty
    too high      3.5 V    [3.2 … 3.4]  fail
";

#[test]
fn every_form_is_judged_and_says_why_it_fails() {
    let folder = tempfile::tempdir().unwrap();
    let reports = ["--json", "a.json", "--junit", "a.xml", "--html", "a.html"];
    let run = Program::new().script("a.rhai", SCRIPT);
    let run = run.args([["test", "a.rhai", "--jsonl", "log"].as_slice(), &reports].concat()).outcome_in(folder.path());
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(run.status, Some(1), "{}", run.stderr);
    assert!(run.stdout.contains(SHOWN.trim_start()), "{}", run.stdout);
    let first = ["a.json", "a.xml", "a.html"].map(read);
    for name in ["a.json", "a.xml", "a.html"] {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    Program::new().args([["report", "log"].as_slice(), &reports].concat()).outcome_in(folder.path());
    assert!(first == ["a.json", "a.xml", "a.html"].map(read), "the log gives other reports");
    let lists = "
        test lists ... fail
            ripple         [1.0,-2.0,30.0,25.0] mV                fail
              all          -2 … 30 mV               [-20 … 20]    fail
                [2]: 30 mV is above 20 mV (and 1 more)
              stdev        16.299 mV                [≤ 20]        pass
        ";
    eprintln!("{}\n{}", run.stdout, run.stderr);
    assert!(run.stdout.contains(&crate::support::command::unindent(lists)), "{}", run.stdout);
}
