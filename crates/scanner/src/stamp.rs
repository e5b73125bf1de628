//! The time before a journal entry, as it is shown among the lines of a failure (§3.12 of the dialect).
//!
//! In: seconds since 1970, a zone, a line. Out: `2026-01-02T03:04:05.678901 line` in local time, without the fraction
//! where it is zero.

use crate::dates::civil::{civil, DAY};
use crate::dates::Zone;

/// Puts the local time before a line.
pub fn stamped(time: f64, zone: &Zone, line: &str) -> String {
    let micros = (time * 1e6).round() as i64;
    let (second, micro) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let local = second.saturating_add(zone.offset_at(second));
    let ((year, month, day), clock) = (civil(local.div_euclid(DAY)), local.rem_euclid(DAY));
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    let fraction = if micro == 0 { String::new() } else { format!(".{micro:06}") };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction} {line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Local time, microseconds only where there are some; absurd times do no harm.
    #[test]
    fn is_iso() {
        let berlin = Zone::new(vec![(0, 3600)]);
        assert_eq!(stamped(1_795_366_800.0, &berlin, "x"), "2026-11-22T18:00:00 x");
        assert_eq!(stamped(1_795_366_800.678_901, &Zone::default(), "x"), "2026-11-22T17:00:00.678901 x");
        for time in [f64::NAN, f64::INFINITY, -1.0, 1e300, -1e300] {
            assert!(stamped(time, &berlin, "x").ends_with(" x"));
        }
    }
}
