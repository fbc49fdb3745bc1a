//! No descriptor stays open, after a thousand failed activations or successful ones.

use pcap_core::{Capture, ErrorKind, Inactive, TstampType};

use crate::support::{Netns, alone, descriptors};

/// A failed activation must not leak a descriptor.
// Shows: libpcap/handle-created-activated-list, libpcap/descriptor-file-leaked-failed
// Shows: parity/descriptor-file-leaked-failed
#[test]
fn a_descriptor_leaked_by_each_failed_open() {
    let _alone = alone();
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    net.ip("link add idle type veth peer name other".split(' '));
    let device = || Capture::from_device("left");
    // Those that reach the device take milliseconds each in the kernel.
    let failing: [(u32, Capture<Inactive>, ErrorKind); 7] = [
        (200, Capture::from_device("nobody"), ErrorKind::NoSuchDevice),
        (100, Capture::from_device("idle"), ErrorKind::InterfaceNotUp),
        (610, device().snaplen(1 << 30), ErrorKind::InvalidOption),
        (
            50,
            Capture::from_device("le\0ft"),
            ErrorKind::InvalidArgument,
        ),
        (
            20,
            device().tstamp_type(TstampType::ADAPTER),
            ErrorKind::InvalidOption,
        ),
        (20, device().rfmon(true), ErrorKind::RfmonNotSupported),
        (20, device().filter("bad bad"), ErrorKind::FilterSyntax),
    ];
    let before = descriptors();
    for (times, capture, kind) in failing {
        for _ in 0..times {
            let failed = capture.clone().activate().unwrap_err();
            assert_eq!(failed.kind(), kind, "{failed}");
        }
    }
    for _ in 0..10 {
        device().tstamp_types().unwrap();
        device().can_set_rfmon().unwrap();
        // Whatever the result, for each part of libpcap that creates handles.
        for name in [
            "any",
            "nobody",
            "nflog:5",
            "usbmon0",
            "bluetooth0",
            "dbus-session",
        ] {
            let _ = Capture::from_device(name).tstamp_types();
            let _ = Capture::from_device(name).can_set_rfmon();
        }
    }
    assert_eq!(descriptors(), before);

    let handles: Vec<_> = (0..50)
        .map(|_| {
            let mut capture = Capture::from_device("left").activate().unwrap();
            capture.try_next_packet().unwrap();
            capture.break_handle()
        })
        .collect();
    assert_eq!(
        descriptors(),
        before + 2 * handles.len(),
        "two descriptors for each break handle"
    );
    drop(handles);
    assert_eq!(descriptors(), before);
}
