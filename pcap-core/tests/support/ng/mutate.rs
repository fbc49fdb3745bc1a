//! Damage to any file.

use super::super::random::Random;
use super::Order;

/// Numbers at the limits of readers.
const NUMBERS: [u32; 24] = [
    0,
    1,
    4,
    8,
    11,
    12,
    13,
    16,
    20,
    28,
    32,
    0xffff,
    0x1_0000,
    262_144,
    262_145,
    1 << 20,
    (1 << 20) + 4,
    16 << 20,
    (16 << 20) + 4,
    134_348_832,
    0x7fff_ffff,
    0x8000_0000,
    u32::MAX - 3,
    u32::MAX,
];

/// Damages a file in one to three places, always the same for a seed.
pub(crate) fn damage(seed: u64, bytes: &[u8]) -> Vec<u8> {
    let mut random = Random::new(seed.wrapping_mul(0xd1b5_4a32_d192_ed03) << 1);
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(3) {
        let blocks = blocks(&bytes);
        if bytes.len() < 12 || blocks.is_empty() {
            break;
        }
        let (start, end, order) = random.pick(&blocks);
        let number = order.u32(random.pick(&NUMBERS));
        match random.below(12) {
            // The lengths of a block, one or both.
            0 => bytes[start + 4..start + 8].copy_from_slice(&number),
            1 => bytes[end - 4..end].copy_from_slice(&number),
            2 => {
                bytes[start + 4..start + 8].copy_from_slice(&number);
                bytes[end - 4..end].copy_from_slice(&number);
            }
            // A number in it.
            3 | 4 => {
                let at = start + random.below((end - start) / 4) * 4;
                bytes[at..at + 4].copy_from_slice(&number);
            }
            // Half of one: the header of an option.
            5 | 6 => {
                let at = start + random.below((end - start) / 2) * 2;
                bytes[at..at + 2].copy_from_slice(&order.u16(random.pick(&NUMBERS) as u16));
            }
            7 => bytes[start + random.below(end - start)] ^= 1 << random.below(8),
            8 => bytes.truncate(start + random.below(end - start)),
            // A block less, twice, or with bytes before it.
            9 => drop(bytes.drain(start..end)),
            10 => {
                let copy = bytes[start..end].to_vec();
                let (to, ..) = random.pick(&blocks);
                bytes.splice(to..to, copy);
            }
            _ => {
                let count = 1 + random.below(16);
                let stray = random.bytes(count);
                bytes.splice(start..start, stray);
            }
        }
    }
    bytes
}

/// Returns the starts, ends and byte orders of the blocks, up to one that is none.
fn blocks(bytes: &[u8]) -> Vec<(usize, usize, Order)> {
    let mut blocks = Vec::new();
    let mut order = Order::Little;
    let mut at = 0;
    while let Some(head) = bytes.get(at..at + 12) {
        if head[..4] == [0x0a, 0x0d, 0x0d, 0x0a] {
            order = match head[8] {
                0x1a => Order::Big,
                _ => Order::Little,
            };
        }
        let length = [head[4], head[5], head[6], head[7]];
        let length = match order {
            Order::Little => u32::from_le_bytes(length),
            Order::Big => u32::from_be_bytes(length),
        } as usize;
        if length < 12 || length > bytes.len() - at {
            break;
        }
        blocks.push((at, at + length, order));
        at += length;
    }
    blocks
}
