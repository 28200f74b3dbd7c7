//! MicroPython: raw paste refused, modules and memory taken away, old versions.

use super::reduced_board::{Bench, Form, RawPaste, Shown};
use super::round::{Expected, HERE, around};

const MINIMAL: &[&str] =
    &["hashlib", "binascii", "_thread", "select", "deflate", "json", "re", "random", "machine", "uhashlib", "ubinascii"];

/// What old and minimal firmware lacks must not be in what the host itself sends.
fn sends_common_python(bench: &Bench) {
    let written = String::from_utf8_lossy(&bench.written()).into_owned();
    for lacking in ["f'", "f\"", ".hex(", "fromhex", "memoryview(", "json", "ilistdir", "uos", "utime", "hexlify"] {
        let mut found = written.match_indices(lacking).map(|(at, _)| at);
        let is_word = |at: usize| at == 0 || !written.as_bytes()[at - 1].is_ascii_alphanumeric();
        assert!(!found.any(is_word), "{lacking} is in {written}");
    }
}

#[test]
fn raw_paste_refused() {
    for raw_paste in [RawPaste::Refused, RawPaste::Unknown] {
        around(&Bench::new(Form { raw_paste, ..Form::default() }), &HERE);
    }
}

#[test]
fn a_minimal_build() {
    let mut form = Form::without(MINIMAL);
    form.python.push_str(
        "HIDDEN = {'time': ('ticks_ms', 'ticks_us', 'ticks_diff', 'ticks_add', 'ticks_cpu')}\n\
         GIVEN = {'sys': {'stdin': _Text(sys.stdin), 'stdout': _Text(sys.stdout)}, 'time': {'monotonic': None}}\n\
         builtins.memoryview = None\n",
    );
    form.raw_paste = RawPaste::Refused;
    let bench = Bench::new(form);
    around(&bench, &Expected { threads: false, ..HERE });
    sends_common_python(&bench);
}

#[test]
fn old_versions() {
    for (fields, version) in [("mpy=517", (1, 13, 0)), ("", (1, 9, 2))] {
        let mut form = Form::without(&["_thread", "hashlib", "deflate"]);
        form.python.push_str(&format!(
            "GIVEN = {{'sys': {{'stdin': _Text(sys.stdin), 'stdout': _Text(sys.stdout), 'version': '3.4.0', \
             'implementation': _Fields(name='micropython', version={version:?}, {fields})}}}}\n",
        ));
        (form.raw_paste, form.shown) = (RawPaste::Unknown, Shown::Old);
        let bench = Bench::new(form);
        let identity = Some(("micropython", version, "linux", "", true));
        around(&bench, &Expected { threads: false, identity, ..HERE });
        sends_common_python(&bench);
    }
}

#[test]
fn an_unknown_implementation() {
    let mut form = Form::default();
    form.python.push_str("GIVEN = {'sys': {'implementation': _Fields(name='snek'), 'platform': 'toaster'}}\n");
    around(&Bench::new(form), &Expected { identity: Some(("snek", (0, 0, 0), "toaster", "", true)), ..HERE });
}

#[test]
fn little_memory() {
    let mut form = Form::without(MINIMAL);
    (form.raw_paste, form.heap, form.free) = (RawPaste::Refused, Some(64 * 1024), Some(10 * 1024));
    let bench = Bench::new(form);
    around(&bench, &Expected { threads: false, long: 1000, ..HERE });
}
