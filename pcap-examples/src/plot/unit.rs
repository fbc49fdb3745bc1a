//! Units of the numbers in plots and tables, and how numbers are shown.

/// The unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bits per second.
    BitsPerSecond,
    /// Bytes per second.
    BytesPerSecond,
    /// Bytes.
    Bytes,
    /// Things, with the name of several: `packets`.
    Count(&'static str),
    /// Things per second, with the name of several: `packets`.
    PerSecond(&'static str),
    /// Hundredths of a whole.
    Percent,
}

/// Prefixes of units, for each power of 1000.
const PREFIXES: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];

/// A space that separates groups of digits, and numbers from units. Lines do not break there.
const SPACE: char = '\u{202f}';

impl Unit {
    /// Returns the unit with a prefix: `Mbit/s`, `packets`.
    #[must_use]
    pub fn name(self, power: usize) -> String {
        let prefix = PREFIXES[power.min(PREFIXES.len() - 1)];
        match self {
            Unit::BitsPerSecond => format!("{prefix}bit/s"),
            Unit::BytesPerSecond => format!("{prefix}B/s"),
            Unit::Bytes => format!("{prefix}B"),
            Unit::Count(things) => things.to_owned(),
            Unit::PerSecond(things) => format!("{things}/s"),
            Unit::Percent => "%".to_owned(),
        }
    }

    /// Returns the unit of a number that is written like this: `packet` of 1.
    fn noun(self, number: &str) -> String {
        match self {
            Unit::Count(things) if number == "1" => match things.strip_suffix("ies") {
                Some(stem) => format!("{stem}y"),
                None => {
                    let end = if things.ends_with("sses") { "es" } else { "s" };
                    things.strip_suffix(end).unwrap_or(things).to_owned()
                }
            },
            _ => self.name(0),
        }
    }

    /// Returns whether parts of one do not exist.
    pub(super) fn is_whole(self) -> bool {
        matches!(self, Unit::Bytes | Unit::Count(_))
    }

    /// Returns whether a prefix belongs to the unit, as in `kB`, and not to the number, as in `5k packets`.
    pub(super) fn takes_prefix(self) -> bool {
        matches!(
            self,
            Unit::BitsPerSecond | Unit::BytesPerSecond | Unit::Bytes
        )
    }

    /// Returns the power of 1000 to show a number with.
    pub(super) fn power(self, value: f64) -> usize {
        let from = match self {
            Unit::Percent => return 0,
            // Short numbers are readable as they are.
            Unit::Count(_) | Unit::PerSecond(_) if value < 10_000.0 => return 0,
            _ => value,
        };
        let mut power = 0;
        let mut rest = from;
        while rest >= 1000.0 && power + 1 < PREFIXES.len() {
            rest /= 1000.0;
            power += 1;
        }
        power
    }

    /// Returns a number with three or four digits and the unit: `1.23 MB`, `12.3k packets`.
    #[must_use]
    pub fn short(self, value: f64) -> String {
        let value = super::drawable(value);
        let mut power = self.power(value);
        let mut scaled = value / 1000_f64.powi(power as i32);
        // 999.96 kB would be shown as 1000 kB.
        if scaled >= 999.5 && power > 0 && power + 1 < PREFIXES.len() {
            power += 1;
            scaled = 1.0;
        }
        let decimals = match scaled {
            _ if power == 0 && (self.is_whole() || value == 0.0) => 0,
            99.95.. => 0,
            9.995.. => 1,
            0.9995.. => 2,
            _ => 3,
        };
        let number = grouped(&format!("{scaled:.decimals$}"));
        match self {
            Unit::Percent => format!("{number}{SPACE}%"),
            _ if self.takes_prefix() => format!("{number}{SPACE}{}", self.name(power)),
            _ => format!("{number}{}{SPACE}{}", PREFIXES[power], self.noun(&number)),
        }
    }

    /// Returns a round number with only the digits that it needs, and the unit: `20 MB`.
    pub(super) fn round(self, value: f64) -> String {
        let short = self.short(value);
        let end = short.find(|c: char| !c.is_ascii_digit() && c != '.' && c != SPACE);
        let (number, unit) = short.split_at(end.unwrap_or(short.len()));
        let spaced = number.ends_with(SPACE);
        let number = number.trim_end_matches(SPACE);
        let number = match number.contains('.') {
            true => number.trim_end_matches('0').trim_end_matches('.'),
            false => number,
        };
        match spaced {
            true => format!("{number}{SPACE}{unit}"),
            false => format!("{number}{unit}"),
        }
    }

    /// Returns a number with all of its digits and the unit: `1 234 567 B`. Parts of one have three decimals.
    #[must_use]
    pub fn exact(self, value: f64) -> String {
        let value = super::drawable(value);
        let number = match self.is_whole() || value >= 1e6 || value.fract() == 0.0 {
            true => grouped(&format!("{value:.0}")),
            false => grouped(&format!("{value:.3}")),
        };
        format!("{number}{SPACE}{}", self.noun(&number))
    }

    /// Returns a number with a prefix but without the unit, which the axis has: `1.5`, `20k`.
    pub(super) fn tick(self, value: f64, power: usize, decimals: usize) -> String {
        let number = grouped(&format!(
            "{:.decimals$}",
            value / 1000_f64.powi(power as i32)
        ));
        match self.takes_prefix() || value == 0.0 {
            true => number,
            false => number + PREFIXES[power.min(PREFIXES.len() - 1)],
        }
    }
}

/// Separates groups of three digits of a number, before the decimal point, with narrow spaces that do not break.
#[must_use]
pub fn grouped(number: &str) -> String {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let mut out = String::with_capacity(number.len() + number.len() / 2);
    for (at, digit) in whole.chars().enumerate() {
        // Four digits need no help.
        if at > 0 && (whole.len() - at) % 3 == 0 && whole.len() > 4 {
            out.push(SPACE);
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out += fraction;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        text.replace(SPACE, " ")
    }

    #[test]
    fn short_numbers_have_a_prefix() {
        for (unit, value, text) in [
            (Unit::Bytes, 0.0, "0 B"),
            (Unit::Bytes, 999.0, "999 B"),
            (Unit::Bytes, 1000.0, "1.00 kB"),
            (Unit::Bytes, 999_960.0, "1.00 MB"),
            (Unit::Bytes, 1e18, "1.00 EB"),
            (Unit::Bytes, 1e30, "1 000 000 000 000 EB"),
            (Unit::BitsPerSecond, 0.25, "0.250 bit/s"),
            (Unit::BitsPerSecond, 123_456_789.0, "123 Mbit/s"),
            (Unit::Count("packets"), 9999.0, "9999 packets"),
            (Unit::Count("packets"), 1.0, "1 packet"),
            (Unit::Count("queries"), 1.0, "1 query"),
            (Unit::Count("addresses"), 1.0, "1 address"),
            (Unit::Count("packets"), 12_345.0, "12.3k packets"),
            (Unit::PerSecond("packets"), 1.5, "1.50 packets/s"),
            (Unit::Percent, 12.34, "12.3 %"),
            (Unit::Bytes, f64::NAN, "0 B"),
        ] {
            assert_eq!(plain(&unit.short(value)), text);
        }
    }

    #[test]
    fn exact_numbers_have_all_digits() {
        assert_eq!(plain(&Unit::Bytes.exact(1_234_567.0)), "1 234 567 B");
        assert_eq!(
            plain(&Unit::PerSecond("packets").exact(0.125)),
            "0.125 packets/s"
        );
        assert_eq!(
            plain(&Unit::Count("packets").exact(1e18)),
            "1 000 000 000 000 000 000 packets"
        );
    }
}
