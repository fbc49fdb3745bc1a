//! Comparing what both sides left behind.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::pair::{Live, Pair, Part};
use super::run::{Ran, SIDES};
use crate::Result;
use crate::command;

/// Returns what differs; empty if nothing does.
pub(crate) fn differences(pair: &Pair, ran: &[Ran; 2]) -> Result<String> {
    let mut found = String::new();
    for (side, name) in SIDES.iter().enumerate() {
        let (status, expected) = (ran[side].status, pair.statuses[side]);
        if status != expected {
            let stderr = String::from_utf8_lossy(&ran[side].stderr);
            found += &format!("{name}: expected status {expected}, found {status}: {stderr}\n");
        }
    }
    if !found.is_empty() {
        return Ok(found);
    }
    for &part in &pair.compare {
        let [theirs, ours] = [0, 1].map(|side| {
            let filter = match part {
                Part::Names => &pair.names_filter,
                _ => &pair.filters[side],
            };
            text(part, &ran[side], filter.as_deref())
        });
        let (theirs, mut ours) = (theirs?, ours?);
        if matches!(pair.live, Some(Live::Capture(_))) {
            ours = with_close_times(&theirs, &ours);
        }
        if theirs == ours && theirs.is_empty() {
            found += &format!("{part:?}: nothing to compare\n");
        } else if theirs != ours {
            found += &format!("{part:?}:\n{}", first_difference(&theirs, &ours));
        }
    }
    Ok(found)
}

/// Replaces times in our text by those of the other text if they are close: the kernel may give a packet a time for each
/// socket.
fn with_close_times(theirs: &str, ours: &str) -> String {
    let is_close = |theirs: &str, ours: &str| {
        let seconds = |word: &str| word.parse::<f64>().ok().filter(|time| *time > 1e9);
        let close = match (seconds(theirs), seconds(ours)) {
            (Some(theirs), Some(ours)) => (theirs - ours).abs() < 0.1,
            _ => false,
        };
        // The precision must be the same.
        theirs == ours || (close && theirs.len() == ours.len())
    };
    let mut others = theirs.lines();
    let mut text = String::new();
    for line in ours.lines() {
        let other = others.next().unwrap_or_default();
        let words = |line: &str| line.split(' ').count();
        let close = words(line) == words(other)
            && line
                .split(' ')
                .zip(other.split(' '))
                .all(|(ours, theirs)| is_close(theirs, ours));
        text += if close { other } else { line };
        text.push('\n');
    }
    text
}

/// Returns a part as text.
pub(crate) fn text(part: Part, ran: &Ran, filter: Option<&str>) -> Result<String> {
    let files = |dump: &dyn Fn(&Path) -> Result<String>| -> Result<String> {
        ran.files.values().map(|path| dump(path)).collect()
    };
    let each_file = |times| files(&|path| Ok(format!("a file\n{}", packets(path, times)?)));
    match part {
        Part::Stdout => filtered(&ran.stdout, filter),
        Part::Stderr => filtered(&ran.stderr, filter),
        Part::Printed => filtered(&[&ran.stdout[..], &ran.stderr].concat(), filter),
        Part::Names => {
            let names: String = ran.files.keys().map(|name| format!("{name}\n")).collect();
            filtered(names.as_bytes(), filter)
        }
        Part::Packets => each_file(Times::All),
        Part::Microseconds => each_file(Times::Microseconds),
        Part::Frames => each_file(Times::None),
        Part::Joined => files(&|path| packets(path, Times::Microseconds)),
        Part::Blocks => filtered(files(&blocks)?.as_bytes(), filter),
        Part::Bytes => files(&hexadecimal),
    }
}

/// Returns the bytes of a file, one per line.
fn hexadecimal(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path);
    let bytes = bytes.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}\n")).collect())
}

/// Runs shell commands on some text.
fn filtered(bytes: &[u8], filter: Option<&str>) -> Result<String> {
    let Some(filter) = filter else {
        return Ok(String::from_utf8_lossy(bytes).into_owned());
    };
    let cannot = |error: &dyn std::fmt::Display| format!("cannot run `{filter}`: {error}");
    let mut child = Command::new("sh")
        .args(["-c", filter])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| cannot(&error))?;
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    let input = bytes.to_vec();
    // A filter that needs only the beginning closes its input.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().map_err(|error| cannot(&error))?;
    writer.join().map_err(|_| cannot(&"its input failed"))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// How much of the times is compared.
#[derive(Clone, Copy)]
enum Times {
    All,
    Microseconds,
    None,
}

/// Returns a line for each packet of a savefile: its link type, lengths, time and bytes. editcap, which shares no code
/// with these programs, converts all formats to classic pcap with nanoseconds.
fn packets(path: &Path, times: Times) -> Result<String> {
    let output = Command::new("editcap")
        .args(["-F", "nsecpcap"])
        .arg(path)
        .arg("-")
        .output()
        .map_err(|error| format!("cannot run editcap: {error}"))?;
    // What it can read of a damaged file counts.
    let error = String::from_utf8_lossy(&output.stderr);
    let bytes = output.stdout;
    let number = |at: usize| {
        let four = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_le_bytes(four))
    };
    let linktype = number(20).ok_or_else(|| format!("{}: {error}", path.display()))?;
    let mut text = String::new();
    let mut at = 24;
    while let (Some(seconds), Some(nanos), Some(caplen), Some(len)) =
        (number(at), number(at + 4), number(at + 8), number(at + 12))
    {
        let time = match times {
            Times::All => format!("{seconds}.{nanos:09}"),
            Times::Microseconds => format!("{seconds}.{:06}", nanos / 1000),
            Times::None => "-".to_owned(),
        };
        text += &format!("{linktype} {time} {caplen} {len} ");
        at += 16;
        let end = at + caplen as usize;
        let data = bytes.get(at..end).ok_or("editcap wrote half a packet")?;
        text.extend(data.iter().map(|byte| format!("{byte:02x}")));
        text.push('\n');
        at = end;
    }
    Ok(text + &error.replace(&path.display().to_string(), "the file"))
}

/// Prints what pcapng stores besides the packets.
fn blocks(path: &Path) -> Result<String> {
    let fields = [
        "frame.interface_name",
        "frame.comment",
        "frame.packet_flags",
    ];
    let fields: Vec<&str> = fields.iter().flat_map(|field| ["-e", field]).collect();
    tshark(path, &[&["-T", "fields"], &fields[..]].concat())
}

/// Runs tshark on a savefile.
fn tshark(path: &Path, arguments: &[&str]) -> Result<String> {
    let mut tshark = Command::new("tshark");
    tshark.args(["-n", "-r"]).arg(path).args(arguments);
    command::quiet_output(tshark.stdin(Stdio::null()))
}

/// Returns the first lines that differ.
fn first_difference(theirs: &str, ours: &str) -> String {
    const SHOWN: usize = 6;
    let mut found = String::new();
    let mut lines = [theirs.lines(), ours.lines()];
    let mut number = 0;
    let mut shown = 0;
    while shown < SHOWN {
        let pair = lines.each_mut().map(Iterator::next);
        number += 1;
        if pair == [None, None] {
            break;
        }
        if pair[0] != pair[1] {
            shown += 1;
            for (side, line) in SIDES.iter().zip(pair) {
                found += &match line {
                    Some(line) => format!("  line {number}, {side}: {line:.200}\n"),
                    None => format!("  line {number}, {side}: (end)\n"),
                };
            }
        }
    }
    found
}

/// Changes each part of a result in a way that the comparison must notice. Returns the changed results and the parts.
pub(crate) fn tampered(pair: &Pair, ours: &Ran, folder: &Path) -> Result<Vec<(String, Ran)>> {
    let mut changed = Vec::new();
    let mut status = ours.clone();
    status.status += 1;
    changed.push(("status".to_owned(), status));
    for &part in &pair.compare {
        let mut ran = ours.clone();
        match part {
            Part::Stdout => ran.stdout.iter_mut().for_each(next_character),
            Part::Printed => [&mut ran.stdout, &mut ran.stderr]
                .into_iter()
                .flatten()
                .for_each(next_character),
            Part::Stderr => ran.stderr.iter_mut().for_each(next_character),
            Part::Names => {
                ran.files.pop_last();
            }
            Part::Packets
            | Part::Microseconds
            | Part::Joined
            | Part::Frames
            | Part::Blocks
            | Part::Bytes => {
                let Some((name, path)) = ours.files.last_key_value() else {
                    continue;
                };
                let copy = folder.join(format!("tampered-{part:?}"));
                let mut bytes = std::fs::read(path)
                    .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
                match part {
                    Part::Blocks => tamper_with_name(&mut bytes),
                    _ => tamper(&mut bytes),
                }
                std::fs::write(&copy, bytes)
                    .map_err(|error| format!("cannot write {}: {error}", copy.display()))?;
                ran.files.insert(name.clone(), copy);
            }
        }
        changed.push((format!("{part:?}"), ran));
    }
    Ok(changed)
}

/// Replaces a digit or letter by the next one.
fn next_character(byte: &mut u8) {
    *byte = match *byte {
        b'9' => b'0',
        b'z' => b'a',
        b'Z' => b'A',
        other if other.is_ascii_alphanumeric() => other + 1,
        other => other,
    };
}

/// Changes a byte of the last packet of a savefile, or of the checksum of a compressed file.
fn tamper(bytes: &mut [u8]) {
    let packets = pcapng_blocks(bytes, ENHANCED_PACKET);
    let at = match packets.last() {
        // The first byte of the packet, after the fields of fixed size.
        Some(block) => Some(block + 28),
        None => bytes.len().checked_sub(1),
    };
    change(bytes, at);
}

/// Changes the name of the first interface of a pcapng savefile; if it has none, an option of the last block.
fn tamper_with_name(bytes: &mut [u8]) {
    let interfaces = pcapng_blocks(bytes, INTERFACE);
    let name = interfaces.first().and_then(|&block| name_of(bytes, block));
    change(bytes, name.or(bytes.len().checked_sub(12)));
}

/// Returns where the name of an interface begins.
fn name_of(bytes: &[u8], block: usize) -> Option<usize> {
    const NAME: u16 = 2;
    let number = |at: usize| {
        let two = bytes.get(at..at + 2)?.try_into().ok()?;
        Some(u16::from_le_bytes(two))
    };
    let mut at = block + 16;
    loop {
        match (number(at)?, number(at + 2)?) {
            (NAME, _) => return Some(at + 4),
            (0, _) => return None,
            (_, length) => at += 4 + usize::from(length).next_multiple_of(4),
        }
    }
}

fn change(bytes: &mut [u8], at: Option<usize>) {
    if let Some(byte) = at.and_then(|at| bytes.get_mut(at)) {
        *byte ^= 1;
    }
}

/// The types of blocks of pcapng.
const INTERFACE: u32 = 1;
const ENHANCED_PACKET: u32 = 6;

/// Returns where the blocks of a type begin in a pcapng savefile of little-endian byte order.
fn pcapng_blocks(bytes: &[u8], wanted: u32) -> Vec<usize> {
    let number = |at: usize| {
        let four = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_le_bytes(four))
    };
    let mut found = Vec::new();
    let mut at = 0;
    if bytes.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
        while let (Some(kind), Some(length @ 12..)) = (number(at), number(at + 4)) {
            if kind == wanted {
                found.push(at);
            }
            at += length as usize;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_times_may_be_close() {
        let close = |theirs, ours| with_close_times(theirs, ours) == theirs;
        assert!(close("1 1700000000.000001 a\n", "1 1700000000.000003 a\n"));
        assert!(!close("1 1700000000.000001 a\n", "1 1700000001.000003 a\n"));
        assert!(!close(
            "1 1700000000.000001 a\n",
            "1 1700000000.000001000 a\n"
        ));
        assert!(!close("1 1700000000.000001 a\n", "2 1700000000.000001 a\n"));
        assert!(!close("5 60\n", "5 61\n"));
        assert!(!close(
            "1700000000.1 a\n1700000000.2 b\n",
            "1700000000.1 a\n"
        ));
    }
}
