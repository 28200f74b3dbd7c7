//! Every way in which firmware can hash, list and receive files, and the memory that it has for it.

use super::support::{Random, open_over, read, sync_tree, tree};
use crate::reduced_board::{Bench, Form, RawPaste, Ring};
use belay_script::board::files::{Channel, Facts, Hash};
use belay_script::sync::SyncOptions;
use std::time::Duration;

/// Syncs files to a board of this form, and again, and takes away one; gives what the board said of itself.
fn case(what: &str, form: Form, files: usize) -> Facts {
    let bench = Bench::new(form);
    let device = open_over(bench.connector(), 0).unwrap_or_else(|error| panic!("{what}: {error:?}"));
    let mut random = Random(7);
    let mut wanted = tree(&[("text.txt", &"the same line again\n".repeat(60)), ("none", ""), ("a/b/c.py", "x = 1\n")]);
    wanted.insert("bytes".to_owned(), (0..=255).cycle().take(600).collect());
    wanted.insert("a/noise".to_owned(), random.bytes(700));
    for number in 0..files {
        wanted.insert(format!("many/file number {number} with a long name"), random.bytes(20));
    }
    let options = SyncOptions {
        minify: false,
        keep: belay_script::sync::Keep::Only(vec!["boot.py".into()]),
        ..SyncOptions::default()
    };
    let facts = *device.files().unwrap_or_else(|error| panic!("{what}: {error:?}")).facts();
    let fails = |error: belay_script::Error| -> belay_script::sync::Outcome { panic!("{what} {facts:?}: {error:?}") };
    let first = sync_tree(&device, &wanted, &options).unwrap_or_else(fails);
    assert_eq!(first.counts(), (5 + files, 0), "{what}");
    let again = sync_tree(&device, &wanted, &options).unwrap_or_else(fails);
    assert_eq!((again.steps.len(), again.unchanged), (0, 5 + files), "{what}");
    wanted.remove("none");
    wanted.insert("bytes".to_owned(), vec![3; 600]);
    let third = sync_tree(&device, &wanted, &options).unwrap_or_else(fails);
    assert_eq!((third.counts(), third.unchanged), ((1, 1), 3 + files), "{what}");
    let mut found = read(&device).unwrap_or_else(|error| panic!("{what}: {error:?}"));
    found.remove("boot.py");
    found.retain(|path, _| !path.ends_with('/'));
    assert!(found == wanted, "{what}: {:?}", found.keys());
    assert_eq!(device.exec("1 + 1", None).expect("a value"), belay_script::value::Value::Int(2), "{what}");
    facts
}

fn python(code: &str) -> Form {
    Form { python: code.to_owned(), ..Form::default() }
}

#[test]
fn firmware_of_every_kind_is_synced_exactly() {
    assert_eq!(case("all", Form::default(), 0).hash, Hash::Sha256);
    assert!(!case("no deflate", Form::without(&["deflate"]), 0).deflate);
    let text = case("text only", python("GIVEN = {'sys': {'stdin': _Text(sys.stdin)}}\n"), 0);
    assert_eq!(text.channel, Channel::Text);
    let none = case("no input", python("HIDDEN = {'sys': ('stdin',)}\n"), 0);
    assert_eq!(none.channel, Channel::Literals);
    assert_eq!(case("no hashlib", Form::without(&["hashlib"]), 0).hash, Hash::Crc32);
    let plain = case("no binascii", Form::without(&["hashlib", "binascii", "deflate"]), 0);
    assert_eq!((plain.hash, plain.channel), (Hash::Fnv1a, Channel::Binary));
    let list = "HIDDEN = {'os': ('ilistdir', 'statvfs')}\n";
    case("no ilistdir", python(list), 5);
    let new = "class _New:\n    def __init__(self, h):\n        self.new = lambda name, h=h: h()\n\
               import hashlib as _h\nGIVEN = {'hashlib': {'new': lambda name, h=_h.sha256: h()}}\nHIDDEN = {'hashlib': ('sha256',)}\n";
    assert_eq!(case("CircuitPython's hashlib", python(new), 0).hash, Hash::Sha256);
    let refused = Form { raw_paste: RawPaste::Refused, ..Form::default() };
    case("no raw paste", refused, 0);
}

#[test]
fn a_board_with_little_memory_is_synced_in_batches() {
    let form = Form { heap: Some(200 * 1024), free: Some(14_000), ..Form::without(&["deflate"]) };
    let facts = case("13 KB", form, 40);
    assert!(facts.memory < 18_000, "{facts:?}");
}

#[test]
fn an_input_ring_loses_nothing() {
    let pause = (4000, Duration::from_millis(5));
    let form = Form { ring: Some(Ring::new(256, 11.5, 40.0, pause)), ..Form::default() };
    case("256 bytes at 115200 baud", form, 0);
}
