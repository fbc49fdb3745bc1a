//! Formats the statistics of a capture as a line of JSON.

use pcap_core::Stats;

use super::object::Object;
use crate::background_writer::Totals;

/// Appends the statistics of a capture as one line, with the number of packets and bytes written.
pub fn push(out: &mut Vec<u8>, written: Totals, not_written: u64, stats: Option<&Stats>) {
    Object::of_type(out, "statistics")
        .plain("packets", written.packets)
        .plain("bytes", written.bytes)
        .plain("not_written", not_written)
        .some_plain("received", stats.map(|stats| stats.received))
        .some_plain("dropped", stats.map(|stats| stats.dropped))
        .some_plain("if_dropped", stats.map(|stats| stats.if_dropped))
        .end();
    out.push(b'\n');
}
