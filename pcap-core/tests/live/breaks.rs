//! Breaks and deadlines on each kind of device for which libpcap has its own way of reading: packet sockets on one
//! device, on `any` and on the loopback device, and `nflog`. Those for D-Bus are in `dbus.rs`.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::Netns;
use crate::support::cpu::cpu_time;
use pcap_core::{Active, BreakHandle, Capture, End, Next, PacketBatch, Stop};

/// Returns a capture on each kind of device that has a file descriptor; prints those that this kernel lacks.
fn captures(net: &Netns) -> Vec<(&'static str, Capture<Active>)> {
    net.veth("left", "right");
    let mut captures = Vec::new();
    for device in ["right", "any", "lo", "nflog:7"] {
        match Capture::from_device(device).activate() {
            Ok(capture) => captures.push((device, capture)),
            Err(error) if device == "nflog:7" => {
                let thread = std::thread::current();
                let test = thread.name().unwrap_or("a test");
                eprintln!("{test}: skipped for nflog, which this kernel does not have: {error}");
            }
            Err(error) => panic!("{device}: {error}"),
        }
    }
    captures
}

type Read = fn(&mut Capture<Active>) -> Option<Stop>;

const READS: [(&str, Read); 6] = [
    ("read_batch", |capture| {
        assert!(!capture.read_batch(&mut PacketBatch::new()).unwrap());
        capture.ended().map(Stop::End)
    }),
    ("next_packet", |capture| {
        assert!(capture.next_packet().unwrap().is_none());
        capture.ended().map(Stop::End)
    }),
    ("next_packet_timeout", |capture| {
        let next = capture.next_packet_timeout(Duration::from_secs(60));
        assert_eq!(next.unwrap(), Next::End(End::Break));
        capture.ended().map(Stop::End)
    }),
    ("for_each", |capture| {
        Some(capture.for_each(|_| ()).unwrap().stop())
    }),
    ("for_each_up_to", |capture| {
        Some(capture.for_each_up_to(9, |_| ()).unwrap().stop())
    }),
    ("packets", |capture| {
        assert!(capture.packets().next().is_none());
        capture.ended().map(Stop::End)
    }),
];

#[test]
fn a_break_ends_every_call_on_every_device() {
    let Some(net) = Netns::new() else { return };
    for (device, mut capture) in captures(&net) {
        for (name, read) in READS {
            let handle = capture.break_handle();
            let asked = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(30));
                let now = Instant::now();
                handle.breakloop();
                now
            });
            let what = format!("{name} on {device}");
            assert_eq!(read(&mut capture), Some(Stop::End(End::Break)), "{what}");
            let took = asked.join().unwrap().elapsed();
            // D-Bus takes a tenth of a second; other devices would wait forever. This machine may be busy.
            assert!(took < Duration::from_secs(5), "{what}: {took:?}");

            // Several breaks before a read count as one.
            for _ in 0..100 {
                capture.break_handle().breakloop();
            }
            assert_eq!(read(&mut capture), Some(Stop::End(End::Break)), "{what}");
            assert_eq!(capture.try_next_packet().unwrap(), Next::Timeout, "{what}");
        }
    }
}

#[test]
fn a_deadline_holds_on_every_device() {
    let Some(net) = Netns::new() else { return };
    for (device, mut capture) in captures(&net) {
        for millis in [1, 20, 300] {
            let wanted = Duration::from_millis(millis);
            let (start, cpu) = (Instant::now(), cpu_time());
            let next = capture.next_packet_timeout(wanted);
            assert_eq!(next.unwrap(), Next::Timeout, "{device}");
            let (took, used) = (start.elapsed(), cpu_time() - cpu);
            let most = wanted + Duration::from_millis(200);
            assert!(took >= wanted && took < most, "{device}: {took:?}");
            assert!(
                used < Duration::from_millis(20) + wanted / 4,
                "{device}: {used:?}"
            );
        }
    }
}

/// While packets arrive and the blocking mode changes, each break ends one call, and no packet is lost.
#[test]
fn breaks_on_lo_and_any_lose_nothing() {
    let Some(_net) = Netns::new() else { return };
    const COUNT: usize = 3000;
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let sink = std::net::UdpSocket::bind("127.0.0.1:4000").unwrap();
    socket.connect(sink.local_addr().unwrap()).unwrap();
    for device in ["lo", "any"] {
        let capture = Capture::from_device(device).filter("udp and dst port 4000");
        let mut capture = capture.buffer_size(16 << 20).activate().unwrap();
        let over = AtomicBool::new(false);
        let handle = capture.break_handle();
        let mut numbers = Vec::new();
        let mut breaks = 0;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for n in 0..COUNT as u32 {
                    socket.send(&n.to_be_bytes()).unwrap();
                    if n % 10 == 0 {
                        std::thread::sleep(Duration::from_micros(300));
                    }
                }
            });
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    handle.breakloop();
                    std::thread::sleep(Duration::from_micros(200));
                }
            });
            let start = Instant::now();
            for turn in 0.. {
                if numbers.len() >= COUNT || start.elapsed() > Duration::from_secs(20) {
                    break;
                }
                capture.set_nonblock(turn % 3 == 0);
                let mut keep = |data: &[u8]| {
                    let number = data[data.len() - 4..].try_into().unwrap();
                    numbers.push(u32::from_be_bytes(number));
                };
                let end = match turn % 2 {
                    0 => capture
                        .dispatch_up_to(50, |p| keep(p.data()))
                        .unwrap()
                        .stop(),
                    _ => {
                        let done = capture.for_each_up_to(50, |p| keep(p.data()));
                        done.unwrap().stop()
                    }
                };
                breaks += u32::from(end == Stop::End(End::Break));
            }
            over.store(true, Ordering::Relaxed);
        });
        // The loopback device shows each packet twice; libpcap returns one of the two, on `any` as well.
        assert!(numbers.iter().copied().eq(0..COUNT as u32), "{device}");
        assert!(breaks > 10, "{breaks}");
    }
}

/// From a signal handler that interrupts the reading thread, any number of times, also while the capture closes.
#[test]
fn signals_end_reads_and_spare_closing() {
    static ONE: OnceLock<BreakHandle> = OnceLock::new();
    extern "C" fn on_signal(_: libc::c_int) {
        if let Some(handle) = ONE.get() {
            handle.breakloop();
        }
    }
    let Some(net) = Netns::new() else { return };
    let mut all = captures(&net);
    let (_, mut right) = all.remove(0);
    ONE.set(right.break_handle()).unwrap();
    let handler = on_signal as extern "C" fn(libc::c_int);
    // SAFETY: the handler is async-signal-safe.
    unsafe { libc::signal(libc::SIGUSR2, handler as libc::sighandler_t) };
    // SAFETY: always succeeds.
    let reader = unsafe { libc::pthread_self() } as usize; // a pointer in some C libraries
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                // SAFETY: the reading thread waits for this one before it ends.
                assert_eq!(unsafe { libc::pthread_kill(reader as _, libc::SIGUSR2) }, 0);
                std::thread::sleep(Duration::from_micros(100));
            }
        });
        for turn in 0..300 {
            let end = READS[turn % READS.len()].1(&mut right);
            assert_eq!(end, Some(Stop::End(End::Break)));
        }
        right.close().unwrap();
        std::thread::sleep(Duration::from_millis(5));
        over.store(true, Ordering::Relaxed);
    });
}
