//! `pcap-recode` against editcap, tcpdump, tshark and gzip.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common;
use crate::common::{
    Ran, Record, arg, by_tool, feed, file, nano_packets, not_written, ours, packets, program,
    record, run, run_into_broken_pipe, savefile, tool, written_and_error,
};

/// Runs `pcap-recode` from one file to another.
fn recode(options: &[&str], input: &Path, output: &Path) -> Ran {
    run(program("recode").args(options).args([input, output]))
}

/// Does the same, if it succeeds; returns what it printed, and what it wrote.
fn recoded(options: &[&str], input: &Path, output: &Path) -> (String, Vec<u8>) {
    let ran = recode(options, input, output);
    assert_eq!(ran.status, Some(0), "{options:?}: {}", ran.stderr);
    (ran.stderr, fs::read(output).unwrap())
}

/// Returns the records of a savefile, without its header.
fn records(bytes: &[u8]) -> &[u8] {
    &bytes[24..]
}

/// Returns the given fields of all packets, as tshark decodes them.
fn fields(path: &Path, names: &[&str]) -> String {
    let mut arguments = vec!["-n", "-r", arg(path), "-T", "fields"];
    names.iter().for_each(|name| arguments.extend(["-e", name]));
    tool("tshark", &arguments)
}

/// Returns an ARP request.
fn arp() -> Vec<u8> {
    let mut frame = vec![0xff; 6];
    frame.extend([4, 4, 4, 4, 4, 4, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
    frame.extend([
        4, 4, 4, 4, 4, 4, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 9,
    ]);
    frame
}

/// Replaces the link header of packets by what a closure returns for their type and the rest.
fn relinked(packets: &[Record], header: impl Fn(&[u8], &[u8]) -> Vec<u8>) -> Vec<Record> {
    let relink = |(secs, nanos, data, len): &Record| {
        let changed = header(&data[12..14], &data[14..]);
        let len = len + changed.len() as u32 - data.len() as u32;
        (*secs, *nanos, changed, len)
    };
    packets.iter().map(relink).collect()
}

// Shows: parity/programs-dump-split-recode
#[test]
fn savefiles_are_those_of_editcap_byte_by_byte() {
    let folder = tempfile::tempdir().unwrap();
    let [ng, gz] = ["in.pcapng", "in.gz"].map(|name| folder.path().join(name));
    let [ours, theirs] = ["ours.pcap", "theirs.pcap"].map(|name| folder.path().join(name));
    for (swapped, nano) in [(false, false), (false, true), (true, false), (true, true)] {
        let bytes = savefile(swapped, nano, 1, &nano_packets());
        let input = file(folder.path(), "in.pcap", &bytes);
        tool("editcap", &["-F", "pcapng", arg(&input), arg(&ng)]);
        fs::write(&gz, gzip(&bytes)).unwrap();
        let same = if nano { "nsecpcap" } else { "pcap" };
        // The options of editcap in addition to `-F` of the same format, unless they include another one.
        let mut tried = vec![
            ("", ""),
            ("--snaplen 60", "-s 60"),
            ("-s 1", "-s 1"),
            ("--precision micro", "-F pcap"),
            ("--precision nano", "-F nsecpcap"),
            ("--linktype RAW --relabel", "-T rawip"),
            ("--shift 3600", "-t 3600"),
            ("--shift -1.999999", "-t -1.999999"),
            (
                "-s70 --shift=0.5 --precision=micro -l 147 --relabel",
                "-F pcap -s 70 -t 0.5 -T user0",
            ),
        ];
        if nano {
            tried.push(("--shift -0.000000001", "-t -0.000000001"));
        }
        for (options, expected) in tried {
            let options: Vec<_> = options.split_whitespace().collect();
            let options = options.as_slice();
            let mut editcap = vec!["-F", same];
            editcap.extend(expected.split_whitespace());
            editcap.extend([arg(&input), arg(&theirs)]);
            tool("editcap", &editcap);
            let expected = by_tool(&theirs);
            for input in [&input, &gz] {
                let (_, bytes) = recoded(options, input, &ours);
                assert_eq!(
                    bytes, expected,
                    "{options:?} of {input:?}, {swapped} {nano}"
                );
            }
            // Also of a pcapng file, whose snaplen and precision editcap chose.
            if options.is_empty() {
                let (_, bytes) = recoded(
                    &["--precision", if nano { "nano" } else { "micro" }],
                    &ng,
                    &ours,
                );
                assert_eq!(records(&bytes), records(&expected));
            }
            let piped = feed(
                program("recode").args(options).args(["-", "-"]),
                &fs::read(&input).unwrap(),
            );
            assert_eq!(
                (piped.status, piped.stdout),
                (Some(0), expected),
                "{options:?}"
            );
        }
    }
}

#[test]
fn the_summary_says_what_became_of_the_packets() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &packets()),
    );
    let output = folder.path().join("out.pcap");
    let (said, _) = recoded(&["-s", "60"], &input, &output);
    let cut = packets().iter().filter(|p| p.2.len() > 60).count();
    assert_eq!(said, format!("8 of 8 packets\n{cut} cut\n"));
    let ran = ours(
        "recode",
        &["-q", "--json", "-s", "60", arg(&input), arg(&output)],
    );
    let summary: serde_json::Value = serde_json::from_str(&ran.good()).unwrap();
    assert_eq!(
        summary,
        serde_json::json!({"type": "summary", "read": 8, "written": 8, "skipped": 0,
            "reasons": {}, "cut": cut, "untagged": 0})
    );
    let ran = ours("recode", &["-q", "--json", arg(&input), "-"]);
    assert_eq!(ran.stdout, fs::read(&input).unwrap());
    assert!(
        ran.stderr.starts_with("{\"type\":\"summary\",\"read\":8"),
        "{}",
        ran.stderr
    );
}

#[test]
fn ethernet_and_raw_ip_become_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let zeros = relinked(&nano_packets(), |kind, rest| {
        [&[0; 12], kind, rest].concat()
    });
    let bare = relinked(&nano_packets(), |_, rest| rest.to_vec());
    let ethernet = file(
        folder.path(),
        "eth.pcap",
        &savefile(true, true, 1, &nano_packets()),
    );
    let [raw, back] = ["raw.pcap", "back.pcap"].map(|name| folder.path().join(name));
    let (said, bytes) = recoded(&["--linktype", "RAW"], &ethernet, &raw);
    assert_eq!(said, "8 of 8 packets\n");
    assert_eq!(bytes, savefile(false, true, 101, &bare));
    let (_, bytes) = recoded(&["-l", "ethernet"], &raw, &back);
    assert_eq!(records(&bytes), records(&savefile(false, true, 1, &zeros)));
    // The longest packet may be longer by the header.
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
    let decoded = |path: &Path| tool("tcpdump", &["-n", "-tt", "-v", "-r", arg(path)]);
    assert_eq!(decoded(&raw), decoded(&ethernet));
}

#[test]
fn cooked_and_loopback_become_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut mixed = packets();
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
    let bare = relinked(&packets(), |_, rest| rest.to_vec());
    for (number, packets, expected) in [
        (113, relinked(&mixed, sll), framed(&mac, &mixed)),
        (276, relinked(&mixed, sll2), framed(&mac, &mixed)),
        (0, relinked(&packets(), null), framed(&[0; 6], &packets())),
    ] {
        let input = file(
            folder.path(),
            "in.pcap",
            &savefile(false, false, number, &packets),
        );
        // Other programs recognize what is written.
        assert!(fields(&input, &["ip.src"]).starts_with("192.0.2.1\n"));
        let output = folder.path().join("out.pcap");
        let (_, bytes) = recoded(&["-l", "ETHERNET"], &input, &output);
        assert_eq!(
            records(&bytes),
            records(&savefile(false, false, 1, &expected)),
            "{number}"
        );
        let (said, bytes) = recoded(&["-l", "RAW", "--skip"], &input, &output);
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
fn the_inconvertible_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut mixed = packets();
    mixed.insert(2, record(1_700_000_002, 0, arp()));
    let mut tagged = vec![4; 12];
    tagged.extend([0x81, 0, 0, 5, 8, 0]);
    tagged.extend(&packets()[0].2[14..]);
    mixed.push(record(1_700_000_008, 0, tagged));
    mixed.push(record(1_700_000_009, 0, vec![4; 9]));
    let mut other = vec![4; 12];
    other.extend([0x88, 0xcc, 0x45]);
    mixed.push(record(1_700_000_010, 0, other));
    let input = file(folder.path(), "in.pcap", &savefile(false, false, 1, &mixed));
    let output = folder.path().join("out.pcap");

    let ran = recode(&["-l", "RAW"], &input, &output);
    let (said, error) = ran.stderr.split_once('\n').unwrap();
    assert_eq!((ran.status, said), (Some(1), "2 of 3 packets"));
    let (input_name, output_name) = (arg(&input), arg(&output));
    assert_eq!(
        error,
        format!(
            "pcap-recode: cannot convert packet 3 of `{input_name}` to LINKTYPE_RAW: it is ARP; \
                 use --skip to skip such packets\n"
        )
    );
    assert_eq!(ours("read", &["--count", output_name]).good(), "2\n");

    let ran = ours(
        "recode",
        &["-l", "RAW", "--skip", "--json", input_name, output_name],
    );
    assert_eq!(ran.status, Some(0));
    assert_eq!(
        ran.stderr,
        "9 of 12 packets\n3 skipped: 1 truncated in its link header, 1 ARP, 1 type 0x88cc\n\
         1 without their VLAN tags\n"
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
    let count = |path, filter| tool("tcpdump", &["-n", "-r", path, filter]).lines().count();
    let before = count(input_name, "ip or ip6 or (vlan and ip)");
    assert_eq!((before, count(output_name, "ip or ip6")), (9, 9));

    let ran = recode(&["-l", "USB_LINUX"], &input, &output);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stderr
            .starts_with("pcap-recode: cannot convert LINKTYPE_ETHERNET to LINKTYPE_USB_LINUX: ")
    );
}

#[test]
fn pcapng_is_written_and_holds_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let [ng, gz, back] = ["out.pcapng", "ng.gz", "back.pcap"].map(|name| folder.path().join(name));
    for (swapped, nano) in [(false, false), (false, true), (true, true)] {
        let whole = savefile(swapped, nano, 1, &nano_packets());
        let input = file(folder.path(), "in.pcap", &whole);
        let expected = savefile(false, nano, 1, &nano_packets());
        let (said, bytes) = recoded(&["--format", "pcapng"], &input, &ng);
        assert_eq!(said, "8 of 8 packets\n");
        assert_eq!(bytes[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
        // Converted there and back by editcap and by this program, and as tshark reads it.
        let format = if nano { "nsecpcap" } else { "pcap" };
        tool("editcap", &["-F", format, arg(&ng), arg(&back)]);
        // Except the snaplen, which editcap does not keep.
        let theirs = by_tool(&back);
        assert!(records(&theirs) == records(&expected), "{swapped} {nano}");
        let precision = ["--precision", if nano { "nano" } else { "micro" }];
        assert!(recoded(&precision, &ng, &back).1 == expected);
        let names = ["frame.time_epoch", "frame.cap_len", "frame.len", "ip.src"];
        assert_eq!(fields(&ng, &names), fields(&input, &names));
        let (_, packed) = recoded(&["--format", "pcapng"], &input, &gz);
        assert_eq!(gunzip(&packed), bytes);
        let piped = feed(
            program("recode").args(["--format=pcapng", "-", "-"]),
            &whole,
        );
        assert_eq!((piped.status, piped.stdout), (Some(0), bytes));
    }
    // Together with all other options.
    let input = file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &packets()),
    );
    let options = ["-l", "RAW", "-s", "40", "--shift", "0.000000001"];
    let options = [&options[..], &["--precision", "nano"]].concat();
    let (_, expected) = recoded(&options, &input, &back);
    recoded(
        &[&options[..], &["--format", "pcapng"]].concat(),
        &input,
        &ng,
    );
    assert_eq!(recoded(&[], &ng, &back).1, expected);
}

#[test]
fn what_is_not_changed_stays_in_the_header() {
    let folder = tempfile::tempdir().unwrap();
    // Four bytes of a frame check sequence after each packet.
    let bytes = savefile(false, true, 0x2400_0001, &nano_packets());
    let input = file(folder.path(), "in.pcap", &bytes);
    let output = folder.path().join("out.pcap");
    assert_eq!(recoded(&[], &input, &output).1, bytes);
    let (_, shifted) = recoded(&["--shift", "1"], &input, &output);
    assert_eq!(shifted[..24], bytes[..24]);
    for (options, linktype) in [
        (&["-s", "40"][..], 0x2400_0001_u32),
        (&["--precision", "micro"], 0x2400_0001),
        (&["-l", "RAW"], 101),
    ] {
        let (_, changed) = recoded(options, &input, &output);
        assert_eq!(changed[20..24], linktype.to_ne_bytes(), "{options:?}");
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &packets()),
    );
    let output = folder.path().join("out.pcap");
    let ran = recode(&["--shift", "-1700000004"], &input, &output);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stderr.contains("pcap-recode: packet 1: cannot write `") && ran.stderr.contains("1970"),
        "{}",
        ran.stderr
    );
    let ran = recode(&["--shift", "0.0000001"], &input, &output);
    assert_eq!(ran.status, Some(1));
    assert!(ran.stderr.contains("--precision nano"), "{}", ran.stderr);
}

/// Compresses bytes with gzip.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let ran = feed(Command::new("gzip").args(["-c"]), bytes);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    ran.stdout
}

/// Decompresses bytes with gzip, which must find them complete.
fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let ran = feed(Command::new("gzip").args(["-dc"]), bytes);
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
    ran.stdout
}

#[test]
fn gzip_is_read_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let whole = savefile(false, true, 1, &nano_packets());
    let plain = file(folder.path(), "in.pcap", &whole);
    // Recognized by its content and not by its name; several members in a row are one file.
    let (start, rest) = whole.split_at(100);
    let packed = file(folder.path(), "in", &[gzip(start), gzip(rest)].concat());
    let [gz, out] = ["out.pcap.gz", "out.pcap"].map(|name| folder.path().join(name));
    for input in [&plain, &packed] {
        assert_eq!(gunzip(&recoded(&[], input, &gz).1), whole);
        assert_eq!(gunzip(&recoded(&["--gzip"], input, &out).1), whole);
        assert_eq!(recoded(&[], input, &out).1, whole);
        let bytes = fs::read(input).unwrap();
        let piped = feed(program("recode").args(["--gzip", "-", "-"]), &bytes);
        assert_eq!(
            (piped.status, gunzip(&piped.stdout)),
            (Some(0), whole.clone())
        );
    }
    // Any link type can be written, even one without a number in libpcap.
    let mut other = whole;
    other[20..24].copy_from_slice(&5000_u32.to_ne_bytes());
    let relabelled = recoded(&["-l", "5000", "--relabel"], &plain, &gz);
    assert_eq!(gunzip(&relabelled.1), other);
}

#[test]
fn a_damaged_gzip_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    // Incompressible data is compressed in pieces.
    let mut state = 1_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let many: Vec<_> = (0..500)
        .map(|n| record(n, 0, (0..1000).map(|_| random()).collect()))
        .collect();
    let packed = gzip(&savefile(false, false, 1, &many));
    let mut wrong_sum = packed.clone();
    let end = packed.len();
    wrong_sum[end - 8] ^= 1;
    let output = folder.path().join("out.pcap");
    for (bytes, least, most) in [(&packed[..end / 2], 100, 250), (&wrong_sum, 500, 500)] {
        let input = file(folder.path(), "in.pcap.gz", bytes);
        let ran = recode(&[], &input, &output);
        assert_eq!(ran.status, Some(1), "{}", ran.stderr);
        let error = ran.stderr.lines().last().unwrap();
        let start = format!("pcap-recode: cannot read `{}`: ", arg(&input));
        assert!(error.starts_with(&start), "{error}");
        let count = ours("read", &["--count", arg(&output)]).good();
        let count: u32 = count.trim().parse().unwrap();
        assert!((least..=most).contains(&count), "{count}");
        assert!(
            ran.stderr
                .starts_with(&format!("{count} of {count} packets\n"))
        );
    }
}

#[test]
fn errors_leave_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &packets());
    let input = file(folder.path(), "in.pcap", &bytes);
    let output = file(folder.path(), "out.pcap", b"precious");
    let (i, o) = (arg(&input), arg(&output));
    for (arguments, status, text) in [
        (
            &["/no/such/file", o][..],
            1,
            "pcap-recode: cannot open `/no/such/file`: ",
        ),
        (&[i], 2, "OUT"),
        (&["--skip", i, o], 2, "--linktype"),
        (&["--relabel", i, o], 2, "--linktype"),
        (
            &["-l", "RAW", "--skip", "--relabel", i, o],
            2,
            "cannot be used with",
        ),
        (&["-l", "pigeon", i, o], 2, "pigeon"),
        (&["-s", "0", i, o], 2, "0"),
        (&["--shift", "soon", i, o], 2, "a number of seconds"),
        (&["--precision", "pico", i, o], 2, "micro, nano"),
        (&["--format", "text", i, o], 2, "pcap, pcapng"),
        (&["-l", "USB_LINUX", i, o], 1, "cannot convert"),
    ] {
        let ran = ours("recode", arguments);
        assert_eq!(ran.status, Some(status), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(text), "{arguments:?}: {}", ran.stderr);
        assert_eq!(fs::read(&output).unwrap(), b"precious");
    }
    let ran = ours("recode", &[i, i]);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stderr.contains("it is also the input"),
        "{}",
        ran.stderr
    );
    assert_eq!(fs::read(&input).unwrap(), bytes);
    for name in ["/no/such/folder/a.pcap", "/no/such/folder/a.pcap.gz"] {
        let ran = ours("recode", &[i, name]);
        let start = format!("pcap-recode: cannot create `{name}`: ");
        assert!(
            ran.status == Some(1) && ran.stderr.starts_with(&start),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn a_damaged_file_is_copied_to_the_damage() {
    let folder = tempfile::tempdir().unwrap();
    let whole = savefile(false, false, 1, &packets());
    let input = file(folder.path(), "in.pcap", &whole[..whole.len() - 1]);
    let output = folder.path().join("out.pcap.gz");
    let ran = recode(&[], &input, &output);
    assert_eq!(ran.status, Some(1));
    let (summary, error) = ran.stderr.split_once('\n').unwrap();
    assert_eq!(summary, "7 of 7 packets");
    assert!(
        error.starts_with("pcap-recode: cannot read ") && error.contains("truncated"),
        "{error}"
    );
    assert_eq!(
        gunzip(&fs::read(&output).unwrap()),
        savefile(false, false, 1, &packets()[..7])
    );
}

#[test]
fn a_savefile_without_a_reader_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let many: Vec<_> = (0..40_000_u32)
        .map(|n| record(n, 0, n.wrapping_mul(2_654_435_761).to_le_bytes().repeat(25)))
        .collect();
    let input = file(folder.path(), "in.pcap", &savefile(false, false, 1, &many));
    for options in [&[][..], &["--gzip"], &["--format", "pcapng"]] {
        let ran = run_into_broken_pipe(program("recode").args(options).args([arg(&input), "-"]));
        assert_eq!(ran.status, Some(1), "{}", ran.stderr);
        let (written, error) = written_and_error(&ran.stderr);
        assert!(written < 40_000, "{}", ran.stderr);
        assert!(not_written(&ran.stderr) > 0, "{}", ran.stderr);
        assert!(
            error.starts_with("pcap-recode: cannot write `-`: Broken pipe"),
            "{error}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_names_the_file() {
    if !common::live::is_root() {
        return;
    }
    let many: Vec<_> = (0..200_000_u32)
        .map(|n| {
            record(
                n,
                n % 1_000_000_000,
                n.wrapping_mul(2_654_435_761).to_le_bytes().repeat(5),
            )
        })
        .collect();
    let pcapng = ["--format", "pcapng"];
    for options in [&[][..], &["--gzip"], &pcapng] {
        let folder = tempfile::tempdir().unwrap();
        let input = file(folder.path(), "in.pcap", &savefile(false, true, 1, &many));
        let (status, error, _) = common::live::on_small_disk(folder.path(), |output| {
            let mut command = program("recode");
            command.args(options).args([arg(&input), output]);
            command
        });
        assert_eq!(status, 1, "{error}");
        let (written, error) = written_and_error(&error);
        assert!(written < 200_000, "{written}");
        assert!(error.starts_with("pcap-recode: cannot write `"), "{error}");
        assert!(
            error.contains("/out.pcap`: No space left on device"),
            "{error}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_leaves_a_whole_savefile() {
    use std::io::Write;
    use std::process::Stdio;
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.pcap.gz");
    let bytes = savefile(false, false, 1, &packets());
    let mut command = program("recode");
    command
        .args(["-", arg(&output)])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&bytes).unwrap();
    // Once there is an output, Ctrl-C can be sent.
    let start = std::time::Instant::now();
    while !output.exists() {
        assert!(start.elapsed().as_secs() < 10, "it does not begin");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    // SAFETY: the child has not been waited for, so the number is still its own.
    assert_eq!(unsafe { libc::kill(child.id() as i32, libc::SIGINT) }, 0);
    std::thread::sleep(std::time::Duration::from_millis(100));
    // A signal does not interrupt a pipe: it takes effect with the next packet.
    let rest = records(&bytes).repeat(20_000);
    let _ = stdin.write_all(&rest);
    drop(stdin);
    let ran = child.wait_with_output().unwrap();
    let error = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(1), "{error}");
    assert!(
        error.ends_with("pcap-recode: stopped before the end of `-`\n"),
        "{error}"
    );
    let copied = gunzip(&fs::read(&output).unwrap());
    // Complete packets, those that were read before the signal.
    assert!([bytes, rest.clone()].concat().starts_with(&copied));
    tool(
        "tcpdump",
        &["-r", arg(&file(folder.path(), "copy.pcap", &copied))],
    );
    assert!(copied.len() < rest.len());
}
