//! A folder of this computer that the board sees.
//!
//! Uses [`crate::device`]. Invariant: the folder is removed when the check ends.

use super::bench::Bench;
use super::outcome::{Checked, Outcome, shown};
use crate::disk;
use crate::error::{Error, Kind, Result};
use crate::value::Value;
use tempfile::TempDir;

/// Most bytes of a file that the board wrote.
const MOST: u64 = 64 * 1024;

/// A temporary folder of this computer.
struct Folder(TempDir);

impl Folder {
    fn new() -> Result<Folder> {
        disk::scratch_folder().map(Folder).map_err(|error| cannot(&error))
    }

    fn write(&self, name: &str, content: &[u8]) -> Result<()> {
        disk::create(&self.0.path().join(name), content).map_err(|error| cannot(&error))
    }

    fn read(&self, name: &str) -> Result<Vec<u8>> {
        disk::read(&self.0.path().join(name), MOST).map_err(|error| cannot(&error))
    }
}

fn cannot(error: &std::io::Error) -> Error {
    Error::new(Kind::InternalError, format!("this computer's folder for temporary files cannot be used: {error}"))
}

/// The board reads files, imports a module, and writes a file.
pub fn mount(bench: &mut Bench) -> Checked {
    let folder = Folder::new()?;
    let every: Vec<u8> = (0..=255).collect();
    folder.write("every.bin", &every)?;
    folder.write("selftest_module.py", b"def answer():\n    return 42\n")?;
    bench.device.mount(folder.0.path(), true)?;
    let outcome = use_folder(bench, &folder, &every);
    match bench.device.unmount() {
        Err(error) if outcome.is_ok() => Err(error),
        _ => outcome,
    }
}

fn use_folder(bench: &Bench, folder: &Folder, every: &[u8]) -> Checked {
    let read = bench.exec("open('/remote/every.bin', 'rb').read()")?;
    if read != Value::Bytes(every.to_vec()) {
        return Ok(Outcome::wrong("256 bytes of a file of this computer", shown(&read)));
    }
    let answer = bench.exec("__import__('selftest_module').answer()")?;
    if answer != Value::Int(42) {
        return Ok(Outcome::wrong("a module of this computer is imported", shown(&answer)));
    }
    bench.exec("f = open('/remote/written.bin', 'wb')\nf.write(bytes(range(256)) * 2)\nf.close()\ndel f")?;
    let mut twice = every.to_vec();
    twice.extend_from_slice(every);
    Ok(match folder.read("written.bin")? {
        written if written == twice => Outcome::ok(),
        written => Outcome::wrong("512 bytes that the board wrote", shown(&written)),
    })
}
