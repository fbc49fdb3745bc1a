//! Remote captures and file descriptors. In its own process: it opens more files than libpcap can wait for.

use std::fs::{self, File};
use std::net::UdpSocket;
use std::time::Duration;

use crate::support::Netns;
use crate::support::rpcapd::{Daemon, PORT};
use crate::support::{alone, descriptors};
use pcap_core::remote::{self, Auth, Options, Source};
use pcap_core::{ErrorKind, Next};

fn source() -> Source {
    Source::remote("127.0.0.1", PORT, "lo").unwrap()
}

/// Returns whether a child program inherits a descriptor.
fn stays(entry: &fs::DirEntry) -> bool {
    let info = entry.file_name().into_string().unwrap();
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{info}")).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = i32::from_str_radix(flags.map_or("", str::trim), 8);
    flags.is_ok_and(|flags| flags & libc::O_CLOEXEC == 0)
}

fn stay() -> usize {
    let entries = fs::read_dir("/proc/self/fd").unwrap();
    entries
        .filter(|entry| stays(entry.as_ref().unwrap()))
        .count()
}

/// Raises this process's limit of open files to the maximum.
fn raise_limit() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the structure is a local variable for the result.
    let status = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
    assert_eq!(status, 0);
    limit.rlim_cur = limit.rlim_max;
    // SAFETY: the kernel only reads the structure.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
    assert!(limit.rlim_cur > 2048, "{}", limit.rlim_cur);
}

// Shows: libpcap/libpcap-waits-select-writes
#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn high_descriptors_never_reach_libpcap() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    raise_limit();
    // Opened while low numbers were free, started when none is.
    let mut late = Options::new(source()).open().unwrap();
    let mut many: Vec<File> = (0..1100)
        .map(|_| File::open("/dev/null").unwrap())
        .collect();
    let mut early = Options::new(source()).open().unwrap();
    for capture in [&mut late, &mut early] {
        let error = capture.next_packet().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert!(error.text().contains("1024"), "{error}");
        assert_eq!(
            capture.try_next_packet().unwrap_err().to_string(),
            error.to_string()
        );
        assert_eq!(capture.stats().unwrap_err().to_string(), error.to_string());
    }
    drop((late, early));
    // Many open files do no harm if a low number is free.
    many.drain(..100);
    let mut capture = Options::new(source()).filter("udp port 9").open().unwrap();
    assert_eq!(capture.try_next_packet().unwrap(), Next::Timeout);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(b"one", "127.0.0.1:9").unwrap();
    assert!(
        capture
            .next_packet_timeout(Duration::from_secs(5))
            .unwrap()
            .packet()
            .is_some()
    );
}

// Shows: libpcap/start-remote-capture-fails
#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn nothing_stays_open_after_any_end() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let before = descriptors();
    for _ in 0..5 {
        let mut daemon = Daemon::open_to_all();
        remote::devices(&source(), &Auth::Null).unwrap();
        let missing = source().with_device("missing").unwrap();
        Options::new(missing).open().unwrap_err();
        Options::new(source())
            .filter("tcp prot")
            .open()
            .unwrap_err();
        drop(Options::new(source()).open().unwrap());
        let mut read = Options::new(source()).open().unwrap();
        read.try_next_packet().unwrap();
        let mut fails = Options::new(source()).open().unwrap();
        daemon.kill();
        fails.next_packet().unwrap_err();
        Options::new(source()).open().unwrap_err();
    }
    assert_eq!(descriptors(), before);
}

#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn programs_inherit_no_descriptor() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let before = stay();
    let mut capture = Options::new(source()).open().unwrap();
    capture.try_next_packet().unwrap();
    assert_eq!(stay(), before);
}
