//! Parsing listings: what tcpdump prints, what the library prints, and nothing else.
#![cfg_attr(windows, allow(unused))] // some tests are for other systems only

use std::process::{Command, Stdio};

use pcap_core::{Dlt, ErrorKind, Filter, Insn};

const EXPRESSIONS: [&str; 5] = [
    "",
    "arp",
    "tcp port 80",
    "not (host 192.0.2.1 or ip6 net 2001:db8::/32) and greater 100",
    "vlan 5 and ip[ip[8]] & 7 != 3",
];

fn compile(expression: &str) -> Filter {
    Filter::compile(Dlt::EN10MB, expression).unwrap()
}

fn read(text: &str) -> pcap_core::Result<Filter> {
    Filter::from_listing(Dlt::EN10MB, text)
}

/// Returns the instructions, without the operand of `tax` and `txa`: they have none, and libpcap 1.11 leaves it
/// uninitialized.
fn used(filter: &Filter) -> Vec<Insn> {
    let mut instructions = filter.instructions().to_vec();
    for insn in &mut instructions {
        if insn.code & 0x07 == 0x07 {
            insn.k = 0;
        }
    }
    instructions
}

// Shows: parity/filter-instructions-instructions
#[test]
#[cfg(unix)]
fn what_tcpdump_prints_is_read() {
    for expression in EXPRESSIONS {
        for form in ["-dd", "-ddd"] {
            let output = Command::new("tcpdump")
                .args(["-y", "EN10MB", form, expression])
                .stdin(Stdio::null())
                .output()
                .expect("this test compares with tcpdump: install the `tcpdump` package");
            let text = String::from_utf8(output.stdout).unwrap();
            let filter = read(&text).unwrap_or_else(|e| panic!("{form} {expression}: {e}"));
            assert_eq!(used(&filter), used(&compile(expression)));
            assert_eq!(
                (filter.datalink(), filter.expression()),
                (Dlt::EN10MB, None)
            );
        }
    }
}

#[test]
fn every_listing_form_parses_back() {
    let mut lists: Vec<Filter> = EXPRESSIONS.iter().map(|it| compile(it)).collect();
    lists.push(Filter::any_of(Dlt::EN10MB, 1..=500_u16).unwrap());
    lists.push(Filter::any_of(Dlt::EN10MB, (1..=900_u16).map(|n| n * 3)).unwrap());
    for filter in lists {
        let bytecode = filter.to_bytecode();
        assert!(!bytecode.contains('\n'));
        let mut forms = vec![
            filter.to_c_listing(),
            filter.to_decimal_listing(),
            bytecode.clone(),
        ];
        // As editors, `echo` and `tr '\n' ','` leave them.
        forms.push(filter.to_decimal_listing().replace('\n', "\r\n") + "\r\n");
        forms.push(filter.to_c_listing().replace('\n', "\r\n\r\n"));
        forms.push(bytecode.replace(',', " ,\t ") + ",\n");
        for text in forms {
            let again = read(&text).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(again.instructions(), filter.instructions());
        }
        for insn in filter.instructions() {
            assert_eq!(insn.to_string().parse::<Insn>().unwrap(), *insn);
        }
    }
}

#[test]
fn an_error_names_the_line() {
    for (text, why) in [
        ("", "it is empty"),
        (" \n,\n", "it is empty"),
        ("tcp", "expected the number of instructions or a brace"),
        ("-1\n6 0 0 0", "expected the number"),
        ("+1\n6 0 0 0", "expected the number"),
        ("99999999999999999999999\n6 0 0 0", "expected the number"),
        ("6 0 0 0", "expected the number"),
        ("2\n6 0 0 0", "expected 2 instructions, found 1"),
        ("18446744073709551615\n6 0 0 0", "found 1"),
        ("1\n6 0 0 0\n6 0 0 0", "expected 1 instructions, found 2"),
        ("0", "the program has no instructions"),
        ("1,6 0 0", "line 2: expected four numbers, found fewer"),
        (
            "2,40 0 0 12,6 0 0 0 0",
            "line 3: expected four numbers, found more",
        ),
        ("1\n6 0 0 x", "line 2: expected a number"),
        ("1\n6 0 0 -1", "line 2: expected a number"),
        ("1\n6 0 0 0x1", "line 2: expected a number"),
        ("1\n6 0 0 4294967296", "at most 32 bits"),
        ("1\n65536 0 0 0", "line 2: the code has more than 16 bits"),
        ("1\n6 256 0 0", "line 2: a jump skips more than 255"),
        ("1\n6 0 256 0", "line 2: a jump skips more than 255"),
        ("1\n\u{660} 0 0 0", "expected a number"),
        ("{", "line 1: expected four numbers in braces"),
        (
            "{ 0x6, 0, 0, 0x00000000 },\n\n{ 6 }",
            "line 3: expected four numbers, found fewer",
        ),
        (
            "{ 0x6, 0, 0, 0x00000000 }\n7",
            "line 2: expected four numbers",
        ),
        ("{ 0x, 0, 0, 0 },", "expected a number"),
        ("{ 0x+6, 0, 0, 0 },", "expected a number"),
        ("{ 0x100000000, 0, 0, 0 },", "at most 32 bits"),
        (
            "{ 6, 0, 0, 0, 0 },",
            "line 1: expected four numbers, found more",
        ),
        // Parsed, and rejected for its content.
        ("1,255 0 0 0", "no such operation"),
        ("1,5 0 0 4294967295", "it jumps backward"),
        ("1,21 255 255 0", "it jumps beyond the end"),
        ("2,96 0 0 3,22 0 0 0", "which is not stored"),
    ] {
        let error = read(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FilterInvalid, "{text:?}");
        assert!(error.text().contains(why), "{text:?}: {error}");
    }
}

/// An input of any size costs no more than reading it.
#[test]
fn endless_listings_are_refused() {
    let long = "6 0 0 0,".repeat(200_000);
    for text in [format!("200000,{long}"), "{6,0,0,0},\n".repeat(200_000)] {
        let error = read(&text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FilterInvalid);
        assert!(error.text().contains("at most 4096"), "{error}");
        assert!(error.to_string().len() < 1000);
    }
    let error = read(&"x".repeat(1_000_000)).unwrap_err();
    assert!(error.to_string().len() < 1000);
}

/// After any change of a listing, the result is a valid filter or an error.
#[test]
fn damaged_listings_do_no_harm() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 20) as usize % limit
    };
    let filter = compile(EXPRESSIONS[3]);
    let forms = [
        filter.to_c_listing(),
        filter.to_decimal_listing(),
        filter.to_bytecode(),
    ];
    let mut good = 0;
    for round in 0..6000 {
        let mut text = forms[round % 3].clone().into_bytes();
        for _ in 0..=random(3) {
            let at = random(text.len());
            text[at] = b"0123456789 ,\n{}x-a\0\xc3"[random(20)];
        }
        let text = String::from_utf8_lossy(&text);
        match read(&text) {
            Ok(filter) => {
                good += 1;
                let _ = filter.matches(&[0x45; 60]);
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::FilterInvalid),
        }
    }
    assert!((200..5000).contains(&good), "{good}");
}
