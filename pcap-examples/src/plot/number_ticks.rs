//! Chooses the numbers on an axis.

use super::Unit;

/// The numbers on an axis that begins at zero.
#[derive(Debug)]
pub(super) struct NumberTicks {
    /// The end of the axis.
    pub(super) top: f64,
    /// The numbers and their texts, from zero to the top.
    pub(super) ticks: Vec<(f64, String)>,
    /// The unit with its prefix.
    pub(super) unit: String,
}

impl NumberTicks {
    /// Chooses about `wanted` steps of 1, 2 or 5 times a power of ten, for numbers up to `most`.
    pub(super) fn new(most: f64, unit: Unit, wanted: f64) -> NumberTicks {
        let most = match super::drawable(most) {
            0.0 => 1.0,
            most => most.max(1e-12),
        };
        let mut step = nice_step(most / wanted.max(1.0));
        if unit.is_whole() {
            step = step.max(1.0);
        }
        // Sums of decimal fractions are slightly more than what they mean.
        let steps = (most / step - 1e-9).ceil().max(1.0);
        let top = step * steps;
        let power = unit.power(top);
        let scaled_step = step / 1000_f64.powi(power as i32);
        let decimals = (-(scaled_step.log10() + 1e-9).floor()).clamp(0.0, 12.0) as usize;
        let ticks = (0..=steps as usize)
            .map(|at| at as f64 * step)
            .map(|value| (value, unit.tick(value, power, decimals)));
        NumberTicks {
            top,
            ticks: ticks.collect(),
            unit: unit.name(power),
        }
    }
}

/// Returns the smallest of 1, 2 and 5 times a power of ten that is not less than `least`.
fn nice_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let factors = [1.0, 2.0, 5.0];
    let fitting = factors.map(|factor| factor * power);
    let found = fitting
        .into_iter()
        .find(|step| *step >= least * (1.0 - 1e-9));
    found.unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(most: f64, unit: Unit) -> String {
        let ticks = NumberTicks::new(most, unit, 5.0);
        assert!(ticks.top >= most);
        let texts: Vec<_> = ticks.ticks.into_iter().map(|(_, text)| text).collect();
        format!("{} {}", texts.join(" "), ticks.unit)
    }

    #[test]
    fn steps_are_round_numbers() {
        let packets = Unit::Count("packets");
        for (most, unit, expected) in [
            (0.0, packets, "0 1 packets"),
            (1.0, packets, "0 1 packets"),
            (7.0, packets, "0 2 4 6 8 packets"),
            (1.0, Unit::Percent, "0.0 0.2 0.4 0.6 0.8 1.0 %"),
            (123_456.0, packets, "0 50k 100k 150k packets"),
            (9.3e7, Unit::BitsPerSecond, "0 20 40 60 80 100 Mbit/s"),
            (1100.0, Unit::BitsPerSecond, "0.0 0.5 1.0 1.5 kbit/s"),
            (1e18, Unit::Bytes, "0.0 0.2 0.4 0.6 0.8 1.0 EB"),
            (
                0.003,
                Unit::PerSecond("packets"),
                "0.000 0.001 0.002 0.003 packets/s",
            ),
        ] {
            assert_eq!(texts(most, unit), expected);
        }
    }

    #[test]
    fn any_number_gets_few_ticks() {
        for most in [f64::NAN, f64::INFINITY, -1.0, 1e-300, 1e300, f64::MAX, 3.0] {
            for unit in [Unit::Bytes, Unit::Percent, Unit::PerSecond("packets")] {
                let ticks = NumberTicks::new(most, unit, 5.0).ticks;
                assert!((2..=7).contains(&ticks.len()), "{most}: {ticks:?}");
            }
        }
    }
}
