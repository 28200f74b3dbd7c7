//! OpenHTF's examples, as scripts.

use crate::support::command::{Program, said};

#[test]
fn the_hello_world_of_openhtf() {
    let script = include_str!("../../scripts/openhtf/hello_world.rhai");
    Program::new()
        .file("a.rhai", script.as_bytes())
        .args(["run", "a.rhai"])
        .stdout(
            "
            Hello, unit!
            test hello world ... pass
                greeting  hello again
            1 test: 1 passed
            ",
        )
        .status(0);
}

#[test]
fn the_measurements_of_openhtf() {
    let script = include_str!("../../scripts/openhtf/measurements.rhai");
    Program::new()
        .file("a.rhai", script.as_bytes())
        .args(["run", "a.rhai"])
        .stdout(
            "
            test the widget is the right one ... pass
                widget_type   BestWidget  ~ .*Widget$  pass
                widget_color  black       = black      pass
                widget_size   3           [1 … 4]      pass
                first_price   10.2        [9 … 11]     pass
            test levels, one measurement each ... pass
                level_1  0.5 V  [≤ 5]  pass
                level_2  1 V    [≤ 5]  pass
                level_3  1.5 V  [≤ 5]  pass
                level_4  2 V    [≤ 5]  pass
            test power over time ... pass
                efficiency  80 %  [≥ 75]  pass
            test near the limit ... marginal
                resistance  9.5 Ω  [5 … 10]  marginal
            what follows is still run
            test beyond the limit ... fail
                voltage  5.4 V  [4.5 … 5.2]  fail
            5 tests: 3 passed, 1 marginal, 1 failed
            ",
        )
        .status(1);
}

#[test]
fn the_phase_groups_of_openhtf() {
    let script = include_str!("../../scripts/openhtf/phase_groups.rhai");
    let outcome = Program::new().file("a.rhai", script.as_bytes()).args(["run", "a.rhai"]).outcome();
    let lines = [
        "  setup",
        "  main",
        "test all is well / main ... pass",
        "  teardown",
        "test an error in the setup / setup_all ... fail",
        "test an error in the setup / main ... skip (`setup_all` failed)",
        "  teardown, all the same",
        "  setup",
        "test an error in the main phase / main ... fail",
        "test an error in the main phase / next ... skip (`main` did not pass)",
        "  teardown",
        "  outer setup",
        "  inner setup",
        "test outer / inner / main ... fail",
        "  inner teardown",
        "  outer main",
        "test outer / the outer phase is run ... pass",
        "  outer teardown",
        "7 tests: 2 passed, 2 skipped, 3 failed",
        "",
    ];
    said(&outcome, &lines.join("\n"), 1);
}

#[test]
fn the_repeats_of_openhtf() {
    let script = include_str!("../../scripts/openhtf/repeat.rhai");
    let outcome = Program::new().file("a.rhai", script.as_bytes()).args(["run", "a.rhai"]).outcome();
    said(
        &outcome,
        "run 1\nrun 2\nrun 3\ntest repeated until it succeeds ... pass\ntest repeated up to a limit ... fail\n2 tests: 1 passed, 1 failed\n",
        1,
    );
    assert!(
        outcome.stderr.contains("attempt 3 of 6") && !outcome.stderr.contains("attempt 4 of 6"),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stderr.contains("error: failed in run 5"), "{}", outcome.stderr);
}

#[test]
fn the_checkpoints_of_openhtf() {
    let script = include_str!("../../scripts/openhtf/checkpoints.rhai");
    Program::new()
        .file("a.rhai", script.as_bytes())
        .args(["run", "a.rhai"])
        .stdout(
            "
            test hello ... pass
                greeting  hello again
            test failing ... fail
                fixed_time  20 s  [0 … 10]  fail
            test burn-in ... skip (`failing` did not pass before the checkpoint \"before the burn-in\")
            3 tests: 1 passed, 1 skipped, 1 failed
            ",
        )
        .status(1);
}

#[test]
fn the_phase_branches_of_openhtf() {
    let script = include_str!("../../scripts/openhtf/phase_branches.rhai");
    Program::new()
        .file("a.rhai", script.as_bytes())
        .args(["run", "a.rhai", "--answer", "branch=prototype", "--answer", "seen=some smoke"])
        .stdout(
            "
            test select the branch ... pass
                test_branch  prototype
                diagnosis prototype: the operator's choice
            test look at the prototype ... fail
                observation  some smoke
                diagnosis emergency: the operator saw: some smoke  fail
            Thank you for your observation.
            test leave the building ... pass
            3 tests: 2 passed, 1 failed
            ",
        )
        .stderr(
            "
            ? Which branch? prototype
            ? What do you see? some smoke
            ",
        )
        .status(1);
}

#[test]
fn the_stop_of_openhtf() {
    let script = include_str!("../../scripts/openhtf/stop_on_first_failure.rhai");
    Program::new()
        .file("a.rhai", script.as_bytes())
        .args(["run", "a.rhai", "--fail-fast"])
        .stdout(
            "
            test adds up ... pass
                sum  3  [≤ 5]  pass
            test does not add up ... fail
                sum  9  [≤ 5]  fail
            teardowns are run
            2 tests: 1 passed, 1 failed
            1 test not reached
            ",
        )
        .status(1);
}
