//! The kind of each class of error.

use pcap_core::{Capture, Dlt, ErrorKind};

use crate::support::files;
use crate::support::wire::wire;

// Shows: parity/classes-errors-interface-read
#[test]
fn each_class_of_error_has_a_kind() {
    let Some((net, left, mut right)) = wire() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let device = || Capture::from_device("right");
    let dead = Capture::dead(Dlt::EN10MB).unwrap();
    let cut = files::file(folder.path(), "cut.pcap", &files::pings(1)[..90]);
    let mut full = dead.dump("/dev/full").unwrap();
    full.write_now(b"x").unwrap();
    let interface = Capture::from_device("none").activate();
    let read = Capture::from_file(&cut).unwrap();
    let activation = device().rfmon(true).activate();
    let option = device().snaplen(1 << 30).activate();
    let mut errors = vec![
        ("interface", interface.unwrap_err(), ErrorKind::NoSuchDevice),
        (
            "activation",
            activation.unwrap_err(),
            ErrorKind::RfmonNotSupported,
        ),
        ("option", option.unwrap_err(), ErrorKind::InvalidOption),
        (
            "read",
            read.into_packets().next().unwrap().unwrap_err(),
            ErrorKind::SavefileTruncated,
        ),
        (
            "write",
            full.flush().unwrap_err(),
            ErrorKind::Io(std::io::ErrorKind::StorageFull),
        ),
        (
            "filter",
            right.set_filter("tcp tcp tcp").unwrap_err(),
            ErrorKind::FilterSyntax,
        ),
        (
            "inject",
            left.inject(&[]).unwrap_err(),
            ErrorKind::InvalidArgument,
        ),
    ];
    // There is no error for the blocking mode: switching it cannot fail.
    right.set_nonblock(true);
    right.set_nonblock(false);
    drop(left);
    net.ip("link del left".split(' '));
    errors.push((
        "capture",
        right.next_packet().map(|_| ()).unwrap_err(),
        ErrorKind::Disappeared,
    ));
    let mut operations: Vec<_> = Vec::new();
    for (class, error, kind) in &errors {
        let error: &pcap_core::Error = error;
        assert_eq!(error.kind(), *kind, "{class}: {error}");
        let object = error.object().expect(class);
        assert!(
            error.to_string().starts_with(&format!(
                "cannot {} `{object}`: ",
                error.operation().unwrap()
            )),
            "{class}: {error}"
        );
        assert!(!error.text().is_empty(), "{class}");
        operations.push(error.operation().unwrap());
    }
    let expected = [
        "activate",
        "activate",
        "activate",
        "read",
        "write",
        "compile",
        "inject on",
        "read from",
    ];
    assert_eq!(operations, expected);
}
