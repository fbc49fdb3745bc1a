//! The generated files, as a capture reads them: as libpcap does, and on where libpcap cannot.

use std::io::Cursor;

use pcap_core::{Capture, ErrorKind, PacketOwned};

use super::{RANDOM, random_files};
use crate::support::ng::{Case, Packet, damage, damaged, random, valid};

/// The packets of a file, and the kind of the error at its end or on opening it.
struct Ours {
    packets: Vec<PacketOwned>,
    error: Option<(ErrorKind, String)>,
}

fn ours(bytes: &[u8]) -> Ours {
    let mut packets = Vec::new();
    let opened = Capture::from_reader(Cursor::new(bytes.to_vec()));
    let failed = |e: pcap_core::Error| Some((e.kind(), e.to_string()));
    let mut capture = match opened {
        Ok(capture) => capture,
        Err(e) => {
            let error = failed(e);
            return Ours { packets, error };
        }
    };
    let error = loop {
        match capture.next_packet() {
            Ok(Some(packet)) => packets.push(packet.into_owned()),
            Ok(None) => break None,
            Err(e) => break failed(e),
        }
    };
    Ours { packets, error }
}

/// Returns whether a packet is the one that was put in. Simple packets have no time.
fn is_same(ours: &PacketOwned, expected: &Packet) -> bool {
    let time = i128::from(ours.timestamp().secs()) * 1_000_000_000
        + i128::from(ours.timestamp().subsec_nanos());
    expected.nanos.is_none_or(|nanos| nanos == time)
        && (ours.caplen(), ours.wire_len()) == (expected.caplen, expected.len)
        && ours.data() == expected.data
}

/// Checks a file: returns whether this crate reads more packets than libpcap.
fn check(case: &Case) -> bool {
    let (name, theirs) = (&case.name, &case.libpcap);
    let Ours { packets, error } = ours(&case.bytes);
    for (at, (packet, model)) in packets.iter().zip(&theirs.packets).enumerate() {
        if model.is_exact {
            let time = (packet.header().raw_secs(), packet.header().raw_nanos());
            // libpcap reads some link types. If C's seconds have 32 bits, it returns no more of them.
            let short = size_of::<pcap_sys::timeval>() == 8;
            let cut = model.seconds & i64::from(u32::MAX);
            let known = [model.seconds, if short { cut } else { model.seconds }];
            assert!(
                known.map(|secs| (secs, model.nanos)).contains(&time),
                "{name}: {at}, {time:?}"
            );
        }
        let lengths = (packet.caplen(), packet.wire_len());
        assert_eq!(lengths, (model.caplen, model.len), "{name}: {at}");
        assert!(packet.data() == model.data, "{name}: data of packet {at}");
    }
    let (mine, others) = (packets.len(), theirs.packets.len());
    // Seconds beyond 64 bits are an error, where libpcap's wrap.
    let exceeds = |(_, text): &(_, String)| text.contains("exceeds 64 bits");
    if error.as_ref().is_some_and(exceeds) {
        return false;
    }
    assert!(
        mine >= others,
        "{name}: {mine} of {others} packets, {error:?}"
    );
    if theirs.error.is_none() {
        assert_eq!((mine, error), (others, None), "{name}");
        return false;
    }
    if case.expected.blocks.iter().any(|block| block.is_skipped) {
        // As libpcap, this crate reads some sections of unknown versions.
        return false;
    }
    // Where libpcap gives up, what was put in goes on.
    let pairs = packets.iter().zip(&case.expected.packets).enumerate();
    for (at, (packet, expected)) in pairs.skip(others) {
        assert!(is_same(packet, expected), "{name}: {at}");
    }
    if error.is_none() {
        assert_eq!(mine, case.expected.packets.len(), "{name}");
    }
    mine > others
}

#[test]
fn undamaged_files_are_read_at_least_as_by_libpcap() {
    let more = valid()
        .iter()
        .chain(&random_files().collect::<Vec<_>>())
        .filter(|case| check(case))
        .count();
    assert!(more >= 20, "{more} files are read further");
}

#[test]
fn damaged_files_are_read_up_to_the_damage() {
    for case in damaged() {
        let Ours { packets, error } = ours(&case.bytes);
        let (mine, others) = (packets.len(), case.libpcap.packets.len());
        assert!(mine >= others, "{}: {mine} of {others} packets", case.name);
        assert!(
            error.is_some() || case.libpcap.error.is_none() || mine > others,
            "{}",
            case.name
        );
    }
}

/// Nothing panics, and nothing is read without end.
#[test]
fn any_damage_ends_in_packets_or_an_error() {
    let mut errors = 0;
    for seed in 1..=RANDOM {
        let bytes = damage(seed, &random(seed).bytes);
        errors += usize::from(ours(&bytes).error.is_some());
    }
    assert!(errors > 100, "{errors}");
}
