//! Hardware addresses of six bytes.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// A hardware address of six bytes (MAC address), as used by Ethernet and wireless LANs.
///
/// `Display` writes six pairs of lower-case hexadecimal digits, separated by colons. `FromStr` ignores case, and also
/// parses the other forms that filter expressions accept: `02-00-5e-10-00-ff`, `02.00.5e.10.00.ff`, `0200.5e10.00ff`
/// and `02005e1000ff`. In the forms with six groups, a group may consist of a single digit.
///
/// # Examples
///
/// ```
/// use pcap_core::MacAddr;
///
/// let mac: MacAddr = "02:00:5E:10:00:ff".parse()?;
/// assert_eq!(mac, MacAddr::new([0x02, 0, 0x5e, 0x10, 0, 0xff]));
/// assert_eq!(mac.to_string(), "02:00:5e:10:00:ff");
/// assert!(mac.is_local() && !mac.is_multicast());
/// # Ok::<(), pcap_core::Error>(())
/// ```
#[doc(alias = "pcap_ether_aton")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MacAddr([u8; 6]);

impl MacAddr {
    /// The broadcast address, `ff:ff:ff:ff:ff:ff`.
    pub const BROADCAST: MacAddr = MacAddr([0xff; 6]);
    /// The all-zero address, `00:00:00:00:00:00`. Linux reports it for the loopback device.
    pub const ZERO: MacAddr = MacAddr([0; 6]);

    /// Creates an address from its six bytes, in transmission order.
    #[must_use]
    #[inline]
    pub const fn new(octets: [u8; 6]) -> MacAddr {
        MacAddr(octets)
    }

    /// Returns the six bytes, in transmission order.
    #[must_use]
    #[inline]
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }

    /// Returns whether the address is a multicast address, including the broadcast address.
    #[must_use]
    #[inline]
    pub const fn is_multicast(self) -> bool {
        self.0[0] & 1 != 0
    }

    /// Returns whether the address is locally administered.
    #[must_use]
    #[inline]
    pub const fn is_local(self) -> bool {
        self.0[0] & 2 != 0
    }
}

#[cfg(feature = "serde")]
crate::serialize::as_text!(MacAddr);

impl From<[u8; 6]> for MacAddr {
    #[inline]
    fn from(octets: [u8; 6]) -> MacAddr {
        MacAddr(octets)
    }
}

impl From<MacAddr> for [u8; 6] {
    #[inline]
    fn from(mac: MacAddr) -> [u8; 6] {
        mac.0
    }
}

impl fmt::Display for MacAddr {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&text(&self.0))
    }
}

impl fmt::Debug for MacAddr {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MacAddr({self})")
    }
}

/// Formats bytes as pairs of hexadecimal digits, separated by colons.
#[inline]
pub(super) fn text(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(":")
}

impl FromStr for MacAddr {
    type Err = Error;

    /// # Errors
    ///
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the string is not a hardware address in one of the
    ///   forms that [`MacAddr`] lists.
    #[inline]
    fn from_str(text: &str) -> Result<MacAddr, Error> {
        parse(text).ok_or_else(|| {
            Error::cannot(
                ErrorKind::InvalidArgument,
                "parse hardware address",
                text.to_owned(),
                "expected six pairs of hexadecimal digits, separated by `:`, `-` or `.`",
            )
        })
    }
}

#[inline]
fn parse(text: &str) -> Option<MacAddr> {
    let separator = text.chars().find(|c| !c.is_ascii_hexdigit());
    let groups: Vec<&str> = match separator {
        Some(separator @ (':' | '-' | '.')) => text.split(separator).collect(),
        Some(_) => return None,
        None => vec![text],
    };
    // `from_str_radix` would also accept a sign.
    let is_hex = |group: &&str| group.bytes().all(|b| b.is_ascii_hexdigit());
    if !groups.iter().all(is_hex) {
        return None;
    }
    let sizes = match (groups.len(), separator) {
        (6, _) => 1..=2,
        (3, Some('.')) => 4..=4,
        (1, _) => 12..=12,
        _ => return None,
    };
    if !groups.iter().all(|group| sizes.contains(&group.len())) {
        return None;
    }
    let number = |text: &str| u8::from_str_radix(text, 16).ok();
    let octets: Option<Vec<u8>> = match groups.len() {
        6 => groups.into_iter().map(number).collect(),
        _ => {
            let digits = groups.concat();
            let pairs = digits.as_bytes().chunks(2);
            pairs
                .map(|pair| number(std::str::from_utf8(pair).ok()?))
                .collect()
        }
    };
    Some(MacAddr(octets?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_prints_and_nothing_else() {
        let mac = MacAddr::new([0, 1, 0x7f, 0x80, 0xab, 0xff]);
        assert_eq!(mac.to_string(), "00:01:7f:80:ab:ff");
        assert_eq!(mac.to_string().parse::<MacAddr>().unwrap(), mac);
        assert_eq!("00-01-7F-80-AB-FF".parse::<MacAddr>().unwrap(), mac);
        for text in [
            "0:1:7f:80:ab:ff",
            "0.1.7f.80.ab.ff",
            "0001.7F80.abff",
            "00017f80abff",
        ] {
            assert_eq!(text.parse::<MacAddr>().unwrap(), mac, "{text}");
        }
        for text in [
            "",
            ":::::",
            "00:01:7f:80:ab",
            "00:01:7f:80:ab:ff:00",
            "00:01:7f:80:ab:+f",
            "00:01:7f:80:ab:fff",
            "00:01:7f:80:ab:\u{e9}",
            "00:01-7f:80:ab:ff",
            "00017f80abf",
            "00017f80abff0",
            "0001:7f80:abff",
            "0001.7f80.abf",
            "00_01_7f_80_ab_ff",
            "..",
        ] {
            let error = text.parse::<MacAddr>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{text}");
        }
    }

    #[test]
    fn knows_groups_and_local_addresses() {
        assert!(MacAddr::BROADCAST.is_multicast());
        assert!(!MacAddr::ZERO.is_multicast() && !MacAddr::ZERO.is_local());
        let local = MacAddr::new([0x02, 0, 0, 0, 0, 1]);
        assert!(local.is_local() && !local.is_multicast());
        let group = MacAddr::new([0x01, 0, 0x5e, 0, 0, 1]);
        assert!(group.is_multicast() && !group.is_local());
        assert_eq!(format!("{:?}", MacAddr::ZERO), "MacAddr(00:00:00:00:00:00)");
    }
}
