//! Checks README.md, the book in `docs/` and the other documents as text: links and their anchors resolve, the summary names
//! every page, includes exist, quoted error texts occur in the program, and the words stay those of the style guide.
//!
//! `tests/program/documents.rs` runs their examples.

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The documents outside of the book.
const OUTSIDE: &[&str] = &["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];

/// Words that make text hard to read and to search, and how often the documents may have them together.
const STIFF: &[&str] = &["is no ", "told", "behind", "anew", "for ever", "so many", "stand", "stands"];
const STIFF_AT_MOST: usize = 14;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The pages of the book, by their paths.
fn pages() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("docs/src")).expect("the pages");
    let mut pages: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    pages
}

/// The file that a page consists of, if it is `{{#include FILE}}`.
fn included(text: &str) -> Option<&str> {
    text.trim().strip_prefix("{{#include ")?.strip_suffix("}}")
}

/// A page as the book shows it: its own text, or that of the file which it includes.
fn shown(page: &Path) -> String {
    let text = read(page);
    match included(&text) {
        Some(file) => read(&page.parent().expect("a folder").join(file)),
        None => text,
    }
}

/// A heading as a link names it.
fn slug(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>().replace(' ', "-")
}

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

/// The headings of a document, as links name them.
fn headings(text: &str) -> Vec<String> {
    let mut headings: Vec<String> = Vec::new();
    let mut heading: Option<String> = None;
    for event in parser(text) {
        match (event, &mut heading) {
            (Event::Start(Tag::Heading { .. }), _) => heading = Some(String::new()),
            (Event::End(TagEnd::Heading(_)), _) => {
                let plain = slug(&heading.take().expect("it began"));
                let same = headings.iter().filter(|known| **known == plain).count();
                headings.push(if same == 0 { plain } else { format!("{plain}-{same}") });
            }
            (Event::Text(text) | Event::Code(text), Some(heading)) => heading.push_str(&text),
            _ => {}
        }
    }
    headings
}

/// The targets of links and pictures, with their lines.
fn links(text: &str) -> Vec<(usize, String)> {
    let line = |at: usize| text[..at].matches('\n').count() + 1;
    let mut links = Vec::new();
    for (event, range) in parser(text).into_offset_iter() {
        match event {
            Event::Start(Tag::Link { link_type: LinkType::Email, .. }) => {}
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                links.push((line(range.start), dest_url.into_string()));
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                for attribute in [" src=\"", " href=\""] {
                    let values = html.split(attribute).skip(1).filter_map(|rest| rest.split('"').next());
                    links.extend(values.map(|value| (line(range.start), value.to_owned())));
                }
            }
            _ => {}
        }
    }
    links
}

/// What is wrong with the links of a document that lies in `folder`. Pages of the book name only what the book has.
fn broken(text: &str, folder: &Path, in_book: bool) -> Vec<String> {
    let mut broken = Vec::new();
    for (line, target) in links(text) {
        if target.starts_with("https://") {
            continue;
        }
        let (file, anchor) = match target.split_once('#') {
            Some((file, anchor)) => (file, Some(anchor)),
            None => (target.as_str(), None),
        };
        let found = if file.is_empty() {
            headings(text).iter().any(|known| Some(known.as_str()) == anchor)
        } else if in_book && file.contains("..") {
            false
        } else {
            let path = folder.join(file);
            path.exists() && anchor.is_none_or(|anchor| headings(&shown(&path)).iter().any(|known| known == anchor))
        };
        if !found {
            broken.push(format!("{line}: {target}"));
        }
    }
    broken
}

#[test]
fn links_resolve() {
    let mut problems = Vec::new();
    for name in OUTSIDE {
        problems.extend(broken(&read(&root().join(name)), root(), false).iter().map(|link| format!("{name}:{link}")));
    }
    for page in pages() {
        let name = page.strip_prefix(root()).expect("inside").display().to_string();
        let folder = page.parent().expect("a folder");
        problems.extend(broken(&shown(&page), folder, true).iter().map(|link| format!("{name}:{link}")));
    }
    assert!(problems.is_empty(), "these links do not resolve:\n{}", problems.join("\n"));
}

#[test]
fn broken_links_are_found() {
    let text = "# A page\n[here](#a-page) [there](nowhere.md)\n[up](#b) [out](https://example.org)\n\n\
                ```text\n[no](link.md)\n```\n\n| a |\n|---|\n| ![b](c.png) |\n\n<img width=\"9\" src=\"d.png\">\n";
    assert_eq!(broken(text, root(), true), ["2: nowhere.md", "3: #b", "11: c.png", "13: d.png"]);
    assert_eq!(broken("[a](README.md#nothing) [b](../x)", root(), true), ["1: README.md#nothing", "1: ../x"]);
    assert_eq!(headings("# One `two`\n\n## A, b!\n\n## A b\n"), ["one-two", "a-b", "a-b-1"]);
}

/// The last cells of the rows in the tables whose last column has this head.
fn last_cells<'t>(text: &'t str, head: &str) -> Vec<&'t str> {
    let mut found = Vec::new();
    let mut is_inside = false;
    for line in text.lines() {
        is_inside = line.starts_with('|') && (is_inside || line.ends_with(&format!("| {head} |")));
        let cell = line.strip_suffix(" |").and_then(|row| row.rsplit(" | ").next());
        found.extend(cell.filter(|cell| is_inside && *cell != head));
    }
    found
}

#[test]
fn every_feature_of_openhtf_names_its_test() {
    let text = read(&root().join("docs/src/openhtf.md"));
    let cells = last_cells(&text, "shown by");
    // What is not there has a dash.
    let shown = cells.iter().filter(|cell| **cell != "–");
    let names = shown.flat_map(|cell| cell.split(", ")).map(|name| name.trim_matches('`'));
    let names: BTreeSet<&str> = names.collect();
    assert!(cells.len() > 50 && names.len() > 30, "{} rows name {names:?}", cells.len());
    let sources = ["src", "tests"].iter().flat_map(|folder| walkdir::WalkDir::new(root().join(folder)));
    let sources = sources.map(|entry| entry.expect("an entry").into_path());
    let rust = sources.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let code: String = rust.map(|path| read(&path)).collect();
    let is_test = |name: &&&str| {
        let head = format!("fn {name}()");
        code.match_indices(&head).any(|(at, _)| code[..at].trim_end().ends_with("#[test]"))
    };
    let missing: Vec<&&str> = names.iter().filter(|name| !is_test(name)).collect();
    assert!(missing.is_empty(), "these tests do not exist: {missing:?}");
}

#[test]
fn the_summary_names_every_page_once() {
    let summary = root().join("docs/src/SUMMARY.md");
    let named: Vec<String> = links(&read(&summary)).into_iter().map(|(_, target)| target).collect();
    let distinct: BTreeSet<&String> = named.iter().collect();
    assert_eq!(distinct.len(), named.len(), "a page is named twice: {named:?}");
    let pages = pages().iter().map(|page| page.file_name().expect("a name").to_string_lossy().into_owned()).collect();
    let pages: BTreeSet<String> = pages;
    let expected: BTreeSet<String> = named.iter().cloned().chain(["SUMMARY.md".to_owned()]).collect();
    assert_eq!(pages, expected);
}

#[test]
fn every_page_begins_with_one_title() {
    for page in pages() {
        let text = shown(&page);
        let titles = parser(&text).filter(|event| {
            matches!(event, Event::Start(Tag::Heading { level: pulldown_cmark::HeadingLevel::H1, .. }))
        });
        let titles = titles.count();
        // Parts of the book are titles of the summary.
        let wanted = text.starts_with("# ") && (titles == 1 || page.ends_with("SUMMARY.md"));
        assert!(wanted, "{}: {titles} titles", page.display());
    }
}

#[test]
fn the_readme_fits_on_a_front_page() {
    let lines = read(&root().join("README.md")).lines().count();
    assert!(lines <= 150, "README.md has {lines} lines, 150 is the limit: move what is more to docs/src");
}

/// Files and folders of the tree that documents name; the changelog also names those that are gone.
#[test]
fn paths_of_the_tree_exist() {
    let mut named = 0;
    let mut missing = Vec::new();
    for path in OUTSIDE.iter().filter(|name| **name != "CHANGELOG.md").map(|name| root().join(name)).chain(pages()) {
        let text = read(&path);
        for event in parser(&text) {
            let Event::Code(code) = event else { continue };
            let of_tree = ["src/", "tests/", "docs/", "scripts/", "stdlib/", "benches/", ".ci/"];
            // Not `NAME` or a pattern: what stands for a name.
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "/_.-".contains(c);
            if of_tree.iter().any(|folder| code.starts_with(folder)) && code.chars().all(plain) {
                named += 1;
                let there = root().join(&*code).exists() || root().join(format!("{code}.rs")).exists();
                // What `mdbook build docs` writes.
                if !there && *code != *"docs/book" {
                    missing.push(format!("{}: {code}", path.display()));
                }
            }
        }
    }
    assert!(named > 50, "only {named} paths are named");
    assert!(missing.is_empty(), "these paths are not there:\n{}", missing.join("\n"));
}

#[test]
fn the_tests_that_security_names_exist() {
    let sources: String = texts("src", &["rs"]).into_iter().chain(texts("tests", &["rs"])).collect();
    let page = read(&root().join("SECURITY.md"));
    let mut named = 0;
    let mut missing = Vec::new();
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let tests = row.trim_end_matches(['|', ' ']).rsplit('|').next().expect("a cell");
        for test in tests.split('`').skip(1).step_by(2) {
            named += 1;
            let name = test.rsplit("::").next().expect("a name");
            if !sources.contains(&format!("fn {name}(")) && !sources.contains(&format!("mod {name}")) {
                missing.push(test);
            }
        }
    }
    assert!(named > 30, "only {named} tests are named");
    assert!(missing.is_empty(), "SECURITY.md names tests that are not there: {missing:?}");
}

#[test]
fn documents_keep_to_plain_words() {
    let documents = OUTSIDE.iter().map(|name| root().join(name)).chain(pages());
    let mut found = Vec::new();
    for path in documents {
        let text = read(&path);
        for (line, text) in (1..).zip(text.lines()) {
            let lower = format!("{} ", text.to_lowercase());
            for word in STIFF {
                let whole = |at: usize| {
                    let end = at + word.len();
                    let before = lower[..at].chars().next_back();
                    let after = lower[end..].chars().next();
                    let outside = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
                    outside(before) && (word.ends_with(' ') || outside(after))
                };
                let count = lower.match_indices(word).filter(|(at, _)| whole(*at)).count();
                found.extend((0..count).map(|_| format!("{}:{line}: {word}", path.display())));
            }
        }
    }
    assert!(found.len() <= STIFF_AT_MOST, "{} of at most {STIFF_AT_MOST}:\n{}", found.len(), found.join("\n"));
}

/// The texts of the files below a folder of the sources, by the ends of their names.
fn texts(folder: &str, extensions: &[&str]) -> Vec<String> {
    let mut folders = vec![root().join(folder)];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extensions.iter().any(|known| extension == *known)) {
                texts.push(read(&path));
            }
        }
    }
    texts
}

/// The sources of the program, without the line breaks of their strings.
fn program_text() -> String {
    let joined = |text: String| {
        let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
        lines.join("\n").replace("\\\n", "").replace("\\\"", "\"")
    };
    texts("src", &["rs", "py"]).into_iter().map(joined).collect()
}

#[test]
fn errors_that_troubleshooting_explains_are_those_of_the_program() {
    let page = read(&root().join("docs/src/troubleshooting.md"));
    let program = program_text();
    let mut quoted = Vec::new();
    let mut heading = false;
    for event in parser(&page) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => heading = level == pulldown_cmark::HeadingLevel::H3,
            Event::End(TagEnd::Heading(_)) => heading = false,
            Event::Code(text) if heading => quoted.push(text.into_string()),
            _ => {}
        }
    }
    assert!(quoted.len() > 30, "only {} errors are explained", quoted.len());
    let firmware = |text: &str| text.starts_with("ImportError");
    let mut unknown = Vec::new();
    for text in quoted.iter().filter(|text| !firmware(text)) {
        for piece in text.split('…').map(|piece| piece.trim_matches([' ', '`', '"', ',', ':'])) {
            if piece.len() > 3 && !program.contains(piece) {
                unknown.push(format!("{text}: {piece:?}"));
            }
        }
    }
    assert!(unknown.is_empty(), "the program does not say:\n{}", unknown.join("\n"));
}

/// The list is in the script that colours examples in a browser, which cannot ask the program.
#[test]
fn the_book_colours_the_keywords_of_the_language() {
    let script = read(&root().join("docs/theme/rhai.js"));
    let list = script.split('`').nth(1).expect("the list");
    let listed: BTreeSet<&str> = list.split_whitespace().collect();
    assert_eq!(listed, belay_script::script::KEYWORDS.iter().copied().collect());
}
