//! Prints the bytes of packets below their lines, in the layout of tcpdump.

use super::BytesView;
use crate::hex::DIGITS;

/// The number of bytes in a line.
const LINE: usize = 16;
/// The width of their digits, in groups of two bytes.
const DIGITS_WIDTH: usize = 40;

/// Appends the lines for these bytes.
pub(crate) fn push(out: &mut Vec<u8>, view: BytesView, bytes: &[u8]) {
    if !view.hex {
        push_text(out, bytes);
        return;
    }
    for (index, line) in bytes.chunks(LINE).enumerate() {
        push_offset(out, index * LINE);
        let start = out.len();
        for (index, &byte) in line.iter().enumerate() {
            if index % 2 == 0 {
                out.push(b' ');
            }
            out.extend_from_slice(&DIGITS[usize::from(byte)]);
        }
        if view.ascii {
            out.resize(start + DIGITS_WIDTH, b' ');
            out.extend_from_slice(b"  ");
            let shown = |&byte: &u8| if byte.is_ascii_graphic() { byte } else { b'.' };
            out.extend(line.iter().map(shown));
        }
        out.push(b'\n');
    }
}

/// Appends a tab and an offset such as `0x0010:`.
fn push_offset(out: &mut Vec<u8>, offset: usize) {
    out.extend_from_slice(b"\t0x");
    let bytes = (offset as u32).to_be_bytes();
    // Only a packet above 64 KiB has an offset of more than four digits.
    let mut is_needed = false;
    for (index, &byte) in bytes.iter().enumerate() {
        is_needed |= index >= 2 || byte != 0;
        if is_needed {
            let digits = DIGITS[usize::from(byte)];
            let skip = usize::from(index < 2 && byte < 16);
            out.extend_from_slice(&digits[skip..]);
        }
    }
    out.extend_from_slice(b": ");
}

/// Appends text. Bytes that are not printable appear as dots, except for line feeds and tabs. Carriage returns at the
/// end of a line or of the packet are omitted.
fn push_text(out: &mut Vec<u8>, bytes: &[u8]) {
    for (index, &byte) in bytes.iter().enumerate() {
        match byte {
            b'\r' if bytes.get(index + 1).is_none_or(|&next| next == b'\n') => {}
            b'\t' | b'\n' | b' ' => out.push(byte),
            _ if byte.is_ascii_graphic() => out.push(byte),
            _ => out.push(b'.'),
        }
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(view: BytesView, bytes: &[u8]) -> String {
        let mut out = Vec::new();
        push(&mut out, view, bytes);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_have_sixteen_bytes() {
        let mut view = BytesView {
            hex: true,
            ascii: false,
            link_header: false,
        };
        let bytes = b"GET / HTTP/1.1\r\n\x7f";
        assert_eq!(
            text(view, bytes),
            "\t0x0000:  4745 5420 2f20 4854 5450 2f31 2e31 0d0a\n\t0x0010:  7f\n"
        );
        view.ascii = true;
        assert_eq!(
            text(view, bytes),
            "\t0x0000:  4745 5420 2f20 4854 5450 2f31 2e31 0d0a  GET./.HTTP/1.1..\n\
             \t0x0010:  7f                                       .\n"
        );
        view.hex = false;
        assert_eq!(text(view, bytes), "GET / HTTP/1.1\n.\n");
        assert_eq!(text(view, &[]), "\n");
    }

    #[test]
    fn offsets_of_large_packets_have_more_digits() {
        let view = BytesView {
            hex: true,
            ascii: false,
            link_header: false,
        };
        let lines = text(view, &vec![0; 0x10_0011]);
        assert!(lines.contains("\n\t0xfff0:  0000"));
        assert!(lines.contains("\n\t0x10000:  0000"));
        assert!(lines.ends_with("\n\t0x100010:  00\n"));
    }
}
