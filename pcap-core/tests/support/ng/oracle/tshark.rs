//! tshark, as it prints the fields of packets.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use super::super::block::kind;
use super::super::case::{Case, Field};
use super::super::expected::Packet;
use super::super::option::Verdict;
use super::run;

/// The names of the fields, in the order of [`Field::ALL`]; the last are those of the verdicts.
const NAMES: [&str; 14] = [
    "frame.time_epoch",
    "frame.cap_len",
    "frame.len",
    "frame.interface_id",
    "frame.section_number",
    "frame.encap_type",
    "frame.comment",
    "frame.packet_flags",
    "frame.interface_queue",
    "frame.packet_id",
    "frame.drop_count",
    "frame.verdict.hw",
    "frame.verdict.ebpf_tc",
    "frame.verdict.ebpf_xdp",
];

/// Separates several values of a field.
const SEVERAL: &str = "\u{1f}";

/// What tshark prints instead of the data of some packets, which it dissects in unusual ways.
pub(crate) const NO_DATA: &str = "field length invalid!";

/// What tshark prints about a packet.
pub(crate) type Line = Vec<String>;

/// Returns the command that prints fields of packets, separated by tabs, without names for addresses.
pub(crate) fn print_fields() -> Command {
    let mut command = Command::new("tshark");
    command.args([
        "-n",
        "-T",
        "fields",
        "-E",
        "separator=/t",
        "-E",
        "occurrence=a",
    ]);
    command
}

/// Returns what tshark prints about the packets of a file, one line each, in the order of [`Field::ALL`].
pub(crate) fn tshark(path: &Path) -> Vec<Line> {
    let mut command = print_fields();
    command.arg("-E").arg(format!("aggregator={SEVERAL}"));
    for name in NAMES {
        command.args(["-e", name]);
    }
    let text = run(command.arg("-r").arg(path));
    let data = data(path);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), data.len());
    let line = |(line, data): (&str, String)| {
        let mut fields: Line = line.split('\t').map(str::to_owned).collect();
        assert_eq!(fields.len(), NAMES.len(), "{line}");
        let verdicts = fields.split_off(11).join(";");
        fields.extend([verdicts, data]);
        fields
    };
    lines.into_iter().zip(data).map(line).collect()
}

/// Returns the data of the packets in hexadecimal.
fn data(path: &Path) -> Vec<String> {
    let mut command = Command::new("tshark");
    command.args(["-n", "-T", "json", "-x", "-j", "frame", "-r"]);
    let json = run(command.arg(path));
    let packets = json.split("\"_index\"").skip(1);
    let data = |packet: &str| {
        // "frame_raw": [ "digits", …
        let raw = packet.split_once("\"frame_raw\"");
        let digits = raw.and_then(|(_, raw)| raw.split('"').nth(1));
        digits.unwrap_or_default().to_owned()
    };
    packets.map(data).collect()
}

/// Returns what tshark must print about the packets of a file after so many sections of other files; none for what it
/// cannot print. Custom blocks and entries of a journal are packets for tshark, of which nothing is expected.
pub(crate) fn expected_lines(case: &Case, sections: usize) -> Vec<Vec<Option<String>>> {
    let line = |packet: &Packet| {
        let fields = Field::ALL.iter();
        fields
            .map(|field| shown(case, packet, *field, sections))
            .collect()
    };
    let mut packets = case.expected.packets.iter().peekable();
    let mut lines = Vec::new();
    for block in &case.expected.blocks {
        if let Some(packet) = packets.next_if(|packet| packet.offset == block.offset) {
            lines.push(line(packet));
        } else if [kind::CUSTOM, kind::CUSTOM_NO_COPY, kind::JOURNAL].contains(&block.kind) {
            lines.push(vec![None; Field::ALL.len()]);
        }
    }
    lines
}

fn optional(number: Option<impl ToString>) -> String {
    number.map_or(String::new(), |number| number.to_string())
}

/// Returns what tshark must print for a field.
fn shown(case: &Case, packet: &Packet, field: Field, sections: usize) -> Option<String> {
    Some(match field {
        Field::Time => return time(case, packet),
        Field::Caplen => packet.caplen.to_string(),
        Field::Len => packet.len.to_string(),
        Field::Interface => packet.interface.to_string(),
        Field::Section => (sections + packet.section + 1).to_string(),
        Field::Linktype => encapsulation(packet.linktype)?.to_string(),
        Field::Comments => {
            let comments = packet.comments.iter();
            let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
            comments.map(text).collect::<Vec<_>>().join(SEVERAL)
        }
        Field::Flags => packet
            .flags
            .map_or(String::new(), |flags| format!("0x{flags:08x}")),
        Field::Queue => optional(packet.queue),
        Field::PacketId => optional(packet.packetid),
        Field::Drops => optional(packet.drops),
        Field::Verdicts => verdicts(&packet.verdicts),
        Field::Data => packet.data.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string");
            text
        }),
    })
}

/// Returns a time in seconds and nanoseconds, unless tshark's 64 bits overflow.
fn time(case: &Case, packet: &Packet) -> Option<String> {
    let (Some(ticks), Some(nanos)) = (packet.ticks, packet.nanos) else {
        return Some(String::new());
    };
    let section = &case.expected.sections[packet.section];
    let per_second = section.interfaces[packet.interface as usize].per_second()?;
    (ticks % per_second).checked_mul(1_000_000_000)?;
    i64::try_from(ticks / per_second).ok()?;
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?;
    Some(format!("{seconds}.{:09}", nanos.rem_euclid(1_000_000_000)))
}

/// Returns Wireshark's number of a link type, if it is known here.
fn encapsulation(linktype: u16) -> Option<u32> {
    Some(match linktype {
        0 => 15,
        1 => 1,
        101 => 7,
        105 => 20,
        113 => 25,
        127 => 23,
        147 => 45,
        228 => 129,
        229 => 130,
        _ => return None,
    })
}

/// Returns the verdicts by type, as tshark prints them.
fn verdicts(verdicts: &[Verdict]) -> String {
    let mut texts = [const { Vec::new() }; 3];
    for verdict in verdicts {
        match verdict {
            Verdict::Hardware(bytes) => {
                let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
                texts[0].push(digits.collect::<Vec<_>>().join(" "));
            }
            Verdict::Tc(number) => texts[1].push((*number as i64).to_string()),
            Verdict::Xdp(number) => texts[2].push((*number as i64).to_string()),
            // It skips those of unknown types.
            Verdict::Other(..) => {}
        }
    }
    let texts: [Vec<String>; 3] = texts;
    texts.map(|texts| texts.join(SEVERAL)).join(";")
}
