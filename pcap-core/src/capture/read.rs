//! The reading calls, the same for every phase that packets are read from.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::breakloop::BreakHandle;
use crate::capture::iter::{IntoPackets, Packets};
use crate::capture::phase::{Step, Then};
#[cfg(any(feature = "tokio", feature = "async-io"))]
use crate::capture::wait::WaitsFor;
use crate::capture::{Capture, Readable};
use crate::error::Result;
use crate::filter::FilterSource;
use crate::packet::{Packet, PacketOwned};

/// Why a reading call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The number of packets that was asked for has been read.
    Count,
    /// Nothing more is there now.
    Empty,
    /// The savefile is at its end.
    Eof,
    /// A [`BreakHandle`] ended it.
    Break,
}

/// What a reading call with a closure did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Done {
    /// How many packets the closure was handed.
    pub packets: u64,
    /// Why the call ended.
    pub end: End,
}

/// What a read that does not wait for ever found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// A packet.
    Packet(Packet<'a>),
    /// No packet in time.
    Timeout,
    /// The savefile is at its end.
    Eof,
    /// A [`BreakHandle`] ended the wait.
    Break,
}

impl<'a> Next<'a> {
    /// The packet, if there is one.
    #[must_use]
    pub fn packet(self) -> Option<Packet<'a>> {
        match self {
            Next::Packet(packet) => Some(packet),
            Next::Timeout | Next::Eof | Next::Break => None,
        }
    }
}

/// How many packets a call that takes what is there reads before it looks at the clock for the first time.
const SHORTEST_SLICE: u64 = 16;

/// How long a single read may wait.
#[derive(Clone, Copy)]
enum Patience {
    ForEver,
    For(Duration),
    Never,
}

/// What a single read found; the packet is the current one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Packet,
    Nothing,
    End(End),
}

impl<S: Readable> Capture<S> {
    /// The next packet: waits until there is one or the capture is over.
    ///
    /// `None` means that it is over, and [`ended`](Self::ended) says whether the savefile is at its
    /// end or a [`BreakHandle`] was used; after a break the capture can be read on. The
    /// packet-buffer timeout of a live capture never shows here.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SavefileTruncated`](crate::ErrorKind::SavefileTruncated) and
    /// [`SavefileBad`](crate::ErrorKind::SavefileBad) for a damaged savefile, after its good packets;
    /// asked again, it is the same error. A file that became shorter while it was read is truncated, too.
    /// [`Disappeared`](crate::ErrorKind::Disappeared) when the device was removed, after all packets
    /// that it had received.
    ///
    /// # Examples
    ///
    /// ```
    /// # use pcap_core::{Capture, Dlt, End};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("a.pcap");
    /// # Capture::dead(Dlt::EN10MB)?.dump(&path)?.close()?;
    /// let mut capture = Capture::from_file(&path)?;
    /// while let Some(packet) = capture.next_packet()? {
    ///     println!("{} {} bytes", packet.timestamp(), packet.wire_len());
    /// }
    /// assert_eq!(capture.ended(), Some(End::Eof));
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    ///
    /// Manual page: [`pcap_next_ex(3PCAP)`](https://www.tcpdump.org/manpages/pcap_next_ex.3pcap.html).
    #[doc(alias = "pcap_next")]
    #[doc(alias = "pcap_next_ex")]
    #[inline]
    pub fn next_packet(&mut self) -> Result<Option<Packet<'_>>> {
        Ok(if self.advance()? { self.packet() } else { None })
    }

    /// The next packet, if it comes within this time.
    ///
    /// The deadline holds on an idle interface too. Packets may lie unseen in the kernel's buffer
    /// for up to the packet-buffer timeout of the capture, so a shorter time may answer
    /// [`Next::Timeout`] although a packet has arrived; immediate mode is for that. A savefile in
    /// a regular file, or of a reader, is always read to its next packet; one that comes through a pipe, a
    /// socket or a terminal keeps the deadline, as does one that is [followed](Capture::follow).
    ///
    /// # Errors
    ///
    /// As [`next_packet`](Self::next_packet).
    #[doc(alias = "pcap_next_ex")]
    #[inline]
    pub fn next_packet_timeout(&mut self, timeout: Duration) -> Result<Next<'_>> {
        self.next(Patience::For(timeout))
    }

    /// The next packet, if it is there now: never waits, but for the disk, and for what a savefile's reader
    /// waits for.
    ///
    /// Of a pipe with more packets than it can hold at once, which the filter refuses, it looks at so many, and then says
    /// [`Next::Timeout`].
    ///
    /// # Errors
    ///
    /// As [`next_packet`](Self::next_packet).
    #[doc(alias = "pcap_next_ex")]
    #[inline]
    pub fn try_next_packet(&mut self) -> Result<Next<'_>> {
        self.next(Patience::Never)
    }

    #[inline]
    fn next(&mut self, patience: Patience) -> Result<Next<'_>> {
        Ok(match self.look(patience)? {
            Found::Packet => self.packet().map_or(Next::Timeout, Next::Packet),
            Found::Nothing => Next::Timeout,
            Found::End(End::Eof) => Next::Eof,
            Found::End(_) => Next::Break,
        })
    }

    /// Goes to the next packet, which [`packet`](Self::packet) then gives: waits like
    /// [`next_packet`](Self::next_packet), and is `false` where that is `None`.
    ///
    /// For loops that skip packets, and to call [`stats`](Capture::stats) or
    /// [`inject`](Capture::inject) while holding one: these borrow the capture, and so does a
    /// packet got this way, without excluding them.
    ///
    /// # Errors
    ///
    /// As [`next_packet`](Self::next_packet).
    ///
    /// # Examples
    ///
    /// ```
    /// # use pcap_core::{Capture, Dlt};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("a.pcap");
    /// # let mut dumper = Capture::dead(Dlt::EN10MB)?.dump(&path)?;
    /// # dumper.write_now(&[0; 1500])?;
    /// # dumper.close()?;
    /// /// The first packet that is longer than this.
    /// fn longer(capture: &mut Capture<pcap_core::Offline>, than: u32)
    ///     -> pcap_core::Result<Option<pcap_core::Packet<'_>>>
    /// {
    ///     while capture.advance()? {
    ///         if capture.packet().is_some_and(|packet| packet.wire_len() > than) {
    ///             return Ok(capture.packet());
    ///         }
    ///     }
    ///     Ok(None)
    /// }
    /// let mut capture = Capture::from_file(&path)?;
    /// assert!(longer(&mut capture, 1000)?.is_some());
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[doc(alias = "pcap_next_ex")]
    #[inline]
    pub fn advance(&mut self) -> Result<bool> {
        Ok(self.look(Patience::ForEver)? == Found::Packet)
    }

    /// The packet that the last [`advance`](Self::advance) or other single read went to; `None`
    /// before the first, after the end, and after a call with a closure has returned.
    #[inline]
    #[must_use]
    pub fn packet(&self) -> Option<Packet<'_>> {
        self.state.current()
    }

    /// Goes to the next packet if it is there now, which is `Some(true)`; `Some(false)` where the
    /// capture is over.
    #[cfg(any(feature = "tokio", feature = "async-io"))]
    #[inline]
    pub(crate) fn try_advance(&mut self) -> Result<Option<bool>> {
        Ok(match self.look(Patience::Never)? {
            Found::Packet => Some(true),
            Found::Nothing => None,
            Found::End(_) => Some(false),
        })
    }

    /// What to wait for before the next look.
    #[cfg(any(feature = "tokio", feature = "async-io"))]
    pub(crate) fn waits_for(&mut self) -> WaitsFor {
        self.state.waits_for()
    }

    /// Whether that has come already.
    #[cfg(any(feature = "tokio", feature = "async-io"))]
    pub(crate) fn is_ready(&self) -> Result<bool> {
        self.state.is_ready()
    }

    #[inline]
    fn look(&mut self, patience: Patience) -> Result<Found> {
        self.ended = None;
        let mut deadline = None;
        loop {
            if self.state.handle().breaker().take() {
                self.ended = Some(End::Break);
                return Ok(Found::End(End::Break));
            }
            match self.state.step()? {
                Step::Packet => return Ok(Found::Packet),
                Step::Wait => {}
                Step::Eof => {
                    self.ended = Some(End::Eof);
                    return Ok(Found::End(End::Eof));
                }
            }
            if self.state.handle().breaker().is_pending() {
                continue;
            }
            let until = match patience {
                Patience::ForEver => None,
                Patience::Never => return Ok(Found::Nothing),
                Patience::For(time) => {
                    let now = Instant::now();
                    // A time beyond what the clock can count is for ever.
                    let end = *deadline.get_or_insert_with(|| now.checked_add(time));
                    if end.is_some_and(|end| end <= now) {
                        return Ok(Found::Nothing);
                    }
                    end
                }
            };
            self.state.wait(until)?;
        }
    }

    /// Hands packets to a closure: at most `max` of those that are there, `usize::MAX` for all.
    ///
    /// On a live capture in blocking mode it waits for a first packet, up to the packet-buffer
    /// timeout, and is then [`End::Empty`]; in non-blocking mode it does not wait. It returns after the packets that were
    /// there, and while packets keep coming, after one packet-buffer timeout from the first. Where libpcap waits by
    /// itself, as on D-Bus, it returns as soon as it has packets. A savefile is read to `max` or its end, which in a pipe
    /// is waited for. The packets are borrowed from where they lie: no copy is made.
    ///
    /// # Errors
    ///
    /// As [`next_packet`](Self::next_packet). The closure has had the packets before the error.
    ///
    /// # Panics
    ///
    /// Only if the closure does; the capture can be read on.
    ///
    /// Manual page: [`pcap_dispatch(3PCAP)`](https://www.tcpdump.org/manpages/pcap_loop.3pcap.html).
    #[doc(alias = "pcap_dispatch")]
    pub fn dispatch(&mut self, max: usize, mut f: impl FnMut(Packet<'_>)) -> Result<Done> {
        let patience = self.state.patience();
        self.run(max as u64, patience, move |packet| {
            f(packet);
            ControlFlow::Continue(())
        })
    }

    /// Hands every packet to a closure until the capture is over: the savefile at its end, or a
    /// [`BreakHandle`] used.
    ///
    /// The fastest way to read: packets are borrowed from where they lie.
    ///
    /// # Errors
    ///
    /// As [`next_packet`](Self::next_packet). The closure has had the packets before the error.
    ///
    /// # Panics
    ///
    /// Only if the closure does; the capture can be read on.
    ///
    /// # Examples
    ///
    /// ```
    /// # use pcap_core::{Capture, Dlt, End};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("a.pcap");
    /// # Capture::dead(Dlt::EN10MB)?.dump(&path)?.close()?;
    /// let mut bytes = 0;
    /// let done = Capture::from_file(&path)?.for_each(|packet| bytes += u64::from(packet.wire_len()))?;
    /// println!("{} packets, {bytes} bytes", done.packets);
    /// assert_eq!(done.end, End::Eof);
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    ///
    /// Manual page: [`pcap_loop(3PCAP)`](https://www.tcpdump.org/manpages/pcap_loop.3pcap.html).
    #[doc(alias = "pcap_loop")]
    pub fn for_each(&mut self, f: impl FnMut(Packet<'_>)) -> Result<Done> {
        self.for_each_up_to(u64::MAX, f)
    }

    /// [`for_each`](Self::for_each) of at most this many packets: then the end is [`End::Count`].
    ///
    /// # Errors
    ///
    /// As [`for_each`](Self::for_each).
    #[doc(alias = "pcap_loop")]
    pub fn for_each_up_to(&mut self, count: u64, mut f: impl FnMut(Packet<'_>)) -> Result<Done> {
        self.run(count, None, move |packet| {
            f(packet);
            ControlFlow::Continue(())
        })
    }

    /// [`for_each`](Self::for_each) with a closure that can end it: what it breaks with is returned.
    ///
    /// # Errors
    ///
    /// As [`for_each`](Self::for_each).
    ///
    /// # Examples
    ///
    /// A closure that fails:
    ///
    /// ```
    /// # use pcap_core::{Capture, Dlt};
    /// # use std::ops::ControlFlow;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("a.pcap");
    /// # let mut dumper = Capture::dead(Dlt::EN10MB)?.dump(&path)?;
    /// # dumper.write_now(b"short")?;
    /// # dumper.close()?;
    /// let flow = Capture::from_file(&path)?.try_for_each(|packet| {
    ///     if packet.caplen() < 14 {
    ///         return ControlFlow::Break(format!("a frame of {} bytes", packet.caplen()));
    ///     }
    ///     ControlFlow::Continue(())
    /// })?;
    /// assert_eq!(flow, ControlFlow::Break("a frame of 5 bytes".to_owned()));
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[doc(alias = "pcap_loop")]
    pub fn try_for_each<B>(
        &mut self,
        mut f: impl FnMut(Packet<'_>) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B, Done>> {
        let mut value = None;
        let done = self.run(u64::MAX, None, |packet| match f(packet) {
            ControlFlow::Continue(()) => ControlFlow::Continue(()),
            ControlFlow::Break(b) => {
                value = Some(b);
                ControlFlow::Break(())
            }
        })?;
        Ok(match value {
            Some(value) => ControlFlow::Break(value),
            None => ControlFlow::Continue(done),
        })
    }

    /// All calls with a closure. `patience` is how long to wait for a first packet, after which what
    /// is there is enough; without it only the end, a break, the count or the closure end it.
    fn run<F>(&mut self, max: u64, patience: Option<Duration>, mut f: F) -> Result<Done>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        self.ended = None;
        let mut packets = 0;
        // A call that takes what is there looks at the clock between slices: short ones first, as the closure may be slow.
        let mut most = patience.map_or(u64::MAX, |_| SHORTEST_SLICE);
        // Until when packets may keep coming.
        let mut over = patience.and_then(|time| {
            let time = time.max(self.state.longest().unwrap_or(Duration::MAX));
            Instant::now().checked_add(time)
        });
        let mut deadline = None;
        let end = loop {
            if self.state.handle().breaker().take() {
                break End::Break;
            }
            if packets >= max {
                break End::Count;
            }
            let start = (patience.is_some() && packets == 0).then(Instant::now);
            let slice = self.state.slice(most.min(max - packets), &mut f)?;
            packets += slice.packets;
            if let (Some(start), true) = (start, packets > 0) {
                let longest = self.state.longest();
                over = longest.and_then(|time| start.checked_add(time));
            }
            most = most.saturating_mul(2);
            if slice.stopped {
                return Ok(Done {
                    packets,
                    end: End::Break,
                });
            }
            match slice.then {
                Then::Again if packets >= max => continue,
                Then::Again if over.is_some_and(|end| end <= Instant::now()) => {
                    break End::Empty;
                }
                Then::Again => continue,
                Then::Eof => break End::Eof,
                Then::Wait => {}
            }
            if packets >= max || self.state.handle().breaker().is_pending() {
                continue;
            }
            let until = match patience {
                None => None,
                Some(_) if packets > 0 => break End::Empty,
                Some(time) if time.is_zero() => break End::Empty,
                Some(time) => {
                    let now = Instant::now();
                    let end = *deadline.get_or_insert_with(|| now.checked_add(time));
                    if end.is_some_and(|end| end <= now) {
                        break End::Empty;
                    }
                    end
                }
            };
            self.state.wait(until)?;
        };
        self.ended = Some(end);
        Ok(Done { packets, end })
    }

    /// Why the last reading call ended: `None` before the first, and after one that gave a packet
    /// or a timeout.
    #[must_use]
    pub fn ended(&self) -> Option<End> {
        self.ended
    }

    /// A handle that ends this capture's reading calls from elsewhere.
    #[must_use]
    pub fn break_handle(&self) -> BreakHandle {
        self.state.handle().break_handle()
    }

    /// From now on gives only packets that pass a filter: an expression, or a compiled
    /// [`Filter`](crate::Filter).
    ///
    /// An expression is compiled with the default options, on a live capture with the device's
    /// netmask if it has one. The empty expression lets all pass.
    ///
    /// On Linux network interfaces:
    ///
    /// - No packet that passes and arrives after this call is lost, and none that does not pass is delivered.
    /// - Packets that are in the buffer already are judged again. Those that cannot be judged any more are not
    ///   delivered, and counted in [`Stats::discarded`](crate::Stats::discarded).
    /// - The kernel runs the filter on whole packets, whatever the snaplen is. Where it cannot, or would give
    ///   another answer than [`Filter::matches`](crate::Filter::matches), this process does, on whole packets, too:
    ///   see [`filter_location`](Capture::filter_location).
    /// - The kernel takes the outer VLAN tag out of a packet before a filter sees it. So `udp port 67` accepts tagged
    ///   packets, which the same filter rejects on plain bytes; a filter that does not ask for VLANs is shown packets
    ///   without the outer tag in this process as well. A tag that a program on this host has written into a frame
    ///   stays in it.
    ///
    /// On other devices and systems libpcap sets the filter. There packets may be lost while it does.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::FilterSyntax`](crate::ErrorKind::FilterSyntax) and
    ///   [`FilterTooLong`](crate::ErrorKind::FilterTooLong) for the expression.
    /// - [`LinktypeMismatch`](crate::ErrorKind::LinktypeMismatch) for a filter compiled for another link type.
    /// - [`Unsupported`](crate::ErrorKind::Unsupported) for a filter that only the kernel can evaluate (`inbound`,
    ///   `ifindex`) and that it does not run; the text says why.
    /// - [`InvalidOption`](crate::ErrorKind::InvalidOption) in immediate mode, for a filter that has to run in this
    ///   process and reads more of a packet than the snaplen leaves. Set it before activation, or use a larger snaplen.
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) for a filter that accepts only packets that are sent,
    ///   on Linux's loopback device, which delivers each packet once, as received.
    ///
    /// The filter that was there before stays in force.
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
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    ///
    /// Manual page: [`pcap_setfilter(3PCAP)`](https://www.tcpdump.org/manpages/pcap_setfilter.3pcap.html).
    #[doc(alias = "pcap_setfilter")]
    pub fn set_filter<'f>(&mut self, filter: impl Into<FilterSource<'f>>) -> Result<()> {
        self.state.set_filter(filter.into())
    }

    /// The packets as an iterator of owned ones. It ends where [`next_packet`](Self::next_packet) is
    /// `None`, or after an error; after a break a new one goes on.
    ///
    /// # Examples
    ///
    /// ```
    /// # use pcap_core::{Capture, Dlt, PacketOwned};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("a.pcap");
    /// # Capture::dead(Dlt::EN10MB)?.dump(&path)?.close()?;
    /// let mut capture = Capture::from_file(&path)?;
    /// let packets: Vec<PacketOwned> = capture.packets().collect::<Result<_, _>>()?;
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    pub fn packets(&mut self) -> Packets<'_, S, fn(Packet<'_>) -> PacketOwned> {
        self.packets_with(|packet| packet.into_owned())
    }

    /// An iterator of what a closure makes of each packet, without copying the packet.
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

    /// [`packets`](Self::packets) that owns the capture.
    pub fn into_packets(self) -> IntoPackets<S> {
        IntoPackets::new(self)
    }
}
