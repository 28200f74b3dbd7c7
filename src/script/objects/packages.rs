//! `d.install(packages, options)`, and `d.sync_dependencies(options)` of a project.
//!
//! Invariant: every address and every folder is permitted by the gate before it is reached.

use crate::error::{Error, Kind};
use crate::gate::Gate;
use crate::name::nearest;
use crate::packages::change::{check_locked, lock_of};
use crate::packages::fetch::Fetcher;
use crate::packages::lock::{self, Lock};
use crate::packages::project::{self, Project};
use crate::packages::source::{Source, versioned};
use crate::packages::{InstallOptions, Installed, install, written};
use crate::phrase::did_you_mean;
use crate::script::errors::{Fallible, argument, located, placed, raise};
use crate::script::handles::DeviceHandle;
use crate::script::objects::convert;
use crate::script::run::Run;
use rhai::{Array, Dynamic, Engine, Map, NativeCallContext};
use std::path::PathBuf;
use std::sync::Arc;

/// Options of `install`.
pub(crate) const OPTIONS: &[&str] = &["target", "version", "mpy", "index", "bundle"];

/// Registers the functions.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let (plain, full) = (run.clone(), run.clone());
    engine
        .register_fn("install", move |context: NativeCallContext<'_>, device: &mut DeviceHandle, packages: Dynamic| {
            placed(&context, install_on(&plain, &context, device, &packages, &Map::new()))
        })
        .register_fn(
            "install",
            move |context: NativeCallContext<'_>, device: &mut DeviceHandle, packages: Dynamic, options: Map| {
                placed(&context, install_on(&full, &context, device, &packages, &options))
            },
        );
}

fn install_on(
    run: &Run,
    context: &NativeCallContext<'_>,
    device: &DeviceHandle,
    packages: &Dynamic,
    map: &Map,
) -> Fallible<Dynamic> {
    let mut packages: Vec<(String, String)> = names(packages)?
        .iter()
        .map(|text| versioned(text))
        .map(|(name, version)| (name.to_owned(), version.to_owned()))
        .collect();
    let mut options = InstallOptions::default();
    for (name, value) in map {
        match name.as_str() {
            "target" => options.target = Some(string(name, value)?),
            "index" => options.index = Some(string(name, value)?),
            "bundle" => options.bundle = Some(string(name, value)?),
            "version" => match packages.as_mut_slice() {
                [(_, version)] => *version = string(name, value)?,
                _ => return argument("`version` is for one package", "write `\"NAME@VERSION\"` for each"),
            },
            "mpy" => {
                let wrong =
                    || argument(format!("the option `mpy` is {}", convert::describe(value)), "use `true` or `false`");
                options.no_mpy = !value.as_bool().or_else(|_| wrong())?;
            }
            other => {
                let help = match nearest(other, OPTIONS.iter().copied()) {
                    Some(near) => did_you_mean(near),
                    None => format!("there are {}", OPTIONS.join(", ")),
                };
                let error = Error::new(Kind::ArgumentError, format!("`install` has no option `{other}`"));
                return Err(raise(error.with_help(help)));
            }
        }
    }
    let gate: Gate = Gate::clone(&run.gate());
    let fetcher = Fetcher::permitted(Box::new(move |source| match source {
        Source::Url(url) => gate.web(url),
        Source::File(path) => gate.read(&path.to_string_lossy()).map(drop),
    }));
    let installed = install(&device.device, &packages, &options, &fetcher, &mut |_, _| {});
    installed.map(|installed| Dynamic::from_map(described(installed))).map_err(|error| raise(located(error, context)))
}

fn described(installed: Installed) -> Map {
    let number = |count: u64| Dynamic::from(i64::try_from(count).unwrap_or(i64::MAX));
    let package = |(name, version): (String, String)| {
        Dynamic::from_map(Map::from([("name".into(), name.into()), ("version".into(), version.into())]))
    };
    let packages: Array = installed.packages.into_iter().map(package).collect();
    let written: Array = installed.written.into_iter().map(Dynamic::from).collect();
    Map::from([
        ("packages".into(), Dynamic::from_array(packages)),
        ("target".into(), installed.target.into()),
        ("written".into(), Dynamic::from_array(written)),
        ("unchanged".into(), number(installed.unchanged as u64)),
        ("bytes".into(), number(installed.bytes)),
    ])
}

/// The packages of the script's project: its folder, and the folders of the groups. `wanted`: the groups; `None`: those that
/// are not optional.
///
/// # Errors
/// ArgumentError if there is no project, a group is unknown, or its files are not as the lock says.
pub(crate) fn dependencies(run: &Run, wanted: Option<&[String]>) -> Fallible<(PathBuf, Vec<String>)> {
    let folders = [run.gate().here(), PathBuf::from(".")];
    for folder in &folders {
        for file in [project::FILE, lock::FILE] {
            run.readable(&folder.join(file).to_string_lossy())?;
        }
        if let Some(project) = Project::find(folder).map_err(raise)? {
            let groups = chosen(&project, wanted).map_err(raise)?;
            let folders = groups.iter().map(|group| project.folder_of(group)).collect();
            return Ok((project.shown_root(), folders));
        }
    }
    let help =
        "start a project with `belay-script add NAME`, or name a folder: `d.sync_dependencies(\"lib\", [\"main\"])`";
    argument(format!("neither the script's folder nor the current one has a `{}`", project::FILE), help)
}

fn chosen(project: &Project, wanted: Option<&[String]>) -> crate::Result<Vec<String>> {
    let lock: Option<Lock> = lock_of(project)?;
    check_locked(project, lock.as_ref())?;
    let mut groups = project.chosen(wanted.unwrap_or_default())?;
    groups.retain(|name| wanted.is_none_or(|wanted| wanted.contains(name)));
    groups.retain(|name| project.group(name).is_some_and(|group| !group.packages.is_empty()));
    if groups.is_empty() {
        let message = format!("`{}` has no packages in these groups", project.file.display());
        return Err(Error::new(Kind::ArgumentError, message).with_help("add some with `belay-script add NAME`"));
    }
    match written::first_difference(project, &lock.unwrap_or_default(), &groups)? {
        None => Ok(groups),
        Some(path) => {
            let message = format!("`{path}` is not as `{}` says", lock::FILE);
            Err(Error::new(Kind::ArgumentError, message)
                .with_help("run `belay-script install` in the project's folder"))
        }
    }
}

fn string(name: &str, value: &Dynamic) -> Fallible<String> {
    let wrong = || argument(format!("the option `{name}` is {}", convert::describe(value)), "it is a string");
    value.clone().into_string().or_else(|_| wrong())
}

/// One package, or several.
fn names(value: &Dynamic) -> Fallible<Vec<String>> {
    if let Ok(one) = value.clone().into_string() {
        return Ok(vec![one]);
    }
    match value.clone().into_typed_array::<String>() {
        Ok(several) if !several.is_empty() => Ok(several),
        _ => argument(
            format!("{} is not a package", convert::describe(value)),
            "give a name, such as `\"aioble\"`, or an array of names",
        ),
    }
}
