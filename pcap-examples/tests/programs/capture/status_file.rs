//! The status file, and messages to the service manager.

use std::fs;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::net::UnixDatagram;
use std::ptr::null_mut;
use std::time::{Duration, Instant};

use super::words;
use crate::common::live::{Running, Sender, in_netns};
use crate::common::process::{Lines, Process, wait_until, whole_packets};
use crate::common::{path_arg, program};

#[test]
fn the_status_file_is_current_and_whole() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let (path, status) = (
            folder.path().join("a.pcap"),
            folder.path().join("status.json"),
        );
        let mut command = program("capture");
        let line = format!(
            "-i lo -w {} --status-file {} udp",
            path_arg(&path),
            path_arg(&status)
        );
        let running = Running::start(command.args(words(&line)));
        let read = || -> serde_json::Value {
            serde_json::from_str(&fs::read_to_string(&status).unwrap()).unwrap()
        };
        assert_eq!(
            (&read()["type"], &read()["state"]),
            (&"status".into(), &"running".into())
        );
        assert_eq!(read()["file"], path_arg(&path));
        Sender::new().send(25, 100);
        wait_until("the status counts the packets", || read()["packets"] == 25);
        let running_status = read();
        assert_eq!(running_status["file"], path_arg(&path));
        assert_eq!(running_status["interfaces"][0]["interface"], "lo");
        assert_eq!(running_status["dropped"], 0);
        running.signal(libc::SIGINT);
        let (code, _, stderr) = running.end();
        assert_eq!(code.code(), Some(0), "{stderr}");
        assert_eq!(
            (&read()["state"], &read()["packets"]),
            (&"ended".into(), &25.into())
        );
    });
}

/// A terminal that is stopped with Ctrl-S delays neither the status nor the last one, after further signals.
#[test]
fn a_stopped_terminal_does_not_stop_the_status() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let status = folder.path().join("status.json");
        let mut command = program("capture");
        command.args(words("-i lo --status-file")).arg(&status);
        command.arg("-w").arg(folder.path().join("a.pcap"));
        let (mut master, mut slave) = (0, 0);
        let (name, termios, size) = (null_mut(), null_mut(), null_mut());
        // SAFETY: both numbers may be written; the other arguments may be null.
        let opened = unsafe { libc::openpty(&mut master, &mut slave, name, termios, size) };
        assert_eq!(opened, 0, "is /dev/pts mounted?");
        // SAFETY: the descriptor is open, and nothing else owns it.
        let mut master = unsafe { fs::File::from_raw_fd(master) };
        // SAFETY: as above.
        let slave = unsafe { fs::File::from_raw_fd(slave) };
        let terminal = slave.try_clone().unwrap();
        // The terminal shows the line for a while.
        std::thread::spawn(move || _ = io::copy(&mut master, &mut io::sink()));
        let mut process = Process::of(command.arg("udp").stderr(terminal).spawn().unwrap());
        let read = || -> Option<serde_json::Value> {
            serde_json::from_str(&fs::read_to_string(&status).ok()?).unwrap()
        };
        let counts = |packets: u64| read().is_some_and(|status| status["packets"] == packets);
        wait_until("the program captures", || counts(0));
        Sender::new().send(5, 100);
        wait_until("the status counts the packets", || counts(5));
        // SAFETY: the descriptor is open.
        let stopped = unsafe { libc::tcflow(slave.as_raw_fd(), libc::TCOOFF) };
        assert_eq!(stopped, 0);
        for packets in [10, 15] {
            let time = read().unwrap()["time"].clone();
            wait_until("the status is written", || read().unwrap()["time"] != time);
            Sender::new().send(5, 100);
            wait_until("the status counts the packets", || counts(packets));
        }
        assert_eq!(read().unwrap()["state"], "running");
        for _ in 0..3 {
            process.signal(libc::SIGINT);
            std::thread::sleep(Duration::from_millis(30));
        }
        wait_until("it ends", || !process.is_running());
        assert_eq!(process.end().status, Some(1));
        assert_ne!(read().unwrap()["state"], "running");
        assert_eq!(read().unwrap()["packets"], 15);
    });
}

/// The reader of the lines may need no more of them. That is no failure, as the exit status says.
#[test]
fn a_closed_pipe_of_lines_is_no_failure() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("status.json");
        let mut command = program("capture");
        command.args(words("-i lo -q --status-file")).arg(&path);
        let mut process = Process::piped(command.arg("udp"));
        wait_until("the program captures", || path.exists());
        drop(process.child().stdout.take());
        let sender = Sender::new();
        wait_until("it ends", || {
            sender.send(20, 100);
            !process.is_running()
        });
        let ran = process.end();
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        let status = fs::read_to_string(&path).unwrap();
        let status: serde_json::Value = serde_json::from_str(&status).unwrap();
        assert_eq!(status["state"], "ended", "{status}");
        assert_eq!(status["pending"], 0, "{status}");
    });
}

/// The counts are those of all threads together.
#[test]
fn threads_share_a_status_file() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let status = folder.path().join("status.json");
        let mut command = program("capture");
        command
            .args(words("-i lo --threads 3 -q --status-file"))
            .arg(&status);
        command.arg("-w").arg(folder.path().join("a.pcap"));
        let mut process = Process::start(command.arg("udp"));
        let read = || -> Option<serde_json::Value> {
            serde_json::from_str(&fs::read_to_string(&status).ok()?).unwrap()
        };
        wait_until("the threads capture", || {
            read().is_some_and(|status| status["received"] == 0)
        });
        // Several flows, for several threads.
        let sent = (0..8).map(|_| Sender::new().send(5, 100)).count() * 5;
        wait_until("the status counts the packets", || {
            read().is_some_and(|status| status["packets"] == sent)
        });
        let running = read().unwrap();
        assert_eq!(running["received"], sent);
        assert_eq!(running["interfaces"].as_array().unwrap().len(), 1);
        assert!(process.is_running());
        process.signal(libc::SIGINT);
        assert_eq!(process.end().status, Some(0));
        assert_eq!(read().unwrap()["state"], "ended");
    });
}

#[test]
fn the_service_manager_is_notified() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let receive = || {
            let mut message = [0; 64];
            let length = socket.recv(&mut message).unwrap();
            String::from_utf8_lossy(&message[..length]).into_owned()
        };
        for options in ["-i lo udp", "-i lo --threads 2 udp"] {
            let mut command = program("capture");
            command
                .env("NOTIFY_SOCKET", &path)
                .env("WATCHDOG_USEC", "400000");
            let running = Running::start(command.args(words(options)));
            assert_eq!(receive(), "READY=1");
            assert_eq!(receive(), "WATCHDOG=1");
            assert_eq!(receive(), "WATCHDOG=1");
            running.signal(libc::SIGTERM);
            while receive() != "STOPPING=1" {}
            let (status, _, stderr) = running.end();
            assert_eq!(status.code(), Some(0), "{stderr}");
        }
    });
}

/// Waiting for an output is visible while it lasts, and is no reason to restart the program.
#[test]
fn a_blocked_output_is_reported_but_not_as_a_hang() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let (path, status) = (folder.path().join("notify"), folder.path().join("status"));
        let socket = UnixDatagram::bind(&path).unwrap();
        let mut command = program("capture");
        command.args(words("-i lo -B 16M --queue 64K --json -w - --status-file"));
        command
            .arg(&status)
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "400000");
        let mut running = Running::start(command.arg("udp"));
        Sender::new().send(1000, 1000);
        let read = || -> serde_json::Value {
            serde_json::from_str(&fs::read_to_string(&status).unwrap()).unwrap()
        };
        let waited = |least: f64| {
            let waited = || read()["waited_seconds"].as_f64().unwrap() >= least;
            wait_until("the program has waited", waited);
        };
        waited(0.2);
        assert!(read()["waits"].as_u64() >= Some(1));
        // Packets that arrive meanwhile are counted.
        Sender::new().send(500, 1000);
        wait_until("the status counts packets during the wait", || {
            read()["received"] == 1500
        });
        let receive = || {
            let mut message = [0; 64];
            let length = socket.recv(&mut message).ok()?;
            Some(String::from_utf8_lossy(&message[..length]).into_owned())
        };
        socket.set_nonblocking(true).unwrap();
        while receive().is_some() {}
        socket.set_nonblocking(false).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        for _ in 0..4 {
            assert_eq!(receive().as_deref(), Some("WATCHDOG=1"));
        }
        assert_eq!(read()["state"], "running");
        let mut stdout = running.child().stdout.take().unwrap();
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stdout.read_to_end(&mut bytes).unwrap();
            whole_packets(&bytes).0
        });
        while receive().as_deref() != Some("STATUS=") {}
        running.signal(libc::SIGINT);
        let (code, _, stderr) = running.end();
        assert_eq!(code.code(), Some(0), "{stderr}");
        assert_eq!(reader.join().unwrap(), 1500);
        let statistics = stderr.lines().find(|line| line.starts_with('{')).unwrap();
        let statistics: serde_json::Value = serde_json::from_str(statistics).unwrap();
        for (object, kind) in [(&statistics, "statistics"), (&read(), "status")] {
            assert_eq!(object["type"], kind);
            assert!(object["waits"].as_u64() >= Some(1), "{object}");
            assert!(object["waited_seconds"].as_f64() >= Some(0.8), "{object}");
        }
    });
}

/// tcpdump's -v does this with -w.
#[test]
fn the_number_of_packets_is_printed_once_per_second() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcap");
        let mut command = program("capture");
        command.args(words("-v -i lo udp -w")).arg(&path);
        let start = Instant::now();
        let mut process = Process::start(&mut command);
        let lines = Lines::of(&mut process);
        assert!(lines.next().contains("listening on"));
        Sender::new().send(25, 100);
        lines.until(|| (), |line| line == "Got 25");
        assert_eq!(lines.next(), "Got 25");
        assert_eq!(lines.next(), "Got 25");
        assert!(start.elapsed() >= Duration::from_secs(3));
        process.signal(libc::SIGINT);
        assert!(lines.rest().contains("25 packets captured, "));
        assert_eq!(process.end().status, Some(0));
    });
}
