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
let attempt = 0;
test "retried" retry = 1 {
    attempt += 1;
    attach("note.txt", `attempt ${attempt}`.to_blob());
    measure("x", attempt, #{ min: 2 });
}
let n = 0;
let misspelt = #{ mni: 1 };
let wrong = #{ varaint: "B" };
for code in [
    || { measure("x", 1, #{ max: 3 }); measure("x", 2, #{ max: 3 }); },
    || measure("x", 1, #{ variants: #{ "A": #{ max: 2 } } }),
    || measure("x", 1, #{ max: 2 }, #{ max: 3 }),
    || measure("x", 1, #{ unit: "V", max: 2 }, #{ unit: "A" }),
    || measure("x", 1, #{ check: #{ "is one": |v| v } }),
    || measure("x", [1], #{ all: misspelt }),
    || unit("SN-2", wrong),
    || get_measurement("of the script/supplyy"),
    || get_attachment("none.txt"),
] {
    n += 1;
    test `refused ${n}` { try { code.call(); } catch (e) { print(`${e.message} | ${e.help}`); } }
}
test "found" {
    let supply = get_measurement("of the script/supply");
    print(`${supply.path} ${supply.value} ${supply.unit} ${supply.raw} ${supply.outcome}`);
    print(`${get_measurement("ripple").parts[0].violation} ${get_attachment("note.txt").data.as_string()}`);
    print(get_measurement("retried/x").value);
    get_measurement("x");
}
"##;

const SHOWN: &str = r#"
test types ... fail
    a text        7      [≥ 3]        fail
      `min` needs a number, the value is a string
    a bool        true   = 1          fail
      `equals` is an integer, the value is a bool
    a number      12     ~ 12         fail
      `matches` needs a string, the value is an integer
    not a number  nan    [≤ 3]        fail
      the value is nan
    over range    inf Ω  [≥ 3]        fail
      the value is infinite, but `max` is missing
    nothing       ()     [≥ 3]        fail
      the value is missing: it is `()`
    an array      [1,2]  [≤ 3]        fail
      `max` needs a number, the value is an array; `all` limits each of its values
    no samples    []                  fail
      mean        ()     [≤ 3]        fail
        the array is empty
    too high      3.5 V  [3.2 … 3.4]  fail
test lists ... fail
    ripple       [1.0,-2.0,30.0,25.0] mV                fail
      all        -2 … 30 mV               [-20 … 20]    fail
        [2]: 30 mV is above 20 mV (and 1 more)
      stdev      16.3401 mV               [≤ 20]        pass
    ramp         4 samples                              fail
      slope      1.5 V/s                  [≤ 1]         fail
      monotonic  0 … 4.5 V                [falling]     fail
        [1] at 1 s: 500 mV after 0 V (and 2 more)
      envelope   166.667 mV               [margin ≥ 0]  pass
    gain         2 rows                                 fail
      amplitude  2 values                               fail
        all      -3.4 … -0.1 dB           [≥ -3]        fail
          [1] at frequency 1 kHz: -3.4 dB is below -3 dB
    settles      [9,1,8]                                fail
      stays      from [1]                 [≤ 3]         fail
        [2]: 8 is above 3, after [1] was inside
    lines        ["ok","bad"]                           fail
      all        2 values                 ~ ^ok$        fail
        [1]: bad does not match ^ok$
1.57 3.3
test of the script ... fail
    code        7                   fail
      is even   false  = true       fail
      is known  ()     = true       fail
        the check threw: no code 7
    half        1.57
    supply      3.3 V  [3.2 … 3.4]  pass
test variant ... pass
    rail  5 V  [≤ 5.1]  pass
test retried ... pass
    x  2  [≥ 2]  pass
`x` was measured already in this test | give each measurement its own name, or measure an array: `all` limits each of its values
test refused 1 ... pass
    x  1  [≤ 3]  pass
no limits for the variant `B` of the unit | limits are given for A
test refused 2 ... pass
`max` is in both maps | remove one of them: a limit is never replaced silently
test refused 3 ... pass
`A` cannot be converted to `V`, the unit of the limits | measure in a unit that differs from `V` by its prefix alone
test refused 4 ... pass
the check "is one" returned an integer | return `true` if the value is good, else `false`
test refused 5 ... pass
`all` has no option `mni` | did you mean `min`?
test refused 6 ... pass
`unit` has no option `varaint` | did you mean `variant`?
test refused 7 ... pass
no measurement `of the script/supplyy` was recorded | did you mean `of the script/supply`?
test refused 8 ... pass
no attachment `none.txt` was recorded | did you mean `note.txt`?
test refused 9 ... pass
of the script/supply 3.3 V 3300 pass
#{"count": 2, "index": 2, "value": 30.0} attempt 2
2
test found ... error
15 tests: 11 passed, 3 failed, 1 error
"#;

#[test]
fn every_form_is_judged_and_says_why_it_fails() {
    let folder = tempfile::tempdir().unwrap();
    let reports = ["--json", "a.json", "--junit", "a.xml", "--html", "a.html"];
    let run = Program::new().script("a.rhai", SCRIPT);
    let run = run.args([["run", "a.rhai", "--jsonl", "log"].as_slice(), &reports].concat()).outcome_in(folder.path());
    assert_eq!((run.stdout.as_str(), run.status), (SHOWN.trim_start(), Some(1)), "{}", run.stderr);
    let several = "help: use one of `refused 1/x`, `retried/x`";
    assert!(run.stderr.contains(several), "{}", run.stderr);
    let read = || ["a.json", "a.xml", "a.html"].map(|name| fs::read_to_string(folder.path().join(name)).unwrap());
    let first = read();
    let reason = "[2]: 30 mV is above 20 mV (and 1 more)";
    assert!(first.iter().all(|report| report.contains(reason)), "a report does not say why");
    for name in ["a.json", "a.xml", "a.html"] {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    Program::new().args([["report", "log"].as_slice(), &reports].concat()).outcome_in(folder.path());
    assert!(first == read(), "the log gives other reports");
}

#[test]
fn a_generator_of_a_board_is_measured_to_its_end() {
    let script = "
        device B {
            task numbers(count) `
                for number in range(count): yield number
            `
        }
        let b = B.open(\"sim\");
        for_each_board([b], |b| {
            test \"own\" { print(measure(\"numbers\", b.numbers(3), #{ all: #{ max: 1 }, count: #{ equals: 3 } })); }
        });
        test \"of both\" { for_each_board([b], |b| measure(\"supply\", 3.3, #{ max: 3 })); }
        print(get_measurement(\"of both/B/supply\").path);";
    Program::new()
        .script("a.rhai", script)
        .args(["run", "a.rhai"])
        .stdout(
            "
            [0, 1, 2]
            test B / own ... fail
                numbers  [0,1,2]         fail
                  all    0 … 2    [≤ 1]  fail
                    [2]: 2 is above 1
                  count  3        = 3    pass
            test of both ... fail
                B: supply  3.3  [≤ 3]  fail
            of both/B/supply
            2 tests: 2 failed
            simulated: B – not a verdict on hardware
            ",
        )
        .status(1);
}
