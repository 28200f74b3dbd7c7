//! `install` and `mip`: packages for a board, or those of a project.
//!
//! Uses [`crate::packages`]. Invariant: standard output has a line for each package and one that sums up, or the JSON.

use super::arguments::{Install, Onto};
use super::console::Console;
use super::evaluate::quiet_options;
use super::progress::Bar;
use super::{misuse, packages, session};
use crate::device::Device;
use crate::diagnostic::Diagnostic;
use crate::error::Error;
use crate::packages::change::ChangeOptions;
use crate::packages::fetch::Fetcher;
use crate::packages::project::MAIN;
use crate::packages::source::versioned;
use crate::packages::{InstallOptions, Installed, Progress, install};
use crate::phrase::count;
use crate::script::Sources;
use serde_json::json;
use std::sync::Arc;

/// Installs packages on a board, or those of a project; returns the exit status.
///
/// # Errors
/// If the options contradict each other, or the project's file is wrong.
pub fn command(options: &Install, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let Install { packages: names, group, locked, force, onto } = options;
    let has_port = onto.session.connection.port.is_some();
    let project = packages::here()?;
    let of_project = !group.is_empty() || *locked || *force;
    let of_names = onto.no_mpy || onto.index.is_some() || onto.bundle.is_some();
    if !names.is_empty() && (has_port || project.is_none()) {
        if of_project {
            let help = match has_port {
                true => "leave out `--port`, or `--group`, `--locked` and `--force`",
                false => "start a project with `belay-script add NAME`",
            };
            return Err(misuse("`--group`, `--locked` and `--force` are for packages of a project", help));
        }
        return on_board_named(names, onto, console);
    }
    let Some(project) = project else {
        let help =
            "name packages for a board: `belay-script install aioble`; or start a project: `belay-script add aioble`";
        return Err(misuse("this folder has no `belay.toml`", help));
    };
    if onto.target.is_some() && !has_port || of_names {
        let file = project.file.display();
        let help = match has_port {
            true => format!("set `mpy`, `index` or `bundle` in `[packages]` of `{file}`"),
            false => "add `--port PORT`, or use `mip`".to_owned(),
        };
        return Err(misuse(
            "`--target`, `--no-mpy`, `--index` and `--bundle` are for packages that are named for a board",
            help,
        ));
    }
    if !names.is_empty() {
        if *locked {
            return Err(misuse("`--locked` changes no packages", "leave out their names, or `--locked`"));
        }
        let group = match group.as_slice() {
            [] => MAIN,
            [one] => one,
            _ => return Err(misuse("a package has one group", "give `--group` once")),
        };
        return packages::add_to(Some(project), names, group, *force, onto.printed, console);
    }
    let choice = ChangeOptions { groups: group.clone(), force: *force, locked: *locked };
    packages::change(&project, None, &|_, _| false, &choice, onto.printed.with_text(!has_port), console)?;
    if !has_port {
        return Ok(0);
    }
    let groups = project.chosen(group).map_err(|error| packages::failed(&error))?;
    with_board(onto, console, |device, progress| {
        let lock = crate::packages::change::lock_of(&project)?.unwrap_or_default();
        crate::packages::install::deploy(device, &project, &lock, &groups, onto.target.as_deref(), progress)
    })
}

/// `mip`: installs packages on a board; returns the exit status.
///
/// # Errors
/// If Ctrl-C cannot be watched.
pub fn on_board_named(packages: &[String], onto: &Onto, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let packages = packages.iter().map(|text| versioned(text));
    let packages: Vec<(String, String)> =
        packages.map(|(name, version)| (name.to_owned(), version.to_owned())).collect();
    let choice = InstallOptions {
        target: onto.target.clone(),
        no_mpy: onto.no_mpy,
        index: onto.index.clone(),
        bundle: onto.bundle.clone(),
    };
    with_board(onto, console, |device, progress| install(device, &packages, &choice, &Fetcher::default(), progress))
}

fn with_board(
    onto: &Onto,
    console: &Arc<Console>,
    work: impl FnOnce(&Device, Progress<'_>) -> Result<Installed, Error>,
) -> Result<u8, Diagnostic> {
    let session = &onto.session;
    let (connection, limit) = (&session.connection, &session.limit);
    session::with_board(console, connection, limit, quiet_options(session), &Sources::default(), |device| {
        let bar = if onto.printed.quiet { Bar::none(console) } else { Bar::new(console, "installing", 0) };
        let installed = work(device, &mut |name, bytes| {
            bar.message(name);
            bar.set(bytes);
        });
        drop(bar);
        let installed = installed?;
        if onto.printed.json {
            console.text(&as_json(&installed));
        } else if !onto.printed.quiet {
            console.text(&as_text(&installed));
        }
        Ok(())
    })
}

fn as_text(installed: &Installed) -> String {
    let line = |(name, version): &(String, String)| format!("{name} {version}").trim_end().to_owned() + "\n";
    let text: String = installed.packages.iter().map(line).collect();
    let files = count(installed.written.len(), "file");
    let Installed { target, unchanged, bytes, .. } = installed;
    format!("{text}installed {files} ({bytes} bytes) in :{target}; {unchanged} unchanged\n")
}

fn as_json(installed: &Installed) -> String {
    let package = |(name, version): &(String, String)| json!({ "name": name, "version": version });
    let value = json!({
        "packages": installed.packages.iter().map(package).collect::<Vec<_>>(),
        "target": installed.target,
        "written": installed.written,
        "unchanged": installed.unchanged,
        "bytes": installed.bytes,
    });
    format!("{value:#}\n")
}
