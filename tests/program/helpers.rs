//! Programs that belay-script starts and that never end: SIGTERM ends it within two seconds all the same.

use crate::support::command::Program;
use rustix::process::{Signal, kill_process};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// A helper that says that it has begun, and takes no hint.
const HUNG: &str =
    "#!/bin/sh\ntrap '' TERM INT HUP\necho $$ > begun\nwhile :; do sleep 30 >/dev/null 2>&1 & wait; done\n";

fn helper(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, HUNG).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Starts `program` in `folder`, waits until its helper hangs, and asks it to end.
#[track_caller]
fn ends(folder: &Path, program: &Program) {
    let running = program.start_in(folder);
    let deadline = Instant::now() + Duration::from_secs(30);
    let begun = folder.join("begun");
    while std::fs::read(&begun).map_or(true, |text| text.is_empty()) {
        assert!(Instant::now() < deadline, "the helper did not begin");
        std::thread::park_timeout(Duration::from_millis(10));
    }
    let asked = Instant::now();
    kill_process(running.id(), Signal::TERM).unwrap();
    let (_, outcome) = running.finish();
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}: {outcome:?}");
    assert!(matches!(outcome.status, Some(130 | 1)), "{outcome:?}");
    // The helper has ended with it, if not by itself.
    let helper: i32 = std::fs::read_to_string(&begun).unwrap().trim().parse().unwrap();
    assert!(!Path::new(&format!("/proc/{helper}/cwd")).exists(), "the helper runs on");
    std::fs::remove_file(begun).unwrap();
}

#[test]
fn a_hung_helper_does_not_outlive_a_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    helper(&root.join("bin/hung"));
    helper(&root.join("git/git"));
    std::fs::create_dir(root.join("app")).unwrap();
    std::fs::write(root.join("app/a.py"), "x = 1\n").unwrap();
    let hung = root.join("bin/hung").display().to_string();
    let program = |text: &str| Program::new().script("a.rhai", text);
    let run = format!("import \"std/process\" as p; p::run([\"{hung}\"]);");
    ends(root, &program(&run).args(["run", "a.rhai", "--allow", "process"]));
    let path = format!("{}:{}", root.join("git").display(), std::env::var("PATH").unwrap());
    ends(root, &program("loop { }").args(["run", "a.rhai", "--jsonl", "log"]).env("PATH", &path));
    ends(
        root,
        &Program::new().args(["edit", ":/a.py", "-p", "sim:?flash_size=1m"]).env("EDITOR", &format!("exec {hung}")),
    );
    ends(root, &Program::new().args(["sync", "app", "-p", "sim:?flash_size=1m", "--mpy-cross-binary", &hung]));
}
