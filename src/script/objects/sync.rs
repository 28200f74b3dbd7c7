//! `d.sync(folder, options)`, `d.sync_dependencies(folder, subfolders, options)` and `d.sync_dependencies(options)` of a project.
//!
//! Invariant: an unknown option is rejected before the board is accessed.

use crate::bench::event::{Manifest, SentBy};
use crate::error::{Error, Kind};
use crate::name::nearest;
use crate::phrase::did_you_mean;
use crate::script::errors::{Fallible, argument, located, placed, raise};
use crate::script::handles::DeviceHandle;
use crate::script::manifests;
use crate::script::objects::{convert, packages};
use crate::script::run::Run;
use crate::script::run::folder::{Access, Folder};
use crate::sync::{Keep, Local, Outcome, Remark, SyncOptions, merge, sync};
use rhai::{Array, Dynamic, Engine, ImmutableString, Map, NativeCallContext};
use std::path::Path;
use std::sync::Arc;

pub(crate) const OPTIONS: &[&str] =
    &["dst", "keep", "ignore", "minify", "mpy_cross_binary", "delete", "dry_run", "progress"];

/// Options of `sync_dependencies` for the packages of a project: those of `sync`, and the groups.
pub(crate) const DEPENDENCIES: &[&str] =
    &["groups", "dst", "keep", "ignore", "minify", "mpy_cross_binary", "delete", "dry_run", "progress"];

/// Registers the functions.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let (plain, full) = (run.clone(), run.clone());
    engine
        .register_fn(
            "sync",
            move |context: NativeCallContext<'_>, device: &mut DeviceHandle, folder: ImmutableString| {
                placed(&context, folder_to(&plain, &context, device, &folder, &Map::new()))
            },
        )
        .register_fn(
            "sync",
            move |context: NativeCallContext<'_>, device: &mut DeviceHandle, folder: ImmutableString, options: Map| {
                placed(&context, folder_to(&full, &context, device, &folder, &options))
            },
        );
    let (plain, full) = (run.clone(), run.clone());
    engine
        .register_fn(
            "sync_dependencies",
            move |context: NativeCallContext<'_>,
                  device: &mut DeviceHandle,
                  folder: ImmutableString,
                  names: Dynamic| {
                placed(&context, dependencies_to(&plain, &context, device, &folder, &names, &Map::new()))
            },
        )
        .register_fn(
            "sync_dependencies",
            move |context: NativeCallContext<'_>,
                  device: &mut DeviceHandle,
                  folder: ImmutableString,
                  names: Dynamic,
                  options: Map| {
                placed(&context, dependencies_to(&full, &context, device, &folder, &names, &options))
            },
        );
    let (plain, full) = (run.clone(), run.clone());
    engine
        .register_fn("sync_dependencies", move |context: NativeCallContext<'_>, device: &mut DeviceHandle| {
            placed(&context, packages_to(&plain, &context, device, Map::new()))
        })
        .register_fn(
            "sync_dependencies",
            move |context: NativeCallContext<'_>, device: &mut DeviceHandle, options: Map| {
                placed(&context, packages_to(&full, &context, device, options))
            },
        );
}

fn folder_to(
    run: &Run,
    context: &NativeCallContext<'_>,
    device: &DeviceHandle,
    folder: &str,
    options: &Map,
) -> Fallible<Dynamic> {
    let (options, shows) = sync_options(run, options, "/")?;
    run.readable(folder)?;
    note(run, context, folder, Access::Synced);
    let local = Local::read(Path::new(folder), &options).map_err(|error| raise(located(error, context)))?;
    let about = Manifest { folder: folder.to_owned(), ..Manifest::default() };
    carry_out(run, context, device, local, about, &options, shows)
}

fn dependencies_to(
    run: &Run,
    context: &NativeCallContext<'_>,
    device: &DeviceHandle,
    folder: &str,
    names: &Dynamic,
    options: &Map,
) -> Fallible<Dynamic> {
    let (options, shows) = sync_options(run, options, "/lib")?;
    let names = strings("the subfolders", names)?;
    run.readable(folder)?;
    note(run, context, folder, Access::Synced);
    let local = merge(Path::new(folder), &names, &options).map_err(|error| raise(located(error, context)))?;
    let about = Manifest { folder: folder.to_owned(), subfolders: names, ..Manifest::default() };
    carry_out(run, context, device, local, about, &options, shows)
}

/// The packages of the script's project.
fn packages_to(
    run: &Run,
    context: &NativeCallContext<'_>,
    device: &DeviceHandle,
    mut options: Map,
) -> Fallible<Dynamic> {
    let groups = match options.remove("groups") {
        Some(groups) if !groups.is_unit() => Some(strings("the option `groups`", &groups)?),
        _ => None,
    };
    let (folder, names) = packages::dependencies(run, groups.as_deref())?;
    let names: Array = names.into_iter().map(Dynamic::from).collect();
    dependencies_to(run, context, device, &folder.to_string_lossy(), &Dynamic::from_array(names), &options)
}

/// Records the current state of a folder, to detect changes.
pub(crate) fn note(run: &Run, context: &NativeCallContext<'_>, folder: &str, access: Access) {
    let by = context.call_source().unwrap_or_default();
    run.declarations.loader.note_folder(Folder::look(Path::new(folder), access, by));
}

fn carry_out(
    run: &Run,
    context: &NativeCallContext<'_>,
    device: &DeviceHandle,
    local: Local,
    about: Manifest,
    options: &SyncOptions,
    shows: bool,
) -> Fallible<Dynamic> {
    let output = run.host.output();
    for remark in &local.remarks {
        output.notice(&remark.to_string());
    }
    let device = &device.device;
    if !options.dry_run {
        run.note_folder(|| {
            let (board, target, ignore) = (device.name().to_owned(), options.dst.clone(), options.ignore.clone());
            let folder = about.folder.clone();
            let about = Manifest { board, by: SentBy::Sync, target, ignore, ..about };
            manifests::of_sync(about, Path::new(&folder), &local)
        });
    }
    let outcome = sync(device, local, options, &mut |transfer| {
        if shows {
            output.transfer(device.name(), transfer);
        }
    });
    outcome.map(|outcome| Dynamic::from_map(described(&outcome))).map_err(|error| {
        run.sources.insert_python(&error);
        raise(located(error, context))
    })
}

/// The result of a sync for scripts.
fn described(outcome: &Outcome) -> Map {
    let (sent, removed) = outcome.counts();
    let number = |count: usize| Dynamic::from(i64::try_from(count).unwrap_or(i64::MAX));
    let steps: Array = outcome.steps.iter().map(|step| Dynamic::from(step.to_string())).collect();
    let remarks: Array = outcome.remarks.iter().map(|remark: &Remark| Dynamic::from(remark.to_string())).collect();
    let mut map = Map::new();
    map.insert("sent".into(), number(sent));
    map.insert("removed".into(), number(removed));
    map.insert("unchanged".into(), number(outcome.unchanged));
    map.insert("bytes".into(), Dynamic::from(i64::try_from(outcome.bytes).unwrap_or(i64::MAX)));
    map.insert("steps".into(), Dynamic::from_array(steps));
    map.insert("remarks".into(), Dynamic::from_array(remarks));
    map
}

/// The options, and whether progress is shown.
fn sync_options(run: &Run, map: &Map, destination: &str) -> Fallible<(SyncOptions, bool)> {
    let confines = run.gate().confines();
    let mut options = SyncOptions { dst: destination.to_owned(), confines, ..SyncOptions::default() };
    let mut shows = true;
    for (name, value) in map {
        match name.as_str() {
            "dst" => options.dst = string(name, value)?,
            "keep" => options.keep = keep(value)?,
            "ignore" => {
                options.ignore = if value.is_unit() { None } else { Some(strings("the option `ignore`", value)?) };
            }
            "minify" => options.minify = boolean(name, value)?,
            "mpy_cross_binary" => {
                options.mpy_cross = match value.is_unit() {
                    true => None,
                    false => Some(run.program(&string(name, value)?)?.path().to_owned()),
                };
            }
            "delete" => options.delete = boolean(name, value)?,
            "dry_run" => options.dry_run = boolean(name, value)?,
            "progress" => shows = boolean(name, value)?,
            other => {
                let help = match nearest(other, OPTIONS.iter().copied()) {
                    Some(near) => did_you_mean(near),
                    None => format!("there are {}", OPTIONS.join(", ")),
                };
                let error = Error::new(Kind::ArgumentError, format!("`sync` has no option `{other}`"));
                return Err(raise(error.with_help(help)));
            }
        }
    }
    Ok((options, shows))
}

fn keep(value: &Dynamic) -> Fallible<Keep> {
    Ok(match value.as_bool() {
        _ if value.is_unit() => Keep::Default,
        Ok(true) => Keep::All,
        Ok(false) => Keep::Only(Vec::new()),
        Err(_) => Keep::Only(strings("the option `keep`", value)?),
    })
}

fn boolean(name: &str, value: &Dynamic) -> Fallible<bool> {
    let wrong = || argument(format!("the option `{name}` is {}", convert::describe(value)), "use `true` or `false`");
    value.as_bool().or_else(|_| wrong())
}

fn string(name: &str, value: &Dynamic) -> Fallible<String> {
    let wrong = || argument(format!("the option `{name}` is {}", convert::describe(value)), "it is a string");
    value.clone().into_string().or_else(|_| wrong())
}

/// One string, or several.
fn strings(what: &str, value: &Dynamic) -> Fallible<Vec<String>> {
    if let Ok(one) = value.clone().into_string() {
        return Ok(vec![one]);
    }
    match value.clone().into_typed_array::<String>() {
        Ok(several) => Ok(several),
        Err(_) => {
            argument(format!("{what}: {} is not a list of names", convert::describe(value)), "give strings in an array")
        }
    }
}
