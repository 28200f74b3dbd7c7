//! The reference of scripts, of standard modules, and of the language itself.

use super::*;
use crate::script::members::{self, MEMBERS, Member, Use};
use crate::script::natives::limits;
use crate::script::reference::definitions::module;
use crate::script::reference::{BUILTIN, Page, language};
use std::any::TypeId;
use std::collections::BTreeSet;

fn pages(name: &str, text: &str) -> Vec<Page> {
    let (mut runner, _) = runner();
    runner.reference_text(name, text).unwrap_or_else(|failures| panic!("{text}\n{}", shown(&failures[0])))
}

/// A page as one line a thing.
fn lines(page: &Page) -> String {
    let mut out = format!("{} | {}\n", page.name, page.doc);
    for import in &page.imports {
        out += &format!("import {} = {}\n", import.path, import.page);
    }
    for section in &page.sections {
        out += &format!("{} | {}\n", section.title, section.doc);
        for entry in &section.entries {
            out += &format!("  {}: {} | {}\n", entry.name, entry.heads.join(" / "), entry.doc.replace('\n', "~"));
        }
        for from in &section.inherited {
            out += &format!("  from {} of {}: {}\n", from.class, from.page, from.names.join(" "));
        }
    }
    out
}

const SCRIPT: &str = r#"// A bench for dividers.
// Two lines.

import "std/assert" as assert;

/// What can blink.
device Led {
    /// Lights it.
    task on(level: int = 1, name = "x") `pass`
    teardown off() ignore_errors `pass`
}
/// The bench.
device Bench : Led {
    setup init(pin = 25) autoinit `pass`
    /// Reads.
    task read(ch, n = 8) for "micropython" timeout = 1.5 `return 1`
    task read(ch) for "circuitpython" retry minify = false `return 2`
    /// One by one.
    task stream(count) `
        for i in range(count):
            yield i
    `
    task hidden() register = false record emitter = "native" `pass`
    /// In volts.
    method volts |ch, gain| { let k = 3.3; this.read(ch) * gain * k }
    method volts |ch| { this.read(ch) }
    method on_open || { 1 }
}
// The limit.
export const LIMIT = 3;
const SECRET = 4;
/// Of numbers.
fn mean(values, share) { 1 }
private fn helper() {}
/// Of one.
fn mean(value) { || value }
fn Device.twice(n) { this.read(n) }
throw "nothing of this runs";
"#;

#[test]
fn a_script_is_described() {
    let pages = pages("t.rhai", SCRIPT);
    assert_eq!(
        lines(&pages[0]),
        r#"t.rhai | A bench for dividers.
Two lines.
import std/assert = std/assert
device Led | What can blink.
  on: task on(level: int = 1, name = 'x') | Lights it.
  off: teardown off() ignore_errors | 
device Bench : Led | The bench.
  init: setup init(pin = 25) autoinit | 
  read: task read(ch, n = 8) for "micropython" timeout = 1.5 / task read(ch) for "circuitpython" minify = false retry | Reads.
  stream: task stream(count) (a generator) | One by one.
  hidden: task hidden() register = false record emitter = "native" | 
  volts: method volts |ch, gain| / method volts |ch| | In volts.
  on_open: method on_open || | 
  from Led of t.rhai: on off
Constants | 
  LIMIT: LIMIT | The limit.
Functions | 
  mean: mean(value) / mean(values, share) | Of one.~~Of numbers.
  twice: Device.twice(n) | 
"#
    );
    assert_eq!(pages.iter().map(|page| page.name.as_str()).collect::<Vec<_>>(), ["t.rhai", "std/assert"]);
    assert_eq!(pages[1].sections[0].entries[0].summary(), "Passes if the values are equal.");
}

#[test]
fn a_declarations_comment_is_not_the_scripts() {
    assert_eq!(pages("t.rhai", "// A class.\ndevice A {}")[0].doc, "");
    assert_eq!(pages("t.rhai", "// A script.\nlet a = 1;\n")[0].doc, "");
    assert_eq!(pages("t.rhai", "// A script.\n\ndevice A {}")[0].doc, "A script.");
    assert_eq!(pages("t.rhai", "//! A module.\n//! It helps.\ndevice A {}")[0].doc, "A module.\nIt helps.");
    assert_eq!(pages("t.rhai", "")[0], Page { name: "t.rhai".to_owned(), ..Page::default() });
}

#[test]
fn reports_the_problems_of_check() {
    for text in ["device A {", "device A { task f(x, x) `pass` }", "import \"gone\" as gone;"] {
        let (mut runner, _) = runner();
        let checked = runner.check_text("t.rhai", text).unwrap_err();
        assert_eq!(runner.reference_text("t.rhai", text), Err(checked), "{text}");
    }
}

#[test]
fn every_standard_module_is_documented() {
    let (mut runner, _) = runner();
    assert_eq!(runner.reference_module("std/gone"), None);
    for name in crate::script::reference::module_names() {
        let pages = runner.reference_module(&name).expect("a module").expect("no failure");
        assert!(!pages[0].doc.is_empty() && !pages[0].sections.is_empty(), "{name}");
        for section in &pages[0].sections {
            for entry in &section.entries {
                assert!(!entry.doc.is_empty(), "`{}` of {name} has no comment", entry.name);
            }
        }
    }
}

#[test]
fn a_module_is_defined_as_seen_from_its_file() {
    let text = "//! Things.\n/// Adds.\nfn add(a, b) { a + b }\nfn start() {}\n/// A board.\ndevice Led {}\nexport const A = 1;";
    assert_eq!(
        module(&pages("std/x", text)[0], 2),
        "/// Things.\nmodule \"../../../std/x\";\n\n/// A board.\nconst Led: DeviceClass;\n\nconst A: ?;\n\n\
         /// Adds.\nfn add(a: ?, b: ?) -> ?;\n\nfn start() -> ?;\n"
    );
}

/// A line of `builtin.d.rhai`: `get$name`, or a name with the number of its parameters.
fn defined(line: &str) -> Option<(String, usize)> {
    let rest = line.strip_prefix("fn ")?.split(") -> ").next()?.trim_end_matches([';', ')']);
    let (name, params) = rest.split_once('(')?;
    let name = if name.is_empty() { "get" } else { name };
    let name = name.strip_prefix("get ").map_or(name.to_owned(), |name| format!("get${name}"));
    Some((name, params.split(", ").filter(|param| !param.is_empty()).count()))
}

/// What every value has, and what scripts do not call by its name.
fn is_common(name: &str) -> bool {
    let operator = !name.starts_with("get$") && !rhai::is_valid_identifier(name);
    operator || limits::OF_RHAI.contains(&name) || ["to_string", "to_debug", "print", "debug", "sign"].contains(&name)
}

#[test]
fn every_built_in_function_is_documented() {
    let (runner, _) = runner();
    let described: BTreeSet<(String, usize)> = BUILTIN.lines().filter_map(defined).collect();
    let mut registered = BTreeSet::new();
    let native = |function: rhai::FuncInfo<'_>| {
        let is = function.metadata;
        function.script.is_none().then(|| (is.name.to_string(), is.num_params))
    };
    registered.extend(runner.engine.collect_fn_metadata(None, native, false));
    registered.retain(|(name, _): &(String, usize)| !is_common(name));
    assert!(registered.len() > 80, "{registered:?}");
    let missing: Vec<_> = registered.difference(&described).collect();
    assert!(missing.is_empty(), "registered, and not described in src/script/reference/builtin.d.rhai: {missing:?}");
    // The bench side of a simulated board answers to every name; `time_offset` is found by an indexer.
    let answered: Vec<&str> = BUILTIN.lines().filter(|line| line.contains("(sim: Sim")).collect();
    let answered: BTreeSet<_> = answered.into_iter().filter_map(defined).collect();
    let vain: Vec<_> = described.difference(&registered).filter(|known| !answered.contains(known)).collect();
    assert_eq!(vain.iter().map(|known| known.0.as_str()).collect::<Vec<_>>(), ["call", "call", "get$time_offset"]);
}

/// Names and uses of what is described for a type: `Device`, `DeviceClass`.
fn described_of(kind: &str) -> BTreeSet<(String, bool)> {
    let member = |line: &str| {
        let rest = line.strip_prefix("fn ")?;
        let (head, params) = rest.split_once('(')?;
        let first = params.split([',', ')']).next()?;
        let is_property = head.starts_with("get ");
        let name = head.trim_start_matches("get ").to_owned();
        (first.split_once(": ").map(|(_, of)| of) == Some(kind)).then_some((name, is_property))
    };
    BUILTIN.lines().filter_map(member).collect()
}

#[test]
fn members_are_described_as_the_table_has_them() {
    fn of(owned: impl Iterator<Item = &'static Member>) -> BTreeSet<(String, bool)> {
        owned.map(|member| (member.name.to_owned(), member.how == Use::Property)).collect()
    }
    assert_eq!(described_of("Device"), of(members::of_devices()));
    assert_eq!(described_of("DeviceClass"), of(members::of_classes()));
    // The reserved names in the language reference.
    let text = include_str!("../../../docs/src/language.md");
    let (_, section) = text.split_once("### Reserved names").expect("a section");
    let section = section.split_once("\n#").map_or(section, |(section, _)| section);
    let listed: Vec<&str> = section.split('`').skip(1).step_by(2).collect();
    let mut reserved: Vec<&str> =
        members::of_devices().map(|member| member.name).filter(|name| members::is_reserved(name)).collect();
    reserved.sort_unstable();
    assert_eq!(listed, reserved);
}

#[test]
fn members_are_registered_as_the_table_has_them() {
    let (runner, _) = runner();
    let mut registered: BTreeSet<(bool, String, usize)> = BTreeSet::new();
    let mut untyped = registered.clone();
    let [of_device, of_class, ..] = crate::script::run::receivers::receivers();
    let native = |function: rhai::FuncInfo<'_>| {
        let is = function.metadata;
        let name = is.name.to_string();
        let (first, rest) = is.param_types.split_first()?;
        let known = function.script.is_none() && [of_device, of_class].contains(first) && !is_common(&name);
        let open = rest.iter().all(|kind| *kind == TypeId::of::<rhai::Dynamic>());
        known.then(|| (*first == of_device, name, rest.len(), open))
    };
    for (device, name, arity, open) in runner.engine.collect_fn_metadata(None, native, false) {
        if open && !name.starts_with("get$") {
            untyped.insert((device, name.clone(), arity));
        }
        registered.insert((device, name, arity));
    }
    for member in MEMBERS {
        let owners = [(true, member.is_of_devices()), (false, member.is_of_classes())];
        for (device, _) in owners.into_iter().filter(|(_, owned)| *owned) {
            for arity in member.arities {
                assert!(registered.contains(&(device, member.name.to_owned(), *arity)), "{} {arity}", member.name);
            }
            let read = registered.contains(&(device, format!("get${}", member.name), 0));
            // It is found by an indexer, as it has to be measured.
            let indexed = member.name == "time_offset";
            assert_eq!(read || indexed, member.how == Use::Property, "{}", member.name);
        }
    }
    // What takes values of any type would be replaced, were it registered for a call in a script.
    for (device, name, arity) in untyped {
        let answers = if device { members::answers_on_device } else { members::answers_on_class };
        assert!(answers(&name, arity), "`{name}` with {arity} arguments is not in the table of members");
    }
}

#[test]
fn the_language_is_shown_as_it_is_called() {
    let page = language();
    let all: Vec<&str> = page
        .sections
        .iter()
        .flat_map(|section| &section.entries)
        .flat_map(|entry| &entry.heads)
        .map(String::as_str)
        .collect();
    for head in [
        "Bench.open(port: String | Map)",
        "d.exec(code: String)",
        "d.name -> String",
        "sim.adc(channel: int, value: int | Array | ())",
        "sleep(seconds: int | float)",
        "args: Array",
        "exit()",
        "env(name: String) -> String | ()",
    ] {
        let found = all
            .iter()
            .any(|known| *known == head || known.strip_prefix(head).is_some_and(|rest| rest.starts_with(" -> ")));
        assert!(found, "{head} is not in {all:#?}");
    }
    for entry in page.sections.iter().flat_map(|section| &section.entries) {
        assert!(!entry.doc.is_empty() && !entry.summary().is_empty(), "{}", entry.name);
    }
}
