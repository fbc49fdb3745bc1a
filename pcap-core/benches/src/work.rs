//! What is measured: the same work, by this crate and by C. Each looks at the last byte of every
//! packet, so that its bytes have to be there.

use std::ffi::{CString, c_char, c_int};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use pcap_core::{Capture, Packet};

// Links the C peer's libpcap.
use pcap_sys as _;

/// What was read, to see that all read the same.
#[repr(C)]
#[derive(Default)]
struct Sum {
    packets: u64,
    bytes: u64,
}

impl Sum {
    #[inline]
    fn add(&mut self, packet: Packet<'_>) {
        self.packets += 1;
        self.bytes += u64::from(packet.data().last().copied().unwrap_or(0));
    }
}

unsafe extern "C" {
    fn peer_loop(path: *const c_char, sum: *mut Sum) -> c_int;
    fn peer_next_ex(path: *const c_char, sum: *mut Sum) -> c_int;
}

/// How much processor time this process has used: other processes on the machine do not count.
fn cpu_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the structure is ours to be filled in, and every system has this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// A piece of work.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    CLoop,
    ForEach,
    CNextEx,
    NextPacket,
    Packets,
}

impl Work {
    pub(crate) const ALL: [Work; 5] = [
        Work::CLoop,
        Work::ForEach,
        Work::CNextEx,
        Work::NextPacket,
        Work::Packets,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Work::CLoop => "C pcap_loop",
            Work::ForEach => "for_each",
            Work::CNextEx => "C pcap_next_ex",
            Work::NextPacket => "next_packet",
            Work::Packets => "packets (owned)",
        }
    }

    /// The work in C to compare with.
    pub(crate) fn peer(self) -> Work {
        match self {
            Work::CLoop | Work::ForEach => Work::CLoop,
            Work::CNextEx | Work::NextPacket | Work::Packets => Work::CNextEx,
        }
    }

    /// Does it, and gives nanoseconds of processor time per packet.
    pub(crate) fn measure(self, path: &Path) -> Result<f64, Box<dyn std::error::Error>> {
        let c_path = CString::new(path.as_os_str().as_bytes())?;
        let mut sum = Sum::default();
        let start = cpu_time();
        let status = match self {
            // SAFETY: the path is a C string, and the sum is ours to be filled in.
            Work::CLoop => unsafe { peer_loop(c_path.as_ptr(), &mut sum) },
            // SAFETY: as above.
            Work::CNextEx => unsafe { peer_next_ex(c_path.as_ptr(), &mut sum) },
            Work::ForEach => {
                Capture::from_file(path)?.for_each(|packet| sum.add(packet))?;
                0
            }
            Work::NextPacket => {
                let mut capture = Capture::from_file(path)?;
                while let Some(packet) = capture.next_packet()? {
                    sum.add(packet);
                }
                0
            }
            Work::Packets => {
                for packet in Capture::from_file(path)?.packets() {
                    sum.add(packet?.as_packet());
                }
                0
            }
        };
        let nanos = (cpu_time() - start).as_nanos() as f64;
        if status != 0 || sum.packets == 0 {
            return Err(format!("cannot read {}", path.display()).into());
        }
        Ok(nanos / sum.packets as f64)
    }
}
