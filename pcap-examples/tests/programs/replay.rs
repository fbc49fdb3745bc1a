//! `pcap-replay` on veth pairs: what is sent into one end comes out of the other.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::live::{Running, in_netns, ip, is_root};
use crate::common::{
    Ran, Record, arg, copied, feed, file, ours, packets, program, record, run, savefile, tool,
};

/// Creates two devices, `left` and `right`, without other traffic.
fn pair() {
    ip("link add left type veth peer name right");
    for end in ["left", "right"] {
        ip(&format!("link set {end} arp off up"));
    }
}

/// Returns frames of different lengths that begin with their numbers.
fn frames(count: u32) -> Vec<Record> {
    let frame = |number: u32| {
        let mut data = vec![2; 12];
        data.extend([0x88, 0xb5]);
        data.extend(number.to_be_bytes());
        data.resize(60 + number as usize * 7 % 1400, number as u8);
        record(1_700_000_000, number * 1000, data)
    };
    (0..count).map(frame).collect()
}

/// Returns frames of 60 bytes at this interval in milliseconds.
fn every(millis: u32, count: u32) -> Vec<Record> {
    let mut frames = frames(count);
    for (index, frame) in frames.iter_mut().enumerate() {
        let time = index as u32 * millis;
        (frame.0, frame.1) = (1_700_000_000 + time / 1000, time % 1000 * 1_000_000);
        frame.2.truncate(60);
        frame.3 = 60;
    }
    frames
}

/// Returns the data of the packets in a savefile of this machine, parsed independently.
fn data(path: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    let mut rest = &bytes[24..];
    let mut packets = Vec::new();
    while !rest.is_empty() {
        let length = u32::from_ne_bytes(rest[8..12].try_into().unwrap()) as usize;
        packets.push(rest[16..16 + length].to_vec());
        rest = &rest[16 + length..];
    }
    packets
}

/// Captures what arrives at `right` while a closure runs, until there were `count` packets, and returns the savefile.
fn received(folder: &Path, count: usize, send: impl FnOnce()) -> PathBuf {
    let path = folder.join("received.pcap");
    let mut command = program("capture");
    command.args([
        "-i",
        "right",
        "-B",
        "64M",
        "-Q",
        "in",
        "-c",
        &count.to_string(),
    ]);
    let running = Running::start(command.args(["--immediate", "-s", "2048", "-w", arg(&path)]));
    send();
    let (status, _, stderr) = running.end();
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert!(
        stderr.contains(&format!("{count} packets captured")),
        "{stderr}"
    );
    path
}

/// Replays a savefile on `left`, quietly, and returns its summary.
fn replayed(options: &[&str], path: &Path) -> (Ran, serde_json::Value) {
    let mut command = program("replay");
    let ran = run(command
        .args(["-q", "--json", "-i", "left"])
        .args(options)
        .arg(path));
    let summary = serde_json::from_str(ran.text()).unwrap_or_default();
    (ran, summary)
}

// Shows: parity/programs-dump-split-recode
#[test]
fn at_full_speed_all_arrive_in_order() {
    in_netns(|| {
        pair();
        let folder = tempfile::tempdir().unwrap();
        let sent = frames(20_000);
        let bytes: usize = sent.iter().map(|packet| packet.2.len()).sum();
        let input = file(folder.path(), "in.pcap", &savefile(false, false, 1, &sent));
        let path = received(folder.path(), sent.len(), || {
            let ran = ours("replay", &["-i", "left", "--fast", arg(&input)]);
            assert_eq!(ran.status, Some(0), "{}", ran.stderr);
            let lines: Vec<_> = ran.stderr.lines().collect();
            assert_eq!(
                lines[0],
                format!("pcap-replay: sending `{}` on left, EN10MB", arg(&input))
            );
            let start = format!("20000 packets sent, {bytes} bytes, in ");
            assert!(lines[1].starts_with(&start), "{}", lines[1]);
            assert!(
                lines[1].contains(" packets/s, ") && lines.len() == 2,
                "{}",
                ran.stderr
            );
        });
        let expected: Vec<_> = sent.into_iter().map(|packet| packet.2).collect();
        assert!(data(&path) == expected, "other packets than were sent");
    });
}

#[test]
fn the_pace_is_the_savefiles() {
    in_netns(|| {
        pair();
        let folder = tempfile::tempdir().unwrap();
        let input = file(
            folder.path(),
            "in.pcap",
            &savefile(false, true, 1, &every(10, 20)),
        );
        let path = received(folder.path(), 20, || {
            let (ran, summary) = replayed(&[], &input);
            assert_eq!(ran.status, Some(0), "{}", ran.stderr);
            let seconds = summary["seconds"].as_f64().unwrap();
            assert!((0.19..0.5).contains(&seconds), "{summary}");
            assert_eq!(
                (&summary["packets"], &summary["bytes"]),
                (&20.into(), &1200.into())
            );
        });
        // As they arrived, by tcpdump: none too early, and the total duration is right.
        let times = tool("tcpdump", &["-tt", "-n", "--nano", "-r", arg(&path)]);
        let times: Vec<f64> = times
            .lines()
            .filter(|line| !line.starts_with('\t'))
            .map(|line| line.split(' ').next().unwrap().parse().unwrap())
            .collect();
        let took = times[19] - times[0];
        assert!((0.17..0.5).contains(&took), "{took}");
        // Another process may have the CPU for a while, but not always.
        let on_time = |n: &usize| (times[*n] - times[0] - *n as f64 * 0.01).abs() < 0.005;
        assert!((0..20).filter(on_time).count() > 10, "{times:?}");
    });
}

#[test]
fn speeds_and_rates_are_kept() {
    in_netns(|| {
        pair();
        let folder = tempfile::tempdir().unwrap();
        let input = file(
            folder.path(),
            "in.pcap",
            &savefile(false, true, 1, &every(10, 20)),
        );
        // Backward: no waiting at all.
        let mut backward = every(2000, 20);
        backward.reverse();
        let backward = file(
            folder.path(),
            "back.pcap",
            &savefile(false, true, 1, &backward),
        );
        for (options, input, least, most) in [
            (&["--speed", "2"][..], &input, 0.095, 0.185),
            (&["--speed", "0.5"], &input, 0.38, 0.6),
            (&["--pps", "100"], &input, 0.19, 0.3),
            // 480 bits each.
            (&["--mbps", "0.0912"], &input, 0.1, 0.185),
            (&["--fast"], &input, 0.0, 0.18),
            (&[], &backward, 0.0, 0.18),
            // 39 gaps: none between the loops.
            (&["--loops", "2"], &input, 0.38, 0.6),
            (&["--pps", "100", "--loops", "2"], &input, 0.39, 0.6),
        ] {
            let (ran, summary) = replayed(options, input);
            assert_eq!(ran.status, Some(0), "{options:?}: {}", ran.stderr);
            let seconds = summary["seconds"].as_f64().unwrap();
            assert!((least..most).contains(&seconds), "{options:?}: {summary}");
            let packets = if options.contains(&"--loops") { 40 } else { 20 };
            assert_eq!(summary["packets"], packets, "{options:?}");
            let pps = summary["pps"].as_f64().unwrap();
            assert!(
                (pps * seconds - f64::from(packets)).abs() < 0.1,
                "{summary}"
            );
        }
        // A rate far above what sleeping allows.
        let many = file(
            folder.path(),
            "many.pcap",
            &savefile(false, false, 1, &every(0, 5000)),
        );
        let (_, summary) = replayed(&["--pps", "10000"], &many);
        let seconds = summary["seconds"].as_f64().unwrap();
        assert!((0.4998..0.75).contains(&seconds), "{summary}");
    });
}

#[test]
fn loops_and_filters_choose_the_packets() {
    in_netns(|| {
        pair();
        let folder = tempfile::tempdir().unwrap();
        let whole = savefile(true, true, 1, &packets());
        let input = file(folder.path(), "in.pcap", &whole);
        let udp: Vec<_> = packets().into_iter().map(|packet| packet.2).collect();
        let udp = [&udp[0], &udp[7]].map(Clone::clone);
        let twice = [&udp[..], &udp, &udp[..1]].concat();
        let path = received(folder.path(), 5, || {
            let options = ["--fast", "--loops", "0", "-c", "5", "-f", "ip and udp"];
            let (ran, summary) = replayed(&options, &input);
            assert_eq!(ran.status, Some(0), "{}", ran.stderr);
            assert_eq!(
                (&summary["packets"], &summary["loops"]),
                (&5.into(), &3.into())
            );
        });
        assert_eq!(data(&path), twice);

        // From standard input, compressed.
        let gzip = feed(std::process::Command::new("gzip").arg("-c"), &whole).stdout;
        let path = received(folder.path(), 2, || {
            let mut command = program("replay");
            let ran = feed(
                command.args(["-i", "left", "--fast", "-f", "ip and udp", "-"]),
                &gzip,
            );
            assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        });
        assert_eq!(data(&path), udp);

        // No packet passes, which must not cause an endless loop.
        let (ran, summary) = replayed(&["--loops", "0", "-f", "arp"], &input);
        assert_eq!((ran.status, &summary["packets"]), (Some(0), &0.into()));
    });
}

#[test]
fn a_large_savefile_is_read_for_each_loop() {
    in_netns(|| {
        pair();
        let folder = tempfile::tempdir().unwrap();
        let large: Vec<_> = (0..50_000).map(|n| record(n, 0, vec![2; 1500])).collect();
        let bytes = savefile(false, false, 1, &large);
        assert!(bytes.len() > 70 << 20);
        let input = file(folder.path(), "in.pcap", &bytes);
        let (ran, summary) = replayed(&["--fast", "--loops", "2"], &input);
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        assert_eq!(
            (&summary["packets"], &summary["loops"]),
            (&100_000.into(), &2.into())
        );
    });
}

#[test]
fn a_savefile_replaced_between_loops_is_checked() {
    in_netns(|| {
        pair();
        let folder = tempfile::tempdir().unwrap();
        let large: Vec<_> = (0..50_000).map(|n| record(n, 0, vec![2; 1500])).collect();
        let input = file(folder.path(), "in.pcap", &savefile(false, false, 1, &large));
        let bare = savefile(false, false, 101, &[record(0, 0, vec![0x45; 40])]);
        let other = file(folder.path(), "other.pcap", &bare);
        let mut command = program("replay");
        // Without end, unless the savefile is another one.
        command.args(["-i", "left", "--fast", "--loops", "0", arg(&input)]);
        let running = Running::start_saying(&mut command, "sending ");
        fs::rename(&other, &input).unwrap();
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("0000 packets sent"), "{stderr}");
        assert!(
            stderr.contains("expected the link type EN10MB, found RAW"),
            "{stderr}"
        );
    });
}

#[test]
fn what_is_not_sent_is_counted_and_named() {
    in_netns(|| {
        pair();
        let folder = tempfile::tempdir().unwrap();
        let mut mixed = frames(6);
        mixed[1].2.resize(3000, 7);
        mixed[1].3 = 3000;
        mixed[3].2.resize(2000, 7);
        mixed[3].3 = 2000;
        mixed[4].3 = 9000;
        let input = file(folder.path(), "in.pcap", &savefile(false, false, 1, &mixed));
        let path = received(folder.path(), 3, || {
            let ran = ours("replay", &["-i", "left", "--fast", arg(&input)]);
            assert_eq!(ran.status, Some(1));
            let lines: Vec<_> = ran.stderr.lines().skip(1).collect();
            assert!(lines[0].starts_with("3 packets sent, "), "{}", ran.stderr);
            assert_eq!(
                lines[1],
                "3 not sent: 2 send: Message too long, 1 truncated"
            );
            assert_eq!(
                lines[2],
                "pcap-replay: packet 2, 3000 bytes: cannot inject on `left`: send: Message too long"
            );
        });
        let sent = [0, 2, 5].map(|index: usize| mixed[index].2.clone());
        assert_eq!(data(&path), sent);

        let (ran, summary) = replayed(&["--fast", "--cut"], &input);
        assert_eq!(ran.status, Some(1));
        assert!(
            ran.stderr
                .starts_with("pcap-replay: packet 2, 3000 bytes: "),
            "{}",
            ran.stderr
        );
        assert_eq!(
            (&summary["packets"], &summary["cut"], &summary["not_sent"]),
            (&4.into(), &1.into(), &2.into())
        );
        assert_eq!(
            summary["errors"],
            serde_json::json!({"send: Message too long": 2})
        );

        let (ran, summary) = replayed(&["--fast", "--stop-on-error"], &input);
        assert_eq!(
            (ran.status, &summary["packets"], &summary["not_sent"]),
            (Some(1), &1.into(), &1.into())
        );
    });
}

/// At top speed packets are sent in batches, but not those that may be the last for a while.
#[test]
fn what_comes_slowly_is_sent_as_it_comes() {
    use std::io::Write;
    use std::process::Stdio;
    in_netns(|| {
        pair();
        let folder = tempfile::tempdir().unwrap();
        let mut command = program("replay");
        command.args(["-q", "-i", "left", "--fast", "-"]);
        let mut running = None;
        let path = received(folder.path(), 3, || {
            let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
            let mut input = child.stdin.take().unwrap();
            input
                .write_all(&savefile(false, false, 1, &frames(3)))
                .unwrap();
            input.flush().unwrap();
            // Its input does not end.
            running = Some((child, input));
        });
        assert_eq!(data(&path).len(), 3);
        let (mut child, input) = running.unwrap();
        drop(input);
        assert!(child.wait().unwrap().success());
    });
}

#[test]
fn a_damaged_file_is_sent_to_the_damage() {
    in_netns(|| {
        pair();
        let folder = tempfile::tempdir().unwrap();
        let sent = frames(300);
        let mut bytes = savefile(false, false, 1, &sent);
        bytes.truncate(bytes.len() - 10);
        let input = file(folder.path(), "in.pcap", &bytes);
        let path = received(folder.path(), 299, || {
            let (ran, summary) = replayed(&["--fast"], &input);
            assert_eq!((ran.status, &summary["packets"]), (Some(1), &299.into()));
            assert!(ran.stderr.contains("truncated"), "{}", ran.stderr);
        });
        let expected: Vec<_> = sent.into_iter().take(299).map(|packet| packet.2).collect();
        assert!(data(&path) == expected, "other packets than were sent");
    });
}

#[test]
fn link_types_have_to_agree() {
    in_netns(|| {
        pair();
        let folder = tempfile::tempdir().unwrap();
        let bare: Vec<_> = packets()
            .into_iter()
            .map(|(secs, nanos, data, len)| (secs, nanos, data[14..].to_vec(), len - 14))
            .collect();
        let input = file(
            folder.path(),
            "in.pcap",
            &savefile(false, false, 101, &bare),
        );
        let ran = ours("replay", &["-i", "left", arg(&input)]);
        assert_eq!(ran.status, Some(1));
        assert_eq!(
            ran.stderr,
            format!(
                "pcap-replay: cannot send `{}` on `left`: expected the link type EN10MB, found RAW; \
                     `pcap-recode --linktype ETHERNET` may convert it\n",
                arg(&input)
            )
        );
        // At the stated interval.
        let path = received(folder.path(), 7, || {
            let ran = ours(
                "recode",
                &["-q", "--linktype", "ETHERNET", arg(&input), "-"],
            );
            let mut command = program("replay");
            let ran = feed(command.args(["-i", "left", "--fast", "-"]), &ran.stdout);
            // One of them was truncated.
            assert!(
                ran.stderr.contains("1 not sent: 1 truncated"),
                "{}",
                ran.stderr
            );
        });
        assert!(data(&path).iter().all(|packet| packet[..12] == [0; 12]));
    });
}

#[test]
fn ctrl_c_ends_a_wait_with_the_summary() {
    in_netns(|| {
        pair();
        let folder = tempfile::tempdir().unwrap();
        let slow = file(
            folder.path(),
            "slow.pcap",
            &savefile(
                false,
                false,
                1,
                &[record(1, 0, vec![2; 60]), record(1000, 0, vec![2; 60])],
            ),
        );
        let quick = file(
            folder.path(),
            "quick.pcap",
            &savefile(false, false, 1, &frames(10)),
        );
        for (options, input) in [(&[][..], &slow), (&["--fast", "--loops", "0"], &quick)] {
            let mut command = program("replay");
            command.args(["-i", "left"]).args(options).arg(input);
            let start = Instant::now();
            let running = Running::start_saying(&mut command, "sending `");
            thread::sleep(Duration::from_millis(100));
            running.signal(libc::SIGINT);
            let (status, _, stderr) = running.end();
            assert_eq!(status.code(), Some(0), "{stderr}");
            assert!(stderr.contains(" packets sent, "), "{stderr}");
            assert!(start.elapsed() < Duration::from_secs(5));
        }
    });
}

/// The other end only accepts shorter ones: the device drops these, and they are not retried forever.
#[test]
fn a_frame_that_the_device_drops_is_counted() {
    in_netns(|| {
        pair();
        ip("link set right mtu 200");
        let folder = tempfile::tempdir().unwrap();
        let lengths = [60, 1000, 1400, 60, 1000];
        let packets = lengths.map(|length| record(1, 0, vec![2; length]));
        let input = file(
            folder.path(),
            "in.pcap",
            &savefile(false, false, 1, &packets),
        );
        for pace in [&["--fast"][..], &["--pps", "1000"]] {
            let start = Instant::now();
            let ran = run(program("replay")
                .args(["-i", "left"])
                .args(pace)
                .arg(&input));
            assert!(start.elapsed() < Duration::from_secs(10), "{pace:?}");
            assert_eq!(ran.status, Some(1));
            assert!(
                ran.stderr.contains("2 packets sent, 120 bytes"),
                "{}",
                ran.stderr
            );
            assert!(
                ran.stderr
                    .contains("3 not sent: 3 the device drops the frame"),
                "{}",
                ran.stderr
            );
            let error = ran.stderr.lines().last().unwrap();
            assert!(
                error.starts_with("pcap-replay: packet 2, 1000 bytes: "),
                "{error}"
            );
        }
    });
}

/// A queue that is full for longer than a second, and a device that drops what it gets.
#[test]
fn ctrl_c_ends_a_wait_to_send() {
    in_netns(|| {
        pair();
        let folder = tempfile::tempdir().unwrap();
        let packets = [1400; 30].map(|length| record(1, 0, vec![2; length]));
        let input = file(
            folder.path(),
            "in.pcap",
            &savefile(false, false, 1, &packets),
        );
        let full = "qdisc add dev left root tbf rate 8kbit burst 1600 limit 1600";
        tool("tc", &full.split(' ').collect::<Vec<_>>());
        for drops in [false, true] {
            if drops {
                tool("tc", &["qdisc", "del", "dev", "left", "root"]);
                ip("link set right mtu 200");
            }
            for pace in [&["--fast"][..], &["--pps", "1000"]] {
                let mut command = program("replay");
                command.args(["-i", "left"]).args(pace).arg(&input);
                let running = Running::start_saying(&mut command, "sending `");
                thread::sleep(Duration::from_millis(300));
                let start = Instant::now();
                running.signal(libc::SIGTERM);
                let (status, _, stderr) = running.end();
                assert!(start.elapsed() < Duration::from_secs(5), "{pace:?}");
                assert_eq!(status.code(), Some(0), "{stderr}");
                assert!(stderr.contains(" packets sent, "), "{stderr}");
            }
        }
    });
}

#[test]
fn a_device_that_vanishes_ends_it() {
    for pace in [&["--pps", "1000"][..], &["--fast"]] {
        in_netns(|| {
            pair();
            let folder = tempfile::tempdir().unwrap();
            let input = file(
                folder.path(),
                "in.pcap",
                &savefile(false, false, 1, &frames(10)),
            );
            let mut command = program("replay");
            command.args(["-i", "left"]).args(pace);
            command.args(["--loops", "0", arg(&input)]);
            let running = Running::start_saying(&mut command, "sending `");
            thread::sleep(Duration::from_millis(100));
            ip("link del left");
            let (status, _, stderr) = running.end();
            assert_eq!(status.code(), Some(1), "{stderr}");
            let error = stderr.lines().last().unwrap();
            assert!(
                error.contains(" bytes: cannot inject on `left`: "),
                "{stderr}"
            );
        });
    }
}

#[test]
fn the_exit_status_tells_bad_usage_from_failure() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &packets()),
    );
    let input = arg(&input);
    for (arguments, status, text) in [
        (&["--help"][..], 0, ""),
        (&[input], 2, "--device"),
        (
            &["-i", "x", "--fast", "--pps", "1", input],
            2,
            "cannot be used with",
        ),
        (&["-i", "x", "--speed", "0", input], 2, "above 0"),
        (&["-i", "x", "--mbps", "inf", input], 2, "above 0"),
        (&["-i", "x", "-c", "0", input], 2, "--limit"),
        (&["-i", "x", "--loops", "2", "-"], 2, "more than once"),
        (
            &["-i", "x", "/no/such/file"],
            1,
            "pcap-replay: cannot open `/no/such/file`: ",
        ),
        (
            &["-i", "x", "-f", "tcp prot", input],
            1,
            "pcap-replay: cannot compile `tcp prot`: ",
        ),
    ] {
        let ran = ours("replay", arguments);
        assert_eq!(ran.status, Some(status), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(text), "{arguments:?}: {}", ran.stderr);
    }
    let ran = ours("replay", &["-i", "no-such-dev", input]);
    assert_eq!(
        (ran.status, ran.stderr.lines().count()),
        (Some(1), 1),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .starts_with("pcap-replay: cannot activate `no-such-dev`: "),
        "{}",
        ran.stderr
    );
}

#[test]
fn without_the_right_it_says_how_to_get_it() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let input = file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 1, &packets()),
    );
    let copy = copied("replay", folder.path());
    let mut command = std::process::Command::new(copy);
    let ran = run(command
        .args(["-i", "lo", arg(&input)])
        .uid(65_534)
        .gid(65_534));
    assert_eq!((ran.status, ran.stderr.lines().count()), (Some(1), 1));
    assert!(
        ran.stderr
            .starts_with("pcap-replay: cannot activate `lo`: no permission")
    );
    assert!(ran.stderr.contains("setcap"), "{}", ran.stderr);
}

#[test]
fn without_memory_it_is_read_for_each_loop() {
    in_netns(|| {
        pair();
        let folder = tempfile::tempdir().unwrap();
        let large: Vec<_> = (0..40_000).map(|n| record(n, 0, vec![2; 1500])).collect();
        let bytes = savefile(false, false, 1, &large);
        assert!(bytes.len() < 60 << 20);
        let input = file(folder.path(), "in.pcap", &bytes);
        // This address space in KiB suffices for all but that.
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "ulimit -v 45000; exec \"$@\"", "sh"]);
        command.arg(program("replay").get_program());
        command.args(["-q", "--json", "-i", "left", "--fast", "--loops", "3"]);
        let ran = run(command.arg(&input));
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        let summary: serde_json::Value = serde_json::from_str(ran.text()).unwrap();
        assert_eq!(
            (&summary["packets"], &summary["loops"]),
            (&120_000.into(), &3.into())
        );
    });
}
