//! Resolutions, offsets and extreme times.

use super::super::{Case, Ng, Opt, Order, epb, idb, pb, spb};
use super::{NOW, both, data};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let decimal = (0..=19).map(|n| (n, 10_u64.pow(n.into()), format!("10^{n}")));
    let binary = (0..=63).map(|n| (0x80 | n, 1 << n, format!("2^{n}")));
    for (at, (resolution, per_second, name)) in decimal.chain(binary).enumerate() {
        let order = Order::BOTH[at % 2];
        let file = resolved(order, resolution, per_second);
        cases.push(Case::new(format!("{name} ticks per second"), file));
    }
    for offset in [
        0,
        1,
        -1,
        -1_700_000_001,
        -(1 << 40),
        1 << 31,
        1 << 33,
        1 << 40,
        i64::MAX,
        i64::MIN,
        i64::MAX - 1_700_000_000,
        i64::MIN + 1,
    ] {
        cases.extend(both(&format!("an offset of {offset} s"), |order| {
            offset_by(order, offset)
        }));
    }
    cases.extend(both("the default resolution, and stated", |order| {
        Ng::new(order)
            .idb(idb(1))
            .idb(idb(1).opt(Opt::tsresol(6)))
            .packets((0..4).map(|n| epb(data(9, 1)).on(n % 2).at(NOW * 1_000_000 + 123_456)))
    }));
    cases.extend(both("a resolution per interface", |order| {
        let units = [0, 3, 6, 9, 0x80, 0x8a, 0x94, 0x9e];
        let interfaces = units.map(|unit| idb(1).opt(Opt::tsresol(unit)));
        let file = interfaces.into_iter().fold(Ng::new(order), Ng::idb);
        file.packets((0..24).map(|n| epb(data(5, 2)).on(n % 8).at(NOW * u64::from(n + 1))))
    }));
    cases.extend(both("an offset per interface", |order| {
        let offsets = [0, 3600, -3600, NOW as i64];
        let interfaces = offsets.map(|offset| idb(1).opt(Opt::tsoffset(offset)));
        let file = interfaces.into_iter().fold(Ng::new(order), Ng::idb);
        file.packets((0..8).map(|n| epb(data(5, 3)).on(n % 4).at(1_500_000)))
    }));
    cases.extend(both("times that go back", |order| {
        let times = [5, 4, 1_000_000, 3, 0, u64::MAX, 2];
        Ng::new(order)
            .idb(idb(1))
            .packets(times.map(|time| epb(data(5, 4)).at(time)))
    }));
    cases.extend(both("simple packets with an offset", |order| {
        Ng::new(order)
            .idb(idb(1).opt(Opt::tsoffset(1000)))
            .packet(spb(data(14, 5)))
            .packet(epb(data(14, 5)).at(7))
            .packet(spb(data(15, 5)))
    }));
    cases.extend(both("obsolete packets in nanoseconds", |order| {
        Ng::new(order)
            .idb(idb(1).opt(Opt::tsresol(9)).opt(Opt::tsoffset(-5)))
            .packets((0..3).map(|n| pb(0, data(14, 6)).at(NOW * 1_000_000_000 + n)))
    }));
    cases
}

/// Returns times at the limits of a resolution.
fn resolved(order: Order, resolution: u8, per_second: u64) -> Ng {
    let now = NOW.checked_mul(per_second);
    let times = [
        0,
        1,
        per_second / 3,
        per_second - 1,
        per_second,
        now.unwrap_or(u64::MAX - 1),
        now.and_then(|now| now.checked_add(per_second / 7 * 5))
            .unwrap_or(u64::MAX / 3),
        u32::MAX.into(),
        1 << 32,
        (1 << 63) - 1,
        1 << 63,
        u64::MAX,
    ];
    Ng::new(order)
        .idb(idb(1).opt(Opt::tsresol(resolution)))
        .packets(times.map(|time| epb(data(6, resolution)).at(time)))
}

fn offset_by(order: Order, offset: i64) -> Ng {
    Ng::new(order)
        .idb(idb(1).opt(Opt::tsoffset(offset)))
        .idb(idb(1).opt(Opt::tsoffset(offset)).opt(Opt::tsresol(9)))
        .packets(
            [0, 1, 999_999, 1_500_000, NOW * 1_000_000 + 7].map(|time| epb(data(7, 1)).at(time)),
        )
        .packets([0, 1, 1_500_000_000, u64::MAX].map(|time| epb(data(7, 2)).on(1).at(time)))
}
