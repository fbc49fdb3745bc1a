//! The `pcap-parser` crate.

use pcap_parser::traits::PcapReaderIterator;
use pcap_parser::{Block, LegacyPcapReader, PcapBlockOwned, PcapError, PcapNGReader};

use super::{Source, Way};
use crate::Failure;
use crate::layout::Layout;
use crate::tally::Tally;

/// The size of its reader's buffer.
const BUFFER: usize = 256 * 1024;

pub(crate) fn read(source: Source<'_>, layout: Layout, way: Way) -> Result<Tally, Failure> {
    if !matches!(way, Way::ForEach | Way::Next) {
        return Err("the crate has no such way to read".into());
    }
    let file = source.reader()?;
    let failed = |error: PcapError<&[u8]>| format!("{error:?}");
    match layout {
        Layout::Pcapng | Layout::Commented => {
            read_all(PcapNGReader::new(BUFFER, file).map_err(failed)?)
        }
        _ => read_all(LegacyPcapReader::new(BUFFER, file).map_err(failed)?),
    }
}

fn read_all(mut reader: impl PcapReaderIterator) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    loop {
        match reader.next() {
            Ok((offset, block)) => {
                match block {
                    PcapBlockOwned::Legacy(packet) => tally.add(packet.data),
                    PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                        let data = packet.data.get(..packet.caplen as usize);
                        tally.add(data.ok_or("a packet is longer than its block")?);
                    }
                    _ => {}
                }
                reader.consume(offset);
            }
            Err(PcapError::Eof) => return Ok(tally),
            Err(PcapError::Incomplete(_)) => {
                reader.refill().map_err(|error| format!("{error:?}"))?;
            }
            Err(error) => return Err(format!("{error:?}").into()),
        }
    }
}
