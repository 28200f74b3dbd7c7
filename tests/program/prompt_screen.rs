//! `repl` on a screen: its content after each key.

use crate::support::command::Program;
use crate::support::screen::Screen;
use crate::support::terminal::Person;
use std::path::{Path, PathBuf};

const CLEAR: &str = "\x15";
const INTERRUPT: &str = "\x03";
const END: &str = "\x04";
const SEARCH: &str = "\x12";

/// A prompt on a screen with colours, whose history is in the folder `state`.
#[track_caller]
fn screen(folder: &Path, state: &Path, args: &[&str]) -> Screen {
    let state = state.to_string_lossy().into_owned();
    let variables = [("XDG_STATE_HOME", state.as_str()), ("TERM", "xterm-256color"), ("NO_COLOR", "")];
    let mut screen = Screen::of(Person::start_session(folder, &[&["repl"], args].concat(), &variables));
    screen.ends_with("1>");
    screen
}

/// Types a line, and waits for its value and the next prompt.
#[track_caller]
fn comes_to(screen: &mut Screen, line: &str, wanted: &str, prompt: &str) {
    screen.types(format!("{line}\r"));
    screen.ends_with(prompt);
    let lines = screen.lines();
    assert!(lines.iter().any(|line| line == wanted), "{wanted:?} is missing: {lines:#?}");
}

#[test]
fn what_is_wrong_is_underlined_before_enter() {
    let folder = tempfile::tempdir().unwrap();
    let mut screen = screen(folder.path(), folder.path(), &["-p", "sim"]);
    comes_to(&mut screen, "let count = 5; count", "5", "2>");
    screen.types("print(coutn");
    screen.ends_with("2> print(coutn");
    assert!(!screen.is_underlined("coutn"));
    screen.types(")");
    screen.ends_with("2> print(coutn)");
    assert!(screen.is_underlined("coutn") && !screen.is_underlined("print(c"));
    screen.types(CLEAR);
    screen.types("print(count)");
    screen.ends_with("2> print(count)");
    assert!(!screen.is_underlined("count)"));
    // In a body.
    screen.types(CLEAR);
    screen.types("device B { setup s() `led = 1` task f() `return lde` }");
    screen.ends_with("2> device B { setup s() `led = 1` task f() `return lde` }");
    assert!(screen.is_underlined("lde") && !screen.is_underlined("led"));
}

#[test]
fn tab_completes_and_syntax_is_coloured() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("station file.txt"), "").unwrap();
    let mut screen = screen(folder.path(), folder.path(), &["-p", "sim"]);
    let body = "device Rig { task add_one(x, by = 2) `return \"s\" + 0x1f # c";
    screen.types(body);
    screen.ends_with(&format!("1> {body}"));
    let (purple, yellow, green, grey) = (5, 3, 2, 8).into_indices();
    for (text, colour) in [
        ("device", (purple, true)),
        ("return", (purple, true)),
        ("\"s\"", (green, false)),
        ("0x1f", (yellow, false)),
        ("# c", (grey, false)),
    ] {
        assert_eq!(screen.colour(text), colour, "{text}");
    }
    screen.types("\r` task add_two(y) `return y + 2` }\r");
    screen.ends_with("2>");
    comes_to(&mut screen, "let rig = Rig.open(); rig.add_two(3)", "5", "Rig 3>");
    // A variable; its tasks with their parameters; a function of the language.
    screen.types("rig.add_\t");
    screen.ends_with("Rig 3> rig.add_");
    let listed = screen.lines().join("\n");
    assert!(listed.contains("add_one(x, by = 2)") && listed.contains("add_two(y)"), "{listed}");
    screen.types("t\t1) + r\x7fri\t");
    screen.ends_with("Rig 3> rig.add_two(1) + rig");
    // The board is asked.
    screen.types(CLEAR);
    screen.types("rig.exec(\"mach\t.Pi\t");
    screen.ends_with("Rig 3> rig.exec(\"machine.Pin");
    screen.types("(1).va\t");
    screen.ends_with("Rig 3> rig.exec(\"machine.Pin(1).va");
    screen.types(CLEAR);
    screen.types("rig.exec(\"nothing_like_it.x\t");
    screen.ends_with("Rig 3> rig.exec(\"nothing_like_it.x");
    screen.types(CLEAR);
    comes_to(&mut screen, "import \"std/sta\t as stats; stats::median([1, 2, 9])", "2.0", "Rig 4>");
    screen.types("stats::med\t");
    screen.ends_with("Rig 4> stats::median(");
    for (keys, wanted) in [
        ("Device.open(\"si\t", "Device.open(\"sim"),
        (":ope\t si\t", ":open sim"),
        (":close R\t", ":close Rig"),
        ("print(\"./stat\t", "print(\"./station file.txt"),
    ] {
        screen.types(CLEAR);
        screen.types(keys);
        screen.ends_with(&format!("Rig 4> {wanted}"));
    }
    screen.types(CLEAR);
    screen.types(END);
    assert_eq!(screen.person().ends(), Some(0));
}

/// Colours by their numbers.
trait IntoIndices {
    /// As a terminal knows them.
    fn into_indices(self) -> (vt100::Color, vt100::Color, vt100::Color, vt100::Color);
}

impl IntoIndices for (u8, u8, u8, u8) {
    fn into_indices(self) -> (vt100::Color, vt100::Color, vt100::Color, vt100::Color) {
        use vt100::Color::Idx;
        (Idx(self.0), Idx(self.1), Idx(self.2), Idx(self.3))
    }
}

#[test]
fn thread_output_does_not_disturb_the_typed_line() {
    let folder = tempfile::tempdir().unwrap();
    let script = "device Clock {
        setup prepare() `on = True`
        thread tick() `
            import time
            count = 0
            while on:
                print('tick', count)
                print('half a ', end='')
                print('line')
                count += 1
                time.sleep_ms(15)
        `
        teardown off() `on = False`
    }
    let clock = Clock.open();
    clock.prepare();";
    std::fs::write(folder.path().join("clock.rhai"), script).unwrap();
    let mut screen = screen_loaded(folder.path(), "clock.rhai", "Clock 1>");
    screen.types("clock.tick()\r");
    screen.waits("a tick", |screen| screen.lines().iter().any(|line| line == "tick 3"));
    screen.types("6 * ");
    // Output since the start of the line is above it.
    let last = |screen: &Screen| -> u32 {
        let ticks = screen.lines().into_iter().filter_map(|line| line.strip_prefix("tick ")?.parse().ok());
        ticks.max().unwrap_or(0)
    };
    screen.ends_with("Clock 2> 6 *");
    let typed_at = last(&screen);
    screen.waits("more ticks", |screen| last(screen) > typed_at + 3);
    screen.cursor_at("Clock 2> 6 *", 13);
    for line in screen.lines().into_iter().skip_while(|line| !line.starts_with("tick ")) {
        let is_whole = line.is_empty() || line == "half a line" || line.starts_with("tick ") || line.contains("> ");
        assert!(is_whole, "{line:?} in {:#?}", screen.lines());
    }
    screen.types("7\r");
    screen.shows("42");
    // A call is not disturbed, and Tab neither.
    screen.types("clock.exec(\"tim\t.slee\t_ms.__class__.__name__[:0] + str(1000 + 1)\")\r");
    screen.shows("\"1001\"");
    screen.types(END);
    assert_eq!(screen.person().ends(), Some(0));
}

/// A prompt that has loaded a script of its folder.
#[track_caller]
fn screen_loaded(folder: &Path, script: &str, prompt: &str) -> Screen {
    let state = folder.to_string_lossy().into_owned();
    let variables = [("XDG_STATE_HOME", state.as_str()), ("TERM", "xterm")];
    let args = ["repl", "-p", "sim", "--load", script];
    let mut screen = Screen::of(Person::start_session(folder, &args, &variables));
    screen.ends_with(prompt);
    screen
}

#[test]
fn an_unplugged_board_is_reported_while_typing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Program::new().args(["sim", "serve", "--link", "board"]).start_in(folder.path());
    server.said("press Ctrl-C to stop\n");
    let mut screen = screen(folder.path(), folder.path(), &["-p", "./board"]);
    screen.types(":open\r");
    screen.ends_with("Device 2>");
    screen.types("1 + ");
    screen.ends_with("Device 2> 1 +");
    server.interrupt();
    assert_eq!(server.finish().1.status, Some(0));
    screen
        .waits("a remark", |screen| screen.lines().iter().any(|line| line.starts_with("-- `Device`: the connection")));
    screen.ends_with("Device 2> 1 +");
    screen.types("1\r");
    screen.shows("2");
    screen.ends_with("Device (gone) 3>");
    screen.types("d.exec(\"1\")\r");
    screen.shows("error: `Device`: the connection is lost");
    screen.ends_with("Device (gone) 4>");
    screen.types(END);
    assert_eq!(screen.person().ends(), Some(0));
}

#[test]
fn keys_and_signals_while_an_input_runs() {
    let folder = tempfile::tempdir().unwrap();
    let script = "device Rig {
        task forever() `
            print('running')
            while True: pass
        `
        teardown off() `print('it is off')`
    }
    let rig = Rig.open();";
    std::fs::write(folder.path().join("rig.rhai"), script).unwrap();
    let mut screen = screen_loaded(folder.path(), "rig.rhai", "Rig 1>");
    screen.types("rig.forever()\r");
    screen.shows("running");
    screen.types(INTERRUPT);
    screen.shows("error: `Rig`: task `forever`: interrupted");
    screen.ends_with("Rig 2>");
    screen.types("print(\"waits\"); sleep(0.2)\r");
    screen.shows("waits");
    // Typed ahead, and the end after it: neither is lost.
    screen.types("20 + 22\r");
    screen.types(END);
    screen.shows("it is off");
    screen.shows("42");
    assert_eq!(screen.person().ends(), Some(0));
    assert!(screen.person().is_cooked());

    let mut screen = screen_loaded(folder.path(), "rig.rhai", "Rig 1>");
    screen.types("rig.forever()\r");
    screen.shows("running");
    // A signal from outside, not a key: the prompt leaves. Boards of a killed host end by such a signal too.
    let boards = crate::support::running::children(screen.person().id());
    assert_eq!(boards.len(), 1);
    let status = std::fs::read_to_string(format!("/proc/{}/status", boards[0].as_raw_nonzero())).unwrap();
    assert!(status.contains("SigBlk:\t0000000000000000\n"), "{status}");
    rustix::process::kill_process(screen.person().id(), rustix::process::Signal::TERM).unwrap();
    screen.shows("it is off");
    assert_eq!(screen.person().ends(), Some(130));
    assert!(screen.person().is_cooked());
}

#[test]
fn wide_characters_and_other_sizes() {
    let folder = tempfile::tempdir().unwrap();
    let mut screen = screen(folder.path(), folder.path(), &[]);
    screen.types("let s = \"日本語🐍e\u{301}x\"");
    screen.cursor_at("1> let s = \"日本語🐍e\u{301}x\"", 3 + 9 + 8 + 2 + 1);
    // Left over the quote, the x, the é and the snake; then a letter goes in before the snake.
    screen.types("\x1b[D\x1b[D\x1b[D\x1b[Dß");
    screen.cursor_at("1> let s = \"日本語ß🐍e\u{301}x\"", 3 + 9 + 6 + 1);
    screen.types("\r");
    comes_to(&mut screen, "s.len()", "8", "3>");
    // A line over several rows, while the screen gets narrower and wider.
    let numbers: Vec<String> = (1..=40).map(|number| number.to_string()).collect();
    let long = numbers.join(" + ");
    screen.types(&long);
    screen.waits("the whole line", |screen| screen.lines().concat().replace(' ', "").ends_with("39+40"));
    for (rows, columns) in [(24, 41), (10, 120)] {
        screen.resizes(rows, columns);
        screen.types(" + 1\x7f0");
        screen.waits("the whole line again", |screen| {
            let shown = screen.lines().concat().replace(' ', "");
            shown.contains("38+39+40") && shown.ends_with("+0")
        });
    }
    screen.types("\r");
    screen.ends_with("4>");
    screen.shows("820");
    screen.types(END);
    assert_eq!(screen.person().ends(), Some(0));
}

/// The files of histories.
fn histories(state: &Path) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(state.join("belay-script/histories")).unwrap();
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn a_long_history_of_a_project_is_searched_and_hinted() {
    let folder = tempfile::tempdir().unwrap();
    let (project, state) = (folder.path().join("bench"), folder.path().join("state"));
    std::fs::create_dir_all(project.join("scripts")).unwrap();
    std::fs::write(project.join("station.toml"), "").unwrap();
    let leave = |mut screen: Screen| {
        screen.types(CLEAR);
        screen.types(END);
        assert_eq!(screen.person().ends(), Some(0));
    };
    let mut first = screen(&project, &state, &[]);
    comes_to(&mut first, "40 + 2", "42", "2>");
    leave(first);
    // A folder of the project has the same one, another folder has not.
    let mut other = screen(folder.path(), &state, &[]);
    comes_to(&mut other, "1 + 1", "2", "2>");
    leave(other);
    let files = histories(&state);
    assert_eq!(files.len(), 2, "{files:?}");
    let file = files.iter().find(|file| file.to_string_lossy().contains("/bench-")).unwrap();
    let lines = (0..9_998).map(|number| format!("let value_{number} = {number} + 1\n")).collect::<String>();
    std::fs::write(file, format!("#V2\n{lines}print(\"needle\")\n40 + 2\n")).unwrap();
    let mut screen = screen(&project.join("scripts"), &state, &[]);
    screen.types(SEARCH);
    screen.types("value_17 ");
    screen.waits("what was searched", |screen| screen.lines().last().is_some_and(|line| line.ends_with("= 17 + 1")));
    screen.types("\r");
    screen.ends_with("2>");
    // The rest of the latest input that begins so is taken by the right arrow.
    screen.types("pri");
    screen.cursor_at("2> print(\"needle\")", 6);
    screen.types("\x1b[C\r");
    screen.shows("needle");
    screen.ends_with("3>");
    leave(screen);
    assert_eq!(std::fs::read_to_string(file).unwrap().lines().count(), 10_003);
}

#[test]
fn a_pasted_script_leaves_its_results_and_a_prompt_on_the_screen() {
    let folder = tempfile::tempdir().unwrap();
    let script = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/test_bench.rhai")).unwrap();
    let mut screen = screen(folder.path(), folder.path(), &["-p", "sim"]);
    // As terminals mark what is pasted: it is one input of many lines.
    screen.types(format!("\x1b[200~{script}\x1b[201~\r"));
    screen.ends_with("Bench 2>");
    let lines = screen.lines();
    let at = |wanted: &str| {
        let found = lines.iter().position(|line| line.starts_with(wanted));
        found.unwrap_or_else(|| panic!("{wanted:?} is missing: {lines:#?}"))
    };
    // It is followed by its duration.
    let begun = at("test a board exception reaches the script as a value ... pass");
    assert!(begun < at("test a generator gives one reading at a time ... pass"));
    screen.types(END);
    assert_eq!(screen.person().ends(), Some(0));
}
