//! Directions, and filters that depend on them.

use pcap_core::{Capture, Direction, Dlt, ErrorKind, Filter, PacketOwned, WarningKind};

use super::{MANY, frame, index, inject, on, rest};
use crate::support::Netns;

// Shows: libpcap/outbound-loopback-device-matches
#[test]
fn outbound_on_lo_is_refused() {
    let Some(_net) = Netns::new() else { return };
    for filter in [
        "outbound",
        "not inbound",
        "udp and outbound",
        "outbound and not port 7",
    ] {
        let error = on("lo").filter(filter).activate().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{filter}");
        assert!(error.to_string().contains("loopback"), "{error}");
    }
    // A filter that accepts nothing is intended.
    let nothing = Filter::from_listing(Dlt::EN10MB, "1,6 0 0 0").unwrap();
    on("lo").filter(&nothing).activate().unwrap();
    let mut capture = on("lo").filter("outbound or udp").activate().unwrap();
    let error = capture.set_filter("outbound").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let error = capture.set_direction(Direction::Out).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let capture = on("lo").filter("outbound").activate_best_effort().unwrap();
    assert_eq!(capture.warnings()[0].kind(), WarningKind::OptionSkipped);
}

#[test]
fn a_direction_that_is_refused_changes_nothing() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let ends = [on("left"), on("right")].map(|end| end.activate().unwrap());
    let tests: Vec<_> = (0..30).map(|n| format!("ether[14] = {n}")).collect();
    let filter = format!("outbound or inbound and not ({})", tests.join(" or "));
    // The largest memory in which the filter fits alone, but not with the direction.
    let refused = (300..4096).step_by(4).find_map(|memory| {
        net.sysctl("net/core/optmem_max", &memory.to_string());
        let mut capture = on("right").filter(filter.as_str()).activate().ok()?;
        capture.set_direction(Direction::Out).err()?;
        Some(capture)
    });
    let mut capture = refused.expect("no size between the two");
    for end in &ends {
        inject(end, (0..MANY).map(|n| frame(n | 0xff00_0000, 60)));
    }
    assert_eq!(rest(&mut capture).len() as u32, 2 * MANY);
}

/// The direction applies to packets in the buffer, with and without a filter, and after the inflow has been stopped.
#[test]
fn a_direction_concerns_the_buffer() {
    use Direction::{In, InOut, Out};
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let [left, right] = [on("left"), on("right")].map(|end| end.activate().unwrap());
    let send = || {
        inject(&left, (0..20).map(|n| frame(n, 60)));
        inject(&right, (0..30).map(|n| frame(n, 60)));
    };
    let index = index("right");
    for filter in ["", &format!("ifindex {index}"), "(1 << ether[14]) != 9"] {
        for (before, after, first, then) in [
            (InOut, In, 20, 20),
            (InOut, Out, 30, 30),
            (In, Out, 0, 30),
            (In, In, 20, 20),
            (Out, InOut, 30, 50),
        ] {
            for stopped in [false, true] {
                let options = Capture::from_device("right").direction(before);
                let mut capture = options.filter(filter).activate().unwrap();
                send();
                if stopped {
                    capture.stop().unwrap();
                }
                capture.set_direction(after).unwrap();
                send();
                let expected = first + if stopped { 0 } else { then };
                let what = format!("{filter} {before:?} {after:?} {stopped}");
                assert_eq!(rest(&mut capture).len(), expected, "{what}");
            }
        }
    }
}

/// The kernel has filtered some of the packets with the former program, and libpcap skips some by their direction. None
/// is lost without being counted.
#[test]
fn what_a_filter_and_a_direction_discard_is_counted() {
    use Direction::{In, Out};
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let [left, right] = [on("left"), on("right")].map(|end| end.activate().unwrap());
    // Only the kernel can evaluate it.
    let filter = format!("ifindex {}", index("right"));
    for direction in [In, Out] {
        let mut capture = on("right").activate().unwrap();
        inject(&left, (0..20).map(|n| frame(n, 60)));
        inject(&right, (0..30).map(|n| frame(n, 60)));
        capture.set_direction(In).unwrap();
        capture.set_filter(filter.as_str()).unwrap();
        capture.set_direction(direction).unwrap();
        inject(&left, (100..105).map(|n| frame(n, 60)));
        inject(&right, (200..207).map(|n| frame(n, 60)));
        let packets = rest(&mut capture);
        let is_new = |packet: &&PacketOwned| packet.data()[17] >= 100;
        let new = packets.iter().filter(is_new).count();
        assert_eq!(new, if direction == In { 5 } else { 7 });
        let old = (packets.len() - new) as u64 + capture.stats().unwrap().discarded;
        let least = if direction == In { 20 } else { 30 };
        assert!((least..=50).contains(&old), "{direction:?}: {old}");
    }
}
