//! One instruction of a filter program, in libpcap's layout.

use std::fmt;
use std::mem::{align_of, offset_of, size_of};

use crate::sys;

/// One instruction of the virtual machine that runs filters: an operation code, two jump offsets and an operand.
///
/// Its four numbers are those that `tcpdump -ddd` prints and that the manual page `bpf(4)` describes. [`Display`]
/// prints them in that form, and [`str::parse`] parses it. The `Display` of a [`Filter`] prints the readable listing of
/// a whole program.
///
/// [`Display`]: fmt::Display
/// [`Filter`]: crate::Filter
///
/// # Examples
///
/// ```
/// use pcap_core::Insn;
///
/// let load_ethertype = Insn::new(0x28, 0, 0, 12); // ldh [12]
/// assert_eq!(load_ethertype.to_string(), "40 0 0 12");
/// assert_eq!("40 0 0 12".parse::<Insn>()?, load_ethertype);
/// # Ok::<(), pcap_core::Error>(())
/// ```
#[doc(alias = "bpf_insn")]
#[doc(alias = "BPF_CLASS")]
#[doc(alias = "BPF_SIZE")]
#[doc(alias = "BPF_MODE")]
#[doc(alias = "BPF_OP")]
#[doc(alias = "BPF_SRC")]
#[doc(alias = "BPF_RVAL")]
#[doc(alias = "BPF_MISCOP")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct Insn {
    /// The code of the instruction, which combines its class, size, mode and operation, as in `bpf(4)`.
    pub code: u16,
    /// The number of instructions that a conditional jump skips if its condition holds.
    pub jt: u8,
    /// The number of instructions that a conditional jump skips if its condition does not hold.
    pub jf: u8,
    /// The operand: a constant, an offset into the packet, a memory cell, or the distance of an unconditional jump.
    pub k: u32,
}

// Slices of instructions are passed to libpcap and copied from it unchanged.
const _: () = {
    assert!(size_of::<Insn>() == size_of::<sys::bpf_insn>());
    assert!(align_of::<Insn>() == align_of::<sys::bpf_insn>());
    assert!(offset_of!(Insn, code) == offset_of!(sys::bpf_insn, code));
    assert!(offset_of!(Insn, jt) == offset_of!(sys::bpf_insn, jt));
    assert!(offset_of!(Insn, jf) == offset_of!(sys::bpf_insn, jf));
    assert!(offset_of!(Insn, k) == offset_of!(sys::bpf_insn, k));
};

impl Insn {
    /// Creates an instruction from its four numbers.
    #[doc(alias = "BPF_STMT")]
    #[doc(alias = "BPF_JUMP")]
    #[must_use]
    pub const fn new(code: u16, jt: u8, jf: u8, k: u32) -> Insn {
        Insn { code, jt, jf, k }
    }

    /// Returns whether the instruction is a conditional jump: `jeq`, `jgt`, `jge` or `jset`.
    pub(crate) const fn is_test(self) -> bool {
        self.code & 0x07 == op::JMP && self.code & 0xf0 != op::JA
    }

    /// Returns whether the instruction is a return that may accept a packet.
    pub(crate) const fn accepts(self) -> bool {
        self.code & 0x07 == op::RET && (self.code != code::RETURN || self.k != 0)
    }

    /// Returns whether the instruction jumps backward, which only an unconditional jump can.
    pub(crate) const fn jumps_backward(self) -> bool {
        self.code == code::JUMP && self.k > i32::MAX as u32
    }

    /// Returns whether the instruction loads from a negative offset. On Linux this loads data that the kernel has about
    /// the packet, such as the VLAN tag that it removed, instead of bytes of the packet.
    pub(crate) const fn is_kernel_extension(self) -> bool {
        self.loads_from_packet() && self.k > i32::MAX as u32
    }

    /// Returns whether the instruction loads from an offset in the packet.
    pub(crate) const fn loads_from_packet(self) -> bool {
        matches!(self.code & 0x07, op::LD | op::LDX)
            && matches!(self.code & 0xe0, op::ABS | op::IND | op::MSH)
    }

    /// Rewrites the instruction for libpcap's own interpreter, which filters the packets that are already in the ring
    /// when a filter is set.
    ///
    /// libpcap 1.11.0 compiles a query of the VLAN tag to a half-word load, but its interpreter only supports the byte
    /// load of earlier versions. So `vlan 5` rejected all of those packets. For the kernel, the size makes no
    /// difference.
    pub(crate) const fn readable_by_libpcap(self) -> Insn {
        const VLAN_TAG: u32 = 0xffff_f02c;
        if self.code == code::HALF && self.k == VLAN_TAG {
            Insn {
                code: code::BYTE,
                ..self
            }
        } else {
            self
        }
    }
}

/// Prints the four numbers, as in a line of `tcpdump -ddd`.
impl fmt::Display for Insn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.code, self.jt, self.jf, self.k)
    }
}

/// The parts of an instruction's code.
pub(crate) mod op {
    // Classes.
    pub(crate) const LD: u16 = 0x00;
    pub(crate) const LDX: u16 = 0x01;
    pub(crate) const ST: u16 = 0x02;
    pub(crate) const STX: u16 = 0x03;
    pub(crate) const ALU: u16 = 0x04;
    pub(crate) const JMP: u16 = 0x05;
    pub(crate) const RET: u16 = 0x06;
    pub(crate) const MISC: u16 = 0x07;
    // Sizes of loads.
    pub(crate) const W: u16 = 0x00;
    pub(crate) const H: u16 = 0x08;
    pub(crate) const B: u16 = 0x10;
    // Modes of loads.
    pub(crate) const IMM: u16 = 0x00;
    pub(crate) const ABS: u16 = 0x20;
    pub(crate) const IND: u16 = 0x40;
    pub(crate) const MEM: u16 = 0x60;
    pub(crate) const LEN: u16 = 0x80;
    pub(crate) const MSH: u16 = 0xa0;
    // Arithmetic.
    pub(crate) const ADD: u16 = 0x00;
    pub(crate) const SUB: u16 = 0x10;
    pub(crate) const MUL: u16 = 0x20;
    pub(crate) const DIV: u16 = 0x30;
    pub(crate) const OR: u16 = 0x40;
    pub(crate) const AND: u16 = 0x50;
    pub(crate) const LSH: u16 = 0x60;
    pub(crate) const RSH: u16 = 0x70;
    pub(crate) const NEG: u16 = 0x80;
    pub(crate) const MOD: u16 = 0x90;
    pub(crate) const XOR: u16 = 0xa0;
    // Jumps.
    pub(crate) const JA: u16 = 0x00;
    pub(crate) const JEQ: u16 = 0x10;
    pub(crate) const JGT: u16 = 0x20;
    pub(crate) const JGE: u16 = 0x30;
    pub(crate) const JSET: u16 = 0x40;
    // The second operand: the constant, or the index register.
    pub(crate) const K: u16 = 0x00;
    pub(crate) const X: u16 = 0x08;
    // The result of a return, and the two moves between registers.
    pub(crate) const A: u16 = 0x10;
    pub(crate) const TAX: u16 = 0x00;
    pub(crate) const TXA: u16 = 0x80;
}

/// The codes of instructions.
pub(crate) mod code {
    use super::op::{
        A, ABS, ADD, ALU, AND, B, DIV, H, IMM, IND, JA, JEQ, JGE, JGT, JMP, JSET, K, LD, LDX, LEN,
        LSH, MEM, MISC, MOD, MSH, MUL, NEG, OR, RET, RSH, ST, STX, SUB, TAX, TXA, W, X, XOR,
    };

    pub(crate) const RETURN: u16 = RET | K;
    pub(crate) const RETURN_A: u16 = RET | A;
    pub(crate) const WORD: u16 = LD | W | ABS;
    pub(crate) const HALF: u16 = LD | H | ABS;
    pub(crate) const BYTE: u16 = LD | B | ABS;
    pub(crate) const WORD_INDEXED: u16 = LD | W | IND;
    pub(crate) const HALF_INDEXED: u16 = LD | H | IND;
    pub(crate) const BYTE_INDEXED: u16 = LD | B | IND;
    pub(crate) const HEADER: u16 = LDX | B | MSH;
    pub(crate) const LENGTH: u16 = LD | W | LEN;
    pub(crate) const INDEX_LENGTH: u16 = LDX | W | LEN;
    pub(crate) const CONSTANT: u16 = LD | IMM;
    pub(crate) const INDEX_CONSTANT: u16 = LDX | IMM;
    pub(crate) const RECALL: u16 = LD | MEM;
    pub(crate) const INDEX_RECALL: u16 = LDX | MEM;
    pub(crate) const STORE: u16 = ST;
    pub(crate) const INDEX_STORE: u16 = STX;
    pub(crate) const TO_INDEX: u16 = MISC | TAX;
    pub(crate) const FROM_INDEX: u16 = MISC | TXA;
    pub(crate) const JUMP: u16 = JMP | JA;
    pub(crate) const EQUAL: u16 = JMP | JEQ | K;
    pub(crate) const GREATER: u16 = JMP | JGT | K;
    pub(crate) const AT_LEAST: u16 = JMP | JGE | K;
    pub(crate) const ANY_BIT: u16 = JMP | JSET | K;
    pub(crate) const EQUAL_INDEX: u16 = JMP | JEQ | X;
    pub(crate) const GREATER_INDEX: u16 = JMP | JGT | X;
    pub(crate) const AT_LEAST_INDEX: u16 = JMP | JGE | X;
    pub(crate) const ANY_BIT_INDEX: u16 = JMP | JSET | X;
    pub(crate) const ADD_CONSTANT: u16 = ALU | ADD | K;
    pub(crate) const ADD_INDEX: u16 = ALU | ADD | X;
    pub(crate) const SUBTRACT: u16 = ALU | SUB | K;
    pub(crate) const DIVIDE: u16 = ALU | DIV | K;
    pub(crate) const MODULO: u16 = ALU | MOD | K;
    pub(crate) const SHIFT_LEFT: u16 = ALU | LSH | K;
    pub(crate) const SHIFT_RIGHT: u16 = ALU | RSH | K;
    pub(crate) const NEGATE: u16 = ALU | NEG;

    /// Loads from an offset of the packet.
    pub(crate) const LOADS: [u16; 7] = [
        WORD,
        HALF,
        BYTE,
        WORD_INDEXED,
        HALF_INDEXED,
        BYTE_INDEXED,
        HEADER,
    ];
    /// Uses of a memory cell.
    pub(crate) const MEMORY: [u16; 4] = [RECALL, INDEX_RECALL, STORE, INDEX_STORE];
    /// Other instructions without an operand in the index register.
    pub(crate) const PLAIN: [u16; 10] = [
        CONSTANT,
        INDEX_CONSTANT,
        LENGTH,
        INDEX_LENGTH,
        RETURN,
        RETURN_A,
        TO_INDEX,
        FROM_INDEX,
        NEGATE,
        JUMP,
    ];
    /// Instructions whose operand is a constant, or with [`X`] the index register.
    pub(crate) const WITH_OPERAND: [u16; 14] = [
        ADD_CONSTANT,
        SUBTRACT,
        ALU | MUL,
        DIVIDE,
        ALU | OR,
        ALU | AND,
        SHIFT_LEFT,
        SHIFT_RIGHT,
        MODULO,
        ALU | XOR,
        EQUAL,
        GREATER,
        AT_LEAST,
        ANY_BIT,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insn(code: u16, k: u32) -> Insn {
        Insn::new(code, 0, 0, k)
    }

    /// libpcap 1.11.0 queries the VLAN tag with a half-word load.
    #[test]
    fn libpcap_can_read_a_query_of_the_vlan_tag() {
        let load = |size, k| Insn::new(op::LD | size | op::ABS, 0, 0, k);
        let tag = 0xffff_f02c;
        assert_eq!(load(op::H, tag).readable_by_libpcap(), load(op::B, tag));
        let others = [load(op::B, tag), load(op::W, tag), load(op::H, tag - 4)];
        for other in others {
            assert_eq!(other.readable_by_libpcap(), other);
        }
    }

    #[test]
    fn tests_are_conditional_jumps() {
        for (code, is_test) in [
            (0x15, true),
            (0x2d, true),
            (0x45, true),
            (0x05, false),
            (0x10, false),
            (0x06, false),
        ] {
            assert_eq!(insn(code, 1).is_test(), is_test, "{code:#x}");
        }
    }

    /// Offsets and distances of 2³¹ or more are negative.
    #[test]
    fn the_upper_half_is_negative() {
        let last = i32::MAX as u32;
        assert!(!insn(0x05, last).jumps_backward() && insn(0x05, last + 1).jumps_backward());
        assert!(!insn(0x15, u32::MAX).jumps_backward());
        for code in [0x20, 0x28, 0x30, 0x40, 0xb1] {
            assert!(!insn(code, last).is_kernel_extension());
            assert!(insn(code, last + 1).is_kernel_extension());
        }
        for code in [0x00, 0x80, 0x60, 0x81, 0x04, 0x06] {
            assert!(!insn(code, u32::MAX).is_kernel_extension(), "{code:#x}");
        }
    }

    #[test]
    fn accepting_returns_return_a_number() {
        for (code, k, accepts) in [
            (0x06, 0, false),
            (0x06, 1, true),
            (0x16, 0, true),
            (0x05, 1, false),
        ] {
            assert_eq!(insn(code, k).accepts(), accepts);
        }
    }
}
