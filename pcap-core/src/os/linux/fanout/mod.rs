//! Several captures on one device, over which the kernel spreads its packets.

mod chooser;
mod group;
mod mode;
mod outcome;

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use self::chooser::Chooser;
use crate::capture::{Capture, Inactive};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::Filter;
use crate::sys::linux::fanout as kernel;
use crate::sys::linux::{packet_socket, sock_filter};

pub use group::FanoutGroup;
pub use mode::FanoutMode;
pub use outcome::FanoutOutcome;

/// A group of captures on one device, each for a thread of its own: the kernel hands each packet to one
/// of them. Linux 4.12 or newer.
///
/// The members are captures as all others are. What holds of the group:
///
/// - Every packet that arrives after [`activate`](Self::activate) has returned is in exactly one member.
/// - Order is kept in each member, and not between them.
/// - What one member sends none of them sees.
/// - A member that is not read loses its share when its buffer is full. One that is dropped leaves the
///   group, and the others get its share; if it has a [`Sender`](super::Sender), only when that is
///   dropped, too.
/// - A [filter](Capture::set_filter) that a member is given is of that member alone.
///
/// # Examples
///
/// Packets counted in four threads, for ten seconds:
///
/// ```no_run
/// use pcap_core::Capture;
/// use pcap_core::os::linux::{Fanout, FanoutMode};
///
/// # fn main() -> pcap_core::Result<()> {
/// let options = Capture::from_device("eth0").promisc(true).filter("udp");
/// let group = Fanout::new(FanoutMode::Hash).activate(&options, 4)?;
/// let handles = group.break_handles();
/// std::thread::spawn(move || {
///     std::thread::sleep(std::time::Duration::from_secs(10));
///     handles.iter().for_each(|handle| handle.breakloop());
/// });
/// let (counts, stats) = group.for_each(|_, capture| {
///     let mut bytes = 0;
///     let done = capture.for_each(|packet| bytes += u64::from(packet.wire_len()))?;
///     Ok::<_, pcap_core::Error>((done.packets(), bytes))
/// })?;
/// println!("{counts:?}, {} dropped", stats.dropped);
/// # Ok(()) }
/// ```
///
/// Manual page: [`packet(7)`](https://man7.org/linux/man-pages/man7/packet.7.html), `PACKET_FANOUT`.
#[derive(Clone, Debug)]
#[must_use = "it does nothing before it is activated"]
pub struct Fanout {
    chooser: Chooser,
    defragment: bool,
    rollover: bool,
}

impl Fanout {
    /// A group that chooses members by this.
    pub fn new(mode: FanoutMode) -> Fanout {
        Fanout::chosen_by(Chooser::Mode(mode))
    }

    /// A group that asks a filter for the member: what the filter returns, modulo the number of members, where the
    /// first is 0. So of two members the second receives what a filter with
    /// [`snaplen`](crate::CompileOptions::snaplen) 1 matches, and the first all else; a filter of
    /// [instructions](Filter::from_instructions) can return any number. Linux 4.3 or newer.
    ///
    /// The filter is compiled for [`Dlt::RAW`](crate::Dlt::RAW), as what it sees begins with the header of the network
    /// layer. Of packets that are sent, `len` counts the link-layer header, too. The kernel has long packets in several
    /// pieces, and loading from beyond the first, which has at least the headers, makes the filter return 0. With an index
    /// register above one mebibyte a load may read at the packet's beginning, where elsewhere it is beyond the end. When a
    /// member leaves the group, the last takes its number.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](ErrorKind::InvalidArgument): the filter is for another link type, or reads beyond 1020
    /// KiB. [`Unsupported`](ErrorKind::Unsupported): it jumps backward.
    /// [`FilterTooLong`](ErrorKind::FilterTooLong): more than 4096 instructions.
    ///
    /// # Examples
    ///
    /// DNS in a capture of its own:
    ///
    /// ```no_run
    /// use pcap_core::os::linux::Fanout;
    /// use pcap_core::{Capture, CompileOptions, Dlt, Filter};
    ///
    /// # fn main() -> pcap_core::Result<()> {
    /// let one = CompileOptions::new().snaplen(1);
    /// let dns = one.compile(Dlt::RAW, "udp port 53")?;
    /// let group = Fanout::by_filter(&dns)?.activate(&Capture::from_device("eth0"), 2)?;
    /// # Ok(()) }
    /// ```
    pub fn by_filter(filter: &Filter) -> Result<Fanout> {
        Ok(Fanout::chosen_by(Chooser::filter(filter)?))
    }

    /// A group that asks a program of eBPF for the member: what it returns, modulo the number of members. A
    /// descriptor of a loaded program, of type `BPF_PROG_TYPE_SOCKET_FILTER`, from any loader. Linux 4.3 or newer.
    ///
    /// That of a received packet sees it from the header of the network layer on, and that of a sent one from the header
    /// of the link layer. A descriptor of something else is an error of [`activate`](Self::activate).
    ///
    /// Manual page: [`bpf(2)`](https://man7.org/linux/man-pages/man2/bpf.2.html).
    pub fn by_ebpf(program: impl Into<OwnedFd>) -> Fanout {
        Fanout::chosen_by(Chooser::Ebpf(Arc::new(program.into())))
    }

    fn chosen_by(chooser: Chooser) -> Fanout {
        Fanout {
            chooser,
            defragment: false,
            rollover: false,
        }
    }

    /// Whether the kernel puts fragments of IPv4 together before it chooses a member, which then gets
    /// the whole packet in place of them. Default: no.
    pub fn defragment(self, on: bool) -> Fanout {
        Fanout {
            defragment: on,
            ..self
        }
    }

    /// Whether a packet for which its member has no room in the buffer goes to another one that has. Then
    /// a flow may be in several members. Default: no; [`FanoutMode::Rollover`] does so in any case.
    pub fn rollover(self, on: bool) -> Fanout {
        Fanout {
            rollover: on,
            ..self
        }
    }

    fn how(&self) -> u16 {
        let mut how = self.chooser.number();
        // The kernel refuses it where it says nothing new.
        if self.rollover && how != kernel::ROLLOVER {
            how |= kernel::FLAG_ROLLOVER;
        }
        if self.defragment {
            how |= kernel::FLAG_DEFRAGMENT;
        }
        how
    }

    /// Opens so many captures, 1 to 256, each with all the options of the one given, such as the
    /// filter and the size of the buffer. All of them are in the group before any receives a packet: what
    /// arrived before the last joined is in none, and not in their statistics.
    ///
    /// The group's number is chosen by the kernel, so that nobody else in the network namespace has it.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument): no member, or more than 256.
    /// - [`Unsupported`](ErrorKind::Unsupported): the device is not captured on by a packet socket, as
    ///   `nflog` and devices of other hosts; or the kernel is older than 4.12.
    /// - [`FilterInvalid`](ErrorKind::FilterInvalid): the kernel refuses the program that was to choose.
    /// - Those of [`Capture::activate`] and of the kernel, for any member.
    ///
    /// In any case all members that were opened are closed.
    pub fn activate(&self, options: &Capture<Inactive>, members: usize) -> Result<FanoutGroup> {
        const OPERATION: &str = "make a group of captures on";
        let name = options.device_name();
        let refuse = |kind, why: &str| Error::cannot(kind, OPERATION, name.clone(), why);
        if !(1..=kernel::MOST).contains(&members) {
            let why = format!("it has 1 to {} members, and not {members}", kernel::MOST);
            return Err(refuse(ErrorKind::InvalidArgument, &why));
        }
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::Unsupported => refuse(
                ErrorKind::Unsupported,
                "the kernel cannot choose a number for the group: it is older than 4.12",
            ),
            _ => Error::io(OPERATION, name.clone(), error),
        };
        let protocol = options.protocol_to_capture().unwrap_or(packet_socket::ALL);
        let mut group = None;
        let mut captures = Vec::with_capacity(members);
        for _ in 0..members {
            // Nothing gets into its buffer before the others are there.
            let capture = options
                .clone()
                .with_protocol(packet_socket::NONE)
                .activate()?;
            let socket = capture.fileno();
            let Some(socket) = socket.filter(|fd| packet_socket::interface(*fd).is_some()) else {
                return Err(refuse(
                    ErrorKind::Unsupported,
                    "it is not captured on through a packet socket",
                ));
            };
            sock_filter::attach_nothing(socket).map_err(failed)?;
            packet_socket::receive(socket, protocol).map_err(|why| failed(why.into()))?;
            match group {
                None => group = Some(kernel::found(socket, self.how()).map_err(failed)?),
                Some(group) => kernel::join(socket, group, self.how()).map_err(failed)?,
            }
            captures.push(capture);
        }
        if let Some(socket) = captures.first().and_then(Capture::fileno) {
            self.chooser.install(socket, &name)?;
        }
        for capture in &captures {
            capture.reset_filter()?;
        }
        Ok(FanoutGroup::new(captures))
    }
}
