//! Lines kept to be shown with a failure: bounded in number and size.
//!
//! In: lines as text. Out: the same, each cut to `MAX_SHOWN`. What does not fit is dropped: the later ones, so that the
//! beginning of a session is kept.

use crate::limits::{cut, MAX_MATCHES, MAX_SHOWN};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    text: String,
    ends: Vec<u32>,
}

impl Shown {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn capacity(&self) -> usize {
        self.text.capacity()
    }

    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// Adds a line if there is room for it.
    pub fn push(&mut self, line: &str, max_bytes: usize) {
        let line = cut(line, MAX_SHOWN);
        if self.ends.len() < MAX_MATCHES - 1 && self.text.len() + line.len() <= max_bytes {
            self.text.push_str(line);
            self.ends.push(self.text.len() as u32);
        }
    }

    /// Adds several lines.
    pub fn extend(&mut self, lines: &[&str], max_bytes: usize) {
        for line in lines {
            self.push(line, max_bytes);
        }
    }

    /// Adds the lines of another.
    pub fn append(&mut self, other: &Shown, max_bytes: usize) {
        for line in other.iter() {
            self.push(line, max_bytes);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.text[start as usize..end as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first lines stay, in order, within both bounds.
    #[test]
    fn keeps_the_first() {
        let mut shown = Shown::default();
        for number in 0..100 {
            shown.push(&format!("line {number}"), 10_000);
        }
        assert_eq!((shown.len(), shown.iter().next(), shown.iter().last()), (31, Some("line 0"), Some("line 30")));
        shown.clear();
        shown.push("12345", 8);
        shown.push("12345", 8);
        assert_eq!(shown.iter().collect::<Vec<_>>(), ["12345"]);
    }
}
