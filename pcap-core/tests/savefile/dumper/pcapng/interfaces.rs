//! Interfaces of captures.

use pcap_core::pcapng::{Interface, PcapngDumper};
use pcap_core::{Capture, Dlt, Linktype, Precision};

use super::{ethernet, hex, tshark};
use crate::support;
use crate::support::files;

#[test]
fn an_interface_is_like_its_capture() {
    let capture = Capture::dead_with(Dlt::RAW, 1234, Precision::Micro).unwrap();
    let expected = Interface::new(Linktype::RAW)
        .with_snaplen(1234)
        .with_precision(Precision::Micro);
    assert_eq!(Interface::for_capture(&capture), expected);
    let capture = files::open(files::pings(1));
    let expected = ethernet().with_precision(Precision::Micro);
    assert_eq!(Interface::for_capture(&capture), expected);
}

#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
#[cfg(target_os = "linux")]
fn what_two_devices_capture_goes_into_one_file() {
    let Some(net) = support::Netns::new() else {
        return;
    };
    net.veth("left", "right");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let mut dumper = PcapngDumper::create(&path).unwrap();
    let mut captures: Vec<_> = ["left", "right"]
        .into_iter()
        .map(|name| {
            Capture::from_device(name)
                .immediate_mode(true)
                .activate()
                .unwrap()
        })
        .collect();
    let interfaces: Vec<_> = captures
        .iter()
        .map(|c| {
            dumper
                .add_interface(&Interface::for_capture(c).with_name(c.name()))
                .unwrap()
        })
        .collect();
    // A capture does not see its own packets.
    let sender = Capture::from_device("left").activate().unwrap();
    for n in 0..5 {
        sender.inject(&files::ping(n)).unwrap();
    }
    for (capture, interface) in captures.iter_mut().zip(interfaces) {
        for _ in 0..5 {
            let packet = capture.next_packet().unwrap().unwrap();
            dumper.write(interface, packet).unwrap();
        }
        let stats = capture.stats().unwrap();
        assert_eq!(stats.received, 5);
        dumper.write_statistics(interface, None, &stats).unwrap();
    }
    dumper.close().unwrap();
    let told = tshark(&path, &["frame.interface_name"]);
    assert_eq!(told.len(), 10);
    for (n, (fields, data)) in told.iter().enumerate() {
        assert_eq!(fields[0], if n < 5 { "left" } else { "right" });
        assert_eq!(*data, hex(&files::ping(n as u16 % 5)));
    }
    assert_eq!(Capture::from_file(&path).unwrap().packets().count(), 10);
}
