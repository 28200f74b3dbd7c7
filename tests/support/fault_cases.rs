//! Operations on a board while its link fails, and their required results.
//!
//! Invariant: a case ends in one of four ways: survived with the right value; a clear error, after which the next call
//! is right or a reconnect restores the device; a wrong value (or any other promise broken); or it hangs.

use super::faulty_port::{Fault, Link};
use super::items::item;
use belay_script::board::content::Upload;
use belay_script::device::class::{Class, Item, ItemKind};
use belay_script::device::{
    Called, Device, Host, HostOptions, Index, OpenOptions, Operation, OperationResult, Output, Proxied,
};
use belay_script::port::sim::SimOptions;
use belay_script::value::Value;
use belay_script::{Error, Kind};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Connect,
    Setup,
    Call,
    Resident,
    SmallLoop,
    LargeArgument,
    Batch,
    Generator,
    Prefetch,
    Stream,
    LargeResult,
    Upload,
    Files,
    Proxy,
    Close,
}

pub const DEEDS: &[Deed] = &[
    Deed::Connect,
    Deed::Setup,
    Deed::Call,
    Deed::Resident,
    Deed::SmallLoop,
    Deed::LargeArgument,
    Deed::Batch,
    Deed::Generator,
    Deed::Prefetch,
    Deed::Stream,
    Deed::LargeResult,
    Deed::Upload,
    Deed::Files,
    Deed::Proxy,
    Deed::Close,
];

/// The end of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Survived,
    ClearError,
    Wrong(String),
    Hang,
}

/// Longest time of a call on a link on which nothing else will end it, and on one on which it must not come to that.
const SHORT: Duration = Duration::from_millis(400);
const LONG: Duration = Duration::from_secs(5);
/// Longest time that a deed may take until it has failed: its timeout, and the attempts to stop what runs.
const DEADLINE: Duration = Duration::from_secs(30);
/// After which a case counts as hanging.
const HANG: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Printed(Mutex<String>);

impl Output for Printed {
    fn board(&self, _device: &str, text: &str) {
        let mut printed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A flood is not kept.
        if printed.len() < 1 << 20 {
            printed.push_str(text);
        }
    }

    fn notice(&self, _text: &str) {}
}

/// A generator whose items travel in threes.
fn ahead() -> Item {
    let mut item = item(ItemKind::Task, "ahead", &["n"], "for i in range(n):\n    yield i");
    item.options.prefetch = 3;
    item
}

/// A generator whose items the board pushes.
fn pushed() -> Item {
    let mut item = item(ItemKind::Task, "pushed", &["n"], "for i in range(n):\n    yield i");
    item.options.stream = true;
    item
}

/// A board on a failing link, and a healthy board beside it.
pub struct Bench {
    host: Host,
    printed: Arc<Printed>,
    link: Link,
    class: Arc<Class>,
    device: Option<Device>,
    timeout: Duration,
    /// Whether the board is restarted when the device is opened.
    soft_reset: bool,
}

impl Bench {
    /// A board that ends lines with CR LF or not, for this deed; the device is open unless it is opening that is done.
    /// `patient`: calls have time.
    pub fn new(crlf: bool, deed: Deed, patient: bool) -> Bench {
        let printed = Arc::new(Printed::default());
        let host = Host::new(HostOptions::new(printed.clone()));
        let items = vec![
            item(ItemKind::Task, "add", &["a", "b"], "print('adding')\nreturn a + b"),
            item(ItemKind::Task, "count", &["n"], "for i in range(n):\n    yield i"),
            ahead(),
            pushed(),
            item(ItemKind::Task, "text", &["n"], "return 'a line\\n' * n"),
            item(ItemKind::Task, "squares", &["n"], "return [i * i for i in range(n)]"),
            item(ItemKind::Task, "total", &["data"], "return len(data), sum(data)"),
            item(ItemKind::Setup, "prepare", &["n"], "state = n"),
            item(ItemKind::Teardown, "off", &[], "print('torn down')"),
        ];
        let class = Arc::new(Class::build("Bench", "", None, items, &[]).expect("a class"));
        let timeout = match (patient, deed) {
            // After damage it comes again at the pace of the slowest board, which takes three seconds.
            (true, Deed::Upload) => 3 * LONG,
            (true, _) => LONG,
            (false, _) => SHORT,
        };
        // A board with little memory has a loop of its own.
        let heap = (deed == Deed::SmallLoop).then_some(60 << 10);
        let link = Link::to(SimOptions { crlf, heap, ..SimOptions::default() });
        let soft_reset = deed == Deed::Connect;
        let mut bench = Bench { host, printed, link, class, device: None, timeout, soft_reset };
        if deed != Deed::Connect {
            // On a busy machine even a good link may be slow for once.
            let opened = (0..5)
                .map(|_| bench.open())
                .find(|opened| !opened.as_ref().is_err_and(|error| error.kind() == Kind::TimeoutError));
            bench.device = Some(opened.expect("a board in time").expect("a board on a good link"));
        }
        if matches!(deed, Deed::Resident | Deed::SmallLoop) {
            bench.settle_in().expect("calls on a good link");
        }
        bench
    }

    fn open(&self) -> Result<Device, Error> {
        let options = OpenOptions {
            timeout: Some(self.timeout),
            soft_reset: Some(self.soft_reset),
            startup: Some(String::new()),
            auto_sync_time: false,
            ..OpenOptions::default()
        };
        self.host.open_over(&self.class, "faulty", self.link.connector(), options, &mut |_, _| Ok(()))
    }

    fn device(&self) -> &Device {
        self.device.as_ref().expect("an open device")
    }

    fn printed(&self) -> String {
        std::mem::take(&mut self.printed.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs it; returns what is wrong with its value.
    fn act(&mut self, deed: Deed) -> Result<Result<(), String>, Error> {
        match deed {
            Deed::Connect => {
                self.host.set_deadline(Some(Instant::now() + Duration::from_secs(8)));
                let opened = self.open();
                self.host.set_deadline(None);
                self.device = Some(opened?);
                Ok(Ok(()))
            }
            Deed::Setup => {
                self.device().call("prepare", &[Value::Int(7)], &[], None)?;
                Ok(Ok(()))
            }
            Deed::Call => {
                let value = value(self.device().call("add", &[Value::Int(20), Value::Int(22)], &[], None)?);
                Ok(if value == Value::Int(42) { Ok(()) } else { Err(format!("{value:?} in place of 42")) })
            }
            Deed::Resident => {
                for n in 0..3 {
                    let text = Value::Str(n.to_string());
                    let value = value(self.device().call("add", &[text.clone(), text], &[], None)?);
                    if value != Value::Str(format!("{n}{n}")) {
                        return Ok(Err(format!("{value:?} in place of {n}{n}")));
                    }
                }
                Ok(Ok(()))
            }
            Deed::SmallLoop => {
                for n in 0..3 {
                    let value = value(self.device().call("add", &[Value::Int(n), Value::Int(-70)], &[], None)?);
                    if value != Value::Int(n - 70) {
                        return Ok(Err(format!("{value:?} in place of {}", n - 70)));
                    }
                }
                Ok(Ok(()))
            }
            Deed::LargeArgument => {
                let data: Vec<u8> = (0..=255).cycle().take(3000).collect();
                let sum: i64 = data.iter().map(|&byte| i64::from(byte)).sum();
                let value = value(self.device().call("total", &[Value::Bytes(data)], &[], None)?);
                let expected = Value::Tuple(vec![Value::Int(3000), Value::Int(sum)]);
                Ok(if value == expected { Ok(()) } else { Err(format!("{value:?} in place of {expected:?}")) })
            }
            Deed::Batch => {
                let device = self.device();
                let call = |n: i64| device.prepare("add", &[Value::Int(n), Value::Int(1)], &[], None);
                let calls = (0..2).map(call).collect::<Result<Vec<_>, Error>>()?;
                let result = device.run_batch(&calls);
                let expected: Vec<Value> =
                    (1..=result.values.len()).filter_map(|n| n.try_into().ok()).map(Value::Int).collect();
                if result.values != expected {
                    return Ok(Err(format!("{:?} in place of {expected:?}", result.values)));
                }
                match result.error {
                    Some(error) => Err(error),
                    None if expected.len() == 2 => Ok(Ok(())),
                    None => Ok(Err(format!("{} results in place of 2", expected.len()))),
                }
            }
            Deed::LargeResult => {
                let call = |task, n| self.device().call(task, &[Value::Int(n)], &[], None).map(value);
                // The first of them has the helper loaded for the others.
                for n in [700, 800] {
                    let text = call("text", n)?;
                    if text != Value::Str("a line\n".repeat(n.try_into().unwrap_or_default())) {
                        return Ok(Err(format!("{text:.200?} in place of {n} lines")));
                    }
                }
                let squares = call("squares", 900)?;
                let expected = Value::List((0..900).map(|n| Value::Int(n * n)).collect());
                Ok(if squares == expected { Ok(()) } else { Err(format!("{squares:.200?} in place of squares")) })
            }
            Deed::Generator | Deed::Prefetch | Deed::Stream => {
                let (task, count) = match deed {
                    Deed::Prefetch => ("ahead", 4),
                    Deed::Stream => ("pushed", 150),
                    _ => ("count", 4),
                };
                let Called::Generator(mut items) = self.device().call(task, &[Value::Int(count)], &[], None)? else {
                    return Ok(Err("no generator".to_owned()));
                };
                for expected in 0..count {
                    let item = items.resume(&Value::None, None)?;
                    if item != Some(Value::Int(expected)) {
                        return Ok(Err(format!("{item:?} in place of {expected}")));
                    }
                }
                Ok(items.resume(&Value::None, None)?.map_or(Ok(()), |item| Err(format!("{item:?} at the end"))))
            }
            Deed::Upload => {
                let mut source = "def long():\n    total = 0\n".to_owned();
                for number in 0..60 {
                    let _ = writeln!(source, "    total += len('a text of many letters') + {number}");
                }
                source.push_str("    return total\n");
                self.device().declare(ItemKind::Task, &source, &[], None)?;
                Ok(Ok(()))
            }
            Deed::Files => {
                // The exchanges of files have a patience of their own, which is longer than a test has time.
                self.host.set_deadline(Some(Instant::now() + 4 * self.timeout));
                let written = self.write_file();
                self.host.set_deadline(None);
                written
            }
            Deed::Proxy => {
                let made = self.device().proxy("[10, 20, 30]", None, None)?;
                let Proxied::One(OperationResult::Object(list)) = made else { return Ok(Err("no object".to_owned())) };
                match list.run(&Operation::Item(&Index::Key(Value::Int(1))), None)? {
                    OperationResult::Value(Value::Int(20)) => Ok(Ok(())),
                    _ => Ok(Err("something in place of 20".to_owned())),
                }
            }
            Deed::Close => {
                self.device().close()?;
                Ok(Ok(()))
            }
        }
    }

    /// Calls until the board waits in its loop.
    fn settle_in(&self) -> Result<(), Error> {
        (0..12).try_for_each(|n| self.device().call("add", &[Value::Int(n), Value::Int(1)], &[], None).map(drop))
    }

    fn write_file(&self) -> Result<Result<(), String>, Error> {
        let content: Vec<u8> = (0..=255).cycle().take(5000).collect();
        let mut files = self.device().files()?;
        let digest = belay_script::sync::digest(files.facts().hash, &content);
        files.write(&[Upload { path: "/file", content: &content, digest: None }], &mut |_| {})?;
        let found = files.hash(&[("/file", 5000)], &mut |_| {})?;
        Ok(if found == [digest] { Ok(()) } else { Err("another file is on the board".to_owned()) })
    }

    /// How many bytes are read and written when all is well.
    pub fn traffic(&mut self, deed: Deed) -> (usize, usize) {
        let mut most = (0, 0);
        // The first time more may be needed than later.
        for _ in 0..2 {
            self.link.mend();
            self.act(deed).expect("a deed on a good link").expect("the right value");
            let (read, written) = self.link.mend();
            most = (most.0.max(read), most.1.max(written));
            self.aftermath(deed).expect("a good link");
        }
        most
    }

    /// Opens a healthy board beside it, closes both while the link fails, and gives what was printed.
    pub fn close_beside_a_healthy_one(&mut self, fault: &Fault) -> String {
        let healthy = self.host.open(&self.class, Some("sim"), OpenOptions::default(), &mut |_, _| Ok(()));
        healthy.expect("a healthy board");
        self.printed();
        self.link.arm(fault.clone());
        let begun = Instant::now();
        self.host.close_all();
        assert!(begun.elapsed() < DEADLINE, "{fault:?}: closing took {:?}", begun.elapsed());
        self.link.mend();
        self.printed()
    }

    /// Checks that are only possible afterwards.
    fn check(&self, deed: Deed, fault: &Fault, printed: &str) -> Result<(), String> {
        let expect = |outcome: Result<Value, Error>, expected: i64| match outcome {
            Ok(Value::Int(value)) if value == expected => Ok(()),
            other => Err(format!("{other:?} in place of {expected}")),
        };
        match deed {
            Deed::Setup => expect(self.device().exec("state", None), 7),
            Deed::Upload => expect(self.device().call("long", &[], &[], None).map(value), 60 * 22 + 59 * 30),
            Deed::Close if !matches!(fault, Fault::Drop(..)) => {
                // Garbage may be in the middle of it.
                let mut letters = printed.chars();
                match "torn down".chars().all(|wanted| letters.any(|letter| letter == wanted)) {
                    true => Ok(()),
                    false => Err(format!("closed without its teardown: {printed:?}")),
                }
            }
            _ => Ok(()),
        }
    }

    /// Does it while the link fails, and judges.
    pub fn case(&mut self, deed: Deed, fault: &Fault) -> End {
        self.printed();
        self.link.arm(fault.clone());
        let begun = Instant::now();
        let outcome = self.act(deed);
        let took = begun.elapsed();
        let struck = self.link.has_struck();
        self.link.mend();
        belay_script::interrupt::take();
        let printed = self.printed();
        let end = match outcome {
            Ok(Ok(())) => End::Survived,
            Ok(Err(wrong)) => return End::Wrong(wrong),
            Err(error) if is_clear(&error, fault) => End::ClearError,
            Err(error) => return End::Wrong(format!("{}: {}", error.kind().name(), error.message())),
        };
        if took > DEADLINE {
            return End::Wrong(format!("{end:?} after {took:?}"));
        }
        if let Fault::Garbage(_, garbage) = fault
            && garbage == b"tick\r\n"
            && struck
            && deed != Deed::Connect
            && !printed.contains("tick")
        {
            return End::Wrong(format!("unasked output was lost: {printed:?}"));
        }
        if end == End::Survived
            && !matches!(fault, Fault::Reboot(_) | Fault::RebootInWrite(_))
            && let Err(wrong) = self.check(deed, fault, &printed)
        {
            return End::Wrong(wrong);
        }
        match self.aftermath(deed) {
            Ok(()) => end,
            Err(wrong) => End::Wrong(format!("{end:?}, then {wrong}")),
        }
    }

    /// Whether the device can be used, or says that it is lost and can be restored.
    fn aftermath(&mut self, deed: Deed) -> Result<(), String> {
        let describe = |error: &Error| format!("{}: {}", error.kind().name(), error.message());
        if deed == Deed::Close || self.device.is_none() {
            self.device = Some(self.open().map_err(|error| format!("it cannot be reopened: {}", describe(&error)))?);
        }
        let add = |device: &Device| device.call("add", &[Value::Int(1), Value::Int(2)], &[], None).map(value);
        match add(self.device()) {
            Ok(Value::Int(3)) if matches!(deed, Deed::Resident | Deed::SmallLoop) => {
                return self.settle_in().map_err(|error| format!("a later call failed: {}", describe(&error)));
            }
            Ok(Value::Int(3)) => return Ok(()),
            Ok(other) => return Err(format!("the next call gave {other:?}")),
            Err(error) if error.kind() == Kind::ConnectionLost && !self.device().is_open() => {}
            Err(error) => return Err(format!("the next call failed: {}", describe(&error))),
        }
        self.device().reconnect(None).map_err(|error| format!("no reconnect: {}", describe(&error)))?;
        match add(self.device()) {
            Ok(Value::Int(3)) => Ok(()),
            other => Err(format!("the call after the reconnect gave {:?}", other.map_err(|error| describe(&error)))),
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.link.mend();
        self.host.close_all();
    }
}

fn value(called: Called) -> Value {
    match called {
        Called::Value(value) => value,
        Called::Generator(_) => Value::Opaque("a generator".to_owned()),
    }
}

/// Whether this error may come of this fault.
fn is_clear(error: &Error, fault: &Fault) -> bool {
    let kinds: &[Kind] = match fault {
        Fault::Unplug(_) | Fault::UnplugInWrite(_) | Fault::Reboot(_) | Fault::RebootInWrite(_) => {
            &[Kind::ConnectionLost, Kind::ConnectionFailedError]
        }
        Fault::Stall(_) | Fault::Flood(_) => &[Kind::TimeoutError, Kind::ConnectionLost, Kind::ConnectionFailedError],
        Fault::Drop(..) | Fault::Flip(_) => {
            &[Kind::TimeoutError, Kind::ProtocolError, Kind::ConnectionLost, Kind::ConnectionFailedError]
        }
        Fault::Interrupt(_) => &[Kind::Interrupted],
        Fault::Garbage(..) | Fault::Trickle => &[],
    };
    kinds.contains(&error.kind()) && !error.message().is_empty()
}

/// One row of the table.
pub struct Row {
    pub deed: Deed,
    pub name: &'static str,
    pub ends: Vec<(Fault, End)>,
}

/// Runs cases of one deed, on as few boards as it takes.
fn cases(crlf: bool, deed: Deed, faults: Vec<Fault>) -> Vec<(Fault, End)> {
    let (sender, receiver) = mpsc::channel();
    let planned = faults.clone();
    std::thread::spawn(move || {
        let new = |fault: &Fault| Bench::new(crlf, deed, !matches!(fault, Fault::Stall(_) | Fault::Flood(_)));
        let Some(first) = faults.first() else { return };
        let mut bench = new(first);
        for fault in faults {
            if deed == Deed::Connect {
                bench = new(&fault);
            }
            let end = bench.case(deed, &fault);
            if matches!(end, End::Wrong(_)) {
                bench = new(&fault);
            }
            if sender.send(end).is_err() {
                return;
            }
        }
    });
    let mut ends = Vec::new();
    let mut hangs = false;
    for fault in planned {
        let end = if hangs { None } else { receiver.recv_timeout(HANG).ok() };
        hangs |= end.is_none();
        ends.push((fault, end.unwrap_or(End::Hang)));
    }
    ends
}

/// Some places in `count` bytes: the ends, and what lies between.
pub fn places(count: usize, most: usize) -> Vec<usize> {
    let mut places = vec![0, 1, 2, count.saturating_sub(2), count.saturating_sub(1)];
    places.extend((1..most).map(|part| count * part / most));
    places.retain(|&place| place < count);
    places.sort_unstable();
    places.dedup();
    places
}

/// A deed, a kind of fault, and the faults of that kind.
pub type Plan = (Deed, &'static str, Vec<Fault>);

/// Runs plans on this many threads: most of the time is spent waiting for deadlines. `crlf`: how the boards end lines.
pub fn run(plans: Vec<Plan>, threads: usize, crlf: bool) -> Vec<Row> {
    let mut rows: Vec<Row> = plans.iter().map(|&(deed, name, _)| Row { deed, name, ends: Vec::new() }).collect();
    let slow = |fault: &Fault| matches!(fault, Fault::Stall(_) | Fault::Flood(_));
    let mut jobs = Vec::new();
    for (index, (_, _, faults)) in plans.iter().enumerate() {
        let size = if faults.iter().any(slow) { 1 } else { 12 };
        jobs.extend(faults.chunks(size).map(|some| (index, some.to_vec())));
    }
    // The slow ones first.
    jobs.sort_by_key(|(_, faults)| !faults.iter().any(slow));
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((index, faults)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let ends = cases(crlf, plans[*index].0, faults.clone());
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((*index, ends));
                }
            });
        }
    });
    for (index, ends) in done.into_inner().unwrap_or_else(PoisonError::into_inner) {
        rows[index].ends.extend(ends);
    }
    rows
}

/// Prints the table; fails if something hangs or is wrong.
pub fn judge(rows: &[Row]) {
    let mut table = format!(
        "{:<13} {:<22} {:>5} {:>8} {:>11} {:>4} {:>5}\n",
        "", "", "cases", "survived", "clear error", "hang", "wrong"
    );
    let mut problems = String::new();
    let mut total = [0; 5];
    for row in rows {
        let count = |wanted: fn(&End) -> bool| row.ends.iter().filter(|(_, end)| wanted(end)).count();
        let counts = [
            row.ends.len(),
            count(|end| *end == End::Survived),
            count(|end| *end == End::ClearError),
            count(|end| *end == End::Hang),
            count(|end| matches!(end, End::Wrong(_))),
        ];
        for (sum, count) in total.iter_mut().zip(counts) {
            *sum += count;
        }
        let [cases, survived, clear, hang, wrong] = counts;
        let deed = format!("{:?}", row.deed).to_lowercase();
        let _ =
            writeln!(table, "{deed:<13} {:<22} {cases:>5} {survived:>8} {clear:>11} {hang:>4} {wrong:>5}", row.name);
        for (fault, end) in row.ends.iter().filter(|(_, end)| matches!(end, End::Wrong(_) | End::Hang)) {
            let _ = writeln!(problems, "{deed} {fault:?}: {end:?}");
        }
    }
    let [cases, survived, clear, hang, wrong] = total;
    let _ = writeln!(table, "{:<13} {:<22} {cases:>5} {survived:>8} {clear:>11} {hang:>4} {wrong:>5}", "all", "");
    println!("{table}");
    assert!(problems.is_empty(), "\n{problems}");
}
