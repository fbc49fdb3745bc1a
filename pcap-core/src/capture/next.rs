//! Reading packets one by one.

use std::time::{Duration, Instant};

use crate::capture::outcome::{End, Next};
use crate::capture::phase::Found;
use crate::capture::{Capture, Readable};
use crate::error::Result;
use crate::loan;
use crate::packet::Packet;

/// The limit on the wait of a single read.
#[derive(Clone, Copy)]
pub(super) enum Patience {
    ForEver,
    For(Duration),
    Never,
    #[allow(dead_code)] // only asynchronous captures use it
    /// No wait in this call: the caller waits before the next one, for a descriptor.
    Outside,
}

/// # Reading packet by packet
impl<S: Readable> Capture<S> {
    /// Returns the next packet, after waiting until one arrives or the capture ends.
    ///
    /// The call returns `None` at the end of a savefile, at the end of a [stopped](Capture::stop) live capture, and if
    /// a [`BreakHandle`](crate::BreakHandle) interrupts it. [`ended`](Self::ended) returns the reason. After a break,
    /// reading can continue. The packet-buffer timeout of a live capture never ends this call.
    ///
    /// # Errors
    ///
    /// - [`SavefileTruncated`](crate::ErrorKind::SavefileTruncated) or [`SavefileBad`](crate::ErrorKind::SavefileBad)
    ///   if the savefile is truncated or damaged. All packets before the damage are returned first. Each later call
    ///   returns the same error. A file that shrinks while it is read counts as truncated.
    /// - [`Disappeared`](crate::ErrorKind::Disappeared) if the device was removed. All packets that it had received are
    ///   returned first.
    /// - [`Io`](crate::ErrorKind::Io) if the operating system or the savefile's reader reports an error.
    /// - [`Other`](crate::ErrorKind::Other) if libpcap reports any other error.
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
    #[doc = manual!("pcap_next_ex")]
    ///
    #[doc(alias = "pcap_next")]
    #[doc(alias = "pcap_next_ex")]
    #[inline(always)] // the packet stays in registers then
    pub fn next_packet(&mut self) -> Result<Option<Packet<'_>>> {
        match loan::lend::<Packet<'_>, _>(self, |capture| capture.ready()) {
            Ok(packet) => Ok(Some(packet)),
            Err(capture) => capture.search_packet(),
        }
    }

    #[inline(never)]
    fn search_packet(&mut self) -> Result<Option<Packet<'_>>> {
        Ok(match self.look(Patience::ForEver)? {
            Next::Packet(()) => self.packet(),
            Next::Timeout | Next::End(_) => None,
        })
    }

    /// Returns the next packet, after waiting for at most `timeout`.
    ///
    /// If no packet arrives in time, the call returns [`Next::Timeout`], even on an idle interface. The kernel may hold
    /// packets back for up to the packet-buffer timeout, so with a shorter `timeout` the call may return
    /// `Next::Timeout` although a packet has arrived. Immediate mode avoids that. On the few devices that only support
    /// blocking reads, the call may return late: see [`OnlyBlocking`](crate::WarningKind::OnlyBlocking).
    ///
    /// The timeout has no effect on a savefile in a regular file or from a reader: the call always reads to the next
    /// packet. It does apply to pipes, sockets, terminals and files that are [followed](Capture::follow).
    ///
    /// # Errors
    ///
    /// The errors of [`next_packet`](Self::next_packet).
    #[doc(alias = "pcap_next_ex")]
    #[inline]
    pub fn next_packet_timeout(&mut self, timeout: Duration) -> Result<Next<Packet<'_>>> {
        self.next(Patience::For(timeout))
    }

    /// Returns the next packet if one is available now, and [`Next::Timeout`] otherwise. The call never blocks, except
    /// on disk I/O or on a user-supplied reader.
    ///
    /// On a pipe, the call also returns `Next::Timeout` after the filter has rejected as many packets in a row as the
    /// pipe can hold.
    ///
    /// # Errors
    ///
    /// The errors of [`next_packet`](Self::next_packet).
    #[doc(alias = "pcap_next_ex")]
    #[inline]
    pub fn try_next_packet(&mut self) -> Result<Next<Packet<'_>>> {
        self.next(Patience::Never)
    }

    #[inline]
    fn next(&mut self, patience: Patience) -> Result<Next<Packet<'_>>> {
        match loan::lend::<Packet<'_>, _>(self, |capture| capture.ready()) {
            Ok(packet) => Ok(Next::Packet(packet)),
            Err(capture) => capture.search(patience),
        }
    }

    #[inline(never)]
    fn search(&mut self, patience: Patience) -> Result<Next<Packet<'_>>> {
        Ok(match self.look(patience)? {
            Next::Packet(()) => self.packet().map_or(Next::Timeout, Next::Packet),
            Next::Timeout => Next::Timeout,
            Next::End(end) => Next::End(end),
        })
    }

    /// Advances to the next packet, which [`packet`](Self::packet) then returns. Waits as
    /// [`next_packet`](Self::next_packet) does, and returns `false` when `next_packet` would return `None`.
    ///
    /// Use this in loops that skip packets, or to call [`stats`](Capture::stats) or [`inject`](Capture::inject) while
    /// holding a packet. This works because the packet and these calls only borrow the capture immutably.
    ///
    /// # Errors
    ///
    /// The errors of [`next_packet`](Self::next_packet).
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
    /// /// Returns the first packet that is longer than `than` bytes.
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
        if self.ready().is_some() {
            return Ok(true);
        }
        self.search_on()
    }

    #[inline(never)]
    fn search_on(&mut self) -> Result<bool> {
        Ok(self.look(Patience::ForEver)? == Next::Packet(()))
    }

    /// Returns the packet that was read by the last [`advance`](Self::advance) or other call that reads a single
    /// packet. Returns `None` before the first read, if the last read found no packet, and after a call that takes a
    /// closure or a batch.
    #[inline(always)] // the packet stays in registers then
    #[must_use]
    pub fn packet(&self) -> Option<Packet<'_>> {
        self.state.current()
    }

    /// Makes the next packet the current one, if that takes no more than to parse its header.
    #[inline(always)] // else the packet would be passed in memory
    pub(crate) fn ready(&mut self) -> Option<Packet<'_>> {
        self.ended = None;
        self.state.ready()
    }

    #[inline]
    pub(super) fn look(&mut self, patience: Patience) -> Result<Next<()>> {
        self.look_for(patience, S::step)
    }

    /// Reads with a function until it finds a packet, or until the end, a break or the deadline.
    #[inline]
    pub(super) fn look_for(
        &mut self,
        patience: Patience,
        mut read: impl FnMut(&mut S) -> Result<Found>,
    ) -> Result<Next<()>> {
        self.ended = None;
        let mut deadline = None;
        loop {
            if self.state.handle().breaker().take() {
                self.state.lend_none();
                self.ended = Some(End::Break);
                return Ok(Next::End(End::Break));
            }
            let waits = matches!(patience, Patience::ForEver | Patience::Outside);
            let waits_first = waits && self.state.is_known_empty();
            let found = match waits_first {
                true => {
                    self.state.lend_none();
                    Found::Nothing
                }
                false => read(&mut self.state)?,
            };
            match found {
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
                Patience::Never | Patience::Outside => return Ok(Next::Timeout),
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
}
