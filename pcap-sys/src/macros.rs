//! The macros of `pcap.h` with arguments, which bindgen cannot translate. They keep C's names.
//!
//! In C they accept any integer type. Here they take a `c_int`, which is the type of the other macros: an instruction's
//! code is passed as `BPF_CLASS(code.into())`, and the result can be compared with `BPF_LD`.
//!
//! Imports nothing except the bindings.
#![allow(non_snake_case)]

use libc::{c_int, c_uchar, c_ushort};

use crate::{bpf_insn, bpf_int32, bpf_u_int32};

/// The value of `DLT_CLASS_NETBSD_RAWAF`, which not every header defines.
const NETBSD_RAWAF: c_int = 0x0224_0000;

/// The alignment of packet data in a BPF device's buffer, in bytes.
pub const BPF_ALIGNMENT: usize = if cfg!(target_os = "netbsd") {
    size_of::<core::ffi::c_long>()
} else {
    size_of::<bpf_int32>()
};

/// Rounds a length up to a multiple of [`BPF_ALIGNMENT`].
#[must_use]
pub const fn BPF_WORDALIGN(length: usize) -> usize {
    (length + (BPF_ALIGNMENT - 1)) & !(BPF_ALIGNMENT - 1)
}

/// Returns the class in the code of an instruction: `BPF_LD`, `BPF_ALU`, `BPF_JMP`, …
#[must_use]
pub const fn BPF_CLASS(code: c_int) -> c_int {
    code & 0x07
}

/// Returns the size in the code of a load instruction: `BPF_W`, `BPF_H` or `BPF_B`.
#[must_use]
pub const fn BPF_SIZE(code: c_int) -> c_int {
    code & 0x18
}

/// Returns the addressing mode in the code of a load instruction: `BPF_IMM`, `BPF_ABS`, …
#[must_use]
pub const fn BPF_MODE(code: c_int) -> c_int {
    code & 0xe0
}

/// Returns the operation in the code of an arithmetic or jump instruction: `BPF_ADD`, `BPF_JEQ`, …
#[must_use]
pub const fn BPF_OP(code: c_int) -> c_int {
    code & 0xf0
}

/// Returns the source of the operand in the code of an arithmetic or jump instruction: `BPF_K` or `BPF_X`.
#[must_use]
pub const fn BPF_SRC(code: c_int) -> c_int {
    code & 0x08
}

/// Returns the source of the value in the code of a return instruction: `BPF_K`, `BPF_X` or `BPF_A`.
#[must_use]
pub const fn BPF_RVAL(code: c_int) -> c_int {
    code & 0x18
}

/// Returns the operation in the code of a miscellaneous instruction: `BPF_TAX` or `BPF_TXA`.
#[must_use]
pub const fn BPF_MISCOP(code: c_int) -> c_int {
    code & 0xf8
}

/// Creates an instruction that does not jump. As in C, only the lower 16 bits of `code` are used.
#[must_use]
pub const fn BPF_STMT(code: c_int, k: bpf_u_int32) -> bpf_insn {
    BPF_JUMP(code, k, 0, 0)
}

/// Creates a conditional jump, which skips `jt` instructions if its condition is true, and `jf` instructions if it is
/// false. As in C, only the lower 16 bits of `code` are used.
#[must_use]
pub const fn BPF_JUMP(code: c_int, k: bpf_u_int32, jt: c_uchar, jf: c_uchar) -> bpf_insn {
    bpf_insn {
        code: code as c_ushort,
        jt,
        jf,
        k,
    }
}

/// Returns a nonzero value if a result of `pcap_datalink_ext` contains the length of the frame check sequence, and 0
/// otherwise.
///
/// As in C, the nonzero value is the bit itself, not 1.
#[must_use]
pub const fn LT_FCS_LENGTH_PRESENT(x: c_int) -> c_int {
    x & 0x0400_0000
}

/// Returns the length of the frame check sequence in a result of `pcap_datalink_ext`, in units of
/// 16 bits.
#[must_use]
pub const fn LT_FCS_LENGTH(x: c_int) -> c_int {
    // The mask is unsigned in C, so the sign is not shifted in.
    ((x as u32 & 0xf000_0000) >> 28) as c_int
}

/// Returns the bits that encode a length of the frame check sequence, given in units of 16 bits, in the link-type field
/// of a savefile's header.
#[must_use]
pub const fn LT_FCS_DATALINK_EXT(x: c_int) -> c_int {
    (((x as u32 & 0xf) << 28) | 0x0400_0000) as c_int
}

/// Returns the number of the link type in the link-type field of a savefile's header, without the other bits of the
/// field.
#[must_use]
pub const fn LT_LINKTYPE(x: c_int) -> c_int {
    x & 0xffff
}

/// Returns the bits other than the number of the link type in the link-type field of a savefile's header.
#[must_use]
pub const fn LT_LINKTYPE_EXT(x: c_int) -> c_int {
    x & !0xffff
}

/// Returns the reserved bits in the link-type field of a savefile's header.
#[must_use]
pub const fn LT_RESERVED1(x: c_int) -> c_int {
    x & 0x03ff_0000
}

/// Returns the class of a link type: 0, or `DLT_CLASS_NETBSD_RAWAF`.
#[must_use]
pub const fn DLT_CLASS(x: c_int) -> c_int {
    x & 0x03ff_0000
}

/// Returns NetBSD's raw link type for the given address family.
#[must_use]
pub const fn DLT_NETBSD_RAWAF(af: c_int) -> c_int {
    NETBSD_RAWAF | af
}

/// Returns the address family of a raw link type of NetBSD.
#[must_use]
pub const fn DLT_NETBSD_RAWAF_AF(x: c_int) -> c_int {
    x & 0x0000_ffff
}

/// Returns whether a link type is a raw link type of NetBSD.
#[must_use]
pub const fn DLT_IS_NETBSD_RAWAF(x: c_int) -> bool {
    DLT_CLASS(x) == NETBSD_RAWAF
}
