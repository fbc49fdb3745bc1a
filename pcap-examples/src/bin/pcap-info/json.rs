//! The description of a savefile as JSON.

use std::path::Path;
use std::time::Duration;

use pcap_examples::json::{self, Object};

use crate::description::Description;
use crate::interface_info::{InterfaceInfo, Statistics};
use crate::section_info::SectionInfo;
use crate::totals::Totals;

/// Appends the line of a file that cannot be described: its path, and why.
pub(crate) fn push_error(out: &mut Vec<u8>, path: &Path, reason: &str) {
    json::push_file_error(out, path, reason);
}

/// Appends the line of JSON.
pub(crate) fn push(out: &mut Vec<u8>, description: &Description<'_>) {
    let Description {
        kind,
        totals,
        blocks,
        ..
    } = description;
    let hashes = description.hashes.as_ref();
    let object = Object::of_type(out, "info")
        .path("path", description.path)
        .text("format", kind.format())
        .some_text("variant", kind.variant().map(|variant| variant.name()))
        .some_text("compression", kind.compression)
        .some_number("file_size", description.file_size)
        .some_text("sha256", hashes.map(|hashes| &hashes.sha256))
        .some_text("sha1", hashes.map(|hashes| &hashes.sha1))
        .str("end", description.end.name())
        .some_text("error", description.error.as_ref())
        .number("packets_read", description.packets_read)
        .member("linktypes", |out| {
            json::list(out, totals.linktypes(), |out, (linktype, packets)| {
                Object::new(out)
                    .text("linktype", linktype)
                    .number("packets", packets)
                    .end();
            });
        })
        .some_number("snaplen", description.snaplen());
    with_totals(object, totals)
        .number("dropped", blocks.dropped)
        .member("sections", |out| {
            json::list(out, &description.sections, push_section);
        })
        .member("interfaces", |out| {
            json::list(out, &description.interfaces, push_interface);
        })
        .number("packet_comments", blocks.packet_comments)
        .some_list("comments", &description.comments, |out, comment| {
            Object::new(out)
                .number("packet", comment.packet)
                .text("text", &comment.text)
                .end();
        })
        .number("ipv4_names", blocks.ipv4_names)
        .number("ipv6_names", blocks.ipv6_names)
        .number("secrets", blocks.secrets)
        .number("journal_entries", blocks.journal_entries)
        .number("custom_blocks", blocks.custom_blocks)
        .number("unknown_blocks", blocks.unknown_blocks)
        .number("omitted", description.omitted())
        .end();
    out.push(b'\n');
    if description.error.is_some() {
        json::note_error();
    }
}

/// Adds the members about packets.
fn with_totals<'a>(object: Object<'a>, totals: &Totals) -> Object<'a> {
    let rates = totals.rates();
    let object = match totals.inferred_snaplen {
        Some((min, max)) => object.member("inferred_snaplen", |out| {
            Object::new(out).number("min", min).number("max", max).end();
        }),
        None => object,
    };
    let object = object
        .number("packets", totals.packets)
        .number("bytes", totals.bytes)
        .number("captured_bytes", totals.captured_bytes)
        .number("truncated", totals.truncated)
        .some_plain("average_len", totals.average_len().map(number))
        .some_text("first", totals.times.map(|times| times.first))
        .some_text("last", totals.times.map(|times| times.last))
        .some_text("earliest", totals.times.map(|times| times.earliest))
        .some_text("latest", totals.times.map(|times| times.latest))
        .some_text("duration", totals.duration().map(seconds))
        .some_plain(
            "pps",
            rates.as_ref().map(|rates| number(rates.packets_per_second)),
        )
        .some_plain(
            "bytes_per_second",
            rates.as_ref().map(|rates| number(rates.bytes_per_second)),
        )
        .some_plain(
            "bits_per_second",
            rates
                .as_ref()
                .map(|rates| number(rates.bytes_per_second * 8.0)),
        )
        .number("disordered", totals.disordered)
        .some_plain("strict_time_order", totals.is_ordered())
        .number("without_time", totals.without_time);
    match totals.largest_gap {
        Some(gap) => object.member("largest_gap", |out| {
            Object::new(out)
                .number("after", gap.after)
                .number("before", gap.before)
                .text("start", gap.start)
                .text("duration", seconds(gap.length))
                .end();
        }),
        None => object,
    }
}

fn push_section(out: &mut Vec<u8>, section: &SectionInfo) {
    let (major, minor) = section.version;
    Object::new(out)
        .number("section", section.number)
        .str("byte_order", section.byte_order())
        .text("version", format_args!("{major}.{minor}"))
        .some_text("hardware", section.hardware.as_ref())
        .some_text("os", section.os.as_ref())
        .some_text("application", section.application.as_ref())
        .some_list("comments", &section.comments, |out, text| {
            json::string(out, text)
        })
        .end();
}

fn push_interface(out: &mut Vec<u8>, interface: &InterfaceInfo) {
    Object::new(out)
        .number("section", interface.section)
        .number("interface_id", interface.number)
        .some_text("name", interface.name.as_ref())
        .some_text("description", interface.description.as_ref())
        .some_text("hardware", interface.hardware.as_ref())
        .some_text("os", interface.os.as_ref())
        .text("linktype", interface.linktype)
        .number("snaplen", interface.snaplen)
        .text("resolution", interface.resolution)
        .some_text("filter", interface.filter.as_ref())
        .some_number("filter_instructions", interface.filter_instructions)
        .some_number("speed", interface.speed)
        .some_number("fcs_len", interface.fcs_len)
        .some_list("comments", &interface.comments, |out, text| {
            json::string(out, text)
        })
        .number("packets", interface.packets)
        .member("statistics", |out| {
            push_statistics(out, &interface.statistics)
        })
        .end();
}

fn push_statistics(out: &mut Vec<u8>, statistics: &Statistics) {
    Object::new(out)
        .number("blocks", statistics.blocks)
        .some_number("received", statistics.received)
        .some_number("accepted", statistics.accepted)
        .some_number("dropped", statistics.dropped)
        .some_number("dropped_by_interface", statistics.dropped_by_interface)
        .some_number("delivered", statistics.delivered)
        .end();
}

/// Returns a number with six decimals.
pub(crate) fn number(number: f64) -> String {
    format!("{number:.6}")
}

/// Returns seconds with nine decimals.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{}.{:09}", time.as_secs(), time.subsec_nanos())
}
