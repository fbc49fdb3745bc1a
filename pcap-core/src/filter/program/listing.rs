//! Prints the listings of a program: in the three forms of `tcpdump -d`, `-dd` and `-ddd`, and in one line.

use std::ffi::c_int;
use std::fmt;

use super::insn::Insn;
use crate::sys;

/// Writes the readable form: one line per instruction, from libpcap.
#[inline]
pub(crate) fn readable(program: &[Insn], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, insn) in program.iter().enumerate() {
        if index > 0 {
            f.write_str("\n")?;
        }
        f.write_str(&image(insn, index))?;
    }
    Ok(())
}

/// Formats a program as C initializers.
#[inline]
pub(crate) fn c(program: &[Insn]) -> String {
    lines(program.iter().map(|insn| {
        let Insn { code, jt, jf, k } = insn;
        format!("{{ 0x{code:x}, {jt}, {jf}, 0x{k:08x} }},")
    }))
}

/// Formats a program in decimal, with the count in the first line.
#[inline]
pub(crate) fn numbers(program: &[Insn]) -> String {
    let count = program.len().to_string();
    lines(std::iter::once(count).chain(program.iter().map(Insn::to_string)))
}

/// Formats a program in decimal, in one line.
#[inline]
pub(crate) fn bytecode(program: &[Insn]) -> String {
    numbers(program).replace('\n', ",")
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

#[inline]
fn image(insn: &Insn, index: usize) -> String {
    let index = c_int::try_from(index).unwrap_or(c_int::MAX);
    let insn: *const Insn = insn;
    let _guard = sys::static_buffers();
    // SAFETY: one instruction, in libpcap's layout (asserted in insn.rs); any numbers in it are
    // printed as they are. The result is in a static buffer, guarded by the lock.
    let text = unsafe { sys::bpf_image(insn.cast(), index) };
    // SAFETY: NUL-terminated, and unchanged while the lock is held.
    unsafe { sys::lossy(text) }.unwrap_or_default()
}
