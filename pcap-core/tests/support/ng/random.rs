//! Random undamaged files.

use super::super::random::Random;
use super::Order;
use super::block::{Block, Idb, Odd, Shb, idb};
use super::case::Case;
use super::file::Ng;
use super::option::{Opt, Verdict, code};
use super::packet::{Frame, epb, pb, spb};

/// Returns an undamaged file, always the same for a seed. libpcap reads every second one to its end.
pub(crate) fn random(seed: u64) -> Case {
    let mut random = Random::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) << 1);
    // What libpcap requires: one byte order, one link type, one snaplen.
    let uniform = random.one_in(2).then(|| {
        let linktype = random.pick(&[1, 113, 147, 228]);
        let snaplen = random.pick(&[0, 262_144, 1000]);
        (random.pick(&Order::BOTH), linktype, snaplen)
    });
    let mut file = Ng::empty(Order::Little);
    for _ in 0..=random.below(3) {
        let order = uniform.map_or(random.pick(&Order::BOTH), |(order, ..)| order);
        file = section(file, order, uniform, &mut random);
    }
    Case::new(format!("random {seed}"), file)
}

/// Adds a section.
fn section(mut file: Ng, order: Order, uniform: Option<(Order, u16, u32)>, r: &mut Random) -> Ng {
    let header = Shb {
        version: (1, r.pick(&[0, 0, 0, 2])),
        length: r.pick(&[-1, -1, 0, 12_345]),
        options: (0..r.below(3))
            .map(|_| Opt::bytes(r.pick(&code::SHB), b"section"))
            .collect(),
        odd: odd(r, order),
        ..Shb::default()
    };
    file = file.with_order(order).shb(header);
    let mut interfaces = Vec::new();
    for _ in 0..r.below(60) {
        if interfaces.is_empty() || (interfaces.len() < 5 && r.one_in(8)) {
            // Packets may only follow an interface, other blocks may come before.
            if r.one_in(4) {
                file = file.block(other(order, 0, r));
            }
            let interface = interface(uniform, r, order);
            interfaces.push(interface.clone());
            file = file.idb(interface);
            continue;
        }
        file = match r.below(8) {
            0 => file.block(other(order, interfaces.len() as u32, r)),
            _ => file.packet(frame(&interfaces, r, order)),
        };
    }
    file
}

/// Returns harmless deviations.
fn odd(r: &mut Random, order: Order) -> Odd {
    let mut odd = Odd {
        without_end: r.one_in(4),
        only_end: r.one_in(4),
        ..Odd::default()
    };
    if !odd.without_end && odd.only_end && r.one_in(2) {
        // After the end, an option whose value is not there.
        odd.extra = [order.u16(1), order.u16(1000)].concat();
    }
    odd
}

fn interface(uniform: Option<(Order, u16, u32)>, r: &mut Random, order: Order) -> Idb {
    let (linktype, snaplen) = match uniform {
        Some((_, linktype, snaplen)) => (linktype, snaplen),
        None => (
            r.pick(&[0, 1, 101, 105, 113, 127, 147, 228, 229]),
            r.pick(&[0, 64, 1500, 65_535, 262_144, u32::MAX]),
        ),
    };
    let mut interface = idb(linktype).snaplen(snaplen);
    if r.one_in(3) {
        interface.reserved = r.next() as u16;
    }
    if r.one_in(2) {
        let resolution = match r.below(4) {
            0 => 9,
            1 => r.below(20) as u8,
            _ => 0x80 | r.below(64) as u8,
        };
        interface = interface.opt(Opt::tsresol(resolution));
    }
    if r.one_in(4) {
        let offset = r.next() as i64;
        interface = interface.opt(Opt::tsoffset(offset >> r.below(64)));
    }
    for _ in 0..r.below(4) {
        interface = interface.opt(match r.below(5) {
            0 => Opt::bytes(code::IF_NAME, b"eth0"),
            1 => Opt::bytes(code::IF_IPV4, r.bytes(8)),
            2 => Opt::u64(code::IF_SPEED, r.next()),
            3 => Opt::filter("icmp"),
            _ => anywhere(r),
        });
    }
    interface.odd(odd(r, order))
}

/// Returns an option that every block may have.
fn anywhere(r: &mut Random) -> Opt {
    let length = r.below(9);
    let bytes = r.bytes(length);
    match r.below(4) {
        0 => Opt::comment("comment"),
        1 => Opt::custom(r.pick(&code::CUSTOM), 32_473, &bytes),
        2 => Opt::bytes(0x8000 | r.next() as u16, bytes),
        _ => Opt::comment("x".repeat(r.below(30))),
    }
}

fn frame(interfaces: &[Idb], r: &mut Random, order: Order) -> Frame {
    let limit = |interface: &Idb| match interface.snaplen {
        0 | 0x8000_0000.. => 262_144,
        snaplen => snaplen as usize,
    };
    let number = r.below(interfaces.len());
    let form = r.below(8);
    let number = if form == 0 { 0 } else { number };
    let most = limit(&interfaces[number]).min(300) + 1;
    let length = match r.below(10) {
        0 => 0,
        _ => r.below(most),
    };
    let data = r.bytes(length);
    let time = match r.below(3) {
        0 => r.next(),
        1 => r.next() >> r.below(64),
        _ => 1_700_000_000_000_000 + (r.next() >> 30),
    };
    let cut = match r.below(4) {
        0 => r.below(2000) as u32,
        _ => 0,
    };
    let mut frame = match form {
        0 => {
            // A simple packet is cut to the snaplen, and only to that.
            let snaplen = limit(&interfaces[0]);
            let cut = if length == snaplen { cut } else { 0 };
            return spb(data).len(length as u32 + cut);
        }
        1 => pb(r.pick(&[0, 1, 0xfffe, 0xffff]), data),
        _ => epb(data),
    };
    frame = frame.on(number as u32).at(time).len(length as u32 + cut);
    if r.one_in(2) {
        return frame;
    }
    for _ in 0..r.below(5) {
        frame = frame.opt(match r.below(9) {
            0 => Opt::flags(r.next() as u32),
            1 => Opt::hash(2, &r.bytes(4)),
            2..=5 if form == 1 => anywhere(r),
            2 => Opt::dropcount(r.next()),
            3 => Opt::packetid(r.next()),
            4 => Opt::queue(r.next() as u32),
            5 => Opt::verdict(Verdict::Xdp(r.next())),
            6 if form != 1 => Opt::process(r.next() as u32, r.next() as u32),
            _ => anywhere(r),
        });
    }
    frame.odd(odd(r, order))
}

/// Returns a block that is no packet, in a section with so many interfaces.
fn other(order: Order, interfaces: u32, r: &mut Random) -> Block {
    let length = r.below(40);
    let data = r.bytes(length);
    let block = match r.below(7) {
        0 => Block::nrb(order, &[(1, b"\x7f\0\0\x01localhost\0".to_vec())]),
        1 if interfaces > 0 => {
            let received = Opt::u64(code::ISB_IFRECV, r.next());
            Block::isb(order, r.next() as u32 % interfaces, r.next()).opt(received)
        }
        2 => Block::dsb(order, 0x544c_534b, &data),
        3 => return Block::journal("__REALTIME_TIMESTAMP=1700000000000000\nMESSAGE=hello\n"),
        4 => return Block::custom(order, r.one_in(2), 32_473, &data),
        5 => return Block::new(0x8000_0000 | r.next() as u32, data),
        _ => return Block::new(r.pick(&[0, 7, 8, 11, 0x1234_5678, 0x0a0d_0a00]), data),
    };
    match r.one_in(2) {
        true => block.opt(anywhere(r)).odd(odd(r, order)),
        false => block,
    }
}
