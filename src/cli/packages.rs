//! `add`, `update`, `remove`, `clean` and `cache`: the packages of a project.
//!
//! Uses [`crate::packages`]. Invariant: standard output has a line for each package that came or went and one that sums up, or the JSON.

use super::arguments::{Add, CacheCommand, Clean, Printed, Remove, Update};
use super::console::Console;
use super::progress::Bar;
use super::{misuse, signals};
use crate::device::Output as _;
use crate::diagnostic::Diagnostic;
use crate::error::Error;
use crate::name::nearest;
use crate::packages::cache::Cache;
use crate::packages::change::{self, ChangeOptions, Changed};
use crate::packages::edit::{with_packages, without_packages};
use crate::packages::project::{self, LATEST, MAIN, Project, is_group, is_wanted};
use crate::packages::source::{is_address, is_name, versioned};
use crate::phrase::{count, did_you_mean};
use serde_json::json;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// `add`; returns the exit status.
///
/// # Errors
/// Of the project's file, of packages, of the network.
pub fn add(options: &Add, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    add_to(here()?, &options.packages, &options.group, options.force, options.printed, console)
}

/// Adds packages to a project, or starts one.
///
/// # Errors
/// As [`add`].
pub fn add_to(
    project: Option<Project>,
    packages: &[String],
    group: &str,
    force: bool,
    printed: Printed,
    console: &Arc<Console>,
) -> Result<u8, Diagnostic> {
    let project = project.unwrap_or_else(|| Project::new(Path::new("")));
    if !is_group(group) {
        return Err(misuse(format!("invalid name of a group: `{group}`"), "use letters, digits, `_` and `-`"));
    }
    let packages = packages.iter().map(|text| entry(text)).collect::<Result<Vec<_>, _>>()?;
    for (name, _) in &packages {
        let other = project.groups.iter().filter(|other| other.name != group);
        if let Some(other) = other.into_iter().find(|other| other.packages.iter().any(|(known, _)| known == name)) {
            let message = format!("`{name}` is in the group `{}` already", other.name);
            return Err(misuse(message, format!("remove it first: `belay-script remove {name}`")));
        }
    }
    let text = with_packages(&project, group, &packages);
    let groups = if group == MAIN { Vec::new() } else { vec![group.to_owned()] };
    let choice = ChangeOptions { groups, force, locked: false };
    // What is named is looked up, even if it is locked.
    let again = |of: &str, name: &str| of == group && packages.iter().any(|(known, _)| known == name);
    change(&project, Some(&text), &again, &choice, printed, console)?;
    Ok(0)
}

/// `update`; returns the exit status.
///
/// # Errors
/// As [`add`]; of a package that the project does not have.
pub fn update(options: &Update, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let project = needed()?;
    let names = &options.packages;
    names.iter().try_for_each(|name| groups_of(&project, name).map(drop))?;
    let choice = ChangeOptions { force: options.force, ..ChangeOptions::default() };
    let again = |_: &str, name: &str| names.is_empty() || names.iter().any(|known| known == name);
    change(&project, None, &again, &choice, options.printed, console)?;
    Ok(0)
}

/// `remove`; returns the exit status.
///
/// # Errors
/// As [`update`].
pub fn remove(options: &Remove, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let project = needed()?;
    let mut packages = Vec::new();
    for name in &options.packages {
        packages.extend(groups_of(&project, name)?.into_iter().map(|group| (group, name.clone())));
    }
    let text = without_packages(&project, &packages);
    change(&project, Some(&text), &|_, _| false, &ChangeOptions::default(), options.printed, console)?;
    Ok(0)
}

/// `clean`; returns the exit status.
///
/// # Errors
/// Of the project's files.
pub fn clean(options: &Clean, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let changed = change::clean(&needed()?).map_err(|error| failed(&error))?;
    print(&changed, options.printed, console);
    Ok(0)
}

/// `cache`; returns the exit status.
///
/// # Errors
/// If the system has no cache folder, or the cache cannot be removed.
pub fn cache(command: &CacheCommand, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let cache = Cache::of_user();
    let failed = |error: Error| failed(&error);
    let mut text = String::new();
    match command {
        CacheCommand::Path => text = format!("{}\n", cache.folder().map_err(failed)?.display()),
        CacheCommand::List(options) => {
            let list = cache.list().map_err(failed)?;
            if options.json {
                let file =
                    list.iter().map(|file| json!({ "name": file.name, "size": file.size, "sha256": file.sha256 }));
                text = format!("{:#}\n", json!(file.collect::<Vec<_>>()));
            } else {
                for file in &list {
                    let _ = writeln!(text, "{} {:>8} {}", file.sha256, file.size, file.name);
                }
                let bytes: u64 = list.iter().map(|file| file.size).sum();
                let _ = writeln!(text, "{} ({bytes} bytes)", count(list.len(), "file"));
            }
        }
        CacheCommand::Clear => {
            let (files, bytes) = cache.clear().map_err(failed)?;
            text = format!("removed {} ({bytes} bytes)\n", count(files, "file"));
        }
    }
    console.text(&text);
    Ok(0)
}

/// The project of the current folder.
///
/// # Errors
/// If its file is wrong.
pub fn here() -> Result<Option<Project>, Diagnostic> {
    Project::find(Path::new("")).map_err(|error| failed(&error))
}

fn needed() -> Result<Project, Diagnostic> {
    here()?.ok_or_else(|| {
        let message = format!("this folder has no `{}`", project::FILE);
        misuse(message, "change to the project's folder, or start one with `belay-script add NAME`")
    })
}

/// A failure as the command prints it.
pub fn failed(error: &Error) -> Diagnostic {
    Diagnostic::from_error(error)
}

/// Changes the packages of a project, and prints what has changed.
///
/// # Errors
/// Of packages and the network.
pub fn change(
    project: &Project,
    text: Option<&str>,
    again: &dyn Fn(&str, &str) -> bool,
    options: &ChangeOptions,
    printed: Printed,
    console: &Arc<Console>,
) -> Result<(), Diagnostic> {
    signals::watch()?;
    let is_new = project.text.is_empty() && !project.file.exists();
    let bar = if printed.quiet { Bar::none(console) } else { Bar::new(console, "fetching", 0) };
    let changed = change::change(project, text, again, options, &mut |name, bytes| {
        bar.message(name);
        bar.set(bytes);
    });
    drop(bar);
    let changed = changed.map_err(|error| failed(&error))?;
    if is_new && text.is_some() && !printed.quiet && !printed.json {
        console.text(&format!("created `{}`\n", project.file.display()));
    }
    print(&changed, printed, console);
    Ok(())
}

fn print(changed: &Changed, printed: Printed, console: &Console) {
    for path in &changed.kept {
        console.notice(&format!("kept `{path}`, which was changed and belongs to no package"));
    }
    if printed.json {
        let packages = |packages: &[(String, String, String)]| {
            let package = |(group, name, version): &(String, String, String)| json!({ "group": group, "name": name, "version": version });
            packages.iter().map(package).collect::<Vec<_>>()
        };
        let value = json!({
            "added": packages(&changed.added),
            "gone": packages(&changed.gone),
            "written": changed.written,
            "removed": changed.removed,
            "kept": changed.kept,
            "unchanged": changed.unchanged,
            "bytes": changed.bytes,
        });
        console.text(&format!("{value:#}\n"));
    } else if !printed.quiet {
        let mut text = String::new();
        for (sign, packages) in [('-', &changed.gone), ('+', &changed.added)] {
            for (group, name, version) in packages {
                let group = if group == MAIN { String::new() } else { format!(" ({group})") };
                let line = format!("{sign} {name} {version}");
                let _ = writeln!(text, "{}{group}", line.trim_end());
            }
        }
        let (written, removed) = (count(changed.written.len(), "file"), count(changed.removed.len(), "file"));
        let (bytes, unchanged) = (changed.bytes, changed.unchanged);
        let _ = match (changed.written.len(), unchanged) {
            (0, 0) => writeln!(text, "removed {removed}"),
            _ => writeln!(text, "wrote {written} ({bytes} bytes), removed {removed}; {unchanged} unchanged"),
        };
        console.text(&text);
    }
}

/// The groups that have a package.
fn groups_of(project: &Project, name: &str) -> Result<Vec<String>, Diagnostic> {
    let has = |group: &&project::Group| group.packages.iter().any(|(known, _)| known == name);
    let groups: Vec<String> = project.groups.iter().filter(has).map(|group| group.name.clone()).collect();
    if groups.is_empty() {
        let known = project.groups.iter().flat_map(|group| &group.packages).map(|(name, _)| name.as_str());
        let help = match nearest(name, known) {
            Some(near) => did_you_mean(near),
            None => format!("add it with `belay-script add {name}`"),
        };
        return Err(misuse(format!("`{}` has no package `{name}`", project.file.display()), help));
    }
    Ok(groups)
}

/// A package as written on the command line: its name, and what the project's file asks for.
fn entry(text: &str) -> Result<(String, String), Diagnostic> {
    let named = text.split_once('=').filter(|(name, _)| is_name(name));
    let (name, wanted) = match named {
        Some((name, rest)) => (name.to_owned(), rest.strip_prefix('=').unwrap_or(rest).to_owned()),
        None if is_address(text) => (name_of(text)?, text.to_owned()),
        None => {
            let (name, version) = versioned(text);
            (name.to_owned(), if version.is_empty() { LATEST } else { version }.to_owned())
        }
    };
    if !is_name(&name) {
        let help = "use a name of the index, `github:USER/REPOSITORY`, an address, or a folder such as `./driver`";
        return Err(misuse(format!("`{text}` is not a package"), help));
    }
    is_wanted(&name, &wanted).map_err(|message| misuse(message, "for example `aioble@0.6.0`"))?;
    Ok((name, wanted))
}

/// The name of a package of which only the address is known.
fn name_of(address: &str) -> Result<String, Diagnostic> {
    let (place, _) = versioned(address);
    let place = place.trim_end_matches('/').trim_end_matches("/package.json");
    let last = place.rsplit(['/', '\\', ':']).next().unwrap_or_default();
    let name = [".py", ".mpy", ".json"].iter().find_map(|ending| last.strip_suffix(ending)).unwrap_or(last);
    match is_name(name) {
        true => Ok(name.to_owned()),
        false => Err(misuse(format!("`{address}` has no name"), format!("give it one: `NAME={address}`"))),
    }
}

impl Printed {
    /// The same; without text unless `has_text`.
    pub fn with_text(self, has_text: bool) -> Printed {
        Printed { quiet: self.quiet || !has_text, json: self.json && has_text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_the_command_line_become_entries() {
        let case = |text: &str, name: &str, wanted: &str| {
            assert_eq!(entry(text).unwrap(), (name.to_owned(), wanted.to_owned()), "{text}");
        };
        case("aioble", "aioble", "latest");
        case("umqtt.simple@1.4.0", "umqtt.simple", "1.4.0");
        case("aioble==0.6.0", "aioble", "0.6.0");
        case("github:user/repo-x@v2", "repo-x", "github:user/repo-x@v2");
        case("github:user/repo/lib/led.py@x/y", "led", "github:user/repo/lib/led.py@x/y");
        case("led=github:user/repo", "led", "github:user/repo");
        case("https://h/a/driver.py", "driver", "https://h/a/driver.py");
        case("https://h/a/kit/package.json", "kit", "https://h/a/kit/package.json");
        case("./drivers/imu/", "imu", "./drivers/imu/");
        case("circup:adafruit_bme280", "adafruit_bme280", "circup:adafruit_bme280");
        for wrong in ["", "a b", "-x", "..", "aioble@^1", "a=b c", "./"] {
            assert_eq!(entry(wrong).unwrap_err().kind.exit_status(), 2, "{wrong}");
        }
    }
}
