//! `-Z`, and savefiles in folders that other users can write to.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::words;
use crate::common::live::{Running, Sender, in_netns};
use crate::common::{path_arg, program, run, run_program, sample_packets, savefile, write_file};

/// The user `nobody` of most systems.
const NOBODY: u32 = 65_534;

/// Returns the lines of all threads of a process that begin with a name.
fn of_threads(pid: u32, name: &str) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let lines = threads.flat_map(|thread| {
        // The thread may have ended.
        let status = fs::read_to_string(thread.ok()?.path().join("status")).ok()?;
        let line = status
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap()
            .to_owned();
        Some(
            line.split_whitespace()
                .skip(1)
                .collect::<Vec<_>>()
                .join(" "),
        )
    });
    lines.collect()
}

/// The capture continues as another user, in all threads without privileges, and that user owns the files.
#[test]
fn privileges_are_dropped_before_packets_are_read() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        let path = folder.path().join("a.pcap");
        let mut command = program("capture");
        command.args(words(&format!(
            "-i lo -Z nobody -w {} udp",
            path_arg(&path)
        )));
        let mut running = Running::start(&mut command);
        Sender::new().send(20, 100);
        let pid = running.child().id();
        let ids = vec![NOBODY.to_string(); 4].join(" ");
        for uid in of_threads(pid, "Uid:") {
            assert_eq!(uid, ids);
        }
        for name in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
            for set in of_threads(pid, name) {
                assert_eq!(set, "0000000000000000", "{name}");
            }
        }
        for flag in of_threads(pid, "NoNewPrivs:") {
            assert_eq!(flag, "1");
        }
        running.signal(libc::SIGINT);
        let (status, _, stderr) = running.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert!(stderr.contains("20 packets captured, "), "{stderr}");
        assert_eq!(fs::metadata(&path).unwrap().uid(), NOBODY);
    });
}

/// Every program that stays on a device has the option, and no thread keeps a privilege.
#[test]
fn programs_on_devices_drop_privileges() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let packets = savefile(false, false, 1, &sample_packets());
        let path = write_file(folder.path(), "a.pcap", &packets);
        let replay = format!("-i lo -Z nobody --pps 1 --loops 0 {}", path_arg(&path));
        for (name, arguments, says) in [
            ("capture", "-i lo -Z nobody --threads 2", "listening on"),
            ("stats", "-i lo -Z nobody --table summary", "listening on"),
            ("replay", &replay, "sending "),
        ] {
            let running = &mut Running::start_saying(program(name).args(words(arguments)), says);
            let pid = running.child().id();
            for (field, expected) in [
                ("Uid:", "65534 65534 65534 65534"),
                ("CapBnd:", "0000000000000000"),
                ("NoNewPrivs:", "1"),
            ] {
                let values = of_threads(pid, field);
                assert!(values.len() >= 2, "{name}: {values:?}");
                assert!(values.iter().all(|v| v == expected), "{name}: {values:?}");
            }
            running.signal(libc::SIGINT);
            let status = running.child().wait().unwrap();
            assert_eq!(status.code(), Some(0), "{name}");
        }
        // The savefile is opened without privileges.
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let ran = run(program("replay").args(words(&replay)));
        assert!(ran.stderr.contains("Permission denied"), "{}", ran.stderr);
    });
}

/// As in tcpdump, `-Z root` keeps the privileges.
#[test]
fn root_keeps_the_privileges() {
    in_netns(|| {
        let mut command = program("capture");
        let mut running = Running::start(command.args(words("-i lo -Z root -w /dev/null")));
        let pid = running.child().id();
        for name in ["Uid:", "CapEff:"] {
            let own = of_threads(std::process::id(), name);
            assert_eq!(of_threads(pid, name)[0], own[0]);
        }
        running.signal(libc::SIGINT);
        assert_eq!(running.end().0.code(), Some(0));
    });
}

#[test]
fn a_folder_that_the_user_cannot_write_to_is_an_error_at_the_start() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let path = folder.path().join("a.pcap");
        let path = path_arg(&path);
        for (arguments, text) in [
            (
                vec!["-Z", "nobody", "-w", path],
                format!("cannot create `{path}`: "),
            ),
            (
                vec!["-Z", "nobody", "--status-file", path],
                format!("cannot write the status to `{path}`: "),
            ),
            (
                vec!["-Z", "no-such-user"],
                "cannot look up the user `no-such-user`: there is no ".into(),
            ),
        ] {
            let mut command = program("capture");
            let ran = run(command.args(["-q", "-i", "lo", "-c", "1"]).args(&arguments));
            assert_eq!(ran.status, Some(1), "{arguments:?}");
            assert!(ran.stderr.contains(&text), "{arguments:?}: {}", ran.stderr);
        }
    });
}

#[test]
fn savefiles_are_not_written_through_links_of_others() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        fs::write(&target, "precious").unwrap();
        let shared = folder.path().join("shared");
        fs::create_dir(&shared).unwrap();
        fs::set_permissions(&shared, Permissions::from_mode(0o1777)).unwrap();
        let link = shared.join("a.pcap");
        symlink(&target, &link).unwrap();
        let link = path_arg(&link);
        for arguments in [["-w", link], ["--also", &format!("udp={link}")]] {
            let ran = run_program(
                "capture",
                &[&["-q", "-i", "lo", "-c", "1"], &arguments[..]].concat(),
            );
            assert_eq!(ran.status, Some(1));
            assert!(
                ran.stderr
                    .contains("it is a symbolic link, in a folder that other"),
                "{}",
                ran.stderr
            );
        }
        assert_eq!(fs::read(&target).unwrap(), b"precious");
    });
}
