//! Tests of simulated boards over their raw REPL.

use super::{SimOptions, SimPort};
use crate::extent;
use crate::port::loss::Loss;
use crate::port::{Port, PortError, Wait};
use std::time::{Duration, Instant};

pub(super) const RAW: &str = "raw REPL; CTRL-B to exit\r\n>";
pub(super) const PROMPT: &str = "\r\n>>> ";

/// A board under test.
pub(super) struct Board {
    pub(super) port: SimPort,
    seen: Vec<u8>,
}

impl Board {
    pub(super) fn open(text: &str) -> Board {
        Board { port: SimPort::open(&SimOptions::parse(text).unwrap(), &|_| ()).unwrap(), seen: Vec::new() }
    }

    /// A board at its raw prompt.
    pub(super) fn raw(text: &str) -> Board {
        let mut board = Board::open(text);
        board.send("\x03\x03\x01");
        board.until(RAW);
        board
    }

    pub(super) fn send(&mut self, text: &str) {
        self.port.write(text.as_bytes(), Wait::for_at_most(Duration::from_secs(10))).unwrap();
    }

    /// Reads up to and including `wanted`.
    #[track_caller]
    pub(super) fn until(&mut self, wanted: &str) -> String {
        let wait = Wait::for_at_most(Duration::from_secs(20));
        loop {
            let place = self.seen.windows(wanted.len()).position(|window| window == wanted.as_bytes());
            if let Some(place) = place {
                let rest = self.seen.split_off(place + wanted.len());
                return String::from_utf8_lossy(&std::mem::replace(&mut self.seen, rest)).into_owned();
            }
            if let Err(error) = self.port.read(&mut self.seen, wait) {
                panic!("no {wanted:?}: {error}; seen: {:?}", String::from_utf8_lossy(&self.seen));
            }
        }
    }

    /// Starts code by plain raw mode.
    pub(super) fn start(&mut self, code: &str) {
        self.send(&format!("{code}\x04"));
        self.until("OK");
    }

    /// Starts code by raw paste; it must fit into the window.
    fn paste(&mut self, code: &str) {
        self.send("\x05A\x01");
        self.until("\x00\x01");
        self.send(&format!("{code}\x04"));
        self.until("\x04");
    }

    /// The output of code, and its traceback. Every line end must be CR LF; returned as LF.
    #[track_caller]
    pub(super) fn result(&mut self) -> (String, String) {
        let (output, error) = self.sent();
        let lines = |text: String| {
            let plain = text.replace("\r\n", "\n");
            assert_eq!(plain.replace('\n', "\r\n"), text, "a line ends with LF alone");
            plain
        };
        (lines(output), lines(error))
    }

    /// The output of code, and its traceback, as sent by the board.
    #[track_caller]
    fn sent(&mut self) -> (String, String) {
        let output = self.until("\x04");
        let error = self.until("\x04>");
        (output.trim_end_matches('\x04').to_owned(), error.trim_end_matches("\x04>").to_owned())
    }

    #[track_caller]
    pub(super) fn exec(&mut self, code: &str) -> String {
        self.start(code);
        let (output, error) = self.result();
        assert_eq!(error, "", "{code}");
        output
    }

    pub(super) fn write_file(&mut self, name: &str, text: &str) {
        self.exec(&format!("with open({name:?},'w') as f: f.write({text:?})"));
    }

    /// Reads until the board is gone; returns the reason.
    fn gone(&mut self) -> String {
        let wait = Wait::for_at_most(Duration::from_secs(20));
        loop {
            match self.port.read(&mut self.seen, wait) {
                Ok(_) => {}
                Err(PortError::Gone(reason)) => return reason.to_string(),
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn code_runs() {
    let mut board = Board::open("");
    assert!(board.until(PROMPT).starts_with("MicroPython"));
    board.send("\x03\x03\x01");
    board.until(RAW);
    assert_eq!(board.exec("print(1)"), "1\n");
    assert_eq!(board.exec("print(dir())"), "['__name__', '__file__']\n");
    board.paste("print(2)");
    assert_eq!(board.result(), ("2\n".to_owned(), String::new()));
    board.start("1//0");
    assert!(board.result().1.ends_with("ZeroDivisionError: divide by zero\n"));
}

#[test]
fn a_board_has_its_own_file_system() {
    let mut board = Board::raw("?flash_size=64k");
    assert_eq!(
        board.exec("import os,sys;print(os.listdir('/'),os.getcwd(),sys.path,sys.argv)"),
        "[] / ['', '.frozen', '/lib'] []\n"
    );
    assert_eq!(board.exec("print(os.statvfs('/')[:3])"), "(4096, 4096, 16)\n");
    for code in
        ["open('/etc/passwd')", "import src", "os.listdir('/etc')", "execfile('/etc/hosts')", "os.chdir('/proc')"]
    {
        board.start(code);
        let error = board.result().1;
        assert!(error.contains("ENOENT") || error.contains("ImportError"), "{code}: {error}");
    }
}

#[test]
fn a_soft_reset_returns_to_raw_mode() {
    let mut board = Board::raw("");
    board.write_file("boot.py", "x = 5\nprint('boot', __name__)\n");
    board.write_file("main.py", "print('main', x)\n");
    board.exec("y = 1");
    board.send("\x04");
    assert_eq!(board.until(RAW), format!("OK\r\nMPY: soft reboot\r\nboot __main__\r\n{RAW}"));
    board.start("print(x, y)");
    assert!(board.result().1.contains("NameError"));
    for code in ["raise SystemExit", "import sys; sys.exit(3)", "import machine; machine.soft_reset()"] {
        board.start(code);
        assert_eq!(board.until(RAW), format!("\x04\x04MPY: soft reboot\r\nboot __main__\r\n{RAW}"), "{code}");
    }
    assert_eq!(board.exec("print(x)"), "5\n");
}

#[test]
fn a_soft_reset_in_the_friendly_mode_runs_main() {
    let mut board = Board::raw("");
    board.write_file("main.py", "print('main')\nprint('\\x03')\n");
    board.send("\x02");
    board.until(PROMPT);
    board.send("\x04");
    let text = board.until(PROMPT);
    assert!(text.starts_with("\r\nMPY: soft reboot\r\nmain\r\n\x03\r\nMicroPython "), "{text:?}");
    board.send("print('a\\nb')\r");
    assert_eq!(board.until(">>> "), "print('a\\nb')\r\na\r\nb\r\n>>> ");
}

#[test]
fn boot_files_fail_as_on_a_board() {
    let mut board = Board::raw("");
    board.write_file("main.py", "print('main')\n");
    board.write_file("boot.py", "def f():\n  1//0\nf()\n");
    board.send("\x02\x04");
    let text = board.until("MicroPython ");
    let text = format!("{}{text}", board.until("MicroPython "));
    assert!(
        text.contains(
            "MPY: soft reboot\r\nTraceback (most recent call last):\r\n  File \"boot.py\", line 3, in <module>\r\n  \
         File \"boot.py\", line 2, in f\r\nZeroDivisionError: divide by zero\r\nMicroPython "
        ),
        "{text}"
    );
    assert!(!text.contains("main\r\n"));
}

#[test]
fn ctrl_c_ends_boot_py_and_main_py() {
    let mut board = Board::raw("");
    board.write_file("boot.py", "print('boot')\nwhile True: pass\n");
    board.write_file("main.py", "import time\nprint('main')\nwhile True: time.sleep(1)\n");
    board.send("\x04");
    board.until("boot\r\n");
    board.send("\x03");
    assert!(board.until(RAW).contains("KeyboardInterrupt"));
    assert_eq!(board.exec("import os; os.remove('boot.py'); print(3)"), "3\n");
    board.send("\x02");
    board.until(PROMPT);
    board.send("\x04");
    board.until("main\r\n");
    board.send("\x03");
    assert!(board.until(PROMPT).contains("KeyboardInterrupt"));
}

#[test]
fn gives_up_on_a_reset_loop() {
    let mut board = Board::raw("");
    board.write_file("boot.py", "import sys; sys.exit()");
    board.send("\x04");
    assert_eq!(board.gone(), "the simulated board keeps resetting: check its boot.py and main.py");
}

#[test]
fn ctrl_c_interrupts_code_in_every_mode() {
    let mut board = Board::raw("");
    let codes = [
        "while 1: pass",
        "import time\nprint('x')\ntime.sleep(100)",
        "while 1: [0] * 1000",
        "d = {}\ni = 0\nwhile 1:\n i += 1\n d[str(i % 5000)] = i",
        "while 1: sum(range(1000))",
        "while 1: print('y' * 50)",
        "def f(n):\n  return f(n - 1) if n else 0\nwhile 1: f(20)",
        "while 1:\n with open('f','w') as f: f.write('z'*5000)",
        "import sys\nsys.stdin.read(1)",
        "import _thread, time\nfor i in range(3): _thread.start_new_thread(time.sleep, (0.1,))\nwhile 1: pass",
    ];
    // Every mode with every number of presses.
    for round in 0..6 {
        for code in codes {
            // A board is interrupted between two writes, for which this one takes a second.
            if code.contains("f.write") && round > 1 {
                continue;
            }
            if round % 2 == 0 {
                board.start(code)
            } else {
                board.paste(code)
            };
            board.send(if round % 3 == 0 { "\x03\x03" } else { "\x03" });
            let error = board.result().1;
            assert!(error.contains("KeyboardInterrupt"), "{code}: {error:?}");
            assert_eq!(board.exec("print([1, 2] + [3])"), "[1, 2, 3]\n", "{round} {code}");
        }
    }
}

#[test]
fn ctrl_c_while_idle_does_nothing() {
    let mut board = Board::raw("");
    for presses in ["\x03", "\x03\x03", "\x03\x03\x03\x03"] {
        board.send(presses);
        assert_eq!(board.exec("print(4)"), "4\n");
    }
    board.send("half a li\x03");
    assert_eq!(board.exec("print(5)"), "5\n");
}

#[test]
fn ctrl_c_can_be_data() {
    let mut board = Board::raw("");
    board.start("import micropython, sys\nmicropython.kbd_intr(-1)\nprint(sys.stdin.read(1) == '\\x03')\nmicropython.kbd_intr(3)");
    board.send("\x03");
    assert_eq!(board.result(), ("True\n".to_owned(), String::new()));
}

#[test]
fn a_second_press_reaches_code_that_survives_the_first() {
    let mut board = Board::raw("");
    board.start("try:\n while 1: pass\nexcept KeyboardInterrupt: print('once')\nwhile 1: pass");
    board.send("\x03");
    board.until("once\r\n");
    board.send("\x03");
    assert!(board.result().1.contains("KeyboardInterrupt"));
}

#[test]
fn input_never_reaches_the_hosts_files() {
    let mut board = Board::raw("");
    // All six kinds in any share.
    let step = 2 * extent::one_of("interrupts") - 1;
    let noise = ["\x03", "\x04", "\x03\x04\x03", "\x01", "import os;print(os.listdir('/'))\r\n", "\x03\x03\x01\x04"];
    for (turn, noise) in noise.iter().cycle().take(60).enumerate().step_by(step) {
        board.send("\x04");
        let until = Instant::now() + Duration::from_micros(turn as u64 * 700);
        while Instant::now() < until {
            let _ = board.port.read(&mut board.seen, Wait::for_at_most(Duration::from_micros(100)));
        }
        board.send(noise);
        board.send("\x03\x03\x01\x01");
        // A raw prompt from before the noise ends with `OK` or `>`; read until this code replies.
        board.send("import os\nprint('files', os.listdir('/'), 'end')\x04");
        let text = board.until("end\r\n");
        assert!(text.ends_with("files [] end\r\n"), "{turn} {noise:?} {text:?}");
        assert!(!text.contains("etc"), "{text:?}");
        board.until(">");
        board.send("\x03\x03\x01");
        board.until(RAW);
    }
}

#[test]
fn input_before_a_reset_is_kept() {
    let mut board = Board::raw("");
    for _ in 0..10 {
        board.send("\x04print(7)\x04");
        let text = board.until("7\r\n\x04\x04>");
        assert_eq!(text, format!("OK\r\nMPY: soft reboot\r\n{RAW}OK7\r\n\x04\x04>"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_killed_board_is_gone() {
    let mut board = Board::raw("");
    rustix::process::kill_process(board.port.process(), rustix::process::Signal::KILL).unwrap();
    assert_eq!(board.gone(), "the simulated board was killed by signal 9");
    let error = board.port.write(b"x", Wait::for_at_most(Duration::from_secs(1))).unwrap_err();
    assert_eq!(error, PortError::Gone(Loss::SimulatorEnded("was killed by signal 9".to_owned())));
}

#[test]
fn a_flash_file_persists() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.img");
    let text = format!("?flash={}&flash_size=128k", path.display());
    let mut board = Board::raw(&text);
    board.write_file("kept.txt", "hello");
    drop(board);
    assert_eq!(path.metadata().unwrap().len(), 128 * 1024);
    let mut board = Board::raw(&text);
    assert_eq!(board.exec("print(open('kept.txt').read())"), "hello\n");
    drop(board);
    std::fs::write(&path, vec![b'x'; 128 * 1024]).unwrap();
    let error = SimPort::open(&SimOptions::parse(&text).unwrap(), &|_| ()).unwrap_err();
    assert!(error.message().starts_with("the simulated board failed to start"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), vec![b'x'; 128 * 1024]);
}

#[test]
fn a_heap_can_be_small() {
    let mut board = Board::raw("?heap=64k");
    let free: u32 = board.exec("import gc; gc.collect(); print(gc.mem_free())").trim().parse().unwrap();
    assert!((45_000..64_000).contains(&free), "{free}");
    Board::raw("?heap=34k").exec("print(1)");
}

#[test]
fn lots_of_output_and_input_pass() {
    let mut board = Board::raw("");
    board.start("for i in range(20000): print(i)");
    let (output, _) = board.result();
    assert_eq!(output.lines().count(), 20000);
    board.start(&format!("x = '{}'\nprint(len(x))", "a".repeat(100_000)));
    assert_eq!(board.result().0, "100000\n");
}

#[test]
fn built_in_modules_are_read_only() {
    let mut board = Board::raw("");
    for code in ["sys.x = 1", "sys.argv = 1", "del sys.version", "os.x = 1", "sys.tracebacklimit = 3", "del os.listdir"]
    {
        board.start(&format!("import os, sys\ntry: {code}\nexcept AttributeError: print('refused')"));
        assert_eq!(board.result().0, "refused\n", "{code}");
    }
    board.start("import os, sys\nsys.path = sys.path + ['/x']\nsys.ps1 = '> '\nprint(sys.path[-1], sys.ps1, sys.argv)");
    assert_eq!(board.result().0, "/x >  []\n");
}

#[test]
fn text_lines_end_with_cr_lf_and_raw_bytes_are_unchanged() {
    let codes = [
        ("print('a\\nb')", "a\r\nb\r\n"),
        ("print('a\\r\\n', end='')", "a\r\r\n"),
        ("import sys\nn = sys.stdout.write('\u{e9}\\n')\nprint(n)", "\u{e9}\r\n3\r\n"),
        ("import sys\nprint('a', 1, file=sys.stdout)\nprint('b', file=sys.stderr)", "a 1\r\nb\r\n"),
        ("from sys import stdout\nprint(stdout.buffer.write(b'a\\nb'))", "a\nb3\r\n"),
        ("import sys\nprint('a', file=sys.stdout.buffer)", "a\n"),
        (
            "import sys\nsys.stdout.close()\nwith sys.stderr as e: e.write('a')\n\
             sys.stderr.buffer.write(b'b\\n')\nprint('c')",
            "ab\nc\r\n",
        ),
        ("import sys\nsys.stdout.buffer.write('a\\n')\nsys.stdout.buffer.write(bytearray(b'b\\n'))", "a\nb\n"),
        ("import sys,array\nsys.stdout.buffer.write(array.array('H', [10, 2561]))", "\n\0\x01\n"),
        ("import sys\nsys.stdout.buffer.write(memoryview(b'x\\n')[1:])", "\n"),
        ("import sys\nfor n in range(3): sys.stdout.buffer.write(b'\\n' * 300)\nprint()", &("\n".repeat(900) + "\r\n")),
        ("import sys\nsys.print_exception(ValueError(1), sys.stdout)", "ValueError: 1\r\n"),
    ];
    let mut board = Board::raw("");
    let mut other = Board::raw("?crlf=off");
    for (code, expected) in codes {
        board.start(code);
        assert_eq!(board.sent(), (expected.to_owned(), String::new()), "{code}");
        other.start(code);
        let plain = if code.contains("\\r") { expected.replacen('\r', "", 1) } else { expected.replace("\r\n", "\n") };
        assert_eq!(other.sent(), (plain, String::new()), "{code}");
    }
    other.start("1//0");
    assert!(other.sent().1.ends_with("divide by zero\n"));
    // Every byte, with nothing added by the simulator.
    let every: Vec<u8> = (0..=255).collect();
    board.start(
        "import sys\nsys.stdout.write(b'\\xff\\n')\nfor n in 1, 255, 256, 1: sys.stdout.buffer.write(bytes(range(n)))",
    );
    let expected = [b"\xff\r\n", &every[..1], &every[..255], &every, &every[..1], b"\x04\x04>"].concat();
    let wait = Wait::for_at_most(Duration::from_secs(20));
    while board.seen.len() < expected.len() {
        board.port.read(&mut board.seen, wait).unwrap();
    }
    assert_eq!(board.seen.escape_ascii().to_string(), expected.escape_ascii().to_string());
}

#[test]
fn a_board_has_its_own_sys() {
    let mut board = Board::raw("");
    let code =
        "import sys, usys\nfrom sys import *\nprint(sys, usys is sys, sys.modules['sys'] is sys, path is sys.path)";
    assert_eq!(board.exec(code), "<module 'sys'> True True True\n");
    assert_eq!(board.exec("sys.path = ['/x']\nimport sys as again\nprint(again.path)"), "['/x']\n");
    board.write_file("/found.py", "print('found')");
    assert_eq!(board.exec("sys.path = ['/']\nimport found"), "found\n");
    assert_eq!(board.exec("print(hasattr(sys, 'executable'), hasattr(sys.stdout, 'flush'))"), "False False\n");
    board.exec("sys.ps1 = 'board> '");
    board.send("\x02");
    board.until("\r\nboard> ");
    board.send("import sys; sys.ps1 = '>>> '\r");
    board.until("\n>>> ");
    board.send("\x01");
    board.until(RAW);
    board.exec("import sys, select\np = select.poll()\np.register(sys.stdout)\nassert len(p.poll(0)) == 1");
    board.start("import sys; sys.exit(3)");
    board.until(RAW);
}

#[test]
fn a_soft_reset_closes_open_files_and_a_hard_reset_does_not() {
    let ways = [
        ("", true),
        ("raise SystemExit", true),
        ("import sys; sys.exit()", true),
        ("import machine; machine.soft_reset()", true),
        ("import machine; machine.reset()", false),
    ];
    // What may hold a file: a global, an object, a closure, a suspended generator, garbage, a module, a thread.
    let open = "
class Holder: pass
def closure(file):
    return lambda: file
def generator(file):
    file.write('in a generator')
    yield file
    file.write('not reached')
one = open('one', 'w'); one.write('global')
two = Holder(); two.file = open('two', 'wb'); two.file.write(b'object' * 100)
three = open('three', 'w'); three.write('closure'); three = closure(three)
four = generator(open('four', 'w')); next(four)
open('five', 'w').write('garbage')
import kept
kept.file.write('module')
";
    let read = "
def content(name):
    try:
        return open(name).read()
    except OSError:
        return None
print([content(name) for name in ('one', 'two', 'three', 'four', 'five', 'six')])
";
    for (way, closes) in ways {
        let mut board = Board::raw("");
        board.write_file("kept.py", "file = open('six', 'w')\n");
        board.exec(open);
        if way.is_empty() {
            board.send("\x04");
        } else {
            board.start(way);
        }
        if closes {
            board.until(RAW);
        } else {
            board.until(PROMPT);
            board.send("\x01");
            board.until(RAW);
        }
        let found = board.exec(read);
        if closes {
            let expected =
                format!("['global', '{}', 'closure', 'in a generator', 'garbage', 'module']\n", "object".repeat(100));
            assert_eq!(found, expected, "{way}");
        } else {
            assert!(!found.contains("global") && !found.contains("module"), "{way}: {found}");
        }
    }
}

#[test]
fn a_soft_reset_closes_files_of_main_py_and_threads() {
    let mut board = Board::raw("");
    board.write_file("main.py", "f = open('kept', 'w')\nf.write('by main')\nimport sys\nif 'stop' not in __import__('os').listdir():\n    open('stop', 'w').close()\n    sys.exit()\n");
    board.send("\x02");
    board.until(PROMPT);
    board.send("\x04");
    board.until(PROMPT);
    board.send("\x01");
    board.until(RAW);
    assert_eq!(board.exec("import os\nprint(os.stat('kept')[6] in (0, 7))"), "True\n");
    // Threads that keep running change nothing, and none of their output follows the restart.
    for _ in 0..5 {
        board.start(
            "import _thread, time\nf = open('kept', 'w')\nf.write('beside threads')\ndef go():\n    while True: print('.', end=''); time.sleep_ms(1)\n\
             for _ in range(3): _thread.start_new_thread(go, ())",
        );
        board.until(">");
        board.send("\x04");
        let text = board.until(RAW);
        let (_, after) = text.split_once("MPY: soft reboot").unwrap();
        assert_eq!(after, format!("\r\n{RAW}"));
        assert_eq!(board.exec("print(open('kept').read())"), "beside threads\n");
    }
}
