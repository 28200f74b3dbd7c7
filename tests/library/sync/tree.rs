//! What a sync makes of a board's files.

use super::support::{open, read, sync_folder, sync_tree, tree, write};
use belay_script::sync::{Keep, SyncOptions};

fn steps(outcome: &belay_script::sync::Outcome) -> Vec<String> {
    outcome.steps.iter().map(ToString::to_string).collect()
}

#[test]
fn a_board_becomes_equal_to_a_folder() {
    crate::line_ends::on_both(becomes_equal);
}

fn becomes_equal(port: &str) {
    let device = open(port);
    device
        .exec(
            "import os\nfor d in ('/lib', '/old', '/old/deep', '/data'): os.mkdir(d)\nfor f in ('boot.py', 'lib/x.py', \
               'old/deep/y', 'data/log.csv', 'z', '__belay.tmp'): open(f, 'w').write(f)",
            None,
        )
        .expect("files");
    let mut wanted =
        tree(&[("main.py", "x = 1  # one\n"), ("sub/a b/it's \"q\"\n\u{e9}.txt", "text"), ("empty.txt", "")]);
    wanted.insert("noise".to_owned(), super::support::Random(1).bytes(9000));
    let options = SyncOptions { ignore: Some(vec!["/data/".to_owned()]), ..SyncOptions::default() };
    let planned = sync_tree(&device, &wanted, &SyncOptions { dry_run: true, ..options.clone() }).expect("a plan");
    let before = read(&device).expect("the board's files");
    assert!(before.contains_key("z") && !before.contains_key("main.py"), "a dry run changes nothing");
    let done = sync_tree(&device, &wanted, &options).expect("a sync");
    assert_eq!(planned, done);
    assert_eq!(
        steps(&done),
        [
            "- /__belay.tmp",
            "+ /sub/",
            "+ /sub/a b/",
            "+ /empty.txt (0 bytes)",
            "+ /main.py (4 bytes)",
            "+ /sub/a b/it's \"q\"\\n\u{e9}.txt (4 bytes)",
            "+ /noise (9000 bytes)",
            "- /old/deep/y",
            "- /z",
            "- /old/deep/",
            "- /old/",
        ]
    );
    let mut expected = tree(&[
        ("boot.py", "boot.py"),
        ("data/", ""),
        ("data/log.csv", "data/log.csv"),
        ("lib/", ""),
        ("lib/x.py", "lib/x.py"),
        ("main.py", "x=1\n"),
        ("sub/", ""),
        ("sub/a b/", ""),
    ]);
    for path in ["sub/a b/it's \"q\"\n\u{e9}.txt", "empty.txt", "noise"] {
        expected.insert(path.to_owned(), wanted[path].clone());
    }
    assert_eq!(read(&device).expect("the board's files"), expected);
    let again = sync_tree(&device, &wanted, &options).expect("a sync");
    assert_eq!((again.steps.len(), again.unchanged), (0, 4));
    let bare =
        SyncOptions { keep: Keep::Only(vec!["sub".to_owned()]), ignore: Some(Vec::new()), minify: false, ..options };
    let last = sync_tree(&device, &tree(&[("main.py", "x = 1  # one\n")]), &bare).expect("a sync");
    assert_eq!(last.counts(), (1, 5));
    let left: Vec<String> = read(&device).expect("the board's files").into_keys().collect();
    assert_eq!(left, ["main.py", "sub/", "sub/a b/", "sub/a b/it's \"q\"\n\u{e9}.txt"]);
}

#[test]
fn a_destination_is_made_and_nothing_beside_it_is_touched() {
    let device = open("sim");
    device.exec("open('/beside', 'w').close()", None).expect("a file");
    let files = tree(&[("a", "1")]);
    let options = SyncOptions { dst: "/app/new/".to_owned(), ..SyncOptions::default() };
    assert_eq!(
        steps(&sync_tree(&device, &files, &options).expect("a sync")),
        ["+ /app/", "+ /app/new/", "+ /app/new/a (1 bytes)"]
    );
    let found: Vec<String> = read(&device).expect("the board's files").into_keys().collect();
    assert_eq!(found, ["app/", "app/new/", "app/new/a", "beside"]);
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &tree(&[("one.txt", "1")]));
    let single = sync_folder(&device, &folder.path().join("one.txt"), &SyncOptions::default()).expect("a sync");
    assert_eq!(steps(&single), ["+ /one.txt (1 bytes)"]);
}
