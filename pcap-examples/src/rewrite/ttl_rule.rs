//! A rule for the time to live of IPv4, and the hop limit of IPv6.

/// Sets the time to live, or changes it. It stays between 1 and 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TtlRule {
    /// Sets this number.
    Set(u8),
    /// Adds this number.
    Add(i16),
}

impl TtlRule {
    /// Parses `N`, `+N` or `-N`.
    ///
    /// # Errors
    ///
    /// Returns a message for clap to print if the text is invalid.
    pub fn parse(text: &str) -> Result<TtlRule, String> {
        let number: i16 = text
            .parse()
            .ok()
            .filter(|number| (-255..=255).contains(number))
            .ok_or("expected N, +N or -N, with N from 0 to 255")?;
        Ok(match u8::try_from(number) {
            Ok(number) if !text.starts_with(['+', '-']) => TtlRule::Set(number),
            _ => TtlRule::Add(number),
        })
    }

    pub(super) fn apply(self, ttl: u8) -> u8 {
        match self {
            TtlRule::Set(number) => number,
            TtlRule::Add(number) => (i16::from(ttl) + number).clamp(1, 255) as u8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_a_sign_are_added() {
        let apply = |text: &str, ttl| TtlRule::parse(text).unwrap().apply(ttl);
        assert_eq!([apply("9", 64), apply("0", 64)], [9, 0]);
        assert_eq!([apply("+3", 64), apply("+3", 254)], [67, 255]);
        assert_eq!(
            [apply("-3", 64), apply("-64", 3), apply("-0", 3)],
            [61, 1, 3]
        );
        for text in ["", "x", "256", "-256", "1.5"] {
            assert!(TtlRule::parse(text).is_err(), "{text}");
        }
    }
}
