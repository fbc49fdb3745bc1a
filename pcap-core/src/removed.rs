//! Names from earlier drafts that must not be reintroduced, each with its replacement. None of the blocks may compile.
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
//! `activate_anyway` is `activate_best_effort`.
//!
//! ```compile_fail,E0599
//! pcap_core::Capture::from_device("eth0").activate_anyway();
//! ```
//!
//! `ErrorKind::Unsupported` has no field.
//!
//! ```compile_fail
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
//! `Packet::len` is `wire_len`.
//!
//! ```compile_fail,E0599
//! fn len(packet: pcap_core::Packet<'_>) -> u32 {
//!     packet.len()
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
//! `Next` has `End(End)`; `End` has `Eof` and `Break`; `Count` and `Empty` are variants of `Stop`.
//!
//! ```compile_fail,E0599
//! let next: pcap_core::Next<()> = pcap_core::Next::Eof;
//! ```
//!
//! ```compile_fail,E0599
//! let end = pcap_core::End::Count;
//! ```
//!
//! ```compile_fail,E0616
//! fn packets(done: pcap_core::Done) -> u64 {
//!     done.packets
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
//! `sender` is a method of a trait in `os::linux`, `want_pktap` of one in `os::macos`.
//!
//! ```compile_fail,E0599
//! fn sender(capture: &pcap_core::Capture<pcap_core::Active>) {
//!     capture.sender();
//! }
//! ```
//!
//! ```compile_fail
//! pcap_core::Capture::from_device("en0").want_pktap(true);
//! ```
//!
//! `as_ptr` returns a `pcap_t`.
//!
//! ```compile_fail,E0308
//! fn pointer(capture: &pcap_core::Capture<pcap_core::Active>) -> *mut std::ffi::c_void {
//!     capture.as_ptr()
//! }
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
//! The functions on a group are methods of `FanoutGroup`.
//!
//! ```compile_fail
//! fn stats(members: &[pcap_core::Capture<pcap_core::Active>]) {
//!     pcap_core::os::linux::Fanout::stats(members);
//! }
//! ```
#![cfg_attr(
    feature = "pcapng",
    doc = "`create_with`, `to_open_file` and `to_writer` are methods of `Section`; `Interface::of` is `for_capture`.

```compile_fail,E0599
pcap_core::pcapng::PcapngDumper::create_with(\"a.pcapng\", &pcap_core::pcapng::Section::new());
```

```compile_fail,E0599
pcap_core::pcapng::PcapngDumper::to_writer(Vec::new());
```

```compile_fail,E0599
fn of(capture: &pcap_core::Capture<pcap_core::Active>) {
    pcap_core::pcapng::Interface::of(capture);
}
```"
)]
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
