//! Tests completion without a board.

use super::*;
use crate::script::Words;

fn helper() -> PromptHelper {
    let names = ["bench", "beta(", "let", "stats::", "\"std/stats\""].map(str::to_owned).to_vec();
    let mut words = Words { names, ..Words::default() };
    let pair = |text: &str, shown: &str| (text.to_owned(), shown.to_owned());
    words.members.insert("bench".to_owned(), vec![pair("read(", "read(ch)"), pair("name", "name")]);
    words.modules.insert("stats".to_owned(), vec![pair("mean(", "mean(values)"), pair("median(", "median(values)")]);
    let mut helper = PromptHelper::new(&["run", "quit"]);
    helper.words = words;
    helper
}

#[test]
fn matching_names_are_offered() {
    let helper = helper();
    let case = |before: &str, wanted: (usize, &[&str])| {
        let (start, found) = helper.candidates(before);
        let found: Vec<&str> = found.iter().map(|pair| pair.replacement.as_str()).collect();
        assert_eq!((start, found.as_slice()), wanted, "{before}");
    };
    case("x + be", (4, &["bench", "beta("]));
    case("bench.", (6, &["read(", "name"]));
    case("é(bench.re", (9, &["read("]));
    case("other.re", (6, &[]));
    case("1 + stats::me", (11, &["mean(", "median("]));
    case("other::me", (7, &[]));
    case(":q", (1, &["quit"]));
    case(":help be", (6, &["bench", "beta("]));
    case(":help bench.na", (12, &["name"]));
    case(":help std/", (6, &["std/stats"]));
    case(":time bench.re", (12, &["read("]));
    case(":open si", (6, &["sim"]));
    case(":close x", (7, &[]));
    case(":nothing be", (11, &[]));
    case("import \"std/s", (7, &["\"std/stats\""]));
    case("Device.open(\"si", (13, &["sim"]));
    case("let b = Bench.open( \"s", (21, &["sim"]));
    // A body has no Rhai names, and an unknown device has no names.
    case("device B { task a() `be", (21, &[]));
    case("bench.exec(\"mach", (12, &[]));
    case("", (0, &[]));
    let (_, shown) = helper.candidates("stats::mea");
    assert_eq!(shown[0].display, "mean(values)");
}

#[test]
fn paths_are_offered_in_strings_and_after_commands() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("firmware.py"), "").unwrap();
    let path = folder.path().to_string_lossy();
    let helper = helper();
    for before in [format!("read_text(\"{path}/firm"), format!(":run {path}/firm")] {
        let (start, found) = helper.candidates(&before);
        assert_eq!(found.len(), 1, "{before}");
        let whole = format!("{}{}", &before[..start], found[0].replacement);
        assert!(whole.contains("/firmware.py"), "{whole}");
    }
}
