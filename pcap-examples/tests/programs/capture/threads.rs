//! Captures with several threads (`pcap-capture --threads`).

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Read;
use std::net::UdpSocket;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{numbers, statistics, words};
use crate::common::live::{Running, Sender, in_netns, ip};
use crate::common::process::wait_until;
use crate::common::{path_arg, program, run_program, run_tool};

/// Sends eight flows. Each has a datagram of each length.
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

/// Each packet is printed once, packets of a flow are in order, and the statistics are the sum.
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
            let (_, length) = rest.split_once("UDP, length ").unwrap();
            flows.entry(port).or_default().push(length.parse().unwrap());
        }
        assert_eq!(flows.len(), 8);
        for lengths in flows.values() {
            assert!(lengths.iter().copied().eq(8..108), "{lengths:?}");
        }
    });
}

#[test]
fn threads_share_a_count_and_a_duration() {
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
        let ran = run_program(
            "capture",
            &["-i", "lo", "--threads", "2", "--duration", "0.3"],
        );
        assert_eq!((ran.status, ran.text()), (Some(0), ""), "{}", ran.stderr);
        assert_eq!(statistics(&ran.stderr), [0, 0, 0]);
        assert!(start.elapsed() >= Duration::from_millis(300));
        assert!(start.elapsed() < Duration::from_secs(3));

        for wrong in ["0", "257", "x"] {
            assert_eq!(
                run_program("capture", &["--threads", wrong]).status,
                Some(2)
            );
        }
        for wrong in [&["-w", "-"][..], &["-i", "any"]] {
            let arguments = [&["-i", "lo", "--threads", "2"], wrong].concat();
            assert_eq!(
                run_program("capture", &arguments).status,
                Some(2),
                "{wrong:?}"
            );
        }
        let ran = run_program("capture", &["-i", "nosuch", "--threads", "2"]);
        assert_eq!(ran.status, Some(1));
        assert!(ran.stderr.contains("nosuch"), "{}", ran.stderr);
    });
}

/// The packets captured before the device was removed and the statistics are printed, too.
#[test]
fn threads_report_a_removed_device() {
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

/// Returns the numbers of the datagrams in all savefiles of a folder, sorted.
fn all_numbers(folder: &Path) -> Vec<u32> {
    let files = fs::read_dir(folder).unwrap();
    let mut all: Vec<u32> = files
        .flat_map(|file| numbers(&file.unwrap().path()))
        .collect();
    all.sort_unstable();
    all
}

/// All datagrams belong to one flow, so only one of the threads has packets, and the others wait.
#[test]
fn a_thread_that_reaches_a_limit_ends_the_others() {
    in_netns(|| {
        for (limit, expected) in [
            ("-b packets:10 -a files:2", 20),
            ("-C 1000B -a files:2", 12),
            ("-a filesize:1", 6),
            ("-c 15", 15),
            ("-a packets:15", 15),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("t.pcap");
            let mut command = program("capture");
            command.args(words("-i lo --threads 3 -w")).arg(&path);
            command.args(words(limit)).arg("udp");
            let running = Running::start(&mut command);
            Sender::new().send(40, 100);
            let (status, _, stderr) = running.end();
            assert_eq!(status.code(), Some(0), "{limit}: {stderr}");
            let captured = format!("{expected} packets captured, ");
            assert_eq!(stderr.matches(" packets captured").count(), 1, "{stderr}");
            assert!(stderr.contains(&captured), "{limit}: {stderr}");
            assert!(
                all_numbers(folder.path()).into_iter().eq(0..expected),
                "{limit}"
            );
        }
    });
}

/// Each packet that arrives before the end is in exactly one savefile.
#[test]
fn the_end_of_a_thread_loses_no_packets_of_others() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.pcap");
        let mut command = program("capture");
        command.args(words(
            "-i lo --threads 4 --timeout 1000 -b packets:30 -a files:3 -w",
        ));
        let running = Running::start(command.arg(&path).arg("udp"));
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = receiver.local_addr().unwrap();
        let flows: Vec<_> = (0..9)
            .map(|_| UdpSocket::bind("127.0.0.1:0").unwrap())
            .collect();
        // The flow that reaches the limit is the last one to send.
        let counts = (1..=8).map(|_| 5).chain([100]);
        let mut number = 0_u32;
        for (flow, count) in flows.iter().zip(counts) {
            for _ in 0..count {
                flow.send_to(&number.to_be_bytes(), to).unwrap();
                number += 1;
            }
        }
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        let all = all_numbers(folder.path());
        assert!(
            stderr.contains(&format!("{} packets captured, ", all.len())),
            "{stderr}"
        );
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "{all:?}");
        // Another flow of the thread may have taken places in its savefiles.
        assert!(
            all.len() >= 90 && all.iter().take(40).copied().eq(0..40),
            "{all:?}"
        );
    });
}

/// The reader of one thread's output goes away. The others have no packets, so only the failed thread can end them.
#[test]
fn a_thread_that_fails_ends_the_others() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let open = |number| {
            let path = folder.path().join(format!("t-{number}.pcap"));
            run_tool("mkfifo", &[path_arg(&path)]);
            let mut options = OpenOptions::new();
            options
                .read(true)
                .custom_flags(libc::O_NONBLOCK)
                .open(path)
                .unwrap()
        };
        let mut readers: Vec<_> = (1..=3).map(|number| (0, open(number))).collect();
        let mut command = program("capture");
        command
            .args(words("-i lo --threads 3 -U -w"))
            .arg(folder.path().join("t.pcap"));
        let running = Running::start(command.arg("udp"));
        let sender = Sender::new();
        sender.send(10, 100);
        // The header of the file, and for each packet the header of its record and 142 bytes.
        let all_packets = 24 + 10 * (16 + 142);
        wait_until("a thread has written the packets", || {
            for (length, reader) in &mut readers {
                *length += reader.read(&mut [0; 4096]).unwrap_or(0);
            }
            readers.iter().any(|(length, _)| *length == all_packets)
        });
        readers.retain(|(length, _)| *length < all_packets);
        sender.send(10, 100);
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(1), "{stderr}");
        assert_eq!(stderr.matches(" packets captured").count(), 1, "{stderr}");
        assert!(stderr.contains("\n10 packets not written"), "{stderr}");
    });
}

/// Each thread has its own file of --also, which the statistics name.
#[test]
fn threads_write_their_own_further_files() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let also = format!("udp={}", path_arg(&folder.path().join("u.pcap")));
        let mut command = program("capture");
        command.args(words("-i lo --threads 2 -q -c 15 --json -w"));
        command
            .arg(folder.path().join("t.pcap"))
            .args(["--also", &also, "udp"]);
        let mut child = command
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        wait_until("the files exist", || {
            folder.path().join("u-2.pcap").exists()
        });
        let sender = Sender::new();
        wait_until("it ends", || {
            sender.send(1, 100);
            child.try_wait().unwrap().is_some()
        });
        let mut stdout = String::new();
        child.stdout.unwrap().read_to_string(&mut stdout).unwrap();
        let object: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        let outputs = object["outputs"].as_array().unwrap();
        let path_of = |number| path_arg(&folder.path().join(format!("u-{number}.pcap"))).to_owned();
        assert_eq!(outputs[0]["path"], path_of(1));
        assert_eq!(outputs[1]["path"], path_of(2));
        let packets = outputs
            .iter()
            .map(|output| output["packets"].as_u64().unwrap());
        assert_eq!(packets.sum::<u64>(), 15);
    });
}
