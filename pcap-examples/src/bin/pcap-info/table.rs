//! The description of a savefile for people.

use std::fmt::Write as _;
use std::time::Duration;

use pcap_core::{Dlt, SavefileFormat, Timestamp};
use pcap_examples::counted::{self, Counted, counted};
use pcap_examples::escape;
use pcap_examples::packet_view::{PacketTimes, TimeFormat};

use crate::description::{Description, End};
use crate::interface_info::InterfaceInfo;
use crate::section_info::SectionInfo;
use crate::totals::Totals;

/// The maximum number of comments of packets to print.
const MAX_COMMENTS: usize = 10;

/// The maximum width of a value, so that lines fit 80 columns. A hash needs 64.
const VALUE_WIDTH: usize = 65;

/// Lines with a label and a value.
struct Table {
    lines: Vec<String>,
    /// Whether times have nine decimals instead of six.
    is_nano: bool,
}

/// Returns the lines.
pub(crate) fn lines(description: &Description<'_>) -> Vec<String> {
    let mut table = Table {
        lines: vec![description.path.display().to_string()],
        is_nano: description.is_nano(),
    };
    table.add_file(description);
    table.add_packets(&description.totals);
    table.add_blocks(description);
    let is_classic = description.kind.format() == SavefileFormat::Pcap;
    for section in &description.sections {
        let is_only = description.sections.len() == 1;
        if !is_only {
            let byte_order = section.byte_order();
            table.row(&format!("section {}", section.number), byte_order);
        }
        table.add_section(section);
        let interfaces = description.interfaces.iter();
        for interface in interfaces.filter(|interface| interface.section == section.number) {
            match is_classic {
                true => table.add_fcs_len(interface),
                false => table.add_interface(interface),
            }
        }
    }
    if description.omitted() > 0 {
        let omitted = format!(
            "{} sections, interfaces and comments",
            description.omitted()
        );
        table.row("omitted", &omitted);
    }
    table.lines
}

impl Table {
    /// Adds a value, in several lines if it is long.
    fn row(&mut self, label: &str, value: &str) {
        let (mut label, mut rest) = (label, value);
        loop {
            let (line, after) = first_line(rest, VALUE_WIDTH);
            self.lines.push(format!("  {label:<12} {line}"));
            if after.is_empty() {
                return;
            }
            (label, rest) = ("", after);
        }
    }

    /// Adds text from the file, if there is any.
    fn text(&mut self, label: &str, text: Option<&String>) {
        for (index, line) in text.iter().flat_map(|text| text.lines()).enumerate() {
            let label = if index == 0 { label } else { "" };
            self.row(label, &escape::controls(line.as_bytes()));
        }
    }

    fn add_file(&mut self, description: &Description<'_>) {
        let kind = description.kind;
        let mut format = kind.format().to_string();
        let section = match &description.sections[..] {
            [section] => Some(section),
            _ => None,
        };
        if let Some(section) = section {
            let (major, minor) = section.version;
            let _ = write!(format, " {major}.{minor}");
        }
        if let Some(variant) = kind.variant() {
            let _ = write!(format, ", {}", variant.name());
        }
        if let Some(section) = section {
            let _ = write!(format, ", {}", section.byte_order());
        }
        self.row("format", &format);
        if let Some(compression) = kind.compression {
            self.row("compression", &compression.to_string());
        }
        if let Some(size) = description.file_size {
            self.row("file size", &size_text(size));
        }
        if let Some(hashes) = &description.hashes {
            self.row("SHA-256", &hashes.sha256);
            self.row("SHA-1", &hashes.sha1);
        }
        let after = counted::packets(description.packets_read);
        match description.end {
            End::Complete | End::Limit => {}
            End::Truncated => {
                let text = format!("the file ends within a packet or block, after {after}");
                self.row("incomplete", &text);
            }
            End::Damaged => self.row("incomplete", &format!("damaged after {after}")),
            End::Stopped => self.row("incomplete", &format!("stopped after {after}")),
        }
        let linktypes = description.totals.linktypes();
        if let [(linktype, _)] = linktypes[..] {
            self.row("link type", &linktype_text(linktype));
        } else {
            for (index, (linktype, packets)) in linktypes.into_iter().enumerate() {
                let label = if index == 0 { "link types" } else { "" };
                let packets = counted::packets(packets);
                self.row(label, &format!("{}: {packets}", linktype_text(linktype)));
            }
        }
        self.add_snaplen(description);
    }

    fn add_snaplen(&mut self, description: &Description<'_>) {
        let stated = match description.snaplen() {
            Some(snaplen) => snaplen_text(snaplen),
            None if description.interfaces.is_empty() => "not stated".to_owned(),
            None => "differs between interfaces".to_owned(),
        };
        let inferred = match description.totals.inferred_snaplen {
            Some((min, max)) if min == max => format!(", {min} inferred from truncated packets"),
            Some((min, max)) => format!(", {min} to {max} inferred from truncated packets"),
            None => String::new(),
        };
        self.row("snaplen", &format!("{stated}{inferred}"));
    }

    fn add_packets(&mut self, totals: &Totals) {
        self.row("packets", &totals.packets.to_string());
        let mut size = size_text(totals.bytes);
        if totals.captured_bytes != totals.bytes {
            let _ = write!(size, ", captured {}", size_text(totals.captured_bytes));
        }
        self.row("data size", &size);
        if totals.truncated > 0 {
            self.row("truncated", &counted::packets(totals.truncated).to_string());
        }
        if let Some(average) = totals.average_len() {
            self.row("packet size", &format!("{average:.2} bytes on average"));
        }
        if let Some(times) = totals.times {
            let mut formatter = PacketTimes::new(TimeFormat::Date, self.is_nano);
            let mut row = |label: &str, time: Timestamp| {
                let mut text = Vec::new();
                formatter.push(&mut text, Some(time));
                self.row(
                    label,
                    String::from_utf8_lossy(text.trim_ascii_end()).as_ref(),
                );
            };
            row("first", times.first);
            row("last", times.last);
            if (times.first, times.last) != (times.earliest, times.latest) {
                row("earliest", times.earliest);
                row("latest", times.latest);
            }
        }
        if let Some(duration) = totals.duration() {
            let text = self.duration_text(duration);
            self.row("duration", &text);
        }
        if let Some(rates) = totals.rates() {
            let bits = si(rates.bytes_per_second * 8.0, "bit/s");
            let bytes = si(rates.bytes_per_second, "B/s");
            self.row(
                "packet rate",
                &format!("{:.3} packets/s", rates.packets_per_second),
            );
            self.row("data rate", &format!("{bytes}, {bits}"));
        }
        let order = match totals.is_ordered() {
            Some(true) => "strict".to_owned(),
            Some(false) => {
                let packets = counted::packets(totals.disordered);
                format!("{packets} earlier than their predecessors")
            }
            None => "unknown".to_owned(),
        };
        self.row("time order", &order);
        if totals.without_time > 0 {
            let packets = counted::packets(totals.without_time);
            self.row("without time", &packets.to_string());
        }
        if let Some(gap) = totals.largest_gap {
            let length = self.duration_text(gap.length);
            let text = format!("{length} between packets {} and {}", gap.after, gap.before);
            self.row("largest gap", &text);
        }
    }

    fn add_blocks(&mut self, description: &Description<'_>) {
        let blocks = &description.blocks;
        if blocks.dropped > 0 {
            let dropped = counted::packets(blocks.dropped);
            self.row("dropped", &format!("{dropped} lost before other packets"));
        }
        let names = Counted::join(&[
            counted(blocks.ipv4_names, "IPv4 name"),
            counted(blocks.ipv6_names, "IPv6 name"),
        ]);
        let others = Counted::join(&[
            counted(blocks.secrets, "secret"),
            Counted::new(blocks.journal_entries, "journal entry", "journal entries"),
            counted(blocks.custom_blocks, "custom block"),
            counted(blocks.unknown_blocks, "unknown block"),
        ]);
        for (label, text) in [("names", names), ("blocks", others)] {
            if let Some(text) = text {
                self.row(label, &text);
            }
        }
        if blocks.packet_comments == 0 {
            return;
        }
        self.row(
            "comments",
            &format!("{} of packets", blocks.packet_comments),
        );
        for comment in description.comments.iter().take(MAX_COMMENTS) {
            self.text(&format!("  packet {}", comment.packet), Some(&comment.text));
        }
        let more = blocks.packet_comments.saturating_sub(MAX_COMMENTS as u64);
        if more > 0 {
            self.row("", &format!("{more} more, which pcap-read prints"));
        }
    }

    fn add_section(&mut self, section: &SectionInfo) {
        self.text("hardware", section.hardware.as_ref());
        self.text("system", section.os.as_ref());
        self.text("application", section.application.as_ref());
        for comment in &section.comments {
            self.text("comment", Some(comment));
        }
    }

    fn add_fcs_len(&mut self, interface: &InterfaceInfo) {
        if let Some(bytes) = interface.fcs_len {
            self.row("FCS", &counted::bytes(bytes.into()).to_string());
        }
    }

    fn add_interface(&mut self, interface: &InterfaceInfo) {
        let name = interface.name.as_deref().unwrap_or("without a name");
        let label = format!("interface {}", interface.number);
        self.row(&label, &escape::controls(name.as_bytes()));
        self.text("  described", interface.description.as_ref());
        self.text("  hardware", interface.hardware.as_ref());
        self.text("  system", interface.os.as_ref());
        self.row("  link type", &linktype_text(interface.linktype));
        self.row("  snaplen", &snaplen_text(interface.snaplen));
        self.row("  resolution", &interface.resolution.to_string());
        if let Some(speed) = interface.speed {
            self.row("  speed", &si(speed as f64, "bit/s"));
        }
        self.text("  filter", interface.filter.as_ref());
        if let Some(count) = interface.filter_instructions {
            self.row("  filter", &counted(count, "BPF instruction").to_string());
        }
        if let Some(length) = interface.fcs_len {
            self.row("  FCS", &counted::bytes(length.into()).to_string());
        }
        for comment in &interface.comments {
            self.text("  comment", Some(comment));
        }
        self.row("  packets", &interface.packets.to_string());
        let statistics = &interface.statistics;
        if statistics.blocks > 0 {
            let counts = [
                ("received", statistics.received),
                ("accepted", statistics.accepted),
                ("dropped", statistics.dropped),
                ("dropped by the interface", statistics.dropped_by_interface),
                ("delivered", statistics.delivered),
            ];
            let known = counts
                .iter()
                .filter_map(|(name, count)| Some((name, (*count)?)));
            let known: Vec<String> = known
                .map(|(name, count)| format!("{name} {count}"))
                .collect();
            let blocks = counted(statistics.blocks, "block");
            self.row("  statistics", &blocks.to_string());
            for line in known {
                self.row("", &line);
            }
        }
    }

    /// Returns a time in seconds, and from a minute on also in larger units.
    fn duration_text(&self, time: Duration) -> String {
        let (seconds, nanos) = (time.as_secs(), time.subsec_nanos());
        let mut text = match self.is_nano {
            true => format!("{seconds}.{nanos:09} s"),
            false => format!("{seconds}.{:06} s", nanos / 1000),
        };
        let (days, clock) = (seconds / 86400, seconds % 86400);
        let clock = format!(
            "{:02}:{:02}:{:02}",
            clock / 3600,
            clock / 60 % 60,
            clock % 60
        );
        match (days, seconds) {
            (0, 0..60) => {}
            (0, _) => text += &format!(" ({clock})"),
            _ => text += &format!(" ({} and {clock})", counted(days, "day")),
        }
        text
    }
}

fn linktype_text(linktype: Dlt) -> String {
    match linktype.description() {
        Some(description) => format!("{linktype} ({description})"),
        None => linktype.to_string(),
    }
}

fn snaplen_text(snaplen: u32) -> String {
    match snaplen {
        0 => "no limit".to_owned(),
        _ => snaplen.to_string(),
    }
}

/// Returns a number of bytes, and a large one also in a larger unit.
fn size_text(bytes: u64) -> String {
    let text = counted::bytes(bytes).to_string();
    match bytes {
        0..10_000 => text,
        _ => format!("{text} ({})", si(bytes as f64, "B")),
    }
}

/// Returns a number with at least four significant digits and a prefix of its unit.
fn si(number: f64, unit: &str) -> String {
    let mut value = number;
    for prefix in ["", "k", "M", "G", "T"] {
        if value < 999.9995 {
            return format!("{value:.3} {prefix}{unit}");
        }
        value /= 1000.0;
    }
    format!("{value:.3} P{unit}")
}

/// Splits text at a space, so that the part before it has at most this number of characters. A longer word is not split.
fn first_line(text: &str, width: usize) -> (&str, &str) {
    let mut has_word = false;
    let mut line = None;
    for (number, (at, character)) in text.char_indices().enumerate() {
        if number > width && line.is_some() {
            break;
        }
        match character {
            ' ' if has_word => line = Some((text[..at].trim_end(), text[at..].trim_start())),
            ' ' => {}
            _ => has_word = true,
        }
    }
    match line {
        Some(split) if text.chars().nth(width).is_some() => split,
        _ => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_split_between_words() {
        for (text, line, after) in [
            ("", "", ""),
            ("1 2345", "1 2345", ""),
            ("12345 7", "12345", "7"),
            ("123456 89", "123456", "89"),
            ("1 3 5 7 9", "1 3 5", "7 9"),
            ("12345678 0 2", "12345678", "0 2"),
            ("123456789", "123456789", ""),
            ("ä ö ü ß é", "ä ö ü", "ß é"),
            ("   12345", "   12345", ""),
        ] {
            assert_eq!(first_line(text, 6), (line, after), "{text}");
        }
    }
}
