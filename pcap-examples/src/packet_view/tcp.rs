//! Prints the fields of TCP in a packet line.

use std::io::Write;

use super::{Sequences, Style, View};
use crate::decode::{Decoded, Detail, Endpoint};

const RST: u16 = 0x04;
const URG: u16 = 0x20;
/// SYN, FIN and RST.
const CONTROL: u16 = 0x07;
/// The letters of tcpdump for the flags, starting with the lowest bit: FIN, SYN, RST, PSH, ACK, …
const LETTERS: &[u8; 9] = b"FSRP.UEWe";

/// Appends the fields, such as ` [P.] seq 1:518 ack 1 win 502`. Returns the difference between the acknowledgment
/// number and the one that is shown.
pub(crate) fn push(
    out: &mut Vec<u8>,
    view: &View,
    is_colored: bool,
    sequences: &mut Sequences,
    known: &Decoded<'_>,
    length: u32,
) -> u32 {
    let Detail::Tcp {
        flags,
        sequence,
        acknowledged,
        window,
    } = known.detail
    else {
        return 0;
    };
    let (mut shown_sequence, mut shown_acknowledged) = (sequence, acknowledged);
    if let (Some(Endpoint::Socket(source)), Some(Endpoint::Socket(destination)), Some(flags)) =
        (known.source, known.destination, flags)
        && let (false, Some(sequence), Some(acknowledged)) =
            (view.absolute_sequences, sequence, acknowledged)
    {
        let ends = (source, destination);
        let (sequence, acknowledged) = sequences.relative(ends, flags, (sequence, acknowledged));
        shown_sequence = Some(sequence);
        shown_acknowledged = Some(acknowledged);
    }
    if let Some(flags) = flags {
        out.push(b' ');
        match flags & RST {
            0 => push_flags(out, flags),
            _ => Style::Wrong.paint(is_colored, out, |out| push_flags(out, flags)),
        }
    }
    // Writing to memory cannot fail.
    if let Some(sequence) = shown_sequence {
        let is_shown = flags.is_none_or(|flags| flags & CONTROL != 0);
        let length = if known.fragment.is_some() { 0 } else { length };
        if length > 0 && flags.is_some() {
            let _ = write!(out, " seq {sequence}:{}", sequence.wrapping_add(length));
        } else if is_shown || view.verbosity > 1 {
            let _ = write!(out, " seq {sequence}");
        }
    }
    if let Some(acknowledged) = shown_acknowledged {
        let _ = write!(out, " ack {acknowledged}");
    }
    if let Some(window) = window {
        let _ = write!(out, " win {window}");
    }
    let header = known.ip.and_then(|ip| ip.data.get(ip.payload_at..));
    if let (Some(URG), Some(&[high, low])) = (
        flags.map(|flags| flags & URG),
        header.and_then(|header| header.get(18..20)),
    ) {
        let _ = write!(out, " urg {}", u16::from_be_bytes([high, low]));
    }
    let difference = acknowledged.zip(shown_acknowledged);
    difference.map_or(0, |(whole, shown)| whole.wrapping_sub(shown))
}

/// Appends the flags in the letters of tcpdump, such as `[S.]`.
fn push_flags(out: &mut Vec<u8>, flags: u16) {
    if flags == 0 {
        out.extend_from_slice(b"[none]");
        return;
    }
    out.push(b'[');
    let is_set = |bit: &usize| flags & (1 << bit) != 0;
    out.extend((0..LETTERS.len()).filter(is_set).map(|bit| LETTERS[bit]));
    out.push(b']');
}
