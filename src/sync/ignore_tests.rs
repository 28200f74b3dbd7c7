//! Tests of patterns: a table of expected results, with which the machine's git, if it has one, must agree.

use super::*;
use std::io::Write;
use std::process::{Command, Stdio};

/// Lines; paths that they ignore; paths that they do not ignore. A trailing slash marks a folder.
type Row = (&'static [&'static str], &'static [&'static str], &'static [&'static str]);

const TABLE: &[Row] = &[
    (&["*.pyc"], &["a.pyc", "x/y/a.pyc", ".pyc", "d.pyc/", "d.pyc/a"], &["a.py", "a.pyc2", "x/apyc"]),
    (&["__pycache__"], &["__pycache__/", "a/__pycache__/", "__pycache__/x.py", "__pycache__"], &["a__pycache__"]),
    (&["/sub"], &["sub", "sub/", "sub/a"], &["x/sub", "subs"]),
    (&["sub/"], &["sub/", "sub/a", "x/sub/", "x/sub/b"], &["sub", "x/sub"]),
    (&["a/b"], &["a/b", "a/b/", "a/b/c"], &["x/a/b", "a", "a/bc", "b"]),
    (&["a/b/"], &["a/b/", "a/b/c"], &["a/b", "a/bx/", "a/bx/z"]),
    (&["a/*"], &["a/b", "a/b/c", "a/.x"], &["a/", "b/a/c", "a"]),
    (&["a/*.txt"], &["a/b.txt", "a/.txt"], &["a/b/c.txt", "b/a/c.txt"]),
    (&["a*c"], &["abc", "ac", "x/a.c", "abc/d"], &["ab", "x/ab/c"]),
    (&["?.py"], &["a.py", "x/b.py"], &["ab.py", ".py", "é.py"]),
    (&["a?b/c"], &["axb/c"], &["a/b/c", "ab/c"]),
    (&["**/foo"], &["foo", "a/foo", "a/b/foo", "foo/x"], &["afoo", "fooa"]),
    (&["**/foo/bar"], &["foo/bar", "a/foo/bar"], &["foo/x/bar", "foo"]),
    (&["a/**/b"], &["a/b", "a/x/b", "a/x/y/b"], &["a/xb", "c/a/b", "a/"]),
    (&["a/**"], &["a/b", "a/b/c", "a/.x"], &["a", "a/", "b/a/c"]),
    (&["**"], &["a", "a/b", "a/"], &[]),
    (&["/**"], &["a", "a/b"], &[]),
    (&["**/"], &["a/", "a/b", "a/b/"], &["a"]),
    (&["a**b"], &["ab", "axxb", "x/aab"], &["ax/yb"]),
    (&["a/**/**/b"], &["a/b", "a/x/y/b"], &["a/xb"]),
    (&["**/a/**/b"], &["a/b", "x/a/y/b"], &["a/"]),
    (&["*/b"], &["a/b", "a/b/c"], &["b", "x/a/b"]),
    (&["***/b"], &["b", "a/b"], &["ab"]),
    (&["*"], &["a", "a/b", ".x"], &[]),
    (&["*", "!*.py"], &["a.txt", "x/", "x/a.py"], &["a.py"]),
    (&["*", "!*/", "!*.py"], &["a.txt", "x/b.txt"], &["a.py", "x/a.py", "x/"]),
    (&["*.log", "!keep.log"], &["a.log", "x/b.log"], &["keep.log", "x/keep.log"]),
    (&["!keep.log", "*.log"], &["keep.log"], &["a"]),
    (&["x/", "!x/a"], &["x/", "x/a", "x/b"], &["a"]),
    (&["x/*", "!x/a"], &["x/b", "x/b/c"], &["x/", "x/a"]),
    (&["/*", "!/foo", "/foo/*", "!/foo/bar"], &["a", "foo/x"], &["foo/", "foo/bar", "foo/bar/y"]),
    (&["# a", "\\#b"], &["#b", "x/#b"], &["# a", "a"]),
    (&["\\!a"], &["!a", "x/!a"], &["a"]),
    (&["!!a"], &[], &["a", "!a"]),
    (&["a  "], &["a"], &["a  ", "a "]),
    (&["a\\ "], &["a "], &["a", "a\\ "]),
    (&["a\\ \\ "], &["a  "], &["a "]),
    (&["a\\  "], &["a "], &["a  "]),
    (&[" a"], &[" a"], &["a"]),
    (&["a\t"], &["a\t"], &["a"]),
    (&["a b"], &["a b"], &["a", "b"]),
    (&["", "   ", "b"], &["b"], &["a", " "]),
    (&["[ab].c"], &["a.c", "b.c"], &["c.c", "ab.c"]),
    (&["[!a].c"], &["b.c", "x/!.c"], &["a.c", ".c"]),
    (&["[^a].c"], &["b.c"], &["a.c"]),
    (&["[a-c]"], &["a", "b", "c"], &["d", "-"]),
    (&["[z-a]"], &["z"], &["a", "m", "-"]),
    (&["[a-]"], &["a", "-"], &["b"]),
    (&["[-a]"], &["a", "-"], &["b"]),
    (&["[]a]"], &["]", "a"], &["b"]),
    (&["[]-a]"], &["]", "^", "a"], &["-", "b"]),
    (&["[!]a]"], &["b"], &["]", "a"]),
    (&["[\\]x]"], &["]", "x"], &["\\"]),
    (&["[a\\-c]"], &["a", "-", "c"], &["b"]),
    (&["[\\\\]"], &["\\"], &["a"]),
    (&["[a!]"], &["a", "!"], &["b"]),
    (&["[a^]"], &["a", "^"], &["b"]),
    (&["[\\^]"], &["^"], &["a"]),
    (&["[\\^\\!]"], &["^", "!"], &["a"]),
    (&["[-!]"], &["-", "!"], &["a"]),
    (&["[]!-]"], &["]", "!", "-"], &["a"]),
    (&["[[:digit:]]x"], &["1x"], &["ax", ":x", "dx"]),
    (&["[[:alpha:]_][![:upper:]]"], &["ab", "_1"], &["1a", "aB"]),
    (&["[[:space:][:punct:]]"], &[" ", ",", "~"], &["a", "1"]),
    (&["[[:]x"], &["[x", ":x"], &["]x"]),
    (&["x[+-9]y"], &["x.y", "x0y"], &["x/y"]),
    (&["x[!a]y"], &["xby"], &["x/y", "xay"]),
    (&["{a,b}"], &["{a,b}"], &["a", "b"]),
    (&["a,b"], &["a,b"], &["a"]),
    (&["\\*"], &["*"], &["a"]),
    (&["\\?\\[x\\]"], &["?[x]"], &["a[x]"]),
    (&["a\\\\b"], &["a\\b"], &["ab"]),
    (&["\\a\\b"], &["ab"], &["\\a\\b"]),
    (&["x]"], &["x]"], &["x"]),
    (&["é*"], &["é", "éa", "x/éb"], &["e"]),
    (&["??.txt"], &["é.txt", "ab.txt"], &["a.txt"]),
    (&["*.x"], &["a\nb.x", "q\"'.x"], &["a\nb"]),
    (&["a/**/z"], &["a/n\nn/z"], &[]),
    (&["./a"], &[], &["a", "x/a"]),
    (&["a//b"], &[], &["a/b"]),
    (&["A"], &["A"], &["a"]),
    (&["(a|b)+", "^x$", "a.c"], &["(a|b)+", "^x$", "a.c"], &["a", "x", "abc"]),
];

fn ignore(lines: &[&str]) -> Ignore {
    let lines: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
    Ignore::new(Some(&lines)).unwrap()
}

fn answer(ignore: &Ignore, path: &str) -> bool {
    match path.strip_suffix('/') {
        Some(folder) => ignore.is_ignored(folder, true),
        None => ignore.is_ignored(path, false),
    }
}

#[test]
fn patterns_match_the_table() {
    let mut wrong = Vec::new();
    for (lines, ignored, sent) in TABLE {
        let ignore = ignore(lines);
        wrong.extend(ignored.iter().filter(|path| !answer(&ignore, path)).map(|path| (lines, path, "is not ignored")));
        wrong.extend(sent.iter().filter(|path| answer(&ignore, path)).map(|path| (lines, path, "is ignored")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// One repository with a folder for each path of each row, and one query for all of them.
#[test]
#[cfg(unix)]
fn git_agrees_with_the_table() {
    let repository = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(repository.path());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("HOME", repository.path());
        command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let Ok(output) = git(&["init", "-q"]).output() else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut questions = Vec::new();
    for (row, (lines, ignored, sent)) in TABLE.iter().enumerate() {
        let paths = ignored.iter().map(|path| (path, true)).chain(sent.iter().map(|path| (path, false)));
        for (column, (path, expected)) in paths.enumerate() {
            let folder = format!("{row}-{column}");
            std::fs::create_dir(repository.path().join(&folder)).unwrap();
            let file = repository.path().join(&folder).join(path);
            std::fs::create_dir_all(if path.ends_with('/') { &file } else { file.parent().unwrap() }).unwrap();
            std::fs::write(repository.path().join(&folder).join(".gitignore"), lines.join("\n") + "\n").unwrap();
            questions.push((format!("{folder}/{}", path.trim_end_matches('/')), expected, lines));
        }
    }
    let mut child = git(&["check-ignore", "--no-index", "-z", "--stdin"]).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let text: String = questions.iter().map(|(path, ..)| format!("{path}\0")).collect();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    let ignored: Vec<&str> = answers.split_terminator('\0').collect();
    assert!(!ignored.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let wrong: Vec<_> =
        questions.iter().filter(|(path, expected, _)| ignored.contains(&path.as_str()) != *expected).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn rejects_patterns_that_can_never_match() {
    for (line, part) in [
        ("[abc", "a `[` in it has no `]`"),
        ("a/[", "no `]`"),
        ("[]", "no `]`"),
        ("[!]", "no `]`"),
        ("[a-", "no `]`"),
        ("[\\", "no `]`"),
        ("[a-\\", "no `]`"),
        ("[[:digit:]", "no `]`"),
        ("[[:nonsense:]]", "unknown class `[:nonsense:]`"),
        ("x[/]y", "only `/`"),
        ("[é]", "ASCII"),
        ("a\\", "last backslash"),
        ("/", "names nothing"),
        ("//", "names nothing"),
        ("!", "names nothing"),
    ] {
        let error = Ignore::new(Some(&[line.to_owned()])).map(|_| line).unwrap_err();
        assert_eq!(error.kind(), Kind::ArgumentError);
        let message = error.message();
        assert!(message.contains(part) && message.contains(&format!("`{line}` in `ignore`")), "{line}: {message}");
    }
}

#[test]
fn defaults_apply_without_patterns() {
    let defaults = Ignore::new(None).unwrap();
    for path in ["a.pyc", "x/__pycache__/", "x/__pycache__/y", ".DS_Store", "x/.pytest_cache/", FILE] {
        assert!(answer(&defaults, path), "{path}");
    }
    for path in ["a.py", "boot.py", "lib/", "x/.belayignore"] {
        assert!(!answer(&defaults, path), "{path}");
    }
    assert!(!answer(&ignore(&[]), "a.pyc"));
    assert!(answer(&ignore(&["!.belayignore"]), FILE));
}

#[test]
fn the_file_adds_to_the_given_patterns() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE), b"\xef\xbb\xbf*.txt\r\n# note\r\n\r\n!a.pyc\r\nspace\\ \r\n").unwrap();
    let both = Ignore::of_folder(None, folder.path()).unwrap();
    for (path, expected) in [("x.txt", true), ("b.pyc", true), ("a.pyc", false), ("note", false), ("space ", true)] {
        assert_eq!(answer(&both, path), expected, "{path}");
    }
    let none = tempfile::tempdir().unwrap();
    assert!(answer(&Ignore::of_folder(None, none.path()).unwrap(), "a.pyc"));
}

#[test]
fn errors_name_the_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE);
    let message = || Ignore::of_folder(None, folder.path()).map(|_| ()).unwrap_err().message().to_owned();
    std::fs::write(&file, "a\n\n[x\n").unwrap();
    assert!(message().starts_with("the pattern `[x` on line 3 of `"), "{}", message());
    std::fs::write(&file, b"a\n\xff\n").unwrap();
    assert!(message().ends_with("it is not UTF-8"), "{}", message());
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert!(message().starts_with("cannot read `"), "{}", message());
}
