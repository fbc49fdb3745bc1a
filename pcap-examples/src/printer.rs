//! Packets printed in one of the forms that the programs offer.

use pcap_core::{Activated, Capture, Dlt, Packet, Precision};

use crate::{json, line};

/// What a packet is printed as, always in one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Line,
    /// As it is, in hexadecimal digits.
    Raw,
    /// For other programs.
    Json,
}

/// Prints the packets of one capture.
#[derive(Clone, Copy, Debug)]
pub struct Printer {
    form: Form,
    linktype: Dlt,
    precision: Precision,
}

impl Printer {
    /// A printer for packets of this capture's link type and precision.
    #[must_use]
    pub fn new<S: Activated>(form: Form, capture: &Capture<S>) -> Printer {
        Printer {
            form,
            linktype: capture.datalink(),
            precision: capture.precision(),
        }
    }

    /// Adds the line of a packet.
    #[inline]
    pub fn push(&self, out: &mut Vec<u8>, packet: Packet<'_>) {
        match self.form {
            Form::Line => line::push(out, self.linktype, self.precision, packet),
            Form::Raw => line::push_raw(out, packet),
            Form::Json => json::push(out, self.linktype, packet),
        }
    }
}
