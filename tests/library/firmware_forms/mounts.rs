//! A folder of this computer on firmware of every kind: it is seen where that is possible, and elsewhere the error names what
//! is missing, before anything long is sent.

use super::round::{Case, open, together};
use crate::reduced_board::{Bench, Form, RawPaste, Shown};
use belay_script::Kind;
use belay_script::device::OpenOptions;
use belay_script::value::Value;

/// Firmware that can see no folder says why.
fn refuses(form: Form, why: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let bench = Bench::new(form);
    let (device, _) = open(&bench, OpenOptions::default());
    let before = bench.written().len();
    let error = device.mount(folder.path(), true).expect_err("no mount");
    assert_eq!(error.kind(), Kind::FeatureUnavailableError, "{error:?}");
    assert_eq!(error.message(), format!("the board cannot mount a folder of this computer: {why}"));
    assert!(error.help().is_some(), "{error:?}");
    let sent = bench.written().len() - before;
    assert!(sent < 1000, "{sent} bytes were sent");
    // Nothing of it is left, and the board is well.
    let left = device.exec("[n for n in globals() if n.startswith('__belay_m')]", None).expect("a list");
    assert_eq!(left, Value::List(Vec::new()));
    device.unmount().expect("nothing happens");
    device.close().expect("closed");
}

/// Firmware that can.
fn mounts(form: Form) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("data"), [0, 1, 3, 4, 10, 13, 200]).expect("a file");
    let bench = Bench::new(form);
    let (device, _) = open(&bench, OpenOptions::default());
    device.mount(folder.path(), true).expect("a mount");
    device
        .exec("f = open('copy', 'wb')\nn = f.write(open('data', 'rb').read())\ng = open('text', 'w')", None)
        .expect("it runs");
    assert_eq!(std::fs::read(folder.path().join("copy")).expect("a file"), [0, 1, 3, 4, 10, 13, 200]);
    device.exec("n = g.write('\u{e9}\\n' * 3000)", None).expect("it runs");
    let text = device.exec("len(open('text').read())", None);
    assert_eq!(text.expect("a number"), Value::Int(6000));
    device.close().expect("closed");
}

fn hidden(python: &str) -> Form {
    Form { python: format!("{python}\n"), ..Form::default() }
}

#[test]
fn folders_are_seen_or_the_error_names_what_is_missing() {
    let case = |name: &str, case: Box<dyn FnOnce() + Send>| -> Case { (name.to_owned(), case) };
    let refused = |name: &str, form: Form, why: &'static str| case(name, Box::new(move || refuses(form, why)));
    let seen = |name: &str, form: Form| case(name, Box::new(move || mounts(form)));
    let text = "GIVEN = {'sys': {'stdin': _Text(sys.stdin), 'stdout': _Text(sys.stdout)}}\n";
    let no_file_systems = "its firmware has no `os.mount`";
    let mut old = hidden(text);
    (old.raw_paste, old.shown) = (RawPaste::Unknown, Shown::Old);
    let mut full = hidden("");
    (full.heap, full.free) = (Some(64 * 1024), Some(11 * 1024));
    together(vec![
        refused("no mounting", hidden("GONE = ('vfs',)\nHIDDEN = {'os': ('mount', 'umount')}"), no_file_systems),
        refused("no IOBase", hidden("HIDDEN = {'io': ('IOBase',)}"), "its firmware has no `io.IOBase`"),
        refused(
            "no binascii and text alone",
            hidden(&format!("GONE = ('binascii', 'deflate')\n{text}")),
            "its firmware has neither `sys.stdin.buffer` nor `binascii`",
        ),
        seen("no binascii", hidden("GONE = ('binascii', 'deflate')")),
        seen("text alone", hidden(text)),
        seen("an old version", old),
        seen("no threads and no poll", hidden("GONE = ('_thread', 'select', 'deflate')")),
        case("little memory", Box::new(move || little_memory(full))),
    ]);
}

fn little_memory(form: Form) {
    let (device, _) = open(&Bench::new(form), OpenOptions { startup: Some(String::new()), ..OpenOptions::default() });
    let error = device.mount(std::path::Path::new("."), false).expect_err("no mount");
    assert_eq!(error.kind(), Kind::FeatureUnavailableError, "{error:?}");
    let message = error.message();
    assert!(message.contains(" bytes of free memory, but needs at least 12288"), "{message}");
    device.close().expect("closed");
}
