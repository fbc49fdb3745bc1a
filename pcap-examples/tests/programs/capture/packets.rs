//! The packets that `pcap-capture` captures.

use std::fs;
use std::net::UdpSocket;

use super::{numbers, statistics, words};
use crate::common::live::{Running, Sender, in_netns, ip};
use crate::common::{path_arg, program, run_program, run_tool};

// Shows: parity/programs-dump-split-recode
#[test]
fn a_count_limits_the_packets() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        let mut command = program("capture");
        command.args(words(&format!(
            "-i lo -c 10 -w {} udp port 9999",
            path_arg(&path)
        )));
        let running = Running::start(&mut command);
        Sender::new().send(15, 100);
        let (status, stdout, stderr) = running.end();
        assert_eq!((status.code(), stdout.as_str()), (Some(0), ""), "{stderr}");
        let [received, dropped, _] = statistics(&stderr);
        assert!(received >= 10 && dropped == 0, "{stderr}");
        assert_eq!(numbers(&path), (0..10).collect::<Vec<_>>());
        // Times have nanosecond precision.
        assert_eq!(fs::read(&path).unwrap()[..4], 0xa1b2_3c4d_u32.to_ne_bytes());
    });
}

#[test]
fn signals_lose_no_packets_sent_before() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        let sender = Sender::new();
        for signal in [libc::SIGINT, libc::SIGTERM] {
            let mut command = program("capture");
            let running =
                Running::start(command.args(words(&format!("-i lo -w {} udp", path_arg(&path)))));
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
fn any_shows_interface_and_direction() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        ip("link add left type veth peer name right");
        ip("link set left up");
        ip("link set right up");
        ip("addr add 192.0.2.1/24 dev left");
        ip("neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev left");
        let indices = ["left", "right"].map(|name| {
            let list = run_tool("ip", &["-o", "link", "show", name]);
            list.split(':').next().unwrap().parse::<u32>().unwrap()
        });
        let send = || {
            let socket = UdpSocket::bind("192.0.2.1:0").unwrap();
            socket.send_to(b"hello", "192.0.2.2:9999").unwrap();
        };
        // One end sends the packet. The other end receives it as a packet for another host.
        let seen = |stdout: &str, first: &str, second: &str| {
            let lines: Vec<&str> = stdout.lines().collect();
            assert_eq!(lines.len(), 2, "{stdout}");
            assert!(
                lines[0].contains(&format!(" {first} 192.0.2.1:")),
                "{stdout}"
            );
            assert!(
                lines[1].contains(&format!(" {second} 192.0.2.1:")),
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
                .find(|line| line.contains(" left Out 192.0.2.1:"));
            let received = lines
                .iter()
                .find(|line| line.contains(" right P 192.0.2.1:"));
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
        // The savefile contains only the numbers of interfaces, which tshark reads.
        let fields = [
            "-n",
            "-r",
            path_arg(&path),
            "-T",
            "fields",
            "-e",
            "sll.ifindex",
            "-e",
            "sll.pkttype",
        ];
        let told = run_tool("tshark", &fields);
        assert_eq!(told, format!("{}\t4\n{}\t3\n", indices[0], indices[1]));
        let [first, second] = indices.map(|index| format!("if{index}"));
        let lines = run_program("read", &[path_arg(&path)]).success_output();
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
