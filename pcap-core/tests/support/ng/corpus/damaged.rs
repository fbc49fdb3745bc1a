//! Damaged framing: lengths, trailers, magic numbers, interfaces that are not there.

use super::super::{Block, Case, Kind, Ng, Odd, Order, Shb, epb, idb, pb, spb};
use super::{both, data, plain};

/// Returns a file with an interface and two packets.
pub(super) fn start(order: Order) -> Ng {
    let file = Ng::new(order).idb(idb(1));
    file.packet(plain(1)).packet(plain(2))
}

/// Continues with a good section after damage.
pub(super) fn resume(file: Ng) -> Ng {
    let order = file.order();
    file.section(order)
        .idb(idb(1))
        .packet(plain(8))
        .packet(plain(9))
}

pub(super) fn cases() -> Vec<Case> {
    [lengths(), trailers(), sections(), interfaces(), stray()].concat()
}

fn lengths() -> Vec<Case> {
    let mut cases = Vec::new();
    for (stated, text) in [
        (0, "block in pcapng dump file has a length of 0 < 12"),
        (4, "block in pcapng dump file has a length of 4 < 12"),
        (8, "block in pcapng dump file has a length of 8 < 12"),
        (11, "block in pcapng dump file has a length of 11 < 12"),
        (
            13,
            "block in pcapng dump file has a length of 13 that is not a multiple of 4",
        ),
        (
            46,
            "block in pcapng dump file has a length of 46 that is not a multiple of 4",
        ),
        (
            u32::MAX,
            "block in pcapng dump file has a length of 4294967295 that is not",
        ),
        (
            u32::MAX - 3,
            "pcapng block size 4294967292 > maximum 16777216",
        ),
        (1 << 31, "pcapng block size 2147483648 > maximum 16777216"),
        (
            1 << 20,
            "truncated pcapng dump file; tried to read 1048568 bytes, only got ",
        ),
    ] {
        for (name, frame) in [("a packet", plain(3)), ("an empty packet", epb(""))] {
            cases.extend(both(&format!("{name} of {stated} bytes"), |order| {
                let kind = if stated == 1 << 20 {
                    Kind::Truncated
                } else {
                    Kind::Length
                };
                let file = start(order).damage(kind, text);
                resume(file.packet(frame.clone().odd(Odd::length(stated))))
            }));
        }
    }
    // Shorter and longer than it is, so that the next block is found in the wrong place.
    for stated in [12, 16, 32, 48, 56, 80] {
        cases.extend(both(
            &format!("a packet that states {stated} bytes"),
            |order| {
                let text = "block total length in header and trailer don't match";
                let file = start(order).damage(Kind::Trailer, text);
                resume(file.packet(plain(3).odd(Odd::length(stated))))
            },
        ));
    }
    cases.extend(both(
        "a block of an impossible length before the interface",
        |order| {
            let text = "block in pcapng dump file has a length of 8 < 12";
            let file = Ng::new(order).damage(Kind::Length, text);
            let block = Block::new(0x7777, data(8, 1)).odd(Odd::length(8));
            file.block(block).idb(idb(1)).packet(plain(1))
        },
    ));
    cases
}

fn trailers() -> Vec<Case> {
    let text = "block total length in header and trailer don't match";
    let mut cases = Vec::new();
    for stated in [0, 48, 56, u32::MAX] {
        cases.extend(both(
            &format!("a packet that ends with {stated}"),
            |order| {
                let file = start(order).damage(Kind::Trailer, text);
                resume(file.packet(plain(3).odd(Odd::trailer(stated))))
            },
        ));
    }
    cases.extend(both("an interface with another trailer", |order| {
        let file = start(order).damage(Kind::Trailer, text);
        resume(file.idb(idb(1).odd(Odd::trailer(24))))
    }));
    cases.extend(both("the first interface with another trailer", |order| {
        let file = Ng::new(order).damage(Kind::Trailer, text);
        resume(file.idb(idb(1).odd(Odd::trailer(24))))
    }));
    cases.extend(both("an unknown block with another trailer", |order| {
        let file = start(order).damage(Kind::Trailer, text);
        resume(file.block(Block::new(0x7777, data(8, 1)).odd(Odd::trailer(12))))
    }));
    cases.extend(both("a later section with another trailer", |order| {
        let header = Shb::default().odd(Odd::trailer(32));
        let file = start(order).damage(Kind::Trailer, text).shb(header);
        resume(file.idb(idb(1)).packet(plain(3)))
    }));
    // libpcap does not check this one.
    cases.extend(both("the first section with another trailer", |order| {
        let header = Shb::default().odd(Odd::trailer(32));
        let file = Ng::empty(order).damage(Kind::Trailer, "").shb(header);
        resume(file.idb(idb(1)).packet(plain(3)))
    }));
    cases
}

fn sections() -> Vec<Case> {
    let magic = |magic| Shb {
        magic,
        ..Shb::default()
    };
    let mut cases = Vec::new();
    for number in [0, 0x1a2b_3c4e, 0xa1b2_c3d4] {
        let text = "the file has a section with a bad byte order magic field";
        cases.extend(both(
            &format!("a later section with the magic {number:#x}"),
            |order| {
                let file = start(order).damage(Kind::Magic, text).shb(magic(number));
                resume(file.idb(idb(1)).packet(plain(3)))
            },
        ));
        cases.extend(both(
            &format!("a first section with the magic {number:#x}"),
            |order| {
                let file = Ng::empty(order).damage(Kind::Magic, "unknown file format");
                file.shb(magic(number)).idb(idb(1)).packet(plain(3))
            },
        ));
    }
    let of = |stated| Shb::default().odd(Odd::length(stated));
    for (stated, most) in [(0, 0), (12, 0), (24, 0), (1_048_580, 1), (u32::MAX, 1)] {
        let text = format!(
            "Section Header Block in pcapng dump file has invalid length 28 < _{stated}_ < 1048576"
        );
        // One that is merely long is cut.
        let kind = if most == 1 && stated % 4 == 0 {
            Kind::Truncated
        } else {
            Kind::Length
        };
        cases.extend(both(
            &format!("a first section of {stated} bytes"),
            |order| {
                let file = Ng::empty(order).damage(kind, &text).shb(of(stated));
                file.idb(idb(1)).packet(plain(3))
            },
        ));
    }
    cases.extend(both("a later section of 24 bytes", |order| {
        let text = "block total length in header and trailer don't match";
        let file = start(order).damage(Kind::Length, text).shb(of(24));
        resume(file)
    }));
    cases
}

fn interfaces() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, frame) in [
        ("an enhanced packet", plain(1)),
        ("a simple packet", spb(data(9, 1))),
        ("an obsolete packet", pb(0, data(9, 1))),
    ] {
        cases.extend(both(&format!("{name} before any interface"), |order| {
            Ng::new(order)
                .packet(frame.clone())
                .idb(idb(1))
                .packet(plain(2))
        }));
        cases.extend(both(
            &format!("{name} before the section's interface"),
            |order| {
                let file = start(order).section(order).packet(frame.clone());
                file.idb(idb(1)).packet(plain(3))
            },
        ));
    }
    for number in [1, 2, 0xffff, u32::MAX] {
        cases.extend(both(
            &format!("a packet of interface {number} of 1"),
            |order| resume(start(order).packet(plain(3).on(number)).packet(plain(4))),
        ));
    }
    cases.extend(both(
        "an obsolete packet of interface 65535 of 1",
        |order| resume(start(order).packet(pb(0, data(9, 1)).on(65_535))),
    ));
    cases.extend(both(
        "a packet of an interface of the last section",
        |order| {
            let file = Ng::new(order)
                .idb(idb(1))
                .idb(idb(1))
                .packet(plain(1).on(1));
            let file = file.section(order).idb(idb(1)).packet(plain(2));
            resume(file.packet(plain(3).on(1)))
        },
    ));
    cases.extend(both("a packet before its interface", |order| {
        let file = start(order).packet(plain(3).on(1));
        resume(file.idb(idb(1)).packet(plain(4).on(1)))
    }));
    cases
}

/// Returns files with bytes that are no block.
fn stray() -> Vec<Case> {
    let mut cases = Vec::new();
    let cut = |count: usize| {
        format!("truncated pcapng dump file; tried to read 8 bytes, only got {count}")
    };
    for count in [1, 4, 7] {
        cases.extend(both(&format!("{count} zeros at the end"), |order| {
            start(order)
                .damage(Kind::Truncated, &cut(count))
                .raw(&vec![0; count])
        }));
    }
    for count in [8, 12, 28] {
        cases.extend(both(&format!("{count} zeros at the end"), |order| {
            let text = "block in pcapng dump file has a length of 0 < 12";
            start(order).damage(Kind::Length, text).raw(&vec![0; count])
        }));
        cases.extend(both(&format!("{count} zeros between blocks"), |order| {
            let text = "block in pcapng dump file has a length of 0 < 12";
            let file = start(order).damage(Kind::Length, text).raw(&vec![0; count]);
            resume(file.packet(plain(3)))
        }));
    }
    cases.extend(both("text at the end", |order| {
        let file = start(order).damage(Kind::Truncated, &cut(6));
        file.raw(b"text\r\n")
    }));
    cases.extend(both("a classic savefile at the end", |order| {
        let mut header = order.u32(0xa1b2_c3d4).to_vec();
        header.extend(order.u16(2));
        header.extend(order.u16(4));
        header.extend([0; 16]);
        // The version is taken for a length.
        let (kind, text) = match order {
            Order::Little => (
                Kind::Length,
                "block in pcapng dump file has a length of 262146 that is not",
            ),
            Order::Big => (
                Kind::Truncated,
                "truncated pcapng dump file; tried to read 131068 bytes",
            ),
        };
        start(order).damage(kind, text).raw(&header)
    }));
    cases
}
