//! The reading calls on savefiles: what each returns, how they count, and that each continues after the others without
//! losing or repeating a packet.

mod batches;
mod calls;
mod filters;
mod packets;

use pcap_core::{Done, Stop};

use crate::support::files::{MICRO, Order, Pcap, ping};

/// More than libpcap reads in one dispatch of this crate, and no multiple of it.
const MANY: u16 = 2500;

fn done(packets: u64, stop: impl Into<Stop>) -> Done {
    Done::new(packets, stop)
}

/// Returns 96 pings of 98 bytes, truncated to a snaplen of 96, written on a big-endian machine.
fn truncated_pings() -> Vec<u8> {
    (0..96)
        .fold(Pcap::new(Order::Big, MICRO).snaplen(96), |file, n| {
            let data = &ping(n)[..96];
            file.record([1_000_000_000 + u32::from(n), 999_999, 96, 98], data)
        })
        .bytes()
}
