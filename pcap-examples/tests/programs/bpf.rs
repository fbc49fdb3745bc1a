//! Tests of `pcap-bpf`, compared with tcpdump: both print the same listings.

use crate::common::{
    Record, path_arg, program, record, run, run_program, run_tool, sample_packets, savefile,
    write_file,
};

const EXPRESSIONS: [&str; 10] = [
    "",
    "arp",
    "udp port 53",
    "host 192.0.2.1 and not tcp",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
    "ip6 and (udp or icmp6)",
    "greater 100 or ip[0] & 0xf != 5",
    "portrange 1000-2000",
    "net 192.0.2.0/24",
    "ip proto 47 or len > 1000",
];

#[test]
fn bytecode_is_the_decimal_listing_on_one_line() {
    let expected = run_tool("tcpdump", &["-y", "RAW", "-ddd", "tcp port 80"]);
    let expected = expected.trim_end().replace('\n', ",") + "\n";
    let options = ["--bytecode", "-y", "RAW", "tcp port 80"];
    assert_eq!(run_program("bpf", &options).success_output(), expected);
}

#[test]
#[cfg_attr(
    emulated,
    ignore = "the machine's tcpdump compiles for its own byte order"
)]
fn listings_match_tcpdump() {
    for (number, expression) in EXPRESSIONS.iter().enumerate() {
        for linktype in ["EN10MB", "RAW", "LINUX_SLL", "NULL"] {
            let form = ["-d", "-dd", "-ddd"][number % 3];
            let mut options = vec!["-y", linktype, form];
            if number % 2 == 1 {
                options.push("-O");
            }
            if number % 4 == 2 {
                options.extend(["-s", "96"]);
            }
            options.push(expression);
            let expected = run_tool("tcpdump", &options);
            assert_eq!(
                run_program("bpf", &options).success_output(),
                expected,
                "{options:?}"
            );
        }
    }
}

#[test]
fn words_of_an_expression_are_joined() {
    let expected = run_tool("tcpdump", &["-d", "-y", "EN10MB", "tcp", "port", "80"]);
    assert_eq!(
        run_program("bpf", &["tcp", "port", "80"]).success_output(),
        expected
    );
    assert_eq!(
        run_program("bpf", &["-y", "1", "tcp port 80"]).success_output(),
        expected
    );
    assert_eq!(
        run_program("bpf", &[]).success_output(),
        "(000) ret      #262144\n"
    );
    assert_eq!(
        run_program("bpf", &["-s", "0"]).success_output(),
        "(000) ret      #262144\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = write_file(
        folder.path(),
        "f",
        b"tcp # all of it\n# but only\nport 80\n",
    );
    assert_eq!(
        run_program("bpf", &["-F", path_arg(&path)]).success_output(),
        expected
    );
}

#[test]
fn filters_run_on_the_packets_of_a_savefile() {
    let folder = tempfile::tempdir().unwrap();
    let ethernet = savefile(true, true, 1, &sample_packets());
    // The same packets without Ethernet headers: the same expression compiles to another program.
    let bare = sample_packets()
        .into_iter()
        .map(|(s, n, data, _)| record(s, n, data[14..].to_vec()));
    let raw = savefile(false, false, 101, &bare.collect::<Vec<_>>());
    for (name, bytes) in [("ethernet", ethernet), ("raw", raw)] {
        let path = write_file(folder.path(), name, &bytes);
        let path = path_arg(&path);
        for expression in &EXPRESSIONS[2..] {
            let expected = run_tool("tcpdump", &["-r", path, "--count", expression]);
            let expected = expected.split(' ').next().unwrap_or_default().to_owned();
            let matched = run_program("bpf", &["--match", path, expression]).success_output();
            assert_eq!(matched.trim_end(), expected, "{name}: {expression}");
            // The filter returns the savefile's snaplen for packets that it accepts.
            let values = run_program("bpf", &["--run", path, expression]).success_output();
            let values: Vec<&str> = values.lines().collect();
            assert_eq!(values.len(), sample_packets().len());
            assert!(values.iter().all(|&value| value == "0" || value == "65535"));
            let passed = values.iter().filter(|&&value| value == "65535").count();
            assert_eq!(passed.to_string(), expected, "{name}: {expression}");
        }
    }
}

/// tcpdump also compiles filters for the handle of the savefile.
#[test]
fn filters_are_compiled_for_the_savefile() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name, swapped, linktype, packets: &[Record]| {
        let bytes = savefile(swapped, false, linktype, packets);
        path_arg(&write_file(folder.path(), name, &bytes)).to_owned()
    };
    let ethernet = write("ethernet", false, 1, &sample_packets());
    for (path, expression, text) in [
        (&ethernet, "ip and arp", "expression rejects all packets"),
        (
            &ethernet,
            "inbound",
            "not supported on Ethernet when reading savefiles",
        ),
        (
            &ethernet,
            "ifindex 2",
            "not supported on Ethernet when reading savefiles",
        ),
        (&write("usb", false, 189, &[]), "tcp", "USB"),
    ] {
        for option in ["--run", "--match"] {
            let ran = run_program("bpf", &[option, path, expression]);
            assert_eq!(
                (ran.status, &*ran.stdout),
                (Some(1), &b""[..]),
                "{expression}: {}",
                ran.stderr
            );
            assert!(ran.stderr.contains(text), "{expression}: {}", ran.stderr);
        }
    }

    // Loopback packets contain address families of the system that wrote the savefile, in its byte order.
    let packet = |family: u32, swapped: bool| {
        let family = if swapped { family.swap_bytes() } else { family };
        record(1, 0, [&family.to_ne_bytes()[..], &[0x60; 60]].concat())
    };
    for swapped in [false, true] {
        let packets = [2, 24, 28, 30].map(|family| packet(family, swapped));
        let path = write("loopback", swapped, 0, &packets);
        assert_eq!(
            run_program("bpf", &["--match", &path, "ip"]).success_output(),
            "1\n"
        );
        assert_eq!(
            run_program("bpf", &["--match", &path, "ip6"]).success_output(),
            "3\n"
        );
        let returned = "0\n65535\n65535\n65535\n";
        assert_eq!(
            run_program("bpf", &["--run", &path, "ip6"]).success_output(),
            returned
        );
    }
}

#[test]
fn values_before_the_damage_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let whole = savefile(false, false, 1, &sample_packets());
    let path = write_file(folder.path(), "cut.pcap", &whole[..whole.len() - 1]);
    let ran = run(program("bpf").args(["--run", path_arg(&path), "udp"]));
    assert_eq!(
        (ran.status, ran.lines().len()),
        (Some(1), sample_packets().len() - 1)
    );
    assert!(ran.stderr.contains("truncated"), "{}", ran.stderr);
}

#[test]
fn errors_have_libpcaps_text_and_the_right_status() {
    for (arguments, status, text) in [
        (&["tcp prot 80"][..], 1, "syntax error"),
        (
            &["-y", "RAW", "ether host 2:0:0:0:0:1"],
            1,
            "cannot compile",
        ),
        (&["ip broadcast"], 1, "netmask not known"),
        (&["-F", "/no/such/file"], 1, "/no/such/file"),
        (&["--run", "/no/such/file"], 1, "/no/such/file"),
        (&["-y", "CARRIER_PIGEON"], 2, "CARRIER_PIGEON"),
        (&["--netmask", "wide"], 2, "--netmask"),
        (&["-F", "a", "udp"], 2, "cannot be used with"),
        (&["--run", "a", "--match", "b"], 2, "cannot be used with"),
        (&["-s", "96", "--run", "a"], 2, "cannot be used with"),
        (&["-s", "96", "--match", "a"], 2, "cannot be used with"),
    ] {
        let ran = run_program("bpf", arguments);
        assert_eq!(ran.status, Some(status), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(text), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stdout.is_empty());
    }
    run_program("bpf", &["--netmask", "255.255.255.0", "ip broadcast"]).success_output();
}
