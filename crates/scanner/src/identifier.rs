//! From captured groups to the identifier that a failure counts for (§3.2 and §3.3 of the dialect).
//!
//! In: fields, `usedns`. Out: a canonical address, network, name or free text. Resolves nothing.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::fields::{Fields, NameId, CIDR, DNS, FID, IP4, IP6};
use crate::quad::quad;
use crate::spec::UseDns;

/// Who it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity<'a> {
    /// `ip` is empty where it would repeat `id`; `host` is the group that holds the captured text.
    Known { id: Cow<'a, str>, ip: Cow<'a, str>, is_name: bool, host: NameId },
    /// Text in the form of an address that is none.
    BadAddress,
    /// A name, where names are not wanted.
    Unwanted,
    /// Neither address nor identifier.
    Missing,
}

const NONE: Cow<'static, str> = Cow::Borrowed("");

/// Finds out whom the fields name.
pub fn identify(fields: &Fields, usedns: UseDns) -> Identity<'_> {
    let fid = fields.get(FID);
    for host in [IP4, IP6] {
        if let Some(text) = fields.get(host) {
            return by_address(fields, text, host, fid, usedns);
        }
    }
    if let Some(name) = fields.get(DNS) {
        return by_name(name, usedns);
    }
    match fid {
        Some(text) => Identity::Known { id: canonical_or_raw(text), ip: NONE, is_name: false, host: FID },
        None => Identity::Missing,
    }
}

fn by_address<'a>(
    fields: &'a Fields,
    text: &'a str,
    host: NameId,
    fid: Option<&'a str>,
    usedns: UseDns,
) -> Identity<'a> {
    let known = |id, ip| Identity::Known { id, ip, is_name: false, host };
    let address = match fields.get(CIDR) {
        Some(bits) => network(text, bits).map(Cow::Owned),
        None => plain(text),
    };
    let address = match address {
        Some(address) => address,
        None if usedns == UseDns::Raw => Cow::Borrowed(text),
        None if fid.is_some_and(|fid| fid != text) => NONE,
        None => return Identity::BadAddress,
    };
    match fid {
        Some(fid) if fid != text => match canonical_or_raw(fid) {
            id if id == address => known(id, NONE),
            id => known(id, address),
        },
        _ => known(address, NONE),
    }
}

fn by_name(name: &str, usedns: UseDns) -> Identity<'_> {
    let known = |id, is_name| Identity::Known { id, ip: NONE, is_name, host: DNS };
    match (plain(name), usedns) {
        (Some(address), _) => known(address, false),
        (None, UseDns::No) => Identity::Unwanted,
        (None, UseDns::Raw) => known(Cow::Borrowed(name), false),
        (None, UseDns::Yes | UseDns::Warn) => known(Cow::Borrowed(name), true),
    }
}

/// The canonical text of an address: no brackets, IPv6 compressed in lower case, v4-mapped as v4. None if it is none.
fn plain(text: &str) -> Option<Cow<'_, str>> {
    let text = unbracketed(text);
    // Dotted quads that parse are canonical as they stand: the parser takes no leading zeros.
    if quad(text).is_some() {
        return Some(Cow::Borrowed(text));
    }
    text.parse::<Ipv6Addr>().ok().map(|address| Cow::Owned(address.to_canonical().to_string()))
}

/// Address and prefix length as a network with its host bits cleared; a full-length prefix is the single address.
fn network(text: &str, bits: &str) -> Option<String> {
    let address: IpAddr = unbracketed(text).parse().ok()?;
    let bits: u8 = bits.parse().ok()?;
    match address {
        IpAddr::V4(v4) => network4(v4, bits),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) if bits >= 96 => network4(v4, bits - 96),
            _ => network6(v6, bits),
        },
    }
}

fn network4(address: Ipv4Addr, bits: u8) -> Option<String> {
    let mask = match bits {
        0 => 0,
        1..=32 => u32::MAX << (32 - bits),
        _ => return None,
    };
    let masked = Ipv4Addr::from(u32::from(address) & mask);
    Some(if bits == 32 { masked.to_string() } else { format!("{masked}/{bits}") })
}

fn network6(address: Ipv6Addr, bits: u8) -> Option<String> {
    let mask = match bits {
        0 => 0,
        1..=128 => u128::MAX << (128 - bits),
        _ => return None,
    };
    let masked = Ipv6Addr::from(u128::from(address) & mask);
    Some(if bits == 128 { masked.to_string() } else { format!("{masked}/{bits}") })
}

/// Canonical form of text that is an address or a network; any other text as it stands.
fn canonical_or_raw(text: &str) -> Cow<'_, str> {
    let canonical = match text.split_once('/') {
        Some((address, bits)) => network(address, bits).map(Cow::Owned),
        None => plain(text),
    };
    canonical.unwrap_or(Cow::Borrowed(text))
}

fn unbracketed(text: &str) -> &str {
    text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(usedns: UseDns, values: &[(NameId, &str)]) -> Identity<'static> {
        let fields = Box::leak(Box::new(Fields::new(11)));
        for (name, value) in values {
            fields.set(*name, value);
        }
        identify(fields, usedns)
    }

    fn id(values: &[(NameId, &str)]) -> (String, String) {
        match who(UseDns::Warn, values) {
            Identity::Known { id, ip, .. } => (id.into_owned(), ip.into_owned()),
            other => (format!("{other:?}"), String::new()),
        }
    }

    fn pair(id: &str, ip: &str) -> (String, String) {
        (id.to_owned(), ip.to_owned())
    }

    /// Addresses are written in one way only, whatever the log writes.
    #[test]
    fn addresses_are_canonical() {
        assert_eq!(id(&[(IP4, "192.0.2.1")]), pair("192.0.2.1", ""));
        assert_eq!(id(&[(IP6, "[2001:DB8:0::0001]")]), pair("2001:db8::1", ""));
        assert_eq!(id(&[(IP6, "::ffff:c000:201")]), pair("192.0.2.1", ""));
        assert_eq!(id(&[(IP4, "192.0.2.77"), (CIDR, "24")]), pair("192.0.2.0/24", ""));
        assert_eq!(id(&[(IP4, "192.0.2.77"), (CIDR, "32")]), pair("192.0.2.77", ""));
        assert_eq!(id(&[(IP6, "2001:db8:1::9"), (CIDR, "32")]), pair("2001:db8::/32", ""));
        assert_eq!(id(&[(IP6, "::ffff:c000:2ff"), (CIDR, "120")]), pair("192.0.2.0/24", ""));
        assert_eq!(id(&[(IP6, "::1"), (CIDR, "128")]), pair("::1", ""));
    }

    /// A free identifier goes before the address, which is then kept beside it.
    #[test]
    fn free_identifiers_go_first() {
        assert_eq!(id(&[(FID, "bob"), (IP4, "192.0.2.1")]), pair("bob", "192.0.2.1"));
        assert_eq!(id(&[(FID, "192.0.2.1"), (IP4, "192.0.2.1")]), pair("192.0.2.1", ""));
        assert_eq!(id(&[(FID, "198.51.100.8/24"), (IP4, "192.0.2.1")]), pair("198.51.100.0/24", "192.0.2.1"));
        assert_eq!(id(&[(FID, ""), (IP4, "192.0.2.1")]), pair("", "192.0.2.1"));
        assert_eq!(id(&[(FID, "bob")]), pair("bob", ""));
    }

    /// What only looks like an address is none, unless raw text is wanted.
    #[test]
    fn bad_addresses_are_refused() {
        for text in ["999.1.1.1", "192.030.0.6"] {
            assert_eq!(who(UseDns::Warn, &[(IP4, text)]), Identity::BadAddress);
            assert!(matches!(who(UseDns::Raw, &[(IP4, text)]), Identity::Known { id, .. } if id == text));
        }
        assert_eq!(who(UseDns::Warn, &[(IP6, "12:34:56")]), Identity::BadAddress);
        assert_eq!(who(UseDns::Warn, &[(IP4, "192.0.2.1"), (CIDR, "33")]), Identity::BadAddress);
        assert_eq!(who(UseDns::Warn, &[]), Identity::Missing);
    }

    /// Names are refused, taken as text or marked for resolution, as `usedns` says; textual addresses always pass.
    #[test]
    fn names_follow_usedns() {
        let name = [(DNS, "host.example")];
        assert_eq!(who(UseDns::No, &name), Identity::Unwanted);
        assert!(matches!(who(UseDns::Raw, &name), Identity::Known { is_name: false, .. }));
        assert!(matches!(who(UseDns::Yes, &name), Identity::Known { is_name: true, .. }));
        assert!(matches!(who(UseDns::No, &[(DNS, "192.0.2.1")]), Identity::Known { is_name: false, .. }));
    }
}
