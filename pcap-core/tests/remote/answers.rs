//! Remote captures of daemons that keep to the protocol, in ways that rpcapd does only on some systems.

use std::io::Write;
use std::time::Duration;

use pcap_core::remote::Options;
use pcap_core::{AnyCapture, Capture, Dlt, Done, End, ErrorKind, Filter, Linktype, PacketBatch};

use crate::protocol::{
    AUTH, ERROR, accept, capture, daemon, message, packet, request, sending, start, wait_for_close,
};

/// libpcap cannot compile a filter that excludes its own packets for such a device.
#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn a_link_type_without_addresses_has_no_own_packets() {
    let (source, daemon) = daemon(|listener| {
        // The first connection reveals the link type.
        let mut first = accept(&listener, Linktype::USB_LINUX);
        let mut control = accept(&listener, Linktype::USB_LINUX);
        wait_for_close(&mut first);
        let mut data = start(&mut control);
        data.write_all(&packet(48, &[1; 48])).unwrap();
        wait_for_close(&mut control);
    });
    let source = source.with_device("usbmon1").unwrap();
    let mut capture = Options::new(source).open().unwrap();
    assert_eq!(capture.linktype(), Linktype::USB_LINUX);
    assert_eq!(capture.next_packet().unwrap().unwrap().data(), [1; 48]);
    drop(capture);
    daemon.join().unwrap();
}

#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn an_error_without_a_text_has_one() {
    let (source, daemon) = daemon(|listener| {
        let (mut control, _) = listener.accept().unwrap();
        request(&mut control, AUTH);
        control.write_all(&message(ERROR, b"")).unwrap();
        wait_for_close(&mut control);
    });
    let error = Options::new(source).open().unwrap_err();
    assert_eq!(error.text(), "libpcap gave no reason");
    daemon.join().unwrap();
}

/// An error that follows packets is returned after them.
#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn a_batch_before_an_error_is_complete() {
    let good = packet(3, b"abc");
    let sent = [&good[..], &good, &packet(64, b"short")].concat();
    let (mut capture, daemon) = capture(sent);
    let (mut batch, mut packets) = (PacketBatch::new(), 0);
    let error = loop {
        match capture.read_batch(&mut batch) {
            Ok(true) => packets += batch.len(),
            Ok(false) => panic!("{:?}", capture.ended()),
            Err(error) => break error,
        }
    };
    assert_eq!(packets, 2);
    assert_eq!(error.operation(), Some("read from"), "{error}");
    let again = capture.read_batch(&mut batch).unwrap_err();
    assert_eq!(again.to_string(), error.to_string());
    drop(capture);
    daemon.join().unwrap();
}

#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn a_stopped_capture_ends_and_stays_at_its_end() {
    let (mut capture, daemon) = capture(packet(3, b"abc"));
    assert_eq!(capture.next_packet().unwrap().unwrap().data(), b"abc");
    capture.stop().unwrap();
    std::thread::sleep(capture.timeout().unwrap() * 3 + Duration::from_millis(100));
    for _ in 0..2 {
        assert!(capture.next_packet().unwrap().is_none());
        assert_eq!(capture.ended(), Some(End::Eof));
        let read = capture.dispatch(|_| panic!("a packet")).unwrap();
        assert_eq!(read, Done::new(0, End::Eof));
    }
    drop(capture);
    daemon.join().unwrap();
}

/// It is unknown which socket the packets of a `pcap_t` come from.
#[cfg(have_pcap_remoteact_list)]
#[test]
fn a_capture_of_other_code_only_blocks() {
    let (source, daemon) = sending(packet(3, b"abc"));
    let source = std::ffi::CString::new(source.to_string()).unwrap();
    let mut errbuf = [0; pcap_sys::PCAP_ERRBUF_SIZE as usize];
    // SAFETY: the source is a C string, no credentials are passed, and the buffer has the size that libpcap requires.
    let pcap = unsafe {
        let (auth, errbuf) = (std::ptr::null_mut(), errbuf.as_mut_ptr());
        pcap_sys::pcap_open(source.as_ptr(), 64, 0, 100, auth, errbuf)
    };
    let pcap = std::ptr::NonNull::new(pcap).unwrap();
    // SAFETY: just opened for a remote source, and nothing else uses it.
    let mut capture = unsafe { Capture::<pcap_core::Remote>::from_raw(pcap) }.unwrap();
    capture.set_nonblock(true);
    assert!(capture.is_nonblock());
    assert_eq!(capture.next_packet().unwrap().unwrap().data(), b"abc");
    assert!(!capture.is_nonblock());
    drop(capture);
    daemon.join().unwrap();
}

#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn only_a_remote_capture_is_one() {
    let (capture, daemon) = capture(packet(3, b"abc"));
    let mut any = AnyCapture::from(capture);
    assert!(any.as_remote().is_some() && any.as_remote_mut().is_some());
    assert!(any.as_active().is_none() && any.as_savefile_mut().is_none());
    assert_eq!(any.next_packet().unwrap().unwrap().data(), b"abc");
    drop(any);
    daemon.join().unwrap();
    let bytes = crate::support::files::pings(1);
    let savefile = Capture::from_reader(std::io::Cursor::new(bytes)).unwrap();
    let mut any = AnyCapture::from(savefile);
    assert!(any.as_remote().is_none() && any.as_remote_mut().is_none());
    assert!(any.as_savefile().is_some());
}

/// libpcap would extend the filter by one that excludes its own packets, and the daemon run both on bytes.
#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn a_filter_on_data_of_the_kernel_is_refused() {
    let (source, daemon) = sending(packet(3, b"abc"));
    let mut capture = Options::new(source).open().unwrap();
    let filter = Filter::compile(Dlt::EN10MB, "inbound").unwrap();
    assert!(!filter.runs_on_bytes());
    let error = capture.set_filter(&filter).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert!(error.text().contains("not in the packet"), "{error}");
    drop(capture);
    daemon.join().unwrap_err();
}
