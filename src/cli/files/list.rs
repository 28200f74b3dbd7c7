//! `ls` and `tree`: list files and directories.
//!
//! Invariant: each name takes one line, whatever it contains.

use super::find::find_all;
use super::path::Place;
use super::{Work, check_interrupt, human, places_or_root, run, shown};
use crate::cli::arguments::files::{Ls, Paths};
use crate::cli::console::Console;
use crate::device::Device;
use crate::diagnostic::Diagnostic;
use crate::error::Result;
use crate::phrase::count;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::sync::Arc;

/// A file, or a directory with some or all of what is in it.
struct Listing {
    /// As it is printed above what is in it.
    title: String,
    /// Bytes of a file; `None`: a directory.
    size: Option<u64>,
    /// Below the directory, with slashes, and bytes of files.
    entries: Vec<(String, Option<u64>)>,
}

/// Lists; returns the exit status.
///
/// # Errors
/// Of wrong arguments, or if Ctrl-C cannot be watched.
pub fn ls(options: &Ls, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    let places = places_or_root("ls", &options.paths)?;
    run(console, &options.session, &places, |work| {
        let listings = listings(work, &places, options.recursive)?;
        let text = if options.json { as_json(&listings) } else { as_text(&listings, options.long) };
        console.text(&text);
        Ok(())
    })
}

/// The listing of a path of an open board.
///
/// # Errors
/// Errors of the board, or if the path does not exist.
pub fn of_device(device: &Device, console: &Arc<Console>, path: &str) -> Result<String> {
    let path = path.strip_prefix(':').unwrap_or(path);
    let place = Place::parse(&format!(":{path}"))?;
    let mut work = Work::new(Some(device.files()?), console);
    Ok(as_text(&listings(&mut work, &[place], false)?, true))
}

/// Draws trees; returns the exit status.
///
/// # Errors
/// As [`ls`].
pub fn tree(options: &Paths, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    let places = places_or_root("tree", &options.paths)?;
    run(console, &options.session, &places, |work| {
        let listings = listings(work, &places, true)?;
        let nodes: Vec<(String, Node)> =
            listings.iter().map(|listing| (listing.title.clone(), Node::of(listing))).collect();
        if options.json {
            let list: Vec<Json> =
                nodes.iter().map(|(title, node)| node.json(title.strip_prefix(':').unwrap_or(title))).collect();
            console.text(&format!("{:#}\n", Json::Array(list)));
            return Ok(());
        }
        let mut text = String::new();
        for (title, node) in &nodes {
            let _ = writeln!(text, "{}", node.line(title));
            node.draw("", &mut text);
        }
        let (mut folders, mut files, mut bytes) = (0_u64, 0_u64, 0);
        for (_, size) in listings.iter().flat_map(|listing| &listing.entries) {
            match size {
                None => folders += 1,
                Some(size) => (files, bytes) = (files + 1, bytes + size),
            }
        }
        let _ = writeln!(text, "{}, {}, {}", count(folders, "directory"), count(files, "file"), human(bytes));
        console.text(&text);
        Ok(())
    })
}

fn listings(work: &mut Work<'_>, places: &[Place], deep: bool) -> Result<Vec<Listing>> {
    let mut listings = Vec::new();
    for place in places {
        check_interrupt()?;
        match place {
            Place::Board(path) => {
                let files = work.files()?;
                for found in find_all(files, std::slice::from_ref(path))? {
                    let entries = match found.size {
                        Some(_) => Vec::new(),
                        None if deep => files.tree(&found.path)?,
                        None => files.directory(&found.path)?,
                    };
                    let cut = found.path.trim_end_matches('/').len() + 1;
                    let relative = |path: &str| path.get(cut..).unwrap_or(path).to_owned();
                    let entries = entries.iter().map(|entry| (relative(&entry.path), entry.size)).collect();
                    listings.push(Listing { title: format!(":{}", found.path), size: found.size, entries });
                }
            }
            Place::Local(path) => return Err(super::not_on_board("ls", path)),
        }
    }
    for listing in &mut listings {
        listing.entries.sort_by(|(a, _), (b, _)| a.split('/').cmp(b.split('/')));
    }
    Ok(listings)
}

fn as_text(listings: &[Listing], long: bool) -> String {
    let mut text = String::new();
    let files: Vec<(String, Option<u64>)> = listings
        .iter()
        .filter(|listing| listing.size.is_some())
        .map(|listing| (listing.title.clone(), listing.size))
        .collect();
    lines(&mut text, &files, long);
    for listing in listings.iter().filter(|listing| listing.size.is_none()) {
        if listings.len() > 1 {
            let _ = writeln!(text, "{}{}:", if text.is_empty() { "" } else { "\n" }, shown(&listing.title));
        }
        lines(&mut text, &listing.entries, long);
    }
    text
}

fn lines(text: &mut String, entries: &[(String, Option<u64>)], long: bool) {
    let size = |size: &Option<u64>| size.map_or_else(|| "-".to_owned(), |size| size.to_string());
    let wide = entries.iter().map(|(_, bytes)| size(bytes).len()).max().unwrap_or(0);
    for (path, bytes) in entries {
        if long {
            let _ = write!(text, "{:>wide$}  ", size(bytes));
        }
        let _ = writeln!(text, "{}{}", shown(path), if bytes.is_none() { "/" } else { "" });
    }
}

fn as_json(listings: &[Listing]) -> String {
    let mut list = Vec::new();
    for listing in listings {
        if listing.size.is_some() {
            list.push(entry_json(&listing.title, listing.size));
        }
        let folder = listing.title.trim_end_matches('/');
        list.extend(listing.entries.iter().map(|(path, size)| entry_json(&format!("{folder}/{path}"), *size)));
    }
    format!("{:#}\n", Json::Array(list))
}

/// The colon of a board path is shown only in text output.
fn entry_json(path: &str, size: Option<u64>) -> Json {
    let path = path.strip_prefix(':').unwrap_or(path);
    json!({ "path": path, "type": if size.is_some() { "file" } else { "directory" }, "size": size })
}

/// A tree for drawing.
struct Node {
    size: Option<u64>,
    children: Vec<(String, Node)>,
}

impl Node {
    fn of(listing: &Listing) -> Node {
        let mut root = Node { size: listing.size, children: Vec::new() };
        for (path, size) in &listing.entries {
            // Sorted by their parts: what is in a directory follows it.
            let mut node = &mut root;
            for part in path.split('/') {
                if node.children.last().is_none_or(|(last, _)| last != part) {
                    node.children.push((part.to_owned(), Node { size: *size, children: Vec::new() }));
                }
                let last = node.children.len() - 1;
                node = &mut node.children[last].1;
            }
        }
        root
    }

    fn line(&self, title: &str) -> String {
        match self.size {
            Some(size) => format!("{}  {}", shown(title), human(size)),
            None if title.ends_with('/') => shown(title),
            None => format!("{}/", shown(title)),
        }
    }

    fn draw(&self, indent: &str, text: &mut String) {
        for (index, (title, node)) in self.children.iter().enumerate() {
            let last = index + 1 == self.children.len();
            let _ = writeln!(text, "{indent}{} {}", if last { "└──" } else { "├──" }, node.line(title));
            node.draw(&format!("{indent}{}   ", if last { " " } else { "│" }), text);
        }
    }

    fn json(&self, title: &str) -> Json {
        match self.size {
            Some(size) => json!({ "name": title, "type": "file", "size": size }),
            None => {
                let children: Vec<Json> = self.children.iter().map(|(title, node)| node.json(title)).collect();
                json!({ "name": title, "type": "directory", "children": children })
            }
        }
    }
}
