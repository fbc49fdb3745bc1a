//! Tests of `pcap-read` on savefiles of all formats, compared with tcpdump and tshark.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::common::{
    path_arg, program, raw_line, record, run, run_into_broken_pipe, run_program, run_tool,
    run_with_stdin, sample_packets, sample_packets_nano, savefile, write_file,
};

/// Returns the time with nine decimals and the bytes of each packet, as tcpdump prints them.
fn by_tcpdump(path: &str) -> Vec<(String, String)> {
    let options = [
        "--time-stamp-precision=nano",
        "-tt",
        "-n",
        "-xx",
        "-r",
        path,
    ];
    let mut packets: Vec<(String, String)> = Vec::new();
    for line in run_tool("tcpdump", &options).lines() {
        match line.strip_prefix("\t0x") {
            Some(row) => {
                let (_, digits) = row.split_once(':').expect("an offset");
                let hex = &mut packets.last_mut().expect("a packet").1;
                hex.extend(digits.chars().filter(char::is_ascii_hexdigit));
            }
            None => {
                let time = line.split(' ').next().unwrap_or_default();
                packets.push((time.to_owned(), String::new()));
            }
        }
    }
    packets
}

/// Returns the time, caplen and wire length of each packet, as tshark prints them.
fn by_tshark(path: &str) -> Vec<String> {
    let fields = [
        "-e",
        "frame.time_epoch",
        "-e",
        "frame.cap_len",
        "-e",
        "frame.len",
    ];
    let options = [
        &["-n", "-r", path, "-T", "fields", "-E", "separator= "],
        &fields[..],
    ]
    .concat();
    run_tool("tshark", &options)
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn raw_lines_agree_with_tcpdump_and_tshark() {
    let folder = tempfile::tempdir().unwrap();
    for (swapped, nano) in [(false, false), (false, true), (true, false), (true, true)] {
        let packets = if nano {
            sample_packets_nano()
        } else {
            sample_packets()
        };
        let path = write_file(
            folder.path(),
            "a.pcap",
            &savefile(swapped, nano, 1, &packets),
        );
        let printed = run_program("read", &["--raw", path_arg(&path)]).success_output();
        assert_eq!(printed, packets.iter().map(raw_line).collect::<String>());
        let (tcpdump, tshark) = (by_tcpdump(path_arg(&path)), by_tshark(path_arg(&path)));
        assert_eq!(
            (tcpdump.len(), tshark.len()),
            (packets.len(), packets.len())
        );
        for ((line, (time, hex)), fields) in printed.lines().zip(tcpdump).zip(tshark) {
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!((words[0], words[3]), (time.as_str(), hex.as_str()));
            assert_eq!(words[..3].join(" "), fields);
        }
    }
}

#[test]
fn pcapng_is_read_like_pcap() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_file(
        folder.path(),
        "a.pcap",
        &savefile(true, true, 1, &sample_packets_nano()),
    );
    let raw = run_program("read", &["--raw", path_arg(&path)]).success_output();
    let [pcapng, pcap] = ["b.pcapng", "c.pcap"].map(|name| folder.path().join(name));
    run_tool(
        "editcap",
        &["-F", "pcapng", path_arg(&path), path_arg(&pcapng)],
    );
    let nano = "--time-stamp-precision=nano";
    run_tool(
        "tcpdump",
        &[nano, "-r", path_arg(&path), "-w", path_arg(&pcap)],
    );
    for copy in [pcapng, pcap] {
        assert_eq!(
            run_program("read", &["--raw", path_arg(&copy)]).success_output(),
            raw
        );
    }
}

#[test]
fn unusual_packets_have_lines() {
    let folder = tempfile::tempdir().unwrap();
    let odd = [
        (0, 0, Vec::new(), 0),
        (u32::MAX, 999_999_999, vec![0xab], 1),
        (5, 1, Vec::new(), 1500),
        record(6, 2, (0..=255).collect()),
    ];
    let path = write_file(folder.path(), "a.pcap", &savefile(false, true, 147, &odd));
    let raw = run_program("read", &["--raw", path_arg(&path)]).success_output();
    assert_eq!(raw, odd.iter().map(raw_line).collect::<String>());
    let lines = run_program("read", &[path_arg(&path)]).success_output();
    assert_eq!(lines.lines().count(), odd.len());
    assert!(lines.contains(" USER0 000102030405060708090a0b0c0d0e0f…, length 256\n"));
}

#[test]
fn lines_and_json_describe_the_packets() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_file(
        folder.path(),
        "a.pcap",
        &savefile(false, false, 1, &sample_packets()),
    );
    let lines = run_program("read", &[path_arg(&path)]).success_output();
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines.len(), sample_packets().len());
    assert_eq!(
        lines[0],
        "22:13:20.000000 192.0.2.1:12345 > 192.0.2.2:53 UDP, length 1"
    );
    assert_eq!(
        lines[4],
        "22:13:24.000400 192.0.2.1:443 > 192.0.2.2:4000 TCP [P.] seq 0:1400 ack 1 \
         win 512, length 1400 (96 of 1454 captured)"
    );

    let json = run_program("read", &["--json", "--data", path_arg(&path)]).success_output();
    let raw = run_program("read", &["--raw", path_arg(&path)]).success_output();
    assert_eq!(json.lines().count(), sample_packets().len());
    for (json, raw) in json.lines().zip(raw.lines()) {
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let line = format!(
            "{} {} {} {}",
            text("time"),
            value["caplen"],
            value["len"],
            text("data")
        );
        assert_eq!(line, raw);
        assert_eq!(text("type"), "packet");
    }
}

#[test]
fn filters_limits_and_counts_match_tcpdump() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_file(
        folder.path(),
        "a.pcap",
        &savefile(true, false, 1, &sample_packets()),
    );
    let path = path_arg(&path);
    for expression in [
        "",
        "udp",
        "tcp[tcpflags] & tcp-push != 0",
        "greater 100",
        "ip6",
        "arp",
    ] {
        let expected = run_tool("tcpdump", &["-r", path, "--count", expression]);
        let expected = expected.split(' ').next().unwrap_or_default().to_owned() + "\n";
        let counted = run_program("read", &["--count", "-f", expression, path]).success_output();
        assert_eq!(counted, expected, "{expression}");
        let lines = run_program("read", &["--raw", "-f", expression, path]).success_output();
        assert_eq!(
            format!("{}\n", lines.lines().count()),
            expected,
            "{expression}"
        );
    }
    assert_eq!(
        run_program("read", &["--count", path, path]).success_output(),
        "16\n"
    );
    assert_eq!(
        run_program("read", &["--count", "-c", "11", path, path]).success_output(),
        "11\n"
    );
    assert_eq!(
        run_program("read", &["--raw", "-c", "11", path, path])
            .success_output()
            .lines()
            .count(),
        11
    );
    let input = fs::read(path).unwrap();
    let piped = run_with_stdin(program("read").args(["--raw", "-"]), &input).success_output();
    assert_eq!(
        piped,
        run_program("read", &["--raw", path]).success_output()
    );
}

#[test]
fn files_after_a_damaged_one_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let whole = savefile(false, false, 1, &sample_packets());
    let good = write_file(folder.path(), "good.pcap", &whole);
    let cut = write_file(folder.path(), "cut.pcap", &whole[..whole.len() - 3]);
    let text = write_file(folder.path(), "text", b"This is no savefile, as one sees.");
    let ran = run(program("read").arg("--raw").args([&cut, &text, &good]));
    assert_eq!(ran.status, Some(1));
    let raw: Vec<String> = sample_packets().iter().map(raw_line).collect();
    assert_eq!(ran.text(), raw[..raw.len() - 1].concat() + &raw.concat());
    let errors: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(errors.len(), 2, "{}", ran.stderr);
    for (error, path) in errors.iter().zip([&cut, &text]) {
        assert!(error.starts_with("pcap-read: cannot "), "{error}");
        assert!(error.contains(path_arg(path)), "{error}");
    }
    let ran = run(program("read").arg("--count").args([&cut, &good]));
    assert_eq!((ran.status, ran.text()), (Some(1), "15\n"));
}

/// Shows the synopsis of tcpdump: `-r FILE EXPR`.
#[test]
fn words_after_r_are_the_filter() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &sample_packets());
    let [first, second] = ["a.pcap", "b.pcap"].map(|name| write_file(folder.path(), name, &bytes));
    let (first, second) = (path_arg(&first), path_arg(&second));
    for (words, number) in [
        (&["-r", first][..], 8),
        (&["-r", first, "udp"], 3),
        (&["-nr", first, "udp", "or", "icmp"], 4),
        (&["-r", first, "-r", second, "udp"], 6),
        (&["tcp", "and", "port 443", "-r", first, "-r", second], 8),
        (&["-r", first, "-f", "udp"], 3),
        (&["-r", first, "-c", "2", "udp"], 2),
        (&["-r", first, "ether[0]", "=", "-1"], 0),
    ] {
        let lines = run_program("read", words).success_output();
        assert_eq!(lines.lines().count(), number, "{words:?}");
    }
    let twice = run_program("read", &["-r", first, "-f", "udp", "tcp"]);
    assert_eq!((twice.status, twice.text()), (Some(2), ""));
    let wrong = run_program("read", &["-r", first, second]);
    assert_eq!((wrong.status, wrong.text()), (Some(1), ""));
    assert!(wrong.stderr.contains("cannot compile"), "{}", wrong.stderr);
    let write = run_program("read", &["-r", first, "-w", second, "udp"]);
    assert_eq!((write.status, write.text()), (Some(2), ""));
    assert!(
        write.stderr.contains("`pcap-filter IN OUT"),
        "{}",
        write.stderr
    );
    assert_eq!(std::fs::read(second).unwrap(), bytes);
}

/// Each file of an expression is read once, even if there are several savefiles.
#[test]
fn an_expression_on_standard_input_filters_all_files() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &sample_packets());
    let path = write_file(folder.path(), "a.pcap", &bytes);
    let mut command = program("read");
    command.args(["-F", "-", "--count", path_arg(&path), path_arg(&path)]);
    let counted = run_with_stdin(&mut command, b"udp # names");
    assert_eq!(counted.success_output(), "6\n");
}

#[test]
fn arguments_that_are_not_files_are_rejected_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_file(
        folder.path(),
        "a.pcap",
        &savefile(false, false, 1, &sample_packets()),
    );
    let below = path.join("b.pcap");
    let (path, below, inside) = (path_arg(&path), path_arg(&below), path_arg(folder.path()));
    for words in [
        &[path, "arp"][..],
        &[path, "tcp", "port", "443"],
        &["-", "arp"],
        &[path, inside],
        &[path, below, path],
    ] {
        for form in ["--raw", "--json", "--count"] {
            let ran = run_with_stdin(program("read").arg(form).args(words), b"");
            assert_eq!(ran.status, Some(1), "{words:?}");
            // Only JSON says why on standard output, too.
            let objects = usize::from(form == "--json");
            assert_eq!(ran.text().lines().count(), objects, "{words:?}");
            let wrong = words.iter().filter(|word| !["-", path].contains(word));
            for (line, word) in ran.stderr.lines().zip(wrong) {
                assert!(
                    line.starts_with(&format!("pcap-read: cannot open `{word}`: ")),
                    "{line}"
                );
                if *word == "arp" {
                    let why = ": No such file or directory (os error 2); filter with ";
                    assert!(!cfg!(unix) || line.contains(why), "{line}");
                }
                let has_hint = line.ends_with("; filter with `-r FILE EXPR` or `-f EXPR FILE`");
                assert_eq!(has_hint, ![below, inside].contains(word), "{line}");
            }
        }
    }
}

#[test]
fn errors_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str, linktype: u32| {
        let bytes = savefile(false, false, linktype, &sample_packets());
        write_file(folder.path(), name, &bytes)
    };
    let (good, cooked) = (of("a.pcap", 1), of("b.pcap", 113));
    let ran = run_program(
        "read",
        &["--count", "-f", "vlan", path_arg(&good), path_arg(&cooked)],
    );
    assert_eq!((ran.status, ran.text()), (Some(1), "0\n"));
    let start = format!(
        "pcap-read: cannot filter `{}`: cannot compile `vlan`: ",
        path_arg(&cooked)
    );
    assert!(ran.stderr.starts_with(&start), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
}

#[test]
fn exit_status_separates_usage_from_failure() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_file(
        folder.path(),
        "a.pcap",
        &savefile(false, false, 1, &sample_packets()),
    );
    let path = path_arg(&path);
    for (arguments, status) in [
        (&["--help"][..], 0),
        (&["--version"], 0),
        (&[], 2),
        (&["--raw", "--json", path], 2),
        (&["-c", "0", path], 2),
        (&["-c", "many", path], 2),
        (&["--no-such-option", path], 2),
        (&["-f", "tcp prot 80", path], 1),
        (&["/no/such/file"], 1),
    ] {
        let ran = run_program("read", arguments);
        assert_eq!(ran.status, Some(status), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stderr.is_empty(), status == 0, "{arguments:?}");
    }
    let ran = run_program("read", &["-f", "tcp prot 80", path]);
    assert!(ran.stderr.contains("syntax error"), "{}", ran.stderr);
}

#[test]
fn a_closed_output_pipe_is_not_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let many: Vec<_> = (0..20_000).map(|n| record(n, 0, vec![0; 100])).collect();
    let path = write_file(folder.path(), "a.pcap", &savefile(false, false, 1, &many));
    for option in ["--raw", "--json", "-l"] {
        let ran = run_into_broken_pipe(program("read").args([option, path_arg(&path)]));
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{option}");
    }
}

/// A file that is still being written: its header, then a record in two halves, then Ctrl-C.
#[test]
fn a_growing_file_is_followed_until_ctrl_c() {
    let folder = tempfile::tempdir().expect("a folder");
    let all = sample_packets_nano();
    let whole = savefile(false, true, 1, &all);
    let path = write_file(folder.path(), "a.pcap", &whole[..10]);
    let mut child = program("read")
        .args(["--raw", "--follow", path_arg(&path)])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut lines = BufReader::new(child.stdout.take().expect("standard output")).lines();
    let mut growing = OpenOptions::new().append(true).open(&path).expect("a file");
    for part in [&whole[10..50], &whole[50..]] {
        thread::sleep(Duration::from_millis(50));
        growing.write_all(part).expect("room");
    }
    for record in &all {
        // Each line appears while the file is still growing.
        let line = lines.next().expect("a line").expect("text");
        assert_eq!(line + "\n", raw_line(record));
    }
    assert!(child.try_wait().expect("its status").is_none());
    // SAFETY: the child was not waited for yet, so its process ID is still valid.
    assert_eq!(unsafe { libc::kill(child.id() as i32, libc::SIGINT) }, 0);
    assert!(lines.next().is_none());
    let ended = child.wait_with_output().expect("its end");
    assert!(ended.status.success(), "{ended:?}");
    assert!(ended.stderr.is_empty(), "{ended:?}");

    let two = run_program("read", &["--follow", path_arg(&path), path_arg(&path)]);
    assert_eq!(two.status, Some(2));
    let ran = run_with_stdin(program("read").args(["--follow", "-"]), &whole);
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stderr
            .contains("cannot follow `-`: expected a regular file"),
        "{}",
        ran.stderr
    );
}
