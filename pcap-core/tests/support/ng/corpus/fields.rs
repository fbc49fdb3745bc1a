//! Damage within blocks: captured lengths, fixed fields, options.

use super::super::{
    Block, Case, Frame, Kind, Ng, Odd, Opt, Shb, Value, code, epb, idb, kind, pb, spb,
};
use super::damaged::{resume, start};
use super::{both, data, plain};

pub(super) fn cases() -> Vec<Case> {
    [caplens(), fields(), interfaces(), packets(), others()].concat()
}

fn caplens() -> Vec<Case> {
    let short = |kind| format!("block of type {kind} in pcapng dump file is too short");
    let mut cases = Vec::new();
    for caplen in [21, 100, 262_144] {
        cases.extend(both(
            &format!("a captured length of {caplen} in 20 bytes"),
            |order| {
                let file = start(order).damage(Kind::Caplen, &short(6));
                resume(file.packet(plain(3).caplen(caplen)))
            },
        ));
    }
    for caplen in [262_145, 0x7fff_ffff, 0x8000_0000, u32::MAX - 3, u32::MAX] {
        cases.extend(both(&format!("a captured length of {caplen}"), |order| {
            let text =
                format!("invalid packet capture length {caplen}, bigger than snaplen of 262144");
            let file = start(order).damage(Kind::Caplen, &text);
            resume(file.packet(plain(3).caplen(caplen)))
        }));
    }
    cases.extend(both(
        "a captured length of 40 in an obsolete packet",
        |order| {
            let file = start(order).damage(Kind::Caplen, &short(2));
            resume(file.packet(pb(0, data(20, 1)).caplen(40)))
        },
    ));
    cases.extend(both("a simple packet longer than its block", |order| {
        let file = start(order).damage(Kind::Caplen, &short(3));
        resume(file.packet(spb(data(20, 1)).len(40)))
    }));
    cases.extend(both("a simple packet shorter than the snaplen", |order| {
        let file = Ng::new(order).idb(idb(1).snaplen(64)).packet(plain(1));
        let file = file.damage(Kind::Caplen, &short(3));
        file.packet(spb(data(60, 1)).len(100))
    }));
    cases.extend(both(
        "a captured length that takes in the options",
        |order| {
            // Longer than the data by the options: nothing tells that they are none.
            let file = start(order).packet(plain(3).caplen(20));
            let file = file.damage(Kind::Caplen, &short(6));
            resume(
                file.packet(
                    plain(4)
                        .caplen(52)
                        .opt(Opt::comment("a comment, 20 bytes.")),
                ),
            )
        },
    ));
    cases
}

/// Returns files with blocks that are shorter than their fixed fields.
fn fields() -> Vec<Case> {
    let mut cases = Vec::new();
    for (kind, name, least) in [
        (kind::EPB, "an enhanced packet", 20),
        (kind::PB, "an obsolete packet", 20),
        (kind::SPB, "a simple packet", 4),
        (kind::IDB, "an interface", 8),
    ] {
        for length in [0, 4, 16].into_iter().filter(|length| *length < least) {
            cases.extend(both(
                &format!("{name} with a body of {length} bytes"),
                |order| {
                    let text = format!("block of type {kind} in pcapng dump file is too short");
                    let file = start(order).damage(Kind::Fields, &text);
                    resume(file.block(Block::new(kind, vec![0; length])))
                },
            ));
        }
    }
    for (kind, name, least) in [
        (kind::NRB, "names", 4),
        (kind::ISB, "statistics", 12),
        (kind::DSB, "secrets", 8),
        (kind::CUSTOM, "a custom block", 4),
    ] {
        for length in [0, 4, 8].into_iter().filter(|length| *length < least) {
            cases.extend(both(
                &format!("{name} with a body of {length} bytes"),
                |order| {
                    // libpcap does not look at these.
                    let file = start(order).flaw(Kind::Fields, "");
                    file.block(Block::new(kind, vec![0; length]))
                        .packet(plain(3))
                },
            ));
        }
    }
    cases
}

/// Returns files with broken options of an interface, which libpcap refuses.
fn interfaces() -> Vec<Case> {
    let idb_has = |text: &str| format!("Interface Description Block has {text}");
    let mut cases = Vec::new();
    let bytes = |code, length| Opt::bytes(code, vec![6; length]);
    for (name, options, kind, text) in [
        (
            "a resolution of no byte",
            vec![bytes(code::IF_TSRESOL, 0)],
            Kind::OptionLength,
            idb_has("if_tsresol option with length 0 != 1"),
        ),
        (
            "a resolution of 2 bytes",
            vec![bytes(code::IF_TSRESOL, 2)],
            Kind::OptionLength,
            idb_has("if_tsresol option with length 2 != 1"),
        ),
        (
            "a resolution of 4 bytes and one of 1",
            vec![bytes(code::IF_TSRESOL, 4), Opt::tsresol(9)],
            Kind::OptionLength,
            idb_has("if_tsresol option with length 4 != 1"),
        ),
        (
            "an offset of 4 bytes",
            vec![bytes(code::IF_TSOFFSET, 4)],
            Kind::OptionLength,
            idb_has("if_tsoffset option with length 4 != 8"),
        ),
        (
            "two resolutions",
            vec![Opt::tsresol(9), Opt::tsresol(3)],
            Kind::OptionTwice,
            idb_has("more than one if_tsresol option"),
        ),
        (
            "two offsets",
            vec![Opt::tsoffset(5), Opt::tsoffset(-5)],
            Kind::OptionTwice,
            idb_has("more than one if_tsoffset option"),
        ),
        (
            "an end of options with a length",
            vec![Opt::bytes(code::END, [1, 2, 3, 4])],
            Kind::OptionLength,
            idb_has("opt_endofopt option with length 4 != 0"),
        ),
    ] {
        cases.extend(both(&format!("an interface with {name}"), |order| {
            let file = start(order).flaw(kind, &text);
            file.idb(idb(1).opts(options.clone()))
                .packet(plain(3).on(1))
        }));
        cases.extend(both(&format!("a first interface with {name}"), |order| {
            let file = Ng::new(order).flaw(kind, &text);
            file.idb(idb(1).opts(options.clone())).packet(plain(3))
        }));
    }
    for resolution in [20, 0x7f, 0x80 | 64, 0xff] {
        cases.extend(both(&format!("a resolution of {resolution:#x}"), |order| {
            let file = start(order).flaw(Kind::Resolution, "");
            file.idb(idb(1).opt(Opt::tsresol(resolution)))
                .packet(plain(3).on(1))
        }));
    }
    for length in [5, 100, 65_535] {
        cases.extend(both(
            &format!("an interface's option of {length} beyond it"),
            |order| {
                let text = "block of type 1 in pcapng dump file is too short";
                let file = start(order).damage(Kind::OptionBeyond, text);
                let option = Opt::bytes(code::IF_NAME, "eth0").stating(length);
                let odd = Odd {
                    without_end: true,
                    ..Odd::default()
                };
                resume(file.idb(idb(1).opt(option).odd(odd)))
            },
        ));
    }
    cases
}

/// Returns files with broken options of packets, which libpcap does not look at.
fn packets() -> Vec<Case> {
    let mut cases = Vec::new();
    for (code, name, lengths) in [
        (code::FLAGS, "flags", [0, 2, 8]),
        (code::DROPCOUNT, "a drop count", [0, 4, 9]),
        (code::PACKETID, "a packet id", [0, 7, 16]),
        (code::QUEUE, "a queue", [0, 1, 8]),
        (code::VERDICT, "a verdict", [0, 0, 0]),
        (code::PROCESS, "a process", [0, 4, 12]),
        (code::HASH, "a hash", [0, 0, 0]),
        (code::CUSTOM[0], "custom text", [0, 1, 3]),
        (code::CUSTOM[3], "custom bytes", [0, 1, 3]),
    ] {
        let mut lengths = lengths.to_vec();
        lengths.dedup();
        for length in lengths {
            cases.extend(local(
                &format!("{name} of {length} bytes"),
                Kind::OptionLength,
                &|| {
                    let option = Opt::new(code, Value::Bytes(vec![1; length]));
                    plain(3)
                        .opt(Opt::comment("before"))
                        .opt(option)
                        .opt(Opt::comment("after"))
                },
            ));
        }
    }
    for kind in [1, 2] {
        cases.extend(local(
            &format!("a verdict {kind} of 5 bytes"),
            Kind::OptionLength,
            &|| plain(3).opt(Opt::bytes(code::VERDICT, [kind, 0, 0, 0, 0])),
        ));
    }
    cases.extend(local(
        "an end of options of 8 bytes",
        Kind::OptionLength,
        &|| {
            plain(3)
                .opt(Opt::comment("before"))
                .opt(Opt::bytes(code::END, [0; 8]))
        },
    ));
    let last = |option: Opt, frame: Frame| frame.opt(option).odd(Odd::without_end());
    for length in [9, 100, 65_533, 65_535] {
        cases.extend(local(
            &format!("an option of {length} beyond"),
            Kind::OptionBeyond,
            &|| last(Opt::comment("a packet").stating(length), epb(data(20, 3))),
        ));
    }
    cases.extend(local(
        "a comment beyond an obsolete packet",
        Kind::OptionBeyond,
        &|| last(Opt::comment("a packet").stating(12), pb(0, data(20, 3))),
    ));
    cases
}

/// Returns files with damage within a packet.
fn local(name: &str, kind: Kind, frame: &dyn Fn() -> Frame) -> Vec<Case> {
    both(name, |order| {
        start(order).flaw(kind, "").packet(frame()).packet(plain(4))
    })
}

/// Returns files with other blocks that contradict themselves; libpcap does not look at these either.
fn others() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut of = |name: &str, make: &dyn Fn(super::Order) -> Block| {
        cases.extend(both(name, |order| {
            let file = start(order).flaw(Kind::Content, "");
            file.block(make(order)).packet(plain(3))
        }));
    };
    of("a name without an end", &|order| {
        Block::nrb(order, &[(1, b"\xc0\0\x02\x01host".to_vec())])
    });
    of("an address of 2 bytes", &|order| {
        Block::nrb(order, &[(1, vec![1, 2])])
    });
    of("an address without a name", &|order| {
        Block::nrb(order, &[(1, vec![1, 2, 3, 4])])
    });
    of("a name beyond its block", &|order| {
        let body = [&order.u16(1)[..], &order.u16(200), b"\xc0\0\x02\x01a\0\0\0"].concat();
        Block::new(kind::NRB, body)
    });
    of("secrets beyond their block", &|order| {
        let body = [order.u32(0x544c_534b), order.u32(100), [0; 4]].concat();
        Block::new(kind::DSB, body)
    });
    of("secrets of 4 GiB", &|order| {
        let body = [order.u32(0x544c_534b), order.u32(u32::MAX), [0; 4]].concat();
        Block::new(kind::DSB, body)
    });
    of("statistics with a counter of 4 bytes", &|order| {
        let counter = Opt::new(code::ISB_IFRECV, Value::U32(1));
        Block::isb(order, 0, 1).opt(counter)
    });
    of("statistics with a time of 4 bytes", &|order| {
        let time = Opt::new(code::ISB_STARTTIME, Value::U32(1));
        Block::isb(order, 0, 1).opt(time)
    });
    let beyond = |length| Opt::comment("a comment").stating(length);
    let mut broken = |name: &str, make: &dyn Fn(Ng) -> Ng| {
        cases.extend(both(name, |order| {
            let file = start(order).flaw(Kind::OptionBeyond, "");
            make(file).packet(plain(3))
        }));
    };
    broken("statistics with an option beyond them", &|file| {
        let block = Block::isb(file.order(), 0, 1).opt(beyond(100));
        file.block(block.odd(Odd::without_end()))
    });
    broken("names with an option beyond them", &|file| {
        let names = [(1, b"\xc0\0\x02\x01host\0".to_vec())];
        let block = Block::nrb(file.order(), &names).opt(beyond(13));
        file.block(block.odd(Odd::without_end()))
    });
    broken("secrets with an option beyond them", &|file| {
        let block = Block::dsb(file.order(), 0x544c_534b, b"secret").opt(beyond(65_535));
        file.block(block.odd(Odd::without_end()))
    });
    broken("a later section with an option beyond it", &|file| {
        let header = Shb::default().opt(beyond(16)).odd(Odd::without_end());
        file.shb(header).idb(idb(1))
    });
    cases.extend(both("a first section with an option beyond it", |order| {
        let header = Shb::default().opt(beyond(16)).odd(Odd::without_end());
        let file = Ng::empty(order).flaw(Kind::OptionBeyond, "");
        file.shb(header).idb(idb(1)).packet(plain(3))
    }));
    cases
}
