//! Tests of `pcap-devices`, with devices that the tests create.

use std::process::Command;

use crate::common::live::{in_netns, ip};
use crate::common::{run, run_program};

// Shows: parity/list-devices-address-netmask, parity/programs-dump-split-recode
#[test]
fn addresses_and_states_are_listed() {
    in_netns(|| {
        ip("link add left type veth peer name right");
        ip("link set left address 02:00:5e:00:00:01 up");
        ip("addr add 192.0.2.1/24 broadcast 192.0.2.255 dev left");
        ip("tuntap add dev tun0 mode tun");
        ip("addr add 198.51.100.1 peer 198.51.100.2 dev tun0");

        let text = run_program("devices", &[]).success_output();
        for line in [
            ". lo: up, running, loopback",
            "    ipv4 127.0.0.1 netmask 255.0.0.0",
            "    mac 02:00:5e:00:00:01 broadcast ff:ff:ff:ff:ff:ff",
            "    ipv4 192.0.2.1 netmask 255.255.255.0 broadcast 192.0.2.255",
            "    ipv4 198.51.100.1 netmask 255.255.255.255 peer 198.51.100.2",
            "    Pseudo-device that captures on all interfaces",
        ] {
            assert!(
                text.lines().any(|l| l.ends_with(line)),
                "{line} is not in:\n{text}"
            );
        }

        let json = run_program("devices", &["--json"]).success_output();
        let devices: Vec<serde_json::Value> = json
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let names: Vec<&str> = devices
            .iter()
            .map(|device| device["name"].as_str().unwrap())
            .collect();
        let of_text = text.lines().filter(|line| !line.starts_with(' '));
        let of_text: Vec<&str> = of_text
            .map(|line| line.split(':').next().unwrap())
            .map(|line| line.split_once(". ").unwrap().1)
            .collect();
        assert_eq!(names, of_text);
        let of = |name: &str| &devices[names.iter().position(|n| *n == name).unwrap()];
        assert_eq!(
            (&of("lo")["loopback"], &of("left")["up"]),
            (&true.into(), &true.into())
        );
        assert_eq!(of("right")["up"], false);
        let tun = of("tun0")["addresses"].as_array().unwrap();
        let peer = tun.iter().find(|a| a["address"] == "198.51.100.1").unwrap();
        assert_eq!(
            (&peer["family"], &peer["peer"]),
            (&"ipv4".into(), &"198.51.100.2".into())
        );
    });
}

#[test]
fn numbers_link_types_and_time_stamp_types_are_listed() {
    in_netns(|| {
        let json = run_program("devices", &["--json", "-L", "-J"]).success_output();
        let devices: Vec<serde_json::Value> = json
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        for (index, device) in devices.iter().enumerate() {
            assert_eq!(device["number"], index + 1);
        }
        let lo = devices
            .iter()
            .find(|device| device["name"] == "lo")
            .unwrap();
        assert_eq!(lo["link_types"][0]["name"], "EN10MB");
        assert_eq!(lo["time_stamp_types"][0]["name"], "host");
        // tcpdump lists the same link types.
        let any = devices
            .iter()
            .find(|device| device["name"] == "any")
            .unwrap();
        let listed = run(Command::new("tcpdump").args(["-L", "-i", "any"])).stderr;
        for linktype in any["link_types"].as_array().unwrap() {
            assert!(
                listed.contains(linktype["name"].as_str().unwrap()),
                "{listed}"
            );
        }
        let number = lo["number"].to_string();
        for name in ["lo", &number] {
            let text = run_program("devices", &["-L", "-i", name]).success_output();
            let first = text.lines().next().unwrap();
            assert!(first.starts_with(&format!("{number}. lo: ")), "{text}");
            assert!(
                text.ends_with("    link type EN10MB (Ethernet)\n"),
                "{text}"
            );
        }
        for wrong in ["no-such", "99"] {
            assert_eq!(run_program("devices", &["-i", wrong]).status, Some(1));
        }
    });
}

#[test]
fn it_accepts_no_arguments() {
    assert_eq!(run_program("devices", &["eth0"]).status, Some(2));
    let help = run_program("devices", &["--help"]).success_output();
    assert!(
        help.contains("Examples:") && help.contains("JSON:"),
        "{help}"
    );
}

#[test]
fn names_are_one_per_line() {
    in_netns(|| {
        let names = run_program("devices", &["--names"]).success_output();
        assert!(names.lines().any(|name| name == "lo"), "{names}");
        assert_eq!(
            run_program("devices", &["--names", "-i", "lo"]).success_output(),
            "lo\n"
        );
    });
}
