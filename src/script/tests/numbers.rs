//! Comparisons: floats as IEEE 754 and Python have them, everything else as Rhai has it.

use super::*;

/// Each expression is true, in any position.
#[track_caller]
fn hold(expressions: &[&str]) {
    let head = "let inf = 1.0 / 0.0; let nan = inf - inf; let one = 1; let half = 0.5; let big = 9007199254740993;\n";
    for expression in expressions {
        let wrong = || format!("does not hold: {expression}");
        assert_eq!(printed(&format!("{head}print({expression});")), ["true"], "{}", wrong());
        assert_eq!(printed(&format!("{head}if {expression} {{ print(1); }}")), ["1"], "{}", wrong());
        assert_eq!(printed(&format!("{head}let f = |x| {expression}; print(f.call(1));")), ["true"], "{}", wrong());
        let params = "inf, nan, one, half, big";
        let function = format!("fn f({params}) {{ {expression} }} {head}print(f({params}));");
        assert_eq!(printed(&function), ["true"], "{}", wrong());
    }
}

#[test]
fn floats_compare_exactly() {
    hold(&[
        "inf > 5.0 && 5 < inf && -inf < 0 && inf == inf && inf >= inf && inf != -inf && !(inf < inf)",
        "inf != 1.0 && !(inf == 1) && -inf < inf && inf > 1e308 && -inf < -9223372036854775807",
        "nan != nan && !(nan == nan) && !(nan < 1) && !(nan > 1) && !(nan <= nan) && nan != 1 && !(1 >= nan)",
        "1e-17 != 0.0 && 1e-17 > 0.0 && 1e300 > 1e299 && 1.0000000000000002 > 1.0 && 1.0000000000000002 != 1",
        "0.1 + 0.2 != 0.3 && -0.0 == 0.0 && 0 == -0.0 && one == 1.0 && one <= 1.0 && half < one && half != one",
        "big > 9007199254740992.0 && big != 9007199254740992.0 && 9007199254740992.0 < big && 9007199254740992.0 == big - 1",
        "9223372036854775807 < 9223372036854775808.0 && -9223372036854775807 - 1 == -9223372036854775808.0",
        "bigint(\"99999999999999999999\") < inf && bigint(\"99999999999999999999\") != 1e20",
        "1 + 1 == 2.0 && 2 * 3 > 5.5 && 1 < 2 == true && 2 ** 2 >= 4 && !(1.0 < 1)",
    ]);
}

#[test]
fn containers_compare_their_floats_exactly() {
    hold(&[
        "[inf] == [inf] && [1, [inf]] == [1.0, [inf]] && [1.0] != [1.0000000000000002] && [nan] != [nan]",
        "#{ a: [inf] } == #{ a: [inf] } && #{ a: 1 } == #{ a: 1.0 } && #{ a: nan } != #{ a: nan }",
        "tuple([inf]) == tuple([inf]) && tuple([1.0]) != [1.0000000000000002] && set([inf]) == set([inf])",
        "inf in [1, inf] && 1 in [1.0] && !(nan in [nan]) && 1.0000000000000002 !in [1.0] && [inf].contains(inf)",
        "[1.0, 1.0000000000000002].index_of(1.0000000000000002) == 1 && [nan].index_of(nan) == -1",
        "max(inf, 1) == inf && min(-inf, 0.5) == -inf && max(1.0, 1.0000000000000002) != 1.0",
    ]);
    let case = |text: &str, wanted: &str| assert_eq!(printed(&format!("print({text});")), [wanted], "{text}");
    case("[3, 1.5, 2, -1.0 / 0.0, 0.0 / 0.0, 1.0 / 0.0].order()", "[-inf, 1.5, 2, 3, inf, NaN]");
    case(
        "[1.0000000000000002, 0.0 / 0.0, 1, 9007199254740993, 9007199254740992.0].order_desc()",
        "[9007199254740993, 9007199254740992.0, 1.0000000000000002, 1, NaN]",
    );
    assert_eq!(printed("let a = [2, 0.5]; a.sort(); print(a); a.sort_desc(); print(a);"), ["[0.5, 2]", "[2, 0.5]"]);
    assert_eq!(printed("let a = [1.0, 1.0000000000000002, 1]; a.dedup(); print(a);"), ["[1.0, 1.0000000000000002, 1]"]);
    assert_eq!(
        printed("let a = [\"b\", \"a\"]; a.sort(); print(a); print(['a', 'c'].order_desc());"),
        ["[\"a\", \"b\"]", "[c, a]"]
    );
    assert_eq!(
        printed("print(switch 1.0 / 0.0 { 0..5 => 1, _ => 2 }); print(switch 1.5 { 1.5 => 1, _ => 2 });"),
        ["2", "1"]
    );
    assert!(failure("[1, \"a\"].sort()").starts_with("ArgumentError: elements of different types cannot be sorted"));
    assert!(failure("[#{}, #{}].sort()").starts_with("ArgumentError: these elements have no order"));
}

#[test]
fn other_types_compare_as_in_rhai() {
    hold(&[
        "1 != \"a\" && !(1 == \"a\") && !(1 < \"a\") && !(() > 1) && () == () && !(() != ()) && !(() < ())",
        "\"a\" < \"b\" && \"abc\" >= \"abc\" && 'a' == \"a\" && \"ab\" > 'a' && 'b' <= 'c' && true > false && \"\" < 'a'",
        "0..3 == 0..3 && 0..3 != 0..4 && 0..=3 == 0..=3 && 0..3 != 0..=3 && blob(2) == blob(2) && blob(2) != blob(3)",
        "[1, \"a\", ()] == [1, \"a\", ()] && [1] != 1 && #{} == #{} && #{ a: 1 } != 1 && [] == []",
    ]);
    assert_eq!(
        failure("let f = |x| x; f == f"),
        "ScriptError: `==` cannot be used on function and function @ t.rhai:1:18"
    );
    assert_eq!(failure("[] < []"), "ScriptError: `<` cannot be used on array and array @ t.rhai:1:4");
    assert_eq!(printed("const X = 1.5; print(X > 1); const Y = [X]; print(Y == [1.5]);"), ["true", "true"]);
}

#[test]
fn eval_is_rejected_before_anything_runs() {
    let refused = failure("print(1); eval(\"1 + 1\")");
    assert_eq!(
        refused,
        "ParseError: `eval` is not part of the language @ t.rhai:1:11 | on a device the call is `d.exec(\"code\")`"
    );
}
