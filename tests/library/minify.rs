//! Minified code does on a real interpreter what the original does, error lines included.

use crate::board::Board;
use crate::{extent, modules};
use belay_script::device::class::ItemKind;
use belay_script::python::minify::minify;
use belay_script::value::Value;
use std::path::Path;

/// Runs a program in globals of its own; its exception, if it raises one, is printed.
const RUN: &str = "
def run(source):
    import sys
    try:
        exec(source, {'__name__': '__main__'})
    except Exception as error:
        sys.print_exception(error, sys.stdout)
";

#[test]
fn minified_code_does_the_same_on_the_same_lines() {
    let board = Board::open_on("sim");
    board.device.declare(ItemKind::Task, RUN, &[], None).unwrap();
    let output = |source: &str| {
        board.call("run", &[Value::Str(source.to_owned())]).unwrap();
        board.printed()
    };
    let mut programs = 0;
    let mut speaking = 0;
    let (mut before, mut after) = (0, 0);
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/minify")).unwrap() {
        let path = entry.unwrap().path();
        let source = std::fs::read_to_string(&path).unwrap();
        let minified = minify(&source);
        let name = path.file_name().unwrap().display();
        let lines = |text: &str| text.matches('\n').count();
        assert_eq!(lines(&minified), lines(&source), "{name}:\n{minified}");
        let expected = output(&source);
        assert_eq!(output(&minified), expected, "{name}:\n{minified}");
        programs += 1;
        speaking += usize::from(!expected.is_empty());
        before += source.len();
        after += minified.len();
    }
    // Programs that say nothing show nothing.
    assert!(programs > 50 && speaking * 10 > programs * 9, "{speaking} of {programs} programs say something");
    assert!(after * 100 < before * 95, "{before} bytes became {after}");
}

#[test]
fn generated_modules_do_the_same_on_the_same_lines() {
    let board = Board::open_on("sim");
    board.device.declare(ItemKind::Task, RUN, &[], None).unwrap();
    let output = |source: &str| {
        board.call("run", &[Value::Str(source.to_owned())]).unwrap();
        board.printed()
    };
    let mut all = String::new();
    let (mut before, mut after) = (0, 0);
    let share = extent::one_of("modules");
    for seed in (0..modules::COUNT).step_by(share) {
        let source = modules::module(seed);
        let minified = minify(&source);
        let expected = output(&source);
        // A module that ends early shows little.
        assert!(expected.trim_end().ends_with("RuntimeError: the end"), "module {seed}:\n{source}\n{expected}");
        assert_eq!(output(&minified), expected, "module {seed}:\n{source}\n{minified}");
        assert_eq!(minify(&minified), minified, "module {seed}:\n{source}");
        before += source.len();
        after += minified.len();
        all += &source;
    }
    for shape in SHAPES {
        let count = all.matches(shape).count();
        assert!(count * share >= 10, "{shape:?} occurs {count} times in the modules");
    }
    assert!(after * 100 < before * 80, "{before} bytes became {after}");
}

/// What the generated modules must hold.
const SHAPES: &[&str] = &[
    "\t",
    "\x0c",
    "\\\n",
    "\r\n",
    "\r",
    "async for",
    "await",
    "yield",
    "@",
    "lambda",
    "finally",
    "elif",
    ":=",
    "'''",
    "rf'",
    "f'{{",
    "f'{d['k']}'",
    "f'{f'{f'",
    "rb'",
    "'%d' % 3",
    "0xe",
    ";pass",
    "#!",
];
