//! Decodes IEEE 802.11, with or without a radiotap header.

use super::fields::{array_at, skip, u8_at, u32_at};
use super::link::mac;
use super::{Decoder, Detail, Protocol};

// The flags in the second byte of the frame control field.
const TO_NETWORK: u8 = 0x01;
const FROM_NETWORK: u8 = 0x02;
const PROTECTED: u8 = 0x40;
const HAS_CONTROL: u8 = 0x80;

impl<'a> Decoder<'a> {
    /// Decodes a radiotap header and the frame after it.
    pub(super) fn radiotap(&mut self, data: &'a [u8]) {
        let Some([_, _, low, high]) = array_at(data, 0) else {
            return;
        };
        let frame = skip(data, u16::from_le_bytes([low, high]).into());
        self.set_protocol(Protocol::Named("802.11"), frame);
        self.wireless(frame, is_padded(data));
    }

    /// Decodes a frame. If `is_padded`, its header is padded to a multiple of four bytes.
    pub(super) fn wireless(&mut self, data: &'a [u8], is_padded: bool) {
        let Some([first, flags]) = array_at(data, 0) else {
            return;
        };
        self.set_protocol(Protocol::Named("802.11"), skip(data, 24));
        self.known.detail = Detail::Wireless(u16::from_be_bytes([first, flags]));
        let (kind, subtype) = (first >> 2 & 3, first >> 4);
        let addresses = [mac(data, 4), mac(data, 10), mac(data, 16), mac(data, 24)];
        let (to, from) = (flags & TO_NETWORK != 0, flags & FROM_NETWORK != 0);
        let (source, destination) = match (kind, to, from) {
            // Data frames: the original sender and the final receiver.
            (2, false, false) => (addresses[1], addresses[0]),
            (2, false, true) => (addresses[2], addresses[0]),
            (2, true, false) => (addresses[1], addresses[2]),
            (2, true, true) => (addresses[3], addresses[2]),
            // CTS and acknowledgment frames have no sender address.
            (1, ..) if matches!(subtype, 12 | 13) => (None, addresses[0]),
            _ => (addresses[1], addresses[0]),
        };
        self.known.source = source;
        self.known.destination = destination;
        let is_empty = subtype & 4 != 0;
        if kind != 2 || is_empty || flags & PROTECTED != 0 {
            return;
        }
        let mut length = if to && from { 30 } else { 24 };
        let has_quality = subtype & 8 != 0;
        let mut is_several = false;
        if has_quality {
            is_several = u8_at(data, length).is_some_and(|control| control & 0x80 != 0);
            length += 2;
            if flags & HAS_CONTROL != 0 {
                length += 4;
            }
        }
        if is_padded {
            length = length.next_multiple_of(4);
        }
        let mut rest = skip(data, length);
        // If the frame aggregates several frames, decode the first, whose header is like that of Ethernet.
        if is_several {
            if let (Some(destination), Some(source)) = (mac(rest, 0), mac(rest, 6)) {
                self.known.destination = Some(destination);
                self.known.source = Some(source);
            }
            rest = skip(rest, 14);
        }
        if !rest.is_empty() {
            self.known.detail = Detail::None;
            self.llc(rest);
        }
    }
}

/// Returns whether a radiotap header declares padding between the header and the body of the frame.
fn is_padded(data: &[u8]) -> bool {
    const TIME: u32 = 1;
    const FLAGS: u32 = 2;
    const MORE: u32 = 1 << 31;
    let mut at = 4;
    let word = |at| u32_at(data, at).map(u32::swap_bytes);
    let Some(present) = word(at) else {
        return false;
    };
    while word(at).is_some_and(|word| word & MORE != 0) {
        at += 4;
    }
    at += 4;
    if present & TIME != 0 {
        at = at.next_multiple_of(8) + 8;
    }
    present & FLAGS != 0 && u8_at(data, at).is_some_and(|flags| flags & 0x20 != 0)
}
