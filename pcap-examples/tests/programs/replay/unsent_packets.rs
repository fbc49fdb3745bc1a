//! Packets that `pcap-replay` cannot send.

use std::time::{Duration, Instant};

use super::{create_device_pair, data, frames, received, replayed};
use crate::common::live::{in_netns, ip};
use crate::common::{
    error_text, path_arg, program, record, run, run_program, run_with_stdin, sample_packets,
    savefile, write_file,
};

#[test]
fn unsent_packets_are_counted_and_reported() {
    in_netns(|| {
        create_device_pair();
        let folder = tempfile::tempdir().unwrap();
        let mut mixed = frames(6);
        mixed[1].2.resize(3000, 7);
        mixed[1].3 = 3000;
        mixed[3].2.resize(2000, 7);
        mixed[3].3 = 2000;
        mixed[4].3 = 9000;
        let input = write_file(folder.path(), "in.pcap", &savefile(false, false, 1, &mixed));
        let path = received(folder.path(), 3, || {
            let ran = run_program("replay", &["-i", "left", "--fast", path_arg(&input)]);
            assert_eq!(ran.status, Some(1));
            let lines: Vec<_> = ran.stderr.lines().skip(1).collect();
            assert!(lines[0].starts_with("3 packets sent, "), "{}", ran.stderr);
            let why = format!("send: {}", error_text(libc::EMSGSIZE));
            assert_eq!(lines[1], format!("3 not sent: 2 {why}, 1 truncated"));
            let line = format!("pcap-replay: packet 2, 3000 bytes: cannot inject on `left`: {why}");
            assert_eq!(lines[2], line);
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
            serde_json::json!({format!("send: {}", error_text(libc::EMSGSIZE)): 2})
        );

        let (ran, summary) = replayed(&["--fast", "--stop-on-error"], &input);
        assert_eq!(
            (ran.status, &summary["packets"], &summary["not_sent"]),
            (Some(1), &1.into(), &1.into())
        );
    });
}

#[test]
fn packets_before_the_damage_are_sent() {
    in_netns(|| {
        create_device_pair();
        let folder = tempfile::tempdir().unwrap();
        let sent = frames(300);
        let mut bytes = savefile(false, false, 1, &sent);
        bytes.truncate(bytes.len() - 10);
        let input = write_file(folder.path(), "in.pcap", &bytes);
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
fn a_different_link_type_is_rejected() {
    in_netns(|| {
        create_device_pair();
        let folder = tempfile::tempdir().unwrap();
        let bare: Vec<_> = sample_packets()
            .into_iter()
            .map(|(secs, nanos, data, len)| (secs, nanos, data[14..].to_vec(), len - 14))
            .collect();
        let input = write_file(
            folder.path(),
            "in.pcap",
            &savefile(false, false, 101, &bare),
        );
        let ran = run_program("replay", &["-i", "left", path_arg(&input)]);
        assert_eq!(ran.status, Some(1));
        assert_eq!(
            ran.stderr,
            format!(
                "pcap-replay: cannot send `{}` on `left`: expected the link type EN10MB, found RAW; \
                     `pcap-recode --linktype ETHERNET` may convert it\n",
                path_arg(&input)
            )
        );
        // Convert the packets as the message suggests.
        let path = received(folder.path(), 7, || {
            let ran = run_program(
                "recode",
                &["-q", "--linktype", "ETHERNET", path_arg(&input), "-"],
            );
            let mut command = program("replay");
            let ran = run_with_stdin(command.args(["-i", "left", "--fast", "-"]), &ran.stdout);
            // One packet is truncated.
            assert!(
                ran.stderr.contains("1 not sent: 1 truncated"),
                "{}",
                ran.stderr
            );
        });
        assert!(data(&path).iter().all(|packet| packet[..12] == [0; 12]));
    });
}

/// The other end only accepts shorter frames, so the device drops these. They are not retried forever.
#[test]
fn frames_that_the_device_drops_are_counted() {
    in_netns(|| {
        create_device_pair();
        ip("link set right mtu 200");
        let folder = tempfile::tempdir().unwrap();
        let lengths = [60, 1000, 1400, 60, 1000];
        let packets = lengths.map(|length| record(1, 0, vec![2; length]));
        let input = write_file(
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

#[test]
fn an_empty_packet_has_one_error() {
    in_netns(|| {
        create_device_pair();
        let folder = tempfile::tempdir().unwrap();
        let mut packets = frames(3);
        packets[1] = record(1_700_000_000, 0, Vec::new());
        let input = write_file(
            folder.path(),
            "in.pcap",
            &savefile(false, false, 1, &packets),
        );
        for pace in [&["--fast"][..], &["--pps", "10000"]] {
            let (ran, summary) = replayed(pace, &input);
            let error =
                "pcap-replay: packet 2, 0 bytes: cannot inject on `left`: the packet is empty\n";
            assert_eq!(
                (ran.status, ran.stderr.as_str()),
                (Some(1), error),
                "{pace:?}"
            );
            assert_eq!(summary["packets"], 2);
            let errors = serde_json::json!({"the packet is empty": 1});
            assert_eq!(summary["errors"], errors);
        }
    });
}

/// `--payload cut` truncates packets, which are only sent with `--cut`.
#[test]
fn a_cut_payload_needs_cut_packets() {
    in_netns(|| {
        create_device_pair();
        let folder = tempfile::tempdir().unwrap();
        let packets = [sample_packets().swap_remove(0)];
        let input = write_file(
            folder.path(),
            "in.pcap",
            &savefile(false, false, 1, &packets),
        );
        let words = ["-i", "left", "--fast", "--payload", "cut", path_arg(&input)];
        let ran = run_program("replay", &words);
        assert_eq!(ran.status, Some(2));
        assert!(
            ran.stderr.contains("only sent with `--cut`"),
            "{}",
            ran.stderr
        );
        let (ran, summary) = replayed(&["--payload", "cut", "--cut"], &input);
        assert_eq!((ran.status, &summary["packets"]), (Some(0), &1.into()));
    });
}

/// A frame that the device drops is retried for a second, but not after the end.
#[test]
fn the_duration_ends_retries() {
    in_netns(|| {
        create_device_pair();
        ip("link set right mtu 200");
        let folder = tempfile::tempdir().unwrap();
        let packets = [60, 1000, 60].map(|length| record(1, 0, vec![2; length]));
        let input = write_file(
            folder.path(),
            "in.pcap",
            &savefile(false, false, 1, &packets),
        );
        for pace in [&["--fast"][..], &["--pps", "1000"]] {
            let options = [pace, &["--duration", "0.3"]].concat();
            let (ran, summary) = replayed(&options, &input);
            assert_eq!(ran.status, Some(0), "{pace:?}: {}", ran.stderr);
            assert_eq!(
                (&summary["packets"], &summary["not_sent"]),
                (&1.into(), &0.into()),
                "{pace:?}"
            );
        }
    });
}
