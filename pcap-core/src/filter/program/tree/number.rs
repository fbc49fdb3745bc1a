//! Numbers that a program compares: in the packet, or the packet's length.

use crate::filter::program::insn::{Insn, op};

/// The origin of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// An offset in the packet.
    Packet,
    /// An offset from the index register.
    Indexed,
    /// The length of the packet on the wire.
    Length,
    /// The accumulator.
    Register,
}

/// A number, with arithmetic that is applied to it: a mask, a shift, an exclusive or, and an addition that may wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number {
    pub(super) source: Source,
    pub(super) at: u32,
    pub(super) size: u8,
    mask: u32,
    /// To the left if positive. No bits are lost there.
    shift: i8,
    pub(super) flip: u32,
    pub(super) add: u32,
}

impl Number {
    /// The accumulator's content.
    pub(super) const REGISTER: Number = Number::new(Source::Register, 0, 4);

    /// The length of the packet on the wire.
    pub(super) const LENGTH: Number = Number::new(Source::Length, 0, 4);

    pub(super) const fn new(source: Source, at: u32, size: u8) -> Number {
        Number {
            source,
            at,
            size,
            mask: u32::MAX >> (32 - 8 * size),
            shift: 0,
            flip: 0,
            add: 0,
        }
    }

    /// Returns the number in the packet, or its length, that an instruction loads into the accumulator. The
    /// instruction is no kernel extension.
    pub(super) fn of(insn: Insn) -> Number {
        let size = match insn.code & 0x18 {
            op::W => 4,
            op::H => 2,
            _ => 1,
        };
        match insn.code & 0xe0 {
            op::ABS => Number::new(Source::Packet, insn.k, size),
            op::IND => Number::new(Source::Indexed, insn.k, size),
            // `LEN`
            _ => Number::LENGTH,
        }
    }

    /// Returns whether loading the number ends the program if the packet is too short.
    pub(super) fn may_fail(self) -> bool {
        matches!(self.source, Source::Packet | Source::Indexed)
    }

    /// Returns the offset after the number.
    pub(super) fn end(self) -> u32 {
        self.at + u32::from(self.size)
    }

    /// Returns the mask of the loaded bytes, and the number of bits to shift the result to the right after shifting it
    /// 32 to the left.
    pub(super) fn mask_and_shift(self) -> (u32, u32) {
        (self.mask, (32 - i32::from(self.shift)) as u32)
    }

    /// Returns whether a comparison with a constant is a test of the loaded number.
    pub(super) fn can_be_compared(self, insn: Insn) -> bool {
        match insn.code & 0xf0 {
            op::JEQ => true,
            op::JSET => self.add == 0,
            _ => self.flip == 0,
        }
    }

    /// Returns the number after arithmetic with a constant, if it is such a number.
    pub(super) fn apply(self, insn: Insn) -> Option<Number> {
        let k = insn.k;
        let operation = insn.code & 0xf0;
        let adds = matches!(operation, op::ADD | op::SUB | op::LSH | op::MUL);
        let needs_power = matches!(operation, op::MOD | op::MUL | op::DIV);
        if self.add != 0 && !adds || needs_power && !k.is_power_of_two() {
            return None;
        }
        let exponent = k.trailing_zeros();
        match operation {
            op::ADD => Some(self.plus(k)),
            op::SUB => Some(self.plus(k.wrapping_neg())),
            op::AND => Some(self.masked(k)),
            op::MOD => Some(self.masked(k - 1)),
            op::XOR => Some(Number {
                flip: self.flip ^ k,
                ..self
            }),
            // Without carry.
            op::OR => Some(self.masked(!k).plus(k)),
            op::LSH => self.shifted_left(k),
            op::MUL => self.shifted_left(exponent),
            op::RSH => self.shifted_right(k),
            op::DIV => self.shifted_right(exponent),
            _ => None,
        }
    }

    pub(super) fn plus(self, k: u32) -> Number {
        Number {
            add: self.add.wrapping_add(k),
            ..self
        }
    }

    /// Applies a mask to the result of the shift.
    fn masked(self, mask: u32) -> Number {
        Number {
            mask: self.mask & self.before_shift(mask),
            flip: self.flip & mask,
            ..self
        }
    }

    /// Returns the bits that the shift moves to these.
    fn before_shift(self, bits: u32) -> u32 {
        let by = u32::from(self.shift.unsigned_abs());
        if self.shift < 0 {
            bits << by
        } else {
            bits >> by
        }
    }

    fn shifted_left(self, by: u32) -> Option<Number> {
        let lost = match self.shift {
            ..0 => (1 << self.shift.unsigned_abs()) - 1,
            0.. => 0,
        };
        let number = Number {
            mask: self.mask & !lost,
            shift: self.shift + by as i8,
            flip: self.flip << by,
            add: self.add << by,
            ..self
        };
        let fits = number.shift <= 0 || number.mask.leading_zeros() >= number.shift as u32;
        (fits && number.shift < 32).then_some(number)
    }

    fn shifted_right(self, by: u32) -> Option<Number> {
        let shift = self.shift - by as i8;
        let flip = self.flip >> by;
        (shift > -32).then_some(Number {
            shift,
            flip,
            ..self
        })
    }
}

/// A set of numbers to test for: after applying the mask, `low` and `more` numbers after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) mask: u64,
    pub(super) low: u64,
    pub(super) more: u64,
}

impl Numbers {
    /// No number is 1 without any bits.
    const NONE: Numbers = Numbers {
        mask: 0,
        low: 1,
        more: 0,
    };

    /// All numbers are 0 without any bits.
    const ALL: Numbers = Numbers {
        mask: 0,
        low: 0,
        more: 0,
    };

    /// Returns the loaded numbers for which a comparison of `number` with a constant has the returned result. For all
    /// others it has the opposite result. The number [can be compared](Number::can_be_compared) so.
    pub(super) fn of(insn: Insn, number: Number) -> (Numbers, bool) {
        let (low, high, holds) = match insn.code & 0xf0 {
            op::JEQ => {
                let value = insn.k.wrapping_sub(number.add) ^ number.flip;
                return (number.between(value, value), true);
            }
            op::JSET => {
                let masked = number.masked(insn.k);
                return (masked.between(masked.flip, masked.flip), false);
            }
            op::JGE => (insn.k, u32::MAX, true),
            // `JGT`
            _ => (0, insn.k, false),
        };
        if (low, high) == (0, u32::MAX) {
            return (Numbers::ALL, holds);
        }
        let (low, high) = (low.wrapping_sub(number.add), high.wrapping_sub(number.add));
        match low <= high {
            true => (number.between(low, high), holds),
            // The other numbers do not wrap.
            false => (number.between(high + 1, low - 1), !holds),
        }
    }

    /// Returns all other numbers, which wrap.
    pub(super) fn others(self) -> Numbers {
        Numbers {
            low: self.low.wrapping_add(self.more + 1),
            more: u64::MAX - self.more - 1,
            ..self
        }
    }

    /// Returns whether these are the numbers with certain values of the masked bits.
    fn is_equality(self) -> bool {
        self.more == 0 && self.low & !self.mask == 0
    }
}

impl Number {
    /// Returns the loaded numbers for which the result of the shift is in a range.
    fn between(self, low: u32, high: u32) -> Numbers {
        let by = u32::from(self.shift.unsigned_abs());
        let (low, high) = (u64::from(low), u64::from(high));
        let (low, high) = match self.shift {
            ..0 => (low << by, ((high + 1) << by) - 1),
            0.. => (low.div_ceil(1 << by), high >> by),
        };
        let high = high.min(self.mask.into());
        match low <= high {
            true => Numbers {
                mask: self.mask.into(),
                low,
                more: high - low,
            },
            false => Numbers::NONE,
        }
    }
}

/// Numbers in the eight bytes at an offset of the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) numbers: Numbers,
    /// The offset of the first byte of the number, and the offset after the last.
    begin: u32,
    pub(super) end: u32,
}

impl Field {
    pub(super) fn new(number: Number, numbers: Numbers) -> Field {
        let (begin, end) = (number.at, number.end());
        let Numbers { mask, low, more } = numbers;
        let shift = shift(end, window(end));
        let shifted = Numbers {
            mask: mask << shift,
            low: low << shift,
            more: more << shift,
        };
        Field {
            numbers: shifted,
            begin,
            end,
        }
    }

    /// Returns the low half of a byte, with the number of 32-bit words in an IP header without options.
    pub(super) fn short_header(at: u32) -> Field {
        let words = Numbers {
            mask: 0x0f,
            low: 5,
            more: 0,
        };
        Field::new(Number::new(Source::Packet, at, 1), words)
    }

    /// Returns the offset of the eight bytes.
    pub(super) fn at(self) -> u32 {
        window(self.end)
    }

    /// Joins two tests for equality, if eight bytes contain both numbers.
    pub(super) fn and(self, other: Field) -> Option<Field> {
        let (begin, end) = (self.begin.min(other.begin), self.end.max(other.end));
        let both = self.numbers.is_equality() && other.numbers.is_equality();
        if !both || end - begin > WINDOW {
            return None;
        }
        let moved = |field: Field| {
            let shift = shift(field.end, window(end)) - shift(field.end, field.at());
            (field.numbers.mask << shift, field.numbers.low << shift)
        };
        let ((mask, low), (other_mask, other_low)) = (moved(self), moved(other));
        let same = mask & other_mask;
        (low & same == other_low & same).then_some(Field {
            numbers: Numbers {
                mask: mask | other_mask,
                low: low | other_low,
                more: 0,
            },
            begin,
            end,
        })
    }
}

/// The bytes that a test loads.
const WINDOW: u32 = super::WINDOW as u32;

/// Returns the offset of the eight bytes for a number that ends here: they end there too, except at the beginning of
/// the packet.
fn window(end: u32) -> u32 {
    end.saturating_sub(WINDOW)
}

/// Returns the position of a number that ends at `end` in the eight bytes at `at`.
fn shift(end: u32, at: u32) -> u32 {
    8 * (at + WINDOW - end)
}
