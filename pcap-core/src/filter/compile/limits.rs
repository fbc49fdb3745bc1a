//! The limits on an expression, and on an expression that libpcap compiles as a whole.
//!
//! libpcap's compiler cannot be interrupted. The factors of its running time were found by counting
//! steps in libpcap 1.10.3, and measured with `benches/compile.rs` on a virtual machine with two
//! cores of an AMD EPYC (family 25, model 17) at 2.6 GHz:
//!
//! 1. The optimizer's passes visit every pair of tests (as bits in sets), 2 to 14 times. Nothing reduces the number of
//!    pairs, so 35 000 tests take a second, whatever they test: `MAX_TESTS`.
//! 2. Afterwards the optimizer merges equal tests, and visits every pair again for each pair that it merges. Without
//!    equal tests this costs nothing. If a list is looked up at two positions in a packet, the time grows with the cube
//!    of its length.
//! 3. The program is converted again for every jump over more than 255 instructions, so the time is proportional to the
//!    product of jumps and tests.
//!
//! | expression, on Ethernet | terms | tests before | after | passes (1) | merging (2) | conversion (3) |
//! |---|---|---|---|---|---|---|
//! | `host` of IPv4 | 300 | 3600 | 904 | 0.07 s | 1.28 s | 0.01 s |
//! | `portrange` | 100 | 3500 | 808 | 0.03 s | 0.97 s | 0.01 s |
//! | `tcp dst port` | 660 | 4600 | 666 | 0.05 s | 0.84 s | 0.01 s |
//! | `host` of IPv6 | 1050 | 10 500 | 8401 | 0.17 s | 0.06 s | 0.76 s |
//! | `ether host` | 1680 | 6700 | 6720 | 0.04 s | 0.04 s | 0.90 s |
//! | `len > n` | 4300 | 4300 | 4300 | 0.24 s | 0.01 s | 0.71 s |
//! | `udp[8:4] = n` | 2800 | 25 200 | 2803 | 0.85 s | 0.02 s | 0.23 s |
//! | `host` and `tcp port` in pairs | 850 | 17 900 | 5101 | 0.56 s | 0.05 s | 0.54 s |
//! | `tcp port 80`, repeated | 2660 | 24 000 | 9 | 0.94 s | 0.00 s | 0.04 s |
//! | `len > 5`, repeated | 34 000 | 34 000 | 1 | 0.86 s | 0.00 s | 0.09 s |
//!
//! Because of the second factor, the size does not predict the time: a thousand hosts take most of a minute, but only a
//! third of a second after `tcp and`. So an expression of unpredictable time is not compiled as a whole, but in parts
//! (`parts.rs`). The limit for compiling as a whole follows from the worst case: 3000 tests take the optimizer 1.0 s.
//! Without the optimizer, only the third factor remains. It takes a second if the product of jumps and instructions is
//! 70 million (7600 tests for hosts).
//!
//! Other link types behave alike. (For those of 802.11, libpcap does not optimize.) Each test takes about 110 bytes of
//! stack.

use crate::filter::program::insn::{Insn, op};

/// The maximum number of tests of an expression before optimization. With more tests, libpcap takes more than a second,
/// however simple they are.
pub(crate) const MAX_TESTS: usize = 40_000;

/// The maximum number of tests that are passed to libpcap's optimizer at once: they take it a second in the worst case.
const MAX_OPTIMIZED: u64 = 3000;
/// The same limit without the optimizer, as the product of exits and instructions.
const MAX_CONVERTED: u64 = 70_000_000;

/// A number of terms that have at most `MAX_OPTIMIZED` tests, unless a name resolves to many addresses.
const FEW_TERMS: usize = 64;

/// The maximum number of terms of an expression that cannot be compiled in parts.
const MAX_WHOLE_TERMS: usize = 400;

/// The maximum number of arithmetic operators in one comparison. The time for a chain of them grows with the square of
/// its length.
const MAX_OPERATORS: u64 = 13_500;

/// The maximum length of an expression in bytes. Even if it only has spaces, libpcap takes a second for that many.
const MAX_BYTES: usize = 128 << 20;

/// The advice for long lists.
const WAY_OUT: &str = "; `Filter::any_of` takes long lists of addresses and ports";

pub(crate) fn check_bytes(expression: &str) -> Result<(), String> {
    let bytes = expression.len();
    if bytes > MAX_BYTES {
        return Err(format!(
            "the expression has {bytes} bytes, more than the limit of {MAX_BYTES}{WAY_OUT}"
        ));
    }
    Ok(())
}

/// Checks the number of terms. Each term has at least one test.
pub(crate) fn check_terms(terms: usize) -> Result<(), String> {
    if terms > MAX_TESTS {
        return Err(format!(
            "the expression has more terms than the limit of {MAX_TESTS}{WAY_OUT}"
        ));
    }
    Ok(())
}

/// Checks the number of terms of an expression that cannot be compiled in parts.
pub(crate) fn check_whole(terms: usize) -> Result<(), String> {
    if terms > MAX_WHOLE_TERMS {
        return Err(format!(
            "the expression has {terms} terms, more than the limit of {MAX_WHOLE_TERMS} for one that cannot be compiled \
             in parts{WAY_OUT}"
        ));
    }
    Ok(())
}

/// Returns whether there are so few terms that no other check is needed.
pub(crate) fn are_few(terms: usize) -> bool {
    terms <= FEW_TERMS
}

/// Counts arithmetic operators.
#[derive(Debug, Default)]
pub(crate) struct Operators {
    /// The squares of the earlier terms.
    before: u64,
    /// The operators of this term, in thirds.
    term: u64,
}

impl Operators {
    /// Counts an operator after a word. The cost of a load from a packet depends on the number of
    /// headers before it.
    pub(crate) fn add(&mut self, operator: &str, word: &str) -> Result<(), String> {
        self.term += match operator {
            "[" if LINK.contains(&word) => 1,
            "[" if NETWORK.contains(&word) => 2,
            "[" => 9,
            "]" | ":" => 0,
            _ => 3,
        };
        if self.before + self.term * self.term > (3 * MAX_OPERATORS).pow(2) {
            return Err(format!(
                "the expression has more arithmetic operators than the limit of {MAX_OPERATORS} for a comparison; split the comparison"
            ));
        }
        Ok(())
    }

    pub(crate) fn end_of_term(&mut self) {
        self.before += self.term * self.term;
        self.term = 0;
    }
}

const LINK: [&str; 7] = ["ether", "link", "ppp", "slip", "fddi", "tr", "wlan"];
const NETWORK: [&str; 4] = ["ip", "ip6", "arp", "rarp"];

/// The size of the unoptimized programs of an expression's parts.
#[derive(Debug, Default)]
pub(crate) struct Size {
    tests: u64,
    /// The number of jumps from tests to the returns, which are far away in a long expression.
    exits: u64,
    instructions: u64,
    /// The numbers of tests that examine the same positions in a packet, by the number of earlier terms that shifted
    /// these positions.
    by_place: Vec<u64>,
}

impl Size {
    /// Adds a part's program, which follows `shifted` terms that shift headers.
    pub(crate) fn add(&mut self, shifted: usize, program: &[Insn]) {
        let mut tests = 0;
        for insn in program {
            tests += u64::from(insn.is_test());
        }
        self.tests += tests;
        self.exits += exits(program);
        self.instructions += program.len() as u64;
        if self.by_place.len() <= shifted {
            self.by_place.resize(shifted + 1, 0);
        }
        self.by_place[shifted] += tests;
    }

    /// Checks the number of tests against the limit, for an expression of `terms` terms.
    pub(crate) fn check(&self, terms: usize) -> Result<(), String> {
        if self.tests > MAX_TESTS as u64 {
            return Err(format!(
                "the {terms} terms of the expression compile to more tests than the limit of {MAX_TESTS}{WAY_OUT}"
            ));
        }
        Ok(())
    }

    /// Returns whether libpcap compiles the whole in about a second, whatever the tests are.
    pub(crate) fn fits(&self, optimize: bool) -> bool {
        if optimize {
            self.tests <= MAX_OPTIMIZED
        } else {
            self.exits * self.instructions <= MAX_CONVERTED
        }
    }

    /// Checks that libpcap compiles the whole in a few seconds, for an expression that cannot be
    /// compiled in parts.
    pub(crate) fn check_whole(&self, optimize: bool) -> Result<(), String> {
        let mut largest = 0;
        for tests in &self.by_place {
            largest = largest.max(*tests);
        }
        // Tests of the same positions are the optimizer's worst case.
        let optimized = self.tests * self.tests * largest <= 4 * MAX_OPTIMIZED.pow(3);
        let converted = self.exits * self.instructions <= 3 * MAX_CONVERTED;
        if converted && (optimized || !optimize) {
            return Ok(());
        }
        Err(format!(
            "the expression has {} tests, too many for one that cannot be compiled in parts; put terms such as `vlan`, \
             which change the meaning of the terms after them, at the end, as in `tcp or (vlan and tcp)`",
            self.tests
        ))
    }
}

/// Counts the jumps from tests to the more frequent kind of return. In a longer expression, the neighbors of a part
/// replace the other kind.
fn exits(program: &[Insn]) -> u64 {
    let mut exits = [0, 0];
    for (index, insn) in program.iter().enumerate() {
        if !insn.is_test() {
            continue;
        }
        for skip in [insn.jt, insn.jf] {
            let there = program.get(index + 1 + usize::from(skip));
            if let Some(exit) = there.filter(|there| there.code & 0x07 == op::RET) {
                exits[usize::from(exit.accepts())] += 1;
            }
        }
    }
    exits[0].max(exits[1])
}

/// Truncates an expression for an error.
pub(crate) fn cut(expression: &str) -> String {
    const MAX: usize = 200;
    match expression.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", &expression[..end]),
        None => expression.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_between_characters() {
        assert_eq!(cut("tcp"), "tcp");
        assert_eq!(cut(&"ä".repeat(201)).chars().count(), 201);
        assert_eq!(cut(&"ä".repeat(200)), "ä".repeat(200));
    }

    #[test]
    fn counts_have_limits() {
        assert!(check_terms(40_000).is_ok() && check_terms(40_001).is_err());
        assert!(check_whole(400).is_ok() && check_whole(401).is_err());
        assert!(are_few(64) && !are_few(65));
        let mut spaces = " ".repeat(128 << 20);
        assert!(check_bytes(&spaces).is_ok());
        spaces.push(' ');
        assert!(
            check_bytes(&spaces)
                .unwrap_err()
                .contains("134217729 bytes")
        );
    }

    /// Adds operators, and returns after how many of them there are too many.
    fn most(operators: &mut Operators, operator: &str, word: &str) -> usize {
        let mut most = 0;
        while operators.add(operator, word).is_ok() {
            most += 1;
            assert!(most < 100_000);
        }
        most
    }

    #[test]
    fn operators_count_by_their_cost() {
        for (operator, word, expected) in [
            ("+", "1", 13_500),
            ("[", "tcp", 4500),
            ("[", "ip", 20_250),
            ("[", "rarp", 20_250),
            ("[", "ether", 40_500),
            ("[", "wlan", 40_500),
        ] {
            let found = most(&mut Operators::default(), operator, word);
            assert_eq!(found, expected, "{operator} {word}");
        }
        // What ends a load costs nothing.
        let mut operators = Operators::default();
        for _ in 0..100 {
            operators.add("]", "1").unwrap();
            operators.add(":", "1").unwrap();
        }
        assert_eq!(most(&mut operators, "+", "1"), 13_500);
    }

    /// The time of several terms is the sum of their squares.
    #[test]
    fn terms_add_up() {
        let mut operators = Operators::default();
        for _ in 0..3 {
            for _ in 0..7000 {
                operators.add("*", "2").unwrap();
            }
            operators.end_of_term();
        }
        // 13 500² − 3 · 7000² is 5937.2².
        assert_eq!(most(&mut operators, "*", "2"), 5937);
    }

    /// Returns a program of tests that exit, those that only skip one another, and other instructions.
    fn program(exits: usize, inner: usize, others: usize) -> Vec<Insn> {
        let mut program = vec![Insn::new(0x28, 0, 0, 12); others];
        program.extend(vec![Insn::new(0x15, 0, 0, 1); inner]);
        for at in 0..exits {
            // As far as a jump reaches.
            let skip = (exits - at - 1) as u8;
            program.push(Insn::new(0x15, skip, skip, 1));
        }
        program.push(Insn::new(0x06, 0, 0, 0));
        program
    }

    fn size(parts: &[(usize, &[Insn])]) -> Size {
        let mut size = Size::default();
        for (shifted, program) in parts {
            size.add(*shifted, program);
        }
        size
    }

    #[test]
    fn sizes_count_tests_exits_and_instructions() {
        let (first, second) = (program(3, 5, 7), program(0, 2, 0));
        let size = size(&[(0, &first), (2, &second), (2, &second)]);
        assert_eq!(size.tests, 12);
        assert_eq!(size.by_place, [8, 0, 4]);
        assert_eq!(size.instructions, 16 + 3 + 3);
        // Each exit has two jumps; the last of the inner tests of a part leads to the return, too.
        assert_eq!(size.exits, 6 + 2 + 2);
        // The more frequent kind counts: jeq, 1, 0; ret #1; ret #0; and two more to the last.
        let both = [
            Insn::new(0x15, 3, 2, 1),
            Insn::new(0x15, 2, 3, 1),
            Insn::new(0x15, 1, 1, 1),
            Insn::new(0x06, 0, 0, 1),
            Insn::new(0x06, 0, 0, 0),
        ];
        assert_eq!(exits(&both), 4);
        assert_eq!(exits(&both[1..]), 3);
    }

    #[test]
    fn what_fits_is_compiled_as_a_whole() {
        let tests = |tests| Size {
            tests,
            ..Size::default()
        };
        assert!(tests(40_000).check(9).is_ok());
        assert!(tests(40_001).check(9).unwrap_err().contains("9 terms"));
        assert!(tests(3000).fits(true) && !tests(3001).fits(true));
        assert!(tests(3001).fits(false));
        let converted = |exits, instructions| Size {
            exits,
            instructions,
            ..Size::default()
        };
        assert!(converted(7000, 10_000).fits(false) && !converted(7000, 10_001).fits(false));
        assert!(converted(7000, 10_001).fits(true));

        for optimize in [true, false] {
            assert!(converted(21_000, 10_000).check_whole(optimize).is_ok());
            assert!(converted(21_000, 10_001).check_whole(optimize).is_err());
        }
        // 6000 · 6000 · 3000 is 4 · 3000³.
        let places = |tests, by_place: &[u64]| Size {
            tests,
            by_place: by_place.to_vec(),
            ..Size::default()
        };
        assert!(places(6000, &[3000, 1000, 2000]).check_whole(true).is_ok());
        let slow = places(6000, &[2999, 3001]);
        assert!(slow.check_whole(true).unwrap_err().contains("6000 tests"));
        assert!(slow.check_whole(false).is_ok());
        assert!(places(6001, &[3000]).check_whole(true).is_err());
    }
}
