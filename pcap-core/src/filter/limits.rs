//! How long an expression may be.
//!
//! libpcap's compiler cannot be interrupted, takes time that grows with the square of an expression's
//! length and more, and walks the program by recursion. So what it gets is bounded, in two steps:
//! counts that are taken from the text, and, before the optimizer runs, the size of the program that
//! it would begin with.
//!
//! Measured with libpcap 1.10.3 on two cores of a small virtual machine, in seconds:
//!
//! | terms joined by `or` | link type | unoptimized | tests | optimized |
//! |---|---|---|---|---|
//! | 250 `host` of IPv4 | Ethernet | 0.5 | 3000 | 1.9 |
//! | 416 `host` of IPv4 | Ethernet | 0.8 | 5000 | 7.4 |
//! | 130 `port` | Ethernet | 0.3 | 3000 | 0.7 |
//! | 85 `portrange` | Ethernet | 0.2 | 3000 | 1.8 |
//! | 200 `portrange` | Ethernet | 1.2 | 7000 | 13.3 |
//! | 3000 `len > n` | Ethernet | | 3000 | 1.6 |
//! | 400 `wlan host` | PPI | 2.8 | 10 400 | |
//! | 300 `port` | radiotap | 2.7 | 8100 | |
//! | 200 `portrange` | radiotap | 2.5 | 7800 | |
//! | 400 `portrange` | radiotap | 16 | 15 600 | |
//! | 1000 `host` of IPv4 | Ethernet | 9.2 | 12 000 | |
//!
//! (The optimizer leaves programs for 802.11 alone: the length of their headers varies.)
//!
//! The optimizer's time goes with the number of tests it begins with, whatever they test; that of
//! generating code with the number of tests times the number of instructions, of which a `portrange`
//! has most. Each test takes about 100 bytes of stack.
//!
//! May import: `insn`.

use super::insn::Insn;

/// Terms of an expression: 3 s for the worst of them, without the optimizer.
const MAX_TERMS: usize = 400;
/// The same if there is a `port` or a `portrange` among them.
const MAX_PORT_TERMS: usize = 300;
const MAX_PORTRANGE_TERMS: usize = 200;

/// Arithmetic operators. A chain of them takes the square of its length: 0.2 s for this many.
const MAX_OPERATORS: usize = 2000;

/// Bytes of an expression. 400 hosts of IPv6 are 20 000.
const MAX_BYTES: usize = 65_536;

/// Tests that the optimizer may begin with: 2 s for the worst of them.
const MAX_TESTS: usize = 3000;

/// The stack that larger expressions are compiled on. The largest take 1 MiB; the rest is for names
/// that have thousands of addresses.
pub(super) const STACK: usize = 32 << 20;

/// Below these, and without names, an expression takes at most 40 KiB of stack and a few
/// milliseconds, and is compiled on the caller's thread.
const SMALL_TERMS: usize = 8;
const SMALL_OPERATORS: usize = 64;
const SMALL_BYTES: usize = 1024;

/// How much there is to an expression. All counts are upper bounds for what libpcap's scanner sees.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    bytes: usize,
    /// One more than the `and`, `or`, `&&` and `||`; also those of `src or dst` count.
    terms: usize,
    operators: usize,
    port: bool,
    portrange: bool,
    /// Whether something may be looked up, and so stand for any number of addresses.
    names: bool,
}

impl Size {
    pub(super) fn of(expression: &str) -> Size {
        let mut size = Size {
            bytes: expression.len(),
            terms: 1,
            ..Size::default()
        };
        let text = expression.as_bytes();
        let mut at = 0;
        while at < text.len() {
            let start = at;
            while at < text.len() && is_word_byte(text[at]) {
                at += 1;
            }
            if at > start {
                let before = start.checked_sub(1).map_or(b' ', |before| text[before]);
                size.count_word(before, &text[start..at]);
                continue;
            }
            match text[at..] {
                [b'&', b'&', ..] | [b'|', b'|', ..] => {
                    size.terms += 1;
                    at += 1;
                }
                [
                    b'+' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^' | b'<' | b'>' | b'[',
                    ..,
                ] => size.operators += 1,
                _ => {}
            }
            at += 1;
        }
        size
    }

    /// Counts a run of letters, digits and `-_.`, which the scanner may cut once more: dashes at its
    /// ends are operators, and after a colon or a dollar sign an address may end inside it, so that
    /// `0:1:2:3:4:5or` has an `or`.
    fn count_word(&mut self, before: u8, word: &[u8]) {
        let inner = word.trim_ascii_dashes();
        self.operators += word.len() - inner.len();
        let split = matches!(before, b':' | b'$');
        if inner == b"or"
            || inner == b"and"
            || split && (inner.ends_with(b"or") || inner.ends_with(b"and"))
        {
            self.terms += 1;
            return;
        }
        self.port |= inner.ends_with(b"port");
        self.portrange |= inner.ends_with(b"portrange");
        // The list of keywords is long, so it is searched last.
        self.names =
            self.names || before == b'\\' || !is_number(inner, split) && !is_keyword(inner);
    }

    /// Whether the caller's stack and a few milliseconds are enough, whatever it is.
    pub(super) fn is_small(&self) -> bool {
        self.terms <= SMALL_TERMS
            && self.operators <= SMALL_OPERATORS
            && self.bytes <= SMALL_BYTES
            && !self.names
    }

    /// Refuses what is too long to be compiled at all.
    pub(super) fn check(&self) -> Result<(), String> {
        let (max_terms, with) = match (self.portrange, self.port) {
            (true, _) => (MAX_PORTRANGE_TERMS, " for an expression with `portrange`"),
            (_, true) => (MAX_PORT_TERMS, " for an expression with `port`"),
            _ => (MAX_TERMS, ""),
        };
        if self.terms > max_terms {
            return Err(format!(
                "the expression has {} terms, more than the limit of {max_terms}{with}",
                self.terms
            ));
        }
        if self.operators > MAX_OPERATORS {
            return Err(format!(
                "the expression has {} arithmetic operators, more than the limit of {MAX_OPERATORS}",
                self.operators
            ));
        }
        if self.bytes > MAX_BYTES {
            return Err(format!(
                "the expression has {} bytes, more than the limit of {MAX_BYTES}",
                self.bytes
            ));
        }
        Ok(())
    }
}

/// Refuses what would take the optimizer too long: the program is the expression's, not optimized.
pub(super) fn check_tests(program: &[Insn]) -> Result<(), String> {
    let tests = program.iter().filter(|insn| insn.is_test()).count();
    if tests > MAX_TESTS {
        return Err(format!(
            "the expression comes to {tests} tests, more than the limit of {MAX_TESTS} for the \
             optimizer; without the optimizer it can be compiled"
        ));
    }
    Ok(())
}

/// As much of an expression as fits into an error.
pub(super) fn cut(expression: &str) -> String {
    const MAX: usize = 200;
    match expression.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", &expression[..end]),
        None => expression.to_owned(),
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

fn is_number(word: &[u8], split: bool) -> bool {
    let hexadecimal = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    word.iter()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
        || word.strip_prefix(b"0x").is_some_and(hexadecimal)
        || split && hexadecimal(word)
}

trait TrimDashes {
    fn trim_ascii_dashes(&self) -> &[u8];
}

impl TrimDashes for [u8] {
    fn trim_ascii_dashes(&self) -> &[u8] {
        let mut word = self;
        while let [b'-', rest @ ..] = word {
            word = rest;
        }
        while let [rest @ .., b'-' | b'_'] = word {
            word = rest;
        }
        word
    }
}

/// The words of the filter language that are never looked up. One that is missing here costs a
/// thread and a second compilation, no more.
fn is_keyword(word: &[u8]) -> bool {
    const KEYWORDS: &str = "not dst src link ether ppp slip fddi tr wlan arp rarp ip sctp tcp udp \
        icmp igmp igrp pim vrrp carp radio ip6 icmp6 ah esp atalk aarp decnet lat sca moprc mopdl iso \
        esis isis l1 l2 iih lsp snp csnp psnp clnp stp ipx netbeui host net mask port portrange proto \
        protochain type subtype direction dir address1 addr1 address2 addr2 address3 addr3 address4 \
        addr4 ra ta less greater byte broadcast multicast len length inbound outbound ifindex vlan \
        mpls pppoed pppoes geneve lane llc metac bcc oam oamf4 oamf4ec oamf4sc sc ilmic vpi vci \
        connectmsg metaconnect rulenum subrulenum fisu lssu lsu msu hfisu hlssu hmsu sio opc dpc sls \
        hsio hopc hdpc hsls icmptype icmpcode icmp6type icmp6code tcpflags tcp-fin tcp-syn tcp-rst \
        tcp-push tcp-ack tcp-urg tcp-ece tcp-cwr icmp-echo icmp-echoreply";
    KEYWORDS
        .split_ascii_whitespace()
        .any(|keyword| keyword.as_bytes() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(expression: &str) -> usize {
        Size::of(expression).terms
    }

    #[test]
    fn counts_every_connective_that_the_scanner_sees() {
        assert_eq!(terms(""), 1);
        assert_eq!(terms("host a or host b and c"), 3);
        assert_eq!(terms("(tcp)or(udp)and(icmp)"), 3);
        assert_eq!(terms("tcp||udp&&icmp||arp"), 4);
        assert_eq!(
            terms("ether host 0:1:2:3:4:5or ether host 0:1:2:3:4:6or arp"),
            3
        );
        assert_eq!(terms("host ::1or host 1::or arp"), 3);
        assert_eq!(terms("$1or $2or $3"), 3);
        assert_eq!(terms("arp\nor\tarp\ror arp or- arp"), 4);
    }

    #[test]
    fn names_are_no_connectives() {
        assert_eq!(terms("host orion or net normandy or host or-x"), 3);
        assert_eq!(Size::of("tcp[0] & 1 | 2 = 3").operators, 3);
        assert_eq!(Size::of("--len - 1 = -5").operators, 4);
    }

    #[test]
    fn what_may_be_looked_up_is_not_small() {
        for expression in [
            "tcp port 80 and not host 10.0.0.1",
            "ether host 00:aa:bb:cc:dd:ee",
            "net 2001:db8::/32",
            "tcp[tcpflags] & (tcp-syn|tcp-ack) != 0",
            "len > 0x10",
            "portrange 1-5",
        ] {
            assert!(Size::of(expression).is_small(), "{expression}");
        }
        for expression in [
            "host example.org",
            "tcp port http",
            "host \\tcp",
            "host 5.cafe",
        ] {
            assert!(!Size::of(expression).is_small(), "{expression}");
        }
    }

    #[test]
    fn cuts_between_characters() {
        assert_eq!(cut("tcp"), "tcp");
        assert_eq!(cut(&"ä".repeat(201)).chars().count(), 201);
        assert_eq!(cut(&"ä".repeat(200)), "ä".repeat(200));
    }
}
