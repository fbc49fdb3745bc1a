//! Packets, with every option.

use pcap_core::pcapng::{PacketBlock, PacketFlags, Reception, Verdict};
use pcap_core::{AsPacket, Timestamp};

use super::super::ng::{self, Form, Packet};
use super::{text, time};

pub(super) fn check_packet(
    found: &PacketBlock<'_>,
    expected: &Packet,
    section: &ng::Section,
    place: &str,
) {
    let interface = &section.interfaces[expected.interface as usize];
    assert_eq!(found.interface_id(), expected.interface, "{place}");
    assert_eq!(
        found.linktype().value(),
        u32::from(expected.linktype),
        "{place}"
    );
    assert_eq!(found.interface().snaplen(), interface.snaplen, "{place}");
    assert_eq!(
        found.interface().time_offset(),
        interface.tsoffset(),
        "{place}"
    );
    assert_eq!(found.timestamp(), time(expected.nanos), "{place}");
    assert_eq!(found.ticks(), expected.ticks, "{place}");
    assert_eq!(found.caplen(), expected.caplen, "{place}");
    assert_eq!(found.wire_len(), expected.len, "{place}");
    assert!(found.data() == expected.data, "{place}");
    let packet = found.as_packet();
    assert_eq!(
        (packet.caplen(), packet.wire_len()),
        (expected.caplen, expected.len)
    );
    assert!(packet.data() == expected.data, "{place}");
    if expected.form == Form::Simple {
        let offset = Timestamp::new(interface.tsoffset(), 0);
        assert_eq!(packet.timestamp(), offset, "{place}");
    }
    let comments: Vec<_> = found.comments().map(|text| text.into_owned()).collect();
    let put_in: Vec<_> = expected.comments.iter().map(|bytes| text(bytes)).collect();
    assert_eq!(comments, put_in, "{place}");
    assert_eq!(
        found.flags().map(PacketFlags::bits),
        expected.flags,
        "{place}"
    );
    found.flags().into_iter().for_each(check_flags);
    let hashes: Vec<_> = found
        .hashes()
        .map(|h| (h.algorithm, h.value.to_vec()))
        .collect();
    assert_eq!(hashes, expected.hashes, "{place}");
    assert_eq!(found.dropped(), expected.drops, "{place}");
    assert_eq!(found.packet_id(), expected.packetid, "{place}");
    assert_eq!(found.queue(), expected.queue, "{place}");
    assert_eq!(found.process_thread(), expected.process, "{place}");
    let verdicts: Vec<_> = found.verdicts().collect();
    assert_eq!(verdicts.len(), expected.verdicts.len(), "{place}");
    for (found, expected) in verdicts.iter().zip(&expected.verdicts) {
        let is_same = match (found, expected) {
            (Verdict::Hardware(found), ng::Verdict::Hardware(expected)) => found == expected,
            (Verdict::Tc(found), ng::Verdict::Tc(expected)) => found == expected,
            (Verdict::Xdp(found), ng::Verdict::Xdp(expected)) => found == expected,
            (Verdict::Other(kind, found), ng::Verdict::Other(expected, rest)) => {
                (kind, *found) == (expected, &rest[..])
            }
            _ => false,
        };
        assert!(is_same, "{place}: {found:?}, {expected:?}");
    }
}

/// Checks each accessor against the bits as the specification numbers them.
fn check_flags(flags: PacketFlags) {
    let bits = flags.bits();
    let bit = |number: u32| bits >> number & 1 == 1;
    let number = |start: u32, count: u32| bits >> start & ((1 << count) - 1);
    assert_eq!(flags.is_inbound(), number(0, 2) == 1);
    assert_eq!(flags.is_outbound(), number(0, 2) == 2);
    let reception = match number(2, 3) {
        1 => Some(Reception::Unicast),
        2 => Some(Reception::Multicast),
        3 => Some(Reception::Broadcast),
        4 => Some(Reception::Promiscuous),
        _ => None,
    };
    assert_eq!(flags.reception(), reception);
    let fcs_len = number(5, 4) as u8;
    assert_eq!(flags.fcs_len(), (fcs_len > 0).then_some(fcs_len));
    assert_eq!(flags.is_checksum_not_ready(), bit(9));
    assert_eq!(flags.is_checksum_valid(), bit(10));
    assert_eq!(flags.is_segmentation_offloaded(), bit(11));
    let names = [
        "crc",
        "packet too long",
        "packet too short",
        "wrong inter-frame gap",
        "unaligned frame",
        "start frame delimiter",
        "preamble",
        "symbol",
    ];
    let errors: Vec<_> = (24..)
        .zip(names)
        .filter(|(n, _)| bit(*n))
        .map(|(_, name)| name)
        .collect();
    assert_eq!(flags.link_errors().collect::<Vec<_>>(), errors);
}
