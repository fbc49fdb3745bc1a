//! Expressions of any length compile or fail in bounded time and stack: libpcap 1.10.3 crashes on about 2000 terms
//! with a stack of 2 MiB, and its optimizer takes minutes.

#[cfg(target_os = "linux")]
use crate::support;

use std::thread;
use std::time::{Duration, Instant};

use crate::support::persuade::persuaded;
use crate::support::random::Random;
use pcap_core::{CompileOptions, Dlt, Error, ErrorKind, Filter};

const KIB: usize = 1024;

fn hosts(count: usize) -> String {
    list(count, |n| format!("host 10.0.{}.{}", n / 256, n % 256))
}

fn list(count: usize, term: impl Fn(usize) -> String) -> String {
    (0..count).map(term).collect::<Vec<_>>().join(" or ")
}

fn on_stack<T: Send>(size: usize, f: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let thread = thread::Builder::new()
            .stack_size(size)
            .spawn_scoped(scope, f);
        thread.expect("a thread").join().expect("no panic")
    })
}

/// Returns the error of an expression that is too long, after milliseconds; libpcap would take minutes.
#[track_caller]
fn rejected(dlt: Dlt, expression: &str, options: CompileOptions) -> Error {
    let start = Instant::now();
    let error = options.compile(dlt, expression).unwrap_err();
    let took = start.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}: {error}");
    assert_eq!(error.kind(), ErrorKind::FilterTooLong, "{error}");
    assert_eq!(error.operation(), Some("compile"));
    assert!(error.object().unwrap().chars().count() <= 201);
    error
}

/// libpcap 1.10.3 compiles 600 terms in 17 s and 5000 in minutes, and cannot be interrupted.
// Shows: libpcap/2000-terms-overflow-stack
#[test]
#[cfg_attr(emulated, ignore = "holds the compiler against a time limit")]
fn five_thousand_hosts_are_rejected_at_once() {
    for optimize in [true, false] {
        let options = CompileOptions::new().optimize(optimize);
        let error = rejected(Dlt::EN10MB, &hosts(5000), options);
        for part in ["5000 terms", "limit of 40000", "`Filter::any_of`"] {
            assert!(error.text().contains(part), "{error}");
        }
    }
}

#[test]
#[cfg_attr(emulated, ignore = "holds the compiler against a time limit")]
fn every_way_of_writing_terms_is_counted() {
    let options = CompileOptions::new();
    let list = |count: usize| {
        let hosts = (0..count).map(|n| format!("10.0.{}.{}", n / 256, n % 256));
        hosts.collect::<Vec<_>>()
    };
    let implicit = format!("host ({})", list(5000).join(" or "));
    let bare = format!("host {}", list(5000).join("||"));
    let addresses = vec!["ether host 0:1:2:3:4:5"; 11_000].join("or ");
    let ranges = vec!["portrange 1-2"; 3000].join("\nand\n");
    let lengths = vec!["len>1"; 41_000].join("&&");
    for expression in [&implicit, &bare, &addresses, &ranges, &lengths] {
        let error = rejected(Dlt::EN10MB, expression, options);
        assert!(error.text().contains("limit of 40000"), "{error}");
        assert!(error.text().contains("any_of"), "{error}");
    }
    for (expression, what) in [
        (format!("ip[0]{} = 5", "+1".repeat(14_000)), "operators"),
        (format!("{}len = 5", "-".repeat(14_000)), "operators"),
        (" ".repeat(140_000_000), "bytes"),
    ] {
        let error = rejected(Dlt::EN10MB, &expression, options);
        assert!(error.text().contains(what), "{error}");
    }
}

/// The sizes are near those at which libpcap's own call takes a second (`benches/compile.rs`), or beyond.
// Shows: libpcap/2000-terms-overflow-stack
#[test]
#[cfg_attr(emulated, ignore = "holds the compiler against a time limit")]
fn what_compiles_in_a_second_is_accepted() {
    let v6 = |n: usize| format!("2001:db8::{:x}:{:x}", n.wrapping_mul(40_503) & 0xffff, n);
    for (what, expression) in [
        ("hosts", hosts(260)),
        ("hosts, behind tcp", format!("tcp and ({})", hosts(2000))),
        ("not hosts", format!("not ({})", hosts(1000))),
        (
            "sources",
            list(10_000, |n| {
                format!("ip src host 10.{}.{}.1", n / 256, n % 256)
            }),
        ),
        ("IPv6", list(1100, |n| format!("host {}", v6(n)))),
        ("ports", list(1000, |n| format!("port {n}"))),
        (
            "port ranges",
            list(800, |n| format!("portrange {}-{}", 3 * n, 3 * n + 1)),
        ),
        ("one port", list(4000, |_| "tcp port 80".into())),
        (
            "protocols",
            list(20_000, |n| format!("ip proto {}", n % 256)),
        ),
        ("lengths", list(30_000, |n| format!("len = {n}"))),
        ("payload", list(4000, |n| format!("udp[8:4] = {n}"))),
        (
            "flags",
            list(4000, |n| format!("tcp[tcpflags] & {} != 0", 1 << (n % 8))),
        ),
        (
            "pairs",
            list(1500, |n| {
                format!("(host 10.0.0.{} and tcp port {n})", n % 256)
            }),
        ),
        (
            "Ethernet",
            list(5000, |n| {
                format!("ether host 2:0:0:0:{:x}:{:x}", n / 256, n % 256)
            }),
        ),
        (
            "nested",
            format!(
                "{}tcp{}",
                "(udp or (not icmp and ".repeat(1500),
                "))".repeat(1500)
            ),
        ),
        ("operators", format!("ip[0]{} = 5", "+1".repeat(11_000))),
        ("blanks", format!("{}tcp", " ".repeat(5_000_000))),
        ("VLANs", list(2000, |n| format!("vlan {}", n % 4096))),
        ("labels", list(2000, |n| format!("mpls {n}"))),
        (
            "VLANs with hosts",
            list(500, |n| format!("(vlan {n} and host 10.0.0.{})", n % 256)),
        ),
        (
            "hosts in a VLAN",
            format!("tcp or (vlan 5 and ({}))", hosts(1000)),
        ),
        (
            "chains",
            list(1500, |n| format!("ip6 protochain {}", n % 256)),
        ),
    ] {
        let options = CompileOptions::new();
        let start = Instant::now();
        let filter = options.compile(Dlt::EN10MB, &expression);
        println!("{what}: {:?}", start.elapsed());
        assert!(filter.is_ok(), "{what}: {}", filter.unwrap_err());
    }
}

/// With the optimizer these are compiled in parts, without it as a whole.
// Shows: libpcap/2000-terms-overflow-stack
#[test]
#[cfg_attr(emulated, ignore = "holds the compiler against a time limit")]
fn parts_answer_as_the_whole_does() {
    let mut random = Random(0x5eed_0020);
    let host = |n: usize| format!("host 10.0.{}.{}", n % 3, n % 200);
    for (dlt, expression) in [
        (Dlt::EN10MB, list(400, host)),
        (Dlt::RAW, format!("tcp and not ({})", list(400, host))),
        (
            Dlt::LINUX_SLL,
            list(200, |n| format!("port {} or {}", n, 2 * n)),
        ),
        (
            Dlt::NULL,
            format!(
                "host ({}) or arp",
                list(200, |n| format!("1.2.3.{n} or 2001:db8::{n}"))
            ),
        ),
        (
            Dlt::EN10MB,
            format!("arp or (vlan and not ({}))", list(400, host)),
        ),
        (
            Dlt::PPP,
            list(300, |n| {
                format!("(net 10.{} and not (udp or {}))", n % 200, host(n))
            }),
        ),
    ] {
        let [joined, whole] = [true, false].map(|optimize| {
            let options = CompileOptions::new().optimize(optimize);
            options
                .compile(dlt, &expression)
                .unwrap_or_else(|e| panic!("{e}"))
        });
        let mut answers = [0, 0];
        for n in 0..4000 {
            let program = if n % 2 == 0 { &joined } else { &whole };
            // Long enough for any load: the optimizer may load less.
            let mut packet = persuaded(program.instructions(), &mut random);
            packet.resize(400, 0);
            for _ in 0..random.below(4) {
                packet[4 + random.below(50)] = random.next() as u8;
            }
            let answer = whole.run(&packet, 400);
            assert_eq!(joined.run(&packet, 400), answer, "{dlt}: {packet:02x?}");
            answers[usize::from(answer != 0)] += 1;
        }
        println!(
            "{dlt}: {answers:?}, {} and {} instructions",
            joined.instructions().len(),
            whole.instructions().len()
        );
        assert!(answers.iter().all(|n| *n > 20), "{dlt}: {answers:?}");
        assert!(joined.instructions().len() < whole.instructions().len());
    }
}

#[test]
#[cfg_attr(emulated, ignore = "holds the compiler against a time limit")]
fn a_long_expression_can_still_be_wrong() {
    let wrong = hosts(400) + " or tcp prot 80";
    let error = Filter::compile(Dlt::EN10MB, &wrong).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterSyntax, "{error}");
    let nothing = format!("ip and arp and ({})", hosts(400));
    let error = Filter::compile(Dlt::EN10MB, &nothing).unwrap_err();
    assert_eq!(error.text(), "expression rejects all packets");

    // After an optional tag, which prevents parts.
    let odd = format!("vlan or ({})", hosts(900));
    let error = rejected(Dlt::EN10MB, &odd, CompileOptions::new());
    assert!(error.text().contains("`vlan`"), "{error}");
}

#[test]
#[cfg_attr(emulated, ignore = "holds the compiler against a time limit")]
fn nesting_is_no_danger() {
    // The parser has its own stack, and reports when it is full.
    for (depth, fits) in [(1000, true), (20_000, false)] {
        let parentheses = format!("{}tcp{}", "(".repeat(depth), ")".repeat(depth));
        let nots = "!".repeat(depth) + "tcp";
        let groups = format!(
            "{}tcp{}",
            "(udp or (".repeat(depth / 3),
            "))".repeat(depth / 3)
        );
        for expression in [parentheses, nots, groups] {
            let result = on_stack(128 * KIB, || Filter::compile(Dlt::EN10MB, &expression));
            assert_eq!(result.is_ok(), fits, "depth {depth}");
        }
    }
    let negated = on_stack(128 * KIB, || {
        Filter::compile(Dlt::EN10MB, &format!("{}tcp", "not ".repeat(999)))
    });
    let positive = Filter::compile(Dlt::EN10MB, "not tcp").unwrap();
    assert_eq!(negated.unwrap().instructions(), positive.instructions());
}

/// About 2000 terms overflow a stack of 2 MiB in libpcap 1.10.3.
// Shows: libpcap/2000-terms-overflow-stack
#[test]
#[cfg_attr(emulated, ignore = "holds the compiler against a time limit")]
fn the_longest_compile_on_a_small_stack() {
    let wlan = |n: usize| format!("wlan host 0:0:5e:0:53:{n:x}");
    for optimize in [true, false] {
        let options = CompileOptions::new().optimize(optimize);
        for (dlt, expression) in [
            (Dlt::EN10MB, hosts(250)),
            (Dlt::EN10MB, hosts(3000)),
            (Dlt::IEEE802_11_RADIO, list(8, wlan)),
            (Dlt::IEEE802_11_RADIO, list(64, |_| "portrange 1-2".into())),
            (Dlt::EN10MB, list(300, |n| format!("port {n}"))),
        ] {
            let filter = on_stack(16 * KIB, || options.compile(dlt, &expression));
            assert!(!filter.unwrap().matches(&[0; 60]));
        }
        let list = (0..3000_u32).map(|n| std::net::Ipv4Addr::from(n * 77));
        on_stack(16 * KIB, || Filter::any_of(Dlt::EN10MB, list).map(drop)).unwrap();
    }
}

/// Returns words that look like numbers and addresses, and some that are.
#[cfg(target_os = "linux")]
fn words() -> Vec<String> {
    let mut words = Vec::new();
    for count in 1..=6 {
        for separators in ["....", "----", ".-.-", "::::", "__..", "--..", "..::"] {
            for part in ["1", "99", "10", "0x1f", "256", "aa", "1a"] {
                let mut word = part.to_owned();
                for n in 1..count {
                    word.push(char::from(separators.as_bytes()[n % 4]));
                    word.push_str(part);
                }
                words.push(word);
            }
        }
    }
    let others = "1. .1 1- -1 1..2 0x 0xg 1e5 1_2 ::1 :: 1:: ::1.2.3.4 2001:db8::1 00-11-22-33-44-55 0011.2233.4455 \
        001122334455 http domain http-alt no-such-service x11 \\tcp \\ip localhost no-such-host $1 $ff 4294967296 1/8 \
        10.0.0.0/8 1.2/16 ::1/64 1-65536 tcp-syn";
    words.extend(others.split_ascii_whitespace().map(str::to_owned));
    words.sort_unstable();
    words.dedup();
    words
}

/// Each is compiled on the smallest stack that a thread can have, and on one whose rest may be just too small for a
/// look-up. Nothing is resolved remotely: there is no network.
#[cfg(target_os = "linux")]
// Shows: libpcap/2000-terms-overflow-stack
#[test]
#[cfg_attr(
    target_env = "musl",
    ignore = "musl waits for name servers that it cannot reach"
)]
#[cfg_attr(emulated, ignore = "holds the compiler against a time limit")]
fn no_word_overflows_the_smallest_stack() {
    let Some(_net) = support::Netns::new() else {
        return;
    };
    let places = [
        "W",
        "host W",
        "src host W",
        "net W",
        "net W mask 255.0.0.0",
        "port W",
        "tcp dst port W",
        "portrange W",
        "portrange W-99",
        "portrange 99-W",
        "proto W",
        "ip proto W",
        "ip6 protochain W",
        "ether proto W",
        "ether host W",
        "gateway W",
        "decnet host W",
        "vlan W",
        "mpls W",
        "ifindex W",
        "len > W",
        "type W",
        "dir W",
        "wlan addr1 W",
        "iso proto W",
        "not host W or W and (W)",
    ];
    let (mut compiled, mut refused) = (0, 0);
    for word in words() {
        for place in places {
            let expression = place.replace('W', &word);
            for (size, dlt) in [(16 * KIB, Dlt::EN10MB), (24 * KIB, Dlt::IEEE802_11_RADIO)] {
                let result = on_stack(size, || Filter::compile(dlt, &expression).map(drop));
                match result {
                    Ok(()) => compiled += 1,
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::FilterSyntax, "{error}");
                        refused += 1;
                    }
                }
            }
        }
    }
    println!("{compiled} compiled, {refused} rejected");
    assert!(compiled > 200 && refused > 500);
}

/// On this link type, libpcap's program looks at the kind of the packet first, also for the negation of an expression.
/// On others, it must not become longer for that.
#[test]
fn parts_of_a_negation_accept_the_kind_only() {
    let negated = |hosts| format!("not ({hosts})");
    let long = negated(list(300, |n| {
        format!("src host 10.0.{}.{}", n / 256, n % 256)
    }));
    let options = CompileOptions::new().optimize(false);
    let [many, one] = [long.as_str(), "not (src host 10.0.0.0)"].map(|text| {
        let optimize = options.optimize(true);
        [optimize, options].map(|options| options.compile(Dlt::PPI, text).unwrap())
    });
    // The header of PPI, with the link type of the packet after it.
    let packet = |linktype: u8| [&[0, 0, 8, 0, linktype, 0, 0, 0][..], &[0; 64]].concat();
    let answers = |filter: &Filter| [0, 1, 105, 192].map(|kind| filter.matches(&packet(kind)));
    for (many, one) in many.iter().zip(&one) {
        assert_eq!(answers(many), answers(one));
        let accepted = answers(one).iter().filter(|it| **it).count();
        assert!((1..4).contains(&accepted), "{:?}", answers(one));
    }
    let ethernet = Filter::compile(Dlt::EN10MB, &long).unwrap();
    let mut instructions = ethernet.instructions().iter();
    assert!(instructions.all(|insn| insn.code != 0x80));
}

/// What follows the first thing that is no expression is not counted: libpcap reports the error there.
#[test]
fn errors_come_before_limits() {
    for text in ["#", "ip # ", "ip and ;"] {
        let long = format!("{text}{}", " or ip".repeat(50_000));
        let error = Filter::compile(Dlt::EN10MB, &long).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FilterSyntax, "{text}: {error}");
    }
}

/// Each filter is compiled on a handle of its own.
#[cfg(target_os = "linux")]
#[test]
#[cfg_attr(emulated, ignore = "the memory is that of qemu")]
fn compiling_keeps_no_memory() {
    // In its own process, whose memory no other test changes.
    if !support::files::is_by_itself(compiling_keeps_no_memory) {
        return;
    }
    let compile = |times| {
        for _ in 0..times {
            Filter::compile(Dlt::EN10MB, "udp").unwrap();
        }
    };
    compile(1000);
    let memory = support::memory::resident();
    compile(8000);
    // 8000 handles would be more than 5 MB.
    let grown = support::memory::resident().saturating_sub(memory);
    assert!(grown < 2 << 20, "{grown} bytes more");
}
