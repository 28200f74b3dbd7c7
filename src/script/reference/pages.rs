//! The reference of a script, a standard module or the language, as data: classes, items, functions,
//! constants.
//!
//! A script is read as by `check`: only its declarations are evaluated. The built-in functions are in
//! `builtin.d.rhai`, a definition file that the Rhai language server reads, too. Invariant: a page holds no markup and
//! no comment marks; whoever displays it escapes it.

use crate::device::arguments::signature;
use crate::device::class::{Item, ItemKind, ItemOptions};
use crate::diagnostic::Diagnostic;
use crate::python::scan;
use crate::script::handles::{ClassHandle, ConsolesHandle, InstrumentClassHandle};
use crate::script::language::text;
use crate::script::reading::check;
use crate::script::run::loader;
use crate::script::runner::Runner;
use crate::script::sources::read;
use crate::script::stack::on_big_stack;
use crate::script::{compile, library, modules};
use rhai::{AST, ASTNode, Expr, Stmt};
use std::path::Path;
use std::sync::Arc;

/// What belay-script adds to Rhai, as a definition file.
pub(crate) const BUILTIN: &str = include_str!("builtin.d.rhai");

/// The page name of the built-in functions.
pub const LANGUAGE: &str = "The language";

/// The reference of one script or module.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The script's path as given, or the module's name, such as `std/assert`.
    pub name: String,
    /// Its head comment, in Markdown.
    pub doc: String,
    /// Its imports, in order, without duplicates.
    pub imports: Vec<Import>,
    /// Its classes, constants and functions, or the groups of the language.
    pub sections: Vec<Section>,
}

/// An `import` of a script.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// The path as written.
    pub path: String,
    /// The name of the imported page.
    pub page: String,
}

/// A class, or a group of functions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// `device Bench : Led`, or the name of a group.
    pub title: String,
    /// The prefix of its entries in links: the class's name, or empty.
    pub owner: String,
    /// The comment above it, in Markdown.
    pub doc: String,
    /// Its own entries.
    pub entries: Vec<Entry>,
    /// Inherited entries.
    pub inherited: Vec<Inherited>,
}

/// Entries inherited from a class.
#[derive(Clone, Debug, PartialEq)]
pub struct Inherited {
    /// The class's name.
    pub class: String,
    /// The page that describes it.
    pub page: String,
    /// Names of its items and methods, without duplicates.
    pub names: Vec<String>,
}

/// An item, method, function, property or constant: all overloads of one name and kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its signatures; several for overloads.
    pub heads: Vec<String>,
    /// The comments, in Markdown.
    pub doc: String,
}

impl Entry {
    /// The first sentence of its comment.
    pub fn summary(&self) -> String {
        let first = self.doc.split("\n\n").next().unwrap_or_default().replace('\n', " ");
        match first.find(". ") {
            Some(end) => first[..=end].to_owned(),
            None => first,
        }
    }
}

/// The names of the standard modules, sorted.
pub fn module_names() -> Vec<String> {
    library::library()
}

/// The reference of what belay-script adds to Rhai.
pub fn language() -> Page {
    let mut page = Page { name: LANGUAGE.to_owned(), ..Page::default() };
    let mut doc: Vec<&str> = Vec::new();
    for line in BUILTIN.lines() {
        if let Some(text) = line.strip_prefix("///") {
            doc.push(text.strip_prefix(' ').unwrap_or(text));
        } else if let Some(title) = line.strip_prefix("// # ") {
            page.sections.push(Section { title: title.to_owned(), ..Section::default() });
        } else if line.starts_with("module ") {
            page.doc = std::mem::take(&mut doc).join("\n");
        } else if let Some(section) = page.sections.last_mut()
            && let Some(head) = declaration(line)
        {
            let doc = std::mem::take(&mut doc).join("\n");
            let same = section.entries.last_mut().filter(|last| doc.is_empty() && last.name == head.name);
            match same {
                Some(entry) => entry.heads.push(head.shown),
                None => section.entries.push(Entry { name: head.name, heads: vec![head.shown], doc }),
            }
        }
    }
    page
}

/// A line of a definition file.
struct Head {
    name: String,
    /// In the notation of scripts.
    shown: String,
}

/// Types whose functions are shown as methods.
const RECEIVERS: &[&str] = &[
    "Console",
    "ConsoleClass",
    "Device",
    "DeviceClass",
    "Instrument",
    "InstrumentClass",
    "InstrumentSim",
    "Series",
    "Sim",
    "Generator",
    "Modbus",
    "proxy",
    "Error",
    "bigint",
    "dict",
    "set",
    "tuple",
    "complex",
    "namedtuple",
    "opaque",
    "random",
];

/// Reads `fn name(param: type, …) -> type;`, `fn get name(…)`, `const name: type;`.
fn declaration(line: &str) -> Option<Head> {
    let line = line.strip_suffix(';')?;
    if let Some((name, kind)) =
        line.strip_prefix("const ").or_else(|| line.strip_prefix("let ")).and_then(|rest| rest.split_once(": "))
    {
        let shown = format!("{name}: {kind}");
        return Some(Head { name: name.to_owned(), shown });
    }
    let rest = line.strip_prefix("fn ")?;
    let property = rest.strip_prefix("get ").filter(|rest| !rest.starts_with('('));
    let (name, rest) = property.unwrap_or(rest).split_once('(')?;
    // A parameter's type may be `()`, and so may the result's.
    let (params, result) = match rest.split_once(") -> ") {
        Some((params, result)) => (params, result),
        None => (rest.strip_suffix(')')?, ""),
    };
    let mut params: Vec<&str> = params.split(", ").filter(|param| !param.is_empty()).collect();
    let receiver = params.first().and_then(|param| param.split_once(": "));
    let before = match receiver.filter(|(_, kind)| RECEIVERS.contains(kind)) {
        Some((name, _)) => {
            params.remove(0);
            format!("{name}.")
        }
        None => String::new(),
    };
    let plain = |param: &&str| param.strip_suffix(": ?").unwrap_or(param).to_owned();
    let params = params.iter().map(plain).collect::<Vec<_>>().join(", ");
    let result = if result.is_empty() || result == "?" { String::new() } else { format!(" -> {result}") };
    let shown = match property {
        Some(_) => format!("{before}{name}{result}"),
        None => format!("{before}{name}({params}){result}"),
    };
    Some(Head { name: name.to_owned(), shown })
}

impl Runner {
    /// The reference of a script and everything it imports, the script first. Only declarations are
    /// evaluated.
    ///
    /// # Errors
    /// All problems that [`Runner::check_file`] finds.
    pub fn reference_file(&mut self, path: &Path) -> Result<Vec<Page>, Vec<Diagnostic>> {
        let text = read(path).map_err(|failure| vec![*failure])?;
        self.run.enter(path);
        self.reference_text(&path.to_string_lossy(), &text)
    }

    /// The reference of a standard module and its imports; `None` if it does not exist.
    ///
    /// # Errors
    /// As [`Runner::reference_file`].
    pub fn reference_module(&mut self, name: &str) -> Option<Result<Vec<Page>, Vec<Diagnostic>>> {
        library::library_text(name).map(|text| self.reference_text(name, text))
    }

    /// The reference of a script's text, as [`Runner::reference_file`].
    ///
    /// # Errors
    /// As [`Runner::reference_file`].
    pub fn reference_text(&mut self, name: &str, text: &str) -> Result<Vec<Page>, Vec<Diagnostic>> {
        self.check_text(name, text)?;
        let tree = on_big_stack(|| compile::compile(&self.run, &self.engine, name, text).ok());
        let Some(tree) = tree.map_err(|failure| vec![*failure])? else { return Ok(Vec::new()) };
        let mut pages: Vec<Page> = Vec::new();
        let mut waiting = vec![(name.to_owned(), tree)];
        while let Some((name, tree)) = waiting.pop() {
            let page = self.page(&name, &tree);
            for import in page.imports.iter().rev() {
                let known = import.page == name
                    || pages.iter().any(|page| page.name == import.page)
                    || waiting.iter().any(|(name, _)| *name == import.page);
                if let Some(tree) = self.run.declarations.loader.tree(&import.page).filter(|_| !known) {
                    waiting.push((import.page.clone(), tree));
                }
            }
            pages.push(page);
        }
        Ok(pages)
    }

    fn page(&self, name: &str, tree: &AST) -> Page {
        let source = self.run.sources.get(name).unwrap_or_default();
        let doc = match tree.doc() {
            "" => head_comment(&source),
            doc => text::strip_comment(doc),
        };
        let own = self.run.declarations.classes().into_iter().filter(|(script, _)| script == name);
        let mut sections: Vec<Section> = own.map(|(_, class)| self.class(&class)).collect();
        let instruments = self.run.declarations.instruments().into_iter().filter(|(script, _)| script == name);
        sections.extend(instruments.map(|(_, class)| instrument(&class)));
        let consoles = self.run.declarations.consoles().into_iter().filter(|(script, _)| script == name);
        sections.extend(consoles.map(|(_, class)| console(&class)));
        let groups = [("Constants", constants(tree, &source)), ("Functions", functions(tree, &source, name))];
        for (title, entries) in groups.into_iter().filter(|(_, entries)| !entries.is_empty()) {
            sections.push(Section { title: title.to_owned(), entries, ..Section::default() });
        }
        Page { name: name.to_owned(), doc, imports: imports(tree, name), sections }
    }

    fn class(&self, class: &ClassHandle) -> Section {
        let (declared, mixins) = (&class.0.class, &class.0.mixins);
        let inherits =
            |item: &Arc<Item>| mixins.iter().any(|mixin| mixin.0.class.items().any(|other| Arc::ptr_eq(other, item)));
        let mut entries: Vec<Entry> = Vec::new();
        for item in declared.items().filter(|item| !inherits(item)) {
            add(&mut entries, &item.name, head(item), &item.doc);
        }
        for method in &class.0.methods {
            let foreign = mixins.iter().any(|mixin| mixin.0.methods.iter().any(|other| Arc::ptr_eq(other, method)));
            if !foreign {
                let head = format!("method {} |{}|", method.name, method.parameters.join(", "));
                add(&mut entries, &method.name, head, &method.doc);
            }
        }
        let names: Vec<&str> = mixins.iter().map(|mixin| mixin.0.class.name.as_str()).collect();
        let bases = if names.is_empty() { String::new() } else { format!(" : {}", names.join(", ")) };
        let mut inherited = Vec::new();
        for mixin in mixins {
            self.inherit(mixin, &mut inherited);
        }
        let (title, owner) = (format!("device {}{bases}", declared.name), declared.name.clone());
        Section { title, owner, doc: declared.doc.clone(), entries, inherited }
    }

    /// Adds a class and its base classes, without duplicates.
    fn inherit(&self, class: &ClassHandle, found: &mut Vec<Inherited>) {
        let section = self.class(class);
        let home = self.run.declarations.classes().into_iter().find(|(_, known)| Arc::ptr_eq(&known.0, &class.0));
        let page = home.map(|(script, _)| script).unwrap_or_default();
        let names = section.entries.into_iter().map(|entry| entry.name).collect();
        let inherited = Inherited { class: section.owner, page, names };
        if !found.contains(&inherited) {
            found.push(inherited);
        }
        for further in section.inherited {
            if !found.contains(&further) {
                found.push(further);
            }
        }
    }
}

/// An instrument class.
fn instrument(class: &InstrumentClassHandle) -> Section {
    let declared = &class.0.class;
    let mut entries: Vec<Entry> = Vec::new();
    for item in declared.items() {
        let model = item.options.model.as_ref().map(|model| format!(" for \"{model}\"")).unwrap_or_default();
        add(&mut entries, &item.name, format!("{} {}{model}", item.kind, item.signature()), &item.doc);
    }
    for method in &class.0.methods {
        let head = format!("method {} |{}|", method.name, method.parameters.join(", "));
        add(&mut entries, &method.name, head, &method.doc);
    }
    let (title, owner) = (format!("instrument {}", declared.name), declared.name.clone());
    Section { title, owner, doc: declared.doc.clone(), entries, ..Section::default() }
}

/// A class of consoles.
fn console(class: &ConsolesHandle) -> Section {
    let declared = &class.0.class;
    let mut entries: Vec<Entry> = Vec::new();
    for item in declared.items() {
        add(&mut entries, &item.name, format!("{} {}", item.kind, item.signature()), &item.doc);
    }
    for method in &class.0.methods {
        let head = format!("method {} |{}|", method.name, method.parameters.join(", "));
        add(&mut entries, &method.name, head, &method.doc);
    }
    let (title, owner) = (format!("console {}", declared.name), declared.name.clone());
    Section { title, owner, doc: declared.doc.clone(), entries, ..Section::default() }
}

/// Adds an overload to the entry with its name, or a new entry.
fn add(entries: &mut Vec<Entry>, name: &str, head: String, doc: &str) {
    match entries.iter_mut().find(|entry| entry.name == name) {
        Some(entry) => {
            entry.heads.push(head);
            if !doc.is_empty() && !entry.doc.contains(doc) {
                let gap = if entry.doc.is_empty() { "" } else { "\n\n" };
                entry.doc = format!("{}{gap}{doc}", entry.doc);
            }
        }
        None => entries.push(Entry { name: name.to_owned(), heads: vec![head], doc: doc.to_owned() }),
    }
}

/// An item's declaration without its body: `task read(ch, n = 8) for "micropython" timeout = 2`.
fn head(item: &Item) -> String {
    let (is, usual) = (&item.options, ItemOptions::defaults(item.kind));
    let mut text = format!("{} {}", item.kind, signature(item));
    if let Some(name) = &is.implementation {
        text.push_str(&format!(" for \"{name}\""));
    }
    for (name, set, default) in [
        ("minify", is.minify, usual.minify),
        ("register", is.register, usual.register),
        ("record", is.record, usual.record),
        ("autoinit", is.autoinit, usual.autoinit),
        ("ignore_errors", is.ignore_errors, usual.ignore_errors),
        ("trusted", is.trusted, usual.trusted),
        ("return_time", is.return_time, usual.return_time),
        ("retry", is.retry, usual.retry),
        ("stream", is.stream, usual.stream),
    ] {
        match set {
            _ if set == default => {}
            true => text.push_str(&format!(" {name}")),
            false => text.push_str(&format!(" {name} = false")),
        }
    }
    if let Some(timeout) = is.timeout {
        text.push_str(&format!(" timeout = {}", timeout.as_secs_f64()));
    }
    if is.prefetch != usual.prefetch {
        text.push_str(&format!(" prefetch = {}", is.prefetch));
    }
    if let Some(emitter) = is.emitter {
        text.push_str(&format!(" emitter = \"{}\"", emitter.name()));
    }
    if item.kind == ItemKind::Task && scan::has_yield(&item.body.text) {
        text.push_str(" (a generator)");
    }
    text
}

fn imports(tree: &AST, name: &str) -> Vec<Import> {
    let mut found: Vec<Import> = Vec::new();
    tree.walk(&mut |nodes: &[ASTNode<'_>]| {
        if let Some(ASTNode::Stmt(Stmt::Import(import, _))) = nodes.last()
            && let Expr::StringConstant(path, _) = &import.0
        {
            let page = modules::resolve(Some(name), path);
            if !found.iter().any(|known| known.page == page) {
                found.push(Import { path: path.to_string(), page });
            }
        }
        true
    });
    found
}

/// The public functions of a script, in order.
fn functions(tree: &AST, source: &str, name: &str) -> Vec<Entry> {
    let mut found: Vec<_> = tree
        .iter_functions()
        .filter(|function| function.access == rhai::FnAccess::Public && !function.name.starts_with(loader::CLOSURE))
        .collect();
    let line = |called: &str| loader::function_origin(source, name, called).map_or(u32::MAX, |origin| origin.line);
    found.sort_by_key(|function| (line(function.name), function.name.to_owned(), function.params.len()));
    let mut entries = Vec::new();
    for function in found {
        let of = function.this_type.map(|kind| format!("{kind}.")).unwrap_or_default();
        let head = format!("{of}{}({})", function.name, function.params.join(", "));
        add(&mut entries, function.name, head, &text::strip_comment(&function.comments.join("\n")));
    }
    entries
}

/// The constants and variables exported by a script at their declaration.
fn constants(tree: &AST, source: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for statement in tree.statements().iter().filter(|statement| check::is_exported(statement)) {
        if let Stmt::Var(variable, _, position) = statement {
            let doc = text::comment_above(source, position.line().unwrap_or(1));
            add(&mut entries, &variable.0.name, variable.0.name.to_string(), &doc);
        }
    }
    entries
}

/// The head comment of a script, unless it belongs to the declaration directly below.
fn head_comment(source: &str) -> String {
    let lines: Vec<&str> = source.lines().collect();
    let head: Vec<&str> = lines.iter().copied().take_while(|line| line.starts_with("//")).collect();
    let below = lines.get(head.len()).map(|line| line.trim_start()).unwrap_or_default();
    let owned = ["device ", "instrument ", "console ", "fn ", "private ", "test ", "const ", "let ", "export "];
    if owned.iter().any(|word| below.starts_with(word)) {
        return String::new();
    }
    text::strip_comment(&head.join("\n"))
}
