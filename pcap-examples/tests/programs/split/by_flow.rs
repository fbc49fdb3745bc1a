//! Splitting by flow.

use std::collections::HashMap;

use etherparse::{IpFragOffset, IpNumber, Ipv4Header, PacketBuilder};

use super::{contents, split};
use crate::common::{Record, path_arg, program, record, run, run_tool, savefile, write_file};

/// Returns packets of several kinds of flows, with both directions interleaved.
fn conversations() -> Vec<Record> {
    let (a, b, c) = ([192, 0, 2, 1], [192, 0, 2, 2], [192, 0, 2, 3]);
    let ethernet = || PacketBuilder::ethernet2([2; 6], [4; 6]);
    let mut all: Vec<Vec<u8>> = Vec::new();
    let mut add = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut data = Vec::new();
        write(&mut data);
        all.push(data);
    };
    for (from, to, ports) in [
        (a, b, (1000, 80)),
        (b, a, (80, 1000)),
        (a, b, (80, 1000)),
        (a, c, (1000, 80)),
        (c, a, (80, 1000)),
        (b, a, (1000, 80)),
    ] {
        add(&|data| {
            let ip = ethernet().ipv4(from, to, 64);
            ip.tcp(ports.0, ports.1, 1, 2).write(data, b"tcp").unwrap();
        });
        add(&|data| {
            let ip = ethernet().ipv4(from, to, 64);
            ip.udp(ports.0, ports.1).write(data, b"udp!").unwrap();
        });
        add(&|data| {
            let ip = ethernet()
                .single_vlan(7.try_into().unwrap())
                .ipv4(from, to, 64);
            ip.icmpv4_echo_request(1, ports.0)
                .write(data, b"ping")
                .unwrap();
        });
        add(&|data| {
            let ip = ethernet().ipv6([from[3]; 16], [to[3]; 16], 64);
            ip.udp(ports.0, ports.1).write(data, b"six").unwrap();
        });
        let ip = |data: &mut Vec<u8>, number: u8, fragment: (bool, u16), payload: &[u8]| {
            data.extend([4, 4, 4, 4, 4, 4, 2, 2, 2, 2, 2, 2, 8, 0]);
            let length = payload.len() as u16;
            let mut header = Ipv4Header::new(length, 64, IpNumber(number), from, to).unwrap();
            header.more_fragments = fragment.0;
            header.fragment_offset = IpFragOffset::try_new(fragment.1).unwrap();
            header.header_checksum = header.calc_header_checksum();
            header.write(data).unwrap();
            data.extend(payload);
        };
        let ports = [ports.0.to_be_bytes(), ports.1.to_be_bytes()].concat();
        let sctp = [&ports[..], &[0; 8], &[11, 0, 0, 4]].concat();
        add(&|data| ip(data, 132, (false, 0), &sctp));
        add(&|data| {
            ip(
                data,
                17,
                (true, 0),
                &[&ports[..], &[0, 24, 0, 0], &[9; 8]].concat(),
            )
        });
        add(&|data| ip(data, 17, (false, 2), &[9; 8]));
        add(&|data| {
            data.extend([255, 255, 255, 255, 255, 255, 2, 2, 2, 2, 2, 2, 8, 6]);
            data.extend([0, 1, 8, 0, 6, 4, 0, 1, 2, 2, 2, 2, 2, 2]);
            data.extend([&from[..], &[0; 6], &to].concat());
        });
    }
    (0..).zip(all).map(|(n, data)| record(n, 0, data)).collect()
}

// Shows: parity/programs-dump-split-recode
#[test]
fn flows_match_the_fields_of_tshark() {
    let folder = tempfile::tempdir().unwrap();
    let all = conversations();
    let input = write_file(folder.path(), "in.pcap", &savefile(false, false, 1, &all));
    let pairs = [
        ("ip.src", "ip.dst"),
        ("ipv6.src", "ipv6.dst"),
        ("arp.src.proto_ipv4", "arp.dst.proto_ipv4"),
        ("tcp.srcport", "tcp.dstport"),
        ("udp.srcport", "udp.dstport"),
        ("sctp.srcport", "sctp.dstport"),
    ];
    let mut options = vec![
        "-n",
        "-r",
        path_arg(&input),
        "-T",
        "fields",
        "-E",
        "occurrence=f",
    ];
    // Decode each fragment separately: only the first has ports.
    options.extend(["-o", "ip.defragment:FALSE"]);
    for field in pairs.iter().flat_map(|pair| [pair.0, pair.1]) {
        options.extend(["-e", field]);
    }
    options.extend(["-e", "ip.proto", "-e", "ipv6.nxt", "-e", "ip.frag_offset"]);
    let mut numbers = HashMap::new();
    let mut groups: Vec<Vec<Record>> = Vec::new();
    let mut last = 0;
    for (line, packet) in run_tool("tshark", &options).lines().zip(&all) {
        let fields: Vec<&str> = line.split('\t').collect();
        let (sides, rest) = fields.split_at(12);
        // Addresses come before ports.
        let side =
            |which: usize| -> Vec<&str> { (0..6).map(|pair| sides[2 * pair + which]).collect() };
        let mut ends = [side(0), side(1)];
        ends.sort();
        let is_arp = !sides[4].is_empty();
        let key = format!("{ends:?} {} {} {is_arp}", rest[0], rest[1]);
        let next = groups.len();
        // A later fragment immediately follows the first fragment of its datagram.
        let number = match rest[2].parse().unwrap_or(0) {
            0 => *numbers.entry(key).or_insert(next),
            _ => last,
        };
        last = number;
        if number == next {
            groups.push(Vec::new());
        }
        groups[number].push(packet.clone());
    }
    // TCP, UDP, IPv6 and SCTP have three flows each. ICMP and ARP have two, one per pair of hosts.
    assert_eq!(groups.len(), 16);
    let expected: Vec<Vec<u8>> = groups
        .iter()
        .map(|group| savefile(false, false, 1, group))
        .collect();
    for most in ["1", "2", "7", "100"] {
        let written = split(folder.path(), &input, &["--flow", "--max-open", most]);
        assert_eq!(written, expected, "{most}");
    }
    assert_eq!(split(folder.path(), &input, &["--flow"]), expected);
}

#[cfg(unix)]
#[test]
fn many_flows_need_few_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    let flow = |n: u32| {
        let mut data = Vec::new();
        PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
            .udp((n % 1000) as u16, 53)
            .write(&mut data, &n.to_be_bytes())
            .unwrap();
        record(n, 0, data)
    };
    let packets: Vec<Record> = (0..3000).map(flow).collect();
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 101, &packets),
    );
    for (name, options) in [("ours", &["--max-open", "20"][..]), ("fewer", &[])] {
        let prefix = folder.path().join(name);
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "ulimit -n 40; exec \"$@\"", "sh"]);
        command.arg(program("split").get_program());
        command.args(["--flow", "-o", path_arg(&prefix), path_arg(&input)]);
        let ran = run(command.args(options));
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        assert_eq!(ran.stderr, "3000 of 3000 packets in 1000 savefiles\n");
        let line = format!("{}-00007.pcap: 3 packets, 168 bytes", prefix.display());
        assert_eq!(ran.lines()[7], line + ", 10.0.0.1:7 > 10.0.0.2:53 UDP");
        let written = contents(folder.path(), &format!("{name}-"));
        assert_eq!(written.len(), 1000);
        for (written, n) in written.iter().zip(0..) {
            let of_it = [0, 1000, 2000].map(|m| flow(m + n));
            assert_eq!(*written, savefile(false, false, 101, &of_it), "{n}");
        }
    }
}
