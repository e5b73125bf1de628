//! Which rules may match a text at all: by its first bytes, else by a literal it must contain.
//!
//! In: the rules of a filter, a text. Out: indices of the rules worth trying, in rule order.

use crate::literals::Literals;
use crate::spec;

/// What is known of a rule's matches beforehand.
enum Hint {
    Heads(Vec<Head>),
    CaselessHeads(Vec<Vec<u8>>),
    Literals(Box<Literals>),
    Nothing,
}

/// The first bytes of a text as numbers; missing ones are 0.
pub type Lead = [u64; LEAD / 8];
const LEAD: usize = 24;

/// A head, with its first bytes as numbers: most comparisons end there, for a nanosecond each.
struct Head {
    words: Lead,
    masks: Lead,
    bytes: Vec<u8>,
}

impl Head {
    fn new(bytes: &[u8]) -> Head {
        let masks = lead(&vec![0xff; bytes.len().min(LEAD)]);
        Head { words: lead(bytes), masks, bytes: bytes.to_vec() }
    }

    /// Whether the words hold all of it. A text of fewer bytes then differs in one of them, unless the head ends with NUL.
    fn is_short(&self) -> bool {
        self.bytes.len() <= LEAD && self.bytes.last() != Some(&0)
    }

    #[inline]
    fn begins(&self, text: &[u8], lead: &Lead) -> bool {
        is_led(lead, &self.words, &self.masks) && text.len() >= self.bytes.len() && {
            self.bytes.len() <= LEAD || text[LEAD..self.bytes.len()] == self.bytes[LEAD..]
        }
    }
}

#[inline]
fn is_led(lead: &Lead, words: &Lead, masks: &Lead) -> bool {
    let differences = (0..lead.len()).map(|index| lead[index] & masks[index] ^ words[index]);
    differences.fold(0, |all, difference| all | difference) == 0
}

/// The lead of a text.
#[inline]
pub fn lead(text: &[u8]) -> Lead {
    let words = |bytes: &[u8; LEAD]| {
        let mut words = [0; LEAD / 8];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = chunk.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight));
        }
        words
    };
    if let Some(first) = text.first_chunk::<LEAD>() {
        return words(first);
    }
    let mut bytes = [0; LEAD];
    bytes[..text.len()].copy_from_slice(text);
    words(&bytes)
}

/// The rules of one filter by the first byte of the text.
pub struct Dispatch {
    hints: Vec<Hint>,
    by_first: Vec<Box<[Candidate]>>,
    of_empty: Box<[Candidate]>,
}

/// A rule, and the lead of its head if it has just one, so that most others are ruled out at a glance.
pub struct Candidate {
    pub rule: u16,
    /// Whether the lead says all that is known of the rule, so that nothing else has to be fetched.
    is_whole: bool,
    words: Lead,
    masks: Lead,
}

impl Candidate {
    fn new(rule: usize, hint: &Hint) -> Candidate {
        let (words, masks, is_whole) = match hint {
            Hint::Heads(heads) if heads.len() == 1 => (heads[0].words, heads[0].masks, heads[0].is_short()),
            Hint::Nothing => (Lead::default(), Lead::default(), true),
            _ => Default::default(),
        };
        Candidate { rule: rule as u16, is_whole, words, masks }
    }
}

impl Dispatch {
    pub fn new(rules: &[spec::Rule]) -> Result<Dispatch, String> {
        if rules.len() > usize::from(u16::MAX) {
            return Err("more than 65535 rules".into());
        }
        let hints = rules.iter().map(Hint::new).collect::<Result<Vec<_>, _>>()?;
        let select = |accepts: &dyn Fn(&Hint) -> bool| -> Box<[Candidate]> {
            let all = hints.iter().enumerate();
            all.filter(|(_, hint)| accepts(hint)).map(|(rule, hint)| Candidate::new(rule, hint)).collect()
        };
        let by_first = (0..=255u8).map(|byte| select(&|hint: &Hint| hint.may_begin_with(byte))).collect();
        let of_empty = select(&|hint: &Hint| !matches!(hint, Hint::Heads(_) | Hint::CaselessHeads(_)));
        Ok(Dispatch { by_first, of_empty, hints })
    }

    /// Rules whose head may begin with the first byte of the text.
    pub fn candidates(&self, text: &[u8]) -> &[Candidate] {
        text.first().map_or(&self.of_empty, |&byte| &self.by_first[usize::from(byte)])
    }

    /// Whether a candidate may match the text, which begins with `lead`.
    #[inline]
    pub fn may_match(&self, candidate: &Candidate, text: &[u8], lead: &Lead) -> bool {
        if !is_led(lead, &candidate.words, &candidate.masks) {
            return false;
        }
        candidate.is_whole || self.fits_hint(candidate, text, lead)
    }

    #[inline]
    fn fits_hint(&self, candidate: &Candidate, text: &[u8], lead: &Lead) -> bool {
        match &self.hints[usize::from(candidate.rule)] {
            Hint::Heads(heads) => heads.iter().any(|head| head.begins(text, lead)),
            Hint::CaselessHeads(heads) => heads.iter().any(|head| begins_caseless(text, head)),
            Hint::Literals(literals) => literals.is_in(text),
            Hint::Nothing => true,
        }
    }
}

impl Hint {
    fn new(rule: &spec::Rule) -> Result<Hint, String> {
        let is_caseless = rule.is_caseless;
        if !rule.heads.is_empty() && rule.heads.iter().all(|head| !head.is_empty()) {
            let exact = || Hint::Heads(rule.heads.iter().map(|head| Head::new(head)).collect());
            return Ok(if is_caseless { Hint::CaselessHeads(rule.heads.clone()) } else { exact() });
        }
        match usable(rule) {
            [] => Ok(Hint::Nothing),
            literals => {
                let all: Vec<&[u8]> = literals.iter().map(Vec::as_slice).collect();
                let literals = if is_caseless { Literals::new(&[], &all) } else { Literals::new(&all, &[]) };
                Ok(Hint::Literals(Box::new(literals?)))
            }
        }
    }

    fn may_begin_with(&self, byte: u8) -> bool {
        match self {
            Hint::Heads(heads) => heads.iter().any(|head| head.bytes[0] == byte),
            Hint::CaselessHeads(heads) => heads.iter().any(|head| head[0].eq_ignore_ascii_case(&byte)),
            _ => true,
        }
    }
}

fn begins_caseless(text: &[u8], head: &[u8]) -> bool {
    text.get(..head.len()).is_some_and(|start| start.eq_ignore_ascii_case(head))
}

/// The literals of a rule; none if one of them is empty or spans lines, as it then says nothing.
pub fn usable(rule: &spec::Rule) -> &[Vec<u8>] {
    let says_nothing = |literal: &Vec<u8>| literal.is_empty() || literal.contains(&b'\n');
    if rule.literals.iter().any(says_nothing) {
        &[]
    } else {
        &rule.literals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(heads: &[&str], literals: &[&str], is_caseless: bool) -> spec::Rule {
        let bytes = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect();
        spec::Rule { heads: bytes(heads), literals: bytes(literals), is_caseless, ..spec::Rule::default() }
    }

    /// A rule is tried if its head begins the text, if a literal is in it, or if nothing is known of it.
    #[test]
    fn selects_rules() {
        let rules = [
            rule(&["Failed ", "Fatal"], &[], false),
            rule(&["invalid"], &[], true),
            rule(&[], &["from", "by"], false),
            rule(&[], &[], false),
            rule(&[], &["a\nb"], false),
            rule(&["Disconnected "], &[], false),
            rule(&["a long head of 24 bytes, and more"], &[], false),
            rule(&["z\0"], &[], false),
            rule(&["one 24 head of 24 octets"], &[], false),
        ];
        let dispatch = Dispatch::new(&rules).expect("builds");
        let selected = |text: &str| -> Vec<u16> {
            let (bytes, lead) = (text.as_bytes(), lead(text.as_bytes()));
            let candidates = dispatch.candidates(bytes).iter();
            candidates.filter(|each| dispatch.may_match(each, bytes, &lead)).map(|each| each.rule).collect()
        };
        assert_eq!(selected("Failed x"), [0, 3, 4]);
        assert_eq!(selected("Disconnected from"), [2, 3, 4, 5]);
        assert_eq!(selected("Disconnecting"), [3, 4]);
        assert_eq!(selected("Disc"), [3, 4]);
        assert_eq!(selected("Fail from"), [2, 3, 4]);
        assert_eq!(selected("INVALID by"), [1, 2, 3, 4]);
        assert_eq!(selected(""), [3, 4]);
        assert_eq!(selected("a long head of 24 bytes, and more."), [2, 3, 4, 6]);
        assert_eq!(selected("a long head of 24 bytes, and less."), [2, 3, 4]);
        assert_eq!(selected("a long head of 24 bytes"), [2, 3, 4]);
        assert_eq!(selected("z"), [3, 4]);
        assert_eq!(selected("z\0"), [3, 4, 7]);
        assert_eq!(selected("one 24 head of 24 octets"), [3, 4, 8]);
        assert_eq!(selected("one 24 head of 24 octet"), [3, 4]);
    }
}
