//! The captured groups of a line or a session: names as small numbers, values in one text.
//!
//! In: names of groups, values. Out: values by name. The names that have a meaning to the dialect have fixed numbers.

use crate::limits::{cut, MAX_VALUE};

/// Number of a name in `Names`; those of addresses come first.
pub type NameId = u16;

pub const IP4: NameId = 0;
pub const IP6: NameId = 1;
pub const DNS: NameId = 2;
pub const CIDR: NameId = 3;
pub const FID: NameId = 4;
pub const USER: NameId = 5;
pub const MLFID: NameId = 6;
pub const NOFAIL: NameId = 7;
pub const MLFFORGET: NameId = 8;
pub const MLFGAINED: NameId = 9;
pub const CONTENT: NameId = 10;
/// All users of a session that has seen several.
pub const USERS: NameId = 11;

const KNOWN: [&str; 12] =
    ["ip4", "ip6", "dns", "cidr", "fid", "user", "mlfid", "nofail", "mlfforget", "mlfgained", "content", "users"];

/// Groups that steer the scanner and are no data of a failure.
pub fn is_flag(name: NameId) -> bool {
    (NOFAIL..=CONTENT).contains(&name)
}

/// The groups that hold an address in one form or another.
const ADDRESSES: [NameId; 3] = [IP4, IP6, DNS];

fn is_address(name: NameId) -> bool {
    (IP4..=CIDR).contains(&name)
}

/// All group names of one filter.
#[derive(Clone, Debug)]
pub struct Names {
    list: Vec<String>,
}

impl Default for Names {
    fn default() -> Self {
        Names { list: KNOWN.map(str::to_owned).to_vec() }
    }
}

impl Names {
    /// The number of a name, which is new if need be; None when there are more than 65,535 names.
    pub fn number(&mut self, name: &str) -> Option<NameId> {
        let found = self.list.iter().position(|known| known == name).unwrap_or_else(|| {
            self.list.push(name.to_owned());
            self.list.len() - 1
        });
        NameId::try_from(found).ok()
    }

    pub fn name(&self, number: NameId) -> &str {
        self.list.get(usize::from(number)).map_or("", String::as_str)
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }
}

/// Start and end in the text; `UNSET` where there is no value.
type Span = (u32, u32);
const UNSET: Span = (u32::MAX, u32::MAX);

/// Lines up to this length are copied whole, so that their groups are but spans.
const MAX_BASE: usize = 512;

/// Values by name. Setting a value again leaves the old text behind until `compact`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    spans: Vec<Span>,
    text: String,
    live: usize,
    /// How much of `text` is the line that the groups are captured from.
    base: usize,
}

impl Fields {
    pub fn new(names: usize) -> Fields {
        Fields { spans: vec![UNSET; names], ..Fields::default() }
    }

    /// Forgets every value; room for `names` names.
    pub fn reset(&mut self, names: usize) {
        self.spans.clear();
        self.spans.resize(names, UNSET);
        self.text.clear();
        (self.live, self.base) = (0, 0);
    }

    /// Forgets every value, in expectation of groups of `line`.
    pub fn begin(&mut self, names: usize, line: &str) {
        self.reset(names);
        if line.len() <= MAX_BASE {
            self.text.push_str(line);
            self.base = line.len();
        }
    }

    /// Sets a value that stands at `start..end` of the line that `begin` was given, `text` from `shift` on.
    #[inline]
    pub fn set_group(&mut self, name: NameId, text: &str, shift: usize, (start, end): (usize, usize)) {
        if end + shift > self.base {
            return self.set(name, &text[start..end]);
        }
        let Some(span) = self.spans.get_mut(usize::from(name)) else { return };
        if *span != UNSET {
            self.live -= (span.1 - span.0) as usize;
        }
        *span = ((start + shift) as u32, (end + shift) as u32);
        self.live += end - start;
    }

    pub fn get(&self, name: NameId) -> Option<&str> {
        let span = *self.spans.get(usize::from(name))?;
        (span != UNSET).then(|| &self.text[span.0 as usize..span.1 as usize])
    }

    /// The value, if there is one that is not empty.
    pub fn filled(&self, name: NameId) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Sets a value, cut to `MAX_VALUE`.
    pub fn set(&mut self, name: NameId, value: &str) {
        let value = cut(value, MAX_VALUE);
        let Some(span) = self.spans.get_mut(usize::from(name)) else { return };
        if *span != UNSET {
            self.live -= (span.1 - span.0) as usize;
        }
        let start = self.text.len() as u32;
        self.text.push_str(value);
        *span = (start, self.text.len() as u32);
        self.live += value.len();
        if self.text.len() > 2 * self.live + 512 {
            self.compact();
        }
    }

    /// Becomes a copy of `other`, in the memory it has.
    pub fn copy_from(&mut self, other: &Fields) {
        self.spans.clone_from(&other.spans);
        self.text.clone_from(&other.text);
        (self.live, self.base) = (other.live, other.base);
    }

    /// Takes up all values of `other`, as long as the values stay within `limit` bytes altogether; addresses always. An
    /// address takes the place of every other, in whatever form: one line's address must not stand beside another's.
    pub fn overlay(&mut self, other: &Fields, limit: usize) {
        if other.has_address() {
            (IP4..=CIDR).for_each(|name| self.unset(name));
        }
        for (index, &span) in other.spans.iter().enumerate() {
            if span == UNSET || self.bytes(index) == Some(&other.text.as_bytes()[span.0 as usize..span.1 as usize]) {
                continue;
            }
            let (name, value) = (index as NameId, &other.text[span.0 as usize..span.1 as usize]);
            let old = self.get(name).map_or(0, str::len);
            if is_address(name) || self.live - old + value.len() <= limit {
                self.set(name, value);
            }
        }
    }

    /// Takes up those values of `old` whose names have none here: the reverse of an overlay, for when there are few.
    pub fn underlay(&mut self, old: &Fields) {
        let first = if self.has_address() { usize::from(CIDR) + 1 } else { 0 };
        for index in first..old.spans.len().min(self.spans.len()) {
            let span = old.spans[index];
            if span != UNSET && self.spans[index] == UNSET {
                self.set(index as NameId, &old.text[span.0 as usize..span.1 as usize]);
            }
        }
    }

    fn has_address(&self) -> bool {
        ADDRESSES.iter().any(|&name| self.spans.get(usize::from(name)).is_some_and(|&span| span != UNSET))
    }

    /// Bytes of all values.
    pub fn size(&self) -> usize {
        self.live
    }

    fn bytes(&self, index: usize) -> Option<&[u8]> {
        let span = *self.spans.get(index)?;
        (span != UNSET).then(|| &self.text.as_bytes()[span.0 as usize..span.1 as usize])
    }

    pub fn unset(&mut self, name: NameId) {
        if let Some(span) = self.spans.get_mut(usize::from(name)) {
            if *span != UNSET {
                self.live -= (span.1 - span.0) as usize;
            }
            *span = UNSET;
        }
    }

    /// Names and values, by number.
    pub fn iter(&self) -> impl Iterator<Item = (NameId, &str)> {
        (0..self.spans.len()).filter_map(|index| {
            let name = index as NameId;
            self.get(name).map(|value| (name, value))
        })
    }

    /// Calls `use_value` with each name that has a value, by number. As `iter`, without proving again that the spans lie on
    /// character boundaries.
    #[inline]
    pub fn each(&self, mut use_value: impl FnMut(NameId, &[u8])) {
        let text = self.text.as_bytes();
        for (index, &(start, end)) in self.spans.iter().enumerate() {
            if let Some(value) = text.get(start as usize..end as usize) {
                use_value(index as NameId, value);
            }
        }
    }

    /// Bytes that are held, for bounds on memory.
    pub fn capacity(&self) -> usize {
        self.text.capacity()
    }

    fn compact(&mut self) {
        let old = std::mem::take(&mut self.text);
        self.base = 0;
        self.text.reserve(self.live);
        for span in self.spans.iter_mut().filter(|span| **span != UNSET) {
            let start = self.text.len() as u32;
            self.text.push_str(&old[span.0 as usize..span.1 as usize]);
            *span = (start, self.text.len() as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The last value counts, other names stay, and the text stays small however often a value is set.
    #[test]
    fn keeps_last_values() {
        let mut names = Names::default();
        let extra = names.number("extra").expect("room");
        assert_eq!((names.number("extra"), names.number("fid"), names.name(extra)), (Some(extra), Some(FID), "extra"));
        let mut fields = Fields::new(names.len());
        fields.set(USER, "root");
        for round in 0..10_000 {
            fields.set(extra, &round.to_string());
        }
        assert_eq!((fields.get(USER), fields.get(extra), fields.get(IP4)), (Some("root"), Some("9999"), None));
        assert!(fields.capacity() < 20_000);
        fields.unset(USER);
        assert_eq!(fields.iter().count(), 1);
    }

    /// What would exceed the bound of a session is not taken up; the old value stays.
    #[test]
    fn bounds_overlays() {
        let (mut session, mut line) = (Fields::new(11), Fields::new(11));
        session.set(USER, "old");
        line.set(USER, &"x".repeat(100));
        line.set(IP4, "192.0.2.1");
        session.overlay(&line, 50);
        assert_eq!((session.get(USER), session.get(IP4)), (Some("old"), Some("192.0.2.1")));
    }
}
