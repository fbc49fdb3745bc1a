//! A daemon for tests of remote captures, in the test's network.

use std::ffi::OsStr;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::wait_until;

/// The port of every test's daemon: each test has its own network.
pub(crate) const PORT: u16 = 2002;

/// Returns the daemon that `PCAP_TEST_RPCAPD` names. Without it these tests fail: libpcap has remote capture, so there
/// is something to test.
pub(crate) fn program() -> PathBuf {
    let path = std::env::var_os("PCAP_TEST_RPCAPD").map(PathBuf::from);
    let path = path.expect("PCAP_TEST_RPCAPD=/path/to/rpcapd names the daemon to test with");
    assert!(path.is_file(), "there is no {}", path.display());
    path
}

/// A running daemon, which is killed on drop.
pub(crate) struct Daemon(Child);

impl Daemon {
    /// Starts one without authentication.
    pub(crate) fn open_to_all() -> Daemon {
        Daemon::with(["-n"])
    }

    /// Starts one with these arguments, on 127.0.0.1.
    pub(crate) fn with<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Daemon {
        let mut command = Command::new(program());
        command.args(arguments);
        Daemon::run(command)
    }

    /// Starts this command, with the arguments for the address added.
    pub(crate) fn run(mut command: Command) -> Daemon {
        let port = PORT.to_string();
        command.args(["-4", "-b", "127.0.0.1", "-p", &port]);
        command.stdin(Stdio::null());
        // When it exits it ends its whole process group, so it gets a new one.
        command.process_group(0);
        let child = command.spawn();
        let child = child.unwrap_or_else(|e| panic!("cannot run {command:?}: {e}"));
        let daemon = Daemon(child);
        wait_until("the daemon listens", || {
            TcpStream::connect(("127.0.0.1", PORT)).is_ok()
        });
        daemon
    }

    /// Kills the daemon, and the processes that serve its connections.
    pub(crate) fn kill(&mut self) {
        let group = libc::pid_t::try_from(self.0.id()).expect("a process id");
        // SAFETY: takes numbers; the group is that of our child, which has not been waited for yet.
        let status = unsafe { libc::kill(-group, libc::SIGKILL) };
        assert_eq!(status, 0);
        self.0.wait().expect("cannot wait for the daemon");
    }

    /// Stops the daemon and the processes that serve its connections, or continues them.
    pub(crate) fn pause(&self, on: bool) {
        let group = libc::pid_t::try_from(self.0.id()).expect("a process id");
        let signal = if on { libc::SIGSTOP } else { libc::SIGCONT };
        // SAFETY: as above.
        assert_eq!(unsafe { libc::kill(-group, signal) }, 0);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.kill();
        }
    }
}
