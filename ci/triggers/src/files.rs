//! The savefiles.

use std::fs;
use std::path::Path;

use super::Result;

pub(crate) fn write(folder: &str) -> Result {
    let folder = Path::new(folder);
    fs::create_dir_all(folder)?;
    fs::write(folder.join("ethernet.pcap"), ethernet())?;
    fs::write(folder.join("usb.pcapng"), usb())?;
    Ok(())
}

/// A savefile with an empty Ethernet frame.
fn ethernet() -> Vec<u8> {
    let mut file = Vec::new();
    for number in [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65535, 1, 0, 0, 60, 60_u32] {
        file.extend(number.to_le_bytes());
    }
    file.extend([0; 60]);
    file
}

/// A pcapng savefile with a USB packet of 64 bytes, in big-endian byte order. libpcap has it at an address that is a
/// multiple of 4 only.
fn usb() -> Vec<u8> {
    const USB: u32 = 220;
    let section = [
        0x0a0d_0d0a,
        28,
        0x1a2b_3c4d,
        0x0001_0000,
        u32::MAX,
        u32::MAX,
        28,
    ];
    let interface = [1, 20, USB << 16, 65535, 20];
    let packet = [6, 96, 0, 0, 0, 64, 64];
    let mut file = Vec::new();
    for number in section.into_iter().chain(interface).chain(packet) {
        file.extend(number.to_be_bytes());
    }
    file.extend([0; 64]);
    file.extend(96_u32.to_be_bytes());
    file
}
