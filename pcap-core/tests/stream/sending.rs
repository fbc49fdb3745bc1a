//! Sending from tasks, on each runtime: on veth pairs in network namespaces.

use std::future::Future;
use std::process::Command;
use std::time::Duration;

use crate::support::Netns;
use crate::support::cpu::cpu_time;
use crate::support::wire::{frame, number};
use futures_lite::future;
use pcap_core::stream::{AsyncCapture, AsyncIo, Runtime, Tokio};
use pcap_core::{Active, Capture, Error, ErrorKind, Next};

const LONG: Duration = Duration::from_secs(20);

/// How each runtime creates captures, runs a task and waits.
trait Tested: Runtime {
    fn wrap(capture: Capture<Active>) -> AsyncCapture<Active, Self>;
    fn block_on<F: Future>(future: F) -> F::Output;
    fn sleep(time: Duration) -> impl Future<Output = ()>;

    /// Returns the output if the future completes in time.
    fn within<F: Future>(time: Duration, future: F) -> impl Future<Output = Option<F::Output>> {
        let late = async move {
            Self::sleep(time).await;
            None
        };
        future::or(async { Some(future.await) }, late)
    }
}

impl Tested for Tokio {
    fn wrap(capture: Capture<Active>) -> AsyncCapture<Active, Self> {
        capture.into_tokio().unwrap()
    }
    fn block_on<F: Future>(future: F) -> F::Output {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap().block_on(future)
    }
    async fn sleep(time: Duration) {
        tokio::time::sleep(time).await;
    }
}

impl Tested for AsyncIo {
    fn wrap(capture: Capture<Active>) -> AsyncCapture<Active, Self> {
        capture.into_async_io().unwrap()
    }
    fn block_on<F: Future>(future: F) -> F::Output {
        future::block_on(future)
    }
    async fn sleep(time: Duration) {
        async_io::Timer::after(time).await;
    }
}

/// Generates a test of a function for each runtime.
macro_rules! on_each_runtime {
    ($($name:ident)*) => {$(
        mod $name {
            #[test]
            fn tokio() {
                super::tests::$name::<super::Tokio>();
            }
            #[test]
            fn async_io() {
                super::tests::$name::<super::AsyncIo>();
            }
        }
    )*};
}

on_each_runtime! {
    all_arrive_once_through_a_full_queue
    all_arrive_once_through_a_full_socket
    others_run_while_it_waits
    others_run_while_it_does_not_wait
    a_wait_costs_no_processor_time
    a_dropped_future_has_not_sent
    a_break_ends_the_wait
    a_dropped_frame_is_an_error
    one_task_reads_and_sends
    non_blocking_mode_makes_no_difference
}

fn run(program: &str, arguments: &str) {
    let status = Command::new(program)
        .args(arguments.split(' '))
        .status()
        .expect("a program of the package iproute2");
    assert!(status.success(), "{program} {arguments}");
}

/// Opens both ends of a veth pair whose first end has this limit, in the syntax of tc-tbf(8).
fn wire(limit: &str) -> Option<(Netns, Capture<Active>, Capture<Active>)> {
    let net = Netns::new()?;
    net.veth("left", "right");
    if !limit.is_empty() {
        run("tc", &format!("qdisc add dev left root tbf {limit}"));
    }
    let left = Capture::from_device("left").activate().unwrap();
    let right = Capture::from_device("right").immediate_mode(true);
    let right = right.snaplen(2048).buffer_size(32 << 20);
    Some((net, left, right.activate().unwrap()))
}

/// `ENOBUFS` while it is full.
const SHORT_QUEUE: &str = "rate 4mbit burst 3kb limit 4kb";
/// `EAGAIN`: it holds more than the socket's buffer.
const LONG_QUEUE: &str = "rate 40mbit burst 16kb limit 10mb";
/// A frame of 1400 bytes takes 1.4 seconds.
const SLOW: &str = "rate 8kbit burst 1600 limit 1600";

fn numbers(right: &mut Capture<Active>, count: u32) -> Vec<u32> {
    let mut numbers = Vec::new();
    while numbers.len() < count as usize {
        match right.next_packet_timeout(LONG).unwrap() {
            Next::Packet(packet) => numbers.push(number(packet.data())),
            next => panic!("{} of {count} came, then {next:?}", numbers.len()),
        }
    }
    let next = right.next_packet_timeout(Duration::from_millis(200));
    assert_eq!(next.unwrap(), Next::Timeout);
    // Any CPU takes packets out of a queue, and two of them may change the order.
    numbers.sort_unstable();
    numbers
}

/// Sends until there is no room.
fn fill<R: Runtime>(left: &AsyncCapture<Active, R>, length: usize) {
    while left.try_inject(&frame(0, length)).unwrap().is_some() {}
}

fn is_send<T: Send>(value: T) -> T {
    value
}

mod tests {
    use super::*;

    fn all_arrive_once<R: Tested>(limit: &str, count: u32) {
        let Some((_net, left, mut right)) = wire(limit) else {
            return;
        };
        R::block_on(async {
            let mut left = R::wrap(left);
            for number in 0..count {
                let frame = frame(number, 1000);
                let sent = R::within(LONG, is_send(left.inject(&frame)));
                assert_eq!(sent.await.expect("it ends").unwrap(), 1000);
            }
        });
        assert!(numbers(&mut right, count).into_iter().eq(0..count));
    }

    pub(super) fn all_arrive_once_through_a_full_queue<R: Tested>() {
        all_arrive_once::<R>(SHORT_QUEUE, 200);
    }

    pub(super) fn all_arrive_once_through_a_full_socket<R: Tested>() {
        all_arrive_once::<R>(LONG_QUEUE, 2000);
    }

    /// Counts the turns of another task meanwhile: on a blocked thread there would be one.
    pub(super) fn others_run_while_it_waits<R: Tested>() {
        // The first takes 1.4 seconds each, the second 11 milliseconds.
        for (limit, count) in [(SLOW, 1), ("rate 1mbit burst 3kb limit 10mb", 100)] {
            let Some((_net, left, _right)) = wire(limit) else {
                return;
            };
            R::block_on(async {
                let mut left = R::wrap(left);
                fill(&left, 1400);
                let mut ticks = 0;
                let sending = async {
                    for number in 0..count {
                        left.inject(&frame(number, 1400)).await.unwrap();
                    }
                    None
                };
                let ticking = async {
                    loop {
                        R::sleep(Duration::from_millis(2)).await;
                        ticks += 1;
                    }
                };
                let over: Option<()> = R::within(LONG, future::or(sending, ticking)).await.unwrap();
                assert!(over.is_none());
                assert!(ticks > 10, "{limit}: {ticks}");
            });
        }
    }

    pub(super) fn others_run_while_it_does_not_wait<R: Tested>() {
        let Some((_net, left, _right)) = wire("") else {
            return;
        };
        R::block_on(async {
            let mut left = R::wrap(left);
            let mut turns = 0;
            let sending = async {
                for number in 0..20_000 {
                    left.inject(&frame(number, 60)).await.unwrap();
                }
            };
            let other = async {
                loop {
                    future::yield_now().await;
                    turns += 1;
                }
            };
            future::or(sending, other).await;
            assert!(turns > 10, "{turns}");
        });
    }

    pub(super) fn a_wait_costs_no_processor_time<R: Tested>() {
        let Some((_net, left, _right)) = wire("rate 100kbit burst 3kb limit 10mb") else {
            return;
        };
        R::block_on(async {
            let mut left = R::wrap(left);
            fill(&left, 1400);
            // The socket's buffer is full for many times as long.
            let start = cpu_time();
            let sent = async {
                loop {
                    left.inject(&frame(0, 1400)).await.unwrap();
                }
            };
            assert!(R::within(Duration::from_secs(1), sent).await.is_none());
            let used = cpu_time() - start;
            assert!(used < Duration::from_millis(500), "{used:?}");
        });
    }

    pub(super) fn a_dropped_future_has_not_sent<R: Tested>() {
        for limit in [SHORT_QUEUE, LONG_QUEUE] {
            let Some((_net, left, mut right)) = wire(limit) else {
                return;
            };
            let (mut sent, mut dropped) = (Vec::new(), 0);
            R::block_on(async {
                let mut left = R::wrap(left);
                for number in 0..1000 {
                    let frame = frame(number, 1000);
                    // Polled once, then dropped.
                    match future::poll_once(left.inject(&frame)).await {
                        Some(result) => {
                            assert_eq!(result.unwrap(), 1000);
                            sent.push(number);
                        }
                        None => dropped += 1,
                    }
                }
            });
            assert!(dropped > 10 && sent.len() > 3, "{dropped}, {}", sent.len());
            assert_eq!(numbers(&mut right, sent.len() as u32), sent);
        }
    }

    /// Sends until an error ends a wait. A full queue may have room again before a send looks at it.
    async fn error_of_a_wait<R: Tested>(
        left: &mut AsyncCapture<Active, R>,
        packet: &[u8],
    ) -> Error {
        loop {
            let sent = left.inject(packet);
            if let Err(error) = R::within(LONG, sent).await.expect("it ends") {
                return error;
            }
        }
    }

    pub(super) fn a_break_ends_the_wait<R: Tested>() {
        for limit in [SLOW, "rate 1mbit burst 3kb limit 10mb"] {
            let Some((_net, left, _right)) = wire(limit) else {
                return;
            };
            R::block_on(async {
                let mut left = R::wrap(left);
                let packet = frame(0, 1400);
                for round in 0..3 {
                    fill(&left, 1400);
                    let handle = left.break_handle();
                    let breaking = std::thread::spawn(move || {
                        std::thread::sleep(Duration::from_millis(50));
                        handle.breakloop();
                    });
                    let error = error_of_a_wait(&mut left, &packet).await;
                    assert_eq!(error.kind(), ErrorKind::Break, "{round}: {error}");
                    breaking.join().unwrap();
                    // It ends each further wait until a read reports it.
                    fill(&left, 1400);
                    let error = error_of_a_wait(&mut left, &packet).await;
                    assert_eq!(error.kind(), ErrorKind::Break, "{round}: {error}");
                    assert!(left.next_packet().await.unwrap().is_none());
                }
            });
        }
    }

    pub(super) fn a_dropped_frame_is_an_error<R: Tested>() {
        let Some((_net, left, _right)) = wire("") else {
            return;
        };
        run("ip", "link set right mtu 200");
        R::block_on(async {
            let mut left = R::wrap(left);
            for _ in 0..3 {
                let packet = frame(0, 1000);
                let sent = R::within(LONG, left.inject(&packet)).await;
                let error = sent.expect("it ends").unwrap_err();
                assert!(
                    error.text().contains("the device drops the frame"),
                    "{error}"
                );
                assert_eq!(left.inject(&frame(0, 60)).await.unwrap(), 60);
            }
            let error = left.inject(&[]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        });
    }

    /// Both wait with the same capture, one after the other.
    pub(super) fn one_task_reads_and_sends<R: Tested>() {
        let Some((_net, left, right)) = wire(SHORT_QUEUE) else {
            return;
        };
        R::block_on(async {
            let (mut left, mut right) = (R::wrap(left), R::wrap(right));
            let echo = async {
                for _ in 0..100 {
                    let packet = right.next_packet().await.unwrap().unwrap();
                    let data = packet.data().to_vec();
                    right.inject(&data).await.unwrap();
                }
            };
            let ask = async {
                for number in 0..100 {
                    left.inject(&frame(number, 1000)).await.unwrap();
                    let answer = left.next_packet().await.unwrap().unwrap();
                    assert_eq!(super::number(answer.data()), number);
                }
            };
            let both = future::zip(echo, ask);
            R::within(LONG, both).await.expect("it ends");
        });
    }

    pub(super) fn non_blocking_mode_makes_no_difference<R: Tested>() {
        let Some((_net, mut left, _right)) = wire(SHORT_QUEUE) else {
            return;
        };
        left.set_nonblock(true);
        R::block_on(async {
            let mut left = R::wrap(left);
            for number in 0..50 {
                assert_eq!(left.inject(&frame(number, 1000)).await.unwrap(), 1000);
            }
        });
    }
}
