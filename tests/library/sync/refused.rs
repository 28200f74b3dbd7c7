//! What a sync refuses, in which words, and that nothing has changed then.

use super::support::{Random, Tree, open, open_over, read, sync_tree, tree};
use crate::faulty_port::{Fault, Link};
use crate::reduced_board::{Bench, Form};
use belay_script::Kind;
use belay_script::sync::SyncOptions;

#[track_caller]
fn case(port: &str, setup: &str, files: &Tree, options: &SyncOptions, kind: Kind, message: &str) {
    let device = open(port);
    device.exec(setup, None).expect("files");
    let before = read(&device).expect("the board's files");
    let error = sync_tree(&device, files, options).expect_err("a refusal");
    assert_eq!((error.kind(), error.message()), (kind, message));
    assert!(error.help().is_some());
    assert_eq!(read(&device).expect("the board's files"), before);
}

#[test]
fn a_plan_that_cannot_be_is_refused_whole() {
    let options = SyncOptions::default();
    let files = tree(&[("a", "1"), ("b/c", "2")]);
    let message = "`a` is a directory on the board, but a file in the folder";
    case("sim", "import os\nos.mkdir('/a')", &files, &options, Kind::ArgumentError, message);
    let message = "`b` is a file on the board, but a folder in the folder";
    case("sim", "open('/b', 'w').close()", &files, &options, Kind::ArgumentError, message);
    let below = SyncOptions { dst: "/b/c".to_owned(), ..SyncOptions::default() };
    case("sim", "open('/b', 'w').close()", &files, &below, Kind::ArgumentError, "`/b` is a file on the board");
    let mut huge = Tree::new();
    huge.insert("huge".to_owned(), Random(1).bytes(100_000));
    let message = "OSError: the board's flash is too small: 42656 more bytes are needed than can be freed";
    case("sim:?flash_size=64k", "", &huge, &options, Kind::DeviceException, message);
}

#[test]
fn a_path_that_is_too_long_leaves_what_was_there() {
    let device = open("sim");
    let long = "x".repeat(300);
    let error = sync_tree(&device, &tree(&[(&long[..250], "1")]), &SyncOptions::default());
    assert_eq!(error.expect("a name of 250 letters").counts(), (1, 0));
    let mut files = device.files().expect("files");
    let upload = belay_script::board::content::Upload { path: &format!("/{long}"), content: b"1", digest: None };
    let error = files.write(&[upload], &mut |_| {}).expect_err("a name that is too long");
    assert!(error.message().ends_with("cannot be written: the path is too long for the board"), "{error:?}");
    drop(files);
    assert_eq!(read(&device).expect("the board's files").len(), 1);
}

#[test]
fn a_full_flash_is_freed_by_what_goes_anyway() {
    let device = open("sim:?flash_size=64k");
    let mut random = Random(3);
    let mut old = Tree::new();
    old.insert("old".to_owned(), random.bytes(20_000));
    old.insert("small".to_owned(), random.bytes(3000));
    sync_tree(&device, &old, &SyncOptions::default()).expect("a sync");
    let mut new = Tree::new();
    new.insert("new".to_owned(), random.bytes(38_000));
    let outcome = sync_tree(&device, &new, &SyncOptions::default()).expect("a sync that makes room");
    let steps: Vec<String> = outcome.steps.iter().map(ToString::to_string).collect();
    assert_eq!(steps, ["- /old (first, to make space)", "+ /new (38000 bytes)", "- /small"]);
    assert_eq!(read(&device).expect("the board's files"), new);
}

#[test]
fn a_drive_that_is_mounted_on_a_computer_says_so() {
    let read_only =
        "_refuse = _read_only(open)\nGIVEN = {'os': {name: _refuse for name in ('mkdir', 'remove', 'rename')}}\n";
    let bench = Bench::new(Form { python: read_only.to_owned(), ..Form::default() });
    let device = open_over(bench.connector(), 0).expect("a board");
    let error = sync_tree(&device, &tree(&[("a", "1")]), &SyncOptions::default()).expect_err("a refusal");
    assert_eq!(error.message(), "OSError: `/a` cannot be written: the board's file system is read-only");
    assert!(error.help().is_some_and(|help| help.contains("eject the drive")), "{error:?}");
}

#[test]
fn the_root_of_this_computer_is_no_destination() {
    let command = crate::interpreter::command();
    let device = open(&format!("exec:{command}"));
    let error = sync_tree(&device, &tree(&[("a", "1")]), &SyncOptions::default()).expect_err("a refusal");
    assert_eq!(error.message(), "`/` of this board is the root of this computer");
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let dst = scratch.path().join("board").to_str().expect("UTF-8").to_owned();
    let options = SyncOptions { dst: dst.clone(), ..SyncOptions::default() };
    sync_tree(&device, &tree(&[("a", "1"), ("b/c", "2")]), &options).expect("a sync below a scratch folder");
    assert_eq!(std::fs::read(format!("{dst}/b/c")).expect("a file"), b"2");
}

#[test]
fn a_restored_connection_completes_the_sync() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let flash = Some(scratch.path().join("flash"));
    let link = Link::to(belay_script::port::sim::SimOptions { flash, ..Default::default() });
    let device = open_over(link.connector(), 2).expect("a board");
    let mut files = Tree::new();
    for number in 0..8 {
        files.insert(format!("file {number}"), Random(number).bytes(3000));
    }
    link.arm_once(Fault::UnplugInWrite(14_000));
    let outcome = sync_tree(&device, &files, &SyncOptions::default()).expect("a sync");
    assert!(outcome.unchanged > 0, "it was not cut off: {outcome:?}");
    assert_eq!(read(&device).expect("the board's files"), files);
}

#[test]
fn a_board_without_directories_says_so() {
    let bench =
        Bench::new(Form { python: "HIDDEN = {'os': ('mkdir', 'rename', 'stat')}\n".to_owned(), ..Form::default() });
    let device = open_over(bench.connector(), 0).expect("a board");
    let error = sync_tree(&device, &tree(&[("a", "1")]), &SyncOptions::default()).expect_err("a refusal");
    let message = "cannot access the board's files: its firmware has no file system with directories";
    assert_eq!((error.kind(), error.message()), (Kind::FeatureUnavailableError, message));
}
