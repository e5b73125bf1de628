//! Many literals at once, with or without regard to ASCII case, by looking at a few bytes now and then.
//!
//! In: literals of at least `SHORTEST` bytes, a text. Out: a place within the first occurrence. Four bytes ("a gram")
//! are looked up in a table of bits at every `stride`-th place; the stride is such that every occurrence of a literal
//! has such a place in it, so that nothing is missed, and the longer the shortest literal is, the fewer places are
//! looked at. The number of literals hardly matters: a SIMD search slows down beyond some two dozen, and an automaton
//! looks at every byte.

use std::collections::HashMap;
use std::ops::Range;

/// Shortest literal that is worth it.
pub const SHORTEST: usize = 8;

/// Literals from this length on are no quicker to find.
pub const LONG: usize = 16 + GRAM - 1;

const GRAM: usize = 4;
/// Entries that may be compared before each costs `COMPARISON` bytes of text; a text that needs more is taken for one
/// with a literal, which is never wrong: somebody wrote it to be slow.
const SPARE: usize = 64;
const COMPARISON: usize = 4;
/// Distances between two places that are looked at; the longest that the shortest literal allows is taken.
const STRIDES: [usize; 5] = [SHORTEST - GRAM + 1, 7, 9, 12, LONG - GRAM + 1];
/// Places that are looked at before asking whether one of them was a hit.
const AT_ONCE: usize = 4;
const WORDS: usize = 1024;

struct Literal {
    bytes: Box<[u8]>,
    is_caseless: bool,
}

/// A gram of a literal: its hash, which literal, and where in it.
struct Entry {
    hash: usize,
    literal: u32,
    offset: u32,
}

/// Finds any of a set of literals.
pub struct Grams {
    literals: Vec<Literal>,
    stride: usize,
    /// Which hashes are those of some literal's gram; 8 KiB, so that it stays in the nearest cache.
    bits: Box<[u64; WORDS]>,
    /// Sorted by hash; `starts` has where the entries of each word of `bits` begin, and their end.
    entries: Vec<Entry>,
    starts: Vec<u32>,
}

impl Grams {
    /// None if there are no literals or one of them is shorter than `SHORTEST`.
    pub fn new(exact: &[&[u8]], caseless: &[&[u8]]) -> Option<Grams> {
        let own = |bytes: &&[u8], is_caseless| Literal { bytes: (*bytes).into(), is_caseless };
        let literals: Vec<Literal> =
            exact.iter().map(|each| own(each, false)).chain(caseless.iter().map(|each| own(each, true))).collect();
        let shortest = literals.iter().map(|literal| literal.bytes.len()).min().filter(|&least| least >= SHORTEST)?;
        let stride = STRIDES.into_iter().rev().find(|stride| stride + GRAM <= shortest + 1)?;
        let entries = entries(&literals, stride);
        let mut bits = Box::new([0; WORDS]);
        for entry in &entries {
            bits[entry.hash / 64] |= 1 << (entry.hash % 64);
        }
        let starts = (0..=WORDS).map(|word| entries.partition_point(|entry| entry.hash / 64 < word) as u32).collect();
        Some(Grams { literals, stride, bits, entries, starts })
    }

    /// A place within the first literal that begins at or after `from`, first by that place. May err on the side of
    /// finding one in texts made to be slow.
    pub fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        // The stride is known to the compiler, which makes straight code of four places.
        match self.stride {
            16 => self.scan::<16>(text, from),
            12 => self.scan::<12>(text, from),
            9 => self.scan::<9>(text, from),
            7 => self.scan::<7>(text, from),
            _ => self.scan::<{ STRIDES[0] }>(text, from),
        }
    }

    fn scan<const STRIDE: usize>(&self, text: &[u8], from: usize) -> Option<usize> {
        let (mut place, mut compared) = (from, 0);
        let mut blocks = text.get(from..)?.chunks_exact(AT_ONCE * STRIDE);
        for block in &mut blocks {
            let is_likely = (0..AT_ONCE).fold(false, |is_any, step| is_any | self.is_likely(&block[step * STRIDE..]));
            if is_likely {
                if let Some(found) = self.confirmed::<STRIDE>(text, from, place..place + block.len(), &mut compared) {
                    return Some(found);
                }
            }
            place += block.len();
        }
        self.confirmed::<STRIDE>(text, from, place..text.len(), &mut compared)
    }

    #[inline(always)]
    fn is_likely(&self, text: &[u8]) -> bool {
        let Some(gram) = text.first_chunk::<GRAM>() else { return false };
        let hash = hash(gram);
        self.bits[hash / 64] >> (hash % 64) & 1 != 0
    }

    /// The first place of some that really lies in a literal.
    #[inline(never)]
    fn confirmed<const STRIDE: usize>(
        &self,
        text: &[u8],
        from: usize,
        places: Range<usize>,
        compared: &mut usize,
    ) -> Option<usize> {
        let is_hit = |place: &usize| self.is_likely(&text[*place..]) && self.is_confirmed(text, from, *place, compared);
        places.step_by(STRIDE).find(is_hit)
    }

    fn is_confirmed(&self, text: &[u8], from: usize, place: usize, compared: &mut usize) -> bool {
        let hash = hash(&text[place..]);
        let entries = &self.entries[self.starts[hash / 64] as usize..self.starts[hash / 64 + 1] as usize];
        *compared += entries.len();
        let is_slow = *compared > SPARE + (place - from) / COMPARISON;
        is_slow || entries.iter().any(|entry| entry.hash == hash && self.is_at(entry, text, from, place))
    }

    fn is_at(&self, entry: &Entry, text: &[u8], from: usize, place: usize) -> bool {
        let literal = &self.literals[entry.literal as usize];
        let begin = place.checked_sub(entry.offset as usize).filter(|&begin| begin >= from);
        let found = begin.and_then(|begin| text.get(begin..begin + literal.bytes.len()));
        found.is_some_and(|found| {
            *found == *literal.bytes || literal.is_caseless && found.eq_ignore_ascii_case(&literal.bytes)
        })
    }
}

/// `stride` neighbouring grams of each literal, sorted by hash: those that the fewest literals share.
fn entries(literals: &[Literal], stride: usize) -> Vec<Entry> {
    let hashes = |literal: &Literal| literal.bytes.windows(GRAM).map(hash).collect::<Vec<usize>>();
    let mut shared: HashMap<usize, usize> = HashMap::new();
    for hash in literals.iter().flat_map(hashes) {
        *shared.entry(hash).or_default() += 1;
    }
    let mut entries = Vec::with_capacity(literals.len() * stride);
    for (number, literal) in literals.iter().enumerate() {
        let all = hashes(literal);
        let sharers = |first: &usize| all[*first..*first + stride].iter().map(|hash| shared[hash]).sum::<usize>();
        let first = (0..=all.len() - stride).min_by_key(sharers).unwrap_or_default();
        let window = all.iter().enumerate().skip(first).take(stride);
        entries.extend(window.map(|(at, &hash)| Entry { hash, literal: number as u32, offset: at as u32 }));
    }
    entries.sort_unstable_by_key(|entry| entry.hash);
    entries
}

/// A hash of four bytes, the same for both cases of a letter (and for some signs, which `is_confirmed` tells apart).
#[inline(always)]
fn hash(gram: &[u8]) -> usize {
    const CASE: u32 = 0x2020_2020;
    let value = gram.first_chunk::<GRAM>().map_or(0, |gram| u32::from_le_bytes(*gram));
    ((value | CASE).wrapping_mul(0x9e37_79b1) >> 16) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each occurrence is found wherever it stands: at every place of texts of every length, to the last byte.
    #[test]
    fn finds_at_every_place() {
        for length in SHORTEST..24 {
            let literal = &"a literal of any length"[..length];
            let grams = Grams::new(&[literal.as_bytes(), b"something else"], &[]).expect("long enough");
            for before in 0..70 {
                for after in [0, 1, 2, 3, 5, 8, 13, 70] {
                    let text = format!("{}{literal}{}", ".".repeat(before), ".".repeat(after));
                    let place = grams.find(text.as_bytes(), 0).expect("found");
                    assert!((before..before + literal.len()).contains(&place));
                    assert!(grams.find(text.as_bytes(), before).is_some());
                    assert_eq!(grams.find(text.as_bytes(), before + 1), None);
                    assert_eq!(grams.find(&text.as_bytes()[..before + literal.len() - 1], 0), None);
                }
            }
        }
    }

    /// Case matters to the exact literals only, and what the hash confuses is told apart.
    #[test]
    fn regards_case_where_it_matters() {
        let grams = Grams::new(&[b"Exact[Word"], &[b"Caseless@Word"]).expect("long enough");
        let is_found = |text: &[u8]| grams.find(text, 0).is_some();
        assert!(is_found(b"..Exact[Word..") && !is_found(b"..exact[word..") && !is_found(b"..Exact{Word.."));
        assert!(is_found(b"..caseLESS@word..") && !is_found(b"..caseless`word.."));
    }

    /// A text in which every place begins like many literals is given up as one with a literal, before it costs much.
    #[test]
    fn gives_up_slow_texts() {
        let literals: Vec<Vec<u8>> = (0..500).map(|n| format!("same head, {n:03}").into_bytes()).collect();
        let literals: Vec<&[u8]> = literals.iter().map(Vec::as_slice).collect();
        let grams = Grams::new(&literals, &[]).expect("long enough");
        let slow = "same head, x".repeat(1000);
        assert!(grams.find(slow.as_bytes(), 0).is_some_and(|place| place < 1000));
        assert_eq!(grams.find("an ordinary text ".repeat(1000).as_bytes(), 0), None);
    }

    /// Short literals are refused, as is an empty set.
    #[test]
    fn refuses_short_literals() {
        assert!(Grams::new(&[b"1234567"], &[]).is_none());
        assert!(Grams::new(&[], &[]).is_none());
    }
}
