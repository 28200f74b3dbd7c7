//! MicroPython: raw paste refused, modules and memory taken away, old versions.

use super::round::{Case, Expected, HERE, around, together};
use crate::alone::alone;
use crate::reduced_board::{Bench, Form, RawPaste, Shown};

const MINIMAL: &[&str] = &[
    "hashlib",
    "binascii",
    "_thread",
    "select",
    "deflate",
    "json",
    "re",
    "random",
    "machine",
    "uhashlib",
    "ubinascii",
];

/// What old and minimal firmware lacks must not be in what the host itself sends.
fn sends_common_python(bench: &Bench) {
    let written = String::from_utf8_lossy(&bench.written()).into_owned();
    for lacking in ["f'", "f\"", ".hex(", "fromhex", "memoryview(", "json", "ilistdir", "uos", "utime", "hexlify"] {
        let mut found = written.match_indices(lacking).map(|(at, _)| at);
        let is_word = |at: usize| at == 0 || !written.as_bytes()[at - 1].is_ascii_alphanumeric();
        assert!(!found.any(is_word), "{lacking} is in {written}");
    }
}

/// Refuses raw paste, in one way or the other, and has all else.
fn without_raw_paste(raw_paste: RawPaste) {
    around(&Bench::new(Form { raw_paste, ..Form::default() }), &HERE);
}

fn minimal_build() {
    let mut form = Form::without(MINIMAL);
    form.python.push_str(
        "HIDDEN = {'time': ('ticks_ms', 'ticks_us', 'ticks_diff', 'ticks_add', 'ticks_cpu')}\n\
         GIVEN = {'sys': {'stdin': _Text(sys.stdin), 'stdout': _Text(sys.stdout)}, 'time': {'monotonic': None}}\n\
         builtins.memoryview = None\n",
    );
    form.raw_paste = RawPaste::Refused;
    let bench = Bench::new(form);
    around(&bench, &Expected { threads: false, long: 3000, ..HERE });
    sends_common_python(&bench);
}

fn old_version(fields: &str, version: (u32, u32, u32)) {
    let mut form = Form::without(&["_thread", "hashlib", "deflate"]);
    form.python.push_str(&format!(
        "GIVEN = {{'sys': {{'stdin': _Text(sys.stdin), 'stdout': _Text(sys.stdout), 'version': '3.4.0', \
         'implementation': _Fields(name='micropython', version={version:?}, {fields})}}}}\n",
    ));
    (form.raw_paste, form.shown) = (RawPaste::Unknown, Shown::Old);
    let bench = Bench::new(form);
    let identity = Some(("micropython", version, "linux", "", true));
    around(&bench, &Expected { threads: false, late_lines: true, long: 3000, identity, ..HERE });
    sends_common_python(&bench);
}

fn unknown_implementation() {
    let mut form = Form::default();
    form.python.push_str("GIVEN = {'sys': {'implementation': _Fields(name='snek'), 'platform': 'toaster'}}\n");
    around(&Bench::new(form), &Expected { identity: Some(("snek", (0, 0, 0), "toaster", "", true)), ..HERE });
}

/// 7 KB of a board of 32 bits: objects take twice that memory here.
fn little_memory() {
    let mut form = Form::without(MINIMAL);
    (form.raw_paste, form.heap, form.free) = (RawPaste::Refused, Some(64 * 1024), Some(14 * 1024));
    around(&Bench::new(form), &Expected { threads: false, long: 1000, ..HERE });
}

#[test]
fn everything_works_on_every_micropython() {
    let case = |name: &str, case: fn()| -> Case { (name.to_owned(), Box::new(case)) };
    alone("firmware_forms::forms::everything_works_on_every_micropython", || {
        together(vec![
            case("raw paste refused", || without_raw_paste(RawPaste::Refused)),
            case("raw paste unknown", || without_raw_paste(RawPaste::Unknown)),
            case("a minimal build", minimal_build),
            case("version 1.13", || old_version("mpy=517", (1, 13, 0))),
            case("version 1.9", || old_version("", (1, 9, 2))),
            case("an unknown implementation", unknown_implementation),
            case("little memory", little_memory),
        ])
    });
}
