//! Filters on the program's own sockets, in the kernel.

use std::fs::File;
use std::io::{self, ErrorKind::NotFound, ErrorKind::PermissionDenied, Read, Seek};
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use crate::support::{Netns, files, wait_until};
use pcap_core::os::linux::SocketFilterExt;
use pcap_core::{Capture, CompileOptions, Dlt, ErrorKind, Filter, Insn};

/// Returns a filter for socket data with this byte at this offset.
fn byte(offset: u32, value: u8) -> Filter {
    let program = [
        Insn::new(0x30, 0, 0, offset),
        Insn::new(0x15, 0, 1, value.into()),
        Insn::new(0x06, 0, 0, u32::MAX),
        Insn::new(0x06, 0, 0, 0),
    ];
    Filter::from_instructions(Dlt::USER0, &program).unwrap()
}

fn udp() -> (UdpSocket, UdpSocket) {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    sender.connect(receiver.local_addr().unwrap()).unwrap();
    receiver.set_nonblocking(true).unwrap();
    (sender, receiver)
}

/// Returns the received datagrams; on the loopback device all that were sent have arrived.
fn received(receiver: &UdpSocket) -> Vec<Vec<u8>> {
    let mut buffer = [0; 2048];
    std::iter::from_fn(|| {
        receiver
            .recv(&mut buffer)
            .ok()
            .map(|n| buffer[..n].to_vec())
    })
    .collect()
}

#[test]
fn a_udp_socket_receives_what_the_filter_takes() {
    let (sender, receiver) = udp();
    let send = || [b"before", b"!after"].map(|data| sender.send(data).unwrap());
    send();
    receiver.attach_filter(&byte(8, b'!')).unwrap();
    send();
    // Datagrams that were already there stay.
    let expected: [&[u8]; 3] = [b"before", b"!after", b"!after"];
    assert_eq!(received(&receiver), expected);

    // A new filter replaces the old one; without a filter everything passes.
    receiver.attach_filter(&byte(8, b'b')).unwrap();
    send();
    assert_eq!(received(&receiver), [b"before"]);
    receiver.detach_filter().unwrap();
    send();
    assert_eq!(received(&receiver).len(), 2);
    let error = receiver.detach_filter().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io(NotFound), "{error}");
}

#[test]
fn a_locked_filter_stays() {
    let (sender, receiver) = udp();
    receiver.attach_filter(&byte(8, b'!')).unwrap();
    receiver.lock_filter().unwrap();
    let errors = [
        receiver.attach_filter(&byte(8, b'b')).unwrap_err(),
        receiver.detach_filter().unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Io(PermissionDenied), "{error}");
        assert_eq!(error.help(), None);
    }
    sender.send(b"before").unwrap();
    assert_eq!(received(&receiver), [] as [Vec<u8>; 0]);
}

#[test]
fn what_cannot_be_attached_has_its_kind() {
    let file = File::open("/dev/null").unwrap();
    let error = file.attach_filter(&byte(0, 0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    assert_eq!(file.detach_filter().unwrap_err().kind(), error.kind());
    assert_eq!(file.lock_filter().unwrap_err().kind(), error.kind());

    let (socket, _other) = UnixDatagram::pair().unwrap();
    let options = CompileOptions::new();
    let loops = options.compile(Dlt::RAW, "ip6 protochain 6").unwrap();
    let error = socket.attach_filter(&loops).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");

    let hosts = (0..5000_u32).map(|n| Ipv4Addr::from(n * 2));
    let long = Filter::any_of(Dlt::RAW, hosts).unwrap();
    assert!(long.instructions().len() > 4096);
    let error = socket.attach_filter(&long).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterTooLong, "{error}");
}

/// In a few programs libpcap omits a store; the kernel rejects those unchanged.
#[test]
fn a_program_with_a_forgotten_store_is_taken() {
    let filter = Filter::compile(Dlt::EN10MB, "geneve or udp").unwrap();
    let (socket, _other) = UnixDatagram::pair().unwrap();
    socket.attach_filter(&filter).unwrap();
}

/// Opens a socket that receives whole frames from all devices.
fn packet_socket() -> OwnedFd {
    let protocol = i32::from((libc::ETH_P_ALL as u16).to_be());
    let kind = libc::SOCK_RAW | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: takes numbers.
    let fd = unsafe { libc::socket(libc::AF_PACKET, kind, protocol) };
    assert!(fd >= 0, "{}", io::Error::last_os_error());
    // SAFETY: just opened, and has no other owner.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

fn frames(socket: &OwnedFd) -> Vec<Vec<u8>> {
    let mut seen = Vec::new();
    let mut buffer = [0; 2048];
    loop {
        let pointer = buffer.as_mut_ptr().cast();
        // SAFETY: the descriptor is open and the buffer has this length.
        let length = unsafe { libc::recv(socket.as_raw_fd(), pointer, buffer.len(), 0) };
        let Ok(length) = usize::try_from(length) else {
            return seen;
        };
        seen.push(buffer[..length].to_vec());
    }
}

fn frame(vlan: Option<u8>, mark: u8) -> Vec<u8> {
    let mut frame = vec![0xff; 64];
    match vlan {
        Some(vlan) => frame[12..18].copy_from_slice(&[0x81, 0, 0, vlan, 0x88, 0xb5]),
        None => frame[12..14].copy_from_slice(&[0x88, 0xb5]),
    }
    frame[40] = mark;
    frame
}

#[test]
fn packet_sockets_take_kernel_extensions() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = Capture::from_device("left").activate().unwrap();
    let right = Capture::from_device("right").activate().unwrap();
    let options = CompileOptions::new();
    let expression = "ether proto 0x88b5 and ether[40] = 7";
    let compiled = options.compile(Dlt::EN10MB, expression).unwrap();
    let tag = options.compile_for(&right, "vlan 5 and inbound").unwrap();
    assert!(tag.uses_kernel_extensions());

    for (filter, mark) in [(&compiled, 7), (&tag, 9)] {
        let socket = packet_socket();
        socket.attach_filter(filter).unwrap();
        frames(&socket);
        for (vlan, mark) in [(None, 7), (None, 8), (Some(5), 9), (Some(6), 10)] {
            left.inject(&frame(vlan, mark)).unwrap();
        }
        // The kernel removes the tag.
        let marks_now = || {
            let frames = frames(&socket);
            let mark = |frame: &Vec<u8>| frame[if frame.len() == 60 { 36 } else { 40 }];
            frames.iter().map(mark).collect::<Vec<u8>>()
        };
        let mut marks = Vec::new();
        wait_until("the frame arrives", || {
            marks.extend(marks_now());
            marks.contains(&mark)
        });
        // And nothing else afterwards.
        std::thread::sleep(Duration::from_millis(50));
        marks.extend(marks_now());
        // A frame without a tag is also seen leaving the other end.
        marks.dedup();
        assert_eq!(marks, [mark], "{filter}");
    }
}

/// The memory limit of a socket belongs to the network namespace in newer kernels; for a long time it was 20 KiB.
#[test]
fn a_long_filter_without_room_runs_here() {
    let Some(net) = Netns::new() else { return };
    let limit = "/proc/sys/net/core/optmem_max";
    if std::fs::write(limit, "20480").is_err() {
        eprintln!("not tested: this kernel has no limit of a namespace's own");
        return;
    }
    net.veth("left", "right");
    let hosts = (0..1500_u32).map(|n| Ipv4Addr::from(0x0a00_0000 + n * 2));
    let long = Filter::any_of(Dlt::EN10MB, hosts).unwrap();
    assert!(long.instructions().len() < 4096);
    let error = packet_socket().attach_filter(&long).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterTooLong, "{error}");

    let left = Capture::from_device("left").activate().unwrap();
    let mut right = Capture::from_device("right").activate().unwrap();
    right.set_filter(&long).unwrap();
    let send = |last| {
        let mut frame = vec![0xff; 64];
        frame[12..16].copy_from_slice(&[8, 0, 0x45, 0]);
        frame[26..30].copy_from_slice(&[10, 0, 0, last]);
        left.inject(&frame).unwrap();
    };
    send(1);
    send(2);
    assert_eq!(right.next_packet().unwrap().unwrap().data()[29], 2);
    // A deadline holds although packets arrive that the filter rejects.
    (0..100).for_each(|_| send(3));
    let wait = right.next_packet_timeout(Duration::from_millis(200));
    assert!(matches!(wait.unwrap(), pcap_core::Next::Timeout));
}

/// libpcap attaches another filter first, which uses part of the memory. If none is left, it prints a message and
/// filters in user space.
#[test]
fn a_filter_that_just_fits_is_ours() {
    if !files::is_by_itself(a_filter_that_just_fits_is_ours) {
        return;
    }
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    // The kernel translates a load to many instructions, and others to one.
    let filter = |loads: usize, others: usize| {
        let mut program = vec![Insn::new(0x20, 0, 0, 60); loads];
        program.extend(vec![Insn::new(0x00, 0, 0, 1); others]);
        program.push(Insn::new(0x06, 0, 0, 0));
        Filter::from_instructions(Dlt::EN10MB, &program).unwrap()
    };
    let fits = |filter: &Filter| packet_socket().attach_filter(filter).is_ok();
    let (mut most, mut too_many) = (1, 4000);
    if fits(&filter(too_many, 0)) {
        eprintln!("not tested: this kernel has room for the longest filters");
        return;
    }
    while too_many - most > 1 {
        let middle = (most + too_many) / 2;
        if fits(&filter(middle, 0)) {
            most = middle;
        } else {
            too_many = middle;
        }
    }
    let edge: Vec<Filter> = (0..40)
        .flat_map(|others| [filter(most - 1, others), filter(most, others)])
        .filter(fits)
        .collect();
    assert!(edge.len() > 8);

    let mut right = Capture::from_device("right").activate().unwrap();
    let text = printed(|| {
        edge.iter()
            .for_each(|filter| right.set_filter(filter).unwrap());
    });
    assert!(!text.contains("optmem_max"), "{text}");
}

/// Returns what this process writes to standard error meanwhile.
fn printed(f: impl FnOnce()) -> String {
    let mut file = tempfile::tempfile().unwrap();
    // SAFETY: takes numbers of open descriptors; so do the calls below.
    let stderr = unsafe { libc::dup(2) };
    // SAFETY: as above.
    unsafe { libc::dup2(file.as_raw_fd(), 2) };
    let done = catch_unwind(AssertUnwindSafe(f));
    // SAFETY: as above.
    unsafe { libc::dup2(stderr, 2) };
    // SAFETY: open, and not used afterwards.
    unsafe { libc::close(stderr) };
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    done.unwrap_or_else(|panic| {
        eprintln!("{text}");
        resume_unwind(panic)
    });
    text
}

#[test]
fn what_the_kernel_refuses_runs_here() {
    if !files::is_by_itself(what_the_kernel_refuses_runs_here) {
        return;
    }
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = Capture::from_device("left").activate().unwrap();
    let mut right = Capture::from_device("right").activate().unwrap();
    // An unreachable load of memory that was never stored to.
    let program = [
        Insn::new(0x30, 0, 0, 14), // ldb [14]
        Insn::new(0x15, 0, 2, 7),  // jeq #7, or skip two
        Insn::new(0x06, 0, 0, u32::MAX),
        Insn::new(0x60, 0, 0, 0), // ld M[0]
        Insn::new(0x06, 0, 0, 0),
    ];
    let unreached = Filter::from_instructions(Dlt::EN10MB, &program).unwrap();
    let options = CompileOptions::new();
    let loops = options.compile(Dlt::EN10MB, "ip6 protochain 6").unwrap();
    let mut frame = vec![2; 12];
    frame.extend([0x86, 0xdd, 7, 0, 0, 0, 0, 0, 6, 64]);
    frame.extend([0; 60]);
    for filter in [unreached, loops] {
        let text = printed(|| right.set_filter(&filter).unwrap());
        assert!(!text.contains("Kernel filter failed"), "{text}");
        left.inject(&[3; 60]).unwrap();
        left.inject(&frame).unwrap();
        assert_eq!(right.next_packet().unwrap().unwrap().data(), frame);
    }
}
