//! The packages of a project: `[packages]` of `belay.toml` or `station.toml`.
//!
//! Uses toml_edit, which keeps positions. Invariant: a file with anything unknown in `[packages]` is rejected, with its line.

use super::source::{is_address, is_name, is_safe};
use crate::bound;
use crate::disk;
use crate::error::{Error, Kind, Result};
use crate::origin::Origin;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml_edit::{Document, Item, Key, TableLike};

/// The file of a project that has nothing but packages.
pub const FILE: &str = "belay.toml";

/// The station's file, which may have `[packages]` too.
const STATION: &str = "station.toml";

/// The group that boards always get.
pub const MAIN: &str = "main";

/// The table.
pub const TABLE: &str = "packages";

/// What means the latest version.
pub const LATEST: &str = "latest";

/// Scalars of `[packages]`.
const SETTINGS: &[&str] = &["folder", "index", "mpy", "bundle", "circuitpython", "optional"];

/// Most packages of a group, and most groups.
const MOST: usize = 200;

/// The packages of a project, as its file has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    /// The file; its folder is the project's.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
    /// How packages are fetched.
    pub settings: Settings,
    /// Where the packages of `main` are, below the project's folder.
    pub folder: String,
    /// The groups in the order of the file.
    pub groups: Vec<Group>,
}

/// What of a project's file decides which files a package has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Address of the index; `None`: MicroPython's.
    pub index: Option<String>,
    /// Address of CircuitPython's bundle; `None`: that of its makers.
    pub bundle: Option<String>,
    /// The version of `.mpy` files; `None`: source.
    pub mpy: Option<u8>,
    /// The major version of CircuitPython, for bundles; `None`: source.
    pub circuitpython: Option<u8>,
}

/// A group of packages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Whether boards get it only if it is asked for.
    pub optional: bool,
    /// Names, and a version or an address each.
    pub packages: Vec<(String, String)>,
}

impl Project {
    /// The project of a folder; `None`: it has neither `belay.toml` nor a `station.toml` with packages.
    ///
    /// # Errors
    /// ArgumentError if a file cannot be read, ParseError if it is wrong or both have packages.
    pub fn find(folder: &Path) -> Result<Option<Project>> {
        let own = read(&folder.join(FILE))?.map(|text| Project::parse(&folder.join(FILE), &text)).transpose()?;
        let station = match read(&folder.join(STATION))? {
            Some(text) if has_packages(&text) => Some(Project::parse(&folder.join(STATION), &text)?),
            _ => None,
        };
        match (own, station) {
            (Some(own), Some(_)) if has_packages(&own.text) => {
                let message = format!("`{FILE}` and `{STATION}` both have `[packages]`");
                Err(Error::new(Kind::ParseError, message).with_help(format!("keep them in `{FILE}`")))
            }
            (_, Some(station)) => Ok(Some(station)),
            (own, None) => Ok(own),
        }
    }

    /// A project that has no file yet.
    pub fn new(folder: &Path) -> Project {
        Project { file: folder.join(FILE), folder: "lib".to_owned(), ..Project::default() }
    }

    /// Parses the text of a file: of a station's, if it has that name.
    ///
    /// # Errors
    /// ParseError with its line.
    pub fn parse(file: &Path, text: &str) -> Result<Project> {
        Project::parsed(file, text, file.file_name().is_some_and(|name| name == STATION))
    }

    /// Checks the packages in the text of a station's file, whatever its name is.
    ///
    /// # Errors
    /// ParseError with its line.
    pub fn check_station(file: &Path, text: &str) -> Result<()> {
        Project::parsed(file, text, true).map(drop)
    }

    fn parsed(file: &Path, text: &str, is_station: bool) -> Result<Project> {
        let problem = |span: Option<Range<usize>>, message: String, help: &str| {
            Error::new(Kind::ParseError, message).with_help(help).with_origin(place(file, text, span))
        };
        let document = Document::parse(text).map_err(|error| {
            let message = error.message().lines().map(str::trim).collect::<Vec<_>>().join("; ");
            problem(error.span(), format!("invalid TOML: {message}"), "correct this line")
        })?;
        let mut project =
            Project { file: file.to_owned(), text: text.to_owned(), folder: "lib".to_owned(), ..Project::default() };
        if let Some((key, item)) = document.as_table().iter().find(|(key, _)| *key != TABLE).filter(|_| !is_station) {
            let message = format!("unknown key `{key}`");
            let help = "the file has one table, `[packages]`, with its groups: `[packages.main]`, `[packages.dev]`";
            return Err(problem(item.span(), message, help));
        }
        let Some(item) = document.as_table().get(TABLE) else { return Ok(project) };
        let table = item
            .as_table_like()
            .ok_or_else(|| problem(item.span(), "`packages` must be a table".to_owned(), "write `[packages.main]`"))?;
        let mut optional = Vec::new();
        for (key, item) in table.iter() {
            let wrong = |what: &str, help: &str| problem(item.span(), format!("`{key}` must be {what}"), help);
            let string = |what: &str, help: &str| item.as_str().ok_or_else(|| wrong(what, help));
            match key {
                "folder" => {
                    let help = "for example `folder = \"firmware/lib\"`";
                    let folder = string("a folder of the project", help)?.trim_end_matches('/');
                    if !is_safe(folder) || folder.split('/').any(|part| part.starts_with('.')) {
                        return Err(wrong("a folder of the project", help));
                    }
                    folder.clone_into(&mut project.folder);
                }
                "index" | "bundle" => {
                    let help = "for example `index = \"https://micropython.org/pi/v2\"`";
                    let address = string("an address", help)?;
                    if !address.starts_with("https://") && !address.starts_with("http://") {
                        return Err(wrong("an address", help));
                    }
                    let place = if key == "index" { &mut project.settings.index } else { &mut project.settings.bundle };
                    *place = Some(address.trim_end_matches('/').to_owned());
                }
                "mpy" | "circuitpython" => {
                    let version = item.as_integer().and_then(|version| u8::try_from(version).ok());
                    let help = "for example `mpy = 6`, or `circuitpython = 9`";
                    let version = version.ok_or_else(|| wrong("the number of a version", help))?;
                    let place =
                        if key == "mpy" { &mut project.settings.mpy } else { &mut project.settings.circuitpython };
                    *place = Some(version);
                }
                "optional" => {
                    let names = item.as_array().map(|names| names.iter().map(|name| name.as_str()).collect::<Vec<_>>());
                    let names = names.and_then(|names| names.into_iter().collect::<Option<Vec<_>>>());
                    let names = names.ok_or_else(|| wrong("a list of groups", "for example `optional = [\"dev\"]`"))?;
                    optional.extend(names.into_iter().map(str::to_owned));
                }
                _ => match item.as_table_like() {
                    Some(packages) => project.groups.push(group(key, packages, &problem)?),
                    None => {
                        let message = format!("unknown key `{key}`");
                        let help = format!(
                            "write packages below `[packages.main]`; the settings are {}",
                            crate::phrase::all_of(SETTINGS)
                        );
                        return Err(problem(item.span(), message, &help));
                    }
                },
            }
        }
        if project.groups.len() > MOST {
            return Err(problem(item.span(), format!("there are more than {MOST} groups"), "use fewer"));
        }
        for name in optional {
            match project.groups.iter_mut().find(|group| group.name == name) {
                Some(group) if name != MAIN => group.optional = true,
                _ => {
                    let help = format!("write `[packages.{name}]`; `main` cannot be optional");
                    let item = table.get("optional");
                    let span = item.and_then(Item::span);
                    return Err(problem(span, format!("`optional` names no group `{name}`"), &help));
                }
            }
        }
        Ok(project)
    }

    /// The folder of the project.
    pub fn root(&self) -> &Path {
        match self.file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    /// The folder of the project as the user would write it: from the current folder on, if it is below that.
    pub fn shown_root(&self) -> PathBuf {
        let here = Path::new(".");
        match (here.canonicalize(), self.root().canonicalize()) {
            (Ok(current), Ok(real)) => match real.strip_prefix(current) {
                Ok(below) if below.as_os_str().is_empty() => here.to_owned(),
                Ok(below) => below.to_owned(),
                Err(_) => self.root().to_owned(),
            },
            _ => self.root().to_owned(),
        }
    }

    /// The group with this name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// The names of the groups that a board gets: those that are not optional, and the ones in `more`.
    ///
    /// # Errors
    /// ArgumentError if `more` names a group that the file does not have.
    pub fn chosen(&self, more: &[String]) -> Result<Vec<String>> {
        if let Some(name) = more.iter().find(|name| self.group(name).is_none()) {
            let names: Vec<&str> = self.groups.iter().map(|group| group.name.as_str()).collect();
            let help = match crate::name::nearest(name, names.iter().copied()) {
                Some(near) => crate::phrase::did_you_mean(near),
                None => format!("the groups of `{}` are {}", self.file.display(), crate::phrase::all_of(&names)),
            };
            return Err(Error::new(Kind::ArgumentError, format!("unknown group `{name}`")).with_help(help));
        }
        let wanted = self.groups.iter().filter(|group| !group.optional || more.contains(&group.name));
        Ok(wanted.map(|group| group.name.clone()).collect())
    }

    /// Where the files of a group are, below the project's folder.
    pub fn folder_of(&self, group: &str) -> String {
        if group == MAIN { self.folder.clone() } else { format!("{}-{group}", self.folder) }
    }
}

/// Makes an error: the place, what is wrong, and what to do.
type Problem<'a> = dyn Fn(Option<Range<usize>>, String, &str) -> Error + 'a;

/// Reads a group.
fn group(name: &str, table: &dyn TableLike, problem: &Problem<'_>) -> Result<Group> {
    let mut group = Group { name: name.to_owned(), ..Group::default() };
    if !is_group(name) {
        return Err(problem(None, format!("invalid name of a group: `{name}`"), "use letters, digits, `_` and `-`"));
    }
    for (label, item) in table.iter() {
        let span = table.key(label).and_then(Key::span);
        if !is_name(label) {
            let help = "use letters, digits, `_`, `-` and `.`; the address is the value";
            return Err(problem(span, format!("invalid name of a package: `{label}`"), help));
        }
        let help = "for example `aioble = \"latest\"`, `aioble = \"0.6.0\"` or `led = \"github:USER/led@v2\"`";
        let wanted = item.as_str();
        let wanted =
            wanted.ok_or_else(|| problem(item.span(), format!("`{label}` must be a version or an address"), help))?;
        is_wanted(label, wanted).map_err(|message| problem(item.span(), message, help))?;
        group.packages.push((label.to_owned(), wanted.to_owned()));
    }
    if group.packages.len() > MOST {
        return Err(problem(None, format!("the group `{name}` has more than {MOST} packages"), "use fewer"));
    }
    Ok(group)
}

/// Whether this can be the name of a group.
pub fn is_group(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= 50
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        && !SETTINGS.contains(&name)
}

/// Checks the value of a package.
///
/// # Errors
/// What is wrong with it.
pub fn is_wanted(label: &str, wanted: &str) -> Result<(), String> {
    match wanted {
        _ if is_address(wanted) => Ok(()),
        "*" => Ok(()),
        _ if wanted.starts_with(['^', '~', '<', '>', '=', '!']) || wanted.contains(',') => Err(format!(
            "`{label}` has a range of versions, `{wanted}`: use one version, which the lock file pins anyway"
        )),
        _ if is_name(wanted) => Ok(()),
        _ => Err(format!("`{label}` has neither a version nor an address: `{wanted}`")),
    }
}

/// A package of a project as the user would name it for a board: a name or an address, and a version, which may be empty.
pub fn asked(label: &str, wanted: &str) -> (String, String) {
    if is_address(wanted) {
        let (name, version) = super::source::versioned(wanted);
        return (name.to_owned(), version.to_owned());
    }
    let version = if matches!(wanted, LATEST | "*") { "" } else { wanted };
    (label.to_owned(), version.to_owned())
}

fn has_packages(text: &str) -> bool {
    Document::parse(text).is_ok_and(|document| document.as_table().contains_key(TABLE))
}

/// The text of a file, if there is one.
pub(super) fn read(file: &Path) -> Result<Option<String>> {
    match disk::read_text(file, bound::SETTINGS) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let message = format!("`{}` cannot be read: {}", file.display(), disk::reason(&error));
            Err(Error::new(Kind::ArgumentError, message).with_help("use TOML in UTF-8"))
        }
    }
}

/// The line and column of a place in a text.
pub(super) fn place(file: &Path, text: &str, span: Option<Range<usize>>) -> Origin {
    let start = span.map_or(0, |span| span.start).min(text.len());
    let before = text.get(..start).unwrap_or_default();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let line = number(before.matches('\n').count() + 1);
    let column = number(before.rsplit('\n').next().unwrap_or_default().chars().count() + 1);
    Origin::new(&*file.to_string_lossy(), line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Project> {
        Project::parse(Path::new("belay.toml"), text)
    }

    #[test]
    fn a_project_has_groups_of_packages() {
        let text = "[packages]\nfolder = \"firmware/lib/\"\nmpy = 6\noptional = [\"dev\"]\nindex = \"http://h/pi/\"\n\
            [packages.main]\naioble = \"latest\"\n\"umqtt.simple\" = \"1.4.0\"\n[packages.dev]\nled = \"github:u/led@v2\"\n";
        let project = parse(text).unwrap();
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let main = Group {
            name: "main".to_owned(),
            optional: false,
            packages: vec![pair("aioble", "latest"), pair("umqtt.simple", "1.4.0")],
        };
        let dev = Group { name: "dev".to_owned(), optional: true, packages: vec![pair("led", "github:u/led@v2")] };
        assert_eq!(project.groups, [main, dev]);
        assert_eq!(
            project.settings,
            Settings { index: Some("http://h/pi".to_owned()), mpy: Some(6), ..Settings::default() }
        );
        assert_eq!(
            (project.folder_of("main"), project.folder_of("dev")),
            ("firmware/lib".into(), "firmware/lib-dev".into())
        );
        assert_eq!(project.chosen(&[]).unwrap(), ["main"]);
        assert_eq!(project.chosen(&["dev".to_owned()]).unwrap(), ["main", "dev"]);
        assert_eq!(project.chosen(&["dex".to_owned()]).unwrap_err().help(), Some("did you mean `dev`?"));
        assert!(parse("").unwrap().groups.is_empty());
    }

    #[test]
    fn mistakes_are_reported_with_their_line() {
        let case = |text: &str, message: &str, line: u32| {
            let wrong = parse(text).unwrap_err();
            assert!(wrong.message().contains(message), "{text}: {wrong}");
            assert_eq!(wrong.origins()[0].line, line, "{text}: {wrong}");
        };
        case("[packages\n", "invalid TOML", 1);
        case("\n[package]\na = 1\n", "unknown key `package`", 2);
        case("packages = 1\n", "must be a table", 1);
        case("[packages]\naioble = \"1\"\n", "unknown key `aioble`", 2);
        case("[packages]\nfolder = \"../x\"\n", "must be a folder of the project", 2);
        case("[packages]\nfolder = \".git\"\n", "must be a folder of the project", 2);
        case("[packages]\nindex = \"ftp://x\"\n", "must be an address", 2);
        case("[packages]\nmpy = \"6\"\n", "must be the number of a version", 2);
        case("[packages]\noptional = [\"dev\"]\n", "names no group `dev`", 2);
        case("[packages]\noptional = [\"main\"]\n[packages.main]\n", "names no group `main`", 2);
        case("[packages.main]\n\na = 1\n", "must be a version or an address", 3);
        case("[packages.main]\na = \"^1.0\"\n", "range of versions", 2);
        case("[packages.main]\na = \"a b\"\n", "neither a version nor an address", 2);
        case("[packages.main]\n\"../a\" = \"1\"\n", "invalid name of a package", 2);
        let station = |text| Project::check_station(Path::new("bench-3.toml"), text);
        assert!(station("name = \"x\"\n").is_ok() && station("name = \"x\"\n[packages]\na = 1\n").is_err());
    }

    #[test]
    fn a_folder_has_one_file_with_packages() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let found = || {
            Project::find(folder.path()).map(|found| found.map(|project| project.file.file_name().unwrap().to_owned()))
        };
        assert_eq!(found().unwrap(), None);
        write(STATION, "name = \"x\"\n");
        assert_eq!(found().unwrap(), None);
        write(STATION, "name = \"x\"\n[packages.main]\n");
        assert_eq!(found().unwrap().unwrap(), STATION);
        write(FILE, "[packages.main]\n");
        assert!(found().unwrap_err().message().contains("both have"));
        write(STATION, "");
        assert_eq!(found().unwrap().unwrap(), FILE);
    }
}
