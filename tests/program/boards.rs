//! Several boards at once.

use crate::support::command::Program;

const BENCH: &str = "
device Bench {
    task hello() `print('hello')`
    task add(a, b) `return a + b`
    task fail() `return 1 // 0`
}
let openers = [];
fn opener(name) { || Bench.open(\"sim\", #{ name: name, timeout: 60 }) }
for name in [\"a\", \"b\", \"c\"] { openers.push(opener(name)) }
let boards = parallel(openers);
";

#[test]
fn an_error_in_one_leaves_the_others_running_and_results_keep_their_order() {
    let script = format!(
        "{BENCH}
try {{
    for_each_board(boards, |board| {{
        if board.name == \"a\" {{ board.fail() }}
        print(`working`);
        board.add(board.name, \"!\")
    }});
}} catch (e) {{
    print(e.message);
    print(e.results);
}}
print(for_each_board(boards, #{{ jobs: 1 }}, |board| {{ board.hello(); print(`x\ny`); board.add(1, 2) }}));
print(boards[0].add(1, 1));
for_each_board([boards[0]], |board| print(`alone`));
"
    );
    let program = Program::new().script("a.rhai", &script).args(["run", "a.rhai"]);
    let outcome = program.outcome();
    assert_eq!((outcome.status, &*outcome.stderr), (Some(0), ""));
    let mut lines: Vec<&str> = outcome.stdout.lines().collect();
    // These two run at the same time.
    lines[..2].sort_unstable();
    let expected = [
        "[b] working",
        "[c] working",
        "1 of 3 boards failed, the first one: `a` raised ZeroDivisionError in task `fail`: divide by zero",
        "[DeviceException: `a` raised ZeroDivisionError in task `fail`: divide by zero, \"b!\", \"c!\"]",
        "[a] hello",
        "[a] x",
        "[a] y",
        "[b] hello",
        "[b] x",
        "[b] y",
        "[c] hello",
        "[c] x",
        "[c] y",
        "[3, 3, 3]",
        "2",
        "[a] alone",
    ];
    assert_eq!(lines, expected);
}

/// The limit of one closure interrupts its board, and only that.
#[test]
fn a_time_limit_in_a_closure_interrupts_its_board() {
    let script = format!(
        "{BENCH}
print(for_each_board(boards, |board| {{
    if board.name != \"b\" {{ return board.add(1, 1) }}
    try {{ timeout(0.2, || board.exec(\"while True: pass\")) }} catch (e) {{ return e.kind }}
}}));
print(boards[1].add(2, 2));
"
    );
    let program = Program::new().script("a.rhai", &script).args(["run", "a.rhai"]);
    program.stdout("[2, \"TimeoutError\", 2]\n4\n").status(0);
}

#[test]
fn failures_name_their_board() {
    let script = format!("{BENCH}\nfor_each_board(boards, |board| if board.name != \"a\" {{ throw \"no\" }});\n");
    let outcome = Program::new().script("a.rhai", &script).args(["run", "a.rhai"]).outcome();
    assert_eq!(outcome.status, Some(1));
    assert!(
        outcome.stderr.contains("board `b`: no\n") && outcome.stderr.contains("board `c`: no\n"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains("closure"), "{}", outcome.stderr);
}
