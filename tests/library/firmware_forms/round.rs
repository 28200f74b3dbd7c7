//! Everything that a device can do, once around. Invariant: a round leaves the device usable.

use crate::items::item;
use crate::reduced_board::{Bench, Form};
use belay_script::device::class::{Class, Item, ItemKind};
use belay_script::device::{
    Called, Device, Function, Host, HostOptions, Implementation, OpenOptions, Operation, OperationResult, Output,
    Proxied,
};
use belay_script::value::Value;
use belay_script::{Kind, interrupt};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

/// Ctrl-C strikes every wait of this process: who presses it waits until nobody else is at work.
static PRESSING: RwLock<()> = RwLock::new(());

/// Of `implementation`: name, version, platform, arch, and whether there are emitters.
pub type Identity = (&'static str, (u32, u32, u32), &'static str, &'static str, bool);

/// What a board is expected to be.
pub struct Expected {
    /// `None`: as the interpreter says it is.
    pub identity: Option<Identity>,
    pub threads: bool,
    /// Whether floats have 32 bits.
    pub short_floats: bool,
    /// Whether a syntax error at the end of a line is reported for the next line.
    pub late_lines: bool,
    /// Length of the long argument, in bytes.
    pub long: usize,
}

pub const HERE: Expected =
    Expected { identity: None, threads: true, short_floats: false, late_lines: false, long: 20_000 };

/// Collects the board's output, and presses Ctrl-C on request.
#[derive(Default)]
pub struct Printed {
    pub text: Mutex<String>,
    pressing: Mutex<bool>,
}

impl Printed {
    pub fn take(&self) -> String {
        std::mem::take(&mut self.text.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Output for Printed {
    fn board(&self, _: &str, text: &str) {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
        let mut pressing = self.pressing.lock().unwrap_or_else(PoisonError::into_inner);
        if *pressing && text.contains("hanging") {
            *pressing = false;
            interrupt::raise();
        }
    }
    fn notice(&self, _: &str) {}
}

fn item_on(line: u32, kind: ItemKind, name: &str, params: &[&str], body: &str) -> Item {
    let mut item = item(kind, name, params, body);
    item.origin.line = line;
    item.body.origin.line = line;
    item
}

pub fn class() -> Arc<Class> {
    let mut hang = item_on(40, ItemKind::Task, "hang", &[], "print('hanging')\nwhile True:\n    pass");
    hang.options.timeout = Some(Duration::from_millis(100));
    let mut endless = item_on(50, ItemKind::Task, "endless", &[], "print('hanging')\nwhile True:\n    pass");
    endless.options.timeout = Some(Duration::from_secs(10));
    let items = vec![
        item_on(10, ItemKind::Setup, "begin", &["n"], "state = n\ntable = [1, 2, 3]\nseen = 0"),
        item_on(15, ItemKind::Task, "echo", &["v"], "print('echo')\nreturn v"),
        item_on(20, ItemKind::Task, "count", &["n"], "for i in range(n):\n    yield i * state"),
        item_on(30, ItemKind::Task, "fail", &["n"], "x = n\nreturn x // 0"),
        item_on(35, ItemKind::Task, "length", &["v"], "return len(v), v[:2], v[-2:]"),
        hang,
        endless,
        item_on(60, ItemKind::Task, "store", &[], "open('new', 'w').close()"),
        item_on(70, ItemKind::Thread, "watch", &[], "global seen\nseen = 1"),
    ];
    Arc::new(Class::build("Bench", "", None, items, &[]).expect("a class"))
}

/// A device on this board, and what it prints.
pub fn open(bench: &Bench, options: OpenOptions) -> (Device, Arc<Printed>) {
    let printed = Arc::new(Printed::default());
    let host = Host::new(HostOptions::new(printed.clone()));
    let options = OpenOptions { timeout: Some(Duration::from_secs(10)), ..options };
    let device = host.open_over(&class(), "reduced", bench.connector(), options, &mut |_, _| Ok(()));
    (device.unwrap_or_else(|error| panic!("{error:?}, printed: {}", printed.take())), printed)
}

pub fn call(device: &Device, name: &str, args: &[Value]) -> belay_script::Result<Value> {
    match device.call(name, args, &[], None)? {
        Called::Value(value) => Ok(value),
        Called::Generator(_) => panic!("no generator"),
    }
}

/// A case with its name.
pub type Case = (String, Box<dyn FnOnce() + Send>);

/// Runs cases at the same time: most of their time is waiting.
pub fn together(cases: Vec<Case>) {
    let start = |(name, case): Case| {
        let thread = std::thread::Builder::new().name(name.clone()).spawn(case).expect("a thread");
        (name, thread)
    };
    let threads: Vec<_> = cases.into_iter().map(start).collect();
    let failed = threads.into_iter().filter_map(|(name, thread)| thread.join().err().map(|_| name));
    let failed: Vec<String> = failed.collect();
    assert!(failed.is_empty(), "these have failed: {failed:?}");
}

/// Holds Ctrl-C off.
pub fn undisturbed() -> std::sync::RwLockReadGuard<'static, ()> {
    PRESSING.read().unwrap_or_else(PoisonError::into_inner)
}

/// Opens a device on a board and goes once around.
#[track_caller]
pub fn around(bench: &Bench, expected: &Expected) -> (Device, Arc<Printed>) {
    let guard = undisturbed();
    let (device, printed) = open(bench, OpenOptions::default());
    let mut right = interpreter();
    if let Some((name, version, platform, arch, emitters)) = expected.identity {
        let [name, platform, arch] = [name, platform, arch].map(str::to_owned);
        right = Implementation { name, version, platform, arch, ..right };
        right.emitters.retain(|_| emitters);
    }
    assert_eq!(device.implementation(), right);
    values(&device, &printed, expected);
    generators_and_proxies(&device);
    threads(&device, expected.threads);
    errors(&device, expected.late_lines);
    drop(guard);
    stopping(&device, &printed);
    (device, printed)
}

/// The identity of the interpreter of all forms.
fn interpreter() -> Implementation {
    static KNOWN: OnceLock<Implementation> = OnceLock::new();
    let ask = || open(&Bench::new(Form::default()), OpenOptions::default()).0.implementation();
    KNOWN.get_or_init(ask).clone()
}

fn values(device: &Device, printed: &Printed, expected: &Expected) {
    call(device, "begin", &[Value::Int(3)]).expect("a setup");
    printed.take();
    let bytes = (0..=255).collect::<Vec<u8>>();
    for value in [
        Value::None,
        Value::Int(-7),
        Value::Int(1 << 40),
        Value::Str("päper ≤ 3\r\n\x04>OK".to_owned()),
        Value::Bytes(bytes),
        Value::List(vec![Value::Bool(true), Value::Float(0.5), Value::Str("'".to_owned())]),
    ] {
        echoes(device, &value);
        assert_eq!(printed.take(), "echo\n");
    }
    let third = call(device, "echo", &[Value::Float(1.0 / 3.0)]).expect("a float");
    assert_eq!(third, Value::Float(if expected.short_floats { 0.333_333_34 } else { 1.0 / 3.0 }));
    let text = format!("<{}>", "x".repeat(expected.long - 2));
    let [start, end] = ["<x", "x>"].map(|part| Value::Str(part.to_owned()));
    let length = Value::Int(expected.long as i64);
    let result = call(device, "length", &[Value::Str(text)]).expect("a length");
    assert_eq!(result, Value::Tuple(vec![length, start, end]));
}

#[track_caller]
pub fn echoes(device: &Device, value: &Value) {
    let result =
        call(device, "echo", std::slice::from_ref(value)).unwrap_or_else(|error| panic!("{value:?}: {error:?}"));
    assert_eq!(result, *value);
}

fn generators_and_proxies(device: &Device) {
    let Ok(Called::Generator(mut numbers)) = device.call("count", &[Value::Int(3)], &[], None) else {
        panic!("no generator")
    };
    let got: Vec<_> = std::iter::from_fn(|| numbers.resume(&Value::None, None).expect("an item")).collect();
    assert_eq!(got, [0, 3, 6].map(Value::Int));
    let Ok(Proxied::One(OperationResult::Object(table))) = device.proxy("table", None, None) else {
        panic!("no proxy")
    };
    assert!(matches!(table.run(&Operation::Function(Function::Len), None), Ok(OperationResult::Value(Value::Int(3)))));
    let mut items = table.items();
    let Ok(Some(OperationResult::Value(first))) = items.next(None) else { panic!("no item") };
    assert_eq!(first, Value::Int(1));
}

fn threads(device: &Device, there: bool) {
    match device.call("watch", &[], &[], None) {
        Ok(_) => {
            assert!(there);
            let seen = (0..100).any(|_| device.exec("seen", None).is_ok_and(|seen| seen == Value::Int(1)));
            assert!(seen, "the thread does not run");
        }
        Err(error) => {
            assert!(!there, "{error:?}");
            assert_eq!(error.kind(), Kind::FeatureUnavailableError, "{error:?}");
            assert_eq!(error.message(), "the board has no threads");
            assert_eq!(error.origins().first().map(|origin| origin.line), Some(70));
        }
    }
}

fn errors(device: &Device, late_lines: bool) {
    let error = call(device, "fail", &[Value::Int(1)]).unwrap_err();
    assert_eq!(error.kind(), Kind::DeviceException);
    assert!(error.message().starts_with("ZeroDivisionError"), "{error:?}");
    assert_eq!(error.origins().first().map(|origin| (&*origin.file, origin.line)), Some(("bench.rhai", 31)));
    let error =
        device.declare(ItemKind::Task, "def wrong():\n    y = 1\n    x =\n    return x", &[], None).unwrap_err();
    assert_eq!(error.kind(), Kind::DeclarationError, "{error:?}");
    let line = if late_lines { 4 } else { 3 };
    assert_eq!(error.origins().first().map(|origin| origin.line), Some(line), "{error:?}");
    echoes(device, &Value::Int(1));
}

fn stopping(device: &Device, printed: &Printed) {
    let guard = undisturbed();
    assert_eq!(call(device, "hang", &[]).unwrap_err().kind(), Kind::TimeoutError);
    echoes(device, &Value::Int(2));
    drop(guard);
    let alone = PRESSING.write().unwrap_or_else(PoisonError::into_inner);
    *printed.pressing.lock().unwrap_or_else(PoisonError::into_inner) = true;
    let outcome = call(device, "endless", &[]);
    interrupt::take();
    drop(alone);
    let _guard = undisturbed();
    assert_eq!(outcome.unwrap_err().kind(), Kind::Interrupted);
    echoes(device, &Value::Int(3));
}
