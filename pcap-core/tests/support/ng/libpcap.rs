//! What libpcap makes of a file: the packets up to the first thing that it refuses, and the beginning of its error.
//!
//! This is a model of what libpcap 1.10 does, not libpcap itself, which the tests compare with it.

use super::Order;
use super::block::{Idb, Shb};
use super::packet::{Form, Frame};

/// libpcap's limit for most blocks, with their framing.
const MAX_BLOCK: u32 = 16 << 20;
/// Its limit for the first block.
const MAX_FIRST: u32 = 1 << 20;

/// A packet as libpcap returns it in nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivered {
    pub(crate) seconds: i64,
    pub(crate) nanos: i64,
    pub(crate) caplen: u32,
    pub(crate) len: u32,
    pub(crate) data: Vec<u8>,
    /// Whether the time is exact: libpcap's product overflows with resolutions of 2^35 and more.
    pub(crate) is_exact: bool,
}

/// What libpcap makes of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Libpcap {
    /// Whether it opens the file.
    pub(crate) opens: bool,
    pub(crate) packets: Vec<Delivered>,
    /// The beginning of the error on opening the file, or after the packets.
    pub(crate) error: Option<String>,
    /// The byte order of the first section, which it uses for all.
    order: Option<Order>,
    /// Its link type and snaplen, those of the first interface.
    first: (u32, u32),
    interfaces: Vec<Idb>,
}

impl Libpcap {
    /// Refuses the rest of the file, with an error that begins so.
    pub(crate) fn refuse(&mut self, error: impl Into<String>) {
        self.error.get_or_insert(error.into());
    }

    /// Reads the framing of a block. Returns whether libpcap goes on to its content.
    fn frame(&mut self, order: Order, length: u32) -> bool {
        if self.error.is_some() {
            return false;
        }
        let first = *self.order.get_or_insert(order);
        if first == order {
            let most = self.most();
            if length > most {
                self.refuse(format!("pcapng block size {length} > maximum {most}"));
            }
            return self.error.is_none();
        }
        // The length in the wrong byte order.
        let length = length.swap_bytes();
        match length {
            _ if length > self.most() => {
                let most = self.most();
                self.refuse(format!("pcapng block size {length} > maximum {most}"));
            }
            _ if length == length.swap_bytes() => return true,
            _ => self.refuse("truncated pcapng dump file; tried to read "),
        }
        false
    }

    /// Returns the limit for a block: an interface whose link type has long packets raises it.
    fn most(&self) -> u32 {
        let longest = match self.opens {
            true => longest(self.first.0),
            false => 0,
        };
        // A packet, its fixed fields and framing, and options of 128 KiB.
        match longest {
            0x0800_0000 => longest + 20 + 12 + 131_072,
            _ => MAX_BLOCK,
        }
    }

    /// Reads the header of a section whose block has this length.
    pub(crate) fn section(&mut self, order: Order, length: u32, header: &Shb) {
        let is_first = self.order.is_none();
        if is_first {
            self.order = Some(order);
            if !(28..=MAX_FIRST).contains(&length) {
                self.refuse(format!(
                    "Section Header Block in pcapng dump file has invalid length 28 < _{length}_ < {MAX_FIRST}"
                ));
            } else if !header.is_known() {
                let (major, minor) = header.version;
                self.refuse(format!(
                    "unsupported pcapng savefile version {major}.{minor}"
                ));
            }
        } else if self.frame(order, length) && self.opens {
            // Before the first interface it ignores them.
            if self.order != Some(order) {
                self.refuse("the file has sections with different byte orders");
            } else if header.version.0 != 1 {
                let major = header.version.0;
                self.refuse(format!(
                    "unknown pcapng savefile major version number {major}"
                ));
            }
            self.interfaces.clear();
        }
    }

    /// Reads the description of an interface.
    pub(crate) fn interface(&mut self, order: Order, length: u32, interface: &Idb) {
        if !self.frame(order, length) {
            return;
        }
        let linktype = u32::from(interface.linktype);
        if self.opens {
            // It compares the number in the file with its own.
            if linktype != self.first.0 {
                self.refuse(format!("an interface has a type {linktype} different"));
            } else if adjusted(linktype, interface.snaplen) != self.first.1 {
                let snaplen = interface.snaplen;
                self.refuse(format!(
                    "an interface has a snapshot length {snaplen} different from the snapshot length"
                ));
            }
        }
        if interface.per_second().is_none() {
            let resolution = interface.tsresol();
            let base = if resolution & 0x80 == 0 { 10 } else { 2 };
            let exponent = resolution & 0x7f;
            self.refuse(format!(
                "Interface Description Block if_tsresol option resolution {base}^-{exponent} is too high"
            ));
        }
        if self.error.is_some() {
            return;
        }
        if !self.opens {
            let own = own_number(linktype);
            self.first = (own, adjusted(own, interface.snaplen));
            self.opens = true;
        }
        self.interfaces.push(interface.clone());
    }

    /// Reads a packet.
    pub(crate) fn packet(&mut self, order: Order, length: u32, frame: &Frame) {
        if !self.frame(order, length) {
            return;
        }
        if !self.opens {
            self.refuse("the capture file has a packet block before any Interface Description");
            return;
        }
        let number = match frame.form {
            Form::Simple => 0,
            _ => frame.interface,
        };
        let Some(interface) = self.interfaces.get(number as usize) else {
            self.refuse(format!(
                "a packet arrived on interface {number}, but there's no Interface Description Block"
            ));
            return;
        };
        let snaplen = self.first.1;
        let caplen = match frame.form {
            Form::Simple => frame.stated_len().min(snaplen),
            _ => frame.stated_caplen(),
        };
        if caplen > snaplen {
            self.refuse(format!(
                "invalid packet capture length {caplen}, bigger than snaplen of {snaplen}"
            ));
            return;
        }
        let ticks = match frame.form {
            Form::Simple => 0,
            _ => frame.ticks,
        };
        let per_second = interface.per_second().expect("a known resolution");
        let seconds = (ticks / per_second) as i64;
        let fraction = ticks % per_second;
        // Powers of ten up to 10^9 do not overflow, and above that it divides.
        let is_binary = interface.tsresol() & 0x80 != 0;
        let nanos = match per_second {
            _ if is_binary => fraction.wrapping_mul(1_000_000_000) / per_second,
            ..1_000_000_000 => fraction * (1_000_000_000 / per_second),
            _ => fraction / (per_second / 1_000_000_000),
        };
        let overflows = is_binary && fraction.checked_mul(1_000_000_000).is_none();
        let sum = seconds.checked_add(interface.tsoffset());
        self.packets.push(Delivered {
            seconds: seconds.wrapping_add(interface.tsoffset()),
            nanos: nanos as i64,
            caplen,
            len: frame.stated_len(),
            data: frame.data[..frame.data.len().min(caplen as usize)].to_vec(),
            is_exact: !overflows && sum.is_some() && seconds >= 0,
        });
    }

    /// Reads another block.
    pub(crate) fn other(&mut self, order: Order, length: u32) {
        self.frame(order, length);
    }

    /// Reads the end of the file.
    pub(crate) fn end(&mut self) {
        if !self.opens {
            self.refuse("the capture file has no Interface Description Blocks");
        }
    }
}

/// Returns libpcap's own number of a link type, on Linux.
fn own_number(linktype: u32) -> u32 {
    match linktype {
        100 => 11,
        101 => 12,
        102 => 15,
        103 => 16,
        106 => 19,
        _ => linktype,
    }
}

/// Returns the snaplen that libpcap uses for a stated one.
fn adjusted(linktype: u32, snaplen: u32) -> u32 {
    match snaplen {
        1..=0x7fff_ffff => snaplen,
        _ => longest(linktype),
    }
}

/// Returns the longest packet of a link type.
fn longest(linktype: u32) -> u32 {
    match linktype {
        231 => 128 << 20,
        249 => 1 << 20,
        279 => 8 << 20,
        _ => 262_144,
    }
}
