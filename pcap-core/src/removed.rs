//! Names from earlier drafts that must not be reintroduced, each with its replacement, and implementations of sealed
//! traits. None of the blocks may compile. Only nightly compilers check the error codes.
//!
//! `ErrorWith` and `ActivateError` are `Error`, which hands objects back itself.
//!
//! ```compile_fail,E0432
//! use pcap_core::ErrorWith;
//! ```
//!
//! ```compile_fail,E0432
//! use pcap_core::ActivateError;
//! ```
//!
//! `InjectError` is `Unsent`, and `TimestampRangeError` is `Error`.
//!
//! ```compile_fail,E0432
//! use pcap_core::InjectError;
//! ```
//!
//! ```compile_fail,E0432
//! use pcap_core::TimestampRangeError;
//! ```
//!
//! `activate_anyway` is `activate_best_effort`.
//!
//! ```compile_fail,E0599
//! pcap_core::Capture::from_device("eth0").activate_anyway();
//! ```
//!
//! `ErrorKind::Unsupported` has no field.
//!
//! ```compile_fail,E0026
//! fn since(kind: pcap_core::ErrorKind) -> bool {
//!     matches!(kind, pcap_core::ErrorKind::Unsupported { since: _ })
//! }
//! ```
//!
//! `Filter::linktype` is `Filter::datalink`.
//!
//! ```compile_fail,E0599
//! fn linktype(filter: &pcap_core::Filter) {
//!     filter.linktype();
//! }
//! ```
//!
//! A filter with options is compiled by the options: `CompileOptions::new().snaplen(…).compile(…)`.
//!
//! ```compile_fail,E0061
//! use pcap_core::{CompileOptions, Dlt, Filter};
//! Filter::compile(Dlt::EN10MB, "ip", CompileOptions::new());
//! ```
//!
//! ```compile_fail,E0061
//! fn compile(capture: &pcap_core::Capture<pcap_core::Active>) {
//!     capture.compile("ip", pcap_core::CompileOptions::new());
//! }
//! ```
//!
//! ```compile_fail,E0451
//! let options = pcap_core::CompileOptions { snaplen: 64, ..pcap_core::CompileOptions::new() };
//! ```
//!
//! ```compile_fail,E0616
//! fn snaplen(options: pcap_core::CompileOptions) -> u32 {
//!     options.snaplen
//! }
//! ```
//!
//! `Packet::len` is `wire_len`, also of headers and owned packets. `PacketHeader::is_cut` is `is_truncated`.
//!
//! ```compile_fail,E0599
//! fn len(packet: pcap_core::Packet<'_>) -> u32 {
//!     packet.len()
//! }
//! ```
//!
//! ```compile_fail,E0599
//! fn len(header: pcap_core::PacketHeader) -> u32 {
//!     header.len()
//! }
//! ```
//!
//! ```compile_fail,E0599
//! fn len(packet: pcap_core::PacketOwned) -> u32 {
//!     packet.len()
//! }
//! ```
//!
//! ```compile_fail,E0599
//! fn is_cut(header: pcap_core::PacketHeader) -> bool {
//!     header.is_cut()
//! }
//! ```
//!
//! `Packet::to_owned` is `into_owned`: `to_owned` copies the borrow.
//!
//! ```compile_fail,E0308
//! fn keep(packet: pcap_core::Packet<'_>) -> pcap_core::PacketOwned {
//!     packet.to_owned()
//! }
//! ```
//!
//! `raw_timestamp` is `raw_secs` and `raw_nanos`.
//!
//! ```compile_fail,E0599
//! fn raw(header: &pcap_core::PacketHeader) {
//!     header.raw_timestamp();
//! }
//! ```
//!
//! `Dumper::write` takes a packet; `write_now` takes bytes.
//!
//! ```compile_fail,E0061
//! fn write(dumper: &mut pcap_core::Dumper) {
//!     dumper.write(None, None, b"a packet");
//! }
//! ```
//!
//! ```compile_fail,E0599
//! fn write(dumper: &mut pcap_core::Dumper, packet: pcap_core::Packet<'_>) {
//!     dumper.write_packet(packet);
//! }
//! ```
//!
//! ```compile_fail,E0277
//! fn write(dumper: &mut pcap_core::Dumper, packet: pcap_core::Packet<'_>) {
//!     dumper.write(packet.data()); // would have the wrong time
//! }
//! ```
//!
//! `Next` has a type parameter and `End(End)`; `End` has `Eof` and `Break`; `Count` and `Empty` are variants of `Stop`.
//!
//! ```compile_fail,E0107
//! fn next(next: pcap_core::Next<'static>) {}
//! ```
//!
//! ```compile_fail,E0599
//! let next: pcap_core::Next<()> = pcap_core::Next::Eof;
//! ```
//!
//! ```compile_fail,E0599
//! let next: pcap_core::Next<()> = pcap_core::Next::Break;
//! ```
//!
//! ```compile_fail,E0599
//! let end = pcap_core::End::Count;
//! ```
//!
//! ```compile_fail,E0599
//! let end = pcap_core::End::Empty;
//! ```
//!
//! `Done` has calls instead of fields; its `end` is `stop()`.
//!
//! ```compile_fail,E0616
//! fn packets(done: pcap_core::Done) -> u64 {
//!     done.packets
//! }
//! ```
//!
//! ```compile_fail,E0609
//! fn end(done: pcap_core::Done) {
//!     done.end;
//! }
//! ```
//!
//! `dispatch(max, f)` is `dispatch_up_to`.
//!
//! ```compile_fail,E0061
//! fn dispatch(capture: &mut pcap_core::Capture<pcap_core::Active>) {
//!     capture.dispatch(usize::MAX, |_| ());
//! }
//! ```
//!
//! The closure of `try_for_each` must return a `Result` or a `ControlFlow`.
//!
//! ```compile_fail,E0277
//! fn each(capture: &mut pcap_core::Capture<pcap_core::Active>) {
//!     capture.try_for_each(|_| true);
//! }
//! ```
//!
//! `Capture<Offline>::version` is `format_version`.
//!
//! ```compile_fail,E0599
//! fn version(capture: &pcap_core::Capture<pcap_core::Offline>) {
//!     capture.version();
//! }
//! ```
//!
//! `as_live` is `as_active` and `as_remote`.
//!
//! ```compile_fail,E0599
//! fn live(capture: &pcap_core::AnyCapture) {
//!     capture.as_live();
//! }
//! ```
//!
//! ```compile_fail,E0599
//! fn live(capture: &mut pcap_core::AnyCapture) {
//!     capture.as_live_mut();
//! }
//! ```
//!
//! `sender` is a method of a trait in `os::linux`, `want_pktap` of one in `os::macos`.
//!
//! ```compile_fail,E0599
//! fn sender(capture: &pcap_core::Capture<pcap_core::Active>) {
//!     capture.sender();
//! }
//! ```
//!
//! ```compile_fail,E0599
//! pcap_core::Capture::from_device("en0").want_pktap(true);
//! ```
//!
//! `as_ptr` returns a `pcap_t`, and `from_raw` takes one. `from_raw_offline` is `Capture::<Offline>::from_raw`.
//!
//! ```compile_fail,E0308
//! fn pointer(capture: &pcap_core::Capture<pcap_core::Active>) -> *mut std::ffi::c_void {
//!     capture.as_ptr()
//! }
//! ```
//!
//! ```compile_fail,E0308
//! use pcap_core::{Capture, Offline};
//! use std::{ffi::c_void, ptr::NonNull};
//! let from_raw: unsafe fn(NonNull<c_void>) -> Capture<Offline> = Capture::<Offline>::from_raw;
//! ```
//!
//! ```compile_fail,E0599
//! let from_raw = pcap_core::Capture::<pcap_core::Offline>::from_raw_offline;
//! ```
//!
//! `DeviceName` does not implement `Display`; `display()` returns an object that does.
//!
//! ```compile_fail,E0277
//! fn show(name: &pcap_core::DeviceName) -> String {
//!     format!("{name}")
//! }
//! ```
//!
//! `os/linux/removed.rs` has those of `os::linux`.
//!
//! Traits that only this crate implements:
//!
//! ```compile_fail,E0277
//! struct Mine;
//! impl pcap_core::AsPacket for Mine {
//!     fn as_packet(&self) -> pcap_core::Packet<'_> {
//!         pcap_core::Packet::whole(pcap_core::Timestamp::EPOCH, b"")
//!     }
//! }
//! ```
//!
//! ```compile_fail,E0277
//! struct Mine;
//! impl pcap_core::Phase for Mine {}
//! ```
//!
//! ```compile_fail,E0277
//! struct Mine;
//! impl pcap_core::Live for Mine {}
//! ```
//!
//! ```compile_fail,E0277
//! fn each<F: FnMut(pcap_core::Packet<'_>) -> Option<()>>(
//!     capture: &mut pcap_core::AnyCapture,
//!     closure: F,
//! ) {
//!     capture.try_dispatch(closure);
//! }
//! ```
//! `create_with` is `Section::dump`, `to_open_file` is `from_open_file` or `Section::dump_open_file`, and
//! `to_writer` is `new` or `Section::dump_to`; `Interface::of` is `for_capture`;
//! `write_packet` is `write`, which takes a packet; `InterfaceId::number` is `index`.
//!
//! ```compile_fail,E0599
//! pcap_core::pcapng::PcapngDumper::create_with("a.pcapng", &pcap_core::pcapng::Section::new());
//! ```
//!
//! ```compile_fail,E0599
//! pcap_core::pcapng::PcapngDumper::to_writer(Vec::new());
//! ```
//!
//! ```compile_fail,E0599
//! fn open(file: std::fs::File) {
//!     pcap_core::pcapng::PcapngDumper::to_open_file(file, &pcap_core::pcapng::Section::new());
//! }
//! ```
//!
//! ```compile_fail,E0599
//! use pcap_core::pcapng::{InterfaceId, PcapngDumper};
//! fn write(dumper: &mut PcapngDumper, interface: InterfaceId, packet: pcap_core::Packet<'_>) {
//!     dumper.write_packet(interface, packet);
//! }
//! ```
//!
//! ```compile_fail,E0061
//! use pcap_core::pcapng::{InterfaceId, PcapngDumper};
//! fn write(dumper: &mut PcapngDumper, interface: InterfaceId) {
//!     dumper.write(interface, None, None, b"a packet");
//! }
//! ```
//!
//! ```compile_fail,E0599
//! fn number(interface: pcap_core::pcapng::InterfaceId) {
//!     interface.number();
//! }
//! ```
//!
//! ```compile_fail,E0599
//! fn of(capture: &pcap_core::Capture<pcap_core::Active>) {
//!     pcap_core::pcapng::Interface::of(capture);
//! }
//! ```
//!
//! The setters of descriptions begin with `with_`, because getters have the plain names.
//!
//! ```compile_fail,E0061
//! pcap_core::pcapng::Interface::new(pcap_core::Linktype::ETHERNET).name("eth0");
//! ```
#![cfg_attr(
    feature = "remote",
    doc = "`remote::Remote` is `remote::Options`; the phase is `pcap_core::Remote`.

```compile_fail,E0603
use pcap_core::remote::Remote;
```

```compile_fail,E0599
fn direction(capture: &mut pcap_core::Capture<pcap_core::Remote>) {
    capture.set_direction(pcap_core::Direction::In);
}
```"
)]
#![cfg_attr(
    all(feature = "remote", feature = "async-io"),
    doc = "Only libpcap can wait for the packets of another host.

```compile_fail,E0599
fn wait(capture: pcap_core::Capture<pcap_core::Remote>) {
    capture.into_async_io();
}
```"
)]
