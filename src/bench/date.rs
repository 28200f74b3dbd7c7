//! Formats timestamps.
//!
//! Pure, but for the clock and the zone of this computer. Only this file uses jiff.

use crate::{bound, disk};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds since 1970, by the host's clock.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// Formats the time since 1970 as ISO 8601 and RFC 3339, in UTC, to the millisecond.
pub fn utc(since_1970: Duration) -> String {
    let seconds = since_1970.as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years that begin in March put the leap day at their end; 719 468 days lie between 0000-03-01 and 1970-01-01, and
    // 146 097 days are 400 years.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", since_1970.subsec_millis())
}

/// This computer's offset from UTC at a moment, in seconds east of Greenwich: of `TZ`, else of the system. `None`: unknown.
pub fn offset_of(seconds: f64) -> Option<i32> {
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and is then refused")]
    let moment = jiff::Timestamp::from_second(seconds as i64).ok()?;
    Some(system_zone()?.to_offset(moment).seconds())
}

/// The zone of this computer. On Unix without `TZ` it is that of `/etc/localtime`; to find out its name, jiff would list all zones,
/// which takes as long as it takes to read the arguments.
fn system_zone() -> Option<jiff::tz::TimeZone> {
    let local = (cfg!(unix) && std::env::var_os("TZ").is_none())
        .then(|| disk::read(Path::new("/etc/localtime"), bound::FILE).ok())
        .flatten()
        .and_then(|data| jiff::tz::TimeZone::tzif("local", &data).ok());
    local.or_else(|| jiff::tz::TimeZone::try_system().ok())
}

/// The offset from UTC of a zone at a moment, in seconds east of Greenwich: `UTC`, `+02:00`, `-3`, or a name such as
/// `Europe/Berlin`. `None`: the zone is unknown.
pub fn offset_in(zone: &str, seconds: f64) -> Option<i32> {
    if let Some(digits) = zone.strip_prefix(['+', '-']) {
        let (hours, minutes) = match digits.split_once(':') {
            Some(parts) => parts,
            None if digits.len() == 4 => digits.split_at_checked(2)?,
            None => (digits, "0"),
        };
        let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        let is_valid = (0..=15).contains(&hours) && (0..60).contains(&minutes);
        let east = hours * 3600 + minutes * 60;
        return is_valid.then_some(if zone.starts_with('-') { -east } else { east });
    }
    if zone.eq_ignore_ascii_case("utc") {
        return Some(0);
    }
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and is then refused")]
    let moment = jiff::Timestamp::from_second(seconds as i64).ok()?;
    Some(jiff::tz::TimeZone::get(zone).ok()?.to_offset(moment).seconds())
}

/// As [`utc_of`], in a zone with this offset from UTC in seconds: `2026-11-30T08:23:41.000+01:00`.
pub fn local_of(seconds: f64, offset: i32) -> String {
    let minutes = offset.abs() / 60;
    let sign = if offset < 0 { '-' } else { '+' };
    let shifted = utc_of(seconds + f64::from(offset));
    format!("{}{sign}{:02}:{:02}", shifted.trim_end_matches('Z'), minutes / 60, minutes % 60)
}

/// A moment for people, to the second: in local time with its offset if that is known, then in UTC.
/// `2026-11-30 08:23:41 +01:00 (07:23:41 UTC)`.
pub fn shown(utc: &str, local: Option<&str>) -> String {
    let parts = |moment: &str| Some((moment.get(..10)?.to_owned(), moment.get(11..19)?.to_owned()));
    let Some((day, time)) = parts(utc).filter(|_| utc.ends_with('Z')) else { return utc.to_owned() };
    let known = local.and_then(|local| Some((parts(local)?, local.get(23..)?)));
    let Some(((local_day, local_time), offset)) = known else { return format!("{day} {time}\u{a0}UTC") };
    if offset == "+00:00" {
        return format!("{day} {time}\u{a0}UTC (local time +00:00)");
    }
    let utc = if local_day == day { time } else { format!("{day} {time}") };
    format!("{local_day} {local_time}\u{a0}{offset} ({utc}\u{a0}UTC)")
}

/// As [`utc`], for a number of seconds; an invalid one counts as 1970.
pub fn utc_of(seconds: f64) -> String {
    utc(Duration::try_from_secs_f64(seconds).ok().filter(|since| since.as_secs() < 1 << 37).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_times_have_their_offset() {
        let case = |seconds: f64, offset: i32, local: &str, expected: &str| {
            assert_eq!(local_of(seconds, offset), local);
            assert_eq!(shown(&utc_of(seconds), Some(local)).replace('\u{a0}', " "), expected);
        };
        let at = 1_735_687_800.25;
        case(at, 0, "2024-12-31T23:30:00.250+00:00", "2024-12-31 23:30:00 UTC (local time +00:00)");
        case(at, 5400, "2025-01-01T01:00:00.250+01:30", "2025-01-01 01:00:00 +01:30 (2024-12-31 23:30:00 UTC)");
        case(at, -36_000, "2024-12-31T13:30:00.250-10:00", "2024-12-31 13:30:00 -10:00 (23:30:00 UTC)");
        assert_eq!(shown("2024-12-31T23:30:00.250Z", None), "2024-12-31 23:30:00\u{a0}UTC");
        for odd in ["", "yesterday", "2024-12-31"] {
            assert_eq!(shown(odd, Some(odd)), odd);
        }
    }

    #[test]
    fn timestamps_follow_the_calendar() {
        let case = |seconds, expected: &str| assert_eq!(utc(Duration::from_secs(seconds)), expected);
        case(0, "1970-01-01T00:00:00.000Z");
        case(951_782_399, "2000-02-28T23:59:59.000Z");
        case(951_782_400, "2000-02-29T00:00:00.000Z");
        case(951_868_800, "2000-03-01T00:00:00.000Z");
        case(1_735_689_599, "2024-12-31T23:59:59.000Z");
        case(4_107_542_400, "2100-03-01T00:00:00.000Z");
        assert_eq!(utc(Duration::from_millis(1_000_000_000_042)), "2001-09-09T01:46:40.042Z");
        for seconds in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(utc_of(seconds), "1970-01-01T00:00:00.000Z");
        }
    }
}
