//! The meaning of compiled filters: which packets they accept, and which expressions are rejected as ambiguous.

use std::net::Ipv4Addr;

use pcap_core::{CompileOptions, Dlt, ErrorKind, Filter, Packet, Timestamp};

fn compile(expression: &str) -> Filter {
    Filter::compile(Dlt::EN10MB, expression).unwrap_or_else(|e| panic!("{e}"))
}

/// Returns an Ethernet frame with a type and a payload.
fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2];
    frame.extend(ethertype.to_be_bytes());
    frame.extend(payload);
    frame
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0];
    packet.extend([192, 0, 2, 1, 192, 0, 2, 2]);
    packet.extend(payload);
    packet
}

fn tcp(flags: u8) -> Vec<u8> {
    let mut segment = vec![0x30, 0x39, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, flags];
    segment.extend([0; 6]);
    ethernet(0x0800, &ipv4(6, &segment))
}

#[test]
fn icmp_on_ethernet_is_six_instructions() {
    let filter = compile("icmp");
    assert_eq!(filter.instructions().len(), 6);
    assert!(filter.matches(&ethernet(0x0800, &ipv4(1, &[8, 0]))));
    assert!(!filter.matches(&tcp(0x10)));
}

#[test]
fn syn_ack_and_ack_and_udp_are_told_apart() {
    let syn_ack = compile("tcp[tcpflags] & (tcp-syn|tcp-ack) = (tcp-syn|tcp-ack)");
    let ack_only = compile("tcp[tcpflags] = tcp-ack");
    let udp = compile("udp port 53");
    let datagram = ethernet(0x0800, &ipv4(17, &[0, 53, 0x30, 0x39, 0, 8, 0, 0]));
    let verdicts = |frame: &[u8]| [&syn_ack, &ack_only, &udp].map(|filter| filter.matches(frame));
    assert_eq!(verdicts(&tcp(0x12)), [true, false, false]);
    assert_eq!(verdicts(&tcp(0x10)), [false, true, false]);
    assert_eq!(verdicts(&datagram), [false, false, true]);
}

#[test]
fn the_empty_expression_takes_all_packets() {
    let all = compile("");
    assert!(all.matches(&[]));
    assert!(all.matches(&tcp(0)));
    assert_eq!(all.run(&[], 0), 262_144);
    assert_eq!(all.expression(), Some(""));
}

/// On a dead handle with snaplen 0, libpcap compiles every filter to "nothing".
// Shows: libpcap/dead-handle-snaplen-0, parity/compile-without-device-match
#[test]
fn snaplen_0_is_the_largest() {
    // A dead handle with snaplen 0 compiles nothing.
    let options = CompileOptions::new();
    for (snaplen, returned) in [
        (0, 262_144),
        (96, 96),
        (1, 1),
        (2_147_483_647, 2_147_483_647),
    ] {
        let filter = options.snaplen(snaplen).compile(Dlt::EN10MB, "ip").unwrap();
        assert_eq!(filter.run(&tcp(0), 60), returned);
        assert_eq!(filter.options(), options.snaplen(snaplen));
    }
    let error = options
        .snaplen(1 << 31)
        .compile(Dlt::EN10MB, "ip")
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

/// With netmask 0, for unknown, `ip broadcast` would compile and miss broadcasts.
// Shows: libpcap/netmask-0-unknown-ip, parity/netmask-0-unknown-ip
#[test]
fn an_unknown_netmask_is_not_0() {
    // With 0, `ip broadcast` compiles and misses broadcasts.
    let unknown = CompileOptions::new();
    let error = unknown.compile(Dlt::EN10MB, "ip broadcast").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterSyntax);
    assert!(error.text().contains("netmask"), "{error}");

    let known = unknown.netmask(Ipv4Addr::new(255, 255, 255, 0));
    let filter = known.compile(Dlt::EN10MB, "ip broadcast").unwrap();
    let mut frame = ethernet(0x0800, &ipv4(17, &[0; 8]));
    assert!(!filter.matches(&frame));
    frame[33] = 255; // to 192.0.2.255
    assert!(filter.matches(&frame));
}

// Shows: libpcap/offlinefilter-believes-headers
#[test]
fn len_tests_the_wire_length() {
    let filter = compile("len > 100");
    let frame = tcp(0x02);
    assert!(!filter.matches(&frame));
    assert_ne!(filter.run(&frame, 1514), 0);
    assert!(filter.matches_packet(Packet::new(Timestamp::EPOCH, 1514, &frame)));
    let owned = Packet::new(Timestamp::EPOCH, 1514, &frame).into_owned();
    assert!(filter.matches_packet(&owned));
}

/// A filter gets the length of the bytes; none at all are valid.
// Shows: libpcap/offlinefilter-believes-headers
#[test]
fn a_packet_that_ends_too_early_is_not_wanted() {
    let filter = compile("tcp port 80");
    let frame = tcp(0x02);
    assert!(filter.matches(&frame));
    for end in 0..38 {
        assert!(!filter.matches(&frame[..end]), "cut at {end}");
    }
    assert!(!compile("not tcp").matches(&frame[..10]));
}

#[test]
fn vlan_without_a_device_takes_a_tagged_frame() {
    // Compiled on a live Linux handle it would load the tag from the kernel.
    let filter = compile("vlan 5 and tcp port 80");
    assert!(!filter.uses_kernel_extensions() && filter.runs_on_bytes());
    let plain = tcp(0x02);
    let mut tagged = plain.clone();
    tagged.splice(12..12, [0x81, 0x00, 0x00, 0x05]);
    assert!(filter.matches(&tagged));
    assert!(!filter.matches(&plain));
    tagged[15] = 6;
    assert!(!filter.matches(&tagged));
}

/// libpcap's own programs may jump backward; those from other sources may not.
// Shows: libpcap/libpcaps-own-programs-jump
#[test]
fn protochain_jumps_backward_and_works() {
    // libpcap's own output is not checked as other instructions are.
    let filter = compile("ip6 protochain 6");
    let backward = |insn: &&pcap_core::Insn| insn.code == 0x05 && insn.k > i32::MAX as u32;
    assert!(filter.instructions().iter().any(|insn| backward(&insn)));

    let mut packet = vec![0x60, 0, 0, 0, 0, 36, 0, 64];
    packet.extend([0; 32]);
    packet.extend([60, 0, 1, 4, 0, 0, 0, 0]); // hop-by-hop, then destination options
    packet.extend([6, 0, 1, 4, 0, 0, 0, 0]); // then TCP
    packet.extend([0; 20]);
    let mut frame = ethernet(0x86dd, &packet);
    assert!(filter.matches(&frame));
    frame[14 + 48] = 17;
    assert!(!filter.matches(&frame));

    let again = Filter::from_instructions(filter.datalink(), filter.instructions());
    assert_eq!(again.unwrap_err().kind(), ErrorKind::FilterInvalid);
}

#[test]
fn a_question_to_the_kernel_is_known_as_one() {
    let libpcap = pcap_core::version();
    if (libpcap.major(), libpcap.minor()) >= (1, 11) {
        // Since then it only compiles for live captures.
        let error = Filter::compile(Dlt::EN10MB, "inbound");
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FilterSyntax, "{error}");
    } else if cfg!(target_os = "linux") {
        let filter = compile("inbound");
        assert!(filter.uses_kernel_extensions() && !filter.runs_on_bytes());
        assert!(!filter.matches(&tcp(0)));
        assert!(compile("tcp or inbound").matches(&tcp(0)));
    }
    let tagged = Filter::compile(Dlt::LINUX_SLL, "inbound").unwrap();
    assert!(tagged.runs_on_bytes());
}

/// libpcap truncates its texts at 255 bytes, possibly within a character.
// Shows: libpcap/texts-cut-255-bytes
#[test]
fn an_error_cut_within_a_letter_is_a_text() {
    for shift in ["", "a"] {
        let expression = format!("ip proto \\{shift}{}", "\u{e9}".repeat(300));
        let options = CompileOptions::new();
        let error = options.compile(Dlt::EN10MB, &expression).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FilterSyntax, "{error}");
        assert!(error.text().contains("\u{e9}\u{e9}"), "{error}");
    }
}

#[test]
fn a_nul_in_an_expression_is_an_error() {
    let error = Filter::compile(Dlt::EN10MB, "tcp\0 or udp").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(!error.to_string().contains('\0'));
}

#[test]
fn link_types_without_filters_are_errors() {
    for dlt in [
        Dlt::new(-1),
        Dlt::new(9999),
        Dlt::new(i32::MAX),
        Dlt::new(i32::MIN),
    ] {
        let error = Filter::compile(dlt, "tcp").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FilterSyntax);
        assert!(!error.text().is_empty());
    }
}

// Shows: parity/compile-many-threads
#[test]
fn filters_are_send_sync_and_clone() {
    fn check<T: Send + Sync + Clone + std::fmt::Debug + 'static>() {}
    check::<Filter>();
    check::<CompileOptions>();
    let filter = compile("tcp");
    let copy = filter.clone();
    drop(filter);
    assert!(
        std::thread::spawn(move || copy.matches(&tcp(0)))
            .join()
            .unwrap()
    );
}

/// `pcap_compile` is thread-safe from libpcap 1.8 on, and `bpf_image` has one static buffer before 1.10.5.
// Shows: libpcap/compiling-thread-safe-since, parity/compile-many-threads
#[test]
fn sixteen_threads_get_one_result() {
    // pcap_compile is thread-safe from 1.8; bpf_image has a static buffer until 1.10.5.
    const EXPRESSIONS: [&str; 4] = [
        "tcp port 80",
        "vlan 5 and udp",
        "ip6 protochain 6",
        "net 10",
    ];
    let once = EXPRESSIONS.map(|expression| compile(expression).to_string());
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for round in 0..100 {
                    let which = round % EXPRESSIONS.len();
                    assert_eq!(compile(EXPRESSIONS[which]).to_string(), once[which]);
                }
            });
        }
    });
}

#[inline(never)]
fn soil_stack(byte: u8) {
    std::hint::black_box([byte; 2048]);
}

/// A program that loads what it did not store returns bytes of the stack; libpcap compiles such programs.
// Shows: libpcap/libpcaps-own-programs-jump
#[test]
fn memory_that_was_not_stored_is_0() {
    // 1.10.3 generates `ld M[0]` without a store for these: it loads what the stack happens to contain, and Linux
    // rejects the program.
    for (dlt, expression, length) in [
        (Dlt::EN10MB, "geneve or udp", 60),
        (Dlt::IEEE802_11_RADIO, "pppoes", 60),
    ] {
        let filter = Filter::compile(dlt, expression).unwrap();
        for kind in 0..=255 {
            let mut packet = vec![kind; length];
            packet[12..14].copy_from_slice(&[0x08, 0x00]);
            let verdicts = [0x00, 0x08, 0x20, 0xff].map(|soil| {
                soil_stack(soil);
                filter.matches(&packet)
            });
            assert!(verdicts.iter().all(|verdict| *verdict == verdicts[0]));
        }
    }
}

/// libpcap's optimizer removes the load of a constant in these, and compares the old content of the register.
#[test]
fn the_optimizer_loses_no_load() {
    for expression in [
        "len >= 2147483648 & 2147483648 or len < 0 | 2147483648",
        "len <= 4294967295 & 2147483647 and len > 2147483647 + 0",
        "len >= 5 & 5 or len < 4 | 1",
    ] {
        let [optimized, plain] = [true, false].map(|optimize| {
            let options = CompileOptions::new().optimize(optimize);
            options.compile(Dlt::EN10MB, expression).unwrap()
        });
        for length in [0, 1, 4, 5, 60, 2_147_483_647, 2_147_483_648, u32::MAX] {
            let answers = [&optimized, &plain].map(|filter| filter.run(&[0; 4], length));
            assert_eq!(
                answers[0], answers[1],
                "{expression}: {length}\n{optimized}"
            );
        }
    }
}
