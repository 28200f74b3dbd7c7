//! A script and the modules that it imports, prepared for the analysis: functions, classes, imports, exports.
//!
//! Reads Rhai's tree. Invariant: nothing is evaluated; what cannot be read from the tree is noted as not known.

use crate::bench::station::Station;
use crate::script::analysis::asking::{self, STATION};
use crate::script::analysis::classes::Class;
use crate::script::analysis::known::Known;
use crate::script::analysis::natives::Natives;
use crate::script::analysis::on_board::OnBoard;
use crate::script::analysis::source::Source;
use crate::script::analysis::tree::{body_of, call_of, calls_something, holds_named, is_named, root_of};
use crate::script::analysis::types::Type;
use crate::script::members::{self, Use};
use crate::script::modules::resolve;
use crate::script::names::DEVICE_CLASS;
use crate::script::run::loader::CLOSURE;
use rhai::{AST, ASTFlags, ASTNode, Expr, Module, Stmt};
use std::collections::{BTreeSet, HashMap, HashSet};

/// A function of a script.
pub(crate) struct Function {
    pub name: String,
    pub params: Vec<String>,
    pub is_private: bool,
    /// It is declared for values of one type.
    pub is_typed: bool,
    pub body: Vec<Stmt>,
}

/// A script, read.
pub(crate) struct Script<'s> {
    pub source: &'s Source,
    pub functions: Vec<Function>,
    pub closures: HashMap<String, Function>,
    /// Aliases of imports: the number of the script, `None` if it is not known.
    pub imports: Vec<(String, Option<usize>)>,
    /// What other scripts see as `alias::NAME`.
    pub exports: HashSet<String>,
    /// The constants of the script, which functions see as `global::NAME`.
    pub constants: HashSet<String>,
    /// All of its variables and constants.
    pub variables: HashSet<String>,
    /// Names that are assigned somewhere: what they hold is not known.
    pub assigned: HashSet<String>,
    /// Names of which a part is assigned, or on which something is called: what the elements are is not known.
    pub changed: HashSet<String>,
    /// All that it exports is known.
    pub is_known: bool,
}

/// Everything that is analysed together. The first script is the one that is run.
pub(crate) struct Program<'s> {
    pub scripts: Vec<Script<'s>>,
    pub natives: &'s Natives,
    /// The first one is the built-in `Device`.
    pub classes: Vec<Class>,
    /// Names that a map may hold, or that are written as strings: they may be called on anything.
    pub keys: HashSet<String>,
    /// Names of items that are declared for single devices at run time.
    pub declared: HashSet<String>,
    /// Items are declared from computed code: devices may have any.
    pub declares_anything: bool,
    /// Objects of boards may be about, on which any name can be called.
    pub has_proxies: bool,
    /// Named arguments are kept somewhere, so that any argument may be some.
    pub keeps_named: bool,
    /// Functions are called with the variables around the call.
    pub lends_scope: bool,
    /// `this` is assigned somewhere: methods may change what a variable holds.
    pub assigns_this: bool,
    /// What code in strings of the scripts defines on boards.
    pub on_board: OnBoard,
    /// The station, if its file is known.
    pub station: Option<&'s Station>,
    /// Scripts ask what the station has.
    pub asks_station: bool,
    /// Variables that hold parts of the station.
    of_station: HashSet<String>,
}

impl<'s> Program<'s> {
    pub fn new(sources: &'s [Source], natives: &'s Natives, station: Option<&'s Station>) -> Program<'s> {
        let numbers: HashMap<&str, usize> =
            sources.iter().enumerate().map(|(number, source)| (source.name.as_str(), number)).collect();
        let mut program = Program::empty(natives, station);
        program.add(sources, &numbers);
        program
    }

    /// An input, after what is known.
    pub fn after(known: &'s Known, input: &'s Source, natives: &'s Natives) -> Program<'s> {
        let mut program = Program::empty(natives, known.station.as_deref());
        program.classes.extend(known.classes.iter().cloned());
        program.add(std::slice::from_ref(input), &HashMap::from([(input.name.as_str(), 0)]));
        if let Some(script) = program.scripts.first_mut() {
            script.functions.extend(known.functions.iter().map(Function::known));
        }
        program.scripts.extend(known.modules.iter().map(|module| {
            let mut script = Script::new(&module.source);
            script.functions.extend(module.functions.iter().map(Function::known));
            script.is_known = false;
            script
        }));
        // Values of earlier inputs may hold objects of boards, and maps with functions.
        program.has_proxies = true;
        program
    }

    fn empty(natives: &'s Natives, station: Option<&'s Station>) -> Program<'s> {
        Program {
            scripts: Vec::new(),
            natives,
            classes: vec![Class::device(DEVICE_CLASS)],
            keys: HashSet::new(),
            declared: HashSet::new(),
            declares_anything: false,
            has_proxies: false,
            keeps_named: false,
            lends_scope: false,
            assigns_this: false,
            on_board: OnBoard::default(),
            station,
            asks_station: false,
            of_station: HashSet::new(),
        }
    }

    fn add(&mut self, sources: &'s [Source], numbers: &HashMap<&str, usize>) {
        for source in sources {
            let script = self.read(source, numbers);
            self.scripts.push(script);
        }
        for class in 0..self.classes.len() {
            self.inherit(class);
        }
    }

    fn read(&mut self, source: &'s Source, numbers: &HashMap<&str, usize>) -> Script<'s> {
        let mut script = Script::new(source);
        for (_, access, name, _, definition) in source.tree.shared_lib().iter_script_fn_info() {
            let mut alone = Module::new();
            alone.set_script_fn(definition.clone());
            let function = Function {
                name: name.to_owned(),
                params: definition.params.iter().map(ToString::to_string).collect(),
                is_private: access == rhai::FnAccess::Private,
                is_typed: definition.this_type.is_some(),
                body: body_of(&AST::new(Vec::<Stmt>::new(), alone)),
            };
            if name.starts_with(CLOSURE) {
                script.closures.insert(name.to_owned(), function);
            } else {
                script.functions.push(function);
            }
        }
        let number = numbers[source.name.as_str()];
        // Every `kw(…)`, and those that are the last argument of a call.
        let (mut named, mut passed) = (0, 0);
        source.tree.walk(&mut |nodes: &[ASTNode<'_>]| {
            if let Some(call) = nodes.last().and_then(call_of) {
                self.lends_scope |= call.capture_parent_scope;
                named += usize::from(is_named(call));
                passed += usize::from(call.args.last().is_some_and(holds_named));
            }
            match nodes.last() {
                Some(ASTNode::Stmt(statement)) => self.statement(&mut script, statement, numbers),
                Some(ASTNode::Expr(expression)) => self.expression(&mut script, expression, number),
                _ => {}
            }
            true
        });
        self.keeps_named |= named > passed;
        if !source.name.starts_with("std/") {
            self.has_proxies |= source.text.contains("proxy");
            self.note_definitions(&source.text);
        }
        script
    }

    fn statement(&mut self, script: &mut Script<'_>, statement: &Stmt, numbers: &HashMap<&str, usize>) {
        match statement {
            Stmt::Import(import, _) => {
                let target = match &import.0 {
                    Expr::StringConstant(path, _) => {
                        numbers.get(resolve(Some(&script.source.name), path).as_str()).copied()
                    }
                    _ => None,
                };
                if !import.1.name.is_empty() {
                    script.imports.push((import.1.name.to_string(), target));
                }
            }
            Stmt::Export(export, _) => {
                let name = if export.1.name.is_empty() { &export.0.name } else { &export.1.name };
                script.exports.insert(name.to_string());
            }
            Stmt::Var(variable, flags, _) => {
                if flags.contains(ASTFlags::EXPORTED) {
                    script.exports.insert(variable.0.name.to_string());
                }
                script.variables.insert(variable.0.name.to_string());
                if root_of(&variable.1) == Some(STATION) {
                    self.of_station.insert(variable.0.name.to_string());
                }
                if flags.contains(ASTFlags::CONSTANT) {
                    script.constants.insert(variable.0.name.to_string());
                }
            }
            Stmt::Assignment(parts) => match &parts.1.lhs {
                Expr::Variable(variable, ..) => {
                    script.assigned.insert(variable.1.to_string());
                }
                Expr::ThisPtr(_) => self.assigns_this = true,
                chain => {
                    if let Some(name) = root_of(chain) {
                        script.changed.insert(name.to_owned());
                    }
                    self.note_keys(chain);
                }
            },
            _ => {}
        }
    }

    fn expression(&mut self, script: &mut Script<'_>, expression: &Expr, number: usize) {
        self.on_board.note(expression);
        self.asks_station |= asking::asks(expression, |name| self.of_station.contains(name));
        match expression {
            Expr::Custom(custom, _) => {
                let instrument = Class::read_instrument(custom, number);
                if let Some(class) = Class::read(custom, number, &script.source.text).or(instrument) {
                    script.exports.insert(class.name.clone());
                    self.classes.push(class);
                }
            }
            Expr::Map(map, _) => self.keys.extend(map.0.iter().map(|(key, _)| key.name.to_string())),
            Expr::StringConstant(text, _) if rhai::is_valid_identifier(text) => {
                self.keys.insert(text.to_string());
            }
            Expr::Dot(..) | Expr::Index(..) => {
                if let Some(name) = root_of(expression).filter(|_| calls_something(expression)) {
                    script.changed.insert(name.to_owned());
                }
            }
            Expr::MethodCall(call, _)
                if members::of_device(&call.name).is_some_and(|member| member.how == Use::Declaring) =>
            {
                let is_known =
                    matches!(call.args.first(), Some(Expr::StringConstant(..) | Expr::InterpolatedString(..)));
                self.declares_anything |= !is_known && !call.args.is_empty();
            }
            _ => {}
        }
    }

    /// Notes the names in an assigned chain: they may become functions of a map.
    fn note_keys(&mut self, chain: &Expr) {
        chain.walk(&mut Vec::new(), &mut |nodes| {
            if let Some(ASTNode::Expr(Expr::Property(property, _))) = nodes.last() {
                self.on_board.note_key(&property.2, None);
                self.keys.insert(property.2.to_string());
            }
            true
        });
    }

    /// Notes the names after `def`, which may be declared at run time.
    fn note_definitions(&mut self, text: &str) {
        for (at, _) in text.match_indices("def ") {
            let rest = text[at + 4..].trim_start();
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            self.declared.insert(rest[..end].to_owned());
        }
    }

    /// Finds the classes that a class inherits from.
    fn inherit(&mut self, number: usize) {
        let (home, names) = (self.classes[number].script, self.classes[number].mixins.clone());
        for (alias, name) in names {
            let found = match &alias {
                None => self.class_in(home, &name).or_else(|| self.class_of_name(&name)),
                Some(alias) => self.import(home, alias).flatten().and_then(|module| self.class_in(module, &name)),
            };
            match found {
                Some(base) if base != number => self.classes[number].bases.push(base),
                _ => self.classes[number].is_open = true,
            }
        }
    }

    /// The class that a script declares under a name, if there is only one: which of several counts is known when it runs.
    pub fn class_in(&self, script: usize, name: &str) -> Option<usize> {
        let is_meant = |number: &usize| self.classes[*number].script == script && self.classes[*number].name == name;
        let mut found = (0..self.classes.len()).filter(is_meant);
        found.next().filter(|_| found.next().is_none())
    }

    /// The class that any script declares under a name, if there is only one.
    pub fn class_of_name(&self, name: &str) -> Option<usize> {
        let mut found = (0..self.classes.len()).filter(|number| self.classes[*number].name == name);
        found.next().filter(|_| found.next().is_none())
    }

    /// What a script imports under an alias; `Some(None)` if that is not known.
    pub fn import(&self, script: usize, alias: &str) -> Option<Option<usize>> {
        let mut found = self.scripts.get(script)?.imports.iter().filter(|(known, _)| known == alias);
        let (_, first) = found.next()?;
        Some(if found.all(|(_, other)| other == first) { *first } else { None })
    }

    /// A class and those that it inherits from, nearest first.
    pub fn lineage(&self, class: usize) -> Vec<usize> {
        let mut found = vec![class];
        let mut next = 0;
        while let Some(class) = found.get(next) {
            let fresh: Vec<usize> =
                self.classes[*class].bases.iter().copied().filter(|base| !found.contains(base)).collect();
            found.extend(fresh);
            next += 1;
        }
        found
    }

    /// Whether a class may have items that are not known.
    pub fn is_open(&self, class: usize) -> bool {
        self.declares_anything || self.lineage(class).iter().any(|class| self.classes[*class].is_open)
    }

    /// A class as a value.
    pub fn type_of_class(&self, class: usize) -> Type {
        match &self.classes[class] {
            console if console.is_console => Type::Consoles(Some(class)),
            instrument if instrument.is_instrument => Type::Instruments(Some(class)),
            _ => Type::Class(class),
        }
    }

    /// The names of the items and methods of a class.
    pub fn members(&self, class: usize) -> Vec<&str> {
        let classes = self.lineage(class).into_iter().map(|class| &self.classes[class]);
        classes.flat_map(|class| class.members()).collect()
    }

    /// Whether any class has an item or a method of this name.
    pub fn is_member(&self, name: &str) -> bool {
        self.classes.iter().any(|class| class.members().any(|known| known == name)) || self.declared.contains(name)
    }
}

impl Function {
    /// A function of which only the name and the number of parameters are known.
    pub fn known((name, count): &(String, usize)) -> Function {
        let params = vec![String::new(); *count];
        Function { name: name.clone(), params, is_private: false, is_typed: false, body: Vec::new() }
    }
}

impl<'s> Script<'s> {
    /// A script of which nothing has been read.
    pub fn new(source: &'s Source) -> Script<'s> {
        Script {
            source,
            functions: Vec::new(),
            closures: HashMap::new(),
            imports: Vec::new(),
            exports: HashSet::new(),
            constants: HashSet::new(),
            variables: HashSet::new(),
            assigned: HashSet::new(),
            changed: HashSet::new(),
            is_known: true,
        }
    }

    /// Whether the script declares a function of this name.
    pub fn has_function(&self, name: &str) -> bool {
        self.functions.iter().any(|function| function.name == name)
    }

    /// Whether the script has a function that takes this number of arguments.
    pub fn takes(&self, name: &str, count: usize) -> bool {
        self.functions.iter().any(|function| function.name == name && function.params.len() == count)
    }

    /// How many arguments its functions of this name take.
    pub fn counts(&self, name: &str) -> BTreeSet<usize> {
        let named = self.functions.iter().filter(|function| function.name == name && !function.is_typed);
        named.map(|function| function.params.len()).collect()
    }

    /// As [`Script::counts`], of those that other scripts can call.
    pub fn public_counts(&self, name: &str) -> BTreeSet<usize> {
        let named = self.functions.iter().filter(|function| function.name == name && !function.is_private);
        named.map(|function| function.params.len()).collect()
    }

    /// Whether other scripts can call a function of this name.
    pub fn has_public(&self, name: &str) -> bool {
        self.public().any(|known| known == name)
    }

    /// The names of the functions that other scripts can call.
    pub fn public(&self) -> impl Iterator<Item = &str> {
        self.functions.iter().filter(|function| !function.is_private).map(|function| function.name.as_str())
    }
}
