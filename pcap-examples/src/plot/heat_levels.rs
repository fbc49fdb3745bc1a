//! Sorts numbers into the levels of a heat map.

use super::style::LEVELS;

/// The least number of each level.
#[derive(Debug)]
pub(super) struct HeatLevels(Vec<f64>);

impl HeatLevels {
    /// Chooses levels for numbers from the least above zero up to the most. The levels begin at round numbers: evenly
    /// spaced if the numbers are of similar size, and otherwise with the same ratio.
    pub(super) fn new(least: f64, most: f64) -> HeatLevels {
        let count = LEVELS as i32;
        // Numbers whose ratio is that of one and two levels, from fine to coarse.
        for ratios in [&[1.0, 2.0, 5.0][..], &[1.0, 3.0], &[1.0]] {
            let starts = |coarse: i32| {
                let mut starts = Vec::new();
                let mut power = most.log10().floor() as i32 + 1;
                power -= power.rem_euclid(coarse);
                while starts.len() < LEVELS {
                    for ratio in ratios.iter().rev() {
                        let start = ratio * 10_f64.powi(power);
                        if start <= most * (1.0 + 1e-9) && starts.len() < LEVELS {
                            starts.push(start);
                        }
                    }
                    power -= coarse;
                }
                starts.reverse();
                starts
            };
            let found = starts(1);
            if found[0] <= least || ratios.len() == 1 && count > 0 {
                if found[0] <= least {
                    return HeatLevels(found);
                }
                for coarse in 2..=12 {
                    let found = starts(coarse);
                    if found[0] <= least || coarse == 12 {
                        return HeatLevels(found);
                    }
                }
            }
        }
        HeatLevels(vec![0.0; LEVELS])
    }

    /// Returns the level of a number. Zero has level 0; what is less than the first level belongs to it.
    pub(super) fn level(&self, value: f64) -> usize {
        if value <= 0.0 {
            return 0;
        }
        let above = self
            .0
            .iter()
            .filter(|start| **start <= value * (1.0 + 1e-9))
            .count();
        above.max(1)
    }

    /// Returns the least numbers of the levels, from 1 up.
    pub(super) fn starts(&self) -> &[f64] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_begin_at_round_numbers_and_hold_everything() {
        for (least, most, expected) in [
            (
                60.0,
                9000.0,
                vec![50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0],
            ),
            (
                1.0,
                2000.0,
                vec![1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0],
            ),
            (1.0, 3e6, vec![1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6]),
            (1.0, 1.0, vec![0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0]),
            (1.0, 1e18, vec![1.0, 1e3, 1e6, 1e9, 1e12, 1e15, 1e18]),
        ] {
            let levels = HeatLevels::new(least, most);
            let same = levels
                .starts()
                .iter()
                .zip(&expected)
                .all(|(a, b)| (a / b - 1.0).abs() < 1e-6);
            assert!(same, "{least} to {most}: {levels:?}");
            assert_eq!(levels.level(0.0), 0);
            assert!(levels.level(least) >= 1);
            assert_eq!(levels.level(most), LEVELS);
        }
    }
}
