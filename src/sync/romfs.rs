//! Images of ROMFS, MicroPython's read-only file system: <https://docs.micropython.org/en/latest/reference/romfs.html>.
//!
//! An image is a tree of records: a kind and a length, each in 7 bits a byte with the highest first, then the content. Uses
//! [`crate::disk`]. Invariant: the same folder gives the same image.

use super::compile::Compiler;
use super::ignore::Ignore;
use crate::bound;
use crate::disk;
use crate::error::{Error, Kind, Result};
use std::fs;
use std::path::Path;

/// What an image begins with: the kind of its record, which reads as `RM1` with the highest bits set.
const MAGIC: [u8; 3] = [0xd2, 0xcd, 0x31];
/// Kinds of records.
const VERBATIM: u64 = 2;
const DIRECTORY: u64 = 4;
const FILE: u64 = 5;
/// Deepest folder: a symlink may lead back.
const DEEPEST: usize = 32;

/// An image, and what went into it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How many files are in it.
    pub files: usize,
    /// How many of them were compiled.
    pub compiled: usize,
}

/// Builds an image of a folder, in the order of names. `compiler`: compiles `.py` files that have no `.mpy` file beside them. The
/// files that a sync ignores by default are left out.
///
/// # Errors
/// ArgumentError if the folder or a file cannot be read; those of the compiler.
pub fn build(folder: &Path, compiler: Option<&Compiler>) -> Result<Image> {
    let mut builder =
        Builder { compiler, ignore: Ignore::of_folder(None, folder)?, image: Image::default(), left: bound::FILE };
    let content = builder.folder(folder, "", 0)?;
    builder.image.bytes = whole(&content);
    Ok(builder.image)
}

/// The length of the image that `bytes` begin with; `None`: they are not an image.
pub fn length(bytes: &[u8]) -> Option<u64> {
    let rest = bytes.strip_prefix(&MAGIC)?;
    let mut size = 0_u64;
    for (index, byte) in rest.iter().enumerate().take(10) {
        size = size.checked_mul(128)? | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return size.checked_add((MAGIC.len() + index + 1) as u64);
        }
    }
    None
}

/// The record of the whole image; its length is even.
fn whole(content: &[u8]) -> Vec<u8> {
    let mut size = Vec::new();
    number(&mut size, content.len() as u64);
    if (MAGIC.len() + size.len() + content.len()) % 2 == 1 {
        size.insert(0, 0x80);
    }
    [&MAGIC[..], &size, content].concat()
}

fn number(out: &mut Vec<u8>, value: u64) {
    let digits = (1..10).take_while(|digit| value >> (7 * digit) != 0).count();
    for digit in (0..=digits).rev() {
        let more = if digit > 0 { 0x80 } else { 0 };
        out.push(((value >> (7 * digit)) & 0x7f) as u8 | more);
    }
}

fn record(kind: u64, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 8);
    number(&mut out, kind);
    number(&mut out, content.len() as u64);
    out.extend_from_slice(content);
    out
}

/// A record that begins with a name.
fn named(kind: u64, name: &str, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len() + content.len() + 2);
    number(&mut out, name.len() as u64);
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(content);
    record(kind, &out)
}

struct Builder<'a> {
    compiler: Option<&'a Compiler>,
    ignore: Ignore,
    image: Image,
    /// Bytes that files may still have.
    left: u64,
}

impl Builder<'_> {
    /// The records of what is in a folder; `path`: its path in the image, which ends with a slash unless it is empty.
    fn folder(&mut self, folder: &Path, path: &str, depth: usize) -> Result<Vec<u8>> {
        let failed = |error: std::io::Error| unreadable(folder, &error);
        if depth > DEEPEST {
            let message = format!("the folders below `{}` are nested too deeply", folder.display());
            return Err(
                Error::new(Kind::ArgumentError, message).with_help("remove symlinks that lead back to a parent")
            );
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let name = name.into_string().map_err(|name| {
                Error::new(Kind::ArgumentError, format!("the name `{}` is not valid UTF-8", name.display()))
                    .with_help("rename the file")
            })?;
            names.push(name);
        }
        names.sort_unstable();
        let mut content = Vec::new();
        for name in &names {
            let file = folder.join(name);
            let about = fs::metadata(&file).map_err(|error| unreadable(&file, &error))?;
            let inner = format!("{path}{name}");
            if self.ignore.is_ignored(&inner, about.is_dir()) {
                continue;
            }
            if about.is_dir() {
                let inside = self.folder(&file, &format!("{inner}/"), depth + 1)?;
                content.extend(named(DIRECTORY, name, &inside));
                continue;
            }
            let bytes = disk::read(&file, self.left).map_err(|error| unreadable(&file, &error))?;
            self.left -= bytes.len() as u64;
            self.image.files += 1;
            let source = name.strip_suffix(".py").map(|stem| format!("{stem}.mpy"));
            let compiled = match (self.compiler, source.filter(|compiled| !names.contains(compiled))) {
                (Some(compiler), Some(name)) => {
                    self.image.compiled += 1;
                    Some((name, compiler.compile(&file.display().to_string(), &bytes, &inner)?))
                }
                _ => None,
            };
            let (name, bytes) = compiled.as_ref().map_or((name, &bytes), |(name, bytes)| (name, bytes));
            content.extend(named(FILE, name, &record(VERBATIM, bytes)));
        }
        Ok(content)
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    let message = format!("`{}` cannot be read: {}", path.display(), disk::reason(error));
    Error::new(Kind::ArgumentError, message).with_help("name a readable folder; an image has at most 64 MiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(files: &[(&str, &[u8])]) -> Image {
        let folder = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        build(folder.path(), None).unwrap()
    }

    /// The example of MicroPython's documentation of the format, and what follows from it.
    #[test]
    fn records_are_nested_and_of_even_length() {
        assert_eq!(image(&[]).bytes, b"\xd2\xcd\x31\x00");
        let one = image(&[("a.txt", b"hi")]);
        assert_eq!(one.bytes, b"\xd2\xcd\x31\x0c\x05\x0a\x05a.txt\x02\x02hi");
        // One byte more is made even in front of the content.
        let odd = image(&[("a.txt", b"hi!")]);
        assert_eq!(odd.bytes, b"\xd2\xcd\x31\x80\x0d\x05\x0b\x05a.txt\x02\x03hi!");
        let nested = image(&[("lib/b.py", b""), ("a.py", b"1"), ("__pycache__/a.pyc", b"no")]);
        assert_eq!(nested.files, 2);
        assert_eq!(
            nested.bytes,
            b"\xd2\xcd\x31\x80\x19\x05\x08\x04a.py\x02\x011\x04\x0d\x03lib\x05\x07\x04b.py\x02\x00"
        );
    }

    #[test]
    fn the_length_is_read_back() {
        for size in [0, 1, 100, 127, 128, 300, 20_000, 70_000] {
            let mut bytes = image(&[("a.bin", &vec![7; size])]).bytes;
            let whole = bytes.len() as u64;
            assert_eq!(length(&bytes), Some(whole), "{size}");
            bytes.extend([0xff; 10]);
            assert_eq!(length(&bytes), Some(whole));
        }
        for bytes in [
            &b""[..],
            b"\xd2\xcd",
            b"\xff\xff\xff\xff",
            b"\xd2\xcd\x31\x80\x80",
            &[0xd2, 0xcd, 0x31, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(length(bytes), None, "{bytes:?}");
        }
    }
}
