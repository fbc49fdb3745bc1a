//! Writing packets and statistics.

use super::SectionState;
use crate::capture::{Capture, Readable};
use crate::error::{Error, ErrorKind, Result};
use crate::linktype::Linktype;
use crate::packet::{AsPacket, Packet};
use crate::pcapng::interface::InterfaceState;
use crate::pcapng::{BlockBuf, InterfaceId, PcapngDumper, Record};
use crate::savefile::pcapng::{HEAD, Kind, LONGEST_BLOCK, TRAILER, code, layout, text};
use crate::stats::Stats;
use crate::timestamp::Timestamp;

/// The length of an enhanced packet block without data and options.
const BARE: usize = HEAD + layout::PACKET + TRAILER;

/// # Writing packets
impl PcapngDumper {
    /// Writes the current packet of a capture: the packet that was last read by [`advance`](Capture::advance) or
    /// another call that reads a single packet.
    ///
    /// This method checks that the packet and the interface have the same link type: that of the capture, or of the
    /// packet if the capture has [several](Capture::mix_linktypes). [`write`](Self::write) does not check this, because
    /// most packets do not contain their link type.
    ///
    /// # Errors
    ///
    /// - [`LinktypeMismatch`](ErrorKind::LinktypeMismatch) if the link types of the packet and the interface differ.
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the capture has no current packet.
    /// - The errors of [`write`](Self::write).
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::pcapng::{Interface, PcapngDumper};
    /// use pcap_core::{Capture, ErrorKind, Linktype};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("a.pcap");
    /// # let mut one = Capture::dead(Linktype::RAW)?.dump(&path)?;
    /// # one.write_now(b"a packet")?;
    /// # one.close()?;
    ///
    /// let mut dumper = PcapngDumper::new(Vec::new());
    /// let mut capture = Capture::from_file(&path)?; // raw IP
    /// let ethernet = dumper.add_interface(&Interface::new(Linktype::ETHERNET))?;
    /// let raw = dumper.add_interface(&Interface::for_capture(&capture))?;
    /// while capture.advance()? {
    ///     let failed = dumper.write_from(ethernet, &capture).unwrap_err();
    ///     assert_eq!(failed.kind(), ErrorKind::LinktypeMismatch);
    ///     dumper.write_from(raw, &capture)?;
    /// }
    /// dumper.close()?;
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    pub fn write_from<S: Readable>(
        &mut self,
        interface: InterfaceId,
        capture: &Capture<S>,
    ) -> Result<()> {
        match Record::from_capture(capture) {
            Some(record) => self.write_record(interface, &record),
            None => Err(self.output.refuse("the capture has no current packet")),
        }
    }

    /// Writes a packet that was captured on the given interface.
    ///
    /// The packet must have the interface's link type. This method checks it for packets that were read from a pcapng
    /// savefile, which know their [link type](Packet::linktype); to have it checked for all packets, use
    /// [`write_from`](Self::write_from) or [`Record::linktype`]. If the interface has microsecond precision, the time
    /// is truncated; to round it, use [`Timestamp::rounded`].
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the data is longer than the interface's snaplen or does not
    ///   fit into a block (134 348 832 bytes), if the time is out of range (before 1970 or, with nanosecond precision,
    ///   after July 2554), or if the interface belongs to another dumper. The packet is not written.
    /// - [`LinktypeMismatch`](ErrorKind::LinktypeMismatch) if the packet is known to have another link type. It is not
    ///   written.
    /// - [`Io`](ErrorKind::Io) if writing failed. The packet is not written; the call can be repeated.
    pub fn write(&mut self, interface: InterfaceId, packet: impl AsPacket) -> Result<()> {
        let packet = packet.as_packet();
        let (number, known) = self.known(interface)?;
        if packet.contradicts(known.linktype) {
            return Err(self.other_linktype(interface, known.linktype, packet.linktype()));
        }
        self.write_packet(number, known, packet, &[])
    }

    /// Writes a packet that was captured on the given interface, with additional data such as a comment.
    ///
    /// # Errors
    ///
    /// - The errors of [`write`](Self::write).
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the comment is longer than 65 535 bytes or contains a NUL
    ///   byte.
    /// - [`LinktypeMismatch`](ErrorKind::LinktypeMismatch) if the record has a [link type](Record::linktype) and it
    ///   differs from that of the interface.
    pub fn write_record(&mut self, interface: InterfaceId, record: &Record<'_>) -> Result<()> {
        let (number, known) = self.known(interface)?;
        let is_other = match record.linktype {
            Some(linktype) => linktype != known.linktype,
            None => record.packet.contradicts(known.linktype),
        };
        if is_other {
            let found = record.linktype.or(record.packet.linktype());
            return Err(self.other_linktype(interface, known.linktype, found));
        }
        if !record.has_options() {
            return self.write_packet(number, known, record.packet, &[]);
        }
        if let Some(comment) = record.comment {
            if let Some(why) = text::problem("comment", comment, 0) {
                return Err(self.output.refuse(why));
            }
        }
        for (code, value) in record.options {
            let length = value.len();
            if *code == code::END || length > text::LONGEST {
                return Err(self.output.refuse(format!(
                    "expected an option other than 0 of at most {} bytes, found option {code} of {length} bytes",
                    text::LONGEST
                )));
            }
        }
        let options = record.encode_options(self.section_state()?.order);
        self.write_packet(number, known, record.packet, &options)
    }

    /// Writes an enhanced packet block.
    #[inline]
    fn write_packet(
        &mut self,
        interface: u32,
        known: InterfaceState,
        packet: Packet<'_>,
        options: &[u8],
    ) -> Result<()> {
        let data = packet.data();
        if packet.caplen() > known.snaplen {
            return Err(self.longer_than_snaplen(packet.caplen(), known.snaplen));
        }
        let time = packet.timestamp();
        let ticks = known.clock.ticks(time.secs(), time.subsec_nanos());
        let ticks = ticks.ok_or_else(|| self.out_of_range(time))?;
        let padded = data.len().next_multiple_of(4);
        let length = BARE + padded + options.len();
        if length > LONGEST_BLOCK as usize {
            return Err(self.too_large(data.len()));
        }
        let numbers = [
            Kind::ENHANCED_PACKET.0,
            length as u32,
            interface,
            (ticks >> 32) as u32,
            ticks as u32,
            packet.caplen(),
            packet.wire_len(),
        ];
        let block = self.output.append(length)?;
        let (block, trailer) = block.split_at_mut(length - TRAILER);
        trailer.copy_from_slice(&numbers[1].to_ne_bytes());
        let (head, rest) = block.split_at_mut(HEAD + layout::PACKET);
        head.copy_from_slice(numbers.map(u32::to_ne_bytes).as_flattened());
        let (padded, after) = rest.split_at_mut(padded);
        if !options.is_empty() {
            after.copy_from_slice(options);
        }
        // The padding first, with a copy of constant length, which is no call.
        if let Some(padding) = padded.last_chunk_mut::<4>() {
            *padding = [0; 4];
        }
        padded[..data.len()].copy_from_slice(data);
        if self.section.is_some_and(SectionState::is_swapped) {
            swap_numbers(head);
            swap_numbers(trailer);
        }
        Ok(())
    }

    #[cold]
    fn too_large(&self, length: usize) -> Error {
        self.output.refuse(format!(
            "the packet of {length} bytes is too large for a block, which has at most {LONGEST_BLOCK} bytes"
        ))
    }

    #[cold]
    fn longer_than_snaplen(&self, caplen: u32, snaplen: u32) -> Error {
        self.output.refuse(format!(
            "a packet of {caplen} bytes is longer than the interface's snaplen, {snaplen} bytes"
        ))
    }

    /// Writes the statistics of a capture on an interface. This is usually done at the end of the capture. If
    /// `timestamp` is `None`, the current time is used.
    ///
    /// [`received`](Stats::received) is written as the number of packets received from the interface (`isb_ifrecv`),
    /// [`dropped`](Stats::dropped) as the number dropped by the operating system (`isb_osdrop`), and
    /// [`if_dropped`](Stats::if_dropped) as the number dropped by the interface (`isb_ifdrop`).
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the time is out of range (before 1970 or, with nanosecond
    ///   precision, after July 2554), or if the interface belongs to another dumper.
    /// - [`Io`](ErrorKind::Io) if writing failed.
    ///
    /// After an error, the statistics are not written, and the call can be repeated.
    pub fn write_statistics(
        &mut self,
        interface: InterfaceId,
        timestamp: impl Into<Option<Timestamp>>,
        stats: &Stats,
    ) -> Result<()> {
        let (number, known) = self.known(interface)?;
        let time = timestamp.into().unwrap_or_else(Timestamp::now);
        let ticks = known.clock.ticks(time.secs(), time.subsec_nanos());
        let ticks = ticks.ok_or_else(|| self.out_of_range(time))?;
        let order = self.section_state()?.order;
        let ticks = [(ticks >> 32) as u32, ticks as u32];
        let ticks = ticks.map(|half| order.of_u32(half).to_ne_bytes());
        let mut body = order.of_u32(number).to_ne_bytes().to_vec();
        body.extend(ticks.as_flattened());
        let mut block = BlockBuf::of_kind(Kind::STATISTICS, &body, order);
        block.add_option(code::statistics::END, ticks.as_flattened())?;
        for (code, count) in [
            (code::statistics::RECEIVED, stats.received),
            (code::statistics::IF_DROPPED, stats.if_dropped),
            (code::statistics::OS_DROPPED, stats.dropped),
        ] {
            block.add_option(code, &order.of_u64(count).to_ne_bytes())?;
        }
        let bytes = block.as_raw().bytes();
        self.output.put(bytes)
    }

    /// Returns the number of an interface in the section, and what its packets depend on.
    #[inline]
    pub(super) fn known(&self, interface: InterfaceId) -> Result<(u32, InterfaceState)> {
        let slot = self.slots.get(interface.slot as usize);
        let number = slot.copied().flatten();
        let number = number.filter(|_| interface.dumper == self.id);
        let known =
            number.and_then(|number| Some((number, *self.interfaces.get(number as usize)?)));
        known.ok_or_else(|| self.not_ours(interface))
    }

    #[cold]
    fn not_ours(&self, interface: InterfaceId) -> Error {
        self.output.refuse(match interface.dumper == self.id {
            true => "the interface belongs to an earlier section",
            false => "the interface belongs to another dumper",
        })
    }

    #[cold]
    pub(super) fn other_linktype(
        &self,
        interface: InterfaceId,
        expected: Linktype,
        found: Option<Linktype>,
    ) -> Error {
        let (number, found) = (interface.number, found.unwrap_or(expected));
        let text = format!(
            "expected a packet of {expected}, the link type of interface {number}, found {found}; \
             create an interface for each capture with `Interface::for_capture`"
        );
        let name = self.output.name().to_owned();
        Error::cannot(ErrorKind::LinktypeMismatch, "write", name, text)
    }

    #[cold]
    fn out_of_range(&self, time: Timestamp) -> Error {
        self.output.refuse(format!(
            "the time {time} is out of range: before 1970, or beyond the range of the interface's timestamps"
        ))
    }
}

/// Swaps the bytes of 32-bit numbers. Apart, so that blocks in this machine's byte order pay for one branch only.
#[cold]
fn swap_numbers(bytes: &mut [u8]) {
    for number in bytes.chunks_exact_mut(4) {
        number.reverse();
    }
}
