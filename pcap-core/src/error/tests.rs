//! Tests of errors that are made from what libpcap returns.

use super::*;

#[test]
fn prints_operation_object_text_and_the_way_out() {
    let error = Error::status(
        sys::PCAP_ERROR_PERM_DENIED,
        "activate",
        "eth0".to_owned(),
        "socket: Operation not permitted",
    );
    let text = error.to_string();
    assert!(text.starts_with("cannot activate `eth0`: no permission"));
    assert!(text.contains("socket: Operation not permitted"));
    assert!(text.ends_with(error.help().unwrap()));
}

/// libpcap's error codes are negative, and its text for an unknown one is in a static buffer.
// Shows: libpcap/codes-text-static-buffer
#[test]
fn a_code_from_the_future_is_an_error_with_a_text() {
    let error = Error::status(-99, "activate", None, "");
    assert_eq!(error.kind(), ErrorKind::Other);
    assert!(error.to_string().contains("-99"), "{error}");
}

#[test]
fn an_object_cannot_break_the_line() {
    let error = Error::cannot(ErrorKind::Other, "open", "a\nb".to_owned(), "no");
    assert_eq!(error.to_string(), "cannot open `a\\nb`: no");
}

#[test]
fn codes_of_libpcap_have_kinds_and_texts() {
    for (code, kind, text) in [
        (
            sys::PCAP_ERROR_PROMISC_PERM_DENIED,
            ErrorKind::PermissionDenied,
            "no permission for promiscuous mode on that device",
        ),
        (
            sys::PCAP_ERROR_CANTSET_TSTAMP_TYPE,
            ErrorKind::InvalidOption,
            "the device does not support that timestamp type",
        ),
        (
            sys::PCAP_ERROR_TSTAMP_PRECISION_NOTSUP,
            ErrorKind::InvalidOption,
            "the device does not support that timestamp precision",
        ),
        (sys::PCAP_ERROR, ErrorKind::Other, "libpcap gave no reason"),
    ] {
        let error = Error::status(code, "activate", "eth0".to_owned(), "");
        assert_eq!(error.kind(), kind);
        let start = format!("cannot activate `eth0`: {text}");
        assert!(error.to_string().starts_with(&start), "{error}");
    }
}

#[test]
fn a_failed_read_of_a_savefile_is_the_systems() {
    let os = io::Error::from(io::ErrorKind::PermissionDenied);
    let text = "error reading dump file: Permission denied";
    let error = Error::savefile("read", "a.pcap", text, os);
    let kind = ErrorKind::Io(io::ErrorKind::PermissionDenied);
    assert_eq!(error.kind(), kind);
}

#[test]
fn a_missing_library_has_a_way_out() {
    let error = Error::cannot(ErrorKind::LibraryMissing, "open", None, "no");
    assert_eq!(error.help(), Some(sys::library::HELP));
}

#[test]
fn texts_of_libpcap_and_of_the_c_library_have_kinds() {
    for (text, kind) in [
        ("The interface disappeared", ErrorKind::Disappeared),
        ("eth7: No such device exists", ErrorKind::NoSuchDevice),
        ("send: Message too long", ErrorKind::InvalidArgument),
        ("send: Message too large", ErrorKind::InvalidArgument),
        (
            "Failed to get session bus: no address",
            ErrorKind::InterfaceNotUp,
        ),
        ("Failed to get statistics", ErrorKind::Other),
        ("The bus: it ended", ErrorKind::Other),
        (
            "Sending packets isn't supported with D-Bus",
            ErrorKind::Unsupported,
        ),
        ("not supported on this device", ErrorKind::Unsupported),
        ("something new", ErrorKind::Other),
    ] {
        let error = Error::status(sys::PCAP_ERROR, "read from", None, text);
        assert_eq!(error.kind(), kind, "{text}");
    }
}
