//! Random expressions: compiling any text ends with a filter or an error, and what libpcap compiles runs and gives the
//! same result whatever is on the stack.
//!
//! `FILTER_FUZZ_COUNT` sets the number of expressions (default 30 000), `FILTER_FUZZ_SEED` the seed.

use pcap_core::{CompileOptions, Dlt, ErrorKind};

use crate::support::random::Random;
use crate::support::words::{WORDS, expressions};

/// Leaves a pattern on the stack where the interpreter will have its memory.
#[inline(never)]
fn soil_stack(byte: u8) {
    std::hint::black_box([byte; 2048]);
}

// Shows: libpcap/failed-compilation-leaves-program
#[test]
#[cfg_attr(
    target_env = "musl",
    ignore = "musl waits for name servers that it cannot reach"
)]
fn any_expression_gives_a_filter_or_an_error() {
    let setting = |name: &str, default: u64| {
        let value = std::env::var(name).ok();
        value.map_or(default, |value| value.parse().expect("a number"))
    };
    let count = setting("FILTER_FUZZ_COUNT", 30_000);
    let mut random = Random(setting("FILTER_FUZZ_SEED", 0x1234_5678_9abc_def1) | 1);
    let words: Vec<_> = WORDS.split_whitespace().collect();
    let valid: Vec<_> = expressions().collect();
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
