//! Filters set at activation and while packets arrive, and the packets in the buffer.

use pcap_core::{Active, Capture, Direction, ErrorKind, FilterLocation};

use super::{MANY, datagram, frame, index, inject, modes, on, options, rest, tagged};
use crate::support::Netns;

/// A filter, and how to send packets that pass it and that fail it.
struct Row {
    filter: String,
    passes: fn(&Ends),
    fails: fn(&Ends),
}

/// The sending ends: into the captured device, and out of it.
struct Ends {
    into: Capture<Active>,
    out: Capture<Active>,
}

fn rows(index: u32) -> Vec<Row> {
    let into: fn(&Ends) = |ends| inject(&ends.into, (0..MANY).map(|n| frame(n, 60)));
    let out: fn(&Ends) = |ends| inject(&ends.out, (0..MANY).map(|n| frame(n, 60)));
    let dns: fn(&Ends) = |ends| inject(&ends.into, (0..MANY).map(|_| datagram(53)));
    let dns_out: fn(&Ends) = |ends| inject(&ends.out, (0..MANY).map(|_| datagram(53)));
    let vlan: fn(&Ends) = |ends| inject(&ends.into, (0..MANY).map(|_| tagged(5)));
    let other: fn(&Ends) = |ends| inject(&ends.into, (0..MANY).map(|_| tagged(6)));
    let row = |filter: &str, passes, fails| Row {
        filter: filter.to_owned(),
        passes,
        fails,
    };
    vec![
        row("outbound", out, into),
        row("inbound", into, out),
        row("udp and outbound", dns_out, dns),
        row(&format!("ifindex {index} and udp"), dns, into),
        row("vlan 5", vlan, other),
        row("vlan 5 and udp port 7", vlan, dns),
        row("udp port 53", dns, into),
        // The kernel shows the first part packets without their tags.
        row("udp port 7 or vlan 9", vlan, into),
        row("ether[17] & 1 = 1 or ether[17] & 1 = 0", into, |_| ()),
        // Runs in the process.
        row("(1 << ether[12]) = 0 and ether[12:2] = 0x88b5", into, dns),
    ]
}

// Shows: libpcap/filter-kernel-evaluate-outbound
#[test]
fn a_filter_set_at_activation_loses_nothing() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let ends = Ends {
        into: on("left").activate().unwrap(),
        out: on("right").activate().unwrap(),
    };
    for (immediate, snaplen) in modes() {
        for row in rows(index("right")) {
            let what = format!("{} immediate {immediate} snaplen {snaplen}", row.filter);
            let options = options("right", immediate, snaplen);
            let mut capture = options.filter(row.filter.as_str()).activate().unwrap();
            (row.passes)(&ends);
            (row.fails)(&ends);
            let packets = rest(&mut capture);
            assert_eq!(packets.len() as u32, MANY, "{what}");
            let longest = packets.iter().map(|packet| packet.caplen()).max();
            assert!(
                snaplen == 0 || longest == Some(snaplen),
                "{what}: {longest:?}"
            );
            assert_eq!(capture.stats().unwrap().discarded, 0, "{what}");
        }
    }
}

#[test]
fn a_filter_set_while_running_loses_nothing() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let ends = Ends {
        into: on("left").activate().unwrap(),
        out: on("right").activate().unwrap(),
    };
    for (immediate, snaplen) in modes() {
        for row in rows(index("right")) {
            let what = format!("{} immediate {immediate} snaplen {snaplen}", row.filter);
            let mut capture = options("right", immediate, snaplen).activate().unwrap();
            // Packets from before the call lie in the buffer, and are returned only if they pass.
            (row.fails)(&ends);
            match capture.set_filter(row.filter.as_str()) {
                Err(error) if immediate && snaplen > 0 && error.to_string().contains("snaplen") => {
                    continue;
                }
                set => set.unwrap(),
            }
            (row.passes)(&ends);
            (row.fails)(&ends);
            let packets = rest(&mut capture);
            assert_eq!(packets.len() as u32, MANY, "{what}");
        }
    }
}

/// Packets in the buffer that can be filtered are; the others are counted.
// Shows: libpcap/filter-kernel-evaluate-outbound
#[test]
fn the_buffer_is_judged_or_counted() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = on("left").activate().unwrap();
    for (filter, snaplen, delivered) in [
        ("ether[150] = 255", 0, MANY),
        ("ether[90] = 255", 100, MANY),
        // Truncated before the tested byte.
        ("ether[150] = 255", 100, 0),
        // Only the kernel can evaluate it.
        ("inbound", 0, 0),
    ] {
        let mut capture = on("right").snaplen(snaplen).activate().unwrap();
        inject(&left, (0..MANY).map(|n| frame(n, 200)));
        capture.set_filter(filter).unwrap();
        let before = capture.stats().unwrap();
        assert_eq!(before.received, u64::from(MANY), "{filter}");
        let packets = rest(&mut capture);
        assert_eq!(
            packets.len() as u32,
            delivered,
            "{filter} snaplen {snaplen}"
        );
        let discarded = capture.stats().unwrap().discarded;
        assert_eq!(
            discarded,
            u64::from(MANY - delivered),
            "{filter} snaplen {snaplen}"
        );
    }
}

#[test]
fn packets_read_ahead_are_counted_too() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = on("left").activate().unwrap();
    let mut right = on("right").activate().unwrap();
    inject(&left, (0..10).map(|n| frame(n, 60)));
    assert!(right.next_packet().unwrap().is_some());
    right.set_filter("inbound").unwrap();
    inject(&left, (10..15).map(|n| frame(n, 60)));
    assert_eq!(rest(&mut right).len(), 5);
    assert_eq!(right.stats().unwrap().discarded, 9);
}

#[test]
fn the_buffer_is_judged_after_a_turn() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = on("left").activate().unwrap();
    let mut capture = Capture::from_device("right").activate().unwrap();
    capture.set_direction(Direction::In).unwrap();
    inject(&left, (0..MANY).map(|n| frame(n, 60)));
    capture.set_filter("outbound").unwrap();
    assert_eq!(rest(&mut capture).len(), 0);
    assert_eq!(capture.stats().unwrap().discarded, u64::from(MANY));
}

// Shows: libpcap/filter-runs-process-sees
#[test]
fn a_cut_too_short_is_refused_while_running() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let mut capture = options("right", true, 30).activate().unwrap();
    let error = capture.set_filter("ether[ether[14:4]] = 0").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
    assert!(error.to_string().contains("30 bytes"), "{error}");
    // This one reads only what is there.
    capture.set_filter("(1 << ether[20]) = 0").unwrap();
    assert_eq!(capture.filter_location(), Some(FilterLocation::UserSpace));
}

/// A capture that was opened elsewhere.
#[test]
fn filters_on_raw_handles_lose_nothing() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = on("left").activate().unwrap();
    for filter in [
        "udp port 53",
        "inbound and udp port 53",
        "udp port 53 and (1 << ether[22]) = 512",
    ] {
        let (raw, _) = on("right").filter("arp").activate().unwrap().into_raw();
        // SAFETY: an activated handle without another owner.
        let mut right: Capture<Active> = unsafe { Capture::<Active>::from_raw(raw) }.unwrap();
        right.set_filter("").unwrap();
        assert_eq!(right.filter_location(), Some(FilterLocation::Kernel));
        inject(&left, (0..MANY).map(|n| frame(n, 60)));
        assert_eq!(right.for_each_up_to(100, |_| ()).unwrap().packets(), 100);
        right.set_filter(filter).unwrap();
        inject(&left, (0..MANY).map(|_| datagram(53)));
        let passing = rest(&mut right)
            .iter()
            .filter(|p| p.data() == datagram(53))
            .count();
        assert_eq!(passing as u32, MANY, "{filter}");
    }
}

/// libpcap's own filter is replaced first, by one that accepts everything.
#[test]
fn a_filter_on_a_stopped_raw_handle_lets_nothing_in() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = on("left").activate().unwrap();
    let mut errbuf = [0; pcap_sys::PCAP_ERRBUF_SIZE as usize];
    // SAFETY: a C string, and a buffer of the size that libpcap requires.
    let pcap = unsafe { pcap_sys::pcap_create(c"right".as_ptr(), errbuf.as_mut_ptr()) };
    let pcap = std::ptr::NonNull::new(pcap).unwrap();
    // SAFETY: a new handle.
    assert_eq!(unsafe { pcap_sys::pcap_set_timeout(pcap.as_ptr(), 5) }, 0);
    // SAFETY: a new handle.
    assert_eq!(unsafe { pcap_sys::pcap_activate(pcap.as_ptr()) }, 0);
    // SAFETY: activated, and nothing else uses it.
    let mut capture = unsafe { Capture::<Active>::from_raw(pcap) }.unwrap();
    inject(&left, (0..20).map(|n| frame(n, 60)));
    capture.stop().unwrap();
    capture.set_filter("ether[17] < 10").unwrap();
    inject(&left, (0..20).map(|n| frame(n, 60)));
    let mut packets = 0;
    capture.for_each(|_| packets += 1).unwrap();
    assert_eq!(packets, 10);
    assert_eq!(capture.stats().unwrap().received, 20);
}
