//! Converting link headers with `pcap-recode`.

use std::path::Path;

use super::{fields, recode, recoded, records};
use crate::common::{
    Record, path_arg, record, run_program, run_tool, sample_packets, sample_packets_nano, savefile,
    write_file,
};

/// Returns an ARP request.
fn arp() -> Vec<u8> {
    let mut frame = vec![0xff; 6];
    frame.extend([4, 4, 4, 4, 4, 4, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
    frame.extend([
        4, 4, 4, 4, 4, 4, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 9,
    ]);
    frame
}

/// Replaces the Ethernet headers of packets. The closure returns the new packet, given the Ethernet type and the
/// payload.
fn relinked(packets: &[Record], header: impl Fn(&[u8], &[u8]) -> Vec<u8>) -> Vec<Record> {
    let relink = |(secs, nanos, data, len): &Record| {
        let changed = header(&data[12..14], &data[14..]);
        let len = len + changed.len() as u32 - data.len() as u32;
        (*secs, *nanos, changed, len)
    };
    packets.iter().map(relink).collect()
}

#[test]
fn ethernet_and_raw_ip_are_converted() {
    let folder = tempfile::tempdir().unwrap();
    let zeros = relinked(&sample_packets_nano(), |kind, rest| {
        [&[0; 12], kind, rest].concat()
    });
    let bare = relinked(&sample_packets_nano(), |_, rest| rest.to_vec());
    let ethernet = write_file(
        folder.path(),
        "eth.pcap",
        &savefile(true, true, 1, &sample_packets_nano()),
    );
    let [raw, back] = ["raw.pcap", "back.pcap"].map(|name| folder.path().join(name));
    let (said, bytes) = recoded(&["--linktype", "RAW"], &ethernet, &raw);
    assert_eq!(said, "8 of 8 packets\n");
    assert_eq!(bytes, savefile(false, true, 101, &bare));
    let (_, bytes) = recoded(&["-y", "ethernet"], &raw, &back);
    assert_eq!(records(&bytes), records(&savefile(false, true, 1, &zeros)));
    // The snaplen grows by the length of the new header.
    assert_eq!(
        bytes[16..24],
        [65_549_u32.to_ne_bytes(), 1_u32.to_ne_bytes()].concat()
    );
    let names = [
        "frame.time_epoch",
        "ip.src",
        "ip.len",
        "ipv6.dst",
        "udp.length",
        "tcp.seq_raw",
        "tcp.payload",
        "icmp.ident",
    ];
    let expected = fields(&ethernet, &names);
    assert!(expected.lines().count() == 8 && expected.contains("192.0.2.1"));
    assert_eq!(fields(&raw, &names), expected);
    assert_eq!(fields(&back, &names), expected);
    let decoded = |path: &Path| run_tool("tcpdump", &["-n", "-tt", "-v", "-r", path_arg(path)]);
    assert_eq!(decoded(&raw), decoded(&ethernet));
}

#[test]
fn cooked_and_loopback_headers_are_converted() {
    let folder = tempfile::tempdir().unwrap();
    let mut mixed = sample_packets();
    mixed.push(record(1_700_000_008, 0, arp()));
    let mac = [2, 0, 0, 0, 0, 9];
    let sll =
        |kind: &[u8], rest: &[u8]| [&[0, 0, 0, 1, 0, 6], &mac[..], &[0, 0], kind, rest].concat();
    let sll2 = |kind: &[u8], rest: &[u8]| {
        [
            kind,
            &[0, 0, 0, 0, 0, 2, 0, 1, 0, 6],
            &mac[..],
            &[0, 0],
            rest,
        ]
        .concat()
    };
    let null = |kind: &[u8], rest: &[u8]| {
        let family = if kind == [8, 0] { 2_u32 } else { 10 };
        [&family.to_ne_bytes()[..], rest].concat()
    };
    let framed = |from: &[u8], packets: &[Record]| {
        relinked(packets, |kind, rest| [&[0; 6], from, kind, rest].concat())
    };
    let bare = relinked(&sample_packets(), |_, rest| rest.to_vec());
    for (number, packets, expected) in [
        (113, relinked(&mixed, sll), framed(&mac, &mixed)),
        (276, relinked(&mixed, sll2), framed(&mac, &mixed)),
        (
            0,
            relinked(&sample_packets(), null),
            framed(&[0; 6], &sample_packets()),
        ),
    ] {
        let input = write_file(
            folder.path(),
            "in.pcap",
            &savefile(false, false, number, &packets),
        );
        // tshark recognizes the input packets.
        assert!(fields(&input, &["ip.src"]).starts_with("192.0.2.1\n"));
        let output = folder.path().join("out.pcap");
        let (_, bytes) = recoded(&["-y", "ETHERNET"], &input, &output);
        assert_eq!(
            records(&bytes),
            records(&savefile(false, false, 1, &expected)),
            "{number}"
        );
        let (said, bytes) = recoded(&["-y", "RAW", "--skip"], &input, &output);
        assert_eq!(bytes, savefile(false, false, 101, &bare), "{number}");
        let skipped = if number == 0 {
            ""
        } else {
            "1 skipped: 1 ARP\n"
        };
        assert_eq!(said, format!("8 of {} packets\n{skipped}", packets.len()));
    }
}

#[test]
fn packets_that_cannot_be_converted_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let mut mixed = sample_packets();
    mixed.insert(2, record(1_700_000_002, 0, arp()));
    let mut tagged = vec![4; 12];
    tagged.extend([0x81, 0, 0, 5, 8, 0]);
    tagged.extend(&sample_packets()[0].2[14..]);
    mixed.push(record(1_700_000_008, 0, tagged));
    mixed.push(record(1_700_000_009, 0, vec![4; 9]));
    let mut other = vec![4; 12];
    other.extend([0x88, 0xcc, 0x45]);
    mixed.push(record(1_700_000_010, 0, other));
    let input = write_file(folder.path(), "in.pcap", &savefile(false, false, 1, &mixed));
    let output = folder.path().join("out.pcap");

    let ran = recode(&["-y", "RAW"], &input, &output);
    let (said, error) = ran.stderr.split_once('\n').unwrap();
    assert_eq!((ran.status, said), (Some(1), "2 of 3 packets"));
    let (input_name, output_name) = (path_arg(&input), path_arg(&output));
    assert_eq!(
        error,
        format!(
            "pcap-recode: cannot convert packet 3 of `{input_name}` to LINKTYPE_RAW: it is ARP; \
                 use --skip to skip such packets\n"
        )
    );
    assert_eq!(
        run_program("read", &["--count", output_name]).success_output(),
        "2\n"
    );

    let ran = run_program(
        "recode",
        &["-y", "RAW", "--skip", "--json", input_name, output_name],
    );
    assert_eq!(ran.status, Some(0));
    assert_eq!(
        ran.stderr,
        "9 of 12 packets\n3 skipped: 1 truncated in its link header, 1 ARP, 1 type 0x88cc\n\
         1 lost their VLAN tags\n"
    );
    let summary: serde_json::Value = serde_json::from_str(ran.text()).unwrap();
    assert_eq!(
        summary["reasons"],
        serde_json::json!({"ARP": 1, "type 0x88cc": 1, "truncated in its link header": 1})
    );
    assert_eq!(
        (&summary["written"], &summary["untagged"]),
        (&9.into(), &1.into())
    );
    // tcpdump counts the same packets in both files.
    let count = |path, filter| {
        run_tool("tcpdump", &["-n", "-r", path, filter])
            .lines()
            .count()
    };
    let before = count(input_name, "ip or ip6 or (vlan and ip)");
    assert_eq!((before, count(output_name, "ip or ip6")), (9, 9));

    let ran = recode(&["-y", "USB_LINUX"], &input, &output);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stderr
            .starts_with("pcap-recode: cannot convert LINKTYPE_ETHERNET to LINKTYPE_USB_LINUX: ")
    );
}
