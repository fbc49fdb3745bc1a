//! Savefiles under breaks.

use std::fs::{File, OpenOptions};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;

use pcap_core::{Capture, End, Next, Offline, Stop};

use super::{MANY, Run, Target, Targets, break_at_once, hammered, read, write_slowly};
use crate::support::files;
use crate::support::random::Random;

/// Reads a savefile to its end under breaks: all packets, in order.
fn read_through(run: &Run, targets: &Targets, random: &mut Random, capture: Capture<Offline>) {
    let mut capture = capture;
    let followed = capture.is_followed();
    let target = Arc::new(Target::new(capture.break_handle()));
    targets.add(target.clone());
    let mut next = 0;
    loop {
        let end = read(&mut capture, random, |data| {
            assert_eq!(files::number(data), next);
            next += 1;
        });
        run.step();
        match end {
            Some(Stop::End(End::Break)) => target.saw(),
            Some(Stop::End(End::Eof)) => break,
            _ => {}
        }
        if followed && next == MANY {
            break;
        }
    }
    assert_eq!(next, MANY);
    let target = targets.retire(target);
    // After the end a break is also seen once.
    if capture.try_next_packet().unwrap() == Next::End(End::Break) {
        target.saw();
    }
    assert_ne!(capture.try_next_packet().unwrap(), Next::End(End::Break));
    // The others do not wait for more, but report the end.
    if followed {
        break_at_once(&mut capture, random);
    }
}

#[test]
fn savefiles_are_read_whole_under_breaks() {
    let run = Run::new();
    let mut random = run.random(0);
    let targets = Targets::default();
    let bytes = files::pings(MANY);
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "a.pcap", &bytes);
    let fifo = folder.path().join("fifo");
    files::run(std::process::Command::new("mkfifo").arg(&fifo));
    let growing = folder.path().join("growing.pcap");
    hammered(&run, &targets, || {
        for turn in 0.. {
            if turn >= 5 && !run.goes_on() {
                break;
            }
            let mut pauses = run.random(random.next());
            let bytes = &bytes[..];
            thread::scope(|scope| {
                let capture = match turn % 5 {
                    0 => Capture::from_file(&path).unwrap(),
                    1 => files::open(bytes),
                    2 => {
                        let (reader, writer) = UnixStream::pair().unwrap();
                        scope.spawn(move || write_slowly(writer, bytes, &mut pauses));
                        Capture::from_reader(reader).unwrap()
                    }
                    3 => {
                        let fifo = &fifo;
                        scope.spawn(move || {
                            let writer = File::options().write(true).open(fifo).unwrap();
                            write_slowly(writer, bytes, &mut pauses);
                        });
                        Capture::from_file(fifo).unwrap()
                    }
                    _ => {
                        std::fs::write(&growing, &bytes[..24]).unwrap();
                        let writer = OpenOptions::new().append(true).open(&growing).unwrap();
                        scope.spawn(move || write_slowly(writer, &bytes[24..], &mut pauses));
                        let mut capture = Capture::from_file(&growing).unwrap();
                        capture.follow(true).unwrap();
                        capture
                    }
                };
                read_through(&run, &targets, &mut random, capture);
            });
        }
    });
}

/// With filters too: the packets pass, and are in order.
#[test]
fn savefiles_are_filtered_under_breaks() {
    let run = Run::new();
    let mut random = run.random(0);
    let targets = Targets::default();
    let bytes = files::pings(MANY);
    hammered(&run, &targets, || {
        while run.goes_on() {
            for mut capture in files::both(&bytes) {
                let target = Arc::new(Target::new(capture.break_handle()));
                targets.add(target.clone());
                let (mut last, mut end) = (None, None);
                while end != Some(Stop::End(End::Eof)) {
                    let rest = random.below(4) as u16;
                    let filter = format!("ether[41] & 3 = {rest}");
                    capture.set_filter(&*filter).unwrap();
                    end = read(&mut capture, &mut random, |data| {
                        let number = files::number(data);
                        assert_eq!(number % 4, rest);
                        assert!(last < Some(number), "{number} after {last:?}");
                        last = Some(number);
                    });
                    if end == Some(Stop::End(End::Break)) {
                        target.saw();
                    }
                    run.step();
                }
                target.stop.store(true, SeqCst);
            }
        }
    });
}
