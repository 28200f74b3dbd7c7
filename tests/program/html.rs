//! HTML reports: the content of the page, that nothing can be injected, and that a browser agrees.

mod everything;
mod xml;

use crate::support::command::Program;
use crate::support::programs;
use crate::support::running::Running;
use belay_script::bench::event::{Board, Outcome, SCHEMA};
use belay_script::bench::report::{Report, Test, from_jsonl};
use belay_script::bench::writers::html;
use everything::{HOSTILE, long};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use xml::{Element, parse};

#[track_caller]
fn elements(page: &str) -> Vec<Element> {
    parse(page).unwrap_or_else(|wrong| panic!("the page is not well-formed: {wrong}"))
}

/// All text of a page, including attributes.
fn words(elements: &[Element]) -> String {
    let mut all = String::new();
    for element in elements.iter().filter(|element| element.name != "style") {
        all.push_str(&element.text);
        all.push('\n');
        for (_, value) in &element.attributes {
            all.push_str(value);
            all.push('\n');
        }
    }
    all
}

/// Nothing is loaded from anywhere, nothing runs, and only the program's own elements and attributes are there.
#[track_caller]
fn is_self_contained(elements: &[Element]) {
    const NAMES: &[&str] = &[
        "html",
        "head",
        "meta",
        "link",
        "title",
        "style",
        "body",
        "main",
        "svg",
        "symbol",
        "defs",
        "pattern",
        "path",
        "rect",
        "use",
        "g",
        "line",
        "text",
        "section",
        "header",
        "footer",
        "article",
        "div",
        "h1",
        "h2",
        "h3",
        "p",
        "span",
        "bdi",
        "time",
        "dl",
        "dt",
        "dd",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "a",
        "details",
        "summary",
        "pre",
        "figure",
        "figcaption",
        "img",
        "ul",
        "li",
    ];
    for element in elements {
        assert!(NAMES.contains(&element.name.as_str()), "an element `{}`", element.name);
        for (name, value) in &element.attributes {
            assert!(!name.starts_with("on") && name != "style", "an attribute `{name}`");
            if matches!(name.as_str(), "href" | "src") {
                let of_data = value.starts_with("data:image/") || value.starts_with("data:application/octet-stream;");
                assert!(value.starts_with('#') || of_data || value == "data:,", "`{name}` is {value:?}");
            }
        }
    }
    let style = &elements.iter().find(|element| element.name == "style").expect("a style sheet").text;
    assert!(!style.contains("@import") && !style.contains("://"), "the style sheet loads something");
}

/// Every link within the page resolves, and anchors are unique.
#[track_caller]
fn links_resolve(elements: &[Element]) {
    let mut names: Vec<&str> = elements.iter().filter_map(|element| element.attribute("id")).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "an anchor twice: {names:?}");
    for target in elements.iter().filter_map(|element| element.attribute("href")?.strip_prefix('#')) {
        assert!(names.binary_search(&target).is_ok(), "the target `{target}` is missing");
    }
}

#[test]
fn a_full_report_is_self_contained_and_complete() {
    let report = everything::report();
    let page = html::page(std::slice::from_ref(&report));
    assert!(page.len() < 400_000, "{} bytes", page.len());
    let elements = elements(&page);
    is_self_contained(&elements);
    links_resolve(&elements);
    let count = |what: &dyn Fn(&Element) -> bool| elements.iter().filter(|element| what(element)).count();
    let measurements = everything::measurements();
    // Output of a test, of its first attempt, and outside of tests.
    let rows = count(&|element| element.name == "td" && element.is("value"));
    assert_eq!(rows, 3 * measurements.len());
    assert_eq!(count(&|element| element.is("verdict") && element.text == "ERROR"), 1);
    assert_eq!(count(&|element| element.is("series")), 6);
    assert_eq!(count(&|element| element.name == "img"), 2);
    let words = words(&elements);
    for measurement in measurements.iter().filter(|item| item.name != HOSTILE) {
        assert!(words.contains(&measurement.name), "{}", measurement.name);
    }
    for part in [
        report.sha256.as_str(),
        "30a5edddc878552f80ca6bc5a6183bc5b5098ec0, with changes",
        "bench-3, linux x86_64",
        "operator 7",
        "SN-0042",
        "2026-11-23 10:30:00\u{a0}+01:00 (09:30:00\u{a0}UTC)",
        "12.35\u{a0}s",
        "micropython 1.27.0",
        "e6614c311b7e6f35",
        "at bench.rhai:15",
        "called from bench.rhai:48",
        "4.2\u{a0}mA",
        "3.4000000001\u{a0}V",
        "2 attempts",
        "marginal outside 3.23 … 3.37\u{a0}V",
        "2.5\u{a0}V ± 1\u{a0}%",
        "100000 samples",
        // Of `firmware.bin`, by sha256sum.
        "ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc",
        &long(),
    ] {
        assert!(words.contains(part), "{part:?} is not in the page");
    }
    for outcome in Outcome::ALL {
        let badge =
            |element: &Element| element.is("badge") && element.is(outcome.word()) && element.text == outcome.word();
        assert!(count(&badge) > 0, "{outcome:?}");
    }
}

#[test]
fn truncated_and_empty_runs_have_a_page() {
    let begun = format!(
        r#"{{"at":1.0,"run":1,"event":"run_begun","schema":{SCHEMA},"script":"a.rhai","sha256":"","revision":null,"version":"0.1.0","args":[],"operator":null,"serial":null}}"#
    );
    let test = r#"{"at":2.0,"run":1,"event":"test_begun","test":1,"name":"one","group":[],"tags":[],"file":"a.rhai","line":3}"#;
    let cut = from_jsonl(&format!("{begun}\n{test}\n{{\"at\":3.0,\"ru"));
    let page = html::page(&cut);
    let words = words(&elements(&page));
    assert!(
        words.contains("ERROR") && words.contains("the record ends here: the run was killed or is still running"),
        "{words}"
    );

    let empty = Report { outcome: Outcome::Skip, ..Report::default() };
    assert!(self::words(&elements(&html::page(std::slice::from_ref(&empty)))).contains("no tests, no measurements"));
    elements(&html::page(&[]));

    let both = [cut[0].clone(), Report { tests: vec![Test::default()], ..empty }];
    let page = html::page(&both);
    let elements = elements(&page);
    is_self_contained(&elements);
    links_resolve(&elements);
    assert_eq!(elements.iter().filter(|element| element.is("verdict")).count(), 3);
}

#[test]
fn a_page_with_simulated_boards_says_so_everywhere() {
    let board = |name: &str, port: &str| Board { name: name.to_owned(), port: port.to_owned(), ..Board::default() };
    let mut simulated = Report { tests: vec![Test::default()], serial: Some("SN1".to_owned()), ..Report::default() };
    simulated.add_board(board("load", "replay:a.log"));
    simulated.add_board(Board { place: Some(0), ..board(HOSTILE, "sim") });
    let mut real = Report { tests: vec![Test::default()], ..Report::default() };
    real.add_board(board("dut", "/dev/ttyACM0"));
    let marks = |reports: &[Report]| {
        let page = html::page(reports);
        let elements = elements(&page);
        is_self_contained(&elements);
        links_resolve(&elements);
        let texts = |class: &str| -> Vec<String> {
            elements.iter().filter(|element| element.is(class)).map(|element| element.text.clone()).collect()
        };
        let watermark: Vec<String> = elements
            .iter()
            .skip_while(|element| !element.is("watermark"))
            .skip(1)
            .take_while(|element| element.name == "span")
            .map(|element| element.text.clone())
            .collect();
        let title = elements.iter().find(|element| element.name == "title").expect("a title").text.clone();
        (title, texts("verdict"), texts("mark"), watermark, texts("not-real"))
    };
    let (title, verdicts, strips, watermark, small) = marks(std::slice::from_ref(&simulated));
    assert_eq!(title, "PASS (simulated) · SN1");
    assert_eq!((verdicts, strips), (vec!["PASS (simulated)".to_owned()], vec!["SIMULATED".to_owned()]));
    assert_eq!(watermark, ["SIMULATED"; 3]);
    // Each board in the station's order, and above the signatures.
    assert_eq!(small, ["simulated", "recording", "simulated: not a verdict on hardware"]);
    let (title, verdicts, strips, watermark, small) = marks(&[real.clone(), simulated]);
    assert_eq!(title, "PASS (simulated) · 2 runs");
    assert_eq!(verdicts, ["PASS (simulated)", "PASS", "PASS (simulated)"]);
    assert_eq!((strips.len(), watermark[0].as_str(), small.len()), (2, "PARTLY SIMULATED", 4));
    let (title, verdicts, strips, watermark, small) = marks(&[real]);
    assert_eq!((title.as_str(), verdicts[0].as_str()), ("PASS", "PASS"));
    assert!(strips.is_empty() && watermark.is_empty() && small.is_empty());
}

#[test]
fn the_program_writes_the_page() {
    let script =
        "measure(\"supply\", 3.28, #{ unit: \"V\", min: 3.2, max: 3.4 });\ntest \"a < b\" { throw \"<b>\"; }\n";
    let program = Program::new().script("a.rhai", script);
    let folder = tempfile::tempdir().expect("a folder");
    let page = || std::fs::read_to_string(folder.path().join("made/report.html")).expect("the page");
    let arguments =
        ["run", "a.rhai", "--html", "made/report.html", "--jsonl", "a.jsonl", "--operator", "Eve", "--serial", "7"];
    assert_eq!(program.args(arguments).outcome_in(folder.path()).status, Some(1));
    let (first, elements) = (page(), elements(&page()));
    let words = words(&elements);
    for part in ["FAIL", "3.28\u{a0}V", "3.2 … 3.4\u{a0}V", "a < b", "<b>", "at a.rhai:2", "Eve", "7"] {
        assert!(words.contains(part), "{part:?} is not in the page");
    }
    // Generated again from the log, it is the same.
    std::fs::write(folder.path().join("made/report.html"), "an earlier one").expect("a file");
    let again = Program::new().args(["report", "a.jsonl", "--html", "made/report.html"]).outcome_in(folder.path());
    assert_eq!((again.stderr.as_str(), again.status), ("", Some(1)));
    assert!(page() == first, "the pages differ");
}

/// How many elements of each name there are.
fn census(names: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    names.fold(BTreeMap::new(), |mut counts, name| {
        *counts.entry(name).or_default() += 1;
        counts
    })
}

/// The names of the elements in a document as browsers write it, where `<` in texts is always escaped.
fn names_in(document: &str) -> impl Iterator<Item = String> {
    let tags = document.split('<').skip(1).filter(|tag| !tag.starts_with(['/', '!']));
    tags.map(|tag| tag.split([' ', '>', '/', '\n']).next().unwrap_or_default().to_owned())
}

#[test]
fn a_browser_reads_the_same_page_and_runs_nothing() {
    let Some([chromium]) = programs::find(["chromium"]) else { return };
    let page = html::page(&[everything::report()]);
    let expected = census(elements(&page).into_iter().map(|element| element.name));
    // A script of our own shows that none could run, and that the browser's complaints are heard.
    let folder = tempfile::tempdir().expect("a folder");
    let with_script = page.replace("</body>", "<script>document.title = 'run'</script></body>");
    std::fs::write(folder.path().join("page.html"), with_script).expect("a file");
    let (dom, said) = open(&chromium, folder.path());

    assert!(dom.contains("<title>ERROR · SN-0042 · production.rhai</title>"), "the title is another one");
    let complaints: Vec<&str> = said.lines().filter(|line| line.contains("CONSOLE")).collect();
    let [one] = complaints.as_slice() else { panic!("one complaint is expected, not {complaints:#?}") };
    assert!(one.contains("Content Security Policy"), "{one}");
    let mut seen = census(names_in(&dom));
    assert_eq!(seen.remove("script"), Some(1));
    assert_eq!(seen, expected, "the browser sees other elements");
}

/// The document after loading in the browser, and the messages of its console.
fn open(chromium: &Path, folder: &Path) -> (String, String) {
    let mut command = Command::new(chromium);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr"]);
    command.arg(format!("--user-data-dir={}", folder.join("profile").display())).arg("--dump-dom");
    command.arg(format!("file://{}", folder.join("page.html").display()));
    let (dom, outcome) = Running::start(command, folder, None, Duration::from_secs(120)).finish();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    (String::from_utf8(dom).expect("UTF-8"), outcome.stderr)
}
