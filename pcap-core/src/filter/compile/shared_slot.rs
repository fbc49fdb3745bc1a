//! Detects programs of libpcap in which a term overwrites the length of the link header.
//!
//! For IEEE 802.11, that length is computed once, at the beginning, and kept in memory. libpcap allocates the memory
//! slot when it compiles the first term that needs the length. An arithmetic term before that one, as in `wlan[0] = 8
//! and udp port 53`, has released its slots by then, and the length may be assigned one of them. Then the arithmetic
//! term overwrites the length, and later terms read at wrong offsets.

use crate::filter::program::insn::{Insn, op};

/// Returns whether a memory slot is both an intermediate result, loaded in the block that stores
/// it, and loaded by other blocks.
pub(super) fn is_overwritten(program: &[Insn]) -> bool {
    let mut begins = vec![false; program.len() + 1];
    for (index, insn) in program.iter().enumerate() {
        if insn.code & 0x07 == op::JMP {
            let skips = match insn.is_test() {
                true => [insn.jt.into(), insn.jf.into()],
                false => [insn.k as usize, 0],
            };
            for skip in skips {
                if let Some(begins) = begins.get_mut((index + 1).saturating_add(skip)) {
                    *begins = true;
                }
            }
        }
    }
    // As sets of bits.
    let (mut stored, mut within, mut beyond) = (0_u64, 0_u64, 0_u64);
    for (insn, begins) in program.iter().zip(begins) {
        if begins {
            stored = 0;
        }
        let slot = 1_u64.checked_shl(insn.k).unwrap_or(0);
        match insn.code & 0x07 {
            op::ST | op::STX => stored |= slot,
            op::LD | op::LDX if insn.code & 0xe0 == op::MEM => match stored & slot {
                0 => beyond |= slot,
                _ => within |= slot,
            },
            _ => {}
        }
    }
    within & beyond != 0
}

#[cfg(test)]
mod tests {
    use super::is_overwritten;
    use crate::filter::program::mnemonics::program;

    /// A block begins after a jump, and where one ends.
    #[test]
    fn a_cell_may_only_be_loaded_within_a_block_or_beyond() {
        for (text, overwritten) in [
            // One block.
            ("st M[1]; ld M[1]; ret a", false),
            ("ldx #1; stx M[1]; ldx M[1]; txa; ret a", false),
            // Other blocks.
            ("st M[1]; jeq #0, 0, 1; ld M[1]; ldx M[1]; ret a", false),
            ("st M[1]; ja 0; ld M[1]; ret a", false),
            // Both.
            ("st M[1]; ld M[1]; jeq #0, 0, 1; ld M[1]; ret a", true),
            ("stx M[1]; ldx M[1]; ja 0; ldx M[1]; ret a", true),
            ("ld M[1]; st M[1]; ld M[1]; ret a", true),
            // A new block begins at the target of a jump.
            ("st M[1]; ld M[1]; ja 1; st M[1]; ld M[1]; ret a", true),
            ("ja 1; ret #0; st M[1]; ld M[1]; ret a", false),
            (
                "jeq #0, 2, 2; ret #0; ret #0; st M[1]; ld M[1]; ret a",
                false,
            ),
            // Different cells, and other loads and stores.
            ("st M[1]; ld M[1]; jeq #0, 0, 1; ld M[2]; ret a", false),
            ("st M[1]; ld M[1]; jeq #0, 0, 1; ld [1]; ret a", false),
            ("st M[1]; ld M[1]; jeq #0, 0, 1; ldx #1; ret a", false),
            ("st M[1]; ldb [x + 1]; jeq #0, 0, 1; ld M[1]; ret a", false),
            ("st M[1]; ld [1]; jeq #0, 0, 1; ld M[1]; ret a", false),
            ("add #1; ld M[1]; add #1; ld M[1]; ret a", false),
        ] {
            assert_eq!(is_overwritten(&program(text)), overwritten, "{text}");
        }
    }
}
