//! Connections to a board whose memory outlives them: what an earlier one has loaded is checked, not loaded again, and never taken for
//! something else.

use super::item;
use belay_script::device::class::Class;
use belay_script::device::class::ItemKind::Task;
use belay_script::device::{Called, Device, ExecOptions, Host, HostOptions, OpenOptions, PortOpener};
use belay_script::port::loss::Loss;
use belay_script::port::sim::{SimOptions, SimPort};
use belay_script::port::{Abilities, Port, PortError, Wait};
use belay_script::value::Value;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A board that stays on while it is plugged in and out.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Inside>>);

#[derive(Default)]
struct Inside {
    board: Option<SimPort>,
    /// Bytes and exchanges since the last opening.
    written: usize,
    exchanges: usize,
    has_read: bool,
    /// The host may write only so much more.
    left: Option<usize>,
    /// What is wrong with the byte of this number, written or read since the last opening.
    fault: Option<Fault>,
    read: usize,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    FlipWritten(usize),
    DropWritten(usize),
    FlipRead(usize),
}

/// What is left of bytes of which `passed` have passed before.
fn damaged(bytes: &[u8], passed: usize, flip: Option<usize>, drop: Range<usize>) -> Vec<u8> {
    let numbered = bytes.iter().enumerate().map(|(at, &byte)| (passed + at, byte));
    let left = numbered.filter(|(at, _)| !drop.contains(at));
    left.map(|(at, byte)| if flip == Some(at) { byte ^ 1 << (at % 3) } else { byte }).collect()
}

struct Lent(Kept);

impl Kept {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connector(&self) -> Box<PortOpener> {
        let kept = self.clone();
        Box::new(move |_| {
            let mut inside = kept.inside();
            if inside.board.is_none() {
                inside.board = Some(SimPort::open(&SimOptions::default(), &|_| {})?);
            }
            (inside.written, inside.read, inside.exchanges, inside.has_read) = (0, 0, 0, true);
            drop(inside);
            Ok(Box::new(Lent(kept.clone())) as Box<dyn Port>)
        })
    }

    fn device(&self, body: &str) -> Device {
        let items = vec![
            item(Task, "f", &[], body),
            item(Task, "pin", &[], "return Pin(2).value()"),
            item(Task, "count n", &[], "for i in range(n):\n    yield i"),
        ];
        let class = Arc::new(Class::build("Bench", "", None, items, &[]).expect("a class"));
        let options = OpenOptions { soft_reset: Some(false), auto_sync_time: false, ..OpenOptions::default() };
        let host = Host::new(HostOptions::default());
        host.open_over(&class, "kept", self.connector(), options, &mut |_, _| Ok(())).expect("a board")
    }

    /// What it takes to connect again up to the value of `f`: bytes and exchanges.
    fn again(&self, device: &Device, wanted: i64) -> (usize, usize) {
        device.reconnect(None).expect("a board");
        assert_eq!(call(device, "f"), Value::Int(wanted));
        let inside = self.inside();
        (inside.written, inside.exchanges)
    }
}

impl Port for Lent {
    fn name(&self) -> &str {
        "kept"
    }

    fn abilities(&self) -> Abilities {
        let inside = self.0.inside();
        let own = inside.board.as_ref().map(Port::abilities).unwrap_or_default();
        Abilities { fresh: false, ..own }
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        let mut inside = self.0.inside();
        let passes = inside.left.map_or(bytes.len(), |left| left.min(bytes.len()));
        inside.left = inside.left.map(|left| left - passes);
        let (flip, drop) = match inside.fault {
            Some(Fault::FlipWritten(at)) => (Some(at), 0..0),
            Some(Fault::DropWritten(at)) => (None, at..at + 3),
            _ => (None, 0..0),
        };
        let sent = damaged(&bytes[..passes], inside.written, flip, drop);
        inside.written += passes;
        inside.exchanges += usize::from(std::mem::take(&mut inside.has_read));
        inside.board.as_mut().expect("a board").write(&sent, wait)?;
        if passes < bytes.len() { Err(PortError::Gone(Loss::CutOnPurpose)) } else { Ok(()) }
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        let mut inside = self.0.inside();
        let mut bytes = Vec::new();
        let read = inside.board.as_mut().expect("a board").read(&mut bytes, wait);
        inside.has_read |= !bytes.is_empty();
        let (flip, drop) = match inside.fault {
            Some(Fault::FlipRead(at)) => (Some(at), 0..0),
            _ => (None, 0..0),
        };
        buffer.extend(damaged(&bytes, inside.read, flip, drop));
        inside.read += bytes.len();
        read
    }
}

fn call(device: &Device, name: &str) -> Value {
    match device.call(name, &[], &[], None).expect("a value") {
        Called::Value(value) => value,
        Called::Generator(_) => panic!("`{name}` is a generator"),
    }
}

/// Runs code that a reconnect does not repeat.
fn run(device: &Device, code: &str) {
    let options = ExecOptions { record: Some(false), ..ExecOptions::default() };
    device.exec_with(code, &options, None, None).expect("code that runs");
}

fn count(device: &Device) -> Vec<Value> {
    let Called::Generator(mut items) = device.call("count", &[Value::Int(3)], &[], None).expect("a generator") else {
        panic!("no generator")
    };
    std::iter::from_fn(|| items.resume(&Value::None, None).expect("an item")).collect()
}

#[test]
fn a_reconnect_checks_in_place_of_loading() {
    let kept = Kept::default();
    let device = kept.device("return 7");
    assert_eq!(call(&device, "f"), Value::Int(7));
    let first = kept.inside().written;
    for _ in 0..2 {
        let (bytes, exchanges) = kept.again(&device, 7);
        assert!(bytes <= 320 && bytes * 2 < first, "{bytes} of {first} bytes");
        assert_eq!(exchanges, 3);
        assert_eq!(call(&device, "pin"), Value::Int(0));
    }
    // Helpers stay, too.
    assert_eq!(count(&device), [Value::Int(0), Value::Int(1), Value::Int(2)]);
    kept.again(&device, 7);
    let before = kept.inside().written;
    assert_eq!(count(&device), [Value::Int(0), Value::Int(1), Value::Int(2)]);
    let bytes = kept.inside().written - before;
    assert!(bytes < 150, "{bytes} bytes");
    // Results of every size, and calls without compiling.
    for n in 0..12 {
        assert_eq!(device.exec(&format!("bytes(range({n}))"), None).unwrap(), Value::Bytes((0..n).collect()));
        assert_eq!(call(&device, "f"), Value::Int(7));
    }
    (0..12).for_each(|_| assert_eq!(call(&device, "f"), Value::Int(7)));
    kept.again(&device, 7);
    (0..12).for_each(|_| assert_eq!(call(&device, "f"), Value::Int(7)));
    device.close().unwrap();
}

#[test]
fn what_has_changed_is_loaded_again() {
    let kept = Kept::default();
    let device = kept.device("return 7");
    let changes = [
        "def f(): return 13",
        "del f",
        "f = 13",
        // It is equal to everything.
        "class E:\n def __eq__(s, o): return True\n def __call__(s): return 13\nf = E()",
        "Pin = 5",
        "g = f\ndef f(): return g() + 6",
        "__belay_l[4] = ['', 1, 'x']",
        "del __belay_l",
        "__belay_l[4] = __belay_l[4][:2]",
        "__belay_a_ = __belay_a\ndef __belay_a(*a): __belay_a_(*a)",
    ];
    for change in changes {
        run(&device, change);
        let (bytes, _) = kept.again(&device, 7);
        assert!(bytes > 600, "{change}: {bytes} bytes");
        assert_eq!(call(&device, "pin"), Value::Int(0), "{change}");
        // And is known from then on.
        assert!(kept.again(&device, 7).0 < 400, "{change}");
    }
    // A name that the check uses.
    run(&device, "id = map = list = len = repr = getattr = None");
    assert!(kept.again(&device, 7).0 < 400);
    device.close().unwrap();
}

#[test]
fn a_board_that_was_reset_is_loaded_again() {
    let kept = Kept::default();
    let device = kept.device("return 7");
    for _ in 0..2 {
        kept.inside().board.as_mut().unwrap().hard_reset(Wait::for_at_most(Duration::from_secs(20))).unwrap();
        assert!(kept.again(&device, 7).0 > 600);
        assert!(kept.again(&device, 7).0 < 400);
    }
    device.soft_reset().unwrap();
    assert_eq!(call(&device, "f"), Value::Int(7));
    kept.again(&device, 7);
}

#[test]
fn two_hosts_never_take_each_others_functions() {
    let kept = Kept::default();
    let one = kept.device("return 1");
    let two = kept.device("return 2");
    for _ in 0..2 {
        assert!(kept.again(&one, 1).0 > 600);
        assert!(kept.again(&two, 2).0 > 600);
        assert!(kept.again(&two, 2).0 < 400);
    }
    // The same script: the later one has loaded the same functions, which are not those of the first.
    let same = kept.device("return 2");
    assert_eq!(call(&same, "f"), Value::Int(2));
    kept.again(&two, 2);
    kept.again(&same, 2);
}

#[test]
fn an_upload_that_was_cut_off_leaves_nothing_known() {
    let kept = Kept::default();
    let one = kept.device("return 1");
    let two = kept.device("return 2");
    let whole = kept.inside().written;
    for part in 1..24 {
        kept.again(&one, 1);
        kept.inside().left = Some(whole * part / 24);
        let cut = two.reconnect(None);
        kept.inside().left = None;
        assert!(cut.is_err() || part > 20, "{part}");
        kept.again(&one, 1);
        assert_eq!(call(&one, "pin"), Value::Int(0));
    }
}

#[test]
fn faults_during_the_check_take_nothing_for_known() {
    let kept = Kept::default();
    let one = kept.device("return 1");
    let two = kept.device("return 2");
    kept.again(&one, 1);
    kept.again(&one, 1);
    let written = kept.inside().written;
    let read = kept.inside().read;
    let mut faults: Vec<Fault> = (4..written - 20).step_by(17).map(Fault::FlipWritten).collect();
    faults.extend((8..written - 20).step_by(61).map(Fault::DropWritten));
    faults.extend((60..read).step_by(30).map(Fault::FlipRead));
    for fault in faults {
        // The board has what the other has loaded, and a function of this one was replaced.
        kept.again(&two, 2);
        kept.again(&one, 1);
        run(&one, "def f(): return 13");
        for device in [&one, &two] {
            let wanted = if std::ptr::eq(device, &one) { 1 } else { 2 };
            kept.inside().fault = Some(fault);
            let connected = device.reconnect(None);
            kept.inside().fault = None;
            match connected.and_then(|()| device.call("f", &[], &[], None)) {
                Ok(Called::Value(value)) => assert_eq!(value, Value::Int(wanted), "{fault:?}"),
                Ok(_) => panic!("{fault:?}"),
                Err(_) => drop(kept.again(device, wanted)),
            }
        }
    }
}
