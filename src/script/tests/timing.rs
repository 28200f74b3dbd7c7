//! Schedules, waits, retries, and threads. No expectation depends on the speed of the machine.

use super::*;

#[test]
fn every_keeps_its_schedule() {
    assert_eq!(printed("let kept = every(0.001, 5, || 1); print(kept.calls + kept.skipped);"), ["5"]);
    let rising =
        "let last = -1; every(0.001, |n| { if n <= last { throw \"back\" } last = n; n < 2 }); print(last >= 2);";
    assert_eq!(printed(rising), ["true"]);
    assert_eq!(printed("print(every(1, || { print(\"once\"); false }).calls);"), ["once", "1"]);
    assert_eq!(printed("print(every(1000, 0, |n| print(n)).calls);"), ["0"]);
    // The second and third call's times pass during the first one.
    let late = "let seen = []; let kept = every(0.02, 4, |n| { seen.push(n); if n == 0 { sleep(0.05) } });
        print(kept.calls + kept.skipped); print(seen.len() == 1 || seen[1] >= 2); print(kept.skipped >= 1); print(kept.jitter_max > 0.0);";
    assert_eq!(printed(late), ["4", "true", "true", "true"]);
    // Every call has its time from the start, however long those before it took.
    let times =
        "let begun = time(); every(0.01, 6, |n| { if time() - begun < n * 0.01 - 0.002 { throw `${n} is early` } });";
    printed(times);
}

#[test]
fn wait_until_polls_a_condition() {
    let counted = "let n = 0; print(wait_until(30, || { n += 1; if n > 3 { `at ${n}` } }));";
    assert_eq!(printed(counted), ["at 4"]);
    assert_eq!(printed("print(wait_until(0, || 5)); print(wait_until(30, || 0));"), ["5", "0"]);
    let caught = |call: &str| {
        printed(&format!("try {{ {call} }} catch (e) {{ print(e.message); print(e.results); print(e.kind) }}"))
    };
    for limit in ["0", "0.02"] {
        let message = format!("the condition did not hold within {limit} s; it last returned false");
        assert_eq!(caught(&format!("wait_until({limit}, || false)")), [message.as_str(), "[false]", "TimeoutError"]);
    }
    // A look that takes too long is ended.
    let message = "the condition did not hold within 0.02 s; it last returned ()";
    assert_eq!(caught("wait_until(0.02, || { loop { } })"), [message, "[()]", "TimeoutError"]);
    assert_eq!(caught("wait_until(30, || throw \"broken\")"), ["broken", "", "ScriptError"]);
}

#[test]
fn retry_repeats_a_failing_closure() {
    assert_eq!(printed("let n = 0; print(retry(3, 0.001, || { n += 1; if n < 3 { throw n } `in ${n}` }));"), ["in 3"]);
    let caught = printed("let n = 0; try { retry(2, 0, |n| { print(n); throw `no ${n}` }) } catch (e) { print(e) }");
    assert_eq!(caught, ["0", "1", "2", "no 2"]);
    assert_eq!(printed("try { retry(0, 1000, || throw 5) } catch (e) { print(e) }"), ["5"]);
    let (finished, lines) = run("retry(5, 0, || { print(\"once\"); exit(7) });");
    assert_eq!((finished.exit, lines), (Some(7), vec!["once".to_owned()]));
}

#[test]
fn waits_end_with_the_enclosing_time_limit() {
    for body in [
        "every(1000, |n| 1)",
        "every(0.001, |n| 1)",
        "wait_until(1000, || false)",
        "retry(1000, 1000, || throw 1)",
        "parallel([|| sleep(1000), || { loop { } }, || every(1000, |n| 1)])",
        "parallel([|| parallel([|| sleep(1000)])])",
    ] {
        let text = format!("try {{ timeout(0.05, || {body}) }} catch (e) {{ print(e.kind + \": \" + e.message) }}");
        assert_eq!(printed(&text), ["TimeoutError: this took longer than 0.05 s"], "{body}");
    }
    // A limit inside of a closure is none of the others'.
    let one = "print(parallel([|| { try { timeout(0.01, || sleep(1000)) } catch (e) { return e.kind } }, || { sleep(0.05); 2 }]));";
    assert_eq!(printed(one), ["[\"TimeoutError\", 2]"]);
}

#[test]
fn invalid_arguments_show_the_usage() {
    let case = |call: &str, wanted: &str| assert_eq!(failure(call), wanted, "{call}");
    case(
        "every(0, |n| 1);",
        "ArgumentError: the period of `every` must be a number of seconds, at least 1e-9 @ t.rhai:1:1 | write `every(seconds, |n| …)` or `every(seconds, times, |n| …)`",
    );
    case(
        "every(1e-300, |n| 1);",
        "ArgumentError: the period of `every` must be a number of seconds, at least 1e-9 @ t.rhai:1:1 | write `every(seconds, |n| …)` or `every(seconds, times, |n| …)`",
    );
    case(
        "every(1, -1, |n| 1);",
        "ArgumentError: the number of times of `every` must be an integer of at least 0 @ t.rhai:1:1 | write `every(seconds, |n| …)` or `every(seconds, times, |n| …)`",
    );
    case(
        "wait_until(1, true);",
        "ArgumentError: the last argument is a bool, not a closure @ t.rhai:1:1 | write `wait_until(seconds, || condition)`",
    );
    case(
        "retry(\"3\", 1, || 1);",
        "ArgumentError: the number of times of `retry` must be an integer of at least 0 @ t.rhai:1:1 | write `retry(times, seconds, || …)`",
    );
    case("retry(1, -1, || 1);", "ArgumentError: `retry` takes a number of seconds that is not negative @ t.rhai:1:1");
    case(
        "for_each_board(1, |b| 1);",
        "ArgumentError: the boards are an integer, not an array @ t.rhai:1:1 | write `for_each_board([one, two], |board| …)`, with `#{ jobs: 4 }` before the closure to limit how many run at once",
    );
    case(
        "for_each_board([\"left\"], |b| 1);",
        "ArgumentError: board 1 is a string, not an open device @ t.rhai:1:1 | open the boards first, at once if you like: `parallel([|| Bench.open(\"left\"), || Bench.open(\"right\")])`",
    );
    case(
        "for_each_board([], #{ job: 1 }, |b| 1);",
        "ArgumentError: `for_each_board` has no option `job` @ t.rhai:1:1 | it has `jobs`",
    );
    case(
        "for_each_board([], #{ jobs: 0 }, |b| 1);",
        "ArgumentError: `jobs` must be a positive integer @ t.rhai:1:1 | `for_each_board(boards, #{ jobs: 4 }, |b| …)` runs four at once",
    );
}
