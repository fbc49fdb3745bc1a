//! Several sections, their headers and byte orders.

use super::super::{Case, Ng, Odd, Opt, Order, Shb, code, epb, idb};
use super::{NOW, both, data, other, plain, refused_by_tshark};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for count in [2, 3, 20] {
        cases.extend(both(&format!("{count} sections"), |order| {
            (0..count).fold(Ng::empty(order), |file, n| {
                file.section(order)
                    .idb(idb(1))
                    .packets((0..n % 3).map(plain))
            })
        }));
    }
    cases.extend(both("sections of alternating byte orders", |order| {
        (0..4).fold(Ng::empty(order), |file, n| {
            let order = if n % 2 == 0 { order } else { other(order) };
            let file = file
                .section(order)
                .idb(idb(1))
                .idb(idb(1).opt(Opt::tsresol(9)));
            file.packet(plain(n).opt(Opt::flags(u32::from(n) + 1)))
                .packet(epb(data(9, n)).on(1).at(NOW * 1_000_000_000 + 1))
        })
    }));
    cases.extend(both(
        "a section of the other order without packets",
        |order| {
            let file = Ng::new(order).idb(idb(1)).packet(plain(1));
            file.section(other(order))
        },
    ));
    // Its length, 65792, is the same in both byte orders.
    cases.extend(both(
        "a section of the same length in both orders",
        |order| {
            let comments = [65_000, 752].map(|length| Opt::comment("a".repeat(length)));
            let header = comments.into_iter().fold(Shb::default(), Shb::opt);
            let file = Ng::new(order).idb(idb(1)).packet(plain(1));
            let file = file.with_order(other(order));
            file.shb(header).idb(idb(1)).packet(plain(2))
        },
    ));
    cases.extend(both("empty sections", |order| {
        let file = Ng::new(order).section(order).section(order);
        let file = file.idb(idb(1)).packet(plain(1));
        file.section(order).section(order)
    }));
    cases.extend(both("fewer interfaces in the next section", |order| {
        let file = Ng::new(order).idb(idb(1)).idb(idb(1)).idb(idb(1));
        let file = file.packet(plain(1).on(2));
        file.section(order).idb(idb(1)).packet(plain(2).on(0))
    }));
    cases.extend(both("another resolution in the next section", |order| {
        let file = Ng::new(order).idb(idb(1).opt(Opt::tsresol(9)));
        let file = file.packet(epb(data(5, 1)).at(NOW * 1_000_000_000 + 999_999_999));
        file.section(order).idb(idb(1)).packet(plain(2))
    }));
    cases.extend(both("another link type in the next section", |order| {
        let file = Ng::new(order).idb(idb(1)).packet(plain(1));
        file.section(order).idb(idb(101)).packet(plain(0x45))
    }));
    for length in [0, 20, -2, 12_345, i64::MAX, i64::MIN] {
        cases.extend(both(&format!("a section length of {length}"), |order| {
            let header = || Shb {
                length,
                ..Shb::default()
            };
            let file = Ng::empty(order).shb(header()).idb(idb(1)).packet(plain(1));
            file.shb(header()).idb(idb(1)).packet(plain(2))
        }));
    }
    cases.extend(both("the true section length", |order| {
        let end = Ng::new(order).idb(idb(1)).packet(plain(1)).length();
        let header = Shb {
            length: end as i64 - 28,
            ..Shb::default()
        };
        let file = Ng::empty(order).shb(header).idb(idb(1)).packet(plain(1));
        file.section(order).idb(idb(1)).packet(plain(2))
    }));
    cases.extend(both("version 1.2", |order| {
        let file = Ng::empty(order)
            .shb(version(1, 2))
            .idb(idb(1))
            .packet(plain(1));
        file.shb(version(1, 2)).idb(idb(1)).packet(plain(2))
    }));
    cases.extend(versions());
    cases.extend(headers());
    cases
}

fn version(major: u16, minor: u16) -> Shb {
    Shb {
        version: (major, minor),
        ..Shb::default()
    }
}

/// Returns files with sections of unknown versions, which are skipped.
fn versions() -> Vec<Case> {
    let mut cases = Vec::new();
    for (major, minor) in [(1, 1), (1, 3), (2, 0), (0, 0), (256, 0)] {
        let first = both(&format!("version {major}.{minor} first"), |order| {
            let file = Ng::empty(order).shb(version(major, minor)).idb(idb(1));
            let file = file.packet(plain(1));
            file.section(order).idb(idb(1)).packet(plain(2))
        });
        let later = both(&format!("version {major}.{minor} later"), |order| {
            let file = Ng::new(order).idb(idb(1)).packet(plain(1));
            let file = file.shb(version(major, minor)).idb(idb(1)).packet(plain(2));
            file.section(order).idb(idb(1)).packet(plain(3))
        });
        for cases_of in [first, later] {
            cases.extend(refused_by_tshark(cases_of, "it only knows 1.0 and 1.2"));
        }
    }
    cases
}

/// Returns files with options in their headers.
fn headers() -> Vec<Case> {
    let every = || {
        let [hardware, os, application] = code::SHB;
        [
            Opt::bytes(hardware, "a machine"),
            Opt::bytes(os, "a system"),
            Opt::bytes(application, "a program"),
            Opt::comment("a section"),
            Opt::comment("and once more"),
            Opt::custom(code::CUSTOM[1], 32_473, b"\0\x01"),
            Opt::bytes(0x8001, "local"),
        ]
    };
    let all = |odd: Odd, order: Order| {
        let mut header = every().into_iter().fold(Shb::default(), Shb::opt);
        header.odd = odd;
        Ng::empty(order).shb(header).idb(idb(1)).packet(plain(1))
    };
    let odd = |without_end, extra: &[u8]| Odd {
        without_end,
        extra: extra.to_vec(),
        ..Odd::default()
    };
    [
        both("every option of sections", |order| {
            all(Odd::default(), order)
        }),
        both("options of sections without an end", |order| {
            all(odd(true, b""), order)
        }),
        both("garbage after the options of a section", |order| {
            all(odd(false, b"garbage!"), order)
        }),
        both("a section with nothing but the end of options", |order| {
            let mut header = Shb::default();
            header.odd.only_end = true;
            Ng::empty(order).shb(header).idb(idb(1)).packet(plain(1))
        }),
    ]
    .concat()
}
