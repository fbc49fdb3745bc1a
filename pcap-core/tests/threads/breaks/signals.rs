//! Breaks from signal handlers.

use pcap_core::os::linux::SenderExt;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;

use pcap_core::{Capture, End, Stop};

use super::{Came, MANY, Run, Sets, Target, frame, open, pause, read, read_the_rest, write_slowly};
use crate::support::Netns;
use crate::support::files;

/// What the handlers of SIGALRM and of SIGUSR2 break.
static BY_SIGNAL: [OnceLock<Target>; 2] = [const { OnceLock::new() }; 2];

extern "C" fn on_signal(signal: libc::c_int) {
    let which = usize::from(signal != libc::SIGALRM);
    if let Some(target) = BY_SIGNAL[which].get() {
        target.ask();
    }
}

/// Continuously sends a signal to this thread while `work` runs.
fn under_signals(run: &Run, signal: libc::c_int, work: impl FnOnce()) {
    // SAFETY: a structure of plain numbers, for which zero is valid; without SA_RESTART, so that calls are
    // interrupted.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = on_signal as extern "C" fn(libc::c_int) as libc::sighandler_t;
    // SAFETY: the handler is async-signal-safe.
    let status = unsafe { libc::sigaction(signal, &action, std::ptr::null_mut()) };
    assert_eq!(status, 0);
    // SAFETY: always succeeds.
    let reader = unsafe { libc::pthread_self() } as usize; // a pointer in some C libraries
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = run.random(7);
            while !stop.load(SeqCst) {
                // SAFETY: the thread waits for this one before it ends.
                assert_eq!(unsafe { libc::pthread_kill(reader as _, signal) }, 0);
                pause(&mut random, 300);
            }
        });
        let _stop = Sets(&stop);
        work();
    });
}

#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn sigalrm_storms_lose_no_packet() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let run = Run::new();
    let mut random = run.random(0);
    let left = Capture::from_device("left").activate().unwrap();
    let mut right = open("right", &mut random);
    let target = BY_SIGNAL[0].get_or_init(|| Target::new(right.break_handle()));
    let (stop, received) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut came = Came::default();
    let mut sent = 0;
    thread::scope(|scope| {
        let left = left.sender().unwrap();
        let sending = scope.spawn(|| {
            let left = left;
            let (mut sent, mut pauses) = (0, run.random(1));
            while !stop.load(SeqCst) {
                if sent < received.load(SeqCst) + 500 {
                    left.inject(&frame(sent as u32)).unwrap();
                    sent += 1;
                }
                pause(&mut pauses, 200);
            }
            sent
        });
        under_signals(&run, libc::SIGALRM, || {
            let _stop = Sets(&stop);
            while run.goes_on_until_seen(target) {
                let end = read(&mut right, &mut random, |data| {
                    came.packet(data);
                    received.fetch_add(1, SeqCst);
                });
                if end == Some(Stop::End(End::Break)) {
                    target.saw();
                }
                run.step();
            }
        });
        sent = sending.join().unwrap();
    });
    for _ in 0..read_the_rest(&mut right, &mut came, sent, "right", 0) {
        target.saw();
    }
    assert!(sent > 0 && target.seen.load(SeqCst) > 0);
}

#[test]
fn a_pipe_is_read_whole_under_signals() {
    let run = Run::new();
    let mut random = run.random(0);
    let bytes = &files::pings(MANY)[..];
    let (reader, writer) = UnixStream::pair().unwrap();
    let mut capture = thread::scope(|scope| {
        // The header, because there is no handle to break before it.
        scope.spawn(|| (&writer).write_all(&bytes[..24]).unwrap());
        Capture::from_reader(reader).unwrap()
    });
    let target = BY_SIGNAL[1].get_or_init(|| Target::new(capture.break_handle()));
    let mut next = 0;
    thread::scope(|scope| {
        let mut pauses = run.random(1);
        scope.spawn(move || write_slowly(writer, &bytes[24..], &mut pauses));
        under_signals(&run, libc::SIGUSR2, || {
            loop {
                let end = read(&mut capture, &mut random, |data| {
                    assert_eq!(files::number(data), next);
                    next += 1;
                });
                run.step();
                match end {
                    Some(Stop::End(End::Break)) => target.saw(),
                    Some(Stop::End(End::Eof)) => break,
                    _ => {}
                }
            }
        });
    });
    assert_eq!(next, MANY);
    assert!(target.seen.load(SeqCst) > 0);
}
