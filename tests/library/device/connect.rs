//! What it takes to connect a board that was not seen before.

use super::{Bench, item};

use belay_script::device::class::ItemKind::Task;
use belay_script::device::class::{Class, Item};
use belay_script::device::profile::Profile;
use belay_script::device::{Host, HostOptions, OpenOptions};
use belay_script::port::meter::Traffic;
use belay_script::value::Value;
use std::sync::Arc;

/// What passes on a port until the first value: bytes to the board, bytes from it, and exchanges.
fn until_the_first_value(items: Vec<Item>, code: &str) -> (u64, u64, u64) {
    let profile = Profile::default();
    let class = Arc::new(Class::build("Bench", "", None, items, &[]).unwrap());
    let host = Host::new(HostOptions { profile: Some(profile.clone()), ..HostOptions::default() });
    let device = host.open(&class, Some("sim"), OpenOptions::default(), &mut |_, _| Ok(())).unwrap();
    match class.items().next() {
        Some(_) => drop(device.call(code, &[], &[], None).unwrap()),
        None => drop(device.exec(code, None).unwrap()),
    }
    let rows = profile.rows();
    let sum = |of: fn(&Traffic) -> u64| rows.iter().map(|row| of(&row.traffic)).sum::<u64>();
    (sum(|traffic| traffic.written), sum(|traffic| traffic.read), sum(|traffic| traffic.exchanges))
}

#[test]
fn connecting_takes_few_bytes_and_exchanges() {
    for (body, most) in [(None, 700), (Some("return 42"), 660), (Some("return Pin(2).value()"), 690)] {
        let (items, code) = match body {
            Some(body) => (vec![item(Task, "f", &[], body)], "f"),
            None => (Vec::new(), "6 * 7"),
        };
        let (sent, received, exchanges) = until_the_first_value(items, code);
        assert!(sent <= most, "{body:?}: {sent} bytes");
        // The interpreter that starts shows its banner.
        assert!(received <= 300, "{body:?}: {received} bytes");
        assert_eq!(exchanges, 3, "{body:?}");
    }
}

#[test]
fn a_declaration_that_the_board_rejects_has_its_place() {
    let items = vec![item(Task, "f", &[], "return 1"), item(Task, "g", &[], "x = 1 +")];
    let class = Arc::new(Class::build("Bench", "", None, items, &[]).unwrap());
    let opened =
        Host::new(HostOptions::default()).open(&class, Some("sim"), OpenOptions::default(), &mut |_, _| Ok(()));
    let error = opened.err().expect("an error");
    assert_eq!(error.kind(), belay_script::Kind::DeclarationError, "{error:?}");
    assert!(error.item().is_some_and(|item| item.to_string().contains('g')), "{error:?}");
}

#[test]
fn convenience_imports_are_there_for_all_code() {
    let read = item(Task, "read", &[], "return isinstance(Pin(2), machine.Pin)");
    let hidden = item(Task, "hidden name", &[], "return name in globals()");
    let bench = Bench::open(vec![read, hidden], OpenOptions::default());
    assert_eq!(bench.call("read", &[]).unwrap(), Value::Bool(true));
    let name = |name: &str| bench.call("hidden", &[Value::Str(name.to_owned())]).unwrap();
    assert_eq!(name("ADC"), Value::Bool(true));
    assert_eq!(bench.exec("eval('time').__name__ + str(const(3))").unwrap(), Value::Str("time3".to_owned()));
    // The code's own name wins.
    bench.exec("sleep = 5").unwrap();
    assert_eq!(bench.exec("sleep + 1").unwrap(), Value::Int(6));
    bench.device.soft_reset().unwrap();
    assert_eq!(bench.exec("type(sleep) is type(time.sleep)").unwrap(), Value::Bool(true));
    let none = OpenOptions { startup: Some(String::new()), ..OpenOptions::default() };
    let bench = Bench::open(Vec::new(), none);
    assert!(bench.exec("Pin").unwrap_err().is_raised("NameError"));
}

#[test]
fn bytes_of_every_size_come_back_with_and_without_their_helper() {
    let items =
        vec![item(Task, "kind name", &[], "return eval(name)"), item(Task, "raw n", &[], "return bytes(range(n))")];
    let bench = Bench::open(items, OpenOptions::default());
    let hidden = |code: &str| bench.call("kind", &[Value::Str(code.to_owned())]).unwrap();
    for _ in 0..2 {
        for n in [0, 64, 65, 255] {
            let wanted = Value::Bytes((0..n).map(|byte: i64| byte as u8).collect());
            assert_eq!(hidden(&format!("by{{}}(range({n}))").replace("{}", "tes")), wanted);
            assert_eq!(hidden(&format!("memoryview(bytearray(range({n})))")), wanted);
            assert_eq!(bench.call("raw", &[Value::Int(n)]).unwrap(), wanted);
        }
    }
}
