//! `pcap-read --info`, compared with capinfos.

use crate::common::{
    gzip, path_arg, record, run_program, run_tool, sample_packets, savefile, write_file,
};
use crate::pcapng::two_sections;

#[test]
fn files_are_described_as_by_capinfos() {
    let folder = tempfile::tempdir().unwrap();
    let mut packets = sample_packets();
    packets.swap(3, 6);
    let bytes = savefile(false, true, 1, &packets);
    let classic = write_file(folder.path(), "a.pcap", &bytes);
    let columns = ["-T", "-r", "-m", "-S", "-c", "-d", "-u", "-a", "-e"];
    for path in [&classic, &two_sections(folder.path()).0] {
        let path = path_arg(path);
        let theirs = run_tool("capinfos", &[&columns[..], &[path]].concat());
        let line = run_program("read", &["--info", "--json", path]).success_output();
        let ours: serde_json::Value = serde_json::from_str(&line).unwrap();
        let columns: Vec<&str> = theirs.trim().split(',').skip(1).collect();
        let number = |member: &str| ours[member].to_string();
        let text = |member: &str| ours[member].as_str().unwrap();
        assert_eq!(columns[..2], [&number("packets"), &number("bytes")]);
        // Of several sections, capinfos knows no duration.
        if ours["sections"] == 1 {
            for (theirs, member) in columns[2..].iter().zip(["duration", "earliest", "latest"]) {
                assert_eq!(*theirs, text(member));
            }
        }
    }
}

#[test]
fn lengths_interfaces_and_order_are_described() {
    let folder = tempfile::tempdir().unwrap();
    let mut packets = sample_packets();
    packets.swap(3, 6);
    let bytes = gzip(&savefile(false, true, 1, &packets));
    let path = write_file(folder.path(), "a", &bytes);
    let text = run_program("read", &["--info", path_arg(&path)]).success_output();
    let captured: usize = packets.iter().map(|packet| packet.2.len()).sum();
    let on_wire: u32 = packets.iter().map(|packet| packet.3).sum();
    let path = path.display();
    let expected = format!(
        "{path}: pcap, compressed with gzip\n    \
         interface 0: EN10MB, snaplen 65535, packets 8\n    \
         packets 8, bytes {on_wire}, captured bytes {captured}\n    \
         truncated packets 1\n"
    );
    assert!(text.starts_with(&expected), "{text}\n{expected}");
    assert!(text.ends_with("    disordered packets 2\n"), "{text}");
    let (two, _) = two_sections(folder.path());
    let text = run_program("read", &["--info", path_arg(&two)]).success_output();
    assert!(text.contains("    section 2, interface 1"), "{text}");
}

#[test]
fn selected_packets_of_damaged_and_empty_files_are_described() {
    let folder = tempfile::tempdir().unwrap();
    let packets = vec![
        record(1, 0, vec![0; 20]),
        record(3, 500_000_000, vec![0; 30]),
    ];
    let bytes = savefile(true, true, 101, &packets);
    let cut = write_file(folder.path(), "cut.pcap", &bytes[..bytes.len() - 1]);
    let header = write_file(folder.path(), "header.pcap", &bytes[..24]);
    let whole = write_file(folder.path(), "whole.pcap", &bytes);
    let ran = run_program(
        "read",
        &["--info", "--json", path_arg(&cut), path_arg(&header)],
    );
    assert_eq!(ran.status, Some(1));
    assert!(ran.stderr.contains("truncated"), "{}", ran.stderr);
    let lines = ran.lines();
    let (error, infos) = lines.split_last().unwrap();
    assert!(error.contains("\"type\":\"error\""), "{error}");
    let packets = infos.iter().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["duration"].is_null());
        line["packets"].as_u64().unwrap()
    });
    assert_eq!(packets.collect::<Vec<u64>>(), [1, 0]);
    let select = |options: &[&str]| {
        let arguments = [&["--info", path_arg(&whole)], options].concat();
        run_program("read", &arguments).success_output()
    };
    assert!(select(&[]).contains("duration 2.500000000 s, 0.800 packets/s, 0.000160 Mbit/s"));
    assert!(select(&["--packets", "2"]).contains("packets 1, bytes 30, "));
    let ran = run_program("read", &["--info", "-x", path_arg(&whole)]);
    assert_eq!(ran.status, Some(2), "{}", ran.stderr);
}
