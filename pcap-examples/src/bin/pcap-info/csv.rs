//! The description of a savefile as comma-separated values (RFC 4180).

use std::path::Path;

use crate::description::Description;
use crate::json::{number, seconds};
use crate::totals::Totals;

/// The names of the columns, which are those of the members in JSON.
const COLUMNS: [&str; 36] = [
    "path",
    "format",
    "variant",
    "compression",
    "file_size",
    "sha256",
    "sha1",
    "end",
    "error",
    "packets_read",
    "linktypes",
    "snaplen",
    "inferred_snaplen_min",
    "inferred_snaplen_max",
    "packets",
    "bytes",
    "captured_bytes",
    "truncated",
    "average_len",
    "first",
    "last",
    "earliest",
    "latest",
    "duration",
    "pps",
    "bytes_per_second",
    "bits_per_second",
    "disordered",
    "strict_time_order",
    "without_time",
    "largest_gap",
    "largest_gap_before",
    "dropped",
    "sections",
    "interfaces",
    "packet_comments",
];

/// Appends the line with the names of the columns.
pub(crate) fn push_header(out: &mut Vec<u8>) {
    push_line(out, COLUMNS.into_iter().map(|name| Some(name.to_owned())));
}

/// Appends the line of a file that cannot be described: its path, and why.
pub(crate) fn push_error(out: &mut Vec<u8>, path: &Path, reason: &str) {
    let value = |name| match name {
        "path" => Some(path.display().to_string()),
        "error" => Some(reason.to_owned()),
        _ => None,
    };
    push_line(out, COLUMNS.into_iter().map(value));
}

/// Appends the line of a savefile. A value that is unknown is empty.
pub(crate) fn push(out: &mut Vec<u8>, description: &Description<'_>) {
    let Description {
        kind,
        totals,
        blocks,
        ..
    } = description;
    let hashes = description.hashes.as_ref();
    let linktypes = totals.linktypes();
    let linktypes = linktypes.iter().map(|(linktype, _)| linktype.to_string());
    let file = [
        Some(description.path.display().to_string()),
        Some(kind.format().to_string()),
        kind.variant().map(|variant| variant.name().to_owned()),
        kind.compression.map(|compression| compression.to_string()),
        text(description.file_size),
        hashes.map(|hashes| hashes.sha256.clone()),
        hashes.map(|hashes| hashes.sha1.clone()),
        Some(description.end.name().to_owned()),
        description.error.clone(),
        text(Some(description.packets_read)),
        Some(linktypes.collect::<Vec<_>>().join(" ")),
        text(description.snaplen()),
    ];
    let more = [
        text(Some(blocks.dropped)),
        text(Some(description.sections.len())),
        text(Some(description.interfaces.len())),
        text(Some(blocks.packet_comments)),
    ];
    push_line(
        out,
        { file }.into_iter().chain(of_packets(totals)).chain(more),
    );
}

/// Returns the values about packets.
fn of_packets(totals: &Totals) -> [Option<String>; 20] {
    let (times, gap) = (totals.times, totals.largest_gap);
    let rates = totals.rates();
    let rates = rates.as_ref();
    [
        text(totals.inferred_snaplen.map(|(min, _)| min)),
        text(totals.inferred_snaplen.map(|(_, max)| max)),
        text(Some(totals.packets)),
        text(Some(totals.bytes)),
        text(Some(totals.captured_bytes)),
        text(Some(totals.truncated)),
        totals.average_len().map(number),
        text(times.map(|times| times.first)),
        text(times.map(|times| times.last)),
        text(times.map(|times| times.earliest)),
        text(times.map(|times| times.latest)),
        totals.duration().map(seconds),
        rates.map(|rates| number(rates.packets_per_second)),
        rates.map(|rates| number(rates.bytes_per_second)),
        rates.map(|rates| number(rates.bytes_per_second * 8.0)),
        text(Some(totals.disordered)),
        text(totals.is_ordered()),
        text(Some(totals.without_time)),
        gap.map(|gap| seconds(gap.length)),
        text(gap.map(|gap| gap.before)),
    ]
}

fn text(value: Option<impl ToString>) -> Option<String> {
    value.map(|value| value.to_string())
}

/// Appends a line. A value that contains a comma, a quote or a line break is quoted.
fn push_line(out: &mut Vec<u8>, values: impl Iterator<Item = Option<String>>) {
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let value = value.unwrap_or_default();
        match value.contains([',', '"', '\n', '\r']) {
            true => out.extend(format!("\"{}\"", value.replace('"', "\"\"")).bytes()),
            false => out.extend(value.bytes()),
        }
    }
    out.push(b'\n');
}
