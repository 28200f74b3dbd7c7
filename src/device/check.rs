//! Compiles the bodies of items without running them, on a simulated board.
//!
//! Uses the simulated board. Invariant: no body is run.

use crate::board::command::Command;
use crate::device::class::{Class, Item};
use crate::device::host::Host;
use crate::device::limits::Limit;
use crate::device::options::OpenOptions;
use crate::device::state::Run;
use crate::device::{emitters, source};
use crate::error::{Error, Kind, Result};
use crate::port::kind::SIMULATED;
use crate::value::Value;
use crate::value::write::literal;
use std::sync::Arc;

/// Compiles every item with the interpreter that `sim` finds; returns the errors of the interpreter and of the host.
///
/// # Errors
/// If the interpreter is missing.
pub fn compile(host: &Host, items: &[&Arc<Item>]) -> Result<Vec<Error>> {
    let options = OpenOptions { startup: Some(String::new()), ..OpenOptions::default() };
    let device = host.open(&Arc::new(Class::device()), Some(SIMULATED), options, &mut |_, _| Ok(()))?;
    // A separate function: then only the compiler's frame must be mapped.
    device.exec("def __belay_k(s):\n compile(s,'<stdin>','exec')", None)?;
    let mut refused = Vec::new();
    for item in items {
        match compile_one(host, &device, item) {
            Ok(()) => {}
            Err(error) if is_refusal(&error) => refused.push(error),
            Err(error) => return Err(error),
        }
    }
    device.close()?;
    Ok(refused)
}

fn compile_one(host: &Host, device: &crate::device::handle::Device, item: &Arc<Item>) -> Result<()> {
    let mut state = device.lock();
    let prepared = match item.kind.is_function() {
        true => source::function(item, &state.lines)?,
        false => {
            let unset = item.params.iter().map(|param| (param.name.to_string(), "0".to_owned()));
            source::globals(item, &unset.collect::<Vec<_>>(), &state.lines)?
        }
    };
    let text =
        literal(&Value::Str(prepared.source)).map_err(|error| Error::new(Kind::InternalError, error.to_string()))?;
    let label = item.label();
    let limit = Limit { timeout: None, interruptible: true };
    let run = Run { device: device.name(), item: Some(&label), piece: Some(&prepared.piece), limit };
    match state.run(host, &run, &Command::statements(&format!("__belay_k({text})"))) {
        Ok(_) => Ok(()),
        // An assembler or emitter that this interpreter lacks: only the board can tell.
        Err(error) if emitters::is_refused(&error) && emitters::is_known(&error, item) => Ok(()),
        Err(error) => Err(source::not_compiled(error, item, "")),
    }
}

fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), Kind::DeclarationError | Kind::DeviceException)
}
