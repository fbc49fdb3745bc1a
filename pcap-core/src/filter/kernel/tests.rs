//! The kernel's view of packets.

mod skb;

use super::{Devices, FEWEST, Frame, HARDWARE_TYPE, View, translated};
use crate::direction::Direction;
use crate::filter::program::insn::Insn;
use crate::filter::program::validate::MAX_LEN;
use crate::filter::{CompileOptions, Filter};
use crate::linktype::Dlt;
use skb::packets;

fn plain(direction: Direction, frame: Frame, devices: Devices) -> View {
    View {
        frame,
        devices,
        direction,
    }
}

#[test]
fn a_filter_of_ethernet_stays_as_it_is() {
    let filter = Filter::compile(Dlt::EN10MB, "tcp port 80").unwrap();
    let view = plain(Direction::InOut, Frame::Same, Devices::Plain);
    let program = filter.for_socket(view, 262_144).unwrap();
    assert_eq!(program, filter.instructions());
    // Only the snaplen differs.
    let program = filter.for_socket(view, 100).unwrap();
    let accepts: Vec<_> = program
        .iter()
        .filter(|i| i.code == 0x06 && i.k > 0)
        .collect();
    assert!(!accepts.is_empty() && accepts.iter().all(|i| i.k == 100));
}

#[test]
fn lengths_count_the_cooked_header() {
    for (dlt, frame, header) in [
        (Dlt::LINUX_SLL, Frame::Cooked, 16),
        (Dlt::LINUX_SLL2, Frame::Cooked2, 20),
    ] {
        let filter = Filter::compile(dlt, "len = 62").unwrap();
        let view = plain(Direction::In, frame, Devices::Any);
        let program = filter.for_socket(view, 262_144).unwrap();
        let at = program.iter().position(|i| i.code == 0x80).unwrap();
        assert_eq!(program[at + 1], Insn::new(0x04, 0, 0, header));
    }
}

#[test]
fn inserted_instructions_move_jumps() {
    // ldb [16]; jeq #1, 0, 1; ld len; jgt #100, 0, 1; ret #1; ret #0
    let program = [
        Insn::new(0x30, 0, 0, 16),
        Insn::new(0x15, 0, 1, 1),
        Insn::new(0x80, 0, 0, 0),
        Insn::new(0x25, 0, 1, 100),
        Insn::new(0x06, 0, 0, 1),
        Insn::new(0x06, 0, 0, 0),
    ];
    let view = plain(Direction::InOut, Frame::Cooked, Devices::Plain);
    let out = translated(&program, view, 262_144).unwrap();
    let expected = [
        Insn::new(0x30, 0, 0, 0),
        Insn::new(0x15, 0, 2, 1),
        Insn::new(0x80, 0, 0, 0),
        Insn::new(0x04, 0, 0, 16),
        Insn::new(0x25, 0, 1, 100),
        Insn::new(0x06, 0, 0, 1),
        Insn::new(0x06, 0, 0, 0),
    ];
    assert_eq!(out, expected);
}

#[test]
fn index_loads_of_the_header_have_no_form() {
    // ldx #14; ldh [x+0]; ret a
    let program = [
        Insn::new(0x01, 0, 0, 14),
        Insn::new(0x48, 0, 0, 0),
        Insn::new(0x16, 0, 0, 0),
    ];
    let view = plain(Direction::InOut, Frame::Cooked, Devices::Any);
    assert!(translated(&program, view, 262_144).is_err());
}

fn views() -> impl Iterator<Item = View> {
    let directions = [Direction::InOut, Direction::In, Direction::Out];
    let devices = [
        Devices::Plain,
        Devices::Loopback,
        Devices::Can,
        Devices::Any,
    ];
    let both = directions
        .into_iter()
        .flat_map(move |direction| devices.map(|it| (direction, it)));
    both.flat_map(|(direction, devices)| {
        [Frame::Same, Frame::Cooked, Frame::Cooked2].map(|frame| plain(direction, frame, devices))
    })
}

/// What libpcap would drop later takes no place in the buffer.
#[test]
fn without_a_filter_all_packets_of_the_direction_are_kept() {
    for view in views() {
        let program = view.all(100_000);
        for packet in packets() {
            let kept = packet.keeps(&program);
            let expected = match packet.is_shown(view) {
                true => 100_000 - view.frame.header(),
                false => 0,
            };
            assert_eq!(kept, expected, "{view:?} {packet:?}");
        }
    }
}

/// The kernel accepts a packet if the filter accepts what libpcap delivers of it.
#[test]
fn the_kernel_accepts_what_the_filter_accepts() {
    let mut counts = [0; 2];
    for view in views() {
        let dlt = match view.frame {
            Frame::Same | Frame::Changed => Dlt::RAW,
            Frame::Cooked => Dlt::LINUX_SLL,
            Frame::Cooked2 => Dlt::LINUX_SLL2,
        };
        let mut expressions = vec![
            "tcp src port 80",
            "ip",
            "len > 50",
            "len <= 48",
            "less 60",
            "ip[9] = 6",
            "tcp",
        ];
        if view.frame != Frame::Same {
            expressions.extend(["arp", "ip6", "link[2:2] = 772", "ip or arp", "not ip"]);
        }
        match view.frame {
            Frame::Cooked => expressions.extend(["link[0:2] = 4", "link[14:2] = 0x806"]),
            Frame::Cooked2 => expressions.extend([
                "link[10] = 4",
                "link[4:4] = 70000",
                "link[0:2] = 0x86dd",
                "link[8:2] = 280",
            ]),
            _ => {}
        }
        for expression in expressions {
            let filter = Filter::compile(dlt, expression).unwrap();
            let Ok(program) = filter.for_socket(view, 262_144) else {
                // A part of the cooked header of version 2 that is no field.
                assert_eq!(
                    (view.frame, expression),
                    (Frame::Cooked2, "link[2:2] = 772")
                );
                continue;
            };
            for packet in packets() {
                let accepts = filter.matches(&packet.delivered(view.frame));
                let kept = packet.keeps(&program);
                let expected = accepts && packet.is_shown(view);
                assert_eq!(kept > 0, expected, "{expression} {view:?} {packet:?}");
                counts[usize::from(expected)] += 1;
            }
        }
    }
    assert!(counts[0] > 1000 && counts[1] > 1000, "{counts:?}");
}

/// A program may rely on registers of 0, also after the instructions before it.
#[test]
fn a_program_begins_with_an_accumulator_of_0() {
    // (first); jeq #0, 0, 1; ret #7; ret #0
    let program = |first: &[Insn]| {
        let end = [(0x15, 0, 1, 0), (0x06, 0, 0, 7), (0x06, 0, 0, 0)];
        let end = end.map(|(code, jt, jf, k)| Insn::new(code, jt, jf, k));
        [first, &end].concat()
    };
    // or #0; st M[0]; tax; txa.
    for code in [0x44, 0x02, 0x07, 0x87] {
        let first = Insn::new(code, 0, 0, 0);
        for first in [&[][..], &[first]] {
            let filter = Filter::from_instructions(Dlt::EN10MB, &program(first)).unwrap();
            for view in views().filter(|view| view.frame == Frame::Same) {
                let program = filter.for_socket(view, 100).unwrap();
                for packet in packets() {
                    assert_eq!(
                        packet.keeps(&program) > 0,
                        packet.is_shown(view),
                        "{code:#x} {view:?}"
                    );
                }
            }
        }
    }
    // No instruction more than needed.
    let view = plain(Direction::In, Frame::Same, Devices::Plain);
    let lengths = [(0x28, 12), (0x06, 5)].map(|(code, k)| {
        let program = [Insn::new(code, 0, 0, k), Insn::new(0x06, 0, 0, 1)];
        let filter = Filter::from_instructions(Dlt::EN10MB, &program).unwrap();
        filter.for_socket(view, 100).unwrap().len()
    });
    assert_eq!(lengths, [5, 5]);
}

/// The kernel keeps what the program and the snaplen ask for, but enough to reinsert a tag.
#[test]
fn lengths_are_kept_without_the_cooked_header() {
    for (frame, header) in [
        (Frame::Same, 0),
        (Frame::Changed, 0),
        (Frame::Cooked, 16),
        (Frame::Cooked2, 20),
    ] {
        let view = plain(Direction::InOut, frame, Devices::Plain);
        assert_eq!(frame.header(), header);
        for (k, snaplen, expected) in [
            (262_144, 262_144, 262_144 - header),
            (u32::MAX, 1000, 1000 - header),
            (1000, 1001, 1000 - header),
            (300, 300, 300 - header),
            // Only the snaplen truncates: both addresses are needed.
            (30, 30, FEWEST),
            (100, 70, FEWEST.max(70 - header)),
            // The program itself truncates.
            (30, 31, 30 - header),
            (5, 100, if header > 0 { 1 } else { 5 }),
            (1, 2, 1),
        ] {
            assert_eq!(view.keep(k, snaplen), expected, "{frame:?} {k} {snaplen}");
            let program = [Insn::new(0x06, 0, 0, k)];
            let out = translated(&program, view, snaplen).unwrap();
            assert_eq!(out, [Insn::new(0x06, 0, 0, expected)]);
        }
        // A program that rejects still does.
        let reject = [Insn::new(0x06, 0, 0, 0)];
        assert_eq!(translated(&reject, view, 100).unwrap(), reject);
    }
}

#[test]
fn what_the_kernel_cannot_do_is_refused() {
    let refused = |program: &[(u16, u32)], frame| {
        let mut program: Vec<_> = program
            .iter()
            .map(|&(code, k)| Insn::new(code, 0, 0, k))
            .collect();
        program.push(Insn::new(0x06, 0, 0, 1));
        let filter = Filter::from_instructions(Dlt::LINUX_SLL, &program).unwrap();
        filter
            .for_socket(plain(Direction::In, frame, Devices::Any), 1000)
            .err()
    };
    let header = "it reads parts of the cooked header that the kernel does not provide";
    let index = "it loads the length into the index register";
    let keeps = "it computes how many bytes to keep";
    let changed = "it reads bytes that libpcap changes before it delivers the packet";
    for frame in [Frame::Same, Frame::Changed, Frame::Cooked, Frame::Cooked2] {
        let is_cooked = frame.header() > 0;
        let cooked = |why| is_cooked.then_some(why);
        for (program, why) in [
            // ldx len; ret a; ld len; ld #5
            ((0x81, 0), cooked(index)),
            ((0x16, 0), cooked(keeps)),
            ((0x80, 0), None),
            ((0x00, 5), None),
            // ld [8] and ldb [1] are no fields of either header.
            ((0x20, 8), cooked(header)),
            ((0x30, 1), cooked(header)),
            ((0xb1, 14), cooked(header)),
            ((0x48, 14), cooked(header)),
            ((0x30, 15), cooked(header)),
            ((0x30, 20), None),
            ((0xb1, 20), None),
            // Even if it is a field of the other version.
            ((0x28, 0), (frame == Frame::Changed).then_some(changed)),
            ((0x28, 2), (frame == Frame::Cooked2).then_some(header)),
            ((0x28, 8), (frame == Frame::Cooked).then_some(header)),
            ((0x20, 4), (frame == Frame::Cooked).then_some(header)),
            ((0x30, 10), (frame == Frame::Cooked).then_some(header)),
        ] {
            let loads = Insn::new(program.0, 0, 0, program.1).loads_from_packet();
            let why = if frame == Frame::Changed && loads {
                Some(changed)
            } else {
                why
            };
            assert_eq!(
                refused(&[program], frame).as_deref(),
                why,
                "{program:?} {frame:?}"
            );
        }
    }
    // An offset of the kernel is not in the cooked header.
    let ask = Insn::new(0x20, 0, 0, HARDWARE_TYPE);
    let view = plain(Direction::In, Frame::Cooked, Devices::Any);
    assert_eq!(translated(&[ask], view, 1000).unwrap(), [ask]);
}

/// The kernel's limit counts the instructions before the program.
#[test]
fn long_programs_are_refused() {
    let filter = |length: usize| {
        let mut program = vec![Insn::new(0x00, 0, 0, 0); length - 1];
        program.push(Insn::new(0x06, 0, 0, 1));
        Filter::from_instructions(Dlt::EN10MB, &program).unwrap()
    };
    for (direction, before) in [(Direction::InOut, 0), (Direction::In, 3)] {
        let view = plain(direction, Frame::Same, Devices::Plain);
        let fits = filter(MAX_LEN - before).for_socket(view, 100).unwrap();
        assert_eq!(fits.len(), MAX_LEN);
        if before > 0 {
            let why = filter(MAX_LEN - before + 1)
                .for_socket(view, 100)
                .unwrap_err();
            assert!(why.contains("4097 instructions"), "{why}");
        }
    }
}

/// A jump skips 255 instructions at most, and each query of the length becomes two.
#[test]
fn jumps_that_become_too_long_are_refused() {
    let program = |lengths: usize, others: usize, jump: Insn| {
        let mut program = vec![jump];
        program.extend(vec![Insn::new(0x80, 0, 0, 0); lengths]);
        program.extend(vec![Insn::new(0x00, 0, 0, 0); others]);
        program.push(Insn::new(0x06, 0, 0, 1));
        program
    };
    let view = plain(Direction::InOut, Frame::Cooked, Devices::Plain);
    for (lengths, others, skips) in [
        (1, 253, Some(255)),
        (1, 254, None),
        (2, 252, None),
        (127, 1, Some(255)),
    ] {
        let skip = (lengths + others) as u8;
        for (jt, jf) in [(skip, 0), (0, skip)] {
            let out = translated(
                &program(lengths, others, Insn::new(0x15, jt, jf, 9)),
                view,
                100,
            );
            match (out, skips) {
                (Ok(out), Some(skips)) => {
                    let jump = match jt {
                        0 => Insn::new(0x15, 0, skips, 9),
                        _ => Insn::new(0x15, skips, 0, 9),
                    };
                    assert_eq!(out[0], jump);
                    assert_eq!(out.len(), 2 + usize::from(skips));
                }
                (Err(why), None) => assert!(why.contains("too long"), "{why}"),
                (out, _) => panic!("{lengths} {others}: {out:?}"),
            }
        }
    }
    // An unconditional jump may be longer.
    let out = translated(&program(300, 2, Insn::new(0x05, 0, 0, 302)), view, 100).unwrap();
    assert_eq!(out[0], Insn::new(0x05, 0, 0, 602));
}

#[test]
fn a_program_for_sent_packets_alone_is_found() {
    let filter = |expression| Filter::compile(Dlt::EN10MB, expression).unwrap();
    for (direction, expected) in [
        (Direction::Out, true),
        (Direction::In, false),
        (Direction::InOut, false),
    ] {
        let view = plain(direction, Frame::Same, Devices::Plain);
        for program in [view.all(100), filter("ip").for_socket(view, 100).unwrap()] {
            assert_eq!(
                Filter::accepts_only_sent(&program),
                expected,
                "{direction:?}"
            );
        }
    }
    // One that accepts nothing accepts no sent packets either.
    assert!(!Filter::accepts_only_sent(&[Insn::new(0x06, 0, 0, 0)]));
}

#[test]
fn the_reach_of_a_filter_is_that_of_its_loads() {
    let reach = |expression| Filter::compile(Dlt::EN10MB, expression).unwrap().reach();
    assert_eq!(reach("ip"), Some(14));
    assert_eq!(reach("ether[99] = 1"), Some(100));
    assert_eq!(reach(""), Some(0));
    assert_eq!(reach("ip6 protochain 6"), None);
}

/// Without a cooked header, nothing is translated but the number of bytes to keep.
#[test]
fn without_a_header_instructions_stay_the_same() {
    for frame in [Frame::Same, Frame::Changed] {
        let view = plain(Direction::InOut, frame, Devices::Plain);
        for (code, k) in [
            (0x80, 0),
            (0x81, 0),
            (0x16, 0),
            (0x28, 12),
            (0xb1, 14),
            (0x48, 2),
            (0x07, 0),
        ] {
            let program = [Insn::new(code, 0, 0, k), Insn::new(0x06, 0, 0, 0)];
            assert_eq!(translated(&program, view, 1000).unwrap(), program);
        }
    }
}

/// What the kernel knows about a packet is not in its bytes.
#[test]
fn questions_to_the_kernel_need_a_kernel() {
    let ask = [
        Insn::new(0x28, 0, 0, HARDWARE_TYPE),
        Insn::new(0x16, 0, 0, 0),
    ];
    let options = CompileOptions::new();
    let filter = Filter::compiled(Dlt::EN10MB, (ask.to_vec(), None), "kind", options);
    assert!(!filter.runs_on_bytes() && filter.uses_kernel_extensions());
    assert!(Filter::compile(Dlt::EN10MB, "ip").unwrap().runs_on_bytes());
}

#[test]
fn devices_have_their_hardware_types() {
    for (hardware, devices) in [
        (1, Devices::Plain),
        (772, Devices::Loopback),
        (280, Devices::Can),
        (0, Devices::Plain),
    ] {
        assert_eq!(Devices::of_type(hardware), devices);
    }
}
