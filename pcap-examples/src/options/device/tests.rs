//! Tests of the assignment of options to devices.

use clap::Parser;

use super::requests::Request;
use super::{DeviceList, DeviceOptions};

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    options: DeviceOptions,
}

fn parse(line: &str) -> Result<DeviceOptions, clap::Error> {
    let words = ["program"].into_iter().chain(line.split_whitespace());
    Program::try_parse_from(words).map(|program| program.options)
}

fn requests(line: &str) -> Vec<Request> {
    parse(line).unwrap().requests
}

#[test]
fn options_apply_to_the_device_before_them() {
    let [a, b, c] = <[Request; 3]>::try_from(requests(
        "-s 64 -p -f tcp -i a -s 100 -i b -B 1M -f udp -i c -I -y RAW -s 1 -s 2",
    ))
    .unwrap();
    assert_eq!(
        a,
        Request {
            name: Some("a".into()),
            filter: Some("tcp".into()),
            snaplen: Some(100),
            no_promiscuous_mode: true,
            ..Request::default()
        }
    );
    assert_eq!(
        b,
        Request {
            name: Some("b".into()),
            filter: Some("udp".into()),
            snaplen: Some(64),
            buffer_size: Some(1 << 20),
            no_promiscuous_mode: true,
            ..Request::default()
        }
    );
    assert_eq!((c.snaplen, c.monitor_mode), (Some(2), true));
    assert_eq!(c.linktype, Some(pcap_core::Dlt::RAW));
}

#[test]
fn options_of_a_device_do_not_apply_to_others() {
    let both = requests("-i a -p -s 9 -i b");
    assert!(both[0].no_promiscuous_mode && !both[1].no_promiscuous_mode);
    assert_eq!((both[0].snaplen, both[1].snaplen), (Some(9), None));
    let default = requests("-s 7 udp");
    assert_eq!((default.len(), default[0].snaplen), (1, Some(7)));
    assert_eq!(default[0].name, None);
}

#[test]
fn every_filter_applies_to_a_device() {
    let expressions = |line: &str| -> Vec<String> {
        let devices = parse(line).unwrap().devices().unwrap();
        devices
            .into_iter()
            .map(|device| device.expression)
            .collect()
    };
    assert_eq!(
        expressions("-i a -f arp -i b tcp port 80"),
        ["arp", "tcp port 80"]
    );
    assert_eq!(expressions("-f arp -i a -i b -f udp"), ["arp", "udp"]);
    assert_eq!(expressions("-i a ether[0] = -1"), ["ether[0] = -1"]);
    for line in [
        "-i a -f arp udp",
        "-f arp -i a udp",
        "-f arp udp",
        "-F x udp",
        "-f arp -F x",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn lists_exclude_each_other() {
    assert_eq!(parse("-D").unwrap().list(), Some(DeviceList::Devices));
    assert_eq!(
        parse("-i a -ddd tcp").unwrap().list(),
        Some(DeviceList::Filters(3))
    );
    assert_eq!(parse("-i a").unwrap().list(), None);
    assert!(parse("-D -L").is_err());
}

#[test]
fn precisions_have_short_names() {
    use pcap_core::Precision::{Micro, Nano};
    for (line, precision) in [
        ("", Nano),
        ("--micro", Micro),
        ("--time-stamp-precision micro", Micro),
        ("--time-stamp-precision=nano", Nano),
    ] {
        assert_eq!(
            parse(line).unwrap().args.capture.common.precision(),
            precision,
            "{line}"
        );
    }
    assert!(parse("--micro --time-stamp-precision nano").is_err());
}
