//! Numbered packets: sent, in new savefiles, and found in savefiles.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::Result;
use crate::flood::savefile::{self, Contents, Seen};
use crate::flood::sender::Numbered;

/// The length of a packet in a savefile, so that records are as long as no buffer is.
const FRAME: usize = 101;
/// The time of the first packet.
const START: u32 = 1_700_000_000;

/// Sends numbered packets, which are captured exactly once on `left`.
pub(super) struct Packets {
    socket: Numbered,
    pub(super) sent: u64,
}

impl Packets {
    pub(super) fn new() -> Result<Packets> {
        Ok(Packets {
            socket: Numbered::connect()?,
            sent: 0,
        })
    }

    /// Sends packets as fast as possible. Fewer are sent if the kernel has no memory or the device is down.
    pub(super) fn send(&mut self, count: u64) {
        for _ in 0..count {
            self.sent += u64::from(self.socket.send());
        }
    }

    /// Sends packets evenly within this time.
    pub(super) fn send_within(&mut self, count: u64, time: Duration) {
        let steps = count.clamp(1, 100);
        for step in 0..steps {
            self.send(count * (step + 1) / steps - count * step / steps);
            thread::sleep(time / steps as u32);
        }
    }
}

/// Writes a classic savefile of numbered packets, 10 ms apart.
pub(super) fn write_savefile(path: &Path, count: u64) -> Result<()> {
    let mut bytes = header();
    for number in 0..count {
        bytes.extend(record(number));
    }
    fs::write(path, bytes).map_err(|e| format!("cannot write {}: {e}", path.display()))
}

/// Returns the header of a classic savefile of Ethernet.
pub(super) fn header() -> Vec<u8> {
    let mut bytes = 0xa1b2_c3d4_u32.to_ne_bytes().to_vec();
    bytes.extend(2_u16.to_ne_bytes());
    bytes.extend(4_u16.to_ne_bytes());
    for word in [0_u32, 0, 262_144, 1] {
        bytes.extend(word.to_ne_bytes());
    }
    bytes
}

/// Returns a record of a classic savefile.
pub(super) fn record(number: u64) -> Vec<u8> {
    let time = [
        START + (number / 100) as u32,
        (number % 100) as u32 * 10_000,
    ];
    let mut bytes = Vec::with_capacity(16 + FRAME);
    for word in [time[0], time[1], FRAME as u32, FRAME as u32] {
        bytes.extend(word.to_ne_bytes());
    }
    bytes.extend([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0]);
    let length = (FRAME - 14) as u16;
    bytes.extend([0x45, 0]);
    bytes.extend(length.to_be_bytes());
    bytes.extend([0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
    // Some ports, so that there are several conversations.
    bytes.extend((1024 + (number % 16) as u16).to_be_bytes());
    bytes.extend([0, 9]);
    bytes.extend((length - 20).to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(number.to_be_bytes());
    bytes.resize(16 + FRAME, b'.');
    bytes
}

/// Reads a savefile, compressed or not. Of a compressed one that is cut, reads what is there.
pub(super) fn read(path: &Path) -> Result<Contents> {
    let mut magic = [0; 4];
    let file = File::open(path).map_err(|e| format!("cannot open {}: {e}", path.display()))?;
    let read = file.take(4).read(&mut magic).unwrap_or(0);
    let (program, arguments) = match magic[..read] {
        [0x1f, 0x8b, ..] => ("gzip", "-dcq"),
        [0x04, 0x22, 0x4d, 0x18] => ("lz4", "-dcq"),
        // zstd(1) leaves out the last 128 KiB of a file that is cut.
        [0x28, 0xb5, 0x2f, 0xfd] => ("pcap-filter", "--compress=none"),
        _ => return savefile::read(path),
    };
    let mut command = Command::new(program);
    command.arg(arguments).arg(path).stderr(Stdio::null());
    if program == "pcap-filter" {
        command.arg("-");
    }
    let output = command.output();
    let output = output.map_err(|e| format!("cannot run {program}: {e}"))?;
    let mut contents = savefile::parse(&output.stdout);
    contents.is_whole &= output.status.success();
    Ok(contents)
}

/// Returns how many packets are in these savefiles, and whether all of them are whole.
///
/// # Errors
///
/// Returns an error if a packet is in the savefiles twice.
pub(super) fn count_once(paths: &[PathBuf]) -> Result<(u64, bool)> {
    let mut seen = Seen::default();
    let mut are_whole = true;
    for path in paths {
        let contents = read(path)?;
        are_whole &= contents.is_whole;
        seen.add(path, &contents)?;
    }
    Ok((seen.count, are_whole))
}
