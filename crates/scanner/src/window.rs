//! The last lines of a multi-line filter (§3.7 of the dialect).
//!
//! In: stripped lines with their originals. Out: one text, every line with its newline; the lines that a match touched.
//! Bounded by `maxlines` and `MAX_BUFFER`: the oldest lines are dropped.

use std::collections::VecDeque;

use crate::limits::{cut, MAX_BUFFER, MAX_SHOWN};

struct Kept {
    stripped: String,
    original: String,
}

pub struct Window {
    lines: VecDeque<Kept>,
    max_lines: usize,
    text: String,
    /// Where each line begins in `text`.
    starts: Vec<usize>,
}

impl Window {
    pub fn new(max_lines: usize) -> Window {
        Window { lines: VecDeque::new(), max_lines, text: String::new(), starts: Vec::new() }
    }

    /// Adds a line and rebuilds the text.
    pub fn push(&mut self, stripped: &str, original: &str) {
        let (stripped, original) = (cut(stripped, MAX_BUFFER).to_owned(), cut(original, MAX_SHOWN).to_owned());
        self.lines.push_back(Kept { stripped, original });
        let mut size: usize = self.lines.iter().map(|line| line.stripped.len() + 1).sum();
        while self.lines.len() > self.max_lines || size > MAX_BUFFER + 1 {
            size -= self.lines.pop_front().map_or(size, |line| line.stripped.len() + 1);
        }
        self.rebuild();
    }

    fn rebuild(&mut self) {
        self.text.clear();
        self.starts.clear();
        for line in &self.lines {
            self.starts.push(self.text.len());
            self.text.push_str(&line.stripped);
            self.text.push('\n');
        }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Removes the lines that a match touched, except those that begin within a skipped span, and, where only `content`
    /// was searched, those outside it. Gives the texts and the originals of the touched ones.
    pub fn take(
        &mut self,
        (start, end): (usize, usize),
        skipped: &[(usize, usize)],
        content: Option<(usize, usize)>,
    ) -> (String, Vec<String>) {
        let (mut stripped, mut originals, mut index) = (String::new(), Vec::new(), 0);
        let (starts, text_end) = (&self.starts, self.text.len());
        self.lines.retain_mut(|line| {
            let begins = starts[index];
            let ends = starts.get(index + 1).copied().unwrap_or(text_end);
            index += 1;
            let touches = |from: usize, to: usize| begins < to.max(from + 1) && from < ends;
            let is_skipped = skipped.iter().any(|&(from, to)| begins >= from && begins < to);
            if touches(start, end) && !is_skipped {
                stripped.push_str(&line.stripped);
                stripped.push('\n');
                originals.push(std::mem::take(&mut line.original));
                return false;
            }
            content.is_none_or(|(from, to)| touches(from, to))
        });
        self.rebuild();
        (stripped, originals)
    }

    /// Stripped and original lines, oldest first, for a dump.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines.iter().map(|line| (&*line.stripped, &*line.original))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A match takes its lines out; skipped ones and others stay.
    #[test]
    fn takes_matched_lines() {
        let mut window = Window::new(4);
        for line in ["gone", "start 1", "start 2", "noise", "end 1"] {
            window.push(line, &format!("> {line}"));
        }
        assert_eq!(window.text(), "start 1\nstart 2\nnoise\nend 1\n");
        let (stripped, originals) = window.take((0, 27), &[(8, 22)], None);
        assert_eq!((stripped.as_str(), originals), ("start 1\nend 1\n", vec!["> start 1".into(), "> end 1".into()]));
        assert_eq!(window.text(), "start 2\nnoise\n");
    }

    /// The text stays bounded however long the lines are.
    #[test]
    fn is_bounded() {
        let mut window = Window::new(50);
        for _ in 0..100 {
            window.push(&"x".repeat(10_000), "line");
        }
        assert!(window.text().len() <= MAX_BUFFER + 1 && window.iter().count() == 6);
    }
}
