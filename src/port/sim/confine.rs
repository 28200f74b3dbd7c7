//! Confines the process of a simulated board: code on it can reach its flash and its terminal, and nothing else on this
//! computer. Linux only; on other systems the process has the user's permissions, and [`measures`] reports that.
//!
//! Three mechanisms, applied between fork and exec and inherited by every child:
//! - Landlock (Linux 5.13; TCP from 6.7, signals and abstract sockets from 6.12): files beyond the interpreter and its
//!   libraries can neither be read nor written, and nothing but the interpreter can be executed.
//! - a seccomp filter: no new process, no socket, no tracing of others, no change of mounts or namespaces.
//! - resource limits: memory, file size, processor time, open files; no core dumps.
//!
//! On a kernel without one of them, the others still apply. Uses [`super::interpreter`]. Invariant: the child makes only
//! system calls here; all allocation happens before the fork.

use super::interpreter::Interpreter;
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
};
use rustix::process::{Resource, Rlimit, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Address space of the process in bytes, in addition to the board's heap: Python, MicroPython and thread stacks.
const MEMORY: u64 = 1 << 30;

/// Processor time of one process of a board, in seconds: a bench may run for a day.
const CPU_SECONDS: u64 = 24 * 3600;

/// Open files of the process.
const OPEN_FILES: u64 = 64;

/// Shortest file size limit, in bytes; the flash may be longer.
const FILE_SIZE: u64 = 1 << 20;

/// The newest Landlock ABI whose rights are requested. An older kernel applies the rights it supports.
const LANDLOCK: ABI = ABI::V6;

/// Folders and files that every program needs to start: the loader, shared libraries, time zones, random bytes.
const NEEDED: &[&str] = &[
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/dev/null",
    "/dev/urandom",
];

/// Folders with programs: an interpreter that is a shell script needs other programs.
const PROGRAMS: &[&str] = &["/bin", "/usr/bin", "/usr/local/bin"];

/// The confinement of a process, prepared before the fork.
pub(super) struct Confinement {
    ruleset: Option<RulesetCreated>,
    filters: Vec<BpfProgram>,
    limits: Vec<(Resource, u64)>,
    /// The environment variables that the process inherits.
    variables: &'static [&'static str],
}

impl Confinement {
    /// For an interpreter with a heap and a flash of these sizes in bytes.
    pub(super) fn new(interpreter: &Interpreter, heap: u64, flash: u64) -> io::Result<Confinement> {
        let ruleset = ruleset(interpreter).map_err(io::Error::other)?;
        let limits = vec![
            (Resource::As, MEMORY.saturating_add(heap)),
            (Resource::Fsize, flash.max(FILE_SIZE)),
            (Resource::Cpu, CPU_SECONDS),
            (Resource::Nofile, OPEN_FILES),
            (Resource::Core, 0),
        ];
        let variables: &[&str] = match Start::of(interpreter.program()) {
            Start::Binary => &["LD_LIBRARY_PATH"],
            Start::Script => &["LD_LIBRARY_PATH", "PATH"],
        };
        Ok(Confinement { ruleset: Some(ruleset), filters: filters()?, limits, variables })
    }

    /// The environment of the process: what the loader needs, and nothing that identifies the user.
    pub(super) fn variables(&self) -> Vec<(&'static str, OsString)> {
        self.variables.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))).collect()
    }

    /// Confines this process permanently. Makes only system calls, so it may run between fork and exec.
    ///
    /// # Errors
    /// An error of a system call that a kernel with this mechanism does not return.
    pub(super) fn apply(&mut self) -> io::Result<()> {
        close_descriptors()?;
        for &(resource, most) in &self.limits {
            setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
        }
        if let Some(ruleset) = self.ruleset.take() {
            ruleset.restrict_self().map_err(|_| io::Error::from(io::ErrorKind::PermissionDenied))?;
        }
        for filter in &self.filters {
            match seccompiler::apply_filter(filter) {
                Ok(()) => {}
                // A kernel without seccomp.
                Err(seccompiler::Error::Seccomp(error)) if error.raw_os_error() == Some(libc::EINVAL) => {}
                Err(seccompiler::Error::Prctl(error) | seccompiler::Error::Seccomp(error)) => return Err(error),
                Err(_) => return Err(io::Error::from(io::ErrorKind::PermissionDenied)),
            }
        }
        Ok(())
    }
}

/// Marks every descriptor except the standard streams close-on-exec: the parent of this program may have left some open.
fn close_descriptors() -> io::Result<()> {
    let (first, last, flags): (libc::c_uint, _, _) = (3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
    #[expect(unsafe_code, reason = "no safe form of close_range exists")]
    // SAFETY: the call marks descriptors and touches no memory; nothing is closed before exec. By its number, because glibc before 2.34
    // has no such function.
    let failed = unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) } != 0;
    match io::Error::last_os_error() {
        // Linux before 5.11 lacks it; this program's own descriptors are marked anyway.
        error if failed && !matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EINVAL)) => Err(error),
        _ => Ok(()),
    }
}

/// The files that the process may read and execute.
fn ruleset(interpreter: &Interpreter) -> Result<RulesetCreated, RulesetError> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?;
    let reach = Reach::of(interpreter);
    for path in &reach.read {
        ruleset = allow(ruleset, path, AccessFs::ReadFile | AccessFs::ReadDir)?;
    }
    for path in &reach.execute {
        ruleset = allow(ruleset, path, AccessFs::ReadFile | AccessFs::ReadDir | AccessFs::Execute)?;
    }
    Ok(ruleset)
}

/// Allows `path`, if it exists.
fn allow(
    ruleset: RulesetCreated,
    path: &Path,
    access: landlock::BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let Ok(file) = PathFd::new(path) else { return Ok(ruleset) };
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(LANDLOCK) };
    ruleset.add_rule(PathBeneath::new(file, access))
}

/// The files that an interpreter needs.
struct Reach {
    read: Vec<PathBuf>,
    execute: Vec<PathBuf>,
}

impl Reach {
    fn of(interpreter: &Interpreter) -> Reach {
        let mut reach = Reach { read: NEEDED.iter().map(PathBuf::from).collect(), execute: Vec::new() };
        let program = interpreter.program();
        // Both with and without symlinks resolved: Python looks next to both for its library.
        for program in [Some(program.to_owned()), program.canonicalize().ok()].into_iter().flatten() {
            if let Some(prefix) = program.parent().and_then(Path::parent) {
                reach.read.extend(["lib", "lib64", "pyvenv.cfg"].map(|name| prefix.join(name)));
            }
            reach.execute.push(program);
        }
        reach.read.extend(interpreter.folder().map(Path::to_owned));
        match Start::of(program) {
            // The loader is executed in place of the program.
            Start::Binary => reach.execute.extend(loaders().iter().cloned()),
            Start::Script => reach.execute.extend(NEEDED.iter().take(5).chain(PROGRAMS).map(PathBuf::from)),
        }
        reach
    }
}

/// How a program is started.
enum Start {
    Binary,
    /// By another program, named in its first line.
    Script,
}

impl Start {
    fn of(program: &Path) -> Start {
        use std::io::Read as _;
        let mut first = [0; 4];
        let read = crate::disk::open(program).and_then(|mut file| file.read_exact(&mut first));
        if read.is_ok() && first == *b"\x7fELF" { Start::Binary } else { Start::Script }
    }
}

/// The dynamic loaders, which start a program. Their folders are large, so they are searched once.
fn loaders() -> &'static [PathBuf] {
    static FOUND: OnceLock<Vec<PathBuf>> = OnceLock::new();
    let folders = ["/lib64", "/lib", "/usr/lib64", "/usr/lib", "/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu"];
    let entries = || folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
    let is_loader = |path: &PathBuf| {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with("ld-") && name.contains(".so"))
    };
    FOUND.get_or_init(|| entries().map(|entry| entry.path()).filter(is_loader).collect())
}

/// Denied system calls, and the error: EPERM, or ENOSYS for calls with an older form.
fn filters() -> io::Result<Vec<BpfProgram>> {
    let refused = [
        libc::SYS_socket,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_bpf,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_perf_event_open,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_kexec_load,
        libc::SYS_reboot,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_sethostname,
        libc::SYS_setpriority,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_fork,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_vfork,
    ];
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = refused.into_iter().map(|number| (number, Vec::new())).collect();
    // `clone` also makes threads.
    let thread = u64::try_from(libc::CLONE_THREAD).unwrap_or_default();
    let no_thread = SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(thread), 0)
        .map_err(io::Error::other)?;
    rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![no_thread]).map_err(io::Error::other)?]);
    // The flags of `clone3` are in memory, which filters cannot read; io_uring makes system calls that filters do not see.
    // The C library falls back to `clone`.
    let newer = [libc::SYS_clone3, libc::SYS_io_uring_setup].into_iter().map(|number| (number, Vec::new())).collect();
    [(rules, libc::EPERM), (newer, libc::ENOSYS)].into_iter().map(|(rules, answer)| filter(rules, answer)).collect()
}

fn filter(rules: BTreeMap<i64, Vec<SeccompRule>>, answer: i32) -> io::Result<BpfProgram> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
    let answer = SeccompAction::Errno(u32::try_from(answer).unwrap_or(1));
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, answer, architecture).map_err(io::Error::other)?;
    filter.try_into().map_err(io::Error::other)
}

/// The mechanisms that confine a simulated board on this computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measures {
    /// Files of this computer are out of reach.
    pub files: bool,
    /// TCP is refused by Landlock. Sockets of any kind are refused by the filter.
    pub tcp: bool,
    /// Signals to other processes are refused.
    pub signals: bool,
}

/// Asks the kernel what it supports.
pub fn measures() -> Measures {
    let has = |abi: ABI| {
        let rules = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        match abi {
            ABI::V1 => rules.handle_access(AccessFs::from_all(abi)).is_ok(),
            ABI::V4 => rules.handle_access(AccessNet::from_all(abi)).is_ok(),
            _ => rules.scope(Scope::from_all(abi)).is_ok(),
        }
    };
    Measures { files: has(ABI::V1), tcp: has(ABI::V4), signals: has(ABI::V6) }
}
