//! The counters of libpcap, the kernel and the interface.

use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use pcap_core::{Active, Capture, Next};

use super::drain;
use crate::support::wire::{frame, send, wire};

/// Runs `mount`, and panics with its error if it fails.
fn mount(arguments: &str) {
    let mut mount = std::process::Command::new("mount");
    let output = mount.args(arguments.split(' ')).output().expect("mount");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "mount {arguments}: {error}");
}

/// libpcap reads the counter from sysfs. No virtual device has one, so this thread mounts its own files there.
// Shows: parity/statistics-received-dropped
#[test]
fn what_the_interface_dropped_is_counted() {
    let counted = std::thread::spawn(|| {
        let Some((_net, left, _right)) = wire() else {
            return;
        };
        // SAFETY: takes a number, and only affects this thread's view of the file systems.
        let status = unsafe { libc::unshare(libc::CLONE_NEWNS) };
        assert_eq!(status, 0, "{}", std::io::Error::last_os_error());
        // If `/` is a mount point, the mounts must not propagate; in a chroot it is none.
        let private = ["--make-rprivate", "/"];
        let _ = std::process::Command::new("mount").args(private).output();
        mount("-t tmpfs none /sys/class/net");
        let folder = std::path::Path::new("/sys/class/net/right/statistics");
        std::fs::create_dir_all(folder).unwrap();
        let count = |missed: u32, fifo: u32| {
            std::fs::write(folder.join("rx_missed_errors"), format!("{missed}\n")).unwrap();
            std::fs::write(folder.join("rx_fifo_errors"), format!("{fifo}\n")).unwrap();
        };
        count(100, 50);
        let right = |promisc| Capture::from_device("right").promisc(promisc).activate();
        let [all, own] = [true, false].map(right).map(Result::unwrap);
        assert_eq!(all.stats().unwrap().if_dropped, 0, "includes earlier drops");
        for (missed, fifo, dropped) in [(103, 50, 3), (103, 54, 7), (200, 150, 200)] {
            count(missed, fifo);
            send(&left, 0..1);
            assert_eq!(all.stats().unwrap().if_dropped, dropped);
            assert_eq!(all.stats().unwrap().dropped, 0);
            assert_eq!(own.stats().unwrap().if_dropped, 0, "not promiscuous");
        }
        assert_eq!(all.close().unwrap().if_dropped, 200);
    });
    counted
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

/// Returns the packets that the kernel has counted since libpcap last asked, and resets that counter.
fn uncollected(capture: &Capture<Active>) -> u32 {
    let fd = capture.fileno().unwrap();
    let mut stats = [0_u32; 3];
    let mut length = size_of_val(&stats) as libc::socklen_t;
    // SAFETY: the descriptor is open, and the kernel writes at most that many bytes.
    let status = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_STATISTICS,
            stats.as_mut_ptr().cast(),
            &mut length,
        )
    };
    assert_eq!(status, 0, "{}", std::io::Error::last_os_error());
    stats[0]
}

/// A program that rarely reads the statistics would miss an overflow of their 32 bits.
// Shows: parity/statistics-received-dropped
#[test]
fn counters_are_collected_every_ten_seconds() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let start = Instant::now();
    send(&left, 0..5);
    assert_eq!(drain(&mut right).len(), 5);
    if start.elapsed() < Duration::from_secs(8) {
        assert_eq!(uncollected(&right), 5, "collected too early");
    }
    send(&left, 5..8);
    assert_eq!(drain(&mut right).len(), 3);
    let next = right.next_packet_timeout(Duration::from_millis(10_500));
    assert_eq!(next.unwrap(), Next::Timeout);
    assert_eq!(right.try_next_packet().unwrap(), Next::Timeout);
    let next = right.next_packet_timeout(Duration::from_millis(1));
    assert_eq!(next.unwrap(), Next::Timeout);
    assert_eq!(uncollected(&right), 0);
    assert!(right.stats().unwrap().received >= 3);
}

// Shows: parity/statistics-received-dropped, parity/8-live-exact-frame
#[test]
fn statistics_add_up_under_loss() {
    let Some((_net, left, right)) = wire() else {
        return;
    };
    drop(right);
    // A buffer that is too small for all packets, and is not read meanwhile.
    let mut right = Capture::from_device("right")
        .buffer_size(1 << 19)
        .activate()
        .unwrap();
    for _ in 0..2000 {
        left.inject(&frame(0, 1514)).unwrap();
    }
    let mut read = 0;
    while let Next::Packet(_) = right
        .next_packet_timeout(Duration::from_millis(400))
        .unwrap()
    {
        read += 1;
    }
    let stats = right.close().unwrap();
    assert!(stats.dropped > 0, "{stats:?}");
    assert_eq!(stats.received, 2000, "{stats:?}");
    assert_eq!(read + stats.dropped, 2000, "{stats:?}");
}
