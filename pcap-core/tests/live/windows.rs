//! Live captures on Windows, on the device whose name or description is in `PCAP_TEST_WINDOWS_DEVICE`: a loopback
//! device without other traffic. Without the variable each test prints that it is skipped.
//!
//! `ci/windows` runs them under wine, on `lo` of a private network. Wine's own wpcap.dll only has the basic calls of a
//! live capture.

use std::net::UdpSocket;
use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};

use pcap_core::{Active, Capture, Device, End, ErrorKind, Next, Packet, SendQueue, Stop};

/// How long a packet may take; a test fails after this time.
const LONG: Duration = Duration::from_secs(10);

fn device() -> Option<String> {
    let Ok(wanted) = std::env::var("PCAP_TEST_WINDOWS_DEVICE") else {
        let thread = thread::current();
        let test = thread.name().unwrap_or("a test");
        eprintln!("{test}: skipped, PCAP_TEST_WINDOWS_DEVICE names no device");
        return None;
    };
    let devices = Device::list().unwrap();
    let is_it =
        |device: &&Device| device.name() == wanted || device.description() == Some(wanted.as_str());
    let device = devices.iter().find(is_it);
    let device = device.unwrap_or_else(|| panic!("{wanted} is not in {devices:?}"));
    Some(device.name().to_owned())
}

/// Binds a socket to a free port, and opens a capture of the packets to it.
fn capture() -> Option<(Capture<Active>, UdpSocket)> {
    let device = device()?;
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let capture = Capture::from_device(&device)
        .timeout(Duration::from_millis(50))
        .filter(format!("udp dst port {port}").as_str())
        .activate()
        .unwrap();
    Some((capture, socket))
}

/// Sends texts to a socket, from another one.
fn send<'a>(socket: &UdpSocket, texts: impl IntoIterator<Item = &'a str>) {
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for text in texts {
        sender
            .send_to(text.as_bytes(), socket.local_addr().unwrap())
            .unwrap();
    }
}

fn ends_with(packet: Packet<'_>, text: &str) -> bool {
    packet.data().ends_with(text.as_bytes())
}

/// Returns the packets' texts; the device may show each packet twice, as sent and as received.
fn texts(packets: &[Vec<u8>]) -> Vec<String> {
    let mut texts: Vec<String> = packets
        .iter()
        .map(|data| String::from_utf8_lossy(&data[data.len() - 4..]).into_owned())
        .collect();
    texts.dedup();
    texts
}

#[test]
fn the_list_has_a_loopback_device() {
    if device().is_none() {
        return;
    }
    let devices = Device::list().unwrap();
    assert!(!devices.is_empty());
    for device in &devices {
        assert!(!device.name().is_empty());
    }
}

// Shows: parity/windows-npcap-first-readable
#[test]
fn packets_come_one_by_one() {
    let Some((mut capture, socket)) = capture() else {
        return;
    };
    assert!(capture.warnings().is_empty(), "{:?}", capture.warnings());
    send(&socket, ["text"]);
    let before = Instant::now();
    let packet = capture.next_packet().unwrap().unwrap();
    assert!(ends_with(packet, "text"), "{packet:?}");
    assert_eq!(packet.wire_len() as usize, packet.data().len());
    // The time is current.
    let age = packet.into_owned().timestamp().secs() - now();
    assert!(age.abs() < 60, "{age} s");
    assert!(before.elapsed() < LONG);
    assert!(capture.ended().is_none());
}

fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap().as_secs() as i64
}

#[test]
fn closures_get_all_packets_in_order() {
    let Some((mut capture, socket)) = capture() else {
        return;
    };
    send(&socket, ["one ", "two ", "thre", "last"]);
    let mut packets = Vec::new();
    let start = Instant::now();
    while texts(&packets).len() < 4 {
        assert!(start.elapsed() < LONG, "{:?}", texts(&packets));
        let done = capture
            .dispatch(|packet| packets.push(packet.data().to_vec()))
            .unwrap();
        assert_eq!(done.stop(), Stop::Empty);
    }
    assert_eq!(texts(&packets), ["one ", "two ", "thre", "last"]);

    send(&socket, ["more"]);
    let found = capture.try_for_each(|packet| match ends_with(packet, "more") {
        true => ControlFlow::Break(packet.wire_len()),
        false => ControlFlow::Continue(()),
    });
    assert!(matches!(found.unwrap(), ControlFlow::Break(1..)));
}

#[test]
fn a_deadline_holds_where_nothing_comes() {
    let Some((mut capture, _socket)) = capture() else {
        return;
    };
    for millis in [0, 1, 300] {
        let time = Duration::from_millis(millis);
        let start = Instant::now();
        assert_eq!(capture.next_packet_timeout(time).unwrap(), Next::Timeout);
        let took = start.elapsed();
        assert!(
            took >= time && took < time + Duration::from_secs(1),
            "{took:?}"
        );
    }
    assert_eq!(capture.try_next_packet().unwrap(), Next::Timeout);
    let done = capture.dispatch_up_to(9, |_| {}).unwrap();
    assert_eq!((done.packets(), done.stop()), (0, Stop::Empty));
}

// Shows: parity/windows-npcap-first-readable
#[test]
fn a_break_ends_a_read_that_goes_on_later() {
    let Some((mut capture, socket)) = capture() else {
        return;
    };
    for _ in 0..3 {
        let handle = capture.break_handle();
        let thread = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            handle.breakloop();
            Instant::now()
        });
        assert!(capture.next_packet().unwrap().is_none());
        let late = thread.join().unwrap().elapsed();
        assert_eq!(capture.ended(), Some(End::Break));
        assert!(late < Duration::from_millis(500), "{late:?}");
    }
    // A break before the read remains for it.
    capture.break_handle().breakloop();
    assert_eq!(
        capture.for_each(|_| {}).unwrap().stop(),
        Stop::End(End::Break)
    );
    send(&socket, ["text"]);
    let packet = capture.next_packet().unwrap().unwrap();
    assert!(ends_with(packet, "text"));
    let handle = capture.break_handle();
    drop(capture);
    handle.breakloop();
}

#[test]
fn statistics_count_what_came() {
    let Some((mut capture, socket)) = capture() else {
        return;
    };
    let texts: Vec<String> = (0..20).map(|n| format!("{n:04}")).collect();
    send(&socket, texts.iter().map(String::as_str));
    let mut found = false;
    while !found {
        found = ends_with(capture.next_packet().unwrap().unwrap(), "0019");
    }
    let stats = capture.stats().unwrap();
    assert!(stats.received >= 20, "{stats:?}");
    assert_eq!(stats.dropped, 0, "{stats:?}");
    assert!(capture.close().unwrap().received >= stats.received);
}

/// Returns a frame with an experimental EtherType.
fn frame(number: u8) -> [u8; 60] {
    let mut frame = [number; 60];
    frame[..12].fill(0);
    frame[12..14].copy_from_slice(&[0x88, 0xb5]);
    frame
}

#[test]
fn what_is_injected_is_captured() {
    let Some(device) = device() else {
        return;
    };
    let open = || {
        let capture = Capture::from_device(&device).timeout(Duration::from_millis(50));
        capture.filter("ether proto 0x88b5").activate().unwrap()
    };
    let (sender, mut capture) = (open(), open());
    assert_eq!(sender.inject(&frame(1)).unwrap(), 60);
    let mut queue = SendQueue::new();
    queue.push_all((2..=5).map(frame)).unwrap();
    assert_eq!(sender.inject_queue(&queue).unwrap(), 240);
    let mut numbers = Vec::new();
    while numbers.last() != Some(&5) {
        let packet = capture.next_packet_timeout(LONG).unwrap().packet().unwrap();
        assert_eq!(packet.data()[..59], frame(packet.data()[14])[..59]);
        numbers.push(packet.data()[14]);
    }
    numbers.dedup();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);

    let error = sender.inject(&[]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn a_filter_can_be_changed() {
    let Some((mut capture, socket)) = capture() else {
        return;
    };
    let other = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    capture
        .set_filter(format!("udp dst port {port}").as_str())
        .unwrap();
    send(&socket, ["lost"]);
    send(&other, ["text"]);
    let packet = capture.next_packet().unwrap().unwrap();
    assert!(ends_with(packet, "text"), "{packet:?}");
    let error = capture.set_filter("no filter").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterSyntax);
}

#[test]
fn a_device_that_is_not_there_is_an_error() {
    if device().is_none() {
        return;
    }
    let error = Capture::from_device("no such device")
        .activate()
        .unwrap_err();
    assert_eq!(error.object(), Some("no such device"));
}

/// If `wpcap.dll` lacks an option, setting it is an error and does not end the program.
#[test]
fn immediate_mode_is_there_or_refused() {
    let Some(device) = device() else {
        return;
    };
    match Capture::from_device(&device)
        .immediate_mode(true)
        .activate()
    {
        Ok(capture) => drop(capture),
        Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidOption),
    }
}

#[cfg(feature = "async-io")]
#[test]
fn a_task_is_woken_by_packets_and_breaks() {
    use futures_lite::future::block_on;

    let Some((capture, socket)) = capture() else {
        return;
    };
    let mut capture = capture.into_async_io().unwrap();
    let thread = thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        send(&socket, ["text"]);
    });
    let packet = block_on(capture.next_packet())
        .unwrap()
        .unwrap()
        .into_owned();
    assert!(packet.data().ends_with(b"text"));
    thread.join().unwrap();
    let handle = capture.break_handle();
    let thread = thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        handle.breakloop();
    });
    while block_on(capture.next_packet()).unwrap().is_some() {}
    assert_eq!(capture.ended(), Some(End::Break));
    thread.join().unwrap();
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn a_task_of_tokio_is_woken_in_time() {
    let Some((capture, socket)) = capture() else {
        return;
    };
    let mut capture = capture.into_tokio().unwrap();
    let short = Duration::from_millis(100);
    let idle = tokio::time::timeout(short, capture.next_packet()).await;
    assert!(idle.is_err());
    send(&socket, ["text"]);
    let packet = tokio::time::timeout(LONG, capture.next_packet()).await;
    assert!(ends_with(packet.unwrap().unwrap().unwrap(), "text"));
}

#[test]
fn what_only_npcap_has_is_there_or_refused() {
    use pcap_core::os::windows::{CaptureExt, Mode};

    let Some((mut capture, _socket)) = capture() else {
        return;
    };
    let unsupported = ErrorKind::Unsupported;
    let answers = [
        capture.set_buffer_size(1 << 20),
        capture.set_min_to_copy(0),
        capture.set_mode(Mode::Capture),
        capture.stats_ex().map(|_| ()),
    ];
    for answer in answers {
        assert!(answer.is_ok() || capture.event().is_none());
    }
    if let Err(error) = capture.stats_ex() {
        assert_eq!(error.kind(), unsupported);
    }
    let error = capture.set_buffer_size(0).unwrap_err();
    assert!([unsupported, ErrorKind::InvalidArgument].contains(&error.kind()));
}
