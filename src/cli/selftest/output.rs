//! Output of the board, and line ends.
//!
//! Uses [`crate::device`]. Invariant: output is compared with what a board must send, byte for byte where it is raw.

use super::bench::Bench;
use super::outcome::{Checked, Outcome, shown};
use crate::repl::conformance::LineEnd;
use crate::value::Value;

/// Printed lines end in CR LF, or in LF, and always in the same way.
pub fn line_ends(bench: &mut Bench) -> Checked {
    let end = match bench.facts.line_end {
        Some(LineEnd::CrLf) => "\r\n",
        Some(LineEnd::Lf) => "\n",
        None => {
            return Ok(Outcome::wrong("CR LF or LF after `print()`", shown(&bytes_text(&bench.output_of("print()")?))));
        }
    };
    let came = bench.output_of("print('a')\nprint('b\\nc')\nprint('d', end='')")?;
    let expected = format!("a{end}b{end}c{end}d");
    Ok(match Outcome::equal(&expected, &bytes_text(&came)) {
        Outcome::Ok(_) => Outcome::Ok(bench.facts.line_end.map(LineEnd::name).unwrap_or_default().to_owned()),
        other => other,
    })
}

fn bytes_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Every byte of raw output passes as it is.
pub fn raw_bytes(bench: &mut Bench) -> Checked {
    if bench.plug.abilities().text_only {
        return Ok(Outcome::Absent("this port passes text alone".to_owned()));
    }
    if bench.ask("__import__('sys').stdout.buffer.write(b'')")?.is_none() {
        return Ok(Outcome::Absent("its firmware has no `sys.stdout.buffer`".to_owned()));
    }
    let came = bench.output_of("import sys\nsys.stdout.buffer.write(bytes(range(256)))")?;
    let expected: Vec<u8> = (0..=255).collect();
    if came == expected {
        return Ok(Outcome::ok());
    }
    let cooked: Vec<u8> =
        (0..=255).flat_map(|byte| if byte == b'\n' { vec![b'\r', b'\n'] } else { vec![byte] }).collect();
    if came == cooked {
        let reason = "raw output is not raw here: the board or its link turns LF into CR LF";
        return Ok(Outcome::Absent(reason.to_owned()));
    }
    Ok(Outcome::wrong(expected.escape_ascii().to_string(), came.escape_ascii().to_string()))
}

/// Text that imitates the raw REPL neither hides a value nor ends a call.
pub fn lookalikes(bench: &mut Bench) -> Checked {
    bench.task("def odd(text):\n    print(text, end='')\n    return 42\n")?;
    bench.printed();
    for text in
        ["\u{4}", ">", "\u{4}\u{4}>", "OK", "\u{4}>OK", "raw REPL; CTRL-B to exit\r\n>", "\r\n>>> ", "R\u{1}\u{80}"]
    {
        let value = bench.call("odd", &[Value::Str(text.to_owned())])?;
        if value != Value::Int(42) {
            return Ok(Outcome::wrong(format!("42 after the board printed {text:?}"), shown(&value)));
        }
    }
    Ok(Outcome::ok())
}

/// Many lines arrive whole and in order, before the value.
pub fn order(bench: &mut Bench) -> Checked {
    let count = if bench.quick { 50 } else { 500 };
    bench.task("def lines(count):\n    for n in range(count):\n        print('line', n)\n    return count\n")?;
    bench.printed();
    bench.call("lines", &[Value::Int(count)])?;
    let expected: String = (0..count).map(|number| format!("line {number}\n")).collect();
    Ok(Outcome::equal(&expected, &bench.printed()))
}

/// An exception on the board comes with its class and message, and the next call works.
pub fn exception(bench: &mut Bench) -> Checked {
    bench.task("def fails(text):\n    raise ValueError(text)\n")?;
    let outcome = match bench.call("fails", &[Value::Str("a 'reason'".to_owned())]) {
        Ok(value) => Outcome::wrong("ValueError", shown(&value)),
        Err(error) if error.kind() != crate::error::Kind::DeviceException => return Err(error),
        Err(error) => Outcome::equal(&"ValueError: a 'reason'".to_owned(), &error.message().to_owned()),
    };
    Ok(match outcome {
        Outcome::Ok(_) if !bench.works()? => Outcome::wrong("the next call works", "it does not"),
        other => other,
    })
}
