//! Modbus lines in scripts: the objects of `std/modbus`.
//!
//! Uses [`crate::modbus`] and the consoles' ports. Invariant: a number that does not fit is refused before anything is sent.

use crate::bound;
use crate::console::Console;
use crate::error::{Error, Kind};
use crate::modbus::pdu::{Answer, Request, Table};
use crate::modbus::simulated::SimUnit;
use crate::modbus::simulated::port::SimPort;
use crate::modbus::values::{Number, Type};
use crate::modbus::{Line, Patience, RETRIES, TIMEOUT, Transport};
use crate::phrase::did_you_mean;
use crate::port::address::Address;
use crate::port::options::Parity;
use crate::script::errors::{Fallible, argument, located, placed, raise};
use crate::script::handles::ConsolesHandle;
use crate::script::objects::console::calls::ended;
use crate::script::objects::console::opening;
use crate::script::objects::console::options::{self, Wanted};
use crate::script::objects::convert::{describe, to_value};
use crate::script::objects::opening::is_specifier;
use crate::script::run::Run;
use crate::script::run::console::{ConsoleHandle, OpenConsole};
use crate::value::Value;
use rhai::{Array, Dynamic, Engine, ImmutableString, Map, NativeCallContext as Context};
use std::sync::Arc;

/// A line as a script sees it, with the unit that its calls are for.
#[derive(Clone)]
pub(crate) struct ModbusHandle {
    line: Arc<Line>,
    open: Arc<OpenConsole>,
    unit: u8,
    patience: Patience,
    is_low_first: bool,
}

/// How the port of a simulated unit begins.
const SIMULATED: &str = "sim-modbus:";

/// Options of lines, besides those of consoles.
const OWN: &[&str] = &["unit", "timeout", "retries", "word_order"];

/// Those of consoles that lines take.
const OF_CONSOLES: &[&str] =
    &["name", "baudrate", "data_bits", "parity", "stop_bits", "flow", "dtr", "rts", "exclusive"];

/// Registers the type and its functions.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    engine.register_type_with_name::<ModbusHandle>("Modbus");
    let (rtu, tcp, closing) = (run.clone(), run.clone(), run.clone());
    engine
        .register_fn("modbus_rtu", move |context: Context<'_>, port: Dynamic, options: Map| {
            placed(&context, open(&rtu, &context, &port, &options, false))
        })
        .register_fn("modbus_tcp", move |context: Context<'_>, host: Dynamic, options: Map| {
            let host = match host.read_lock::<ImmutableString>() {
                Some(host) if !host.trim().starts_with(SIMULATED) => Dynamic::from(server(&host)),
                _ => host.flatten_clone(),
            };
            placed(&context, open(&tcp, &context, &host, &options, true))
        })
        .register_fn("at_unit", |context: Context<'_>, line: &mut ModbusHandle, unit: i64| {
            placed(&context, unit_id(unit).map(|unit| ModbusHandle { unit, ..line.clone() }))
        })
        .register_fn("close", move |line: &mut ModbusHandle| closing.drop_console(&line.open))
        .register_get("port", |line: &mut ModbusHandle| line.line.console().port().to_owned())
        .register_get("name", |line: &mut ModbusHandle| line.line.console().name().to_owned())
        .register_get("unit", |line: &mut ModbusHandle| i64::from(line.unit))
        .register_get("is_open", |line: &mut ModbusHandle| line.line.console().is_open())
        .register_fn("to_string", |line: &mut ModbusHandle| shown(line))
        .register_fn("to_debug", |line: &mut ModbusHandle| shown(line));
    reading(engine, run);
    writing(engine, run);
}

fn shown(line: &ModbusHandle) -> String {
    let console = line.line.console();
    let state = if console.is_open() { "" } else { " (closed)" };
    format!("{} on {}, unit {}{state}", console.name(), console.port(), line.unit)
}

/// The port of a server: `HOST`, or `HOST:PORT`.
fn server(host: &str) -> String {
    let host = host.trim().trim_start_matches("tcp://");
    let has_port = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').is_some_and(|(_, rest)| rest.starts_with(':')),
        None => host.contains(':'),
    };
    if has_port { format!("tcp://{host}") } else { format!("tcp://{host}:502") }
}

fn unit_id(unit: i64) -> Fallible<u8> {
    match u8::try_from(unit) {
        Ok(unit) => Ok(unit),
        Err(_) => argument(format!("the unit id is {unit}"), "use 1 to 247; over TCP also 0 and 255"),
    }
}

fn open(run: &Run, context: &Context<'_>, port: &Dynamic, options: &Map, is_tcp: bool) -> Fallible<ModbusHandle> {
    let (mut unit, mut patience) = (1, Patience { timeout: TIMEOUT, retries: RETRIES });
    let mut is_low_first = false;
    let mut of_console = Map::new();
    for (name, value) in options {
        let wanted = match (name.as_str(), to_value(value).unwrap_or(Value::None)) {
            ("unit", Value::Int(number)) => {
                unit = unit_id(number)?;
                continue;
            }
            ("unit", _) => "a whole number",
            ("timeout", value) => match crate::device::class::seconds(&value) {
                Some(timeout) => {
                    patience.timeout = timeout;
                    continue;
                }
                None => "a positive number of seconds",
            },
            ("retries", Value::Int(retries @ 0..=100)) => {
                patience.retries = u32::try_from(retries).unwrap_or(RETRIES);
                continue;
            }
            ("retries", _) => "0 to 100",
            ("word_order", Value::Str(order)) if ["big", "little"].contains(&order.as_str()) => {
                is_low_first = order == "little";
                continue;
            }
            ("word_order", _) => "\"big\" or \"little\"",
            (known, _) if OF_CONSOLES.contains(&known) => {
                of_console.insert(name.clone(), value.clone());
                continue;
            }
            _ => {
                let known = OWN.iter().chain(OF_CONSOLES).copied();
                let near = crate::name::nearest(name, known.clone());
                let help =
                    near.map_or_else(|| format!("options: {}", known.collect::<Vec<_>>().join(", ")), did_you_mean);
                return argument(format!("a Modbus line has no option `{name}`"), help);
            }
        };
        return argument(format!("the option `{name}` takes {wanted}"), "");
    }
    let mut wanted: Wanted = options::read(&of_console)?;
    wanted.name.get_or_insert_with(|| "Modbus".to_owned());
    let line = &mut wanted.port.line;
    line.baud_rate.get_or_insert(19_200);
    line.parity.get_or_insert(Parity::Even);
    let transport = if is_tcp { Transport::Tcp } else { Transport::rtu(line.baud_rate()) };
    let console = match simulated(run, port)? {
        Some((unit, written)) => {
            let name = run.name_of_console(wanted.name.as_deref().unwrap_or_default());
            let port = SimPort::new(unit, &written, is_tcp);
            let console = Console::over(&name, Box::new(port)).map_err(|error| raise(located(error, context)))?;
            let settings = wanted.settings.complete(&Address::simulated(""));
            opening::keep(run, OpenConsole::new(console, &ConsolesHandle::console(), settings))
        }
        None => opening::open_with(run, context, &ConsolesHandle::console(), port, wanted)?,
    };
    opening::note(run, &console, "Modbus", port);
    let ConsoleHandle(open) = console;
    let line = Arc::new(Line::new(open.console.clone(), transport));
    Ok(ModbusHandle { line, open, unit, patience, is_low_first })
}

/// The simulated unit that a port names, or that a map describes, and how it is written.
fn simulated(run: &Run, port: &Dynamic) -> Fallible<Option<(SimUnit, String)>> {
    if let Some(map) = port.read_lock::<Map>().filter(|_| !is_specifier(port)) {
        let described = to_value(&Dynamic::from_map(map.clone()))
            .map_err(|reason| raise(Error::new(Kind::ArgumentError, format!("the simulated unit {reason}"))))?;
        return Ok(Some((SimUnit::of(&described).map_err(raise)?, format!("{SIMULATED}script"))));
    }
    let written = port.read_lock::<ImmutableString>().as_deref().cloned().unwrap_or_default();
    let Some(file) = written.trim().strip_prefix(SIMULATED) else { return Ok(None) };
    let content = run.readable(file)?.bytes(bound::SETTINGS).map_err(|error| {
        let message = format!("cannot read `{file}`: {error}");
        raise(Error::new(Kind::ConnectionFailedError, message).with_help("write a file that describes the unit"))
    })?;
    run.note_read(file, &content);
    let text = String::from_utf8_lossy(&content);
    Ok(Some((SimUnit::parse(file, &text).map_err(raise)?, written.to_string())))
}

fn ask(run: &Run, context: &Context<'_>, line: &ModbusHandle, request: &Request) -> Fallible<Answer> {
    let stop = || run.clock.progress().is_some();
    line.line.ask(line.unit, request, line.patience, &stop).map_err(|failure| ended(run, context, failure))
}

/// A number of the protocol: an address, a count, a register.
fn short(what: &str, number: i64) -> Fallible<u16> {
    match u16::try_from(number) {
        Ok(number) => Ok(number),
        Err(_) => argument(format!("{what} is {number}"), "use 0 to 65535"),
    }
}

fn reading(engine: &mut Engine, run: &Arc<Run>) {
    let tables = [
        ("read_coils", Table::Coils),
        ("read_discrete_inputs", Table::DiscreteInputs),
        ("read_holding_registers", Table::HoldingRegisters),
        ("read_input_registers", Table::InputRegisters),
    ];
    for (name, table) in tables {
        let shared = run.clone();
        engine.register_fn(
            name,
            move |context: Context<'_>, line: &mut ModbusHandle, address: i64, count: i64| -> Fallible<Array> {
                placed(&context, read(&shared, &context, line, table, address, count))
            },
        );
    }
    for (name, table) in [("read_holding", Table::HoldingRegisters), ("read_input", Table::InputRegisters)] {
        let shared = run.clone();
        engine.register_fn(
            name,
            move |context: Context<'_>, line: &mut ModbusHandle, address: i64, of: ImmutableString| {
                placed(&context, read_number(&shared, &context, line, table, address, &of))
            },
        );
    }
}

fn read(
    run: &Run,
    context: &Context<'_>,
    line: &ModbusHandle,
    table: Table,
    address: i64,
    count: i64,
) -> Fallible<Array> {
    let request = Request::Read { table, address: short("the address", address)?, count: short("the count", count)? };
    Ok(match ask(run, context, line, &request)? {
        Answer::Bits(bits) => bits.into_iter().map(Dynamic::from_bool).collect(),
        Answer::Registers(registers) => registers.into_iter().map(|value| Dynamic::from_int(value.into())).collect(),
        Answer::Written | Answer::Refused(_) => Array::new(),
    })
}

fn read_number(
    run: &Run,
    context: &Context<'_>,
    line: &ModbusHandle,
    table: Table,
    address: i64,
    of: &str,
) -> Fallible<Dynamic> {
    let of = Type::named(of).map_err(raise)?;
    let request = Request::Read { table, address: short("the address", address)?, count: of.registers() };
    let Answer::Registers(registers) = ask(run, context, line, &request)? else {
        return Err(raise(Error::new(Kind::InternalError, "registers were read as bits")));
    };
    Ok(match of.read(&registers, line.is_low_first).map_err(raise)? {
        Number::Int(number) => Dynamic::from_int(number),
        Number::Float(number) => Dynamic::from_float(number),
    })
}

fn writing(engine: &mut Engine, run: &Arc<Run>) {
    let (coil, coils, register, registers, number) = (run.clone(), run.clone(), run.clone(), run.clone(), run.clone());
    engine
        .register_fn("write_coil", move |context: Context<'_>, line: &mut ModbusHandle, address: i64, on: bool| {
            let request = short("the address", address).map(|address| Request::WriteCoil(address, on));
            placed(&context, request.and_then(|request| ask(&coil, &context, line, &request).map(drop)))
        })
        .register_fn(
            "write_coils",
            move |context: Context<'_>, line: &mut ModbusHandle, address: i64, values: Array| {
                let request =
                    bits(&values).and_then(|values| Ok(Request::WriteCoils(short("the address", address)?, values)));
                placed(&context, request.and_then(|request| ask(&coils, &context, line, &request).map(drop)))
            },
        )
        .register_fn(
            "write_register",
            move |context: Context<'_>, line: &mut ModbusHandle, address: i64, value: i64| {
                let request = short("the address", address)
                    .and_then(|address| Ok(Request::WriteRegister(address, short("the value", value)?)));
                placed(&context, request.and_then(|request| ask(&register, &context, line, &request).map(drop)))
            },
        )
        .register_fn(
            "write_registers",
            move |context: Context<'_>, line: &mut ModbusHandle, address: i64, values: Array| {
                let request = words(&values)
                    .and_then(|values| Ok(Request::WriteRegisters(short("the address", address)?, values)));
                placed(&context, request.and_then(|request| ask(&registers, &context, line, &request).map(drop)))
            },
        )
        .register_fn(
            "write_holding",
            move |context: Context<'_>, line: &mut ModbusHandle, address: i64, of: ImmutableString, value: Dynamic| {
                placed(&context, write_number(&number, &context, line, address, &of, &value))
            },
        );
}

fn bits(values: &Array) -> Fallible<Vec<bool>> {
    let bit = |value: &Dynamic| match value.as_bool() {
        Ok(on) => Ok(on),
        Err(_) => argument(format!("a coil is {}", describe(value)), "use `true` or `false`"),
    };
    values.iter().map(bit).collect()
}

fn words(values: &Array) -> Fallible<Vec<u16>> {
    let word = |value: &Dynamic| match value.as_int() {
        Ok(number) => short("a register", number),
        Err(_) => argument(
            format!("a register is {}", describe(value)),
            "use integers from 0 to 65535; `write_holding` writes other types",
        ),
    };
    values.iter().map(word).collect()
}

fn write_number(
    run: &Run,
    context: &Context<'_>,
    line: &ModbusHandle,
    address: i64,
    of: &str,
    value: &Dynamic,
) -> Fallible<()> {
    let of = Type::named(of).map_err(raise)?;
    let number = match (value.as_int(), value.as_float()) {
        (Ok(number), _) => Number::Int(number),
        (_, Ok(number)) => Number::Float(number),
        _ => return argument(format!("the value of a register is {}", describe(value)), "use a number"),
    };
    let registers = of.write(number, line.is_low_first).map_err(raise)?;
    let request = Request::WriteRegisters(short("the address", address)?, registers);
    ask(run, context, line, &request).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_the_usual_port() {
        for (host, port) in [
            ("chamber", "tcp://chamber:502"),
            ("10.0.0.7:1502", "tcp://10.0.0.7:1502"),
            ("tcp://chamber:5020", "tcp://chamber:5020"),
            ("[::1]", "tcp://[::1]:502"),
            ("[::1]:7", "tcp://[::1]:7"),
        ] {
            assert_eq!(server(host), port);
        }
    }
}
