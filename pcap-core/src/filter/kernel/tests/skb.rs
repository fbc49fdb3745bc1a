//! Packets as the kernel has them, and how it runs programs.

use crate::direction::Direction;
use crate::filter::kernel::{
    CAN, Devices, Frame, HARDWARE_TYPE, INTERFACE, LOOPBACK, OUTGOING, PROTOCOL, View,
};
use crate::filter::program::insn::{Insn, op};
use crate::filter::program::interpret::interpret;
use crate::filter::program::ranges::PACKET_TYPE;

/// A packet as the kernel has it: what a program may ask about it, and its bytes.
#[derive(Clone, Debug)]
pub(super) struct Skb {
    kind: u32,
    hardware: u32,
    protocol: u16,
    interface: u32,
    data: Vec<u8>,
}

impl Skb {
    /// Returns the result of the kernel: the number of bytes that it keeps.
    pub(super) fn keeps(&self, program: &[Insn]) -> u32 {
        let answered = program.iter().map(|insn| {
            let answer = match insn.k {
                _ if !insn.is_kernel_extension() => return *insn,
                PACKET_TYPE => self.kind,
                HARDWARE_TYPE => self.hardware,
                PROTOCOL => self.protocol.into(),
                INTERFACE => self.interface,
                other => panic!("{other:#x}"),
            };
            assert_eq!(insn.code & 0xe7, op::LD | op::ABS, "{insn}");
            Insn::new(op::LD | op::IMM, 0, 0, answer)
        });
        let answered: Vec<_> = answered.collect();
        interpret(&answered, &self.data, self.data.len() as u32)
    }

    /// Returns the packet as libpcap delivers it.
    pub(super) fn delivered(&self, frame: Frame) -> Vec<u8> {
        let (kind, hardware) = (self.kind as u16, self.hardware as u16);
        let mut bytes = match frame {
            Frame::Same | Frame::Changed => Vec::new(),
            Frame::Cooked => {
                let head = [kind, hardware, 6, 0x0102, 0x0304, 0x0506, 0, self.protocol];
                head.map(u16::to_be_bytes).concat()
            }
            Frame::Cooked2 => [
                &self.protocol.to_be_bytes()[..],
                &[0; 2],
                &self.interface.to_be_bytes(),
                &hardware.to_be_bytes(),
                &[kind as u8, 6, 1, 2, 3, 4, 5, 6, 0, 0],
            ]
            .concat(),
        };
        bytes.extend(&self.data);
        bytes
    }

    /// Returns whether libpcap delivers the packet with a direction, without a filter.
    pub(super) fn is_shown(&self, view: View) -> bool {
        let is_sent = self.kind == OUTGOING;
        let has_copy = match view.devices {
            Devices::Plain => false,
            Devices::Loopback | Devices::Can => true,
            Devices::Any => [LOOPBACK, CAN].contains(&self.hardware),
        };
        match view.direction {
            Direction::In => !is_sent,
            Direction::InOut => !is_sent || !has_copy,
            // Each packet on the loopback device is also received, and libpcap delivers that copy, as received.
            Direction::Out => {
                is_sent && (view.devices != Devices::Any || self.hardware != LOOPBACK)
            }
        }
    }
}

/// Returns packets of all kinds of devices in all directions.
pub(super) fn packets() -> Vec<Skb> {
    let tcp = |port: u16| {
        let mut bytes = vec![
            0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2,
        ];
        bytes.extend([port.to_be_bytes(), 1234_u16.to_be_bytes()].concat());
        bytes.resize(40, 0);
        bytes
    };
    let mut packets = Vec::new();
    for kind in 0..=OUTGOING {
        for hardware in [1, LOOPBACK, CAN] {
            for (protocol, interface, data) in [
                (0x0800, 1, tcp(80)),
                (0x0800, 2, tcp(81)),
                (0x86dd, 1, vec![0x60; 46]),
                (0x0806, 3, vec![0; 28]),
                (0x0800, 70_000, vec![0x45; 10]),
            ] {
                packets.push(Skb {
                    kind,
                    hardware,
                    protocol,
                    interface,
                    data,
                });
            }
        }
    }
    packets
}
