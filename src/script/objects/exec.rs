//! `d.exec(code, options)`: Belay's `device(cmd, …)`.
//!
//! Uses [`crate::device`]. Invariant: the output closure runs while no device is locked, so that it may use
//! every device, including this one.

use crate::device::ExecOptions;
use crate::device::class::seconds;
use crate::error::{Error, Kind};
use crate::phrase::did_you_mean;
use crate::script::errors::{Fallible, argument, call_place, placed, raise};
use crate::script::handles::DeviceHandle;
use crate::script::objects::{convert, proxy};
use crate::script::run::Run;
use crate::value::Value;
use rhai::{Dynamic, Engine, FnPtr, ImmutableString, Map, NativeCallContext};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

pub(crate) const OPTIONS: &[&str] =
    &["minify", "stream_out", "record", "trusted", "proxy", "delete", "return_time", "timeout"];

/// Where output of the code goes.
enum Output {
    /// To the script's output.
    Usual,
    /// Nowhere.
    Nowhere,
    /// To a closure, line by line.
    Closure(FnPtr),
}

struct Options {
    exec: ExecOptions,
    output: Output,
    proxy: bool,
    delete: Option<bool>,
}

/// Registers `exec`.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let (plain, shared) = (run.clone(), run.clone());
    engine
        .register_fn("exec", move |context: NativeCallContext<'_>, device: &mut DeviceHandle, code: ImmutableString| {
            placed(&context, exec(&plain, &context, device, &code, &Map::new()))
        })
        .register_fn(
            "exec",
            move |context: NativeCallContext<'_>, device: &mut DeviceHandle, code: ImmutableString, options: Map| {
                placed(&context, exec(&shared, &context, device, &code, &options))
            },
        );
}

fn exec(
    run: &Run,
    context: &NativeCallContext<'_>,
    device: &DeviceHandle,
    code: &str,
    options: &Map,
) -> Fallible<Dynamic> {
    let Options { exec, output, proxy, delete } = read(options)?;
    let at = call_place(context);
    if proxy {
        return proxy::make_within(context, device, code, delete, exec.timeout);
    }
    let value = match output {
        Output::Usual => device.device.exec_with(code, &exec, None, at.as_ref()),
        Output::Nowhere => device.device.exec_with(code, &exec, Some(&mut |_| {}), at.as_ref()),
        Output::Closure(closure) => return streamed(run, context, device, code, &exec, &closure),
    };
    value.map(convert::to_dynamic).map_err(raise)
}

/// Runs the code in a thread, and the closure in this one. Raises the closure's errors at the end.
fn streamed(
    run: &Run,
    context: &NativeCallContext<'_>,
    device: &DeviceHandle,
    code: &str,
    options: &ExecOptions,
    closure: &FnPtr,
) -> Fallible<Dynamic> {
    let at = call_place(context);
    let deadlines = run.clock.deadlines();
    let (sender, lines) = channel();
    std::thread::scope(|scope| {
        let work = move || {
            run.clock.work_within(deadlines);
            let mut lines = Lines { begun: Vec::new(), sender };
            let value = device.device.exec_with(code, options, Some(&mut |bytes| lines.feed(bytes)), at.as_ref());
            lines.end();
            value
        };
        let thread = std::thread::Builder::new().spawn_scoped(scope, work);
        let thread = thread.map_err(|error| internal(format!("cannot start a thread: {error}")))?;
        let mut heard = Ok(());
        for line in lines {
            if heard.is_ok() {
                heard = closure.call_raw(context, None, vec![Dynamic::from(line)]).map(drop);
            }
        }
        let value = thread.join().map_err(|_| internal("a thread of `exec` panicked".to_owned()))?.map_err(raise)?;
        heard.map(|()| convert::to_dynamic(value))
    })
}

fn internal(message: String) -> Box<rhai::EvalAltResult> {
    raise(Error::new(Kind::InternalError, message))
}

/// Splits output into lines without their ends.
struct Lines {
    begun: Vec<u8>,
    sender: Sender<String>,
}

impl Lines {
    fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' {
                self.tell();
            } else {
                self.begun.push(byte);
            }
        }
    }

    fn tell(&mut self) {
        let line = String::from_utf8_lossy(&self.begun).trim_end_matches('\r').to_owned();
        self.begun.clear();
        // The closure's thread has gone, so the run is over.
        let _ = self.sender.send(line);
    }

    /// The last line, if it lacks an end.
    fn end(&mut self) {
        if !self.begun.is_empty() {
            self.tell();
        }
    }
}

/// Reads the map of options.
fn read(map: &Map) -> Fallible<Options> {
    let mut options = Options { exec: ExecOptions::default(), output: Output::Usual, proxy: false, delete: None };
    for (name, value) in map {
        set(&mut options, name, value)?;
    }
    let Options { exec, output, proxy, delete } = &options;
    let alone = if *proxy { "proxy" } else { "return_time" };
    let others = [
        ("stream_out", !matches!(output, Output::Usual)),
        ("trusted", *proxy && exec.trusted),
        ("record", *proxy && exec.record.is_some()),
        ("return_time", *proxy && exec.return_time),
    ];
    if let Some((other, _)) = others.iter().find(|(_, given)| *given).filter(|_| *proxy || exec.return_time) {
        return argument(format!("the options `{alone}` and `{other}` of `exec` exclude each other"), "remove one");
    }
    if delete.is_some() && !proxy {
        return argument("the option `delete` of `exec` is for proxies", "add `proxy: true`");
    }
    Ok(options)
}

fn set(options: &mut Options, name: &str, value: &Dynamic) -> Fallible<()> {
    if !OPTIONS.contains(&name) {
        let near = crate::name::nearest(name, OPTIONS.iter().copied());
        let help = near.map_or_else(|| format!("options of `exec`: {}", OPTIONS.join(", ")), did_you_mean);
        return argument(format!("`exec` has no option `{name}`"), help);
    }
    if value.is_unit() {
        return Ok(());
    }
    let wanted = match (name, value.as_bool()) {
        ("timeout", _) => {
            let number = value.as_int().map(Value::Int).or_else(|_| value.as_float().map(Value::Float));
            match number.ok().as_ref().and_then(seconds) {
                Some(timeout) => {
                    options.exec.timeout = Some(timeout);
                    return Ok(());
                }
                None => "a positive number of seconds",
            }
        }
        ("stream_out", Ok(on)) => {
            options.output = if on { Output::Usual } else { Output::Nowhere };
            return Ok(());
        }
        ("stream_out", Err(_)) => match value.clone().try_cast::<FnPtr>() {
            Some(closure) => {
                options.output = Output::Closure(closure);
                return Ok(());
            }
            None => "a closure that gets each line, or `false`",
        },
        (_, Err(_)) => "`true` or `false`",
        (_, Ok(on)) => {
            match name {
                "minify" => options.exec.minify = on,
                "record" => options.exec.record = Some(on),
                "trusted" => options.exec.trusted = on,
                "return_time" => options.exec.return_time = on,
                "proxy" => options.proxy = on,
                _ => options.delete = Some(on),
            }
            return Ok(());
        }
    };
    argument(format!("the option `{name}` of `exec` takes {wanted}"), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_cut_into_lines() {
        let (sender, heard) = channel();
        let mut lines = Lines { begun: Vec::new(), sender };
        for piece in [&b"a\r"[..], b"\nb", b"c\n\n\xc3", b"\xa9 x"] {
            lines.feed(piece);
        }
        lines.end();
        drop(lines);
        assert_eq!(heard.into_iter().collect::<Vec<_>>(), ["a", "bc", "", "é x"]);
    }
}
