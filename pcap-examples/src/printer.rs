//! Packets printed in one of the forms that the programs offer.

use pcap_core::{Activated, Capture, Dlt, Packet, Precision};

use crate::interfaces::Interfaces;
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
#[derive(Clone, Debug)]
pub struct Printer {
    form: Form,
    linktype: Dlt,
    precision: Precision,
    interfaces: Interfaces,
}

impl Printer {
    /// A printer for packets of this capture's link type and precision.
    #[must_use]
    pub fn new<S: Activated>(form: Form, capture: &Capture<S>) -> Printer {
        Printer {
            form,
            linktype: capture.datalink(),
            precision: capture.precision(),
            interfaces: Interfaces::default(),
        }
    }

    /// Sets where the names of interfaces come from. By default there are none.
    #[must_use]
    pub fn interfaces(mut self, interfaces: Interfaces) -> Printer {
        self.interfaces = interfaces;
        self
    }

    /// Adds the line of a packet.
    #[inline]
    pub fn push(&mut self, out: &mut Vec<u8>, packet: Packet<'_>) {
        let (linktype, interfaces) = (self.linktype, &mut self.interfaces);
        match self.form {
            Form::Line => line::push(out, linktype, self.precision, interfaces, packet),
            Form::Raw => line::push_raw(out, packet),
            Form::Json => json::push(out, linktype, interfaces, packet),
        }
    }
}
