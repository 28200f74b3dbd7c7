//! Questions to the operator: answered at a terminal, on the command line, or not at all.

use crate::support::command::Program;
use crate::support::programs;
use crate::support::terminal::Person;
use std::fs;
use std::path::Path;

fn start(script: &str, args: &[&str]) -> (tempfile::TempDir, Person) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.rhai"), script).unwrap();
    fs::write(folder.path().join("plug.png"), picture(2, 2, |_, _| [0; 3])).unwrap();
    let args: Vec<&str> = ["run", "a.rhai"].iter().chain(args).copied().collect();
    let person = Person::start_session(folder.path(), &args, &[("BELAY_SCRIPT_PICTURES", "off")]);
    (folder, person)
}

#[test]
fn a_person_answers_questions() {
    let script = r#"
print(confirm("Is the LED on?", #{ default: true }));
print(ask("Which fixture?", #{ choices: ["left", 2], default: 2 }));
print(ask("Serial number", #{ pattern: "[A-Z][0-9]+" }));
instruct("Plug it in", "plug.png");
print("end");
"#;
    let (folder, mut person) = start(script, &["--json", "a.json"]);
    person.sees("? Is the LED on?\r\n\r\x1b[K[Y/n] ");
    person.types(b"x\r");
    person.sees("  the answer must be `yes` or `no`\r\n\r\x1b[K[Y/n] ");
    person.types(b"\r");
    person.sees("\r\ntrue\r\n");
    // One of the choices is a number: none is chosen by its number.
    person.sees("? Which fixture?\r\n  left\r\n  2\r\n\r\x1b[K[2] > ");
    person.types(b"LEFT\r");
    person.sees("\r\nleft\r\n");
    person.sees("? Serial number\r\n\r\x1b[K> ");
    person.types(b"\x1b[Aa1\r");
    person.sees("  `a1` does not match the pattern `[A-Z][0-9]+`\r\n\r\x1b[K> ");
    person.types(b"xB\x7f\x7fA17\r");
    person.sees("\r\nA17\r\n");
    person.sees("? Plug it in\r\n  picture: plug.png\r\n\r\x1b[Kpress Enter when it is done ");
    person.types(b"\r");
    person.sees("\r\nend\r\n");
    assert_eq!(person.ends(), Some(0));
    assert!(person.is_cooked());
    let by = Some("person".to_owned());
    let answer = |answer: &str| (Some(answer.to_owned()), by.clone());
    assert_eq!(answers(folder.path()), ["yes", "left", "A17", "done"].map(answer));
}

/// The answers in the report of a run, and who gave them.
fn answers(folder: &Path) -> Vec<(Option<String>, Option<String>)> {
    let report: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("a.json")).unwrap()).unwrap();
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let questions = report["questions"].as_array().unwrap().iter();
    questions.map(|question| (text(&question["answer"]), text(&question["by"]))).collect()
}

#[test]
fn board_output_appears_above_the_typed_line() {
    let script = r#"
import "std/file" as file;
let b = Device.open();
parallel([
    || {
        wait_until(30, || file::exists("typed"));
        for part in ["one ", "two\\n", "th"] { b.exec(`print("${part}", end="")`) }
    },
    || ask("Name?"),
]);
"#;
    let (folder, mut person) = start(script, &["-p", "sim"]);
    person.sees("? Name?\r\n\r\x1b[K> ");
    person.types(b"Bo");
    person.sees("Bo");
    fs::write(folder.path().join("typed"), "").unwrap();
    // Only whole lines are printed; the typed line is redrawn below.
    person.sees("one two\r\n\r\x1b[K> Bo");
    person.types(b"b\r");
    person.sees("> Bob\r\n");
    person.sees("th");
    assert_eq!(person.ends(), Some(0));
}

#[test]
fn progress_is_not_drawn_over_a_question() {
    // A test runs, whose spinner turns, and a sync, whose bar moves.
    let script = r#"
let b = Device.open();
test "with a question" {
    parallel([
        || {
            for n in 0..60 {
                write_file("firmware/a.bin", blob(20_000, n));
                b.sync("firmware", #{ dst: "/app", keep: false });
                if n == 40 { print("later"); }
            }
        },
        || print(ask("Name?")),
    ]);
}
"#;
    let (folder, mut person) = start(script, &["-p", "sim"]);
    fs::create_dir(folder.path().join("firmware")).unwrap();
    person.sees("? Name?\r\n\r\x1b[K> ");
    person.types(b"B");
    // Everything that is written between the key and the line of the script.
    person.sees("\r\x1b[K> B\r\x1b[Klater\r\n\r\x1b[K> B");
    person.types(b"ob\r");
    person.sees("> Bob\r\n");
    person.sees("test with a question ... pass");
    assert_eq!(person.ends(), Some(0));
}

/// A PNG of this size.
fn picture(width: u32, height: u32, colour: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let pixels: Vec<u8> =
        (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| colour(x, y)).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

/// Width, height, and red, green and blue of the pixels of a PNG.
fn pixels(png: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    let colours = bytes.chunks_exact(4).flat_map(|pixel| pixel[..3].to_vec()).collect();
    (info.width, info.height, colours)
}

/// A run of a script in another folder that shows this picture, on a terminal with these variables.
fn shows(folder: &Path, png: &[u8], variables: &[(&str, &str)]) -> Person {
    fs::create_dir_all(folder.join("lab")).unwrap();
    fs::write(folder.join("lab/a.rhai"), "instruct(\"Plug it in\", \"plug.png\");").unwrap();
    fs::write(folder.join("lab/plug.png"), png).unwrap();
    let others =
        [("TERM", "xterm-256color"), ("TERM_PROGRAM", ""), ("KITTY_WINDOW_ID", ""), ("LC_TERMINAL", ""), ("TMUX", "")];
    let variables = [&others[..], variables].concat();
    Person::start_session(folder, &["run", "lab/a.rhai"], &variables)
}

const HEADING: &str = "? Plug it in\r\n  picture: lab/plug.png\r\n";
const INVITATION: &str = "\r\n\r\x1b[Kpress Enter when it is done ";

#[test]
fn pictures_are_shown_in_terminals_that_can() {
    let folder = tempfile::tempdir().unwrap();
    let png = picture(8, 8, |x, y| [u8::try_from(x * 30).unwrap(), u8::try_from(y * 30).unwrap(), 9]);
    let data = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &png);
    let done = |mut person: Person| {
        person.types(b"\r");
        assert_eq!(person.ends(), Some(0));
    };
    let mut kitty = shows(folder.path(), &png, &[("KITTY_WINDOW_ID", "1")]);
    kitty.sees(&format!("{HEADING}\x1b_Ga=T,f=100,q=2,m=0;{data}\x1b\\{INVITATION}"));
    done(kitty);
    let mut iterm2 = shows(folder.path(), &png, &[("TERM_PROGRAM", "iTerm.app")]);
    let size = png.len();
    let keys = format!("inline=1;size={size};width=auto;height=auto;preserveAspectRatio=1");
    iterm2.sees(&format!("{HEADING}\x1b]1337;File={keys}:{data}\x07{INVITATION}"));
    done(iterm2);
    // Those that have none of it show the path alone, whatever they answer.
    for answer in ["\x1b[?62;22c", "\x1b[?1;2"] {
        let mut other = shows(folder.path(), &png, &[]);
        other.sees("\x1b[c");
        other.types(answer.as_bytes());
        other.sees(&format!("{HEADING}\r\x1b[Kpress Enter when it is done "));
        done(other);
    }
}

#[test]
fn sixels_are_the_picture_as_libsixel_reads_them() {
    if programs::find(["sixel2png"]).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let byte = |value: u32| u8::try_from(value % 256).unwrap();
    let few =
        picture(37, 20, |x, y| if (x / 5 + y / 3) % 2 == 0 { [200, 16, 46] } else { [byte(x / 9 * 60), 90, 255] });
    let many = picture(64, 61, |x, y| [byte(x * 4), byte(y * 4), byte(x + y)]);
    for (png, most) in [(few, 2.0), (many, 8.0)] {
        let mut person = shows(folder.path(), &png, &[]);
        person.sees("\x1b[c");
        person.types(b"\x1b[?64;1;2;4;6;9;15;22c");
        person.sees(HEADING);
        let sixels = person.until(INVITATION);
        person.types(b"\r");
        assert_eq!(person.ends(), Some(0));
        let (from, to) = (folder.path().join("a.six"), folder.path().join("a.png"));
        fs::write(&from, sixels).unwrap();
        let decoded = std::process::Command::new("sixel2png").arg("-i").arg(&from).arg("-o").arg(&to).status().unwrap();
        assert!(decoded.success());
        let (wanted, got) = (pixels(&png), pixels(&fs::read(&to).unwrap()));
        assert_eq!((wanted.0, wanted.1), (got.0, got.1));
        let differences = wanted.2.iter().zip(&got.2).map(|(one, other)| f64::from(one.abs_diff(*other)));
        let mean = differences.sum::<f64>() / wanted.2.len() as f64;
        assert!(mean <= most, "{mean}");
    }
}

#[test]
fn a_missing_picture_is_an_error_before_anyone_is_asked() {
    let run = |script: &str| {
        let program = Program::new().file("lab/a.rhai", script.as_bytes()).file("lab/text.png", b"text");
        program.args(["run", "lab/a.rhai", "--answer", "Go=y"]).outcome()
    };
    let case = |script: &str, message: &str, printed: &str| {
        let outcome = run(script);
        let first = outcome.stderr.lines().next().unwrap_or_default();
        assert_eq!((first, outcome.stdout.as_str()), (message, printed), "{script}");
    };
    let missing = "error: picture not found: `lab/gone.png`";
    case("print(1); instruct(\"Go\", \"gone.png\");", missing, "");
    case("print(1); confirm(\"Go\", #{ image: \"gone.png\" });", missing, "");
    case("print(1); instruct(\"Go\", \"text.png\");", "error: `lab/text.png` is not a valid picture", "");
    // A computed path.
    case("print(1); let name = \"gone\"; instruct(\"Go\", name + \".png\");", missing, "1\n");
}

#[test]
fn the_picture_of_a_question_is_recorded() {
    let program = Program::new()
        .file("lab/a.rhai", b"instruct(\"Go\", \"plug.png\");")
        .file("lab/plug.png", &picture(2, 2, |_, _| [9; 3]))
        .args(["run", "lab/a.rhai", "--answer", "Go=y", "--jsonl", "-"]);
    let outcome = program.outcome();
    let events = outcome.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let pictures = events.filter(|event| event["path"] == "lab/plug.png" && event["kind"] == "data").count();
    assert_eq!((outcome.status, pictures), (Some(0), 1), "{}", outcome.stdout);
}

#[test]
fn ctrl_c_and_time_limits_end_a_question() {
    let (_folder, mut person) = start("ask(\"Name?\");", &[]);
    person.sees("> ");
    assert!(!person.is_cooked());
    person.types(b"abc\x03");
    person.sees("error: interrupted\r\n  --> a.rhai:1:1\r\n");
    assert_eq!(person.ends(), Some(130));
    assert!(person.is_cooked());

    let script = r#"
try { ask("Quick?", #{ timeout: 0.05 }) } catch (e) { print(e.kind + ": " + e.message) }
print(ask("Default?", #{ timeout: 0.05, default: "x" }));
try { timeout(0.05, || ask("Within?")) } catch (e) { print(e.message) }
ask("Never?");
"#;
    let (folder, mut person) = start(script, &["--timeout", "1", "--json", "a.json"]);
    person.sees("TimeoutError: nobody answered \"Quick?\" within 0.05 s\r\n");
    person.sees("? Default? x\r\nx\r\n");
    person.sees("this took longer than 0.05 s\r\n");
    person.sees("error: the run took longer than `--timeout` allows\r\n");
    assert_eq!(person.ends(), Some(1));
    assert!(person.is_cooked());
    // Questions that nobody answered are in the report, too.
    let by_default = (Some("x".to_owned()), Some("default".to_owned()));
    assert_eq!(answers(folder.path()), [(None, None), by_default, (None, None), (None, None)]);
}

#[test]
fn answers_can_be_given_on_the_command_line() {
    let script = r#"
print(confirm("Is it on?", #{ name: "led" }));
print(confirm("Is it on?", #{ name: "led" }));
print(ask("Which fixture?", #{ choices: ["left", "right"] }));
print(ask("Number", #{ default: 7 }));
instruct("Plug it in");
"#;
    let answers = ["led=no", "led=y", "Which fixture?=2", "Number=", "Plug it in="];
    let args = ["run", "a.rhai"].into_iter().chain(answers.iter().flat_map(|answer| ["--answer", answer]));
    Program::new()
        .script("a.rhai", script)
        .args(args)
        .stdout("false\ntrue\nright\n7\n")
        .stderr("? Is it on? no\n? Is it on? yes\n? Which fixture? right\n? Number 7\n? Plug it in done\n")
        .status(0);
}

#[test]
fn without_a_terminal_the_error_names_the_answer_option() {
    let run = |script: &str, answer: &str| {
        Program::new().script("a.rhai", script).args(["run", "a.rhai", "--answer", answer]).outcome()
    };
    let outcome = run("confirm(\"Is it on?\", #{ name: \"led\" });", "ledd=yes");
    let expected = "\
error: cannot ask \"Is it on?\": stdin is not a terminal
  --> a.rhai:1:1
   |
 1 | confirm(\"Is it on?\", #{ name: \"led\" });
   | ^^^^^^^
  help: add `--answer 'led=yes'`; `--answer ledd=…` is for another question
";
    assert_eq!((outcome.status, &*outcome.stderr), (Some(4), expected));
    let outcome = run("ask(\"x\", #{ choices: [1, 2] });", "x=3");
    let expected = "error: `--answer` gives \"3\" for \"x\": the answer must be one of `1`, `2`\n";
    assert_eq!((outcome.status, outcome.stderr.starts_with(expected)), (Some(1), true), "{}", outcome.stderr);
    let outcome = run("", "x");
    assert_eq!((outcome.status, outcome.stderr.contains("write `KEY=VALUE`")), (Some(2), true), "{}", outcome.stderr);
}
