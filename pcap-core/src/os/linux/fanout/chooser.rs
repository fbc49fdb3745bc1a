//! What chooses the member of a group that receives a packet.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use super::FanoutMode;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{Filter, Insn};
use crate::linktype::Dlt;
use crate::os::linux::socket_filter;
use crate::sys;
use crate::sys::linux::fanout as kernel;

/// One of the kernel's own ways, or a program.
#[derive(Clone, Debug)]
pub(super) enum Chooser {
    Mode(FanoutMode),
    Program(Arc<[Insn]>),
    Ebpf(Arc<OwnedFd>),
}

/// Where the kernel has the header of the network layer, `SKF_NET_OFF`: a load from there on works on packets that
/// are received and on those that are sent, of which the socket has only these with their link-layer header.
const NETWORK: u32 = -0x10_0000_i32 as u32;

/// From here on a load is one of the kernel's own, `SKF_AD_OFF`: of the packet's protocol, its mark and so on.
const EXTENSIONS: u32 = -0x1000_i32 as u32;

impl Chooser {
    /// One that asks a filter, which was made for packets that begin with the IP header.
    pub(super) fn filter(filter: &Filter) -> Result<Chooser> {
        const OPERATION: &str = "choose members of a group by";
        let refuse = |kind, why: &str| {
            let name = filter.expression().map(str::to_owned);
            Err(Error::cannot(kind, OPERATION, name, why))
        };
        if filter.datalink() != Dlt::RAW {
            let why = format!(
                "it was made for {}, and not for {}: what it sees begins with the header of the network layer",
                filter.datalink(),
                Dlt::RAW
            );
            return refuse(ErrorKind::InvalidArgument, &why);
        }
        socket_filter::check(filter, OPERATION, || filter.expression().map(str::to_owned))?;
        let program: Option<_> = filter.instructions().iter().map(at_network).collect();
        match program {
            Some(program) => Ok(Chooser::Program(program)),
            None => refuse(ErrorKind::InvalidArgument, "it reads beyond any packet"),
        }
    }

    /// The kernel's number for it.
    pub(super) fn number(&self) -> u16 {
        match self {
            Chooser::Mode(mode) => mode.number(),
            Chooser::Program(_) => kernel::CBPF,
            Chooser::Ebpf(_) => kernel::EBPF,
        }
    }

    /// Hands the program, if it is one, to the group of which a socket is a member.
    pub(super) fn install(&self, socket: BorrowedFd<'_>, name: &str) -> Result<()> {
        const OPERATION: &str = "hand its program to the group of";
        let installed = match self {
            Chooser::Mode(_) => Ok(()),
            Chooser::Program(program) => {
                let program = sys::bpf_program {
                    bf_len: program.len() as _,
                    bf_insns: program.as_ptr().cast_mut().cast(),
                };
                // SAFETY: it has so many instructions, laid out as C has them, and they are only read.
                unsafe { kernel::choose_by(socket, &program) }
            }
            Chooser::Ebpf(program) => kernel::choose_by_ebpf(socket, program.as_fd()),
        };
        installed.map_err(|error| match error.raw_os_error() {
            Some(libc::EINVAL | libc::EBADF) => Error::cannot(
                ErrorKind::FilterInvalid,
                OPERATION,
                name.to_owned(),
                "the kernel refuses the program; one of eBPF has to be a socket filter",
            ),
            _ => Error::io(OPERATION, name.to_owned(), error),
        })
    }
}

/// The instruction that loads from the same place behind the beginning of the network layer's header; `None` if no
/// packet has that place, and the sum with it may be another one.
fn at_network(insn: &Insn) -> Option<Insn> {
    if !insn.loads_from_packet() || insn.is_kernel_extension() {
        return Some(*insn);
    }
    let k = (insn.k < EXTENSIONS - NETWORK).then(|| insn.k.wrapping_add(NETWORK))?;
    Some(Insn { k, ..*insn })
}
