//! Asynchronous captures of devices, on each runtime: on veth pairs in network namespaces.

mod each_runtime;

use crate::support;

use std::cell::Cell;
use std::future::Future;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::support::Netns;
use crate::support::wire::{frame, number};
use futures_lite::{StreamExt, future};
use pcap_core::os::linux::SenderExt;
use pcap_core::stream::{AsyncCapture, AsyncIo, Runtime, Tokio};
use pcap_core::{Active, Capture, CompileOptions, End, ErrorKind, Offline, SendQueue};

/// How each runtime creates captures, runs a task and waits.
trait Tested: Runtime {
    fn wrap(capture: Capture<Active>) -> pcap_core::Result<AsyncCapture<Active, Self>>;
    fn block_on<F: Future>(future: F) -> F::Output;
    fn sleep(time: Duration) -> impl Future<Output = ()>;

    /// Returns the output if the future completes in time.
    fn within<F: Future>(time: Duration, future: F) -> impl Future<Output = Option<F::Output>> {
        let late = async move {
            Self::sleep(time).await;
            None
        };
        // The deadline is polled first: if only the deadline woke the task, it is too late.
        future::or(late, async { Some(future.await) })
    }

    fn open(device: &str) -> AsyncCapture<Active, Self> {
        Self::wrap(fast(device)).unwrap()
    }
}

impl Tested for Tokio {
    fn wrap(capture: Capture<Active>) -> pcap_core::Result<AsyncCapture<Active, Self>> {
        capture.into_tokio()
    }
    fn block_on<F: Future>(future: F) -> F::Output {
        runtime().block_on(future)
    }
    async fn sleep(time: Duration) {
        tokio::time::sleep(time).await;
    }
}

impl Tested for AsyncIo {
    fn wrap(capture: Capture<Active>) -> pcap_core::Result<AsyncCapture<Active, Self>> {
        capture.into_async_io()
    }
    fn block_on<F: Future>(future: F) -> F::Output {
        future::block_on(future)
    }
    async fn sleep(time: Duration) {
        async_io::Timer::after(time).await;
    }
}

/// Returns a single-threaded runtime.
fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

/// Generates a test of a function for each runtime.
macro_rules! on_each_runtime {
    ($($(#[$about:meta])* $name:ident)*) => {$(
        $(#[$about])*
        mod $name {
            #[test]
            fn tokio() {
                super::each_runtime::$name::<super::Tokio>();
            }
            #[test]
            fn async_io() {
                super::each_runtime::$name::<super::AsyncIo>();
            }
        }
    )*};
}

on_each_runtime! {
    packets_come_on_veth_lo_and_any
    a_million_packets_come_once_and_in_order
    dropped_futures_take_no_packet_with_them
    a_break_ends_a_wait_and_loses_nothing
    a_hundred_captures_wait_on_one_thread
    a_busy_capture_lets_others_run
    a_deleted_device_gives_its_packets_first
    a_deleted_device_ends_a_wait
    breaks_and_deadlines_hold_on_lo_and_any
    a_device_down_and_up_is_captured_on
    a_packet_behind_many_filtered_ones_comes
    a_capture_in_anothers_place_is_waited_for
    what_libpcap_alone_waits_for_is_refused
}

const LONG: Duration = Duration::from_secs(20);

fn fast(device: &str) -> Capture<Active> {
    let capture = Capture::from_device(device).immediate_mode(true);
    capture.activate().unwrap()
}

fn queue(numbers: std::ops::Range<u32>) -> SendQueue {
    let mut queue = SendQueue::new();
    queue
        .push_all(numbers.map(|number| frame(number, 60)))
        .unwrap();
    queue
}

fn wire() -> Option<(Netns, Capture<Active>)> {
    let net = Netns::new()?;
    net.veth("left", "right");
    let left = Capture::from_device("left").activate().unwrap();
    Some((net, left))
}

/// Opens a device with a buffer that holds all packets of a test.
fn roomy(device: &str) -> Capture<Active> {
    let capture = Capture::from_device(device)
        .snaplen(128)
        .buffer_size(64 << 20);
    capture.activate().unwrap()
}

/// On several threads, between which a task moves.
// Shows: parity/iterate-language-channel-packets
#[test]
fn tasks_on_several_threads_lose_nothing() {
    let Some((_net, left)) = wire() else { return };
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(3).enable_all().build().unwrap();
    let captures: Vec<_> = (0..4).map(|_| roomy("right")).collect();
    let sender = std::thread::spawn(move || {
        for start in (0..100_000).step_by(1000) {
            left.inject_queue(&queue(start..start + 1000)).unwrap();
        }
    });
    runtime.block_on(async {
        let tasks: Vec<_> = captures
            .into_iter()
            .enumerate()
            .map(|(which, capture)| {
                let mut capture = capture.into_tokio().unwrap();
                tokio::spawn(async move {
                    if which % 2 == 0 {
                        for expected in 0..100_000 {
                            let packet = capture.next_packet().await.unwrap().unwrap();
                            assert_eq!(number(packet.data()), expected);
                        }
                    } else {
                        let mut packets = capture.into_packets();
                        for expected in 0..100_000 {
                            let packet = packets.next().await.unwrap().unwrap();
                            assert_eq!(number(packet.data()), expected);
                        }
                        capture = packets.into_inner();
                    }
                    capture.stats().unwrap().dropped
                })
            })
            .collect();
        for task in tasks {
            let dropped = tokio::time::timeout(3 * LONG, task).await.unwrap();
            assert_eq!(dropped.unwrap(), 0);
        }
    });
    sender.join().unwrap();
}

/// `inject_queue` would block the only thread of this runtime all the time.
#[test]
fn a_sender_waits_beside_other_tasks() {
    let Some((_net, left)) = wire() else { return };
    let mut tc = std::process::Command::new("tc");
    let limit = "qdisc add dev left root tbf rate 4mbit burst 3kb limit 4kb";
    let status = tc.args(limit.split(' ')).status();
    assert!(status.expect("tc, of the package iproute2").success());
    runtime().block_on(async {
        let left = left.into_tokio().unwrap();
        let mut right = roomy("right").into_tokio().unwrap();
        let sender = left.get_ref().sender().unwrap();
        let sent = tokio::task::spawn_blocking(move || {
            for number in 0..150 {
                let mut frame = frame(number, 60);
                frame.resize(1000, 0);
                sender.inject(&frame).unwrap();
            }
        });
        let mut ticks = 0;
        let mut tick = tokio::time::interval(Duration::from_millis(2));
        let mut numbers = Vec::new();
        let start = Instant::now();
        while numbers.len() < 150 {
            assert!(start.elapsed() < LONG);
            tokio::select! {
                _ = tick.tick() => ticks += 1,
                packet = right.next_packet() => {
                    numbers.push(number(packet.unwrap().unwrap().data()));
                }
            }
        }
        // 150 000 bytes take 300 ms.
        assert!(start.elapsed() > Duration::from_millis(200));
        assert!(ticks > 30, "{ticks}");
        sent.await.unwrap();
        // Any CPU takes packets out of the queue, and two of them may change the order.
        numbers.sort_unstable();
        assert_eq!(numbers, (0..150).collect::<Vec<_>>());
    });
}

/// The deadlines that the documentation promises.
// Shows: parity/iterate-language-channel-packets
#[test]
fn deadlines_and_selects_of_tokio_work() {
    let Some((_net, left)) = wire() else { return };
    runtime().block_on(async {
        let mut capture = fast("right").into_tokio().unwrap();
        let start = Instant::now();
        let time = Duration::from_millis(50);
        assert!(
            tokio::time::timeout(time, capture.next_packet())
                .await
                .is_err()
        );
        assert!(start.elapsed() >= time);
        left.inject_queue(&queue(0..300)).unwrap();
        let mut ticks = tokio::time::interval(Duration::from_micros(500));
        let mut expected = 0;
        while expected < 300 {
            assert!(start.elapsed() < LONG);
            tokio::select! {
                biased;
                _ = ticks.tick() => {}
                packet = capture.next_packet() => {
                    assert_eq!(number(packet.unwrap().unwrap().data()), expected);
                    expected += 1;
                }
            }
        }
    });
}

#[test]
fn without_its_runtime_is_an_error() {
    let Some((_net, left)) = wire() else { return };
    let failed = left.into_tokio().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Io(std::io::ErrorKind::Other));
    assert!(failed.to_string().contains("no tokio runtime"), "{failed}");
    let left: Capture<Active> = failed.take().unwrap();

    let runtime = runtime();
    let mut capture = runtime.block_on(async { left.into_tokio().unwrap() });
    drop(runtime);
    let error = future::block_on(capture.next_packet()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Io(_)), "{error}");
    // As a plain capture it is unchanged.
    let mut capture = capture.into_inner();
    let right = fast("right");
    right.inject(&frame(3, 60)).unwrap();
    assert_eq!(capture.next_packet().unwrap().unwrap().data(), frame(3, 60));
}

#[test]
fn captures_and_futures_are_send() {
    fn is_send<T: Send>(_: &T) {}
    fn all<S: pcap_core::Awaitable + Send, R: Runtime>(mut capture: AsyncCapture<S, R>) {
        is_send(&capture);
        is_send(&capture.next_packet());
        is_send(&capture.advance());
        is_send(&capture.packets());
        is_send(&capture.into_packets());
    }
    let _ = all::<Active, Tokio>;
    let _ = all::<Active, AsyncIo>;
    let _ = all::<Offline, Tokio>;
    let _ = all::<pcap_core::Any, AsyncIo>;
}
