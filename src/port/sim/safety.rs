//! What an interpreter's process is doing, and whether it can be interrupted safely. Linux only.
//!
//! Reads `/proc`. Invariant: a process stopped here continues when the function returns.

use super::symbols::{Place, Symbols};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions};
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How much of the stack is searched for the frame of the virtual machine.
const STACK: usize = 16 * 1024;

/// An interpreter without symbols is interrupted anywhere after this time.
const PATIENCE_WITHOUT_SYMBOLS: Duration = Duration::from_millis(20);

/// `PIDFD_THREAD` (Linux 6.9): a handle of one thread.
const ONE_THREAD: PidfdFlags = PidfdFlags::from_bits_retain(0o200);

/// System call numbers.
#[cfg(target_arch = "x86_64")]
mod call {
    pub(super) const READ: i64 = 0;
    pub(super) const WRITE: i64 = 1;
    /// poll, select, nanosleep, clock_nanosleep, pselect6, ppoll
    pub(super) const SLEEPING: &[i64] = &[7, 23, 35, 230, 270, 271];
}
#[cfg(not(target_arch = "x86_64"))]
mod call {
    pub(super) const READ: i64 = 63;
    pub(super) const WRITE: i64 = 64;
    /// pselect6, ppoll, nanosleep, clock_nanosleep
    pub(super) const SLEEPING: &[i64] = &[72, 73, 101, 115];
}

/// What a process is doing, with regard to interrupts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// It runs code and catches SIGINT.
    Catching,
    /// It waits for input.
    Reading,
    /// Neither.
    Busy,
    /// Unknown.
    Unknown,
}

/// What the process of this id is doing.
pub(super) fn doing(pid: Pid) -> Doing {
    let Some((catches, sleeps)) = status(pid) else { return Doing::Unknown };
    match (catches, system_call(pid)) {
        (true, _) => Doing::Catching,
        (false, Some(At::Call(call::READ, 0))) if sleeps => Doing::Reading,
        (false, Some(_)) => Doing::Busy,
        (false, None) => Doing::Unknown,
    }
}

/// Stops the process, sends SIGINT to its main thread if it catches it and is at a safe place (or has not been at one for
/// `waited`, longer than `patience`), and lets it continue. Returns whether the signal was sent.
pub(super) fn interrupt(pid: Pid, module: Option<&Module>, waited: Duration, patience: Duration) -> bool {
    if rustix::process::kill_process(pid, Signal::STOP).is_err() {
        return false;
    }
    let options = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while let Err(Errno::INTR) = rustix::process::waitid(WaitId::Pid(pid), options) {}
    let can_be_left = match safety(pid, module) {
        Safety::Safe => true,
        Safety::Unsafe => waited > patience,
        Safety::Unknown => waited > PATIENCE_WITHOUT_SYMBOLS,
    };
    let good = can_be_left && status(pid).is_some_and(|(catches, _)| catches);
    let sent = good && signal_main_thread(pid);
    let _ = rustix::process::kill_process(pid, Signal::CONT);
    if good && !sent {
        // An older Linux and several threads: a stopped process delivers the signal to any of them, a running one to the
        // first that can handle it, which is the main thread.
        return rustix::process::kill_process(pid, Signal::INT).is_ok();
    }
    sent
}

/// Sends SIGINT to the main thread of a stopped process, if that can be done.
fn signal_main_thread(pid: Pid) -> bool {
    let handle = rustix::process::pidfd_open(pid, ONE_THREAD);
    if handle.is_ok_and(|handle| rustix::process::pidfd_send_signal(handle, Signal::INT).is_ok()) {
        return true;
    }
    let threads = fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero())).map_or(0, Iterator::count);
    threads == 1 && rustix::process::kill_process(pid, Signal::INT).is_ok()
}

/// Whether the process catches SIGINT, and whether it sleeps.
fn status(pid: Pid) -> Option<(bool, bool)> {
    let text = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let caught = u64::from_str_radix(field("SigCgt:")?, 16).ok()?;
    Some((caught & (1 << (Signal::INT.as_raw() - 1)) != 0, field("State:")?.starts_with('S')))
}

/// Where a thread is, according to the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// In a system call: its number and first argument.
    Call(i64, u64),
    /// In its own code: stack pointer and program counter.
    Code(u64, u64),
    /// On a processor right now.
    Running,
}

fn system_call(pid: Pid) -> Option<At> {
    parse_call(&fs::read_to_string(format!("/proc/{}/syscall", pid.as_raw_nonzero())).ok()?)
}

/// Reads a line of `/proc/PID/syscall` (proc(5)).
fn parse_call(text: &str) -> Option<At> {
    let hexadecimal = |word: &str| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok();
    let mut words = text.split_whitespace();
    let first = words.next()?;
    if first == "running" {
        return Some(At::Running);
    }
    let number: i64 = first.parse().ok()?;
    let second = hexadecimal(words.next()?)?;
    if number >= 0 { Some(At::Call(number, second)) } else { Some(At::Code(second, hexadecimal(words.next()?)?)) }
}

/// Whether a stopped process can be interrupted at its current place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Safety {
    Safe,
    Unsafe,
    /// The interpreter has no symbols.
    Unknown,
}

/// The interpreter's code in one process.
#[derive(Debug)]
pub(super) struct Module {
    start: u64,
    end: u64,
    offset: u64,
    symbols: Arc<Symbols>,
}

impl Module {
    /// Finds the file with the virtual machine among the process's executable mappings. `None`: none has symbols.
    pub(super) fn find(pid: Pid) -> Option<Module> {
        let maps = fs::read_to_string(format!("/proc/{}/maps", pid.as_raw_nonzero())).ok()?;
        let mapping_with_symbols = |mapping: Mapping<'_>| {
            let symbols = mapping.symbols()?;
            Some(Module { start: mapping.start, end: mapping.end, offset: mapping.offset, symbols })
        };
        maps.lines().filter_map(Mapping::of_code).find_map(mapping_with_symbols)
    }

    fn place(&self, address: u64) -> Place {
        if !(self.start..self.end).contains(&address) {
            return Place::Unknown;
        }
        self.symbols.place(address - self.start + self.offset)
    }
}

fn safety(pid: Pid, module: Option<&Module>) -> Safety {
    let (stack, counter) = match system_call(pid) {
        Some(At::Call(call::READ, 0) | At::Call(call::WRITE, 1 | 2)) => return Safety::Safe,
        Some(At::Call(number, _)) if call::SLEEPING.contains(&number) => return Safety::Safe,
        Some(At::Code(stack, counter)) => (stack, counter),
        Some(_) => return Safety::Unsafe,
        None => return Safety::Unknown,
    };
    let Some(module) = module else { return Safety::Unknown };
    match module.place(counter) {
        Place::VirtualMachine => return Safety::Safe,
        Place::Guarded => return Safety::Unsafe,
        Place::Function => {}
        // Code that MicroPython compiled itself; any other library may hold a lock.
        Place::Unknown if is_generated(pid, counter) => {}
        Place::Unknown => return Safety::Unsafe,
    }
    // A function that the virtual machine called: safe if no guarded function is on the way to it. Remains of earlier
    // calls on the stack may look guarded: then another moment must be found.
    let mut bytes = vec![0; STACK];
    let memory = fs::File::open(format!("/proc/{}/mem", pid.as_raw_nonzero()));
    let count = memory.and_then(|memory| memory.read_at(&mut bytes, stack)).unwrap_or(0);
    for word in bytes[..count].chunks_exact(8) {
        match module.place(u64::from_le_bytes(word.try_into().unwrap_or_default())) {
            Place::VirtualMachine => return Safety::Safe,
            Place::Guarded => return Safety::Unsafe,
            Place::Function | Place::Unknown => {}
        }
    }
    Safety::Unsafe
}

/// Whether code at this address belongs to no file.
fn is_generated(pid: Pid, address: u64) -> bool {
    let maps = fs::read_to_string(format!("/proc/{}/maps", pid.as_raw_nonzero())).unwrap_or_default();
    maps.lines()
        .filter_map(Mapping::of_code)
        .any(|mapping| mapping.path.is_empty() && (mapping.start..mapping.end).contains(&address))
}

/// A line of `/proc/PID/maps` that holds code.
struct Mapping<'a> {
    start: u64,
    end: u64,
    offset: u64,
    path: &'a str,
}

impl<'a> Mapping<'a> {
    fn of_code(line: &'a str) -> Option<Mapping<'a>> {
        let mut fields = line.splitn(6, ' ');
        let (start, end) = fields.next()?.split_once('-')?;
        if !fields.next()?.contains('x') {
            return None;
        }
        let number = |text: &str| u64::from_str_radix(text, 16).ok();
        let offset = number(fields.next()?)?;
        let path = fields.nth(2).unwrap_or_default().trim();
        Some(Mapping { start: number(start)?, end: number(end)?, offset, path })
    }

    /// The functions of the file, if it holds a virtual machine.
    fn symbols(&self) -> Option<Arc<Symbols>> {
        let name = Path::new(self.path).file_name()?.to_str()?;
        if !name.contains("micropython") && self.path != std::env::var(super::interpreter::VARIABLE).unwrap_or_default()
        {
            return None;
        }
        static READ: Mutex<Option<HashMap<PathBuf, Option<Arc<Symbols>>>>> = Mutex::new(None);
        let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
        let known = read.get_or_insert_with(HashMap::new);
        let path = PathBuf::from(self.path);
        known.entry(path.clone()).or_insert_with(|| Symbols::read(&path).map(Arc::new)).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_proc_are_read() {
        assert_eq!(parse_call("running\n"), Some(At::Running));
        assert_eq!(parse_call("-1 0x7ffd 0x4000\n"), Some(At::Code(0x7ffd, 0x4000)));
        assert_eq!(parse_call("230 0x1 0x0 0x7ffd 0x0 0x0 0x0 0x1 0x2\n"), Some(At::Call(230, 1)));
        assert_eq!(parse_call(""), None);
        assert_eq!(parse_call("-1 0x7ffd"), None);
        let line = "7f00-7f80 r-xp 00001000 08:01 1234                      /tmp/micro python.so";
        let mapping = Mapping::of_code(line).unwrap();
        assert_eq!((mapping.path, mapping.offset), ("/tmp/micro python.so", 0x1000));
        assert_eq!((mapping.start, mapping.end), (0x7f00, 0x7f80));
        assert!(Mapping::of_code("7f00-7f80 rw-p 00001000 08:01 1234 /tmp/x").is_none());
        assert_eq!(Mapping::of_code("7f00-7f80 r-xp 00000000 00:00 0").unwrap().path, "");
    }
}
