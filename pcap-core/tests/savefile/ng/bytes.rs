//! Blocks byte by byte, for what no tool shows.

use crate::support::ng::{Block, Opt, Order, epb, kind, pb, spb};

/// Numbers larger than 32 bits, with different halves.
const TICKS: [u64; 2] = [(1 << 32) | 2, (3 << 32) | 4];

#[test]
fn statistics_have_the_bytes_of_the_format() {
    let bytes = |order| {
        let options = [Opt::time(2, TICKS[1]), Opt::u64(4, 5)];
        Block::isb(order, 1, TICKS[0]).opts(options).bytes(order)
    };
    #[rustfmt::skip]
    assert_eq!(bytes(Order::Big), [
        0, 0, 0, 5, 0, 0, 0, 52, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2,
        0, 2, 0, 8, 0, 0, 0, 3, 0, 0, 0, 4,
        0, 4, 0, 8, 0, 0, 0, 0, 0, 0, 0, 5,
        0, 0, 0, 0, 0, 0, 0, 52,
    ]);
    #[rustfmt::skip]
    assert_eq!(bytes(Order::Little), [
        5, 0, 0, 0, 52, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,
        2, 0, 8, 0, 3, 0, 0, 0, 4, 0, 0, 0,
        4, 0, 8, 0, 5, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 52, 0, 0, 0,
    ]);
}

#[test]
fn packets_have_the_bytes_of_the_format() {
    let options = || {
        [
            Opt::process(10, 11),
            Opt::hash(2, &[0xab, 0xcd]),
            Opt::custom(2988, 32_473, b"x"),
        ]
    };
    let bytes = |order| {
        let frame = epb([7]).on(3).at(TICKS[0]).len(9).opts(options());
        frame.block(order).bytes(order)
    };
    #[rustfmt::skip]
    assert_eq!(bytes(Order::Big), [
        0, 0, 0, 6, 0, 0, 0, 72, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9, 7, 0, 0, 0,
        0, 8, 0, 8, 0, 0, 0, 10, 0, 0, 0, 11,
        0, 3, 0, 3, 2, 0xab, 0xcd, 0,
        0x0b, 0xac, 0, 5, 0, 0, 0x7e, 0xd9, b'x', 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 72,
    ]);
    #[rustfmt::skip]
    assert_eq!(bytes(Order::Little), [
        6, 0, 0, 0, 72, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 7, 0, 0, 0,
        8, 0, 8, 0, 10, 0, 0, 0, 11, 0, 0, 0,
        3, 0, 3, 0, 2, 0xab, 0xcd, 0,
        0xac, 0x0b, 5, 0, 0xd9, 0x7e, 0, 0, b'x', 0, 0, 0,
        0, 0, 0, 0, 72, 0, 0, 0,
    ]);
    let obsolete = pb(4, [7]).on(3).at(TICKS[0]).block(Order::Big);
    #[rustfmt::skip]
    assert_eq!(obsolete.bytes(Order::Big), [
        0, 0, 0, 2, 0, 0, 0, 36, 0, 3, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7, 0, 0, 0,
        0, 0, 0, 36,
    ]);
    let simple = spb([7]).len(9).block(Order::Big).bytes(Order::Big);
    #[rustfmt::skip]
    assert_eq!(simple, [0, 0, 0, 3, 0, 0, 0, 20, 0, 0, 0, 9, 7, 0, 0, 0, 0, 0, 0, 20]);
}

#[test]
fn other_blocks_have_the_bytes_of_the_format() {
    let names = Block::nrb(Order::Big, &[(1, vec![192, 0, 2, 1, b'a', 0])]);
    #[rustfmt::skip]
    assert_eq!(names.bytes(Order::Big), [
        0, 0, 0, 4, 0, 0, 0, 28, 0, 1, 0, 6, 192, 0, 2, 1, b'a', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 28,
    ]);
    let secrets = Block::dsb(Order::Little, 0x544c_534b, b"k");
    #[rustfmt::skip]
    assert_eq!(secrets.bytes(Order::Little), [
        10, 0, 0, 0, 24, 0, 0, 0, b'K', b'S', b'L', b'T', 1, 0, 0, 0, b'k', 0, 0, 0, 24, 0, 0, 0,
    ]);
    let custom = |copy| Block::custom(Order::Big, copy, 32_473, &[1]).bytes(Order::Big);
    #[rustfmt::skip]
    assert_eq!(custom(true), [
        0, 0, 0x0b, 0xad, 0, 0, 0, 20, 0, 0, 0x7e, 0xd9, 1, 0, 0, 0, 0, 0, 0, 20,
    ]);
    assert_eq!(custom(false)[..4], [0x40, 0, 0x0b, 0xad]);
    let unknown = Block::new(kind::JOURNAL, b"text!".to_vec());
    #[rustfmt::skip]
    assert_eq!(unknown.bytes(Order::Big), [
        0, 0, 0, 9, 0, 0, 0, 20, b't', b'e', b'x', b't', b'!', 0, 0, 0, 0, 0, 0, 20,
    ]);
}
