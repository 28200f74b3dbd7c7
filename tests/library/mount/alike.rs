//! A file of the mounted folder is as a file of the board's own flash.
//!
//! The judge is MicroPython itself: each line of `alike.txt` runs in a folder of the simulated board's littlefs and in the
//! mounted folder, and must give the same value or exception.

use super::Bench;
use crate::faulty_port::Link;
use belay_script::value::Value;
use belay_script::value::write::literal;

fn results(bench: &Bench, folder: &str, cases: &[&str]) -> Vec<String> {
    let cases = Value::List(cases.iter().map(|case| Value::Str((*case).to_owned())).collect());
    let cases = literal(&cases).expect("a literal");
    match bench.eval(&format!("results('{folder}', {cases})")) {
        Value::List(results) => results
            .into_iter()
            .map(|result| match result {
                Value::Str(text) => text,
                other => panic!("{other:?}"),
            })
            .collect(),
        other => panic!("{other:?}"),
    }
}

fn bench() -> Bench {
    let bench = Bench::over(&Link::default(), &[], true);
    bench.eval(include_str!("alike.py"));
    bench
}

#[test]
fn files_behave_as_those_of_the_flash() {
    let cases: Vec<&str> = include_str!("alike.txt").lines().collect();
    assert!(cases.len() > 200);
    let bench = bench();
    bench.eval("import os\nos.mkdir('/own')");
    let flash = results(&bench, "/own", &cases);
    let folder = results(&bench, "/remote", &cases);
    for ((case, flash), folder) in cases.iter().zip(flash).zip(folder) {
        assert_eq!(folder, flash, "{case}");
        assert!(!folder.contains("__belay"), "{case}: {folder}");
    }
}

/// Where littlefs checks nothing, and reads or writes what it must not; and what other file systems refuse as this one does.
#[test]
fn wrong_uses_are_refused() {
    const CLOSED: &str = "ValueError('I/O operation on closed file',)";
    const NOT_OPEN_SO: &str = "OSError(9,)";
    let cases = [
        ("f=open('a');r=f.write('x')", NOT_OPEN_SO),
        ("f=open('a');r=print('x',file=f)", NOT_OPEN_SO),
        ("f=open('w','w');r=f.read()", NOT_OPEN_SO),
        ("f=open('w','a');r=f.readline()", NOT_OPEN_SO),
        ("f=open('w','w');r=f.readinto(bytearray(1))", NOT_OPEN_SO),
        ("f=open('w','w');r=list(f)", NOT_OPEN_SO),
        ("f=open('a');f.close();r=f.read()", CLOSED),
        ("f=open('a');f.close();r=f.readline()", CLOSED),
        ("f=open('a');f.close();r=f.readlines()", CLOSED),
        ("f=open('a');f.close();r=f.readinto(bytearray(1))", CLOSED),
        ("f=open('a');f.close();r=f.seek(0)", CLOSED),
        ("f=open('a');f.close();r=f.tell()", CLOSED),
        ("f=open('a');f.close();r=f.flush()", CLOSED),
        ("f=open('a');f.close();r=list(f)", CLOSED),
        ("f=open('w','w');f.close();r=f.write('x')", CLOSED),
        ("f=open('w','w');f.close();r=f.write(''),f.close(),f.close()", "(0, None, None)"),
        ("f=open('w','w');f.close();r=print('x',file=f)", CLOSED),
        ("f=open('u');r=f.readline(1)", "UnicodeError()"),
        ("f=open('u');r=f.seek(1),f.read(1)", "UnicodeError()"),
        ("import select;p=select.poll();p.register(open('a'));r=p.poll(0)", "OSError(22,)"),
        ("os.rmdir('a')", "OSError(20,)"),
        ("os.remove('d')", "OSError(21,)"),
        ("os.rename('d','a')", "OSError(20,)"),
        ("os.chdir('a')", "OSError(20,)"),
    ];
    let bench = bench();
    let names: Vec<&str> = cases.iter().map(|(case, _)| *case).collect();
    for ((case, expected), found) in cases.iter().zip(results(&bench, "/remote", &names)) {
        assert_eq!(found, *expected, "{case}");
    }
}
