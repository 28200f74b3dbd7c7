//! The picture of a question: where its file is, and what kind of picture it holds.
//!
//! Uses [`crate::disk`]. Invariant: a picture that is returned has bytes, and a PNG has a valid header.

use crate::bound;
use crate::disk;
use crate::error::{Error, Kind, Result};
use std::path::{Path, PathBuf};

/// The first bytes of every PNG (PNG specification, section 5.2).
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A picture in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The bytes of the file.
    pub bytes: Vec<u8>,
    /// Width and height of a PNG, in pixels; `None`: another format.
    pub size: Option<(u32, u32)>,
}

/// The file of the picture that a script names: a relative path starts at the folder of the script, or, of an input of a session,
/// at the current folder.
pub fn file_of(script: &str, path: &str) -> PathBuf {
    let is_file = !script.starts_with('<') && !script.starts_with("std/");
    match Path::new(script).parent().filter(|_| is_file) {
        Some(folder) => folder.join(path),
        None => PathBuf::from(path),
    }
}

/// Reads a picture.
///
/// # Errors
/// ArgumentError if the file does not exist, if it cannot be read, or if it is empty or an invalid PNG.
pub fn read(file: &Path) -> Result<Picture> {
    let shown = file.display();
    let wrong = |message: String, help: &str| Error::new(Kind::ArgumentError, message).with_help(help);
    let bytes = disk::read(file, bound::FILE).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            wrong(format!("picture not found: `{shown}`"), "a relative path starts at the folder of the script")
        }
        _ => wrong(format!("the picture `{shown}` cannot be read: {}", disk::reason(&error)), "check the path"),
    })?;
    let is_png = bytes.starts_with(PNG);
    let size = if is_png { png_size(&bytes) } else { None };
    let is_named_png = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
    if bytes.is_empty() || (is_png || is_named_png) && size.is_none() {
        return Err(wrong(format!("`{shown}` is not a valid picture"), "use a PNG"));
    }
    Ok(Picture { bytes, size })
}

/// The size in the header of a PNG (PNG specification, section 11.2.1).
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes.get(PNG.len()..)?.strip_prefix(b"\0\0\0\x0dIHDR")?;
    let number = |bytes: Option<&[u8]>| Some(u32::from_be_bytes(bytes?.try_into().ok()?));
    let size = (number(header.get(..4))?, number(header.get(4..8))?);
    (size.0 > 0 && size.1 > 0).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_start_at_the_script() {
        for (script, path, file) in [
            ("lab/a.rhai", "plug.png", "lab/plug.png"),
            ("a.rhai", "plug.png", "plug.png"),
            ("lab/a.rhai", "/tmp/plug.png", "/tmp/plug.png"),
            ("<3>", "plug.png", "plug.png"),
        ] {
            assert_eq!(file_of(script, path), Path::new(file));
        }
    }

    #[test]
    fn invalid_pictures_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let case = |name: &str, bytes: &[u8]| {
            let file = folder.path().join(name);
            std::fs::write(&file, bytes).unwrap();
            read(&file)
                .map(|picture| picture.size)
                .map_err(|error| error.message().replace(&*file.to_string_lossy(), name))
        };
        let header = [PNG, b"\0\0\0\x0dIHDR\0\0\0\x02\0\0\0\x03"].concat();
        assert_eq!(case("a.png", &header), Ok(Some((2, 3))));
        assert_eq!(case("a.jpg", b"\xff\xd8\xff"), Ok(None));
        for (name, bytes) in [("empty.jpg", &b""[..]), ("text.png", b"text"), ("cut.jpg", &header[..20])] {
            assert_eq!(case(name, bytes), Err(format!("`{name}` is not a valid picture")));
        }
        let gone = read(&folder.path().join("gone.png")).unwrap_err();
        assert!(gone.message().starts_with("picture not found: `"), "{gone:?}");
    }
}
