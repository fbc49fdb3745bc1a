//! The reading calls, the same for every phase that packets are read from.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::breakloop::BreakHandle;
use crate::capture::iter::{IntoPackets, Packets};
use crate::capture::outcome::{Done, End, Flow, Next, Stop};
use crate::capture::phase::{Step, Then};
#[cfg(any(feature = "tokio", feature = "async-io"))]
use crate::capture::wait::WaitsFor;
use crate::capture::{Capture, Readable};
use crate::error::Result;
use crate::filter::FilterSource;
use crate::packet::Packet;

/// How many packets a call that takes what is there reads before it looks at the clock for the first time.
const SHORTEST_SLICE: u64 = 16;

/// How long a single read may wait.
#[derive(Clone, Copy)]
enum Patience {
    ForEver,
    For(Duration),
    Never,
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
    pub fn next_packet_timeout(&mut self, timeout: Duration) -> Result<Next<Packet<'_>>> {
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
        Ok(self.look(Patience::ForEver)? == Next::Packet(()))
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
            Next::Packet(()) => Some(true),
            Next::Timeout => None,
            Next::End(_) => Some(false),
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
    fn look(&mut self, patience: Patience) -> Result<Next<()>> {
        self.ended = None;
        let mut deadline = None;
        loop {
            if self.state.handle().breaker().take() {
                self.ended = Some(End::Break);
                return Ok(Next::End(End::Break));
            }
            match self.state.step()? {
                Step::Packet => return Ok(Next::Packet(())),
                Step::Wait => {}
                Step::Eof => {
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
                    // A time beyond what the clock can count is for ever.
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

    /// Hands the packets that are there to a closure.
    ///
    /// A live capture in blocking mode waits up to the packet-buffer timeout for a first packet; in non-blocking mode it
    /// does not wait. The call returns [`Stop::Empty`] after the packets that were there, and while packets keep coming,
    /// after one packet-buffer timeout from the first. Where libpcap waits by itself, as on D-Bus, it returns as soon as
    /// it has packets. A savefile is read to its end; one in a pipe is waited for.
    ///
    /// The packets are borrowed from where they lie: no copy is made.
    ///
    /// # Errors
    ///
    /// Those of [`next_packet`](Self::next_packet). The closure has had the packets before the error.
    ///
    /// # Panics
    ///
    /// Only if the closure does; the capture can be read on.
    ///
    /// Manual page: [`pcap_dispatch(3PCAP)`](https://www.tcpdump.org/manpages/pcap_loop.3pcap.html).
    #[doc(alias = "pcap_dispatch")]
    pub fn dispatch(&mut self, f: impl FnMut(Packet<'_>)) -> Result<Done> {
        self.dispatch_up_to(u64::MAX, f)
    }

    /// Hands at most a number of the packets that are there to a closure. See [`dispatch`](Self::dispatch).
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

    /// Hands the packets that are there to a closure that can fail or stop. See [`dispatch`](Self::dispatch), and
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

    /// Hands at most a number of packets to a closure. See [`for_each`](Self::for_each).
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

    /// Hands every packet to a closure that can fail or stop. See [`for_each`](Self::for_each).
    ///
    /// The closure returns a `Result<(), E>`, where `E` can be made from an [`Error`](crate::Error); or a
    /// [`ControlFlow<B>`](ControlFlow), whose value the call returns. A closure with `?` inside needs its return type
    /// written out, because Rust cannot infer `E`.
    ///
    /// # Errors
    ///
    /// Those of [`for_each`](Self::for_each), and those of the closure.
    ///
    /// # Examples
    ///
    /// A closure that writes, and one that looks for a packet:
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
    /// With `?` in the closure, and its return type:
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
    /// Without it, the closure does not compile:
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
            match slice.then {
                Then::Again if packets >= max => continue,
                Then::Again if over.is_some_and(|end| end <= Instant::now()) => {
                    break Stop::Empty;
                }
                Then::Again => continue,
                Then::Eof => break Stop::End(End::Eof),
                Then::Wait => {}
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

    /// Returns why the last reading call found that there are no more packets.
    ///
    /// `None` before the first call, and after one that returned for another reason.
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

    /// Returns an iterator over copies of the packets.
    ///
    /// It ends where [`next_packet`](Self::next_packet) returns `None`, or after an error; after a break a new iterator
    /// goes on. [`next_packet`](Self::next_packet) and [`for_each`](Self::for_each) lend packets without a copy.
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

    /// Returns an iterator over what a closure makes of each packet, without a copy of the packet.
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

    /// Converts the capture into an iterator over what a closure makes of each packet. See
    /// [`packets_with`](Self::packets_with).
    pub fn into_packets_with<T, F>(self, f: F) -> IntoPackets<S, F>
    where
        F: FnMut(Packet<'_>) -> T,
    {
        IntoPackets::new(self, f)
    }
}
