//! Which names are free, bound, unused and unbound in samples of code.

use super::*;
use crate::python::samples::soup;
use proptest::prelude::*;

fn of<'t>(text: &'t str, kind: ScopeKind, params: &[&'t str]) -> Names<'t> {
    Names::of(text, kind, params).unwrap_or_else(|| panic!("not understood: {text}"))
}

/// The free names in the body of a function, in the order of the text.
#[track_caller]
fn free(text: &str, wanted: &[&str]) {
    let names = of(text, ScopeKind::Function, &["a", "b"]);
    let mut found: Vec<_> = names.free().map(|mention| (mention.start, mention.name)).collect();
    found.sort_unstable();
    assert!(names.mentions.iter().all(|mention| text.get(mention.range()) == Some(mention.name)), "{text}");
    assert_eq!(found.into_iter().map(|(_, name)| name).collect::<Vec<_>>(), wanted, "{text}");
}

#[track_caller]
fn globals(text: &str, wanted: &[&str]) {
    let names = of(text, ScopeKind::Module, &["a"]);
    let wanted: BTreeSet<&str> = wanted.iter().copied().chain(["a"]).collect();
    assert_eq!(names.globals(), wanted, "{text}");
}

#[test]
fn uses_are_told_from_other_words() {
    free("return a + b + c", &["c"]);
    free("x = y; return x", &["y"]);
    free("machine.Pin(1, mode=OUT).value(a)", &["machine", "OUT"]);
    free("# comment\n'text'\nb'bytes' 'more'", &[]);
    free("return None if not a else True and b is not c", &["c"]);
    free("x = 0x1f + 1e5 + 1_0; return x", &[]);
    free("f(x=x, *args, **kw)", &["f", "x", "args", "kw"]);
    free("return a[i:j, ...]", &["i", "j"]);
    free("x = {k: v, 'n': 1}", &["k", "v"]);
    free("assert x, y", &["x", "y"]);
    free("raise E from e", &["E", "e"]);
    free("print(a, end='')", &["print"]);
    free("@d(x)\ndef f(): pass", &["d", "x"]);
}

#[test]
fn targets_are_bound() {
    free("x = y = z\nreturn x, y", &["z"]);
    free("(x, [y, *z]), w = v\nx, y, z, w", &["v"]);
    free("x.attribute, y[i], f().n = 1, 2, 3", &["x", "y", "i", "f"]);
    free("(x).n = 1", &["x"]);
    free("x: int = y\nx", &["y"]);
    free("x: Undefined\nself.x: Undefined = 1", &["self"]);
    free("for i, (j, k) in enumerate(xs):\n  i, j, k\nelse:\n  i", &["enumerate", "xs"]);
    free("with f(x) as g, h as (i, j): g, i, j", &["f", "x", "h"]);
    free("with f() as self.x:\n  0", &["f", "self"]);
    free("try:\n  0\nexcept (E, F) as e:\n  e\nexcept G:\n  0\nfinally:\n  0", &["E", "F", "G"]);
    free("import x.y, z as w\nx, w, z", &["z"]);
    free("from x.y import (z as w, v)\nw, v, z", &["z"]);
    free("from . import (z,\n  q)\nz, q, x", &["x"]);
    free("if (n := f()) > 1: n", &["f"]);
    free("while (n := f()):\n  n", &["f"]);
    free("del a, x[i]", &["x", "i"]);
    free("def f(): pass\nclass C(D, metaclass=M): pass\nf, C", &["D", "M"]);
    free("x = lambda: 0\nx", &[]);
    free("x = lambda c=1: c\nx", &[]);
}

#[test]
fn scopes_are_those_of_python() {
    free("def f(x, *y, k=d, **z) -> T: return x, y, z, k, w\nx", &["d", "w", "x"]);
    free("f = lambda x, *y, k=d: (x, y, k, w)\nf, x", &["d", "w", "x"]);
    free("[lambda: i for i in xs if i], i", &["xs", "i"]);
    free("[i + j for i in xs for j in i if j]", &["xs"]);
    free("{k: v for k, v in d.items()}, k", &["d", "k"]);
    free("sum(x * k for x in x if x)", &["sum", "k", "x"]);
    free("[[y for y in x] for x in z]", &["z"]);
    free("[(n := x) for x in z]\nn", &["z"]);
    free("class C:\n  x = 1\n  y = x\n  def f(self): return x, self", &["x"]);
    free("def f():\n  x = 1\n  def g():\n    nonlocal x\n    x = 2\n    return x\n  return g\nf", &[]);
    free("global g\ng = 1\nreturn g", &["g", "g"]);
    free("def f():\n  global x\n  x = 1\nx", &["x", "x"]);
    free("{lambda: a: c}", &["c"]);
    free("async def f():\n  async for x in y: await x\n  async with z as w: w\nf", &["y", "z"]);
}

#[test]
fn fields_of_strings_are_code() {
    free("f'{x} {a!r:>{w}} {{no}} {y=} {d[\"k\"]}'", &["x", "w", "y", "d"]);
    free("f\"{f'{x}'} {[i for i in y]}\"", &["x", "y"]);
    free("f'{x == y} {x != y} {x!s}'", &["x", "y", "x", "y", "x"]);
    free("f'''\n{\nx}'''", &["x"]);
    free("'{x}'", &[]);
}

#[test]
fn code_for_the_globals_binds_them() {
    globals("import x\nfrom y import z\nw, v = 1, 2", &["x", "z", "w", "v"]);
    globals("for i in x: j = 1", &["i", "j"]);
    globals("def f():\n  global g\n  g = 1\n  k = 1", &["f", "g"]);
    globals("class C:\n  x = 1", &["C"]);
    globals("[i for i in range(3)]", &[]);
    globals("try:\n  import x\nexcept ImportError as e:\n  x = None", &["x", "e"]);
    let names = of("global g\ng = 1\nh = 1", ScopeKind::Function, &[]);
    assert_eq!(names.globals(), BTreeSet::from(["g"]));
}

#[test]
fn code_that_may_bind_anything_is_open() {
    for text in
        ["from x import *", "exec(a)", "globals()['x'] = 1", "import builtins\nbuiltins.x = 1", "import __main__"]
    {
        assert!(of(text, ScopeKind::Module, &[]).is_open, "{text}");
    }
    assert!(!of("from x import y\neval(y)", ScopeKind::Module, &[]).is_open);
}

#[test]
fn names_in_assembler_are_no_names() {
    free(
        "import rp2\n@rp2.asm_pio(x=a)\ndef f():\n  wrap_target()\n  for i in y:\n    mov(osr, null)\n  nop() .side(0)\nf, z",
        &["z"],
    );
    free("@micropython.asm_thumb\ndef f(r0): mov(r0, 1)\nr1", &["r1"]);
    free("@micropython.native\ndef f(): x", &["x"]);
    assert!(of("@micropython.viper\ndef f(): pass", ScopeKind::Module, &[]).has_viper);
}

#[test]
fn handlers_of_name_errors_are_seen() {
    let caught = |text: &str| {
        let names = of(text, ScopeKind::Module, &[]);
        names.free().find(|mention| mention.name == "x").map(|mention| mention.caught)
    };
    assert_eq!(caught("x"), Some(Caught::Not));
    assert_eq!(caught("try:\n  if 1:\n    x\nexcept NameError:\n  pass"), Some(Caught::AsNameError));
    assert_eq!(caught("try: x\nexcept: pass"), Some(Caught::Broadly));
    assert_eq!(caught("try:\n  x\nexcept OSError:\n  0\nexcept Exception as e:\n  0"), Some(Caught::Broadly));
    assert_eq!(caught("try:\n  x\nexcept OSError:\n  0"), Some(Caught::Not));
    assert_eq!(caught("try:\n  0\nexcept:\n  x"), Some(Caught::Not));
}

#[test]
fn what_always_runs_is_certain() {
    let certain = |text: &str| {
        let names = of(text, ScopeKind::Module, &[]);
        names.free().find(|mention| mention.name == "x").map(|mention| mention.is_certain)
    };
    for text in ["x", "y = f(x)", "with x: 0", "with 1:\n  x"] {
        assert_eq!(certain(text), Some(true), "{text}");
    }
    for text in ["if 1: x", "if 1:\n  x", "def f(): x", "y = 1 if x else 2", "f = lambda: x", "[x for y in z]"] {
        assert_eq!(certain(text), Some(false), "{text}");
    }
}

#[test]
fn variables_without_use_or_value_are_found() {
    let unused = |text: &str| {
        let names = of(text, ScopeKind::Function, &["a"]);
        names.unused().iter().map(|mention| mention.name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(unused("x = 1\ny = 2\nreturn y"), "x");
    assert_eq!(unused("x = 1\nx = 2"), "x x");
    assert_eq!(unused("x, y = 1, 2\nfor z in a: 0\nclass C: v = 1\nC"), "");
    assert_eq!(unused("import w, v.u as t\nfrom s import r, q\nq"), "w t r");
    assert_eq!(unused("x = 1\ndef f(): return x\nf"), "");
    assert_eq!(unused("global x\nx = 1"), "x");
    assert_eq!(unused("global x\nx = 1\ny = x"), "y");
    assert_eq!(unused("x = 1\nx += 1"), "");
    let unbound = |text: &str| {
        let names = of(text, ScopeKind::Function, &["a"]);
        names.unbound().map(|mention| mention.name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(unbound("x += 1"), "x");
    assert_eq!(unbound("a += 1\ny = 1\ny += 1\nglobal z\nz += 1\nw.x += 1"), "");
    assert_eq!(unbound("x = 1\ndef f():\n  x += 1\nf"), "x");
    let uses = |text: &str| of(text, ScopeKind::Function, &["a"]).uses("a");
    assert!(uses("return a") && uses("f'{a}'") && uses("def f(): return a") && uses("lambda: a"));
    assert!(!uses("return 1") && !uses("def f(a): return a") && !uses("x.a, f(a=1)") && !uses("[a for a in b]"));
}

#[test]
fn what_is_not_understood_gives_nothing() {
    for text in [
        "match x:\n  case 1: 0",
        "if x\n  y",
        "f(",
        "x ? y",
        "def",
        "def f:\n  0",
        "1if x else y",
        "\na\n  b",
        "'",
        "x = a +",
        "x.",
    ] {
        assert!(Names::of(text, ScopeKind::Function, &[]).is_none(), "{text}");
    }
    let deep = format!("{}x{}", "(".repeat(5000), ")".repeat(5000));
    assert!(Names::of(&deep, ScopeKind::Function, &[]).is_none());
}

proptest! {
    #[test]
    fn accepts_any_text(code in prop_oneof![any::<String>(), soup()]) {
        if let Some(names) = Names::of(&code, ScopeKind::Module, &[]) {
            for mention in &names.mentions {
                prop_assert_eq!(code.get(mention.range()), Some(mention.name));
            }
            let _ = (names.free().count(), names.globals(), names.unused(), names.unbound().count());
        }
    }
}
