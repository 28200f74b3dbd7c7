//! The commands for a board's file system, and the parsers of their replies. Pure.
//!
//! The helper is `snippets/files.py`. Uses [`crate::value`]. Invariant: every path in a command is a literal, and the memory
//! that a command needs on the board is in proportion to the board's free memory.

use super::command::Command;
use crate::value::Value;
use crate::value::write::string_to;

/// Assumed free memory of a board that does not report it.
const MEMORY_ASSUMED: usize = 16 * 1024;

/// The name of the temporary file of an upload, next to its target.
pub const TEMPORARY: &str = "__belay.tmp";

/// How a board hashes a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// CRC-32, without hashlib.
    Crc32,
    /// FNV-1a of 32 bits, in Python, without `binascii.crc32` either.
    Fnv1a,
}

/// Whether the reply to [`Facts::command`] says that the board needs a helper to hash.
pub fn lacks_hash(facts: &Value) -> bool {
    matches!(facts, Value::Tuple(fields) if fields.first() == Some(&Value::Int(3)))
}

impl Hash {
    /// Bytes of a digest as boards send it.
    pub fn length(self) -> usize {
        match self {
            Hash::Sha256 => 32,
            Hash::Crc32 | Hash::Fnv1a => 8,
        }
    }
}

/// How bytes reach a program that runs on the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Not at all: they travel as literals in code.
    Literals,
    /// As text (`sys.stdin`), in base64.
    Text,
    /// Unchanged (`sys.stdin.buffer`).
    Binary,
}

/// What a board's file system can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// How it hashes.
    pub hash: Hash,
    /// How it receives.
    pub channel: Channel,
    /// Whether it can unpack what was compressed (`deflate`).
    pub deflate: bool,
    /// Bytes of free memory, as far as known.
    pub memory: usize,
}

impl Facts {
    /// The command that asks for them; [`Facts::from_value`] parses its reply.
    pub fn command() -> Command {
        Command::expression("__belay_ff()")
    }

    /// Parses the reply. `None` if it is invalid.
    pub fn from_value(value: &Value) -> Option<Facts> {
        let Value::Tuple(fields) = value else { return None };
        let [Value::Int(hash), Value::Int(channel), Value::Int(deflate), memory] = fields.as_slice() else {
            return None;
        };
        Some(Facts {
            hash: match hash {
                0 => Hash::Sha256,
                1 => Hash::Crc32,
                _ => Hash::Fnv1a,
            },
            channel: match channel {
                2 => Channel::Binary,
                1 => Channel::Text,
                _ => Channel::Literals,
            },
            deflate: *deflate != 0,
            memory: match memory {
                Value::Int(free) => usize::try_from(*free).unwrap_or(0),
                _ => MEMORY_ASSUMED,
            },
        })
    }

    /// For a board that ran out of memory: facts that need half of it. `None` if that is next to nothing.
    pub fn smaller(self) -> Option<Facts> {
        Some(Facts { memory: self.memory / 2, ..self }).filter(|facts| facts.memory >= 1024)
    }

    /// Bytes of a buffer through which a file is read on the board.
    pub fn buffer(&self) -> usize {
        (self.memory / 16).clamp(128, 4096)
    }

    /// Bytes of source, mainly paths, that one command may have.
    pub fn source(&self) -> usize {
        (self.memory / 32).clamp(160, 16 * 1024)
    }

    /// Bytes of a file that one reply may contain.
    pub fn piece(&self) -> usize {
        (self.memory / 16).clamp(192, 48 * 1024)
    }
}

/// An entry of a directory on a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry {
    /// The absolute path.
    pub path: String,
    /// Bytes of a file; `None`: a directory.
    pub size: Option<u64>,
}

/// Some entries of a walk through a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walked {
    /// The entries; a directory precedes its contents.
    pub entries: Vec<FileEntry>,
    /// Whether there are more: [`walk`] with `None` continues.
    pub more: bool,
}

/// Walks the tree below `root` (`None`: continues), for as many entries as fit the board's memory.
pub fn walk(root: Option<&str>, facts: &Facts) -> Command {
    Command::expression(&walk_code(root, facts))
}

/// The replies to [`walk`] and [`space`] of a directory, as a pair.
pub fn survey(root: &str, facts: &Facts) -> Command {
    Command::expression(&format!("({},{})", walk_code(Some(root), facts), space_code(root)))
}

fn walk_code(root: Option<&str>, facts: &Facts) -> String {
    let root = root.map_or_else(|| "None".to_owned(), |root| literal(root.trim_end_matches('/')));
    let budget = (facts.memory / 48).clamp(60, 16 * 1024);
    format!("__belay_fw({root},{budget})")
}

/// The entries of one directory; [`entries`] parses the reply.
pub fn directory(path: &str) -> Command {
    Command::expression(&format!("list(__belay_fi({}))", literal(path.trim_end_matches('/'))))
}

/// Parses the reply to [`walk`].
pub fn walked(value: &Value) -> Option<Walked> {
    let Value::Tuple(fields) = value else { return None };
    let [found, Value::Int(open)] = fields.as_slice() else { return None };
    Some(Walked { entries: entries(found)?, more: *open > 0 })
}

/// Parses a list of paths and sizes.
pub fn entries(value: &Value) -> Option<Vec<FileEntry>> {
    let Value::List(found) = value else { return None };
    let entry = |value: &Value| match value {
        Value::Tuple(fields) => match fields.as_slice() {
            [Value::Str(path), Value::Int(size)] => {
                Some(FileEntry { path: path.clone(), size: u64::try_from(*size).ok() })
            }
            _ => None,
        },
        _ => None,
    };
    found.iter().map(entry).collect()
}

/// Digests of files, concatenated, as bytes.
pub fn hashes<'a>(paths: impl IntoIterator<Item = &'a str>, facts: &Facts) -> Command {
    let list = list(paths);
    Command::expression(&format!("b''.join([__belay_fh(p,{})for p in {list}])", facts.buffer()))
}

/// A change of the file system, applied to several paths in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Makes directories.
    MakeDirectory,
    /// Removes files.
    Remove,
    /// Removes empty directories.
    RemoveDirectory,
}

/// Applies `change` to `paths` until one fails; [`changed`] parses the reply.
pub fn change<'a>(change: Change, paths: impl IntoIterator<Item = &'a str>) -> Command {
    let function = match change {
        Change::MakeDirectory => "mkdir",
        Change::Remove => "remove",
        Change::RemoveDirectory => "rmdir",
    };
    let mut list = String::new();
    for path in paths {
        list.push('(');
        string_to(&mut list, path);
        list.push_str(",),");
    }
    Command::expression(&format!("__belay_fx(__belay_fo.{function},[{list}])"))
}

/// Renames a file or directory; [`changed`] parses the reply.
pub fn rename(from: &str, to: &str) -> Command {
    Command::expression(&format!("__belay_fx(__belay_fo.rename,[({},{})])", literal(from), literal(to)))
}

/// Parses the reply to a change: how many paths were changed, and the number of the error that ended it, 0 for none.
pub fn changed(value: &Value) -> Option<(usize, i64)> {
    let Value::Tuple(fields) = value else { return None };
    match fields.as_slice() {
        [Value::Int(done), Value::Int(error)] => Some((usize::try_from(*done).ok()?, *error)),
        // An error without a number.
        [Value::Int(done), _] => Some((usize::try_from(*done).ok()?, 5)),
        _ => None,
    }
}

/// The space of the file system of `path`: bytes per block, total blocks, free blocks.
pub fn space(path: &str) -> Command {
    Command::expression(&space_code(path))
}

fn space_code(path: &str) -> String {
    format!("__belay_fo.statvfs({})[:4]", literal(path))
}

/// Commands that ask which file system is mounted at `/`; the first that a board can run gives the reply for [`is_host_root`].
/// MicroPython lists its mounts (`vfs.mount()` without arguments), CircuitPython has `storage.getmount`.
pub fn roots() -> [Command; 2] {
    [
        Command::expression("[str(type(m[0]))for m in __import__('vfs').mount()if m[1]=='/']"),
        Command::expression("[str(type(__import__('storage').getmount('/')))]"),
    ]
}

/// Whether the file system at `/` is that of the computer on which the interpreter runs (VfsPosix).
pub fn is_host_root(answer: &Value) -> Option<bool> {
    let Value::List(types) = answer else { return None };
    Some(types.iter().any(|kind| matches!(kind, Value::Str(name) if name.contains("'VfsPosix'"))))
}

/// The kind of a path; [`status`] parses the reply.
pub fn stat(path: &str) -> Command {
    Command::expression(&format!("__belay_fk({})", literal(path)))
}

/// The kind of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A regular file with this number of bytes.
    File(u64),
    /// A directory.
    Directory,
    /// Not accessible, with this error number.
    Error(i64),
}

/// Parses the reply to [`stat`].
pub fn status(value: &Value) -> Option<Status> {
    let Value::Tuple(fields) = value else { return None };
    match fields.as_slice() {
        [Value::Int(mode), _] if mode & 0x4000 != 0 => Some(Status::Directory),
        [Value::Int(_), Value::Int(size)] => Some(Status::File(u64::try_from(*size).unwrap_or(0))),
        [Value::None, Value::Int(number)] => Some(Status::Error(*number)),
        // An error without a number.
        [Value::None, _] => Some(Status::Error(5)),
        _ => None,
    }
}

/// `text` as a Python literal.
pub fn literal(text: &str) -> String {
    let mut quoted = String::new();
    string_to(&mut quoted, text);
    quoted
}

fn list<'a>(paths: impl IntoIterator<Item = &'a str>) -> String {
    let mut list = String::from("[");
    for path in paths {
        string_to(&mut list, path);
        list.push(',');
    }
    list.push(']');
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse::parse;

    #[test]
    fn answers_are_read() {
        let facts = Facts::from_value(&parse("(0, 2, 1, 150000)").unwrap()).unwrap();
        assert_eq!((facts.hash, facts.channel, facts.deflate), (Hash::Sha256, Channel::Binary, true));
        let small = Facts::from_value(&parse("(2, 0, 0, None)").unwrap()).unwrap();
        assert_eq!((small.hash, small.channel, small.memory), (Hash::Fnv1a, Channel::Literals, MEMORY_ASSUMED));
        let walked = walked(&parse("([('/lib', -1), ('/lib/a b.py', 4096)], 1)").unwrap()).unwrap();
        let lib = FileEntry { path: "/lib".to_owned(), size: None };
        assert_eq!(
            walked,
            Walked { entries: vec![lib, FileEntry { path: "/lib/a b.py".to_owned(), size: Some(4096) }], more: true }
        );
        assert_eq!(changed(&parse("(2, 28)").unwrap()), Some((2, 28)));
        assert_eq!(changed(&parse("(0, 'x')").unwrap()), Some((0, 5)));
        assert_eq!(status(&parse("(32768, 7)").unwrap()), Some(Status::File(7)));
        assert_eq!(status(&parse("(16384, 0)").unwrap()), Some(Status::Directory));
        assert_eq!(status(&parse("(None, 2)").unwrap()), Some(Status::Error(2)));
        for nonsense in ["None", "(1,)", "('a', 1)", "[1]"] {
            let value = parse(nonsense).unwrap();
            assert!(Facts::from_value(&value).is_none() && super::walked(&value).is_none(), "{nonsense}");
            assert!(changed(&value).is_none() && status(&value).is_none(), "{nonsense}");
        }
    }

    #[test]
    fn paths_are_literals() {
        let code = change(Change::Remove, ["/it's", "/a\nb"]);
        assert_eq!(code.code(), "__belay(__belay_fx(__belay_fo.remove,[(\"/it's\",),('/a\\nb',),]))");
        assert_eq!(
            walk(Some("/"), &Facts::from_value(&parse("(0, 2, 1, 9000)").unwrap()).unwrap()).code(),
            "__belay(__belay_fw('',187))"
        );
    }
}
