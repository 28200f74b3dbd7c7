//! Divisions: values, and notices about lost remainders.

use super::*;

/// The places of notices about lost remainders, and the script's output.
#[track_caller]
fn notices_of(text: &str) -> (Vec<String>, Vec<String>) {
    let (finished, lines) = run(text);
    assert!(finished.failure.is_none(), "{text}\n{:?}", finished.failure);
    let (notices, printed): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.starts_with("notice: "));
    assert_eq!(
        notices.iter().filter(|line| line.contains("floor_div(a, b)")).count(),
        notices.len().min(1),
        "{notices:?}"
    );
    let place = |line: String| {
        assert!(line.contains(": dividing two integers drops the remainder"), "{line}");
        let (place, rest) = line["notice: t.rhai:".len()..].split_once(": ").expect("a place");
        format!("{place} {}", rest.split(": ").next().unwrap_or_default())
    };
    (notices.into_iter().map(place).collect(), printed)
}

#[test]
fn a_lost_remainder_is_reported_with_its_place() {
    let case = |text: &str, notices: &[&str], values: &[&str]| {
        let (places, printed) = notices_of(text);
        assert_eq!(places, notices, "{text}");
        assert_eq!(printed, values, "{text}");
    };
    case("print(7 / 2);", &["1:9 7 / 2 is 3"], &["3"]);
    case("print(-7 / 2 * 1.5);", &["1:10 -7 / 2 is -3"], &["-4.5"]);
    case("let a = 9; print(a / 2 + 1 / 3);", &["1:20 9 / 2 is 4", "1:28 1 / 3 is 0"], &["4"]);
    case("let x = 7; x /= 2; print(x);", &["1:14 7 / 2 is 3"], &["3"]);
    case("let x = 7;\nx /= 1 + 1; x/=2; print(x);", &["2:3 7 / 2 is 3", "2:14 3 / 2 is 1"], &["1"]);
    case("let m = #{ a: [5] }; m.a[0] /= 2; print(m.a[0]);", &["1:29 5 / 2 is 2"], &["2"]);
    case("fn half() { this /= 2; } let x = 5; x.half(); print(x);", &["1:18 5 / 2 is 2"], &["2"]);
    case("print(`${5 / 2}`); print([1, 2, 4].map(|x| 4 / x));", &["1:12 5 / 2 is 2"], &["2", "[4, 2, 1]"]);
    case(
        "let b = bigint(\"100000000000000000000\"); print(b / 3);",
        &["1:50 100000000000000000000 / 3 is 33333333333333333333"],
        &["33333333333333333333"],
    );
}

#[test]
fn each_place_is_reported_once() {
    let functions = "fn a(x) { x / 2 } fn b(x) { x / 2 }\nfor i in 0..1000 { a(i); b(i); let c = i; c /= 3; i / 7; }";
    let (places, _) = notices_of(functions);
    assert_eq!(places, ["1:13 1 / 2 is 0", "1:31 1 / 2 is 0", "2:45 1 / 3 is 0", "2:53 1 / 7 is 0"]);
    let (places, _) = notices_of("let f = |x| x / 2; parallel([|| f.call(3), || f.call(5), || f.call(7)]);");
    assert_eq!(places.len(), 1, "{places:?}");
}

#[test]
fn divisions_that_lose_nothing_are_silent() {
    for text in [
        "print(6 / 2); print(0 / 5); print(-6 / 3); let x = 8; x /= 4; print(x);",
        "print(7.0 / 2); print(7 / 2.0); print(7 / 2.to_float()); let x = 7.0; x /= 2; let y = 7; y = y / 2.0;",
        "let a = 1; let b = 3; print(a.to_float() / b); print(7 % 2); print(floor_div(7, 2)); print(7 >> 1);",
        "import \"std/stats\" as stats; print(stats::median([1, 2, 4, 8, 9])); print(stats::mean([1, 2]));",
        "let s = \"a / b /= 3\"; // 7 / 2\n/* x /= 2 */ print(s);",
    ] {
        assert_eq!(notices_of(text).0, [""; 0], "{text}");
    }
}

#[test]
fn values_and_errors_are_those_of_rhai() {
    assert_eq!(
        printed("print(1.0 / 0); print(1 / 0.0); print(7.5 / 2); print(3 / 1.5); print(2 * 6 / 4 - 1);"),
        ["inf", "inf", "3.75", "2.0", "2"]
    );
    assert_eq!(
        printed("let x = 1.5; x /= 2; print(x); x /= 0.5; print(x); let y = 6; y /= 3; print(y);"),
        ["0.75", "1.5", "2"]
    );
    assert_eq!(printed("let x = bigint(\"100000000000000000000\"); x /= 10; print(x / 10.0);"), ["1e18"]);
    assert_eq!(
        printed("let x = 12; x /= if true { 2 } else { 3 }; print(x); x /= { let a = 3; a }; print(x);"),
        ["6", "2"]
    );
    assert!(failure("1 / 0").starts_with("ScriptError: division by zero: 1 / 0 @ t.rhai:1:3"), "{}", failure("1 / 0"));
    assert!(failure("let x = 1; x /= 0").starts_with("ScriptError: division by zero: 1 / 0 @ t.rhai:1:14"));
    assert!(failure("-9223372036854775807 - 1 / -1; (-9223372036854775807 - 1) / -1").contains("division overflow"));
    assert!(failure("1 % 0").contains("zero"));
    assert_eq!(failure("1 / \"a\""), "ScriptError: `/` cannot be used on int and string @ t.rhai:1:3");
    assert_eq!(failure("let x = \"a\"; x /= 2;"), "ScriptError: `/` cannot be used on string and int @ t.rhai:1:16");
    assert_eq!(failure("let x = 1; x /= \"a\";"), "ScriptError: `/` cannot be used on int and string @ t.rhai:1:14");
    assert!(failure("const X = 8; X /= 2;").contains("@ t.rhai:1:"));
}

#[test]
fn floor_div_rounds_down() {
    let case = |text: &str, wanted: &str| assert_eq!(printed(&format!("print({text});")), [wanted], "{text}");
    case("floor_div(7, 2)", "3");
    case("floor_div(-7, 2)", "-4");
    case("floor_div(7.5, 2)", "3.0");
    case("floor_div(-1, 0.3)", "-4.0");
    assert!(failure("floor_div(1, 0)").starts_with("ArgumentError: division by zero"));
}
