//! Dotted quads: the one form of address that is read for nearly every failure.
//!
//! In: text. Out: the address as a number; None for whatever the standard library's parser does not take. Texts and
//! numbers belong to each other one to one: leading zeros are refused.

/// Reads a dotted quad.
#[inline]
pub fn quad(text: &str) -> Option<u32> {
    let bytes = text.as_bytes();
    if !(7..=15).contains(&bytes.len()) {
        return None;
    }
    let (mut address, mut octet, mut digits, mut dots) = (0u32, 0u32, 0u32, 0u32);
    for &byte in bytes {
        let digit = u32::from(byte.wrapping_sub(b'0'));
        if digit < 10 {
            if digits > 0 && octet == 0 {
                return None;
            }
            octet = octet * 10 + digit;
            digits += 1;
        } else {
            if byte != b'.' || digits == 0 || octet > 255 {
                return None;
            }
            address = address << 8 | octet;
            dots += 1;
            (octet, digits) = (0, 0);
        }
    }
    (dots == 3 && digits > 0 && octet <= 255).then_some(address << 8 | octet)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    /// Takes exactly what the standard library takes, with the same meaning.
    #[test]
    fn agrees_with_the_standard_library() {
        let octets = ["", "0", "00", "01", "7", "42", "042", "255", "256", "999", "1111", "+1", "x", " 1"];
        let mut texts: Vec<String> = Vec::new();
        for a in octets {
            for b in octets {
                texts.extend([
                    format!("{a}.{b}.3.4"),
                    format!("1.{a}.{b}.4"),
                    format!("1.2.{a}.{b}"),
                    format!("{a}{b}"),
                ]);
            }
        }
        texts
            .extend(["1.2.3", "1.2.3.4.5", "1.2.3.4.", ".1.2.3.4", "1..2.3", "4294967295999.1.1.1"].map(str::to_owned));
        for text in texts {
            assert_eq!(quad(&text), text.parse::<Ipv4Addr>().ok().map(u32::from), "{text}");
        }
    }
}
