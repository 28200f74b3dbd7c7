//! `flash`: a board whose boot loader has a drive, and the tools of vendors as scripts on PATH.

use crate::support::command::{Outcome, Program, executable, said};
use crate::support::mpremote::pypi;
use crate::support::running::Running;
use belay_script::cli::terminal::link::Terminal;
use belay_script::port::address::Address;
use belay_script::port::loss::Loss;
use belay_script::port::open::open;
use belay_script::port::options::PortOptions;
use belay_script::port::{Abilities, Port, PortError, Wait};
use notify::{RecursiveMode, Watcher as _, recommended_watcher};
use std::fs;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

/// A UF2 file of this many blocks for an RP2040.
fn uf2(count: u32) -> Vec<u8> {
    let block = |index: u32| {
        let head = [0x0a32_4655_u32, 0x9e5d_5157, 0x2000, 0x1000_0000 + 256 * index, 256, index, count, 0xe48b_ff56];
        let mut bytes: Vec<u8> = head.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.resize(508, u8::try_from(index % 251).expect("a byte"));
        bytes.extend(0x0ab1_6f30_u32.to_le_bytes());
        bytes
    };
    (0..count).flat_map(block).collect()
}

/// A simulated board that is gone as soon as it gets `machine.bootloader()`, or when the test ends.
struct Board {
    board: Box<dyn Port>,
    heard: Vec<u8>,
    over: Arc<AtomicBool>,
}

impl Port for Board {
    fn name(&self) -> &str {
        self.board.name()
    }
    fn abilities(&self) -> Abilities {
        self.board.abilities()
    }
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        self.board.descriptors()
    }
    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        self.heard.extend_from_slice(bytes);
        const ORDER: &[u8] = b"machine.bootloader()";
        if self.heard.windows(ORDER.len()).any(|heard| heard == ORDER) {
            return Err(PortError::Gone(Loss::Other("the boot loader has started".to_owned())));
        }
        self.board.write(bytes, wait)
    }
    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        match self.over.load(Ordering::SeqCst) {
            true => Err(PortError::Gone(Loss::Other("the test is over".to_owned()))),
            false => self.board.read(buffer, wait),
        }
    }
}

/// Serves boards at `board` in the folder: the first one until it starts its boot loader, which shows a drive, takes `expected`, and
/// starts the second one, whose flash is `new.img`.
fn serve(folder: &Path, expected: Vec<u8>, over: Arc<AtomicBool>) -> JoinHandle<()> {
    let (ready, is_ready) = mpsc::channel();
    let folder = folder.to_owned();
    let thread = std::thread::spawn(move || {
        let run = |specifier: &str| {
            let mut terminal = Terminal::open().expect("a terminal");
            let address = Address::simulated(specifier);
            let board = open(&address, &PortOptions::default(), &|_| {}).expect("a board");
            let _link = terminal.link(&folder.join("board")).expect("a link");
            ready.send(()).ok();
            let mut board = Board { board, heard: Vec::new(), over: over.clone() };
            terminal.pump(&mut board).expect_err("it ends");
        };
        run("?board=pico");
        let drive = folder.join("drive");
        let (tell, changes) = mpsc::channel();
        let mut watcher = recommended_watcher(move |event| drop(tell.send(event))).expect("a watcher");
        watcher.watch(&folder, RecursiveMode::Recursive).expect("a folder");
        fs::create_dir(&drive).expect("a drive");
        fs::write(drive.join("INFO_UF2.TXT"), "UF2 Bootloader v3.0\r\nBoard-ID: RPI-RP2\r\n").expect("a file");
        let taken = || fs::read(drive.join("NEW.UF2")).is_ok_and(|bytes| bytes == expected);
        while !taken() {
            changes.recv_timeout(Duration::from_secs(30)).expect("firmware comes").expect("a change");
        }
        fs::remove_dir_all(&drive).expect("the drive goes");
        run(&format!("?flash={}", folder.join("new.img").display()));
    });
    is_ready.recv().expect("the board is served");
    thread
}

/// Makes the flash of a board that says it runs another version.
fn other_version(folder: &Path) {
    let boot = "
        import sys as real
        from collections import namedtuple
        class Sys:
            old = real.implementation
            implementation = namedtuple('I', ('name', 'version', '_machine', '_mpy'))(old.name, (1, 99, 0, ''), old._machine, old._mpy)
            def __getattr__(self, name):
                return getattr(real, name)
        real.modules['sys'] = Sys()
    ";
    let program = Program::new().script("boot.py", boot).args(["cp", "boot.py", ":/", "-p", "sim:?flash=new.img"]);
    said(&program.outcome_in(folder), "", 0);
}

fn flash(folder: &Path, line: &str) -> Outcome {
    Program::new().args(["flash"]).args(line.split(' ')).outcome_in(folder)
}

#[test]
fn a_boot_loader_takes_firmware_and_the_board_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    other_version(folder.path());
    let firmware = uf2(200);
    fs::write(folder.path().join("firmware.uf2"), &firmware).expect("a file");
    let over = Arc::new(AtomicBool::new(false));
    let board = serve(folder.path(), firmware, over.clone());
    let outcome = flash(folder.path(), "firmware.uf2 -p ./board --drive drive");
    over.store(true, Ordering::SeqCst);
    board.join().expect("the boot loader");
    let (before, remarks) = outcome.stdout.split_once("; before: ").expect(&outcome.stderr);
    assert_eq!((before, outcome.status), ("micropython 1.99.0 on linux", Some(0)), "{}", outcome.stderr);
    assert!(remarks.starts_with("micropython 1.") && !remarks.starts_with("micropython 1.99"), "{remarks}");
    // Whether the drive has to be waited for depends on who is faster.
    let done = "-- copied 102400 bytes to `drive`\n-- waiting for the board\n";
    assert!(
        outcome.stderr.contains(": its boot loader starts\n") && outcome.stderr.ends_with(done),
        "{}",
        outcome.stderr
    );
}

/// Refused before anything is written, or reported as failed: never said to be done.
#[test]
fn firmware_that_does_not_fit_or_is_not_taken_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).expect("a file");
    fs::create_dir(folder.path().join("drive")).expect("a folder");
    write("whole.uf2", &uf2(4));
    write("half.uf2", &uf2(4)[..1024]);
    write("a.txt", b"hello");
    let fails = |line: &str, status: i32, message: &str| {
        let outcome = flash(folder.path(), line);
        let error: Vec<&str> = outcome.stderr.lines().filter(|line| !line.starts_with("-- ")).collect();
        assert_eq!((outcome.stdout.as_str(), outcome.status, error[0]), ("", Some(status), message), "{line}");
    };
    fails("no.uf2", 2, "error: `no.uf2` cannot be read: no such file or directory");
    fails("half.uf2", 2, "error: `half.uf2` is incomplete: 2 of its 4 blocks are missing");
    fails("a.txt", 2, "error: `a.txt` is not firmware in a known format");
    fails("whole.uf2 --drive drive --timeout 0.01", 1, "error: no boot drive appeared within 0.01 s");
    write("drive/INFO_UF2.TXT", b"Board-ID: SAMD51J19A-Feather-v0\n");
    fails(
        "whole.uf2 --drive drive",
        4,
        "error: the firmware is for RP2040, the board `SAMD51J19A-Feather-v0` takes SAMD51",
    );
    assert!(!folder.path().join("drive/NEW.UF2").exists());
    write("drive/INFO_UF2.TXT", b"Board-ID: RPI-RP2\n");
    // Ctrl-C while the boot loader is waited for.
    let running = Program::new().args(["flash", "whole.uf2", "--drive", "drive"]).start_in(folder.path());
    running.complained("-- copied 2048 bytes to `drive`\n");
    running.interrupt();
    let outcome = running.finish().1;
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("", Some(130)), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("error: interrupted: the board may be"), "{}", outcome.stderr);
}

/// Adafruit's converter writes what passes the check, with the family that it names.
#[test]
fn files_of_another_converter_pass() {
    let folder = tempfile::tempdir().expect("a folder");
    let code = "from adafruit_uf2 import uf2conv as u\nu.appstartaddr = 0x10000000\nfor name in ('RP2040', 'NRF52840'):\n    \
                u.familyid = u.load_families()[name]\n    open(name, 'wb').write(u.convert_to_uf2(bytes(range(256)) * 20))\n";
    let installed = pypi::installed("adafruit-uf2", "1.0.0").unwrap_or_else(|error| panic!("{error}"));
    let mut python = Command::new("python3");
    python.args(["-c", code]).env("PYTHONPATH", installed).env("PYTHONDONTWRITEBYTECODE", "1");
    assert_eq!(Running::start(python, folder.path(), None, Duration::from_secs(60)).finish().1.status, Some(0));
    fs::create_dir(folder.path().join("drive")).expect("a folder");
    fs::write(folder.path().join("drive/INFO_UF2.TXT"), "Board-ID: SAMD21G18A-v0\n").expect("a file");
    for (name, shown) in [("RP2040", "RP2040"), ("NRF52840", "nRF52840")] {
        let refused = format!("error: the firmware is for {shown}, the board `SAMD21G18A-v0` takes SAMD21\n");
        let outcome = flash(folder.path(), &format!("{name} --drive drive"));
        assert!(outcome.stderr.starts_with(&refused), "{}", outcome.stderr);
    }
}

/// Tools that note their words, and answer.
fn tools(folder: &Path) -> String {
    let bin = folder.join("bin");
    fs::create_dir(&bin).expect("a folder");
    let esptool = "#!/bin/sh\necho \"esptool $*\" >> words.txt\necho writing\ncase \"$*\" in *bad*) exit 2;; esac\n";
    executable(&bin.join("esptool"), esptool);
    let dfu =
        "#!/bin/sh\necho \"dfu-util $*\" >> words.txt\n[ \"$1\" = --list ] && echo 'Found DFU: [0483:df11]'\nexit 0\n";
    executable(&bin.join("dfu-util"), dfu);
    format!("{}:/usr/bin:/bin", bin.display())
}

#[test]
fn tools_of_vendors_write_other_firmware() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = tools(folder.path());
    let mut esp = vec![0xe9, 3, 2, 0x20, 0, 4, 0x37, 0x40, 0xee, 0, 0, 0, 9, 0];
    esp.resize(64, 0);
    fs::write(folder.path().join("esp.bin"), &esp).expect("a file");
    fs::write(folder.path().join("bad.bin"), &esp).expect("a file");
    let mut dfu = b"DfuSe\x01 and so on \xff\xff\x11\xdf\x83\x04\x1a\x01UFD\x10".to_vec();
    dfu.extend((!crc32fast::hash(&dfu)).to_le_bytes());
    fs::write(folder.path().join("pyboard.dfu"), &dfu).expect("a file");
    let run = |line: &str, path: &str| {
        let program = Program::new().args(["flash"]).args(line.split(' ')).env("PATH", path);
        program.outcome_in(folder.path())
    };
    let words = || fs::read_to_string(folder.path().join("words.txt")).unwrap_or_default();
    let server = Program::new().args(["sim", "serve", "--link", "board"]).start_in(folder.path());
    server.said("press Ctrl-C to stop\n");
    let outcome = run("esp.bin -p ./board --erase", &path);
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    assert!(outcome.stdout.starts_with("micropython 1."), "{}", outcome.stdout);
    let line = "esptool --chip esp32s3 --port ./board --baud 460800 write_flash --erase-all 0x0 esp.bin\n";
    assert_eq!(words(), line);
    assert_eq!(outcome.stderr, format!("$ {line}writing\n-- waiting for the board\n"));
    let fails = |line: &str, path: &str, status: i32, message: &str| {
        let outcome = run(line, path);
        assert_eq!((outcome.stdout.as_str(), outcome.status), ("", Some(status)), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(message), "{line}: {}", outcome.stderr);
    };
    fails("bad.bin -p ./board", &path, 1, "error: `esptool` failed: exit status: 2\n");
    let missing =
        "error: `esptool` not found: it writes the firmware of ESP boards\n  help: install it: `pip install esptool`\n";
    fails("esp.bin -p ./board", "/nowhere", 4, missing);
    fails("esp.bin -p sim", &path, 4, "error: `sim` is not a serial port\n");
    fails("pyboard.dfu", "/nowhere", 4, "error: `dfu-util` not found: it writes firmware in DFU files\n");
    // It is in DFU mode already; nothing answers after that.
    fails(
        "pyboard.dfu --timeout 0.01",
        &path,
        3,
        "error: the firmware was written, but no board answered after that\n",
    );
    assert!(words().ends_with("dfu-util --list\ndfu-util --alt 0 --dfuse-address :leave --download pyboard.dfu\n"));
}
