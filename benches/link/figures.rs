//! The figures of a link: what is measured, by whom.
//!
//! Invariant: both sides do the same with the same values, and each has a board of its own, of the same kind.

use super::floor::{Answer, Floor};
use super::measure::{Extent, Figure, Side, Work};
use super::places::{Link, Place};
use super::results::Row;
use super::{many, transfers};
use crate::items::item;
use belay_script::device::class::{Class, ItemKind};
use belay_script::device::profile::Profile;
use belay_script::device::{
    BatchCall, Called, Device, Host, HostOptions, OpenOptions, Operation, OperationResult, Proxied,
};
use belay_script::port::meter::Traffic;
use belay_script::value::Value;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;

/// Calls of a batch, and lines that a task prints.
const MANY: usize = 100;

/// Names and bodies of tasks without parameters or with one; the floor defines the same functions.
const TASKS: &[(&str, &[&str], &str)] = &[
    ("nothing", &[], "pass"),
    ("same", &["x"], "return x"),
    ("size", &["x"], "return len(x)"),
    ("data_s", &[], "return B[0]"),
    ("data_l", &[], "return B[1]"),
    ("text_s", &[], "return T[0]"),
    ("text_l", &[], "return T[1]"),
    ("list_s", &[], "return L[0]"),
    ("list_l", &[], "return L[1]"),
    ("say", &["n"], "for i in range(n):\n    print(i)"),
    ("count", &["n"], "for i in range(n):\n    yield i"),
];

/// The same values as [`Content`], made on a board: `N` are the counts of bytes.
const PREPARE: &str = "\
s=1
def k(n):
 global s
 s=(s*75+74)%65537
 return s%n
B=[bytes(k(224)+32 for _ in range(n)) for n in N]
T=[''.join(chr(97+k(26)) for _ in range(n)) for n in N]
L=[[k(224)+32+256*(k(224)+32) for _ in range(n//7)] for n in N]
";

/// An object for a proxy.
const THING: &str = "class C:pass\nthing=C()\nthing.v=5\n";

/// Values of a size, none of whose bytes is a control character: a loop on the board is not interrupted by them.
pub struct Content {
    bytes: Vec<Vec<u8>>,
    texts: Vec<String>,
    lists: Vec<Vec<u16>>,
}

impl Content {
    fn new(sizes: &[usize]) -> Content {
        let mut state = 1u32;
        let mut next = |below: u32| {
            state = (state * 75 + 74) % 65_537;
            state % below
        };
        let mut byte = move || next(224) as u8 + 32;
        let bytes = sizes.iter().map(|size| (0..*size).map(|_| byte()).collect()).collect();
        let letter = |byte: u8| char::from(b'a' + byte % 26);
        let texts = sizes.iter().map(|size| (0..*size).map(|_| letter(byte())).collect()).collect();
        let lists =
            sizes.iter().map(|size| (0..size / 7).map(|_| u16::from_le_bytes([byte(), byte()])).collect()).collect();
        Content { bytes, texts, lists }
    }
}

/// This library at a board.
pub struct Ours {
    /// The device.
    pub device: Device,
    profile: Profile,
}

impl Ours {
    /// Opens a device of the bench's class. `resets`: whether the board restarts if it can.
    pub fn open(place: &Place, resets: bool) -> Ours {
        let profile = Profile::default();
        let host = Host::new(HostOptions { profile: Some(profile.clone()), ..HostOptions::default() });
        let device = opened(&host, &class(place.instructions().is_some(), place.reads_input()), place, resets);
        Ours { device, profile }
    }

    /// What has passed.
    pub fn traffic(&self) -> Traffic {
        sum(&self.profile)
    }

    fn value(&self, name: &str, args: &[Value]) -> Value {
        value_of(&self.device, name, args)
    }
}

fn sum(profile: &Profile) -> Traffic {
    profile.rows().iter().fold(Traffic::default(), |sum, row| Traffic {
        written: sum.written + row.traffic.written,
        read: sum.read + row.traffic.read,
        exchanges: sum.exchanges + row.traffic.exchanges,
        waited: sum.waited + row.traffic.waited,
    })
}

/// The tasks of a board; a small one has no memory for all of them.
fn tasks(is_small: bool) -> impl Iterator<Item = (&'static str, &'static [&'static str], &'static str)> {
    let small = ["nothing", "same", "say", "count"];
    TASKS.iter().copied().filter(move |(name, ..)| !is_small || small.contains(name))
}

/// Items that travel together: a small board has no memory for more.
fn ahead(is_small: bool) -> i64 {
    if is_small { 8 } else { 32 }
}

fn class(is_small: bool, reads_input: bool) -> Arc<Class> {
    let mut items: Vec<_> =
        tasks(is_small).map(|(name, params, body)| item(ItemKind::Task, name, params, body)).collect();
    for (name, option, value) in
        [("ahead", "prefetch", Value::Int(ahead(is_small))), ("pushed", "stream", Value::Bool(true))]
    {
        let mut generator = item(ItemKind::Task, name, &["n"], "for i in range(n):\n    yield i");
        // A board that pushes items must see that it is to stop.
        if (reads_input || option != "stream") && generator.options.set(ItemKind::Task, option, &value).is_ok() {
            items.push(generator);
        }
    }
    Arc::new(Class::build("Bench", "", None, items, &[]).expect("a class"))
}

/// A device that holds one task, as a first script has.
fn small_class() -> Arc<Class> {
    let items = vec![item(ItemKind::Task, "same", &["x"], "return x")];
    Arc::new(Class::build("Bench", "", None, items, &[]).expect("a class"))
}

fn opened(host: &Host, class: &Arc<Class>, place: &Place, resets: bool) -> Device {
    let place = place.clone();
    let opener = Box::new(move |_again: bool| place.open());
    let soft_reset = if resets { None } else { Some(false) };
    let options = OpenOptions { soft_reset, ..OpenOptions::default() };
    host.open_over(class, "bench", opener, options, &mut |_, _| Ok(())).expect("a board")
}

fn value_of(device: &Device, name: &str, args: &[Value]) -> Value {
    match device.call(name, args, &[], None).unwrap_or_else(|error| panic!("{name}: {error}")) {
        Called::Value(value) => value,
        Called::Generator(_) => panic!("`{name}` is a generator"),
    }
}

/// The sides of the figures of a link.
pub struct Sides<'a> {
    /// This library.
    pub ours: &'a Ours,
    /// The raw REPL.
    pub raw: &'a RefCell<Floor>,
    resident: Option<&'a RefCell<Floor>>,
    places: [&'a Place; 3],
    extent: Extent,
    rows: RefCell<Vec<Row>>,
}

impl<'a> Sides<'a> {
    fn side(work: Work<'a>, traffic: &'a dyn Fn() -> Traffic, instructions: &'a dyn Fn() -> Option<u64>) -> Side<'a> {
        Side { work, traffic, instructions }
    }
}

/// What a resident loop does for a figure: its body, a request, and what is answered.
pub type Resident<'a> = (&'a str, &'a [u8], Answer);

impl Sides<'_> {
    /// Measures a figure; adds its row. `most`: how often in a round at most; `each`: how often at once.
    pub fn figure(
        &self,
        what: impl Into<String>,
        [most, each]: [usize; 2],
        ours: &mut dyn FnMut(usize),
        raw: Option<&mut dyn FnMut(usize)>,
        resident: Option<Resident<'_>>,
    ) {
        let [at_ours, at_raw, at_resident] = self.places;
        let our_traffic = || self.ours.traffic();
        let raw_traffic = || self.raw.borrow().traffic();
        let resident_traffic = || self.resident.map(|floor| floor.borrow().traffic()).unwrap_or_default();
        let counters = [at_ours, at_raw, at_resident].map(|place| move || place.instructions());
        let resident = self.resident.zip(resident);
        if let Some((floor, (body, ..))) = resident {
            floor.borrow_mut().enter(body);
        }
        let figure = Figure {
            what: what.into(),
            ours: Sides::side(Box::new(ours), &our_traffic, &counters[0]),
            raw: raw.map(|raw| Sides::side(Box::new(raw), &raw_traffic, &counters[1])),
            resident: resident.map(|(floor, (_, request, answer))| {
                let work = move |times| (0..times).for_each(|_| floor.borrow_mut().ask(request, answer));
                Sides::side(Box::new(work), &resident_traffic, &counters[2])
            }),
            most,
            each,
        };
        let row = figure.measure(self.extent);
        if let Some((floor, _)) = resident {
            floor.borrow_mut().leave();
        }
        self.rows.borrow_mut().push(row);
    }

    /// A call of a task, whose argument the floor writes as `literal`.
    fn call(
        &self,
        what: String,
        (name, args): (&str, &[Value]),
        literal: &str,
        expected: &Value,
        resident: Option<Resident<'_>>,
    ) {
        let code = format!("print(repr({name}({literal})))");
        let mut ours = |times| {
            for _ in 0..times {
                let value = self.ours.value(name, args);
                assert!(value == *expected, "{name}");
            }
        };
        let mut raw = |times| {
            let mut floor = self.raw.borrow_mut();
            (0..times).for_each(|_| if code.len() > 300 { floor.paste(code.as_bytes()) } else { floor.run(&code) });
        };
        self.figure(what, [1000, 1], &mut ours, Some(&mut raw), resident);
    }
}

/// Everything that is measured on `link`.
///
/// # Errors
/// What this machine lacks for it.
pub fn rows(link: Link, extent: Extent) -> Result<Vec<Row>, String> {
    let places = [Place::new(link)?, Place::new(link)?, Place::new(link)?];
    let ours = Ours::open(&places[0], true);
    let raw = RefCell::new(Floor::open(&places[1]));
    let is_small = link == Link::Microbit;
    let sizes = match (link, extent) {
        (Link::Microbit, _) => vec![],
        (Link::WebAssembly, _) | (_, Extent::Quick) => vec![1000],
        (Link::Line, _) => vec![1000, 10_000],
        _ => vec![1000, 100_000],
    };
    let content = Content::new(&sizes);
    let prepare = if is_small { THING.to_owned() } else { format!("N={sizes:?}\n{PREPARE}{THING}") };
    let mut defined = String::new();
    for (name, params, body) in tasks(is_small) {
        let body = body.replace('\n', "\n ");
        defined.push_str(&format!("def {name}({}):\n {body}\n", params.join(",")));
    }
    let resident = (link != Link::WebAssembly).then(|| RefCell::new(Floor::open(&places[2])));
    for floor in std::iter::once(&raw).chain(&resident) {
        let mut floor = floor.borrow_mut();
        for code in prepare.split_inclusive(")]\n").chain(defined.split_inclusive("\n\n")) {
            floor.run(code);
        }
        floor.run("G=count(1<<29)");
    }
    for code in prepare.split_inclusive(")]\n") {
        ours.device.exec(code, None).expect("code that runs");
    }
    let sides = Sides {
        ours: &ours,
        raw: &raw,
        resident: resident.as_ref(),
        places: [&places[0], &places[1], &places[2]],
        extent,
        rows: RefCell::default(),
    };
    calls(&sides, &content, &sizes, is_small);
    generators(&sides, is_small);
    other(&sides, is_small);
    if link != Link::WebAssembly {
        connecting(&sides, link)?;
    }
    if !is_small && link != Link::WebAssembly {
        let size = if link == Link::Line || extent == Extent::Quick { 1024 } else { 4096 };
        transfers::measure(&sides, size);
    }
    let mut rows = sides.rows.take();
    ours.device.close().expect("a device that closes");
    if link == Link::Sim {
        rows.push(many::row(extent));
    }
    Ok(rows)
}

fn calls(sides: &Sides<'_>, content: &Content, sizes: &[usize], is_small: bool) {
    let line = |body| Some((body, &b"5\r"[..], Answer::Line)).filter(|_| is_small);
    let of = |body, request| if is_small { line(body) } else { Some((body, request, Answer::Line)) };
    let none = Value::None;
    sides.call("call".into(), ("nothing", &[]), "", &none, of("r();nothing();print()", b"\n"));
    let five = Value::Int(5);
    sides.call(
        "call with an int, which returns it".into(),
        ("same", std::slice::from_ref(&five)),
        "5",
        &five,
        of("print(same(int(r())))", b"5\n"),
    );
    for (index, size) in sizes.iter().copied().enumerate() {
        let suffix = ["s", "l"][index];
        let (bytes, text, list) = (&content.bytes[index], &content.texts[index], &content.lists[index]);
        let values = Value::List(list.iter().map(|value| Value::Int(i64::from(*value))).collect());
        let packed: Vec<u8> = list.iter().flat_map(|value| value.to_le_bytes()).collect();
        let of_text = Value::Str(text.clone());
        let of_bytes = Value::Bytes(bytes.clone());
        let named = format!("{} KB", size / 1000);
        for (kind, value, wire, name) in [
            ("bytes", &of_bytes, bytes.as_slice(), "data"),
            ("str", &of_text, text.as_bytes(), "text"),
            ("a list of ints", &values, packed.as_slice(), "list"),
        ] {
            let literal = belay_script::value::write::literal(value).expect("a literal");
            let count = wire.len();
            let count_of_value = Value::Int(if kind == "a list of ints" { list.len() as i64 } else { count as i64 });
            let receive = match kind {
                "bytes" => format!("print(size(b({count})))"),
                "str" => format!("print(size(b({count}).decode()))"),
                _ => format!("from array import array;print(size(list(array('H',b({count})))))"),
            };
            let resident = (!is_small).then_some((receive.as_str(), wire, Answer::Line));
            sides.call(
                format!("{named} of {kind} to the board"),
                ("size", std::slice::from_ref(value)),
                &literal,
                &count_of_value,
                resident,
            );
            let send = match kind {
                "a list of ints" => format!("r();print(repr(list_{suffix}()))"),
                _ => format!("r();w({name}_{suffix}())"),
            };
            let answer = if kind == "a list of ints" { Answer::Line } else { Answer::Bytes(count) };
            let resident = (!is_small).then_some((send.as_str(), &b"\n"[..], answer));
            // The board's own values, which differ from those of this computer.
            let returned = sides.ours.value(&format!("{name}_{suffix}"), &[]);
            sides.call(
                format!("{named} of {kind} from the board"),
                (&format!("{name}_{suffix}"), &[]),
                "",
                &returned,
                resident,
            );
        }
    }
}

fn generators(sides: &Sides<'_>, is_small: bool) {
    let items = |name: &'static str| {
        move |times: usize| {
            let called = sides.ours.device.call(name, &[Value::Int(times as i64)], &[], None).expect("a call");
            let Called::Generator(mut generator) = called else { panic!("no generator") };
            let mut items = 0;
            while generator.resume(&Value::None, None).expect("an item").is_some() {
                items += 1;
            }
            assert_eq!(items, times);
        }
    };
    let mut raw = |times| {
        let mut floor = sides.raw.borrow_mut();
        floor.run(&format!("g=count({times})"));
        (0..times).for_each(|_| floor.run("print(repr(next(g)))"));
    };
    let request: &[u8] = if is_small { b"\r" } else { b"\n" };
    let resident = ("r();print(next(G))", request, Answer::Line);
    sides.figure("item of a generator", [1000, 50], &mut items("count"), Some(&mut raw), Some(resident));
    let mut pushed = |times| sides.raw.borrow_mut().run(&format!("for x in count({times}):\n print(repr(x))"));
    sides.figure(
        format!("item with `prefetch = {}`", ahead(is_small)),
        [5000, 320],
        &mut items("ahead"),
        Some(&mut pushed),
        None,
    );
    if sides.ours.device.item("pushed").is_some() {
        sides.figure("item with `stream = true`", [20_000, 500], &mut items("pushed"), Some(&mut pushed), None);
    }
}

fn other(sides: &Sides<'_>, is_small: bool) {
    let device = &sides.ours.device;
    let many = if is_small { 10 } else { MANY };
    let mut ours = |times| {
        for _ in 0..times {
            let calls: Vec<BatchCall> = (0..many as i64)
                .map(|number| device.prepare("same", &[Value::Int(number)], &[], None).expect("a call"))
                .collect();
            let result = device.run_batch(&calls);
            assert!(result.error.is_none() && result.values.len() == many);
        }
    };
    let listed: Vec<String> = (0..many).map(|number| format!("same({number})")).collect();
    let code = format!("print([{}])", listed.join(","));
    let mut raw = |times| (0..times).for_each(|_| sides.raw.borrow_mut().paste(code.as_bytes()));
    sides.figure(format!("{many} calls in a `batch`"), [1000, 1], &mut ours, Some(&mut raw), None);
    let mut ours = |times: usize| {
        sides.ours.value("say", &[Value::Int(times as i64)]);
    };
    let mut raw = |times| sides.raw.borrow_mut().run(&format!("say({times})"));
    sides.figure("line that a task prints", [5000, 100], &mut ours, Some(&mut raw), None);
    let Ok(Proxied::One(OperationResult::Object(thing))) = device.proxy("thing", None, None) else {
        panic!("no proxy")
    };
    let mut ours = |times| {
        for _ in 0..times {
            let value = thing.run(&Operation::Attribute("v"), None).expect("a value");
            assert!(matches!(value, OperationResult::Value(Value::Int(5))));
        }
    };
    let mut raw = |times| (0..times).for_each(|_| sides.raw.borrow_mut().run("print(repr(thing.v))"));
    let request: &[u8] = if is_small { b"\r" } else { b"\n" };
    let resident = ("r();print(thing.v)", request, Answer::Line);
    sides.figure("attribute of a proxy", [1000, 1], &mut ours, Some(&mut raw), Some(resident));
    drop(thing);
    if is_small {
        return;
    }
    let code = program(4096);
    let mut ours = |times| {
        for _ in 0..times {
            device.exec(&code, None).expect("code that runs");
        }
    };
    let mut raw = |times| (0..times).for_each(|_| sides.raw.borrow_mut().paste(code.as_bytes()));
    sides.figure("`exec` of 4 KB", [1000, 1], &mut ours, Some(&mut raw), None);
}

/// Source of at least this size.
pub fn program(size: usize) -> String {
    let mut code = String::new();
    while code.len() < size {
        let number = code.len();
        code.push_str(&format!(
            "# Converts the reading number {number} of the converter to volts.\n\
             def convert_{number}(reading, reference = 3.3):\n    volts = reading * reference / 65535\n    return round(volts, 3)\n"
        ));
    }
    code
}

/// The generators of a device of the bench's class, and what an item of each is called.
pub fn generators_of(device: &Device) -> Vec<(&'static str, String)> {
    let is_small = device.item("size").is_none();
    let all = [
        ("count", "item of a generator".to_owned()),
        ("ahead", format!("item with `prefetch = {}`", ahead(is_small))),
        ("pushed", "item with `stream = true`".to_owned()),
    ];
    all.into_iter().filter(|(name, _)| device.item(name).is_some()).collect()
}

/// Seconds to connect to a board that was not seen before, up to the first value.
pub fn first_value(place: &Place) -> f64 {
    let (host, class) = (Host::new(HostOptions::default()), small_class());
    let begun = Instant::now();
    let device = opened(&host, &class, place, false);
    assert_eq!(value_of(&device, "same", &[Value::Int(5)]), Value::Int(5));
    let time = begun.elapsed().as_secs_f64();
    device.close().expect("a device that closes");
    time
}

/// Opening to the first value, and the same again after a loss.
fn connecting(sides: &Sides<'_>, link: Link) -> Result<(), String> {
    let [at_ours, at_raw] = [Place::new(link)?, Place::new(link)?];
    let class = small_class();
    let profile = Profile::default();
    let host = Host::new(HostOptions { profile: Some(profile.clone()), ..HostOptions::default() });
    let first = |device: &Device| assert_eq!(value_of(device, "same", &[Value::Int(5)]), Value::Int(5));
    let our_traffic = || sum(&profile);
    let raw_traffic = RefCell::new(Traffic::default());
    let passed = || *raw_traffic.borrow();
    let counters = [&at_ours, &at_raw].map(|place| move || place.instructions());
    let raw = || {
        Box::new(|times| {
            for _ in 0..times {
                let mut floor = Floor::open(&at_raw);
                floor.run("def same(x):\n return x\nprint(repr(same(5)))");
                let (mut sum, new) = (raw_traffic.borrow_mut(), floor.traffic());
                (sum.written, sum.read) = (sum.written + new.written, sum.read + new.read);
                sum.exchanges += new.exchanges;
            }
        })
    };
    let open = |times| {
        for _ in 0..times {
            let device = opened(&host, &class, &at_ours, false);
            first(&device);
            device.close().expect("a device that closes");
        }
    };
    let figure = |what: &str, work: Work<'_>| {
        let figure = Figure {
            what: what.to_owned(),
            ours: Side { work, traffic: &our_traffic, instructions: &counters[0] },
            raw: Some(Side { work: raw(), traffic: &passed, instructions: &counters[1] }),
            resident: None,
            most: 20,
            each: 1,
        };
        sides.rows.borrow_mut().push(figure.measure(sides.extent));
    };
    figure("connecting, to the first value", Box::new(open));
    let device = opened(&host, &class, &at_ours, false);
    let again = |times| {
        for _ in 0..times {
            device.reconnect(None).expect("a board");
            first(&device);
        }
    };
    figure("reconnecting, to the first value", Box::new(again));
    device.close().expect("a device that closes");
    Ok(())
}
