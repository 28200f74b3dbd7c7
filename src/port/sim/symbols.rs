//! The addresses of an interpreter's functions, from its ELF symbol table.
//!
//! Pure but for reading the file; 64-bit little-endian files only. Invariant: any file gives either a map or
//! none, never a panic and never a read beyond [`TABLE_LIMIT`].

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Most bytes of one table that is read.
const TABLE_LIMIT: u64 = 64 << 20;

/// The function that executes bytecode (MicroPython, `py/vm.c`).
const VIRTUAL_MACHINE: &str = "mp_execute_bytecode";

/// Length of the start of that function, which does not catch exceptions yet.
const PROLOGUE: u64 = 256;

/// Parts of the names of functions that must not be interrupted: they hold a lock, or change lasting state.
const GUARDED: &[&str] = &[
    "gc_",
    "m_malloc",
    "m_realloc",
    "m_free",
    "m_tracked",
    "qstr",
    "mp_map",
    "mp_set",
    "lfs",
    "vfs",
    "mp_thread",
    "mp_sched",
    "mp_handle_pending",
    "nlr_",
    "fun_bc",
    "fun_native",
    "gen_instance",
    "mp_obj_gen",
    "mp_globals",
    "mp_locals",
    "sighandler",
    "import",
    "do_load",
    "mp_call_function_1_protected",
    "mp_unix",
    "vstr",
    "pyexec",
    "parse_compile_execute",
];

/// What is at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The virtual machine, ready for an exception.
    VirtualMachine,
    /// A function that must not be interrupted.
    Guarded,
    /// Another function.
    Function,
    /// No known function.
    Unknown,
}

/// The functions of one file, sorted by address.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Symbols {
    functions: Vec<(u64, u64, Place)>,
    /// For each loadable segment: file offset, length, address.
    segments: Vec<(u64, u64, u64)>,
}

impl Symbols {
    /// The functions of the ELF file at `path`, if it contains a virtual machine.
    pub(super) fn read(path: &Path) -> Option<Symbols> {
        let file = File::open(path).ok()?;
        let header = bytes_at(&file, 0, 64)?;
        if header[..6] != *b"\x7fELF\x02\x01" {
            return None;
        }
        let mut segments = Vec::new();
        for entry in table(&file, word(&header, 32)?, half(&header, 54)?, half(&header, 56)?, 56)? {
            if int(&entry, 0)? == 1 {
                segments.push((word(&entry, 8)?, word(&entry, 32)?, word(&entry, 16)?));
            }
        }
        let sections = table(&file, word(&header, 40)?, half(&header, 58)?, half(&header, 60)?, 64)?;
        let symbols = sections.iter().find(|section| int(section, 4) == Some(2))?;
        let names = sections.get(usize::try_from(int(symbols, 40)?).ok()?)?;
        let names = bytes_at(&file, word(names, 24)?, word(names, 32)?)?;
        let symbols = bytes_at(&file, word(symbols, 24)?, word(symbols, 32)?)?;
        let mut functions: Vec<(u64, u64, Place)> =
            symbols.chunks_exact(24).filter_map(|symbol| function(symbol, &names)).collect();
        functions.sort_unstable_by_key(|&(start, ..)| start);
        let complete = functions.iter().any(|&(.., place)| place == Place::VirtualMachine);
        complete.then_some(Symbols { functions, segments })
    }

    /// What is at this offset of the file.
    pub(super) fn place(&self, offset: u64) -> Place {
        let segment = self.segments.iter().find(|(start, length, _)| (*start..start + length).contains(&offset));
        let Some((start, _, address)) = segment else { return Place::Unknown };
        let address = offset - start + address;
        let next = self.functions.partition_point(|&(start, ..)| start <= address);
        match next.checked_sub(1).and_then(|index| self.functions.get(index)) {
            Some(&(start, end, place)) if address < end => match place {
                Place::VirtualMachine if address - start < PROLOGUE => Place::Guarded,
                place => place,
            },
            _ => Place::Unknown,
        }
    }
}

/// A symbol that is a function: its first address, the one after its last, and what it is.
fn function(symbol: &[u8], names: &[u8]) -> Option<(u64, u64, Place)> {
    let (start, length) = (word(symbol, 8)?, word(symbol, 16)?);
    if symbol[4] & 0xF != 2 || length == 0 {
        return None;
    }
    let name = names.get(usize::try_from(int(symbol, 0)?).ok()?..)?.split(|&byte| byte == 0).next()?;
    let name = std::str::from_utf8(name).ok()?;
    let place = if name == VIRTUAL_MACHINE {
        Place::VirtualMachine
    } else if GUARDED.iter().any(|part| name.contains(part)) {
        Place::Guarded
    } else {
        Place::Function
    };
    Some((start, start.checked_add(length)?, place))
}

/// The entries of a header table: `count` entries of `size` bytes, at least `least` each.
fn table(file: &File, offset: u64, size: u16, count: u16, least: u16) -> Option<Vec<Vec<u8>>> {
    if size < least {
        return None;
    }
    let bytes = bytes_at(file, offset, u64::from(size) * u64::from(count))?;
    Some(bytes.chunks_exact(usize::from(size)).map(<[u8]>::to_vec).collect())
}

fn bytes_at(file: &File, offset: u64, length: u64) -> Option<Vec<u8>> {
    if length > TABLE_LIMIT {
        return None;
    }
    let mut bytes = vec![0; usize::try_from(length).ok()?];
    file.read_exact_at(&mut bytes, offset).ok()?;
    Some(bytes)
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

fn int(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinguishes_places() {
        let functions = vec![
            (0x1000, 0x1100, Place::Guarded),
            (0x2000, 0x3000, Place::VirtualMachine),
            (0x3000, 0x3010, Place::Function),
        ];
        let symbols = Symbols { functions, segments: vec![(0x0, 0x100, 0x0), (0x100, 0x5000, 0x1000)] };
        fn case(symbols: &Symbols, offset: u64, place: Place) {
            assert_eq!(symbols.place(offset), place, "{offset:#x}");
        }
        case(&symbols, 0x0, Place::Unknown);
        case(&symbols, 0x100, Place::Guarded);
        case(&symbols, 0x1FF, Place::Guarded);
        case(&symbols, 0x200, Place::Unknown);
        case(&symbols, 0x1100, Place::Guarded);
        case(&symbols, 0x1100 + PROLOGUE, Place::VirtualMachine);
        case(&symbols, 0x2100, Place::Function);
        case(&symbols, u64::MAX, Place::Unknown);
    }

    #[test]
    fn a_file_without_a_virtual_machine_has_no_map() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert_eq!(Symbols::read(&path), None);
        let mut bytes = b"\x7fELF\x02\x01".to_vec();
        for length in [0, 6, 63, 64, 200] {
            bytes.resize(length.max(6), 0xFF);
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(Symbols::read(&path), None);
        }
        assert_eq!(Symbols::read(Path::new("/bin/sh")), None);
    }
}
