//! Measures how long libpcap takes to compile long expressions, and compares `Filter::compile` with that: `cargo bench
//! --bench compile` in `pcap-core/benches`, optionally with parts of the names of rows.
//!
//! Each row is a kind of expression in growing sizes. Each size that libpcap compiles in less than a second of CPU
//! time, `Filter::compile` must compile, too; and whatever it compiles may take a few seconds at most. Otherwise the
//! exit status is 1. The limits of `Filter::compile` are derived from this table, which takes hours.

use std::ffi::{CString, c_int};
use std::mem::MaybeUninit;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{fs, ptr, slice, thread};

use pcap_core::{CompileOptions, Dlt, ErrorKind};

/// Expressions that libpcap compiles within this time must be accepted.
const ACCEPTED: Duration = Duration::from_secs(1);
/// Time limit for compiling an accepted expression.
const BOUND: Duration = Duration::from_secs(5);
/// Sizes grow up to this number of terms.
const MOST: usize = 70_000;
/// libpcap uses about 110 bytes for each test.
const STACK: usize = 512 << 20;

type Term = fn(usize) -> String;

/// Returns a scattered number.
fn scattered(n: usize) -> u32 {
    (n as u32).wrapping_mul(0x9e37_79b1)
}

fn v4(n: usize) -> String {
    std::net::Ipv4Addr::from(scattered(n)).to_string()
}

fn v6(n: usize) -> String {
    let word = |seed: usize| u128::from(scattered(n * 4 + seed + 1));
    std::net::Ipv6Addr::from(word(0) << 96 | word(1) << 64 | word(2) << 32 | word(3)).to_string()
}

fn mac(n: usize) -> String {
    let [a, b, c, d] = scattered(n).to_be_bytes();
    format!("02:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
}

fn one_of(n: usize, words: &str) -> String {
    let words: Vec<_> = words.split(", ").collect();
    words[n % words.len()].to_owned()
}

const TERMS: &[(&str, Term)] = &[
    ("host v4", |n| format!("host {}", v4(n))),
    ("src host v4", |n| format!("src host {}", v4(n))),
    ("ip host", |n| format!("ip host {}", v4(n))),
    ("ip src host", |n| format!("ip src host {}", v4(n))),
    ("arp host", |n| format!("arp host {}", v4(n))),
    ("host v6", |n| format!("host {}", v6(n))),
    ("src host v6", |n| format!("src host {}", v6(n))),
    ("net v4", |n| {
        format!("net {}.{}.{}.0/24", n % 223 + 1, n / 223 % 256, n / 57088)
    }),
    ("net v6", |n| format!("net 2001:db8:{:x}::/48", n % 65536)),
    ("port", |n| format!("port {}", n % 65536)),
    ("tcp port", |n| format!("tcp port {}", n % 65536)),
    ("dst port", |n| format!("dst port {}", n % 65536)),
    ("tcp dst port", |n| format!("tcp dst port {}", n % 65536)),
    ("portrange", |n| {
        format!("portrange {}-{}", n * 3 % 65000, n * 3 % 65000 + 1)
    }),
    ("tcp portrange", |n| {
        format!("tcp portrange {}-{}", n * 3 % 65000, n * 3 % 65000 + 1)
    }),
    ("ether host", |n| format!("ether host {}", mac(n))),
    ("ether src", |n| format!("ether src {}", mac(n))),
    ("ether proto", |n| {
        format!("ether proto {}", 1501 + n % 64000)
    }),
    ("ip proto", |n| format!("ip proto {}", n % 256)),
    ("proto", |n| format!("proto {}", n % 256)),
    ("ip6 protochain", |n| format!("ip6 protochain {}", n % 256)),
    ("protochain", |n| format!("ip protochain {}", n % 256)),
    ("decnet host", |n| {
        format!("decnet host {}.{}", n % 60 + 1, n % 1000 + 1)
    }),
    ("len", |n| format!("len > {n}")),
    ("less", |n| format!("less {n}")),
    ("ip byte", |n| format!("ip[{}] = {}", n % 60, n % 251)),
    ("tcp byte", |n| format!("tcp[{}] = {}", n % 60, n % 251)),
    ("udp word", |n| format!("udp[8:4] = {n}")),
    ("ether byte", |n| {
        format!("ether[{}] = {}", n % 1400, n % 251)
    }),
    ("tcp flags", |n| {
        format!("tcp[tcpflags] & {} != 0", 1 << (n % 8))
    }),
    ("arithmetic", |n| {
        format!("ip[{}] + ip[{}] * 2 = {n}", n % 40, n % 37)
    }),
    ("more arithmetic", |n| {
        format!("(ip[{}] & 0xf) << 2 > tcp[{}] - len / 3", n % 40, n % 37)
    }),
    ("the same host", |_| "host 10.0.0.1".into()),
    ("the same port", |_| "tcp port 80".into()),
    ("the same len", |_| "len > 5".into()),
    ("tcp", |_| "tcp".into()),
    ("protocols", |n| {
        one_of(n, "tcp, udp, icmp, arp, ip6, sctp, igmp")
    }),
    ("iso", |n| {
        one_of(
            n,
            "iso, clnp, esis, isis, l1, l2, iih, csnp, stp, ipx, netbeui, atalk, aarp, decnet, lat",
        )
    }),
    ("llc", |n| {
        one_of(n, "llc, llc i, llc s, llc u, llc rr, llc sabme")
    }),
    ("broadcast", |n| {
        one_of(
            n,
            "ether broadcast, ether multicast, ip multicast, ip6 multicast",
        )
    }),
    ("host and port", |n| {
        format!("(host {} and tcp port {})", v4(n), n % 65536)
    }),
    ("flow", |n| {
        format!(
            "(src host {} and dst host {} and tcp src port {} and dst port {})",
            v4(n),
            v4(n + 7),
            n % 65536,
            n * 7 % 65536
        )
    }),
    ("kinds", |n| TERMS[[0, 5, 7, 9, 13, 15, 23, 28][n % 8]].1(n)),
    ("vlan", |n| format!("vlan {}", n % 4096)),
    ("mpls", |n| format!("mpls {n}")),
    ("pppoes", |_| "pppoes".into()),
    ("geneve", |n| format!("geneve {n}")),
    ("vlan and host", |n| {
        format!("(vlan {} and host {})", n % 4096, v4(n))
    }),
    ("wlan host", |n| format!("wlan host {}", mac(n))),
    ("wlan type", |n| {
        one_of(
            n,
            "type mgt subtype beacon, type mgt subtype auth, type ctl subtype rts, type data",
        )
    }),
    ("dir", |n| {
        one_of(n, "dir nods, dir tods, dir fromds, dir dstods")
    }),
];

/// A function that combines terms to an expression.
type Form = fn(&[String]) -> String;

/// Ways to combine terms.
const FORMS: &[(&str, Form)] = &[
    ("or", |terms| terms.join(" or ")),
    ("not (or)", |terms| format!("not ({})", terms.join(" or "))),
    ("and not", |terms| {
        format!("not {}", terms.join(" and not "))
    }),
    ("tcp and (or)", |terms| {
        format!("tcp and ({})", terms.join(" or "))
    }),
    ("vlan and (or)", |terms| {
        format!("vlan and ({})", terms.join(" or "))
    }),
    ("arp or (vlan and (or))", |terms| {
        format!("arp or (vlan and ({}))", terms.join(" or "))
    }),
    ("vlan or (or)", |terms| {
        format!("vlan or ({})", terms.join(" or "))
    }),
    ("or and or", |terms| {
        let join = |n| if n % 3 == 2 { " and " } else { " or " };
        let join =
            |(n, term): (usize, &String)| format!("{}{term}", if n > 0 { join(n) } else { "" });
        terms.iter().enumerate().map(join).collect()
    }),
    ("pairs", |terms| {
        let pairs = terms
            .chunks(2)
            .map(|pair| format!("({})", pair.join(" and ")));
        pairs.collect::<Vec<_>>().join(" or ")
    }),
    ("nested", |terms| {
        let open: String = terms[1..]
            .iter()
            .enumerate()
            .map(|(n, term)| format!("({term} {} ", if n % 2 == 0 { "or" } else { "and" }))
            .collect();
        format!("{open}{}{}", terms[0], ")".repeat(terms.len() - 1))
    }),
];

/// Expressions with one growing comparison.
const ALONE: &[(&str, Term)] = &[
    ("constants added", |n| {
        format!("ip[0]{} = 5", "+1".repeat(n))
    }),
    ("negations", |n| format!("{}len = 5", "-".repeat(n))),
    ("loads of ip added", |n| {
        format!("{}ip[0] = 5", "ip[1]+".repeat(n))
    }),
    ("loads of tcp added", |n| {
        format!("{}tcp[0] = 5", "tcp[1]+".repeat(n))
    }),
    ("loads of ether added", |n| {
        format!("{}ether[0] = 5", "ether[1]+".repeat(n))
    }),
    ("blanks", |n| format!("{}tcp", " ".repeat(n * 1900))),
];

/// Result of a direct call to libpcap.
struct Raw {
    took: Duration,
    compiles: bool,
    tests: usize,
}

fn processor_time() -> Duration {
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: the structure is a local variable for the result.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, time.as_mut_ptr()) };
    assert_eq!(status, 0);
    // SAFETY: it was filled in.
    let time = unsafe { time.assume_init() };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = processor_time();
    let result = work();
    (result, processor_time() - start)
}

fn raw(dlt: Dlt, expression: &str, optimize: bool) -> Raw {
    let text = CString::new(expression).expect("no NUL");
    // SAFETY: takes numbers only.
    let pcap = unsafe { pcap_sys::pcap_open_dead(dlt.value(), 262_144) };
    assert!(!pcap.is_null());
    let mut program = pcap_sys::bpf_program {
        bf_len: 0,
        bf_insns: ptr::null_mut(),
    };
    let (code, took) = timed(|| {
        // SAFETY: the handle is open and only used by this thread; the text is NUL-terminated.
        unsafe {
            pcap_sys::pcap_compile(
                pcap,
                &raw mut program,
                text.as_ptr(),
                c_int::from(optimize),
                0xffff_ff00,
            )
        }
    });
    let instructions: &[pcap_sys::bpf_insn] = match program.bf_insns.is_null() {
        true => &[],
        // SAFETY: libpcap allocated and wrote that many instructions, which are freed below.
        false => unsafe { slice::from_raw_parts(program.bf_insns, program.bf_len as usize) },
    };
    let is_test = |insn: &&pcap_sys::bpf_insn| insn.code & 0x07 == 0x05 && insn.code & 0xf0 != 0;
    let tests = instructions.iter().filter(is_test).count();
    // SAFETY: it is empty, or was compiled above and is freed once.
    unsafe { pcap_sys::pcap_freecode(&raw mut program) };
    // SAFETY: open, owned by this function, and closed once.
    unsafe { pcap_sys::pcap_close(pcap) };
    Raw {
        took,
        compiles: code == 0,
        tests,
    }
}

#[derive(Default)]
struct Totals {
    rejected: usize,
    slow: usize,
    slowest: (Duration, String),
}

/// Measures a kind of expression at growing sizes, and prints its row.
fn measure(
    name: &str,
    dlt: Dlt,
    make: &dyn Fn(usize) -> String,
    optimize: bool,
    totals: &mut Totals,
) {
    let options = CompileOptions::new()
        .optimize(optimize)
        .netmask(std::net::Ipv4Addr::new(255, 255, 255, 0));
    let seconds = |time: Duration| format!("{:.2}", time.as_secs_f64());
    // The largest size that libpcap compiles in a second, and the largest that is accepted.
    let (mut quick, mut accepted) = (None, None);
    let mut longest = Duration::ZERO;
    let (mut theirs, mut faults) = (true, Vec::new());
    let mut size = 50;
    while size < MOST {
        let expression = make(size);
        let (ours, took) = timed(|| options.compile(dlt, &expression));
        let ours = ours.map_err(|error| error.kind());
        if ours.is_ok() {
            longest = longest.max(took);
            accepted = Some((size, took));
        }
        if took > totals.slowest.0 {
            totals.slowest = (took, format!("{name}, {size}"));
        }
        if took > BOUND {
            faults.push(format!("{size}: {}", seconds(took)));
            totals.slow += 1;
        }
        let mut growth = 2.0;
        if theirs {
            let raw = raw(dlt, &expression, optimize);
            if raw.took < ACCEPTED && raw.compiles {
                quick = Some((size, raw.took, raw.tests));
                if ours.is_err() {
                    faults.push(format!("{size}: {} s, {ours:?}", seconds(raw.took)));
                    totals.rejected += 1;
                }
            }
            // What libpcap rejects, it rejects at every size.
            theirs = raw.took < ACCEPTED && raw.compiles;
            if raw.took > Duration::from_millis(150) {
                growth = 1.25;
            }
        }
        if !theirs
            && ours
                .as_ref()
                .is_err_and(|kind| *kind != ErrorKind::FilterSyntax || accepted.is_none())
        {
            break;
        }
        size = (size as f64 * growth) as usize;
    }
    let form = |row: Option<(usize, Duration)>| {
        row.map_or("-".to_owned(), |(size, took)| {
            format!("{size} in {}", seconds(took))
        })
    };
    println!(
        "{name:50} {:>9} | {:>16} {:>7} | {:>16} {:>6} | {}",
        if optimize { "optimized" } else { "as it is" },
        form(quick.map(|(size, took, _)| (size, took))),
        quick.map_or(0, |quick| quick.2),
        form(accepted),
        seconds(longest),
        faults.join("; "),
    );
}

fn run(wanted: &[String]) -> Totals {
    let mut totals = Totals::default();
    let all = [
        Dlt::EN10MB,
        Dlt::RAW,
        Dlt::LINUX_SLL,
        Dlt::IEEE802_11_RADIO,
        Dlt::PPI,
        Dlt::NULL,
    ];
    let mut row = |name: &str, dlt: Dlt, make: &dyn Fn(usize) -> String| {
        let name = format!("{dlt} {name}");
        if wanted.is_empty() || wanted.iter().any(|part| name.contains(part)) {
            // Without the optimizer the form makes no difference.
            let ways = if name.contains(" or: ") || !name.contains(':') {
                &[true, false][..]
            } else {
                &[true]
            };
            for &optimize in ways {
                measure(&name, dlt, make, optimize, &mut totals);
            }
        }
    };
    println!(
        "{:50} {:>9} | {:>24} | {:>16} longest |",
        "kind", "", "libpcap in 1 s, tests", "accepted"
    );
    for (name, make) in ALONE {
        row(name, Dlt::EN10MB, make);
    }
    for (form_name, form) in FORMS {
        for (name, term) in TERMS {
            for dlt in all {
                // All link types for lists, and only Ethernet for the others.
                if dlt == Dlt::EN10MB || *form_name == "or" {
                    let make = |size: usize| form(&(0..size).map(term).collect::<Vec<_>>());
                    row(&format!("{form_name}: {name}"), dlt, &make);
                }
            }
        }
    }
    totals
}

fn main() -> ExitCode {
    // Cargo passes `--bench`.
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .collect();
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find(|line| line.starts_with("model name"));
    println!(
        "libpcap {}, {}",
        pcap_core::version(),
        cpu.unwrap_or(std::env::consts::ARCH)
    );
    let start = Instant::now();
    let thread = thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || run(&wanted));
    let totals = thread.expect("a thread").join().expect("no panic");
    println!(
        "{} rejected that libpcap compiles in a second; {} took more than {BOUND:?}, the slowest ({}) {:?}; {:?} in all",
        totals.rejected,
        totals.slow,
        totals.slowest.1,
        totals.slowest.0,
        start.elapsed()
    );
    ExitCode::from(u8::from(totals.rejected + totals.slow > 0))
}
