//! Describes savefiles: their format, interfaces, packets and times.

use std::io::Write;
use std::path::Path;

use pcap_core::{Dlt, Packet, SavefileFormat, Timestamp};
use pcap_examples::compression::CompressionFormat;
use pcap_examples::escape;
use pcap_examples::json::{self, Object};
use pcap_examples::packet_view::{PacketTimes, TimeFormat};

/// The description of a savefile and of its packets.
#[derive(Default)]
pub(crate) struct FileInfo {
    interfaces: Vec<InterfaceInfo>,
    /// The number of interfaces in earlier sections.
    earlier_interfaces: usize,
    sections: u64,
    packets: u64,
    bytes: u64,
    captured_bytes: u64,
    truncated: u64,
    /// The earliest and the latest time.
    span: Option<(Timestamp, Timestamp)>,
    /// The time of the previous packet that has one.
    previous: Option<Timestamp>,
    disordered: u64,
    without_time: u64,
}

/// The description of an interface.
struct InterfaceInfo {
    section: u64,
    number: usize,
    name: Option<String>,
    linktype: Dlt,
    snaplen: u32,
    packets: u64,
}

/// The rates of the packets between the earliest and the latest.
struct Rates {
    /// The time between them, in seconds with nine decimals.
    duration: String,
    pps: f64,
    mbps: f64,
}

impl FileInfo {
    /// Begins a section. A classic savefile is a section with one interface.
    pub(crate) fn begin_section(&mut self) {
        self.sections += 1;
        self.earlier_interfaces = self.interfaces.len();
    }

    /// Adds an interface of the current section.
    pub(crate) fn add_interface(
        &mut self,
        linktype: impl Into<Dlt>,
        snaplen: u32,
        name: Option<String>,
    ) {
        self.interfaces.push(InterfaceInfo {
            section: self.sections,
            number: self.interfaces.len() - self.earlier_interfaces,
            name,
            linktype: linktype.into(),
            snaplen,
            packets: 0,
        });
    }

    /// Counts a packet of an interface of the current section.
    pub(crate) fn count(&mut self, interface: u32, time: Option<Timestamp>, packet: Packet<'_>) {
        let index = self.earlier_interfaces + interface as usize;
        if let Some(interface) = self.interfaces.get_mut(index) {
            interface.packets += 1;
        }
        self.packets += 1;
        self.bytes += u64::from(packet.wire_len());
        self.captured_bytes += packet.data().len() as u64;
        self.truncated += u64::from((packet.data().len() as u64) < packet.wire_len().into());
        let Some(time) = time else {
            self.without_time += 1;
            return;
        };
        self.disordered += u64::from(self.previous.is_some_and(|previous| time < previous));
        self.previous = Some(time);
        let (earliest, latest) = self.span.get_or_insert((time, time));
        *earliest = time.min(*earliest);
        *latest = time.max(*latest);
    }

    /// Returns the rates, unless all packets have the same time or none.
    fn rates(&self) -> Option<Rates> {
        let (earliest, latest) = self.span?;
        let duration = latest.saturating_duration_since(earliest);
        let seconds = duration.as_secs_f64();
        (seconds > 0.0).then(|| Rates {
            duration: format!("{}.{:09}", duration.as_secs(), duration.subsec_nanos()),
            pps: self.packets as f64 / seconds,
            mbps: self.bytes as f64 * 8.0 / 1e6 / seconds,
        })
    }

    /// Returns the lines of text.
    pub(crate) fn lines(
        &self,
        path: &Path,
        format: SavefileFormat,
        compression: Option<CompressionFormat>,
    ) -> Vec<String> {
        let mut first = format!("{}: {}", path.display(), format);
        if let Some(compression) = compression {
            first += &format!(", compressed with {compression}");
        }
        let mut lines = vec![first];
        for interface in &self.interfaces {
            let mut line = match self.sections > 1 {
                true => format!(
                    "section {}, interface {}",
                    interface.section, interface.number
                ),
                false => format!("interface {}", interface.number),
            };
            if let Some(name) = &interface.name {
                line += &format!(" ({})", escape::controls(name.as_bytes()));
            }
            line += &format!(
                ": {}, snaplen {}, packets {}",
                interface.linktype, interface.snaplen, interface.packets
            );
            lines.push(format!("    {line}"));
        }
        lines.push(format!(
            "    packets {}, bytes {}, captured bytes {}",
            self.packets, self.bytes, self.captured_bytes
        ));
        if self.truncated > 0 {
            lines.push(format!("    truncated packets {}", self.truncated));
        }
        if let Some((earliest, latest)) = self.span {
            let mut times = PacketTimes::new(TimeFormat::Date, true);
            for (name, time) in [("earliest", earliest), ("latest", latest)] {
                let mut line = Vec::new();
                // Writing to memory cannot fail.
                let _ = write!(line, "    {name} ");
                times.push(&mut line, Some(time));
                lines.push(String::from_utf8_lossy(line.trim_ascii_end()).into_owned());
            }
        }
        if let Some(rates) = self.rates() {
            lines.push(format!(
                "    duration {} s, {:.3} packets/s, {:.6} Mbit/s",
                rates.duration, rates.pps, rates.mbps
            ));
        }
        if self.disordered > 0 {
            lines.push(format!("    disordered packets {}", self.disordered));
        }
        if self.without_time > 0 {
            lines.push(format!("    packets without a time {}", self.without_time));
        }
        lines
    }

    /// Appends the line of JSON.
    pub(crate) fn push_json(
        &self,
        out: &mut Vec<u8>,
        path: &Path,
        format: SavefileFormat,
        compression: Option<CompressionFormat>,
    ) {
        let (earliest, latest) = self.span.unzip();
        let rates = self.rates();
        Object::of_type(out, "info")
            .path("path", path)
            .text("format", format)
            .some_text("compression", compression)
            .number("sections", self.sections)
            .member("interfaces", |out| {
                json::list(out, &self.interfaces, |out, interface| {
                    Object::new(out)
                        .number("section", interface.section)
                        .number("interface_id", interface.number as u64)
                        .some_text("name", interface.name.as_ref())
                        .text("linktype", interface.linktype)
                        .number("snaplen", interface.snaplen)
                        .number("packets", interface.packets)
                        .end();
                });
            })
            .number("packets", self.packets)
            .number("bytes", self.bytes)
            .number("captured_bytes", self.captured_bytes)
            .number("truncated", self.truncated)
            .some_text("earliest", earliest)
            .some_text("latest", latest)
            .some_text("duration", rates.as_ref().map(|rates| &rates.duration))
            .some_plain(
                "pps",
                rates.as_ref().map(|rates| format!("{:.3}", rates.pps)),
            )
            .some_plain(
                "mbps",
                rates.as_ref().map(|rates| format!("{:.6}", rates.mbps)),
            )
            .number("disordered", self.disordered)
            .number("without_time", self.without_time)
            .end();
        out.push(b'\n');
    }
}
