//! A folder of this computer that a real MicroPython sees, through the library: what can be read and written in it, what
//! cannot be reached, and what goes wrong on the way.

mod alike;
mod unclosed;

use crate::faulty_port::{Fault, Link};
use belay_script::device::class::{Class, ItemKind};
use belay_script::device::{Device, Host, HostOptions, OpenOptions, Silent};
use belay_script::port::sim::{SimOptions, SimPort};
use belay_script::port::{Abilities, Port, PortError, Wait};
use belay_script::value::Value;
use belay_script::{Kind, Result};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// A device and the folder that it sees.
struct Bench {
    device: Device,
    host: Host,
    folder: TempDir,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.host.close_all();
    }
}

impl Bench {
    fn over(link: &Link, files: &[(&str, &[u8])], writable: bool) -> Bench {
        Bench::with(link.connector(), files, writable)
    }

    fn with(connector: Box<belay_script::device::PortOpener>, files: &[(&str, &[u8])], writable: bool) -> Bench {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, content).expect("a file");
        }
        let host = Host::new(HostOptions::new(Arc::new(Silent)));
        let options = OpenOptions { startup: Some(String::new()), ..OpenOptions::default() };
        let device = host
            .open_over(&Arc::new(Class::device()), "link", connector, options, &mut |_, _| Ok(()))
            .expect("a board");
        device.mount(folder.path(), writable).expect("a mount");
        Bench { device, host, folder }
    }

    fn eval(&self, code: &str) -> Value {
        self.device.exec(code, None).unwrap_or_else(|error| panic!("{code}: {error:?}"))
    }

    /// The value of an expression, as Python writes it.
    fn show(&self, code: &str) -> String {
        belay_script::value::write::literal(&self.eval(&format!("({code})"))).expect("a literal")
    }

    /// The number of the OSError that `code` raises; 0 if none.
    fn number(&self, code: &str) -> i64 {
        let code = format!(
            "def __number():\n    try:\n        {code}\n    except OSError as e:\n        return e.args[0]\n    return 0"
        );
        self.eval(&code);
        match self.eval("__number()") {
            Value::Int(number) => number,
            other => panic!("{other:?}"),
        }
    }
}

/// Lines of text with characters of one to four bytes.
fn text(lines: usize) -> String {
    (0..lines).map(|number| format!("line {number}: \u{e9} \u{20ac} \u{1f600} of the file\n")).collect()
}

const COUNT: &str = "
def count(path):
    lines = size = 0
    with open(path) as f:
        for line in f:
            lines += 1
            size += len(line)
    return lines, size
";

#[test]
fn files_are_read_by_every_way() {
    let text = text(3000);
    let every: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let files: [(&str, &[u8]); 5] = [
        ("text", text.as_bytes()),
        ("every", &every),
        ("empty", b""),
        ("it's \"odd\"\n\u{e9}", b"x"),
        ("folder/inner", b"12"),
    ];
    let bench = Bench::over(&Link::default(), &files, false);
    assert!(text.len() > 100_000);
    bench.eval(COUNT);
    let counted = Value::Tuple(vec![Value::Int(3000), Value::Int(text.chars().count() as i64)]);
    assert_eq!(bench.eval("count('text')"), counted);
    assert!(bench.eval("open('/remote/every', 'rb').read(30000)") == Value::Bytes(every[..30_000].to_vec()));
    bench.eval("def same():\n    f = open('every', 'rb')\n    for i in range(390):\n        if f.read(256) != bytes(range(256)): return i\n    return f.read() == bytes(range(160))");
    assert_eq!(bench.eval("same()"), Value::Bool(true));
    assert_eq!(bench.show("open('empty').read(), open('empty').readline(), list(open('empty', 'rb'))"), "('','',[])");
    assert_eq!(bench.eval("open(\"it's \\\"odd\\\"\\n\u{e9}\").read()"), Value::Str("x".to_owned()));
    bench.eval("import os\nf = open('text')");
    assert_eq!(bench.eval("f.read(9)"), Value::Str("line 0: \u{e9}".to_owned()));
    assert_eq!(bench.show("f.read(4), f.tell()"), "(' \u{20ac} \u{1f600}',19)");
    assert_eq!(
        bench.show("f.seek(0), f.readline()[:7], f.seek(-2, 2), f.read()"),
        "(0,'line 0:',104887,'e\\n')".replace("104887", &(text.len() - 2).to_string())
    );
    assert_eq!(bench.show("sorted(os.listdir())"), "['empty','every','folder','it\\'s \"odd\"\\n\u{e9}','text']");
    assert_eq!(
        bench.show("list(os.ilistdir('folder')), os.stat('folder')[0], os.stat('every')[6]"),
        "([('inner',32768,0,2)],16384,100000)"
    );
    assert_eq!(
        bench.show("os.chdir('folder'), os.getcwd(), os.listdir(), open('../folder/./inner').read()"),
        "(None,'/remote/folder',['inner'],'12')"
    );
    assert_eq!(bench.show("'/remote' in os.listdir('/'), os.chdir('/'), os.getcwd()"), "(False,None,'/')");
    // The board's own files are beside it.
    bench.eval("with open('/own', 'w') as f: f.write('mine')");
    assert_eq!(bench.eval("open('/own').read()"), Value::Str("mine".to_owned()));
    bench.device.unmount().expect("unmounted");
    assert_eq!(bench.number("open('/remote/text')"), 2);
    assert_eq!(bench.eval("[p for p in __import__('sys').path if 'remote' in p]"), Value::List(Vec::new()));
    bench.device.unmount().expect("nothing happens");
}

#[test]
fn modules_are_imported_and_their_frames_named() {
    let files: [(&str, &[u8]); 4] = [
        ("package/__init__.py", b"from . import other\nVALUE = other.VALUE + 1\n"),
        ("package/other.py", b"VALUE = 41\n"),
        ("lib/driver.py", b"def fail(x):\n    return 1 // x\n"),
        ("time.py", b"OWN = True\n"),
    ];
    let bench = Bench::over(&Link::default(), &files, false);
    bench.eval("import package, driver");
    assert_eq!(bench.eval("package.VALUE"), Value::Int(42));
    let error = bench.device.exec("driver.fail(0)", None).expect_err("an exception");
    let file = bench.folder.path().join("lib/driver.py").display().to_string();
    let origin = &error.origins()[0];
    assert_eq!((&*origin.file, origin.line), (file.as_str(), 2));
    assert!(error.traceback().unwrap_or_default().contains(&format!("File \"{file}\", line 2, in fail")), "{error:?}");
    // A restarted board sees it again, before its declarations.
    bench
        .device
        .declare(ItemKind::Task, "def value():\n    import package\n    return package.VALUE", &[], None)
        .expect("a task");
    bench.device.soft_reset().expect("a restart");
    assert!(matches!(
        bench.device.call("value", &[], &[], None),
        Ok(belay_script::device::Called::Value(Value::Int(42)))
    ));
    bench.device.reconnect(Some(1)).expect("a connection");
    assert!(matches!(
        bench.device.call("value", &[], &[], None),
        Ok(belay_script::device::Called::Value(Value::Int(42)))
    ));
    assert_eq!(bench.device.history(), Vec::<String>::new());
}

#[test]
fn a_folder_is_written_if_that_is_allowed() {
    let bench = Bench::over(&Link::default(), &[("old", b"0123456789")], true);
    let path = |name: &str| bench.folder.path().join(name);
    bench.eval("import os\nwith open('new', 'w') as f:\n    for i in range(2000): print(i, '\u{e9}', file=f)");
    let expected: String = (0..2000).map(|number| format!("{number} \u{e9}\n")).collect();
    assert!(fs::read_to_string(path("new")).expect("a file") == expected);
    bench.eval("with open('old', 'r+b') as f:\n    f.seek(2)\n    f.write(b'\\x01\\x03')\n    f.seek(-1, 2)\n    f.write(b'X')");
    assert_eq!(fs::read(path("old")).expect("a file"), b"01\x01\x0345678X");
    bench.eval("with open('old', 'ab') as f: f.write(bytes(range(256)) * 20)");
    assert_eq!(fs::read(path("old")).expect("a file").len(), 10 + 20 * 256);
    bench.eval("with open('old', 'w') as f: f.write('short')");
    assert_eq!(fs::read(path("old")).expect("a file"), b"short");
    bench.eval("os.mkdir('d')\nos.rename('old', 'd/moved')\nos.remove('new')");
    assert_eq!(fs::read(path("d/moved")).expect("a file"), b"short");
    for (code, number) in [
        ("os.mkdir('d')", 17),
        ("os.rmdir('d')", 39),
        ("os.remove('d')", 21),
        ("os.remove('none')", 2),
        ("open('d/moved', 'x')", 17),
        ("open('d', 'w')", 21),
        ("open('d/moved/x', 'w')", 20),
        ("open('none/x', 'w')", 2),
        ("open('d/moved').write('x')", 9),
        ("open('d/moved', 'w').read()", 9),
        ("open('d/moved').seek(-1)", 22),
    ] {
        assert_eq!(bench.number(code), number, "{code}");
    }
    // Nobody closes them.
    bench.eval("for i in range(60): open('f%d' % i, 'w').write('x')\nl = [open('f%d' % i) for i in range(60)]");
    assert_eq!(bench.eval("all(f.read() == 'x' for f in l)"), Value::Bool(true));
    // The board of a sync does not take the folder for its own.
    let tree = bench.device.files().expect("a flash").tree("/").expect("a tree");
    assert!(tree.is_empty(), "{tree:?}");
}

/// A directory is swapped for a link that leads out, again and again, while the board opens files in it.
#[test]
#[cfg(target_os = "linux")]
fn a_directory_swapped_for_a_link_leads_nowhere() {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    let outside = tempfile::tempdir().expect("a folder");
    fs::write(outside.path().join("secret"), b"outside").expect("a file");
    let bench = Bench::over(&Link::default(), &[("way/secret", b"inside")], true);
    let (way, link) = (bench.folder.path().join("way"), bench.folder.path().join("link"));
    symlink(outside.path(), &link).expect("a link");
    let (stop, swaps) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                renameat_with(CWD, &way, CWD, &link, RenameFlags::EXCHANGE).expect("a swap");
                swaps.fetch_add(1, Ordering::Relaxed);
            }
        });
        bench.eval(
            "def __race():
    import os
    found = set()
    for number in range(300):
        try:
            with open('way/secret') as f: found.add(f.read())
        except OSError as e: found.add(e.args[0])
        for change in (lambda: open('way/made', 'w').close(), lambda: os.mkdir('way/dir'), lambda: os.rename('way/secret', 'way/moved'), lambda: os.rename('way/moved', 'way/secret'), lambda: os.rmdir('way/dir')):
            try: change()
            except OSError: pass
    return sorted(found, key=str)",
        );
        let found = bench.show("__race()");
        stop.store(true, Ordering::Relaxed);
        assert!(!found.contains("outside"), "{found}");
        assert!(found.contains("inside"), "{found}");
    });
    assert!(swaps.load(Ordering::Relaxed) > 300, "{swaps:?}");
    let names: Vec<_> = fs::read_dir(outside.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["secret"]);
}

/// Every way out of the folder, for reading and writing, with the number that the board raises.
#[test]
fn nothing_outside_is_reached() {
    let outside = tempfile::tempdir().expect("a folder");
    fs::write(outside.path().join("secret"), b"secret").expect("a file");
    for writable in [true, false] {
        let bench = Bench::over(&Link::default(), &[("a", b"a"), ("d/b", b"b")], writable);
        let at = |name: &str| bench.folder.path().join(name);
        let secret = outside.path().join("secret");
        symlink(&secret, at("file_out")).expect("a link");
        symlink(outside.path(), at("out")).expect("a link");
        symlink("..", at("up")).expect("a link");
        symlink("loop", at("loop")).expect("a link");
        symlink(outside.path().join("none"), at("dangling")).expect("a link");
        symlink("a", at("inside")).expect("a link");
        symlink("../a", at("d/inside")).expect("a link");
        rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a pipe");
        bench.eval("import os");
        assert_eq!(bench.eval("open('inside').read() + open('d/inside').read()"), Value::Str("aa".to_owned()));
        assert_eq!(bench.show("sorted(os.listdir())"), "['a','d','inside']");
        let secret = secret.display();
        for (code, number) in [
            ("open('../secret')", 13),
            ("open('/remote/../secret')", 13),
            ("open('d/../../secret')", 13),
            ("open('//etc/passwd')", 2),
            ("open('/remote//etc/passwd')", 2),
            (&format!("open('/remote{secret}')"), 2),
            (&format!("open('{secret}')"), 2),
            ("open('file_out')", 13),
            ("open('out/secret')", 13),
            ("open('up')", 13),
            ("open('loop')", 40),
            ("open('dangling')", 2),
            ("open('pipe')", 13),
            ("os.stat('out')", 13),
            ("os.listdir('out')", 13),
            ("os.chdir('out')", 13),
            ("os.chdir('..')", 13),
        ] {
            assert_eq!(bench.number(code), number, "{code}");
        }
        for (code, number) in [
            ("open('../x', 'w')", 13),
            ("open('file_out', 'w')", 13),
            ("open('file_out', 'r+')", 13),
            ("open('file_out', 'a')", 13),
            ("open('dangling', 'w')", 13),
            ("open('out/x', 'w')", 13),
            ("open('pipe', 'w')", 13),
            ("os.mkdir('out/x')", 13),
            ("os.mkdir('../x')", 13),
            ("os.remove('out/secret')", 13),
            ("os.rmdir('/remote')", 13),
            ("os.rename('a', '../a')", 13),
            ("os.rename('a', 'out/a')", 13),
            ("os.rename('out/secret', 'b')", 13),
        ] {
            assert_eq!(bench.number(code), if writable { number } else { 30 }, "{code}");
        }
        let names = fs::read_dir(outside.path()).expect("a folder").count();
        assert_eq!((names, fs::read(outside.path().join("secret")).expect("a file")), (1, b"secret".to_vec()));
        if !writable {
            assert_eq!(fs::read(at("a")).expect("a file"), b"a");
            let error = bench.device.exec("open('a', 'w')", None).expect_err("it is read-only");
            assert!(error.help().is_some_and(|help| help.contains("`--write`")), "{error:?}");
        }
    }
}

#[test]
fn threads_are_refused_and_late_interrupts_do_no_harm() {
    let bench = Bench::over(&Link::default(), &[("a", b"a")], false);
    bench.eval(
        "import _thread, time\nr = []\ndef go():\n    try:\n        open('a')\n    except OSError as e:\n        r.append(e.args[0])\n\
         _thread.start_new_thread(go, ())\nwhile not r: time.sleep_ms(1)",
    );
    assert_eq!(bench.eval("r"), Value::List(vec![Value::Int(1)]));
    assert_eq!(bench.eval("open('a').read()"), Value::Str("a".to_owned()));
}

/// A thread that prints all the time tears questions; what is read is right all the same.
#[test]
fn torn_questions_are_asked_again() {
    let every: Vec<u8> = (0..=255).cycle().take(30_000).collect();
    let bench = Bench::over(&Link::default(), &[("every", &every)], false);
    bench.eval(
        "import _thread, time\nnoisy = True\ndef noise():\n    while noisy:\n        print('tick', end='')\n        time.sleep_us(300)\n\
         _thread.start_new_thread(noise, ())",
    );
    bench.eval("def check():\n    with open('every', 'rb') as f:\n        return f.read() == bytes(range(256)) * 117 + bytes(range(48))");
    for _ in 0..3 {
        assert_eq!(bench.eval("check()"), Value::Bool(true));
    }
    bench.eval("noisy = False");
}

#[test]
fn a_lost_board_sees_the_folder_again() {
    let link = Link::default();
    let text = text(2000);
    let bench = Bench::over(&link, &[("text", text.as_bytes())], false);
    bench.eval(COUNT);
    let whole = Value::Tuple(vec![Value::Int(2000), Value::Int(text.chars().count() as i64)]);
    for fault in [
        Fault::Unplug(60),
        Fault::Unplug(700),
        Fault::UnplugInWrite(90),
        Fault::UnplugInWrite(3000),
        Fault::UnplugInWrite(20_001),
        Fault::Reboot(600),
        Fault::RebootInWrite(90),
        Fault::RebootInWrite(3000),
        Fault::RebootInWrite(20_001),
    ] {
        link.arm(fault.clone());
        let error = bench.device.exec("count('text')", None).expect_err("the board is gone");
        assert_eq!(error.kind(), Kind::ConnectionLost, "{fault:?}: {error:?}");
        link.mend();
        bench.device.reconnect(Some(1)).unwrap_or_else(|error| panic!("{fault:?}: {error:?}"));
        assert_eq!(bench.eval("count('text')"), whole, "{fault:?}");
    }
    for fault in [Fault::Trickle, Fault::Garbage(400, b"\r\nnoise\x04\r\n".to_vec())] {
        link.arm(fault.clone());
        assert_eq!(bench.eval("count('text')"), whole, "{fault:?}");
        link.mend();
    }
}

#[test]
fn a_call_over_its_time_is_stopped() {
    let bench = Bench::over(&Link::default(), &[("a", &[b'x'; 5000])], false);
    let options = [("timeout".to_owned(), Value::Float(0.3))];
    bench
        .device
        .declare(ItemKind::Task, "def read_for_ever():\n    while True:\n        open('a').read()", &options, None)
        .expect("a task");
    for _ in 0..3 {
        let error = bench.device.call("read_for_ever", &[], &[], None).err().expect("it never ends");
        assert_eq!(error.kind(), Kind::TimeoutError, "{error:?}");
        assert_eq!(bench.eval("len(open('a').read())"), Value::Int(5000));
    }
}

#[test]
fn files_and_folders_that_go_away() {
    let bench = Bench::over(&Link::default(), &[("a", &[b'x'; 50_000]), ("b", b"b")], false);
    let path = bench.folder.path().join("a");
    bench.eval("f = open('a', 'rb')\nn = len(f.read(1000))");
    fs::OpenOptions::new().write(true).open(&path).and_then(|file| file.set_len(3000)).expect("a shorter file");
    let Value::Int(rest) = bench.eval("len(f.read())") else { panic!("a number") };
    assert!((2000..4096).contains(&rest), "{rest}");
    fs::remove_dir_all(bench.folder.path()).expect("the folder is gone");
    assert_eq!(bench.number("open('b')"), 2);
    assert_eq!(bench.number("__import__('os').listdir()"), 2);
    assert_eq!(bench.eval("1 + 1"), Value::Int(2));
}

#[test]
fn there_must_be_a_folder() {
    let bench = Bench::over(&Link::default(), &[("a", b"a")], false);
    let error = bench.device.mount(Path::new("/nowhere/at all"), false).expect_err("no folder");
    assert_eq!(error.message(), "`/nowhere/at all` cannot be mounted: no such folder");
    let error = bench.device.mount(&bench.folder.path().join("a"), false).expect_err("no folder");
    assert!(error.message().ends_with("cannot be mounted: not a folder"), "{error:?}");
    // The folder that was there before still is; another takes its place.
    assert_eq!(bench.eval("open('a').read()"), Value::Str("a".to_owned()));
    let other = tempfile::tempdir().expect("a folder");
    fs::write(other.path().join("a"), b"other").expect("a file");
    bench.device.mount(other.path(), false).expect("a mount");
    assert_eq!(bench.eval("open('a').read()"), Value::Str("other".to_owned()));
}

/// A simulated board on a port with other abilities.
struct Narrow(SimPort, Abilities);

impl Port for Narrow {
    fn name(&self) -> &str {
        self.0.name()
    }
    fn abilities(&self) -> Abilities {
        self.1
    }
    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        assert!(!self.1.text_only || bytes.is_ascii(), "{}", bytes.escape_ascii());
        self.0.write(bytes, wait)
    }
    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        self.0.read(buffer, wait)
    }
    fn read_available(&mut self, buffer: &mut Vec<u8>) -> Result<usize, PortError> {
        self.0.read_available(buffer)
    }
}

#[test]
fn small_buffers_and_text_links_do() {
    let every: Vec<u8> = (0..=255).cycle().take(20_000).collect();
    let files: Vec<(String, &[u8])> =
        (0..100).map(|number| (format!("{}{number:03}", "n".repeat(200)), &b""[..])).collect();
    let mut files: Vec<(&str, &[u8])> = files.iter().map(|(name, content)| (name.as_str(), *content)).collect();
    files.push(("every", &every));
    for (text_only, crlf) in [(true, true), (false, true), (true, false), (false, false)] {
        let connector = move |_| {
            let board = SimPort::open(&SimOptions { crlf, ..SimOptions::default() }, &|_| {})?;
            let abilities = Abilities { holds_back: false, text_only, ..board.abilities() };
            Ok(Box::new(Narrow(board, abilities)) as Box<dyn Port>)
        };
        let bench = Bench::with(Box::new(connector), &files, true);
        assert!(bench.eval("open('every', 'rb').read()") == Value::Bytes(every.clone()), "{text_only} {crlf}");
        assert_eq!(bench.eval("len(set(__import__('os').listdir()))"), Value::Int(101));
        bench.eval("with open('copy', 'wb') as f: f.write(open('every', 'rb').read())");
        assert!(fs::read(bench.folder.path().join("copy")).expect("a file") == every, "{text_only} {crlf}");
    }
}
