//! Asynchronous captures leave no descriptor open. One test, because it counts what the whole process has
//! open.
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::task::{Context, Waker};

use futures_lite::future;
use pcap_core::{Active, Capture};
use support::Netns;

fn open_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn captures() -> impl Iterator<Item = Capture<Active>> {
    (0..30).map(|_| Capture::from_device("right").activate().unwrap())
}

#[test]
fn a_descriptor_is_left_neither_by_a_dropped_wait_nor_by_a_capture_that_is_given_back() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().unwrap();
    let context = &mut Context::from_waker(Waker::noop());

    // async-io's own are there from the first use on.
    let first = Capture::from_device("right").activate().unwrap();
    drop(first.into_async_io().unwrap());
    let before = open_descriptors();
    runtime.block_on(async {
        for round in 0..3 {
            let mut tokio: Vec<_> = captures().map(|c| c.into_tokio().unwrap()).collect();
            let mut other: Vec<_> = captures().map(|c| c.into_async_io().unwrap()).collect();
            // The capture's, the two of its break handle, and the one that the runtime watches.
            assert_eq!(open_descriptors(), before + 60 * 4, "round {round}");
            for capture in &mut tokio {
                assert!(capture.poll_advance(context).is_pending());
                drop(capture.next_packet());
            }
            for capture in &mut other {
                assert!(capture.poll_advance(context).is_pending());
                let polled = future::poll_once(capture.next_packet()).await;
                assert!(polled.is_none(), "{polled:?}");
            }
            assert_eq!(open_descriptors(), before + 60 * 4, "round {round}");
            if round == 1 {
                let plain: Vec<_> = tokio.into_iter().map(|c| c.into_inner()).collect();
                assert_eq!(open_descriptors(), before + 30 * 4 + 30 * 3);
                drop(plain);
            } else {
                drop(tokio);
            }
            let handles: Vec<_> = other.iter().map(|c| c.break_handle()).collect();
            drop(other);
            assert_eq!(open_descriptors(), before + 30 * 2, "what wakes a reader");
            handles.iter().for_each(|handle| handle.breakloop());
            drop(handles);
            assert_eq!(open_descriptors(), before, "round {round}");
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
    assert!(
        open_descriptors() < before,
        "those of the runtime are gone, too"
    );
}
