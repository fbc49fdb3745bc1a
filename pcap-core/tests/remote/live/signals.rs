//! Signals whose handlers interrupt system calls.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use pcap_core::Next;
use pcap_core::remote::{self, Auth};

use super::{host, on, payload, send, sender};
use crate::support::rpcapd::Daemon;
use crate::support::{Netns, alone};

static HANDLED: AtomicU64 = AtomicU64::new(0);

extern "C" fn count(_: i32) {
    HANDLED.fetch_add(1, Ordering::Relaxed);
}

/// Installs a handler without `SA_RESTART`.
fn interrupt_by(number: i32) {
    // SAFETY: `sigaction` is plain data, for which zeros are valid.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = count as extern "C" fn(i32) as libc::sighandler_t;
    // SAFETY: the handler only counts.
    let status = unsafe { libc::sigaction(number, &action, std::ptr::null_mut()) };
    assert_eq!(status, 0);
}

/// Ends the signals when it is dropped.
struct EndsStorm<'a>(&'a AtomicBool);

impl Drop for EndsStorm<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

// Shows: libpcap/remote-request-interrupted
#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn signals_do_not_interrupt_requests() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    interrupt_by(libc::SIGUSR1);
    let ended = AtomicBool::new(false);
    let (done, result) = mpsc::channel::<()>();
    // SAFETY: takes nothing.
    let reader = unsafe { libc::pthread_self() } as usize; // a pointer in some C libraries
    thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                // SAFETY: the thread waits for this one.
                assert_eq!(unsafe { libc::pthread_kill(reader as _, libc::SIGUSR1) }, 0);
                thread::sleep(Duration::from_micros(50));
            }
        });
        // A request that was interrupted may wait for ever, and cannot be ended.
        scope.spawn(move || {
            if result.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
                eprintln!("a request does not end");
                std::process::abort();
            }
        });
        // A failed assertion ends both threads as well.
        let _done = done;
        let _storm = EndsStorm(&ended);
        let socket = sender();
        for _ in 0..30 {
            let devices = remote::devices(&host(), &Auth::Null).unwrap();
            assert!(devices.iter().any(|device| device.name().ends_with("/lo")));
            let mut capture = on("lo").filter("udp port 9").open().unwrap();
            let received = loop {
                send(&socket, b"packet");
                let next = capture.next_packet_timeout(Duration::from_millis(20));
                if let Next::Packet(packet) = next.unwrap() {
                    break payload(packet.data()).to_vec();
                }
            };
            assert_eq!(received, b"packet");
            assert!(capture.stats().unwrap().received > 0);
        }
    });
    assert!(HANDLED.load(Ordering::Relaxed) > 30);
}
