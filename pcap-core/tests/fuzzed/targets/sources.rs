//! Source strings: what is parsed is printed so that it is parsed again, and has the parts that libpcap finds, if it
//! supports remote captures. An input is a text.

use pcap_core::ErrorKind;
use pcap_core::remote::Source;

/// Checks an input.
pub fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let source = match text.parse::<Source>() {
        Ok(source) => source,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
            return;
        }
    };
    let printed = source.to_string();
    assert_eq!(printed.parse::<Source>().unwrap(), source, "{text}");
    // With the other of the two schemes it is still a source.
    let other = source.clone().tls(!source.is_tls());
    assert_eq!(
        other.to_string().parse::<Source>().unwrap(),
        other,
        "{text}"
    );
    assert_eq!(other.tls(source.is_tls()), source);
    if let Ok(moved) = source.with_device("eth0") {
        assert_eq!(
            moved.to_string().parse::<Source>().unwrap(),
            moved,
            "{text}"
        );
    }
    #[cfg(have_pcap_remoteact_list)]
    by_libpcap::check(&text, &source);
}

#[cfg(have_pcap_remoteact_list)]
mod by_libpcap {
    use std::ffi::{CStr, CString, c_char, c_int};

    use pcap_core::remote::Source;

    const SIZE: usize = pcap_sys::PCAP_BUF_SIZE as usize;

    fn text(buffer: &[c_char; SIZE]) -> String {
        // SAFETY: libpcap wrote a C string into it.
        let text = unsafe { CStr::from_ptr(buffer.as_ptr()) };
        text.to_str().unwrap().to_owned()
    }

    /// Compares the parts of a source with those that libpcap finds in a text.
    pub(super) fn check(source_text: &str, source: &Source) {
        let source_text = CString::new(source_text).unwrap();
        let mut kind: c_int = 0;
        let [mut host, mut port, mut name] = [[0 as c_char; SIZE]; 3];
        let mut errors = [0 as c_char; SIZE];
        // SAFETY: a C string and buffers of the required size.
        let status = unsafe {
            pcap_sys::pcap_parsesrcstr(
                source_text.as_ptr(),
                &raw mut kind,
                host.as_mut_ptr(),
                port.as_mut_ptr(),
                name.as_mut_ptr(),
                errors.as_mut_ptr(),
            )
        };
        // libpcap looks for a host also behind a scheme that it does not know, and may then find none. For this crate,
        // the whole text is the name of a device.
        if status != 0 && source.device() == source_text.to_str().ok() {
            return;
        }
        assert_eq!(status, 0, "{source:?}: {}", text(&errors));
        let found = (kind, text(&host), text(&port), text(&name));
        let owned = |part: Option<&str>| part.unwrap_or("").to_owned();
        let expected = if let Some(path) = source.path() {
            (
                pcap_sys::PCAP_SRC_FILE,
                String::new(),
                String::new(),
                path.to_owned(),
            )
        } else if source.is_remote() {
            let (host, port) = (owned(source.host()), owned(source.port()));
            (
                pcap_sys::PCAP_SRC_IFREMOTE,
                host,
                port,
                owned(source.device()),
            )
        } else {
            (
                pcap_sys::PCAP_SRC_IFLOCAL,
                String::new(),
                String::new(),
                owned(source.device()),
            )
        };
        assert_eq!(found, expected, "{source_text:?}");
    }
}
