//! `pcap-capture` on a private loopback device.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::UdpSocket;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::common::live::{PORT, Running, Sender, in_netns, ip, is_root, on_small_disk};
use crate::common::{arg, copied, not_written, ours, program, run, tool};

/// Splits arguments without spaces.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ')
}

/// Returns the numbers at the start of the datagrams in a savefile, as tcpdump reads it.
fn numbers(path: &Path) -> Vec<u32> {
    let text = tool("tcpdump", &["-n", "-t", "-xx", "-r", arg(path)]);
    // Headers of 14, 20 and 8 bytes, then the number: in the row of 32 and the next.
    let row = |line: &str| line.split(':').nth(1).unwrap().replace(' ', "");
    let packets = text.split("IP 127.0.0.1.").skip(1);
    let hex = packets.map(|packet| packet.lines().skip(1).map(row).collect::<String>());
    hex.map(|hex| u32::from_str_radix(&hex[84..92], 16).unwrap())
        .collect()
}

/// Returns the three numbers of the statistics.
fn statistics(stderr: &str) -> [u64; 3] {
    let line = stderr
        .lines()
        .find(|line| line.contains("packets received"))
        .unwrap();
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!(words[1..3], ["packets", "received,"]);
    let (_, dropped) = line.split_once(", ").unwrap();
    assert_eq!(
        dropped.replace(char::is_numeric, "N"),
        "N dropped, N dropped by the interface"
    );
    [0, 3, 5].map(|index| words[index].parse().unwrap())
}

// Shows: parity/programs-dump-split-recode
#[test]
fn a_count_of_packets_is_tcpdumps() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        let mut command = program("capture");
        command.args(words(&format!(
            "-i lo -c 10 -w {} udp port 9999",
            arg(&path)
        )));
        let running = Running::start(&mut command);
        Sender::new().send(15, 100);
        let (status, stdout, stderr) = running.end();
        assert_eq!((status.code(), stdout.as_str()), (Some(0), ""), "{stderr}");
        let [received, dropped, _] = statistics(&stderr);
        assert!(received >= 10 && dropped == 0, "{stderr}");
        assert_eq!(numbers(&path), (0..10).collect::<Vec<_>>());
        // The filter was applied, and times have nanoseconds.
        assert_eq!(fs::read(&path).unwrap()[..4], 0xa1b2_3c4d_u32.to_ne_bytes());
    });
}

#[test]
fn signals_lose_no_packet_sent_before() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        let sender = Sender::new();
        for signal in [libc::SIGINT, libc::SIGTERM] {
            let mut command = program("capture");
            let running =
                Running::start(command.args(words(&format!("-i lo -w {} udp", arg(&path)))));
            sender.send(500, 64);
            running.signal(signal);
            let (status, _, stderr) = running.end();
            assert_eq!(status.code(), Some(0), "{stderr}");
            assert!(stderr.contains("500 packets captured"), "{stderr}");
            assert_eq!(statistics(&stderr)[1], 0);
            assert_eq!(numbers(&path), (0..500).collect::<Vec<_>>());
        }
    });
}

#[test]
fn any_tells_interface_and_direction() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        ip("link add left type veth peer name right");
        ip("link set left up");
        ip("link set right up");
        ip("addr add 192.0.2.1/24 dev left");
        ip("neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev left");
        let indices = ["left", "right"].map(|name| {
            let list = tool("ip", &["-o", "link", "show", name]);
            list.split(':').next().unwrap().parse::<u32>().unwrap()
        });
        let send = || {
            let socket = UdpSocket::bind("192.0.2.1:0").unwrap();
            socket.send_to(b"hello", "192.0.2.2:9999").unwrap();
        };
        // Sent by one end, and received by the other for another host.
        let seen = |stdout: &str, first: &str, second: &str| {
            let lines: Vec<&str> = stdout.lines().collect();
            assert_eq!(lines.len(), 2, "{stdout}");
            assert!(
                lines[0].contains(&format!("Z {first} 192.0.2.1:")),
                "{stdout}"
            );
            assert!(
                lines[1].contains(&format!("Z {second} 192.0.2.1:")),
                "{stdout}"
            );
        };
        for threads in ["", "--threads 2 "] {
            let mut command = program("capture");
            command.args(words(&format!("-i any {threads}-c 2 udp port 9999")));
            let running = Running::start(&mut command);
            send();
            let (status, stdout, stderr) = running.end();
            assert_eq!(status.code(), Some(0), "{stderr}");
            let lines: Vec<&str> = stdout.lines().collect();
            let sent = lines
                .iter()
                .find(|line| line.contains("Z left Out 192.0.2.1:"));
            let received = lines
                .iter()
                .find(|line| line.contains("Z right P 192.0.2.1:"));
            assert!(sent.is_some() && received.is_some(), "{stdout}");
        }
        let mut command = program("capture");
        command.args(words("-i any --json -c 2 udp port 9999 --print -w"));
        command.arg(&path);
        let running = Running::start_saying(&mut command, "listening on any, LINUX_SLL2 ");
        send();
        let (status, stdout, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        let told: Vec<serde_json::Value> = stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|told: &serde_json::Value| told["type"] == "packet")
            .collect();
        for (name, index, direction) in [("left", indices[0], "out"), ("right", indices[1], "in")] {
            let told = told.iter().find(|told| told["interface"] == name).unwrap();
            assert_eq!(
                (&told["interface_index"], &told["direction"]),
                (&index.into(), &direction.into())
            );
        }
        // The savefile only contains the numbers, as tshark reads them.
        let fields = [
            "-n",
            "-r",
            arg(&path),
            "-T",
            "fields",
            "-e",
            "sll.ifindex",
            "-e",
            "sll.pkttype",
        ];
        let told = tool("tshark", &fields);
        assert_eq!(told, format!("{}\t4\n{}\t3\n", indices[0], indices[1]));
        let [first, second] = indices.map(|index| format!("if{index}"));
        let lines = ours("read", &[arg(&path)]).good();
        seen(&lines, &format!("{first} Out"), &format!("{second} P"));

        let mut command = program("capture");
        command.args(words("-i any -y LINUX_SLL -c 2 udp port 9999"));
        let running = Running::start_saying(&mut command, "listening on any, LINUX_SLL ");
        send();
        let (status, stdout, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        seen(&stdout, "Out", "P");
    });
}

/// Sends eight flows, with a datagram of each length in each.
fn send_flows(lengths: std::ops::Range<usize>) {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = receiver.local_addr().unwrap();
    let flows: Vec<_> = (0..8)
        .map(|_| UdpSocket::bind("127.0.0.1:0").unwrap())
        .collect();
    for length in lengths {
        for flow in &flows {
            flow.send_to(&vec![0; length], to).unwrap();
        }
    }
}

/// Eight flows: each line once, those of a flow in order, and one sum.
#[test]
fn threads_print_each_packet_once() {
    in_netns(|| {
        let mut command = program("capture");
        let running = Running::start(command.args(words("-i lo --threads 3 udp")));
        send_flows(8..108);
        running.signal(libc::SIGINT);
        let (status, stdout, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert!(stderr.contains("800 packets captured"), "{stderr}");
        let [received, dropped, _] = statistics(&stderr);
        assert!(received >= 800 && dropped == 0, "{stderr}");
        let mut flows: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for line in stdout.lines() {
            let (_, rest) = line.split_once("127.0.0.1:").unwrap();
            let (port, rest) = rest.split_once(" > ").unwrap();
            let (_, length) = rest.split_once("UDP, ").unwrap();
            let (length, _) = length.split_once(' ').unwrap();
            flows.entry(port).or_default().push(length.parse().unwrap());
        }
        assert_eq!(flows.len(), 8);
        // After headers of 42 bytes.
        for lengths in flows.values() {
            assert!(lengths.iter().copied().eq(50..150), "{lengths:?}");
        }
    });
}

#[test]
fn threads_share_a_count_and_a_deadline() {
    in_netns(|| {
        let mut command = program("capture");
        let running = Running::start(command.args(words("-i lo --threads 4 -c 50 --json udp")));
        send_flows(20..40);
        let (status, stdout, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert!(stderr.contains("50 packets captured, "), "{stderr}");
        let lines: Vec<_> = stdout.lines().collect();
        assert_eq!(lines.len(), 51);
        assert!(lines[50].contains("\"statistics\""), "{}", lines[50]);

        let start = Instant::now();
        let ran = ours(
            "capture",
            &["-i", "lo", "--threads", "2", "--duration", "0.3"],
        );
        assert_eq!((ran.status, ran.text()), (Some(0), ""), "{}", ran.stderr);
        assert_eq!(statistics(&ran.stderr), [0, 0, 0]);
        assert!(start.elapsed() >= Duration::from_millis(300));
        assert!(start.elapsed() < Duration::from_secs(3));

        for wrong in ["0", "257", "x"] {
            assert_eq!(ours("capture", &["--threads", wrong]).status, Some(2));
        }
        let both = ours("capture", &["-i", "lo", "--threads", "2", "-w", "no.pcap"]);
        assert_eq!(both.status, Some(2));
        let ran = ours("capture", &["-i", "nosuch", "--threads", "2"]);
        assert_eq!(ran.status, Some(1));
        assert!(ran.stderr.contains("nosuch"), "{}", ran.stderr);
    });
}

/// What was captured before the device was removed, and the statistics, come with the error.
#[test]
fn threads_tell_of_a_removed_device() {
    in_netns(|| {
        for name in ["left", "right"] {
            if name == "left" {
                ip("link add left type veth peer name right");
            }
            ip(&format!("link set {name} arp off up"));
        }
        ip("addr add 192.0.2.1/24 dev left");
        let mut command = program("capture");
        let running = Running::start(command.args(words("-i right --threads 2 udp")));
        let socket = UdpSocket::bind("192.0.2.1:0").unwrap();
        for _ in 0..30 {
            socket.send_to(&[7; 50], "192.0.2.2:9").unwrap();
        }
        std::thread::sleep(Duration::from_millis(300));
        ip("link del left");
        let (status, stdout, stderr) = running.end();
        assert_eq!(status.code(), Some(1), "{stderr}");
        assert_eq!(stdout.lines().count(), 30, "{stderr}");
        assert!(stderr.contains("30 packets captured, "), "{stderr}");
        assert_eq!(statistics(&stderr)[..2], [30, 0], "{stderr}");
        assert!(stderr.contains("cannot read from `right`"), "{stderr}");
    });
}

#[test]
fn lines_come_promptly_into_a_pipe() {
    in_netns(|| {
        let mut command = program("capture");
        let mut running = Running::start(command.args(words("-i lo -f udp")));
        let sender = Sender::new();
        sender.send(1, 8);
        let mut stdout = BufReader::new(running.child().stdout.take().unwrap());
        let mut line = String::new();
        // The link is idle after one packet: waiting for a full buffer would take forever.
        stdout.read_line(&mut line).unwrap();
        assert!(
            line.contains(&format!(" > 127.0.0.1:{PORT} UDP, 50 bytes")),
            "{line}"
        );
        drop(stdout);
        sender.send(1, 8);
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert!(stderr.contains("1 packets captured, 50 bytes"), "{stderr}");
        assert_eq!((statistics(&stderr)[1], stderr.lines().count()), (0, 2));
    });
}

#[test]
fn a_savefile_goes_through_a_pipe() {
    in_netns(|| {
        let mut command = program("capture");
        command.args(words("-i lo -U -w - -s 60 --precision micro udp"));
        let mut running = Running::start(&mut command);
        Sender::new().send(1, 100);
        let mut stdout = running.child().stdout.take().unwrap();
        let mut bytes = [0; 24 + 16 + 60];
        stdout.read_exact(&mut bytes).unwrap();
        assert_eq!(bytes[..4], 0xa1b2_c3d4_u32.to_ne_bytes());
        assert_eq!(
            bytes[32..40],
            [60_u32.to_ne_bytes(), 142_u32.to_ne_bytes()].concat()
        );
        running.signal(libc::SIGINT);
        assert_eq!(running.end().0.code(), Some(0));
    });
}

#[test]
fn a_deadline_holds_on_an_idle_link() {
    in_netns(|| {
        let start = Instant::now();
        let ran = ours("capture", &["-i", "lo", "--duration", "0.3"]);
        assert_eq!((ran.status, ran.text()), (Some(0), ""), "{}", ran.stderr);
        assert_eq!(statistics(&ran.stderr), [0, 0, 0]);
        assert!(start.elapsed() >= Duration::from_millis(300));
        assert!(start.elapsed() < Duration::from_secs(3));

        let mut command = program("capture");
        command.args(words("-i lo --duration 0.5 --timeout 900 udp"));
        let running = Running::start(&mut command);
        Sender::new().send(3, 10);
        let (status, stdout, _) = running.end();
        assert_eq!(
            (status.code(), stdout.lines().count()),
            (Some(0), 3),
            "{stdout}"
        );
    });
}

#[test]
fn json_is_a_line_per_packet() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        let mut command = program("capture");
        command.args(words(&format!(
            "-i lo --json -q -c 3 --print -w {}",
            arg(&path)
        )));
        let mut running = command
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        // It prints nothing when it is ready, so packets are sent until it has enough.
        let sender = Sender::new();
        while running.try_wait().unwrap().is_none() {
            sender.send(1, 10);
            std::thread::sleep(Duration::from_millis(10));
        }
        let mut text = String::new();
        running
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 4, "{text}");
        for packet in &lines[..3] {
            assert_eq!(
                (&packet["type"], &packet["protocol"]),
                (&"packet".into(), &"UDP".into())
            );
            assert_eq!(packet["destination_port"], PORT);
        }
        assert_eq!(lines[3]["type"], "statistics");
        assert_eq!(
            (&lines[3]["packets"], &lines[3]["bytes"]),
            (&3.into(), &156.into())
        );
        assert_eq!(numbers(&path).len(), 3);
    });
}

#[test]
fn a_vanished_device_is_an_error_at_the_end() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        ip("link add left type veth peer name right");
        for end in ["left", "right"] {
            ip(&format!("link set {end} arp off up"));
        }
        ip("route add 192.0.2.0/24 dev left");
        let mut command = program("capture");
        let running = Running::start(command.args(words(&format!("-i left -w {}", arg(&path)))));
        let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
        for _ in 0..5 {
            socket.send_to(b"on the way", "192.0.2.9:9").unwrap();
        }
        ip("link del left");
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(1), "{stderr}");
        let error = stderr.lines().last().unwrap();
        assert!(
            error.starts_with("pcap-capture: cannot read from `left`: "),
            "{stderr}"
        );
        assert_eq!(
            tool("tcpdump", &["-n", "-r", arg(&path)]).lines().count(),
            5
        );
    });
}

#[test]
fn a_full_disk_is_an_error_that_names_the_file() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let sender = Sender::new();
        let done = AtomicBool::new(false);
        let (status, error, rest) = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    sender.send(10, 1000);
                    std::thread::sleep(Duration::from_millis(2));
                }
            });
            let ran = on_small_disk(folder.path(), |output| {
                let mut command = program("capture");
                command.args(["-i", "lo", "--duration", "20", "-w", output]);
                command
            });
            done.store(true, Ordering::Relaxed);
            ran
        });
        assert_eq!(status, 1, "{error}");
        let last = error.lines().last().unwrap();
        assert!(last.starts_with("pcap-capture: cannot write `"), "{error}");
        assert!(
            last.contains("/out.pcap`: No space left on device"),
            "{error}"
        );
        assert!(rest > 700, "{rest} packets of a megabyte");
        // What is in no file was not captured.
        assert!(
            error.contains(&format!("\n{rest} packets captured, ")),
            "{error}"
        );
        assert!(not_written(&error) > 0, "{error}");
    });
}

#[test]
fn the_exit_status_tells_bad_usage_from_failure() {
    for (arguments, status, text) in [
        (&["--help"][..], 0, ""),
        (&["-c", "0"], 2, "--count"),
        (&["-c", "ten"], 2, "--count"),
        (&["--duration", "-1"], 2, "--duration"),
        (&["-Q", "sideways"], 2, "in, out, inout"),
        (&["--precision", "pico"], 2, "micro, nano"),
        (&["-j", "sundial"], 2, "sundial"),
        (&["-B", "1X"], 2, "the units B, K, M and G"),
        (&["-f", "udp", "tcp"], 2, "cannot be used with"),
        (&["-w", "-", "--print"], 2, "savefile"),
        (&["-U"], 2, "--write"),
    ] {
        let ran = ours("capture", arguments);
        assert_eq!(ran.status, Some(status), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(text), "{arguments:?}: {}", ran.stderr);
    }
    let ran = ours("capture", &["-i", "no-such-dev"]);
    assert_eq!(
        (ran.status, ran.stderr.lines().count()),
        (Some(1), 1),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .starts_with("pcap-capture: cannot activate `no-such-dev`: ")
    );
}

#[test]
fn options_reach_libpcap() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        for (arguments, text) in [
            (&["tcp", "prot", "80"][..], "cannot compile `tcp prot 80`: "),
            (&["-y", "IEEE802_11"], "IEEE802_11"),
            (&["--rfmon"], "monitor mode"),
            (&["-s", "999999999"], "snaplen"),
            (
                &["-w", "/no/such/folder/a.pcap"],
                "cannot create `/no/such/folder/a.pcap`: ",
            ),
        ] {
            let mut command = program("capture");
            let ran = run(command.args(words("-q -i lo -c 1")).args(arguments));
            assert_eq!(
                (ran.status, ran.stderr.lines().count()),
                (Some(1), 1),
                "{}",
                ran.stderr
            );
            assert!(
                ran.stderr.starts_with("pcap-capture: cannot "),
                "{}",
                ran.stderr
            );
            assert!(ran.stderr.contains(text), "{arguments:?}: {}", ran.stderr);
        }
        let mut command = program("capture");
        command.args(words("-i lo -O -c 2 -p --immediate -B 4M -Q in"));
        command.args(words(&format!(
            "-j host --precision micro -w {} udp",
            arg(&path)
        )));
        let running = Running::start(&mut command);
        Sender::new().send(2, 10);
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert_eq!(numbers(&path), [0, 1]);
        assert_eq!(fs::read(&path).unwrap()[..4], 0xa1b2_c3d4_u32.to_ne_bytes());
    });
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
    let copy = copied("capture", folder.path());
    let mut command = std::process::Command::new(copy);
    let ran = run(command.args(words("-i lo")).uid(65_534).gid(65_534));
    assert_eq!((ran.status, ran.stderr.lines().count()), (Some(1), 1));
    assert!(
        ran.stderr
            .starts_with("pcap-capture: cannot activate `lo`: no permission")
    );
    assert!(ran.stderr.contains("setcap"), "{}", ran.stderr);
}
