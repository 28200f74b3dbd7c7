//! What is wrong in an input while it is typed, and what is not told.

use super::*;
use crate::script::TypedCheck;

/// A check that knows what these inputs left.
fn after(inputs: &[&str]) -> TypedCheck {
    let (runner, _) = runner();
    let mut session = runner.session();
    for (number, input) in inputs.iter().enumerate() {
        let evaluated = session.eval(&format!("<{}>", number + 1), input);
        assert!(evaluated.is_ok(), "{input}");
    }
    let mut check = TypedCheck::default();
    check.learn(&session);
    check
}

/// The words that are wrong with the cursor at the end.
fn wrong(check: &TypedCheck, input: &str) -> String {
    let words = check.wrong(input, input.len()).into_iter().map(|word| &input[word]);
    words.collect::<Vec<_>>().join(" ")
}

const BENCH: &str = "device Bench { task read_adc(ch, samples = 1) `return ch * samples` method volts |ch| { 1.0 } }";

#[test]
fn names_that_nothing_has_are_wrong() {
    let check = after(&[BENCH, "let count = 5;", "fn twice(n) { n * 2 }", "import \"std/stats\" as stats;"]);
    for (input, words) in [
        ("coutn + 1", "coutn"),
        ("print(coutn)", "coutn"),
        ("twcie(3)", "twcie"),
        ("twice(1, 2) + 1", "twice"),
        ("count.lenght()", "lenght"),
        ("stats::medin([1])", "medin"),
        ("stat::median([1])", "stat"),
        ("Bench.opne()", "opne"),
        ("Benhc.open()", "Benhc"),
        ("let b = Bench.open(); b.read_acd(1); b.volts(2)", "read_acd"),
        ("let b = Bench.open(); b.read_adc(1, 2, 3);", "read_adc"),
        ("Bench.open(\"sim\", #{ baud: 1 });", "baud"),
        ("device C : Bench { task f() `return lde` }", "lde"),
        ("device C {\n    task f() `\n        led = 1\n        return lde\n    `\n}", "lde"),
        ("x = 5;", "x"),
    ] {
        assert_eq!(wrong(&check, input), words, "{input}");
    }
}

#[test]
fn what_is_known_or_unfinished_is_not_told() {
    let check = after(&[
        BENCH,
        "let count = 5; let m = #{ f: |x| x }; let list = [m]; let f = |x| x;",
        "fn twice(n) { n * 2 }",
        "import \"std/stats\" as stats; import \"std/gpio\" as gpio;",
        "let unit_under_test = ();",
    ]);
    for input in [
        "count + twice(count)",
        "let y = 1;",
        "m.f(1) + list[0].f(2) + f.call(3)",
        "list.map(|m| m.anything(1))",
        "stats::mean([1, 2]) + stats::median([count])",
        "device G : gpio::Gpio { }",
        "let b = Bench.open(); b.volts(26)",
        "Bench.session(\"sim\", |b| b.read_adc(26))",
        "unit_under_test.anything()",
        "test \"t\" needs = \"earlier\" { print(count); }",
        "device C : Bench { task f(a) `return a` }",
        "args.len() + station.name",
        "count",
        "coun",
        "print(coun",
        "let x = ",
        "if count",
        "for i in 0..3 {",
        "print(\"coutn",
        "device B { task f() `return coutn",
        "let s = `${coun",
        "twice(",
        "Bench.op",
    ] {
        assert_eq!(wrong(&check, input), "", "{input}");
    }
}

#[test]
fn the_word_at_the_cursor_is_not_judged() {
    let check = after(&["let count = 5;", "fn twice(n) { n * 2 }"]);
    let at = |input: &str| {
        let cursor = input.find('|').expect("a cursor");
        let input = input.replace('|', "");
        check.wrong(&input, cursor).into_iter().map(|word| input[word].to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(at("print(coutn|)"), "");
    assert_eq!(at("print(|coutn)"), "");
    assert_eq!(at("print(coutn)|"), "coutn");
    // The arguments of a call are being typed.
    assert_eq!(at("twice(|)"), "");
    assert_eq!(at("twice()|"), "twice");
}

#[test]
fn code_that_no_more_input_makes_right_is_wrong() {
    let check = after(&[]);
    for (input, words) in [("let x = 1 2; x", "2"), ("print(1) print(2)", "print"), ("1 +* 2", "*")] {
        assert_eq!(wrong(&check, input), words, "{input}");
    }
    for input in ["let x = 1 2", "print(1", "#{ a: 1", "\"abc", "switch x { 1 =>", "/* abc"] {
        assert_eq!(wrong(&check, input), "", "{input}");
    }
}

#[test]
fn any_input_is_looked_at_without_a_panic() {
    let check = after(&[]);
    for input in ["", "é", "((((((", "\u{1f40d}.x(é)", "``", "`", "\"", "'", "device", "é = é;\né.é(\"é\")", "\\", "\0"]
    {
        for cursor in 0..=input.len() {
            check.wrong(input, cursor);
        }
    }
    assert!(check.wrong(&"(".repeat(10_000), 0).is_empty());
}
