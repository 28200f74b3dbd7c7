//! Signed reports: keys, passwords, and minisign itself as the judge of both.

use crate::support::command::{Outcome, Program};
use crate::support::programs;
use crate::support::terminal::Person;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

fn belay(folder: &Path, args: &str) -> Outcome {
    Program::new().args(args.split(' ')).outcome_in(folder)
}

#[track_caller]
fn succeeds(folder: &Path, args: &str) -> String {
    let outcome = belay(folder, args);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{args}\n{}", outcome.stdout);
    outcome.stdout
}

/// A folder with a key of two files and a signed log.
fn signed() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("a.rhai"), "measure(\"a\", 1.0, #{ max: 2.0 });\nlet s = record(\"s\"); s.add(1);\n").unwrap();
    let made = succeeds(path, "keygen bench --no-password");
    assert_eq!(
        made,
        "bench.key  secret: signs reports with `--sign`\nbench.pub  public: checks them with `verify --key`\n"
    );
    succeeds(path, "run a.rhai --jsonl r.jsonl --html r.html --json r.json --junit r.xml --csv r --sign bench.key");
    folder
}

/// Runs minisign; returns whether it succeeded.
fn minisign(program: &Path, folder: &Path, args: &str) -> bool {
    let run = Command::new(program).args(args.split(' ')).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    run.status.success()
}

#[test]
fn verify_checks_signatures() {
    let folder = signed();
    let folder = folder.path();
    for report in ["r.jsonl", "r.html", "r.json", "r.xml", "r/s.csv"] {
        let said = succeeds(folder, &format!("verify {report} --key bench.pub"));
        let name = report.rsplit('/').next().unwrap();
        assert!(said.contains(&format!("same       signed   {report}.minisig: timestamp:")), "{said}");
        assert!(said.contains(&format!(" file:{name} hashed\n")), "{said}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(folder.join("bench.key")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Without the key it says that there is one to check.
    let unchecked = succeeds(folder, "verify r.jsonl");
    assert!(unchecked.contains("unchecked  signed   r.jsonl.minisig: use `--key PUBLIC`"), "{unchecked}");

    succeeds(folder, "keygen other --no-password");
    let public = fs::read_to_string(folder.join("other.pub")).unwrap();
    let case = |args: &str, line: &str| {
        let outcome = belay(folder, args);
        assert_eq!(outcome.status, Some(1), "{}", outcome.stderr);
        assert!(outcome.stdout.starts_with(line), "{}", outcome.stdout);
    };
    // A public key may be given as its text.
    case(
        &format!("verify r.html --key {}", public.lines().nth(1).unwrap()),
        "changed    signed   r.html.minisig: it is by another key\n",
    );
    let page = fs::read_to_string(folder.join("r.html")).unwrap();
    fs::write(folder.join("r.html"), page.replacen("PASS", "FAIL", 1)).unwrap();
    case(
        "verify r.html --key bench.pub",
        "changed    signed   r.html.minisig: the report or its signature was changed\n",
    );
    fs::remove_file(folder.join("r.xml.minisig")).unwrap();
    case("verify r.xml --key bench.pub", "missing    signed   r.xml.minisig: the report has no signature\n");
}

#[test]
fn minisign_and_belay_script_accept_each_other() {
    let Some([program]) = programs::find(["minisign"]) else { return };
    let folder = signed();
    let folder = folder.path();
    for report in ["r.jsonl", "r.html", "r/s.csv"] {
        assert!(minisign(&program, folder, &format!("-Vqm {report} -p bench.pub")), "{report}");
    }
    assert!(minisign(&program, folder, "-G -W -p mini.pub -s mini.key"));
    assert!(!minisign(&program, folder, "-Vqm r.html -p mini.pub"));
    // Our signature by its key, then its signature by its key and by ours.
    succeeds(folder, "report r.jsonl --html again.html --sign mini.key");
    assert!(minisign(&program, folder, "-Vqm again.html -p mini.pub"));
    for key in ["mini", "bench"] {
        assert!(minisign(&program, folder, &format!("-S -W -m again.html -s {key}.key")), "{key}");
        succeeds(folder, &format!("verify again.html --key {key}.pub"));
    }
}

#[test]
fn a_key_may_have_a_password() {
    let folder = signed();
    let folder = folder.path();
    let mut person = Person::start_session(folder, &["keygen", "own"], &[]);
    person.sees("New password: ");
    person.types("gehe\u{e9}im\r".as_bytes());
    // What is typed is not shown.
    let mut shown = Vec::new();
    while !shown.ends_with(b"The same password again: ") {
        shown.extend(person.hears(|| "no second prompt".to_owned()));
    }
    assert_eq!(String::from_utf8_lossy(&shown), "\r\nThe same password again: ");
    person.types("gehe\u{e9}im\r".as_bytes());
    person.sees("own.key  secret");
    assert_eq!(person.ends(), Some(0));

    let args = ["report", "r.jsonl", "--html", "own.html", "--sign", "own.key"];
    let mut person = Person::start_session(folder, &args, &[]);
    person.sees("Password of own.key: ");
    person.types("gehe\u{e9}im\r".as_bytes());
    assert_eq!(person.ends(), Some(0));
    succeeds(folder, "verify own.html --key own.pub");

    let missing = "error: `own.key` needs its password\n  help: set BELAY_SIGN_PASSWORD, or run at a terminal\n";
    let outcome = Program::new().args(args).outcome_in(folder);
    assert_eq!((outcome.stderr.as_str(), outcome.status), (missing, Some(2)));
    let outcome = Program::new().args(args).env("BELAY_SIGN_PASSWORD", "geheim").outcome_in(folder);
    assert!(outcome.stderr.starts_with("error: wrong password for `own.key`\n"), "{}", outcome.stderr);
    assert_eq!(outcome.status, Some(2));
    let by_variable = Program::new().args(args).env("BELAY_SIGN_PASSWORD", "gehe\u{e9}im").outcome_in(folder);
    assert_eq!((by_variable.status, by_variable.stderr.as_str()), (Some(0), ""));
}

#[test]
fn what_cannot_be_signed_is_refused_before_the_run() {
    let folder = signed();
    let folder = folder.path();
    for (args, error) in [
        ("run a.rhai --sign bench.key", "error: `--sign` has no report to sign\n"),
        ("run a.rhai --json - --sign bench.key", "error: a report on standard output cannot be signed\n"),
        ("run a.rhai --html b.html --sign a.rhai", "error: `a.rhai` is not a secret key of minisign\n"),
        ("run a.rhai --html b.html --sign bench.pub", "error: `bench.pub` is not a secret key of minisign\n"),
        ("run a.rhai --html b.html --sign gone.key", "error: `gone.key` cannot be read: "),
        ("keygen bench --no-password", "error: `bench.key` exists\n"),
        ("keygen new", "error: a key needs a password\n"),
        ("verify r.html --key bench.key", "error: `bench.key` is not a public key of minisign\n"),
        ("verify r.html --key gone.pub", "error: file not found: `gone.pub`\n"),
    ] {
        let outcome = belay(folder, args);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""), "{args}");
        assert!(outcome.stderr.starts_with(error), "{args}\n{}", outcome.stderr);
    }
    assert!(!folder.join("b.html").exists());
}
