//! Files that end too early.

use super::super::{Block, Case, Kind, Ng, Opt, Order, Shb, idb, kind, pb, spb};
use super::damaged::start;
use super::{data, plain};

/// The beginning of libpcap's error.
const CUT: &str = "truncated pcapng dump file; tried to read ";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let options = || [Opt::comment("cut"), Opt::flags(1)];
    let frames = [
        ("a packet", plain(3)),
        ("a packet with options", plain(3).opts(options())),
        ("a simple packet", spb(data(17, 3))),
        ("an obsolete packet", pb(1, data(18, 3)).opts(options())),
    ];
    for (at, (name, frame)) in frames.into_iter().enumerate() {
        let order = Order::BOTH[at % 2];
        let length = frame.block(order).bytes(order).len();
        for left in (1..length).step_by(3) {
            let file = start(order).damage(Kind::Truncated, &told(left, length));
            let file = file.packet(frame.clone()).shorten(length - left);
            cases.push(Case::new(format!("{name} cut after {left} bytes"), file));
        }
    }
    for order in Order::BOTH {
        let comment = || Opt::comment("cut");
        let blocks = [
            ("an interface", idb(1).opt(Opt::tsresol(9)).block(order)),
            ("statistics", Block::isb(order, 0, 1).opt(comment())),
            ("an unknown block", Block::new(0x7777, data(8, 1))),
            (
                "a later section",
                Shb::default().opt(comment()).block(order),
            ),
        ];
        for (name, block) in blocks {
            let bytes = block.bytes(order);
            for left in (1..bytes.len()).step_by(5) {
                let file = start(order).damage(Kind::Truncated, &told(left, bytes.len()));
                let file = file.raw(&bytes[..left]);
                let name = format!("{name} cut after {left} bytes, {order:?}");
                cases.push(Case::new(name, file));
            }
        }
    }
    // Nothing tells that this is pcapng before its twelfth byte.
    for left in [1, 3, 4, 8, 11, 12, 16, 27] {
        for order in Order::BOTH {
            let text = match left {
                ..4 => "truncated dump file; tried to read 4 file header bytes, only got ",
                4..12 => "unknown file format",
                _ => CUT,
            };
            let file = Ng::empty(order).damage(Kind::Truncated, text);
            let file = file.shb(Shb::default()).shorten(28 - left);
            let name = format!("a first section cut after {left} bytes, {order:?}");
            cases.push(Case::new(name, file));
        }
    }
    for left in [1, 8, 12, 19] {
        for order in Order::BOTH {
            let file = Ng::new(order).damage(Kind::Truncated, &told(left, 20));
            let file = file.idb(idb(1)).shorten(20 - left);
            let name = format!("a first interface cut after {left} bytes, {order:?}");
            cases.push(Case::new(name, file));
        }
    }
    // A block whose end is so far away that the next sections are within it.
    for order in Order::BOTH {
        let file = start(order).damage(Kind::Truncated, CUT);
        let mut block = Block::new(kind::CUSTOM, data(8, 1));
        block.odd.length = Some(1000);
        let file = file
            .block(block)
            .section(order)
            .idb(idb(1))
            .packet(plain(9));
        cases.push(Case::new(
            format!("a block that takes in a section, {order:?}"),
            file,
        ));
    }
    cases
}

/// Returns libpcap's error for a block with some bytes left.
fn told(left: usize, length: usize) -> String {
    match left {
        ..8 => format!("{CUT}8 bytes, only got {left}"),
        _ => format!("{CUT}{} bytes, only got {}", length - 8, left - 8),
    }
}
