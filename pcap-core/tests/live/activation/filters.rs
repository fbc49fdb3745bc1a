//! Filters at activation and afterwards.

use std::time::Duration;

use pcap_core::{Capture, Dlt, ErrorKind, Filter, Insn, Next};

use super::{ethernet, net};
use crate::support;

/// With netmask 0, for unknown, `ip broadcast` would compile and miss broadcasts.
// Shows: libpcap/netmask-0-unknown-ip, parity/set-filter-optimized-right
// Shows: parity/netmask-0-unknown-ip
#[test]
fn ip_broadcast_uses_the_devices_netmask() {
    let Some(net) = net() else { return };
    net.ip("addr add 10.1.2.3/24 dev right".split(' '));
    let mut right = Capture::from_device("right")
        .filter("ip broadcast")
        .activate()
        .unwrap();
    let left = Capture::from_device("left").activate().unwrap();
    let mut payload = [0; 20];
    payload[0] = 0x45;
    for last in [7, 255] {
        payload[16..20].copy_from_slice(&[10, 1, 2, last]);
        left.inject(&ethernet(0x0800, &payload)).unwrap();
    }
    let packet = right.next_packet().unwrap().unwrap();
    assert_eq!(packet.data()[33], 255);
    // A device without an IPv4 address has no netmask, and the error says so.
    let error = Capture::from_device("left")
        .filter("ip broadcast")
        .activate()
        .unwrap_err();
    assert!(error.to_string().contains("netmask"), "{error}");
}

/// `vlan 5` compiled on a live Linux capture uses kernel extensions, and never matches the bytes of a savefile.
/// Compiled without a device, it misses tags that the kernel removes.
// Shows: libpcap/vlan-5-compiled-live
#[test]
fn live_filters_are_right_offline() {
    let Some(_net) = net() else { return };
    let left = Capture::from_device("left").activate().unwrap();
    let mut right = Capture::from_device("right").activate().unwrap();
    let live = right.compile("vlan 5").unwrap();
    assert!(live.uses_kernel_extensions());
    let dead = Filter::compile(Dlt::EN10MB, "vlan 5").unwrap();
    assert!(!dead.uses_kernel_extensions());

    let tagged = |id: u8| ethernet(0x8100, &[0, id, 0x88, 0xb5, id]);
    for filter in [&live, &dead] {
        assert!(filter.matches(&tagged(5)));
        assert!(!filter.matches(&tagged(6)));
        right.set_filter(filter).unwrap();
        for id in [6, 5, 7] {
            left.inject(&tagged(id)).unwrap();
        }
        let packet = right.next_packet().unwrap().unwrap();
        assert_eq!(packet.data(), tagged(5));
        let more = right
            .next_packet_timeout(Duration::from_millis(300))
            .unwrap();
        assert_eq!(more, Next::Timeout);
    }
}

// Shows: parity/go-without-filter-fails
#[test]
fn packets_read_ahead_are_filtered_again() {
    let Some(_net) = net() else { return };
    let left = Capture::from_device("left").activate().unwrap();
    let mut right = Capture::from_device("right").activate().unwrap();
    for n in 0..40 {
        left.inject(&ethernet(0x88b5, &[n])).unwrap();
    }
    assert_eq!(right.next_packet().unwrap().unwrap().data()[14], 0);
    right.set_filter("ether[14] >= 38").unwrap();
    assert_eq!(right.next_packet().unwrap().unwrap().data()[14], 38);
    // A filter that cannot be set leaves the current one in place.
    assert!(right.set_filter("nonsense here").is_err());
    left.inject(&ethernet(0x88b5, &[1])).unwrap();
    left.inject(&ethernet(0x88b5, &[99])).unwrap();
    assert_eq!(right.next_packet().unwrap().unwrap().data()[14], 39);
    assert_eq!(right.next_packet().unwrap().unwrap().data()[14], 99);
}

/// libpcap has stored the new filter before it fails to attach it on a device that is down.
#[test]
fn a_filter_on_a_down_device_keeps_the_old() {
    let Some(net) = net() else { return };
    let mut right = Capture::from_device("right")
        .filter("ether proto 0x88b5")
        .activate()
        .unwrap();
    net.ip(["link", "set", "right", "down"]);
    let first = right.set_filter("ether proto 0x88b6");
    net.ip(["link", "set", "right", "up"]);
    support::wait_until("it runs", || {
        net.ip(["-o", "link", "show", "dev", "right"])
            .contains(" state UP ")
    });
    let kept: u16 = if first.is_err() { 0x88b5 } else { 0x88b6 };
    let left = Capture::from_device("left").activate().unwrap();
    for ethertype in [0x88b5, 0x88b6] {
        left.inject(&ethernet(ethertype, &[])).unwrap();
    }
    let packet = right.next_packet().unwrap().unwrap();
    assert_eq!(packet.data()[12..14], kept.to_be_bytes());
    let more = right
        .next_packet_timeout(Duration::from_millis(300))
        .unwrap();
    assert_eq!(more, Next::Timeout);
}

/// A filter for another link type reads the wrong bytes.
#[test]
fn a_new_link_type_drops_the_filter() {
    let Some(_net) = net() else { return };
    let accept = [Insn::new(0x06, 0, 0, 100)];
    let instructions = Filter::from_instructions(Dlt::EN10MB, &accept).unwrap();
    let mut right = Capture::from_device("right")
        .filter(&instructions)
        .activate()
        .unwrap();
    let error = right.set_datalink(Dlt::DOCSIS).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LinktypeMismatch, "{error}");
    assert_eq!(right.datalink(), Dlt::EN10MB);
    right.set_filter("ether multicast").unwrap();
    let error = right.set_datalink(Dlt::DOCSIS).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterSyntax, "{error}");
    assert_eq!(right.datalink(), Dlt::EN10MB);
    right.set_filter("").unwrap();
    right.set_datalink(Dlt::DOCSIS).unwrap();
    assert_eq!(right.datalink(), Dlt::DOCSIS);
}
