//! What a scan yields, as plain values: made without the interpreter, wrapped for Python afterwards.
//!
//! In: fields and lines. Out: failures, odd lines, verdicts. Bounded per call where an attacker could make them many.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::detail::Detail;
use crate::fields::NameId;
use crate::hashing::Seed;
use crate::limits::{cut, MAX_INTERNED, MAX_KEPT_DETAILS, MAX_ODD, MAX_SHOWN};
use crate::quad::quad;

/// Who failed, when, under which rule. `id` is a number in `Ids`; `detail` is its piece of `Yield::details`.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub filter: u32,
    pub rule: u32,
    pub time: f64,
    pub logged: Option<f64>,
    pub id: u32,
    pub is_name: bool,
    pub host: NameId,
    pub detail: Range<usize>,
}

/// A line that hit a limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Odd {
    pub filter: u32,
    pub reason: &'static str,
    pub line: String,
}

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Undated,
    Off,
    Old,
    Undecodable,
}

impl Kind {
    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Undated => "undated",
            Kind::Off => "off",
            Kind::Old => "old",
            Kind::Undecodable => "undecodable",
        }
    }
}

/// Something about the times or the bytes of a filter's lines that an operator should hear of now and then.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    pub filter: u32,
    pub kind: Kind,
    pub line: String,
    /// How far the line's time is after (or, below zero, before) the present.
    pub seconds: f64,
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
    pub failures: Range<usize>,
}

/// A quad and its number at the place that the quad's hash names; the later one stays. At first a number that is none.
struct Recent([(u32, u32); RECENT]);
const RECENT: usize = 64;

impl Default for Recent {
    fn default() -> Recent {
        Recent([(0, u32::MAX); RECENT])
    }
}

impl Recent {
    #[inline]
    fn place(quad: u32) -> usize {
        (quad.wrapping_mul(0x9e37_79b1) >> 26) as usize
    }
}

/// Identifiers as small numbers, so that each becomes a Python string once.
#[derive(Default)]
pub struct Ids {
    /// Dotted quads by their value: no text has to be fetched and compared.
    quads: HashMap<u32, u32, Seed>,
    /// Quads that were asked for lately, with their numbers: the table of all is too large for the processor's cache, and
    /// the lines of one connection stand near each other.
    recent: Recent,
    others: HashMap<Arc<str>, u32, Seed>,
    /// Identifiers that are new since `take_fresh`.
    fresh: Vec<Arc<str>>,
}

impl Ids {
    pub fn number(&mut self, id: &str) -> u32 {
        if let Some(quad) = quad(id) {
            let place = Recent::place(quad);
            match self.recent.0[place] {
                (known, number) if known == quad && number != u32::MAX => return number,
                _ => {}
            }
            let number = self.number_of_quad(quad, id);
            self.recent.0[place] = (quad, number);
            return number;
        }
        let next = self.len() as u32;
        if let Some(&number) = self.others.get(id) {
            return number;
        }
        let shared = Arc::<str>::from(id);
        self.others.insert(shared.clone(), next);
        self.fresh.push(shared);
        next
    }

    fn number_of_quad(&mut self, quad: u32, id: &str) -> u32 {
        let next = self.len() as u32;
        let number = *self.quads.entry(quad).or_insert(next);
        if number == next {
            self.fresh.push(id.into());
        }
        number
    }

    fn len(&self) -> usize {
        self.quads.len() + self.others.len()
    }

    /// Identifiers that are new, in the order of their numbers.
    pub fn take_fresh(&mut self) -> Vec<Arc<str>> {
        std::mem::take(&mut self.fresh)
    }

    /// Forgets all identifiers if there are too many; only between calls, as it makes numbers void. Says whether it did.
    pub fn trim(&mut self) -> bool {
        let is_full = self.len() > MAX_INTERNED;
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
    /// What the failures show, one after the other in one piece of memory.
    pub details: Vec<u8>,
    pub odd: Vec<Odd>,
    /// All odd lines, those that were not kept included.
    pub odd_count: u64,
    /// At most one of a kind for each filter.
    pub notes: Vec<Note>,
    /// Which kinds there are, as bits by filter.
    noted: Vec<u8>,
    pub verdicts: Vec<Verdict>,
}

impl Yield {
    /// Makes an old yield empty; memory beyond `MAX_KEPT_DETAILS` and its like is given back.
    pub fn reuse(mut old: Yield) -> Yield {
        if old.details.capacity() > MAX_KEPT_DETAILS {
            return Yield::default();
        }
        old.failures.clear();
        old.details.clear();
        Yield { failures: old.failures, details: old.details, ..Yield::default() }
    }

    /// Keeps an odd line; beyond the bound it is only counted, by the caller.
    pub fn add_odd(&mut self, filter: usize, reason: &'static str, line: &str) {
        self.odd_count += 1;
        if self.odd.len() < MAX_ODD {
            self.odd.push(Odd { filter: filter as u32, reason, line: cut(line, MAX_SHOWN).to_owned() });
        }
    }

    /// Keeps a note, if it is the filter's first of its kind in this call.
    #[inline]
    pub fn add_note(&mut self, filter: u32, kind: Kind, line: &str, seconds: f64) {
        let (index, bit) = (filter as usize, 1 << kind as u8);
        if self.noted.get(index).is_none_or(|kinds| kinds & bit == 0) {
            self.noted.resize(self.noted.len().max(index + 1), 0);
            self.noted[index] |= bit;
            self.notes.push(Note { filter, kind, line: cut(line, MAX_SHOWN).to_owned(), seconds });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers stay until there are too many.
    #[test]
    fn numbers_identifiers() {
        let mut ids = Ids::default();
        assert_eq!((ids.number("a"), ids.number("192.0.2.1"), ids.number("b"), ids.number("a")), (0, 1, 2, 0));
        assert_eq!((ids.number("192.0.2.1"), ids.number("192.0.2.2"), ids.number("::1")), (1, 3, 4));
        assert_eq!(
            ids.take_fresh().iter().map(|id| &**id).collect::<Vec<_>>(),
            ["a", "192.0.2.1", "b", "192.0.2.2", "::1"]
        );
        assert!(!ids.trim());
        for number in 0..=MAX_INTERNED {
            ids.number(&number.to_string());
        }
        assert!(ids.trim() && ids.number("z") == 0);
    }

    /// However many quads share a place among the recent ones, each keeps its number; after a trim all are new.
    #[test]
    fn numbers_quads_for_good() {
        let quads: Vec<String> =
            (0..500u32).map(|n| std::net::Ipv4Addr::from(n.wrapping_mul(0x0100_0193)).to_string()).collect();
        let mut ids = Ids::default();
        for round in 0..3 {
            for (number, quad) in quads.iter().enumerate() {
                assert_eq!((ids.number(quad), ids.number(quad)), (number as u32, number as u32), "{round}");
            }
        }
        assert_eq!((quads[0].as_str(), ids.take_fresh().len()), ("0.0.0.0", 500));
        for number in 0..=MAX_INTERNED {
            ids.number(&number.to_string());
        }
        assert!(ids.trim());
        assert_eq!((ids.number(&quads[499]), ids.number(&quads[0]), ids.take_fresh().len()), (0, 1, 2));
    }
}
