//! The files of a real MicroPython's flash, through the library: looked at, hashed, read, written, removed.

use crate::board::Board;
use crate::line_ends;
use crate::noise::noise;
use belay_script::board::content::{Content, Upload};
use belay_script::board::files::Change;
use belay_script::device::OpenOptions;
use belay_script::port::sim::{SimOptions, SimPort};
use belay_script::port::{Abilities, Port, PortError, Wait};
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn files_go_to_a_board_and_come_back() {
    line_ends::on_both(files_go_and_come_back);
}

fn files_go_and_come_back(port: &str) {
    let board = Board::open_on(port);
    let mut files = board.device.files().expect("a flash");
    assert_eq!(files.tree("/").expect("a tree"), []);
    files.change(Change::MakeDirectory, &["/lib", "/lib/a b", "/lib"]).expect("directories");
    let every: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    let text = b"def function():\n    return 'the same line again and again'\n".repeat(300);
    let random = noise(50_000, 1);
    let contents: [(&str, &[u8]); 5] = [
        ("/lib/every", &every),
        ("/lib/a b/it's \"quoted\"\n\u{e9}.py", &text),
        ("/random", &random),
        ("/empty", b""),
        ("/one", b"\x03"),
    ];
    let digests: Vec<Vec<u8>> = contents.iter().map(|(_, content)| digest(content)).collect();
    let uploads: Vec<Upload<'_>> =
        contents.iter().map(|(path, content)| Upload { path, content, digest: None }).collect();
    let mut sent = 0;
    files.write(&uploads, &mut |bytes| sent = bytes).expect("written");
    assert_eq!(sent, contents.iter().map(|(_, content)| content.len() as u64).sum::<u64>());
    let paths: Vec<(&str, u64)> = contents.iter().map(|(path, content)| (*path, content.len() as u64)).collect();
    assert_eq!(files.hash(&paths, &mut |_| {}).expect("digests"), digests);
    for (path, content) in contents {
        let mut got = Vec::new();
        files
            .read(path, &mut |piece| {
                got.extend_from_slice(piece);
                Ok(())
            })
            .expect("read");
        assert!(got == content, "{path:?}");
        assert_eq!(files.stat(path).expect("a status"), Some(Some(content.len() as u64)), "{path:?}");
    }
    let mut tree: Vec<String> = files.tree("/").expect("a tree").into_iter().map(|entry| entry.path).collect();
    tree.sort();
    assert_eq!(
        tree,
        ["/empty", "/lib", "/lib/a b", "/lib/a b/it's \"quoted\"\n\u{e9}.py", "/lib/every", "/one", "/random"]
    );
    assert_eq!(files.stat("/none").expect("a status"), None);
    assert_eq!(files.stat("/lib").expect("a status"), Some(None));
    let error = files.change(Change::Remove, &["/one", "/none", "/empty"]).expect_err("nothing there");
    assert_eq!(error.message(), "OSError: `/none` cannot be removed: no such file or directory");
    files.rename("/empty", "/lib/still empty").expect("renamed");
    assert_eq!(files.stat("/lib/still empty").expect("a status"), Some(Some(0)));
    let space = files.space("/").expect("room").expect("a flash");
    assert_eq!((space.block, space.total), (4096, 1400 * 1024));
    assert!(space.free < space.total - 90_000, "{space:?}");
    drop(files);
    assert_eq!(board.device.exec("1 + 1", None).expect("a value"), belay_script::value::Value::Int(2));
    assert_eq!(board.printed(), "");
}

/// Announces 50 000 bytes, and has fewer.
struct Short(usize);

impl Content for Short {
    fn size(&self) -> u64 {
        50_000
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(io::repeat(7).take(self.0 as u64)))
    }
}

#[test]
fn a_file_that_ends_too_soon_is_not_written() {
    line_ends::on_both(ends_too_soon);
}

fn ends_too_soon(port: &str) {
    let board = Board::open_on(port);
    let mut files = board.device.files().expect("a flash");
    files.write(&[Upload { path: "/file", content: b"old", digest: None }], &mut |_| {}).expect("written");
    for length in [0, 1, 30_000, 49_999, 50_001] {
        let upload = Upload { path: "/file", content: &Short(length), digest: None };
        let error = files.write(&[upload], &mut |_| {}).expect_err("another length");
        assert_eq!(error.message(), "cannot read the content to send: it changed while it was read", "{length}");
        assert_eq!(files.stat("/file").expect("a status"), Some(Some(3)), "{length}");
        assert_eq!(files.tree("/").expect("a tree").len(), 1, "a file is left over");
    }
    let whole = Upload { path: "/file", content: &Short(50_000), digest: None };
    files.write(&[whole], &mut |_| {}).expect("written");
    assert_eq!(files.stat("/file").expect("a status"), Some(Some(50_000)));
    // What is sent must be what was hashed before, if that is known.
    let other = digest(b"other");
    let upload = Upload { path: "/file", content: b"changed", digest: Some(&other) };
    files.write(&[upload], &mut |_| {}).expect_err("other content");
    assert_eq!(files.stat("/file").expect("a status"), Some(Some(50_000)));
    drop(files);
    assert_eq!(board.device.exec("1 + 1", None).expect("a value"), belay_script::value::Value::Int(2));
    assert_eq!(board.printed(), "");
}

fn digest(content: &[u8]) -> Vec<u8> {
    use sha2::Digest as _;
    sha2::Sha256::digest(content).to_vec()
}

/// How many bytes the write of a number loses.
type Loses = fn(usize) -> usize;

/// What a bridge is like between a pseudo-terminal and a wire: it takes all that is written, and loses some of it.
struct Bridge {
    board: SimPort,
    /// Long writes so far, which no command makes.
    long: Arc<AtomicUsize>,
    loses: Loses,
}

impl Port for Bridge {
    fn name(&self) -> &str {
        "bridge"
    }

    fn abilities(&self) -> Abilities {
        Abilities { holds_back: false, queues: true, ..self.board.abilities() }
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        if bytes.len() <= 256 {
            return self.board.write(bytes, wait);
        }
        let lost = (self.loses)(self.long.fetch_add(1, Ordering::Relaxed)).min(bytes.len() - 300);
        let (before, after) = bytes.split_at(300);
        self.board.write(before, wait)?;
        self.board.write(&after[lost..], wait)
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        self.board.read(buffer, wait)
    }
}

#[test]
fn what_a_bridge_loses_is_sent_again_at_its_pace() {
    // Nothing; the end of the first; some of the fourth, so that what follows takes its place.
    let cases: [(Loses, bool); 3] =
        [(|_| 0, false), (|_| usize::MAX, true), (|number| if number == 3 { 100 } else { 0 }, true)];
    let content = noise(30_000, 2);
    for (loses, is_noticed) in cases {
        let long = Arc::new(AtomicUsize::new(0));
        let counted = long.clone();
        let connector = move |_again: bool| {
            let board = SimPort::open(&SimOptions::default(), &|_| {})?;
            Ok(Box::new(Bridge { board, long: counted.clone(), loses }) as Box<dyn Port>)
        };
        let board = Board::opened(|host, class| {
            host.open_over(class, "bridge", Box::new(connector), OpenOptions::default(), &mut |_, _| Ok(()))
        });
        let mut files = board.device.files().expect("a flash");
        let hash = digest(&content);
        let upload = |path| Upload { path, content: &content, digest: Some(&hash) };
        files.write(&[upload("/one"), upload("/two")], &mut |_| {}).expect("written");
        let before = long.load(Ordering::Relaxed);
        assert!(before > 0, "nothing was sent boldly");
        files.write(&[upload("/three")], &mut |_| {}).expect("written");
        assert_eq!(long.load(Ordering::Relaxed) == before, is_noticed, "what was lost is remembered");
        let size = content.len() as u64;
        let paths = [("/one", size), ("/two", size), ("/three", size)];
        assert!(files.hash(&paths, &mut |_| {}).expect("digests").iter().all(|found| *found == hash));
        assert_eq!(files.tree("/").expect("a tree").len(), 3, "a file is left over");
        drop(files);
        assert_eq!(board.device.exec("1 + 1", None).expect("a value"), belay_script::value::Value::Int(2));
        assert_eq!(board.printed(), "");
    }
}

/// The receiver and the stream are sent in one exchange: a failure of the stream is reported once, and a failure of the
/// receiver is made up for.
#[test]
fn a_receiver_that_does_not_load_with_its_stream_loads_without() {
    let content = noise(20_000, 2);
    let digest = digest(&content);
    let upload = [Upload { path: "/blob", content: &content, digest: Some(&digest) }];
    let spoil = ["import os; os.mkdir('/__belay.tmp')", "sys.modules['deflate'] = 1"];
    let restore = ["try: os.rmdir('/__belay.tmp')\nexcept OSError: pass", "1"];
    for (index, (spoil, restore)) in spoil.into_iter().zip(restore).enumerate() {
        let board = Board::open_on("sim");
        drop(board.device.files().expect("a flash"));
        board.device.exec(spoil, None).expect("spoilt");
        let mut files = board.device.files().expect("a flash");
        let (mut calls, mut sent) = (0, 0);
        let mut progress = |bytes: u64| {
            calls += 1;
            sent = bytes;
        };
        let outcome = files.write(&upload, &mut progress);
        drop(files);
        if index == 0 {
            let error = outcome.expect_err("no file can be opened");
            assert!(error.message().contains("OSError"), "{error:?}");
            assert!(calls < 10, "{calls} questions");
        } else {
            outcome.expect("written");
            assert_eq!(sent, 20_000);
        }
        board.device.exec(restore, None).expect("restored");
        let mut files = board.device.files().expect("a flash");
        files.write(&upload, &mut |_| {}).expect("written");
        assert_eq!(files.hash(&[("/blob", 20_000)], &mut |_| {}).expect("a digest"), [digest.as_slice()]);
        drop(files);
        assert_eq!(board.printed(), "");
    }
}
