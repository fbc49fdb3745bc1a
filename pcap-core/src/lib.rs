//! Capture, read, filter, write and send packets with libpcap: safe, complete and fast.
//!
//! - [Tasks](tasks): ten of them in at most ten lines each, and an event loop.
//! - [Overview](overview): the types and calls that most programs need, in the order of use.
//! - Guide, below: [phases](#phases), [reading](#choosing-a-reading-call), [timeouts](#timeouts), [filters](#filters),
//!   [sending](#sending), [stopping](#stopping), [errors](#errors-and-permissions), [threads](#threads).
//! - [Cargo features](#cargo-features), [platforms], and pages for users of
//!   [other bindings](#coming-from-another-binding).
//!
//! # Three programs
//!
//! Prints the HTTPS packets of the default device until Ctrl-C, then the statistics. No packet that has arrived is
//! lost. The standard library cannot handle signals; the crate `ctrlc` can:
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
//!     capture.stop()?; // ends the inflow: the next call reads the packets that have arrived
//!     capture.for_each(print)?;
//!     let stats = capture.close()?;
//!     eprintln!("{} received, {} dropped", stats.received, stats.dropped);
//!     Ok(())
//! }
//! ```
//!
//! Reads a savefile with the fastest call:
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
//! Writes a savefile of generated packets:
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
//! A program that exits without dropping or closing the dumper loses the packets in its buffer.
//! [`Dumper::flush_within`] limits how long they stay there.
//!
//! The directory `examples` of the crate has more programs, of at most 40 lines each: `capture`, `devices`,
//! `event_loop`, `filter`, `pcapng`, `read`, `send`, `statistics`, `threads`, `two_devices`, `until_ctrl_c` and
//! `write`. In a clone of the repository, `cargo run -p pcap-core --example read -- trace.pcap` runs one.
//!
//! # Phases
//!
//! A capture's phase is part of its type. Calls that are invalid in a phase do not compile.
//!
//! ```text
//!  Capture::from_device ──► Capture<Inactive> ── activate() ──► Capture<Active>
//!                           options, nothing open;              read, filter, inject, statistics,
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
//!                                                               the calls that all support
//! ```
//!
//! [`Dumper`], [`Filter`], [`PacketOwned`] and [`BreakHandle`] borrow no capture and may outlive it.
//!
//! # Choosing a reading call
//!
//! | you want | call | waits | ends with |
//! |---|---|---|---|
//! | every packet, fastest | [`for_each`](Capture::for_each) | until the capture ends | [`Done`]: packet count and reason |
//! | the first *n* packets | [`for_each_up_to`](Capture::for_each_up_to) | as above | as above |
//! | to stop at a packet, or return an error | [`try_for_each`](Capture::try_for_each) | as above | your value, or [`Done`] |
//! | a loop of your own | [`next_packet`](Capture::next_packet) | until there is a packet | `None`; [`ended`](Capture::ended) returns the reason |
//! | a deadline | [`next_packet_timeout`](Capture::next_packet_timeout) | until the deadline | [`Next`] |
//! | not to wait | [`try_next_packet`](Capture::try_next_packet) | never | [`Next`] |
//! | the available packets, in one call | [`dispatch`](Capture::dispatch) | at most the packet-buffer timeout | [`Done`] |
//! | to skip packets, or send while holding one | [`advance`](Capture::advance), then [`packet`](Capture::packet) | until there is a packet | `false` |
//! | packets to keep | [`packets`](Capture::packets), [`into_packets`](Capture::into_packets) | until there is a packet | the iterator ends |
//! | a value computed from each packet | [`packets_with`](Capture::packets_with) | as above | as above |
//!
//! They can be mixed on one capture: each packet is delivered once and in order. Only the calls that return
//! [`PacketOwned`] allocate per packet.
//!
//! Each call distinguishes the end of a savefile, a break, a timeout and an error. After an error in a savefile, the
//! following calls return the same error. If the device is removed, the calls first deliver the packets that have
//! arrived, then return [`ErrorKind::Disappeared`]. To wait for more packets in a file that is still being written, see
//! [`follow`](Capture::follow).
//!
//! # A capture in a struct
//!
//! A packet borrows the capture. While it is borrowed, no method that borrows the whole struct can be called:
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
//! Split the borrow: put the packet handler into its own field, and call its methods.
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
//! Do not confuse two timeouts. On Linux the kernel writes packets into the blocks of a ring that it shares with the
//! program. It delivers a block when the block is full, or when the packet-buffer timeout expires and the block is not
//! empty.
//!
//! ```text
//!  packets     a   b c                             d
//!              │   │ │                             │
//!  kernel   ───[ a   b c ──────┤──────── nothing ──[ d ───────────────┤──►
//!              └─ at most the ┤                   └─ at most the ────┤
//!                 timeout      ▼                      timeout         ▼
//!  you      ├── next_packet ── a b c ── next_packet ───────────────── d
//!  you      ├─ deadline 30 ms ─┤ Timeout, although a has arrived
//!
//!  immediate   │   │ │                             │
//!  mode        a   b c                             d        one wake-up each
//! ```
//!
//! * The **packet-buffer timeout** ([`timeout`](Capture::timeout)) merges many small deliveries into few large ones. It
//!   does not limit a wait: on an idle device libpcap's own reading calls do not return when it expires. A packet may
//!   stay in the buffer for this time. A shorter deadline can therefore expire although a packet has arrived.
//! * A **deadline** ([`next_packet_timeout`](Capture::next_packet_timeout)) limits how long the call waits. It holds on
//!   every device that can be polled, idle or not, and for savefiles read through a pipe. It also holds while a filter
//!   rejects packets. On D-Bus captures libpcap itself waits, so the call may be a tenth of a second late.
//! * In [immediate mode](Capture::immediate_mode) the kernel delivers each packet as it arrives: the smallest delay, at
//!   one wake-up per packet. The timeout then has no effect. Every packet takes a slot of the same size in the ring; a
//!   smaller [snaplen](Capture::snaplen) fits more slots.
//!
//! To respond to packets, use immediate mode. To count or store them, keep the default timeout or increase it. To do
//! other work while few packets arrive, use a deadline.
//!
//! # Filters
//!
//! Calls that set a filter accept an expression or a [`Filter`]. A [`Filter`] is a value. It can be
//! [compiled](Filter::compile) without a device, built from [a long list](Filter::any_of) of hosts and ports,
//! [parsed from a listing](Filter::from_listing), [combined](Filter::and) with others, and run on
//! [plain bytes](Filter::matches). On Linux it can be attached to any socket (`os::linux::SocketFilterExt`).
//!
//! On a live capture the kernel runs the filter if it gives the same results there as on plain bytes; otherwise this
//! process does. [`filter_location`](Capture::filter_location) returns which. For packets that are already in the
//! buffer, see [`set_filter`](Capture::set_filter). With the feature `serde`, filters can be serialized, like
//! packets and other plain data.
//!
//! # Sending
//!
//! [`inject`](Capture::inject) sends one packet, [`inject_queue`](Capture::inject_queue) all packets of a
//! [`SendQueue`]. Both wait while the device has no room, and report which packet was not sent.
//! [`inject_timeout`](Capture::inject_timeout) limits the wait. [`try_inject`](Capture::try_inject) and captures in
//! non-blocking mode do not wait. A break ends the wait. If the device keeps dropping a frame, the call fails after
//! a second.
//!
//! A capture does not receive the packets it sends itself. On Linux, an `os::linux::Sender` sends from one thread while
//! another reads.
//!
//! # Stopping
//!
//! [`break_handle`](Capture::break_handle) returns a [`BreakHandle`]. Any thread, signal handler or closure may use
//! it at any time: before, during and after a read, and after the capture is dropped. It wakes a waiting live
//! capture, and a waiting capture that reads a savefile through a pipe. One break ends one reading call; later calls
//! continue reading. The example `until_ctrl_c` uses one to end on Ctrl-C.
//!
//! Packets that arrived before a break or a deadline may still be in the kernel's buffer. After
//! [`stop`](Capture::stop) no new packets enter it: the reading calls deliver the rest, and report [`End::Eof`]:
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
//! A capture ends by itself when its device is removed or moved to another network namespace. The reading calls
//! deliver the packets that had arrived, then return [`ErrorKind::Disappeared`] at most a second after the
//! packet-buffer timeout. Renaming a device or setting it down does not end the capture; it continues when the
//! device is up again. Removing one of the devices behind `any` does not end it either.
//!
//! # Errors and permissions
//!
//! There is one error type. An [`Error`] prints the operation, its object and the reason in one line; match on
//! [`Error::kind`]. `?` converts it into the errors of anyhow and `Box<dyn Error + Send + Sync>`, where
//! `downcast_ref::<pcap_core::Error>()` finds it. A failed call that took ownership of a value returns it through
//! [`Error::take`].
//!
//! [`ErrorKind::PermissionDenied`] includes a remedy: on Linux, run as root or grant the capabilities with
//! `setcap cap_net_raw,cap_net_admin+eip`; on macOS, install ChmodBPF. libpcap's warnings are not errors: see
//! [`warnings`](Capture::warnings).
//!
//! # Threads
//!
//! Safe code that compiles has no data races.
//!
//! | | `Send` | `Sync` | because |
//! |---|---|---|---|
//! | [`Capture<Active>`](Active), [`Capture<Offline>`](Offline), [`Capture<Dead>`](Dead), [`AnyCapture`] | yes | no | libpcap allows any thread to use a handle, but only one at a time |
//! | [`Dumper`] | yes | no | its writer need not be `Sync` |
//! | [`Capture<Inactive>`](Inactive) | yes | yes | it only holds options |
//! | [`Filter`] | yes | yes | it is immutable; any number of threads may compile |
//! | [`BreakHandle`], `os::linux::Sender` | yes | yes | made for other threads |
//! | [`Packet`], [`PacketOwned`], [`SendQueue`], [`Error`], [`Device`], … | yes | yes | plain data |
//!
//! Move a capture into the thread that reads it. Before that, create what other threads need: a [`BreakHandle`], an
//! `os::linux::Sender`, a [`Dumper`]. A packet is only valid until the next read; send a [`PacketOwned`] to other
//! threads. To read one device in several threads, use `os::linux::Fanout`: Linux distributes the packets over a
//! group of captures.
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
//! A thread cannot use a capture that another thread reads:
//!
// Shows: libpcap/handle-used-thread-time
//! ```compile_fail,E0382
//! # fn main() -> pcap_core::Result<()> {
//! let mut capture = pcap_core::Capture::from_device("eth0").activate()?;
//! std::thread::spawn(move || capture.for_each(|packet| println!("{packet:?}")));
//! capture.stats()?; // it has moved
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
//! A packet cannot leave a closure:
//!
//! ```compile_fail,E0521
//! # fn main() -> pcap_core::Result<()> {
//! let mut capture = pcap_core::Capture::from_device("eth0").activate()?;
//! capture.for_each(|packet| {
//!     std::thread::spawn(move || println!("{packet:?}")); // it outlives the packet
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
//! With the feature `tokio` or `async-io`, tasks can await packets without blocking the runtime's threads: see the
//! module `stream`.
//!
//! # Other hosts
//!
//! With the feature `remote`, a program can capture on devices of other hosts through their `rpcapd`, if libpcap was
//! built with support for it. The module `remote` describes the differences.
//!
//! # Without libpcap
//!
//! A program linked with libpcap does not start on a system without it. With the feature `load-dynamically` the
//! program starts, and the build does not need libpcap either. Calls that use libpcap then fail with
//! [`LibraryMissing`](ErrorKind::LibraryMissing), and [`help`](Error::help) names the package to install. `pcap-sys`
//! documents where it looks for libpcap. Infallible calls return empty values: [`version`] is blank, and [`lookup`]
//! finds no name.
//!
//! Without the default feature `bindgen` the build needs no libclang and uses the prebuilt bindings of `pcap-sys`
//! for Linux and Windows. A static libpcap, and one for 32-bit Linux, then require the feature `probe`.
//!
//! # Cargo features
//!
//! On docs.rs, each item that needs a feature or a system says so.
//! `cargo doc --open -p pcap-core --features async-io,pcapng,remote,serde,tokio` shows all modules.
//!
//! | feature | adds | default | needs |
//! |---|---|---|---|
//! | `async-io` | asynchronous captures for any executor, such as smol | no | the crates `async-io` and `futures-core` |
//! | `bindgen` | bindings generated from the headers of the installed libpcap; without it, the prebuilt ones for Linux and Windows | **yes** | libclang, and libpcap's headers |
//! | `load-dynamically` | loads libpcap at run time: the program starts without it, and the first use fails with `LibraryMissing` | no | nothing; the build needs no libpcap |
//! | `pcapng` | writing pcapng savefiles, with several interfaces and comments | no | the crate `pcap-file` |
//! | `probe` | detects at build time the dependencies of a static libpcap, and the width of times on 32-bit Linux | part of `bindgen` and `remote` | a C compiler |
//! | `remote` | capturing on devices of other hosts, through their `rpcapd` | no | a libpcap built with remote capture, which most distributions do not provide; with another libpcap, the calls return `Unsupported` |
//! | `serde` | serialization of filters, packets, times, link types, statistics and hardware addresses | no | the crate `serde` |
//! | `tokio` | asynchronous captures for tokio | no | the crates `tokio` and `futures-core` |
//!
//! # Platforms and versions
//!
//! Requires Rust 1.85 or newer and libpcap 1.10.0 or newer. `pcap-sys` finds libpcap; its documentation lists the
//! environment variables. Linux is the development and test platform. Code for macOS and the BSDs is not tested.
//! Windows is tested under wine, but not with Npcap's driver. [Platforms](platforms) lists tested systems and
//! differences.
//!
//! Differences on Windows:
//!
//! - Devices are named `\Device\NPF_{…}`; show users the description instead.
//! - [`selectable_fd`](Capture::selectable_fd) returns the handle of an event. [`fileno`](Capture::fileno) does not
//!   exist.
//! - libpcap only opens savefiles by path. Data from a reader, and the rest of a partially read file, is copied to a
//!   temporary file first, except for ordinary classic records, which this crate parses itself.
//! - libpcap's seconds have 32 bits. All packets, not only those of classic savefiles, are limited to the years 1970 to
//!   2106.
//! - `lookup::ethers` fails.
//! - The module `os::windows` contains the functions that only Npcap has.
//!
//! [libpcap pitfalls](libpcap) lists those this crate handles for you.
//!
//! `COVERAGE.md` of `pcap-sys` maps each function of `pcap.h` to this crate. The search of this documentation also
//! finds items by their C names, such as `pcap_sendpacket`. [`lookup`] resolves the names used in filter
//! expressions.
//!
//! # Coming from another binding
//!
//! There is a page for each of [the `pcap` crate](coming_from::pcap), [gopacket](coming_from::gopacket),
//! [pcapy](coming_from::pcapy), [pcap-lua](coming_from::pcap_lua), [plokami](coming_from::plokami).
//!
//! The [porting notes](porting) show what changes in the capture code of real programs. [A table](parity) lists the
//! features of these bindings, and the tests that demonstrate them here.

// Marks items that need a feature. Only nightly compilers support it; docs.rs uses one.
#![cfg_attr(docsrs, feature(doc_cfg))]

// First: the others use its macro.
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
pub mod lookup;
pub mod os;
mod packet;
#[cfg(feature = "pcapng")]
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
pub use packet::{AsPacket, Packet, PacketHeader, PacketOwned};
pub use savefile::SavefileFormat;
pub use sendqueue::SendQueue;
pub use stats::Stats;
pub use timestamp::{Precision, Rfc3339, Timestamp};
pub use tstamp_type::TstampType;
pub use version::{Version, version};
pub use warning::{Warning, WarningKind};
