//! Plans a copy before it changes anything: the directories to create, and the files to write.
//!
//! Invariant: a [`Plan`] has each target once, and no target exists as another type.

use super::find::{self, Found};
use super::path::{LocalPath, Place, is_inside, join, name, parent};
use super::{Work, local, misused, refused};
use crate::error::Result;
use crate::sync::Ignore;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Up to this many targets are checked one by one; above it, the whole tree is listed.
const FEW: usize = 8;

/// Where something comes from.
#[derive(Clone, Debug)]
pub enum From {
    /// From the board.
    Board(String),
    /// From this computer.
    Local(PathBuf),
}

impl From {
    /// For a person.
    pub fn text(&self) -> String {
        match self {
            From::Board(path) => path.clone(),
            From::Local(path) => path.display().to_string(),
        }
    }
}

/// Something that is copied.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its source.
    pub from: From,
    /// Its target, below the root of the targets; empty: it becomes the root.
    pub relative: String,
    /// Bytes of a file; `None`: a directory.
    pub size: Option<u64>,
}

/// A file to be copied.
#[derive(Clone, Debug)]
pub struct Copy<To> {
    /// Its source.
    pub from: From,
    /// Its target.
    pub to: To,
    /// Its bytes.
    pub size: u64,
    /// A file of this size already exists.
    pub same_size: bool,
}

/// The plan of a copy.
#[derive(Debug)]
pub struct Plan<To> {
    /// Directories to create, each before its contents.
    pub folders: Vec<To>,
    /// Files to be written.
    pub files: Vec<Copy<To>>,
}

/// How directories are copied.
pub struct Choice {
    /// With their contents.
    pub recursive: bool,
    /// What is not copied.
    pub exclude: Option<Ignore>,
}

impl Choice {
    /// Whether something in a source is not copied. `path`: below the source, with slashes.
    pub fn leaves_out(&self, path: &str, is_folder: bool) -> bool {
        self.exclude.as_ref().is_some_and(|exclude| exclude.is_ignored(path, is_folder))
    }
}

/// The items to copy, with their names at the target. `keep`: below its own name.
///
/// # Errors
/// ParseError or DeviceException of a source that is not there, or is a directory without `recursive`.
pub fn sources(work: &mut Work<'_>, places: &[Place], choice: &Choice, target: &Target) -> Result<Vec<Item>> {
    let mut found = Vec::new();
    for place in places {
        match place {
            Place::Local(path) => {
                found.extend(local::find(path)?.into_iter().map(|(path, size)| Source::Local(path, size)));
            }
            Place::Board(path) => {
                let all = find::find_all(work.files()?, std::slice::from_ref(path))?;
                found.extend(all.into_iter().map(Source::Board));
            }
        }
    }
    let keep = match (target.state, found.len()) {
        (Some(None), _) => true,
        (None, _) if target.folder => true,
        (_, 1) if found[0].size().is_some() || target.state.is_none() => false,
        (Some(Some(_)), 1) => {
            return Err(target.refused("is a file", "a directory cannot take its place: name another one"));
        }
        (Some(Some(_)), _) => return Err(target.refused("is a file", "several sources need a directory")),
        (None, _) => {
            return Err(target
                .refused("does not exist", "several sources need a directory: create it, or add a trailing slash"));
        }
    };
    let mut items = Vec::new();
    if keep && target.state.is_none() {
        let from = match found.first() {
            Some(Source::Local(path, _)) => From::Local(path.path.clone()),
            _ => From::Board(String::new()),
        };
        items.push(Item { from, relative: String::new(), size: None });
    }
    for source in found {
        if source.size().is_none() && !choice.recursive {
            let (path, help) = (source.text(), "use `-r` to copy it with its contents");
            return Err(misused(format!("`{path}` is a directory"), help));
        }
        source.items(work, keep, choice, &mut items)?;
    }
    Ok(items)
}

enum Source {
    Board(Found),
    Local(LocalPath, Option<u64>),
}

impl Source {
    fn size(&self) -> Option<u64> {
        match self {
            Source::Board(found) => found.size,
            Source::Local(_, size) => *size,
        }
    }

    fn text(&self) -> String {
        match self {
            Source::Board(found) => found.path.clone(),
            Source::Local(path, _) => path.written.clone(),
        }
    }

    fn items(&self, work: &mut Work<'_>, keep: bool, choice: &Choice, items: &mut Vec<Item>) -> Result<()> {
        let below =
            |prefix: &str, rest: &str| if prefix.is_empty() { rest.to_owned() } else { format!("{prefix}/{rest}") };
        match self {
            Source::Board(found) => {
                let keep = keep && !(found.contents && found.size.is_none());
                let prefix = if keep { name(&found.path) } else { "" };
                items.push(Item {
                    from: From::Board(found.path.clone()),
                    relative: prefix.to_owned(),
                    size: found.size,
                });
                if found.size.is_none() {
                    let cut = found.path.trim_end_matches('/').len() + 1;
                    for entry in work.files()?.tree(&found.path)? {
                        let rest = entry.path.get(cut..).unwrap_or_default();
                        if choice.leaves_out(rest, entry.size.is_none()) {
                            continue;
                        }
                        let relative = below(prefix, rest);
                        items.push(Item { from: From::Board(entry.path), relative, size: entry.size });
                    }
                }
            }
            Source::Local(path, size) => {
                let keep = keep && !(path.contents && size.is_none());
                let own = if keep { own_name(path)? } else { String::new() };
                items.push(Item { from: From::Local(path.path.clone()), relative: own.clone(), size: *size });
                if size.is_none() {
                    for entry in local::walk(&path.path, usize::MAX)? {
                        if choice.leaves_out(&entry.relative, entry.size.is_none()) {
                            continue;
                        }
                        let relative = below(&own, &entry.relative);
                        items.push(Item { from: From::Local(entry.path), relative, size: entry.size });
                    }
                }
            }
        }
        Ok(())
    }
}

fn own_name(path: &LocalPath) -> Result<String> {
    let name = path.path.file_name().and_then(|name| name.to_str());
    name.map(str::to_owned).ok_or_else(|| {
        misused(format!("the name of `{}` is not UTF-8", path.written), "boards accept only UTF-8: rename it")
    })
}

/// Where a copy goes.
pub struct Target {
    /// As it is written in messages.
    pub text: String,
    /// It was written with a slash at its end, so it is to be a directory.
    pub folder: bool,
    /// Bytes of a file, `Some(None)`: a directory; `None`: it does not exist.
    pub state: Option<Option<u64>>,
}

impl Target {
    /// Inspects the target, whose parent must exist.
    ///
    /// # Errors
    /// If it is not a valid target.
    pub fn look(work: &mut Work<'_>, place: &Place) -> Result<Target> {
        let target = match place {
            Place::Board(path) => {
                let state = work.files()?.stat(&path.path)?;
                if state.is_none() && work.files()?.stat(parent(&path.path))? != Some(None) {
                    return Err(no_folder(parent(&path.path)));
                }
                Target { text: path.path.clone(), folder: path.folder || path.contents, state }
            }
            Place::Local(path) => {
                let state = local::stat(&path.path)?;
                let folder =
                    path.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
                if state.is_none() && local::stat(folder)? != Some(None) {
                    return Err(misused(format!("folder not found: `{}`", folder.display()), "create it first"));
                }
                Target { text: path.written.clone(), folder: path.folder || path.contents, state }
            }
        };
        match target.state {
            Some(Some(_)) if target.folder => {
                Err(target.refused("is a file", "name a directory, or omit the trailing slash"))
            }
            _ => Ok(target),
        }
    }

    /// Whether a copy goes into it.
    pub fn is_folder(&self) -> bool {
        self.folder || self.state == Some(None)
    }

    fn refused(&self, what: &str, help: &str) -> crate::error::Error {
        misused(format!("the destination `{}` {what}", self.text), help)
    }
}

/// The directory in which something is to be made is not there.
pub fn no_folder(path: &str) -> crate::error::Error {
    refused(
        format!("directory `{path}` not found on the board"),
        format!("create it with `belay-script mkdir --parents :{path}`"),
    )
}

/// The plan of a copy of `items` to `root` on the board.
///
/// # Errors
/// If two of them have the same target, or a target exists as another type.
pub fn to_board(work: &mut Work<'_>, items: Vec<Item>, root: &str) -> Result<Plan<String>> {
    for item in &items {
        if let (From::Board(from), None) = (&item.from, item.size)
            && !from.is_empty()
            && (is_inside(root, from) || join(root, &item.relative) == *from)
        {
            return Err(misused(format!("`{from}` cannot be copied into itself"), "name another destination"));
        }
        if let (From::Board(from), Some(_)) = (&item.from, item.size)
            && join(root, &item.relative) == *from
        {
            return Err(misused(format!("`{from}` cannot be copied to itself"), "name another destination"));
        }
    }
    let files = work.files()?;
    let mut there = HashMap::new();
    if items.len() > FEW && files.stat(root)? == Some(None) {
        there = files.tree(root)?.into_iter().map(|entry| (entry.path, entry.size)).collect();
        there.insert(root.to_owned(), None);
    } else if items.len() <= FEW {
        for item in &items {
            let path = join(root, &item.relative);
            if let Some(size) = files.stat(&path)? {
                there.insert(path, size);
            }
        }
    }
    let plan = plan(items, |relative| Ok(join(root, relative)), |path| Ok(there.get(path).copied()))?;
    for path in plan.folders.iter().chain(plan.files.iter().map(|file| &file.to)) {
        work.guard(path)?;
    }
    Ok(plan)
}

/// The plan of a copy of `items` to `root` on this computer.
///
/// # Errors
/// As [`to_board`], and of names that no file here can have.
pub fn to_local(items: Vec<Item>, root: &Path) -> Result<Plan<PathBuf>> {
    let target = |relative: &str| {
        if relative.is_empty() {
            return Ok(root.to_owned());
        }
        local::check_names(relative)?;
        Ok(relative.split('/').fold(root.to_owned(), |path, name| path.join(name)))
    };
    plan(items, target, |path| local::stat(path))
}

fn plan<To: Clone + Eq + std::hash::Hash + AsRef<Path>>(
    items: Vec<Item>,
    target: impl Fn(&str) -> Result<To>,
    there: impl Fn(&To) -> Result<Option<Option<u64>>>,
) -> Result<Plan<To>> {
    let mut plan = Plan { folders: Vec::new(), files: Vec::new() };
    let mut seen: HashMap<To, Item> = HashMap::new();
    for item in items {
        let to = target(&item.relative)?;
        let state = there(&to)?;
        let shown = to.as_ref().display().to_string();
        if let Some(before) = seen.get(&to) {
            if item.size.is_none() && before.size.is_none() {
                continue;
            }
            let (one, two) = (before.from.text(), item.from.text());
            return Err(misused(format!("`{one}` and `{two}` would both become `{shown}`"), "copy them one by one"));
        }
        match (item.size, state) {
            (None, Some(Some(_))) => {
                let help = "remove the file, or name another destination";
                return Err(refused(format!("`{shown}` is a file, and `{}` a directory", item.from.text()), help));
            }
            (Some(_), Some(None)) => {
                let help = "remove the directory, or name another destination";
                return Err(refused(format!("`{shown}` is a directory, and `{}` a file", item.from.text()), help));
            }
            (None, Some(None)) => {}
            (None, None) => plan.folders.push(to.clone()),
            (Some(size), state) => {
                let same_size = state == Some(Some(size));
                plan.files.push(Copy { from: item.from.clone(), to: to.clone(), size, same_size });
            }
        }
        seen.insert(to, item);
    }
    Ok(plan)
}
