//! Plain data through serde and back, and what is rejected.

use std::fmt::Debug;
use std::net::Ipv4Addr;

use pcap_core::{
    CompileOptions, Dlt, Endpoint, Filter, FilterTerm, Insn, Linktype, MacAddr, Packet,
    PacketHeader, PacketOwned, Precision, Stats, Timestamp,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, from_str, from_value, json, to_value};

#[track_caller]
fn there_and_back<T>(value: T, form: Value)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    assert_eq!(to_value(&value).unwrap(), form);
    assert_eq!(from_value::<T>(form.clone()).unwrap(), value);
    // Also from a text, which cannot lend its parts.
    assert_eq!(from_str::<T>(&form.to_string()).unwrap(), value);
}

#[track_caller]
fn refused<T: DeserializeOwned + Debug>(form: Value, why: &str) {
    let error = from_value::<T>(form).unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
}

#[test]
fn plain_data_comes_back_as_it_was() {
    there_and_back(
        Insn::new(40, 0, 255, u32::MAX),
        json!({"code": 40, "jt": 0, "jf": 255, "k": u32::MAX}),
    );
    there_and_back(Linktype::new(u32::MAX), json!(u32::MAX));
    there_and_back(Dlt::new(-7), json!(-7));
    there_and_back(Timestamp::new(-1, 5), json!({"secs": -1, "nanos": 5}));
    there_and_back(Precision::Micro, json!("Micro"));
    there_and_back(
        MacAddr::new([2, 0, 0x5e, 0, 0, 255]),
        json!("02:00:5e:00:00:ff"),
    );
    there_and_back(Endpoint::from(6000..=6063), json!("6000-6063"));
    there_and_back(
        FilterTerm::source((Ipv4Addr::new(10, 0, 0, 0), 8)),
        json!("src 10.0.0.0/8"),
    );
    let options = CompileOptions::new()
        .snaplen(96)
        .netmask(Ipv4Addr::BROADCAST);
    let form = json!({"snaplen": 96, "optimize": true, "netmask": "255.255.255.255"});
    there_and_back(options, form);
    assert_eq!(
        from_str::<CompileOptions>("{}").unwrap(),
        CompileOptions::new()
    );

    let mut stats = Stats::default();
    stats.received = u64::MAX;
    stats.discarded = 7;
    let form = json!({"received": u64::MAX, "dropped": 0, "if_dropped": 0, "discarded": 7});
    there_and_back(stats, form);
    assert_eq!(from_str::<Stats>("{}").unwrap(), Stats::default());

    let header = json!({"secs": 1, "nanos": 5, "caplen": 3, "wire_len": 1514});
    there_and_back(
        PacketHeader::new(Timestamp::new(1, 5), 3, 1514),
        header.clone(),
    );
    let packet = Packet::new(Timestamp::new(1, 5), 1514, &[0, 127, 255]).into_owned();
    there_and_back(packet, json!({"header": header, "data": [0, 127, 255]}));
}

#[test]
fn data_that_cannot_be_is_refused() {
    refused::<Timestamp>(
        json!({"secs": 0, "nanos": 1_000_000_000}),
        "at most 999999999",
    );
    refused::<MacAddr>(json!("02:00"), "six pairs");
    refused::<MacAddr>(json!(5), "a string");
    refused::<Endpoint>(json!("10.0.0.1/8"), "bits set after the prefix");
    refused::<FilterTerm>(json!("to 80"), "expected an address");
    refused::<Linktype>(json!(-1), "u32");
    refused::<Insn>(json!({"code": 6, "jt": 256, "jf": 0, "k": 0}), "u8");
    for data in [json!([]), json!([0, 0, 0, 0])] {
        let header = json!({"secs": 0, "nanos": 0, "caplen": 3, "wire_len": 3});
        let form = json!({"header": header, "data": data});
        refused::<PacketOwned>(form, "caplen does not match");
    }
}

fn again(filter: &Filter) -> Filter {
    let text = serde_json::to_string(filter).unwrap();
    let again: Filter = from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(again.datalink(), filter.datalink());
    assert_eq!(again.instructions(), filter.instructions());
    assert_eq!(again.expression(), filter.expression());
    assert_eq!(again.options(), filter.options());
    assert_eq!(
        again.uses_kernel_extensions(),
        filter.uses_kernel_extensions()
    );
    assert_eq!(again.runs_on_bytes(), filter.runs_on_bytes());
    again
}

#[test]
fn filters_come_back_as_they_were() {
    let options = CompileOptions::new().snaplen(77);
    let mut frame = [0x45; 60];
    frame[12..14].copy_from_slice(&[8, 6]);
    let libpcap = pcap_core::version();
    // These two use kernel extensions, which 1.11 only compiles on a live capture and Windows not at all, or omit a
    // store.
    let mut expressions = vec!["inbound or arp", "geneve or udp"];
    if cfg!(windows) || (libpcap.major(), libpcap.minor()) >= (1, 11) {
        expressions.remove(0);
    }
    expressions.extend(["", "arp", "tcp port 80 or arp"]);
    for expression in expressions {
        let filter = options.compile(Dlt::EN10MB, expression).unwrap();
        let again = again(&filter);
        for end in 0..frame.len() {
            assert_eq!(again.run(&frame[..end], 60), filter.run(&frame[..end], 60));
        }
    }
    // As long as lists get.
    again(&Filter::any_of(Dlt::RAW, (0..9000_u16).map(|n| n * 3)).unwrap());
    again(&Filter::from_instructions(Dlt::USER0, &[Insn::new(6, 0, 0, 1)]).unwrap());

    let loops = options.compile(Dlt::RAW, "ip6 protochain 6").unwrap();
    let error = serde_json::to_string(&loops).unwrap_err().to_string();
    assert!(error.contains("jumps backward"), "{error}");

    // A live capture compiles the parts again, so they must be kept.
    let list = Filter::any_of(Dlt::RAW, [80]).unwrap();
    again(&!list.or(&!&list).unwrap());
    let tcp = options.compile(Dlt::RAW, "tcp").unwrap();
    let error = serde_json::to_string(&tcp.and(&list).unwrap())
        .unwrap_err()
        .to_string();
    assert!(error.contains("combine them again"), "{error}");
}

#[test]
fn the_form_of_a_filter_is_stable() {
    let filter = Filter::compile(Dlt::RAW, "").unwrap();
    let form = json!({
        "dlt": Dlt::RAW.value(),
        "expression": "",
        "options": {"snaplen": 0, "optimize": true, "netmask": null},
        "instructions": [{"code": 6, "jt": 0, "jf": 0, "k": 262_144}],
        "plain": null,
    });
    assert_eq!(to_value(&filter).unwrap(), form);
    // With another program for plain bytes, as a live capture on Linux compiles `inbound`.
    let both = json!({
        "dlt": 1,
        "expression": "inbound",
        "options": {"snaplen": 0, "optimize": true, "netmask": null},
        "instructions": [Insn::new(0x20, 0, 0, 0xffff_f004), Insn::new(0x16, 0, 0, 0)],
        "plain": [Insn::new(6, 0, 0, 8)],
    });
    let filter: Filter = from_value(both.clone()).unwrap();
    assert_eq!(filter.run(&[], 0), 8);
    assert_eq!(to_value(&filter).unwrap(), both);
    let least = json!({"dlt": 1, "instructions": [{"code": 6, "jt": 0, "jf": 0, "k": 9}]});
    let filter: Filter = from_value(least).unwrap();
    assert_eq!((filter.run(&[], 0), filter.expression()), (9, None));
}

/// A deserialized filter is checked, whatever origin it states.
#[test]
fn a_filter_that_must_not_run_is_refused() {
    let accept = Insn::new(6, 0, 0, 1);
    let programs: [(&[Insn], &str); 8] = [
        (&[], "the program has no instructions"),
        (&[Insn::new(0xff, 0, 0, 0), accept], "no such operation"),
        (&[Insn::new(5, 0, 0, u32::MAX), accept], "jumps backward"),
        (&[Insn::new(0x15, 9, 9, 0), accept], "beyond the end"),
        (&[Insn::new(0, 0, 0, 0)], "expected a return"),
        (
            &[Insn::new(0x34, 0, 0, 0), accept],
            "divides by the constant 0",
        ),
        (&[Insn::new(0x60, 0, 0, 16), accept], "memory cells"),
        (&[Insn::new(2, 0, 0, 99), accept], "memory cells"),
    ];
    for (program, why) in programs {
        for expression in [None, Some("tcp")] {
            let form = |instructions, plain| {
                json!({
                    "dlt": 1,
                    "expression": expression,
                    "instructions": instructions,
                    "plain": plain,
                })
            };
            refused::<Filter>(form(program, None), why);
            if expression.is_some() {
                // After a program that uses kernel extensions.
                let kernel: &[Insn] = &[Insn::new(0x30, 0, 0, 0xffff_f004), accept];
                refused::<Filter>(form(kernel, Some(program)), why);
            }
        }
    }

    // Only an expression explains these, and they are harmless: the memory is zeroed, the load is out of bounds.
    for insn in [Insn::new(0x60, 0, 0, 3), Insn::new(0x20, 0, 0, 0xffff_f000)] {
        let program = [insn, Insn::new(0x16, 0, 0, 0)];
        let form = |expression: Option<&str>| json!({"dlt": 1, "expression": expression, "instructions": program});
        assert!(from_value::<Filter>(form(None)).is_err());
        let filter: Filter = from_value(form(Some("tcp"))).unwrap();
        std::hint::black_box([0xa5_u8; 4096]);
        assert_eq!(filter.run(&[0xff; 100], 100), 0);
    }

    let other = json!({"dlt": 1, "instructions": [accept], "plain": [accept]});
    refused::<Filter>(other, "for plain bytes");
    refused::<Filter>(
        json!({"dlt": 1, "instructions": [accept], "x": 1}),
        "unknown field",
    );
}

/// An expression may come with other instructions: where it is compiled again, the usual limits apply.
#[test]
fn an_expression_is_only_a_text_at_first() {
    for expression in ["tcp and", "a\0b", &"tcp or ".repeat(100_000)] {
        let form = json!({
            "dlt": 1,
            "expression": expression,
            "options": {"snaplen": u32::MAX},
            "instructions": [Insn::new(6, 0, 0, 1)],
        });
        let filter: Filter = from_value(form).unwrap();
        assert_eq!(filter.expression(), Some(expression));
        assert!(filter.matches(&[]));
        assert!(filter.options().compile(Dlt::EN10MB, expression).is_err());
    }
}
