//! Processes with several threads.

use std::collections::HashSet;
use std::fs;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use pcap_core::os::linux::{User, drop_privileges};

use crate::child::{NOBODY, block, check_rights, exit, field, own_statuses, run};
use crate::support::refused::{OPEN, interposed};
use crate::support::{Netns, alone, wait_until};

/// Returns the actions of all real-time signals. Below valgrind, one of them has not its default action.
fn signal_actions() -> Vec<libc::sighandler_t> {
    let action = |number| {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: a null pointer changes no action, and the other pointer is valid for writing one.
        unsafe { libc::sigaction(number, ptr::null(), action.as_mut_ptr()) };
        // SAFETY: plain data, which was zeroed.
        unsafe { action.assume_init() }.sa_sigaction
    };
    (libc::SIGRTMIN()..=libc::SIGRTMAX()).map(action).collect()
}

#[test]
fn threads_that_start_and_end_meanwhile_have_no_rights() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    run(|| {
        let actions = signal_actions();
        let ends = Arc::new(AtomicBool::new(false));
        let starters = [(); 4].map(|()| {
            let ends = Arc::clone(&ends);
            thread::spawn(move || {
                while !ends.load(Ordering::Relaxed) {
                    thread::spawn(thread::yield_now).join().unwrap();
                }
            })
        });
        drop_privileges(&User::new(NOBODY, NOBODY, &[NOBODY])).unwrap();
        for _ in 0..50 {
            let statuses = own_statuses();
            assert!(statuses.len() >= 5);
            for status in statuses {
                check_rights(&status, NOBODY, NOBODY);
            }
        }
        ends.store(true, Ordering::Relaxed);
        for starter in starters {
            starter.join().unwrap();
        }
        assert_eq!(signal_actions(), actions);
    });
}

#[test]
fn several_threads_may_call_at_once() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    run(|| {
        let actions = signal_actions();
        let barrier = Barrier::new(4);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    barrier.wait();
                    drop_privileges(&User::new(NOBODY, NOBODY, &[NOBODY])).unwrap();
                    for status in own_statuses() {
                        check_rights(&status, NOBODY, NOBODY);
                    }
                });
            }
        });
        assert_eq!(signal_actions(), actions);
    });
}

/// The thread would receive one of them without running a handler.
#[test]
fn a_thread_may_wait_for_the_real_time_signals() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    run(|| {
        let numbers: Vec<i32> = (libc::SIGRTMIN()..=libc::SIGRTMAX()).collect();
        let signals = block(&numbers);
        let waiting = thread::spawn(move || {
            let mut number = 0;
            // SAFETY: the set is initialized, and the pointer is valid for writing a number.
            unsafe { libc::sigwait(&signals, &mut number) };
            number
        });
        // While a thread waits for a signal, its status does not show that it blocks the signal.
        wait_until("the thread waits", || {
            let masks = own_statuses().into_iter().map(|s| field(&s, "SigBlk:"));
            masks.collect::<HashSet<_>>().len() == 2
        });
        drop_privileges(&User::new(NOBODY, NOBODY, &[NOBODY])).unwrap();
        let statuses = own_statuses();
        assert_eq!(statuses.len(), 2);
        for status in statuses {
            check_rights(&status, NOBODY, NOBODY);
        }
        // SAFETY: takes numbers. All threads but the waiting one block the signal.
        unsafe { libc::kill(std::process::id() as i32, libc::SIGRTMIN() + 1) };
        assert_eq!(waiting.join().unwrap(), libc::SIGRTMIN() + 1);
    });
}

/// A thread that ends while the list is read may have started another one, so two complete lists are read after it.
#[test]
fn a_list_in_which_a_thread_ends_is_not_the_last() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    run(|| {
        let (end, ends) = mpsc::channel::<()>();
        let mut other = Some(thread::spawn(move || ends.recv().unwrap_err()));
        let mut end = Some(end);
        let mut calls = 0;
        let before = |count: usize| {
            calls = count + 1;
            if count == 0 {
                // A thread that starts, or starts another one, blocks all signals: then more lists are read.
                wait_until("the threads have started", || {
                    own_statuses()
                        .iter()
                        .all(|s| field(s, "SigBlk:") == "0000000000000000")
                });
            }
            // For each list, the folder and the files of three threads are opened. In the third list, the other threads
            // are found to have rights, and receive signals. The fourth list is incomplete: the thread ends between the
            // folder and the files.
            if count == 3 * 4 + 1 {
                let user = vec![NOBODY.to_string(); 4].join(" ");
                wait_until("the threads lose their rights", || {
                    own_statuses().iter().all(|s| field(s, "Uid:") == user)
                });
                end.take();
                other.take().unwrap().join().unwrap();
                wait_until("the thread is gone", || own_statuses().len() == 2);
            }
            None
        };
        interposed(OPEN, &[], before, || {
            drop_privileges(&User::new(NOBODY, NOBODY, &[NOBODY])).unwrap();
        });
        assert!(calls >= 4 * 4 + 2 * 3, "{calls}");
        check_rights(&own_statuses()[0], NOBODY, NOBODY);
    });
}

/// The first thread of a process stays in the list, with its rights, after it has ended.
#[test]
fn a_first_thread_that_has_ended_does_not_matter() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    run(|| {
        thread::spawn(|| {
            let has_ended = |status: &String| field(status, "State:").starts_with('Z');
            wait_until("the first thread ends", || {
                own_statuses().iter().any(has_ended)
            });
            drop_privileges(&User::new(NOBODY, NOBODY, &[NOBODY])).unwrap();
            let mut statuses = own_statuses();
            statuses.retain(|status| !has_ended(status));
            assert_eq!(statuses.len(), 1);
            check_rights(&statuses[0], NOBODY, NOBODY);
            exit(0);
        });
        // SAFETY: takes a number, and ends only this thread.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
    });
}

/// A process may have capabilities that it does not use.
#[test]
fn unused_capabilities_are_dropped() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    run(|| {
        let header = [0x2008_0522_u32, 0];
        let mut sets = [[0_u32; 3]; 2];
        // SAFETY: both pointers are valid for writing.
        unsafe { libc::syscall(libc::SYS_capget, header.as_ptr(), sets.as_mut_ptr()) };
        sets.iter_mut().for_each(|[effective, ..]| *effective = 0);
        // SAFETY: both pointers are valid for reading.
        unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr()) };
        assert_eq!(field(&own_statuses()[0], "CapEff:"), "0000000000000000");
        drop_privileges(&User::new(NOBODY, NOBODY, &[NOBODY])).unwrap();
        check_rights(&own_statuses()[0], NOBODY, NOBODY);
    });
}

/// A process has only the capability of its file, as after `setcap cap_net_raw+ep`.
#[test]
fn capabilities_of_the_file_are_dropped_in_all_threads() {
    const CAP_NET_RAW: u32 = 13;
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    run(|| {
        // SAFETY: this option takes a number.
        let kept = unsafe { libc::prctl(libc::PR_SET_KEEPCAPS, 1) };
        // SAFETY: takes a number of groups, and a pointer to none.
        let groups = unsafe { libc::setgroups(0, ptr::null()) };
        // SAFETY: takes three numbers.
        let group = unsafe { libc::setresgid(NOBODY, NOBODY, NOBODY) };
        // SAFETY: as above.
        let user = unsafe { libc::setresuid(NOBODY, NOBODY, NOBODY) };
        assert_eq!([kept, groups, group, user], [0; 4]);
        let (header, set) = ([0x2008_0522_u32, 0], 1_u32 << CAP_NET_RAW);
        let sets = [set, set, set, 0, 0, 0];
        // SAFETY: both pointers are valid for reading.
        let status = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr()) };
        assert_eq!(status, 0);
        let barrier = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                barrier.wait();
                barrier.wait();
            });
            barrier.wait();
            let bounding = field(&own_statuses()[0], "CapBnd:");
            for status in own_statuses() {
                assert_eq!(field(&status, "CapEff:"), "0000000000002000");
            }
            drop_privileges(&User::current().unwrap()).unwrap();
            let statuses = own_statuses();
            assert_eq!(statuses.len(), 2);
            for status in statuses {
                for name in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
                    assert_eq!(field(&status, name), "0000000000000000");
                }
                assert_eq!(field(&status, "NoNewPrivs:"), "1");
                // The process may not change it, but nothing can give capabilities from it.
                assert_eq!(field(&status, "CapBnd:"), bounding);
            }
            barrier.wait();
        });
    });
}

fn park() -> ! {
    loop {
        thread::park();
    }
}

/// A thread that blocks signals may start another one, which has its rights, and lose its own rights afterwards.
#[test]
fn a_thread_that_a_late_one_has_started_has_no_rights() {
    const ROUNDS: usize = 2;
    const OTHERS: usize = 300;
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    for _ in 0..ROUNDS {
        run(|| {
            // Before the others in the list of threads, so its status is read first.
            let first = thread::spawn(thread::park);
            // Reading their status takes longer than starting a thread.
            for _ in 0..OTHERS {
                thread::spawn(|| park());
            }
            thread::spawn(move || {
                let caller = format!("/proc/self/task/{}/status", std::process::id());
                // Once the caller has dropped its rights, it has chosen a signal.
                while field(&fs::read_to_string(&caller).unwrap(), "NoNewPrivs:") == "0" {}
                let mut numbers: Vec<i32> = (libc::SIGRTMIN()..=libc::SIGRTMAX()).collect();
                numbers.push(libc::SIGURG);
                let signals = block(&numbers);
                // SAFETY: the set is initialized, and the old one may be a null pointer.
                let unblock = move || unsafe {
                    libc::pthread_sigmask(libc::SIG_UNBLOCK, &signals, ptr::null_mut())
                };
                let own = "/proc/thread-self/status";
                let none = "0000000000000000";
                while field(&fs::read_to_string(own).unwrap(), "SigPnd:") == none {}
                thread::sleep(Duration::from_millis(50));
                thread::spawn(move || {
                    unblock();
                    park()
                });
                // The new thread takes the place of this one in the list.
                first.thread().unpark();
                first.join().unwrap();
                unblock();
                park()
            });
            drop_privileges(&User::new(NOBODY, NOBODY, &[NOBODY])).unwrap();
            for status in own_statuses() {
                check_rights(&status, NOBODY, NOBODY);
            }
        });
    }
}
