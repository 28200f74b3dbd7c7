//! `rtc`: shows or sets the clock of a board.
//!
//! Uses [`crate::device`]. Invariant: the board gets local time of one zone, and knows no zones itself, as with mpremote.

use super::arguments::Rtc;
use super::console::Console;
use super::evaluate::quiet_options;
use super::{misuse, session};
use crate::bench::date;
use crate::device::Device;
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Kind, Result};
use crate::script::Sources;
use crate::value::Value;
use std::sync::Arc;

/// Shows or sets the clock; returns the exit status.
///
/// # Errors
/// Of an unknown zone, or if Ctrl-C cannot be watched.
pub fn rtc(options: &Rtc, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    let zone = options.zone.as_deref();
    if options.set {
        offset(zone, date::now())?;
    }
    let session = &options.session;
    session::with_board(
        console,
        &session.connection,
        &session.limit,
        quiet_options(session),
        &Sources::default(),
        |device| {
            if options.set {
                return set(device, zone);
            }
            console.text(&format!("{}\n", shown(&read(device)?)?));
            Ok(())
        },
    )
}

/// Seconds east of Greenwich at a moment.
fn offset(zone: Option<&str>, now: f64) -> std::result::Result<i32, Diagnostic> {
    match zone {
        None => Ok(date::offset_of(now).unwrap_or(0)),
        Some(zone) => date::offset_in(zone, now).ok_or_else(|| {
            let help = "write UTC, an offset such as +02:00, or a name such as Europe/Berlin";
            misuse(format!("unknown time zone `{zone}`"), help)
        }),
    }
}

/// The module that has the clock.
fn is_circuitpython(device: &Device) -> bool {
    device.firmware().name == "circuitpython"
}

/// Year, month, day, hour, minute and second.
fn read(device: &Device) -> Result<Value> {
    let code = if is_circuitpython(device) {
        "tuple(__import__('rtc').RTC().datetime)[:6]"
    } else {
        "(lambda t:t[:3]+t[4:7])(tuple(__import__('machine').RTC().datetime()))"
    };
    device.exec(code, None).map_err(no_clock)
}

fn set(device: &Device, zone: Option<&str>) -> Result<()> {
    // Right before it is sent.
    let now = date::now();
    let local = now + f64::from(offset(zone, now).unwrap_or(0));
    let text = date::utc_of(local);
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<i64>().ok()).unwrap_or(0);
    let (year, month, day) = (part(0..4), part(5..7), part(8..10));
    let (hour, minute, second) = (part(11..13), part(14..16), part(17..19));
    #[expect(clippy::cast_possible_truncation, reason = "days since 1970")]
    let weekday = ((local / 86_400.0).floor() as i64 + 3).rem_euclid(7);
    let code = if is_circuitpython(device) {
        format!(
            "import rtc,time\nrtc.RTC().datetime=time.struct_time(({year},{month},{day},{hour},{minute},{second},{weekday},-1,-1))"
        )
    } else {
        format!("import machine\nmachine.RTC().datetime(({year},{month},{day},{weekday},{hour},{minute},{second},0))")
    };
    device.exec(&code, None).map(|_| ()).map_err(no_clock)
}

/// The error of a board without a clock.
fn no_clock(error: Error) -> Error {
    if error.is_raised("ImportError") || error.is_raised("AttributeError") {
        return Error::new(Kind::FeatureUnavailableError, "the firmware has no clock (`machine.RTC`)")
            .with_help("pass the time to its program by `belay-script exec`");
    }
    error
}

fn shown(value: &Value) -> Result<String> {
    let (Value::Tuple(fields) | Value::List(fields)) = value else { return Err(odd()) };
    let numbers: Option<Vec<i64>> =
        fields.iter().map(|field| if let Value::Int(number) = field { Some(*number) } else { None }).collect();
    match numbers.as_deref() {
        Some([year, month, day, hour, minute, second]) => {
            Ok(format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"))
        }
        _ => Err(odd()),
    }
}

fn odd() -> Error {
    Error::new(Kind::ProtocolError, "the board's clock has an unknown form").with_help("set it with `--set` first")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_shown_as_a_date() {
        let tuple = |numbers: &[i64]| Value::Tuple(numbers.iter().copied().map(Value::Int).collect());
        assert_eq!(shown(&tuple(&[2026, 1, 2, 3, 4, 5])).unwrap(), "2026-01-02 03:04:05");
        assert!(shown(&tuple(&[2026, 1])).is_err() && shown(&Value::None).is_err());
    }

    #[test]
    fn zones_are_names_or_offsets() {
        let case = |zone: &str, expected: Option<i32>| assert_eq!(offset(Some(zone), 1.75e9).ok(), expected, "{zone}");
        case("UTC", Some(0));
        case("+02:00", Some(7200));
        case("-0330", Some(-12600));
        case("+5", Some(18000));
        case("Middle/Earth", None);
        case("+99", None);
    }
}
