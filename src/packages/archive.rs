//! Reads files out of a zip archive in memory.
//!
//! Uses rawzip for the format, and miniz_oxide to unpack. Invariant: no more than the limit is unpacked, and a file has the size and the
//! checksum that the archive says.

use crate::error::{Error, Kind, Result};
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use rawzip::{CompressionMethod, ZipArchive, ZipVerification};

/// Most entries of an archive.
const MOST: usize = 50_000;

/// The paths of the files in an archive. `place`: where it is, for errors.
///
/// # Errors
/// ArgumentError if it is not a zip archive, or has too many files.
pub fn names(bytes: &[u8], place: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    visit(bytes, place, &mut |name, _| {
        names.push(name.to_owned());
        Ok(false)
    })?;
    Ok(names)
}

/// The content of a file in an archive, at most `most` bytes; `None`: it is not there.
///
/// # Errors
/// As [`names`]; of a file that is damaged, too long, or packed in an unknown way.
pub fn content(bytes: &[u8], path: &str, most: u64, place: &str) -> Result<Option<Vec<u8>>> {
    let mut found = None;
    visit(bytes, place, &mut |name, entry| {
        if name == path {
            found = Some(entry(most)?);
        }
        Ok(found.is_some())
    })?;
    Ok(found)
}

/// Unpacks a file, up to a number of bytes.
type Unpack<'a> = &'a dyn Fn(u64) -> Result<Vec<u8>>;

/// Calls `work` for each file until it returns true.
fn visit(bytes: &[u8], place: &str, work: &mut dyn FnMut(&str, Unpack<'_>) -> Result<bool>) -> Result<()> {
    let wrong = |why: &str| {
        Error::new(Kind::ArgumentError, format!("`{place}` cannot be unpacked: {why}"))
            .with_help("try again, or use another version of the bundle")
    };
    let damaged = |error: rawzip::Error| wrong(&error.to_string());
    let archive = ZipArchive::from_slice(bytes).map_err(damaged)?;
    let mut entries = archive.entries();
    let mut count = 0;
    while let Some(header) = entries.next_entry().map_err(damaged)? {
        count += 1;
        if count > MOST {
            return Err(wrong(&format!("it has more than {MOST} files")));
        }
        // Skips a path that leads out of the archive's folder.
        let Ok(path) = header.file_path().try_normalize() else { continue };
        if header.is_dir() {
            continue;
        }
        let unpack = |most: u64| {
            let entry = archive.get_entry(header.wayfinder()).map_err(damaged)?;
            let claim = entry.claim_verifier();
            if claim.uncompressed_size > most {
                return Err(wrong(&format!("`{}` is longer than {}", path.as_str(), crate::bound::shown(most))));
            }
            let limit = usize::try_from(most).unwrap_or(usize::MAX);
            let content = match header.compression_method() {
                CompressionMethod::STORE => entry.data().to_vec(),
                CompressionMethod::DEFLATE => {
                    decompress_to_vec_with_limit(entry.data(), limit).map_err(|_| wrong("it is damaged"))?
                }
                _ => return Err(wrong("it is packed in an unknown way")),
            };
            let is = ZipVerification { crc: crc32fast::hash(&content), uncompressed_size: content.len() as u64 };
            claim.valid(is).map_err(damaged)?;
            Ok(content)
        };
        if work(path.as_str(), &unpack)? {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;

    /// Made by Python's zipfile: a file as it is, a packed one, a folder, and a comment.
    const ARCHIVE: &str = "\
        UEsDBBQAAAAAAAAAIQCIWWAhBAAAAAQAAAAVAAAAYi05LngtbXB5LTEvbGliL3gubXB5QwYAH1BLAwQUAAAACAAAACEASOi3phAA\
        AAC8AgAAHQAAAGItOS54LW1weS0xL2xpYi9wL19faW5pdF9fLnB5U1YoSa0o4VIepUapoUYBAFBLAwQUAAAAAAAAACEAAAAAAAAA\
        AAAAAAAAEgAAAGItOS54LW1weS0xL2xpYi9wL1BLAQIUAxQAAAAAAAAAIQCIWWAhBAAAAAQAAAAVAAAAAAAAAAAAAACAAQAAAABi\
        LTkueC1tcHktMS9saWIveC5tcHlQSwECFAMUAAAACAAAACEASOi3phAAAAC8AgAAHQAAAAAAAAAAAAAAgAE3AAAAYi05LngtbXB5\
        LTEvbGliL3AvX19pbml0X18ucHlQSwECFAMUAAAAAAAAACEAAAAAAAAAAAAAAAAAEgAAAAAAAAAAAAAAgAGCAAAAYi05LngtbXB5\
        LTEvbGliL3AvUEsFBgAAAAADAAMAzgAAALIAAAAcAHsiYnVpbGQtdG9vbHMtdmVyc2lvbiI6ICIxIn0=";

    #[test]
    fn files_come_out_of_an_archive() {
        let bytes = base64::engine::general_purpose::STANDARD.decode(ARCHIVE).unwrap();
        assert_eq!(names(&bytes, "z").unwrap(), ["b-9.x-mpy-1/lib/x.mpy", "b-9.x-mpy-1/lib/p/__init__.py"]);
        let content = |bytes: &[u8], path: &str, most| content(bytes, path, most, "z");
        assert_eq!(content(&bytes, "b-9.x-mpy-1/lib/x.mpy", 4).unwrap().unwrap(), b"C\x06\x00\x1f");
        let text = content(&bytes, "b-9.x-mpy-1/lib/p/__init__.py", 700).unwrap().unwrap();
        assert_eq!(text, b"# text\n".repeat(100));
        assert_eq!(content(&bytes, "b-9.x-mpy-1/lib/y.mpy", 4).unwrap(), None);
        assert!(content(&bytes, "b-9.x-mpy-1/lib/p/__init__.py", 699).unwrap_err().message().contains("longer than"));
        // A changed byte is noticed.
        let mut changed = bytes.clone();
        let place = bytes.windows(2).position(|pair| pair == b"C\x06").unwrap();
        changed[place] ^= 1;
        assert!(content(&changed, "b-9.x-mpy-1/lib/x.mpy", 4).is_err());
        assert!(names(&bytes[..100], "z").is_err() && names(b"", "z").is_err());
    }
}
