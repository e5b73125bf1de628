//! What a failure shows, packed: address, lines and fields in one piece of memory, taken apart only if somebody asks.
//!
//! In: fields, lines. Out: bytes, and from them the same again. The form: the address, a count of lines, the lines, then
//! number and text of each field; numbers little-endian, texts with their length before them. Never leaves the process.

use crate::fields::{is_flag, Fields, NameId};
use crate::limits::{cut, MAX_SHOWN};
use crate::shown::Shown;

/// The packed form.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail(Box<[u8]>);

/// Packs the address (empty if it is the identifier), the lines that go before, the current ones and the fields.
pub fn pack(packed: &mut Vec<u8>, ip: &str, fields: &Fields, earlier: Option<&Shown>, current: &[&str]) {
    put(packed, ip);
    packed.extend_from_slice(&((earlier.map_or(0, Shown::len) + current.len()) as u32).to_le_bytes());
    for line in earlier.into_iter().flat_map(Shown::iter) {
        put(packed, line);
    }
    for line in current {
        put(packed, cut(line, MAX_SHOWN));
    }
    fields.each(|name, value| {
        if !is_flag(name) {
            add_bytes(packed, name, value);
        }
    });
}

/// Adds one more value to a packed piece; a name may have several.
pub fn add(packed: &mut Vec<u8>, name: NameId, value: &str) {
    add_bytes(packed, name, value.as_bytes());
}

fn add_bytes(packed: &mut Vec<u8>, name: NameId, value: &[u8]) {
    let ([a, b], [c, d, e, f]) = (name.to_le_bytes(), (value.len() as u32).to_le_bytes());
    packed.extend_from_slice(&[a, b, c, d, e, f]);
    packed.extend_from_slice(value);
}

impl Detail {
    /// Takes a copy of what `pack` has written.
    pub fn copied(packed: &[u8]) -> Detail {
        Detail(packed.into())
    }

    /// The fields alone.
    pub fn of_fields(fields: &Fields) -> Detail {
        let mut packed = Vec::new();
        pack(&mut packed, "", fields, None, &[]);
        Detail(packed.into())
    }

    /// The address beside the identifier; empty if there is none.
    pub fn ip(&self) -> &str {
        text(&mut &self.0[..])
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> Vec<&str> {
        self.unpack().0
    }

    /// Names and values.
    pub fn fields(&self) -> Vec<(NameId, &str)> {
        self.unpack().1
    }

    fn unpack(&self) -> (Vec<&str>, Vec<(NameId, &str)>) {
        let mut rest = &self.0[..];
        text(&mut rest);
        let lines = (0..number(&mut rest)).map(|_| text(&mut rest)).collect();
        let mut fields = Vec::new();
        while let Some((name, tail)) = rest.split_first_chunk::<2>() {
            rest = tail;
            fields.push((NameId::from_le_bytes(*name), text(&mut rest)));
        }
        (lines, fields)
    }
}

fn put(packed: &mut Vec<u8>, text: &str) {
    packed.extend_from_slice(&(text.len() as u32).to_le_bytes());
    packed.extend_from_slice(text.as_bytes());
}

fn number(rest: &mut &[u8]) -> u32 {
    let Some((bytes, tail)) = rest.split_first_chunk::<4>() else { return 0 };
    *rest = tail;
    u32::from_le_bytes(*bytes)
}

fn text<'a>(rest: &mut &'a [u8]) -> &'a str {
    let length = (number(rest) as usize).min(rest.len());
    let (bytes, tail) = rest.split_at(length);
    *rest = tail;
    std::str::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::{NOFAIL, USER};

    /// What is packed comes out again, without the flags, wherever in the memory it stands.
    #[test]
    fn packs_and_unpacks() {
        let mut fields = Fields::new(11);
        fields.set(USER, "ro\u{f6}t");
        fields.set(NOFAIL, "x");
        let mut earlier = Shown::default();
        earlier.push("first", 100);
        let mut packed = b"other".to_vec();
        pack(&mut packed, "192.0.2.1", &fields, Some(&earlier), &["second", ""]);
        let detail = Detail::copied(&packed[5..]);
        assert_eq!((detail.ip(), detail.lines()), ("192.0.2.1", vec!["first", "second", ""]));
        assert_eq!(detail.fields(), [(USER, "ro\u{f6}t")]);
        assert_eq!(Detail::of_fields(&Fields::new(0)).lines(), [] as [&str; 0]);
    }
}
