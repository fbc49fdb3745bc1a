//! Compares trees with libpcap's interpreter.

mod listing;
mod shapes;
mod sizes;

use super::*;
use crate::filter::Filter;
use crate::filter::program::mnemonics::program;
use crate::filter::validate::{self, Origin};
use crate::linktype::Dlt;
use crate::sys;

/// A small generator that yields the same numbers every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u32 % limit
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u32) as usize]
    }

    fn packet(&mut self) -> Vec<u8> {
        let length = self.below(24);
        // Few values, so that comparisons sometimes hold.
        (0..length)
            .map(|_| self.one_of(&[0, 1, 2, 5, 0x45, 0x7f, 0x80, 0xff]))
            .collect()
    }

    fn number(&mut self) -> u32 {
        let small = self.below(6);
        self.one_of(&[
            small,
            0x45,
            0xff,
            0x100,
            0x101,
            0x4500,
            0xffff,
            0x1_0000,
            0x7f00_0001,
            u32::MAX,
        ])
    }

    /// Generates compiler-like instructions, and occasionally others.
    fn program(&mut self) -> Vec<Insn> {
        let mut program = Vec::new();
        let length = 2 + self.below(20);
        for left in (0..length).rev() {
            let skip = |random: &mut Random| random.below(left.clamp(1, 8)) as u8;
            let place = self.below(20);
            match self.below(16) {
                0..=4 => {
                    let code = self.one_of(&[0x20, 0x28, 0x30, 0x28, 0x40, 0x48, 0x50]);
                    program.push(Insn::new(code, 0, 0, place));
                    if self.below(4) == 0 {
                        program.push(Insn::new(0x54, 0, 0, self.number()));
                    }
                    let code = self.one_of(&[0x15, 0x25, 0x35, 0x45]);
                    let (jt, jf) = (skip(self), skip(self));
                    program.push(Insn::new(code, jt, jf, self.number()));
                }
                5..=10 => {
                    let code = self.one_of(&[0x15, 0x15, 0x25, 0x35, 0x45]);
                    let (jt, jf) = (skip(self), skip(self));
                    program.push(Insn::new(code, jt, jf, self.number()));
                }
                11 | 12 => program.push(Insn::new(0xb1, 0, 0, place)),
                13 => program.push(Insn::new(0x05, 0, 0, skip(self).into())),
                14 => program.push(Insn::new(0x06, 0, 0, self.number())),
                _ => {
                    let code = self.one_of(&[0x20, 0x54, 0x80, 0x87, 0x07, 0x04, 0x16]);
                    program.push(Insn::new(code, 0, 0, place));
                }
            }
        }
        program.extend([1, 0, 7, 0].map(|k| Insn::new(0x06, 0, 0, k)));
        // Enough instructions after the last jumps to land on.
        program.extend([3; 8].map(|k| Insn::new(0x06, 0, 0, k)));
        program
    }
}

fn run(tree: &Tree, packet: &[u8]) -> u32 {
    tree.run(packet, || packet.len() as u32)
}

fn libpcap(program: &[Insn], packet: &[u8]) -> u32 {
    libpcap_with(program, packet, packet.len() as u32)
}

pub(super) fn libpcap_with(program: &[Insn], packet: &[u8], wire_len: u32) -> u32 {
    let length = packet.len() as u32;
    // SAFETY: the program has passed the check; the packet has that length.
    unsafe { sys::bpf_filter(program.as_ptr().cast(), packet.as_ptr(), wire_len, length) }
}

#[test]
fn a_tree_answers_as_libpcap_does_whatever_the_program_and_the_packet() {
    let mut random = Random(0x5eed);
    let (mut trees, mut wanted, mut runs) = (0, 0, 0);
    for _ in 0..20_000 {
        let program = random.program();
        validate::check(&program, Origin::Caller).unwrap();
        let program: Arc<[Insn]> = program.into();
        let tree = Tree::of(&program);
        if tree.is_interpreted() {
            continue;
        }
        trees += 1;
        for _ in 0..30 {
            let packet = random.packet();
            let answer = libpcap(&program, &packet);
            assert_eq!(run(&tree, &packet), answer, "{program:?} on {packet:02x?}");
            runs += 1;
            wanted += u32::from(answer != 0);
        }
    }
    assert!(trees > 4_000, "{trees}");
    assert!(
        (runs / 10..runs * 9 / 10).contains(&wanted),
        "{wanted} of {runs}"
    );
}

#[test]
fn a_test_holds_for_the_same_numbers_as_libpcaps() {
    let numbers = [
        0,
        1,
        2,
        0xfe,
        0xff,
        0x100,
        0xfffe,
        0xffff,
        0x1_0000,
        u32::MAX - 1,
        u32::MAX,
    ];
    let mut packets: Vec<Vec<u8>> = numbers.iter().map(|n| n.to_be_bytes().to_vec()).collect();
    packets.extend(numbers.iter().map(|n| n.to_le_bytes().to_vec()));
    packets.extend([vec![], vec![0], vec![255], vec![255, 255], vec![0, 1, 2]]);
    for load in [0x20, 0x28, 0x30] {
        for test in [0x15, 0x25, 0x35, 0x45] {
            for k in numbers {
                for (jt, jf) in [(0, 1), (1, 0), (0, 0)] {
                    let program: Arc<[Insn]> = Arc::new([
                        Insn::new(load, 0, 0, 0),
                        Insn::new(test, jt, jf, k),
                        Insn::new(0x06, 0, 0, 1),
                        Insn::new(0x06, 0, 0, 2),
                    ]);
                    let tree = Tree::of(&program);
                    assert!(!tree.is_interpreted());
                    for packet in &packets {
                        let answer = libpcap(&program, packet);
                        assert_eq!(run(&tree, packet), answer, "{program:?} on {packet:02x?}");
                    }
                }
            }
        }
    }
}

// A tree of these programs would take many times their memory, and be slower.
#[test]
fn long_programs_are_interpreted() {
    let hosts = |count: u32| (0..count).map(|n| std::net::Ipv4Addr::from(n << 8));
    for (count, tree) in [(1000, true), (10_000, false)] {
        let filter = Filter::any_of(Dlt::EN10MB, hosts(count)).unwrap();
        assert_eq!(!filter.0.tree.is_interpreted(), tree, "{count}");
        let mut packet = [0; 34];
        packet[12] = 8;
        for (n, there) in [(0, true), (count - 1, true), (count, false)] {
            packet[26..30].copy_from_slice(&(n << 8).to_be_bytes());
            packet[30..].fill(0xff);
            assert_eq!(filter.matches(&packet), there, "{n} of {count}");
        }
    }
}

/// The graph stops looking for the next test.
#[test]
fn long_runs_without_a_test_are_interpreted() {
    for (loads, interpreted) in [(10, false), (100, true)] {
        let mut program: Vec<_> = (0..loads).map(|k| Insn::new(0x00, 0, 0, k)).collect();
        program.extend([Insn::new(0x15, 0, 1, loads - 1), Insn::new(0x06, 0, 0, 7)]);
        program.push(Insn::new(0x06, 0, 0, 0));
        let program: Arc<[Insn]> = program.into();
        let tree = Tree::of(&program);
        assert_eq!(tree.is_interpreted(), interpreted, "{loads}");
        assert_eq!(run(&tree, &[]), 7);
    }
}

/// The interpreter runs only if the packet is too short for a number, or if its first four bytes contain the number.
#[test]
fn operations_are_executed_without_the_interpreter() {
    for (text, result) in [
        ("ldb [3]; mul #3; ret a", 9),
        ("ldb [3]; tax; ldb [x + 4]; mul #3; ret a", 15),
        ("ldb [3]; tax; ldb [x + 4]; jeq #5, 0, 1; ret #7; ret #8", 7),
        (
            "ldb [3]; tax; ldb [x + 1]; tax; ldb [x + 3]; mul #3; ret a",
            15,
        ),
    ] {
        let mut tree = Tree::of(&Arc::from(program(text)));
        tree.program = Arc::new([Insn::new(0x06, 0, 0, 99)]);
        assert_eq!(run(&tree, &[0, 1, 2, 3, 2, 5, 6, 5]), result, "{text}");
        assert_eq!(run(&tree, &[0, 1, 2]), 99, "{text}");
    }
    let mut tree = Tree::of(&Arc::from(program("ldb [2]; mul #3; ret a")));
    tree.program = Arc::new([Insn::new(0x06, 0, 0, 99)]);
    assert_eq!(run(&tree, &[0, 1, 2, 3]), 99);
}

/// Tests and operations together are limited, not their product.
#[test]
fn long_programs_of_tests_and_operations_are_trees() {
    let mut program = Vec::new();
    for at in 0..300 {
        program.extend([Insn::new(0x30, 0, 0, at), Insn::new(0x25, 0, 1, 9)]);
        program.push(Insn::new(0x06, 0, 0, 0));
    }
    program.push(Insn::new(0x30, 0, 0, 300));
    program.extend([Insn::new(0x24, 0, 0, 3); 300]);
    program.extend([Insn::new(0x16, 0, 0, 0)]);
    let tree = Tree::of(&Arc::from(program));
    assert_eq!((tree.tests.len(), tree.ops.len()), (300, 302));
    assert_eq!(run(&tree, &[1; 301]), 3_u32.wrapping_pow(300));
    assert_eq!(run(&tree, &[10; 301]), 0);
}

/// Each test at the end exists once for each index that the program may have loaded.
#[test]
fn programs_with_many_states_are_interpreted() {
    for (count, interpreted) in [(20, false), (64, true)] {
        let mut program = Vec::new();
        for n in 0..count {
            let end = 4 * (count - n) - 4;
            program.extend([Insn::new(0x30, 0, 0, 0), Insn::new(0x15, 0, 2, n)]);
            program.extend([Insn::new(0x01, 0, 0, n), Insn::new(0x05, 0, 0, end)]);
        }
        for n in 0..count {
            let reject = 2 * (count - n) as u8 - 1;
            program.extend([Insn::new(0x50, 0, 0, n), Insn::new(0x25, 0, reject, 9)]);
        }
        program.extend([Insn::new(0x06, 0, 0, 7), Insn::new(0x06, 0, 0, 0)]);
        let tree = Tree::of(&Arc::from(program));
        assert_eq!(tree.is_interpreted(), interpreted, "{count}");
        assert_eq!(run(&tree, &[10; 200]), 7);
        assert_eq!(run(&tree, &[9; 200]), 0);
    }
}

#[test]
fn what_is_mostly_asked_for_is_a_tree() {
    for expression in [
        "",
        "tcp",
        "host 192.0.2.1",
        "tcp port 80 or tcp port 443",
        "portrange 6000-6063 and not net 192.0.2.0/24",
        "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
        "ip6 host 2001:db8::1 and udp",
        "ether broadcast or arp",
    ] {
        let filter = Filter::compile(Dlt::EN10MB, expression);
        assert!(!filter.unwrap().0.tree.is_interpreted(), "{expression}");
    }
    let sum = Filter::compile(Dlt::EN10MB, "ip[0] + ip[1] = 5");
    assert!(!sum.unwrap().0.tree.is_interpreted());
}
