//! Options of packets.

use super::super::{Case, Ng, Opt, Verdict, code, epb, idb, pb};
use super::{both, data, plain};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut of = |name: &str, frames: &dyn Fn() -> Vec<super::Frame>| {
        cases.extend(both(name, |order| {
            let file = Ng::new(order).idb(idb(1));
            file.packets(frames()).packet(plain(9))
        }));
    };
    of("each bit of the flags", &|| {
        (0..32).map(|n| plain(n).opt(Opt::flags(1 << n))).collect()
    });
    of("directions", &|| {
        (0..4).map(|n| plain(1).opt(Opt::flags(n))).collect()
    });
    of("receptions", &|| {
        (0..8)
            .map(|n| plain(1).opt(Opt::flags(n << 2 | 1)))
            .collect()
    });
    of("lengths of checksums", &|| {
        (0..16).map(|n| plain(1).opt(Opt::flags(n << 5))).collect()
    });
    of("all flags", &|| {
        vec![
            plain(1).opt(Opt::flags(u32::MAX)),
            plain(2).opt(Opt::flags(0)),
        ]
    });
    of("hashes", &|| {
        let sizes = [
            (0, 4),
            (1, 4),
            (2, 4),
            (3, 16),
            (4, 20),
            (5, 4),
            (200, 7),
            (2, 0),
        ];
        let each = sizes.map(|(kind, size)| Opt::hash(kind, &data(size, kind)));
        let one = |hash: &Opt| plain(1).opt(hash.clone());
        let mut frames: Vec<_> = each.iter().map(one).collect();
        frames.push(plain(2).opts(each));
        frames
    });
    let numbers = [0, 1, u32::MAX.into(), 1 << 32, 1 << 63, u64::MAX];
    of("drop counts", &|| {
        numbers.map(|n| plain(1).opt(Opt::dropcount(n))).to_vec()
    });
    of("packet ids", &|| {
        numbers.map(|n| plain(1).opt(Opt::packetid(n))).to_vec()
    });
    of("queues", &|| {
        let queues = [0, 1, 0xffff, u32::MAX];
        queues.map(|queue| plain(1).opt(Opt::queue(queue))).to_vec()
    });
    of("processes", &|| {
        let ids = [(0, 0), (1, 2), (u32::MAX, 1), (1, u32::MAX)];
        ids.map(|(process, thread)| plain(1).opt(Opt::process(process, thread)))
            .to_vec()
    });
    of("one comment", &|| vec![plain(1).opt(Opt::comment("one"))]);
    of("several comments", &|| {
        let comments = ["first", "", "\u{65e5}\u{672c}\u{8a9e}", "first"];
        vec![plain(1), plain(2).opts(comments.map(Opt::comment))]
    });
    of("1000 comments", &|| {
        let comments = (0..1000).map(|n| Opt::comment(n.to_string()));
        vec![plain(1).opts(comments)]
    });
    of("every option of packets", &|| {
        let every = || {
            [
                Opt::comment("all of them"),
                Opt::flags(0x1ff),
                Opt::hash(2, &[1, 2, 3, 4]),
                Opt::dropcount(7),
                Opt::packetid(8),
                Opt::queue(9),
                Opt::process(10, 11),
                Opt::custom(code::CUSTOM[0], 32_473, b"text"),
                Opt::custom(code::CUSTOM[3], 32_473, b"\0\xff"),
                Opt::bytes(0x8001, "local"),
                Opt::comment("the end"),
            ]
        };
        let mut reversed = every();
        reversed.reverse();
        vec![plain(1).opts(every()), plain(2).opts(reversed)]
    });
    of("options of obsolete packets", &|| {
        let options = [
            Opt::comment("old"),
            Opt::flags(2),
            Opt::hash(2, &[1, 2, 3, 4]),
        ];
        vec![
            pb(0, data(5, 1)).opts(options.clone()),
            pb(1, data(6, 2)).opts(options),
        ]
    });
    of("drops of obsolete packets", &|| {
        [0, 1, 0x7fff, 0xfffe, 0xffff]
            .map(|drops| pb(drops, data(9, 1)))
            .to_vec()
    });
    of("options of empty packets", &|| {
        vec![
            epb("").opt(Opt::flags(1)),
            epb("").len(5).opt(Opt::comment("empty")),
        ]
    });
    let twice = both("options of packets that are there twice", |order| {
        let pairs = [
            [Opt::flags(1), Opt::flags(2)],
            [Opt::dropcount(3), Opt::dropcount(4)],
            [Opt::packetid(5), Opt::packetid(6)],
            [Opt::queue(7), Opt::queue(8)],
        ];
        let file = Ng::new(order).idb(idb(1));
        let file = file.packets(pairs.clone().map(|pair| plain(1).opts(pair)));
        file.packet(plain(2).opts(pairs.into_iter().flatten()))
    });
    cases.extend(twice);
    cases.extend(both("verdicts", |order| {
        let verdicts = [
            Verdict::Hardware(vec![1, 2, 3]),
            Verdict::Tc(2),
            Verdict::Xdp(u64::MAX),
            Verdict::Other(77, vec![1]),
        ];
        let each = verdicts.map(Opt::verdict);
        let file = Ng::new(order).idb(idb(1));
        let file = file.packets(each.clone().map(|verdict| plain(1).opt(verdict)));
        file.packet(plain(2).opts(each))
    }));
    cases.extend(both("verdicts of known types", |order| {
        let verdicts = [
            Verdict::Hardware(vec![1, 2, 3]),
            Verdict::Tc(2),
            Verdict::Xdp(0x0102_0304_0506_0708),
        ];
        let each = verdicts.map(|verdict| plain(1).opt(Opt::verdict(verdict)));
        Ng::new(order).idb(idb(1)).packets(each)
    }));
    cases
}
