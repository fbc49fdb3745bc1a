//! Setting filters and directions on a live capture.

use crate::capture::active::Active;
use crate::capture::active::socket_filter::{self, Age, SocketFilter};
use crate::capture::vlan::Untagged;
use crate::direction::Direction;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{Filter, FilterSource};
use crate::packet::Packet;
use crate::sys::linux::packet_socket;
use crate::sys::linux::sock_filter::Refused;
use crate::sys::platform::BorrowedFd;

const OPERATION: &str = "set a filter on";

/// The longest program that libpcap hands to a kernel.
const LONGEST: usize = 4096;

/// Where the filter of a live capture runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FilterLocation {
    /// In the kernel, so that rejected packets do not occupy buffer space.
    Kernel,
    /// In this process, because the kernel cannot run the filter, lacks the memory for it, or would accept other
    /// packets.
    UserSpace,
    /// At a location that libpcap chooses: usually in the kernel on systems other than Linux, and in this process on
    /// devices that are not network interfaces.
    Libpcap,
}

/// The reason why a filter was not set.
pub(super) enum NotSet {
    /// The filter reads bytes beyond those that libpcap captures.
    TooShort(Error),
    Failed(Error),
}

impl From<Error> for NotSet {
    fn from(error: Error) -> NotSet {
        NotSet::Failed(error)
    }
}

impl From<NotSet> for Error {
    fn from(not_set: NotSet) -> Error {
        match not_set {
            NotSet::TooShort(error) | NotSet::Failed(error) => error,
        }
    }
}

/// The result of a filter for a packet in the buffer.
enum Verdict {
    /// The packet passes, truncated to this many bytes.
    Passes(u32),
    Fails,
    /// The bytes that decide are missing.
    Unknown,
}

/// The current filter, and the state for running it in this process.
#[derive(Debug)]
pub(super) struct Set {
    pub(super) filter: Filter,
    pub(super) location: FilterLocation,
    /// The number of bytes at the start of a packet that decide the result; `None` if there is no bound.
    reach: Option<u32>,
    /// Whether a packet's bytes determine the result at the location of the filter. A filter that tests the kernel's
    /// VLAN tag sees packets without the tag in the kernel, and with it here.
    pub(super) by_bytes: bool,
    untagged: Untagged,
}

impl Set {
    pub(super) fn new(filter: Filter, location: FilterLocation, untagged: Untagged) -> Set {
        Set {
            reach: filter.reach(),
            by_bytes: filter.runs_on_bytes()
                && !(location == FilterLocation::Kernel && filter.uses_kernel_extensions()),
            filter,
            location,
            untagged,
        }
    }

    /// Filters a packet by its bytes.
    fn judge(&mut self, packet: Packet<'_>) -> Verdict {
        if !self.by_bytes {
            return Verdict::Unknown;
        }
        match self.untagged.run(&self.filter, packet) {
            0 if self.is_short(packet) => Verdict::Unknown,
            0 => Verdict::Fails,
            wanted => Verdict::Passes(wanted),
        }
    }

    /// Returns whether the snaplen has removed bytes that may decide the result.
    fn is_short(&self, packet: Packet<'_>) -> bool {
        /// A VLAN tag may precede the deciding bytes.
        const TAG: u32 = 4;
        let reach = self.reach.map(|reach| reach.saturating_add(TAG));
        packet.header().is_truncated() && reach.is_none_or(|reach| reach > packet.caplen())
    }
}

/// Decides which packets from libpcap are delivered, during one read.
pub(super) struct Screen<'a> {
    pub(super) set: Option<&'a mut Set>,
    pub(super) socket_filter: Option<&'a mut SocketFilter>,
}

impl Screen<'_> {
    /// Returns the packet, truncated as it is delivered, if it passes.
    pub(super) fn pass<'p>(&mut self, packet: Packet<'p>) -> Option<Packet<'p>> {
        let Some(socket_filter) = &mut self.socket_filter else {
            let passes = |set: &mut &mut Set| set.untagged.run(&set.filter, packet) != 0;
            return self.set.as_mut().is_none_or(passes).then_some(packet);
        };
        let age = socket_filter.old.next();
        let snaplen = socket_filter.snaplen;
        let is_here = |set: &Set| set.location == FilterLocation::UserSpace;
        let set = match &mut self.set {
            Some(set) if age != Age::New || is_here(set) => set,
            _ => return Some(packet.cut(snaplen)),
        };
        let here = is_here(set);
        match set.judge(packet) {
            Verdict::Passes(wanted) => Some(packet.cut(snaplen.min(wanted))),
            // If the packet is new, the kernel has already filtered it, and may have seen the tag in the packet.
            Verdict::Fails
                if age == Age::Doubtful && !here && set.filter.matches_packet(packet) =>
            {
                Some(packet.cut(snaplen))
            }
            Verdict::Fails => None,
            Verdict::Unknown if age == Age::Doubtful && !here => Some(packet.cut(snaplen)),
            Verdict::Unknown => {
                socket_filter.discarded += u64::from(age == Age::Old);
                None
            }
        }
    }
}

impl Active {
    pub(super) fn install(&mut self, source: FilterSource<'_>) -> Result<(), NotSet> {
        let filter = self.live.handle.filter(&source, true, self.netmask)?;
        match self.socket_filter.take() {
            None => Ok(self.install_by_libpcap(filter)?),
            Some(mut socket_filter) => {
                let done = self.install_on_socket(&mut socket_filter, filter);
                self.socket_filter = Some(socket_filter);
                done
            }
        }
    }

    /// Accepts all packets of the current direction, and truncates them to the snaplen in the kernel.
    pub(super) fn install_none(&mut self) -> Result<()> {
        let Some(mut socket_filter) = self.socket_filter.take() else {
            return Ok(());
        };
        let done = self.attach_all(&mut socket_filter);
        self.socket_filter = Some(socket_filter);
        done
    }

    fn attach_all(&self, socket_filter: &mut SocketFilter) -> Result<()> {
        let program = socket_filter
            .view(self.live.handle.datalink())
            .all(socket_filter.snaplen);
        match self
            .fileno()
            .map(|socket| socket_filter.attach(socket, program))
        {
            None | Some(Ok(())) => Ok(()),
            Some(Err(refused)) => Err(self.refused(refused)),
        }
    }

    /// Sets the filter on a device that libpcap does not capture from through a packet socket.
    fn install_by_libpcap(&mut self, filter: Filter) -> Result<()> {
        // No kernel accepts longer programs. libpcap would run them in a read that ends only when a packet passes, so
        // no deadline would be kept.
        let runs_here = filter.runs_on_bytes()
            && (filter.instructions().len() > LONGEST || filter.jumps_backward());
        if let Err(error) = self.live.handle.set_filter((!runs_here).then_some(&filter)) {
            // libpcap may have switched to the new filter before it failed.
            let _ = self.reset_filter();
            return Err(error);
        }
        let location = match runs_here {
            true => FilterLocation::UserSpace,
            false => FilterLocation::Libpcap,
        };
        let untagged = Untagged::new(&filter, self.live.handle.datalink());
        let mut set = Set::new(filter, location, untagged);
        let (filter, untagged, by_bytes) = (&set.filter, &mut set.untagged, set.by_bytes);
        self.live
            .batch
            .retain_unread(|packet| !by_bytes || untagged.run(filter, packet) != 0);
        self.set = Some(set);
        Ok(())
    }

    fn install_on_socket(
        &mut self,
        socket_filter: &mut SocketFilter,
        filter: Filter,
    ) -> Result<(), NotSet> {
        let location = self.attach(socket_filter, &filter)?;
        Ok(self.adopt(socket_filter, filter, location)?)
    }

    /// Applies a filter to packets that arrived before it was attached.
    fn adopt(
        &mut self,
        socket_filter: &mut SocketFilter,
        filter: Filter,
        location: FilterLocation,
    ) -> Result<()> {
        let untagged = Untagged::new(&filter, self.live.handle.datalink());
        let mut set = Set::new(filter, location, untagged);
        let needs_more = set.reach.is_none_or(|reach| reach > socket_filter.snaplen);
        // A packet that is filtered twice must get the same result both times.
        let exactly = location == FilterLocation::Kernel && (!set.by_bytes || needs_more);
        socket_filter.exchanged(exactly, self.live.timeout, || self.held())?;
        let discarded = &mut socket_filter.discarded;
        self.live
            .batch
            .retain_unread(|packet| match set.judge(packet) {
                Verdict::Passes(_) => true,
                Verdict::Fails => false,
                Verdict::Unknown => {
                    *discarded += 1;
                    false
                }
            });
        self.set = Some(set);
        Ok(())
    }

    /// Attaches the filter in the kernel, or if this process has to run it, a program that accepts all packets.
    fn attach(
        &self,
        socket_filter: &mut SocketFilter,
        filter: &Filter,
    ) -> Result<FilterLocation, NotSet> {
        let no_socket = || self.refused(Refused::Program);
        let socket = self.fileno().ok_or_else(no_socket)?;
        let location = self.attach_over(socket_filter, socket, filter)?;
        if socket_filter.has_foreign_filter {
            // Replace libpcap's filter, which would otherwise stay in use, by one that accepts everything. libpcap
            // attaches that one as well, so attach ours again.
            self.live.handle.set_filter(None)?;
            socket_filter.has_foreign_filter = false;
            let again = socket_filter.attach_again(socket);
            again.map_err(|refused| self.refused(refused))?;
        }
        Ok(location)
    }

    /// Attaches a filter as [`attach`](Self::attach) does, but ignores libpcap's own filter.
    fn attach_over(
        &self,
        socket_filter: &mut SocketFilter,
        socket: BorrowedFd<'_>,
        filter: &Filter,
    ) -> Result<FilterLocation, NotSet> {
        let view = socket_filter.view(self.live.handle.datalink());
        let everything = view.all(socket_filter.captured);
        let why = match filter.for_socket(view, socket_filter.snaplen) {
            Err(obstacle) => obstacle,
            Ok(program) => {
                if socket_filter.is_loopback() && Filter::accepts_only_sent(filter.instructions()) {
                    let why = "it only accepts sent packets, and the loopback device delivers each packet once, as \
                               received; use `inbound`, or omit the direction";
                    return Err(self.not_set(ErrorKind::InvalidArgument, why).into());
                }
                let refused = match socket_filter.attach(socket, program.clone()) {
                    Ok(()) => return Ok(FilterLocation::Kernel),
                    // The memory of the previous program counts until it is freed. Keep that program if the new one
                    // would not fit even without it.
                    Err(Refused::Memory)
                        if socket_filter::has_room(socket, &everything, &program) =>
                    {
                        socket_filter
                            .attach(socket, everything.clone())
                            .and_then(|()| socket_filter.attach(socket, program))
                            .err()
                    }
                    Err(refused) => Some(refused),
                };
                match refused {
                    None => return Ok(FilterLocation::Kernel),
                    Some(Refused::Memory) => {
                        "it exceeds the kernel's memory limit for socket options, \
                                              net.core.optmem_max"
                            .to_owned()
                    }
                    Some(Refused::Program) => "the kernel rejects its program".to_owned(),
                    Some(refused) => return Err(self.refused(refused).into()),
                }
            }
        };
        let fits = filter
            .reach()
            .is_some_and(|reach| reach <= socket_filter.captured);
        let refusal = if !filter.runs_on_bytes() {
            let why =
                format!("only the kernel can evaluate it, but the kernel cannot run it: {why}");
            let kind = match filter.instructions().len() {
                0..=LONGEST => ErrorKind::Unsupported,
                _ => ErrorKind::FilterTooLong,
            };
            Some(NotSet::Failed(self.not_set(kind, &why)))
        } else if socket_filter.captured < self.whole() && !fits {
            let why = format!(
                "the kernel cannot run it ({why}), and this process only receives the first {} bytes of a packet; \
                 set it before activation, or use a larger snaplen",
                socket_filter.captured
            );
            let error = self.not_set(ErrorKind::InvalidOption, &why);
            Some(NotSet::TooShort(error))
        } else {
            None
        };
        match refusal {
            Some(refusal) => Err(refusal),
            None => match socket_filter.attach(socket, everything) {
                Ok(()) => Ok(FilterLocation::UserSpace),
                Err(refused) => Err(self.refused(refused).into()),
            },
        }
    }

    /// Returns the number of packets in the kernel's buffer, provided that libpcap delivers each packet that enters it.
    pub(super) fn held(&self) -> Result<u64> {
        let stats = self.statistics()?;
        let let_in = stats.received.saturating_sub(stats.dropped);
        Ok(let_in.saturating_sub(self.live.handle.handed))
    }

    fn not_set(&self, kind: ErrorKind, why: &str) -> Error {
        Error::cannot(kind, OPERATION, self.live.handle.name.clone(), why)
    }

    fn refused(&self, refused: Refused) -> Error {
        match refused {
            Refused::Memory => {
                self.not_set(ErrorKind::Other, "it exceeds the kernel's memory limit")
            }
            Refused::Program => self.not_set(ErrorKind::FilterInvalid, "the kernel rejects it"),
            Refused::Failed(error) => Error::io(OPERATION, self.live.handle.name.clone(), error),
        }
    }

    /// Attaches the filter again, after another one was attached to the socket.
    pub(super) fn reset_filter(&self) -> Result<()> {
        match (&self.socket_filter, self.fileno()) {
            (Some(socket_filter), Some(socket)) => socket_filter
                .attach_again(socket)
                .map_err(|refused| self.refused(refused)),
            _ => {
                let by_libpcap = |set: &&Set| set.location == FilterLocation::Libpcap;
                let set = self.set.as_ref().filter(by_libpcap);
                self.live.handle.set_filter(set.map(|set| &set.filter))
            }
        }
    }

    pub(super) fn set_direction(&mut self, direction: Direction) -> Result<()> {
        const OPERATION: &str = "set the direction of";
        let loopback = self
            .socket_filter
            .as_ref()
            .is_some_and(SocketFilter::is_loopback);
        if loopback && direction == Direction::Out {
            let why = "the loopback device delivers each packet once, as received, so this direction would match \
                       no packet";
            let name = self.live.handle.name.clone();
            return Err(Error::cannot(
                ErrorKind::InvalidArgument,
                OPERATION,
                name,
                why,
            ));
        }
        let Some(mut socket_filter) = self.socket_filter.take() else {
            return self.set_libpcap_direction(direction);
        };
        let done = self.set_direction_on_socket(&mut socket_filter, direction);
        self.socket_filter = Some(socket_filter);
        done?;
        self.direction_changed();
        Ok(())
    }

    fn set_direction_on_socket(
        &mut self,
        socket_filter: &mut SocketFilter,
        direction: Direction,
    ) -> Result<()> {
        let former = std::mem::replace(&mut socket_filter.direction, direction);
        let attached = match &self.set {
            Some(set) => self.attach(socket_filter, &set.filter).map(Some),
            None => self
                .attach_all(socket_filter)
                .map(|()| None)
                .map_err(NotSet::from),
        };
        let location = match attached {
            Ok(location) => location,
            Err(error) => {
                // The previous program is still attached.
                socket_filter.direction = former;
                return Err(error.into());
            }
        };
        if former != direction && direction != Direction::InOut {
            socket_filter.will_skip(self.live.timeout, || self.held())?;
        }
        self.set_libpcap_direction(direction)?;
        match (&self.set, location) {
            (Some(set), Some(location)) if set.location != location => {
                let filter = set.filter.clone();
                self.adopt(socket_filter, filter, location)
            }
            // This filter has already been applied to the packets in the buffer.
            _ => Ok(()),
        }
    }

    /// Sets libpcap's direction. libpcap skips packets in the buffer that have another direction.
    fn set_libpcap_direction(&self, direction: Direction) -> Result<()> {
        // SAFETY: the handle is open and activated.
        let code =
            unsafe { crate::sys::pcap_setdirection(self.live.handle.as_ptr(), direction.to_raw()) };
        self.live.handle.check(code, "set the direction of")?;
        Ok(())
    }

    /// Makes the socket receive packets, now that the filter and the direction are set.
    pub(super) fn bind_socket(&mut self, protocol: u16) -> Result<()> {
        const OPERATION: &str = "activate";
        let (Some(socket_filter), Some(socket)) = (&self.socket_filter, self.fileno()) else {
            return Ok(());
        };
        if protocol != packet_socket::NONE {
            let name = || self.live.handle.name.clone();
            packet_socket::receive(socket, protocol).map_err(|why| {
                use packet_socket::NotReceiving::{Down, Failed, Gone};
                match why {
                    Down => {
                        Error::status(crate::sys::PCAP_ERROR_IFACE_NOT_UP, OPERATION, name(), "")
                    }
                    Gone => {
                        Error::status(crate::sys::PCAP_ERROR_NO_SUCH_DEVICE, OPERATION, name(), "")
                    }
                    Failed(error) => Error::io(OPERATION, name(), error),
                }
            })?;
        }
        debug_assert!(!socket_filter.is_open);
        if let Some(socket_filter) = &mut self.socket_filter {
            socket_filter.is_open = true;
        }
        Ok(())
    }

    /// Returns a snaplen that no packet exceeds, as far as libpcap can capture.
    fn whole(&self) -> u32 {
        crate::capture::options::whole(self.immediate)
    }
}
