//! The sending process.

use std::env;
use std::ffi::CString;
use std::io::{self, Read, Write};
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::network::FROM;
use crate::Failure;

/// The length of the packets.
pub(crate) const LENGTH: usize = 64;
/// A packet of this length means that all have been sent.
pub(crate) const MARK: usize = 65;
/// The number of packets per system call.
pub(super) const AT_ONCE: usize = 64;

/// The sending process, which is killed on drop.
pub(crate) struct Sender(Child);

impl Sender {
    /// Starts sending that many packets: as fast as it can, or at this rate per second.
    pub(crate) fn new(packets: u64, rate: Option<u64>) -> Result<Sender, Failure> {
        let rate = rate.map(|rate| format!("--rate={rate}"));
        let child = Command::new(env::current_exe()?)
            .args(["--send", &packets.to_string()])
            .args(rate)
            .stdin(Stdio::piped())
            .spawn()?;
        Ok(Sender(child))
    }

    pub(crate) fn start(&mut self) -> Result<(), Failure> {
        let stdin = self.0.stdin.as_mut().ok_or("no standard input")?;
        Ok(stdin.write_all(b"!")?)
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for a byte, sends that many packets, and then repeatedly sends the mark, until it is
/// killed; at most for a minute.
pub(crate) fn send(packets: u64, rate: Option<u64>) -> Result<(), Failure> {
    let socket = packet_socket(FROM)?;
    io::stdin().read_exact(&mut [0])?;
    let frame = [0x5a; LENGTH];
    let start = Instant::now();
    let mut sent = 0;
    while sent < packets {
        if let Some(rate) = rate {
            let due = Duration::from_secs_f64(sent as f64 / rate as f64);
            thread::sleep(due.saturating_sub(start.elapsed()));
        }
        let now = (packets - sent).min(AT_ONCE as u64);
        sent += send_many(&socket, &frame, now as usize)?;
    }
    for _ in 0..30_000 {
        send_many(&socket, &[0x5a; MARK], 1)?;
        thread::sleep(Duration::from_millis(2));
    }
    Err("nobody noticed that all packets were sent".into())
}

/// Sends a frame that many times, at most `AT_ONCE`, and returns how often it was accepted.
pub(super) fn send_many(socket: &OwnedFd, frame: &[u8], times: usize) -> io::Result<u64> {
    let mut part = libc::iovec {
        iov_base: frame.as_ptr().cast_mut().cast(),
        iov_len: frame.len(),
    };
    // SAFETY: a structure of numbers and pointers, for which zero is valid.
    let mut message: libc::mmsghdr = unsafe { mem::zeroed() };
    message.msg_hdr.msg_iov = &mut part;
    message.msg_hdr.msg_iovlen = 1;
    let mut messages = [message; AT_ONCE];
    // SAFETY: the socket is open, and there are that many messages, whose frame outlives the call.
    let sent = unsafe {
        libc::sendmmsg(
            socket.as_raw_fd(),
            messages.as_mut_ptr(),
            times as libc::c_uint,
            0,
        )
    };
    match u64::try_from(sent) {
        Ok(sent) => Ok(sent),
        Err(_) => match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::ENOBUFS) => Ok(0),
            error => Err(error),
        },
    }
}

/// Opens a socket that sends whole frames into an interface.
pub(super) fn packet_socket(interface: &str) -> Result<OwnedFd, Failure> {
    // SAFETY: takes only numbers. Protocol 0 receives nothing.
    let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error().into());
    }
    // SAFETY: just opened, and has no other owner.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    let name = CString::new(interface)?;
    // SAFETY: a structure of numbers, for which zero is valid.
    let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    // SAFETY: a C string.
    address.sll_ifindex = unsafe { libc::if_nametoindex(name.as_ptr()) } as i32;
    let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the socket is open, and the address has this length.
    let status = unsafe { libc::bind(fd, (&raw const address).cast(), length) };
    if status != 0 {
        return Err(io::Error::last_os_error().into());
    }
    Ok(socket)
}
