//! Snaplens, and lengths above them.

use super::super::{Case, Ng, epb, idb, spb};
use super::{both, data, plain};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for snaplen in [
        0,
        20,
        64,
        65_535,
        65_536,
        262_143,
        262_145,
        300_000,
        0x7fff_ffff,
        0x8000_0000,
        u32::MAX,
    ] {
        cases.extend(both(&format!("a snaplen of {snaplen}"), |order| {
            let file = Ng::new(order).idb(idb(1).snaplen(snaplen));
            file.packets((0..4).map(plain))
        }));
    }
    for [first, second] in [[0, 262_144], [262_144, u32::MAX], [1500, 9000], [0, 64]] {
        cases.extend(both(&format!("snaplens {first} and {second}"), |order| {
            Ng::new(order)
                .idb(idb(1).snaplen(first))
                .packet(plain(1))
                .idb(idb(1).snaplen(second))
                .packets((0..4).map(|n| plain(n).on(u32::from(n % 2))))
        }));
    }
    cases.extend(both("another snaplen in the next section", |order| {
        Ng::new(order)
            .idb(idb(1).snaplen(100))
            .packet(plain(1))
            .section(order)
            .idb(idb(1).snaplen(200))
            .packet(plain(2))
    }));
    cases.extend(both("packets above the snaplen", |order| {
        Ng::new(order)
            .idb(idb(1).snaplen(64))
            .packet(epb(data(64, 1)).len(100))
            .packet(epb(data(65, 2)))
            .packet(epb(data(100, 3)).len(200))
            .packet(epb(data(10, 4)))
    }));
    cases.extend(both("simple packets cut to the snaplen", |order| {
        Ng::new(order)
            .idb(idb(1).snaplen(64))
            .idb(idb(1).snaplen(64))
            .packet(spb(data(64, 5)).len(100))
            .packet(spb(data(64, 6)))
            .packet(spb(data(63, 7)))
            .packet(epb(data(64, 8)).on(1).len(100))
            .packet(spb(data(64, 9)).len(65_536))
    }));
    // The limit is that of interface 0, whatever the others have.
    cases.extend(both("simple packets beside a small snaplen", |order| {
        Ng::new(order)
            .idb(idb(1).snaplen(1500))
            .idb(idb(1).snaplen(8))
            .packet(spb(data(64, 5)))
            .packet(epb(data(8, 6)).on(1).len(64))
    }));
    for snaplen in [1, 2, 3, 5] {
        cases.extend(both(&format!("simple packets cut to {snaplen}"), |order| {
            Ng::new(order)
                .idb(idb(1).snaplen(snaplen))
                .packet(spb(data(snaplen as usize, 1)).len(1000))
                .packet(spb(data(snaplen as usize, 2)).len(snaplen))
                .packet(spb(data(0, 3)))
        }));
    }
    cases.extend(both("simple packets without a limit", |order| {
        Ng::new(order)
            .idb(idb(1).snaplen(0))
            .packet(spb(data(3000, 1)))
            .packet(spb(data(2, 2)))
    }));
    cases
}
