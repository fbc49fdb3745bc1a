//! Failures, and what they leave.

use std::time::Duration;

use pcap_core::{Capture, Dlt, ErrorKind, Filter, TstampType, WarningKind};

use super::{ethernet, net};
use crate::support;

/// libpcap 1.10.3 crashes on a second attempt with the same handle.
// Shows: libpcap/1-10-3-crashes
#[test]
fn a_failed_activation_can_be_tried_again() {
    let Some(net) = net() else { return };
    let capture = Capture::from_device("later").snaplen(100);
    let failed = capture.activate().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::NoSuchDevice);
    assert!(
        failed.to_string().starts_with("cannot activate `later`: "),
        "{failed}"
    );
    assert!(capture.activate().is_err());
    net.ip("link add later type veth peer name other".split(' '));
    let failed = capture.activate().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::InterfaceNotUp, "{failed}");
    assert!(failed.to_string().contains("not up"), "{failed}");
    net.ip("link set later up".split(' '));
    let capture = capture.activate().unwrap();
    assert_eq!(capture.snaplen(), 100);
}

/// Ignoring the result of an option's setter would accept bad values silently.
// Shows: libpcap/bad-options-ignored-corrected, parity/inactive-handle-snaplen
// Shows: parity/answers-options-thrown-away
#[test]
fn a_bad_option_is_an_error_that_names_it() {
    let Some(_net) = net() else { return };
    let device = || Capture::from_device("right");
    let failures = [
        (device().snaplen(262_145), "snaplen 262145"),
        (device().buffer_size(0), "buffer_size 0"),
        (device().buffer_size(3 << 30), "buffer_size 3221225472"),
        (device().timeout(Duration::from_secs(1 << 40)), "timeout"),
        (
            device().tstamp_type(TstampType::ADAPTER),
            "tstamp_type adapter",
        ),
        (device().tstamp_type(TstampType::new(77)), "tstamp_type 77"),
    ];
    for (capture, words) in failures {
        let failed = capture.activate().unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::InvalidOption, "{failed}");
        assert!(failed.to_string().contains(words), "{failed}");
        assert!(failed.to_string().contains("`right`"), "{failed}");
    }
    let failed = device().rfmon(true).activate().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::RfmonNotSupported, "{failed}");
    let failed = device().filter("tcp prot 80").activate().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::FilterSyntax, "{failed}");
    let raw = Filter::compile(Dlt::RAW, "tcp").unwrap();
    let failed = device().filter(&raw).activate().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::LinktypeMismatch, "{failed}");
    let failed = Capture::from_device("ri\0ght").activate().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::InvalidArgument, "{failed}");
}

/// libpcap gives the reason in a second text beside the code; the error contains both.
// Shows: libpcap/codes-text-static-buffer
#[test]
fn no_rights_is_an_error_with_the_remedy() {
    let Some(_net) = net() else { return };
    // Capabilities belong to a thread.
    let failed = std::thread::spawn(|| {
        support::drop_rights();
        Capture::from_device("right").activate().unwrap_err()
    });
    let failed = failed.join().unwrap();
    assert_eq!(failed.kind(), ErrorKind::PermissionDenied);
    let libpcap = pcap_core::version();
    let reason = if (libpcap.major(), libpcap.minor()) < (1, 11) {
        "Operation not permitted"
    } else {
        "CAP_NET_RAW may be required"
    };
    assert!(failed.to_string().contains(reason), "{failed}");
    assert!(
        failed.to_string().contains("setcap cap_net_raw"),
        "{failed}"
    );
}

/// Promiscuous mode on `any` causes a warning in newer versions of libpcap, which is not a failure.
// Shows: libpcap/texts-cut-255-bytes, libpcap/positive-answer-success-warning
// Shows: parity/tell-warnings-activation-errors, parity/warnings-activation-taken-failures
#[test]
fn a_warning_is_no_failure() {
    let Some(_net) = net() else { return };
    let any = Capture::from_device("any")
        .promisc(true)
        .activate()
        .unwrap();
    let warning = &any.warnings()[0];
    assert_eq!(warning.kind(), WarningKind::PromiscNotSupported);
    assert!(warning.text().contains("romiscuous"), "{warning:?}");
    // libpcap loses its text if non-blocking mode is set before the activation.
    let any = Capture::from_device("any").promisc(true).nonblock(true);
    let any = any.activate().unwrap();
    assert_eq!(any.warnings().len(), 1);
    assert!(any.is_nonblock());
    // Without a warning, libpcap leaves its text buffer unchanged.
    let left = Capture::from_device("left")
        .promisc(true)
        .activate()
        .unwrap();
    assert!(left.warnings().is_empty());
}

/// A device name may contain any bytes; an error about it is still valid text.
// Shows: libpcap/texts-cut-255-bytes
#[test]
fn an_error_about_odd_names_is_a_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let Some(_net) = net() else { return };
    let failed = Capture::from_device(OsStr::from_bytes(b"gone\xff")).activate();
    let failed = failed.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::NoSuchDevice, "{failed}");
    assert!(failed.to_string().contains("`gone\u{fffd}`"), "{failed}");
}

/// Activating without a filter is opt-in, and reported.
// Shows: parity/go-without-filter-fails
#[test]
fn best_effort_reports_what_it_leaves_out() {
    let Some(_net) = net() else { return };
    let capture = Capture::from_device("right")
        .filter("foobar")
        .datalink(Dlt::USB_LINUX);
    let error = capture.activate().unwrap_err();
    assert_ne!(error.kind(), ErrorKind::NoSuchDevice);

    let mut right = capture.activate_best_effort().unwrap();
    let warnings = right.warnings().to_vec();
    let kinds: Vec<_> = warnings.iter().map(|warning| warning.kind()).collect();
    assert_eq!(kinds, [WarningKind::OptionSkipped; 2], "{warnings:?}");
    assert!(warnings[0].text().contains("link type"), "{warnings:?}");
    assert!(warnings[1].text().contains("`foobar`"), "{warnings:?}");
    assert_eq!(right.datalink(), Dlt::EN10MB);
    // All packets arrive.
    let left = Capture::from_device("left").activate().unwrap();
    let sent = ethernet(0x88b5, b"anything");
    left.inject(&sent).unwrap();
    assert_eq!(right.next_packet().unwrap().unwrap().data(), sent);

    // What is available is set; what no capture can work without is an error.
    let capture = Capture::from_device("right").filter("udp");
    assert!(
        capture
            .activate_best_effort()
            .unwrap()
            .warnings()
            .is_empty()
    );
    let error = Capture::from_device("nowhere")
        .activate_best_effort()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSuchDevice);
    let capture = Capture::from_device("right").snaplen(300_000);
    let error = capture.activate_best_effort().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
}

/// Without the address of its socket, the capture would never bind it, and wait forever.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn a_capture_whose_socket_has_no_known_address_is_not_opened() {
    let Some(_net) = net() else { return };
    refuse(libc::SYS_getsockname, libc::EACCES);
    let failed = Capture::from_device("right").activate().unwrap_err();
    assert_eq!(
        failed.io_error().and_then(|e| e.raw_os_error()),
        Some(libc::EACCES),
        "{failed}"
    );
}

/// Makes a system call fail in this thread, as a security module may.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn refuse(call: libc::c_long, error: i32) {
    let insn = |code: u32, jt: u8, jf: u8, k: u32| libc::sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    };
    let mut program = [
        // The number of the call is first in what the filter sees.
        insn(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        insn(
            libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
            0,
            1,
            call as u32,
        ),
        insn(
            libc::BPF_RET | libc::BPF_K,
            0,
            0,
            libc::SECCOMP_RET_ERRNO | error as u32,
        ),
        insn(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: 4,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: takes numbers.
    let status = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    assert_eq!(status, 0, "{}", std::io::Error::last_os_error());
    let (mode, program) = (libc::SECCOMP_MODE_FILTER, &raw const program);
    // SAFETY: the program has four instructions, which the kernel checks and copies.
    let status = unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, program) };
    assert_eq!(status, 0, "{}", std::io::Error::last_os_error());
}
