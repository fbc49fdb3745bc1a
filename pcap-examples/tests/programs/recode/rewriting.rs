//! Addresses, ports and VLAN tags replaced by `pcap-recode`, checked by tshark.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use etherparse::PacketBuilder;

use super::{fields, recode, recoded, records};
use crate::common::{Record, path_arg, record, run_program, run_tool, savefile, write_file};

/// What tshark reports of packets with a wrong checksum.
const BAD: &str = "_ws.expert.message matches \"(?i)bad.*checksum\" || ip.checksum.status == 0 || \
    tcp.checksum.status == 0 || udp.checksum.status == 0 || icmp.checksum.status == 0 || \
    icmpv6.checksum.status == 0";

/// Returns Ethernet frames with right checksums.
fn packets() -> Vec<Record> {
    let mut packets = Vec::new();
    for host in 1..20u8 {
        let payload = vec![host; usize::from(host) * 3];
        let v4 = || {
            let ethernet = PacketBuilder::ethernet2([0, 0x1b, 0x21, 0, 0, host], [2; 6]);
            ethernet.ipv4([10, 7, host / 4, host], [198, 51, 100, host ^ 3], 64)
        };
        let v6 = || {
            let tagged = PacketBuilder::ethernet2([2; 6], [0, 0x1b, 0x21, 0, 0, host])
                .single_vlan(u16::from(host).try_into().unwrap());
            let address = |last| [0x20, 1, 0xd, 0xb8, host, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
            tagged.ipv6(address(1), address(host), 64)
        };
        let mut add = |write: &dyn Fn(&mut Vec<u8>)| {
            let mut data = Vec::new();
            write(&mut data);
            packets.push(record(1_700_000_000, u32::from(host), data));
        };
        add(&|data| v4().tcp(40_000, 80, 1, 2).write(data, &payload).unwrap());
        add(&|data| v6().tcp(40_000, 80, 1, 2).write(data, &payload).unwrap());
        add(&|data| v4().udp(40_000, 9999).write(data, &payload).unwrap());
        add(&|data| v6().udp(40_000, 9999).write(data, &payload).unwrap());
        add(&|data| {
            v4().icmpv4_echo_request(1, 2)
                .write(data, &payload)
                .unwrap()
        });
        add(&|data| {
            v6().icmpv6_echo_request(1, 2)
                .write(data, &payload)
                .unwrap()
        });
        let mut inner = Vec::new();
        v4().tcp(40_000, 80, 1, 2)
            .write(&mut inner, &payload)
            .unwrap();
        let vxlan = [&[8, 0, 0, 0, 0, 0, 5, 0][..], &inner].concat();
        add(&|data| v4().udp(40_000, 4789).write(data, &vxlan).unwrap());
    }
    packets
}

fn bad_checksums(path: &Path) -> String {
    let mut arguments = vec!["-n", "-r", path_arg(path)];
    for protocol in ["ip", "tcp", "udp"] {
        arguments.extend([
            "-o",
            match protocol {
                "ip" => "ip.check_checksum:TRUE",
                "tcp" => "tcp.check_checksum:TRUE",
                _ => "udp.check_checksum:TRUE",
            },
        ]);
    }
    arguments.extend(["-Y", BAD]);
    run_tool("tshark", &arguments)
}

fn key(folder: &Path) -> String {
    let path = write_file(folder, "key", &[b'7'; 64]);
    path_arg(&path).to_owned()
}

#[test]
fn tshark_finds_no_bad_checksum_in_rewritten_files() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.pcap");
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &packets()),
    );
    assert_eq!(bad_checksums(&input), "");
    let key = key(folder.path());
    for options in [
        "--ip 10.7.0.0/16=192.168.0.0/16 --ip 2001:db8::/32=fd00::/32",
        "--src-ip 0.0.0.0/0=1.2.3.4 --dst-port 80=8080 --src-port 1-65535=7 --ttl -5",
        "--vlan-remove=all --vlan-add 5,type=88a8 --vlan-add 6,priority=3 --dst-mac 02:00:00:00:00:09",
        "--payload zero --fix-checksums",
        "-y RAW --ip 10.7.0.0/16=192.168.0.0/16",
        "-s 70 --ip 10.7.0.0/16=192.168.0.0/16",
        &format!("--anonymize {key}"),
        &format!("--anonymize {key} --keep-oui --keep-network 10.0.0.0/8 --payload cut"),
    ] {
        let options: Vec<_> = options.split_whitespace().collect();
        recoded(&options, &input, &output);
        assert_eq!(bad_checksums(&output), "", "{options:?}");
        let numbers = fields(&output, &["frame.number"]);
        assert_eq!(numbers.lines().count(), packets().len());
    }
    // Packets cut to 60 bytes become valid again.
    let cut = folder.path().join("cut.pcap");
    recoded(&["-s", "60"], &input, &cut);
    for how in ["truncate", "pad"] {
        recoded(&["--fix-lengths", how, "--fix-checksums"], &cut, &output);
        assert_eq!(bad_checksums(&output), "", "{how}");
        let malformed = [
            "-n",
            "-r",
            path_arg(&output),
            "-Y",
            "_ws.short || frame.cap_len != frame.len",
        ];
        assert_eq!(run_tool("tshark", &malformed), "");
    }
}

#[test]
fn every_level_gets_the_new_addresses_and_ports() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.pcap");
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &packets()[..7]),
    );
    let options = [
        "--ip",
        "10.7.0.1=1.2.3.4",
        "--src-mac",
        "02:00:00:00:00:09",
        "--port",
        "80=81",
    ];
    recoded(&options, &input, &output);
    let found = fields(
        &output,
        &["eth.src", "ip.src", "tcp.dstport", "udp.dstport"],
    );
    let lines: Vec<_> = found.lines().collect();
    assert_eq!(lines[0], "02:00:00:00:00:09\t1.2.3.4\t81\t");
    assert_eq!(
        lines[6],
        "02:00:00:00:00:09,00:1b:21:00:00:01\t1.2.3.4,1.2.3.4\t81\t4789"
    );
    // The lengths of the others stay, and so do times.
    let lengths = |path| fields(path, &["frame.time_epoch", "frame.len", "frame.cap_len"]);
    assert_eq!(lengths(&output), lengths(&input));
    recoded(&["--vlan-add", "9"], &input, &output);
    let vlans = fields(&output, &["vlan.id"]);
    assert_eq!(vlans.lines().nth(1), Some("9,1"));
}

#[test]
fn anonymized_addresses_keep_their_prefixes_and_agree_across_files() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["a.pcap", "b.pcap"].map(|name| folder.path().join(name));
    let all = packets();
    let key = key(folder.path());
    let anonymize = |packets: &[Record], output: &Path| {
        let input = write_file(
            folder.path(),
            "in.pcap",
            &savefile(false, false, 1, packets),
        );
        let (_, bytes) = recoded(&["--anonymize", &key], &input, output);
        let both = [&input, output].map(|path| fields(path, &["ip.src", "ipv6.src"]));
        (records(&bytes).to_vec(), both)
    };
    let (whole, [before, after]) = anonymize(&all, &first);
    let (rest, _) = anonymize(&all[50..], &second);
    assert!(whole.ends_with(&rest));
    let addresses = |text: &str| -> Vec<u128> {
        let words = text
            .split([',', '\t', '\n'])
            .filter(|word| !word.is_empty());
        let bits = words.map(|word| match word.parse().unwrap() {
            IpAddr::V4(address) => u128::from(u32::from(address)) << 96,
            IpAddr::V6(address) => address.into(),
        });
        bits.collect()
    };
    let (before, after) = (addresses(&before), addresses(&after));
    assert_eq!(before.len(), after.len());
    for (a, b) in before.iter().zip(&after) {
        for (c, d) in before.iter().zip(&after) {
            assert_eq!((a ^ c).leading_zeros(), (b ^ d).leading_zeros());
        }
    }
    let kept = Ipv4Addr::new(10, 7, 0, 1).to_string();
    assert!(!fields(&first, &["ip.src"]).contains(&kept));
}

#[test]
fn keys_are_created_once_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &packets()[..3]),
    );
    let [one, two, key] = ["one.pcap", "two.pcap", "new key"].map(|name| folder.path().join(name));
    let anonymize = |options: &[&str], output: &Path| {
        let options = [&["--anonymize", path_arg(&key)][..], options].concat();
        recode(&options, &input, output)
    };
    let ran = anonymize(&[], &one);
    assert_eq!(ran.status, Some(1));
    assert!(ran.stderr.contains("cannot read the key"), "{}", ran.stderr);
    assert!(!one.exists());
    assert_eq!(anonymize(&["--new-key"], &one).status, Some(0));
    let text = std::fs::read_to_string(&key).unwrap();
    assert_eq!(text.trim_end().len(), 64);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = key.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(anonymize(&[], &two).status, Some(0));
    assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());
    // A key is never overwritten.
    assert_eq!(anonymize(&["--new-key"], &one).status, Some(1));
    assert_eq!(std::fs::read_to_string(&key).unwrap(), text);
    std::fs::write(&key, "short").unwrap();
    let ran = anonymize(&[], &one);
    let expected = "expected 32 bytes or 64 hexadecimal digits, found 5 bytes";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    std::fs::remove_file(&key).unwrap();
    let ran = anonymize(&[], &one);
    let expected = "No such file or directory (os error 2); --new-key creates it\n";
    assert!(ran.stderr.ends_with(expected), "{}", ran.stderr);
}

#[test]
fn other_link_types_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.pcap");
    let refused = |linktype, options: &[&str], expected: &str| {
        let bytes = savefile(false, false, linktype, &packets()[..3]);
        let input = write_file(folder.path(), "in.pcap", &bytes);
        let ran = recode(options, &input, &output);
        assert_eq!(ran.status, Some(1));
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
        assert!(!output.exists());
    };
    refused(249, &["--ttl", "5"], "found USBPCAP");
    refused(
        101,
        &["--vlan-add", "5"],
        "expected the link type EN10MB, found RAW",
    );
}

#[test]
fn the_key_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &packets()),
    );
    let (key, new) = (key(folder.path()), folder.path().join("new"));
    let before = std::fs::read(&key).unwrap();
    for (options, output) in [
        (&["--anonymize", &key][..], &key),
        (
            &["--new-key", "--anonymize", path_arg(&new)],
            &path_arg(&new).to_owned(),
        ),
    ] {
        let ran = run_program("recode", &[options, &[path_arg(&input), output]].concat());
        assert_eq!(ran.status, Some(1));
        assert!(
            ran.stderr.contains("for OUT: it is also the file"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(std::fs::read(&key).unwrap(), before);
    assert!(!new.exists());
}
