//! New data in packets whose blocks stay what they are.

use pcap_core::ErrorKind;
use pcap_core::pcapng::{Block, BlockBuf, PcapngDumper};

use crate::support::contents::open;
use crate::support::ng::{Case, Ng, Opt, Order, epb, idb, pb, spb};

/// Returns a file with a packet of each type, of 9 bytes of which the last ones are these.
fn file(order: Order, last: &[u8; 4], opts: impl IntoIterator<Item = Opt> + Clone) -> Vec<u8> {
    let data = [&b"first"[..], last].concat();
    let file = Ng::new(order).idb(idb(1)).packets([
        epb(data.clone()).at(5).opts(opts.clone()),
        pb(3, data.clone()).at(6).opts(opts),
        spb(data),
    ]);
    Case::new("", file).bytes
}

/// A program that hides parts of packets changes nothing else.
#[test]
fn packets_of_every_type_get_new_data() {
    for order in Order::BOTH {
        let before = [
            Opt::flags(0x601),
            Opt::hash(2, b"crc!"),
            Opt::comment("kept"),
        ];
        let after = [Opt::flags(1), Opt::comment("kept")];
        let bytes = file(order, b"name", before);
        let mut reader = open(&bytes);
        let mut dumper = PcapngDumper::for_blocks_named(Vec::new(), "copy");
        while let Some(block) = reader.next_block().unwrap() {
            let Block::Packet(packet) = block else {
                dumper.write_block(block).unwrap();
                continue;
            };
            let mut edited = BlockBuf::from(packet.as_raw());
            edited.set_data(b"first****", packet.wire_len()).unwrap();
            dumper.write_block(&edited).unwrap();
        }
        let copy: Vec<u8> = dumper.into_writer().unwrap();
        assert_eq!(copy, file(order, b"****", after));
    }
}

#[test]
fn simple_packets_keep_their_lengths() {
    for order in Order::BOTH {
        let bytes = file(order, b"name", []);
        let mut reader = open(&bytes);
        while let Some(block) = reader.next_block().unwrap() {
            let Block::Packet(packet) = block else {
                continue;
            };
            let simple = BlockBuf::from(packet.as_raw());
            if packet.ticks().is_some() {
                assert_eq!(
                    simple.clone().set_data(b"", 0).map_err(|e| e.kind()),
                    Ok(())
                );
                continue;
            }
            for (data, wire_len) in [
                (&b""[..], 9),
                (b"12345678", 9),
                (b"123456789", 8),
                (b"1234567890", 9),
            ] {
                let mut edited = simple.clone();
                let error = edited.set_data(data, wire_len).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidArgument);
                assert_eq!(edited, simple);
            }
        }
    }
    for length in [0, 4] {
        let mut short = BlockBuf::new(3, &vec![0; length]);
        let set = short.set_data(b"data", 0);
        assert_eq!(set.unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
}

#[test]
fn the_time_of_an_obsolete_packet_can_change() {
    let file = |order, ticks| {
        let file = Ng::new(order).idb(idb(1)).packet(pb(3, b"data").at(ticks));
        Case::new("", file).bytes
    };
    for order in Order::BOTH {
        let (old, new) = (file(order, 7), file(order, 5 << 32 | 6));
        let mut reader = open(&old);
        let mut dumper = PcapngDumper::for_blocks_named(Vec::new(), "copy");
        while let Some(block) = reader.next_block().unwrap() {
            let mut block_buf = BlockBuf::from(block.as_raw());
            if matches!(block, Block::Packet(_)) {
                block_buf.set_ticks(5 << 32 | 6).unwrap();
            }
            dumper.write_block(&block_buf).unwrap();
        }
        assert_eq!(dumper.into_writer::<Vec<u8>>().unwrap(), new);
    }
}
