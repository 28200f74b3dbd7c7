//! Files, pipes and devices above their size limits are refused; measured on the whole program.

use crate::support::command::Program;
use crate::support::python;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How a measured program ended.
pub struct Measured {
    pub status: Option<i32>,
    pub stderr: String,
    /// Most memory that it had, in MiB.
    pub peak: u64,
    pub took: Duration,
}

/// Runs a program in `folder`, and measures it. It is killed above 6 GiB of address space, or after a minute.
pub fn measure(folder: &Path, args: &[&str]) -> Measured {
    // The peak is that of the wrapper's only child.
    const WRAPPER: &str = "import resource as r, subprocess, sys\n\
        r.setrlimit(r.RLIMIT_AS, (6 << 30, 6 << 30))\n\
        try: status = subprocess.run(sys.argv[2:], timeout=60).returncode\n\
        except subprocess.TimeoutExpired: status = 99\n\
        open(sys.argv[1], 'w').write(str(r.getrusage(r.RUSAGE_CHILDREN).ru_maxrss))\n\
        sys.exit(status if status >= 0 else 128 - status)";
    let peak = tempfile::NamedTempFile::new().expect("a file");
    let begun = Instant::now();
    let output = python::command()
        .args(["-I", "-S", "-c", WRAPPER])
        .arg(peak.path())
        .arg(env!("CARGO_BIN_EXE_belay-script"))
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("python3 runs");
    let took = begun.elapsed();
    let kib: u64 = std::fs::read_to_string(peak.path()).expect("a peak").parse().expect("a number");
    Measured {
        status: output.status.code(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        peak: kib / 1024,
        took,
    }
}

impl Measured {
    /// It must end soon, with this status and these words on standard error, and with little memory.
    #[track_caller]
    pub fn refused(&self, status: i32, words: &str) {
        assert_eq!(self.status, Some(status), "{}", self.stderr);
        assert!(self.stderr.contains(words), "{words} is not in {}", self.stderr);
        assert!(self.peak < 300, "{} MiB: {}", self.peak, self.stderr);
        assert!(self.took < Duration::from_secs(20), "{:?}: {}", self.took, self.stderr);
    }
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success());
}

#[test]
fn endless_and_special_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    pipe(&root.join("pipe"));
    pipe(&root.join("pipe.rhai"));
    std::fs::File::create(root.join("huge.rhai")).unwrap().set_len(3 << 30).unwrap();
    std::fs::write(root.join("a.rhai"), "").unwrap();
    let case = |args: &[&str], status, words: &str| measure(root, args).refused(status, words);
    case(&["run", "/dev/zero"], 2, "`/dev/zero` cannot be read: it is longer than 16 MiB");
    case(&["check", "huge.rhai"], 2, "`huge.rhai` cannot be read: it is longer than 16 MiB");
    std::os::unix::fs::symlink("/dev/zero", root.join("zero.py")).unwrap();
    case(&["run", "zero.py", "-p", "sim"], 2, "`zero.py` cannot be read: it is longer than 16 MiB");
    case(
        &["eval", "-p", "replay:/dev/zero", "1"],
        3,
        "cannot read the recording `/dev/zero`: it is not a regular file",
    );
    case(&["eval", "-p", "replay:pipe", "1"], 3, "cannot read the recording `pipe`: it is not a regular file");
    case(
        &["eval", "-p", "replay:huge.rhai", "1"],
        3,
        "cannot read the recording `huge.rhai`: it is longer than 256 MiB",
    );
    case(&["report", "/dev/zero"], 2, "`/dev/zero` cannot be read: a line is longer than 96 MiB");
    case(&["eval", "-p", "sim", "--password-file", "/dev/zero", "1"], 2, "it is longer than 1 MiB");
    case(&["run", "a.rhai", "--station", "/dev/zero"], 2, "it is longer than 1 MiB");
    let script = |text: &str, words: &str| {
        std::fs::write(root.join("a.rhai"), text).unwrap();
        let run = measure(root, &["run", "a.rhai", "--allow", "files"]);
        assert!(run.status != Some(0) && run.stderr.contains(words), "{:?}: {}", run.status, run.stderr);
        assert!(run.peak < 200 && run.took < Duration::from_secs(20), "{} MiB, {:?}", run.peak, run.took);
    };
    script("import \"pipe\" as p;", "`pipe.rhai` cannot be read: it is not a regular file");
    script("import \"huge\" as p;", "`huge.rhai` cannot be read: it is longer than 16 MiB");
    script("import \"std/file\" as f; f::read_text(\"pipe\")", "\"pipe\" cannot be read: it is not a regular file");
    script("import \"std/file\" as f; f::read_text(\"/dev/zero\")", "cannot be read: it is not a regular file");
    script(
        "import \"std/file\" as f; f::write(\"pipe\", \"x\")",
        "\"pipe\" cannot be written: it is not a regular file",
    );
    script(
        "import \"std/file\" as f; f::append(\"pipe\", \"x\")",
        "\"pipe\" cannot be written: nothing reads the pipe",
    );
    script("attach(\"a\", \"pipe\")", "\"pipe\" cannot be read: it is not a regular file");
    script("attach(\"a\", \"huge.rhai\")", "\"huge.rhai\" cannot be read: it is longer than 64 MiB");
}

#[test]
fn a_pipe_in_a_synced_folder_does_not_hang() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    std::fs::create_dir(root.join("app")).unwrap();
    std::fs::write(root.join("app/a.py"), "x = 1\n").unwrap();
    pipe(&root.join("app/.belayignore"));
    let run = measure(root, &["sync", "app", "-p", "sim:?flash_size=1m", "--dry-run"]);
    run.refused(2, "cannot read `app/.belayignore`: it is not a regular file");
}

#[test]
fn a_pipe_on_the_command_line_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let shell =
        "\"$0\" run <(echo 'print(6 * 7)'); \"$0\" report <(echo '{}') 2>&1; echo 'print(1)' | \"$0\" run /dev/stdin";
    let output = Command::new("bash")
        .args(["-c", shell, env!("CARGO_BIN_EXE_belay-script")])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.starts_with("42\nerror: `/dev/fd/"), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.ends_with("contains no events\n  help: name a file that `--jsonl` wrote\n1\n"), "{said}");
}

#[test]
fn waiting_for_a_pipe_ends_with_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    pipe(&folder.path().join("pipe"));
    // The pipe has a writer that writes nothing.
    let _writer = std::fs::File::options().read(true).write(true).open(folder.path().join("pipe")).unwrap();
    for args in [&["run", "pipe"][..], &["report", "pipe"], &["run", "a.rhai", "--station", "pipe"]] {
        let program = Program::new().script("a.rhai", "").args(args.iter().copied());
        let running = program.start_in(folder.path());
        // The signal may arrive before the program handles it: then it kills the program.
        let begun = Instant::now();
        rustix::process::kill_process(running.id(), rustix::process::Signal::TERM).unwrap();
        let (_, outcome) = running.finish();
        assert!(matches!(outcome.status, None | Some(130)), "{outcome:?}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{args:?}");
    }
}

/// Waits until a process has a handler for a signal.
#[cfg(target_os = "linux")]
fn handles(process: u32, signal: rustix::process::Signal) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
        if caught & (1 << (signal.as_raw() - 1)) != 0 {
            return;
        }
        assert!(Instant::now() < deadline, "no handler: {status}");
        std::thread::yield_now();
    }
}

/// Standard input that never ends is no mistake of the person who ends the program.
#[cfg(target_os = "linux")]
#[test]
fn waiting_for_standard_input_ends_with_status_130() {
    use rustix::process::{Pid, Signal, kill_process};
    use std::process::{Command, Stdio};
    for signal in [Signal::TERM, Signal::INT] {
        for args in [&["repl"][..], &["repl", "--load", "a.rhai"]] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_belay-script"));
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("a.rhai"), "").unwrap();
            command.args(args).current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
            let child = command.stderr(Stdio::piped()).spawn().unwrap();
            handles(child.id(), signal);
            kill_process(Pid::from_child(&child), signal).unwrap();
            let mut child = child;
            let input = child.stdin.take();
            let outcome = child.wait_with_output().unwrap();
            drop(input);
            let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
            assert_eq!((outcome.status.code(), said.as_str()), (Some(130), "error: interrupted\n"), "{args:?}");
        }
    }
}
