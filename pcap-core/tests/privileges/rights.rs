//! What a process can do after it has dropped its privileges, and what it cannot do.

use std::ffi::{CString, c_ulong};
use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Barrier;
use std::thread;

use pcap_core::os::linux::{SenderExt, User, drop_privileges};
use pcap_core::{Capture, ErrorKind, Filter};

use crate::child::{Child, NOBODY, check_rights};
use crate::support::wire::{frame, number, wire};
use crate::support::{Netns, alone};

/// Files of root.
struct Files {
    folder: tempfile::TempDir,
    /// The network namespace of the test.
    namespace: File,
    /// A process of root.
    parent: i32,
}

impl Files {
    fn new() -> Files {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let files = Files {
            folder,
            namespace: File::open("/proc/thread-self/ns/net").unwrap(),
            parent: std::process::id() as i32,
        };
        fs::write(files.secret(), "secret").unwrap();
        fs::set_permissions(files.secret(), Permissions::from_mode(0o600)).unwrap();
        copy("id", &files.set_user_id());
        fs::set_permissions(files.set_user_id(), Permissions::from_mode(0o4755)).unwrap();
        copy("cat", &files.with_capability());
        add_capability(&files.with_capability());
        files
    }

    fn secret(&self) -> PathBuf {
        self.folder.path().join("secret")
    }

    /// Returns a program that runs as root, and prints its effective user.
    fn set_user_id(&self) -> PathBuf {
        self.folder.path().join("id")
    }

    /// Returns a program that may read all files, and prints one.
    fn with_capability(&self) -> PathBuf {
        self.folder.path().join("cat")
    }

    /// Returns what both programs print, or why they cannot be started.
    fn outputs(&self, prepare: impl Fn(&mut Command)) -> [String; 2] {
        let mut id = Command::new(self.set_user_id());
        id.arg("-u");
        let mut cat = Command::new(self.with_capability());
        cat.arg(self.secret());
        [id, cat].map(|mut command| {
            prepare(&mut command);
            match command.output() {
                Ok(output) => String::from_utf8(output.stdout).unwrap(),
                Err(error) => error.kind().to_string(),
            }
        })
    }
}

/// Copies a program with `cp`: a program cannot be executed while this process has it open for writing.
fn copy(name: &str, to: &Path) {
    let path = ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(name));
    let path = path.iter().find(|path| path.exists()).unwrap();
    // A link to a program of many names would not know which it is.
    let copied = Command::new("cp").arg("-L").args([path, to]).status();
    assert!(copied.unwrap().success());
}

/// Adds `cap_dac_read_search+ep` to a program, as setcap(8) does.
fn add_capability(path: &Path) {
    const CAP_DAC_READ_SEARCH: u32 = 2;
    // Version 2, effective; the permitted and inheritable sets, the lower bits first.
    let value = [0x0200_0001, 1 << CAP_DAC_READ_SEARCH, 0, 0, 0].map(u32::to_le_bytes);
    let value = value.concat();
    let path = CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: both texts are C strings, and the value has this length.
    let status = unsafe {
        libc::setxattr(
            path.as_ptr(),
            c"security.capability".as_ptr(),
            value.as_ptr().cast(),
            value.len(),
            0,
        )
    };
    assert_eq!(status, 0, "setxattr: {}", io::Error::last_os_error());
}

/// Tries in this thread all that requires privileges.
fn check_that_all_fails(files: &Files) {
    for options in ["left", "any"].map(Capture::from_device) {
        let error = options.activate().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    }
    let error = Capture::from_device("left").rfmon(true).activate();
    assert!(error.is_err());
    for path in [Path::new("/etc/shadow"), &files.secret()] {
        let error = fs::read(path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}");
    }
    let error = chown(files.secret(), Some(NOBODY), None).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    assert!(File::create(files.folder.path().join("new")).is_err());

    let none: c_ulong = 0;
    let keep = u32::MAX;
    let namespace = files.namespace.as_raw_fd();
    // A header of capset(2), and the effective, permitted and inheritable set of CAP_NET_RAW.
    let header = [0x2008_0522_u32, 0];
    let sets = [1_u32 << 13, 1 << 13, 0, 0, 0, 0];
    // Also of the threads: the C library's functions would first change other threads.
    let calls = [
        // SAFETY: takes three numbers.
        ("packet socket", unsafe {
            libc::socket(libc::AF_PACKET, libc::SOCK_RAW, 0).into()
        }),
        // SAFETY: takes a descriptor and a number.
        ("setns", unsafe {
            libc::setns(namespace, libc::CLONE_NEWNET).into()
        }),
        // SAFETY: takes a number.
        ("unshare", unsafe {
            libc::unshare(libc::CLONE_NEWNET).into()
        }),
        // SAFETY: takes two numbers; the number 0 sends no signal.
        ("kill", unsafe { libc::kill(files.parent, 0).into() }),
        // SAFETY: takes a number.
        ("setuid", unsafe { libc::syscall(libc::SYS_setuid, 0) }),
        // SAFETY: takes three numbers.
        ("setresuid", unsafe {
            libc::syscall(libc::SYS_setresuid, keep, 0, keep)
        }),
        // SAFETY: takes a number.
        ("setgid", unsafe { libc::syscall(libc::SYS_setgid, 0) }),
        // SAFETY: takes a number of groups, and a pointer to none.
        ("setgroups", unsafe {
            libc::syscall(libc::SYS_setgroups, 0, 0)
        }),
        // SAFETY: both pointers are valid for reading.
        ("capset", unsafe {
            libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr())
        }),
        // SAFETY: this option takes numbers.
        ("securebits", unsafe {
            libc::prctl(libc::PR_SET_SECUREBITS, none, none, none, none).into()
        }),
        // SAFETY: as above.
        ("no_new_privs", unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, none, none, none, none).into()
        }),
    ];
    for (name, status) in calls {
        assert_eq!(status, -1, "{name} is permitted");
    }
    // SAFETY: this option takes no argument.
    let securebits = unsafe { libc::prctl(libc::PR_GET_SECUREBITS) };
    assert_eq!(securebits, 0b1110_1011);
    let outputs = files.outputs(|_| ());
    assert_eq!(outputs, [format!("{NOBODY}\n"), "permission denied".into()]);
}

#[test]
fn open_captures_go_on_and_nothing_else_is_permitted() {
    let _alone = alone();
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    let files = Files::new();
    // Without the call, both programs give rights to every user.
    let outputs = files.outputs(|command| _ = command.uid(NOBODY).gid(NOBODY));
    assert_eq!(outputs, ["0\n", "secret"]);

    let path = files.folder.path().join("a.pcap");
    let mut child = Child::start(|parent| {
        let sender = left.sender().unwrap();
        let mut dumper = right.dump(&path).unwrap();
        let dropped = Barrier::new(2);
        thread::scope(|scope| {
            // Threads that exist before the call: one waits for packets, and another one for the end of the call.
            let reader = scope.spawn(|| {
                for expected in 0..40 {
                    let Some(packet) = right.next_packet().unwrap() else {
                        panic!("expected a packet");
                    };
                    assert_eq!(number(packet.data()), expected);
                    dumper.write(packet).unwrap();
                }
                // A new filter, and the statistics.
                let filter = Filter::compile(right.datalink(), "ether[14:4] >= 100").unwrap();
                right.set_filter(&filter).unwrap();
                for number in 98..102 {
                    sender.inject(&frame(number, 60)).unwrap();
                }
                let Some(packet) = right.next_packet().unwrap() else {
                    panic!("expected a packet");
                };
                assert_eq!(number(packet.data()), 100);
                assert_eq!(right.stats().unwrap().dropped, 0);
                dumper.flush().unwrap();
            });
            let other = scope.spawn(|| {
                dropped.wait();
                check_that_all_fails(&files);
            });
            for number in 0..20 {
                left.inject(&frame(number, 60)).unwrap();
            }
            drop_privileges(&User::new(NOBODY, NOBODY, &[NOBODY])).unwrap();
            parent.pause();
            for number in 20..40 {
                left.inject(&frame(number, 60)).unwrap();
            }
            check_that_all_fails(&files);
            dropped.wait();
            other.join().unwrap();
            reader.join().unwrap();
            // A new thread.
            scope.spawn(|| check_that_all_fails(&files));
        });
    });
    if child.is_paused() {
        let statuses = child.statuses();
        assert_eq!(statuses.len(), 3);
        for status in statuses {
            check_rights(&status, NOBODY, NOBODY);
        }
        child.resume();
    }
    child.end();
    let mut written = Capture::from_file(&path).unwrap();
    assert_eq!(written.for_each(|_| ()).unwrap().packets(), 40);
}

#[test]
fn the_groups_are_those_of_the_user() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let output = |option| {
        let output = Command::new("id").args([option, "nobody"]).output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        let mut ids: Vec<u32> = text
            .split_whitespace()
            .map(|id| id.parse().unwrap())
            .collect();
        ids.sort_unstable();
        ids
    };
    let user = User::from_name("nobody").unwrap();
    let mut groups = user.groups().to_vec();
    groups.sort_unstable();
    assert_eq!([user.uid()], *output("-u"));
    assert_eq!([user.gid()], *output("-g"));
    assert_eq!(groups, output("-G"));
    assert_eq!(user.to_string(), "nobody");
    crate::child::run(|| {
        // The test may have more groups.
        let many = [1, 2, 3];
        // SAFETY: the pointer is valid for three numbers.
        assert_eq!(unsafe { libc::setgroups(3, many.as_ptr()) }, 0);
        assert_eq!(User::current().unwrap().groups(), many);
        drop_privileges(&user).unwrap();
        let current = User::current().unwrap();
        let mut current_groups = current.groups().to_vec();
        current_groups.sort_unstable();
        assert_eq!(current_groups, groups);
        assert_eq!((current.uid(), current.gid()), (user.uid(), user.gid()));
    });
}
