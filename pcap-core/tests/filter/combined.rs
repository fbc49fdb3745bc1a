//! Filters combined by `and`, `or` and `!` decide every packet as libpcap's program for the whole expression does,
//! including truncated ones.

use std::net::{Ipv4Addr, SocketAddr};
use std::thread;

use crate::support::persuade::persuaded;
use crate::support::random::Random;
use pcap_core::{CompileOptions, Dlt, ErrorKind, Filter, FilterTerm, Insn};

fn compile(dlt: Dlt, expression: &str, optimize: bool) -> Filter {
    let options = CompileOptions::new()
        .optimize(optimize)
        .netmask(Ipv4Addr::new(255, 255, 255, 0));
    options
        .compile(dlt, expression)
        .unwrap_or_else(|e| panic!("{e}"))
}

/// Returns the expressions of the list for tcpdump that mean the same anywhere in a longer one.
fn expressions(dlt: Dlt) -> Vec<&'static str> {
    let lines = include_str!("../data/expressions.txt").lines();
    lines
        .filter(|line| !line.starts_with(['#', '!', '<', '>']))
        .filter_map(|line| {
            let mut fields = line.splitn(3, '\t');
            let known = fields.next()?.parse::<Dlt>().ok()?;
            let text = fields.nth(1)?;
            let moves = ["vlan", "mpls", "pppoes", "geneve"];
            // libpcap's `byte n & m` compares what another term has left in the register.
            let flawed = text.starts_with("byte") && text.contains(['&', '|']);
            let stays =
                !flawed && !text.is_empty() && !moves.iter().any(|word| text.contains(word));
            (known == dlt && stays).then_some(text)
        })
        .collect()
}

/// Returns a random formula, as a combined filter and as an expression.
fn formula(
    dlt: Dlt,
    terms: &[&str],
    depth: usize,
    optimize: bool,
    random: &mut Random,
) -> (Filter, String) {
    if depth == 0 || random.one_in(4) {
        let text = random.pick(terms);
        return (compile(dlt, text, optimize), format!("({text})"));
    }
    let (a, one) = formula(dlt, terms, depth - 1, optimize, random);
    if random.one_in(3) {
        return (!a, format!("(not {one})"));
    }
    let (b, other) = formula(dlt, terms, depth - 1, optimize, random);
    if random.one_in(2) {
        (a.and(&b).unwrap(), format!("({one} and {other})"))
    } else {
        (a.or(&b).unwrap(), format!("({one} or {other})"))
    }
}

#[test]
fn the_answer_is_libpcaps_for_the_expression() {
    let mut random = Random(0x5eed_0030);
    for dlt in [
        Dlt::EN10MB,
        Dlt::RAW,
        Dlt::LINUX_SLL,
        Dlt::LINUX_SLL2,
        Dlt::NULL,
        Dlt::PPP,
    ] {
        let terms = expressions(dlt);
        let mut answers = [0, 0];
        for _ in 0..60 {
            let (ours, text) = formula(dlt, &terms, 3, false, &mut random);
            let theirs = compile(dlt, &text, false);
            for n in 0..40 {
                let program = if n % 2 == 0 { &ours } else { &theirs };
                let mut packet = persuaded(program.instructions(), &mut random);
                for _ in 0..4 {
                    let answer = theirs.run(&packet, 300);
                    assert_eq!(ours.run(&packet, 300), answer, "{dlt} {text} {packet:02x?}");
                    answers[usize::from(answer != 0)] += 1;
                    packet.truncate(random.below(packet.len() + 1));
                }
            }
        }
        println!("{dlt}: {} expressions, {answers:?}", terms.len());
        assert!(
            terms.len() > 1 && answers.iter().all(|n| *n > 500),
            "{dlt}: {answers:?}"
        );
    }
}

/// libpcap lets an arithmetic term overwrite the length of the link header, unless an earlier term loads that.
// Shows: libpcap/ieee-802-11-term
#[test]
fn wireless_arithmetic_moves_no_header() {
    let udp = [&[0, 9, 0, 53, 0, 40, 0, 0][..], &[7; 32]].concat();
    let mut ip = vec![
        0x45, 0, 0, 60, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
    ];
    ip.extend(udp);
    let frame = [&[8, 1][..], &[0; 22], &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &ip].concat();
    let radiotap = [&[0, 0, 8, 0, 0, 0, 0, 0][..], &frame].concat();
    for (dlt, packet) in [(Dlt::IEEE802_11, frame), (Dlt::IEEE802_11_RADIO, radiotap)] {
        for term in [
            "len > 60",
            "wlan[0] = 8",
            "wlan[0] & 8 != 0",
            "len - 5 > 60 or len < 3",
        ] {
            for other in [
                "udp port 53",
                "host 10.0.0.1 and udp",
                "ip[9] = 17",
                "udp[2:2] = 53",
            ] {
                for optimize in [true, false] {
                    let run = |text: &str| compile(dlt, text, optimize).matches(&packet);
                    assert!(
                        run(&format!("({term}) and {other}")),
                        "{dlt} {term} {other}"
                    );
                    assert!(
                        run(&format!("{other} and ({term})")),
                        "{dlt} {other} {term}"
                    );
                    assert!(
                        !run(&format!("({term}) and not ({other})")),
                        "{dlt} {term} {other}"
                    );
                }
            }
        }
    }
}

/// Optimized parts may load less or in another order: for whole packets the result is the same.
#[test]
fn optimized_parts_mean_the_same() {
    let mut random = Random(0x5eed_0031);
    let terms = expressions(Dlt::EN10MB);
    let mut answers = [0, 0];
    for _ in 0..60 {
        let seed = random.0;
        let (ours, text) = formula(Dlt::EN10MB, &terms, 3, true, &mut random);
        let theirs = compile(Dlt::EN10MB, &text, false);
        for n in 0..40 {
            let program = if n % 2 == 0 { &ours } else { &theirs };
            let mut packet = persuaded(program.instructions(), &mut random);
            packet.resize(70_000, 0);
            let answer = theirs.run(&packet, 70_000);
            assert_eq!(ours.run(&packet, 70_000), answer, "{seed:x} {text}");
            answers[usize::from(answer != 0)] += 1;
        }
    }
    println!("{answers:?}");
    assert!(answers.iter().all(|n| *n > 300), "{answers:?}");
}

#[test]
fn lists_combine_as_expressions_do() {
    let mut random = Random(0x5eed_0032);
    let hosts = |text: &str| {
        text.split(' ')
            .map(|term| term.parse().unwrap())
            .collect::<Vec<FilterTerm>>()
    };
    for dlt in [Dlt::EN10MB, Dlt::RAW, Dlt::LINUX_SLL, Dlt::PPP] {
        let list = Filter::any_of(dlt, hosts("192.0.2.1 2001:db8::7 53 192.0.2.2:80")).unwrap();
        let text = "(src host 192.0.2.1 or dst host 192.0.2.1 or src host 2001:db8::7 or dst host 2001:db8::7 or src \
            port 53 or dst port 53 or (src host 192.0.2.2 and src port 80) or (dst host 192.0.2.2 and dst port 80))";
        let tcp = compile(dlt, "tcp", false);
        let long = compile(dlt, "greater 100", false);
        let cases = [
            (list.negate(), format!("not {text}")),
            (list.negate().negate(), text.to_owned()),
            (tcp.and(&list).unwrap(), format!("tcp and {text}")),
            (tcp.and(&!&list).unwrap(), format!("tcp and not {text}")),
            (list.and(&tcp).unwrap(), format!("{text} and tcp")),
            (list.or(&tcp).unwrap(), format!("{text} or tcp")),
            (!tcp.or(&list).unwrap(), format!("not (tcp or {text})")),
            (
                long.and(&!list.and(&tcp).unwrap()).unwrap(),
                format!("greater 100 and not ({text} and tcp)"),
            ),
        ];
        for (ours, text) in cases {
            let theirs = compile(dlt, &text, false);
            let mut answers = [0, 0];
            for n in 0..1000 {
                let program = if n % 2 == 0 { &ours } else { &theirs };
                let mut packet = persuaded(program.instructions(), &mut random);
                for _ in 0..random.below(6) {
                    let at = random.below(60);
                    packet[at] = random.pick(&[0, 6, 17, 80, 192]);
                }
                let wire = 50 + random.below(100) as u32;
                for _ in 0..3 {
                    let answer = theirs.run(&packet, wire);
                    assert_eq!(
                        ours.run(&packet, wire),
                        answer,
                        "{dlt} {text} {packet:02x?}"
                    );
                    answers[usize::from(answer != 0)] += 1;
                    packet.truncate(random.below(packet.len() + 1));
                }
            }
            assert!(answers.iter().all(|n| *n > 20), "{dlt} {text}: {answers:?}");
        }
    }
}

#[test]
fn excluding_hosts_takes_no_more_code() {
    let list: Vec<Ipv4Addr> = (0..1000_u32)
        .map(|n| Ipv4Addr::from(n.wrapping_mul(0x9e37_79b1)))
        .collect();
    let start = std::time::Instant::now();
    let any = Filter::any_of(Dlt::EN10MB, list.iter().copied()).unwrap();
    let tcp = compile(Dlt::EN10MB, "tcp", true);
    let filter = tcp.and(&!&any).unwrap();
    println!(
        "{:?}, {} instructions",
        start.elapsed(),
        filter.instructions().len()
    );
    // Not longer than the parts, and so within the 4096 of Linux.
    assert!((!&any).instructions().len() <= any.instructions().len());
    assert!(filter.instructions().len() <= any.instructions().len() + tcp.instructions().len());

    let mut frame = [1; 60];
    frame[12..24].copy_from_slice(&[8, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6]);
    for host in list {
        frame[26..30].copy_from_slice(&host.octets());
        assert!(any.matches(&frame) && !filter.matches(&frame));
        frame[29] ^= 1;
        assert!(!any.matches(&frame) && filter.matches(&frame));
    }
}

/// A part that runs after another finds that one's values in registers and memory.
#[test]
fn a_part_begins_with_zeros_wherever_it_stands() {
    let instructions = |program: &[Insn]| Filter::from_instructions(Dlt::RAW, program).unwrap();
    // What remains: A = 5, X = 7, M[0..] = 5.
    let soil = instructions(&[
        Insn::new(0x01, 0, 0, 7),
        Insn::new(0x00, 0, 0, 5),
        Insn::new(0x02, 0, 0, 0),
        Insn::new(0x06, 0, 0, 1),
    ]);
    let a = instructions(&[Insn::new(0x16, 0, 0, 0)]);
    let x = instructions(&[Insn::new(0x87, 0, 0, 0), Insn::new(0x16, 0, 0, 0)]);
    // ldb [x + 0]; jeq #9: the first byte, not the eighth.
    let first = instructions(&[
        Insn::new(0x50, 0, 0, 0),
        Insn::new(0x15, 0, 1, 9),
        Insn::new(0x06, 0, 0, 3),
        Insn::new(0x06, 0, 0, 0),
    ]);
    let packet = [9; 20];
    for part in [&a, &x] {
        assert!(soil.matches(&packet) && !part.matches(&packet));
        assert!(!soil.and(part).unwrap().matches(&packet));
        assert!(soil.and(&!part).unwrap().matches(&packet));
        assert!(!(!&soil).or(part).unwrap().matches(&packet));
    }
    let mut packet = [0; 20];
    packet[0] = 9;
    assert!(soil.and(&first).unwrap().matches(&packet));
    packet.swap(0, 7);
    assert!(!soil.and(&first).unwrap().matches(&packet));

    // A program in which libpcap omits a store.
    let forgetful = compile(Dlt::EN10MB, "geneve or udp", true);
    let all = Filter::from_instructions(Dlt::EN10MB, soil.instructions()).unwrap();
    let both = all.and(&forgetful).unwrap();
    let mut random = Random(0x5eed_0033);
    for _ in 0..2000 {
        let packet = persuaded(forgetful.instructions(), &mut random);
        assert_eq!(both.matches(&packet), forgetful.matches(&packet));
    }
}

#[test]
fn loops_and_returned_numbers_survive() {
    let mut random = Random(0x5eed_0034);
    let chain = compile(Dlt::RAW, "ip6 protochain 17", false);
    let port = compile(Dlt::RAW, "ip6[6] = 6 or ip6[40:2] < 500", false);
    for (ours, text) in [
        (!&chain, "not ip6 protochain 17"),
        (
            chain.and(&port).unwrap(),
            "ip6 protochain 17 and (ip6[6] = 6 or ip6[40:2] < 500)",
        ),
        (
            (!&port).or(&chain).unwrap(),
            "not (ip6[6] = 6 or ip6[40:2] < 500) or ip6 protochain 17",
        ),
    ] {
        let theirs = compile(Dlt::RAW, text, false);
        for n in 0..3000 {
            let mut packet = vec![0; 200];
            packet[0] = 0x60;
            packet[6] = random.pick(&[0, 43, 60, 17, 6]);
            for at in [40, 48, 56, 64] {
                packet[at] = random.pick(&[0, 43, 60, 17, 6]);
                packet[at + 1] = random.pick(&[0, 0, 1]);
            }
            packet.truncate(200 - n % 160);
            assert_eq!(
                ours.run(&packet, 200),
                theirs.run(&packet, 200),
                "{text} {packet:02x?}"
            );
        }
    }

    // The largest that a part returns, and libpcap's maximum if no part returns one.
    let snaplen = |bytes| {
        let options = CompileOptions::new().snaplen(bytes);
        options.compile(Dlt::RAW, "len > 10").unwrap()
    };
    let (small, large) = (snaplen(77), snaplen(99));
    assert_eq!(small.and(&large).unwrap().run(&[0; 20], 20), 99);
    assert_eq!(large.or(&small).unwrap().run(&[0; 20], 20), 99);
    assert_eq!((!&small).run(&[0; 5], 5), 77);
    let nothing = Filter::any_of(Dlt::RAW, [] as [FilterTerm; 0]).unwrap();
    assert_eq!((!nothing).run(&[], 0), 262_144);
}

#[test]
fn filters_of_two_link_types_do_not_combine() {
    let raw = compile(Dlt::RAW, "tcp", true);
    let ethernet = compile(Dlt::EN10MB, "tcp", true);
    for error in [
        raw.and(&ethernet).unwrap_err(),
        raw.or(&ethernet).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::LinktypeMismatch);
        let text = error.to_string();
        assert!(text.contains("RAW") && text.contains("EN10MB"), "{text}");
    }
    let combined = raw.and(&raw).unwrap();
    assert_eq!(
        (combined.datalink(), combined.expression()),
        (Dlt::RAW, None)
    );

    // It does not grow without limit.
    let mut grown =
        Filter::any_of(Dlt::RAW, (0..60_000_u32).map(|n| Ipv4Addr::from(n * 7))).unwrap();
    let error = loop {
        match grown.or(&grown) {
            Ok(larger) => grown = larger,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::FilterTooLong, "{error}");
}

#[test]
fn thousands_are_combined_on_a_small_stack() {
    let work = || {
        let terms: Vec<Filter> = (0..40)
            .map(|n| Filter::any_of(Dlt::RAW, [SocketAddr::from(([10, 0, 0, n], 80))]).unwrap())
            .collect();
        let mut filter = terms[0].clone();
        for n in 0..400 {
            let term = &terms[n % terms.len()];
            filter = match n % 3 {
                0 => term.or(&filter).unwrap(),
                1 => filter.and(&!term).unwrap(),
                _ => !filter,
            };
        }
        filter.matches(&[0; 60])
    };
    let thread = thread::Builder::new().stack_size(128 << 10).spawn(work);
    thread.expect("a thread").join().expect("no panic");
}

/// A program may return the accumulator.
#[test]
fn a_returned_number_decides_also_in_parts() {
    // ldb [0]; ret a
    let program = [Insn::new(0x30, 0, 0, 0), Insn::new(0x16, 0, 0, 0)];
    let number = Filter::from_instructions(Dlt::RAW, &program).unwrap();
    let all = Filter::compile(Dlt::RAW, "").unwrap();
    for (byte, accepts) in [(0, false), (1, true), (0x45, true)] {
        let packet = [byte; 40];
        assert_eq!(number.matches(&packet), accepts);
        assert_eq!(number.and(&all).unwrap().matches(&packet), accepts);
        assert_eq!(number.negate().matches(&packet), !accepts);
        let both = number.or(&number.negate()).unwrap();
        assert!(both.matches(&packet) && !both.matches(&[]));
    }
}

/// The limit is on the sum of both lengths.
#[test]
fn long_filters_combine() {
    let mut program = vec![Insn::new(0x30, 0, 0, 0); 4095];
    program.push(Insn::new(0x06, 0, 0, 1));
    let long = Filter::from_instructions(Dlt::RAW, &program).unwrap();
    let both = long.and(&long).unwrap();
    assert!(both.matches(&[1]) && !both.matches(&[]));
}
