//! The user configuration: permissions that scripts always have, and recipes, in `config.toml`.
//!
//! It is in the user's configuration folder, never next to a script. Uses [`crate::gate`] and toml_edit. Invariant: a
//! file with anything unknown in it is refused, naming the line.

use super::misuse;
use crate::bench::station::is_recipe_name;
use crate::bound;
use crate::diagnostic::{Diagnostic, Place};
use crate::disk;
use crate::error::Kind;
use crate::gate::{Grant, Permissions};
use crate::origin::Origin;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml_edit::{Document, Item};

/// The name of the file.
const FILE: &str = "config.toml";

/// The folder for configurations: `belay-script` in `XDG_CONFIG_HOME`, else in the system's usual place.
pub fn folder() -> Option<PathBuf> {
    place("XDG_CONFIG_HOME", ".config", "APPDATA")
}

/// The folder for stored decisions: `belay-script` in `XDG_DATA_HOME`, else in the system's usual place.
pub fn data_folder() -> Option<PathBuf> {
    place("XDG_DATA_HOME", ".local/share", "LOCALAPPDATA")
}

fn place(variable: &str, below_home: &str, on_windows: &str) -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let usual = || match cfg!(windows) {
        true => folder(on_windows),
        false => home().map(|home| home.join(below_home)),
    };
    let parent = folder(variable).filter(|path| path.is_absolute()).or_else(usual)?;
    Some(parent.join("belay-script"))
}

fn home() -> Option<PathBuf> {
    let variable = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The permissions that the user always grants to scripts, and the files that scripts never change.
///
/// # Errors
/// If the file cannot be read, or anything in it is wrong.
pub fn permissions() -> Result<Permissions, Diagnostic> {
    let mut permissions = read()?.map_or(Ok(Permissions::default()), |(file, text)| parse(&file, &text))?;
    permissions.protected = [folder(), data_folder()].into_iter().flatten().collect();
    Ok(permissions)
}

/// The file and its text, if there is one.
fn read() -> Result<Option<(PathBuf, String)>, Diagnostic> {
    let Some(file) = folder().map(|folder| folder.join(FILE)).filter(|file| file.exists()) else { return Ok(None) };
    let text = disk::read_text(&file, bound::SCRIPT).map_err(|error| {
        let message = format!("`{}` cannot be read: {}", file.display(), disk::reason(&error));
        misuse(message, "use TOML in UTF-8")
    })?;
    Ok(Some((file, text)))
}

/// Names of recipes with their command lines.
pub type Recipes = Vec<(String, String)>;

/// The user's recipes, and the file in which they are.
///
/// # Errors
/// As [`permissions`].
pub fn recipes() -> Result<(String, Recipes), Diagnostic> {
    let Some((file, text)) = read()? else { return Ok(Default::default()) };
    parse(&file, &text)?;
    let document = Document::parse(text.as_str()).ok();
    let table = document.as_ref().and_then(|document| document.as_table().get("recipes")?.as_table_like());
    let recipes = table.into_iter().flat_map(|table| table.iter());
    let recipes = recipes.filter_map(|(name, item)| Some((name.to_owned(), item.as_str()?.to_owned())));
    Ok((file.display().to_string(), recipes.collect()))
}

/// Expands `~` at the start of a path to the home folder, like a shell.
pub fn expanded(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), home()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

fn parse(file: &Path, text: &str) -> Result<Permissions, Diagnostic> {
    let problem = |span: Option<Range<usize>>, title: String, help: &str| problem(file, text, span, title, help);
    let document = Document::parse(text).map_err(|error| {
        let message = error.message().lines().map(str::trim).collect::<Vec<_>>().join("; ");
        problem(error.span(), format!("invalid TOML: {message}"), "")
    })?;
    let mut permissions = Permissions::default();
    for (key, item) in document.as_table() {
        if key == "recipes" {
            let recipes = item.as_table_like();
            let wrong = |(name, item): &(&str, &Item)| !is_recipe_name(name) || item.as_str().is_none();
            if recipes.is_none_or(|recipes| recipes.iter().any(|entry| wrong(&entry))) {
                let help = "for example `deploy = \"cp main.py :/ + reset\"`; a name begins with a letter";
                return Err(problem(item.span(), "`recipes` must be a table of strings".to_owned(), help));
            }
            continue;
        }
        if key != "allow" {
            let span = document.as_table().key(key).and_then(|key| key.span());
            let help = "the file has two tables, `[allow]` and `[recipes]`";
            return Err(problem(span, format!("unknown key `{key}`"), help));
        }
        let Some(table) = item.as_table_like() else {
            return Err(problem(item.span(), "`allow` must be a table".to_owned(), "write `[allow]`"));
        };
        for (kind, item) in table.iter() {
            let words = words(kind, item).ok_or_else(|| {
                let title = format!("`{kind}` must be `true`, a string or a list of strings");
                problem(item.span(), title, "for example `files = [\"/srv/bench\"]`, or `process = true`")
            })?;
            for word in words {
                permissions.allow(&word).map_err(|reason| problem(item.span(), reason, ""))?;
            }
        }
    }
    if let Grant::Only(folders) = &mut permissions.files {
        folders.iter_mut().for_each(|folder| *folder = expanded(folder));
        if let Some(relative) = folders.iter().find(|folder| !folder.is_absolute()) {
            let title = format!("`{}` is not an absolute path", relative.display());
            return Err(problem(None, title, "write it in full, or with `~`"));
        }
    }
    Ok(permissions)
}

/// Expands a key to permissions as written after `--allow`.
fn words(kind: &str, item: &Item) -> Option<Vec<String>> {
    if let Some(all) = item.as_bool() {
        return Some(if all { vec![kind.to_owned()] } else { Vec::new() });
    }
    if let Some(one) = item.as_str() {
        return Some(vec![format!("{kind}={one}")]);
    }
    item.as_array()?.iter().map(|one| one.as_str().map(|one| format!("{kind}={one}"))).collect()
}

fn problem(file: &Path, text: &str, span: Option<Range<usize>>, title: String, help: &str) -> Diagnostic {
    let start = span.map_or(0, |span| span.start).min(text.len());
    let before = text.get(..start).unwrap_or_default();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let line = number(before.matches('\n').count() + 1);
    let column = number(before.rsplit('\n').next().unwrap_or_default().chars().count() + 1);
    let places = vec![Place { origin: Origin::new(&*file.to_string_lossy(), line, column), label: String::new() }];
    let help = Some(help.to_owned()).filter(|help| !help.is_empty());
    Diagnostic { places, help, ..Diagnostic::new(Kind::ParseError, title) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_grants_permissions() {
        let text = "[allow]\nfiles = [\"/srv/a\", \"/srv/b\"]\nprocess = \"git\"\nenv = true\nnet = false\n";
        let permissions = parse(Path::new("config.toml"), text).unwrap();
        assert_eq!(permissions.files, Grant::Only(vec!["/srv/a".into(), "/srv/b".into()]));
        assert_eq!(permissions.process, Grant::Only(vec!["git".to_owned()]));
        assert_eq!((permissions.env, permissions.net), (Grant::All, Grant::default()));
        assert_eq!(parse(Path::new("config.toml"), "").unwrap(), Permissions::default());
    }

    #[test]
    fn mistakes_are_reported_with_their_line() {
        let case = |text: &str, title: &str, line: u32| {
            let wrong = parse(Path::new("config.toml"), text).unwrap_err();
            assert!(wrong.title.starts_with(title), "{}", wrong.title);
            assert_eq!(wrong.places[0].origin.line, line, "{text}");
        };
        case("[allow]\nfiles = 1\n", "`files` must be `true`", 2);
        case("[allow]\nfiles = [1]\n", "`files` must be `true`", 2);
        case("[allow]\nfile = true\n", "unknown permission `file`", 2);
        case("\n[alow]\n", "unknown key `alow`", 2);
        case("allow = 1\n", "`allow` must be a table", 1);
        case("[allow\n", "invalid TOML", 1);
        case("[allow]\nfiles = \"data\"\n", "`data` is not an absolute path", 1);
    }
}
