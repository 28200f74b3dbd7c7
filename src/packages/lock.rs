//! `belay.lock`: what the packages of a project are, file by file.
//!
//! Uses toml_edit. Invariants: pure; the same packages give the same text, one line per file, so that a change is easy to
//! read; every path in it is safe below the folder of its group.

use super::project::{Project, Settings, place};
use super::source::is_safe;
use crate::error::{Error, Kind, Result};
use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;
use toml_edit::{Document, Item, TableLike, Value};

/// The name of the file.
pub const FILE: &str = "belay.lock";

/// The version of its format.
const VERSION: i64 = 1;

/// Most files of all packages.
const MOST: usize = 20_000;

/// A lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// The settings with which the packages were resolved.
    pub settings: Settings,
    /// The packages, sorted by group and name.
    pub packages: Vec<Locked>,
}

/// A package with its files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locked {
    /// Its group.
    pub group: String,
    /// Its name in the project's file; of a dependency, as its package names it.
    pub name: String,
    /// What the project's file asks for; `None`: other packages need it.
    pub wanted: Option<String>,
    /// Its version; may be empty.
    pub version: String,
    /// Where its manifest is.
    pub source: String,
    /// Names of packages that it needs, sorted.
    pub needs: Vec<String>,
    /// Its files, sorted.
    pub files: Vec<LockedFile>,
}

/// A file of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockedFile {
    /// Its path below the folder of the group.
    pub path: String,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
    /// Where it is fetched.
    pub source: String,
}

impl Lock {
    /// Parses the text of a lock file.
    ///
    /// # Errors
    /// ParseError with its line.
    pub fn parse(file: &Path, text: &str) -> Result<Lock> {
        let problem = |span: Option<Range<usize>>, message: String| {
            let help = "restore the file, or remove it and run `belay-script install`";
            Error::new(Kind::ParseError, message).with_help(help).with_origin(place(file, text, span))
        };
        let document = Document::parse(text).map_err(|error| {
            let message = error.message().lines().map(str::trim).collect::<Vec<_>>().join("; ");
            problem(error.span(), format!("invalid TOML: {message}"))
        })?;
        let table = document.as_table();
        match table.get("version").and_then(Item::as_integer) {
            Some(VERSION) => {}
            Some(other) if other > VERSION => {
                let message = format!("the lock file has version {other}, and this belay-script knows {VERSION}");
                return Err(Error::new(Kind::ParseError, message).with_help("use a newer belay-script"));
            }
            _ => return Err(problem(None, "the lock file has no `version`".to_owned())),
        }
        let number = |key: &str| table.get(key).and_then(Item::as_integer).and_then(|number| u8::try_from(number).ok());
        let settings = Settings {
            index: table.get("index").and_then(Item::as_str).map(str::to_owned),
            bundle: table.get("bundle").and_then(Item::as_str).map(str::to_owned),
            mpy: number("mpy"),
            circuitpython: number("circuitpython"),
        };
        let mut lock = Lock { settings, packages: Vec::new() };
        let packages = table.get("package").and_then(Item::as_array_of_tables);
        for entry in packages.into_iter().flat_map(|packages| packages.iter()) {
            let locked = package(entry).ok_or_else(|| problem(entry.span(), "invalid package".to_owned()))?;
            lock.packages.push(locked);
        }
        if lock.files().count() > MOST {
            return Err(problem(None, format!("the lock file has more than {MOST} files")));
        }
        Ok(lock)
    }

    /// Its text.
    pub fn text(&self) -> String {
        let mut text =
            String::from("# Written by belay-script, for `belay-script install`. Keep it in version control.\n");
        let _ = writeln!(text, "version = {VERSION}");
        let Settings { index, bundle, mpy, circuitpython } = &self.settings;
        for (key, value) in [
            ("index", index.as_deref().map(quoted)),
            ("bundle", bundle.as_deref().map(quoted)),
            ("mpy", mpy.map(|version| version.to_string())),
            ("circuitpython", circuitpython.map(|version| version.to_string())),
        ] {
            if let Some(value) = value {
                let _ = writeln!(text, "{key} = {value}");
            }
        }
        for Locked { group, name, wanted, version, source, needs, files } in &self.packages {
            let _ = write!(text, "\n[[package]]\ngroup = {}\nname = {}\n", quoted(group), quoted(name));
            if let Some(wanted) = wanted {
                let _ = writeln!(text, "wanted = {}", quoted(wanted));
            }
            let _ = writeln!(text, "version = {}\nsource = {}", quoted(version), quoted(source));
            if !needs.is_empty() {
                let needs: Vec<String> = needs.iter().map(|name| quoted(name)).collect();
                let _ = writeln!(text, "needs = [{}]", needs.join(", "));
            }
            text.push_str("files = [\n");
            for LockedFile { path, sha256, source } in files {
                let (path, sha256, source) = (quoted(path), quoted(sha256), quoted(source));
                let _ = writeln!(text, "    {{ path = {path}, sha256 = {sha256}, source = {source} }},");
            }
            text.push_str("]\n");
        }
        text
    }

    /// Sorts everything, and leaves out packages that occur twice.
    pub fn sort(&mut self) {
        for package in &mut self.packages {
            package.needs.sort();
            package.needs.dedup();
            package.files.sort_by(|a, b| a.path.cmp(&b.path));
        }
        self.packages.sort_by(|a, b| (&a.group, &a.name).cmp(&(&b.group, &b.name)));
        self.packages.dedup_by(|a, b| (&a.group, &a.name) == (&b.group, &b.name));
    }

    /// All files, each with its group.
    pub fn files(&self) -> impl Iterator<Item = (&str, &LockedFile)> {
        self.packages.iter().flat_map(|package| package.files.iter().map(|file| (package.group.as_str(), file)))
    }

    /// The package of a group with this name.
    pub fn package(&self, group: &str, name: &str) -> Option<&Locked> {
        self.packages.iter().find(|package| package.group == group && package.name == name)
    }

    /// What the project's file asks for and the lock does not have, or the other way round; empty: it is up to date.
    pub fn differences(&self, project: &Project) -> Vec<String> {
        if self.settings != project.settings {
            return vec!["the settings are others".to_owned()];
        }
        let wanted = project.groups.iter().flat_map(|group| {
            group.packages.iter().map(move |(name, wanted)| (group.name.as_str(), name.as_str(), wanted.as_str()))
        });
        let mut found = Vec::new();
        for (group, name, wanted) in wanted.clone() {
            match self.package(group, name).map(|locked| locked.wanted.as_deref()) {
                Some(Some(locked)) if locked == wanted => {}
                Some(Some(locked)) => found.push(format!("`{name}` is {wanted}, and locked as {locked}")),
                _ => found.push(format!("`{name}` is not locked")),
            }
        }
        let is_wanted =
            |locked: &Locked| wanted.clone().any(|(group, name, _)| locked.group == group && locked.name == name);
        let gone = self.packages.iter().filter(|locked| locked.wanted.is_some() && !is_wanted(locked));
        found.extend(gone.map(|locked| format!("`{}` is locked, and not in the file", locked.name)));
        found
    }
}

/// A string of TOML.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn package(table: &dyn TableLike) -> Option<Locked> {
    let text = |key: &str| table.get(key).and_then(Item::as_str).map(str::to_owned);
    let mut locked = Locked {
        group: text("group").filter(|name| super::project::is_group(name))?,
        name: text("name")?,
        wanted: text("wanted"),
        version: text("version").unwrap_or_default(),
        source: text("source")?,
        ..Locked::default()
    };
    for need in table.get("needs").and_then(Item::as_array).into_iter().flat_map(|needs| needs.iter()) {
        locked.needs.push(need.as_str()?.to_owned());
    }
    for file in table.get("files")?.as_array()? {
        let file = file.as_inline_table()?;
        let text = |key: &str| file.get(key).and_then(Value::as_str).map(str::to_owned);
        let sha256 =
            text("sha256").filter(|hash| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        let path = text("path").filter(|path| is_safe(path))?;
        locked.files.push(LockedFile { path, sha256, source: text("source")? });
    }
    Some(locked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock() -> Lock {
        let file = |path: &str| LockedFile {
            path: path.to_owned(),
            sha256: "ab".repeat(32),
            source: "https://h/\u{e9} \"x\"".to_owned(),
        };
        let package = |group: &str, name: &str, wanted: Option<&str>, needs: &[&str], files: &[&str]| Locked {
            group: group.to_owned(),
            name: name.to_owned(),
            wanted: wanted.map(str::to_owned),
            version: "1.0".to_owned(),
            source: "https://h/p.json".to_owned(),
            needs: needs.iter().map(|name| (*name).to_owned()).collect(),
            files: files.iter().map(|path| file(path)).collect(),
        };
        let mut lock = Lock {
            settings: Settings { index: Some("http://h/pi".to_owned()), mpy: Some(6), ..Settings::default() },
            packages: vec![
                package("main", "b", Some("latest"), &["c", "a", "c"], &["b/y.py", "b/x.py"]),
                package("dev", "z", Some("github:u/z"), &[], &[]),
                package("main", "a", None, &[], &["a.py"]),
            ],
        };
        lock.sort();
        lock
    }

    #[test]
    fn a_lock_is_read_as_it_was_written() {
        let (lock, file) = (lock(), Path::new("belay.lock"));
        let text = lock.text();
        assert_eq!(Lock::parse(file, &text).unwrap(), lock, "{text}");
        assert_eq!(Lock::parse(file, &text).unwrap().text(), text);
        assert_eq!(lock.packages.iter().map(|package| package.name.as_str()).collect::<Vec<_>>(), ["z", "a", "b"]);
        assert_eq!(text.lines().filter(|line| line.starts_with("    { path = ")).count(), 3);
    }

    #[test]
    fn a_damaged_lock_is_refused_with_its_line() {
        let text = lock().text();
        let case = |from: &str, to: &str, message: &str| {
            let changed = text.replace(from, to);
            assert_ne!(changed, text);
            let wrong = Lock::parse(Path::new("belay.lock"), &changed).unwrap_err();
            assert!(wrong.message().contains(message), "{wrong}");
        };
        case("version = 1\n", "", "no `version`");
        case("version = 1\n", "version = 9\n", "knows 1");
        case("\"a.py\"", "\"../a.py\"", "invalid package");
        case("abab", "abxx", "invalid package");
        case("[[package]]", "[[package]", "invalid TOML");
        case("\"dev\"", "\"../dev\"", "invalid package");
    }

    #[test]
    fn a_lock_knows_what_has_changed() {
        let project = |text: &str| Project::parse(Path::new("belay.toml"), text).unwrap();
        let same = "[packages]\nindex = \"http://h/pi\"\nmpy = 6\n[packages.main]\nb = \"latest\"\n[packages.dev]\nz = \"github:u/z\"\n";
        let case = |from: &str, to: &str, expected: &[&str]| {
            assert_eq!(lock().differences(&project(&same.replace(from, to))), expected);
        };
        case("", "", &[]);
        case("\"latest\"", "\"1.0\"", &["`b` is 1.0, and locked as latest"]);
        case("z = \"github:u/z\"", "", &["`z` is locked, and not in the file"]);
        // A dependency that is asked for, too.
        case("b = ", "a = \"2\"\nb = ", &["`a` is not locked"]);
        case("mpy = 6", "", &["the settings are others"]);
    }
}
