//! `pcap-recode` on pcapng savefiles.

use std::fs;
use std::path::Path;

use super::bytes::{Ng, Order, blocks};
use super::{SECOND, TCP, UDP, capinfos, ethernet, fields, ip, section, succeed, two_sections};
use crate::common::{path_arg, run_program, write_file};

const ORDERS: [Order; 2] = [Order::Little, Order::Big];

/// Recodes a savefile, and returns the bytes of the result.
fn recode(options: &[&str], input: &Path, output: &Path) -> Vec<u8> {
    let words = [options, &[path_arg(input), path_arg(output)]].concat();
    succeed("recode", &words);
    fs::read(output).unwrap()
}

#[test]
fn without_options_a_copy_is_identical() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = two_sections(folder.path());
    let output = folder.path().join("out.pcapng");
    assert_eq!(recode(&[], &path, &output), bytes);
    let gzip = folder.path().join("out.gz");
    recode(&["--compress", "gzip"], &path, &gzip);
    assert_eq!(recode(&[], &gzip, &output), bytes);
}

#[test]
fn all_times_are_shifted() {
    let folder = tempfile::tempdir().unwrap();
    let [output, back] = ["a.pcapng", "b.pcapng"].map(|name| folder.path().join(name));
    for order in ORDERS {
        let mut ng = Ng::new(order);
        ng.section(-1, &[]);
        ng.interface(1, 0, &[]);
        ng.packet(0, SECOND, &ethernet(UDP), &[]);
        ng.interface(1, 0, &[(9, &[0x80 | 20])]);
        ng.packet(1, 1_700_000_000 << 20 | 5, &ethernet(UDP), &[]);
        let hour = 3600 * 1_000_000;
        let (start, end) = (ng.ticks(SECOND), ng.ticks(SECOND + 9));
        ng.statistics(0, SECOND + 9, &[(2, &start), (3, &end), (1, b"kept")]);
        ng.statistics(7, SECOND, &[]);
        ng.block(
            9,
            b"__CURSOR=x\n__REALTIME_TIMESTAMP=1700000000000000\nMESSAGE=y\n",
        );
        let input = write_file(folder.path(), "in.pcapng", &ng.bytes);
        let shifted = recode(&["--shift", "1h"], &input, &output);
        let mut expected = Ng::new(order);
        expected.section(-1, &[]);
        expected.interface(1, 0, &[]);
        expected.packet(0, SECOND + hour, &ethernet(UDP), &[]);
        expected.interface(1, 0, &[(9, &[0x80 | 20])]);
        expected.packet(1, 1_700_003_600 << 20 | 5, &ethernet(UDP), &[]);
        let (start, end) = (ng.ticks(SECOND + hour), ng.ticks(SECOND + hour + 9));
        expected.statistics(
            0,
            SECOND + hour + 9,
            &[(2, &start), (3, &end), (1, b"kept")],
        );
        expected.statistics(7, SECOND, &[]);
        expected.block(
            9,
            b"__CURSOR=x\n__REALTIME_TIMESTAMP=1700003600000000\nMESSAGE=y\n",
        );
        assert_eq!(shifted, expected.bytes, "{order:?}");
        assert_eq!(recode(&["--shift", "-1h"], &output, &back), ng.bytes);
        let times = fields(&output, &["frame.time_epoch"]);
        assert_eq!(times[0], "1700003600.000000000");
    }
}

#[test]
fn shifts_that_an_interface_cannot_have_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(folder.path(), "in.pcapng", &section(Order::Big).bytes);
    let output = write_file(folder.path(), "out.pcapng", b"precious");
    let words = ["--shift", "1ns", path_arg(&input), path_arg(&output)];
    let ran = run_program("recode", &words);
    assert_eq!(ran.status, Some(1));
    let text = "pcap-recode: cannot change the times of interface 0: the shift has a fraction of its resolution of \
                10^-6 s; use --time-stamp-precision nano\n";
    assert_eq!(ran.stderr, text);
    assert_eq!(fs::read(&output).unwrap(), b"precious");
    recode(
        &["--shift", "1ns", "--time-stamp-precision", "nano"],
        &input,
        &output,
    );
    let mut fine = Ng::new(Order::Big);
    fine.section(-1, &[]);
    fine.interface(1, 0, &[(9, &[0xff])]);
    let fine = write_file(folder.path(), "fine.pcapng", &fine.bytes);
    let ran = run_program(
        "recode",
        &[
            "--shift",
            "1",
            path_arg(&fine),
            path_arg(&fine.with_extension("out")),
        ],
    );
    let text = "of interface 0: its resolution of 2^-127 s is not supported\n";
    assert!(ran.stderr.ends_with(text), "{}", ran.stderr);
    let times = fields(&output, &["frame.time_epoch"]);
    assert_eq!(times[..2], ["1700000000.000000001", "1700000000.000001001"]);
    // The times of all packets become earlier than 1970.
    let words = [
        "--shift",
        "-1800000000",
        path_arg(&input),
        path_arg(&output),
    ];
    let ran = run_program("recode", &words);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stderr.contains("packet 1: cannot write the packet"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("7 packets skipped"), "{}", ran.stderr);
}

#[test]
fn the_resolution_of_each_interface_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.pcapng");
    for order in ORDERS {
        let mut ng = Ng::new(order);
        ng.section(-1, &[]);
        ng.interface(1, 0, &[(9, &[12])]);
        ng.interface(1, 0, &[(9, &[0x80 | 1])]);
        ng.interface(1, 0, &[]);
        ng.packet(0, 1_700_000_000_123_456_789, &ethernet(UDP), &[]);
        ng.packet(1, 3, &ethernet(UDP), &[]);
        ng.packet(2, SECOND + 1, &ethernet(UDP), &[]);
        let input = write_file(folder.path(), "in.pcapng", &ng.bytes);
        for (precision, times) in [
            (
                "nano",
                ["1700000.000123456", "1.500000000", "1700000000.000001000"],
            ),
            (
                "micro",
                ["1700000.000123000", "1.500000000", "1700000000.000001000"],
            ),
        ] {
            recode(&["--time-stamp-precision", precision], &input, &output);
            let lines = run_program("read", &["--raw", path_arg(&output)]).success_output();
            let found: Vec<_> = lines
                .lines()
                .map(|line| line.split(' ').next().unwrap())
                .collect();
            assert_eq!(found, times, "{order:?} {precision}");
        }
    }
}

#[test]
fn truncated_packets_lose_hashes_and_checksum_flags() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.pcapng");
    for order in ORDERS {
        let mut ng = Ng::new(order);
        ng.section(-1, &[]);
        ng.interface(1, 0, &[]);
        let flags = ng.u32(1 | 4 << 5 | 1 << 10);
        let options: [(u16, &[u8]); 3] = [(2, &flags), (3, &[2, 1, 2, 3, 4]), (1, b"kept")];
        ng.packet(0, SECOND, &ethernet(TCP), &options);
        ng.packet(0, SECOND, &ethernet(TCP)[..20], &options);
        ng.simple_packet(42, &ethernet(UDP));
        ng.obsolete_packet(0, 3, SECOND, &ethernet(UDP)[..40]);
        let input = write_file(folder.path(), "in.pcapng", &ng.bytes);
        let written = recode(&["-s", "30"], &input, &output);
        let mut expected = Ng::new(order);
        expected.section(-1, &[]);
        expected.interface(1, 30, &[]);
        let found = blocks(&written);
        assert_eq!(found[1], blocks(&expected.bytes)[1]);
        // The short packet stays as it is, and the simple packet has as many bytes as the snaplen.
        assert_eq!(found[3], blocks(&ng.bytes)[3]);
        expected.simple_packet(42, &ethernet(UDP)[..30]);
        assert_eq!(found[4], blocks(&expected.bytes)[2]);
        assert_eq!(found[5].kind, 6);
        let names = [
            "frame.cap_len",
            "frame.len",
            "frame.packet_flags",
            "frame.comment",
            "frame.drop_count",
        ];
        let lines = fields(&output, &names);
        assert_eq!(lines[0], "30\t42\t0x00000001\tkept\t");
        assert_eq!(lines[1], "20\t20\t0x00000481\tkept\t");
        assert_eq!(lines[2], "30\t42\t\t\t");
        assert_eq!(lines[3], "30\t40\t\t\t3");
        // 28 bytes before the data, 32 with padding, the flags, the comment and the end of the options.
        assert_eq!(found[2].bytes.len(), 28 + 32 + 8 + 8 + 4 + 4);
    }
}

#[test]
fn each_interface_is_converted_from_its_link_type() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = two_sections(folder.path());
    let output = folder.path().join("out.pcapng");
    let written = recode(&["-y", "RAW"], &path, &output);
    let names = [
        "frame.encap_type",
        "frame.cap_len",
        "frame.interface_name",
        "frame.comment",
    ];
    let lines = fields(&output, &names);
    assert!(
        lines.iter().all(|line| line.starts_with("7\t28\t")),
        "{lines:?}"
    );
    assert_eq!(lines.len(), 14);
    assert_eq!(lines[1], "7\t28\teth0\tlost some");
    let untouched = |bytes: &[u8]| {
        let blocks = blocks(bytes).into_iter();
        let others = blocks.filter(|block| ![1, 6].contains(&block.kind));
        others.collect::<Vec<_>>()
    };
    assert_eq!(untouched(&written), untouched(&bytes));
    // Now a classic savefile can hold them.
    let classic = folder.path().join("out.pcap");
    recode(&["-y", "RAW"], &path, &classic);
    assert_eq!(
        capinfos(&classic, "-E").split(',').next_back(),
        Some("rawip")
    );
    let raw = |path: &Path| run_program("read", &["--raw", path_arg(path)]).success_output();
    assert_eq!(raw(&classic), raw(&output));
    // Declaring a link type changes no packet.
    recode(&["-y", "PPP", "--relabel"], &path, &output);
    assert_eq!(raw(&output), raw(&path));
    assert!(
        fields(&output, &["frame.encap_type"])
            .iter()
            .all(|line| line == "4")
    );
}

#[test]
fn skipped_packets_leave_their_drop_counts() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.pcapng");
    let arp = [&[4; 6][..], &[2; 6], &[8, 6], &[0; 28]].concat();
    for order in ORDERS {
        let mut ng = Ng::new(order);
        ng.section(-1, &[]);
        ng.interface(1, 0, &[(13, &[4])]);
        let drops = ng.u64(2);
        ng.packet(0, SECOND, &arp, &[(4, &drops)]);
        ng.packet(0, SECOND, &ethernet(UDP), &[(4, &drops)]);
        let input = write_file(folder.path(), "in.pcapng", &ng.bytes);
        let words = ["-y", "RAW", path_arg(&input), path_arg(&output)];
        assert_eq!(run_program("recode", &words).status, Some(1));
        let written = recode(&["-y", "RAW", "--skip"], &input, &output);
        assert_eq!(
            fields(&output, &["frame.drop_count", "frame.len"]),
            ["4\t28"]
        );
        let mut expected = Ng::new(order);
        expected.section(-1, &[]);
        expected.interface(101, 0, &[]);
        // The converted packets have no frame check sequence; the end of the options stays.
        let description = &blocks(&written)[1].bytes;
        assert_eq!(description[8..10], blocks(&expected.bytes)[1].bytes[8..10]);
        assert_eq!(description.len(), 24);
    }
}

#[test]
fn what_a_classic_savefile_cannot_hold_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.pcap");
    let mut ng = Ng::new(Order::Big);
    ng.section(-1, &[]);
    ng.interface(101, 0, &[(9, &[12]), (2, b"tun0")]);
    ng.simple_packet(28, &ip(UDP));
    ng.packet(0, 1_700_000_000_123_456_789, &ip(TCP), &[(1, b"a comment")]);
    ng.packet(0, 1_700_000_000_123_456_000, &ip(TCP), &[]);
    let input = write_file(folder.path(), "in.pcapng", &ng.bytes);
    let said = succeed("recode", &[path_arg(&input), path_arg(&output)]);
    let expected = "3 of 3 packets\npcap-recode: classic pcap cannot hold 1 interface name, 1 comment, 1 packet \
                    without a time, 1 time with digits below the nanosecond; write pcapng to keep them\n";
    assert_eq!(said, expected);
    let said = succeed("recode", &["-q", path_arg(&input), path_arg(&output)]);
    assert_eq!(said, "");
    let bytes = fs::read(&output).unwrap();
    assert_eq!(bytes[..4], 0xa1b2_3c4d_u32.to_ne_bytes());
    // And back: a classic savefile becomes a section with one interface.
    let again = folder.path().join("again.pcapng");
    recode(&[], &output, &again);
    let names = ["frame.time_epoch", "frame.encap_type", "frame.len"];
    assert_eq!(fields(&again, &names), fields(&output, &names));
}

#[test]
fn a_truncated_file_is_copied_up_to_its_last_block() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = section(Order::Little).bytes;
    let input = write_file(folder.path(), "in.pcapng", &bytes[..bytes.len() - 2]);
    let output = folder.path().join("out.pcapng");
    let ran = run_program("recode", &[path_arg(&input), path_arg(&output)]);
    assert_eq!(ran.status, Some(1));
    assert!(ran.stderr.starts_with("7 of 7 packets\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("truncated"), "{}", ran.stderr);
    let last = blocks(&bytes).pop().unwrap().bytes.len();
    assert_eq!(fs::read(&output).unwrap(), bytes[..bytes.len() - last]);
}
