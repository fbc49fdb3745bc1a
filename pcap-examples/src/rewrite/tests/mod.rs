//! Tests of whole packets.
//!
//! The reference for checksums is [`has_right_checksums`], which knows nothing of updates: it adds all bytes.

mod checksums;
mod hidden_addresses;

use etherparse::{IpNumber, Ipv4Header, PacketBuilder};
use pcap_core::{Dlt, MacAddr, Packet, Timestamp};

use crate::link_converter;

use super::{
    AnonymizationKey, Anonymizer, IpRule, LengthRepair, MacRule, PayloadRule, PortRule, Rewriter,
    Rules, TtlRule, VlanRemoval, VlanRule, VlanTag,
};

const A: [u8; 4] = [10, 1, 2, 3];
const B: [u8; 4] = [192, 0, 2, 2];
const A6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const B6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
const MACS: ([u8; 6], [u8; 6]) = ([2, 0, 0, 0, 0, 1], [0, 0x1b, 0x21, 1, 2, 3]);

/// Returns packets of several protocols, all with right checksums.
fn samples() -> Vec<Vec<u8>> {
    let mut samples = Vec::new();
    let ethernet = || PacketBuilder::ethernet2(MACS.0, MACS.1);
    for length in [0, 1, 2, 33] {
        let payload: Vec<u8> = (0..length)
            .map(|byte: u8| byte.wrapping_mul(37) + 1)
            .collect();
        let v4 = || ethernet().ipv4(A, B, 64);
        let v6 = || {
            ethernet()
                .single_vlan(7u16.try_into().unwrap())
                .ipv6(A6, B6, 64)
        };
        let mut add = |write: &dyn Fn(&mut Vec<u8>)| {
            let mut data = Vec::new();
            write(&mut data);
            samples.push(data);
        };
        add(&|data| v4().tcp(1000, 80, 1, 2).write(data, &payload).unwrap());
        add(&|data| v6().tcp(1000, 80, 1, 2).write(data, &payload).unwrap());
        add(&|data| v4().udp(1000, 53).write(data, &payload).unwrap());
        add(&|data| v6().udp(1000, 53).write(data, &payload).unwrap());
        add(&|data| {
            v4().icmpv4_echo_request(1, 2)
                .write(data, &payload)
                .unwrap()
        });
        add(&|data| {
            v6().icmpv6_echo_request(1, 2)
                .write(data, &payload)
                .unwrap()
        });
        // VXLAN around each, with the odd length of the outer header that a VLAN tag does not give.
        let inner = samples.last().cloned().unwrap_or_default();
        let vxlan = [&[8, 0, 0, 0, 0, 0, 5, 0][..], &inner].concat();
        let mut outer = Vec::new();
        let udp = ethernet().ipv4(A, B, 64).udp(5000, 4789);
        udp.write(&mut outer, &vxlan).unwrap();
        samples.push(outer);
    }
    // An error that quotes a packet.
    let quoted = samples[2][14..].to_vec();
    let unreachable = [&[3, 1, 0, 0, 0, 0, 0, 0][..], &quoted].concat();
    let sum = full_sum(&unreachable, 0);
    let mut error = ip_packet(1, &unreachable);
    error[36..38].copy_from_slice(&(!sum).to_be_bytes());
    samples.push(error);
    samples
}

fn ip_packet(number: u8, payload: &[u8]) -> Vec<u8> {
    let mut data = [&MACS.1[..], &MACS.0, &[8, 0]].concat();
    let length = payload.len() as u16;
    let mut header = Ipv4Header::new(length, 64, IpNumber(number), B, A).unwrap();
    header.header_checksum = header.calc_header_checksum();
    header.write(&mut data).unwrap();
    data.extend(payload);
    data
}

/// Adds all 16-bit numbers, one by one.
fn full_sum(bytes: &[u8], start: u32) -> u16 {
    let mut sum = start;
    for pair in bytes.chunks(2) {
        sum += u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// Returns whether all checksums in an Ethernet frame are right.
fn has_right_checksums(frame: &[u8]) -> bool {
    let mut at = 12;
    while matches!(frame[at..at + 2], [0x81, 0] | [0x88, 0xa8]) {
        at += 4;
    }
    ip_is_right(&frame[at + 2..])
}

fn ip_is_right(data: &[u8]) -> bool {
    let (number, addresses, body, header_is_right) = match data[0] >> 4 {
        4 => {
            let length = usize::from(u16::from_be_bytes([data[2], data[3]])).min(data.len());
            (
                data[9],
                &data[12..20],
                &data[20..length],
                full_sum(&data[..20], 0) == 0xffff,
            )
        }
        _ => (data[6], &data[8..40], &data[40..], true),
    };
    let body = match number {
        17 => &body[..usize::from(u16::from_be_bytes([body[4], body[5]]))],
        _ => body,
    };
    let pseudo = full_sum(addresses, u32::from(number) + body.len() as u32);
    let body_is_right = match number {
        17 if body[6..8] == [0, 0] => true,
        6 | 17 | 58 => full_sum(body, pseudo.into()) == 0xffff,
        _ => full_sum(body, 0) == 0xffff,
    };
    let inner_is_right = match number {
        17 if body[2..4] == 4789u16.to_be_bytes() => has_right_checksums(&body[16..]),
        1 if body[0] == 3 => ip_is_right(&body[8..]),
        _ => true,
    };
    header_is_right && body_is_right && inner_is_right
}

/// Returns rules that change all addresses and ports.
fn rules() -> Rules {
    let mut rules = Rules::default();
    rules.ips.both = [
        "10.0.0.0/8=203.0.0.0/8",
        "192.0.2.2=1.2.3.4",
        "2001:db8::/32=fd00:1::/32",
    ]
    .map(|text| IpRule::parse(text).unwrap())
    .to_vec();
    rules.ports.source = vec![PortRule::parse("1000=65535").unwrap()];
    rules.ports.both = vec![
        PortRule::parse("53=5353").unwrap(),
        PortRule::parse("80=8081").unwrap(),
    ];
    rules.ttl = Some(TtlRule::Add(-3));
    rules.macs.both = vec![MacRule::parse("02:00:00:00:00:01=02:00:00:00:00:99").unwrap()];
    rules
}

fn anonymizing() -> Rules {
    let key = AnonymizationKey::new([9; 32]);
    Rules {
        anonymizer: Some(Anonymizer::new(&key, Vec::new(), false)),
        ..Rules::default()
    }
}

fn rewrite_as(rewriter: &mut Rewriter, dlt: Dlt, data: &[u8], wire_len: u32) -> (Vec<u8>, u32) {
    let packet = Packet::new(Timestamp::new(1, 2), wire_len, data);
    let changed = rewriter.rewrite(dlt, packet);
    assert_eq!(changed.timestamp(), packet.timestamp());
    (changed.data().to_vec(), changed.wire_len())
}

fn rewrite(rewriter: &mut Rewriter, data: &[u8]) -> Vec<u8> {
    rewrite_as(rewriter, Dlt::EN10MB, data, data.len() as u32).0
}

#[test]
fn right_checksums_stay_right_and_wrong_ones_wrong() {
    for rules in [rules(), anonymizing()] {
        let mut rewriter = Rewriter::new(rules);
        for sample in samples() {
            assert!(has_right_checksums(&sample));
            let changed = rewrite(&mut rewriter, &sample);
            assert!(
                has_right_checksums(&changed),
                "{sample:02x?}\n{changed:02x?}"
            );
            assert_eq!(changed.len(), sample.len());
            assert_ne!(changed, sample);
            // The last byte belongs to a payload, or to a field that does not change.
            let mut wrong = sample.clone();
            *wrong.last_mut().unwrap() ^= 1;
            assert!(!has_right_checksums(&rewrite(&mut rewriter, &wrong)));
        }
    }
}

#[test]
fn a_truncated_packet_becomes_the_truncated_changed_packet() {
    let mut rewriter = Rewriter::new(rules());
    // Without the tunnels and the error, whose checksums cover headers that may be missing.
    let samples = samples();
    let is_simple = |index: &usize| index % 7 != 6 && *index != 28;
    for sample in (0..29).filter(is_simple).map(|index| &samples[index]) {
        let whole = rewrite(&mut rewriter, sample);
        for length in 62..sample.len() {
            let wire_len = sample.len() as u32;
            let (short, len) = rewrite_as(&mut rewriter, Dlt::EN10MB, &sample[..length], wire_len);
            assert_eq!((len, short.len()), (wire_len, length));
            // A part of a checksum cannot change, so leave out the last byte.
            assert_eq!(short[..length - 1], whole[..length - 1]);
        }
    }
}

#[test]
fn fragments_become_the_fragments_of_the_changed_packet() {
    let mut rewriter = Rewriter::new(rules());
    let whole = &samples()[23];
    let changed = rewrite(&mut rewriter, whole);
    let fragment = |frame: &[u8], offset: usize, end: usize| {
        let body = &frame[34..];
        let mut part = ip_packet(17, &body[offset..end]);
        part[14..34].copy_from_slice(&frame[14..34]);
        part[16..18].copy_from_slice(&(20 + (end - offset) as u16).to_be_bytes());
        let more = if end < body.len() { 0x2000 } else { 0 };
        part[20..22].copy_from_slice(&(more | (offset as u16 / 8)).to_be_bytes());
        part[24..26].fill(0);
        let sum = full_sum(&part[14..34], 0);
        part[24..26].copy_from_slice(&(!sum).to_be_bytes());
        part
    };
    for (offset, end) in [(0, 16), (16, 32), (32, whole.len() - 34)] {
        let part = rewrite(&mut rewriter, &fragment(whole, offset, end));
        let mut expected = fragment(&changed, offset, end);
        // The Ethernet header of both is that of `ip_packet`.
        expected[..14].copy_from_slice(&part[..14]);
        assert_eq!(part, expected, "{offset}");
    }
}

#[test]
fn zero_checksums_of_udp_stay_and_the_result_zero_becomes_ffff() {
    let mut rewriter = Rewriter::new(rules());
    let mut sample = samples()[2].clone();
    sample[40..42].fill(0);
    assert_eq!(rewrite(&mut rewriter, &sample)[40..42], [0, 0]);
    // Try payloads until the checksum of the changed packet would be zero.
    let found = (0..=u16::MAX).find_map(|value| {
        let mut data = Vec::new();
        let builder = PacketBuilder::ethernet2(MACS.0, MACS.1)
            .ipv4(A, B, 64)
            .udp(1000, 53);
        builder.write(&mut data, &value.to_be_bytes()).unwrap();
        let changed = rewrite(&mut rewriter, &data);
        assert_ne!(changed[40..42], [0, 0]);
        (changed[40..42] == [0xff; 2]).then_some(changed)
    });
    assert!(has_right_checksums(&found.unwrap()));
}

#[test]
fn wrong_checksums_and_lengths_are_repaired() {
    let fix = |lengths| {
        Rewriter::new(Rules {
            fix_checksums: true,
            lengths,
            ..rules()
        })
    };
    // TCP, UDP and ICMP over IPv4, with their offsets of the checksum and lengths of the header.
    for (index, field, header) in [(0, 50, 54), (2, 40, 42), (4, 36, 42)] {
        for sample in samples()[index..28].iter().step_by(7) {
            let expected = rewrite(&mut Rewriter::new(rules()), sample);
            let mut wrong = sample.clone();
            wrong[24..26].fill(0x55);
            wrong[field..field + 2].fill(0x55);
            assert_eq!(rewrite(&mut fix(None), sample), expected);
            assert_eq!(rewrite(&mut fix(None), &wrong), expected);
            // The length of IP is missing, as if a network card was to fill it in, or is too large.
            for total in [[0; 2], [0xff; 2]] {
                wrong[16..18].copy_from_slice(&total);
                for end in header..=wrong.len() {
                    let mut truncate = fix(Some(LengthRepair::Truncate));
                    let (data, len) = rewrite_as(&mut truncate, Dlt::EN10MB, &wrong[..end], 2000);
                    assert_eq!((len as usize, data.len()), (end, end));
                    assert!(has_right_checksums(&data), "{data:02x?}");
                    assert_eq!(usize::from(data[17]), end - 14);
                    let mut pad = fix(Some(LengthRepair::Pad));
                    let (data, len) = rewrite_as(&mut pad, Dlt::EN10MB, &wrong[..end], 99);
                    assert_eq!((len, data.len()), (99, 99));
                    assert!(has_right_checksums(&data), "{data:02x?}");
                }
            }
        }
    }
}

#[test]
fn tags_change_the_length_but_not_the_rest() {
    let rules = Rules {
        vlan_removal: Some(VlanRemoval::parse("all").unwrap()),
        added_vlans: vec![
            VlanTag::parse("100,type=88a8").unwrap(),
            VlanTag::parse("5").unwrap(),
        ],
        ..Rules::default()
    };
    let mut rewriter = Rewriter::new(rules);
    let sample = &samples()[1];
    let changed = rewrite(&mut rewriter, sample);
    assert_eq!(changed[12..20], [0x88, 0xa8, 0, 100, 0x81, 0, 0, 5]);
    assert_eq!(changed[20..], sample[16..]);
    assert_eq!(rewriter.snaplen(1500), 1508);
    let rules = Rules {
        vlans: vec![VlanRule::parse("7=9,priority=1").unwrap()],
        ..Rules::default()
    };
    let tagged = rewrite(&mut Rewriter::new(rules), sample);
    assert_eq!(tagged[12..16], [0x81, 0, 0x20, 9]);
    assert_eq!(tagged[16..], sample[16..]);
}

#[test]
fn the_payload_is_removed_and_the_headers_stay() {
    let cut = |payload| {
        Rewriter::new(Rules {
            payload: Some(payload),
            ..Rules::default()
        })
    };
    for (index, sample) in samples().iter().enumerate() {
        let zeroed = rewrite(&mut cut(PayloadRule::Zero), sample);
        assert!(has_right_checksums(&zeroed), "{index}");
        assert_eq!(zeroed.len(), sample.len());
        let wire_len = sample.len() as u32;
        let (short, len) = rewrite_as(&mut cut(PayloadRule::Cut), Dlt::EN10MB, sample, wire_len);
        assert_eq!(len, wire_len);
        assert!(sample.starts_with(&short));
        assert!(zeroed[short.len()..].iter().all(|&byte| byte == 0));
    }
    let (short, _) = rewrite_as(&mut cut(PayloadRule::Cut), Dlt::EN10MB, &samples()[21], 87);
    assert_eq!(short.len(), 54);
}

#[test]
fn addresses_in_arp_and_neighbor_discovery_change() {
    let arp = |op: u8, from: [u8; 4], to: [u8; 4]| {
        let head = [&[0xff; 6][..], &MACS.0, &[8, 6, 0, 1, 8, 0, 6, 4, 0, op]].concat();
        [&head[..], &MACS.0, &from, &[0; 6], &to].concat()
    };
    let changed = rewrite(&mut Rewriter::new(rules()), &arp(1, A, B));
    let mut expected = arp(1, [203, 1, 2, 3], [1, 2, 3, 4]);
    expected[11] = 0x99;
    expected[27] = 0x99;
    assert_eq!(changed, expected);

    // A solicitation with the address of its sender.
    let message = [&[135, 0, 0, 0, 0, 0, 0, 0][..], &B6, &[1, 1], &MACS.0].concat();
    let frame = |from: [u8; 16], to: [u8; 16], message: &[u8]| {
        let mut frame = [
            &MACS.1[..],
            &MACS.0,
            &[0x86, 0xdd, 0x60, 0, 0, 0, 0, 32, 58, 255],
        ]
        .concat();
        frame.extend(from);
        frame.extend(to);
        let pseudo = full_sum(&frame[22..54], 58 + 32);
        let sum = full_sum(message, pseudo.into());
        frame.extend(message);
        let field = 54 + 2;
        frame[field..field + 2].copy_from_slice(&(!sum).to_be_bytes());
        frame
    };
    let sample = frame(A6, B6, &message);
    assert!(has_right_checksums(&sample));
    let changed = rewrite(&mut Rewriter::new(rules()), &sample);
    assert!(has_right_checksums(&changed));
    assert_eq!(changed[62..66], [0xfd, 0, 0, 1]);
    assert_eq!(changed[80..86], [2, 0, 0, 0, 0, 0x99]);
}

#[test]
fn sctp_keeps_a_right_checksum() {
    let mut packet = [
        &1000u16.to_be_bytes()[..],
        &[0, 80],
        &[0; 8],
        b"chunks of data",
    ]
    .concat();
    let checksum = super::crc32c::checksum(&packet);
    packet[8..12].copy_from_slice(&checksum);
    let mut rewriter = Rewriter::new(rules());
    let changed = rewrite(&mut rewriter, &ip_packet(132, &packet));
    assert_eq!(changed[34..38], [0xff, 0xff, 0x1f, 0x91]);
    assert_eq!(changed[42..46], super::crc32c::checksum(&changed[34..]));
    packet[8] ^= 1;
    let wrong = rewrite(&mut rewriter, &ip_packet(132, &packet));
    assert_ne!(wrong[42..46], super::crc32c::checksum(&wrong[34..]));
}

#[test]
fn no_bytes_cause_a_panic_or_another_length() {
    let further = [
        Dlt::PPP,
        Dlt::PPP_SERIAL,
        Dlt::PPP_ETHER,
        Dlt::C_HDLC,
        Dlt::MPLS,
    ];
    let links = [&link_converter::SOURCES[..], &further[..]].concat();
    let all = |lengths, payload| {
        Rewriter::new(Rules {
            lengths,
            payload,
            fix_checksums: true,
            vlans: vec![VlanRule::parse("3").unwrap()],
            anonymizer: anonymizing().anonymizer,
            ..rules()
        })
    };
    let mut rewriters = [
        all(None, None),
        all(Some(LengthRepair::Truncate), Some(PayloadRule::Zero)),
        all(Some(LengthRepair::Pad), Some(PayloadRule::Cut)),
    ];
    let mut state = 1u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize
    };
    let interesting = [
        0, 1, 4, 6, 17, 41, 43, 44, 47, 51, 58, 60, 0x45, 0x4f, 0x60, 0x81, 0x88, 132, 136, 137,
        255,
    ];
    let mut samples = samples();
    let others = hidden_addresses::packets().into_iter();
    samples.extend(others.map(|(_, packet)| packet));
    for _ in 0..10_000 {
        let mut data = samples[random() % samples.len()].clone();
        if random() % 4 == 0 {
            data.iter_mut().for_each(|byte| *byte = random() as u8);
        }
        for _ in 0..random() % 8 {
            let at = random() % data.len();
            data[at] = interesting[random() % interesting.len()];
        }
        data.truncate(random() % (data.len() + 1));
        let dlt = links[random() % links.len()];
        let start = if dlt == Dlt::EN10MB {
            0
        } else {
            (random() % 15).min(data.len())
        };
        let data = &data[start..];
        let wire_len = data.len() as u32 + [0, 0, 100, 70_000][random() % 4];
        let (changed, _) = rewrite_as(&mut rewriters[0], dlt, data, wire_len);
        assert_eq!(changed.len(), data.len());
        let (changed, len) = rewrite_as(&mut rewriters[1], dlt, data, wire_len);
        assert_eq!((changed.len(), len as usize), (data.len(), data.len()));
        let (changed, len) = rewrite_as(&mut rewriters[2], dlt, data, wire_len);
        assert!(changed.len() <= wire_len as usize && len == wire_len);
    }
}

#[test]
fn mac_rules_without_an_old_address_concern_the_outermost_frame() {
    let new = "02:00:00:00:00:42";
    let mut rules = Rules::default();
    rules.macs.source = vec![MacRule::parse_any(new).unwrap()];
    let mut rewriter = Rewriter::new(rules);
    let sample = &samples()[6];
    let mut expected = sample.clone();
    expected[6..12].copy_from_slice(&new.parse::<MacAddr>().unwrap().octets());
    assert_eq!(rewrite(&mut rewriter, sample), expected);
}
