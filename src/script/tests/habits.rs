//! Python habits, and the help of `check`, a run and the prompt.

use super::*;

/// What `check` says of a script.
fn checked(text: &str) -> Vec<String> {
    let (mut runner, _) = runner();
    let refused: Vec<String> = match runner.check_text("t.rhai", text) {
        Err(failures) => failures.iter().map(shown).collect(),
        Ok(_) => Vec::new(),
    };
    refused.into_iter().chain(runner.findings().iter().map(|finding| shown(&finding.diagnostic()))).collect()
}

/// `check`, a run and the prompt name the line and say this.
#[track_caller]
fn case(text: &str, line: usize, says: &str) {
    let place = format!("t.rhai:{line}:");
    let by_check = checked(text);
    let is_shown = |text: &String| text.contains(&place) && text.contains(says);
    assert!(by_check.iter().any(is_shown), "{text}\n{by_check:#?}");
    let by_run = failure(text);
    assert!(by_run.contains(says), "{text}\n{by_run}");
    let mut session = runner().0.session();
    let at_prompt = session.eval("<1>", text).err().map(|failure| shown(&failure)).unwrap_or_default();
    assert!(at_prompt.contains(says), "{text}\n{at_prompt}");
}

#[test]
fn values_and_comments() {
    case("# a comment", 1, "begin comments with `//`");
    case("'hello'", 1, "write strings in double quotes: `\"hello\"`");
    case("let x = True;", 1, "write `true`");
    case("let x = False;", 1, "write `false`");
    case("let x = None;", 1, "write `()` for no value");
    case("let x = 1;\nprint(f\"{x} V\")", 2, "write `` `${x} V` ``");
    case("let x = \"\\u{1b}\";", 1, "invalid escape sequence `\\u{`");
    case("test \"\\u{1b}\" { }", 1, "`\\u001b`");
    case("let x = {\"a\": 1};", 1, "write a map as `#{ \"key\": 1 }`");
}

#[test]
fn statements() {
    case("import time", 1, "`import \"std/…\" as …;`; `sleep(seconds)` and `time()` are built in");
    case("from machine import Pin", 1, "import a module by its path");
    case("v = 5", 1, "declare it with `let v = …;`");
    case("for i in range(3): print(i)", 1, "write blocks in braces: `for i in 0..3 { … }`");
    case("while True:\n  print(1)", 1, "write blocks in braces");
    case("if 1 == 2 { } elif 2 == 3 { }", 1, "write `else if condition { … }`");
    case("def f():\n    pass", 1, "write `fn f(…) { … }`");
    case("const X = 1;\nX += 1;", 2, "declare it with `let` to change it");
    case("class A: pass", 1, "declare a device class with `device Bench { … }`");
    case("raise ValueError(\"x\")", 1, "write `throw \"text\"`");
    case("try:\n  f()\nexcept:\n  pass", 1, "`try { … } catch (e) { … }`");
}

#[test]
fn operators() {
    let both = "let a = true; let b = false;\n";
    case(&format!("{both}a and b"), 2, "write `a && b`");
    case(&format!("{both}if a or b {{ }}"), 2, "write `a || b`");
    case(&format!("{both}not a"), 2, "write `!a`");
    case(&format!("{both}a is b"), 2, "write `a == b`");
    case(&format!("{both}let x = 1 if a else 2;"), 2, "write `if condition { a } else { b }`");
    case("let f = lambda x: x + 1;", 1, "write `|x| …`");
    assert_eq!(printed("let x = 3; print(x ** 2); print(len([1, 2]));"), ["9", "2"]);
}

#[test]
fn calls() {
    let board = "device B { task read_adc(ch, samples = 1) `1` }\n";
    case(&format!("{board}B.open().read_adc(26, samples=4)"), 2, "write named arguments as `kw(#{ samples: 4 })`");
    case("sqrt(2)", 1, "it takes floats: write `");
    case("print(\"a\", 3)", 1, "write one text: print(`a ${b}`)");
    case("print \"a\"", 1, "write `print(x)`");
    case("assert(1 == 2)", 1, "add `import \"std/assert\" as assert;`, and write `assert::is_true(…)`");
    case("assert::equal(1, 1)", 1, "add `import \"std/assert\" as assert;`");
    case("str(5)", 1, "write `x.to_string()`");
    case("range(3)", 1, "write `range(0, n)`, or `0..n`");
    case("let bench = 1; device Bench { }\nbenhc.volts(26)", 2, "did you mean `bench`?");
}

#[test]
fn words_typed_at_the_prompt() {
    case("help", 1, "write `:help`");
    case("?", 1, "write `:help`");
    case("exit", 1, "write `:quit`");
    case("quit", 1, "write `:quit`");
    case("quit()", 1, "write `:quit`");
}

#[test]
fn unclosed_delimiters_point_to_their_opening() {
    let class = |body: &str| format!("device A {{\n  task a() {body}\n");
    case(
        &format!("{}\n  task b() `\n    return 2\n  `\n}}\nlet x = 1;", class("`\n    return 1")),
        2,
        "the back-tick opened at line 2 is not closed",
    );
    case("let x = `abc\nprint(1);", 1, "the back-tick opened at line 1 is not closed");
    case(&format!("{}\nlet x = 1;\nprint(x);", class("`return 1`")), 1, "the block opened at line 1 is not closed");
    case("if true {\n  if false {\n    print(1);\n}\nprint(2);", 2, "the block opened at line 2 is not closed");
    case("let x = foo(1,\nlet y = 2;", 1, "the parenthesis opened at line 1 is not closed");
    case("let x = [1, 2\nlet y = 3;", 1, "the bracket opened at line 1 is not closed");
}
