//! Files through the library: over a serial line of a given rate, and without one.

#[path = "../../tests/support/paced_port.rs"]
mod paced_port;

use super::noise::noise;
use super::{SOURCES, median};
use belay_script::board::content::Upload;
use belay_script::device::class::Class;
use belay_script::device::{Device, Host, HostOptions, OpenOptions, Output};
use belay_script::port::Port;
use belay_script::port::sim::SimOptions;
use belay_script::sync::{DigestKind, Local, SyncOptions, digest, sync};
use paced_port::PacedPort;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const ROUNDS: usize = 3;
const BAUD: u32 = 115_200;
/// Bytes a second: a byte is ten bits.
const RATE: f64 = BAUD as f64 / 10.0;

struct Quiet;

impl Output for Quiet {
    fn board(&self, _device: &str, _text: &str) {}
    fn notice(&self, text: &str) {
        eprintln!("{text}");
    }
}

fn host() -> (Host, Arc<Class>) {
    (Host::new(HostOptions::new(Arc::new(Quiet))), Arc::new(Class::device()))
}

/// A fresh board behind the line.
fn over_line() -> Device {
    let (host, class) = host();
    let connector = |_again: bool| {
        let port = PacedPort::open(&SimOptions::default(), BAUD)?;
        Ok(Box::new(port) as Box<dyn Port>)
    };
    let opened = host.open_over(&class, "line", Box::new(connector), OpenOptions::default(), &mut |_, _| Ok(()));
    opened.expect("a simulated board")
}

fn seconds(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64()
}

fn sync_folder(device: &Device, folder: &Path) {
    let options = SyncOptions { minify: false, ..SyncOptions::default() };
    let local = Local::read(folder, &options).expect("a folder");
    sync(device, local, &options, &mut |_| {}).expect("a sync");
}

/// Percent of the line's rate, which is 100.
pub fn table() {
    println!();
    let line = format!("line of {BAUD} baud, {RATE} B/s");
    println!("{line:<40} {:>12} {:>12} {:>10}", "B/s", "of the line", "aim");
    let random: Vec<(String, Vec<u8>)> = vec![("random.bin".to_owned(), noise(40_960, 1))];
    let sources = SOURCES.iter().enumerate();
    let sources = sources.map(|(index, text)| (format!("module{index}.py"), text.as_bytes().to_vec())).collect();
    for (name, files, aim) in [("random bytes", random, 90), ("Python source", sources, 200)] {
        let folder = tempfile::tempdir().expect("a scratch folder");
        for (path, content) in &files {
            std::fs::write(folder.path().join(path), content).expect("a file");
        }
        let bytes: usize = files.iter().map(|(_, content)| content.len()).sum();
        let (mut first, mut later) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let device = over_line();
            first.push(seconds(|| sync_folder(&device, folder.path())));
            // The helpers are there now, the files are not.
            let other = tempfile::tempdir().expect("a scratch folder");
            std::fs::write(other.path().join("other"), "").expect("a file");
            sync_folder(&device, other.path());
            later.push(seconds(|| sync_folder(&device, folder.path())));
            device.close().expect("a device that closes");
        }
        let row = |name: String, seconds: f64| {
            let rate = bytes as f64 / seconds;
            println!("  {name:<38} {rate:>12.0} {:>10.0} % {aim:>8} %", 100.0 * rate / RATE);
        };
        row(format!("{name}, {} KB, a later sync", bytes / 1000), median(later));
        row(format!("{name}, the first sync of a link"), median(first));
    }
}

/// What has no other tool beside it.
pub fn one_way() {
    println!();
    let (host, class) = host();
    let opened = host.open(&class, Some("sim"), OpenOptions::default(), &mut |_, _| Ok(()));
    let device = opened.expect("a simulated board");
    let content = noise(100_000, 1);
    let mut files = device.files().expect("a flash");
    let upload = Upload { path: "/blob", content: &content, digest: None };
    files.write(&[upload], &mut |_| {}).expect("written");
    let rounds = (0..ROUNDS).map(|_| {
        seconds(|| {
            let mut got = Vec::new();
            let mut take = |piece: &[u8]| {
                got.extend_from_slice(piece);
                Ok(())
            };
            files.read("/blob", &mut take).expect("read");
            assert!(got == content);
        })
    });
    row("100 KB read from a board", 0.1, rounds.collect());
    drop(files);
    device.close().expect("a device that closes");
    let large = noise(32_000_000, 1);
    for kind in [DigestKind::Sha256, DigestKind::Crc32, DigestKind::Fnv1a] {
        let rounds = (0..ROUNDS).map(|_| seconds(|| drop(std::hint::black_box(digest(kind, &large)))));
        row(&format!("32 MB hashed on the host, {kind:?}"), 32.0, rounds.collect());
    }
}

fn row(name: &str, megabytes: f64, seconds: Vec<f64>) {
    println!("{name:<40} {:>12.1} MB/s", megabytes / median(seconds));
}
