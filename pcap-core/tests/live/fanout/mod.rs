//! Fanout groups: what each member receives, and that together they receive each packet once. On veth pairs in network
//! namespaces.

mod group;
mod members;
mod programs;

use pcap_core::os::linux::SenderExt;
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::os::linux::{Fanout, FanoutMode};
use pcap_core::{Active, Capture, End, Error, Inactive, Next, SendQueue, Stop};

use crate::support::wire::packet_sockets;
use crate::support::{Netns, wait_until};

const FLOWS: u32 = 64;

fn wire() -> Option<(Netns, Capture<Active>)> {
    let net = Netns::new()?;
    net.veth("left", "right");
    let left = Capture::from_device("left").filter("len < 0").activate();
    Some((net, left.unwrap()))
}

/// Returns options for a buffer that holds all packets of a test.
fn large(device: &str) -> Capture<Inactive> {
    Capture::from_device(device).buffer_size(32 << 20)
}

/// Returns a numbered UDP packet of one of the flows; every other one goes in the opposite direction.
fn udp(number: u32) -> Vec<u8> {
    let flow = (number % FLOWS) as u16;
    let (mut here, mut there) = (([10, 0, 0, 1], 1000 + flow), ([10, 0, 1, flow as u8], 53));
    if number / FLOWS % 2 == 1 {
        std::mem::swap(&mut here, &mut there);
    }
    let mut frame = vec![0; 60];
    frame[..6].fill(0xff);
    frame[6] = 2;
    frame[12..14].copy_from_slice(&[0x08, 0x00]);
    frame[14] = 0x45;
    frame[16..18].copy_from_slice(&46_u16.to_be_bytes());
    frame[22] = 64;
    frame[23] = 17;
    frame[26..30].copy_from_slice(&here.0);
    frame[30..34].copy_from_slice(&there.0);
    frame[34..36].copy_from_slice(&here.1.to_be_bytes());
    frame[36..38].copy_from_slice(&there.1.to_be_bytes());
    frame[38..40].copy_from_slice(&26_u16.to_be_bytes());
    frame[42..46].copy_from_slice(&number.to_be_bytes());
    frame
}

fn number(data: &[u8]) -> u32 {
    u32::from_be_bytes(data[42..46].try_into().unwrap())
}

fn queue(numbers: std::ops::Range<u32>) -> SendQueue {
    let mut queue = SendQueue::new();
    queue.push_all(numbers.map(udp)).unwrap();
    queue
}

/// Waits until this number of packet sockets is open. Programs that other tests start inherit all of them for a
/// moment.
fn packet_sockets_become(count: usize) {
    wait_until("all are closed", || packet_sockets() == count);
}

/// Reads a member until no packet has arrived for this long.
fn read_all(capture: &mut Capture<Active>, quiet: Duration) -> Vec<u32> {
    let mut numbers = Vec::new();
    while let Next::Packet(packet) = capture.next_packet_timeout(quiet).unwrap() {
        numbers.push(number(packet.data()));
    }
    numbers
}

/// Sends `count` packets while threads read the members, until all have arrived. Returns what each member received,
/// and the statistics of the group.
fn spread(
    mode: FanoutMode,
    members: usize,
    count: u32,
) -> Option<(Vec<Vec<u32>>, pcap_core::Stats)> {
    spread_over("right", Fanout::new(mode), members, count)
}

/// Does the same as [`spread`] on the receiving end of the veth pair or on the sending one.
fn spread_over(
    device: &str,
    fanout: Fanout,
    members: usize,
    count: u32,
) -> Option<(Vec<Vec<u32>>, pcap_core::Stats)> {
    let (_net, left) = wire()?;
    let group = fanout.activate(&large(device), members).unwrap();
    assert_eq!(group.members().len(), members);
    let handles: Vec<_> = group.break_handles();
    let seen = AtomicU32::new(0);
    let sender = left.sender().unwrap();
    let (received, stats) = thread::scope(|scope| {
        scope.spawn(|| {
            sender.inject_queue(&queue(0..count)).unwrap();
            let start = Instant::now();
            while seen.load(Ordering::Relaxed) < count && start.elapsed() < Duration::from_secs(20)
            {
                thread::sleep(Duration::from_millis(10));
            }
            // Duplicates would arrive by now.
            thread::sleep(Duration::from_millis(300));
            handles.iter().for_each(|handle| handle.breakloop());
        });
        let seen = &seen;
        group
            .for_each(|_, capture| {
                let mut numbers = Vec::new();
                let done = capture.for_each(|packet| {
                    numbers.push(number(packet.data()));
                    seen.fetch_add(1, Ordering::Relaxed);
                })?;
                assert_eq!(done.stop(), Stop::End(End::Break));
                Ok::<_, Error>(numbers)
            })
            .unwrap()
    });
    // Each member's are in order, and together they are complete.
    assert!(received.iter().all(|numbers| numbers.is_sorted()));
    let mut all = received.concat();
    all.sort_unstable();
    assert!(all.into_iter().eq(0..count));
    assert_eq!(stats.received, u64::from(count));
    assert_eq!((stats.dropped, stats.if_dropped), (0, 0));
    Some((received, stats))
}

fn lengths(received: &[Vec<u32>]) -> Vec<usize> {
    received.iter().map(Vec::len).collect()
}

/// Loads an eBPF program of eight-byte instructions.
fn load(program: &[[u8; 8]]) -> std::io::Result<OwnedFd> {
    #[repr(C)]
    struct Attributes {
        kind: u32,
        count: u32,
        program: u64,
        license: u64,
        log: [u64; 2],
        /// The fields of newer kernels, which valgrind knows.
        rest: [u64; 12],
    }
    const PROG_LOAD: libc::c_int = 5;
    const SOCKET_FILTER: u32 = 1;
    let attributes = Attributes {
        kind: SOCKET_FILTER,
        count: program.len() as u32,
        program: program.as_ptr() as u64,
        license: c"MIT".as_ptr() as u64,
        log: [0; 2],
        rest: [0; 12],
    };
    let pointer: *const Attributes = &attributes;
    // SAFETY: the command takes these arguments; the pointers are to values that outlive the call.
    let fd = unsafe { libc::syscall(libc::SYS_bpf, PROG_LOAD, pointer, size_of::<Attributes>()) };
    match libc::c_int::try_from(fd) {
        // SAFETY: just opened, and has no other owner.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(std::io::Error::last_os_error()),
    }
}
