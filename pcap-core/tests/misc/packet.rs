//! Packets and batches as values, and the names of directions.

use std::hash::{DefaultHasher, Hash, Hasher};

use pcap_core::{Direction, Packet, PacketBatch, Timestamp};

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn packets_are_equal_if_headers_and_data_are() {
    let time = Timestamp::new(1_700_000_000, 5);
    let packet = Packet::new(time, 60, b"data");
    let copy = b"data".to_vec();
    let same = Packet::new(time, 60, &copy);
    assert_eq!(packet, same);
    assert_eq!(hash(packet), hash(same));
    for other in [
        Packet::new(Timestamp::new(1_700_000_000, 6), 60, b"data"),
        Packet::new(time, 61, b"data"),
        Packet::new(time, 60, b"date"),
        Packet::new(time, 60, b"dat"),
    ] {
        assert_ne!(packet, other);
        assert_ne!(hash(packet), hash(other));
    }
}

#[test]
fn a_batch_contains_what_was_pushed() {
    let packets = [
        Packet::whole(Timestamp::EPOCH, b"one"),
        Packet::new(Timestamp::new(2, 0), 1500, b"second"),
        Packet::whole(Timestamp::EPOCH, b""),
    ];
    let mut batch = PacketBatch::with_limits(10, 9);
    for (index, packet) in packets.into_iter().enumerate() {
        assert!(!batch.is_full() || index == 2);
        batch.push(packet);
        assert_eq!(batch.get(index), Some(packet));
    }
    // The data have nine bytes.
    assert!(batch.is_full());
    assert_eq!(batch.iter().collect::<Vec<_>>(), packets);
    assert_eq!(
        format!("{batch:?}"),
        "PacketBatch { packets: 3, bytes: 9, .. }"
    );
    batch.clear();
    assert!(batch.is_empty() && !batch.is_full());
}

#[test]
fn directions_have_the_names_of_tcpdumps_option() {
    for (direction, name) in [
        (Direction::InOut, "inout"),
        (Direction::In, "in"),
        (Direction::Out, "out"),
    ] {
        assert_eq!(direction.to_string(), name);
        assert_eq!(name.parse::<Direction>().unwrap(), direction);
        let upper = name.to_uppercase();
        assert_eq!(upper.parse::<Direction>().unwrap(), direction);
    }
    let error = "both".parse::<Direction>().unwrap_err();
    let text = "cannot parse direction `both`: expected `in`, `out` or `inout`";
    assert_eq!(error.to_string(), text);
}
