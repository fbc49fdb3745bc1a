//! What a capture shares with its senders.

use loom::thread;

use super::check;
use crate::lent::Lent;
use crate::shortest_dropped::ShortestDropped;
use crate::sys::platform::{OwnedFd, borrow_owned};
use crate::sys::sync::{Arc, AtomicBool, Ordering};

/// Drops a socket in another thread, before or after this function returns. Loom reorders the ends of two references
/// only with the help of an atomic variable.
fn dropped(socket: Arc<OwnedFd>) -> thread::JoinHandle<()> {
    let ended = Arc::new(AtomicBool::new(false));
    let thread = thread::spawn({
        let ended = Arc::clone(&ended);
        move || {
            drop(socket);
            ended.store(true, Ordering::Relaxed);
        }
    });
    ended.load(Ordering::Relaxed);
    thread
}

#[test]
fn a_closed_capture_leaves_its_senders_a_muted_socket() {
    check("closing beside the end of one of two senders", None, || {
        let (capture, socket) = OwnedFd::open();
        let lent = Lent::default();
        let stays = lent.socket(borrow_owned(&capture)).unwrap();
        let ends = lent.socket(borrow_owned(&capture)).unwrap();
        let thread = dropped(ends);
        drop(lent);
        drop(capture);
        thread.join().unwrap();
        assert!(socket.is_open() && socket.is_muted());
        drop(stays);
        assert!(!socket.is_open());
    });
}

#[test]
fn the_socket_is_closed_with_the_last_sender_and_the_capture() {
    check("closing beside the end of the only sender", None, || {
        let (capture, socket) = OwnedFd::open();
        let lent = Lent::default();
        let ends = lent.socket(borrow_owned(&capture)).unwrap();
        let thread = dropped(ends);
        drop(lent);
        drop(capture);
        thread.join().unwrap();
        assert!(!socket.is_open());
    });
}

#[test]
fn the_shortest_of_two_dropped_packets_is_known() {
    check("two dropped packets beside a longer one", None, || {
        let shortest = Arc::new(ShortestDropped::default());
        shortest.dropped(1000);
        let threads = [100, 200].map(|length| {
            let shortest = Arc::clone(&shortest);
            thread::spawn(move || shortest.dropped(length))
        });
        let known = shortest.may_drop(1500);
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(known && shortest.may_drop(100) && !shortest.may_drop(99));
        shortest.sent(1500);
        assert!(!shortest.may_drop(1500));
    });
}
