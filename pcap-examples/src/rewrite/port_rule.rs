//! A rule that replaces ports.

/// Replaces a port, or the ports of a range, with another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRule {
    first: u16,
    last: u16,
    new: u16,
}

impl PortRule {
    /// Parses `OLD=NEW` or `FIRST-LAST=NEW`.
    ///
    /// # Errors
    ///
    /// Returns a message for clap to print if the text is invalid.
    pub fn parse(text: &str) -> Result<PortRule, String> {
        let (old, new) = text.split_once('=').ok_or("expected OLD=NEW")?;
        let (first, last) = old.split_once('-').unwrap_or((old, old));
        let number = |text: &str| {
            text.parse()
                .map_err(|_| format!("expected a port from 0 to 65535, found `{text}`"))
        };
        let (first, last, new) = (number(first)?, number(last)?, number(new)?);
        if first > last {
            return Err(format!(
                "expected the lower port first, as in `{last}-{first}`"
            ));
        }
        Ok(PortRule { first, last, new })
    }

    /// Returns what replaces a port.
    pub(super) fn apply(&self, port: u16) -> Option<u16> {
        (self.first..=self.last).contains(&port).then_some(self.new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_ranges_are_replaced() {
        let rule = PortRule::parse("8000-8010=80").unwrap();
        let ports = [7999, 8000, 8010, 8011].map(|port| rule.apply(port));
        assert_eq!(ports, [None, Some(80), Some(80), None]);
        assert_eq!(PortRule::parse("1=2").unwrap().apply(1), Some(2));
        for text in ["", "1", "1=", "=1", "2-1=3", "65536=1", "a=1", "-1=2"] {
            assert!(PortRule::parse(text).is_err(), "{text}");
        }
    }
}
