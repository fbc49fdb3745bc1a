//! Safe bindings to libpcap: capture, read, filter, write and send packets.
//!
//! - [Tasks](tasks): code for ten common tasks, in at most ten lines each, and an event loop.
//! - [Overview](overview): the types and calls that most programs need, in the order of use.
//! - The guide on this page: [phases](#phases), [reading](#choosing-a-reading-call), [timeouts](#timeouts),
//!   [filters](#filters), [sending](#sending), [stopping](#stopping), [errors](#errors-and-permissions),
//!   [threads](#threads).
//! - [Cargo features](#cargo-features), [platforms], and [coming from another binding](#coming-from-another-binding).
//!
//! # Three programs
//!
//! The first program prints the HTTPS packets of the default device until Ctrl-C, then the statistics. On Ctrl-C, it
//! still prints every packet that has already arrived. The `ctrlc` crate handles the signal:
//!
//! ```no_run
//! use pcap_core::{Capture, Device, Packet};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let device = Device::default_device()?;
//!     let mut capture = Capture::from_device(&device)
//!         .promisc(true)
//!         .filter("tcp port 443")
//!         .activate()?;
//!     let handle = capture.break_handle();
//!     ctrlc::set_handler(move || handle.breakloop())?; // ends the reading call, not the program
//!
//!     let print = |p: Packet<'_>| println!("{} {} bytes", p.timestamp(), p.wire_len());
//!     capture.for_each(print)?;
//!     capture.stop()?; // no new packets: the next call reads those that have already arrived
//!     capture.for_each(print)?;
//!     let stats = capture.close()?;
//!     eprintln!("{} received, {} dropped", stats.received, stats.dropped);
//!     Ok(())
//! }
//! ```
//!
//! The second program reads a savefile with the fastest call:
//!
//! ```no_run
//! fn main() -> pcap_core::Result<()> {
//!     let mut bytes = 0;
//!     let mut capture = pcap_core::Capture::from_file("trace.pcap")?;
//!     let done = capture.for_each(|packet| bytes += u64::from(packet.wire_len()))?;
//!     println!("{} packets, {bytes} bytes", done.packets());
//!     Ok(())
//! }
//! ```
//!
//! The third program writes generated packets to a savefile:
//!
//! ```no_run
//! use pcap_core::{Capture, Linktype, Packet, Timestamp};
//!
//! fn main() -> pcap_core::Result<()> {
//!     let mut dumper = Capture::dead(Linktype::ETHERNET)?.dump("made.pcap")?;
//!     for n in 0..3 {
//!         let time = Timestamp::new(1_700_000_000 + n, 0);
//!         dumper.write(Packet::whole(time, &[0xff; 60]))?;
//!     }
//!     dumper.close() // reports whether everything was written
//! }
//! ```
//!
//! If the program exits without dropping or closing the dumper, the packets in the dumper's buffer are lost.
//! [`Dumper::flush_within`] limits how long packets stay in the buffer.
//!
//! The crate has more examples, of at most 40 lines each: `capture`, `devices`, `drop_privileges`, `event_loop`,
//! `filter`, `pcapng`, `read`, `send`, `statistics`, `threads`, `two_devices`, `until_ctrl_c` and `write`. In a clone
//! of the repository, `cargo run -p pcap-core --example read -- trace.pcap` runs `read`.
//!
//! # Phases
//!
//! A capture's phase is the type parameter of [`Capture`]. Calls that are invalid in a phase do not compile.
//!
//! ```text
//!  Capture::from_device ──► Capture<Inactive> ── activate() ──► Capture<Active>
//!                           options only, no open device;       read, filter, inject, statistics,
//!                           can be activated again              direction, dump
//!
//!  Capture::from_file  ─┐
//!  Capture::from_reader ┴─────────────────────────────────────► Capture<Offline>
//!                                                               read, filter, dump
//!
//!  Capture::dead ─────────────────────────────────────────────► Capture<Dead>
//!                                                               compile filters, dump
//!
//!  remote::Options::open ─────────────────────────────────────► Capture<Remote>
//!                                                               read, filter, statistics, dump
//!
//!  Capture<Active> ──┐
//!  Capture<Remote> ──┤
//!  Capture<Offline> ─┴─ into() ───────────────────────────────► AnyCapture
//!                                                               calls that all three support
//! ```
//!
//! A [`Dumper`], [`Filter`], [`PacketOwned`] or [`BreakHandle`] does not borrow the capture and may outlive it.
//!
//! # Choosing a reading call
//!
//! | you want | call | waits | at the end |
//! |---|---|---|---|
//! | every packet, as fast as possible | [`for_each`](Capture::for_each) | until the capture ends | returns [`Done`]: the packet count and the reason |
//! | the first *n* packets | [`for_each_up_to`](Capture::for_each_up_to) | until *n* packets have arrived, or the capture ends | returns [`Done`] |
//! | to stop at a packet, or return an error | [`try_for_each`](Capture::try_for_each) | until the closure stops it, or the capture ends | returns the closure's value, or [`Done`] |
//! | your own loop | [`next_packet`](Capture::next_packet) | until a packet arrives | returns `None`; [`ended`](Capture::ended) returns the reason |
//! | a timeout | [`next_packet_timeout`](Capture::next_packet_timeout) | until a packet arrives or the timeout expires | returns [`Next::End`] |
//! | not to wait | [`try_next_packet`](Capture::try_next_packet) | never | returns [`Next::End`] |
//! | the available packets, in one call | [`dispatch`](Capture::dispatch) | at most the packet-buffer timeout | returns [`Done`] |
//! | to skip packets, or to send while you use one | [`advance`](Capture::advance), then [`packet`](Capture::packet) | until a packet arrives | `advance` returns `false` |
//! | packets to keep | [`packets`](Capture::packets), [`into_packets`](Capture::into_packets) | until a packet arrives | the iterator ends |
//! | a value computed from each packet | [`packets_with`](Capture::packets_with) | until a packet arrives | the iterator ends |
//!
//! You can mix these calls on one capture: each packet is delivered once, in order. Only the calls that return
//! [`PacketOwned`] allocate memory for each packet.
//!
//! The end of a savefile, a break, a timeout and an error can always be told apart, if need be with
//! [`ended`](Capture::ended). After an error in a savefile, further calls return the same error. If the device is
//! removed, the calls first deliver the packets that have already arrived, then return [`ErrorKind::Disappeared`]. To
//! wait for more packets in a file that is still being written, see [`follow`](Capture::follow).
//!
//! # A capture in a struct
//!
//! A packet borrows the capture. If the capture is a field of a struct, you cannot call a method of the struct that
//! takes `&mut self` while you use the packet:
//!
//! ```compile_fail,E0499
//! # use pcap_core::{Active, Capture, Packet};
//! struct Monitor { capture: Capture<Active>, bytes: u64 }
//!
//! impl Monitor {
//!     fn handle(&mut self, packet: Packet<'_>) { self.bytes += u64::from(packet.wire_len()); }
//!
//!     fn run(&mut self) -> pcap_core::Result<()> {
//!         while let Some(packet) = self.capture.next_packet()? {
//!             self.handle(packet); // borrows `self.capture` a second time
//!         }
//!         Ok(())
//!     }
//! }
//! ```
//!
//! Instead, put the state that handles packets into a field of its own, and call methods of that field:
//!
//! ```
//! # use pcap_core::{Active, Capture, Packet};
//! #[derive(Default)]
//! struct Counter { bytes: u64 }
//!
//! impl Counter {
//!     fn handle(&mut self, packet: Packet<'_>) { self.bytes += u64::from(packet.wire_len()); }
//! }
//!
//! struct Monitor { capture: Capture<Active>, counter: Counter }
//!
//! impl Monitor {
//!     fn run(&mut self) -> pcap_core::Result<()> {
//!         while let Some(packet) = self.capture.next_packet()? {
//!             self.counter.handle(packet);
//!         }
//!         Ok(())
//!     }
//! }
//! ```
//!
//! # Timeouts
//!
//! There are two timeouts: the packet-buffer timeout of a capture, and the timeout of a single call. On Linux, the
//! kernel writes packets into the blocks of a ring buffer that it shares with the program. It delivers a block when the
//! block is full, or when the packet-buffer timeout expires and the block is not empty.
//!
//! ```text
//!  packets     a   b c                             d
//!              │   │ │                             │
//!  kernel   ───[ a   b c ──────┤──────── nothing ──[ d ───────────────┤──►
//!              └─ at most the ┤                   └─ at most the ────┤
//!                 timeout      ▼                      timeout         ▼
//!  you      ├── next_packet ── a b c ── next_packet ───────────────── d
//!  you      ├── timeout 30 ms ─┤ Timeout, although a has arrived
//!
//!  immediate   │   │ │                             │
//!  mode        a   b c                             d        one wake-up each
//! ```
//!
//! * The **packet-buffer timeout** ([`timeout`](Capture::timeout)) lets the kernel deliver many packets at once. A
//!   packet may stay in the kernel's buffer for up to this long. Except for [`dispatch`](Capture::dispatch), it does
//!   not limit how long a call waits. libpcap's own calls need not return either when it expires on an idle device.
//! * The **timeout of a call** ([`next_packet_timeout`](Capture::next_packet_timeout)) limits how long that call waits.
//!   It expires on time on every device that can be polled, even if the device is idle or a filter rejects every
//!   packet. On Unix, the same holds for savefiles opened from a pipe. On D-Bus captures, libpcap itself waits, so the
//!   call may return a tenth of a second late. A timeout that is shorter than the packet-buffer timeout may expire
//!   although a packet has arrived.
//! * In [immediate mode](Capture::immediate_mode), the kernel delivers each packet as it arrives. This minimizes
//!   latency, but wakes the process for each packet. The packet-buffer timeout has no effect. Every packet occupies a
//!   slot of the same size in the ring; with a smaller [snaplen](Capture::snaplen), the ring has more slots.
//!
//! Use immediate mode if the program must respond to packets promptly. To count or store packets, keep the default
//! packet-buffer timeout or increase it. Use `next_packet_timeout` if the thread also has other work.
//!
//! # Filters
//!
//! Calls that set a filter accept an expression, such as `"tcp port 80"`, or a [`Filter`]. A [`Filter`] does not need a
//! capture. It can be [compiled](Filter::compile) without a device, built from [a long list](Filter::any_of) of hosts
//! and ports, [parsed from a listing](Filter::from_listing), [combined](Filter::and) with others, and run on
//! [plain bytes](Filter::matches). On Linux it can be attached to any socket (`os::linux::SocketFilterExt`). With the
//! `serde` feature, it can be serialized, like packets and other plain data. On a savefile with
//! [several link types](Capture::mix_linktypes), an expression is compiled for each of them.
//!
//! On Linux network interfaces, a filter runs in the kernel if it fits within the kernel's memory limit and would
//! accept the same packets there as [`Filter::matches`] does. Otherwise, this process runs it. On other systems and
//! devices, libpcap decides. [`filter_location`](Capture::filter_location) returns which of these applies.
//! [`set_filter`](Capture::set_filter) describes the effect on packets that are already in the buffer.
//!
//! # Sending
//!
//! [`inject`](Capture::inject) sends one packet, and [`inject_queue`](Capture::inject_queue) all packets of a
//! [`SendQueue`]. Both wait while the device's queue is full. If sending a queue fails, [`Error::unsent`] identifies
//! the first packet that was not sent. [`inject_timeout`](Capture::inject_timeout) limits the wait.
//! [`try_inject`](Capture::try_inject) does not wait, and neither does a capture in non-blocking mode. A break ends the
//! wait. If the device keeps dropping a packet, the call fails after a second.
//!
//! On Linux, a capture does not receive the packets that it sends itself, except on the loopback device. An
//! `os::linux::Sender` sends from one thread while another thread reads.
//!
//! # Stopping
//!
//! [`break_handle`](Capture::break_handle) returns a [`BreakHandle`], whose [`breakloop`](BreakHandle::breakloop) ends
//! a reading call. Any thread, signal handler or closure may use the handle at any time: before, during and after a
//! read, and after the capture is dropped. It wakes a live capture that waits for packets and, on Unix, a capture that
//! waits for a savefile to arrive through a pipe; [`WarningKind::OnlyBlocking`] has an exception. One break ends one
//! reading call; later calls continue reading. The `until_ctrl_c` example uses a break handle to exit on Ctrl-C.
//!
//! Packets that arrived before a break or a timeout may still be in the kernel's buffer. After [`stop`](Capture::stop),
//! no new packets enter the buffer. The reading calls then deliver the remaining packets, and report [`End::Eof`] after
//! the last:
//!
//! ```no_run
//! # fn main() -> pcap_core::Result<()> {
//! let mut capture = pcap_core::Capture::from_device("eth0").activate()?;
//! let handle = capture.break_handle();
//! let reader = std::thread::spawn(move || {
//!     let mut packets = capture.for_each(|packet| println!("{packet:?}"))?.packets();
//!     capture.stop()?;
//!     packets += capture.for_each(|packet| println!("{packet:?}"))?.packets();
//!     println!("{packets} packets");
//!     capture.close()
//! });
//! std::thread::sleep(std::time::Duration::from_secs(10));
//! handle.breakloop();
//! let stats = reader.join().expect("no panic")?;
//! # Ok(()) }
//! ```
//!
//! A capture ends when its device is removed or moved to another network namespace. The reading calls deliver the
//! packets that have already arrived, then return [`ErrorKind::Disappeared`]. The error follows the removal by at most
//! the packet-buffer timeout plus one second. Renaming the device does not end the capture. Neither does taking it
//! down: the capture continues once it is up again. A capture on `any` continues if one of the devices is removed.
//!
//! # Errors and permissions
//!
//! All fallible calls return an [`Error`]. Its message is one line with the operation, its object and the reason.
//! Programs match on the kind of failure, which [`Error::kind`] returns. The `?` operator converts an [`Error`] into
//! `Box<dyn Error + Send + Sync>` or an `anyhow::Error`, from which `downcast_ref::<pcap_core::Error>()` recovers it.
//! If a failed call took ownership of a value, [`Error::take`] returns the value.
//!
//! The message of an [`ErrorKind::PermissionDenied`] error includes a remedy: on Linux, run as root or grant the
//! capabilities with `setcap cap_net_raw,cap_net_admin+eip`; on macOS, install ChmodBPF. Once its devices are open, a
//! program should give up all privileges, on Linux with `os::linux::drop_privileges`. libpcap's warnings are not
//! errors; [`warnings`](Capture::warnings) returns them.
//!
//! # Threads
//!
//! The types enforce libpcap's threading rules:
//!
//! | type | `Send` | `Sync` | reason |
//! |---|---|---|---|
//! | [`Capture<Active>`](Active), `Capture<Remote>`, [`Capture<Offline>`](Offline), [`Capture<Dead>`](Dead), [`AnyCapture`] | yes | no | libpcap allows any thread to use a handle, but only one at a time |
//! | [`Dumper`] | yes | no | its writer need not be `Sync` |
//! | [`Capture<Inactive>`](Inactive) | yes | yes | it contains only options |
//! | [`Filter`] | yes | yes | it is immutable; any number of threads may compile filters |
//! | [`BreakHandle`], `os::linux::Sender` | yes | yes | other threads use it |
//! | [`Packet`], [`PacketOwned`], [`SendQueue`], [`Error`], [`Device`], … | yes | yes | it is plain data |
//!
//! Before moving a capture into the thread that reads it, create the values that other threads need: a [`BreakHandle`],
//! an `os::linux::Sender` or a [`Dumper`]. A packet is only valid until the next read; to send it to another thread,
//! convert it into a [`PacketOwned`]. To read one device in several threads, use `os::linux::Fanout`: Linux distributes
//! the packets among a group of captures.
//!
//! Two threads cannot use one capture:
//!
//! ```compile_fail,E0277
//! # fn main() -> pcap_core::Result<()> {
//! let capture = pcap_core::Capture::from_device("eth0").activate()?;
//! std::thread::scope(|scope| {
//!     scope.spawn(|| capture.stats()); // `Capture` is not `Sync`
//!     scope.spawn(|| capture.inject(&[0xff; 60]));
//! });
//! # Ok(()) }
//! ```
//!
//! A thread cannot use a capture after moving it into another thread:
//!
// Shows: libpcap/handle-used-thread-time
//! ```compile_fail,E0382
//! # fn main() -> pcap_core::Result<()> {
//! let mut capture = pcap_core::Capture::from_device("eth0").activate()?;
//! std::thread::spawn(move || capture.for_each(|packet| println!("{packet:?}")));
//! capture.stats()?; // `capture` was moved
//! # Ok(()) }
//! ```
//!
//! A packet cannot be sent to another thread while reading continues:
//!
//! ```compile_fail,E0499
//! # fn main() -> pcap_core::Result<()> {
//! let mut capture = pcap_core::Capture::from_device("eth0").activate()?;
//! let (sender, receiver) = std::sync::mpsc::channel();
//! while let Some(packet) = capture.next_packet()? { // would overwrite the previous packet
//!     let _ = sender.send(packet); // `packet.into_owned()` can be sent
//! }
//! # drop(receiver);
//! # Ok(()) }
//! ```
//!
//! A packet cannot outlive the closure that receives it:
//!
//! ```compile_fail,E0521
//! # fn main() -> pcap_core::Result<()> {
//! let mut capture = pcap_core::Capture::from_device("eth0").activate()?;
//! capture.for_each(|packet| {
//!     std::thread::spawn(move || println!("{packet:?}")); // the thread may outlive the packet
//! })?;
//! # Ok(()) }
//! ```
//!
//! Two threads cannot write to one dumper without a lock:
//!
//! ```compile_fail,E0499
//! # fn main() -> pcap_core::Result<()> {
//! # use pcap_core::{Capture, Linktype, Packet, Timestamp};
//! let mut dumper = Capture::dead(Linktype::ETHERNET)?.dump("made.pcap")?;
//! std::thread::scope(|scope| {
//!     scope.spawn(|| dumper.write(Packet::whole(Timestamp::now(), &[0xff; 60])));
//!     scope.spawn(|| dumper.write(Packet::whole(Timestamp::now(), &[0xff; 60]))); // a second `&mut`
//! });
//! # Ok(()) }
//! ```
//!
//! # Asynchronous tasks
//!
//! With the `tokio` or `async-io` feature, tasks can await packets without blocking the runtime's threads. See the
//! `stream` module.
//!
//! # Other hosts
//!
//! With the `remote` feature, a program can capture on devices of other hosts, through the `rpcapd` daemon running on
//! them. This requires a libpcap that was built with remote capture. The `remote` module describes how remote captures
//! differ from local ones.
//!
//! # Without libpcap
//!
//! A program dynamically linked against libpcap does not start on a system without it. With the `load-dynamically`
//! feature, the program loads libpcap at run time, so it starts even if libpcap is missing. Fallible calls then return
//! [`LibraryMissing`](ErrorKind::LibraryMissing), and [`help`](Error::help) names the package to install. Infallible
//! calls return empty values: the text of [`version`] is empty, and the functions of [`lookup`] find no name. The
//! documentation of `pcap-sys` lists the locations that are searched. If the `bindgen` feature is disabled as well, the
//! build does not need libpcap either.
//!
//! Without the `bindgen` feature, which is enabled by default, the build does not need libclang. It then uses the
//! prebuilt bindings of `pcap-sys` for Linux and Windows. In this case, enable the `probe` feature to link libpcap
//! statically or to build for 32-bit Linux.
//!
//! # Cargo features
//!
//! On docs.rs, each item that requires a feature or a particular operating system is labeled accordingly. To build the
//! documentation of all modules, run `cargo doc --open -p pcap-core --features async-io,remote,serde,tokio`.
//!
//! | feature | adds | default | needs |
//! |---|---|---|---|
//! | `async-io` | asynchronous captures for any executor, such as smol | no | the `async-io` and `futures-core` crates |
//! | `bindgen` | bindings generated from the headers of the installed libpcap; without it or libclang, the prebuilt ones for Linux and Windows | **yes** | libclang, and libpcap's headers |
//! | `load-dynamically` | loads libpcap at run time: if it is missing, the program still starts, and fallible calls return `LibraryMissing` | no | nothing; without `bindgen`, the build needs no libpcap |
//! | `probe` | detects at build time the dependencies of a static libpcap, and the width of `time_t` on 32-bit Linux | part of `bindgen`, `remote` and `vendored` | a C compiler |
//! | `remote` | capturing on devices of other hosts, through their `rpcapd` | no | a libpcap built with remote capture, which most distributions do not provide; with another libpcap, the calls return `Unsupported` |
//! | `serde` | serialization of filters, packets, times, link types, statistics and hardware addresses | no | the `serde` crate |
//! | `tokio` | asynchronous captures for tokio | no | the `tokio` and `futures-core` crates |
//! | `vendored` | builds libpcap from the source that the `LIBPCAP_SOURCE` variable names, and links it statically | no | libpcap's source, make, flex, bison, and a C compiler |
//!
//! # Platforms and versions
//!
//! This crate requires Rust 1.85 or newer and libpcap 1.10.0 or newer. The documentation of `pcap-sys` lists the
//! environment variables that control the search for libpcap. The crate is developed and tested on Linux. On Windows it
//! is tested under Wine, but not with Npcap's driver. Code for macOS and the BSDs is not tested. [Platforms](platforms)
//! lists the tested systems and the differences between them.
//!
//! Differences on Windows:
//! - Devices are named `\Device\NPF_{…}`; show users the description instead.
//! - [`selectable_fd`](Capture::selectable_fd) returns an event handle. [`fileno`](Capture::fileno) returns `None`.
//! - libpcap cannot use this program's C streams, so it opens savefiles by path. Data from a reader, and the rest of a
//!   partially read file, is therefore copied to a temporary file first. Pcapng and undamaged classic savefiles are the
//!   exception: this crate parses them itself, unless libpcap would modify their packets, as it does for USB.
//! - libpcap stores the seconds of a timestamp in 32 bits. The times of all packets that it reads, also those of live
//!   captures, are limited to the years 1970 to 2106.
//! - `lookup::ethers` always returns an error.
//! - The `os::windows` module contains the functions that only Npcap has.
//!
//! [libpcap's pitfalls](libpcap) describes the behavior of libpcap that often surprises callers, and how this crate
//! handles it. `COVERAGE.md` of `pcap-sys` maps each function of `pcap.h` to this crate. Searching this documentation
//! also finds items by their C names, such as `pcap_sendpacket`. The [`lookup`] module resolves the names that filter
//! expressions may contain.
//!
//! # Coming from another binding
//!
//! There are pages for users of [the `pcap` crate](coming_from::pcap), [gopacket](coming_from::gopacket),
//! [pcapy](coming_from::pcapy), [pcap-lua](coming_from::pcap_lua) and [plokami](coming_from::plokami). The
//! [porting notes](porting) show which lines change in the capture code of real programs. [A table](parity) compares
//! the features of these bindings with those of this crate.

// Marks items that need a feature. Only nightly compilers support it; docs.rs uses one.
#![cfg_attr(docsrs, feature(doc_cfg))]
// Must be first, because the other modules use their macros.
#[macro_use]
mod manual;
mod breakloop;
mod callback;
mod capture;
mod cooked;
mod device;
mod direction;
mod dumper;
mod error;
mod filter;
mod handle;
mod linktype;
mod loan;
pub mod lookup;
pub mod os;
mod packet;
pub mod pcapng;
mod printable;
#[cfg(feature = "remote")]
pub mod remote;
mod savefile;
mod sendqueue;
#[cfg(feature = "serde")]
mod serialize;
mod stats;
#[cfg(any(feature = "tokio", feature = "async-io"))]
pub mod stream;
pub mod sys;
mod text;
mod timestamp;
mod tstamp_type;
mod version;
mod warning;

#[cfg(any(doc, doctest))]
pub mod coming_from;
#[cfg(doctest)]
mod removed;
#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/libpcap.md")]
pub mod libpcap {}
#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/overview.md")]
pub mod overview {}
#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/parity.md")]
pub mod parity {}
#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/platforms.md")]
pub mod platforms {}
#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/tasks.md")]
pub mod tasks {}
#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/porting.md")]
pub mod porting {}

pub use breakloop::BreakHandle;
#[cfg(feature = "remote")]
pub use capture::Remote;
pub use capture::{
    Activated, Active, Any, AnyCapture, Awaitable, Capture, Dead, Done, End, FilterLocation, Flow,
    Inactive, IntoPackets, Live, Next, Offline, Packets, Phase, Readable, Stop,
};
pub use cooked::CookedHeader;
pub use device::{Address, ConnectionStatus, Device, DeviceAddress, DeviceName, MacAddr};
pub use direction::Direction;
pub use dumper::Dumper;
pub use error::{Error, ErrorKind, Result, Unsent};
pub use filter::{CompileOptions, Endpoint, Filter, FilterSource, FilterTerm, Insn};
pub use linktype::{Dlt, Linktype};
pub use packet::{AsPacket, BatchIter, Packet, PacketBatch, PacketHeader, PacketOwned};
pub use savefile::SavefileFormat;
pub use sendqueue::SendQueue;
pub use stats::Stats;
pub use timestamp::{Precision, Rfc3339, Timestamp};
pub use tstamp_type::TstampType;
pub use version::{Version, Vulnerability, version};
pub use warning::{Warning, WarningKind};
