//! Paths and names.

#[cfg(unix)]
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Seek, Write};
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt;

use pcap_core::{Capture, ErrorKind};

use crate::support::files::{self, pings, read_all};

/// Such a path once caused a panic when writing, and "null pointer" when reading.
// Shows: libpcap/path-utf-8-panic, parity/path-utf-8-panic
#[test]
#[cfg(unix)]
fn a_path_that_is_not_utf_8_works() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(OsStr::from_bytes(b"a\xff\xfe.pcap"));
    let missing = Capture::from_file(&path).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Io(io::ErrorKind::NotFound));
    assert!(
        missing.to_string().contains("a\u{fffd}\u{fffd}.pcap"),
        "{missing}"
    );
    let dead = Capture::dead(pcap_core::Dlt::EN10MB).unwrap();
    for times in 1..3 {
        let mut dumper = match times {
            1 => dead.dump(&path).unwrap(),
            _ => dead.dump_append(&path).unwrap(),
        };
        dumper.write_now(b"packet").unwrap();
        dumper.close().unwrap();
        let mut capture = Capture::from_file(&path).unwrap();
        assert_eq!(read_all(&mut capture).unwrap().len(), times);
    }
}

#[test]
fn a_nul_in_a_path_touches_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a\0b");
    let dead = Capture::dead(pcap_core::Dlt::EN10MB).unwrap();
    for error in [
        Capture::from_file(&path).unwrap_err(),
        dead.dump(&path).unwrap_err(),
        dead.dump_append(&path).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Io(io::ErrorKind::InvalidInput));
        assert!(error.to_string().contains("a\\0b"), "{error}");
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_capture_is_named_after_what_it_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "a.pcap", &pings(1));
    let by_path = Capture::from_file(&path).unwrap();
    assert_eq!(by_path.name(), path.to_str().unwrap());
    let by_file = Capture::from_open_file(File::open(&path).unwrap()).unwrap();
    assert_eq!(by_file.name(), "the savefile");
    let by_reader = files::open(pings(1));
    assert_eq!(by_reader.name(), "the reader");
    assert_eq!(
        pcap_core::AnyCapture::from(by_path).name(),
        path.to_str().unwrap()
    );
}

#[test]
fn errors_have_the_name_that_was_given() {
    let name = "trace.pcap.gz";
    let bytes = b"no savefile";
    let failed = Capture::from_reader_named(&bytes[..], name).unwrap_err();
    assert_eq!(failed.object(), Some(name));
    let file = || {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        file
    };
    let failed = Capture::from_open_file_named(file(), name).unwrap_err();
    assert_eq!(failed.object(), Some(name));
    let capture = Capture::from_reader_named(io::Cursor::new(pings(1)), name).unwrap();
    assert_eq!(capture.name(), name);
    let dumper = capture.dump_to_named(Vec::new(), name).unwrap();
    assert_eq!(dumper.name(), name);
    let dumper = capture.dump_open_file_named(file(), name).unwrap();
    assert_eq!(dumper.name(), name);
    let failed = dumper.into_writer::<Vec<u8>>().unwrap_err();
    assert_eq!(failed.object(), Some(name));
}

// Shows: parity/3-missing-file-error
#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("not there.pcap");
    let error = Capture::from_file(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io(std::io::ErrorKind::NotFound));
    assert_eq!(error.operation(), Some("open"));
    assert_eq!(error.object(), path.to_str());
    assert!(error.to_string().contains("not there.pcap"), "{error}");
    // In the system's own words.
    let words = std::io::Error::from_raw_os_error(2).to_string();
    assert!(error.to_string().contains(&words), "{error}");
}
