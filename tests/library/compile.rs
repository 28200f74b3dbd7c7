//! What a real `mpy-cross` compiles, a real MicroPython imports; its errors name the user's file.

use crate::board::Board;
use crate::{extent, modules, mpy_cross};
use belay_script::Kind;
use belay_script::board::identity::Identity;
use belay_script::device::class::ItemKind;
use belay_script::python::minify::minify;
use belay_script::sync::Compiler;
use belay_script::value::Value;
use std::path::Path;

/// Writes a file, imports it, and prints an exception of its function `fail`.
const LOAD: &str = "
def load(data):
    import os, sys
    try:
        os.mkdir('/lib')
    except OSError:
        pass
    with open('/lib/compiled.mpy', 'wb') as file:
        file.write(data)
    if '/lib' not in sys.path:
        sys.path.append('/lib')
    import compiled
    try:
        compiled.fail()
    except Exception as error:
        sys.print_exception(error, sys.stdout)
    return compiled.VALUES, compiled.native(20), sys.implementation._mpy
";

const MODULE: &str = "import micropython
VALUES = (1, 'two', 3.5, b'four', 2**70)

@micropython.native
def native(x):
    return x + 1

def fail():
    return VALUES[1] + 2
";

fn identity(mpy: i64) -> Identity {
    let platform = Value::Str("linux".to_owned());
    let version = Value::Tuple(vec![Value::Int(1), Value::Int(28), Value::Int(0)]);
    let answer = Value::Tuple(vec![Value::Str("micropython".to_owned()), version, platform, Value::Int(mpy)]);
    Identity::from_value(&answer).expect("an identity")
}

/// Version 6, sub-version 3, x64: what simulated boards on Linux say.
const SIMULATED: i64 = 6 | 3 << 8 | 2 << 10;

fn compiler() -> Compiler {
    Compiler::new(&mpy_cross::program(), &identity(SIMULATED)).expect("a compiler")
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn a_board_imports_what_was_compiled_and_names_its_file_and_line() {
    let board = Board::open_on("sim");
    board.device.declare(ItemKind::Task, LOAD, &[], None).unwrap();
    let bytes = compiler().compile("src/compiled.py", MODULE.as_bytes(), "/lib/compiled.py").unwrap();
    let value = board.call("load", &[Value::Bytes(bytes)]).unwrap();
    let literal = belay_script::value::write::literal(&value).unwrap();
    assert_eq!(literal, format!("((1,'two',3.5,b'four',1180591620717411303424),21,{SIMULATED})"));
    let printed = board.printed().replace('\r', "");
    assert!(printed.contains("  File \"/lib/compiled.py\", line 9, in fail\nTypeError"), "{printed}");
}

#[test]
fn errors_of_the_compiler_name_the_users_file_and_line() {
    let compiler = compiler();
    for (text, message, line) in [
        ("x = 1\nif x\n  pass\n", "SyntaxError: invalid syntax", 2),
        ("def f():\n  return 1\n   x\n", "IndentationError: unexpected indent", 3),
        ("def f():\n\n  nonlocal x\n", "SyntaxError: no binding for nonlocal found", 3),
    ] {
        let error = compiler.compile("src/a.py", text.as_bytes(), "/a.py").unwrap_err();
        let place = error.origins().first().map(|origin| (origin.file.to_string(), origin.line));
        assert_eq!((error.kind(), error.message()), (Kind::DeclarationError, message), "{text:?}");
        assert_eq!(place, Some(("src/a.py".to_owned(), line)), "{text:?}");
    }
    let open = compiler.compile("src/a.py", b"x = (1,\n", "/a.py").unwrap_err();
    assert!(open.origins().first().is_some_and(|origin| origin.line <= 2), "{open}");
    let none = Compiler::new(&mpy_cross::program(), &identity(6 | 3 << 8)).unwrap();
    let error = none.compile("a.py", MODULE.as_bytes(), "/a.py").unwrap_err();
    assert_eq!(error.kind(), Kind::FeatureUnavailableError, "{error}");
    assert!(Compiler::new(Path::new("/no/such/program"), &identity(SIMULATED)).is_err());
}

#[test]
fn generated_modules_compile_to_the_same_bytecode_once_minified() {
    let compiler = compiler();
    for seed in (0..modules::COUNT).step_by(extent::one_of("modules")) {
        let source = modules::module(seed);
        let minified = minify(&source);
        let compile = |text: &str| compiler.compile("a.py", text.as_bytes(), "/a.py").unwrap();
        assert!(compile(&source) == compile(&minified), "module {seed}:\n{source}\n{minified}");
    }
}
