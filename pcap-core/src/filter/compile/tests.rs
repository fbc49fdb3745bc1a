//! Expressions that are compiled in parts.

use super::*;
use crate::filter::Filter;
use crate::filter::persuade::persuaded;
use crate::filter::random::Random;

const UNOPTIMIZED: CompileOptions = CompileOptions {
    snaplen: 0,
    optimize: false,
    netmask: Some(std::net::Ipv4Addr::new(255, 255, 255, 0)),
};

/// Compiles an expression as a whole and in parts of `terms` terms; `None` if it cannot be
/// compiled in parts.
fn both_ways(
    dlt: Dlt,
    expression: &str,
    options: CompileOptions,
    terms: usize,
) -> Option<[Filter; 2]> {
    let dead = Dead::open(dlt, MAX_SNAPLEN as c_int).unwrap();
    let compiler = Compiler {
        pcap: dead.0.as_ptr(),
        expression,
        options,
    };
    let whole = compiler.whole().ok()?;
    let parts = Parts::of_at_most(expression, terms).unwrap();
    if parts.terms == 1 && parts.steps.is_none() {
        assert_eq!(expression, "");
        return None;
    }
    assert!(parts.steps.is_some(), "not understood: {expression}");
    if !parts.splittable {
        return None;
    }
    let steps = parts.steps.as_deref().unwrap();
    let (_, sizes) = compiler.sizes(&parts, steps).unwrap();
    let joined = compiler.joined(&parts, steps, &sizes).ok()?;
    Some([whole, joined].map(|program| Filter::compiled(dlt, (program, None), expression, options)))
}

/// Returns the expressions of the list for tcpdump, by link type, that compile without a
/// resolver.
fn expressions() -> Vec<(Dlt, &'static str)> {
    include_str!("../../../tests/data/expressions.txt")
        .lines()
        .filter(|line| !line.starts_with(['#', '!', '<', '>']))
        .filter_map(|line| {
            let mut fields = line.splitn(3, '\t');
            let dlt = fields.next()?.parse().ok()?;
            Some((dlt, fields.nth(1)?))
        })
        .collect()
}

fn same(filters: &[Filter; 2], random: &mut Random, cut: bool) -> (u32, u32) {
    let [whole, joined] = filters;
    let mut answers = [0, 0];
    for n in 0..60 {
        let mut packet = persuaded(filters[n % 2].instructions(), random);
        if !cut {
            // A header of 8 bytes before that of 802.11.
            packet[2..4].copy_from_slice(&[8, 0]);
        }
        for _ in 0..3 {
            let answer = whole.run(&packet, 300);
            assert_eq!(
                joined.run(&packet, 300),
                answer,
                "{} {:?} {packet:02x?}",
                whole.datalink(),
                whole.expression()
            );
            answers[usize::from(answer != 0)] += 1;
            if !cut {
                break;
            }
            packet.truncate(random.below(packet.len() + 1));
        }
    }
    (answers[0], answers[1])
}

#[test]
fn parts_mean_what_the_whole_does() {
    let mut random = Random(0x5eed_0010);
    let mut compared = 0;
    for (dlt, expression) in expressions() {
        if let Some(filters) = both_ways(dlt, expression, UNOPTIMIZED, 1) {
            same(&filters, &mut random, true);
            compared += 1;
        }
    }
    println!("{compared} compared");
    assert!(compared > 300, "{compared}");
}

/// Words and lists that inherit their qualifiers.
const LISTS: [&str; 12] = [
    "host 192.0.2.1 or 192.0.2.2 or not 192.0.2.3",
    "tcp port 80 or 81 and not (82 or 83)",
    "host (192.0.2.1 or (192.0.2.2 and not 192.0.2.3) or 192.0.2.4)",
    "src or dst port (80 or 90) or 100",
    "net 10.0.0.0/8 or 192.168.0.0 mask 255.255.0.0 or 1.2.3.0/24",
    "not net 10 or 172.16 or 192.168.1",
    "ether host 0:1:2:3:4:5or 0:1:2:3:4:6",
    "(ip[0] & 0xf) << 2 > 5 and not (len + 1) * 2 = 80 or -len = -60",
    "portrange 1-5 or 7-9 or 80",
    "ip proto (1 or 6 or 17) and host ::1 or 2001:db8::/32",
    "port 80 or (host 192.0.2.1) or 81",
    "!(!(not tcp))&&udp||icmp",
];

#[test]
fn a_lack_of_memory_is_no_syntax_error() {
    for text in [
        "out of memory",
        "malloc",
        "can't initialize scanner: Cannot allocate memory",
    ] {
        assert_eq!(kind_of(text), ErrorKind::Other, "{text}");
    }
    for text in ["syntax error", "unknown host 'malloc'"] {
        assert_eq!(kind_of(text), ErrorKind::FilterSyntax, "{text}");
    }
}

/// Compiles an expression as a whole and, if libpcap overwrites the length of the link header in it, in parts.
fn whole(dlt: Dlt, expression: &str) -> [Vec<Insn>; 2] {
    let dead = Dead::open(dlt, MAX_SNAPLEN as c_int).unwrap();
    let compiler = Compiler {
        pcap: dead.0.as_ptr(),
        expression,
        options: CompileOptions::new(),
    };
    [
        compiler.compile(expression, true).unwrap(),
        compiler.whole().unwrap(),
    ]
}

/// An expression that cannot be split keeps its program.
#[test]
fn only_what_can_be_split_is_compiled_again() {
    for (expression, splittable) in [
        ("wlan[0] = 8 and udp port 53", true),
        ("wlan[0] = 8 and (ip or vlan 1 and udp port 53)", false),
    ] {
        let [theirs, ours] = whole(Dlt::IEEE802_11_RADIO, expression);
        let is_overwritten = shared_slot::is_overwritten(&theirs);
        println!("{expression}: overwritten: {is_overwritten}");
        assert_eq!(ours != theirs, is_overwritten && splittable, "{expression}");
    }
}

/// Compiles an expression in parts of one term, and as a whole.
fn joined(expression: &str) -> [Result<Vec<Insn>>; 2] {
    let dead = Dead::open(Dlt::EN10MB, MAX_SNAPLEN as c_int).unwrap();
    let compiler = Compiler {
        pcap: dead.0.as_ptr(),
        expression,
        options: CompileOptions::new(),
    };
    let parts = Parts::of_at_most(expression, 1).unwrap();
    let steps = parts.steps.as_deref().unwrap();
    let (_, sizes) = compiler.sizes(&parts, steps).unwrap();
    [compiler.joined(&parts, steps, &sizes), compiler.whole()]
}

/// Each part of this expression is valid, but not the expression.
#[test]
fn the_error_of_a_part_is_that_of_the_whole() {
    let errors = joined("mpls 1 and vlan 2").map(|result| result.unwrap_err().to_string());
    assert_eq!(errors[0], errors[1]);
}

/// Only for PPI, the parts follow a test of the packet's kind, which loads the length.
#[test]
fn parts_have_no_needless_test() {
    let [joined, whole] = joined("not (ip or arp)").map(Result::unwrap);
    assert!(joined.iter().all(|insn| insn.code != 0x80), "{joined:?}");
    assert!(joined.len() <= whole.len() + 2, "{joined:?}");
}

#[test]
fn parts_of_random_expressions_mean_the_same() {
    let mut random = Random(0x5eed_0011);
    let listed = expressions();
    let (mut compared, mut answers) = (0, [0, 0]);
    let dlts = [
        Dlt::EN10MB,
        Dlt::RAW,
        Dlt::LINUX_SLL,
        Dlt::PPP,
        Dlt::NULL,
        Dlt::PPI,
        Dlt::IEEE802_11_RADIO,
    ];
    for dlt in dlts {
        // The whole first reads the header before that of 802.11, which is damaged in some
        // packets. libpcap also keeps the length of that header in the memory cell of a
        // comparison, and loads that of `pppoes` unset.
        let cut = ![Dlt::PPI, Dlt::IEEE802_11_RADIO].contains(&dlt);
        let mut terms: Vec<&str> = listed
            .iter()
            .filter(|(known, text)| *known == dlt && !text.is_empty())
            .map(|(_, text)| *text)
            .collect();
        terms.extend(LISTS);
        let flawed = |text: &str| text.contains(['[', '=', '<', '>']) || text.contains("pppoes");
        terms.retain(|text| cut || !flawed(text));
        for _ in 0..120 {
            let mut expression = String::new();
            for n in 0..2 + random.below(6) {
                let term = random.pick(&terms);
                let term = match random.below(4) {
                    0 => format!("not ({term})"),
                    1 => term.to_owned(),
                    _ => format!("({term})"),
                };
                let join = random.pick(&[" and ", " or ", " or "]);
                expression = match random.below(5) {
                    _ if n == 0 => term,
                    0 => format!("({expression}){join}{term}"),
                    1 => format!("{term}{join}({expression})"),
                    _ => format!("{expression}{join}{term}"),
                };
            }
            let room = 1 + random.below(4);
            let Some(filters) = both_ways(dlt, &expression, UNOPTIMIZED, room) else {
                continue;
            };
            let (no, yes) = same(&filters, &mut random, cut);
            compared += 1;
            answers = [answers[0] + no, answers[1] + yes];
        }
    }
    println!("{compared} compared, {answers:?}");
    assert!(
        compared > 250 && answers.iter().all(|n| *n > 3000),
        "{compared} {answers:?}"
    );
}
