//! Literals that a matching line must contain: in one piece of bytes, and over a whole chunk for all filters.
//!
//! In: byte strings, with or without regard to ASCII case. Out: the place of the next one. Knows nothing of lines.

use aho_corasick::{packed, AhoCorasick, Input};
use memchr::memmem::Finder;

/// Most literals that the packed (SIMD) search takes.
const MAX_PACKED: usize = 64;

enum Exact {
    None,
    One(Finder<'static>),
    Packed(packed::Searcher),
    Many(AhoCorasick),
}

/// Finds any of a set of literals.
pub struct Literals {
    exact: Exact,
    caseless: Option<AhoCorasick>,
}

impl Literals {
    /// Builds the search; an error only if the set is larger than an automaton can be.
    pub fn new(exact: &[&[u8]], caseless: &[&[u8]]) -> Result<Literals, String> {
        let automaton = |literals: &[&[u8]], is_caseless: bool| {
            AhoCorasick::builder()
                .ascii_case_insensitive(is_caseless)
                .build(literals)
                .map_err(|error| format!("too many literals: {error}"))
        };
        let exact = match exact {
            [] => Exact::None,
            [one] => Exact::One(Finder::new(one).into_owned()),
            many => match packed_search(many) {
                Some(searcher) => Exact::Packed(searcher),
                None => Exact::Many(automaton(many, false)?),
            },
        };
        let caseless = if caseless.is_empty() { None } else { Some(automaton(caseless, true)?) };
        Ok(Literals { exact, caseless })
    }

    /// Place of the first case-sensitive literal at or after `from`.
    fn find_exact(&self, text: &[u8], from: usize) -> Option<usize> {
        match &self.exact {
            Exact::None => None,
            Exact::One(finder) => finder.find(&text[from..]).map(|at| at + from),
            Exact::Packed(searcher) => {
                searcher.find_in(text, aho_corasick::Span { start: from, end: text.len() }).map(|found| found.start())
            }
            Exact::Many(automaton) => automaton.find(Input::new(text).range(from..)).map(|found| found.start()),
        }
    }

    fn find_caseless(&self, text: &[u8], from: usize) -> Option<usize> {
        self.caseless.as_ref()?.find(Input::new(text).range(from..)).map(|found| found.start())
    }

    /// Whether any of the literals occurs.
    pub fn is_in(&self, text: &[u8]) -> bool {
        self.find_exact(text, 0).is_some() || self.find_caseless(text, 0).is_some()
    }
}

/// The SIMD search, where this processor has one. One-byte literals make it worse than the automaton.
fn packed_search(literals: &[&[u8]]) -> Option<packed::Searcher> {
    if literals.len() > MAX_PACKED || literals.iter().any(|literal| literal.len() < 2) {
        return None;
    }
    packed::Searcher::new(literals)
}

/// Walks through one chunk from literal to literal, in ascending order.
pub struct Walk<'a> {
    literals: &'a Literals,
    text: &'a [u8],
    exact: Option<usize>,
    caseless: Option<usize>,
}

impl<'a> Walk<'a> {
    pub fn new(literals: &'a Literals, text: &'a [u8]) -> Walk<'a> {
        Walk { literals, text, exact: literals.find_exact(text, 0), caseless: literals.find_caseless(text, 0) }
    }

    /// The first place at or after `from`; `from` must not go down between calls.
    pub fn next(&mut self, from: usize) -> Option<usize> {
        if self.exact.is_some_and(|at| at < from) {
            self.exact = self.literals.find_exact(self.text, from);
        }
        if self.caseless.is_some_and(|at| at < from) {
            self.caseless = self.literals.find_caseless(self.text, from);
        }
        match (self.exact, self.caseless) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
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
}
