//! The syntax of all amounts: a number with an optional sign, fraction and unit, such as `60s`, `1.5h` or `10MiB`.

/// The units of an amount. The first is the smallest; amounts are whole numbers of it.
pub(super) struct Units {
    /// The names of the units, and their sizes in the smallest unit.
    pub(super) sizes: &'static [(&'static str, i128)],
    /// The part of error messages that lists the units.
    pub(super) list: &'static str,
    /// The part of error messages that shows examples.
    pub(super) examples: &'static str,
    /// The word for an amount in error messages.
    pub(super) noun: &'static str,
    /// The name of the smallest unit in error messages.
    pub(super) smallest: &'static str,
    /// Whether `K` and `k` are different units.
    pub(super) has_case: bool,
}

/// The unit of a bare number.
pub(super) struct Default {
    /// Its size in the smallest unit.
    pub(super) size: i128,
    /// Its name in the plural, for error messages.
    pub(super) name: &'static str,
}

impl Units {
    /// Parses an amount. A bare number is one of the default unit. An amount that is not a whole number of the smallest
    /// unit is an error.
    pub(super) fn parse(&self, text: &str, default: &Default) -> Result<i128, String> {
        let number = text.trim_end_matches(|c: char| c.is_alphabetic());
        let unit = match &text[number.len()..] {
            _ if number.is_empty() => default.size,
            "" => default.size,
            name => self.size(name)?,
        };
        let (sign, digits) = match number.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !is_number(whole) || !is_number(fraction) {
            let (name, examples) = (default.name, self.examples);
            return Err(format!(
                "expected a number of {name}, or one with a unit: {examples}"
            ));
        }
        let out_of_range = || format!("the {} is out of range", self.noun);
        let too_fine = || {
            format!(
                "expected a {} without a fraction of a {}",
                self.noun, self.smallest
            )
        };
        let fraction = fraction.trim_end_matches('0');
        // With more decimals than this, an amount of any unit has a fraction of the smallest.
        if fraction.len() > 16 {
            return Err(too_fine());
        }
        let number = |digits: &str| match digits.trim_start_matches('0') {
            "" => Ok(0),
            digits => digits.parse::<i128>().map_err(|_| out_of_range()),
        };
        let scale = 10_i128.pow(fraction.len() as u32);
        let parts = number(fraction)? * unit;
        if parts % scale != 0 {
            return Err(too_fine());
        }
        let whole = number(whole)?.checked_mul(unit);
        let amount = whole.and_then(|amount| amount.checked_add(parts / scale));
        Ok(sign * amount.ok_or_else(out_of_range)?)
    }

    fn size(&self, name: &str) -> Result<i128, String> {
        let is_it = |known: &str| match self.has_case {
            true => known == name,
            false => known.eq_ignore_ascii_case(name),
        };
        let found = self.sizes.iter().find(|(known, _)| is_it(known));
        found.map(|&(_, size)| size).ok_or_else(|| {
            let list = self.list;
            format!("expected one of the units {list}, found `{name}`")
        })
    }
}
