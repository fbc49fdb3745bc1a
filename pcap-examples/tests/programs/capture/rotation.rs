//! One savefile after another.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use pcap_core::pcapng::Block;

use super::{numbers, words};
use crate::common::live::{PORT, Running, Sender, bind_to_port, in_netns};
use crate::common::process::wait_until;
use crate::common::{path_arg, program, run, run_tool};

/// Returns a command that captures the datagrams of a [`Sender`] in a folder.
pub(super) fn capture(folder: &Path, options: &str) -> Command {
    let mut command = program("capture");
    command.current_dir(folder).args(["-i", "lo"]);
    command.args(words(options)).args(words("udp port 9999"));
    command
}

/// Ends a capture with SIGINT, and returns the files that it has listed on standard output.
fn end(running: Running, expected: i32) -> Vec<String> {
    running.signal(libc::SIGINT);
    let (status, stdout, stderr) = running.end();
    assert_eq!(status.code(), Some(expected), "{stderr}");
    stdout.lines().map(str::to_owned).collect()
}

/// Returns the names of the files in a folder, sorted.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
    let mut names: Vec<_> = entries
        .map(|entry| name(entry).into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

/// Returns the numbers of the packets in several files, in the order of the files.
fn all_numbers(folder: &Path, names: &[String]) -> Vec<u32> {
    let numbers = names.iter().map(|name| numbers(&folder.join(name)));
    numbers.collect::<Vec<_>>().concat()
}

#[test]
fn each_packet_is_in_one_file_of_limited_size() {
    in_netns(|| {
        for (options, extension) in [("-C 20kB -w a.pcap", ""), ("-C 20kB -w a.pcapng", "")] {
            let folder = tempfile::tempdir().unwrap();
            let options = format!("{options} --print-files{extension}");
            let running = Running::start(&mut capture(folder.path(), &options));
            Sender::new().send(200, 1000);
            let files = end(running, 0);
            assert!(files.len() > 10, "{files:?}");
            assert!(files[0].starts_with("a.pcap") && files[1].ends_with('1'));
            let sorted = all_numbers(folder.path(), &files);
            assert_eq!(sorted, (0..200).collect::<Vec<_>>());
            for name in &files {
                assert!(folder.path().join(name).metadata().unwrap().len() <= 20_000);
            }
            assert_eq!(names(folder.path()).len(), files.len());
        }
    });
}

#[test]
fn each_pcapng_file_is_complete() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let options = "-b packets:20 -w a.pcapng --print-files";
        let running = Running::start(&mut capture(folder.path(), options));
        Sender::new().send(100, 100);
        let files = end(running, 0);
        assert_eq!(files.len(), 5, "{files:?}");
        for (index, name) in files.iter().enumerate() {
            let path = folder.path().join(name);
            let mut reader = pcap_core::pcapng::Reader::open(&path).unwrap();
            let (mut packets, mut received) = (0, None);
            while let Some(block) = reader.next_block().unwrap() {
                match block {
                    Block::Packet(_) => packets += 1,
                    Block::Statistics(statistics) => received = statistics.received(),
                    _ => {}
                }
            }
            assert_eq!((packets, reader.interfaces().len()), (20, 1));
            assert!(received >= Some(20 * (index as u64 + 1)), "{received:?}");
        }
    });
}

#[test]
fn a_ring_keeps_the_newest_files_and_those_of_others() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.pcap1"), "of another program").unwrap();
        let options = "-C 20kB -W 3 -w a.pcap --print-files";
        let running = Running::start(&mut capture(folder.path(), options));
        Sender::new().send(200, 1000);
        end(running, 0);
        let all = names(folder.path());
        let other = folder.path().join("a.pcap1");
        assert_eq!(fs::read(other).unwrap(), b"of another program");
        let ours: Vec<_> = all.into_iter().filter(|name| name != "a.pcap1").collect();
        assert!((2..=3).contains(&ours.len()), "{ours:?}");
        let mut kept = all_numbers(folder.path(), &ours);
        kept.sort_unstable();
        assert_eq!(kept, (200 - kept.len() as u32..200).collect::<Vec<_>>());

        let folder = tempfile::tempdir().unwrap();
        let options = "-b filesize:20 -b total:50 -w a.pcapng";
        let running = Running::start(&mut capture(folder.path(), options));
        Sender::new().send(200, 1000);
        end(running, 0);
        let ours = names(folder.path());
        let sizes = ours
            .iter()
            .map(|name| fs::metadata(folder.path().join(name)).unwrap().len());
        assert!(sizes.sum::<u64>() <= 50_000 && ours.len() >= 2, "{ours:?}");
        assert!(
            ours[0].starts_with("a_000") && ours[0].ends_with(".pcapng"),
            "{ours:?}"
        );
        assert!(all_numbers(folder.path(), &ours).ends_with(&[198, 199]));
    });
}

#[test]
fn files_of_packets_are_finished_and_listed_at_once() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let options = "-b packets:10 -w a.pcap.gz --json -b printname:- --sync file";
        let mut running = Running::start(&mut capture(folder.path(), options));
        let stdout = running.child().stdout.take().unwrap();
        let mut lines = BufReader::new(stdout).lines();
        let sender = Sender::new();
        for number in 1..=3 {
            sender.send(10, 100);
            // The capture continues meanwhile.
            let line = lines.next().unwrap().unwrap();
            let file: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(
                (&file["type"], &file["packets"]),
                (&"file".into(), &10.into())
            );
            let path = folder.path().join(file["path"].as_str().unwrap());
            assert!(path.to_str().unwrap().contains(&format!("/a_{number:05}_")));
            assert!(path.to_str().unwrap().ends_with(".pcap.gz"), "{line}");
            assert_eq!(file["bytes"], fs::metadata(&path).unwrap().len());
            assert!(file["first"].as_str() <= file["last"].as_str());
            run_tool("gzip", &["-t", path_arg(&path)]);
        }
        end(running, 0);
    });
}

#[test]
fn a_time_limit_ends_an_idle_file_and_the_capture() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a.pcap"), "old").unwrap();
        // Two periods without a packet: there is one file, which has another name than the existing one.
        let ran = run(&mut capture(
            folder.path(),
            "-G 0.2 -W 2 -w a.pcap --print-files",
        ));
        assert_eq!(
            (ran.status, ran.stdout.as_slice()),
            (Some(0), &b"a-1.pcap\n"[..])
        );
        assert_eq!(fs::read(path("a.pcap")).unwrap(), b"old");
        assert!(numbers(&path("a-1.pcap")).is_empty());

        let mut running = Running::start(&mut capture(
            folder.path(),
            "-b interval:0.2 -w time/%F/%H%M%S%N.pcapng --print-files -z true",
        ));
        let stdout = running.child().stdout.take().unwrap();
        let mut lines = BufReader::new(stdout).lines();
        for _ in 0..3 {
            Sender::new().send(5, 100);
            // The file is finished on time, although no packet arrives.
            let name = lines.next().unwrap().unwrap();
            assert_eq!(numbers(&path(&name)), (0..5).collect::<Vec<_>>());
        }
        end(running, 0);
        let days = names(&path("time"));
        let files: usize = days
            .iter()
            .map(|day| names(&path("time").join(day)).len())
            .sum();
        assert_eq!(files, 3, "no file is empty");
    });
}

#[test]
fn a_command_runs_for_each_finished_file() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let hook = folder.path().join("hook.sh");
        fs::write(
            &hook,
            "#!/bin/sh\necho \"$# $(nice) done\" > \"$1.done\"\necho noise\n",
        )
        .unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
        let options = "-b packets:10 -w a.pcap --print-files -z ./hook.sh";
        let running = Running::start(&mut capture(folder.path(), options));
        Sender::new().send(95, 100);
        let files = end(running, 0);
        assert_eq!(files.len(), 10, "{files:?}");
        for name in &files {
            let done = fs::read_to_string(folder.path().join(format!("{name}.done"))).unwrap();
            assert!(
                done.starts_with("1 ") && done.ends_with(" done\n"),
                "{done}"
            );
        }

        let running = Running::start(&mut capture(folder.path(), "-w b.pcap -z false"));
        running.signal(libc::SIGINT);
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(1));
        assert!(
            stderr.contains("cannot run `false b.pcap`: exit status: 1"),
            "{stderr}"
        );
        let ran = run(&mut capture(folder.path(), "-w c.pcap -z ./none"));
        assert!(ran.stderr.contains("cannot run `./none`"), "{}", ran.stderr);
    });
}

/// The commands are slower than the ring. Each moves its file away, and none may find a newer one of the same name.
#[test]
fn a_ring_keeps_files_until_their_commands_have_ended() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let hook = folder.path().join("hook.sh");
        let script = "#!/bin/sh\nsleep 1\nmv \"$1\" saved.$$ || exit 1\n";
        fs::write(&hook, script).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
        for (options, least) in [
            ("-C 2KiB -W 2 -w a.pcap -z ./hook.sh", 2),
            ("-b packets:2 -b files:2 -w b.pcap -z ./hook.sh", 2),
            ("-b filesize:2 -b total:5 -w c.pcap -z ./hook.sh", 1),
        ] {
            let running = Running::start(&mut capture(folder.path(), options));
            let sender = Sender::new();
            sender.send(8, 500);
            // The commands of the first files have ended, so their names are free.
            wait_until("files are moved", || saved(folder.path()).len() >= least);
            sender.send(8, 500);
            running.signal(libc::SIGINT);
            let (status, _, stderr) = running.end();
            assert_eq!(status.code(), Some(0), "{options}: {stderr}");
            let files = saved(folder.path());
            let mut found = all_numbers(folder.path(), &files);
            found.sort_unstable();
            let expected: Vec<u32> = (0..8).flat_map(|number| [number; 2]).collect();
            assert_eq!(found, expected, "{options}: {stderr}");
            files
                .iter()
                .for_each(|name| fs::remove_file(folder.path().join(name)).unwrap());
        }
    });
}

/// Returns the names of the files that the commands have moved.
fn saved(folder: &Path) -> Vec<String> {
    let mut names = names(folder);
    names.retain(|name| name.starts_with("saved."));
    names
}

#[test]
fn after_sigkill_all_files_but_the_last_are_whole() {
    in_netns(|| {
        for options in ["-b filesize:40 -w a.pcap", "-b filesize:4 -w a.pcapng.gz"] {
            let folder = tempfile::tempdir().unwrap();
            let mut running = Running::start(&mut capture(folder.path(), options));
            let sender = Sender::new();
            let length = |name: &String| fs::metadata(folder.path().join(name)).unwrap().len();
            wait_until("three files have contents", || {
                sender.send(100, 500);
                let files = names(folder.path());
                files.iter().filter(|name| length(name) > 0).count() > 2
            });
            running.child().kill().unwrap();
            running.child().wait().unwrap();
            let mut files = names(folder.path());
            // The newest files may still be empty. The one before them is being written.
            while files.pop().is_some_and(|name| length(&name) == 0) {}
            assert!(files.len() >= 2, "{files:?}");
            for name in files {
                // tshark reports truncated files, whether compressed or not.
                run_tool("tshark", &["-n", "-r", path_arg(&folder.path().join(name))]);
            }
        }
    });
}

#[test]
fn contradictions_are_usage_errors() {
    let folder = tempfile::tempdir().unwrap();
    for (options, part) in [
        ("-C 1 -G 1 -W 1 -w a", "use `-b files:N`"),
        ("-C 1", "use `-w FILE`"),
        ("-C 1 -w -", "standard output"),
        ("-G 1 -w a --print --print-files", "use --json"),
        ("-b files:3 -w a", "a ring needs"),
    ] {
        let ran = run(program("capture")
            .current_dir(folder.path())
            .args(words(options)));
        assert_eq!(ran.status, Some(2), "{options}");
        assert!(ran.stderr.contains(part), "{options}: {}", ran.stderr);
    }
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn a_ring_of_one_file_has_the_name_of_the_option() {
    in_netns(|| {
        for (options, name) in [
            ("-C 20kB -W 1", "a.pcap"),
            ("-b filesize:20 -b files:1", "a_"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let options = format!("{options} -w a.pcap");
            let running = Running::start(&mut capture(folder.path(), &options));
            Sender::new().send(100, 1000);
            end(running, 0);
            let files = names(folder.path());
            assert_eq!(files.len(), 1, "{files:?}");
            assert!(files[0].starts_with(name), "{files:?}");
            let kept = numbers(&folder.path().join(&files[0]));
            assert!(kept.ends_with(&[99]) && kept.len() < 20, "{kept:?}");
        }
    });
}

/// Each savefile has a compressor, so closing them takes longer than receiving their packets.
#[test]
fn waiting_for_savefiles_to_close_is_counted() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let options = "-B 16M --json --compress zstd:15 -b packets:1 -w a.pcap.zst";
        let running = Running::start(&mut capture(folder.path(), options));
        Sender::new().send(30, 1000);
        let lines = end(running, 0);
        let statistics: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(statistics["packets"], 30);
        assert!(statistics["waits"].as_u64() >= Some(1), "{statistics}");
        assert!(
            statistics["waited_seconds"].as_f64() > Some(0.0),
            "{statistics}"
        );
        assert_eq!(names(folder.path()).len(), 30);
    });
}

/// Sends this many datagrams of 8 KiB that cannot be compressed, or hardly can be, as fast as possible.
fn flood(count: u32, is_compressible: bool) {
    let from = UdpSocket::bind("127.0.0.1:0").unwrap();
    let _to = bind_to_port();
    let mut state = 1_u64;
    let mut data = vec![7; 8192];
    for number in 0..count {
        if !is_compressible {
            for bytes in data.chunks_mut(8) {
                // A linear congruential generator.
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                bytes.copy_from_slice(&state.rotate_right(29).to_le_bytes());
            }
        }
        data[..4].copy_from_slice(&number.to_be_bytes());
        from.send_to(&data, ("127.0.0.1", PORT)).unwrap();
    }
}

/// The sizes of compressed files are those on the disk, although the compressor lags behind a flood.
#[test]
fn sizes_of_compressed_files_are_those_on_the_disk() {
    in_netns(|| {
        for (extension, is_compressible) in
            [("gz", false), ("zst", false), ("lz4", false), ("gz", true)]
        {
            let folder = tempfile::tempdir().unwrap();
            let sizes = if is_compressible {
                "-b filesize:20 -b total:100"
            } else {
                "-b filesize:1000 -b total:5000"
            };
            let options = format!("-B 64M {sizes} --print-files -w a.pcap.{extension}");
            let running = Running::start(&mut capture(folder.path(), &options));
            let count = if is_compressible { 6000 } else { 2000 };
            flood(count, is_compressible);
            running.signal(libc::SIGINT);
            let (status, _, stderr) = running.end();
            assert_eq!(status.code(), Some(0), "{stderr}");
            let files = names(folder.path());
            let lengths = files
                .iter()
                .map(|name| fs::metadata(folder.path().join(name)).unwrap().len());
            let lengths: Vec<_> = lengths.collect();
            let (max, total) = if is_compressible {
                (40_000, 100_000)
            } else {
                (1_250_000, 5_000_000)
            };
            assert!(
                lengths.iter().all(|length| *length <= max),
                "{extension}: {lengths:?}"
            );
            let sum: u64 = lengths.iter().sum();
            // The ring is not emptied more than necessary.
            assert!(
                sum <= total && sum >= total / 2,
                "{extension}: {lengths:?}\n{stderr}"
            );
        }
    });
}
