//! Failures, and the state after them.

use std::io;
use std::sync::mpsc;
use std::thread;

use pcap_core::ErrorKind;
use pcap_core::os::linux::{User, drop_privileges};

use crate::child::{NOBODY, block, check_rights, own_statuses, rights, run};
use crate::support::refused::{OPEN, refuse, refuse_with_rights};
use crate::support::{Netns, alone};

fn all_rights() -> Vec<Vec<String>> {
    own_statuses().iter().map(|status| rights(status)).collect()
}

#[test]
fn a_user_who_keeps_rights_is_refused() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    run(|| {
        let before = all_rights();
        for user in [
            User::from_name("root").unwrap(),
            User::current().unwrap(),
            User::new(0, NOBODY, &[]),
            // The kernel takes these numbers for "no change".
            User::new(u32::MAX, NOBODY, &[]),
            User::new(NOBODY, u32::MAX, &[]),
            User::new(NOBODY, NOBODY, &[1, u32::MAX]),
        ] {
            let error = drop_privileges(&user).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
            let start = format!("cannot continue as user `{user}`: ");
            assert!(error.to_string().starts_with(&start), "{error}");
        }
        assert_eq!(all_rights(), before);
    });
}

/// The threads cannot be listed, or one cannot be reached.
#[test]
fn a_refused_call_is_an_error() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let user = User::new(NOBODY, NOBODY, &[]);
    run(|| {
        refuse(OPEN, &[], libc::EACCES);
        let error = drop_privileges(&user).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io(io::ErrorKind::PermissionDenied));
        let text = error.to_string();
        assert!(
            text.contains("cannot read the threads in /proc/self/task"),
            "{text}"
        );
    });
    run(|| {
        refuse(libc::SYS_read, &[], libc::EIO);
        let error = drop_privileges(&user).unwrap_err();
        assert!(
            error.to_string().contains("cannot read the threads"),
            "{error}"
        );
    });
    run(|| {
        // Others can be refused without this flag.
        let flag = [(0, libc::PR_SET_NO_NEW_PRIVS as u32)];
        refuse_with_rights(libc::SYS_prctl, &flag, libc::EPERM);
        let error = drop_privileges(&user).unwrap_err();
        assert!(
            error.to_string().contains("no flag no_new_privs"),
            "{error}"
        );
    });
    for call in [libc::SYS_tgkill, libc::SYS_rt_sigaction] {
        run(|| {
            let (end, ends) = mpsc::channel::<()>();
            let other = thread::spawn(move || ends.recv());
            refuse(call, &[], libc::EPERM);
            let error = drop_privileges(&user).unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::Io(io::ErrorKind::PermissionDenied),
                "{error}"
            );
            drop(end);
            other.join().unwrap().unwrap_err();
        });
    }
}

/// The error names what this thread still has.
#[test]
fn a_refused_change_is_named() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    run(|| {
        // SAFETY: takes numbers, and no groups.
        assert_eq!(unsafe { libc::setgroups(0, std::ptr::null()) }, 0);
        refuse(libc::SYS_setgroups, &[], libc::EPERM);
        let error = drop_privileges(&User::new(NOBODY, NOBODY, &[1])).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("still has the supplementary groups (none)"),
            "{text}"
        );
    });
    run(|| {
        let drop_bounding = [(0, libc::PR_CAPBSET_DROP as u32)];
        refuse(libc::SYS_prctl, &drop_bounding, libc::EPERM);
        let error = drop_privileges(&User::new(NOBODY, NOBODY, &[])).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("still has the capabilities CapBnd 0x"),
            "{text}"
        );
    });
}

/// The error names the thread that still has rights after its signal.
#[test]
fn a_change_that_another_thread_is_refused_is_named() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    run(|| {
        let (refused, starts) = mpsc::channel();
        let (end, ends) = mpsc::channel::<()>();
        let other = thread::Builder::new().name("refused".to_owned());
        let other = other.spawn(move || {
            refuse(libc::SYS_setgroups, &[], libc::EPERM);
            refused.send(()).unwrap();
            ends.recv().unwrap_err();
        });
        starts.recv().unwrap();
        let error = drop_privileges(&User::new(NOBODY, NOBODY, &[1])).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("the thread `refused` ("), "{text}");
        assert!(
            text.contains("still has the supplementary groups"),
            "{text}"
        );
        drop(end);
        other.unwrap().join().unwrap();
    });
}

#[test]
fn a_name_without_a_user_is_an_error() {
    let error = User::from_name("no-such-user").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io(io::ErrorKind::NotFound));
    let text = "cannot look up the user `no-such-user`: there is no such user";
    assert_eq!(error.to_string(), text);
    let error = User::from_name("no\0body").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn a_thread_that_cannot_be_reached_is_refused_before_any_change() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    run(|| {
        let (started, starts) = mpsc::channel();
        let (end, ends) = mpsc::channel::<()>();
        let blocking = thread::Builder::new().name("blocking".to_owned());
        let blocking = blocking.spawn(move || {
            block(&(1..=libc::SIGRTMAX()).collect::<Vec<_>>());
            started.send(()).unwrap();
            ends.recv().unwrap();
        });
        starts.recv().unwrap();
        let before = all_rights();
        let user = User::new(NOBODY, NOBODY, &[]);
        let error = drop_privileges(&user).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let text = "the thread `blocking` (";
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(all_rights(), before);

        // Without this thread, the call succeeds. The signals of the thread that calls do not matter.
        end.send(()).unwrap();
        blocking.unwrap().join().unwrap();
        crate::support::wait_until("the thread ends", || own_statuses().len() == 1);
        block(&(1..=libc::SIGRTMAX()).collect::<Vec<_>>());
        drop_privileges(&user).unwrap();
    });
}

#[test]
fn without_privileges_only_the_same_user_is_permitted() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    run(|| {
        let nobody = User::new(NOBODY, NOBODY, &[NOBODY]);
        drop_privileges(&nobody).unwrap();
        drop_privileges(&nobody).unwrap();
        drop_privileges(&User::current().unwrap()).unwrap();
        for user in [
            User::new(1, NOBODY, &[NOBODY]),
            User::new(NOBODY, 1, &[NOBODY]),
            User::new(NOBODY, NOBODY, &[]),
        ] {
            let error = drop_privileges(&user).unwrap_err();
            let kind = ErrorKind::Io(io::ErrorKind::PermissionDenied);
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(" still has the "), "{error}");
        }
        check_rights(&own_statuses()[0], NOBODY, NOBODY);
    });
}
