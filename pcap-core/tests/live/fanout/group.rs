//! Options, errors, breaks and the end of a group.

use pcap_core::os::linux::SenderExt;
use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use pcap_core::os::linux::{CaptureExt, Fanout, FanoutMode};
use pcap_core::{Capture, End, Error, ErrorKind, Next, Stats, Stop};

use super::{FLOWS, large, packet_sockets_become, queue, read_all, udp, wire};
use crate::support::wire::packet_sockets;
use crate::support::{Netns, own_descriptors};

#[test]
fn the_options_are_those_of_every_member() {
    let Some((_net, left)) = wire() else { return };
    let options = large("right").filter("udp dst port 53").snaplen(48);
    let group = Fanout::new(FanoutMode::LoadBalance)
        .activate(&options, 2)
        .unwrap();
    left.inject_queue(&queue(0..FLOWS * 2)).unwrap();
    for mut member in group {
        let mut count = 0;
        while let Next::Packet(packet) = member
            .next_packet_timeout(Duration::from_millis(500))
            .unwrap()
        {
            assert_eq!((packet.data().len(), packet.wire_len()), (48, 60));
            assert_eq!(packet.data()[36..38], [0, 53]);
            count += 1;
        }
        // Half of the packets pass, and are spread in turns.
        assert!(count > 0);
    }

    // Also with a filter that the kernel rejects, and with a protocol.
    let options = large("right")
        .protocol(0x0800)
        .filter("ip6 protochain 17 or udp");
    let group = Fanout::new(FanoutMode::LoadBalance)
        .activate(&options, 2)
        .unwrap();
    let mut arp = udp(0);
    arp[12..14].copy_from_slice(&[0x08, 0x06]);
    left.inject(&arp).unwrap();
    left.inject_queue(&queue(0..100)).unwrap();
    let mut all = Vec::new();
    for mut member in group {
        all.extend(read_all(&mut member, Duration::from_millis(500)));
    }
    all.sort_unstable();
    assert!(all.into_iter().eq(0..100));
}

#[test]
fn no_member_sees_what_one_sends() {
    let Some((_net, mut left)) = wire() else {
        return;
    };
    left.set_filter("").unwrap();
    let mut group = Fanout::new(FanoutMode::LoadBalance)
        .activate(&large("right"), 3)
        .unwrap();
    group.members()[0].inject(&udp(1)).unwrap();
    let sender = group.members()[1].sender().unwrap();
    sender.inject(&udp(2)).unwrap();
    assert_eq!(read_all(&mut left, Duration::from_millis(500)), [1, 2]);
    for member in &mut group {
        assert!(read_all(member, Duration::from_millis(200)).is_empty());
    }
}

#[test]
fn two_groups_on_a_device_are_apart() {
    let Some((_net, left)) = wire() else { return };
    let mut groups: Vec<_> = (0..3)
        .map(|_| {
            Fanout::new(FanoutMode::LoadBalance)
                .activate(&large("right"), 2)
                .unwrap()
        })
        .collect();
    left.inject_queue(&queue(0..1000)).unwrap();
    for group in &mut groups {
        let mut all = Vec::new();
        for member in group {
            all.extend(read_all(member, Duration::from_millis(500)));
        }
        all.sort_unstable();
        assert!(all.into_iter().eq(0..1000));
    }
}

#[test]
fn a_dropped_members_share_moves_on() {
    let Some((_net, left)) = wire() else { return };
    let mut group = Fanout::new(FanoutMode::LoadBalance)
        .activate(&large("right"), 3)
        .unwrap()
        .into_members();
    drop(group.remove(1));
    // The sender's, and the two of the group.
    packet_sockets_become(3);
    left.inject_queue(&queue(0..1000)).unwrap();
    let mut all = Vec::new();
    for member in &mut group {
        let numbers = read_all(member, Duration::from_millis(500));
        assert_eq!(numbers.len(), 500);
        all.extend(numbers);
    }
    all.sort_unstable();
    assert!(all.into_iter().eq(0..1000));
}

#[test]
fn a_break_or_error_of_one_ends_all() {
    let Some((_net, left)) = wire() else { return };
    let before = packet_sockets();
    let group = || {
        Fanout::new(FanoutMode::LoadBalance)
            .activate(&large("right"), 3)
            .unwrap()
    };

    let members = group();
    let handles: Vec<_> = members.break_handles();
    let breaker = thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        handles.iter().for_each(|handle| handle.breakloop());
    });
    let (done, stats) = members
        .for_each(|number, capture| Ok::<_, Error>((number, capture.for_each(|_| ())?)))
        .unwrap();
    breaker.join().unwrap();
    assert_eq!(stats.received, 0);
    let ends: Vec<_> = done.iter().map(|(n, done)| (*n, done.stop())).collect();
    assert_eq!(ends, [0, 1, 2].map(|n| (n, Stop::End(End::Break))));
    packet_sockets_become(before);

    // A member that only ends itself does not affect the others.
    let members = group();
    let handles: Vec<_> = members.break_handles();
    let asked = [const { AtomicBool::new(false) }; 3];
    let (done, _) = members
        .for_each(|number, capture| match number {
            0 => {
                for other in [1, 2] {
                    thread::sleep(Duration::from_millis(200));
                    asked[other].store(true, SeqCst);
                    handles[other].breakloop();
                }
                Ok::<_, Error>(true)
            }
            _ => {
                capture.for_each(|_| ())?;
                Ok(asked[number].load(SeqCst))
            }
        })
        .unwrap();
    assert_eq!(done, [true; 3], "ended without a break");

    #[derive(Debug)]
    struct Wanted(String);
    impl From<Error> for Wanted {
        fn from(error: Error) -> Wanted {
            Wanted(error.to_string())
        }
    }
    let outcome = group().run(|number, capture| {
        if number == 1 {
            return Err(Wanted("enough".into()));
        }
        capture.for_each(|_| ())?;
        Ok(())
    });
    assert_eq!(outcome.error().unwrap().0, "enough");
    assert_eq!(outcome.values(), [Some(()), None, Some(())]);
    assert_eq!(outcome.stats(), Stats::default());
    assert_eq!(outcome.into_result().unwrap_err().0, "enough");
    packet_sockets_become(before);

    // All members return the error together with what they had received.
    let mut members = group();
    members.members_mut().iter_mut().for_each(|member| {
        member.set_filter("udp").unwrap();
    });
    left.inject_queue(&queue(0..300)).unwrap();
    // The break that ends the others once ended only the wait for a packet, and the loop never ended.
    let all_have_theirs = Barrier::new(3);
    let outcome = members.run(|number, capture| {
        let mut seen = 0;
        while seen < 100 {
            seen += u64::from(capture.next_packet()?.is_some());
        }
        all_have_theirs.wait();
        if number == 2 {
            return Err(capture.set_filter("tcp prot").unwrap_err());
        }
        Ok(seen + capture.for_each(|_| ())?.packets())
    });
    let (values, stats, error) = outcome.into_parts();
    let error = error.unwrap();
    assert_eq!(error.kind(), ErrorKind::FilterSyntax);
    assert!(error.to_string().contains("tcp prot"), "{error}");
    assert_eq!(values, [Some(100), Some(100), None], "{error}");
    assert_eq!((stats.received, stats.dropped), (300, 0));
    packet_sockets_become(before);

    let members = group();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        members.for_each(|number, capture| {
            if number == 2 {
                std::panic::resume_unwind(Box::new("on purpose"));
            }
            capture.for_each(|_| ())
        })
    }));
    assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"on purpose"));
    packet_sockets_become(before);
    drop(left);
}

#[test]
fn a_removed_device_is_an_error_of_all() {
    let Some((net, _left)) = wire() else { return };
    let group = Fanout::new(FanoutMode::Hash)
        .activate(&large("right"), 2)
        .unwrap();
    let reader = thread::spawn(|| group.for_each(|_, capture| capture.for_each(|_| ())));
    thread::sleep(Duration::from_millis(100));
    net.ip("link del right".split(' '));
    let failed = reader.join().unwrap().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Disappeared, "{failed}");
}

#[test]
#[cfg_attr(thread_sanitizer, ignore = "runs in its own process")]
fn what_cannot_be_a_group_is_an_error() {
    // A netfilter group is in use while any process has a copy of its socket.
    own_descriptors();
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let group = Fanout::new(FanoutMode::Hash);
    for members in [0, 257, usize::MAX] {
        let error = group.activate(&large("right"), members).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        assert_eq!(error.object(), Some("right"));
    }
    let error = group
        .activate(&Capture::from_device("nosuch"), 2)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSuchDevice, "{error}");
    let error = group
        .activate(&large("right").filter("tcp prot"), 2)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterSyntax, "{error}");
    if Capture::from_device("nflog").activate().is_ok() {
        let error = group
            .activate(&Capture::from_device("nflog"), 2)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    }
    packet_sockets_become(0);

    // Many members, and a rollover mode that rolls over to itself. The kernel takes some time to close each.
    let small = Capture::from_device("right")
        .buffer_size(1 << 16)
        .snaplen(64);
    let all = group.activate(&small, 32).unwrap();
    assert_eq!((all.members().len(), packet_sockets()), (32, 32));
    drop(all);
    let rollover = Fanout::new(FanoutMode::Rollover).rollover(true);
    assert_eq!(rollover.activate(&small, 2).unwrap().members().len(), 2);
    packet_sockets_become(0);
}
