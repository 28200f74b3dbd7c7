//! CircuitPython's bundles, in the form that circup uses: releases of a repository, each with a JSON of its libraries and zip archives of
//! their files, one as source and one for each major version of CircuitPython.
//!
//! Invariant: all libraries of one installation come from one release of a bundle.

use super::fetch::{ARCHIVE, Fetcher};
use super::resolve::PackageFile;
use super::source::{Source, is_name, is_safe};
use super::{archive, manifest};
use crate::error::{Error, Kind, Result};
use serde_json::Value;

/// Most bytes of the JSON.
const JSON: u64 = 16 << 20;

/// A release of a bundle.
pub struct Bundle {
    tag: String,
    json: Value,
    place: String,
    archive: String,
    /// The files of the archive.
    names: Vec<String>,
}

/// A library of a bundle.
pub struct Library {
    /// Its version.
    pub version: String,
    /// Names of libraries that it needs.
    pub needs: Vec<String>,
    /// Its files: the target, and where it is.
    pub files: Vec<(String, PackageFile)>,
}

impl Bundle {
    /// Opens a release: the latest one if `tag` is empty. `url`: the repository; `circuitpython`: the major version; `None`: source.
    ///
    /// # Errors
    /// ArgumentError for an unknown release; those of the network.
    pub fn open(fetcher: &Fetcher, url: &str, tag: &str, circuitpython: Option<u8>) -> Result<Bundle> {
        let missing = |what: &str| {
            Error::new(Kind::ArgumentError, format!("bundle not found: `{what}`"))
                .with_help("check `bundle` and the release; a release is a date, such as `circup:NAME@20250131`")
        };
        let tag = match tag {
            "" => {
                let latest = format!("{url}/releases/latest");
                let place = fetcher.leads_to(&latest)?.ok_or_else(|| missing(&latest))?;
                place.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned()
            }
            tag => tag.to_owned(),
        };
        if !is_name(&tag) {
            return Err(missing(&tag));
        }
        let name = url.rsplit('/').next().unwrap_or_default().to_lowercase().replace('_', "-");
        let place = format!("{url}/releases/download/{tag}/{name}-{tag}.json");
        let bytes = fetcher.get(&Source::Url(place.clone()), JSON)?.ok_or_else(|| missing(&place))?;
        let json = serde_json::from_slice(&bytes).map_err(|_| manifest::wrong(&place, "it is not JSON"))?;
        let platforms = circuitpython.map(|version| format!("{version}.x-mpy")).into_iter().chain(["py".to_owned()]);
        for platform in platforms {
            let archive = format!("{url}/releases/download/{tag}/{name}-{platform}-{tag}.zip");
            if let Some(bytes) = fetcher.archive(&archive)? {
                let names = archive::names(&bytes, &archive)?;
                return Ok(Bundle { tag, json, place, archive, names });
            }
        }
        Err(missing(&format!("{name}-py-{tag}.zip")))
    }

    /// The release.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Where its JSON is.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// A library. `package`: its number in the installation.
    ///
    /// # Errors
    /// ArgumentError if the bundle does not have it, or it has a file that would be outside of its folder.
    pub fn library(&self, name: &str, package: usize) -> Result<Library> {
        let entry = self.json.get(name).and_then(Value::as_object).ok_or_else(|| {
            let known = self.json.as_object().into_iter().flat_map(|known| known.keys()).map(String::as_str);
            let help = match crate::name::nearest(name, known) {
                Some(near) => crate::phrase::did_you_mean(near),
                None => "check the name: it is that of the module, such as `adafruit_bme280`".to_owned(),
            };
            let message = format!("package not found: `{name}`, in the bundle `{}`", self.place);
            Error::new(Kind::ArgumentError, message).with_help(help)
        })?;
        let needs = entry.get("dependencies").and_then(Value::as_array).into_iter().flatten();
        let needs = needs.filter_map(Value::as_str).filter(|name| is_name(name)).map(str::to_owned).collect();
        let mut files = Vec::new();
        for path in &self.names {
            // Before it is the folder of the whole archive.
            let Some((_, target)) = path.split_once("/lib/") else { continue };
            let rest = target.strip_prefix(name).unwrap_or_default();
            if !(matches!(rest, ".py" | ".mpy") || rest.starts_with('/')) || !is_safe(target) {
                continue;
            }
            let source = Source::Url(format!("{}#{path}", self.archive));
            files.push((target.to_owned(), PackageFile { source, hash: None, package }));
        }
        if files.is_empty() || files.len() > MOST_FILES {
            let why = format!("it has no library `{name}` that can be used");
            return Err(manifest::wrong(&self.archive, &why));
        }
        let version = entry.get("version").and_then(Value::as_str).unwrap_or_default().chars().take(50).collect();
        Ok(Library { version, needs, files })
    }
}

/// Most files of a library.
const MOST_FILES: usize = 1000;

/// The archive and the path of a file in it, if an address means one.
pub fn member(url: &str) -> Option<(&str, &str)> {
    url.split_once('#').filter(|(archive, path)| archive.ends_with(".zip") && !path.is_empty())
}

/// A file of an archive that has been fetched.
///
/// # Errors
/// ArgumentError if it is not a zip archive, or the file is damaged or too long; of the network.
pub fn unpacked(fetcher: &Fetcher, url: &str, path: &str, most: u64) -> Result<Option<Vec<u8>>> {
    match fetcher.archive(url)? {
        Some(bytes) => archive::content(&bytes, path, most.min(ARCHIVE), url),
        None => Ok(None),
    }
}
