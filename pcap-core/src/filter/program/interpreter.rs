//! Runs a filter's program as a tree of tests, without decoding instructions.
//!
//! Nearly all of libpcap's programs repeat three steps: load a number from the packet, compare it, and continue at one
//! of two instructions. Here, one kind of node does all of that for every load and every comparison: it loads four
//! bytes, masks them, and checks whether the number is in a range; if not, it continues at the next node. So each test
//! takes one branch, which the processor can predict, instead of the two decoded instructions of libpcap's interpreter.
//!
//! Other programs are not converted to a tree; libpcap's interpreter runs them. Neither are long programs, such as
//! lists of thousands of terms: a tree is up to nine times as large, and once each step waits for memory, it is no
//! faster than libpcap.
//!
//! The result is that of the program, which has passed the check in `validate`.

use std::hint;

use super::graph::Graph;
use super::insn::{Insn, op};
use super::validate::MAX_LEN;

/// A program as a tree, whose branches may join again.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(super) nodes: Box<[Node]>,
}

/// A node of the tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// The size of the number in bytes. The number is in the high bytes of the four that are loaded.
    pub(super) size: u8,
    /// The offset of the number in the packet.
    pub(super) at: u32,
    /// The mask of the index register, which is then added to the offset: all bits, or none.
    pub(super) index: u32,
    /// The mask of the four bytes.
    pub(super) mask: u32,
    /// The numbers for which the test continues at `to`: `low`, and `more` numbers after it.
    pub(super) low: u32,
    pub(super) more: u32,
    /// The continuation, if it is not the next node. At the end of the program, its result.
    pub(super) to: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A test of a number in the packet.
    Test,
    /// Loads the length of an IP header, four times the low half of a byte, into the index
    /// register.
    Header,
    /// A jump.
    Jump,
    /// The end of the program.
    Answer,
}

impl Tree {
    /// Converts a program to a tree, if possible.
    pub(crate) fn of(program: &[Insn]) -> Option<Tree> {
        if program.len() > MAX_LEN {
            return None;
        }
        Graph::of(program)?.into_tree()
    }

    /// Returns the program's result for a packet: 0 also if it reads beyond the end of the packet.
    #[inline]
    pub(crate) fn run(&self, data: &[u8]) -> u32 {
        let mut index = 0;
        let mut place = 0;
        while let Some(node) = self.nodes.get(place) {
            if node.kind == Kind::Test {
                let Some(number) = node.number(data, index) else {
                    break;
                };
                place += 1;
                if number.wrapping_sub(node.low) <= node.more {
                    // This must stay a branch: the processor predicts a branch, but would have to
                    // wait for the number in branchless code.
                    hint::black_box(());
                    place = node.to as usize;
                }
                continue;
            }
            match node.kind {
                Kind::Test | Kind::Header => {
                    let Some(number) = node.number(data, index) else {
                        break;
                    };
                    index = number >> 24 << 2;
                    place += 1;
                }
                Kind::Jump => place = node.to as usize,
                Kind::Answer => return node.to,
            }
        }
        0
    }
}

impl Node {
    pub(super) fn plain(kind: Kind, to: u32) -> Node {
        Node {
            kind,
            size: 0,
            at: 0,
            index: 0,
            mask: 0,
            low: 0,
            more: 0,
            to,
        }
    }

    pub(super) fn header(at: u32) -> Node {
        Node {
            size: 1,
            at,
            mask: 0x0f00_0000,
            ..Node::plain(Kind::Header, 0)
        }
    }

    /// Creates a test that goes to `to` if the instruction's condition has the value `holds`.
    pub(super) fn test(loaded: Loaded, insn: Insn, holds: bool, to: u32) -> Option<Node> {
        let mut mask = loaded.mask;
        // Two of the four conditions are expressed by the numbers that do not satisfy them.
        let (low, high, inside) = match insn.code & 0xf0 {
            op::JEQ => (insn.k, insn.k, true),
            op::JGE => (insn.k, u32::MAX, true),
            op::JGT => (0, insn.k, false),
            op::JSET => {
                mask &= insn.k;
                (0, 0, false)
            }
            _ => return None,
        };
        let shift = 32 - 8 * u32::from(loaded.size);
        let largest = u32::MAX >> shift;
        let mut range = if low <= largest {
            Some((low << shift, (high.min(largest) - low) << shift))
        } else {
            None
        };
        if inside != holds {
            // The other numbers, which wrap to 0 after the largest.
            let all = range.is_some_and(|(_, more)| more == largest << shift);
            range = match range {
                None => Some((0, u32::MAX)),
                Some(_) if all => None,
                Some((low, more)) => Some((low.wrapping_add(more + 1), u32::MAX - more - 1)),
            };
        }
        // Without any bits in the mask, the number is never 1.
        let (low, more, mask) = match range {
            Some((low, more)) => (low, more, mask << shift),
            None => (1, 0, 0),
        };
        Some(Node {
            kind: Kind::Test,
            size: loaded.size,
            at: loaded.at,
            index: if loaded.indexed { u32::MAX } else { 0 },
            mask,
            low,
            more,
            to,
        })
    }

    /// Loads the number from a packet. Returns `None` if the packet ends before the end of the number.
    #[inline]
    fn number(&self, data: &[u8], index: u32) -> Option<u32> {
        let at = u64::from(self.at) + u64::from(index & self.index);
        // If the offset does not fit into `usize`, no packet reaches it.
        let end = usize::try_from(at + 4).ok()?;
        let bytes = match data.get(end - 4..end) {
            Some(&[a, b, c, d]) => u32::from_be_bytes([a, b, c, d]),
            _ => self.last_bytes(data, end - 4)?,
        };
        Some(bytes & self.mask)
    }

    /// Loads the number if fewer than four bytes remain.
    #[cold]
    fn last_bytes(&self, data: &[u8], at: usize) -> Option<u32> {
        let bytes = data.get(at..)?;
        let byte = |n| u32::from(bytes.get(n).copied().unwrap_or(0));
        let number = byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
        (bytes.len() >= self.size.into()).then_some(number)
    }
}

/// The accumulator's content: a number in the packet, with a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Loaded {
    pub(super) at: u32,
    pub(super) indexed: bool,
    pub(super) size: u8,
    pub(super) mask: u32,
}

impl Loaded {
    /// Returns the number in the packet that an instruction loads into the accumulator, if it loads one.
    pub(super) fn of(insn: Insn) -> Option<Loaded> {
        let size = match insn.code & 0x18 {
            op::W => 4,
            op::H => 2,
            op::B => 1,
            _ => return None,
        };
        let indexed = match insn.code & 0xe0 {
            op::ABS => false,
            op::IND => true,
            _ => return None,
        };
        let packet = insn.code & 0x07 == op::LD && !insn.is_kernel_extension();
        packet.then_some(Loaded {
            at: insn.k,
            indexed,
            size,
            mask: u32::MAX,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Filter;
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

    fn libpcap(program: &[Insn], packet: &[u8]) -> u32 {
        let length = packet.len() as u32;
        // SAFETY: the program has passed the check; the packet has that length.
        unsafe { sys::bpf_filter(program.as_ptr().cast(), packet.as_ptr(), length, length) }
    }

    #[test]
    fn a_tree_answers_as_libpcap_does_whatever_the_program_and_the_packet() {
        let mut random = Random(0x5eed);
        let (mut trees, mut wanted, mut runs) = (0, 0, 0);
        for _ in 0..20_000 {
            let program = random.program();
            validate::check(&program, Origin::Caller).unwrap();
            let Some(tree) = Tree::of(&program) else {
                continue;
            };
            trees += 1;
            for _ in 0..30 {
                let packet = random.packet();
                let answer = libpcap(&program, &packet);
                assert_eq!(tree.run(&packet), answer, "{program:?} on {packet:02x?}");
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
                        let program = [
                            Insn::new(load, 0, 0, 0),
                            Insn::new(test, jt, jf, k),
                            Insn::new(0x06, 0, 0, 1),
                            Insn::new(0x06, 0, 0, 2),
                        ];
                        let tree = Tree::of(&program).unwrap();
                        for packet in &packets {
                            let answer = libpcap(&program, packet);
                            assert_eq!(tree.run(packet), answer, "{program:?} on {packet:02x?}");
                        }
                    }
                }
            }
        }
    }

    /// A tree of these programs would take many times their memory, and be slower.
    #[test]
    fn long_programs_are_left_to_libpcap() {
        let hosts = |count: u32| (0..count).map(|n| std::net::Ipv4Addr::from(n << 8));
        for (count, tree) in [(1000, true), (10_000, false)] {
            let filter = Filter::any_of(Dlt::EN10MB, hosts(count)).unwrap();
            assert_eq!(filter.tree.is_some(), tree, "{count}");
            let mut packet = [0; 34];
            packet[12] = 8;
            for (n, there) in [(0, true), (count - 1, true), (count, false)] {
                packet[26..30].copy_from_slice(&(n << 8).to_be_bytes());
                packet[30..].fill(0xff);
                assert_eq!(filter.matches(&packet), there, "{n} of {count}");
            }
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
            assert!(filter.unwrap().tree.is_some(), "{expression}");
        }
        let sum = Filter::compile(Dlt::EN10MB, "ip[0] + ip[1] = 5");
        assert!(sum.unwrap().tree.is_none());
    }
}
