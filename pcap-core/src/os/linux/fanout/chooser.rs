//! The chooser of the member that receives a packet.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use super::FanoutMode;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{Filter, Insn};
use crate::linktype::Dlt;
use crate::os::linux::socket_filter;
use crate::sys;
use crate::sys::linux::fanout as kernel;

/// The choice of a member: one of the kernel's modes, or a program.
#[derive(Clone, Debug)]
pub(super) enum Chooser {
    Mode(FanoutMode),
    Program(Arc<[Insn]>),
    Ebpf(Arc<OwnedFd>),
}

/// The kernel's offset of the network-layer header, `SKF_NET_OFF`. Loads relative to it work for received and sent
/// packets, although only sent packets include their link-layer header.
const NETWORK: u32 = -0x10_0000_i32 as u32;

/// Loads from this offset on are kernel extensions, `SKF_AD_OFF`: the packet's protocol, its mark and so on.
const EXTENSIONS: u32 = -0x1000_i32 as u32;

impl Chooser {
    /// Creates a chooser from a filter for packets that begin with the IP header.
    #[inline]
    pub(super) fn filter(filter: &Filter) -> Result<Chooser> {
        const OPERATION: &str = "choose members of a group by";
        let refuse = |kind, why: &str| {
            let name = filter.expression().map(str::to_owned);
            Err(Error::cannot(kind, OPERATION, name, why))
        };
        if filter.datalink() != Dlt::RAW {
            let why = format!(
                "expected a filter for link type {}, whose packets begin with the network-layer header, found {}",
                Dlt::RAW,
                filter.datalink()
            );
            return refuse(ErrorKind::InvalidArgument, &why);
        }
        socket_filter::check(filter, OPERATION, || filter.expression().map(str::to_owned))?;
        let program: Option<_> = filter.instructions().iter().map(at_network).collect();
        match program {
            Some(program) => Ok(Chooser::Program(program)),
            None => refuse(
                ErrorKind::InvalidArgument,
                "it reads beyond the end of any packet",
            ),
        }
    }

    /// Returns the kernel's number for this choice.
    #[inline]
    pub(super) fn number(&self) -> u16 {
        match self {
            Chooser::Mode(mode) => mode.number(),
            Chooser::Program(_) => kernel::CBPF,
            Chooser::Ebpf(_) => kernel::EBPF,
        }
    }

    /// Attaches the program, if there is one, to the group of a member's socket.
    #[inline]
    pub(super) fn install(&self, socket: BorrowedFd<'_>, name: &str) -> Result<()> {
        const OPERATION: &str = "set the fanout program of";
        let installed = match self {
            Chooser::Mode(_) => Ok(()),
            Chooser::Program(program) => {
                let program = sys::bpf_program {
                    bf_len: program.len() as _,
                    bf_insns: program.as_ptr().cast_mut().cast(),
                };
                // SAFETY: `bf_len` is the number of instructions, which have C's layout and are only read.
                unsafe { kernel::choose_by(socket, &program) }
            }
            Chooser::Ebpf(program) => kernel::choose_by_ebpf(socket, program.as_fd()),
        };
        installed.map_err(|error| match error.raw_os_error() {
            Some(libc::EINVAL | libc::EBADF) => Error::cannot(
                ErrorKind::FilterInvalid,
                OPERATION,
                name.to_owned(),
                "the kernel rejects the program; an eBPF program must be a socket filter",
            ),
            _ => Error::io(OPERATION, name.to_owned(), error),
        })
    }
}

/// Converts an instruction to load relative to the network-layer header. Returns `None` for an offset beyond the end of
/// any packet, which could wrap around.
#[inline]
fn at_network(insn: &Insn) -> Option<Insn> {
    if !insn.loads_from_packet() || insn.is_kernel_extension() {
        return Some(*insn);
    }
    let k = (insn.k < EXTENSIONS - NETWORK).then(|| insn.k.wrapping_add(NETWORK))?;
    Some(Insn { k, ..*insn })
}
