//! Interfaces: their number, order, link types and options.

use super::super::{Case, Ng, Opt, Order, Value, code, epb, idb, spb};
use super::{both, data, plain};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for count in [2, 10, 300] {
        cases.extend(both(&format!("{count} interfaces"), |order| {
            let file = (0..count).fold(Ng::new(order), |file, _| file.idb(idb(1)));
            file.packets((0..count).rev().map(|n| plain(n as u8).on(n)))
        }));
    }
    cases.extend(both("interfaces between packets", |order| {
        (0..6).fold(Ng::new(order), |file, n| {
            let file = file.idb(idb(1)).packet(plain(1).on(n));
            file.packet(plain(2).on(n / 2))
        })
    }));
    cases.extend(both("an interface at the end", |order| {
        Ng::new(order).idb(idb(1)).packet(plain(1)).idb(idb(1))
    }));
    cases.extend(both("no packets", |order| Ng::new(order).idb(idb(1))));
    cases.extend(both("no interface", Ng::new));
    for linktype in [0, 1, 101, 105, 113, 127, 147, 162, 228, 229, 231, 249, 279] {
        cases.extend(both(&format!("link type {linktype}"), |order| {
            let file = Ng::new(order).idb(idb(linktype));
            file.packet(epb(data(60, 0x45)).len(99))
        }));
    }
    for [first, second] in [
        [1, 101],
        [113, 1],
        [100, 100],
        [101, 101],
        [102, 102],
        [103, 103],
        [106, 106],
        [101, 12],
        [1, 147],
    ] {
        cases.extend(both(&format!("link types {first} and {second}"), |order| {
            Ng::new(order)
                .idb(idb(first))
                .packet(plain(0x45))
                .idb(idb(second))
                .packets((0..4).map(|n| plain(0x45).on(n % 2)))
        }));
    }
    cases.extend(both("another link type that is not used", |order| {
        let file = Ng::new(order).idb(idb(1)).idb(idb(101));
        file.packets((0..3).map(plain))
    }));
    cases.extend(both("simple packets beside other link types", |order| {
        Ng::new(order)
            .idb(idb(1))
            .idb(idb(101))
            .packet(spb(data(30, 1)))
            .packet(plain(0x45).on(1))
            .packet(spb(data(31, 1)))
    }));
    cases.extend(both("a reserved field that is not 0", |order| {
        let mut interface = idb(1);
        interface.reserved = 0xffff;
        Ng::new(order).idb(interface).packet(plain(1))
    }));
    cases.extend(both("every option of interfaces", |order| {
        Ng::new(order)
            .idb(idb(1).opts(every_option()))
            .packet(plain(1))
    }));
    // Alone and in an interface of its own, so that a mistake in one does not hide another.
    cases.extend(both("each option of interfaces", |order| {
        let interface = |file: Ng, option| file.idb(idb(1).opt(option));
        let file = every_option().into_iter().fold(Ng::new(order), interface);
        file.packet(plain(1))
    }));
    cases.extend(both("speeds of both directions", |order| {
        let speeds = [
            Opt::u64(code::IF_TXSPEED, 1_000_000),
            Opt::u64(code::IF_RXSPEED, u64::MAX),
        ];
        Ng::new(order).idb(idb(1).opts(speeds)).packet(plain(1))
    }));
    cases.extend(filters());
    cases
}

/// Returns each option of an interface but the time's.
fn every_option() -> Vec<Opt> {
    vec![
        Opt::comment("an interface"),
        Opt::bytes(code::IF_NAME, "eth0"),
        Opt::bytes(code::IF_DESCRIPTION, "the first, \u{e4}\u{f6}\u{fc}"),
        Opt::bytes(code::IF_IPV4, [192, 0, 2, 1, 255, 255, 255, 0]),
        Opt::bytes(code::IF_IPV4, [198, 51, 100, 1, 255, 255, 0, 0]),
        Opt::bytes(code::IF_IPV6, ipv6(1, 64)),
        Opt::bytes(code::IF_IPV6, ipv6(2, 128)),
        Opt::bytes(code::IF_MAC, [2, 0, 0, 0, 0, 1]),
        Opt::bytes(code::IF_EUI, [2, 0, 0, 0xff, 0xfe, 0, 0, 1]),
        Opt::u64(code::IF_SPEED, 10_000_000_000),
        Opt::tsresol(6),
        Opt::new(code::IF_TZONE, Value::U32(7200)),
        Opt::filter("tcp port 80"),
        Opt::bytes(code::IF_OS, "Linux 6.1"),
        Opt::new(code::IF_FCSLEN, Value::U8(32)),
        Opt::tsoffset(0),
        Opt::bytes(code::IF_HARDWARE, "a card"),
        Opt::bytes(code::IF_IANA_TZNAME, "Europe/Berlin"),
        Opt::comment("and another comment"),
        Opt::custom(code::CUSTOM[0], 32_473, b"text"),
        Opt::custom(code::CUSTOM[3], 32_473, &[0, 1, 2]),
    ]
}

/// Returns an address of the documentation's network, and the length of its prefix.
fn ipv6(last: u8, prefix: u8) -> Vec<u8> {
    let mut address = vec![0x20, 1, 0x0d, 0xb8];
    address.extend([0; 11]);
    address.extend([last, prefix]);
    address
}

fn filters() -> Vec<Case> {
    let with = |order: Order, option: Opt| Ng::new(order).idb(idb(1).opt(option)).packet(plain(1));
    let program = vec![
        (0x28, 0, 0, 12),
        (0x15, 0, 1, 0x800),
        (6, 0, 0, 262_144),
        (6, 0, 0, 0),
    ];
    [
        both("a filter of text", |order| with(order, Opt::filter("icmp"))),
        both("an empty filter", |order| with(order, Opt::filter(""))),
        both("a filter of instructions", |order| {
            with(
                order,
                Opt::new(code::IF_FILTER, Value::Program(program.clone())),
            )
        }),
        both("a filter of an unknown type", |order| {
            with(order, Opt::bytes(code::IF_FILTER, [9, 1, 2, 3]))
        }),
        both("two filters", |order| {
            let filters = [Opt::filter("tcp"), Opt::filter("udp")];
            Ng::new(order).idb(idb(1).opts(filters)).packet(plain(1))
        }),
    ]
    .concat()
}
