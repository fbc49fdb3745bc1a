//! Sorts numbers into the levels of a heat map.

use super::Unit;
use super::style::LEVELS;

/// The least number of each level, of at most [`LEVELS`].
#[derive(Debug)]
pub(super) struct HeatLevels {
    starts: Vec<f64>,
    /// The numbers below the first start.
    has_less: bool,
}

impl HeatLevels {
    /// Chooses levels for numbers from the least above zero up to the most. They begin at round numbers, each some times
    /// the one before, so that hosts with little traffic are visible beside busy ones. If a `whole` is the least that
    /// exists, none begins below one.
    pub(super) fn new(least: f64, most: f64, whole: bool) -> HeatLevels {
        let fine = starts(&[5.0, 2.0, 1.0], most);
        let medium = starts(&[3.0, 1.0], most);
        let mut starts = match () {
            () if fine[0] <= least => fine,
            () if medium[0] <= least => medium,
            () => starts(&[1.0], most),
        };
        let has_less = least < starts[0];
        // Levels without numbers need no color.
        let unused = starts
            .iter()
            .filter(|start| **start <= least || whole && **start < 1.0)
            .count();
        starts.drain(..unused.saturating_sub(1));
        if whole && starts[0] < 1.0 && starts.len() > 1 {
            starts.remove(0);
        }
        HeatLevels { starts, has_less }
    }

    /// Returns the level of a number. Zero has level 0, and the most have [`LEVELS`].
    pub(super) fn level(&self, value: f64) -> usize {
        if value <= 0.0 {
            return 0;
        }
        let above = self
            .starts
            .iter()
            .filter(|start| is_least(**start, value))
            .count();
        LEVELS - self.starts.len() + above.max(1)
    }

    /// Returns the levels and their texts for the legend.
    pub(super) fn texts(&self, unit: Unit) -> Vec<(usize, String)> {
        let first = LEVELS - self.starts.len() + 1;
        let text = |(at, start): (usize, &f64)| match self.starts.get(at + 1) {
            Some(next) if at == 0 && self.has_less => (first, format!("< {}", unit.round(*next))),
            _ => (first + at, format!("≥ {}", unit.round(*start))),
        };
        self.starts.iter().enumerate().map(text).collect()
    }
}

/// Returns whether a number belongs to the level with this start, whose digits may be imprecise.
fn is_least(start: f64, value: f64) -> bool {
    start <= value * (1.0 + 1e-9)
}

/// Returns the largest numbers up to `most` that are one of the factors times a power of ten, from small to large.
fn starts(factors: &[f64], most: f64) -> Vec<f64> {
    let mut starts = Vec::with_capacity(LEVELS);
    let mut power = most.log10().floor() as i32 + 1;
    while starts.len() < LEVELS {
        for factor in factors {
            let start = factor * 10_f64.powi(power);
            if is_least(start, most) && starts.len() < LEVELS {
                starts.push(start);
            }
        }
        power -= 1;
    }
    starts.reverse();
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(least: f64, most: f64, unit: Unit) -> String {
        let levels = HeatLevels::new(least, most, unit.is_whole());
        assert_eq!((levels.level(0.0), levels.level(most)), (0, LEVELS));
        let texts = levels.texts(unit);
        assert_eq!(levels.level(least), texts[0].0);
        let texts: Vec<String> = texts.into_iter().map(|(_, text)| text).collect();
        texts.join(", ").replace('\u{202f}', " ")
    }

    #[test]
    fn levels_begin_at_round_numbers() {
        for (least, most, unit, expected) in [
            (
                60.0,
                9000.0,
                Unit::Bytes,
                "≥ 50 B, ≥ 100 B, ≥ 200 B, ≥ 500 B, ≥ 1 kB, ≥ 2 kB, ≥ 5 kB",
            ),
            (
                1.0,
                2000.0,
                Unit::Bytes,
                "≥ 1 B, ≥ 3 B, ≥ 10 B, ≥ 30 B, ≥ 100 B, ≥ 300 B, ≥ 1 kB",
            ),
            (
                1.0,
                3e6,
                Unit::Bytes,
                "≥ 1 B, ≥ 10 B, ≥ 100 B, ≥ 1 kB, ≥ 10 kB, ≥ 100 kB, ≥ 1 MB",
            ),
            (1.0, 1.0, Unit::Bytes, "≥ 1 B"),
            (1.0, 3.0, Unit::Count("packets"), "≥ 1 packet, ≥ 2 packets"),
            (800.0, 900.0, Unit::Bytes, "≥ 500 B"),
            (0.2, 0.4, Unit::BitsPerSecond, "≥ 0.2 bit/s"),
            (
                1.0,
                1e18,
                Unit::Bytes,
                "< 10 TB, ≥ 10 TB, ≥ 100 TB, ≥ 1 PB, ≥ 10 PB, ≥ 100 PB, ≥ 1 EB",
            ),
        ] {
            assert_eq!(texts(least, most, unit), expected);
        }
    }
}
