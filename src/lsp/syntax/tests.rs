use super::*;
use proptest::prelude::*;

/// The symbols, with the text of their scope's first line.
fn symbols(text: &str) -> Vec<String> {
    let syntax = Syntax::new(text);
    syntax.symbols.iter().map(Symbol::head).collect()
}

const BENCH: &str = "import \"std/stats\" as stats;\n\n/// A bench.\ndevice Bench : Led, pico::Base {\n    \
    setup init(pin = \"LED\", n: int = max(1, 2)) autoinit `\n        led = Pin(pin)\n    `\n    \
    task read(ch) for \"micropython\" -> int timeout = LIMIT `return led.value() + ch`\n    \
    task hidden() register = false #\"x\"#\n    method volts |ch| { this.read(ch) * 3.3 }\n}\n\
    const LIMIT = 2;\nlet bench = Bench.open();\nfn f(a, b) { let c = a; c }\n\
    group \"g\" tags = [\"x\"] { test \"t\" timeout = 5 { bench.read(1); } }\nsetup_all { }\n\
    for b in [bench, Bench.open()] { b.read(1); }\nBench.session(\"sim\", |s| s.volts(1));\n";

#[test]
fn declarations_are_found() {
    assert_eq!(
        symbols(BENCH),
        [
            "import stats",
            "device Bench : Led, pico::Base",
            "setup init(pin = \"LED\", n: int = max(1, 2)) autoinit",
            "parameter pin",
            "parameter n",
            "task read(ch) for \"micropython\" -> int timeout = LIMIT",
            "parameter ch",
            "task hidden() register = false",
            "method volts |ch|",
            "parameter ch",
            "const LIMIT",
            "let bench",
            "fn f(a, b)",
            "parameter a",
            "parameter b",
            "let c",
            "group \"g\"",
            "test \"t\"",
            "setup_all",
            "let b",
            "parameter s",
        ]
    );
    let syntax = Syntax::new(BENCH);
    let bodies: Vec<&str> = syntax.bodies.iter().map(|body| &BENCH[body.range.clone()]).collect();
    assert_eq!(bodies, ["\n        led = Pin(pin)\n    ", "return led.value() + ch", "x"]);
    let class = syntax.classes("Bench").next().unwrap();
    let whole = &BENCH[syntax.symbols[class].whole.clone()];
    assert!(whole.starts_with("device Bench") && whole.ends_with("3.3 }\n}"), "{whole}");
    let of_class: Vec<&str> = syntax.members(class).map(|(_, member)| member.name.as_str()).collect();
    assert_eq!(of_class, ["init", "read", "hidden", "volts"]);
    let bench = syntax.symbols.iter().find(|symbol| symbol.name == "bench").unwrap();
    let path = ClassPath { alias: None, name: "Bench".to_owned() };
    assert_eq!(bench.hint, Hint::Device(path.clone()));
    let session = syntax.symbols.iter().find(|symbol| symbol.name == "s").unwrap();
    assert_eq!(session.hint, Hint::Device(path));
    let test = syntax.symbols.iter().find(|symbol| symbol.name == "t").unwrap();
    assert_eq!(&BENCH[test.whole.clone()], "test \"t\" timeout = 5 { bench.read(1); }");
}

#[test]
fn names_are_seen_in_their_scopes() {
    let text = "let a = 1;\nfn f(p) { let q = 1; HERE }\nlet g = |x| { let y = 2; THERE };\nlet z = 1;";
    let syntax = Syntax::new(text);
    let seen = |word: &str| {
        let byte = text.find(word).unwrap();
        let mut names: Vec<&str> = syntax
            .seen(syntax.scope_at(byte), byte)
            .into_iter()
            .map(|index| syntax.symbols[index].name.as_str())
            .collect();
        names.sort_unstable();
        names
    };
    assert_eq!(seen("HERE"), ["f", "p", "q"]);
    assert_eq!(seen("THERE"), ["a", "f", "g", "x", "y"]);
}

#[test]
fn a_statement_that_is_typed_does_not_swallow_the_rest() {
    let text = "device B {\n  task a(\n  task b(x) `return x`\n}\nlet d = B.open(;\nd.\nfn f() { foo( }\nlet e = 1;\n";
    assert_eq!(symbols(text), ["device B", "task a()", "task b(x)", "parameter x", "let d", "fn f()", "let e"]);
    let syntax = Syntax::new(text);
    let last = syntax.symbols.last().unwrap();
    assert_eq!(last.scope, 0, "{:?}", syntax.scopes);
    assert_eq!(&text[last.whole.clone()], "let e = 1;");
}

#[test]
fn receivers_are_known_by_how_they_are_written() {
    let text = "a.m1(); this.m2(); p::C.m3(); B.open(\"x\").m4(); c[0].m5(); f(x).m6(); 1..m7; #{ k: v.m8 }";
    let syntax = Syntax::new(text);
    let shown: Vec<String> = syntax
        .names
        .iter()
        .filter_map(|name| match &name.form {
            Form::Member(receiver) => Some(format!("{} {receiver:?}", &text[name.at.clone()])),
            _ => None,
        })
        .collect();
    let wanted = [
        "m1 Name(\"a\")",
        "m2 Name(\"this\")",
        "m3 Class(ClassPath { alias: Some(\"p\"), name: \"C\" })",
        "open Name(\"B\")",
        "m4 Opened(ClassPath { alias: None, name: \"B\" })",
        "m5 Element(\"c\")",
        "m6 Unknown",
        "m8 Name(\"v\")",
    ];
    assert_eq!(shown, wanted);
}

proptest! {
    #[test]
    fn any_text_has_a_syntax(pieces in prop::collection::vec(prop::sample::select(vec![
        "device ", "A ", "task ", "t", "(", ")", "{", "}", "`", "``", "${", "\"", "#\"", "\"#", "é", "🐍", "|", ";", ",", ".",
        "::", ":", "=", "let ", "fn ", "for ", "in ", "import ", "as ", "method ", "test ", "group ", "\n", "/*", "//", "'",
        "exec", "open", "[", "]", "#", "catch ", "->", "const ", "export ", "1", "session",
    ]), 0..60)) {
        let text = pieces.concat();
        let syntax = Syntax::new(&text);
        for byte in 0..=text.len() {
            let scope = syntax.scope_at(byte);
            syntax.seen(scope, byte);
            syntax.name_at(byte);
            syntax.token_at(byte);
        }
        for range in syntax.symbols.iter().flat_map(|symbol| [&symbol.at, &symbol.whole]) {
            prop_assert!(text.get(range.clone()).is_some(), "{range:?}");
        }
        for body in &syntax.bodies {
            prop_assert!(text.get(body.range.clone()).is_some());
            for name in &body.names {
                prop_assert!(text.get(name.at.clone()).is_some());
            }
        }
    }
}
