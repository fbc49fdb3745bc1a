//! No descriptor stays open, after a thousand failed activations or successful ones.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pcap_core::{Capture, End, ErrorKind, Inactive, Stop, TstampType};

use crate::support::wire::{frame, send, wire};
use crate::support::{Netns, alone, descriptors, files};

/// A failed activation must not leak a descriptor.
// Shows: libpcap/handle-created-activated-list, libpcap/descriptor-file-leaked-failed
// Shows: parity/descriptor-file-leaked-failed
#[test]
fn a_failed_open_leaks_no_descriptor() {
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
        before + handles.len(),
        "one descriptor for each break handle"
    );
    drop(handles);
    assert_eq!(descriptors(), before);
}

/// In its own process, because it counts the process's open descriptors.
// Shows: parity/resources-freed-every-way
#[test]
fn resources_are_freed_on_every_way_out() {
    // The child's pipes would count in another test.
    let _alone = alone();
    if !files::is_by_itself(resources_are_freed_on_every_way_out) {
        return;
    }
    let Some((_net, left, right)) = wire() else {
        return;
    };
    drop(right);
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "in.pcap", &files::pings(1000));
    let open = || {
        let live = Capture::from_device("right").activate().unwrap();
        let savefile = Capture::from_file(&path).unwrap();
        let dumper = savefile.dump(folder.path().join("out.pcap")).unwrap();
        send(&left, 0..3);
        (live, savefile, dumper)
    };
    type WayOut<'a> = (&'a str, Box<dyn Fn() + 'a>);
    let ways_out: [WayOut<'_>; 7] = [
        ("the end", Box::new(|| drop(open()))),
        (
            "closing",
            Box::new(|| {
                let (live, mut savefile, dumper) = open();
                savefile.for_each(|_| ()).unwrap();
                dumper.close().unwrap();
                live.close().unwrap();
            }),
        ),
        (
            "an error and a question mark",
            Box::new(|| {
                let fail = || -> pcap_core::Result<()> {
                    let (mut live, mut savefile, _dumper) = open();
                    savefile.set_filter("icmp")?;
                    live.set_filter("this is none")?;
                    Ok(())
                };
                assert_eq!(fail().unwrap_err().kind(), ErrorKind::FilterSyntax);
            }),
        ),
        (
            "a panic of the closure",
            Box::new(|| {
                let (mut live, mut savefile, mut dumper) = open();
                let caught = catch_unwind(AssertUnwindSafe(move || {
                    savefile
                        .for_each(|packet| {
                            dumper.write(packet).unwrap();
                            live.for_each(|_| std::panic::resume_unwind(Box::new("out")))
                                .unwrap();
                        })
                        .unwrap();
                }));
                assert_eq!(*caught.unwrap_err().downcast::<&str>().unwrap(), "out");
            }),
        ),
        (
            "a value of the closure",
            Box::new(|| {
                let (mut live, mut savefile, _dumper) = open();
                let flow = live.try_for_each(|packet| ControlFlow::Break(packet.wire_len()));
                assert_eq!(flow.unwrap(), ControlFlow::Break(60));
                let flow = savefile.try_for_each(|packet| ControlFlow::Break(packet.wire_len()));
                assert_eq!(flow.unwrap(), ControlFlow::Break(98));
            }),
        ),
        (
            "a break",
            Box::new(|| {
                let (mut live, mut savefile, _dumper) = open();
                let handles = [live.break_handle(), savefile.break_handle()];
                handles.iter().for_each(|handle| handle.breakloop());
                assert_eq!(live.for_each(|_| ()).unwrap().stop(), Stop::End(End::Break));
                assert_eq!(
                    savefile.for_each(|_| ()).unwrap().stop(),
                    Stop::End(End::Break)
                );
            }),
        ),
        (
            "an iterator that is dropped half way, in a thread that ends",
            Box::new(|| {
                let (live, savefile, dumper) = open();
                let thread = std::thread::spawn(move || {
                    let mut live = live.into_packets();
                    let mut savefile = savefile.into_packets();
                    assert_eq!(live.next().unwrap().unwrap().data(), frame(0, 60));
                    assert_eq!(savefile.next().unwrap().unwrap().wire_len(), 98);
                    drop(dumper);
                });
                thread.join().unwrap();
            }),
        ),
    ];
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let mappings = || {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().filter(|line| line.contains("socket:")).count()
    };
    for (name, way_out) in &ways_out {
        way_out();
        let before = (descriptors(), mappings());
        for _ in 0..5 {
            way_out();
        }
        assert_eq!((descriptors(), mappings()), before, "{name}");
    }
}
