//! The savefiles that the drivers read, written byte by byte.

use std::fs;
use std::io;
use std::path::Path;

use crate::network::frame;

/// The number of packets in a small savefile.
const PACKETS: u32 = 20;

/// Writes all savefiles into a folder.
///
/// # Errors
///
/// If one cannot be written.
pub(crate) fn write(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let big = |number: u32| number.to_be_bytes();
    let little = |number: u32| number.to_le_bytes();
    fs::write(
        folder.join("classic.pcap"),
        classic(little, 0xa1b2_c3d4, PACKETS),
    )?;
    fs::write(
        folder.join("nano.pcap"),
        classic(little, 0xa1b2_3c4d, PACKETS),
    )?;
    fs::write(
        folder.join("swapped.pcap"),
        classic(big, 0xa1b2_c3d4, PACKETS),
    )?;
    // More than libpcap's buffer and that of pcap-core.
    fs::write(
        folder.join("large.pcap"),
        classic(little, 0xa1b2_c3d4, 9000),
    )?;
    fs::write(folder.join("modified.pcap"), modified())?;
    fs::write(
        folder.join("little.pcapng"),
        pcapng(little, |number| number.to_le_bytes(), PACKETS),
    )?;
    fs::write(
        folder.join("big.pcapng"),
        pcapng(big, |number| number.to_be_bytes(), PACKETS),
    )?;
    fs::write(
        folder.join("large.pcapng"),
        pcapng(little, |number| number.to_le_bytes(), 6000),
    )?;
    let mut cut = classic(little, 0xa1b2_c3d4, PACKETS);
    cut.truncate(cut.len() - 10);
    fs::write(folder.join("cut.pcap"), cut)
}

/// Returns a packet: the number is in its last bytes.
fn packet(number: u32) -> Vec<u8> {
    let mut packet = frame().to_vec();
    packet[56..].copy_from_slice(&number.to_be_bytes());
    packet
}

/// Returns a classic savefile.
fn classic(order: impl Fn(u32) -> [u8; 4], magic: u32, packets: u32) -> Vec<u8> {
    // The version, 2.4, is two numbers of 16 bits.
    let version = if order(1)[0] == 1 {
        order(0x0004_0002)
    } else {
        order(0x0002_0004)
    };
    let mut file = [
        order(magic),
        version,
        order(0),
        order(0),
        order(262_144),
        order(1),
    ]
    .concat();
    for number in 0..packets {
        for field in [1_700_000_000 + number, number, 60, 60] {
            file.extend(order(field));
        }
        file.extend(packet(number));
    }
    file
}

/// Returns a savefile in the format of Alexey Kuznetsov's patch, whose records have 8 bytes more.
fn modified() -> Vec<u8> {
    let mut file = classic(u32::to_le_bytes, 0xa1b2_cd34, 0);
    for number in 0..PACKETS {
        for field in [1_700_000_000 + number, number, 60, 60, 1, 0] {
            file.extend(field.to_le_bytes());
        }
        file.extend(packet(number));
    }
    file
}

/// Returns a pcapng savefile.
fn pcapng(order: impl Fn(u32) -> [u8; 4], short: impl Fn(u16) -> [u8; 2], packets: u32) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let length = order(body.len() as u32 + 12);
        [&order(kind)[..], &length, body, &length].concat()
    };
    let section = [&order(0x1a2b_3c4d)[..], &short(1), &short(0), &[0xff; 8]].concat();
    let interface = [&short(1)[..], &short(0), &order(262_144)].concat();
    let mut file = [block(0x0a0d_0d0a, &section), block(1, &interface)].concat();
    for number in 0..packets {
        let time = (1_700_000_000 + u64::from(number)) * 1_000_000 + u64::from(number);
        let fields = [0, (time >> 32) as u32, time as u32, 60, 60];
        let body = [fields.map(&order).concat(), packet(number)].concat();
        file.extend(block(6, &body));
    }
    file
}
