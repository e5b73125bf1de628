//! Where lines begin and end: the unfinished line between two chunks, and lines longer than the bound.
//!
//! In: chunks of bytes. Out: whole lines. The unfinished line is kept up to the bound only, so that a line without end
//! costs neither memory nor, arriving in pieces, more than linear time.

use memchr::{memchr, memrchr};

/// The unfinished last line.
#[derive(Debug, Default)]
pub struct Carry {
    kept: Vec<u8>,
    length: usize,
}

impl Carry {
    /// Length of the unfinished line, including what was not kept.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Adds bytes that contain no newline, keeping one more than `max_line` so that a long line is known as one.
    pub fn add(&mut self, data: &[u8], max_line: usize) {
        self.length += data.len();
        let room = (max_line + 1).saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&data[..data.len().min(room)]);
    }

    /// Hands out the line and begins anew; the buffer comes back through `reuse`.
    pub fn take(&mut self) -> Vec<u8> {
        self.length = 0;
        std::mem::take(&mut self.kept)
    }

    pub fn reuse(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        self.kept = buffer;
    }
}

/// The part of a line that is looked at, and whether the line is longer than that.
pub fn bounded(line: &[u8], max_line: usize) -> (&[u8], bool) {
    let is_long = line.len() > max_line;
    let line = &line[..line.len().min(max_line)];
    let end = line.iter().rposition(|&byte| byte != b'\r').map_or(0, |last| last + 1);
    (&line[..end], is_long)
}

/// Beginning of the line that contains `at`, not before `from`.
pub fn begin(data: &[u8], from: usize, at: usize) -> usize {
    memrchr(b'\n', &data[from..at]).map_or(from, |newline| from + newline + 1)
}

/// End of the line that contains `at`: its newline, or the end of the data.
pub fn end(data: &[u8], at: usize) -> usize {
    memchr(b'\n', &data[at..]).map_or(data.len(), |newline| at + newline)
}

/// The next line in `from..to` that is longer than `max_line`; `from` begins a line. Jumps over shorter ones by looking
/// backwards from the farthest place where the current line may end.
pub fn next_long(data: &[u8], mut from: usize, to: usize, max_line: usize) -> Option<usize> {
    while to.saturating_sub(from) > max_line {
        match memrchr(b'\n', &data[from..=from + max_line]) {
            Some(newline) => from += newline + 1,
            None => return Some(from),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line without end is kept up to the bound, its whole length is known.
    #[test]
    fn carries_bounded() {
        let mut carry = Carry::default();
        for _ in 0..100 {
            carry.add(&[b'x'; 50], 120);
        }
        assert_eq!((carry.length(), carry.take().len(), carry.length()), (5000, 121, 0));
    }

    /// Carriage returns at the end are no part of a line; a long line is cut.
    #[test]
    fn bounds_lines() {
        assert_eq!(bounded(b"ab\r\r", 10), (&b"ab"[..], false));
        assert_eq!(bounded(b"abcdef", 4), (&b"abcd"[..], true));
        assert_eq!(bounded(b"\r", 4), (&b""[..], false));
    }

    /// Long lines are found wherever they stand, lines of exactly the bound are not long.
    #[test]
    fn finds_long_lines() {
        let data = b"aa\nbbbb\nccccc\nd\n";
        assert_eq!(next_long(data, 0, data.len(), 4), Some(8));
        assert_eq!(next_long(data, 14, data.len(), 4), None);
        assert_eq!(next_long(data, 0, data.len(), 5), None);
        assert_eq!(next_long(b"ccccc", 0, 5, 4), Some(0));
    }
}
