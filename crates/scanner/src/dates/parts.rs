//! The parts of a date as an expression captured them, and the moment they mean.
//!
//! In: group texts with their directives, `now`, the zone. Out: UTC in whole seconds, or None for an impossible date.
//! Rules of the dialect, §3.9: a missing year, a missing day, the twelve-hour clock, week numbers.

use super::civil::{checked_days, civil, days, is_leap, weekday, DAY};
use super::zones::{parse_zone, Zone};

const MONTHS: [&[u8; 3]; 12] =
    [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
const WEEKDAYS: [&[u8; 3]; 7] = [b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun"];

/// What a date says; None where it says nothing.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    hour: Option<i64>,
    hour12: Option<i64>,
    is_pm: bool,
    minute: Option<i64>,
    second: Option<i64>,
    day_of_year: Option<i64>,
    /// Week number and whether weeks begin on Sunday.
    week: Option<(i64, bool)>,
    /// Monday = 0.
    weekday: Option<i64>,
    offset: Option<i64>,
    /// A complete time: epoch, TAI64N.
    epoch: Option<i64>,
}

/// Month 1…12 by the first three letters of its English name.
pub fn month(name: &[u8]) -> Option<i64> {
    index(&MONTHS, name).map(|found| found + 1)
}

fn index(names: &[&[u8; 3]], name: &[u8]) -> Option<i64> {
    let head = name.get(..3)?;
    names.iter().position(|known| known.eq_ignore_ascii_case(head)).map(|found| found as i64)
}

impl Parts {
    /// Takes up one captured text; None if it means nothing.
    pub fn take(&mut self, directive: char, text: &str) -> Option<()> {
        let number = || text.trim_matches(' ').parse::<i64>().ok();
        match directive {
            'Y' => self.year = Some(number()?),
            'y' => self.year = Some(2000 + number()?),
            'm' => self.month = Some(number()?),
            'd' => self.day = Some(number()?),
            'H' | 'k' => self.hour = Some(number()?),
            'I' | 'l' => self.hour12 = Some(number()?),
            'M' => self.minute = Some(number()?),
            'S' => self.second = Some(number()?),
            'p' => self.is_pm = text.trim_start().starts_with(['p', 'P']),
            'b' | 'B' | 'h' => self.month = Some(month(text.as_bytes())?),
            'a' | 'A' => self.weekday = index(&WEEKDAYS, text.as_bytes()),
            'j' => self.day_of_year = Some(number()?),
            'w' => self.weekday = Some((number()? + 6) % 7),
            'U' => self.week = Some((number()?, true)),
            'W' => self.week = Some((number()?, false)),
            'z' | 'Z' => self.offset = Some(parse_zone(text)?),
            'E' => self.epoch = Some(epoch(text)?),
            'L' => self.epoch = Some(long_epoch(text)?),
            'T' => self.epoch = Some(tai64n(text)?),
            _ => {}
        }
        Some(())
    }

    /// The moment in UTC seconds; `now` and `zone` complete what the date leaves out.
    pub fn moment(&self, now: i64, zone: &Zone) -> Option<i64> {
        if self.epoch.is_some() {
            return self.epoch;
        }
        let today = civil((now + zone.offset_at(now)).div_euclid(DAY));
        let clock = self.seconds_of_day()?;
        let utc = |day: i64| {
            let local = day * DAY + clock;
            self.offset.map_or_else(|| zone.utc(local), |offset| local - offset)
        };
        let year = self.year.unwrap_or(today.0);
        let (day, is_today) = self.day_number(year, today)?;
        let is_yesterday = is_today && utc(day) > now;
        let day = if is_yesterday { day - 1 } else { day };
        if self.year.is_none() && utc(day) > now + DAY {
            return self.day_number(year - 1, today).map(|found| utc(found.0));
        }
        Some(utc(day))
    }

    /// The day, and whether it is today's for want of a better one. A 29 February without year is one of last year's
    /// where this year has none.
    fn day_number(&self, year: i64, today: (i64, i64, i64)) -> Option<(i64, bool)> {
        if let (Some(month), Some(day)) = (self.month, self.day) {
            let is_lost_leap_day = self.year.is_none() && (month, day) == (2, 29) && !is_leap(year);
            let year = if is_lost_leap_day { year - 1 } else { year };
            return checked_days(year, month, day).map(|day| (day, false));
        }
        if let Some(of_year) = self.day_of_year.or_else(|| self.day_by_week(year)) {
            return Some((checked_days(year, 1, 1)? + of_year - 1, false));
        }
        // A month without a day, or a day without a month, says too little.
        let is_nothing_said = self.month.is_none() && self.day.is_none();
        checked_days(year, today.1, today.2).filter(|_| is_nothing_said).map(|day| (day, true))
    }

    /// Day of the year from week number and weekday, as C's strptime counts: week 1 begins with the first Sunday (`%U`)
    /// or Monday (`%W`), the days before it are week 0.
    fn day_by_week(&self, year: i64) -> Option<i64> {
        let ((week, is_sunday_first), weekday_monday) = (self.week?, self.weekday?);
        let first = weekday(days(year, 1, 1));
        let (first, wanted) =
            if is_sunday_first { ((first + 1) % 7, (weekday_monday + 1) % 7) } else { (first, weekday_monday) };
        Some(week * 7 + wanted - first + if first == 0 { 1 - 7 } else { 1 })
    }

    fn seconds_of_day(&self) -> Option<i64> {
        let hour = match (self.hour12, self.hour) {
            (Some(hour), _) if (1..=12).contains(&hour) => hour % 12 + if self.is_pm { 12 } else { 0 },
            (None, hour) => hour.unwrap_or(0),
            _ => return None,
        };
        let (minute, second) = (self.minute.unwrap_or(0), self.second.unwrap_or(0));
        let is_time = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=61).contains(&second);
        is_time.then_some(hour * 3600 + minute * 60 + second)
    }
}

fn epoch(text: &str) -> Option<i64> {
    text.split('.').next()?.parse().ok()
}

/// Seconds (up to 11 digits), milliseconds (13) or microseconds (16 and more).
fn long_epoch(text: &str) -> Option<i64> {
    let digits = text.split('.').next()?;
    let value: i64 = digits.parse().ok()?;
    Some(match digits.len() {
        0..=11 => value,
        12..=14 => value / 1_000,
        _ => value / 1_000_000,
    })
}

/// `@4` and fifteen hex digits of seconds; nanoseconds and leap seconds are left out, as the dialect does.
fn tai64n(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('@').unwrap_or(text);
    i64::from_str_radix(digits.get(1..16)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22 12:00:00 UTC.
    const NOW: i64 = 1_795_348_800;

    fn moment(fields: &[(char, &str)]) -> Option<i64> {
        let mut parts = Parts::default();
        for (directive, text) in fields {
            parts.take(*directive, text)?;
        }
        parts.moment(NOW, &Zone::default())
    }

    fn at(year: i64, month: i64, day: i64, seconds: i64) -> Option<i64> {
        Some(days(year, month, day) * DAY + seconds)
    }

    /// Without a year the date is this year's, or last year's if it lay more than a day ahead.
    #[test]
    fn guesses_the_year() {
        assert_eq!(moment(&[('b', "Nov"), ('d', " 9"), ('H', "1")]), at(2026, 11, 9, 3600));
        assert_eq!(moment(&[('b', "november"), ('d', "23"), ('H', "11")]), at(2026, 11, 23, 39_600));
        assert_eq!(moment(&[('b', "Dec"), ('d', "25")]), at(2025, 12, 25, 0));
        assert_eq!(moment(&[('b', "Feb"), ('d', "29")]), None);
    }

    /// Without a day the time is today's, or yesterday's if it lay ahead.
    #[test]
    fn guesses_the_day() {
        assert_eq!(moment(&[('H', "11"), ('M', "59")]), at(2026, 11, 22, 43_140));
        assert_eq!(moment(&[('H', "12"), ('S', "1")]), at(2026, 11, 21, 43_201));
        assert_eq!(moment(&[('d', "20"), ('H', "11")]), None);
        assert_eq!(moment(&[('m', "3"), ('H', "11")]), None);
    }

    /// Day of the year, week numbers, twelve-hour clock and zones.
    #[test]
    fn reads_other_forms() {
        assert_eq!(moment(&[('Y', "2026"), ('j', "60")]), at(2026, 3, 1, 0));
        assert_eq!(moment(&[('Y', "2026"), ('U', "1"), ('w', "0")]), at(2026, 1, 4, 0));
        assert_eq!(moment(&[('Y', "2026"), ('W', "1"), ('a', "Mon")]), at(2026, 1, 5, 0));
        assert_eq!(moment(&[('Y', "2026"), ('W', "0"), ('a', "Thu")]), at(2026, 1, 1, 0));
        let day = [('y', "26"), ('m', "1"), ('d', "2")];
        for (hour, half, expected) in [("12", "AM", 0), ("12", "pm", 43_200), ("9", "PM", 75_600), ("9", "", 32_400)] {
            let with_time = [&day[..], &[('I', hour), ('p', half)]].concat();
            assert_eq!(moment(&with_time), at(2026, 1, 2, expected));
        }
        assert_eq!(moment(&[&day[..], &[('z', "+0100")]].concat()), at(2026, 1, 1, 82_800));
        assert_eq!(moment(&[&day[..], &[('Z', "QQQ")]].concat()), None);
    }

    /// Complete times: epoch with and without fraction, milli- and microseconds, TAI64N.
    #[test]
    fn reads_complete_times() {
        assert_eq!(moment(&[('E', "1106513999.123")]), Some(1_106_513_999));
        assert_eq!(moment(&[('L', "1106513999123.5")]), Some(1_106_513_999));
        assert_eq!(moment(&[('L', "1106513999123456")]), Some(1_106_513_999));
        assert_eq!(moment(&[('T', "@4000000041f4104f00000000")]), Some(0x41f4_104f));
        assert_eq!(moment(&[('T', "@40")]), None);
    }

    /// Dates and times that do not exist have no moment.
    #[test]
    fn refuses_impossible_dates() {
        assert_eq!(moment(&[('Y', "2026"), ('m', "2"), ('d', "30")]), None);
        assert_eq!(moment(&[('Y', "2026"), ('m', "0"), ('d', "1")]), None);
        assert_eq!(moment(&[('H', "24")]), None);
    }
}
