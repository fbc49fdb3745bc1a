//! Several captures on one device, over which the kernel spreads its packets.

mod chooser;
mod outcome;

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Builder};

use self::chooser::Chooser;
use crate::breakloop::BreakHandle;
use crate::capture::{Active, Capture, Inactive};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::Filter;
use crate::stats::Stats;
use crate::sys::linux::fanout as kernel;
use crate::sys::linux::{packet_socket, sock_filter};

pub use outcome::FanoutOutcome;

/// By what the kernel chooses the member of a group that receives a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FanoutMode {
    /// By a hash of the addresses and ports: all packets of a flow, in both directions, come to one
    /// member. Fragments have no ports, so that those of a packet may come to another member than its
    /// flow: see [`Fanout::defragment`].
    Hash,
    /// In turn, each the next.
    LoadBalance,
    /// By the processor that received it.
    Cpu,
    /// The first with room in its buffer; the others only if that is full.
    Rollover,
    /// At random.
    Random,
    /// By the queue of the device that received it.
    QueueMapping,
}

impl FanoutMode {
    pub(super) fn number(self) -> u16 {
        match self {
            FanoutMode::Hash => kernel::HASH,
            FanoutMode::LoadBalance => kernel::LOAD_BALANCE,
            FanoutMode::Cpu => kernel::CPU,
            FanoutMode::Rollover => kernel::ROLLOVER,
            FanoutMode::Random => kernel::RANDOM,
            FanoutMode::QueueMapping => kernel::QUEUE_MAPPING,
        }
    }
}

/// A group of captures on one device, each for a thread of its own: the kernel hands each packet to one
/// of them. Linux 4.12 or newer.
///
/// The members are captures as all others are. What holds of the group:
///
/// - Every packet that arrives after [`activate`](Self::activate) has returned is in exactly one member.
/// - Order is kept in each member, and not between them.
/// - What one member sends none of them sees.
/// - A member that is not read loses its share when its buffer is full. One that is dropped leaves the
///   group, and the others get its share; if it has a [`Sender`](crate::Sender), only when that is
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
/// let members = Fanout::new(FanoutMode::Hash).activate(&options, 4)?;
/// let handles: Vec<_> = members.iter().map(Capture::break_handle).collect();
/// std::thread::spawn(move || {
///     std::thread::sleep(std::time::Duration::from_secs(10));
///     handles.iter().for_each(|handle| handle.breakloop());
/// });
/// let (counts, stats) = Fanout::for_each(members, |_, capture| {
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
    /// let members = Fanout::by_filter(&dns)?.activate(&Capture::from_device("eth0"), 2)?;
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
    pub fn activate(
        &self,
        options: &Capture<Inactive>,
        members: usize,
    ) -> Result<Vec<Capture<Active>>> {
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
        Ok(captures)
    }

    /// What all members together have counted: the sums of what they received and dropped, and what the
    /// interface dropped, which is the same for all.
    ///
    /// # Errors
    ///
    /// As [`Capture::stats`].
    pub fn stats(members: &[Capture<Active>]) -> Result<Stats> {
        let mut total = Stats::default();
        for member in members {
            total.merge(member.stats()?);
        }
        Ok(total)
    }

    /// Runs the closure once for each member, each in a thread of its own, with the member's number and
    /// the capture; waits for all of them; and returns what they returned, in the order of the members, and
    /// their statistics together, as [`stats`](Self::stats) has them.
    ///
    /// When a closure returns, its member is closed and leaves the group, and the others go on, with its
    /// share. To end all of them, use a break handle of each.
    ///
    /// # Errors
    ///
    /// That of the closure that failed first, or of the system, if it starts no more threads. Then the
    /// others are ended by a break, once. What they returned and counted is lost; [`run`](Self::run) returns
    /// it beside the error.
    ///
    /// # Panics
    ///
    /// If a closure panics, when the others have ended, as after an error.
    ///
    /// # Examples
    ///
    /// Each thread writes a savefile of its own:
    ///
    /// ```no_run
    /// use pcap_core::os::linux::{Fanout, FanoutMode};
    /// use pcap_core::{Capture, Error};
    ///
    /// # fn main() -> pcap_core::Result<()> {
    /// let options = Capture::from_device("eth0");
    /// let members = Fanout::new(FanoutMode::Hash).activate(&options, 2)?;
    /// let (counts, _) = Fanout::for_each(members, |number, capture| {
    ///     let mut dumper = capture.dump(format!("part-{number}.pcap"))?;
    ///     for _ in 0..1000 {
    ///         match capture.next_packet()? {
    ///             Some(packet) => dumper.write(&packet)?,
    ///             None => break,
    ///         }
    ///     }
    ///     dumper.close()?;
    ///     Ok::<_, Error>(())
    /// })?;
    /// assert_eq!(counts.len(), 2);
    /// # Ok(()) }
    /// ```
    pub fn for_each<T, E, F>(
        members: Vec<Capture<Active>>,
        closure: F,
    ) -> Result<(Vec<T>, Stats), E>
    where
        T: Send,
        E: From<Error> + Send,
        F: Fn(usize, &mut Capture<Active>) -> Result<T, E> + Sync,
    {
        Fanout::run(members, closure).into_result()
    }

    /// Does what [`for_each`](Self::for_each) does, and returns all that came of it, also beside an error: for
    /// the statistics of a group of which a member failed.
    ///
    /// # Panics
    ///
    /// As `for_each`.
    pub fn run<T, E, F>(members: Vec<Capture<Active>>, closure: F) -> FanoutOutcome<T, E>
    where
        T: Send,
        E: From<Error> + Send,
        F: Fn(usize, &mut Capture<Active>) -> Result<T, E> + Sync,
    {
        let handles: Vec<_> = members.iter().map(Capture::break_handle).collect();
        let over = Over {
            handles,
            error: Mutex::new(None),
        };
        let (closure, over) = (&closure, &over);
        let work = move |number, mut member: Capture<Active>| {
            let panics = EndOthers(over);
            let done = closure(number, &mut member);
            std::mem::forget(panics);
            let stats = member.stats();
            drop(member);
            let value = done.map_err(|error| over.fail(error)).ok();
            let stats = stats.map_err(|error| over.fail(error.into()));
            (value, stats.unwrap_or_default())
        };
        let count = members.len();
        let done: Vec<_> = thread::scope(|scope| {
            let mut threads = Vec::with_capacity(count);
            for (number, member) in members.into_iter().enumerate() {
                let thread = Builder::new().name(format!("member {number}"));
                match thread.spawn_scoped(scope, move || work(number, member)) {
                    Ok(thread) => threads.push(thread),
                    Err(error) => {
                        over.fail(Error::io("start a thread", None, error).into());
                        break;
                    }
                }
            }
            let ended: Vec<_> = threads.into_iter().map(|thread| thread.join()).collect();
            ended
        });
        let mut values = Vec::with_capacity(done.len());
        let mut total = Stats::default();
        for done in done {
            let done = done.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            let (value, stats) = done;
            values.push(value);
            total.merge(stats);
        }
        values.resize_with(count, || None);
        let mut error = over.error.lock().unwrap_or_else(PoisonError::into_inner);
        FanoutOutcome::new(values, total, error.take())
    }
}

/// What the threads share, to end all of them when one fails.
struct Over<E> {
    handles: Vec<BreakHandle>,
    error: Mutex<Option<E>>,
}

impl<E> Over<E> {
    /// Keeps the first error, and ends the others.
    fn fail(&self, error: E) {
        let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        if first.is_none() {
            *first = Some(error);
            self.end();
        }
    }

    fn end(&self) {
        self.handles.iter().for_each(BreakHandle::breakloop);
    }
}

/// Dropped when a closure panics.
struct EndOthers<'a, E>(&'a Over<E>);

impl<E> Drop for EndOthers<'_, E> {
    fn drop(&mut self) {
        self.0.end();
    }
}
