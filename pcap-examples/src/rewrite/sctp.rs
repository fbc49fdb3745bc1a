//! Changes SCTP: its ports, and the addresses in its chunks.

use super::crc32c;
use super::ip_headers::Outer;
use super::side::Side;
use super::walk::Walk;

/// The length of the common header, at whose end the checksum is.
const HEADER: usize = 12;
const CHECKSUM: usize = 8;

impl Walk<'_> {
    /// Changes SCTP. Its checksum does not cover the addresses of IP, and cannot be updated without the whole packet.
    pub(super) fn sctp(&mut self, at: usize, end: usize, outer: Outer) {
        let field = at + CHECKSUM;
        // Returns the right checksum if there is another one.
        let correction = |walk: &Self| {
            let right = crc32c::checksum(walk.editor.data().get(at..end).unwrap_or_default());
            (walk.editor.array(field) != Some(right)).then_some(right)
        };
        let rules = &self.rules;
        let changes = !rules.ports.is_empty()
            || !rules.ips.is_empty()
            || rules.payload.is_some()
            || rules.anonymizer.is_some();
        let is_whole = outer.is_whole && end >= at + HEADER;
        let was_right = is_whole && changes && correction(self).is_none();
        self.ports(at);
        let body = (at + HEADER).min(end);
        self.sctp_chunks(body, end);
        self.payload(body);
        let fix = self.rules.fix_checksums && !self.is_quoted;
        if is_whole
            && (fix || was_right)
            && let Some(right) = correction(self)
        {
            self.editor.put(field, &right);
        }
    }

    fn sctp_chunks(&mut self, mut at: usize, end: usize) {
        while let (Some(kind), Some(length @ 4..)) = (self.editor.u8(at), self.editor.u16(at + 2)) {
            let length = usize::from(length);
            let until = end.min(at + length);
            match kind {
                // The start of an association.
                1 | 2 => self.sctp_parameters(at + 20, until),
                // Heartbeats, errors and cookies, in which systems store addresses, and changes of addresses.
                4 | 5 | 6 | 9 | 10 => self.hide(at + 4, until),
                0x80 | 0xc1 => self.hide(at + 8, until),
                _ => {}
            }
            at += length.next_multiple_of(4);
            if at >= end {
                return;
            }
        }
    }

    fn sctp_parameters(&mut self, mut at: usize, end: usize) {
        while let (Some(kind), Some(length @ 4..)) = (self.editor.u16(at), self.editor.u16(at + 2))
        {
            let length = usize::from(length);
            let (start, until) = (at + 4, end.min(at + length));
            match kind {
                5 => drop(self.ip_addresses(Side::Other, (start, until), (4, 4))),
                6 => drop(self.ip_addresses(Side::Other, (start, until), (16, 16))),
                // The lifetime of cookies, types of addresses, and supported extensions.
                9 | 12 | 0x8000 | 0x8002..=0x8004 | 0x8008 | 0xc000 | 0xc006 => {}
                _ => self.hide(start, until),
            }
            at += length.next_multiple_of(4);
            if at >= end {
                return;
            }
        }
    }
}
