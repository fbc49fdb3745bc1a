//! Capture, read, filter, write and send packets with libpcap: safe, complete and fast.
//!
//! # Three programs
//!
//! Live, from a device to the terminal, until Ctrl-C or whatever else calls the break handle:
//!
//! ```no_run
//! use pcap_core::{Capture, Device};
//!
//! fn main() -> pcap_core::Result<()> {
//!     let device = Device::default_device()?;
//!     let mut capture = Capture::from_device(&device)
//!         .promisc(true)
//!         .filter("tcp port 443")
//!         .activate()?;
//!     while let Some(packet) = capture.next_packet()? {
//!         println!("{} {} bytes", packet.timestamp(), packet.wire_len());
//!     }
//!     let stats = capture.close()?;
//!     eprintln!("{} received, {} dropped", stats.received, stats.dropped);
//!     Ok(())
//! }
//! ```
//!
//! A savefile, read as fast as it goes:
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
//! A savefile, written from packets that a program makes itself:
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
//!     dumper.close() // says whether the system took it all
//! }
//! ```
//!
//! A program that ends without dropping or closing the dumper loses what waits in it: [`Dumper::flush_within`] bounds that.
//!
//! With the feature `pcapng` there is a module of that name, which writes the newer format: several
//! interfaces in one file, and comments.
//!
//! # Phases
//!
//! A capture's phase is part of its type, and what makes no sense in a phase does not compile.
//!
//! ```text
//!  Capture::from_device ──► Capture<Inactive> ── activate() ──► Capture<Active>
//!                           options, nothing open               read, filter, inject, statistics,
//!                           and can be activated again          direction, dump
//!
//!  Capture::from_file  ─┐
//!  Capture::from_reader ┴─────────────────────────────────────► Capture<Offline>
//!                                                               read, filter, dump
//!
//!  Capture::dead ─────────────────────────────────────────────► Capture<Dead>
//!                                                               compile filters, dump
//!
//!  Capture<Active> ──┐
//!  Capture<Offline> ─┴─ into() ───────────────────────────────► AnyCapture
//!                                                               what both can do
//! ```
//!
//! [`Dumper`], [`Filter`], [`PacketOwned`] and [`BreakHandle`] depend on no capture: they live as
//! long as you keep them.
//!
//! # Which call to read with
//!
//! | you want | call | waits | ends with |
//! |---|---|---|---|
//! | every packet, fastest | [`for_each`](Capture::for_each) | until the capture is over | [`Done`]: how many, and why it ended |
//! | the first *n* packets | [`for_each_up_to`](Capture::for_each_up_to) | as above | as above |
//! | to stop at a packet, or fail | [`try_for_each`](Capture::try_for_each) | as above | your value, or [`Done`] |
//! | a loop of your own | [`next_packet`](Capture::next_packet) | until there is a packet | `None`, and [`ended`](Capture::ended) says why |
//! | a deadline | [`next_packet_timeout`](Capture::next_packet_timeout) | that long | [`Next`] |
//! | not to wait | [`try_next_packet`](Capture::try_next_packet) | never | [`Next`] |
//! | what is there now, in one go | [`dispatch`](Capture::dispatch) | at most the packet-buffer timeout | [`Done`] |
//! | to skip packets, or send while holding one | [`advance`](Capture::advance), then [`packet`](Capture::packet) | until there is a packet | `false` |
//! | packets to keep | [`packets`](Capture::packets), [`into_packets`](Capture::into_packets) | until there is a packet | the iterator ends |
//! | something made of each packet | [`packets_with`](Capture::packets_with) | as above | as above |
//!
//! All of them can be mixed on one capture: each packet comes once, and in order. None allocates
//! for a packet but those that make a [`PacketOwned`].
//!
//! The end of a savefile, a break, a timeout and an error are four different things, and each call
//! tells them apart. After an error in a savefile the same error comes again; a device that was
//! removed gives all its packets first, then [`ErrorKind::Disappeared`]. The end of a savefile that is
//! still being written can be waited at: [`follow`](Capture::follow).
//!
//! # A capture in a struct
//!
//! A packet borrows the capture. A method of the whole struct cannot be called while a packet is lent, as it borrows the
//! capture, too:
//!
//! ```compile_fail,E0502
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
//! Split the borrow: keep what handles packets in a field of its own, and call its methods.
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
//! Two times have nothing to do with each other. On Linux the kernel puts packets into the blocks of a ring
//! that it shares with the program, and hands on a block at a time: when it is full, or when the packet-buffer
//! timeout is over and there is something in it.
//!
//! ```text
//!  packets     a   b c                             d
//!              │   │ │                             │
//!  kernel   ───[ a   b c ──────┤──────── nothing ──[ d ───────────────┤──►
//!              └─ at most the ┤                   └─ at most the ────┤
//!                 timeout      ▼                      timeout         ▼
//!  you      ├── next_packet ── a b c ── next_packet ───────────────── d
//!  you      ├─ deadline 30 ms ─┤ Timeout, though a was there
//!
//!  immediate   │   │ │                             │
//!  mode        a   b c                             d        one wake-up each
//! ```
//!
//! * The **packet-buffer timeout** ([`timeout`](Capture::timeout)) makes few large deliveries of many
//!   small ones. It is no limit to a wait: while nothing comes, nothing is handed on, and libpcap's own
//!   reading calls do not return for it on an idle device. A packet may lie unseen for as long, so that a deadline
//!   below it can pass although a packet has arrived.
//! * A **deadline** ([`next_packet_timeout`](Capture::next_packet_timeout)) is how long you wait. It is kept on
//!   every device that can be waited for, idle or not, also while packets come that a filter rejects, and for
//!   savefiles that come through a pipe. libpcap waits for D-Bus by itself, and there the call may be a tenth of a
//!   second late.
//! * In [immediate mode](Capture::immediate_mode) each packet is handed on as it comes: the least delay, at a
//!   wake-up for each. The timeout then means nothing. Each packet has a slot of the same size in the ring, for
//!   which a [snaplen](Capture::snaplen) that is no longer than needed makes more room.
//!
//! To answer packets use immediate mode; to count or store them leave the timeout as it is, or make it longer;
//! to do something else now and then while few come, give a deadline.
//!
//! # Filters
//!
//! Wherever a filter is set, an expression or a [`Filter`] will do. A [`Filter`] is a value: it can be
//! [compiled](Filter::compile) without a device, made of [a long list](Filter::any_of) of hosts and ports,
//! [read from a listing](Filter::from_listing), [combined](Filter::and) with others, run on
//! [plain bytes](Filter::matches), and on Linux put on any socket (`os::linux::SocketFilterExt`). On a live capture the kernel runs it where it gives the same answers as
//! on plain bytes; otherwise this process does, and [`filter_location`](Capture::filter_location) tells which.
//! [`set_filter`](Capture::set_filter) says what happens to packets that are in the buffer. With the feature `serde`
//! a filter can be kept, as packets and other plain data can.
//!
//! # Sending
//!
//! [`inject`](Capture::inject) sends one packet, [`inject_queue`](Capture::inject_queue) all those of a
//! [`SendQueue`]. Both wait while the device has no room, and say what was not sent;
//! [`inject_timeout`](Capture::inject_timeout) waits no longer than it is to, [`try_inject`](Capture::try_inject) and a
//! capture in non-blocking mode do not wait, and a break ends the wait. A frame that the device drops each time is an
//! error after a second. A capture does not see what it sent itself. To send from one thread while another reads there is a `os::linux::Sender`, on Linux.
//!
//! # Stopping
//!
//! [`break_handle`](Capture::break_handle) gives a [`BreakHandle`], which any thread, signal handler
//! or closure may use at any time, before, during and after a read, and after the capture is gone.
//! It wakes a live capture that waits, and one of a savefile that comes through a pipe. One break ends one
//! reading call; then the capture can be read on. The program `watch` of `pcap-examples` ends by one at Ctrl-C.
//!
//! Packets that arrived before a break or a deadline may still lie in the kernel's buffer. [`stop`](Capture::stop) ends
//! the inflow; then the reading calls deliver what is left and report [`End::Eof`]:
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
//! A device that is removed, or moved to another network namespace, ends a capture by itself: what had arrived
//! comes first, then [`ErrorKind::Disappeared`], at most a second after the packet-buffer timeout. One that is renamed
//! or set down does not: the capture goes on when it is up again. Nor does one of the devices of `any`.
//!
//! # Errors and rights
//!
//! There is one error type. An [`Error`] says what was tried, on what, and why it failed, in one line; [`Error::kind`] is
//! there to match on. `?` turns it into the errors of anyhow and `Box<dyn Error + Send + Sync>`, where
//! `downcast_ref::<pcap_core::Error>()` finds it. A call that fails with an object it was given hands it back:
//! [`Error::take`]. [`ErrorKind::PermissionDenied`] comes with the way out: on Linux run as root or give
//! the program the rights with `setcap cap_net_raw,cap_net_admin+eip`, on macOS install ChmodBPF.
//! What libpcap calls a warning is no error: see [`warnings`](Capture::warnings).
//!
//! # Threads
//!
//! What compiles is safe to do from several threads.
//!
//! | | `Send` | `Sync` | because |
//! |---|---|---|---|
//! | [`Capture`], activated, of a savefile or dead; [`AnyCapture`] | yes | no | libpcap lets any thread use a handle, and only one at a time |
//! | [`Dumper`] | yes | no | the writer that it was given need not be `Sync` |
//! | [`Capture<Inactive>`](Inactive) | yes | yes | it is options, and nothing open |
//! | [`Filter`] | yes | yes | it never changes; compiling is safe from any number of threads |
//! | [`BreakHandle`], `os::linux::Sender` | yes | yes | made for other threads |
//! | [`Packet`], [`PacketOwned`], [`SendQueue`], [`Error`], [`Device`], … | yes | yes | plain data |
//!
//! So a capture moves into the thread that reads it, and what other threads need of it is taken before: a
//! [`BreakHandle`], a `os::linux::Sender`, a [`Dumper`]. A packet is lent until the next read; other threads get
//! [`PacketOwned`]s. To read one device in several threads, Linux spreads its packets over a group of
//! captures, `os::linux::Fanout`.
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
//! Nor one while it is read in another:
//!
//! ```compile_fail,E0382
//! # fn main() -> pcap_core::Result<()> {
//! let mut capture = pcap_core::Capture::from_device("eth0").activate()?;
//! std::thread::spawn(move || capture.for_each(|packet| println!("{packet:?}")));
//! capture.stats()?; // it has moved
//! # Ok(()) }
//! ```
//!
//! A packet cannot be sent to another thread while the capture is read on:
//!
//! ```compile_fail,E0499
//! # fn main() -> pcap_core::Result<()> {
//! let mut capture = pcap_core::Capture::from_device("eth0").activate()?;
//! let (sender, receiver) = std::sync::mpsc::channel();
//! while let Some(packet) = capture.next_packet()? { // would overwrite the packet before
//!     let _ = sender.send(packet); // `packet.into_owned()` can be sent
//! }
//! # drop(receiver);
//! # Ok(()) }
//! ```
//!
//! Nor out of a closure:
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
//! Two threads cannot write with one dumper, but by a lock:
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
//! With the feature `tokio` or `async-io` a capture can be awaited, on a runtime's threads together with whatever else
//! happens there: see the module `stream`.
//!
//! # Other hosts
//!
//! With the feature `remote`, devices of other hosts are captured on through the `rpcapd` that runs there, if libpcap was
//! built with that: see the module `remote`, which says what is different then.
//!
//! # Without libpcap
//!
//! A program that is linked with libpcap does not start where there is none. With the feature `load-dynamically` it does,
//! and what would use libpcap is an error of the kind [`LibraryMissing`](ErrorKind::LibraryMissing), whose
//! [`help`](Error::help) says what to install. Nor is a libpcap needed to build then. Where libpcap is looked for, `pcap-sys`
//! says. Calls that have no error answer what is known without it: [`version`] nothing, [`lookup`] no name.
//!
//! Without the default feature `bindgen` a build needs no libclang, and takes the bindings that `pcap-sys` has with it for
//! Linux and Windows. A static libpcap, and one for a Linux of 32 bits, then want the feature `probe`.
//!
//! # Cargo features
//!
//! All but `bindgen` are off by default. Everything else is always there. This documentation marks what a feature adds;
//! `cargo doc --open -p pcap-core --features async-io,pcapng,remote,serde,tokio` shows all of it.
//!
//! | feature | adds | needs |
//! |---|---|---|
//! | `async-io` | asynchronous captures for any executor, as smol's | the crates `async-io` and `futures-core` |
//! | `bindgen`, on by default | bindings made from the headers of the libpcap that is there; without, those in the package, for Linux and Windows | libclang, and libpcap's headers |
//! | `load-dynamically` | libpcap is found when the program runs: it starts where there is none, and the first use is an error of the kind `LibraryMissing` | nothing; the build needs no libpcap |
//! | `pcapng` | savefiles written in the newer format, with several interfaces and comments | the crate `pcap-file` |
//! | `probe` | what a static libpcap needs is found out when it is built, and how wide times are on a Linux of 32 bits; part of `bindgen` and `remote` | a C compiler |
//! | `remote` | capturing on devices of other hosts, through their `rpcapd` | a libpcap with remote capture, which most distributions' is not; without, its calls answer `Unsupported` |
//! | `serde` | filters, packets, times, link types and addresses to be kept or sent | the crate `serde` |
//! | `tokio` | asynchronous captures for tokio | the crates `tokio` and `futures-core` |
//!
//! # Platforms and versions
//!
//! Needs libpcap 1.10.0 or newer, found by `pcap-sys`, whose documentation has the environment
//! variables. Linux is where it is developed and tested. macOS and the BSDs are written for and not
//! tested. Windows is tested under wine, and not with Npcap's driver. Rust 1.85 or newer. What was tried where, and what
//! differs, has [a page of its own](platforms).
//!
//! What is different on Windows:
//!
//! - Devices are called `\Device\NPF_{…}`; their descriptions are what people know them by.
//! - [`selectable_fd`](Capture::selectable_fd) is the handle of an event, there is no
//!   [`fileno`](Capture::fileno).
//! - libpcap opens savefiles by their paths only. Of a reader and of a part of a file it is given a copy in the folder for
//!   temporary files, but for the ordinary records of classic savefiles, which are read here.
//! - libpcap's seconds have 32 bits. Packets of classic savefiles reach to 2106, as everywhere; others do too, and
//!   cannot be from before 1970.
//! - `lookup::ethers` fails.
//! - What only Npcap has is in the module `os::windows`.
//!
//! What libpcap does that a program should not have to know, and what is done about it here:
//! [a page of its own](libpcap).
//!
//! What each function of C's `pcap.h` is called here is in `pcap-sys`'s `COVERAGE.md`, and the search of this
//! documentation finds it by its name in C, `pcap_sendpacket`. The names that
//! filter expressions take can be looked up in [`lookup`].
//!
//! # Coming from another binding
//!
//! One page each: [the `pcap` crate](coming_from::pcap), [gopacket](coming_from::gopacket),
//! [pcapy](coming_from::pcapy), [pcap-lua](coming_from::pcap_lua), [plokami](coming_from::plokami).
//!
//! What these bindings can and their users rely on, with the tests that show it here, is in
//! [a table](parity).

// Marks what a feature adds; only nightly compilers do, as that of docs.rs is.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod breakloop;
mod callback;
mod capture;
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
#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/libpcap.md")]
pub mod libpcap {}
#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/parity.md")]
pub mod parity {}
#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/platforms.md")]
pub mod platforms {}

pub use breakloop::BreakHandle;
pub use capture::{
    Activated, Active, Any, AnyCapture, Capture, Dead, Done, End, FilterLocation, Flow, Inactive,
    IntoPackets, Next, Offline, Packets, Phase, Readable, Stop,
};
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
