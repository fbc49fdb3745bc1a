//! The release candidate of version 3 of the `pcap-file` crate, for pcapng.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use pcap_file_3::DataLink;
use pcap_file_3::pcapng::blocks::Block;
use pcap_file_3::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file_3::pcapng::blocks::interface_description::InterfaceDescriptionBlock;
use pcap_file_3::pcapng::{PcapNgReader, PcapNgWriter};

use super::{Samples, Way};
use crate::Failure;
use crate::layout::Layout;
use crate::tally::Tally;

pub(crate) fn read(path: &Path, layout: Layout, way: Way) -> Result<Tally, Failure> {
    if !matches!(layout, Layout::Pcapng | Layout::Commented) {
        return Err("only its reader for pcapng is measured".into());
    }
    let mut reader = PcapNgReader::new(File::open(path)?)?;
    let mut tally = Tally::default();
    while let Some(block) = reader.next_block() {
        if let (Block::EnhancedPacket(packet), _) = block? {
            match way {
                Way::Owned => tally.add(&packet.into_owned().data),
                _ => tally.add(&packet.data),
            }
        }
    }
    Ok(tally)
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
