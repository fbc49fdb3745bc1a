//! Blocks other than packets, in all positions.

use super::super::{Block, Case, Ng, Opt, Order, code, idb, kind};
use super::{both, data, plain};

/// The types of secrets.
const SECRETS: [u32; 7] = [
    0x544c_534b,
    0x5353_484b,
    0x5541_4b4c,
    0x574c_4b47,
    0x5a4e_574b,
    0x5a41_5053,
    0x4553_5053,
];

const JOURNAL: &str = "__REALTIME_TIMESTAMP=1700000000000000\nMESSAGE=hello\nPRIORITY=6\n";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, make) in makers() {
        cases.extend(both(name, |order| {
            let file = Ng::new(order);
            let blocks = || make(order).into_iter();
            // Before the first interface, between packets, and at the end.
            let file = blocks().fold(file, Ng::block).idb(idb(1)).packet(plain(1));
            let file = blocks().fold(file, Ng::block).packet(plain(2));
            blocks().fold(file, Ng::block)
        }));
    }
    cases.extend(both("secrets between packets", |order| {
        (0..5).fold(Ng::new(order).idb(idb(1)), |file, n| {
            let text = format!("CLIENT_RANDOM {n:064x} {n:096x}\n");
            file.block(Block::dsb(order, SECRETS[0], text.as_bytes()))
                .packet(plain(n))
        })
    }));
    cases.extend(both("statistics of several interfaces", |order| {
        let file = (0..3).fold(Ng::new(order), |file, _| file.idb(idb(1)));
        let file = file.packets((0..3).map(|n| plain(n).on(n.into())));
        (0..3).fold(file, |file, n| {
            let counter = Opt::u64(code::ISB_IFRECV, 1000 + u64::from(n));
            file.block(Block::isb(order, n, 1_700_000_000_000_000).opt(counter))
        })
    }));
    cases.extend(both("blocks in every section", |order| {
        (0..3).fold(Ng::empty(order), |file, n| {
            let file = file.section(order).block(names(order)).idb(idb(1));
            let file = file.packet(plain(n)).block(Block::isb(order, 0, 1));
            file.block(Block::custom(order, true, 32_473, &[n]))
        })
    }));
    cases.extend(both("only blocks that are no packets", |order| {
        let file = Ng::new(order).idb(idb(1)).block(names(order));
        file.block(Block::journal(JOURNAL))
            .block(Block::new(0x7777, b"unknown".to_vec()))
    }));
    cases
}

fn names(order: Order) -> Block {
    let v6 = [
        &[0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1][..],
        b"v6.example\0",
    ];
    let records = [
        (1, b"\xc0\0\x02\x01host.example\0alias.example\0".to_vec()),
        (2, v6.concat()),
        (1, b"\xc0\0\x02\x02h\0".to_vec()),
    ];
    Block::nrb(order, &records)
}

type Maker = fn(Order) -> Vec<Block>;

/// Returns the blocks by name.
fn makers() -> Vec<(&'static str, Maker)> {
    vec![
        ("names", |order| vec![names(order)]),
        ("names with options", |order| {
            let [name, v4, v6] = code::NS;
            let options = [
                Opt::bytes(name, "dns.example"),
                Opt::bytes(v4, [192, 0, 2, 53]),
                Opt::bytes(
                    v6,
                    [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 53],
                ),
                Opt::comment("names"),
            ];
            vec![names(order).opts(options)]
        }),
        ("names of hardware addresses", |order| {
            let records = [
                (3, b"\x02\0\0\0\0\x01card\0".to_vec()),
                (4, b"\x02\0\0\xff\xfe\0\0\x01card\0".to_vec()),
                (77, b"unknown".to_vec()),
            ];
            vec![Block::nrb(order, &records)]
        }),
        ("names without a last record", |order| {
            let mut block = names(order);
            block.body.truncate(block.body.len() - 4);
            vec![block]
        }),
        ("empty names", |order| {
            vec![
                Block::nrb(order, &[]),
                Block::nrb(order, &[(1, b"\xc0\0\x02\x01\0".to_vec())]),
            ]
        }),
        ("statistics", |order| {
            let now = 1_700_000_000_000_000;
            let options = [
                Opt::time(code::ISB_STARTTIME, now - 5_000_000),
                Opt::time(code::ISB_ENDTIME, now),
                Opt::u64(code::ISB_IFRECV, 100),
                Opt::u64(code::ISB_IFDROP, 1),
                Opt::u64(code::ISB_FILTERACCEPT, 90),
                Opt::u64(code::ISB_OSDROP, 2),
                Opt::u64(code::ISB_USRDELIV, u64::MAX),
                Opt::comment("statistics"),
            ];
            vec![Block::isb(order, 0, now).opts(options)]
        }),
        ("statistics without options", |order| {
            vec![Block::isb(order, 0, 0)]
        }),
        ("statistics of an unknown interface", |order| {
            let counter = Opt::u64(code::ISB_IFRECV, 1);
            vec![Block::isb(order, 7, 1).opt(counter)]
        }),
        ("secrets", |order| {
            let block = |(n, kind)| Block::dsb(order, kind, &data(n + 1, b'a'));
            SECRETS.into_iter().enumerate().map(block).collect()
        }),
        ("secrets with a comment, and empty ones", |order| {
            let comment = Opt::comment("secrets");
            vec![
                Block::dsb(order, SECRETS[0], b"CLIENT_RANDOM 00 11\n").opt(comment),
                Block::dsb(order, SECRETS[0], b""),
                Block::dsb(order, 0x1234_5678, b"of an unknown type"),
            ]
        }),
        ("entries of a journal", |_| {
            let entry = |n| Block::journal(&format!("{JOURNAL}PADDING={}\n", &"xxxx"[..n]));
            (0..4).map(entry).collect()
        }),
        ("an entry of a journal without a time", |_| {
            vec![Block::journal("MESSAGE=nobody knows when\nPRIORITY=6\n")]
        }),
        ("custom blocks", |order| {
            let block = |n| Block::custom(order, n < 5, 32_473, &data(n, b'a'));
            (0..10).map(block).collect()
        }),
        ("custom blocks of an unknown enterprise", |order| {
            vec![
                Block::custom(order, true, 0, b""),
                Block::custom(order, false, u32::MAX, b"data"),
            ]
        }),
        ("unknown blocks", |_| {
            let kinds = [7, 8, 11, 0x0000_0bae, 0x1234_5678, 0x7fff_ffff];
            kinds.map(|kind| Block::new(kind, data(21, 1))).to_vec()
        }),
        ("blocks of type 0", |_| {
            vec![Block::new(0, Vec::new()), Block::new(0, data(9, 1))]
        }),
        ("local blocks", |_| {
            let kinds = [0x8000_0000, 0x8000_0bad, 0xdead_beef, u32::MAX];
            kinds.map(|kind| Block::new(kind, data(14, 1))).to_vec()
        }),
        ("process blocks of macOS", |order| {
            let process = order.u32(4711).to_vec();
            let name = Opt::bytes(2, "a program");
            vec![Block::new(kind::DARWIN_PROCESS, process).opt(name)]
        }),
        ("types like damaged text", |_| {
            // What a section becomes when line ends are converted.
            let kinds = [
                0x0a0d_0a00,
                0x0a0d_0aff,
                0x000a_0d0a,
                0xff0a_0d0a,
                0x0d0d_0a00,
            ];
            kinds.map(|kind| Block::new(kind, data(8, 1))).to_vec()
        }),
        ("empty unknown blocks", |_| {
            (0..50)
                .map(|n| Block::new(0x1000 + n, Vec::new()))
                .collect()
        }),
    ]
}
