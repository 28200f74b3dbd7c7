//! Writes the reference as a small site: an index, and a page for each script and module.
//!
//! Each page is self-contained: it embeds its style, loads nothing and runs nothing. Invariant: text reaches a page by
//! [`escape`] or [`html`] alone.

use super::markdown::{escape, html};
use crate::script::reference::{Entry, LANGUAGE, Page, Section};
use std::fmt::Write as _;

/// Marks every page, so that later runs recognise and overwrite only their own pages.
pub const MARK: &str = "<meta name=\"generator\" content=\"belay-script doc\">";

const STYLE: &str = include_str!("style.css");

/// The pages with the names of their files, the index first.
pub fn site(pages: &[Page]) -> Vec<(String, String)> {
    let names = file_names(pages);
    let mut files = vec![("index.html".to_owned(), index(pages, &names))];
    for (page, name) in pages.iter().zip(&names) {
        files.push((name.clone(), document(&page.name, &body(page, pages, &names))));
    }
    files
}

/// A file name for each page that is unique on every file system.
fn file_names(pages: &[Page]) -> Vec<String> {
    let mut taken = vec!["index".to_owned()];
    let mut names = Vec::new();
    for page in pages {
        let plain = page.name.strip_suffix(".rhai").unwrap_or(&page.name);
        let letter = |c: char| if c.is_alphanumeric() || c == '_' { c } else { '-' };
        let stem: String = plain.to_lowercase().chars().map(letter).take(100).collect();
        let stem = match stem.trim_matches('-') {
            "" => "script".to_owned(),
            stem => stem.to_owned(),
        };
        let free = |name: &String| !taken.contains(name);
        let numbered = (2..).map(|number| format!("{stem}-{number}"));
        let name = std::iter::once(stem.clone()).chain(numbered).find(free).unwrap_or(stem);
        names.push(format!("{name}.html"));
        taken.push(name);
    }
    names
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n{MARK}\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n{body}</body>\n</html>\n",
        escape(title)
    )
}

/// The address of a file of the site; names may have letters of any script.
fn address(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The section of the index that lists a page.
fn group(page: &Page) -> &'static str {
    match page.name.as_str() {
        LANGUAGE => "Language",
        name if name.starts_with("std/") => "Standard modules",
        _ => "Scripts",
    }
}

fn index(pages: &[Page], names: &[String]) -> String {
    let mut out = "<main>\n<h1>Reference</h1>\n".to_owned();
    for title in ["Scripts", "Language", "Standard modules"] {
        let mut listed = pages.iter().zip(names).filter(|(page, _)| group(page) == title).peekable();
        if listed.peek().is_none() {
            continue;
        }
        let _ = writeln!(out, "<h2>{title}</h2>\n<dl>");
        for (page, name) in listed {
            let summary = Entry { doc: page.doc.clone(), ..Entry::default() }.summary();
            let _ = writeln!(out, "<dt><a href=\"{}\">{}</a></dt>", address(name), escape(&page.name));
            let _ = writeln!(out, "<dd>{}{}</dd>", html(&summary), contents(page, name));
        }
        out.push_str("</dl>\n");
    }
    out.push_str("</main>\n");
    document("Reference", &out)
}

/// Links to the entries of a page in the file `name`; an empty name means the same page.
fn contents(page: &Page, name: &str) -> String {
    let mut out = String::new();
    for (index, section) in page.sections.iter().enumerate() {
        let (address, title) = (address(name), escape(&section.title));
        let _ =
            write!(out, "<p class=\"contents\"><a href=\"{address}#{}\">{title}</a>", section_anchor(section, index));
        for (number, entry) in section.entries.iter().enumerate() {
            let anchor = anchor(section, index, number);
            let _ = write!(out, " <a href=\"{address}#{anchor}\"><code>{}</code></a>", escape(&entry.name));
        }
        out.push_str("</p>\n");
    }
    out
}

fn section_anchor(section: &Section, index: usize) -> String {
    if section.owner.is_empty() { format!("section-{index}") } else { escape(&section.owner) }
}

/// The anchor of an entry. Functions of several types may share a name within a group.
fn anchor(section: &Section, index: usize, number: usize) -> String {
    let name = section.entries.get(number).map_or("", |entry| entry.name.as_str());
    let plain = format!("{}.{}", section_anchor(section, index), escape(name));
    match section.entries.iter().take(number).filter(|entry| entry.name == name).count() {
        0 => plain,
        before => format!("{plain}-{}", before + 1),
    }
}

fn body(page: &Page, pages: &[Page], names: &[String]) -> String {
    let link = |target: &str, fragment: &str, text: &str| {
        let known = pages.iter().zip(names).find(|(page, _)| page.name == target);
        let fragment = if fragment.is_empty() { String::new() } else { format!("#{}", escape(fragment)) };
        match known {
            Some((_, name)) => format!("<a href=\"{}{fragment}\">{}</a>", address(name), escape(text)),
            None => escape(text),
        }
    };
    let mut out = "<nav><a href=\"index.html\">Reference</a></nav>\n<main>\n".to_owned();
    let _ = writeln!(out, "<h1>{}</h1>\n{}", escape(&page.name), html(&page.doc));
    if !page.imports.is_empty() {
        let links: Vec<String> = page.imports.iter().map(|import| link(&import.page, "", &import.page)).collect();
        let _ = writeln!(out, "<p>Imports {}.</p>", links.join(", "));
    }
    out.push_str(&contents(page, ""));
    for (index, section) in page.sections.iter().enumerate() {
        let id = section_anchor(section, index);
        let _ = writeln!(out, "<section>\n<h2 id=\"{id}\"><a href=\"#{id}\">{}</a></h2>", escape(&section.title));
        out.push_str(&html(&section.doc));
        for (number, entry) in section.entries.iter().enumerate() {
            let id = anchor(section, index, number);
            let heads: Vec<String> = entry.heads.iter().map(|head| format!("<code>{}</code>", escape(head))).collect();
            let _ = writeln!(out, "<h3 id=\"{id}\"><a href=\"#{id}\">{}</a></h3>", heads.join("<br>"));
            out.push_str(&html(&entry.doc));
        }
        for from in section.inherited.iter().filter(|from| !from.names.is_empty()) {
            let class = link(&from.page, &from.class, &from.class);
            let members = from.names.iter().map(|name| link(&from.page, &format!("{}.{name}", from.class), name));
            let members: Vec<String> = members.collect();
            let _ = writeln!(out, "<p>Inherited from {class}: {}</p>", members.join(", "));
        }
        out.push_str("</section>\n");
    }
    out.push_str("</main>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::reference::{Import, Inherited};

    fn named(name: &str) -> Page {
        Page { name: name.to_owned(), ..Page::default() }
    }

    #[test]
    fn every_page_has_its_own_file() {
        let pages =
            ["bench.rhai", "lib/bench", "lib-bench.rhai", "Bench.rhai", "index.rhai", "../ä x.rhai", "...", "std/csv"];
        let pages: Vec<Page> = pages.iter().map(|name| named(name)).collect();
        assert_eq!(
            file_names(&pages),
            [
                "bench.html",
                "lib-bench.html",
                "lib-bench-2.html",
                "bench-2.html",
                "index-2.html",
                "ä-x.html",
                "script.html",
                "std-csv.html"
            ]
        );
        assert_eq!(address("ä-x.html"), "%C3%A4-x.html");
    }

    /// The values of an attribute in a page.
    fn values<'h>(html: &'h str, attribute: &str) -> Vec<&'h str> {
        let opening = format!(" {attribute}=\"");
        html.split(opening.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }

    #[test]
    fn links_resolve_and_text_is_escaped() {
        let entry = |name: &str| Entry {
            name: name.to_owned(),
            heads: vec![format!("task {name}(a = '<&>\"')")],
            doc: "A `<b>`.".to_owned(),
        };
        let section = |title: &str, owner: &str, inherited| Section {
            title: title.to_owned(),
            owner: owner.to_owned(),
            doc: "<script>x</script>".to_owned(),
            entries: vec![entry("f"), entry("g"), entry("f")],
            inherited,
        };
        let from =
            |page: &str| Inherited { class: "Led".to_owned(), page: page.to_owned(), names: vec!["f".to_owned()] };
        let bench = Page {
            name: "<b>&.rhai".to_owned(),
            doc: "A <bench>.".to_owned(),
            imports: ["led.rhai", "gone.rhai"]
                .map(|path| Import { path: path.to_owned(), page: path.to_owned() })
                .to_vec(),
            sections: vec![
                section("device Bench : Led", "Bench", vec![from("led.rhai"), from("gone.rhai")]),
                section("Functions", "", Vec::new()),
            ],
        };
        let led = Page { sections: vec![section("device Led", "Led", Vec::new())], ..named("led.rhai") };
        let files = site(&[bench, led]);
        assert_eq!(files.iter().map(|file| file.0.as_str()).collect::<Vec<_>>(), ["index.html", "b.html", "led.html"]);
        for (name, page) in &files {
            let ids = values(page, "id");
            assert!(ids.iter().enumerate().all(|(index, id)| !ids[..index].contains(id)), "{name}: {ids:?}");
            let links = values(page, "href");
            assert!(links.len() > 6, "{name}: {links:?}");
            for link in links {
                let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
                let file = if file.is_empty() { name } else { file };
                let (_, target) =
                    files.iter().find(|file_of| file_of.0 == file).unwrap_or_else(|| panic!("{link} of {name}"));
                assert!(fragment.is_empty() || values(target, "id").contains(&fragment), "{link} of {name}");
            }
            for unwanted in ["<script", "<b>", "<bench>", "http:", "https:", "src=", "url("] {
                assert!(!page.contains(unwanted), "{unwanted} in {name}\n{page}");
            }
            assert!(page.contains(MARK) && page.contains("prefers-color-scheme: dark"), "{name}");
        }
        assert!(
            files[1].1.contains("Inherited from <a href=\"led.html#Led\">Led</a>: <a href=\"led.html#Led.f\">f</a>")
        );
        assert!(files[1].1.contains("Inherited from Led: f"), "{}", files[1].1);
    }
}
