//! What a scan yields, as plain values: made without the interpreter, wrapped for Python afterwards.
//!
//! In: fields and lines. Out: failures, odd lines, verdicts. Bounded per call where an attacker could make them many.

use std::collections::HashMap;
use std::sync::Arc;

use crate::fields::{is_flag, Fields, NameId};
use crate::hashing::Seed;
use crate::limits::{cut, MAX_INTERNED, MAX_ODD, MAX_SHOWN};
use crate::shown::Shown;

/// Fields and lines of a failure in one piece of memory, taken apart only if somebody asks: a count of lines, each with
/// its length, then number, length and text of each field.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail(Vec<u8>);

impl Detail {
    /// Packs the fields, the lines that go before and the current ones.
    pub fn new(fields: &Fields, earlier: Option<&Shown>, current: &[&str]) -> Detail {
        let shown = |line| cut(line, MAX_SHOWN);
        let before = earlier.map_or(0, Shown::len);
        let size = earlier.map_or(0, Shown::bytes) + current.iter().map(|line| shown(line).len() + 4).sum::<usize>();
        let mut packed = Vec::with_capacity(4 + 4 * before + size + fields.packed_size());
        packed.extend(((before + current.len()) as u32).to_le_bytes());
        for line in earlier.into_iter().flat_map(Shown::iter).chain(current.iter().map(|line| shown(line))) {
            packed.extend((line.len() as u32).to_le_bytes());
            packed.extend(line.as_bytes());
        }
        for (name, value) in fields.iter().filter(|(name, _)| !is_flag(*name)) {
            packed.extend(name.to_le_bytes());
            packed.extend((value.len() as u32).to_le_bytes());
            packed.extend(value.as_bytes());
        }
        Detail(packed)
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> Vec<&str> {
        self.unpack().0
    }

    /// Names and values.
    pub fn fields(&self) -> Vec<(NameId, &str)> {
        self.unpack().1
    }

    fn unpack(&self) -> (Vec<&str>, Vec<(NameId, &str)>) {
        let mut rest = self.0.as_slice();
        let lines = (0..number(&mut rest)).map(|_| text(&mut rest)).collect();
        let mut fields = Vec::new();
        while let Some((name, tail)) = rest.split_first_chunk::<2>() {
            rest = tail;
            fields.push((NameId::from_le_bytes(*name), text(&mut rest)));
        }
        (lines, fields)
    }
}

fn number(rest: &mut &[u8]) -> u32 {
    let Some((bytes, tail)) = rest.split_first_chunk::<4>() else { return 0 };
    *rest = tail;
    u32::from_le_bytes(*bytes)
}

fn text<'a>(rest: &mut &'a [u8]) -> &'a str {
    let length = (number(rest) as usize).min(rest.len());
    let (bytes, tail) = rest.split_at(length);
    *rest = tail;
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// Who failed, when, under which rule. `id` and `ip` are numbers in `Ids`.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub filter: u32,
    pub rule: u32,
    pub time: f64,
    pub logged: Option<f64>,
    pub id: u32,
    pub ip: Option<u32>,
    pub is_name: bool,
    pub host: NameId,
    pub detail: Detail,
}

/// A line that hit a limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Odd {
    pub filter: u32,
    pub reason: &'static str,
    pub line: String,
}

/// What became of one line for one filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub n: u64,
    pub filter: u32,
    pub verdict: &'static str,
    pub rule: Option<u32>,
    pub time: Option<f64>,
    pub detail: Option<Detail>,
    pub line: String,
    pub reason: &'static str,
    /// Where its failures stand in the yield.
    pub failures: std::ops::Range<usize>,
}

/// Identifiers as small numbers, so that each becomes a Python string once.
#[derive(Default)]
pub struct Ids {
    numbers: HashMap<Arc<str>, u32, Seed>,
    /// Identifiers that are new since `take_fresh`.
    fresh: Vec<Arc<str>>,
}

impl Ids {
    pub fn number(&mut self, id: &str) -> u32 {
        if let Some(&number) = self.numbers.get(id) {
            return number;
        }
        let (number, shared) = (self.numbers.len() as u32, Arc::<str>::from(id));
        self.numbers.insert(shared.clone(), number);
        self.fresh.push(shared);
        number
    }

    /// Identifiers that are new, in the order of their numbers.
    pub fn take_fresh(&mut self) -> Vec<Arc<str>> {
        std::mem::take(&mut self.fresh)
    }

    /// Forgets all identifiers if there are too many; only between calls, as it makes numbers void. Says whether it did.
    pub fn trim(&mut self) -> bool {
        let is_full = self.numbers.len() > MAX_INTERNED;
        if is_full {
            *self = Ids::default();
        }
        is_full
    }
}

/// Everything that one call yields.
#[derive(Default)]
pub struct Yield {
    pub failures: Vec<Failure>,
    pub odd: Vec<Odd>,
    /// All odd lines, those that were not kept included.
    pub odd_count: u64,
    pub verdicts: Vec<Verdict>,
}

impl Yield {
    /// Keeps an odd line; beyond the bound it is only counted, by the caller.
    pub fn add_odd(&mut self, filter: usize, reason: &'static str, line: &str) {
        self.odd_count += 1;
        if self.odd.len() < MAX_ODD {
            self.odd.push(Odd { filter: filter as u32, reason, line: cut(line, MAX_SHOWN).to_owned() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::{NOFAIL, USER};

    /// What is packed comes out again, without the flags.
    #[test]
    fn packs_and_unpacks() {
        let mut fields = Fields::new(11);
        fields.set(USER, "ro\u{f6}t");
        fields.set(NOFAIL, "x");
        let mut earlier = Shown::default();
        earlier.push("first", 100);
        let detail = Detail::new(&fields, Some(&earlier), &["second", ""]);
        assert_eq!(detail.lines(), ["first", "second", ""]);
        assert_eq!(detail.fields(), [(USER, "ro\u{f6}t")]);
        assert_eq!(Detail::new(&Fields::new(0), None, &[]).lines(), [] as [&str; 0]);
    }

    /// Numbers stay until there are too many.
    #[test]
    fn numbers_identifiers() {
        let mut ids = Ids::default();
        assert_eq!((ids.number("a"), ids.number("b"), ids.number("a")), (0, 1, 0));
        assert_eq!(ids.take_fresh().len(), 2);
        assert!(!ids.trim());
        for number in 0..=MAX_INTERNED {
            ids.number(&number.to_string());
        }
        assert!(ids.trim() && ids.number("z") == 0);
    }
}
