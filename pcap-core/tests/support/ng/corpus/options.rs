//! Forms of options: their ends, lengths and codes.

use super::super::block::MAGIC;
use super::super::{Block, Case, Field, Ng, Odd, Opt, Order, Shb, Value, code, epb, idb};
use super::{both, data, excluding, plain};

/// Each place for options: in a section, an interface, a packet, statistics, and secrets.
fn everywhere(order: Order, options: &[Opt], odd: &Odd) -> Ng {
    let options = || options.iter().cloned();
    let header = Shb {
        options: options().collect(),
        odd: odd.clone(),
        ..Shb::default()
    };
    assert_eq!(header.magic, MAGIC);
    let names = [(1, b"\xc0\0\x02\x01host\0".to_vec())];
    Ng::empty(order)
        .shb(header)
        .idb(idb(1).opts(options()).odd(odd.clone()))
        .packet(plain(1).opts(options()).odd(odd.clone()))
        .block(Block::nrb(order, &names).opts(options()).odd(odd.clone()))
        .block(Block::isb(order, 0, 5).opts(options()).odd(odd.clone()))
        .block(
            Block::dsb(order, 0x544c_534b, b"secret")
                .opts(options())
                .odd(odd.clone()),
        )
        .packet(plain(2))
}

pub(super) fn cases() -> Vec<Case> {
    let plain_end = Odd::default;
    let mut cases = Vec::new();
    let comment = || [Opt::comment("a comment")];
    let mut forms = |name: &str, options: &[Opt], odd: Odd| {
        cases.extend(both(name, |order| everywhere(order, options, &odd)));
    };
    forms(
        "options without an end",
        &comment(),
        Odd {
            without_end: true,
            ..plain_end()
        },
    );
    forms(
        "an end without options",
        &[],
        Odd {
            only_end: true,
            ..plain_end()
        },
    );
    forms(
        "two ends of options",
        &comment(),
        Odd {
            extra: vec![0; 4],
            ..plain_end()
        },
    );
    forms(
        "zeros after the options",
        &comment(),
        Odd {
            extra: vec![0; 40],
            ..plain_end()
        },
    );
    forms(
        "garbage after the options",
        &comment(),
        Odd {
            extra: vec![0xff; 12],
            ..plain_end()
        },
    );
    forms(
        "garbage after the end alone",
        &[],
        Odd {
            only_end: true,
            extra: b"garbage.".to_vec(),
            ..plain_end()
        },
    );
    forms("no options", &[], plain_end());
    forms("comments of all paddings", &texts(), plain_end());
    forms("unknown options", &unknown(), plain_end());
    forms("custom options", &custom(), plain_end());
    cases.extend(long());
    cases.extend(excluding(
        both("comments that are not text", |order| {
            everywhere(order, &odd_texts(), &Odd::default())
        }),
        Field::Comments,
        "it shows text up to a NUL, and replaces what is not UTF-8",
    ));
    cases.extend(both("30000 options", |order| {
        let options = (0..30_000).map(|_| Opt::bytes(0x8002, ""));
        Ng::new(order)
            .idb(idb(1))
            .packet(plain(1).opts(options))
            .packet(plain(2))
    }));
    cases.extend(both("options of interfaces without values", |order| {
        let empty = [
            code::IF_NAME,
            code::IF_DESCRIPTION,
            code::IF_OS,
            code::IF_HARDWARE,
        ];
        let options = empty.map(|code| Opt::bytes(code, ""));
        Ng::new(order).idb(idb(1).opts(options)).packet(plain(1))
    }));
    cases
}

fn texts() -> Vec<Opt> {
    let text = |length| Opt::comment(&"abcdefgh"[..length]);
    (1..=8).map(text).collect()
}

fn odd_texts() -> Vec<Opt> {
    let texts: [&[u8]; 6] = [
        b"\xff\xfe",
        b"one\0two",
        b"\0",
        b"\xc3",
        b"a\tb\nc",
        b"ended\0",
    ];
    texts.map(Opt::comment).to_vec()
}

/// Returns options that nobody knows, and those of Apple's packets.
fn unknown() -> Vec<Opt> {
    let codes = [200, 999, 0x7fff, 0x8000, 0x8001, 0x8003, 0xffff];
    let option = |(length, code)| Opt::bytes(code, data(length, 1));
    codes.into_iter().enumerate().map(option).collect()
}

fn custom() -> Vec<Opt> {
    let mut options = Vec::new();
    for code in code::CUSTOM {
        options.push(Opt::custom(code, 32_473, b"data of an enterprise"));
        options.push(Opt::custom(code, u32::MAX, b""));
    }
    options
}

/// Returns files with options of up to 65535 bytes, which are 65536 with their padding.
fn long() -> Vec<Case> {
    let mut cases = Vec::new();
    for length in [65_532, 65_533, 65_534, 65_535] {
        cases.extend(both(&format!("options of {length} bytes"), |order| {
            let text = Opt::comment("a".repeat(length));
            let custom = Opt::new(0x8002, Value::Bytes(data(length, 1)));
            Ng::new(order)
                .idb(idb(1).opt(custom.clone()).opt(Opt::tsresol(9)))
                .packet(epb(data(30, 1)).opt(custom).opt(Opt::flags(1)))
                .packet(epb(data(31, 1)).opt(text).opt(Opt::flags(2)))
                .packet(epb(data(32, 1)))
        }));
    }
    cases
}
