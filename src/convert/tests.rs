//! What becomes of Python for Belay, and that scripts parse to the bodies that they were made of.

use super::*;
use crate::bench::event::TimedEvent;
use crate::device::class::Class;
use crate::device::{Host, HostOptions};
use crate::python::samples::soup;
use crate::script::{Observer, RunOptions, Runner, Sources};
use proptest::prelude::*;
use std::sync::Arc;

struct Silent;

impl Observer for Silent {
    fn event(&self, _: &TimedEvent, _: &Sources) {}
}

fn converted(text: &str) -> Converted {
    convert("bench.py", text, &|_| None).unwrap()
}

/// The script without the lines at its head.
fn script(text: &str) -> String {
    let script = converted(text).script;
    let (_, rest) = script.split_once("\n\n").unwrap_or_default();
    rest.to_owned()
}

/// The classes that a script declares.
fn classes(script: &str) -> Vec<Arc<Class>> {
    let options = RunOptions::default();
    let mut runner = Runner::new(Host::new(HostOptions::default()), Arc::new(Silent), options);
    runner.check_text("bench.rhai", script).unwrap_or_else(|failures| panic!("{failures:?}\n{script}"))
}

/// The item for one decorated method.
#[track_caller]
fn item(method: &str, wanted: &str) {
    let source = format!("from belay import Device\n\nclass B(Device):\n{method}");
    let script = script(&source);
    let block = script.split_once("device B {\n").map_or("", |(_, block)| block);
    assert_eq!(block, format!("{wanted}}}\n"), "{method}");
    assert_eq!(classes(&script).iter().map(|class| class.items().count()).sum::<usize>(), 1, "{script}");
}

/// What is reported for one decorated method.
#[track_caller]
fn reported(method: &str, line: u32, message: &str) {
    let source = format!("from belay import Device\nclass B(Device):\n{method}");
    let reports = converted(&source).reports;
    let shown: Vec<_> = reports.iter().map(|report| (report.line + 1, report.message.as_str())).collect();
    assert_eq!(shown, [(line, message)], "{method}");
}

#[test]
fn each_decorator_is_an_item() {
    item("    @Device.task\n    def f(x):\n        return x\n", "    task f(x) `return x`\n");
    item("    @Device.setup\n    def f():\n        x = 1\n", "    setup f() `x = 1`\n");
    item("    @Device.thread\n    def f(ms):\n        pass\n", "    thread f(ms) `pass`\n");
    item("    @Device.teardown\n    def f(): x = 1\n", "    teardown f() `x = 1`\n");
    item("    @Device.task()\n    @staticmethod\n    def f(): pass\n", "    task f() `pass`\n");
}

#[test]
fn options_that_differ_from_the_defaults_are_kept() {
    let case = |decorator: &str, wanted: &str| {
        item(&format!("    @Device.{decorator}\n    def f(): pass\n"), &format!("    {wanted} `pass`\n"));
    };
    case("setup(autoinit=True)", "setup f() autoinit");
    case("setup(autoinit=True, ignore_errors=True)", "setup f() autoinit ignore_errors");
    case("setup(autoinit=False, record=True)", "setup f()");
    case("setup(record=False)", "setup f() record = false");
    case("teardown(ignore_errors=True, minify=False)", "teardown f() ignore_errors minify = false");
    case("thread(record=False)", "thread f() record = false");
    case("task(minify=False, register=False)", "task f() minify = false register = false");
    case("task(record=True, trusted=True)", "task f() record trusted");
    case("task(\n        return_time=True,\n    )", "task f() return_time");
    case("task(trusted=True, implementation=\"circuitpython\")", "task f() for \"circuitpython\" trusted");
    case("task(implementation='')", "task f()");
    case("task\n    @micropython.native", "task f() emitter = \"native\"");
}

#[test]
fn parameters_keep_defaults_and_annotations() {
    item(
        "    @Device.task\n    def f(a, b: int, c=0x1F, d: float = -.5, e='\"\\n', f=None, g=[1, (2,)], h={'k': True}) -> int:\n        return a\n",
        "    task f(a, b: int, c = 0x1F, d: float = -0.5, e = \"\\\"\\n\", f = (), g = [1, tuple([2])], h = #{ \"k\": true }) -> int `\n        return a\n    `\n",
    );
    item(
        "    @Device.task\n    def f(a: 'Pin', b: machine.Pin) -> List[int, str]:\n        return a\n",
        "    // left out: the annotation `a: 'Pin'`\n    task f(a, b: machine.Pin) -> List[int,str] `return a`\n",
    );
}

#[test]
fn constants_of_the_source_are_used() {
    let source = "import belay\nLED: int = 25\nMS = 10\nMS = 20\nclass B(belay.Device):\n  @belay.Device.setup(autoinit=True)\n  def f(pin=LED): pass\n";
    assert_eq!(
        script(source),
        "const LED = 25;\n\n// 1: import belay\n// 3: MS = 10\n// 4: MS = 20\n\ndevice B {\n    setup f(pin = LED) autoinit `pass`\n}\n"
    );
}

#[test]
fn docstrings_and_comments_are_documentation() {
    item(
        "    # Reads.\n    @Device.task  # often\n    def f():  # a task\n        \"\"\"One.\n\n        Two:\n          three\n        \"\"\"\n        # four\n        return 5  # six\n",
        "    // Reads.\n    // often\n    // a task\n    /// One.\n    ///\n    /// Two:\n    ///   three\n    task f() `\n        # four\n        return 5  # six\n    `\n",
    );
    item("    @Device.task\n    def f():\n        'Only this.'\n", "    /// Only this.\n    task f() ``\n");
    let source = "\"\"\"A bench.\"\"\"\nfrom belay import Device\nclass B(Device):\n    '''The bench.'''\n";
    assert!(converted(source).script.starts_with("//! A bench.\n\n// Converted from bench.py by"));
    assert!(script(source).ends_with("/// The bench.\ndevice B {\n}\n"), "{}", script(source));
}

#[test]
fn quotes_never_change_a_body() {
    item("    @Device.task\n    def f(): return '`'\n", "    task f() #\"return '`'\"#\n");
    item("    @Device.task\n    def f(): return '${x}'\n", "    task f() #\"return '${x}'\"#\n");
    item("    @Device.task\n    def f(): return \"`\"#\n", "    task f() ##\"return \"`\"#\"##\n");
}

#[test]
fn overloads_and_inherited_classes() {
    let source = "from belay import Device as D
class Led(D):
    @D.task(implementation='micropython')
    def on():
        led.on()

    @D.task(implementation='circuitpython')
    def on():
        led.value = True

class Both(Led, Other, D, skip=True):
    @D.task
    def off():
        led.off()
    def host(self):
        return self.on()
    x = 1
";
    assert_eq!(
        script(source),
        "// 1: from belay import Device as D

device Led {
    task on() for \"micropython\" `led.on()`

    task on() for \"circuitpython\" `led.value = True`
}

device Both : Led {
    task off() `led.off()`

    // 13: …
    // 14: …
    // 15: …
}
"
        .replace(
            "    // 13: …\n    // 14: …\n    // 15: …",
            "    // 15:     def host(self):\n    // 16:         return self.on()\n    // 17:     x = 1"
        )
    );
    let reports = converted(source).reports;
    assert_eq!(reports[0].message, "the base class `Other` of `Both` is unknown");
    assert_eq!(reports[0].line, 10);
}

#[test]
fn functions_of_an_instance_are_items_of_a_class() {
    let source = "import time
import belay
device = belay.Device('/dev/ttyACM0', startup='', attempts=3)

# Lights it.
@device.task
def led(on):
    pin.value(on)

@device.setup
def start():
    pin = Pin(25)

start()
led(True)
device.task.led(False)
device.led(on=True)
device('x = 1')  # x
time.sleep(0.5)
device.sync('board/')
for n in range(3):
    led(n)
print(device('x'))
device.close()
";
    assert_eq!(
        script(source),
        "// 1: import time
// 2: import belay

device Board {
    // Lights it.
    task led(on) `pin.value(on)`

    setup start() `pin = Pin(25)`
}

let device = Board.open(\"/dev/ttyACM0\", #{ startup: \"\", attempts: 3 });

device.start();
device.led(true);
device.led(false);
device.led(kw(#{ on: true }));
device.exec(\"x = 1\");  // x
sleep(0.5);
device.sync(\"board/\");

// 21: for n in range(3):
// 22:     led(n)
// 23: print(device('x'))

device.close();
"
    );
}

#[test]
fn named_arguments_of_a_thread_stay_host_code() {
    let source = "import belay\nd = belay.Device()\n@d.thread\ndef spin(ms): pass\nspin(5)\nspin(ms=5)\n";
    assert!(script(source).ends_with("\nd.spin(5);\n\n// 6: spin(ms=5)\n"), "{}", script(source));
}

#[test]
fn items_inside_host_blocks_are_found() {
    let source = "import belay
class Pico(belay.Device):
    pass
def main():
    with Pico(port()) as pico:
        @pico.task
        def f():
            return 1
        print(f())
if __name__ == '__main__':
    main()
";
    assert_eq!(
        script(source),
        "// 1: import belay

device Pico {
}

device BoardPico : Pico {
    task f() `return 1`
}

// 4: def main():
// 5:     with Pico(port()) as pico:
// 9:         print(f())
// 10: if __name__ == '__main__':
// 11:     main()
"
    );
}

#[test]
fn ports_that_are_unknown_come_from_outside() {
    let one = "import belay\nd = belay.Device(args.port, password=args.password)\n";
    assert!(
        script(one).ends_with("\n// 2: d = belay.Device(args.port, password=args.password)\nlet d = Device.open();\n")
    );
    let literal =
        "import belay\nd = belay.Device(port())\ne = belay.Device(device='COM3')\nf = belay.Device(startup='')\n";
    assert!(script(literal).contains("\nlet d = Device.open();\n"), "{}", script(literal));
    assert!(script(literal).contains("\nlet e = Device.open(\"COM3\");\n"), "{}", script(literal));
    let two = "from belay import Device\na = Device(x)\nb = Device(y)\n";
    assert!(script(two).contains("\nlet b = Device.open(\"b\");  // a board of station.toml\n"), "{}", script(two));
}

#[test]
fn classes_of_modules_beside_are_imported() {
    let source = "from my.bench import Bench as B\nb = B('COM3')\nb.read(1)\nb.other(1)\n";
    let module = "from belay import Device\nclass Bench(Device):\n    @Device.task\n    def read(x): return x\n";
    let beside = |name: &str| (name == "my/bench").then(|| module.to_owned());
    let done = convert("main.py", source, &beside).unwrap();
    let wanted = "import \"my/bench\" as bench;\n\n// 1: from my.bench import Bench as B\n\nlet b = bench::Bench.open(\"COM3\");\nb.read(1);\n\n// 4: b.other(1)\n";
    assert!(done.script.ends_with(wanted), "{}", done.script);
    assert_eq!(done.modules, ["my/bench"]);
}

#[test]
fn what_an_item_cannot_have_is_reported() {
    reported(
        "    @Device.task\n    def f(*args):\n        pass\n",
        4,
        "`f` is not converted: `*args` is not available in items",
    );
    reported(
        "    @Device.task\n    def f(p=Pin(1)): pass\n",
        4,
        "`f` is not converted: the default `Pin(1)` of `p` is not a literal",
    );
    reported("    @Device.task\n    async def f(): pass\n", 4, "`f` is not converted: an item cannot be `async def`");
    reported(
        "    @Device.task(autoinit=True)\n    def f(): pass\n",
        3,
        "the option `autoinit=True` is left out: a task has no option `autoinit`",
    );
    reported(
        "    @Device.task(record=flag())\n    def f(): pass\n",
        3,
        "the option `record=flag()` is left out: its value is not a literal",
    );
    let source = "from belay import Device\nclass B(Device):\n    @Device.task\n    def f(*a):\n        pass\n";
    assert!(script(source).contains("\n    // 4:     def f(*a):\n    // 5:         pass\n"), "{}", script(source));
}

#[test]
fn invalid_python_is_refused_with_its_line() {
    let refused = |text: &str| convert("a.py", text, &|_| None).unwrap_err();
    for (text, line, part) in [
        ("x = '\n", 1, "unterminated string"),
        ("x = 1\ny = (1,\n", 2, "unclosed `(`"),
        ("x = 1\ny = 1)\n", 2, "`)` closes no bracket"),
        ("x = 1\n  y = 2\n", 2, "unexpected indentation"),
        ("if x:\ny = 2\n", 2, "expected an indented block"),
        ("if x:\n    y\n  z\n", 3, "matches no outer block"),
        ("@device.task\nx = 1\n", 1, "not followed by a definition"),
        ("x = $\n", 1, "`$` is not valid Python"),
        ("from belay import Device\nclass B(Device):\n @Device.task\n def f(a=1, b): 0\n", 4, "`b` has no default"),
        ("from belay import Device\nclass B(Device):\n @Device.task\n def f(a b): 0\n", 4, "malformed"),
    ] {
        let error = refused(text);
        assert_eq!(error.line + 1, line, "{text:?}: {error:?}");
        assert!(error.message.contains(part), "{text:?}: {error:?}");
    }
}

/// Statements whose lines begin with the margin `\u{1}`, except within strings.
const SNIPPETS: &[&str] = &[
    "\u{1}x = 1\n",
    "\u{1}# comment `${x}`\n",
    "\n",
    "\u{1}s = '''a\n  b ` ${c}\n\td'''\n",
    "\u{1}y = f(1,\n\u{1}      2)  # two\n",
    "\u{1}if x:\n\u{1}    y = \"#\\\"##\"\n\u{1}else:\n\u{1}    '''doc\n'''\n",
    "\u{1}z = 1 + \\\n\u{1}    2\n",
    "\u{1}def g():\n\u{1}    yield f\"{x}\"#\n",
    "\u{1}t = r'\\`' if '${' else b'\\x00é'\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_script_parses_to_the_bodies_it_was_made_of(
        parts in prop::collection::vec(prop::sample::select(SNIPPETS), 0..8),
        is_method: bool,
    ) {
        let body = format!("\u{1}q = 0\n{}\u{1}return q\n", parts.concat());
        let source = match is_method {
            true => format!("from belay import Device\nclass B(Device):\n  @Device.task\n  def f(a):\n{}", body.replace('\u{1}', "    ")),
            false => format!("import belay\nd = belay.Device()\n@d.task\ndef f(a):\n{}", body.replace('\u{1}', "  ")),
        };
        let done = converted(&source);
        prop_assert_eq!(&done.reports, &[]);
        let classes = classes(&done.script);
        let items: Vec<_> = classes.iter().flat_map(|class| class.items()).collect();
        let found = items[0].body.text.trim_start_matches('\n').trim_end_matches(' ');
        prop_assert_eq!(found, body.replace('\u{1}', "        "));
    }

    #[test]
    fn any_text_is_converted_or_refused(text in prop_oneof![any::<String>(), soup()]) {
        let source = format!("from belay import Device\nclass B(Device):\n  @Device.task\n  def f(a):\n    {text}");
        for source in [text.clone(), source] {
            if let Ok(done) = convert("a.py", &source, &|_| None) {
                prop_assert!(done.script.ends_with('\n'));
            }
        }
    }
}
