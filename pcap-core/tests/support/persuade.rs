//! Packets that a program sometimes accepts, found by running it.
//!
//! `super::Insn` is the instruction of the tested crate, and `super::random` the generator.

#![allow(dead_code)]

use super::Insn;
use super::random::Random;

/// Returns a packet that takes a random path through a program: where the program compares a part of the packet, that
/// part is mostly made to match.
pub(crate) fn persuaded(program: &[Insn], random: &mut Random) -> Vec<u8> {
    let mut packet: Vec<u8> = (0..220)
        .map(|_| {
            if random.one_in(3) {
                random.next() as u8
            } else {
                0
            }
        })
        .collect();
    let (mut a, mut x, mut memory) = (0_u32, 0_u32, [0_u32; 16]);
    // The origin of A in the packet: offset, bytes, and the mask.
    let mut from: Option<(usize, usize, u32)> = None;
    let mut at = 0;
    loop {
        let Insn { code, jt, jf, k } = program[at];
        at += 1;
        let load = |offset: usize, size: usize| -> Option<u32> {
            let bytes = packet.get(offset..offset.checked_add(size)?)?;
            Some(
                bytes
                    .iter()
                    .fold(0, |word, byte| word << 8 | u32::from(*byte)),
            )
        };
        match code & 0x07 {
            0 | 1 => {
                let size = [4, 2, 1, 4][usize::from(code >> 3 & 3)];
                let offset = match code & 0xe0 {
                    0x20 => Some(k as usize),
                    0x40 => Some(k.wrapping_add(x) as usize),
                    _ => None,
                };
                let value = match (code & 0xe0, offset) {
                    (_, Some(offset)) => load(offset, size),
                    (0x00, _) => Some(k),
                    (0x60, _) => Some(memory[k as usize]),
                    (0x80, _) => Some(packet.len() as u32),
                    _ => load(k as usize, 1).map(|byte| (byte & 15) * 4),
                };
                let Some(value) = value else { return packet };
                if code & 0x07 == 0 {
                    a = value;
                    from = offset.map(|offset| (offset, size, u32::MAX));
                } else {
                    x = value;
                }
            }
            2 => memory[k as usize] = a,
            3 => memory[k as usize] = x,
            4 => {
                let by = if code & 8 == 0 { k } else { x };
                let mask = (code & 0xf0 == 0x50).then_some(by);
                from = from.zip(mask).map(|((o, s, m), by)| (o, s, m & by));
                a = match code & 0xf0 {
                    0x00 => a.wrapping_add(by),
                    0x10 => a.wrapping_sub(by),
                    0x20 => a.wrapping_mul(by),
                    0x30 => a.checked_div(by).unwrap_or(0),
                    0x40 => a | by,
                    0x50 => a & by,
                    0x60 => a.checked_shl(by).unwrap_or(0),
                    0x70 => a.checked_shr(by).unwrap_or(0),
                    _ => return packet,
                };
            }
            5 if code & 0xf0 == 0 => at = at.wrapping_add_signed(k as i32 as isize),
            5 => {
                if let Some((offset, size, mask)) = from.filter(|_| !random.one_in(4)) {
                    let wanted = match code & 0xf0 {
                        0x10 => (a & !mask) | (k & mask),
                        0x40 => a ^ if random.one_in(2) { k & mask } else { 0 },
                        _ => k,
                    };
                    let bytes = wanted.to_be_bytes();
                    packet[offset..offset + size].copy_from_slice(&bytes[4 - size..]);
                    a = wanted & mask;
                }
                let by = if code & 8 == 0 { k } else { x };
                let holds = match code & 0xf0 {
                    0x10 => a == by,
                    0x20 => a > by,
                    0x30 => a >= by,
                    _ => a & by != 0,
                };
                at += usize::from(if holds { jt } else { jf });
            }
            6 => return packet,
            _ if code & 0xf8 == 0x80 => {
                a = x;
                from = None;
            }
            _ => x = a,
        }
    }
}
