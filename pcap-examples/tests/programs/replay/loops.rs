//! Sending a savefile several times with `pcap-replay`.

use std::fs;

use super::{create_device_pair, data, received, replayed};
use crate::common::live::{Running, in_netns};
use crate::common::{
    path_arg, program, record, run, run_with_stdin, sample_packets, savefile, write_file,
};

#[test]
fn loops_limits_and_filters_select_packets() {
    in_netns(|| {
        create_device_pair();
        let folder = tempfile::tempdir().unwrap();
        let whole = savefile(true, true, 1, &sample_packets());
        let input = write_file(folder.path(), "in.pcap", &whole);
        let udp: Vec<_> = sample_packets()
            .into_iter()
            .map(|packet| packet.2)
            .collect();
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

        // The savefile may also be compressed on standard input.
        let gzip = run_with_stdin(std::process::Command::new("gzip").arg("-c"), &whole).stdout;
        let path = received(folder.path(), 2, || {
            let mut command = program("replay");
            let ran = run_with_stdin(
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
        create_device_pair();
        let folder = tempfile::tempdir().unwrap();
        let large: Vec<_> = (0..50_000).map(|n| record(n, 0, vec![2; 1500])).collect();
        let bytes = savefile(false, false, 1, &large);
        assert!(bytes.len() > 70 << 20);
        let input = write_file(folder.path(), "in.pcap", &bytes);
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
        create_device_pair();
        let folder = tempfile::tempdir().unwrap();
        let large: Vec<_> = (0..50_000).map(|n| record(n, 0, vec![2; 1500])).collect();
        let input = write_file(folder.path(), "in.pcap", &savefile(false, false, 1, &large));
        let bare = savefile(false, false, 101, &[record(0, 0, vec![0x45; 40])]);
        let other = write_file(folder.path(), "other.pcap", &bare);
        let mut command = program("replay");
        // The program only ends because the savefile is replaced.
        command.args(["-i", "left", "--fast", "--loops", "0", path_arg(&input)]);
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
fn without_memory_a_savefile_is_read_for_each_loop() {
    in_netns(|| {
        create_device_pair();
        let folder = tempfile::tempdir().unwrap();
        let large: Vec<_> = (0..40_000).map(|n| record(n, 0, vec![2; 1500])).collect();
        let bytes = savefile(false, false, 1, &large);
        assert!(bytes.len() < 60 << 20);
        let input = write_file(folder.path(), "in.pcap", &bytes);
        // With this limit in KiB, the program runs, but cannot keep the packets in memory.
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
