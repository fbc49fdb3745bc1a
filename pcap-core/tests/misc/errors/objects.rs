//! The objects that errors return.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use pcap_core::{Capture, Dumper, Error, ErrorKind, SendQueue};

use super::{Lonely, ethernet};
#[cfg(target_os = "linux")]
use crate::support;

/// The numbers are in the error, which prints them once.
#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
#[cfg(target_os = "linux")]
fn a_queue_that_fails_says_what_was_sent() {
    let Some(net) = support::Netns::new() else {
        return;
    };
    net.veth("left", "right");
    let left = Capture::from_device("left").activate().unwrap();
    let mut queue = SendQueue::new();
    queue
        .push_all([vec![0xff; 60], vec![0xff; 60], vec![0xff; 3000]])
        .unwrap();
    let send = || -> anyhow::Result<usize> { Ok(left.inject_queue(&queue)?) };
    let error = send().unwrap_err();
    let text = "; 2 packets sent, stopped at packet 2 of the queue";
    assert_eq!(format!("{error:?}").matches(text).count(), 1, "{error:?}");
    let error = error.downcast_ref::<Error>().unwrap();
    let unsent = error.unsent().unwrap();
    assert_eq!(
        (unsent.index(), unsent.packets(), unsent.bytes()),
        (2, 2, 120)
    );
    assert_eq!(unsent.kind(), error.kind());
    assert_eq!(error.to_string(), format!("{}{text}", unsent.error()));
    assert!(unsent.error().unsent().is_none());
}

#[test]
fn the_object_is_taken_once_and_by_its_type() {
    fn all<T: Send + Sync + Clone + 'static>(_: &T) {}
    let error = Capture::from_reader(Lonely(Cell::new(7))).unwrap_err();
    all(&error);
    assert!(error.take::<File>().is_none());
    let clone = error.clone();
    assert_eq!(clone.take::<Lonely>().unwrap().0.get(), 7);
    assert!(error.take::<Lonely>().is_none() && clone.take::<Lonely>().is_none());

    // Also inside anyhow's error.
    let open = || -> anyhow::Result<()> {
        Capture::from_reader(Lonely(Cell::new(8)))?;
        Ok(())
    };
    let error = open().unwrap_err();
    let reader: Option<Lonely> = error.downcast_ref::<Error>().unwrap().take();
    assert_eq!(reader.unwrap().0.get(), 8);

    let mut dumper = ethernet().dump_to(Vec::new()).unwrap();
    dumper.write_now(b"abc").unwrap();
    let error = dumper.into_writer::<File>().unwrap_err();
    let dumper: Dumper = error.take().unwrap();
    assert_eq!(dumper.into_writer::<Vec<u8>>().unwrap().len(), 24 + 16 + 3);
}

#[test]
fn an_object_not_taken_goes_with_its_error() {
    struct Counted(#[allow(dead_code)] Arc<()>);
    impl Read for Counted {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Ok(0)
        }
    }
    let count = Arc::new(());
    let error = Capture::from_reader(Counted(Arc::clone(&count))).unwrap_err();
    let clone = error.clone();
    drop(error);
    assert_eq!(Arc::strong_count(&count), 2);
    drop(clone);
    assert_eq!(Arc::strong_count(&count), 1);
}

// Shows: parity/activated-handle-cannot-activated
#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn an_inactive_handle_outlives_activation() {
    let device = "no such device";
    let inactive = Capture::from_device(device).snaplen(77).promisc(true);
    for _ in 0..3 {
        let failed = inactive.activate().unwrap_err();
        // A missing capability is reported first.
        let mut kinds = vec![ErrorKind::NoSuchDevice, ErrorKind::PermissionDenied];
        if cfg!(windows) {
            // Without a driver.
            kinds.push(ErrorKind::Unsupported);
        }
        assert!(kinds.contains(&failed.kind()), "{failed}");
    }
    // With its options.
    let text = format!("{inactive:?}");
    assert!(text.contains("77") && text.contains(device), "{text}");
}
