//! A network namespace for the calling thread: two connected devices, `left` and `right`, and packets that always
//! arrive at `right`.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The namespace; its packets end when it is dropped.
pub(crate) struct Network {
    ended: Arc<AtomicBool>,
}

impl Network {
    /// Moves this thread, and the programs that it starts, into a new namespace.
    ///
    /// # Errors
    ///
    /// Without root.
    pub(crate) fn new() -> Result<Network, String> {
        // SAFETY: a system call with a number.
        if unsafe { libc::unshare(libc::CLONE_NEWNET) } < 0 {
            return Err(format!(
                "cannot create a network namespace: {}",
                io::Error::last_os_error()
            ));
        }
        // Otherwise, the kernel sends packets of its own. The files show the namespace of the thread that opens them.
        for which in ["all", "default"] {
            let _ = fs::write(format!("/proc/sys/net/ipv6/conf/{which}/disable_ipv6"), "1");
        }
        for words in [
            "link set lo up",
            "link add left address 02:00:00:00:00:01 type veth peer name right address 02:00:00:00:00:03",
            "link set left arp off up",
            "link set right arp off up",
            "address add 192.0.2.1/24 dev right",
        ] {
            ip(words)?;
        }
        let socket = socket("left").map_err(|error| format!("cannot send on `left`: {error}"))?;
        let ended = Arc::new(AtomicBool::new(false));
        let ending = Arc::clone(&ended);
        std::thread::spawn(move || {
            while !ending.load(Ordering::Relaxed) {
                let frame = frame();
                // SAFETY: the pointer and the length are those of the frame.
                unsafe { libc::send(socket.as_raw_fd(), frame.as_ptr().cast(), frame.len(), 0) };
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        Ok(Network { ended })
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

/// Returns the frame that always arrives: UDP over IPv4.
pub(crate) fn frame() -> [u8; 60] {
    let mut frame = [0; 60];
    frame[..14].copy_from_slice(&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0]);
    frame[14..34].copy_from_slice(&[
        0x45, 0, 0, 46, 0, 1, 0, 0, 64, 17, 0xb6, 0xba, 192, 0, 2, 2, 192, 0, 2, 1,
    ]);
    frame[34..42].copy_from_slice(&[0x30, 0x39, 0, 9, 0, 26, 0, 0]);
    frame
}

/// Runs ip(8).
fn ip(words: &str) -> Result<(), String> {
    let status = Command::new("ip").args(words.split(' ')).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("cannot run ip {words}: {status}")),
        Err(error) => Err(format!("cannot run ip {words}: {error}")),
    }
}

/// Opens a packet socket that sends on a device, and receives nothing.
fn socket(device: &str) -> io::Result<OwnedFd> {
    // SAFETY: a system call with numbers.
    let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a new descriptor, which nothing else owns.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    let name = CString::new(device)?;
    // SAFETY: a structure of numbers, for which zeros are valid.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    // SAFETY: the name ends with a NUL.
    address.sll_ifindex = unsafe { libc::if_nametoindex(name.as_ptr()) }.cast_signed();
    let size = size_of::<libc::sockaddr_ll>() as u32;
    // SAFETY: the pointer and the size are those of the address.
    if unsafe { libc::bind(fd, (&raw const address).cast(), size) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(socket)
}
