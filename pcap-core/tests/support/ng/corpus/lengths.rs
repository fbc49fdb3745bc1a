//! Lengths of packets and their padding.

use super::super::Field;
use super::super::{Case, Ng, Opt, epb, idb, pb, spb};
use super::{both, data, excluding};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(both("all paddings of enhanced packets", |order| {
        let file = Ng::new(order).idb(idb(1));
        file.packets((0..10).map(|n| epb(data(n, 1)).at(n as u64)))
    }));
    cases.extend(both("all paddings before options", |order| {
        let file = Ng::new(order).idb(idb(1));
        file.packets((0..10).map(|n| epb(data(n, 1)).opt(Opt::flags(1))))
    }));
    cases.extend(both("all paddings of simple packets", |order| {
        let file = Ng::new(order).idb(idb(1));
        file.packets((0..10).map(|n| spb(data(n, 2))))
    }));
    cases.extend(both("all paddings of obsolete packets", |order| {
        let file = Ng::new(order).idb(idb(1));
        let comment = |n| Opt::comment(data(n, b'a'));
        file.packets((0..10).map(|n| pb(1, data(n, 3)).opt(comment(9 - n))))
    }));
    cases.extend(both("usual lengths", |order| {
        let file = Ng::new(order).idb(idb(1));
        let lengths = [60, 64, 98, 576, 1500, 1514, 9000, 65_535, 65_536];
        file.packets(lengths.map(|n| epb(data(n, 4))))
    }));
    cases.extend(both("nothing but empty packets", |order| {
        let file = Ng::new(order).idb(idb(1));
        file.packets((0..40).map(|n| epb(b"").at(n)))
    }));
    cases.extend(both("an empty packet with options", |order| {
        Ng::new(order)
            .idb(idb(1))
            .packet(epb(b"").opt(Opt::comment("nothing")))
            .packet(epb(b"").len(100).opt(Opt::flags(2)))
            .packet(pb(3, b"").opt(Opt::flags(1)))
            .packet(spb(b""))
    }));
    cases.extend(both("shortened packets", |order| {
        let file = Ng::new(order).idb(idb(1));
        file.packets((1..9).map(|n| epb(data(64, 5)).len(64 * n)))
            .packet(epb(data(64, 5)).len(262_144))
            .packet(epb(data(64, 5)).len(0x7fff_ffff))
    }));
    cases.extend(both("captured more than there was", |order| {
        Ng::new(order)
            .idb(idb(1))
            .packet(epb(data(100, 6)).len(50))
            .packet(epb(data(100, 6)).len(0))
            .packet(pb(0xffff, data(100, 6)).len(99))
    }));
    cases.extend(excluding(
        both("a length beyond 31 bits", |order| {
            Ng::new(order)
                .idb(idb(1))
                .packet(epb(data(100, 7)).len(u32::MAX))
                .packet(epb(data(100, 7)).len(0x8000_0000))
        }),
        Field::Len,
        "tshark shows at most 2147483647",
    ));
    cases.extend(both("the longest Ethernet packet", |order| {
        Ng::new(order).idb(idb(1)).packet(epb(data(262_144, 8)))
    }));
    cases
}
