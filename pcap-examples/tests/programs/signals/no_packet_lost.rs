//! Ending a capture with signals loses no packets.

use std::thread;
use std::time::Duration;

use super::{capture, packets_in, said};
use crate::common::live::{Running, Sender, in_netns};
use crate::common::{path_arg, run_tool, write_file};

/// timeout(1) sends a signal to its child, and then to its own process group, which includes the child.
#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn a_second_signal_soon_after_loses_no_packets() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        let sender = Sender::new();
        for (second, millis) in [
            (libc::SIGTERM, 0),
            (libc::SIGTERM, 2),
            (libc::SIGHUP, 20),
            (libc::SIGINT, 50),
            (libc::SIGTERM, 150),
        ] {
            let mut running = Running::start(&mut capture(&["-w", path_arg(&path)]));
            sender.send(1000, 64);
            running.signal(libc::SIGTERM);
            thread::sleep(Duration::from_millis(millis));
            // The program may already have ended.
            if running.child().try_wait().unwrap().is_none() {
                running.signal(second);
            }
            let (status, _, stderr) = running.end();
            assert_eq!(status.code(), Some(0), "{millis} ms: {stderr}");
            assert_eq!(said(&stderr, " packets captured"), 1000, "{stderr}");
            assert_eq!(said(&stderr, " dropped,"), 0, "{stderr}");
            assert_eq!(packets_in(&path), 1000, "{millis} ms");
        }
    });
}

/// Whatever the timeout, packets wait in the kernel's buffer for at most one second.
#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn a_long_timeout_loses_no_packets() {
    in_netns(|| {
        let sender = Sender::new();
        for options in [
            &["--timeout", "2000"][..],
            &["--timeout", "60000"],
            &["--timeout", "5000", "--threads", "2"],
            &["--timeout", "5000", "--duration", "1"],
        ] {
            let running = Running::start(&mut capture(options));
            sender.send(50, 64);
            if !options.contains(&"--duration") {
                running.signal(libc::SIGINT);
            }
            let (status, stdout, stderr) = running.end();
            assert_eq!(status.code(), Some(0), "{options:?}: {stderr}");
            assert_eq!(stdout.lines().count(), 50, "{options:?}: {stderr}");
            assert_eq!(said(&stderr, " packets captured"), 50, "{options:?}");
        }
    });
}

/// The programs do not compare packet times with the clock, which may be set or may differ from the clock of the
/// packets.
#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
#[cfg_attr(
    all(not(emulated), any(target_env = "musl", target_pointer_width = "32")),
    ignore = "the program loads no library of the compiler"
)]
fn setting_the_clock_back_loses_no_packets() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let source = "\
            #define _GNU_SOURCE\n\
            #include <time.h>\n#include <dlfcn.h>\n\
            int clock_gettime(clockid_t id, struct timespec *t) {\n\
                static int (*real)(clockid_t, struct timespec *);\n\
                if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, \"clock_gettime\");\n\
                int status = real(id, t);\n\
                if (id == CLOCK_REALTIME) t->tv_sec -= 10;\n\
                return status;\n\
            }\n";
        let source = write_file(folder.path(), "back.c", source.as_bytes());
        let library = folder.path().join("back.so");
        run_tool(
            "cc",
            &[
                "-shared",
                "-fPIC",
                "-o",
                path_arg(&library),
                path_arg(&source),
                "-ldl",
            ],
        );
        for options in [&[][..], &["--duration", "1"]] {
            let mut command = capture(options);
            let running = Running::start(command.env("LD_PRELOAD", &library));
            Sender::new().send(50, 64);
            if options.is_empty() {
                running.signal(libc::SIGINT);
            }
            let (status, stdout, stderr) = running.end();
            assert_eq!(status.code(), Some(0), "{stderr}");
            assert_eq!(stdout.lines().count(), 50, "{options:?}: {stderr}");
        }
    });
}
