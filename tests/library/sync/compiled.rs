//! Syncs that compile: by a real mpy-cross, for a real MicroPython.

use super::support::{open, read, sync_tree, tree};
use crate::mpy_cross;
use belay_script::Kind;
use belay_script::sync::SyncOptions;

fn options() -> SyncOptions {
    SyncOptions { mpy_cross: Some(mpy_cross::program()), ..SyncOptions::default() }
}

#[test]
fn modules_are_compiled_and_their_sources_go() {
    let device = open("sim");
    let files = tree(&[
        ("main.py", "import app\n"),
        ("app.py", "def fails():\n    # why\n    return 1 // 0\n"),
        ("x.txt", "x"),
    ]);
    sync_tree(&device, &files, &SyncOptions::default()).expect("a sync of sources");
    let keep = SyncOptions { delete: false, ..options() };
    let outcome = sync_tree(&device, &files, &keep).expect("a sync that compiles");
    let steps: Vec<String> = outcome.steps.iter().map(ToString::to_string).collect();
    assert!(steps[0].starts_with("+ /app.mpy ("), "{steps:?}");
    assert_eq!((steps.len(), steps[1].as_str()), (2, "- /app.py"));
    let paths: Vec<String> = read(&device).expect("the board's files").into_keys().collect();
    assert_eq!(paths, ["app.mpy", "main.py", "x.txt"]);
    let error = device.exec("import app\napp.fails()", None).expect_err("a division");
    assert!(error.traceback().is_some_and(|text| text.contains("\"/app.py\", line 3")), "{error:?}");
    let again = sync_tree(&device, &files, &options()).expect("a sync");
    assert_eq!((again.steps.len(), again.unchanged), (0, 3));
}

#[test]
fn what_is_no_python_changes_nothing() {
    let device = open("sim");
    let error = sync_tree(&device, &tree(&[("a.txt", "1"), ("b.py", "x = 1\ny = = 2\n")]), &options());
    let error = error.expect_err("a syntax error");
    assert_eq!(error.kind(), Kind::DeclarationError);
    let origin = error.origins().first().expect("a place");
    assert!(origin.file.ends_with("b.py") && origin.line == 2, "{origin:?}");
    assert!(read(&device).expect("the board's files").is_empty());
}
