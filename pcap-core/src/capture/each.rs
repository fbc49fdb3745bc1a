//! Reading packets by calling a closure for each.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::capture::outcome::{Done, End, Flow, Stop};
use crate::capture::phase::Found;
use crate::capture::{Capture, Readable};
use crate::error::Result;
use crate::packet::Packet;

/// The number of packets that a call with a closure reads before it checks the clock for the first time.
const SHORTEST_SLICE: u64 = 16;

/// # Reading with a closure
impl<S: Readable> Capture<S> {
    /// Calls a closure for each packet, until the capture ends or a [`BreakHandle`](crate::BreakHandle) interrupts the
    /// call.
    ///
    /// This is the fastest way to read: packets are borrowed, not copied.
    ///
    /// # Errors
    ///
    /// The errors of [`next_packet`](Self::next_packet). The closure has already received the packets before the error.
    ///
    /// # Panics
    ///
    /// Panics if the closure panics. Reading can continue afterwards.
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
    #[doc = manual!("pcap_loop")]
    ///
    #[doc(alias = "pcap_loop")]
    pub fn for_each(&mut self, f: impl FnMut(Packet<'_>)) -> Result<Done> {
        self.for_each_up_to(u64::MAX, f)
    }

    /// Calls a closure for at most `count` packets. See [`for_each`](Self::for_each).
    ///
    /// If the call returns because of this limit, [`Done::stop`] returns [`Stop::Count`].
    ///
    /// # Errors
    ///
    /// The errors of [`for_each`](Self::for_each).
    #[doc(alias = "pcap_loop")]
    pub fn for_each_up_to(&mut self, count: u64, mut f: impl FnMut(Packet<'_>)) -> Result<Done> {
        self.run(count, None, move |packet| {
            f(packet);
            ControlFlow::Continue(())
        })
    }

    /// Calls a closure for each packet until the closure returns `Err` or `ControlFlow::Break`. See
    /// [`for_each`](Self::for_each).
    ///
    /// The closure returns either a `Result<(), E>` with `E: From<Error>`, or a [`ControlFlow<B>`](ControlFlow). The
    /// call stops at the first `Err` or `Break` and returns it. A closure that uses `?` needs an explicit return type,
    /// because Rust cannot infer `E`.
    ///
    /// # Errors
    ///
    /// The errors of [`for_each`](Self::for_each), and those of the closure.
    ///
    /// # Examples
    ///
    /// Copies packets to another savefile, then searches for a short packet:
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
    /// Without the explicit return type, the closure does not compile:
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

    /// Calls a closure for each available packet.
    ///
    /// On a live capture in blocking mode, the call waits up to the packet-buffer timeout for the first packet; in
    /// non-blocking mode it does not wait. It returns when no more packets are available, or one packet-buffer timeout
    /// after the first packet if packets keep arriving. In both cases [`Done::stop`] returns [`Stop::Empty`]. On
    /// devices whose reads wait inside libpcap, such as D-Bus, the call returns as soon as it has packets.
    ///
    /// The call reads a savefile to its end. If the savefile arrives through a pipe, the call waits for the data. If
    /// the savefile is [followed](Capture::follow), the call reads to the current end of the file and does not wait for
    /// more.
    ///
    /// Packets are borrowed, not copied.
    ///
    /// # Errors
    ///
    /// The errors of [`next_packet`](Self::next_packet). The closure has already received the packets before the error.
    ///
    /// # Panics
    ///
    /// Panics if the closure panics. Reading can continue afterwards.
    ///
    #[doc = manual!("pcap_dispatch", "pcap_loop")]
    #[doc(alias = "pcap_dispatch")]
    pub fn dispatch(&mut self, f: impl FnMut(Packet<'_>)) -> Result<Done> {
        self.dispatch_up_to(u64::MAX, f)
    }

    /// Calls a closure for at most `max` available packets. See [`dispatch`](Self::dispatch).
    ///
    /// If the call returns because of this limit, [`Done::stop`] returns [`Stop::Count`].
    ///
    /// # Errors
    ///
    /// The errors of [`dispatch`](Self::dispatch).
    #[doc(alias = "pcap_dispatch")]
    pub fn dispatch_up_to(&mut self, max: u64, mut f: impl FnMut(Packet<'_>)) -> Result<Done> {
        let patience = self.state.patience();
        self.run(max, patience, move |packet| {
            f(packet);
            ControlFlow::Continue(())
        })
    }

    /// Calls a closure for each available packet until the closure returns `Err` or `ControlFlow::Break`. See
    /// [`dispatch`](Self::dispatch) for the packets, and [`try_for_each`](Self::try_for_each) for the closure.
    ///
    /// # Errors
    ///
    /// The errors of [`dispatch`](Self::dispatch), and those of the closure.
    #[doc(alias = "pcap_dispatch")]
    pub fn try_dispatch<F: Flow>(&mut self, f: impl FnMut(Packet<'_>) -> F) -> F::Output {
        let patience = self.state.patience();
        self.try_run(patience, f)
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

    /// Implements all calls with a closure. With `patience`, the call waits this long for the first packet and then
    /// reads only packets that are available. Without it, only the end, a break, the count or the closure ends the
    /// call.
    fn run<F>(&mut self, max: u64, patience: Option<Duration>, mut f: F) -> Result<Done>
    where
        F: FnMut(Packet<'_>) -> ControlFlow<()>,
    {
        self.ended = None;
        self.state.lend_none();
        let mut packets = 0;
        // Check the clock between slices. The first ones are short, because the closure may be slow.
        let mut most = patience.map_or(u64::MAX, |_| SHORTEST_SLICE);
        // When the call ends although packets keep arriving.
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
            let slice = self.state.read_batch(most.min(max - packets), &mut f)?;
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
}
