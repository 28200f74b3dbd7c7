//! `install`, from an index and addresses on the loopback interface, in their real forms.

use crate::support::command::{Program, said};
use crate::support::http::{Files, Server};
use std::fs;
use tempfile::TempDir;

const PORT: &str = "sim:?flash=board.img";

/// SHA-256, shortened as an index has it.
fn hash(bytes: &[u8]) -> String {
    use belay_script::board::digest::{DigestKind, digest};
    digest(DigestKind::Sha256, bytes)[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A server with an index of three packages, and a package beside it.
fn server() -> Server {
    let (a, b, c) = (b"n = 1\n".as_slice(), b"import a\nm = a.n + 1\n".as_slice(), b"k = 9\n".as_slice());
    let mut files = Files::new();
    for content in [a, b] {
        let hash = hash(content);
        files.insert(format!("/pi/file/{}/{hash}", &hash[..2]), content.to_vec());
    }
    let package = |hashes: &str, deps: &str| {
        format!("{{\"v\":1,\"version\":\"1.2\",\"hashes\":[{hashes}],\"deps\":[{deps}]}}").into_bytes()
    };
    let entry = |target: &str, content: &[u8]| format!("[\"{target}\",\"{}\"]", hash(content));
    files.insert("/pi/package/6/a/latest.json".into(), package(&entry("a.py", a), ""));
    // Only its source is there.
    files.insert("/pi/package/py/b/1.2.json".into(), package(&entry("b/__init__.py", b), "[\"a\",\"latest\"]"));
    files.insert("/pi/package/py/evil/latest.json".into(), package(&entry("../boot.py", a), ""));
    files.insert("/pi/package/py/wrong/latest.json".into(), package("[\"w.py\",\"00000000\"]", ""));
    files.insert("/pi/file/00/00000000".into(), b"other".to_vec());
    files.insert("/pi/package/py/old/latest.json".into(), br#"{"urls": [["old.mpy", "/x"]]}"#.to_vec());
    files.insert("/kit/package.json".into(), br#"{"urls": [["kit/c.py", "src/c.py"]]}"#.to_vec());
    files.insert("/kit/src/c.py".into(), b"-> /c.py".to_vec());
    files.insert("/c.py".into(), c.to_vec());
    files.insert("/round.py".into(), b"-> /round.py".to_vec());
    files.insert("/large/package.json".into(), vec![b' '; (1 << 20) + 2]);
    Server::start(files)
}

fn run(folder: &TempDir, line: &[&str]) -> crate::support::command::Outcome {
    // A proxy of the developer is not for the loopback interface.
    let program = Program::new().args(["-p", PORT]).args(line.iter().copied());
    ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
        .into_iter()
        .fold(program, |program, name| program.env(name, ""))
        .outcome_in(folder.path())
}

#[test]
fn packages_come_with_their_dependencies_and_are_skipped_if_there() {
    let (server, folder) = (server(), tempfile::tempdir().expect("a folder"));
    let index = format!("{}/pi", server.url);
    let outcome = run(&folder, &["install", "b@1.2", "--index", &index, "+", "exec", "import b; print(b.m)"]);
    said(&outcome, "b 1.2\na 1.2\ninstalled 2 files (27 bytes) in :/lib; 0 unchanged\n2\r\n", 0);
    let asked = server.asked();
    assert_eq!(asked[..3], ["/pi/package/6/b/1.2.json", "/pi/package/py/b/1.2.json", "/pi/package/6/a/latest.json"]);
    assert_eq!(asked.len(), 5);
    let kit = format!("{}/kit", server.url);
    let local = folder.path().join("own");
    fs::create_dir(&local).expect("a folder");
    fs::write(local.join("package.json"), r#"{"urls": [["own.py", "own.py"]], "version": "3"}"#).expect("a file");
    fs::write(local.join("own.py"), "o = 3\n").expect("a file");
    let line = [
        "mip", "install", "b@1.2", "--index", &index, "+", "install", "-q", &kit, "./own", "--target", ":/x", "+",
        "install", "./own", "--target", ":/x", "+", "ls", "-r",
    ];
    let outcome = run(&folder, &line);
    // What the first installation has written is not fetched again.
    assert_eq!(server.asked().iter().filter(|path| path.starts_with("/pi/file")).count(), 0);
    // Nor is a file without a hash written again.
    let listed = "b 1.2\na 1.2\ninstalled 0 files (0 bytes) in :/lib; 2 unchanged\n\
        ./own 3\ninstalled 0 files (0 bytes) in :/x; 1 unchanged\nlib/\nlib/a.py\nlib/b/\nlib/b/__init__.py\nx/\nx/kit/\nx/kit/c.py\nx/own.py\n";
    assert_eq!((outcome.stdout.as_str(), outcome.status), (listed, Some(0)), "{}", outcome.stderr);
}

#[test]
fn nothing_is_installed_of_a_package_that_is_wrong() {
    let (server, folder) = (server(), tempfile::tempdir().expect("a folder"));
    let index = format!("{}/pi", server.url);
    let case = |package: &str, status: i32, message: &str| {
        let outcome = run(&folder, &["install", "a", package, "--index", &index]);
        assert!(outcome.stderr.contains(message), "{package}: {}", outcome.stderr);
        assert_eq!((outcome.stdout.as_str(), outcome.status), ("", Some(status)), "{package}");
    };
    case("gone", 1, "package not found: `gone`, at `");
    case("evil", 1, "would be written outside of its folder: `../boot.py`");
    case("wrong", 1, "has another hash than its package announces");
    case(&format!("{}/large", server.url), 1, "is longer than 1 MiB");
    case(&format!("{}/round.py", server.url), 3, "cannot be fetched: too many redirects");
    case("http://127.0.0.1:1/x.py", 3, "`http://127.0.0.1:1/x.py` cannot be fetched");
    case("a b", 1, "`a b` is not a package");
    said(&run(&folder, &["ls"]), "", 0);
}
