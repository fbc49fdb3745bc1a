//! The example of a systemd unit.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use crate::common::live::{Sender, in_netns};
use crate::common::process::{Process, wait_until};
use crate::common::{copy_program, path_arg, run_tool};

const UNIT: &str = include_str!("../../../systemd/pcap-capture@.service");

/// Returns the value of a setting that the unit has once, with its lines joined.
fn setting(name: &str) -> String {
    let text = UNIT.replace("\\\n", " ");
    let values = text
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let values: Vec<_> = values.collect();
    assert_eq!(values.len(), 1, "{name}: {values:?}");
    values[0].to_owned()
}

/// Runs the command line of the unit for `lo`, with the privileges of the unit, and ends it as systemd does.
#[test]
fn the_command_line_of_the_unit_captures() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
        let copy = copy_program("capture", folder);
        for kind in ["state", "run"] {
            let folder = folder.join(kind).join("pcap-capture/lo");
            fs::create_dir_all(&folder).unwrap();
            fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
        }
        let notify = folder.join("notify");
        let socket = UnixDatagram::bind(&notify).unwrap();
        fs::set_permissions(&notify, Permissions::from_mode(0o777)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let receive = || {
            let mut message = [0; 64];
            let length = socket.recv(&mut message).unwrap();
            String::from_utf8_lossy(&message[..length]).into_owned()
        };
        let line = setting("ExecStart")
            .replace("/usr/bin/pcap-capture", path_arg(&copy))
            .replace("%t", path_arg(&folder.join("run")))
            .replace("%S", path_arg(&folder.join("state")))
            .replace("%i", "lo")
            .replace("%I", "lo");
        assert!(!line.contains('%'), "{line}");
        let ambient = setting("AmbientCapabilities")
            .replace("CAP_", "+")
            .to_lowercase();
        let bounding = setting("CapabilityBoundingSet")
            .replace("CAP_", "+")
            .to_lowercase();
        let mut command = Command::new("setpriv");
        command.args([
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "--no-new-privs",
        ]);
        command.args([
            "--inh-caps",
            &format!("-all,{ambient}"),
            "--ambient-caps",
            &ambient,
        ]);
        command.args(["--bounding-set", &format!("-all,{bounding}"), "--"]);
        command
            .args(line.split_whitespace())
            .env("NOTIFY_SOCKET", &notify);
        let process = Process::start(&mut command);
        assert_eq!(receive(), "READY=1");
        Sender::new().send(20, 100);
        let status = folder.join("run/pcap-capture/lo/status.json");
        let read = || -> serde_json::Value {
            serde_json::from_str(&fs::read_to_string(&status).unwrap()).unwrap()
        };
        wait_until("the status counts the packets", || read()["packets"] == 20);
        process.signal(libc::SIGTERM);
        while receive() != "STOPPING=1" {}
        let ran = process.end();
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
        assert_eq!(read()["state"], "ended");
        let files = fs::read_dir(folder.join("state/pcap-capture/lo")).unwrap();
        let files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        let packets = run_tool("zstd", &["-q", "-t", path_arg(&files[0])]);
        assert_eq!(packets, "");
    });
}

/// The service must start each time that the device appears, not only when the system starts.
#[test]
fn the_unit_is_bound_to_its_device() {
    assert_eq!(setting("BindsTo"), setting("WantedBy"));
}

// Systems with musl have no systemd.
#[cfg(target_env = "gnu")]
#[test]
fn systemd_accepts_the_unit() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("pcap-capture@lo.service");
    let copy = copy_program("capture", folder.path());
    let text = UNIT.replace("/usr/bin/pcap-capture", path_arg(&copy));
    fs::write(&unit, text).unwrap();
    let ran = crate::common::run(Command::new("systemd-analyze").args([
        "verify",
        "--man=no",
        path_arg(&unit),
    ]));
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
}
