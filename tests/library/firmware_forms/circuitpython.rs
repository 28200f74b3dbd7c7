//! CircuitPython 8, 9 and 10, in several languages.
//!
//! | what is imitated | which fact |
//! |---|---|
//! | a soft reset shows the title, runs code.py, and waits for a key or runs on until Ctrl-C | 7: a soft reset runs `code.py` |
//! | three languages for all of its words | 7: wait for the prompt, never match the words |
//! | a reload in the middle of a session | 7: auto-reload |
//! | titles (OSC) at greetings and soft resets | 7: strip them |
//! | errno 30 for every write, in three languages | 4, 5: match errors by number |
//! | no `_thread`, `machine`, `select`, `deflate`, `micropython`, `uos`, `utime`; no `ilistdir`, no ticks, no `stdin.buffer`; `supervisor.ticks_ms` | 1, 3 |
//! | emitters refused as unknown decorators | 1 |
//! | `repr` of floats with 32 bits | 1 |
//! | `\r\n` before the message of a traceback, `\n` after it | 5 |

use super::round::{Case, Expected, around, call, echoes, open, together, undisturbed};
use crate::alone::alone;
use crate::reduced_board::{Bench, Form, Shown, Words};
use belay_script::Kind;
use belay_script::device::OpenOptions;
use belay_script::value::Value;

const ENGLISH: Words = Words {
    soft_reboot: "soft reboot",
    auto_reload: "Auto-reload is on. Simply save files over USB to run them or enter REPL to disable.",
    code_output: "code.py output:",
    code: "hello\r\n",
    endless: false,
    code_done: "Code done running.",
    press_any_key: "Press any key to enter the REPL. Use CTRL-D to reload.",
    read_only: "OSError: [Errno 30] Read-only filesystem",
};
const GERMAN: Words = Words {
    soft_reboot: "weicher reboot",
    auto_reload: "Automatisches Neuladen ist aktiv.",
    code_output: "code.py Ausgabe:",
    code: ">>> hallo",
    endless: true,
    code_done: "Der Code wurde ausgeführt.",
    press_any_key: "Drücke eine Taste um dich mit der REPL zu verbinden. Drücke Strg-D zum neu laden.",
    read_only: "OSError: [Errno 30] Schreibgeschützes Dateisystem",
};
const CHINESE: Words = Words {
    soft_reboot: "ruǎn chóngqǐ",
    auto_reload: "Zìdòng chóngxīn jiāzài.",
    code_output: "code.py 输出:",
    code: "\u{1f40d}\r\n",
    endless: false,
    code_done: "代码已运行完毕。",
    press_any_key: "按任意键进入REPL。使用CTRL-D重新加载。",
    read_only: "OSError: [Errno 30] 只读文件系统",
};

fn bench(version: &str, words: Words) -> Bench {
    Bench::new(Form::circuitpython(version, Shown::CircuitPython(words)))
}

fn expected(version: (u32, u32, u32)) -> Expected {
    Expected {
        identity: Some(("circuitpython", version, "RP2040", "", false)),
        threads: false,
        short_floats: true,
        late_lines: false,
        long: 20_000,
    }
}

fn whole(version: &str, number: (u32, u32, u32), words: Words) {
    let read_only = words.read_only;
    let bench = bench(version, words);
    let device = around(&bench, &expected(number)).0;
    let _guard = undisturbed();
    let error = call(&device, "store", &[]).unwrap_err();
    assert_eq!(error.kind(), Kind::DeviceException);
    assert_eq!(error.message(), read_only);
    assert!(error.help().is_some_and(|help| help.contains("read-only") && help.contains("eject")), "{error:?}");
    // Its clock is another.
    device.sync_time(None).expect("a clock");
}

fn soft_reset() {
    let _guard = undisturbed();
    let (device, printed) = open(&bench("(10, 3, 0, '')", ENGLISH), OpenOptions::default());
    printed.take();
    device.soft_reset().expect("a soft reset");
    let shown = printed.take();
    assert!(shown.contains("hello") && !shown.contains('\x1b'), "{shown}");
    call(&device, "begin", &[Value::Int(1)]).expect("a setup");
    echoes(&device, &Value::Int(4));
    device.close().expect("a close");
}

/// A reload is a lost connection; a reconnect restores what was there.
fn reload(attempts: i64, words: Words) {
    let _guard = undisturbed();
    let bench = bench("(10, 3, 0, '')", words);
    let (device, _) = open(&bench, OpenOptions { attempts, ..OpenOptions::default() });
    call(&device, "begin", &[Value::Int(1)]).expect("a setup");
    bench.reload();
    let error = call(&device, "echo", &[Value::Int(5)]).expect_err("the call of a board that restarted");
    assert_eq!(error.kind(), Kind::ConnectionLost, "{error:?}");
    if attempts == 0 {
        device.reconnect(Some(1)).expect("a board");
    }
    echoes(&device, &Value::Int(6));
    assert_eq!(device.exec("state", None).expect("restored"), Value::Int(1));
}

#[test]
fn everything_works_on_every_circuitpython() {
    let case = |name: &str, case: fn()| -> Case { (name.to_owned(), Box::new(case)) };
    alone("firmware_forms::circuitpython::everything_works_on_every_circuitpython", || {
        together(vec![
            case("8", || whole("(8, 2, 10)", (8, 2, 10), CHINESE)),
            case("9", || whole("(9, 2, 1)", (9, 2, 1), GERMAN)),
            case("10", || whole("(10, 3, 0, '')", (10, 3, 0), ENGLISH)),
            case("soft reset", soft_reset),
            case("reload", || reload(0, ENGLISH)),
            case("reload of a code.py without end", || reload(2, GERMAN)),
        ])
    });
}
