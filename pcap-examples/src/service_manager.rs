//! Tells the service manager, such as systemd, that the program is ready, alive or ending: see sd_notify(3).

use std::env;
use std::time::{Duration, Instant};

/// The connection to the service manager. Without one, the calls do nothing.
#[derive(Debug, Default)]
pub struct ServiceManager {
    address: Option<system::Address>,
    /// How often the service manager expects a sign of life.
    watchdog: Option<Duration>,
    sent: Option<Instant>,
    /// The last status.
    status: &'static str,
}

impl ServiceManager {
    /// Reads the environment variables `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`.
    #[must_use]
    pub fn from_environment() -> ServiceManager {
        let number = |name: &str| {
            env::var(name)
                .ok()
                .and_then(|text| text.parse::<u64>().ok())
        };
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|_| is_ours);
        ServiceManager {
            address: env::var_os("NOTIFY_SOCKET").and_then(|name| system::address(&name)),
            // Half of the time leaves room for delays.
            watchdog: watchdog.map(|micros| Duration::from_micros(micros / 2)),
            sent: None,
            status: "",
        }
    }

    /// Reports that the program has started.
    pub fn ready(&self) {
        self.send("READY=1");
    }

    /// Reports that the program is ending.
    pub fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// Reports that the program is alive, if it is time to. Call this regularly.
    pub fn alive(&mut self, now: Instant) {
        let Some(interval) = self.watchdog else {
            return;
        };
        if self
            .sent
            .is_none_or(|sent| now.duration_since(sent) >= interval)
        {
            self.sent = Some(now);
            self.send("WATCHDOG=1");
        }
    }

    /// Reports what the program does, for people. Sends nothing if that has not changed.
    pub fn status(&mut self, status: &'static str) {
        if self.status != status {
            self.status = status;
            self.send(&format!("STATUS={status}"));
        }
    }

    fn send(&self, state: &str) {
        if let Some(address) = &self.address {
            system::send(address, state.as_bytes());
        }
    }
}

#[cfg(unix)]
mod system {
    use std::ffi::OsStr;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    use std::path::Path;

    pub(super) type Address = SocketAddr;

    /// Returns the address of a socket: a path, or an abstract name after `@`.
    pub(super) fn address(name: &OsStr) -> Option<Address> {
        #[cfg(target_os = "linux")]
        if let Some(name) = name.as_encoded_bytes().strip_prefix(b"@") {
            use std::os::linux::net::SocketAddrExt;
            return SocketAddr::from_abstract_name(name).ok();
        }
        SocketAddr::from_pathname(Path::new(name)).ok()
    }

    /// Sends a message. Without a service manager that reads it, nothing else can be done.
    pub(super) fn send(address: &Address, message: &[u8]) {
        if let Ok(socket) = UnixDatagram::unbound() {
            let _ = socket.set_nonblocking(true);
            let _ = socket.send_to_addr(message, address);
        }
    }
}

#[cfg(not(unix))]
mod system {
    pub(super) type Address = ();

    pub(super) fn address(_: &std::ffi::OsStr) -> Option<Address> {
        None
    }

    pub(super) fn send(_: &Address, _: &[u8]) {}
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::net::UnixDatagram;

    #[test]
    fn messages_reach_the_socket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let mut manager = ServiceManager {
            address: system::address(path.as_os_str()),
            watchdog: Some(Duration::from_secs(60)),
            sent: None,
            status: "",
        };
        manager.ready();
        manager.alive(Instant::now());
        manager.alive(Instant::now());
        for status in ["", "busy", "busy", ""] {
            manager.status(status);
        }
        manager.stopping();
        for expected in [
            "READY=1",
            "WATCHDOG=1",
            "STATUS=busy",
            "STATUS=",
            "STOPPING=1",
        ] {
            let mut message = [0; 64];
            let length = socket.recv(&mut message).unwrap();
            assert_eq!(&message[..length], expected.as_bytes());
        }
    }
}
