//! The times at which `pcap-replay` sends packets.

use super::{create_device_pair, data, frames, received, replayed};
use crate::common::live::in_netns;
use crate::common::{Record, path_arg, program, run_program, run_tool, savefile, write_file};

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

// Shows: parity/programs-dump-split-recode
#[test]
fn at_full_speed_all_packets_arrive_in_order() {
    in_netns(|| {
        create_device_pair();
        let folder = tempfile::tempdir().unwrap();
        let sent = frames(20_000);
        let bytes: usize = sent.iter().map(|packet| packet.2.len()).sum();
        let input = write_file(folder.path(), "in.pcap", &savefile(false, false, 1, &sent));
        let path = received(folder.path(), sent.len(), || {
            let ran = run_program("replay", &["-i", "left", "--fast", path_arg(&input)]);
            assert_eq!(ran.status, Some(0), "{}", ran.stderr);
            let lines: Vec<_> = ran.stderr.lines().collect();
            assert_eq!(
                lines[0],
                format!(
                    "pcap-replay: sending `{}` on left, EN10MB",
                    path_arg(&input)
                )
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
fn the_default_pace_is_that_of_the_savefile() {
    in_netns(|| {
        create_device_pair();
        let folder = tempfile::tempdir().unwrap();
        let input = write_file(
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
        // Check the arrival times as tcpdump prints them.
        let times = run_tool("tcpdump", &["-tt", "-n", "--nano", "-r", path_arg(&path)]);
        let times: Vec<f64> = times
            .lines()
            .filter(|line| !line.starts_with('\t'))
            .map(|line| line.split(' ').next().unwrap().parse().unwrap())
            .collect();
        let took = times[19] - times[0];
        assert!((0.17..0.5).contains(&took), "{took}");
        // Other processes may delay some packets, but not most of them.
        let on_time = |n: &usize| (times[*n] - times[0] - *n as f64 * 0.01).abs() < 0.005;
        assert!((0..20).filter(on_time).count() > 10, "{times:?}");
    });
}

#[test]
fn speeds_and_rates_are_observed() {
    in_netns(|| {
        create_device_pair();
        let folder = tempfile::tempdir().unwrap();
        let input = write_file(
            folder.path(),
            "in.pcap",
            &savefile(false, true, 1, &every(10, 20)),
        );
        // Times that decrease cause no waits.
        let mut backward = every(2000, 20);
        backward.reverse();
        let backward = write_file(
            folder.path(),
            "back.pcap",
            &savefile(false, true, 1, &backward),
        );
        for (options, input, least, most) in [
            (&["--speed", "2"][..], &input, 0.095, 0.185),
            (&["--speed", "0.5"], &input, 0.38, 0.6),
            (&["--pps", "100"], &input, 0.19, 0.3),
            // Each packet has 480 bits.
            (&["--mbps", "0.0912"], &input, 0.1, 0.185),
            (&["--fast"], &input, 0.0, 0.18),
            (&[], &backward, 0.0, 0.18),
            // There is no gap between the loops.
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
        // This rate is too high for sleeping between packets.
        let many = write_file(
            folder.path(),
            "many.pcap",
            &savefile(false, false, 1, &every(0, 5000)),
        );
        let (_, summary) = replayed(&["--pps", "10000"], &many);
        let seconds = summary["seconds"].as_f64().unwrap();
        assert!((0.4998..0.75).contains(&seconds), "{summary}");
    });
}

/// With --fast, packets of files are sent in batches, but packets from a pipe are sent one by one.
#[test]
fn packets_from_a_slow_pipe_are_sent_immediately() {
    use std::io::Write;
    use std::process::Stdio;
    in_netns(|| {
        create_device_pair();
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
            // Keep the input open.
            running = Some((child, input));
        });
        assert_eq!(data(&path).len(), 3);
        let (mut child, input) = running.unwrap();
        drop(input);
        assert!(child.wait().unwrap().success());
    });
}
