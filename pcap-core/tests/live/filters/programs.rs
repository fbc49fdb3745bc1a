//! Programs decide live as they do on bytes.

use pcap_core::{Direction, Dlt, Filter, FilterLocation, Insn, PacketOwned};

use super::{frame, inject, on, rest};
use crate::support::Netns;
use crate::support::random::Random;

/// Programs that the kernel would evaluate differently run in the process.
// Shows: libpcap/kernel-libpcaps-interpreter-differ
#[test]
fn programs_mean_the_same_live_as_on_bytes() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = on("left").activate().unwrap();
    let program = |text: &str| Filter::from_listing(Dlt::EN10MB, text).unwrap();
    let compile = |text: &str| Filter::compile(Dlt::EN10MB, text).unwrap();
    let here = Some(FilterLocation::UserSpace);
    let there = Some(FilterLocation::Kernel);
    for (filter, location) in [
        // ld #1; ldx #33; lsh x; jeq #2
        (
            program("6,0 0 0 1,1 0 0 33,108 0 0 0,21 0 1 2,6 0 0 65535,6 0 0 0"),
            here,
        ),
        // ld #2; ldx #32; rsh x; jeq #2
        (
            program("6,0 0 0 2,1 0 0 32,124 0 0 0,21 0 1 2,6 0 0 65535,6 0 0 0"),
            here,
        ),
        // ld #1; ldx #31; lsh x; jeq #0x80000000
        (
            program("6,0 0 0 1,1 0 0 31,108 0 0 0,21 0 1 2147483648,6 0 0 65535,6 0 0 0"),
            there,
        ),
        // ldx #0xfff00000; ldb [x+0]; jeq #255
        (
            program("5,1 0 0 4293918720,80 0 0 0,21 0 1 255,6 0 0 65535,6 0 0 0"),
            here,
        ),
        // ldx #0x7fffffff; ldb [x+1]; jeq #255
        (
            program("5,1 0 0 2147483647,80 0 0 1,21 0 1 255,6 0 0 65535,6 0 0 0"),
            here,
        ),
        // ldx #14; ldb [x+0]; jeq #0
        (
            program("5,1 0 0 14,80 0 0 0,21 0 1 0,6 0 0 65535,6 0 0 0"),
            there,
        ),
        (compile("(1 << ether[14]) = 2"), here),
        (compile("(1 << ether[14]) = 0"), here),
        (compile("(4 >> ether[14]) = 0"), here),
        (compile("(4 >> (ether[14] & 15)) = 0"), there),
        (compile("ether[ether[14]] = 255"), there),
        (compile("ether[ether[14:4]] = 255"), here),
        (
            compile("tcp[tcpflags] & tcp-syn != 0 or ether proto 0x88b5"),
            there,
        ),
        (compile("ip6 protochain 6 or ether proto 0x88b5"), here),
    ] {
        let mut right = on("right").filter(&filter).activate().unwrap();
        assert_eq!(right.filter_location(), location, "{filter}");
        let frames: Vec<_> = (0..40).map(|n| frame(n << 24 | n, 60)).collect();
        inject(&left, frames.clone());
        let expected: Vec<_> = frames
            .into_iter()
            .filter(|data| filter.matches(data))
            .collect();
        let delivered: Vec<_> = rest(&mut right).iter().map(|p| p.data().to_vec()).collect();
        assert_eq!(delivered, expected, "{filter}");
    }
}

/// The same on cooked captures, whose header the kernel does not have.
// Shows: libpcap/kernel-libpcaps-interpreter-differ
#[test]
fn programs_on_any_mean_the_same() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = on("left").activate().unwrap();
    for (dlt, header) in [(Dlt::LINUX_SLL, 16_u32), (Dlt::LINUX_SLL2, 20)] {
        let program = |text: &str| Filter::from_listing(dlt, text).unwrap();
        let compile = |text: &str| Filter::compile(dlt, text).unwrap();
        // Frames with a payload of 40 to 49 bytes.
        let length = header + 45;
        let mut filters: Vec<Filter> = ["=", "!=", ">", ">=", "<", "<="]
            .iter()
            .map(|comparison| compile(&format!("len {comparison} {length}")))
            .collect();
        filters.extend([
            compile(&format!("greater {length}")),
            compile(&format!("less {length}")),
            compile("inbound"),
            compile("outbound"),
            compile("ether proto 0x88b5 and inbound"),
            program(&format!(
                "5,1 0 0 {},72 0 0 0,21 0 1 34997,6 0 0 65535,6 0 0 0",
                header - 2
            )),
            program(&format!(
                "5,1 0 0 {},80 0 0 0,21 0 1 255,6 0 0 65535,6 0 0 0",
                header + 5
            )),
            program(&format!(
                "5,1 0 0 4,80 0 0 {header},21 0 1 255,6 0 0 65535,6 0 0 0"
            )),
            // ldx len; txa; jgt
            program(&format!(
                "5,129 0 0 0,135 0 0 0,37 0 1 {length},6 0 0 65535,6 0 0 0"
            )),
            // ld len; ret a
            program("2,128 0 0 0,22 0 0 0"),
        ]);
        let mut capture = on("any").datalink(dlt).activate().unwrap();
        inject(&left, [frame(0, 60)]);
        let first = rest(&mut capture).remove(0);
        // Loads each header field in each size: a packet passes if it has the first frame's value.
        for offset in 0..header {
            for (code, size) in [(0x20_u16, 4), (0x28, 2), (0x30, 1)] {
                let at = offset as usize;
                let value = first.data()[at..at + size]
                    .iter()
                    .fold(0, |v, b| v << 8 | u32::from(*b));
                let test = [
                    Insn::new(code, 0, 0, offset),
                    Insn::new(0x15, 0, 1, value),
                    Insn::new(0x06, 0, 0, 65_535),
                    Insn::new(0x06, 0, 0, 0),
                ];
                filters.push(Filter::from_instructions(dlt, &test).unwrap());
            }
        }
        let mut capture = on("any").datalink(dlt).activate().unwrap();
        inject(&left, (0..10).map(|n| frame(n, 54 + n as usize)));
        let all = rest(&mut capture);
        assert_eq!(all.len(), 20);
        for filter in filters {
            let options = on("any").datalink(dlt);
            let mut capture = options.filter(&filter).activate().unwrap();
            inject(&left, (0..10).map(|n| frame(n, 54 + n as usize)));
            let passes = |p: &&PacketOwned| filter.matches(p.data());
            let expected: Vec<_> = all.iter().filter(passes).collect();
            let delivered = rest(&mut capture);
            let same = delivered.len() == expected.len()
                && delivered
                    .iter()
                    .zip(expected)
                    .all(|(a, b)| a.data() == b.data());
            assert!(same, "{dlt} {:?}\n{filter}", capture.filter_location());
        }
    }
}

/// Returns a random valid program.
fn random(numbers: &mut Random, dlt: Dlt) -> Filter {
    let interesting = [
        0, 1, 2, 4, 5, 8, 10, 12, 14, 15, 16, 18, 20, 22, 31, 32, 33, 46, 60, 0x88b5,
    ];
    let far = [
        0x7fff_ffff,
        0x8000_0000,
        0xfff0_0000,
        0xffe0_0000,
        0xffff_f000,
        0xffff_ffff,
    ];
    loop {
        let mut program = vec![Insn::new(0x02, 0, 0, 0), Insn::new(0x02, 0, 0, 1)];
        let length = 3 + numbers.below(10);
        for left in (0..length).rev() {
            let k = match numbers.below(8) {
                0 => numbers.pick(&far),
                _ => numbers.pick(&interesting),
            };
            let small = numbers.below(48) as u32;
            let (jt, jf) = (numbers.below(left + 1) as u8, numbers.below(left + 1) as u8);
            program.push(match numbers.below(12) {
                0 | 1 => Insn::new(numbers.pick(&[0x20, 0x28, 0x30]), 0, 0, small),
                2 | 3 => Insn::new(
                    numbers.pick(&[0x40, 0x48, 0x50]),
                    0,
                    0,
                    numbers.pick(&[small, k]),
                ),
                4 => Insn::new(0xb1, 0, 0, small),
                5 => Insn::new(numbers.pick(&[0x00, 0x01]), 0, 0, k),
                6 => Insn::new(numbers.pick(&[0x80, 0x81, 0x07, 0x87]), 0, 0, 0),
                7 => Insn::new(
                    numbers.pick(&[0x60, 0x61, 0x02, 0x03]),
                    0,
                    0,
                    numbers.below(2) as u32,
                ),
                8 => Insn::new(
                    numbers.pick(&[0x0c, 0x1c, 0x2c, 0x3c, 0x4c, 0x5c, 0x6c, 0x7c, 0x9c, 0xac]),
                    0,
                    0,
                    0,
                ),
                9 => Insn::new(
                    numbers.pick(&[0x04, 0x14, 0x24, 0x34, 0x44, 0x54, 0x64, 0x74, 0x94, 0xa4]),
                    0,
                    0,
                    1 + k % 31,
                ),
                _ => Insn::new(
                    numbers.pick(&[0x15, 0x25, 0x35, 0x45, 0x1d, 0x2d, 0x3d, 0x4d]),
                    jt,
                    jf,
                    numbers.pick(&[small, k]),
                ),
            });
        }
        program.push(Insn::new(numbers.pick(&[0x06, 0x06, 0x16]), 0, 0, 65_535));
        program.push(Insn::new(0x06, 0, 0, 0));
        if let Ok(filter) = Filter::from_instructions(dlt, &program) {
            return filter;
        }
    }
}

/// `LIVE_FILTER_PROGRAMS` sets the number of programs, `LIVE_FILTER_SEED` the seed.
// Shows: libpcap/kernel-libpcaps-interpreter-differ
#[test]
fn random_programs_mean_the_same() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let number = |name, default| std::env::var(name).map_or(default, |n| n.parse().unwrap());
    let mut numbers = Random::new(number("LIVE_FILTER_SEED", 1));
    let programs = number("LIVE_FILTER_PROGRAMS", 30);
    let left = on("left").activate().unwrap();
    let frames: Vec<_> = (0..12_u32)
        .map(|n| {
            let mut frame = frame(n * 0x0305_0711, 60 + n as usize);
            for (at, byte) in frame.iter_mut().enumerate().skip(18) {
                *byte = numbers.below(40 + at) as u8;
            }
            frame
        })
        .collect();
    for (device, dlt) in [
        ("right", Dlt::EN10MB),
        ("any", Dlt::LINUX_SLL),
        ("any", Dlt::LINUX_SLL2),
    ] {
        let (mut in_kernel, mut some) = (0, 0);
        for _ in 0..programs {
            let filter = random(&mut numbers, dlt);
            let options = on(device).datalink(dlt).direction(Direction::In);
            let mut all = options.clone().activate().unwrap();
            let mut capture = options.filter(&filter).activate().unwrap();
            inject(&left, frames.clone());
            let all = rest(&mut all);
            assert_eq!(all.len(), frames.len());
            let passes = |packet: &&PacketOwned| filter.matches(packet.data());
            // The length identifies the frame.
            let expected: Vec<_> = all.iter().filter(passes).map(|p| p.wire_len()).collect();
            let delivered: Vec<_> = rest(&mut capture).iter().map(|p| p.wire_len()).collect();
            let location = capture.filter_location();
            assert_eq!(delivered, expected, "{dlt} {location:?}\n{filter}");
            in_kernel += u32::from(location == Some(FilterLocation::Kernel));
            some += u32::from(!expected.is_empty());
        }
        assert!(
            in_kernel > 0 && some > 0,
            "{device}: {in_kernel} in the kernel, {some} pass some"
        );
    }
}
