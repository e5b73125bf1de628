//! Hand-made parsers of the commonest date layouts, with a cache of the last minute.
//!
//! In: a line and the place where the date begins. Out: where it ends and its UTC second; None where the expression of
//! the template must decide: a layout accepts only what the expression accepts with the same extent and meaning (see
//! `DateSpec.layout`), which the tests in tests/unit/test_scanner_dates.py hold.

use super::civil::{checked_days, civil, days, DAY};
use super::parts::month;
use super::zones::{parse_numeric, two, Zone};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    None,
    /// `Nov 22 01:02:03`
    Syslog,
    /// `2026-11-22T01:02:03.123+01:00`, with `-`, `/` or `.` and `T` or a blank; nginx's error log is one of these.
    Iso,
    /// `22/Nov/2026:01:02:03 +0100` in brackets.
    Clf,
}

impl Layout {
    /// None for a name that is no layout.
    pub fn from_name(name: &str) -> Option<Layout> {
        match name {
            "" => Some(Layout::None),
            "syslog" => Some(Layout::Syslog),
            "iso" | "nginx-error" => Some(Layout::Iso),
            "clf" => Some(Layout::Clf),
            _ => None,
        }
    }
}

/// The minute that was parsed last: its text (with the zone) and the UTC second at which it begins.
#[derive(Clone, Debug, Default)]
pub struct Minute {
    text: [u8; 17],
    zone: [u8; 6],
    /// Whole seconds of the clock that the cache was filled under; the year of a date may depend on it.
    now: i64,
    begins: Option<i64>,
    /// The last syslog date with its second, and the time it gave.
    last: ([u8; 16], i64),
}

/// A date that a layout accepted: the end of the span to be cut, and UTC seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parsed {
    pub start: usize,
    pub end: usize,
    pub time: i64,
}

/// Parses the date of `layout` in `line`; `from` is where the template's span begins (not used for CLF).
pub fn parse(layout: Layout, line: &[u8], cache: &mut Minute, now: i64, zone: &Zone) -> Option<Parsed> {
    match layout {
        Layout::None => None,
        Layout::Syslog => syslog(line, cache, now, zone),
        Layout::Iso => iso(line, cache, now, zone),
        Layout::Clf => clf(line, cache, now, zone),
    }
}

impl Minute {
    #[inline(always)]
    fn begins(&self, text: &[u8], zone: &[u8], now: i64) -> Option<i64> {
        // Compared as arrays, which costs a tenth of comparing slices of unknown length.
        let is_same = self.now == now && padded::<17>(text) == self.text && padded::<6>(zone) == self.zone;
        if is_same {
            self.begins
        } else {
            None
        }
    }

    fn keep(&mut self, text: &[u8], zone: &[u8], now: i64, begins: i64) {
        *self = Minute { now, begins: Some(begins), text: padded(text), zone: padded(zone), last: Default::default() };
    }
}

/// A text of at most `N` bytes, filled up with NUL, which no date contains.
#[inline(always)]
fn padded<const N: usize>(text: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array[..text.len()].copy_from_slice(text);
    array
}

fn seconds(text: &[u8]) -> Option<i64> {
    two(text[0], text[1]).filter(|&value| value < 60)
}

/// Hours and minutes of `HH:MM` as seconds.
fn clock(text: &[u8]) -> Option<i64> {
    let (hour, minute) = (two(text[0], text[1])?, two(text[3], text[4])?);
    (text[2] == b':' && hour < 24 && minute < 60).then_some(hour * 3600 + minute * 60)
}

/// A byte after which no layout can go on, and which is no part of a word.
fn is_plain_end(byte: u8) -> bool {
    matches!(byte, b']' | b'[' | b')' | b'(' | b'"' | b'<' | b'>' | b'{' | b'}' | b'|' | b';')
}

fn syslog(line: &[u8], cache: &mut Minute, now: i64, zone: &Zone) -> Option<Parsed> {
    let date = line.get(..15)?;
    // A year or a fraction may follow: then the expression decides.
    match line.get(15..17).unwrap_or(&line[15..]) {
        [] | [b' '] => {}
        [b' ', next] if !next.is_ascii_digit() && next.is_ascii_graphic() => {}
        [first, ..] if is_plain_end(*first) => {}
        _ => return None,
    }
    // Most lines are of the same second as the one before.
    let same = padded::<16>(date);
    if cache.last.0 == same && cache.now == now {
        return Some(Parsed { start: 0, end: 15, time: cache.last.1 });
    }
    if date[12] != b':' {
        return None;
    }
    let second = seconds(&date[13..])?;
    let begins = match cache.begins(&date[..12], b"", now) {
        Some(begins) => begins,
        None => {
            let begins = syslog_minute(date, now, zone)?;
            cache.keep(&date[..12], b"", now, begins);
            begins
        }
    };
    cache.last = (same, begins + second);
    Some(Parsed { start: 0, end: 15, time: begins + second })
}

/// As `Parts::moment` for a date without year whose minute lies clear of the one-day bound; near it None.
fn syslog_minute(date: &[u8], now: i64, zone: &Zone) -> Option<i64> {
    let month = month(&date[..3])?;
    let tens = if date[4] == b' ' { b'0' } else { date[4] };
    let day = two(tens, date[5]).filter(|&day| day > 0)?;
    if date[3] != b' ' || date[6] != b' ' {
        return None;
    }
    let clock = clock(&date[7..12])?;
    let year = civil((now + zone.offset_at(now)).div_euclid(DAY)).0;
    let utc = |year| checked_days(year, month, day).map(|days| zone.utc(days * DAY + clock));
    let this_year = utc(year)?;
    if (this_year - (now + DAY)).abs() < 120 {
        return None;
    }
    if this_year > now + DAY {
        utc(year - 1)
    } else {
        Some(this_year)
    }
}

fn iso(line: &[u8], cache: &mut Minute, now: i64, zone: &Zone) -> Option<Parsed> {
    let date = line.get(..19)?;
    if date[16] != b':' {
        return None;
    }
    let second = seconds(&date[17..])?;
    let rest = &line[19..];
    let fraction = fraction(rest)?;
    let offset = &rest[fraction..][..iso_zone(&rest[fraction..])?];
    let begins = match cache.begins(&date[..16], offset, now) {
        Some(begins) => begins,
        None => {
            let begins = iso_minute(date, offset, now, zone)?;
            cache.keep(&date[..16], offset, now, begins);
            begins
        }
    };
    Some(Parsed { start: 0, end: 19 + fraction + offset.len(), time: begins + second })
}

/// Length of a fraction with its point or comma; None where its extent is not certain.
fn fraction(rest: &[u8]) -> Option<usize> {
    if !matches!(rest.first(), Some(b'.' | b',')) {
        return Some(0);
    }
    let digits = rest[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=6).contains(&digits).then_some(digits + 1)
}

/// Length of the zone that stands directly behind; 0 if certainly none follows; None if the expression must decide.
fn iso_zone(rest: &[u8]) -> Option<usize> {
    match rest {
        [] => Some(0),
        [byte, ..] if is_plain_end(*byte) => Some(0),
        [b' ', next, ..] if next.is_ascii_graphic() && !b"+-ZzUuGg".contains(next) => Some(0),
        [b'Z', after @ ..] => ends(after).then_some(1),
        [b'+' | b'-', a, b, b':', c, d, after @ ..] => (is_zone_digits(*a, *b, *c, *d) && ends(after)).then_some(6),
        [b'+' | b'-', a, b, c, d, after @ ..] => (is_zone_digits(*a, *b, *c, *d) && ends(after)).then_some(5),
        _ => None,
    }
}

fn is_zone_digits(a: u8, b: u8, c: u8, d: u8) -> bool {
    matches!(a, b'0' | b'1') && b.is_ascii_digit() && matches!(c, b'0'..=b'5') && d.is_ascii_digit()
}

fn ends(after: &[u8]) -> bool {
    after.first().is_none_or(|&byte| byte == b' ' || is_plain_end(byte))
}

fn iso_minute(date: &[u8], offset: &[u8], now: i64, zone: &Zone) -> Option<i64> {
    let separator = date[4];
    let is_form = matches!(separator, b'-' | b'/' | b'.') && date[7] == separator && matches!(date[10], b'T' | b' ');
    if !is_form {
        return None;
    }
    let year = two(date[0], date[1])? * 100 + two(date[2], date[3])?;
    // Years that every form of the expression accepts: from 2000 to the current one.
    if !(2000..=civil(now.div_euclid(DAY)).0).contains(&year) {
        return None;
    }
    let days = checked_days(year, two(date[5], date[6])?, two(date[8], date[9])?)?;
    let local = days * DAY + clock(&date[11..16])?;
    match offset {
        [] => Some(zone.utc(local)),
        [b'Z'] => Some(local),
        _ => parse_numeric(offset).map(|seconds| local - seconds),
    }
}

fn clf(line: &[u8], cache: &mut Minute, now: i64, zone: &Zone) -> Option<Parsed> {
    let open = memchr::memchr(b'[', line)?;
    let date = line.get(open + 1..open + 28)?;
    if date[26] != b']' || date[17] != b':' || date[20] != b' ' || may_begin_date(&line[..open]) {
        return None;
    }
    let (offset, second) = (&date[21..26], seconds(&date[18..])?);
    let begins = match cache.begins(&date[..17], offset, now) {
        Some(begins) => begins,
        None => {
            let begins = clf_minute(date, offset, now, zone)?;
            cache.keep(&date[..17], offset, now, begins);
            begins
        }
    };
    Some(Parsed { start: open + 1, end: open + 27, time: begins + second })
}

fn clf_minute(date: &[u8], offset: &[u8], now: i64, _zone: &Zone) -> Option<i64> {
    if [date[2], date[6], date[11], date[14]] != *b"//::" || !is_zone_digits(offset[1], offset[2], offset[3], offset[4])
    {
        return None;
    }
    let year = two(date[7], date[8])? * 100 + two(date[9], date[10])?;
    let (day, month) = (two(date[0], date[1]).filter(|&day| day > 0)?, month(&date[3..6])?);
    if !(2000..=civil(now.div_euclid(DAY)).0).contains(&year) || checked_days(year, month, day).is_none() {
        return None;
    }
    let local = days(year, month, day) * DAY + clock(&date[12..17])?;
    parse_numeric(offset).map(|seconds| local - seconds)
}

/// Whether a date of this kind could begin further left: a digit and `/` or `-`.
fn may_begin_date(before: &[u8]) -> bool {
    before.windows(2).any(|pair| pair[0].is_ascii_digit() && matches!(pair[1], b'/' | b'-'))
        || before.last().is_some_and(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_348_800;

    fn read(layout: Layout, line: &str) -> Option<(usize, usize, i64)> {
        let mut cache = Minute::default();
        let first = parse(layout, line.as_bytes(), &mut cache, NOW, &Zone::default());
        assert_eq!(parse(layout, line.as_bytes(), &mut cache, NOW, &Zone::default()), first, "the cache agrees");
        first.map(|found| (found.start, found.end, found.time))
    }

    /// Each layout reads its form, and leaves to the expression whatever might go on.
    #[test]
    fn reads_or_leaves() {
        let day = days(2026, 11, 22) * DAY;
        assert_eq!(read(Layout::Syslog, "Nov 22 01:02:03 srv x"), Some((0, 15, day + 3723)));
        assert_eq!(read(Layout::Syslog, "Dec  9 01:02:03]"), Some((0, 15, days(2025, 12, 9) * DAY + 3723)));
        for line in ["Nov 22 01:02:03.5 x", "Nov 22 01:02:03 2026 x", "Nov 31 01:02:03 x", "Nov 22 1:02:03 x "] {
            assert_eq!(read(Layout::Syslog, line), None);
        }
        assert_eq!(read(Layout::Iso, "2026-11-22T01:02:03.5+01:00 x"), Some((0, 27, day + 123)));
        assert_eq!(read(Layout::Iso, "2026/11/22 01:02:03 [error]"), Some((0, 19, day + 3723)));
        assert_eq!(read(Layout::Iso, "2026-11-22T01:02:03Z"), Some((0, 20, day + 3723)));
        for line in ["2026-11-22 01:02:03 +0100 x", "2026-11-22T01:02:03.1234567Z", "2026-11/22T01:02:03", "x"] {
            assert_eq!(read(Layout::Iso, line), None);
        }
        let line = "192.0.2.1 - - [22/Nov/2026:01:02:03 +0100] \"GET";
        assert_eq!(read(Layout::Clf, line), Some((15, 41, day + 123)));
        assert_eq!(read(Layout::Clf, "1/x - [22/Nov/2026:01:02:03 +0100] \"GET"), None);
    }

    /// A zone in the cache is not mistaken for a shorter or longer one.
    #[test]
    fn keeps_zones_apart() {
        let mut cache = Minute::default();
        let mut at =
            |line: &str| parse(Layout::Iso, line.as_bytes(), &mut cache, NOW, &Zone::default()).map(|p| p.time);
        let plain = at("2026-11-22T01:02:03");
        assert_eq!(at("2026-11-22T01:02:03+0100"), plain.map(|time| time - 3600));
        assert_eq!(at("2026-11-22T01:02:03"), plain);
        assert_eq!(at("2026-11-22T01:02:04-01:00"), plain.map(|time| time + 3601));
    }
}
