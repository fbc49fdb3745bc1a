//! The `--duration` option, errors and the exit status of `pcap-capture`.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{numbers, statistics, two_networks, words};
use crate::common::live::{Running, Sender, in_netns, ip, is_root, on_small_disk};
use crate::common::{copy_program, not_written, path_arg, program, run, run_program, run_tool};

#[test]
fn a_duration_ends_an_idle_capture() {
    in_netns(|| {
        let start = Instant::now();
        let ran = run_program("capture", &["-i", "lo", "--duration", "0.3"]);
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
fn a_removed_device_is_an_error_after_its_packets() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        ip("link add left type veth peer name right");
        for end in ["left", "right"] {
            ip(&format!("link set {end} arp off up"));
        }
        ip("route add 192.0.2.0/24 dev left");
        let mut command = program("capture");
        let running =
            Running::start(command.args(words(&format!("-i left -w {}", path_arg(&path)))));
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
            run_tool("tcpdump", &["-n", "-r", path_arg(&path)])
                .lines()
                .count(),
            5
        );
    });
}

/// One savefile follows another, on one device and on two, of which the first is removed and then the second.
#[test]
fn a_removed_device_ends_rotation_after_its_packets() {
    in_netns(|| {
        for devices in [&["north"][..], &["left", "north"]] {
            let folder = tempfile::tempdir().unwrap();
            two_networks();
            let mut command = program("capture");
            devices
                .iter()
                .for_each(|device| _ = command.args(["-i", device]));
            command
                .args(words("-b packets:2 -w"))
                .arg(folder.path().join("a.pcapng"));
            let running = Running::start(command.arg("udp"));
            let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
            let send = |count, to| {
                for _ in 0..count {
                    socket.send_to(b"on the way", to).unwrap();
                }
            };
            send(5, "192.0.2.2:9");
            send(5, "198.51.100.2:9");
            ip("link del left");
            send(2, "198.51.100.2:9");
            ip("link del north");
            let (status, _, stderr) = running.end();
            assert_eq!(status.code(), Some(1), "{stderr}");
            let expected = if devices.len() == 1 { 7 } else { 12 };
            let captured = format!("{expected} packets captured, ");
            assert!(stderr.contains(&captured), "{stderr}");
            for device in devices {
                let error = format!("pcap-capture: cannot read from `{device}`: ");
                assert_eq!(stderr.matches(&error).count(), 1, "{stderr}");
            }
            let mut packets = 0;
            for file in fs::read_dir(folder.path()).unwrap() {
                let file = file.unwrap().path();
                let lines = run_tool("tshark", &["-n", "-r", path_arg(&file)]);
                packets += lines.lines().count();
            }
            assert_eq!(packets, expected);
        }
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
        // Only packets in the savefile count as captured.
        assert!(
            error.contains(&format!("\n{rest} packets captured, ")),
            "{error}"
        );
        assert!(not_written(&error) > 0, "{error}");
    });
}

#[test]
fn exit_status_separates_usage_from_failure() {
    // A program that wrongly accepts the arguments finds no device.
    in_netns(|| {
        for (arguments, status, text) in [
            (&["--help"][..], 0, ""),
            (&["-c", "0"], 2, "--limit"),
            (&["-c", "ten"], 2, "--limit"),
            (&["--duration", "-1"], 2, "--duration"),
            (&["-Q", "sideways"], 2, "in, out, inout"),
            (&["--time-stamp-precision", "pico"], 2, "micro, nano"),
            (&["-j", "sundial"], 2, "sundial"),
            (&["-B", "1X"], 2, "the units B, kB, MB"),
            (&["-f", "udp", "tcp"], 2, "cannot be used with"),
            (&["-w", "-", "--print"], 2, "savefile"),
        ] {
            let ran = run_program("capture", arguments);
            assert_eq!(ran.status, Some(status), "{arguments:?}: {}", ran.stderr);
            assert!(ran.stderr.contains(text), "{arguments:?}: {}", ran.stderr);
        }
        let ran = run_program("capture", &["-i", "no-such-dev"]);
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
    });
}

#[test]
fn options_reach_libpcap() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        for (arguments, text) in [
            (&["tcp", "prot", "80"][..], "cannot compile `tcp prot 80`: "),
            (&["-y", "IEEE802_11"], "IEEE802_11"),
            (&["--monitor-mode"], "monitor mode"),
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
        command.args(words("-i lo -O -c 2 -p --immediate-mode -B 4M -Q in"));
        command.args(words(&format!(
            "-j host --time-stamp-precision micro -w {} udp",
            path_arg(&path)
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
fn missing_privileges_are_explained() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = copy_program("capture", folder.path());
    let mut command = std::process::Command::new(copy);
    let ran = run(command.args(words("-i lo")).uid(65_534).gid(65_534));
    assert_eq!((ran.status, ran.stderr.lines().count()), (Some(1), 1));
    assert!(
        ran.stderr
            .starts_with("pcap-capture: cannot activate `lo`: no permission")
    );
    assert!(ran.stderr.contains("setcap"), "{}", ran.stderr);
}
