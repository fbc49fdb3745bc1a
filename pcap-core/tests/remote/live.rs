//! Remote captures with a real daemon, which `PCAP_TEST_RPCAPD` names. Only for a libpcap with remote capture.

use crate::support::rpcapd;
use std::net::UdpSocket;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::Netns;
use crate::support::alone;
use crate::support::rpcapd::{Daemon, PORT};
use pcap_core::remote::{self, Auth, Options, Source};
use pcap_core::{
    AnyCapture, Capture, Dlt, End, ErrorKind, Filter, Insn, Next, Precision, Remote, Stop,
    Timestamp,
};

const UNSUPPORTED: ErrorKind = ErrorKind::Unsupported;

fn host() -> Source {
    Source::remote("127.0.0.1", PORT, "").unwrap()
}

fn on(device: &str) -> Options {
    Options::new(host().with_device(device).unwrap())
}

/// Returns a socket that sends over `lo` to a port without listener; the tests only look at UDP packets.
fn sender() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect("127.0.0.1:9").unwrap();
    socket
}

/// Sends a packet. The error of an earlier packet, that nobody listens, is no failure of this one.
fn send(socket: &UdpSocket, payload: &[u8]) {
    while socket.send(payload).is_err() {}
}

/// Starts the daemon's capture, and waits until packets arrive: packets sent earlier do not.
fn begin(capture: &mut Capture<Remote>, socket: &UdpSocket) {
    let began = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !began.load(Ordering::Relaxed) {
                send(socket, b"begin");
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let next = capture.next_packet_timeout(Duration::from_secs(10));
        began.store(true, Ordering::Relaxed);
        next.unwrap().packet().expect("the daemon does not capture");
    });
    // Discard the packets sent meanwhile.
    let quiet = Duration::from_millis(400);
    while capture
        .next_packet_timeout(quiet)
        .unwrap()
        .packet()
        .is_some()
    {}
}

fn nanos(time: Timestamp) -> i64 {
    time.secs() * 1_000_000_000 + i64::from(time.subsec_nanos())
}

/// Returns the payload of a UDP packet over Ethernet.
fn payload(data: &[u8]) -> &[u8] {
    &data[14 + 20 + 8..]
}

#[test]
fn the_daemons_devices_open_by_name() {
    let _alone = alone();
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let _daemon = Daemon::open_to_all();
    let devices = remote::devices(&host(), &Auth::Null).unwrap();
    let find = |name: &str| {
        let name = format!("rpcap://127.0.0.1:{PORT}/{name}");
        devices
            .iter()
            .find(|d| d.name() == name)
            .unwrap_or_else(|| panic!("{devices:?}"))
    };
    let lo = find("lo");
    assert!(lo.is_loopback() && lo.is_up());
    assert!(
        lo.addresses()
            .iter()
            .any(|a| a.address.ip() == Some([127, 0, 0, 1].into())),
        "{lo:?}"
    );
    for name in ["left", "lo"] {
        let source: Source = find(name).name().parse().unwrap();
        assert_eq!(source.device(), Some(name));
        let capture = Options::new(source).open().unwrap();
        assert_eq!(capture.datalink(), Dlt::EN10MB);
        assert_eq!(capture.name(), find(name).name());
        assert_eq!(
            (capture.snaplen(), capture.precision()),
            (262_144, Precision::Micro)
        );
    }
}

#[test]
fn packets_are_those_seen_beside_it() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    for udp in [false, true] {
        let mut there = on("lo")
            .filter("udp port 9")
            .snaplen(100)
            .udp(udp)
            .open()
            .unwrap();
        let mut here = Capture::from_device("lo")
            .filter("udp port 9")
            .snaplen(100)
            .activate()
            .unwrap();
        let socket = sender();
        begin(&mut there, &socket);
        while here
            .next_packet_timeout(Duration::from_millis(300))
            .unwrap()
            .packet()
            .is_some()
        {}
        for n in 0..100u8 {
            send(&socket, &vec![n; usize::from(n) * 3]);
        }
        for n in 0..100 {
            let there = there.next_packet().unwrap().unwrap();
            let here = here.next_packet().unwrap().unwrap();
            assert_eq!(
                (there.data(), there.wire_len()),
                (here.data(), here.wire_len()),
                "{n}"
            );
            let apart = nanos(there.timestamp()) - nanos(here.timestamp());
            assert!(apart.abs() < 50_000_000, "{apart} ns");
        }
        assert_eq!(there.try_next_packet().unwrap(), Next::Timeout);
        let stats = there.stats().unwrap();
        assert!(stats.received >= 100, "{stats:?}");
        assert_eq!(there.close().unwrap(), stats);
    }
}

#[test]
fn every_reading_call_reads_a_remote_capture() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let mut capture = on("lo").filter("udp port 9").open().unwrap();
    assert_eq!(capture.stats().unwrap(), pcap_core::Stats::default());
    let socket = sender();
    begin(&mut capture, &socket);
    let mut numbers = Vec::new();
    (0..50u8).for_each(|n| send(&socket, &[n]));
    let mut note = |data: &[u8]| numbers.push(payload(data)[0]);
    note(capture.next_packet().unwrap().unwrap().data());
    assert!(capture.advance().unwrap());
    note(capture.packet().unwrap().data());
    let done = capture.for_each_up_to(10, |p| note(p.data())).unwrap();
    assert_eq!((done.packets(), done.stop()), (10, Stop::Count));
    for packet in capture.packets().take(10) {
        note(packet.unwrap().data());
    }
    let flow = capture.try_for_each(|packet| {
        note(packet.data());
        match payload(packet.data())[0] {
            30 => ControlFlow::Break("thirty"),
            _ => ControlFlow::Continue(()),
        }
    });
    assert_eq!(flow.unwrap(), ControlFlow::Break("thirty"));
    let mut rest = 0;
    while rest < 19 {
        rest += capture.dispatch(|p| note(p.data())).unwrap().packets();
    }
    assert_eq!(numbers, (0..50).collect::<Vec<_>>());
    capture.set_nonblock(true);
    let start = Instant::now();
    let done = capture.dispatch(|_| {}).unwrap();
    assert_eq!((done.packets(), done.stop()), (0, Stop::Empty));
    assert!(start.elapsed() < Duration::from_millis(20));
}

// Shows: libpcap/remote-handles-refuse-non
#[test]
fn a_deadline_holds_and_a_try_is_prompt() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let mut capture = on("lo")
        .filter("udp port 9")
        .timeout(Duration::from_secs(20))
        .open()
        .unwrap();
    for millis in [0, 1, 50, 300] {
        let wait = Duration::from_millis(millis);
        // The first read starts the capture.
        capture.try_next_packet().unwrap();
        let start = Instant::now();
        assert_eq!(capture.next_packet_timeout(wait).unwrap(), Next::Timeout);
        let took = start.elapsed();
        assert!(
            took >= wait && took < wait + Duration::from_millis(100),
            "{millis}: {took:?}"
        );
    }
    let start = Instant::now();
    for _ in 0..100 {
        assert_eq!(capture.try_next_packet().unwrap(), Next::Timeout);
    }
    assert!(start.elapsed() < Duration::from_millis(100));
    assert!(capture.selectable_fd().is_some());
}

// Shows: libpcap/remote-handles-refuse-non
#[test]
fn a_break_ends_a_read_and_it_goes_on() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let mut capture = on("lo")
        .filter("udp port 9")
        .timeout(Duration::from_secs(20))
        .open()
        .unwrap();
    capture.try_next_packet().unwrap();
    for _ in 0..3 {
        let handle = capture.break_handle();
        let breaker = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            let now = Instant::now();
            handle.breakloop();
            now
        });
        assert!(capture.next_packet().unwrap().is_none());
        let late = breaker.join().unwrap().elapsed();
        assert_eq!(capture.ended(), Some(End::Break));
        assert!(late < Duration::from_millis(100), "{late:?}");
    }
    // A break before a read ends that read, and no other.
    capture.break_handle().breakloop();
    assert_eq!(capture.try_next_packet().unwrap(), Next::End(End::Break));
    assert_eq!(capture.try_next_packet().unwrap(), Next::Timeout);
    drop(capture);

    let mut capture = on("lo").filter("udp port 9").open().unwrap();
    capture.break_handle().breakloop();
    assert_eq!(capture.try_next_packet().unwrap(), Next::End(End::Break));
    let socket = sender();
    begin(&mut capture, &socket);
    send(&socket, b"on");
    assert_eq!(
        payload(capture.next_packet().unwrap().unwrap().data()),
        b"on"
    );
}

/// If several sockets are new, the library does not guess which one is libpcap's: reads then wait inside libpcap, up
/// to half the timeout.
// Shows: libpcap/remote-handles-refuse-non
#[test]
fn an_unknown_socket_loses_nothing() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let mut capture = on("lo").filter("udp port 9").open().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let others = std::thread::spawn({
        let stop = Arc::clone(&stop);
        move || {
            let mut sockets = Vec::new();
            while !stop.load(Ordering::Relaxed) && sockets.len() < 500 {
                sockets.push(UdpSocket::bind("127.0.0.1:0").unwrap());
                std::thread::sleep(Duration::from_micros(100));
            }
        }
    });
    std::thread::sleep(Duration::from_millis(5));
    capture.try_next_packet().unwrap();
    stop.store(true, Ordering::Relaxed);
    others.join().unwrap();
    assert!(
        capture.selectable_fd().is_none(),
        "there was no other socket"
    );

    let socket = sender();
    begin(&mut capture, &socket);
    (0..50u8).for_each(|n| send(&socket, &[n]));
    for n in 0..50 {
        assert_eq!(payload(capture.next_packet().unwrap().unwrap().data()), [n]);
    }
    let wait = Duration::from_millis(200);
    let start = Instant::now();
    assert_eq!(capture.next_packet_timeout(wait).unwrap(), Next::Timeout);
    let took = start.elapsed();
    assert!(
        took >= wait && took < wait + Duration::from_millis(150),
        "{took:?}"
    );
    let handle = capture.break_handle();
    let breaker = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(120));
        handle.breakloop();
        Instant::now()
    });
    assert!(capture.next_packet().unwrap().is_none());
    assert!(breaker.join().unwrap().elapsed() < Duration::from_millis(150));
}

// Shows: libpcap/remote-filter-changes-lets
#[test]
fn a_changed_filter_lets_nothing_else_in() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let mut capture = on("lo")
        .own_packets(true)
        .filter("udp port 9")
        .open()
        .unwrap();
    let socket = sender();
    begin(&mut capture, &socket);
    let odd = [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 20];
    for read_ahead in [true, false] {
        capture.set_filter("udp port 9").unwrap();
        (0..20u8).for_each(|n| send(&socket, &vec![n; 10 + usize::from(n % 2) * 100]));
        // The daemon has sent all of them before the first read: the others are read with it, or lie in the socket.
        std::thread::sleep(Duration::from_millis(400));
        if read_ahead {
            let first = capture.next_packet().unwrap().unwrap();
            assert_eq!(payload(first.data()), [0; 10]);
        } else {
            let done =
                capture.for_each_up_to(1, |first| assert_eq!(payload(first.data()), [0; 10]));
            assert_eq!(done.unwrap().packets(), 1);
        }
        capture.set_filter("udp port 9 and greater 120").unwrap();
        send(&socket, &[20; 110]);
        let mut seen = Vec::new();
        while seen.last() != Some(&20) {
            seen.push(payload(capture.next_packet().unwrap().unwrap().data())[0]);
        }
        assert_eq!(seen, odd, "{read_ahead}");
    }
    // A program that rejects all packets, and then one that accepts all.
    let none = Filter::from_instructions(Dlt::EN10MB, &[Insn::new(6, 0, 0, 0)]).unwrap();
    capture.set_filter(&none).unwrap();
    send(&socket, b"no");
    assert_eq!(
        capture
            .next_packet_timeout(Duration::from_millis(300))
            .unwrap(),
        Next::Timeout
    );
    let error = capture.set_filter("tcp prot 1").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterSyntax);
    let wrong = Filter::compile(Dlt::RAW, "tcp").unwrap();
    assert_eq!(
        capture.set_filter(&wrong).unwrap_err().kind(),
        ErrorKind::LinktypeMismatch
    );
}

/// The daemon's kernel removes the tag before its filter sees the packet; libpcap inserts it again.
#[test]
fn a_filter_takes_packets_of_vlans() {
    let _alone = alone();
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let _daemon = Daemon::open_to_all();
    let left = Capture::from_device("left").activate().unwrap();
    let send = |vlan: &[u8], last| {
        let mut frame = vec![2; 12];
        frame.extend(vlan);
        frame.extend([8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0]);
        frame.extend([192, 0, 2, last, 192, 0, 2, 9]);
        frame.extend([0; 8]);
        left.inject(&frame).unwrap();
        frame
    };
    let mut capture = on("right").filter("src host 192.0.2.1").open().unwrap();
    let end = Instant::now() + Duration::from_secs(10);
    let wait = Duration::from_millis(300);
    while capture.next_packet_timeout(wait).unwrap() == Next::Timeout {
        assert!(Instant::now() < end, "the daemon does not capture");
        send(&[], 1);
    }
    while capture.next_packet_timeout(wait).unwrap() != Next::Timeout {}
    for vlan in [&[][..], &[0x81, 0, 0, 5]] {
        send(vlan, 2);
        let wanted = send(vlan, 1);
        let next = capture.next_packet_timeout(Duration::from_secs(3)).unwrap();
        assert_eq!(next.packet().map(|p| p.data().to_vec()), Some(wanted));
    }
}

// Shows: libpcap/remote-capture-without-filter, libpcap/remote-filter-changes-lets
#[test]
fn a_capture_does_not_see_its_own_traffic() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    // A filter that was compiled and not set has no effect, although libpcap would use it.
    let mut capture = on("lo").open().unwrap();
    capture.compile("tcp port 1").unwrap();
    let socket = sender();
    let mut own = 0;
    let end = Instant::now() + Duration::from_millis(1500);
    let mut others = 0;
    while Instant::now() < end {
        send(&socket, b"x");
        if let Next::Packet(packet) = capture
            .next_packet_timeout(Duration::from_millis(20))
            .unwrap()
        {
            match packet.data()[23] {
                6 => own += 1,
                _ => others += 1,
            }
        }
    }
    assert!(own < 20 && others > 20, "{own} {others}");
    // Filters can be changed locally as long as the daemon has none.
    capture.set_filter("udp port 9").unwrap();
    capture.set_filter("udp port 10").unwrap();
    drop(capture);

    let mut capture = on("lo").filter("udp port 9").open().unwrap();
    capture.set_filter("udp port 9 or udp port 10").unwrap();
    begin(&mut capture, &socket);
    assert_eq!(capture.set_filter("udp").unwrap_err().kind(), UNSUPPORTED);
    send(&socket, b"still");
    assert_eq!(
        payload(capture.next_packet().unwrap().unwrap().data()),
        b"still"
    );
    drop(capture);

    let mut capture = on("lo").own_packets(true).filter("tcp").open().unwrap();
    let done = capture.for_each_up_to(100, |_| {}).unwrap();
    assert_eq!(done.stop(), Stop::Count);
}

#[test]
fn stop_delivers_the_rest_and_ends() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let mut capture = on("lo").filter("udp port 9").open().unwrap();
    let socket = sender();
    begin(&mut capture, &socket);
    (0..20u8).for_each(|n| send(&socket, &[n]));
    capture.stop().unwrap();
    let mut numbers = Vec::new();
    let done = capture.for_each(|packet| numbers.push(payload(packet.data())[0]));
    assert_eq!(done.unwrap().stop(), Stop::End(End::Eof));
    assert_eq!(numbers, (0..20).collect::<Vec<_>>());
    assert!(capture.stats().unwrap().received >= 20);
}

#[test]
fn any_capture_may_be_a_remote_one() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let mut any = AnyCapture::from(on("lo").filter("udp port 9").open().unwrap());
    assert!(any.as_active().is_none() && any.as_savefile().is_none());
    assert!(any.as_remote().unwrap().warnings().is_empty());
    let socket = sender();
    begin(any.as_remote_mut().unwrap(), &socket);
    send(&socket, b"one");
    assert_eq!(payload(any.next_packet().unwrap().unwrap().data()), b"one");
    assert!(any.stats().unwrap().unwrap().received >= 1);
    // Only libpcap can wait for its packets.
    let error = any.into_async_io().err().unwrap();
    assert_eq!(error.kind(), UNSUPPORTED);
    let mut any: AnyCapture = error.take().unwrap();
    send(&socket, b"two");
    assert_eq!(payload(any.next_packet().unwrap().unwrap().data()), b"two");
}

#[test]
fn a_pcap_t_opened_elsewhere_reads_on() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let source = std::ffi::CString::new(host().with_device("lo").unwrap().to_string()).unwrap();
    let mut errbuf = [0; 256];
    let no_auth = std::ptr::null_mut();
    // SAFETY: the source is a C string, and the buffer has the size that libpcap requires.
    let pcap = unsafe {
        pcap_sys::pcap_open(
            source.as_ptr(),
            65_535,
            0,
            100,
            no_auth,
            errbuf.as_mut_ptr(),
        )
    };
    let pcap = std::ptr::NonNull::new(pcap).unwrap();
    // SAFETY: just opened, and has no other owner.
    let mut capture = unsafe { Capture::<Remote>::from_raw(pcap) }.unwrap();
    capture.set_filter("udp port 9").unwrap();
    let socket = sender();
    begin(&mut capture, &socket);
    (0..20u8).for_each(|n| send(&socket, &[n]));
    for n in 0..20 {
        assert_eq!(payload(capture.next_packet().unwrap().unwrap().data()), [n]);
    }
    assert!(capture.selectable_fd().is_none());
    let wait = Duration::from_millis(300);
    assert_eq!(capture.next_packet_timeout(wait).unwrap(), Next::Timeout);
}

#[test]
fn errors_of_opening_a_remote_capture_are_typed() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let error = on("no-such-device").open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSuchDevice, "{error}");
    let nobody = Source::remote("127.0.0.1", PORT + 1, "lo").unwrap();
    let refused = ErrorKind::Io(std::io::ErrorKind::ConnectionRefused);
    assert_eq!(
        Options::new(nobody.clone()).open().unwrap_err().kind(),
        refused
    );
    assert_eq!(
        remote::devices(&nobody, &Auth::Null).unwrap_err().kind(),
        refused
    );
    let nowhere = Source::remote("no.such.host.invalid", None, "lo").unwrap();
    let error = Options::new(nowhere).open().unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Io(std::io::ErrorKind::NotFound),
        "{error}"
    );
}

#[test]
fn only_the_right_password_opens() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    // In a private view of the file system, root has a password chosen by the test.
    let password = "correct horse";
    let hash = openssl(["passwd", "-6", password]);
    let shadow = folder.path().join("shadow");
    std::fs::write(
        &shadow,
        format!("root:{}:19000:0:99999:7:::\n", hash.trim()),
    )
    .unwrap();
    let mut command = Command::new("unshare");
    command.args([
        "--mount",
        "sh",
        "-c",
        "mount --bind \"$1\" /etc/shadow && shift && exec \"$@\"",
        "sh",
    ]);
    command.arg(&shadow).arg(rpcapd::program());
    let _daemon = Daemon::run(command);

    for auth in [
        Auth::Null,
        Auth::password("root", "wrong"),
        Auth::password("no-such-user", "wrong"),
    ] {
        for error in [
            remote::devices(&host(), &auth).unwrap_err(),
            on("lo").auth(auth.clone()).open().unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::AuthenticationFailed, "{error}");
            assert!(!error.to_string().contains("setcap"), "{error}");
        }
    }
    let auth = Auth::password("root", password);
    assert!(!remote::devices(&host(), &auth).unwrap().is_empty());
    let mut capture = on("lo").auth(auth).filter("udp port 9").open().unwrap();
    begin(&mut capture, &sender());
}

fn openssl<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let mut command = Command::new("openssl");
    command.args(arguments);
    let output = command
        .output()
        .unwrap_or_else(|e| panic!("cannot run {command:?}: {e}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn tls_daemon(folder: &Path) -> Daemon {
    let [key, certificate] = ["key.pem", "cert.pem"].map(|n| folder.join(n).display().to_string());
    openssl([
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=test",
        "-keyout",
        &key,
        "-out",
        &certificate,
    ]);
    Daemon::with(["-n", "-S", "-K", &key, "-X", &certificate])
}

#[test]
fn through_tls_it_is_the_same() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut daemon = tls_daemon(folder.path());
    let host = host().tls(true);
    let devices = match remote::devices(&host, &Auth::Null) {
        Err(error) if error.kind() == UNSUPPORTED => {
            // The error must say so, and the daemon would not have started either.
            panic!("libpcap was built without TLS, and its rpcapd with: {error}");
        }
        devices => devices.unwrap(),
    };
    assert!(
        devices
            .iter()
            .any(|d| d.name() == format!("rpcaps://127.0.0.1:{PORT}/lo"))
    );
    let source = host.with_device("lo").unwrap();
    let mut capture = Options::new(source).filter("udp port 9").open().unwrap();
    let socket = sender();
    begin(&mut capture, &socket);
    for round in 0..5 {
        (0..100u8).for_each(|n| send(&socket, &[n; 200]));
        for n in 0..100 {
            let packet = capture.next_packet().unwrap().unwrap();
            assert_eq!(payload(packet.data()), [n; 200], "{round}");
        }
    }
    let wait = Duration::from_millis(200);
    let start = Instant::now();
    assert_eq!(capture.next_packet_timeout(wait).unwrap(), Next::Timeout);
    let took = start.elapsed();
    assert!(
        took >= wait && took < wait + Duration::from_millis(150),
        "{took:?}"
    );
    assert!(capture.stats().unwrap().received >= 500);
    daemon.kill();
    let error = capture.next_packet().unwrap_err();
    assert_eq!(
        capture.next_packet().unwrap_err().to_string(),
        error.to_string()
    );
}

#[test]
fn a_daemon_without_tls_is_an_error_for_rpcaps() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let source = host().tls(true).with_device("lo").unwrap();
    Options::new(source).open().unwrap_err();
    on("lo").open().unwrap();
}

#[test]
fn a_killed_daemons_packets_come_first() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    for _ in 0..3 {
        let mut daemon = Daemon::open_to_all();
        let mut capture = on("lo").filter("udp port 9").open().unwrap();
        let socket = sender();
        begin(&mut capture, &socket);
        (0..100u8).for_each(|n| send(&socket, &[n; 32]));
        // The first packet says that the daemon is sending; the others follow within its timeout.
        assert_eq!(
            payload(capture.next_packet().unwrap().unwrap().data()),
            [0; 32]
        );
        std::thread::sleep(Duration::from_millis(500));
        daemon.kill();
        let start = Instant::now();
        for n in 1..100 {
            let packet = capture.next_packet().unwrap().unwrap();
            assert_eq!(payload(packet.data()), [n; 32]);
        }
        let error = capture.next_packet().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Disappeared, "{error}");
        assert!(start.elapsed() < Duration::from_secs(1));
        for again in [
            capture.try_next_packet().unwrap_err(),
            capture.for_each(|_| {}).unwrap_err(),
            capture.stats().unwrap_err(),
            capture.set_filter("udp").unwrap_err(),
        ] {
            assert_eq!(again.to_string(), error.to_string());
        }
    }
}

// Shows: libpcap/start-remote-capture-fails
#[test]
fn a_daemon_killed_early_is_an_error() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let mut daemon = Daemon::open_to_all();
    let mut capture = on("lo").open().unwrap();
    daemon.kill();
    let error = capture.next_packet().unwrap_err();
    assert_eq!(error.operation(), Some("start"));
    assert!(matches!(error.kind(), ErrorKind::Io(_)), "{error:?}");
    // libpcap closed its socket; its number may belong to another file now, which must stay open.
    let sockets: Vec<_> = (0..20)
        .map(|_| UdpSocket::bind("127.0.0.1:0").unwrap())
        .collect();
    assert_eq!(
        capture.next_packet().unwrap_err().to_string(),
        error.to_string()
    );
    assert_eq!(capture.stats().unwrap_err().to_string(), error.to_string());
    drop(capture);
    for socket in &sockets {
        socket.local_addr().expect("the descriptor was closed");
    }
}

#[test]
fn a_stopped_daemon_holds_up_nothing() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let daemon = Daemon::open_to_all();
    let mut capture = on("lo").filter("udp port 9").open().unwrap();
    begin(&mut capture, &sender());
    daemon.pause(true);
    let start = Instant::now();
    let wait = Duration::from_millis(200);
    assert_eq!(capture.next_packet_timeout(wait).unwrap(), Next::Timeout);
    let handle = capture.break_handle();
    let breaker = std::thread::spawn(move || {
        std::thread::sleep(wait);
        handle.breakloop();
    });
    assert!(capture.next_packet().unwrap().is_none());
    breaker.join().unwrap();
    drop(capture);
    assert!(start.elapsed() < Duration::from_secs(1));
    daemon.pause(false);
}
