//! The latch and the descriptor that wakes a waiting call.

use loom::thread;

use super::{check, read_until_break};
use crate::breakloop::{BreakHandle, Breaker};
use crate::sys::platform::Wake;
use crate::sys::sync::{Arc, AtomicBool, Ordering};

fn breaker() -> Arc<Breaker> {
    Arc::new(Breaker::detached(Some(Wake::new().unwrap())))
}

/// Breaks once from another thread.
fn broken(breaker: &Arc<Breaker>) -> thread::JoinHandle<()> {
    let handle = BreakHandle::new(Arc::clone(breaker));
    thread::spawn(move || handle.breakloop())
}

#[test]
fn two_breaks_end_one_or_two_calls() {
    check("two breaks", Some(3), || {
        let breaker = breaker();
        let threads = [broken(&breaker), broken(&breaker)];
        read_until_break(&breaker);
        for thread in threads {
            thread.join().unwrap();
        }
        breaker.take();
        assert!(!breaker.take());
    });
}

#[test]
fn each_of_two_later_breaks_wakes_a_call() {
    check("a break after a break", None, || {
        let breaker = breaker();
        let handle = BreakHandle::new(Arc::clone(&breaker));
        let ended = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let ended = Arc::clone(&ended);
            move || {
                handle.breakloop();
                while !ended.load(Ordering::Acquire) {
                    thread::yield_now();
                }
                handle.breakloop();
            }
        });
        read_until_break(&breaker);
        ended.store(true, Ordering::Release);
        read_until_break(&breaker);
        thread.join().unwrap();
        assert!(!breaker.take());
    });
}

#[test]
fn a_break_wakes_a_call_that_has_just_become_wakeable() {
    check("a break beside make_wakeable", None, || {
        let breaker = Arc::new(Breaker::detached(None));
        let thread = broken(&breaker);
        breaker.make_wakeable().unwrap();
        read_until_break(&breaker);
        thread.join().unwrap();
    });
}

#[test]
fn a_break_ends_one_call_of_two_threads() {
    check("two threads that share a sender", None, || {
        let breaker = breaker();
        let other = thread::spawn({
            let breaker = Arc::clone(&breaker);
            move || breaker.take()
        });
        let thread = broken(&breaker);
        let mut ended = usize::from(breaker.take());
        ended += usize::from(other.join().unwrap());
        thread.join().unwrap();
        ended += usize::from(breaker.take());
        assert_eq!(ended, 1);
    });
}

#[test]
fn two_waiting_calls_end_by_two_breaks() {
    check("two threads that wait with one sender", Some(3), || {
        let breaker = breaker();
        let handle = BreakHandle::new(Arc::clone(&breaker));
        let other = thread::spawn({
            let breaker = Arc::clone(&breaker);
            move || {
                read_until_break(&breaker);
                // The other call ends by a break of its own.
                handle.breakloop();
            }
        });
        BreakHandle::new(Arc::clone(&breaker)).breakloop();
        read_until_break(&breaker);
        BreakHandle::new(Arc::clone(&breaker)).breakloop();
        other.join().unwrap();
    });
}
