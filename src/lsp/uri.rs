//! Names of documents in the protocol, and names of scripts.
//!
//! Invariant: a `file` URI gives the path that an editor means, and that path its URI.

use lsp_types::Uri;
use std::fmt::Write as _;
use std::path::Path;
use std::str::FromStr as _;

/// The name of a script: the path of a `file` URI, and of others the URI itself.
pub fn name(uri: &Uri) -> String {
    let is_file = uri.scheme().is_some_and(|scheme| scheme.as_str().eq_ignore_ascii_case("file"));
    if !is_file {
        return uri.as_str().to_owned();
    }
    let path = uri.path().as_estr().decode().into_string_lossy().into_owned();
    // A drive has a slash before it in a URI.
    let drive = path.strip_prefix('/').filter(|rest| rest.as_bytes().get(1) == Some(&b':'));
    match drive {
        Some(rest) if cfg!(windows) => rest.to_owned(),
        _ => path,
    }
}

/// The URI of a file.
pub fn of_path(path: &Path) -> Option<Uri> {
    let path = path.to_string_lossy().replace('\\', "/");
    let mut text = String::from(if path.starts_with('/') { "file://" } else { "file:///" });
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) || cfg!(windows) && byte == b':' {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    Uri::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_survive_as_uris() {
        for path in ["/home/a b/é.rhai", "/a%20b/#1?.rhai", "/x/[1]@2:3.rhai"] {
            let uri = of_path(Path::new(path)).unwrap();
            assert_eq!(name(&uri), path, "{}", uri.as_str());
        }
        let read = |text: &str| name(&Uri::from_str(text).unwrap());
        assert_eq!(read("file:///a%20b.rhai"), "/a b.rhai");
        assert_eq!(read("untitled:Untitled-1"), "untitled:Untitled-1");
    }
}
