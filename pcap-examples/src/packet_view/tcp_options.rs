//! Prints the options of TCP in the words of tcpdump.

use std::io::Write;

use crate::hex;

/// Appends `, options [mss 1460,sackOK]`. Fewer bytes may be captured than the header has.
pub(super) fn push(out: &mut Vec<u8>, mut options: &[u8], length: usize, first_acknowledged: u32) {
    let is_truncated = options.len() < length;
    out.extend_from_slice(b", options [");
    let mut separator: &[u8] = b"";
    while let Some(&kind) = options.first() {
        out.extend_from_slice(separator);
        separator = b",";
        let end = match (kind, options.get(1)) {
            (0 | 1, _) => 1,
            (_, Some(&length)) if length >= 2 && usize::from(length) <= options.len() => {
                usize::from(length)
            }
            _ => {
                let what: &[u8] = if is_truncated {
                    b"[|tcp]"
                } else {
                    b"[bad opt]"
                };
                out.extend_from_slice(what);
                out.push(b']');
                return;
            }
        };
        let (option, rest) = options.split_at(end);
        push_option(
            out,
            kind,
            option.get(2..).unwrap_or_default(),
            first_acknowledged,
        );
        if kind == 0 {
            break;
        }
        options = rest;
    }
    if is_truncated && options.is_empty() {
        out.extend_from_slice(separator);
        out.extend_from_slice(b"[|tcp]");
    }
    out.push(b']');
}

/// Appends one option.
fn push_option(out: &mut Vec<u8>, kind: u8, value: &[u8], first_acknowledged: u32) {
    let word = |at: usize| {
        let bytes = value.get(at..at + 4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    };
    // Writing to memory cannot fail.
    let _ = match (kind, value) {
        (0, _) => write!(out, "eol"),
        (1, _) => write!(out, "nop"),
        (2, &[high, low]) => write!(out, "mss {}", u16::from_be_bytes([high, low])),
        (3, &[shift]) => write!(out, "wscale {shift}"),
        (4, []) => write!(out, "sackOK"),
        (5, _) if value.len().is_multiple_of(8) => {
            let _ = write!(out, "sack {} ", value.len() / 8);
            for at in (0..value.len()).step_by(8) {
                let edge = |at| {
                    word(at)
                        .unwrap_or_default()
                        .wrapping_sub(first_acknowledged)
                };
                let _ = write!(out, "{{{}:{}}}", edge(at), edge(at + 4));
            }
            Ok(())
        }
        (8, _) if value.len() == 8 => {
            let time = |at| word(at).unwrap_or_default();
            write!(out, "TS val {} ecr {}", time(0), time(4))
        }
        (19, _) => write!(out, "md5"),
        (28, &[high, low]) => write!(out, "uto {:#x}", u16::from_be_bytes([high, low])),
        (29, _) => write!(out, "tcp-ao"),
        (30, _) => write!(out, "mptcp {}", value.len() + 2),
        (34, []) => write!(out, "tfo cookiereq"),
        (34, _) => {
            out.extend_from_slice(b"tfo cookie ");
            hex::push(out, value);
            Ok(())
        }
        _ => {
            let _ = write!(out, "unknown-{kind}");
            if !value.is_empty() {
                out.extend_from_slice(b" 0x");
                hex::push(out, value);
            }
            Ok(())
        }
    };
}
