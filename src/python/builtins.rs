//! The names that a board has by itself: built-ins, and modules that firmware may have.
//!
//! Uses the standard library only. Invariant: plain data; a name that some firmware has as a built-in is listed.

/// Built-ins of MicroPython and CircuitPython, and attributes that every module has.
const BUILT_IN: &[&str] = &[
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BaseException",
    "EOFError",
    "Ellipsis",
    "Exception",
    "GeneratorExit",
    "ImportError",
    "IndentationError",
    "IndexError",
    "KeyError",
    "KeyboardInterrupt",
    "LookupError",
    "MemoryError",
    "NameError",
    "NotImplemented",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "RuntimeError",
    "StopAsyncIteration",
    "StopIteration",
    "SyntaxError",
    "SystemExit",
    "TypeError",
    "UnicodeError",
    "ValueError",
    "ViperTypeError",
    "ZeroDivisionError",
    "abs",
    "all",
    "any",
    "bin",
    "bool",
    "bytearray",
    "bytes",
    "callable",
    "chr",
    "classmethod",
    "compile",
    "complex",
    // The compiler knows it without an import.
    "const",
    "delattr",
    "dict",
    "dir",
    "divmod",
    "enumerate",
    "eval",
    "exec",
    "execfile",
    "filter",
    "float",
    "frozenset",
    "getattr",
    "globals",
    "hasattr",
    "hash",
    "help",
    "hex",
    "id",
    "input",
    "int",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "list",
    "locals",
    "map",
    "max",
    "memoryview",
    "min",
    "next",
    "object",
    "oct",
    "open",
    "ord",
    "pow",
    "print",
    "property",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "setattr",
    "slice",
    "sorted",
    "staticmethod",
    "str",
    "sum",
    "super",
    "tuple",
    "type",
    "zip",
];

/// Built-ins of CircuitPython alone.
const CIRCUITPYTHON: &[&str] =
    &["BrokenPipeError", "ConnectionError", "ExceptionGroup", "ReloadException", "TimeoutError", "UnicodeDecodeError"];

/// Types of the viper emitter.
const VIPER: &[&str] = &["ptr", "ptr16", "ptr32", "ptr8", "uint"];

/// Built-ins of CPython that no board has.
const OF_CPYTHON: &[&str] = &[
    "BlockingIOError",
    "ChildProcessError",
    "ConnectionAbortedError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "EnvironmentError",
    "FileExistsError",
    "FileNotFoundError",
    "FloatingPointError",
    "IOError",
    "InterruptedError",
    "IsADirectoryError",
    "ModuleNotFoundError",
    "NotADirectoryError",
    "PermissionError",
    "ProcessLookupError",
    "RecursionError",
    "ReferenceError",
    "UnboundLocalError",
    "Warning",
    "aiter",
    "anext",
    "ascii",
    "breakpoint",
    "format",
    "quit",
    "vars",
];

/// Modules that boards have.
const MODULES: &[&str] = &[
    "_thread",
    "aioble",
    "analogio",
    "array",
    "asyncio",
    "audioio",
    "binascii",
    "bitbangio",
    "bluetooth",
    "board",
    "btree",
    "busio",
    "cmath",
    "collections",
    "countio",
    "cryptolib",
    "deflate",
    "dht",
    "digitalio",
    "displayio",
    "ds18x20",
    "errno",
    "esp",
    "esp32",
    "framebuf",
    "gc",
    "hashlib",
    "heapq",
    "io",
    "json",
    "lwip",
    "machine",
    "math",
    "microbit",
    "microcontroller",
    "micropython",
    "neopixel",
    "network",
    "ntptime",
    "onewire",
    "os",
    "platform",
    "pulseio",
    "pwmio",
    "pyb",
    "random",
    "re",
    "requests",
    "rotaryio",
    "rp2",
    "rtc",
    "select",
    "socket",
    "ssl",
    "stm",
    "storage",
    "struct",
    "supervisor",
    "sys",
    "time",
    "touchio",
    "uasyncio",
    "uctypes",
    "usb_cdc",
    "usb_hid",
    "vfs",
    "watchdog",
    "websocket",
    "wifi",
    "zlib",
];

/// Whether a name needs no definition on a board: a built-in, or an attribute of every module, such as `__name__`.
/// `implementation`: the firmware's name, if it is known.
pub fn is_built_in(name: &str, implementation: Option<&str>) -> bool {
    let is_special = name.len() > 4 && name.starts_with("__") && name.ends_with("__");
    is_special || name == "_" || built_ins(implementation).any(|known| known == name)
}

/// The built-ins of a board.
pub fn built_ins(implementation: Option<&str>) -> impl Iterator<Item = &'static str> + use<> {
    let more = if implementation == Some("micropython") { &[][..] } else { CIRCUITPYTHON };
    BUILT_IN.iter().chain(more).copied()
}

/// Whether a name is a type of the viper emitter.
pub fn is_of_viper(name: &str) -> bool {
    VIPER.contains(&name)
}

/// Whether CPython has a built-in of this name, and no board.
pub fn is_of_cpython(name: &str) -> bool {
    OF_CPYTHON.contains(&name)
}

/// Whether boards may have a module of this name.
pub fn is_module(name: &str) -> bool {
    MODULES.contains(&name)
}

/// Modules that boards may have.
pub fn modules() -> impl Iterator<Item = &'static str> {
    MODULES.iter().copied()
}
