//! Asynchronous captures leave no descriptor open. One test, because it counts the descriptors of the process.

use std::fs;
use std::os::fd::AsRawFd;
use std::task::{Context, Waker};
use std::time::Duration;

use crate::support::{Netns, alone, descriptors};
use futures_lite::future;
use pcap_core::{Active, Capture};

fn captures() -> impl Iterator<Item = Capture<Active>> {
    let small = Capture::from_device("right")
        .snaplen(128)
        .buffer_size(1 << 18);
    (0..50).map(move |_| small.clone().activate().unwrap())
}

// Shows: parity/wait-goes-event-descriptor
#[test]
fn neither_a_drop_nor_a_return_leaks() {
    let _alone = alone();
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().unwrap();
    let context = &mut Context::from_waker(Waker::noop());

    // async-io opens its own descriptors with the first use.
    let first = Capture::from_device("right").activate().unwrap();
    drop(first.into_async_io().unwrap());
    let before = descriptors();
    // The one of its break handle and the capture's one or two, which depends on the version of libpcap.
    let plain = captures().next().unwrap();
    let each = descriptors() - before;
    drop(plain);
    assert!((2..=3).contains(&each), "{each}");
    runtime.block_on(async {
        for round in 0..2 {
            let mut tokio: Vec<_> = captures().map(|c| c.into_tokio().unwrap()).collect();
            let mut other: Vec<_> = captures().map(|c| c.into_async_io().unwrap()).collect();
            // And the one that the runtime polls.
            assert_eq!(descriptors(), before + 100 * (each + 1), "round {round}");
            for capture in &mut tokio {
                assert!(capture.poll_advance(context).is_pending());
                drop(capture.next_packet());
            }
            for capture in &mut other {
                assert!(capture.poll_advance(context).is_pending());
                let polled = future::poll_once(capture.next_packet()).await;
                assert!(polled.is_none(), "{polled:?}");
            }
            assert_eq!(descriptors(), before + 100 * (each + 1), "round {round}");
            if round == 1 {
                let plain: Vec<_> = tokio.into_iter().map(|c| c.into_inner()).collect();
                assert_eq!(descriptors(), before + 50 * (each + 1) + 50 * each);
                drop(plain);
            } else {
                drop(tokio);
            }
            let handles: Vec<_> = other.iter().map(|c| c.break_handle()).collect();
            drop(other);
            assert_eq!(
                descriptors(),
                before + 50,
                "one descriptor for each break handle"
            );
            handles.iter().for_each(|handle| handle.breakloop());
            drop(handles);
            assert_eq!(descriptors(), before, "round {round}");
        }
    });
    let mut late = runtime.block_on(async {
        let mut capture = captures().next().unwrap().into_tokio().unwrap();
        assert!(capture.poll_advance(context).is_pending());
        capture
    });
    drop(runtime);
    assert!(matches!(
        late.poll_advance(context),
        std::task::Poll::Ready(Err(_))
    ));
    drop(late);
    assert!(descriptors() < before, "the runtime's are closed, too");
    another_under_the_same_number_is_awaited();
}

/// The kernel has forgotten the descriptor that was closed.
fn another_under_the_same_number_is_awaited() {
    // A capture opens other descriptors before the one for packets: it gets the same number only if the right number
    // of lower ones is free.
    let hits = (0..8).filter(|&free| puts_another_in_its_place(free));
    assert!(hits.count() > 0, "no descriptor got the same number");
}

/// Replaces a capture by another one; returns whether their descriptors have the same number.
fn puts_another_in_its_place(free: usize) -> bool {
    let open = || Capture::from_device("right").activate().unwrap();
    let number = |capture: &Capture<Active>| capture.selectable_fd().unwrap().as_raw_fd();
    let lower: Vec<_> = (0..free).map(|_| fs::File::open("/").unwrap()).collect();
    let mut capture = open().into_async_io().unwrap();
    future::block_on(async {
        assert!(future::poll_once(capture.advance()).await.is_none());
        let before = number(capture.get_ref());
        let mut other = open();
        std::mem::swap(capture.get_mut(), &mut other);
        drop((other, lower));
        let mut other = open();
        std::mem::swap(capture.get_mut(), &mut other);
        drop(other);
        let sender = async {
            future::yield_now().await;
            let left = Capture::from_device("left").activate().unwrap();
            left.inject(&[7; 60]).unwrap();
        };
        let same = number(capture.get_ref()) == before;
        let reader = async { capture.next_packet().await.unwrap().unwrap().into_owned() };
        let both = async { Some(future::zip(reader, sender).await) };
        let late = async {
            async_io::Timer::after(Duration::from_secs(20)).await;
            None
        };
        // The deadline is polled first: if only the deadline woke the task, it is too late.
        let in_time = future::or(late, both);
        let (packet, ()) = in_time.await.expect("no packet in time");
        assert_eq!(packet.data(), [7; 60]);
        same
    })
}
