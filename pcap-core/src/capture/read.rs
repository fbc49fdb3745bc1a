//! Reading with iterators, and setting filters.

use crate::capture::iter::{IntoPackets, Packets};
use crate::capture::{Capture, Readable};
use crate::error::Result;
use crate::filter::FilterSource;
use crate::packet::Packet;

/// # Reading with an iterator
impl<S: Readable> Capture<S> {
    /// Returns an iterator over copies of the packets, as [`PacketOwned`](crate::PacketOwned).
    ///
    /// The iterator ends when [`next_packet`](Self::next_packet) returns `None`, or after an error. After a break, a
    /// new iterator continues with the next packet. To read packets without copying them, use
    /// [`next_packet`](Self::next_packet) or [`for_each`](Self::for_each).
    ///
    /// # Examples
    ///
    /// ```
    /// # use pcap_core::{Capture, Dlt};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("a.pcap");
    /// # Capture::dead(Dlt::EN10MB)?.dump(&path)?.close()?;
    /// for packet in &mut Capture::from_file(&path)? {
    ///     println!("{}", packet?.timestamp());
    /// }
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    pub fn packets(&mut self) -> Packets<'_, S> {
        Packets::new(self, |packet| packet.into_owned())
    }

    /// Returns an iterator over the values that a closure returns for each packet. The packets are not copied.
    ///
    /// # Examples
    ///
    /// ```
    /// # use pcap_core::{Capture, Dlt};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("a.pcap");
    /// # let mut dumper = Capture::dead(Dlt::EN10MB)?.dump(&path)?;
    /// # for n in [60, 1514, 90] { dumper.write_now(&vec![0; n])?; }
    /// # dumper.close()?;
    /// let mut capture = Capture::from_file(&path)?;
    /// let longest = capture.packets_with(|packet| packet.wire_len()).flatten().max();
    /// assert_eq!(longest, Some(1514));
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    pub fn packets_with<T, F>(&mut self, f: F) -> Packets<'_, S, F>
    where
        F: FnMut(Packet<'_>) -> T,
    {
        Packets::new(self, f)
    }

    /// Converts the capture into an iterator over copies of the packets. See [`packets`](Self::packets).
    pub fn into_packets(self) -> IntoPackets<S> {
        IntoPackets::new(self, |packet| packet.into_owned())
    }

    /// Converts the capture into an iterator over the values that a closure returns for each packet. See
    /// [`packets_with`](Self::packets_with).
    pub fn into_packets_with<T, F>(self, f: F) -> IntoPackets<S, F>
    where
        F: FnMut(Packet<'_>) -> T,
    {
        IntoPackets::new(self, f)
    }
}

/// # Filters
impl<S: Readable> Capture<S> {
    /// Sets the filter, which is an expression or a compiled [`Filter`](crate::Filter). From then on, the capture
    /// delivers only packets that the filter accepts.
    ///
    /// An expression is compiled with the default options, and on a live capture with the device's netmask, if it has
    /// one. An empty expression accepts all packets.
    ///
    /// On Linux network interfaces:
    ///
    /// - Unless the buffer is full, a packet that arrives after this call is delivered if and only if the filter
    ///   accepts it.
    /// - The filter is also applied to the packets that are already in the buffer. A packet is discarded, and counted
    ///   in [`Stats::discarded`](crate::Stats::discarded), if the data that the filter tests is no longer available.
    /// - The kernel runs the filter on whole packets, regardless of the snaplen. If it cannot, or if its result would
    ///   differ from that of [`Filter::matches`](crate::Filter::matches), this process runs the filter, also on whole
    ///   packets. [`filter_location`](Capture::filter_location) returns where it runs.
    /// - The kernel removes the outer VLAN tag before a filter sees the packet. So `udp port 67` accepts tagged
    ///   packets, although [`Filter::matches`](crate::Filter::matches) rejects their bytes, which include the tag. In
    ///   this process, a filter that does not test for VLANs does not see the outer tag either. The kernel does not
    ///   remove a tag that a program on this host has written into a frame.
    ///
    /// In other live captures, libpcap sets the filter, and may lose packets while it does so. On a savefile, this
    /// process runs the filter. If the savefile has [several link types](Capture::mix_linktypes), an expression is
    /// compiled for each of them.
    ///
    /// # Errors
    ///
    /// - The errors of [`Filter::compile`](crate::Filter::compile) if the filter is an expression, such as
    ///   [`FilterSyntax`](crate::ErrorKind::FilterSyntax).
    /// - [`LinktypeMismatch`](crate::ErrorKind::LinktypeMismatch) if the filter was compiled for another link type.
    /// - [`Unsupported`](crate::ErrorKind::Unsupported) if only the kernel can evaluate the filter (for example
    ///   `inbound` or `ifindex`) but cannot run it. The message states why.
    /// - [`InvalidOption`](crate::ErrorKind::InvalidOption) in immediate mode, if the filter has to run in this process
    ///   and reads bytes beyond the snaplen. Set the filter before activation, or use a larger snaplen.
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the filter accepts only sent packets on Linux's
    ///   loopback device, which delivers each packet once, as received.
    /// - [`Io`](crate::ErrorKind::Io) or [`Other`](crate::ErrorKind::Other) if the operating system or libpcap reports
    ///   any other error.
    ///
    /// After an error, the previous filter stays in effect.
    ///
    /// # Examples
    ///
    /// ```
    /// # use pcap_core::{Capture, Dlt};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("a.pcap");
    /// # let mut dumper = Capture::dead(Dlt::EN10MB)?.dump(&path)?;
    /// # dumper.write_now(&[0; 60])?;
    /// # dumper.close()?;
    /// let mut capture = Capture::from_file(&path)?;
    /// capture.set_filter("ip6")?;
    /// assert_eq!(capture.packets().count(), 0);
    /// let mut capture = Capture::from_file(&path)?;
    /// capture.set_filter("")?; // accepts all packets
    /// assert_eq!(capture.packets().count(), 1);
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    ///
    #[doc = manual!("pcap_setfilter")]
    ///
    #[doc(alias = "pcap_setfilter")]
    pub fn set_filter<'f>(&mut self, filter: impl Into<FilterSource<'f>>) -> Result<()> {
        self.state.set_filter(filter.into())
    }
}
