//! How well many boards work at once: 32 simulated ones, one after the other and all together.
//!
//! `cargo bench --bench boards` prints a table. What all boards take one after the other, divided by the processors that
//! the machine has, is what all of them together need at least while every processor is busy; aimed at is at most 1.3
//! times that. Rounds of both kinds take turns, and the medians are compared; so a machine that is busy for a while slows
//! both.

use belay_script::cli::console::{Console, Stream};
use belay_script::device::Host;
use belay_script::script::Runner;
use std::sync::Arc;

const SCRIPT: &str = r#"
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
const CORES = parse_int(args[0]);
const COUNT = 32;
const ROUNDS = 5;

fn median(times) {
    times.sort();
    times[times.len() / 2]
}

fn opener(number) { || Bench.open("sim", #{ name: "board" + number }) }

let openers = [];
for number in 0..COUNT { openers.push(opener(number)); }

fn close_all(boards) {
    for board in boards { board.close(); }
    boards.clear();
}

fn row(name, alone, together) {
    let least = median(alone) / global::CORES;
    let took = median(together);
    let columns = [(least * 1000).round().to_int(), (took * 1000).round().to_int(), (took / least * 100).round() / 100];
    for column in 0..3 { columns[column] = `${columns[column]}`; columns[column].pad(9, " "); }
    name.pad(24, " ");
    print(name + columns[0] + columns[1] + columns[2]);
}

print("                        least ms take ms  times");
let alone = [];
let together = [];
let boards = [];
let begun = 0.0;
"#;

const OPENING: &str = r#"
for round in 0..ROUNDS {
    close_all(boards);
    let begun = time();
    for open in openers { boards.push(open.call()); }
    alone.push(time() - begun);
    close_all(boards);
    begun = time();
    boards = parallel(openers);
    together.push(time() - begun);
}
row("opening", alone, together);
"#;

const CLOSING: &str = r#"
alone.clear(); together.clear();
for round in 0..3 {
    begun = time();
    close_all(boards);
    alone.push(time() - begun);
    boards = parallel(openers);
    begun = time();
    for_each_board(boards, |b| b.close());
    together.push(time() - begun);
    boards = parallel(openers);
}
row("closing", alone, together);
"#;

/// What is done with each board.
const WORK: &[(&str, &str)] = &[
    ("100 short calls", "for i in 0..100 { b.add(i, 1); }"),
    ("5 calls of 10 ms", "for i in 0..5 { b.work(80000); }"),
    ("100 items", "for item in b.stream(100) { item; }"),
    ("20 KB of results", "b.exec(\"bytes(20000)\").len()"),
];

fn main() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut script = SCRIPT.to_owned();
    script.push_str(OPENING);
    for (name, work) in WORK {
        script.push_str(&format!(
            "alone.clear(); together.clear();
             for round in 0..ROUNDS {{
                 begun = time();
                 for b in boards {{ {work} }}
                 alone.push(time() - begun);
                 begun = time();
                 for_each_board(boards, |b| {{ {work} }});
                 together.push(time() - begun);
             }}
             row(\"{name}\", alone, together);\n"
        ));
    }
    script.push_str(CLOSING);
    let console = Arc::new(Console::new(Stream::stdout(), Stream::stderr()));
    let host = Host::new(console.clone(), None);
    let finished = Runner::new(host, console.clone(), vec![cores.to_string()], None).run_text("boards.rhai", &script);
    for failure in finished.failure.iter().chain(&finished.closing) {
        panic!("{failure:?}");
    }
}
