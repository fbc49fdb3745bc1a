//! The daemon of remote captures, in the network namespace of the calling thread.

use std::io;
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running rpcapd, which is ended when this is dropped.
pub(crate) struct Daemon(Child);

impl Daemon {
    /// Starts the daemon of a libpcap, and waits until it listens.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub(crate) fn new(libpcap: &Path) -> Result<Daemon, String> {
        let mut command = Command::new(libpcap.join("sbin/rpcapd"));
        command
            .args(["-n", "-4", "-b", "127.0.0.1", "-p", "2002"])
            .env("LD_LIBRARY_PATH", libpcap.join("lib"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // When it ends, it ends its process group.
            .process_group(0);
        // SAFETY: the closure makes one system call, with numbers.
        unsafe {
            command.pre_exec(
                || match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM) {
                    0 => Ok(()),
                    _ => Err(io::Error::last_os_error()),
                },
            )
        };
        let child = command
            .spawn()
            .map_err(|error| format!("cannot run rpcapd: {error}"))?;
        let daemon = Daemon(child);
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", 2002)).is_err() {
            if started.elapsed() > Duration::from_secs(10) {
                return Err("cannot run rpcapd: it does not listen".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(daemon)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let group = self.0.id().cast_signed();
        // SAFETY: a system call with numbers. The process has not been waited for, so the number is that of its group.
        unsafe { libc::kill(-group, libc::SIGKILL) };
        let _ = self.0.wait();
    }
}
