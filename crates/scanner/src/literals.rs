//! Literals that a matching line must contain: in one piece of bytes, and over a whole chunk for all filters.
//!
//! In: byte strings, with or without regard to ASCII case. Out: a place within the next one. Knows nothing of lines.
//! Three kinds of search share the work: SIMD for a few literals, grams for many or caseless ones, automata for what is
//! too short for grams.

use aho_corasick::{packed, AhoCorasick, Input};
use memchr::memmem::Finder;

use crate::grams::{Grams, LONG, SHORTEST};

/// Literals that the SIMD search takes without slowing down.
const FEW: usize = 24;
/// Most literals that it takes at all.
const MAX_PACKED: usize = 64;

enum Part {
    One(Finder<'static>),
    Packed(packed::Searcher),
    Automaton(AhoCorasick),
    Grams(Grams),
}

/// Finds any of a set of literals; at most one part for short ones, one for grams, one for short caseless ones.
pub struct Literals {
    parts: Vec<Part>,
}

const MAX_PARTS: usize = 3;

impl Literals {
    /// Builds the search; an error only if the set is larger than an automaton can be.
    pub fn new(exact: &[&[u8]], caseless: &[&[u8]]) -> Result<Literals, String> {
        let least = least_for_grams(exact, caseless);
        let (long, short): (Vec<&[u8]>, Vec<&[u8]>) = exact.iter().partition(|literal| literal.len() >= least);
        let (long_caseless, short_caseless): (Vec<&[u8]>, Vec<&[u8]>) =
            caseless.iter().partition(|literal| literal.len() >= least);
        let mut parts = Vec::new();
        parts.extend(Part::exact(&short)?);
        parts.extend(Grams::new(&long, &long_caseless).map(Part::Grams));
        if !short_caseless.is_empty() {
            parts.push(automaton(&short_caseless, true)?);
        }
        Ok(Literals { parts })
    }

    /// Whether any of the literals occurs.
    pub fn is_in(&self, text: &[u8]) -> bool {
        self.parts.iter().any(|part| part.find(text, 0).is_some())
    }
}

impl Part {
    /// The search for exact literals that grams do not take; None for an empty set.
    fn exact(literals: &[&[u8]]) -> Result<Option<Part>, String> {
        match literals {
            [] => Ok(None),
            [one] => Ok(Some(Part::One(Finder::new(one).into_owned()))),
            many => match packed_search(many) {
                Some(searcher) => Ok(Some(Part::Packed(searcher))),
                None => automaton(many, false).map(Some),
            },
        }
    }

    /// A place within the first literal that begins at or after `from`.
    fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        match self {
            Part::One(finder) => finder.find(&text[from..]).map(|at| at + from),
            Part::Packed(searcher) => {
                searcher.find_in(text, aho_corasick::Span { start: from, end: text.len() }).map(|found| found.start())
            }
            Part::Automaton(automaton) => automaton.find(Input::new(text).range(from..)).map(|found| found.start()),
            Part::Grams(grams) => grams.find(text, from),
        }
    }
}

/// From which length on literals are searched by grams: all caseless ones if possible, and so many of the others that
/// few are left. The longer the shortest gram literal is, the quicker they are found.
fn least_for_grams(exact: &[&[u8]], caseless: &[&[u8]]) -> usize {
    if exact.len() <= FEW && caseless.is_empty() {
        return usize::MAX;
    }
    let is_good = |least: &usize| {
        let left = exact.iter().filter(|literal| literal.len() < *least).count();
        left <= FEW && !caseless.iter().any(|literal| (SHORTEST..*least).contains(&literal.len()))
    };
    (SHORTEST..=LONG).rev().find(is_good).unwrap_or(SHORTEST)
}

fn automaton(literals: &[&[u8]], is_caseless: bool) -> Result<Part, String> {
    AhoCorasick::builder()
        .ascii_case_insensitive(is_caseless)
        .build(literals)
        .map(Part::Automaton)
        .map_err(|error| format!("too many literals: {error}"))
}

/// The SIMD search, where this processor has one. One-byte literals make it worse than the automaton.
fn packed_search(literals: &[&[u8]]) -> Option<packed::Searcher> {
    if literals.len() > MAX_PACKED || literals.iter().any(|literal| literal.len() < 2) {
        return None;
    }
    packed::Searcher::new(literals)
}

/// Walks through one chunk from line to line: each part's next place is kept until it is passed.
pub struct Walk<'a> {
    literals: &'a Literals,
    text: &'a [u8],
    places: [Option<usize>; MAX_PARTS],
}

impl<'a> Walk<'a> {
    pub fn new(literals: &'a Literals, text: &'a [u8]) -> Walk<'a> {
        let mut places = [None; MAX_PARTS];
        for (place, part) in places.iter_mut().zip(&literals.parts) {
            *place = part.find(text, 0);
        }
        Walk { literals, text, places }
    }

    /// A place at or after `from`, within the first literal of its kind; `from` must not go down between calls. No literal
    /// ends before that place.
    pub fn next(&mut self, from: usize) -> Option<usize> {
        for (place, part) in self.places.iter_mut().zip(&self.literals.parts) {
            if place.is_some_and(|at| at < from) {
                *place = part.find(self.text, from);
            }
        }
        self.places.iter().flatten().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(exact: &[&[u8]], caseless: &[&[u8]], text: &[u8]) -> Vec<usize> {
        let literals = Literals::new(exact, caseless).expect("builds");
        let mut walk = Walk::new(&literals, text);
        let (mut found, mut from) = (Vec::new(), 0);
        while let Some(at) = walk.next(from) {
            found.push(at);
            from = at + 1;
        }
        assert_eq!(literals.is_in(text), !found.is_empty());
        found
    }

    /// One, several, many and caseless literals are found in order, each kind by its own search.
    #[test]
    fn walks_in_order() {
        let text = b"..ab..CD..ab..cd..x";
        assert_eq!(places(&[b"ab"], &[], text), [2, 10]);
        assert_eq!(places(&[b"ab", b"cd"], &[], text), [2, 10, 14]);
        assert_eq!(places(&[b"ab", b"x"], &[b"cd"], text), [2, 6, 10, 14, 18]);
        assert_eq!(places(&[], &[b"AB"], text), [2, 10]);
        let many: Vec<Vec<u8>> = (0..100).map(|n| format!("q{n:03}").into_bytes()).collect();
        let many: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
        assert_eq!(places(&many, &[], b"..q007..q099"), [2, 8]);
        assert_eq!(places(&[], &[], text), [] as [usize; 0]);
    }

    /// Many long literals are found as few are, and beside short ones: the same lines, whatever kind of search finds them.
    #[test]
    fn finds_long_ones_among_many() {
        let long: Vec<Vec<u8>> =
            (1..101).map(|n| format!("{:09x} and more", n * 7_654_321_987u64).into_bytes()).collect();
        let long: Vec<&[u8]> = long.iter().map(Vec::as_slice).collect();
        let exact = [&long[..], &[b" 40", b"short"]].concat();
        let lines = "... c79a1cad5 and more ...\n... 40 ...\n... LONG ENOUGH ...\n...\nc79a1cad5 and mor\nn: x\n";
        let text = lines.as_bytes();
        let literals = Literals::new(&exact, &[b"n: X", b"long enough"]).expect("builds");
        let mut walk = Walk::new(&literals, text);
        let (mut lines, mut from) = (Vec::new(), 0);
        while let Some(at) = walk.next(from) {
            lines.push(text[..at].iter().filter(|&&byte| byte == b'\n').count());
            from = at + text[at..].iter().position(|&byte| byte == b'\n').expect("a newline") + 1;
        }
        assert_eq!(lines, [0, 1, 2, 5]);
    }
}
