//! Files like those that programs write, and like those that other projects test with.

use super::super::{Block, Case, Ng, Opt, Order, Shb, code, epb, idb, kind, pb, spb};
use super::{NOW, both, data, plain};

/// Returns a section as Wireshark's programs begin one.
fn wireshark(order: Order, application: &str) -> Ng {
    let [hardware, os, userappl] = code::SHB;
    let header = Shb::default()
        .opt(Opt::bytes(hardware, "AMD (with SSE4.2)"))
        .opt(Opt::bytes(os, "Linux 6.1.0"))
        .opt(Opt::bytes(userappl, application));
    Ng::empty(order).shb(header)
}

fn statistics(order: Order, interface: u32, received: u64) -> Block {
    let now = NOW * 1_000_000;
    Block::isb(order, interface, now).opts([
        Opt::time(code::ISB_STARTTIME, now - 1),
        Opt::time(code::ISB_ENDTIME, now),
        Opt::u64(code::ISB_IFRECV, received),
        Opt::u64(code::ISB_IFDROP, 0),
    ])
}

pub(super) fn cases() -> Vec<Case> {
    let nanos = |n: u64| NOW * 1_000_000_000 + n;
    let mut cases = Vec::new();
    cases.extend(both("as dumpcap writes", |order| {
        let interface = idb(1).opts([
            Opt::bytes(code::IF_NAME, "eth0"),
            Opt::tsresol(9),
            Opt::filter("icmp"),
            Opt::bytes(code::IF_OS, "Linux 6.1.0"),
        ]);
        let file = wireshark(order, "Dumpcap (Wireshark) 4.0.17").idb(interface);
        let file = file.packets((0..5).map(|n| epb(data(98, 1)).at(nanos(n))));
        file.block(statistics(order, 0, 5))
    }));
    cases.extend(both("as dumpcap writes of two interfaces", |order| {
        let interface = |name| {
            idb(1)
                .opt(Opt::bytes(code::IF_NAME, name))
                .opt(Opt::tsresol(9))
        };
        let file = wireshark(order, "Dumpcap")
            .idb(interface("left"))
            .idb(interface("right"));
        let frame = |n: u32| epb(data(60, 2)).on(n % 2).at(nanos(n.into()));
        let file = file.packets((0..6).map(frame));
        file.block(statistics(order, 0, 3))
            .block(statistics(order, 1, 3))
    }));
    cases.extend(both("as text2pcap writes", |order| {
        let interface = idb(1).opt(Opt::tsresol(9)).snaplen(262_144);
        wireshark(order, "Text2pcap")
            .idb(interface)
            .packet(epb(data(64, 3)).at(nanos(1)))
    }));
    cases.extend(both("as mergecap writes of two snaplens", |order| {
        let file = wireshark(order, "Mergecap");
        let file = file
            .idb(idb(1).snaplen(65_535))
            .idb(idb(1).snaplen(262_144));
        file.packets((0..8).map(|n| plain(n).on(u32::from(n / 3 % 2))))
    }));
    cases.extend(both("as mergecap writes of two link types", |order| {
        let file = wireshark(order, "Mergecap").idb(idb(1)).idb(idb(113));
        file.packets((0..8).map(|n| plain(n).on(u32::from(n % 2))))
    }));
    cases.extend(both("as editcap writes with secrets", |order| {
        let file = wireshark(order, "Editcap");
        let file = file.block(Block::dsb(order, 0x544c_534b, b"CLIENT_RANDOM 00 11\n"));
        file.idb(idb(1)).packets((0..3).map(plain))
    }));
    cases.extend(both("as editcap writes shortened packets", |order| {
        let file = wireshark(order, "Editcap").idb(idb(1));
        file.packets((0..4).map(|n| epb(data(40, n)).at(nanos(1)).len(98)))
    }));
    cases.extend(both("files one after the other", |order| {
        let one = |file: Ng| {
            let file = file.idb(idb(1).opt(Opt::bytes(code::IF_NAME, "eth0")));
            file.packets((0..2).map(plain))
                .block(statistics(order, 0, 2))
        };
        one(one(wireshark(order, "Dumpcap")).section(order))
    }));
    cases.extend(both("as Apple's tcpdump writes", |order| {
        let process = Block::new(kind::DARWIN_PROCESS, order.u32(321).to_vec());
        let file = Ng::new(order).idb(idb(1).opt(Opt::bytes(code::IF_NAME, "en0")));
        let file = file.block(process.opt(Opt::bytes(2, "curl")));
        let index = || Opt::bytes(0x8001, order.u32(0));
        file.packets((0..3).map(|n| plain(n).opt(index()).opt(Opt::flags(1 + u32::from(n % 2)))))
    }));
    cases.extend(both("all forms of packets together", |order| {
        let file = Ng::new(order).idb(idb(1)).idb(idb(1).opt(Opt::tsresol(9)));
        file.packet(plain(1).opt(Opt::comment("enhanced")))
            .packet(spb(data(33, 2)))
            .packet(pb(4, data(34, 3)).on(1).at(nanos(5)))
            .packet(plain(4).on(1))
            .packet(spb(data(0, 5)))
    }));
    cases.extend(both("all blocks together", |order| {
        let options = || {
            [
                Opt::comment("here"),
                Opt::custom(code::CUSTOM[0], 32_473, b"there"),
            ]
        };
        let names = [(1, b"\x7f\0\0\x01localhost\0".to_vec())];
        wireshark(order, "all")
            .block(Block::nrb(order, &names).opts(options()))
            .block(Block::custom(order, true, 32_473, b"custom"))
            .idb(idb(1).opts(options()))
            .packet(plain(1).opts(options()))
            .block(Block::dsb(order, 0x544c_534b, b"secret").opts(options()))
            .block(Block::journal(
                "__REALTIME_TIMESTAMP=1700000000000000\nMESSAGE=x\n",
            ))
            .packet(spb(data(7, 2)))
            .block(Block::new(0x8000_1234, b"local".to_vec()))
            .idb(idb(1))
            .packet(pb(0xffff, data(8, 3)).on(1).opts(options()))
            .block(statistics(order, 1, 1))
            .block(Block::custom(order, false, 32_473, b"not to copy"))
    }));
    cases.extend(both("times after 2106", |order| {
        let file = Ng::new(order).idb(idb(1));
        let years = [2106, 2200, 3000, 9999];
        file.packets(years.map(|year| epb(data(9, 1)).at((year - 1970) * 31_556_952 * 1_000_000)))
    }));
    cases.extend(both("many packets", |order| {
        let file = Ng::new(order).idb(idb(1)).idb(idb(1));
        file.packets((0..2000).map(|n| plain(n as u8).on(n % 2)))
    }));
    cases
}
