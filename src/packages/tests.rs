use super::*;
use std::fs;

fn pair(name: &str) -> (String, String) {
    (name.to_owned(), String::new())
}

#[test]
fn a_local_package_is_resolved_with_its_files() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("package.json"), r#"{"version": "1.0", "urls": [["led/__init__.py", "src/led.py"]]}"#)
        .unwrap();
    fs::write(folder.path().join("one.py"), "x = 1\n").unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let wanted = Wanted {
        index: "http://127.0.0.1:1",
        mpy: Some(6),
        bundle: "",
        circuitpython: None,
        base: Path::new(""),
        known: &BTreeSet::new(),
    };
    let resolved = resolve(&Fetcher::default(), &[pair(&place("")), pair(&place("one.py"))], &wanted).unwrap();
    assert_eq!(resolved.packages.iter().map(|found| found.version.as_str()).collect::<Vec<_>>(), ["1.0", ""]);
    let files: Vec<(&str, String)> =
        resolved.files.iter().map(|(target, file)| (target.as_str(), file.source.text())).collect();
    assert_eq!(files, [("led/__init__.py", place("src/led.py")), ("one.py", place("one.py"))]);
    let gone = resolve(&Fetcher::default(), &[pair("./gone")], &wanted).unwrap_err();
    assert!(gone.message().starts_with("package not found: `./gone`"), "{gone}");
}

#[test]
fn a_compiled_file_is_of_the_version_and_the_processor_of_the_board() {
    let board = Identity { mpy: Some((6, 3)), arch: "armv6m".to_owned(), ..Identity::default() };
    let case = |name: &str, bytes: &[u8], expected: Option<&str>| {
        let refused = check_compiled(name, bytes, &board).err().map(|error| error.message().to_owned());
        assert_eq!(refused.as_deref(), expected);
    };
    let native = ARCHITECTURES.iter().position(|name| *name == "armv7m").unwrap();
    let own = ARCHITECTURES.iter().position(|name| *name == "armv6m").unwrap();
    case("a.mpy", b"M\x06\x00\x1f", None);
    case("a.py", b"M\x05\x00\x1f", None);
    case("a.mpy", &[b'M', 6, u8::try_from(own << 2).unwrap(), 0], None);
    case(
        "a.mpy",
        b"M\x05\x00\x1f",
        Some("the board cannot load `a.mpy`: it is of version 5, and the board loads version 6"),
    );
    let other = [b'M', 6, u8::try_from(native << 2).unwrap(), 0];
    case("a.mpy", &other, Some("the board cannot load `a.mpy`: its native code is for armv7m"));
    case("a.mpy", b"C\x06\x00\x1f", Some("the board cannot load `a.mpy`: it is compiled for CircuitPython"));
    let other = Identity { name: "circuitpython".to_owned(), ..board.clone() };
    assert!(check_compiled("a.mpy", b"C\x06\x00\x1f", &other).is_ok());
    assert!(check_compiled("a.mpy", b"M\x06\x00\x1f", &other).is_err());
    let none = Identity::default();
    assert!(check_compiled("a.mpy", b"M\x06\x00\x1f", &none).is_err());
}

#[test]
fn a_file_has_the_hash_that_its_package_announces() {
    let file = |hash: &str| PackageFile {
        source: super::super::source::Source::File("x".into()),
        hash: Some(hash.to_owned()),
        package: 0,
    };
    // SHA-256 of nothing.
    assert!(check("a", &file("e3b0c442"), b"").is_ok());
    assert!(check("a", &file("e3b0c443"), b"").is_err());
}

#[test]
fn names_on_circuitpython_are_those_of_the_bundle() {
    let names = of_bundle(&[pair("adafruit_x"), pair("github:u/r"), pair("./x.py")]);
    assert_eq!(names, [pair("circup:adafruit_x"), pair("github:u/r"), pair("./x.py")]);
}

#[test]
fn directories_of_the_board_are_absolute() {
    assert_eq!(normal(":lib/").unwrap(), "/lib");
    assert_eq!(normal("/").unwrap(), "/");
    assert!(normal("/lib/../x").is_err());
}
