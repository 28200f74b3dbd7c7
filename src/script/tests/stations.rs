//! What a script asks of the station's file.

use super::analysis::shown_findings;
use super::*;
use crate::bench::station::Station;
use std::path::Path;

const STATION: &str = "
[boards.dut]
simulate = true
[constants]
divider = 2.0
[limits]
supply = { unit = \"V\" }
";

fn found(text: &str, station: Option<&str>) -> Vec<String> {
    let station = station.map(|text| Station::parse(Path::new("lab/station.toml"), text).expect("a station"));
    let (mut runner, _) = runner_with(RunOptions { station: station.map(Arc::new), ..RunOptions::default() });
    shown_findings(&mut runner, "t.rhai", text)
}

#[track_caller]
fn case(text: &str, wanted: &[&str]) {
    assert_eq!(found(text, Some(STATION)), wanted, "{text}");
    // Constants are computed by a check, too.
    let is_other = |problem: &String| !problem.starts_with("ArgumentError: no station file found");
    let without: Vec<_> = found(text, None).into_iter().filter(is_other).collect();
    assert!(without.is_empty(), "{text}\n{without:?}");
}

#[test]
fn what_the_file_lacks() {
    case(
        "print(station.constants.dividr);",
        &["error 1:25: `lab/station.toml` has no constant `dividr` | did you mean `divider`?"],
    );
    case(
        "print(station.constants[\"other\"]);",
        &["error 1:25: `lab/station.toml` has no constant `other` | constants of that file: divider"],
    );
    case(
        "fn f() { station.limits.suply.min }\nprint(f());",
        &["error 1:25: `lab/station.toml` has no limit `suply` | did you mean `supply`?"],
    );
    case(
        "let limits = station.limits;\nmeasure(\"a\", 1.0, limits.suply);",
        &["error 2:26: `lab/station.toml` has no limit `suply` | did you mean `supply`?"],
    );
    case("Device.open(\"dtu\");", &["error 1:13: `lab/station.toml` has no board `dtu` | did you mean `dut`?"]);
    case(
        "device B { task f() `1` }\nB.session(\"load\", |b| b.f());",
        &["error 2:11: `lab/station.toml` has no board `load` | add it with `belay-script select load`"],
    );
    assert_eq!(
        found("print(station.constant);", Some(STATION)),
        ["error 1:15: `station` has no property `constant` | did you mean `constants`?"]
    );
}

#[test]
fn what_the_file_has_and_what_scripts_ask_for() {
    for text in [
        "print(station.constants.divider * station.limits.supply.min);\nprint(station.name + station.file + station.reports);",
        "for name in station.boards { Device.open(name); }",
        "Device.open(\"dut\"); Device.open(\"sim:x\"); Device.open(\"/dev/ttyUSB0\"); Device.open(\"COM3\"); Device.open(\"sim\");",
        "if station.constants.contains(\"x\") { print(station.constants.x); }",
        "if \"x\" in station.boards { Device.open(\"x\"); }",
        "let c = station.constants; if c.keys().len() > 2 { print(c.x); }",
        "let station = #{ constants: #{ x: 1 } }; print(station.constants.x);",
    ] {
        case(text, &[]);
    }
    let caught = found("try { print(station.limits.x); } catch { }", Some(STATION));
    assert_eq!(caught.len(), 1);
    assert!(caught[0].starts_with("warning"), "{caught:?}");
}

#[test]
fn measurements_name_the_source_of_their_limits() {
    let station = "[limits]\nsupply = { unit = \"V\", min = 3.2, max = 3.4 }\nidle = { max = 3.4 }\n\
        levels = { equals = [1, 2] }\n[constants]\nmost = 7.5\nby_variant = { a = { max = 1 } }\n";
    let script = r#"
measure("whole", 3.3, station.limits.supply);
measure("with more", 3.3, station.limits.supply + #{ must: true, doc: "x" });
let one = station.limits.supply;
one.max = 9.0;
measure("changed", 3.3, one);
measure("same number", 3.3, station.limits.idle);
let limit = station.limits.supply.max;
fn check(limit) { measure("copied", 3.3, #{ max: limit }) }
check(limit);
[1].for_each(|n| measure("captured", n, #{ max: limit }));
measure("both", 3.3, #{ min: station.limits.supply.min, max: station.constants.most });
measure("nested", 1, station.constants.by_variant.a);
measure("list", [1, 2], station.limits.levels);
measure("own", 3.3, #{ max: 3.4 });
limit.tag = 1;
let forged = 5.0;
forged.tag = 1;
measure("forged", 3.3, #{ max: forged });
measure("computed", 3.3, #{ max: station.limits.supply.max * 1.0 });
measure("unit only", 3.3, #{ unit: "V" });
measure("none", 3.3);
"#;
    let station = Station::parse(Path::new("lab/station.toml"), station).unwrap();
    let (mut runner, _) = runner_with(RunOptions { station: Some(Arc::new(station)), ..RunOptions::default() });
    let finished = runner.run_text("t.rhai", script);
    assert!(finished.failure.is_none(), "{:?}", finished.failure);
    let said = |item: &crate::bench::measurement::Measurement| {
        format!("{}: {}", item.name, item.limit.as_ref().map_or("-".to_owned(), |limit| limit.said()))
    };
    let said: Vec<String> = finished.report.measurements.iter().map(said).collect();
    let expected = [
        "whole: limits.supply (lab/station.toml:2)",
        "with more: limits.supply (lab/station.toml:2)",
        "changed: limits.supply (lab/station.toml:2, max of the script)",
        "same number: limits.idle (lab/station.toml:3)",
        "copied: limits.supply (lab/station.toml:2)",
        "captured: limits.supply (lab/station.toml:2)",
        "both: constants.most, limits.supply (lab/station.toml:6)",
        "nested: constants.by_variant (lab/station.toml:7)",
        "list: limits.levels (lab/station.toml:4)",
        "own: t.rhai:15",
        "forged: t.rhai:19",
        "computed: t.rhai:20",
        "unit only: -",
        "none: -",
    ];
    assert_eq!(said, expected);
}
