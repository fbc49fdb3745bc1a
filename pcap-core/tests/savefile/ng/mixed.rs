//! The generated files, as a capture reads them that accepts several link types.

use std::collections::{HashMap, HashSet};
use std::io::Cursor;

use pcap_core::{
    Capture, Dlt, ErrorKind, Filter, Linktype, Offline, PacketBatch, PacketOwned, Result,
};

use super::random_files;
use crate::support::files::{MICRO, Order, Pcap, open, open_file};
use crate::support::ng::{Case, Packet, kind, valid};

/// A call that reads packets up to the end or an error.
type Reads = fn(&mut Capture<Offline>, &mut Vec<PacketOwned>) -> Result<()>;

const READS: [(&str, Reads); 7] = [
    ("read_batch", |capture, seen| {
        let mut batch = PacketBatch::with_limits(3, 1000);
        while capture.read_batch(&mut batch)? {
            seen.extend(batch.iter().map(pcap_core::Packet::into_owned));
        }
        Ok(())
    }),
    ("next_packet", |capture, seen| {
        while let Some(packet) = capture.next_packet()? {
            seen.push(packet.into_owned());
        }
        Ok(())
    }),
    ("advance", |capture, seen| {
        while capture.advance()? {
            seen.extend(capture.packet().map(|packet| packet.into_owned()));
        }
        Ok(())
    }),
    ("for_each", |capture, seen| {
        capture.for_each(|packet| seen.push(packet.into_owned()))?;
        Ok(())
    }),
    ("dispatch_up_to", |capture, seen| {
        let mut read = |capture: &mut Capture<Offline>| {
            capture.dispatch_up_to(3, |packet| seen.push(packet.into_owned()))
        };
        while read(capture)?.packets() > 0 {}
        Ok(())
    }),
    ("packets", |capture, seen| {
        for packet in capture.packets() {
            seen.push(packet?);
        }
        Ok(())
    }),
    ("all in turn", |capture, seen| {
        loop {
            match capture.next_packet()? {
                None => return Ok(()),
                Some(packet) => seen.push(packet.into_owned()),
            }
            capture.for_each_up_to(2, |packet| seen.push(packet.into_owned()))?;
            if capture.advance()? {
                seen.extend(capture.packet().map(|packet| packet.into_owned()));
            }
        }
    }),
];

/// Checks that a packet is the one that was put in. Simple packets have no time.
fn check(name: &str, ours: &PacketOwned, expected: &Packet) {
    let time = ours.timestamp();
    let time = i128::from(time.secs()) * 1_000_000_000 + i128::from(time.subsec_nanos());
    assert!(expected.nanos.is_none_or(|nanos| nanos == time), "{name}");
    let lengths = (ours.caplen(), ours.wire_len());
    assert_eq!(lengths, (expected.caplen, expected.len), "{name}");
    assert!(ours.data() == expected.data, "{name}");
    assert_eq!(ours.interface(), Some(expected.interface), "{name}");
    let linktype = Linktype::new(expected.linktype.into());
    assert_eq!(ours.linktype(), Some(linktype), "{name}");
}

/// Opens a file by a reader and from a file, without reading. Only from a file, if libpcap converts the packets of the
/// first interface.
fn mixed(bytes: &[u8]) -> Vec<Capture<Offline>> {
    let mut both = vec![open(bytes), open_file(bytes)];
    if both[0].interfaces().is_empty() {
        let error = both.remove(0).mix_linktypes().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.text().contains("`pcapng::Reader`"), "{error}");
    }
    for capture in &mut both {
        capture.mix_linktypes().unwrap();
    }
    both
}

/// Returns the undamaged files that a capture opens.
fn opened() -> Vec<Case> {
    let all = valid().into_iter().chain(random_files());
    // libpcap and this crate read some sections of unknown versions.
    let is_plain = |case: &Case| !case.expected.blocks.iter().any(|block| block.is_skipped);
    let opens = |case: &Case| Capture::from_reader(Cursor::new(case.bytes.clone())).is_ok();
    all.filter(|case| is_plain(case) && opens(case)).collect()
}

/// Returns whether libpcap fails at a second link type, or at a second snaplen or byte order.
fn refused_for(case: &Case, text: &str) -> bool {
    let error = case.libpcap.error.as_deref();
    error.is_some_and(|error| error.contains(text))
}

#[test]
fn every_undamaged_file_is_read_in_full() {
    let (mut mixes, mut further) = (0, 0);
    for case in opened() {
        let name = &case.name;
        let expected = &case.expected.packets;
        for (call, read) in READS {
            for mut capture in mixed(&case.bytes) {
                let mut packets = Vec::new();
                let end = read(&mut capture, &mut packets);
                for (ours, expected) in packets.iter().zip(expected) {
                    check(&format!("{name}, {call}"), ours, expected);
                }
                let Err(error) = end else {
                    assert_eq!(packets.len(), expected.len(), "{name}, {call}");
                    assert_eq!(capture.ended(), Some(pcap_core::End::Eof));
                    continue;
                };
                // What captures refuse in any mode.
                let refuses = ["exceeds 64 bits", "at most the snaplen"];
                let text = error.text();
                assert!(
                    refuses.iter().any(|why| text.contains(why)),
                    "{name}: {text}"
                );
            }
        }
        let types: HashSet<u16> = expected.iter().map(|packet| packet.linktype).collect();
        mixes += usize::from(types.len() > 1);
        further += usize::from(refused_for(&case, "has a type"));
    }
    println!("{mixes} with several link types, {further} refused by libpcap for them");
    assert!(mixes > 50 && further > 50, "{mixes}, {further}");
}

/// Up to a second link type, the mode makes no difference, unless libpcap reads the file otherwise.
#[test]
fn packets_are_the_same_as_without() {
    let is_ours = |case: &Case| !open(&case.bytes[..]).interfaces().is_empty();
    for case in opened().into_iter().filter(is_ours) {
        let (mut with, mut without) = (Vec::new(), Vec::new());
        let (_, read) = READS[0];
        let end = read(&mut mixed(&case.bytes)[0], &mut with);
        let plain = read(&mut open(&case.bytes[..]), &mut without);
        assert!(end.is_ok() || plain.is_err(), "{}", case.name);
        assert!(with.len() >= without.len(), "{}", case.name);
        assert!(with[..without.len()] == without[..], "{}", case.name);
    }
}

const EXPRESSIONS: [&str; 7] = [
    "ip",
    "len > 40",
    "link[0] < 128",
    "ether host 02:00:00:00:00:01 or ether[0] & 1 = 0",
    "type mgt or type data",
    "inbound or len > 60",
    "vlan or ip6 or link[1] < 99",
];

/// What compiling and running filters by hand gives, packet by packet.
#[derive(Default)]
struct ByHand {
    filters: HashMap<(u16, &'static str), Option<Filter>>,
}

impl ByHand {
    /// Returns whether an expression compiles for savefiles of a link type.
    fn compiles(&mut self, linktype: u16, expression: &'static str) -> bool {
        self.filter(linktype, expression).is_some()
    }

    fn filter(&mut self, linktype: u16, expression: &'static str) -> Option<&Filter> {
        let filter = self.filters.entry((linktype, expression));
        let filter = filter.or_insert_with(|| {
            // For a savefile, other than for a link type alone, `inbound` may be an error.
            let file = Pcap::native().linktype(linktype.into());
            let compiled = open(file.bytes()).compile(expression);
            let detached = Filter::compile(Linktype::new(linktype.into()), expression);
            compiled.ok().and(detached.ok())
        });
        filter.as_ref()
    }

    fn matches(&mut self, packet: &Packet, order: Order, expression: &'static str) -> bool {
        let linktype = packet.linktype;
        let is_of_system = matches!(linktype, 0 | 108 | 109);
        let Some(filter) = self.filter(linktype, expression) else {
            return false;
        };
        if !is_of_system {
            let time = pcap_core::Timestamp::EPOCH;
            let ours = pcap_core::Packet::new(time, packet.len, &packet.data);
            // The length on the network may be the smaller one.
            return packet.len < packet.caplen && filter.run(&packet.data, packet.len) != 0
                || packet.len >= packet.caplen && filter.matches_packet(ours);
        }
        // The filter of a classic file depends on its byte order, too.
        let header = [1, 0, packet.caplen, packet.len];
        let file = Pcap::new(order, MICRO).linktype(linktype.into());
        let mut capture = open(file.record(header, &packet.data).bytes());
        capture.set_filter(expression).unwrap();
        capture.next_packet().unwrap().is_some()
    }
}

/// Returns the link types that a capture of a file knows before the first read: that of the first interface, and those
/// of the first section with a packet, or else of the last one.
fn known_at_first(case: &Case) -> Vec<u16> {
    let packet = case.expected.packets.first();
    let sections = &case.expected.sections;
    let section = packet.map_or(sections.len() - 1, |packet| packet.section);
    let end = packet.map_or(u64::MAX, |packet| packet.offset);
    let blocks = case.expected.blocks.iter();
    let before = blocks
        .filter(|block| block.kind == kind::IDB && block.section == section && block.offset < end);
    let known = &sections[section].interfaces[..before.count()];
    let first = sections
        .iter()
        .find_map(|section| section.interfaces.first());
    let known = first.into_iter().chain(known);
    known.map(|interface| interface.linktype).collect()
}

/// Returns the link types of the interfaces that a capture of a file sees: those that it knows before the first read,
/// and those after the first packet.
fn seen_linktypes(case: &Case) -> HashSet<u16> {
    let packet = case.expected.packets.first();
    let sections = &case.expected.sections;
    let start = packet.map_or(sections.len(), |packet| packet.section);
    let later = sections[start..].iter();
    let later = later.flat_map(|section| &section.interfaces);
    let later = later.map(|interface| interface.linktype);
    known_at_first(case).into_iter().chain(later).collect()
}

#[test]
fn filters_are_those_of_each_link_type() {
    let mut by_hand = ByHand::default();
    let (mut warned, mut matched, mut rejected, mut refused) = (0, 0, 0, 0);
    for (number, case) in opened().into_iter().enumerate() {
        for (turn, expression) in EXPRESSIONS.into_iter().enumerate() {
            let name = format!("{}, {expression}", case.name);
            let sections = &case.expected.sections;
            let packets: Vec<&Packet> = case
                .expected
                .packets
                .iter()
                .filter(|packet| {
                    by_hand.matches(packet, sections[packet.section].order, expression)
                })
                .collect();
            let compiles_for_known = known_at_first(&case)
                .into_iter()
                .any(|linktype| by_hand.compiles(linktype, expression));
            let linktypes = seen_linktypes(&case);
            let first = sections
                .iter()
                .find_map(|section| section.interfaces.first());
            let first = first.expect("an interface").linktype;
            let mut capture = open_file(&case.bytes);
            // Before and after the switch, which are the same.
            let early = (number + turn) % 2 == 0 && by_hand.compiles(first, expression);
            if early {
                capture.set_filter(expression).unwrap();
            }
            capture.mix_linktypes().unwrap();
            let set = match early {
                true => Ok(()),
                false => capture.set_filter(expression),
            };
            if let Err(error) = set {
                assert!(!compiles_for_known, "{name}: {error}");
                refused += 1;
                continue;
            }
            assert!(compiles_for_known, "{name}");
            let (call, read) = READS[(number + turn) % READS.len()];
            let mut seen = Vec::new();
            if read(&mut capture, &mut seen).is_err() {
                continue;
            }
            assert_eq!(seen.len(), packets.len(), "{name}, {call}");
            for (ours, expected) in seen.iter().zip(packets) {
                check(&name, ours, expected);
            }
            matched += seen.len();
            rejected += case.expected.packets.len() - seen.len();
            // Once for each link type, by the numbers of libpcap.
            let wrong: HashSet<Dlt> = linktypes
                .into_iter()
                .filter(|linktype| !by_hand.compiles(*linktype, expression))
                .map(|linktype| Linktype::new(linktype.into()).into())
                .collect();
            let warnings: HashSet<&str> = capture
                .warnings()
                .iter()
                .map(|warning| warning.text())
                .collect();
            assert_eq!(
                capture.warnings().len(),
                wrong.len(),
                "{name}: {warnings:?}"
            );
            assert_eq!(warnings.len(), wrong.len(), "{name}");
            for dlt in &wrong {
                let text = format!("link type {dlt}: ");
                assert!(
                    warnings.iter().any(|warning| warning.contains(&text)),
                    "{name}"
                );
            }
            warned += wrong.len();
        }
    }
    println!("{matched} match, {rejected} do not; {warned} warnings, {refused} errors");
    assert!(matched > 1000 && rejected > 1000);
    assert!(warned > 100 && refused > 10, "{warned}, {refused}");
}
