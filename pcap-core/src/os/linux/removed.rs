//! Names of earlier drafts that must not come back, of Linux. Each block must not compile. `src/removed.rs` has the
//! others.
//!
//! The calls on a group are `FanoutGroup`'s, and `FanoutError` is `FanoutOutcome`.
//!
//! ```compile_fail,E0599
//! fn stats(members: &[pcap_core::Capture<pcap_core::Active>]) {
//!     pcap_core::os::linux::Fanout::stats(members);
//! }
//! ```
//!
//! ```compile_fail,E0599
//! fn each(members: Vec<pcap_core::Capture<pcap_core::Active>>) {
//!     pcap_core::os::linux::Fanout::for_each(members, |_, _| Ok::<(), pcap_core::Error>(()));
//! }
//! ```
//!
//! ```compile_fail,E0432
//! use pcap_core::os::linux::FanoutError;
//! ```
