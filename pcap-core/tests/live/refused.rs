//! What captures return if the kernel refuses a system call, as an old kernel or a security module does.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::ptr::NonNull;

use libc::{EACCES, EAGAIN, EINVAL, EIO, EMFILE, ENOMEM, ENOSYS, EPERM};
use pcap_core::os::linux::{Fanout, FanoutMode, SenderExt, SocketFilterExt, User};
use pcap_core::{
    Active, AnyCapture, Capture, Device, Dlt, ErrorKind, Filter, Insn, PacketBatch, Precision,
};

use crate::support::refused::{OPEN, POLL, apart, interposed, refuse};
use crate::support::{Netns, wait_until};

/// The arguments of `setsockopt(2)` that attach a filter, and those of options for packet sockets.
const ATTACH: [(u32, u32); 2] = [
    (1, libc::SOL_SOCKET as u32),
    (2, libc::SO_ATTACH_FILTER as u32),
];
const FANOUT: [(u32, u32); 2] = [
    (1, libc::SOL_PACKET as u32),
    (2, libc::PACKET_FANOUT as u32),
];
const FANOUT_DATA: [(u32, u32); 2] = [(1, libc::SOL_PACKET as u32), (2, 22)];

const DENIED: ErrorKind = ErrorKind::Io(io::ErrorKind::PermissionDenied);
const MISSING: ErrorKind = ErrorKind::Io(io::ErrorKind::Unsupported);

fn wire() -> Option<Netns> {
    let net = Netns::new()?;
    net.veth("left", "right");
    Some(net)
}

/// Returns a handle that other code has opened and activated.
fn activated() -> NonNull<pcap_sys::pcap_t> {
    let mut errbuf = [0; pcap_sys::PCAP_ERRBUF_SIZE as usize];
    // SAFETY: a C string, and a buffer of the size that libpcap requires.
    let pcap = unsafe { pcap_sys::pcap_create(c"left".as_ptr(), errbuf.as_mut_ptr()) };
    let pcap = NonNull::new(pcap).unwrap();
    // SAFETY: a new handle.
    assert_eq!(unsafe { pcap_sys::pcap_activate(pcap.as_ptr()) }, 0);
    pcap
}

/// The handle is closed: its socket is gone, so that its number is free again.
#[test]
fn a_handle_that_cannot_be_taken_over_is_closed() {
    let Some(_net) = wire() else { return };
    for (call, error, kind) in [
        (libc::SYS_eventfd2, EMFILE, None),
        (libc::SYS_getsockname, EACCES, Some(DENIED)),
    ] {
        apart(|| {
            let pcap = activated();
            // SAFETY: the handle is open.
            let socket = unsafe { pcap_sys::pcap_fileno(pcap.as_ptr()) };
            let inode = || std::fs::read_link(format!("/proc/self/fd/{socket}")).ok();
            let before = inode();
            refuse(call, &[], error);
            // SAFETY: activated, and nothing else uses it.
            let error = unsafe { Capture::<Active>::from_raw(pcap) }.unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with("cannot take over `a pcap_t`: ")
            );
            assert!(kind.is_none_or(|kind| error.kind() == kind), "{error:?}");
            assert!(matches!(error.kind(), ErrorKind::Io(_)), "{error:?}");
            assert_ne!(inode(), before);
        });
    }
}

/// If not even a program that accepts everything can be attached, the call fails, and the previous filter stays.
#[test]
fn a_filter_that_the_kernel_refuses_is_an_error() {
    let Some(_net) = wire() else { return };
    for (error, kind, text) in [
        (EPERM, DENIED, "Operation not permitted"),
        (EINVAL, ErrorKind::FilterInvalid, "the kernel rejects it"),
        (
            ENOMEM,
            ErrorKind::Other,
            "it exceeds the kernel's memory limit",
        ),
    ] {
        apart(|| {
            let mut capture = Capture::from_device("right")
                .filter("udp")
                .activate()
                .unwrap();
            refuse(libc::SYS_setsockopt, &ATTACH, error);
            for expression in ["tcp", ""] {
                let error = capture.set_filter(expression).unwrap_err();
                assert_eq!(error.kind(), kind, "{expression}: {error}");
                assert!(error.to_string().contains(text), "{error}");
            }
        });
    }
}

#[test]
fn a_device_whose_filter_is_refused_is_not_activated() {
    let Some(_net) = wire() else { return };
    let error = apart(|| {
        refuse(libc::SYS_setsockopt, &ATTACH, EPERM);
        let options = Capture::from_device("right");
        options.activate().map(drop).unwrap_err()
    });
    assert_eq!(error.kind(), DENIED, "{error}");
    let start = "cannot set a filter on `right`: ";
    assert!(error.to_string().starts_with(start), "{error}");
}

/// Some calls of libpcap have a thread of their own, and a socket says whether a device is like Ethernet. They are not
/// essential.
#[test]
fn a_device_is_activated_without_threads_and_other_sockets() {
    let Some(_net) = wire() else { return };
    let left = Capture::from_device("left").activate().unwrap();
    let mut right = apart(|| {
        refuse(libc::SYS_clone3, &[], EAGAIN);
        refuse(libc::SYS_clone, &[], EAGAIN);
        refuse(libc::SYS_socket, &[(0, libc::AF_INET as u32)], EACCES);
        let options = Capture::from_device("right").immediate_mode(true);
        options.snaplen(20).activate().unwrap()
    });
    left.inject(&[0xff; 60]).unwrap();
    let packet = right.next_packet().unwrap().unwrap();
    assert_eq!((packet.data(), packet.wire_len()), (&[0xff; 20][..], 60));
}

/// A device that may not be like Ethernet is opened twice: first without promiscuous mode, to try the filter.
#[test]
fn a_device_whose_type_is_unknown_gets_its_filter() {
    let Some(_net) = wire() else { return };
    let left = Capture::from_device("left").activate().unwrap();
    let mut right = apart(|| {
        refuse(libc::SYS_socket, &[(0, libc::AF_INET as u32)], EACCES);
        let options = Capture::from_device("right").promisc(true);
        options.filter("greater 61").activate().unwrap()
    });
    left.inject(&[0xff; 60]).unwrap();
    left.inject(&[0xff; 61]).unwrap();
    let packet = right.next_packet().unwrap().unwrap();
    assert_eq!(packet.data(), [0xff; 61]);
}

#[test]
fn a_socket_whose_filter_is_refused_says_why() {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let program = [Insn::new(0x06, 0, 0, u32::MAX)];
    let filter = Filter::from_instructions(Dlt::USER0, &program).unwrap();
    for (error, kind, text) in [
        (
            EINVAL,
            ErrorKind::FilterInvalid,
            "the kernel rejects the program",
        ),
        (EACCES, DENIED, "Permission denied"),
    ] {
        let error = apart(|| {
            refuse(libc::SYS_setsockopt, &ATTACH, error);
            socket.attach_filter(&filter).unwrap_err()
        });
        assert_eq!(error.kind(), kind);
        let start = format!(
            "cannot attach a filter to `descriptor {}`: ",
            socket.as_raw_fd()
        );
        assert!(error.to_string().starts_with(&start), "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[test]
fn a_fanout_group_that_is_refused_is_an_error() {
    let Some(_net) = wire() else { return };
    let options = Capture::from_device("right");
    let by_mode = Fanout::new(FanoutMode::Hash);
    let program = [Insn::new(0x06, 0, 0, 0)];
    let filter = Filter::from_instructions(Dlt::RAW, &program).unwrap();
    let by_filter = Fanout::by_filter(&filter).unwrap();
    for (fanout, call, arguments, operation) in [
        (
            &by_mode,
            libc::SYS_setsockopt,
            FANOUT,
            "create a fanout group on",
        ),
        (
            &by_mode,
            libc::SYS_getsockopt,
            FANOUT,
            "create a fanout group on",
        ),
        (
            &by_filter,
            libc::SYS_setsockopt,
            FANOUT_DATA,
            "set the fanout program of",
        ),
    ] {
        for (error, kind, text) in [
            (EPERM, DENIED, "Operation not permitted"),
            // Not the error of a kernel that is too old, which accepts the call.
            (ENOSYS, MISSING, "Function not implemented"),
        ] {
            let error = apart(|| {
                refuse(call, &arguments, error);
                fanout.activate(&options, 2).map(drop).unwrap_err()
            });
            assert_eq!(error.kind(), kind, "{error}");
            let start = format!("cannot {operation} `right`: {text}");
            assert!(error.to_string().starts_with(&start), "{error}");
        }
    }
}

/// The members that have no thread are closed, and the error is part of the outcome.
#[test]
fn a_member_without_a_thread_is_an_error() {
    let Some(_net) = wire() else { return };
    let group = Fanout::new(FanoutMode::Hash)
        .activate(&Capture::from_device("right"), 2)
        .unwrap();
    let outcome = apart(|| {
        refuse(libc::SYS_clone3, &[], EAGAIN);
        refuse(libc::SYS_clone, &[], EAGAIN);
        group.run(|_, _| Ok::<_, pcap_core::Error>(()))
    });
    let error = outcome.error().unwrap();
    assert!(error.to_string().starts_with("cannot start a thread: "));
    assert_eq!(error.kind(), ErrorKind::Io(io::ErrorKind::WouldBlock));
    let text = format!("{outcome:?}");
    assert!(text.starts_with("FanoutOutcome { stats: Stats {"), "{text}");
    assert!(text.contains("error: Some("), "{text}");
}

#[test]
fn a_filter_that_gets_no_thread_is_an_error() {
    // The names of services are read first.
    Filter::compile(Dlt::EN10MB, "udp").unwrap();
    let error = apart(|| {
        refuse(libc::SYS_clone3, &[], EAGAIN);
        refuse(libc::SYS_clone, &[], EAGAIN);
        Filter::compile(Dlt::EN10MB, "tcp port 80").unwrap_err()
    });
    assert_eq!(error.kind(), ErrorKind::Io(io::ErrorKind::WouldBlock));
    assert_eq!(error.object(), Some("tcp port 80"));
}

#[test]
fn devices_that_cannot_be_listed_are_an_error() {
    let error = apart(|| {
        refuse(libc::SYS_socket, &[], EPERM);
        Device::list().unwrap_err()
    });
    assert!(
        error.to_string().starts_with("cannot list the devices: "),
        "{error}"
    );
}

/// Whether there is such a device is unknown then.
#[test]
fn a_device_of_an_index_that_cannot_be_looked_up_is_an_error() {
    const SIOCGIFNAME: u32 = 0x8910;
    for (error, kind) in [(EPERM, DENIED), (ENOSYS, ErrorKind::Unsupported)] {
        let error = apart(|| {
            refuse(libc::SYS_ioctl, &[(1, SIOCGIFNAME)], error);
            Device::from_index(1).map(drop).unwrap_err()
        });
        assert_eq!(error.kind(), kind, "{error}");
        let start = "cannot find the device with the index `1`: ";
        assert!(error.to_string().starts_with(start), "{error}");
    }
}

#[test]
fn the_current_user_needs_its_groups() {
    let error = apart(|| {
        refuse(libc::SYS_getgroups, &[], EPERM);
        User::current().unwrap_err()
    });
    assert_eq!(error.kind(), DENIED);
    let start = "cannot look up the current user: ";
    assert!(error.to_string().starts_with(start), "{error}");
}

#[test]
fn a_database_of_users_that_cannot_be_read_is_an_error() {
    let error = apart(|| {
        refuse(OPEN, &[], EMFILE);
        User::from_name("no-such-user").unwrap_err()
    });
    let start = "cannot look up the user `no-such-user`: ";
    assert!(error.to_string().starts_with(start), "{error}");
}

#[test]
fn senders_and_devices_show_their_names() {
    let Some(_net) = wire() else { return };
    let capture = Capture::from_device("left").activate().unwrap();
    let sender = capture.sender().unwrap();
    assert_eq!(format!("{sender:?}"), "Sender { device: \"left\", .. }");
    let device = Device::list()
        .unwrap()
        .into_iter()
        .find(|device| device.name() == "left");
    let text = format!("{:?}", device.unwrap());
    assert!(text.starts_with("Device { name: \"left\""), "{text}");
    assert!(text.contains("flags: 0x"), "{text}");
}

/// A file that cannot be duplicated comes back.
#[test]
fn a_file_without_a_descriptor_for_libpcap_comes_back() {
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, &crate::support::files::pings(1)).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let number = file.as_raw_fd();
    let error = apart(|| {
        let duplicate = [(1, libc::F_DUPFD_CLOEXEC as u32)];
        refuse(libc::SYS_fcntl, &duplicate, EMFILE);
        Capture::from_open_file_named(file, "a file")
            .map(drop)
            .unwrap_err()
    });
    assert!(
        error.to_string().starts_with("cannot open `a file`: "),
        "{error}"
    );
    assert_eq!(error.take::<std::fs::File>().unwrap().as_raw_fd(), number);
}

/// What may have to be waited for needs a descriptor to be woken by.
#[test]
fn a_pipe_without_a_descriptor_for_breaks_is_an_error() {
    let (reader, mut writer) = UnixStream::pair().unwrap();
    io::Write::write_all(&mut writer, &crate::support::files::pings(1)).unwrap();
    let error = apart(|| {
        refuse(libc::SYS_eventfd2, &[], EMFILE);
        let file = std::fs::File::from(std::os::fd::OwnedFd::from(reader));
        Capture::from_open_file_named(file, "a pipe")
            .map(drop)
            .unwrap_err()
    });
    assert!(
        error.to_string().starts_with("cannot read `a pipe`: "),
        "{error}"
    );
    assert!(matches!(error.kind(), ErrorKind::Io(_)), "{error:?}");
}

/// stdio asks for the mode of the descriptor.
#[test]
#[cfg_attr(target_env = "musl", ignore = "musl's stdio does not ask")]
fn a_savefile_that_stdio_does_not_take_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    // libpcap reads what this crate's reader does not: an old version.
    let bytes = crate::support::files::Pcap::native().version(2, 3).bytes();
    let path = crate::support::files::file(folder.path(), "a.pcap", &bytes);
    Capture::from_file(&path).unwrap();
    let error = apart(|| {
        refuse(libc::SYS_fcntl, &[(1, libc::F_GETFL as u32)], EACCES);
        Capture::from_file(&path).map(drop).unwrap_err()
    });
    assert_eq!(error.kind(), DENIED, "{error}");
}

#[test]
fn any_live_capture_is_like_the_capture() {
    let Some(_net) = wire() else { return };
    let left = Capture::from_device("left").activate().unwrap();
    let right = Capture::from_device("right").immediate_mode(true);
    let right = right.precision(Precision::Nano).activate().unwrap();
    let filter = right.compile("udp").unwrap();
    let mut any = AnyCapture::from(right);
    assert_eq!(
        any.compile("udp").unwrap().instructions(),
        filter.instructions()
    );
    assert_eq!(any.precision(), Precision::Nano);
    left.inject(&[0xff; 60]).unwrap();
    let mut batch = PacketBatch::new();
    assert!(any.read_batch(&mut batch).unwrap());
    assert_eq!(batch.len(), 1);
    assert_eq!(batch.get(0).unwrap().data(), [0xff; 60]);
    left.inject(&[0xfd; 60]).unwrap();
    left.inject(&[0xfc; 60]).unwrap();
    let mut data = Vec::new();
    while data.len() < 120 {
        any.dispatch(|packet| data.extend_from_slice(packet.data()))
            .unwrap();
    }
    assert_eq!(data, [[0xfd; 60], [0xfc; 60]].concat());
    #[cfg(feature = "async-io")]
    {
        let mut waits = any.into_async_io().unwrap();
        let next = futures_lite::future::block_on(async {
            let arrives = async {
                left.inject(&[0xfe; 60]).unwrap();
                waits
                    .next_packet()
                    .await
                    .map(|packet| packet.unwrap().into_owned())
            };
            arrives.await
        });
        assert_eq!(next.unwrap().data(), [0xfe; 60]);
    }
}

/// libpcap binds the socket, and afterwards this crate binds it to the protocol to capture.
#[test]
fn a_device_that_changes_during_activation_is_an_error() {
    let Some(net) = wire() else { return };
    type Change<'a> = &'a dyn Fn() -> Option<i32>;
    let down: Change = &|| {
        net.ip(["link", "set", "right", "down"]);
        None
    };
    let refused: Change = &|| Some(EACCES);
    let gone: Change = &|| {
        net.ip(["link", "delete", "right"]);
        None
    };
    let activate = || Capture::from_device("right").activate().map(drop);
    let mut last = 0;
    let counts = |count: usize| {
        last = count;
        None
    };
    interposed(libc::SYS_bind, &[], counts, activate).unwrap();
    for (change, kind) in [
        (refused, DENIED),
        (down, ErrorKind::InterfaceNotUp),
        (gone, ErrorKind::NoSuchDevice),
    ] {
        net.ip(["link", "set", "right", "up"]);
        let changes = |count: usize| if count == last { change() } else { None };
        let error = interposed(libc::SYS_bind, &[], changes, activate).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        let start = "cannot activate `right`: ";
        assert!(error.to_string().starts_with(start), "{error}");
    }
}

/// The first read of libpcap takes as many packets as it may, and the second one waits for more.
#[test]
fn an_error_behind_the_packets_of_a_batch_is_that_of_the_next_read() {
    const COUNT: usize = 1024;
    let Some(_net) = wire() else { return };
    let left = Capture::from_device("left").activate().unwrap();
    let right = Capture::from_device("right").immediate_mode(true);
    let mut right = right.snaplen(64).activate().unwrap();
    for _ in 0..COUNT {
        left.inject(&[0xff; 60]).unwrap();
    }
    wait_until("all packets have arrived", || {
        right.stats().unwrap().received as usize == COUNT
    });
    let once = |count: usize| (count == 0).then_some(EIO);
    let read = || {
        let mut batch = PacketBatch::new();
        [0; 3].map(|_| right.try_read_batch(&mut batch).map(|_| batch.len()))
    };
    let [packets, error, nothing] = interposed(POLL, &[], once, read);
    assert_eq!(packets.unwrap(), COUNT);
    let error = error.unwrap_err();
    assert_eq!(error.operation(), Some("read from"), "{error}");
    // The kernel has reported it once.
    assert_eq!(nothing.unwrap(), 0);
}
