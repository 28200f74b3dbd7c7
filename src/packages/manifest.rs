//! What a package consists of: `package.json`, and the answers of an index, which have the same form.
//!
//! Pure. Invariant: every target of a [`Manifest`] is safe below a folder.

use super::source::is_safe;
use crate::error::{Error, Kind, Result};
use serde_json::Value;

/// Most files, and most dependencies, of a package.
const MOST: usize = 1000;

/// A package's files and dependencies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Its version; empty if it says none.
    pub version: String,
    /// Files of the index: the target, and the beginning of its SHA-256 in hexadecimal.
    pub hashes: Vec<(String, String)>,
    /// Other files: the target, and where it is.
    pub urls: Vec<(String, String)>,
    /// Packages that it needs, with their versions.
    pub dependencies: Vec<(String, String)>,
}

impl Manifest {
    /// Parses a manifest. `place`: where it is, for errors.
    ///
    /// # Errors
    /// ArgumentError if it has another form, or a file of it would leave the target folder.
    pub fn parse(bytes: &[u8], place: &str) -> Result<Manifest> {
        let wrong = |why: &str| wrong(place, why);
        let json: Value = serde_json::from_slice(bytes).map_err(|_| wrong("it is not JSON"))?;
        let object = json.as_object().ok_or_else(|| wrong("it is not an object"))?;
        let pairs = |key: &str| -> Result<Vec<(String, String)>> {
            let Some(list) = object.get(key) else { return Ok(Vec::new()) };
            let list = list.as_array().ok_or_else(|| wrong(&format!("`{key}` is not a list")))?;
            if list.len() > MOST {
                return Err(wrong(&format!("`{key}` has more than {MOST} entries")));
            }
            let pair = |entry: &Value| match entry.as_array().map(Vec::as_slice) {
                Some([first, rest @ ..]) => Some((
                    first.as_str()?.to_owned(),
                    rest.first().and_then(Value::as_str).unwrap_or("latest").to_owned(),
                )),
                _ => None,
            };
            list.iter().map(|entry| pair(entry).ok_or_else(|| wrong(&format!("`{key}` has an odd entry")))).collect()
        };
        let manifest = Manifest {
            version: object.get("version").and_then(Value::as_str).unwrap_or_default().chars().take(50).collect(),
            hashes: pairs("hashes")?,
            urls: pairs("urls")?,
            dependencies: pairs("deps")?,
        };
        if let Some((target, _)) = manifest.hashes.iter().chain(&manifest.urls).find(|(target, _)| !is_safe(target)) {
            let message = format!("`{place}` has a file that would be written outside of its folder: `{target}`");
            return Err(Error::new(Kind::ArgumentError, message).with_help("do not install this package"));
        }
        let is_hash = |hash: &str| (8..=64).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if manifest.hashes.iter().any(|(_, hash)| !is_hash(hash)) {
            return Err(wrong("a hash has another form"));
        }
        Ok(manifest)
    }
}

/// The error for what is not a package. `place`: where it is.
pub(super) fn wrong(place: &str, why: &str) -> Error {
    Error::new(Kind::ArgumentError, format!("`{place}` is not a package: {why}"))
        .with_help("check the name; a package has a `package.json` in MicroPython's form")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_read() {
        let text = br#"{"v": 1, "version": "0.3", "hashes": [["a/b.mpy", "0123abcd"]], "urls": [["c.py", "src/c.py"]],
            "deps": [["aioble", "latest"], ["x"]]}"#;
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let expected = Manifest {
            version: "0.3".to_owned(),
            hashes: vec![pair("a/b.mpy", "0123abcd")],
            urls: vec![pair("c.py", "src/c.py")],
            dependencies: vec![pair("aioble", "latest"), pair("x", "latest")],
        };
        assert_eq!(Manifest::parse(text, "p").unwrap(), expected);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "[]",
            "1",
            r#"{"urls": 1}"#,
            r#"{"urls": [1]}"#,
            r#"{"urls": [[]]}"#,
            r#"{"hashes": [["a", "xyz"]]}"#,
            r#"{"hashes": [["a", "../../etc/x"]]}"#,
            r#"{"urls": [["../a", "b"]]}"#,
            r#"{"urls": [["/boot.py", "b"]]}"#,
        ] {
            assert!(Manifest::parse(text.as_bytes(), "p").is_err(), "{text}");
        }
    }
}
