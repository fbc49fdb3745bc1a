//! Tests that run on each runtime.

use super::*;

pub(super) fn packets_come_on_veth_lo_and_any<R: Tested>() {
    let Some((_net, left)) = wire() else { return };
    let lo = fast("lo");
    R::block_on(async {
        for device in ["right", "any"] {
            let mut capture = R::open(device);
            left.inject(&frame(7, 60)).unwrap();
            let packet = R::within(LONG, capture.next_packet()).await.unwrap();
            let data = packet.unwrap().unwrap().data().to_vec();
            // `any` has another header instead of Ethernet's.
            assert!(data.ends_with(&frame(7, 60)[14..]), "{device}: {data:x?}");
        }
        let mut capture = R::open("lo");
        lo.inject(&frame(8, 60)).unwrap();
        let packet = R::within(LONG, capture.next_packet()).await.unwrap();
        assert_eq!(packet.unwrap().unwrap().data(), frame(8, 60));
        assert_eq!(capture.inject(&frame(9, 60)).await.unwrap(), 60);
        assert!(capture.stats().unwrap().received >= 1);
    });
}

pub(super) fn a_million_packets_come_once_and_in_order<R: Tested>() {
    let Some((_net, left)) = wire() else { return };
    let capture = roomy("right");
    let seen = Arc::new(AtomicU32::new(0));
    let ahead = seen.clone();
    let sender = std::thread::spawn(move || {
        for start in (0..1_000_000).step_by(1000) {
            // Never more than the buffer holds, however busy the machine is.
            support::wait_until("the reader goes on", || {
                ahead.load(Relaxed) + 100_000 >= start
            });
            left.inject_queue(&queue(start..start + 1000)).unwrap();
        }
    });
    R::block_on(async {
        let mut capture = R::wrap(capture).unwrap();
        for expected in 0..500_000 {
            let packet = capture.next_packet().await.unwrap().unwrap();
            assert_eq!(number(packet.data()), expected);
            seen.store(expected, Relaxed);
        }
        let mut packets = capture.packets();
        for expected in 500_000..1_000_000 {
            let packet = packets.next().await.unwrap().unwrap();
            assert_eq!(number(packet.data()), expected);
            seen.store(expected, Relaxed);
        }
        let stats = capture.stats().unwrap();
        assert_eq!((stats.received, stats.dropped), (1_000_000, 0));
    });
    sender.join().unwrap();
}

pub(super) fn dropped_futures_take_no_packet_with_them<R: Tested>() {
    const COUNT: u32 = 5000;
    let Some((_net, left)) = wire() else { return };
    R::block_on(async {
        let mut capture = R::wrap(roomy("right")).unwrap();
        let sender = std::thread::spawn(move || {
            for start in (0..COUNT).step_by(20) {
                left.inject_queue(&queue(start..start + 20)).unwrap();
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        let start = Instant::now();
        let (mut expected, mut dropped) = (0, 0);
        while expected < COUNT {
            assert!(start.elapsed() < LONG, "{expected} packets");
            // Each is polled once or twice and dropped; sometimes it is that of a stream.
            let number = future::or(
                async {
                    if expected % 2 == 0 {
                        let packet = capture.next_packet().await.unwrap().unwrap();
                        return Some(number(packet.data()));
                    }
                    let packet = capture.packets().next().await.unwrap();
                    Some(number(packet.unwrap().data()))
                },
                async {
                    future::yield_now().await;
                    None
                },
            );
            match number.await {
                Some(number) => {
                    assert_eq!(number, expected);
                    expected += 1;
                }
                None => {
                    dropped += 1;
                    R::within(Duration::from_micros(300), std::future::pending::<()>()).await;
                }
            }
        }
        assert!(dropped > 20, "{dropped}");
        assert_eq!(capture.stats().unwrap().dropped, 0);
        sender.join().unwrap();
    });
}

pub(super) fn a_break_ends_a_wait_and_loses_nothing<R: Tested>() {
    let Some((_net, left)) = wire() else { return };
    R::block_on(async {
        let mut capture = R::open("right");
        for _ in 0..3 {
            let handle = capture.break_handle();
            let asked = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(30));
                let now = Instant::now();
                handle.breakloop();
                now
            });
            let ended = R::within(LONG, capture.next_packet()).await;
            assert!(ended.expect("the break").unwrap().is_none());
            let took = asked.join().unwrap().elapsed();
            assert!(took < Duration::from_secs(2), "{took:?}");
            assert_eq!(capture.ended(), Some(End::Break));

            // A break before the wait ends that wait, and no other.
            capture.break_handle().breakloop();
            assert!(capture.packets().next().await.is_none());
            let cpu = support::cpu::cpu_time();
            let idle = R::within(Duration::from_millis(200), capture.next_packet()).await;
            assert!(idle.is_none(), "{idle:?}");
            let used = support::cpu::cpu_time() - cpu;
            assert!(used < Duration::from_millis(50), "{used:?} of a wait");
            left.inject(&frame(1, 60)).unwrap();
            let packet = R::within(LONG, capture.next_packet()).await.unwrap();
            assert_eq!(packet.unwrap().unwrap().data(), frame(1, 60));
            assert_eq!(capture.ended(), None);
        }
        let mut packets = capture.into_packets();
        packets.get_ref().break_handle().breakloop();
        assert!(packets.next().await.is_none());
        left.inject(&frame(2, 60)).unwrap();
        assert!(packets.next().await.is_none(), "a packet after the end");
        let mut capture = packets.into_inner().into_inner();
        assert_eq!(capture.next_packet().unwrap().unwrap().data(), frame(2, 60));
    });
}

pub(super) fn a_hundred_captures_wait_on_one_thread<R: Tested>() {
    const COUNT: u32 = 100;
    let Some((_net, left)) = wire() else { return };
    R::block_on(async {
        // Each gets only its own packets, whose number ends with the capture's.
        let mut captures: Vec<_> = (0..COUNT)
            .map(|which| {
                let capture = Capture::from_device("right").immediate_mode(true);
                let capture = capture.snaplen(128).buffer_size(1 << 18);
                let capture = capture.filter(format!("ether[17] == {which}"));
                R::wrap(capture.activate().unwrap()).unwrap()
            })
            .collect();
        for round in 0..10 {
            let sender = async {
                future::yield_now().await; // all of them wait
                let numbers = (0..COUNT).map(|which| round << 8 | which);
                let mut queue = SendQueue::new();
                queue
                    .push_all(numbers.map(|number| frame(number, 60)))
                    .unwrap();
                left.inject_queue(&queue).unwrap();
            };
            let mut all = Vec::new();
            for (which, capture) in (0..).zip(&mut captures) {
                all.push(Box::pin(async move {
                    let packet = capture.next_packet().await.unwrap().unwrap();
                    assert_eq!(number(packet.data()), round << 8 | which);
                }));
            }
            let all = std::future::poll_fn(|cx| {
                all.retain_mut(|one| one.as_mut().poll(cx).is_pending());
                match all.is_empty() {
                    true => std::task::Poll::Ready(()),
                    false => std::task::Poll::Pending,
                }
            });
            let done = R::within(LONG, future::zip(all, sender)).await;
            assert!(done.is_some(), "round {round}");
        }
        for mut capture in captures {
            assert_eq!(capture.stats().unwrap().dropped, 0);
            let more = future::poll_once(capture.next_packet()).await;
            assert!(more.is_none(), "{more:?}");
        }
    });
}

pub(super) fn a_busy_capture_lets_others_run<R: Tested>() {
    let Some((_net, left)) = wire() else { return };
    R::block_on(async {
        let mut capture = R::wrap(roomy("right")).unwrap();
        left.inject_queue(&queue(0..20_000)).unwrap();
        let (over, turns) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
        let other = async {
            while !over.get() {
                turns.set(turns.get() + 1);
                future::yield_now().await;
            }
        };
        let reader = async {
            // The first may have to wait for the timeout; the rest is there.
            for _ in 0..100 {
                capture.next_packet().await.unwrap().unwrap();
            }
            let before = turns.get();
            for taken in 100..15_000 {
                capture.next_packet().await.unwrap().unwrap();
                if taken % 128 == 0 {
                    // Longer than a task runs without yielding.
                    let start = Instant::now();
                    while start.elapsed() < Duration::from_micros(110) {}
                }
            }
            over.set(true);
            turns.get() - before
        };
        let (turns, ()) = future::zip(reader, other).await;
        assert!(turns >= 14_900 / 128 - 2, "{turns}");
    });
}

pub(super) fn a_deleted_device_gives_its_packets_first<R: Tested>() {
    let Some((net, left)) = wire() else { return };
    R::block_on(async {
        let mut capture = R::wrap(roomy("right")).unwrap();
        left.inject_queue(&queue(0..500)).unwrap();
        drop(left);
        net.ip(["link", "del", "left"]);
        let (start, cpu) = (Instant::now(), support::cpu::cpu_time());
        let mut packets = capture.packets();
        let mut expected = 0;
        let error = loop {
            let item = R::within(LONG, packets.next()).await;
            match item.expect("in time").expect("the end before the error") {
                Ok(packet) => assert_eq!(number(packet.data()), expected),
                Err(error) => break error,
            }
            expected += 1;
        };
        assert_eq!(expected, 500);
        assert_eq!(error.kind(), ErrorKind::Disappeared);
        assert!(error.to_string().contains("`right`"), "{error}");
        let took = start.elapsed();
        assert!(took < Duration::from_millis(1500), "{took:?}");
        assert!(support::cpu::cpu_time() - cpu < Duration::from_millis(100));
        assert!(packets.next().await.is_none(), "a packet after the end");
        let again = capture.next_packet().await.unwrap_err();
        assert_eq!(again.to_string(), error.to_string());
        let blocking = capture.get_mut().next_packet().unwrap_err();
        assert_eq!(blocking.to_string(), error.to_string());
    });
}

pub(super) fn a_deleted_device_ends_a_wait<R: Tested>() {
    let Some((net, left)) = wire() else { return };
    drop(left);
    R::block_on(async {
        let mut capture = R::open("right");
        let deleter = async {
            future::yield_now().await;
            net.ip(["link", "del", "left"]);
            Instant::now()
        };
        let reader = R::within(LONG, capture.next_packet());
        let (read, deleted) = future::zip(reader, deleter).await;
        let error = read.expect("the wait ends").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Disappeared);
        let took = deleted.elapsed();
        assert!(took < Duration::from_millis(1500), "{took:?}");
    });
}

pub(super) fn breaks_and_deadlines_hold_on_lo_and_any<R: Tested>() {
    let Some(_wire) = wire() else { return };
    for device in ["lo", "any", "nflog:9"] {
        let capture = match Capture::from_device(device).activate() {
            Err(error) if device == "nflog:9" => {
                eprintln!("skipped for nflog, which this kernel does not have: {error}");
                continue;
            }
            other => other.unwrap(),
        };
        R::block_on(async {
            let mut capture = R::wrap(capture).unwrap();
            for _ in 0..3 {
                let (start, cpu) = (Instant::now(), support::cpu::cpu_time());
                let time = Duration::from_millis(100);
                let idle = R::within(time, capture.next_packet()).await;
                assert!(idle.is_none(), "{device}: {idle:?}");
                assert!(start.elapsed() >= time);
                let used = support::cpu::cpu_time() - cpu;
                assert!(used < Duration::from_millis(50), "{device}: {used:?}");
                let handle = capture.break_handle();
                let breaker = async {
                    future::yield_now().await;
                    handle.breakloop();
                };
                let reader = R::within(LONG, capture.next_packet());
                let (ended, ()) = future::zip(reader, breaker).await;
                assert!(ended.expect("the break").unwrap().is_none());
                assert_eq!(capture.ended(), Some(End::Break), "{device}");
            }
        });
    }
}

pub(super) fn a_device_down_and_up_is_captured_on<R: Tested>() {
    let Some((net, left)) = wire() else { return };
    R::block_on(async {
        let mut capture = R::open("right");
        left.inject(&frame(1, 60)).unwrap();
        assert!(capture.next_packet().await.unwrap().is_some());
        net.ip(["link", "set", "right", "down"]);
        let cpu = support::cpu::cpu_time();
        let down = R::within(Duration::from_secs(1), capture.next_packet()).await;
        assert!(down.is_none(), "{down:?}");
        let used = support::cpu::cpu_time() - cpu;
        assert!(used < Duration::from_millis(60), "{used:?}");
        net.ip(["link", "set", "right", "up"]);
        support::wait_until("it runs", || {
            net.ip(["-o", "link", "show", "dev", "right"])
                .contains(" state UP ")
        });
        left.inject(&frame(2, 60)).unwrap();
        let packet = R::within(LONG, capture.next_packet()).await.unwrap();
        assert_eq!(packet.unwrap().unwrap().data(), frame(2, 60));
    });
}

/// A runtime reports packets once: those after a batch of which none passed would wait for the next packet.
pub(super) fn a_packet_behind_many_filtered_ones_comes<R: Tested>() {
    let Some((_net, left)) = wire() else { return };
    let hosts: Vec<_> = (1..=250).map(|n| format!("ip6 host fc00::{n:x}")).collect();
    let options = CompileOptions::new().optimize(false);
    let mut passes = [0; 60];
    passes[12..14].copy_from_slice(&[0x86, 0xdd]);
    passes[14] = 0x60;
    passes[22] = 0xfc;
    passes[37] = 7;
    R::block_on(async {
        let mut capture = R::wrap(roomy("right")).unwrap();
        let filter = (hosts.join(" or "), options);
        capture.get_mut().set_filter(filter).unwrap();
        for _ in 0..5 {
            left.inject_queue(&queue(0..1000)).unwrap();
            left.inject(&passes).unwrap();
            let packet = R::within(LONG, capture.next_packet()).await;
            assert_eq!(packet.expect("it comes").unwrap().unwrap().data(), passes);
        }
    });
}

pub(super) fn a_capture_in_anothers_place_is_waited_for<R: Tested>() {
    let Some((_net, left)) = wire() else { return };
    R::block_on(async {
        let mut capture = R::open("right");
        let idle = R::within(Duration::from_millis(20), capture.next_packet()).await;
        assert!(idle.is_none());
        for round in 0..3 {
            // The descriptors may have the same numbers.
            let old = std::mem::replace(capture.get_mut(), fast("right"));
            drop(old);
            let sender = async {
                future::yield_now().await;
                left.inject(&frame(round, 60)).unwrap();
            };
            let reader = R::within(LONG, capture.next_packet());
            let (packet, ()) = future::zip(reader, sender).await;
            let packet = packet.expect("it comes").unwrap().unwrap();
            assert_eq!(number(packet.data()), round);
        }
    });
}

pub(super) fn what_libpcap_alone_waits_for_is_refused<R: Tested>() {
    // SAFETY: takes numbers only.
    let pcap = unsafe { pcap_sys::pcap_open_dead(1, 65535) };
    let pcap = NonNull::new(pcap.cast()).unwrap();
    // SAFETY: the handle was just created. Like D-Bus it rejects non-blocking mode, and it is not read.
    let capture = unsafe { Capture::<Active>::from_raw(pcap) }.unwrap();
    R::block_on(async {
        let failed = R::wrap(capture).unwrap_err();
        assert!(failed.kind() == ErrorKind::Unsupported);
        let text = "cannot wait asynchronously on `a pcap_t`: libpcap has no non-blocking mode";
        assert!(failed.to_string().starts_with(text), "{failed}");
        let capture: Capture<Active> = failed.take().unwrap();
        assert_eq!(capture.datalink().value(), 1);
    });
}
