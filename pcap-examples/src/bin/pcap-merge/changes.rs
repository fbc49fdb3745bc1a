//! How the packets of an input change.

use std::path::Path;

use pcap_core::pcapng::{
    Block, BlockBuf, Endian, Interface, JournalBlock, PacketBlock, Resolution, StatisticsBlock,
};
use pcap_core::{Activated, Capture, Packet, Precision, Timestamp};
use pcap_examples::block_times;
use pcap_examples::exit::{self, Failure, Outcome};
use pcap_examples::value_parsers::TimeShift;

use crate::args::Args;

/// The offset of the snaplen in the body of an interface description.
const SNAPLEN: usize = 4;
/// The type of a simple packet block.
const SIMPLE_PACKET: u32 = 3;

/// The changes of an input.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Changes {
    /// The amount to add to each time.
    pub(crate) shift: TimeShift,
    /// The length to which packets are truncated.
    pub(crate) snaplen: Option<u32>,
}

impl Changes {
    #[inline]
    fn shifts(&self) -> bool {
        self.shift != TimeShift::default()
    }

    /// Returns the new time of a packet.
    #[inline]
    pub(crate) fn time(&self, time: Timestamp) -> Timestamp {
        match self.shifts() {
            true => self.shift.apply(time),
            false => time,
        }
    }

    /// Returns the new packet.
    #[inline]
    pub(crate) fn packet<'p>(&self, packet: Packet<'p>) -> Packet<'p> {
        let cut = self.cut(packet.data());
        match self.shifts() || cut.len() < packet.data().len() {
            true => Packet::new(self.time(packet.timestamp()), packet.wire_len(), cut),
            // An unchanged packet keeps its time even if the fraction exceeds a second.
            false => packet,
        }
    }

    fn cut<'p>(&self, data: &'p [u8]) -> &'p [u8] {
        let length = self
            .snaplen
            .and_then(|snaplen| usize::try_from(snaplen).ok());
        length.and_then(|length| data.get(..length)).unwrap_or(data)
    }

    /// Returns whether the block of a packet changes.
    #[inline]
    pub(crate) fn concern(&self, packet: &PacketBlock<'_>) -> bool {
        let data = packet.data();
        self.shifts() && packet.ticks().is_some() || self.cut(data).len() < data.len()
    }

    /// Returns the new block of a packet. A simple packet block stays one if `is_simple`.
    ///
    /// # Errors
    ///
    /// Returns [`Failure::UnwritablePacket`] if the interface cannot have the new time.
    pub(crate) fn block(&self, packet: &PacketBlock<'_>, is_simple: bool) -> Outcome<BlockBuf> {
        let (data, wire_len) = (packet.data(), packet.wire_len());
        let cut = self.cut(data);
        let is_simple = is_simple && packet.as_raw().block_type() == SIMPLE_PACKET;
        if is_simple {
            return Ok(match cut.len() < data.len() {
                true => BlockBuf::simple_packet(wire_len, cut),
                false => packet.as_raw().into(),
            });
        }
        let mut block = packet.to_enhanced();
        if cut.len() < data.len() {
            block.set_data(cut, wire_len)?;
        }
        if let (true, Some(ticks)) = (self.shifts(), packet.ticks()) {
            let ticks = self.ticks(ticks, packet.interface().resolution());
            let ticks = ticks.ok_or_else(|| Failure::UnwritablePacket {
                path: String::new(),
                why: "the interface of a packet cannot have its new time".to_owned(),
            })?;
            block.set_ticks(ticks)?;
        }
        Ok(block)
    }

    /// Returns the new ticks of a time.
    fn ticks(&self, ticks: u64, resolution: Resolution) -> Option<u64> {
        let shift = self.shift.ticks(resolution)?;
        u64::try_from(i128::from(ticks).checked_add(shift)?).ok()
    }

    /// Returns the new description of an interface.
    ///
    /// # Errors
    ///
    /// Returns an error if its resolution is too coarse for the shift.
    pub(crate) fn interface(&self, interface: &Interface, path: &Path) -> Outcome<BlockBuf> {
        let (raw, resolution) = (interface.as_raw(), interface.resolution());
        if self.shifts() && self.shift.ticks(resolution).is_none() {
            return Err(Failure::Text(format!(
                "cannot shift the times of `{}`: the shift is too large or has a fraction of the resolution of \
                 {resolution} of an interface; `pcap-recode --time-stamp-precision nano` changes it",
                path.display()
            )));
        }
        let stated = interface.snaplen();
        match self.snaplen {
            Some(snaplen) if stated == 0 || stated > snaplen => {
                let mut body = raw.body().to_vec();
                body[SNAPLEN..][..4].copy_from_slice(&match raw.endian() {
                    Endian::Little => snaplen.to_le_bytes(),
                    Endian::Big => snaplen.to_be_bytes(),
                });
                Ok(BlockBuf::with_endian(raw.block_type(), &body, raw.endian()))
            }
            _ => Ok(raw.into()),
        }
    }

    /// Returns the interface of a classic input.
    pub(crate) fn classic_interface<S: Activated>(
        &self,
        capture: &Capture<S>,
    ) -> Outcome<Interface> {
        let snaplen = self.snaplen.unwrap_or(u32::MAX).min(capture.snaplen());
        let precision = self.precision(capture.precision());
        if (snaplen, precision) == (capture.snaplen(), capture.precision()) {
            return Ok(Interface::for_capture(capture));
        }
        let changed = Capture::dead_with(capture.linktype(), snaplen, precision)?;
        Ok(Interface::for_capture(
            &changed.with_fcs_len(capture.fcs_len())?,
        ))
    }

    /// Returns the precision for times that had this one.
    pub(crate) fn precision(&self, precision: Precision) -> Precision {
        match self.shift.is_micros() {
            true => precision,
            false => Precision::Nano,
        }
    }

    /// Returns a block without a packet, with its new times.
    pub(crate) fn other_block(
        &self,
        block: &Block<'_>,
        interface: Option<Resolution>,
    ) -> Outcome<BlockBuf> {
        match (block, interface) {
            (Block::Statistics(statistics), Some(resolution)) if self.shifts() => {
                self.statistics(statistics, resolution)
            }
            (Block::Journal(journal), _) if self.shifts() => Ok(self.journal(journal)),
            _ => Ok(block.as_raw().into()),
        }
    }

    fn statistics(&self, block: &StatisticsBlock<'_>, resolution: Resolution) -> Outcome<BlockBuf> {
        block_times::change_statistics(block, |ticks| self.ticks(ticks, resolution).unwrap_or(0))
    }

    fn journal(&self, block: &JournalBlock<'_>) -> BlockBuf {
        block_times::shift_journal(block, self.shift).unwrap_or_else(|| block.as_raw().into())
    }
}

impl Args {
    /// Ends the program if a shift is not for one of the inputs, or if there are several for the same.
    pub(crate) fn check_shifts(&self) {
        let inputs = self.inputs.len();
        for (index, &(number, _)) in self.shift.iter().enumerate() {
            if number > inputs {
                let text = format!("cannot shift input {number}: the number of inputs is {inputs}");
                exit::usage_error::<Args>(&text);
            }
            if self.shift[..index]
                .iter()
                .any(|&(other, _)| other == number)
            {
                exit::usage_error::<Args>(&format!("cannot shift input {number} twice"));
            }
        }
    }

    /// Returns how the packets of the input with this index change.
    pub(crate) fn changes(&self, index: usize) -> Changes {
        let mut shifts = self.shift.iter();
        let shift = shifts.find(|&&(number, _)| number == index + 1);
        Changes {
            shift: shift.map_or(TimeShift::default(), |&(_, shift)| shift),
            snaplen: self.snaplen,
        }
    }
}
