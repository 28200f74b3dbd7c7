//! How soon the prompt is there, and how soon Tab answers: from the key to the screen, over a terminal.
//!
//! `cargo bench --bench prompt` prints a table of medians and of the slowest. Linux only, as the terminal of the tests is.

#[cfg(target_os = "linux")]
#[path = "../tests/support/terminal.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod terminal;

/// How often each is measured.
#[cfg(target_os = "linux")]
const ROUNDS: usize = 31;
/// Lines of a long history.
#[cfg(target_os = "linux")]
const HISTORY: usize = 10_000;

#[cfg(target_os = "linux")]
fn main() {
    linux::table();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("the prompt is measured on Linux: the terminal of the tests is one of Linux");
}

#[cfg(target_os = "linux")]
mod linux {
    use super::terminal::Person;
    use super::{HISTORY, ROUNDS};
    use std::path::Path;
    use std::time::{Duration, Instant};

    fn start(folder: &Path, args: &[&str]) -> Person {
        let state = folder.to_string_lossy().into_owned();
        let variables = [("XDG_STATE_HOME", state.as_str()), ("TERM", "xterm")];
        let mut person = Person::start_session(folder, &[&["repl"], args].concat(), &variables);
        person.sees("1> ");
        person
    }

    fn leave(mut person: Person) {
        person.types(b"\x15");
        person.types(b"\x04");
        assert_eq!(person.ends(), Some(0));
    }

    fn row(what: &str, aim: &str, mut times: Vec<Duration>) {
        times.sort();
        let shown = |time: Duration| time.as_secs_f64() * 1000.0;
        let (median, slowest) = (shown(times[times.len() / 2]), shown(times[times.len() - 1]));
        println!("{what:<46}{median:>8.2} ms{slowest:>8.2} ms   {aim}");
    }

    /// The time from the start of the program to its prompt.
    fn starts(folder: &Path) -> Vec<Duration> {
        let once = |_| {
            let begun = Instant::now();
            let person = start(folder, &[]);
            let time = begun.elapsed();
            leave(person);
            time
        };
        (0..ROUNDS).map(once).collect()
    }

    /// The time from Tab, after `typed`, to `answer` on the screen.
    fn tabs(person: &mut Person, typed: &str, answer: &str) -> Vec<Duration> {
        let once = |_| {
            person.types(typed.as_bytes());
            // The last key is shown by itself, or with the whole line.
            person.sees(&typed[typed.len() - 1..]);
            let begun = Instant::now();
            person.types(b"\t");
            person.sees(answer);
            let time = begun.elapsed();
            person.types(b"\x03");
            person.sees("\n");
            person.sees("> ");
            time
        };
        (0..ROUNDS).map(once).collect()
    }

    pub fn table() {
        let folder = tempfile::tempdir().expect("a folder");
        let empty = starts(folder.path());
        // The first input makes the file.
        let mut person = start(folder.path(), &["-p", "sim"]);
        for (input, then) in [("let bench_value = 1", "2> "), ("let board = Device.open()", "Device 3> ")] {
            person.types(input.as_bytes());
            person.types(b"\r");
            person.sees(then);
        }
        let local = tabs(&mut person, "1 + bench_val", "ue");
        let task = tabs(&mut person, "board.is_sim", "ulated");
        let on_board = tabs(&mut person, "board.exec(\"mach", "ine");
        leave(person);
        let histories = folder.path().join("belay-script/histories");
        let file = std::fs::read_dir(histories).expect("histories").next().expect("one").expect("a file").path();
        let lines: String = (0..HISTORY).map(|number| format!("let value_{number} = {number} * 2\n")).collect();
        std::fs::write(&file, format!("#V2\n{lines}")).expect("a history");
        let long = starts(folder.path());
        println!("{:<46}{:>11}{:>11}   aimed at", "", "median", "slowest");
        row("from the start to the prompt", "30 ms", empty);
        row(&format!("the same with a history of {HISTORY} lines"), "30 ms", long);
        row("Tab, the name of a variable", "5 ms", local);
        row("Tab, what a device has", "5 ms", task);
        row("Tab, a name on a simulated board", "", on_board);
    }
}
