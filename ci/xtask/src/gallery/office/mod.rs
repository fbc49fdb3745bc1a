//! A morning in an office, the input of the gallery: a quiet minute, a minute with web sessions, and a busy one. All
//! packets and times are always the same.
//!
//! The addresses and names are those reserved for documentation.

mod busy;
mod connection;
mod host;
mod incident;
mod messages;
mod packet;
mod pcapng;
mod quiet;
mod recording;
mod web;

use std::fs;
use std::path::Path;

use self::recording::{Recording, SECOND};
use crate::Result;
use crate::programs::frames::{self, Precision, Timed};

/// Monday, 4 May 2026, 09:00 UTC.
const START: u64 = 1_777_885_200 * SECOND;
const MINUTE: u64 = 60 * SECOND;

/// Creates the input files: `office.pcap` with the morning, and `router.pcapng` with an incident that a router recorded
/// on three interfaces.
pub(crate) fn create(folder: &Path) -> Result<()> {
    let mut bytes = frames::savefile_header(Precision::Micro);
    for packet in morning() {
        frames::append(&mut bytes, Precision::Micro, &packet);
    }
    save(folder, "office.pcap", &bytes)?;
    save(
        folder,
        "router.pcapng",
        &incident::file(START + 150 * SECOND),
    )
}

/// Returns the packets of the morning.
fn morning() -> Vec<Timed> {
    let mut record = Recording::new(0x6f66_6669_6365);
    quiet::record(&mut record, START, 3 * MINUTE);
    web::record(&mut record, START + MINUTE);
    busy::record(&mut record, START + 2 * MINUTE);
    record.sorted()
}

fn save(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = folder.join(name);
    fs::write(&path, bytes).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_in_order_and_can_be_sent() {
        let packets = morning();
        assert!((1900..2200).contains(&packets.len()), "{}", packets.len());
        assert!(packets.is_sorted_by_key(|(time, _)| *time));
        for (time, frame) in &packets {
            assert!((START..START + 3 * MINUTE).contains(time));
            // With a VLAN tag, a frame has four bytes more.
            let longest = if frame[12..14] == [0x81, 0] {
                1518
            } else {
                1514
            };
            assert!((60..=longest).contains(&frame.len()), "{}", frame.len());
        }
    }

    #[test]
    fn addresses_are_for_documentation() {
        let is_reserved = |address: &[u8]| match address {
            [192, 0, 2, _] | [198, 51, 100, _] | [0, 0, 0, 0] | [255, 255, 255, 255] => true,
            [0x20, 1, 0xd, 0xb8, ..] | [0xfe, 0x80, ..] | [0xff, 2, ..] => address.len() == 16,
            _ => address == [0; 16],
        };
        for (_, frame) in morning() {
            let at = if frame[12..14] == [0x81, 0] { 16 } else { 12 };
            let addresses = match frame[at..at + 2] {
                [8, 0] => vec![&frame[at + 14..at + 18], &frame[at + 18..at + 22]],
                [8, 6] => vec![&frame[at + 16..at + 20], &frame[at + 26..at + 30]],
                [0x86, 0xdd] => vec![&frame[at + 10..at + 26], &frame[at + 26..at + 42]],
                _ => vec![],
            };
            for address in addresses {
                assert!(is_reserved(address), "{address:?}");
            }
        }
    }
}
