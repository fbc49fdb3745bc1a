//! Groups of packet sockets, among which Linux distributes the packets of an interface.

use std::ffi::c_int;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::packet_socket;
use super::sock_filter::Fprog;
use crate::sys::bpf_program;

/// `PACKET_FANOUT` and its constants from `linux/if_packet.h`. The crate `libc` lacks them for some systems.
const OPTION: c_int = 18;
const DATA: c_int = 22;
pub(crate) const HASH: u16 = 0;
pub(crate) const LOAD_BALANCE: u16 = 1;
pub(crate) const CPU: u16 = 2;
pub(crate) const ROLLOVER: u16 = 3;
pub(crate) const RANDOM: u16 = 4;
pub(crate) const QUEUE_MAPPING: u16 = 5;
pub(crate) const CBPF: u16 = 6;
pub(crate) const EBPF: u16 = 7;
pub(crate) const FLAG_ROLLOVER: u16 = 0x1000;
const FLAG_UNIQUE_ID: u16 = 0x2000;
pub(crate) const FLAG_DEFRAGMENT: u16 = 0x8000;

/// The maximum number of members of a group: `PACKET_FANOUT_MAX` of older kernels, and the default of newer ones.
pub(crate) const MOST: usize = 256;

/// Creates a new group with one member, and returns its number. Returns `None` if the kernel is older than Linux 4.12,
/// and has not chosen a number.
pub(crate) fn found(socket: BorrowedFd<'_>, how: u16) -> io::Result<Option<u16>> {
    set(socket, 0, how | FLAG_UNIQUE_ID)?;
    Ok(chosen(get(socket)?))
}

/// Returns the number of the group if the kernel has chosen it: then it has cleared the flag, which older kernels
/// ignore.
fn chosen(value: u32) -> Option<u16> {
    let is_ignored = (value >> 16) as u16 & FLAG_UNIQUE_ID != 0;
    (!is_ignored).then_some(value as u16)
}

/// Joins a group, which must have the same interface and mode.
pub(crate) fn join(socket: BorrowedFd<'_>, group: u16, how: u16) -> io::Result<()> {
    set(socket, group, how)
}

/// Sets the program that chooses the member for each packet in the socket's group, which must have the mode `CBPF`. The
/// kernel checks and copies the program.
///
/// # Safety
///
/// The program has as many instructions as it declares.
pub(crate) unsafe fn choose_by(socket: BorrowedFd<'_>, program: &bpf_program) -> io::Result<()> {
    let program = Fprog::try_from(program)?;
    // SAFETY: the option expects this type, and the caller promises that the program is valid.
    unsafe { packet_socket::set(socket, DATA, &program) }
}

/// Sets the eBPF program that chooses the member for each packet in the socket's group, which must have the mode
/// `EBPF`.
pub(crate) fn choose_by_ebpf(socket: BorrowedFd<'_>, program: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the option expects a number, and rejects a descriptor that is not a program.
    unsafe { packet_socket::set(socket, DATA, &program.as_raw_fd()) }
}

fn set(socket: BorrowedFd<'_>, group: u16, how: u16) -> io::Result<()> {
    let value = u32::from(group) | u32::from(how) << 16;
    // SAFETY: the option expects a number.
    unsafe { packet_socket::set(socket, OPTION, &value) }
}

fn get(socket: BorrowedFd<'_>) -> io::Result<u32> {
    let mut value: u32 = 0;
    let mut size = size_of::<u32>() as libc::socklen_t;
    let (fd, pointer) = (socket.as_raw_fd(), (&raw mut value).cast());
    // SAFETY: the descriptor is open, and the buffer has space for the number.
    match unsafe { libc::getsockopt(fd, libc::SOL_PACKET, OPTION, pointer, &mut size) } {
        0 => Ok(value),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `getsockopt(2)` returns the group number in the lower 16 bits, and the mode and the flags in the upper ones.
    #[test]
    fn a_number_that_the_kernel_has_not_chosen_is_none() {
        assert_eq!(chosen(0x8000_0007), Some(7));
        assert_eq!(chosen(0x1006_ffff), Some(u16::MAX));
        assert_eq!(chosen(0x2000_0000), None);
        assert_eq!(chosen(0xb006_0000), None);
    }
}
