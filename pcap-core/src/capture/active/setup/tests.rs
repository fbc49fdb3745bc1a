//! Options that libpcap lacks on this system.

use crate::capture::Capture;
use crate::error::ErrorKind;

/// `os::macos` has the public option, which exists only there.
#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn a_libpcap_without_pktap_is_an_error() {
    let options = Capture::from_device("lo").with_pktap(true);
    let error = options.activate().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(
        error.to_string(),
        "cannot activate `lo`: this libpcap has no PKTAP (pcap_set_want_pktap)"
    );
}
