//! Filters compiled on a live Linux capture may use data that the kernel keeps outside the packet: such a `vlan 5`
//! never matches a savefile's packets, unless it is compiled again. Long lists run in the kernel as far as it accepts
//! them.

use std::net::Ipv4Addr;
use std::time::Duration;

use pcap_core::{Capture, CompileOptions, Dlt, Filter, FilterLocation, Next};

use crate::support::Netns;
use crate::support::wire::{frame, wire};

fn tagged(vlan: u8) -> Vec<u8> {
    let mut frame = vec![0xff; 64];
    frame[12..18].copy_from_slice(&[0x81, 0x00, 0x00, vlan, 0x88, 0xb5]);
    frame
}

/// `vlan 5` compiled on a live Linux capture uses kernel extensions, and matches no packet of a savefile.
// Shows: libpcap/vlan-5-compiled-live
#[test]
fn vlan_compiled_live_is_right_on_bytes() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let right = Capture::from_device("right").activate().unwrap();
    let options = CompileOptions::new();

    let live = options.compile_for(&right, "vlan 5").unwrap();
    assert!(live.uses_kernel_extensions() && live.runs_on_bytes());
    assert!(live.to_string().contains("vlanp"), "{live}");
    assert!(live.matches(&tagged(5)));
    assert!(!live.matches(&tagged(6)));

    // The same as compiled without a device, whose instructions differ.
    let detached = options.compile(Dlt::EN10MB, "vlan 5").unwrap();
    assert!(!detached.uses_kernel_extensions());
    assert_ne!(detached.instructions(), live.instructions());
    for length in 0..64 {
        let cut = &tagged(5)[..length];
        assert_eq!(live.matches(cut), detached.matches(cut), "{length} bytes");
    }

    // What the bytes do not contain remains unknown.
    let inbound = options.compile_for(&right, "inbound").unwrap();
    assert!(inbound.uses_kernel_extensions() && !inbound.runs_on_bytes());
    assert!(!inbound.matches(&tagged(5)));

    // An expression that needs no kernel extension is compiled once.
    let ip = options.compile_for(&right, "ip").unwrap();
    assert!(!ip.uses_kernel_extensions());
}

/// libpcap copies a program that is set; `vlan 5` compiled for plain bytes misses the tags that the kernel removed.
// Shows: libpcap/vlan-5-compiled-live
#[test]
fn either_kind_is_right_in_the_kernel() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = Capture::from_device("left").activate().unwrap();
    let mut right = Capture::from_device("right").activate().unwrap();
    let live = right.compile("vlan 5").unwrap();
    let detached = Filter::compile(Dlt::EN10MB, "vlan 5").unwrap();
    for filter in [live, detached] {
        right.set_filter(&filter).unwrap();
        for vlan in [4, 5, 6] {
            left.inject(&tagged(vlan)).unwrap();
        }
        let mut seen = Vec::new();
        while let Next::Packet(packet) = right
            .next_packet_timeout(Duration::from_millis(300))
            .unwrap()
        {
            seen.push(packet.data()[15]);
        }
        assert_eq!(seen, [5], "{filter}");
    }
}

fn from_host(source: Ipv4Addr) -> Vec<u8> {
    let mut frame = vec![0xff; 64];
    frame[12..16].copy_from_slice(&[0x08, 0x00, 0x45, 0x00]);
    frame[26..30].copy_from_slice(&source.octets());
    frame
}

/// Linux accepts 4096 instructions; longer programs run in the process.
#[test]
fn lists_of_any_length_run_live() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = Capture::from_device("left").activate().unwrap();
    let mut right = Capture::from_device("right").activate().unwrap();
    for (count, in_kernel) in [(1000, true), (5000, false)] {
        // Every fourth address of a network.
        let host = |n: u32| Ipv4Addr::from(0x0a00_0000 + 4 * n);
        let filter = Filter::any_of(Dlt::EN10MB, (0..count).map(host)).unwrap();
        println!(
            "{count} hosts: {} instructions",
            filter.instructions().len()
        );
        assert_eq!(filter.instructions().len() <= 4096, in_kernel);
        right.set_filter(&filter).unwrap();
        let before = right.stats().unwrap().received;
        let mut wanted = Vec::new();
        for n in (0..count).step_by(count as usize / 50) {
            left.inject(&from_host(host(n))).unwrap();
            left.inject(&from_host((u32::from(host(n)) + 1).into()))
                .unwrap();
            wanted.push(host(n));
        }
        let mut seen = Vec::new();
        while let Next::Packet(packet) = right
            .next_packet_timeout(Duration::from_millis(300))
            .unwrap()
        {
            let octets: [u8; 4] = packet.data()[26..30].try_into().unwrap();
            seen.push(Ipv4Addr::from(octets));
        }
        assert_eq!(seen, wanted);
        // The kernel counts the packets that pass its filter.
        let received = right.stats().unwrap().received - before;
        assert_eq!(received == wanted.len() as u64, in_kernel, "{received}");
    }
}

/// The kernel removes the tag before its filter sees the packet. A filter means the same whether it runs in the kernel
/// or, because of its length, in the process, and for packets read ahead when it is set.
#[test]
fn a_list_takes_packets_of_vlans() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = Capture::from_device("left").activate().unwrap();
    let wanted = Ipv4Addr::new(192, 0, 2, 1);
    let frame = |source, vlan: Option<u8>| {
        let mut frame = from_host(source);
        if let Some(vlan) = vlan {
            frame.splice(12..12, [0x81, 0x00, 0x00, vlan]);
        }
        frame
    };
    let send = |vlan| {
        left.inject(&frame(Ipv4Addr::new(192, 0, 2, 2), vlan))
            .unwrap();
        left.inject(&frame(wanted, vlan)).unwrap();
    };
    for count in [0, 5000] {
        let others = (0..count).map(|n| Ipv4Addr::from(0x0a00_0000 + 4 * n));
        let filter = Filter::any_of(Dlt::EN10MB, others.chain([wanted])).unwrap();
        let mut right = Capture::from_device("right").activate().unwrap();
        for vlan in [None, Some(5)] {
            // Once before and once after the filter is set.
            send(vlan);
            send(vlan);
            assert!(right.next_packet().unwrap().is_some());
            right.set_filter(&filter).unwrap();
            send(vlan);
            let mut seen = Vec::new();
            while let Next::Packet(packet) = right
                .next_packet_timeout(Duration::from_millis(300))
                .unwrap()
            {
                seen.push(packet.data().to_vec());
            }
            assert_eq!(seen, vec![frame(wanted, vlan); 3], "{count} {vlan:?}");
            right.set_filter("").unwrap();
        }
    }
}

/// A part that tests tags is compiled for the kernel, which has removed them; the other parts see none.
#[test]
fn combined_filters_are_compiled_again_live() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = Capture::from_device("left").activate().unwrap();
    let mut right = Capture::from_device("right").activate().unwrap();
    let in_vlan = |mut frame: Vec<u8>, vlan| {
        frame.splice(12..12, [0x81, 0x00, 0x00, vlan]);
        frame
    };
    let [one, other] = [1, 2].map(|n| from_host(Ipv4Addr::new(192, 0, 2, n)));
    let frames = [
        one.clone(),
        other.clone(),
        in_vlan(one.clone(), 5),
        in_vlan(one, 6),
        in_vlan(other.clone(), 5),
        in_vlan(other, 6),
    ];
    let vlan = Filter::compile(Dlt::EN10MB, "vlan 5").unwrap();
    let list = Filter::any_of(Dlt::EN10MB, [Ipv4Addr::new(192, 0, 2, 1)]).unwrap();
    // The kernel does not accept this many.
    let many = (0..5000).map(|n| Ipv4Addr::from(0x0a00_0000 + 4 * n));
    let long = list
        .or(&Filter::any_of(Dlt::EN10MB, many).unwrap())
        .unwrap();
    for (filter, wanted) in [
        (long.or(&vlan).unwrap(), &[0, 2, 3, 4][..]),
        (!vlan.or(&long).unwrap(), &[1, 5]),
        (long.and(&!&vlan).unwrap(), &[0, 3]),
        (vlan.or(&list).unwrap(), &[0, 2, 3, 4]),
        (!vlan.or(&list).unwrap(), &[1, 5]),
        (list.and(&!&vlan).unwrap(), &[0, 3]),
        ((!&list).and(&vlan).unwrap(), &[4]),
        (!&vlan, &[0, 1, 3, 5]),
    ] {
        assert_eq!(filter.expression(), None);
        right.set_filter(&filter).unwrap();
        for frame in &frames {
            left.inject(frame).unwrap();
        }
        let mut seen = Vec::new();
        while let Next::Packet(packet) = right
            .next_packet_timeout(Duration::from_millis(300))
            .unwrap()
        {
            seen.push(frames.iter().position(|frame| frame == packet.data()));
        }
        let wanted: Vec<_> = wanted.iter().copied().map(Some).collect();
        let length = filter.instructions().len();
        assert_eq!(seen, wanted, "{length} instructions");
    }
}

#[test]
fn the_kernel_leaves_out_a_thousand_hosts() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = Capture::from_device("left").activate().unwrap();
    let host = |n: u32| Ipv4Addr::from(0x0a00_0000 + 4 * n);
    let hosts = Filter::any_of(Dlt::EN10MB, (0..1000).map(host)).unwrap();
    let ip = Filter::compile(Dlt::EN10MB, "ip").unwrap();
    let others = ip.and(&!hosts).unwrap();
    // The second value is the default of older kernels.
    for (memory, location) in [
        ("131072", FilterLocation::Kernel),
        ("20480", FilterLocation::UserSpace),
    ] {
        net.sysctl("net/core/optmem_max", memory);
        let mut right = Capture::from_device("right").activate().unwrap();
        right.set_filter(&others).unwrap();
        assert_eq!(right.filter_location(), Some(location));
        let mut wanted = Vec::new();
        for n in (0..1000).step_by(50) {
            let other = Ipv4Addr::from(u32::from(host(n)) + 1);
            left.inject(&from_host(host(n))).unwrap();
            left.inject(&from_host(other)).unwrap();
            wanted.push(other);
        }
        let mut seen = Vec::new();
        while let Next::Packet(packet) = right
            .next_packet_timeout(Duration::from_millis(300))
            .unwrap()
        {
            let octets: [u8; 4] = packet.data()[26..30].try_into().unwrap();
            seen.push(Ipv4Addr::from(octets));
        }
        assert_eq!(seen, wanted, "{memory}");
    }
}

// Shows: parity/set-filter-optimized-right
#[test]
fn the_optimizer_changes_no_answer() {
    let Some((net, left, _)) = wire() else {
        return;
    };
    net.ip("addr add 10.1.2.3/24 dev right".split(' '));
    let mut right = Capture::from_device("right").activate().unwrap();
    let to = |last: u8| {
        let mut frame = frame(0, 60);
        frame[12..15].copy_from_slice(&[8, 0, 0x45]);
        frame[30..34].copy_from_slice(&[10, 1, 2, last]);
        frame
    };
    let options = CompileOptions::new();
    let expression = "ip broadcast or ip dst host 10.1.2.9 or ip dst host 10.1.2.9";
    let [with, without] = [true, false]
        .map(|optimize| options.optimize(optimize).compile_for(&right, expression))
        .map(Result::unwrap);
    let lengths = [&with, &without].map(|filter| filter.instructions().len());
    assert!(lengths[0] < lengths[1], "{lengths:?}");
    for filter in [&with, &without] {
        right.set_filter(filter).unwrap();
        for last in [1, 9, 254, 255] {
            left.inject(&to(last)).unwrap();
        }
        // With the device's netmask, 10.1.2.255 is a broadcast address.
        for last in [9, 255] {
            let packet = right.next_packet().unwrap().expect("a packet");
            assert_eq!(packet.data(), to(last));
        }
        let more = right.next_packet_timeout(Duration::from_millis(300));
        assert_eq!(more.unwrap(), Next::Timeout);
    }
}

/// A program for the kernel, and one for plain bytes.
#[cfg(feature = "serde")]
#[test]
fn a_filter_of_a_capture_comes_back_with_both_programs() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let capture = Capture::from_device("right").activate().unwrap();
    let filter = capture.compile("vlan 5").unwrap();
    let text = serde_json::to_string(&filter).unwrap();
    let again: Filter = serde_json::from_str(&text).unwrap();
    assert_eq!(again.instructions(), filter.instructions());
    assert!(again.uses_kernel_extensions() && again.runs_on_bytes());
    for tag in [5, 6] {
        let mut frame = [0; 60];
        frame[12..16].copy_from_slice(&[0x81, 0, 0, tag]);
        assert_eq!(again.matches(&frame), tag == 5);
    }
}
