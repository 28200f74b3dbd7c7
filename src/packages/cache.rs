//! Files of packages that have been fetched, in the user's cache folder by their SHA-256.
//!
//! Invariant: what is taken from the cache has the hash by which it is asked for; a cache that cannot be used is as an empty one.

use super::sha256 as hash_of;
use crate::bound;
use crate::disk;
use crate::error::{Error, Kind, Result};
use std::fs;
use std::path::PathBuf;

/// The folder in the program's cache.
const FOLDER: &str = "packages";

/// The folder in it for whole archives, by their addresses.
const ARCHIVES: &str = "archives";

/// The cache.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    folder: Option<PathBuf>,
}

/// A file in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cached {
    /// Its name in the package from which it was fetched first.
    pub name: String,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
}

impl Cache {
    /// The cache of the user.
    pub fn of_user() -> Cache {
        Cache { folder: program_cache().map(|folder| folder.join(FOLDER)) }
    }

    /// The cache in a folder.
    pub fn at(folder: PathBuf) -> Cache {
        Cache { folder: Some(folder) }
    }

    /// Its folder, which may be missing.
    ///
    /// # Errors
    /// FeatureUnavailableError if the system has no cache folder.
    pub fn folder(&self) -> Result<PathBuf> {
        self.folder.clone().ok_or_else(|| {
            Error::new(Kind::FeatureUnavailableError, "the user has no cache folder")
                .with_help("set BELAY_SCRIPT_CACHE to a folder")
        })
    }

    /// The content with this hash.
    pub fn get(&self, sha256: &str, most: u64) -> Option<Vec<u8>> {
        let folder = self.place(sha256)?;
        let file =
            fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).find(|path| path.is_file())?;
        let bytes = disk::read(&file, most).ok()?;
        if hash_of(&bytes) == sha256 {
            return Some(bytes);
        }
        // A damaged file is fetched again.
        let _ = fs::remove_file(file);
        None
    }

    /// An archive that was fetched from this address. Its files have checksums, and those of a project hashes.
    pub fn archive(&self, url: &str, most: u64) -> Option<Vec<u8>> {
        disk::read(&self.place_of_archive(url)?, most).ok()
    }

    /// Keeps an archive, as [`Cache::keep`].
    pub fn keep_archive(&self, url: &str, bytes: &[u8]) {
        if let Some(place) = self.place_of_archive(url) {
            let _ = disk::make_folder(&place).and_then(|()| disk::replace(&place, bytes));
        }
    }

    fn place_of_archive(&self, url: &str) -> Option<PathBuf> {
        let name = url.rsplit('/').next().filter(|name| super::source::is_safe(name))?;
        let folder = self.folder.as_ref()?.join(ARCHIVES);
        Some(folder.join(&hash_of(url.as_bytes())[..16]).join(name))
    }

    /// Keeps a content; a failure is not an error, because everything can be fetched again.
    pub fn keep(&self, name: &str, sha256: &str, bytes: &[u8]) {
        let Some(folder) = self.place(sha256) else { return };
        let name = name.rsplit('/').next().unwrap_or(name);
        if !folder.exists() && fs::create_dir_all(&folder).is_ok() {
            let _ = disk::replace(&folder.join(name), bytes);
        }
    }

    fn place(&self, sha256: &str) -> Option<PathBuf> {
        let is_hash = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        Some(self.folder.as_ref().filter(|_| is_hash)?.join(&sha256[..2]).join(sha256))
    }

    /// What is in it, by name and hash.
    ///
    /// # Errors
    /// As [`Cache::folder`].
    pub fn list(&self) -> Result<Vec<Cached>> {
        let entries = |folder: &PathBuf| {
            let entries = fs::read_dir(folder).into_iter().flatten();
            entries.filter_map(|entry| Some(entry.ok()?.path())).collect::<Vec<_>>()
        };
        let mut found = Vec::new();
        for folder in entries(&self.folder()?).iter().flat_map(entries) {
            let by = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let is_archive = folder.parent().is_some_and(|parent| parent.ends_with(ARCHIVES));
            found.extend(entries(&folder).into_iter().filter_map(|file| {
                let name = file.file_name()?.to_string_lossy().into_owned();
                let sha256 = if is_archive { hash_of(&disk::read(&file, bound::FILE).ok()?) } else { by.clone() };
                Some(Cached { name, sha256, size: file.metadata().ok()?.len() })
            }));
        }
        found.sort_by(|a, b| (&a.name, &a.sha256).cmp(&(&b.name, &b.sha256)));
        Ok(found)
    }

    /// Removes everything from it; returns how many files and bytes these were.
    ///
    /// # Errors
    /// As [`Cache::folder`]; ArgumentError if a file cannot be removed.
    pub fn clear(&self) -> Result<(usize, u64)> {
        let (folder, list) = (self.folder()?, self.list()?);
        match fs::remove_dir_all(&folder) {
            Ok(()) => Ok((list.len(), list.iter().map(|cached| cached.size).sum())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok((0, 0)),
            Err(error) => {
                let message = format!("`{}` cannot be removed: {}", folder.display(), disk::reason(&error));
                Err(Error::new(Kind::ArgumentError, message).with_help("check its permissions"))
            }
        }
    }
}

/// The folder that this program keeps its caches in. `None`: the environment names none.
#[cfg(unix)]
pub fn program_cache() -> Option<PathBuf> {
    crate::port::sim::interpreter::cache_folder().ok()
}

/// The folder that this program keeps its caches in. `None`: the environment names none.
#[cfg(not(unix))]
pub fn program_cache() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder("BELAY_SCRIPT_CACHE").or_else(|| Some(folder("LOCALAPPDATA")?.join("belay-script").join("cache")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_its_hash_is_taken_from_the_cache() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().join("packages"));
        assert_eq!((cache.list().unwrap().len(), cache.clear().unwrap()), (0, (0, 0)));
        let sha256 = hash_of(b"x = 1\n");
        cache.keep("a/x.py", &sha256, b"x = 1\n");
        cache.keep("b/y.py", &sha256, b"x = 1\n");
        cache.keep("no", "../../no", b"");
        assert_eq!(cache.get(&sha256, 100).unwrap(), b"x = 1\n");
        assert_eq!(cache.list().unwrap(), [Cached { name: "x.py".into(), sha256: sha256.clone(), size: 6 }]);
        fs::write(cache.place(&sha256).unwrap().join("x.py"), "damaged").unwrap();
        assert_eq!((cache.get(&sha256, 100), cache.list().unwrap().len()), (None, 0));
        cache.keep("x.py", &"0".repeat(64), b"1");
        cache.keep_archive("http://h/b/c.zip", b"PK");
        assert_eq!(cache.archive("http://h/b/c.zip", 9).unwrap(), b"PK");
        assert_eq!(cache.archive("http://i/b/c.zip", 9), None);
        assert_eq!(cache.list().unwrap()[0], Cached { name: "c.zip".into(), sha256: hash_of(b"PK"), size: 2 });
        assert_eq!(cache.clear().unwrap(), (2, 3));
        assert!(!folder.path().join("packages").exists());
    }
}
