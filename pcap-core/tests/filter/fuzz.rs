//! Random expressions: compiling any text ends with a filter or an error, and what libpcap compiles runs and gives the
//! same result whatever is on the stack.
//!
//! `FILTER_FUZZ_COUNT` sets the number of expressions (default 30 000), `FILTER_FUZZ_SEED` the seed.

use pcap_core::{CompileOptions, Dlt, ErrorKind};

use crate::support::random::Random;

/// Words of which some sequences are valid. None is resolved by DNS.
const WORDS: &str = "and or not ( ) ( ) and or && || ! src dst host net port portrange proto protochain \
    ether wlan ip ip6 arp rarp tcp udp sctp icmp icmp6 igmp ah esp pim vrrp carp decnet iso isis esis \
    clnp l1 stp ipx netbeui llc vlan mpls pppoed pppoes geneve broadcast multicast inbound outbound \
    ifindex less greater len byte type mgt subtype beacon dir fromds addr1 addr4 ra ta radio link fddi tr \
    ip[0] tcp[13] udp[4:2] ip6[40:4] ether[0:1] icmp[icmptype] tcp[tcpflags] ip[len] ip[ip[0]] wlan[3] \
    [ ] : + - * / % & | ^ << >> < > = >= <= != == 0 1 2 5 31 32 80 255 256 1500 65535 65536 0x800 \
    0xffffffff 4294967295 4294967296 -1 1-5 10 10.1 192.0.2.1 192.0.2.0/24 10.0.0.0/8 0.0.0.0/0 \
    ::1 2001:db8::/32 ::/0 00:00:5e:00:53:01 0000.5e00.5301 $1 mask 255.0.0.0 fisu lssu sio opc dpc sls \
    hopc vpi vci lane metac oam connectmsg rulenum rnr reason action match pass on gateway lat moprc \
    tcp-syn icmp-echo \\tcp \\ip";

/// Returns expressions that compile, to be combined.
fn valid() -> Vec<&'static str> {
    include_str!("../data/expressions.txt")
        .lines()
        .filter(|line| !line.starts_with(['#', '!']))
        .filter_map(|line| line.splitn(3, '\t').nth(2))
        .collect()
}

/// Leaves a pattern on the stack where the interpreter will have its memory.
#[inline(never)]
fn soil_stack(byte: u8) {
    std::hint::black_box([byte; 2048]);
}

// Shows: libpcap/failed-compilation-leaves-program
#[test]
fn any_expression_gives_a_filter_or_an_error() {
    let setting = |name: &str, default: u64| {
        let value = std::env::var(name).ok();
        value.map_or(default, |value| value.parse().expect("a number"))
    };
    let count = setting("FILTER_FUZZ_COUNT", 30_000);
    let mut random = Random(setting("FILTER_FUZZ_SEED", 0x1234_5678_9abc_def1) | 1);
    let words: Vec<_> = WORDS.split_whitespace().collect();
    let valid = valid();
    let dlts = [
        Dlt::EN10MB,
        Dlt::EN10MB,
        Dlt::RAW,
        Dlt::NULL,
        Dlt::PPP,
        Dlt::LINUX_SLL,
        Dlt::LINUX_SLL2,
        Dlt::IEEE802_11,
        Dlt::IEEE802_11_RADIO,
        Dlt::MTP2,
        Dlt::SUNATM,
        Dlt::PFLOG,
        Dlt::FDDI,
        Dlt::IEEE802,
    ];
    let packet: Vec<u8> = (0..200).map(|_| random.below(256) as u8).collect();
    let mut compiled = 0_u64;
    for _ in 0..count {
        let mut expression = String::new();
        for part in 0..=random.below(7) {
            if random.below(3) > 0 {
                expression += words[random.below(words.len())];
                expression += " ";
                continue;
            }
            if part > 0 && random.below(4) > 0 {
                expression += ["and ", "or ", "and not "][random.below(3)];
            }
            expression += valid[random.below(valid.len())];
            expression += " ";
        }
        let dlt = dlts[random.below(dlts.len())];
        let options = CompileOptions::new().optimize(random.below(3) > 0);
        if std::env::var_os("FILTER_FUZZ_TRACE").is_some() {
            eprintln!("{dlt} {expression}");
        }
        match options.compile(dlt, &expression) {
            Ok(filter) => {
                compiled += 1;
                let data = &packet[random.below(50)..random.below(150) + 50];
                soil_stack(0x00);
                let first = filter.matches(data);
                soil_stack(0xa5);
                assert_eq!(filter.matches(data), first, "{dlt} {expression}");
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::FilterSyntax, "{dlt} {error}"),
        }
    }
    println!("{compiled} of {count} expressions compiled");
    assert!(compiled > count / 50, "too few expressions compile");
}
