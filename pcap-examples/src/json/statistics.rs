//! Formats the statistics of a capture as a line of JSON.

use super::object::{Object, list};
use crate::background_writer;
use crate::interface_counts::InterfaceCounts;
use crate::statistics::{OutputCounts, Statistics};

/// Appends the statistics of a capture as one object, with the number of packets and bytes written.
pub fn push(out: &mut Vec<u8>, statistics: &Statistics) {
    let total = statistics.total();
    let mut object = Object::of_type(out, "statistics")
        .plain("packets", statistics.written.packets)
        .plain("bytes", statistics.written.bytes)
        .plain("not_written", statistics.not_written);
    if let Some(total) = &total {
        object = push_counts(object, total);
    }
    object = push_waits(object);
    if let [_, _, ..] = &statistics.interfaces[..] {
        object = object.member("interfaces", |out| {
            list(out, &statistics.interfaces, push_interface)
        });
    }
    if !statistics.outputs.is_empty() {
        object = object.member("outputs", |out| list(out, &statistics.outputs, push_output));
    }
    object.end();
}

/// Adds the counts of libpcap. `dropped` counts the packets that the kernel dropped while no output was too slow.
#[must_use]
pub fn push_counts<'o>(object: Object<'o>, counts: &InterfaceCounts) -> Object<'o> {
    let object = push_drops(object, counts);
    match counts.stats {
        Some(_) => object.plain("dropped_waiting", counts.dropped_waiting),
        None => object,
    }
}

/// Adds the counts of libpcap, for a program that never waits for an output.
#[must_use]
pub fn push_drops<'o>(object: Object<'o>, counts: &InterfaceCounts) -> Object<'o> {
    let Some(stats) = counts.stats else {
        return object;
    };
    object
        .plain("received", stats.received)
        .plain("dropped", counts.dropped_by_kernel())
        .plain("if_dropped", stats.if_dropped)
}

/// Adds how often and how long the program has waited for outputs that were too slow.
#[must_use]
pub fn push_waits(object: Object<'_>) -> Object<'_> {
    let waits = background_writer::waits();
    let seconds = waits.time.as_secs_f64();
    object
        .plain("waits", waits.count)
        .plain("waited_seconds", format_args!("{seconds:.3}"))
}

/// Appends the counts of one interface as an object.
pub fn push_interface(out: &mut Vec<u8>, counts: &InterfaceCounts) {
    push_counts(Object::new(out).text("interface", &counts.name), counts).end();
}

/// Appends the counts of a further output as an object.
pub fn push_output(out: &mut Vec<u8>, output: &OutputCounts) {
    let written = output.written.totals();
    Object::new(out)
        .text("path", &output.path)
        .text("filter", &output.filter)
        .plain("packets", written.packets)
        .plain("bytes", written.bytes)
        .plain("not_written", output.not_written())
        .end();
}
