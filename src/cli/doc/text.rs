//! Renders the reference for a terminal: Markdown headings, each declaration on its own line, its comment below.
//!
//! Invariant: pure; without colour the text is the same but for the escape sequences.

use crate::cli::render::{Colour, Look};
use crate::script::reference::{Entry, Page, Section};
use std::fmt::Write as _;

struct Writer {
    text: String,
    colour: Colour,
}

impl Writer {
    fn new(is_coloured: bool) -> Writer {
        Writer { text: String::new(), colour: if is_coloured { Colour::Always } else { Colour::Never } }
    }

    fn heading(&mut self, level: usize, title: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let heading = format!("{} {title}", "#".repeat(level));
        let _ = writeln!(self.text, "{}", self.colour.paint(Look::Note, &heading));
    }

    fn paragraph(&mut self, doc: &str) {
        if !doc.is_empty() {
            let _ = writeln!(self.text, "\n{doc}");
        }
    }

    fn entry(&mut self, entry: &Entry) {
        for head in &entry.heads {
            let _ = writeln!(self.text, "{}", self.colour.paint(Look::Strong, head));
        }
        for line in entry.doc.lines() {
            let _ = writeln!(self.text, "{}", format!("    {line}").trim_end());
        }
    }

    fn section(&mut self, section: &Section) {
        self.heading(2, &section.title);
        self.paragraph(&section.doc);
        if !section.entries.is_empty() {
            self.text.push('\n');
        }
        for entry in &section.entries {
            self.entry(entry);
        }
        for from in section.inherited.iter().filter(|from| !from.names.is_empty()) {
            let _ = writeln!(self.text, "\nInherited from {} ({}): {}", from.class, from.page, from.names.join(", "));
        }
    }
}

/// One page as text.
pub fn page(page: &Page, is_coloured: bool) -> String {
    let mut out = Writer::new(is_coloured);
    out.heading(1, &page.name);
    out.paragraph(&page.doc);
    if !page.imports.is_empty() {
        let names: Vec<&str> = page.imports.iter().map(|import| import.page.as_str()).collect();
        out.paragraph(&format!("Imports {}.", names.join(", ")));
    }
    for section in &page.sections {
        out.section(section);
    }
    if page.sections.is_empty() {
        out.paragraph("It declares no device class, no constant and no function.");
    }
    out.text
}

/// The functions of the language, and an overview of each standard module.
pub fn overview(language: &Page, modules: &[Page], is_coloured: bool) -> String {
    let mut out = Writer::new(is_coloured);
    out.heading(1, &language.name);
    out.paragraph(&language.doc);
    for section in &language.sections {
        out.section(section);
    }
    out.heading(1, "Standard modules");
    for module in modules {
        out.heading(2, &module.name);
        out.paragraph(&module.doc);
        let entries: Vec<&Entry> = module.sections.iter().flat_map(|section| &section.entries).collect();
        if !entries.is_empty() {
            out.text.push('\n');
        }
        for entry in entries {
            for head in &entry.heads {
                let _ = writeln!(out.text, "{}", out.colour.paint(Look::Strong, head));
            }
            let _ = writeln!(out.text, "    {}", entry.summary());
        }
    }
    out.paragraph("`belay-script doc std/NAME` describes a whole module, `doc SCRIPT` the declarations of a script.");
    out.text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::reference::Inherited;

    fn entry(name: &str, head: &str, doc: &str) -> Entry {
        Entry { name: name.to_owned(), heads: vec![head.to_owned()], doc: doc.to_owned() }
    }

    #[test]
    fn pages_are_headings_and_indented_comments() {
        let section = Section {
            title: "device A : B".to_owned(),
            owner: "A".to_owned(),
            doc: "It is one.".to_owned(),
            entries: vec![entry("f", "task f(x)", "First.\n\nSecond."), entry("g", "task g()", "")],
            inherited: vec![Inherited {
                class: "B".to_owned(),
                page: "b.rhai".to_owned(),
                names: vec!["h".to_owned()],
            }],
        };
        let mut described = Page { name: "a.rhai".to_owned(), sections: vec![section], ..Page::default() };
        assert_eq!(
            page(&described, false),
            "# a.rhai\n\n## device A : B\n\nIt is one.\n\ntask f(x)\n    First.\n\n    Second.\ntask g()\n\n\
             Inherited from B (b.rhai): h\n"
        );
        assert!(page(&described, true).contains("\x1b[1mtask f(x)\x1b[0m\n"));
        described.sections.clear();
        assert_eq!(page(&described, false), "# a.rhai\n\nIt declares no device class, no constant and no function.\n");
        let module = Page {
            name: "std/m".to_owned(),
            doc: "For all.".to_owned(),
            sections: vec![Section { entries: vec![entry("f", "f(x)", "One. Two.")], ..Section::default() }],
            ..Page::default()
        };
        let shown = overview(&Page { name: "L".to_owned(), ..Page::default() }, &[module], false);
        assert!(shown.starts_with("# L\n\n# Standard modules\n\n## std/m\n\nFor all.\n\nf(x)\n    One.\n"), "{shown}");
    }
}
