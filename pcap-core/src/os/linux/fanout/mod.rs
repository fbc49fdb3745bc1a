//! Groups of captures on one device, among which the kernel distributes the packets of the device.

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

/// Creates groups of captures on one device, so that several threads can share its packets. The kernel delivers each
/// packet to one member of the group. Requires Linux 4.12 or newer.
///
/// The members are ordinary captures. In a group, they behave as follows:
///
/// - Every packet that arrives after [`activate`](Self::activate) has returned is delivered to exactly one member.
/// - Packets are in order within a member, but not between members.
/// - No member receives packets that another member sends.
/// - If a member is not read, its packets are lost once its buffer is full. A member that is dropped leaves the group,
///   and the others take over its share of the packets. If it has a [`Sender`](super::Sender), this happens only after
///   the sender is dropped, too.
/// - A [filter](Capture::set_filter) that is set on a member applies only to that member.
///
/// # Examples
///
/// Counts packets in four threads for ten seconds:
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
#[doc = manual!(linux 7 "packet")]
///
#[derive(Clone, Debug)]
#[must_use = "it does nothing before it is activated"]
pub struct Fanout {
    chooser: Chooser,
    defragment: bool,
    rollover: bool,
}

impl Fanout {
    /// Creates the options for a group in which the kernel chooses the member by one of its modes.
    #[inline]
    pub fn new(mode: FanoutMode) -> Fanout {
        Fanout::chosen_by(Chooser::Mode(mode))
    }

    /// Creates the options for a group in which a filter chooses the member. Each packet is delivered to the member
    /// whose number is the filter's return value modulo the number of members. The first member has the number 0.
    ///
    /// In a group of two, for example, a filter that was compiled with a [`snaplen`](crate::CompileOptions::snaplen) of
    /// 1 assigns the packets that it matches to the second member, and all others to the first. A filter from
    /// [instructions](Filter::from_instructions) can return any number.
    ///
    /// The filter must be compiled for [`Dlt::RAW`](crate::Dlt::RAW), because its data begins with the network-layer
    /// header. It has these limits:
    ///
    /// - For sent packets, `len` includes the link-layer header.
    /// - The kernel stores long packets in several pieces, of which the first contains at least the headers. A load
    ///   beyond the first piece makes the filter return 0.
    /// - If the index register is above one mebibyte, a load that would otherwise be out of bounds may read from the
    ///   beginning of the packet.
    ///
    /// When a member leaves the group, the last member gets its number.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the filter was compiled for another link type, or reads
    ///   beyond 1020 KiB.
    /// - [`Unsupported`](ErrorKind::Unsupported) if the filter jumps backward, which the kernel does not support.
    /// - [`FilterTooLong`](ErrorKind::FilterTooLong) if the filter has more than 4096 instructions.
    ///
    /// # Examples
    ///
    /// Captures DNS in a separate member:
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
    #[inline]
    pub fn by_filter(filter: &Filter) -> Result<Fanout> {
        Ok(Fanout::chosen_by(Chooser::filter(filter)?))
    }

    /// Creates the options for a group in which an eBPF program chooses the member. Each packet is delivered to the
    /// member whose number is the program's return value modulo the number of members.
    ///
    /// `program` is the file descriptor of a loaded program of type `BPF_PROG_TYPE_SOCKET_FILTER`, from any loader.
    /// [`activate`](Self::activate) rejects any other descriptor.
    ///
    /// The program's data begins with the network-layer header for received packets, and with the link-layer header for
    /// sent packets.
    ///
    #[doc = manual!(linux 2 "bpf")]
    pub fn by_ebpf(program: impl Into<OwnedFd>) -> Fanout {
        Fanout::chosen_by(Chooser::Ebpf(Arc::new(program.into())))
    }

    #[inline]
    fn chosen_by(chooser: Chooser) -> Fanout {
        Fanout {
            chooser,
            defragment: false,
            rollover: false,
        }
    }

    /// Sets whether the kernel reassembles IPv4 fragments before it chooses a member, which then receives the
    /// reassembled packet. Default: off.
    #[inline]
    pub fn defragment(self, on: bool) -> Fanout {
        Fanout {
            defragment: on,
            ..self
        }
    }

    /// Sets whether another member receives a packet if the buffer of the chosen member is full. Several members may
    /// then receive packets of the same flow. Default: off. [`FanoutMode::Rollover`] always works this way.
    #[inline]
    pub fn rollover(self, on: bool) -> Fanout {
        Fanout {
            rollover: on,
            ..self
        }
    }

    #[inline]
    fn how(&self) -> u16 {
        let mut how = self.chooser.number();
        // The kernel rejects the flag if it is redundant.
        if self.rollover && how != kernel::ROLLOVER {
            how |= kernel::FLAG_ROLLOVER;
        }
        if self.defragment {
            how |= kernel::FLAG_DEFRAGMENT;
        }
        how
    }

    /// Opens a group of 1 to 256 captures, all with the given options, such as the filter and the buffer size.
    ///
    /// All captures join the group before any of them receives a packet. Packets that arrive before the last one has
    /// joined are neither delivered nor included in the statistics.
    ///
    /// The kernel chooses a group number that is unique in the network namespace.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if `members` is 0 or above 256.
    /// - [`Unsupported`](ErrorKind::Unsupported) if libpcap does not capture on the device through a packet socket, as
    ///   on `nflog`, or if the kernel is older than 4.12.
    /// - [`FilterInvalid`](ErrorKind::FilterInvalid) if the kernel rejects the program that chooses members.
    /// - The errors of [`Capture::activate`] for any member.
    /// - [`Io`](ErrorKind::Io) if the kernel reports any other error.
    ///
    /// After an error, all members are closed.
    #[inline]
    pub fn activate(&self, options: &Capture<Inactive>, members: usize) -> Result<FanoutGroup> {
        const OPERATION: &str = "create a fanout group on";
        let name = options.device_name();
        let refuse = |kind, why: &str| Error::cannot(kind, OPERATION, name.clone(), why);
        if !(1..=kernel::MOST).contains(&members) {
            let why = format!("expected 1 to {} members, found {members}", kernel::MOST);
            return Err(refuse(ErrorKind::InvalidArgument, &why));
        }
        let failed = |error: io::Error| Error::io(OPERATION, name.clone(), error);
        let protocol = options.protocol_to_capture().unwrap_or(packet_socket::ALL);
        let mut group = None;
        let mut captures = Vec::with_capacity(members);
        for _ in 0..members {
            // Its buffer receives no packets before the other members are open.
            let capture = options
                .clone()
                .with_protocol(packet_socket::NONE)
                .activate()?;
            let socket = capture.fileno();
            let Some(socket) = socket.filter(|fd| packet_socket::interface(*fd).is_some()) else {
                return Err(refuse(
                    ErrorKind::Unsupported,
                    "libpcap does not capture on this device through a packet socket",
                ));
            };
            sock_filter::attach_nothing(socket).map_err(failed)?;
            packet_socket::receive(socket, protocol).map_err(|why| failed(why.into()))?;
            match group {
                None => {
                    group = kernel::found(socket, self.how()).map_err(failed)?;
                    if group.is_none() {
                        let why = "the kernel is older than 4.12, and cannot choose a number for the group";
                        return Err(refuse(ErrorKind::Unsupported, why));
                    }
                    self.chooser.install(socket, &name)?;
                }
                Some(group) => kernel::join(socket, group, self.how()).map_err(failed)?,
            }
            captures.push(capture);
        }
        for capture in &captures {
            capture.reset_filter()?;
        }
        Ok(FanoutGroup::new(captures))
    }
}
