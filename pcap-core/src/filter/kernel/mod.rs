//! Translates a filter's program for a Linux packet socket, so that the kernel's result equals
//! libpcap's on the packet's bytes.

pub(crate) mod tagged;

use super::Filter;
use crate::direction::Direction;
use crate::filter::program::insn::{Insn, code, op};
use crate::filter::program::ranges::{self, PACKET_TYPE, Shown};
use crate::filter::program::validate;

/// Offsets at which a program asks the kernel for data that is not in the packet (`SKF_AD_…` of
/// `linux/filter.h`). A fourth one, the type of the packet, is `PACKET_TYPE`.
const PROTOCOL: u32 = 0xffff_f000;
const INTERFACE: u32 = 0xffff_f008;
const HARDWARE_TYPE: u32 = 0xffff_f01c;

/// The packet type of sent packets, `PACKET_OUTGOING`.
const OUTGOING: u32 = 4;
/// The hardware types of `lo` and of CAN devices, `ARPHRD_LOOPBACK` and `ARPHRD_CAN`.
const LOOPBACK: u32 = 772;
const CAN: u32 = 280;

/// The minimum number of bytes that the kernel keeps of a packet if only the snaplen truncates it. libpcap needs both
/// addresses to reinsert a VLAN tag.
const FEWEST: u32 = 64;

/// The difference between the bytes that the filter of a packet socket sees and those that libpcap delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// None: the filter sees the same bytes.
    Same,
    /// The filter sees no cooked header (`LINUX_SLL`); libpcap adds it.
    Cooked,
    /// The filter sees no cooked header of version 2 (`LINUX_SLL2`); libpcap adds it.
    Cooked2,
    /// libpcap changes bytes that the filter sees, such as the byte order of CAN's header.
    Changed,
}

impl Frame {
    /// Returns the length of the header that libpcap adds.
    pub(crate) const fn header(self) -> u32 {
        match self {
            Frame::Same | Frame::Changed => 0,
            Frame::Cooked => 16,
            Frame::Cooked2 => 20,
        }
    }

    /// Returns the kernel's offset for the field at offset `k` of the header that is loaded with this size.
    fn field(self, size: u16, k: u32) -> Option<u32> {
        match (self, size, k) {
            (Frame::Cooked, op::H, 0) | (Frame::Cooked2, op::B, 10) => Some(PACKET_TYPE),
            (Frame::Cooked, op::H, 2) | (Frame::Cooked2, op::H, 8) => Some(HARDWARE_TYPE),
            (Frame::Cooked, op::H, 14) | (Frame::Cooked2, op::H, 0) => Some(PROTOCOL),
            (Frame::Cooked2, op::W, 4) => Some(INTERFACE),
            _ => None,
        }
    }
}

/// The devices of a packet socket, distinguished by which of their sent packets libpcap drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Devices {
    /// A device that is neither loopback nor CAN.
    Plain,
    /// The loopback device: libpcap delivers the received copy, which every sent packet has.
    Loopback,
    /// A CAN device, whose driver loops back sent packets.
    Can,
    /// All devices.
    Any,
}

impl Devices {
    /// Returns the kind of device of a hardware type.
    pub(crate) fn of_type(hardware: u16) -> Devices {
        match u32::from(hardware) {
            LOOPBACK => Devices::Loopback,
            CAN => Devices::Can,
            _ => Devices::Plain,
        }
    }
}

/// The restrictions of a packet socket, in addition to the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) frame: Frame,
    pub(crate) devices: Devices,
    pub(crate) direction: Direction,
}

impl View {
    /// Returns the program that accepts all packets, so that libpcap delivers `snaplen` bytes of each.
    pub(crate) fn all(self, snaplen: u32) -> Vec<Insn> {
        let mut program = self.prologue();
        program.push(ret(self.keep(snaplen, snaplen)));
        program
    }

    /// Returns the number of bytes for the kernel to keep, if a program keeps `k` bytes and the
    /// capture `snaplen`.
    fn keep(self, k: u32, snaplen: u32) -> u32 {
        let least = if k < snaplen { 1 } else { FEWEST };
        k.min(snaplen)
            .saturating_sub(self.frame.header())
            .max(least)
    }

    /// Returns the instructions that reject the packets which libpcap would drop later: those of the other direction,
    /// and the second copies of packets on devices that loop back sent packets. So libpcap delivers every packet in the
    /// buffer.
    fn prologue(self) -> Vec<Insn> {
        let test = |k, jt, jf| Insn::new(code::EQUAL, jt, jf, k);
        let type_of_packet = load(PACKET_TYPE);
        let hardware = load(HARDWARE_TYPE);
        let reject = ret(0);
        let only_received = vec![type_of_packet, test(OUTGOING, 0, 1), reject];
        let only_sent = vec![type_of_packet, test(OUTGOING, 1, 0), reject];
        match (self.direction, self.devices) {
            (Direction::In, _) | (Direction::InOut, Devices::Loopback | Devices::Can) => {
                only_received
            }
            (Direction::InOut, Devices::Plain) => Vec::new(),
            (Direction::InOut, Devices::Any) => vec![
                type_of_packet,
                test(OUTGOING, 0, 4),
                hardware,
                test(LOOPBACK, 1, 0),
                test(CAN, 0, 1),
                reject,
            ],
            (Direction::Out, Devices::Any) => {
                let mut program = only_sent;
                program.extend_from_slice(&[hardware, test(LOOPBACK, 0, 1), reject]);
                program
            }
            (Direction::Out, _) => only_sent,
        }
    }
}

fn load(k: u32) -> Insn {
    Insn::new(code::WORD, 0, 0, k)
}

fn ret(k: u32) -> Insn {
    Insn::new(code::RETURN, 0, 0, k)
}

/// The reason why the kernel cannot run a filter: a clause in which "it" is the filter.
pub(crate) type Obstacle = String;

impl Filter {
    /// Returns the program for a packet socket that keeps `snaplen` bytes of a packet.
    pub(crate) fn for_socket(&self, view: View, snaplen: u32) -> Result<Vec<Insn>, Obstacle> {
        let program = self.on_capture();
        if program.len() > validate::MAX_LEN {
            return Err(too_long(program.len()));
        }
        if let Some(why) = ranges::facts(program, Shown::All).differs {
            return Err(why.to_owned());
        }
        let reads = program.iter().any(|insn| insn.loads_from_packet());
        if view.frame == Frame::Changed && reads {
            return Err("it reads bytes that libpcap changes before it delivers the packet".into());
        }
        let mut body = translated(program, view, snaplen)?;
        let mut whole = view.prologue();
        // The program may rely on an accumulator of 0.
        let overwrites = |insn: &Insn| insn.code & 0x07 == op::LD || *insn == ret(insn.k);
        if !whole.is_empty() && !body.first().is_some_and(overwrites) {
            whole.push(Insn::new(code::CONSTANT, 0, 0, 0));
        }
        whole.append(&mut body);
        match whole.len() {
            length if length > validate::MAX_LEN => Err(too_long(length)),
            _ => Ok(whole),
        }
    }

    /// Returns whether a packet socket's program accepts sent packets, and no received ones.
    pub(crate) fn accepts_only_sent(program: &[Insn]) -> bool {
        let accepts = |shown| ranges::facts(program, shown).accepts;
        !accepts(Shown::Incoming) && accepts(Shown::All)
    }

    /// Returns the number of leading bytes that decide whether the filter accepts a packet; `None`
    /// if there is no bound.
    pub(crate) fn reach(&self) -> Option<u32> {
        ranges::facts(&self.0.plain, Shown::All).reach
    }
}

fn too_long(length: usize) -> Obstacle {
    let most = validate::MAX_LEN;
    format!("it has {length} instructions, more than the kernel's limit of {most}")
}

/// Translates a program to the kernel's view of packets.
fn translated(program: &[Insn], view: View, snaplen: u32) -> Result<Vec<Insn>, Obstacle> {
    let mut out = Vec::with_capacity(program.len());
    // The start of each instruction in `out`.
    let mut places = Vec::with_capacity(program.len());
    for insn in program {
        places.push(out.len());
        translate(*insn, view, snaplen, &mut out)?;
    }
    if out.len() == program.len() {
        return Ok(out);
    }
    for (index, insn) in program.iter().enumerate() {
        if insn.code & 0x07 != op::JMP {
            continue;
        }
        // A jump is translated to one instruction.
        let from = places[index] + 1;
        let distance = |skip: usize| {
            let to = places.get(index + 1 + skip).copied().unwrap_or(out.len());
            to - from
        };
        let jump = match insn.code & 0xf0 {
            op::JA => Insn {
                k: distance(insn.k as usize) as u32,
                ..*insn
            },
            _ => {
                let short = |skip: u8| u8::try_from(distance(skip.into()));
                let (Ok(jt), Ok(jf)) = (short(insn.jt), short(insn.jf)) else {
                    return Err("a jump is too long after the translation of cooked headers".into());
                };
                Insn { jt, jf, ..*insn }
            }
        };
        out[from - 1] = jump;
    }
    Ok(out)
}

fn translate(insn: Insn, view: View, snaplen: u32, out: &mut Vec<Insn>) -> Result<(), Obstacle> {
    let header = view.frame.header();
    match insn.code {
        code::RETURN if insn.k > 0 => {
            out.push(ret(view.keep(insn.k, snaplen)));
        }
        code::RETURN_A if header > 0 => {
            return Err("it computes how many bytes to keep".into());
        }
        code::LENGTH if header > 0 => {
            let add = Insn::new(code::ADD_CONSTANT, 0, 0, header);
            out.extend_from_slice(&[insn, add]);
        }
        code::INDEX_LENGTH if header > 0 => {
            return Err("it loads the length into the index register".into());
        }
        _ if insn.loads_from_packet() && !insn.is_kernel_extension() => {
            out.push(behind_header(insn, view.frame)?);
        }
        _ => out.push(insn),
    }
    Ok(())
}

/// Translates a load from a packet with a cooked header for the kernel, which has no such header.
fn behind_header(insn: Insn, frame: Frame) -> Result<Insn, Obstacle> {
    if let Some(k) = insn.k.checked_sub(frame.header()) {
        return Ok(Insn { k, ..insn });
    }
    let absolute = insn.code & 0xe7 == code::WORD;
    let field = absolute.then(|| frame.field(insn.code & 0x18, insn.k));
    match field.flatten() {
        Some(k) => Ok(Insn { k, ..insn }),
        None => Err("it reads parts of the cooked header that the kernel does not provide".into()),
    }
}

#[cfg(test)]
mod tests;
