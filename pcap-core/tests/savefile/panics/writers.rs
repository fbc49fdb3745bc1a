//! Writers and their errors.

use std::io::{self, Write};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::{Arc, Mutex};

use pcap_core::{Capture, Dlt, Dumper, Packet, Result, Timestamp};

use super::{Bomb, FAULTS, Fault, Torn, inject, quiet};
use crate::support::{files, keep};

/// A writer that has its fault at a number of calls from one on.
struct FaultyWriter {
    taken: Arc<Mutex<Vec<u8>>>,
    calls: usize,
    faults: Range<usize>,
    /// The fault of the first of them, and of the others.
    fault: Fault,
    later: Fault,
}

impl Write for FaultyWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.faults.contains(&self.calls) {
            let fault = match self.calls == self.faults.start {
                true => self.fault,
                false => self.later,
            };
            return match fault {
                Fault::Read => inject(),
                Fault::Payload => panic_any(Bomb),
                Fault::Interrupted => Err(io::Error::new(io::ErrorKind::Interrupted, Torn(fault))),
                fault => Err(io::Error::new(io::ErrorKind::TimedOut, Torn(fault))),
            };
        }
        let length = bytes.len().min(30);
        self.taken.lock().unwrap().extend(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Ends one call, whatever happens; returns whether it succeeded.
fn survive(call: impl FnOnce() -> Result<()>) -> bool {
    match catch_unwind(AssertUnwindSafe(|| call().is_ok())) {
        Ok(done) => done,
        Err(panic) => {
            keep(panic);
            false
        }
    }
}

#[test]
fn a_writer_that_panics_gets_each_byte_once() {
    quiet();
    let expected = savefile_of_two(|_| {}, FaultyWriter::new(0..0, Fault::None));
    for fault in FAULTS {
        // The first call writes the header.
        for first in 2..20 {
            for faults in [first..first + 1, first..first + 3] {
                let writer = FaultyWriter::new(faults.clone(), fault);
                let flush = |dumper: &mut Dumper| while !survive(|| dumper.flush()) {};
                let taken = savefile_of_two(flush, writer);
                assert!(taken == expected, "{fault:?}, {faults:?}");
            }
        }
    }
}

impl FaultyWriter {
    fn new(faults: Range<usize>, fault: Fault) -> FaultyWriter {
        FaultyWriter {
            taken: Arc::default(),
            calls: 0,
            faults,
            fault,
            later: fault,
        }
    }
}

/// Writes two packets, with a flush after each, and returns what the writer accepted.
fn savefile_of_two(flush: impl Fn(&mut Dumper), writer: FaultyWriter) -> Vec<u8> {
    let taken = Arc::clone(&writer.taken);
    let dead = Capture::dead(Dlt::EN10MB).unwrap();
    let mut dumper = dead.dump_to(writer).unwrap();
    for n in 0..2 {
        dumper
            .write(Packet::whole(Timestamp::new(n, 0), &[n as u8; 200]))
            .unwrap();
        flush(&mut dumper);
    }
    let _ = survive(|| dumper.close());
    taken.lock().unwrap().clone()
}

/// The text of its error panics each time: the drop that follows must not format it again, which would abort the
/// process.
#[test]
fn a_failing_close_panics_at_most_once() {
    if !files::in_child() {
        let output = files::child(a_failing_close_panics_at_most_once)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {text}", output.status);
        return;
    }
    quiet();
    let faults = FAULTS
        .into_iter()
        .filter(|&fault| fault != Fault::Interrupted);
    for (fault, later) in faults
        .clone()
        .flat_map(|f| faults.clone().map(move |l| (f, l)))
    {
        for way in 0..3 {
            let mut writer = FaultyWriter::new(2..usize::MAX, fault);
            writer.later = later;
            let dead = Capture::dead(Dlt::EN10MB).unwrap();
            let mut dumper = dead.dump_to(writer).unwrap();
            let _ = survive(|| dumper.write_now(&[1; 60]));
            let ended = survive(|| match way {
                0 => dumper.close(),
                1 => {
                    drop(dumper);
                    Ok(())
                }
                _ => dumper.into_writer::<FaultyWriter>().map(drop),
            });
            // The text of an error would be visible nowhere.
            let quiet = way == 1 && [Fault::Display, Fault::None].contains(&fault);
            assert_eq!(ended, quiet, "{fault:?}, {later:?}, {way}");
        }
    }
}
