//! The options of `pcap-capture` that choose and list devices.

use std::process::Command;

use super::words;
use crate::common::live::{Running, Sender, in_netns};
use crate::common::{program, run, run_program, run_tool};

/// The lists are those of tcpdump.
#[test]
fn devices_and_their_types_are_listed_as_by_tcpdump() {
    in_netns(|| {
        for line in ["-D", "-L -i lo", "-J -i lo", "-L -i any"] {
            let arguments: Vec<&str> = words(line).collect();
            let ours = run_program("capture", &arguments).success_output();
            // This version prints the second and third list on standard error.
            let theirs = run(Command::new("tcpdump").args(&arguments));
            let theirs = theirs.text().to_owned() + &theirs.stderr;
            assert_eq!(comparable(&ours), comparable(&theirs), "{line}");
        }
    });
}

/// Returns a list of devices without those that a vendored libpcap lacks, and without their numbers.
fn comparable(list: &str) -> Vec<&str> {
    let lines = list.lines();
    if !cfg!(feature = "vendored") {
        return lines.collect();
    }
    let lacks = |line: &str| line.contains("bluetooth-monitor") || line.contains("dbus-");
    lines
        .filter(|line| !lacks(line))
        .map(|line| line.split_once('.').map_or(line, |(_, device)| device))
        .collect()
}

#[test]
fn compiled_filters_are_printed_as_by_tcpdump() {
    in_netns(|| {
        for line in [
            "-d -i lo tcp port 80",
            "-dd -i lo udp",
            "-ddd -i lo arp",
            "-d -i any vlan",
        ] {
            let arguments: Vec<&str> = words(line).collect();
            let ran = run_program("capture", &arguments);
            if line.ends_with("vlan") {
                // libpcap cannot compile it for the link type of `any`.
                assert_eq!(ran.status, Some(1), "{}", ran.stderr);
                continue;
            }
            assert_eq!(
                ran.success_output(),
                run_tool("tcpdump", &arguments),
                "{line}"
            );
        }
    });
    // With a link type, no device and no permission is needed.
    let ran = run_program("capture", &["-ddd", "-y", "RAW", "icmp"]);
    assert!(ran.success_output().starts_with("7\n"));
}

#[test]
fn a_number_stands_for_a_device() {
    in_netns(|| {
        let list = run_program("capture", &["-D"]).success_output();
        let line = list.lines().find(|line| line.contains(".lo ")).unwrap();
        let (number, _) = line.split_once('.').unwrap();
        let mut command = program("capture");
        command.args(words(&format!("-nn -l -i {number} -c 2 udp port 9999")));
        let running = Running::start_saying(&mut command, "listening on lo, EN10MB ");
        Sender::new().send(2, 10);
        let (status, stdout, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert_eq!(stdout.lines().count(), 2);
        let ran = run_program("capture", &["-i", "99"]);
        assert_eq!(ran.status, Some(1));
        assert!(
            ran.stderr
                .contains("cannot find device 99: expected a number from 1 to ")
        );
    });
}

/// The device is promiscuous by default, and not with `-p`.
#[test]
fn promiscuous_mode_is_the_default() {
    in_netns(|| {
        for (option, promiscuity) in [("", "promiscuity 1"), ("-p ", "promiscuity 0")] {
            let mut command = program("capture");
            let running = Running::start(command.args(words(&format!("{option}-i lo"))));
            let link = run_tool("ip", &["-d", "link", "show", "lo"]);
            running.signal(libc::SIGINT);
            running.end();
            assert!(link.contains(promiscuity), "{option}: {link}");
        }
        // Nobody has requested the mode that `any` does not have.
        let mut command = program("capture");
        let (status, _, stderr) =
            Running::start(command.args(words("-i any -a duration:0.2"))).end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert!(!stderr.contains("warning"), "{stderr}");
        let mut command = program("capture");
        let (_, _, stderr) =
            Running::start(command.args(words("-i any -p -a packets:1 -a duration:0.2"))).end();
        assert!(!stderr.contains("warning"), "{stderr}");
    });
}
