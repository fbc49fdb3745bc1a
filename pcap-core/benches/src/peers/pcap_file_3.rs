//! The release candidate of version 3 of the `pcap-file` crate.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use pcap_file_3::DataLink;
use pcap_file_3::pcap::{PcapReader, PcapWriter, RawPcapPacket};
use pcap_file_3::pcapng::blocks::Block;
use pcap_file_3::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file_3::pcapng::blocks::interface_description::InterfaceDescriptionBlock;
use pcap_file_3::pcapng::{PcapNgReader, PcapNgWriter};

use super::{Samples, Source, Way, time_of};
use crate::Failure;
use crate::layout::Layout;
use crate::tally::Tally;

pub(crate) fn read(source: Source<'_>, layout: Layout, way: Way) -> Result<Tally, Failure> {
    let file = source.reader()?;
    let mut tally = Tally::default();
    match (layout, way) {
        (Layout::Pcapng | Layout::Commented, Way::ForEach | Way::Next | Way::Owned) => {
            let mut reader = PcapNgReader::new(file)?;
            while let Some(block) = reader.next_block() {
                if let (Block::EnhancedPacket(packet), _) = block? {
                    match way {
                        Way::Owned => tally.add(&packet.into_owned().data),
                        _ => tally.add(&packet.data),
                    }
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
                tally.add(packet?.into_owned().data());
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
    Ok(writer.into_inner().flush()?)
}

pub(crate) fn write_pcapng(path: &Path, samples: &Samples, packets: u64) -> Result<(), Failure> {
    let file = BufWriter::with_capacity(256 * 1024, File::create(path)?);
    let mut writer = PcapNgWriter::new(file)?;
    writer.write_block(&Block::InterfaceDescription(InterfaceDescriptionBlock {
        linktype: DataLink::ETHERNET,
        snaplen: 262_144,
        options: Vec::new(),
    }))?;
    for (number, frame) in (0..packets).zip(samples.frames().iter().cycle()) {
        let micros = 1_700_000_000_000_000 + number;
        writer.write_block(&Block::EnhancedPacket(EnhancedPacketBlock {
            interface_id: 0,
            timestamp: Duration::from_micros(micros),
            original_len: frame.len() as u32,
            data: Cow::Borrowed(frame),
            options: Vec::new(),
        }))?;
    }
    Ok(writer.into_inner().flush()?)
}
