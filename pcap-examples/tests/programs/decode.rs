//! Tests of the decoder with truncated, damaged, tunneled and cooked packets, compared with tshark.

use std::collections::BTreeMap;
use std::path::Path;

use crate::common::frames::{
    A, B, C, D, ETHERNET, SLL, SLL2, all_prefixes, cooked, devices, ethernet, fields, ipv4, ipv6,
    tcp, tunnels, udp,
};
use crate::common::{Record, path_arg, record, run_program, run_tool, savefile, write_file};
use serde_json::{Value, json};

/// Returns the objects that `pcap-read --json` prints for packets.
fn read(folder: &Path, linktype: u32, packets: &[Record]) -> Vec<Value> {
    let path = write_file(folder, "a.pcap", &savefile(false, false, linktype, packets));
    let lines = run_program("read", &["--json", path_arg(&path)]).success_output();
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    lines.collect()
}

/// Returns the line of a packet without its time and length.
fn line(folder: &Path, linktype: u32, data: &[u8]) -> String {
    let packets = [record(0, 0, data.to_vec())];
    let path = write_file(
        folder,
        "a.pcap",
        &savefile(false, false, linktype, &packets),
    );
    let line = run_program("read", &[path_arg(&path)]).success_output();
    let (line, _) = line.rsplit_once(", ").expect("a length");
    line.split_once(' ').expect("a time").1.to_owned()
}

#[test]
fn truncated_headers_show_their_remaining_fields() {
    let folder = tempfile::tempdir().unwrap();
    for (data, fields) in fields() {
        let told = read(folder.path(), ETHERNET, &all_prefixes(&data));
        let whole = told.last().unwrap();
        for (member, length) in fields.iter().map(|&(length, member)| (member, length)) {
            assert!(!whole[member].is_null(), "{member} of {whole}");
            for told in &told[length..] {
                assert_eq!(told[member], whole[member], "{member} of {told}");
            }
            // With one byte less, the member is missing, or the addresses are those of Ethernet.
            assert_ne!(
                told[length - 1][member],
                whole[member],
                "{}",
                told[length - 1]
            );
        }
    }
}

#[test]
fn wrong_lengths_hide_no_ports_and_flags() {
    let folder = tempfile::tempdir().unwrap();
    let tcp_of = |offset: u8| {
        let mut header = tcp(0);
        header[12] = offset << 4;
        ipv4((A, B), 6, 0, 0, &header)
    };
    let udp_of = |length: u16| {
        let mut header = udp(1, 2, b"abcd");
        header[4..6].copy_from_slice(&length.to_be_bytes());
        ipv4((A, B), 17, 0, 0, &header)
    };
    let total_of = |total: u16| {
        let mut packet = ipv4((A, B), 17, 0, 0, &udp(1, 2, b"abcd"));
        packet[2..4].copy_from_slice(&total.to_be_bytes());
        packet
    };
    let tcp_line = "192.0.2.1:40000 > 192.0.2.2:443 TCP [S.] seq 7";
    for offset in [0, 1, 4, 6, 15] {
        let shown = line(folder.path(), ETHERNET, &ethernet(0x0800, &tcp_of(offset)));
        assert!(
            shown.starts_with(tcp_line) && shown.ends_with(" ack 9 win 512"),
            "{offset}: {shown}"
        );
    }
    for packet in [0, 3, 7, 13, 65_535]
        .map(udp_of)
        .into_iter()
        .chain([0, 19, 65_535].map(total_of))
    {
        let shown = line(folder.path(), ETHERNET, &ethernet(0x0800, &packet));
        assert_eq!(shown, "192.0.2.1:1 > 192.0.2.2:2 UDP");
    }
    // Padding after the packet is not decoded.
    let padded = ethernet(0x0800, &total_of(20));
    assert_eq!(
        line(folder.path(), ETHERNET, &padded),
        "192.0.2.1 > 192.0.2.2 UDP"
    );
    for length in [0, 40_000] {
        let mut packet = ipv6(6, &tcp(2));
        packet[4..6].copy_from_slice(&u16::to_be_bytes(length));
        let shown = line(folder.path(), ETHERNET, &ethernet(0x86dd, &packet));
        assert!(
            shown.contains(":40000 > ") && shown.contains("[S.]"),
            "{shown}"
        );
    }
    let mut explicit = tcp(0);
    explicit[12] |= 1;
    let shown = line(
        folder.path(),
        ETHERNET,
        &ethernet(0x0800, &ipv4((A, B), 6, 0, 0, &explicit)),
    );
    assert!(shown.contains("TCP [S.e] seq"), "{shown}");
}

#[test]
fn tunnels_show_the_packets_inside() {
    let folder = tempfile::tempdir().unwrap();
    for (outside, data) in tunnels() {
        let shown = line(folder.path(), ETHERNET, &data);
        let expected = format!("{outside} 10.0.0.1:1 > 10.0.0.2:2 UDP");
        assert_eq!(shown, expected.trim_start(), "{outside}");
    }
    let packets: Vec<Record> = tunnels()
        .into_iter()
        .map(|(_, data)| record(0, 0, data))
        .collect();
    let told = read(folder.path(), ETHERNET, &packets);
    assert_eq!(
        (&told[0]["mpls"], &told[1]["pppoe"]),
        (&json!([100, 5]), &json!([9]))
    );
    let tunnel = json!({"protocol": "VXLAN", "id": 42, "source": "192.0.2.1", "source_port": 5,
        "destination": "192.0.2.2", "destination_port": 4789});
    assert_eq!(told[7]["tunnels"], json!([tunnel]));
    // Apart from their VLANs, all packets belong to one flow.
    let prefix = folder.path().join("flow");
    let path = write_file(
        folder.path(),
        "a.pcap",
        &savefile(false, false, ETHERNET, &packets),
    );
    let split = run_program(
        "split",
        &[
            "--flow",
            "--ignore-vlan",
            path_arg(&path),
            "-o",
            path_arg(&prefix),
        ],
    );
    assert_eq!(split.lines().len(), 1, "{}", split.text());
    assert!(
        split.text().ends_with(", 10.0.0.1:1 > 10.0.0.2:2 UDP\n"),
        "{}",
        split.text()
    );
}

#[test]
fn first_fragments_have_ports() {
    let folder = tempfile::tempdir().unwrap();
    let first = ipv4((A, B), 17, 0, 0x2000, &udp(7, 8, &[0; 8]));
    let last = ipv4((A, B), 17, 0, 2, &[0; 8]);
    let [first, last] = [first, last].map(|packet| ethernet(0x0800, &packet));
    let shown = line(folder.path(), ETHERNET, &first);
    assert_eq!(shown, "192.0.2.1:7 > 192.0.2.2:8 UDP fragment 4660 at 0");
    let shown = line(folder.path(), ETHERNET, &last);
    assert_eq!(shown, "192.0.2.1 > 192.0.2.2 UDP fragment 4660 at 16");
    let six = |place: u8, rest: &[u8]| {
        let header = [17, 0, 0, place, 0, 0, 0, 5];
        ethernet(0x86dd, &ipv6(44, &[&header, rest].concat()))
    };
    let shown = line(folder.path(), ETHERNET, &six(1, &udp(7, 8, &[0; 8])));
    assert!(shown.starts_with("[2001:db8::1]:7 > [") && shown.ends_with("]:8 UDP fragment 5 at 0"));
    let shown = line(folder.path(), ETHERNET, &six(16, &[0; 8]));
    assert!(shown.starts_with("2001:db8::1 > ") && shown.ends_with(" UDP fragment 5 at 16"));
    let packets = [record(0, 0, first), record(1, 0, last)];
    let told = read(folder.path(), ETHERNET, &packets);
    assert_eq!(
        (&told[0]["source_port"], &told[0]["destination_port"]),
        (&json!(7), &json!(8))
    );
    assert_eq!(told[1]["fragment"], json!({"id": 0x1234, "offset": 16}));
}

#[test]
fn cooked_protocols_depend_on_the_device() {
    let folder = tempfile::tempdir().unwrap();
    for version in 0..2 {
        let linktype = [SLL, SLL2][version];
        let packets: Vec<Record> = devices()
            .iter()
            .map(|(hardware, protocol, rest, _)| {
                let [v1, v2] = cooked(0, *hardware, *protocol, rest);
                record(0, 0, [v1, v2][version].1.clone())
            })
            .collect();
        let told = read(folder.path(), linktype, &packets);
        for (told, (hardware, _, _, name)) in told.iter().zip(devices()) {
            assert_eq!(told["protocol"], name, "{told}");
            assert_eq!(told["hardware_type"], hardware, "{told}");
            assert_eq!(told["destination_port"] == 2, name == "UDP", "{told}");
            assert_eq!(told["info"], Value::Null, "{told}");
        }
        let path = write_file(
            folder.path(),
            "a.pcap",
            &savefile(false, false, linktype, &packets),
        );
        let prefix = folder.path().join(format!("v{version}"));
        let split = run_program(
            "split",
            &["--flow", path_arg(&path), "-o", path_arg(&prefix)],
        );
        // The seven UDP packets are one flow, and the others are ten flows.
        assert_eq!(split.lines().len(), 11, "{}", split.text());
    }
}

#[test]
fn cooked_headers_show_interface_and_direction() {
    let folder = tempfile::tempdir().unwrap();
    let inner = ipv4((C, D), 17, 0, 0, &udp(1, 2, b"inner"));
    let words = ["In", "B", "M", "P", "Out", "packet type 9"];
    let names = [
        "host",
        "broadcast",
        "multicast",
        "otherhost",
        "outgoing",
        "9",
    ];
    for ((number, word), name) in [0, 1, 2, 3, 4, 9].into_iter().zip(words).zip(names) {
        for (linktype, data) in cooked(number, 1, 0x0800, &inner) {
            let index = if linktype == SLL2 { "if3 " } else { "" };
            let shown = line(folder.path(), linktype, &data);
            assert_eq!(shown, format!("{index}{word} 10.0.0.1:1 > 10.0.0.2:2 UDP"));
            let told = &read(folder.path(), linktype, &[record(0, 0, data)])[0];
            let direction = match number {
                9 => Value::Null,
                4 => json!("out"),
                _ => json!("in"),
            };
            let index = if linktype == SLL2 {
                json!(3)
            } else {
                Value::Null
            };
            assert_eq!(
                (&told["direction"], &told["packet_type"]),
                (&direction, &json!(name))
            );
            assert_eq!(
                (&told["interface_index"], &told["interface"]),
                (&index, &Value::Null)
            );
        }
    }
}

/// The fields of tshark that are compared.
const FIELDS: [&str; 13] = [
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "udp.srcport",
    "udp.dstport",
    "tcp.srcport",
    "tcp.dstport",
    "sctp.srcport",
    "dccp.srcport",
    "vlan.id",
    "mpls.label",
    "tcp.flags",
];

/// Returns what tshark prints for each packet of a file.
fn by_tshark(path: &Path) -> Vec<BTreeMap<&'static str, Vec<String>>> {
    let mut options = vec!["-n", "-r", path_arg(path), "-T", "fields"];
    for option in ["ip.defragment:FALSE", "ipv6.defragment:FALSE"] {
        options.extend(["-o", option]);
    }
    options.extend(FIELDS.iter().flat_map(|field| ["-e", field]));
    // A packet without any of these fields is a line of tabs.
    let text = run_tool("tshark", &options);
    text.lines()
        .map(|line| {
            let values = line.split('\t').map(|values| {
                let values = values.split(',').filter(|value| !value.is_empty());
                values.map(str::to_owned).collect()
            });
            FIELDS.into_iter().zip(values).collect()
        })
        .collect()
}

/// Returns the same fields from the JSON of `pcap-read`: those of the tunnels, then those of the packet.
fn by_ours(told: &Value) -> BTreeMap<&'static str, Vec<String>> {
    let mut fields: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut add = |field: &'static str, value: &Value| {
        let text = value.as_str().map_or(value.to_string(), str::to_owned);
        fields.entry(field).or_default().push(text);
    };
    let tunnels = told["tunnels"].as_array().into_iter().flatten();
    for ends in tunnels.chain([told]) {
        for (end, v4, v6) in [
            ("source", "ip.src", "ipv6.src"),
            ("destination", "ip.dst", "ipv6.dst"),
        ] {
            match ends[end].as_str() {
                Some(text) if text.parse::<std::net::Ipv4Addr>().is_ok() => add(v4, &ends[end]),
                Some(text) if text.parse::<std::net::Ipv6Addr>().is_ok() => add(v6, &ends[end]),
                _ => {}
            }
        }
        let (from, to) = match ends["protocol"].as_str().unwrap_or_default() {
            "TCP" => ("tcp.srcport", "tcp.dstport"),
            "SCTP" => ("sctp.srcport", ""),
            "DCCP" => ("dccp.srcport", ""),
            _ => ("udp.srcport", "udp.dstport"),
        };
        for (field, port) in [
            (from, &ends["source_port"]),
            (to, &ends["destination_port"]),
        ] {
            if !port.is_null() {
                add(field, port);
            }
        }
    }
    for (field, member) in [("vlan.id", "vlans"), ("mpls.label", "mpls")] {
        let numbers = told[member].as_array().into_iter().flatten();
        numbers.for_each(|number| add(field, number));
    }
    if let Some(flags) = told["flags"].as_array() {
        let bit = |flag: &Value| {
            1 << ["FIN", "SYN", "RST", "PSH", "ACK"]
                .iter()
                .position(|f| flag == f)
                .unwrap()
        };
        let flags: u32 = flags.iter().map(bit).sum();
        fields.insert("tcp.flags", vec![format!("{flags:#06x}")]);
    }
    fields
}

#[test]
fn no_truncated_packet_contradicts_tshark() {
    let folder = tempfile::tempdir().unwrap();
    let frames = fields().into_iter().map(|(data, _)| data);
    let frames = frames.chain(tunnels().into_iter().map(|(_, data)| data));
    let ethernet: Vec<Record> = frames.flat_map(|data| all_prefixes(&data)).collect();
    let mut all = vec![(ETHERNET, ethernet)];
    for version in 0..2 {
        // Exclude Frame Relay, for which tshark interprets an unused field, and devices that tshark does not know.
        let known = |device: &(u16, _, _, _)| device.0 < 800 && device.0 != 770;
        let packets = devices().into_iter().filter(known);
        let packets = packets.flat_map(|(hardware, protocol, rest, _)| {
            all_prefixes(&cooked(0, hardware, protocol, &rest)[version].1)
        });
        all.push(([SLL, SLL2][version], packets.collect()));
    }
    for (linktype, packets) in all {
        let told = read(folder.path(), linktype, &packets);
        let theirs = by_tshark(&folder.path().join("a.pcap"));
        assert_eq!((told.len(), theirs.len()), (packets.len(), packets.len()));
        for (told, theirs) in told.iter().zip(theirs) {
            let ours = by_ours(told);
            for (field, theirs) in theirs {
                // tshark omits the other fields of a truncated header, so it may have fewer values.
                let ours = ours.get(field).map_or(&[][..], Vec::as_slice);
                assert!(
                    ours.starts_with(&theirs),
                    "{field}: {theirs:?} here {ours:?} of {told}"
                );
            }
        }
    }
}
