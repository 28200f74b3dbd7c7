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
        &["error 1:25: `lab/station.toml` has no constant `other` | write it into `[constants]` of that file"],
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
