//! Who is who in a Python source: names of Belay, device classes, devices, constants.
//!
//! Uses the outline. Invariant: a name counts only if the source itself, or a module beside it, says what it is.

use super::literal::literal;
use super::outline::{Source, Statement, Word, call, path};
use crate::device::class::ItemKind;
use crate::script::{BLOCK_KEYWORDS, KEYWORDS};
use std::collections::{BTreeMap, BTreeSet};

/// The text of the Python module of this name beside the source.
pub type Beside<'b> = &'b dyn Fn(&str) -> Option<String>;

/// What the names of a source mean.
#[derive(Default)]
pub(super) struct Scope {
    /// Names of the module `belay`.
    belay: BTreeSet<String>,
    /// Names of its class `Device`.
    device: BTreeSet<String>,
    /// Names of the module `time`, and of its function `sleep`.
    time: BTreeSet<String>,
    sleep: BTreeSet<String>,
    /// Device classes by their names in the source, with their names in the script.
    pub classes: BTreeMap<String, String>,
    /// Names of the items and methods of all device classes of the source.
    pub members: BTreeSet<String>,
    /// Those that are threads, whose arguments are positional.
    pub threads: BTreeSet<String>,
    /// The modules beside the source whose classes it uses, with their aliases.
    pub modules: BTreeMap<String, String>,
    /// Names that are assigned one literal, once, and their values in the script; in order.
    pub constants: Vec<(String, String)>,
}

impl Scope {
    /// Reads the imports, classes and constants.
    pub fn of(source: &Source<'_>, beside: Beside<'_>) -> Scope {
        let mut scope = Scope::default();
        let mut imported: Vec<(String, String, String)> = Vec::new();
        for line in 0..source.code.lines.len() {
            scope.import(&source.texts(line), &mut imported);
        }
        for (module, name, alias) in imported {
            let file = module.trim_start_matches('.').replace('.', "/");
            let Some(text) = (!file.is_empty()).then(|| beside(&file)).flatten() else { continue };
            let text = super::normal(&text);
            let Ok(other) = Source::new(&text) else { continue };
            let inside = Scope::of(&other, &|_| None);
            if inside.classes.contains_key(&name) {
                let module = file.rsplit('/').next().unwrap_or_default().to_owned();
                scope.classes.insert(alias, format!("{module}::{name}"));
                scope.members.extend(inside.members);
                scope.threads.extend(inside.threads);
                scope.modules.insert(file, module);
            }
        }
        for line in 0..source.code.lines.len() {
            let head = (line + 1..source.code.lines.len()).find(|next| !source.begins(*next, "@"));
            let is_thread = decoration(line, &source.words(line)).is_some_and(|one| one.kind == ItemKind::Thread);
            if let ["def", name, ..] = head.map(|head| source.texts(head)).unwrap_or_default().as_slice()
                && is_thread
            {
                scope.threads.insert((*name).to_owned());
            }
        }
        for statement in source.all() {
            if let Some(name) = scope.device_class(source, &statement) {
                for member in source.inner(&statement) {
                    if let ["def", member, ..] = source.texts(member.head).as_slice() {
                        scope.members.insert((*member).to_owned());
                    }
                }
                scope.classes.insert(name.clone(), name);
            }
        }
        scope.constants = constants(source);
        scope
    }

    fn import(&mut self, texts: &[&str], imported: &mut Vec<(String, String, String)>) {
        match texts {
            ["import", rest @ ..] => {
                for part in rest.split(|text| *text == ",") {
                    let names = match part {
                        ["belay", ..] => &mut self.belay,
                        ["time", ..] => &mut self.time,
                        _ => continue,
                    };
                    names.extend(part.last().map(|name| (*name).to_owned()));
                }
            }
            ["from", rest @ ..] => {
                let Some(at) = rest.iter().position(|text| *text == "import") else { return };
                let module = rest[..at].concat();
                for part in rest[at + 1..].split(|text| *text == ",") {
                    let part: Vec<&str> = part.iter().filter(|text| !matches!(**text, "(" | ")")).copied().collect();
                    let (Some(name), Some(alias)) = (part.first(), part.last()) else { continue };
                    match (module.as_str(), *name) {
                        ("belay", "Device") => {
                            self.device.insert((*alias).to_owned());
                        }
                        ("time", "sleep") => {
                            self.sleep.insert((*alias).to_owned());
                        }
                        ("belay", _) => {}
                        _ => imported.push((module.clone(), (*name).to_owned(), (*alias).to_owned())),
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether a dotted name is Belay's class `Device`.
    pub fn is_device(&self, path: &[&str]) -> bool {
        match path {
            [name] => self.device.contains(*name),
            [module, "Device"] => self.belay.contains(*module),
            _ => false,
        }
    }

    /// Whether a dotted name is `time.sleep`.
    pub fn is_sleep(&self, path: &[&str]) -> bool {
        match path {
            [name] => self.sleep.contains(*name),
            [module, "sleep"] => self.time.contains(*module),
            _ => false,
        }
    }

    /// The name in the script of a device class.
    pub fn class(&self, path: &[&str]) -> Option<String> {
        match path {
            _ if self.is_device(path) => Some("Device".to_owned()),
            [name] => self.classes.get(*name).cloned(),
            _ => None,
        }
    }

    /// The name of a device class that a statement declares: it inherits from one, or has an item of one.
    pub fn device_class(&self, source: &Source<'_>, statement: &Statement) -> Option<String> {
        let words = source.words(statement.head);
        let [class, name, rest @ ..] = words.as_slice() else { return None };
        if class.text != "class" {
            return None;
        }
        let mut bases = bases(rest).into_iter();
        let inherits = bases.any(|base| path(base).is_some_and(|(path, _)| self.class(&path).is_some()));
        let has_items = || {
            source
                .inner(statement)
                .iter()
                .any(|member| decorations(source, member).iter().any(|decoration| self.is_device(&decoration.owner)))
        };
        (inherits || has_items()).then(|| name.text.to_owned())
    }
}

/// The classes in the parentheses after a class's name, without keywords.
pub(super) fn bases<'w, 's>(rest: &'w [Word<'s>]) -> Vec<&'w [Word<'s>]> {
    let Some(close) = rest.iter().rposition(|word| word.text == ")") else { return Vec::new() };
    let inner = call(&rest[..=close]).unwrap_or_default();
    super::outline::arguments(inner).into_iter().filter(|base| super::outline::keyword(base).is_none()).collect()
}

/// A decorator `@OWNER.KIND`, with or without arguments.
pub(super) struct Decoration<'s> {
    /// Index of its logical line.
    pub line: usize,
    /// What is before the kind.
    pub owner: Vec<&'s str>,
    pub kind: ItemKind,
    /// Its arguments.
    pub arguments: Vec<Word<'s>>,
}

/// The decorators of a statement that declare an item.
pub(super) fn decorations<'s>(source: &Source<'s>, statement: &Statement) -> Vec<Decoration<'s>> {
    statement.decorators.clone().filter_map(|line| decoration(line, &source.words(line))).collect()
}

fn decoration<'s>(line: usize, words: &[Word<'s>]) -> Option<Decoration<'s>> {
    let (mut owner, rest) = path(words.get(1..)?)?;
    let kind = ItemKind::from_word(owner.pop()?)?;
    let arguments = if rest.is_empty() { Vec::new() } else { call(rest)?.to_vec() };
    (!owner.is_empty()).then_some(Decoration { line, owner, kind, arguments })
}

/// Names at the outermost level that are assigned a literal once, and nothing else.
fn constants(source: &Source<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut assigned: BTreeMap<&str, usize> = BTreeMap::new();
    for line in 0..source.code.lines.len() {
        let words = source.words(line);
        let [name, sign, value @ ..] = words.as_slice() else { continue };
        let (mut sign, mut value) = (*sign, value);
        // The value after an annotation.
        if let Some(at) = words.iter().position(|word| word.text == "=").filter(|_| sign.text == ":") {
            (sign, value) = (words[at], &words[at + 1..]);
        }
        let is_assignment = sign.text.ends_with('=') && !matches!(sign.text, "==" | "<=" | ">=" | "!=");
        if is_assignment {
            *assigned.entry(name.text).or_default() += 1;
            let is_outer = source.code.lines[line].column == 0;
            if let Some(value) = literal(value, 0).filter(|_| is_outer && sign.text == "=" && is_free(name.text)) {
                found.push((name.text.to_owned(), value));
            }
        }
    }
    found.retain(|(name, _)| assigned.get(name.as_str()) == Some(&1));
    found
}

/// Whether a script may use this name for a variable.
pub(super) fn is_free(name: &str) -> bool {
    let reserved = ["print", "debug", "eval", "call", "var", "goto", "exit", "void", "public", "super", "station"];
    let is_word = KEYWORDS.contains(&name) && !BLOCK_KEYWORDS.contains(&name);
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !is_word && !reserved.contains(&name)
}
