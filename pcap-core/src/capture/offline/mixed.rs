//! Reading a pcapng savefile with several link types.

use std::fs::File;

use crate::capture::Capture;
use crate::capture::offline::Offline;
use crate::capture::offline::blocks::{self, Opened};
use crate::capture::offline::filtering::{Filtering, PerLinktype};
use crate::capture::offline::route::Route;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::FilterSource;
use crate::savefile::pcapng::{Blocks, Rules};
use crate::savefile::{ByteOrder, SavefileFormat};
use crate::warning::Warning;

/// # Several link types
impl Capture<Offline> {
    /// Lets the interfaces of a pcapng savefile have different link types from now on. Otherwise, reading returns an
    /// error at the first interface whose link type differs, as libpcap does.
    ///
    /// [`Packet::linktype`](crate::Packet::linktype) returns the link type of each packet, and
    /// [`Packet::interface`](crate::Packet::interface) the number of its interface. The capture's own properties, such
    /// as [`linktype`](Self::linktype), [`snaplen`](Self::snaplen) and what [`compile`](Self::compile) compiles for,
    /// remain those of the first interface. A [`Dumper`](crate::Dumper) writes one link type only, and rejects packets
    /// of another one; a [`PcapngDumper`](crate::pcapng::PcapngDumper) can write several.
    ///
    /// A classic savefile has one link type, so the call has no effect.
    ///
    /// # Filters
    ///
    /// [`set_filter`](Self::set_filter) compiles an expression for each link type when the link type first appears. A
    /// filter that was set before this call remains in effect and is compiled for the other link types in the same
    /// way. Names in the expression are resolved each time.
    ///
    /// Packets of a link type for which the expression does not compile are rejected. [`warnings`](Self::warnings) then
    /// contains one warning for that link type. If the expression compiles for no link type that is known at the time
    /// of the call, `set_filter` returns the error. These are the link types of the first interface and of the
    /// interfaces of the section so far. Before the first read, they include the interfaces before the first packet,
    /// as far as they are in memory; for a pipe, only the first interface is known.
    ///
    /// A compiled [`Filter`](crate::Filter) applies to its own link type. Packets of others are rejected, with the same
    /// warning.
    ///
    /// # Packets that libpcap converts
    ///
    /// libpcap converts the packets of some link types, such as USB and D-Bus, and of most link types if the byte order
    /// [differs](Self::is_swapped). This crate does not: after this call, all packets are delivered as they are in the
    /// file. If the link type of the first interface is one of them, the savefile must be a regular file from which
    /// nothing has been read yet.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](ErrorKind::Unsupported) if libpcap reads the savefile, because it may convert the packets of
    ///   the first interface, and the savefile is not a regular file or reading has begun. [`pcapng::Reader`] reads
    ///   such a file.
    /// - The error of the capture if reading has failed before, for example at a second link type.
    /// - [`Io`](ErrorKind::Io) if the operating system reports an error.
    ///
    /// [`pcapng::Reader`]: crate::pcapng::Reader
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::pcapng::{Interface, PcapngDumper};
    /// use pcap_core::{Capture, Linktype, Packet, Timestamp};
    ///
    /// let mut dumper = PcapngDumper::new(Vec::new());
    /// let lan = dumper.add_interface(&Interface::new(Linktype::ETHERNET))?;
    /// let tunnel = dumper.add_interface(&Interface::new(Linktype::RAW))?;
    /// let ip = [&[0x45, 0, 0, 20][..], &[0; 16]].concat();
    /// let ethernet = [&[0; 12][..], &[8, 0], &ip].concat();
    /// dumper.write(lan, Packet::whole(Timestamp::now(), &ethernet))?;
    /// dumper.write(tunnel, Packet::whole(Timestamp::now(), &ip))?;
    /// let bytes: Vec<u8> = dumper.into_writer()?;
    ///
    /// let mut capture = Capture::from_reader(std::io::Cursor::new(bytes))?;
    /// capture.mix_linktypes()?;
    /// capture.set_filter("ip")?;
    /// let mut found = Vec::new();
    /// while let Some(packet) = capture.next_packet()? {
    ///     found.extend(packet.linktype());
    /// }
    /// assert_eq!(found, [Linktype::ETHERNET, Linktype::RAW]);
    /// assert!(capture.warnings().is_empty());
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[inline]
    pub fn mix_linktypes(&mut self) -> Result<()> {
        let state = &mut self.state;
        if state.format == SavefileFormat::Pcap || state.mixed().is_some() {
            return Ok(());
        }
        if let Route::Failed(error) = &state.route {
            return Err(error.clone());
        }
        if state.route.blocks_mut().is_none() {
            state.take_over()?;
        }
        state.mix()
    }

    /// Returns the warnings about the current filter: one for each link type for which it does not compile, as soon as
    /// an interface has that link type. Only a capture with [several link types](Self::mix_linktypes) has warnings.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::pcapng::{Interface, PcapngDumper};
    /// use pcap_core::{Capture, Linktype, WarningKind};
    ///
    /// let mut dumper = PcapngDumper::new(Vec::new());
    /// dumper.add_interface(&Interface::new(Linktype::ETHERNET))?;
    /// dumper.add_interface(&Interface::new(Linktype::RAW))?;
    /// let bytes: Vec<u8> = dumper.into_writer()?;
    ///
    /// let mut capture = Capture::from_reader(std::io::Cursor::new(bytes))?;
    /// capture.mix_linktypes()?;
    /// capture.set_filter("ether host 02:00:00:00:00:01")?;
    /// assert_eq!(capture.packets().count(), 0);
    /// let warning = &capture.warnings()[0];
    /// assert_eq!(warning.kind(), WarningKind::FilterNotSupported);
    /// assert!(warning.text().contains("link type RAW"));
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        match &self.state.filtering {
            Filtering::PerLinktype(filters) => filters.warnings(),
            Filtering::All | Filtering::One(..) => &[],
        }
    }
}

impl Offline {
    /// Returns the block reader, if it reads several link types.
    fn mixed(&self) -> Option<&Blocks> {
        self.route.blocks().filter(|blocks| blocks.is_mixed())
    }

    /// Replaces libpcap by this crate's block reader, at the start of a regular file.
    #[inline]
    fn take_over(&mut self) -> Result<()> {
        let name = &self.handle.name;
        let operation = "mix the link types of";
        let stream = self.stream.as_ref().filter(|_| self.start.is_some());
        let file = stream.and_then(|stream| stream.with_file(File::try_clone));
        let (Some(file), Some(start)) = (file, self.start) else {
            let dlt = self.handle.datalink();
            let text = format!(
                "libpcap reads packets of link type {dlt}, and this crate can only take over at the start of a \
                 regular file; `pcapng::Reader` reads any"
            );
            let kind = ErrorKind::Unsupported;
            return Err(Error::cannot(kind, operation, name.clone(), text));
        };
        let file = file.map_err(|e| Error::io(operation, name.clone(), e))?;
        let blocks = Blocks::new(Some(file), start, Rules::Libpcap);
        let (Opened::Ours(blocks, _) | Opened::Libpcaps(blocks)) = blocks::open(blocks, name)?;
        self.route = Route::Blocks(blocks);
        Ok(())
    }

    /// Lets interfaces have different link types.
    #[inline]
    fn mix(&mut self) -> Result<()> {
        // What a pipe has delivered by now depends on chance.
        let is_pipe = self.descriptor().is_some();
        let blocks = self.route.blocks_mut();
        let Some(blocks) = blocks else { return Ok(()) };
        blocks.mix();
        if !is_pipe {
            blocks.look_ahead();
        }
        self.filtering = match std::mem::replace(&mut self.filtering, Filtering::All) {
            Filtering::One(filter, source) => {
                let mut filters = PerLinktype::new(source);
                filters.add(filter, self.first_order());
                Filtering::PerLinktype(filters)
            }
            other => other,
        };
        self.extend_filters()
    }

    /// Returns the byte order of the first section.
    fn first_order(&self) -> ByteOrder {
        match self.is_swapped {
            true => ByteOrder::Swapped,
            false => ByteOrder::Native,
        }
    }

    /// Compiles the filter for interfaces that were described since the last call.
    pub(super) fn extend_filters(&mut self) -> Result<()> {
        let (Some(blocks), Filtering::PerLinktype(filters)) =
            (self.route.blocks(), &mut self.filtering)
        else {
            return Ok(());
        };
        let extended = filters.extend(blocks.interfaces(), blocks.order(), &self.handle.name);
        extended.map_err(|error| self.fail_with(error))
    }

    /// Returns a filter for the link types that are known so far, if there may be several.
    pub(super) fn filter_per_linktype(
        &self,
        source: &FilterSource<'_>,
    ) -> Result<Option<Filtering>> {
        let Some(blocks) = self.mixed() else {
            return Ok(None);
        };
        if is_empty(source) {
            // libpcap cannot even compile this for some link types.
            return Ok(Some(Filtering::All));
        }
        let name = &self.handle.name;
        let mut filters = PerLinktype::new(source.clone().into_owned());
        let first = (self.handle.datalink().into(), self.handle.snaplen());
        filters.compile(first, self.first_order(), name)?;
        filters.extend(blocks.interfaces(), blocks.order(), name)?;
        filters.check()?;
        Ok(Some(Filtering::PerLinktype(filters)))
    }
}

/// Returns whether this is the expression that accepts all packets.
fn is_empty(source: &FilterSource<'_>) -> bool {
    matches!(source, FilterSource::Expression(text, _) if text.trim_ascii().is_empty())
}
