//! A rule that replaces IP addresses.

use std::net::IpAddr;

use super::ip_network::IpNetwork;

/// Replaces the addresses of a network with those of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpRule {
    old: IpNetwork,
    new: IpNetwork,
}

impl IpRule {
    /// Parses `OLD=NEW`: two addresses, two networks of the same length, or a network and an address.
    ///
    /// # Errors
    ///
    /// Returns a message for clap to print if the text is invalid.
    pub fn parse(text: &str) -> Result<IpRule, String> {
        let (old, new) = text.split_once('=').ok_or("expected OLD=NEW")?;
        let (old, new) = (IpNetwork::parse(old)?, IpNetwork::parse(new)?);
        if !old.has_family_of(new) {
            return Err(format!(
                "expected two addresses of the same family, found `{old}` and `{new}`"
            ));
        }
        if old.length() != new.length() && !new.is_address() {
            return Err(format!(
                "expected a network of length {} or an address after `=`, found `{new}`",
                old.length()
            ));
        }
        Ok(IpRule { old, new })
    }

    /// Returns what replaces an address.
    pub(super) fn apply(&self, address: IpAddr) -> Option<IpAddr> {
        self.old
            .contains(address)
            .then(|| self.new.with_host_of(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(rule: &str, address: &str) -> Option<String> {
        let rule = IpRule::parse(rule).unwrap();
        Some(rule.apply(address.parse().unwrap())?.to_string())
    }

    #[test]
    fn networks_keep_the_rest_of_the_address() {
        let rule = "10.0.0.0/8=192.0.0.0/8";
        assert_eq!(apply(rule, "10.1.2.3").as_deref(), Some("192.1.2.3"));
        assert_eq!(apply(rule, "11.1.2.3"), None);
        assert_eq!(apply(rule, "::a01:203"), None);
        let all = apply("0.0.0.0/0=198.51.100.7", "10.1.2.3");
        assert_eq!(all.as_deref(), Some("198.51.100.7"));
        let v6 = apply("2001:db8::/33=fd00::/33", "2001:db8:7fff::1");
        assert_eq!(v6.as_deref(), Some("fd00:0:7fff::1"));
        assert_eq!(apply("::1=::2", "::1").as_deref(), Some("::2"));
    }

    #[test]
    fn invalid_rules_say_what_was_expected() {
        for (text, message) in [
            ("10.0.0.1", "expected OLD=NEW"),
            ("10.0.0.1=a", "expected an IP address, found `a`"),
            (
                "10.0.0.0/33=1.1.1.1",
                "expected a length from 0 to 32, found `33`",
            ),
            (
                "10.0.0.1/8=1.1.1.1",
                "expected zeros after the first 8 bits, as in `10.0.0.0/8`",
            ),
            (
                "10.0.0.0/8=1.1.0.0/16",
                "expected a network of length 8 or an address after `=`, found `1.1.0.0/16`",
            ),
            (
                "10.0.0.1=::1",
                "expected two addresses of the same family, found `10.0.0.1` and `::1`",
            ),
        ] {
            assert_eq!(IpRule::parse(text), Err(message.to_owned()), "{text}");
        }
    }
}
