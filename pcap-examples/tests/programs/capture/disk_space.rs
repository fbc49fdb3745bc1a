//! Savefiles on a disk that is almost full.

use std::fs;
use std::process::Command;

use super::rotation::{capture, names};
use crate::common::live::{Running, Sender, in_netns};
use crate::common::process::wait_until;
use crate::common::{path_arg, reset_signals, run};

/// What a capture on a small file system has left.
struct OnDisk {
    status: i32,
    stderr: String,
    /// The names of the savefiles, with their lengths and numbers of packets.
    files: Vec<(String, u64, usize)>,
}

impl OnDisk {
    fn packets(&self) -> usize {
        self.files.iter().map(|file| file.2).sum()
    }
}

/// Runs a capture on a file system of this size, while datagrams of this length arrive, until it ends or has finished a
/// number of files.
fn on_own_disk(size: &str, options: &str, length: usize, finished: usize) -> OnDisk {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    // The file system disappears with the namespace, so copy the files.
    let script = "mount --make-rprivate / 2>/dev/null; mount -t tmpfs -o size=$0 none disk || exit 99; \
                  \"$@\" & trap \"kill -INT $!\" INT; wait $!; wait $!; status=$?; \
                  cp disk/* .; umount disk; exit $status";
    let mut unshare = Command::new("unshare");
    unshare.args(["-m", "--propagation", "unchanged", "sh", "-c", script, size]);
    let command = capture(folder.path(), options);
    unshare.arg(command.get_program()).args(command.get_args());
    unshare.current_dir(folder.path());
    // A shell cannot trap a signal that was ignored when it started.
    reset_signals(&mut unshare);
    let mut running = Running::start(&mut unshare);
    let list = folder.path().join("list");
    let sender = Sender::new();
    let mut is_asked = false;
    wait_until("the capture ends", || {
        sender.send(400, length);
        let listed = fs::read_to_string(&list).unwrap_or_default();
        if listed.lines().count() >= finished && !is_asked {
            is_asked = true;
            running.signal(libc::SIGINT);
        }
        running.child().try_wait().unwrap().is_some()
    });
    let (status, _, stderr) = running.end();
    let mut files = names(folder.path());
    files.retain(|name| name.starts_with("a_") || name.starts_with("a."));
    let describe = |name: String| {
        let path = folder.path().join(&name);
        // gzip passes on what is not compressed.
        let script = "gzip -dcf \"$0\" | tcpdump -n -r -";
        let read = run(Command::new("sh").args(["-c", script, path_arg(&path)]));
        let packets = read.stdout.split(|&byte| byte == b'\n').count() - 1;
        (name, fs::metadata(&path).unwrap().len(), packets)
    };
    OnDisk {
        status: status.code().unwrap(),
        stderr,
        files: files.into_iter().map(describe).collect(),
    }
}

#[test]
fn free_space_is_kept() {
    in_netns(|| {
        // Without a ring, the capture ends and no packet is lost. Ten megabytes may be used; the rest is for the packets
        // that arrive until the program checks again.
        let options = "--min-free 96% -b filesize:1000 -w disk/a.pcap -b printname:list";
        let ran = on_own_disk("256m", options, 1000, usize::MAX);
        assert_eq!(ran.status, 1, "{}", ran.stderr);
        let text = "bytes of free space, found";
        assert!(ran.stderr.contains(text), "{}", ran.stderr);
        assert!(!ran.stderr.contains("not written"), "{}", ran.stderr);
        assert!(ran.packets() > 4000, "{:?}", ran.files);
        // With a ring, the oldest files are removed.
        let options = format!("{options} -b files:1000");
        let ran = on_own_disk("256m", &options, 1000, 20);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(!ran.files[0].0.starts_with("a_00001"), "{:?}", ran.files);
        // The names of files that were removed for space are used again, too.
        let options = "--min-free 8MiB -C 500KB -W 30 -w disk/a.pcap -b printname:list";
        let ran = on_own_disk("16m", options, 1000, 60);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        for (name, ..) in &ran.files {
            assert!(name.as_str() < "a.pcap30", "{:?}", ran.files);
        }
    });
}

/// The space is checked while a file is written: a flood fills such a disk in a fraction of a second.
#[test]
fn free_space_is_kept_during_a_flood() {
    in_netns(|| {
        for (options, least) in [
            ("-w disk/a.pcap", 1),
            ("-b filesize:100MB -b files:9 -w disk/a.pcap", 1),
            (
                "-b filesize:4MB -b files:99 -w disk/a.pcap -b printname:list",
                3,
            ),
        ] {
            let options = format!("--min-free 16MiB --queue 1M {options}");
            let ran = on_own_disk("48m", &options, 60_000, 30);
            let used: u64 = ran.files.iter().map(|file| file.1).sum();
            // The packets in the queue and in the kernel's buffer are still written.
            assert!(used < 38 << 20, "{options}: {:?}", ran.files);
            assert!(ran.files.len() >= least, "{:?}", ran.files);
            assert!(!ran.stderr.contains("not written"), "{}", ran.stderr);
            assert_eq!(ran.status, i32::from(least == 1), "{}", ran.stderr);
        }
    });
}

#[test]
fn a_full_disk_is_one_error_and_leaves_no_empty_files() {
    in_netns(|| {
        for (size, options, lines) in [
            ("16m", "-b filesize:1000 -b files:999 -w disk/a.pcap", 1),
            ("128k", "-b filesize:20 -b files:999 -w disk/a.pcapng.gz", 1),
            (
                "16m",
                "-b filesize:1000 -b files:999 -w disk/a.pcap --also udp=disk/b.pcap",
                2,
            ),
        ] {
            let ran = on_own_disk(size, options, 60_000, usize::MAX);
            let stderr = &ran.stderr;
            assert_eq!(ran.status, 1, "{stderr}");
            assert_eq!(stderr.matches("No space left").count(), lines, "{stderr}");
            assert_eq!(
                stderr.matches("pcap-capture: cannot").count(),
                lines,
                "{stderr}"
            );
            assert!(stderr.contains("packets not written"), "{stderr}");
            let captured = |line: &str| line.split_once(" packets captured,")?.0.parse().ok();
            let captured: usize = stderr.lines().find_map(captured).unwrap();
            // Packets of a compressed file may be on the disk before they count.
            assert!(ran.packets() >= captured, "{stderr}: {:?}", ran.files);
            for (name, length, packets) in &ran.files {
                assert!(*length > 0 && *packets > 0, "{name}: {:?}", ran.files);
            }
        }
    });
}
