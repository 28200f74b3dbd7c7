//! How well many boards work at once: 32 simulated ones, one after the other and all together.
//!
//! `cargo bench --bench boards` prints a table. The work is the processor time of belay-script and of its boards when one
//! board works after the other. Divided by the processors that the machine has, it is what all boards together need at
//! least; aimed at is at most 1.3 times that (`times`). A busy machine spoils this number, of which the best round counts, but
//! not the last one: the processor time of all together beside that of one after the other.

use belay_script::cli::console::{Console, Stream};
use belay_script::cli::render::Colour;
use belay_script::device::{Host, HostOptions};
use belay_script::script::{RunOptions, Runner};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const COUNT: usize = 32;
const ROUNDS: usize = 9;

const CLASS: &str = r#"
device Bench {
    task add(a, b) `return a + b`
    task work(n) `
        total = 0
        for i in range(n):
            total += i * i
        return total
    `
    task stream(n) `
        for i in range(n):
            yield i
    `
}
fn opener(number) { || Bench.open("sim", #{ name: "board" + number }) }
let openers = [];
for number in 0..COUNT { openers.push(opener(number)); }
let boards = [];
"#;

const OPENING: &str = r#"
    for board in boards { board.close(); }
    boards.clear();
    print("mark");
    for open in openers { boards.push(open.call()); }
    print("mark");
    for board in boards { board.close(); }
    print("mark");
    boards = parallel(openers);
    print("mark");
"#;

/// What is done with each board.
const WORK: &[(&str, &str)] = &[
    ("100 short calls", "for i in 0..100 { b.add(i, 1); }"),
    ("5 calls of 10 ms", "for i in 0..5 { b.work(80000); }"),
    ("100 items", "for item in b.stream(100) { item; }"),
    ("10 times 20 KB", "for i in 0..10 { b.exec(\"bytes(20000)\"); }"),
];

/// Wall time and processor time at one moment.
#[derive(Clone, Copy)]
struct Mark {
    at: Instant,
    used: Duration,
}

/// Takes a mark for each line that the script prints.
#[derive(Clone, Default)]
struct Meter(Arc<Mutex<Vec<Mark>>>);

impl Write for Meter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mark = Mark { at: Instant::now(), used: processor_time() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(mark);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The processor time of this process and its children, those that have ended and were waited for included.
fn processor_time() -> Duration {
    let own = std::process::id().to_string();
    let mut ticks = 0;
    let mut nanoseconds = 0;
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name, in parentheses, may hold anything. After it: state, parent, …, as the 12th to 15th the times.
        let fields: Vec<&str> = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ').collect();
        let number = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        if entry.file_name().to_str() == Some(&own) {
            ticks += (11..=14).map(number).sum::<u64>();
        } else if fields.get(1) == Some(&own.as_str()) {
            // Ticks are coarse for something that short.
            let precise = std::fs::read_to_string(entry.path().join("schedstat")).unwrap_or_default();
            nanoseconds += precise.split(' ').next().and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        }
    }
    Duration::from_millis(ticks * 10) + Duration::from_nanos(nanoseconds)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Prints a row of the table, from the marks around both ways, round after round.
fn row(name: &str, cores: f64, marks: &[Mark]) {
    let phase = |number: usize| -> (f64, f64) {
        let rounds = marks.chunks_exact(4).map(|round| (round[number], round[number + 1]));
        let (walls, used): (Vec<f64>, Vec<f64>) = rounds
            .map(|(begin, end)| ((end.at - begin.at).as_secs_f64(), end.used.saturating_sub(begin.used).as_secs_f64()))
            .unzip();
        (walls.into_iter().fold(f64::INFINITY, f64::min), median(used))
    };
    let ((alone, work), (together, used)) = (phase(0), phase(2));
    let least = work / cores;
    println!(
        "{name:<18} {:>8.0} {:>8.0} {:>8.0} {:>8.0} {:>7.2} {:>9.2}",
        alone * 1000.0,
        work * 1000.0,
        least * 1000.0,
        together * 1000.0,
        together / least,
        used / work
    );
}

fn main() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut script = CLASS.replace("COUNT", &COUNT.to_string());
    script.push_str(&format!("for round in 0..{ROUNDS} {{ {OPENING} }}\n"));
    for (_, work) in WORK {
        script.push_str(&format!(
            "for round in 0..{ROUNDS} {{
                 print(\"mark\");
                 for b in boards {{ {work} }}
                 print(\"mark\"); print(\"mark\");
                 for_each_board(boards, |b| {{ {work} }});
                 print(\"mark\");
             }}\n"
        ));
    }
    let meter = Meter::default();
    let out = Stream { to: Box::new(meter.clone()), colour: Colour::Never, terminal: false };
    let console = Arc::new(Console::new(out, Stream::stderr()));
    let host = Host::new(HostOptions::new(console.clone()));
    let finished = Runner::new(host, console, RunOptions::default()).run_text("boards.rhai", &script);
    if let Some(failure) = finished.failure.iter().chain(&finished.closing).next() {
        panic!("{failure:?}");
    }
    println!("{COUNT} boards, {cores} processors      ms");
    println!("                    in turn     work    least together   times  processor");
    let marks = meter.0.lock().unwrap_or_else(PoisonError::into_inner);
    let names = std::iter::once("opening").chain(WORK.iter().map(|(name, _)| *name));
    for (name, marks) in names.zip(marks.chunks(4 * ROUNDS)) {
        row(name, cores as f64, marks);
    }
}
