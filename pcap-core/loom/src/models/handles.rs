//! Breaks of a call inside libpcap, beside what the owner of the `pcap_t` does with it.

use std::ptr::NonNull;

use loom::thread;

use super::check;
use crate::breakloop::{BreakHandle, Breaker};
use crate::sys::pcap_t;
use crate::sys::sync::Arc;

/// Opens a `pcap_t`, whose memory is valid for the rest of the model.
fn open() -> (NonNull<pcap_t>, std::rc::Rc<pcap_t>) {
    let pcap = std::rc::Rc::new(pcap_t::new());
    let pointer = std::rc::Rc::as_ptr(&pcap).cast_mut();
    (NonNull::new(pointer).unwrap(), pcap)
}

fn broken(breaker: &Arc<Breaker>) -> thread::JoinHandle<()> {
    let handle = BreakHandle::new(Arc::clone(breaker));
    thread::spawn(move || handle.breakloop())
}

#[test]
fn no_break_uses_a_closed_handle() {
    check("closing beside two breaks", Some(3), || {
        let (pointer, pcap) = open();
        let breaker = Arc::new(Breaker::new(pointer, None));
        let threads = [broken(&breaker), broken(&breaker)];
        breaker.forget_handle();
        pcap.close();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_break_reaches_the_handle_that_replaces_another() {
    check("replacing beside a break", None, || {
        let (pointer, old) = open();
        let (replacement, new) = open();
        let breaker = Arc::new(Breaker::new(pointer, None));
        let thread = broken(&breaker);
        // SAFETY: it is open.
        unsafe { breaker.exchange_handle(replacement) };
        old.close();
        thread.join().unwrap();
        assert!(breaker.is_pending() && new.is_broken());
    });
}

#[test]
fn a_pending_break_ends_the_next_call_inside_libpcap() {
    check("a reader inside libpcap and two breaks", Some(3), || {
        let (pointer, pcap) = open();
        let breaker = Arc::new(Breaker::new(pointer, None));
        let threads = [broken(&breaker), broken(&breaker)];
        if pcap.end_call() {
            breaker.is_pending_in_libpcap();
        }
        breaker.take();
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(!breaker.is_pending() || pcap.is_broken());
    });
}
