//! Files read and written block by block are identical.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use pcap_core::pcapng::{PcapngDumper, Reader};

use super::random_files;
use crate::support::blocks::{Call, Plan, Way};
use crate::support::ng::{large, valid};

/// Copies the blocks of a reader.
pub(super) fn copy(reader: &mut Reader) -> pcap_core::Result<Vec<u8>> {
    let mut dumper = PcapngDumper::for_blocks_named(Vec::new(), "copy");
    while let Some(block) = reader.next_block()? {
        dumper.write_block(block)?;
    }
    dumper.into_writer()
}

#[test]
fn copies_of_undamaged_files_are_identical() {
    let mut copied = 0;
    let large = large().into_iter().map(|make| make());
    for case in valid().into_iter().chain(random_files()).chain(large) {
        let mut reader = Plan::new(Way::File(0), Call::Next).open(&case.bytes);
        let bytes = copy(&mut reader).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        assert!(bytes == case.bytes, "{}", case.name);
        copied += 1;
    }
    assert!(copied >= 600, "{copied}");
}

#[cfg(unix)]
#[test]
fn copies_through_pipes_are_identical() {
    for case in valid().into_iter().step_by(3) {
        let mut reader = Plan::new(Way::Pipe, Call::Next).open(&case.bytes);
        assert!(copy(&mut reader).unwrap() == case.bytes, "{}", case.name);
    }
}

/// A writer of which every second call fails, and the others accept a part.
struct Failing {
    to: Arc<Mutex<Vec<u8>>>,
    calls: usize,
}

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.calls % 2 == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let length = bytes.len().min(100 + self.calls % 4000);
        self.to.lock().unwrap().extend(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Each block is written again until the writer accepts it; the buffer is emptied now and then.
#[test]
fn copies_after_failed_writes_are_identical() {
    let mut refused = 0;
    for case in valid().into_iter().chain(random_files().take(50)) {
        let to = Arc::new(Mutex::new(Vec::new()));
        let writer = Failing {
            to: Arc::clone(&to),
            calls: 0,
        };
        let mut dumper = PcapngDumper::for_blocks_named(writer, "copy");
        let mut reader = crate::support::contents::open(&case.bytes);
        let mut number = 0;
        while let Some(block) = reader.next_block().unwrap() {
            while dumper.write_block(block).is_err() {
                refused += 1;
            }
            number += 1;
            if number % 5 == 0 {
                refused += usize::from(dumper.flush().is_err());
            }
        }
        while dumper.flush().is_err() {
            refused += 1;
        }
        drop(dumper);
        assert!(*to.lock().unwrap() == case.bytes, "{}", case.name);
    }
    assert!(refused > 500, "{refused}");
}
