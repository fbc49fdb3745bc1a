//! The reading calls of every phase that packets are read from.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::breakloop::BreakHandle;
#[cfg(any(feature = "tokio", feature = "async-io"))]
use crate::capture::Awaitable;
use crate::capture::iter::{IntoPackets, Packets};
use crate::capture::outcome::{Done, End, Flow, Next, Stop};
use crate::capture::phase::Found;
#[cfg(any(feature = "tokio", feature = "async-io"))]
use crate::capture::wait::WaitsFor;
use crate::capture::{Capture, Readable};
use crate::error::Result;
use crate::filter::FilterSource;
use crate::packet::Packet;

/// The packets that a call with a closure reads before it checks the clock for the first time.
const SHORTEST_SLICE: u64 = 16;

/// The limit on the wait of a single read.
#[derive(Clone, Copy)]
enum Patience {
    ForEver,
    For(Duration),
    Never,
}

#[cfg(any(feature = "tokio", feature = "async-io"))]
impl<S: Awaitable> Capture<S> {
    /// Returns the event to wait for before the next try.
    pub(crate) fn waits_for(&mut self) -> WaitsFor {
        self.state.waits_for()
    }

    /// Returns whether that event has occurred.
    pub(crate) fn is_ready(&self) -> Result<bool> {
        self.state.is_ready()
    }
}

impl<S: Readable> Capture<S> {
    /// Returns the next packet. Waits until there is one or the capture is over.
    ///
    /// `None` means that the capture is over. [`ended`](Self::ended) returns whether the savefile is at its end or a
    /// [`BreakHandle`] was used; after a break, reading can continue. The packet-buffer timeout of a live capture never
    /// ends this call.
    ///
    /// # Errors
    ///
    /// - [`SavefileTruncated`](crate::ErrorKind::SavefileTruncated) or [`SavefileBad`](crate::ErrorKind::SavefileBad)
    ///   if the savefile is damaged, after its good packets. Each further call returns the same error. A file that
    ///   became shorter while it was read counts as truncated.
    /// - [`Disappeared`](crate::ErrorKind::Disappeared) if the device was removed, after all packets that it had
    ///   received.
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

    /// Returns the next packet, and waits at most this long for it.
    ///
    /// The deadline also holds on an idle interface. The kernel may hold packets back for up to the packet-buffer
    /// timeout, so a shorter time may return [`Next::Timeout`] although a packet has arrived. Immediate mode avoids
    /// that.
    ///
    /// A savefile in a regular file or from a reader is always read to its next packet. A pipe, a socket, a terminal
    /// and a file that is [followed](Capture::follow) keep the deadline.
    ///
    /// # Errors
    ///
    /// Those of [`next_packet`](Self::next_packet).
    #[doc(alias = "pcap_next_ex")]
    #[inline]
    pub fn next_packet_timeout(&mut self, timeout: Duration) -> Result<Next<Packet<'_>>> {
        self.next(Patience::For(timeout))
    }

    /// Returns the next packet if there is one now. Never blocks, except on disk I/O or on a user-supplied reader.
    ///
    /// If the filter rejects every packet of a pipe, the call returns [`Next::Timeout`] after as many packets as the
    /// pipe can hold.
    ///
    /// # Errors
    ///
    /// Those of [`next_packet`](Self::next_packet).
    #[doc(alias = "pcap_next_ex")]
    #[inline]
    pub fn try_next_packet(&mut self) -> Result<Next<Packet<'_>>> {
        self.next(Patience::Never)
    }

    #[inline]
    fn next(&mut self, patience: Patience) -> Result<Next<Packet<'_>>> {
        Ok(match self.look(patience)? {
            Next::Packet(()) => self.packet().map_or(Next::Timeout, Next::Packet),
            Next::Timeout => Next::Timeout,
            Next::End(end) => Next::End(end),
        })
    }

    /// Advances to the next packet, which [`packet`](Self::packet) then returns. Waits as
    /// [`next_packet`](Self::next_packet) does, and returns `false` where that returns `None`.
    ///
    /// Use it in loops that skip packets, or to call [`stats`](Capture::stats) or [`inject`](Capture::inject) while
    /// holding a packet. Both need only a shared borrow of the capture, as the packet does.
    ///
    /// # Errors
    ///
    /// Those of [`next_packet`](Self::next_packet).
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
    /// /// Returns the first packet that is longer than this.
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
        Ok(self.look(Patience::ForEver)? == Next::Packet(()))
    }

    /// Returns the packet that the last [`advance`](Self::advance) or other single read advanced to. `None` before the
    /// first read, after the end, and after a call with a closure.
    #[inline]
    #[must_use]
    pub fn packet(&self) -> Option<Packet<'_>> {
        self.state.current()
    }

    /// Advances to the next packet if it is there now, and returns `Some(true)`. Returns `Some(false)` if the capture
    /// is over.
    #[cfg(any(feature = "tokio", feature = "async-io"))]
    #[inline]
    pub(crate) fn try_advance(&mut self) -> Result<Option<bool>> {
        Ok(match self.look(Patience::Never)? {
            Next::Packet(()) => Some(true),
            Next::Timeout => None,
            Next::End(_) => Some(false),
        })
    }

    #[inline]
    fn look(&mut self, patience: Patience) -> Result<Next<()>> {
        self.ended = None;
        let mut deadline = None;
        loop {
            if self.state.handle().breaker().take() {
                self.ended = Some(End::Break);
                return Ok(Next::End(End::Break));
            }
            match self.state.step()? {
                Found::Packet => return Ok(Next::Packet(())),
                Found::Nothing => {}
                Found::Eof => {
                    self.ended = Some(End::Eof);
                    return Ok(Next::End(End::Eof));
                }
            }
            if self.state.handle().breaker().is_pending() {
                continue;
            }
            let until = match patience {
                Patience::ForEver => None,
                Patience::Never => return Ok(Next::Timeout),
                Patience::For(time) => {
                    let now = Instant::now();
                    // A time that the clock cannot represent means no limit.
                    let end = *deadline.get_or_insert_with(|| now.checked_add(time));
                    if end.is_some_and(|end| end <= now) {
                        return Ok(Next::Timeout);
                    }
                    end
                }
            };
            self.state.wait(until)?;
        }
    }

    /// Calls a closure for each packet that is there.
    ///
    /// On a live capture in blocking mode, the call waits up to the packet-buffer timeout for the first packet; in
    /// non-blocking mode it does not wait. It returns [`Stop::Empty`] after the packets that were there, and at the
    /// latest one packet-buffer timeout after the first packet, if packets keep coming. If libpcap does the waiting, as
    /// on D-Bus, the call returns as soon as it has packets.
    ///
    /// The call reads a savefile to its end, and waits for one in a pipe.
    ///
    /// Packets are borrowed, without a copy.
    ///
    /// # Errors
    ///
    /// Those of [`next_packet`](Self::next_packet). The closure has received the packets before the error.
    ///
    /// # Panics
    ///
    /// Panics if the closure does. The capture can still be read.
    ///
    /// Manual page: [`pcap_dispatch(3PCAP)`](https://www.tcpdump.org/manpages/pcap_loop.3pcap.html).
    #[doc(alias = "pcap_dispatch")]
    pub fn dispatch(&mut self, f: impl FnMut(Packet<'_>)) -> Result<Done> {
        self.dispatch_up_to(u64::MAX, f)
    }

    /// Calls a closure for at most `max` of the packets that are there. See [`dispatch`](Self::dispatch).
    ///
    /// The call returns [`Stop::Count`] after `max` packets.
    ///
    /// # Errors
    ///
    /// Those of [`dispatch`](Self::dispatch).
    #[doc(alias = "pcap_dispatch")]
    pub fn dispatch_up_to(&mut self, max: u64, mut f: impl FnMut(Packet<'_>)) -> Result<Done> {
        let patience = self.state.patience();
        self.run(max, patience, move |packet| {
            f(packet);
            ControlFlow::Continue(())
        })
    }

    /// Calls a closure that can fail or stop for each packet that is there. See [`dispatch`](Self::dispatch), and
    /// [`try_for_each`](Self::try_for_each) for the closure.
    ///
    /// # Errors
    ///
    /// Those of [`dispatch`](Self::dispatch), and those of the closure.
    #[doc(alias = "pcap_dispatch")]
    pub fn try_dispatch<F: Flow>(&mut self, f: impl FnMut(Packet<'_>) -> F) -> F::Output {
        let patience = self.state.patience();
        self.try_run(patience, f)
    }

    /// Calls a closure for each packet until the savefile is at its end or a [`BreakHandle`] is used.
    ///
    /// This is the fastest way to read: packets are borrowed, not copied.
    ///
    /// # Errors
    ///
    /// Those of [`next_packet`](Self::next_packet). The closure has received the packets before the error.
    ///
    /// # Panics
    ///
    /// Panics if the closure does. The capture can still be read.
    ///
    /// # Examples
    ///
    /// ```
    /// # use pcap_core::{Capture, Dlt, End, Stop};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("a.pcap");
    /// # Capture::dead(Dlt::EN10MB)?.dump(&path)?.close()?;
    /// let mut bytes = 0;
    /// let done = Capture::from_file(&path)?.for_each(|packet| bytes += u64::from(packet.wire_len()))?;
    /// println!("{} packets, {bytes} bytes", done.packets());
    /// assert_eq!(done.stop(), Stop::End(End::Eof));
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    ///
    /// Manual page: [`pcap_loop(3PCAP)`](https://www.tcpdump.org/manpages/pcap_loop.3pcap.html).
    #[doc(alias = "pcap_loop")]
    pub fn for_each(&mut self, f: impl FnMut(Packet<'_>)) -> Result<Done> {
        self.for_each_up_to(u64::MAX, f)
    }

    /// Calls a closure for at most `count` packets. See [`for_each`](Self::for_each).
    ///
    /// The call returns [`Stop::Count`] after `count` packets.
    ///
    /// # Errors
    ///
    /// Those of [`for_each`](Self::for_each).
    #[doc(alias = "pcap_loop")]
    pub fn for_each_up_to(&mut self, count: u64, mut f: impl FnMut(Packet<'_>)) -> Result<Done> {
        self.run(count, None, move |packet| {
            f(packet);
            ControlFlow::Continue(())
        })
    }

    /// Calls a closure that can fail or stop for each packet. See [`for_each`](Self::for_each).
    ///
    /// The closure returns a `Result<(), E>` with `E: From<Error>`, or a [`ControlFlow<B>`](ControlFlow), whose value
    /// the call returns. A closure with `?` needs an explicit return type, because Rust cannot infer `E`.
    ///
    /// # Errors
    ///
    /// Those of [`for_each`](Self::for_each), and those of the closure.
    ///
    /// # Examples
    ///
    /// A closure that writes, and one that searches for a packet:
    ///
    /// ```
    /// use pcap_core::{Capture, Dlt};
    /// use std::ops::ControlFlow;
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let (path, copy) = (folder.path().join("a.pcap"), folder.path().join("b.pcap"));
    /// # let mut dumper = Capture::dead(Dlt::EN10MB)?.dump(&path)?;
    /// # dumper.write_now(b"short")?;
    /// # dumper.close()?;
    /// let mut capture = Capture::from_file(&path)?;
    /// let mut dumper = capture.dump(&copy)?;
    /// capture.try_for_each(|packet| dumper.write(packet))?;
    /// dumper.close()?;
    ///
    /// let flow = Capture::from_file(&path)?.try_for_each(|packet| {
    ///     if packet.caplen() < 14 {
    ///         return ControlFlow::Break(format!("a frame of {} bytes", packet.caplen()));
    ///     }
    ///     ControlFlow::Continue(())
    /// })?;
    /// assert_eq!(flow, ControlFlow::Break("a frame of 5 bytes".to_owned()));
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    ///
    /// With `?` in the closure and an explicit return type:
    ///
    /// ```
    /// # use pcap_core::{Capture, Dlt};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let (path, copy) = (folder.path().join("a.pcap"), folder.path().join("b.pcap"));
    /// # Capture::dead(Dlt::EN10MB)?.dump(&path)?.close()?;
    /// # let mut capture = Capture::from_file(&path)?;
    /// # let mut dumper = capture.dump(&copy)?;
    /// capture.try_for_each(|packet| -> pcap_core::Result<()> {
    ///     dumper.write(packet)?;
    ///     dumper.flush()
    /// })?;
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    ///
    /// Without that type, the closure does not compile:
    ///
    /// ```compile_fail,E0282
    /// # fn main() -> pcap_core::Result<()> {
    /// # let mut capture = pcap_core::Capture::from_file("a.pcap")?;
    /// # let mut dumper = capture.dump("b.pcap")?;
    /// capture.try_for_each(|packet| {
    ///     dumper.write(packet)?;
    ///     Ok(())
    /// })?;
    /// # Ok(()) }
    /// ```
    #[doc(alias = "pcap_loop")]
    pub fn try_for_each<F: Flow>(&mut self, f: impl FnMut(Packet<'_>) -> F) -> F::Output {
        self.try_run(None, f)
    }

    fn try_run<F: Flow>(
        &mut self,
        patience: Option<Duration>,
        mut f: impl FnMut(Packet<'_>) -> F,
    ) -> F::Output {
        let mut value = None;
        let done = self.run(u64::MAX, patience, |packet| match f(packet).into_flow() {
            ControlFlow::Continue(()) => ControlFlow::Continue(()),
            ControlFlow::Break(v) => {
                value = Some(v);
                ControlFlow::Break(())
            }
        });
        F::output(match (value, done) {
            (Some(value), Ok(_)) => Ok(ControlFlow::Break(value)),
            (_, done) => done.map(ControlFlow::Continue),
        })
    }

    /// Implements all calls with a closure. With `patience`, the call waits this long for a first packet and then takes
    /// what is there. Without it, only the end, a break, the count or the closure ends the call.
    fn run<F>(&mut self, max: u64, patience: Option<Duration>, mut f: F) -> Result<Done>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        self.ended = None;
        let mut packets = 0;
        // Check the clock between slices. The first ones are short, as the closure may be slow.
        let mut most = patience.map_or(u64::MAX, |_| SHORTEST_SLICE);
        // The end of the call while packets keep coming.
        let mut over = patience.and_then(|time| {
            let time = time.max(self.state.longest().unwrap_or(Duration::MAX));
            Instant::now().checked_add(time)
        });
        let mut deadline = None;
        let stop = loop {
            if self.state.handle().breaker().take() {
                break Stop::End(End::Break);
            }
            if packets >= max {
                break Stop::Count;
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
                return Ok(Done::new(packets, End::Break));
            }
            match slice.found {
                Found::Packet if packets >= max => continue,
                Found::Packet if over.is_some_and(|end| end <= Instant::now()) => {
                    break Stop::Empty;
                }
                Found::Packet => continue,
                Found::Eof => break Stop::End(End::Eof),
                Found::Nothing => {}
            }
            if packets >= max || self.state.handle().breaker().is_pending() {
                continue;
            }
            let until = match patience {
                None => None,
                Some(_) if packets > 0 => break Stop::Empty,
                Some(time) if time.is_zero() => break Stop::Empty,
                Some(time) => {
                    let now = Instant::now();
                    let end = *deadline.get_or_insert_with(|| now.checked_add(time));
                    if end.is_some_and(|end| end <= now) {
                        break Stop::Empty;
                    }
                    end
                }
            };
            self.state.wait(until)?;
        };
        if let Stop::End(end) = stop {
            self.ended = Some(end);
        }
        Ok(Done::new(packets, stop))
    }

    /// Returns why the last reading call found no more packets.
    ///
    /// `None` before the first call, and if the last one returned for another reason.
    #[must_use]
    pub fn ended(&self) -> Option<End> {
        self.ended
    }

    /// Returns a handle that ends this capture's reading calls from another thread, a signal handler or a closure.
    #[must_use]
    pub fn break_handle(&self) -> BreakHandle {
        self.state.handle().break_handle()
    }

    /// Sets the filter: only packets that it accepts are delivered from now on. It is an expression, or a compiled
    /// [`Filter`](crate::Filter).
    ///
    /// An expression is compiled with the default options, and on a live capture with the device's netmask, if it has
    /// one. The empty expression accepts all packets.
    ///
    /// On Linux network interfaces:
    ///
    /// - Each packet that arrives after this call is delivered if and only if the filter accepts it, as far as the
    ///   buffer has room.
    /// - The filter is applied again to packets in the buffer. Those that it can no longer judge are discarded, and
    ///   counted in [`Stats::discarded`](crate::Stats::discarded).
    /// - The kernel runs the filter on whole packets, whatever the snaplen is. If it cannot, or if its result would
    ///   differ from [`Filter::matches`](crate::Filter::matches), this process runs the filter, also on whole packets:
    ///   see [`filter_location`](Capture::filter_location).
    /// - The kernel removes the outer VLAN tag before a filter sees the packet. So `udp port 67` accepts tagged
    ///   packets, which the same filter rejects in plain bytes. In this process, too, a filter that does not test for
    ///   VLANs runs without the outer tag. A tag that a program on this host has written into a frame stays in it.
    ///
    /// On other devices and systems libpcap sets the filter, and may lose packets meanwhile.
    ///
    /// # Errors
    ///
    /// - [`FilterSyntax`](crate::ErrorKind::FilterSyntax) or [`FilterTooLong`](crate::ErrorKind::FilterTooLong) if
    ///   libpcap rejects the expression.
    /// - [`LinktypeMismatch`](crate::ErrorKind::LinktypeMismatch) if the filter was compiled for another link type.
    /// - [`Unsupported`](crate::ErrorKind::Unsupported) if only the kernel can evaluate the filter (`inbound`,
    ///   `ifindex`) and it does not run it; the text says why.
    /// - [`InvalidOption`](crate::ErrorKind::InvalidOption) in immediate mode, if the filter has to run in this process
    ///   and reads more of a packet than the snaplen leaves. Set it before activation, or use a larger snaplen.
    /// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the filter accepts only sent packets on Linux's
    ///   loopback device, which delivers each packet once, as received.
    ///
    /// After an error the previous filter stays in force.
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

    /// Returns an iterator over copies of the packets.
    ///
    /// The iterator ends when [`next_packet`](Self::next_packet) returns `None`, or after an error. After a break a new
    /// iterator continues. [`next_packet`](Self::next_packet) and [`for_each`](Self::for_each) lend packets without a
    /// copy.
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

    /// Returns an iterator over the results of a closure for each packet, without a copy of the packet.
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

    /// Converts the capture into an iterator over the results of a closure for each packet. See
    /// [`packets_with`](Self::packets_with).
    pub fn into_packets_with<T, F>(self, f: F) -> IntoPackets<S, F>
    where
        F: FnMut(Packet<'_>) -> T,
    {
        IntoPackets::new(self, f)
    }
}
