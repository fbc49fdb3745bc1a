//! The `pcap-file` crate.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use pcap_file::pcap::{PcapReader, PcapWriter, RawPcapPacket};
use pcap_file::pcapng::{Block, PcapNgReader};

use super::{Samples, Way, time_of};
use crate::Failure;
use crate::input::Layout;
use crate::tally::Tally;

pub(crate) fn read(path: &Path, layout: Layout, way: Way) -> Result<Tally, Failure> {
    let file = File::open(path)?;
    let mut tally = Tally::default();
    match (layout, way) {
        (Layout::Pcapng, Way::ForEach | Way::Next) => {
            let mut reader = PcapNgReader::new(file)?;
            while let Some(block) = reader.next_block() {
                if let Block::EnhancedPacket(packet) = block? {
                    tally.add(&packet.data);
                }
            }
        }
        (_, Way::ForEach | Way::Next) => {
            let mut reader = PcapReader::new(file)?;
            while let Some(packet) = reader.next_raw_packet() {
                tally.add(&packet?.data);
            }
        }
        (Layout::Classic, Way::Owned) => {
            let mut reader = PcapReader::new(file)?;
            while let Some(packet) = reader.next_packet() {
                tally.add(&packet?.into_owned().data);
            }
        }
        _ => return Err("the crate has no such way to read".into()),
    }
    Ok(tally)
}

/// Writes with a buffer as large as ours, because the crate writes each number separately.
pub(crate) fn write(path: &Path, samples: &Samples, packets: u64) -> Result<(), Failure> {
    let file = BufWriter::with_capacity(256 * 1024, File::create(path)?);
    let mut writer = PcapWriter::new(file)?;
    for (number, frame) in (0..packets).zip(samples.frames().iter().cycle()) {
        let (ts_sec, ts_frac) = time_of(number);
        let length = frame.len() as u32;
        writer.write_raw_packet(&RawPcapPacket {
            ts_sec,
            ts_frac,
            incl_len: length,
            orig_len: length,
            data: Cow::Borrowed(frame),
        })?;
    }
    Ok(writer.into_writer().flush()?)
}
