//! Belay and mpremote at boards of the same kind, on the same links.
//!
//! Both run in an environment of their own, which is made once with the packages of `requirements.txt`. Each has a board of its own, and
//! they work one after the other.

use super::figures::Ours;
use super::measure::{Extent, Figure, Side};
use super::page::{heading, time};
use super::places::{Link, Place};
use belay_script::device::{Called, Operation, OperationResult, Proxied};
use belay_script::sync::{Local, SyncOptions, sync};
use belay_script::value::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const REQUIREMENTS: &str = include_str!("requirements.txt");
const PEER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/peer.py");
const NAMES: [&str; 2] = ["belay", "mpremote"];
/// Boards to which a peer connects: once, and in each of its rounds.
const CONNECTIONS: usize = 4;
/// Follows the title of a link, so that each heading of the page is another one.
const BESIDE: &str = ", other tools";
/// Seconds that a peer may take at most.
const LIMIT: &str = "120";

/// The links on which peers are measured.
pub const LINKS: [Link; 4] = [Link::Terminal, Link::Latency, Link::Line, Link::Microbit];

/// The seconds of a peer, or its error.
type Found = Result<f64, String>;

/// The figures of a peer, by what is done.
type Figures = Vec<(String, Found)>;

/// The rows of a link: what is done, with the seconds of this library and of each peer; or the peer's error.
pub struct Compared {
    link: Link,
    rows: Vec<(String, f64, [Found; 2])>,
}

/// The Python of the environment, made unless it is there.
fn python() -> Result<PathBuf, String> {
    let digest = REQUIREMENTS.bytes().fold(5381u32, |sum, byte| sum.wrapping_mul(33) ^ u32::from(byte));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("peers-{digest:08x}"));
    let python = folder.join("bin/python");
    let done = folder.join("done");
    if done.exists() {
        return Ok(python);
    }
    let failed = |what: &str, said: &str| format!("the environment of the peers: {what}: {said}");
    let run = |what: &str, command: &mut Command| match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(failed(what, String::from_utf8_lossy(&output.stderr).trim_end())),
        Err(error) => Err(failed(what, &error.to_string())),
    };
    run("venv", Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--requirement"]);
    run("pip", pip.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/requirements.txt")))?;
    fs::write(done, "").map_err(|error| failed("its folder", &error.to_string()))?;
    Ok(python)
}

/// Compares on one link.
///
/// # Errors
/// What this machine lacks.
pub fn compare(link: Link) -> Result<Compared, String> {
    let python = python()?;
    let folder = tempfile::tempdir().expect("a scratch folder");
    let files = folder.path().join("files");
    fs::create_dir(&files).expect("a folder");
    let size = if link == Link::Line { 1024 } else { 4096 };
    for number in 0..10 {
        fs::write(files.join(format!("file{number}.bin")), super::transfers::noise(size, number)).expect("a file");
    }
    let has_files = link != Link::Microbit;
    let peers = NAMES.map(|name| peer(&python, name, link, has_files.then_some(files.as_path()), folder.path()));
    let [belay, mpremote] = peers;
    let peers = [belay?, mpremote?];
    let rows = ours(link, has_files.then_some(files.as_path()))?
        .into_iter()
        .map(|(what, seconds)| {
            // What peers do not have is compared with what they do for the same.
            let same = if what.starts_with("item with") { "item of a generator" } else { &what };
            let said = |found: &Figures| {
                let found = found.iter().find(|(what, _)| what == same || what.is_empty());
                found.map_or_else(|| Err("nothing was measured".to_owned()), |(_, found)| found.clone())
            };
            let of_peers = [said(&peers[0]), said(&peers[1])];
            (what, seconds, of_peers)
        })
        .collect();
    Ok(Compared { link, rows })
}

/// The figures of a peer.
fn peer(python: &Path, name: &str, link: Link, files: Option<&Path>, home: &Path) -> Result<Figures, String> {
    let places: Vec<Place> = (0..=CONNECTIONS).map(|_| Place::new(link)).collect::<Result<_, _>>()?;
    let mut command = Command::new("timeout");
    command.arg(LIMIT).arg(python).arg(PEER).arg(name).arg(files.unwrap_or(Path::new("")));
    command.args(places.iter().map(Place::terminal));
    command.env("HOME", home).env("XDG_CONFIG_HOME", home);
    let output = command.output().map_err(|error| format!("{name} does not start: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let rows = said.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let row = |row: serde_json::Value| {
        let what = row["what"].as_str().unwrap_or_default().to_owned();
        let error = || row["error"].as_str().unwrap_or_default().to_owned();
        (what, row["seconds"].as_f64().ok_or_else(error))
    };
    let rows: Vec<_> = rows.map(row).collect();
    if rows.is_empty() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Ok(vec![(String::new(), Err(said.lines().last().unwrap_or("it says nothing").to_owned()))]);
    }
    Ok(rows)
}

/// The same by this library.
fn ours(link: Link, files: Option<&Path>) -> Result<Vec<(String, f64)>, String> {
    let place = Place::new(link)?.by_terminal();
    let ours = Ours::open(&place, false);
    let device = &ours.device;
    let mut rows = Vec::new();
    let none = || None;
    let traffic = || ours.traffic();
    let mut figure = |what: &str, each: usize, work: &mut dyn FnMut(usize)| {
        let side = Side { work: Box::new(work), traffic: &traffic, instructions: &none };
        let figure = Figure { what: what.to_owned(), ours: side, raw: None, resident: None, most: 5000, each };
        rows.push((what.to_owned(), figure.measure(Extent::Full).ours));
    };
    let call = |name: &str, args: &[Value]| match device.call(name, args, &[], None) {
        Ok(Called::Value(value)) => value,
        Ok(Called::Generator(_)) => panic!("`{name}` is a generator"),
        Err(error) => panic!("{name}: {error}"),
    };
    let has_files = files.is_some();
    figure("call with an int", 1, &mut |times| {
        (0..times).for_each(|_| assert_eq!(call("same", &[Value::Int(5)]), Value::Int(5)));
    });
    let kilobyte = Value::Bytes((0..1000u32).map(|number| 32 + (number * 75 % 224) as u8).collect());
    if has_files {
        device.exec("T=['abcdefghij'*100]", None).expect("code that runs");
        figure("1 KB of bytes to the board", 1, &mut |times| {
            (0..times).for_each(|_| assert_eq!(call("size", std::slice::from_ref(&kilobyte)), Value::Int(1000)));
        });
        figure("1 KB of str from the board", 1, &mut |times| {
            (0..times).for_each(|_| assert!(matches!(call("text_s", &[]), Value::Str(text) if text.len() == 1000)));
        });
    }
    for (name, what) in super::figures::generators_of(device) {
        figure(&what, 20, &mut |times| {
            let called = device.call(name, &[Value::Int(times as i64)], &[], None).expect("a call");
            let Called::Generator(mut generator) = called else { panic!("no generator") };
            let mut items = 0;
            while generator.resume(&Value::None, None).expect("an item").is_some() {
                items += 1;
            }
            assert_eq!(items, times);
        });
    }
    figure("line that a task prints", 100, &mut |times| {
        call("say", &[Value::Int(times as i64)]);
    });
    device.exec("class C:pass\nthing=C()\nthing.v=5", None).expect("code that runs");
    if let Ok(Proxied::One(OperationResult::Object(thing))) = device.proxy("thing", None, None) {
        figure("attribute of a proxy", 1, &mut |times| {
            for _ in 0..times {
                let value = thing.run(&Operation::Attribute("v"), None).expect("a value");
                assert!(matches!(value, OperationResult::Value(Value::Int(5))));
            }
        });
    }
    if let Some(files) = files {
        let code = super::figures::program(4096);
        figure("`exec` of 4 KB", 1, &mut |times| {
            (0..times).for_each(|_| assert_eq!(device.exec(&code, None).expect("code that runs"), Value::None));
        });
        let options = SyncOptions { dst: "/bench".to_owned(), ..SyncOptions::default() };
        let run = || {
            let local = Local::read(files, &options).expect("a folder");
            sync(device, local, &options, &mut |_| {}).expect("a sync");
        };
        let begun = std::time::Instant::now();
        run();
        let first = begun.elapsed().as_secs_f64();
        figure("sync: nothing changed", 1, &mut |times| (0..times).for_each(|_| run()));
        rows.push(("sync: 10 files sent".to_owned(), first));
    }
    device.close().expect("a device that closes");
    let mut connecting = f64::INFINITY;
    for _ in 0..CONNECTIONS {
        let place = Place::new(link)?.by_terminal();
        connecting = connecting.min(super::figures::first_value(&place));
    }
    rows.push(("connecting, to the first value".to_owned(), connecting));
    Ok(rows)
}

/// A table for the terminal and for the documents.
pub fn table(compared: &Compared) -> String {
    let mut text = format!(
        "\n### {}{BESIDE}\n\n| what | belay-script | Belay | mpremote | Belay / belay-script | mpremote / belay-script |\n|---|---|---|---|---|---|\n",
        heading(compared.link)
    );
    for (what, ours, peers) in &compared.rows {
        let shown = |peer: &Found| peer.as_ref().map_or("fails".to_owned(), |seconds| time(*seconds));
        let times = |peer: &Found| match peer {
            Ok(seconds) if seconds / ours < 10.0 => format!("{:.1}", seconds / ours),
            Ok(seconds) => format!("{:.0}", seconds / ours),
            Err(_) => String::new(),
        };
        let [belay, mpremote] = peers;
        let _ = writeln!(
            text,
            "| {what} | {} | {} | {} | {} | {} |",
            time(*ours),
            shown(belay),
            shown(mpremote),
            times(belay),
            times(mpremote)
        );
    }
    text
}

/// The errors of the peers.
pub fn errors(compared: &Compared) -> Vec<String> {
    let rows = compared.rows.iter().flat_map(|(what, _, peers)| NAMES.iter().zip(peers).map(move |peer| (what, peer)));
    rows.filter_map(|(what, (name, peer))| peer.as_ref().err().map(|why| format!("{name}, {what}: {why}"))).collect()
}
