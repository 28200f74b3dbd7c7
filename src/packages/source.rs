//! Where a package, or a file of one, is.
//!
//! Pure. Invariant: what comes from a package cannot become a local path unless the package is local itself.

use crate::error::{Error, Kind, Result};
use std::path::{Path, PathBuf};

/// A place from which bytes can be brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An address, `http://` or `https://`.
    Url(String),
    /// A file of this computer.
    File(PathBuf),
}

impl Source {
    /// For messages.
    pub fn text(&self) -> String {
        match self {
            Source::Url(url) => url.clone(),
            Source::File(path) => path.display().to_string(),
        }
    }

    /// For a file that others read: a path is written from `base` on.
    pub fn written(&self, base: &Path) -> String {
        let Source::File(path) = self else { return self.text() };
        let parts =
            path.strip_prefix(base).map(|path| path.components().map(|part| part.as_os_str().to_string_lossy()));
        match parts {
            Ok(parts) => format!("./{}", parts.filter(|part| part != ".").collect::<Vec<_>>().join("/")),
            Err(_) => self.text(),
        }
    }

    /// The place that [`Source::written`] has written.
    pub fn read(text: &str, base: &Path) -> Source {
        match text.starts_with("https://") || text.starts_with("http://") {
            true => Source::Url(text.to_owned()),
            false => Source::File(base.join(text)),
        }
    }

    /// The place that `written` means in the manifest at this place.
    ///
    /// # Errors
    /// ArgumentError if it leads out of a local package, or is of an unknown kind.
    pub fn beside(&self, written: &str, version: &str) -> Result<Source> {
        if let Some(url) = address(written, version)? {
            return Ok(Source::Url(url));
        }
        match self {
            Source::Url(url) => {
                let folder = url.rsplit_once('/').map_or(url.as_str(), |(folder, _)| folder);
                Ok(Source::Url(format!("{folder}/{}", written.trim_start_matches("./"))))
            }
            Source::File(path) => {
                let inside = written.trim_start_matches("./");
                if !is_safe(inside) {
                    let message = format!("the package names `{written}`, which is outside of its folder");
                    return Err(Error::new(Kind::ArgumentError, message).with_help("do not install this package"));
                }
                Ok(Source::File(path.parent().map(|folder| folder.join(inside)).unwrap_or_else(|| inside.into())))
            }
        }
    }
}

/// What names a library of CircuitPython's bundle begins with.
pub const CIRCUP: &str = "circup:";

/// A package, as the user or another package names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Package {
    /// A name in an index.
    Named(String),
    /// A file with a manifest.
    Manifest(Source),
    /// A single module.
    Module(Source),
    /// A library of CircuitPython's bundle.
    Bundled(String),
}

impl Package {
    /// Reads the name of a package. `is_local`: whether it may be a path of this computer.
    ///
    /// # Errors
    /// ArgumentError of an unknown form.
    pub fn parse(text: &str, version: &str, is_local: bool) -> Result<Package> {
        if let Some(name) = text.strip_prefix(CIRCUP).filter(|name| is_name(name)) {
            return Ok(Package::Bundled(name.to_owned()));
        }
        let place = match address(text, version)? {
            Some(url) => Source::Url(url),
            None if is_local
                && (text.starts_with(['.', '/', '~']) || text.ends_with(".json") || text.contains('\\')) =>
            {
                Source::File(PathBuf::from(text))
            }
            None if is_name(text) => return Ok(Package::Named(text.to_owned())),
            None => {
                let help =
                    "use a name of the index, `github:USER/REPOSITORY`, an address, or a folder such as `./driver`";
                return Err(Error::new(Kind::ArgumentError, format!("`{text}` is not a package")).with_help(help));
            }
        };
        let ending =
            place.text().rsplit('/').next().unwrap_or_default().rsplit_once('.').map(|(_, end)| end.to_owned());
        Ok(match (ending.as_deref(), place) {
            (Some("py" | "mpy"), place) => Package::Module(place),
            (Some("json"), place) => Package::Manifest(place),
            (_, Source::Url(url)) => {
                Package::Manifest(Source::Url(format!("{}/package.json", url.trim_end_matches('/'))))
            }
            (_, Source::File(path)) => Package::Manifest(Source::File(path.join("package.json"))),
        })
    }
}

impl Package {
    /// The same package; a relative path starts at `base`.
    pub fn from(self, base: &Path) -> Package {
        let based = |source| match source {
            Source::File(path) => Source::File(base.join(path)),
            source => source,
        };
        match self {
            Package::Named(_) | Package::Bundled(_) => self,
            Package::Manifest(source) => Package::Manifest(based(source)),
            Package::Module(source) => Package::Module(based(source)),
        }
    }
}

/// `NAME@VERSION`, parted. A version of an address or a path is what comes after the last `@` in its last part.
pub fn versioned(text: &str) -> (&str, &str) {
    match text.rsplit_once('@') {
        Some((name, version)) if !name.is_empty() && !version.is_empty() && !version.contains('/') => (name, version),
        // A branch with a slash, of a repository.
        Some((name, version)) if is_repository(name) && !version.is_empty() => (name, version),
        _ => (text, ""),
    }
}

/// Whether a text is an address or a path, and not a name of the index.
pub fn is_address(text: &str) -> bool {
    text.contains(':') || text.starts_with(['.', '/', '~']) && text.len() > 1
}

fn is_repository(text: &str) -> bool {
    ["github:", "gitlab:", "codeberg:"].iter().any(|kind| text.starts_with(kind))
}

/// The address that a text means; `None`: it is none. As mip has it, without a version it is the `HEAD` of a repository.
fn address(text: &str, version: &str) -> Result<Option<String>> {
    if text.starts_with("https://") || text.starts_with("http://") {
        return Ok(Some(text.to_owned()));
    }
    let Some((kind, path)) = text.split_once(':').filter(|_| is_repository(text)) else { return Ok(None) };
    let branch = if version.is_empty() || version == "latest" { "HEAD" } else { version };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let [user, repository, rest @ ..] = parts.as_slice() else {
        let help = format!("write `{kind}:USER/REPOSITORY`, with a folder and `@BRANCH` if needed");
        return Err(Error::new(Kind::ArgumentError, format!("`{text}` names no repository")).with_help(help));
    };
    let base = match kind {
        "github" => format!("https://raw.githubusercontent.com/{user}/{repository}/{branch}"),
        "gitlab" => format!("https://gitlab.com/{user}/{repository}/-/raw/{branch}"),
        _ => format!("https://codeberg.org/{user}/{repository}/raw/{branch}"),
    };
    Ok(Some([&[base.as_str()], rest].concat().join("/")))
}

/// A name of an index: letters, digits, `_`, `-`, `.`.
pub fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') && text.len() <= 100 && text.chars().all(is_plain)
}

/// Whether a path from a package stays below the folder to which it belongs, and can be a file everywhere.
pub fn is_safe(path: &str) -> bool {
    !path.is_empty()
        && path.len() <= 255
        && path.split('/').all(|part| part != "." && part != ".." && crate::disk::is_name(part, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_have_the_forms_of_mip() {
        let url = |url: &str| Source::Url(url.to_owned());
        let case = |text: &str, expected: Package| {
            let (name, version) = versioned(text);
            assert_eq!(Package::parse(name, version, true).unwrap(), expected, "{text}");
        };
        case("umqtt.simple@1.2", Package::Named("umqtt.simple".into()));
        case(
            "github:org/repo@v2",
            Package::Manifest(url("https://raw.githubusercontent.com/org/repo/v2/package.json")),
        );
        case("gitlab:org/repo/lib/a.py", Package::Module(url("https://gitlab.com/org/repo/-/raw/HEAD/lib/a.py")));
        case("codeberg:a/b@x/y", Package::Manifest(url("https://codeberg.org/a/b/raw/x/y/package.json")));
        case("http://h/a/package.json", Package::Manifest(url("http://h/a/package.json")));
        case("https://user@h/dir", Package::Manifest(url("https://user@h/dir/package.json")));
        case("./driver", Package::Manifest(Source::File("./driver/package.json".into())));
        case("circup:adafruit_x@20250131", Package::Bundled("adafruit_x".into()));
        case("/a/b.py", Package::Module(Source::File("/a/b.py".into())));
        for wrong in ["circup:", "circup:../x", "a b", "../../x y@1 /", "github:org", ":x", "", "-rf"] {
            let (name, version) = versioned(wrong);
            assert!(Package::parse(name, version, false).is_err(), "{wrong}");
        }
        // A package may not name a path of this computer.
        assert!(Package::parse("/etc/passwd.json", "", false).is_err());
    }

    #[test]
    fn files_are_beside_their_manifest() {
        let manifest = Source::Url("http://h/a/package.json".into());
        assert_eq!(manifest.beside("b/c.py", "").unwrap(), Source::Url("http://h/a/b/c.py".into()));
        assert_eq!(manifest.beside("http://o/c.py", "").unwrap(), Source::Url("http://o/c.py".into()));
        let local = Source::File("/p/package.json".into());
        assert_eq!(local.beside("./b.py", "").unwrap(), Source::File("/p/b.py".into()));
        assert!(local.beside("../b.py", "").is_err() && local.beside("/etc/passwd", "").is_err());
    }

    #[test]
    fn places_are_read_as_they_were_written() {
        let base = Path::new("/p");
        for (place, text) in [
            (Source::Url("http://h/a.py".into()), "http://h/a.py"),
            (Source::File("/p/./own/a.py".into()), "./own/a.py"),
            (Source::File("/q/a.py".into()), "/q/a.py"),
        ] {
            assert_eq!(place.written(base), text);
            assert_eq!(Source::read(text, base).written(base), text);
        }
    }

    #[test]
    fn targets_stay_below_their_folder() {
        for path in ["a.py", "a/b-c.mpy", "\u{e9}.py"] {
            assert!(is_safe(path), "{path}");
        }
        for path in ["", "/a", "../a", "a/../b", "a//b", "a/", "a\\b", "a:b", "a\nb", "a/./b"] {
            assert!(!is_safe(path), "{path}");
        }
    }
}
