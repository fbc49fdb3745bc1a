//! `pcap-filter` on pcapng savefiles.

use std::fs;

use super::bytes::{Ng, Order, blocks};
use super::{SECOND, TCP, UDP, capinfos, ethernet, fields, ip, section, succeed, two_sections};
use crate::common::{path_arg, program, run_program, run_tool, run_with_stdin, write_file};

#[test]
fn a_copy_is_identical_byte_by_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = two_sections(folder.path());
    let output = folder.path().join("out.pcapng");
    for expression in [&[][..], &["-f", "ip"], &["-f", "len >= 0"]] {
        let words = [&[path_arg(&path), path_arg(&output)], expression].concat();
        let ran = run_program("filter", &words);
        let expected = (Some(0), "14 of 14 packets\n");
        assert_eq!((ran.status, ran.stderr.as_str()), expected);
        assert_eq!(fs::read(&output).unwrap(), bytes, "{expression:?}");
    }
    // The name `-` does not tell the format, so it is that of the input.
    let piped = run_with_stdin(program("filter").args(["-", "-"]), &bytes);
    assert_eq!((piped.status, piped.stdout), (Some(0), bytes.clone()));
    let gzip = folder.path().join("out.pcapng.gz");
    succeed("filter", &[path_arg(&path), path_arg(&gzip)]);
    succeed("filter", &[path_arg(&gzip), path_arg(&output)]);
    assert_eq!(fs::read(&output).unwrap(), bytes);
}

#[test]
fn only_rejected_packets_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = two_sections(folder.path());
    let output = folder.path().join("out.pcapng");
    let ran = run_program("filter", &[path_arg(&path), path_arg(&output), "-f", "udp"]);
    assert_eq!(
        (ran.status, ran.stderr.as_str()),
        (Some(0), "8 of 14 packets\n")
    );
    let written = fs::read(&output).unwrap();
    let (before, after) = (blocks(&bytes), blocks(&written));
    let others = |blocks: &[super::bytes::Found]| {
        let others = blocks.iter().filter(|block| block.kind != 6);
        others.cloned().collect::<Vec<_>>()
    };
    assert_eq!(others(&after), others(&before));
    // The drop count of a removed packet is added to the next packet of its interface.
    let names = [
        "ip.proto",
        "frame.interface_id",
        "frame.drop_count",
        "frame.comment",
    ];
    let lines = fields(&output, &names);
    let expected = [
        "17\t0\t\t",
        "17\t1\t\t",
        "17\t0\t5\tone,two\\n",
        "17\t1\t10\t",
    ];
    assert_eq!(lines[..4], expected);
    assert_eq!(lines.len(), 8);
    let packets = |blocks: &[super::bytes::Found], number: usize| {
        let mut packets = blocks.iter().filter(|block| block.kind == 6);
        packets.nth(number).cloned()
    };
    assert_eq!(packets(&after, 0), packets(&before, 0));
    assert_eq!(packets(&after, 1), packets(&before, 2));
}

#[test]
fn a_stated_section_length_is_kept_or_becomes_unknown() {
    let folder = tempfile::tempdir().unwrap();
    for order in [Order::Little, Order::Big] {
        let mut ng = Ng::new(order);
        ng.section(20 + 3 * 76, &[]);
        ng.interface(1, 0, &[]);
        for protocol in [UDP, TCP, UDP] {
            ng.packet(0, SECOND, &ethernet(protocol), &[]);
        }
        let input = write_file(folder.path(), "in.pcapng", &ng.bytes);
        let output = folder.path().join("out.pcapng");
        succeed("filter", &[path_arg(&input), path_arg(&output)]);
        assert_eq!(fs::read(&output).unwrap(), ng.bytes);
        succeed("filter", &[path_arg(&input), path_arg(&output), "-f", "ip"]);
        assert_eq!(fs::read(&output).unwrap(), ng.bytes);
        // A pipe cannot be changed once a packet is removed.
        let piped = run_with_stdin(program("filter").args(["-", "-", "-f", "ip"]), &ng.bytes);
        assert_eq!(piped.stdout[16..24], [0xff; 8]);
        assert_eq!(piped.stdout[24..], ng.bytes[24..]);
        succeed(
            "filter",
            &[path_arg(&input), path_arg(&output), "-f", "udp"],
        );
        let written = fs::read(&output).unwrap();
        assert_eq!(written[16..24], [0xff; 8]);
        assert_eq!(blocks(&written).len(), 4);
    }
}

#[test]
fn simple_and_obsolete_packets_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut ng = Ng::new(Order::Big);
    ng.section(-1, &[]);
    ng.interface(1, 30, &[]);
    ng.simple_packet(42, &ethernet(UDP)[..30]);
    ng.obsolete_packet(0, 3, SECOND, &ethernet(TCP));
    ng.simple_packet(42, &ethernet(UDP)[..30]);
    ng.obsolete_packet(0, 4, SECOND, &ethernet(UDP));
    let input = write_file(folder.path(), "in.pcapng", &ng.bytes);
    let output = folder.path().join("out.pcapng");
    succeed("filter", &[path_arg(&input), path_arg(&output)]);
    assert_eq!(fs::read(&output).unwrap(), ng.bytes);
    succeed(
        "filter",
        &[path_arg(&input), path_arg(&output), "-f", "udp"],
    );
    let kinds: Vec<_> = blocks(&fs::read(&output).unwrap())
        .iter()
        .map(|block| block.kind)
        .collect();
    // A simple packet has no drop count, so the next packet gets that of the removed one.
    assert_eq!(kinds[2..], [3, 3, 6]);
    assert_eq!(fields(&output, &["frame.drop_count"]), ["", "", "7"]);
}

#[test]
fn a_filter_is_compiled_for_each_link_type() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = two_sections(folder.path());
    let output = folder.path().join("out.pcapng");
    // Raw IP has no Ethernet addresses.
    let ran = run_program(
        "filter",
        &[
            path_arg(&path),
            path_arg(&output),
            "-f",
            "ether src 02:02:02:02:02:02",
        ],
    );
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let (warning, summary) = ran.stderr.split_once('\n').unwrap();
    let start = "pcap-filter: warning: packets of link type LINKTYPE_RAW do not match: ";
    assert!(warning.starts_with(start), "{warning}");
    assert_eq!(summary, "6 of 14 packets\n");
    // No link type has this.
    fs::write(&output, b"precious").unwrap();
    for expression in ["tcp prot", "wlan type mgt"] {
        let ran = run_program(
            "filter",
            &[path_arg(&path), path_arg(&output), "-f", expression],
        );
        assert_eq!(ran.status, Some(1), "{}", ran.stderr);
        let start = format!("pcap-filter: cannot compile `{expression}`: ");
        assert!(ran.stderr.contains(&start), "{}", ran.stderr);
        assert_eq!(fs::read(&output).unwrap(), b"precious");
    }
}

#[test]
fn what_a_classic_savefile_cannot_hold_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = two_sections(folder.path());
    let output = folder.path().join("out.pcap");
    // Both byte orders, and packets of one link type.
    let ran = run_program(
        "filter",
        &[path_arg(&path), path_arg(&output), "-f", "ether[0] == 4"],
    );
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let lost = "pcap-filter: classic pcap cannot hold 2 sections, 4 interfaces, 4 interface names, 12 comments, \
                4 blocks of statistics, 4 blocks of names, 2 blocks of secrets, 4 other blocks, 2 packets with \
                options; write pcapng to keep them\n";
    let said = ran.stderr.split_once("6 of 14 packets\n").unwrap().1;
    assert_eq!(said, lost);
    assert_eq!(capinfos(&output, "-c").split(',').next_back(), Some("6"));
    let ran = run_program("filter", &[path_arg(&path), path_arg(&output), "-f", "udp"]);
    assert_eq!(ran.status, Some(1));
    let refused = format!(
        "pcap-filter: cannot write packet 3 of `{}` to `{}`: it has link type LINKTYPE_RAW, and a classic savefile has \
         only one, here LINKTYPE_ETHERNET; name the output `.pcapng`",
        path_arg(&path),
        path_arg(&output)
    );
    assert!(ran.stderr.contains(&refused), "{}", ran.stderr);
    assert_eq!(capinfos(&output, "-c").split(',').next_back(), Some("1"));
}

#[test]
fn a_truncated_file_is_copied_up_to_its_last_block() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = section(Order::Big).bytes;
    let found = blocks(&bytes);
    let ends: Vec<usize> = found
        .iter()
        .scan(0, |end, block| {
            *end += block.bytes.len();
            Some(*end)
        })
        .collect();
    let output = folder.path().join("out.pcapng");
    for (end, block) in ends.iter().zip(&found).skip(2) {
        for cut in [1, 4, block.bytes.len() / 2] {
            let whole = end - block.bytes.len();
            let input = write_file(folder.path(), "in.pcapng", &bytes[..end - cut]);
            let ran = run_program("filter", &[path_arg(&input), path_arg(&output)]);
            assert_eq!(ran.status, Some(1), "{}", ran.stderr);
            assert!(ran.stderr.contains("truncated"), "{}", ran.stderr);
            assert_eq!(fs::read(&output).unwrap(), bytes[..whole]);
        }
    }
}

#[test]
fn tools_read_the_results() {
    let folder = tempfile::tempdir().unwrap();
    let mut ng = Ng::new(Order::Little);
    ng.section(-1, &[]);
    ng.interface(101, 0, &[]);
    for protocol in [UDP, TCP, UDP] {
        ng.packet(0, SECOND, &ip(protocol), &[]);
    }
    let input = write_file(folder.path(), "in.pcapng", &ng.bytes);
    let [left, right] = ["left.pcapng", "right.pcap"].map(|name| folder.path().join(name));
    for output in [&left, &right] {
        succeed("filter", &[path_arg(&input), path_arg(output), "-f", "udp"]);
    }
    let lines = |path| run_tool("tcpdump", &["-n", "-tt", "-r", path_arg(path)]);
    assert_eq!(lines(&left), lines(&right));
    assert_eq!(lines(&left).lines().count(), 2);
}

#[test]
fn packets_with_fields_in_the_other_byte_order_are_not_written_to_classic_savefiles() {
    let folder = tempfile::tempdir().unwrap();
    let other = match cfg!(target_endian = "little") {
        true => Order::Big,
        false => Order::Little,
    };
    let mut ng = Ng::new(other);
    ng.section(-1, &[]);
    ng.interface(1, 0, &[]);
    ng.interface(220, 0, &[]);
    ng.packet(0, SECOND, &ethernet(UDP), &[]);
    let ethernet_only = write_file(folder.path(), "a.pcapng", &ng.bytes);
    let output = folder.path().join("out.pcap");
    let ran = run_program("filter", &[path_arg(&ethernet_only), path_arg(&output)]);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let mut ng = Ng::new(other);
    ng.section(-1, &[]);
    ng.interface(220, 0, &[]);
    ng.packet(0, SECOND, &[0; 64], &[]);
    let input = write_file(folder.path(), "usb.pcapng", &ng.bytes);
    let part = format!("{}/part.pcap", path_arg(folder.path()));
    for (program, words) in [
        ("filter", &[path_arg(&output)][..]),
        ("recode", &[path_arg(&output)]),
        ("split", &["-o", &part, "--flow"]),
    ] {
        let ran = run_program(program, &[&[path_arg(&input)], words].concat());
        assert_eq!(ran.status, Some(1), "{program}");
        let expected =
            "packets of link type LINKTYPE_USB_LINUX_MMAPPED have another byte order there";
        assert!(ran.stderr.contains(expected), "{program}: {}", ran.stderr);
    }
    let whole = folder.path().join("out.pcapng");
    let ran = run_program("filter", &[path_arg(&input), path_arg(&whole)]);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    assert_eq!(fs::read(whole).unwrap(), ng.bytes);
}
