//! A rule that replaces MAC addresses.

use pcap_core::MacAddr;

/// Replaces a MAC address, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MacRule {
    /// The address to replace; `None` means each one.
    pub old: Option<MacAddr>,
    /// The address that replaces it.
    pub new: MacAddr,
}

impl MacRule {
    /// Parses `OLD=NEW`.
    ///
    /// # Errors
    ///
    /// Returns a message for clap to print if the text is invalid.
    pub fn parse(text: &str) -> Result<MacRule, String> {
        match MacRule::parse_any(text)? {
            MacRule { old: None, .. } => Err("expected OLD=NEW".to_owned()),
            rule => Ok(rule),
        }
    }

    /// Parses `OLD=NEW` or `NEW`.
    ///
    /// # Errors
    ///
    /// Returns a message for clap to print if the text is invalid.
    pub fn parse_any(text: &str) -> Result<MacRule, String> {
        let mac = |text: &str| text.parse().map_err(|e: pcap_core::Error| e.to_string());
        Ok(match text.split_once('=') {
            Some((old, new)) => MacRule {
                old: Some(mac(old)?),
                new: mac(new)?,
            },
            None => MacRule {
                old: None,
                new: mac(text)?,
            },
        })
    }

    /// Returns what replaces an address. In the header of the outermost frame, a rule without an old address applies.
    pub(super) fn apply(&self, mac: MacAddr, is_outermost: bool) -> Option<MacAddr> {
        let applies = self.old.map_or(is_outermost, |old| old == mac);
        applies.then_some(self.new)
    }
}
