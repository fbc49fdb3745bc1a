//! The status file, and messages to the service manager.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use super::words;
use crate::common::live::{Running, Sender, in_netns};
use crate::common::process::wait_until;
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
        let mut command = program("capture");
        command
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "400000");
        let running = Running::start(command.args(words("-i lo udp")));
        assert_eq!(receive(), "READY=1");
        assert_eq!(receive(), "WATCHDOG=1");
        assert_eq!(receive(), "WATCHDOG=1");
        running.signal(libc::SIGTERM);
        while receive() != "STOPPING=1" {}
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
    });
}
