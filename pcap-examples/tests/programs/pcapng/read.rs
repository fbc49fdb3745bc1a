//! `pcap-read` on pcapng savefiles.

use super::bytes::{Ng, Order};
use super::{SECOND, TCP, UDP, ethernet, section, two_sections};
use crate::common::{path_arg, run_program, write_file};

#[test]
fn lines_show_interfaces_directions_and_comments() {
    let folder = tempfile::tempdir().unwrap();
    for order in [Order::Little, Order::Big] {
        let path = write_file(folder.path(), "a.pcapng", &section(order).bytes);
        let lines = run_program("read", &[path_arg(&path)]).success_output();
        let lines: Vec<_> = lines.lines().collect();
        let ends = "192.0.2.1:9 > 192.0.2.2:53 UDP";
        let tcp = "192.0.2.1:9 > 192.0.2.2:53 TCP seq 524288";
        let time = "22:13:20.00000";
        assert_eq!(lines[0], format!("{time}0 eth0 {ends}, length 0"));
        assert_eq!(
            lines[1],
            format!("{time}1 eth0 {tcp}, length 0, comment: lost some")
        );
        assert_eq!(lines[2], format!("{time}2 tun0 Out {ends}, length 0"));
        assert_eq!(lines[3], format!("{time}3 tun0 {tcp}, length 0"));
        assert_eq!(
            lines[4],
            format!("{time}4 eth0 {ends}, length 0, comment: one, comment: two\\n")
        );
        assert_eq!(lines.len(), 7);
    }
}

#[test]
fn json_has_what_the_file_tells() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = two_sections(folder.path());
    let text = run_program("read", &["--json", path_arg(&path)]).success_output();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 14);
    let plain = &lines[0];
    assert_eq!(
        (&plain["interface_id"], &plain["interface"]),
        (&0.into(), &"eth0".into())
    );
    for absent in [
        "section",
        "direction",
        "comments",
        "packet_flags",
        "dropped",
        "packet_id",
    ] {
        assert_eq!(plain.get(absent), None, "{absent}");
    }
    assert_eq!(lines[1]["dropped"], 5);
    assert_eq!(lines[1]["comments"], serde_json::json!(["lost some"]));
    assert_eq!(lines[2]["linktype"], "RAW");
    assert_eq!(lines[2]["direction"], "out");
    assert_eq!(lines[2]["packet_flags"], 2);
    assert_eq!(lines[4]["comments"], serde_json::json!(["one", "two\n"]));
    assert_eq!(lines[6]["packet_id"], 77);
    let second = &lines[7];
    assert_eq!(
        (&second["section"], &second["interface_id"]),
        (&2.into(), &0.into())
    );
}

#[test]
fn packets_without_a_time_and_without_names_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut ng = Ng::new(Order::Big);
    ng.section(-1, &[]);
    ng.interface(1, 0, &[]);
    ng.simple_packet(42, &ethernet(UDP));
    ng.interface(1, 96, &[]);
    let flags = ng.u32(1 | 3 << 2 | 1 << 24);
    ng.packet(1, SECOND, &ethernet(TCP), &[(2, &flags)]);
    let path = write_file(folder.path(), "a.pcapng", &ng.bytes);
    let lines = run_program("read", &[path_arg(&path)]).success_output();
    let expected = "- 192.0.2.1:9 > 192.0.2.2:53 UDP, length 0\n\
                    22:13:20.000000 if1 In 192.0.2.1:9 > 192.0.2.2:53 TCP seq 524288, length 0\n";
    assert_eq!(lines, expected);
    let text = run_program("read", &["--json", path_arg(&path)]).success_output();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0].get("time"), None);
    assert_eq!(lines[1]["reception"], "broadcast");
    assert_eq!(lines[1]["link_errors"], serde_json::json!(["crc"]));
}

#[test]
fn files_are_read_whole_and_filtered_by_link_type() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = two_sections(folder.path());
    let count = |words: &[&str]| {
        let ran = run_program("read", &[&["--count"], words, &[path_arg(&path)]].concat());
        (ran.text().trim().to_owned(), ran.stderr)
    };
    assert_eq!(count(&[]), ("14".to_owned(), String::new()));
    assert_eq!(count(&["-f", "udp"]), ("8".to_owned(), String::new()));
    assert_eq!(count(&["-f", "udp", "-c", "3"]).0, "3");
    let (number, warning) = count(&["-f", "ether src 02:02:02:02:02:02"]);
    assert_eq!(number, "6");
    let start = "pcap-read: warning: packets of link type LINKTYPE_RAW do not match: ";
    assert!(
        warning.starts_with(start) && warning.lines().count() == 1,
        "{warning}"
    );
    let ran = run_program("read", &["-f", "tcp prot", path_arg(&path)]);
    assert_eq!((ran.status, ran.text()), (Some(1), ""));
    let start = format!("pcap-read: cannot filter `{}`: ", path_arg(&path));
    assert!(ran.stderr.starts_with(&start), "{}", ran.stderr);
    // A truncated file shows all whole packets, then the error.
    let input = write_file(folder.path(), "cut.pcapng", &bytes[..bytes.len() - 3]);
    let ran = run_program("read", &["--raw", path_arg(&input)]);
    assert_eq!((ran.status, ran.lines().len()), (Some(1), 14));
    assert!(ran.stderr.contains("truncated"), "{}", ran.stderr);
}

#[test]
fn control_characters_reach_no_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let mut ng = Ng::new(Order::Little);
    ng.section(-1, &[]);
    ng.interface(1, 0, &[(2, "eth0\u{1b}[1m".as_bytes())]);
    let comment = "a\u{7}\u{7f}b \u{9b}31m \u{202e}gpj \"naïve\"";
    let not_utf8 = b"\xc2\x9b \xff";
    ng.packet(
        0,
        SECOND,
        &ethernet(UDP),
        &[(1, comment.as_bytes()), (1, not_utf8)],
    );
    let path = write_file(folder.path(), "a.pcapng", &ng.bytes);
    for words in [&[][..], &["--json"]] {
        let text = run_program("read", &[words, &[path_arg(&path)]].concat()).success_output();
        let line = text.strip_suffix('\n').expect("a line");
        let is_shown = |c: char| !c.is_control() && c != '\u{202e}';
        assert!(line.chars().all(is_shown), "{line:?}");
        if !words.is_empty() {
            let packet: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(packet["interface"], "eth0\u{1b}[1m");
            let comments = serde_json::json!([comment, "\u{9b} \u{fffd}"]);
            assert_eq!(packet["comments"], comments);
        }
    }
}

#[test]
fn a_section_of_an_unknown_version_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = section(Order::Little).bytes;
    // The minor version.
    bytes[14] = 9;
    bytes.extend(section(Order::Big).bytes);
    let path = write_file(folder.path(), "a.pcapng", &bytes);
    let ran = run_program("read", &["--count", path_arg(&path)]);
    assert_eq!((ran.status, ran.text().trim()), (Some(0), "7"));
    let warning = format!(
        "pcap-read: warning: cannot read section 1 of `{}`: its version is 1.9\n",
        path_arg(&path)
    );
    assert_eq!(ran.stderr, warning);
}
