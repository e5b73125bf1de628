//! Zones: the offsets of the zone for dates without one, and zones written in dates.
//!
//! In: a table of offsets from Python, zone texts. Out: offsets in seconds east of UTC, UTC seconds.

use super::abbreviations::offset_of;

/// Offsets of one zone: (first UTC second, offset), ascending. An empty table is UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Zone {
    steps: Vec<(i64, i64)>,
}

impl Zone {
    pub fn new(mut steps: Vec<(i64, i64)>) -> Zone {
        steps.sort_unstable();
        Zone { steps }
    }

    /// Offset at a UTC second; before the first step the first offset holds.
    pub fn offset_at(&self, utc: i64) -> i64 {
        let after = self.steps.partition_point(|step| step.0 <= utc);
        self.steps.get(after.saturating_sub(1)).map_or(0, |step| step.1)
    }

    /// UTC of a local time: of two (clocks put back) the earlier; in a gap (put forward) by the offset before it.
    pub fn utc(&self, local: i64) -> i64 {
        let near = self.steps.partition_point(|step| step.0 <= local.saturating_sub(2 * 86_400)).saturating_sub(1);
        let mut latest = local;
        for (index, &(_, offset)) in self.steps.iter().enumerate().skip(near) {
            let utc = local - offset;
            let ends = self.steps.get(index + 1).map_or(i64::MAX, |next| next.0);
            latest = utc;
            if utc < ends {
                return self.outside_gap(index, utc, local);
            }
        }
        latest
    }

    /// `utc` by step `index` is before the step's end; if it is also before its beginning, the time lies in a gap.
    fn outside_gap(&self, index: usize, utc: i64, local: i64) -> i64 {
        let begins = self.steps[index].0;
        if index > 0 && utc < begins {
            local - self.steps[index - 1].1
        } else {
            utc
        }
    }
}

/// Offset of a zone as dates have it: `Z`, `UTC`, `CET`, `+01`, `+0100`, `-01:00`, `CET+0130`; None if unknown.
pub fn parse_zone(text: &str) -> Option<i64> {
    let text = text.trim();
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (name, digits) = text.split_at(letters);
    let named = if name.is_empty() { 0 } else { parse_name(name)? };
    let numeric = if digits.is_empty() { 0 } else { parse_numeric(digits.as_bytes())? };
    (!text.is_empty()).then_some(named + numeric)
}

fn parse_name(name: &str) -> Option<i64> {
    let is_utc = ["Z", "UTC", "GMT"].iter().any(|known| name.eq_ignore_ascii_case(known));
    if is_utc {
        Some(0)
    } else {
        offset_of(name)
    }
}

/// Offset of `±HH`, `±HHMM` or `±HH:MM`.
pub fn parse_numeric(text: &[u8]) -> Option<i64> {
    let (&sign, digits) = text.split_first()?;
    let (hours, minutes) = match digits {
        [a, b] => (two(*a, *b)?, 0),
        [a, b, c, d] | [a, b, b':', c, d] => (two(*a, *b)?, two(*c, *d)?),
        _ => return None,
    };
    let seconds = hours * 3600 + minutes * 60;
    match sign {
        b'+' if minutes < 60 => Some(seconds),
        b'-' if minutes < 60 => Some(-seconds),
        _ => None,
    }
}

/// Value of two decimal digits.
pub fn two(tens: u8, ones: u8) -> Option<i64> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offsets are signed, may be abbreviated, may add to an abbreviation; anything else is no zone.
    #[test]
    fn parses_zones() {
        let minutes = |text| parse_zone(text).map(|seconds| seconds / 60);
        assert_eq!(
            (minutes("Z"), minutes("utc"), minutes("CET"), minutes("A")),
            (Some(0), Some(0), Some(60), Some(60))
        );
        assert_eq!((minutes("+05"), minutes("-0330"), minutes("+05:30")), (Some(300), Some(-210), Some(330)));
        assert_eq!((minutes("CET+0130"), minutes("J"), minutes("XYZ"), minutes("+5")), (Some(150), None, None, None));
        assert_eq!((minutes(""), minutes("cet"), minutes("+0160")), (None, None, None));
    }

    /// Berlin: the gap of March goes by the offset before it, the hour that occurs twice in October is the earlier one.
    #[test]
    fn knows_gaps_and_overlaps() {
        let (march, october) = (1_774_746_000, 1_792_890_000);
        let zone = Zone::new(vec![(0, 3600), (march, 7200), (october, 3600)]);
        assert_eq!(zone.utc(march + 3600 - 1), march - 1);
        assert_eq!(zone.utc(march + 3600), march);
        assert_eq!(zone.utc(march + 7200), march);
        assert_eq!(zone.utc(october + 3600), october - 3600);
        assert_eq!(zone.utc(october + 7200), october + 3600);
        assert_eq!((zone.offset_at(march - 1), zone.offset_at(march), zone.offset_at(-5)), (3600, 7200, 3600));
        assert_eq!(Zone::default().utc(77), 77);
    }
}
