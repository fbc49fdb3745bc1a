//! Runs a program instruction by instruction, where no [`Tree`](super::tree::Tree) can.
//!
//! libpcap's interpreter is not used: `bpf_filter` does not know the length of the program and is deprecated since
//! 1.10.7, and its results depend on the version. The results of this one are those of libpcap 1.10.7 and newer, with
//! every libpcap.

use super::insn::{Insn, code, op};
use super::validate;

/// The number of backward jumps after which a packet is rejected. libpcap has the same limit since 1.10.7. Without one,
/// the loop of `ip protochain` never ends for an authentication header whose length leads back to that header
/// (CVE-2026-6554), because libpcap's program takes this length for an offset from the start of the IP header.
const MAX_BACKWARD_JUMPS: u32 = 64;

/// The end of a program that has no other.
const REJECT: Insn = Insn::new(code::RETURN, 0, 0, 0);

/// Returns the result of a program that has passed the check in `validate`, for a packet: 0 also if it reads beyond the
/// end of the packet. Bytes beyond 4 GiB are ignored.
pub(crate) fn interpret(program: &[Insn], data: &[u8], wire_len: u32) -> u32 {
    let data = &data[..data.len().min(u32::MAX as usize)];
    let (mut a, mut x) = (0_u32, 0_u32);
    let mut memory = [0_u32; validate::CELLS as usize];
    let mut backward = 0;
    let mut next = 0_usize;
    loop {
        // The check ensures that every path ends with a return.
        let insn = *program.get(next).unwrap_or(&REJECT);
        next += 1;
        let k = insn.k;
        let cell = k as usize % memory.len();
        // What continues the program after a jump, or rejects the packet.
        let condition = match insn.code {
            code::EQUAL => a == k,
            code::GREATER => a > k,
            code::AT_LEAST => a >= k,
            code::ANY_BIT => a & k != 0,
            code::EQUAL_INDEX => a == x,
            code::GREATER_INDEX => a > x,
            code::AT_LEAST_INDEX => a >= x,
            code::ANY_BIT_INDEX => a & x != 0,
            code::RETURN => return k,
            code::RETURN_A => return a,
            code::JUMP => {
                if insn.jumps_backward() {
                    backward += 1;
                    if backward > MAX_BACKWARD_JUMPS {
                        return 0;
                    }
                }
                // The check ensures that the target is inside the program.
                next = next.wrapping_add_signed(k as i32 as isize);
                continue;
            }
            _ => {
                let loaded = match insn.code {
                    code::WORD => word(data, 0, k),
                    code::HALF => half(data, 0, k),
                    code::BYTE => byte(data, 0, k),
                    code::WORD_INDEXED => word(data, x, k),
                    code::HALF_INDEXED => half(data, x, k),
                    code::BYTE_INDEXED => byte(data, x, k),
                    code::LENGTH => Some(wire_len),
                    code::CONSTANT => Some(k),
                    code::RECALL => Some(memory[cell]),
                    code::FROM_INDEX => Some(x),
                    code::HEADER => match byte(data, 0, k) {
                        Some(byte) => {
                            x = (byte & 0x0f) << 2;
                            continue;
                        }
                        None => return 0,
                    },
                    code::INDEX_LENGTH => {
                        x = wire_len;
                        continue;
                    }
                    code::INDEX_CONSTANT => {
                        x = k;
                        continue;
                    }
                    code::INDEX_RECALL => {
                        x = memory[cell];
                        continue;
                    }
                    code::TO_INDEX => {
                        x = a;
                        continue;
                    }
                    code::STORE => {
                        memory[cell] = a;
                        continue;
                    }
                    code::INDEX_STORE => {
                        memory[cell] = x;
                        continue;
                    }
                    _ => calculate(insn, a, x),
                };
                match loaded {
                    Some(loaded) => a = loaded,
                    None => return 0,
                }
                continue;
            }
        };
        next += usize::from(if condition { insn.jt } else { insn.jf });
    }
}

/// Returns the result of an arithmetic operation; `None` for a division by 0.
fn calculate(insn: Insn, a: u32, x: u32) -> Option<u32> {
    let operand = if insn.code & op::X != 0 { x } else { insn.k };
    match insn.code & 0xf0 {
        op::ADD => Some(a.wrapping_add(operand)),
        op::SUB => Some(a.wrapping_sub(operand)),
        op::MUL => Some(a.wrapping_mul(operand)),
        op::DIV => a.checked_div(operand),
        op::MOD => a.checked_rem(operand),
        op::AND => Some(a & operand),
        op::OR => Some(a | operand),
        op::XOR => Some(a ^ operand),
        op::LSH => Some(a.checked_shl(operand).unwrap_or(0)),
        op::RSH => Some(a.checked_shr(operand).unwrap_or(0)),
        // `NEG`: the check excludes any other.
        _ => Some(a.wrapping_neg()),
    }
}

/// Returns the bytes at an offset from the index; `None` if the packet ends before their end.
#[inline]
fn bytes<const N: usize>(data: &[u8], index: u32, offset: u32) -> Option<[u8; N]> {
    // Without overflow: a sum beyond 32 bits is beyond the packet.
    let at = index.checked_add(offset)? as usize;
    data.get(at..)?.first_chunk().copied()
}

#[inline]
fn word(data: &[u8], index: u32, offset: u32) -> Option<u32> {
    bytes(data, index, offset).map(u32::from_be_bytes)
}

#[inline]
fn half(data: &[u8], index: u32, offset: u32) -> Option<u32> {
    bytes(data, index, offset).map(|two| u16::from_be_bytes(two).into())
}

#[inline]
fn byte(data: &[u8], index: u32, offset: u32) -> Option<u32> {
    bytes(data, index, offset).map(|[byte]| byte.into())
}

#[cfg(test)]
mod tests {
    use crate::filter::Filter;
    use crate::linktype::Dlt;

    /// Returns an IPv6 packet whose TCP header follows this many headers of eight bytes.
    fn chain(headers: usize) -> Vec<u8> {
        const OPTIONS: u8 = 60;
        const TCP: u8 = 6;
        let mut packet = vec![0; 54];
        packet[12..15].copy_from_slice(&[0x86, 0xdd, 0x60]);
        packet[20] = if headers == 0 { TCP } else { OPTIONS };
        for header in 1..=headers {
            let next = if header == headers { TCP } else { OPTIONS };
            packet.extend([next, 0, 0, 0, 0, 0, 0, 0]);
        }
        packet
    }

    // CVE-2026-6554: an authentication header that follows itself.
    // Shows: libpcap/loop-protochain-endless
    #[test]
    fn a_packet_cannot_make_a_loop_endless() {
        const AUTHENTICATION: u8 = 51;
        let filter = Filter::compile(Dlt::EN10MB, "ip protochain 6").unwrap();
        let mut packet = [0; 64];
        packet[12..15].copy_from_slice(&[0x08, 0x00, 0x45]);
        packet[23] = AUTHENTICATION;
        // The loop continues at (3 + 2) * 4 bytes after the start of the IP header, which is here.
        packet[34..36].copy_from_slice(&[AUTHENTICATION, 3]);
        assert!(!filter.matches(&packet));
    }

    #[test]
    fn a_loop_ends_after_64_rounds() {
        let filter = Filter::compile(Dlt::EN10MB, "ip6 protochain 6").unwrap();
        for (headers, accepted) in [(0, true), (64, true), (65, false), (8000, false)] {
            assert_eq!(filter.matches(&chain(headers)), accepted, "{headers}");
        }
    }
}
