//! Parses which bytes to remove from packets.

/// Bytes to remove from each packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chop {
    /// How many bytes stay before them, or with `from_end` after them.
    offset: u32,
    length: u32,
    /// Whether they are counted from the end of the packet.
    from_end: bool,
}

impl Chop {
    /// Returns whether the bytes are counted from the end of the packet.
    #[must_use]
    pub fn is_from_end(self) -> bool {
        self.from_end
    }

    /// Removes the bytes from the captured ones of a packet with this length on the wire. Returns the new length.
    #[must_use]
    pub fn apply(self, data: &mut Vec<u8>, wire_len: u32) -> u32 {
        let captured = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let whole = wire_len.max(captured);
        let (start, end) = match self.from_end {
            true => {
                let end = whole.saturating_sub(self.offset);
                (end.saturating_sub(self.length), end)
            }
            false => {
                let start = whole.min(self.offset);
                (start, start.saturating_add(self.length).min(whole))
            }
        };
        data.drain(start.min(captured) as usize..end.min(captured) as usize);
        wire_len.saturating_sub(end - start)
    }
}

/// Parses `[OFFSET:]LENGTH`. If the length has a minus, the bytes are counted from the end.
///
/// # Errors
///
/// Returns a message for clap to print if the text is invalid or out of range.
pub fn chop(text: &str) -> Result<Chop, String> {
    let expected =
        || format!("expected [OFFSET:]LENGTH, as in `4`, `-4` or `12:4`, found `{text}`");
    let (offset, length) = text.split_once(':').unwrap_or(("0", text));
    let digits = length.strip_prefix('-');
    let number = |digits: &str| match digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => digits.parse().map_err(|_| expected()),
        false => Err(expected()),
    };
    match number(digits.unwrap_or(length))? {
        0 => Err(expected()),
        length => Ok(Chop {
            offset: number(offset)?,
            length,
            from_end: digits.is_some(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_counted_on_the_wire() {
        let chopped = |text: &str, captured: u8, wire_len| {
            let mut data: Vec<u8> = (0..captured).collect();
            let len = chop(text).unwrap().apply(&mut data, wire_len);
            (data, len)
        };
        assert_eq!(chopped("2", 5, 5), (vec![2, 3, 4], 3));
        assert_eq!(chopped("1:2", 5, 9), (vec![0, 3, 4], 7));
        assert_eq!(chopped("-2", 5, 5), (vec![0, 1, 2], 3));
        assert_eq!(chopped("1:-2", 5, 5), (vec![0, 1, 4], 3));
        // The end was not captured, or only a part of it.
        assert_eq!(chopped("-4", 3, 9), (vec![0, 1, 2], 5));
        assert_eq!(chopped("-4", 3, 6), (vec![0, 1], 2));
        assert_eq!(chopped("7:9", 3, 9), (vec![0, 1, 2], 7));
        // More than there is, and a length on the wire that is too small.
        assert_eq!(chopped("9", 3, 5), (vec![], 0));
        assert_eq!(chopped("4:-9", 3, 3), (vec![0, 1, 2], 3));
        assert_eq!(chopped("-1", 3, 2), (vec![0, 1], 1));
        assert_eq!(chopped("4294967295:4294967295", 3, 3), (vec![0, 1, 2], 3));
    }

    #[test]
    fn wrong_lengths_are_rejected() {
        for text in [
            "",
            "0",
            "-0",
            "x",
            "1:",
            ":1",
            "-1:2",
            "1:2:3",
            "--1",
            "+1",
            "4294967296",
        ] {
            assert!(chop(text).is_err(), "{text}");
        }
    }
}
