//! Bytes of a line as text that expressions can be run on.
//!
//! In: raw bytes and the log's encoding. Out: valid UTF-8 with a note whether it is pure ASCII, and whether all of it
//! could be decoded. Never fails: what cannot be decoded becomes U+FFFD.

use std::ops::Range;
use std::str;

/// How the bytes of a log are to be read. Other encodings are converted before the bytes are fed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Latin1,
    Ascii,
    /// A code page: one byte is one character; U+FFFD where the page has none.
    Table(Box<[char; 256]>),
}

impl Encoding {
    /// Finds an encoding by one of its usual names.
    pub fn from_name(name: &str) -> Option<Encoding> {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        match plain.as_str() {
            "utf8" | "u8" | "utf" | "auto" => Some(Encoding::Utf8),
            "latin1" | "latin" | "iso88591" | "l1" | "88591" => Some(Encoding::Latin1),
            "ascii" | "usascii" | "646" => Some(Encoding::Ascii),
            _ => None,
        }
    }

    /// Takes the 256 characters of a code page. None if they are not as many, or the first 128 are not ASCII: literals
    /// are looked for in the raw bytes.
    pub fn from_table(characters: &str) -> Option<Encoding> {
        let all: Vec<char> = characters.chars().collect();
        let table: Box<[char; 256]> = all.into_boxed_slice().try_into().ok()?;
        let is_ascii = (0..128u8).all(|byte| table[usize::from(byte)] == char::from(byte));
        let is_apart = table[128..].iter().all(|character| !character.is_ascii());
        (is_ascii && is_apart).then_some(Encoding::Table(table))
    }
}

/// A text and whether it is pure ASCII, which decides between the two compilations of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    pub str: &'a str,
    pub is_ascii: bool,
}

impl<'a> Text<'a> {
    /// Takes any text.
    pub fn new(str: &'a str) -> Text<'a> {
        Text { str, is_ascii: str.is_ascii() }
    }

    /// The part between two offsets that lie on character boundaries.
    pub fn slice(self, start: usize, end: usize) -> Text<'a> {
        Text { str: &self.str[start..end], is_ascii: self.is_ascii }
    }

    pub fn len(self) -> usize {
        self.str.len()
    }

    pub fn bytes(self) -> &'a [u8] {
        self.str.as_bytes()
    }
}

/// As the standard library's, but quick on the last bytes of short texts, too.
fn is_ascii(bytes: &[u8]) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let Some(last) = bytes.last_chunk::<8>() else { return bytes.iter().all(u8::is_ascii) };
    let mut bits = u64::from_le_bytes(*last);
    let mut rest = bytes;
    while let Some((chunk, tail)) = rest.split_first_chunk::<8>() {
        bits |= u64::from_le_bytes(*chunk);
        rest = tail;
    }
    bits & HIGH == 0
}

/// Lines of one chunk, of which several at a time are found to be ASCII: where most lines are looked at, a check for
/// each would cost more, and where few are, a check of the whole chunk would.
pub struct AsciiLines<'a> {
    data: &'a [u8],
    /// The part that was found to be ASCII last.
    known: Range<usize>,
}

impl<'a> AsciiLines<'a> {
    const AHEAD: usize = 512;

    pub fn new(data: &'a [u8]) -> AsciiLines<'a> {
        AsciiLines { data, known: 0..0 }
    }

    /// The line as text, if it and what was checked with it is ASCII.
    pub fn line(&mut self, line: Range<usize>) -> Option<&'a str> {
        if line.start < self.known.start || line.end > self.known.end {
            let end = self.data.len().min(line.end.max(line.start + Self::AHEAD));
            if !self.data[line.start..end].is_ascii() {
                return None;
            }
            self.known = line.start..end;
        }
        // SAFETY: ASCII is valid UTF-8, and the line lies within what was checked.
        Some(unsafe { str::from_utf8_unchecked(&self.data[line]) })
    }
}

/// Decodes a line, and says whether some of it could not be; `buffer` holds the result where the bytes are not valid text
/// as they stand.
pub fn decode<'a>(raw: &'a [u8], encoding: &Encoding, buffer: &'a mut String) -> (Text<'a>, bool) {
    if is_ascii(raw) {
        // SAFETY: ASCII is valid UTF-8. Checked twice, as `from_utf8` would, costs as much as the date.
        return (Text { str: unsafe { str::from_utf8_unchecked(raw) }, is_ascii: true }, false);
    }
    buffer.clear();
    let is_damaged = match encoding {
        Encoding::Utf8 => match str::from_utf8(raw) {
            Ok(text) => return (Text { str: text, is_ascii: false }, false),
            Err(_) => {
                buffer.push_str(&String::from_utf8_lossy(raw));
                true
            }
        },
        Encoding::Latin1 => {
            buffer.extend(raw.iter().map(|&byte| byte as char));
            false
        }
        Encoding::Ascii => {
            buffer.extend(raw.iter().map(|&b| if b < 128 { b as char } else { char::REPLACEMENT_CHARACTER }));
            true
        }
        Encoding::Table(table) => {
            buffer.extend(raw.iter().map(|&byte| table[usize::from(byte)]));
            buffer.contains(char::REPLACEMENT_CHARACTER)
        }
    };
    (Text { str: buffer, is_ascii: false }, is_damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One byte beyond ASCII is seen at every place of texts of every length.
    #[test]
    fn sees_every_byte() {
        for length in 0..100 {
            let mut bytes = vec![b'x'; length];
            assert!(is_ascii(&bytes));
            for place in 0..length {
                bytes[place] = 0x80;
                assert!(!is_ascii(&bytes));
                bytes[place] = b'x';
            }
        }
    }

    /// Lines are text if all of what was looked at with them is ASCII; others are decoded one by one.
    #[test]
    fn ascii_lines_are_text() {
        let mut data = vec![b'x'; 3000];
        data[1500] = 0x80;
        let mut lines = AsciiLines::new(&data);
        assert_eq!(lines.line(0..100).map(str::len), Some(100));
        assert_eq!(lines.line(200..900).map(str::len), Some(700));
        assert_eq!(lines.line(1400..1499), None);
        assert_eq!(lines.line(1499..1501), None);
        assert_eq!(lines.line(1501..1501).map(str::len), Some(0));
        assert_eq!(lines.line(2990..3000).map(str::len), Some(10));
        assert_eq!(lines.line(1490..1600), None);
    }

    /// Valid UTF-8 stays as it is, everything else is replaced, and the single-byte encodings are honoured.
    #[test]
    fn decodes_each_encoding() {
        let mut buffer = String::new();
        let mut decoded = |raw: &[u8], encoding: &Encoding| {
            let (text, is_damaged) = decode(raw, encoding, &mut buffer);
            (text.str.to_owned(), text.is_ascii, is_damaged)
        };
        let text = |text: &str, is_damaged| (text.to_owned(), text.is_ascii(), is_damaged);
        let page: String = (0..=255u8).map(|b| if b < 128 { char::from(b) } else { 'ж' }).collect();
        let page = Encoding::from_table(&page.replacen('ж', "\u{fffd}", 1)).expect("a code page");
        assert_eq!(decoded(b"abc", &Encoding::Latin1), text("abc", false));
        assert_eq!(decoded("é".as_bytes(), &Encoding::Utf8), text("é", false));
        assert_eq!(decoded(b"a\xffb", &Encoding::Utf8), text("a\u{fffd}b", true));
        assert_eq!(decoded(b"\xe9", &Encoding::Latin1), text("é", false));
        assert_eq!(decoded("é".as_bytes(), &Encoding::Ascii), text("\u{fffd}\u{fffd}", true));
        assert_eq!(decoded(b"a\xff", &page), text("aж", false));
        assert_eq!(decoded(b"a\x80", &page), text("a\u{fffd}", true));
    }

    /// A table that is no code page over ASCII is refused.
    #[test]
    fn checks_tables() {
        let latin: String = (0..=255u8).map(char::from).collect();
        assert!(Encoding::from_table(&latin).is_some());
        assert!(Encoding::from_table(&latin.chars().take(255).collect::<String>()).is_none());
        assert!(Encoding::from_table(&latin.replace('a', "\u{e000}")).is_none());
        assert!(Encoding::from_table(&latin.replace('\u{ff}', "a")).is_none());
    }
}
